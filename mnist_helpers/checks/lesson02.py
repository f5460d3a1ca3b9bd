"""The exercises of lesson 02."""

import itertools

import numpy as np

from mnist_helpers.checks.declare import exercise

FOUR_WAYS = {  # five runs each, in the order of their seeds
    "A": [93.1, 93.6, 93.3, 93.8, 93.5],
    "B": [93.4, 93.9, 93.7, 94.1, 93.6],
    "C": [94.3, 94.6, 94.2, 94.9, 94.4],
    "D": [92.2, 96.0, 93.0, 95.1, 94.0],
}


@exercise(
    "02.1",
    measured=170.0,
    near=0.5,
    hints=(
        "Which probability does the right digit get, if another gets nearly all?",
        "−log of next to 0.",
    ),
    notice="It starts out certain of nonsense, and has to unlearn that first.",
)
def first_loss(measured):
    """a loss: a number of 0 or more"""
    return float(measured), {
        "undecided": (2.3, "It has learned nothing, true. Does that make its ten sums nearly equal?"),
        "the loss grows alike": (
            2.3 * 255,
            "2.3 is the loss of ten *equal* sums. How large is the lead of one over another in it?",
        ),
        "no loss": (0.0, "That would be certain of the *right* digit, each time. How could it know?"),
    }


@exercise(
    "02.2",
    measured=93.0,
    near=0.2,
    hints=("All inputs are 255 times as large. What becomes of the sums?", "Which sum is the largest?"),
    notice="Larger inputs stretch all ten sums. The largest stays the largest, but for the biases.",
)
def larger_inputs(measured):
    """a percentage, from 0 to 100"""
    return float(measured), {
        "it guesses": (10.0, "Large inputs make large sums. Does their order change?"),
        "half": (50.0, "Which digits would it read, and which not? All inputs grow by one factor."),
        "nothing": (0.0, "Even a stuck clock reads a tenth. What would have to happen to get all wrong?"),
    }


def _pairs(apart):
    return {a + b for a, b in itertools.combinations(FOUR_WAYS, 2) if apart(FOUR_WAYS[a], FOUR_WAYS[b])}


@exercise(
    "02.3",
    hints=("There are six pairs. compare_runs answers for each.", "Neither means nor seeds are asked."),
    notice="B is ahead of A with each seed and D has the best run of all: neither shows a difference.",
    view=lambda answer: {"".join(sorted(pair.upper())) for pair in answer},
)
def come_apart():
    """a set of pairs, such as {"AB", "CD"}"""
    right = _pairs(lambda one, two: max(one) < min(two) or max(two) < min(one))
    return right, {
        "means": (
            _pairs(lambda one, two: np.mean(one) != np.mean(two)),
            "Means always differ. Do the runs of D lie apart from those of A?",
        ),
        "seed by seed": (
            {"AB"} | right,
            "With each seed B is ahead of A. Is *every* run of B above *every* run of A, whatever its seed?",
        ),
        "far apart only": (
            {"AC"},
            "B and C lie close together, true. Is there a run of B above a run of C?",
        ),
        "best runs": (
            {"AD", "BD", "CD"},
            "D has the best run of all, and the worst. What would you say had you seen its first run only?",
        ),
        "too few runs": (set(), "Five against five come apart by luck once in 126. Do none of these?"),
    }


def _example():
    random = np.random.default_rng(2)
    return (
        random.integers(0, 256, (6, 3, 4)).astype("uint8"),
        random.integers(150, 250, (2, 3, 4)).astype("uint8"),
    )


@exercise(
    "02.4",
    probe=_example,
    hints=("How many means does the definition of section 2 have, and from which digits?",
           "fit.mean() is one number; fit.mean(axis=0) is one for each pixel.",
           "Subtract fit.mean() from other, and divide by fit.std()."),
    notice="Both numbers belong to the network that learned with them, and travel with it.",
)  # fmt: skip
def standardise_others():
    """a function of two arrays of bytes, which returns the second one standardised"""

    def with_numbers_of(choose, axis=None):
        def function(fit, other):
            source = choose(fit, other)
            keep = axis is not None
            return (other - source.mean(axis, keepdims=keep)) / source.std(axis, keepdims=keep)

        return function

    def written_over(fit, other):
        other[...] = (other - fit.mean()) / fit.std()
        return other

    return with_numbers_of(lambda fit, other: fit), {
        "overwritten": (
            written_over,
            "What you were given holds other numbers now. And can bytes hold a fraction?",
        ),
        "its own numbers": (
            with_numbers_of(lambda fit, other: other),
            "The result has mean 0 whatever digits come. Would an equal grey stay an equal input?",
        ),
        "together": (
            with_numbers_of(lambda fit, other: np.concatenate([fit, other])),
            "The other digits take part in the two numbers. May they influence their own examination?",
        ),
        "per pixel": (
            with_numbers_of(lambda fit, other: fit, axis=0),
            "There is a mean for each pixel. What is the deviation of a corner that never has ink?",
        ),
        "per image": (
            with_numbers_of(lambda fit, other: other, axis=(1, 2)),
            "Each image gets two numbers of its own. Does a pale digit stay paler than a dark one?",
        ),
        "the first array": (
            lambda fit, other: (fit - fit.mean()) / fit.std(),
            "Which of the two arrays was to come back?",
        ),
        "variance": (
            lambda fit, other: (other - fit.mean()) / fit.var(),
            "The results are tiny. Is that the deviation, or its square?",
        ),
        "not divided": (
            lambda fit, other: other - fit.mean(),
            "The mean is 0 now. What about the size?",
        ),
    }
