"""Any picture becomes grey values, upright and on white; what is none is refused with advice."""

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from mnist_helpers.handwriting import NotAPhoto, read_photo
from tests.support.pictures import bomb, saved, seven, turned_by_the_phone


def rgb():
    return Image.fromarray(np.stack([seven()] * 3, axis=2))


def with_alpha(colour):
    """A drawing whose colour is `colour` everywhere and whose ink is only in the alpha channel."""
    return Image.merge("RGBA", [Image.new("L", (90, 120), colour)] * 3 + [Image.fromarray(255 - seven())])


FILES = {
    "RGB png": lambda: saved(rgb()),
    "grey jpeg": lambda: saved(seven(), "JPEG", quality=95),
    "CMYK jpeg": lambda: saved(rgb().convert("CMYK"), "JPEG", quality=95),
    "progressive jpeg": lambda: saved(rgb(), "JPEG", quality=95, progressive=True),
    "turned jpeg": lambda: turned_by_the_phone(seven()),
    "webp": lambda: saved(with_alpha(0), "WEBP", lossless=True),
    "1-bit tiff": lambda: saved(rgb().convert("1"), "TIFF"),
    "16-bit png": lambda: saved(seven().astype(np.uint16) * 257),
    "black ink in alpha": lambda: saved(with_alpha(0)),
    "animation": lambda: saved(rgb(), "GIF", save_all=True, append_images=[Image.new("RGB", (90, 120))]),
}


@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_a_digit_is_the_same_in_every_file_format(make, tmp_path):
    content = make()
    path = tmp_path / "picture.bin"
    path.write_bytes(content)
    for source in (content, path, str(path), io.BytesIO(content), Image.open(io.BytesIO(content))):
        photo = read_photo(source)
        assert photo.dtype == np.uint8 and abs(photo - seven().astype(int)).mean() < 6
    assert path.read_bytes() == content


ARRAYS = {
    "one channel": seven()[..., np.newaxis],
    "RGB": np.asarray(rgb()),
    "RGBA": np.asarray(with_alpha(0)),
    "bool": seven() > 127,
    "16 bit": seven().astype(np.uint16) * 257,
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_a_digit_is_the_same_in_every_kind_of_array(array):
    before = array.copy()
    assert abs(read_photo(array) - seven().astype(int)).mean() < 6
    assert np.array_equal(array, before)


def test_white_ink_that_is_only_in_alpha_is_laid_on_black():
    photo = read_photo(with_alpha(255))
    assert photo[100, 80] == 0 and photo[26, 30] > 200  # paper and ink


def test_ink_as_bright_as_the_paper_is_told_by_its_colour():
    ink = seven() < 128
    photo = read_photo(np.where(ink[..., None], (200, 40, 40), (10, 122, 60)).astype(np.uint8))
    assert abs(photo[ink].mean() - photo[~ink].mean()) > 150


BAD = {
    "empty file": (lambda: b"", "empty"),
    "text": (lambda: b"not a picture\n" * 40, "none, or damaged"),
    "PDF": (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "screenshot"),
    "SVG with a declaration": (lambda: b'\xef\xbb\xbf<?xml version="1.0"?><svg/>', "SVG"),
    "HTML": (lambda: b"\n<!DOCTYPE html><html></html>", "web page"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic" + b"\0" * 60, "Most Compatible"),
    "truncated JPEG": (lambda: saved(rgb(), "JPEG")[:900], "damaged"),
    "a JPEG of many scans": (lambda: saved(rgb(), "JPEG") + 200 * b"\xff\xda\0\2", "scans"),
    "bomb": (bomb, "40 megapixels"),
    "more than 10 MB": (lambda: saved(rgb()) + bytes(10_000_000), "10 MB"),
    "1 × 1": (lambda: saved(Image.new("L", (1, 1))), "1 × 1"),
    "a strip": (lambda: saved(Image.new("L", (10_000, 3))), "10000 × 3"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_what_is_no_picture_is_refused_with_advice(make, message, tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(make())
    for source in (make(), path):
        with pytest.raises(NotAPhoto, match=message):
            read_photo(source)
    path.unlink()  # on Windows this fails while the file is open


def test_an_array_that_is_no_picture_is_refused():
    five_channels, large = np.zeros((50, 50, 5), np.uint8), np.broadcast_to(np.uint8(0), (10_000, 5_000))
    for array in (np.full((50, 50), np.nan), np.zeros((50, 50), np.int64), five_channels, large):
        with pytest.raises(NotAPhoto, match=r"expected uint8|pixels"):
            read_photo(array)


def test_other_sources_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(TypeError, match="expected a path"):
        read_photo(["a.png"])
    with pytest.raises(NotAPhoto, match="folder"):
        read_photo(tmp_path)


def test_a_large_file_is_not_read_whole(tmp_path):
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    with pytest.raises(NotAPhoto, match="10 MB"):
        read_photo(tmp_path / "large.jpg")
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()
