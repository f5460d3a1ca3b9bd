"""Every cell can be run twice: nothing fails, and the arrays that lessons share stay what they were."""

import json

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from tools._kernel import kernel_environment
from tools._notebooks import NOTEBOOKS, lessons

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


# What a second run changes does not depend on how many digits there are, and a lesson's three runs are long.
FEW_DIGITS = "import mnist_helpers.data\nmnist_helpers.data.SAMPLE_VARIANTS = 2\ndel mnist_helpers"


@pytest.fixture
def kernel():
    client = NotebookClient(new_notebook(), timeout=600, kernel_name="python3")
    with client.setup_kernel(env=kernel_environment("sample"), cwd=str(NOTEBOOKS)):
        ours = Kernel(client)
        ours.run(new_code_cell(FEW_DIGITS))
        yield ours


def changed_by_a_second_run(cells, kernel):
    """Run each cell two times before the next one, then all again; say which arrays that has changed."""
    changed = []
    for number, cell in enumerate(cells, start=1):
        kernel.run(cell)
        before = kernel.fingerprints()
        kernel.run(cell)
        after = kernel.fingerprints()
        changed += [f"{name} in code cell {number}" for name in before if after.get(name) != before[name]]
    before = kernel.fingerprints()
    for cell in cells:
        kernel.run(cell)
    after = kernel.fingerprints()
    return changed + [f"{name} in all cells" for name in before if after.get(name) != before[name]]


@pytest.mark.slow
@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_a_second_run_of_a_lesson_changes_nothing(path, kernel):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert changed_by_a_second_run(cells, kernel) == []


LOAD = "import numpy as np\nx_train = np.ones((2, 28, 28), 'float32')"


@pytest.mark.slow
@pytest.mark.parametrize(
    "sources, changed",
    [
        ([LOAD, "x_scaled = x_train / 255"], []),
        ([LOAD, "x_train /= 255"], ["x_train in code cell 2", "x_train in all cells"]),
        ([LOAD, "x_train = x_train.astype('float64')"], []),
        (["try:\n    n *= 2\nexcept NameError:\n    n = 1", LOAD + " * n"], ["x_train in all cells"]),
    ],
    ids=["a new name", "divided in place", "the same again", "a state that is kept"],
)
def test_what_a_second_run_changes_is_named(sources, changed, kernel):
    assert changed_by_a_second_run([new_code_cell(source) for source in sources], kernel) == changed


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, 2])
def test_a_cell_that_fails_when_it_runs_again_is_a_failure(runs, kernel):
    count = "ran = globals().get('ran', 0) + 1"
    cells = [new_code_cell(f"{count}\nassert ran <= {runs}, 'once too often'")]
    with pytest.raises(Exception, match="once too often"):
        changed_by_a_second_run(cells, kernel)
