"""`course.py space`: the folder it writes is all that a Hugging Face Space needs, and nobody else's."""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from gradio_client import Client
from packaging.requirements import Requirement
from tests.test_demo import data_url, drawn, hear_ctrl_c, is_up

import tools.maintain.space
from tools.lib.files import ROOT
from tools.maintain.space import main, space_files, write_space


def everything_in(folder):
    """Each file below a folder with its content, and each empty folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if path.is_file() or not any(path.iterdir())
    }


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    folder = tmp_path_factory.mktemp("somewhere else") / "my space"
    assert main([str(folder)]) == 0
    return folder


def front_matter(space):
    _, head, _ = (space / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head)


def test_the_front_matter_pins_what_the_tests_run_with(space):
    head = front_matter(space)
    locked = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8")
    assert head["sdk"] == "gradio" and f"\ngradio=={head['sdk_version']}\n" in locked
    assert head["python_version"] in ("3.11", "3.12", "3.13")  # text: as a number 3.10 would be 3.1
    assert (space / head["app_file"]).is_file() and head["license"] == "mit"
    assert head["title"] and head["emoji"] and len(head["short_description"]) <= 60


def test_requirements_are_pinned_and_hold_all_that_the_space_imports_and_no_more(space):
    lines = (space / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {Requirement(line).name: str(Requirement(line).specifier) for line in lines}
    assert all(re.fullmatch(r"==[\d.]+", pin) for pin in required.values())
    imported = set()
    for path in space.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    packages = {"cv2": "opencv-python-headless", "PIL": "pillow", "tensorflow": "tensorflow-cpu"}
    needed = {packages.get(name, name) for name in imported - set(sys.stdlib_module_names)}
    # Gradio, and Starlette below it, come with the Space.
    assert set(required) == needed - {"gradio", "starlette", "mnist_helpers"}


def test_the_space_answers_from_its_folder_alone(space, tmp_path):
    copy = tmp_path / "a copy"
    shutil.copytree(space, copy)
    page = copy / "mnist_helpers" / "demo.py"
    page.write_text(page.read_text(encoding="utf-8").replace("Read my digits", "Read from the copy"), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GRADIO"))
    }
    environment |= {"GRADIO_SERVER_PORT": str(port), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, str(copy / "app.py")],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=None if os.name == "nt" else hear_ctrl_c,
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        while not is_up(address):
            assert process.poll() is None, "the Space did not start"
            time.sleep(0.2)
        visitor = Client(address, verbose=False, analytics_enabled=False, download_files=False)
        assert "Read from the copy" in str(visitor.config)  # and not from the package that is installed
        assert "<strong>7</strong>" in visitor.predict(data_url(drawn(7)), api_name="/drawing")[0]
        assert visitor.config["max_file_size"] == 10_000_000
    finally:
        process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        process.wait(timeout=60)
    assert not list(tmp_path.glob("mnist-page-*"))


def test_a_space_is_brought_up_to_date(space, tmp_path, monkeypatch):
    folder = tmp_path / "space"
    monkeypatch.setattr(tools.maintain.space, "APP", "# an older app\n")
    write_space(folder)
    (folder / ".git").mkdir()
    (folder / "notes.txt").write_text("mine")
    monkeypatch.undo()
    write_space(folder)
    (folder / ".git").rmdir()
    assert everything_in(folder) == everything_in(space) | {"notes.txt": b"mine"}


def test_an_empty_folder_becomes_a_space(space, tmp_path):
    write_space(tmp_path)
    assert everything_in(tmp_path) == everything_in(space)


def refused(folder, capsys, why):
    before = everything_in(folder.parent)
    assert main([str(folder)]) == 1
    assert why in capsys.readouterr().err
    assert everything_in(folder.parent) == before


def test_a_folder_with_something_else_is_left_alone(tmp_path, capsys):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "README.md").write_text("my thesis")
    refused(folder, capsys, "not a Space written here")


def test_a_file_changed_by_hand_is_not_overwritten(tmp_path, capsys):
    write_space(tmp_path / "space")
    (tmp_path / "space" / "app.py").write_text("my own app")
    refused(tmp_path / "space", capsys, "app.py was changed")


def test_a_file_added_by_hand_is_not_overwritten(tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(tools.maintain.space, "HELPERS", tools.maintain.space.HELPERS[:3])
        write_space(tmp_path / "space")
    (tmp_path / "space" / "mnist_helpers" / "models.py").write_text("my own models")
    refused(tmp_path / "space", capsys, "models.py was changed")


def test_a_file_is_no_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    refused(tmp_path / "file", capsys, "is a file")


def test_a_folder_in_no_folder_is_refused(tmp_path, capsys):
    (tmp_path / "here").mkdir()
    refused(tmp_path / "here" / "nowhere" / "space", capsys, "make it first")


@pytest.mark.parametrize("new", [True, False])
def test_a_full_disk_leaves_nothing_half_written(tmp_path, capsys, monkeypatch, new):
    folder = tmp_path / "space"
    if not new:
        folder.mkdir()
    write, written = Path.write_bytes, []

    def fill_the_disk(path, content):
        written.append(path)
        if len(written) > 5:
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", fill_the_disk)
    refused(folder, capsys, "No space left")
    assert len(written) == 6


def test_an_update_that_was_cut_off_can_be_repeated(space, tmp_path, monkeypatch):
    folder = tmp_path / "space"
    with monkeypatch.context() as patch:
        patch.setattr(tools.maintain.space, "APP", "# an older app\n")
        write_space(folder)
    replace, replaced = os.replace, []

    def stop(source, target):
        replaced.append(target)
        if len(replaced) > 5:
            raise OSError("pulled the plug")
        replace(source, target)

    with monkeypatch.context() as patch, pytest.raises(OSError):
        patch.setattr(os, "replace", stop)
        write_space(folder)
    write_space(folder)
    assert everything_in(folder) == everything_in(space)


def test_the_record_lists_every_file(space):
    record = json.loads((space / tools.maintain.space.RECORD).read_text(encoding="utf-8"))
    assert set(record) == set(space_files()) == set(everything_in(space)) - {tools.maintain.space.RECORD}
