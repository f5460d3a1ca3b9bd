"""Installing with uv: .venv, made with a Python that TensorFlow supports and filled with locked versions.

course.py runs this under any Python from 3.8 on, before anything is installed: standard library only.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path

from tools.lib.files import BUILD, ROOT, Problem, replace

WINDOWS = os.name == "nt"
if WINDOWS:
    import msvcrt
else:
    import fcntl
PYTHON, UV = ("Scripts/python.exe", "uv.exe") if WINDOWS else ("bin/python", "uv")
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / PYTHON
JUPYTER = ROOT / "tools/lib/jupyter"  # settings of kernels and JupyterLab, at their places in .venv
STATE = VENV / "course.json"  # for which folder .venv was made, if by us, and which sets are complete
DISK_GB = 4  # measured: 2.7 in .venv, and room to work

# TensorFlow has wheels for these Pythons; on Apple's own chips not for Intel's, on Windows not for Arm's.
SUPPORTED = ("3.11.", "3.12.", "3.13.")
SYSTEM = {"darwin": "-macos-aarch64-none", "win32": "-windows-x86_64-none"}.get(sys.platform, "")
REQUEST = f"cpython->=3.11,<3.14{SYSTEM}"
# A Python that is here is preferred; where none can be downloaded, that is known within half a minute.
SEARCH = {"UV_PYTHON_PREFERENCE": "system", "UV_HTTP_TIMEOUT": "10", "UV_HTTP_RETRIES": "1"}
BY_HAND = """
The course needs Python 3.11, 3.12 or 3.13, and pip or uv to fetch its packages. Type the line for
    Windows         winget install Python.Python.3.13
    Debian, Ubuntu  sudo apt install python3-pip; sudo apt install '^python3[.]1[1-3]$'
    others          curl -LsSf https://astral.sh/uv/install.sh | sh
and then the same command again."""


def set_up(extra: tuple[str, ...] = ()) -> None:
    """Make .venv ready, if it is not: the packages of requirements.txt, then of the files in `extra`.

    Args:
        extra: Requirements files, relative to the project, such as `("tests/requirements.txt",)`.

    Raises:
        Problem: It failed, and the message says what to do.
    """
    wanted = ["requirements.txt", *extra]
    with only_one_set_up():
        if all(map(is_ready, wanted)):  # also when the set-up waited for has done it
            return
        uv = get_uv()
        prepare_venv(uv)
        for requirements in wanted:
            if not is_ready(requirements):
                install(uv, requirements)


def is_ready(requirements: str) -> bool:
    """Return whether all that a set of packages depends on is as it was when the set was completed."""
    return read_state().get(requirements) == fingerprint(requirements)


def fingerprint(requirements: str) -> str:
    """Return a digest of all that a set of packages depends on: no pyproject.toml, it holds an address."""
    files = ("requirements.txt", requirements, "tools/constraints.txt")
    settings = sorted(file for file in JUPYTER.rglob("*") if file.is_file())
    contents = [file.read_bytes() for file in (*(ROOT / name for name in files), *settings)]
    parts = [os.fsencode(ROOT), venv_version(), *contents]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def venv_version() -> str | None:
    """Return the version of .venv's Python, or None if it does not run or is not supported."""
    # Without "site" (-S) no sitecustomize.py of .venv can print something before the version.
    version = ask(VENV_PYTHON, "-I", "-S", "-c", "import sys; print(sys.version)")
    return version if version and version.startswith(SUPPORTED) else None


def read_state() -> dict:
    try:
        return json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


@contextlib.contextmanager
def only_one_set_up() -> Iterator[None]:
    """Hold the set-up's lock, which the system frees when this process and its installer have ended.

    What `runs` starts inherits the lock: an installer that outlives a killed course.py still holds it.
    """
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "set-up.lock", "a") as file:
        os.set_inheritable(file.fileno(), True)
        if not locked(file):
            print("Another set-up is at work in this folder: waiting for it to end ...", flush=True)
            while not locked(file):
                time.sleep(0.2)
        yield


def locked(file) -> bool:
    """Try to lock an open, empty file, without waiting."""
    try:
        if WINDOWS:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # some network drives know no locks: rather no lock than no course
        return not isinstance(error, (BlockingIOError, PermissionError))
    return True


def prepare_venv(uv: str) -> None:
    """See to a sound .venv: ours is built anew if broken, moved or half installed, the user's own never."""
    state, works = read_state(), venv_version() is not None
    ours = "made_for" in state
    if works and (not ours or (state["made_for"] == str(ROOT) and not state["unfinished"])):
        return
    if os.path.lexists(VENV) and not ours:
        raise Problem("The folder .venv does not work and is not course.py's: rename it, and try again")
    make_venv(uv)


def make_venv(uv: str) -> None:
    """Make .venv, preferably with the Python that runs this, for it is the one the user chose."""
    if sys.platform == "darwin" and "ARM64" not in platform.version():  # so it says under Rosetta, too
        raise Problem("TensorFlow has no version for Intel Macs. Open the lessons on Colab: colab_links.md")
    if shutil.disk_usage(ROOT).free < DISK_GB * 1e9:
        raise failure("There is too little room on the disk")
    print("Set-up, this once: 0.8 GB to download, 2.7 GB on disk, a few minutes.", flush=True)
    old, new = BUILD / "old-venv", BUILD / "new-venv"
    shutil.rmtree(old, ignore_errors=True)
    new.mkdir(exist_ok=True)
    replace(new / STATE.name, json.dumps({"made_for": str(ROOT), "unfinished": True}))
    if os.path.lexists(VENV):
        VENV.rename(old)  # in one step, like the next: wherever it is cut off, what is here is known as ours
    new.rename(VENV)
    shutil.rmtree(old, ignore_errors=True)
    chosen = getattr(sys, "_base_executable", sys.executable)  # outside any virtual environment
    path = os.pathsep.join([os.path.dirname(chosen), *os.get_exec_path()])
    runs(uv, "venv", "--quiet", "--allow-existing", "--python", REQUEST, VENV, PATH=path, **SEARCH)
    if not venv_version():
        raise Problem(BY_HAND)


def install(uv: str, requirements: str) -> None:
    """Install a set of packages in the locked versions and, as the very last step, note that it is there."""
    print(f"Installing {requirements} ...", flush=True)
    state = read_state()
    replace(STATE, json.dumps({**state, "unfinished": True}))  # what is cut off can look complete
    packages = ("pip", "-r", requirements, "-c", "tools/constraints.txt")  # pip: for what a user adds
    if not runs(uv, "pip", "install", "--python", VENV_PYTHON, *packages):
        replace(STATE, json.dumps(state))
        raise failure(f"{requirements} could not be installed")
    for file in filter(Path.is_file, JUPYTER.rglob("*")):
        (VENV / file.relative_to(JUPYTER)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, VENV / file.relative_to(JUPYTER))
    replace(STATE, json.dumps({**state, "unfinished": False, requirements: fingerprint(requirements)}))


def failure(what: str) -> Problem:
    """Return an error for what could not be done; a command that was run has told why."""
    return Problem(
        f"\n{what}.\n  No network? Connect; behind a proxy, set HTTPS_PROXY. What was downloaded is kept.\n"
        f"  A full disk? {DISK_GB} GB are needed here, 3 in your home or where UV_CACHE_DIR points.\n"
        "Then run the same command again."
    )


def get_uv() -> str:
    """Return a uv that runs: one that is here, or one that a pip fetches into build/uv; else a Problem."""
    fetched = BUILD / "uv" / "bin" / UV
    for uv in (shutil.which("uv"), os.path.expanduser(f"~/.local/bin/{UV}"), fetched):
        if uv and ask(uv, "--version"):
            return str(uv)
    print("Fetching uv, which installs the packages ...", flush=True)
    python, _ = find_pip()
    if not python and ask(sys.executable, "-m", "venv", BUILD / "pip") is None:
        raise Problem(BY_HAND)
    # Into a folder of its own every pip may install, also Debian's, which refuses to touch the system.
    options = ("--quiet", "--upgrade", "--only-binary", "uv", "--target", BUILD / "uv", "--timeout", "5")
    if not runs(python or BUILD / "pip" / PYTHON, "-m", "pip", "install", *options, "--retries", "2", "uv"):
        raise failure("uv, which installs the packages, could not be fetched")
    return str(fetched)


@functools.lru_cache
def find_pip() -> tuple[str | None, str]:
    """Return a Python that has pip, the one that runs this or one on the PATH, and that pip's settings."""
    for python in (sys.executable, *(shutil.which("python3", path=each) for each in os.get_exec_path())):
        if python and (settings := ask(python, "-m", "pip", "config", "list")) is not None:
            return python, settings
    return None, ""


def ask(*command: str | Path) -> str | None:
    """Return what a command writes, or None if it can't be run or fails."""
    parts, env = [str(part) for part in command], clean_environment()
    try:
        return subprocess.check_output(parts, stderr=subprocess.DEVNULL, env=env, text=True)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def runs(*command: str | Path, **variables: str) -> bool:
    """Run a command in the project's folder, where `-e .` is found; return whether it succeeded."""
    parts, env = [str(part) for part in command], {**environment(), **variables}
    sys.stdout.flush()
    return subprocess.call(parts, cwd=ROOT, env=env, close_fds=False) == 0  # see `only_one_set_up`


def environment() -> dict[str, str]:
    """Return the variables for uv and pip; what pip is told, such as a school's mirror, uv is told, too."""
    env = clean_environment()
    configured = sorted(re.findall(r"^(global|install)\.([a-z-]+)=(.*)$", find_pip()[1], re.MULTILINE))
    pip = {f"PIP_{name.upper().replace('-', '_')}": literal_eval(value) for _, name, value in configured}
    pip.update(env)
    for_uv = {
        "UV_DEFAULT_INDEX": pip.get("PIP_INDEX_URL"),
        "UV_INDEX": " ".join(pip.get("PIP_EXTRA_INDEX_URL", "").split()),
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # as pip: the best version there is, on whichever index
        "UV_FIND_LINKS": ",".join(pip.get("PIP_FIND_LINKS", "").split()),
        "UV_SYSTEM_CERTS": "1",
        "SSL_CERT_FILE": pip.get("PIP_CERT") or env.get("REQUESTS_CA_BUNDLE"),
    }
    return {**{name: value for name, value in for_uv.items() if value}, **env}


def clean_environment() -> dict[str, str]:
    """Return this process's variables without those that would lead a Python or pip out of .venv."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    return {**env, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}


def become(command: list[str | Path], env: dict[str, str]) -> int:
    """Replace this process by `command`, so that its exit status and its Ctrl-C are the command's."""
    parts = [str(part) for part in command]
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(parts[0], parts, env)
    process = subprocess.Popen(parts, env=env)  # Windows can't replace a process
    while True:
        with contextlib.suppress(KeyboardInterrupt):  # the child got the same Ctrl-C and decides
            return process.wait()
