"""`course.py colab`: the list of Google Colab's packages, read from a web server or from a file."""

import functools
import http.server
import threading

import pytest
from packaging.requirements import Requirement

from tools.lib import colab_versions
from tools.lib.colab_versions import versions
from tools.lib.files import Problem
from tools.maintain import colab

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
keras @ https://example.org/whl/keras-3.14.0%2Bcpu-py3-none-any.whl#sha256=00
google-colab @ file:///colabtools/dist/google_colab-1.0.0.tar.gz
numpy==2.3.0
Requests==2.33.0
-e git+https://example.org/x.git#egg=x
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The list of a project, five packages long."""
    path = tmp_path / "colab_versions.txt"
    path.write_text(OLD, encoding="utf-8")
    monkeypatch.setattr(colab, "FILE", path)
    return path


def test_the_course_s_list_names_what_lessons_import_and_pip_can_read_it():
    known = versions()
    assert {"tensorflow", "keras", "numpy", "matplotlib", "seaborn", "scikit-learn"} <= set(known.packages)
    lines = [line.partition("#")[0] for line in colab_versions.FILE.read_text(encoding="utf-8").splitlines()]
    names = [Requirement(line).name for line in lines if line]
    assert names == sorted(known.packages | known.assumed)


def test_a_version_that_nobody_has_read_is_told_apart(file):
    assert versions(file).packages == {"keras": "3.13.2", "numpy": "2.1.3", "seaborn": "0.13.2"}
    assert versions(file).assumed == {"opencv-python-headless": "4.13.0.92", "requests": ""}


def test_google_s_list_replaces_what_was_known_and_nothing_else(file, tmp_path, capsys):
    (tmp_path / "pip-freeze.txt").write_text(FREEZE)
    (tmp_path / "os-info.txt").write_text("Ubuntu 26.04 LTS\nPython 3.14.2\nR version 4.5.1\n")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/pip-freeze.txt"
        assert colab.main([address]) == 0
        server.shutdown()
    known = versions(file)
    assert known.packages == {"keras": "3.14.0", "numpy": "2.3.0", "requests": "2.33.0"}
    assert (known.python, known.source, known.assumed) == ("3.14", address, {})
    told = capsys.readouterr().out
    assert "numpy 2.1.3 → 2.3.0" in told and "seaborn is not in the list" in told


def test_the_output_of_a_notebook_on_colab_will_do_twice(file, tmp_path, capsys):
    (tmp_path / "freeze.txt").write_text(f"Python 3.12.9\n{FREEZE}")
    colab.main([str(tmp_path / "freeze.txt")])
    assert (versions(file).python, versions(file).source) == ("3.12", "freeze.txt")
    (tmp_path / "freeze.txt").write_text(FREEZE)  # without a word on Python, the known version stays
    once = file.read_text(encoding="utf-8")
    colab.main([str(tmp_path / "freeze.txt")])
    assert file.read_text(encoding="utf-8") == once and "stays 3.12" in capsys.readouterr().out


@pytest.mark.parametrize(
    "fault", ["no file", "another page", "not text", "http://127.0.0.1:9/pip-freeze.txt"]
)
def test_what_is_no_list_changes_nothing(fault, file, tmp_path):
    (tmp_path / "another page").write_text("<html>Please log in. numpy is a package.</html>")
    (tmp_path / "not text").write_bytes(b"\x89PNG\xff")
    with pytest.raises(Problem, match="Nothing was changed"):
        colab.main([fault if "://" in fault else str(tmp_path / fault)])
    assert file.read_text(encoding="utf-8") == OLD
