"""What the live page says about a picture: the answer, its probabilities and the steps, or what is wrong.

All is HTML, which the page in app.py shows. Nothing here knows Gradio.
"""

import base64
import logging
from html import escape

import cv2
import numpy as np

from mnist_helpers.handwriting import (
    NoDigitFound,
    NotAPhoto,
    answer_digit,
    find_digits,
    load_reader,
    read_photo,
    rows_of,
)
from mnist_helpers.handwriting.errors import NOTHING
from mnist_helpers.handwriting.shape import A_DOT, A_STROKE
from mnist_helpers.handwriting.verdict import SURE

MOST_DRAWN = 2_000_000  # characters of a drawing; a sheet full of scribble has a tenth
MOST_STROKES = 200
EMPTY = (
    "<div class='said empty' role='status'><p><b>The answer appears here.</b> Draw a digit, or a number "
    "such as 407. Or give it a photo: upload it, drop it on the page, or paste it.</p></div>"
)
GO_ON = "Go on: this is not yet a digit."
STEPS = {  # what happens in each, in a few words
    "photo": "your picture",
    "light evened": "no light, no shadow",
    "ink": "what the pen wrote",
    "digit": "without dust and lines",
    "pen evened": "as wide as MNIST's pen",
    "20 × 20": "scaled to this size",
    "centred": "what the network reads",
}


def warm_up():
    """Load the network and use it once, so that no visitor waits for it."""
    load_reader()(np.zeros((1, 28, 28), np.uint8))


def follow_drawing(sheet):
    """Read what a visitor has drawn so far; a blank sheet is no mistake yet, and a first stroke no answer."""
    return _read_sheet(sheet, waiting=True) if sheet else (EMPTY, "")


def read_drawing(sheet):
    """Read what a visitor drew.

    Args:
        sheet: what the sheet says: `{"drawing": a PNG file as a data URL}`, perhaps with `"strokes"`, a list
            of [x, y, x, y, …] in its pixels, or `{"too_large": bytes}` when it has kept back a large file;
            None or {} when it is blank.

    Returns:
        As `read_upload`.
    """
    return _read_sheet(sheet) if sheet else _problem("Draw something first, or upload a photo.")


def _read_sheet(sheet, waiting=False):
    try:
        if "too_large" in sheet:
            return _problem("The file has more than 10 MB: save the photo smaller and try again")
        start, _, content = sheet["drawing"][:MOST_DRAWN].partition(",")
        if start != "data:image/png;base64":
            raise ValueError("expected a PNG file as a data URL")
        strokes = [np.array(stroke, float).reshape(-1, 2) for stroke in sheet.get("strokes", ())]
        if len(strokes) > MOST_STROKES or not all(np.abs(stroke).max() < 1e4 for stroke in strokes):
            raise ValueError(f"expected at most {MOST_STROKES} strokes on the sheet")
        return read_upload(base64.b64decode(content, validate=True), strokes, waiting)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return _problem(f"This is no drawing of this page: {error}")


def read_upload(content, strokes=(), waiting=False):
    """Read a picture file.

    Args:
        content: the bytes of the file, or None.
        strokes: where the pen ran, as `find_digits` takes it.
        waiting: True while a visitor is drawing: less ink than a digit gets no answer yet.

    Returns:
        Two pieces of HTML: the answer with its probabilities, and the steps; or what to do, and "".
    """
    if content is None:
        return _problem("Choose a photo first")
    try:
        photo = read_photo(content)
        digits = find_digits(photo, load_reader(), strokes)
        if len(digits) > 1:
            return _number(photo, digits)
        if waiting and digits[0].odd in (A_DOT, A_STROKE):
            return _said(GO_ON), ""
        return _one_digit(digits[0])
    except (NotAPhoto, NoDigitFound) as error:  # the message says what to do
        if waiting and str(error) == NOTHING:
            return _said(GO_ON), ""
        return _problem(str(error))
    except Exception:  # the page stays up, whatever a picture does; the reason goes to the log
        logging.exception("A picture could not be read")
        return _problem("This picture could not be read, through no fault of yours. Try another one")


def _one_digit(digit):
    said = answer_digit(digit)
    if digit.odd:
        text = f"Not sure that this is a digit: {digit.odd}. The network alone says {said.candidates[0]}."
        words = _said(text, "?", "unsure")
    elif said.digit is None:
        text = f"{_sentence(str(said))} Write it again, larger or clearer."
        words = _said(text, _either(said), "unsure")
    else:
        words = _said(f"The network gives it {_percent(said.probability)}.", said.digit)
    pictures = [
        f"{_picture(step, '')}<span><b>{name}</b> {STEPS[name]}</span>" for name, step in digit.stages.items()
    ]
    steps = f"<h2>From your picture to what the network reads</h2>{_list('steps', pictures)}"
    return words + _bars(digit.probabilities), steps


def _number(photo, digits):
    answers = [answer_digit(digit) for digit in digits]
    marks = iter("?" if said.digit is None else str(said) for said in answers)
    rows = ["".join(next(marks) for _ in row) for row in rows_of(digits)]
    unsure = sum(row.count("?") for row in rows)
    text = f"{len(digits)} digits" + (f" in {len(rows)} rows" if len(rows) > 1 else "")
    words = _said(text + (f", not sure of {unsure}." if unsure else "."), "<br>".join(rows), "number")
    if 2 * unsure >= len(digits):
        words = _said("Not sure that these are digits. Write them again, larger or clearer.", "?", "unsure")
    each = [
        f"{_picture(digit.image, '')}<b>{_either(said)}</b>{_percent(said.probability)}"
        f"{_bars(digit.probabilities)}"
        for digit, said in zip(digits, answers, strict=True)
    ]
    height, width = photo.shape
    frames = ""
    for top, left, bottom, right in (digit.box for digit in digits):
        place = left / width, top / height, (right - left) / width, (bottom - top) / height
        frames += "<i style='left:{:.1%};top:{:.1%};width:{:.1%};height:{:.1%}'></i>".format(*place)
    found = f"<div class='found'>{_picture(photo, 'Your picture, each digit in a frame')}{frames}</div>"
    return words + _list("digits", each), f"<h2>Where it found them</h2>{found}"


# --- HTML ---------------------------------------------------------------------------------------------


def _said(text, large="", kind=""):
    return f"<div class='said {kind}' role='status'><strong>{large}</strong><p>{text}</p></div>"


def _problem(text):
    return _said(_sentence(escape(text)), kind="problem"), ""


def _sentence(text):
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _either(said):
    """The digit, or the two that it may be: "4", "4 or 9?"."""
    if said.digit is None and said.probability >= SURE:
        return f"{said.candidates[0]}?"  # its shape is odd
    return "{} or {}?".format(*said.candidates) if said.digit is None else str(said)


def _percent(probability):
    return ">99%" if 0.995 <= probability < 1 else f"{probability:.0%}"


def _bars(probabilities):
    bars = [
        f"{k}<i style='--share:{share:.3f}'></i><span>{_percent(share)}</span>"
        for k, share in enumerate(probabilities)
    ]
    return _list("bars", bars)


def _list(name, entries):
    return f"<ol class='{name}'>{''.join(f'<li>{entry}</li>' for entry in entries)}</ol>"


def _picture(image, description):
    scale = min(1, 320 / max(image.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    content = base64.b64encode(cv2.imencode(".png", small)[1]).decode()
    return f"<img alt='{description}' src='data:image/png;base64,{content}'>"
