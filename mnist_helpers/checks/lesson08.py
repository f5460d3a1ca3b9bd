"""The exercises of lesson 08."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "08.1",
    measured=9.6,
    near=0.3,
    hints=("Of all its answers, how many are right?", "How many of ten thousand images are 9s?"),
    notice="Recall alone can be bought by saying 9 to everything; precision shows the price.",
)
def all_nines(measured):
    """the precision of 9, in percent, of a network that answers 9 to everything"""
    return measured, {
        "recall": (100.0, "All 9s are found: that is recall. And of all answers 9, how many are right?"),
        "nothing": (Between(0.0, 0.05), "Is not a single one of its answers right?"),
        "half": (50.0, "About half. Of a hundred images, how many are 9s, and how many are not?"),
        "a share": (measured / 100, "Is it a share, or in percent?"),
        "the wrong ones": (100 - measured, "Is that the share of its answers that is right, or wrong?"),
    }


@exercise(
    "08.2",
    measured=37.5,
    near=0.35,
    hints=(
        "Are mistakes a matter of the network, or of the digit?",
        "Think of the page: with how many would anybody hesitate?",
    ),
    notice="A good part of the mistakes belongs to the digits; another seed would not cure it.",
)
def shared(measured):
    """the percentage of the first network's mistakes that all the others make too"""
    return measured, {
        "none": (
            Between(0.0, 0.04),
            "None at all? So it would be if no digit were harder than another. Is that so?",
        ),
        "a share": (
            Between(0.1, 0.95),
            "In percent, that is less than one mistake of a hundred. Is it a share, or of all digits?",
        ),
        "independent": (
            Between(1.0, min(10.0, measured / 2)),
            "So few would be shared if hardly a digit were harder than another. Is that so?",
        ),
        "all": (Between(90.0, 100.0), "If seeds shared nearly all mistakes, what would seeds change?"),
    }


LABELS, ANSWERS = np.array([9, 9, 9, 9, 4, 4, 4, 4, 7, 7]), np.array([9, 9, 9, 4, 9, 4, 4, 4, 9, 7])


@exercise(
    "08.3",
    LABELS,
    ANSWERS,
    near=0.01,
    hints=(
        "Recall asks the true 9s, precision the answers 9.",
        "How many are true 9s, how many are called 9, and how many are both?",
        "The same count stands above both lines of the fractions; below stand 5 and 4.",
    ),
    notice="Both shares count the same right answers; they differ in what they divide by.",
)
def from_ten_pairs(labels, answers):
    """a pair of shares, precision and recall of 9"""
    both = np.sum((labels == 9) & (answers == 9))
    precision, recall, right = both / np.sum(answers == 9), both / np.sum(labels == 9), labels == answers
    twice, half = 2 / (1 / precision + 1 / recall), np.mean(answers == 9)
    each = [np.sum(right & (labels == k)) / [np.sum(answers == k), np.sum(labels == k)] for k in (4, 7, 9)]
    return (precision, recall), {
        "swapped": ((recall, precision), "Which of the two asks the true 9s, and which the answers 9?"),
        "over all digits": ((both / 10, both / 10), "Out of all ten? Of which digits does each share speak?"),
        "accuracy": ((right.mean(), right.mean()), "That counts the right answers of all digits. And of 9?"),
        "of 4, or recall alone": (
            (recall, recall),
            "Twice the same. Does each share ask its own digits, and both ask about the 9?",
        ),
        "precision alone": (
            (precision, precision),
            "Twice the same. Which digits does precision ask, and which does recall?",
        ),
        "mean over digits": (np.mean(each, axis=0), "Is that the mean over all digits? And of 9 alone?"),
        "how often 9 comes": (
            (half, np.mean(labels == 9)),
            "So often is a 9 answered, and so often is it true. And how often both?",
        ),
        "answers over labels": (
            (np.sum(answers == 9) / np.sum(labels == 9), recall),
            "Can precision be above 1? Which count stands above the line, and which below?",
        ),
        "F1 for precision": ((twice, recall), "Is the first a mean of both? Precision alone was asked."),
        "one number": (Between(0.0, 1.0), "One number. A pair was asked: precision and recall."),
        "mistakes": ((1 - precision, 1 - recall), "Do these shares count what is right, or what is wrong?"),
        "percent": ((100 * precision, 100 * recall), "Are these shares, or percentages?"),
        "counts": ((both, both), "So many are right. Of how many, in each of the two questions?"),
    }


def _matrix():
    matrix = np.diag([80, 90, 85, 70, 95, 60, 88, 92, 75, 81])
    matrix[3, 5], matrix[5, 3], matrix[3, 8], matrix[5, 6], matrix[2, 3], matrix[4, 9] = 7, 4, 5, 2, 3, 6
    return matrix, 3, 5


def _gain(top, bottom=np.sum, factor=100.0):
    return lambda matrix, a, b: factor * top(matrix, a, b) / bottom(matrix)


def _both(matrix, a, b):
    return matrix[a, b] + matrix[b, a]


def _wrong(matrix):
    return matrix.sum() - np.trace(matrix)


def _overwrites(matrix, a, b):
    gain = 100.0 * _both(matrix, a, b) / matrix.sum()
    matrix[a, b] = matrix[b, a] = 0
    return gain


@exercise(
    "08.4",
    hints=(
        "Which cells of the table hold these mistakes? A pair has more than one.",
        "Each cured digit becomes one more right answer. Of how many digits is accuracy a share?",
        "The two cells, divided by the sum of the whole table, times 100.",
    ),
    notice="A large share of the mistakes can be a small share of the digits, and it is these that you gain.",
    probe=_matrix,
)
def points_gained():
    """a function of a confusion matrix and two digits that returns percentage points"""
    return _gain(_both), {
        "share of mistakes": (_gain(_both, _wrong), "Accuracy is a share of what: mistakes, or digits?"),
        "one direction": (
            _gain(lambda matrix, a, b: matrix[a, b]),
            "It counts one cell. In how many directions can two digits be confused?",
        ),
        "the other direction": (
            _gain(lambda matrix, a, b: matrix[b, a]),
            "It counts one cell, true b read as a. In how many directions can two digits be confused?",
        ),
        "share of the two digits": (
            lambda matrix, a, b: 100 * _both(matrix, a, b) / matrix[[a, b]].sum(),
            "That is a share of these two digits. The accuracy is a share of which?",
        ),
        "share of 10,000": (
            _gain(_both, lambda matrix: 10_000),
            "It divides by 10,000. Does every table hold so many digits?",
        ),
        "two shares of rows": (
            lambda matrix, a, b: 100 * (matrix[a, b] / matrix[a].sum() + matrix[b, a] / matrix[b].sum()),
            "It adds a share of one digit and a share of another. The accuracy is a share of which?",
        ),
        "percent of the accuracy": (
            _gain(_both, np.trace),
            "It divides by what was right before. Percent of the accuracy, or percentage points?",
        ),
        "half": (
            _gain(lambda matrix, a, b: _both(matrix, a, b) / 2),
            "A mean of two directions. Is one of them cured, or are both?",
        ),
        "taken out": (
            lambda matrix, a, b: (
                100 * np.trace(matrix) * (1 / (matrix.sum() - _both(matrix, a, b)) - 1 / matrix.sum())
            ),
            "It takes the digits out of the table. Cured, are they gone, or read right?",
        ),
        "whole points": (
            lambda matrix, a, b: 100 * _both(matrix, a, b) // matrix.sum(),
            "Whole points. What have `//`, `int` or `round` thrown away?",
        ),
        "always 4 and 9": (
            lambda matrix, a, b: 100 * _both(matrix, 4, 9) / matrix.sum(),
            "It is tried on another pair than 4 and 9. Does it use the digits that it is given?",
        ),
        "a share": (_gain(_both, factor=1.0), "Is it a share, or in percentage points?"),
        "a count": (_both, "So many digits are cured. How many points of the accuracy is that?"),
        "all mistakes of the two": (
            _gain(lambda matrix, a, b: matrix[[a, b]].sum() - matrix[a, a] - matrix[b, b]),
            "It counts these digits' mistakes with every other digit too. Which does the cure touch?",
        ),
        "the new accuracy": (
            _gain(lambda matrix, a, b: np.trace(matrix) + _both(matrix, a, b)),
            "That is the accuracy after the cure. And how much has it risen?",
        ),
        "overwrites its input": (
            _overwrites,
            "The gain is right, but what has become of the matrix it was given?",
        ),
    }
