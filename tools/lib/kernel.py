"""The environment of the kernels that run the lessons: data found once, and the settings lessons rely on."""

import os
import re
from typing import NamedTuple

import numpy as np

from mnist_helpers.data import CACHE, DOWNLOADED, NPZ, find_mnist, write_npz
from tools.lib.files import BUILD

UNWANTED = ("MNIST_PATH", "MNIST_SOURCE", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")
SOCKS = re.compile("socks.*://")  # what Gradio asks its page with knows no such proxy and would stop at it
SETTINGS = {
    # A home of its own, in which Keras writes its defaults (float32, channels last): under the user's it
    # would read keras.json.
    "KERAS_HOME": str(BUILD / "keras"),
    "KERAS_BACKEND": "tensorflow",
    # Two open notebooks share a GPU, and TensorFlow's remarks on this computer stay out of the lessons.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


class Data(NamedTuple):
    """What the lessons run on: the kind of data in words, the environment for kernels, and if it's MNIST."""

    name: str
    environment: dict[str, str]
    is_sample: bool


def resolve_data(source: str | os.PathLike | None = None) -> Data:
    """Find MNIST once and return the environment in which kernels find the same digits.

    Args:
        source: As in `load_mnist`: `"sample"`, `"mnist"`, a path, or None for the usual order.

    Returns:
        The data's name, to be shown beside results, and a whole environment (not changes to one, so that
        a variable can also be absent), for the `env` of a kernel.

    Raises:
        DataError: a source that was named can't be had.
    """
    found = find_mnist(source)
    usual = {
        key: value for key, value in os.environ.items() if key not in UNWANTED and not SOCKS.match(value)
    }
    environment = usual | SETTINGS
    if found.is_sample:
        environment["MNIST_SOURCE"] = "sample"
    elif found.path and found.kind in (CACHE, DOWNLOADED):
        # It lies in our cache, where the kernel finds it. Were it gone by then, no sample may take its place.
        environment["MNIST_SOURCE"] = "mnist"
    else:
        if not found.path:  # a download that fits into no cache
            BUILD.mkdir(exist_ok=True)
            write_npz(BUILD / NPZ, found[:4], np.savez)
        environment["MNIST_PATH"] = str((found.path or BUILD / NPZ).absolute())
    return Data(found.kind if found.is_sample else f"MNIST ({found.kind})", environment, found.is_sample)


def kernel_environment(source: str | os.PathLike | None = None) -> dict[str, str]:
    """Return the environment of `resolve_data`, where nothing else is asked for."""
    return resolve_data(source).environment
