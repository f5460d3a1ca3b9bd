"""`course.py lab`: the students' copies, and a real JupyterLab with a real kernel."""

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from jupyter_client import BlockingKernelClient

from tools.lab import copy_lessons
from tools.lib.files import ROOT


def write_lesson(folder: Path, name: str, source: str = "1 + 1", output: str = "2") -> None:
    shown = {"output_type": "stream", "name": "stdout", "text": [output]}
    code = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [shown], "source": [source]}
    notebook = {"cells": [code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / name).write_text(json.dumps(notebook), encoding="utf-8")


@pytest.fixture
def lessons(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write_lesson(folder, "01_first.ipynb")
    return folder


@pytest.fixture
def work(tmp_path):
    return tmp_path / "work"


def test_lessons_are_copied_to_a_new_folder(lessons, work):
    assert copy_lessons(lessons, work) == ["Copied to work/: 01_first.ipynb"]
    assert (work / "01_first.ipynb").read_bytes() == (lessons / "01_first.ipynb").read_bytes()


def test_a_copy_is_never_overwritten(lessons, work):
    copy_lessons(lessons, work)
    (work / "01_first.ipynb").write_text("my own notes")
    write_lesson(lessons, "01_first.ipynb", source="2 + 2")
    write_lesson(lessons, "02_second.ipynb")
    said = copy_lessons(lessons, work)
    assert said[0] == "Copied to work/: 02_second.ipynb"
    assert (work / "01_first.ipynb").read_text() == "my own notes"


def test_a_file_that_was_in_work_before_is_not_overwritten(lessons, work):
    work.mkdir()
    (work / "01_first.ipynb").write_text("my own notes")
    assert copy_lessons(lessons, work) == []
    assert (work / "01_first.ipynb").read_text() == "my own notes"


def test_a_changed_lesson_is_announced_until_it_is_taken(lessons, work):
    copy_lessons(lessons, work)
    assert copy_lessons(lessons, work) == []
    write_lesson(lessons, "01_first.ipynb", source="2 + 2")
    for _ in range(2):
        (said,) = copy_lessons(lessons, work)
        assert "rename or delete work/01_first.ipynb" in said
    (work / "01_first.ipynb").rename(work / "01_mine.ipynb")
    assert copy_lessons(lessons, work) == ["Copied to work/: 01_first.ipynb"]
    assert "2 + 2" in (work / "01_first.ipynb").read_text()
    assert "1 + 1" in (work / "01_mine.ipynb").read_text()
    assert copy_lessons(lessons, work) == []


def test_a_lesson_that_was_only_run_again_is_not_announced(lessons, work):
    copy_lessons(lessons, work)
    write_lesson(lessons, "01_first.ipynb", output="3")
    assert copy_lessons(lessons, work) == []


def test_a_copy_cut_off_half_way_is_made_again(lessons, work, monkeypatch):
    def fill_the_disk(source, target):
        Path(target).write_text("half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(shutil, "copyfile", fill_the_disk)
        copy_lessons(lessons, work)
    assert not (work / "01_first.ipynb").exists()
    copy_lessons(lessons, work)
    assert (work / "01_first.ipynb").read_bytes() == (lessons / "01_first.ipynb").read_bytes()


def test_a_damaged_record_of_the_copies_costs_only_the_announcements(lessons, work):
    copy_lessons(lessons, work)
    (work / ".copied.json").write_text('{"01_fi')
    (work / "01_first.ipynb").write_text("my own notes")
    assert copy_lessons(lessons, work) == []
    assert (work / "01_first.ipynb").read_text() == "my own notes"


class Lab:
    """A JupyterLab that `course.py lab` has opened in a copy of the course with one lesson."""

    def __init__(self, root: Path, *arguments: str):
        (root / "tools").mkdir(parents=True)
        (root / "notebooks").mkdir()
        write_lesson(root / "notebooks", "01_first.ipynb")
        for name in (
            "course.py",
            *(f"tools/{name}.py" for name in ("__init__", "_python", "_kernel", "lab")),
        ):
            shutil.copy(ROOT / name, root / name)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.runtime = root / "runtime"
        folders = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
        }
        env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "MNIST"))}
        env |= {name: str(root / folder) for name, folder in folders.items()}
        env |= {"MNIST_SOURCE": "sample", "PYTHONPATH": str(root)}
        code = "import sys; from tools.lab import main; sys.exit(main(sys.argv[1:]))"
        server = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=secret"]
        command = [sys.executable, "-c", code, *arguments, *server]
        self.log = (root / "log").open("w+")
        self.process = subprocess.Popen(command, cwd=root, env=env, stdout=self.log, stderr=self.log)
        self.address = f"http://127.0.0.1:{port}/api"
        while not list(self.runtime.glob("jpserver-*.json")):
            assert self.process.poll() is None, Path(self.log.name).read_text()
            time.sleep(0.1)

    def ask(self, what: str, send: dict | None = None):
        request = urllib.request.Request(f"{self.address}/{what}", data=send and json.dumps(send).encode())
        request.add_header("Authorization", "token secret")
        for attempt in range(100):
            try:
                return json.load(urllib.request.urlopen(request, timeout=60))
            except urllib.error.URLError:  # it has noted its address a moment before it listens
                if attempt == 99 or self.process.poll() is not None:
                    raise
                time.sleep(0.1)

    def files(self) -> set[str]:
        return {entry["name"] for entry in self.ask("contents")["content"]}

    def evaluate(self, **expressions: str) -> dict:
        """Start a kernel as the page does and return the expressions' values in it."""
        kernel = self.ask("kernels", {"name": "python3", "path": "01_first.ipynb"})["id"]
        client = BlockingKernelClient(connection_file=str(self.runtime / f"kernel-{kernel}.json"))
        client.load_connection_file()
        client.start_channels()
        try:
            reply = client.execute(
                "import os, sys, mnist_helpers", user_expressions=expressions, reply=True, timeout=60
            )["content"]
        finally:
            client.stop_channels()
        assert reply["status"] == "ok", reply
        values = {name: answer["data"]["text/plain"] for name, answer in reply["user_expressions"].items()}
        return {name: ast.literal_eval(value) for name, value in values.items()}


@pytest.fixture
def open_lab(tmp_path):
    opened = []

    def open_it(*arguments: str) -> Lab:
        opened.append(Lab(tmp_path / "my cöurse", *arguments))
        return opened[0]

    yield open_it
    for lab in opened:
        lab.process.terminate()
        lab.process.wait(timeout=60)
        lab.log.close()


def test_jupyterlab_opens_the_copies_with_kernels_that_know_the_data(open_lab):
    lab = open_lab()
    assert lab.files() == {"01_first.ipynb"}
    assert lab.evaluate(
        folder="os.path.basename(os.getcwd())",
        prefix="sys.prefix",
        source="os.environ['MNIST_SOURCE']",
        growth="os.environ['TF_FORCE_GPU_ALLOW_GROWTH']",
    ) == {"folder": "work", "prefix": sys.prefix, "source": "sample", "growth": "true"}


def test_edit_opens_the_lessons_themselves(open_lab, tmp_path):
    lab = open_lab("--edit")
    assert lab.files() == {"01_first.ipynb"}
    assert not (tmp_path / "my cöurse" / "work").exists()
