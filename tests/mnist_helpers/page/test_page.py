"""The live page: what it answers and refuses, that nobody else gets in, and that nothing is left behind."""

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
from concurrent.futures import ThreadPoolExecutor

import gradio
import httpx
import nbformat
import numpy as np
import psutil
import pytest
from nbclient import NotebookClient

from mnist_helpers.handwriting import NotAPhoto
from mnist_helpers.page import app, build_page
from mnist_helpers.page import html as answers
from tests.support.page import Opened, is_up, upload, visit, words
from tests.support.pictures import (
    STAR,
    bomb,
    drawn,
    noise,
    page_of_text,
    saved,
    sheet,
    turned_by_the_phone,
)
from tools.lib.files import ROOT
from tools.lib.strokes import WAYS


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
        patch.setattr(app, "KEPT", (1, 5))  # seconds, so that a test can wait for it
        built = build_page()
    built.launch(inline=False, prevent_thread_lock=True)
    yield built
    built.close()


@pytest.fixture(scope="module")
def visitor(page):
    return visit(page.local_url)


def draw(visitor, picture):
    return visitor.predict(sheet(picture), api_name="/drawing")


# --- What it answers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("digit", range(10))
def test_a_drawn_digit_is_answered_with_ten_probabilities_and_all_steps(visitor, digit):
    said, steps = draw(visitor, drawn(digit))
    assert f"<strong>{digit}</strong>" in said
    shares = [float(share) for share in re.findall(r"--share:([\d.]+)", said)]
    assert len(shares) == 10 and np.argmax(shares) == digit and abs(sum(shares) - 1) < 0.01
    assert steps.count("data:image/png") == 7 and "centred" in steps


def test_all_digits_of_a_number_are_answered_and_an_unsure_one_is_marked(visitor):
    said, found = draw(visitor, drawn(4, 0, 7))
    assert "<strong>407</strong>" in said and "3 digits" in said
    assert said.count("--share") == 30 and said.count("data:image/png") == 3
    assert found.count("<i style='left:") == 3
    said = draw(visitor, drawn(4, "star", 7, ways=WAYS | STAR))[0]
    assert "<strong>4?7</strong>" in said and "not sure of 1" in said
    assert re.search(r"<b>\d or \d\?</b>", said)


def test_what_is_no_digit_gets_not_sure_and_two_guesses(visitor):
    said = words(draw(visitor, drawn("star", ways=STAR)))
    assert re.search(r"\d or \d\? Not sure: \d or \d\.", said), said


def test_a_photo_arrives_as_the_file_it_was(visitor, tmp_path):
    photo = turned_by_the_phone(drawn(7))
    assert "<strong>7</strong>" in upload(visitor, photo, "phone.jpg", tmp_path)[0]


def test_a_blank_sheet_is_asked_for_a_drawing(visitor):
    assert "Draw something first" in words(visitor.predict({}, api_name="/drawing"))


NO_DRAWING = {
    "a word": "seven",
    "another kind of data": {"drawing": "data:text/html;base64,PGI+"},
    "no base64": {"drawing": "data:image/png;base64,%%%"},
    "a path": {"drawing": "/etc/passwd"},
    "no text": {"drawing": 7},
    "something else": {"background": None, "layers": [], "composite": None},
    "too long": {"drawing": "data:image/png;base64," + "A" * 5_000_000},
}


@pytest.mark.parametrize("drawing", NO_DRAWING.values(), ids=NO_DRAWING)
def test_what_the_sheet_never_sends_is_refused(visitor, page, drawing):
    said = visitor.predict(drawing, api_name="/drawing")
    assert "problem" in said[0] and len(words(said)) < 200 and is_up(page.local_url)


BAD = {
    "empty file": ("empty.png", lambda: b"", "is empty"),
    "truncated JPEG": ("cut.jpg", lambda: saved(drawn(7), "JPEG")[:4000], "damaged"),
    "decompression bomb": ("bomb.png", bomb, "40 megapixels"),
    "PDF": ("page.pdf", lambda: b"%PDF-1.7\n", "PDF"),
    "HTML": ("page.html", lambda: b"<!DOCTYPE html><script>alert(1)</script>", "web page"),
    "all white": ("white.png", lambda: saved(np.full((300, 300), 255, np.uint8)), "No digit found"),
    "noise": ("noise.png", lambda: saved(noise()), "No digit found"),
    "a page of text": ("text.png", lambda: saved(page_of_text()), "No number found"),
}


@pytest.mark.parametrize("name, make, expected", BAD.values(), ids=BAD)
def test_a_bad_file_gets_a_message_in_the_page(visitor, page, name, make, expected, tmp_path):
    said, steps = upload(visitor, make(), name, tmp_path)
    assert "problem" in said and steps == "" and "<script" not in said
    assert expected in words(said) and is_up(page.local_url)


def test_a_failure_of_ours_is_told_in_the_page_and_logged(monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("a fault in the course")

    monkeypatch.setattr(answers, "find_digits", fail)
    assert "no fault of yours" in words(answers.read_upload(saved(drawn(7))))
    assert "a fault in the course" in caplog.text


def test_what_a_file_says_is_shown_as_text(monkeypatch):
    def refuse(_):
        raise NotAPhoto("<img src=x onerror=alert(1)> is no photo")

    monkeypatch.setattr(answers, "read_photo", refuse)
    assert "<img" not in answers.read_upload(b"...")[0]


# --- What it keeps, and who gets in -------------------------------------------------------------------


def kept(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def is_refused(address, **sent):
    try:
        reply = httpx.post(address, timeout=60, **sent)
    except httpx.TransportError:  # the connection is closed while we are still sending
        return True
    return reply.status_code in (400, 413)


@pytest.mark.parametrize("size", [10_000_001, 100_000_000])
def test_a_file_above_10_megabytes_is_turned_away_and_not_kept(page, folder, size):
    before = kept(folder)
    large = {"files": ("large.png", io.BytesIO(bytes(size)))}
    assert is_refused(f"{page.local_url}gradio_api/upload", files=large)
    assert kept(folder) <= before and is_up(page.local_url)


def test_a_drawing_is_not_a_way_to_send_more(page):
    call = f"{page.local_url}gradio_api/call/drawing"
    assert is_refused(call, content=b'{"data": ["' + bytes(20_000_000) + b'"]}')
    assert is_refused(call, content=(b"[" * 1000 for _ in range(20_000)))  # its size not said beforehand
    assert is_up(page.local_url)


def test_uploads_are_deleted_while_the_page_is_open(visitor, folder, tmp_path):
    upload(visitor, saved(drawn(3)), "three.png", tmp_path)
    for _ in range(300):
        if not kept(folder):
            return
        time.sleep(0.2)
    raise AssertionError(kept(folder))


@pytest.mark.parametrize("route", ["gradio_api/file={}", "file={}", "static/..%2f..%2f..%2f..{}"])
def test_no_file_of_this_computer_is_served(page, route):
    server = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=30)  # sends paths as they are
    server.request("GET", "/" + route.format(ROOT / "pyproject.toml"))
    reply = server.getresponse()
    assert reply.status >= 400 and "[project]" not in reply.read().decode(errors="replace")
    server.close()


def test_a_visitor_cannot_have_a_file_of_this_computer_read(page):
    call = f"{page.local_url}gradio_api/call/photo"
    sent = {"data": [{"path": str(ROOT / "pyproject.toml"), "meta": {"_type": "gradio.FileData"}}]}
    reply = httpx.post(call, json=sent)
    if reply.status_code == 200:
        reply = httpx.get(f"{call}/{reply.json()['event_id']}", timeout=30)
        assert "event: error" in reply.text
    assert "[project]" not in reply.text and "<strong>" not in reply.text and is_up(page.local_url)


def test_the_page_listens_to_this_computer_alone(page):
    open_to = [
        c.laddr.ip for c in psutil.Process().net_connections("tcp") if c.laddr.port == page.server_port
    ]
    assert set(open_to) == {"127.0.0.1"}


@pytest.fixture
def alone(monkeypatch, folder):
    """As in a process where no page is open yet; the one of the other tests stays open."""
    monkeypatch.setattr(app.Page, "current", None)
    monkeypatch.delenv("GRADIO_TEMP_DIR", raising=False)


@pytest.mark.parametrize("where", ["colab", "GRADIO_SHARE"])
def test_the_page_is_not_shared_unless_asked(alone, monkeypatch, where):
    monkeypatch.setattr(gradio.networking, "setup_tunnel", lambda *_, **__: pytest.fail("a public link"))
    if where == "colab":
        monkeypatch.setattr(gradio.utils, "colab_check", lambda: True)
    else:
        monkeypatch.setenv("GRADIO_SHARE", "True")
    built = build_page()
    try:
        built.launch(inline=False, prevent_thread_lock=True)
        assert built.share is False and built.server_name == "127.0.0.1"
    finally:
        built.close()


def test_a_page_opened_again_closes_the_first_and_leaves_nothing(alone, folder, tmp_path):
    before = set(folder.iterdir())
    first, second = build_page(), build_page()
    first.launch(inline=False, prevent_thread_lock=True)
    upload(visit(first.local_url), saved(drawn(3)), "three.png", tmp_path)
    assert kept(first.uploads)
    second.launch(inline=False, prevent_thread_lock=True)
    try:
        assert not first.is_running and not first.uploads.exists() and is_up(second.local_url)
    finally:
        second.close()
    assert not is_up(second.local_url)
    assert set(folder.iterdir()) <= before and "GRADIO_TEMP_DIR" not in os.environ


# --- The command, and the lesson's cell ---------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no Ctrl-C for one process alone")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_command_opens_the_page_also_behind_a_proxy_and_ends_tidily(tmp_path, how):
    opened = Opened(tmp_path, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
    try:
        files = tmp_path / "files"
        files.mkdir()
        assert "<strong>6</strong>" in upload(visit(opened.address), saved(drawn(6)), "six.png", files)[0]
        assert [*tmp_path.glob("mnist-page-*")]
    finally:
        status, rest = opened.stop(how)
    assert (status, rest) == (0, "\nThe page is closed.\n")
    assert not [*tmp_path.glob("mnist-page-*")] and not is_up(opened.address)


@pytest.mark.parametrize("port", ["taken", "1000000"])
def test_a_port_that_cannot_be_had_is_told_at_once(port):
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
    cell = "from mnist_helpers.page import build_page\n\nbuild_page().launch()"
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
        assert len(addresses) == 2 and open_pages(kernel.km) == 1
    assert not is_up(addresses[1]) and not [*tmp_path.glob("mnist-page-*")]


@pytest.mark.slow
def test_fifty_visitors_with_twenty_drawings_each_are_all_answered_in_steady_memory(tmp_path):
    opened = Opened(tmp_path)
    process = psutil.Process(opened.process.pid)

    def draw_digits(turns):
        visitor, seconds = visit(opened.address), []
        for turn in range(turns):
            start = time.perf_counter()
            assert f"<strong>{turn % 10}</strong>" in draw(visitor, drawn(turn % 10))[0]
            seconds.append(time.perf_counter() - start)
        return seconds

    try:
        alone = np.median(draw_digits(20))
        with ThreadPoolExecutor(50) as visitors:
            [*visitors.map(draw_digits, [1] * 50)]  # warm up
            before = process.memory_info().rss / 1e6
            waited = np.concatenate([*visitors.map(draw_digits, [20] * 50)])
        after = process.memory_info().rss / 1e6
    finally:
        opened.stop()
    print(f"ready {opened.seconds:.1f} s, alone {alone:.2f} s, p95 {np.percentile(waited, 95):.1f} s")
    assert len(waited) == 1000
    assert after < 1.1 * before + 50, f"{before:.0f} → {after:.0f} MB"
