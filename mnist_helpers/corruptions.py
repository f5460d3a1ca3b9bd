"""Digits that are harder to read: images in, images out. No function here knows a model."""

import numbers

import numpy as np
from scipy import ndimage

from mnist_helpers.preprocessing import check_images


def corrupt(images, kind, strength, seed):
    """Return a copy of digit images that is harder to read. Strength 0 changes nothing.

    | kind | strength | what happens |
    |---|---|---|
    | "rotation" | degrees | each image turns left or right, at random |
    | "shift" | pixels | each moves up, down, left or right, at random; what leaves the frame is lost |
    | "noise" | grey levels | Gaussian noise of this standard deviation on every pixel |
    | "blur" | pixels | Gaussian blur of this standard deviation |
    | "contrast" | share from 0 to 1 | pixels move by this share of the way to the image's mean |
    | "thicker", "thinner" | pixels | a round pen of this radius adds ink around strokes, or paper |

    Args:
        images: uint8 array `(n, 28, 28)`, 0–255, white ink on black.
        kind: one of the kinds above.
        strength: a number ≥ 0 in the unit above; fractions are meant.
        seed: a whole number; the same seed gives the same result.

    Returns:
        uint8 array `(n, 28, 28)`.

    Raises:
        TypeError: `images` is not a NumPy array.
        ValueError: another dtype or shape, an unknown kind, or an impossible strength or seed.

    After Mu and Gilmer, MNIST-C: a robustness benchmark for computer vision, 2019, https://arxiv.org/abs/1906.02337
    """
    check_images(images)
    if kind not in list(_CORRUPTIONS):
        raise ValueError(f"expected a kind out of {', '.join(_CORRUPTIONS)}, got {kind!r}")
    if not isinstance(strength, numbers.Real) or not 0 <= strength < np.inf:
        raise ValueError(f"expected a strength of 0 or more, got {strength!r}")
    if not isinstance(seed, numbers.Integral) or seed < 0:
        raise ValueError(f"expected a seed that is a whole number of 0 or more, got {seed!r}")
    random = np.random.default_rng(seed)
    pixels = _CORRUPTIONS[kind](images.astype("float32"), strength, random)
    return np.rint(pixels).clip(0, 255).astype("uint8")


def _rotation(images, degrees, random):
    left = random.random(len(images)) < 0.5
    for angle, chosen in ((degrees, left), (-degrees, ~left)):
        images[chosen] = ndimage.rotate(images[chosen], angle, axes=(1, 2), reshape=False, order=1)
    return images


def _shift(images, pixels, random):
    direction = random.integers(4, size=len(images))
    for i, (down, right) in enumerate(((1, 0), (-1, 0), (0, 1), (0, -1))):
        chosen = direction == i
        images[chosen] = ndimage.shift(images[chosen], (0, down * pixels, right * pixels), order=1)
    return images


def _noise(images, deviation, random):
    return images + random.normal(0, deviation, images.shape)


def _blur(images, deviation, random):
    return ndimage.gaussian_filter(images, (0, deviation, deviation))


def _contrast(images, share, random):
    if share > 1:
        raise ValueError(f"expected a contrast strength from 0 to 1, the share that is lost, got {share}")
    mean = images.mean(axis=(1, 2), keepdims=True)
    return images + share * (mean - images)


def _thicker(images, radius, random):
    return _pen(ndimage.grey_dilation, images, radius)


def _thinner(images, radius, random):
    return _pen(ndimage.grey_erosion, images, radius)


def _pen(draw, images, radius):
    # Pens have whole radii; between two of them the results are mixed.
    whole, part = divmod(radius, 1)
    smaller, larger = (draw(images, footprint=_disc(int(whole) + more)) for more in (0, 1))
    return (1 - part) * smaller + part * larger


def _disc(radius):
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return (x**2 + y**2 <= radius**2)[np.newaxis]


_CORRUPTIONS = {
    "rotation": _rotation,
    "shift": _shift,
    "noise": _noise,
    "blur": _blur,
    "contrast": _contrast,
    "thicker": _thicker,
    "thinner": _thinner,
}
