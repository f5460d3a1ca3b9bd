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
    """within how many percentage points of 99% the exams end: a number such as 7.5"""
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
            "Wider than the exams lie. Is it counted from 99%, or from one end to the other?",
        ),
        "a point or more": (
            Between(0.8, 9.0),
            "That would be 80 digits or more, up or down, beside 100 mistakes. Would luck often do that?",
        ),
        "in digits": (100 * measured, "Counted in digits? How many points is that, of 10,000 digits?"),
        "an end": (Between(95.0, 99.9), "That is a score. How far is it from 99%?"),
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
            Between(measured + 0.17, 100.0),
            "It led, but all hundred were equally good. What was its lead made of?",
        ),
        "keeps a part": (
            Between(measured + 0.06, measured + 0.16),
            "A part of a lead stays where a part of it was skill. Had it more skill than the rest?",
        ),
        "pays it back": (
            Between(90.0, measured - 0.06),
            "Below the true 99%. Does luck in one exam make the next unlucky? Each draws its own digits.",
        ),
        "its lead": (Between(0.05, 0.6), "Is that its lead? Its score was asked."),
        "a share": (measured / 100, "Is it a share, or in percent?"),
    }


@exercise(
    "09.3",
    0.96,
    2500,
    near=0.041,  # all from 0.76 to 0.79 hold the same whole numbers of digits
    hints=(
        "The scatter of counts has a formula, √(n · p · (1 − p)).",
        "How many deviations hold 95 of 100 exams? And of how many digits is a point one hundredth?",
        "1.96 · √(0.96 · 0.04 / 2,500), in points.",
    ),
    notice="Fewer digits and more mistakes: the band is four times as wide as at 99% and 10,000 digits.",
)
def band(p, n):
    """within how many percentage points of 96% the exams end: a number such as 7.5"""
    deviation = np.sqrt(p * (1 - p) / n)
    return 196 * deviation, {
        "one deviation, or the lesson's p or n": (
            100 * deviation,
            "About two of three exams end so near. Is a factor missing, or are p and n not those given?",
        ),
        "the lesson's exam": (
            196 * np.sqrt(0.99 * 0.01 / 10_000),
            "So wide is the band at 99% and 10,000 digits. And with this p and this n?",
        ),
        "90 of 100": (164.5 * deviation, "About 90 of 100 exams end so near. And 95?"),
        "99 of 100": (257.6 * deviation, "About 99 of 100 exams end so near. And 95?"),
        "from end to end": (392 * deviation, "Are the ends so far from each other, or from 96%?"),
        "the resolution": (100 / n, "That is one digit of 2,500. Is luck never larger?"),
        "a share": (1.96 * deviation, "Is it a share, or in percentage points?"),
        "in digits": (1.96 * deviation * n, "So many digits. How many points is that, of 2,500?"),
        "one deviation in digits": (
            deviation * n,
            "One deviation, counted in digits? How many hold 95 of 100 exams, and how many points is that?",
        ),
        "a fair coin, or the factor alone": (
            98 / np.sqrt(n),
            "So far exams scatter at 50%, and so large is the factor alone. Where do 96% come in?",
        ),
        "without 1 - p": (196 * np.sqrt(p / n), "Too wide. Is 1 − p under the root?"),
        "without n": (196 * np.sqrt(p * (1 - p)), "Much too wide. Is it divided by n, under the root?"),
        "the mistakes": (100 - 100 * p, "So many are misread. How far does luck carry that share?"),
        "one end": (Between(90.0, 99.9), "That is a score. How far is it from 96%?"),
        "both ends": (
            (100 * p - 196 * deviation, 100 * p + 196 * deviation),
            "These are the two ends. How far are they from 96%? One number was asked.",
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
    view=lambda answer: "the whole result" if hasattr(answer, "pvalue") else answer,
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
    result = stats.binomtest(only_a, split)
    p, exactly = result.pvalue, stats.binom.pmf(only_a, split, 0.5)
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
        "the whole result": (result, "That is a whole result. Which of its parts is the p-value?"),
        "exactly this split": (exactly, "So often come exactly 70 and 45. And splits more uneven still?"),
        "exactly this split, both ways": (
            2 * exactly,
            "So often come exactly 70 to 45 or 45 to 70. And splits more uneven still?",
        ),
        "more uneven only": (
            p - 2 * exactly,
            "So often luck is more uneven than 70 to 45. And just as uneven?",
        ),
        "doubled, or the customary line": (
            2 * p,
            "Are both sides counted twice? Or is it the line of 5%, and not the p-value of these counts?",
        ),
        "bell, few tosses, other counts": (
            Between(0.0185, 0.0228),
            "A little low. Is it from the bell without correction, from few tosses, or from other counts?",
        ),
        "few tosses": (
            Between(0.027, 0.042),
            "A little high. Is it from few tosses, or from other counts?",
        ),
        "wins of all digits": (only_a / n, "So many of all digits. How often does luck deal 70 to 45?"),
        "with the misread": (
            stats.binomtest(only_a, split + neither).pvalue,
            "It has 160 coins. What do digits that both misread say about who is better?",
        ),
        "a coin for every digit": (
            stats.binomtest(only_a, n).pvalue,
            "As good as never. Does it toss a coin for digits that say nothing about who is better?",
        ),
        "a share": (
            only_a / split,
            "So large is the first one's share. How often does luck deal such a one?",
        ),
        "the difference": (
            (a - b) / n,
            "By so much the first one reads more. How often would luck do that?",
        ),
        "deviations": (
            Between(1.01, 2.4),
            "A probability is at most 1. Is that a number of deviations? How often does luck reach it?",
        ),
        "chi-squared": (
            Between(2.6, 99.0),
            "A probability is at most 1. Is that a chi-squared, or a count? How often does luck reach it?",
        ),
        "the other tail": (1 - p, "Is it how often luck does at least this, or how often it does less?"),
    }


@exercise(
    "09.5",
    0.0045,
    0.0035,
    hints=(
        "Play one exam: of n digits, how many are read by one network alone? And of those, by the first?",
        "Both are draws of `binomial`: with n and 0.008, then with that count and 0.0045 / 0.008.",
        "Play 2,000 exams for each n: which share has a p below 0.05? Then try an n between two others.",
        "With 50,000 digits about 69% of the exams find it, with 80,000 about 88%.",
    ),
    notice="Little more than half of what separate exams take: luck with digits that both read is left out.",
    unseen="Any number was accepted with which 78 to 82 of 100 exams find the difference.",
)
def digits_for_a_difference(only_a, only_b):
    """how many digits the exam needs: a whole number"""
    differ, squared = only_a + only_b, (only_a - only_b) ** 2
    apart = 0.993 * 0.007 + 0.992 * 0.008

    def needed(deviations, variance=differ):
        return deviations**2 * variance / squared

    def around(number, share=0.03):
        return Between(number * (1 - share), number * (1 + share))

    return Between(61_500.0, 68_500.0), {
        "separate exams": (
            around(needed(2.8, apart)),
            "So many it takes in separate exams. These two networks read the same digits: what drops out?",
        ),
        "both networks' digits": (
            around(2 * needed(2.8)),
            "Twice too many. Does each network need digits of its own?",
        ),
        "found half of the time": (
            around(needed(1.96)),
            "So large an exam finds it half of the time: the difference is at the line on average. And 80%?",
        ),
        "separate exams, found half of the time": (
            around(needed(1.96, apart), 0.01),
            "Close below. Is it from the formula of separate exams, with its 1.96 deviations alone?",
        ),
        "MNIST's": (
            60_000,
            "So many MNIST has to learn from, and 77 of 100 such exams find it. Was it played, or guessed?",
        ),
        "one side": (
            around(needed(1.645 + 0.84)),
            "So many it takes if luck may fool you on one side alone. Does McNemar's p count both?",
        ),
        "90 of 100": (around(needed(1.96 + 1.28)), "So large an exam finds it 90 times of 100. And 80?"),
        "95 of 100": (around(needed(1.96 + 1.645)), "So large an exam finds it 95 times of 100. And 80?"),
        "too many": (
            Between(68_501.0, 81_000.0),
            "With so many it is found in 82 to 88 of 100 exams. How many exams did you play for each number?",
        ),
        "too few": (
            Between(51_000.0, 61_499.0),
            "With so few it is found in 70 to 78 of 100 exams. How many exams did you play for each number?",
        ),
        "those that differ": (
            Between(480.0, 560.0),
            "So many digits are read by one network alone. In an exam of how many digits?",
        ),
        "the exam of the lesson": (
            10_000,
            "With so many the difference is found in one exam of six. Play it: what did you count?",
        ),
        "in thousands": (Between(60.0, 70.0), "Is that in thousands? How many digits are it?"),
        "in percent": (
            Between(5.9, 6.9),
            "Is the difference 0.1, or a tenth of a percent, 0.001? Its square stands below the line.",
        ),
        "a share": (Between(0.0, 1.0), "Is that a share of the exams? Asked is how many digits one has."),
    }
