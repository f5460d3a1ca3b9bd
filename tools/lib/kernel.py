"""The environment of the kernels that run the lessons: data found once, so that no kernel downloads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist_helpers.data import NPZ, SAMPLE, find_mnist, write_npz
from tools.lib.files import ROOT


def kernel_environment(source: str | os.PathLike | None = None) -> dict[str, str]:
    """Find MNIST once and return the environment in which kernels find the same digits.

    Args:
        source: As in `load_mnist`: `"sample"`, `"mnist"`, a path, or None for the usual order.

    Returns:
        A whole environment (not changes to one, so that a variable can also be absent), for the
        `env` of a kernel.

    Raises:
        DataError: a source that was named can't be had.
    """
    return resolve_data(source).environment


class Data(NamedTuple):
    """What the lessons run on: the kind of data in words, and the environment for kernels."""

    name: str
    environment: dict[str, str]


def resolve_data(source: str | os.PathLike | None = None, save_to: Path = ROOT / "build") -> Data:
    """Do what `kernel_environment` does, and also name the kind of data, to be shown beside results.

    `save_to` is the folder for a download that fits into no cache.
    """
    found = find_mnist(source)
    environment = dict(os.environ)
    environment.pop("MNIST_PATH", None)
    environment.pop("MNIST_SOURCE", None)
    if found.kind == SAMPLE:
        environment["MNIST_SOURCE"] = "sample"
    elif found.kind == "your file":
        environment["MNIST_PATH"] = str(Path(found.path).absolute())
    elif found.path is None:
        save_to.mkdir(parents=True, exist_ok=True)
        write_npz(save_to / NPZ, found[:4], np.savez)
        environment["MNIST_PATH"] = str((save_to / NPZ).absolute())
    else:
        # It lies in a cache, where the kernel finds it. Were it gone by then, no sample may take its place.
        environment["MNIST_SOURCE"] = "mnist"
    # Two open notebooks share a GPU, and TensorFlow's remarks on this computer stay out of the lessons.
    environment["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    environment["TF_CPP_MIN_LOG_LEVEL"] = "2"
    name = found.kind if "SAMPLE" in found.kind else f"MNIST ({found.kind})"
    return Data(name, environment)
