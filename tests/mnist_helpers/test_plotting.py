from functools import partial

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mnist_helpers import plotting
from mnist_helpers.evaluation import Calibration


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def digits(n):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def test_the_grid_shows_every_pixel_of_every_digit():
    images = digits(7)
    sheet = plotting.show_digits(images, columns=3).images[0].get_array()
    assert sheet.sum() == images.sum()
    assert np.array_equal(sheet[2:30, 1:29], images[0])
    assert np.array_equal(sheet[62:90, 1:29], images[6])


def test_the_grid_writes_one_title_per_digit_above_it():
    ax = plotting.show_digits(digits(5), titles=[3, 1, 4, 1, 5])
    assert [text.get_text() for text in ax.texts] == ["3", "1", "4", "1", "5"]


def test_the_grid_draws_zero_as_paper_and_255_as_ink():
    image = plotting.show_digits(digits(1)).images[0]
    assert image.get_cmap().name == "gray_r" and image.get_clim() == (0, 255)


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [(digits(0), None, "n ≥ 1"), (digits(1)[0], None, "shape"), (digits(3), ["a"], "1 titles for 3 images")],
    ids=["none", "one image", "titles"],
)
def test_the_grid_says_what_is_wrong(images, titles, message):
    with pytest.raises(ValueError, match=message):
        plotting.show_digits(images, titles=titles)


def test_photos_of_different_sizes_are_drawn_whole_at_the_same_longer_side():
    photos = [np.zeros((40, 20), np.uint8), np.full((30, 300), 255, np.uint8), np.zeros((5, 5), np.uint8)]
    ax = plotting.show_photos(photos, titles=["a", 2, "c"], columns=2)
    boxes = [image.get_extent() for image in ax.images]
    assert [max(right - left, bottom - top) for left, right, bottom, top in boxes] == pytest.approx([1, 1, 1])
    assert [image.get_array().shape for image in ax.images] == [(40, 20), (30, 300), (5, 5)]
    assert [text.get_text() for text in ax.texts] == ["a", "2", "c"]
    assert ax.images[0].cmap(0)[:3] == (0, 0, 0)  # as the camera saw it
    for left, right, bottom, top in boxes:
        assert ax.get_xlim()[0] <= left < right <= ax.get_xlim()[1]
        assert ax.get_ylim()[1] <= top < bottom <= ax.get_ylim()[0]


@pytest.mark.parametrize("photos, titles", [([], None), ([np.zeros((2, 2, 3))], None), ([np.eye(2)], [1, 2])])
def test_photos_that_cannot_be_drawn_are_refused(photos, titles):
    with pytest.raises(ValueError, match="expected"):
        plotting.show_photos(photos, titles)


def test_class_balance_counts_digits_that_never_occur_too():
    ax = plotting.class_balance(np.array([1, 1, 9], np.uint8))
    assert [bar.get_height() for bar in ax.patches] == [0, 2, 0, 0, 0, 0, 0, 0, 0, 1]
    assert [text.get_text() for text in ax.texts][:3] == ["0", "2", "0"]


def test_the_pixel_histogram_counts_all_256_values():
    images = digits(4)
    values, edges, _ = plotting.pixel_histogram(images).patches[0].get_data()
    assert values.sum() == images.size and len(values) == 256 and edges[0] == -0.5
    assert values[255] == (images == 255).sum()


def test_learning_curves_start_at_epoch_one_and_differ_by_mark():
    ax = plotting.learning_curves({"a": {"val_accuracy": [0.5, 0.7]}, "b": {"val_accuracy": [0.4, 0.8, 0.9]}})
    a, b = ax.lines
    assert list(a.get_xdata()) == [1, 2] and list(b.get_ydata()) == [0.4, 0.8, 0.9]
    assert a.get_marker() != b.get_marker() and a.get_color() != b.get_color()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]


def test_learning_curves_name_the_metric_that_is_missing():
    with pytest.raises(KeyError, match="it has loss"):
        plotting.learning_curves({"a": {"loss": [1.0]}})


HISTORY = {"loss": [0.9, 0.5, 0.2], "val_loss": [1.0, 0.6, 0.8]}


def test_a_training_is_drawn_beside_its_validation_from_epoch_one():
    training, validation = plotting.training_curves(HISTORY).lines
    assert list(training.get_xdata()) == [1, 2, 3] and list(training.get_ydata()) == HISTORY["loss"]
    assert list(validation.get_ydata()) == HISTORY["val_loss"]
    assert training.get_marker() != validation.get_marker()
    assert training.get_linestyle() != validation.get_linestyle()


def test_the_best_epoch_is_marked_where_the_caller_says():
    ax = plotting.training_curves(HISTORY, best_epoch=2)
    assert list(ax.lines[2].get_xdata()) == [2, 2]
    assert ax.get_legend().get_texts()[-1].get_text() == "best epoch: 2"


def test_a_training_without_validation_is_named_as_such():
    with pytest.raises(KeyError, match="no 'val_loss'; it has loss"):
        plotting.training_curves({"loss": [1.0]})


def written(ax):
    """What stands in the cells of a heat map: (row, column) → text artist."""
    return {(int(text.get_position()[1]), int(text.get_position()[0])): text for text in ax.texts}


def test_the_heat_map_writes_each_count_in_its_cell_and_leaves_zeros_out():
    matrix = np.diag(np.arange(10))
    matrix[4, 9] = 17
    ax = plotting.confusion_heat_map(matrix)
    texts = {cell: text.get_text() for cell, text in written(ax).items()}
    assert texts == {(4, 9): "17"} | {(digit, digit): str(digit) for digit in range(1, 10)}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("answer", "true digit")
    assert ax.yaxis_inverted()


def test_the_heat_map_writes_shares_as_percent_and_says_so():
    shares = np.eye(10) * 0.9 + 0.01
    shares[3] = np.nan
    ax = plotting.confusion_heat_map(shares)
    texts = written(ax)
    assert texts[0, 0].get_text() == "91.0" and texts[0, 1].get_text() == "1.0"
    assert {texts[3, column].get_text() for column in range(10)} == {"–"}
    assert "percent" in ax.get_xlabel()


def test_the_errors_alone_use_all_shades_and_hide_the_diagonal():
    matrix = np.diag(np.full(10, 1000))
    matrix[4, 9] = 7
    ax = plotting.confusion_heat_map(matrix, errors_only=True)
    assert {cell: text.get_text() for cell, text in written(ax).items()} == {(4, 9): "7"}
    shades = ax.collections[0]
    assert shades.get_clim() == (0, 7) and np.ravel(shades.get_array())[49] == 7
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert sorted(patch.get_xy() for patch in hatched) == [(digit, digit) for digit in range(10)]


@pytest.mark.parametrize("errors_only", [False, True])
def test_the_heat_map_of_no_mistakes_and_of_no_images_is_drawn(errors_only):
    for matrix in (np.eye(10, dtype=int), np.zeros((10, 10), int)):
        ax = plotting.confusion_heat_map(matrix, errors_only=errors_only)
        assert ax.collections[0].get_clim() == (0, 1)
        ax.figure.canvas.draw()


def test_the_heat_map_says_what_shape_it_wants():
    with pytest.raises(ValueError, match=r"\(10, 10\), got \(9, 9\)"):
        plotting.confusion_heat_map(np.zeros((9, 9)))


def luminance(color):
    channels = np.array(to_rgb(color))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_numbers_are_legible_on_every_shade_and_shades_differ_without_colour():
    matrix = np.arange(1, 101).reshape(10, 10)
    ax = plotting.confusion_heat_map(matrix)
    ax.figure.canvas.draw()
    shades = [luminance(color[:3]) for color in ax.collections[0].get_facecolors()]
    for (row, column), text in written(ax).items():
        ink, paper = luminance(text.get_color()), shades[10 * row + column]
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5  # WCAG 2, level AA
    assert (np.diff(shades) < 0).all()


CALIBRATED = Calibration(
    confidence=np.array([np.nan, 0.45, 0.95]),
    accuracy=np.array([np.nan, 0.6, 0.9]),
    count=np.array([0, 20, 1234]),
    error=0.05,
)


def test_the_reliability_diagram_draws_filled_bins_against_the_line_of_equality():
    ax = plotting.reliability_diagram({"CNN": CALIBRATED})
    equal, network = ax.lines
    assert list(equal.get_xdata()) == list(equal.get_ydata()) == [0, 1]
    assert list(network.get_xdata()) == [0.45, 0.95] and list(network.get_ydata()) == [0.6, 0.9]
    assert [text.get_text() for text in ax.texts][:2] == ["20", "1,234"]


def test_two_networks_in_one_diagram_differ_by_mark_and_carry_no_counts():
    ax = plotting.reliability_diagram({"dense": CALIBRATED, "CNN": CALIBRATED})
    _, dense, cnn = ax.lines
    assert dense.get_marker() != cnn.get_marker() and dense.get_color() != cnn.get_color()
    assert "20" not in [text.get_text() for text in ax.texts]


def answers(n):
    probabilities = np.full((n, 10), 0.01)
    probabilities[:, 3], probabilities[:, 5] = 0.72, 0.2
    return digits(n), np.full(n, 5), probabilities


def test_the_gallery_shows_each_digit_beside_its_ten_probabilities():
    images, labels, probabilities = answers(3)
    ax = plotting.mistake_gallery(images, labels, probabilities, columns=2)
    assert all(
        np.array_equal(drawn.get_array(), image) for drawn, image in zip(ax.images, images, strict=True)
    )
    lengths = np.array([bar.get_width() for bar in ax.patches]).reshape(3, 10)
    assert np.allclose(lengths / lengths.sum(axis=1, keepdims=True), probabilities)
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("5, read as 3") == 3 and texts.count("72%") == 3 and texts.count("20% ✓") == 3


def test_the_gallery_marks_the_true_digit_with_more_than_a_colour():
    ax = plotting.mistake_gallery(*answers(1))
    assert [digit for digit, bar in enumerate(ax.patches) if bar.get_hatch()] == [5]
    assert len({ax.patches[digit].get_facecolor() for digit in (3, 5, 7)}) == 3


def test_no_tile_of_the_gallery_covers_another():
    ax = plotting.mistake_gallery(*answers(5), columns=2)
    ax.figure.canvas.draw()
    renderer = ax.figure.canvas.get_renderer()
    titles = [text for text in ax.texts if "read as" in text.get_text()]
    boxes = [artist.get_window_extent(renderer) for artist in [*ax.images, *titles]]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(ax.get_window_extent().y0 <= box.y0 and box.y1 <= ax.get_window_extent().y1 for box in boxes)


def test_a_gallery_without_mistakes_says_so():
    ax = plotting.mistake_gallery(*answers(0))
    assert [text.get_text() for text in ax.texts] == ["no mistakes to show"] and not ax.images


def test_the_gallery_refuses_arrays_of_different_lengths():
    images, labels, probabilities = answers(3)
    with pytest.raises(ValueError, match="3 images, 2 labels, 3 rows"):
        plotting.mistake_gallery(images, labels[:2], probabilities)


def test_accuracy_curves_differ_by_mark_and_are_read_in_percent():
    ax = plotting.accuracy_curves(
        [0, 10, 20], {"dense": [0.9, 0.8, 0.4], "CNN": [1, 0.9, 0.5]}, "rotation (degrees)"
    )
    dense, cnn = ax.lines
    assert list(dense.get_xdata()) == [0, 10, 20] and list(cnn.get_ydata()) == [1, 0.9, 0.5]
    assert dense.get_marker() != cnn.get_marker() and dense.get_color() != cnn.get_color()
    assert ax.get_xlabel() == "rotation (degrees)" and ax.yaxis.get_major_formatter()(0.5) == "50%"


def test_weight_images_show_every_weight_with_white_at_zero():
    weights = np.random.default_rng(0).normal(size=(7, 5, 4))
    drawn = plotting.weight_images(weights, columns=3).images[0]
    low, high = drawn.get_clim()
    sheet = drawn.get_array()
    assert -low == high == np.abs(weights).max()
    assert np.array_equal(np.sort(sheet.compressed()), np.sort(weights.ravel()))
    assert np.array_equal(sheet[1:6, 0:4], weights[0]) and np.array_equal(sheet[13:18, 0:4], weights[6])


def test_weight_images_say_in_words_which_colour_speaks_for_a_digit():
    red, _, blue = plotting.weight_images(np.ones((1, 28, 28)), limit=2).images[0].cmap([0.0, 0.5, 1.0])
    assert red[0] > red[2] and blue[2] > blue[0]
    scale = plt.gcf().axes[-1]
    assert [text.get_text() for text in scale.get_yticklabels()] == ["−2 against", "0", "2 for"]


def test_weight_images_can_be_all_zero():
    drawn = plotting.weight_images(np.zeros((2, 28, 28)), titles=["before", "after"]).images[0]
    assert drawn.get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("weights", "titles", "message"),
    [
        (np.zeros((0, 5, 5)), None, "n ≥ 1"),
        (np.zeros((784, 10)), None, "shape"),
        (np.zeros((3, 5, 5)), ["a"], "1 titles for 3 images"),
    ],
    ids=["none", "a flat matrix", "titles"],
)
def test_weight_images_say_what_is_wrong(weights, titles, message):
    with pytest.raises(ValueError, match=message):
        plotting.weight_images(weights, titles=titles)


def test_the_network_diagram_writes_each_weight_on_the_line_it_belongs_to():
    weights = np.array([[1, -2], [0, 0.5]])
    ax = plotting.network_diagram([["p", "q"], ["a", "b"]], [weights])
    assert len(ax.lines) == 4
    for line, text, weight in zip(ax.lines, ax.texts, weights.ravel(), strict=False):
        assert float(text.get_text().replace("−", "-")) == weight
        assert line.get_linestyle() == ("-" if weight else ":")
        (x0, x1), (y0, y1) = line.get_data()
        x, y = text.get_position()
        assert (x - x0) * (y1 - y0) == pytest.approx((y - y0) * (x1 - x0))
    p_to_b = ax.lines[1]
    assert ax.texts[1].get_text() == "−2" and p_to_b.get_ydata()[0] > p_to_b.get_ydata()[1]
    assert [text.get_text() for text in ax.texts[4:]] == ["p", "q", "a", "b"]


def test_the_network_diagram_writes_no_negative_zero():
    ax = plotting.network_diagram([["p"], ["a"]], [np.array([[-0.0]])])
    assert ax.texts[0].get_text() == "0"


def test_the_network_diagram_refuses_weights_that_do_not_fit_its_layers():
    with pytest.raises(ValueError, match=r"\[\(2, 1\)\].*\[\(1, 2\)\]"):
        plotting.network_diagram([["p", "q"], ["a"]], [np.zeros((1, 2))])


@pytest.mark.parametrize(
    ("draw", "argument"),
    [
        (plotting.show_digits, digits(2)),
        (plotting.class_balance, np.array([0, 1])),
        (plotting.pixel_histogram, digits(2)),
        (plotting.learning_curves, {"a": {"val_accuracy": [0.5]}}),
        (plotting.training_curves, HISTORY),
        (plotting.confusion_heat_map, np.eye(10, dtype=int)),
        (plotting.reliability_diagram, {"CNN": CALIBRATED}),
        (partial(plotting.mistake_gallery, labels=[1, 2], probabilities=np.eye(2, 10)), digits(2)),
        (partial(plotting.accuracy_curves, accuracies={"a": [1, 0]}, xlabel="x"), [0, 1]),
    ],
)
def test_every_drawing_uses_the_axes_it_is_given(draw, argument):
    _, ax = plt.subplots()
    assert draw(argument, ax=ax) is ax and len(plt.get_fignums()) == 1
    assert draw(argument) is not ax
