"""The package: light to import, and documented."""

import ast
import re
import statistics
import subprocess
import sys
import time

import pytest

from tools.lib.files import ROOT

HELPERS = sorted(path for path in (ROOT / "mnist_helpers").glob("*.py") if path.stem != "__init__")
# The helpers are leaves: the notebook is where stages meet. Exceptions, each with its reason, stand here.
MAY_IMPORT: dict[str, set[str]] = {
    # A photograph's road is one stage in four files and ends where every image's road does; touching
    # digits are cut where the network reads both pieces best.
    "own_digits": {"cutting", "ink", "models", "pictures", "preprocessing"},
    "cutting": {"ink"},
    # The page runs the whole road for a visitor.
    "demo": {"demo_answers"},
    "demo_answers": {"models", "own_digits", "preprocessing"},
}

# --- Importing ----------------------------------------------------------------------------------------


def seconds(code):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    return time.perf_counter() - start


def test_importing_the_package_takes_less_than_a_fifth_of_a_second():
    extra = [seconds("import mnist_helpers") - seconds("pass") for _ in range(7)]
    assert statistics.median(extra) < 0.2


@pytest.mark.parametrize(
    "module, not_loaded",
    [
        ("mnist_helpers", {"tensorflow", "keras", "numpy", "matplotlib"}),
        ("mnist_helpers.data", {"tensorflow", "keras", "matplotlib", "sklearn", "scipy"}),
        ("mnist_helpers.preprocessing", {"tensorflow", "keras", "matplotlib"}),
        ("mnist_helpers.plotting", {"tensorflow", "keras"}),
    ],
)
def test_an_import_loads_no_more_than_it_needs(module, not_loaded):
    code = f"import sys, {module}; print(*(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert not_loaded & set(loaded) == set()


def imported_helpers(code):
    """Return the helpers that a module imports, by name, however the import is written."""
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = f"{'mnist_helpers.' if node.level else ''}{node.module or ''}".rstrip(".")
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if re.match(r"mnist_helpers\.", name)}


@pytest.mark.parametrize("path", HELPERS, ids=lambda path: path.stem)
def test_a_helper_is_a_leaf(path):
    assert imported_helpers(path.read_text(encoding="utf-8")) <= MAY_IMPORT.get(path.stem, set())


@pytest.mark.parametrize(
    "code, names",
    [
        ("import numpy\nfrom pathlib import Path", set()),
        ("import mnist_helpers.data as d", {"data"}),
        ("from mnist_helpers.data import load_mnist", {"data"}),
        ("from mnist_helpers import data, plotting", {"data", "plotting"}),
        ("def f():\n    from .plotting import show_digits", {"plotting"}),
        ("from . import plotting", {"plotting"}),
    ],
)
def test_imports_of_helpers_are_seen(code, names):
    assert imported_helpers(code) == names


# --- Documentation ------------------------------------------------------------------------------------


def undocumented(code):
    """Return the public functions, classes and methods that have no docstring."""
    found = []

    def look(body, prefix):
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    found.append(prefix + node.name)
                if isinstance(node, ast.ClassDef) and not node.bases:  # a subclass's methods are its base's
                    look(node.body, f"{node.name}.")

    look(ast.parse(code).body, "")
    return found


@pytest.mark.parametrize("path", HELPERS, ids=lambda path: path.stem)
def test_everything_public_is_documented(path):
    code = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(code))
    assert undocumented(code) == []


def test_what_is_not_documented_is_seen():
    code = (
        'def a(): pass\ndef b():\n    """B."""\ndef _c(): pass\nclass D:\n    """D."""\n    def e(self): pass'
    )
    assert undocumented(code) == ["a", "D.e"]
