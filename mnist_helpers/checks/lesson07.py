"""The exercises of lesson 07."""

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "07.1",
    hints=(
        "What share of the way is left after one step?",
        "Two hundredths of what is *left* go at each step.",
    ),
    notice="Each step takes two hundredths of what is left, so the steps get shorter and shorter.",
    near=0.1,
)
def left_of_the_way():
    """how much of the level weight's way is left, in percent: a number from 0 to 100"""
    left = 100 * 0.98**40
    return left, {
        "a share": (Between(0.3, 0.6), "Is that a share, or a percentage?"),
        "half": (50.0, "After 34 steps half of the way is left. And after 40?"),
        "arrived": (Between(1, 8), "The steep weight is there. How large is the slope of the level one?"),
        "equal steps": (20.0, "40 times 2% of the whole way? What happens to the slope on the way?"),
        "what is gone": (100 - left, "Is this what is left, or what has been gone?"),
        "not moved": (Between(85, 100), "The slope is small, but is it nothing? It takes forty steps."),
    }


@exercise(
    "07.2",
    measured=4.0,
    near=0.5,
    hints=("Nobody showed it a moved digit.", "In 06, what did a CNN of one pass lose by two pixels?"),
    notice="A training is good for digits such as it had, and less for others.",
)
def misread_when_moved(measured):
    """how many of 100 moved digits the control misreads: a number from 0 to 100"""
    return measured, {
        "a share": (Between(0.01, 0.1), "Is that a share, or a number of 100 digits?"),
        "reads": (Between(92, 100), "Is that how many it reads, or how many it misreads?"),
        "no more": (
            Between(0.2, 1.6),
            "Is a CNN indifferent to a move? Which of its layers have weights for places?",
        ),
        "as a dense network": (
            Between(30, 91),
            "That is what 06's dense networks lost. What do filters do?",
        ),
    }


CURVES = {"A": "go on", "B": "lower the rate", "C": "stop earlier"}


def _first_wrong(advice):
    for curve, wanted in CURVES.items():
        said = str(advice[curve]).strip().casefold()
        if said != wanted:
            return f"{curve}: {said}"
    return "all three"


@exercise(
    "07.3",
    hints=(
        "Smooth each curve in your mind: where is it going at its end?",
        "Which of them would another hundred steps help?",
        "C has two curves. Which one tells about digits that are new?",
    ),
    notice="Jagged is not broken, level is not finished, and a rising curve does not want more epochs.",
    view=_first_wrong,
    unseen="Whether you could tell such curves in a real training was not looked at.",
)
def advice():
    """a dict such as {"A": "stop earlier", "B": …, "C": …} of three advices in quotes"""
    others = {
        "A jagged": (
            {"A": "lower the rate"},
            "A: the jags are noise. Where is the curve at its end, and still going?",
        ),
        "A enough": ({"A": "stop earlier"}, "A: what would the next sixty steps bring?"),
        "B level": (
            {"B": "stop earlier"},
            "B: level, but is it the lowest level there is? What are its jumps made of?",
        ),
        "B patience": (
            {"B": "go on"},
            "B: compare its middle and its end. Have the last hundred steps helped?",
        ),
        "C more": ({"C": "go on"}, "C: the training loss falls. Which curve tells about new digits?"),
        "C slower": ({"C": "lower the rate"}, "C: nothing jumps. When was the dashed curve lowest?"),
    }
    return CURVES, {name: (CURVES | wrong, words) for name, (wrong, words) in others.items()}


@exercise(
    "07.4",
    hints=(
        "Follow section 2, with another optimizer, other rates and 160 of them.",
        "Not the lowest point. Where does it shoot up for good?",
        "Divide the rate there by ten; on this picture it lies between 0.3 and 0.8.",
    ),
    notice="A picture takes seconds where a search takes a minute, and is no sharper than a factor of two.",
    unseen="Any rate in a band was accepted, since one run is not sharper.",
    mnist_only=True,
)
def momentum_rate():
    """a tenth of the rate at which the loss shoots up for good: a number such as 0.002"""
    return Between(0.03, 0.085), {
        "the lowest point": (
            Between(0.1, 0.3599),
            "Is that where the loss is lowest? Which rates earned that loss, this one or those before it?",
        ),
        "where it shoots up": (
            Between(0.36, 1.0),
            "Is that where it shoots up? One run is not sharp: how far below does it get safe?",
        ),
        "where the fall begins": (
            Between(0.0105, 0.0249),
            "Is that where the loss begins to fall? Safe, but how fast?",
        ),
        "the first jag": (
            Between(0.025, 0.0299),
            "A little low. Is it a tenth of the first jag? That one comes down again; which does not?",
        ),
        "above the loss": (
            Between(0.0851, 0.0999),
            "A little high. Had the loss been high for a while at ten times this rate? Where did that begin?",
        ),
        "a tenth of a tenth": (
            Between(0.0011, 0.0099),
            "The loss has hardly begun to fall there. Was the rate divided by ten twice?",
        ),
        "before the fall": (
            Between(0.0, 0.0009),
            "Such a rate is not even in this picture. Is it read from Adam's, in section 2?",
        ),
        "beyond the picture": (
            Between(1.0001, 1e6),
            "The picture ends at 1. Was it multiplied, not divided?",
        ),
        "the default": (0.01, "Is this read from the picture, or what Keras takes when nobody says?"),
        "Adam's": (0.001, "That is what Keras takes for Adam. Was it read from *this* picture?"),
    }


def _three_runs(accuracies):
    """Name where three accuracies lie that 6,000 digits gave, each seen once; or what is odd about them."""
    if isinstance(accuracies, float):
        return "one number"
    runs = [float(accuracy) for accuracy in accuracies]
    if len(runs) != 3:
        return "not three"
    if not all(0 <= run <= 1 for run in runs):
        return "no shares"
    if len(set(runs)) == 1:
        return "all the same"
    ends = {"guessing": 0.8, "few steps": 0.92, "constant": 0.958, "128": 0.966, "near": 0.97, "goal": 0.978}
    return next((name for name, end in ends.items() if sum(runs) / 3 < end), "too good")


@exercise(
    "07.5",
    hints=(
        "How many steps are 6,000 digits in batches of 128? Which batches give more steps?",
        "The schedule has to end where the digits end: warm_up_and_decay(6000 // batch).",
        "Try batches of 64 and 32 with a peak between 0.005 and 0.01, and Adam's short memories.",
    ),
    notice="With few digits, steps are what is scarce: smaller batches, and a schedule that fits them.",
    view=_three_runs,
    unseen="Looked at was what you reached, not how: that each digit came once, you alone know.",
    mnist_only=True,
)
def six_thousand_digits():
    """a list of three accuracies on all validation digits, with the seeds 0, 1 and 2"""
    return [0.971, 0.973, 0.974], {
        "one number": (0.972, "That is one number. What did each of the three seeds reach, as a list?"),
        "not three": ([0.976, 0.971], "Three seeds were asked, 0, 1 and 2, whatever each of them reaches."),
        "percent": ([97.2, 97.4, 97.1], "Are these shares from 0 to 1, or percentages?"),
        "one seed": (
            [0.9731, 0.9731, 0.9731],
            "Equal to the last digit. Was the seed set to another number before each network was built?",
        ),
        "too good": (
            [0.9800, 0.9801, 0.9806],
            "So much takes two passes, or twice as many digits. How often does each of the 6,000 come?",
        ),
        "a memory too long": (
            [0.9691, 0.9715, 0.9674],
            "Near. Are the batches small enough, is the peak high enough, has Adam its short memories?",
        ),
        "batches of 128": (
            [0.9605, 0.9633, 0.9613],
            "So much batches of 128 reach, and small ones whose schedule is over before the digits are. "
            "How many steps do you take, and for how many is the schedule made?",
        ),
        "a constant rate": (
            [0.9463, 0.9550, 0.9555],
            "So much a constant rate reaches, and a schedule that is cut off. Has the rate come down to 0 "
            "where the digits end?",
        ),
        "a small rate": (
            [0.9068, 0.9060, 0.9121],
            "So much 46 steps at a rate of 0.001 reach. How could they be more, or longer?",
        ),
        "guessing": (
            [0.1135, 0.1028, 0.1009],
            "Far too few, or guessing. What does a rate that is too large do to a network?",
        ),
    }
