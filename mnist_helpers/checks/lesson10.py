"""The exercises of lesson 10."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "10.1",
    measured=0,
    hints=("0.75 and 0.25 came from 0.9 and 0.1. Which was the larger before, and which afterwards?",),
    notice="A temperature changes how sure a network says it is, and none of its answers.",
)
def changed_answers(measured):
    """a whole number of digits"""
    return int(measured), {
        "the unsure ones": (
            Between(1, 500),
            "You let some unsure answers tip over. Can the second largest overtake when both are rooted?",
        ),
        "many": (
            Between(501, 1e6),
            "So many? Take one row of ten numbers: which is the largest before, and which afterwards?",
        ),
    }


@exercise(
    "10.2",
    measured=0.3,
    near=0.35,
    hints=("Has any of them seen a turned digit, or been told to doubt one?",),
    notice="Its 0.9 was checked on upright digits, and means nothing about others.",
)
def right_at_60(measured):
    """a share, from 0 to 1"""
    return float(measured), {
        "keeps its promise": (
            0.9,
            "That takes the promise for a property of the network. On which digits was it checked?",
        ),
        "notices that it is lost": (
            0.7,
            "That hopes for a network which notices fully that it is lost. Who taught it to doubt these?",
        ),
        "guesses": (0.1, "That is guessing. Do all ten digits look like others when they are turned?"),
        "percent": (Between(1.1, 100.0), "Is it a share, from 0 to 1?"),
    }


SURE, RIGHT = (0.95, 0.95, 0.95, 0.95, 0.65, 0.65), (False, True, True, True, True, True)
OF_LABEL = (0.03, *SURE[1:])


def _gaps(sure, right):
    """Return for each bin that has answers: its confidence minus its share of right answers, its weight."""
    sure, right = np.array(sure), np.array(right)
    bins = np.ceil(10 * sure)
    return np.array(
        [
            (sure[bins == each].mean() - right[bins == each].mean(), (bins == each).mean())
            for each in set(bins)
        ]
    ).T


@exercise(
    "10.3",
    SURE,
    RIGHT,
    OF_LABEL,
    hints=(
        "There are two bins with answers in them: four answers at 0.95, two at 0.65.",
        "Of each bin: how far is its share of right answers from its confidence?",
        "A distance has no sign. Weigh it by the bin's share of the six answers, then add up.",
    ),
    notice="A bin that is too modest adds to the error as much as one that is too sure.",
)
def six_answers(sure, right, of_label):
    """the expected calibration error: a share, from 0 to 1"""
    gap, weight = _gaps(sure, right)
    label_gap, label_weight = _gaps(of_label, right)
    error = float((np.abs(gap) * weight).sum())
    return error, {
        "unweighted": (
            float(np.abs(gap).mean()),
            "Here the bin of two counts as much as the bin of four. Should it?",
        ),
        "not averaged": (float(np.abs(gap).sum()), "That is the sum of the distances. What weighs each bin?"),
        "signs cancel": (
            float(abs((gap * weight).sum())),
            "One bin is too sure, the other too modest. Do two faults make a virtue?",
        ),
        "of the label": (
            float((np.abs(label_gap) * label_weight).sum()),
            "The first answer is in a bin at 0.03. How sure was the network of what it *answered*?",
        ),
        "answer by answer": (
            float(np.abs(np.array(sure) - np.array(right)).mean()),
            "Each answer is compared alone, and no single answer is 95% right. What are bins for?",
        ),
        "percent": (100 * error, "Is it a share, from 0 to 1?"),
    }


PRICES = (40, 3), (2, 5)


def _at_all_prices(rule):
    return tuple(float(rule(mistake, question)) for mistake, question in PRICES)


@exercise(
    "10.4",
    view=_at_all_prices,
    hints=(
        "At confidence p a mistake happens with probability 1 − p. What does answering cost on average?",
        "Answering is cheaper where mistake · (1 − p) < question. Solve this for p.",
        "A threshold below 0 refuses nothing, as 0 does: max(0, …).",
    ),
    notice="The network is not in it: prices alone set the threshold, if the probabilities are honest.",
    unseen="It was tried at two pairs of prices of ours, not at every one.",
)
def threshold_from_prices():
    """a function of two prices that returns a threshold, from 0 to 1"""
    return lambda mistake, question: max(0.0, 1 - question / mistake), {
        "below zero": (
            lambda mistake, question: 1 - question / mistake,
            "Where a question costs more than a mistake it gives a number below 0. Which confidence is that?",
        ),
        "the risk itself": (
            lambda mistake, question: min(1.0, question / mistake),
            "The dearer a mistake, the lower it gets. Is this the confidence, or the risk that you can bear?",
        ),
        "prices shared out": (
            lambda mistake, question: mistake / (mistake + question),
            "Look at 10 and 1: this gives 0.91. Which costs does a right answer have here?",
        ),
        "question forgotten": (
            lambda mistake, question: 1 - 1 / mistake,
            "It gives the same at every price of a question. In the lesson that price was 1. And else?",
        ),
        "always 0.9": (
            lambda mistake, question: 0.9,
            "0.9 at all prices. Did the network set it, or did 10 and 1?",
        ),
        "turned round": (
            lambda mistake, question: max(0.0, 1 - mistake / question),
            "It asks nobody where mistakes are dear. Which price is divided by which?",
        ),
    }
