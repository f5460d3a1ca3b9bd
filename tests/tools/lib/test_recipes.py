"""The trainings whose results are published are those the lessons show: equal calls, by syntax tree."""

import ast
import difflib
import inspect

import nbformat
import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from scipy.spatial.distance import cdist

from mnist_helpers.data import load_mnist
from tools import recipes
from tools.lib.files import ROOT
from tools.lib.recipes import RECIPES, digits

NOTEBOOKS = ROOT / "notebooks"
SHOWN_ONLY = {"verbose", "callbacks"}  # how a training is shown changes nothing in it

# A training is the call of `fit` with every name in it resolved: `model` by the `build_...()` that made it, a
# learning rate by its schedule, a number of steps by the division that gave it. So a lesson may choose its
# names and its cells, but not another call. The digits' names stay; they tell the split and the scaling.


class Resolve(ast.NodeTransformer):
    """Replaces names by the expressions they were assigned, and drops what only shows a training."""

    def __init__(self, known):
        self.known = known

    def visit_Name(self, node):
        return self.known.get(node.id, node) if isinstance(node.ctx, ast.Load) else node

    def visit_Lambda(self, node):
        own = {argument.arg for argument in node.args.args}
        outside = {name: value for name, value in self.known.items() if name not in own}
        return ast.Lambda(node.args, Resolve(outside).visit(node.body))

    def visit_Call(self, node):
        node = self.generic_visit(node)
        keywords = [keyword for keyword in node.keywords if keyword.arg not in SHOWN_ONLY]
        return ast.Call(node.func, node.args, sorted(keywords, key=lambda keyword: keyword.arg or ""))


def trainings(statements, digits_names, renamed=()):
    """Yield the trainings in a list of statements, each as source code that begins with its model.

    Args:
        statements: syntax trees in the order in which they run.
        digits_names: names of arrays, which are not resolved.
        renamed: pairs of names, a parameter of a recipe and what the lesson calls it.
    """
    known = {old: ast.Name(new, ast.Load()) for old, new in renamed}
    compiled = {}
    for statement in statements:
        for call in [node for node in ast.walk(statement) if isinstance(node, ast.Call)]:
            match call.func:
                case ast.Attribute(value=ast.Name(id=model), attr="compile" | "fit" as method):
                    built = ast.unparse(Resolve(known).visit(ast.Name(model, ast.Load())))
                    arguments = Resolve(known).visit(ast.parse(ast.unparse(call), mode="eval").body)
                    arguments.func = ast.Name(method, ast.Load())
                    text = ast.unparse(ast.fix_missing_locations(arguments))
                    if method == "compile":
                        compiled[model] = text
                    else:
                        yield "\n".join([built, compiled.get(model, "not compiled"), text])
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in digits_names:
                compiled.pop(name, None)
                copy = ast.parse(ast.unparse(value), mode="eval").body
                known[name] = ast.fix_missing_locations(Resolve(known).visit(copy))


def trainings_of_lesson(notebook, digits_names):
    """Return all trainings in a notebook, at the top level of its cells."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    source = "\n".join(TransformerManager().transform_cell(cell) for cell in cells)
    return list(trainings(ast.parse(source).body, digits_names))


def training_of(recipe):
    """Return the one training in a recipe's function, with the lesson's names for its arguments."""
    body = ast.parse(inspect.getsource(recipe.train)).body[0].body
    (training,) = trainings(body, (), recipe.arrays.items())
    return training


TAUGHT = [recipe for recipe in RECIPES if recipe.lesson]


@pytest.mark.parametrize("recipe", TAUGHT, ids=lambda recipe: recipe.name)
def test_a_recipe_trains_as_its_lesson_does(recipe):
    path = NOTEBOOKS / f"{recipe.lesson}.ipynb"
    wanted = training_of(recipe)
    found = trainings_of_lesson(nbformat.read(path, 4), set(recipe.arrays.values()))
    nearest = difflib.get_close_matches(wanted, found, n=1, cutoff=0) or ["no training at all"]
    difference = difflib.unified_diff(
        wanted.splitlines(), nearest[0].splitlines(), "tools/recipes.py", path.name, n=9, lineterm=""
    )
    assert wanted in found, "\n".join(["the lesson does not train like this:", *difference])


def test_every_recipe_has_a_name_of_its_own_and_is_listed():
    functions = {name.removeprefix("train_") for name in vars(recipes) if name.startswith("train_")}
    assert sorted(recipe.name for recipe in RECIPES) == sorted(functions)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_share_held_back_is_the_one_the_training_names(recipe):
    _, _, split = training_of(recipe).partition("validation_split=")
    assert recipe.held_back == float(split.rstrip(")").partition(",")[0] or 0)


RECIPE = """
model = build_net()
steps = len(x_train) // 128
rate = CosineDecay(0.1, decay_steps=steps)
model.compile(optimizer=Adam(rate), loss="mse")
history = model.fit(x_train, y_train, batch_size=128, epochs=2, verbose=0)
"""


def shown(code):
    return list(trainings(ast.parse(code).body, {"x_train", "y_train"}))


def test_a_lesson_may_choose_its_names_its_order_and_how_it_shows_the_training():
    lesson = """
x_train, y_train = split(images)
x_train = x_train / 255
net = build_net()
net.summary()
optimizer = Adam(CosineDecay(0.1, decay_steps=len(x_train) // 128))
net.compile(loss="mse", optimizer=optimizer)
net.fit(x_train, y_train, epochs=2, batch_size=128, verbose=0, callbacks=[Progress()])
"""
    assert shown(lesson) == shown(RECIPE) != []


@pytest.mark.parametrize(
    "old, new",
    [
        ("build_net()", "build_other()"),
        ("// 128", "// 64"),
        ("0.1", "0.2"),
        ("Adam", "SGD"),
        ('"mse"', '"mae"'),
        ("epochs=2", "epochs=3"),
        ("batch_size=128, ", ""),
        ("fit(x_train,", "fit(x_all,"),
        ("model.compile", "other.compile"),
    ],
)
def test_another_training_is_not_taken_for_the_same(old, new):
    assert old in RECIPE
    assert shown(RECIPE.replace(old, new)) != shown(RECIPE)


def test_a_training_starts_from_the_last_model_of_that_name():
    other = "model = build_other()\nmodel.compile(loss='mae')\nmodel.fit(x_train, y_train)"
    assert len(shown(other + RECIPE)) == 2 and shown(other + RECIPE)[1:] == shown(RECIPE)
    rebuilt = RECIPE.replace("history =", "model = build_net()\nhistory =")
    assert "not compiled" in shown(rebuilt)[0]


def test_the_arguments_of_a_lambda_are_its_own():
    lesson = "x = 1\ny = 2\nmodel = build_net()\nmodel.fit(x_train.map(lambda x: x + y))"
    assert "fit(x_train.map(lambda x: x + 2))" in shown(lesson)[0]


@pytest.fixture
def few_digits():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (30, 28, 28), dtype="uint8")
    return images, np.arange(30, dtype="uint8") % 10, images[:7]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_digits_come_split_and_scaled_as_the_arrays_names_say(recipe, few_digits):
    images, labels, test_images = few_digits
    x, y, x_val, y_val, x_test = digits(recipe, images, labels, test_images)
    n = 30 if recipe.split == "all" else 25
    assert x.shape == (n, 28, 28, 1) and x_val.shape == (5, 28, 28, 1) and x_test.shape == (7, 28, 28, 1)
    assert x.dtype == x_val.dtype == x_test.dtype == np.float32
    assert (y == labels[:n]).all() and (y_val == labels[25:]).all()
    assert np.array_equal(x_test, x[:7]), "the same images must be scaled the same way"


def test_standardised_digits_know_only_the_digits_they_are_fitted_on(few_digits):
    images, labels, test_images = few_digits
    recipe = next(recipe for recipe in RECIPES if recipe.scaling == "standardised")
    x, *_, x_test = digits(recipe, images, labels, test_images // 4)
    assert abs(x.mean()) < 1e-3 and abs(x.std() - 1) < 1e-3
    assert x_test.mean() < -0.5


# ------------------------------------------------------------------------- what the trainings learn


@pytest.fixture(scope="module")
def sample():
    return load_mnist("sample")


def accuracy_of(recipe, images, labels, test_images, test_labels):
    """Train a recipe once and return its accuracy on the test digits."""
    x, y, x_val, y_val, x_test = digits(recipe, images, labels, test_images)
    model, _ = recipe.train(x, y, x_val, y_val, seed=0)
    return (model.predict(x_test, verbose=0).argmax(axis=1) == test_labels).mean()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_on_the_sample_a_trained_network_beats_the_nearest_mean_digit(recipe, sample):
    (images, labels), (test_images, test_labels) = sample
    means = np.stack([images[labels == digit].mean(axis=0).ravel() for digit in range(10)])
    nearest = cdist(test_images.reshape(len(test_images), -1), means).argmin(axis=1)
    assert accuracy_of(recipe, *sample[0], *sample[1]) > (nearest == test_labels).mean()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_on_shuffled_labels_there_is_nothing_to_learn(recipe, sample):
    (images, labels), (test_images, test_labels) = sample
    shuffled = np.random.default_rng(0).permutation(labels)[:3000]
    assert accuracy_of(recipe, images[:3000], shuffled, test_images, test_labels) <= 0.2
