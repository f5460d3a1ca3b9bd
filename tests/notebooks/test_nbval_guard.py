"""The guard over nbval: what nbval passes by mistake fails, and only that."""

import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.lib.files import ROOT

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def cell(source, *outputs, tags=(), execution_count=1):
    return new_code_cell(
        source, outputs=list(outputs), metadata={"tags": list(tags)}, execution_count=execution_count
    )


def result(text):
    return new_output("execute_result", {"text/plain": text}, execution_count=1)


SHOW_PICTURE = "from IPython.display import display\ndisplay({'image/png': 'iVBORw0KGgo='}, raw=True)"
PICTURE = new_output("display_data", {"image/png": "iVBORw0KGgo="})

# What is wrong: the cell that shows it, and what the guard says about it.
FALSE_GREENS = {
    "a marker with trailing text": (
        cell("# NBVAL_CHECK_OUTPUT: the sum\n1 + 1", result("3")),
        "does not understand '# NBVAL_CHECK_OUTPUT: the sum'",
    ),
    "a marker behind code": (
        cell("1 + 1  # NBVAL_CHECK_OUTPUT", result("3")),
        "does not understand '1 + 1  # NBVAL_CHECK_OUTPUT'",
    ),
    "a marker in small letters": (
        cell("# nbval_check_output\n1 + 1", result("3")),
        "does not understand '# nbval_check_output'",
    ),
    "a misspelt tag": (
        cell("1 + 1", result("3"), tags=["nbval-check-outputs"]),
        "does not know the tag 'nbval-check-outputs'",
    ),
    "a checked cell that was never run": (
        cell("1 + 1", tags=["nbval-check-output"], execution_count=None),
        "saved without running it",
    ),
    "a checked cell with nothing but a picture": (
        cell(SHOW_PICTURE, PICTURE, tags=["nbval-check-output"]),
        "holds nothing nbval compares",
    ),
    "an exception that does not come": (
        cell("1 + 1", result("2"), tags=["raises-exception"]),
        "marked as raising an exception, but raised none",
    ),
    "a failing command": (cell("!exit 3"), "CalledProcessError"),
    "a failing command whose output is kept": (cell("lines = !exit 3"), "CalledProcessError"),
    "a failing %pip": (cell("%pip install --no-index no-such-package"), "CalledProcessError"),
    "an unknown magic": (cell("%no_such_magic"), "UsageError"),
    "an unknown cell magic": (cell("%%no_such_magic\n1 + 1"), "UsageError"),
}

SOUND = {
    "a cell": cell("1 + 1", result("2")),
    "a cell that is not compared": cell("1 + 1", result("3")),
    "a checked cell": cell("1 + 1", result("2"), tags=["nbval-check-output"]),
    "a cell checked by a comment": cell("# NBVAL_CHECK_OUTPUT\n1 + 1", result("2")),
    "a checked picture with text": cell(
        f"print(2)\n{SHOW_PICTURE}",
        new_output("stream", name="stdout", text="2\n"),
        PICTURE,
        tags=["nbval-check-output"],
    ),
    # TensorFlow's C++ code does so, at times of its own.
    "a checked cell beside which C code writes to stderr": cell(
        "import os, time\nnoise = os.write(2, b'noise\\n')\ntime.sleep(1)\nprint(2)",
        new_output("stream", name="stdout", text="2\n"),
        tags=["nbval-check-output"],
    ),
    "an announced exception": cell("1 / 0", tags=["raises-exception"]),
    "a skipped cell": cell("1 / 0", tags=["nbval-skip"]),
    "a command that succeeds": cell("!exit 0"),
    "a magic": cell("%precision 3"),
    "a comment": cell("# nothing to do with it"),
    "an empty cell": cell("", execution_count=None),
    "a warning": cell("import warnings\nwarnings.warn('careful', stacklevel=1)"),
}


def save(folder, name, *cells):
    folder.mkdir(parents=True, exist_ok=True)
    notebook = new_notebook(cells=list(cells), metadata={"kernelspec": KERNELSPEC})
    nbformat.write(notebook, folder / f"{name}.ipynb")


def clean_environment(**more):
    ours = ("PYTEST_", "MNIST_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more


class Run:
    """A pytest with nbval in a process of its own: its exit status, output, and outcome of each test."""

    def __init__(self, folder, *options, guarded):
        report = folder / f"report-{guarded}.xml"
        guard = ["-p", "tests.nbval_guard", "--notebook-data=sample"] if guarded else []
        finished = subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "--color=no", "-rs", "-s"]
            + [
                "-p",
                "no:cacheprovider",
                f"--rootdir={folder}",
                f"--junitxml={report}",
                *guard,
                *options,
                folder,
            ],
            cwd=folder,
            env=clean_environment(**({"PYTHONPATH": str(ROOT)} if guarded else {})),
            capture_output=True,
            text=True,
        )
        self.status, self.output = finished.returncode, finished.stdout + finished.stderr
        self.outcomes, self.messages = {}, {}
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.get('classname').removesuffix('.ipynb')} {case.get('name')}"
            reported = next((part for part in case if part.tag in ("failure", "error", "skipped")), None)
            self.outcomes[name] = "passed" if reported is None else reported.tag
            self.messages[name] = "" if reported is None else reported.text or ""


# Two tests that are no notebooks, and what pytest has settled for each cell.
NO_NOTEBOOK = """
import os
import pytest

def test_variables():
    assert "MNIST_SOURCE" not in os.environ

@pytest.mark.slow
def test_slow():
    pass
"""
NOTE_LIMITS = """
from pathlib import Path

def pytest_configure(config):
    config.addinivalue_line("markers", "slow")

def pytest_runtest_setup(item):
    limits = f"{item.config.option.nbval_cell_timeout} {getattr(item, 'output_timeout', 0)}"
    Path(__file__).with_name("limits").write_text(limits) if "Cell" in item.name else None
"""


def write_tests(folder):
    (folder / "test_it.py").write_text(NO_NOTEBOOK)
    (folder / "conftest.py").write_text(NOTE_LIMITS)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Runs without and with the guard over all cells of the two tables, and nothing said of limits."""
    folder = tmp_path_factory.mktemp("a folder with spaces")
    save(folder, "false", *(faulty for faulty, _ in FALSE_GREENS.values()))
    save(folder, "sound", *SOUND.values())
    write_tests(folder)
    return Run(folder, guarded=False), Run(folder, guarded=True), folder


@pytest.mark.parametrize("fault", FALSE_GREENS)
def test_the_guard_reports_what_nbval_passes(fault, usual):
    plain, guarded, _ = usual
    test = f"false Cell {list(FALSE_GREENS).index(fault)}"
    assert plain.outcomes[test] == "passed", plain.messages[test]
    assert guarded.outcomes[test] == "failure"
    assert FALSE_GREENS[fault][1] in guarded.messages[test]


@pytest.mark.parametrize("case", SOUND)
def test_the_guard_leaves_sound_cells_alone(case, usual):
    plain, guarded, _ = usual
    test = f"sound Cell {list(SOUND).index(case)}"
    expected = "skipped" if case == "a skipped cell" else "passed"
    assert (plain.outcomes[test], guarded.outcomes[test]) == (expected, expected), guarded.messages[test]


def test_a_cell_has_ten_minutes_when_no_limit_is_given(usual):
    assert (usual[2] / "limits").read_text() == "600.0 60.0"


def test_tests_that_are_no_notebooks_do_not_see_the_variables_for_kernels(usual):
    assert usual[1].outcomes["test_it test_variables"] == "passed"


def test_slow_tests_are_left_out_in_the_open(usual, hurried):
    assert usual[1].outcomes["test_it test_slow"] == "skipped"
    assert "test_it.py:8: slow: course.py test --all (or pytest --slow) runs it" in usual[1].output
    assert hurried[1].outcomes["test_it test_slow"] == "passed"


@pytest.fixture(scope="module")
def hurried(tmp_path_factory):
    """Runs without and with the guard over cells that get no more than seconds."""
    folder = tmp_path_factory.mktemp("hurried")
    save(folder, "dead", cell("import os\nos._exit(1)"), cell("1 + 1", execution_count=2))
    save(
        folder, "swallows", cell("try:\n    import time; time.sleep(60)\nexcept KeyboardInterrupt:\n    pass")
    )
    save(folder, "mistakes", cell("import time; time.sleep(60)", tags=["raises-exception"]))
    write_tests(folder)
    plain = Run(folder, "--nbval-cell-timeout=2", guarded=False)
    guarded = Run(folder, "--nbval-cell-timeout=4", "--slow", guarded=True)
    return plain, guarded, folder


@pytest.mark.parametrize(
    "notebook", ["swallows", "mistakes"], ids=["goes on regardless", "takes the interrupt for its exception"]
)
def test_a_cell_that_outlasts_its_time_fails_whatever_it_does_with_the_interrupt(notebook, hurried):
    plain, guarded, _ = hurried
    assert plain.outcomes[f"{notebook} Cell 0"] == "passed"
    assert guarded.outcomes[f"{notebook} Cell 0"] == "failure"
    assert "took longer than 4 seconds" in guarded.messages[f"{notebook} Cell 0"]


def test_a_dead_kernel_is_noticed_before_the_time_is_up(hurried):
    plain, guarded, _ = hurried
    assert plain.outcomes["dead Cell 0"] == "failure"
    assert "died" not in plain.messages["dead Cell 0"]  # nbval waits until the time is up, and speaks of that
    assert guarded.outcomes["dead Cell 0"] == "failure"
    assert "the kernel died while it ran this cell" in guarded.messages["dead Cell 0"]
    assert guarded.outcomes["dead Cell 1"] == "skipped"  # expected to fail: one fault, one report


def test_a_limit_that_is_given_holds(hurried):
    assert (hurried[2] / "limits").read_text() == "4.0 60.0"


@pytest.fixture
def project(tmp_path):
    """A copy of the project, small, with one false green for a notebook."""
    project = tmp_path / "a copy"
    for folder in ("mnist_helpers", "tools"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("conftest.py", "pyproject.toml", "tests/nbval_guard.py"):
        (project / file).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / file, project / file)
    save(project / "notebooks", "01_false", cell("%no_such_magic"))
    return project


def run_plainly(project, **variables):
    """Type `pytest --nbval-lax notebooks` in the project's root, with no network and nobody's cache."""
    home = project.parent / "home"
    home.mkdir()
    names = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "KERAS_HOME", "TMPDIR", "TEMP")
    dead_end = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    environment = dict.fromkeys(names, str(home)) | dict.fromkeys(dead_end, "http://127.0.0.1:9") | variables
    finished = subprocess.run(
        [Path(sys.executable).with_name("pytest"), "--nbval-lax", "notebooks", "--color=no"],
        cwd=project,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
    )
    return finished.returncode, finished.stdout + finished.stderr


def test_a_plain_pytest_from_the_root_is_guarded_without_a_network(project):
    status, output = run_plainly(project)
    assert "notebooks run on: OFFLINE SAMPLE" in output
    assert "Line magic function `%no_such_magic` not found" in output
    assert status == pytest.ExitCode.TESTS_FAILED


def test_no_notebook_runs_when_the_data_asked_for_cannot_be_had(project):
    status, output = run_plainly(project, MNIST_PATH="nowhere.npz")
    assert status == pytest.ExitCode.USAGE_ERROR
    assert "the data for the notebooks can't be had" in output and "nowhere.npz" in output
    assert "collected" not in output and "Traceback" not in output
