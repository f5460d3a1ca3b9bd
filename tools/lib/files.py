"""Where the project lies, and how its files are written: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"


class Problem(Exception):
    """Something that a person can put right; the text says what was expected, what came and what to do."""


def replace(path: Path, text: str) -> None:
    """Write `path` in one step: whoever reads it sees the old file or the new one, never half of it."""
    line_end = "\r\n" if path.exists() and b"\r\n" in path.read_bytes() else "\n"  # git's choice on Windows
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline=line_end) as file:
            file.write(text)
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def between_markers(text: str, marker: str, generated: str) -> str:
    """Return a page with what stands between `<!-- marker -->` and `<!-- /marker -->` written anew.

    Raises:
        Problem: the two markers are not there, once each and in this order.
    """
    opening, closing = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    before, _, rest = text.partition(opening)
    if text.count(opening) != 1 or rest.count(closing) != 1 or closing in before:
        raise Problem(f"expected a line {opening} and, below it, a line {closing}, once each: put them back")
    return f"{before}{opening}\n\n{generated.strip()}\n\n{closing}{rest.partition(closing)[2]}"
