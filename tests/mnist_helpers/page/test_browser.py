"""The live page as visitors use it: mouse, keyboard, files dropped and pasted, phones, light and dark."""

import base64
import re

import numpy as np
import pytest

from mnist_helpers.page import build_page
from tests.support.browser import open_browser
from tests.support.pictures import drawn, saved, turned_by_the_phone
from tools.lib.strokes import WAYS, write_digit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page():
    built = build_page()
    built.launch(inline=False, prevent_thread_lock=True)
    yield built
    built.close()


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@pytest.fixture
def tab(browser, page):
    """A visitor's tab with the page open; `tab.asked` lists the addresses it has fetched."""
    with browser.new_page(viewport={"width": 1280, "height": 900}) as tab:
        tab.asked, faults = [], []
        tab.on("request", lambda request: tab.asked.append(request.url))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("filechooser", lambda chooser: None)  # Playwright may miss the first if it is told only then
        tab.goto(page.local_url)
        tab.get_by_text("Draw here").wait_for()
        tab.locator("input[type=file]").wait_for(state="attached")
        # What the mouse does before the first paint, Chromium drops: nobody can have meant it.
        tab.wait_for_function("performance.getEntriesByType('paint').length > 0")
        yield tab
    assert faults == []


def write(tab, strokes, left=0.35):
    """Draw strokes with the mouse, in a third of the sheet that starts here."""
    sheet = tab.locator("canvas").bounding_box()
    corner, size = (sheet["x"], sheet["y"]), (sheet["width"], sheet["height"])
    for stroke in strokes:
        first, *others = (np.array(stroke) * (0.3, 0.76) + (left, 0.12)) * size + corner
        tab.mouse.move(*first)
        tab.mouse.down()
        for point in others:
            tab.mouse.move(*point)
        tab.mouse.up()


def wait_for(tab, answer):
    """Wait until the page's large answer matches this pattern; return it."""
    said = tab.locator(".said strong").filter(has_text=re.compile(f"^{answer}$"))
    said.wait_for()
    return said.inner_text()


def test_digits_drawn_with_the_mouse_are_read_and_nothing_is_fetched_from_elsewhere(tab):
    read = []
    for digit in range(10):
        write(tab, write_digit(digit, np.random.default_rng(seed=digit)))
        wait_for(tab, ".+")
        tab.wait_for_timeout(1000)  # more strokes, later answers
        read.append(wait_for(tab, ".+"))
        tab.get_by_role("button", name="Clear").click()
        tab.get_by_text("The answer appears here.").wait_for()
    assert sum(answer == str(digit) for digit, answer in enumerate(read)) >= 9, read
    assert [asked for asked in tab.asked if not re.match("http://127.0.0.1:|data:|blob:", asked)] == []


def test_undo_takes_back_the_last_stroke(tab):
    write(tab, WAYS[7][0], left=0.1)
    write(tab, WAYS[1][0], left=0.6)
    wait_for(tab, "71")
    tab.get_by_role("button", name="Undo").click()
    wait_for(tab, "7")


@pytest.mark.parametrize("between", ["() => []", "undefined"])
def test_a_browser_draws_that_does_not_tell_where_the_pointer_was_between_events(tab, between):
    tab.evaluate(f"PointerEvent.prototype.getCoalescedEvents = {between}")
    write(tab, WAYS[7][0])
    wait_for(tab, "7")


def test_a_photo_is_uploaded_with_the_keyboard_alone(tab, tmp_path):
    (tmp_path / "phone.jpg").write_bytes(turned_by_the_phone(drawn(7)))
    passed = []
    while "Upload a photo" not in passed:
        tab.keyboard.press("Tab")
        passed.append(tab.evaluate("document.activeElement.innerText").strip())
        assert len(passed) < 10, passed
    with tab.expect_file_chooser() as chooser:
        tab.keyboard.press("Enter")
    assert tab.locator("input[type=file]").get_attribute("accept") == "image/*"
    chooser.value.set_files(tmp_path / "phone.jpg")
    wait_for(tab, "7")
    assert tab.locator(".steps img").count() == 7


def test_a_picture_is_dropped_or_pasted(tab):
    give = """([kind, name, carrier, content]) => {
        const carried = new DataTransfer();
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        carried.items.add(new File([bytes], "digit.png"));
        const how = {[carrier]: carried, cancelable: true, bubbles: true};
        document.body.dispatchEvent(new window[kind](name, how));
    }"""
    ways = [("DragEvent", "drop", "dataTransfer", 3), ("ClipboardEvent", "paste", "clipboardData", 8)]
    write(tab, WAYS[7][0])
    wait_for(tab, "7")
    for *way, digit in ways:
        tab.evaluate(give, [*way, base64.b64encode(saved(drawn(digit))).decode()])
        wait_for(tab, digit)
    tab.get_by_text("Draw here").wait_for(state="hidden")  # the photo has taken the drawing's place
    tab.get_by_role("button", name="Read it").click()
    wait_for(tab, "8")
    write(tab, WAYS[7][0])  # and makes place for the next one
    wait_for(tab, "7")


BAD = {"a.pdf": (b"%PDF-1.7\n", "PDF"), "a.png": (b"", "is empty"), "a.jpg": (bytes(10_000_001), "10 MB")}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_explained_in_the_page_and_a_large_one_stays_with_the_visitor(tab, tmp_path, name):
    content, expected = BAD[name]
    (tmp_path / name).write_bytes(content)
    tab.locator("input[type=file]").set_input_files(tmp_path / name)
    tab.locator(".problem").filter(has_text=expected).wait_for()
    assert tab.locator(".toast-body").count() == 0  # a notice that goes away
    assert any("/gradio_api/upload" in address for address in tab.asked) == (name != "a.jpg")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_width_and_follows_the_theme(tab, width, scheme):
    tab.set_viewport_size({"width": width, "height": 844})
    tab.emulate_media(color_scheme=scheme)
    write(tab, WAYS[4][0])
    wait_for(tab, ".+")
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = np.mean([int(value) for value in re.findall(r"\d+", paper)[:3]])
    assert (brightness > 128) == (scheme == "light")
