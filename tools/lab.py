"""Open JupyterLab on your own copies of the lessons, in work/.

Lessons that have no copy in work/ yet are copied there first. A copy that is there is never overwritten,
so your changes are safe and `git pull` never meets them; when a lesson has changed since you got it, this
command says so and how to take the new version. --edit opens the lessons themselves, in notebooks/.
Other arguments go to JupyterLab: course.py lab --no-browser --port 9999
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tools.lib.files import ROOT, Problem, replace
from tools.lib.install import become
from tools.lib.kernel import resolve_data
from tools.lib.notebooks import NOTEBOOKS, label, read
from tools.lib.notebooks import lessons as notebooks

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
    for_root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # as in a container
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", *for_root, *for_jupyter]
    return become(command, environment)


def copy_lessons(lessons: Path, work: Path) -> list[str]:
    """Copy the lessons that have no copy in the folder `work` yet; return sentences for the user.

    They also tell which copies are older than their lesson: the text that was copied is kept in `work`, too.
    """
    kept, said = work / ".as_copied", []
    for folder in (kept, work / "solutions"):
        folder.mkdir(parents=True, exist_ok=True)
    for lesson in notebooks(lessons):
        name = lesson.relative_to(lessons).as_posix()
        copy, as_copied = work / name, kept / f"{label(lesson)}.txt"
        try:
            text = "\n\n".join(cell.source for cell in read(lesson).cells)  # whatever its outputs are
        except Problem as problem:
            said.append(f"Left out: {problem}")
            continue
        if not copy.exists():
            replace(copy, lesson.read_text(encoding="utf-8"))
            replace(as_copied, text)
            said.append(f"Copied to {work.name}/: {name}")
        elif as_copied.exists() and as_copied.read_text(encoding="utf-8") != text:
            remedy = f"to take the new version, rename or delete {work.name}/{name} and run this again"
            said.append(f"{name} has changed since you got it. Your copy stays as it is; {remedy}.")
    return said
