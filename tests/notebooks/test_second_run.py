"""Every cell can be run twice: nothing fails, and the arrays that lessons share stay what they were."""

import json

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tools.lib.kernel import kernel_environment
from tools.lib.notebooks import NOTEBOOKS, lessons

# The names that mean the same in all lessons, from the pixels to the answers.
ARRAYS = (
    *("train_images", "train_labels", "test_images", "test_labels"),
    *("x_train", "x_val", "x_test", "y_train", "y_val", "y_test"),
    *("probabilities", "predicted"),
)
FINGERPRINTS = f"""
def _fingerprints(names):
    import hashlib, json
    import numpy as np
    found = {{name: np.asarray(value) for name, value in globals().items() if name in names}}
    print(json.dumps({{
        name: f"{{array.dtype}} {{array.shape}} {{hashlib.sha256(array.tobytes()).hexdigest()}}"
        for name, array in found.items()
    }}))
_fingerprints({ARRAYS})
del _fingerprints
"""


class Kernel:
    """One kernel that runs cells on the offline sample and raises what they raise."""

    def __init__(self, client):
        self.client = client

    def run(self, cell):
        notebook = self.client.nb
        notebook.cells.append(nbformat.from_dict({**cell, "outputs": []}))
        return self.client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)

    def fingerprints(self):
        return json.loads(self.run(new_code_cell(FINGERPRINTS)).outputs[0].text)


# What a second run changes does not depend on how many digits there are, and each lesson runs four times.
FEW_DIGITS = "import mnist_helpers.data\nmnist_helpers.data.SAMPLE_VARIANTS = 2\ndel mnist_helpers"


@pytest.fixture
def kernel():
    client = NotebookClient(new_notebook(), timeout=600, kernel_name="python3")
    with client.setup_kernel(env=kernel_environment("sample"), cwd=str(NOTEBOOKS)):
        ours = Kernel(client)
        ours.run(new_code_cell(FEW_DIGITS))
        yield ours


def run_each_cell_twice(cells, kernel):
    """Run each cell two times before the next one; return which arrays the second time has changed."""
    changed = []
    for number, cell in enumerate(cells, start=1):
        kernel.run(cell)
        before = kernel.fingerprints()
        kernel.run(cell)
        after = kernel.fingerprints()
        changed += [f"{name} in code cell {number}" for name in before if after.get(name) != before[name]]
    return changed


def run_all_cells_twice(cells, kernel):
    """Run all cells from top to bottom, two times; return which arrays the second time has changed."""
    for cell in cells:
        kernel.run(cell)
    before = kernel.fingerprints()
    for cell in cells:
        kernel.run(cell)
    after = kernel.fingerprints()
    return [name for name in before if after.get(name) != before[name]]


WAYS = (run_each_cell_twice, run_all_cells_twice)


@pytest.mark.slow
@pytest.mark.parametrize("twice", WAYS)
@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_a_second_run_of_a_lesson_changes_nothing(path, twice, kernel):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert twice(cells, kernel) == []


LOAD = "import numpy as np\nx_train = np.ones((2, 28, 28), 'float32')"


@pytest.mark.slow
@pytest.mark.parametrize(
    "sources, each_twice, all_twice",
    [
        ([LOAD, "x_scaled = x_train / 255"], [], []),
        ([LOAD, "x_train /= 255"], ["x_train in code cell 2"], []),
        ([LOAD, "x_train = x_train.astype('float64')"], [], []),
        (
            ["try:\n    n += 1\nexcept NameError:\n    n = 0", LOAD, "x_train = x_train + n"],
            ["x_train in code cell 3"],
            ["x_train"],
        ),
    ],
    ids=["a new name", "divided in place", "the same again", "a state that is kept"],
)
def test_what_a_second_run_changes_is_named(sources, each_twice, all_twice, kernel):
    cells = [new_code_cell(source) for source in sources]
    assert run_each_cell_twice(cells, kernel) == each_twice
    assert run_all_cells_twice(cells, kernel) == all_twice


@pytest.mark.slow
@pytest.mark.parametrize("twice", WAYS)
def test_a_cell_that_fails_the_second_time_is_a_failure(twice, kernel):
    cells = [new_code_cell("assert 'ran' not in globals(), 'a second time'\nran = True")]
    with pytest.raises(Exception, match="a second time"):
        twice(cells, kernel)
