"""Point every link of the course at your repository: badges, set-up cells, README, colab_links.md.

    course.py links                                 the repository this folder belongs to
    course.py links some-school/digits              another one
    course.py links some-school/digits --branch 2027
    course.py links --check                         change nothing, list what does not fit

Without OWNER/REPO it takes $GITHUB_REPOSITORY, then the git remote "origin", then what pyproject.toml
says. The address stands in pyproject.toml ([tool.course]) and nowhere else: everything else is written
from there. In a notebook only the cells tagged "badge" and "setup" change. A second run changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from textwrap import fill
from urllib.parse import quote, unquote, urlencode

from tools.lib.files import ROOT, replace
from tools.lib.notebooks import lessons, read, title
from tools.maintain.colab import versions

SETUP_CELL = ROOT / "tools" / "lib" / "setup_cell.py"
COLAB = "https://colab.research.google.com/github/"
SERVICE = (
    r"(?:colab\.research\.google\.com/github|mybinder\.org/v2/gh|codespaces\.new|src=https://github\.com)"
    r"/([^/]+/[^/?#]+)"
)
COLAB_BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
# The owner in a copy of the course that nobody has published yet. No GitHub account can have an underscore.
PLACEHOLDER = "your_account"
OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}"
NAME = r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}"


class LinksError(Exception):
    """Something about the address or a file that a person has to put right."""


@dataclass(frozen=True)
class Address:
    """Where the course is published, and the links that follow from it."""

    repository: str
    branch: str

    def __post_init__(self):
        if not re.fullmatch(rf"{OWNER}/{NAME}", self.repository) or self.repository.endswith(".git"):
            raise LinksError(
                f"expected OWNER/REPO, such as some-school/digits, got {self.repository!r}: "
                "type the two names as they stand in the repository's address on GitHub, without the rest"
            )
        if not re.fullmatch(r"(?![.-])[A-Za-z0-9._-]+(?<!\.)(?<!\.lock)", self.branch) or ".." in self.branch:
            raise LinksError(
                f"expected the name of a branch, such as main, got {self.branch!r}: "
                "letters, digits, '.', '_' and '-' only (with a '/', links to a branch are ambiguous)"
            )

    @property
    def name(self) -> str:
        return self.repository.partition("/")[2]

    @property
    def pages(self) -> str:
        owner, name = self.repository.split("/")
        return f"{owner}.github.io/{name}"

    def github(self, path: str) -> str:
        return f"https://github.com/{self.repository}/blob/{self.branch}/{quote(path)}"

    def raw(self, path: str) -> str:
        return f"https://raw.githubusercontent.com/{self.repository}/{self.branch}/{quote(path)}"

    def colab(self, path: str) -> str:
        return f"{COLAB}{self.repository}/blob/{self.branch}/{quote(path)}"

    def kaggle(self, path: str) -> str:
        return f"https://kaggle.com/kernels/welcome?src={self.github(path)}"

    def binder(self, path: str) -> str:
        return f"https://mybinder.org/v2/gh/{self.repository}/{self.branch}?labpath={quote(path, safe='')}"

    def codespaces(self) -> str:
        return f"https://codespaces.new/{self.repository}/tree/{self.branch}?quickstart=1"

    def nbgitpuller(self, path: str) -> str:
        repo, urlpath = f"https://github.com/{self.repository}", f"lab/tree/{self.name}/{path}"
        query = urlencode({"repo": repo, "branch": self.branch, "urlpath": urlpath}, quote_via=quote, safe="")
        return f"/hub/user-redirect/git-pull?{query}"

    def colab_badge(self, path: str, text: str = "Open in Colab") -> str:
        return f"[![{text}]({COLAB_BADGE})]({self.colab(path)})"

    def setup_cell(self) -> str:
        template = SETUP_CELL.read_text(encoding="utf-8").strip()
        return template.replace("OWNER/REPO", self.repository).replace('"BRANCH"', f'"{self.branch}"')


def main(arguments: list[str]) -> int:
    """Rewrite the links, or check them; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py links", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository", nargs="?", metavar="OWNER/REPO", help="the repository on GitHub")
    parser.add_argument("--branch", help="the branch that links open (default: pyproject.toml's)")
    parser.add_argument("--check", action="store_true", help="list what disagrees with pyproject.toml")
    options = parser.parse_args(arguments)
    try:
        current = _address_in_pyproject()
        branch = options.branch or current.branch
        if options.check:
            return _check(current, Address(options.repository or current.repository, branch))
        repository = options.repository or _repository_of_this_folder() or current.repository
        return _write(current, Address(repository, branch))
    except LinksError as error:
        print(f"course.py links: {error}", file=sys.stderr)
        return 1


def _write(current: Address, address: Address) -> int:
    files, _ = _files_as_they_should_be(current, address)
    changed = {path: text for path, text in files.items() if text != _text(path)}
    # pyproject.toml is the last file of all: after an interruption the old address is still known there.
    for path, text in sorted(changed.items(), key=lambda item: item[0].name == "pyproject.toml"):
        replace(path, text)
        print(f"changed {path.relative_to(ROOT)}")
    if changed:
        print(f"The links now point at {address.repository}, branch {address.branch}.")
    return 0


def _check(current: Address, address: Address) -> int:
    files, problems = _files_as_they_should_be(current, address)
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        if path not in files and ".ipynb_checkpoints" not in path.parts:
            problems.append(
                f"{_where(path)}: has no links, for its name is not a lesson's: "
                "call it notebooks/NN_name.ipynb, with two digits, or notebooks/solutions/name.ipynb"
            )
    if current != address:
        problems.append(
            f"pyproject.toml: the address is {current.repository}, branch {current.branch}, "
            f"not {address.repository}, branch {address.branch}"
        )
    for path, text in files.items():
        where = path.relative_to(ROOT)
        if path.suffix == ".ipynb":
            text = "\n\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
        elif not path.exists():
            problems.append(f"{where}: is missing")
        elif path.name != "pyproject.toml" and text != _text(path):
            problems.append(f"{where}: line {_first_difference(text, _text(path))} is out of date")
        problems += [f"{where}: {problem}" for problem in _bad_links(text, path, address)]
    for problem in problems:
        print(problem)
    if problems:
        rewrite = f"python3 course.py links {address.repository} --branch {address.branch}"
        print(f"\nTo write badges, set-up cells and tables anew: {rewrite}")
    return 1 if problems else 0


# --- where the address comes from ---------------------------------------------------------------------


def _address_in_pyproject() -> Address:
    try:
        course = tomllib.loads(_text(ROOT / "pyproject.toml"))["tool"]["course"]
        return Address(course["repository"], course["branch"])
    except (KeyError, tomllib.TOMLDecodeError) as error:
        raise LinksError(
            'pyproject.toml needs a table [tool.course] with repository = "OWNER/REPO" and branch = "main"; '
            f"it could not be read ({error})"
        ) from None


def _repository_of_this_folder() -> str | None:
    """Return OWNER/REPO from $GITHUB_REPOSITORY or git's remote "origin", None when neither says."""
    if os.environ.get("GITHUB_REPOSITORY"):
        return os.environ["GITHUB_REPOSITORY"]
    top = _git("rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != ROOT.resolve():
        return None  # unpacked from a zip, perhaps inside somebody's other repository
    # "https://github.com/o/r.git", "git@github.com:o/r.git", "ssh://git@ssh.github.com:443/o/r"
    github = r"(?:\w+://)?(?:[^/@]+@)?(?:www\.|ssh\.)?github\.com(?::\d+)?[:/]([^/]+/[^/]+?)(?:\.git)?/?"
    match = re.fullmatch(github, _git("config", "--get", "remote.origin.url") or "")
    return match[1] if match else None


def _git(*arguments: str) -> str | None:
    try:
        answer = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


# --- what the files should be -------------------------------------------------------------------------


def _files_as_they_should_be(current: Address, address: Address) -> tuple[dict[Path, str], list[str]]:
    """Return every file that carries links, with its text for `address`, and what the notebooks lack."""
    files, problems = {}, []
    for path in lessons(ROOT / "notebooks"):
        files[path], complaints = _notebook(path, address)
        problems += [f"{path.relative_to(ROOT)}: {complaint}" for complaint in complaints]
    for path in sorted({*ROOT.glob("*.md"), *ROOT.glob(".github/ISSUE_TEMPLATE/*"), ROOT / "README.md"}):
        files[path] = _moved(_text(path), current, address)
    readme = ROOT / "README.md"
    for marker, text in {"links": _readme_links(address), "lessons": _readme_lessons(address)}.items():
        files[readme] = _between_markers(files[readme], marker, text)
    files[ROOT / "colab_links.md"] = _colab_links(address)
    files[ROOT / "pyproject.toml"] = _pyproject(address)
    return files, problems


def _pyproject(address: Address) -> str:
    before, table, rest = _text(ROOT / "pyproject.toml").partition("[tool.course]\n")
    for key, value in (("repository", address.repository), ("branch", address.branch)):
        rest = re.sub(rf'\A((?:(?!\[).*\n)*?{key}\s*=\s*)"[^"\n]*"', rf'\g<1>"{value}"', rest)
    text = before + table + rest
    if tomllib.loads(text)["tool"]["course"] != {"repository": address.repository, "branch": address.branch}:
        raise LinksError(
            "pyproject.toml: write the table [tool.course] as two plain lines, "
            'repository = "OWNER/REPO" and branch = "main"'
        )
    return text


def _notebook(path: Path, address: Address) -> tuple[str, list[str]]:
    """Return the notebook's text with its two cells for `address`, and what was wrong with them.

    The file is edited as JSON, not through nbformat, so that nothing else in it moves.
    """
    original, where = _text(path), path.relative_to(ROOT).as_posix()
    try:
        notebook = json.loads(original)
        cells = notebook["cells"]
        cells[0]["metadata"]
    except (ValueError, LookupError, TypeError):
        raise LinksError(f"{where} cannot be read as a notebook: is it cut off, or half merged?") from None
    has_ids = (notebook.get("nbformat", 4), notebook.get("nbformat_minor", 0)) >= (4, 5)
    badge, setup = address.colab_badge(where), address.setup_cell()
    problems = []
    for tag, kind, source in (("badge", "markdown", badge), ("setup", "code", setup)):
        tagged = [cell for cell in cells if tag in cell["metadata"].get("tags", [])]
        if len(tagged) > 1 or any(cell["cell_type"] != kind for cell in tagged):
            raise LinksError(f'{where}: one {kind} cell can have the tag "{tag}": remove it from the others')
        if tagged:
            cell = tagged[0]
        else:
            cell = {"cell_type": kind} | ({"id": f"course-{tag}"} if has_ids else {})
            cell |= {"metadata": {"tags": [tag]}, "source": []}
            if kind == "code":
                cell = dict(sorted((cell | {"execution_count": None, "outputs": []}).items()))
            cells.insert(1 if tag == "badge" else _place_of_setup(cells), cell)
        if "".join(cell["source"]) != source:
            cell["source"] = source.splitlines(keepends=True)
            problems.append(
                f'the cell tagged "{tag}" is out of date' if tagged else f'no cell is tagged "{tag}"'
            )
    if not problems:
        return original, []
    indented = re.match(r"\{\n( *)", original)  # Jupyter indents by 1, Colab by 2
    text = json.dumps(notebook, ensure_ascii=False, indent=len(indented[1]) if indented else 1)
    return text + "\n" * original.endswith("\n"), problems


def _place_of_setup(cells: list[dict]) -> int:
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "markdown" and "".join(cell["source"]).startswith("## Setup"):
            return index + 1
    return next((index for index, cell in enumerate(cells) if cell["cell_type"] == "code"), len(cells))


def _moved(text: str, current: Address, address: Address) -> str:
    """Return `text` with each link to the old address, or to the placeholder, pointing at the new one."""

    def move(match: re.Match) -> str:
        rest = re.sub(
            r"^(/(?:blob|tree|raw|edit|commits)/)[^/?#]+", rf"\g<1>{address.branch}", match[1] or ""
        )
        rest = re.sub(rf"^/{re.escape(current.branch)}(?=[/?#]|$)", f"/{address.branch}", rest)
        rest = re.sub(r"([?&](?:branch|ref)=)[^&#]+", rf"\g<1>{address.branch}", rest)
        return address.repository + rest

    old = rf"(?:{re.escape(current.repository)}|{PLACEHOLDER}/[\w.-]*\w)(?![\w-]|\.(?!git\b)\w)"
    text = re.sub(rf"(?<![\w.-]){old}([/?#][^\s()<>\"'`\]]*)?", move, text)
    return re.sub(rf"(?<![\w.-]){re.escape(current.pages)}(?![\w-])", address.pages, text)


def _between_markers(text: str, marker: str, generated: str) -> str:
    opening, closing = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    if text.count(opening) != text.count(closing) or text.count(opening) > 1:
        raise LinksError(f"README.md: expected {opening} and, after it, {closing}, once each")
    if opening not in text:
        return text
    before, _, rest = text.partition(opening)
    if closing not in rest:
        raise LinksError(f"README.md: {closing} stands before {opening}")
    return f"{before}{opening}\n\n{generated}\n\n{closing}{rest.partition(closing)[2]}"


def _readme_links(address: Address) -> str:
    first = next((_where(path) for path in lessons(ROOT / "notebooks")), None)
    badge = f"{address.colab_badge(first, 'Open the first lesson in Colab')}\n" if first else ""
    return f"{badge}[All links: Colab, Kaggle, Binder, Codespaces, JupyterHub](colab_links.md)"


def _readme_lessons(address: Address) -> str:
    rows = ["| Lesson | Question | About | Colab |", "|---|---|---|---|"]
    for path in lessons(ROOT / "notebooks"):
        if path.parent.name == "notebooks":
            number, question = _title(path)
            link = f"[{_cell(question)}]({quote(_where(path))})"
            badge = address.colab_badge(_where(path), f"Open lesson {number} in Colab")
            rows.append(f"| {number} | {link} | {_cell(_first_sentence(path))} | {badge} |")
    return "\n".join(rows)


def _title(path: Path) -> tuple[str, str]:
    """Return the number and the question of a lesson: "01", "What is in the data?"."""
    number, dot, question = title(read(path)).partition(" · ")
    return (number, question) if dot else (path.stem.partition("_")[0], number)


def _first_sentence(path: Path) -> str:
    """Return the first sentence of prose below the title, on one line."""
    for cell in read(path).cells:
        for paragraph in cell.source.split("\n\n") if cell.cell_type == "markdown" else []:
            if paragraph.strip() and not re.match(r"\s*(#|!?\[|<|\*\*|[-*>|] )", paragraph):
                return re.split(r"(?<=[.?!])\s", " ".join(paragraph.split()), maxsplit=1)[0]
    return ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def _where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


COLAB_LINKS = """\
<!-- Written by `python3 course.py links`: change tools/links.py, not this file. -->

# Open a lesson without installing anything

{table}

## What each of them needs

- **Colab**: a Google account. Colab opens the notebook alone; its first code cell fetches the rest of the
  course, so run that cell first. Nothing is installed. Your changes are lost when you close the tab, unless
  you choose *File ▸ Save a copy in Drive*.
- **Kaggle**: a Kaggle account with a verified phone number, because only then can you turn the internet on in
  the notebook's *Settings*. The same cell needs it.
- **Binder**: nothing, not even an account. The first visitor waits until Binder has built the environment,
  ten minutes or longer; there is no GPU, little memory, and nothing is kept.
- **Codespaces**: a GitHub account, and some of the hours that it has free each month. The link opens the
  whole course in VS Code in your browser; the first time, the set-up takes some minutes. Open a lesson from
  `notebooks` and choose the kernel `.venv`. Your changes stay until the codespace is deleted.
- **Read** shows the notebook on GitHub with its results. **File** is the notebook itself, to save.

On your own computer no link is needed: the two commands are in [README.md](README.md).

## Tried with Colab's versions

{colab}

## A private class repository

Nobody fetches a private repository without a password, and a password does not belong in a notebook. Give the
class the course's files instead. The set-up cell uses a copy that it finds, and then fetches nothing:

- **A zip.** On the repository's page choose *Code ▸ Download ZIP*, and hand that file out. In Colab, open
  *Files* (the folder symbol on the left) and drop the zip there, beside `sample_data`. When the upload is
  complete, run the set-up cell: it unpacks the zip once, into `mnist-course`. Colab forgets both when the
  session ends.
- **A folder in Google Drive.** Unpack the zip, upload the folder to Drive and share it. Each student adds it
  to *My Drive* itself, not to a folder in there (*Organise ▸ Add shortcut*). In Colab choose *Files ▸ Mount
  Drive*, wait until `drive` appears in the list, and run the set-up cell.
- **A data set on Kaggle.** Upload the zip as a private data set and share it with the class. In the notebook
  choose *Add input*, then run the set-up cell.

The notebooks are in the zip too, in `notebooks`: *File ▸ Upload notebook* opens one in Colab. To change to a
newer version of the course, delete the old folder first.

## JupyterHub

With [nbgitpuller](https://nbgitpuller.readthedocs.io) on your hub, one link brings a student the whole
course, and later your corrections, without touching what the student wrote. Put your hub's address, such as
`https://hub.example.org`, in front of a lesson's line. The hub needs the packages in
[requirements.txt](requirements.txt).

{hub}

## Your own copy

In a fork on GitHub, the workflow *Links* (*Actions* tab, enable, *Run workflow*) points all of these, the
badges and the set-up cells at your repository; by hand `python3 course.py links` does it, and
`python3 course.py links --check` tells whether everything fits. When a merge conflicts in this file or in
README's tables, take either side and run `python3 course.py links`.
"""


def _colab_links(address: Address) -> str:
    services = ("Colab", "Kaggle", "Binder", "Codespaces", "Read", "File")
    table = [f"| Lesson | {' | '.join(services)} |", "|---" * (len(services) + 1) + "|"]
    hub = ["| Lesson | Behind your hub's address |", "|---|---|"]
    for path in lessons(ROOT / "notebooks"):
        where = _where(path)
        heading = _cell(" · ".join(part for part in _title(path) if part))
        name = heading if path.parent.name == "notebooks" else f"{heading} ({path.parent.name})"
        urls = (
            address.colab(where),
            address.kaggle(where),
            address.binder(where),
            address.codespaces(),
            address.github(where),
            address.raw(where),
        )
        links = [f"[{service}]({url})" for service, url in zip(services, urls, strict=True)]
        table.append(f"| {name} | {' | '.join(links)} |")
        hub.append(f"| {name} | `{address.nbgitpuller(where)}` |")
    return COLAB_LINKS.format(table="\n".join(table), hub="\n".join(hub), colab=_colab_versions())


def _colab_versions() -> str:
    """Say with which of Colab's versions the lessons are tried, and what nobody has tried there."""
    colab = versions()
    packages = [f"{name} {version}" for name, version in colab.packages.items() if name not in colab.assumed]
    return fill(
        "`python3 course.py test --colab` runs each lesson alone in an empty folder, with the versions that "
        f"Google Colab has: Python {colab.python}, {', '.join(packages)} ({colab.source}; last verified on "
        f"{colab.date}). There is a stand-in for Colab's own module and no network, and the digits are the "
        "offline sample. **Never tried on the real Colab**: a click on the badge, the clone from GitHub, a "
        "mounted Drive, the upload of a zip, a T4, and what Colab changes in the kernel.",
        width=109,
        break_on_hyphens=False,
        break_long_words=False,
    )


# --- checking -----------------------------------------------------------------------------------------


def _bad_links(text: str, path: Path, address: Address) -> list[str]:
    """Return what is wrong with the links in `text`: another address or branch, a path that is not there."""
    problems = []
    for link in re.findall(r"""\]\(\s*<?([^)\s>]+)|(?:href|src)=["']([^"']+)|<(https?://[^>\s]+)>""", text):
        url = next(filter(None, link))
        if re.match(r"(?!https?:)\w+:|#", url):
            continue
        if not url.startswith("http"):
            if not (path.parent / unquote(url.partition("#")[0])).exists():
                problems.append(f"{url} leads to a file that does not exist")
            continue
        hosted = re.search(SERVICE, url)
        repository = re.escape(address.repository)
        inside = re.search(
            rf"(?:{repository}/(?:blob|tree|raw|edit)|raw\.githubusercontent\.com/{repository}|/gh/{repository})"
            r"/([^/?#]+)(?:(?:/|\?labpath=)([^?#&]+))?",
            unquote(url),
        )
        if f"{PLACEHOLDER}/" in url and not address.repository.startswith(f"{PLACEHOLDER}/"):
            problems.append(f"{url} still points at the placeholder {PLACEHOLDER}")
        elif hosted and hosted[1] != address.repository:
            problems.append(f"{url} points at {hosted[1]}, not at {address.repository}")
        elif inside and inside[1] != address.branch:
            problems.append(f"{url} points at branch {inside[1]}, not {address.branch}")
        elif inside and inside[2] and not (ROOT / inside[2]).exists():
            problems.append(f"{url} leads to a file that does not exist")
    return problems


def _first_difference(text: str, other: str) -> int:
    pairs = zip_longest(text.splitlines(), other.splitlines())
    return next((number for number, (line, old) in enumerate(pairs, start=1) if line != old), 1)


# --- files --------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
