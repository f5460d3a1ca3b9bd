"""`course.py links`, on a copy of the course with a few notebooks of the tests' own."""

import itertools
import json
import os
import re
import shutil
import subprocess

import nbformat
import pytest

from tools.maintain import links
from tools.maintain.colab import versions

OURS = links._address_in_pyproject()
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

SCHOOL = "https://github.com/some-school/digits"
PUBLISHED = f"https://github.com/{links.PLACEHOLDER}/mnist-course"
numbers = itertools.count()


def a_cell(kind, source, *tags, **more):
    cell = {"cell_type": kind, "id": f"id-{next(numbers)}", "metadata": {"tags": [*tags]} if tags else {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return dict(sorted((cell | {"source": source.splitlines(keepends=True)} | more).items()))


def a_notebook(*cells):
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": [*cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


HEADING = a_cell("markdown", "# 91 · Is this | a question?\n\nIt has one sentence. And another one.")
UNUSUAL = {
    "data": {"text/plain": ["1e-3 é 手\u2028\u00a0", "\\u00e9"]},
    "metadata": {"x": 1e-05},
    "output_type": "display_data",
}
SAMPLES = {
    # everything is there, with outputs in the set-up cell that must stay
    "91_tagged": a_notebook(
        HEADING,
        a_cell("markdown", "to be filled", "badge"),
        a_cell("markdown", "## Setup"),
        a_cell("code", "pass", "setup", execution_count=7, outputs=[UNUSUAL]),
        a_cell("code", "x = 1\ny = 'é'", execution_count=8, outputs=[UNUSUAL]),
        a_cell("markdown", "[to 91](91_tagged.ipynb#setup) and [a figure](attachment:x.png)"),
    ),
    # nothing is there
    "92_bare": a_notebook(
        HEADING, a_cell("code", "0"), a_cell("markdown", "## Setup\n\nRun it."), a_cell("code", "1")
    ),
    "solutions/92_bare": a_notebook(
        HEADING, a_cell("markdown", "No heading called so."), a_cell("code", "1")
    ),
}


def save(path, notebook, indent=1, end="\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps(notebook, ensure_ascii=False, indent=indent) + end, encoding="utf-8", newline="\n"
    )


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of the course's files with sample notebooks; `links` works on it."""
    left_out = shutil.ignore_patterns(
        ".git", ".venv", "build", "work", "__pycache__", ".*_cache", "*.egg-info", "node_modules"
    )
    folder = shutil.copytree(links.ROOT, tmp_path / "course", ignore=left_out)
    for name, notebook in SAMPLES.items():
        save(folder / "notebooks" / f"{name}.ipynb", notebook)
    with (folder / "README.md").open("a", encoding="utf-8") as readme:
        for marker in ("links", "lessons"):
            if f"<!-- {marker} -->" not in (links.ROOT / "README.md").read_text(encoding="utf-8"):
                readme.write(f"\n<!-- {marker} -->\n<!-- /{marker} -->\n")
    monkeypatch.setattr(links, "ROOT", folder)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    return folder


@pytest.fixture
def linked(course, capsys):
    """The same, with its links set for some-school/digits, branch 2027."""
    assert links.main(["some-school/digits", "--branch", "2027"]) == 0
    capsys.readouterr()
    return course


def everything(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def states(folder):
    """The files' contents, times and inodes: a file that is written again has another inode."""
    found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (path.read_bytes(), stat.st_mtime_ns, stat.st_ino) for path, stat in found.items()}


def notebooks(folder):
    return sorted(folder.glob("notebooks/**/*.ipynb"))


@pytest.mark.skipif(
    os.environ.get("GITHUB_EVENT_NAME") == "pull_request", reason="a pull request may carry a fork's links"
)
def test_the_course_itself_passes_the_check(capsys):
    assert links.main(["--check"]) == 0, capsys.readouterr().out


def test_everything_points_at_the_new_address_and_nothing_at_the_old_one(linked):
    for name, content in everything(linked).items():
        assert OURS.repository.encode() not in content, name
    for path in notebooks(linked):
        where = path.relative_to(linked).as_posix()
        badge = f"https://colab.research.google.com/github/some-school/digits/blob/2027/{where}"
        for file in (path, linked / "colab_links.md"):
            assert badge in file.read_text(encoding="utf-8")
        cells = nbformat.read(path, as_version=4).cells
        assert "badge" in cells[1].metadata.tags
        assert [cell.source for cell in cells if "setup" in cell.metadata.get("tags", [])] == [
            links.Address("some-school/digits", "2027").setup_cell()
        ]


def test_the_new_links_pass_the_check(linked, capsys):
    assert links.main(["--check"]) == 0
    assert links.main(["--check", "some-school/digits", "--branch", "2027"]) == 0
    assert capsys.readouterr().out == ""


def test_a_second_run_is_silent_and_writes_nothing(linked, capsys):
    before = states(linked)
    assert links.main(["some-school/digits", "--branch", "2027"]) == 0
    assert links.main(["some-school/digits"]) == 0
    assert capsys.readouterr() == ("", "")
    assert states(linked) == before


def test_only_files_with_links_change(course):
    before = everything(course)
    links.main(["some-school/digits", "--branch", "2027"])
    after = everything(course)
    changed = {name for name in after if before.get(name) != after[name]}
    lessons = {path.relative_to(course).as_posix() for path in notebooks(course)}
    assert {"README.md", "colab_links.md", "pyproject.toml"} | lessons >= changed
    assert {"README.md", "pyproject.toml"} | lessons <= changed


def test_pages_change_in_addresses_and_nowhere_else(course):
    links.main([OURS.repository, "--branch", OURS.branch])  # a row for each of the tests' own notebooks
    pages = sorted(course.glob("*.md"))
    before = {page: page.read_text(encoding="utf-8").splitlines() for page in pages}
    links.main(["some-school/digits", "--branch", "2027"])
    changed = 0
    for page in pages:
        after = page.read_text(encoding="utf-8").splitlines()
        for old, new in zip(before[page], after, strict=True):
            if old != new:
                changed += 1
                assert URLS.sub("", old) == URLS.sub("", new), page
    assert changed > 2 * len(notebooks(course))


URLS = re.compile(r"https://[^)\s]+|/hub/[^`]+")


def test_pyproject_changes_in_two_values(course):
    before = (course / "pyproject.toml").read_bytes()
    links.main(["some-school/digits", "--branch", "2027"])
    expected = before.replace(OURS.repository.encode(), b"some-school/digits")
    expected = expected.replace(f'branch = "{OURS.branch}"'.encode(), b'branch = "2027"')
    assert (course / "pyproject.toml").read_bytes() == expected


@pytest.mark.parametrize(("indent", "end"), [(1, "\n"), (2, "")], ids=["as Jupyter saves", "as Colab saves"])
def test_two_cells_of_a_notebook_change_and_no_other_byte(course, indent, end):
    lessons = [path for path in notebooks(course) if "bare" not in path.name]
    before = {}
    for path in lessons:
        before[path] = json.loads(path.read_text(encoding="utf-8"))
        save(path, before[path], indent, end)
    links.main(["some-school/digits", "--branch", "2027"])
    for path, notebook in before.items():
        after = json.loads(path.read_text(encoding="utf-8"))
        changed = 0
        for old, new in zip(notebook["cells"], after["cells"], strict=True):
            if {"badge", "setup"} & set(old["metadata"].get("tags", [])):
                old["source"] = new["source"]
                changed += 1
            assert old == new
        assert changed == 2
        save(path.with_suffix(".expected"), notebook, indent, end)
        assert path.read_bytes() == path.with_suffix(".expected").read_bytes()


def test_a_notebook_whose_links_are_right_is_not_touched_however_it_was_written(linked):
    path = linked / "notebooks" / "91_tagged.ipynb"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), indent=3), encoding="utf-8")
    before = path.read_bytes()
    links.main(["some-school/digits"])
    assert path.read_bytes() == before


def test_missing_cells_are_added_where_they_belong(linked):
    tags = {
        path.relative_to(linked / "notebooks").as_posix(): [
            (cell.metadata.get("tags") or [cell.source.partition("\n")[0]])[0]
            for cell in nbformat.read(path, as_version=4).cells
        ]
        for path in notebooks(linked)
        if "bare" in path.name
    }
    title = "# 91 · Is this | a question?"
    assert tags == {
        "92_bare.ipynb": [title, "badge", "0", "## Setup", "setup", "1"],
        "solutions/92_bare.ipynb": [title, "badge", "No heading called so.", "setup", "1"],
    }
    for path in notebooks(linked):
        nbformat.validate(nbformat.read(path, as_version=4))


def test_the_tables_say_what_each_lesson_asks(linked):
    readme = (linked / "README.md").read_text(encoding="utf-8")
    assert (
        r"| 91 | [Is this \| a question?](notebooks/91_tagged.ipynb) | It has one sentence. | [![" in readme
    )
    assert (
        "notebooks/solutions/"
        not in readme.partition("<!-- lessons -->")[2].partition("<!-- /lessons -->")[0]
    )
    assert r"| 91 · Is this \| a question? (solutions) |" in (linked / "colab_links.md").read_text(
        encoding="utf-8"
    )


def test_the_links_page_says_what_is_known_about_colab_and_what_is_not(linked):
    text = " ".join((linked / "colab_links.md").read_text(encoding="utf-8").split())
    colab = versions()
    known = {name: version for name, version in colab.packages.items() if name not in colab.assumed}
    assert {"tensorflow", "keras", "numpy"} <= set(known)
    for name, version in known.items():
        assert f"{name} {version}" in text
    assert f"Python {colab.python}" in text and f"last verified on {colab.date}" in text
    assert "Never tried on the real Colab" in text


def test_each_service_gets_its_own_form_of_link():
    address = links.Address("some-school/digits", "2027")
    path = "notebooks/solutions/03 é.ipynb"
    in_url = "notebooks/solutions/03%20%C3%A9.ipynb"
    assert (
        address.colab(path)
        == f"https://colab.research.google.com/github/some-school/digits/blob/2027/{in_url}"
    )
    assert address.kaggle(path).endswith(f"?src=https://github.com/some-school/digits/blob/2027/{in_url}")
    assert address.binder(path) == (
        f"https://mybinder.org/v2/gh/some-school/digits/2027?labpath={in_url.replace('/', '%2F')}"
    )
    assert address.codespaces() == "https://codespaces.new/some-school/digits/tree/2027?quickstart=1"
    assert address.nbgitpuller(path) == (
        "/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fsome-school%2Fdigits&branch=2027"
        f"&urlpath=lab%2Ftree%2Fdigits%2F{in_url.replace('/', '%2F')}"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("https://github.com/OLD", "https://github.com/NEW"),
        ("git clone https://github.com/OLD.git x", "git clone https://github.com/NEW.git x"),
        ("See github.com/OLD.", "See github.com/NEW."),
        ("(https://github.com/OLD/issues/new)", "(https://github.com/NEW/issues/new)"),
        ("https://github.com/OLD/tree/old/tests#x", "https://github.com/NEW/tree/2027/tests#x"),
        (
            "[OLD/actions/workflows/a.yml/badge.svg?branch=old]",
            "[NEW/actions/workflows/a.yml/badge.svg?branch=2027]",
        ),
        ("https://raw.githubusercontent.com/OLD/old/a", "https://raw.githubusercontent.com/NEW/2027/a"),
        ("https://mybinder.org/v2/gh/OLD/old?labpath=a", "https://mybinder.org/v2/gh/NEW/2027?labpath=a"),
        (
            "https://codespaces.new/OLD/tree/old?quickstart=1",
            "https://codespaces.new/NEW/tree/2027?quickstart=1",
        ),
        ("https://an-owner.github.io/a.repo/x.html", "https://some-school.github.io/digits/x.html"),
        (f"{PUBLISHED}/blob/any/a", "https://github.com/NEW/blob/2027/a"),
        # other people's
        *[
            (f"https://github.com/{theirs}/blob/old/a",) * 2
            for theirs in ("OLD-2", "OLD.js", "another-OLD", "x/y")
        ],
    ],
)
def test_a_link_in_readme_moves(course, before, after):
    links.main(["an-owner/a.repo", "--branch", "old"])
    (course / "README.md").write_text(before.replace("OLD", "an-owner/a.repo"), encoding="utf-8")
    links.main(["some-school/digits", "--branch", "2027"])
    expected = after.replace("OLD", "an-owner/a.repo").replace("NEW", "some-school/digits")
    assert (course / "README.md").read_text(encoding="utf-8") == expected


def test_windows_line_ends_stay(course, capsys):
    for name in ("README.md", "pyproject.toml"):
        text = (course / name).read_bytes().replace(b"\n", b"\r\n")
        (course / name).write_bytes(text)
    assert links.main(["some-school/digits", "--branch", "2027"]) == 0
    for name in ("README.md", "pyproject.toml"):
        content = (course / name).read_bytes()
        assert b"some-school/digits" in content
        assert content.count(b"\n") == content.count(b"\r\n")
    capsys.readouterr()
    assert links.main(["some-school/digits"]) == links.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


# --- where the address comes from ---------------------------------------------------------------------


def repository_in(course):
    return links._address_in_pyproject().repository


def git(folder, *arguments, check=True):
    setting = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    environment = os.environ | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(
        ["git", *setting, *arguments],
        cwd=folder,
        check=check,
        capture_output=True,
        text=True,
        env=environment,
    )


@needs_git
@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://github.com/ms-lee/digits.git", "ms-lee/digits"),
        ("https://github.com/ms-lee/digits", "ms-lee/digits"),
        ("https://github.com/ms-lee/digits/", "ms-lee/digits"),
        ("https://lee:token@github.com/ms-lee/digits.v2.git", "ms-lee/digits.v2"),
        ("git@github.com:ms-lee/digits.git", "ms-lee/digits"),
        ("ssh://git@github.com/ms-lee/digits.git", "ms-lee/digits"),
        ("ssh://git@ssh.github.com:443/ms-lee/digits.git", "ms-lee/digits"),
        ("https://gitlab.com/ms-lee/digits.git", None),
        ("https://example.org/github.com/ms-lee/digits.git", None),
        ("https://notgithub.com/ms-lee/digits.git", None),
        ("/srv/git/digits.git", None),
    ],
)
def test_without_an_argument_the_git_remote_gives_the_address(course, origin, expected):
    git(course, "init", "--quiet")
    git(course, "remote", "add", "origin", origin)
    assert links.main([]) == 0
    assert repository_in(course) == (expected or OURS.repository)


@needs_git
def test_the_remote_of_a_repository_around_the_course_is_not_ours(course):
    git(course.parent, "init", "--quiet")
    git(course.parent, "remote", "add", "origin", "https://github.com/ms-lee/dotfiles.git")
    assert links.main([]) == 0
    assert repository_in(course) == OURS.repository


@needs_git
def test_github_repository_comes_before_the_remote_and_an_argument_before_both(course, monkeypatch):
    git(course, "init", "--quiet")
    git(course, "remote", "add", "origin", "https://github.com/from/remote.git")
    monkeypatch.setenv("GITHUB_REPOSITORY", "from/variable")
    links.main([])
    assert repository_in(course) == "from/variable"
    links.main(["from/argument"])
    assert repository_in(course) == "from/argument"


def test_the_check_compares_with_pyproject_whatever_the_surroundings_say(linked, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "from/variable")
    assert links.main(["--check"]) == 0


# --- refusals: nothing is written ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ["digits"],
            ["a/b/c"],
            ["https://github.com/a/b"],
            ["some school/digits"],
            ["some-school/digits.git"],
        ),
        *(["some-school/.."], ["some-school/"], ["/digits"], ['a"b/c'], ["schöl/digits"], ["a/b\n"]),
        *(
            ["a/b", "--branch", branch]
            for branch in ("my branch", "class/7b", "a..b", 'a"b', ".a", "a.lock", "a\n")
        ),
    ],
    ids=repr,
)
def test_a_name_that_cannot_be_is_refused(course, capsys, arguments):
    before = everything(course)
    assert links.main(arguments) == 1
    assert f"got {arguments[-1]!r}" in capsys.readouterr().err
    assert everything(course) == before


def test_a_wrong_github_repository_is_refused(course, capsys, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "digits")
    assert links.main([]) == 1
    assert "expected OWNER/REPO" in capsys.readouterr().err


def edit(name, old, new):
    def change(course):
        path = course / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")

    return change


def edit_cells(function):
    def change(course):
        path = course / "notebooks" / "91_tagged.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        function(notebook["cells"])
        save(path, notebook)

    return change


def append(name, text):
    def change(course):
        with (course / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def a_conflict(course):
    path = course / "notebooks" / "91_tagged.ipynb"
    path.write_text("<<<<<<< HEAD\n" + path.read_text(encoding="utf-8"), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (edit_cells(lambda cells: cells.append(cells[3])), 'one code cell can have the tag "setup"'),
        (edit_cells(lambda cells: cells.append(cells[1])), 'one markdown cell can have the tag "badge"'),
        (
            edit_cells(lambda cells: cells[1].update(cell_type="raw")),
            'one markdown cell can have the tag "badge"',
        ),
        (edit_cells(lambda cells: cells.clear()), "91_tagged.ipynb cannot be read"),
        (a_conflict, "91_tagged.ipynb cannot be read"),
        (edit("README.md", "<!-- /links -->", ""), "README.md: expected <!-- links -->"),
        (append("README.md", "<!-- lessons --><!-- /lessons -->"), "README.md: expected <!-- lessons -->"),
        (edit("pyproject.toml", "[tool.course]", "[tool.curse]"), "pyproject.toml needs a table"),
        (edit("pyproject.toml", "repository =", "repo ="), "pyproject.toml needs a table"),
        (edit("pyproject.toml", 'branch = "', 'branch = ["'), "pyproject.toml needs a table"),
        (edit("pyproject.toml", "[tool.course]", "[ tool.course ]"), "as two plain lines"),
    ],
)
def test_a_file_that_cannot_be_understood_stops_everything(linked, capsys, spoil, says):
    spoil(linked)
    before = everything(linked)
    assert links.main(["another/place"]) == 1
    assert says in capsys.readouterr().err
    assert everything(linked) == before


def test_an_interrupted_run_is_completed_by_the_next_one(linked, monkeypatch):
    append("README.md", "\nhttps://github.com/some-school/digits/issues\n")(linked)
    replace, done = os.replace, []

    def replace_three(source, target):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(replace(source, target))

    names = set(everything(linked))
    with monkeypatch.context() as context, pytest.raises(KeyboardInterrupt):
        context.setattr(os, "replace", replace_three)
        links.main(["another/place"])
    assert set(everything(linked)) == names
    assert links.main(["another/place"]) == links.main(["--check"]) == 0
    assert "some-school/digits" not in (linked / "README.md").read_text(encoding="utf-8")


TAGGED, NEW = "notebooks/91_tagged.ipynb", "notebooks/93_new.ipynb"
RAW, BINDER = "https://raw.githubusercontent.com", "https://mybinder.org/v2/gh"
CODESPACE = "https://codespaces.new/some-school/digits/tree"
KAGGLE = "https://kaggle.com/kernels/welcome?src=https://github.com/"

# --- the check ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        # a notebook's two cells
        (
            edit(TAGGED, "digits/blob/2027", "digits/blob/2026"),
            'tagged.ipynb: the cell tagged "badge" is out of',
        ),
        (edit(TAGGED, "some-school/digits/blob", "x/digits/blob"), 'the cell tagged "badge" is out of date'),
        (edit_cells(lambda cells: cells.pop(1)), '91_tagged.ipynb: no cell is tagged "badge"'),
        (
            edit_cells(lambda cells: cells[3].update(source=["pass"])),
            'the cell tagged "setup" is out of date',
        ),
        (edit_cells(lambda cells: cells.pop(3)), '91_tagged.ipynb: no cell is tagged "setup"'),
        (lambda course: save(course / NEW, SAMPLES["92_bare"]), '93_new.ipynb: no cell is tagged "setup"'),
        (
            lambda course: save(course / "notebooks/extra.ipynb", SAMPLES["91_tagged"]),
            "notebooks/extra.ipynb: has no links",
        ),
        (
            lambda course: save(course / "notebooks/solutions/old/94_deep.ipynb", SAMPLES["91_tagged"]),
            "notebooks/solutions/old/94_deep.ipynb: has no links",
        ),
        (lambda course: save(course / NEW, SAMPLES["91_tagged"]), "colab_links.md: line"),
        # pages that are not what they should be
        (edit("pyproject.toml", "some-school/digits", "x/numbers"), 'the cell tagged "badge" is out of date'),
        (edit("pyproject.toml", '"2027"', '"2028"'), "README.md: line"),
        (edit(TAGGED, "Is this", "Was this"), "README.md: line"),
        (edit("README.md", "/blob/2027/", "/blob/main/"), "README.md: line"),
        (append("README.md", PUBLISHED), "README.md: line"),
        (append("colab_links.md", "A line of my own."), "colab_links.md: line"),
        (lambda course: (course / "colab_links.md").unlink(), "colab_links.md: is missing"),
        # paths that lead nowhere
        (
            append("README.md", "[x](docs/gone.md)"),
            "README.md: docs/gone.md leads to a file that does not exist",
        ),
        (append("README.md", '<img src="docs/gone.png">'), "docs/gone.png leads to a file"),
        (append("README.md", f"[x]({SCHOOL}/blob/2027/gone.md#top)"), "gone.md#top leads to a file"),
        (append("README.md", f"<{RAW}/some-school/digits/2027/gone.md>"), "gone.md leads to a file"),
        (
            append("README.md", f"[x]({BINDER}/some-school/digits/2027?labpath=a%2Fgone)"),
            "gone leads to a file",
        ),
        (
            edit(TAGGED, "91_tagged.ipynb#setup", "90_gone.ipynb"),
            "tagged.ipynb: 90_gone.ipynb leads to a file",
        ),
        # somebody else's copy
        (
            append("README.md", f"[x]({links.COLAB}x/y/blob/2027/README.md)"),
            "points at x/y, not at some-school/digits",
        ),
        (
            append("README.md", f"[x]({RAW}/some-school/digits/main/README.md)"),
            "points at branch main, not 2027",
        ),
        (append("README.md", "[x](https://codespaces.new/x/y/tree/2027)"), "points at x/y, not at"),
        (edit(TAGGED, "91_tagged.ipynb#setup", f"{CODESPACE}/main"), "points at branch main, not 2027"),
        (edit(TAGGED, "91_tagged.ipynb#setup", PUBLISHED), "still points at the placeholder"),
        (edit(TAGGED, "91_tagged.ipynb#setup", f"{KAGGLE}x/y/blob/2027/README.md"), "points at x/y, not at"),
    ],
)
def test_the_check_finds(linked, capsys, spoil, says):
    spoil(linked)
    before = everything(linked)
    assert links.main(["--check"]) == 1
    assert says in capsys.readouterr().out
    assert everything(linked) == before


@pytest.mark.parametrize("arguments", [["some-school/numbers"], ["--branch", "main"]])
def test_the_check_compares_with_an_address_that_is_asked_for(linked, capsys, arguments):
    assert links.main(["--check", *arguments]) == 1
    assert "pyproject.toml: the address is some-school/digits, branch 2027, not " in capsys.readouterr().out


# --- forks --------------------------------------------------------------------------------------------


@needs_git
def test_an_upstream_edit_of_every_other_cell_merges_into_a_fork_without_conflict(
    course, tmp_path, monkeypatch
):
    upstream, fork = course, tmp_path / "fork"
    assert links.main([]) == 0
    git(upstream, "init", "--quiet")
    git(upstream, "add", "--all")
    git(upstream, "commit", "--quiet", "-m", "The course")
    git(tmp_path, "clone", "--quiet", str(upstream), "fork")

    monkeypatch.setattr(links, "ROOT", fork)
    assert links.main(["some-school/digits", "--branch", "2027"]) == 0
    git(fork, "commit", "--quiet", "--all", "-m", "Our links")

    edited = 0
    for path in notebooks(upstream):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if not {"badge", "setup"} & set(cell["metadata"].get("tags", [])):
                cell["source"] = ["".join(cell["source"]) + "\n\n", "# Changed upstream"]
                edited += 1
        save(path, notebook)
    git(upstream, "commit", "--quiet", "--all", "-m", "Better words")

    merge = git(fork, "pull", "--quiet", "--no-rebase", "--no-edit", check=False)
    assert merge.returncode == 0, merge.stdout
    merged = "".join(path.read_text(encoding="utf-8") for path in notebooks(fork))
    assert merged.count("# Changed upstream") == edited
    assert links.main(["--check"]) == 0


@needs_git
def test_the_placeholders_links_that_a_merge_brings_move_too(linked):
    append("README.md", f"\n[New]({PUBLISHED}/blob/main/README.md)\n")(linked)
    assert links.main([]) == 0
    assert f"[New]({SCHOOL}/blob/2027/README.md)" in (linked / "README.md").read_text(encoding="utf-8")
