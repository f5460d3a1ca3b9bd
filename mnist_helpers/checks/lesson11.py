"""The exercises of lesson 11."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "11.1",
    measured=0.2,
    near=0.4,
    hints=("What is large in a training digit, and what in a photograph of one?",),
    notice="Accuracy belongs to a network *and* a kind of picture. These are pictures of another kind.",
)
def squeezed(measured):
    """the share of squeezed photographs that are read, from 0 to 1"""
    return float(measured), {
        "as good as ever": (
            Between(0.9, 1.0),
            "That is its share of MNIST's digits. Does a squeezed photograph look like one of those?",
        ),
        "a little worse": (
            Between(0.5, 0.89),
            "That is a network which mostly copes. Where has a training digit its large numbers?",
        ),
        "none": (Between(0.0, 0.02), "Worse than guessing? A tenth comes without looking at the picture."),
        "percent": (Between(1.1, 100.0), "Is it a share, from 0 to 1?"),
    }


@exercise(
    "11.2",
    measured=0.27,
    near=0.4,
    hints=("Ten probabilities sum to 1. Is there an eleventh, for 'none of these'?",),
    notice="Nobody taught them doubt: what they decline, they decline by accident.",
)
def signs_declined(measured):
    """the share of photographed signs that are declined at 0.7, from 0 to 1"""
    return float(measured), {
        "knows what a digit is": (
            Between(0.85, 1.0),
            "That is a network which knows what is no digit. Which training picture taught it that?",
        ),
        "never doubts": (
            Between(0.0, 0.03),
            "Some signs lie between two digits. What are its probabilities there?",
        ),
        "percent": (Between(1.1, 100.0), "Is it a share, from 0 to 1?"),
    }


def _confidences():
    digits = np.concatenate([np.linspace(0.55, 0.9, 12), np.linspace(0.9, 1, 288) ** 0.05])
    return digits, np.linspace(0.4, 1, 240)


@exercise(
    "11.3",
    measured=_confidences(),
    hints=(
        "How many photographs are 2%? Put the confidences in order: np.sort.",
        "Below the threshold are 2%, and 98% are above it.",
        "np.quantile(confidences, share) has the given share of them below it.",
    ),
    notice="Neither labels nor letters were needed: the price is counted in digits alone.",
)
def price_of_two_percent(measured):
    """the threshold: a probability, from 0 to 1"""
    digits, signs = np.sort(measured[0]), measured[1]
    k = round(0.02 * len(digits))
    return Between(float(digits[max(0, k - 2)]) + 1e-9, float(digits[k + 1])), {
        "the other tail": (
            Between(max(0.9995, float(np.quantile(digits, 0.975))), 1.0),
            "How many photographs are below it: 2%, or 98%?",
        ),
        "the share as threshold": (
            Between(0.0, 0.1),
            "The largest of ten probabilities is never below 0.1. Is 2% one of them, or a share of photos?",
        ),
        "98% sure": (
            Between(0.979, 0.981),
            "Does a threshold of 98% decline 2%? Count the photographs below it.",
        ),
        "chosen on signs": (
            float(np.quantile(signs, 0.02)),
            "It declines 2% of something. Of digits, or of signs?",
        ),
        "percent": (Between(1.1, 100.0), "Is it a probability, from 0 to 1?"),
    }


def _corner():
    """A box that is 20 high, heavy in its upper left, faint in the rest, so that each slip shows."""
    ink = np.full((20, 10), 6, np.uint8)
    ink[8:, 7:] = 0
    ink[1:5, 1:5] = 250
    return (ink,)


def _placed(ink, top, left):
    image = np.zeros((28, 28), np.uint8)
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return image


def _mean_place(ink):
    rows, columns = np.indices(ink.shape)
    return (rows * ink.astype(float)).sum() / ink.sum(), (columns * ink.astype(float)).sum() / ink.sum()


def _inside(ink, row, column):
    height, width = ink.shape
    return int(np.clip(14 - row, 0, 28 - height)), int(np.clip(14 - column, 0, 28 - width))


def _with_place(place):
    """Return a function that centres by another place, as `place(ink)` gives it."""

    def centred(ink):
        top, left = _inside(ink, *place(ink))
        return _placed(ink, top, left)

    return centred


def _rounded(ink):
    row, column = _mean_place(ink)
    return round(row), round(column)


def _wrapped(ink):
    row, column = _rounded(ink)
    return np.roll(_placed(ink, 0, 0), (14 - row, 14 - column), (0, 1))


def _emptied(ink):
    image = _with_place(_rounded)(ink)
    ink[:] = 0
    return image


@exercise(
    "11.4",
    probe=_corner,
    hints=(
        "ink.sum(axis=1) is the ink of each row; the row's number is np.arange(height).",
        "Mean row: (np.arange(height) * ink.sum(axis=1)).sum() / ink.sum(). Columns likewise, with axis 0.",
        "The box begins 14 minus the mean row from the top: not below 0, and not beyond 28 minus its height.",
    ),
    notice="The mean of places weighted by ink: what a balance would find.",
)
def centre_by_hand():
    """a function of a box of ink, uint8, that returns a 28 × 28 image"""
    return _with_place(_rounded), {
        "middle of the box": (
            _with_place(lambda ink: (ink.shape[0] // 2, ink.shape[1] // 2)),
            "Its box is in the middle. Where is most of the ink?",
        ),
        "axes swapped": (
            _with_place(lambda ink: _rounded(ink)[::-1]),
            "The ink is off in both directions. Which of the two means belongs to the rows?",
        ),
        "unweighted": (
            _with_place(lambda ink: _rounded((ink > 0).astype(np.uint8))),
            "Faint pixels pull as strongly as dark ones. What weighs a pixel?",
        ),
        "cut off": (
            _with_place(lambda ink: tuple(int(place) for place in _mean_place(ink))),
            "It is off by one. Does int round to the nearest number?",
        ),
        "wraps around": (
            _wrapped,
            "Ink that leaves at the bottom comes in at the top. How far may the box move?",
        ),
        "empties its input": (_emptied, "The image is right, and `ink` is changed afterwards. By whom?"),
    }
