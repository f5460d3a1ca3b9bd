"""Train the two networks of the page that runs in the browser again (about a minute on two cores).

Both take lesson 07's recipe of one pass, cell by cell: the fast CNN that the lesson builds, and in its place
the dense network of as many parameters that lesson 06 compares it with. They are written to
mnist_helpers/page/static/weights.js in half precision, and read the test digits once, as they are written.
"""

import argparse
import base64
import json
import os
from unittest.mock import patch

import numpy as np

from tools.lib.cells import RECIPES, cells
from tools.lib.files import ROOT, replace
from tools.lib.kernel import resolve_data

WEIGHTS = ROOT / "mnist_helpers" / "page" / "static" / "weights.js"
RECIPE = next(recipe for recipe in RECIPES if recipe.name == "one_pass")
START = "// Made by `course.py weights`: kernels and biases in half precision, as base64.\nconst WEIGHTS = "


def main(arguments: list[str]) -> int:
    """Train both networks, let them read the test digits, and write weights.js; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py weights", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=5, help="5, the lesson's own, when left out")
    seed = parser.parse_args(arguments).seed
    data = resolve_data("mnist")  # never the sample
    written = {}
    with patch.dict(os.environ, data.environment, clear=True):
        from mnist_helpers.models import build_dense, build_fast_cnn

        for name, build in {"dense": build_dense, "cnn": build_fast_cnn}.items():
            network, images, labels = train(build, seed)
            network.set_weights([array.astype("float16") for array in network.get_weights()])
            predicted = network.predict(images, batch_size=500, verbose=0).argmax(axis=1)
            right = float((predicted == labels).mean())
            written[name] = {
                "accuracy": right,
                "digits": len(labels),
                "seed": seed,
                "parameters": network.count_params(),
                "arrays": [packed(array) for array in network.get_weights()],
            }
            print(f"{name}: {right:.2%} of the test digits", flush=True)
    replace(WEIGHTS, f"{START}{json.dumps(written, indent=1)};\n")
    return 0


def train(build, seed: int):
    """Run the recipe's cells with a network in the place of theirs, up to the answers, which are not asked.

    Returns:
        The trained `keras.Sequential`, and the test digits as it reads them: float32 `(n, 28, 28, 1)`, and
        their labels, `(n,)`.
    """
    import keras

    names, set_random_seed = {}, keras.utils.set_random_seed
    with patch("keras.utils.set_random_seed", lambda _: set_random_seed(seed)):
        for cell in cells(RECIPE)[:-1]:  # the last asks for the answers to the test digits
            exec(cell, names)
            if "build_fast_cnn" in names:
                names["build_fast_cnn"] = build
    return names["fast"], names["x_test"], names["test_labels"]


def packed(array: np.ndarray) -> dict:
    """Return an array as its shape, and its numbers in half precision, little end first, as base64."""
    numbers = base64.b64encode(array.astype("<f2").tobytes()).decode()
    return {"shape": list(array.shape), "numbers": numbers}


def read() -> dict[str, dict]:
    """Return what weights.js holds of each network: "dense" and "cnn".

    Returns:
        As it was written, but for "arrays", which are float32 arrays in the order of Keras's `get_weights`.
    """
    networks = json.loads(WEIGHTS.read_text("utf-8").removeprefix(START).removesuffix(";\n"))
    for network in networks.values():
        network["arrays"] = [
            np.frombuffer(base64.b64decode(array["numbers"]), "<f2").reshape(array["shape"]).astype("float32")
            for array in network["arrays"]
        ]
    return networks
