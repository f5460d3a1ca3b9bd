"""The live page: what it answers and refuses, that nobody else gets in, and that nothing is left behind."""

import http.client
import io
import os
import re
import shutil
import signal
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

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
from tests.support.pictures import STAR, bomb, drawn, page_of_text, saved, sheet, turned_by_the_phone
from tools import demo
from tools.lib.files import ROOT
from tools.lib.strokes import WAYS


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with a temporary folder of its own, opened where Gradio would share it if nobody said no."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        patch.setattr(app, "KEPT", (1, 5))  # seconds, so that a test can wait for it
        patch.setenv("GRADIO_SHARE", "True")
        patch.setattr(gradio.networking, "setup_tunnel", lambda *_, **__: pytest.fail("a public link"))
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


def test_two_rows_are_shown_as_two_and_each_digit_with_its_probability(visitor):
    picture = np.vstack([drawn(4, 7, height=240), drawn(9, 2, height=240)])
    said = draw(visitor, picture)[0]
    assert "<strong>47<br>92</strong>" in said and "4 digits in 2 rows" in words(said)
    assert len(re.findall(r"</b>\S*\d%", said)) == 4


def test_a_first_stroke_gets_no_answer_yet_and_a_doodle_none_at_all():
    bar = sheet(np.pad(np.zeros((24, 400), np.uint8), 120, constant_values=255))
    assert "Go on" in words(answers.follow_drawing(bar))
    assert "one flat stroke" in words(answers.read_drawing(bar))


def test_what_is_no_drawing_is_refused(visitor):
    white = sheet(np.full((480, 640), 255, np.uint8))
    for sent in ({"drawing": 7}, {"drawing": "/etc/passwd"}, {"drawing": "data:image/png;base64,%%%"}):
        said = visitor.predict(sent, api_name="/drawing")
        assert "This is no drawing of this page" in words(said)
    for strokes in (7, [[]], [[1, 2, 3]], [["a", "b"]], [[1e300, 0]], [[0, 0]] * 1000):
        said = visitor.predict(white | {"strokes": strokes}, api_name="/drawing")
        assert "This is no drawing of this page" in words(said), strokes
    assert "Draw something first" in words(visitor.predict({}, api_name="/drawing"))


BAD = {
    "bomb.png": (bomb, "40 megapixels"),
    "page.html": (lambda: b"<!DOCTYPE html><script>alert(1)</script>", "web page"),
    "white.png": (lambda: saved(np.full((300, 300), 255, np.uint8)), "No digit found"),
    "text.png": (lambda: saved(page_of_text()), "No number found"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_a_message_in_the_page(visitor, name, tmp_path):
    make, expected = BAD[name]
    said, steps = upload(visitor, make(), name, tmp_path)
    assert "problem" in said and expected in words(said) and steps == "" and "<script" not in said


@pytest.mark.parametrize("error", [RuntimeError("a fault"), NotAPhoto("<img src=x> is no photo")])
def test_a_fault_of_ours_is_logged_and_the_words_of_an_error_are_no_html(monkeypatch, caplog, error):
    def fail(_):
        raise error

    monkeypatch.setattr(answers, "read_photo", fail)
    said = answers.read_upload(b"...")[0]
    if isinstance(error, RuntimeError):
        assert "no fault of yours" in said and "a fault" in caplog.text
    assert "problem" in said and "<img" not in said


# --- What it keeps, and who gets in -------------------------------------------------------------------


def kept(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def is_refused(page, route, **sent):
    try:
        reply = httpx.post(f"{page.local_url}gradio_api/{route}", timeout=60, **sent)
    except httpx.TransportError:  # the connection is closed while we are still sending
        return True
    return reply.status_code in (400, 413)


def test_more_than_10_megabytes_are_turned_away_and_not_kept(page):
    before = kept(page.uploads.parent)
    assert is_refused(page, "upload", files={"files": ("large.png", io.BytesIO(bytes(10_000_001)))})
    assert is_refused(page, "call/drawing", content=b'{"data": ["' + bytes(20_000_000) + b'"]}')
    pieces = (b"[" * 1000 for _ in range(20_000))  # whose size is not said beforehand
    assert is_refused(page, "call/drawing", content=pieces)
    assert kept(page.uploads.parent) <= before and is_up(page.local_url)


def test_a_photo_arrives_as_the_file_it_was_and_is_deleted_while_the_page_is_open(visitor, page, tmp_path):
    photo = turned_by_the_phone(drawn(7))
    assert "<strong>7</strong>" in upload(visitor, photo, "phone.jpg", tmp_path)[0]
    assert kept(page.uploads)
    end = time.monotonic() + 60
    while kept(page.uploads.parent):
        assert time.monotonic() < end
        time.sleep(0.2)


def test_an_upload_given_up_midway_is_deleted_while_the_page_is_open(page):
    start = (
        "POST /gradio_api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    )
    before = kept(page.uploads.parent)
    with socket.create_connection(("127.0.0.1", page.server_port)) as visitor:
        visitor.sendall(start.encode() + bytes(300_000))
        time.sleep(1)
        assert kept(page.uploads.parent) - before
    end = time.monotonic() + 60
    while kept(page.uploads.parent) - before:
        assert time.monotonic() < end
        time.sleep(0.2)


def test_what_a_killed_page_left_is_deleted_when_the_next_one_opens_and_a_living_page_keeps_its_own(page):
    dead, living = (page.uploads.parent / f"mnist-page-{name}" for name in ("dead", "living"))
    for folder in (dead, living):
        folder.mkdir()
        (folder / "photo.jpg").write_bytes(b"...")
    long_ago = time.time() - 10 * app.DEAD
    os.utime(dead, (long_ago, long_ago))
    app.sweep_dead_pages()
    assert not dead.exists() and living.exists()
    shutil.rmtree(living)


FROM = {
    "this computer": ({}, 200),
    "this page": ({"Origin": "http://127.0.0.1:7860"}, 200),
    "a proxy that says so": ({"Origin": "https://hub.example", "X-Forwarded-Host": "hub.example"}, 200),
    "another website": ({"Origin": "https://evil.example"}, 403),
    "a file": ({"Origin": "null"}, 403),
    "a name that now leads here": ({"Host": "evil.example"}, 403),
    "nonsense": ({"Host": "[", "Origin": "http://["}, 403),
}


@pytest.mark.parametrize("name", FROM)
def test_other_websites_and_names_are_turned_away(page, name):
    headers, status = FROM[name]
    sent = {"json": {"data": [{}]}, "headers": headers}
    assert httpx.post(f"{page.local_url}gradio_api/call/drawing", **sent).status_code == status
    assert httpx.get(page.local_url, headers=headers).status_code == status


def test_the_page_has_a_title_and_an_icon_of_its_own(page):
    assert 'property="og:title" content="Gradio"' not in httpx.get(page.local_url).text
    assert "svg" in httpx.get(f"{page.local_url}favicon.ico").headers["content-type"]


@pytest.mark.parametrize("route", ["gradio_api/file={}", "file={}", "static/..%2f..%2f..%2f..{}"])
def test_no_file_of_this_computer_is_served(page, route):
    server = http.client.HTTPConnection("127.0.0.1", page.server_port, timeout=30)  # sends paths as they are
    server.request("GET", "/" + route.format(quote(str(ROOT / "pyproject.toml"))))
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


def test_the_page_listens_to_this_computer_alone_and_is_not_shared_unless_asked(page):
    ours = psutil.Process().net_connections("tcp")
    assert {c.laddr.ip for c in ours if c.laddr.port == page.server_port} == {"127.0.0.1"}
    assert page.share is False


# --- The command, and the lesson's cell ---------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no Ctrl-C for one process alone")
@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_the_command_opens_the_page_also_behind_a_proxy_and_ends_tidily(tmp_path, how):
    opened = Opened(tmp_path, HTTP_PROXY="http://127.0.0.1:9", NO_PROXY="")
    try:
        assert "<strong>6</strong>" in upload(visit(opened.address), saved(drawn(6)), "6.png", tmp_path)[0]
        assert [*tmp_path.glob("mnist-page-*")]
    finally:
        status, rest = opened.stop(how)
    assert (status, rest) == (0, "\nThe page is closed.\n")
    assert not [*tmp_path.glob("mnist-page-*")] and not is_up(opened.address)


@pytest.mark.parametrize("port", ["taken", "1000000"])
def test_a_port_that_cannot_be_had_is_told_at_once(port, capsys, monkeypatch):
    monkeypatch.setattr("mnist_helpers.page.build_page", None)  # which is not called
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1]) if port == "taken" else port
        assert demo.main(["--no-browser", "--port", port]) == 1
    assert f"Port {port} can't be used" in capsys.readouterr().err


@pytest.mark.slow
def test_the_lesson_s_cell_opens_the_page_below_it_and_a_second_run_closes_the_first(tmp_path):
    cell = "from mnist_helpers.page import build_page\n\nbuild_page().launch()"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for _ in range(2)])
    kernel = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}})
    pages = tmp_path / "pages"
    pages.mkdir()
    with kernel.setup_kernel(env=os.environ | {"TMPDIR": str(pages), "TF_CPP_MIN_LOG_LEVEL": "2"}):
        for index, cell in enumerate(notebook.cells):
            kernel.execute_cell(cell, index)
            (address,) = re.findall('<iframe src="([^"]*)"', str(cell.outputs))
            assert "'stdout'" not in str(cell.outputs)
            assert not kept(pages)  # of the first page
            upload(visit(address), saved(drawn(3)), "three.png", tmp_path)
            assert kept(pages)
        # Gradio's ports are these; the kernel has others of its own.
        ours = psutil.Process(kernel.km.provisioner.pid).net_connections("tcp")
        assert sum(c.status == "LISTEN" and 7860 <= c.laddr.port < 7960 for c in ours) == 1
    assert not is_up(address) and not [*pages.glob("mnist-page-*")]


@pytest.mark.slow
def test_fifty_visitors_with_twenty_drawings_each_are_all_answered_in_steady_memory(tmp_path):
    opened = Opened(tmp_path)

    def draw_digits(turns):
        visitor = visit(opened.address)
        for turn in range(turns):
            assert f"<strong>{turn % 10}</strong>" in draw(visitor, drawn(turn % 10))[0]

    try:
        memory = []
        with ThreadPoolExecutor(50) as visitors:
            for turns in (1, 20):  # the first to warm up
                [*visitors.map(draw_digits, [turns] * 50)]
                memory.append(psutil.Process(opened.process.pid).memory_info().rss / 1e6)
    finally:
        opened.stop()
    assert memory[1] < 1.1 * memory[0] + 50, memory
