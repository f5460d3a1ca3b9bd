"""Kernels get the digits that were found once, and the settings that lessons rely on."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnist_helpers.data import SAMPLE, Found
from tests.support.servers import SMALL, isolate, npz, same
from tools.lib import kernel


@pytest.fixture
def found(monkeypatch, tmp_path):
    """Return a function that makes the search end with `kind` and `path`, and notes what was asked for."""
    asked = []

    def end_with(kind, path):
        def find_mnist(source):
            asked.append(source)
            return Found(*SMALL, kind, path)

        monkeypatch.setattr(kernel, "find_mnist", find_mnist)
        return asked

    monkeypatch.setenv("MNIST_PATH", "of/the/shell.npz")
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    monkeypatch.setattr(kernel, "BUILD", tmp_path / "build")
    return end_with


@pytest.mark.parametrize(
    "kind, path, expected",
    [
        (SAMPLE, None, {"MNIST_SOURCE": "sample"}),
        ("your file", Path("/here/mnist.npz"), {"MNIST_PATH": str(Path("/here/mnist.npz").absolute())}),
        ("the cache", Path("/cache/mnist.npz"), {"MNIST_SOURCE": "mnist"}),
        # (kernels have another KERAS_HOME)
        ("Keras's cache", Path("/keras/mnist.npz"), {"MNIST_PATH": str(Path("/keras/mnist.npz").absolute())}),
        ("downloaded", Path("/cache/mnist.npz"), {"MNIST_SOURCE": "mnist"}),
    ],
)
def test_a_kernel_finds_what_was_found_and_nothing_else(kind, path, expected, found):
    asked = found(kind, path)
    data = kernel.resolve_data("asked for")
    assert {name: value for name, value in data.environment.items() if name.startswith("MNIST_")} == expected
    assert data.is_sample == (kind == SAMPLE)
    assert asked == ["asked for"]


def test_a_download_that_no_cache_can_take_is_kept_for_the_kernels(found, tmp_path):
    found("downloaded", None)
    data = kernel.resolve_data()
    assert data.name == "MNIST (downloaded)"
    with np.load(data.environment["MNIST_PATH"]) as saved:
        assert same([saved[key] for key in saved])
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["mnist.npz"]


def test_a_kernel_finds_the_digits_of_keras_cache_whatever_the_users_keras_settings(monkeypatch, tmp_path):
    _, cache = isolate(monkeypatch, tmp_path)
    cache.write_bytes(npz())
    settings = {"backend": "torch", "floatx": "float16", "image_data_format": "channels_first"}
    (cache.parents[1] / "keras.json").write_text(json.dumps(settings))
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.setattr(kernel, "BUILD", tmp_path / "build")
    data = kernel.resolve_data()
    assert data.environment["MNIST_PATH"] == str(cache)
    code = """
from keras import config
print(config.backend(), config.floatx(), config.image_data_format(), config.max_epochs())
"""
    said = subprocess.check_output([sys.executable, "-c", code], env=data.environment, text=True)
    assert said.split() == ["tensorflow", "float32", "channels_last", "None"]


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({}, {}),
        ({"HTTP_PROXY": "http://proxy"}, {"NO_PROXY": "127.0.0.1,localhost"}),
        ({"https_proxy": "http://proxy", "no_proxy": "school"}, {"no_proxy": "school,127.0.0.1,localhost"}),
        ({"HTTP_PROXY": "http://proxy", "NO_PROXY": "*"}, {}),
        ({"ALL_PROXY": "socks5://proxy"}, {"NO_PROXY": "127.0.0.1,localhost", "ALL_PROXY": ""}),
    ],
)
def test_no_proxy_is_asked_for_this_computer(variables, expected):
    settings = kernel.lesson_settings(variables)
    assert {name: value for name, value in settings.items() if name.lower().endswith("_proxy")} == expected


def test_a_kernel_keeps_the_other_variables_and_shares_the_gpu(found, monkeypatch):
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    found(SAMPLE, None)
    environment = kernel.resolve_data().environment
    assert environment["SOMETHING_ELSE"] == "kept"
    assert environment["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
