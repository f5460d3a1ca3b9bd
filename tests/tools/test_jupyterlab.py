"""A lesson in JupyterLab, as a student meets it: `course.py lab`, a double click, Run All, the figures."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.browser import open_browser
from tools.lib.files import ROOT
from tools.lib.notebooks import as_text, lessons, normalise, read

PATIENCE = 300  # seconds for a lesson on two slow cores; it takes a tenth of that
LAB = "import sys; from tools.lab import main; sys.exit(main(sys.argv[1:]))"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def course_folder(tmp_path_factory):
    """A copy of the course, its first lesson without results, and beside it a notebook that fails."""
    folder = tmp_path_factory.mktemp("lab") / "my cöurse"
    left_out = (".*", "build", "work", "tests", "__pycache__", "*.egg-info")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*left_out))
    first = lessons(folder / "notebooks")[0]
    notebook = read(first)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    first.write_text(as_text(notebook), encoding="utf-8")
    broken = new_notebook(cells=[new_code_cell("1 / 0"), new_code_cell("print('after')")])
    (folder / "notebooks" / "99_broken.ipynb").write_text(as_text(normalise(broken)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def page(course_folder):
    """JupyterLab's page in a browser; `course.py lab` has started the server there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "MNIST"))}
    env |= {f"JUPYTER_{name}_DIR": str(course_folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    env |= {"MNIST_SOURCE": "sample", "PYTHONPATH": str(course_folder)}
    options = ["--no-browser", "--allow-root", f"--port={port}", "--IdentityProvider.token=secret"]
    log = course_folder / "log"
    with log.open("w") as file:
        command = [sys.executable, "-c", LAB, *options]
        server = subprocess.Popen(command, cwd=course_folder, env=env, stdout=file, stderr=file)
    try:
        while f":{port}/lab" not in log.read_text():
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
        with open_browser() as browser:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            page.set_default_timeout(60_000)
            page.goto(f"http://127.0.0.1:{port}/lab?token=secret")
            page.locator(".jp-DirListing-item").first.wait_for()
            yield page
    finally:
        server.terminate()
        server.wait(timeout=60)


def choose(page, menu, entry):
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(".lm-Menu-item", has_text=re.compile(f"^{re.escape(entry)}")).first.click()


def open_and_run_all(page, name):
    """Open a notebook from the file list and run it from the menu; return its panel on the page."""
    page.locator(f".jp-DirListing-item[title^='Name: {name}'] .jp-DirListing-itemText").dblclick()
    panel = page.locator(".jp-NotebookPanel:visible", has=page.locator(".jp-Notebook"))
    page.get_by_text("(ipykernel) | Idle").wait_for(timeout=PATIENCE * 1000)  # earlier, it asks for a kernel
    choose(page, "Run", "Run All Cells")
    return panel


def prompts(panel):
    return panel.locator(".jp-CodeCell .jp-InputPrompt").all_text_contents()


def wait_for(panel, wanted, what):
    end = time.monotonic() + PATIENCE
    while not wanted():
        assert time.monotonic() < end, f"waited {PATIENCE} s for {what}: {prompts(panel)}"
        panel.page.wait_for_timeout(200)


def complaints(panel):
    """Return what a student would see in red: tracebacks, and what was written to stderr."""
    kinds = ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr")
    places = ", ".join(f".jp-OutputArea-output[data-mime-type='{kind}']" for kind in kinds)
    return panel.locator(places).all_text_contents()


def figures(cells):
    return sum("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))


def test_a_lesson_opens_from_the_file_list_and_runs_from_the_menu(page, course_folder):
    lesson = lessons()[0]
    expected, cells = figures(read(lesson).cells), [c for c in read(lesson).cells if c.cell_type == "code"]
    panel = open_and_run_all(page, lesson.name)
    # The set-up cell is folded, so it shows no number.
    folded = [cell.metadata.get("jupyter", {}).get("source_hidden", False) for cell in cells]
    done = ["" if hidden else f"[{number}]:" for number, hidden in enumerate(folded, start=1)]
    wait_for(panel, lambda: prompts(panel) == done or complaints(panel), "all cells to run")
    assert complaints(panel) == []
    shown = panel.locator(".jp-OutputArea-output img")
    wait_for(panel, lambda: shown.count() == expected > 3, f"{expected} figures, where {shown.count()} are")
    for number in range(expected):
        shown.nth(number).scroll_into_view_if_needed()
        box = shown.nth(number).bounding_box()
        assert box["width"] > 100 and box["height"] > 50, "a figure that nobody can see"

    # What is saved is the student's copy; the lesson stays as it was.
    copy = course_folder / "work" / lesson.name
    choose(page, "File", "Save Notebook")
    wait_for(panel, lambda: figures(read(copy).cells) == expected, "the figures in the saved copy")
    assert figures(read(course_folder / "notebooks" / lesson.name).cells) == 0


def test_a_cell_that_fails_is_seen_on_the_page(page):
    panel = open_and_run_all(page, "99_broken.ipynb")
    wait_for(panel, lambda: complaints(panel), "a traceback")
    assert "ZeroDivisionError" in "\n".join(complaints(panel))
    assert prompts(panel) == ["[1]:", "[ ]:"]
