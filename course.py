#!/usr/bin/env python3
"""The front door of the course: `python3 course.py VERB` (on Windows `py course.py VERB`).

Any Python from 3.8 on can start this file. It fills the folder .venv once with the packages of
requirements.txt (tools/lib/install.py) and hands over to .venv's Python, which runs the verb. Every module
in tools/ and tools/maintain/ that defines `main` is a verb: a new one changes nothing here.
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # Python does not with PYTHONSAFEPATH, -I or -P

from tools.lib.files import ROOT, Problem
from tools.lib.install import VENV, VENV_PYTHON, become, clean_environment, is_ready, set_up

HEADINGS = {
    "tools": "usage: python3 course.py VERB ...        (VERB --help tells more)",
    "tools/maintain": "For maintainers:",
}
FIRST_VERBS = ("run", "test", "lab", "doctor")  # first in the help, in this order


def main(arguments: list[str]) -> int:
    """Show the help, or carry out the verb; return the exit status."""
    verbs = find_verbs()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        for folder, heading in HEADINGS.items():
            print(f"{heading}\n")
            for verb, docstring in find_verbs(folder).items():
                print(f"  {verb:<8} {docstring.splitlines()[0]}")
            print()
        return 0
    verb = arguments[0]
    if verb not in verbs:
        near = difflib.get_close_matches(verb, verbs, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(verbs)}."
        print(f"course.py has no verb {verb!r}. {hint}", file=sys.stderr)
        return 2
    try:
        return carry_out(verb, arguments[1:])
    except KeyboardInterrupt:
        print("\nStopped. The same command starts it again.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"{verb} stopped: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if not isinstance(error, Problem) and type(error).__name__ != "DataError":  # its module needs NumPy
            raise
        print(error, file=sys.stderr)
        return 1


def carry_out(verb: str, arguments: list[str]) -> int:
    """Run the verb in .venv's Python, which is set up before where needed; return the exit status."""
    ready = is_ready("requirements.txt")
    if not ready and {"-h", "--help"} & set(arguments):
        print(f"usage: python3 course.py {verb} ...\n\n{find_verbs()[verb]}")
        return 0
    if not ready:
        set_up()
    elif os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        folder = next(folder for folder in HEADINGS if verb in find_verbs(folder))
        return importlib.import_module(f"{folder.replace('/', '.')}.{verb}").main(arguments)
    path = os.pathsep.join([str(VENV_PYTHON.parent), os.environ.get("PATH", os.defpath)])
    activated = {**clean_environment(), "VIRTUAL_ENV": str(VENV), "PATH": path}
    return become([VENV_PYTHON, ROOT / "course.py", verb, *arguments], activated)


def find_verbs(*folders: str) -> dict[str, str]:
    """Return each verb's docstring, read from the text of the modules in `folders`, or in all.

    They are neither imported (their packages may be missing) nor parsed (they may be written in a newer
    Python than the one that shows the help).
    """
    pattern = re.compile(r'\s*"""(.+?)\s*""".*^def main\(', re.DOTALL | re.MULTILINE)
    paths = [path for folder in folders or HEADINGS for path in sorted((ROOT / folder).glob("*.py"))]
    found = {path.stem: pattern.match(path.read_text(encoding="utf-8")) for path in paths}
    first = {verb: found[verb] for verb in FIRST_VERBS if verb in found}
    return {verb: match.group(1) for verb, match in {**first, **found}.items() if match}


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # no path may break an old console
    sys.exit(main(sys.argv[1:]))
