"""Measure how well pictures of single digits are read: your class's, or any folder's.

FOLDER holds pictures named LABEL__name.ext, where LABEL is a digit: 7__maria.jpg. Other labels, as in
letter__08.jpg, are pictures that are no digit and ought to be declined.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from mnist_helpers.handwriting import answer, find_digits, load_reader, read_photo, to_mnist_style
from tools.lib.files import Problem


def main(arguments: list[str]) -> int:
    """Print a line per picture and a summary; return 0."""
    parser = argparse.ArgumentParser(
        prog="course.py measure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    if not folder.is_dir():
        raise Problem(f"expected a folder with pictures, got {folder}: there is no such folder")
    files = sorted(path for path in folder.iterdir() if path.is_file() and "__" in path.name)
    if not files:
        raise Problem(f"{folder} has no pictures named LABEL__name.ext, such as 7__maria.jpg")
    load_reader()(np.zeros((1, 28, 28), np.uint8))  # the first call takes seconds
    pictures = pd.DataFrame([measure(path) for path in files])
    for picture in pictures.itertuples():
        print(f"{picture.file:32} {picture.label:>10}   {picture.said:24} {picture.seconds:6.3f} s")
    print()
    digits = pictures[pictures.label.str.fullmatch("[0-9]")]
    if len(digits):
        print(f"{len(digits)} digits: {digits.right.sum()} right ({digits.right.mean():.1%})")
        print(f"  of those answered {digits.right[digits.answered].mean():.1%}, {told(digits)}")
        print(f"  {digits.alone.sum()} of them found alone in the picture by the page")
        print(f"  squeezed to 28 × 28, as many a project does: {digits.squeezed.mean():.1%} right")
    for label, group in pictures.drop(digits.index).groupby("label"):
        print(f"{len(group)} {label}: {told(group)}")
    print(f"median {1000 * pictures.seconds.median():.0f} ms a picture")
    return 0


def measure(path: Path) -> dict:
    """Read one picture; return what came out, how long it took, and what squeezing makes of it."""
    label = path.name.split("__")[0]
    read, top, squeezed = load_reader(), None, None
    found = {"answered": False, "failed": False, "alone": False}
    started = time.perf_counter()
    try:
        photo = read_photo(path)
        said = answer(read(to_mnist_style(photo)[np.newaxis]))
        found["seconds"] = time.perf_counter() - started
        top, words = said.candidates[0], str(said)
        small = cv2.resize(photo, (28, 28), interpolation=cv2.INTER_AREA)
        squeezed = int(read(small[np.newaxis]).argmax())
        found |= {"answered": said.digit is not None, "alone": len(find_digits(photo, read)) == 1}
    except ValueError as error:  # no picture, or no digit in it
        words = type(error).__name__
        found |= {"failed": True, "seconds": time.perf_counter() - started}
    right = {"right": str(top) == label, "squeezed": str(squeezed) == label}
    return {"file": path.name, "label": label, "said": words, **right, **found}


def told(pictures: pd.DataFrame) -> str:
    """Say how many pictures got no answer."""
    unsure = (~pictures.answered & ~pictures.failed).sum()
    return f"{unsure} not sure, {pictures.failed.sum()} without a digit or no picture"
