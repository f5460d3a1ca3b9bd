"""Every cell can be run twice: nothing fails, and the arrays that lessons share stay what they were.

Each cell is run twice in a row. All cells twice from top to bottom could spoil only what no cell sets anew on
the way: a builtin or an import that gets another meaning. That is seen in the code.
"""

import ast
import builtins
import json
import os

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tools.lib.files import Problem
from tools.lib.notebooks import FEW_SEEDS, execute, lessons, read, with_seeds

# The names that mean the same in all lessons, from the pixels to the answers.
ARRAYS = "train_images train_labels test_images test_labels x_train x_val x_test y_train y_val y_test"
FINGERPRINTS = f"""
print(__import__("json").dumps({{
    name: f"{{array.dtype}} {{array.shape}} "
    + str(__import__("zlib").crc32(__import__("numpy").asarray(array).tobytes()))
    for name, array in globals().items()
    if name in "{ARRAYS} probabilities predicted".split() and hasattr(array, "dtype")
}}))
"""
# What a second run changes does not depend on how many digits there are, nor on how many a `fit` sees, or how
# often; but one that does not shuffle is compared with something. Three epochs are not worth compiling.
FEW_DIGITS = """
import keras
import tensorflow
from mnist_helpers import data
digits = [[part[::2] for part in images_and_labels] for images_and_labels in data.load_mnist()]
data.load_mnist = lambda source=None, digits=digits: digits
def few(model, x, y=None, *others, fit=keras.Model.fit, **settings):
    if settings.get("shuffle", True):
        x, y = (x.take(5), None) if y is None else (x[:500], y[:500])
    free = settings.get("validation_data") is None  # else its curves are looked at, epoch by epoch
    tensorflow.config.run_functions_eagerly(free)
    if free:
        settings["epochs"] = min(settings.get("epochs", 1), 3)
    return fit(model, x, y, *others, **settings)
keras.Model.fit = few
del data, digits, few
"""

WANT_TRAINING = (
    "10_confidence",
)  # it looks at answers of every confidence, which a poor network does not give


def changed_by_a_second_run(sources, folder, before="pass"):
    """Run each cell two times before the next one; return which arrays the second time has changed."""
    texts = [text for source in sources for text in (source, FINGERPRINTS) * 2]
    notebook = new_notebook(cells=[new_code_cell(text) for text in (before, *texts)])
    execute(notebook, dict(os.environ), folder)
    found = [json.loads(cell.outputs[0].text) for cell in notebook.cells[2::2]]
    pairs = enumerate(zip(found[::2], found[1::2], strict=True), start=1)
    changes = [(name, number) for number, (one, two) in pairs for name, _ in one.items() - two.items()]
    return [f"{name} in code cell {number}" for name, number in changes]


def names_with_a_new_meaning(sources):
    """Return the builtins, and the imported names, that some cell assigns or defines."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    imported = {(node.asname or node.name).split(".")[0] for node in nodes if isinstance(node, ast.alias)}
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return sorted(stored & {*imported, *vars(builtins)} - {"_"})


def code(path):
    """Return a lesson's code cells; two seeds show what a second run changes as well as five do."""
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    with_seeds(cells, count=FEW_SEEDS)
    return [cell.source for cell in cells]


# Students rerun cells of lessons; solutions are read. Lesson 13 starts programs, which begin anew each time.
RERUN = [path for path in lessons() if path.parent.name != "solutions" and path.stem != "13_many_machines"]


@pytest.mark.slow
@pytest.mark.parametrize("path", RERUN, ids=lambda path: path.stem)
def test_a_second_run_of_a_lesson_changes_nothing(path):
    before = "pass" if path.stem in WANT_TRAINING else FEW_DIGITS
    assert changed_by_a_second_run(code(path), path.parent, before) == []


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_no_lesson_gives_a_builtin_or_an_import_another_meaning(path):
    assert names_with_a_new_meaning(code(path)) == []


def test_what_a_second_run_changes_is_named(tmp_path):
    sources = ["import numpy as np\nx_train = np.ones(2)", "x_scaled = x_train / 255", "x_train /= 255"]
    assert changed_by_a_second_run(sources, tmp_path) == ["x_train in code cell 3"]
    with pytest.raises(Problem, match="a second time"):
        changed_by_a_second_run(["assert 'ran' not in globals(), 'a second time'\nran = True"], tmp_path)
    assert names_with_a_new_meaning(["from math import pi", "sum = 3\npi = 3\nprint(sum)"]) == ["pi", "sum"]
