"""An installed Chromium, to look at pages as a visitor does; nothing here downloads one."""

import contextlib
import importlib
import os
import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
REMEDY = (
    "no Chromium or Chrome was found: install one (Debian, Ubuntu: apt install chromium), "
    "or set COURSE_BROWSER to the path of its program"
)


def find_browser():
    """Return the path of the browser that COURSE_BROWSER or PATH names, or None."""
    chosen = os.environ.get("COURSE_BROWSER")
    return shutil.which(chosen) if chosen else next(filter(None, map(shutil.which, BROWSERS)), None)


@contextlib.contextmanager
def start_browser(program):
    """Start this browser without a window and yield Playwright's `Browser`; it is closed at the end."""
    api = importlib.import_module("playwright.sync_api")  # from tests/requirements.txt; not all have it
    # Chromium refuses to start its sandbox as root; its shared memory is small in containers.
    options = ["--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()
