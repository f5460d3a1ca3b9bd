"""The package and its requirements: light to import, documented, installable in every way that is offered."""

import ast
import re
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.index import why_no_index
from tools.lib.files import ROOT
from tools.maintain import colab

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

# The course installs nothing on Google Colab, so what is there must do.
COLAB = {name: version for name, version in colab.versions().packages.items() if version}


def requirements(name):
    """Return the packages of a requirements file, without the course itself."""
    lines = (
        line.partition("#")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    )
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def locked():
    """Return each package's locked versions, several where systems or Pythons differ."""
    versions = {}
    for requirement in requirements("tools/constraints.txt"):
        (pin,) = requirement.specifier
        assert pin.operator == "==", requirement
        versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return versions


REQUIREMENTS = requirements("requirements.txt")
ALL_REQUIREMENTS = REQUIREMENTS + requirements("tests/requirements.txt")


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


# --- Requirements -------------------------------------------------------------------------------------


def test_packages_are_listed_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "dependencies" not in project and "dependencies" not in project.get("dynamic", [])
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    entries = re.findall(r"^ *- +(.+?) *$", environment, re.MULTILINE)
    assert "-r requirements.txt" in entries
    assert {re.split("[=<>]", entry)[0] for entry in entries} == {
        "conda-forge", "python", "pip", "pip:", "-r requirements.txt",
    }  # fmt: skip


def test_conda_s_python_is_one_the_course_supports():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version = re.search(r"python=([\d.]+)", (ROOT / "environment.yml").read_text(encoding="utf-8"))[1]
    assert Requirement(f"python{project['requires-python']}").specifier.contains(version)


def test_requirements_end_with_the_course_itself():
    assert (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()[-1] == "-e ."


def test_the_lock_starts_with_the_command_that_made_it():
    first = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8").splitlines()[0]
    assert first == "# Made by: python3 course.py lock"
    assert (ROOT / "tools" / "lock.py").exists()


@pytest.mark.parametrize("requirement", ALL_REQUIREMENTS, ids=str)
def test_the_lock_has_a_version_that_fits(requirement):
    versions = locked().get(canonicalize_name(requirement.name), [])
    assert versions and all(requirement.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("requirement", [each for each in REQUIREMENTS if each.name in COLAB], ids=str)
def test_colab_s_version_fits(requirement):
    assert requirement.specifier.contains(COLAB[requirement.name])


def test_what_lessons_import_is_among_the_versions_checked_for_colab():
    assert {"tensorflow", "keras", "numpy", "matplotlib", "scikit-learn"} <= {
        requirement.name for requirement in REQUIREMENTS if requirement.name in COLAB
    }


@pytest.mark.slow
def test_the_requirements_install_with_plain_pip_and_the_course_starts(tmp_path):
    """What README offers to those who set up an environment themselves. It takes minutes and 3 GB."""
    project = tmp_path / "my cöurse"
    shutil.copytree(ROOT / "mnist_helpers", project / "mnist_helpers")
    for name in ("requirements.txt", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project / name)
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = next(
        path for path in (venv / "bin" / "python", venv / "Scripts" / "python.exe") if path.exists()
    )
    if reason := why_no_index(python):
        pytest.skip(reason)
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", "requirements.txt"], cwd=project, check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    code = "import keras, tensorflow; from mnist_helpers import data; data.load_mnist('sample')"
    said = subprocess.run(
        [python, "-X", "utf8", "-c", f"{code}; print(data.__file__)"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    shutil.rmtree(venv)
    assert "OFFLINE SAMPLE" in said.stdout
    assert Path(said.stdout.splitlines()[-1]).is_relative_to(project)
