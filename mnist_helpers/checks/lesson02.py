"""The exercises of lesson 02."""

import itertools

import numpy as np

from mnist_helpers.checks.declare import Between, exercise

FOUR_WAYS = {  # five runs each, in the order of their seeds
    "A": [93.1, 93.6, 93.3, 93.8, 93.5],
    "B": [93.4, 93.9, 93.7, 94.1, 93.6],
    "C": [94.3, 94.6, 94.2, 94.9, 94.4],
    "D": [92.2, 96.0, 93.0, 95.1, 94.0],
}
MEAN, DEVIATION = 33.3951, 78.6662  # of MNIST's training bytes, as the lesson prints them


@exercise(
    "02.1",
    measured=170.0,
    near=0.4,
    hints=(
        "Which probability does the right digit get, if another gets nearly all?",
        "−log of next to 0.",
    ),
    notice="It starts out certain of nonsense, and has to unlearn that first.",
)
def first_loss(measured):
    """a loss: a number of 0 or more"""
    return float(measured), {
        "better than undecided": (
            Between(0.0, 1.5),
            "An undecided network has 2.3, and this is better. How could it know, having learned nothing?",
        ),
        "undecided": (
            Between(1.8, 3.5),
            "It has learned nothing, true. Does that make its ten sums nearly equal?",
        ),
        "a small probability": (
            Between(4.0, 40.0),
            "A probability of 0.01 costs 4.6, a ten-millionth 16. How small is it if a lead grows 255 times?",
        ),
        "the size of the inputs": (
            Between(250.0, 260.0),
            "The inputs are 255 times as large, true. What else grows 255 times, and was it 1 before?",
        ),
        "the loss grows alike": (
            Between(450.0, 700.0),
            "2.3 is the loss of ten *equal* sums. How large is the lead of one over another in it?",
        ),
        "a probability of 0": (
            Between(2000.0, np.inf),
            "That takes a lead of thousands, or a probability of exactly 0. Does softmax ever give one?",
        ),
    }


@exercise(
    "02.2",
    measured=93.0,
    near=0.05,
    hints=("All inputs are 255 times as large. What becomes of the sums?", "Which sum is the largest?"),
    notice="Larger inputs stretch all ten sums. The largest stays the largest, but for the biases.",
)
def larger_inputs(measured):
    """a percentage, from 0 to 100"""
    return float(measured), {
        "nothing": (
            Between(0.0, 0.05),
            "Even a stuck clock reads a tenth. What would have to happen to get all wrong?",
        ),
        "a share": (
            Between(0.1, 1.0),
            "Of 100 digits that is one at most. Is it a share of 1, or have you divided something by 255?",
        ),
        "it guesses": (Between(5.0, 20.0), "Large inputs make large sums. Does their order change?"),
        "half": (
            Between(35.0, 60.0),
            "Which digits would it read, and which not? All inputs grow by one factor.",
        ),
        "a part": (
            Between(min(61.0, 0.75 * measured), 0.9 * measured),
            "Some of its answers change, then. Which, if all sums of an image grow by nearly one factor?",
        ),
        "stronger inputs": (
            Between(min(1.055 * measured, 99.5), 100.0),
            "Would digits that it misreads come right because all their pixels are larger alike?",
        ),
    }


def _pairs(apart):
    return {a + b for a, b in itertools.combinations(FOUR_WAYS, 2) if apart(FOUR_WAYS[a], FOUR_WAYS[b])}


def _as_pairs(answer):
    """Read {"CA"}, [("A", "C")] and "AC, BC" alike."""
    pairs = answer.replace(",", " ").split() if isinstance(answer, str) else answer
    return {"".join(sorted("".join(pair).upper())) for pair in pairs}


@exercise(
    "02.3",
    hints=("There are six pairs. compare_runs answers for each.", "Neither means nor seeds are asked."),
    notice="B is ahead of A with each seed and D has the best run of all: neither shows a difference.",
    view=_as_pairs,
)
def come_apart():
    """a set of pairs, such as {"AB", "CD"}"""
    right = _pairs(lambda one, two: max(one) < min(two) or max(two) < min(one))
    every = _pairs(lambda one, two: True)
    named = {
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
        "the others": (every - right, "The runs of these pairs mix. Which pairs were asked for?"),
    }
    subsets = (set(some) for n in range(7) for some in itertools.combinations(sorted(every), n))
    others = {}
    for some in subsets:
        if some != right and some not in [each for each, _ in named.values()]:
            (one, two), *_ = sorted(some - right) or sorted(right - some)
            asked = f"Look at {one} and {two}. Is every run of one of them above every run of the other?"
            others[" ".join(sorted(some))] = some, asked
    return right, named | others


def _example():
    random = np.random.default_rng(11)
    fit = random.integers(3, 250, (6, 3, 4)).astype("uint8")
    other = random.integers(0, 256, (2, 3, 4)).astype("uint8")
    other[:, 0, :2], other[1] = 0, other[1] // 2  # paper, and a pale digit
    return fit, other


@exercise(
    "02.4",
    near=0.0005,
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

    def right(fit, other):
        return (other - fit.mean()) / fit.std()

    def fit_written_over(fit, other):
        result = right(fit, other)
        fit[...] = right(fit, fit)
        return result

    def written_over(fit, other):
        other[...] = (other - fit.mean()) / fit.std()
        return other

    return right, {
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
        "the first array": (lambda fit, other: right(fit, fit), "Which of the two arrays was to come back?"),
        "arguments exchanged": (
            lambda fit, other: right(other, fit),
            "The first array came back, with numbers of the second. Which of them is `fit`?",
        ),
        "both": (
            lambda fit, other: (right(fit, fit), right(fit, other)),
            "Two arrays came back. Which one was asked for?",
        ),
        "fit overwritten": (
            fit_written_over,
            "The result is right, but `fit` holds other numbers now. Were both arrays to stay as they are?",
        ),
        "wrapped bytes": (
            lambda fit, other: (other - np.uint8(fit.mean())) / fit.std(),
            "No result is negative, though paper lies below the mean. What does a byte do below 0?",
        ),
        "mean cut": (
            lambda fit, other: (other - np.floor(fit.mean())) / fit.std(),
            "Near, but the mean seems to have lost its decimals. Where did it become a whole number?",
        ),
        "n − 1": (
            lambda fit, other: (other - fit.mean()) / fit.std(ddof=1),
            "Near. Does your deviation divide by n − 1? The one of section 2 divides by n.",
        ),
        "no negatives": (
            lambda fit, other: np.maximum(right(fit, other), 0),
            "Whatever lies below the mean came out as 0. What does section 2 say of paper?",
        ),
        "back to bytes": (
            lambda fit, other: right(fit, other).astype(int).astype("uint8"),
            "Whole numbers came back, none below 0. Can a byte hold −0.4?",
        ),
        "rows": (
            lambda fit, other: right(fit, other).reshape(len(other), -1),
            "The numbers are right, in one row for each image. Which shape has `other`?",
        ),
        "its own deviation": (
            lambda fit, other: (other - fit.mean()) / other.std(),
            "The mean is that of `fit`. Of which array is the deviation?",
        ),
        "its own mean": (
            lambda fit, other: (other - other.mean()) / fit.std(),
            "The deviation is that of `fit`. Of which array is the mean?",
        ),
        "numbers of MNIST": (
            lambda fit, other: (other - MEAN) / DEVIATION,
            "Are these the lesson's `mean` and `deviation`? The function is to take both from its `fit`.",
        ),
        "variance": (
            lambda fit, other: (other - fit.mean()) / fit.var(),
            "The results are tiny. Is that the deviation, or its square?",
        ),
        "not divided": (
            lambda fit, other: other - fit.mean(),
            "The mean is taken away. What about the size?",
        ),
        "no mean": (lambda fit, other: other / fit.std(), "Paper is still 0. What was to be subtracted?"),
        "mean added": (
            lambda fit, other: (other + fit.mean()) / fit.std(),
            "All results are above 0. Which sign has the mean in the formula?",
        ),
        "no brackets": (
            lambda fit, other: other - fit.mean() / fit.std(),
            "Which is done first, the division or the subtraction? What would brackets change?",
        ),
        "divided by 255": (
            lambda fit, other: other / 255,
            "All results lie from 0 to 1: that scales by 255. Which two numbers does standardising take?",
        ),
        "divided by 255 first": (
            lambda fit, other: (other / 255 - fit.mean()) / fit.std(),
            "`other` is a 255th here and `fit` is not. Do both have the same unit?",
        ),
        "least and greatest": (
            lambda fit, other: (other - fit.min()) / (float(fit.max()) - fit.min()),
            "That goes by the least and the greatest byte. Which two numbers does standardising take?",
        ),
    }
