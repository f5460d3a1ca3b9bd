"""The checklist of the capstone: what a result needs before anybody should believe it."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "capstone.1",
    hints=(
        "What is right without learning anything?",
        "The mean image of each class, or the nearest neighbour.",
    ),
    notice="Whatever your network reaches, it is this that it has to beat.",
)
def baseline():
    """the accuracy of a baseline on validation images: a share, from 0 to 1"""
    return Between(0.15, 0.98), {
        "percent": (Between(1.01, 100.0), "Is it a share, or a percentage?"),
        "guessing": (
            Between(0.0901, 0.1499),
            "That is guessing one of ten. What does the nearest mean image reach?",
        ),
        "worse than guessing": (
            Between(0.0, 0.09),
            "Guessing one of ten is right more often. Do images and labels match?",
        ),
        "perfect": (Between(0.995, 1.0), "Was it asked about images that it has learned from?"),
    }


@exercise(
    "capstone.2",
    hints=(
        "Which images may be looked at as often as you like?",
        "Neither those of `fit` nor those of the end.",
    ),
    notice="And the test images are looked at once, when nothing is left to be chosen.",
)
def chosen_by():
    """one word in quotes: training, validation or test"""
    return "validation", {
        "test": ("test", "What will your last figure be worth, if these images chose the network?"),
        "training": ("training", "Whom would learning by heart deceive?"),
        "all": ("all", "Which images are then left that nobody has looked at?"),
    }


def _runs(accuracies):
    if isinstance(accuracies, float):
        return "no list"
    runs = [float(accuracy) for accuracy in accuracies]
    if len(runs) < 3:
        return "fewer than three"
    if len(set(runs)) == 1:
        return "all the same"
    return "shares" if all(0 <= run <= 1 for run in runs) else "no shares"


@exercise(
    "capstone.3",
    hints=("One run is an anecdote.", "A loop over seeds, and keras.utils.set_random_seed in it."),
    notice="How far they lie apart is the least that a difference must exceed.",
    view=_runs,
)
def seeds():
    """a list of accuracies on validation images, one a seed, three or more"""
    return [0.91, 0.92, 0.9], {
        "a mean": (0.91, "That is one number. Where are the three or more it comes from, a list?"),
        "one run": ([0.91], "How would you know that this seed was not a lucky one?"),
        "one seed": ([0.91, 0.91, 0.91], "Equal to the last digit: was the seed another one each time?"),
        "percent": ([91.0, 92.0, 90.0], "Are these shares, or percentages?"),
    }


@exercise(
    "capstone.4",
    measured=(870, 1000),
    near=0.002,
    hints=("wilson(right, n) of lesson 09.", "How many were right, and of how many?"),
    notice="So much is left open by the number of test images alone; other writers are not in it.",
)
def interval(measured):
    """the 95% interval of your test accuracy: a pair (low, high) of shares"""
    right, n = measured
    share, z = right / n, 1.959964
    middle, scale = (share + z * z / (2 * n)) / (1 + z * z / n), 1 / (1 + z * z / n)
    reach = scale * z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    error = np.sqrt(share * (1 - share) / n)
    return (middle - reach, middle + reach), {
        "one standard error": (
            (share - error, share + error),
            "Two of three exams lie within this. And 95 of 100?",
        ),
        "percent": ((100 * (middle - reach), 100 * (middle + reach)), "Are these shares, or percentages?"),
        "turned round": ((middle + reach, middle - reach), "Which of the two is the lower end?"),
        "of the mistakes": (
            (1 - middle - reach, 1 - middle + reach),
            "Is this the interval of what was right?",
        ),
    }


def _matrix():
    matrix = np.diag([90, 80, 70, 60, 50, 40, 30, 20, 10, 5])
    matrix[4, 9], matrix[9, 4], matrix[0, 3] = 8, 5, 2
    return matrix


@exercise(
    "capstone.5",
    measured=_matrix(),
    hints=("Look beside the diagonal.", "Rows are what it was, columns what was said."),
    notice="Look at these images: it is here that a remedy would bring most.",
)
def confusion(measured):
    """the commonest mistake: a pair (what it was, what was answered)"""
    off = np.array(measured) * (1 - np.eye(len(measured), dtype=int))
    true, said = np.unravel_index(off.argmax(), off.shape)
    best, most = int(np.argmax(np.diag(measured))), int(np.argmax(off.sum(axis=1)))
    wrong = {
        "turned round": ((said, true), "In which direction: what was it, and what was answered?"),
        "the diagonal": ((best, best), "On the diagonal stand right answers. Which mistake is commonest?"),
        "the row": ((most, most), "That is the class with most mistakes. For what is it taken?"),
    }
    return (true, said), {name: it for name, it in wrong.items() if name != "the row" or best != most}


def _tally(causes):
    if isinstance(causes, list):
        return "a list"
    counts = dict(causes)
    if not counts:
        return "nothing"
    if all(0 < count < 1 for count in counts.values()):
        return "shares"
    if sum(counts.values()) < 10:
        return "fewer than ten"
    return "causes" if len(counts) >= 2 else "one cause"


@exercise(
    "capstone.6",
    hints=(
        "Show the mistakes, and say of each why.",
        "A dict such as {'torn': 4, 'two readings': 6, 'unclear': 5}",
    ),
    notice="The largest share is the most that its remedy could bring.",
    view=_tally,
    unseen="Whether others would tally alike was not looked at: ask somebody.",
)
def causes():
    """a dict of cause → how many of the mistakes you looked at, ten mistakes or more"""
    return {"unclear": 6, "torn": 4}, {
        "a list": (
            ["unclear", "torn"],
            "A list names causes. How many mistakes of each: a dict, cause → number?",
        ),
        "shares": ({"unclear": 0.6, "torn": 0.4}, "These are shares. Of how many mistakes? Counts, please."),
        "too few": (
            {"unclear": 2, "torn": 1},
            "How many mistakes were that? Ten or more show what is usual.",
        ),
        "one cause": ({"unclear": 12}, "All for one reason? Look once more: which would a person read?"),
        "nothing": ({}, "Look at the mistakes first. What are they like?"),
    }


def _answers():
    probabilities = np.full((4, 10), 0.01)
    probabilities[[0, 1, 2, 3], [3, 5, 7, 1]] = 0.91
    probabilities[3, [1, 2]] = 0.6, 0.32
    return probabilities, np.array([3, 5, 0, 2])


@exercise(
    "capstone.7",
    measured=_answers(),
    near=0.01,
    hints=(
        "How sure is it on average, and how often is it right?",
        "probabilities.max(axis=1).mean() − accuracy",
    ),
    notice="Above zero it is surer than it is right, below zero it is too modest.",
)
def overconfidence(measured):
    """by how much it is surer than right, on average: confidence minus accuracy, a share"""
    probabilities, labels = np.asarray(measured[0], float), np.asarray(measured[1])
    sure, right = probabilities.max(axis=1).mean(), (probabilities.argmax(axis=1) == labels).mean()
    of_truth = probabilities[np.arange(len(labels)), labels].mean()
    return sure - right, {
        "turned round": (right - sure, "Which is taken from which? Too sure is above zero."),
        "of the label": (of_truth - right, "Is that how sure it is of its *answer*, or of the label?"),
        "percent": (100 * (sure - right), "Is it a share, or in percentage points?"),
        "only sure": (sure, "That is how sure it is. And how often is it right?"),
    }


def _sentence(text):
    words = str(text).casefold().split()
    doubts = {
        "fail",
        "fails",
        "not",
        "never",
        "only",
        "unseen",
        "other",
        "except",
        "without",
        "unlike",
        "worse",
        "wrong",
    }
    if not doubts & {word.strip(".,;:") for word in words} and "%" in str(text):
        return "a figure"
    if len(words) < 8:
        return "short"
    return (
        "promises"
        if {"always", "everything", "everyone", "any"} & set(words) and "not" not in words
        else "limits"
    )


@exercise(
    "capstone.8",
    hints=("Who wrote these, and who did not?", "What would it answer to a picture of something else?"),
    notice="It belongs beside the figure, wherever you show it.",
    view=_sentence,
    unseen="Whether it is true was not looked at: ask somebody to contradict it.",
)
def limits():
    """a sentence in quotes: on what it will probably fail"""
    return "It was tried on scans of American writers only and will probably fail on photographs.", {
        "short": ("It is good.", "For whom, on which images, and where will it fail? Eight words or more."),
        "promises": (
            "It reads everything that anybody can write, always and everywhere.",
            "On what was it never tried?",
        ),
        "a figure": ("About 98% accuracy.", "A figure is no limit. Where would it not be reached?"),
    }
