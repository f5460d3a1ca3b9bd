"""From a photo to images like MNIST's, one digit or several, and from probabilities to an answer."""

import contextlib
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import center_of_mass

from mnist_helpers.data import find_mnist
from mnist_helpers.handwriting import (
    NoDigitFound,
    answer,
    answer_digit,
    find_digits,
    load_reader,
    preparation_steps,
    read_photo,
    rows_of,
    to_mnist_style,
)
from mnist_helpers.handwriting.synthetic import number, photograph
from mnist_helpers.models import load_pretrained
from mnist_helpers.preprocessing import to_model_input
from tests.support.pictures import drawn, noise, page_of_text, saved, seven
from tools.lib.files import ROOT
from tools.lib.strokes import WAYS
from tools.lib.visitors import DOODLES, PEN, drawings, render
from tools.maintain import pretrain, samples


def find_unread(photo):
    """Find digits with a reader that is never sure."""
    return find_digits(photo, lambda images: np.full((len(images), 10), 0.1))


@pytest.fixture(scope="module")
def reader():
    return load_reader()


WHITE = np.full((300, 300), 255, np.uint8)
NOTHING_THERE = {
    "white": lambda: WHITE,
    "a slope": lambda: np.tile(np.linspace(90, 250, 300), (200, 1)).astype(np.uint8),
    "noise": lambda: noise()[:40, :40],
    "grainy paper": lambda: np.random.default_rng(0).normal(190, 12, (300, 300)).clip(0, 255).astype("uint8"),
    "a dot": lambda: cv2.circle(WHITE.copy(), (150, 150), 2, 0, -1),
    "jpeg of nothing": lambda: read_photo(saved(Image.new("RGB", (300, 200), "ivory"), "JPEG", quality=30)),
}


@pytest.mark.parametrize("make", NOTHING_THERE.values(), ids=NOTHING_THERE)
def test_where_there_is_nothing_no_digit_is_found(make):
    for find in (to_mnist_style, find_unread):
        with pytest.raises(NoDigitFound, match="dark pen on light paper"):
            find(make())


def test_a_page_of_writing_is_refused_before_it_is_taken_apart():
    with pytest.raises(NoDigitFound, match="one number alone"):
        find_unread(page_of_text())


@pytest.mark.parametrize("find", [to_mnist_style, find_unread])
def test_stripes_and_a_dash_are_read_or_refused_and_break_nothing(find):
    rows, columns = np.indices((30, 300))[0], np.indices((100, 100))[1]
    finer_than_any_pen, lost_between_pixels = 255 * (rows % 8 > 0), 255 * (columns % 3 > 0)
    too_flat_to_be_cut = cv2.line(WHITE[:100, :100].copy(), (5, 40), (95, 60), 0, 2)
    for picture in (finer_than_any_pen, lost_between_pixels, too_flat_to_be_cut):
        with contextlib.suppress(NoDigitFound):
            find(picture.astype(np.uint8))


@pytest.mark.parametrize("photo", [None, np.zeros((50, 50)), np.zeros((3, 500), np.uint8)])
def test_what_cannot_come_from_read_photo_is_refused(photo):
    with pytest.raises((TypeError, ValueError), match="pass what read_photo returns"):
        to_mnist_style(photo)


def test_the_stages_end_with_what_the_network_gets():
    stages = preparation_steps(seven())
    assert list(stages) == ["photo", "light evened", "ink", "digit", "pen evened", "20 × 20", "centred"]
    assert max(stages["20 × 20"].shape) == 20 and stages["centred"].shape == (28, 28)
    assert np.array_equal(stages["centred"], to_mnist_style(seven()))


@pytest.mark.parametrize("pen", [1, 3, 12, 24])
def test_a_digit_comes_out_centred_and_with_mnist_s_pen_whatever_pen_wrote_it(pen):
    picture = np.full((600, 480), 240, np.uint8)
    cv2.polylines(picture, [np.array([(120, 120), (340, 120), (200, 480)])], False, 40, 2 * pen, cv2.LINE_AA)
    image = to_mnist_style(picture)
    assert np.abs(np.subtract(center_of_mass(image), 13.5)).max() < 1
    assert 45 < image.sum() / 255 < 120  # pixels of ink: under 11 and 90 for the extremes, if left alone


def test_an_answer_is_a_digit_or_below_the_threshold_the_two_likeliest():
    probabilities = np.array([[0.01, 0.01, 0.01, 0.01, 0.55, 0.01, 0.01, 0.01, 0.01, 0.37]])
    unsure, sure = answer(probabilities), answer(probabilities, threshold=0.5)
    assert (unsure.digit, unsure.candidates, str(unsure)) == (None, (4, 9), "not sure: 4 or 9")
    assert (sure.digit, sure.probability, str(sure)) == (4, 0.55, "4") and type(sure.digit) is int
    with pytest.raises(ValueError, match="ten probabilities"):
        answer(np.full(11, 0.1))


# --- with the network that comes with the course ------------------------------------------------------


def test_one_road_leads_to_one_image_and_takes_each_step_once(reader):
    photo = read_photo(saved(drawn(3)))
    house, rooms, steps = str(ROOT / "mnist_helpers" / "handwriting"), [], []

    def watch(frame, event, _):
        room, caller = frame.f_code.co_filename, frame.f_back.f_code.co_filename
        if event == "call" and room != caller and room.startswith(house):
            rooms.append(Path(room).stem)
            steps.append(frame.f_code.co_name)

    sys.setprofile(watch)
    try:
        (digit,) = find_digits(photo, reader)
        said = answer_digit(digit)
    finally:
        sys.setprofile(None)
    order = ["road", "light", "ink", "pieces", "number", "digit", "pen", "reader", "shape", "verdict"]
    assert list(dict.fromkeys(rooms)) == order and rooms.count("reader") == 1
    once = ["even_light", "find_ink", "find_pieces", "part", "prepare_digits", "even_pen", "what_is_odd"]
    assert [name for name in steps if name in once] == once
    np.testing.assert_array_equal(digit.image, to_mnist_style(photo))
    assert said.digit == 3 and list(digit.stages) == list(preparation_steps(photo))


def test_the_reader_as_a_graph_gives_what_the_model_gives(reader):
    images = np.random.default_rng(seed=5).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    np.testing.assert_allclose(reader(images), load_pretrained()(to_model_input(images)), atol=1e-6)


def test_the_sample_pictures_are_read_digit_by_digit_and_the_letter_is_not(reader):
    for path in samples.SAMPLES.glob("*.jpg"):
        what, _, details = path.stem.partition("__")
        photo = read_photo(path)
        found = find_digits(photo, reader)
        said = [answer(digit.probabilities).digit for digit in found]
        assert said == ([None] if what == "letter" else [*map(int, details if what == "number" else what)]), (
            path
        )
        for top, left, bottom, right in (digit.box for digit in found):
            assert 0 <= top < bottom <= photo.shape[0] and 0 <= left < right <= photo.shape[1]


def wide_4():
    """A 4 in two strokes that do not touch, as wide as many a 41."""
    return drawn(4, ways={4: [[[(0.5, 0), (0, 0.58), (0.86, 0.58)], [(1, 0.33), (1, 1)]]]})


def seven_of_pencil():
    """A 7 whose short stroke is pressed hard and whose long one is half as dark."""
    picture = cv2.line(np.full((320, 300), 250, np.uint8), (205, 70), (120, 260), 165, 10, cv2.LINE_AA)
    return cv2.line(picture, (150, 70), (205, 70), 80, 10, cv2.LINE_AA)


def three_beside_a_table():
    """A 3 on a sheet that leaves a third of the picture to the dark table."""
    return np.pad(drawn(3, width=300, height=300), ((0, 120), (120, 0)), constant_values=60)


@pytest.mark.parametrize("make, digit", [(wide_4, 4), (seven_of_pencil, 7), (three_beside_a_table, 3)])
def test_what_belongs_to_a_digit_is_kept_and_what_comes_in_from_the_edge_is_not(make, digit, reader):
    assert answer(reader(to_mnist_style(make())[np.newaxis])).digit == digit


def test_a_wide_digit_in_two_strokes_is_not_taken_for_a_number(reader):
    assert len(find_digits(wide_4(), reader)) == 1


def read_rows(picture, reader, strokes=()):
    rows = rows_of(find_digits(picture, reader, strokes))
    return [[answer_digit(digit).digit for digit in row] for row in rows]


def sheet_of(*placed):
    """A sheet with strokes on it, and the strokes: each a digit, its left edge, top and height."""
    strokes = [
        np.array(stroke) * (0.6 * height, height) + (left, top)
        for digit, left, top, height in placed
        for stroke in WAYS[digit][0]
    ]
    return render(strokes, PEN), strokes


@pytest.mark.parametrize("strokes_known", [True, False])
@pytest.mark.parametrize(
    "placed, rows",
    [
        ([(5, 100, 60, 330), (7, 340, 250, 130)], [[5, 7]]),
        ([(2, 80, 300, 110), (6, 200, 60, 330)], [[2, 6]]),
        ([(4, 100, 30, 160), (7, 260, 30, 160), (9, 130, 260, 170)], [[4, 7], [9]]),
    ],
)
def test_small_digits_beside_large_ones_and_two_rows_are_read(placed, rows, strokes_known, reader):
    picture, strokes = sheet_of(*placed)
    assert read_rows(picture, reader, strokes if strokes_known else ()) == rows


def test_digits_that_touch_are_told_apart_by_where_the_pen_was_lifted(reader):
    picture, strokes = sheet_of((0, 100, 100, 250), (0, 213, 100, 250), (7, 345, 100, 250))
    assert read_rows(picture, reader, strokes) == [[0, 0, 7]]


def test_an_underline_is_left_out(reader):
    picture, strokes = sheet_of((2, 150, 60, 250), (4, 330, 60, 250))
    line = [np.array([(120, 380), (500, 385)])]
    picture = np.minimum(picture, render(line, PEN))
    assert read_rows(picture, reader) == read_rows(picture, reader, strokes + line) == [[2, 4]]


@pytest.mark.parametrize("pen", [6, PEN, 40])
@pytest.mark.parametrize("end", [(560, 250), (540, 60), (70, 240)], ids=["lying", "rising", "a dot"])
def test_a_lone_stroke_is_one_digit_at_most(end, pen, reader):
    stroke = np.array([(70, 240), end])
    for strokes in ((), [stroke]):
        with contextlib.suppress(NoDigitFound):  # a thin pen's dot is dust
            assert len(find_digits(render([stroke], pen), reader, strokes)) == 1


@pytest.mark.parametrize("name", ["heart", "smiley", "triangle"])
def test_what_reads_as_0_and_has_not_its_shape_gets_no_answer(name, reader):
    strokes = [300 * np.array(stroke) + (150, 80) for stroke in DOODLES[name]]
    assert read_rows(render(strokes, PEN), reader, strokes) == [[None]]


@pytest.mark.mnist
def test_the_network_keeps_its_claim(capsys):
    assert pretrain.main(["--check"]) == 0, capsys.readouterr().out


def validation_digits():
    """Return every 25th validation digit and its label. An odd step: those at even places are harder.

    Not test digits, for what has to pass at every change is a choice, and lesson 11 reads those once. The
    network has learned these, yet reads photographs of them no better: 98.4% of 1,200; of test digits 98.5%.
    """
    mnist = find_mnist()
    n_val = len(mnist.train_images) // 6
    return mnist.train_images[-n_val::25], mnist.train_labels[-n_val::25]


@pytest.mark.mnist
def test_photographs_of_digits_are_read(reader):
    images, labels = validation_digits()
    probabilities = np.full((len(labels), 10), 0.1)  # of no digit, where none is found
    for i, image in enumerate(images):
        photo = read_photo(photograph(image, np.random.default_rng((1, i))))
        with contextlib.suppress(NoDigitFound):
            probabilities[i] = reader(to_mnist_style(photo)[np.newaxis])[0]
    sure = probabilities.max(axis=1)
    assert len(labels) == 400 and ((probabilities.argmax(axis=1) == labels) & (sure > 0.1)).mean() >= 0.985
    assert (sure < 0.7).mean() <= 0.03  # declined by answer()


@pytest.mark.mnist
def test_nine_in_ten_numbers_are_taken_apart_into_their_digits(reader):
    (images, _), counted = validation_digits(), 0
    for k in range(200):  # numbers of two to five digits on plain paper, one in four with digits that touch
        rng = np.random.default_rng((2, k))
        chosen = images[rng.integers(len(images), size=rng.integers(2, 6))]
        ink = number(chosen, rng, touching=k % 4 == 0)
        photo = np.pad(np.round(250 - 220 * ink).astype(np.uint8), 30, constant_values=250)
        boxes = [digit.box[1] for digit in find_digits(photo, reader)]
        counted += len(boxes) == len(chosen) and boxes == sorted(boxes)
    assert counted >= 180


def test_what_visitors_draw_is_read(reader):
    right = {"single": [], "number": []}
    for kind, expected, strokes in drawings(seed=7, pen=PEN, singles=60, numbers=40, others=0):
        rows = read_rows(render(strokes, PEN), reader, strokes)
        said = " ".join("".join("?" if digit is None else str(digit) for digit in row) for row in rows)
        right["single" if kind == "single" else "number"].append(said == expected)
    assert np.mean(right["single"]) >= 0.95 and np.mean(right["number"]) >= 0.9
