"""Point every link of the course at your repository: badges, set-up cells, README, colab_links.md.

    course.py links                                     the repository this folder belongs to
    course.py links some-school/digits --branch 2027    another one
    course.py links --check                             change nothing, list what does not fit

Without OWNER/REPO it takes the git remote "origin", then what pyproject.toml says ([tool.course]). The old
address is replaced by the new one wherever it stands in the pages and the lessons; tables between markers,
badges and set-up cells are written anew. A second run changes nothing.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.lib.address import FORMS, JUPYTERHUB, LINKS, Address, course_address, repository_of
from tools.lib.colab_versions import versions
from tools.lib.files import ROOT, Problem, between_markers, replace
from tools.lib.notebooks import about, as_text, lessons, title

# The address in a copy of the course that nobody has published yet. No GitHub account has an underscore.
PLACEHOLDER = Address("your_account/mnist-course", "main")
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
LINK = r"""\]\(\s*<?([^)\s>]+)|(?:href|src)=["']([^"']+)|<(https?://[^>\s]+)>"""


def main(arguments: list[str]) -> int:
    """Rewrite the links, or check them; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py links", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository", nargs="?", metavar="OWNER/REPO", help="the repository on GitHub")
    parser.add_argument("--branch", help="the branch that links open (default: pyproject.toml's)")
    parser.add_argument("--check", action="store_true", help="list what disagrees with pyproject.toml")
    options = parser.parse_args(arguments)
    current = course_address(ROOT)
    found = None if options.check else repository_of(ROOT)
    address = Address(options.repository or found or current.repository, options.branch or current.branch)
    files = as_they_should_be(current, address)
    changed = [path for path, text in files.items() if text != path.read_text(encoding="utf-8")]
    if options.check:
        problems = [f"{place(path)} is out of date: type python3 course.py links" for path in changed]
        for path in set(ROOT.glob("notebooks/*.ipynb")) - set(files):
            problems.append(f"{place(path)} is not called like a lesson, notebooks/NN_name.ipynb")
        for path, text in files.items():
            problems += [f"{place(path)}: {problem}" for problem in bad_links(text, path, address)]
        print(*problems, sep="\n", end="\n" if problems else "")
        return 1 if problems else 0
    for path in changed:
        replace(path, files[path])
        print(f"{place(path)} now points at {address.repository}, branch {address.branch}")
    return 0


def as_they_should_be(current: Address, address: Address) -> dict[Path, str]:
    """Return every file that carries links, with its text for `address`.

    Raises:
        Problem: a file cannot be understood; the text names it.
    """
    files, notebooks = {}, {}
    pages = [*sorted(ROOT.glob("*.md")), *ROOT.glob("mnist_helpers/page/static/*.html")]
    for path in [*lessons(ROOT / "notebooks"), *pages, ROOT / "pyproject.toml"]:
        try:
            text = moved(path.read_text(encoding="utf-8"), current, address)
            if path.suffix == ".ipynb":
                notebooks[path] = nbformat.reads(text, as_version=4)
                put_cells(notebooks[path], path, address)
                text = as_text(notebooks[path])
            elif path.suffix == ".md":
                for marker, generated in tables(notebooks, address).get(path.name, {}).items():
                    text = between_markers(text, marker, generated)
            text.encode()  # half of a character can be read, and not be written
        except (Problem, ValueError, AttributeError) as error:
            raise Problem(f"{place(path)} cannot be understood: {error}") from None
        files[path] = text
    return files  # pyproject.toml comes last: after an interruption the old address is still known there


def moved(text: str, old: Address, new: Address) -> str:
    """Return `text` with every link to the old address leading to the new one, other people's as they are."""
    forms = {each.link(form): new.link(form) for form in FORMS for each in (PLACEHOLDER, old)}
    either = "|".join(map(re.escape, forms))
    whole = rf"(?:(?<![\w.-])|(?<=%2F))(?:{either})(?![\w-]|\.(?!git\b)\w)"
    return re.sub(whole, lambda match: forms[match[0]], text)


def put_cells(notebook: nbformat.NotebookNode, path: Path, address: Address) -> None:
    """Put the badge and the set-up cell of `address` into a notebook, in place."""
    cells = notebook.cells
    first_code = next((number for number, cell in enumerate(cells) if cell.cell_type == "code"), len(cells))
    for tag, number, new in (
        ("setup", first_code, new_code_cell(address.setup_cell())),
        ("badge", 1, new_markdown_cell(badge(path, "Open in Colab", address))),
    ):
        tagged = [cell for cell in cells if tag in (cell.metadata.get("tags") or [])]
        if tagged:
            tagged[0].source = new.source
        else:
            new.update(id=tag, metadata={"tags": [tag]})
            cells.insert(number, new)


def tables(notebooks: dict[Path, nbformat.NotebookNode], address: Address) -> dict[str, dict[str, str]]:
    """Return what stands between the markers: page → marker → text."""
    questions = ["| Lesson | Question | About | Colab |", "|---|---|---|---|"]
    services = [f"| Lesson | {' | '.join(LINKS)} |", "|---" * (len(LINKS) + 1) + "|"]
    hub = ["| Lesson | Behind your hub's address |", "|---|---|"]
    for path, notebook in notebooks.items():
        lesson = title(notebook)
        if path.parent.name == "notebooks":
            number, _, question = lesson.partition(" · ")
            colab = badge(path, f"Open lesson {number} in Colab", address)
            asked = f"[{question}]({quote(place(path))})"
            questions.append(f"| {number} | {asked} | {about(notebook)} | {colab} |")
        else:
            lesson += f" ({path.parent.name})"
        links = [f"[{service}]({address.link(form, place(path))})" for service, form in LINKS.items()]
        services.append(f"| {lesson} | {' | '.join(links)} |")
        hub.append(f"| {lesson} | `{address.link(JUPYTERHUB, place(path))}` |")
    known = versions()
    packages = ", ".join(" ".join(package) for package in known.packages.items())
    return {
        "README.md": {"lessons": "\n".join(questions)},
        "colab_links.md": {
            "lessons": "\n".join(services),
            "colab": f"Python {known.python}, {packages} ({known.source}; last verified on {known.date}).",
            "hub": "\n".join(hub),
        },
    }


def badge(path: Path, text: str, address: Address) -> str:
    return f"[![{text}]({BADGE})]({address.link(LINKS['Colab'], place(path))})"


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def bad_links(text: str, path: Path, address: Address) -> Iterator[str]:
    """Yield what is wrong with a file's links: another branch of the course, a path that is not there."""
    if path.suffix == ".ipynb":
        cells = nbformat.reads(text, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for link in re.findall(LINK, text):
        url = unquote("".join(link))
        ours = re.search(rf"{re.escape(address.repository)}/(?:blob|tree)/([^/?#]+)/?([^?#]*)", url)
        target = ROOT / ours[2] if ours else path.parent / url.partition("#")[0]
        if ours and ours[1] != address.branch:
            yield f"{url} points at branch {ours[1]}, not {address.branch}"
        elif (ours or not re.match(r"\w+:|#", url)) and not target.exists():
            yield f"{url} leads to a file that does not exist"
