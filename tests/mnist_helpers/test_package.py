"""The package: light to import, and documented."""

import ast
import subprocess
import sys

import pytest

from tools.lib.files import ROOT

HELPERS = sorted((ROOT / "mnist_helpers").rglob("*.py"))


@pytest.mark.parametrize(
    "modules, heavy",
    [
        (
            "data download sample preprocessing results",
            {"tensorflow", "keras", "matplotlib", "pandas", "scipy", "sklearn", "requests"},
        ),
        ("corruptions evaluation", {"tensorflow", "keras", "matplotlib", "pandas", "sklearn"}),
        ("plotting handwriting page", {"tensorflow", "keras", "sklearn", "gradio"}),
    ],
)
def test_an_import_loads_no_more_than_it_needs(modules, heavy):
    imports = "; ".join(f"import mnist_helpers.{module}" for module in modules.split())
    code = f"{imports}; import sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert heavy & set(loaded) == set()


def test_everything_public_is_documented():
    for path in HELPERS:
        module = ast.parse(path.read_text(encoding="utf-8"))
        public = [node for node in module.body if getattr(node, "name", "_")[0] != "_"]
        bare = [node.name for node in public if not ast.get_docstring(node)]
        assert bare == [] and ast.get_docstring(module), f"{path} lacks docstrings: {bare or 'its own'}"
