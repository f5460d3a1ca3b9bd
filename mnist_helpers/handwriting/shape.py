"""Whether ink that reads as a digit has a digit's shape: a network also gives 99% to a heart."""

import cv2
import numpy as np

ROUND = 0.82  # a 0 shares this part of its area with an ellipse; hearts and triangles share less
FLAT = 0.3  # no digit is less high than this part of its width
THICK = 0.6  # a pen as wide as this part of the ink's longer side leaves no strokes to see
A_STROKE = "it is one flat stroke"
A_DOT = "it is a dot"


def what_is_odd(ink, digit):
    """Say why ink can hardly be this digit.

    Args:
        ink: uint8 `(h, w)`, 0 or 255, cropped to the ink.
        digit: 0–9, what the reader takes it for.

    Returns:
        str: the reason, or "" where nothing speaks against it.
    """
    height, width = ink.shape
    if height < FLAT * width:
        return A_STROKE
    if 2 * cv2.distanceTransform(np.pad(ink, 1), cv2.DIST_L2, 5).max() > THICK * max(ink.shape):
        return A_DOT
    outlines, nested = cv2.findContours(np.pad(ink, 1), cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE)
    parents = nested[0, :, 3]
    if any(parent >= 0 and parents[parent] >= 0 for parent in parents):
        return "something is drawn inside its loop"
    holes = [outline for outline, parent in zip(outlines, parents, strict=True) if parent >= 0]
    hole = max(holes, key=cv2.contourArea, default=None)
    if digit == 0 and hole is not None and cv2.contourArea(hole) > 0.2 * ink.size and roundness(hole) < ROUND:
        return "a 0 is rounder"
    return ""


def roundness(outline):
    """Which part of its area a closed outline shares with the ellipse that has its moments."""
    left, top, width, height = cv2.boundingRect(outline)
    mass = cv2.moments(outline)
    spread = np.array([[mass["mu20"], mass["mu11"]], [mass["mu11"], mass["mu02"]]]) / mass["m00"]
    rows, columns = np.indices((height, width))
    away = np.stack([columns + left - mass["m10"] / mass["m00"], rows + top - mass["m01"] / mass["m00"]])
    ellipse = np.einsum("irc,ij,jrc->rc", away, np.linalg.inv(spread), away) < 4
    inside = cv2.drawContours(np.zeros((height, width), np.uint8), [outline - (left, top)], -1, 1, -1) > 0
    return np.count_nonzero(ellipse & inside) / np.count_nonzero(ellipse | inside)
