"""Run the tests: unit tests, the notebooks' form, and every notebook on the offline sample.

    course.py test                          as above; a few minutes, no network, no browser
    course.py test --full                   the notebooks on the real MNIST, and an error if it can't be had
    course.py test --all                    also the slow tests: browsers, a second run of every cell, load
    course.py test --colab                  the notebooks as on Google Colab: each alone, without a network,
                                            with Colab's packages (which are installed once, in minutes)
    course.py test tests/test_data.py -x    other arguments go to pytest; a path replaces the usual ones

It ends with the ten slowest tests and, line by line, with what was left out.
"""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

import course
from tools.lib.files import ROOT

PLACES = ("tests", "notebooks")
# Each file, so each notebook too, is run by one of two processes: more cost memory and, with TensorFlow using
# all cores from each of them, little or nothing is gained.
PROCESSES = ("-n", "2", "--dist", "loadfile")
# pytest's options whose value is a word of its own, which may be spelt like a path ("-k tests").
WITH_VALUE = ("-k", "-m", "-n", "-p", "-o", "-r", "-W", "--deselect", "--ignore", "--dist", "--maxfail")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="course.py test",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s [--full] [--all] | [--colab] [arguments for pytest ...]",
        allow_abbrev=False,
    )
    parser.add_argument("--full", action="store_true", help="run the notebooks on the real MNIST")
    parser.add_argument("--all", action="store_true", help="run the slow tests too")
    parser.add_argument("--colab", action="store_true", help="run the notebooks as on Google Colab")
    options, for_pytest = parser.parse_known_args(arguments)
    if options.colab and (options.full or options.all):
        parser.error("--colab runs the notebooks on the offline sample, and nothing else")

    course.set_up(extra=("tests/requirements.txt",))
    for_pytest, paths = with_absolute_paths(for_pytest)
    if options.colab:
        from tools.lib import shadow

        return shadow.run([*PROCESSES, *for_pytest])
    command = [*PROCESSES, "--nbval-lax", "--nbval-current-env"]
    command += ["--notebook-data", "mnist" if options.full else "sample"]
    command += ["--slow"] if options.all else []
    command += ["--durations=10", "-rfEs", *for_pytest, *([] if paths else PLACES)]
    os.chdir(ROOT)
    importlib.invalidate_caches()  # for what the set-up has just installed
    import pytest

    return int(pytest.main(command))


def with_absolute_paths(arguments: list[str]) -> tuple[list[str], int]:
    """Resolve pytest's paths, as they are seen from here or from the root, and count them."""
    resolved, paths, before = [], 0, ""
    for argument in arguments:
        path, *rest = argument.split("::")
        place = next(
            (folder / path for folder in (Path.cwd(), ROOT) if path and (folder / path).exists()), None
        )
        if place and before not in WITH_VALUE and not argument.startswith("-"):
            argument, paths = "::".join([str(place.resolve()), *rest]), paths + 1
        resolved.append(argument)
        before = argument
    return resolved, paths
