"""How pytest runs the tests and, with nbval, the notebooks; its options stand in pyproject.toml."""

import os
import signal

import pytest
from nbval.plugin import IPyNbCell
from xdist.scheduler import LoadFileScheduling

from tools.lib.kernel import resolve_data
from tools.lib.notebooks import FEW_SEEDS, with_seeds

# A shell starts a job in the background deaf to Ctrl-C, and so would be every program that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="Also run the tests marked slow.")


def pytest_configure(config):
    if not os.environ.keys() & {"MNIST_SOURCE", "MNIST_PATH"}:  # a plain pytest runs what course.py test runs
        os.environ.update(resolve_data("sample").environment)


def pytest_xdist_make_scheduler(config, log):
    return EachSecondRunForItself(config, log)


class EachSecondRunForItself(LoadFileScheduling):
    """One process runs a file, a notebook too; but second runs are ten minutes' work for one."""

    def _split_scope(self, nodeid):
        return nodeid if "a_second_run" in nodeid else super()._split_scope(nodeid)


@pytest.hookimpl(tryfirst=True)  # before -m looks at the marks
def pytest_collection_modifyitems(config, items):
    sample = os.environ.get("MNIST_SOURCE") == "sample"
    for item in items:
        if isinstance(item, IPyNbCell):
            item.output_timeout = 60  # seconds, for what a finished cell has still to deliver; nbval: 5
            with_seeds([item.cell], count=FEW_SEEDS)
            item.add_marker(pytest.mark.mnist)
        elif item.get_closest_marker("slow") and not config.option.slow:
            # Skipped, not deselected: what is left out is then counted and listed at the end.
            item.add_marker(pytest.mark.skip(reason="slow: course.py test --all (or pytest --slow) runs it"))
        elif item.get_closest_marker("mnist") and sample:
            item.add_marker(pytest.mark.skip(reason="needs the real MNIST: course.py test --full runs it"))
