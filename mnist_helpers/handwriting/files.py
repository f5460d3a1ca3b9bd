"""Any picture becomes grey values: files of many kinds, PIL images, arrays."""

import io
import os

import cv2
import numpy as np
from PIL import Image, ImageOps

from mnist_helpers.handwriting.errors import NotAPhoto

MOST_BYTES = 10_000_000
MOST_PIXELS = 40_000_000
MOST_SCANS = 100  # of a progressive JPEG: cameras write ten, a hostile file tens of thousands
LEAST_SIDE, LONGEST_SHAPE = 4, 30  # pixels; times longer than wide. No digit is smaller or longer
ORIENTATION = 0x0112  # the EXIF entry that says how the phone was held; 1 is upright

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
NOT_PICTURES = (  # how files begin that people take for pictures, and what to do with them
    (b"%PDF", "a PDF document: take a screenshot of the page and save it as PNG"),
    (b"%!", "a PostScript document: export it as PNG"),
    (b"<svg", "an SVG drawing: export it as PNG"),
    (b"<?xml", "an XML document, perhaps an SVG drawing: export it as PNG"),
    (b"<!doctype", "a web page: save the picture on it, not the page"),
    (b"<html", "a web page: save the picture on it, not the page"),
)
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


def read_photo(source):
    """Read a picture as grey values, the way a person sees it: upright and on white.

    Args:
        source: a path, the bytes of a file, an open binary file, a PIL image, or an array: uint8 or bool
            `(h, w)`, uint8 `(h, w, 1)`, `(h, w, 3)` RGB or `(h, w, 4)` RGBA, or uint16 `(h, w)`.

    Returns:
        uint8 array `(h, w)`, 0 black to 255 white. A phone's rotation is applied; transparent parts are white
        (black where white would hide the drawing); of an animation it is the first picture.

    Raises:
        NotAPhoto: a `ValueError`. Not a picture, damaged, above 10 MB or 40 megapixels, below 4 × 4
            pixels or a long strip.
        TypeError: `source` is something else.
        OSError: the file cannot be opened.
    """
    if isinstance(source, np.ndarray):
        picture = _from_array(source)
    elif isinstance(source, Image.Image):
        picture = source
    else:
        picture = _open(_bytes_of(source))
    _check_size(*picture.size)
    try:
        turned = picture.getexif().get(ORIENTATION, 1) != 1  # else there is nothing to do but a copy
        return _grey(ImageOps.exif_transpose(picture) if turned else picture)
    except Exception as error:  # decoders meet damaged files with errors of many kinds
        raise NotAPhoto(f"the picture is damaged or cut short ({error}): save or send it again") from error


def _bytes_of(source):
    if isinstance(source, (bytes, bytearray, memoryview)):
        content = bytes(source)
    elif isinstance(source, (str, os.PathLike)):
        if os.path.isdir(source):
            raise NotAPhoto(f"{os.fspath(source)!r} is a folder: pass one picture in it")
        with open(source, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    elif hasattr(source, "read"):
        content = source.read(MOST_BYTES + 1)
    else:
        kind = type(source).__name__
        raise TypeError(f"expected a path, bytes, a PIL image or a NumPy array, got {kind}")
    if len(content) > MOST_BYTES:
        raise NotAPhoto(
            f"the file has more than {MOST_BYTES // 10**6} MB: save the photo smaller and try again"
        )
    return content


def _open(content):
    if not content:
        raise NotAPhoto("the file is empty: save or send the picture again")
    start = content[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, advice in NOT_PICTURES:
        if start.startswith(beginning.lower()):
            raise NotAPhoto(f"expected a photo, got {advice}")
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        raise NotAPhoto(
            "this is a HEIC photo, which is not supported. Convert it to JPEG: on an iPhone choose Settings "
            "› Camera › Formats › Most Compatible and take it again; on a computer export it as JPEG"
        )
    if content[:2] == b"\xff\xd8" and content.count(b"\xff\xda") > MOST_SCANS:
        raise NotAPhoto(f"this JPEG has more than {MOST_SCANS} scans, which no camera writes: save it again")
    Image.init()
    try:
        return Image.open(io.BytesIO(content), formats=[name for name in FORMATS if name in Image.OPEN])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAPhoto(_too_large()) from error
    except Exception as error:
        raise NotAPhoto(
            "expected a photo (JPEG, PNG, WebP, GIF, BMP, TIFF), got a file that is none, or damaged"
        ) from error


def _too_large():
    return f"the picture has more than {MOST_PIXELS // 10**6} megapixels: save it smaller and try again"


def _check_size(width, height):
    if width * height > MOST_PIXELS:
        raise NotAPhoto(_too_large())
    shape = f"the picture is {width} × {height} pixels"
    if min(width, height) < LEAST_SIDE:
        raise NotAPhoto(f"{shape}: a digit needs at least {LEAST_SIDE} × {LEAST_SIDE}")
    if max(width, height) > LONGEST_SHAPE * min(width, height):
        raise NotAPhoto(f"{shape}: a strip as long as that holds no digit; photograph the digit alone")


def _from_array(array):
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise NotAPhoto(f"expected uint8 (h, w), got {array.dtype} {array.shape} with NaN or infinity in it")
    shapes = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4))
    if not shapes or array.size == 0 or array.dtype not in (np.uint8, np.bool_, np.uint16):
        raise NotAPhoto(
            f"expected uint8 (h, w), (h, w, 3) or (h, w, 4), got {array.dtype} {array.shape}: "
            "convert it, for instance (255 * array).astype('uint8') for values from 0 to 1"
        )
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.dtype == np.bool_:
        array = 255 * array.astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(array))


def _grey(picture):
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        values = np.nan_to_num(np.asarray(picture, dtype=np.float64), posinf=0, neginf=0).clip(0)
        brightest = values.max()
        white = 1 if brightest <= 1 else max(255, brightest)  # floats may run to 1, 16 bits to 65,535
        return np.rint(255 * values / white).astype(np.uint8)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        grey = _laid_on(picture, 255)
        return grey if np.ptp(grey) > 24 else _laid_on(picture, 0)
    if picture.mode in ("1", "L"):
        return np.array(picture.convert("L"))
    return _colours_to_grey(np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB")))


def _laid_on(picture, brightness):
    paper = Image.new("RGBA", picture.size, (brightness,) * 3 + (255,))
    return _colours_to_grey(np.asarray(Image.alpha_composite(paper, picture).convert("RGB")))


def _colours_to_grey(colours):
    """Grey as the eye sees it; where ink and paper are equally bright, along the colours that differ most."""
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    step = max(1, min(grey.shape) // 256)  # every pixel of a phone's millions would take long
    few = cv2.resize(np.ascontiguousarray(colours[::step, ::step]), (64, 64), interpolation=cv2.INTER_AREA)
    few = few.reshape(-1, 3).astype(np.float64)
    spread, axes = np.linalg.eigh(np.cov(few.T))
    if spread[-1] < 9 * np.var(few @ (0.299, 0.587, 0.114)) + 20:
        return grey
    values = colours.astype(np.float32) @ axes[:, -1].astype(np.float32)
    return cv2.normalize(values, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
