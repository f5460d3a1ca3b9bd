"""The lessons as a site: a front door, a page for each notebook, and what they measured.

Sphinx makes it, with MyST-NB, which reads notebooks, and the theme Furo; their settings, the text of the
front door and our own style are in tools/lib/site. Here is what a page has and a notebook has not: pictures
in files, results in tables, numbers of lessons as links.
"""

from __future__ import annotations

import base64
import copy
import html
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from string import Template

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from mnist_helpers.page.standalone import write_page
from tools.lib.address import course_address
from tools.lib.files import ROOT, Problem, replace
from tools.lib.notebooks import OTHERS, about, as_text, measured, statements, time_needed, title

SITE = ROOT / "tools" / "lib" / "site"
FRONT = "front"  # the tag of the cell whose picture the front door shows
# Tag → the heads of the table that stands for the cell's dict.
TABLES = {"measured": ("Measured", "Result"), "compared": ("Compared", "Seen")}
SOLUTIONS = "# Solutions\n\nTry first: a hint costs less than a look.\n\n```{toctree}\n$names\n```\n"

# Pages that were published under another name: links from elsewhere still lead to the lesson.
MOVED = {
    "04_dense": "05_dense",
    "05_cnn": "06_cnn",
    "06_evaluation": "08_evaluation",
    "07_trust": "09_trust",
    "08_your_own_digits": "11_own_digits",
}


def write_site(notebooks: dict[str, NotebookNode], site: Path) -> None:
    """Write the site, or what has changed in it; its sources go to the folder `source` beside it.

    Args:
        notebooks: The executed notebooks in the order of the course; the name of each is its page's address,
            such as `01_loading` or `solutions/01_loading`.
        site: The folder; its `index.html` is the front door, and `draw/` holds the page to draw on.

    Raises:
        Problem: Sphinx failed, and has said why.
    """
    site.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(site / "figures", ignore_errors=True)
    write_page(site / "draw", lessons="../{}.html")
    pages = {name: page(notebooks, name, site) for name in notebooks}
    texts = {f"{name}.ipynb": as_text(shown) for name, shown in pages.items()}
    texts["index.md"] = front_door(notebooks, picture(pages))
    texts["measured.md"] = results(notebooks)
    solutions = "\n".join(name for name in notebooks if "/" in name)
    texts["solutions.md"] = Template(SOLUTIONS).substitute(names=solutions)
    source = site.parent / "source"
    for old in source.rglob("*.ipynb"):
        if old.relative_to(source).as_posix() not in texts:
            old.unlink()
    for name, text in texts.items():  # what stays as it is, Sphinx does not read again
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            replace(path, text)
    places = ["-c", SITE, "-d", source / ".doctrees", source, site]
    if subprocess.run([sys.executable, "-m", "sphinx", "-q", "-b", "html", *places]).returncode:
        raise Problem("Sphinx could not write the pages; it has said why")
    moved = {**MOVED, **{name.replace("/", "-"): name for name in notebooks if "/" in name}}
    for old, new in moved.items():
        refresh = f'<meta http-equiv="refresh" content="0; url={new}.html">'
        replace(site / f"{old}.html", f'{refresh}\n<a href="{new}.html">This page has moved.</a>\n')


def page(notebooks: dict[str, NotebookNode], name: str, site: Path) -> NotebookNode:
    """Return a notebook as its page shows it; its pictures are written into the site's folder `figures`."""
    notebook = copy.deepcopy(notebooks[name])
    up = "../" * name.count("/")
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "badge" in tags:  # a picture from the network
            cell.source = f"[Open in Colab]({re.findall(r'[(]([^()]+)[)]', cell.source)[-1]})"
        elif "setup" in tags:
            folded = f"```python\n{cell.source}\n```"
            folded = f"<details><summary>The set-up cell</summary>\n\n{folded}\n\n</details>"
            notebook.cells[number] = new_markdown_cell(folded)
        elif cell.cell_type == "markdown":
            cell.source = with_links(cell.source, {key[:2]: up + key for key in notebooks if "/" not in key})
        else:
            for place, output in enumerate(cell.outputs):
                file = f"{name.replace('/', '-')}-{number}-{place}"
                if shown := as_html(cell, output, tags, site / "figures" / file, up):
                    output.data = {"text/html": shown}
    return notebook


def as_html(cell: NotebookNode, output: NotebookNode, tags: list[str], file: Path, up: str) -> str:
    """Return how a page shows an output where a notebook shows it otherwise; else an empty string."""
    data = output.get("data", {})
    if "image/png" in data:
        try:
            png = base64.b64decode(data["image/png"])
            width, height = struct.unpack(">II", png[16:24])
        except (ValueError, struct.error):
            return "<p>This is no picture.</p>"
        file = file.with_suffix(".png")
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(png)
        known = output.metadata.get("image/png", {})
        width, height = known.get("width", width), known.get("height", height)
        alt = html.escape(known.get("alt", ""))
        size = f'width="{width}" height="{height}"'
        return f'<img class="figure" src="{up}figures/{file.name}" alt="{alt}" {size}>'
    kind = next((tag for tag in tags if tag in TABLES), None)
    values = statements(cell) if kind else {}
    return table(TABLES[kind], values) if values else ""


def table(heads: tuple[str, str], values: dict[str, str]) -> str:
    """Return a table of two columns in HTML."""
    rows = "".join(
        f'<tr><th scope="row">{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>'
        for name, value in values.items()
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    table = f'<table class="docutils"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="table-wrapper results">{table}</div>'


def with_links(text: str, lessons: dict[str, str]) -> str:
    """Return a text in which the lessons named after **Next:** and **Before:** are links; number → name."""

    def link(number: re.Match) -> str:
        return f"[{number[0]}]({lessons[number[0]]}.ipynb)" if number[0] in lessons else number[0]

    return re.sub(r"\*\*(Next|Before):\*\*.*", lambda line: re.sub(r"\b\d\d\b", link, line[0]), text)


def picture(pages: dict[str, NotebookNode]) -> str:
    """Return the front door's picture, which the cell tagged `front` draws; empty where there is none."""
    cells = [cell for shown in pages.values() for cell in shown.cells]
    drawn = [cell.outputs for cell in cells if FRONT in cell.metadata.get("tags", [])]
    shown = [output.get("data", {}).get("text/html", "") for outputs in drawn for output in outputs]
    return next(filter(None, shown), "")


def front_door(notebooks: dict[str, NotebookNode], picture: str) -> str:
    """Return the text of the first page."""
    others = [name for name in notebooks if name in OTHERS]
    lessons = [name for name in notebooks if "/" not in name and name not in OTHERS]
    address = course_address()
    doors = '<a href="draw/index.html">Draw a digit, and see what a network sees</a>\n'
    doors += f"[Begin with the first lesson]({lessons[0]}.ipynb)"
    return Template((SITE / "index.md").read_text(encoding="utf-8")).substitute(
        picture=picture,
        doors=doors,
        lessons="\n".join(card(name, notebooks[name]) for name in lessons),
        others="\n".join(card(name, notebooks[name]) for name in others),
        lesson_names="\n".join(lessons),
        other_names="\n".join(others),
        repository=address.repository,
        address=address.link("https://github.com/{repo}"),
    )


def card(name: str, notebook: NotebookNode) -> str:
    """Return a lesson's entry on the front door: its question, a sentence, the time it takes."""
    parts = (f"[{title(notebook)}]({name}.ipynb)", about(notebook), f"*{time_needed(notebook)}*")
    return "- " + "\n\n  ".join(part for part in parts if part.strip("*"))


def results(notebooks: dict[str, NotebookNode]) -> str:
    """Return the text of the page that shows what each notebook measured, and on which digits."""
    blocks = ["# What was measured"]
    for name, notebook in notebooks.items():
        if values := measured(notebook):
            outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
            said = "\n".join(output.get("text", "") for output in outputs)
            data = re.search(r"^Data: .*", said, re.MULTILINE)
            blocks += [f"## [{title(notebook)}]({name}.ipynb)", data[0] if data else ""]
            blocks.append(table(TABLES["measured"], values))
    return "\n\n".join(blocks) + "\n"
