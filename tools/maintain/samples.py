"""Draw the sample pictures of lesson 11 again: handwriting from stroke paths, photographed by a generator.

Nobody wrote them. tools/lib/strokes.py has the paths, mnist_helpers/handwriting/synthetic.py the camera, and
the seeds below were chosen by eye, so that shadow, squared paper, coloured ink and a board all occur.
"""

import argparse

import cv2
import numpy as np
from PIL import Image

from mnist_helpers.handwriting.synthetic import number, photograph_ink
from tools.lib.files import ROOT
from tools.lib.strokes import draw_strokes, write_digit

SAMPLES = ROOT / "mnist_helpers" / "assets" / "samples"
SEEDS = {
    "0__long_shadow": 20,
    "1__squared_paper": 1,
    "2__shadow_of_a_phone": 2,
    "3__chalk": 43,
    "4__faint_squares": 4,
    "5__red_on_squared_paper": 5,
    "6__felt_pen": 36,
    "7__with_a_bar": 27,
    "8__green_in_shadow": 38,
    "9__dusty_board": 19,
}
LETTER = [[(0, 1), (0.4, 0), (0.8, 1)], [(0.15, 0.65), (0.65, 0.65)]]


def main(arguments: list[str]) -> int:
    """Write the pictures, 480 pixels along the longer side."""
    argparse.ArgumentParser(
        prog="course.py samples", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args(arguments)
    for name, picture in pictures():
        Image.fromarray(picture).save(SAMPLES / f"{name}.jpg", quality=85)
    print(f"{len(list(SAMPLES.glob('*.jpg')))} pictures in {SAMPLES}")
    return 0


def pictures():
    """Yield name and uint8 `(h, w, 3)` picture of each sample."""
    for name, seed in SEEDS.items():
        rng = np.random.default_rng(seed)
        ink = draw_strokes(write_digit(int(name[0]), rng, wobble=0.015), 300, rng.uniform(10, 26)) / 255
        yield name, small(photograph_ink(ink.astype(np.float32), rng, 0.6, 300))
    letter = draw_strokes([np.array(stroke) for stroke in LETTER], 300, 16) / 255
    yield "letter__A", small(photograph_ink(letter.astype(np.float32), np.random.default_rng(4), 0.6, 300))
    rng = np.random.default_rng(113)
    yield "number__90210", small(photograph_ink(postcode("90210", rng), rng, 0.85, 480))


def postcode(digits, rng):
    """Write digits as MNIST shows them, then side by side. float32 `(h, w)`, 0–1."""
    images = []
    for digit in digits:
        ink = draw_strokes(write_digit(int(digit), rng, wobble=0.015), 100, 9)
        spare = 140 - np.array(ink.shape)
        framed = np.pad(ink, np.stack([spare // 2, spare - spare // 2], axis=1))
        images.append(cv2.resize(framed, (28, 28), interpolation=cv2.INTER_AREA))
    return number(np.stack(images), rng, touching=False)


def small(picture, longest=480):
    scale = longest / max(picture.shape)
    size = [round(side * scale) for side in reversed(picture.shape[:2])]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
