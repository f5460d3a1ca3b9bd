"""The offline sample: it looks like MNIST, its splits are honest, and it is always the same."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest

from mnist_helpers import data
from tests.support.servers import everything_in, isolate, sample_once

LAST_SIXTH_OF_THE_DIGITS = 216
TRAINING_DIGITS = 1297


@pytest.fixture(scope="module")
def sample():
    return sample_once()


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits  # which takes four seconds, so not while tests are collected

    return load_digits()


def box(image):
    """The height and width of the ink."""
    rows, columns = np.nonzero(image)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def centres_of_mass(images):
    ink = images / images.sum(axis=(1, 2), keepdims=True)
    return np.stack([ink.sum(axis=2) @ np.arange(28), ink.sum(axis=1) @ np.arange(28)], axis=1)


def test_the_sample_has_mnists_shapes_and_dtypes_and_about_12_000_images(sample):
    assert len(sample.train_images) == 11_665
    assert sample.train_images.shape[1:] == sample.test_images.shape[1:] == (28, 28)
    assert sample.train_labels.shape == (11_665,)
    assert sample.test_images.shape[0] == sample.test_labels.shape[0] == 500
    assert {array.dtype for array in sample[:4]} == {np.dtype(np.uint8)}
    assert sample[4:] == ("OFFLINE SAMPLE, not MNIST", None)


def test_the_ink_is_white_at_full_contrast_in_a_box_of_20_pixels(sample):
    images = np.concatenate([sample.train_images, sample.test_images])
    assert images.min(axis=(1, 2)).max() == 0
    assert images.max(axis=(1, 2)).min() == 255
    assert 0.07 < (images > 127).mean() < 0.15  # MNIST has 0.13
    assert np.max([box(image) for image in images]) == 20
    assert np.mean([box(image)[0] for image in sample.test_images]) > 18


def test_digits_are_centred_by_mass_and_shifted_by_little(sample):
    from_centre = np.abs(centres_of_mass(sample.test_images) - 14)
    assert from_centre.max() < 0.7
    assert from_centre.mean() < 0.15
    assert np.abs(centres_of_mass(sample.train_images) - 14).max() < 1.8


def test_the_digits_are_those_of_scikit_learn(digits, monkeypatch):
    drawn = []

    def enlarge(originals, *_):
        drawn.append(originals)
        return np.zeros((len(originals), 28, 28), np.uint8)

    monkeypatch.setattr(data, "_enlarge", enlarge)
    data.offline_sample()
    assert np.array_equal(drawn[0], np.repeat(digits.images[:TRAINING_DIGITS], 9, axis=0))
    assert np.array_equal(drawn[1], digits.images[TRAINING_DIGITS:])


def test_the_test_digits_are_the_last_500_and_the_training_digits_the_others_in_order(sample, digits):
    assert np.array_equal(sample.test_labels, digits.target[TRAINING_DIGITS:])
    assert np.array_equal(sample.train_labels[1::9], digits.target[1:TRAINING_DIGITS])
    assert sample.train_labels[0] == digits.target[0]
    assert all(np.array_equal(sample.train_labels[1 + k :: 9], sample.train_labels[1::9]) for k in range(9))


@pytest.fixture(scope="module")
def marked():
    """The sample of a file whose digits can be told apart: the last sixth of the training digits are
    horizontal strokes, the test digits blocks, all others vertical strokes; the label is a digit's number
    modulo 251."""
    strokes = np.zeros((1797, 8, 8), dtype=np.uint8)
    strokes[:, :, 3:5] = 16
    strokes[TRAINING_DIGITS - LAST_SIXTH_OF_THE_DIGITS :] = 0
    strokes[TRAINING_DIGITS - LAST_SIXTH_OF_THE_DIGITS : TRAINING_DIGITS, 3:5] = 16
    strokes[TRAINING_DIGITS:, 1:7, 1:7] = 16
    numbers = np.arange(1797) % 251
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "loadtxt", lambda *_, **__: np.column_stack([strokes.reshape(-1, 64), numbers]))
        return data.offline_sample()


def test_a_validation_split_by_position_shares_no_digit_with_the_rest(marked):
    n_val = len(marked.train_images) // 6
    boxes = np.array([box(image) for image in marked.train_images])
    horizontal = boxes[:, 1] > boxes[:, 0]
    assert horizontal[-n_val:].all()
    assert not horizontal[:-n_val].any()
    assert n_val == 9 * LAST_SIXTH_OF_THE_DIGITS


def test_all_variants_of_a_digit_are_neighbours(marked):
    runs = np.flatnonzero(np.diff(marked.train_labels.astype(int))) + 1
    assert np.array_equal(runs, 1 + 9 * np.arange(1296))


def test_no_test_digit_is_among_the_training_digits(marked):
    squares = np.array([min(box(image)) for image in marked.train_images])
    assert squares.max() < 12 < min(min(box(image)) for image in marked.test_images)


def test_variants_differ_and_the_first_of_each_digit_is_neither_turned_nor_shifted(sample):
    variants = sample.train_images[1:].reshape(-1, 9, 28 * 28).astype(int)
    steps = np.abs(np.diff(variants, axis=1)).max(axis=2)
    assert steps.min() > 0
    assert np.median(steps) > 200
    first = sample.train_images[1::9]
    assert np.abs(centres_of_mass(first) - 14).mean() < 0.15


def test_the_sample_is_the_same_in_another_process_which_writes_no_file(sample, tmp_path, monkeypatch):
    isolate(monkeypatch, tmp_path)
    code = """
import hashlib
from mnist_helpers.data import find_mnist
print(*(hashlib.sha256(array).hexdigest() for array in find_mnist("sample")[:4]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [hashlib.sha256(array).hexdigest() for array in sample[:4]]
    assert everything_in(tmp_path) == {}


def test_the_docstrings_say_that_the_sample_is_not_mnist():
    for function in (data.load_mnist, data.offline_sample):
        assert "is not MNIST" in " ".join(function.__doc__.split())
        assert "say nothing about MNIST" in " ".join(function.__doc__.split())


@pytest.mark.slow  # a bound in seconds, measured as the processor's time: other programs do not count
def test_the_sample_takes_less_than_three_seconds_with_all_imports():
    code = """
import time
from mnist_helpers.data import offline_sample
offline_sample()
print(time.process_time())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 3
