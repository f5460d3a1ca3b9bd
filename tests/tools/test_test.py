"""`course.py test` and plain pytest: what they run, on which digits, and what they say at the end."""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools import test
from tools.lib.files import ROOT
from tools.lib.kernel import Data

ON_THE_SAMPLE = 'import os\nassert os.environ["MNIST_SOURCE"] == "sample"'
TESTS = """
import pytest
def test_quick(): pass
@pytest.mark.slow
def test_slow(): pass
@pytest.mark.mnist
def test_real(): pass
"""


def test_pytest_runs_the_tests_and_all_notebooks_on_the_sample_and_lists_what_it_leaves_out(tmp_path):
    left_out = shutil.ignore_patterns(".*", "build", "work", "tests", "notebooks", "__pycache__")
    shutil.copytree(ROOT, tmp_path, ignore=left_out, dirs_exist_ok=True)
    for name in ("tests/test_small.py", "notebooks/01_small.ipynb", "notebooks/solutions/01_small.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=[new_code_cell(ON_THE_SAMPLE)]), tmp_path / name)
    (tmp_path / "tests" / "test_small.py").write_text(TESTS)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "MNIST"))}
    said = subprocess.run([sys.executable, "-m", "pytest"], cwd=tmp_path, env=env, capture_output=True).stdout
    parts = ("3 passed, 2 skipped", "slowest 10 durations", "course.py test --all", "course.py test --full")
    assert all(part in said.decode() for part in parts), said.decode()


def test_the_digits_are_found_first_and_other_arguments_go_to_pytest(monkeypatch):
    asked = []
    monkeypatch.chdir(ROOT / "tests")
    monkeypatch.setattr(os, "environ", {"MNIST_PATH": "of/the/shell.npz"})
    monkeypatch.setattr(test, "set_up", lambda extra: None)
    monkeypatch.setattr(test, "resolve_data", lambda of: Data("", {"MNIST_SOURCE": of}, of == "sample"))
    monkeypatch.setattr(pytest, "main", lambda words: asked.append([*os.environ.values(), *words]) or 0)
    assert test.main(["--full", "--all", "-k", "x", "test_house.py::test_x"]) == test.main([]) == 0
    path = str(ROOT / "tests" / "test_house.py::test_x")
    assert asked == [["1", "mnist", "-n", "2", "--slow", "-k", "x", path], ["1", "sample", "-n", "2"]]
