"""The questions of the clinic: what is wrong with these tracebacks, trainings and lines of code?"""

import itertools

from mnist_helpers.checks.declare import exercise

LETTER = "one letter in quotes"


@exercise(
    "clinic.1",
    hints=(
        "Read the last line first.",
        "Which shape was expected, and what came?",
        "A network reads a stack.",
    ),
    notice="Networks read stacks: image[np.newaxis] makes a stack of one.",
)
def one_image():
    """one letter in quotes, a to d"""
    return "b", {
        "scaling": (
            "a",
            "Would pixels of the wrong size change a *shape*? Read the two shapes in the last line.",
        ),
        "labels": (
            "c",
            "Labels play no part when a network answers. Which line of yours is in the traceback?",
        ),
        "weights": (
            "d",
            "Weights are made for a shape. How many axes has one image, and how many a stack?",
        ),
    }


@exercise(
    "clinic.2",
    hints=(
        "Two shapes are named: of what?",
        "One is (None,), the other (None, 10).",
        "Which loss takes whole numbers?",
    ),
    notice="Labels that are whole numbers go with sparse_categorical_crossentropy.",
)
def which_loss():
    """one letter in quotes, a to d"""
    return "c", {
        "images": (
            "a",
            "The images went through: neither shape in the message has a 28 in it.",
        ),
        "softmax": (
            "b",
            "The output has its ten numbers, softmax or not. What has only one number for each digit?",
        ),
        "batch": ("d", "Both shapes begin with None, the number of digits. What has only one of them?"),
    }


@exercise(
    "clinic.3",
    hints=(
        "What kind of thing is history.history?",
        "Which keys has it?",
        "Who would have filled 'val_loss'?",
    ),
    notice="A history holds what `fit` was asked to measure, and nothing else.",
)
def no_validation():
    """one letter in quotes, a to d"""
    return "a", {
        "misspelt": ("b", "The name is spelt as Keras spells it. Was anything measured that could bear it?"),
        "failed training": (
            "c",
            "The training ran to its end; the other curve is there. What was `fit` not given?",
        ),
        "version": (
            "d",
            "Keras has used this name for years. Print history.history.keys(): what is missing?",
        ),
    }


SIGNS = {
    "raw": "Raw bytes show at the start: scores 255 times as large, a first loss of ten or more. Is it?",
    "shuffled": "With shuffled labels training creeps down, and new digits stay at one in ten. Is it here?",
    "leak": "A leak shows where validation equals training and new digits do not. Compare the three columns.",
    "rate": "Steps far too long make the loss jump up as well as down, far above 0. Does this curve do that?",
    "softmax": "After a second softmax nothing gets more than 23%: a loss above 1.46, most answers right.",
    "zeros": "With all weights zero the units stay equal: a loss of 2.303 to the end, one answer for all.",
}
OWN_WORDS = {  # where a patient has one of two signs: cause → the other cause → what to say to it
    "zeros": {
        "shuffled": "New digits stay at one in ten, as with shuffled labels. But those are learned by heart: "
        "does this training loss creep down, and are there ten answers in the matrix?"
    },
}
PATIENTS = {"A": "softmax", "B": "raw", "C": "zeros", "D": "leak", "E": "shuffled", "F": "rate"}


def _declare(number, cause):
    @exercise(
        f"clinic.{number}",
        hints=("Where does the training loss begin, and where does it stay?", "Now the table.", SIGNS[cause]),
        notice=SIGNS[cause].partition(". ")[0].rstrip(".") + ".",
        unseen="How you told it from the others was not looked at.",
    )
    def patient():
        """one of the six causes, in quotes"""
        words = SIGNS | OWN_WORDS.get(cause, {})
        return cause, {other: (other, words[other]) for other in SIGNS if other != cause}


for _number, _cause in enumerate(PATIENTS.values(), start=4):
    _declare(_number, _cause)


@exercise(
    "clinic.10",
    hints=("One fault is in the network, one in the training, one in its use.", "Who chose the best epoch?",
           "Compare how line 2 and line 13 scale."),
    notice="Probabilities that share nothing, test digits that chose, and a photo scaled in another way.",
    view=lambda lines: set(lines) if isinstance(lines, list | tuple) else lines,
)  # fmt: skip
def published():
    """a set of three line numbers, such as {1, 2, 3}"""
    wrong = {
        "reports, not chooses": (
            {7, 12, 13},
            "Line 12 reports. Where were these digits used before, to choose?",
        ),
        "the scaling itself": (
            {2, 7, 10},
            "Line 2 is odd, but line 3 does the same. Where is it *not* done?",
        ),
        "both scalings": (
            {2, 3, 10},
            "Lines 2 and 3 agree with each other. Look at the network, and at the photo.",
        ),
        "too little": ({7, 10}, "Both are faults. There is a third one, outside the training."),
        "no sigmoid": ({10, 12, 13}, "10 and 12 are one fault, told twice. What do ten sigmoids promise?"),
        "the optimizer": ({7, 9, 10}, "Adam and this loss go well together. What happens to the photo?"),
    }
    told = [lines for lines, _ in wrong.values()]
    for fault, line in itertools.product((7, 10, 13), (1, 2, 3, 5, 6, 9, 11, 12, 14)):
        lines = {7, 10, 13} - {fault} | {line}
        if lines not in told:
            what = f"Two of them begin a fault, and line {line} does not."
            wrong[f"{line} for {fault}"] = (
                lines,
                f"{what} Ask again of network, training and use: which is left?",
            )
    return {7, 10, 13}, wrong
