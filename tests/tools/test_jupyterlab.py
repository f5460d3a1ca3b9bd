"""A lesson in JupyterLab, as a student meets it: `course.py lab`, a double click, Run All, the figures."""

import os
import re
import subprocess
import sys
import time

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.browser import open_browser
from tools.lib.notebooks import as_text, lessons, read

LAB = """
import pathlib, sys
from tools import lab
lab.NOTEBOOKS, lab.WORK = pathlib.Path("notebooks").absolute(), pathlib.Path("work").absolute()
sys.exit(lab.main(sys.argv[1:]))
"""
# What a student would see in red: tracebacks, and what was written to stderr.
RED = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
FIRST = lessons()[0]


@pytest.fixture
def folder(tmp_path):
    """A course of the first lesson, without its results, a notebook that fails and one with the page."""
    folder = tmp_path / "my cöurse"
    (folder / "notebooks").mkdir(parents=True)
    lesson = read(FIRST)
    for cell in [cell for cell in lesson.cells if cell.cell_type == "code"]:
        cell.outputs, cell.execution_count = [], None
    others = {"98_page.ipynb": "from mnist_helpers.page import show\n\nshow()", "99_broken.ipynb": "1 / 0"}
    others = {
        name: new_notebook(cells=[new_code_cell(code)], metadata=lesson.metadata)
        for name, code in others.items()
    }
    for name, notebook in {FIRST.name: lesson, **others}.items():
        (folder / "notebooks" / name).write_text(as_text(notebook), encoding="utf-8")
    return folder


@pytest.fixture
def page(folder):
    """JupyterLab's page in a browser; `course.py lab` has started the server there."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    env |= {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    command, log = [sys.executable, "-c", LAB, "--no-browser"], folder / "log"
    with log.open("w") as file:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=file, stderr=file)
    try:
        while not (address := re.search(r"http://127\S+/lab\S+", log.read_text())):
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
        with open_browser() as browser:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.set_default_timeout(300_000)  # ms, for a lesson on two slow cores; it takes a tenth of that
            page.goto(address[0])
            yield page
    finally:
        server.terminate()
        server.wait(timeout=60)


def run_all(page, name):
    """Open a notebook from the file list and run it from the menu; return its panel on the page."""
    page.locator(f".jp-DirListing-item[title^='Name: {name}'] .jp-DirListing-itemText").dblclick()
    page.get_by_text("(ipykernel) | Idle").wait_for()  # earlier, it asks for a kernel
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Run All Cells").first.click()
    return page.locator(".jp-NotebookPanel:visible", has=page.locator(".jp-Notebook"))


@pytest.mark.slow
def test_a_lesson_runs_and_is_saved_as_the_student_s_own_and_a_failing_cell_is_seen(page, folder):
    panel = run_all(page, FIRST.name)
    cells = sum(cell.cell_type == "code" for cell in read(FIRST).cells)
    panel.locator(".jp-InputPrompt", has_text=f"[{cells}]:").or_(panel.locator(RED)).first.wait_for()
    assert panel.locator(RED).all_text_contents() == []  # nor TensorFlow's greeting
    assert page.get_by_text("Jupyter news").count() == 0  # nor a question before the lesson
    figures = panel.locator(".jp-OutputArea-output img")
    assert figures.count() == FIRST.read_text(encoding="utf-8").count('"image/png": "') > 3
    for number in range(figures.count()):
        figures.nth(number).scroll_into_view_if_needed()
        assert figures.nth(number).bounding_box()["width"] > 100, "a figure that nobody can see"
    page.keyboard.press("ControlOrMeta+s")
    run_all(page, "99_broken.ipynb").locator(RED, has_text="ZeroDivisionError").first.wait_for()
    assert "image/png" in (folder / "work" / FIRST.name).read_text(encoding="utf-8")
    assert '"image/png": "' not in (folder / "notebooks" / FIRST.name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_to_draw_on_runs_below_its_cell(page):
    frame = run_all(page, "98_page.ipynb").frame_locator("iframe")
    frame.get_by_role("button", name="Sample 7").click()
    frame.locator("#cnn-answer strong", has_text="7").wait_for()
