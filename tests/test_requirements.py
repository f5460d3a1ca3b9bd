"""The lists of packages: each package once, and the lock and Colab within their ranges everywhere."""

import ast
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.index import why_no_index
from tools.lib.files import ROOT
from tools.lib.install import PYTHON


def requirements(name, environment=None):
    """Return the packages of a requirements file, in an environment, without the course itself."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    packages = [Requirement(line.partition("#")[0]) for line in lines if line[:1].isalpha()]
    return [each for each in packages if not each.marker or each.marker.evaluate(environment)]


FOR_ALL = requirements("requirements.txt")
FOR_BOTH = [*FOR_ALL, *requirements("tests/requirements.txt")]
OWN = {"mnist_helpers", "tools", "tests", "course"}


def test_packages_are_listed_once():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert "dependencies" not in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert conda[1:] == ["pip", {"pip": ["-r requirements.txt"]}]


@pytest.mark.parametrize("folder", ["mnist_helpers", "tools", "tests"])
def test_every_package_that_is_imported_is_listed(folder):
    names = {canonicalize_name(each.name) for each in (FOR_BOTH if folder == "tests" else FOR_ALL)}
    imported, brought_by = set(), packages_distributions()
    for path in (ROOT / folder).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        imported |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    for module in {module.partition(".")[0] for module in imported} - sys.stdlib_module_names - OWN:
        assert names & {canonicalize_name(name) for name in brought_by.get(module, [])}, module


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system, kind", [("linux", "posix"), ("darwin", "posix"), ("win32", "nt")])
def test_the_lock_pins_every_package_once_within_its_range(python, system, kind):
    here = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": system}
    pins = requirements("tools/constraints.txt", here | {"os_name": kind})
    lock = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    assert len(lock) == len(pins)
    assert "://" not in (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8")
    assert [str(each) for each in FOR_BOTH if not each.specifier.contains(lock[each.name])] == []


def test_colabs_versions_fit_for_the_course_installs_nothing_there():
    colab = {each.name: str(each.specifier)[2:] for each in requirements("tools/colab_versions.txt")}
    here = [each for each in FOR_ALL if colab.get(each.name)]
    assert {"tensorflow", "keras", "numpy", "matplotlib", "scikit-learn"} <= {each.name for each in here}
    assert [str(each) for each in here if not each.specifier.contains(colab[each.name])] == []


@pytest.mark.slow
def test_the_requirements_install_with_plain_pip_and_the_course_starts(tmp_path):
    """What README offers to those who set up an environment themselves. It takes minutes and 3 GB."""
    if reason := why_no_index(sys.executable):
        pytest.skip(reason)
    project, python = tmp_path / "my cöurse", tmp_path / "venv" / PYTHON
    shutil.copytree(ROOT / "mnist_helpers", project / "mnist_helpers")
    for name in ("requirements.txt", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project / name)
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", "requirements.txt"], cwd=project, check=True)
    code = "import keras; from mnist_helpers.data import load_mnist; load_mnist('sample')"
    subprocess.run([python, "-c", code], cwd=tmp_path, check=True)
    shutil.rmtree(tmp_path / "venv")
