#!/usr/bin/env python3
"""The front door of the course: `python3 course.py VERB` (on Windows `py course.py VERB`).

Any Python from 3.8 on can start this file. It finds a Python that TensorFlow supports, fills the folder
.venv once with the packages of requirements.txt, and hands over to .venv's Python, which runs
tools/VERB.py. Every module in tools/ that defines `main` is a verb: a new one changes nothing here.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.lib.python import WINDOWS, ask, environment, fetch_uv, find_uv, make_venv, python_of, runs

ROOT = Path(__file__).resolve().parent
BUILD = ROOT / "build"
VENV = ROOT / ".venv"
VENV_PYTHON = python_of(VENV)
STATE = VENV / "course.json"  # for which folder .venv was made, and which sets of packages are complete
DISK_GB = 4  # measured: 2.7 in .venv, and room for pip to work
FIRST_VERBS = ("run", "test", "lab", "doctor")  # first in the help, in this order


def main(arguments: list[str]) -> int:
    """Show the help, or set up and hand over to the verb; return the exit status."""
    verbs = find_verbs()
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print("usage: python3 course.py VERB ...        (VERB --help tells more)\n")
        for verb in sorted(verbs, key=lambda verb: [*FIRST_VERBS, verb].index(verb)):
            print(f"  {verb:<8} {verbs[verb].splitlines()[0]}")
        return 0
    verb = arguments[0]
    if verb not in verbs:
        near = difflib.get_close_matches(verb, verbs, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(verbs)}."
        print(f"course.py has no verb {verb!r}. {hint}", file=sys.stderr)
        return 2
    ready = is_ready("requirements.txt")
    if not ready and {"-h", "--help"} & set(arguments):
        print(f"usage: python3 course.py {verb} ...\n\n{verbs[verb]}")
        return 0
    if not ready:
        set_up()
    elif os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        place = "tools" if (ROOT / "tools" / f"{verb}.py").exists() else "tools.maintain"
        return importlib.import_module(f"{place}.{verb}").main(arguments[1:])
    path = os.pathsep.join([str(VENV_PYTHON.parent), os.environ.get("PATH", os.defpath)])
    activated = {**environment(), "VIRTUAL_ENV": str(VENV), "PATH": path}
    return become([VENV_PYTHON, ROOT / "course.py", *arguments], activated)


def find_verbs() -> dict[str, str]:
    """Return each verb's docstring, read from the text of the modules.

    They are neither imported (their packages may be missing) nor parsed (they may be written in a newer
    Python than the one that shows the help).
    """
    verb = re.compile(r'\s*"""(.+?)\s*""".*^def main\(', re.DOTALL | re.MULTILINE)
    modules = sorted([*(ROOT / "tools").glob("*.py"), *(ROOT / "tools" / "maintain").glob("*.py")])
    found = {module: verb.match(module.read_text(encoding="utf-8")) for module in modules}
    return {module.stem: match.group(1) for module, match in found.items() if match}


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


def set_up(extra: tuple[str, ...] = ()) -> None:
    """Make .venv ready: the packages of requirements.txt, then of the requirements files in `extra`.

    It does nothing when these files, the lock, pyproject.toml, the interpreter and the project's path are
    what they were when each set was completed.

    Args:
        extra: Requirements files, relative to the project, such as `("tests/requirements.txt",)`.

    Raises:
        SystemExit: It failed, and the message says what to do.
    """
    wanted = ["requirements.txt", *extra]
    if all(is_ready(requirements) for requirements in wanted):
        return
    try:
        with only_one_set_up():
            wanted = [requirements for requirements in wanted if not is_ready(requirements)]
            if wanted:  # otherwise the set-up waited for has done it
                prepare_venv()
            for requirements in wanted:
                install(requirements)
    except KeyboardInterrupt:
        print("\nThe set-up was stopped. The same command starts it again.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:
        full = room() if error.errno == errno.ENOSPC else ""
        sys.exit(f"The set-up stopped: {error}. {full}\nWhen this is mended, run the same command again.")


def is_ready(requirements: str) -> bool:
    """Return whether all that a set of packages depends on is as it was when the set was completed."""
    noted = read_state().get("ready", {}).get(requirements)
    return noted is not None and noted == fingerprint(requirements)


def fingerprint(requirements: str) -> str | None:
    """Return a digest of all that a set of packages depends on, or None if .venv's Python does not run."""
    python = ask(VENV_PYTHON)
    if python is None:
        return None
    digest = hashlib.sha256(f"{os.fsencode(ROOT)!r} {python.build}".encode())
    for name in ("requirements.txt", requirements, "tools/constraints.txt", "pyproject.toml"):
        digest.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()


def read_state() -> dict:
    try:
        return json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def write_state(**changes: object) -> None:
    partial = STATE.with_suffix(".partial")
    partial.write_text(json.dumps({**read_state(), **changes}), encoding="utf-8")
    os.replace(partial, STATE)


@contextlib.contextmanager
def only_one_set_up():
    """Hold the set-up's lock, which the system frees when this process ends, however it ends."""
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "set-up.lock", "a") as file:
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


def prepare_venv() -> None:
    """See to a sound .venv: keep a good one, build anew what is broken, moved or half installed."""
    state, python = read_state(), ask(VENV_PYTHON)
    if python and not python.refusal():
        if not state:
            print("Using the .venv that is already here.")
            return write_state(root=str(ROOT), python=python.version[:2], found=True, installing=False)
        if (state["root"], state["python"]) == (str(ROOT), python.version[:2]) and not state["installing"]:
            return None
    if VENV.exists():
        if not state or state.get("found"):
            sys.exit("The folder .venv does not work and is not course.py's: rename it, then run this again.")
        print("The .venv here is unfinished, moved or without its Python: building it anew.")
        shutil.rmtree(BUILD / "old-venv", ignore_errors=True)
        VENV.rename(BUILD / "old-venv")  # in one step: half deleted, it would look like someone else's
    shutil.rmtree(BUILD / "old-venv", ignore_errors=True)
    if shutil.disk_usage(ROOT).free < DISK_GB * 1e9:
        sys.exit(f"There is too little room on the disk. {room()}\nThen run the same command again.")
    print("Set-up, this once: 0.8 GB to download, 2.7 GB on disk, a few minutes.")
    VENV.mkdir()
    try:
        write_state(root=str(ROOT), python=None, installing=True)
        write_state(python=make_venv(VENV).version[:2])
    except BaseException:
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def install(requirements: str) -> None:
    """Install a set of packages in the locked versions and, as the very last step, note that it is there."""
    print(f"Installing {requirements} ...")
    start, state = time.monotonic(), read_state()
    ours, first = not state.get("found"), "ready" not in state
    write_state(installing=ours)  # what was cut off can look complete, so our .venv is then built anew
    uv = find_uv()
    if not uv and not runs(VENV_PYTHON, "-m", "pip", "--version", show=False):
        uv = fetch_uv(sys.executable)
    tool = [uv, "pip", "install", "--python", VENV_PYTHON] if uv else [VENV_PYTHON, "-m", "pip", "install"]
    if not runs(*tool, "-r", requirements, "-c", "tools/constraints.txt"):
        left = room()
        write_state(installing=False)
        if ours and first:
            shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(
            f"\n{requirements} could not be installed; the reason stands above.\n"
            "  No network? Connect; behind a proxy, set HTTPS_PROXY. What was downloaded is kept.\n"
            f"  A full disk? {left}\nThen run the same command again."
        )
    write_state(installing=False, ready={**state.get("ready", {}), requirements: fingerprint(requirements)})
    print(f"{requirements} is installed ({time.monotonic() - start:.0f} s).", flush=True)


def room() -> str:
    """Say how much room there is, in the project's folder and where pip unpacks."""
    here, there = (f"{shutil.disk_usage(path).free / 1e9:.1f} GB" for path in (ROOT, tempfile.gettempdir()))
    return f"{here} are free here, {there} in {tempfile.gettempdir()}: make it at least {DISK_GB} GB here."


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # no path may break an old console
    sys.exit(main(sys.argv[1:]))
