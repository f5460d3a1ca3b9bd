"""course.py with real processes and the real uv, on a tiny course whose folder has a space and an umlaut.

What is installed comes from an index in a folder, so that no network is needed. A stand-in for uv, a shell
script in front of the real one, shows what can't be had otherwise: an installer that is slow, or that fails.
"""

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from pathlib import Path

import pytest

from tools.lib import install
from tools.lib.files import ROOT, Problem

DOOR = ("course.py", "tools/__init__.py", "tools/lib/files.py", "tools/lib/install.py")
HELLO = '''
"""Say hello.

At length."""
import argparse, json, os, sys
import tiny

def main(arguments):
    parser = argparse.ArgumentParser(prog="course.py hello")
    parser.add_argument("--loud", action="store_true", help="at the top of your voice")
    parser.parse_known_args(arguments)
    activated = os.environ["PATH"].startswith(os.environ["VIRTUAL_ENV"])
    facts = {"prefix": sys.prefix, "activated": activated, "arguments": arguments, "folder": os.getcwd()}
    print(json.dumps(facts))
    return 3
'''
TEST = '''
"""Use the packages of the tests, too."""
from tools.lib.install import set_up

def main(arguments):
    set_up(extra=("tests/requirements.txt",))
    import tinytests
    return 0
'''
# Runs course.py under a Python that calls itself another.
DISGUISE = "import platform, runpy, sys; {}; del sys.argv[0]; runpy.run_path(sys.argv[0], None, '__main__')"
UNSUPPORTED = ["-c", DISGUISE.format("platform.python_version = lambda: '3.14.2'")]
WITHOUT_PIP = ["-c", DISGUISE.format("sys.executable = '/nowhere/python3'")]
SLOW = ": > .venv/half-installed; /bin/sleep 60"


def add_wheel(index: Path, name: str, script: str = "") -> None:
    """Write a wheel, as small as they get, with one empty module and perhaps a script, into an index."""
    info, wheel = f"{name}-1.0.dist-info", f"{name}-1.0-py3-none-any.whl"
    files = {f"{name}.py": "", f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"}
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if script:
        files[f"{name}-1.0.data/scripts/{name}"] = script
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    (index / name).mkdir()
    (index / name / "index.html").write_text(f'<a href="{wheel}">{wheel}</a>')
    with zipfile.ZipFile(index / name / wheel, "w") as archive:
        for file, text in files.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = 0o100755 << 16  # so that the script can be run
            archive.writestr(entry, text)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Return uv, an index (for the tiny course, for what uv puts into a venv, and for uv), and a Python.

    The Python has no pip: asking one for its settings takes half a second.
    """
    try:
        uv, folder = install.get_uv(), tmp_path_factory.mktemp("world")
    except Problem as problem:
        pytest.skip(f"needs uv: {problem}")
    for name in ("tiny", "tinytests", "pip", "setuptools", "wheel"):
        add_wheel(folder, name)
    add_wheel(folder, "uv", f'#!/bin/sh\nexec "{uv}" "$@"\n')
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    return uv, folder, folder / "venv" / install.PYTHON


class Course:
    """A tiny course, the folder that is its whole PATH, and an empty home."""

    def __init__(self, folder: Path, uv: str, index: Path, python: Path):
        self.home, self.path, self.root = folder / "home", folder / "path", folder / "my cöurse"
        self.uv, self.index, self.python, self.venv = uv, index, [python], self.root / ".venv"
        for new in (self.home, self.path, self.root / "tools" / "lib", self.root / "tools" / "maintain"):
            new.mkdir(parents=True)
        for name in DOOR:
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "tests").mkdir()
        (self.root / "requirements.txt").write_text("tiny\n")
        (self.root / "tests" / "requirements.txt").write_text("tinytests\n")
        (self.root / "tools" / "constraints.txt").write_text("tiny==1.0\ntinytests==1.0\n")
        self.add_verb("hello", HELLO)
        self.give_uv()

    def add_verb(self, name: str, source: str) -> None:
        (self.root / "tools" / f"{name}.py").write_text(source.lstrip(), encoding="utf-8")

    def put_on_path(self, name: str, script: str) -> None:
        if os.name == "nt":
            pytest.skip("needs shell scripts")
        (self.path / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.path / name).chmod(0o755)

    def give_uv(self, pip: str = "") -> None:
        """Put uv on the PATH; `pip` is a shell command that runs before, or instead of, `uv pip`."""
        self.put_on_path("uv", f'if test "$1" = pip; then {pip or ":"}; fi; exec "{self.uv}" "$@"')

    def start(self, *arguments: str, **variables: str | None) -> subprocess.Popen:
        """Start course.py in a process group of its own, as a shell does; None takes a variable away."""
        env = {"PATH": str(self.path), "HOME": str(self.home), "UV_CACHE_DIR": str(self.index / "cache")}
        env |= {"PIP_INDEX_URL": self.index.as_uri(), "PIP_CONFIG_FILE": os.devnull, "PYTHONUTF8": "1"}
        env = {name: value for name, value in {**env, **variables}.items() if value is not None}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "encoding": "utf-8"}
        command = [*self.python, self.root / "course.py", *arguments]
        return subprocess.Popen(command, env=env, start_new_session=True, **pipes)

    def move(self, to: Path) -> Path:
        """Move the course, and return where it was."""
        old, self.root, self.venv = self.root, self.root.rename(to), to / ".venv"
        return old

    def run(self, *arguments: str, **variables: str | None) -> tuple[int, str]:
        """Run course.py to its end; return the exit status and all it said."""
        process = self.start(*arguments, **variables)
        said, _ = process.communicate(timeout=120)
        return process.returncode, said

    def hello(self, **variables: str | None) -> str:
        """Run the verb, which must work in this course's .venv; return all that was said."""
        status, said = self.run("hello", **variables)
        assert status == 3, said
        assert json.loads(said.splitlines()[-1])["prefix"] == str(self.venv)
        return said

    def fails(self, *words: str, **variables: str | None) -> str:
        """Run the verb, which must fail, saying these words; return all that was said."""
        status, said = self.run("hello", **variables)
        assert status == 1, said
        assert all(word in said for word in words) and "Traceback" not in said, said
        return said

    def begin(self, then: signal.Signals | None) -> tuple[int, str]:
        """Start a set-up and, when its installer works, send a signal to both, or kill course.py alone."""
        process = self.start("hello")
        while not (self.venv / "half-installed").exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        if then is None:
            process.kill()
            return process.wait(), ""
        os.killpg(process.pid, then)
        said, _ = process.communicate(timeout=30)
        return process.returncode, said


@pytest.fixture
def course(tmp_path, world):
    return Course(tmp_path, *world)


# --- The file itself ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOOR)
def test_the_front_door_is_written_for_python_3_8_and_its_standard_library(name):
    imported = set()
    for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 8))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    other = {module for module in imported if module.partition(".")[0] not in sys.stdlib_module_names}
    assert other <= {"tools.lib.files", "tools.lib.install"}


# --- Help -----------------------------------------------------------------------------------------


def test_help_lists_every_verb_before_anything_is_set_up(course):
    course.add_verb("newer", '"""Is written in a newer Python."""\nnew syntax !\ndef main(arguments):\n')
    course.add_verb("module", '"""Has no main."""\ndef mainly(arguments): ...\n')
    course.add_verb("run", '"""Run the lessons."""\nfrom nowhere import nothing\ndef main(arguments): ...\n')
    course.add_verb("maintain/colab", '"""Read."""\ndef main(arguments): ...\n')
    status, said = course.run()
    listed = [line.split()[0] for line in said.splitlines()[2:] if line]
    assert (status, listed) == (0, ["run", "hello", "newer", "For", "colab"])
    assert "  run      Run the lessons." in said
    assert course.run("--help") == (0, said)
    assert not course.venv.exists()


def test_a_mistyped_verb_gets_a_suggestion(course):
    status, said = course.run("helo")
    assert status == 2
    assert "Did you mean 'hello'?" in said
    assert not course.venv.exists()


def test_help_for_a_verb_takes_no_set_up_and_names_its_options_after_it(course):
    status, said = course.run("hello", "--help")
    assert (status, "At length." in said, course.venv.exists()) == (0, True, False)
    course.hello()
    status, said = course.run("hello", "--help")
    assert (status, "--loud" in said) == (0, True)


# --- Handing over ---------------------------------------------------------------------------------


def test_the_verb_runs_in_the_venv_with_its_arguments_in_the_users_folder(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, said = course.run("hello", "a b", "--ü")
    facts = {"prefix": str(course.venv), "activated": True, "folder": str(tmp_path)}
    assert (status, json.loads(said.splitlines()[-1])) == (3, {**facts, "arguments": ["a b", "--ü"]})


def test_packages_of_another_python_stay_out_of_the_venv(course, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "argparse.py").write_text("raise ImportError('another Python's package')")
    course.hello()
    course.hello(PYTHONPATH=str(tmp_path / "elsewhere"))


@pytest.mark.parametrize("options", [[], ["-I"]])
def test_it_starts_also_where_python_leaves_its_folder_off_the_path(course, options):
    course.python += options
    course.hello(PYTHONSAFEPATH="1")


@pytest.mark.parametrize(
    ("raising", "status", "line"),
    [
        ("raise Problem('put it right')", 1, "put it right"),
        ("raise DataError('no digits')", 1, "no digits"),
        ("open('/nowhere/file')", 1, "fail stopped: [Errno 2] No such file or directory: '/nowhere/file'"),
        ("raise KeyboardInterrupt", 130, "Stopped. The same command starts it again."),
    ],
)
def test_what_a_user_can_put_right_ends_in_one_line(course, raising, status, line):
    imports = "from tools.lib.files import Problem\nclass DataError(Exception): ...\n"
    course.add_verb("fail", f'"""Fail."""\n{imports}def main(arguments): {raising}\n')
    course.hello()
    assert course.run("fail") == (status, "\n" * (status == 130) + f"{line}\n")


def test_ctrl_c_reaches_the_verb(course):
    source = '''
        """Wait."""
        import time

        def main(arguments):
            try:
                print("waiting", flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                return 42
        '''
    course.add_verb("wait", textwrap.dedent(source))
    course.hello()
    process = course.start("wait")
    assert process.stdout.readline() == "waiting\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 42


# --- Finding Python and uv ------------------------------------------------------------------------


def test_with_an_unsupported_python_uv_finds_another(course):
    course.python += UNSUPPORTED
    (course.path / "python3").symlink_to(sys.executable)
    course.hello()


@pytest.mark.parametrize("apt", [False, True])
def test_without_any_way_to_a_python_there_is_one_line_to_type(course, apt):
    bare, line = course.python, f'"{course.path / "uv"}" python install 3.13'
    if apt:  # this one knows no Python 3.13
        course.put_on_path("apt-get", "exit 1")
        course.put_on_path("apt-cache", 'test "$1 $2" = "show python3.12"')
        line = "sudo apt install python3-pip python3.12"
    course.python = bare + UNSUPPORTED
    assert course.fails(UV_PYTHON_DOWNLOADS="never").endswith(f"the same command again:\n    {line}\n")
    course.python = bare
    course.hello()


def test_uv_is_fetched_by_whatever_pip_there_is(course):
    (course.path / "uv").unlink()
    (course.path / "python3").symlink_to(sys.executable)
    course.hello(PIP_REQUIRE_VIRTUALENV="1", PIP_USER="1")
    assert (course.root / "build" / "uv" / "bin" / "uv").exists()


def test_without_uv_and_pip_there_is_one_line_to_type(course):
    (course.path / "uv").unlink()
    course.python += WITHOUT_PIP
    assert course.fails().endswith("    curl -LsSf https://astral.sh/uv/install.sh | sh\n")
    assert not course.venv.exists()


WRONG = {
    "platform.python_version": ["3.10.13", "3.14.0"],
    "platform.python_implementation": ["PyPy"],
    "sysconfig.get_platform": ["win32", "win-arm64"],
    "sysconfig.get_config_var": [1],  # free-threaded
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_only_a_python_with_a_tensorflow_wheel_will_do(monkeypatch, name, value):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("sysconfig.get_platform", lambda: "linux-x86_64")
    assert install.is_supported()
    monkeypatch.setattr(name, lambda *_: value)
    assert not install.is_supported()


# --- pip's settings -------------------------------------------------------------------------------


def test_a_mirror_in_pips_configuration_serves_uv_too(course, tmp_path):
    course.python = [sys.executable]
    (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {course.index.as_uri()}\n")
    course.hello(PIP_INDEX_URL=None, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"))


def test_pips_variables_reach_uv(monkeypatch):
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://one.example https://two.example")
    monkeypatch.setenv("PIP_FIND_LINKS", "/stick /share")
    monkeypatch.setenv("PIP_CERT", "/school.pem")
    for name in ("UV_INDEX", "UV_FIND_LINKS", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    install.pip_settings.cache_clear()
    env = install.environment()
    install.pip_settings.cache_clear()
    assert env["UV_INDEX"] == "https://one.example https://two.example"
    assert (env["UV_FIND_LINKS"], env["SSL_CERT_FILE"]) == ("/stick,/share", "/school.pem")


# --- Installing -----------------------------------------------------------------------------------


def test_the_set_up_is_skipped_until_something_changes_that_packages_depend_on(course):
    course.add_verb("test", TEST)
    for _ in range(2):
        course.hello()
        assert course.run("test")[0] == 0
        (course.root / "pyproject.toml").write_text("# another address\n")
        course.give_uv(pip="exit 1")  # not called any more
    (course.root / "requirements.txt").write_text("tiny # changed\n")
    (course.venv / "mine").touch()
    for _ in range(2):  # a failed update keeps .venv, but does not use it
        course.fails("could not be installed")
    course.give_uv()
    assert "requirements.txt is installed" in course.hello()
    assert (course.venv / "mine").exists()


def test_an_install_that_was_killed_is_done_again_from_the_start(course):
    course.give_uv(pip=SLOW)
    course.begin(then=signal.SIGKILL)
    course.give_uv()
    assert "waiting" not in course.hello()  # the lock died with the processes that held it
    assert not (course.venv / "half-installed").exists()


def test_an_installer_that_outlives_a_killed_course_py_is_waited_for(course):
    course.give_uv(pip=SLOW.replace("60", "3"))
    course.begin(then=None)
    course.give_uv()
    assert "waiting for it to end" in course.hello()


def test_ctrl_c_stops_the_set_up_with_a_sentence(course):
    course.give_uv(pip=SLOW)
    status, said = course.begin(then=signal.SIGINT)
    assert (status, said.splitlines()[-1]) == (130, "Stopped. The same command starts it again.")
    course.give_uv()
    course.hello()


@pytest.mark.parametrize("failing", ["network", "disk"])
def test_a_failed_first_install_says_what_to_do(course, failing):
    if failing == "disk":
        course.give_uv(pip="echo 'No space left on device'; exit 2")
    where = {"PIP_INDEX_URL": "http://127.0.0.1:9", "UV_HTTP_RETRIES": "0"} if failing == "network" else {}
    course.fails("No network? Connect", "GB are free here", **where)
    course.give_uv()
    course.hello()


def test_too_little_room_is_said_before_anything_is_downloaded(course):
    module = course.root / "tools" / "lib" / "install.py"
    source = module.read_text(encoding="utf-8")
    module.write_text(source.replace("DISK_GB = 4 ", "DISK_GB = 10**9 "), encoding="utf-8")
    course.fails("too little room")
    assert not course.venv.exists()


def test_of_two_set_ups_at_once_the_second_waits_and_says_so(course):
    course.give_uv(pip="/bin/sleep 1")
    both = [course.start("hello") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [3, 3], said
    assert sorted("waiting for it to end" in text for text in said) == [False, True]
    assert sorted("is installed" in text for text in said) == [False, True]


@pytest.mark.parametrize("how", ["moved", "copied", "started with .venv's own Python"])
def test_a_moved_or_copied_folder_is_set_up_for_its_new_place(course, tmp_path, how):
    course.hello()
    old = course.move(tmp_path / "another plàce")
    if how == "copied":
        shutil.copytree(course.root, old, symlinks=True)
    if how.startswith("started"):
        course.python = [course.venv / "bin" / "python"]
    course.hello()
    assert old.name not in (course.venv / "bin" / "activate").read_text(encoding="utf-8")


def test_a_venv_whose_python_is_gone_is_built_anew(course):
    course.hello()
    (course.venv / "bin" / "python").unlink()
    (course.venv / "bin" / "python").symlink_to("/nowhere/python3")
    course.hello()


def test_a_venv_whose_python_prints_as_it_starts_is_as_good_as_any(course):
    course.hello()
    (site_packages,) = course.venv.glob("lib/python*/site-packages")
    (site_packages / "sitecustomize.py").write_text("print('hello from sitecustomize')")
    assert "installed" not in course.hello()


@pytest.mark.parametrize("then", ["used", "killed", "moved", "failed"])
def test_a_venv_made_by_the_user_is_used_and_never_deleted(course, tmp_path, then):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", course.venv], check=True)
    (course.venv / "mine").touch()
    if then == "killed":
        course.give_uv(pip=SLOW)
        course.begin(then=signal.SIGKILL)
    elif then == "failed":
        course.give_uv(pip="exit 1")
        course.fails("could not be installed")
    course.give_uv()
    course.hello()
    if then == "moved":
        course.move(tmp_path / "another plàce")
        course.fails("rename it")
    assert (course.venv / "mine").exists()


def test_a_folder_venv_that_is_something_else_is_not_touched(course):
    course.venv.mkdir()
    (course.venv / "mine").touch()
    course.fails("rename it")
    assert (course.venv / "mine").exists()
