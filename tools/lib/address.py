"""Where the course is published, and the forms in which that address stands in links."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tools.lib.files import ROOT, Problem

OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}"
NAME = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}(?<!\.git)"
BRANCH = r"(?![.-])(?!.*\.\.)[A-Za-z0-9._-]+(?<!\.)(?<!\.lock)"

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
    *(f"{{repo}}/{view}/{{branch}}" for view in ("blob", "tree", "raw", "edit")),
    "raw.githubusercontent.com/{repo}/{branch}",
    "gh/{repo}/{branch}",
    "{repo}/actions/workflows/notebooks.yml/badge.svg?branch={branch}",
    "-b {branch} https://github.com/{repo}",
    "{quoted_repo}&branch={branch}&urlpath=lab%2Ftree%2F{name}",
    "{owner}.github.io/{name}",
    "{quoted_repo}",
    "{repo}",
)


@dataclass(frozen=True)
class Address:
    """A repository on GitHub, such as `some-school/digits`, and the branch of it that links open.

    Raises:
        Problem: no repository or no branch can have this name.
    """

    repository: str
    branch: str

    def __post_init__(self):
        if not re.fullmatch(f"{OWNER}/{NAME}", self.repository):
            raise Problem(
                f"expected OWNER/REPO, such as some-school/digits, got {self.repository!r}: "
                "type the two names as they stand in the repository's address on GitHub, without the rest"
            )
        if not re.fullmatch(BRANCH, self.branch):
            raise Problem(
                f"expected the name of a branch, such as main, got {self.branch!r}: "
                "letters, digits, '.', '_' and '-' only (with a '/', links to a branch are ambiguous)"
            )

    def link(self, form: str, path: str = "") -> str:
        """Return a link in one of the forms above, to a file of the repository where the form names one."""
        owner, name = self.repository.split("/")
        return form.format(
            **{"repo": self.repository, "quoted_repo": quote(self.repository, safe="")},
            **{"branch": self.branch, "owner": owner, "name": name},
            **{"path": quote(path), "quoted_path": quote(path, safe="")},
        )

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
        raise Problem(
            'pyproject.toml: expected a table [tool.course] with repository = "OWNER/REPO" and '
            f'branch = "main", got {type(error).__name__}: {error}'
        ) from None


def repository_of(folder: Path) -> str | None:
    """Return OWNER/REPO from $GITHUB_REPOSITORY or git's remote "origin", None where neither says."""
    if os.environ.get("GITHUB_REPOSITORY"):
        return os.environ["GITHUB_REPOSITORY"]
    if not (folder / ".git").exists() or not shutil.which("git"):
        return None  # unpacked from a zip, perhaps inside somebody's other repository
    ask = ["git", "-C", folder, "config", "--get", "remote.origin.url"]
    url = subprocess.run(ask, capture_output=True, text=True).stdout.strip()
    # "https://github.com/o/r.git", "git@github.com:o/r.git", "ssh://git@ssh.github.com:443/o/r"
    github = r"(?:\w+://)?(?:[^/@]+@)?(?:www\.|ssh\.)?github\.com(?::\d+)?[:/]([^/]+/[^/]+?)(?:\.git)?/?"
    match = re.fullmatch(github, url)
    return match[1] if match else None
