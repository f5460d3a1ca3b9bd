"""Check packages, TensorFlow, data, disk, proxy and kernel: each is OK, or what mends it.

The exit status is 1 when something is broken; to have no graphics card or no network is all right.
"""

from __future__ import annotations

import argparse
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

from tools.lib.files import ROOT

WINDOWS = sys.platform == "win32"
COURSE = "py course.py" if WINDOWS else "python3 course.py"
FORGET, EXPORT = ("Remove-Item Env:", "$env:") if WINDOWS else ("unset ", "export ")
REBUILD = f"delete the folder .venv, then: {COURSE} doctor"
KERAS = ["tensorflow", "float32", "channels_last"]  # what the lessons rely on
ASK_TENSORFLOW = """
import json, keras.config as keras, tensorflow as tf
name = lambda gpu: tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
tf.reduce_sum(tf.ones((3, 4)))
cards = list(map(name, tf.config.list_physical_devices("GPU")))
print(json.dumps([tf.__version__, cards, [keras.backend(), keras.floatx(), keras.image_data_format()]]))
"""
ASK_KERNEL = "import json, sys, mnist_helpers; print(json.dumps([sys.prefix, mnist_helpers.__file__]))"

Check = tuple[str, str | None]  # what was found, and the command that mends it or None when all is well


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="course.py doctor", description=__doc__).parse_args(arguments)
    broken = 0
    for check in (check_packages, check_tensorflow, check_data, check_disk, check_proxy, check_kernel):
        try:
            found, cure = check()
        except Exception as error:  # whatever is broken, the checks after it still run
            found, cure = f"{type(error).__name__}: {error}", REBUILD
        status, name = "BROKEN" if cure else "OK", check.__name__.removeprefix("check_")
        print(f"{status:<6}  {name:<10}  {found}", flush=True)
        if cure:
            broken += 1
            print(f"{'':<20}To mend it: {cure}", flush=True)
    print(f"{broken} of the checks failed." if broken else "All is well.")
    return 1 if broken else 0


def check_packages(requirements: Path = ROOT / "requirements.txt") -> Check:
    """Compare the installed packages with the requirements."""
    from packaging.requirements import Requirement

    lines = [line.split("#")[0].strip() for line in requirements.read_text(encoding="utf-8").splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("-")]
    here = {(each.name or "").lower().replace("_", "-"): each.version for each in metadata.distributions()}
    problems = [
        f"{each} is needed, not {here.get(each.name, 'none')}"
        for each in wanted
        if each.name not in here or not each.specifier.contains(here[each.name], prereleases=True)
    ]
    where = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return ("; ".join(problems), REBUILD) if problems else (f"as in requirements.txt, {where}", None)


def check_tensorflow() -> Check:
    """Let TensorFlow compute, and look at Keras's configuration: float16 would make lessons silently wrong.

    They are asked in a process of their own: on a processor without AVX, TensorFlow ends the one it is in.
    """
    if (backend := os.environ.get("KERAS_BACKEND", KERAS[0])) != KERAS[0]:
        return f"KERAS_BACKEND is {backend}; the lessons need {KERAS[0]}", f"{FORGET}KERAS_BACKEND"
    command = [sys.executable, "-c", ASK_TENSORFLOW]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = done.stderr.strip().rpartition("\n")[2]
        return f"it ended with status {done.returncode}. {said}", REBUILD
    version, cards, configuration = json.loads(done.stdout.splitlines()[-1])
    if configuration != KERAS:
        settings = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
        cure = f"rename {settings}" if settings.exists() else REBUILD
        return f"Keras has {', '.join(configuration)}; the lessons need {', '.join(KERAS)}", cure
    found = f"{version} computes on {', '.join(cards) or 'the processor'}"
    if not cards and shutil.which("nvidia-smi"):
        install = f'"{sys.executable}" -m pip install "tensorflow[and-cuda]" -c tools/constraints.txt'
        found += f". To use your NVIDIA card: {'run the course in WSL2' if WINDOWS else install}"
    return found, None


def check_data() -> Check:
    """Find the data as the lessons do, and say of which kind it is."""
    from mnist_helpers.data import DataError, find_mnist

    try:
        found = find_mnist()
    except DataError as error:
        named = [name for name in ("MNIST_PATH", "MNIST_SOURCE") if os.environ.get(name)]
        return str(error), " ; ".join(FORGET + name for name in named) or f"{COURSE} doctor, once online"
    way = f". For MNIST, connect once, or on a computer that is online: {COURSE} data --to FOLDER"
    return found.kind + (way if found.is_sample else ""), None


def check_disk(folder: Path = ROOT) -> Check:
    """Look whether the project's folder can be written, and has the room that running the lessons takes."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return f"can't be written: {error}", "copy the course into a folder of your own"
    free = shutil.disk_usage(folder).free / 1e9
    return f"{free:.1f} GB free", "delete files: the lessons need 1 GB" if free < 1 else None


def check_proxy() -> Check:
    """Look whether a proxy stands between the live page and the browser on this very computer."""
    if not set(urllib.request.getproxies()) - {"no"} or urllib.request.proxy_bypass("127.0.0.1"):
        return "none for this very computer", None
    return "one hides the live page on this very computer", f"{EXPORT}NO_PROXY='127.0.0.1,localhost'"


def check_kernel() -> Check:
    """Start a kernel as Jupyter does, away from the project, and let it import the course's helpers."""
    from jupyter_client.manager import run_kernel

    from tools.lib.kernel import kernel_environment

    said: list[dict] = []
    with tempfile.TemporaryDirectory() as elsewhere:
        environment = kernel_environment("sample")
        with run_kernel(cwd=elsewhere, env=environment, stderr=subprocess.DEVNULL) as kernel:
            reply = kernel.execute_interactive(ASK_KERNEL, timeout=60, output_hook=said.append)["content"]
    if reply["status"] != "ok":
        return f"fails with {reply['ename']}: {reply['evalue']}", REBUILD
    prefix, helpers = json.loads("".join(message["content"].get("text", "") for message in said))
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        cure = f'"{sys.executable}" -m ipykernel install --sys-prefix'
        return f"the kernel python3 belongs to another Python, {prefix}", cure
    if not Path(helpers).resolve().is_relative_to(ROOT):
        return f"the kernel imports the helpers of another folder, {helpers}", REBUILD
    return "starts, answers and finds the course's helpers", None
