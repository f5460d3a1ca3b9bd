"""Which pieces of ink belong together: those of the one digit in a picture, or all of a number's."""

from typing import NamedTuple

import cv2
import numpy as np

from mnist_helpers.handwriting.errors import NOTHING, NoDigitFound
from mnist_helpers.handwriting.ink import pen_width


class Piece(NamedTuple):
    """A connected piece of ink."""

    box: tuple[int, int, int, int]  # top, left, bottom, right
    size: int  # its longer side
    area: int
    edge: int  # how many of its pixels are on the edge of the picture
    number: int  # by which it is found in the map
    map: np.ndarray  # of the whole picture, the number of the piece at each pixel


class Pieces(NamedTuple):
    """All pieces of ink, those of the main digit, and the main digit's mask."""

    pieces: list[Piece]
    main: list[Piece]
    mask: np.ndarray
    lifted: bool = False  # whether the pen was lifted between the pieces, or they do only not touch


def find_pieces(ink):
    """List the pieces of ink that may be digits, and say which of them are the main one.

    Args:
        ink: uint8 `(h, w)`, 0 or 255.

    Returns:
        `Pieces`; its mask is uint8 `(h, w)`, 0 or 255.

    Raises:
        NoDigitFound: nothing is large enough.
    """
    pieces = pieces_of(ink)
    main = keep_digit(pieces)
    if main[0].size < 0.03 * max(ink.shape):
        raise NoDigitFound(NOTHING)
    return Pieces(pieces, main, mask_of(main))


def pieces_of_strokes(ink, strokes):
    """List the strokes of a drawing as pieces of its ink, which may lie on each other.

    Args:
        ink: uint8 `(h, w)`, 0 or 255.
        strokes: list of float `(n, 2)`, x and y where the pen ran, in pixels of `ink`.
    """
    pen = round(pen_width(ink)) + 2
    pieces = []
    for number, stroke in enumerate(strokes, start=1):
        path = np.asarray(stroke)[[0, *range(len(stroke))]]  # a dot has one place, a line needs two
        path = np.rint(16 * path).astype(np.int32)
        inked = cv2.polylines(np.zeros_like(ink), [path], False, number, pen, shift=4)
        inked[ink == 0] = 0
        left, top, wide, high = cv2.boundingRect(inked)
        if wide:
            box = (top, left, top + high, left + wide)
            pieces.append(Piece(box, max(wide, high), np.count_nonzero(inked), 0, number, inked))
    return pieces


def pieces_of(ink):
    """List the connected pieces of ink, without grain, frames and what surrounds the digit."""
    height, width = ink.shape
    count, numbers, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if count > 200 and np.median(areas) <= 4 and areas.max() < 0.3 * areas.sum():
        raise NoDigitFound(NOTHING)  # crumbs: grain or dust
    edge = np.concatenate([numbers[0], numbers[-1], numbers[:, 0], numbers[:, -1]])
    pieces = []
    for number in range(1, count):
        left, top, wide, high, area = stats[number].tolist()
        size = max(wide, high)
        crumb = size <= 0.015 * max(height, width)
        if not crumb and not _is_torn(numbers[top : top + high, left : left + wide] == number):
            box = (top, left, top + high, left + wide)
            pieces.append(Piece(box, size, area, np.count_nonzero(edge == number), number, numbers))
    if not pieces:
        raise NoDigitFound(NOTHING)
    return _without_surroundings(pieces)


def _is_torn(part):
    """Whether a piece has dozens of holes, as coarse grain has."""
    return cv2.connectedComponents(1 - part.astype(np.uint8), connectivity=4)[0] > 30


def _without_surroundings(pieces):
    """Leave out frames around the digit, and shadows and table edges beside it, if anything else is left."""
    height, width = pieces[0].map.shape
    # a stroke that leaves the picture is on its edge with the pen's width, a table with much more
    for unwanted in (_is_frame, lambda piece: piece.edge > 0.15 * max(height, width)):
        others = [piece for piece in pieces if not unwanted(piece)]
        if others and max(piece.size for piece in others) > 0.2 * max(piece.size for piece in pieces):
            pieces = others
    return pieces


def _is_frame(piece):
    height, width = piece.map.shape
    top, left, bottom, right = piece.box
    if bottom - top < 0.8 * height or right - left < 0.8 * width:
        return False
    inner = piece.map[height // 6 : -(height // 6), width // 6 : -(width // 6)] == piece.number
    return np.count_nonzero(inner) < 0.1 * piece.area


def keep_digit(pieces):
    """Keep the main piece, which comes first, and the pieces that belong to it."""
    main = max(pieces, key=lambda piece: piece.area * piece.size)
    kept, box = [main], main.box
    for piece in sorted(pieces, key=lambda piece: gap(piece.box, main.box)):
        if piece is not main and belongs(piece, main, box):
            kept.append(piece)
            box = around(box, piece.box)
    return kept


def belongs(piece, main, box):
    """Whether a smaller piece is part of the main piece's digit: not too small, and near.

    What comes in from the picture's edge and stays beside the digit is a table, a shadow or another word.
    """
    large = piece.area > 0.03 * main.area and piece.size > 0.12 * main.size
    from_outside = piece.edge and not main.edge and gap(piece.box, main.box) > 0
    return large and not from_outside and gap(piece.box, box) < 0.25 * main.size


def gap(box, other):
    """Pixels between two boxes, along the axis on which they are farther apart."""
    return max(box[0] - other[2], other[0] - box[2], box[1] - other[3], other[1] - box[3], 0)


def around(box, other):
    """Return the smallest box (top, left, bottom, right) around two boxes."""
    return (*np.minimum(box[:2], other[:2]).tolist(), *np.maximum(box[2:], other[2:]).tolist())


def mask_of(pieces):
    """Put the pieces of one digit into a mask."""
    inked = [piece.map == piece.number for piece in pieces]
    return 255 * np.logical_or.reduce(inked).astype(np.uint8)
