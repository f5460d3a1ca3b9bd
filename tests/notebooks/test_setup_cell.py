"""The set-up cell, really executed: in child processes, as a notebook on Colab or Kaggle would.

A child has a stand-in google.colab module and none of the course's packages on its path. The address on
GitHub leads to a repository in a temporary folder; every other way out ends at a proxy that is not there.
"""

import os
import subprocess
import sys

import pytest

from tests.support.repositories import git, leads_to, needs_git, publish
from tools.lib.address import Address, course_address
from tools.lib.notebooks import lessons, read

ADDRESS = Address("some-school/digits", "2027")
CELL = ADDRESS.setup_cell()
COLAB = 'import sys, types; sys.modules["google.colab"] = types.ModuleType("colab")'
KAGGLE = 'import os; os.environ["KAGGLE_KERNEL_RUN_TYPE"] = "Interactive"'
LOOK = """
import mnist_helpers, os, sys
course = os.path.abspath("mnist-course")
assert mnist_helpers.__file__ == f"{course}/mnist_helpers/__init__.py", mnist_helpers.__file__
assert sys.path.count(course) == 1, sys.path
"""

pytestmark = [needs_git, pytest.mark.skipif(os.name == "nt", reason="Colab and Kaggle run Linux")]


@pytest.fixture(scope="session")
def github(tmp_path_factory):
    """A bare repository that holds the course."""
    folder = tmp_path_factory.mktemp("github") / "digits.git"
    return publish(folder, ADDRESS.branch, "course.py", "mnist_helpers", "tools")


@pytest.fixture
def notebook(tmp_path, github, monkeypatch):
    """A function that runs code in a new kernel, in the folder `content`, and returns the process."""
    folder = tmp_path / "content"
    folder.mkdir()
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE", raising=False)
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    def run(*code, repository=None):
        address = f"https://github.com/{ADDRESS.repository}"
        environment = {**os.environ, "LC_ALL": "C", **leads_to(address, repository or github.as_uri())}
        # -I -S: no site-packages, so that the course installed for these tests cannot help
        command = [sys.executable, "-I", "-S", "-B", "-c", "\n".join(code)]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
        )

    run.folder, run.course = folder, folder / "mnist-course"
    return run


def test_all_notebooks_have_the_same_short_cell():
    cell = course_address().setup_cell()
    assert len(cell.splitlines()) <= 8
    for path in lessons():
        (found,) = [cell for cell in read(path).cells if "setup" in cell.metadata.get("tags", [])]
        assert found.source == cell, f"{path.name}: type python3 course.py links"


@pytest.mark.parametrize("place", [COLAB, KAGGLE], ids=["Colab", "Kaggle"])
def test_an_empty_folder_gets_the_whole_course_and_only_once(notebook, place):
    assert notebook(place, CELL, CELL, LOOK).stderr == ""
    assert git(notebook.course, "status", "--porcelain").stdout == ""  # nothing is missing
    assert notebook(place, CELL, LOOK, repository="file:///gone").stderr == ""
    assert [path.name for path in notebook.folder.iterdir()] == ["mnist-course"]


def test_elsewhere_nothing_happens(notebook):
    assert notebook("import sys; before = [*sys.path]", CELL, "assert sys.path == before").stderr == ""
    assert not any(notebook.folder.iterdir())


def test_a_failing_clone_says_why_and_leaves_nothing(notebook):
    failed = notebook(COLAB, CELL, repository="https://nowhere.invalid").stderr
    assert "fatal: unable to access" in failed and "Is the internet on?" in failed
    assert not any(notebook.folder.iterdir())


@pytest.mark.parametrize("file", [".git/HEAD", "mnist_helpers/__init__.py"])
def test_what_another_notebook_fetches_or_a_killed_one_left_is_not_used_nor_overwritten(notebook, file):
    half = notebook.course / file
    half.parent.mkdir(parents=True)
    half.write_text("raise SystemExit('half a course was run')")
    failed = notebook(COLAB, CELL, LOOK).stderr
    assert "'mnist-course' already exists" in failed and "Rerun, or delete mnist-course." in failed
    assert [path for path in notebook.course.rglob("*") if path.is_file()] == [half]
