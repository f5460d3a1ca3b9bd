"""The form of all notebooks. A rule is a generator of complaints; `FAULTS` shows that each can fail."""

import ast
import copy
import importlib
import pkgutil
import re
import subprocess
import sys

import pytest
from nbformat import v4, validator
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from mnist_helpers import checks
from mnist_helpers.checks.declare import DECLARED
from tools.lib.files import ROOT
from tools.lib.notebooks import as_text, lessons, measured, normalise, read, statements

for module in pkgutil.iter_modules(checks.__path__):
    importlib.import_module(f"mnist_helpers.checks.{module.name}")

CHECKED = "nbval-check-output"
CURIOUS = "For the curious"  # a section that is not counted in a lesson's time to read
MOST_KB = 300
MOST_MINUTES = 45

# What may not stand in code (but the set-up cell), in prose or in the whole file: pattern and example.
BANNED = {
    "a switch of modes": ("code", r"os\.environ|getenv|\bCI\b|google\.colab|KAGGLE", "if CI:"),
    "a magic, which nbval passes when it fails": ("code", r"get_ipython", "get_ipython()"),
    f"a comment for nbval, not the tag {CHECKED}": ("code", r"(?i)#.*(nbval|pytest_val)", "# NBVAL_SKIP"),
    "a line of more than 88 characters": ("code", r".{89,}", "2" * 89),
    "an empty cell": ("code, prose", r"\A\s*\Z", " \n"),
    "a word that talks down": ("prose", r"(?i)\b(?:simply|just|obviously)\b", "Just add:"),
    "a picture without alt text": ("prose", r"!\[\]\(|<img(?![^>]*\balt=\"\w)", "![](a.png)"),
    "a folder of somebody's computer": ("file", r"/home/|/Users/|/root/|\w:\\+Users|/tmp/", "/home/ann"),
    "a widget, which GitHub does not show": ("file", "widget-view", "widget-view"),
}  # fmt: skip


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


def is_as_the_course_writes_it(notebook, path):
    yield from (f"{error.message} ({error.relative_path})" for error in validator.iter_validate(notebook))
    if len({cell.get("id") for cell in notebook.cells}) < len(notebook.cells):
        yield "two cells have one id"
    if as_text(notebook) != as_text(normalise(copy.deepcopy(notebook))):
        yield "its metadata are not in the normal form: `course.py run --write` writes it"


def holds_nothing_banned(notebook, path):
    texts = {
        "code": [cell.source for cell in code_cells(notebook) if "setup" not in tags(cell)],
        "prose": [cell.source for cell in prose(notebook)],
        "file": [as_text(notebook)],
    }
    for what, (places, pattern, _) in BANNED.items():
        for text in (text for place in places.split(", ") for text in texts[place]):
            for found in re.finditer(pattern, text):
                yield f"{what}: {found[0]!r} in {text[max(found.start() - 30, 0) : found.end() + 30]!r}"


def ran_cleanly(notebook, path):
    for number, cell in enumerate(code_cells(notebook), start=1):
        if cell.execution_count != number:
            yield f"code cell {number} was run as number {cell.execution_count}"
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                yield f"code cell {number} failed, or warned: {output.get('text', output.get('ename'))!r}"


def describes_its_pictures(notebook, path):
    for number, cell in enumerate(code_cells(notebook), start=1):
        for kind, metadata in pictures(cell):
            if len(metadata.get("alt", "").split()) < 4:
                yield f"code cell {number}: its {kind} has no sentence that describes it (metadata alt)"


def is_small(notebook, path):
    size = len(as_text(notebook).encode()) / 1000
    if size >= MOST_KB:
        yield f"it has {size:.0f} KB, at most {MOST_KB}"


def is_plain_python(notebook, path):
    """nbval passes commands, %pip and unknown magics that fail; and another system may not know them."""
    for cell in code_cells(notebook):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield f"no Python: {error.text!r} in {cell.source[:60]!r}"


def asks_nbval_in_one_way(notebook, path):
    """nbval overlooks what it does not understand, and passes an announced exception that does not come."""
    for number, cell in enumerate(code_cells(notebook), start=1):
        for tag in tags(cell):
            if re.match("nbval|raises|skip", tag, re.IGNORECASE) and tag != CHECKED:
                yield f"the tag {tag!r}: the one tag for nbval is {CHECKED}"
        kinds = {kind for output in cell.outputs for kind in output.get("data", {output.output_type})}
        if CHECKED in tags(cell) and kinds <= {"image/png", "image/jpeg"}:
            yield f"code cell {number} is checked, but shows nothing that nbval compares, such as text"


def has_the_badge_and_the_set_up_cell(notebook, path):
    badges = [number for number, cell in enumerate(notebook.cells) if "badge" in tags(cell)]
    if badges != [1] or notebook.cells[1].cell_type != "markdown":
        yield f"the second cell alone is the badge (tag badge), not {badges}"
    set_ups = [number for number, cell in enumerate(code_cells(notebook)) if "setup" in tags(cell)]
    if set_ups != [0]:
        yield f"the first code cell alone is the set-up cell (tag setup), not {set_ups}"


# --- Rules for lessons, not for solutions -------------------------------------------------------------


def asks_a_question(notebook, path):
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not re.match(rf"# {path.name[:2]} · \S.*\?(\n|$)", first.source):
        yield f"the first cell starts with its question: # {path.name[:2]} · …?"
    for part in ("You will be able to", "Time", "Before"):
        if part not in first.source:
            yield f"the first cell does not say {part!r}"


def has_its_sections_in_order(notebook, path):
    text = "\n".join(cell.source for cell in prose(notebook))
    headings = re.findall(r"^## (\d+(?=\.? )|.*)", text, re.MULTILINE)
    extra = [CURIOUS] if CURIOUS in headings else []
    numbers = [str(number) for number in range(1, len(headings) - 2 - len(extra))] or ["1"]
    expected = ["Setup", *numbers, "Summary", *extra, "Exercises"]
    if headings != expected:
        yield f"its sections are {headings}, expected {expected}"
    if not re.search(r"^\**Next\b", notebook.cells[-1].source, re.MULTILINE):
        yield "the last cell does not say what is next"


def minutes_to_read(notebook):
    """120 words a minute, 5 seconds for a line of code, 45 for a figure; exercises and extras apart."""
    apart = [*section(notebook, CURIOUS), *section(notebook, "Exercises")]
    cells = [cell for cell in notebook.cells if cell not in apart and "setup" not in tags(cell)]
    text = "\n".join(
        re.sub(r"\]\([^)]*\)", "]", cell.source) for cell in cells if cell.cell_type == "markdown"
    )
    code = [cell for cell in cells if cell.cell_type == "code"]
    lines = sum(bool(line.strip()) for cell in code for line in cell.source.splitlines())
    figures = sum(1 for cell in code for _ in pictures(cell))
    return len(re.findall(r"\w+", text)) / 120 + lines * 5 / 60 + figures * 45 / 60


def is_read_in_one_sitting(notebook, path):
    count = minutes_to_read(notebook)
    said = re.search(r"\*\*Time:\*\* (?:about )?(\d+) minutes to read", notebook.cells[0].source)
    if not said:
        yield "its first cell does not say **Time:** N minutes to read"
    elif int(said[1]) > MOST_MINUTES or abs(int(said[1]) / count - 1) > 0.2:
        yield f"it says {said[1]} minutes to read, by count {count:.0f}; at most {MOST_MINUTES}"


def compares_with_seeds_that_can_be_changed(notebook, path):
    """So that `course.py comparisons` can repeat each comparison with other seeds."""
    seeds = [cell.source for cell in notebook.cells if "seeds" in tags(cell)]
    compared = [cell for cell in notebook.cells if "compared" in tags(cell)]
    if (compared or seeds) and not (len(seeds) == 1 and re.fullmatch(r"seeds = range\([3-9]\)", seeds[0])):
        yield f"its one cell tagged seeds says seeds = range(3) or more, not {seeds}"
    for cell in compared:
        if not statements(cell):
            yield f"the value of {cell.source[:60]!r}, tagged compared, is not a dict of name → statement"


def shows_a_picture_early(notebook, path):
    if not any(list(pictures(cell)) for cell in code_cells(notebook)[1:6]):
        yield "no picture in the first five code cells after the set-up cell"


def alternates_code_and_prose(notebook, path):
    kinds = "".join(cell.cell_type[0] for cell in notebook.cells)
    if "ccc" in kinds:
        yield f"three code cells in a row, from cell {kinds.index('ccc')} on"


def measures_in_its_summary(notebook, path):
    tagged = [cell for cell in notebook.cells if "measured" in tags(cell)]
    if len(tagged) != 1 or tagged[0] not in section(notebook, "Summary"):
        yield f"{len(tagged)} cells are tagged measured: expected one, in the Summary"
    values = measured(notebook)
    if not values or not all(isinstance(text, str) for text in [*values, *values.values()]):
        yield "the value of the cell tagged measured is not a dict of name → formatted string"


def has_answers_that_nbval_compares(notebook, path):
    checked = [cell for cell in code_cells(notebook) if CHECKED in tags(cell)]
    if len(checked) < 2:
        yield f"{len(checked)} cells are tagged {CHECKED}, expected two or more"


def asked(notebook, function):
    """Return the exercises that code names in calls of `function`, in their order."""
    code = "\n".join(cell.source for cell in code_cells(notebook))
    return re.findall(rf"(?<!\w){function}\(\s*\"(\w+\.\d+)\"", code)


def verdicts(notebook):
    """Yield each exercise's name and what its check has printed."""
    for cell in code_cells(notebook):
        printed = "".join(output.get("text", "") for output in cell.outputs)
        yield from re.findall(r"^. (\w+\.\d+) (?!no guess|noted)(.*)", printed, re.MULTILINE)


def has_two_guesses_and_two_exercises(notebook, path):
    declared = [name for name in DECLARED if name.startswith(path.name[:2] + ".")]
    guesses, checks = asked(notebook, "guess"), asked(notebook, "check")
    if len(guesses) < 2 or set(checks) != set(declared) or not set(guesses) < set(checks):
        yield f"it guesses {guesses}, checks {checks}, and {declared} are declared: two guesses, all checked"
    text = "\n".join(cell.source for cell in section(notebook, "Exercises"))
    marked = dict(re.findall(r"^### (\d\d\.\d+) (★+)", text, re.MULTILINE))
    if set(marked) != set(checks) - set(guesses) or not {"★", "★★"} <= set(marked.values()):
        yield f"its exercises are {marked}, expected ### {path.name[:2]}.3 ★ and so on, each with its check"


def waits_for_answers(notebook, path):
    found = dict(verdicts(notebook))
    for name in set(asked(notebook, "check")):
        if "nothing to check yet" not in found.get(name, ""):
            yield f"check {name} says {found.get(name)!r}: in a lesson as delivered nothing to check yet"


def leads_to_its_solution(notebook, path):
    if f"(solutions/{path.name})" not in notebook.cells[-1].source:
        yield f"its last cell has no link to solutions/{path.name}"


# --- Rules for solutions ------------------------------------------------------------------------------


def solves_every_exercise(notebook, path):
    found = dict(verdicts(notebook))
    exercises = set(asked(read(ROOT / "notebooks" / path.name), "check"))
    guesses = set(asked(read(ROOT / "notebooks" / path.name), "guess"))
    for name in exercises - guesses:
        if not found.get(name, "").startswith(("right", "not judged on the sample")):
            yield f"the check of {name} says {found.get(name)!r}: expected right"
    if f"(../{path.name})" not in notebook.cells[0].source:
        yield f"its first cell has no link to ../{path.name}"


FOR_ALL = (
    is_as_the_course_writes_it,
    holds_nothing_banned,
    ran_cleanly,
    describes_its_pictures,
    is_small,
    is_plain_python,
    asks_nbval_in_one_way,
    has_the_badge_and_the_set_up_cell,
)
FOR_LESSONS = (
    asks_a_question,
    has_its_sections_in_order,
    is_read_in_one_sitting,
    compares_with_seeds_that_can_be_changed,
    shows_a_picture_early,
    alternates_code_and_prose,
    measures_in_its_summary,
    has_answers_that_nbval_compares,
    has_two_guesses_and_two_exercises,
    waits_for_answers,
    leads_to_its_solution,
)
FOR_SOLUTIONS = (solves_every_exercise,)


@pytest.mark.parametrize("path", lessons(), ids=lambda path: path.stem)
def test_a_notebook_has_the_form_of_the_course(path):
    text = path.read_text(encoding="utf-8")
    notebook = v4.reads_json(text)  # nbformat.read would mend what it reads
    assert text == as_text(notebook)
    of_its_kind = FOR_LESSONS if path.name[:2].isdigit() else (waits_for_answers,)
    rules = FOR_ALL + (FOR_SOLUTIONS if path.parent.name == "solutions" else of_its_kind)
    assert [complaint for rule in rules for complaint in rule(notebook, path)] == []


def test_there_are_lessons_and_nothing_beside_them():
    names = [path.name for path in lessons() if path.parent.name == "notebooks"]
    numbers = [int(name[:2]) for name in names if name[:2].isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))
    found = (ROOT / "notebooks").rglob("*.ipynb")
    assert set(lessons()) == {path for path in found if ".ipynb_checkpoints" not in path.parts}


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


def say(cells, old, new):
    """Replace text in what the cells have printed."""
    for output in [output for cell in cells for output in cell.get("outputs", []) if "text" in output]:
        output.text = output.text.replace(old, new)


def retag(cells, old, *new):
    for cell in cells:
        cell.metadata.tags = list(new) if old in tags(cell) else tags(cell)


def insert_code(cells, position, count):
    cells[position:position] = [new_code_cell("1") for _ in range(count)]


FIRST = lessons()[0]
CODE, CHECK, MEASURED = (  # the positions of three code cells in the first lesson
    next(number for number, cell in enumerate(read(FIRST).cells) if wanted in [cell.cell_type, *tags(cell)])
    for wanted in ("code", CHECKED, "measured")
)
NUMBERS = new_output("execute_result", {"text/plain": "{'accuracy': 0.98}"})
PICTURE = new_output("display_data", {"image/png": "iVBORw0KGgo="})
WARNING = new_output("stream", name="stderr", text="W0000 oneDNN")

# What is done to the cells of the first lesson, and the rule that must notice it.
FAULTS = {
    "a cell without an id": (lambda cells: cells[3].pop("id"), is_as_the_course_writes_it),
    "two cells with one id": (lambda cells: cells[3].update(id=cells[4].id), is_as_the_course_writes_it),
    "an editor's settings": (lambda cells: cells[0].metadata.update(vscode={}), is_as_the_course_writes_it),
    "a cell not run": (lambda cells: cells[CODE].update(execution_count=9), ran_cleanly),
    "a saved warning": (lambda cells: cells[CODE].update(outputs=[WARNING]), ran_cleanly),
    "a picture without alt": (lambda cells: cells[CODE].update(outputs=[PICTURE]), describes_its_pictures),
    "a large cell": (lambda cells: cells[CODE].update(source="x" * MOST_KB * 1000), is_small),
    "a command": (lambda cells: cells[CODE].update(source="files = !ls"), is_plain_python),
    "an announced error": (lambda cells: retag(cells, "measured", "raises-exception"), asks_nbval_in_one_way),
    "a misspelt tag": (lambda cells: retag(cells, CHECKED, f"{CHECKED}s"), asks_nbval_in_one_way),
    "a checked picture": (lambda cells: cells[CHECK].update(outputs=[PICTURE]), asks_nbval_in_one_way),
    "no badge": (lambda cells: cells.pop(1), has_the_badge_and_the_set_up_cell),
    "a late set-up cell": (lambda cells: insert_code(cells, 2, 1), has_the_badge_and_the_set_up_cell),
    "a title that asks nothing": (lambda cells: rewrite(cells, "?\n", ".\n"), asks_a_question),
    "no goals": (lambda cells: rewrite(cells, "You will be able to", "See"), asks_a_question),
    "a missing section": (lambda cells: rewrite(cells, "## Summary", "So"), has_its_sections_in_order),
    "a wrong time": (lambda cells: rewrite(cells, "**Time:** ", "**Time:** 1"), is_read_in_one_sitting),
    "no time": (lambda cells: rewrite(cells, "**Time:**", "Soon"), is_read_in_one_sitting),
    "no seeds": (lambda cells: retag(cells, CHECKED, "compared"), compares_with_seeds_that_can_be_changed),
    "nothing next": (lambda cells: cells.append(new_markdown_cell("The end.")), has_its_sections_in_order),
    "a late picture": (lambda cells: insert_code(cells, CODE + 1, 6), shows_a_picture_early),
    "three code cells in a row": (lambda cells: insert_code(cells, CHECK, 3), alternates_code_and_prose),
    "no measured cell": (lambda cells: retag(cells, "measured"), measures_in_its_summary),
    "no format": (lambda cells: cells[MEASURED].update(outputs=[NUMBERS]), measures_in_its_summary),
    "no compared answer": (lambda cells: retag(cells, CHECKED), has_answers_that_nbval_compares),
    "a check without a guess": (lambda cells: rewrite(cells, "guess(", "print("), has_two_guesses_and_two_exercises),  # noqa: E501
    "no easy exercise": (lambda cells: rewrite(cells, " ★ ", " ★★ "), has_two_guesses_and_two_exercises),
    "an answer given away": (lambda cells: say(cells, "nothing to check yet", "right"), waits_for_answers),
    "no solution": (lambda cells: rewrite(cells, "(solutions/", "("), leads_to_its_solution),
    "an unsolved exercise": (lambda cells: rewrite(cells, "nothing", "right"), solves_every_exercise),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rule_notices(fault):
    spoil, rule = FAULTS[fault]
    notebook = read(FIRST)
    spoil(notebook.cells)
    assert list(rule(notebook, FIRST)) != []


@pytest.mark.parametrize("what", BANNED)
def test_what_is_banned_is_seen(what):
    places, _, example = BANNED[what]
    notebook = read(FIRST)
    notebook.cells[CHECK if "code" in places else 0].source = example
    assert what in "\n".join(holds_nothing_banned(notebook, FIRST))


def test_every_rule_can_fail():
    rules = FOR_ALL + FOR_LESSONS + FOR_SOLUTIONS
    assert {rule for _, rule in FAULTS.values()} | {holds_nothing_banned} == set(rules)
