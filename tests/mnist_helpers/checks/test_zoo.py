"""Every exercise meets its zoo: each misconception gets its own words, and junk gets a verdict."""

import importlib
import pkgutil
import sys

import numpy as np
import pytest

from mnist_helpers import checks
from mnist_helpers.checks.declare import DECLARED, Between
from mnist_helpers.checks.desk import check, judge

for module in pkgutil.iter_modules(checks.__path__):
    importlib.import_module(f"mnist_helpers.checks.{module.name}")


class Hostile:
    """An object that answers nothing it is asked."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __repr__(self):
        raise RuntimeError("repr")

    def __eq__(self, other):
        raise RuntimeError("eq")

    __hash__ = None


def endless(*arguments):
    while True:
        pass


def fails(*arguments):
    raise ZeroDivisionError("division by zero")


JUNK = {
    "a text": "I do not know",
    "no text": "",
    "nan": float("nan"),
    "infinite": np.inf,
    "a ragged list": [[1], [2, 3]],
    "an empty list": [],
    "a strange shape": np.zeros((3, 0, 2)),
    "bytes": b"12",
    "a dict": {"a": 1},
    "a generator": (number for number in "abc"),
    "an object": Hostile(),
    "a class": Hostile,
    "a module": sys,
    "a function that fails": fails,
    "a function without arguments": lambda: 3,
    "a function that returns nothing": lambda *arguments: None,
    "a function that exits": lambda *arguments: sys.exit(),
    "a complex number": 1 + 2j,
}


def examples(answer):
    """Return the answers that stand for one in a declaration: for a range its ends and its middle."""
    return [answer.low, sum(answer) / 2, answer.high] if isinstance(answer, Between) else [answer]


@pytest.mark.parametrize("name", DECLARED)
def test_the_right_answer_is_right_and_each_misconception_gets_its_own_words(name):
    exercise = DECLARED[name]
    right, wrong = exercise.expected(exercise.measured)
    assert [judge(exercise, answer, exercise.measured).kind for answer in examples(right)] == [
        "right" for _ in examples(right)
    ]
    met = {
        misconception: {judge(exercise, answer, exercise.measured)[2] for answer in examples(answers)}
        for misconception, (answers, _) in wrong.items()
    }
    assert met == {misconception: {misconception} for misconception in wrong}
    assert exercise.hints and exercise.notice and exercise.question


@pytest.mark.parametrize("name", DECLARED)
def test_junk_gets_a_verdict(name, capsys):
    for what, answer in JUNK.items():
        assert judge(DECLARED[name], answer, DECLARED[name].measured).kind not in ("right", "nothing"), what
        check(name, answer, DECLARED[name].measured)
    said = capsys.readouterr().out
    assert "checker failed" not in said and said.count(f"✗ {name} not yet") == len(JUNK)


def test_nothing_is_checked_before_there_is_an_answer_or_a_measurement(capsys):
    for name, exercise in DECLARED.items():
        check(name)
        check(name, ...)
        assert capsys.readouterr().out.count("nothing to check yet") == 2
        if exercise.measured is not None:
            check(name, 1)
            assert "run the cells above first" in capsys.readouterr().out
