"""Finding a Python that TensorFlow supports, and making .venv with it: run by course.py under any Python
from 3.8 on, before anything is installed. Every Python is run and asked what it is, not only looked for:
pyenv's shims and Windows's Store alias lie on the PATH and fail when they are run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
WINDOWS = os.name == "nt"

# TensorFlow has wheels for these versions, the newest first, and these kinds of Python, and for no others.
MINORS = (13, 12, 11)
KINDS = ("CPython linux-x86_64", "CPython linux-aarch64", "CPython win-amd64", "CPython macos-arm64")
# What to ask uv for: an Intel Python would do neither on Apple's own chips nor Arm's on Windows.
FROM_UV = {"darwin": "cpython-3.13-macos-aarch64-none", "win32": "cpython-3.13-windows-x86_64-none"}

QUESTIONS = """
import json, platform, sys, sysconfig
try:
    import ensurepip, venv
except ImportError:
    venv = None
system = "macos-" + platform.machine() if sys.platform == "darwin" else sysconfig.get_platform()
kind = platform.python_implementation() + " " + system + " 32-bit" * (sys.maxsize < 2**32)
kind += " free-threaded" * bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
print(json.dumps([sys.executable, sys.version_info[:3], kind, venv is not None, sys.version]))
"""


class Python(NamedTuple):
    """What a Python says about itself when it is run."""

    path: str
    version: list[int]
    kind: str  # such as "CPython linux-x86_64"
    makes_venvs: bool  # Debian's and Ubuntu's has no ensurepip and can't
    build: str

    def refusal(self) -> str:
        """Return why the course can't run on this Python, or an empty string."""
        supported = self.version[0] == 3 and self.version[1] in MINORS and self.kind in KINDS
        return "" if supported else f"{self.kind} {'.'.join(map(str, self.version))}"


def ask(*command: str | Path) -> Python | None:
    """Run a Python that tells what it is; return None if it does not answer."""
    try:
        parts = [*map(str, command), "-I", "-c", QUESTIONS]
        answer = subprocess.check_output(
            parts, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=60
        )
        return Python(*json.loads(answer.decode("utf-8")))
    except (OSError, ValueError, TypeError, subprocess.SubprocessError):
        return None


def runs(*command: str | Path, show: bool = True) -> bool:
    """Run a command in the project's folder, where pip looks for `-e .`; return whether it succeeded."""
    output = None if show else subprocess.DEVNULL
    sys.stdout.flush()
    try:
        parts = [str(part) for part in command]
        return subprocess.call(parts, cwd=ROOT, env=environment(), stdout=output, stderr=output) == 0
    except OSError:  # not there, or not a program
        return False


def environment() -> dict[str, str]:
    """Return this process's variables without those that would lead a Python or pip out of .venv."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    env.update(PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0")
    # no remarks beside the point
    env.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore")
    if "PIP_INDEX_URL" in env:
        env.setdefault("UV_DEFAULT_INDEX", env["PIP_INDEX_URL"])  # a school's mirror serves uv too
    return env


def make_venv(venv: Path) -> Python:
    """Make `venv` with the first good Python, else with uv; return its Python.

    The Python that runs this comes first, for it is the one the user chose, then those on the PATH, the
    newest first. One without ensurepip will do for uv, which otherwise downloads one.

    Raises:
        SystemExit: neither works. The message ends with one line to type.
    """
    answers = {}
    for command in candidates():
        python = answers[" ".join(command)] = ask(*command)
        if python and not python.refusal() and python.makes_venvs and runs(python.path, "-m", "venv", venv):
            print(f"Made {venv.name} with {python.path}, Python {'.'.join(map(str, python.version))}.")
            return python
    for command, python in answers.items():
        print(f"  {command}: {'does not run' if not python else python.refusal() or 'has no ensurepip'}")
    apples_chip = ("/bin/sh", "-c", "/usr/sbin/sysctl -n hw.optional.arm64 | /usr/bin/grep -q 1")
    if sys.platform == "darwin" and not runs(*apples_chip, show=False):
        sys.exit("TensorFlow has no version for Intel Macs. Open the lessons on Colab: see colab_links.md.")
    print("None of these can make .venv: trying with uv.")
    good = [python for python in answers.values() if python and not python.refusal()]
    uv = find_uv() or fetch_uv(*(python.path for python in answers.values() if python))
    wanted = good[0].path if good else FROM_UV.get(sys.platform, ">=3.11,<3.14")
    if uv and runs(uv, "venv", "--quiet", "--seed", "--allow-existing", "--python", wanted, venv):
        python = ask(python_of(venv))
        if python and not python.refusal():
            return python
    sys.exit(
        "\nThe course needs Python 3.11, 3.12 or 3.13. Type this line, then the same command again:\n"
        f"    {line_to_type(good, uv)}"
    )


def python_of(venv: Path) -> Path:
    """Return where a venv has its Python."""
    return venv / ("Scripts/python.exe" if WINDOWS else "bin/python")


def candidates() -> list[list[str]]:
    """Return the commands that may be a Python, each once: the one running this, then those on the PATH."""
    names = [*(f"python3.{minor}" for minor in MINORS), "python3", "python"]
    paths = [shutil.which(name, path=folder) for name in names for folder in os.get_exec_path()]
    running = getattr(sys, "_base_executable", sys.executable)  # not .venv's, which may be built anew
    distinct: dict[str, str] = {}
    for path in filter(None, [running, *paths]):
        distinct.setdefault(os.path.realpath(path), path)
    launcher = [["py", f"-3.{minor}"] for minor in MINORS] if WINDOWS else []
    return [*([path] for path in distinct.values()), *launcher]


def find_uv() -> str | None:
    """Return a uv that runs: from the PATH, from where its installer puts it, or fetched before."""
    name = "uv.exe" if WINDOWS else "uv"
    places = (
        shutil.which("uv"),
        os.path.expanduser(f"~/.local/bin/{name}"),
        ROOT / "build" / "uv" / "bin" / name,
    )
    return next((str(path) for path in places if path and runs(path, "--version", show=False)), None)


def fetch_uv(*pythons: str | Path) -> str | None:
    """Install uv into build/uv with the first of these Pythons that has pip, and return it.

    Into a folder of its own every pip may install, also Debian's, which refuses to touch the system.
    """
    for python in pythons:
        pip = (python, "-m", "pip")
        if runs(*pip, "--version", show=False):
            runs(*pip, "install", "--quiet", "--upgrade", "--target", ROOT / "build" / "uv", "uv")
            return find_uv()
    return None


def line_to_type(good: list[Python], uv: str | None) -> str:
    """Return the one line that brings this system a Python.

    Args:
        good: Pythons that lack nothing but ensurepip.
        uv: A uv that could not download a Python.
    """
    if WINDOWS:
        return "winget install Python.Python.3.13"
    if shutil.which("brew"):
        return "brew install python@3.13"
    if shutil.which("apt-get"):
        for minor in [python.version[1] for python in good] or MINORS:
            if good or runs("apt-cache", "show", f"python3.{minor}-venv", show=False):
                return f"sudo apt install python3.{minor}-venv"
    if shutil.which("dnf"):
        return "sudo dnf install python3.13"
    return f'"{uv}" python install 3.13' if uv else "curl -LsSf https://astral.sh/uv/install.sh | sh"
