"""The offline sample: real handwriting in MNIST's shape, for when MNIST cannot be had. It is not MNIST."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np

TEST_DIGITS = 500
VARIANTS = 4


def offline_sample() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw the 1,797 digits (8×8 pixels) that scikit-learn ships as MNIST would show them.

    It is not MNIST: scores on it say nothing about MNIST. The file is in the order of its 13 writers and
    stays so. Its last 500 digits are the test set as they are, mostly by other hands than the rest. Each of
    the first 1,297 gives four training images: itself and three small turns, reductions and shifts, all
    neighbours in the array. A validation set cut off the end, as the lessons do with the last sixth, then
    shares no digit with the rest.

    Returns:
        Train images uint8 (5185, 28, 28), white ink in a 20×20 box, centred by mass up to the small shifts;
        train labels uint8 (5185,); test images (500, 28, 28); test labels (500,). The same each time.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49 (CC BY 4.0).
    """
    # What sklearn.datasets.load_digits() reads; importing scikit-learn would take longer than all the rest.
    package = Path(find_spec("sklearn").submodule_search_locations[0])
    table = np.loadtxt(package / "datasets" / "data" / "digits.csv.gz", delimiter=",", dtype=np.uint8)
    digits, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1]

    train_digits = np.repeat(digits[:-TEST_DIGITS], VARIANTS, axis=0)
    train_labels = np.repeat(labels[:-TEST_DIGITS], VARIANTS)
    n = len(train_digits)
    rng = np.random.default_rng(seed=0)
    angles, zooms, shifts = rng.uniform(-0.2, 0.2, n), rng.uniform(0.85, 1, n), rng.uniform(-1, 1, (n, 2))
    angles[::VARIANTS], zooms[::VARIANTS], shifts[::VARIANTS] = 0, 1, 0

    # The first digit comes once: 5,185 images, whose last sixth is exactly the last 216 digits' variants.
    once = VARIANTS - 1
    train_images = _enlarge(train_digits, angles, zooms, shifts)[once:]
    as_they_are = np.zeros(TEST_DIGITS), np.ones(TEST_DIGITS), np.zeros((TEST_DIGITS, 2))
    test_images = _enlarge(digits[-TEST_DIGITS:], *as_they_are)
    return train_images, train_labels[once:], test_images, labels[-TEST_DIGITS:].copy()


def _enlarge(digits: np.ndarray, angles: np.ndarray, zooms: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Draw 8×8 digits into 28×28 by cubic splines: turned (radians), zoomed, shifted (pixels)."""
    from scipy import ndimage

    ink = np.pad(digits / 16, ((0, 0), (2, 2), (2, 2)))
    places = np.arange(12)
    centres = (
        np.stack([ink.sum(axis=2) @ places, ink.sum(axis=1) @ places], axis=1) / ink.sum(axis=(1, 2))[:, None]
    )
    splines = ndimage.spline_filter1d(ndimage.spline_filter1d(ink, axis=1), axis=2)
    cos, sin = np.cos(angles), np.sin(angles)
    # From a pixel of the picture back to a place on the digit: 8 pixels become 18.4, with their edges 20.
    back = np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2) / (2.3 * zooms)[:, None, None]
    offsets = centres - (back @ (14 + shifts)[:, :, None])[:, :, 0]
    pictures = np.empty((len(digits), 28, 28))
    for spline, matrix, offset, picture in zip(splines, back, offsets, pictures, strict=True):
        ndimage.affine_transform(spline, matrix, offset, (28, 28), picture, prefilter=False)
    pictures /= pictures.max(axis=(1, 2), keepdims=True)
    # The blurred edges of an enlarged picture, made as steep as those of a pen in MNIST.
    return np.rint(((pictures - 0.33) / 0.45).clip(0, 1) * 255).astype(np.uint8)
