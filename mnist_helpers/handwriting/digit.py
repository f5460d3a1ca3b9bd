"""One digit's ink becomes an image like MNIST's: a box of 20 × 20, its mass centred in 28 × 28."""

from typing import NamedTuple

import cv2
import numpy as np

from mnist_helpers.handwriting.errors import NOTHING, NoDigitFound
from mnist_helpers.handwriting.pen import even_pen


class Digit(NamedTuple):
    """One digit of a picture."""

    box: tuple[int, int, int, int]  # top, left, bottom, right, in pixels of the photo
    image: np.ndarray  # uint8 (28, 28), 0–255, white ink on black: what `to_model_input` takes a stack of
    probabilities: np.ndarray  # float (10,), what the reader said
    stages: dict[str, np.ndarray]  # name → uint8 image, from the photo to the image
    odd: str = ""  # why its shape is hardly that digit's; "" where nothing speaks against it


def prepare_digits(masks):
    """Make an image like MNIST's of each digit's ink.

    Args:
        masks: list of uint8 `(h, w)`, 0 or 255.

    Returns:
        list of dicts, name → uint8 image, in the order of the steps; the last, `(28, 28)`, is the image.

    Raises:
        NoDigitFound: nothing is left of one of them, as of fine stripes.
    """
    return [_stages(mask) for mask in masks]


def _stages(mask):
    pen = even_pen(_without_hairlines(crop(mask)))
    if not pen.any():
        raise NoDigitFound(NOTHING)  # stripes or dust: nothing of it is as wide as a stroke
    box = fit_box(pen)
    return {"digit": mask, "pen evened": pen, "20 × 20": box, "centred": centre(box)}


def _without_hairlines(ink):
    """Thicken lines so thin that they would be lost between the pixels when the ink is scaled down."""
    hair = max(ink.shape) // 80
    pen = np.ones((hair, hair), np.uint8)
    if hair < 2 or cv2.erode(ink, pen, borderValue=0).any():
        return ink
    return cv2.dilate(np.pad(ink, hair), pen)


def crop(mask):
    """Cut away the empty rows and columns around the ink."""
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width]


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
