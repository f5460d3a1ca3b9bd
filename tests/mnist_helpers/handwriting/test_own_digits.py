"""Photographs of handwriting: reading files, preparing one digit, finding several, and saying "not sure"."""

import io
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mnist_helpers.data import find_mnist
from mnist_helpers.handwriting.digit import (
    NoDigitFound,
    NotAPhoto,
    answer,
    find_digits,
    preparation_steps,
    pretrained_reader,
    read_photo,
    to_mnist_style,
)
from mnist_helpers.handwriting.synthetic import number, photograph
from mnist_helpers.models import load_pretrained
from mnist_helpers.preprocessing import to_model_input
from tools.maintain import pretrain, samples


def seven(height=120, width=90, ink=0, paper=255):
    """A 7 of thick strokes, off centre, as uint8 (h, w)."""
    picture = np.full((height, width), paper, np.uint8)
    points = np.array([(0.15, 0.2), (0.55, 0.2), (0.3, 0.75)]) * (width, height)
    cv2.polylines(picture, [points.astype(int)], False, ink, max(2, width // 14), cv2.LINE_AA)
    return picture


def saved(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def rgb():
    return Image.fromarray(np.stack([seven()] * 3, axis=2))


def with_alpha(colour, opaque):
    """A drawing whose colour is `colour` everywhere and whose ink is only in the alpha channel."""
    ink = 255 - seven()
    picture = np.empty((*ink.shape, 4), np.uint8)
    picture[..., :3] = colour
    picture[..., 3] = ink if not opaque else 255
    return Image.fromarray(picture)


def turned_by_the_phone():
    """Stored lying on its side, with the EXIF entry that says how to turn it back."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to show it
    return saved(rgb().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


def transparent_paper():
    picture = rgb().quantize(8)
    return saved(picture, "PNG", transparency=picture.getpixel((80, 100)))


def animation():
    frames = [rgb(), Image.new("RGB", (90, 120), "white")]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)


GOOD = {
    "png": lambda: saved(rgb(), "PNG"),
    "grey png": lambda: saved(Image.fromarray(seven()), "PNG"),
    "jpeg": lambda: saved(rgb(), "JPEG", quality=95),
    "progressive jpeg": lambda: saved(rgb(), "JPEG", quality=95, progressive=True),
    "grey jpeg": lambda: saved(Image.fromarray(seven()), "JPEG", quality=95),
    "CMYK jpeg": lambda: saved(rgb().convert("CMYK"), "JPEG", quality=95),
    "turned jpeg": turned_by_the_phone,
    "webp": lambda: saved(rgb(), "WEBP", quality=90),
    "transparent webp": lambda: saved(with_alpha((0, 0, 0), False), "WEBP", lossless=True),
    "palette png": lambda: saved(rgb().quantize(8), "PNG"),
    "palette gif": lambda: saved(rgb().quantize(8), "GIF"),
    "palette png with transparent paper": transparent_paper,
    "1-bit png": lambda: saved(rgb().convert("1"), "PNG"),
    "1-bit tiff": lambda: saved(rgb().convert("1"), "TIFF"),
    "16-bit png": lambda: saved(Image.fromarray(seven().astype(np.uint16) * 257), "PNG"),
    "16-bit tiff": lambda: saved(Image.fromarray(seven().astype(np.uint16) * 257), "TIFF"),
    "LA png": lambda: saved(Image.fromarray(seven()).convert("LA"), "PNG"),
    "RGBA png": lambda: saved(rgb().convert("RGBA"), "PNG"),
    "black ink in alpha": lambda: saved(with_alpha((0, 0, 0), False), "PNG"),
    "bmp": lambda: saved(rgb(), "BMP"),
    "ppm": lambda: saved(rgb(), "PPM"),
    "animation": animation,
}


@pytest.fixture(scope="module")
def expected():
    return to_mnist_style(seven())


@pytest.mark.parametrize("make", GOOD.values(), ids=GOOD)
def test_a_digit_is_the_same_in_every_file_format(make, expected, tmp_path):
    content = make()
    path = tmp_path / "picture.bin"
    path.write_bytes(content)
    for source in (content, path, str(path), io.BytesIO(content), Image.open(io.BytesIO(content))):
        photo = read_photo(source)
        assert photo.shape == (120, 90) and photo.dtype == np.uint8
        assert photo[100, 80] > 200 and photo[26, 30] < 60  # paper and ink
        difference = np.abs(to_mnist_style(photo).astype(int) - expected)
        assert difference.mean() < 5
    assert path.read_bytes() == content


def test_white_ink_that_is_only_in_alpha_is_laid_on_black(expected):
    photo = read_photo(with_alpha((255, 255, 255), False))
    assert photo[100, 80] == 0 and photo[26, 30] > 200
    assert np.abs(to_mnist_style(photo).astype(int) - expected).mean() < 5


ARRAYS = {
    "grey": lambda: seven(),
    "one channel": lambda: seven()[..., np.newaxis],
    "RGB": lambda: np.stack([seven()] * 3, axis=2),
    "RGBA": lambda: np.asarray(with_alpha((0, 0, 0), False)),
    "bool": lambda: seven() > 127,
    "16 bit": lambda: seven().astype(np.uint16) * 257,
    "not contiguous": lambda: np.repeat(np.repeat(seven(), 2, 0), 2, 1)[::2, ::2],
}


@pytest.mark.parametrize("make", ARRAYS.values(), ids=ARRAYS)
def test_a_digit_is_the_same_in_every_kind_of_array(make, expected):
    array = make()
    before = array.copy()
    assert np.abs(to_mnist_style(read_photo(array)).astype(int) - expected).mean() < 5
    assert np.array_equal(array, before)


def test_ink_as_bright_as_the_paper_is_told_by_its_colour():
    ink = seven() < 128
    picture = np.where(ink[..., None], (200, 40, 40), (10, 122, 60)).astype(np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    assert np.ptp(grey) < 12
    photo = read_photo(picture)
    assert abs(photo[ink].mean() - photo[~ink].mean()) > 150


def bomb():
    """A small PNG file whose header announces 50,000 × 50,000 pixels."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 50_000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


BAD = {
    "empty file": (lambda: b"", "empty"),
    "text": (lambda: b"not a picture\n" * 40, "none, or damaged"),
    "PostScript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "PostScript"),
    "PDF": (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "screenshot"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "SVG with a declaration": (lambda: b'\xef\xbb\xbf<?xml version="1.0"?><svg/>', "SVG"),
    "HTML": (lambda: b"\n<!DOCTYPE html><html></html>", "web page"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic" + b"\0" * 60, "Most Compatible"),
    "truncated PNG": (lambda: saved(rgb(), "PNG")[:300], "damaged"),
    "truncated JPEG": (lambda: saved(rgb(), "JPEG")[:900], "damaged"),
    "truncated WebP": (lambda: saved(rgb(), "WEBP")[:100], "damaged"),
    "PNG with a wrong checksum": (
        lambda: saved(rgb(), "PNG").replace(b"IHDR\0\0\0Z", b"IHDR\0\0\0Y"),
        "damaged",
    ),
    "only a PNG signature": (lambda: b"\x89PNG\r\n\x1a\n", "damaged"),
    "bomb": (bomb, "40 megapixels"),
    "50 megapixels": (lambda: saved(Image.new("1", (10_000, 5_000)), "PNG"), "40 megapixels"),
    "more than 10 MB": (lambda: saved(rgb(), "PNG") + b"\0" * 10_000_000, "10 MB"),
    "1 × 1": (lambda: saved(Image.new("L", (1, 1)), "PNG"), "1 × 1"),
    "a strip": (lambda: saved(Image.new("L", (10_000, 3)), "PNG"), "10000 × 3"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_what_is_no_picture_is_refused_with_advice(make, message, tmp_path):
    content = make()
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    for source in (content, path):
        with pytest.raises(NotAPhoto, match=message):
            read_photo(source)
    assert list(tmp_path.iterdir()) == [path] and path.read_bytes() == content
    path.unlink()  # on Windows this fails while the file is open


BAD_ARRAYS = {
    "NaN": np.full((50, 50), np.nan),
    "float": np.zeros((50, 50)),
    "int64": np.zeros((50, 50), np.int64),
    "complex": np.zeros((50, 50), complex),
    "text": np.full((50, 50), "a"),
    "objects": np.full((50, 50), None),
    "no pixels": np.zeros((0, 50), np.uint8),
    "1 × 1": np.zeros((1, 1), np.uint8),
    "flat": np.zeros(50, np.uint8),
    "five channels": np.zeros((50, 50, 5), np.uint8),
    "a stack": np.zeros((2, 50, 50, 3), np.uint8),
    "a strip": np.zeros((10_000, 3), np.uint8),
    "50 megapixels": np.broadcast_to(np.uint8(0), (10_000, 5_000)),
}


@pytest.mark.parametrize("array", BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_an_array_that_is_no_picture_is_refused(array):
    with pytest.raises(NotAPhoto, match=r"expected uint8|pixels"):
        read_photo(array)


@pytest.mark.parametrize("source", [None, 7, ["a.png"], {"composite": None}])
def test_a_source_of_another_kind_is_a_type_error(source):
    with pytest.raises(TypeError, match="expected a path"):
        read_photo(source)


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(NotAPhoto, match="folder"):
        read_photo(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_photo(tmp_path / "missing.png")


def test_a_large_file_is_not_read_whole(tmp_path):
    path = tmp_path / "large.jpg"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    code = f"""
import resource, sys
from mnist_helpers.handwriting.digit import read_photo
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_photo({str(path)!r})
except ValueError as error:
    print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    if sys.platform == "win32":
        pytest.skip("no resource module")
    said, grown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "10 MB" in said
    assert int(grown) * (1 if sys.platform == "linux" else 1 / 1024) < 40_000  # kilobytes


NOTHING_THERE = {
    "white": lambda: np.full((200, 300), 255, np.uint8),
    "black": lambda: np.zeros((200, 300), np.uint8),
    "grey": lambda: np.full((200, 300), 127, np.uint8),
    "smallest": lambda: np.full((8, 8), 255, np.uint8),
    "a slope": lambda: np.tile(np.linspace(90, 250, 300), (200, 1)).astype(np.uint8),
    "noise": lambda: np.random.default_rng(0).integers(0, 256, (200, 300)).astype(np.uint8),
    "small noise": lambda: np.random.default_rng(0).integers(0, 256, (40, 40)).astype(np.uint8),
    "grainy paper": lambda: (
        np.random.default_rng(0).normal(190, 12, (300, 300)).clip(0, 255).astype(np.uint8)
    ),
    "black and white noise": lambda: (
        255 * np.random.default_rng(0).integers(0, 2, (100, 100)).astype(np.uint8)
    ),
    "a dot": lambda: cv2.circle(np.full((300, 300), 255, np.uint8), (150, 150), 2, 0, -1),
    "jpeg of nothing": lambda: read_photo(
        saved(Image.new("RGB", (300, 200), (250, 250, 248)), "JPEG", quality=30)
    ),
}


@pytest.mark.parametrize("make", NOTHING_THERE.values(), ids=NOTHING_THERE)
def test_where_there_is_nothing_no_digit_is_found(make):
    for function in (to_mnist_style, preparation_steps, find_digits):
        with pytest.raises(NoDigitFound, match="dark pen on light paper"):
            function(make())


def test_a_page_of_writing_is_refused_before_it_is_taken_apart():
    page = np.full((700, 500), 255, np.uint8)
    for line in range(40, 690, 30):
        cv2.putText(page, "the quick brown fox jumps over", (20, line), 0, 0.8, 0, 2)
    with pytest.raises(NoDigitFound, match="one number alone"):
        find_digits(page)


def test_the_stages_end_with_what_the_network_gets():
    stages = preparation_steps(seven())
    np.testing.assert_array_equal(list(stages.values())[-1], to_mnist_style(seven()))
    assert list(stages) == ["photo", "light evened", "ink", "digit", "pen evened", "20 × 20", "centred"]
    assert all(stage.dtype == np.uint8 for stage in stages.values())
    assert max(stages["20 × 20"].shape) == 20 and stages["centred"].shape == (28, 28)


@pytest.mark.parametrize("pen", [3, 6, 12, 24])
def test_a_digit_comes_out_centred_and_with_mnist_s_pen_whatever_pen_wrote_it(pen):
    picture = np.full((300, 240), 240, np.uint8)
    cv2.polylines(picture, [np.array([(60, 60), (170, 60), (100, 240)])], False, 40, pen, cv2.LINE_AA)
    image = to_mnist_style(picture)
    rows, columns = np.indices((28, 28))
    assert abs((rows * image).sum() / image.sum() - 13.5) < 1
    assert abs((columns * image).sum() / image.sum() - 13.5) < 1
    assert (
        45 < image.sum() / 255 < 120
    )  # pixels of ink: 11 and 90 for the two extremes, were the pen left alone


@pytest.mark.parametrize("number_of_answers", [3, 11])
def test_an_answer_needs_ten_probabilities(number_of_answers):
    with pytest.raises(ValueError, match="ten probabilities"):
        answer(np.full(number_of_answers, 0.1))


def test_below_the_threshold_the_answer_names_the_two_likeliest():
    probabilities = np.array([[0.01, 0.01, 0.01, 0.01, 0.55, 0.01, 0.01, 0.01, 0.01, 0.37]])
    assert answer(probabilities) == "not sure: 4 or 9"
    assert answer(probabilities, threshold=0.5) == 4
    assert type(answer(probabilities, threshold=0.5)) is int


# --- the network that comes with the course -----------------------------------------------------------


@pytest.fixture(scope="module")
def reader():
    return load_pretrained()


@pytest.fixture(scope="module")
def mnist(request):
    """MNIST's test digits, wherever the notebooks run on MNIST too."""
    if "MNIST_PATH" not in os.environ and request.config.getoption("--notebook-data") != "mnist":
        pytest.skip("needs the real MNIST: course.py test --full runs it")
    found = find_mnist()
    return found.test_images, found.test_labels


def read(reader, images):
    return reader.predict(to_model_input(np.stack(images)), verbose=0)


def test_the_sample_pictures_are_what_the_script_draws(tmp_path):
    samples.main(["--to", str(tmp_path)])
    committed = sorted(samples.SAMPLES.glob("*.jpg"))
    assert [path.name for path in committed] == sorted(path.name for path in tmp_path.iterdir())
    for path in committed:
        old, new = (np.asarray(Image.open(file), float) for file in (path, tmp_path / path.name))
        assert old.shape == new.shape and abs(old - new).mean() < 2  # JPEG encoders differ a little


def test_the_sample_pictures_are_read_and_the_letter_is_not(reader):
    paths = sorted(samples.SAMPLES.glob("*.jpg"))
    answers = {
        path.stem: answer(row)
        for path, row in zip(paths, read(reader, [to_mnist_style(read_photo(p)) for p in paths]), strict=True)
    }
    digits = {name: said for name, said in answers.items() if name[0].isdigit()}
    assert digits == {name: int(name[0]) for name in digits} and len(digits) == 10
    assert str(answers["letter__A"]).startswith("not sure")


def test_a_number_is_found_digit_by_digit(reader):
    photo = read_photo(samples.SAMPLES / "number__90210.jpg")
    found = find_digits(photo)
    assert "".join(str(answer(row)) for row in read(reader, [digit.image for digit in found])) == "90210"
    for (top, left, bottom, right), image in found:
        assert 0 <= top < bottom <= photo.shape[0] and 0 <= left < right <= photo.shape[1]
        assert image.shape == (28, 28) and image.dtype == np.uint8


def test_the_reader_as_a_graph_gives_what_the_model_gives(reader):
    images = np.random.default_rng(seed=5).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    for n in (1, 7):
        np.testing.assert_allclose(
            pretrained_reader(images[:n]), reader(to_model_input(images[:n])), atol=1e-6
        )


def test_a_wide_4_in_two_strokes_is_one_digit(reader):
    picture = np.full((320, 300), 255, np.uint8)
    for stroke in ([(150, 60), (60, 190), (195, 190)], [(212, 130), (212, 280)]):
        cv2.polylines(picture, [np.array(stroke)], False, 0, 12, cv2.LINE_AA)
    (digit,) = find_digits(picture)
    assert answer(read(reader, [digit.image])) == 4


def seven_of_pencil():
    """A 7 whose short stroke is pressed hard and whose long one is half as dark."""
    picture = np.full((320, 300), 250, np.uint8)
    cv2.line(picture, (205, 70), (120, 260), 165, 10, cv2.LINE_AA)
    cv2.line(picture, (150, 70), (205, 70), 80, 10, cv2.LINE_AA)
    return picture


def three_beside_a_table():
    """A 3 on a sheet that leaves a third of the picture to the dark table."""
    sheet = np.full((300, 300), 235, np.uint8)
    points = [(100, 40), (200, 40), (140, 130), (205, 165), (195, 250), (95, 260)]
    cv2.polylines(sheet, [np.array(points)], False, 40, 16, cv2.LINE_AA)
    return np.pad(sheet, ((0, 120), (120, 0)), constant_values=60)


@pytest.mark.parametrize("picture, digit", [(seven_of_pencil(), 7), (three_beside_a_table(), 3)])
def test_faint_strokes_belong_to_a_digit_and_what_comes_in_from_the_edge_does_not(picture, digit, reader):
    assert answer(read(reader, [to_mnist_style(picture)])) == digit


def test_the_network_keeps_its_claim(mnist, capsys):
    assert pretrain.main(["--check"]) == 0, capsys.readouterr().out


def test_photographs_of_test_digits_are_read(mnist, reader):
    images, labels = mnist
    photos = [photograph(images[i], np.random.default_rng((1, i))) for i in range(400)]
    prepared = [to_mnist_style(read_photo(photo)) for photo in photos]
    probabilities = read(reader, prepared)
    assert (probabilities.argmax(axis=1) == labels[:400]).mean() >= 0.985
    assert (probabilities.max(axis=1) < 0.7).mean() <= 0.03  # declined by answer()


def test_nine_in_ten_numbers_are_taken_apart_into_their_digits(mnist):
    """200 numbers of two to five digits on plain paper, one in four with digits that touch."""
    images = mnist[0]
    counted = 0
    for k in range(200):
        rng = np.random.default_rng((2, k))
        chosen = images[rng.integers(len(images), size=rng.integers(2, 6))]
        ink = number(chosen, rng, touching=k % 4 == 0)
        photo = np.pad(np.round(250 - 220 * ink).astype(np.uint8), 30, constant_values=250)
        found = find_digits(photo)
        boxes = [digit.box[1] for digit in found]
        counted += len(found) == len(chosen) and boxes == sorted(boxes)
    assert counted >= 180
