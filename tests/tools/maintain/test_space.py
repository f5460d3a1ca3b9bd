"""`course.py space`: the folder it writes is all that a Hugging Face Space needs, and nobody else's."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from mnist_helpers.page.standalone import FILES
from tests.support.page import hear_ctrl_c, is_up, visit
from tests.support.pictures import drawn, sheet
from tools.lib.files import ROOT, Problem
from tools.maintain.space import main


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    folder = tmp_path_factory.mktemp("somewhere else") / "my space"
    assert main(["--photos", str(folder)]) == 0
    return folder


def test_without_photos_it_is_a_static_space_that_is_the_page_and_nothing_else(tmp_path):
    assert main([str(tmp_path / "space")]) == 0
    card = (tmp_path / "space" / "README.md").read_text(encoding="utf-8")
    assert "\nsdk: static\n" in card
    names = {path.name for path in (tmp_path / "space").iterdir()}
    assert names == {"README.md", "LICENSE"} | {path.name for path in FILES.iterdir()}


def test_the_space_pins_what_the_tests_run_with(space):
    locked = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8")
    card = (space / "README.md").read_text(encoding="utf-8")
    assert f"\ngradio=={re.search('sdk_version: (.+)', card)[1]}\n" in locked
    assert re.search("app_file: (.+)", card)[1] == "app.py"
    for line in (space / "requirements.txt").read_text(encoding="utf-8").splitlines():
        assert f"\n{line.replace('tensorflow-cpu', 'tensorflow')}\n" in locked


@pytest.mark.slow
def test_the_space_answers_from_its_folder_alone(space, tmp_path):
    copy = shutil.copytree(space, tmp_path / "a copy")
    page = copy / "mnist_helpers" / "page" / "app.py"
    page.write_text(page.read_text(encoding="utf-8").replace("Read my digits", "Read from the copy"), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GRADIO"))}
    process = subprocess.Popen(
        [sys.executable, str(copy / "app.py")],
        cwd=tmp_path,
        env=kept | {"GRADIO_SERVER_PORT": str(port), "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=None if os.name == "nt" else hear_ctrl_c,
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        while not is_up(address):
            assert process.poll() is None, "the Space did not start"
            time.sleep(0.2)
        visitor = visit(address)
        assert "Read from the copy" in str(visitor.config)  # and not from the package that is installed
        assert "<strong>7</strong>" in visitor.predict(sheet(drawn(7)), api_name="/drawing")[0]
        assert visitor.config["max_file_size"] == 10_000_000
    finally:
        process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        process.wait(timeout=60)
    assert not list(tmp_path.glob("mnist-page-*"))


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(Problem, match="new or an empty folder"):
        main([str(tmp_path)])
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
