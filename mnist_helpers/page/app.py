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
import tempfile
import warnings
import weakref
from pathlib import Path

from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse

from mnist_helpers.page.html import follow_drawing, read_drawing, read_upload, warm_up

with warnings.catch_warnings():  # in a notebook, about progress bars that the page does not draw
    warnings.filterwarnings("ignore", message="IProgress not found")
    import gradio as gr

MOST_BYTES = 10_000_000  # of a photo, as in read_photo
KEPT = (60, 300)  # every 60 seconds, uploads older than 300 seconds are deleted; the queue may be long
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
        ours = {
            "server_name": "127.0.0.1",
            "share": False,
            "quiet": True,
            "max_file_size": MOST_BYTES,
            "app_kwargs": {"middleware": [Middleware(NothingLarge)]},
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
        self._tidy()
        if Page.current is self:
            Page.current = None


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
                    read = gr.Button("Read it", variant="primary", min_width=120)
                    photo = gr.UploadButton("Upload a photo", type="binary", min_width=120)
            with gr.Column(min_width=300):
                result = gr.HTML(follow_drawing({})[0], label="Answer")
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
