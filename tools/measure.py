"""Measure how well pictures of single digits are read: your class's, or any folder's.

    course.py measure FOLDER [--json OUT]

FOLDER holds pictures named LABEL__name.ext, where LABEL is a digit; other labels (letter__08.jpg) are
pictures that are no digit and ought to be declined. A digits.csv in FOLDER or beside it, with the columns
file, kind and source_repo, adds a line for each kind and each half: the sources are split once, by a checksum
of their name, into a half to tune on and a half to check on.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import zlib
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
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        raise Problem(f"expected a folder with pictures, got {options.folder}: there is no such folder")
    files = sorted(path for path in options.folder.iterdir() if path.is_file() and "__" in path.name)
    if not files:
        raise Problem(f"{options.folder} has no pictures named LABEL__name.ext, such as 7__maria.jpg")
    load_reader()(np.zeros((1, 28, 28), np.uint8))  # the first call takes seconds
    pictures = pd.DataFrame([measure(path) for path in files])
    for picture in pictures.itertuples():
        print(f"{picture.file:32} {picture.label:>10}   {picture.said:24} {picture.seconds:6.3f} s")
    groups = {"all": pictures}
    about = sources(options.folder)
    for column in about.columns:
        named = pictures.file.map(about[column])
        groups |= {f"{column} {name}": group for name, group in pictures.groupby(named)}
    no_digits = pictures[~pictures.is_digit]
    groups |= {f"no digit: {label}": group for label, group in no_digits.groupby("label")}
    report = {name: summary(group) for name, group in groups.items()}
    print()
    for name, numbers in report.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in numbers.items()))
    if options.json:
        found = {"summary": report, "pictures": json.loads(pictures.to_json(orient="records"))}
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


def measure(path: Path) -> dict:
    """Read one picture; return what came out, how long it took, and what the naive way makes of it."""
    label = path.name.split("__")[0]
    is_digit = label.isdigit() and len(label) == 1
    read, squeezed, top, sure = load_reader(), None, None, None
    started = time.perf_counter()
    try:
        photo = read_photo(path)
        said = answer(read(to_mnist_style(photo)[np.newaxis]))
        top, sure, words = said.candidates[0], said.digit is not None, str(said)
    except ValueError as error:  # no picture, or no digit in it
        words = type(error).__name__
    seconds = time.perf_counter() - started
    if top is not None:
        small = cv2.resize(photo, (28, 28), interpolation=cv2.INTER_AREA)  # what many a project does
        squeezed = int(read(small[np.newaxis]).argmax())
    return {
        "file": path.name,
        "label": label,
        "is_digit": is_digit,
        "said": words,
        "right": is_digit and top == int(label),
        "alone": top is not None and len(find_digits(photo, read)) == 1,
        "squeezed right": is_digit and squeezed == int(label),
        "answered": bool(sure),
        "failed": top is None,
        "seconds": seconds,
    }


def summary(pictures: pd.DataFrame) -> dict:
    """Count a group of results: right whatever the threshold, right among the answered, not sure, failed."""
    digits = pictures[pictures.is_digit]
    numbers = {"pictures": len(pictures)}
    if len(digits):
        numbers |= {
            "right": int(digits.right.sum()),
            "accuracy": round(float(digits.right.mean()), 4),
            "accuracy when squeezed": round(float(digits["squeezed right"].mean()), 4),
            "accuracy when answered": round(float(digits.right[digits.answered].mean()), 4),
            "taken for one digit": int(digits.alone.sum()),
        }
    return numbers | {
        "not sure": int((~pictures.answered & ~pictures.failed).sum()),
        "failed": int(pictures.failed.sum()),
        "median ms": round(1000 * float(pictures.seconds.median()), 1),
    }


def sources(folder: Path) -> pd.DataFrame:
    """Return what digits.csv says: file → kind, and the half to which its source belongs."""
    for place in (folder / "digits.csv", folder.parent / "digits.csv"):
        if place.is_file():
            with place.open(encoding="utf-8", newline="") as file:
                rows = {Path(row["file"]).name: row for row in csv.DictReader(file)}
            halves = {
                name: "checking" if zlib.crc32(row["source_repo"].encode()) % 2 else "tuning"
                for name, row in rows.items()
            }
            return pd.DataFrame({"kind": {name: row["kind"] for name, row in rows.items()}, "half": halves})
    return pd.DataFrame()
