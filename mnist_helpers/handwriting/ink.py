"""Which pixels are ink: a threshold that fits the picture, faint strokes too, and no ruled lines."""

import cv2
import numpy as np

from mnist_helpers.handwriting.errors import NOTHING, NoDigitFound


def find_ink(flat):
    """Mark the pixels that are ink, 255, and leave the others 0; ruled lines are the printer's ink and go.

    Args:
        flat: uint8 `(h, w)`, white ink on black, as `even_light` returns it.

    Returns:
        uint8 `(h, w)`, 0 or 255.

    Raises:
        NoDigitFound: hardly anything stands out from the paper.
    """
    faintest = max(12, 5 * grain(flat))
    candidates = flat[flat > faintest]
    if len(candidates) < 20:
        raise NoDigitFound(NOTHING)
    level = otsu(candidates)
    strong, weak = flat > 0.9 * level, flat > max(faintest, 0.5 * level)
    return without_lines(255 * grow(strong, weak), flat)


def otsu(values):
    """The threshold that parts values into two groups of least spread (Otsu, 1979)."""
    return cv2.threshold(np.ascontiguousarray(values).reshape(1, -1), 0, 255, cv2.THRESH_OTSU)[0]


def grain(flat):
    """Standard deviation of the paper's grain, from how far a pixel differs from its four neighbours."""
    return float(np.median(np.abs(cv2.Laplacian(flat, cv2.CV_32F)))) / 0.6745 / 20**0.5


def grow(strong, weak):
    """Add faint ink that hangs on strong ink, unless it would swamp it, as a grid or a shadow does."""
    weak = weak.astype(np.uint8)
    weak &= cv2.boxFilter(weak, -1, (3, 3), normalize=False) >= 4  # without single grains
    weak |= strong
    count, pieces = cv2.connectedComponents(weak, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[pieces[strong]] = 1
    kept[0] = 0
    grown, strong = kept[pieces], strong.astype(np.uint8)
    swamped = grown.sum() >= 2 * strong.sum() and not _is_fainter_pen(grown, strong)
    return strong if swamped else grown


def _is_fainter_pen(grown, strong):
    """Whether what has grown is the same pen, pressed less: about as wide, and clear of the edges."""
    added = grown & ~strong
    at_an_edge = added[[0, -1]].any() or added[:, [0, -1]].any()
    return not at_an_edge and pen_width(grown) < 1.5 * pen_width(strong) + 2


def pen_width(mask):
    """Width of the strokes in pixels: twice the usual distance from the middle of the ink to its edge."""
    distance = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)
    middle = (distance >= cv2.dilate(distance, np.ones((3, 3)))) & (distance > 0)
    return 2 * float(np.median(distance[middle])) if middle.any() else 0.0


def without_lines(ink, flat):
    """Remove ruled lines, except where the pen crosses them.

    A line is ruled if it is straight, runs from edge to edge, and is fainter or thinner than the pen, or one
    of at least three. Where ink goes on at both sides, it crosses the line and stays.
    """
    across, down = _long_rows(ink), np.ascontiguousarray(_long_rows(np.ascontiguousarray(ink.T)).T)
    rest = ink & ~(across | down)
    if np.count_nonzero(rest) < 0.1 * np.count_nonzero(ink):
        return ink  # the line is the digit: a 1 as tall as the picture
    ruled = np.zeros_like(ink)
    for lines, upright in ((across, True), (down, False)):
        if lines.any() and _are_ruled(lines, rest, flat):
            reach = 2 * int(pen_width(lines)) + 8
            window = np.ones((reach, 1) if upright else (1, reach), np.uint8)
            ruled |= lines & ~cv2.morphologyEx(ink & ~lines, cv2.MORPH_CLOSE, window)
    return ink & ~ruled


def _long_rows(ink):
    """Mark the straight horizontal lines that run from the left edge to the right one."""
    height, width = ink.shape
    high = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((max(5, height // 40), 1), np.uint8))
    long = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, max(15, width // 8)), np.uint8)) & ~high
    joined = cv2.dilate(long, np.ones((5, 1), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, width // 3), np.uint8))  # across the pen
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(joined)
    lines = (stats[:, cv2.CC_STAT_WIDTH] > 0.97 * width) & (stats[:, cv2.CC_STAT_HEIGHT] < 0.15 * height)
    lines[0] = False
    return np.where(lines[pieces], long, 0).astype(np.uint8)


def _are_ruled(lines, rest, flat):
    count = cv2.connectedComponents(cv2.dilate(lines, np.ones((5, 5), np.uint8)))[0] - 1
    fainter = flat[lines > 0].mean() < 0.75 * flat[rest > 0].mean()
    return count >= 3 or fainter or pen_width(lines) < 0.5 * pen_width(rest)
