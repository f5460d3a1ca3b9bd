"""Declaring an exercise: what is right, what each misconception would answer, and what to say to it."""

import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


class Between(NamedTuple):
    """A right answer, or a misconception's, that is any number in a range: for what training decides."""

    low: float
    high: float


@dataclass(frozen=True)
class Exercise:
    """One declared exercise; `exercise` tells what each part means."""

    name: str
    question: str
    answers: Callable[..., tuple[Any, dict[str, tuple[Any, str]]]]
    facts: tuple
    hints: tuple[str, ...]
    notice: str
    measured: Any
    near: float
    view: Callable[[Any], Any]
    probe: Callable[[], tuple] | None
    unseen: str
    mnist_only: bool

    def expected(self, measured: Any = None) -> tuple[Any, dict[str, tuple[Any, str]]]:
        """Return the right answer, and misconception → (its answer, what to say)."""
        return self.answers(*self.facts) if self.measured is None else self.answers(*self.facts, measured)


DECLARED: dict[str, Exercise] = {}


def exercise(
    name: str,
    *facts: Any,
    hints: tuple[str, ...],
    notice: str,
    measured: Any = None,
    near: float = 0.002,
    view: Callable[[Any], Any] = lambda answer: answer,
    probe: Callable[[], tuple] | None = None,
    unseen: str = "",
    mnist_only: bool = False,
) -> Callable:
    """Declare an exercise: decorate the function from the facts to the right answer and the wrong ones.

    Args:
        name: the lesson's number, a dot, and the exercise's, such as "06.2".
        facts: what the function gets, and what the exercise's text gives.
        hints: each says a little more than the one before.
        notice: what to notice once the answer is right.
        measured: an example of what the lesson measures, where the answer depends on it: the function gets
            the measurement as its last argument, and the example in tests.
        near: how far a number may be off, as a share of the right one's size, and never so far that it is
            nearer to a misconception's answer. Integers are exact. For a guess, a wide one such as 0.3.
        view: turns an answer into what is compared, where that is not the answer itself: a model into its
            counts, a random function into what must hold for it. It may raise, as the answer may.
        probe: for an answer that is a function: returns the arguments it is tried on. Compared are its result
            and what it leaves of its arguments, so that overwriting them is an answer of its own.
        unseen: what is not looked at; the usual words for values and functions when empty.
        mnist_only: the offline sample cannot show this: then nothing is judged.

    The function returns (right, {misconception: (its answer, what to say)}). Its docstring says in a few
    words what is asked, as in "You were asked for …". Right and wrong answers are of the kind that a student
    gives: a number, an array, a text, a set, a tuple of these, a function, a model, or `Between`.
    """

    def declare(answers: Callable) -> Callable:
        DECLARED[name] = Exercise(
            name, (answers.__doc__ or "").strip(), answers, facts, hints, notice, measured, near, view, probe,
            unseen, mnist_only,
        )  # fmt: skip
        return answers

    return declare


def find(name: Any) -> Exercise:
    """Return a declared exercise.

    Raises:
        LookupError: there is none of this name; the text says which there are.
    """
    lesson = str(name).partition(".")[0]
    module = f"lesson{lesson}" if lesson.isdigit() else lesson
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(f"mnist_helpers.checks.{module}")
    try:
        return DECLARED[name]
    except (KeyError, TypeError):
        known = sorted(other for other in DECLARED if other.startswith(f"{lesson}."))
        there = f"{lesson} has {', '.join(known)}" if known else "a name looks like 06.2"
        raise LookupError(f"there is no exercise {name!r}; {there}") from None
