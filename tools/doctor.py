"""Check Python, packages, data, graphics card, disk and kernel: each is OK, or what mends it.

The exit status is 1 when something is broken. No graphics card and no network are not: the course runs
without them.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from tools.lib.files import ROOT

COURSE = "py course.py" if sys.platform == "win32" else "python3 course.py"
REBUILD = f"delete the folder .venv, then: {COURSE} doctor"
ROOM_GB = 1  # for build/, work/ and what training writes


class Check(NamedTuple):
    """What a check found: `cure` is None when all is well, else the command that mends it."""

    found: str
    cure: str | None = None


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="course.py doctor", description=__doc__).parse_args(arguments)
    checks: dict[str, Callable[[], Check]] = {
        "Python": check_python,
        "packages": check_packages,
        "TensorFlow": check_tensorflow,
        "GPU": check_gpu,
        "data": check_data,
        "disk": check_disk,
        "kernel": check_kernel,
    }
    broken = 0
    for name, check in checks.items():
        try:
            found, cure = check()
        except Exception as error:  # whatever is broken, the checks after it still run
            found, cure = f"{type(error).__name__}: {error}", REBUILD
        broken += cure is not None
        print(f"{'OK    ' if cure is None else 'BROKEN'}  {name:<10}  {found}", flush=True)
        if cure:
            print(f"{'':<20}To mend it: {cure}", flush=True)
    print("All is well." if not broken else f"{broken} of {len(checks)} checks failed.")
    return 1 if broken else 0


def check_python() -> Check:
    """Return which Python runs this."""
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if not (3, 11) <= sys.version_info < (3, 14):
        return Check(f"{found}; the course needs 3.11, 3.12 or 3.13", REBUILD)
    return Check(found)


def check_packages(requirements: Path = ROOT / "requirements.txt") -> Check:
    """Compare the installed packages with the requirements."""
    from packaging.requirements import Requirement

    lines = [line.split("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("-")]
    problems = []
    for requirement in wanted:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            problems.append(f"{requirement.name} is {version}, not {requirement.specifier}")
    if problems:
        return Check("; ".join(problems), REBUILD)
    return Check(f"{len(wanted)} as in {requirements.name}")


@functools.cache
def _tensorflow() -> subprocess.CompletedProcess[str]:
    # A process of its own: on a processor without AVX, TensorFlow ends the process that imports it.
    code = (
        "import json, tensorflow as tf; total = float(tf.reduce_sum(tf.ones((3, 4))));"
        "gpus = [tf.config.experimental.get_device_details(gpu).get('device_name', gpu.name)"
        " for gpu in tf.config.list_physical_devices('GPU')];"
        "print(json.dumps([tf.__version__, total, gpus]))"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, errors="replace")


def check_tensorflow() -> Check:
    """Let TensorFlow compute something."""
    done = _tensorflow()
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2] or f"ended with status {done.returncode}"
        return Check(f"does not run: {reason}", REBUILD)
    version, total, _ = json.loads(done.stdout.splitlines()[-1])
    return (
        Check(f"{version} computes")
        if total == 12
        else Check(f"{version} adds twelve ones to {total}", REBUILD)
    )


def check_gpu() -> Check:
    """Say which graphics cards TensorFlow uses, and without one whether and how that can be had."""
    gpus = [] if _tensorflow().returncode else json.loads(_tensorflow().stdout.splitlines()[-1])[2]
    if gpus:
        return Check(", ".join(gpus))
    none = "none, and none is needed: every lesson runs on the processor in minutes."
    if not shutil.which("nvidia-smi"):
        return Check(none)
    if sys.platform == "win32":
        return Check(f"{none} To use your NVIDIA card, run the course in WSL2.")
    install = f'"{sys.executable}" -m pip install "tensorflow[and-cuda]" -c tools/constraints.txt'
    return Check(f"{none} To use your NVIDIA card: {install}")


def check_data() -> Check:
    """Find the data as the lessons do, and say of which kind it is."""
    from mnist_helpers.data import SAMPLE, DataError, find_mnist

    try:
        kind = find_mnist().kind
    except DataError as error:
        named = [name for name in ("MNIST_PATH", "MNIST_SOURCE") if os.environ.get(name)]
        forget = "Remove-Item Env:" if sys.platform == "win32" else "unset "
        return Check(
            str(error), " ; ".join(forget + name for name in named) or f"{COURSE} doctor, once online"
        )
    if kind == SAMPLE:
        kind += f". For MNIST, connect once, or on a computer that is online: {COURSE} data --to FOLDER"
    return Check(kind)


def check_disk(folder: Path = ROOT) -> Check:
    """Compare the room in the project's folder with what running the lessons takes."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < ROOM_GB:
        return Check(f"{free:.1f} GB free, {ROOM_GB} GB needed", "delete files you no longer need")
    return Check(f"{free:.0f} GB free")


def check_kernel() -> Check:
    """Start a kernel as Jupyter does, away from the project, and let it import the course's helpers."""
    from jupyter_client.manager import start_new_kernel

    from tools.lib.kernel import kernel_environment

    code = "import json, sys, mnist_helpers; print(json.dumps([sys.prefix, mnist_helpers.__file__]))"
    said: list[str] = []

    def listen(message: dict) -> None:
        if message["msg_type"] in ("stream", "error"):
            content = message["content"]
            said.append(content.get("text") or f"{content['ename']}: {content['evalue']}")

    try:
        with tempfile.TemporaryDirectory() as elsewhere:
            manager, client = start_new_kernel(
                cwd=elsewhere, env=kernel_environment("sample"), stderr=subprocess.DEVNULL
            )
            try:
                client.execute_interactive(code, timeout=60, output_hook=listen)
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
        prefix, helpers = json.loads("".join(said))
    except (RuntimeError, TimeoutError, OSError, ValueError) as error:
        return Check(f"does not answer: {''.join(said) or error}", REBUILD)
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        own = f'"{sys.executable}" -m ipykernel install --sys-prefix'
        return Check(f"the kernel python3 belongs to another Python, {prefix}", own)
    if not Path(helpers).resolve().is_relative_to(ROOT):
        return Check(f"the kernel imports the helpers of another folder, {helpers}", REBUILD)
    return Check("starts, answers and finds the course's helpers")
