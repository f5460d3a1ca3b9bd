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
    """Return a function that makes the search end with `kind` and `path`."""
    monkeypatch.setenv("MNIST_PATH", "of/the/shell.npz")
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    monkeypatch.setattr(kernel, "BUILD", tmp_path / "build")
    return lambda *end: monkeypatch.setattr(kernel, "find_mnist", lambda _: Found(*SMALL, *end))


@pytest.mark.parametrize(
    "kind, path, expected",
    [
        (SAMPLE, None, {"MNIST_SOURCE": "sample"}),
        ("your file", Path("mnist.npz"), {"MNIST_PATH": str(Path("mnist.npz").absolute())}),
        ("the cache", Path("mnist.npz"), {"MNIST_SOURCE": "mnist"}),
        ("downloaded", Path("mnist.npz"), {"MNIST_SOURCE": "mnist"}),
    ],
)
def test_a_kernel_finds_what_was_found_and_nothing_else(kind, path, expected, found):
    found(kind, path)
    data = kernel.resolve_data()
    assert {name: value for name, value in data.environment.items() if name.startswith("MNIST_")} == expected
    assert data.is_sample == (kind == SAMPLE)


def test_a_download_that_no_cache_can_take_is_kept_for_the_kernels(found):
    found("downloaded", None)
    with np.load(kernel.resolve_data().environment["MNIST_PATH"]) as saved:
        assert same([saved[key] for key in saved])


def test_a_kernel_has_the_lessons_settings_whatever_the_users_keras_and_proxy_are(monkeypatch, tmp_path):
    _, cache = isolate(monkeypatch, tmp_path)
    cache.write_bytes(npz())
    settings = {"backend": "torch", "floatx": "float16", "image_data_format": "channels_first"}
    (cache.parents[1] / "keras.json").write_text(json.dumps(settings))
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setenv("KERAS_MAX_EPOCHS", "1")
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy")
    environment = kernel.resolve_data().environment
    assert environment["MNIST_PATH"] == str(cache)
    assert not {"KERAS_MAX_EPOCHS", "ALL_PROXY"} & environment.keys()
    assert environment["HTTP_PROXY"] == "http://proxy"
    code = "from keras import config; print(config.backend(), config.floatx(), config.image_data_format())"
    said = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert said.split() == ["tensorflow", "float32", "channels_last"]
