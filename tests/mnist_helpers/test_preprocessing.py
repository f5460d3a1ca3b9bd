import numpy as np
import pytest

from mnist_helpers.preprocessing import to_model_input


def digits(n=3):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def test_scaling_maps_bytes_to_floats_between_zero_and_one_with_a_channel_axis():
    images = digits()
    images[0, 0, :2] = 0, 255
    before = images.copy()
    x = to_model_input(images)
    assert x.dtype == np.float32 and x.shape == (3, 28, 28, 1)
    assert x[0, 0, 0, 0] == 0 and x[0, 0, 1, 0] == 1
    assert np.array_equal(np.rint(x[..., 0] * 255).astype(np.uint8), images)
    assert np.array_equal(images, before)


def test_an_empty_stack_stays_an_empty_stack():
    assert to_model_input(digits(0)).shape == (0, 28, 28, 1)


@pytest.mark.parametrize(
    ("wrong", "error", "advice"),
    [
        (digits() / np.float32(255), ValueError, "already scaled"),
        (to_model_input(digits()), ValueError, "before any reshape"),
        (digits()[0], ValueError, "one image"),
        (digits().reshape(3, 784), ValueError, "before any reshape"),
        (digits().astype("float32"), ValueError, "not converted"),
        (digits().tolist(), TypeError, r"np\.array"),
    ],
    ids=["scaled", "twice", "one image", "flat", "floats", "list"],
)
def test_scaling_refuses_anything_but_unscaled_images(wrong, error, advice):
    with pytest.raises(error, match=advice):
        to_model_input(wrong)
