"""From a photo to images like MNIST's, one digit or several, and from probabilities to an answer."""

import contextlib
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import mnist_helpers
from mnist_helpers.data import find_mnist
from mnist_helpers.handwriting import (
    NoDigitFound,
    answer,
    find_digits,
    load_reader,
    preparation_steps,
    read_photo,
    to_mnist_style,
)
from mnist_helpers.handwriting.synthetic import number, photograph
from mnist_helpers.models import load_pretrained
from mnist_helpers.preprocessing import to_model_input
from tests.support.pictures import drawn, noise, page_of_text, saved, seven
from tools.maintain import pretrain, samples


def nobody(images):
    """A reader that is never sure."""
    return np.full((len(images), 10), 0.1)


@pytest.fixture(scope="module")
def reader():
    return load_reader()


@pytest.fixture(scope="module")
def mnist():
    """MNIST's test digits."""
    found = find_mnist()
    return found.test_images, found.test_labels


NOTHING_THERE = {
    "white": lambda: np.full((200, 300), 255, np.uint8),
    "smallest": lambda: np.full((8, 8), 255, np.uint8),
    "a slope": lambda: np.tile(np.linspace(90, 250, 300), (200, 1)).astype(np.uint8),
    "noise": noise,
    "small noise": lambda: noise()[:40, :40],
    "grainy paper": lambda: np.random.default_rng(0).normal(190, 12, (300, 300)).clip(0, 255).astype("uint8"),
    "black and white noise": lambda: 255 * (noise()[:100, :100] > 127).astype(np.uint8),
    "a dot": lambda: cv2.circle(np.full((300, 300), 255, np.uint8), (150, 150), 2, 0, -1),
    "jpeg of nothing": lambda: read_photo(saved(Image.new("RGB", (300, 200), "ivory"), "JPEG", quality=30)),
}


@pytest.mark.parametrize("make", NOTHING_THERE.values(), ids=NOTHING_THERE)
def test_where_there_is_nothing_no_digit_is_found(make):
    for find in (to_mnist_style, lambda photo: find_digits(photo, nobody)):
        with pytest.raises(NoDigitFound, match="dark pen on light paper"):
            find(make())


def test_a_page_of_writing_is_refused_before_it_is_taken_apart():
    with pytest.raises(NoDigitFound, match="one number alone"):
        find_digits(page_of_text(), nobody)


def test_scribbles_and_stripes_are_read_or_refused_and_break_nothing():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        scribble = np.full((100, 100), 255, np.uint8)
        points = rng.integers(-10, 110, (rng.integers(2, 30), 2))
        cv2.polylines(scribble, [points], False, 0, int(rng.integers(1, 5)))
        stripes = np.where(np.indices((60, 200))[seed % 2] % (2 + seed // 2 % 13) < 1 + seed % 3, 0, 255)
        for picture in (scribble, stripes.astype(np.uint8)):
            for find in (to_mnist_style, lambda photo: find_digits(photo, nobody)):
                with contextlib.suppress(NoDigitFound):
                    find(picture)


@pytest.mark.parametrize(
    "photo, error",
    [(None, TypeError), (np.zeros((50, 50)), ValueError), (np.zeros((3, 500), np.uint8), ValueError)],
    ids=["nothing", "floats", "a strip"],
)
def test_what_cannot_come_from_read_photo_is_refused(photo, error):
    with pytest.raises(error, match="pass what read_photo returns"):
        to_mnist_style(photo)


def test_the_stages_end_with_what_the_network_gets():
    stages = preparation_steps(seven())
    np.testing.assert_array_equal(list(stages.values())[-1], to_mnist_style(seven()))
    assert list(stages) == ["photo", "light evened", "ink", "digit", "pen evened", "20 × 20", "centred"]
    assert all(stage.dtype == np.uint8 for stage in stages.values())
    assert max(stages["20 × 20"].shape) == 20 and stages["centred"].shape == (28, 28)


@pytest.mark.parametrize("pen", [1, 3, 12, 24])
def test_a_digit_comes_out_centred_and_with_mnist_s_pen_whatever_pen_wrote_it(pen):
    picture = np.full((600, 480), 240, np.uint8)
    cv2.polylines(picture, [np.array([(120, 120), (340, 120), (200, 480)])], False, 40, 2 * pen, cv2.LINE_AA)
    image = to_mnist_style(picture)
    rows, columns = np.indices((28, 28))
    assert abs((rows * image).sum() / image.sum() - 13.5) < 1
    assert abs((columns * image).sum() / image.sum() - 13.5) < 1
    assert 45 < image.sum() / 255 < 120  # pixels of ink: under 11 and 90 for the extremes, if left alone


def test_an_answer_is_a_digit_or_below_the_threshold_the_two_likeliest():
    probabilities = np.array([[0.01, 0.01, 0.01, 0.01, 0.55, 0.01, 0.01, 0.01, 0.01, 0.37]])
    unsure, sure = answer(probabilities), answer(probabilities, threshold=0.5)
    assert (unsure.digit, unsure.candidates, str(unsure)) == (None, (4, 9), "not sure: 4 or 9")
    assert (sure.digit, sure.probability, str(sure)) == (4, 0.55, "4") and type(sure.digit) is int
    with pytest.raises(ValueError, match="ten probabilities"):
        answer(np.full(11, 0.1))


# --- with the network that comes with the course ------------------------------------------------------


def test_one_road_leads_to_one_image_and_enters_each_room_once(reader):
    photo = read_photo(saved(drawn(3)))
    folder = str(Path(mnist_helpers.__file__).parent / "handwriting")
    inside = [__file__]
    entered = []

    def watch(frame, event, _):
        if event == "call":
            if frame.f_code.co_filename.startswith(folder) and frame.f_code.co_filename != inside[-1]:
                entered.append(Path(frame.f_code.co_filename).stem)
            inside.append(frame.f_code.co_filename)
        elif event == "return":
            inside.pop()

    sys.setprofile(watch)
    try:
        (digit,) = find_digits(photo, reader)
        said = answer(digit.probabilities)
    finally:
        sys.setprofile(None)
    assert entered == ["road", "light", "ink", "pieces", "number", "digit", "pen", "reader", "verdict"]
    np.testing.assert_array_equal(digit.image, to_mnist_style(photo))
    assert said.digit == 3 and list(digit.stages) == list(preparation_steps(photo))


def test_the_reader_as_a_graph_gives_what_the_model_gives(reader):
    images = np.random.default_rng(seed=5).integers(0, 256, (7, 28, 28), dtype=np.uint8)
    np.testing.assert_allclose(reader(images), load_pretrained()(to_model_input(images)), atol=1e-6)


def test_the_sample_pictures_are_read_and_the_letter_is_not(reader):
    for path in samples.SAMPLES.glob("[!n]*__*.jpg"):
        (digit,) = find_digits(read_photo(path), reader)
        expected = int(path.name[0]) if path.name[0].isdigit() else None
        assert answer(digit.probabilities).digit == expected, path.name


def test_a_number_is_found_digit_by_digit(reader):
    photo = read_photo(samples.SAMPLES / "number__90210.jpg")
    found = find_digits(photo, reader)
    assert "".join(str(answer(digit.probabilities)) for digit in found) == "90210"
    for digit in found:
        top, left, bottom, right = digit.box
        assert 0 <= top < bottom <= photo.shape[0] and 0 <= left < right <= photo.shape[1]
        assert digit.image.shape == (28, 28) and digit.image.dtype == np.uint8


def wide_4():
    picture = np.full((320, 300), 255, np.uint8)
    for stroke in ([(150, 60), (60, 190), (195, 190)], [(212, 130), (212, 280)]):
        cv2.polylines(picture, [np.array(stroke)], False, 0, 12, cv2.LINE_AA)
    return picture


def seven_of_pencil():
    """A 7 whose short stroke is pressed hard and whose long one is half as dark."""
    picture = np.full((320, 300), 250, np.uint8)
    cv2.line(picture, (205, 70), (120, 260), 165, 10, cv2.LINE_AA)
    cv2.line(picture, (150, 70), (205, 70), 80, 10, cv2.LINE_AA)
    return picture


def three_beside_a_table():
    """A 3 on a sheet that leaves a third of the picture to the dark table."""
    paper = np.full((300, 300), 235, np.uint8)
    points = [(100, 40), (200, 40), (140, 130), (205, 165), (195, 250), (95, 260)]
    cv2.polylines(paper, [np.array(points)], False, 40, 16, cv2.LINE_AA)
    return np.pad(paper, ((0, 120), (120, 0)), constant_values=60)


@pytest.mark.parametrize("make, digit", [(wide_4, 4), (seven_of_pencil, 7), (three_beside_a_table, 3)])
def test_what_belongs_to_a_digit_is_kept_and_what_comes_in_from_the_edge_is_not(make, digit, reader):
    assert answer(reader(to_mnist_style(make())[np.newaxis])).digit == digit


def test_a_wide_digit_in_two_strokes_is_not_taken_for_a_number(reader):
    assert len(find_digits(wide_4(), reader)) == 1


@pytest.mark.mnist
def test_the_network_keeps_its_claim(mnist, capsys):
    assert pretrain.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.mnist
def test_photographs_of_test_digits_are_read(mnist, reader):
    images, labels = mnist
    photos = [photograph(images[i], np.random.default_rng((1, i))) for i in range(400)]
    probabilities = reader(np.stack([to_mnist_style(read_photo(photo)) for photo in photos]))
    assert (probabilities.argmax(axis=1) == labels[:400]).mean() >= 0.985
    assert (probabilities.max(axis=1) < 0.7).mean() <= 0.03  # declined by answer()


@pytest.mark.mnist
def test_nine_in_ten_numbers_are_taken_apart_into_their_digits(mnist, reader):
    """200 numbers of two to five digits on plain paper, one in four with digits that touch."""
    images = mnist[0]
    counted = 0
    for k in range(200):
        rng = np.random.default_rng((2, k))
        chosen = images[rng.integers(len(images), size=rng.integers(2, 6))]
        ink = number(chosen, rng, touching=k % 4 == 0)
        photo = np.pad(np.round(250 - 220 * ink).astype(np.uint8), 30, constant_values=250)
        boxes = [digit.box[1] for digit in find_digits(photo, reader)]
        counted += len(boxes) == len(chosen) and boxes == sorted(boxes)
    assert counted >= 180
