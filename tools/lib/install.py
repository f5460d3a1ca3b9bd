"""Installing with uv: .venv, made with a Python that TensorFlow supports and filled with locked versions.

course.py runs this under any Python from 3.8 on, before anything is installed: standard library only.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import time
from ast import literal_eval
from collections.abc import Iterator
from pathlib import Path

from tools.lib.files import BUILD, ROOT, Problem, replace

WINDOWS = os.name == "nt"
PYTHON, UV = ("Scripts/python.exe", "uv.exe") if WINDOWS else ("bin/python", "uv")
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / PYTHON
STATE = VENV / "course.json"  # whose .venv it is, for which folder, and which sets of packages are complete
DISK_GB = 4  # measured: 2.7 in .venv, and room to work

# TensorFlow has wheels for these Pythons on these systems, and for no others.
SUPPORTED = ("3.13.", "3.12.", "3.11.")
SYSTEMS = ("linux-x86_64", "linux-aarch64", "win-amd64", "macos-arm64")
# What uv is asked for: an Intel Python would not do on Apple's own chips, nor Arm's on Windows.
RANGE = ">=3.11,<3.14"
REQUESTS = {"darwin": f"cpython-{RANGE}-macos-aarch64-none", "win32": f"cpython-{RANGE}-windows-x86_64-none"}
# Where no Python can be downloaded, that is known within half a minute.
IMPATIENT = {"UV_HTTP_CONNECT_TIMEOUT": "5", "UV_HTTP_TIMEOUT": "12", "UV_HTTP_RETRIES": "1"}


def set_up(extra: tuple[str, ...] = ()) -> None:
    """Make .venv ready, if it is not: the packages of requirements.txt, then of the files in `extra`.

    Args:
        extra: Requirements files, relative to the project, such as `("tests/requirements.txt",)`.

    Raises:
        Problem: It failed, and the message says what to do.
    """
    wanted = ["requirements.txt", *extra]
    if all(is_ready(requirements) for requirements in wanted):
        return
    with only_one_set_up():
        missing = [requirements for requirements in wanted if not is_ready(requirements)]
        if missing:  # otherwise the set-up waited for has done it
            uv = get_uv()
            prepare_venv(uv)
            for requirements in missing:
                install(uv, requirements)


def is_ready(requirements: str) -> bool:
    """Return whether all that a set of packages depends on is as it was when the set was completed."""
    return read_state().get(requirements) == fingerprint(requirements)


def fingerprint(requirements: str) -> str:
    """Return a digest of all that a set of packages depends on.

    pyproject.toml is no part of it: the course's address stands there, which changes no package.
    """
    digest = hashlib.sha256(f"{os.fsencode(ROOT)!r} {venv_version()}".encode())
    for name in ("requirements.txt", requirements, "tools/constraints.txt"):
        digest.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()


def venv_version() -> str | None:
    """Return the version of .venv's Python, or None if it does not run or is not supported."""
    # Without "site" (-S) no sitecustomize.py of .venv can print something before the version.
    command = [str(VENV_PYTHON), "-I", "-S", "-c", "import sys; print(sys.version)"]
    try:
        version = subprocess.check_output(command, stderr=subprocess.DEVNULL, timeout=60, text=True)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return version if version.startswith(SUPPORTED) else None


def read_state() -> dict:
    try:
        return json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_state(**changes: object) -> None:
    replace(STATE, json.dumps({**read_state(), **changes}))


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
    """Try to lock an open file, without waiting."""
    try:
        if WINDOWS:
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # some network drives know no locks: rather no lock than no course
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def prepare_venv(uv: str) -> None:
    """See to a sound .venv: keep a good one, build anew what is broken, moved or half installed.

    One that is not ours is used when it works, and never deleted.
    """
    state, works = read_state(), venv_version() is not None
    if works and not state:
        print("Using the .venv that is already here.")
        write_state(root=str(ROOT), found=True)
    elif not works or state.get("root") != str(ROOT) or state.get("unfinished"):
        if os.path.lexists(VENV):
            if not state or state.get("found"):
                raise Problem(
                    "The folder .venv does not work and is not course.py's: rename it, and try again"
                )
            print("The .venv here is unfinished, moved or without its Python: building it anew.")
        make_venv(uv)


def make_venv(uv: str) -> None:
    """Make .venv, with the Python that runs this if it will do, for it is the one the user chose."""
    if sys.platform == "darwin" and "ARM64" not in platform.version():  # so it says under Rosetta, too
        raise Problem("TensorFlow has no version for Intel Macs. Open the lessons on Colab: colab_links.md")
    if shutil.disk_usage(ROOT).free < DISK_GB * 1e9:
        raise failure("There is too little room on the disk")
    print("Set-up, this once: 0.8 GB to download, 2.7 GB on disk, a few minutes.", flush=True)
    old, new = BUILD / "old-venv", BUILD / "new-venv"
    for folder in (old, new):
        shutil.rmtree(folder, ignore_errors=True)
    new.mkdir()
    replace(new / STATE.name, json.dumps({"root": str(ROOT), "unfinished": True}))
    if os.path.lexists(VENV):
        VENV.rename(old)  # in one step, like the next: wherever it is cut off, what is here is known as ours
    new.rename(VENV)
    shutil.rmtree(old, ignore_errors=True)
    python = REQUESTS.get(sys.platform, f"cpython{RANGE}")
    if is_supported():
        python = getattr(sys, "_base_executable", sys.executable)  # not .venv's own, which is built anew
    made = runs(uv, "venv", "--quiet", "--seed", "--allow-existing", "--python", python, VENV, **IMPATIENT)
    version = venv_version()
    if not version:
        raise Problem(f"\nThe course needs Python 3.11, 3.12 or 3.13. {line_to_type(uv)}")
    if not made:
        raise failure(".venv could not be made")
    print(f"Made .venv with Python {version.split()[0]}.")


def is_supported() -> bool:
    """Return whether TensorFlow has a version for the Python that runs this."""
    mac = sys.platform == "darwin"
    return (
        platform.python_implementation() == "CPython"
        and platform.python_version().startswith(SUPPORTED)
        and (f"macos-{platform.machine()}" if mac else sysconfig.get_platform()) in SYSTEMS
        and sys.maxsize > 2**32
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
    )


def install(uv: str, requirements: str) -> None:
    """Install a set of packages in the locked versions and, as the very last step, note that it is there.

    Packages that a user added stay.
    """
    print(f"Installing {requirements} ...", flush=True)
    start, state = time.monotonic(), read_state()
    write_state(unfinished=not state.get("found"))  # what was cut off can look complete: ours is built anew
    files = ("-r", requirements, "-c", "tools/constraints.txt")
    if not runs(uv, "pip", "install", "--python", VENV_PYTHON, *files):
        write_state(unfinished=state.get("unfinished", False))
        raise failure(f"{requirements} could not be installed")
    write_state(unfinished=False, **{requirements: fingerprint(requirements)})
    print(f"{requirements} is installed ({time.monotonic() - start:.0f} s).", flush=True)


def failure(what: str) -> Problem:
    """Return an error for what could not be done; a command that was run has told why."""
    free = shutil.disk_usage(ROOT).free / 1e9
    return Problem(
        f"\n{what}.\n"
        "  No network? Connect; behind a proxy, set HTTPS_PROXY. What was downloaded is kept.\n"
        f"  A full disk? {free:.1f} GB are free here: make it at least {DISK_GB} GB.\n"
        "  Downloads go to your home, or to the folder that UV_CACHE_DIR names.\n"
        "Then run the same command again."
    )


def line_to_type(uv: str = "uv") -> str:
    """Return the one line that brings this system a supported Python and a pip or, at least, uv."""
    names = [f"python{version[:-1]}" for version in SUPPORTED]
    for_apt = next((name for name in names if runs("apt-cache", "show", name, show=False)), None)
    lines = {
        "winget": "winget install Python.Python.3.13",
        "brew": "brew install python@3.13",
        "apt-get": for_apt and f"sudo apt install python3-pip {for_apt}",
        "dnf": f"sudo dnf install python3-pip {names[0]}",
        uv: f'"{uv}" python install 3.13',
    }
    found = [line for tool, line in lines.items() if line and shutil.which(tool)]
    line = (found or ["curl -LsSf https://astral.sh/uv/install.sh | sh"])[0]
    return f"Type this line, then the same command again:\n    {line}"


def get_uv() -> str:
    """Return a uv that runs: one that is here, or one fetched into build/uv by whatever pip exists.

    Raises:
        Problem: There is neither; the message says what to do.
    """
    if uv := find_uv():
        return uv
    print("Fetching uv, which installs the packages ...", flush=True)
    with_pip = [python for python in pythons() if runs(python, "-m", "pip", "--version", show=False)]
    if not with_pip and runs(sys.executable, "-m", "venv", BUILD / "pip", show=False):
        with_pip = [BUILD / "pip" / PYTHON]
    # Into a folder of its own every pip may install, also Debian's, which refuses to touch the system.
    options = ("--quiet", "--upgrade", "--only-binary", "uv", "--target", BUILD / "uv")
    for python in with_pip[:2]:  # two of them give a dead network up in 20 seconds
        runs(python, "-m", "pip", "install", *options, "--timeout", "5", "--retries", "1", "uv")
        if uv := find_uv():
            return uv
    if with_pip:
        raise failure("uv, which installs the packages, could not be fetched")
    raise Problem(f"There is no pip that could fetch uv. {line_to_type()}")


def find_uv() -> str | None:
    """Return a uv that runs: from the PATH, from where its installer puts it, or fetched before."""
    places = (shutil.which("uv"), os.path.expanduser(f"~/.local/bin/{UV}"), BUILD / "uv" / "bin" / UV)
    return next((str(path) for path in places if path and runs(path, "--version", show=False)), None)


def pythons() -> list[str]:
    """Return the Python that runs this, .venv's and those on the PATH, whether they run or not."""
    names = ("python3", "python")
    found = [shutil.which(name, path=folder) for folder in os.get_exec_path() for name in names]
    return list(dict.fromkeys([sys.executable, str(VENV_PYTHON), *filter(None, found)]))


def runs(*command: str | Path, show: bool = True, **variables: str) -> bool:
    """Run a command in the project's folder, where `-e .` is found; return whether it succeeded."""
    output = None if show else subprocess.DEVNULL
    parts, env = [str(part) for part in command], {**environment(), **variables}
    sys.stdout.flush()
    try:  # close_fds: see `only_one_set_up`
        return subprocess.call(parts, cwd=ROOT, env=env, stdout=output, stderr=output, close_fds=False) == 0
    except OSError:  # not there, or not a program
        return False


def environment() -> dict[str, str]:
    """Return this process's variables for uv and pip, with pip's settings also under uv's names."""
    env, settings = clean_environment(), pip_settings()
    for_uv = {
        "UV_DEFAULT_INDEX": settings.get("index-url"),
        "UV_INDEX": " ".join(settings.get("extra-index-url", "").split()),
        # as pip: the best version there is, on whichever index
        "UV_INDEX_STRATEGY": "unsafe-best-match" if settings.get("extra-index-url") else None,
        "UV_FIND_LINKS": ",".join(settings.get("find-links", "").split()),
        "UV_INSECURE_HOST": settings.get("trusted-host"),
        "UV_SYSTEM_CERTS": "1",
        "SSL_CERT_FILE": settings.get("cert") or env.get("REQUESTS_CA_BUNDLE") or env.get("CURL_CA_BUNDLE"),
    }
    return {**{name: value for name, value in for_uv.items() if value}, **env}


def clean_environment() -> dict[str, str]:
    """Return this process's variables without those that would lead a Python or pip out of .venv."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    env.update(PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0")
    # no remarks beside the point
    env.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    return env


@functools.lru_cache
def pip_settings() -> dict[str, str]:
    """Return what configuration files and variables tell pip, such as a school's mirror."""
    settings, env = {}, clean_environment()
    for python in pythons():
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            command = [python, "-m", "pip", "config", "list"]
            said = subprocess.check_output(command, stderr=subprocess.DEVNULL, env=env, text=True)
            lines = sorted(re.findall(r"^(global|install)\.([a-z-]+)=(.*)$", said, re.MULTILINE))
            settings = {name: literal_eval(value) for _, name, value in lines}
            break
    for name in ("index-url", "extra-index-url", "find-links", "trusted-host", "cert"):
        settings[name] = os.environ.get(f"PIP_{name.upper().replace('-', '_')}", settings.get(name, ""))
    return settings


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
