"""The recipes are the lessons' own cells: which they are, what they depend on, and what is read from them."""

import shutil
from unittest.mock import Mock

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from mnist_helpers.data import load_mnist
from tools.lib import cells
from tools.lib.cells import RECIPES, Recipe, digest, pace, train
from tools.lib.files import ROOT
from tools.lib.notebooks import lessons, read

NAMES = [recipe.name for recipe in RECIPES]
FAST = ["one_pass", "few_passes", "augmented"]


def test_every_tag_in_a_lesson_names_a_recipe_that_stands_there():
    tagged = {
        (tag.removeprefix("recipe:"), path.relative_to(ROOT).as_posix())
        for path in lessons()
        for cell in read(path).cells
        for tag in cell.metadata.get("tags", [])
        if tag.startswith("recipe:")
    }
    assert tagged == {(recipe.name, recipe.place) for recipe in RECIPES if recipe.place.endswith(".ipynb")}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of all that decides the recipes' figures, which is read in place of the course."""
    for folder in ("notebooks", "mnist_helpers", "tools/lib"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("assets", "__pycache__")
        )
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "file, old, new, changed",
    [
        ("notebooks/05_dense.ipynb", "rmsprop", "sgd", ["dense_512"]),
        ("notebooks/07_training.ipynb", "Conv2D(24, 5, activation", "Conv2D(24, 3, activation", FAST),
        (
            "notebooks/07_training.ipynb",
            "np.geomspace(1e-5",
            "np.geomspace(1e-4",
            [],
        ),  # in a cell without a tag
        ("notebooks/07_training.ipynb", "import numpy as np", "import numpy", []),
        ("tools/lib/recipes/keras_convnet.py", "epochs=15", "epochs=12", ["keras_convnet"]),
        ("mnist_helpers/models.py", "Dropout(0.5)", "Dropout(0.4)", ["keras_convnet"]),
        ("mnist_helpers/models.py", "Dropout(0.5),", "Dropout(0.5),  # half", []),
    ],
)
def test_a_change_makes_those_recipes_stale_that_depend_on_it_and_no_other(course, file, old, new, changed):
    before = {recipe.name: digest(recipe) for recipe in RECIPES}
    text = (course / file).read_text("utf-8")
    assert old in text
    (course / file).write_text(text.replace(old, new), "utf-8")
    assert [recipe.name for recipe in RECIPES if digest(recipe) != before[recipe.name]] == changed


SMALL = """
import keras
import numpy as np
labels = np.arange(80) % 4
x = np.eye(4)[labels]
labels[60:] = 3 - labels[60:]  # the last quarter is held back, and wrong
test_labels = np.array([0, 1, 2, 2])  # the last one is a 3
keras.utils.set_random_seed(4)
net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="softmax")])
net.compile(optimizer=keras.optimizers.Adam(0.3), loss="sparse_categorical_crossentropy")
history = net.fit(x, labels, validation_split=0.25, batch_size=4, epochs=3, verbose=0)
probabilities = net.predict(np.eye(4), verbose=0)
"""


def test_a_run_tells_what_became_of_the_cells_training_with_the_seed_that_is_asked_for(tmp_path):
    (tmp_path / "small.py").write_text(SMALL)
    first, again, other = (train(Recipe("small", tmp_path / "small.py", ""), seed) for seed in (0, 0, 1))
    assert list(first) == ["seed", "accuracy", "loss", "train_accuracy", "parameters", "epochs", "seconds"]
    assert (first["accuracy"], first["train_accuracy"]) == (0.75, 1.0)
    assert (first["seed"], first["parameters"], first["epochs"]) == (0, 20, 3)
    assert first["loss"] > -np.log(0.5) / 4 and 0 < first["seconds"] < 60
    assert first["loss"] == again["loss"] != other["loss"]


def test_a_recipes_time_is_worked_out_from_its_start_and_a_few_steps(tmp_path, monkeypatch):
    (tmp_path / "small.py").write_text(SMALL)
    clock = Mock(side_effect=[100, 105, 105, 107])  # the first steps take 5 seconds, the same again 2
    monkeypatch.setattr(cells, "time", Mock(perf_counter=clock))
    # Half of the digits in 2 seconds, so three passes over all in 12, and 3 to begin.
    assert pace(Recipe("small", tmp_path / "small.py", ""), images=40) == 15


# Twelve passes over the sample are too few steps for the running means of batch normalisation (lesson 12).
@pytest.mark.slow
@pytest.mark.parametrize("recipe", [one for one in RECIPES if one.name != "small"], ids=lambda one: one.name)
def test_on_the_sample_a_recipe_beats_the_nearest_mean_digit(recipe, monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    (images, labels), (test_images, test_labels) = load_mnist()
    means = [images[labels == digit].mean(axis=0).ravel() for digit in range(10)]
    nearest = cdist(test_images.reshape(len(test_images), -1), means).argmin(axis=1)
    assert train(recipe, seed=0)["accuracy"] > (nearest == test_labels).mean()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES[::3], ids=lambda recipe: recipe.name)
def test_on_shuffled_labels_there_is_nothing_to_learn(recipe, monkeypatch):
    (images, labels), test = load_mnist("sample")
    shuffled = np.random.default_rng(0).permutation(labels)[:3000]
    monkeypatch.setattr("mnist_helpers.data.load_mnist", lambda: ((images[:3000], shuffled), test))
    assert train(recipe, seed=0)["accuracy"] <= 0.2
