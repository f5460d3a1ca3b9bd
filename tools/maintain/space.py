"""Write a folder that is a Hugging Face Space: a page to draw on, for everybody.

    course.py space FOLDER              it runs in the visitor's browser and needs no server that may sleep
    course.py space --photos FOLDER     the page of `course.py demo`, which reads photographs and numbers too

FOLDER is new or empty. It gets all that the Space needs, and can be tried here too.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from packaging.requirements import Requirement

from mnist_helpers.page.standalone import write_page
from tools.lib.files import ROOT, Problem

# A Space has no GPU unless it is paid for: TensorFlow without GPU code is a third of the size.
PACKAGES = {"tensorflow": "tensorflow-cpu"} | dict.fromkeys(
    ("keras", "numpy", "opencv-python-headless", "pillow")
)

STATIC = """\
---
title: What a network sees
emoji: 🔎
colorFrom: indigo
colorTo: gray
sdk: static
pinned: false
license: mit
short_description: Two small networks read the digit that you draw
---

Draw a digit: two small networks, trained on MNIST, read it in your own browser and show how. Nothing that
you draw leaves your computer. The page is part of a first course in deep learning. To see it without a
server, open index.html.
"""
README = """\
---
title: Read my digits
emoji: ✍️
colorFrom: indigo
colorTo: gray
sdk: gradio
sdk_version: {gradio}
python_version: "3.12"
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

from mnist_helpers.page import build_page  # noqa: E402

build_page().queue(max_size=50).launch(
    server_name="0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1",
    max_threads=8,
    state_session_capacity=1000,
)
'''
ATTRIBUTES = "*.h5 filter=lfs diff=lfs merge=lfs -text\n"  # Hugging Face takes binary files through Git LFS


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py space", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="where to write the Space")
    parser.add_argument("--photos", action="store_true", help="a page with a server, for photographs too")
    options = parser.parse_args(arguments)
    folder = options.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Problem(f"expected a new or an empty folder, got {folder}, which holds something: name another")
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "LICENSE", folder)
    if options.photos:
        write_gradio_space(folder)
        print(f"{folder} is a Space. Try it: python {folder / 'app.py'}")
    else:
        write_page(folder)
        (folder / "README.md").write_text(STATIC, encoding="utf-8", newline="\n")
        print(f"{folder} is a Space. Try it: open {folder / 'index.html'}")
    print(f"Publish it: hf upload YOUR_NAME/read-my-digits {folder} --repo-type space")
    return 0


def write_gradio_space(folder: Path) -> None:
    """Write the Space with a server into an empty folder."""
    lock = (ROOT / "tools" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lock if line and not line.startswith("#")]
    locked = {pin.name: str(pin.specifier).removeprefix("==") for pin in pins}
    requirements = [f"{name or package}=={locked[package]}" for package, name in PACKAGES.items()]
    for name, text in {
        ".gitattributes": ATTRIBUTES,
        "README.md": README.format(gradio=locked["gradio"]),
        "app.py": APP,
        "requirements.txt": "\n".join(requirements) + "\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    shutil.copytree(
        ROOT / "mnist_helpers", folder / "mnist_helpers", ignore=shutil.ignore_patterns("__pycache__")
    )
