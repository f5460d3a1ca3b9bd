"""`course.py run`, with real kernels on small notebooks."""

import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import run
from tools.lib.files import ROOT, Problem
from tools.lib.notebooks import as_text, read

DRAWING = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]);"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two small lessons, with its own build folder."""
    (tmp_path / "notebooks").mkdir()
    write(tmp_path, "01_one", "## No picture yet", "1 + 1", DRAWING, '{"accuracy": "98.0%", "<b>": "12"}')
    write(tmp_path, "02_two", "## Nothing", "import os", 'os.environ["MNIST_SOURCE"]', "{}")
    monkeypatch.setattr(run, "BUILD", tmp_path / "build")
    monkeypatch.setattr(run, "lessons", lambda: sorted((tmp_path / "notebooks").glob("*.ipynb")))
    monkeypatch.setattr(run, "resolve_data", resolve_nothing)
    return tmp_path


def resolve_nothing(source):
    environment = {**os.environ, "MNIST_SOURCE": "sample"}
    return SimpleNamespace(name=f"data ({source})", environment=environment, is_sample=source == "sample")


def write(folder, name, prose, *sources):
    cells = [new_markdown_cell(f"# {name[:2]} · What is {name[3:]}?"), new_markdown_cell(prose)]
    cells += [new_code_cell(source) for source in sources]
    cells[-1].metadata.tags = ["measured"]
    for cell in cells:
        if cell.source == DRAWING:
            cell.metadata.alt = "A rising line."
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
    # The pages need no network, describe their pictures, and the index escapes what it shows.
    page = (course / "build" / "01_one.html").read_text(encoding="utf-8")
    index = (course / "build" / "index.html").read_text(encoding="utf-8")
    assert 'alt="A rising line."' in page and "data:image/png;base64," in page
    for text in (page, index):
        assert not re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?:https?:)?//', text)
        assert not re.findall(r"""import\(?\s*['"]https?:""", text)
    assert 'href="01_one.html"' in index and 'href="02_two.html"' in index
    assert "&lt;b&gt;" in index and "<b>" not in index and "data (None)" in index


def test_pages_lead_back_to_the_index_where_the_notebook_has_its_badge(course):
    path = course / "notebooks" / "02_two.ipynb"
    notebook = read(path)
    badge = new_markdown_cell("[![Open](https://example.com/badge.svg)](https://example.com)")
    badge.metadata.tags, notebook.cells[2].metadata.tags = ["badge"], ["setup"]
    notebook.cells.insert(1, badge)
    path.write_text(as_text(notebook), encoding="utf-8")
    assert run.main(["02"]) == 0
    page = (course / "build" / "02_two.html").read_text(encoding="utf-8")
    assert 'href="index.html"' in page and "example.com" not in page
    assert "os" in page.split("<details>")[1].split("</details>")[0]
    assert not (course / "build" / "01_one.html").exists()


def test_a_lesson_that_does_not_exist_is_named_with_those_that_do(course):
    with pytest.raises(Problem, match="no lesson starts with '07'; there are 01_one, 02_two"):
        run.main(["07"])


def test_a_failing_cell_ends_the_run_and_is_shown_with_its_source_and_error(course, capfd):
    write(course, "01_one", "prose", "1 + 1", "numerator = 1\nnumerator / 0", "{}")
    with pytest.raises(Problem, match=r"01_one, cell 4:\s+numerator = 1\s+numerator / 0\s+ZeroDivisionError"):
        run.main([])
    assert "02_two" not in capfd.readouterr().out


def test_a_merge_conflict_is_named_before_anything_is_run(course, capfd):
    (course / "notebooks" / "02_two.ipynb").write_text("{\n<<<<<<< HEAD\n")
    with pytest.raises(Problem, match=r"02_two\.ipynb is no notebook.*merge conflict"):
        run.main([])
    assert "01_one" not in capfd.readouterr().out


def test_a_lesson_that_shows_neither_a_dict_nor_a_picture_is_run_all_the_same(course, capfd):
    show = "from IPython.display import display\ndisplay({'image/png': 'no picture'}, raw=True)"
    write(course, "01_one", "prose", show, "[1, 2]")
    assert run.main(["01"]) == 0
    assert "(nothing)" in capfd.readouterr().out


def test_maintainers_can_save_the_results_on_mnist_in_the_notebooks_themselves(course):
    path = course / "notebooks" / "01_one.ipynb"
    before = path.read_bytes()
    with pytest.raises(Problem, match="--write saves results on MNIST only"):
        run.main(["01", "--write", "--data", "sample"])
    assert path.read_bytes() == before
    run.main(["01", "--write"])
    notebook = read(path)
    assert [cell.execution_count for cell in notebook.cells[2:]] == [1, 2, 3]
    assert notebook.cells[3].outputs[0].metadata["image/png"]["alt"] == "A rising line."
    assert notebook.metadata.language_info == {"name": "python"}


def test_a_notebook_that_was_saved_while_it_ran_is_not_overwritten(course):
    path = course / "notebooks" / "02_two.ipynb"
    write(course, "02_two", "mine", f"open({str(path)!r}, 'a').write(' ')", "{}")
    with pytest.raises(Problem, match="02_two.ipynb was changed while it ran"):
        run.main(["02", "--write"])
    assert path.read_text(encoding="utf-8").endswith("\n ")


def test_ctrl_c_ends_the_run_and_the_kernel_at_once(course):
    started = course / "started"
    write(
        course, "01_one", "prose", f"open({str(started)!r}, 'w').close()\nimport time; time.sleep(60)", "{}"
    )
    program = f"""
import os, pathlib, threading, time
from tools import run
from tests.tools.test_run import resolve_nothing
def stop():
    while not os.path.exists({str(started)!r}):
        time.sleep(0.1)
    os.kill(os.getpid(), {int(signal.SIGINT)})
run.BUILD, run.resolve_data = pathlib.Path({str(course / "build")!r}), resolve_nothing
run.lessons = lambda: [pathlib.Path({str(course / "notebooks" / "01_one.ipynb")!r})]
threading.Thread(target=stop).start()
try:
    run.main([])
except KeyboardInterrupt:
    print("stopped")
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=50, env=environment
    )
    assert finished.stdout.endswith("stopped\n") and finished.stderr == ""
