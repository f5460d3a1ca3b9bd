"""An installed Chromium for the tests that look at pages as a visitor does; nothing here downloads one."""

import contextlib
import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
REMEDY = (
    "no Chromium or Chrome was found: install one (Debian, Ubuntu: apt install chromium), "
    "or set COURSE_BROWSER to the path of its program"
)


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


def find_browser():
    """Return the path of the browser that COURSE_BROWSER or PATH names, or None."""
    chosen = os.environ.get("COURSE_BROWSER")
    return shutil.which(chosen) if chosen else next(filter(None, map(shutil.which, BROWSERS)), None)


@contextlib.contextmanager
def open_browser():
    """Open a headless browser and yield Playwright's `Browser`; it is closed at the end, whatever happens.

    with open_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
    """
    program = need(find_browser(), REMEDY)
    from playwright.sync_api import sync_playwright  # here, so that a missing browser skips before it loads

    # Chromium refuses to start its sandbox as root; its shared memory is small in containers.
    options = ["--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()
