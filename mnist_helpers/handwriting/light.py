"""The light is evened: how bright the paper is at every pixel, and what differs from it."""

import cv2
import numpy as np

from mnist_helpers.handwriting.errors import NOTHING, NoDigitFound
from mnist_helpers.handwriting.files import LEAST_SIDE, LONGEST_SHAPE


def even_light(photo):
    """Bring a photo to a size that is quick to work on, and take away light and shadow.

    Args:
        photo: uint8 `(h, w)`, as `read_photo` returns it.

    Returns:
        The smaller photo, and the same with white ink on black: both uint8, the longer side 160–480 pixels.

    Raises:
        NoDigitFound: it is noise.
        TypeError, ValueError: not an array, or one of another dtype or shape.
    """
    _check(photo)
    _refuse_noise(photo)
    grey = shrink(photo)
    return grey, flatten_light(grey)


def shrink(photo, shortest=160, longest=480):
    """Bring the longer side into this range of pixels: enough for smooth strokes, few enough to be quick."""
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


def paper_brightness(grey):
    """Estimate how bright the paper is at every pixel, also under the ink. float32 `(h, w)`, 0–255.

    A sloping plane is a first guess. Where the picture is far from it, there is ink, and the paper around is
    filled in; the median over a window then follows light and shadow more closely.
    """
    scale = 128 / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    paper = _slope(small)
    ink = max((_strokes(side * (small - paper)) for side in (-1, 1)), key=lambda found: found[0])[1]
    known = 1.0 - cv2.dilate(ink, np.ones((5, 5), np.uint8))
    near = cv2.GaussianBlur(small * known, (0, 0), 8) + 0.01 * paper
    near /= cv2.GaussianBlur(known, (0, 0), 8) + 0.01
    rest = np.clip(np.where(known, small, near) - paper + 128, 0, 255).astype(np.uint8)
    paper = paper - 128 + cv2.GaussianBlur(_median(rest, 14).astype(np.float32), (0, 0), 1)
    paper = np.clip(paper, 0, 255).astype(np.float32)
    return cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _slope(small):
    """Fit a plane to the brightness, with little weight for pixels far from it. float `(h, w)`, 0–255."""
    rows, columns = np.indices(small.shape) / 128
    terms = np.stack([np.ones(small.size), rows.ravel(), columns.ravel()], axis=1)
    values = small.ravel().astype(float)
    plane = np.full(small.size, np.median(values))
    for _ in range(5):
        weighted = terms / (np.abs(values - plane) + 3)[:, None]
        plane = terms @ np.linalg.solve(weighted.T @ terms, weighted.T @ values)
    return np.clip(plane, 0, 255).reshape(small.shape)


def _strokes(contrast):
    """Mark what stands out from the paper like strokes, and how strongly; shadows are wider and fainter."""
    contrast = np.clip(contrast, 0, 255)
    if contrast.max() < 9:
        return 0.0, np.zeros(contrast.shape, np.uint8)
    candidates = contrast[contrast > 8].astype(np.uint8).reshape(1, -1)
    ink = contrast > 0.8 * cv2.threshold(candidates, 0, 255, cv2.THRESH_OTSU)[0]
    wide = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, np.ones((21, 21), np.uint8)) > 0
    shadow = wide & (contrast < 0.6 * np.percentile(contrast[ink], 95))
    return float(np.sum(contrast[ink & ~wide] ** 2)), (ink & ~shadow).astype(np.uint8)


def _median(small, half):
    wide = cv2.copyMakeBorder(small, half, half, half, half, cv2.BORDER_REFLECT)
    return cv2.medianBlur(wide, 2 * half + 1)[half:-half, half:-half]


def _check(photo):
    """Refuse what cannot have come from `read_photo`."""
    if not isinstance(photo, np.ndarray):
        raise TypeError(f"expected a NumPy array, got {type(photo).__name__}: pass what read_photo returns")
    if photo.dtype != np.uint8 or photo.ndim != 2:
        expected = f"expected uint8 (h, w), got {photo.dtype} {photo.shape}"
        raise ValueError(f"{expected}: pass what read_photo returns")
    if min(photo.shape) < LEAST_SIDE or max(photo.shape) > LONGEST_SHAPE * min(photo.shape):
        raise ValueError(f"a picture of the shape {photo.shape} holds no digit: pass what read_photo returns")


def _refuse_noise(photo):
    """Raise NoDigitFound where no pixel resembles its neighbour: strokes are never like that."""
    block = max(1, max(photo.shape) // 480)  # whole blocks, so that their means are independent
    height, width = (side // block for side in photo.shape)
    blocks = photo[: height * block, : width * block]
    values = cv2.resize(blocks, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    values -= values.mean()
    spread = float(np.mean(values**2)) + 1e-6
    neighbours = (
        (values[:, 1:], values[:, :-1]),
        (values[1:], values[:-1]),
        (values[1:, 1:], values[:-1, :-1]),
        (values[1:, :-1], values[:-1, 1:]),
    )
    likeness = max(float(np.mean(one * other)) for one, other in neighbours) / spread
    if likeness < 0.08 + 2.5 / values.size**0.5:  # 0 but for chance, which a small picture leaves more room
        raise NoDigitFound(NOTHING)
