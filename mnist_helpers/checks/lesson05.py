"""The exercises of lesson 05."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


def _direction(change, least):
    return "same" if abs(change) < least else "up" if change > 0 else "down"


@exercise(
    "05.1",
    measured=(0.05, 0.004),
    hints=("One asks which digit is first, the other how sure the network is of it.",),
    notice="The same mistakes, made with more confidence, raise the loss alone.",
)
def after_twenty(measured):
    """two words in quotes, loss first, each of them up, same or down"""
    right = _direction(measured[0], 0.02), _direction(measured[1], 0.02)
    wrong = {
        "one thing": (
            ("up", "down"),
            "Do both ask the same of the network? Count right answers in your head, then sureness.",
        ),
        "practice": (
            ("down", "up"),
            "That is what happens on digits it learns from. What do these tell about others?",
        ),
        "nothing left": (
            ("same", "same"),
            "It learns nothing new about new digits. But does training leave the weights alone?",
        ),
        "slower": (
            ("down", "same"),
            "Each epoch makes it surer. On new digits, is it surer of right ones only?",
        ),
    }
    return right, {name: it for name, it in wrong.items() if it[0] != right}


@exercise(
    "05.2",
    measured=4.4,
    near=0.4,
    hints=("What can be learned by heart, and what cannot?",),
    notice="Equally many steps, and far fewer mistakes: it is the other digits that help.",
)
def mistakes_with_all(measured):
    """how many of 100 new digits it misreads when it has learned from all: a number from 0 to 100"""
    return float(measured), {
        "steps alone": (10.6, "As many as before, because it takes as many steps? And what is in each step?"),
        "seen too seldom": (
            Between(14.0, 80.0),
            "More than after fifty passes: must a digit come back to be learned from?",
        ),
        "the right ones": (
            Between(85.0, 100.0),
            "Is that how many it reads, or how many it misreads?",
        ),
        "in proportion": (
            Between(0.0, 0.5),
            "Fifty times the digits, a fiftieth of the mistakes? Are fifty digits fifty times as new as one?",
        ),
    }


LOSSES = (0.52, 0.41, 0.43, 0.38, 0.40, 0.39, 0.41, 0.42, 0.37, 0.36)


@exercise(
    "05.3",
    LOSSES,
    2,
    hints=(
        "Add the row `epochs without a new best` to the losses.",
        "It is 0 at each loss lower than all before it, and else one more than the epoch before.",
        "Stop where it reaches the patience; the best epoch was as many epochs before.",
    ),
    notice="Epoch 9 would have been better, and is never seen: that is the price of little patience.",
)
def early_stopping(losses, patience):
    """a pair of whole numbers (stopped, restored), epochs counted from 1"""
    best, waited = 0, 0
    for epoch, loss in enumerate(losses):
        waited = 0 if loss <= min(losses[: epoch + 1]) else waited + 1
        best = epoch if waited == 0 else best
        if waited == patience:
            break
    stopped, restored = epoch + 1, best + 1
    return (stopped, restored), {
        "first rise": ((3, 2), "That is patient for no epoch at all. What does a patience of 2 wait for?"),
        "last weights": (
            (stopped, stopped),
            "It stops there. But is the last epoch the one with the lowest loss so far?",
        ),
        "counted from 0": ((stopped - 1, restored - 1), "Is the first epoch number 0 here, or 1?"),
        "never reset": ((5, 4), "What happens to the count of lost epochs when a new best comes?"),
        "two rises in a row": ((8, 4), "Is a loss compared with the epoch before, or with the best so far?"),
        "one too many": ((stopped + 1, restored), "At which count does the table of section 5 stop, with 3?"),
        "runs to the end": ((10, 10), "Would training have come as far as that lowest loss?"),
        "sees the future": ((stopped, 10), "Which epochs exist when training stops?"),
        "turned round": ((restored, stopped), "Which comes first: the stop, or the best epoch?"),
    }


KNOWN = {1.0: "not multiplied", 0.7: "multiplied by 1 - p", 3.3333: "divided by p"}  # with p = 0.3


def _units():
    return np.arange(1.0, 10001.0).reshape(200, 50)


def _dropped(dropout):
    """Name the first property that a student's dropout lacks; "dropout" if it has them all."""
    x, p = _units(), 0.3
    first, second = dropout(x, p), dropout(_units(), p)
    if not np.array_equal(x, _units()):
        return "overwrites"
    first, second = np.asarray(first, float), np.asarray(second, float)
    if first.shape != x.shape:
        return f"the shape {first.shape}"
    factors, off = np.round(first / x, 4), first == 0
    share, scales = round(off.mean(), 1), np.unique(factors[~off])
    if len(scales) > 1:
        return "other values"
    if (off == off[:, :1]).all() and 0 < share < 1:
        return "whole images"
    if (off == off[0]).all() and 0 < share < 1:
        return "one mask"
    if share != p:
        return "keeps p" if share == round(1 - p, 1) else f"{share:.0%} off"
    if np.ptp(off.sum(axis=1)) == 0:
        return "counted"
    if np.array_equal(first, second):
        return "every time alike"
    if not np.isclose(scales, 1 / (1 - p), atol=1e-3):
        return KNOWN.get(scales.item(), "other multiple")
    return "dropout" if np.array_equal(dropout(_units(), 0.0), x) else "not x for p = 0"


def _by(draw, scale=lambda p: 1 / (1 - p)):
    """Return a dropout: `draw(x)` are numbers from 0 to 1, and a unit is off where its own is below p."""
    return lambda x, p: x * (draw(x) >= p) * scale(p)


def _overwrite(x, p):
    x *= (_drawn(x) >= p) / (1 - p)
    return x


def _drawn(x):
    return np.random.default_rng().random(x.shape)


def _keeps_p(x, p):
    return x * (_drawn(x) < p) / p


def _ignores(x, p):
    return (_drawn(x) >= p) / (1 - p)


@exercise(
    "05.4",
    hints=(
        "Section 6 does it for one row of eight ones.",
        "generator.random(shape) draws a number for each place; what shape has x?",
        "The generator is made once, above the function, so that each call draws anew.",
        "Return x * mask / (1 - p), with a mask of the shape of x.",
    ),
    notice="`keras.layers.Dropout(p)` does the same in training, and leaves x as it is afterwards.",
    view=_dropped,
    unseen="It was tried on 200 images of 50 units, with p = 0.3 and p = 0.",
)
def dropout():
    """a function dropout(x, p): for a batch (images, units) a new array of the same shape"""
    return _by(_drawn), {
        "not multiplied": (
            _by(_drawn, lambda p: 1),
            "On average its sums are smaller than without it. What do the units that stay on make up for?",
        ),
        "keeps p": (
            _keeps_p,
            "Of the units, 70% were off with p = 0.3. Is p the share that stays, or that goes?",
        ),
        "one mask for the batch": (
            _by(lambda x: _drawn(x[0])),
            "Every image lost the same units. Does one draw do for the whole batch?",
        ),
        "whole images": (
            _by(lambda x: _drawn(x[:, :1])),
            "Some images lost all units, the others none. What shape has your mask?",
        ),
        "overwrites its input": (
            _overwrite,
            "x was another array after the call. Who else may still need it?",
        ),
        "every time alike": (
            _by(lambda x: np.random.default_rng(0).random(x.shape)),
            "Two calls switched off the same units. When is your generator made, and with which seed?",
        ),
        "multiplied by 1 - p": (
            _by(_drawn, lambda p: 1 - p),
            "The sums became smaller still. Which way must the units that stay on go?",
        ),
        "divided by p": (
            _by(_drawn, lambda p: 1 / p),
            "The sums grew to more than twice their size. Which share of the units stays on?",
        ),
        "counted": (
            _by(lambda x: _drawn(x).argsort(axis=1).argsort(axis=1) / x.shape[1]),
            "Every image lost equally many units. Is each unit drawn alone, or so many an image?",
        ),
        "leaves x out": (
            _ignores,
            "The units that stay on are not all multiplied alike. Where does x come in?",
        ),
    }


HIGHER, LOWER, SAME = "higher in every run", "lower in every run", "no difference seen"


def _worth(answer):
    """Name what the two statements say together: both are honest for 1,250 digits, one for 2,500."""
    if sorted(answer) != [1250, 2500]:
        return f"the sizes {sorted(answer)}"
    small, large = str(answer[1250]), str(answer[2500])
    return "less than 2,500" if large == HIGHER and small in (HIGHER, SAME) else f"{small}, {large}"


@exercise(
    "05.5",
    hints=(
        "A loop over the sizes, and in it one over the seeds, as in section 4.",
        "x_train[:size] and y_train[:size], and passes = 50_000 // size.",
        "compare_runs says of the second list how it lies to the first.",
    ),
    notice="A remedy that costs nothing is worth having, and here 1,500 more digits are worth more.",
    view=_worth,
    unseen="Looked at was what you found, not how you came to it. With 1,250 digits both may come out.",
)
def dropout_in_digits():
    """a dict of size → statement of compare_runs, with the sizes 1250 and 2500"""
    return {1250: SAME, 2500: HIGHER}, {
        "turned round": (
            {1250: SAME, 2500: LOWER},
            "Lower with more digits? compare_runs speaks of the second list: which did you name second?",
        ),
        "the same digits": (
            {1250: SAME, 2500: SAME},
            "The row of 2,500 lies where 1,000 digits do. From how many did these networks learn?",
        ),
        "few steps": (
            {1250: LOWER, 2500: LOWER},
            "Both below 1,000 digits with dropout. How many steps did each training take?",
        ),
        "worse with more": (
            {1250: HIGHER, 2500: SAME},
            "More digits, and less sure a gain? Is the number of passes 50_000 // size for each?",
        ),
    }
