"""Measure how well photographs of single digits are read.

    course.py measure FOLDER [--json OUT]

FOLDER holds pictures named LABEL__name.ext, where LABEL is a digit; other labels (letter__08.jpg) are
pictures that are no digit and ought to be declined. A digits.csv in FOLDER or beside it, with the columns
file, kind and source_repo, adds a table by kind and one by half: the sources are split once, by a checksum
of their name, into a half to tune on and a half to check on.
"""

import argparse
import csv
import json
import statistics
import sys
import time
import zlib
from collections import defaultdict
from pathlib import Path

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from mnist_helpers.handwriting.digit import answer, pretrained_reader, read_photo, to_mnist_style  # noqa: E402


def main(arguments=None):
    """Print a line per picture and a summary; return 0."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    options = parser.parse_args(arguments)
    files = sorted(path for path in options.folder.iterdir() if path.is_file() and "__" in path.name)
    if not files:
        print(f"{options.folder} has no pictures named LABEL__name.ext", file=sys.stderr)
        return 2
    pretrained_reader(np.zeros((1, 28, 28), np.uint8))  # the first call loads the network
    about = _about(options.folder)
    results = [measure(path) | about.get(path.name, {}) for path in files]
    for result in results:
        print("{file:32} {label:>10} {verdict:10} {shown:24} {seconds:6.3f} s".format(**result))
    report = {"all": summary(results)}
    for column in ("kind", "half"):
        groups = defaultdict(list)
        for result in results:
            if column in result:
                groups[result[column]].append(result)
        report |= {f"{column}: {name}": summary(group) for name, group in sorted(groups.items())}
    others = defaultdict(list)
    for result in results:
        if not result["is_digit"]:
            others[result["label"]].append(result)
    report |= {f"no digit: {name}": summary(group) for name, group in sorted(others.items())}
    print()
    for name, numbers in report.items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in numbers.items()))
    if options.json:
        options.json.write_text(
            json.dumps({"summary": report, "pictures": results}, indent=1), encoding="utf-8"
        )
    return 0


def measure(path):
    """Read one picture; return what came out, how long it took, and what the naive way makes of it."""
    label = path.name.split("__")[0]
    is_digit = label.isdigit() and len(label) == 1
    started = time.perf_counter()
    try:
        probabilities = pretrained_reader(to_mnist_style(read_photo(path))[np.newaxis])[0]
        said = answer(probabilities)
        shown, top = str(said), int(probabilities.argmax())
    except ValueError as error:
        said, shown, top, probabilities = None, f"{type(error).__name__}", None, None
    seconds = time.perf_counter() - started
    if top is None:
        verdict = "error"
    elif isinstance(said, str):
        verdict = "abstained"
    else:
        verdict = "answered"
    right = is_digit and top == int(label)
    if is_digit and top is not None and not right:
        verdict += " ✗"
    return {
        "file": path.name,
        "label": label,
        "is_digit": is_digit,
        "top": top,
        "right": right,
        "naive": is_digit and naive(path) == int(label),
        "probability": None if probabilities is None else round(float(probabilities.max()), 4),
        "verdict": verdict,
        "shown": shown,
        "seconds": round(seconds, 4),
    }


def naive(path):
    """What many a project does: squeeze the picture to 28 × 28 and divide by 255."""
    try:
        squeezed = cv2.resize(read_photo(path), (28, 28), interpolation=cv2.INTER_AREA)
    except ValueError:
        return None
    return int(pretrained_reader(squeezed[np.newaxis]).argmax())


def summary(results):
    """Count a group of results: right whatever the threshold, abstained, errors, right among the answered."""
    digits = [result for result in results if result["is_digit"]]
    answered = [result for result in digits if result["verdict"].startswith("answered")]
    right = sum(result["right"] for result in digits)
    numbers = {"pictures": len(results)}
    if digits:
        numbers |= {"digits": len(digits), "right": right, "accuracy": round(right / len(digits), 4)}
        numbers |= {"naive accuracy": round(sum(result["naive"] for result in digits) / len(digits), 4)}
        numbers |= {
            "accuracy when answered": round(
                sum(result["right"] for result in answered) / max(1, len(answered)), 4
            )
        }
    numbers |= {
        "abstained": sum(result["verdict"].startswith("abstained") for result in results),
        "errors": sum(result["verdict"] == "error" for result in results),
        "median seconds": round(statistics.median(result["seconds"] for result in results), 4),
    }
    return numbers


def _about(folder):
    for place in (folder / "digits.csv", folder.parent / "digits.csv"):
        if place.is_file():
            with place.open(encoding="utf-8", newline="") as file:
                return {
                    Path(row["file"]).name: {
                        "kind": row["kind"],
                        "half": "checking" if zlib.crc32(row["source_repo"].encode()) % 2 else "tuning",
                    }
                    for row in csv.DictReader(file)
                }
    return {}


if __name__ == "__main__":
    sys.exit(main())
