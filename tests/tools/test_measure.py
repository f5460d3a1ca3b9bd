"""`course.py measure`: what a class learns from its folder of pictures."""

import pytest

from tests.support.pictures import drawn, saved
from tools.lib.files import Problem
from tools.measure import main


def test_a_folder_of_pictures_is_summed_up(tmp_path, capsys):
    for name, content in {
        "7__maria.png": saved(drawn(7)),
        "4__jose.png": saved(drawn(9)),  # misread, or misnamed
        "3__empty.png": b"",
        "notes.txt": b"not measured",
    }.items():
        (tmp_path / name).write_bytes(content)
    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "3 digits: 1 right (33.3%)" in said and "0 not sure, 1 without a digit" in said
    assert "NotAPhoto" in said and "notes" not in said


def test_a_folder_that_is_not_there_or_empty_is_named(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Problem, match=str(folder)):
            main([str(folder)])
