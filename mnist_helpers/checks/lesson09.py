"""The exercises of lesson 09."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "09.1",
    measured=0.195,
    near=0.3,
    hints=(
        "Of 10,000 digits about 100 are misread. Always exactly 100?",
        "About twenty mistakes more or fewer are nothing unusual.",
    ),
    notice="Tenths of a point come and go without any change in the network.",
)
def most_exams(measured):
    """within how many percentage points of 99% the exams end: a number such as 0.5"""
    return measured, {
        "the resolution": (
            Between(0.005, 0.02),
            "That is one digit of 10,000, or two. Is the number of mistakes never off by more?",
        ),
        "two of three exams": (
            Between(measured * 0.48, measured * 0.55),
            "About two of three exams end so near. And 95 of 100?",
        ),
        "from end to end": (
            2 * measured,
            "Is that the distance of both ends from each other, or from 99%?",
        ),
        "a point or more": (
            Between(0.8, 3.0),
            "That would be 80 digits more or fewer, with 100 mistakes. Would luck often do that?",
        ),
        "a share": (measured / 100, "Is it a share, or in percentage points?"),
        "no scatter": (0.0, "Does each exam draw the same digits?"),
    }


@exercise(
    "09.2",
    measured=99.0,
    near=0.0006,
    hints=("What made it the best of a hundred equals?", "Does luck come along to the second exam?"),
    notice="What was luck stays behind: that is regression to the mean.",
)
def second_exam(measured):
    """the winner's mean score in its second exam, in percent with two decimals"""
    return measured, {
        "keeps its lead": (
            Between(measured + 0.18, 99.6),
            "It led, but all hundred were equally good. What was its lead made of?",
        ),
        "keeps a part": (
            Between(measured + 0.08, measured + 0.16),
            "A part of a lead stays where a part of it was skill. Had it more skill than the rest?",
        ),
        "pays it back": (
            Between(98.0, measured - 0.08),
            "Does luck in one exam make the next one unlucky? Each draws digits of its own.",
        ),
        "a share": (measured / 100, "Is it a share, or in percent?"),
    }


@exercise(
    "09.3",
    0.96,
    2500,
    near=0.02,
    hints=(
        "The scatter of counts has a formula, √(n · p · (1 − p)).",
        "How many deviations hold 95 of 100 exams? And of how many digits is a point one hundredth?",
        "1.96 · √(0.96 · 0.04 / 2,500), in points.",
    ),
    notice="Fewer digits and more mistakes: the band is four times as wide as at 99% and 10,000 digits.",
)
def band(p, n):
    """within how many percentage points of 96% the exams end: a number such as 0.5"""
    deviation = np.sqrt(p * (1 - p) / n)
    return 196 * deviation, {
        "one deviation": (100 * deviation, "About two of three exams end so near. And 95 of 100?"),
        "from end to end": (392 * deviation, "Are the ends so far from each other, or from 96%?"),
        "the resolution": (100 / n, "That is one digit of 2,500. Is luck never larger?"),
        "a share": (1.96 * deviation, "Is it a share, or in percentage points?"),
        "in digits": (1.96 * deviation * n, "So many digits. How many points is that, of 2,500?"),
        "a fair coin": (
            98 / np.sqrt(n),
            "So far exams scatter at 50%. Has a network that reads 96% as much scatter?",
        ),
        "without the root": (
            196 * p * (1 - p) / n,
            "Is that a deviation, or its square?",
        ),
    }


@exercise(
    "09.4",
    9840,
    70,
    45,
    45,
    near=0.07,
    hints=(
        "Which of the four counts say something about who is better?",
        "115 coins. How often do they land as unevenly as 70 to 45, for one side or the other?",
        "scipy.stats.binomtest(70, 115).pvalue",
    ),
    notice="Digits that both read, or both misread, do not enter; those that one alone reads decide.",
)
def p_from_counts(both, only_a, only_b, neither):
    """a p-value, from 0 to 1"""
    from scipy import stats

    n, split = both + only_a + only_b + neither, only_a + only_b
    p = stats.binomtest(only_a, split).pvalue
    a, b = both + only_a, both + only_b
    apart = (a - b) / np.sqrt(a * (n - a) / n + b * (n - b) / n)
    return p, {
        "one-sided": (
            stats.binomtest(only_a, split, alternative="greater").pvalue,
            "That counts tosses in favour of the first alone. Would you not wonder at 45 to 70 as well?",
        ),
        "all digits": (
            stats.binomtest(a, a + b).pvalue,
            "It counts digits that both networks read. What do these say about who is better?",
        ),
        "unpaired": (
            2 * stats.norm.sf(apart),
            "It takes them for two separate exams. Did the networks not read the same digits?",
        ),
        "all mistakes": (
            stats.binomtest(only_b + neither, only_a + only_b + 2 * neither).pvalue,
            "It tosses for every mistake. What does one that both make say about who is better?",
        ),
        "exactly this split": (
            stats.binom.pmf(only_a, split, 0.5),
            "So often come exactly 70 and 45. And splits more uneven still?",
        ),
        "the other tail": (1 - p, "Is it how often luck does at least this, or how often it does less?"),
    }
