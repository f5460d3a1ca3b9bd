"""From answers to numbers: arrays in, numbers out. No function here knows a model.

`labels` and `predicted` are integer arrays `(n,)` of digits 0–9, `probabilities` is a float array `(n, 10)`
whose rows sum to 1. Lists will do too. What cannot be meant raises a `ValueError`.
"""

import numbers
from typing import NamedTuple

import numpy as np
from scipy import optimize, special, stats

# float16 probabilities, as mixed precision returns them, miss a sum of 1 by up to half of this.
SUM_TOLERANCE = 1e-3
SMALLEST_PROBABILITY = 1e-38  # float32 holds nothing much smaller; keeps log(0) out
SMALLEST_TEMPERATURE, LARGEST_TEMPERATURE = 0.05, 20.0


class PerDigit(NamedTuple):
    """Four arrays `(10,)`, one value per digit. See `per_digit`."""

    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    count: np.ndarray


class Calibration(NamedTuple):
    """Three arrays `(bins,)` and the expected calibration error. See `calibration`."""

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray
    error: float


class McNemar(NamedTuple):
    """Digits that only one of two networks reads, and the p-value. See `mcnemar`."""

    only_a: int
    only_b: int
    p_value: float


def confusion_matrix(labels, predicted):
    """Count how often each digit was read as each digit.

    Built step by step in 08_evaluation.ipynb.

    Args:
        labels: integer array `(n,)`, the true digits 0–9.
        predicted: integer array `(n,)`, the answers 0–9.

    Returns:
        int64 array `(10, 10)`: row = true digit, column = answer, so the diagonal counts the right answers.
        It has ten rows and columns even if some digits never occur.

    Raises:
        ValueError: arrays of different lengths, empty, of another shape, or with anything but digits 0–9.
    """
    check_answers(labels, predicted)
    matrix = np.zeros((10, 10), dtype="int64")
    for digit, answer in zip(labels, predicted, strict=True):
        matrix[digit, answer] += 1
    return matrix


def check_answers(labels, predicted):
    """Refuse anything that is not two arrays of digits of the same length.

    Args:
        labels: what ought to be an integer array `(n,)` of digits 0–9.
        predicted: the same for the answers.

    Raises:
        ValueError: anything else. The message says what came and what to do.
    """
    _digits(labels=labels, predicted=predicted)


def per_digit(labels, predicted):
    """Return precision, recall, F1 and count for each digit.

    Of a digit's images, **recall** is the share that was read as this digit. Of the answers that name a
    digit, **precision** is the share that was right. **F1** is the harmonic mean of the two.

    Args:
        labels: integer array `(n,)`, the true digits 0–9.
        predicted: integer array `(n,)`, the answers 0–9.

    Returns:
        PerDigit(precision, recall, f1, count), arrays `(10,)`: float64 in [0, 1], and int64 counts of the
        true digits. A share of nothing is NaN: the recall of a digit that never occurs, the precision of a
        digit that is never answered, the F1 of a digit that is neither. `np.nanmean` averages the rest.

    Raises:
        ValueError: as `confusion_matrix`.
    """
    matrix = confusion_matrix(labels, predicted)
    right, occurs, answered = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    return PerDigit(
        _share(right, answered), _share(right, occurs), _share(2 * right, occurs + answered), occurs
    )


def calibration(probabilities, labels, bins=15):
    """Compare how sure a network is with how often it is right.

    The answer to an image is its most probable digit, and that probability is the confidence. Images go by
    confidence into bins of equal width, each open below and closed above as in the source.

    Args:
        probabilities: float array `(n, 10)`, rows sum to 1.
        labels: integer array `(n,)`, the true digits 0–9.
        bins: how many bins share the confidences from 0 to 1.

    Returns:
        Calibration(confidence, accuracy, count, error): mean confidence, share of right answers and number of
        images per bin, NaN, NaN and 0 in an empty one; and the expected calibration error in [0, 1], the mean
        distance between confidence and accuracy, each bin counted by its images.

    Raises:
        ValueError: probabilities or labels that are none, or fewer than one bin.

    Source: Guo et al., On calibration of modern neural networks, 2017, section 2, https://arxiv.org/abs/1706.04599
    """
    probabilities, labels = _answered(probabilities, labels)
    _whole("bins", bins, 1)
    sure = probabilities.max(axis=1).clip(0, 1)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.searchsorted(np.linspace(0, 1, bins + 1), sure, side="left") - 1
    count = np.bincount(bin_of, minlength=bins)
    total_sure = np.bincount(bin_of, weights=sure, minlength=bins)
    total_right = np.bincount(bin_of, weights=right, minlength=bins)
    error = float(np.abs(total_sure - total_right).sum() / len(labels))
    return Calibration(_share(total_sure, count), _share(total_right, count), count, error)


def fit_temperature(probabilities, labels):
    """Find the temperature with which `rescale` makes probabilities fit the labels best.

    Best means the smallest mean loss, −log of the probability of the true digit. As a function of
    1 / temperature the loss has one lowest point, where its slope is zero. Use validation digits: on those it
    learned from, a network looks better than it is.

    Args:
        probabilities: float array `(n, 10)`, rows sum to 1.
        labels: integer array `(n,)`, the true digits 0–9.

    Returns:
        The temperature: above 1 for a network that is too sure, below 1 for one that is not sure enough. It
        lies between 0.05 and 20. A perfect network could always be surer still: it gets 0.05.

    Raises:
        ValueError: probabilities or labels that are none.

    Source: Guo et al., On calibration of modern neural networks, 2017, section 4.2, https://arxiv.org/abs/1706.04599
    """
    probabilities, labels = _answered(probabilities, labels)
    logits = _logits(probabilities)
    logit_of_label = logits[np.arange(len(labels)), labels]

    def slope(sharpness):
        expected = (special.softmax(sharpness * logits, axis=1) * logits).sum(axis=1)
        return (expected - logit_of_label).mean()

    if slope(1 / SMALLEST_TEMPERATURE) <= 0:
        return SMALLEST_TEMPERATURE
    if slope(1 / LARGEST_TEMPERATURE) >= 0:
        return LARGEST_TEMPERATURE
    return float(1 / optimize.brentq(slope, 1 / LARGEST_TEMPERATURE, 1 / SMALLEST_TEMPERATURE))


def rescale(probabilities, temperature):
    """Make probabilities less extreme (temperature above 1) or more (below 1); no answer changes.

    Args:
        probabilities: float array `(n, 10)`, rows sum to 1.
        temperature: a positive number, as `fit_temperature` returns it; 1 changes nothing.

    Returns:
        float64 array `(n, 10)`, rows sum to 1: each probability to the power of 1 / temperature, divided by
        the row's sum. That equals dividing the inputs of the network's softmax by the temperature.

    Raises:
        ValueError: probabilities that are none, or a temperature that is not a positive number.
    """
    probabilities = _probabilities(probabilities)
    _inside("temperature", temperature, 0, np.inf)
    return special.softmax(_logits(probabilities) / temperature, axis=1)


def wilson(correct, n, confidence=0.95):
    """Return the range of true accuracies that `correct` right answers out of `n` leave plausible.

    Args:
        correct: how many answers are right, a whole number from 0 to n.
        n: how many answers there are, at least 1.
        confidence: how many of 100 such intervals, as a share, shall contain the true accuracy.

    Returns:
        (low, high), two floats in [0, 1]. Unlike "accuracy ± 2 standard errors" they stay sensible with no
        mistake, or with nothing right.

    Raises:
        ValueError: an accuracy instead of a count, counts that cannot be, or a confidence outside (0, 1).

    Source: Wilson, Probable inference, the law of succession, and statistical inference, Journal of the
    American Statistical Association 22, 1927, 209–212
    """
    n = _whole("n", n, 1)
    correct = _whole("correct", correct, 0)
    if correct > n:
        raise ValueError(f"expected correct ≤ n, got {correct} right answers out of {n}")
    _inside("confidence", confidence, 0, 1)
    low, high = stats.binomtest(correct, n).proportion_ci(confidence, method="wilson")
    return float(low), float(high)


def mcnemar(labels, predicted_a, predicted_b):
    """Test whether two networks that read the same images differ by more than chance (exact, two-sided).

    Images that both read, or both misread, say nothing about which is better. Of the others, were the
    networks equally good, each would win a fair coin's share.

    Args:
        labels: integer array `(n,)`, the true digits 0–9.
        predicted_a: integer array `(n,)`, the answers of the first network.
        predicted_b: integer array `(n,)`, the answers of the second network to the same images.

    Returns:
        McNemar(only_a, only_b, p_value): how many images only the first and only the second network reads
        correctly, and the probability of a split at least as uneven from a fair coin. Without any such
        image it is 1.

    Raises:
        ValueError: arrays of different lengths, empty, of another shape, or with anything but digits 0–9.

    Source: McNemar, Note on the sampling error of the difference between correlated proportions or
    percentages, Psychometrika 12, 1947, 153–157; exact as in Fagerland, Lydersen and Laake, 2013,
    https://doi.org/10.1186/1471-2288-13-91
    """
    labels, a, b = _digits(labels=labels, predicted_a=predicted_a, predicted_b=predicted_b)
    only_a = int(((a == labels) & (b != labels)).sum())
    only_b = int(((b == labels) & (a != labels)).sum())
    if only_a + only_b == 0:
        return McNemar(0, 0, 1.0)
    return McNemar(only_a, only_b, float(stats.binomtest(only_a, only_a + only_b).pvalue))


def compare_runs(first, second):
    """Say whether two ways of training differ by more than the luck of their seeds.

    Built in the open in 02_normalization.ipynb.

    Args:
        first: a score of each run of the first way, one run a seed, at least one.
        second: the same of the second way.

    Returns:
        "higher in every run" when all of `second` are above all of `first`, "lower in every run" when all are
        below, else "no difference seen". Where the two ways are equally good, three runs against three come
        apart by luck once in ten times, five against five once in 126.
    """
    if min(second) > max(first):
        return "higher in every run"
    if max(second) < min(first):
        return "lower in every run"
    return "no difference seen"


def _share(part, whole):
    return np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def _logits(probabilities):
    # Softmax turns these back into the probabilities. The network's own differ by a constant per row.
    return np.log(np.maximum(probabilities, SMALLEST_PROBABILITY))


def _digits(**arrays):
    """Return the arrays, by name labels or answers, or refuse them."""
    arrays = {name: np.asarray(values) for name, values in arrays.items()}
    for name, values in arrays.items():
        if values.ndim != 1 or len(values) == 0:
            advice = ": of ten numbers per image, .argmax(axis=1) makes one digit"
            raise ValueError(
                f"expected {name} of shape (n,) with n ≥ 1, one digit per image, got {values.shape}"
                f"{advice if values.shape[1:] == (10,) else ''}"
            )
        if values.dtype.kind not in "iu":
            raise ValueError(f"expected {name} to be integers, got {values.dtype}, such as {values[0]!r}")
        wrong = np.flatnonzero((values < 0) | (values > 9))
        if len(wrong):
            raise ValueError(f"expected {name} from 0 to 9, got {values[wrong[0]]} at position {wrong[0]}")
    _same_length(**arrays)
    return arrays.values()


def _probabilities(values):
    values = np.asarray(values)
    if values.ndim != 2 or values.shape[1] != 10 or len(values) == 0:
        raise ValueError(f"expected probabilities of shape (n, 10) with n ≥ 1, got {values.shape}")
    if values.dtype.kind not in "fiu":
        raise ValueError(f"expected probabilities to be floats, got {values.dtype}")
    values = values.astype("float64")
    wrong = np.flatnonzero((values < 0).any(axis=1))
    if len(wrong):
        raise ValueError(
            f"expected probabilities of 0 or more, got {values[wrong[0]].min():g} in row {wrong[0]}: "
            "a network without softmax at its end returns logits; keras.ops.softmax makes them probabilities"
        )
    sums = values.sum(axis=1)
    wrong = np.flatnonzero(~(np.abs(sums - 1) <= SUM_TOLERANCE))  # written so that NaN is wrong too
    if len(wrong):
        raise ValueError(
            f"expected each row of probabilities to sum to 1, got {sums[wrong[0]]:g} in row {wrong[0]}"
        )
    return values


def _answered(probabilities, labels):
    probabilities, (labels,) = _probabilities(probabilities), _digits(labels=labels)
    _same_length(labels=labels, probabilities=probabilities)
    return probabilities, labels


def _same_length(**arrays):
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise ValueError(f"expected one entry per image in each array, got {got}")


def _whole(name, value, least):
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        advice = ": count the right answers with (predicted == labels).sum()" if name == "correct" else ""
        raise ValueError(f"expected {name} to be a whole number, got {value!r}{advice}")
    if value < least:
        raise ValueError(f"expected {name} ≥ {least}, got {value}")
    return int(value)


def _inside(name, value, low, high):
    if not isinstance(value, numbers.Real) or not low < value < high:
        raise ValueError(f"expected {name} to be a number above {low} and below {high}, got {value!r}")
