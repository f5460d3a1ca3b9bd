"""Write the locked versions, tools/constraints.txt, for every system and Python the course supports.

For maintainers: after a change of requirements.txt or tests/requirements.txt. Versions that still fit
stay as they are; with --upgrade all of them become the newest that fit.
"""

from __future__ import annotations

import argparse
import shutil

from tools.lib.files import BUILD, ROOT, Problem, replace
from tools.lib.install import get_uv, runs

LOCK = ROOT / "tools" / "constraints.txt"
HEADING = "# Made by: python3 course.py lock"
REQUIREMENTS = ("requirements.txt", "tests/requirements.txt")
# One version for all systems where there is one ("fewest"), from the oldest Python on.
FOR_ALL = ("--universal", "--fork-strategy", "fewest", "--python-version", "3.11")
# The project itself is installed from its folder, and the lock names no index: everyone has their own.
FORM = ("--no-emit-package", "mnist-course", "--no-annotate", "--no-header", "--no-emit-index-url", "--quiet")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py lock", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that fit")
    upgrade = ["--upgrade"] if parser.parse_args(arguments).upgrade else []

    draft = BUILD / "constraints.txt"
    draft.parent.mkdir(exist_ok=True)
    shutil.copyfile(LOCK, draft)  # uv keeps the versions it finds here as far as they fit
    if not runs(get_uv(), "pip", "compile", *FOR_ALL, *FORM, *upgrade, "-o", draft, *REQUIREMENTS):
        raise Problem(f"{LOCK.relative_to(ROOT)} stays as it was; uv has said why.")
    lines = draft.read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith(("#", "--"))]
    replace(LOCK, "\n".join([HEADING, *pins]) + "\n")
    draft.unlink()
    print(f"{LOCK.relative_to(ROOT)}: {len(pins)} lines")
    return 0
