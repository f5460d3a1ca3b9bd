"""`course.py test --colab`: what a notebook finds there, what it doesn't, and which faults come to light."""

import shutil
import socket
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.index import why_no_index
from tools.lib import shadow
from tools.lib.address import course_address
from tools.lib.colab_versions import versions
from tools.lib.files import Problem
from tools.lib.notebooks import lessons, read

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
SET_UP = next(cell.source for cell in read(lessons()[0]).cells if cell.cell_type == "code")


def git(folder, *words):
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True)


def test_what_is_no_notebook_is_refused():
    with pytest.raises(Problem, match="paths of notebooks and nothing else: got .*test_shadow.py"):
        shadow.run([__file__])


def test_github_s_stand_in_has_the_working_tree_and_the_course_s_own_repository_is_left_alone(
    tmp_path, monkeypatch
):
    tree = tmp_path / "the cöurse"
    (tree / "build").mkdir(parents=True)
    for name, text in {".gitignore": "*.npz\nbuild/\n", "changed": "a", "deleted": "a"}.items():
        (tree / name).write_text(text)
    git(tree, "init", "--quiet")
    git(tree, "add", ".")
    git(tree, "commit", "--quiet", "-m", "A course")
    for name in ("changed", "new [1]", "mnist.npz", "build/page.html"):
        (tree / name).write_text("since then")
    (tree / "deleted").unlink()
    monkeypatch.setattr(shadow, "ROOT", tree)
    monkeypatch.setenv("GIT_DIR", str(tree / ".git"))  # as in a hook
    before = {path: path.read_bytes() for path in (tree / ".git").rglob("*") if path.is_file()}
    shadow.publish(tmp_path / "github.git")
    assert {path: path.read_bytes() for path in (tree / ".git").rglob("*") if path.is_file()} == before
    monkeypatch.delenv("GIT_DIR")
    git(tmp_path, "clone", "-b", course_address().branch, (tmp_path / "github.git").as_uri(), "clone")
    files = {path.name: path.read_text() for path in (tmp_path / "clone").iterdir() if path.name != ".git"}
    assert files == {".gitignore": "*.npz\nbuild/\n", "changed": "since then", "new [1]": "since then"}


def test_where_no_namespace_is_allowed_dead_proxies_are_and_the_report_says_so(tmp_path, monkeypatch):
    (tmp_path / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shadow.isolation()[0][0] == sys.executable and "dead proxies" in shadow.isolation()[1]


@pytest.mark.slow
def test_an_environment_that_cannot_be_built_is_never_taken_for_one(tmp_path, monkeypatch):
    (tmp_path / "list").write_text("no-such-package-at-all==1\n")
    for name, value in {"FILE": "list", "VENV": "venv", "READY": "ready.json"}.items():
        monkeypatch.setattr(shadow, name, tmp_path / value)
    for _ in range(2):
        with pytest.raises(Problem, match="could not be built"):
            shadow.prepare()
    assert not shadow.READY.exists()


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
LEAVES_SOMETHING = """
import pathlib, sysconfig
folder = pathlib.Path(sysconfig.get_path("purelib")) / "left_behind-1.0.dist-info"
folder.mkdir()
(folder / "RECORD").touch()
"""
# A notebook's cells, and what the report says of it. All of them would run in the course's own folder.
NOTEBOOKS = {
    "as_on_colab": ([SET_UP, AS_ON_COLAB], "2 cells ran"),
    "helper_not_fetched": (["from mnist_helpers.data import load_mnist"], "No module named 'mnist_helpers'"),
    "missing_on_colab": (["import nbval"], "No module named 'nbval'"),
    "newer_than_colab": (["import numpy as np\nnp.matvec(np.eye(3), np.ones(3))"], "no attribute 'matvec'"),
    "relative_path": (["open('../README.md').read()"], "No such file or directory: '../README.md'"),
    "installs": ([LEAVES_SOMETHING], "1 cells ran"),
}


@pytest.mark.slow
def test_sound_lessons_pass_and_what_colab_would_break_fails(tmp_path, monkeypatch, capfd):
    try:
        shadow.prepare()
    except Problem:
        if reason := why_no_index(sys.executable):
            pytest.skip(f"Google Colab's environment can't be built: {reason}")
        raise
    for name in ("PYTHONPATH", "MNIST_PATH", "KERAS_HOME", "GIT_DIR", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "ours")
    with socket.create_server(("127.0.0.1", 0)) as outside:
        for name, (sources, _) in NOTEBOOKS.items():
            sources = [source.replace("PORT", str(outside.getsockname()[1])) for source in sources]
            cells = [new_code_cell(source.strip()) for source in sources]
            nbformat.write(new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
        try:
            assert shadow.run([str(tmp_path / f"{name}.ipynb") for name in NOTEBOOKS]) == 1
        finally:
            for left in shadow.VENV.rglob("left_behind-1.0.dist-info"):
                shutil.rmtree(left)
    said = capfd.readouterr().out
    network = shadow.isolation()[1]
    assert f"numpy {versions().packages['numpy']}" in said and f"Network: {network}." in said
    reports = dict(zip(NOTEBOOKS, said.split(f"{network}.")[1].split(" s  ")[1:], strict=True))
    for name, (_, expected) in NOTEBOOKS.items():
        assert expected in reports[name], reports[name]
        assert reports[name].startswith("FAILED") == ("ran" not in expected)
    assert "not what they were before: left_behind-1.0.dist-info." in said
