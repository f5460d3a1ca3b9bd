"""The set-up cell, really executed: in child processes, as a notebook on Colab or Kaggle would.

A child has a stand-in google.colab module and none of the course's packages on its path. The address on
GitHub leads to a repository in a temporary folder; every other way out ends at a proxy that is not there.
"""

import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.repositories import git, leads_to, needs_git, publish
from tools.lib.address import Address, course_address
from tools.lib.files import ROOT
from tools.lib.notebooks import lessons, read

ADDRESS = Address("some-school/digits", "2027")
URL = f"https://github.com/{ADDRESS.repository}"
COLAB = 'import sys, types; sys.modules["google.colab"] = types.ModuleType("colab")'
KAGGLE = 'import os; os.environ["KAGGLE_KERNEL_RUN_TYPE"] = "Interactive"'
LOOK = """
import json, sys
import mnist_helpers
course = [entry for entry in sys.path if entry.endswith("mnist-course")]
print(json.dumps([mnist_helpers.__file__, course]))
"""

pytestmark = [needs_git, pytest.mark.skipif(os.name == "nt", reason="Colab and Kaggle run Linux")]


@pytest.fixture(scope="session")
def github(tmp_path_factory):
    """A bare repository that holds the course."""
    folder = tmp_path_factory.mktemp("github") / "digits.git"
    return publish(folder, ADDRESS.branch, "course.py", "mnist_helpers", "tests", "tools")


@pytest.fixture
def notebook(tmp_path, github, monkeypatch):
    """A function that runs code in a new kernel, in the folder `content`, and returns the process."""
    folder = tmp_path / "content"
    folder.mkdir()
    dead = dict.fromkeys(("https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:9")
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE", raising=False)

    def start(*code, repository=None):
        environment = (
            os.environ
            | dead
            | {"no_proxy": "127.0.0.1", "LC_ALL": "C"}
            | leads_to(URL, repository or github.as_uri())
        )
        # -I -S: no site-packages, so that the course installed for these tests cannot help
        command = [sys.executable, "-I", "-S", "-B", "-c", "\n".join(code)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **options)

    def run(*code, **options):
        process = start(*code, **options)
        process.said, process.complained = process.communicate(timeout=120)
        return process

    run.start, run.folder, run.course = start, folder, folder / "mnist-course"
    return run


def uses_the_course(process, course):
    assert process.returncode == 0, process.complained
    file, path = json.loads(process.said)
    return Path(file) == course / "mnist_helpers" / "__init__.py" and path == [str(course)]


def test_all_notebooks_have_the_same_short_cell():
    cell = course_address().setup_cell()
    assert len(cell.splitlines()) <= 8
    for path in lessons():
        (found,) = [cell for cell in read(path).cells if "setup" in cell.metadata.get("tags", [])]
        assert found.source == cell, f"{path.name}: type python3 course.py links"


@pytest.mark.parametrize("place", [COLAB, KAGGLE], ids=["Colab", "Kaggle"])
def test_an_empty_folder_gets_the_whole_course_and_only_once(notebook, place):
    cell = ADDRESS.setup_cell()
    assert uses_the_course(notebook(place, cell, cell, LOOK), notebook.course)
    assert git(notebook.course, "status", "--porcelain").stdout == ""  # nothing is missing
    assert uses_the_course(notebook(place, cell, LOOK, repository="file:///gone"), notebook.course)
    assert [path.name for path in notebook.folder.iterdir()] == ["mnist-course"]


def test_elsewhere_nothing_happens(notebook):
    process = notebook("import sys; before = [*sys.path]", ADDRESS.setup_cell(), "assert sys.path == before")
    assert process.returncode == 0, process.complained
    assert not any(notebook.folder.iterdir())


@pytest.mark.parametrize(
    ("line", "unpacked"),
    [
        ("zipfile", None),
        ("/content/drive", "content/drive/MyDrive/mnist-course"),
        ("/kaggle/input", "kaggle/input/the-course/digits-2027"),
        ("/kaggle/input", "kaggle/input/datasets/ms-lee/the-course/digits-2027"),
    ],
    ids=["a zip", "a folder in Drive", "a data set on Kaggle", "a data set, deeper"],
)
def test_a_line_of_the_links_page_gives_a_class_the_files(notebook, github, tmp_path, line, unpacked):
    download = notebook.folder / "digits-2027.zip"
    git(github, "archive", "--prefix=digits-2027/", "-o", download, "HEAD")
    if unpacked:
        shutil.unpack_archive(download, tmp_path)
        shutil.move(tmp_path / "digits-2027", tmp_path / unpacked)
        download.unlink()
    page = (ROOT / "colab_links.md").read_text(encoding="utf-8")
    (typed,) = [each for each in re.findall(r"^ +!(.*)$", page, re.MULTILINE) if line in each]
    typed = re.sub(r"(?<= )/(?=content|kaggle)", f"{tmp_path}/", typed)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(typed, shell=True, cwd=notebook.folder, check=True, env=os.environ | {"PATH": path})
    process = notebook(COLAB, ADDRESS.setup_cell(), LOOK, repository="file:///gone")
    assert uses_the_course(process, notebook.course)


@pytest.fixture
def server():
    """A server that asks for a password, and is slow where a repository is called `slow`."""

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()
            time.sleep(30 * ("slow" in self.path))
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="GitHub"')
            self.end_headers()

        def log_message(self, *arguments):
            pass

    asked = threading.Event()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        running.daemon_threads, running.asked = True, asked
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        running.address = f"http://127.0.0.1:{running.server_port}"
        yield running
        running.shutdown()


@pytest.mark.parametrize(
    ("repository", "branch", "says"),
    [
        ("https://nowhere.invalid", "2027", "127.0.0.1"),
        ("{server}/private", "2027", "could not read Username"),
        ("{github}", "1999", "Remote branch 1999 not found"),
    ],
    ids=["no network", "private", "no such branch"],
)
def test_a_failing_clone_says_why_and_leaves_nothing(notebook, github, server, repository, branch, says):
    repository = repository.format(server=server.address, github=github.as_uri())
    failed = notebook(COLAB, Address(ADDRESS.repository, branch).setup_cell(), repository=repository)
    assert failed.returncode == 1
    for expected in ("RuntimeError", says, "Is Kaggle's internet on?"):
        assert expected in failed.complained
    assert not any(notebook.folder.iterdir())


def test_an_interrupted_clone_leaves_nothing(notebook, server):
    process = notebook.start(COLAB, ADDRESS.setup_cell(), repository=f"{server.address}/slow")
    assert server.asked.wait(60)
    os.killpg(process.pid, signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    time.sleep(1)  # git tidies up behind itself
    assert not any(notebook.folder.iterdir())


def test_half_a_clone_or_a_strangers_folder_is_neither_used_nor_overwritten(notebook):
    half = notebook.course / "mnist_helpers" / "__init__.py"  # what a killed clone leaves behind
    half.parent.mkdir(parents=True)
    half.write_text("raise SystemExit('half a course was run')")
    failed = notebook(COLAB, ADDRESS.setup_cell(), LOOK)
    assert "'mnist-course' already exists" in failed.complained
    assert "Delete a half-made folder" in failed.complained
    assert [path for path in notebook.course.rglob("*") if path.is_file()] == [half]
