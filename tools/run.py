"""Run the lessons and read the results: every lesson, executed in order, as web pages in build/.

The committed notebooks stay as they are. Each lesson is run in a fresh kernel; its executed copy and a
page that needs no network to read go to build/, with an index page, and at the end a table shows what
each lesson measured. `course.py run 02` runs one lesson, `--data sample` uses the offline sample.
"""

from __future__ import annotations

import argparse
import contextlib
import html
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from tools.lib.files import BUILD, ROOT, Problem, replace
from tools.lib.kernel import resolve_data
from tools.lib.notebooks import (
    as_text,
    describe_images,
    execute,
    label,
    lessons,
    measured,
    normalise,
    picture_live_pages,
    read,
    shrink_images,
    title,
)


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
        if options.write:
            if path.read_bytes() != found:
                raise Problem(
                    f"{path.name} was changed while it ran: it stays as it is now, and what ran is in "
                    f"{BUILD / label(path)}.ipynb. Run it again."
                )
            replace(path, as_text(notebook))
        finished.append((label(path), title(notebook), measured(notebook)))
    replace(BUILD / "index.html", index_page(finished, data.name))
    print(f"\nMeasured on {data.name}, in {_clock(started)}:\n")
    print(table(finished))
    print(f"\nRead the lessons: {(BUILD / 'index.html').as_uri()}")
    return 0


def run_lesson(notebook: NotebookNode, name: str, place: str, environment: dict[str, str]) -> None:
    """Run a lesson and put it, and its page, into build/, also where a cell has failed.

    Raises:
        Problem: a cell has failed.
    """
    try:
        with progress(f"{place}{name}", len(notebook.cells)) as at:
            execute(notebook, environment, BUILD, on_cell=at)
    except Problem as problem:
        raise Problem(f"{name}, {problem}") from None
    finally:
        for finish in (picture_live_pages, describe_images, shrink_images, normalise):
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


@contextlib.contextmanager
def progress(name: str, cells: int) -> Iterator[Callable[[int], None]]:
    """Keep one line that says where the run is: rewritten on a terminal, printed once a lesson elsewhere.

    Yields:
        A function that is told the number of each cell.
    """
    cell, started, done = 0, time.monotonic(), threading.Event()

    def at(number: int) -> None:
        nonlocal cell
        cell = number

    def show(start: str, end: str) -> None:
        print(f"{start}{name}: cell {cell} of {cells}, {_clock(started)}", end=end, flush=True)

    def tick() -> None:
        while not done.wait(0.2):
            show("\r", "\033[K")

    ticker = threading.Thread(target=tick, daemon=True)
    if sys.stdout.isatty():
        ticker.start()
    try:
        yield at
    finally:
        done.set()
        if ticker.ident:
            ticker.join()
        show("\r" if ticker.ident else "", "\n")


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
