"""Run the lessons and read the results: every lesson, executed in order, as web pages in build/site.

The committed notebooks stay as they are. Each lesson is run in a fresh kernel and its executed copy goes to
build/. Then the site is written, which needs no network to read: a lesson that has not been run here shows
the results it came with. At the end a table shows what was measured. `course.py run 02` runs one lesson,
`--data sample` uses the offline sample.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from nbformat import NotebookNode

from tools.lib.files import BUILD, Problem, replace
from tools.lib.kernel import resolve_data
from tools.lib.notebooks import as_text, execute, finish, label, lessons, measured, read
from tools.lib.pages import write_site


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
    started, finished, failed = time.monotonic(), [], None
    before = [(path, path.read_bytes(), read(path)) for path in chosen]
    for number, (path, found, notebook) in enumerate(before, start=1):
        try:
            place = f"lesson {number} of {len(chosen)}, "
            run_lesson(notebook, label(path), place, data.environment, sharp=not options.write)
        except Problem as problem:
            failed = problem  # its page shows how far it came
            break
        if options.write and path.read_bytes() != found:
            kept = f"it stays as it is now, and what ran is in {BUILD / label(path)}.ipynb"
            raise Problem(f"{path.name} was changed while it ran: {kept}. Run it again.")
        if options.write:
            replace(path, as_text(notebook))
        finished.append((label(path), measured(notebook)))
    if not failed:
        print(f"\nMeasured on {data.name}, in {_clock(started)}:\n")
        print(f"{table(finished)}\n", flush=True)
    write_site(newest(), BUILD / "site")
    if failed:
        raise failed
    print(f"Read the lessons: {(BUILD / 'site' / 'index.html').as_uri()}")
    return 0


def run_lesson(
    notebook: NotebookNode, name: str, place: str, environment: dict[str, str], sharp: bool
) -> None:
    """Run a lesson and put it into build/, also where a cell has failed.

    One line says where the run is: on a terminal with each cell, elsewhere at the lesson's end. Figures are
    `sharp` on a phone's screen, or small enough for the repository.

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
        execute(notebook, environment, BUILD, on_cell=show, sharp=sharp)
    except Problem as problem:
        raise Problem(f"{name}, {problem}") from None
    finally:
        print(f"{line}{_clock(started)}", flush=True)
        finish(notebook)
        replace(BUILD / f"{name}.ipynb", as_text(notebook))


def newest() -> dict[str, NotebookNode]:
    """Return all notebooks, by their pages' addresses: as run here, or with the results they came with.

    What was run before its text was changed is no longer the lesson. One that can't be read is left out.
    """
    notebooks = {}
    for path in lessons():
        try:
            notebook = read(path)
        except Problem as problem:
            print(f"no page for {path.name}: {problem}", file=sys.stderr)
            continue
        if (ran := BUILD / f"{label(path)}.ipynb").exists():
            run = read(ran)
            if [cell.source for cell in run.cells] == [cell.source for cell in notebook.cells]:
                notebook = run
        notebooks[f"solutions/{path.stem}" if path.parent.name == "solutions" else path.stem] = notebook
    return notebooks


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


def table(finished: list[tuple[str, dict]]) -> str:
    """Lay out what the lessons measured, one row a figure, as plain text."""
    rows = [(lesson, str(name), value) for lesson, values in finished for name, value in values.items()]
    if not rows:
        return "(nothing)"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{lesson:{widths[0]}}  {name:{widths[1]}}  {value}" for lesson, name, value in rows)
