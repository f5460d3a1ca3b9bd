import numpy as np

from mnist_helpers.gradients import check_gradient

WEIGHTS = np.random.default_rng(1).normal(size=(4, 3))
GOAL = np.arange(12.0).reshape(4, 3)


def loss(weights):
    return ((weights - GOAL) ** 2).sum()


def test_a_right_gradient_passes():
    before = WEIGHTS.copy()
    assert check_gradient(loss, WEIGHTS, 2 * (WEIGHTS - GOAL)) < 1e-6
    assert np.array_equal(WEIGHTS, before)


def test_wrong_gradients_do_not_pass():
    right = 2 * (WEIGHTS - GOAL)
    one_wrong = right.copy()
    one_wrong[2, 1] *= 1.5
    for wrong in (-right, right / 2, right * (WEIGHTS > 0), one_wrong, np.zeros((4, 3))):
        assert check_gradient(loss, WEIGHTS, wrong) > 0.01


def test_where_nothing_slopes_a_gradient_of_zeros_passes():
    assert check_gradient(lambda weights: 1.0, WEIGHTS, np.zeros((4, 3))) == 0


def test_it_looks_at_no_more_places_than_it_is_told():
    calls = []
    check_gradient(lambda weights: calls.append(1) or 0.0, np.zeros((28 * 28, 10)), np.zeros(7840), places=5)
    assert len(calls) == 10
