"""`course.py colab`: the list of Google Colab's packages, read from a web server or from a file."""

import pytest

from tests.support.servers import gives, serving
from tools.lib.colab_versions import versions
from tools.lib.files import Problem
from tools.maintain import colab

OLD = """\
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
keras @ https://example.org/whl/keras-3.14.0%2Bcpu-py3-none-any.whl#sha256=00
numpy==2.3.0
opencv_python_headless==5.0
Requests==2.33.0+local
"""
NEW = {"keras": "3.14.0", "numpy": "2.3.0", "opencv-python-headless": "5.0", "requests": "2.33.0"}


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "colab_versions.txt"
    path.write_text(OLD, encoding="utf-8")
    monkeypatch.setattr(colab, "FILE", path)
    return path


def test_google_s_list_replaces_what_was_known_or_assumed_and_nothing_else(file, capsys):
    assert versions(file).packages == {"keras": "3.13.2", "numpy": "2.1.3", "seaborn": "0.13.2"}
    system = b"Ubuntu 26.04 LTS\nPython 3.14.2\nR version 4.5.1\n"
    with serving({"/pip-freeze.txt": gives(FREEZE.encode()), "/os-info.txt": gives(system)}) as server:
        colab.main([f"{server.url}/pip-freeze.txt"])
    assert (versions(file).python, versions(file).packages) == ("3.14", NEW)
    assert "seaborn is not in the list" in capsys.readouterr().out


def test_the_output_of_a_notebook_on_colab_will_do(file, tmp_path):
    for first_line in ("Python 3.12.9", ""):  # a version that is not told stays
        (tmp_path / "freeze.txt").write_text(f"{first_line}\n{FREEZE}")
        colab.main([str(tmp_path / "freeze.txt")])
        known = versions(file)
        assert (known.python, known.source, known.packages) == ("3.12", "freeze.txt", NEW)


@pytest.mark.parametrize("source", ["no file", "another page", "http://127.0.0.1:9/pip-freeze.txt"])
def test_what_is_no_list_changes_nothing(source, file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "another page").write_text("<html>Please log in. numpy is a package.</html>")
    with pytest.raises(Problem):
        colab.main([source])
    assert file.read_text(encoding="utf-8") == OLD
