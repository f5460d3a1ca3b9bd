"""The figures: scikit-learn, SciPy and published examples say what they ought to be."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import optimize
from scipy.special import softmax
from sklearn import metrics
from sklearn.calibration import calibration_curve

from mnist_helpers.evaluation import (
    calibration,
    compare_runs,
    confusion_matrix,
    fit_temperature,
    mcnemar,
    per_digit,
    rescale,
    wilson,
)

by_seed = pytest.mark.parametrize("seed", range(10))


def random_answers(seed, n=200, spread=2.0):
    """Probabilities from random logits and labels drawn from them: a network as sure as it should be."""
    random = np.random.default_rng(seed)
    probabilities = softmax(random.normal(0, spread, (n, 10)), axis=1)
    labels = (probabilities.cumsum(axis=1) > random.random((n, 1))).argmax(axis=1).astype(np.uint8)
    return probabilities, labels


def one_hot(predicted):
    return np.eye(10)[predicted]


def sure(confidence, answer, runner_up):
    return confidence * one_hot(answer) + (1 - confidence) * one_hot(runner_up)


# Confusion matrix and what follows from it


@by_seed
def test_confusion_matrix_and_scores_equal_those_of_scikit_learn(seed):
    labels, predicted = np.random.default_rng(seed).integers(10, size=(2, 5 + 3 * seed))
    matrix = metrics.confusion_matrix(labels, predicted, labels=range(10))
    assert np.array_equal(confusion_matrix(labels, predicted), matrix)
    score = partial(metrics.precision_recall_fscore_support, labels=range(10), zero_division=np.nan)
    for ours, theirs in zip(per_digit(labels, predicted), score(labels, predicted), strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_bytes_overflow_in_no_count_and_no_position():
    nines, zeros = np.full(1000, 9, np.uint8), np.zeros(1000, np.uint8)
    assert confusion_matrix(nines, nines)[9, 9] == 1000
    assert mcnemar(nines, nines, zeros).only_a == 1000


def test_a_digit_that_never_occurs_has_no_recall_and_one_never_answered_no_precision():
    scores = per_digit([1, 1, 2], [1, 3, 1])
    assert np.isnan(scores.recall[3]) and scores.precision[3] == 0 and scores.f1[3] == 0
    assert np.isnan(scores.precision[2]) and scores.recall[2] == 0 and scores.f1[2] == 0
    assert np.isnan([scores.precision[8], scores.recall[8], scores.f1[8]]).all() and scores.count[8] == 0


def test_a_share_of_nothing_warns_nobody():
    with np.errstate(all="raise"):
        per_digit([5], [5])
        calibration(one_hot([5]), [5])


# Calibration


@by_seed
def test_bins_equal_those_of_scikit_learn(seed):
    probabilities, labels = random_answers(seed, n=100)
    bins = 1 + 3 * seed
    right = probabilities.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=bins)
    result = calibration(probabilities, labels, bins)
    filled = result.count > 0
    np.testing.assert_allclose(result.accuracy[filled], accuracy)
    np.testing.assert_allclose(result.confidence[filled], confidence)
    assert np.isnan([result.accuracy[~filled], result.confidence[~filled]]).all()
    assert len(result.count) == bins and result.count.sum() == 100


def test_calibration_error_by_hand_from_its_definition():
    # Guo et al. 2017, equation 3, two bins: (0, 0.5] holds 0.4 (wrong) and the 0.5 on its edge (right),
    # (0.5, 1] holds 0.8 (right) and 0.9 (wrong). |0.45 − 0.5| × 2/4 + |0.85 − 0.5| × 2/4 = 0.2
    probabilities = np.array([[0.4] + 3 * [0.2], [0.5] + 3 * [0.5 / 3], [0.8, 0.2, 0, 0], [0.9, 0.1, 0, 0]])
    result = calibration(np.pad(probabilities, ((0, 0), (0, 6))), [1, 0, 0, 1], bins=2)
    assert result.count.tolist() == [2, 2] and math.isclose(result.error, 0.2)


def test_probabilities_that_were_rounded_are_accepted():
    assert calibration(one_hot([4]) * 1.0000001, [4], bins=10).count[9] == 1
    probabilities, labels = random_answers(0, n=5000, spread=1)
    half = calibration(probabilities.astype("float16"), labels)
    assert half.error == pytest.approx(calibration(probabilities, labels).error, abs=2e-3)


# Temperature


@pytest.mark.parametrize("spread", [0.3, 1, 4])
def test_the_temperature_has_the_smallest_loss_that_scipy_finds(spread):
    probabilities, labels = random_answers(0, spread=spread)

    def loss(temperature):
        return metrics.log_loss(labels, rescale(probabilities, temperature), labels=range(10))

    # SciPy minimises the loss that scikit-learn computes; the helper looks for a slope of zero instead.
    found = optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8})
    fitted = fit_temperature(probabilities, labels)
    assert 0.05 <= fitted <= 20 and loss(fitted) <= found.fun + 1e-9


def test_a_perfect_network_gets_the_lowest_temperature_and_one_worse_than_guessing_the_highest():
    probabilities = np.array([sure(0.7, 1, 2)] * 4)
    assert fit_temperature(probabilities, [1, 1, 1, 1]) == 0.05
    assert fit_temperature(probabilities, [7, 8, 9, 2]) == 20


def test_probabilities_of_exactly_zero_and_one_have_a_temperature():
    temperature = fit_temperature(one_hot([1, 2, 3, 4]), [1, 2, 3, 5])
    assert 1 < temperature <= 20 and np.isfinite(rescale(one_hot([1]), temperature)).all()


def test_rescaling_equals_dividing_the_logits_and_changes_no_answer():
    logits = np.random.default_rng(0).normal(0, 5, (50, 10))
    rescaled = rescale(softmax(logits, axis=1), 2.5)
    np.testing.assert_allclose(rescaled, softmax(logits / 2.5, axis=1))
    assert np.array_equal(rescaled.argmax(axis=1), logits.argmax(axis=1))


# Wilson


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(np.int64(81), np.uint16(263), 0.2553, 0.3662), (0, 20, 0, 0.1611), (20, 20, 0.8389, 1)],
)
def test_wilson_intervals_of_newcombe(correct, n, low, high):
    # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, 1998,
    # table I, the score method without continuity correction; the last is the second, seen from its other end
    assert np.round(wilson(correct, n), 4).tolist() == [low, high]
    assert np.ptp(wilson(correct, n, confidence=0.8)) < high - low


# McNemar


@pytest.mark.parametrize(
    ("only_a", "only_b", "p_value"),
    [
        (12, 2, 0.0129),  # Armitage and Berry, Statistical methods in medical research, 1994, p. 127
        (1, 7, 0.0703),  # Fagerland, Lydersen and Laake 2013, table 1: before and after a transplantation
    ],
)
def test_exact_p_values_of_the_literature(only_a, only_b, p_value):
    labels = np.ones(only_a + only_b + 2, int)
    a = np.array([1] * only_a + [0] * only_b + [1, 0])  # the last two images, both read and both misread
    b = np.array([0] * only_a + [1] * only_b + [1, 2])
    result = mcnemar(labels, a, b)
    assert (result.only_a, result.only_b) == (only_a, only_b) and round(result.p_value, 4) == p_value


def test_networks_that_are_right_on_the_same_images_do_not_differ():
    assert mcnemar([1, 2, 5], [1, 2, 3], [1, 2, 8]) == (0, 0, 1.0)


# What cannot be meant is refused

GOOD = np.array([1, 2, 3])
SPREAD = np.full((3, 10), 0.1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (GOOD[:2], "got .*2 {name}"),
        (GOOD[:0], r"{name} of shape .* n ≥ 1.*got \(0,\)"),
        (SPREAD, r"{name} of shape .* got \(3, 10\).*argmax\(axis=1\)"),
        (GOOD.astype(float), "{name} to be integers, got float64"),
        (np.array([1, 10, 3]), "{name} from 0 to 9, got 10 at position 1"),
        (np.array([1, 2, -1]), "{name} from 0 to 9, got -1 at position 2"),
    ],
)
def test_labels_and_answers_that_are_none_are_refused_by_name(bad, message):
    for name, call in {
        "labels": lambda: confusion_matrix(bad, GOOD),
        "predicted": lambda: per_digit(GOOD, bad),
        "predicted_b": lambda: mcnemar(GOOD, GOOD, bad),
    }.items():
        with pytest.raises(ValueError, match=message.format(name=name)):
            call()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (SPREAD[:2], "3 labels, 2 probabilities"),
        (SPREAD[0], r"got \(10,\)"),
        (SPREAD.astype(str), "floats, got <U"),
        (np.vstack([SPREAD[:2], np.full((1, 10), 0.2)]), "sum to 1, got 2 in row 2"),
        (np.where(np.eye(3, 10, 1) > 0, np.nan, SPREAD), "sum to 1, got nan in row 0"),
        (np.where(np.eye(3, 10) > 0, -3.0, SPREAD), "0 or more, got -3 in row 0.*logits"),
    ],
)
def test_probabilities_that_are_none_are_refused(bad, message):
    for call in (calibration, fit_temperature):
        with pytest.raises(ValueError, match=message):
            call(bad, GOOD)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (partial(wilson, 0.98, 100), r"whole number, got 0.98.*\(predicted == labels\).sum\(\)"),
        (partial(wilson, 101, 100), "got 101 right answers out of 100"),
        (partial(wilson, 0, 0), "n ≥ 1, got 0"),
        (partial(wilson, 5, 10, 95), "confidence to be a number above 0 and below 1, got 95"),
        (partial(calibration, SPREAD, GOOD, bins=0), "bins ≥ 1, got 0"),
        (partial(rescale, SPREAD, 0), "temperature to be a number above 0 .*, got 0"),
        (partial(rescale, SPREAD, math.nan), "temperature to be a number .*, got nan"),
    ],
)
def test_numbers_that_cannot_be_meant_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "first, second, said",
    [
        ([0.90, 0.91], [0.92, 0.93], "higher in every run"),
        ([0.92, 0.93], [0.90, 0.91], "lower in every run"),
        ([0.90, 0.92], [0.91, 0.93], "no difference seen"),
        ([0.90, 0.92], [0.92, 0.93], "no difference seen"),  # a tie is no difference
    ],
)
def test_runs_differ_only_where_they_do_not_mix(first, second, said):
    assert compare_runs(first, second) == said
