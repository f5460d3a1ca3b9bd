"""The shadow of Google Colab: every lesson alone, with Colab's versions and without a network.

Colab opens a notebook and nothing else, on a computer whose packages the course does not choose. For
`course.py test --colab` this module builds an environment with Colab's packages, once, into build/colab; it
puts each notebook into an empty folder of its own; a kernel of that environment runs it, with a stand-in for
google.colab; and where the set-up cell asks GitHub for the course, git hands it the working tree.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

import course
from tools.lib.files import ROOT
from tools.lib.notebooks import NOTEBOOKS, lessons
from tools.lib.python import Python, ask, candidates, find_uv, python_of, runs
from tools.maintain.colab import FILE, versions
from tools.maintain.links import Address

SHADOW = ROOT / "build" / "colab"
VENV = SHADOW / "venv"
READY = SHADOW / "ready.json"  # for which list and folder VENV was completed, and with which packages

# What this computer's settings say about Python, git, the data and Jupyter stays outside.
OURS = ("PYTHON", "PYTEST_", "GIT_", "MNIST_", "KERAS_", "IPYTHON", "JUPYTER", "KAGGLE_", "VIRTUAL_ENV")
NAMED = ("tensorflow", "keras", "numpy", "matplotlib")  # in the report
DEAD_PROXY = "http://127.0.0.1:9"
# IPython runs this before the first cell. Each notebook also gets a home of its own, the folder above it.
# Colab's IPython is so old that it can't be told to raise when a command (!command, %pip) fails.
STAND_IN = """
def stand_in(shell):
    import os, subprocess, sys, traitlets, types
    sys.modules["google.colab"] = types.ModuleType("google.colab")
    os.environ["HOME"] = os.environ["USERPROFILE"] = os.path.dirname(os.getcwd())
    if not shell.has_trait("system_raise_on_error"):
        run = shell.system
        def run_and_raise(command):
            run(command)
            status = shell.user_ns["_exit_code"]
            if status and shell.system_raise_on_error:
                raise subprocess.CalledProcessError(status, command)
        shell.add_traits(system_raise_on_error=traitlets.Bool(False))
        shell.system = run_and_raise
stand_in(get_ipython())
del stand_in
"""
# sys.path is set here, not in the environment, which the notebooks' kernels inherit.
CALL = "import sys; sys.path.insert(0, {root!r}); from tools.lib import shadow; sys.exit(shadow.{call})"


def run(arguments: list[str]) -> int:
    """Run notebooks in the shadow and report on each; return the exit status.

    Args:
        arguments: Absolute paths of notebooks or folders (without any: all lessons and solutions), and
            anything else for pytest.

    Raises:
        SystemExit: A path is no notebook's, or Colab's environment can't be built.
    """
    notebooks, for_pytest = split(arguments)
    python = prepare()
    versions_here, before = described(python), installed()
    wall, network = isolation()
    with tempfile.TemporaryDirectory(prefix="colab-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        copies = [lay_out(notebook, folder) for notebook in notebooks]
        words = [str(folder), "walled" if wall else "", *for_pytest, *map(str, copies)]
        command = [*wall, sys.executable, "-c", CALL.format(root=str(ROOT), call="inside(*sys.argv[1:])")]
        status = subprocess.call([*command, *words], cwd=folder, env=environment(folder, python))
        results = read_json(folder / "results.json")
    print(f"\nAs on Google Colab: {versions_here}")
    print(f"Network: {network}.")
    for copy in copies:
        cells, seconds = results.get(place(copy), ({}, 0))
        good = set(cells) <= {"passed"}
        status = status or int(not good)
        told = f"{cells.get('passed', 0)} cells ran" if good else f"FAILED: {told_cells(cells)}"
        print(f"  {place(copy):<30} {told}, {seconds:.0f} s")
    changed = sorted({name for name, _ in before.items() ^ installed().items()})
    if changed:
        print(f"FAILED: these packages are not what they were before: {', '.join(changed)}.")
    else:
        print(f"The {len(before)} packages are what they were before.")
    return status or int(bool(changed))


def split(arguments: list[str]) -> tuple[list[Path], list[str]]:
    """Separate the notebooks from what else is meant for pytest."""
    paths = [argument for argument in arguments if os.path.isabs(argument.partition("::")[0])]
    notebooks: list[Path] = []
    for path in (Path(argument.partition("::")[0]) for argument in paths):
        inside = lessons(path) or sorted(path.glob("*.ipynb"))
        if path.suffix != ".ipynb" and not inside:
            sys.exit(f"course.py test --colab runs notebooks, and {path.name} is none.")
        notebooks += inside or [path]
    rest = [argument for argument in arguments if argument not in paths]
    return list(dict.fromkeys(notebooks)) if paths else lessons(), rest


# --- The environment ----------------------------------------------------------------------------------


def prepare() -> Python:
    """Build the environment, once for each list of versions; return its Python.

    Raises:
        SystemExit: It can't be built, and the message says what to do.
    """
    SHADOW.mkdir(parents=True, exist_ok=True)
    uv = find_uv()
    with course.only_one_set_up():
        noted, python = read_json(READY), ask(python_of(VENV))
        wanted = hashlib.sha256(os.fsencode(ROOT) + FILE.read_bytes()).hexdigest()
        if python and noted.get("list") == wanted and noted.get("packages") == installed():
            return python
        READY.unlink(missing_ok=True)
        shutil.rmtree(VENV, ignore_errors=True)
        base = nearest(versions().python, uv)
        print("Building Google Colab's environment, this once: 3 GB on disk, a few minutes.", flush=True)
        if base.makes_venvs:
            made = runs(base.path, "-m", "venv", VENV)
        else:
            made = uv and runs(uv, "venv", "--quiet", "--seed", "--python", base.path, VENV)
        if not made or not runs(python_of(VENV), "-m", "pip", "install", "--quiet", "-r", FILE):
            sys.exit(
                "\nGoogle Colab's environment could not be built; the reason stands above.\n"
                "  No network? Connect; behind a proxy, set HTTPS_PROXY. What was downloaded is kept.\n"
                f"  A full disk? {course.room()}\nThen run the same command again."
            )
        python = ask(python_of(VENV))
        READY.write_text(json.dumps({"list": wanted, "packages": installed()}), encoding="utf-8")
        return python


def nearest(wanted: str, uv: str | None) -> Python:
    """Return the Python on this computer whose version comes closest to Colab's, such as "3.13"."""
    commands = candidates()
    for shim in [Path(path) for path, *_ in commands if Path(path).parent.name == "shims"]:
        # pyenv's shims run only the versions that were switched on; the others lie beside them.
        commands += [[str(path)] for path in shim.parents[1].glob(f"versions/{wanted}.*/bin/python3")]
    answers = [python for python in (ask(*command) for command in commands) if python]
    good = [python for python in answers if not python.refusal() and (python.makes_venvs or uv)]
    if not good:
        sys.exit(
            f"Google Colab's environment needs Python {wanted}, or another one that TensorFlow supports."
        )
    minor = int(wanted.partition(".")[2])
    best = min(good, key=lambda python: abs(python.version[1] - minor))
    if best.version[1] != minor:
        print(f"Colab has Python {wanted}, which is not here: taking {'.'.join(map(str, best.version))}.")
    return best


def installed() -> dict[str, str]:
    """Return the environment's packages: the folder of each one's metadata → a digest of its files' list."""
    records = [record for folder in site_packages() for record in Path(folder).glob("*.dist-info/RECORD")]
    return {record.parent.name: hashlib.sha256(record.read_bytes()).hexdigest() for record in records}


def site_packages() -> list[str]:
    return [str(path) for path in (*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages"))]


def described(python: Python) -> str:
    """Say which versions the environment has, and where they were read."""
    colab, here = versions(), ".".join(map(str, python.version))
    there = "" if here.startswith(f"{colab.python}.") else f" (Colab has {colab.python})"
    found = importlib.metadata.distributions
    has = {name: next(found(name=name, path=site_packages())).version for name in NAMED}
    named = ", ".join(" ".join(pair) for pair in has.items())
    assumed = f"; assumed: {', '.join(sorted(colab.assumed))}" if colab.assumed else ""
    return f"Python {here}{there}, {named} and more, as read on {colab.date} ({colab.source}){assumed}."


# --- What a notebook finds ----------------------------------------------------------------------------


def lay_out(notebook: Path, folder: Path) -> Path:
    """Copy a notebook, alone, into an empty folder; return the copy's path."""
    relative = notebook.relative_to(NOTEBOOKS) if notebook.is_relative_to(NOTEBOOKS) else Path(notebook.name)
    copy = folder / "-".join(relative.with_suffix("").parts) / "content" / notebook.name
    copy.parent.mkdir(parents=True)
    return Path(shutil.copy(notebook, copy))


def place(copy: Path) -> str:
    """Return by which name the report calls a notebook."""
    return copy.parents[1].name


def environment(folder: Path, python: Python) -> dict[str, str]:
    """Return the environment of pytest and the kernels; what it refers to is written into `folder`."""
    kernel = folder / "jupyter" / "kernels" / "colab"
    kernel.mkdir(parents=True)
    argv = [python.path, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Google Colab's", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    startup = folder / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-colab.py").write_text(STAND_IN, encoding="utf-8")

    address = Address(
        **tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["course"]
    )
    bare = publish(folder / "github.git", address.branch)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    theirs = [path for path in os.get_exec_path() if not Path(path).is_relative_to(sys.prefix)]
    proxies = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {
        **kept,
        **dict.fromkeys(proxies, DEAD_PROXY),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
        "PATH": os.pathsep.join([str(Path(python.path).parent), *theirs]),
        "JUPYTER_PATH": str(kernel.parents[1]),
        "IPYTHONDIR": str(folder / "ipython"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{bare.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{address.repository}",
    }


def publish(bare: Path, branch: str) -> Path:
    """Make a bare repository of the working tree: with what is not committed yet, without what git ignores.

    The course's own repository is only asked which files there are: its index and HEAD stay as they are.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    ask_git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(ask_git, cwd=ROOT, env=clean, capture_output=True)
    names = [
        name
        for name in answer.stdout.split(b"\0")
        if name and os.path.isfile(os.path.join(os.fsencode(ROOT), name))
    ]
    here = ["--git-dir", str(bare)]
    tree = [*here, "--work-tree", str(ROOT), "--literal-pathspecs", "-c", "core.autocrlf=false"]
    # A folder that came as a zip is no repository: there, its .gitignore alone decides.
    which = ["--force", "--pathspec-from-file=-", "--pathspec-file-nul"] if names else ["--all"]
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    settings = clean | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    for command in (
        [*here, "init", "--quiet", "--bare"],
        [*here, "symbolic-ref", "HEAD", f"refs/heads/{branch}"],
        [*tree, "add", *which],
        [*tree, *author, "commit", "--quiet", "-m", "The course"],
    ):
        subprocess.run(["git", *command], cwd=ROOT, env=settings, input=b"\0".join(names), check=True)
    return bare


# --- Without a network --------------------------------------------------------------------------------


def isolation() -> tuple[list[str], str]:
    """Return the command that cuts a process off, if this system lets us, and in words what cuts it off."""
    unshare = shutil.which("unshare")
    wall = [unshare, "--map-root-user", "--net"] if unshare else []
    loopback = [sys.executable, "-c", CALL.format(root=str(ROOT), call="raise_loopback()")]
    if wall and runs(*wall, *loopback, show=False):
        return wall, "none (a network namespace)"
    return [], "dead proxies, for this system allows no network namespace: what ignores proxies gets out"


def raise_loopback() -> None:
    """Switch on, in a new network namespace, the one device that is there: kernels are spoken to over it."""
    import fcntl
    import socket
    import struct

    set_flags, up = 0x8914, 1  # SIOCSIFFLAGS and IFF_UP in <linux/if.h>
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH22x", b"lo", up))


def inside(folder: str, walled: str, *arguments: str) -> int:
    """Run pytest, in the process that is cut off, and note in `folder` what became of each notebook."""
    if walled:
        raise_loopback()
    import pytest

    results = Results()
    command = ["-p", "tests.nbval_guard", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    command += [
        "--rootdir",
        folder,
        "--nbval-lax",
        "--nbval-kernel-name",
        "colab",
        "--notebook-data",
        "sample",
    ]
    status = pytest.main([*command, "--durations=10", "-rfEs", *arguments], plugins=[results])
    (Path(folder) / "results.json").write_text(json.dumps(results.found()), encoding="utf-8")
    return int(status)


class Results:
    """A plugin that counts what became of each notebook's cells."""

    def __init__(self):
        self.cells, self.seconds = defaultdict(Counter), Counter()

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.partition("/")[0]
        self.seconds[name] += report.duration
        if report.when == "call" or not report.passed:
            self.cells[name][report.outcome] += 1

    def pytest_collectreport(self, report):
        if report.failed:
            self.cells[report.nodeid.partition("/")[0]]["unreadable"] += 1

    def found(self) -> dict[str, tuple[dict[str, int], float]]:
        return {name: (cells, self.seconds[name]) for name, cells in self.cells.items()}


def told_cells(cells: dict[str, int]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(cells.items()))


def read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
