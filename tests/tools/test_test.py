"""`course.py test`: what it runs, on which digits, and what it says at the end."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import test
from tools.lib.files import ROOT

# The set-up has tests of its own; here, the packages are there.
COMMAND = """
import sys
import course
course.set_up = lambda extra: print("set up:", *extra)
from tools import test
sys.exit(test.main(sys.argv[1:]))
"""
ON_THE_SAMPLE = """
from mnist_helpers.data import load_mnist
(train_images, _), _ = load_mnist()
assert len(train_images) < 60000
"""
TESTS = """
import pytest

def test_quick():
    pass

def test_wrong():
    assert "a" == "b"

@pytest.mark.slow
def test_slow():
    pass
"""


@pytest.fixture
def project(tmp_path):
    """A small copy of the course in a folder with a space: three tests, one of them fails, a notebook."""
    project = tmp_path / "the course"
    for folder in ("mnist_helpers", "tools"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "tests").mkdir()
    for file in ("conftest.py", "course.py", "pyproject.toml", "tests/nbval_guard.py"):
        shutil.copy(ROOT / file, project / file)
    (project / "tests" / "test_small.py").write_text(TESTS)
    for name in ("notebooks/01_small.ipynb", "notebooks/solutions/01_small.ipynb"):
        (project / name).parent.mkdir(exist_ok=True)
        cells = [new_code_cell(ON_THE_SAMPLE, execution_count=1)]
        nbformat.write(new_notebook(cells=cells), project / name)
    return project


def run(project, *arguments, cwd=None, **variables):
    home = project.parent / "home"
    home.mkdir(exist_ok=True)
    theirs = ("PYTEST_", "MNIST_")  # what steers the tests that run this one
    environment = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    names = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "KERAS_HOME", "TMPDIR", "TEMP")
    environment |= dict.fromkeys(names, str(home))
    environment |= dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    environment["PYTHONSAFEPATH"] = "1"
    program = f"import sys; sys.path.insert(0, {str(project)!r})\n{COMMAND}"
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd or project,
        env=environment | variables,
        capture_output=True,
        text=True,
    )
    return finished.returncode, finished.stdout + finished.stderr


def test_tests_and_all_notebooks_run_at_once_on_the_sample_whatever_is_set(project):
    status, output = run(project, MNIST_SOURCE="mnist", MNIST_PATH="nowhere.npz")
    assert status == pytest.ExitCode.TESTS_FAILED
    assert "set up: tests/requirements.txt" in output
    assert "2 workers" in output and "notebooks run on: OFFLINE SAMPLE, not MNIST" in output
    assert "FAILED tests/test_small.py::test_wrong" in output
    assert "1 failed, 3 passed, 1 skipped" in output  # one quick test, a lesson, a solution
    assert "slowest 10 durations" in output
    assert "SKIPPED [1] tests/test_small.py:10: slow: course.py test --all" in output


def test_other_arguments_go_to_pytest_and_a_path_replaces_the_usual_ones(project):
    shutil.rmtree(project / "notebooks" / "solutions")
    arguments = ("--all", "-n0", "-v", "-k", "slow or quick", "test_small.py")
    status, output = run(project, *arguments, cwd=project / "tests")
    assert status == 0, output
    assert "2 passed" in output and "01_small" not in output


def test_full_stops_at_once_when_mnist_cannot_be_had(project):
    status, output = run(project, "--full")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "the data for the notebooks can't be had" in output
    assert "test session starts" not in output and "Traceback" not in output


@pytest.mark.parametrize(
    "arguments, paths",
    [
        ([], 0),
        (["-x", "--lf"], 0),
        (["tests"], 1),
        (["tests/test_test.py::test_x[a::b]", "notebooks"], 2),
        (["-k", "tests"], 0),
        (["-k", "tests", "tests"], 1),
        (["--ignore=tests"], 0),
        (["nowhere.py"], 0),
    ],
)
def test_paths_among_the_arguments_are_recognised(arguments, paths, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    resolved, count = test.with_absolute_paths(arguments)
    assert count == paths
    assert [argument.replace(f"{ROOT}{os.sep}", "") for argument in resolved] == arguments
