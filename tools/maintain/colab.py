"""Read again which packages Google Colab has, into tools/colab_versions.txt.

    course.py colab                the list that Google publishes
    course.py colab freeze.txt     a list of your own: in a notebook on Colab, the output of the line
                                   !python --version && pip freeze

For maintainers, when Colab has changed; `course.py test --colab` then tries the lessons with these versions.
Only the packages that the file names are kept. To add one, add a line with its name and run this.
"""

from __future__ import annotations

import argparse
import datetime
import re
from pathlib import Path
from urllib.parse import urljoin

import requests
from packaging.utils import canonicalize_name

from tools.lib.colab_versions import FILE, versions
from tools.lib.files import Problem, replace

PUBLISHED = "https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt"
OS_INFO = "os-info.txt"  # beside Google's list; it tells the version of Python
HEADING = "# The packages on Google Colab that the course uses. Written by: python3 course.py colab"
# "keras==3.14.0", or from a file: "keras @ https://…/keras-3.14.0-py3-none-any.whl"
PACKAGE = r"^([\w.-]+)(?:==| @ .*/\w+-)([\w.]+)"


def main(arguments: list[str]) -> int:
    """Rewrite the file from a list; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py colab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("list", nargs="?", default=PUBLISHED, help="a URL, or a file that pip freeze wrote")
    source = parser.parse_args(arguments).list
    text = read(source)
    found = {canonicalize_name(name): version for name, version in re.findall(PACKAGE, text, re.MULTILINE)}
    if "numpy" not in found:
        raise Problem(f"{source} is no list of packages: expected lines such as numpy==2.1.3")
    python = re.search(r"^Python (\d+\.\d+)", text, re.MULTILINE)
    lines = [
        HEADING,
        f"# read: {datetime.date.today()}",
        f"# from: {source if '://' in source else Path(source).name}",
        f"# python: {python[1] if python else versions(FILE).python}",
    ]
    kept = re.findall(r"^[\w.-]+", FILE.read_text(encoding="utf-8"), re.MULTILINE)
    for name in sorted(map(canonicalize_name, kept)):
        if name in found:
            lines.append(f"{name}=={found[name]}")
        else:
            print(f"{name} is not in the list: its line goes")
    replace(FILE, "\n".join(lines) + "\n")
    print(f"tools/{FILE.name} is written: see git diff. Next: course.py links, then course.py test --colab")
    return 0


def read(source: str) -> str:
    """Return the list and, where Google publishes it, what is said about the system beside it.

    Raises:
        Problem: the list cannot be read.
    """
    try:
        if "://" not in source:
            return Path(source).read_text(encoding="utf-8")
        answers = [requests.get(url, timeout=30) for url in (source, urljoin(source, OS_INFO))]
        answers[0].raise_for_status()
        return "\n".join(answer.text for answer in answers if answer.ok)
    except (OSError, ValueError) as error:  # what requests raises is an OSError too
        raise Problem(f"{source} cannot be read: {error}") from error
