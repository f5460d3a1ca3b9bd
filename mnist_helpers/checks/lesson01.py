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
        "half": (
            50.0,
            "With half its pixels inked a square is a blot. How wide is a stroke?",
        ),
        "mostly ink": (20.0, "In the pictures above, which is there more of: dark or light?"),
        "hardly any ink": (97.0, "A stroke is two or three pixels wide here, and has grey edges. Count one."),
    }


@exercise(
    "01.2",
    measured=3.0,
    hints=("The method stays the same. What changes from block to block?", "Other writers."),
    notice="Other digits alone move a figure by as much. So such a fall proves no harm done by choosing.",
)
def spread_of_blocks(measured):
    """a difference in percentage points, 0 or more"""
    return Between(measured / 3, measured * 2.5), {
        "nothing chosen, nothing moves": (
            Between(0.0, measured / 5),
            "The method is the same, true. But are these the same writers, and as easily read?",
        ),
        "another world": (
            Between(measured * 3, 100.0),
            "All blocks were mixed from the same two groups of writers. What would make one so much harder?",
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
    return np.sqrt(squares.sum()), {
        "wrapped bytes": (np.sqrt((wrapped**2).sum()), "How large may the square of a byte be in a byte?"),
        "wrapped differences": (
            np.sqrt((wrapped.astype(float) ** 2).sum()),
            "Look at the difference of the upper right pixels, 30 − 210. Which one did you get?",
        ),
        "no root": (squares.sum(), "Is that a distance, or its square?"),
        "absolute values": (np.abs(a - b).sum(), "Is that the way along the streets, or through the air?"),
        "mean": (np.sqrt(squares.mean()), "Does the definition add the squares up, or take their mean?"),
        "signs cancel": (
            float(a.sum() - b.sum()),
            "Differences of both signs cancel each other here. What does a square do to a sign?",
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
    by_training, k, by_test = (max(percent, key=lambda each: percent[each][i]) for i in range(3))
    _, validation, test = percent[k]
    return (k, test), {
        "chosen by test": (
            (by_test, percent[by_test][2]),
            "This k does best on the test digits. What is left that has not chosen it?",
        ),
        "chosen by training": (
            (by_training, percent[by_training][2]),
            "Each training digit is its own nearest neighbour. What does such a figure tell you?",
        ),
        "training reported": (
            (by_training, percent[by_training][0]),
            "Every answer was among the known digits. Who would be surprised that it is right?",
        ),
        "validation reported": (
            (k, validation),
            "The k is chosen well. Would it have been chosen, had it been less lucky on these digits?",
        ),
        "both reported": (
            (k, 100 * sum(right[k][1:]) / sum(asked[1:])),
            "More digits, true. But did some of them take part in the choice?",
        ),
        "a count": ((k, right[k][2]), "Is that a percentage?"),
        "a share": ((k, test / 100), "Is that in percent?"),
    }
