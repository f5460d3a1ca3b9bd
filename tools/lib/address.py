"""Where the course is published, and the forms in which that address stands in links."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tools.lib.files import ROOT, Problem

REPOSITORY = r"[A-Za-z0-9_-]+/[A-Za-z0-9._-]+(?<!\.git)"
BRANCH = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
ON_GITHUB = r"(?:^|[/@.])github\.com(?::\d+)?[:/]([^/]+/[^/]+?)(?:\.git)?/?$"

LINKS = {
    "Colab": "https://colab.research.google.com/github/{repo}/blob/{branch}/{path}",
    "Kaggle": "https://kaggle.com/kernels/welcome?src=https://github.com/{repo}/blob/{branch}/{path}",
    "Binder": "https://mybinder.org/v2/gh/{repo}/{branch}?labpath={quoted_path}",
    "Codespaces": "https://codespaces.new/{repo}/tree/{branch}?quickstart=1",
    "Read": "https://github.com/{repo}/blob/{branch}/{path}",
    "File": "https://raw.githubusercontent.com/{repo}/{branch}/{path}",
}
JUPYTERHUB = (
    "/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2F{quoted_repo}&branch={branch}"
    "&urlpath=lab%2Ftree%2F{name}%2F{quoted_path}"
)
# Whatever of a link depends on the address, the more particular forms first.
FORMS = (
    "{repo}/blob/{branch}",
    "{repo}/tree/{branch}",
    "{repo}/{branch}",
    "{quoted_repo}&branch={branch}&urlpath=lab%2Ftree%2F{name}",
    "{repo}",
    'branch = "{branch}"',  # in pyproject.toml
)


@dataclass(frozen=True)
class Address:
    """A repository on GitHub, such as `some-school/digits`, and the branch of it that links open.

    Raises:
        Problem: no repository or no branch can have this name, or a link to it would be ambiguous.
    """

    repository: str
    branch: str

    def __post_init__(self):
        if not re.fullmatch(REPOSITORY, self.repository):
            raise Problem(f"expected OWNER/REPO, such as some-school/digits, got {self.repository!r}")
        if not re.fullmatch(BRANCH, self.branch):
            raise Problem(f"expected a branch of letters, digits, '.', '_' and '-', got {self.branch!r}")

    def link(self, form: str, path: str = "") -> str:
        """Return a link in one of the forms above, to a file of the repository where the form names one."""
        names = {"repo": self.repository, "branch": self.branch, "name": self.repository.split("/")[1]}
        quoted = {"quoted_repo": quote(self.repository, safe=""), "quoted_path": quote(path, safe="")}
        return form.format(**names, **quoted, path=quote(path))

    def setup_cell(self) -> str:
        """Return the source of the cell that fetches the course on Colab and Kaggle."""
        template = (ROOT / "tools" / "lib" / "setup_cell.py").read_text(encoding="utf-8").strip()
        return template.replace("BRANCH", self.branch).replace("OWNER/REPO", self.repository)


def course_address(folder: Path = ROOT) -> Address:
    """Return the address in the pyproject.toml of a copy of the course.

    Raises:
        Problem: it is not there, or cannot be read.
    """
    try:
        settings = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        return Address(**settings["tool"]["course"])
    except (LookupError, TypeError, ValueError) as error:
        raise Problem(f"pyproject.toml: expected repository and branch in [tool.course]: {error!r}") from None


def repository_of(folder: Path) -> str | None:
    """Return OWNER/REPO from git's remote "origin", None where there is none, or none on GitHub."""
    if not (folder / ".git").exists() or not shutil.which("git"):
        return None  # unpacked from a zip, perhaps inside somebody's other repository
    ask = ["git", "-C", folder, "config", "--get", "remote.origin.url"]
    found = re.search(ON_GITHUB, subprocess.run(ask, capture_output=True, text=True).stdout.strip())
    return found[1] if found else None
