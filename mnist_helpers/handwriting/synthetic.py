"""Photographs of handwriting, made from digits with a seed: paper, light, lines, ink, pen, lens, JPEG.

They stand in for real photographs wherever many with known labels are needed: in 11_own_digits.ipynb
and in the tests.
"""

import io

import cv2
import numpy as np
from PIL import Image

INKS = ((25, 25, 30), (20, 35, 120), (30, 60, 170), (70, 70, 75), (150, 25, 35), (20, 90, 50), (5, 5, 5))
PAPERS = (
    (250, 250, 250),
    (238, 234, 222),
    (205, 203, 198),
    (245, 232, 160),
    (200, 222, 240),
    (225, 205, 180),
)
BOARDS = ((0, 0, 0), (25, 28, 30), (20, 60, 45), (35, 40, 80))
CHALKS = ((255, 255, 255), (235, 235, 230), (240, 225, 120))

# Letters and signs that nobody takes for a digit. A test keeps them out of the training of `load_pretrained`,
# so that they can measure it. A stroke is x, y, x, y, …, and y runs downwards.
SIGNS = {
    "J": [(0.25, 0, 0.9, 0), (0.6, 0, 0.6, 0.8, 0.5, 1, 0.2, 1, 0.05, 0.7)],
    "L": [(0.15, 0, 0.15, 1, 0.15, 1, 0.8, 1)],
    "Q": [
        (0.5, 0, 0.15, 0, 0, 0.3, 0, 0.7, 0.15, 1, 0.85, 1, 1, 0.7, 1, 0.3, 0.85, 0, 0.45, 0),
        (0.6, 0.65, 1.1, 1.1),
    ],
    "£": [(0.9, 0.15, 0.7, 0, 0.35, 0.05, 0.35, 0.5, 0.35, 0.9, 0, 1, 0.9, 1), (0.1, 0.5, 0.75, 0.5)],
    "Ω": [(0, 1, 0.4, 1, 0, 0.65, 0, 0, 1, 0, 1, 0.65, 0.6, 1, 1, 1)],
    "Д": [
        (0, 1.15, 0, 0.9, 0, 0.9, 1, 0.9, 1, 0.9, 1, 1.15),
        (0.15, 0.9, 0.35, 0, 0.35, 0, 0.8, 0, 0.8, 0.9),
    ],
    "Ж": [(0.5, 0, 0.5, 1), (0, 0, 0.5, 0.5, 0, 1), (1, 0, 0.5, 0.5, 1, 1)],
    "Ш": [(0, 0, 0, 1, 0, 1, 1.1, 1, 1.1, 1, 1.1, 0), (0.55, 0, 0.55, 1)],
    "Ю": [
        (0, 0, 0, 1),
        (0, 0.5, 0.4, 0.5),
        (0.75, 0, 0.5, 0, 0.4, 0.3, 0.4, 0.7, 0.5, 1, 1, 1, 1.1, 0.7, 1.1, 0.3, 1, 0, 0.72, 0),
    ],
    "Я": [(0.8, 1, 0.8, 0, 0.8, 0, 0.1, 0, 0.1, 0.5, 0.8, 0.5), (0.45, 0.5, 0.05, 1)],
    "⌂": [(0, 0.5, 0.5, 0, 0.5, 0, 1, 0.5), (0.1, 0.4, 0.1, 1, 0.1, 1, 0.9, 1, 0.9, 1, 0.9, 0.4)],
    "♪": [(0.5, 0.85, 0.3, 0.65, 0, 0.8, 0.1, 1, 0.5, 1, 0.5, 0.85, 0.5, 0, 0.55, 0.2, 1, 0.45)],
}


def photograph(image, rng):
    """Turn one MNIST digit into a photograph of it.

    Args:
        image: uint8 `(28, 28)`, white ink on black.
        rng: a `numpy.random.Generator`; the same state gives the same photograph.

    Returns:
        uint8 `(h, w, 3)`, 0–255, red, green and blue; each side between about 50 and 1500 pixels.
    """
    return photograph_ink(as_ink(image, rng), rng)


def photograph_sign(sign, rng):
    """Write a letter or sign of `SIGNS` with an unsteady hand and take its photograph.

    Args:
        sign: a key of `SIGNS`.
        rng: a `numpy.random.Generator`; the same state gives the same photograph.

    Returns:
        uint8 `(h, w, 3)`, as `photograph` returns it.
    """
    turn, slant, stretch = np.radians(rng.normal(0, 4)), rng.normal(0, 0.15), rng.uniform(0.65, 0.95)
    matrix = 200 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix @ [[stretch, -slant], [0, 1]]
    canvas = np.zeros((600, 600), np.uint8)
    pen = int(rng.integers(10, 26))
    for stroke in SIGNS[sign]:
        corners = np.reshape(stroke, (-1, 2))
        corners = corners + rng.normal(0, 0.03, size=corners.shape)
        points = _rounded(corners) @ matrix.T + 200
        cv2.polylines(canvas, [np.rint(points).astype(np.int32)], False, 255, pen, cv2.LINE_AA)
    left, top, width, rows = cv2.boundingRect(canvas)
    ink = canvas[top : top + rows, left : left + width].astype(np.float32) / 255
    return photograph_ink(ink, rng)


def _rounded(points):
    """Cut the corners of a path until it is smooth (Chaikin, 1974); a corner named twice stays sharper."""
    for _ in range(4):
        cut = np.stack(
            [0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], axis=1
        )
        points = np.vstack([points[:1], cut.reshape(-1, 2), points[-1:]])
    return points


def photograph_ink(ink, rng, share=None, longer=None):
    """Put ink on paper, or chalk on a board, and take its photograph.

    Args:
        ink: float `(h, w)`, 0–1, how much ink covers each pixel, cropped to the ink.
        rng: a `numpy.random.Generator`.
        share: part of the picture's width or height that the ink fills; drawn at random when None.
        longer: pixels along the longer side of the ink; drawn at random when None.

    Returns:
        uint8 `(h, w, 3)`.
    """
    share = rng.uniform(0.3, 0.9) if share is None else share
    longer = np.exp(rng.uniform(np.log(40), np.log(320))) if longer is None else longer
    alpha = _placed(ink, rng, share, longer)
    height, width = alpha.shape
    alpha = alpha * _texture(height, width, rng)
    board = rng.random() < 0.25
    paper = np.array(rng.choice(BOARDS if board else PAPERS), float)
    pen = np.array(rng.choice(CHALKS if board else INKS), float)
    surface = np.ones((height, width, 1)) * paper
    if rng.random() < 0.4:
        lines = _lines(height, width, rng)[..., None] * rng.uniform(0.12, 0.4)
        surface = surface * (1 - lines) + lines * (
            np.array((130, 130, 130)) if board else np.array((90, 120, 190))
        )
    if rng.random() < 0.5:
        alpha = np.maximum(alpha, _specks(height, width, rng))
    scene = surface * (1 - alpha[..., None]) + pen * alpha[..., None]
    scene = scene * _light(height, width, rng)[..., None]
    scene = cv2.GaussianBlur(scene, (0, 0), 0.3 + rng.uniform(0, 0.008) * max(height, width))
    scene += rng.normal(0, rng.uniform(1, 8), size=(height, width, 1))
    return _through_jpeg(np.clip(scene, 0, 255).astype(np.uint8), int(rng.integers(40, 96)))


def as_ink(image, rng, height=200):
    """Enlarge a digit and write it with another pen, a little turned and slanted.

    Returns:
        float32 `(h, w)`, 0–1, cropped to the ink.
    """
    scale = height / 20
    size = int(44 * scale)
    turn, slant = np.radians(rng.normal(0, 4)), rng.normal(0, 0.06)
    matrix = scale * np.array([[np.cos(turn), slant - np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = np.column_stack([matrix, size / 2 - matrix @ (14, 14)])
    large = cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_CUBIC)
    large = cv2.GaussianBlur(large, (0, 0), 0.35 * scale)
    solid = (large > 110).astype(np.uint8)
    outside, inside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (1 - solid, solid))
    core = np.percentile(inside[inside > 0], 90)  # about half the pen's width
    edge = rng.uniform(-0.35 * core, 0.4 * scale)
    ink = np.clip(edge - outside + inside + 0.5, 0, 1).astype(np.float32)
    left, top, width, rows = cv2.boundingRect((ink > 0.5).astype(np.uint8))
    return ink[top : top + rows, left : left + width]


def number(images, rng, touching):
    """Write several digits side by side as one number.

    Args:
        images: uint8 `(n, 28, 28)`, the digits from left to right.
        rng: a `numpy.random.Generator`.
        touching: True pushes them together until neighbours touch, False leaves gaps of 5–40% of a height.

    Returns:
        float32 `(h, w)`, 0–1.
    """
    parts = [as_ink(image, rng, height=100) for image in images]
    rows = max(part.shape[0] for part in parts) + 12
    line = np.zeros((rows, 20), np.float32)
    for part in parts:
        top = int(np.clip((rows - part.shape[0]) / 2 + rng.normal(0, 4), 0, rows - part.shape[0]))
        column = np.zeros((rows, part.shape[1]), np.float32)
        column[top : top + part.shape[0]] = part
        line = _beside(line, column, touching, rng)
    return line[:, 20:]


def _beside(line, column, touching, rng):
    if not line.any():
        return np.hstack([line, column])
    gap = int(rng.uniform(5, 40))
    if touching:
        # per row: from the right edge to the last ink, plus from the left edge to the first ink
        solid, other = line > 0.5, column > 0.5
        rows = solid.any(axis=1) & other.any(axis=1)
        room = solid[:, ::-1].argmax(axis=1) + other.argmax(axis=1)
        gap = -int(room[rows].min()) - int(rng.integers(1, 5)) if rows.any() else 0
    width = max(line.shape[1], line.shape[1] + gap + column.shape[1])
    joined = np.zeros((len(line), width), np.float32)
    joined[:, : line.shape[1]] = line
    left = max(0, line.shape[1] + gap)
    joined[:, left : left + column.shape[1]] = np.maximum(joined[:, left : left + column.shape[1]], column)
    return joined


def _placed(ink, rng, share, longer):
    """Lay the ink at a random place of a picture, of which it fills `share` of the height or the width."""
    longer = max(longer, 30 * max(ink.shape) / ink.shape[0])  # the ink is at least 30 pixels high
    scale = longer / max(ink.shape)
    size = [max(3, round(edge * scale)) for edge in ink.shape]
    small = cv2.resize(ink, size[::-1], interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    ratio = np.exp(rng.uniform(-0.35, 0.35))
    side = max(size[0] * ratio, size[1] / ratio) / share
    height, width = max(size[0] + 2, int(side / ratio)), max(size[1] + 2, int(side * ratio))
    top, left = rng.integers(0, height - size[0] + 1), rng.integers(0, width - size[1] + 1)
    alpha = np.zeros((height, width), np.float32)
    alpha[top : top + size[0], left : left + size[1]] = small
    return alpha


def _clouds(height, width, cells, rng):
    """Smooth random values 0–1; `cells` along each side."""
    return cv2.resize(rng.random((cells, cells), np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def _texture(height, width, rng):
    """How well the pen inks: evenly, unevenly, or so dry that the stroke has small gaps."""
    even = 1 - rng.uniform(0, 0.45) * _clouds(height, width, 12, rng)
    if rng.random() < 0.15:
        even *= _clouds(height, width, 40, rng) > 0.12
    return even * rng.uniform(0.6, 1)


def _lines(height, width, rng):
    """Ruled or squared paper, a little turned: 1 on a line, 0 beside it."""
    turn = np.radians(rng.normal(0, 1.5))
    rows, columns = np.indices((height, width))
    spacing = max(height, width) / rng.uniform(4, 16)
    thick = max(1, 0.004 * max(height, width) * rng.uniform(0.6, 1.6))
    across = rows * np.cos(turn) + columns * np.sin(turn) + rng.uniform(0, spacing)
    on = across % spacing < thick
    if rng.random() < 0.5:
        along = columns * np.cos(turn) - rows * np.sin(turn) + rng.uniform(0, spacing)
        on |= along % spacing < thick
    return on.astype(np.float32)


def _specks(height, width, rng):
    """Dust and stray dots, much smaller than a digit."""
    specks = np.zeros((height, width), np.float32)
    radius = max(1, round(0.004 * max(height, width)))
    for _ in range(rng.integers(1, 8)):
        cv2.circle(specks, (int(rng.integers(width)), int(rng.integers(height))), radius, 0.8, -1)
    return specks


def _light(height, width, rng):
    """Brightness of the scene: a slope, and sometimes the soft-edged shadow of a hand or a phone."""
    rows, columns = np.indices((height, width)) / max(height, width)
    direction = rng.uniform(0, 2 * np.pi)
    along = rows * np.sin(direction) + columns * np.cos(direction)
    light = 1 - rng.uniform(0, 0.4) * (along - along.min()) / np.ptp(along)
    if rng.random() < 0.4:
        direction, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.01, 0.1)
        edge = (rows - 0.3) * np.sin(direction) + (columns - 0.3) * np.cos(direction) + rng.normal(0, 0.2)
        light *= 1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-edge / softness))
    return light


def _through_jpeg(picture, quality):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))
