"""Run the lessons and read the results: every lesson, executed in order, as web pages in build/.

The committed notebooks stay as they are. Each lesson is run in a fresh kernel; its executed copy and a
page that needs no network to read go to build/, with an index page, and at the end a table shows what
each lesson measured. `course.py run 02` runs one lesson, `--data sample` uses the offline sample.
"""

import argparse
import html
import sys
import threading
import time

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter

from tools.lib.files import replace
from tools.lib.kernel import resolve_data
from tools.lib.notebooks import (
    ROOT,
    as_text,
    describe_images,
    lessons,
    measured,
    normalise,
    picture_live_pages,
    read,
    shrink_images,
    title,
)

BUILD = ROOT / "build"
CELL_TIMEOUT = 1200  # seconds; a lesson's longest cell takes two and a half minutes on two slow cores


def main(arguments):
    options = _parse(arguments)
    chosen = _choose(options.lesson)
    data = resolve_data(options.data)
    print(f"data: {data.name}", flush=True)
    BUILD.mkdir(exist_ok=True)
    started, finished = time.monotonic(), []
    for number, path in enumerate(chosen, start=1):
        notebook = read(path)
        with Progress(f"lesson {number} of {len(chosen)}, {path.stem}", len(notebook.cells)) as progress:
            failure = _execute(notebook, data.environment, progress)
        picture_live_pages(notebook)
        describe_images(notebook)
        shrink_images(notebook)
        normalise(notebook)
        replace(BUILD / path.name, as_text(notebook))
        (BUILD / f"{path.stem}.html").write_text(to_page(notebook, path.stem), encoding="utf-8")
        if failure:
            print(failure, file=sys.stderr)
            return 1
        if options.write:
            replace(path, as_text(notebook))
        finished.append((path, title(notebook), measured(notebook)))
    (BUILD / "index.html").write_text(index_page(finished, data.name), encoding="utf-8")
    print(f"\nMeasured on {data.name}, in {_clock(time.monotonic() - started)}:\n")
    print(table(finished))
    print(f"\nRead the lessons: {(BUILD / 'index.html').as_uri()}")
    return 0


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="course.py run", description=__doc__.splitlines()[0])
    parser.add_argument("lesson", nargs="*", help="lessons to run, such as 02; all when left out")
    parser.add_argument(
        "--data", metavar="sample|mnist|PATH", help="which digits to use; else the best there are"
    )
    parser.add_argument(
        "--write", action="store_true", help="for maintainers: save the results in notebooks/ too"
    )
    return parser.parse_args(arguments)


def _choose(wanted):
    available = lessons()
    unknown = [number for number in wanted if not any(path.name.startswith(number) for path in available)]
    if unknown:
        names = ", ".join(path.stem for path in available)
        sys.exit(f"no lesson starts with {unknown[0]!r}; there are {names}")
    return [path for path in available if not wanted or path.name.startswith(tuple(wanted))]


def _execute(notebook, environment, progress):
    """Run all cells in a fresh kernel; return None, or a description of the cell that failed."""
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(BUILD)}},
        on_cell_start=lambda cell, cell_index: progress.at(cell_index + 1),
        # What TensorFlow's C++ code writes to the terminal while starting is no part of a lesson.
        extra_arguments=["--IPKernelApp.capture_fd_output=False"],
    )
    with open(BUILD / "kernel.log", "w", encoding="utf-8") as log:
        try:
            client.execute(env=environment, stdout=log, stderr=log)
        except CellExecutionError as error:
            source = notebook.cells[progress.cell - 1].source
            return f"\n{progress.label}, cell {progress.cell}:\n\n{source}\n\n{error.ename}: {error.evalue}"
        except (DeadKernelError, TimeoutError) as error:
            source = notebook.cells[progress.cell - 1].source
            return f"\n{progress.label}, cell {progress.cell}:\n\n{source}\n\n{type(error).__name__}: {error}"
    return None


class Progress:
    """One line that says where the run is: rewritten on a terminal, printed once a lesson elsewhere."""

    def __init__(self, label, cells):
        self.label, self.cells, self.cell = label, cells, 0
        self.started, self.alive = time.monotonic(), sys.stdout.isatty()
        self.done = threading.Event()

    def __enter__(self):
        if self.alive:
            self.ticker = threading.Thread(target=self._tick, daemon=True)
            self.ticker.start()
        return self

    def at(self, cell):
        self.cell = cell

    def _tick(self):
        while not self.done.wait(0.2):
            print(f"\r{self._text()}\033[K", end="", flush=True)

    def __exit__(self, *_):
        self.done.set()
        if self.alive:
            self.ticker.join()
        print(f"\r{self._text()}\033[K" if self.alive else self._text(), flush=True)

    def _text(self):
        return f"{self.label}: cell {self.cell} of {self.cells}, {_clock(time.monotonic() - self.started)}"


def _clock(seconds):
    return f"{int(seconds // 60)} min {int(seconds % 60):02} s"


def to_page(notebook, name):
    """Turn an executed notebook into one HTML page with its pictures inside and nothing to fetch."""
    exporter = HTMLExporter(
        template_name="page",
        extra_template_basedirs=[str(ROOT / "tools" / "lib")],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    return exporter.from_notebook_node(notebook, resources={"metadata": {"name": name}})[0]


def table(finished):
    """Lay out what the lessons measured, one row a figure, as plain text."""
    rows = [(path.stem, name, value) for path, _, values in finished for name, value in values.items()]
    if not rows:
        return "(nothing)"
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{lesson:{widths[0]}}  {name:{widths[1]}}  {value}" for lesson, name, value in rows)


def index_page(finished, data_name):
    """Write the page that leads to the lessons and shows what each measured."""
    items = []
    for path, heading, values in finished:
        cells = [(html.escape(name), html.escape(value)) for name, value in values.items()]
        rows = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in cells)
        items.append(f'<h2><a href="{path.stem}.html">{html.escape(heading)}</a></h2>\n<table>{rows}</table>')
    return INDEX.format(data=html.escape(data_name), lessons="\n".join(items))


INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The course, with its results</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.05rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; }}
h2 {{ font-size: 1.15rem; margin: 1.6rem 0 0.2rem; }}
td {{ padding: 0.1rem 1.5rem 0.1rem 0; vertical-align: top; }}
td:last-child {{ font-variant-numeric: tabular-nums; white-space: nowrap; }}
</style>
</head>
<body>
<h1>A first course in deep learning</h1>
<p>All lessons, run from top to bottom. The digits: <strong>{data}</strong>.</p>
{lessons}
</body>
</html>
"""
