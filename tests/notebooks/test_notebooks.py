"""The form of all notebooks. A rule is a generator of complaints; `BREAK` proves that each rule can fail."""

import copy
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbformat.validator import iter_validate

from tools.lib.files import ROOT
from tools.lib.notebooks import as_text, describe_images, lessons, measured, normalise, read

SET_UP = (ROOT / "tools" / "lib" / "setup_cell.py").read_text(encoding="utf-8").strip()
MOST_KB = 300
LONGEST_LINE = 100
SECTIONS = ("Setup", "1", "Check yourself", "Summary", "Exercises")


def tags(cell):
    return cell.metadata.get("tags", [])


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def python(cell):
    """Return the cell's code as Python: IPython's magics and commands become calls of get_ipython()."""
    return TransformerManager().transform_cell(cell.source)


def pictures(cell):
    """Yield kind and metadata of each picture the cell has drawn."""
    for output in cell.outputs:
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                yield kind, output.metadata.get(kind, {})


def section(notebook, heading):
    """Return the cells from a heading of the second level up to the next one."""
    found, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            inside = cell.source.startswith(f"## {heading}")
        found += [cell] if inside else []
    return found


# --- Rules for every notebook -------------------------------------------------------------------------


def is_valid(notebook, path):
    for error in iter_validate(notebook):
        yield f"{error.message} ({error.relative_path})"
    for name, count in Counter(cell.get("id") for cell in notebook.cells).items():
        if count > 1:
            yield f"{count} cells have the id {name}"


def is_in_normal_form(notebook, path):
    if as_text(notebook) != as_text(normalise(copy.deepcopy(notebook))):
        yield "its metadata are not in the normal form: `course.py run --write` writes it"


def was_run_from_top_to_bottom(notebook, path):
    for expected, cell in enumerate(code_cells(notebook), start=1):
        if cell.execution_count != expected:
            yield f"code cell {expected} was run as number {cell.execution_count}"


def shows_no_errors_and_no_warnings(notebook, path):
    for number, cell in enumerate(code_cells(notebook), start=1):
        for output in cell.outputs:
            if output.output_type == "error" and "raises-exception" not in tags(cell):
                yield f"code cell {number} failed: {output.ename}"
            if output.output_type == "stream" and output.name == "stderr":
                yield f"code cell {number} wrote to stderr: {output.text[:60]!r}"


def holds_no_widgets(notebook, path):
    if "widgets" in notebook.metadata or "widget-view" in as_text(notebook):
        yield "GitHub shows no notebook with widgets"


def describes_its_pictures(notebook, path):
    for number, cell in enumerate(code_cells(notebook), start=1):
        for kind, metadata in pictures(cell):
            if len(metadata.get("alt", "").split()) < 4:
                yield f"code cell {number}: its {kind} has no sentence that describes it (metadata alt)"
    for cell in prose(notebook):
        if "![](" in cell.source or re.search(r"<img(?![^>]*\balt=\"\w)", cell.source):
            yield f"a picture without alt text in {cell.source[:60]!r}"


def is_small(notebook, path):
    size = len(as_text(notebook).encode()) / 1000
    if size >= MOST_KB:
        yield f"it has {size:.0f} KB, at most {MOST_KB}"


def names_nobody_s_folders(notebook, path):
    for found in re.findall(r"(?:/home|/Users|/root|[A-Z]:\\+Users|/tmp)/?\\*[\w.-]*", as_text(notebook)):
        yield f"it names a folder of the computer it was written on: {found}"


def asks_nobody_where_it_runs(notebook, path):
    for cell in code_cells(notebook):
        if "setup" not in tags(cell):
            for found in re.findall(r"os\.environ|getenv|\bCI\b|google\.colab|KAGGLE\w*", cell.source):
                yield f"a switch of modes: {found}"


def types_no_commands(notebook, path):
    for cell in code_cells(notebook):
        shell = (
            r"get_ipython\(\)\.(?:system|getoutput)|_magic\('(?:pip|conda|uv|sx|sc|system|bash|sh|script)'"
        )
        if re.search(shell, python(cell)):
            yield f"a shell command, which another system may not know: {cell.source[:60]!r}"


def has_short_lines(notebook, path):
    for cell in code_cells(notebook):
        for line in cell.source.splitlines():
            if len(line) > LONGEST_LINE and "setup" not in tags(cell):
                yield f"a line of {len(line)} characters, at most {LONGEST_LINE}: {line[:60]}…"


def has_no_empty_cell(notebook, path):
    for number, cell in enumerate(notebook.cells):
        if not cell.source.strip():
            yield f"cell {number} is empty"


def talks_down_to_nobody(notebook, path):
    for cell in prose(notebook):
        for word in re.findall(r"\b(?:simply|just|obviously)\b", cell.source, re.IGNORECASE):
            yield f"the word {word!r} in {cell.source[:60]!r}"


def has_the_badge_and_the_set_up_cell(notebook, path):
    badges = [number for number, cell in enumerate(notebook.cells) if "badge" in tags(cell)]
    if badges != [1] or notebook.cells[1].cell_type != "markdown":
        yield f"the second cell alone is the badge (tag badge), not {badges}"
    set_ups = [number for number, cell in enumerate(code_cells(notebook)) if "setup" in tags(cell)]
    if set_ups != [0]:
        yield "the first code cell alone is the set-up cell (tag setup)"
    for cell in code_cells(notebook)[:1]:
        address = r'github\.com/[\w.-]+/[\w.-]+", "[\w./-]+"'
        if re.sub(address, 'github.com/OWNER/REPO", "BRANCH"', cell.source) != SET_UP:
            yield "its set-up cell is not that of tools/setup_cell.py: `course.py links` writes it"


# --- Rules for lessons, not for solutions -------------------------------------------------------------


def asks_a_question(notebook, path):
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not re.match(rf"# {path.name[:2]} · \S.*\?(\n|$)", first.source):
        yield f"the first cell starts with its question: # {path.name[:2]} · …?"
    for part in ("You will be able to", "Time", "Before"):
        if part not in first.source:
            yield f"the first cell does not say {part!r}"


def has_its_sections_in_order(notebook, path):
    headings = [
        heading
        for cell in prose(notebook)
        for heading in re.findall(r"^## (\d+(?=\.? )|.*)", cell.source, re.MULTILINE)
    ]
    numbers = [heading for heading in headings if heading.isdigit()]
    expected = ["Setup", *map(str, range(1, len(numbers) + 1)), "Check yourself", "Summary", "Exercises"]
    if not numbers or headings != expected:
        yield f"its sections are {headings}, expected {expected if numbers else list(SECTIONS)}"
    if not any(re.search(r"^\**Next\b", cell.source, re.MULTILINE) for cell in notebook.cells[-1:]):
        yield "the last cell does not say what is next"


def shows_a_picture_early(notebook, path):
    if not any(list(pictures(cell)) for cell in code_cells(notebook)[1:6]):
        yield "no picture in the first five code cells after the set-up cell"


def alternates_code_and_prose(notebook, path):
    kinds = "".join(cell.cell_type[0] for cell in notebook.cells)
    if "ccc" in kinds:
        yield f"three code cells in a row, from cell {kinds.index('ccc')} on"


def measures_in_its_summary(notebook, path):
    tagged = [cell for cell in notebook.cells if "measured" in tags(cell)]
    inside = [cell for cell in section(notebook, "Summary") if "measured" in tags(cell)]
    if len(tagged) != 1 or len(inside) != 1:
        yield f"{len(tagged)} cells are tagged measured, {len(inside)} of them in the Summary: expected one"
        return
    try:
        values = measured(notebook)
    except (ValueError, SyntaxError):
        values = None
    texts = isinstance(values, dict) and [*values, *values.values()]
    if not texts or not all(isinstance(text, str) for text in texts):
        yield "the value of the cell tagged measured is not a dict of name → formatted string"


def has_answers_that_nbval_compares(notebook, path):
    checked = [cell for cell in code_cells(notebook) if "nbval-check-output" in tags(cell) and cell.outputs]
    if len(checked) < 2:
        yield f"{len(checked)} cells with an output are tagged nbval-check-output, expected two or more"


def has_exercises_of_three_kinds(notebook, path):
    stars = re.findall("★+", "\n".join(cell.source for cell in section(notebook, "Exercises")))
    if set(stars) != {"★", "★★", "★★★"}:
        yield f"its exercises have {' '.join(stars) or 'no stars'}, expected ★, ★★ and ★★★"


FOR_ALL = (
    is_valid,
    is_in_normal_form,
    was_run_from_top_to_bottom,
    shows_no_errors_and_no_warnings,
    holds_no_widgets,
    describes_its_pictures,
    is_small,
    names_nobody_s_folders,
    asks_nobody_where_it_runs,
    types_no_commands,
    has_short_lines,
    has_no_empty_cell,
    talks_down_to_nobody,
    has_the_badge_and_the_set_up_cell,
)
FOR_LESSONS = (
    asks_a_question,
    has_its_sections_in_order,
    shows_a_picture_early,
    alternates_code_and_prose,
    measures_in_its_summary,
    has_answers_that_nbval_compares,
    has_exercises_of_three_kinds,
)


def rules_for(path):
    return FOR_ALL if path.parent.name == "solutions" else FOR_ALL + FOR_LESSONS


@pytest.mark.parametrize(
    "path, rule",
    [
        pytest.param(path, rule, id=f"{path.stem}-{rule.__name__}")
        for path in lessons()
        for rule in rules_for(path)
    ],
)
def test_a_notebook_has_the_form_of_the_course(path, rule):
    # Not through nbformat.read, which would mend what it reads.
    notebook = nbformat.v4.reads_json(path.read_text(encoding="utf-8"))
    assert list(rule(notebook, path)) == []


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_a_notebook_s_file_is_as_the_course_writes_it(path):
    assert path.read_text(encoding="utf-8") == as_text(read(path))


def test_there_are_lessons_and_nothing_beside_them():
    paths = [path for path in lessons() if path.parent.name == "notebooks"]
    numbers = [int(path.name[:2]) for path in paths]
    assert numbers[0] == 1 and len(set(numbers)) == len(numbers)
    # A number that is left out belongs to a lesson in preparation, and readers are told so.
    announced = re.search("In preparation: (.*)", (ROOT / "README.md").read_text(encoding="utf-8"))
    coming = {int(number) for number in re.findall(r"\b\d\d\b", announced[1])} if announced else set()
    assert not coming & set(numbers)
    assert set(range(1, max(numbers) + 1)) - set(numbers) <= coming
    everything = {
        path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
    }
    assert paths and set(lessons()) == everything


@pytest.mark.parametrize("command", [["check"], ["format", "--check", "--diff"]], ids=["check", "format"])
def test_ruff_has_nothing_to_say(command):
    # Named one by one: what students keep in work/ is none of our business.
    places = ("course.py", "conftest.py", "mnist_helpers", "notebooks", "tests", "tools")
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", *places]
    finished = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert finished.returncode == 0, finished.stdout + finished.stderr


# --- The rules themselves -----------------------------------------------------------------------------

PICTURE = {"image/png": "iVBORw0KGgo="}
PATH = Path("notebooks/03_example.ipynb")


def value(text):
    return new_output("execute_result", {"text/plain": text})


@pytest.fixture
def good():
    """A small lesson against which no rule has anything to say."""
    address = SET_UP.replace("OWNER/REPO", "someone/course").replace('"BRANCH"', '"main"')
    title = "# 03 · Is it so?\n\nYou will be able to ask · Time: 1 minute · Before: 02"
    picture = new_code_cell(
        "draw()", outputs=[new_output("display_data", PICTURE)], metadata={"alt": "One digit, a dark 5."}
    )
    measures = new_code_cell('{"a": "1%"}', outputs=[value("{'a': '1%'}")], metadata={"tags": ["measured"]})
    checked = {"tags": ["nbval-check-output"]}
    notebook = new_notebook(
        cells=[
            new_markdown_cell(title),
            new_markdown_cell("[![Colab](badge.svg)](link)", metadata={"tags": ["badge"]}),
            new_markdown_cell("## Setup"),
            new_code_cell(address, metadata={"tags": ["setup"]}),
            new_code_cell("import numpy as np"),
            new_markdown_cell("## 1. Look"),
            picture,
            new_markdown_cell("## 2. Count\n\nHow many?"),
            new_code_cell("1 + 1", outputs=[value("2")], metadata=checked),
            new_code_cell("1 + 2", outputs=[value("3")], metadata=checked),
            new_markdown_cell("## Check yourself"),
            new_code_cell("print(2)", outputs=[new_output("stream", name="stdout", text="2\n")]),
            new_markdown_cell("## Summary"),
            measures,
            new_markdown_cell("## Exercises\n\n- ★ one\n- ★★ two\n- ★★★ three\n\n**Next:** 04 asks more."),
        ]
    )
    describe_images(notebook)
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = number
    return normalise(notebook)


def test_the_rules_pass_a_good_lesson(good):
    assert {rule.__name__: list(rule(good, PATH)) for rule in FOR_ALL + FOR_LESSONS} == {
        rule.__name__: [] for rule in FOR_ALL + FOR_LESSONS
    }


def source(number, old, new):
    """Replace text in a cell."""

    def spoil(notebook):
        assert old in notebook.cells[number].source
        notebook.cells[number].source = notebook.cells[number].source.replace(old, new)

    return spoil


def output(number, *outputs):
    """Give a cell other outputs."""

    def spoil(notebook):
        notebook.cells[number].outputs = list(outputs)

    return spoil


def metadata(number, **changes):
    """Change a cell's metadata (None removes), or the notebook's for number None."""

    def spoil(notebook):
        target = notebook.metadata if number is None else notebook.cells[number].metadata
        for key, new in changes.items():
            target[key] = nbformat.from_dict(new)
            if new is None:
                del target[key]

    return spoil


def insert(number, *cells):
    def spoil(notebook):
        notebook.cells[number:number] = copy.deepcopy(list(cells))

    return spoil


def attribute(number, name, new):
    return lambda notebook: notebook.cells[number].update({name: new})


def move(number, to):
    return lambda notebook: notebook.cells.insert(to, notebook.cells.pop(number))


def remove(number):
    return lambda notebook: notebook.cells.pop(number)


SET_UP_CELL, IMPORTS, DRAWING, COUNT, ADDING, CHECK, SUMMARY, MEASURED, LAST = 3, 4, 6, 7, 8, 11, 12, 13, 14
ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])
WIDGET = new_output("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}})

# What is done to the good lesson, and the rule that must notice it.
BREAK = {
    "an output of an unknown kind": (output(CHECK, nbformat.from_dict({"output_type": "new"})), is_valid),
    "no cell id": (lambda notebook: notebook.cells[ADDING].pop("id"), is_valid),
    "two cells with one id": (
        lambda notebook: [cell.update(id="same") for cell in notebook.cells[ADDING:]], is_valid),
    "another kernel": (metadata(None, kernelspec={"name": "venv", "display_name": "v"}), is_in_normal_form),
    "no kernel": (metadata(None, kernelspec=None), is_in_normal_form),
    "Python's version": (
        metadata(None, language_info={"name": "python", "version": "3.12.1"}), is_in_normal_form),
    "an editor's settings": (metadata(None, vscode={"interpreter": "/x"}), is_in_normal_form),
    "a paid GPU": (metadata(None, accelerator="GPU", colab={"gpuType": "A100"}), is_in_normal_form),
    "Colab's memory": (metadata(None, colab={"provenance": []}), is_in_normal_form),
    "timings": (metadata(CHECK, execution={"iopub.execute_input": "2026"}), is_in_normal_form),
    "a stream in pieces": (
        output(CHECK, *[new_output("stream", name="stdout", text="2")] * 2), is_in_normal_form),
    "an older format": (lambda notebook: notebook.update(nbformat_minor=4), is_in_normal_form),
    "a cell that was not run": (attribute(ADDING, "execution_count", None), was_run_from_top_to_bottom),
    "cells run out of order": (attribute(ADDING, "execution_count", 99), was_run_from_top_to_bottom),
    "a saved error": (output(CHECK, ERROR), shows_no_errors_and_no_warnings),
    "a saved warning": (
        output(CHECK, new_output("stream", name="stderr", text="W0000 oneDNN")),
        shows_no_errors_and_no_warnings,
    ),
    "widgets in the metadata": (metadata(None, widgets={"state": {}}), holds_no_widgets),
    "a widget": (output(CHECK, WIDGET), holds_no_widgets),
    "a picture without alt text": (
        output(DRAWING, new_output("display_data", PICTURE)), describes_its_pictures),
    "alt text without a sentence": (
        output(DRAWING, new_output("display_data", PICTURE, metadata={"image/png": {"alt": "plot"}})),
        describes_its_pictures,
    ),
    "an SVG without alt text": (
        output(CHECK, new_output("display_data", {"image/svg+xml": "<svg/>"})), describes_its_pictures),
    "a linked picture without alt text": (source(COUNT, "How", "![](a.png) How"), describes_its_pictures),
    "an img without alt text": (source(COUNT, "How", '<img src="a.png" alt=""> How'), describes_its_pictures),
    "a large output": (output(CHECK, value("x" * MOST_KB * 1000)), is_small),
    "a home folder in an output": (output(CHECK, value("'/home/ann/mnist.npz'")), names_nobody_s_folders),
    "a home folder on a Mac": (source(COUNT, "How", "/Users/ann How"), names_nobody_s_folders),
    "a home folder on Windows": (source(IMPORTS, "np", "np  # C:\\Users\\ann"), names_nobody_s_folders),
    "a temporary file in an output": (output(CHECK, value("/tmp/ipykernel_1/2.py")), names_nobody_s_folders),
    "an environment variable": (source(CHECK, "print", "os.environ; print"), asks_nobody_where_it_runs),
    "a question for CI": (source(CHECK, "print(2)", "if CI:\n    pass"), asks_nobody_where_it_runs),
    "a question for Colab": (source(CHECK, "print", "import google.colab; print"), asks_nobody_where_it_runs),
    "a command": (source(CHECK, "print(2)", "!ls"), types_no_commands),
    "a command in an assignment": (source(CHECK, "print(2)", "files = !ls"), types_no_commands),
    "an installation": (source(CHECK, "print(2)", "%pip install pillow"), types_no_commands),
    "a cell for the shell": (source(CHECK, "print(2)", "%%bash\nls"), types_no_commands),
    "a long line": (source(CHECK, "2", "2" * LONGEST_LINE), has_short_lines),
    "an empty cell": (source(COUNT, "## 2. Count\n\nHow many?", " \n"), has_no_empty_cell),
    "a word that talks down": (source(COUNT, "How", "Just count. How"), talks_down_to_nobody),
    "no badge": (remove(1), has_the_badge_and_the_set_up_cell),
    "a badge that is elsewhere": (move(1, to=2), has_the_badge_and_the_set_up_cell),
    "no set-up cell": (remove(SET_UP_CELL), has_the_badge_and_the_set_up_cell),
    "a set-up cell that comes late": (move(SET_UP_CELL, to=5), has_the_badge_and_the_set_up_cell),
    "another set-up cell": (
        source(SET_UP_CELL, "import sys", "import sys, re"), has_the_badge_and_the_set_up_cell),
    "a title that is no question": (source(0, "so?", "so."), asks_a_question),
    "a title with another number": (source(0, "03", "04"), asks_a_question),
    "no goals": (source(0, "You will be able to", "See how to"), asks_a_question),
    "no time": (source(0, "Time", "Quick"), asks_a_question),
    "nothing about what comes before": (source(0, "Before", "After"), asks_a_question),
    "a section that is missing": (source(SUMMARY, "## Summary", "In short"), has_its_sections_in_order),
    "no numbered section": (
        lambda notebook: [source(5, "## 1. ", "### ")(notebook), source(COUNT, "## 2. ", "### ")(notebook)],
        has_its_sections_in_order,
    ),
    "numbers that leave one out": (source(COUNT, "## 2", "## 3"), has_its_sections_in_order),
    "sections in another order": (move(2, to=6), has_its_sections_in_order),
    "a section too many": (insert(LAST, new_markdown_cell("## More")), has_its_sections_in_order),
    "nothing next": (source(LAST, "Next", "End"), has_its_sections_in_order),
    "a picture that comes late": (
        insert(5, *[new_code_cell("1"), new_markdown_cell("So.")] * 4), shows_a_picture_early),
    "three code cells in a row": (insert(ADDING, new_code_cell("0")), alternates_code_and_prose),
    "no measured cell": (metadata(MEASURED, tags=None), measures_in_its_summary),
    "two measured cells": (metadata(CHECK, tags=["measured"]), measures_in_its_summary),
    "a measured cell elsewhere": (move(MEASURED, to=9), measures_in_its_summary),
    "a measured cell without a value": (output(MEASURED), measures_in_its_summary),
    "a measured value that is no dict": (output(MEASURED, value("[1]")), measures_in_its_summary),
    "a measured value that is an object": (output(MEASURED, value("<Table>")), measures_in_its_summary),
    "a measured figure without a format": (output(MEASURED, value("{'a': 0.98}")), measures_in_its_summary),
    "one compared answer": (metadata(ADDING, tags=None), has_answers_that_nbval_compares),
    "a compared answer without output": (output(ADDING), has_answers_that_nbval_compares),
    "no hard exercise": (source(LAST, "★★★", "★★"), has_exercises_of_three_kinds),
    "no exercise": (source(LAST, "## Exercises", "## Summary"), has_exercises_of_three_kinds),
}  # fmt: skip


@pytest.mark.parametrize("fault", BREAK)
def test_a_rule_notices(fault, good):
    spoil, rule = BREAK[fault]
    spoil(good)
    assert list(rule(good, PATH)) != []


def test_every_rule_can_fail():
    assert {rule for _, rule in BREAK.values()} == set(FOR_ALL + FOR_LESSONS)


def test_an_announced_exception_is_no_saved_error(good):
    output(CHECK, ERROR)(good)
    metadata(CHECK, tags=["raises-exception"])(good)
    assert list(shows_no_errors_and_no_warnings(good, PATH)) == []


def test_normalising_mends_what_an_editor_left_and_nothing_else(good):
    before = as_text(good)
    for name in ("another kernel", "Python's version", "an editor's settings", "Colab's memory", "timings"):
        BREAK[name][0](good)
    metadata(None, widgets={"state": {}})(good)
    assert as_text(good) != before
    assert as_text(normalise(good)) == before


def test_normalising_twice_is_as_once(good):
    good.metadata.update(colab={"provenance": []})
    output(CHECK, *[new_output("stream", name="stdout", text="2")] * 2)(good)
    once = as_text(normalise(good))
    assert as_text(normalise(good)) == once
    assert good.cells[CHECK].outputs[0].text == "22" and "colab" not in good.metadata


@pytest.mark.parametrize(
    "code, helps",
    [
        ("model = keras.Sequential([layers.Conv2D(8, 3)])\nmodel.fit(x, y)", True),
        ("network = build_fast_cnn()\nnetwork.fit(x, y)", True),
        ("network = build_dense_512()\nnetwork.fit(x, y)", False),
        ("network = build_fast_cnn()\nnetwork.load_weights(path)", False),
    ],
)
def test_colab_is_asked_for_its_free_gpu_where_convolutions_are_trained(good, code, helps):
    good.cells[IMPORTS].source = code
    good.metadata.update(accelerator="TPU", colab={"gpuType": "A100"})
    asked = {key: value for key, value in normalise(good).metadata.items() if key in ("accelerator", "colab")}
    assert asked == ({"accelerator": "GPU", "colab": {"gpuType": "T4"}} if helps else {})


def test_lessons_come_in_order_and_solutions_after_them(tmp_path):
    for name in ("02_b.ipynb", "01_a.ipynb", "solutions/01_a.ipynb", "Untitled.ipynb", "solutions/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in lessons(tmp_path)]
    assert names == ["01_a.ipynb", "02_b.ipynb", "solutions/01_a.ipynb"]
