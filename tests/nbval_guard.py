"""A pytest plugin that makes nbval fail where it passes by mistake, and finds the data for all kernels.

nbval runs each code cell of a notebook as a test. On its own it overlooks the faults listed in
`test_nbval_guard.py`; this plugin reports them. The project's conftest.py loads it, so that it also works in
a plain `pytest --nbval-lax notebooks`.
"""

from __future__ import annotations

import os
import re
import time
from queue import Empty
from unittest import mock

import nbval.plugin
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, comment_markers, metadata_tags

CELL_TIMEOUT = 600.0  # seconds; the longest cell takes two and a half minutes on two slow cores
OUTPUT_TIMEOUT = 60.0  # seconds for what a finished cell has still to deliver
NBVAL_CELL_TIMEOUT = 2000.0  # nbval's own default

# Shell commands and %pip only print when they fail; with this they raise.
RAISE_FAILING_COMMANDS = """
assert get_ipython().has_trait("system_raise_on_error")
get_ipython().system_raise_on_error = True
"""


def pytest_addoption(parser):
    parser.getgroup("nbval").addoption(
        "--notebook-data",
        metavar="sample|mnist|PATH",
        help="The digits the notebooks run on (default: as load_mnist chooses).",
    )
    parser.addoption("--slow", action="store_true", help="Also run the tests marked slow.")


def pytest_configure(config):
    if not _runs_notebooks(config):
        return
    if config.option.nbval_cell_timeout == NBVAL_CELL_TIMEOUT:
        config.option.nbval_cell_timeout = CELL_TIMEOUT
    if hasattr(config, "workerinput"):  # one of several processes: the first has found the data
        WatchedKernel.environment = config.workerinput["kernel_environment"]
    elif not config.option.collectonly:
        WatchedKernel.environment = _find_data(config)
    watch = mock.patch.object(nbval.plugin, "RunningKernel", WatchedKernel)
    watch.start()
    config.add_cleanup(watch.stop)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["kernel_environment"] = WatchedKernel.environment


def pytest_report_header(config):
    name = getattr(config, "notebook_data", None)
    return f"notebooks run on: {name}" if name else None


def pytest_collection_modifyitems(config, items):
    for item in items:
        if isinstance(item, IPyNbCell):
            item.output_timeout = OUTPUT_TIMEOUT
        elif item.get_closest_marker("slow") and not config.option.slow:
            # Skipped, not deselected: what is left out is then counted and listed at the end.
            item.add_marker(pytest.mark.skip(reason="slow: course.py test --all (or pytest --slow) runs it"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    if not isinstance(item, IPyNbCell):
        return (yield)
    if not item.options["skip"]:
        for fault in faults_of_markers(item.cell):
            item.raise_cell_error(fault)
    try:
        result = yield
    except KernelDiedError:
        item.parent.timed_out = True  # so nbval expects the cells that follow to fail, and reports one fault
        item.raise_cell_error("the kernel died while it ran this cell")
    for fault in faults_of_result(item):
        item.raise_cell_error(fault)
    return result


def faults_of_markers(cell):
    """Yield what is wrong with the comments and tags by which `cell` speaks to nbval."""
    for line in map(str.strip, cell.source.splitlines()):
        understood = line.startswith("#") and line.lstrip("#").strip() in comment_markers
        if re.search("#.*(nbval|pytest_validate)", line, re.IGNORECASE) and not understood:
            yield f"nbval does not understand {line!r}: a marker stands alone on its line, in capitals"
    for tag in cell.metadata.get("tags", []):
        if tag.lower().startswith(("nbval", "raises")) and tag not in metadata_tags:
            yield f"nbval does not know the tag {tag!r}; it knows {', '.join(sorted(metadata_tags))}"


def faults_of_result(item):
    """Yield why a cell that passed nbval should not have."""
    cell, kernel = item.cell, item.parent.kernel
    if kernel.timed_out:
        limit = item.config.option.nbval_cell_timeout
        yield f"the cell took longer than {limit:g} seconds and went on after it was interrupted"
    if item.options["check_exception"] and kernel.reply["status"] != "error":
        yield "the cell is marked as raising an exception, but raised none"
    if not item.options["check_exception"] and kernel.reply["status"] == "error":
        yield f"the cell failed without a traceback: {kernel.reply['ename']}: {kernel.reply['evalue']}"
    if item.options["check"] and cell.source.strip():
        if cell.execution_count is None:
            yield "the cell's output should be checked, but the notebook was saved without running it"
        elif item.config.option.nbval_lax and not _has_text_to_compare(item):
            yield "the cell's output should be checked, but it holds nothing nbval compares, such as text"


class WatchedKernel(RunningKernel):
    """nbval's kernel in the lessons' environment; it keeps the last reply and notices when it dies."""

    environment: dict[str, str] | None = None
    reply: dict
    timed_out = False

    def __init__(self, *arguments, **options):
        # A kernel that sees these variables leaves alone what C code, such as TensorFlow's, writes to stderr;
        # any other makes it part of the cell's output.
        ours = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
        environment = (self.environment or os.environ) | ours
        with mock.patch.dict(os.environ, environment, clear=True):
            super().__init__(*arguments, **options)
        msg_id = self.kc.execute(RAISE_FAILING_COMMANDS, silent=True, store_history=False)
        self.await_reply(msg_id, timeout=60)
        if self.reply["status"] != "ok":
            raise RuntimeError(f"this IPython can't report failing commands: {self.reply['evalue']}")

    def await_reply(self, msg_id, timeout=None):
        """Wait as nbval does, but in short steps, to see in time that no reply can come any more."""
        self.timed_out = False
        end = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while True:
            try:
                message = self.get_message("shell", timeout=max(0, min(1, end - time.monotonic())))
            except Empty:
                if not self.is_alive():
                    raise KernelDiedError from None
                if time.monotonic() >= end:
                    self.timed_out = True
                    raise
                continue
            if message["parent_header"].get("msg_id") == msg_id:
                self.reply = message["content"]
                if self.reply["status"] == "aborted":
                    raise RuntimeError("the kernel refused to run the cell")
                return


class KernelDiedError(Exception):
    """The process that ran the cell is gone."""


def _runs_notebooks(config):
    return getattr(config.option, "nbval", False) or getattr(config.option, "nbval_lax", False)


def _find_data(config):
    # Imported here: the plugin is loaded for every test run, also where only the form is looked at.
    from mnist_helpers.data import DataError
    from tools.lib.kernel import resolve_data

    try:
        data = resolve_data(config.option.notebook_data)
    except DataError as error:
        raise pytest.UsageError(f"the data for the notebooks can't be had: {error}") from error
    config.notebook_data = data.name
    return data.environment


def _has_text_to_compare(item):
    ignored = item.parent.skip_compare
    for output in item.cell.outputs:
        kinds = output.get("data", output)
        if any(kind not in ignored for kind in kinds):
            return True
    return False
