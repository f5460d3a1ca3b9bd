import signal

import pytest
from xdist.scheduler import LoadFileScheduling

pytest_plugins = ["tests.nbval_guard"]

# A shell starts a job in the background deaf to Ctrl-C, and so would be every program that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class ByFileAndLesson(LoadFileScheduling):
    """Give each file's tests to one process, but the long second runs of the lessons one by one."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return nodeid if file.endswith("test_second_run.py") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByFileAndLesson(config, log) if config.option.dist == "loadfile" else None
