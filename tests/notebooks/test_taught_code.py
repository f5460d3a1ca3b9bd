"""What a lesson teaches is what the helpers do: equal syntax trees, docstrings and annotations aside."""

import ast
import difflib

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools.lib.files import ROOT
from tools.lib.notebooks import lessons, read

HELPERS = sorted((ROOT / "mnist_helpers").rglob("*.py"))
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def definitions(code):
    """Return the functions and classes that `code` defines at its top level."""
    return [node for node in ast.parse(code).body if isinstance(node, DEFINITIONS)]


def taught(notebook):
    """Return all that a notebook defines at the top level of its cells."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [node for source in sources for node in definitions(TransformerManager().transform_cell(source))]


class Bare(ast.NodeTransformer):
    """Removes docstrings and annotations, which a lesson explains in its prose."""

    def visit(self, node):
        node = self.generic_visit(node)
        if isinstance(node, DEFINITIONS) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
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


PUBLIC = [node for path in HELPERS for node in definitions(path.read_text("utf-8")) if node.name[0] != "_"]
BY_NAME = {node.name: node for node in PUBLIC}
TAUGHT = [
    pytest.param(node, BY_NAME[node.name], id=f"{path.stem}-{node.name}")
    for path in lessons()
    if path.parent.name != "solutions"
    for node in taught(read(path))
    if node.name in BY_NAME
]


@pytest.mark.parametrize("lesson, helper", TAUGHT)
def test_a_lesson_teaches_what_the_helpers_do(lesson, helper):
    found = difference(lesson, helper)
    assert not found, f"{helper.name} differs:\n{found}"


def test_no_name_is_public_in_two_helpers():
    assert [node.name for node in PUBLIC if node is not BY_NAME[node.name]] == []


def test_another_operator_is_seen_and_another_annotation_is_not():
    helper, same, other = definitions(
        'def halve(images: list) -> list:\n    """Halve."""\n    return images / 2\n'
        "def halve(images):  # in another layout\n    return images/2\n"
        "def halve(images):\n    return images // 2"
    )
    assert difference(same, helper) == "" and "+    return images // 2" in difference(other, helper)
