"""Pictures of digits, and what is none, as arrays and files."""

import base64
import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

from tools.lib.strokes import WAYS

STAR = {"star": [[[(0, 0), (1, 1)], [(1, 0), (0, 1)], [(0.5, 0), (0.5, 1)]]]}  # no digit at all


def seven(height=120, width=90, ink=0, paper=255):
    """A 7 of thick strokes, off centre, as uint8 (h, w)."""
    picture = np.full((height, width), paper, np.uint8)
    points = np.array([(0.15, 0.2), (0.55, 0.2), (0.3, 0.75)]) * (width, height)
    cv2.polylines(picture, [points.astype(int)], False, ink, max(2, width // 14), cv2.LINE_AA)
    return picture


def drawn(*digits, width=640, height=480, ways=WAYS):
    """A sheet with these digits side by side, as uint8 (h, w)."""
    sheet = np.full((height, width), 255, np.uint8)
    room = width / len(digits)
    for place, digit in enumerate(digits):
        for stroke in ways[digit][0]:
            points = np.array(stroke) * (min(room / 2, 220), 0.7 * height)
            points += (room * place + room / 4, 0.15 * height)
            cv2.polylines(sheet, [points.astype(int)], False, 0, 24, cv2.LINE_AA)
    return sheet


def saved(picture, kind="PNG", **options):
    """The bytes of a picture file."""
    file = io.BytesIO()
    (Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture).save(file, kind, **options)
    return file.getvalue()


def sheet(picture):
    """What the page's sheet sends for a drawing."""
    return {"drawing": "data:image/png;base64," + base64.b64encode(saved(picture)).decode()}


def turned_by_the_phone(picture):
    """A JPEG stored lying on its side, with the EXIF entry that says how to turn it back."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to show it
    return saved(np.rot90(picture).copy(), "JPEG", exif=exif, quality=95)


def page_of_text():
    page = np.full((1400, 1000), 255, np.uint8)
    for line in range(40):
        words = "The quick brown fox jumps over the lazy dog"
        cv2.putText(page, words, (20, 40 + 33 * line), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2, cv2.LINE_AA)
    return page


def noise():
    return np.random.default_rng(seed=1).integers(0, 256, (600, 600), dtype=np.uint8)


def bomb():
    """A small PNG file whose header announces 50,000 × 50,000 pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 50_000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
