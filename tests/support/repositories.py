"""Git repositories in temporary folders, made and read with nobody's settings."""

import os
import shutil
import subprocess

import pytest

from tools.lib.files import ROOT

NO_SETTINGS = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder, *arguments, check=True):
    """Run git in a folder; return the finished process."""
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    command = ["git", *settings, *map(str, arguments)]
    environment = os.environ | NO_SETTINGS
    return subprocess.run(command, cwd=folder, check=check, capture_output=True, text=True, env=environment)


def publish(bare, branch, *paths):
    """Make a bare repository of the course's files as they are here, without what git ignores."""
    here = ["--git-dir", bare]
    git(ROOT, *here, "init", "--quiet", "--bare", f"--initial-branch={branch}")
    git(ROOT, *here, "--work-tree", ROOT, "add", *paths)
    git(ROOT, *here, "--work-tree", ROOT, "commit", "--quiet", "-m", "The course")
    return bare


def leads_to(address, folder):
    """Return the variables with which git finds a repository in a folder instead of at an address."""
    setting = {"GIT_CONFIG_KEY_0": f"url.{folder}.insteadOf", "GIT_CONFIG_VALUE_0": address}
    return {**NO_SETTINGS, "GIT_CONFIG_COUNT": "1", **setting}
