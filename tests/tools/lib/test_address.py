"""Which names an address can have, and where it is found."""

import pytest

from tests.support.repositories import git, needs_git
from tools.lib.address import Address, course_address, repository_of
from tools.lib.files import Problem


@pytest.fixture(autouse=True)
def nobody_names_a_repository(monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)


@needs_git
@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://lee:token@github.com/ms-lee/digits.v2.git", "ms-lee/digits.v2"),
        ("https://github.com/ms-lee/digits/", "ms-lee/digits"),
        ("git@github.com:ms-lee/digits.git", "ms-lee/digits"),
        ("ssh://git@ssh.github.com:443/ms-lee/digits.git", "ms-lee/digits"),
        ("https://notgithub.com/ms-lee/digits.git", None),
    ],
)
def test_the_git_remote_tells_the_repository(tmp_path, origin, expected, monkeypatch):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", origin)
    assert repository_of(tmp_path) == expected
    monkeypatch.setenv("GITHUB_REPOSITORY", "from/variable")
    assert repository_of(tmp_path) == "from/variable"


@needs_git
def test_the_remote_of_a_repository_around_the_course_is_not_ours(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://github.com/ms-lee/dotfiles.git")
    (tmp_path / "course").mkdir()
    assert repository_of(tmp_path / "course") is None


@pytest.mark.parametrize(
    "name", ["digits", "a/b/c", "https://github.com/a/b", "a/b.git", "a/..", "ö/x", "a/b\n"]
)
def test_a_repository_that_cannot_be_is_refused(name):
    with pytest.raises(Problem, match="expected OWNER/REPO"):
        Address(name, "main")


@pytest.mark.parametrize("name", ["my branch", "class/7b", "a..b", 'a"b', ".a", "a.lock", "a\n"])
def test_a_branch_that_cannot_be_is_refused(name):
    with pytest.raises(Problem, match="expected the name of a branch"):
        Address("a/b", name)


@pytest.mark.parametrize(
    "table", ['repository = "a/b"', 'repository = "a/b', 'repository = 1\nbranch = "main"']
)
def test_a_pyproject_without_an_address_is_named(tmp_path, table):
    (tmp_path / "pyproject.toml").write_text(f"[tool.course]\n{table}\n")
    with pytest.raises(Problem, match="pyproject.toml: expected a table"):
        course_address(tmp_path)
