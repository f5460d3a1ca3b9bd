"""The exercises of lesson 01."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise

FIRST = np.array([[0, 200, 30], [0, 250, 0], [10, 180, 0]], dtype="uint8")
SECOND = np.array([[0, 90, 210], [0, 240, 60], [0, 190, 5]], dtype="uint8")
ASKED = np.array([10_000, 2_000, 10_000])  # training, validation and test digits
RIGHT = {  # k → how many of them it reads
    1: (10_000, 1_894, 9_470),
    3: (9_760, 1_902, 9_452),
    5: (9_690, 1_910, 9_440),
    9: (9_560, 1_886, 9_485),
    15: (9_450, 1_869, 9_401),
}


@exercise(
    "01.1",
    measured=81.0,
    near=0.1,
    hints=("How much of a page do you darken when you write on it?", "Think of the margin too."),
    notice="An image is mostly paper, and what is alike in all digits tells nobody which digit it is.",
)
def paper(measured):
    """a percentage, from 0 to 100"""
    return float(measured), {
        "no exact 0": (
            Between(0.0, 0.1),
            "Not one pixel untouched? Look at the margins in the pictures above.",
        ),
        "a share, or all values alike": (
            Between(0.2, 1.0),
            "Of 100 pixels that is one at most. Is it a share of 1, or are all 256 values equally common?",
        ),
        "mostly ink": (
            Between(2.0, 40.0),
            "That leaves more ink than paper. In the pictures above, which is there more of: dark or light?",
        ),
        "half": (
            Between(41.0, 60.0),
            "With about half its pixels inked a square is a blot. How wide is a stroke?",
        ),
        "hardly any ink": (
            Between(92.0, 100.0),
            "A stroke is two or three pixels wide here, and has grey edges. Count one.",
        ),
        "of 784": (Between(101.0, 784.0), "Of 100 pixels, so many? Of how many have you counted?"),
    }


@exercise(
    "01.2",
    measured=2.0,
    near=0.5,
    hints=("The method stays the same. What changes from block to block?", "Other writers."),
    notice="Other digits alone move a figure by as much. So such a fall proves no harm done by choosing.",
)
def spread_of_blocks(measured):
    """a difference in percentage points, 0 or more"""
    return float(measured), {
        "nothing chosen, nothing moves": (
            0.0,
            "None at all? The method is the same, true. But are these the same writers, and as easily read?",
        ),
        "a share": (
            Between(measured / 200, measured / 50),
            "As a share of 1 that is about right. How many percentage points is it, of 100?",
        ),
        "hardly anything": (
            Between(measured / 40, measured / 5),
            "That is a few digits of a block. With other writers in each block, would so few change sides?",
        ),
        "another world": (
            Between(measured * 3, 50.0),
            "All blocks were mixed from the same two groups of writers. What would make one so much harder?",
        ),
        "a score": (
            Between(50.1, 100.0),
            "Is that the score of a block? Asked was how far the best and the worst lie apart.",
        ),
        "worst minus best": (
            Between(-100.0, -0.01),
            "How far two scores lie apart is never negative. Which did you take from which?",
        ),
    }


@exercise(
    "01.3",
    FIRST,
    SECOND,
    hints=("The root of the summed squared differences.", "What does a byte do below 0, and above 255?",
           "Convert both images with astype, then subtract, square, sum, and take the root."),
    notice="cdist gives the same number: it converts before it subtracts.",
)  # fmt: skip
def distance_of_two(first, second):
    """the distance of the two images: one number"""
    a, b = first.astype(float), second.astype(float)
    squares, wrapped = (a - b) ** 2, first - second
    cancel = "Differences of both signs cancel each other here. What does a square do to a sign?"
    lengths = "That compares two lengths. May two arrows of equal length not point to different places?"

    def length(image):
        return np.sqrt((image**2).sum())

    return np.sqrt(squares.sum()), {
        "wrapped bytes": (np.sqrt((wrapped**2).sum()), "How large may the square of a byte be in a byte?"),
        "wrapped differences": (
            np.sqrt((wrapped.astype(float) ** 2).sum()),
            "Look at the difference of the upper right pixels, 30 − 210. Which one did you get?",
        ),
        "no root": (squares.sum(), "Is that a distance, or its square?"),
        "absolute values": (np.abs(a - b).sum(), "Is that the way along the streets, or through the air?"),
        "mean": (np.sqrt(squares.mean()), "Does the definition add the squares up, or take their mean?"),
        "wrapped differences, no root": (
            (wrapped.astype(float) ** 2).sum(),
            "Look at 30 − 210, the upper right pixels. Which difference did you get? And is this a distance, "
            "or its square?",
        ),
        "signed bytes": (
            np.sqrt(((first.astype("int8").astype(float) - second.astype("int8")) ** 2).sum()),
            "A signed byte, int8, ends at 127. Has a 200 become something else on the way?",
        ),
        "first minus second": (float((a - b).sum()), cancel),
        "second minus first": (float((b - a).sum()), cancel),
        "scaled": (
            np.sqrt(squares.sum()) / 255,
            "That is a 255th of the distance. Were the pixels scaled on the way?",
        ),
        "largest": (np.abs(a - b).max(), "That is the largest of nine differences. What of the other eight?"),
        "norm of a matrix": (
            np.linalg.norm(a - b, 2),
            "Close, but a norm of the *table*, as a matrix. What if the nine pixels lie in one row?",
        ),
        "mean of absolute values": (
            np.abs(a - b).mean(),
            "That is the mean size of a difference. Where are the squares, and where is the sum?",
        ),
        "sum of roots": (
            np.sqrt(np.abs(a - b)).sum(),
            "Is the root taken of each difference, or of the sum of their squares?",
        ),
        "first length minus second": (length(a) - length(b), lengths),
        "second length minus first": (length(b) - length(a), lengths),
        "no sum": (
            np.abs(a - b),
            "The root of each square gives the differences back, without signs. What comes before the root?",
        ),
        "by rows": (
            np.sqrt(squares.sum(axis=1)),
            "That is one distance for each row. Over how many of the nine pixels does the sum go?",
        ),
    }


@exercise(
    "01.4",
    RIGHT,
    ASKED,
    near=0.0005,
    hints=("Two questions: which digits choose, and which report?", "Has the method learned from them?",
           "Choose by the validation digits alone; then divide the test column by the test digits."),
    notice="Another k does better on the test digits, and that is luck which you may not pick.",
)  # fmt: skip
def choose_and_report(right, asked):
    """a pair (k, figure): the k to choose, and the figure to report for it in percent"""
    percent = {k: 100 * np.array(row) / asked for k, row in right.items()}
    by_training, best, by_test = (max(percent, key=lambda each: percent[each][i]) for i in range(3))
    answer, wrong = (best, percent[best][2]), {}
    for k, row in right.items():
        choice = "Another k reads more of the validation digits. Which column is there to choose by?"
        if k == best:
            choice = "The k is chosen well."
        elif k == by_test:
            choice = "This k does best on the test digits. What is left that has not chosen it?"
        elif k == by_training:
            choice = "With this k each training digit votes for itself. Can the training column choose?"
        for figure, words in _figures(np.array(row), asked, k == best):
            given = (k, round(figure, 6))
            if given != (best, round(answer[1], 6)) and given not in [each for each, _ in wrong.values()]:
                wrong[f"{k}, {given[1]:g}: {words or 'test'}"] = given, f"{choice} {words}".strip()
    return answer, wrong | {
        "the figure of another": (
            (best, percent[by_test][2]),
            "The k is chosen well, and the figure is that of another k. Which belongs to yours?",
        ),
        "the place of a row": (
            (list(right).index(best), answer[1]),
            "Is your first number one of the five k, or the place of a row?",
        ),
        "the other order": (answer[::-1], "Both are there, in the other order. Which comes first?"),
    }


def _figures(row, asked, chosen):
    """Yield the figures that a row of counts tempts to report, in percent, and what to say to each."""
    test = 100 * row[2] / asked[2]
    for figure in (test, np.floor(10 * test) / 10, np.ceil(10 * test) / 10):  # as it is, or to a decimal
        yield figure, ""
    chosen_by = "And your figure is of the validation digits. What are the test digits there for?"
    if chosen:
        chosen_by = "Would it have been chosen, had it been less lucky on the digits of your figure?"
    known = "Your figure is of digits that the method knows. Who would be surprised that it is right?"
    took_part = "Your figure takes in digits that took part in the choice, or were known. Which did not?"
    yield 100 * row[1] / asked[1], chosen_by
    yield 100 * row[0] / asked[0], known
    yield 100 * row[1:].sum() / asked[1:].sum(), took_part + " (Validation and test digits are in it.)"
    yield 100 * row.sum() / asked.sum(), took_part + " (All three columns are in it.)"
    yield (100 * row[1:] / asked[1:]).mean(), took_part + " (It is the mean of two columns.)"
    for count, of, column in zip(row, asked, ("training", "validation", "test"), strict=True):
        of_them = "" if column == "test" else f" And is the {column} column the one to report?"
        yield float(count), f"Is {count} a percentage?{of_them}"
        yield count / of, f"Is your figure a share, or in percent?{of_them}"
        yield (
            100 * count / (asked.min() + asked.max() - of),
            f"By how many {column} digits was it to be divided?{of_them}",
        )
