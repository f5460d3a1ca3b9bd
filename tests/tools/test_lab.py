"""`course.py lab`: the students' copies are never overwritten, and JupyterLab opens on them."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools import lab
from tools.lab import copy_lessons
from tools.lib.notebooks import as_text


def write_lesson(folder, name, source="1 + 1", output="2"):
    cell = new_code_cell(source, outputs=[new_output("stream", name="stdout", text=output)], id="same")
    (folder / name).write_text(as_text(new_notebook(cells=[cell])), encoding="utf-8")


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


def test_a_copy_and_a_file_that_was_there_before_are_never_overwritten(lessons, work):
    work.mkdir()
    (work / "02_second.ipynb").write_text("my own notes")
    copy_lessons(lessons, work)
    (work / "01_first.ipynb").write_text("my own notes")
    for name in ("01_first.ipynb", "02_second.ipynb"):
        write_lesson(lessons, name, source="2 + 2")
    copy_lessons(lessons, work)
    assert {path.read_text() for path in work.glob("*.ipynb")} == {"my own notes"}


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


def test_a_merge_conflict_in_one_lesson_is_named_and_the_others_are_copied(lessons, work):
    (lessons / "00_conflict.ipynb").write_text("{\n<<<<<<< HEAD\n")
    named, copied = copy_lessons(lessons, work)
    assert "00_conflict.ipynb is no notebook" in named and copied == "Copied to work/: 01_first.ipynb"
    assert not (work / "00_conflict.ipynb").exists()


@pytest.mark.parametrize("arguments, folder", [([], "work"), (["--edit"], "notebooks")])
def test_jupyterlab_opens_the_copies_or_the_lessons_with_kernels_that_know_the_data(
    arguments, folder, lessons, work, monkeypatch
):
    asked = []
    monkeypatch.setattr(lab, "NOTEBOOKS", lessons)
    monkeypatch.setattr(lab, "WORK", work)
    monkeypatch.setattr(lab, "become", lambda *asks: asked.append(asks) or 7)
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    assert lab.main([*arguments, "--port", "9999"]) == 7
    ((command, environment),) = asked
    assert command[3] == f"--ServerApp.root_dir={work.parent / folder}" and command[-2:] == ["--port", "9999"]
    assert environment["MNIST_SOURCE"] == "sample" and environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert work.exists() == (folder == "work")
