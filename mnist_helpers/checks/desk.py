"""What a student calls: `check` an answer, ask for a `hint`, note a `guess`, and `report` what was done."""

import re
import sys
from typing import Any, NamedTuple

import numpy as np

from mnist_helpers.checks.compare import (
    TimeUp,
    Unreadable,
    guarded,
    how_far,
    parts,
    plain,
    slips,
    start_keras,
    try_out,
)
from mnist_helpers.checks.declare import Between, Exercise, find

NOTHING = object()  # no answer was given
GUESSES: dict[str, tuple[Any, float | None]] = {}
DONE: dict[str, str] = {}  # exercise → its latest verdict's kind
HINTED: dict[str, int] = {}


class Verdict(NamedTuple):
    """What became of an answer. `kind`: nothing, right, misconception, other, unreadable, measure, sample."""

    kind: str
    text: str
    misconception: str = ""


def check(name: str, answer: Any = NOTHING, measured: Any = None) -> None:
    """Say in a line or two whether an answer is right, and if not, which mistake would lead to it.

    Args:
        name: the exercise, such as "06.2".
        answer: your answer; left out where you have noted a `guess`.
        measured: what your run has measured, where the exercise asks for it.
    """
    try:
        exercise = find(name)
        if answer is NOTHING and name in GUESSES:
            answer = GUESSES[name][0]
        verdict = judge(exercise, answer, measured)
        DONE[name] = verdict.kind
        mark = {"right": "✓", "misconception": "✗", "other": "✗", "unreadable": "✗"}.get(verdict.kind, "·")
        print(f"{mark} {name} {verdict.text}")
    except LookupError as error:
        print(f"· {error}")
    except Exception as error:  # neutral, and the tests of the lessons' and solutions' outputs fail
        kind = type(error).__name__
        print(f"· {name}: the checker failed, not you ({kind}). Please tell us, and go on meanwhile.")


def judge(exercise: Exercise, answer: Any, measured: Any = None) -> Verdict:
    """Return the verdict on an answer. Whatever the answer is, this raises nothing because of it."""
    if answer is None or answer is NOTHING or answer is ...:
        return Verdict("nothing", "nothing to check yet: put your answer in place of the dots")
    if exercise.mnist_only and _on_the_sample():
        return Verdict("sample", "not judged on the sample: only MNIST can show this")
    if exercise.measured is not None and (measured is None or measured is ...):
        return Verdict("measure", "run the cells above first: this check needs what they measure")
    if isinstance(
        measured, int | np.integer
    ):  # a number that was typed is no more exact than one that was not
        measured = float(measured)
    right, wrong = exercise.expected(measured)
    if callable(right) and not callable(answer):
        return Verdict(
            "unreadable", f"not yet: that is no function, but {_short(answer)}. Give its name alone"
        )
    known = {"": _seen(exercise, right)} | {each: _seen(exercise, it[0]) for each, it in wrong.items()}
    start_keras(answer)
    try:
        with guarded():
            seen = _seen(exercise, answer)
    except Unreadable as error:
        asked = f"You were asked for {exercise.question}"
        end = "" if str(error).endswith("?") else "."
        return Verdict("unreadable", f"not yet: your answer is {error}{end} {asked}")
    except TimeUp:
        return Verdict(
            "unreadable", "not yet: it was stopped after some seconds. Is there a loop without an end?"
        )
    except SystemExit:
        return Verdict("unreadable", "not yet: it calls exit, which would end your notebook's Python")
    except Exception as error:
        said = f"it stops with {type(error).__name__}: {_short(error)}"
        if isinstance(error, KeyError) or not (callable(answer) or isinstance(answer, dict)):
            said = _of_a_dict(answer, right, exercise) or said
        return Verdict("unreadable", f"not yet: {said}")
    far = {each: how_far(seen, value) for each, value in known.items()}
    nearest = min(far, key=far.get)  # so no tolerance reaches beyond half the way to a misconception
    if far[nearest] > exercise.near:
        said = _of_a_dict(answer, right, exercise)
        said = f"not yet: {said}" if said else _unknown(exercise, answer, seen, known[""])
        return Verdict("other", said)
    if nearest:
        return Verdict("misconception", f"not yet: {_observed(answer)}{wrong[nearest][1]}", nearest)
    tried = "It was tried on one input of ours, not on every one."
    alone = "Looked at was the answer alone, not how you came to it."
    looked = exercise.unseen or (tried if exercise.probe else alone)
    if _is_guess(exercise, known[""]):
        looked = f"{known[''].item():.4g} was measured."
    return Verdict("right", f"right. {exercise.notice}\n  ({looked})")


def hint(name: str) -> None:
    """Print the next hint for an exercise, each time one more."""
    try:
        hints = find(name).hints
    except LookupError as error:
        print(f"· {error}")
        return
    number = HINTED[name] = min(HINTED.get(name, 0) + 1, len(hints))
    last = "" if number < len(hints) else f" (the last; the solution is in solutions/{name[:2]}_….ipynb)"
    print(f"hint {number} of {len(hints)} for {name}{last}: {hints[number - 1]}")


def guess(name: str, value: Any = None, sure: float | None = None) -> None:
    """Note what you expect before a run shows it, and how sure you are; `check` compares it later.

    Args:
        name: the exercise, such as "06.1".
        value: your guess.
        sure: the probability, from 0 to 1, that you give to being about right.
    """
    if value is None or value is ...:
        print(f"· {name} no guess yet: put yours in place of the dots, or go on without one")
    elif sure is not None and not (isinstance(sure, int | float) and 0 <= sure <= 1):
        print(f"· {name} expected `sure` between 0 and 1, such as 0.8")
    else:
        GUESSES[name] = value, sure
        how = "" if sure is None else f", {sure:.0%} sure"
        print(f"· {name} noted{how}: {_short(value)}")


def report() -> None:
    """Print what was solved and guessed in this notebook, in a line to keep, to paste or to pool."""
    words = []
    for name, kind in sorted(DONE.items()):
        sure = GUESSES.get(name, (None, None))[1]
        words.append(
            f"{name}{'' if sure is None else f'@{sure:.2f}'}={'right' if kind == 'right' else 'open'}"
        )
    print("report: " + (" ".join(words) or "nothing checked yet"))


def judged_guesses(reports: str) -> tuple[np.ndarray, np.ndarray]:
    """Return from the lines of many reports how sure each guess was, and whether it was right.

    Args:
        reports: the printed lines of `report`, one or many, one below the other.

    Returns:
        (sure, right): float array `(n,)` in [0, 1], and bool array `(n,)`; n is 0 where there are no guesses.
    """
    found = re.findall(r"\d\d\.\d+@([01]\.\d+)=(right|open)", reports)
    return np.array([float(sure) for sure, _ in found]), np.array(
        [kind == "right" for _, kind in found], bool
    )


def _seen(exercise: Exercise, answer: Any) -> Any:
    """Return what is compared of an answer, as a plain value."""
    if isinstance(answer, Between):
        return answer
    if exercise.probe:
        if not callable(answer):
            raise Unreadable("no function")
        return plain(try_out(answer, exercise.probe()))
    return plain(exercise.view(answer))


def _on_the_sample() -> bool:
    data = sys.modules.get("mnist_helpers.data")
    return data is not None and data.LOADED == [data.SAMPLE]


def _observed(answer: Any) -> str:
    shown = _short(answer)
    return "" if callable(answer) or len(shown) > 40 else f"{shown}. "


def _is_guess(exercise: Exercise, right: Any) -> bool:
    """Whether an exercise asks for a guess at a number that has been measured since."""
    number = isinstance(right, np.ndarray) and right.ndim == 0
    return exercise.measured is not None and exercise.near >= 0.05 and number


def _unknown(exercise: Exercise, answer: Any, seen: Any, right: Any) -> str:
    """Say what is to be said of a wrong answer that no declared misconception explains."""
    if _is_guess(exercise, right) and isinstance(seen, np.ndarray) and seen.ndim == 0 and np.isfinite(seen):
        side = "high" if seen > right else "low"
        what = f"{right.item():.4g} was measured, and {_short(answer)} is too {side}"
        return f"not quite: {what}. What makes it so?"
    inner, target = (seen[0], right[0]) if exercise.probe else (seen, right)
    for slip, text in slips(target):
        if how_far(inner, slip) <= min(exercise.near, 0.01):
            return f"not yet: {_observed(answer)}{text}"
    if isinstance(target, np.ndarray) and target.ndim == 0 and 0 < how_far(inner, target) < 0.05:
        return f"not yet: {_observed(answer)}Near, but not near enough. What was rounded, or left out?"
    asked = f"You were asked for {exercise.question}"
    kind = (exercise.probe and _among_several(inner, target)) or _difference(inner, target)
    return f"not yet, and none of the mistakes I know. {kind}{asked}"


def _difference(seen: Any, target: Any) -> str:
    """Say what was expected in kind, never what the right answer is; nothing where the kind is right."""
    if isinstance(seen, np.ndarray) and isinstance(target, np.ndarray):
        if seen.shape != target.shape:
            return f"Its shape is {seen.shape}, expected was {target.shape}. "
        if not np.isfinite(seen.astype(float)).all():
            return "It holds numbers that are not finite (nan or inf). "
    elif type(seen) is not type(target) and not isinstance(target, Between):
        kinds = {str: "a text", tuple: "several values", np.ndarray: "a number or an array"}
        return f"It is {kinds[type(seen)]}, expected was {kinds[type(target)]}. "
    return ""


def _among_several(seen: Any, target: Any) -> str:
    """Say how many arrays a function should have returned, or their shapes; nothing where they are right."""
    if not isinstance(target, tuple):
        return ""
    seen = parts(seen)
    if len(seen) != len(target):
        return f"It returns {len(seen)} values, expected were {len(target)}. "
    shapes, expected = (
        [np.shape(part) if isinstance(part, np.ndarray) else "several" for part in each]
        for each in (seen, target)
    )
    return "" if shapes == expected else f"The shapes are {_text(shapes)}, expected were {_text(expected)}. "


def _of_a_dict(answer: Any, right: Any, exercise: Exercise) -> str:
    """Say where a dict was asked for and none came, or one with other keys; else nothing."""
    if not isinstance(right, dict) or (isinstance(answer, dict) and set(answer) == set(right)):
        return ""
    said = f"that is no dict, but {_short(answer)}"
    if isinstance(answer, dict):
        said = f"the keys of your dict are {_short(list(answer))}, expected were {_text(list(right))}"
    return f"{said}. You were asked for {exercise.question}"


def _short(value: Any) -> str:
    try:
        text = str(value) if isinstance(value, Exception) else _text(value)
    except Exception:
        text = f"something of type {type(value).__name__}"
    text = " ".join(text.split())
    return text if len(text) <= 80 else f"{text[:77]}..."


def _text(value: Any) -> str:
    """Write a value as Python does, but NumPy's numbers as plain ones, also in tuples, lists and sets."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return f"{value:.6g}"
    if type(value) not in (tuple, list, set, frozenset) or not value:
        return repr(value)
    texts = [_text(each) for each in value]
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(texts, key=lambda text: (len(text), text))) + "}"
    inside = ", ".join(texts)
    return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(texts) == 1 else ''})"
