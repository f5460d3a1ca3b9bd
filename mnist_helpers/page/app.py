"""A page to draw on: it reads digits from a drawing or a photo and shows how.

    build_page().launch()         in a notebook, below the cell
    python3 course.py demo        in a browser

The page is open to this computer alone and asks nothing of any other. What it says is in html.py, its
style in page.css. page.js is the sheet to draw on: Gradio's own Sketchpad has visitors choose a tool first,
which few find, and lets them fill the server's memory.
"""

import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
import warnings
import weakref
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from mnist_helpers.page.html import follow_drawing, read_drawing, read_upload, warm_up

with warnings.catch_warnings():  # in a notebook, about progress bars that the page does not draw
    warnings.filterwarnings("ignore", message="IProgress not found")
    import gradio as gr

MOST_BYTES = 10_000_000  # of a photo, as in read_photo
KEPT = (60, 300)  # every 60 seconds, uploads older than 300 seconds are deleted; the queue may be long
DEAD = 1800  # seconds after which a folder that no page has touched is one of a page that was killed
OURS = {"127.0.0.1", "localhost", "::1"}  # how this computer calls itself
AT_ONCE = 2  # pictures that are read at the same time
SHEET = """
<div class="paper blank">
  <canvas width="640" height="480" role="img" aria-label="Sheet: draw with mouse, pen or finger"></canvas>
  <span aria-hidden="true">Draw here</span>
</div>
<div class="tools">
  <button type="button" class="undo">Undo</button><button type="button" class="clear">Clear</button>
</div>
"""


class Page(gr.Blocks):
    """A Gradio app that is open to this computer alone, once per process, and leaves nothing behind."""

    current = None

    def __init__(self, **options):
        super().__init__(**options)
        self.uploads = Path(tempfile.gettempdir(), f"mnist-page-{secrets.token_hex(8)}")  # made when needed
        self._tidy = weakref.finalize(self, _tidy, self.uploads)
        self._closed = threading.Event()
        os.environ["GRADIO_TEMP_DIR"] = str(self.uploads)  # Gradio asks for it now and at every upload

    def launch(self, **options):
        """Open the page, and close the one that this process opened before.

        Args:
            options: those of `gradio.Blocks.launch`. `share` is False unless you say so, on Colab too.
        """
        if Page.current and Page.current is not self:
            Page.current.close()
        Page.current = self
        os.environ["GRADIO_TEMP_DIR"] = str(self.uploads)  # another page may have been built since
        _ask_ourselves_without_a_proxy()
        sweep_dead_pages()
        self._closed.clear()
        threading.Thread(target=_sweep, args=(self.uploads, self._closed), daemon=True).start()
        # On Colab and JupyterHub, and where the page is opened for others, proxies in front say other names.
        proxied = "google.colab" in sys.modules or "JUPYTERHUB_SERVICE_PREFIX" in os.environ
        local = options.get("server_name", "127.0.0.1") in OURS and not options.get("share")
        guards = [Middleware(ThisComputerOnly)] if local and not proxied else []
        ours = {
            "server_name": "127.0.0.1",
            "share": False,
            "quiet": True,
            "max_file_size": MOST_BYTES,
            "app_kwargs": {"middleware": [*guards, Middleware(NothingLarge), Middleware(OurTitle)]},
            "favicon_path": Path(__file__).with_name("icon.svg"),
            "height": 780,  # of the frame in a notebook
            "footer_links": [],
            "enable_monitoring": False,
            "mcp_server": False,
            "ssr_mode": False,
            "pwa": False,
            "theme": gr.themes.Base(
                primary_hue="indigo",
                font=["system-ui", "sans-serif"],  # the visitor's own: a name such as "Inter" is fetched
                font_mono=["ui-monospace", "monospace"],
            ),
            "css": _beside("page.css"),
        }
        return super().launch(**ours | options)

    def close(self, verbose=False):
        """Close the page and delete what visitors have uploaded."""
        super().close(verbose)
        self._closed.set()
        self._tidy()
        if Page.current is self:
            Page.current = None


class ThisComputerOnly:
    """Turn away other websites, which a visitor's browser would let ask for them, and other names.

    A request names the host that it asks, which is this computer, and the website that it comes from: this
    page itself, or a proxy in front of it, which says so. No other website can make a browser say that.
    """

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        headers = Headers(scope=scope) if scope["type"] == "http" else {}
        host, origin = (headers.get(name) for name in ("host", "origin"))
        known = OURS | {_host_of(headers.get("x-forwarded-host"))} - {None}
        if (host and _host_of(host) not in OURS) or (origin and _host_of(origin) not in known):
            refusal = PlainTextResponse("This page is open to this computer alone.", 403)
            return await refusal(scope, receive, send)
        await self.app(scope, receive, send)


def _host_of(address):
    try:
        return address and urlsplit(address if "//" in address else f"//{address}").hostname
    except ValueError:
        return None


TITLE = b'title" content="Read my digits"'


class OurTitle:
    """Put the page's title where services look that show a preview of it; Gradio has its own name there."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        start = None

        async def send_ours(message):
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif start is None:
                await send(message)
            else:
                body = message.get("body", b"").replace(b'title" content="Gradio"', TITLE)
                length = [(b"content-length", str(len(body)).encode())]
                others = [(name, value) for name, value in start["headers"] if name != b"content-length"]
                await send(start | {"headers": others + length})
                await send(message | {"body": body})
                start = None

        await self.app(scope, receive, send_ours if scope.get("path") == "/" else send)


class NothingLarge:
    """Turn away requests that hold more than a photo; Gradio limits only the files in them."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        left = MOST_BYTES + 100_000  # for what is around the file
        if int(dict(scope.get("headers", ())).get(b"content-length", 0)) > left:
            refusal = PlainTextResponse("At most 10 MB: save the photo smaller and try again.", 413)
            return await refusal(scope, receive, send)

        async def receive_some():  # a request may come in pieces and not say its size
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        await self.app(scope, receive_some, send)


def build_page():
    """Build the page, with the network loaded and warm.

    A visitor draws or uploads a picture and sees the answer or "not sure", ten probabilities, and the steps
    from the picture to what the network reads; for a number, all its digits.

    Returns:
        `Page`, a `gradio.Blocks`: `build_page().launch()` opens it and `close()` closes it.
    """
    warm_up()
    with Page(title="Read my digits", analytics_enabled=False, delete_cache=KEPT) as built:
        gr.HTML(
            "<h1>Read my digits</h1>"
            "<p>Draw a digit, or several side by side. A small network, trained on MNIST, reads them.</p>"
        )
        with gr.Row(elem_classes="columns"):
            with gr.Column(min_width=300):
                sheet = gr.HTML(
                    html_template=SHEET, js_on_load=_beside("page.js"), label="Drawing", elem_id="sheet"
                )
                with gr.Row():
                    read = gr.Button("Read it", variant="primary", min_width=120, elem_id="read")
                    photo = gr.UploadButton("Upload a photo", type="binary", min_width=120)
            result = gr.HTML(follow_drawing({})[0], label="Answer", elem_id="answer")
            steps = gr.HTML(label="Steps")
        shown = {"outputs": [result, steps], "show_progress": "hidden"}
        shown |= {"concurrency_id": "network", "concurrency_limit": AT_ONCE}
        sheet.input(follow_drawing, sheet, trigger_mode="always_last", api_visibility="private", **shown)
        read.click(read_drawing, sheet, api_name="drawing", **shown)
        photo.upload(read_upload, photo, api_name="photo", **shown)
    return built


def _beside(name):
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _ask_ourselves_without_a_proxy():
    """Gradio asks its own page whether it is there, and must not ask a school's proxy."""
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in os.environ.get(name, "").split(",") if host]
        os.environ[name] = ",".join(dict.fromkeys([*hosts, "127.0.0.1", "localhost"]))


def _tidy(uploads):
    shutil.rmtree(uploads, ignore_errors=True)
    if os.environ.get("GRADIO_TEMP_DIR") == str(uploads):
        del os.environ["GRADIO_TEMP_DIR"]


def _sweep(uploads, closed):
    """Delete what has lain in the folder too long, such as uploads given up midway, which Gradio forgets."""
    every, oldest = KEPT
    while not closed.wait(every):
        if not uploads.is_dir():
            continue
        os.utime(uploads)  # this page lives
        for path in uploads.rglob("*"):
            try:
                if path.is_file() and time.time() - path.stat().st_mtime > oldest:
                    path.unlink()
            except OSError:  # it has gone by itself
                pass


def sweep_dead_pages():
    """Delete the folders of pages that were killed; a page that lives touches its own."""
    for folder in Path(tempfile.gettempdir()).glob("mnist-page-*"):
        try:
            dead = time.time() - folder.stat().st_mtime > DEAD
        except OSError:
            continue
        if dead:
            shutil.rmtree(folder, ignore_errors=True)
