"""The exercises of lesson 12."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "12.1",
    4.0,
    (0.4, 1.4),
    near=0.03,
    hints=(
        "In use the layer takes its running mean and variance. Which are they, after one batch?",
        "(4 − 0.4) divided by the root of 1.4.",
    ),
    notice="In use the layer knows nothing of the batch. Its running means have to arrive before it is good.",
)
def in_use(number, running):
    """the number that the layer answers: a number with a decimal, such as 0.5"""
    mean, variance = running
    return (number - mean) / variance**0.5, {
        "as in training": (0.0, "That is the batch's mean at work. Does the layer look at a batch in use?"),
        "passed on": (number, "It would pass the number on. Has the one batch left no trace in the layer?"),
        "no root": (
            (number - mean) / variance,
            "That divides by the variance. Which of the two is a distance, and not a square?",
        ),
        "too large": (
            Between(4.01, 9.0),
            "So large? What do a mean of 0.4 and a variance of 1.4 make of 4?",
        ),
        "the batch's deviation": (
            (number - mean) / 5**0.5,
            "The mean is the running one, but whose deviation is √5?",
        ),
        "mean alone": (number - mean, "The mean is taken off. And the deviation?"),
        "deviation alone": (number / variance**0.5, "It is divided. And what is taken off before?"),
    }


@exercise(
    "12.2",
    measured=75.0,
    near=0.2,
    hints=(
        "Which digits does a network misread: some at random, or those that are hard?",
        "If all five fail at the same digits, the mean changes nothing; if never two, hardly one is left.",
    ),
    notice="A mean outweighs slips. A digit that is hard for all of them stays misread.",
)
def share_of_the_mistakes(measured):
    """the mistakes of the five together, in percent of those of one: a number from 0 to 100"""
    return float(measured), {
        "a share": (Between(0.01, 1.0), "Is that a share, or a percentage?"),
        "one in five": (
            Between(1.01, 0.6 * measured),
            "So few are left only if networks err independently. Which digits do they err at?",
        ),
        "the same": (
            Between(min(98.0, 1.21 * measured), 100.0),
            "Then the five would misread the same digits. Are all mistakes of one shared by three others?",
        ),
        "more": (
            Between(100.01, 1000.0),
            "More than one of them? When does a mean of five go wrong where most of them are right?",
        ),
    }


@exercise(
    "12.3",
    0.1,
    10,
    hints=(
        "How much is taken from the 1, and among how many digits is it dealt out?",
        "The right digit is one of the ten, so it gets its part back.",
    ),
    notice="All ten add up to 1 again, and no sum has to grow without end to reach them.",
)
def targets(share, classes):
    """a pair (right, other), two numbers such as (0.8, 0.02)"""
    dealt = share / classes
    return (1 - share + dealt, dealt), {
        "not its part": (
            (1 - share, dealt),
            "Do the right digit and nine others add up to 1? Among how many is the share dealt out?",
        ),
        "among nine": (
            (1 - share, share / (classes - 1)),
            "They add up to 1. But Keras deals the share to all ten, the right one among them.",
        ),
        "the whole to each": (
            (1 - share, share),
            "Each of nine digits gets the whole share? What do the ten add up to?",
        ),
        "the lesson's": ((0.955, 0.005), "That is the smoothing of the lesson. Asked is 0.1."),
        "unsmoothed": ((1.0, 0.0), "That is the label before it is smoothed."),
        "added": ((1 + dealt, dealt), "More than 1? What was taken from the right digit first?"),
        "the other way round": ((dealt, 1 - share + dealt), "Which of the two belongs to the right digit?"),
    }


def _layer():
    """Return the arguments of `fold` for two channels and three filters."""
    random = np.random.default_rng(12)
    return (
        random.normal(size=(3, 3, 2, 3)),
        np.array([2.0, 0.5, -1.5]),
        np.array([0.3, -1.0, 2.0]),
        np.array([1.0, -2.0, 0.5]),
        np.array([4.0, 0.25, 9.0]),
    )


@exercise(
    "12.4",
    hints=(
        "Multiply out: scale / √(variance + 0.001) times the sum is one part. What is the other?",
        "factor = scale / np.sqrt(variance + 0.001) multiplies the weights; filters are their last axis.",
        "The bias is shift − mean · factor.",
    ),
    notice="So a network with this layer is no slower in use than one without.",
    probe=_layer,
)
def fold():
    """a function that returns a pair: weights of the form (3, 3, channels, filters) and one bias a filter"""

    def folded(weights, scale, shift, mean, variance):
        factor = scale / np.sqrt(variance + 0.001)
        return weights * factor, shift - mean * factor

    def other(factor, bias):
        def wrong(weights, scale, shift, mean, variance):
            by = factor(scale, variance)
            return weights * by, bias(scale, shift, mean, by)

        return wrong

    def true_factor(scale, variance):
        return scale / np.sqrt(variance + 0.001)

    def true_bias(scale, shift, mean, factor):
        return shift - mean * factor

    return folded, {
        "no root": (
            other(lambda scale, variance: scale / (variance + 0.001), true_bias),
            "It divides by the variance. What is under the line in the lesson's formula?",
        ),
        "mean not scaled": (
            other(true_factor, lambda scale, shift, mean, factor: shift - mean),
            "The weights are right. Is the mean taken off before the sum is multiplied, or after?",
        ),
        "mean times scale": (
            other(true_factor, lambda scale, shift, mean, factor: shift - mean * scale),
            "The weights are right. The mean is multiplied by the scale; and what is it divided by?",
        ),
        "mean forgotten": (
            other(true_factor, lambda scale, shift, mean, factor: shift),
            "The weights are right. Where has the running mean gone?",
        ),
        "shift forgotten": (
            other(true_factor, lambda scale, shift, mean, factor: -mean * factor),
            "The weights are right. And the shift?",
        ),
        "wrong sign": (
            other(true_factor, lambda scale, shift, mean, factor: shift + mean * factor),
            "The weights are right. Does the mean come off, or is it added?",
        ),
        "shift scaled": (
            other(true_factor, lambda scale, shift, mean, factor: (shift - mean) * factor),
            "The weights are right. Is the shift inside the product, or added behind it?",
        ),
        "scale forgotten": (
            other(lambda scale, variance: 1 / np.sqrt(variance + 0.001), true_bias),
            "It divides by the deviation. What multiplies afterwards?",
        ),
        "weights untouched": (
            lambda weights, scale, shift, mean, variance: (
                weights,
                true_bias(scale, shift, mean, true_factor(scale, variance)),
            ),
            "The bias is right. Do the weights not change?",
        ),
        "the other pair": (
            lambda *given: folded(*given)[::-1],
            "Both are there, in the other order: weights first.",
        ),
    }
