"""An installed Chromium for the tests that look at pages as a visitor does; nothing here downloads one."""

import contextlib
import os

import pytest

from tools.lib.browser import REMEDY, find_browser, start_browser


def need(what, remedy):
    """Return `what` if it is there; else skip the test with the remedy, or fail it where CI is set.

    On a reader's computer a tool may be missing; in continuous integration a test that skips for want of
    its tool would be green and empty.
    """
    if what:
        return what
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{remedy}. With CI set, this test may not be skipped.", pytrace=False)
    pytest.skip(remedy)


@contextlib.contextmanager
def open_browser():
    """Open a headless browser and yield Playwright's `Browser`; it is closed at the end, whatever happens.

    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
    """
    with start_browser(need(find_browser(), REMEDY)) as browser:
        yield browser
