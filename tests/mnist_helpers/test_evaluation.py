import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, optimize, stats
from sklearn import metrics
from sklearn.calibration import calibration_curve

from mnist_helpers.evaluation import (
    calibration,
    confident_mistakes,
    confusion_matrix,
    corrupt,
    fit_temperature,
    mcnemar,
    per_digit,
    rescale,
    wilson,
)
from tools.lib.files import ROOT

KINDS = ("rotation", "shift", "noise", "blur", "contrast", "thicker", "thinner")

# A busy computer is slow, not wrong.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

digit = st.integers(0, 9)
pairs = st.lists(st.tuples(digit, digit), min_size=1, max_size=60)


def columns(rows, dtype=np.uint8):
    return tuple(np.array(column, dtype) for column in zip(*rows, strict=True))


def random_answers(seed, n=200, spread=2.0):
    """Probabilities from random logits and labels drawn from them: a network as sure as it should be."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, (n, 10))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (probabilities.cumsum(axis=1) > random.random((n, 1))).argmax(axis=1).astype(np.uint8)
    return probabilities, labels


def one_hot(predicted):
    return np.eye(10, dtype=np.float32)[predicted]


def sure(confidence, answer, runner_up):
    row = np.zeros(10)
    row[[answer, runner_up]] = confidence, 1 - confidence
    return row


def strokes(n=12):
    """Digits of a kind: random bars of ink, soft at their edges, well inside the frame."""
    random = np.random.default_rng(3)
    images = np.zeros((n, 28, 28))
    for image in images:
        column, top, bottom = random.integers(10, 18), random.integers(7, 10), random.integers(18, 21)
        image[top:bottom, column - 1 : column + 2] = 255
    return np.rint(ndimage.gaussian_filter(images, (0, 0.7, 0.7))).astype(np.uint8)


# Confusion matrix


def test_confusion_matrix_rows_are_true_digits_and_columns_are_answers():
    matrix = confusion_matrix(np.array([4, 4, 7]), np.array([9, 9, 7]))
    assert matrix[4, 9] == 2 and matrix[9, 4] == 0 and matrix[7, 7] == 1 and matrix.sum() == 3


def test_confusion_matrix_has_ten_rows_when_one_digit_occurs():
    matrix = confusion_matrix(np.array([3, 3]), np.array([3, 3]))
    assert matrix.shape == (10, 10) and matrix.dtype == np.int64 and matrix[3, 3] == 2 == matrix.sum()


@given(pairs)
def test_confusion_matrix_equals_that_of_scikit_learn(rows):
    labels, predicted = columns(rows)
    expected = metrics.confusion_matrix(labels, predicted, labels=range(10))
    assert np.array_equal(confusion_matrix(labels, predicted), expected)


@pytest.mark.parametrize("kind", ["uint8", "int8", "int64", "uint64"])
def test_no_integer_type_overflows_in_a_count_or_a_position(kind):
    labels = np.full(1000, 9, kind)
    assert confusion_matrix(labels, labels)[9, 9] == 1000
    assert mcnemar(labels, labels, np.zeros(1000, kind)).only_a == 1000


def test_confusion_matrix_of_the_user_guide_of_scikit_learn():
    # scikit-learn, user guide 3.4.2.5, "Confusion matrix": its first example
    matrix = confusion_matrix([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2])
    assert matrix[:3, :3].tolist() == [[2, 0, 0], [0, 0, 1], [1, 0, 2]]


# Per digit


@given(pairs)
def test_precision_recall_f1_and_count_equal_those_of_scikit_learn(rows):
    labels, predicted = columns(rows)
    expected = metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(10), zero_division=np.nan
    )
    for mine, theirs in zip(per_digit(labels, predicted), expected, strict=True):
        assert np.array_equal(mine, theirs, equal_nan=True) or np.allclose(mine, theirs, equal_nan=True)


def test_a_digit_that_never_occurs_has_no_recall_and_one_never_answered_no_precision():
    scores = per_digit(np.array([1, 1, 2]), np.array([1, 3, 1]))
    assert np.isnan(scores.recall[3]) and scores.precision[3] == 0 and scores.f1[3] == 0
    assert np.isnan(scores.precision[2]) and scores.recall[2] == 0 and scores.f1[2] == 0
    assert np.isnan([scores.precision[8], scores.recall[8], scores.f1[8]]).all() and scores.count[8] == 0
    assert (scores.precision[1], scores.recall[1], scores.f1[1], scores.count[1]) == (0.5, 0.5, 0.5, 2)


def test_a_share_of_nothing_warns_nobody():
    with np.errstate(all="raise"):
        per_digit(np.array([5]), np.array([5]))
        calibration(one_hot([5]), np.array([5]))


def test_a_perfect_classifier_scores_one_everywhere():
    labels = np.tile(np.arange(10), 3)
    scores = per_digit(labels, labels)
    assert np.array_equal([scores.precision, scores.recall, scores.f1], np.ones((3, 10)))
    assert np.array_equal(confusion_matrix(labels, labels), 3 * np.eye(10))


# Calibration


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_bins_equal_those_of_scikit_learn(seed, bins):
    probabilities, labels = random_answers(seed, n=100)
    right = probabilities.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(right, probabilities.max(axis=1), n_bins=bins)
    result = calibration(probabilities, labels, bins)
    filled = result.count > 0
    assert np.allclose(result.accuracy[filled], accuracy) and np.allclose(
        result.confidence[filled], confidence
    )
    assert np.isnan(result.accuracy[~filled]).all() and np.isnan(result.confidence[~filled]).all()
    assert len(result.count) == bins and result.count.sum() == 100
    weighted = np.average(np.abs(accuracy - confidence), weights=result.count[filled])
    assert math.isclose(result.error, weighted, abs_tol=1e-12)


def test_calibration_error_by_hand_from_its_definition():
    # Guo et al. 2017, equation 3, two bins: (0, 0.5] holds 0.4 (wrong) and the 0.5 on its edge (right),
    # (0.5, 1] holds 0.8 (right) and 0.9 (wrong). |0.45 − 0.5| × 2/4 + |0.85 − 0.5| × 2/4 = 0.2
    probabilities = np.array([[0.4] + 3 * [0.2], [0.5] + 3 * [0.5 / 3], [0.8, 0.2, 0, 0], [0.9, 0.1, 0, 0]])
    result = calibration(np.pad(probabilities, ((0, 0), (0, 6))), np.array([1, 0, 0, 1]), bins=2)
    assert result.count.tolist() == [2, 2] and result.accuracy.tolist() == [0.5, 0.5]
    assert np.allclose(result.confidence, [0.45, 0.85]) and math.isclose(result.error, 0.2)


def test_calibration_error_of_a_published_example():
    # J. McCaffrey's ten items, as computed in M. Pavlović, "Expected calibration error: a step-by-step visual
    # explanation", 2023: three bins, error 0.192
    probabilities = np.array(
        [
            [0.25, 0.2, 0.22, 0.18, 0.15],
            [0.16, 0.06, 0.5, 0.07, 0.21],
            [0.06, 0.03, 0.8, 0.07, 0.04],
            [0.02, 0.03, 0.01, 0.04, 0.9],
            [0.4, 0.15, 0.16, 0.14, 0.15],
            [0.15, 0.28, 0.18, 0.17, 0.22],
            [0.07, 0.8, 0.03, 0.06, 0.04],
            [0.1, 0.05, 0.03, 0.75, 0.07],
            [0.25, 0.22, 0.05, 0.3, 0.18],
            [0.12, 0.09, 0.02, 0.17, 0.6],
        ]
    )
    labels = np.array([0, 2, 3, 4, 2, 0, 1, 3, 3, 2])
    assert round(calibration(np.pad(probabilities, ((0, 0), (0, 5))), labels, bins=3).error, 3) == 0.192


def test_a_perfect_and_certain_classifier_has_no_calibration_error():
    result = calibration(one_hot([0, 5, 9]), np.array([0, 5, 9]))
    assert result.error == 0 and result.count[-1] == 3 and result.accuracy[-1] == result.confidence[-1] == 1


def test_a_sum_that_rounding_left_above_one_stays_in_the_last_bin():
    row = one_hot([4]) * np.float32(1.0000001)
    assert row.max() > 1 and calibration(row, np.array([4]), bins=10).count[9] == 1


def test_half_precision_probabilities_are_accepted():
    probabilities, labels = random_answers(0, n=5000, spread=1)
    half = probabilities.astype("float16")
    assert np.abs(half.astype(float).sum(axis=1) - 1).max() > 1e-4
    assert math.isclose(
        calibration(half, labels).error, calibration(probabilities, labels).error, abs_tol=2e-3
    )


# Temperature


@given(st.integers(0, 10**6), st.floats(0.3, 4))
@settings(max_examples=50)
def test_the_temperature_has_the_smallest_loss_that_scipy_finds(seed, spread):
    probabilities, labels = random_answers(seed, spread=spread)

    def loss(temperature):
        return metrics.log_loss(labels, rescale(probabilities, temperature), labels=range(10))

    # SciPy minimises the loss that scikit-learn computes; the helper looks for a slope of zero instead.
    found = optimize.minimize_scalar(loss, bounds=(0.05, 20), method="bounded", options={"xatol": 1e-8})
    fitted = fit_temperature(probabilities, labels)
    assert 0.05 <= fitted <= 20 and loss(fitted) <= found.fun + 1e-9


@pytest.mark.parametrize("factor", [0.25, 1, 2, 3.5])
def test_fitting_undoes_what_sharpened_the_probabilities(factor):
    probabilities, labels = random_answers(1, n=20_000)
    assert math.isclose(fit_temperature(probabilities, labels), 1, abs_tol=0.03)
    sharpened = rescale(probabilities, 1 / factor)
    assert math.isclose(
        fit_temperature(sharpened, labels), factor * fit_temperature(probabilities, labels), rel_tol=1e-6
    )


def test_temperature_by_hand():
    # 0.9 against 0.1 on every image, right on 4 of 5: 0.8 has the smallest loss, and log(9) / T = log(4).
    probabilities = np.array([sure(0.9, 3, 5)] * 5)
    temperature = fit_temperature(probabilities, np.array([3, 3, 3, 3, 5]))
    assert math.isclose(temperature, math.log(9) / math.log(4), rel_tol=1e-9)
    assert np.allclose(rescale(probabilities, temperature)[:, 3], 0.8)


def test_a_perfect_classifier_gets_the_lowest_temperature():
    probabilities = np.array([sure(0.7, answer, (answer + 1) % 10) for answer in range(10)])
    assert fit_temperature(probabilities, np.arange(10)) == 0.05


def test_a_classifier_worse_than_guessing_gets_the_highest_temperature():
    probabilities = np.array([sure(0.9, 1, 2)] * 4)
    assert fit_temperature(probabilities, np.array([7, 8, 9, 2])) == 20


def test_probabilities_of_exactly_zero_and_one_have_a_temperature():
    temperature = fit_temperature(one_hot([1, 2, 3, 4]), np.array([1, 2, 3, 5]))
    assert 1 < temperature <= 20 and np.isfinite(rescale(one_hot([1]), temperature)).all()


def test_rescaling_equals_dividing_the_logits():
    logits = np.random.default_rng(0).normal(0, 5, (50, 10))

    def softmax(values):
        return np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)

    assert np.allclose(rescale(softmax(logits), 2.5), softmax(logits / 2.5))
    assert np.allclose(rescale(softmax(logits), 1), softmax(logits))


@given(st.integers(0, 10**6), st.floats(0.05, 20))
def test_no_temperature_changes_an_answer(seed, temperature):
    probabilities = random_answers(seed, n=50)[0].astype("float32")
    rescaled = rescale(probabilities, temperature)
    assert np.array_equal(rescaled.argmax(axis=1), probabilities.argmax(axis=1))
    assert np.allclose(rescaled.sum(axis=1), 1)


# Wilson


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_intervals_of_newcombe(correct, n, low, high):
    # Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17, 1998,
    # table I, the score method without continuity correction
    assert np.round(wilson(correct, n), 4).tolist() == [low, high]


@given(st.data(), st.integers(1, 100_000), st.floats(0.5, 0.999))
def test_the_ends_of_the_interval_solve_wilsons_equation(data, n, confidence):
    correct = data.draw(st.integers(0, n))
    z = stats.norm.ppf((1 + confidence) / 2)
    low, high = wilson(correct, n, confidence)
    assert 0 <= low <= correct / n <= high <= 1 and low < high
    for end in (low, high):
        assert math.isclose(abs(correct / n - end), z * math.sqrt(end * (1 - end) / n), abs_tol=1e-9)


@pytest.mark.parametrize("truth", [0.5, 0.9, 0.98])
def test_the_interval_contains_the_truth_about_as_often_as_it_says(truth):
    n, correct = 400, np.arange(401)
    covers = [low <= truth <= high for low, high in (wilson(int(k), n) for k in correct)]
    assert abs(stats.binom.pmf(correct, n, truth)[covers].sum() - 0.95) < 0.02


def test_wilson_takes_the_counts_of_numpy_and_gives_floats():
    labels = np.arange(10)
    ends = wilson((labels == labels).sum(), np.uint16(10))
    assert ends == wilson(10, 10) and all(type(end) is float for end in ends) and ends[1] == 1


# McNemar


def disagreements(only_a, only_b, both=3, neither=2):
    a = [1] * (both + only_a) + [0] * (only_b + neither)
    b = [1] * both + [0] * only_a + [1] * only_b + [0] * neither
    return np.ones(len(a), np.uint8), np.array(a), np.array(b)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p_value"),
    [
        (
            12,
            2,
            0.0129,
        ),  # Armitage and Berry, Statistical methods in medical research, 1994, p. 127: culture media
        (
            1,
            7,
            0.0703,
        ),  # Fagerland, Lydersen and Laake 2013, table 1: airways before and after a transplantation
        (71, 57, 0.2504),  # a trial of an allergy medicine; Stata's bitesti 128 71 .5
        (8, 3, 0.2266),  # Stata's manual, mcci 8 8 3 8
    ],
)
def test_exact_p_values_of_the_literature(only_a, only_b, p_value):
    result = mcnemar(*disagreements(only_a, only_b))
    assert (result.only_a, result.only_b) == (only_a, only_b) and round(result.p_value, 4) == p_value


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_p_value_sums_the_throws_of_a_fair_coin(only_a, only_b):
    n, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    assert math.isclose(mcnemar(*disagreements(only_a, only_b)).p_value, min(1, 2 * tail), rel_tol=1e-9)


@given(pairs, st.integers(0, 10**6))
def test_exchanging_the_networks_exchanges_the_counts(rows, seed):
    labels, a = columns(rows)
    b = np.random.default_rng(seed).integers(0, 10, len(labels))
    forth, back = mcnemar(labels, a, b), mcnemar(labels, b, a)
    assert forth == (back.only_b, back.only_a, back.p_value)
    # with scikit-learn's accuracies: the difference comes from the disagreements alone
    difference = metrics.accuracy_score(labels, a) - metrics.accuracy_score(labels, b)
    assert math.isclose((forth.only_a - forth.only_b) / len(labels), difference, abs_tol=1e-12)


@pytest.mark.parametrize("answers", [[1, 2, 3], [1, 0, 0]], ids=["all right", "same mistakes"])
def test_networks_that_never_disagree_do_not_differ(answers):
    assert mcnemar(np.array([1, 2, 3]), np.array(answers), np.array(answers)) == (0, 0, 1.0)


def test_two_different_wrong_answers_are_no_disagreement():
    assert mcnemar(np.array([5]), np.array([3]), np.array([8])) == (0, 0, 1.0)


# Confident mistakes


def test_the_surest_mistake_comes_first_and_right_answers_never():
    probabilities = np.array([sure(c, a, 9) for c, a in ((0.7, 1), (0.99, 2), (0.9, 3), (0.8, 4), (0.9, 5))])
    labels = np.array([0, 2, 0, 0, 0], np.uint8)
    assert confident_mistakes(labels, probabilities, 10).tolist() == [2, 4, 3, 0]
    assert confident_mistakes(labels, probabilities, 2).tolist() == [2, 4]


def test_a_perfect_classifier_has_no_mistakes_to_show():
    found = confident_mistakes(np.array([1, 2]), one_hot([1, 2]), 5)
    assert found.shape == (0,) and found.dtype == np.int64
    assert strokes(2)[found].shape == (0, 28, 28)


@given(st.integers(0, 10**6))
def test_mistakes_are_all_found_and_fall_in_confidence(seed):
    probabilities, labels = random_answers(seed)
    found = confident_mistakes(labels, probabilities, len(labels))
    assert set(found) == set(np.flatnonzero(probabilities.argmax(axis=1) != labels))
    assert (np.diff(probabilities.max(axis=1)[found]) <= 0).all()


# Corruptions


@pytest.mark.parametrize("kind", KINDS)
def test_strength_zero_changes_nothing(kind):
    images = strokes()
    result = corrupt(images, kind, 0, seed=1)
    assert np.array_equal(result, images) and result is not images


STRONG = {"rotation": 30, "shift": 3, "noise": 60, "blur": 1.5, "contrast": 0.7, "thicker": 1, "thinner": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_corrupted_images_are_bytes_again_and_the_originals_stay(kind):
    images = strokes()
    before = images.copy()
    result = corrupt(images, kind, STRONG[kind], seed=1)
    assert result.dtype == np.uint8 and result.shape == images.shape
    assert np.array_equal(images, before) and not np.array_equal(result, images)


@pytest.mark.parametrize("kind", KINDS)
def test_more_strength_changes_more(kind):
    images = strokes()
    change = [
        np.abs(corrupt(images, kind, STRONG[kind] * part, seed=1).astype(int) - images).mean()
        for part in (0.25, 0.5, 1)
    ]
    assert 0 < change[0] < change[1] < change[2]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_images(kind):
    images = strokes()
    assert np.array_equal(corrupt(images, kind, STRONG[kind], 1), corrupt(images, kind, STRONG[kind], 1))


@pytest.mark.parametrize("kind", ["rotation", "shift", "noise"])
def test_another_seed_gives_other_images(kind):
    images = strokes()
    assert not np.array_equal(corrupt(images, kind, STRONG[kind], 1), corrupt(images, kind, STRONG[kind], 2))


def test_a_rotation_turns_left_or_right_as_scipy_turns():
    images = strokes()
    both = [
        np.rint(ndimage.rotate(images.astype(float), angle, axes=(1, 2), reshape=False, order=1))
        for angle in (20, -20)
    ]
    turned = corrupt(images, "rotation", 20, seed=0)
    sides = {int(np.argmin([np.abs(turned[i] - side[i]).max() for side in both])) for i in range(len(images))}
    assert sides == {0, 1}
    assert all(min(np.abs(turned[i] - side[i]).max() for side in both) <= 1 for i in range(len(images)))


def test_a_shift_moves_the_ink_up_down_left_or_right():
    images = strokes(40)
    moved = corrupt(images, "shift", 2, seed=0)
    steps = set()
    for before, after in zip(images, moved, strict=True):
        step = np.subtract(ndimage.center_of_mass(after), ndimage.center_of_mass(before))
        steps.add(tuple(int(part) for part in np.rint(step)))
        assert after.sum() == before.sum()
    assert steps == {(2, 0), (-2, 0), (0, 2), (0, -2)}


def test_ink_that_is_shifted_out_of_the_frame_does_not_come_back():
    assert corrupt(strokes(), "shift", 28, seed=0).max() == 0


def test_noise_has_the_deviation_that_was_asked_for():
    grey = np.full((20, 28, 28), 128, np.uint8)
    noisy = corrupt(grey, "noise", 20, seed=0).astype(float)
    assert abs(noisy.std() - 20) < 0.5 and abs(noisy.mean() - 128) < 0.5


def test_noise_stops_at_paper_and_ink():
    extreme = np.zeros((1, 28, 28), np.uint8)
    extreme[0, :, 14:] = 255
    noisy = corrupt(extreme, "noise", 30, seed=0).astype(int)
    assert np.abs(noisy - extreme).max() < 200  # a byte that wraps around would jump by more
    assert (noisy[0, :, :14] == 0).any() and (noisy[0, :, 14:] == 255).any()


def test_blur_equals_that_of_scipy():
    image = strokes(1)
    expected = np.rint(ndimage.gaussian_filter(image[0].astype(np.float32), 1.5))
    assert np.abs(corrupt(image, "blur", 1.5, seed=0)[0] - expected).max() <= 1


def test_no_contrast_leaves_the_mean_of_each_image():
    images = strokes()
    flat = corrupt(images, "contrast", 1, seed=0)
    assert all(len(np.unique(image)) == 1 for image in flat)
    assert np.abs(flat[:, 0, 0] - images.mean(axis=(1, 2))).max() <= 0.5


@pytest.mark.parametrize(("kind", "widths"), [("thicker", [3, 4, 5, 7]), ("thinner", [3, 2, 1, 0])])
def test_a_pen_of_radius_r_adds_or_takes_r_pixels_on_each_side(kind, widths):
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 4:24, 12:15] = 255
    for radius, width in zip((0, 0.5, 1, 2), widths, strict=True):
        assert corrupt(bar, kind, radius, seed=0)[0, 14].astype(int).sum() / 255 == pytest.approx(
            width, abs=0.02
        )


@pytest.mark.parametrize(("radius", "dots"), [(0, 1), (1, 5), (2, 13), (3, 29)])
def test_the_pen_is_round(radius, dots):
    dot = np.zeros((1, 28, 28), np.uint8)
    dot[0, 14, 14] = 255
    assert (corrupt(dot, "thicker", radius, seed=0) == 255).sum() == dots


# Bad input: (call, what the message says)

GOOD = np.array([1, 2, 3])
SPREAD = np.full((3, 10), 0.1)
IMAGES = np.zeros((2, 28, 28), np.uint8)

BAD_ANSWERS = {
    "different lengths": (np.array([1, 2]), "got .*2 {name}"),
    "a label of 10": (np.array([1, 10, 3]), "{name} from 0 to 9, got 10 at position 1"),
    "a label of −1": (np.array([1, 2, -1]), "{name} from 0 to 9, got -1 at position 2"),
    "floats": (np.array([1.0, 2.0, 3.0]), "{name} to be integers, got float64"),
    "NaN": (np.array([1, np.nan, 3]), "{name} to be integers, got float64"),
    "text": (np.array(["1", "2", "3"]), "{name} to be integers, got <U1"),
    "truths": (np.array([True, False, True]), "{name} to be integers, got bool"),
    "nothing": (np.array([], np.uint8), r"{name} of shape .* n ≥ 1.*got \(0,\)"),
    "a column": (GOOD[:, np.newaxis], r"{name} of shape .* got \(3, 1\)"),
    "a number": (np.array(3), r"{name} of shape .* got \(\)"),
    "ten numbers per image": (SPREAD, r"{name} of shape .* got \(3, 10\).*argmax\(axis=1\)"),
}

BAD_PROBABILITIES = {
    "different lengths": (SPREAD[:2], "3 labels, 2 probabilities"),
    "no sum of one": (np.vstack([SPREAD[:2], np.full((1, 10), 0.2)]), "sum to 1, got 2 in row 2"),
    "NaN": (np.where(np.eye(3, 10, 1) > 0, np.nan, SPREAD), "numbers, got .*nan.* in row 0"),
    "infinite": (np.where(np.eye(3, 10) > 0, np.inf, SPREAD), "numbers, got .*inf.* in row 0"),
    "logits": (np.where(np.eye(3, 10) > 0, -3.0, SPREAD), "0 or more, got -3 in row 0.*logits"),
    "nothing": (np.empty((0, 10)), r"n ≥ 1, got \(0, 10\)"),
    "nine columns": (np.full((3, 9), 1 / 9), r"got \(3, 9\)"),
    "one image": (SPREAD[0], r"got \(10,\)"),
    "text": (SPREAD.astype(str), "floats, got <U"),
    "truths": (np.eye(3, 10, dtype=bool), "floats, got bool"),
}


@pytest.mark.parametrize(("bad", "message"), BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_labels_and_answers_that_are_none_are_refused_by_name(bad, message):
    calls = {
        "labels": [
            lambda: confusion_matrix(bad, GOOD),
            lambda: per_digit(bad, GOOD),
            lambda: mcnemar(bad, GOOD, GOOD),
            lambda: calibration(SPREAD, bad),
            lambda: fit_temperature(SPREAD, bad),
            lambda: confident_mistakes(bad, SPREAD, 1),
        ],
        "predicted": [lambda: confusion_matrix(GOOD, bad), lambda: per_digit(GOOD, bad)],
        "predicted_a": [lambda: mcnemar(GOOD, bad, GOOD)],
        "predicted_b": [lambda: mcnemar(GOOD, GOOD, bad)],
    }
    for name, refused in calls.items():
        for call in refused:
            with pytest.raises(ValueError, match=message.format(name=name)):
                call()


@pytest.mark.parametrize(("bad", "message"), BAD_PROBABILITIES.values(), ids=BAD_PROBABILITIES)
def test_probabilities_that_are_none_are_refused(bad, message):
    calls = [
        lambda: calibration(bad, GOOD),
        lambda: fit_temperature(bad, GOOD),
        lambda: confident_mistakes(GOOD, bad, 1),
    ]
    if "labels" not in message:
        calls.append(lambda: rescale(bad, 2))
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: wilson(0.98, 100),
            r"correct to be a whole number, got 0.98.*\(predicted == labels\).sum\(\)",
        ),
        (lambda: wilson(98.0, 100), "correct to be a whole number, got 98.0"),
        (lambda: wilson(math.nan, 100), "correct to be a whole number, got nan"),
        (lambda: wilson(True, 100), "correct to be a whole number, got True"),
        (lambda: wilson(101, 100), "got 101 right answers out of 100"),
        (lambda: wilson(-1, 100), "correct ≥ 0, got -1"),
        (lambda: wilson(0, 0), "n ≥ 1, got 0"),
        (lambda: wilson(5, "10"), "n to be a whole number, got '10'"),
        (lambda: wilson(5, 10, 95), "between 0 and 1, such as 0.95, got 95"),
        (lambda: wilson(5, 10, 0), "between 0 and 1, such as 0.95, got 0"),
        (lambda: wilson(5, 10, math.nan), "confidence to be a number, got nan"),
        (lambda: calibration(SPREAD, GOOD, bins=0), "bins ≥ 1, got 0"),
        (lambda: calibration(SPREAD, GOOD, bins=2.5), "bins to be a whole number, got 2.5"),
        (lambda: confident_mistakes(GOOD, SPREAD, 0), "n ≥ 1, got 0"),
        (lambda: confident_mistakes(GOOD, SPREAD, 1.5), "n to be a whole number, got 1.5"),
        (lambda: rescale(SPREAD, 0), "temperature above 0, got 0"),
        (lambda: rescale(SPREAD, -1.5), "temperature above 0, got -1.5"),
        (lambda: rescale(SPREAD, math.nan), "temperature to be a number, got nan"),
        (lambda: rescale(SPREAD, "hot"), "temperature to be a number, got 'hot'"),
        (lambda: corrupt(IMAGES, "rotate", 5, 0), "rotation, shift, .* got 'rotate'"),
        (lambda: corrupt(IMAGES, ["blur"], 5, 0), r"rotation, shift, .* got \['blur'\]"),
        (lambda: corrupt(IMAGES, "blur", -1, 0), "strength of 0 or more, got -1"),
        (lambda: corrupt(IMAGES, "blur", math.nan, 0), "strength to be a number, got nan"),
        (lambda: corrupt(IMAGES, "blur", None, 0), "strength to be a number, got None"),
        (lambda: corrupt(IMAGES, "contrast", 1.5, 0), "from 0 to 1, .* got 1.5"),
        (lambda: corrupt(IMAGES, "noise", 5, -1), "seed ≥ 0, got -1"),
        (lambda: corrupt(IMAGES, "noise", 5, None), "seed to be a whole number, got None"),
        (lambda: corrupt(IMAGES / 255, "noise", 5, 0), r"uint8 .* got float64 \(2, 28, 28\).*to_model_input"),
        (lambda: corrupt(IMAGES[..., np.newaxis], "noise", 5, 0), r"got uint8 \(2, 28, 28, 1\)"),
        (lambda: corrupt(IMAGES[0], "noise", 5, 0), r"got uint8 \(28, 28\)"),
        (lambda: corrupt(IMAGES[:, :8, :8], "noise", 5, 0), r"got uint8 \(2, 8, 8\)"),
        (lambda: corrupt(IMAGES[:0], "noise", 5, 0), r"n ≥ 1, got uint8 \(0, 28, 28\)"),
    ],
)
def test_numbers_and_images_that_cannot_be_meant_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_evaluation_needs_no_tensorflow():
    script = (
        "import sys, mnist_helpers.evaluation; sys.exit(not {'keras', 'tensorflow'}.isdisjoint(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0
