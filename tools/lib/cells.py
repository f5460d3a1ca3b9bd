"""The recipes whose results the course publishes: what is said about each, and how one is trained.

A recipe stands once, where it is taught: the cells of its lesson tagged `recipe:NAME`, from the imports to
the answers; one that no lesson trains is a module of `tools/lib/recipes/`, read in the same way. They run in
their order, with another seed. What is read from them is named as in every lesson: `history` of the training,
`test_labels`, and `probabilities`, the answers to the test digits, `(n, 10)`.
"""

import ast
import contextlib
import hashlib
import re
import time
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from tools.lib.files import ROOT, Problem
from tools.lib.notebooks import read

DENSE, TRAINING = "notebooks/05_dense.ipynb", "notebooks/07_training.ipynb"
LAST_ERRORS = "notebooks/12_last_errors.ipynb"
MODULES = "tools/lib/recipes"  # of those that no lesson trains
# These helpers shape no training: MNIST is verified to the bit, and the others show what came of it.
UNINVOLVED = ("data", "plotting", "progress", "results")


class Recipe(NamedTuple):
    """A training, where it stands, and what its source says."""

    name: str
    place: str  # the lesson whose tagged cells it is, or the module that it is as a whole
    source: str
    assumed: str = ""  # what the source does not state and we chose
    published_accuracy: float | None = None
    published_loss: float | None = None
    passes: int | None = None  # where the lesson itself, in its cell tagged `passes`, makes fewer
    members: bool = False  # whether the course ships each seed's weights


RECIPES = (
    Recipe("dense_512", DENSE, "github.com/Guru02-GiT/Number_Recognition", "all 60,000 digits, ReLU", 0.9813),
    Recipe(
        "dense_256_128",
        f"{MODULES}/dense_256_128.py",
        source="Skill Vertex internship project",
        assumed="widths 256 and 128, ReLU, Adam, batch 1000, 30 epochs",
        published_accuracy=0.97979,
    ),
    Recipe(
        "dense_128_64_16",
        f"{MODULES}/dense_128_64_16.py",
        source="nhBasavaraj, ML_MNIST_Handwritten_Project",
        assumed="ReLU, 1/6 held back",
        published_accuracy=0.9767,
    ),
    Recipe(
        "three_convolutions",
        f"{MODULES}/three_convolutions.py",
        source="github.com/SP85691/Digit_Recognition",
        assumed="softmax in place of sigmoid",
    ),
    Recipe(
        "keras_convnet",
        f"{MODULES}/keras_convnet.py",
        source='keras.io, "Simple MNIST convnet"',
        published_accuracy=0.99,
    ),
    Recipe("one_pass", TRAINING, "ours, after github.com/tuomaso/train_mnist_fast"),
    Recipe(
        "few_passes",
        TRAINING,
        source="Shubhvedi, Digit-Classification-Project: our network at their accuracy",
        assumed="network and training are ours",
        published_accuracy=0.992,
        published_loss=0.0241,
    ),
    Recipe("augmented", TRAINING, "ours: the same network, with augmentation"),
    Recipe(
        "small",
        LAST_ERRORS,
        source="ours: six normalised convolutions, 50,000 digits, bent",
        passes=12,
        members=True,
    ),
)


def cells(recipe: Recipe) -> list[str]:
    """Return the code of a recipe, cell by cell.

    Raises:
        Problem: no cell of the lesson carries the recipe's tag.
    """
    path, tag = ROOT / recipe.place, f"recipe:{recipe.name}"
    if path.suffix == ".py":
        return [path.read_text("utf-8")]
    found = [cell for cell in read(path).cells if tag in cell.metadata.get("tags", [])]
    if not found:
        raise Problem(f"{recipe.place}: expected cells tagged {tag}, found none; tag those that train it")
    return [
        f"passes = {recipe.passes}" if "passes" in cell.metadata.tags and recipe.passes else cell.source
        for cell in found
    ]


def train(recipe: Recipe, seed: int, keep: Path | None = None) -> dict:
    """Run a recipe's cells with a seed, and return what came of it; `keep` names a file for the weights.

    Returns:
        A dict: seed; accuracy and loss, of the test digits; train_accuracy, of the digits it was fitted on;
        parameters; epochs; and seconds, from setting the seed to the end of the last `fit`.

    Raises:
        Problem: no cell of the lesson carries the recipe's tag.
        KeyError: no tagged cell gives the name that the error tells.
    """
    code = compile("\n".join(cells(recipe)), recipe.place, "exec")
    import keras
    import numpy as np

    set_random_seed, fit = keras.utils.set_random_seed, keras.Model.fit
    names, seen = {}, {}

    def seed_as_asked(_):
        seen["started"] = time.perf_counter()
        set_random_seed(seed)

    def noted_fit(model, x, y, **settings):
        history = fit(model, x, y, **settings)
        n = int(len(x) * (1 - settings.get("validation_split", 0)))  # Keras holds back the last ones
        seen.update(x=x[:n], y=y[:n], seconds=time.perf_counter() - seen["started"])
        return history

    with patch("keras.utils.set_random_seed", seed_as_asked), patch("keras.Model.fit", noted_fit):
        exec(code, names)
    history, labels, probabilities = names["history"], names["test_labels"], names["probabilities"]
    if keep:
        np.savez_compressed(keep, *history.model.get_weights())
    right = probabilities[np.arange(len(labels)), labels]
    learned = history.model.predict(seen["x"], batch_size=1000, verbose=0).argmax(axis=1)
    y = seen["y"] if seen["y"].ndim == 1 else seen["y"].argmax(axis=1)
    return {
        "seed": seed,
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "loss": float(-np.log(np.maximum(right, 1e-7)).mean()),
        "train_accuracy": float((learned == y).mean()),
        "parameters": history.model.count_params(),
        "epochs": len(history.epoch),
        "seconds": seen["seconds"],
    }


class Enough(Exception):
    """The steps that were to be timed have been made."""


def pace(recipe: Recipe, images: int = 10_000) -> float:
    """Return how long a recipe trains, in seconds, worked out from its start and a few steps.

    The first `images` digits are learned twice: the first time compiles, the second is timed and multiplied.

    Raises:
        Problem: no cell of the lesson carries the recipe's tag.
    """
    code = compile("\n".join(cells(recipe)), recipe.place, "exec")
    import keras

    fit, seconds = keras.Model.fit, []

    def short_fit(model, x, y, **settings):
        for _ in range(2):
            begun = time.perf_counter()
            fit(model, x[:images], y[:images], **settings | {"epochs": 1})
            seconds.append(time.perf_counter() - begun)
        seconds.append(len(x) / images * settings["epochs"])
        raise Enough

    with patch("keras.Model.fit", short_fit), contextlib.suppress(Enough):
        exec(code, {})
    first, second, times = seconds
    return first - second + second * times


def digest(recipe: Recipe) -> str:
    """Return a digest of the code that decides a recipe's figures: its cells, and the helpers they name.

    Comments, docstrings, layout and imports change nothing; what is imported does.
    """
    helpers = [path for path in (ROOT / "mnist_helpers").glob("*.py") if path.stem not in UNINVOLVED]
    statements = [statement for path in helpers for statement in ast.parse(path.read_text("utf-8")).body]
    found, new = set(), {bare(ast.parse("\n".join(cells(recipe))))}
    while new:
        found |= new
        words = set(re.findall(r"\w+", "\n".join(new)))
        new = {bare(statement) for statement in statements if defined(statement) in words} - found
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def defined(statement: ast.stmt) -> str | None:
    """Return the name that a statement defines."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
            return name


class Bare(ast.NodeTransformer):
    """Removes imports and docstrings."""

    def visit(self, node):
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        unwanted = docstring or isinstance(node, ast.Import | ast.ImportFrom)
        return None if unwanted else self.generic_visit(node)


def bare(node: ast.AST) -> str:
    """Return code without imports, docstrings and comments, in one layout."""
    return ast.unparse(Bare().visit(node))
