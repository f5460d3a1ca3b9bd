"""`course.py links`, on a small course of the tests' own."""

import json
import os
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.support.repositories import git, needs_git
from tools.lib.address import Address, course_address
from tools.lib.files import Problem
from tools.lib.notebooks import as_text, read
from tools.maintain import links

OLD, NEW = Address("an-owner/a.repo", "old"), Address("some-school/digits", "2027")
PLACEHOLDER = f"https://github.com/{links.PLACEHOLDER.repository}"
SCHOOL, SCHOOLS = [NEW.repository, "--branch", NEW.branch], f"https://github.com/{NEW.repository}"
TAGGED = "notebooks/91_tagged.ipynb"
PYPROJECT = f'[tool.course]\nrepository = "{OLD.repository}"\nbranch = "{OLD.branch}"\n\n[tool.ruff]\n'
README = """<!-- links --><!-- /links -->
[A lesson](notebooks/91_tagged.ipynb) of <https://github.com/an-owner/a.repo/blob/old/README.md>
<!-- lessons --><!-- /lessons -->
"""
COLAB_LINKS = "\n".join(f"<!-- {name} -->\n<!-- /{name} -->" for name in ("lessons", "colab", "hub"))
TITLE = new_markdown_cell("# 91 · Is this | a question?\n\nIt has one sentence. And another one.", id="title")
SET_UP = new_code_cell("pass", metadata={"tags": ["setup"]}, execution_count=7, id="a-set-up")
SET_UP.outputs = [new_output("display_data", {"text/plain": "é 手\u2028\u00a0"})]
NOTEBOOKS = {
    TAGGED: [
        TITLE,
        new_markdown_cell("to be filled", metadata={"tags": ["badge"]}, id="a-badge"),
        new_markdown_cell("## Setup", id="heading"),
        SET_UP,
        new_code_cell("x = 1\ny = 'é'", execution_count=8, id="code"),
        new_markdown_cell("[to 91](91_tagged.ipynb#setup) and [a figure](attachment:x.png)", id="prose"),
    ],
    "notebooks/92_bare.ipynb": [TITLE, new_markdown_cell("## Setup", id="a"), new_code_cell("1", id="b")],
    "notebooks/solutions/92 é.ipynb": [TITLE, new_code_cell("2", id="a")],
}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course as it is before the first run of `links`, which works on it."""
    folder = tmp_path / "course"
    (folder / "notebooks" / "solutions").mkdir(parents=True)
    for name, cells in NOTEBOOKS.items():
        edit(folder, name, "", as_text(new_notebook(cells=cells)))
    edit(folder, "pyproject.toml", "", PYPROJECT)
    edit(folder, "README.md", "", README)
    edit(folder, "colab_links.md", "", COLAB_LINKS)
    monkeypatch.setattr(links, "ROOT", folder)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    return folder


@pytest.fixture
def linked(course, capsys):
    """The same, with its links set for some-school/digits, branch 2027."""
    assert links.main(SCHOOL) == 0
    capsys.readouterr()
    return course


def everything(folder):
    """Return the files' contents, and their inodes: a file that is written again has another one."""
    found = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_ino) for path in found}


def text(path):
    return path.read_text(encoding="utf-8")


def edit(course, name, old, new):
    """Replace a text in a file of the course, once, or write more at its end where `old` is empty."""
    path = course / name
    before = text(path) if path.exists() else ""
    assert old in before
    after = before.replace(old, new, 1) if old else before + new
    path.write_text(after, encoding="utf-8", newline="\n")


# --- what is written ----------------------------------------------------------------------------------


@pytest.mark.skipif(
    os.environ.get("GITHUB_EVENT_NAME") == "pull_request", reason="a pull request may carry a fork's links"
)
def test_the_course_itself_passes_the_check(capsys):
    assert links.main(["--check"]) == 0, capsys.readouterr().out


def test_everything_points_at_the_new_address_and_passes_the_check(linked, capsys):
    assert not [name for name, (content, _) in everything(linked).items() if b"an-owner" in content]
    for name in NOTEBOOKS:
        cells = {tag: cell for cell in read(linked / name).cells for tag in cell.metadata.get("tags", [])}
        assert NEW.link(links.LINKS["Colab"], name) in cells["badge"].source
        assert cells["setup"].source == NEW.setup_cell()
    assert links.main(["--check"]) == links.main(["--check", *SCHOOL]) == 0
    assert capsys.readouterr().out == ""


def test_a_second_run_is_silent_and_writes_nothing(linked, capsys):
    before = everything(linked)
    assert links.main(SCHOOL) == links.main(SCHOOL[:1]) == 0
    assert capsys.readouterr() == ("", "")
    assert everything(linked) == before


@pytest.mark.parametrize(("indent", "end"), [(1, "\n"), (2, "")], ids=["as Jupyter saves", "as Colab saves"])
def test_two_cells_of_a_notebook_change_and_no_other_byte(course, indent, end):
    def save():
        saved = json.dumps(notebook, ensure_ascii=False, indent=indent) + end
        (course / TAGGED).write_text(saved, encoding="utf-8", newline="\n")

    notebook = json.loads(text(course / TAGGED))
    save()
    links.main(SCHOOL)
    written = (course / TAGGED).read_bytes()
    for number in (1, 3):
        notebook["cells"][number]["source"] = json.loads(written)["cells"][number]["source"]
    save()
    assert (course / TAGGED).read_bytes() == written


def test_a_notebook_in_any_form_of_json_changes_in_the_address_alone(linked):
    notebook = json.loads(text(linked / TAGGED))
    (linked / TAGGED).write_text(json.dumps(notebook, indent=3), encoding="utf-8")
    before = text(linked / TAGGED)
    links.main(["another/place"])
    assert text(linked / TAGGED) == before.replace(NEW.repository, "another/place")


def test_missing_cells_are_added_where_they_belong(linked):
    notebook = read(linked / "notebooks" / "92_bare.ipynb")
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == ["title", "badge", "a", "setup", "b"]


def test_the_tables_say_what_each_lesson_asks_and_where_it_opens(linked):
    row = r"| 91 | [Is this \| a question?](notebooks/91_tagged.ipynb) | It has one sentence. |"
    assert row in text(linked / "README.md") and "solutions" not in text(linked / "README.md")
    (row,) = [row for row in text(linked / "colab_links.md").splitlines() if "(solutions) | [" in row]
    path, quoted = "notebooks/solutions/92%20%C3%A9.ipynb", "notebooks%2Fsolutions%2F92%20%C3%A9.ipynb"
    assert re.findall(r"\]\((.*?)\)", row) == [
        f"https://colab.research.google.com/github/some-school/digits/blob/2027/{path}",
        f"https://kaggle.com/kernels/welcome?src=https://github.com/some-school/digits/blob/2027/{path}",
        f"https://mybinder.org/v2/gh/some-school/digits/2027?labpath={quoted}",
        "https://codespaces.new/some-school/digits/tree/2027?quickstart=1",
        f"https://github.com/some-school/digits/blob/2027/{path}",
        f"https://raw.githubusercontent.com/some-school/digits/2027/{path}",
    ]
    repo = "https%3A%2F%2Fgithub.com%2Fsome-school%2Fdigits"
    hub = f"/hub/user-redirect/git-pull?repo={repo}&branch=2027&urlpath=lab%2Ftree%2Fdigits%2F{quoted}"
    assert hub in text(linked / "colab_links.md")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("git clone https://github.com/OLD.git x", "git clone https://github.com/NEW.git x"),
        ("See github.com/OLD.", "See github.com/NEW."),
        ("https://github.com/OLD/tree/old/tests#x", "https://github.com/NEW/tree/2027/tests#x"),
        ("(OLD/actions/workflows/notebooks.yml/badge.svg?branch=old)",
         "(NEW/actions/workflows/notebooks.yml/badge.svg?branch=2027)"),
        ("https://raw.githubusercontent.com/OLD/old/a", "https://raw.githubusercontent.com/NEW/2027/a"),
        ("https://mybinder.org/v2/gh/OLD/old?labpath=a", "https://mybinder.org/v2/gh/NEW/2027?labpath=a"),
        ("https://codespaces.new/OLD/tree/old?q=1", "https://codespaces.new/NEW/tree/2027?q=1"),
        ("?repo=https%3A%2F%2Fgithub.com%2Fan-owner%2Fa.repo&branch=old&urlpath=lab%2Ftree%2Fa.repo%2Fx",
         "?repo=https%3A%2F%2Fgithub.com%2Fsome-school%2Fdigits&branch=2027&urlpath=lab%2Ftree%2Fdigits%2Fx"),
        ("https://an-owner.github.io/a.repo/x.html", "https://some-school.github.io/digits/x.html"),
        (f"{PLACEHOLDER}/blob/main/brought-by-a-merge", "https://github.com/NEW/blob/2027/brought-by-a-merge"),
        # other people's
        *[(f"https://github.com/{it}/blob/old/a",) * 2 for it in ("OLD-2", "OLD.js", "another-OLD", "x/y")],
    ],
)  # fmt: skip
def test_a_link_moves_and_other_peoples_stay(before, after):
    before, after = before.replace("OLD", OLD.repository), after.replace("OLD", OLD.repository)
    moved = links.moved(links.moved(before, links.PLACEHOLDER, NEW), OLD, NEW)
    assert moved == after.replace("NEW", NEW.repository)


def test_windows_line_ends_stay(linked):
    for name in ("README.md", "pyproject.toml"):
        (linked / name).write_bytes((linked / name).read_bytes().replace(b"\n", b"\r\n"))
    assert links.main(["another/place"]) == 0
    for name in ("README.md", "pyproject.toml"):
        content = (linked / name).read_bytes()
        assert b"another/place" in content and content.count(b"\n") == content.count(b"\r\n")


def test_an_interrupted_run_is_completed_by_the_next_one(linked, monkeypatch):
    replace, done = links.replace, []

    def replace_three(path, new):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(replace(path, new))

    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(links, "replace", replace_three)
        links.main(["another/place"])
    assert links.main(["another/place"]) == links.main(["--check"]) == 0
    assert not [name for name, (content, _) in everything(linked).items() if b"some-school" in content]


def test_an_argument_comes_before_github_repository_which_no_check_looks_at(course, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "from/variable")
    links.main([])
    assert course_address(course) == Address("from/variable", OLD.branch)
    links.main(["from/argument"])
    assert course_address(course) == Address("from/argument", OLD.branch)
    assert links.main(["--check"]) == 0


# --- what is refused, and what the check finds --------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (TAGGED, '"setup"', '"setup", "badge"', f'{TAGGED}: one markdown cell can have the tag "badge"'),
        (TAGGED, '"metadata": {}', '"metadata": null', f"{TAGGED} cannot be read"),
        (TAGGED, "x = 1", r"\ud83d", f"{TAGGED} cannot be read"),
        (TAGGED, "{", "<<<<<<< HEAD\n{", f"{TAGGED} cannot be read"),
        ("README.md", "<!-- /links -->", "", "README.md: expected a line <!-- links -->"),
        ("pyproject.toml", "[tool.course]", "[tool.curse]", "pyproject.toml: expected a table"),
        ("pyproject.toml", "branch = ", "branch  = ", "pyproject.toml: expected in [tool.course] the lines"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named_and_nothing_is_written(course, name, old, new, says):
    edit(course, name, old, new)
    before = everything(course)
    with pytest.raises(Problem) as raised:
        links.main(SCHOOL)
    assert says in str(raised.value)
    assert everything(course) == before


def test_a_folder_that_is_called_like_a_notebook_is_named(course):
    (course / "notebooks" / "solutions" / ".ipynb").mkdir()
    with pytest.raises(Problem, match=r"notebooks/solutions/\.ipynb cannot be read"):
        links.main(SCHOOL)


def test_a_notebook_whose_tags_are_null_is_linked_all_the_same(course):
    edit(course, TAGGED, '"metadata": {}', '"metadata": {"tags": null}')
    assert links.main(SCHOOL) == links.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (TAGGED, "digits/blob/2027", "digits/blob/2026", f"{TAGGED}: line"),
        (TAGGED, '"badge"', '"bridge"', "its badge or set-up cell is missing"),
        (TAGGED, "91_tagged.ipynb#setup", "90_gone.ipynb", f"{TAGGED}: 90_gone.ipynb leads to a file"),
        (TAGGED, "Is this", "Was this", "README.md: line"),
        ("notebooks/extra.ipynb", "", "{}", "extra.ipynb: has no links, for its name is not a lesson's"),
        ("pyproject.toml", '"2027"', '"2028"', "README.md: line"),
        ("README.md", "", PLACEHOLDER, "README.md: line"),
        ("README.md", "", "[x](docs/gone.md#top)", "README.md: docs/gone.md#top leads to a file"),
        ("README.md", "", f"<{SCHOOLS}/blob/2027/gone>", "gone leads to a file that does not exist"),
        ("README.md", "", f"<{SCHOOLS}/tree/main>", "points at branch main, not 2027"),
        (
            "README.md",
            "",
            "<https://codespaces.new/x/y/tree/2027>",
            "points at x/y, not at some-school/digits",
        ),
    ],
)
def test_the_check_finds(linked, capsys, name, old, new, says):
    edit(linked, name, old, new)
    before = everything(linked)
    assert links.main(["--check"]) == 1
    assert says in capsys.readouterr().out
    assert everything(linked) == before


def test_the_check_compares_with_an_address_that_is_asked_for(linked):
    assert links.main(["--check", "some-school/numbers"]) == 1


@needs_git
def test_an_upstream_edit_of_all_other_cells_merges_into_a_fork(linked, tmp_path, monkeypatch):
    git(linked, "init", "--quiet")
    git(linked, "add", "--all")
    git(linked, "commit", "--quiet", "-m", "The course")
    git(tmp_path, "clone", "--quiet", linked, "fork")
    monkeypatch.setattr(links, "ROOT", tmp_path / "fork")
    assert links.main(["ms-lee/numbers", "--branch", "main"]) == 0
    git(tmp_path / "fork", "commit", "--quiet", "--all", "-m", "Our links")

    for words in ("And another one", "## Setup", "x = 1", "[a figure]"):  # in all other cells
        edit(linked, TAGGED, words, f"{words} upstream")
    git(linked, "commit", "--quiet", "--all", "-m", "Better words")

    merge = git(tmp_path / "fork", "pull", "--quiet", "--no-rebase", "--no-edit", check=False)
    assert merge.returncode == 0, merge.stdout
    assert text(tmp_path / "fork" / TAGGED).count(" upstream") == 4
    assert "ms-lee/numbers/blob/main/notebooks" in text(tmp_path / "fork" / TAGGED)
