"""Whether packages can be had at all: tests that install some have nothing to say where they can't."""

import subprocess
import tempfile


def why_no_index(python):
    """Return why pip reaches no package index, in one line, or an empty string if it does."""
    with tempfile.TemporaryDirectory() as folder:
        small = ["download", "--quiet", "--no-deps", "--no-cache-dir", "--dest", folder, "iniconfig"]
        asked = subprocess.run([python, "-m", "pip", *small], capture_output=True, text=True)
    if asked.returncode == 0:
        return ""
    return f"no package index can be reached: {asked.stderr.strip().splitlines()[-1]}"
