"""Write the locked versions, tools/constraints.txt, for every system and Python the course supports.

For maintainers: after a change of requirements.txt or tests/requirements.txt. Versions that still fit
stay as they are; with --upgrade all of them become the newest that fit.
"""

from __future__ import annotations

import argparse
import shutil
import sys

from tools.lib.files import ROOT, replace
from tools.lib.python import fetch_uv, find_uv, runs

LOCK = ROOT / "tools" / "constraints.txt"
HEADING = "# Made by: python3 course.py lock"
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py lock", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    upgrade = ["--upgrade"] if parser.parse_args(arguments).upgrade else []

    uv = find_uv() or fetch_uv(sys.executable)
    if not uv:
        print("The lock is made with uv, which is not here and could not be installed.", file=sys.stderr)
        return 1
    draft = ROOT / "build" / "constraints.txt"
    draft.parent.mkdir(exist_ok=True)
    shutil.copyfile(LOCK, draft)  # uv keeps the versions it finds here as far as they fit
    # One version for all systems where there is one ("fewest"), from the oldest Python on.
    settings = ["--universal", "--fork-strategy", "fewest", "--python-version", "3.11"]
    # The project itself is installed from its folder, and the lock names no index: everyone has their own.
    form = [
        "--no-emit-package",
        "mnist-course",
        "--no-annotate",
        "--no-header",
        "--no-emit-index-url",
        "--quiet",
    ]
    if not runs(uv, "pip", "compile", *settings, *form, *upgrade, "-o", draft, *REQUIREMENTS):
        return 1
    pins = [
        line for line in draft.read_text(encoding="utf-8").splitlines() if not line.startswith(("#", "--"))
    ]
    replace(LOCK, "\n".join([HEADING, *pins]) + "\n")
    draft.unlink()
    print(f"{LOCK.relative_to(ROOT)}: {len(pins)} lines")
    return 0
