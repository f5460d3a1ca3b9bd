"""Kernels get the digits that were found once, whatever the maintainer's own variables say."""

from pathlib import Path

import numpy as np
import pytest

from mnist_helpers.data import ARRAYS, SAMPLE, Found
from tools import _kernel

IMAGES, LABELS = np.arange(2 * 28 * 28, dtype="uint8").reshape(2, 28, 28), np.array([4, 7], dtype="uint8")


@pytest.fixture
def found(monkeypatch):
    """Return a function that makes the search end with `kind` and `path`, and notes what was asked for."""
    asked = []

    def end_with(kind, path):
        def find_mnist(source):
            asked.append(source)
            return Found(IMAGES, LABELS, IMAGES[:1], LABELS[:1], kind, path)

        monkeypatch.setattr(_kernel, "find_mnist", find_mnist)
        return asked

    monkeypatch.setenv("MNIST_PATH", "of/the/shell.npz")
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    return end_with


@pytest.mark.parametrize(
    "kind, path, expected",
    [
        (SAMPLE, None, {"MNIST_SOURCE": "sample"}),
        ("your file", Path("here/mnist.npz"), {"MNIST_PATH": str(Path("here/mnist.npz").absolute())}),
        ("the cache", Path("/cache/mnist.npz"), {"MNIST_SOURCE": "mnist"}),
        ("Keras's cache", Path("/keras/mnist.npz"), {"MNIST_SOURCE": "mnist"}),
        ("downloaded", Path("/cache/mnist.npz"), {"MNIST_SOURCE": "mnist"}),
    ],
)
def test_a_kernel_finds_what_was_found_and_nothing_else(kind, path, expected, found):
    asked = found(kind, path)
    environment = _kernel.kernel_environment("asked for")
    assert {name: value for name, value in environment.items() if name.startswith("MNIST_")} == expected
    assert asked == ["asked for"]


def test_a_download_that_no_cache_can_take_is_kept_for_the_kernels(found, tmp_path):
    found("downloaded", None)
    name, environment = _kernel.resolve_data(save_to=tmp_path / "build")
    assert name == "MNIST (downloaded)"
    assert "MNIST_SOURCE" not in environment
    assert [path.name for path in (tmp_path / "build").iterdir()] == [Path(environment["MNIST_PATH"]).name]
    with np.load(environment["MNIST_PATH"]) as saved:
        for array, expected in zip(ARRAYS, (IMAGES, LABELS, IMAGES[:1], LABELS[:1]), strict=True):
            assert (saved[array.key] == expected).all()


def test_a_kernel_keeps_the_other_variables_and_shares_the_gpu(found, monkeypatch):
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    found(SAMPLE, None)
    environment = _kernel.kernel_environment()
    assert environment["SOMETHING_ELSE"] == "kept"
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
