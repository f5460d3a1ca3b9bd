"""Comparing answers: any value a student may give, as plain values, and whether two of them agree."""

import contextlib
import copy
import importlib
import io
import math
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mnist_helpers.checks.declare import Between

SECONDS = 5  # for a student's function; then it is stopped


class Unreadable(Exception):
    """An answer that cannot be compared; the text says what it is."""


class TimeUp(BaseException):
    """Raised in a student's function that takes too long; no `except Exception` there catches it."""


def plain(value: Any) -> Any:
    """Turn an answer into a str, a Between, a tuple of plain values, or an array of numbers.

    Raises:
        Unreadable: it is none of these, as a ragged list or an object.
    """
    if isinstance(value, str | Between):
        return value
    if isinstance(value, set | frozenset):
        return tuple(sorted((plain(each) for each in value), key=str))
    if callable(value):
        raise Unreadable("a function, and a value was expected")
    try:
        array = np.asarray(value)
    except Exception:  # ragged lists, and objects with an __array__ of their own
        array = np.asarray(None)
    if array.dtype.kind in "biuf":
        return array
    if isinstance(value, list | tuple):
        return tuple(plain(each) for each in value)
    raise Unreadable(f"of type {type(value).__name__}, which cannot be compared")


def how_far(answer: Any, target: Any) -> float:
    """Return how far a plain value is from another, as a share of the other's size.

    Integers and texts (but for case) are equal or not: 0 or infinite. So is what differs in kind or shape.
    """
    if isinstance(target, Between):
        number = isinstance(answer, np.ndarray) and answer.size == 1
        return 0.0 if number and target.low <= answer.item() <= target.high else math.inf
    if isinstance(target, str) or isinstance(answer, str):
        both = isinstance(target, str) and isinstance(answer, str)
        return 0.0 if both and answer.strip().casefold() == target.strip().casefold() else math.inf
    if isinstance(target, tuple) or isinstance(answer, tuple):
        target, answer = parts(target), parts(answer)
        if len(answer) != len(target):
            return math.inf
        return max(map(how_far, answer, target), default=0.0)
    if answer.shape != target.shape:
        return math.inf
    answer, whole, target = answer.astype(float), target.dtype.kind in "biu", target.astype(float)
    if whole or not target.size:
        return 0.0 if np.array_equal(answer, target) else math.inf
    far = float(np.abs(answer - target).max()) / max(float(np.abs(target).max()), 1e-3)
    return far if math.isfinite(far) else math.inf


def slips(right: Any) -> Iterator[tuple[Any, str]]:
    """Yield what a slip that is nobody's misconception makes of a right answer, and what to ask then."""
    if not isinstance(right, str | Between) and len(parts(right)) == 2:
        yield right[::-1], "Both values are right, in the other order. Which comes first?"
    if isinstance(right, np.ndarray) and right.size and right.dtype.kind != "b":
        number = right.astype(float)
        yield 100 * number, "That is a hundred times too much: a percentage, where a share was asked?"
        yield number / 100, "That is a hundredth of it: a share, where a percentage was asked?"
        yield -number, "Right but for the sign. Which was taken from which?"
        if right.ndim == 0 and 0 < number < 1:
            yield 1 - number, "These are the others. What is left when they are taken from 1?"
        if right.ndim == 2:
            yield number.T, "The numbers are right, with rows and columns exchanged."
        for shape in {(right.size,), (right.size, 1), (1, *right.shape), (*right.shape, 1), ()} - {
            right.shape
        }:
            if np.prod(shape) == right.size:
                yield (
                    number.reshape(shape),
                    "The numbers are right, in another shape: "
                    + (f"{right.shape} was expected." if right.shape else "a single number was expected."),
                )


def parts(value: Any) -> tuple:
    """Return the parts of a plain value: of a row its numbers, so that (3, 4) and [3, 4] are one answer."""
    row = isinstance(value, tuple) or (isinstance(value, np.ndarray) and value.ndim)
    return tuple(value) if row else (value,)


def try_out(function: Callable, probe: tuple) -> tuple:
    """Call a function with copies of the arguments; return its result, and what it leaves of them."""
    arguments = copy.deepcopy(probe)
    result = function(*arguments)
    if result is None:
        raise Unreadable("a function that returns nothing: is there a `return` at its end?")
    return result, *arguments


def start_keras(answer: Any) -> None:
    """Start Keras where a student's function may call it, since its very first call takes seconds."""
    with contextlib.suppress(Exception):  # an object that answers nothing; and where there is no Keras
        code = getattr(answer, "__code__", None)
        if callable(answer) and ("keras" in sys.modules or {"keras", "tensorflow"} & set(code.co_names)):
            importlib.import_module("keras").ops.zeros(1)


@contextlib.contextmanager
def guarded():
    """Run a student's code: quiet, and stopped after some seconds where system and thread allow it."""

    def stop(*_):
        raise TimeUp

    timed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGALRM, stop) if timed else None
    if timed:
        signal.setitimer(signal.ITIMER_REAL, SECONDS, 0.2)  # again and again, should it be caught
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
