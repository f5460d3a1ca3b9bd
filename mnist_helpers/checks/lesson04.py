"""The exercises of lesson 04."""

import itertools

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


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
        "negative": (-np.log(2), "Can a loss be negative? It is minus the logarithm."),
        "to base 10": (np.log10(2), "Is that a logarithm to base 10? The loss takes the natural one."),
        "added up": (4 * np.log(2), "Is that the loss of one image, or the sum of all four?"),
        "in percent": (50.0, "Is that a percentage? The loss is −log of a probability."),
        "one of four": (0.25, "Is one image of the four special, and which would it be?"),
        "nearly solved": (Between(0.005, 0.2), "Which pixel, or which sum of pixels, tells the kinds apart?"),
        "one mistake": (1.0, "Is 1 the cost of a wrong answer? The loss is −log of a probability: of which?"),
        "wrong": (
            Between(3.5, 30),
            "That is being sure of a wrong answer. Would steps against the slope keep it so?",
        ),
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
        "all weights": (
            float(pixels * units + units * scores),
            "What is the slope of a weight whose input or error is 0? And has a bias an input?",
        ),
        "many": (Between(1000, 19000), "How large are the hidden values, if all weights are 0?"),
        "one": (1.0, "Has only one score an error, through all the images of an epoch?"),
        "in percent": (100.0, "Is that a percentage? Asked is how many of the 25,450."),
        "percent of ten": (0.04, "Is that a percentage? Asked is how many of the 25,450."),
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
    notice="In the second step the last table is no longer 0, and errors come back to the first layer.",
)
def first_step(pixels, units, scores):
    """how many numbers can move in the first step: a whole number"""
    parts = {"W1": pixels * units, "b1": units, "W2": units * scores, "b2": scores}
    right = parts["W2"] + parts["b2"]
    wrong = {}
    for size in range(5):
        for names in itertools.combinations(parts, size):
            said = [f"That is what {', '.join(names)} hold together." if size > 1 else ""]
            if "b2" not in names:
                said.append("Which slopes are the errors themselves, whatever the inputs are?")
            if "W2" not in names:
                said.append("What are the hidden values, now that the first table is random?")
            if "W1" in names or "b1" in names:
                said.append("What is the error of a hidden unit, if W2 is 0?")
            if names == ("W2",):
                said.append("(If you have counted them: is a unit shut for the whole batch?)")
            wrong[f"moves {names}"] = sum(parts[name] for name in names), " ".join(filter(None, said))
    del wrong["moves ('W2', 'b2')"]
    shut = "If you have counted them: how many units are shut for the whole batch, and what hangs on each?"
    return right, wrong | {
        **{f"{units} units shut": (right - units * scores, shut) for units in range(2, 6)},
        "for one unit": (2 * scores, "How many hidden units lead to each score?"),
        "one layer": (pixels * scores + scores, "Is that the layer of 03? Here 32 units lie in between."),
        "a share": (Between(0.0129, 0.0131), "As a share that is right. How many are they?"),
        "a list": ([0, 0, units * scores, scores], "Those are the four counts. What do they add up to?"),
    }


def _probe():
    random = np.random.default_rng(4)
    weights = [random.normal(scale=2, size=shape) for shape in ((4, 3), 3, (3, 2), 2)]
    return random.random((5, 4)), np.array([0, 1, 1, 0, 1]), weights


def _sigmoid(sums):
    return 1 / (1 + np.exp(-sums))


def _right_factor(sums, hidden):
    return hidden * (1 - hidden)


def _relu(sums):
    return np.maximum(sums, 0)


def _with(factor, squash=_sigmoid, mean=True, uphill=False, inputs=lambda sums, hidden: hidden):
    """Return slopes for a hidden layer; `factor` is worked out from its sums and its values."""

    def sigmoid_slopes(x, labels, weights):
        W1, b1, W2, b2 = weights
        sums = x @ W1 + b1
        hidden = squash(sums)
        powers = np.exp(hidden @ W2 + b2)
        error = powers / powers.sum(axis=1, keepdims=True) - np.eye(len(b2))[labels]
        error = error * (-1 if uphill else 1) / (len(x) if mean else 1)
        error_hidden = (error @ W2.T) * factor(sums, hidden)
        first = [x.T @ error_hidden, error_hidden.sum(axis=0)]
        return [*first, inputs(sums, hidden).T @ error, error.sum(axis=0)]

    return sigmoid_slopes


def _overwrites(x, labels, weights):
    found = _with(_right_factor)(x, labels, weights)
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
    right = _with(_right_factor)

    def given_as(change):
        return lambda *arguments: change(right(*arguments))

    return right, {
        "ReLU's factor": (
            _with(lambda sums, hidden: sums > 0),
            "The factor in the chain is still ReLU's. What is the slope of a sigmoid?",
        ),
        "ReLU's values": (
            _with(_right_factor, squash=_relu),
            "The hidden values are still ReLU's. Has your forward a sigmoid?",
        ),
        "ReLU's values, the sigmoid's slope": (
            _with(lambda sums, hidden: _right_factor(sums, _sigmoid(sums)), squash=_relu),
            "The factor is the sigmoid's slope, and the hidden values are still ReLU's. What has your "
            "forward put in the place of np.maximum?",
        ),
        "ReLU throughout": (
            _with(lambda sums, hidden: sums > 0, squash=_relu),
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
            _with(lambda sums, hidden: _right_factor(sums, _sigmoid(hidden))),
            "Was the sigmoid taken of values that are sigmoids already?",
        ),
        "a sum": (
            _with(_right_factor, mean=False),
            "All slopes are too large by the same factor. Is the loss a sum or a mean over the images?",
        ),
        "sign": (
            _with(_right_factor, uphill=True),
            "Each slope has the other sign. Which of said and should-have-said is taken away?",
        ),
        "one minus the value": (
            _with(lambda sums, hidden: 1 - hidden),
            "Is the slope largest where the curve is flat, near 0?",
        ),
        "tanh's": (
            _with(lambda sums, hidden: 1 - hidden**2),
            "The factor 1 − value² is that of another curve, tanh. What is the sigmoid's?",
        ),
        "a quarter": (
            _with(lambda sums, hidden: 0.25),
            "A quarter is the slope at its largest, at the sum 0. What is it elsewhere?",
        ),
        "minus lost": (
            _with(_right_factor, squash=lambda sums: _sigmoid(-sums)),
            "Your sigmoid falls where it should rise. What is the sign in its exponent?",
        ),
        "sums as inputs": (
            _with(_right_factor, inputs=lambda sums, hidden: sums),
            "What are the inputs of the last table: the sums, or the values after the sigmoid?",
        ),
        "biases' means": (
            given_as(lambda found: [each / (1 if each.ndim > 1 else 5) for each in found]),
            "The tables are right. Are the biases' errors divided by the number of images twice?",
        ),
        "last layer first": (
            given_as(lambda found: [*found[2:], *found[:2]]),
            "All four are right. In which order does `slopes` return them?",
        ),
        "backwards": (
            given_as(lambda found: found[::-1]),
            "All four are right. In which order does `slopes` return them?",
        ),
        "tables only": (
            given_as(lambda found: found[::2]),
            "Both tables are right. `slopes` returns four arrays: which are missing?",
        ),
        "first layer only": (
            given_as(lambda found: found[:2]),
            "The first layer's are right. `slopes` returns four arrays: which are missing?",
        ),
        "nested": (
            given_as(lambda found: [found[:2], found[2:]]),
            "All four are right. They should be in one list, not in a list for each layer.",
        ),
        "turned": (
            given_as(lambda found: [each.T for each in found]),
            "The numbers are right, with rows and columns of the tables exchanged.",
        ),
        "takes the step": (
            _overwrites,
            "The slopes are right, but the weights it was given are changed. Who asked for a step?",
        ),
    }
