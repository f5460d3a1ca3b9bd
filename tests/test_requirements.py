"""The lists of packages: each package once, and the lock and Colab within their ranges everywhere."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.index import why_no_index
from tools.lib.files import ROOT

SYSTEMS = {
    "linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    "darwin": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    "win32": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
}


def requirements(name):
    """Return the packages of a requirements file, without the course itself."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    packages = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(line) for line in packages if line and not line.startswith("-")]


FOR_ALL = requirements("requirements.txt")
FOR_TESTS = requirements("tests/requirements.txt")
# The course installs nothing on Google Colab, so what is there must do.
COLAB = {package.name: str(package.specifier)[2:] for package in requirements("tools/colab_versions.txt")}


def test_packages_are_listed_once():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "dependencies" not in project and "dependencies" not in project.get("dynamic", [])
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    entries = set(re.findall(r"^ *- +(.+?) *$", environment, re.MULTILINE))
    (python,) = [entry for entry in entries if entry.startswith("python=")]
    assert entries - {python} == {"conda-forge", "pip", "pip:", "-r requirements.txt"}
    assert Requirement(f"python{project['requires-python']}").specifier.contains(python.partition("=")[2])
    assert (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()[-1] == "-e ."


@pytest.mark.parametrize(
    ("folders", "declared"),
    [(["mnist_helpers", "tools"], FOR_ALL), (["tests"], [*FOR_ALL, *FOR_TESTS])],
    ids=["course", "tests"],
)
def test_every_package_that_is_imported_is_listed(folders, declared):
    own = {"mnist_helpers", "tools", "tests", "course"} | set(sys.stdlib_module_names)
    imported = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.partition(".")[0])
    names, brought_by = {canonicalize_name(each.name) for each in declared}, packages_distributions()
    unlisted = {
        module
        for module in imported - own
        if not names & {canonicalize_name(name) for name in brought_by.get(module, [])}
    }
    assert unlisted == set()


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lock_pins_every_package_once_within_its_range(python, system):
    here = {**SYSTEMS[system], "python_full_version": python, "python_version": python[:4]}
    pins = [
        pin for pin in requirements("tools/constraints.txt") if not pin.marker or pin.marker.evaluate(here)
    ]
    locked = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    assert len(locked) == len(pins)
    wanted = [*FOR_ALL, *FOR_TESTS]
    assert [str(each) for each in wanted if not each.specifier.contains(locked[each.name])] == []


def test_the_lock_names_the_command_that_makes_it_and_no_index():
    first, *pins = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert first == "# Made by: python3 course.py lock"
    assert [pin for pin in pins if "://" in pin or pin.startswith("-")] == []


def test_colab_s_versions_fit():
    here = {each.name: each for each in FOR_ALL if COLAB.get(each.name)}
    assert {"tensorflow", "keras", "numpy", "matplotlib", "scikit-learn"} <= set(here)
    assert [str(each) for each in here.values() if not each.specifier.contains(COLAB[each.name])] == []


@pytest.mark.slow
def test_the_requirements_install_with_plain_pip_and_the_course_starts(tmp_path):
    """What README offers to those who set up an environment themselves. It takes minutes and 3 GB."""
    project, venv = tmp_path / "my cöurse", tmp_path / "venv"
    shutil.copytree(ROOT / "mnist_helpers", project / "mnist_helpers")
    for name in ("requirements.txt", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project / name)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    python = venv / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if reason := why_no_index(python):
        pytest.skip(reason)
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", "requirements.txt"], cwd=project, check=True)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    code = "import keras; from mnist_helpers import data; data.load_mnist('sample'); print(data.__file__)"
    command = [python, "-X", "utf8", "-c", code]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8").stdout
    shutil.rmtree(venv)
    assert "OFFLINE SAMPLE" in said
    assert Path(said.splitlines()[-1]).is_relative_to(project)
