"""`course.py test --colab`: what a notebook finds there, what it doesn't, and which faults come to light."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import course
from tests.support.index import why_no_index
from tools.lib import shadow, test
from tools.lib.files import ROOT
from tools.lib.notebooks import lessons
from tools.lib.python import Python
from tools.maintain.colab import versions
from tools.maintain.links import Address

ADDRESS = Address("some-school/digits", "2027")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


# --- What is run --------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["--full", "--all"])
def test_it_is_not_mixed_with_other_runs(other, capsys):
    with pytest.raises(SystemExit):
        test.main(["--colab", other])
    assert "nothing else" in capsys.readouterr().err


def test_paths_and_pytest_s_options_reach_it_from_any_folder(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(shadow, "run", lambda arguments: asked.append(arguments) or 7)
    monkeypatch.setattr(course, "set_up", lambda extra: None)
    monkeypatch.chdir(tmp_path)
    name = lessons()[0].name
    assert test.main(["--colab", f"notebooks/{name}", "-x"]) == 7
    assert asked == [[*test.PROCESSES, str(ROOT / "notebooks" / name), "-x"]]


def test_without_a_path_every_lesson_and_solution_is_run():
    assert shadow.split(["-n", "2", "-x"]) == (lessons(), ["-n", "2", "-x"])


def test_a_folder_stands_for_its_notebooks_and_each_runs_once(tmp_path):
    for name in ("b.ipynb", "a.ipynb"):
        (tmp_path / name).touch()
    found, rest = shadow.split([str(tmp_path), "-v", f"{tmp_path / 'a.ipynb'}::Cell 3"])
    assert (found, rest) == ([tmp_path / "a.ipynb", tmp_path / "b.ipynb"], ["-v"])


def test_what_is_no_notebook_is_refused():
    with pytest.raises(SystemExit, match="test_shadow.py is none"):
        shadow.split([__file__])


def test_a_notebook_is_alone_in_its_folder_and_so_is_a_solution_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.setattr(shadow, "NOTEBOOKS", tmp_path / "notebooks")
    names = ["notebooks/01_a.ipynb", "notebooks/02_b.ipynb", "notebooks/solutions/01_a.ipynb"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    copies = [shadow.lay_out(tmp_path / name, tmp_path / "run") for name in names]
    assert [copy.read_text() for copy in copies] == names
    assert [shadow.place(copy) for copy in copies] == ["01_a", "02_b", "solutions-01_a"]
    assert all(list(copy.parent.iterdir()) == [copy] for copy in copies)


# --- The course as GitHub would hand it out -----------------------------------------------------------


def git(folder, *words):
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    finished = subprocess.run(
        ["git", *author, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return finished.stdout


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A working tree with a commit and, since then, every kind of change."""
    root = tmp_path / "the cöurse"
    root.mkdir()
    monkeypatch.setattr(shadow, "ROOT", root)
    for name in ("kept", "changed", "deleted", "kept.npz"):
        (root / name).write_text("committed")
    (root / ".gitignore").write_text("*.npz\nbuild/\n")
    git(root, "init", "--quiet")
    git(root, "add", "--force", ".")
    git(root, "commit", "--quiet", "-m", "A course")
    (root / "changed").write_text("since then")
    (root / "deleted").unlink()
    for name in ("new [1]", "neu: ö" if os.name != "nt" else "neu ö", "staged"):
        (root / name).write_text("since then")
    git(root, "add", "staged")
    (root / "mnist.npz").write_text("a cache")
    (root / "build").mkdir()
    (root / "build" / "page.html").write_text("made")
    return root


def cloned(bare, tmp_path):
    copy = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", "-b", "2027", bare.as_uri(), str(copy))
    return {path.name: path.read_text() for path in copy.iterdir() if path.name != ".git"}


@needs_git
def test_github_s_stand_in_has_the_working_tree_as_it_is(tree, tmp_path):
    files = cloned(shadow.publish(tmp_path / "a.git", "2027"), tmp_path)
    assert set(files) == {".gitignore", "kept", "changed", "kept.npz", "staged", "new [1]", "neu: ö"}
    assert files["kept"] == files["kept.npz"] == "committed"
    assert files["changed"] == files["staged"] == files["new [1]"] == "since then"


@needs_git
def test_the_course_s_own_repository_is_left_alone(tree, tmp_path, monkeypatch):
    before = {path: path.read_bytes() for path in (tree / ".git").rglob("*") if path.is_file()}
    monkeypatch.setenv("GIT_DIR", str(tree / ".git"))  # as in a hook
    monkeypatch.setenv("GIT_INDEX_FILE", str(tree / ".git" / "index"))
    shadow.publish(tmp_path / "a.git", "2027")
    assert {path: path.read_bytes() for path in (tree / ".git").rglob("*") if path.is_file()} == before


@needs_git
def test_a_course_that_came_as_a_zip_is_published_too(tree, tmp_path):
    shutil.rmtree(tree / ".git")
    files = cloned(shadow.publish(tmp_path / "a.git", "2027"), tmp_path)
    assert {"kept", "changed", "new [1]"} <= set(files)
    assert not {"mnist.npz", "build"} & set(files)


# --- What surrounds it --------------------------------------------------------------------------------


@needs_git
def test_nothing_of_this_computer_s_settings_is_passed_on(tmp_path, monkeypatch):
    for name in ("PYTHONPATH", "MNIST_PATH", "KERAS_HOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "GIT_DIR"):
        monkeypatch.setenv(name, "ours")
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ["PATH"]]))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org")
    python = Python(str(tmp_path / "venv" / "bin" / "python"), [3, 13, 0], "", True, "")
    environment = shadow.environment(tmp_path, python)
    assert "ours" not in environment.values()
    assert environment["HTTPS_PROXY"] == environment["https_proxy"] == shadow.DEAD_PROXY
    path = environment["PATH"].split(os.pathsep)
    assert path[0] == str(tmp_path / "venv" / "bin") and str(Path(sys.prefix) / "bin") not in path


LISTENS = (
    "import socket; s = socket.create_server(('127.0.0.1', 0)); t = socket.create_connection(s.getsockname())"
)
CONNECTS = "import socket; socket.create_connection(('127.0.0.1', {port}), 5)"


def test_behind_the_wall_a_kernel_can_be_spoken_to_and_nothing_outside():
    wall, told = shadow.isolation()
    if not wall:
        assert "dead proxies" in told
        pytest.skip("this system allows no network namespace")

    def runs(code):
        loopback = shadow.CALL.format(root=str(ROOT), call="raise_loopback()").replace("sys.exit", "")
        command = [*wall, sys.executable, "-c", f"{loopback}\n{code}"]
        return subprocess.run(command, capture_output=True).returncode == 0

    with socket.create_server(("127.0.0.1", 0)) as outside:
        port = outside.getsockname()[1]
        assert runs(LISTENS)
        assert not runs(CONNECTS.format(port=port))
        assert subprocess.run([sys.executable, "-c", CONNECTS.format(port=port)]).returncode == 0


def test_where_no_namespace_is_allowed_dead_proxies_are_and_the_report_says_so(tmp_path, monkeypatch):
    refuses = tmp_path / "unshare"
    refuses.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2; exit 1\n")
    refuses.chmod(0o755)
    monkeypatch.setattr(shadow.shutil, "which", lambda name: str(refuses))
    wall, told = shadow.isolation()
    assert wall == [] and "dead proxies" in told


# --- The environment with Colab's packages ------------------------------------------------------------


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An environment for a list that names no package: quick to build."""
    file = tmp_path / "versions.txt"
    file.write_text(f"# read: today\n# from: here\n# python: 3.{sys.version_info.minor}\n")
    monkeypatch.setattr(shadow, "FILE", file)
    monkeypatch.setattr(shadow, "versions", lambda: versions(file))
    monkeypatch.setattr(shadow, "SHADOW", tmp_path)
    monkeypatch.setattr(shadow, "VENV", tmp_path / "venv")
    monkeypatch.setattr(shadow, "READY", tmp_path / "ready.json")
    monkeypatch.setattr(course, "BUILD", tmp_path)
    return file


@pytest.mark.slow
def test_the_environment_is_built_once_and_again_when_the_list_or_a_package_changes(empty):
    def is_built_anew():
        mark = shadow.VENV / "mark"
        there = mark.exists()
        assert Path(shadow.prepare().path).is_relative_to(shadow.VENV)
        built = there and not mark.exists()
        mark.touch()
        return built

    assert not is_built_anew()
    assert not is_built_anew()
    empty.write_text(f"{empty.read_text()}\n")
    assert is_built_anew()
    record = next(Path(shadow.site_packages()[0]).glob("pip-*.dist-info/RECORD"))
    record.write_text(f"{record.read_text()}\n")
    assert is_built_anew()


@pytest.mark.slow
def test_an_environment_that_cannot_be_built_is_never_taken_for_one(empty, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    empty.write_text(f"{empty.read_text()}no-such-package==1\n")
    for _ in range(2):
        with pytest.raises(SystemExit, match="could not be built"):
            shadow.prepare()
    assert not shadow.READY.exists()


@pytest.mark.parametrize(
    "minors, taken",
    [([11, 13, 12], 13), ([11, 12], 12), ([11], 11), ([14, 11], 11)],
)
def test_the_python_nearest_to_colab_s_is_taken_and_another_is_named(minors, taken, monkeypatch, capsys):
    kind = "CPython linux-x86_64"
    answers = {f"python3.{minor}": Python("", [3, minor, 1], kind, True, "") for minor in minors}
    monkeypatch.setattr(shadow, "candidates", lambda: [["broken"], *([name] for name in answers)])
    monkeypatch.setattr(shadow, "ask", answers.get)
    assert shadow.nearest("3.13", uv=None).version[1] == taken
    assert ("Colab has Python 3.13, which is not here" in capsys.readouterr().out) == (taken != 13)


def test_a_python_that_pyenv_has_but_not_switched_on_is_found(tmp_path, monkeypatch):
    python = tmp_path / "versions" / "3.13.2" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.touch()
    shim = str(tmp_path / "shims" / "python3.13")  # which fails
    answers = {
        "python3.12": Python("", [3, 12, 1], "CPython linux-x86_64", True, ""),
        str(python): Python("", [3, 13, 2], "CPython linux-x86_64", True, ""),
    }
    monkeypatch.setattr(shadow, "candidates", lambda: [[shim], ["python3.12"]])
    monkeypatch.setattr(shadow, "ask", answers.get)
    assert shadow.nearest("3.13", uv=None).version == [3, 13, 2]


# --- The whole, with notebooks that are sound and notebooks that are broken on purpose ----------------


def set_up():
    published = shadow.tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
    return Address(**published)


LOADS = """
from mnist_helpers import data
(train_images, train_labels), _ = data.load_mnist()
assert 0 < len(train_images) < 60000
"""
AS_ON_COLAB = """
import os, sys, urllib.request
import numpy as np
assert "google.colab" in sys.modules and np.__version__ == "{numpy}"
assert sorted(os.listdir(".")) == ["as_on_colab.ipynb", "mnist-course"]
assert os.listdir(os.path.expanduser("~")) == ["content"]
assert data.__file__.startswith(os.getcwd())
try:
    urllib.request.urlopen("https://github.com", timeout=10)
except OSError:
    pass
else:
    raise AssertionError("the network is there")
"""
# A private repository: a teacher has handed out the zip that GitHub makes, or a folder in Drive.
TAKES = """
import glob, os, subprocess
clone = ["git", "clone", "-q", "-b", "{address.branch}", "https://github.com/{address.repository}"]
subprocess.run([*clone, "{folder}"], check=True)
os.environ["GIT_CONFIG_COUNT"] = "0"
assert subprocess.run([*clone, "nothing"]).returncode
"""
ZIPS = """
zipped = ["--format=zip", "--prefix=mnist-course-main/", "-o", os.path.abspath("mnist-course-main.zip")]
subprocess.run(["git", "-C", "../repository", "archive", *zipped, "HEAD"], check=True)
"""
MOUNTS = """
glob.glob, real = lambda where, **more: real(where.replace("/content/drive", "../drive"), **more), glob.glob
"""
LEFT_BEHIND = """
import pathlib, sysconfig
folder = pathlib.Path(sysconfig.get_path("purelib")) / "left_behind-1.0.dist-info"
folder.mkdir()
(folder / "RECORD").touch()
"""


def sound():
    """Return the notebooks that must run: name → cells."""
    address = set_up()
    cell = address.setup_cell()
    drive = "../drive/MyDrive/digits for class 7b"
    return {
        "as_on_colab": [cell, LOADS, AS_ON_COLAB.format(numpy=versions().packages["numpy"])],
        "from_a_zip": [
            TAKES.format(address=address, folder="../repository") + ZIPS,
            cell,
            LOADS + "assert data.__file__.startswith(os.path.abspath('mnist-course'))",
        ],
        "from_a_drive": [
            TAKES.format(address=address, folder=drive) + MOUNTS,
            cell,
            LOADS + f"assert data.__file__.startswith(os.path.abspath({drive!r}))",
            "assert os.listdir('.') == ['from_a_drive.ipynb']",
        ],
        "writes_a_file": ["import numpy as np\nnp.save('weights.npy', np.ones(3))"],
    }


def broken():
    """Return the notebooks that run in the course's own folder, but not on Colab: name → cells, complaint."""
    cell = set_up().setup_cell()
    return {
        "helper_not_fetched": (
            ["from mnist_helpers.data import load_mnist"],
            "No module named 'mnist_helpers'",
        ),
        "package_missing_on_colab": ([cell, LOADS, "import nbval"], "No module named 'nbval'"),
        "newer_than_colab": (
            [cell, "import numpy as np\nnp.matvec(np.eye(3), np.ones(3))"],  # since NumPy 2.2
            "has no attribute 'matvec'",
        ),
        "relative_path": ([cell, "open('../README.md').read()"], "No such file or directory: '../README.md'"),
        "x_reads_another_s_file": (  # named so that it comes after "writes_a_file"
            [cell, "import numpy as np\nnp.load('weights.npy')"],
            "No such file or directory: 'weights.npy'",
        ),
    }


def write(folder, notebooks):
    folder.mkdir(parents=True)
    for name, cells in notebooks.items():
        notebook = new_notebook(cells=[new_code_cell(cell.strip(), execution_count=1) for cell in cells])
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return [str(folder / f"{name}.ipynb") for name in notebooks]


def run_shadow(*paths):
    """Run course.py test --colab; its set-up has tests of its own."""
    program = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import course
course.set_up = lambda extra: None
from tools import test
sys.exit(test.main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", program, "--colab", "-n0", *paths]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return finished.returncode, finished.stdout


@pytest.fixture(scope="module")
def built():
    """Colab's environment, which the first test of all builds in minutes."""
    try:
        shadow.prepare()
    except SystemExit:
        if reason := why_no_index(shadow.python_of(shadow.VENV)):
            pytest.skip(f"Google Colab's environment can't be built: {reason}")
        raise


@pytest.fixture(scope="module")
def report(built, tmp_path_factory):
    """What the shadow says about all these notebooks, and its exit status: one run, for it takes a minute."""
    cells = {name: cells for name, (cells, _) in broken().items()} | sound()
    cells |= {
        "a_failing_command": ["!exit 3"],
        "left_out": ["# NBVAL_SKIP\n1 / 0"],
        "installs": [LEFT_BEHIND],
    }
    try:
        return run_shadow(*write(tmp_path_factory.mktemp("shadow") / "notebooks", cells))
    finally:
        for folder in shadow.site_packages():
            shutil.rmtree(Path(folder) / "left_behind-1.0.dist-info", ignore_errors=True)


def verdict(name, text):
    (found,) = re.findall(rf"^  {name} +(.*), \d+ s$", text, re.MULTILINE)
    return found


@pytest.mark.slow
@needs_git
@pytest.mark.parametrize("name", sound())
def test_a_sound_lesson_passes(name, report):
    assert verdict(name, report[1]) == f"{len(sound()[name])} cells ran", report[1]


@pytest.mark.slow
@needs_git
@pytest.mark.parametrize("name", broken())
def test_a_lesson_that_colab_would_break_fails(name, report):
    assert verdict(name, report[1]).startswith("FAILED: 1 failed"), report[1]
    assert broken()[name][1] in report[1]


@pytest.mark.slow
@needs_git
def test_at_home_the_same_lessons_pass(tmp_path):
    """So it is not for any other fault that they fail in the shadow."""
    (tmp_path / "README.md").touch()
    notebooks = {"writes_a_file": sound()["writes_a_file"]}
    notebooks |= {name: cells for name, (cells, _) in broken().items()}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    finished = subprocess.run(
        [*command, *write(tmp_path / "notebooks", notebooks)],
        cwd=tmp_path,
        env=environment | {"MNIST_SOURCE": "sample"},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout


@pytest.mark.slow
@needs_git
def test_the_run_fails_as_a_whole_and_says_on_what_it_ran(report):
    status, said = report
    assert status == pytest.ExitCode.TESTS_FAILED
    known = versions()
    assert f"numpy {known.packages['numpy']}" in said and known.date in said
    assert f"Network: {shadow.isolation()[1]}." in said
    assert "notebooks run on: OFFLINE SAMPLE" in said


@pytest.mark.slow
@needs_git
def test_failing_commands_cells_left_out_and_changed_packages_are_noticed(report):
    assert verdict("a_failing_command", report[1]) == "FAILED: 1 failed", report[1]
    assert verdict("left_out", report[1]) == "FAILED: 1 skipped"
    assert verdict("installs", report[1]) == "1 cells ran"
    assert "FAILED: these packages are not what they were before: left_behind-1.0.dist-info." in report[1]
