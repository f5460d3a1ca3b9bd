"""Put a verified MNIST on a classroom's stick or shared drive, for computers without a network.

    course.py data --to FOLDER

Writes FOLDER/mnist.npz (11 MB) from wherever `load_mnist("mnist")` finds the digits, and downloads them
if need be. A file of that name that is there already stays: if it is MNIST all is well, if not it is an
error. The computers of the class then find the digits through the variable MNIST_PATH.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mnist_helpers.data import NPZ, DataError, find_mnist, write_npz
from tools.lib.files import Problem

USE = """On each computer of the class, before the course is started in the same window:

    Linux, macOS          export MNIST_PATH="{path}"
    Windows PowerShell    $env:MNIST_PATH = "{path}"

with the path as that computer sees it. The course then uses this file and never the network."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="course.py data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", metavar="FOLDER", type=Path, required=True, help="a folder that exists")
    folder = parser.parse_args(arguments).to.expanduser().absolute()
    print(put_mnist(folder))
    print(USE.format(path=folder / NPZ))
    return 0


def put_mnist(folder: Path) -> str:
    """Make sure that MNIST lies in the folder, and return a sentence that says how it came there.

    Raises:
        Problem: there is no such folder, or another file is in the way.
        DataError: MNIST cannot be had.
        OSError: the folder cannot be written, or is full. Nothing is left in it.
    """
    target = folder / NPZ
    if not folder.is_dir():
        raise Problem(f"There is no folder {folder}. Is the stick plugged in? Else make the folder first.")
    if target.exists():
        try:
            find_mnist(target)
        except DataError as error:
            raise Problem(f"{error}\nIt stays as it is: move it away, or name another folder.") from None
        return f"{target} is MNIST already, verified."
    found = find_mnist("mnist")
    write_npz(target, found[:4])
    find_mnist(target)  # the file itself, and not only the arrays it was made from
    return f"{target} written and verified (source: {found.kind})."
