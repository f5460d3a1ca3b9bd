"""From ten probabilities to an answer, or to "not sure"."""

from typing import NamedTuple

import numpy as np

SURE = 0.7  # below this probability the answer is "not sure"


class Answer(NamedTuple):
    """What is said about a picture of a digit; `str(answer)` says it in words."""

    digit: int | None  # None: not sure
    candidates: tuple[int, int]  # the two likeliest digits, the likelier first
    probability: float  # of the first, 0–1

    def __str__(self):
        first, second = self.candidates
        return f"not sure: {first} or {second}" if self.digit is None else str(self.digit)


def answer_digit(digit):
    """Say which digit of a picture it is, as `answer` does; not sure where its shape is odd."""
    return answer(digit.probabilities, threshold=2 if digit.odd else SURE)


def answer(probabilities, threshold=SURE):
    """Say which digit it is, or which two it may be.

    The threshold is a price, not a measurement: a higher one declines more letters, and more digits with them
    (11_own_digits.ipynb shows both). Any value from 0.6 to 0.9 could be defended.

    Args:
        probabilities: float array `(10,)` or `(1, 10)`, one row of `model.predict`.
        threshold: probability from which on the answer is given, 0–1.

    Returns:
        `Answer`: the digit, or None below the threshold, with the two likeliest digits.

    Raises:
        ValueError: not ten probabilities.
    """
    probabilities = np.squeeze(probabilities)
    if probabilities.shape != (10,) or not np.isfinite(probabilities).all():
        raise ValueError(
            f"expected ten probabilities, got shape {np.shape(probabilities)}: pass one row of model.predict"
        )
    first, second = np.argsort(-probabilities, kind="stable")[:2].tolist()
    probability = float(probabilities[first])
    return Answer(first if probability >= threshold else None, (first, second), probability)
