"""The helpers on another engine of Keras."""

import os
import subprocess
import sys

import pytest

from tools.lib.files import ROOT


@pytest.mark.slow
def test_the_helpers_tests_pass_on_jax():
    options = ("-q", "-p", "no:nbval", "-o", "addopts=--import-mode=importlib")
    # The workers of test_distributed.py are TensorFlow's, whatever Keras is set to.
    where = ("tests/mnist_helpers", "--ignore=tests/mnist_helpers/test_distributed.py")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "pytest", *options, *where]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
