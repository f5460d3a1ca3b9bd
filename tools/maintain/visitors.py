"""Draw hundreds of digits, numbers and doodles on the page, as visitors would, and count what is read.

The drawings follow from the seed. A number counts when every digit is right and in its row, a letter or
doodle when no digit is named, a stroke or dot when it is one digit at most. At the end it times the page that
runs in the browser alone: medians of sixteen changes each, until the screen shows them.
"""

from __future__ import annotations

import argparse
import collections
import importlib.util
import os

from mnist_helpers.page.standalone import FILES
from tools.lib.browser import REMEDY, find_browser, start_browser
from tools.lib.files import Problem
from tools.lib.install import set_up
from tools.lib.visitors import PEN, Drawing, drawings

DRAW = """(strokes) => {
    const sheet = document.querySelector("#sheet canvas");
    const box = sheet.getBoundingClientRect();
    const send = (name, [x, y]) => sheet.dispatchEvent(new PointerEvent(name, {
        clientX: box.left + x / 640 * box.width, clientY: box.top + y / 480 * box.height,
        pointerId: 1, isPrimary: true, bubbles: true,
    }));
    HTMLCanvasElement.prototype.setPointerCapture = () => {};  // there is no real pointer
    for (const stroke of strokes) {
        send("pointerdown", stroke[0]);
        for (const place of stroke.slice(1)) send("pointermove", place);
        send("pointerup", stroke.at(-1));
    }
}"""
READ = """() => {
    const said = document.querySelector(".said");
    if (said.className.includes("unsure")) return "?";
    return (said.querySelector("strong")?.innerText ?? "").split(/\\s+/).filter(Boolean).join(" ");
}"""

CHANGES = {
    "a stroke": "show([[[120 + 7 * n, 80], [320, 80], [210, 380]]])",
    "the shift": "byId('shift').value = n - 8; byId('shift').dispatchEvent(new Event('input'))",
    "the turn": "byId('turn').value = 5 * n - 40; byId('turn').dispatchEvent(new Event('input'))",
    "a place": "pointAt(n, n, 20 - n)",
}
SHOWN = """async (change) => {
    const [act, times] = [new Function("n", change), []];
    const frame = () => new Promise(requestAnimationFrame);
    for (let n = 0; n < 16; n++) {
        await frame();
        await pause();
        const started = performance.now();
        act(n);
        await frame(); // what was asked for is computed before this frame is painted ...
        await pause(); // ... and here it has been
        times.push(performance.now() - started);
        while (busy) await frame();
    }
    return times.sort((one, other) => one - other)[8];
}"""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="course.py visitors", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--singles", type=int, default=300)
    parser.add_argument("--numbers", type=int, default=200)
    parser.add_argument("--others", type=int, default=100, help="letters, doodles, strokes and dots")
    options = parser.parse_args(arguments)
    if not importlib.util.find_spec("playwright"):
        set_up(extra=("tests/requirements.txt",))
    program = find_browser()
    if not program:
        raise Problem(REMEDY)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from mnist_helpers.page import build_page  # here, for it takes seconds: help and messages come first

    made = drawings(options.seed, PEN, options.singles, options.numbers, options.others)
    counts = collections.defaultdict(list)
    page = build_page()
    page.launch(inline=False, prevent_thread_lock=True)
    try:
        with start_browser(program) as browser:
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(page.local_url)
            tab.locator("#sheet canvas").wait_for()
            for drawing in made:
                said = read(tab, drawing)
                right = is_right(drawing, said)
                counts[drawing.kind.partition(":")[0]].append((right, not said or "?" in said))
                if not right:
                    print(f"{drawing.kind:20} {drawing.expected:8} read as {said or 'nothing'}", flush=True)
            times = show_times(browser)
    finally:
        page.close()
    print()
    for kind, pairs in counts.items():
        right, declined = (sum(column) for column in zip(*pairs, strict=True))
        print(f"{kind:20} {len(pairs):4} {right / len(pairs):7.1%}   {declined} not sure")
    print("\nthe page in the browser:", ", ".join(f"{name} {time:.0f} ms" for name, time in times.items()))
    return 0


def show_times(browser) -> dict[str, float]:
    """Return the milliseconds until the static page's first paint, and until each kind of change shows."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab.goto((FILES / "index.html").as_uri())
    tab.locator("#cnn-answer strong").wait_for()
    paint = tab.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    return {"first paint": paint} | {name: tab.evaluate(SHOWN, change) for name, change in CHANGES.items()}


def read(tab, drawing: Drawing) -> str:
    """Draw on a fresh sheet; return what is said at last, rows parted by a space, "?" where it is unsure."""
    tab.get_by_role("button", name="Clear").click()
    tab.get_by_text("The answer appears here.").wait_for()
    tab.evaluate(DRAW, [stroke.tolist() for stroke in drawing.strokes])
    tab.get_by_role("button", name="Read it").click()
    tab.get_by_text("The answer appears here.").wait_for(state="detached")
    still, before = 0, None
    while still < 6:  # the answer changes while strokes are still being read
        tab.wait_for_timeout(100)
        now = tab.locator("#answer").inner_html()
        still, before = still + 1 if now == before else 0, now
    return tab.evaluate(READ)


def is_right(drawing: Drawing, said: str) -> bool:
    if drawing.expected:
        return said == drawing.expected
    if drawing.kind in ("stroke", "dot"):
        return len(said) <= 1
    return not any(letter.isdigit() for letter in said)
