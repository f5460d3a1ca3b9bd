"""`course.py links`, on a small course of the tests' own."""

import os

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
TITLE = new_markdown_cell("# 91 · Is this a question?\n\nIt has one\nsentence. And another one.", id="title")
OUTPUTS = [new_output("display_data", {"text/plain": "é 手\u2028\u00a0"})]
NOTEBOOKS = {
    TAGGED: [
        TITLE,
        new_markdown_cell("to be filled", metadata={"tags": ["badge"]}, id="a-badge"),
        new_markdown_cell("## Setup", id="heading"),
        new_code_cell(
            "pass", metadata={"tags": ["setup"]}, execution_count=7, outputs=OUTPUTS, id="a-set-up"
        ),
        new_markdown_cell("[to 91](91_tagged.ipynb#setup) and [a figure](attachment:x.png)", id="prose"),
    ],
    "notebooks/92_bare.ipynb": [TITLE, new_markdown_cell("## Setup", id="a"), new_code_cell("1", id="b")],
    "notebooks/solutions/92 é.ipynb": [TITLE, new_code_cell("2", id="a")],
}
FILES = {name: as_text(new_notebook(cells=cells)) for name, cells in NOTEBOOKS.items()} | {
    "pyproject.toml": '[tool.course]\nrepository = "an-owner/a.repo"\nbranch = "old"\n\n[tool.ruff]\n',
    "README.md": "<!-- lessons --><!-- /lessons --> of <https://github.com/an-owner/a.repo/tree/old>",
    "colab_links.md": "\n".join(f"<!-- {name} --><!-- /{name} -->" for name in ("lessons", "colab", "hub")),
}


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course as it is before the first run of `links`, which works on it."""
    (tmp_path / "course" / "notebooks" / "solutions").mkdir(parents=True)
    for name, content in FILES.items():
        edit(tmp_path / "course", name, "", content)
    monkeypatch.setattr(links, "ROOT", tmp_path / "course")
    return tmp_path / "course"


@pytest.fixture
def linked(course, capsys):
    """The same, with its links set for some-school/digits, branch 2027."""
    assert links.main(SCHOOL) == 0
    capsys.readouterr()
    return course


def everything(folder):
    """Return the files' contents, and their inodes: a file that is written again has another one."""
    return {path: (text(path), path.stat().st_ino) for path in folder.rglob("*") if path.is_file()}


def text(path):
    return path.read_text(encoding="utf-8")


def edit(course, name, old, new):
    """Replace a text in a file of the course, once, or write more at its end where `old` is empty."""
    path = course / name
    before = text(path) if path.exists() else ""
    assert old in before
    path.write_text(before.replace(old, new, 1) if old else before + new, encoding="utf-8", newline="\n")


@pytest.mark.skipif(
    os.environ.get("GITHUB_EVENT_NAME") == "pull_request", reason="a pull request may carry a fork's links"
)
def test_the_course_itself_passes_the_check(capsys):
    assert links.main(["--check"]) == 0, capsys.readouterr().out


def test_everything_points_at_the_new_address_and_a_second_run_writes_nothing(linked, capsys):
    before = everything(linked)
    assert not [name for name, (content, _) in before.items() if "an-owner" in content]
    assert course_address(linked) == NEW
    assert links.main(SCHOOL) == links.main([]) == links.main(["--check"]) == 0
    assert (everything(linked), capsys.readouterr()) == (before, ("", ""))


def test_the_remote_is_asked_where_no_repository_is_named_but_by_no_check(course, monkeypatch):
    monkeypatch.setattr(links, "repository_of", lambda folder: "from/remote")
    assert links.main([]) == links.main(["--check"]) == 0
    assert course_address(course) == Address("from/remote", OLD.branch)
    links.main(["from/argument"])
    assert course_address(course) == Address("from/argument", OLD.branch)


def test_two_cells_of_a_notebook_change_and_no_other_byte(course):
    notebook = read(course / TAGGED)
    links.main(SCHOOL)
    colab = NEW.link(links.LINKS["Colab"], TAGGED)
    notebook.cells[1].source = f"[![Open in Colab]({links.BADGE})]({colab})"
    notebook.cells[3].source = NEW.setup_cell()
    assert text(course / TAGGED) == as_text(notebook)


def test_missing_cells_are_added_where_they_belong(linked):
    notebook = read(linked / "notebooks" / "92_bare.ipynb")
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == ["title", "badge", "a", "setup", "b"]


def test_the_tables_say_what_each_lesson_asks_and_where_it_opens(linked):
    row = "| 91 | [Is this a question?](notebooks/91_tagged.ipynb) | It has one sentence. |"
    assert row in text(linked / "README.md") and "solutions" not in text(linked / "README.md")
    path, quoted = "notebooks/solutions/92%20%C3%A9.ipynb", "notebooks%2Fsolutions%2F92%20%C3%A9.ipynb"
    repo = "https%3A%2F%2Fgithub.com%2Fsome-school%2Fdigits"
    for link in (
        f"(https://colab.research.google.com/github/some-school/digits/blob/2027/{path})",
        f"(https://mybinder.org/v2/gh/some-school/digits/2027?labpath={quoted})",
        f"`/hub/user-redirect/git-pull?repo={repo}&branch=2027&urlpath=lab%2Ftree%2Fdigits%2F{quoted}`",
    ):
        assert link in text(linked / "colab_links.md")


@pytest.mark.parametrize(
    "link",
    [
        "git clone https://github.com/{repo}.git x",
        "See github.com/{repo}.",
        "https://github.com/{repo}/tree/{branch}/tests#x",
        "https://raw.githubusercontent.com/{repo}/{branch}/a",
        "https://hub.example.org" + links.JUPYTERHUB,
    ],
)
def test_a_link_to_the_old_address_moves_and_so_does_one_that_a_merge_has_brought(link):
    assert links.moved(OLD.link(link), OLD, NEW) == NEW.link(link)
    assert links.moved(links.PLACEHOLDER.link(link), OLD, NEW) == NEW.link(link)


def test_other_people_s_links_stay():
    page = "".join(
        f"<https://github.com/{name}/tree/old>" for name in ("an-owner/a.repo-2", "x-an-owner/a.repo")
    )
    assert links.moved(page, OLD, NEW) == page


def test_an_interrupted_run_is_completed_by_the_next_one(linked):
    files = links.as_they_should_be(NEW, Address("another/place", NEW.branch))
    for path in list(files)[:-1]:
        path.write_text(files[path], encoding="utf-8")
    assert links.main(["another/place"]) == links.main(["--check"]) == 0
    assert not [name for name, (content, _) in everything(linked).items() if "some-school" in content]


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (TAGGED, "a figure", r"\ud83d", "surrogates not allowed"),
        (TAGGED, "{", "<<<<<<< HEAD\n{", "not appear to be JSON"),
        ("README.md", "<!-- /lessons -->", "", "expected a line <!-- lessons -->"),
    ],
)
def test_a_file_that_cannot_be_understood_is_named_and_nothing_is_written(course, name, old, new, says):
    edit(course, name, old, new)
    before = everything(course)
    with pytest.raises(Problem, match=f"{name} cannot be understood: .*{says}"):
        links.main(SCHOOL)
    assert everything(course) == before


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (TAGGED, "digits/blob/2027", "digits/blob/2026", f"{TAGGED} is out of date"),
        (TAGGED, "91_tagged.ipynb#setup", "90_gone.ipynb", f"{TAGGED}: 90_gone.ipynb leads to a file"),
        (TAGGED, "Is this", "Was this", "README.md is out of date"),
        ("notebooks/extra.ipynb", "", "{}", "notebooks/extra.ipynb is not called like a lesson"),
        ("README.md", "", PLACEHOLDER, "README.md is out of date"),
        ("README.md", "", f"<{SCHOOLS}/blob/2027/gone>", "gone leads to a file that does not exist"),
        ("README.md", "", f"<{SCHOOLS}/tree/main>", "points at branch main, not 2027"),
    ],
)
def test_the_check_finds_what_does_not_fit_and_changes_nothing(linked, capsys, name, old, new, says):
    edit(linked, name, old, new)
    before = everything(linked)
    assert links.main(["--check"]) == 1
    assert says in capsys.readouterr().out
    assert everything(linked) == before


@needs_git
def test_an_upstream_edit_of_all_other_cells_merges_into_a_fork(linked, tmp_path, monkeypatch):
    fork = tmp_path / "fork"
    git(linked, "init", "--quiet")
    git(linked, "add", "--all")
    git(linked, "commit", "--quiet", "-m", "The course")
    git(tmp_path, "clone", "--quiet", linked, fork)
    monkeypatch.setattr(links, "ROOT", fork)
    assert links.main(["ms-lee/numbers", "--branch", "main"]) == 0
    git(fork, "commit", "--quiet", "--all", "-m", "Our links")

    for words in ("And another one", "## Setup", "[a figure]"):  # in all other cells
        edit(linked, TAGGED, words, f"{words} upstream")
    git(linked, "commit", "--quiet", "--all", "-m", "Better words")

    git(fork, "pull", "--quiet", "--no-rebase", "--no-edit")
    assert text(fork / TAGGED).count(" upstream") == 3
    assert "ms-lee/numbers/blob/main/notebooks" in text(fork / TAGGED)
