"""The set-up cell, really executed: in child processes, as a notebook on Colab or Kaggle would.

A child has a stand-in google.colab module and none of the course's packages on its path. The address on
GitHub is mapped by git's own configuration to a repository in a temporary folder; every other way out
leads to a proxy that does not exist.
"""

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from tools.maintain.links import ROOT, Address

ADDRESS = Address("some-school/digits", "2027")
URL = f"https://github.com/{ADDRESS.repository}"
HELPERS = "mnist_helpers/__init__.py"
DRIVE, KAGGLE = "/content/drive/MyDrive", "/kaggle/input"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
posix_only = pytest.mark.skipif(os.name == "nt", reason="the stand-in for git is a shell script")

CHILD = """
import json, os, sys, types
sys.path.insert(0, "")  # as a kernel has it
if {colab}:
    sys.modules["google"], sys.modules["google.colab"] = types.ModuleType("google"), types.ModuleType("colab")
{first}
cell, before = open({cell!r}, encoding="utf-8").read(), list(sys.path)
names = {{}}
for folder in {folders}:
    os.chdir(folder)
    exec(compile(cell, "set-up cell", "exec"), names)
added = [entry for entry in sys.path if entry not in before]
imported = None
if {imports}:
    import mnist_helpers
    imported = mnist_helpers.__file__
with open({report!r}, "w") as file:
    json.dump({{"added": added, "length": len(sys.path) - len(before), "imported": imported}}, file)
"""


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A copy of the course's files."""
    folder = tmp_path_factory.mktemp("course") / "files"
    left_out = shutil.ignore_patterns(
        ".git", ".venv", "build", "work", "__pycache__", ".*_cache", "*.egg-info", "node_modules"
    )
    return shutil.copytree(ROOT, folder, ignore=left_out)


@pytest.fixture(scope="session")
def repository(course, tmp_path_factory):
    """A bare repository that holds the course on the branch 2027."""
    bare = tmp_path_factory.mktemp("github") / "digits.git"
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    git += ["--git-dir", str(bare), "--work-tree", str(course)]
    for command in (
        ["init", "--quiet"],
        ["symbolic-ref", "HEAD", f"refs/heads/{ADDRESS.branch}"],
        ["add", "--all"],
        ["commit", "--quiet", "-m", "The course"],
        ["config", "core.bare", "true"],
    ):
        subprocess.run([*git, *command], check=True, capture_output=True)
    return bare


@pytest.fixture(scope="session")
def committed(repository):
    """The names of the course's files."""
    git = ["git", "--git-dir", str(repository), "-c", "core.quotePath=false"]
    answer = subprocess.run([*git, "ls-tree", "-r", "--name-only", "HEAD"], check=True, capture_output=True)
    return set(answer.stdout.decode("utf-8").splitlines())


def files_below(folder):
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(".git/")}


class Notebook:
    """A folder in which the set-up cell is run, each time in a new process."""

    def __init__(self, tmp_path, repository):
        self.outside, self.folder = tmp_path / "outside", tmp_path / "content"
        self.outside.mkdir()
        self.folder.mkdir()
        self.drive, self.kaggle = tmp_path / "drive" / "MyDrive", tmp_path / "kaggle" / "input"
        self.report = self.outside / "report.json"
        self.mapped_to = repository.as_uri()
        self.environment = {
            **{key: value for key, value in os.environ.items() if key != "KAGGLE_KERNEL_RUN_TYPE"},
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
            **dict.fromkeys(("https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:9"),
            **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1"),
        }

    def command(self, colab=True, folders=(".",), imports=True, address=ADDRESS, first=""):
        cell = address.setup_cell()
        for path, stand_in in ((DRIVE, self.drive), (KAGGLE, self.kaggle)):
            assert cell.count(path) == 1
            cell = cell.replace(path, stand_in.as_posix())
        file = self.outside / "cell.py"
        if not file.exists() or file.read_text(encoding="utf-8") != cell:  # another child may be reading it
            file.write_text(cell, encoding="utf-8")
        files = {"cell": str(file), "report": str(self.report)}
        folders = [str(path) for path in folders]
        child = CHILD.format(colab=colab, folders=folders, imports=imports, first=first, **files)
        # -I -S: no site-packages, so that the course installed for these tests cannot help
        return [sys.executable, "-I", "-S", "-B", "-c", child]

    def variables(self, **more):
        mapping = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{self.mapped_to}.insteadOf",
            "GIT_CONFIG_VALUE_0": URL,
        }
        return self.environment | (mapping if self.mapped_to else {}) | more

    def run(self, variables=None, folder=None, **options):
        self.report.unlink(missing_ok=True)
        return subprocess.run(
            self.command(**options),
            cwd=folder or self.folder,
            env=self.variables(**(variables or {})),
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,  # a kernel has no terminal either, on which git could ask for a password
        )

    def start(self, variables):
        return subprocess.Popen(
            self.command(),
            cwd=self.folder,
            env=self.variables(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def succeeds(self, **options):
        finished = self.run(**options)
        assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
        return json.loads(self.report.read_text())

    def cut_off(self):
        self.mapped_to = None

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def notebook(tmp_path, repository):
    return Notebook(tmp_path, repository)


def test_colab_gets_the_whole_course_in_an_empty_folder(notebook, committed):
    report = notebook.succeeds()
    fetched = notebook.folder / "mnist-course"
    assert Path(report["imported"]) == fetched / HELPERS
    assert report["added"] == [str(fetched)]
    assert notebook.files() == ["mnist-course"]
    assert files_below(fetched) == committed


def test_kaggle_gets_the_course_too(notebook):
    report = notebook.succeeds(colab=False, variables={"KAGGLE_KERNEL_RUN_TYPE": "Interactive"})
    assert Path(report["imported"]) == notebook.folder / "mnist-course" / HELPERS


def test_a_second_notebook_uses_what_the_first_one_fetched(notebook):
    first = notebook.succeeds()
    notebook.cut_off()
    assert notebook.succeeds() == first
    assert notebook.files() == ["mnist-course"]


def test_running_the_cell_twice_adds_one_entry_to_the_path(notebook):
    assert notebook.succeeds(folders=[".", "."])["length"] == 1


def test_a_change_of_folder_does_not_fetch_the_course_again(notebook):
    elsewhere = notebook.outside / "elsewhere"
    elsewhere.mkdir()
    assert notebook.succeeds(folders=[".", elsewhere])["length"] == 1
    assert list(elsewhere.iterdir()) == []


def test_elsewhere_nothing_happens(notebook):
    notebook.cut_off()
    report = notebook.succeeds(colab=False, imports=False)
    assert report == {"added": [], "length": 0, "imported": None}
    assert notebook.files() == []


@pytest.mark.parametrize(
    ("lies_in", "run_in"),
    [
        pytest.param("content", "content", id="this folder"),
        pytest.param("content", "content/notebooks", id="the folder above, from a lesson"),
        pytest.param("content", "content/notebooks/solutions", id="two above, from a solution"),
        pytest.param("content/mnist-course-main", "content", id="a folder in this one, unpacked by hand"),
        pytest.param("drive/MyDrive/digits for class 7b", "content", id="a mounted Drive"),
        pytest.param("kaggle/input/the-course", "content", id="a data set on Kaggle"),
        pytest.param("kaggle/input/datasets/ms-lee/the-course/main", "content", id="a data set, deeper"),
    ],
)
def test_a_course_folder_that_is_there_is_used(notebook, tmp_path, course, lies_in, run_in):
    shutil.copytree(course, tmp_path / lies_in, dirs_exist_ok=True)
    (tmp_path / run_in).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("*"))
    report = notebook.succeeds(folder=tmp_path / run_in)  # git could fetch it, too
    assert Path(report["imported"]).resolve() == tmp_path / lies_in / HELPERS
    assert set(sorted(tmp_path.rglob("*"))) - set(before) <= {notebook.report, notebook.outside / "cell.py"}


def write_zip(path, course, inside, extra=()):
    with zipfile.ZipFile(path, "w") as file:
        for name in extra:
            file.writestr(name, b"\0\5\x16\7")
        for source in sorted((course / "mnist_helpers").glob("*.py")):
            file.write(source, f"{inside}mnist_helpers/{source.name}")
        file.writestr(f"{inside}notebooks/01_loading.ipynb", "{}")


@pytest.mark.parametrize(
    ("name", "inside", "extra"),
    [
        pytest.param("mnist-course-main.zip", "mnist-course-main/", (), id="GitHub's"),
        pytest.param("Digits 2027 (1).zip", "", (), id="packed without a folder"),
        pytest.param("a.zip", "digits/", ("__MACOSX/digits/mnist_helpers/.___init__.py",), id="a Mac's"),
        pytest.param("a.zip", "digits/", ("../outside/escaped", "/escaped"), id="with paths that lead out"),
    ],
)
def test_a_zip_of_the_course_is_unpacked_once(notebook, course, name, inside, extra):
    notebook.cut_off()
    write_zip(notebook.folder / name, course, inside, extra)
    (notebook.folder / "0 holiday.zip").write_bytes(b"PK\3\4 an upload that was cut off")
    with zipfile.ZipFile(notebook.folder / "1 photos.zip", "w") as photos:
        photos.writestr("cat.jpg", b"cat")

    report = notebook.succeeds()
    assert Path(report["imported"]) == notebook.folder / "mnist-course" / HELPERS
    assert (notebook.folder / "mnist-course" / "notebooks" / "01_loading.ipynb").exists()
    assert notebook.files() == sorted(["0 holiday.zip", "1 photos.zip", name, "mnist-course"])
    assert not (notebook.outside / "escaped").exists()

    (notebook.folder / name).unlink()
    assert notebook.succeeds() == report


KILLED_WHILE_UNPACKING = f"""
from zipfile import ZipFile
ZipFile.extractall = lambda file, folder: (file.extract({HELPERS!r}, folder), os._exit(9))
"""


def test_half_an_unpacked_zip_is_never_taken_for_the_course(notebook, course):
    notebook.cut_off()
    write_zip(notebook.folder / "digits.zip", course, inside="")
    assert notebook.run(first=KILLED_WHILE_UNPACKING).returncode == 9
    assert len(notebook.files()) == 2, "the test expects what a killed process leaves behind"
    assert Path(notebook.succeeds()["imported"]) == notebook.folder / "mnist-course" / HELPERS


def test_a_zip_that_is_still_being_uploaded_is_left_alone(notebook, course):
    notebook.cut_off()
    upload = notebook.folder / "mnist-course-main.zip"
    write_zip(upload, course, "mnist-course-main/")
    upload.write_bytes(upload.read_bytes()[:-100])
    assert "Put its .zip into this folder" in notebook.run().stderr
    assert notebook.files() == ["mnist-course-main.zip"]


class PrivateRepository(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def private_repository():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PrivateRepository)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/digits"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("no network", "127.0.0.1"),
        ("private", "could not read Username"),
        ("no such branch", "Remote branch 1999 not found"),
        ("no such repository", "does not appear to be a git repository"),
    ],
)
def test_a_failing_clone_says_why_and_what_to_do(notebook, private_repository, fault, says):
    if fault == "no network":
        notebook.cut_off()
    elif fault == "private":
        notebook.mapped_to = private_repository
    elif fault == "no such repository":
        notebook.mapped_to += "-gone"
    address = Address(ADDRESS.repository, "1999") if fault == "no such branch" else ADDRESS
    failed = notebook.run(address=address)
    assert failed.returncode == 1
    for expected in (says, f"git could not fetch {URL}", "turn the internet on", "colab_links.md"):
        assert expected in failed.stderr
    assert notebook.files() == []


def stand_in_for_git(notebook, script):
    """Put a shell script called git first on the path; it may call the real one as "$REAL_GIT"."""
    folder = notebook.outside / "bin"
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "REAL_GIT": shutil.which("git"),
        "STARTED": str(notebook.outside / "started"),
    }


HALF_A_CLONE = """
for target; do :; done
mkdir -p "$target/mnist_helpers"
touch "$target/mnist_helpers/__init__.py" "$STARTED"
exec sleep 60
"""


@posix_only
@pytest.mark.parametrize("way", ["SIGKILL", "SIGINT"])
def test_an_interrupted_clone_is_never_taken_for_the_course(notebook, committed, way):
    variables = stand_in_for_git(notebook, HALF_A_CLONE)
    child = notebook.start(variables)
    deadline = time.monotonic() + 60
    while not Path(variables["STARTED"]).exists():
        assert child.poll() is None and time.monotonic() < deadline, "the clone was never started"
        time.sleep(0.02)
    os.killpg(child.pid, getattr(signal, way))
    child.communicate(timeout=60)
    assert child.returncode != 0
    if way == "SIGINT":
        assert notebook.files() == []

    report = notebook.succeeds()
    fetched = notebook.folder / "mnist-course"
    assert Path(report["imported"]) == fetched / HELPERS
    assert files_below(fetched) == committed


@posix_only
def test_a_notebook_that_was_overtaken_uses_the_other_ones_copy(notebook):
    overtaken = '"$REAL_GIT" "$@" && "$REAL_GIT" clone -q -b 2027 "$OTHER" mnist-course'
    variables = stand_in_for_git(notebook, overtaken) | {"OTHER": notebook.mapped_to}
    report = notebook.succeeds(variables=variables)
    assert Path(report["imported"]) == notebook.folder / "mnist-course" / HELPERS
    assert notebook.files() == ["mnist-course"]


def test_four_notebooks_opened_at_once_share_one_course(notebook):
    children = [notebook.start({}) for _ in range(4)]
    for child in children:
        assert child.communicate(timeout=120) == ("", "")
        assert child.returncode == 0
    assert notebook.files() == ["mnist-course"]


def test_a_strangers_folder_of_that_name_is_not_overwritten(notebook):
    mine = notebook.folder / "mnist-course" / "my notes.txt"
    mine.parent.mkdir()
    mine.write_text("important")
    assert "mnist-course" in notebook.run().stderr
    assert mine.read_text() == "important"
    assert notebook.files() == ["mnist-course"]
