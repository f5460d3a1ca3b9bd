"""What a lesson teaches is what the helpers do: equal syntax trees, docstrings and annotations aside."""

import ast
import difflib

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from tools.lib.files import ROOT
from tools.lib.notebooks import lessons, read

DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def definitions(code):
    """Return the functions and classes that `code` defines at its top level."""
    return [node for node in ast.parse(code).body if isinstance(node, DEFINITIONS)]


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


# The checks are no part of what is taught: their functions may be called as a lesson's are.
PATHS = [path for path in sorted((ROOT / "mnist_helpers").rglob("*.py")) if path.parent.name != "checks"]
HELPERS = [path.read_text("utf-8") for path in PATHS]
PUBLIC = [node for code in HELPERS for node in definitions(code) if not node.name.startswith("_")]
BY_NAME = {node.name: node for node in PUBLIC}
TAUGHT = [
    pytest.param(node, BY_NAME[node.name], id=f"{path.stem}-{node.name}")
    for path in lessons()
    if path.parent.name != "solutions"
    for cell in read(path).cells
    if cell.cell_type == "code"
    for node in definitions(TransformerManager().transform_cell(cell.source))
    if node.name in BY_NAME
]


@pytest.mark.parametrize("lesson, helper", TAUGHT)
def test_a_lesson_teaches_what_the_helpers_do(lesson, helper):
    versions = [ast.unparse(Bare().visit(node)).splitlines() for node in (helper, lesson)]
    difference = difflib.unified_diff(*versions, "in mnist_helpers", "in the lesson", lineterm="")
    assert versions[0] == versions[1], "\n".join(difference)


def test_no_name_is_public_in_two_helpers():
    assert [node.name for node in PUBLIC if node is not BY_NAME[node.name]] == []
