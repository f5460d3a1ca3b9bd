"""Digits that are harder to read: by as much as was asked for, and the originals stay as they are."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import ndimage

from mnist_helpers.corruptions import corrupt

STRONG = {"rotation": 30, "shift": 3, "noise": 60, "blur": 1.5, "contrast": 0.7, "thicker": 1, "thinner": 1}
by_kind = pytest.mark.parametrize("kind", STRONG)


def strokes(n=12):
    """Digits of a kind: bars of ink, soft at their edges, well inside the frame."""
    images = np.zeros((n, 28, 28))
    images[:, 8:20, 11:14] = 255
    return np.rint(ndimage.gaussian_filter(images, (0, 0.7, 0.7))).astype(np.uint8)


@by_kind
def test_more_strength_changes_more_and_none_nothing(kind):
    images = strokes()
    before = images.copy()
    results = [corrupt(images, kind, STRONG[kind] * part, seed=1) for part in (0, 0.25, 0.5, 1)]
    changes = [np.abs(result.astype(int) - images).mean() for result in results]
    assert 0 == changes[0] < changes[1] < changes[2] < changes[3]
    assert results[3].dtype == np.uint8 and results[3].shape == images.shape
    assert np.array_equal(images, before) and not np.shares_memory(results[0], images)


@by_kind
def test_the_same_seed_gives_the_same_images_and_another_seed_another_chance(kind):
    first, again, other = (corrupt(strokes(), kind, STRONG[kind], seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) == (kind not in {"rotation", "shift", "noise"})


def test_a_rotation_turns_left_or_right_by_the_angle():
    bars = np.zeros((20, 28, 28), np.uint8)
    bars[:, 13:15, 4:24] = 255
    down, right = np.mgrid[:28, :28] - 13.5
    turned = corrupt(bars, "rotation", 20, seed=0).astype(float)
    slopes = (turned * down * right).sum(axis=(1, 2)) / (turned * right**2).sum(axis=(1, 2))
    angles = np.rint(np.degrees(np.arctan(slopes)))
    assert set(angles) == {-20, 20}


def test_a_shift_moves_the_ink_up_down_left_or_right():
    images = strokes(40)
    steps = set()
    for before, after in zip(images, corrupt(images, "shift", 2, seed=0), strict=True):
        step = np.subtract(ndimage.center_of_mass(after), ndimage.center_of_mass(before))
        steps.add(tuple(int(part) for part in np.rint(step)))
        assert after.sum() == before.sum()
    assert steps == {(2, 0), (-2, 0), (0, 2), (0, -2)}
    assert corrupt(images, "shift", 28, seed=0).max() == 0  # what leaves the frame does not come back


def test_noise_has_the_deviation_that_was_asked_for_and_stops_at_paper_and_ink():
    noisy = corrupt(np.full((20, 28, 28), 128, np.uint8), "noise", 20, seed=0).astype(float)
    assert abs(noisy.std() - 20) < 0.5 and abs(noisy.mean() - 128) < 0.5
    assert corrupt(np.zeros((1, 28, 28), np.uint8), "noise", 30, seed=0).max() < 200  # −1 is not 255
    assert corrupt(np.full((1, 28, 28), 255, np.uint8), "noise", 30, seed=0).min() > 55


def test_blur_equals_that_of_scipy_on_each_image_alone():
    images = strokes(2)
    images[1] = 0
    expected = [ndimage.gaussian_filter(image.astype(float), 1.5) for image in images]
    assert np.abs(corrupt(images, "blur", 1.5, seed=0) - expected).max() < 1


def test_no_contrast_leaves_the_mean_of_each_image():
    images = strokes()
    flat = corrupt(images, "contrast", 1, seed=0)
    assert np.ptp(flat, axis=(1, 2)).max() == 0
    assert np.abs(flat[:, 0, 0] - images.mean(axis=(1, 2))).max() <= 0.5


@pytest.mark.parametrize(("kind", "widths"), [("thicker", [3, 4, 5, 7]), ("thinner", [3, 2, 1, 0])])
def test_a_round_pen_of_radius_r_adds_or_takes_r_pixels_on_each_side(kind, widths):
    bar, dot = np.zeros((2, 1, 28, 28), np.uint8)
    bar[0, 4:24, 12:15], dot[0, 14, 14] = 255, 255
    drawn = [corrupt(bar, kind, radius, seed=0)[0, 14].sum() / 255 for radius in (0, 0.5, 1, 2)]
    assert drawn == pytest.approx(widths, abs=0.02)
    assert (corrupt(dot, "thicker", 3, seed=0) == 255).sum() == 29


IMAGES = strokes(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(corrupt, IMAGES, "rotate", 5, 0), "rotation, shift, .* got 'rotate'"),
        (partial(corrupt, IMAGES, "blur", -1, 0), "strength of 0 or more, got -1"),
        (partial(corrupt, IMAGES, "blur", math.nan, 0), "strength of 0 or more, got nan"),
        (partial(corrupt, IMAGES, "contrast", 1.5, 0), "from 0 to 1, .* got 1.5"),
        (partial(corrupt, IMAGES, "noise", 5, -1), "seed .* got -1"),
        (partial(corrupt, IMAGES / 255, "noise", 5, 0), "already scaled"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
