"""Point every link of the course at your repository: badges, set-up cells, README, colab_links.md.

    course.py links                                 the repository this folder belongs to
    course.py links some-school/digits              another one
    course.py links some-school/digits --branch 2027
    course.py links --check                         change nothing, list what does not fit

Without OWNER/REPO it takes $GITHUB_REPOSITORY, then the git remote "origin", then what pyproject.toml
says ([tool.course]). The old address is replaced by the new one wherever it stands in the pages and the
lessons; tables between markers, badges and set-up cells are written anew. A second run changes nothing.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from urllib.parse import quote, unquote

from tools.lib.address import FORMS, JUPYTERHUB, LINKS, Address, course_address, repository_of
from tools.lib.colab_versions import versions
from tools.lib.files import ROOT, Problem, between_markers, replace
from tools.lib.notebooks import lessons

# The address in a copy of the course that nobody has published yet. No GitHub account has an underscore.
PLACEHOLDER = Address("your_account/mnist-course", "main")
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
SERVICES = (
    r"(?:google\.com/github|mybinder\.org/v2/gh|codespaces\.new|src=https://github\.com)/([^/]+/[^/?#]+)"
)


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
    changed = {path: text for path, text in files.items() if text != path.read_text(encoding="utf-8")}
    if options.check:
        return check(files, changed, address)
    for path, text in changed.items():
        replace(path, text)
        print(f"changed {place(path)}")
    if changed:
        print(f"The links now point at {address.repository}, branch {address.branch}.")
    return 0


def as_they_should_be(current: Address, address: Address) -> dict[Path, str]:
    """Return every file that carries links, with its text for `address`.

    Raises:
        Problem: a file cannot be understood; the text names it.
    """
    files = {}
    for path in [*lessons(ROOT / "notebooks"), *sorted(ROOT.glob("*.md")), ROOT / "pyproject.toml"]:
        try:
            text = moved(path.read_text(encoding="utf-8"), PLACEHOLDER, address)
            text = moved(text, current, address)
            if path.suffix == ".ipynb":
                text = with_cells(path, text, address)
            elif path.suffix == ".md":
                for marker, generated in tables(address).get(path.name, {}).items():
                    text = between_markers(text, marker, generated)
            else:
                text = text.replace(f'branch = "{current.branch}"', f'branch = "{address.branch}"')
                if tomllib.loads(text)["tool"]["course"] != vars(address):
                    raise Problem('expected in [tool.course] the lines repository = "…" and branch = "…"')
        except Problem as problem:
            raise Problem(f"{place(path)}: {problem}") from None
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise Problem(f"{place(path)} cannot be read: is it cut off or half merged? ({error})") from None
        files[path] = text
    return files  # pyproject.toml comes last: after an interruption the old address is still known there


def moved(text: str, old: Address, new: Address) -> str:
    """Return `text` with every link to the old address leading to the new one, other people's as they are."""
    forms = {old.link(form): new.link(form) for form in FORMS}
    either = "|".join(map(re.escape, forms))
    whole = rf"(?:(?<![\w.-])|(?<=%2F))(?:{either})(?![\w-]|\.(?!git\b)\w)"
    return re.sub(whole, lambda match: forms[match[0]], text)


def with_cells(path: Path, text: str, address: Address) -> str:
    """Return a notebook's text with its badge and its set-up cell.

    It is edited as JSON, not through nbformat, and only where a cell is not what it should be, so that
    nothing else in the file moves.
    """
    notebook = json.loads(text)
    cells, right = notebook["cells"], True
    badge_here = badge(path, "Open in Colab", address)
    for tag, kind, source in (("badge", "markdown", badge_here), ("setup", "code", address.setup_cell())):
        tagged = [cell for cell in cells if tag in (cell["metadata"].get("tags") or [])]
        if len(tagged) > 1 or any(cell["cell_type"] != kind for cell in tagged):
            raise Problem(f'one {kind} cell can have the tag "{tag}": remove it from the others')
        if not tagged:
            run = {"execution_count": None, "outputs": []} if kind == "code" else {}
            cell = {"cell_type": kind, **run, "id": tag, "metadata": {"tags": [tag]}, "source": []}
            first_code = [index for index, cell in enumerate(cells) if cell["cell_type"] == "code"]
            cells.insert(1 if tag == "badge" else min(first_code, default=len(cells)), cell)
            tagged = [cell]
        if "".join(tagged[0]["source"]) != source:
            tagged[0]["source"], right = source.splitlines(keepends=True), False
    indented = re.match(r"\{\n( *)", text)  # Jupyter indents by 1, Colab by 2
    written = json.dumps(notebook, ensure_ascii=False, indent=len(indented[1]) if indented else 1)
    written.encode()  # half of a character can be read, and not be written
    return text if right else written + "\n" * text.endswith("\n")


def tables(address: Address) -> dict[str, dict[str, str]]:
    """Return what stands between the markers: page → marker → text."""
    paths, known = lessons(ROOT / "notebooks"), versions()
    questions = ["| Lesson | Question | About | Colab |", "|---|---|---|---|"]
    services = [f"| Lesson | {' | '.join(LINKS)} |", "|---" * (len(LINKS) + 1) + "|"]
    hub = ["| Lesson | Behind your hub's address |", "|---|---|"]
    for path in paths:
        title, topic = title_and_topic(path)
        if path.parent.name == "notebooks":
            number, _, question = title.partition(" · ")
            colab = badge(path, f"Open lesson {number} in Colab", address)
            questions.append(f"| {number} | [{question}]({quote(place(path))}) | {topic} | {colab} |")
        else:
            title += f" ({path.parent.name})"
        links = [f"[{service}]({address.link(form, place(path))})" for service, form in LINKS.items()]
        services.append(f"| {title} | {' | '.join(links)} |")
        hub.append(f"| {title} | `{address.link(JUPYTERHUB, place(path))}` |")
    first = badge(paths[0], "Open the first lesson in Colab", address)
    packages = ", ".join(" ".join(package) for package in known.packages.items())
    return {
        "README.md": {
            "links": f"{first}\n[All links: Colab, Kaggle, Binder, Codespaces, JupyterHub](colab_links.md)",
            "lessons": "\n".join(questions),
        },
        "colab_links.md": {
            "lessons": "\n".join(services),
            "colab": f"Python {known.python}, {packages} ({known.source}; last verified on {known.date}).",
            "hub": "\n".join(hub),
        },
    }


def title_and_topic(path: Path) -> tuple[str, str]:
    """Return a notebook's title and the first sentence below it, ready for a table."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    prose = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    title, *paragraphs = prose.split("\n\n")
    plain = [text for text in paragraphs if not re.match(r"\s*($|#|!?\[|<|\*\*|[-*>|] )", text)]
    topic = re.split(r"(?<=[.?!])\s", " ".join("".join(plain[:1]).split()), maxsplit=1)[0]
    title = title.partition("\n")[0].removeprefix("# ").strip()
    return title.replace("|", r"\|"), topic.replace("|", r"\|")


def badge(path: Path, text: str, address: Address) -> str:
    return f"[![{text}]({BADGE})]({address.link(LINKS['Colab'], place(path))})"


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def check(files: dict[Path, str], changed: dict[Path, str], address: Address) -> int:
    """Print what does not fit; return the exit status."""
    problems = []
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        if path not in files and ".ipynb_checkpoints" not in path.parts:
            problems.append(
                f"{place(path)}: has no links, for its name is not a lesson's: "
                "call it notebooks/NN_name.ipynb, with two digits, or notebooks/solutions/name.ipynb"
            )
    for path, text in changed.items():
        pairs = zip_longest(text.splitlines(), path.read_text(encoding="utf-8").splitlines())
        line = next(number for number, (new, old) in enumerate(pairs, start=1) if new != old)
        missing = ", or its badge or set-up cell is missing" if path.suffix == ".ipynb" else ""
        problems.append(f"{place(path)}: line {line} is out of date{missing}")
    for path, text in files.items():
        if path.suffix == ".ipynb":
            cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
            text = "\n\n".join("".join(cell["source"]) for cell in cells)
        problems += [f"{place(path)}: {problem}" for problem in bad_links(text, path, address)]
    for problem in problems:
        print(problem)
    if problems:
        again = f"python3 course.py links {address.repository} --branch {address.branch}"
        print(f"\nTo write badges, set-up cells and tables anew: {again}")
    return 1 if problems else 0


def bad_links(text: str, path: Path, address: Address) -> Iterator[str]:
    """Yield what is wrong with the links in a text: another address or branch, a path that is not there."""
    repo = re.escape(address.repository)
    into = rf"(?:{repo}/(?:blob|tree|raw|edit)|raw\.githubusercontent\.com/{repo}|/gh/{repo})/([^/?#]+)"
    for link in re.findall(r"""\]\(\s*<?([^)\s>]+)|(?:href|src)=["']([^"']+)|<(https?://[^>\s]+)>""", text):
        url = "".join(link)
        service = re.search(SERVICES, url)
        inside = re.search(rf"{into}(?:(?:/|\?labpath=)([^?#&]+))?", unquote(url))
        target = ROOT / (inside[2] or "") if inside else path.parent / unquote(url.partition("#")[0])
        if service and service[1] != address.repository:
            yield f"{url} points at {service[1]}, not at {address.repository}"
        elif inside and inside[1] != address.branch:
            yield f"{url} points at branch {inside[1]}, not {address.branch}"
        elif (inside or not re.match(r"\w+:|#", url)) and not target.exists():
            yield f"{url} leads to a file that does not exist"
