"""Run the lessons and read the results: every lesson, executed in order, as web pages in build/.

The committed notebooks stay as they are. Each lesson is run in a fresh kernel; its executed copy and a
page that needs no network to read go to build/, with an index page, and at the end a table shows what
each lesson measured. `course.py run 02` runs one lesson, `--data sample` uses the offline sample.
"""

from __future__ import annotations

import argparse
import html
import sys
import time
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from tools.lib.files import BUILD, ROOT, Problem, replace
from tools.lib.kernel import resolve_data
from tools.lib.notebooks import as_text, execute, finish, label, lessons, measured, read, title

# Pages that were published under another name: links from elsewhere still lead to the lesson.
MOVED = {
    "04_dense": "05_dense",
    "05_cnn": "06_cnn",
    "06_evaluation": "08_evaluation",
    "07_trust": "09_trust",
    "08_your_own_digits": "11_own_digits",
}


def main(arguments: list[str]) -> int:
    """Run the lessons asked for; return the exit status.

    Raises:
        Problem: a cell fails, a file is no notebook, or results may not be saved.
    """
    options = _parse(arguments)
    chosen = _choose(options.lesson)
    data = resolve_data(options.data)
    if options.write and data.is_sample:
        raise Problem(f"--write saves results on MNIST only, and here is the {data.name}. Nothing was run.")
    print(f"data: {data.name}", flush=True)
    BUILD.mkdir(exist_ok=True)
    started, finished = time.monotonic(), []
    before = [(path, path.read_bytes(), read(path)) for path in chosen]
    for number, (path, found, notebook) in enumerate(before, start=1):
        run_lesson(notebook, label(path), f"lesson {number} of {len(chosen)}, ", data.environment)
        if options.write and path.read_bytes() != found:
            kept = f"it stays as it is now, and what ran is in {BUILD / label(path)}.ipynb"
            raise Problem(f"{path.name} was changed while it ran: {kept}. Run it again.")
        if options.write:
            replace(path, as_text(notebook))
        finished.append((label(path), title(notebook), measured(notebook)))
    replace(BUILD / "index.html", index_page(finished, data.name))
    for old, new in MOVED.items():
        replace(BUILD / f"{old}.html", f'<meta http-equiv="refresh" content="0; url={new}.html">\n')
    print(f"\nMeasured on {data.name}, in {_clock(started)}:\n")
    print(table(finished))
    print(f"\nRead the lessons: {(BUILD / 'index.html').as_uri()}")
    return 0


def run_lesson(notebook: NotebookNode, name: str, place: str, environment: dict[str, str]) -> None:
    """Run a lesson and put it, and its page, into build/, also where a cell has failed.

    One line says where the run is: on a terminal with each cell, elsewhere at the lesson's end.

    Raises:
        Problem: a cell has failed.
    """
    started, line = time.monotonic(), f"{place}{name}: "
    back = "\r" if sys.stdout.isatty() else ""

    def show(cell: int) -> None:
        nonlocal line
        line = f"{back}{place}{name}: cell {cell} of {len(notebook.cells)}, "
        if back:
            print(f"{line}{_clock(started)}\033[K", end="", flush=True)

    try:
        execute(notebook, environment, BUILD, on_cell=show)
    except Problem as problem:
        raise Problem(f"{name}, {problem}") from None
    finally:
        print(f"{line}{_clock(started)}", flush=True)
        finish(notebook)
        replace(BUILD / f"{name}.ipynb", as_text(notebook))
        replace(BUILD / f"{name}.html", to_page(notebook, title(notebook)))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="course.py run", description=__doc__.splitlines()[0])
    parser.add_argument("lesson", nargs="*", help="lessons to run, such as 02; all when left out")
    parser.add_argument("--data", metavar="sample|mnist|PATH", help="the digits; else the best there are")
    parser.add_argument(
        "--write", action="store_true", help="for maintainers: save results in notebooks/ too"
    )
    return parser.parse_args(arguments)


def _choose(wanted: list[str]) -> list[Path]:
    available = lessons()
    for number in wanted:
        if not any(path.name.startswith(number) for path in available):
            names = ", ".join(label(path) for path in available)
            raise Problem(f"no lesson starts with {number!r}; there are {names}")
    return [path for path in available if not wanted or path.name.startswith(tuple(wanted))]


def _clock(started: float) -> str:
    seconds = time.monotonic() - started
    return f"{int(seconds // 60)} min {int(seconds % 60):02} s"


def to_page(notebook: NotebookNode, name: str) -> str:
    """Turn an executed notebook into one HTML page with its pictures inside and nothing to fetch."""
    exporter = HTMLExporter(
        template_name="page",
        extra_template_basedirs=[str(ROOT / "tools" / "lib")],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    return exporter.from_notebook_node(notebook, resources={"metadata": {"name": name}})[0]


def table(finished: list[tuple[str, str, dict]]) -> str:
    """Lay out what the lessons measured, one row a figure, as plain text."""
    rows = [(lesson, str(name), value) for lesson, _, values in finished for name, value in values.items()]
    if not rows:
        return "(nothing)"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{lesson:{widths[0]}}  {name:{widths[1]}}  {value}" for lesson, name, value in rows)


def index_page(finished: list[tuple[str, str, dict]], data_name: str) -> str:
    """Make the page that leads to the lessons and shows what each measured."""
    data = (
        f"<p>All lessons, run from top to bottom. The digits: <strong>{html.escape(data_name)}</strong>.</p>"
    )
    blocks = ["<h1>A first course in deep learning</h1>", data]
    for lesson, heading, values in finished:
        cells = [(html.escape(str(name)), html.escape(str(value))) for name, value in values.items()]
        rows = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in cells)
        blocks.append(f'<h2><a href="{lesson}.html">{html.escape(heading)}</a></h2>\n<table>{rows}</table>')
    return to_page(new_notebook(cells=[new_markdown_cell("\n".join(blocks))]), "The course, with its results")
