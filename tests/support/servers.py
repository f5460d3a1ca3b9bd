"""A small MNIST, and servers on 127.0.0.1 that hand it out in every way a network has been seen to."""

import contextlib
import functools
import gzip
import hashlib
import io
import os
import pickle
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import platformdirs

from mnist_helpers import data, sample

rng = np.random.default_rng(seed=1)
# Noise, so that it does not compress and half of a file is half of the digits.
SMALL = (
    rng.integers(0, 256, (120, 28, 28), dtype=np.uint8),
    rng.integers(0, 10, 120, dtype=np.uint8),
    rng.integers(0, 256, (40, 28, 28), dtype=np.uint8),
    rng.integers(0, 10, 40, dtype=np.uint8),
)
OTHER = (255 - SMALL[0], *SMALL[1:])  # the right shapes, other digits
KEYS = [array.key for array in data.ARRAYS]
SMALL_TABLE = tuple(
    expected._replace(shape=array.shape, sha256=hashlib.sha256(array).hexdigest()[:32])
    for expected, array in zip(data.ARRAYS, SMALL, strict=True)
)
sample_once = functools.cache(sample.offline_sample)  # the real one, but it takes a second


def npz(arrays=SMALL, keys=KEYS, save=np.savez_compressed):
    """The bytes of an npz file."""
    file = io.BytesIO()
    save(file, **dict(zip(keys, arrays, strict=True)))
    return file.getvalue()


def idx(array):
    """The bytes of an idx file."""
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def idx_files(suffix=".gz"):
    """The four idx files: name → bytes."""
    pack = gzip.compress if suffix else bytes
    return {table.idx + suffix: pack(idx(array)) for table, array in zip(SMALL_TABLE, SMALL, strict=True)}


def same(arrays, expected=SMALL):
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(arrays[:4], expected, strict=True))


def everything_in(folder):
    """All files in a folder: name → bytes. To prove that nothing was changed, added or left over."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def isolate(monkeypatch, folder):
    """Give the test a home, caches and a temporary directory of its own, the small MNIST, and no mirrors.

    Returns:
        The files that are our cache and Keras's (neither exists yet, but their folders do).
    """
    for name in list(os.environ):
        if name.startswith("MNIST_") or name.lower().endswith(("_proxy", "_ca_bundle", "ssl_cert_file")):
            monkeypatch.delenv(name)
    home, temporary = folder / "home", folder / "temporary"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("WIN_PD_OVERRIDE_LOCAL_APPDATA", str(home / "local"))
    monkeypatch.setenv("KERAS_HOME", str(home / "keras"))
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(data, "ARRAYS", SMALL_TABLE)
    monkeypatch.setattr(data, "MIRRORS", ())
    monkeypatch.setattr(data, "offline_sample", sample_once)
    ours, keras = platformdirs.user_cache_path(data.CACHE_NAME, appauthor=False), home / "keras" / "datasets"
    for path in (ours, keras, temporary):
        path.mkdir(parents=True)
    return ours / data.NPZ, keras / data.NPZ


def gives(body=b"", status=200, first=None, piece=65536, pause=0.0, then_hangs=False, headers=()):
    """Return an answer that promises the body and sends its first bytes, in pieces with pauses between."""

    def answer(request):
        request.send_response(status)
        for name, value in [("Content-Length", len(body)), *headers]:
            request.send_header(name, str(value))
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


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.answers.get(self.path, gives(b"not here", status=404))(self)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """Answers by path; `asked` lists the paths (or, as a proxy, the addresses) it was asked for."""

    daemon_threads, block_on_close, request_queue_size = True, False, 50

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked = answers, []
        self.half_way, self.closing = threading.Event(), threading.Event()

    def handle_error(self, request, client_address):
        """A client that hangs up is what these tests are about."""


@contextlib.contextmanager
def serving(answers, certificate=None):
    """Run a server, over TLS if it is given trustme's certificate, and yield it with its `url`."""
    with Server(answers) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        server.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()


CHILD = """
import pickle, sys
from mnist_helpers import data, download
data.ARRAYS, data.MIRRORS = pickle.loads(bytes.fromhex(sys.argv[1]))
download.PATIENCE = 30.0  # a busy computer is no silent network
"""
WITHOUT_ROOT = """
import ctypes, os, struct
if os.geteuid() == 0:  # root without its capabilities: a file's permissions are asked as for anyone else
    header = struct.pack("Ii", 0x20080522, 0)
    assert ctypes.CDLL(None).capset(header, bytes(24)) == 0
"""
LOAD = "\n(train_images, train_labels), (test_images, test_labels) = data.load_mnist()\n"


def start_child(code, *mirrors):
    """Start Python on code, in which `data` is mnist_helpers.data with the small tables and these mirrors."""
    return subprocess.Popen(
        [sys.executable, "-c", CHILD + code, pickle.dumps((SMALL_TABLE, mirrors)).hex()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def run_child(code, *mirrors):
    """Run such a child to its end and return (exit status, stdout, stderr)."""
    with start_child(code, *mirrors) as child:
        out, err = child.communicate(timeout=60)
    return child.returncode, out, err
