"""The shadow of Google Colab: every notebook alone, with Colab's versions and without a network.

Colab opens a notebook and nothing else, on a computer whose packages the course does not choose. For
`course.py test --colab` uv builds an environment with Colab's packages, once, in build/colab. Each notebook
is put into an empty folder of its own, with an empty home; a kernel of that environment runs it, with a
stand-in for google.colab; and where the set-up cell asks GitHub for the course, git hands it the working
tree. The first lesson is tried without GitHub, too, with each line of colab_links.md for a class. This file
is also the program that runs one notebook, in a process of its own: behind the wall.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nbformat.v4 import new_code_cell

from tools.lib.address import course_address
from tools.lib.colab_versions import FILE, versions
from tools.lib.files import BUILD, ROOT, Problem, replace
from tools.lib.install import PYTHON, failure, get_uv, only_one_set_up, runs
from tools.lib.notebooks import FEW_SEEDS, as_text, execute, label, lessons, read, with_seeds

VENV = BUILD / "colab" / "venv"
READY = BUILD / "colab" / "ready"  # a digest of the list and the folder for which VENV was completed

# Nothing else of this computer's settings reaches a notebook: nothing on Python, git, Jupyter or the data.
KEPT = ("LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "COMSPEC", "PATHEXT")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
# A new network namespace has one device, over which the kernel is spoken to; it has to be switched on.
WALL = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
# IPython runs this before the first cell; it leaves no name behind that a lesson could use by mistake.
STAND_IN = '__import__("sys").modules["google.colab"] = __import__("types").ModuleType("google.colab")\n'


def run(paths: list[str]) -> int:
    """Run notebooks in the shadow, two at a time, and report on each; return the exit status.

    Args:
        paths: Notebooks; without any, all lessons and solutions.

    Raises:
        Problem: a path is no notebook's, or Colab's environment can't be built.
    """
    notebooks = [(Path(path), "") for path in paths]
    if not paths:
        notebooks = [(path, "") for path in lessons()] + [(lessons()[0], way) for way in ways()]
    for path, _ in notebooks:
        if path.suffix != ".ipynb" or not path.is_file():
            raise Problem(f"test --colab takes paths of notebooks and nothing else: got {path}")
    prepare()
    wall, network = isolation()
    colab, python = versions(), next(VENV.glob("lib/python*"), VENV).name
    print(f"As on Google Colab of {colab.date}, with the packages of tools/{FILE.name}.")
    print(f"Python {colab.python} there, {python} here. Network: {network}.", flush=True)
    with tempfile.TemporaryDirectory(prefix="colab-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        publish(folder / "github.git")

        def run_one(job: tuple[Path, str]) -> bool:
            notebook, way = job
            name, started = f"{label(notebook)[: 24 if not way else 2]} {way}".strip(), time.monotonic()
            place = folder / name.replace(" ", "-")  # the line types a path, as on Colab without spaces
            environment, copy = lay_out(notebook, place), place / "content" / notebook.name
            if way:
                give_files(copy, ways()[way], folder)
                environment["GIT_ALLOW_PROTOCOL"] = "none"
            command = [*wall, sys.executable, "-m", "tools.lib.shadow", copy]
            ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            told = f"FAILED, {ran.stderr.strip()}".replace("\n", "\n      ") if ran.returncode else "ran"
            print(f"  {name:<24} {time.monotonic() - started:4.0f} s  {told}", flush=True)
            return ran.returncode == 0

        with ThreadPoolExecutor(2) as pool:
            return 0 if all(list(pool.map(run_one, notebooks))) else 1


def prepare() -> None:
    """Build the environment, once for each list of versions.

    Raises:
        Problem: it can't be built, and the message says what to do.
    """
    wanted = hashlib.sha256(os.fsencode(ROOT) + FILE.read_bytes()).hexdigest()
    with only_one_set_up():
        if READY.exists() and READY.read_text() == wanted:
            return
        READY.unlink(missing_ok=True)
        uv, minor = get_uv(), int(versions().python.partition(".")[2])
        print("Building Google Colab's environment, this once: 3 GB on disk, a few minutes.", flush=True)
        # pyenv's Pythons lie outside the PATH unless they are switched on.
        pyenv = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin"), reverse=True)
        path = os.pathsep.join([*os.get_exec_path(), *map(str, pyenv)])
        for near in sorted((11, 12, 13), key=lambda known: abs(known - minor)):  # to TensorFlow
            if runs(uv, "venv", "--quiet", "--clear", "--python", f"3.{near}", VENV, PATH=path):
                break
        if not runs(uv, "pip", "install", "--quiet", "--python", VENV / PYTHON, "-r", FILE):
            raise failure("Google Colab's environment could not be built")
        replace(READY, wanted)


def ways() -> dict[str, str]:
    """Return the lines by which colab_links.md gives a class the files: what they use → what is typed."""
    page = (ROOT / "colab_links.md").read_text("utf-8")
    return dict(re.findall(r"^- \*\*(A [^*]+)\.\*\*.*?^ +(!.*?)$", page, re.MULTILINE | re.DOTALL))


def give_files(copy: Path, line: str, folder: Path) -> None:
    """Put the course's zip, or what was in it, where `line` looks, and the line above a notebook's cells."""
    place, archive = copy.parent.parent, copy.parent / "course.zip"
    git = ["git", "--git-dir", folder / "github.git", "archive"]
    subprocess.run([*git, "--prefix=course-main/", "-o", archive, "HEAD"], check=True)
    places = {"/content/drive": "MyDrive/mnist-course", "/kaggle/input": "ours/course-main"}
    for mounted, inside in places.items():
        if mounted in line:
            target = Path(f"{place}{mounted}", inside)
            shutil.unpack_archive(archive, target.parent)
            (target.parent / "course-main").rename(target)
            archive.unlink()
            line = line.replace(mounted, f"{place}{mounted}")
    notebook = read(copy)
    notebook.cells.insert(0, new_code_cell(line))
    replace(copy, as_text(notebook))


def lay_out(notebook: Path, place: Path) -> dict[str, str]:
    """Put a copy of a notebook, alone, into a place of its own; return all variables it may see."""
    kernel, startup = place / "jupyter/kernels/colab", place / "home/.ipython/profile_default/startup"
    for inner in (place / "content", kernel, startup):
        inner.mkdir(parents=True)
    shutil.copy(notebook, place / "content")
    (startup / "00-colab.py").write_text(STAND_IN, encoding="utf-8")
    argv = [str(VENV / PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Google Colab's", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    theirs = [path for path in os.get_exec_path() if not Path(path).is_relative_to(sys.prefix)]
    return {
        **{name: os.environ[name] for name in KEPT if name in os.environ},
        **dict.fromkeys(PROXIES, "http://127.0.0.1:9"),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
        **dict.fromkeys(("HOME", "USERPROFILE"), str(place / "home")),
        "PATH": os.pathsep.join([str((VENV / PYTHON).parent), *theirs]),
        "MNIST_SOURCE": "sample",
        "JUPYTER_PATH": str(place / "jupyter"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{(place.parent / 'github.git').as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{course_address().repository}",
    }


def publish(bare: Path) -> None:
    """Make a bare repository of the working tree: with what is not committed yet, without what git ignores.

    The course's own repository is not asked: its index and HEAD stay as they are, and a folder that came as
    a zip will do.
    """
    clean = os.environ | {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
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
    """Return what a command starts with to be cut off from the network, if this system lets us, and how."""
    if shutil.which("unshare") and subprocess.run([*WALL, "true"], capture_output=True).returncode == 0:
        return WALL, "none (a network namespace)"
    return [], "dead proxies, for this system allows no network namespace: what ignores proxies gets out"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    try:
        notebook = read(path)
        with_seeds(notebook.cells, count=FEW_SEEDS)
        execute(notebook, dict(os.environ), path.parent, kernel_name="colab")
    except Problem as problem:
        sys.exit(problem)
