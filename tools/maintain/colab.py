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
import os
import re
from pathlib import Path
from urllib.parse import unquote, urljoin

import requests
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from tools.lib.colab_versions import FILE, versions
from tools.lib.files import Problem, replace

PUBLISHED = "https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt"
OS_INFO = "os-info.txt"  # beside Google's list; it tells the version of Python
HEADING = "# The packages on Google Colab that the course uses. Written by: python3 course.py colab"


def main(arguments: list[str]) -> int:
    """Rewrite the file from a list; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py colab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "list", nargs="?", default=PUBLISHED, help="a URL or a file that pip freeze has written"
    )
    source = parser.parse_args(arguments).list
    old, text = versions(FILE), read(source)
    found = listed(text)
    if "numpy" not in found:
        raise Problem(
            f"{source} is no list of packages: expected lines such as numpy==2.1.3. Nothing was changed."
        )
    python = re.search(r"^Python (\d+\.\d+)", text, re.MULTILINE)
    if not python:
        print(f"The list does not tell the version of Python: it stays {old.python}.")
    before = old.packages | old.assumed
    for name, version in before.items():
        if name not in found:
            print(f"{name} is not in the list: its line goes.")
        elif version != found[name]:
            print(f"{name} {version or 'of unknown version'} → {found[name]}")
    today = datetime.date.today().isoformat()
    place = source if "://" in source else Path(source).name
    lines = [
        HEADING,
        f"# read: {today}",
        f"# from: {place}",
        f"# python: {python[1] if python else old.python}",
    ]
    lines += [f"{name}=={found[name]}" for name in sorted(before) if name in found]
    replace(FILE, "\n".join(lines) + "\n")
    print(f"tools/{FILE.name}: {len(lines) - 4} packages, as of {today}.")
    print("Next: course.py links, which writes them into colab_links.md, and course.py test --colab.")
    return 0


def read(source: str) -> str:
    """Return the list and, where there is one beside it, what is said about the system.

    Raises:
        Problem: the list cannot be read.
    """
    try:
        if "://" in source:
            answers = [requests.get(url, timeout=30) for url in (source, urljoin(source, OS_INFO))]
            answers[0].raise_for_status()
            return "\n".join(answer.text for answer in answers if answer.ok)
        files = [Path(source), Path(source).with_name(OS_INFO)]
        return "\n".join(
            file.read_text(encoding="utf-8") for file in files if file == files[0] or file.exists()
        )
    except (OSError, ValueError) as error:  # what requests raises is an OSError too
        raise Problem(f"{source} could not be read ({error}). Nothing was changed.") from error


def listed(text: str) -> dict[str, str]:
    """Return the packages of a list that `pip freeze` has written: name → version."""
    found = {}
    for line in text.splitlines():
        try:
            requirement = Requirement(line.partition("#")[0].strip())
            if requirement.url:  # installed from a file, whose name tells the version
                version = parse_wheel_filename(unquote(os.path.basename(requirement.url)))[1]
            else:
                (pin,) = requirement.specifier
                version = Version(pin.version)
        except (InvalidRequirement, InvalidWheelFilename, ValueError):
            continue  # a heading, or a package of Google's own
        found[canonicalize_name(requirement.name)] = version.public
    return found
