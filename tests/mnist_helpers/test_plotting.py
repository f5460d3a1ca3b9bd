"""What is drawn is what was given: artists are looked at, not pixels."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mnist_helpers import plotting
from mnist_helpers.evaluation import Calibration, wilson


@pytest.fixture(autouse=True)
def figures_are_closed_and_need_no_screen():
    plt.switch_backend("agg")
    yield
    plt.close("all")


def digits(n):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def words(texts):
    return [text.get_text() for text in texts]


def test_the_grid_shows_every_pixel_of_every_digit_as_ink_on_paper_and_writes_its_title():
    images = digits(7)
    ax = plotting.show_digits(images, titles=[3, 1, 4, 1, 5, 9, 2], columns=3)
    (drawn,) = ax.images
    sheet = drawn.get_array()
    assert sheet.sum() == images.sum() and np.array_equal(sheet[10:38, 1:29], images[0])
    assert drawn.get_cmap().name == "gray_r" and drawn.get_clim() == (0, 255)
    assert words(ax.texts) == ["3", "1", "4", "1", "5", "9", "2"]


def test_photos_of_different_sizes_are_drawn_whole_at_the_same_longer_side():
    photos = [np.zeros((40, 20), np.uint8), np.full((30, 300), 255, np.uint8), np.zeros((5, 5), np.uint8)]
    ax = plotting.show_photos(photos, titles=["a", 2, "c"], columns=2)
    boxes = [image.get_extent() for image in ax.images]
    assert [max(right - left, bottom - top) for left, right, bottom, top in boxes] == pytest.approx([1, 1, 1])
    assert [image.get_array().shape for image in ax.images] == [(40, 20), (30, 300), (5, 5)]
    assert words(ax.texts) == ["a", "2", "c"]
    assert ax.images[0].cmap(0)[:3] == (0, 0, 0)  # as the camera saw it
    for left, right, bottom, top in boxes:
        assert 0 <= left < right <= ax.get_xlim()[1] and 0 <= top < bottom <= ax.get_ylim()[0]


def test_weight_images_show_every_weight_with_white_at_zero():
    weights = np.random.default_rng(0).normal(size=(7, 5, 4))
    drawn = plotting.weight_images(weights, columns=3).images[0]
    low, high = drawn.get_clim()
    assert -low == high == np.abs(weights).max()
    assert np.array_equal(np.sort(drawn.get_array().compressed()), np.sort(weights.ravel()))
    assert np.array_equal(drawn.get_array()[1:6, 0:4], weights[0])
    assert plotting.weight_images(np.zeros((2, 28, 28))).images[0].get_clim() == (-1, 1)


def test_weight_images_say_in_words_that_blue_speaks_for_a_digit_and_red_against():
    red, _, blue = plotting.weight_images(np.ones((1, 28, 28)), limit=2).images[0].cmap([0.0, 0.5, 1.0])
    assert red[0] > red[2] and blue[2] > blue[0]
    assert words(plt.gcf().axes[-1].get_yticklabels()) == ["−2 against", "0", "2 for"]


def test_class_balance_counts_digits_that_never_occur_too():
    ax = plotting.class_balance(np.array([1, 1, 9], np.uint8))
    assert [bar.get_height() for bar in ax.patches] == [0, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert words(ax.texts) == ["0", "2", "0", "0", "0", "0", "0", "0", "0", "1"]


def test_the_pixel_histogram_counts_all_256_values():
    images = digits(4)
    outline = plotting.pixel_histogram(images).collections[0].get_paths()[0].vertices.tolist()
    for value, count in enumerate(np.bincount(images.ravel())):
        assert [value - 0.5, count] in outline and [value + 0.5, count] in outline


def test_curves_differ_by_mark_start_at_epoch_one_and_show_accuracies_in_percent():
    ax = plotting.learning_curves({"a": {"val_accuracy": [0.5, 0.7]}, "b": {"val_accuracy": [0.4, 0.8, 0.9]}})
    a, b = ax.lines
    assert list(a.get_xdata()) == [1, 2] and list(b.get_ydata()) == [0.4, 0.8, 0.9]
    assert a.get_marker() != b.get_marker() and a.get_color() != b.get_color()
    assert words(ax.get_legend().get_texts()) == ["a", "b"]


HISTORY = {"loss": [0.9, 0.5, 0.2], "val_loss": [1.0, 0.6, 0.8]}


def test_a_training_is_drawn_beside_its_validation_with_the_best_epoch_marked():
    ax = plotting.training_curves(HISTORY, best_epoch=2)
    training, validation, best = ax.lines
    assert list(training.get_xdata()) == [1, 2, 3] and list(training.get_ydata()) == HISTORY["loss"]
    assert list(validation.get_ydata()) == HISTORY["val_loss"] and list(best.get_xdata()) == [2, 2]
    assert training.get_linestyle() != validation.get_linestyle()
    assert words(ax.get_legend().get_texts()) == ["training", "validation", "best epoch: 2"]


CONFIDENCE, ACCURACY, COUNT = np.array([[np.nan, 0.45, 0.95], [np.nan, 0.6, 0.9], [0, 20, 1234]])
CALIBRATED = Calibration(CONFIDENCE, ACCURACY, COUNT, error=0.05)


def test_the_reliability_diagram_draws_filled_bins_against_the_line_of_equality():
    ax = plotting.reliability_diagram({"CNN": CALIBRATED})
    equal, network, *bars = ax.lines
    assert list(equal.get_xdata()) == list(equal.get_ydata()) == [0, 1]
    assert list(network.get_xdata()) == [0.45, 0.95] and list(network.get_ydata()) == [0.6, 0.9]
    assert words(ax.texts)[:2] == ["20", "1,234"]
    assert [tuple(bar.get_ydata()) for bar in bars] == [wilson(12, 20), wilson(1111, 1234)]
    few, many = ax.collections[0].get_sizes()
    assert many > 4 * few
    both = plotting.reliability_diagram({"dense": CALIBRATED, "CNN": CALIBRATED})
    assert "20" not in words(both.texts) and len(both.lines) == 3


def test_the_heat_map_writes_each_count_in_its_cell_and_leaves_zeros_out():
    matrix = np.diag(np.arange(10))
    matrix[4, 9] = 17
    ax = plotting.confusion_heat_map(matrix)
    assert words(ax.texts) == [str(count) if count else "" for count in matrix.ravel()]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("answer", "true digit") and ax.yaxis_inverted()


def test_the_heat_map_writes_shares_as_percent_and_says_so():
    shares = np.eye(10) * 0.9 + 0.01
    shares[3] = np.nan
    ax = plotting.confusion_heat_map(shares)
    assert words(ax.texts)[:2] == ["91.0", "1.0"] and words(ax.texts)[30:40] == ["–"] * 10
    assert "percent" in ax.get_xlabel()


def test_the_errors_alone_use_all_shades_and_hide_the_diagonal():
    matrix = np.diag(np.full(10, 1000))
    matrix[4, 9] = 7
    ax = plotting.confusion_heat_map(matrix, errors_only=True)
    assert "".join(words(ax.texts)) == "7" and ax.collections[0].get_clim()[1] <= 10
    hatched = [patch.get_xy() for patch in ax.patches if patch.get_hatch()]
    assert sorted(hatched) == [(digit, digit) for digit in range(10)]


def test_numbers_are_legible_on_every_shade_and_shades_differ_without_colour():
    ax = plotting.confusion_heat_map(np.arange(1, 101).reshape(10, 10))
    ax.figure.canvas.draw()
    channels = ax.collections[0].get_facecolors()[:, :3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    assert {text.get_color() for text in ax.texts} == {"black"}
    assert ((luminance + 0.05) / 0.05 >= 4.5).all()  # WCAG 2, level AA
    assert (np.diff(luminance) < 0).all()


def answers(n):
    probabilities = np.full((n, 10), 0.01)
    probabilities[:, 3], probabilities[:, 5] = 0.72, 0.2
    return digits(n), np.full(n, 5), probabilities


def test_the_gallery_shows_each_digit_beside_its_ten_probabilities():
    images, labels, probabilities = answers(3)
    ax = plotting.mistake_gallery(images, labels, probabilities, columns=2)
    assert np.array_equal([drawn.get_array() for drawn in ax.images], images)
    lengths = np.array([bar.get_width() for bar in ax.patches]).reshape(3, 10)
    assert np.allclose(lengths / lengths.sum(axis=1, keepdims=True), probabilities)
    texts = words(ax.texts)
    assert texts.count("5, read as 3") == texts.count("72%") == texts.count("20% ✓") == 3
    assert [bool(bar.get_hatch()) for bar in ax.patches[:10]] == [digit == 5 for digit in range(10)]


def test_no_tile_of_the_gallery_covers_another():
    ax = plotting.mistake_gallery(*answers(5), columns=2)
    ax.figure.canvas.draw()
    titles = [text for text in ax.texts if "read as" in text.get_text()]
    boxes = [artist.get_window_extent() for artist in [*ax.images, *titles]]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(ax.get_window_extent().y0 <= box.y0 and box.y1 <= ax.get_window_extent().y1 for box in boxes)
    assert words(plotting.mistake_gallery(*answers(0)).texts) == ["no mistakes to show"]


def test_the_network_diagram_writes_each_weight_on_the_line_it_belongs_to():
    weights = np.array([[1, -2], [-0.0, 0.5]])
    ax = plotting.network_diagram([["p", "q"], ["a", "b"]], [weights])
    assert words(ax.texts) == ["1", "−2", "0", "0.5", "p", "q", "a", "b"]
    assert [line.get_linestyle() for line in ax.lines] == ["-", "-", ":", "-"]
    for line, text in zip(ax.lines, ax.texts, strict=False):
        (x0, x1), (y0, y1) = line.get_data()
        x, y = text.get_position()
        assert (x - x0) * (y1 - y0) == pytest.approx((y - y0) * (x1 - x0))
    assert ax.lines[1].get_ydata()[0] > ax.lines[1].get_ydata()[1]  # from p above to b below


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(plotting.show_digits, digits(1)[0]), "n ≥ 1"),
        (partial(plotting.show_digits, digits(3), ["a"]), "1 titles for 3 images"),
        (partial(plotting.show_photos, [np.zeros((2, 2, 3))]), r"expected pictures .*\(2, 2, 3\)"),
        (partial(plotting.weight_images, np.zeros((784, 10))), r"n ≥ 1, got \(784, 10\)"),
        (partial(plotting.learning_curves, {"a": {"loss": [1.0]}}), "it has loss"),
        (partial(plotting.training_curves, {"loss": [1.0]}), "no 'val_loss'; it has loss"),
        (partial(plotting.confusion_heat_map, np.zeros((9, 9))), r"\(10, 10\), got \(9, 9\)"),
        (partial(plotting.mistake_gallery, digits(3), [1, 2], np.eye(3, 10)), "3 images, 2 labels, 3 rows"),
        (partial(plotting.network_diagram, [["p", "q"], ["a"]], [np.eye(1, 2)]), r"\(2, 1\).*\(1, 2\)"),
    ],
)
def test_a_drawing_says_what_is_wrong(call, message):
    with pytest.raises((ValueError, KeyError), match=message):
        call()


@pytest.mark.parametrize(
    ("draw", "argument"),
    [
        (plotting.show_digits, digits(2)),
        (plotting.show_photos, digits(2)),
        (plotting.class_balance, [0, 1]),
        (plotting.pixel_histogram, digits(2)),
        (plotting.learning_curves, {"a": {"val_accuracy": [0.5]}}),
        (plotting.training_curves, HISTORY),
        (plotting.confusion_heat_map, np.zeros((10, 10), int)),
        (plotting.reliability_diagram, {"CNN": CALIBRATED}),
        (partial(plotting.mistake_gallery, labels=[1, 2], probabilities=np.eye(2, 10)), digits(2)),
        (plotting.weight_images, np.ones((2, 5, 5))),
        (partial(plotting.network_diagram, weights=[np.eye(1)]), [["p"], ["a"]]),
    ],
)
def test_every_drawing_uses_the_axes_it_is_given(draw, argument):
    _, ax = plt.subplots()
    assert draw(argument, ax=ax) is ax and len(plt.get_fignums()) == 1
    assert draw(argument) is not ax


def test_every_run_is_a_dot_and_mine_stands_in_front():
    ax = plotting.run_dots({"plain": [0.9, 0.92], "wide": [0.95]}, mine={"wide": 0.94})
    dots, mean, more_dots, _, mine = ax.lines
    assert [list(line.get_xdata()) for line in (dots, more_dots, mine)] == [[0.9, 0.92], [0.95], [0.94]]
    assert mean.get_xdata() == pytest.approx([0.91, 0.91]) and list(mine.get_ydata()) == [1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["plain", "wide"]


@pytest.mark.parametrize(("groups", "mine"), [({"plain": []}, {}), ({"plain": [0.9]}, {"wide": 0.9})])
def test_dots_need_runs_and_a_row(groups, mine):
    with pytest.raises(ValueError, match="plain"):
        plotting.run_dots(groups, mine)
