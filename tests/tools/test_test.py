"""`course.py test`: what it runs, on which digits, and what it says at the end."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools.lib.files import ROOT

# The set-up has tests of its own; here, the packages are there.
COMMAND = """
import sys
from mnist_helpers.data import DataError
from tools import test
test.set_up = lambda extra: print("set up:", *extra)
try:
    sys.exit(test.main(sys.argv[1:]))
except DataError as error:
    sys.exit(f"refused: {error}")
"""
ON_THE_SAMPLE = 'import os\nassert os.environ["MNIST_SOURCE"] == "sample" and "MNIST_PATH" not in os.environ'
TESTS = """
import pytest

def test_quick():
    pass

def test_wrong():
    assert "a" == "b"

@pytest.mark.slow
def test_slow():
    pass

@pytest.mark.mnist
def test_real():
    pass
"""


@pytest.fixture
def project(tmp_path):
    """A small copy of the course in a folder with a space: four tests, one of them fails, two notebooks."""
    project = tmp_path / "the course"
    for folder in ("mnist_helpers", "tools"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests", "notebooks/solutions"):
        (project / name).mkdir(parents=True)
    for file in ("conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / file, project / file)
    (project / "tests" / "test_small.py").write_text(TESTS)
    notebook = new_notebook(cells=[new_code_cell(ON_THE_SAMPLE, execution_count=1)])
    for name in ("notebooks/01_small.ipynb", "notebooks/solutions/01_small.ipynb"):
        nbformat.write(notebook, project / name)
    return project


def run(project, *command, cwd=None, **variables):
    """Run a command there, with no network and nobody's cache; return its exit status and what it said."""
    theirs = ("PYTEST_", "MNIST_")  # what steers the tests that run this one
    environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    names = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "KERAS_HOME", "TMPDIR", "TEMP")
    environment |= dict.fromkeys(names, str(project.parent))
    environment |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    environment |= {"PYTHONPATH": str(project), **variables}
    command = [sys.executable, *(command or ["-m", "pytest"])]
    finished = subprocess.run(
        command,
        cwd=cwd or project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return finished.returncode, finished.stdout


def test_tests_and_all_notebooks_run_on_the_sample_whatever_is_set(project):
    status, output = run(project, "-c", COMMAND, MNIST_SOURCE="mnist", MNIST_PATH="nowhere.npz")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "set up: tests/requirements.txt" in output and "slowest 10 durations" in output
    assert "FAILED tests/test_small.py::test_wrong" in output
    assert "1 failed, 3 passed, 2 skipped" in output  # one quick test, a lesson, a solution
    assert "slow: course.py test --all" in output and "needs the real MNIST: course.py test --full" in output


def test_a_plain_pytest_runs_the_same(project):
    assert "1 failed, 3 passed, 2 skipped" in run(project)[1]


def test_other_arguments_go_to_pytest_and_a_path_replaces_the_usual_ones(project):
    arguments = ("--all", "-n0", "-k", "slow or quick", "test_small.py")
    status, output = run(project, "-c", COMMAND, *arguments, cwd=project / "tests")
    assert status == 0 and "2 passed, 2 deselected" in output and "01_small" not in output, output


def test_full_stops_at_once_when_mnist_cannot_be_had(project):
    status, output = run(project, "-c", COMMAND, "--full")
    assert status == 1 and "refused: " in output and "test session starts" not in output
