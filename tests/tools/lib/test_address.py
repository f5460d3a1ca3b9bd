"""Which names an address can have, and where it is found."""

import pytest

from tests.support.repositories import git, needs_git
from tools.lib.address import Address, course_address, repository_of
from tools.lib.files import Problem


@needs_git
def test_the_git_remote_tells_the_repository(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "anything")
    for origin, expected in (
        ("https://lee:token@github.com/ms-lee/digits.v2.git", "ms-lee/digits.v2"),
        ("https://github.com/ms-lee/digits/", "ms-lee/digits"),
        ("git@github.com:ms-lee/digits.git", "ms-lee/digits"),
        ("ssh://git@ssh.github.com:443/ms-lee/digits.git", "ms-lee/digits"),
        ("https://notgithub.com/ms-lee/digits.git", None),
    ):
        git(tmp_path, "remote", "set-url", "origin", origin)
        assert repository_of(tmp_path) == expected
    (tmp_path / "course").mkdir()  # unpacked from a zip, inside somebody's other repository
    assert repository_of(tmp_path / "course") is None


@pytest.mark.parametrize("name", ["digits", "a/b/c", "https://github.com/a/b", "a/b.git", 'a/b"', "a b"])
def test_what_can_be_no_repository_or_no_branch_is_refused(name):
    with pytest.raises(Problem, match="expected OWNER/REPO"):
        Address(name, "main")
    with pytest.raises(Problem, match="expected a branch"):
        Address("a/b", f"-{name}")


@pytest.mark.parametrize("table", ['repository = "a/b"', "<<<<<<< HEAD", 'repository = 1\nbranch = "main"'])
def test_a_pyproject_without_an_address_is_named(tmp_path, table):
    (tmp_path / "pyproject.toml").write_text(f"[tool.course]\n{table}\n")
    with pytest.raises(Problem, match="pyproject.toml: expected repository and branch"):
        course_address(tmp_path)
