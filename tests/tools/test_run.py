"""`course.py run`, with real kernels on small notebooks."""

import os
import re
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from tools import run
from tools.lib.files import ROOT, Problem
from tools.lib.kernel import Data
from tools.lib.notebooks import as_text, read

BADGE = "[![Open](https://example.com/badge.svg)](https://example.com)"
DRAWING = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);"
NO_PICTURE = "from IPython.display import display\ndisplay({'image/png': 'no picture'}, raw=True)"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two small lessons, with its own build folder."""
    (tmp_path / "notebooks").mkdir()
    write(tmp_path, "01_one", "1 + 1", DRAWING, '{"accuracy": "98.0%", "<b>": "12"}')
    write(tmp_path, "02_two", "import os", 'os.environ["MNIST_SOURCE"]', NO_PICTURE, "[]")
    monkeypatch.setattr(run, "BUILD", tmp_path / "build")
    monkeypatch.setattr(run, "lessons", lambda: sorted((tmp_path / "notebooks").glob("*.ipynb")))
    environment = os.environ | {"MNIST_SOURCE": "sample"}
    monkeypatch.setattr(run, "resolve_data", lambda of: Data(f"data ({of})", environment, of == "sample"))
    return tmp_path


def write(folder, name, *sources):
    badge = new_markdown_cell(BADGE, metadata={"tags": ["badge"]})
    code = [new_code_cell(source, metadata={"alt": "A rising line."}) for source in sources]
    code[0].metadata.tags, code[-1].metadata.tags = ["setup"], ["measured"]
    cells = [new_markdown_cell(f"# {name[:2]} · What is {name[3:]}?"), badge, *code]
    (folder / "notebooks" / f"{name}.ipynb").write_text(as_text(new_notebook(cells=cells)), encoding="utf-8")


def test_run_executes_every_lesson_and_shows_what_each_measured(course, capfd):
    before = {path.name: path.read_bytes() for path in (course / "notebooks").iterdir()}
    assert run.main([]) == 0
    out = capfd.readouterr().out
    assert "lesson 1 of 2, 01_one: cell 5 of 5" in out and "lesson 2 of 2, 02_two" in out
    assert "Measured on data (None)" in out and re.search(r"01_one +accuracy +98\.0%", out)
    assert {path.name: path.read_bytes() for path in (course / "notebooks").iterdir()} == before
    executed = read(course / "build" / "02_two.ipynb")
    assert executed.cells[3].outputs[0].data["text/plain"] == "'sample'"


def test_a_run_of_one_lesson_keeps_the_pages_of_the_others_and_shows_figures_with_two_dots_a_pixel(course):
    assert run.main(["01"]) == 0
    one, two, figure = figures(course, "01_one")[0], page(course, "02_two"), figures(course, "01_one")[1]
    assert 'alt="A rising line."' in one and figure.width // 2 == int(re.search(r'width="(\d+)"', one)[1])
    assert "&lt;b&gt;" in page(course, "01_one") and "os.environ" in re.sub("<[^>]*>", "", two)
    assert run.main(["02"]) == 0
    assert figures(course, "01_one")[1].size == figure.size and "sample" in page(course, "02_two")
    write(course, "01_one", "2 + 2", "{}")  # what ran before is no longer the lesson
    assert [cell.source for cell in run.newest()["01_one"].cells[2:]] == ["2 + 2", "{}"]


def page(course, name):
    return (course / "build" / "site" / f"{name}.html").read_text(encoding="utf-8")


def figures(course, name):
    """Return the tag of a page's picture, and the picture."""
    tag = re.search(r'<img class="figure"[^>]*>', page(course, name))[0]
    return tag, Image.open(course / "build" / "site" / re.search('src="([^"]*)"', tag)[1])


def test_a_lesson_that_does_not_exist_is_named_with_those_that_do(course):
    with pytest.raises(Problem, match="no lesson starts with '07'; there are 01_one, 02_two"):
        run.main(["07"])


def test_a_failing_cell_ends_the_run_and_is_shown_with_its_source_and_error(course, capfd):
    write(course, "01_one", "1 + 1", "numerator = 1\nnumerator / 0", "{}")
    with pytest.raises(Problem, match=r"01_one, cell 4:\s+numerator = 1\s+numerator / 0\s+ZeroDivisionError"):
        run.main([])
    assert "02_two" not in capfd.readouterr().out
    assert "ZeroDivisionError" in page(course, "01_one")


def test_results_on_mnist_alone_are_saved_and_none_over_what_was_saved_while_it_ran(course, monkeypatch):
    monkeypatch.setattr(run, "write_site", lambda *_: None)
    path = course / "notebooks" / "01_one.ipynb"
    before = path.read_bytes()
    with pytest.raises(Problem, match="--write saves results on MNIST only"):
        run.main(["01", "--write", "--data", "sample"])
    assert path.read_bytes() == before
    run.main(["01", "--write"])
    assert [cell.execution_count for cell in read(path).cells[2:]] == [1, 2, 3]
    (known,) = [value for output in read(path).cells[3].outputs for value in output.metadata.values()]
    assert known == {"alt": "A rising line."}  # not that it has two dots a pixel
    write(course, "01_one", f"open({str(path)!r}, 'a').write(' ')", "{}")
    with pytest.raises(Problem, match="01_one.ipynb was changed while it ran"):
        run.main(["01", "--write"])
    assert path.read_text(encoding="utf-8").endswith("\n ")


def test_ctrl_c_ends_the_run_and_the_kernel_at_once(course):
    interrupt = "import os, signal, time\nos.kill(os.getppid(), signal.SIGINT)\ntime.sleep(60)"
    write(course, "01_one", interrupt, "{}")
    program = f"""
import pathlib
from tools import run
run.BUILD = pathlib.Path({str(course / "build")!r})
run.lessons = lambda: [run.BUILD.parent / "notebooks" / "01_one.ipynb"]
try:
    run.main(["--data", "sample"])
except KeyboardInterrupt:
    print("stopped")
"""
    command = [sys.executable, "-c", program]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert finished.stdout.endswith("stopped\n") and finished.stderr == ""
