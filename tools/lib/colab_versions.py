"""Which packages Google Colab has, as far as the course uses them: what tools/colab_versions.txt says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from tools.lib.files import ROOT

FILE = ROOT / "tools" / "colab_versions.txt"


class Versions(NamedTuple):
    """What Google Colab has."""

    python: str  # such as "3.13"
    date: str  # the day on which the list was read, such as "2026-11-20"
    source: str  # where it was read
    packages: dict[str, str]  # name → version, without those that the file marks as assumed


def versions(file: Path = FILE) -> Versions:
    """Return the versions in the file, which pip can read too."""
    text = file.read_text(encoding="utf-8")
    noted = dict(re.findall(r"^# (\w+): (.+)$", text, re.MULTILINE))
    packages = dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE))
    return Versions(noted["python"], noted["read"], noted["from"], packages)
