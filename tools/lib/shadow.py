"""The shadow of Google Colab: every notebook alone, with Colab's versions and without a network.

Colab opens a notebook and nothing else, on a computer whose packages the course does not choose. For
`course.py test --colab` uv builds an environment with Colab's packages, once, in build/colab. Each notebook
is put into an empty folder of its own, with an empty home; a kernel of that environment runs it, with a
stand-in for google.colab; and where the set-up cell asks GitHub for the course, git hands it the working
tree. This file is also the program that runs one notebook, in a process that can be cut off from the network.
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
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.lib.address import course_address
from tools.lib.colab_versions import versions
from tools.lib.files import BUILD, ROOT, Problem, replace
from tools.lib.install import environment, get_uv
from tools.lib.notebooks import execute, label, lessons, read

LIST = ROOT / "tools" / "colab_versions.txt"
SHADOW = BUILD / "colab"
VENV = SHADOW / "venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
READY = SHADOW / "ready.json"  # for which list and folder VENV was completed, and with which packages
SUPPORTED = (11, 12, 13)  # the minor versions of Python that TensorFlow has packages for
NAMED = ("tensorflow", "keras", "numpy", "matplotlib")  # in the report

# Nothing else of this computer's settings reaches a notebook: nothing on Python, git, Jupyter or the data.
KEPT = ("LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "COMSPEC", "PATHEXT")
DEAD_PROXY = "http://127.0.0.1:9"
# IPython runs this before the first cell; it leaves no name behind that a lesson could use by mistake.
STAND_IN = '__import__("sys").modules["google.colab"] = __import__("types").ModuleType("google.colab")\n'


def run(paths: list[str]) -> int:
    """Run notebooks in the shadow, two at a time, and report on each; return the exit status.

    Args:
        paths: Notebooks, or folders of them; without any, all lessons and solutions.

    Raises:
        Problem: a path is no notebook's, or Colab's environment can't be built.
    """
    notebooks = choose(paths)
    prepare()
    before, status = installed(), 0
    program, network = isolation()
    print(f"As on Google Colab: {described()}\nNetwork: {network}.", flush=True)
    with tempfile.TemporaryDirectory(prefix="colab-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        address = course_address()
        variables = settings(publish(folder / "github.git", address.branch), address.repository)

        def run_one(notebook: Path) -> tuple[subprocess.CompletedProcess, float]:
            place, started = folder / label(notebook), time.monotonic()
            command = [*program, lay_out(notebook, place)]
            finished = subprocess.run(
                command, cwd=ROOT, env=variables | places(place), capture_output=True, text=True
            )
            return finished, time.monotonic() - started

        with ThreadPoolExecutor(2) as pool:
            for notebook, (finished, seconds) in zip(notebooks, pool.map(run_one, notebooks), strict=True):
                told = finished.stdout.strip() or finished.stderr.strip()
                if finished.returncode:
                    status, told = 1, "FAILED, " + told.replace("\n", "\n      ")
                print(f"  {label(notebook):<24} {seconds:4.0f} s  {told}", flush=True)
    changed = sorted({name for name, _ in before.items() ^ installed().items()})
    if changed:
        print(f"FAILED: these packages are not what they were before: {', '.join(changed)}.")
        return 1
    print(f"The {len(before)} packages are what they were before.")
    return status


def choose(paths: list[str]) -> list[Path]:
    """Return the notebooks that are meant, each once."""
    chosen: list[Path] = []
    for path in map(Path, paths):
        found = [path] if path.suffix == ".ipynb" and path.is_file() else lessons(path)
        if not found:
            raise Problem(f"test --colab runs notebooks: expected paths of some, got {path}")
        chosen += found
    return list(dict.fromkeys(path.resolve() for path in chosen or lessons()))


# --- The environment ----------------------------------------------------------------------------------


def prepare() -> None:
    """Build the environment, once for each list of versions.

    Raises:
        Problem: it can't be built, and the message says what to do.
    """
    wanted = hashlib.sha256(os.fsencode(ROOT) + LIST.read_bytes()).hexdigest()
    if READY.exists() and json.loads(READY.read_text()) == {"list": wanted, "packages": installed()}:
        return
    uv, variables = get_uv(), environment()
    # pyenv's Pythons lie outside the PATH unless they are switched on.
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/*/bin")
    variables["PATH"] = os.pathsep.join([*os.get_exec_path(), *map(str, sorted(pyenv, reverse=True))])
    READY.unlink(missing_ok=True)
    print("Building Google Colab's environment, this once: 3 GB on disk, a few minutes.", flush=True)
    minor = int(versions().python.partition(".")[2])
    for near in sorted(SUPPORTED, key=lambda other: abs(other - minor)):
        command = [uv, "venv", "--quiet", "--clear", "--python", f"3.{near}", VENV]
        if subprocess.call(command, env=variables) == 0:
            break
    if subprocess.call(
        [uv, "pip", "install", "--quiet", "--python", PYTHON, "-r", LIST], cwd=ROOT, env=variables
    ):
        raise Problem(
            "Google Colab's environment could not be built; the reason stands above.\n"
            "  No network? Connect; behind a proxy, set HTTPS_PROXY. What was downloaded is kept.\n"
            f"  A full disk? {shutil.disk_usage(ROOT).free / 1e9:.1f} GB are free, 4 are needed.\n"
            "Then run the same command again."
        )
    replace(READY, json.dumps({"list": wanted, "packages": installed()}))


def site_packages() -> list[str]:
    return [str(path) for path in (*VENV.glob("lib/python*/site-packages"), *VENV.glob("Lib/site-packages"))]


def installed() -> dict[str, str]:
    """Return the environment's packages: the folder of each one's metadata → a digest of its files' list."""
    records = [record for folder in site_packages() for record in Path(folder).glob("*.dist-info/RECORD")]
    return {record.parent.name: hashlib.sha256(record.read_bytes()).hexdigest() for record in records}


def described() -> str:
    """Say which versions the environment has, and where they were read."""
    colab, here = versions(), Path(site_packages()[0]).parent.name.removeprefix("python")
    there = "" if here in (colab.python, "Lib") else f" {here} (Colab has {colab.python})"
    found = importlib.metadata.distributions
    named = [f"{name} {next(found(name=name, path=site_packages())).version}" for name in NAMED]
    return f"Python{there or f' {colab.python}'}, {', '.join(named)} and more, as read on {colab.date} ({colab.source})"


# --- What a notebook finds ----------------------------------------------------------------------------


def lay_out(notebook: Path, place: Path) -> Path:
    """Put into a notebook's place its copy, alone in a folder, and what its kernel needs."""
    kernel, startup = place / "jupyter/kernels/colab", place / "ipython/profile_default/startup"
    for folder in (place / "content", place / "home", kernel, startup):
        folder.mkdir(parents=True)
    argv = [str(PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Google Colab's", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    (startup / "00-colab.py").write_text(STAND_IN, encoding="utf-8")
    return Path(shutil.copy(notebook, place / "content"))


def places(place: Path) -> dict[str, str]:
    """Return the variables that lead a kernel to what `lay_out` has put there."""
    names = {"HOME": "home", "USERPROFILE": "home", "IPYTHONDIR": "ipython"}
    names |= {"JUPYTER_PATH": "jupyter", "JUPYTER_RUNTIME_DIR": "runtime"}
    return {name: str(place / folder) for name, folder in names.items()}


def settings(github: Path, repository: str) -> dict[str, str]:
    """Return the variables that all notebooks share; git finds `github` where it looks for `repository`."""
    theirs = [folder for folder in os.get_exec_path() if not Path(folder).is_relative_to(sys.prefix)]
    proxies = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        **dict.fromkeys(proxies, DEAD_PROXY),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
        "PATH": os.pathsep.join([str(PYTHON.parent), *theirs]),
        "MNIST_SOURCE": "sample",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{github.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{repository}",
    }


def publish(bare: Path, branch: str) -> Path:
    """Make a bare repository of the working tree: with what is not committed yet, without what git ignores.

    The course's own repository is not asked: its index and HEAD stay as they are, and a folder that came as
    a zip will do.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    here = ["git", "--git-dir", str(bare), "-c", "core.autocrlf=false"]
    tree = [*here, "--work-tree", str(ROOT), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (
        [*here, "init", "--quiet", "--bare"],
        [*here, "symbolic-ref", "HEAD", f"refs/heads/{branch}"],
        [*tree, "add", "--all"],
        [*tree, "commit", "--quiet", "-m", "The course"],
    ):
        subprocess.run(command, cwd=ROOT, env=clean, check=True)
    return bare


# --- Without a network --------------------------------------------------------------------------------


def isolation() -> tuple[list[str], str]:
    """Return the command that runs one notebook, cut off if this system lets us, and how in words."""
    program = [sys.executable, "-m", "tools.lib.shadow"]
    walled = ["unshare", "--map-root-user", "--net", *program, "--walled"]
    try:
        allowed = subprocess.run(walled, cwd=ROOT, capture_output=True).returncode == 0
    except OSError:  # no unshare: not Linux
        allowed = False
    if allowed:
        return walled, "none (a network namespace)"
    return program, "dead proxies, for this system allows no network namespace: what ignores proxies gets out"


def raise_loopback() -> None:
    """Switch on, in a new network namespace, the one device that is there: kernels are spoken to over it."""
    import fcntl
    import socket
    import struct

    set_flags, up = 0x8914, 1  # SIOCSIFFLAGS and IFF_UP in <linux/if.h>
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sH22x", b"lo", up))


def main(arguments: list[str]) -> int:
    """Run the notebook that has been laid out; without one, only see whether the wall can be had."""
    if "--walled" in arguments:
        raise_loopback()
    for path in map(Path, arguments[arguments[:1] == ["--walled"] :]):
        notebook = read(path)
        try:
            execute(notebook, dict(os.environ), path.parent, kernel_name="colab")
        except Problem as problem:
            print(problem)
            return 1
        print(f"{sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ran")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
