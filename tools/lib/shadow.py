"""The shadow of Google Colab: every notebook alone, with Colab's versions and without a network.

Colab opens a notebook and nothing else, on a computer whose packages the course does not choose. For
`course.py test --colab` uv builds an environment with Colab's packages, once, in build/colab. Each notebook
is put into an empty folder of its own, with an empty home; a kernel of that environment runs it, with a
stand-in for google.colab; and where the set-up cell asks GitHub for the course, git hands it the working
tree. This file is also the program that runs one notebook, in a process that can be cut off from the network.
"""

from __future__ import annotations

import hashlib
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
from tools.lib.colab_versions import FILE, versions
from tools.lib.files import BUILD, ROOT, Problem, replace
from tools.lib.install import PYTHON, failure, get_uv, only_one_set_up, runs
from tools.lib.notebooks import execute, label, lessons, read

VENV = BUILD / "colab" / "venv"
READY = BUILD / "colab" / "ready.json"  # for which list and folder VENV was completed, with which packages
SUPPORTED = (11, 12, 13)  # the minor versions of Python that TensorFlow has packages for
NAMED = ("tensorflow", "keras", "numpy", "matplotlib")  # in the report

# Nothing else of this computer's settings reaches a notebook: nothing on Python, git, Jupyter or the data.
KEPT = ("LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "COMSPEC", "PATHEXT")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
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
    notebooks = [notebook for path in map(Path, paths) for notebook in lessons(path) or [path]] or lessons()
    for path in notebooks:
        if path.suffix != ".ipynb" or not path.is_file():
            raise Problem(f"test --colab takes paths of notebooks and nothing else: got {path}")
    packages, status = prepare(), 0
    program, network = isolation()
    colab, python = versions(), next(VENV.glob("lib/python*"), VENV).name
    named = ", ".join(f"{name} {colab.packages[name]}" for name in NAMED)
    print(f"As on Google Colab of {colab.date}, with Python {colab.python}: {python}, {named} and more.")
    print(f"Network: {network}.", flush=True)
    with tempfile.TemporaryDirectory(prefix="colab-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        publish(folder / "github.git")

        def run_one(notebook: Path) -> tuple[subprocess.CompletedProcess, float]:
            started, variables = time.monotonic(), lay_out(notebook, folder)
            command = [*program, folder / label(notebook) / "content" / notebook.name]
            ran = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
            return ran, time.monotonic() - started

        with ThreadPoolExecutor(2) as pool:
            for notebook, (ran, seconds) in zip(notebooks, pool.map(run_one, notebooks), strict=True):
                told = ran.stdout.strip() or ran.stderr.strip()
                if ran.returncode:
                    status, told = 1, f"FAILED, {told}".replace("\n", "\n      ")
                print(f"  {label(notebook):<24} {seconds:4.0f} s  {told}", flush=True)
    changed = sorted({name for name, _ in packages.items() ^ installed().items()})
    if changed:
        print(f"FAILED: these packages are not what they were before: {', '.join(changed)}.")
        return 1
    print(f"The {len(packages)} packages are what they were before.")
    return status


def prepare() -> dict[str, str]:
    """Build the environment, once for each list of versions; return its packages.

    Raises:
        Problem: it can't be built, and the message says what to do.
    """
    wanted = hashlib.sha256(os.fsencode(ROOT) + FILE.read_bytes()).hexdigest()
    with only_one_set_up():
        found = installed()
        if READY.exists() and json.loads(READY.read_text()) == {"list": wanted, "packages": found}:
            return found
        READY.unlink(missing_ok=True)
        uv, minor = get_uv(), int(versions().python.partition(".")[2])
        print("Building Google Colab's environment, this once: 3 GB on disk, a few minutes.", flush=True)
        # pyenv's Pythons lie outside the PATH unless they are switched on.
        pyenv = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin"), reverse=True)
        path = os.pathsep.join([*os.get_exec_path(), *map(str, pyenv)])
        for near in sorted(SUPPORTED, key=lambda supported: abs(supported - minor)):
            if runs(uv, "venv", "--quiet", "--clear", "--python", f"3.{near}", VENV, PATH=path):
                break
        if not runs(uv, "pip", "install", "--quiet", "--python", VENV / PYTHON, "-r", FILE):
            raise failure("Google Colab's environment could not be built")
        replace(READY, json.dumps({"list": wanted, "packages": installed()}))
        return installed()


def installed() -> dict[str, str]:
    """Return the environment's packages: the folder of each one's metadata → a digest of its files' list."""
    records = (*VENV.glob("lib/python*/site-packages/*/RECORD"), *VENV.glob("Lib/site-packages/*/RECORD"))
    return {record.parent.name: hashlib.sha256(record.read_bytes()).hexdigest() for record in records}


def lay_out(notebook: Path, folder: Path) -> dict[str, str]:
    """Put a copy of a notebook, alone, into a place of its own; return all variables it may see."""
    place = folder / label(notebook)
    kernel, startup = place / "jupyter/kernels/colab", place / "ipython/profile_default/startup"
    for inner in (place / "content", place / "home", kernel, startup):
        inner.mkdir(parents=True)
    shutil.copy(notebook, place / "content")
    (startup / "00-colab.py").write_text(STAND_IN, encoding="utf-8")
    argv = [str(VENV / PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Google Colab's", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    theirs = [path for path in os.get_exec_path() if not Path(path).is_relative_to(sys.prefix)]
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        **dict.fromkeys(PROXIES, DEAD_PROXY),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
        **dict.fromkeys(("HOME", "USERPROFILE"), str(place / "home")),
        "PATH": os.pathsep.join([str((VENV / PYTHON).parent), *theirs]),
        "MNIST_SOURCE": "sample",
        "IPYTHONDIR": str(place / "ipython"),
        "JUPYTER_PATH": str(place / "jupyter"),
        "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{(folder / 'github.git').as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{course_address().repository}",
    }


def publish(bare: Path) -> None:
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
        [*here, "symbolic-ref", "HEAD", f"refs/heads/{course_address().branch}"],
        [*tree, "add", "--all"],
        [*tree, "commit", "--quiet", "-m", "The course"],
    ):
        subprocess.run(command, cwd=ROOT, env=clean, check=True)


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
    """Run a notebook that has been laid out; without one, only see whether the wall can be had."""
    if arguments[:1] == ["--walled"]:
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
