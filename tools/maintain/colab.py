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
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin

import requests
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from tools.lib.files import ROOT, replace

FILE = ROOT / "tools" / "colab_versions.txt"
PUBLISHED = "https://raw.githubusercontent.com/googlecolab/backend-info/main/pip-freeze.txt"
OS_INFO = "os-info.txt"  # beside Google's list; it tells the version of Python
HEADING = "# The packages on Google Colab that the course uses. Written by: python3 course.py colab"
ASSUMED = "  # assumed"


class Versions(NamedTuple):
    """What Google Colab has, as far as the course uses it."""

    python: str  # such as "3.13"
    date: str  # the day on which the list was read, such as "2026-11-20"
    source: str
    packages: dict[str, str]  # name → version, "" where it is not known
    assumed: frozenset[str]  # the packages whose version was in no list


class ColabError(Exception):
    """Something about the list that a person has to put right."""


def versions(file: Path = FILE) -> Versions:
    """Return the versions in tools/colab_versions.txt, which pip can read too."""
    text = file.read_text(encoding="utf-8")
    noted = dict(re.findall(r"^# (\w+): (.+)$", text, re.MULTILINE))
    packages, assumed = {}, set()
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, version = line.partition("#")[0].strip().partition("==")
            packages[name] = version
            assumed |= {name} if line.endswith(ASSUMED.strip()) or not version else set()
    return Versions(noted["python"], noted["read"], noted["from"], packages, frozenset(assumed))


def main(arguments: list[str]) -> int:
    """Rewrite the file from a list; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py colab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "list", nargs="?", default=PUBLISHED, help="a URL or a file that pip freeze has written"
    )
    source = parser.parse_args(arguments).list
    old = versions()
    try:
        text = _read(source)
        found = listed(text)
        if "numpy" not in found:
            raise ColabError(f"{source} is no list of packages: expected lines such as numpy==2.1.3")
    except ColabError as error:
        print(f"course.py colab: {error}. Nothing was changed.", file=sys.stderr)
        return 1
    python = re.search(r"^Python (\d+\.\d+)", text, re.MULTILINE)
    if not python:
        print(f"The list does not tell the version of Python: it stays {old.python}.")
    kept = {name: found[name] for name in old.packages if name in found}
    for name in old.packages:
        if name not in found:
            print(f"{name} is no longer on Colab: its line goes.")
        elif old.packages[name] != found[name]:
            print(f"{name} {old.packages[name] or 'of unknown version'} → {found[name]}")
    today = datetime.date.today().isoformat()
    name = source if "://" in source else Path(source).name
    _write(Versions(python[1] if python else old.python, today, name, kept, frozenset()))
    print(f"{FILE.relative_to(ROOT)}: {len(kept)} packages, as of {today}.")
    print("Next: course.py links, which writes them into colab_links.md, and course.py test --colab.")
    return 0


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


def _read(source: str) -> str:
    """Return the list and, where there is one beside it, what is said about the system."""
    if "://" not in source:
        try:
            beside = Path(source).with_name(OS_INFO)
            more = beside.read_text(encoding="utf-8") if beside.exists() else ""
            return f"{Path(source).read_text(encoding='utf-8')}\n{more}"
        except (OSError, UnicodeDecodeError) as error:
            raise ColabError(f"{source} could not be read ({error})") from error
    try:
        answers = [requests.get(url, timeout=30) for url in (source, urljoin(source, OS_INFO))]
        answers[0].raise_for_status()
    except requests.RequestException as error:
        raise ColabError(f"{source} could not be read ({error})") from error
    return "\n".join(answer.text for answer in answers if answer.ok)


def _write(new: Versions) -> None:
    lines = [HEADING, f"# read: {new.date}", f"# from: {new.source}", f"# python: {new.python}"]
    lines += [f"{name}=={version}" for name, version in sorted(new.packages.items())]
    replace(FILE, "\n".join(lines) + "\n")
