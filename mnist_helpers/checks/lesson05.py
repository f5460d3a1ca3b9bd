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
        "accuracy as an error": (
            ("down", "down"),
            "Less loss, and yet fewer right answers? Is down good news for both?",
        ),
        "both climb": (
            ("up", "up"),
            "More right answers: from what would it learn them, once it has its 1,000 by heart?",
        ),
        "forgets": (
            ("same", "down"),
            "Fewer right answers, and no more loss? Does what it learns after epoch 20 replace the rest?",
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
        "steps alone": (
            Between(max(9.0, 1.42 * measured), 12.0),
            "About as many as before, because it takes as many steps? And what is in each step?",
        ),
        "a little better": (
            Between(1.42 * measured, 8.9),
            "Fewer than before, but not few enough. How much of 50,000 digits can be learned by heart?",
        ),
        "seen too seldom": (
            Between(max(12.1, 1.42 * measured), 80.0),
            "More than after fifty passes: must a digit come back to be learned from?",
        ),
        "the right ones": (
            Between(85.0, 100.0),
            "Is that how many it reads, or how many it misreads?",
        ),
        "many passes": (
            Between(0.5, 0.59 * measured),
            "So few take many passes over all digits, as in section 2. How many does this network make?",
        ),
        "a share": (measured / 100, "Is that a share, or a number of 100 digits?"),
        "in proportion": (
            Between(0.1, 0.4),
            "Fifty times the digits, a fiftieth of the mistakes? Are fifty digits fifty times as new as one?",
        ),
        "all of them": (
            0.0,
            "None at all? It has seen each of its digits once, and these never.",
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
        "first rise": (
            (3, 2),
            "That stops at the first loss without a new best. What does a patience of 2 wait for?",
        ),
        "last weights": (
            (stopped, stopped),
            "It stops there. But is the last epoch the one with the lowest loss so far?",
        ),
        "counted from 0": ((stopped - 1, restored - 1), "Is the first epoch number 0 here, or 1?"),
        "never reset": ((5, 4), "What happens to the count of lost epochs when a new best comes?"),
        "two rises in a row": ((8, 4), "Is a loss compared with the epoch before, or with the best so far?"),
        "one too many": ((stopped + 1, restored), "At which count does the table of section 5 stop, with 3?"),
        "runs to the end": ((10, 10), "Would training have come as far as that lowest loss?"),
        "best is the stop": (
            (restored, restored),
            "In that epoch the loss is a new best. How does training find out that none follows?",
        ),
        "an earlier dip": ((stopped, 2), "It stops there. Is the loss of epoch 2 the lowest so far?"),
        "both one later": (
            (stopped + 1, restored + 1),
            "As far apart as they are. Was one added to numbers that count from 1 already?",
        ),
        "sees the future": ((stopped, 10), "Which epochs exist when training stops?"),
        "turned round": ((restored, stopped), "Which comes first: the stop, or the best epoch?"),
    }


# with p = 0.3
KNOWN = {1.0: "not multiplied", 0.7: "multiplied by 1 - p", 3.3333: "divided by p", 1.3: "times 1 + p"}


def _units():
    return np.arange(1.0, 10001.0).reshape(200, 50)


def _divided(x, results, share):
    return all(np.allclose(one, x * (one != 0) / share(one != 0), rtol=1e-6) for one in results)


def _by_own_share(x, results):
    """Whether the units that stay on are divided by how many there are, in the batch or in each image."""
    with np.errstate(all="ignore"):  # an image may have lost all
        return _divided(x, results, np.mean) or _divided(x, results, lambda on: on.mean(1, keepdims=True))


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
    if not off.any():
        return "none off"
    if _by_own_share(x, (first, second)) and not _divided(x, (first, second), lambda on: 1 - p):
        return "divided by the share"
    if len(scales) > 1:
        return "other values"
    if (off == off[:, :1]).all() and 0 < share < 1:
        return "whole images"
    if (off == off[0]).all() and 0 < share < 1:
        return "one mask"
    if share == 0.5:
        return "always half"
    if share != p:
        return "keeps p" if share == round(1 - p, 1) else f"{share:.0%} off"
    if np.ptp(off.sum(axis=1)) == 0:
        return "counted"
    if np.array_equal(first, second):
        return "every time alike"
    if np.isclose(scales, 2):
        return "always doubled"
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


def _by_share(x, p):
    mask = _drawn(x) >= p
    return x * mask / mask.mean()


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
        "none off": (
            lambda x, p: x.copy(),
            "No unit was off with p = 0.3. Is that what dropout does in training, or in use?",
        ),
        "always half": (
            lambda x, p: _by(_drawn)(x, 0.5),
            "About half of the units were off with p = 0.3. Where does p come in?",
        ),
        "always doubled": (
            _by(_drawn, lambda p: 2),
            "The units that stay on were doubled with p = 0.3. For which p is 2 the right number?",
        ),
        "times 1 + p": (
            _by(_drawn, lambda p: 1 + p),
            "The units that stay on became 1.3 times as large. Is 0.7 of the units times 1.3 all of them?",
        ),
        "divided by the share": (
            _by_share,
            "The factor changed from draw to draw. Which share stays on by plan, and which by chance?",
        ),
        "leaves x out": (
            _ignores,
            "The units that stay on are not all multiplied alike. Where does x come in?",
        ),
    }


HIGHER, LOWER, SAME = "higher in every run", "lower in every run", "no difference seen"


def _worth(answer):
    """Name what the two statements say together: both are honest for 1,250 digits, one for 2,500."""
    if not isinstance(answer, dict):
        kinds = {int: "a number", float: "a number", list: "no dict", tuple: "no dict"}
        return kinds.get(type(answer), "something else")
    if not all(isinstance(said, str) for said in answer.values()):
        return "no statements"
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
            "No difference with 2,500 either? From how many did these networks learn, without dropout?",
        ),
        "turned round, or few steps": (
            {1250: LOWER, 2500: LOWER},
            "Lower in both? Which list did you name second, and how many steps did each training take?",
        ),
        "dropout beats 1,250": (
            {1250: LOWER, 2500: HIGHER},
            "1,250 digits below 1,000 with dropout? How many steps did each of these trainings take?",
        ),
        "turned round, sizes mixed up": (
            {1250: LOWER, 2500: SAME},
            "Lower with more digits? Which list did you name second, and which size belongs to which list?",
        ),
        "sizes as texts": (
            {"1250": SAME, "2500": HIGHER},
            "The sizes are texts. Which keys has a dict of the numbers 1250 and 2500?",
        ),
        "a number of digits": (
            250,
            "A number? Asked is what compare_runs says of each size: a dict of size → statement.",
        ),
        "statements without their sizes": (
            [SAME, HIGHER],
            "Which statement belongs to which size? Put them into a dict, with 1250 and 2500 as its keys.",
        ),
        "accuracies": (
            {1250: [0.90, 0.91, 0.90], 2500: [0.92, 0.92, 0.92]},
            "These are numbers. What does compare_runs say of them, beside the five runs with dropout?",
        ),
        "worse with more": (
            {1250: HIGHER, 2500: SAME},
            "More digits, and less sure a gain? Which list is of which size, and how many passes had it?",
        ),
    }
