"""The exercises of lesson 11."""

import numpy as np

from mnist_helpers.checks.compare import try_out
from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "11.1",
    measured=0.2,
    near=0.4,
    hints=("What is large in a training digit, and what in a photograph of one?",),
    notice="Accuracy belongs to a network *and* a kind of picture. These are pictures of another kind.",
)
def squeezed(measured):
    """the share of squeezed photographs that are read, from 0 to 1"""
    return float(measured), {
        "guessing": (
            Between(0.0, 0.59 * measured),
            "That is about guessing, or worse. Is every photograph unlike a training digit?",
        ),
        "more than a few": (
            Between(1.41 * measured, 0.899),
            "Fewer are read than that. Where has a training digit its large numbers, where a photograph?",
        ),
        "as good as ever": (
            Between(0.9, 1.0),
            "That is about its share of MNIST's digits. Does a squeezed photograph look like one of those?",
        ),
        "percent": (Between(1.1, 100.0), "Is it a share, from 0 to 1?"),
    }


@exercise(
    "11.2",
    measured=0.27,
    near=0.4,
    hints=("Ten probabilities sum to 1. Is there an eleventh, for 'none of these'?",),
    notice="Nobody taught them doubt: they decline what happens to look like two digits at once.",
)
def signs_declined(measured):
    """the share of photographed signs that are declined at 0.7, from 0 to 1"""
    return float(measured), {
        "hardly ever": (
            Between(0.0, 0.59 * measured),
            "More are declined than that. Some signs lie between two digits. What does a network say there?",
        ),
        "many": (
            Between(1.41 * measured, 0.849),
            "Fewer are declined than that. Which of the ten probabilities could say 'none of these'?",
        ),
        "knows what a digit is": (
            Between(0.85, 1.0),
            "That is a network which knows what is no digit. Which training picture taught it that?",
        ),
        "percent": (Between(1.1, 100.0), "Is it a share, from 0 to 1?"),
    }


def _confidences():
    digits = np.concatenate([np.linspace(0.55, 0.9, 12), np.linspace(0.9, 1, 288) ** 0.05])
    return digits, np.linspace(0.4, 1, 240)


@exercise(
    "11.3",
    measured=_confidences(),
    hints=(
        "How many photographs are 2%? Put the confidences in order: np.sort.",
        "Below the threshold are 2%, and 98% are above it.",
        "np.quantile(confidences, share) has the given share of them below it.",
    ),
    notice="Neither labels nor letters were needed: the price is counted in digits alone.",
)
def price_of_two_percent(measured):
    """the threshold: a probability, from 0 to 1"""
    digits, signs = np.sort(measured[0]), measured[1]
    k = round(0.02 * len(digits))
    low, high = float(digits[max(0, k - 2)]), float(digits[k + 1])
    tail = max(0.9995, float(np.quantile(digits, 0.975)))
    return Between(low + 1e-9, high), {
        "the other tail": (Between(tail, 1.0), "How many photographs are below it: 2%, or 98%?"),
        "the share as threshold": (
            Between(0.0, 0.1),
            "The largest of ten probabilities is never below 0.1. Is 2% one of them, or a share of photos?",
        ),
        "98% sure": (
            Between(0.979, 0.981),
            "Does a threshold of 98% decline 2%? Count the photographs below it.",
        ),
        "chosen on signs": (
            float(np.quantile(signs, 0.02)),
            "It declines 2% of something. Of digits, or of signs?",
        ),
        "too few": (
            Between(0.1001, low),
            "Fewer than 2% of the photographs are below it. How many are 2%, and are they sorted?",
        ),
        "too many": (
            Between(high + 1e-9, tail - 1e-9),
            "More than 2% of the photographs are below it. How many are 2%, and are they sorted?",
        ),
        "no probability": (
            Between(1.1, 100.0),
            "Is it a probability, from 0 to 1? A percentage is none, nor a number of photos, nor a place.",
        ),
    }


def _boxes():
    """One that fits anywhere; one heavy in its upper left, faint in the rest; that one turned upside down."""
    easy, ink = np.full((6, 4), 90, np.uint8), np.full((20, 10), 6, np.uint8)
    easy[0, 0] = 250  # so that no mean is halfway between two numbers
    ink[8:, 7:] = 0
    ink[1:5, 1:5] = 250
    return easy, ink, np.ascontiguousarray(ink[::-1, ::-1].T)


def _on_boxes(centred):
    """Return for each box the image and whether the box is as it was; or that it would leave the image."""
    found = []
    for ink in _boxes():
        try:
            image, left = try_out(centred, (ink,))
            found.append((image, np.array_equal(ink, left)))
        except ValueError:
            if not found:  # the first fits anywhere, so this is another fault
                raise
            found.append("leaves the image")
    return tuple(found)


def _placed(ink, top, left):
    image = np.zeros((28, 28), np.uint8)
    image[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return image


def _mean_place(ink):
    rows, columns = np.indices(ink.shape)
    return (rows * ink.astype(float)).sum() / ink.sum(), (columns * ink.astype(float)).sum() / ink.sum()


def _inside(start, side):
    return int(np.clip(start, 0, 28 - side))


def _by(place, inside=_inside):
    """Return a function that centres by a place, as `place(ink)` gives it, and keeps the box inside."""

    def centred(ink):
        starts = [14 - each for each in place(ink)]
        return _placed(ink, *map(inside, starts, ink.shape))

    return centred


def _rounded(ink):
    row, column = _mean_place(ink)
    return round(row), round(column)


def _middle(ink):
    return ink.shape[0] // 2, ink.shape[1] // 2


def _wrapped(ink):
    row, column = _rounded(ink)
    return np.roll(_placed(ink, 0, 0), (14 - row, 14 - column), (0, 1))


def _emptied(ink):
    image = _by(_rounded)(ink)
    ink[:] = 0
    return image


def _no_negative(start, side):
    """As slices do: a box that begins above the image does not fit."""
    if start < 0:
        raise ValueError
    return min(start, 28 - side)


def _no_overhang(start, side):
    if start > 28 - side:
        raise ValueError
    return max(start, 0)


def _as_it_comes(start, side):
    return _no_overhang(_no_negative(start, 0), side)


@exercise(
    "11.4",
    view=_on_boxes,
    hints=(
        "ink.sum(axis=1) is the ink of each row; the row's number is np.arange(height).",
        "Mean row: (np.arange(height) * ink.sum(axis=1)).sum() / ink.sum(). Columns likewise, with axis 0.",
        "The box begins 14 minus the mean row from the top: not below 0, and not beyond 28 minus its height.",
    ),
    notice="The mean of places weighted by ink: what a balance would find.",
    unseen="It was tried on three boxes of ours, not on every one.",
)
def centre_by_hand():
    """a function of a box of ink that returns a 28 × 28 image, the mean place of its ink in the middle"""
    right = _by(_rounded)
    box = "Its box is in the middle. Where is most of the ink?"
    half = "It is right in one direction. By what is the box placed in the other?"
    border = "With the ink at an edge of the box, the box would leave the image. How far may it move?"
    return right, {
        "middle of the box": (_by(_middle), box),
        "middle of the box, from 0": (
            _by(lambda ink: (round((ink.shape[0] - 1) / 2), round((ink.shape[1] - 1) / 2))),
            box,
        ),
        "rows alone": (_by(lambda ink: (_rounded(ink)[0], _middle(ink)[1])), half),
        "columns alone": (_by(lambda ink: (_middle(ink)[0], _rounded(ink)[1])), half),
        "axes swapped": (
            _by(lambda ink: _rounded(ink)[::-1]),
            "The ink is off in both directions. Which of the two means belongs to the rows?",
        ),
        "unweighted": (
            _by(lambda ink: _rounded((ink > 0).astype(np.uint8))),
            "Faint pixels pull as strongly as dark ones. What weighs a pixel?",
        ),
        "darkest pixel": (
            _by(lambda ink: np.unravel_index(ink.argmax(), ink.shape)),
            "It follows the darkest pixel. And the ink beside it?",
        ),
        "cut off": (
            _by(lambda ink: tuple(int(place) for place in _mean_place(ink))),
            "It is off by one where a mean ends in .7. Does int round to the nearest number?",
        ),
        "rounded up": (
            _by(lambda ink: tuple(int(np.ceil(place)) for place in _mean_place(ink))),
            "It is off by one where a mean ends in .2. Which whole number is the nearest?",
        ),
        "from 1, or to 13": (
            _by(lambda ink: tuple(place + 1 for place in _rounded(ink))),
            "It is off by one, up and to the left. From which number do rows count, and to which do they go?",
        ),
        "the wrong way": (
            _by(lambda ink: tuple(-place for place in _rounded(ink))),
            "The lower the ink in the box, the lower comes the box. Is that the way to row 14?",
        ),
        "margin of 4": (
            _by(_rounded, lambda start, side: int(np.clip(start, 4, 24 - side))),
            "It keeps a margin of 4. How near to the edge may the box come?",
        ),
        "over the edge": (_by(_rounded, _as_it_comes), border),
        "over the upper edge": (_by(_rounded, _no_negative), border),
        "over the lower edge": (_by(_rounded, _no_overhang), border),
        "wraps around": (
            _wrapped,
            "Ink that leaves at one edge comes in at the other. How far may the box move?",
        ),
        "on its side": (lambda ink: right(ink).T, "It lies on its side. Which index is the row's?"),
        "from 0 to 1": (
            lambda ink: right(ink) / 255,
            "The place is right, and the numbers end at 1. Who divided the ink?",
        ),
        "black or white": (
            lambda ink: np.where(right(ink) > 0, 255, 0),
            "The place is right, and faint ink has become as dark as the rest. What did the box hold?",
        ),
        "changes its input": (_emptied, "The image is right, and `ink` is changed afterwards. By whom?"),
    }


def _leaning(by, top=4, left=12):
    """A stroke with two faint blots beside it, each row moved aside: by `by` columns for each row upwards."""
    image = np.zeros((28, 28), np.uint8)
    image[top : top + 20, left : left + 3] = 240
    if by:
        image[top + 2 : top + 6, left + 3 : left + 6] = 25  # faint, so that it has to be weighed
        image[top + 14 : top + 18, left - 3 : left] = 25
    return np.stack([np.roll(row, round(by * (13.5 - r))) for r, row in enumerate(image)])


def _spread(image):
    """Return of the ink: the mean product of row and column distances, and both mean squares."""
    rows, columns = np.indices(image.shape)
    weight = image / image.sum()
    row, column = rows - (rows * weight).sum(), columns - (columns * weight).sum()
    return (row * column * weight).sum(), (row**2 * weight).sum(), (column**2 * weight).sum()


def _lean(image):
    product, of_rows, _ = _spread(image.astype(float))
    return product / of_rows


def _first_fault(upright):
    """Name what is left to be desired of a function that sets images upright; "upright" if nothing."""
    for by in (0.0, -0.5, 0.7):
        image = _leaning(by)
        result, left = try_out(upright, (image,))
        result = np.asarray(result, float)
        if not np.array_equal(image, left):
            return "overwrites"
        if result.shape != image.shape:
            return f"the shape {result.shape}"
        if not result.any() or not np.isfinite(result).all():
            return "nothing left"
        if result.max() <= 1:
            return "from 0 to 1"
        if not np.allclose(result.sum(axis=1), image.sum(axis=1), rtol=0.05, atol=30):
            columns = np.allclose(result.sum(axis=0), image.sum(axis=0), rtol=0.05, atol=30)
            return "columns moved" if columns else "other ink"
        before, after = _lean(image), _lean(result)
        if by == 0 and abs(after) > 0.1:
            return "upright ones too"
        if abs(after) > 0.1:
            share = after / before
            way = "as it was" if abs(share - 1) < 0.1 else "too little" if share > 0 else "too far"
            return f"{way if share < 1.1 else 'the other way'}{', to one side' if by > 0 else ''}"
        if np.abs(_mean_place(result)[1] - _mean_place(image)[1]) > 1:
            return "moved aside"
    return "upright"


def _shear(lean, around=lambda image: _mean_place(image)[0], rounded=round):
    """Return a function that moves each row against `lean(image)`, more the farther it is from a row."""

    def upright(image):
        if not image.any():
            return image.copy()
        by, row = lean(image), around(image)
        return np.stack([np.roll(line, -rounded(by * (r - row))) for r, line in enumerate(image)])

    return upright


def _black(image):
    return (image > 0).astype(float)


def _in_place(image):
    image[:] = _shear(_lean)(image)
    return image


@exercise(
    "11.5",
    view=_first_fault,
    hints=(
        "np.indices(image.shape): each pixel's row and column. image / image.sum(): its share of the ink.",
        "Both means are those of 11.4. Take them away from rows and columns: these are the distances.",
        "The lean is (row * column * share).sum() / (row**2 * share).sum(), row and column being distances.",
        "Row r goes to the left by lean · (r − mean row) columns: np.roll(line, -round(…)). Stack the rows.",
    ),
    notice="A step that the chain did not have. Whether it is worth its place, photographs have to tell.",
    unseen="It was tried on three images of ours that lean by 0, 0.5 and −0.7.",
)
def set_upright():
    """a function of a 28 × 28 image of ink that returns a new one, set upright"""

    def with_lean(change):
        return _shear(lambda image: change(*_spread(image.astype(float))))

    return _shear(_lean), {
        "does nothing": (lambda image: image.copy(), "It leans as before. By how much is each row moved?"),
        "the other way": (
            with_lean(lambda product, rows, columns: -product / rows),
            "It leans more than before. If columns grow with rows, to which side does a lower row go?",
        ),
        "by columns": (
            with_lean(lambda product, rows, columns: product / columns),
            "It leans to the other side now. By which mean square is the product divided: rows, or columns?",
        ),
        "not divided": (
            with_lean(lambda product, rows, columns: product),
            "It went much too far for one of two images. By what is the mean product to be divided?",
        ),
        "unweighted": (
            _shear(lambda image: _lean(_black(image))),
            "It still leans, but less. Is ink weighed by how dark it is, and nothing halved or cut off?",
        ),
        "to one side": (
            _shear(lambda image: abs(_lean(image))),
            "Right for one side; what leans to the other leans more now. Has a lean no sign?",
        ),
        "always alike": (
            _shear(lambda image: 0.5),
            "It makes an upright image lean. Does it take each one's own lean, from *both* means?",
        ),
        "from the top": (
            _shear(_lean, around=lambda image: 0),
            "It is upright, and has gone aside. Which row stays where it is?",
        ),
        "columns moved": (
            lambda image: _shear(lambda turned: _lean(image))(image.T).T,
            "The ink of each column is as before, that of the rows is not. Which of them are to be moved?",
        ),
        "from 0 to 1": (
            lambda image: _shear(_lean)(image) / 255,
            "Its numbers end at 1. Which range has an image of ink here?",
        ),
        "a box": (
            lambda image: _shear(_lean)(image)[4:24],
            "Some rows are gone. Which shape has the image that the network reads?",
        ),
        "overwrites its input": (
            _in_place,
            "It is upright, and the image that was given is changed as well.",
        ),
    }
