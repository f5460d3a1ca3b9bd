"""What a lesson teaches is what the helpers do: equal syntax trees, docstrings and annotations aside."""

import ast
import difflib

import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_notebook

from tools.lib.files import ROOT
from tools.lib.notebooks import lessons, read

HELPERS = sorted((ROOT / "mnist_helpers").glob("*.py"))
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def definitions(code):
    """Return the functions and classes that `code` defines at its top level, by name."""
    return {node.name: node for node in ast.parse(code).body if isinstance(node, DEFINITIONS)}


def taught(notebook):
    """Yield name and definition of all that a notebook defines at the top level of its cells."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            yield from definitions(TransformerManager().transform_cell(cell.source)).items()


class Bare(ast.NodeTransformer):
    """Removes docstrings and annotations, which a lesson explains in its prose."""

    def visit(self, node):
        node = self.generic_visit(node)
        if isinstance(node, DEFINITIONS) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, ast.AnnAssign) and node.value:
            node = ast.Assign(targets=[node.target], value=node.value)
        return ast.fix_missing_locations(node)


def difference(lesson, helper):
    """Return the lines in which two definitions differ, or an empty string."""
    versions = [ast.unparse(Bare().visit(node)).splitlines() for node in (helper, lesson)]
    return "\n".join(difflib.unified_diff(*versions, "in mnist_helpers", "in the lesson", lineterm=""))


PUBLIC = {
    name: node
    for path in HELPERS
    for name, node in definitions(path.read_text(encoding="utf-8")).items()
    if not name.startswith("_")
}
TAUGHT = [
    pytest.param(node, PUBLIC[name], id=f"{path.stem}-{name}")
    for path in lessons()
    if path.parent.name != "solutions"
    for name, node in taught(read(path))
    if name in PUBLIC
]


@pytest.mark.parametrize("lesson, helper", TAUGHT)
def test_a_lesson_teaches_what_the_helpers_do(lesson, helper):
    found = difference(lesson, helper)
    assert not found, f"{helper.name} differs:\n{found}"


def test_no_name_is_public_in_two_helpers():
    names = [
        name for path in HELPERS for name in definitions(path.read_text(encoding="utf-8")) if name[0] != "_"
    ]
    assert len(names) == len(PUBLIC)


HELPER = '''
def halve(images: np.ndarray, by: float = 2) -> np.ndarray:
    """Halve all pixels."""
    result: np.ndarray = images / by
    return result
'''


@pytest.mark.parametrize(
    "lesson",
    [
        HELPER,
        "def halve(images, by=2):\n    result = images / by\n    return result",
        "# once more\nx = 1\n\ndef halve(images, by=(2)):\n    result = images/by  # here\n    return result",
    ],
    ids=["word for word", "without docstring and annotations", "another layout"],
)
def test_equal_code_is_equal(lesson):
    assert difference(definitions(lesson)["halve"], definitions(HELPER)["halve"]) == ""


@pytest.mark.parametrize(
    "lesson, shown",
    [
        (
            "def halve(images, by=2):\n    result = images // by\n    return result",
            "+    result = images // by",
        ),
        (
            "def halve(images, by=3):\n    result = images / by\n    return result",
            "+def halve(images, by=3):",
        ),
        (
            "def halve(images, *, by=2):\n    result = images / by\n    return result",
            "+def halve(images, *, by=2):",
        ),
        ("def halve(images, by=2):\n    return images / by", "-    result = images / by"),
        ("class halve:\n    pass", "+class halve:"),
    ],
    ids=["another operator", "another default", "another signature", "another way", "another thing"],
)
def test_other_code_is_shown_line_by_line(lesson, shown):
    found = difference(definitions(lesson)["halve"], definitions(HELPER)["halve"])
    assert shown in found.splitlines()
    assert "--- in mnist_helpers" in found and '"""' not in found


def test_definitions_are_found_in_cells_with_magics_and_beside_other_code():
    cells = [new_code_cell("%precision 3\nx = 1\n\ndef halve(images):\n    return images / 2\nhalve(x)")]
    assert [name for name, _ in taught(new_notebook(cells=cells))] == ["halve"]
