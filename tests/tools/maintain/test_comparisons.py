"""What the lessons say of their comparisons is tried with other seeds."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.lib.files import Problem
from tools.lib.kernel import Data
from tools.lib.notebooks import as_text
from tools.maintain import comparisons


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    """A lesson with a statement that holds for any seed, and one that does not."""
    said = new_output("execute_result", {"text/plain": "{'sure': 'three', 'lucky': '0'}"}, execution_count=2)
    cells = [
        new_code_cell("seeds = range(3)", metadata={"tags": ["seeds"]}),
        new_code_cell(
            "{'sure': 'three' if len(seeds) == 3 else '?', 'lucky': str(seeds[0])}",
            metadata={"tags": ["compared"]},
            outputs=[said],
        ),
    ]
    path = tmp_path / "02_small.ipynb"
    path.write_text(as_text(new_notebook(cells=cells)), "utf-8")
    monkeypatch.setattr(comparisons, "lessons", lambda: [path])
    monkeypatch.setattr(comparisons, "resolve_data", lambda source: Data(source, {}, False))
    return path


def test_a_statement_that_other_seeds_do_not_bear_out_is_named(lesson, capsys):
    before = lesson.read_bytes()
    assert comparisons.main(["02"]) == 1
    said = capsys.readouterr().out
    assert "sure: three\n" in said and "lucky: 0  CHANGED: 100\n" in said and "1 statements changed" in said
    assert lesson.read_bytes() == before
    assert comparisons.main(["--first", "0"]) == 0


def test_a_lesson_that_compares_nothing_is_an_error(lesson):
    with pytest.raises(Problem, match="05"):
        comparisons.main(["05"])
