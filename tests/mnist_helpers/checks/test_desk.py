"""What a student calls, on exercises made for the purpose."""

import contextlib
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_helpers import data
from mnist_helpers.checks import check, compare, declare, desk, guess, hint, judged_guesses, report
from mnist_helpers.checks.declare import Between, exercise
from mnist_helpers.data import SAMPLE


@pytest.fixture(autouse=True)
def declared(monkeypatch):
    """A lesson 99 with an exercise of each kind."""
    monkeypatch.setattr(declare, "DECLARED", {})
    monkeypatch.setattr(data, "LOADED", [])
    for name in ("GUESSES", "DONE", "HINTED"):
        monkeypatch.setattr(desk, name, {})
    words = {"hints": ("a", "b"), "notice": "Well seen."}

    @exercise("99.1", 3.0, near=0.1, **words)
    def number(three):
        """a number"""
        return 2 * three, {"half": (three, "Did you double it?")}

    @exercise("99.2", probe=lambda: (np.array([1.0, 2.0]),), **words)
    def double():
        """a function"""
        return (lambda x: 2 * x), {"in place": (lambda x: np.multiply(x, 2, out=x), "It changes its input.")}

    @exercise("99.3", measured=60.0, near=0.2, **words)
    def prediction(measured):
        """a guess"""
        return measured, {"no loss": (98.0, "Why should nothing change?")}

    @exercise("99.4", mnist_only=True, **words)
    def band():
        """a share"""
        return Between(0.98, 0.99), {"too good": (Between(0.995, 1.0), "Which digits were these?")}

    @exercise("99.5", view=lambda answer: answer["A"] + answer["B"], **words)
    def advice():
        """a dict"""
        return {"A": "x", "B": "y"}, {"B": ({"A": "x", "B": "z"}, "Why z?")}

    @exercise("99.6", probe=lambda: (np.ones(2),), **words)
    def two():
        """a function"""
        return (lambda x: [x, x.sum()]), {"turned": (lambda x: [x.sum(), x], "Which comes first?")}


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("99.1", 6, "✓ 99.1 right. Well seen."),
        ("99.1", np.float16(6.01), "right"),
        ("99.1", [6.0], "a single number was expected"),
        ("99.1", [1.0, 2.0], "shape is (2,), expected was ()"),
        ("99.1", 600, "a hundred times too much"),
        ("99.1", -6.0, "Right but for the sign"),
        ("99.2", lambda x: None, "returns nothing"),
        ("99.1", 3, "✗ 99.1 not yet: 3. Did you double it?"),
        ("99.1", 7.0, "none of the mistakes I know"),
        ("99.2", lambda x: [2 * number for number in x], "right"),
        ("99.2", lambda x: np.multiply(x, 2, out=x), "It changes its input."),
        ("99.2", lambda x: print("loud") or 2 * x, "right"),
        ("99.2", lambda x: x + missing, "NameError"),  # noqa: F821
        ("99.2", lambda x: sys.exit(), "calls exit"),
        ("99.2", 12, "that is no function, but 12"),
        ("99.3", 60, "run the cells above"),
        ("99.4", 0.985, "right"),
        ("99.4", 1.0, "Which digits"),
        ("99.2", (np.float64(1.5), {np.int64(10), 2}), "that is no function, but (1.5, {2, 10})"),
        ("99.5", {"A": "x"}, "the keys of your dict are ['A'], expected were ['A', 'B']"),
        ("99.5", ["x", "y"], "that is no dict, but ['x', 'y']"),
        ("99.6", lambda x: [x, x, x], "It returns 3 values, expected were 2"),
        ("99.6", lambda x: [x, x], "The shapes are [(2,), (2,)], expected were [(2,), ()]"),
        ("98.1", 1, "there is no exercise '98.1'"),
    ],
)
def test_an_answer_gets_its_words(name, answer, said, capsys):
    check(name, answer)
    printed = capsys.readouterr().out
    assert said in printed and "loud" not in printed and "checker failed" not in printed


def test_a_function_that_never_returns_is_stopped_also_when_it_catches_all(monkeypatch, capsys):
    def stubborn(x):
        while True:
            with contextlib.suppress(Exception):
                time.sleep(0.01)

    monkeypatch.setattr(compare, "SECONDS", 0.2)
    check("99.2", stubborn)
    assert "stopped after some seconds" in capsys.readouterr().out


def test_the_time_that_keras_takes_to_start_is_not_the_functions(monkeypatch, capsys):
    started = []

    def zeros(shape):
        time.sleep(0 if started else 0.5)
        started.append(shape)

    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(ops=SimpleNamespace(zeros=zeros)))
    monkeypatch.setattr(compare, "SECONDS", 0.2)
    check("99.2", lambda x: sys.modules["keras"].ops.zeros(1) or 2 * x)
    assert "right" in capsys.readouterr().out and len(started) == 2


def test_a_guess_is_noted_compared_and_reported_with_how_sure_it_was(capsys):
    guess("99.3", ...)
    guess("99.3", 97, sure=0.8)
    check("99.3", measured=60.0)
    check("99.1", 6)
    report()
    said = capsys.readouterr().out
    assert "no guess yet" in said and "noted, 80% sure: 97" in said and "Why should nothing change?" in said
    assert "report: 99.1=right 99.3@0.80=open" in said
    sure, right = judged_guesses(said + "\nreport: 01.1@0.50=right")
    assert sure.tolist() == [0.8, 0.5] and right.tolist() == [False, True]


def test_hints_come_one_by_one_and_what_only_mnist_shows_is_not_judged_on_the_sample(monkeypatch, capsys):
    for _ in range(3):
        hint("99.1")
    assert [line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()] == ["a", "b", "b"]
    monkeypatch.setattr(data, "LOADED", [SAMPLE])
    check("99.4", 0.985)
    assert "not judged on the sample" in capsys.readouterr().out


def test_a_fault_of_the_checker_is_no_fault_of_the_student(monkeypatch, capsys):
    monkeypatch.setattr(desk, "judge", lambda *_: 1 / 0)
    check("99.1", 6)
    assert "the checker failed, not you (ZeroDivisionError)" in capsys.readouterr().out


def test_checks_load_nothing_heavy():
    heavy = "{'tensorflow', 'keras', 'scipy', 'matplotlib'} & {name.split('.')[0] for name in sys.modules}"
    code = f"import sys, mnist_helpers.checks; print({heavy})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"
