"""The house: who may import whom. Arrows run down, from the door to the leaves, and never in a circle."""

import ast
import graphlib

from tools.lib.files import ROOT

# A room imports from those before it. `tools` are the verbs, of students and of maintainers.
HELPERS = ["mnist_helpers", "mnist_helpers.checks", "mnist_helpers.handwriting", "mnist_helpers.page"]
ROOMS = [*HELPERS, "tools.lib", "tools", "course", "tests"]
# Leaves and verbs stand alone, and what two of them need lies in a room below. The exceptions:
ALONE = {"mnist_helpers", "tools"}
MAY_IMPORT = {
    "mnist_helpers.corruptions": {"mnist_helpers.preprocessing"},  # its check of images
    "mnist_helpers.plotting": {"mnist_helpers.evaluation"},  # the range that a bar shows
    "mnist_helpers.data": {"mnist_helpers.download", "mnist_helpers.sample"},  # where the digits come from
    # A program, which does on several machines what a lesson does on one.
    "mnist_helpers.distributed": {f"mnist_helpers.{name}" for name in ("data", "models", "preprocessing")},
}


def imported(path):
    """Return the full names of all that a file imports, wherever in it; a relative one starts with a dot."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            module = f"{'.' * node.level}{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
            names |= {module + alias.name for alias in node.names}
    return names


FILES = [path for folder in ("mnist_helpers", "tools", "tests") for path in (ROOT / folder).rglob("*.py")]
IMPORTS = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): imported(path)
    for path in [*FILES, ROOT / "course.py", ROOT / "conftest.py"]
}


def module_of(name):
    """Return the module of ours that a full name stands for or is defined in, or an empty string."""
    return next((module for module in (name, name.rpartition(".")[0]) if module in IMPORTS), "")


def room(module):
    return max((room for room in ROOMS if f"{module}.".startswith(f"{room}.")), key=len, default="tests")


def is_forbidden(module, name):
    """Return whether a module must not import what has this full name."""
    other = module_of(name)
    if not other:
        return name.startswith(".")
    beside = room(other) == room(module) in ALONE and other not in MAY_IMPORT.get(module, set())
    return beside or "._" in name or ROOMS.index(room(other)) > ROOMS.index(room(module))


def test_no_arrow_runs_upwards_and_nobody_takes_a_name_with_an_underscore():
    arrows = [(module, name) for module, names in IMPORTS.items() for name in names]
    assert [arrow for arrow in arrows if is_forbidden(*arrow)] == []


def test_no_arrows_run_in_a_circle():
    graph = {module: {module_of(name) for name in names} - {""} for module, names in IMPORTS.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
