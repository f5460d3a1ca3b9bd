"""Every pen becomes about as wide as MNIST's."""

import cv2
import numpy as np


def even_pen(mask, thinnest=2.2, thickest=3.2):
    """Bring the pen's width near MNIST's by moving the edge of the ink outwards or inwards.

    Half of MNIST's digits have strokes between these two widths, in pixels of their box of 20 × 20.
    """
    unit = 4  # pixels for each pixel of the 20 × 20 box
    scale = 20 * unit / max(mask.shape)
    large = cv2.resize(mask, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    large = np.pad((large > 127).astype(np.uint8), 2 * unit)
    outside, inside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (1 - large, large))
    middle = (inside >= cv2.dilate(inside, np.ones((3, 3)))) & (inside > 0)
    width = 2 * np.median(inside[middle]) if middle.any() else 0
    wanted = np.clip(width, thinnest * unit, max(thickest * unit, 0.6 * width))
    return 255 * (outside - inside <= (wanted - width) / 2).astype(np.uint8)
