"""`course.py test --colab`: what a notebook finds there, what it doesn't, and which faults come to light."""

import socket
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.index import why_no_index
from tests.support.repositories import git, needs_git
from tools.lib import shadow
from tools.lib.address import course_address
from tools.lib.colab_versions import versions
from tools.lib.files import Problem

pytestmark = needs_git
AS_ON_COLAB = f"""
import os, sys, urllib.request
import numpy as np
from mnist_helpers.data import load_mnist
assert "google.colab" in sys.modules and np.__version__ == "{versions().packages["numpy"]}"
assert sorted(os.listdir(".")) == ["as_on_colab.ipynb", "mnist-course"]
assert os.path.exists(os.path.expanduser("~")) and "ours" not in os.environ.values()
assert sys.modules["mnist_helpers"].__file__.startswith(os.getcwd())
assert len(load_mnist()[0][0]) < 60_000
try:
    urllib.request.urlopen("http://127.0.0.1:PORT", timeout=10)
except OSError:
    print("no network")
else:
    raise AssertionError("the network is there")
"""
# A notebook's cells, and what the report says of it. All of them would run in the course's own folder.
NOTEBOOKS = {
    "as_on_colab": ([course_address().setup_cell(), AS_ON_COLAB], "ran"),
    "helper_not_fetched": (["from mnist_helpers.data import load_mnist"], "No module named 'mnist_helpers'"),
    "newer_than_colab": (["import numpy as np\nnp.matvec(np.eye(3), np.ones(3))"], "no attribute 'matvec'"),
    "relative_path": (["open('../README.md').read()"], "No such file or directory: '../README.md'"),
}


def test_what_is_no_notebook_is_refused():
    with pytest.raises(Problem, match="paths of notebooks and nothing else: got .*test_shadow.py"):
        shadow.run([__file__])


def test_github_s_stand_in_has_the_working_tree_without_what_git_ignores(tmp_path, monkeypatch):
    tree = tmp_path / "the cöurse"
    (tree / "build").mkdir(parents=True)
    for name in ("new [1]", "mnist.npz", "build/page.html"):
        (tree / name).write_text("a")
    (tree / ".gitignore").write_text("*.npz\nbuild/\n")
    monkeypatch.setattr(shadow, "ROOT", tree)
    shadow.publish(tmp_path / "github.git")
    git(tmp_path, "clone", "-b", course_address().branch, (tmp_path / "github.git").as_uri(), "clone")
    assert {path.name for path in (tmp_path / "clone").iterdir()} == {".git", ".gitignore", "new [1]"}


def test_the_links_page_tells_a_class_of_a_zip_a_drive_and_a_data_set():
    # Each is tried by `course.py test --colab`, with the first lesson.
    assert [line.split()[0] for line in shadow.ways().values()] == ["!python", "!ln", "!ln"]


@pytest.mark.slow
def test_an_environment_that_cannot_be_built_is_never_taken_for_one(tmp_path, monkeypatch):
    (tmp_path / "list").write_text("no-such-package-at-all==1\n")
    for name, value in {"FILE": "list", "VENV": "venv", "READY": "ready"}.items():
        monkeypatch.setattr(shadow, name, tmp_path / value)
    for _ in range(2):
        with pytest.raises(Problem, match="could not be built"):
            shadow.prepare()


@pytest.mark.slow
def test_sound_lessons_pass_and_what_colab_would_break_fails(tmp_path, monkeypatch, capfd):
    if reason := why_no_index(sys.executable):
        pytest.skip(f"Google Colab's environment can't be built: {reason}")
    shadow.prepare()
    for name in ("PYTHONPATH", "MNIST_PATH", "KERAS_HOME", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "ours")
    with socket.create_server(("127.0.0.1", 0)) as outside:
        for name, (sources, _) in NOTEBOOKS.items():
            sources = [source.replace("PORT", str(outside.getsockname()[1])) for source in sources]
            cells = [new_code_cell(source.strip()) for source in sources]
            nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        assert shadow.run([str(tmp_path / f"{name}.ipynb") for name in NOTEBOOKS]) == 1
    said = capfd.readouterr().out
    assert f"Network: {shadow.isolation()[1]}." in said
    for name, (_, expected) in NOTEBOOKS.items():
        report = said.partition(f"\n  {name} ")[2].partition(" s  ")[2].partition(" s  ")[0]
        assert expected in report and report.startswith("FAILED") == (expected != "ran"), said
