"""A small MNIST, and servers on 127.0.0.1 that hand it out in every way a network has been seen to."""

import contextlib
import functools
import gzip
import hashlib
import io
import os
import struct
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import platformdirs

from mnist_helpers import data, sample

# Noise, so that it does not compress and half of a file is half of the digits.
noise = np.random.default_rng(seed=1).integers
SHAPES = (120, 28, 28), (120,), (40, 28, 28), (40,)
SMALL = tuple(noise(0, 256 if len(shape) == 3 else 10, shape, dtype=np.uint8) for shape in SHAPES)
OTHER = (255 - SMALL[0], *SMALL[1:])  # the right shapes, other digits
SMALL_TABLE = tuple(
    expected._replace(shape=array.shape) for expected, array in zip(data.ARRAYS, SMALL, strict=True)
)
SMALL_SHA256 = {
    table.key: hashlib.sha256(array).hexdigest() for table, array in zip(SMALL_TABLE, SMALL, strict=True)
}
sample_once = functools.cache(sample.offline_sample)  # the real one, but it takes a second


def npz(arrays=SMALL, save=np.savez_compressed):
    """The bytes of an npz file."""
    file = io.BytesIO()
    save(file, **{table.key: array for table, array in zip(SMALL_TABLE, arrays, strict=True)})
    return file.getvalue()


def idx_files(pack=gzip.compress, suffix=".gz"):
    """The four idx files: name → bytes."""
    headers = [struct.pack(f">{1 + a.ndim}I", 0x800 + a.ndim, *a.shape) for a in SMALL]
    contents = [header + array.tobytes() for header, array in zip(headers, SMALL, strict=True)]
    return {table.idx + suffix: pack(body) for table, body in zip(SMALL_TABLE, contents, strict=True)}


def same(arrays, expected=SMALL):
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(arrays[:4], expected, strict=True))


def everything_in(folder):
    """All files in a folder: name → bytes. To prove that nothing was changed, added or left over."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def isolate(monkeypatch, folder):
    """Give the test a home with caches of its own, the small MNIST, and no mirrors.

    Returns:
        The files that are our cache and Keras's (neither exists yet, but their folders do).
    """
    for name in [name for name in os.environ if name.startswith("MNIST_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    home = folder / "home"
    for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))
    (folder / "temporary").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
    monkeypatch.setattr(data, "ARRAYS", SMALL_TABLE)
    monkeypatch.setattr(data, "SHA256", SMALL_SHA256)
    monkeypatch.setattr(data, "MIRRORS", ())
    monkeypatch.setattr(data, "offline_sample", sample_once)
    caches = platformdirs.user_cache_path("mnist-course", appauthor=False), home / "keras" / "datasets"
    for cache in caches:
        cache.mkdir(parents=True)
    return [cache / data.NPZ for cache in caches]


def gives(body, first=None, piece=65536, pause=0.0, then_hangs=False):
    """Return an answer that promises the body and sends its first bytes, in pieces with pauses between."""

    def answer(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        sent = body[:first]
        for start in range(0, len(sent), piece):
            request.wfile.write(sent[start : start + piece])
            if pause and request.server.closing.wait(pause):
                return
        if then_hangs:
            is_silent(request)

    return answer


def is_silent(request):
    """Answer nothing (any more), and keep the connection open."""
    request.server.half_way.set()
    request.server.closing.wait()


@contextlib.contextmanager
def serving(answers):
    """Run a server with answers by path; yield it with `url` and `asked`, what it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            answers.get(self.path, lambda request: request.send_error(404))(self)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # a client that hangs up is what these tests are about
        server.asked, server.half_way, server.closing = [], threading.Event(), threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
