"""Which pieces of ink are a digit each: the only one, or those of a number, also where digits touch."""

import functools

import cv2
import numpy as np

from mnist_helpers.handwriting.digit import Digit, crop, prepare_digits
from mnist_helpers.handwriting.errors import NoDigitFound
from mnist_helpers.handwriting.ink import pen_width
from mnist_helpers.handwriting.pieces import around, mask_of
from mnist_helpers.handwriting.shape import what_is_odd

WIDEST = 0.9  # a piece of ink wider than this part of its height may be several digits
CERTAIN = 0.99  # probability from which on a wide piece is one digit
STROKE = 2.5  # what is no taller than so many widths of the pen is a stroke or a dot, and no digit
SMALLEST = 0.25  # no digit is smaller than this part of a number's tall ones
MOST = 30  # digits in a picture; more is a page of writing
DOUBT = 5  # price of a digit that the network is not sure of, for each factor e below certainty
DIGIT = 1  # price of a digit: of two ways to read a picture as surely, the one with fewer digits
MARK = 4  # price of a stroke or dot that would be a digit
CUT = 0.25  # price of a cut, in strokes cut through
A_PAGE = (
    f"no number found: there is more in the picture than {MOST} digits. "
    "Photograph one number alone, so that it fills about half of the picture."
)


def part(found, reader):
    """Part the ink of a picture into its digits.

    Pieces of ink are joined where they read better together than alone, and what is too wide is cut. Strokes
    and dots that belong to no digit, such as an underline, are left out, unless there is nothing else.

    Args:
        found: the pieces of ink, as `find_pieces` returns them.
        reader: function from uint8 `(n, 28, 28)` to probabilities `(n, 10)`.

    Returns:
        list of `Digit` in reading order; boxes and stages are those of the ink.

    Raises:
        NoDigitFound: a page of writing.
    """
    pieces = _without_edges(found.pieces)
    pen = pen_width(mask_of(pieces))
    heights = np.array([piece.box[2] - piece.box[0] for piece in pieces])
    tall = np.median(heights[heights > 0.5 * heights.max()])
    pieces = [piece for piece in pieces if found.lifted or piece.size > 0.15 * tall]  # without dust
    widths = [piece.box[3] - piece.box[1] for piece in pieces]
    if sum(1 + width // max(tall, STROKE * pen) for width in widths) > MOST:
        raise NoDigitFound(A_PAGE)
    groups = _joined(pieces, pen, tall, reader)
    main = {piece.number for piece in found.main}
    alone = {piece.number for group in groups for piece in group} <= main
    masks = [mask_of(group) for group in groups]
    if not found.lifted:
        masks = [cut for mask in masks for cut in _cut(mask, pen, reader)]
    if len(masks) > MOST:
        raise NoDigitFound(A_PAGE)
    if len(masks) == 1 and alone:
        masks = [found.mask]
    digits = [
        digit._replace(odd=what_is_odd(crop(mask), int(digit.probabilities.argmax())))
        for mask, digit in zip(masks, _read(masks, reader), strict=True)
    ]
    return sum(rows_of(digits), [])


def _joined(pieces, pen, tall, reader):
    """Group the pieces that read better together than alone, the best pair first."""
    groups = [[piece] for piece in pieces]
    if len(groups) == 1:
        return groups
    worth = dict(zip(map(_key, groups), _prices(groups, pen, tall, reader), strict=True))
    apart = _distances(pieces)

    def gain(one, other):
        marks = [group for group in (one, other) if _is_mark(group, pen, tall)]
        if any(_size(mark)[1] > WIDEST * _size(one + other)[0] for mark in marks):
            return -np.inf  # an underline, not the bar of a digit
        distance = min(apart[a.number, b.number] for a in one for b in other)
        smaller = min(max(_size(one)), max(_size(other)))
        if _are_aside(one, other):
            between = 1 + distance / (0.5 * pen + 0.04 * smaller)
        else:
            between = distance / (pen + 0.08 * smaller)
        return worth[_key(one)] + worth[_key(other)] - worth[_key(one + other)] - between

    while len(groups) > 1:
        pairs = [
            (one, other)
            for k, one in enumerate(groups)
            for other in groups[:k]
            if min(apart[a.number, b.number] for a in one for b in other) < 0.35 * tall
        ]
        new = [one + other for one, other in pairs if _key(one + other) not in worth]
        worth |= zip(map(_key, new), _prices(new, pen, tall, reader), strict=True)
        best = max(pairs, key=lambda pair: gain(*pair), default=None)
        if best is None or gain(*best) <= 0:
            break
        groups = [group for group in groups if group not in best] + [best[0] + best[1]]
    sure = [group for group in groups if worth[_key(group)] < DIGIT + 0.5]
    groups = _without_nests(groups, sure, apart, pen)
    kept = [group for group in groups if not _is_mark(group, pen, tall)]
    return kept or [max(groups, key=lambda group: max(_size(group)))]


def _key(group):
    return frozenset(piece.number for piece in group)


def _size(group):
    """Height and width of a group of pieces."""
    top, left, bottom, right = _box_of(group)
    return bottom - top, right - left


def _box_of(group):
    return functools.reduce(around, (piece.box for piece in group))


def _without_nests(groups, sure, apart, pen):
    """Join groups that lie in each other: digits do not, except a small one below the bar of a 7."""
    kept = []
    for group in sorted(groups, key=lambda group: -np.prod(_size(group))):
        top, left, bottom, right = _box_of(group)
        for other in kept:
            box = _box_of(other)
            high, wide = min(bottom, box[2]) - max(top, box[0]), min(right, box[3]) - max(left, box[1])
            inside = min(high, wide) > 0 and high * wide > 0.6 * (bottom - top) * (right - left)
            clear = min(apart[a.number, b.number] for a in group for b in other) > 0.5 * pen
            if inside and not (clear and group in sure and other in sure):
                other += group
                break
        else:
            kept.append(list(group))
    return kept


def _are_aside(one, other):
    """Whether two groups stand side by side, as digits do, and not above each other."""
    ranges = [_box_of(group)[1::2] for group in (one, other)]
    shared = min(ranges[0][1], ranges[1][1]) - max(ranges[0][0], ranges[1][0])
    return shared < 0.5 * min(right - left for left, right in ranges)


def _is_mark(group, pen, tall):
    """Whether a group is no more than a lying stroke, a dot, or too small for a digit."""
    height, width = _size(group)
    return height < max(STROKE * pen, SMALLEST * tall, 0.25 * width)


def _prices(groups, pen, tall, reader):
    """What each group costs as a digit: the reader's doubt, too much width, or that it is a mark."""
    if not groups:
        return []
    digits = _read([mask_of(group) for group in groups], reader)
    prices = []
    for group, digit in zip(groups, digits, strict=True):
        height, width = _size(group)
        doubt = -DOUBT * np.log(digit.probabilities.max()) + max(0.0, (width / height - 0.95) / 0.2) ** 2
        prices.append(DIGIT + (MARK if _is_mark(group, pen, tall) else doubt))
    return prices


def _distances(pieces):
    """Pixels of paper between each two pieces, by their numbers."""
    masks = {piece.number: mask_of([piece]) for piece in pieces}
    apart = {}
    for one, mask in masks.items():
        away = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 5)
        apart |= {(one, other): float(away[masks[other] > 0].min()) for other in masks}
    return apart


def _read(masks, reader):
    """Prepare and read the ink of several digits at once."""
    stages = prepare_digits(masks)
    images = np.stack([steps["centred"] for steps in stages])
    found = zip(masks, images, reader(images), stages, strict=True)
    return [Digit(_box(mask), image, said, steps) for mask, image, said, steps in found]


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


def _cut(mask, pen, reader):
    """Cut ink that is too wide for one digit into digits: list of masks."""
    left, top, width, height = cv2.boundingRect(mask)
    straight = np.count_nonzero(mask) < 1.3 * pen * np.hypot(width, height)
    if width <= WIDEST * height or height < STROKE * pen or straight:
        return [mask]
    if width < 1.3 * height and _read([mask], reader)[0].probabilities.max() > CERTAIN:
        return [mask]
    cuts = []
    for ink in _best_parts(crop(mask), height, reader):
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


def rows_of(digits):
    """Sort digits into rows.

    Args:
        digits: list of `Digit`.

    Returns:
        list of lists of `Digit`: the rows from top to bottom, each from left to right.
    """
    rows = []
    for digit in sorted(digits, key=lambda digit: digit.box[0] - digit.box[2]):  # the tallest first
        middle = (digit.box[0] + digit.box[2]) / 2
        row = next((row for row in rows if row[0].box[0] <= middle <= row[0].box[2]), None)
        if row is None:
            rows.append([digit])
        else:
            row.append(digit)
    rows.sort(key=lambda row: row[0].box[0] + row[0].box[2])
    return [sorted(row, key=lambda digit: digit.box[1]) for row in rows]
