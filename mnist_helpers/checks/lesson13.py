"""The exercises of lesson 13."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "13.1",
    measured=30.0,
    near=0.4,
    hints=(
        "Which of the network's sums are as large as the product that was measured, and which are small?",
        "A step also pools, takes the larger of two numbers, moves weights and starts many small kernels.",
    ),
    notice="A matrix product is the best case. Much of a step is moving numbers, not multiplying them.",
)
def share_of_the_best(measured):
    """what share of the product's speed a training reaches, in percent: a number from 0 to 100"""
    return measured, {
        "a share": (Between(0.02, 0.95), "Is that a share, or a percentage?"),
        "all of it": (
            Between(88.0, 100.0),
            "Is all that a step does one large product? Look at its smallest layer.",
        ),
        "next to nothing": (
            Between(1.0, measured / 6),
            "Python alone would be so slow. Who does the sums of a step, and in how many calls?",
        ),
    }


@exercise(
    "13.2",
    measured=5.0,
    near=0.5,
    hints=(
        "What does `fit` do between two steps, and what does it have to wait for?",
        "The smaller the step, the larger the share of what surrounds it.",
    ),
    notice="The sums are the same. What is saved is the way back to Python after each step.",
)
def times_as_fast(measured):
    """how many times as fast the pass in one call is: a number such as 1.5"""
    return measured, {
        "the other way round": (1 / measured, "Is that the time that is left? Then turn it round."),
        "no faster": (
            Between(0.9, min(1.3, 0.5 + measured / 6)),
            "The sums are the same, yes. Is there nothing else between two steps?",
        ),
        "without end": (
            Between(60.0, 2000.0),
            "The sums themselves remain, on the same processor. What part of a step can be saved?",
        ),
    }


@exercise(
    "13.3",
    3_193_010,
    1e9,
    near=0.02,
    hints=(
        "How many bytes has a number in float32, and how many bits has a byte?",
        "3,193,010 numbers of 32 bits, over a line that carries a million bits in a millisecond.",
    ),
    notice="A step that takes less than this on one machine has nothing to win from a second one.",
)
def milliseconds_on_the_line(weights, bits_a_second):
    """the milliseconds that one gradient takes on the line, one way: a number such as 7.5"""
    seconds = weights * 32 / bits_a_second
    return 1000 * seconds, {
        "bytes taken for bits": (
            125 * seconds,
            "So many megabytes, or milliseconds if a byte were a bit. What does a line count?",
        ),
        "twice": (
            2000 * seconds,
            "Is that float64, or there and back? Asked is float32, one way.",
        ),
        "a byte for each": (250 * seconds, "One byte for each weight? Float32 takes more."),
        "in seconds": (seconds, "Is that in seconds? Asked are milliseconds."),
        "a bit for each": (weights / bits_a_second * 1000, "One bit for each weight? Float32 takes more."),
        "powers of two": (
            1000 * weights * 32 / 2**30,
            "Memory is counted in powers of two. A line carries 1,000,000,000 bits in a second.",
        ),
    }


@exercise(
    "13.4",
    hints=(
        "The slope of the mean loss of all digits is a sum over all digits, divided by their number.",
        "A worker's mean times its number of digits is its sum.",
        "(counts[:, np.newaxis] * slopes).sum(axis=0), and one division is missing.",
    ),
    notice="With equal shares this is the plain mean, so the mistake hides until the last, smaller batch.",
    probe=lambda: (np.array([[1.0, -2.0, 0.5], [5.0, 1.0, 2.5]]), np.array([192, 64])),
)
def combine():
    """a function that returns the slopes of the whole batch, one number for each weight"""

    def by_digits(slopes, counts):
        return (counts[:, np.newaxis] * slopes).sum(axis=0) / counts.sum()

    return by_digits, {
        "plain mean": (
            lambda slopes, counts: slopes.mean(axis=0),
            "Both workers count the same in it. Have they read equally many digits?",
        ),
        "sum": (
            lambda slopes, counts: slopes.sum(axis=0),
            "It adds up means. Two workers with the same slope would step twice as far as one.",
        ),
        "not divided": (
            lambda slopes, counts: (counts[:, np.newaxis] * slopes).sum(axis=0),
            "That is the slope of the sum over all digits. And of their mean?",
        ),
        "divided by the workers": (
            lambda slopes, counts: (counts[:, np.newaxis] * slopes).sum(axis=0) / len(counts),
            "It divides by the number of workers. Of how many digits is it the sum?",
        ),
        "the wrong worker's count": (
            lambda slopes, counts: (counts[::-1, np.newaxis] * slopes).sum(axis=0) / counts.sum(),
            "The small share counts more than the large one. Which count goes with which slopes?",
        ),
        "the first alone": (
            lambda slopes, counts: slopes[0],
            "It takes one worker's slopes. What has the other one found?",
        ),
        "over the weights": (
            lambda slopes, counts: (counts[:, np.newaxis] * slopes).sum(axis=1) / counts.sum(),
            "One number for each worker. Asked is one for each weight: along which axis do you add?",
        ),
        "one number": (
            lambda slopes, counts: float((counts[:, np.newaxis] * slopes).sum() / counts.sum()),
            "One number for all weights. Each weight needs its own slope.",
        ),
    }
