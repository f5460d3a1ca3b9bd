"""Plumbing of `own_digits`: estimate light and grain, tell ruled lines from ink, list the pieces of ink."""

from typing import NamedTuple

import cv2
import numpy as np


class NoDigitFound(ValueError):
    """The picture has nothing in it that could be a digit; the message says what to try."""


NOTHING = (
    "no digit found: the picture is blank, or too faint or grainy to tell ink from paper. "
    "Write with a dark pen on light paper, fill about half of the picture, and photograph it in even light."
)


def refuse_noise(photo):
    """Raise NoDigitFound where no pixel resembles its neighbour: strokes are never like that."""
    block = max(1, max(photo.shape) // 480)  # whole blocks, so that their means are independent
    height, width = (side // block for side in photo.shape)
    photo = cv2.resize(
        photo[: height * block, : width * block], (width, height), interpolation=cv2.INTER_AREA
    )
    values = photo - photo.mean(dtype=np.float32)
    spread = float(np.mean(values**2)) + 1e-6
    neighbours = (
        (values[:, 1:], values[:, :-1]),
        (values[1:], values[:-1]),
        (values[1:, 1:], values[:-1, :-1]),
        (values[1:, :-1], values[:-1, 1:]),
    )
    likeness = max(float(np.mean(one * other)) for one, other in neighbours) / spread
    if likeness < 0.08 + 2.5 / photo.size**0.5:  # 0 but for chance, which a small picture leaves more room
        raise NoDigitFound(NOTHING)


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
    ink = contrast > 0.8 * otsu(contrast[contrast > 8].astype(np.uint8))
    wide = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_OPEN, np.ones((21, 21), np.uint8)) > 0
    shadow = wide & (contrast < 0.6 * np.percentile(contrast[ink], 95))
    return float(np.sum(contrast[ink & ~wide] ** 2)), (ink & ~shadow).astype(np.uint8)


def _median(small, half):
    wide = cv2.copyMakeBorder(small, half, half, half, half, cv2.BORDER_REFLECT)
    return cv2.medianBlur(wide, 2 * half + 1)[half:-half, half:-half]


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


def ruled_lines(ink, flat):
    """Mark ruled lines: straight, from edge to edge, and fainter or thinner than the pen, or at least three.

    Where ink goes on at both sides of a line, it crosses the line and is left unmarked.
    """
    across, down = _long_rows(ink), np.ascontiguousarray(_long_rows(np.ascontiguousarray(ink.T)).T)
    rest = ink & ~(across | down)
    ruled = np.zeros_like(ink)
    if np.count_nonzero(rest) < 0.1 * np.count_nonzero(ink):
        return ruled  # the line is the digit: a 1 as tall as the picture
    for lines, upright in ((across, True), (down, False)):
        if lines.any() and _are_ruled(lines, rest, flat):
            reach = 2 * int(pen_width(lines)) + 8
            window = np.ones((reach, 1) if upright else (1, reach), np.uint8)
            ruled |= lines & ~cv2.morphologyEx(ink & ~lines, cv2.MORPH_CLOSE, window)
    return ruled


def _are_ruled(lines, rest, flat):
    count = cv2.connectedComponents(cv2.dilate(lines, np.ones((5, 5), np.uint8)))[0] - 1
    fainter = flat[lines > 0].mean() < 0.75 * flat[rest > 0].mean()
    return count >= 3 or fainter or pen_width(lines) < 0.5 * pen_width(rest)


def crop(mask):
    """Cut away the empty rows and columns around the ink."""
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width]


def mask_of(pieces):
    """Put the pieces of one digit into a mask."""
    return 255 * np.isin(pieces[0].map, [piece.number for piece in pieces]).astype(np.uint8)


class Piece(NamedTuple):
    """A connected piece of ink: its box (top, left, bottom, right), area, number and the map of numbers."""

    box: tuple[int, int, int, int]
    area: int
    edge: int  # how many of its pixels are on the edge of the picture
    number: int
    map: np.ndarray

    @property
    def size(self):
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


def pieces_of(ink):
    """List the connected pieces of ink, without grain.

    Raises:
        NoDigitFound: nothing is left.
    """
    height, width = ink.shape
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count > 200 and np.median(areas) <= 4 and areas.max() < 0.3 * areas.sum():
        raise NoDigitFound(NOTHING)  # crumbs: grain or dust
    edge = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    pieces = []
    for number in range(1, count):
        left, top, wide, high, area = stats[number].tolist()
        crumb = max(wide, high) <= 0.015 * max(height, width)
        if not crumb and not _is_torn(numbers[top : top + high, left : left + wide] == number):
            box = (top, left, top + high, left + wide)
            pieces.append(Piece(box, area, np.count_nonzero(edge == number), number, numbers))
    if not pieces:
        raise NoDigitFound(NOTHING)
    return pieces


def without_surroundings(pieces):
    """Leave out frames around the digit, and shadows and table edges beside it, if anything else is left."""
    height, width = pieces[0].map.shape
    # a stroke that leaves the picture is on its edge with the pen's width, a table with much more
    for unwanted in (_is_frame, lambda piece: piece.edge > 0.15 * max(height, width)):
        others = [piece for piece in pieces if not unwanted(piece)]
        if others and max(piece.size for piece in others) > 0.2 * max(piece.size for piece in pieces):
            pieces = others
    return pieces


def _is_torn(part):
    """Whether a piece has dozens of holes, as coarse grain has."""
    return cv2.connectedComponents(1 - part.astype(np.uint8), connectivity=4)[0] > 30


def _is_frame(piece):
    height, width = piece.map.shape
    top, left, bottom, right = piece.box
    if bottom - top < 0.8 * height or right - left < 0.8 * width:
        return False
    inner = piece.map[height // 6 : -(height // 6), width // 6 : -(width // 6)] == piece.number
    return np.count_nonzero(inner) < 0.1 * piece.area


def gap(box, other):
    """Pixels between two boxes, along the axis on which they are farther apart."""
    return max(box[0] - other[2], other[0] - box[2], box[1] - other[3], other[1] - box[3], 0)


def around(box, other):
    """Return the smallest box (top, left, bottom, right) around two boxes."""
    return (*np.minimum(box[:2], other[:2]).tolist(), *np.maximum(box[2:], other[2:]).tolist())


def belongs(piece, main, box):
    """Whether a smaller piece is part of the main piece's digit: not too small, and near.

    What comes in from the picture's edge and stays beside the digit is a table, a shadow or another word.
    """
    large = piece.area > 0.03 * main.area and piece.size > 0.12 * main.size
    from_outside = piece.edge and not main.edge and gap(piece.box, main.box) > 0
    return large and not from_outside and gap(piece.box, box) < 0.25 * main.size
