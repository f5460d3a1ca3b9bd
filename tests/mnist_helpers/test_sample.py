"""The offline sample: it looks like MNIST, its splits are honest, and it is always the same."""

import numpy as np

from mnist_helpers.sample import offline_sample
from tests.support.servers import same, sample_once

TRAINING_DIGITS, VALIDATION_DIGITS = 1297, 216


def box(image):
    """The height and width of the ink."""
    rows, columns = np.nonzero(image)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def centres_of_mass(images):
    ink = images / images.sum(axis=(1, 2), keepdims=True)
    return np.stack([ink.sum(axis=2) @ np.arange(28), ink.sum(axis=1) @ np.arange(28)], axis=1)


def test_the_sample_looks_like_mnist_white_ink_in_a_box_of_20_pixels_centred_by_mass():
    train_images, train_labels, test_images, test_labels = sample_once()
    assert (train_images.shape, train_labels.shape) == ((5185, 28, 28), (5185,))
    assert (test_images.shape, test_labels.shape) == ((500, 28, 28), (500,))
    assert {array.dtype for array in sample_once()} == {np.dtype(np.uint8)}
    images = np.concatenate([train_images, test_images])
    assert images.min(axis=(1, 2)).max() == 0 and images.max(axis=(1, 2)).min() == 255
    assert 0.07 < (images > 127).mean() < 0.15  # MNIST has 0.13
    assert np.max([box(image) for image in images]) == 20
    assert np.abs(centres_of_mass(test_images) - 14).max() < 0.7
    assert np.abs(centres_of_mass(train_images) - 14).max() < 1.8


def test_the_digits_are_scikit_learn_s_in_their_order_in_four_variants_which_are_always_the_same():
    from sklearn.datasets import load_digits  # which takes seconds, so not while tests are collected

    train_images, train_labels, _, test_labels = sample_once()
    labels = load_digits().target
    assert np.array_equal(test_labels, labels[TRAINING_DIGITS:])
    assert np.array_equal(train_labels, np.repeat(labels[:TRAINING_DIGITS], 4)[3:])
    variants = train_images[1:].reshape(-1, 4, 28 * 28).astype(int)
    assert np.abs(np.diff(variants, axis=1)).max(axis=2).min() > 0
    assert same(offline_sample(), sample_once())


def test_validation_by_position_and_test_share_no_digit_with_the_rest(monkeypatch):
    """Drawn from a file that shows which digit is where: validation's lie, the test's are blocks."""
    strokes = np.zeros((1797, 8, 8), dtype=np.uint8)
    strokes[:, :, 3:5] = 16
    strokes[TRAINING_DIGITS - VALIDATION_DIGITS :] = 0
    strokes[TRAINING_DIGITS - VALIDATION_DIGITS : TRAINING_DIGITS, 3:5] = 16
    strokes[TRAINING_DIGITS:, 1:7, 1:7] = 16
    table = np.column_stack([strokes.reshape(-1, 64), np.zeros(1797)])
    monkeypatch.setattr(np, "loadtxt", lambda *_, **__: table)
    train_images, _, test_images, _ = offline_sample()
    heights, widths = np.array([box(image) for image in train_images]).T
    n_val = len(train_images) // 6
    assert (heights < widths)[-n_val:].all() and (heights > widths)[:-n_val].all()
    assert np.minimum(heights, widths).max() < 12 < min(min(box(image)) for image in test_images)
