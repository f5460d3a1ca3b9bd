"""Run the tests: unit tests, the notebooks' form, and every notebook on the offline sample.

    course.py test                          as above; a few minutes, no network, no browser
    course.py test --full                   the notebooks on the real MNIST, and an error if it can't be had
    course.py test --all                    also the slow tests: browsers, a second run of every cell, load
    course.py test --colab                  the notebooks as on Google Colab: each alone, without a network,
                                            with Colab's packages (which are installed once, in minutes)
    course.py test tests/test_data.py -x    other arguments go to pytest; a path replaces the usual ones

Comparisons run with two seeds: `course.py run` takes all. It ends with the ten slowest tests and, line by
line, with what was left out.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tools.lib import shadow
from tools.lib.files import ROOT
from tools.lib.install import set_up
from tools.lib.kernel import resolve_data


def main(arguments: list[str]) -> int:
    """Set up what tests need and hand over to pytest; return the exit status."""
    parser = argparse.ArgumentParser(prog="course.py test", description=__doc__, allow_abbrev=False)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--full", action="store_true", help="run the notebooks on the real MNIST")
    parser.add_argument("--all", action="store_true", help="run the slow tests too")
    parser.add_argument("--colab", action="store_true", help="run the notebooks as on Google Colab")
    options, others = parser.parse_known_args(arguments)
    if options.colab and (options.full or options.all):
        parser.error("--colab runs the notebooks on the offline sample, and nothing else")
    here = Path.cwd()
    os.chdir(ROOT)
    if here != ROOT:  # what is a path as seen from the user's folder must be one from here
        others = [str(here / word) if (here / word.partition("::")[0]).exists() else word for word in others]
    if options.colab:
        return shadow.run(others)
    set_up(extra=("tests/requirements.txt",))
    environment = resolve_data("mnist" if options.full else "sample").environment
    os.environ.clear()  # and the kernels inherit it
    # Two processes run the tests: with more threads than one each, they would be in each other's way.
    os.environ.update({"TF_NUM_INTRAOP_THREADS": "1"} | environment)
    import pytest

    return int(pytest.main(["-n", "2", *(["--slow"] if options.all else []), *others]))
