"""The live page: what it answers and refuses, that nobody else gets in, and that nothing is left behind."""

import base64
import contextlib
import http.client
import io
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import cv2
import gradio
import httpx
import nbformat
import numpy as np
import psutil
import pytest
from gradio_client import Client, handle_file
from nbclient import NotebookClient
from PIL import Image

from mnist_helpers.handwriting.digit import NotAPhoto
from mnist_helpers.page import answers as demo_answers
from mnist_helpers.page import app as demo
from tests.mnist_helpers.handwriting.test_own_digits import bomb
from tests.support.browser import open_browser
from tools.lib.files import ROOT
from tools.lib.strokes import WAYS, write_digit

# --- Pictures -----------------------------------------------------------------------------------------


def drawn(*digits, width=640, height=480, ways=WAYS):
    """A sheet with these digits side by side, as uint8 (h, w)."""
    sheet = np.full((height, width), 255, np.uint8)
    room = width / len(digits)
    for place, digit in enumerate(digits):
        for stroke in ways[digit][0]:
            points = np.array(stroke) * (min(room / 2, 220), 0.7 * height)
            points += (room * place + room / 4, 0.15 * height)
            cv2.polylines(sheet, [points.astype(int)], False, 0, 24, cv2.LINE_AA)
    return sheet


STAR = {"star": [[[(0, 0), (1, 1)], [(1, 0), (0, 1)], [(0.5, 0), (0.5, 1)]]]}  # no digit at all


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def data_url(picture):
    return "data:image/png;base64," + base64.b64encode(saved(picture)).decode()


def turned_by_the_phone():
    """A 7 stored lying on its side, with the EXIF entry that says how to turn it back."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(np.rot90(drawn(7)).copy(), "JPEG", exif=exif, quality=95)


def text():
    page = np.full((1400, 1000), 255, np.uint8)
    for line in range(40):
        words = "The quick brown fox jumps over the lazy dog"
        cv2.putText(page, words, (20, 40 + 33 * line), cv2.FONT_HERSHEY_SIMPLEX, 1, 0, 2, cv2.LINE_AA)
    return page


def noise():
    return np.random.default_rng(seed=1).integers(0, 256, (600, 600), dtype=np.uint8)


# --- The page in this process -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The temporary folder of this module's pages."""
    folder = tmp_path_factory.mktemp("temporary")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


@pytest.fixture(scope="module")
def page(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "KEPT", (1, 5))  # seconds, so that a test can wait for it
        built = demo.page()
    built.launch(inline=False, prevent_thread_lock=True)
    yield built
    built.close()


@pytest.fixture(scope="module")
def visitor(page):
    return Client(page.local_url, verbose=False, analytics_enabled=False, download_files=False)


def words(answer):
    """What a visitor reads in the page's two pieces of HTML."""
    return " ".join(re.sub("<[^>]*>", " ", "".join(answer)).split())


def send(visitor, content, name, tmp_path):
    (tmp_path / name).write_bytes(content)
    return visitor.predict(handle_file(tmp_path / name), api_name="/photo")


def is_up(address):
    try:
        return urllib.request.urlopen(address, timeout=30).status == 200
    except urllib.error.URLError:
        return False


@pytest.mark.parametrize("digit", range(10))
def test_a_drawn_digit_is_answered_with_ten_probabilities_and_all_steps(visitor, digit):
    said, steps = visitor.predict(data_url(drawn(digit)), api_name="/drawing")
    assert f"<strong>{digit}</strong>" in said
    shares = [float(share) for share in re.findall(r"--share:([\d.]+)", said)]
    assert len(shares) == 10 and np.argmax(shares) == digit and abs(sum(shares) - 1) < 0.01
    assert steps.count("data:image/png") == 7 and "centred" in steps


def test_all_digits_of_a_number_are_answered(visitor):
    said, found = visitor.predict(data_url(drawn(4, 0, 7)), api_name="/drawing")
    assert "<strong>407</strong>" in said and "3 digits" in said
    assert said.count("--share") == 30 and said.count("data:image/png") == 3
    assert found.count("<i style='left:") == 3


def test_what_is_no_digit_gets_not_sure_and_two_guesses(visitor):
    said = words(visitor.predict(data_url(drawn("star", ways=STAR)), api_name="/drawing"))
    assert re.search(r"\d or \d\? Not sure: \d or \d\.", said), said


def test_an_unsure_digit_of_a_number_is_marked(visitor):
    said = visitor.predict(data_url(drawn(4, "star", 7, ways=WAYS | STAR)), api_name="/drawing")[0]
    assert (
        "<strong>4?7</strong>" in said and "not sure of 1" in said and re.search(r"<b>\d or \d\?</b>", said)
    )


def test_a_photo_arrives_as_the_file_it_was(visitor, tmp_path):
    assert "<strong>7</strong>" in send(visitor, turned_by_the_phone(), "phone.jpg", tmp_path)[0]


@pytest.mark.parametrize("drawing", ["", None])
def test_a_blank_sheet_is_asked_for_a_drawing(visitor, drawing):
    assert "Draw something first" in words(visitor.predict(drawing, api_name="/drawing"))


NO_DRAWING = {
    "a word": "seven",
    "another kind of data": "data:text/html;base64,PGI+",
    "no base64": "data:image/png;base64,%%%",
    "an address": "http://127.0.0.1/secret.png",
    "a path": "/etc/passwd",
    "a dictionary": {"background": None, "layers": [], "composite": None},
    "a number": 7,
    "too long": "data:image/png;base64," + "A" * 5_000_000,
}


@pytest.mark.parametrize("drawing", NO_DRAWING.values(), ids=NO_DRAWING)
def test_what_the_sheet_never_sends_is_refused(visitor, page, drawing):
    said = visitor.predict(drawing, api_name="/drawing")
    assert "problem" in said[0] and len(words(said)) < 200
    assert is_up(page.local_url)


BAD = {
    "empty file": ("empty.png", lambda: b"", "is empty"),
    "text named .jpg": ("text.jpg", lambda: b"seven\n" * 50, "Expected a photo"),
    "PostScript named .png": ("ps.png", lambda: b"%!PS-Adobe-3.0\n", "PostScript"),
    "truncated PNG": ("cut.png", lambda: saved(drawn(7))[:900], "damaged"),
    "truncated JPEG": ("cut.jpg", lambda: saved(drawn(7), "JPEG")[:4000], "damaged"),
    "decompression bomb": ("bomb.png", bomb, "40 megapixels"),
    "SVG": ("drawing.svg", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    "PDF": ("page.pdf", lambda: b"%PDF-1.7\n", "PDF"),
    "HTML": ("page.html", lambda: b"<!DOCTYPE html><script>alert(1)</script>", "web page"),
    "HEIC": ("phone.heic", lambda: b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    "1 × 1 pixel": ("dot.png", lambda: saved(np.zeros((1, 1), np.uint8)), "1 × 1 pixels"),
    "10,000 × 3 pixels": ("strip.png", lambda: saved(np.zeros((3, 10_000), np.uint8)), "10000 × 3 pixels"),
    "all white": ("white.png", lambda: saved(np.full((300, 300), 255, np.uint8)), "No digit found"),
    "all black": ("black.png", lambda: saved(np.zeros((300, 300), np.uint8)), "No digit found"),
    "noise": ("noise.png", lambda: saved(noise()), "No digit found"),
    "a page of text": ("text.png", lambda: saved(text()), "No number found"),
}


@pytest.mark.parametrize("name, make, expected", BAD.values(), ids=BAD)
def test_a_bad_file_gets_a_message_in_the_page(visitor, page, name, make, expected, tmp_path):
    said, steps = send(visitor, make(), name, tmp_path)
    assert "problem" in said and steps == ""
    assert expected in words(said) and "<script" not in said
    assert is_up(page.local_url)


@pytest.mark.parametrize("megabytes", [11, 100])
def test_a_file_above_10_megabytes_is_turned_away_and_not_kept(page, folder, megabytes):
    before = kept(folder)
    large = {"files": ("large.png", io.BytesIO(bytes(megabytes * 1_000_000)))}
    assert is_refused(f"{page.local_url}gradio_api/upload", files=large)
    assert kept(folder) <= before and is_up(page.local_url)


def test_a_file_just_above_10_megabytes_is_turned_away_too(page):
    large = {"files": ("large.png", io.BytesIO(bytes(10_000_001)))}
    reply = httpx.post(f"{page.local_url}gradio_api/upload", files=large)
    assert reply.status_code == 413 and "10000000 bytes" in reply.text


def test_a_drawing_is_not_a_way_to_send_more(page):
    call = f"{page.local_url}gradio_api/call/drawing"
    assert is_refused(call, content=b'{"data": ["' + bytes(20_000_000) + b'"]}')
    assert is_refused(call, content=(b"[" * 1000 for _ in range(20_000)))  # its size not said beforehand
    assert is_up(page.local_url)


def is_refused(address, **sent):
    try:
        reply = httpx.post(address, timeout=60, **sent)
    except httpx.TransportError:  # the connection is closed while we are still sending
        return True
    return reply.status_code in (400, 413)


def kept(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def test_uploads_are_deleted_while_the_page_is_open(visitor, folder, tmp_path):
    send(visitor, saved(drawn(3)), "three.png", tmp_path)
    for _ in range(300):
        if not kept(folder):
            return
        time.sleep(0.2)
    raise AssertionError(kept(folder))


def test_a_failure_of_ours_is_told_in_the_page_and_logged(monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("a fault in the course")

    monkeypatch.setattr(demo_answers, "find_digits", fail)
    assert "no fault of yours" in words(demo_answers.read_upload(saved(drawn(7))))
    assert "a fault in the course" in caplog.text


def test_what_a_file_says_is_shown_as_text(monkeypatch):
    def refuse(_):
        raise NotAPhoto("<img src=x onerror=alert(1)> is no photo")

    monkeypatch.setattr(demo_answers, "read_photo", refuse)
    assert "<img" not in demo_answers.read_upload(b"...")[0]


# --- Who gets in --------------------------------------------------------------------------------------

SECRET = "packaging is the only place"
PATHS = [
    "{path}",
    "/{path}",
    "./{name}",
    "{path}/.",
    "{path}%00.png",
    "{quoted}",
    "file://{path}",
    "{uploads}{path}",
    "{uploads}/../../../../../../../../../../..{path}",
    "../../../../../../../../../../../..{path}",
    "..%2f..%2f..%2f..%2f..%2f..%2f..%2f..{path}",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/..{path}",
]
ROUTES = [
    "gradio_api/file=",
    "file=",
    "gradio_api/file/",
    "gradio_api/stream/",
    "gradio_api/proxy=",
    "gradio_api/upload_progress?upload_id=",
    "static/",
    "assets/",
    "svelte/",
    "theme.css/",
    "custom_component/",
]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("path", PATHS)
def test_no_file_of_this_computer_is_served(page, tmp_path, route, path):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    quoted = str(secret).replace("/", "%2F")
    path = path.format(path=secret, quoted=quoted, name="pyproject.toml", uploads=page.uploads)
    server = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=30)  # sends paths as they are
    server.request("GET", f"/{route}{path}")
    reply = server.getresponse()
    assert reply.status >= 400
    body = reply.read().decode(errors="replace")
    assert SECRET not in body and "[project]" not in body
    server.close()


@pytest.mark.parametrize("path", ["/etc/hostname", str(ROOT / "pyproject.toml"), "../pyproject.toml"])
def test_a_visitor_cannot_have_a_file_of_this_computer_read(page, path):
    call = f"{page.local_url}gradio_api/call/photo"
    sent = {"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}]}
    reply = httpx.post(call, json=sent)
    if reply.status_code == 200:
        reply = httpx.get(f"{call}/{reply.json()['event_id']}", timeout=30)
        assert "event: error" in reply.text
    assert "[project]" not in reply.text and "<strong>" not in reply.text
    assert is_up(page.local_url)


def test_the_page_listens_to_this_computer_alone(page):
    listening = [
        c.laddr.ip for c in psutil.Process().net_connections("tcp") if c.laddr.port == page.server_port
    ]
    assert set(listening) == {"127.0.0.1"}


@pytest.fixture
def alone(monkeypatch, folder):
    """As in a process where no page is open yet; the one of the other tests stays open."""
    monkeypatch.setattr(demo.Page, "current", None)
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)


@pytest.mark.parametrize("where", ["colab", "GRADIO_SHARE"])
def test_the_page_is_not_shared_unless_asked(alone, monkeypatch, where):
    monkeypatch.setattr(gradio.networking, "setup_tunnel", lambda *_, **__: pytest.fail("a public link"))
    if where == "colab":
        monkeypatch.setattr(gradio.utils, "colab_check", lambda: True)
    else:
        monkeypatch.setenv("GRADIO_SHARE", "True")
    built = demo.page()
    try:
        built.launch(inline=False, prevent_thread_lock=True)
        assert built.share is False and built.server_name == "127.0.0.1"
    finally:
        built.close()


def test_a_page_opened_again_closes_the_first_and_leaves_nothing(alone, folder, tmp_path):
    before = set(folder.iterdir())
    first, second = demo.page(), demo.page()
    first.launch(inline=False, prevent_thread_lock=True)
    visitor = Client(first.local_url, verbose=False, analytics_enabled=False, download_files=False)
    send(visitor, saved(drawn(3)), "three.png", tmp_path)
    assert kept(first.uploads)
    second.launch(inline=False, prevent_thread_lock=True)
    try:
        assert not first.is_running and not first.uploads.exists()
        assert is_up(second.local_url) and demo.Page.current is second
    finally:
        second.close()
    assert not is_up(second.local_url)
    assert set(folder.iterdir()) <= before and "GRADIO_TEMP_DIR" not in os.environ


# --- The command, and the lesson's cell ---------------------------------------------------------------


class Opened:
    """`course.py demo` in a process of its own; `folder` is its temporary folder."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        code = "import sys; from tools.demo import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "--no-browser", *arguments]
        environment = os.environ | {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
        environment |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        start = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=None if os.name == "nt" else hear_ctrl_c,
        )
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if "http://" in line:
                break
        self.seconds = time.perf_counter() - start
        found = re.search(r"http://127\.0\.0\.1:\d+/", "".join(self.said))
        self.address = found and found[0]

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        rest = self.process.communicate(timeout=60)[0]
        return self.process.returncode, rest


def hear_ctrl_c():  # jobs in the background, and some CI runners, start with it switched off
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no Ctrl-C for one process alone")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_opens_the_page_and_ends_tidily(tmp_path, how):
    opened = Opened(tmp_path)
    try:
        visitor = Client(opened.address, verbose=False, analytics_enabled=False, download_files=False)
        files = tmp_path / "files"
        files.mkdir()
        assert "<strong>6</strong>" in send(visitor, saved(drawn(6)), "six.png", files)[0]
        assert [*tmp_path.glob("mnist-page-*")]
    finally:
        status, rest = opened.stop(how)
    assert (status, rest) == (0, "\nThe page is closed.\n")
    assert not [*tmp_path.glob("mnist-page-*")] and not is_up(opened.address)


@pytest.mark.parametrize("port", ["taken", "1000000"])
def test_a_port_that_cannot_be_had_is_told_at_once(port, tmp_path, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1]) if port == "taken" else port
        code = "import sys; from tools.demo import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", code, "--no-browser", "--port", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and f"Port {port} can't be used" in done.stderr
    assert "Loading" not in done.stdout


def open_pages(manager):
    """Count the ports from Gradio's first on to which a kernel listens; its own are others."""
    ours = psutil.Process(manager.provisioner.pid).net_connections("tcp")
    return sum(c.status == "LISTEN" and 7860 <= c.laddr.port < 7960 for c in ours)


def test_the_lesson_s_cell_opens_the_page_below_it_and_a_second_run_closes_the_first(tmp_path):
    cell = "from mnist_helpers.page import app as demo\n\ndemo.page().launch()"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for _ in range(2)])
    kernel = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}})
    with kernel.setup_kernel(env=os.environ | {"TMPDIR": str(tmp_path), "TF_CPP_MIN_LOG_LEVEL": "2"}):
        addresses = []
        for index in range(2):
            kernel.execute_cell(notebook.cells[index], index)
            shown = notebook.cells[index].outputs
            addresses += re.findall('<iframe src="([^"]*)"', str(shown))
            assert is_up(addresses[-1])
            assert [output for output in shown if "text" in output and output["name"] != "stderr"] == []
        assert len(addresses) == 2
        assert open_pages(kernel.km) == 1
    assert not is_up(addresses[1])
    assert not [*tmp_path.glob("mnist-page-*")]


# --- In a browser -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with open_browser() as browser:
        yield browser


@contextlib.contextmanager
def visit(browser, page, **options):
    """Yield a visitor's tab with the page open; `tab.asked` lists the addresses it has fetched."""
    tab = browser.new_page(**options)
    tab.asked, faults = [], []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("filechooser", lambda chooser: None)  # Playwright may miss the first one if it is told only then
    try:
        tab.goto(page.local_url)
        tab.get_by_text("Draw here").wait_for()
        tab.locator("input[type=file]").wait_for(state="attached")
        # What the mouse does before the first paint, Chromium drops: nobody can have meant it.
        tab.wait_for_function("performance.getEntriesByType('paint').length > 0")
        yield tab
    finally:
        tab.close()
    assert faults == []


@pytest.fixture
def tab(browser, page):
    with visit(browser, page, viewport={"width": 1280, "height": 900}) as tab:
        yield tab


def write(tab, strokes, left=0.35, top=0.12, width=0.3, height=0.76):
    """Draw strokes with the mouse, in this part of the sheet."""
    sheet = tab.locator("canvas").bounding_box()
    for stroke in strokes:
        points = np.array(stroke) * (width, height) + (left, top)
        points = points * (sheet["width"], sheet["height"]) + (sheet["x"], sheet["y"])
        tab.mouse.move(*points[0])
        tab.mouse.down()
        for point in points[1:]:
            tab.mouse.move(*point)
        tab.mouse.up()


def clear(tab):
    tab.get_by_role("button", name="Clear").click()
    tab.get_by_text("The answer appears here.").wait_for()


def large(tab):
    """The large answer that the page shows, once it shows one."""
    try:
        tab.locator(".said strong").filter(has_text=re.compile(r"\d")).wait_for()
    except Exception as error:
        error.add_note(f"The page says: {tab.inner_text('body')}")
        raise
    return tab.locator(".said strong").inner_text()


@pytest.mark.slow
def test_digits_drawn_with_the_mouse_are_read_and_nothing_is_fetched_from_elsewhere(tab):
    rng = np.random.default_rng(seed=8)
    read = []
    for digit in range(10):
        strokes = write_digit(digit, rng)
        write(tab, strokes)
        large(tab)
        tab.wait_for_timeout(1000)  # more strokes, later answers
        read.append(large(tab))
        clear(tab)
    assert sum(answer == str(digit) for digit, answer in enumerate(read)) >= 9, read
    assert {
        address for address in tab.asked if not re.match("http://127.0.0.1:|data:|blob:", address)
    } == set()


@pytest.mark.slow
def test_a_blank_sheet_gets_draw_something_first(tab):
    tab.get_by_role("button", name="Read it").click()
    tab.get_by_text("Draw something first").wait_for()


@pytest.mark.slow
def test_undo_takes_back_the_last_stroke(tab):
    write(tab, WAYS[7][0], left=0.1)
    write(tab, WAYS[1][0], left=0.6)
    tab.locator(".said strong").filter(has_text="71").wait_for()
    tab.get_by_role("button", name="Undo").click()
    tab.locator(".said strong").filter(has_text=re.compile("^7$")).wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("between", ["() => []", "undefined"])
def test_a_browser_draws_that_does_not_tell_where_the_pointer_was_between_events(tab, between):
    tab.evaluate(f"PointerEvent.prototype.getCoalescedEvents = {between}")
    write(tab, WAYS[7][0])
    assert large(tab) == "7"


@pytest.mark.slow
def test_a_photo_is_uploaded_with_the_keyboard_alone(tab, tmp_path):
    (tmp_path / "phone.jpg").write_bytes(turned_by_the_phone())
    passed = []
    while "Upload a photo" not in passed:
        tab.keyboard.press("Tab")
        passed.append(tab.evaluate("document.activeElement.innerText").strip())
        assert len(passed) < 10, passed
    with tab.expect_file_chooser() as chooser:
        tab.keyboard.press("Enter")
    assert tab.locator("input[type=file]").get_attribute("accept") == "image/*"
    chooser.value.set_files(tmp_path / "phone.jpg")
    assert large(tab) == "7"
    assert tab.locator(".steps img").count() == 7


@pytest.mark.slow
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
    for *way, digit in ways:
        tab.evaluate(give, [*way, base64.b64encode(saved(drawn(digit))).decode()])
        tab.locator(".said strong").filter(has_text=str(digit)).wait_for()
    tab.get_by_text("Draw here").wait_for()
    tab.get_by_role("button", name="Read it").click()  # the drawing has made place for the photo
    tab.get_by_text("Draw something first").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("name, make, expected", [BAD["PDF"], BAD["HTML"], BAD["empty file"]])
def test_a_bad_file_is_explained_in_the_page_not_in_a_notice_that_goes_away(
    tab, tmp_path, name, make, expected
):
    (tmp_path / name).write_bytes(make())
    tab.locator("input[type=file]").set_input_files(tmp_path / name)
    tab.locator(".problem").filter(has_text=expected).wait_for()
    assert tab.locator(".toast-body").count() == 0


@pytest.mark.slow
def test_a_large_photo_is_explained_and_stays_on_the_visitor_s_computer(tab, tmp_path):
    (tmp_path / "large.jpg").write_bytes(bytes(10_000_001))
    write(tab, WAYS[7][0])
    assert large(tab) == "7"
    tab.locator("input[type=file]").set_input_files(tmp_path / "large.jpg")
    tab.locator(".problem").filter(has_text="more than 10 MB").wait_for()
    assert not [address for address in tab.asked if "/upload?" in address]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_width_and_follows_the_theme(browser, page, width, scheme):
    options = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with visit(browser, page, **options) as tab:
        write(tab, WAYS[4][0])
        large(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness = np.mean([int(value) for value in re.findall(r"\d+", paper)[:3]])
        assert (brightness > 128) == (scheme == "light")


# --- Load ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_fifty_visitors_with_twenty_drawings_each_are_all_answered_in_steady_memory(tmp_path):
    opened = Opened(tmp_path)
    process = psutil.Process(opened.process.pid)
    drawings = [(digit, data_url(drawn(digit))) for digit in range(10)]

    def draw(turns):
        visitor = Client(opened.address, verbose=False, analytics_enabled=False, download_files=False)
        seconds = []
        for turn in range(turns):
            digit, drawing = drawings[turn % 10]
            start = time.perf_counter()
            assert f"<strong>{digit}</strong>" in visitor.predict(drawing, api_name="/drawing")[0]
            seconds.append(time.perf_counter() - start)
        return seconds

    try:
        alone = np.median(draw(20))
        with ThreadPoolExecutor(50) as visitors:
            [*visitors.map(draw, [1] * 50)]  # warm up
            before = process.memory_info().rss / 1e6
            waited = np.concatenate([*visitors.map(draw, [20] * 50)])
        after = process.memory_info().rss / 1e6
        answers = {"ready": opened.seconds, "alone": alone, "p95": np.percentile(waited, 95)}
        print(
            {name: round(float(value), 2) for name, value in answers.items()},
            f"{before:.0f} → {after:.0f} MB",
        )
        assert len(waited) == 1000
        assert after < 1.1 * before + 50
    finally:
        opened.stop()
