"""The package and its requirements: light to import, documented, installable in every way that is offered."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.index import why_no_index
from tools.lib.files import ROOT
from tools.maintain import colab

HELPERS = sorted((ROOT / "mnist_helpers").rglob("*.py"))

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


@pytest.mark.parametrize(
    "modules, heavy",
    [
        (
            "data download sample preprocessing results",
            {"tensorflow", "keras", "matplotlib", "pandas", "scipy", "sklearn", "requests"},
        ),
        ("corruptions evaluation", {"tensorflow", "keras", "matplotlib", "pandas", "sklearn"}),
        ("plotting", {"tensorflow", "keras", "sklearn"}),
    ],
)
def test_an_import_loads_no_more_than_it_needs(modules, heavy):
    imports = "; ".join(f"import mnist_helpers.{module}" for module in modules.split())
    code = f"{imports}; import sys; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
    assert heavy & set(loaded) == set()


# --- Documentation ------------------------------------------------------------------------------------


def test_everything_public_is_documented():
    for path in HELPERS:
        module = ast.parse(path.read_text(encoding="utf-8"))
        public = [node for node in module.body if getattr(node, "name", "_")[0] != "_"]
        bare = [node.name for node in public if not ast.get_docstring(node)]
        assert bare == [] and ast.get_docstring(module), f"{path} lacks docstrings: {bare or 'its own'}"


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
