"""Which pieces of ink are a digit each: the only one, or those of a number, also where digits touch."""

import cv2
import numpy as np

from mnist_helpers.handwriting.digit import Digit, crop, prepare_digits
from mnist_helpers.handwriting.errors import NoDigitFound
from mnist_helpers.handwriting.ink import pen_width
from mnist_helpers.handwriting.pieces import mask_of

WIDEST = 0.9  # a piece of ink wider than this part of the number's height may be several digits
CUT = 0.25  # price of a cut, in strokes cut through
CERTAIN = 0.99  # probability from which on all ink together is one digit
MOST = 30  # digits in a picture; more is a page of writing
DOUBT = 5  # price of a part that the network is not sure of, for each factor e below certainty
A_PAGE = (
    f"no number found: there is more in the picture than {MOST} digits. "
    "Photograph one number alone, so that it fills about half of the picture."
)


def part(found, reader):
    """Part the ink of a picture into its digits.

    Args:
        found: the pieces of ink, as `find_pieces` returns them.
        reader: function from uint8 `(n, 28, 28)` to probabilities `(n, 10)`.

    Returns:
        list of `Digit` in reading order; boxes and stages are those of the ink.

    Raises:
        NoDigitFound: a page of writing.
    """
    pieces = _without_edges(found.pieces)
    heights = np.array([piece.box[2] - piece.box[0] for piece in pieces])
    tall = np.median(heights[heights > 0.5 * heights.max()])
    groups = _with_crumbs(pieces, tall)
    if sum(1 + (box[3] - box[1]) // tall for box in (group[0].box for group in groups)) > MOST:
        raise NoDigitFound(A_PAGE)
    main = {piece.number for piece in found.main}
    alone = {group[0].number for group in groups} <= main
    (together,) = _read([found.mask if alone else mask_of(sum(groups, []))], reader)
    top, left, bottom, right = together.box
    if right - left < 1.3 * (bottom - top) and together.probabilities.max() > CERTAIN:
        return [together]  # beyond doubt, such as a wide 4 in two strokes
    masks = [mask_of(group) for group in _halves_joined(groups, max(heights))]
    masks = [cut for mask in masks for cut in _cut(mask, tall, reader)]
    return [together] if alone and len(masks) == 1 else _reading_order(_read(masks, reader))


def _read(masks, reader):
    """Prepare and read the ink of several digits at once."""
    stages = prepare_digits(masks)
    images = np.stack([steps["centred"] for steps in stages])
    found = zip(masks, images, reader(images), stages, strict=True)
    return [Digit(_box(mask), image, said, steps) for mask, image, said, steps in found]


def _with_crumbs(pieces, tall):
    """Group the pieces: each large one with the small ones that are nearest to it, such as the bar of a 5."""
    small = [piece.size < 0.4 * tall or piece.box[2] - piece.box[0] < 0.25 * tall for piece in pieces]
    groups = [[piece] for piece, crumb in zip(pieces, small, strict=True) if not crumb]
    for piece, crumb in zip(pieces, small, strict=True):
        if crumb and piece.size > 0.15 * tall:
            nearest = min(groups, key=lambda group: _apart(piece.box, group[0].box))
            if _apart(piece.box, nearest[0].box) < 0.35 * tall:
                nearest.append(piece)
    return groups


def _box(mask):
    left, top, width, height = cv2.boundingRect(mask)
    return top, left, top + height, left + width


def _without_edges(pieces):
    """Leave out what lies along the picture's edge, unless it is as tall and wide as the digits inside."""
    inside = [piece for piece in pieces if piece.edge <= 0.3 * piece.size]
    if not inside:
        return pieces
    heights = np.array([piece.box[2] - piece.box[0] for piece in inside])
    tall = np.median(heights[heights > 0.5 * heights.max()])
    for piece in pieces:
        if piece.edge <= 0.3 * piece.size:
            continue
        high, wide = piece.box[2] - piece.box[0], piece.box[3] - piece.box[1]
        if 0.7 * tall < high < 1.4 * tall and 0.3 * tall < wide < 1.4 * tall:
            inside.append(piece)
    return inside


def _halves_joined(groups, tallest):
    """Join pieces above each other that are no taller together than a digit: a digit in two parts."""
    joined = []
    for group in groups:
        box = group[0].box
        for other in joined:
            shared = min(box[3], other[0].box[3]) - max(box[1], other[0].box[1])
            narrower = min(box[3] - box[1], other[0].box[3] - other[0].box[1])
            together = max(box[2], other[0].box[2]) - min(box[0], other[0].box[0])
            if shared > 0.7 * narrower and together < 1.2 * tallest:
                other += group
                break
        else:
            joined.append(group)
    return joined


def _apart(box, other):
    """Distance between two boxes; to lie beside each other counts more than to lie above."""
    aside = max(box[1] - other[3], other[1] - box[3], 0)
    above = max(box[0] - other[2], other[0] - box[2], 0)
    return 2 * aside + above


def _cut(mask, tall, reader):
    """Cut a piece of ink that is too wide for one digit into digits: list of masks."""
    left, top, width, height = cv2.boundingRect(mask)
    if width <= WIDEST * tall:
        return [mask]
    cuts = []
    for ink in _best_parts(crop(mask), tall, reader):
        placed = np.zeros_like(mask)
        placed[top : top + height, left : left + width] = ink
        if ink.any():
            cuts.append(placed)
    return cuts


def _best_parts(ink, tall, reader):
    """Choose the cuts that cost least: ink in the way, and parts too wide or unlike a digit to the reader."""
    scale = 64 / tall
    small = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) > 127
    height, width = small.shape
    pen = max(2.0, pen_width(255 * small.astype(np.uint8)))
    paths, crossed = _seams(small)
    paths = [np.zeros(height, int), *paths, np.full(height, width)]
    price = [0.0, *(CUT + crossed / pen), 0.0]
    usual = 0.95 if width < 1.15 * 64 else 0.75  # hardly a digit is wider: these are several, close together
    parts = {}
    for end in range(1, len(paths)):
        for start in range(end):
            if 6 <= np.mean(paths[end] - paths[start]) <= 90:
                part = _between(small, paths[start], paths[end])
                if cv2.boundingRect(part)[3] >= 32:
                    parts[start, end] = part
    if not parts:
        return [ink]
    doubt = [-np.log(digit.probabilities.max()) for digit in _read(list(parts.values()), reader)]
    best = [0.0] + [np.inf] * (len(paths) - 1)
    before = [0] * len(paths)
    for (start, end), part, unsure in zip(parts, parts.values(), doubt, strict=True):
        cost = best[start] + DOUBT * unsure + _odd_width(part, usual) + price[end]
        if cost < best[end]:
            best[end], before[end] = cost, start
    if best[-1] == np.inf:
        return [ink]
    chosen = [len(paths) - 1]
    while chosen[-1]:
        chosen.append(before[chosen[-1]])
    rows = np.minimum((np.arange(len(ink)) * scale).astype(int), height - 1)
    edges = [np.rint(paths[k][rows] / scale) for k in reversed(chosen)]
    return [_between(ink, low, high) for low, high in zip(edges, edges[1:], strict=False)]


def _between(ink, low, high):
    columns = np.arange(ink.shape[1])
    inside = (columns >= low[:, None]) & (columns < high[:, None])
    return np.where(inside & (ink > 0), 255, 0).astype(np.uint8)


def _odd_width(part, usual):
    """How much wider than usual a part is, in strokes cut through; `usual` is in parts of its height."""
    return max(0.0, (cv2.boundingRect(part)[2] / 64 - usual) / 0.2) ** 2


def _seams(ink):
    """The cheapest paths from top to bottom, at least five columns apart where they end up.

    Returns:
        list of int arrays `(h,)`, a column for each row, and an array of how many pixels of ink each crosses.
    """
    height, width = ink.shape
    total = ink + 0.0
    for row in range(1, height):
        above = np.pad(total[row - 1], 1, constant_values=np.inf)
        total[row] += np.minimum(above[1:-1], np.minimum(above[:-2], above[2:]) + 0.15)
    starts = np.arange(3, width - 5, 3)
    column = np.array([start + total[-1, start : start + 3].argmin() for start in starts])
    paths = np.zeros((len(column), height), int)
    paths[:, -1] = column
    for row in range(height - 2, -1, -1):
        near = np.clip(column[:, None] + (-1, 0, 1), 0, width - 1)
        step = (total[row][near] + (0.15, 0, 0.15)).argmin(axis=1)
        column = near[np.arange(len(column)), step]
        paths[:, row] = column
    paths = np.unique(paths, axis=0)
    crossed = ink[np.arange(height), paths].sum(axis=1)
    place = paths.mean(axis=1)
    kept = []
    for seam in np.argsort(crossed, kind="stable"):
        if all(abs(place[seam] - place[other]) >= 5 for other in kept):
            kept.append(seam)
    kept.sort(key=lambda seam: place[seam])
    return list(paths[kept]), crossed[kept]


def _reading_order(digits):
    """Sort digits into lines from top to bottom, and each line from left to right."""
    lines = []
    for digit in sorted(digits, key=lambda digit: digit.box[0] + digit.box[2]):
        middle = (digit.box[0] + digit.box[2]) / 2
        line = next((line for line in lines if line[-1].box[0] <= middle <= line[-1].box[2]), None)
        if line is None:
            lines.append([digit])
        else:
            line.append(digit)
    return [digit for line in lines for digit in sorted(line, key=lambda digit: digit.box[1])]
