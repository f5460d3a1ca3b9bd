"""Maintainers' files are replaced whole or not at all."""

import os

import pytest

from tools.lib.files import replace


def broken(*_):
    raise OSError("the drive is gone")


@pytest.mark.parametrize("fails", ["while it is written", "when it is moved"])
def test_after_a_failure_the_old_file_is_there_and_nothing_else(fails, tmp_path, monkeypatch):
    file = tmp_path / "results.json"
    file.write_text("old")
    text = "half of it" + 10_000 * " " + "\ud800"  # the last character cannot be encoded
    if fails == "when it is moved":
        text = "new"
        monkeypatch.setattr(os, "replace", broken)
    with pytest.raises((OSError, UnicodeEncodeError)):
        replace(file, text)
    assert file.read_text() == "old" and os.listdir(tmp_path) == ["results.json"]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_file_keeps_its_line_ends_and_permissions(line_end, tmp_path):
    file = tmp_path / "README.md"
    file.write_bytes(b"one" + line_end)
    file.chmod(0o640)
    replace(file, "one\ntwo\n")
    assert file.read_bytes() == b"one" + line_end + b"two" + line_end
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o640
