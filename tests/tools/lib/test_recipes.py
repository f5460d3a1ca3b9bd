"""The recipes are the lessons' own cells: which they are, what they depend on, and what is read from them."""

import shutil

import keras
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from scipy.spatial.distance import cdist

from mnist_helpers.data import load_mnist
from tools.lib import recipes
from tools.lib.files import ROOT, Problem
from tools.lib.notebooks import as_text, lessons, read
from tools.lib.recipes import RECIPES, Recipe, digest, train

NAMES = [recipe.name for recipe in RECIPES]
DENSE = ["dense_512", "dense_256_128", "dense_128_64_16"]
FAST = ["one_pass", "few_passes", "augmented"]
CNN = ["three_convolutions", *FAST]


def test_every_tag_in_a_lesson_names_a_recipe_that_stands_there():
    tagged = {
        (tag.removeprefix("recipe:"), path.relative_to(ROOT).as_posix())
        for path in lessons()
        for cell in read(path).cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("recipe:")
    }
    assert tagged == {(recipe.name, recipe.place) for recipe in RECIPES if recipe.place.endswith(".ipynb")}


# ------------------------------------------------------------------------- what a recipe depends on


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of all that decides the recipes' figures, which is read in place of the course."""
    for recipe in RECIPES:
        (tmp_path / recipe.place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / recipe.place, tmp_path / recipe.place)
    shutil.copytree(
        ROOT / "mnist_helpers", tmp_path / "mnist_helpers", ignore=shutil.ignore_patterns("assets")
    )
    monkeypatch.setattr(recipes, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "file, old, new, changed",
    [
        ("notebooks/04_dense.ipynb", "x_train.std()", "x_train.max()", ["dense_256_128"]),
        ("notebooks/04_dense.ipynb", "len(train_images) // 6", "len(train_images) // 5", DENSE),
        ("notebooks/05_cnn.ipynb", "Conv2D(24, 5, activation", "Conv2D(24, 3, activation", FAST),
        ("notebooks/05_cnn.ipynb", "validation_split=0.3", "validation_split=0.2", ["three_convolutions"]),
        ("notebooks/05_cnn.ipynb", "steps * 2 // 10", "steps * 3 // 10", ["augmented"]),
        ("tools/lib/keras_convnet.py", "epochs=15", "epochs=12", ["keras_convnet"]),
        ("mnist_helpers/models.py", "Dropout(0.5)", "Dropout(0.4)", ["keras_convnet"]),
        ("mnist_helpers/preprocessing.py", '"float32") / 255', '"float32") / 256', NAMES),
        ("mnist_helpers/preprocessing.py", "images.ndim == 3", "images.ndim > 2", NAMES),
        ("mnist_helpers/preprocessing.py", "Scale digit images", "Scale the images", []),
        (
            "mnist_helpers/preprocessing.py",
            "    check_images(images)",
            "    # first\n    check_images(images)",
            [],
        ),
        ("notebooks/05_cnn.ipynb", "show_digits, weight_images", "weight_images, show_digits", []),
        ("notebooks/05_cnn.ipynb", "np.geomspace(1e-5", "np.geomspace(1e-4", []),
    ],
)
def test_a_change_makes_those_recipes_stale_that_depend_on_it_and_no_other(course, file, old, new, changed):
    before = {recipe.name: digest(recipe) for recipe in RECIPES}
    text = (course / file).read_text("utf-8")
    assert old in text
    (course / file).write_text(text.replace(old, new), "utf-8")
    assert [recipe.name for recipe in RECIPES if digest(recipe) != before[recipe.name]] == changed


# --------------------------------------------------------------------- what is read from its cells

SMALL = [
    """
import keras
import numpy as np

def build():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="softmax")])

labels = np.arange(80) % 4
x = np.eye(4)[labels]
labels[60:] = 3 - labels[60:]  # the last quarter is held back, and wrong
test_labels = np.array([0, 1, 2, 2])
""",
    """
keras.utils.set_random_seed(4)
net = build()
net.compile(optimizer=keras.optimizers.Adam(0.3), loss="categorical_crossentropy")
history = net.fit(
    x, keras.utils.to_categorical(labels), validation_split=0.25, batch_size=4, epochs=3, verbose=0
)
""",
    "probabilities = net.predict(np.eye(4), verbose=0)",
]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return a function that writes a small lesson of these cells, and returns its recipe."""
    monkeypatch.setattr(recipes, "ROOT", tmp_path)

    def write(*cells, tag="recipe:small"):
        own = [new_code_cell(source, metadata={"tags": ["other", tag]}) for source in cells]
        notebook = new_notebook(cells=[new_code_cell("1 / 0"), *own, new_code_cell("1 / 0")])
        (tmp_path / "small.ipynb").write_text(as_text(notebook), "utf-8")
        return Recipe("small", "small.ipynb", "a page")

    return write


def test_a_run_tells_what_became_of_the_cells_training(small):
    run = train(small(*SMALL), seed=0)
    assert list(run) == ["seed", "accuracy", "loss", "train_accuracy", "parameters", "epochs", "seconds"]
    assert (run["accuracy"], run["train_accuracy"]) == (0.75, 1.0)  # the last test digit is a 3 called 2
    assert (run["seed"], run["parameters"], run["epochs"]) == (0, 20, 3)
    assert run["loss"] > -np.log(0.5) / 4 and 0 < run["seconds"] < 60


def test_the_cells_get_the_seed_that_is_asked_for_and_no_other(small):
    recipe, own = small(*SMALL), keras.utils.set_random_seed
    first, again, other = (train(recipe, seed)["loss"] for seed in (0, 0, 1))
    assert first == again != other
    assert keras.utils.set_random_seed is own


@pytest.mark.parametrize(
    "cells, tag, message",
    [
        (SMALL, "recipe:smal", "small.ipynb: expected cells tagged recipe:small"),
        (SMALL[:2], "recipe:small", "no cell tagged recipe:small gives probabilities"),
    ],
)
def test_a_missing_tag_is_named(small, cells, tag, message):
    with pytest.raises(Problem, match=message):
        train(small(*cells, tag=tag), seed=0)


# ------------------------------------------------------------------------- what the trainings learn


@pytest.fixture(scope="module")
def sample():
    return load_mnist("sample")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_on_the_sample_a_recipe_beats_the_nearest_mean_digit(recipe, sample, monkeypatch):
    (images, labels), (test_images, test_labels) = sample
    monkeypatch.setattr("mnist_helpers.data.load_mnist", lambda: sample)
    means = np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])
    nearest = cdist(test_images.reshape(len(test_images), -1), means).argmin(axis=1)
    assert train(recipe, seed=0)["accuracy"] > (nearest == test_labels).mean()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_on_shuffled_labels_there_is_nothing_to_learn(recipe, sample, monkeypatch):
    (images, labels), test = sample
    shuffled = np.random.default_rng(0).permutation(labels)[:3000]
    monkeypatch.setattr("mnist_helpers.data.load_mnist", lambda: ((images[:3000], shuffled), test))
    assert train(recipe, seed=0)["accuracy"] <= 0.2
