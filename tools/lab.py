"""Open JupyterLab on your own copies of the lessons, in work/.

Lessons that have no copy in work/ yet are copied there first. A copy that is there is never overwritten,
so your changes are safe and `git pull` never meets them; when a lesson has changed since you got it, this
command says so and how to take the new version. --edit opens the lessons themselves, in notebooks/.
Other arguments go to JupyterLab: course.py lab --no-browser --port 9999
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import sys
from pathlib import Path

from tools.lib.files import ROOT, Problem, replace
from tools.lib.install import become
from tools.lib.kernel import resolve_data
from tools.lib.notebooks import NOTEBOOKS, read

WORK = ROOT / "work"


def main(arguments: list[str]) -> int:
    """Copy the lessons and hand over to JupyterLab."""
    parser = argparse.ArgumentParser(prog="course.py lab", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--edit", action="store_true", help="open notebooks/ instead of your copies in work/")
    options, for_jupyter = parser.parse_known_args(arguments)
    environment = resolve_data().environment
    if not options.edit:
        for line in copy_lessons(NOTEBOOKS, WORK):
            print(line)
    folder = NOTEBOOKS if options.edit else WORK
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", *for_jupyter]
    return become(command, environment)


def copy_lessons(lessons: Path, work: Path) -> list[str]:
    """Copy the lessons that have no copy yet, and tell which copies are older than their lesson.

    Args:
        lessons: The folder with the lessons.
        work: The folder for the copies. The lessons' state when they were copied is kept beside them.

    Returns:
        Sentences for the user.
    """
    work.mkdir(exist_ok=True)
    record = work / ".copied.json"
    copied, said = {}, []
    with contextlib.suppress(
        OSError, ValueError, TypeError
    ):  # without it, the lessons of today are the ones copied
        copied = dict(json.loads(record.read_text(encoding="utf-8")))
    for lesson in sorted(lessons.glob("[0-9][0-9]_*.ipynb")):
        copy = work / lesson.name
        try:
            version = _version(lesson)
        except Problem as problem:
            said.append(f"Left out: {problem}")
            continue
        if not copy.exists():
            replace(copy, lesson.read_text(encoding="utf-8"))
            copied[lesson.name] = version
            said.append(f"Copied to {work.name}/: {lesson.name}")
        elif copied.setdefault(lesson.name, version) != version:
            said.append(
                f"{lesson.name} has changed since you got it. Your copy stays as it is; to take the new "
                f"version, rename or delete {work.name}/{lesson.name} and run this again."
            )
    replace(record, json.dumps(copied, indent=1))
    return said


def _version(notebook: Path) -> str:
    """Return a digest of what a lesson says and asks, whatever its outputs are."""
    sources = [[cell.cell_type, cell.source] for cell in read(notebook).cells]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()
