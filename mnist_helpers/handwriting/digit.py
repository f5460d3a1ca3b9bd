"""From a photo of your own handwriting to images like MNIST's, and from ten probabilities to an answer.

`read_photo` reads a picture, `to_mnist_style` makes one digit of it, `find_digits` several; what they return
takes the road of the training images, through `to_model_input`. The steps are built one by one in
08_your_own_digits.ipynb. Estimators of light, grain and pen are plumbing and stand in ink.py.
"""

import functools
from typing import NamedTuple

import cv2
import numpy as np

from mnist_helpers.handwriting.files import NotAPhoto, check_photo, read_grey
from mnist_helpers.handwriting.ink import (
    NOTHING,
    NoDigitFound,
    around,
    belongs,
    crop,
    gap,
    grain,
    grow,
    mask_of,
    otsu,
    paper_brightness,
    pen_width,
    pieces_of,
    refuse_noise,
    ruled_lines,
    without_surroundings,
)
from mnist_helpers.handwriting.number import split_into_digits
from mnist_helpers.preprocessing import to_model_input

__all__ = [
    "Digit",
    "NoDigitFound",
    "NotAPhoto",
    "answer",
    "find_digits",
    "preparation_steps",
    "pretrained_reader",
    "read_photo",
    "to_mnist_style",
]

SURE = 0.7  # below this probability the answer is "not sure"; see answer()


class Digit(NamedTuple):
    """One digit of a number: where it stands in the photo, in pixels, and its uint8 `(28, 28)` image."""

    box: tuple[int, int, int, int]  # top, left, bottom, right
    image: np.ndarray


def read_photo(source):
    """Read a picture as grey values, the way a person sees it: upright and on white.

    Args:
        source: a path, the bytes of a file, an open binary file, a PIL image, or an array: uint8 or bool
            `(h, w)`, uint8 `(h, w, 1)`, `(h, w, 3)` RGB or `(h, w, 4)` RGBA, or uint16 `(h, w)`.

    Returns:
        uint8 array `(h, w)`, 0 black to 255 white. A phone's rotation is applied; transparent parts are white
        (black where white would hide the drawing); of an animation it is the first picture.

    Raises:
        NotAPhoto: a `ValueError`. Not a picture, damaged, above 10 MB or 40 megapixels, below 4 × 4
            pixels or a long strip.
        TypeError: `source` is something else.
        OSError: the file cannot be opened.
    """
    return read_grey(source)


def to_mnist_style(photo):
    """Make an image like MNIST's from a photo of one handwritten digit.

    Even the light, find the ink, remove ruled lines and specks, bring the pen near MNIST's, and then MNIST's
    own recipe: scale the ink to a box of 20 × 20 pixels and put its centre of mass in the middle of 28 × 28.
    Built step by step in 08_your_own_digits.ipynb.

    Args:
        photo: uint8 `(h, w)`, grey, dark ink on light paper or light on dark, as `read_photo` returns it.

    Returns:
        uint8 `(28, 28)`, 0–255, white ink on black. `to_model_input` takes a stack of these.

    Raises:
        NoDigitFound: a blank picture, or one with nothing but grain.
        ValueError: another dtype or shape.

    Source of the recipe: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document
    recognition, 1998, section III (doi.org/10.1109/5.726791).
    """
    return list(preparation_steps(photo).values())[-1]


def preparation_steps(photo):
    """Return every stage between a photo and its MNIST-like image, to be looked at.

    Args:
        photo: uint8 `(h, w)`, as for `to_mnist_style`.

    Returns:
        dict of name → uint8 image in the order of the steps, white ink on black after the first; the last is
        what `to_mnist_style` returns.

    Raises:
        NoDigitFound, ValueError: as `to_mnist_style`.
    """
    grey = shrink(photo)
    flat = flatten_light(grey)
    ink = find_ink(flat)
    digit = keep_digit(without_lines(ink, flat))
    pen = even_pen(crop(digit))
    box = fit_box(pen)
    return {
        "photo": grey,
        "light evened": flat,
        "ink": ink,
        "digit": digit,
        "pen evened": pen,
        "20 × 20": box,
        "centred": centre(box),
    }


def shrink(photo, shortest=160, longest=480):
    """Bring the longer side into this range of pixels: enough for smooth strokes, few enough to be quick."""
    check_photo(photo)
    refuse_noise(photo)
    scale = np.clip(max(photo.shape), shortest, longest) / max(photo.shape)
    size = [round(side * scale) for side in reversed(photo.shape)]
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def flatten_light(grey):
    """Take away the brightness of the paper and make the ink white: light and shadow go, strokes stay."""
    calm = cv2.GaussianBlur(grey, (0, 0), max(grey.shape) / 500)
    paper = paper_brightness(grey)
    difference = calm - paper
    if np.mean(difference * difference**2) > 0:  # what differs most is brighter: chalk on a board
        return np.clip(295 * difference / (295 - paper), 0, 255).astype(np.uint8)
    return np.clip(-295 * difference / (paper + 40), 0, 255).astype(np.uint8)


def find_ink(flat):
    """Mark the pixels that are ink, 255, and leave the others 0."""
    faintest = max(12, 5 * grain(flat))
    candidates = flat[flat > faintest]
    if len(candidates) < 20:
        raise NoDigitFound(NOTHING)
    level = otsu(candidates)
    strong, weak = flat > 0.9 * level, flat > max(faintest, 0.5 * level)
    return 255 * grow(strong, weak)


def without_lines(ink, flat):
    """Remove ruled lines, except where the pen crosses them."""
    return ink & ~ruled_lines(ink, flat)


def keep_digit(ink):
    """Keep the main piece of ink and the pieces that belong to it; specks, frames and table edges go."""
    pieces = without_surroundings(pieces_of(ink))
    main = max(pieces, key=lambda piece: piece.area * piece.size)
    if main.size < 0.04 * max(ink.shape):
        raise NoDigitFound(NOTHING)
    kept, box = [main], main.box
    for piece in sorted(pieces, key=lambda piece: gap(piece.box, main.box)):
        if piece is not main and belongs(piece, main, box):
            kept.append(piece)
            box = around(box, piece.box)
    return mask_of(kept)


def even_pen(mask, thinnest=2.2, thickest=3.2):
    """Bring the pen's width near MNIST's by moving the edge of the ink outwards or inwards.

    Half of MNIST's digits have strokes between these two widths, in pixels of their box of 20 × 20.
    """
    unit = 4  # pixels for each pixel of the 20 × 20 box
    scale = 20 * unit / max(mask.shape)
    large = cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    large = np.pad((large > 127).astype(np.uint8), 2 * unit)
    width = pen_width(large)
    wanted = np.clip(width, thinnest * unit, max(thickest * unit, 0.6 * width))
    parts = (1 - large, large)
    outside, inside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in parts)
    return 255 * (outside - inside <= (wanted - width) / 2).astype(np.uint8)


def fit_box(mask):
    """Scale the ink to fill a box of 20 × 20 pixels; its edges become grey, as in MNIST."""
    ink = crop(mask)
    scale = 20 / max(ink.shape)
    size = [max(1, round(side * scale)) for side in reversed(ink.shape)]
    return cv2.resize(ink, size, interpolation=cv2.INTER_AREA)


def centre(ink):
    """Place the ink in 28 × 28 pixels so that its centre of mass is in the middle."""
    image = np.zeros((28, 28), np.uint8)
    height, width = ink.shape
    mass = cv2.moments(ink)
    top = np.clip(14 - round(mass["m01"] / mass["m00"]), 0, 28 - height)
    left = np.clip(14 - round(mass["m10"] / mass["m00"]), 0, 28 - width)
    image[top : top + height, left : left + width] = ink
    return image


def find_digits(photo, reader=None):
    """Find the digits of a number, such as a postcode, in reading order.

    Small pieces of ink join their neighbours. A piece that may be several digits is cut where little ink is
    in the way and the parts read as digits.

    Args:
        photo: uint8 `(h, w)`, as `read_photo` returns it.
        reader: function from uint8 `(n, 28, 28)` to probabilities `(n, 10)`, to compare ways to cut; the
            `pretrained_reader` when None.

    Returns:
        list of `Digit`: its box `(top, left, bottom, right)` in pixels of the photo, and its uint8 `(28, 28)`
        image, prepared as `to_mnist_style` does. Line by line, each from left to right.

    Raises:
        NoDigitFound, ValueError: as `to_mnist_style`.
    """
    grey = shrink(photo, longest=900)
    flat = flatten_light(grey)
    ink = without_lines(find_ink(flat), flat)
    parts = split_into_digits(ink, _to_image, reader or pretrained_reader)
    scale = np.array(photo.shape * 2) / np.array(grey.shape * 2)
    digits = []
    for box, mask in parts:
        top, left, bottom, right = np.rint(np.array(box) * scale).astype(int).tolist()
        digits.append(Digit((top, left, bottom, right), _to_image(mask)))
    return digits


def answer(probabilities, threshold=SURE):
    """Say which digit it is, or which two it may be.

    The threshold was chosen so that at most 3 in 100 photographed digits are declined, and most letters are.

    Args:
        probabilities: float array `(10,)` or `(1, 10)`, one row of `model.predict`.
        threshold: probability from which on the answer is given, 0–1.

    Returns:
        The digit as an int, or a string such as "not sure: 4 or 9", the likelier digit first.

    Raises:
        ValueError: not ten probabilities.
    """
    probabilities = np.squeeze(probabilities)
    if probabilities.shape != (10,) or not np.isfinite(probabilities).all():
        raise ValueError(
            f"expected ten probabilities, got shape {np.shape(probabilities)}: pass one row of model.predict"
        )
    first, second = np.argsort(-probabilities, kind="stable")[:2]
    if probabilities[first] < threshold:
        return f"not sure: {first} or {second}"
    return int(first)


def _to_image(mask):
    return centre(fit_box(even_pen(crop(mask))))


def pretrained_reader(images):
    """Read images with the network of `load_pretrained`, which is loaded once.

    Args:
        images: uint8 `(n, 28, 28)`, as `to_mnist_style` returns each.

    Returns:
        float32 `(n, 10)`, the probabilities of the ten digits.
    """
    return np.asarray(_network()(to_model_input(images)))


@functools.cache
def _network():
    import tensorflow as tf  # only where it is needed: it takes seconds

    from mnist_helpers.models import load_pretrained

    # A model called as it is runs layer by layer in Python; as a graph it takes a fifth of the time.
    any_number = tf.TensorSpec((None, 28, 28, 1), tf.float32)
    return tf.function(load_pretrained(), input_signature=[any_number], autograph=False)
