"""Repeat every comparison that the lessons make, with other seeds, and say which statements no longer hold.

For maintainers; half an hour on two cores. A lesson that compares trainings has one cell tagged `seeds`,
`seeds = range(5)`, and cells tagged `compared`, whose value is a dict of what is compared → what was seen.
The lesson runs with as many other seeds, on the real MNIST; the notebooks stay as they are. A statement that
changes belongs to a comparison that is too close: then say less in the lesson, or compare more runs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nbformat import NotebookNode

from tools.lib.files import BUILD, Problem
from tools.lib.kernel import resolve_data
from tools.lib.notebooks import execute, label, lessons, read, statements, with_seeds


def main(arguments: list[str]) -> int:
    """Run the lessons with other seeds; return 1 when a statement differs, else 0."""
    parser = argparse.ArgumentParser(prog="course.py comparisons", description=__doc__.splitlines()[0])
    parser.add_argument("lesson", nargs="*", help="lessons, such as 05; all that compare when left out")
    parser.add_argument("--first", type=int, default=100, help="the first seed (default: 100)")
    options = parser.parse_args(arguments)
    wanted = tuple(options.lesson) or ("",)
    chosen = [path for path in lessons() if path.name.startswith(wanted) and compared(read(path))]
    if not chosen:
        raise Problem(f"no lesson that compares starts with {' or '.join(wanted)}")
    environment = resolve_data("mnist").environment
    BUILD.mkdir(exist_ok=True)
    changed = [repeat(path, options.first, environment) for path in chosen]
    print(f"\n{sum(changed)} statements changed.")
    return 1 if any(changed) else 0


def repeat(path: Path, first: int, environment: dict[str, str]) -> int:
    """Run a lesson with seeds from `first` on, print its statements, and return how many changed."""
    notebook = read(path)
    before = compared(notebook)
    with_seeds(notebook.cells, first)
    execute(notebook, environment, BUILD)
    after = compared(notebook)
    changed = [name for name in before if after.get(name) != before[name]]
    print(f"{label(path)}, seeds from {first} on:")
    for name, statement in before.items():
        print(
            f"  {name}: {statement}" + (f"  CHANGED: {after.get(name)}" if name in changed else ""),
            flush=True,
        )
    return len(changed)


def compared(notebook: NotebookNode) -> dict[str, str]:
    """Return what an executed lesson says about its comparisons: name → statement."""
    cells = [cell for cell in notebook.cells if "compared" in cell.metadata.get("tags", [])]
    return {name: statement for cell in cells for name, statement in statements(cell).items()}
