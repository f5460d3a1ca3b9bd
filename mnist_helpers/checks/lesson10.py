"""The exercises of lesson 10."""

import numpy as np

from mnist_helpers.checks.compare import try_out
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
        "a share": (
            Between(1e-6, 0.999),
            "That is less than one digit. You were asked for a number of digits, not for a share.",
        ),
        "the unsure ones": (
            Between(1, 500),
            "It lets some answers tip over. Can the second largest overtake when both are rooted?",
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
        "all are lost": (
            Between(0.0, 0.64 * measured),
            "More are right than that. Do all ten digits look like others when they are turned?",
        ),
        "half a promise": (
            Between(1.36 * measured, 0.79),
            "Fewer are right than that. Who taught the networks to doubt a turned digit?",
        ),
        "keeps its promise": (
            Between(0.8, 1.0),
            "That is the promise kept, or nearly. On which digits was it checked?",
        ),
        "percent": (Between(1.1, 100.0), "Is it a share, from 0 to 1?"),
    }


SURE, RIGHT = (0.95, 0.95, 0.95, 0.95, 0.55), (False, True, True, True, True)
OF_LABEL = (0.03, *SURE[1:])


def _bins(sure, right):
    """Return for each bin that has answers: their confidence, share of right ones, and share of all."""
    sure, right = np.array(sure), np.array(right)
    bins = np.ceil(10 * sure)
    return np.array(
        [
            (sure[bins == each].mean(), right[bins == each].mean(), (bins == each).mean())
            for each in np.unique(bins)
        ]
    ).T


@exercise(
    "10.3",
    SURE,
    RIGHT,
    OF_LABEL,
    near=0.02,
    hints=(
        "There are two bins with answers in them: four answers at 0.95, one at 0.55.",
        "Of each bin: how far is its share of right answers from its confidence?",
        "A distance has no sign. Weigh it by the bin's share of the five answers, then add up.",
    ),
    notice="A bin that is too modest adds to the error as much as one that is too sure.",
)
def five_answers(sure, right, of_label):
    """the expected calibration error: a share, from 0 to 1"""
    confidence, share, weight = _bins(sure, right)
    gap = np.abs(confidence - share)
    label_confidence, label_share, label_weight = _bins(of_label, right)
    error, signed = float(gap @ weight), float((confidence - share) @ weight)
    upper, lower = np.ceil(10 * confidence) / 10, np.floor(10 * confidence) / 10
    edges = "An edge of each bin stands for its confidence. Which confidences have the answers in it?"
    cancel = "One bin is too sure, the other too modest. Do two faults make a virtue?"
    return error, {
        "unweighted": (gap.mean(), "Here the bin of one counts as much as the bin of four. Should it?"),
        "weights swapped": (
            gap @ weight[::-1],
            "The bin of one weighs more than the bin of four. Which answers does a weight count?",
        ),
        "not averaged": (gap.sum(), "That is the sum of the distances. What weighs each bin?"),
        "over ten bins": (gap.sum() / 10, "It averages over ten bins. What does an empty one weigh?"),
        "worst bin": (gap.max(), "That is the largest of the distances. What becomes of the other?"),
        "squared": (gap**2 @ weight, "These are distances squared. Is that asked?"),
        "signs cancel": (signed, cancel),
        "signs cancel, turned": (-signed, cancel),
        "only too sure": (
            (gap * weight)[share < 1].sum(),
            "One bin is missing. All its answers are right: did it promise that?",
        ),
        "wrong answers": (
            1 - np.mean(right),
            "That is the share of wrong answers, and the distance of one bin. What does each leave out?",
        ),
        "upper edges": (np.abs(upper - share) @ weight, edges),
        "lower edges": (np.abs(lower - share) @ weight, edges),
        "of the label": (
            np.abs(label_confidence - label_share) @ label_weight,
            "The first answer is in a bin at 0.03. How sure was the network of what it *answered*?",
        ),
        "answer by answer": (
            np.abs(np.array(sure) - np.array(right)).mean(),
            "Each answer is compared alone, and no single answer is 95% right. What are bins for?",
        ),
    }


PRICES = (40, 3), (2, 5), (10, 6)


def _at_all_prices(rule):
    return tuple(try_out(rule, prices)[0] for prices in PRICES)


def _at_least_zero(formula):
    return lambda mistake, question: max(0.0, formula(mistake, question))


@exercise(
    "10.4",
    view=_at_all_prices,
    hints=(
        "At confidence p a mistake happens with probability 1 − p. What does answering cost on average?",
        "Answering is cheaper where mistake · (1 − p) < question. Solve this for p.",
        "A threshold below 0 refuses nothing, as 0 does: max(0, …).",
    ),
    notice="The network is not in it: prices alone set the threshold, if the probabilities are honest.",
    unseen="It was tried at three pairs of prices of ours, not at every one.",
)
def threshold_from_prices():
    """a function of two prices that returns the confidence from which on answering is cheaper, 0 to 1"""
    risk = "The dearer a mistake, the lower it gets. Is this the confidence, or the risk that you can bear?"
    whole = "It gives whole numbers only. What does // leave of a division?"
    upside_down = "It asks nobody where mistakes are dear. Which price is divided by which?"
    low = "Right at 40 and 3. At 10 and 6, what does an answer of confidence 0.3 cost, and one of 0.45?"
    dear_question = "Right where a mistake is dearer. Where a question is, is it cheaper to answer or to ask?"
    return _at_least_zero(lambda mistake, question: 1 - question / mistake), {
        "below zero": (
            lambda mistake, question: 1 - question / mistake,
            "Where a question costs more than a mistake it gives a number below 0. Which confidence is that?",
        ),
        "the sign dropped": (lambda mistake, question: abs(1 - question / mistake), dear_question),
        "never answers": (
            lambda mistake, question: 1 - question / mistake if question < mistake else 1.0,
            dear_question,
        ),
        "nothing below a half": (
            lambda mistake, question: 0.0 if question >= mistake / 2 else 1 - question / mistake,
            low,
        ),
        "at least a half": (lambda mistake, question: max(0.5, 1 - question / mistake), low),
        "not below a tenth": (
            lambda mistake, question: max(0.1, 1 - question / mistake),
            "No answer is below 0.1, and so none would be refused. The text asks for another number there.",
        ),
        "the risk": (lambda mistake, question: question / mistake, risk),
        "the risk, at most 1": (lambda mistake, question: min(1.0, question / mistake), risk),
        "prices shared out": (
            lambda mistake, question: mistake / (mistake + question),
            "Look at 10 and 1: this gives 0.91. Which costs does a right answer have here?",
        ),
        "difference by sum": (
            _at_least_zero(lambda mistake, question: (mistake - question) / (mistake + question)),
            "Look at 10 and 1: this gives 0.82. What does answering cost at a confidence p?",
        ),
        "made for the example": (
            _at_least_zero(lambda mistake, question: (mistake - question) / 10),
            "At 40 and 3 it gives 3.7. Was the 10 of the example a price?",
        ),
        "question forgotten": (
            lambda mistake, question: 1 - 1 / mistake,
            "It gives the same at every price of a question. In the lesson that price was 1. And else?",
        ),
        "always 0.9": (
            lambda mistake, question: 0.9,
            "0.9 at all prices. Did the network set it, or did 10 and 1?",
        ),
        "turned round": (_at_least_zero(lambda mistake, question: 1 - mistake / question), upside_down),
        "turned round, below zero": (lambda mistake, question: 1 - mistake / question, upside_down),
        "whole numbers": (_at_least_zero(lambda mistake, question: 1 - question // mistake), whole),
        "whole numbers, below zero": (lambda mistake, question: 1 - question // mistake, whole),
        "rounded": (
            _at_least_zero(lambda mistake, question: round(1 - question / mistake, 1)),
            "At 40 and 3 it gives 0.9. What does rounding cost where a mistake costs 40?",
        ),
        "percent": (
            _at_least_zero(lambda mistake, question: 100 - 100 * question / mistake),
            "It gives numbers far above 1. Is a confidence a percentage here?",
        ),
    }


def _five_networks():
    """An example of five networks that are too sure, each in its own way, and of the labels."""
    random = np.random.default_rng(10)
    labels = random.integers(0, 10, 600)
    known = 3.0 * np.eye(10)[labels] + random.normal(0, 1, (600, 10))
    powers = [np.exp(1.5 * (known + random.normal(0, 0.9, known.shape))) for _ in range(5)]
    return [each / each.sum(axis=1, keepdims=True) for each in powers], labels


def _cost_per_1000(probabilities, labels, threshold=0.9):
    """As in the lesson."""
    given = probabilities.max(axis=1) >= threshold
    wrong = given & (probabilities.argmax(axis=1) != labels)
    return 1000 * (10 * wrong.sum() + (~given).sum()) / len(labels)


def _bill_and_temperature(answer):
    if np.shape(answer) != (2,):
        return answer
    return answer[0] / 100, answer[1]  # so that both weigh alike


@exercise(
    "10.5",
    measured=_five_networks(),
    near=0.006,
    view=_bill_and_temperature,
    hints=(
        "np.mean(five, axis=0) is the mean of five tables, place by place: a table like each of them.",
        "Its rows sum to 1, so cost_per_1000 and fit_temperature take it as they take one network's.",
        "Cool nothing before the mean is taken: ask fit_temperature about the mean.",
    ),
    notice="Where one is sure of nonsense, others disagree: the mean is more modest, and more often right.",
    unseen="Looked at were the two numbers alone, not how you came to them.",
)
def five_together(measured):
    """a pair: the bill of the five together per 1,000 validation digits, and their temperature"""
    from mnist_helpers.evaluation import fit_temperature, rescale

    five, labels = [np.asarray(each, float) for each in measured[0]], np.asarray(measured[1])
    mean, alone = np.mean(five, axis=0), [_cost_per_1000(each, labels) for each in five]
    own = [fit_temperature(each, labels) for each in five]
    cooled = np.mean([rescale(*each) for each in zip(five, own, strict=True)], axis=0)
    votes = np.mean([np.eye(10)[each.argmax(axis=1)] for each in five], axis=0)
    bill, temperature = _cost_per_1000(mean, labels), fit_temperature(mean, labels)
    bills = {
        "": (bill, ""),
        "mean of five bills": (
            np.mean(alone),
            "The bill is the mean of five bills. What costs the network whose *probabilities* are the mean?",
        ),
        "the cheapest": (min(alone), "That is the bill of the cheapest one. And of all five together?"),
        "all answered": (
            _cost_per_1000(mean, labels, 0),
            "That is the bill where everything is answered. Were the five added up, and not averaged?",
        ),
        "cooled": (
            _cost_per_1000(rescale(mean, temperature), labels),
            "That is the bill of the cooled mean. Asked is the mean as it comes.",
        ),
        "cooled before": (
            _cost_per_1000(cooled, labels),
            "Was each network cooled before the mean was taken? The mean alone makes it more modest.",
        ),
        "by vote": (
            _cost_per_1000(votes, labels),
            "That counts votes. Does a network that is 0.51 sure weigh as much as one that is 0.99 sure?",
        ),
        "in digits": (bill * len(labels) / 1000, "The bill of all validation digits? And per 1,000?"),
        "a digit's": (bill / 1000, "The bill of one digit? And per 1,000?"),
    }
    temperatures = {
        "": (temperature, ""),
        "mean of five": (
            np.mean(own),
            "The temperature is the mean of five. What does fit_temperature find for the mean of the "
            "probabilities?",
        ),
        "cooled before": (fit_temperature(cooled, labels), "Were the five cooled before the mean was taken?"),
        "none": (1.0, "At a temperature of 1 nothing changes. Has fit_temperature been asked?"),
    }
    wrong = {
        f"{one}, {other}": ((cost, degree), " ".join(filter(None, (of_cost, of_degree))))
        for one, (cost, of_cost) in bills.items()
        for other, (degree, of_degree) in temperatures.items()
        if one or other
    }
    turned = "The temperature stands first. Which of the two was asked first?"
    return (bill, temperature), wrong | {"turned": ((temperature, bill), turned)}
