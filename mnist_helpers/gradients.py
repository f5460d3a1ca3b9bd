"""Check slopes that were worked out by hand: arrays in, one number out. Nothing here knows a network."""

import numpy as np


def check_gradient(loss_of, weights, slopes, places=100, small=1e-5):
    """Measure slopes at a few random places and say how far a gradient is off there.

    At each place the weight goes up and down by a little; the difference of the two losses, divided by that
    of the two weights, is the slope (a two-sided difference). Built in the open in 03_learning.ipynb.

    Args:
        loss_of: a function that takes an array like `weights` and returns the loss, one number.
        weights: float64 array of any shape; float32 is too coarse for steps this small.
        slopes: array of the same shape, the gradient to check.
        places: how many weights to try at most; the same ones each time.
        small: how far to move a weight.

    Returns:
        The largest difference, as a share of the largest slope at these places: below 1e-6 if the gradient is
        right, and not small at all if it has a mistake.
    """
    chosen = np.random.default_rng(0).permutation(weights.size)[:places]
    by_hand, measured = slopes.reshape(-1)[chosen], []
    for place in chosen:
        nudge = np.zeros(weights.size)
        nudge[place] = small
        nudge = nudge.reshape(weights.shape)
        up, down = loss_of(weights + nudge), loss_of(weights - nudge)
        measured.append((up - down) / (2 * small))
    largest = max(abs(by_hand).max(), np.abs(measured).max())
    return abs(by_hand - measured).max() / max(largest, small)
