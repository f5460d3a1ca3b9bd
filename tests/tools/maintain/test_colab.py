"""`course.py colab`: the list of Google Colab's packages, read from a web server or from a file."""

import http.server
import threading

import pytest
from packaging.requirements import Requirement

from tools.maintain import colab
from tools.maintain.colab import listed, versions

OLD = """\
# The packages on Google Colab that the course uses. Written by: python3 course.py colab
# read: 2026-11-20
# from: somewhere
# python: 3.13
keras==3.13.2
numpy==2.1.3
opencv-python-headless==4.13.0.92  # assumed
requests  # assumed
seaborn==0.13.2
"""
FREEZE = """\
# Do not modify this file directly
absl-py==1.4.0
keras @ https://example.org/whl/keras-3.14.0-py3-none-any.whl#sha256=00
google-colab @ file:///colabtools/dist/google_colab-1.0.0.tar.gz
numpy==2.3.0
opencv-python-headless==4.13.1
Requests==2.33.0
torch @ https://example.org/cpu/torch-2.9.0%2Bcpu-cp313-cp313-linux_x86_64.whl
-e git+https://example.org/x.git#egg=x
"""
OS_INFO = "Ubuntu 26.04 LTS\nPython 3.14.2\nR version 4.5.1\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The list of a project, five packages long."""
    path = tmp_path / "tools" / "colab_versions.txt"
    path.parent.mkdir()
    path.write_text(OLD, encoding="utf-8")
    monkeypatch.setattr(colab, "ROOT", tmp_path)
    monkeypatch.setattr(colab, "FILE", path)
    return path


@pytest.fixture
def server(tmp_path):
    """A web server that hands out the files of a folder; returns both."""
    folder = tmp_path / "web"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=folder)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as running:
        threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_the_course_s_list_names_python_a_day_and_what_lessons_import():
    known = versions()
    assert known.python.startswith("3.") and len(known.date) == len("2026-11-20")
    assert {"tensorflow", "keras", "numpy", "matplotlib", "seaborn", "scikit-learn"} <= set(known.packages)
    assert known.assumed <= set(known.packages)


def test_pip_can_read_the_course_s_list():
    lines = [line.partition("#")[0] for line in colab.FILE.read_text(encoding="utf-8").splitlines()]
    names = [Requirement(line).name for line in lines if line]
    assert names == sorted(versions().packages)


def test_a_version_that_was_in_no_list_is_told_apart(file):
    known = versions(file)
    assert known.assumed == {"opencv-python-headless", "requests"}
    assert known.packages["requests"] == "" and known.packages["numpy"] == "2.1.3"


def test_google_s_list_replaces_what_was_known_and_nothing_else(file, server, capsys):
    folder, address = server
    (folder / "pip-freeze.txt").write_text(FREEZE)
    (folder / "os-info.txt").write_text(OS_INFO)
    assert colab.main([f"{address}/pip-freeze.txt"]) == 0
    known = versions(file)
    assert known.packages == {
        "keras": "3.14.0",
        "numpy": "2.3.0",
        "opencv-python-headless": "4.13.1",
        "requests": "2.33.0",
    }
    assert (known.python, known.source, known.assumed) == ("3.14", f"{address}/pip-freeze.txt", frozenset())
    told = capsys.readouterr().out
    assert "numpy 2.1.3 → 2.3.0" in told and "seaborn is no longer on Colab" in told


def test_the_output_of_a_notebook_on_colab_will_do(file, tmp_path):
    (tmp_path / "freeze.txt").write_text(f"Python 3.12.9\n{FREEZE}")
    assert colab.main([str(tmp_path / "freeze.txt")]) == 0
    assert (versions(file).python, versions(file).source) == ("3.12", "freeze.txt")


def test_without_a_word_on_python_the_known_version_stays(file, tmp_path, capsys):
    (tmp_path / "freeze.txt").write_text(FREEZE)
    assert colab.main([str(tmp_path / "freeze.txt")]) == 0
    assert versions(file).python == "3.13" and "stays 3.13" in capsys.readouterr().out


def test_a_second_reading_changes_nothing(file, tmp_path):
    (tmp_path / "freeze.txt").write_text(FREEZE)
    colab.main([str(tmp_path / "freeze.txt")])
    once = file.read_text()
    colab.main([str(tmp_path / "freeze.txt")])
    assert file.read_text() == once


@pytest.mark.parametrize("fault", ["no such page", "no such file", "another page", "not text", "no network"])
def test_what_is_no_list_changes_nothing(fault, file, server, tmp_path, capsys):
    folder, address = server
    (folder / "login.html").write_text("<html>Please log in. numpy is a package.</html>")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    source = {
        "no such page": f"{address}/pip-freeze.txt",
        "no such file": str(tmp_path / "freeze.txt"),
        "another page": f"{address}/login.html",
        "not text": str(tmp_path / "picture.png"),
        "no network": "http://127.0.0.1:9/pip-freeze.txt",
    }[fault]
    assert colab.main([source]) == 1
    assert file.read_text() == OLD
    assert "Nothing was changed" in capsys.readouterr().err


def test_versions_are_read_from_the_names_of_wheels_and_without_their_builds():
    found = listed(FREEZE)
    assert found["keras"] == "3.14.0" and found["torch"] == "2.9.0"
    assert set(found) == {"absl-py", "keras", "numpy", "opencv-python-headless", "requests", "torch"}
