"""Digits as pen strokes: a few ways to write each, to draw sample pictures and to teach hands MNIST lacks.

Coordinates are x to the right and y downwards, 0–1 inside the digit's box. Every path is our own.
"""

import cv2
import numpy as np


def _arc(x, y, rx, ry, start, end):
    """Points on an ellipse around (x, y); angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, max(4, int(abs(end - start) / 8))))
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1)


def _line(*numbers):
    """Points given as x, y, x, y, …"""
    return np.array(numbers, dtype=float).reshape(-1, 2)


def _join(*parts):
    return np.concatenate(parts)


# One list per digit, one entry per way of writing it, each a list of strokes.
WAYS = {
    0: [
        [_arc(0.5, 0.5, 0.36, 0.5, -90, 270)],
        [_arc(0.5, 0.5, 0.48, 0.5, -70, 290)],
        [_arc(0.5, 0.5, 0.3, 0.5, -100, 240)],
        [_arc(0.5, 0.5, 0.42, 0.5, -60, 330)],
    ],
    1: [
        [_line(0.5, 0, 0.5, 1)],
        [_line(0.62, 0, 0.4, 1)],
        [_line(0.28, 0.24, 0.52, 0, 0.52, 1)],
        [_line(0.36, 0.16, 0.52, 0, 0.5, 1)],
        [_line(0.15, 0.3, 0.6, 0, 0.62, 1)],
        [_line(0.1, 0.42, 0.6, 0, 0.56, 1)],
        [_line(0.2, 0.2, 0.56, 0, 0.4, 1)],
        [_line(0.22, 0.38, 0.55, 0, 0.5, 1)],
        [_line(0.28, 0.24, 0.52, 0, 0.52, 1), _line(0.2, 1, 0.84, 1)],
        [_line(0.3, 0.1, 0.52, 0, 0.52, 1), _line(0.3, 1, 0.74, 1)],
        [_line(0.5, 0, 0.5, 1), _line(0.2, 1, 0.8, 1)],
    ],
    2: [
        [_join(_arc(0.48, 0.28, 0.36, 0.28, 190, 380), _line(0.1, 1, 0.92, 1))],
        [_join(_arc(0.5, 0.3, 0.4, 0.3, 170, 400), _line(0.5, 0.72, 0.08, 0.98, 0.95, 0.98))],
        [
            _join(
                _arc(0.48, 0.28, 0.34, 0.28, 200, 390),
                _line(0.45, 0.75),
                _arc(0.24, 0.86, 0.16, 0.11, 0, -270),
                _line(0.55, 0.92, 0.95, 0.98),
            )
        ],
        [_line(0.12, 0.08, 0.8, 0.02, 0.84, 0.3, 0.1, 1, 0.9, 1)],
    ],
    3: [
        [_join(_arc(0.42, 0.26, 0.36, 0.26, 200, 430), _arc(0.42, 0.74, 0.42, 0.26, -80, 160))],
        [_join(_arc(0.4, 0.24, 0.32, 0.24, 215, 450), _arc(0.42, 0.73, 0.4, 0.27, -90, 150))],
        [_join(_line(0.1, 0, 0.8, 0, 0.42, 0.4), _arc(0.4, 0.7, 0.42, 0.3, -80, 150))],
        [_line(0.15, 0.05, 0.7, 0.1, 0.72, 0.35, 0.4, 0.48, 0.8, 0.6, 0.78, 0.9, 0.12, 0.98)],
    ],
    4: [
        [_line(0.62, 1, 0.62, 0, 0.05, 0.68, 0.95, 0.68)],
        [_line(0.25, 0, 0.15, 0.55, 0.9, 0.55), _line(0.72, 0.05, 0.68, 1)],
        [_line(0.4, 0, 0.05, 0.62, 0.95, 0.62), _line(0.62, 0.35, 0.6, 1)],
        [_line(0.7, 0.02, 0.1, 0.6, 0.92, 0.58), _line(0.7, 0.02, 0.66, 1)],
        [_line(0.12, 0, 0.12, 0.5, 0.85, 0.5), _line(0.8, 0, 0.8, 1)],
        [_line(0.5, 0, 0.05, 0.62, 0.8, 0.8), _line(0.75, 0.5, 0.66, 1)],
        [_line(0.4, 0, 0.05, 0.66, 0.95, 0.74), _line(0.6, 0.42, 0.48, 1)],
        [_join(_line(0.5, 0, 0.1, 0.6), _arc(0.42, 0.66, 0.32, 0.14, 170, 20)), _line(0.78, 0.5, 0.74, 1)],
        [_join(_line(0.2, 0, 0.12, 0.4), _arc(0.42, 0.42, 0.3, 0.14, 180, 20), _line(0.8, 0, 0.66, 1))],
    ],
    5: [
        [_join(_line(0.8, 0, 0.22, 0, 0.18, 0.44), _arc(0.42, 0.68, 0.4, 0.32, -120, 150))],
        [_join(_line(0.22, 0, 0.18, 0.42), _arc(0.42, 0.68, 0.4, 0.32, -120, 150)), _line(0.22, 0, 0.88, 0)],
        [_line(0.85, 0.02, 0.2, 0, 0.18, 0.42, 0.75, 0.45, 0.8, 0.9, 0.1, 0.98)],
        [_join(_line(0.9, 0, 0.3, 0.03, 0.2, 0.4), _arc(0.44, 0.66, 0.38, 0.3, -110, 120))],
    ],
    6: [
        [_join(_line(0.68, 0, 0.3, 0.35), _arc(0.48, 0.71, 0.34, 0.29, 195, -170))],
        [_join(_arc(0.62, 0.5, 0.5, 0.5, 270, 185), _arc(0.47, 0.72, 0.35, 0.28, 180, -180))],
        [_join(_line(0.3, 0, 0.14, 0.6), _arc(0.46, 0.74, 0.34, 0.26, 190, -170))],
        [
            _join(
                _arc(0.56, 0.4, 0.36, 0.4, -60, -190),
                _line(0.16, 0.72),
                _arc(0.48, 0.74, 0.32, 0.26, 170, -170),
            )
        ],
    ],
    7: [
        [_line(0.08, 0.02, 0.9, 0.02, 0.42, 1)],
        [_line(0.08, 0.02, 0.9, 0.02, 0.42, 1), _line(0.25, 0.52, 0.85, 0.48)],
        [_line(0.1, 0.2, 0.12, 0.02, 0.88, 0.02, 0.5, 1)],
        [_line(0.1, 0.05, 0.85, 0, 0.85, 1)],
        [_join(_line(0.05, 0.1, 0.4, 0.03, 0.9, 0.05), _arc(1.05, 1.0, 0.55, 0.9, 245, 180))],
        [_line(0.1, 0.2, 0.14, 0.02, 0.9, 0.04, 0.4, 1), _line(0.3, 0.5, 0.9, 0.5)],
    ],
    8: [
        [_arc(0.5, 0.25, 0.3, 0.25, 90, 450), _arc(0.5, 0.74, 0.38, 0.26, -90, 270)],
        [
            _join(
                _arc(0.5, 0.25, 0.32, 0.25, 20, -230),
                _line(0.72, 0.6),
                _arc(0.48, 0.76, 0.34, 0.24, -20, 200),
                _line(0.72, 0.34, 0.8, 0.2),
            )
        ],
        [
            _join(
                _arc(0.5, 0.24, 0.28, 0.24, -30, -260),
                _arc(0.5, 0.74, 0.36, 0.26, -70, 250),
                _line(0.74, 0.3),
            )
        ],
        [_line(0.75, 0.1, 0.3, 0.05, 0.25, 0.3, 0.8, 0.7, 0.7, 0.98, 0.25, 0.95, 0.25, 0.65, 0.75, 0.1)],
    ],
    9: [
        [_join(_arc(0.48, 0.28, 0.36, 0.28, 0, -350), _line(0.84, 0.3, 0.76, 1))],
        [
            _join(
                _arc(0.48, 0.28, 0.36, 0.28, -20, -360), _line(0.84, 0.6), _arc(0.48, 0.7, 0.36, 0.3, 0, 140)
            )
        ],
        [_join(_arc(0.45, 0.27, 0.35, 0.27, -10, -340), _line(0.8, 0.02, 0.8, 1))],
        [_line(0.8, 0.08, 0.3, 0.03, 0.14, 0.3, 0.4, 0.5, 0.78, 0.4, 0.8, 0.05, 0.76, 1)],
        [_join(_arc(0.5, 0.26, 0.34, 0.26, -10, -350), _line(0.82, 0.98, 0.2, 0.98))],
    ],
}


def write_digit(digit, rng, wobble=0.03):
    """Return the strokes of one digit, written in one of its ways by an unsteady hand.

    Args:
        digit: 0–9.
        rng: a `numpy.random.Generator`; the same state gives the same strokes.
        wobble: standard deviation by which corners move, in parts of the digit's height.

    Returns:
        List of float arrays `(n, 2)`, each the x and y along one stroke, roughly inside 0–1.
    """
    ways = WAYS[digit]
    stretch = np.array([rng.uniform(0.55, 1.0), 1.0])
    slant = rng.normal(0, 0.12)
    bend = rng.normal(0, wobble, size=(2, 4))
    strokes = []
    for path in ways[rng.integers(len(ways))]:
        path = path + rng.normal(0, wobble / 2, size=2)
        if len(path) < 8:  # corners move one by one, arcs as a whole
            path = path + rng.normal(0, wobble, size=path.shape)
        path = _along(path)
        x, y = path.T
        waves = np.stack([np.sin(np.pi * (k + 1) * y + k) / (k + 1) for k in range(4)])
        across = np.stack([np.sin(np.pi * (k + 1) * x + k) / (k + 1) for k in range(4)])
        path = np.stack([x + bend[0] @ waves, y + 0.6 * bend[1] @ across], axis=1)
        path = (path - 0.5) * stretch + 0.5
        path[:, 0] += slant * (0.5 - path[:, 1])
        strokes.append(path)
    return strokes


def _along(path, step=0.04):
    """Put points at even steps along a path, so that long straight lines can bend too."""
    lengths = np.hypot(*np.diff(path, axis=0).T)
    position = np.concatenate([[0], np.cumsum(lengths)])
    even = np.linspace(0, position[-1], max(2, int(position[-1] / step)))
    return np.stack([np.interp(even, position, path[:, axis]) for axis in (0, 1)], axis=1)


def draw_strokes(strokes, height, pen, margin=0):
    """Draw strokes as white ink on black.

    Args:
        strokes: list of arrays `(n, 2)` as `write_digit` returns them.
        height: pixels between y = 0 and y = 1.
        pen: width of the pen in pixels.
        margin: empty pixels around the ink.

    Returns:
        uint8 array `(h, w)`, 0–255, cropped to the ink plus the margin.
    """
    points = np.concatenate(strokes) * height
    edge = int(np.ceil(pen)) + margin
    low = np.floor(points.min(axis=0)).astype(int) - edge
    width, rows = np.ceil(points.max(axis=0)).astype(int) + edge - low
    picture = np.zeros((rows, width), dtype=np.uint8)
    for stroke in strokes:
        # the last four bits of each coordinate are a fraction of a pixel
        fixed = np.round((stroke * height - low) * 16).astype(np.int32)
        cv2.polylines(picture, [fixed], False, 255, max(1, round(pen)), cv2.LINE_AA, 4)
    return picture
