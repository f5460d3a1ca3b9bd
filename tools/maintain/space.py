"""Write a folder that is a Hugging Face Space: the page of `course.py demo`, for everybody.

    course.py space FOLDER

The folder holds all that the Space needs and can be started here too. It may be new, empty, or a Space that
this command wrote before: then it is brought up to date, unless a file in it was changed by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

from tools.lib.files import ROOT

PYTHON = "3.12"
RECORD = ".written.json"  # the files that this command wrote, each with its SHA-256
HELPERS = (
    "__init__.py",
    "cutting.py",
    "page.css",
    "page.js",
    "demo.py",
    "demo_answers.py",
    "ink.py",
    "models.py",
    "own_digits.py",
    "pictures.py",
    "preprocessing.py",
    "pretrained.json",
    "pretrained.weights.h5",
)
# A Space has no GPU unless it is paid for: TensorFlow without GPU code is a third of the size.
PACKAGES = {"tensorflow": "tensorflow-cpu"} | dict.fromkeys(
    ("keras", "numpy", "opencv-python-headless", "pillow")
)

README = """\
---
title: Read my digits
emoji: ✍️
colorFrom: indigo
colorTo: gray
sdk: gradio
sdk_version: {gradio}
python_version: "{python}"
app_file: app.py
pinned: false
license: mit
short_description: A small network reads your handwritten digits
---

Draw a digit, or several side by side, or upload a photo: a small network, trained on MNIST, reads them,
shows how, and says when it is not sure. Pictures are deleted after a few minutes. The page is part of a first
course in deep learning.

To start it on your own computer:

    pip install gradio=={gradio} -r requirements.txt
    python app.py
"""
APP = '''\
"""The page, with limits for a machine that strangers share: two pictures at a time, fifty waiting."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from mnist_helpers.page import app as demo  # noqa: E402

page = demo.page().queue(max_size=50)
page.launch(
    server_name="0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1",
    max_file_size=demo.MOST_BYTES,
    max_threads=8,
    state_session_capacity=1000,
)
'''
ATTRIBUTES = "*.h5 filter=lfs diff=lfs merge=lfs -text\n"  # Hugging Face takes binary files through Git LFS


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py space", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="where to write the Space")
    folder = parser.parse_args(arguments).folder
    try:
        write_space(folder)
    except (OSError, ValueError) as error:
        print(f"The Space was not written: {error}", file=sys.stderr)
        return 1
    print(f"{folder} is a Space. Try it: python {folder / 'app.py'}")
    print(f"Publish it: hf upload YOUR_NAME/read-my-digits {folder} --repo-type space")
    return 0


def space_files() -> dict[str, bytes]:
    """Return all files of the Space: path → content."""
    locked = _locked()
    pins = [f"{name or package}=={locked[package]}" for package, name in PACKAGES.items()]
    files = {
        ".gitattributes": ATTRIBUTES,
        "README.md": README.format(gradio=locked["gradio"], python=PYTHON),
        "app.py": APP,
        "requirements.txt": "\n".join(pins) + "\n",
    }
    contents = {name: text.encode() for name, text in files.items()}
    contents["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    for name in HELPERS:
        contents[f"mnist_helpers/{name}"] = (ROOT / "mnist_helpers" / name).read_bytes()
    return contents


def write_space(folder: Path) -> None:
    """Write the Space, or bring the one that is there up to date.

    Args:
        folder: New, empty, or written by this function before; its parent must exist.

    Raises:
        ValueError: The folder holds something else, or a file in it was changed since. Nothing is written.
        OSError: It can't be written. A new folder is then not there; an old one can be written again.
    """
    files = space_files()
    record = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files[RECORD] = json.dumps(record, indent=1).encode()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; name a new folder")
    if folder.exists() and any(folder.iterdir()):
        _refuse_what_is_not_ours(folder, record)
    if not folder.parent.is_dir():
        raise ValueError(f"there is no folder {folder.parent}; make it first")
    # All is written beside the folder, and then moved: what can fail has failed before anything is changed.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".space-") as beside:
        draft = Path(beside, "space")
        for name, content in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(content)
        if not folder.exists():
            draft.rename(folder)
            return
        (folder / "mnist_helpers").mkdir(exist_ok=True)
        for name in files:
            os.replace(draft / name, folder / name)


def _refuse_what_is_not_ours(folder: Path, new: dict[str, str]) -> None:
    try:
        old = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ValueError(f"{folder} is not empty and not a Space written here; name a new folder") from None
    for name in new:
        path = folder / name
        if path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() not in (old.get(name), new[name]):
            raise ValueError(f"{path} was changed; move it away, or name a new folder")


def _locked() -> dict[str, str]:
    """Return the version of every package in the lock."""
    lines = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
