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
    answer,
    find_digits,
    load_reader,
    read_photo,
)

MOST_DRAWN = 2_000_000  # characters of a drawing; a sheet full of scribble has a tenth


def warm_up():
    """Load the network and use it once, so that no visitor waits for it."""
    load_reader()(np.zeros((1, 28, 28), np.uint8))


def follow_drawing(sheet):
    """Read what a visitor has drawn so far; a blank sheet is no mistake yet."""
    return read_drawing(sheet) if sheet else (_said("The answer appears here.") + _bars(np.zeros(10)), "")


def read_drawing(sheet):
    """Read what a visitor drew.

    Args:
        sheet: what the sheet says: `{"drawing": a PNG file as a data URL}`, or `{"too_large": bytes}` when it
            has kept back a large file; None or {} when it is blank.

    Returns:
        As `read_upload`.
    """
    if not sheet:
        return _problem("Draw something first, or upload a photo.")
    try:
        if "too_large" in sheet:
            return _problem("The file has more than 10 MB: save the photo smaller and try again")
        start, _, content = sheet["drawing"][:MOST_DRAWN].partition(",")
        if start != "data:image/png;base64":
            raise ValueError("expected a PNG file as a data URL")
        return read_upload(base64.b64decode(content, validate=True))
    except (KeyError, TypeError, ValueError) as error:
        return _problem(f"This is no drawing of this page: {error}")


def read_upload(content):
    """Read a picture file.

    Args:
        content: the bytes of the file, or None.

    Returns:
        Two pieces of HTML: the answer with its probabilities, and the steps; or what to do, and "".
    """
    if content is None:
        return _problem("Choose a photo first")
    try:
        photo = read_photo(content)
        digits = find_digits(photo, load_reader())
        return _one_digit(*digits) if len(digits) == 1 else _number(photo, digits)
    except (NotAPhoto, NoDigitFound) as error:  # the message says what to do
        return _problem(str(error))
    except Exception:  # the page stays up, whatever a picture does; the reason goes to the log
        logging.exception("A picture could not be read")
        return _problem("This picture could not be read, through no fault of yours. Try another one")


def _one_digit(digit):
    said = answer(digit.probabilities)
    if said.digit is None:
        text = f"{_sentence(str(said))} Write it again, larger or clearer."
        words = _said(text, _either(said), "unsure")
    else:
        words = _said(f"The network gives it {_percent(said.probability)}.", said.digit)
    pictures = [f"{_picture(step, '')}<span>{name}</span>" for name, step in digit.stages.items()]
    steps = f"<h2>What the network gets to see</h2>{_list('steps', pictures)}"
    return words + _bars(digit.probabilities), steps


def _number(photo, digits):
    answers = [answer(digit.probabilities) for digit in digits]
    number = "".join("?" if said.digit is None else str(said) for said in answers)
    unsure = number.count("?")
    words = _said(f"{len(digits)} digits" + (f", not sure of {unsure}." if unsure else "."), number, "number")
    each = [
        f"{_picture(digit.image, '')}<b>{_either(said)}</b>{_bars(digit.probabilities)}"
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
