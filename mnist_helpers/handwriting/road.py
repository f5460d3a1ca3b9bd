"""The road from a photo of handwriting to images like MNIST's, each stage in a module of its own:

    files.read_photo → light.even_light → ink.find_ink → pieces.find_pieces → number.part
    → digit.prepare_digits → pen.even_pen → reader → shape.what_is_odd → verdict.answer

The stages are built one by one in 11_own_digits.ipynb.
"""

import numpy as np

from mnist_helpers.handwriting.digit import prepare_digits
from mnist_helpers.handwriting.ink import find_ink
from mnist_helpers.handwriting.light import even_light
from mnist_helpers.handwriting.number import MOST, part
from mnist_helpers.handwriting.pieces import Pieces, find_pieces, mask_of, pieces_of_strokes


def to_mnist_style(photo):
    """Make an image like MNIST's from a photo of one handwritten digit.

    Even the light, find the ink, remove ruled lines and specks, bring the pen near MNIST's, and then MNIST's
    own recipe: scale the ink to a box of 20 × 20 pixels and put its centre of mass in the middle of 28 × 28.

    Args:
        photo: uint8 `(h, w)`, grey, dark ink on light paper or light on dark, as `read_photo` returns it.

    Returns:
        uint8 `(28, 28)`, 0–255, white ink on black. `to_model_input` takes a stack of these.

    Raises:
        NoDigitFound: a blank picture, or one with nothing but grain.
        TypeError, ValueError: not an array, or one of another dtype or shape.

    Source of the recipe: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document
    recognition, 1998, section III (doi.org/10.1109/5.726791).
    """
    return preparation_steps(photo)["centred"]


def preparation_steps(photo):
    """Return every stage between a photo of one digit and its MNIST-like image, to be looked at.

    Args:
        photo: uint8 `(h, w)`, as for `to_mnist_style`.

    Returns:
        dict of name → uint8 image in the order of the steps, white ink on black after the first; the last is
        what `to_mnist_style` returns.

    Raises:
        NoDigitFound, TypeError, ValueError: as `to_mnist_style`.
    """
    grey, flat = even_light(photo)
    ink = find_ink(flat)
    (stages,) = prepare_digits([find_pieces(ink).mask])
    return {"photo": grey, "light evened": flat, "ink": ink, **stages}


def find_digits(photo, reader, strokes=()):
    """Find the digits in a photo: one, or those of a number such as a postcode, in reading order.

    Pieces of ink that read better together than alone are one digit. A piece that may be several digits is
    cut where little ink is in the way and the parts read as digits.

    Args:
        photo: uint8 `(h, w)`, as `read_photo` returns it.
        reader: function from uint8 `(n, 28, 28)` to probabilities `(n, 10)`, to compare ways to cut;
            `load_reader()` returns one.
        strokes: of a drawing, list of float `(n, 2)`: x and y where the pen ran, in pixels of the photo. Then
            digits that touch are told apart by where the pen was lifted.

    Returns:
        list of `Digit`, each with its box in pixels of the photo, its uint8 `(28, 28)` image, prepared as
        `to_mnist_style` does, what the reader said, and all stages. Line by line, each from left to right.

    Raises:
        NoDigitFound, TypeError, ValueError: as `to_mnist_style`.
    """
    grey, flat = even_light(photo)
    ink = find_ink(flat)
    shared = {"photo": grey, "light evened": flat, "ink": ink}
    scale = np.array(photo.shape * 2) / np.array(grey.shape * 2)
    found = find_pieces(ink)
    written = pieces_of_strokes(ink, [np.asarray(stroke) / scale[1::-1] for stroke in strokes])
    if 0 < len(written) <= MOST:
        found = Pieces(written, written, mask_of(written), lifted=True)
    return [
        digit._replace(
            box=tuple(np.rint(np.array(digit.box) * scale).astype(int).tolist()),
            stages=shared | digit.stages,
        )
        for digit in part(found, reader)
    ]
