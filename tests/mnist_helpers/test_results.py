"""How a student's figure is compared with those that were measured."""

import hashlib
import json

import numpy as np
import pytest
from scipy import stats

from mnist_helpers import results
from mnist_helpers.data import SHA256
from mnist_helpers.results import compare


@pytest.fixture(autouse=True)
def measured(tmp_path, monkeypatch):
    """Let `compare` read the figures of a recipe called "net"."""
    net = {"name": "net", "accuracies": [0.979], "accuracy_mean": 0.979, "run_low": 0.974, "run_high": 0.984}
    (tmp_path / "results.json").write_text(json.dumps({"recipes": [net]}))
    monkeypatch.setattr(results, "FILE", tmp_path / "results.json")


@pytest.mark.parametrize("right, place", [(9000, "below"), (9790, "inside"), (10_000, "above")])
def test_on_mnist_the_sentence_says_where_the_figure_lies(monkeypatch, right, place):
    assert SHA256["y_test"] == results.MNIST_TEST_LABELS  # MNIST's own labels would need a download
    labels = np.arange(10_000) % 10
    monkeypatch.setattr(results, "MNIST_TEST_LABELS", hashlib.sha256(labels.astype("uint8")).hexdigest())
    sentence = compare("net", labels, np.where(np.arange(10_000) < right, labels, (labels + 1) % 10))
    assert sentence.startswith(f"{right / 100:.2f}% of 10,000 test digits: {place} the band from 97.40%")


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
        (("net", [1, 2], [[0.1, 0.9], [1, 0]]), r"argmax\(axis=1\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments)


def test_recorded_accuracies_are_those_of_the_file():
    assert results.recorded("net") == json.loads(results.FILE.read_text())["recipes"][0]["accuracies"]
