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
import os
import shutil
import sys
from pathlib import Path

from course import become
from tools.lib.files import ROOT, replace
from tools.lib.kernel import kernel_environment

LESSONS = ROOT / "notebooks"
WORK = ROOT / "work"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py lab", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--edit", action="store_true", help="open notebooks/ instead of your copies in work/")
    options, for_jupyter = parser.parse_known_args(arguments)
    environment = kernel_environment()
    folder = LESSONS
    if not options.edit:
        folder = WORK
        for line in copy_lessons(LESSONS, WORK):
            print(line)
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
    copied, new, older = {}, [], []
    with contextlib.suppress(OSError, ValueError):  # without it, the lessons of today are the ones copied
        copied = json.loads(record.read_text(encoding="utf-8"))
    for lesson in sorted(lessons.glob("[0-9][0-9]_*.ipynb")):
        copy, version = work / lesson.name, _version(lesson)
        if not copy.exists():
            partial = work / f".{lesson.name}.partial"
            shutil.copyfile(lesson, partial)
            os.replace(partial, copy)
            copied[lesson.name] = version
            new.append(lesson.name)
        elif copied.setdefault(lesson.name, version) != version:
            older.append(lesson.name)
    replace(record, json.dumps(copied, indent=1))
    lines = [f"Copied to {work.name}/: {', '.join(new)}"] if new else []
    for name in older:
        lines.append(
            f"{name} has changed since you got it. Your copy stays as it is; to take the new version, "
            f"rename or delete {work.name}/{name} and run this again."
        )
    return lines


def _version(notebook: Path) -> str:
    """Return a digest of what a lesson says and asks, whatever its outputs are."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()
