"""Run code in Python processes beside the notebook, on this computer: plumbing.

A process learns once, when it starts, which engine Keras has and which devices there are. What a lesson shows
with another engine, or with more devices, therefore happens in a process of its own.
"""

import inspect
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

ABOVE = Path(__file__).resolve().parents[1]  # where the package lies


def start(*arguments, **variables):
    """Start Python with these arguments, and go on meanwhile.

    Args:
        arguments: what would follow `python` on a command line, such as "-m", "mnist_helpers.distributed".
        variables: environment variables of the new process, such as `KERAS_BACKEND="jax"`.

    Returns:
        A `subprocess.Popen`: `kill()` ends it, and `wait_for` says what it has printed.
    """
    path = os.pathsep.join([str(ABOVE), *filter(None, [os.environ.get("PYTHONPATH")])])
    quiet = {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=os.environ | quiet | {name: str(value) for name, value in variables.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def wait_for(process):
    """Wait for a process that `start` has started, and return what it printed.

    Where it ended badly, the last line of its complaints follows: what libraries say before is left out.
    """
    printed, complaints = process.communicate()
    last = complaints.strip().rpartition("\n")[2] if process.returncode else ""
    return "\n".join(filter(None, [printed.strip(), last]))


def run_apart(function, **variables):
    """Run a function without arguments, which imports all it needs, in a process of its own.

    Args:
        function: defined in a notebook or a module. Its text alone travels: it knows nothing from outside.
        variables: environment variables of the process.

    Returns:
        What it printed, as `wait_for` returns it.
    """
    return run_together(function, variables)[0]


def run_together(function, *variables):
    """Run a function as `run_apart` does in several processes at once, one for each dict of variables.

    Returns:
        What each printed, a list.
    """
    code = f"{textwrap.dedent(inspect.getsource(function))}\n{function.__name__}()"
    return [wait_for(process) for process in [start("-c", code, **each) for each in variables]]


def free_address():
    """Return an address on this computer, `127.0.0.1:port`, at which nobody listens so far."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{door.getsockname()[1]}"
