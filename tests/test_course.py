"""course.py with real processes and the real uv, on a tiny course whose folder has a space and an umlaut.

What is installed comes from a folder, so that no network is needed. A stand-in for uv, a shell script in
front of the real one, shows what can't be had otherwise: an installer that is slow, or that fails.
"""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tools.lib import install
from tools.lib.files import ROOT, Problem

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs shell scripts")
DOOR = ("course.py", "tools/__init__.py", "tools/lib/files.py", "tools/lib/install.py")
HELLO = '''
"""Say hello.

At length."""
import argparse, json, os, sys, time
from tools.lib.files import Problem
import tiny

class DataError(Exception): ...

def main(arguments):
    parser = argparse.ArgumentParser(prog="course.py hello")
    parser.add_argument("--do", default="", help="Python to run")
    exec(parser.parse_known_args(arguments)[0].do)
    activated = os.environ["PATH"].startswith(os.environ["VIRTUAL_ENV"])
    print(json.dumps([sys.prefix, activated, os.getcwd(), *arguments]))
    return 3
'''
WAIT = "try: print('waiting', flush=True); time.sleep(60)\nexcept KeyboardInterrupt: exit(42)"
TESTS = "from tools.lib.install import set_up; set_up(extra=('tests/requirements.txt',)); import tinytests"
# Run course.py under a Python that has changed in some way.
CHANGED = "import runpy, sys; {}; del sys.argv[0]; runpy.run_path(sys.argv[0], None, '__main__')"
FULL = "import shutil, types; shutil.disk_usage = lambda path: types.SimpleNamespace(free=0)"


def add_wheel(folder: Path, name: str, script: str = "#!/bin/sh\n") -> None:
    """Write a wheel, as small as they get, with one empty module and one script."""
    info = f"{name}-1.0.dist-info"
    files = {f"{name}.py": "", f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"}
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{name}-1.0.data/scripts/{name}"] = script
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        for file, text in files.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = 0o100755 << 16  # so that the script can be run
            archive.writestr(entry, text)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return uv, a folder of wheels (of the tiny course, of pip and of uv), and a Python without pip."""
    try:
        uv, folder = install.get_uv(), tmp_path_factory.mktemp("world")
    except Problem as problem:
        pytest.skip(f"needs uv: {problem}")
    for name in ("tiny", "tinytests", "pip"):
        add_wheel(folder, name)
    add_wheel(folder, "uv", f'#!/bin/sh\nexec "{uv}" "$@"\n')
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    return uv, folder, folder / "venv" / install.PYTHON


class Course:
    """A tiny course, the folder that is its whole PATH, and an empty home."""

    def __init__(self, folder: Path, uv: str, wheels: Path, python: Path):
        self.home, self.path, self.root = folder / "home", folder / "path", folder / "my cöurse"
        self.uv, self.wheels, self.python, self.venv = uv, wheels, [python], self.root / ".venv"
        for new in (self.home, self.path, self.root / "tools/lib", self.root / "tools/maintain"):
            new.mkdir(parents=True)
        for name in DOOR:
            shutil.copy(ROOT / name, self.root / name)
        self.write("requirements.txt", "tiny\n")
        self.write("tests/requirements.txt", "tinytests\n")
        self.write("tools/constraints.txt", "tiny==1.0\ntinytests==1.0\n")
        self.write("tools/hello.py", HELLO.lstrip())
        self.give_uv()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def give_uv(self, pip: str = ":") -> None:
        """Put uv on the PATH; `pip` is a shell command that runs before, or instead of, `uv pip`."""
        script = f'#!/bin/sh\nif test "$1" = pip; then {pip}; fi; exec "{self.uv}" "$@"\n'
        (self.path / "uv").write_text(script)
        (self.path / "uv").chmod(0o755)

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen:
        """Start course.py in a process group of its own, as a shell does."""
        env = {"PATH": self.path, "HOME": self.home, "PIP_FIND_LINKS": self.wheels, "PIP_NO_INDEX": "1"}
        env |= {"PIP_CONFIG_FILE": os.devnull, "UV_CACHE_DIR": self.wheels / "cache", "UV_NO_INDEX": "1"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
        command = [*self.python, self.root / "course.py", *arguments]
        return subprocess.Popen(command, env=env | variables, start_new_session=True, **pipes)

    def run(self, *arguments: str, **variables: str) -> tuple[int, str]:
        """Run course.py to its end; return the exit status and all it said."""
        process = self.start(*arguments, **variables)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def hello(self, *arguments: str, **variables: str) -> str:
        """Run the verb, which must work in this course's .venv; return all that was said."""
        status, said = self.run("hello", *arguments, **variables)
        assert status == 3 and json.loads(said.splitlines()[-1])[0] == str(self.venv), said
        return said

    def fails(self, words: str, **variables: str) -> None:
        """Run the verb, which must fail, saying these words."""
        status, said = self.run("hello", **variables)
        assert status == 1 and words in said and "Traceback" not in said, said

    def interrupt(self, kill, sent: signal.Signals, seconds: int = 60) -> subprocess.Popen:
        """Start a set-up whose installer takes so long, and stop it midway; return its process."""
        self.give_uv(pip=f": > .venv/half-installed; /bin/sleep {seconds}")
        process = self.start("hello")
        while not (self.venv / "half-installed").exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        kill(process.pid, sent)
        self.give_uv()
        return process


@pytest.fixture
def course(tmp_path, world):
    return Course(tmp_path, *world)


@pytest.fixture(scope="module")
def ready(tmp_path_factory, world):
    """Return a course that is set up."""
    course = Course(tmp_path_factory.mktemp("ready"), *world)
    course.hello()
    return course


def test_the_front_door_is_written_for_python_3_8_and_its_standard_library():
    imported = set()
    for name in DOOR:
        nodes = list(ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 8))))
        imported |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    other = {module for module in imported if module.partition(".")[0] not in sys.stdlib_module_names}
    assert other == {"tools.lib.files", "tools.lib.install"}


def test_help_and_suggestions_take_no_set_up(course):
    course.write("tools/newer.py", '"""Newer than this Python."""\nnew syntax !\ndef main(arguments):\n')
    course.write("tools/module.py", '"""Has no main."""\ndef mainly(arguments): ...\n')
    course.write("tools/run.py", '"""Run the lessons."""\nimport nowhere\ndef main(arguments): ...\n')
    course.write("tools/maintain/colab.py", '"""Read."""\ndef main(arguments): ...\n')
    status, said = course.run()
    listed = [line.split()[0] for line in said.splitlines()[2:] if line]
    assert (status, listed) == (0, ["run", "hello", "newer", "For", "colab"])
    assert "  run      Run the lessons." in said
    status, said = course.run("helo")
    assert (status, "Did you mean 'hello'?" in said) == (2, True)
    status, said = course.run("hello", "--help")
    assert (status, "At length." in said, course.venv.exists()) == (0, True, False)


def test_the_verb_runs_in_the_venv_with_its_arguments_in_the_users_folder(ready, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = ready.hello("a b", "--ü")
    assert json.loads(said) == [str(ready.venv), True, str(tmp_path), "a b", "--ü"]
    assert "Python to run" in ready.run("hello", "--help")[1]


def test_neither_the_users_packages_nor_a_safe_path_are_in_the_way(ready, tmp_path):
    (tmp_path / "argparse.py").write_text("raise ImportError('another Python's package')")
    ready.hello(PYTHONPATH=str(tmp_path), PYTHONSAFEPATH="1")


@pytest.mark.parametrize(
    ("raising", "status", "line"),
    [
        ("raise Problem('put it right')", 1, "put it right"),
        ("raise DataError('no digits')", 1, "no digits"),
        ("open('/nowhere')", 1, "hello stopped: [Errno 2] No such file or directory: '/nowhere'"),
        ("raise KeyboardInterrupt", 130, "\nStopped. The same command starts it again."),
    ],
)
def test_what_a_user_can_put_right_ends_in_one_line(ready, raising, status, line):
    assert ready.run("hello", "--do", raising) == (status, f"{line}\n")


def test_ctrl_c_reaches_the_verb(ready):
    process = ready.start("hello", "--do", WAIT)
    assert process.stdout.readline() == "waiting\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 42


def test_a_supported_python_is_found_or_there_is_a_line_to_type(course):
    course.python += ["-c", CHANGED.format("sys._base_executable = '/nowhere/python3'")]
    course.fails("install python3-pip", UV_PYTHON_DOWNLOADS="never")
    (course.path / "python3").symlink_to(sys.executable)
    course.hello()


def test_uv_is_fetched_by_whatever_pip_there_is_or_there_is_a_line_to_type(course):
    (course.path / "uv").unlink()
    course.python += ["-c", CHANGED.format("sys.executable = '/nowhere/python3'")]
    course.fails("https://astral.sh/uv/install.sh")
    (course.path / "python3").symlink_to(sys.executable)
    course.hello(PIP_REQUIRE_VIRTUALENV="1", PIP_USER="1")


def test_what_pip_is_told_uv_is_told_too(monkeypatch, tmp_path):
    settings = "[global]\nindex-url = https://mirror\nextra-index-url = https://one https://two\n"
    (tmp_path / "pip.conf").write_text(settings + "[install]\nfind-links = /stick\n  /share\ncert = /old.pem")
    for name in {*os.environ} - {"PATH"}:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_CERT", "/the school's.pem")
    monkeypatch.setattr(install, "find_pip", install.find_pip.__wrapped__)
    env = install.environment()
    assert (env["UV_DEFAULT_INDEX"], env["UV_INDEX"]) == ("https://mirror", "https://one https://two")
    assert (env["UV_FIND_LINKS"], env["SSL_CERT_FILE"]) == ("/stick,/share", "/the school's.pem")


def test_the_set_up_is_skipped_until_something_changes_that_packages_depend_on(course):
    course.hello("--do", TESTS)
    course.give_uv(pip="exit 1")  # not called any more
    course.write("pyproject.toml", "# another address\n")
    course.hello("--do", TESTS)
    (course.venv / "mine").touch()
    course.write("requirements.txt", "tiny # changed\n")
    course.fails("could not be installed")  # and .venv is kept, but not used
    course.give_uv()
    assert "Installing requirements.txt" in course.hello()
    assert (course.venv / "mine").exists()


def test_a_set_up_that_was_cut_off_is_done_again_from_the_start(course):
    said, _ = course.interrupt(os.killpg, signal.SIGINT).communicate(timeout=30)
    assert said.splitlines()[-1] == "Stopped. The same command starts it again."
    (course.venv / "half-installed").unlink()
    course.interrupt(os.killpg, signal.SIGKILL)
    assert "waiting" not in course.hello()  # the lock died with the processes that held it
    assert not (course.venv / "half-installed").exists()


def test_an_installer_that_outlives_a_killed_course_py_is_waited_for(course):
    course.interrupt(os.kill, signal.SIGKILL, seconds=2)
    assert "waiting for it to end" in course.hello()


def test_of_two_set_ups_at_once_the_second_waits_and_says_so(course):
    course.give_uv(pip="/bin/sleep 0.5")
    both = [course.start("hello") for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0] for process in both)
    assert [process.returncode for process in both] == [3, 3], said
    assert ["waiting for it to end" in text for text in said] == [True, False]
    assert ["Installing" in text for text in said] == [False, True]


def test_without_packages_or_room_the_set_up_says_what_to_do(course):
    course.fails("No network? Connect", PIP_FIND_LINKS="/nowhere")
    course.python += ["-c", CHANGED.format(FULL)]
    course.fails("too little room")
    del course.python[1:]
    course.hello()


def test_a_moved_course_is_set_up_for_its_new_place(course, tmp_path):
    course.hello()
    old, course.root = course.root, course.root.rename(tmp_path / "another plàce")
    course.venv = course.root / ".venv"
    course.python = [course.venv / "bin" / "python"]
    course.hello()
    assert old.name not in (course.venv / "bin" / "activate").read_text(encoding="utf-8")


def test_a_venv_is_built_anew_when_its_python_is_gone_but_not_because_it_prints(course):
    course.hello()
    (site_packages,) = course.venv.glob("lib/python*/site-packages")
    (site_packages / "sitecustomize.py").write_text("print('hello from sitecustomize')")
    assert "Installing" not in course.hello()
    (course.venv / "bin" / "python").unlink()
    assert "Installing" in course.hello()


def test_a_venv_made_by_the_user_is_used_and_never_deleted(course):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", course.venv], check=True)
    (course.venv / "mine").touch()
    course.give_uv(pip="exit 1")
    course.fails("could not be installed")
    course.interrupt(os.killpg, signal.SIGKILL)
    course.hello()
    (course.venv / "bin" / "python").unlink()
    course.fails("rename it")
    assert (course.venv / "mine").exists()
