"""What visitors draw on the page's sheet, with a seed: digits, numbers, letters, doodles, strokes and dots.

A drawing is a list of float arrays `(n, 2)`, each the x and y along one stroke, in pixels of the sheet.
"""

from typing import NamedTuple

import cv2
import numpy as np

from tools.lib.strokes import write_digit

SHEET = np.array((640, 480))
PEN = 14  # the width of the page's pen, as page.js sets it
MARGIN = 24  # pixels that stay free along the sheet's edges
ROUND = np.linspace(0, 2 * np.pi, 40)


class Drawing(NamedTuple):
    """What a visitor draws, and what it ought to be read as."""

    kind: str  # such as "single" or "two rows"
    expected: str  # the digits, a space between rows; "" for what is no digit
    strokes: list[np.ndarray]


def _circle(x, y, rx, ry=None, start=-90, end=270):
    angles = np.radians(np.linspace(start, end, 40))
    return np.stack([x + rx * np.cos(angles), y + (ry or rx) * np.sin(angles)], axis=1)


def _path(*numbers):
    return np.array(numbers, dtype=float).reshape(-1, 2)


def _star(points):
    angles = np.arange(points + 1) * 2 * np.pi * (points // 2) / points - np.pi / 2
    return np.stack([0.5 + 0.5 * np.cos(angles), 0.5 + 0.5 * np.sin(angles)], axis=1)


def _spiral(turns):
    angles = np.linspace(0, 2 * np.pi * turns, 30 * turns)
    return 0.5 + (angles / angles[-1] * 0.5)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


HEART = np.stack(
    [
        0.5 + 0.5 * np.sin(ROUND) ** 3,
        0.45 - (13 * np.cos(ROUND) - 5 * np.cos(2 * ROUND) - 2 * np.cos(3 * ROUND) - np.cos(4 * ROUND)) / 32,
    ],
    axis=1,
)
EYES = [_circle(0.34, 0.38, 0.03), _circle(0.66, 0.38, 0.03)]
DOODLES = {
    "heart": [HEART],
    "smiley": [_circle(0.5, 0.5, 0.5), *EYES, _circle(0.5, 0.52, 0.28, 0.26, 160, 20)],
    "sad smiley": [_circle(0.5, 0.5, 0.5), *EYES, _circle(0.5, 0.82, 0.25, 0.2, 200, 340)],
    "star": [_star(5)],
    "house": [
        _path(0.1, 1, 0.1, 0.45, 0.5, 0, 0.9, 0.45, 0.9, 1, 0.1, 1),
        _path(0.4, 1, 0.4, 0.7, 0.6, 0.7, 0.6, 1),
    ],
    "sun": [
        _circle(0.5, 0.5, 0.25),
        *(
            _path(0.5 + 0.33 * c, 0.5 + 0.33 * s, 0.5 + 0.5 * c, 0.5 + 0.5 * s)
            for c, s in zip(np.cos(ROUND[::5]), np.sin(ROUND[::5]), strict=True)
        ),
    ],
    "flower": [
        _circle(0.5 + 0.24 * c, 0.3 + 0.24 * s, 0.11)
        for c, s in zip(np.cos(ROUND[::8]), np.sin(ROUND[::8]), strict=True)
    ]
    + [_path(0.5, 0.45, 0.5, 1)],
    "spiral": [_spiral(3)],
    "triangle": [_path(0.5, 0, 1, 0.9, 0, 0.9, 0.5, 0)],
    "box": [_path(0, 0, 1, 0, 1, 1, 0, 1, 0, 0)],
    "arrow": [_path(0, 0.5, 1, 0.5), _path(0.65, 0.2, 1, 0.5, 0.65, 0.8)],
    "tick": [_path(0, 0.6, 0.35, 1, 1, 0)],
    "cross": [_path(0, 0, 1, 1), _path(1, 0, 0, 1)],
    "zigzag": [_path(0, 0.9, 0.2, 0.1, 0.4, 0.9, 0.6, 0.1, 0.8, 0.9, 1, 0.1)],
    "wave": [np.stack([ROUND / 6.3, 0.5 + 0.25 * np.sin(2 * ROUND)], axis=1)],
    "cat": [
        _circle(0.5, 0.6, 0.4),
        _path(0.15, 0.4, 0.15, 0, 0.4, 0.22),
        _path(0.6, 0.22, 0.85, 0, 0.85, 0.4),
        *(eye + (0, 0.12) for eye in EYES),
    ],
    "fish": [_circle(0.4, 0.5, 0.4, 0.25), _path(0.78, 0.5, 1, 0.25, 1, 0.75, 0.78, 0.5)],
    "stick man": [
        _circle(0.5, 0.15, 0.14),
        _path(0.5, 0.3, 0.5, 0.7),
        _path(0.25, 0.45, 0.75, 0.45),
        _path(0.28, 1, 0.5, 0.7, 0.72, 1),
    ],
    "bolt": [_path(0.6, 0, 0.25, 0.55, 0.65, 0.5, 0.3, 1)],
    "cloud": [
        np.concatenate(
            [
                _circle(0.3, 0.6, 0.22, 0.22, 90, 270),
                _circle(0.5, 0.4, 0.24, 0.24, 180, 340),
                _circle(0.75, 0.6, 0.22, 0.22, -70, 90),
                _path(0.3, 0.82),
            ]
        )
    ],
    "infinity": [np.stack([0.5 + 0.5 * np.cos(ROUND), 0.5 + 0.3 * np.sin(2 * ROUND)], axis=1)],
    "question mark": [
        np.concatenate([_circle(0.5, 0.25, 0.3, 0.25, 190, 400), _path(0.5, 0.5, 0.5, 0.72)]),
        _circle(0.5, 0.95, 0.02),
    ],
}
LETTERS = {
    "A": [_path(0, 1, 0.4, 0, 0.8, 1), _path(0.15, 0.65, 0.65, 0.65)],
    "E": [_path(0.7, 0, 0.05, 0, 0.05, 1, 0.7, 1), _path(0.05, 0.5, 0.6, 0.5)],
    "F": [_path(0.7, 0, 0.05, 0, 0.05, 1), _path(0.05, 0.48, 0.6, 0.48)],
    "G": [np.concatenate([_circle(0.45, 0.5, 0.42, 0.5, -50, -330), _path(0.85, 0.55, 0.5, 0.55)])],
    "H": [_path(0, 0, 0, 1), _path(0.7, 0, 0.7, 1), _path(0, 0.5, 0.7, 0.5)],
    "K": [_path(0, 0, 0, 1), _path(0.65, 0, 0, 0.55, 0.7, 1)],
    "M": [_path(0, 1, 0.05, 0, 0.45, 0.6, 0.85, 0, 0.9, 1)],
    "N": [_path(0, 1, 0, 0, 0.7, 1, 0.7, 0)],
    "P": [np.concatenate([_path(0.1, 1, 0.1, 0), _circle(0.3, 0.25, 0.4, 0.25, -90, 90), _path(0.1, 0.5)])],
    "Q": [_circle(0.45, 0.5, 0.42, 0.5), _path(0.55, 0.7, 0.95, 1.05)],
    "R": [
        np.concatenate(
            [_path(0.1, 1, 0.1, 0), _circle(0.3, 0.25, 0.4, 0.25, -90, 90), _path(0.1, 0.5, 0.75, 1)]
        )
    ],
    "T": [_path(0, 0, 0.8, 0), _path(0.4, 0, 0.4, 1)],
    "U": [_path(0, 0, 0, 0.7, 0.15, 1, 0.55, 1, 0.7, 0.7, 0.7, 0)],
    "V": [_path(0, 0, 0.35, 1, 0.7, 0)],
    "W": [_path(0, 0, 0.22, 1, 0.45, 0.3, 0.68, 1, 0.9, 0)],
    "X": [_path(0, 0, 0.7, 1), _path(0.7, 0, 0, 1)],
    "Y": [_path(0, 0, 0.35, 0.5, 0.7, 0), _path(0.35, 0.5, 0.35, 1)],
    "h": [
        _path(0, 0, 0, 1),
        np.concatenate([_path(0, 0.7), _circle(0.3, 0.7, 0.28, 0.22, 180, 360), _path(0.58, 1)]),
    ],
    "k": [_path(0, 0, 0, 1), _path(0.5, 0.4, 0, 0.7, 0.55, 1)],
    "m": [
        np.concatenate(
            [
                _path(0, 1, 0, 0.4),
                _circle(0.25, 0.6, 0.2, 0.2, 200, 360),
                _path(0.45, 1, 0.45, 0.6),
                _circle(0.68, 0.6, 0.2, 0.2, 200, 360),
                _path(0.88, 1),
            ]
        )
    ],
}


def unsteady(strokes, rng):
    """Let a hand tremble, slant and turn a drawing a little; coordinates run to about 1."""
    turn, slant = np.radians(rng.normal(0, 4)), rng.normal(0, 0.08)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[1, slant], [0, 1]]
    tremor = rng.choice([0, 0.004, 0.008, 0.012])
    drawn = []
    for stroke in strokes:
        lengths = np.r_[0, np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))]
        even = np.linspace(0, lengths[-1], max(2, int(lengths[-1] / 0.03)))
        path = np.stack([np.interp(even, lengths, axis) for axis in stroke.T], axis=1)
        drawn.append((path + tremor * rng.normal(size=path.shape)) @ matrix.T)
    return drawn


def with_breaks(strokes, rng, size):
    """Lift the pen for `size` somewhere in the longest stroke."""
    longest = max(range(len(strokes)), key=lambda k: len(strokes[k]))
    path = strokes[longest]
    step = np.hypot(*np.diff(path, axis=0).T).mean()
    lost = int(np.ceil(size / step))
    if len(path) < lost + 12:
        return strokes
    start = rng.integers(5, len(path) - lost - 5)
    return strokes[:longest] + [path[:start], path[start + lost :]] + strokes[longest + 1 :]


def scaled(strokes, height):
    """Make a drawing this many pixels high, its corner at 0; a flat one, as wide."""
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    return [(stroke - low) * height / max(size[1], 0.4 * size[0], 1e-6) for stroke in strokes]


def extent(strokes):
    return np.concatenate(strokes).max(axis=0)


def moved(strokes, by):
    return [stroke + by for stroke in strokes]


def somewhere(strokes, rng):
    """Put a drawing, shrunk where it must be, at a random place of the sheet."""
    room = SHEET - 2 * MARGIN
    shrink = min(1, *(room / np.maximum(extent(strokes), 1)))
    strokes = [stroke * shrink for stroke in strokes]
    return moved(strokes, MARGIN + rng.uniform(0, 1, 2) * (room - extent(strokes)))


def digit(label, rng, height):
    return scaled(unsteady(write_digit(label, rng, rng.choice([0.01, 0.02, 0.03])), rng), height)


def single(rng, pen):
    """One digit: from 70 pixels to nearly the sheet's height; one in six with a break."""
    label = int(rng.integers(10))
    strokes = digit(label, rng, np.exp(rng.uniform(np.log(70), np.log(430))))
    if rng.random() < 1 / 6:
        strokes = with_breaks(strokes, rng, pen + 8)
    return Drawing("single", str(label), somewhere(strokes, rng))


def number(rng, pen, kind):
    """Two to five digits: equal, unequal (to 1 : 3), "small beside large", "two rows" or "touching"."""
    labels = rng.integers(10, size=2 if kind == "small beside large" else rng.integers(2, 6)).tolist()
    sizes = np.exp(rng.normal(0, 0.06, len(labels)))
    if kind == "unequal":
        sizes = np.exp(rng.uniform(-np.log(3), 0, len(labels)))
    if kind == "small beside large":
        sizes = rng.permutation([1, rng.uniform(0.28, 0.45)])
    cut = rng.integers(1, len(labels)) if kind == "two rows" else len(labels)
    tall = min(rng.uniform(120, 330), 900 / max(cut, len(labels) - cut), 190 if kind == "two rows" else 999)
    lines = []
    for part in (slice(0, cut), slice(cut, None)):
        if labels[part]:
            lines.append(_line(labels[part], sizes[part] * tall, rng, pen, kind == "touching"))
    drawing = lines[0]
    if len(lines) == 2:
        below = (rng.uniform(-20, 20), extent(lines[0])[1] + pen + rng.uniform(0.15, 0.5) * tall)
        drawing = lines[0] + moved(lines[1], below)
        drawing = moved(drawing, -np.concatenate(drawing).min(axis=0))
    expected = " ".join("".join(map(str, part)) for part in (labels[:cut], labels[cut:]) if part)
    return Drawing(kind, expected, somewhere(drawing, rng))


def _line(labels, heights, rng, pen, touching):
    """Write digits side by side on one line."""
    drawing, right, where = [], 0.0, rng.choice([0, 0.5, 1], p=[0.1, 0.2, 0.7])
    touches = rng.integers(1, len(labels)) if touching else 0
    for k, (label, height) in enumerate(zip(labels, heights, strict=True)):
        strokes = digit(label, rng, max(height, 60))
        strokes = moved(strokes, (0, where * (max(heights) - height) + rng.normal(0, 0.03) * height))
        if k:
            room = pen + max(6, rng.uniform(0.12, 0.45) * min(height, heights[k - 1]))
            if k == touches:
                room -= _until_they_touch(drawing, moved(strokes, (right + room, 0)), pen)
            strokes = moved(strokes, (right + room, 0))
        drawing += strokes
        right = extent(drawing)[0]
    return moved(drawing, -np.concatenate(drawing).min(axis=0))


def _until_they_touch(left, right, pen):
    """How far a drawing goes to the left until its ink touches another's."""
    points, others = np.concatenate(left)[:, np.newaxis], np.concatenate(right)
    for way in range(1000):
        if np.hypot(*(points - others + (way, 0)).T).min() < 0.8 * pen:
            return way
    return 0


def other(rng, kind):
    """A letter, a doodle, a stroke or a dot."""
    height = rng.uniform(100, 380)
    if kind in ("letter", "doodle"):
        of = LETTERS if kind == "letter" else DOODLES
        name = rng.choice(list(of))
        strokes = scaled(unsteady(of[name], rng), height)
    elif kind == "stroke":
        name, length = "stroke", rng.uniform(40, 500)
        angle, bend = rng.uniform(0, np.pi), rng.normal(0, 0.06)
        along = np.linspace(0, 1, 30)
        line = length * np.stack([along, bend * np.sin(np.pi * along) + 0.003 * rng.normal(size=30)], axis=1)
        strokes = [line @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]]
        strokes = moved(strokes, -strokes[0].min(axis=0))
    else:
        name, radius = "dot", rng.choice([0, rng.uniform(5, 45)])
        strokes = [radius + _spiral(6) * 2 * radius] if radius else [np.zeros((2, 2))]
    return Drawing(f"{kind}: {name}" if kind in ("letter", "doodle") else name, "", somewhere(strokes, rng))


def drawings(seed, pen, singles=300, numbers=200, others=100):
    """Return as many drawings of each sort as are asked for; `pen` is its width in pixels of the sheet."""
    kinds = ["equal", "unequal", "small beside large", "two rows", "touching"]
    sorts = ["letter", "doodle", "stroke", "doodle", "dot"]
    made = [single(np.random.default_rng((seed, 0, k)), pen) for k in range(singles)]
    made += [number(np.random.default_rng((seed, 1, k)), pen, kinds[k % 5]) for k in range(numbers)]
    return made + [other(np.random.default_rng((seed, 2, k)), sorts[k % 5]) for k in range(others)]


def render(strokes, pen):
    """Draw strokes as the sheet does: uint8 `(480, 640)`, black on white."""
    picture = np.full(SHEET[::-1], 255, np.uint8)
    for stroke in strokes:
        cv2.polylines(picture, [np.rint(stroke * 16).astype(np.int32)], False, 0, round(pen), cv2.LINE_AA, 4)
    return picture
