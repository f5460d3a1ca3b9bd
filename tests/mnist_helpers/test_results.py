"""How a student's figure is compared with those that were measured."""

import hashlib
import json

import numpy as np
import pytest
from scipy import stats

from mnist_helpers import results
from mnist_helpers.data import ARRAYS
from mnist_helpers.results import compare

NET = {"name": "net", "accuracies": [0.978, 0.979, 0.980], "accuracy_mean": 0.979}
NET |= {"run_low": 0.974, "run_high": 0.984}


@pytest.fixture(autouse=True)
def measured(tmp_path, monkeypatch):
    """Let `compare` read the figures of a recipe called "net"."""
    (tmp_path / "results.json").write_text(json.dumps({"recipes": [NET]}))
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")


@pytest.fixture
def mnist_labels(monkeypatch):
    """Take 10,000 labels for MNIST's, which a test can't download."""
    labels = np.arange(10_000, dtype="uint8") % 10
    monkeypatch.setattr(results, "MNIST_TEST_LABELS", hashlib.sha256(labels.tobytes()).hexdigest())
    return labels


def test_the_labels_by_which_mnist_is_known_are_those_of_the_loader():
    (expected,) = [array.sha256 for array in ARRAYS if array.key == "y_test"]
    assert results.MNIST_TEST_LABELS.startswith(expected)


@pytest.mark.parametrize("right, place", [(9000, "below"), (9790, "inside"), (10_000, "above")])
@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_on_mnist_the_sentence_says_where_the_figure_lies(mnist_labels, right, place, dtype):
    predicted = np.where(np.arange(10_000) < right, mnist_labels, (mnist_labels + 1) % 10)
    sentence = compare("net", mnist_labels.astype(dtype), predicted.astype("int64"))
    assert sentence.startswith(f"{right / 100:.2f}% of 10,000 test digits: {place} the band from ")
    assert "from 97.40% to 98.40%" in sentence


def test_on_other_digits_the_sentence_gives_the_wilson_interval_and_no_band():
    labels = np.arange(500) % 10
    sentence = compare("net", labels, np.where(np.arange(500) < 460, labels, -1))
    low, high = stats.binomtest(460, 500).proportion_ci(method="wilson")
    assert sentence.startswith("92.00% of 500 test digits; ")
    assert f"from {low:.1%} to {high:.1%}" in sentence and "belongs to MNIST" in sentence


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("dense", [1], [1]), r"unknown recipe 'dense'; results\.json has net"),
        (("net", [1, 2], [1]), r"got \(2,\) and \(1,\)"),
        (("net", [], []), r"n ≥ 1"),
        (("net", [1, 2], [[0.1, 0.9], [1, 0]]), r"argmax\(axis=1\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments)
