"""Check Python, packages, Keras, data, graphics card, disk and kernel: each is OK, or what mends it.

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
import urllib.request
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from tools.lib.files import ROOT

WINDOWS = sys.platform == "win32"
COURSE = "py course.py" if WINDOWS else "python3 course.py"
FORGET, EXPORT = ("Remove-Item Env:", "$env:") if WINDOWS else ("unset ", "export ")
REBUILD = f"delete the folder .venv, then: {COURSE} doctor"
ROOM_GB = 1  # for build/, work/ and what training writes
KERAS = ["tensorflow", "float32", "channels_last"]  # what the lessons rely on
ASK_TENSORFLOW = """
import json, tensorflow as tf
from keras.config import backend, floatx, image_data_format
name = lambda gpu: tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
total, gpus = float(tf.reduce_sum(tf.ones((3, 4)))), map(name, tf.config.list_physical_devices("GPU"))
print(json.dumps([tf.__version__, total, list(gpus), [backend(), floatx(), image_data_format()]]))
"""


class Check(NamedTuple):
    """What a check found: `cure` is None when all is well, else the command that mends it."""

    found: str
    cure: str | None = None


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="course.py doctor", description=__doc__).parse_args(arguments)
    broken = 0
    for check in CHECKS:
        try:
            found, cure = check()
        except Exception as error:  # whatever is broken, the checks after it still run
            reason = str(error).strip().rpartition("\n")[2]
            found, cure = f"{type(error).__name__}: {reason}", REBUILD
        broken += cure is not None
        name = check.__name__.partition("_")[2]
        print(f"{'BROKEN' if cure else 'OK    '}  {name:<10}  {found}", flush=True)
        if cure:
            print(f"{'':<20}To mend it: {cure}", flush=True)
    print("All is well." if not broken else f"{broken} of {len(CHECKS)} checks failed.")
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
    here = {(each.name or "").lower().replace("_", "-"): each.version for each in metadata.distributions()}
    problems = [f"{each.name} is missing" for each in wanted if each.name not in here]
    for each in wanted:
        if each.name in here and not each.specifier.contains(here[each.name], prereleases=True):
            problems.append(f"{each.name} is {here[each.name]}, not {each.specifier}")
    return Check("; ".join(problems), REBUILD) if problems else Check(f"{len(wanted)} as in requirements.txt")


@functools.cache
def ask_tensorflow() -> list:
    """Return TensorFlow's version, a sum, its graphics cards and Keras's configuration.

    It is asked in a process of its own: on a processor without AVX, TensorFlow ends the one that imports it.
    """
    command, environment = [sys.executable, "-c", ASK_TENSORFLOW], {**os.environ, "KERAS_BACKEND": KERAS[0]}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"TensorFlow ended with status {done.returncode}")
    return json.loads(done.stdout.splitlines()[-1])


def check_tensorflow() -> Check:
    """Let TensorFlow compute something."""
    version, total, _, _ = ask_tensorflow()
    return Check(f"{version} computes") if total == 12 else Check(f"adds twelve ones to {total}", REBUILD)


def check_keras() -> Check:
    """Compare Keras's configuration with what the lessons rely on: float16 would make them silently wrong."""
    if (backend := os.environ.get("KERAS_BACKEND", KERAS[0])) != KERAS[0]:
        return Check(f"KERAS_BACKEND is {backend}; the lessons need {KERAS[0]}", f"{FORGET}KERAS_BACKEND")
    found = ask_tensorflow()[3]
    if found == KERAS:
        return Check(", ".join(KERAS))
    settings = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
    cure = f"rename {settings}" if settings.exists() else REBUILD
    return Check(f"{', '.join(found)}; the lessons need {', '.join(KERAS)}", cure)


def check_gpu() -> Check:
    """Say which graphics cards TensorFlow uses, and without one whether and how that can be had."""
    if cards := ask_tensorflow()[2]:
        return Check(", ".join(cards))
    none = "none, and none is needed: every lesson runs on the processor in minutes."
    if not shutil.which("nvidia-smi"):
        return Check(none)
    install = f'"{sys.executable}" -m pip install "tensorflow[and-cuda]" -c tools/constraints.txt'
    return Check(f"{none} To use your NVIDIA card: {'run the course in WSL2' if WINDOWS else install}")


def check_data() -> Check:
    """Find the data as the lessons do, and say of which kind it is."""
    from mnist_helpers.data import DataError, find_mnist

    try:
        found = find_mnist()
    except DataError as error:
        named = [name for name in ("MNIST_PATH", "MNIST_SOURCE") if os.environ.get(name)]
        cure = " ; ".join(FORGET + name for name in named) or f"{COURSE} doctor, once online"
        return Check(str(error), cure)
    way = f". For MNIST, connect once, or on a computer that is online: {COURSE} data --to FOLDER"
    return Check(found.kind + (way if found.is_sample else ""))


def check_disk(folder: Path = ROOT) -> Check:
    """Look whether the project's folder can be written, and has the room that running the lessons takes."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return Check(f"can't be written: {error}", "copy the course into a folder of your own")
    free = shutil.disk_usage(folder).free / 1e9
    if free < ROOM_GB:
        return Check(f"{free:.1f} GB free, {ROOM_GB} GB needed", "delete files you no longer need")
    return Check(f"{free:.0f} GB free")


def check_proxy() -> Check:
    """Look whether a proxy stands between the live page and the browser on this very computer."""
    if not set(urllib.request.getproxies()) - {"no"}:
        return Check("none")
    if not urllib.request.proxy_bypass("127.0.0.1"):
        cure = f"{EXPORT}NO_PROXY='127.0.0.1,localhost'"
        return Check("set for this very computer, too, where it would hide the live page", cure)
    return Check("set, and not for this very computer")


def check_kernel() -> Check:
    """Start a kernel as Jupyter does, away from the project, and let it import the course's helpers."""
    from jupyter_client.manager import run_kernel

    from tools.lib.kernel import kernel_environment

    code = "import json, sys, mnist_helpers; print(json.dumps([sys.prefix, mnist_helpers.__file__]))"
    said: list[str] = []

    def listen(message: dict) -> None:
        said.append(message["content"].get("text", ""))

    with tempfile.TemporaryDirectory() as elsewhere:
        environment = kernel_environment("sample")
        with run_kernel(cwd=elsewhere, env=environment, stderr=subprocess.DEVNULL) as kernel:
            reply = kernel.execute_interactive(code, timeout=60, output_hook=listen)["content"]
    if reply["status"] != "ok":
        return Check(f"fails with {reply['ename']}: {reply['evalue']}", REBUILD)
    prefix, helpers = json.loads("".join(said))
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        own = f'"{sys.executable}" -m ipykernel install --sys-prefix'
        return Check(f"the kernel python3 belongs to another Python, {prefix}", own)
    if not Path(helpers).resolve().is_relative_to(ROOT):
        return Check(f"the kernel imports the helpers of another folder, {helpers}", REBUILD)
    return Check("starts, answers and finds the course's helpers")


CHECKS = (check_python, check_packages, check_tensorflow, check_keras, check_gpu)
CHECKS += (check_data, check_disk, check_proxy, check_kernel)
