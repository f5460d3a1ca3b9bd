"""The form of all notebooks. A rule is a generator of complaints; `BREAK` shows that each rule can fail."""

import ast
import copy
import re
import subprocess
import sys
from collections import Counter

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbformat.validator import iter_validate

from tools.lib.files import ROOT
from tools.lib.notebooks import as_text, lessons, measured, normalise, read

SET_UP = next(cell.source for cell in read(lessons()[0]).cells if cell.cell_type == "code")
CHECKED = "nbval-check-output"
MOST_KB = 300
LONGEST_LINE = 100
SECTIONS = ("Setup", "1", "Check yourself", "Summary", "Exercises")


def tags(cell):
    return cell.metadata.get("tags", [])


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


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
            if output.output_type == "error":
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


def is_plain_python(notebook, path):
    """nbval passes commands, %pip and unknown magics that fail; and another system may not know them."""
    for cell in code_cells(notebook):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield f"no Python: {error.text!r} in {cell.source[:60]!r}"
        if "get_ipython" in cell.source:
            yield f"it speaks to IPython: {cell.source[:60]!r}"


def speaks_to_nbval_in_one_way(notebook, path):
    """nbval overlooks what it does not understand, and passes an announced exception that does not come."""
    for cell in code_cells(notebook):
        if re.search("#.*(nbval|pytest_validate)", cell.source, re.IGNORECASE):
            yield f"a comment for nbval, where there is the tag {CHECKED}: {cell.source[:60]!r}"
        for tag in tags(cell):
            if re.match("nbval|raises|skip", tag, re.IGNORECASE) and tag != CHECKED:
                yield f"the tag {tag!r}: the one tag for nbval is {CHECKED}"


def shows_text_where_nbval_compares(notebook, path):
    for number, cell in enumerate(code_cells(notebook), start=1):
        kinds = {kind for output in cell.outputs for kind in output.get("data", {output.output_type})}
        if CHECKED in tags(cell) and kinds <= {"image/png", "image/jpeg"}:
            yield f"code cell {number} is checked, but shows nothing that nbval compares, such as text"


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
    if code_cells(notebook)[0].source != SET_UP:
        yield f"its set-up cell is not that of {lessons()[0].name}: `course.py links` writes it"


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
    values = measured(notebook)
    if not values or not all(isinstance(text, str) for text in [*values, *values.values()]):
        yield "the value of the cell tagged measured is not a dict of name → formatted string"


def has_answers_that_nbval_compares(notebook, path):
    checked = [cell for cell in code_cells(notebook) if CHECKED in tags(cell)]
    if len(checked) < 2:
        yield f"{len(checked)} cells are tagged {CHECKED}, expected two or more"


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
    is_plain_python,
    speaks_to_nbval_in_one_way,
    shows_text_where_nbval_compares,
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
    assert numbers == list(range(1, len(numbers) + 1))
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


# --- Each rule can fail -------------------------------------------------------------------------------


def rewrite(cells, old, new):
    """Replace text in the first cell that has it."""
    cell = next(cell for cell in cells if old in cell.source)
    cell.source = cell.source.replace(old, new)


def show(cells, *outputs):
    """Give a code cell other outputs."""
    cells[SOME].outputs = [nbformat.from_dict(output) for output in outputs]


def retag(cells, old, *new):
    for cell in cells:
        cell.metadata.tags = list(new) if old in tags(cell) else tags(cell)


def insert(cells, position, *new):
    cells[position:position] = map(nbformat.from_dict, new)


def value(text):
    return new_output("execute_result", {"text/plain": text})


FIRST = lessons()[0]
SOME, CHECK, MEASURED = (  # the positions of three code cells in the first lesson
    next(number for number, cell in enumerate(read(FIRST).cells) if wanted in [cell.cell_type, *tags(cell)])
    for wanted in ("code", CHECKED, "measured")
)
ERROR = new_output("error", ename="ValueError", evalue="no", traceback=[])
PICTURE = new_output("display_data", {"image/png": "iVBORw0KGgo="})
WIDGET = new_output("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}})
WARNING = new_output("stream", name="stderr", text="W0000 oneDNN")
CODE, TEXT = new_code_cell("1"), new_markdown_cell("The end.")

# What is done to the cells of the first lesson, and the rule that must notice it.
BREAK = {
    "a cell without an id": (lambda cells: cells[3].pop("id"), is_valid),
    "two cells with one id": (lambda cells: [cell.update(id="a") for cell in cells], is_valid),
    "an editor's settings": (lambda cells: cells[0].metadata.update(vscode={}), is_in_normal_form),
    "a cell not run": (lambda cells: cells[SOME].update(execution_count=9), was_run_from_top_to_bottom),
    "a saved error": (lambda cells: show(cells, ERROR), shows_no_errors_and_no_warnings),
    "a saved warning": (lambda cells: show(cells, WARNING), shows_no_errors_and_no_warnings),
    "a widget": (lambda cells: show(cells, WIDGET), holds_no_widgets),
    "a picture without alt text": (lambda cells: show(cells, PICTURE), describes_its_pictures),
    "a link without alt text": (lambda cells: rewrite(cells, "##", "![](a.png)"), describes_its_pictures),
    "a large output": (lambda cells: show(cells, value("x" * MOST_KB * 1000)), is_small),
    "a home folder": (lambda cells: show(cells, value("'/home/ann/a.npz'")), names_nobody_s_folders),
    "a Windows folder": (lambda cells: rewrite(cells, "##", "C:\\Users\\ann"), names_nobody_s_folders),
    "a question for CI": (lambda cells: cells[CHECK].update(source="CI"), asks_nobody_where_it_runs),
    "a command": (lambda cells: cells[SOME].update(source="files = !ls"), is_plain_python),
    "an installation": (lambda cells: cells[SOME].update(source="%pip install a"), is_plain_python),
    "a magic's name": (lambda cells: cells[SOME].update(source="get_ipython()"), is_plain_python),
    "a marker with a tail": (
        lambda cells: cells[SOME].update(source="# NBVAL_CHECK_OUTPUT: the sum"), speaks_to_nbval_in_one_way),
    "an announced exception": (
        lambda cells: retag(cells, "measured", "raises-exception"), speaks_to_nbval_in_one_way),
    "a misspelt tag": (lambda cells: retag(cells, CHECKED, f"{CHECKED}s"), speaks_to_nbval_in_one_way),
    "a checked picture": (
        lambda cells: cells[CHECK].update(outputs=[PICTURE]), shows_text_where_nbval_compares),
    "a checked nothing": (lambda cells: cells[CHECK].update(outputs=[]), shows_text_where_nbval_compares),
    "a long line": (lambda cells: cells[CHECK].update(source="2" * 101), has_short_lines),
    "an empty cell": (lambda cells: cells[CHECK].update(source=" \n"), has_no_empty_cell),
    "a word that talks down": (lambda cells: rewrite(cells, "##", "Just"), talks_down_to_nobody),
    "no badge": (lambda cells: cells.pop(1), has_the_badge_and_the_set_up_cell),
    "a late set-up cell": (lambda cells: insert(cells, 2, CODE), has_the_badge_and_the_set_up_cell),
    "another set-up cell": (
        lambda cells: cells[SOME].update(source="1"), has_the_badge_and_the_set_up_cell),
    "a title that asks nothing": (lambda cells: rewrite(cells, "?\n", ".\n"), asks_a_question),
    "no goals": (lambda cells: rewrite(cells, "You will be able to", "See"), asks_a_question),
    "a missing section": (lambda cells: rewrite(cells, "## Summary", "So"), has_its_sections_in_order),
    "a missing number": (lambda cells: rewrite(cells, "## 2", "## 9"), has_its_sections_in_order),
    "nothing next": (lambda cells: cells.append(TEXT), has_its_sections_in_order),
    "a late picture": (lambda cells: insert(cells, SOME + 1, *[CODE] * 6), shows_a_picture_early),
    "three code cells in a row": (
        lambda cells: insert(cells, CHECK, *[CODE] * 3), alternates_code_and_prose),
    "no measured cell": (lambda cells: retag(cells, "measured"), measures_in_its_summary),
    "no dict": (lambda cells: cells[MEASURED].update(outputs=[value("[1]")]), measures_in_its_summary),
    "no format": (lambda cells: cells[MEASURED].update(outputs=[value("{'a': 1}")]), measures_in_its_summary),
    "no compared answer": (lambda cells: retag(cells, CHECKED), has_answers_that_nbval_compares),
    "no hard exercise": (lambda cells: rewrite(cells, "★★★", "★★"), has_exercises_of_three_kinds),
}  # fmt: skip


@pytest.mark.parametrize("fault", BREAK)
def test_a_rule_notices(fault):
    spoil, rule = BREAK[fault]
    notebook = read(FIRST)
    spoil(notebook.cells)
    assert list(rule(notebook, FIRST)) != []


def test_every_rule_can_fail():
    assert {rule for _, rule in BREAK.values()} == set(FOR_ALL + FOR_LESSONS)
