"""The two ways of a pass, on whatever JAX finds here, in a process of its own."""

import os
import re
import subprocess
import sys

import pytest

from tools.lib.files import ROOT


def measure(*arguments, **variables):
    code = "import sys; from tools.maintain.gpu import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "MNIST_SOURCE": "sample", **variables}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_both_ways_are_measured_and_learn():
    done = measure("--digits", "1280", "--seeds", "1")
    *_, by_fit, by_scan = done.stdout.splitlines()
    row = r"\| (?:`fit`|one compiled scan) \| \d+\.\d\d \| \d+\.\d \| (\d+\.\d\d) \|"
    accuracies = [float(re.fullmatch(row, line)[1]) for line in (by_fit, by_scan)]
    assert min(accuracies) > 30, done  # a tenth would be guessing; ten steps do not make much more


def test_too_few_digits_are_refused():
    assert "at least 128 digits" in measure("--digits", "5").stderr
