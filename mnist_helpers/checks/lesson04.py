"""The exercises of lesson 04."""

import numpy as np

from mnist_helpers.checks.declare import exercise


@exercise(
    "04.1",
    measured=0.693,
    near=0.1,
    hints=(
        "What does each single pixel say about the kind?",
        "Each of two answers gets a half: −log of it?",
    ),
    notice="One half for each answer, and a loss of log 2: it knows nothing of what it cannot combine.",
)
def stuck(measured):
    """the loss of one image, a number such as 0.25"""
    return float(measured), {
        "solved": (0.0, "Which single pixel, or which sum of pixels, tells the kinds apart?"),
        "of ten answers": (
            np.log(10),
            "That is the loss of ten equal answers. How many are there here?",
        ),
        "of four images": (np.log(4), "There are four images. How many answers are there?"),
        "the probability": (0.5, "Is that a loss, or the probability? The loss is −log of it."),
        "three of four": (-np.log(0.75), "Is one image of the four special, and which would it be?"),
    }


@exercise(
    "04.2",
    784,
    32,
    10,
    measured=10,
    near=0.3,
    hints=(
        "Slope = input × error.",
        "How large are the hidden values, and the weights that errors return by?",
    ),
    notice="All that can learn are ten biases of scores: random weights are what starts the rest.",
)
def from_zero(pixels, units, scores, measured):
    """how many numbers have moved: a number"""
    last = units * scores + scores
    return float(measured), {
        "all": (float(pixels * units + units + last), "What is a slope whose input, or whose error, is 0?"),
        "none": (0.0, "A bias of a score has no input. What is its slope?"),
        "the last layer": (float(last), "Slope = input × error: how large are the inputs of that table?"),
        "all biases": (float(units + scores), "Through which weights do errors come back to hidden units?"),
        "the first layer": (float(pixels * units), "What has the error met on its way back to that table?"),
    }


@exercise(
    "04.3",
    784,
    32,
    10,
    hints=(
        "Go through the four arrays one by one. Slope = input × error.",
        "The last table's inputs are hidden values, which are no longer 0. And the error of a hidden unit?",
        "The error comes back through the last table, which is 0: nothing before it moves.",
    ),
    notice="In the second step the last table is no longer 0, so that everything can move.",
)
def first_step(pixels, units, scores):
    """how many numbers can move in the first step: a whole number"""
    table, last = pixels * units, units * scores
    return last + scores, {
        "as from zero": (scores, "What are the hidden values, now that the first table is random?"),
        "all": (table + units + last + scores, "What is the error of a hidden unit, if W2 is 0?"),
        "the random ones": (table, "Through which weights do the errors of these come back?"),
        "no biases": (last, "Which slopes are the errors themselves, whatever the inputs are?"),
        "all that is zero": (
            units + last + scores,
            "All that starts from 0: has each of them an input and an error?",
        ),
        "for one unit": (2 * scores, "How many hidden units lead to each score?"),
    }


def _probe():
    random = np.random.default_rng(4)
    weights = [random.normal(size=shape) for shape in ((4, 3), 3, (3, 2), 2)]
    return random.random((5, 4)), np.array([0, 1, 1, 0, 1]), weights


def _with(factor, squash=True, mean=True, uphill=False):
    """Return slopes for a hidden layer; `factor` is worked out from its sums and its values."""

    def sigmoid_slopes(x, labels, weights):
        W1, b1, W2, b2 = weights
        sums = x @ W1 + b1
        hidden = 1 / (1 + np.exp(-sums)) if squash else np.maximum(sums, 0)
        powers = np.exp(hidden @ W2 + b2)
        error = powers / powers.sum(axis=1, keepdims=True) - np.eye(len(b2))[labels]
        error = error * (-1 if uphill else 1) / (len(x) if mean else 1)
        error_hidden = (error @ W2.T) * factor(sums, hidden)
        first = [x.T @ error_hidden, error_hidden.sum(axis=0)]
        return [*first, hidden.T @ error, error.sum(axis=0)]

    return sigmoid_slopes


def _overwrites(x, labels, weights):
    found = _with(lambda sums, hidden: hidden * (1 - hidden))(x, labels, weights)
    for weight, slope in zip(weights, found, strict=True):
        weight -= 0.1 * slope
    return found


@exercise(
    "04.4",
    probe=_probe,
    hints=(
        "Copy `slopes` and `forward`. What is ReLU's in them?",
        "`np.maximum(sums, 0)` and `(sums > 0)`: the value, and its slope. Replace both.",
        "The slope is that of the sigmoid at each sum: value · (1 − value), and the values are `hidden`.",
    ),
    notice="One factor in the chain has changed, and nothing else: so it is with every activation.",
)
def sigmoid_slopes():
    """a function of (x, labels, weights) that returns the slopes of the four arrays, as a list"""
    right = _with(lambda sums, hidden: hidden * (1 - hidden))
    return right, {
        "ReLU's factor": (
            _with(lambda sums, hidden: sums > 0),
            "The factor in the chain is still ReLU's. What is the slope of a sigmoid?",
        ),
        "ReLU's values": (
            _with(lambda sums, hidden: hidden * (1 - hidden), squash=False),
            "The hidden values are still ReLU's. Has your forward a sigmoid?",
        ),
        "ReLU throughout": (
            _with(lambda sums, hidden: sums > 0, squash=False),
            "This gives what `slopes` gives. What takes the place of np.maximum, and of sums > 0?",
        ),
        "no factor": (
            _with(lambda sums, hidden: 1.0),
            "The error goes back as if hidden units let everything pass. Which wheel is missing?",
        ),
        "the value as factor": (
            _with(lambda sums, hidden: hidden),
            "Is the slope largest where the curve is flat, near 1?",
        ),
        "of the sums": (
            _with(lambda sums, hidden: sums * (1 - sums)),
            "value · (1 − value): of which value, that before the sigmoid or that after it?",
        ),
        "squashed twice": (
            _with(lambda sums, hidden: 1 / (1 + np.exp(-hidden)) * (1 - 1 / (1 + np.exp(-hidden)))),
            "Was the sigmoid taken of values that are sigmoids already?",
        ),
        "a sum": (
            _with(lambda sums, hidden: hidden * (1 - hidden), mean=False),
            "All slopes are too large by the same factor. Is the loss a sum or a mean over the images?",
        ),
        "sign": (
            _with(lambda sums, hidden: hidden * (1 - hidden), uphill=True),
            "Each slope has the other sign. Which of said and should-have-said is taken away?",
        ),
        "takes the step": (
            _overwrites,
            "The slopes are right, but the weights it was given are changed. Who asked for a step?",
        ),
    }
