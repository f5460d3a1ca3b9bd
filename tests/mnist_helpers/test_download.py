"""Downloading MNIST from real servers on 127.0.0.1, with everything that networks do to students."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from mnist_helpers import data, download
from mnist_helpers.data import DataError, find_mnist, load_mnist
from tests.support.servers import everything_in, gives, idx_files, is_silent, isolate, npz, same, serving

BODY = npz()
GOOD = {"/mnist.npz": gives(BODY)}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Where a download is kept."""
    monkeypatch.setattr(download, "PATIENCE", 30.0)  # a busy computer is no silent network
    return isolate(monkeypatch, tmp_path)[0]


@pytest.fixture
def mirrors(monkeypatch):
    def use(*addresses):
        monkeypatch.setattr(data, "MIRRORS", addresses)

    return use


def load_in_a_child(mirror):
    """Start `load_mnist()` in a process of its own, with the small MNIST, and patience."""
    code = f"""
from mnist_helpers import data, download
from mnist_helpers.data import Expected
data.ARRAYS, data.SHA256 = {data.ARRAYS}, {data.SHA256}
data.MIRRORS, download.PATIENCE = [{mirror!r}], 30.0
data.load_mnist()
"""
    command = [sys.executable, "-X", "utf8", "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


# --- What works ---------------------------------------------------------------------------------------


def test_a_download_is_verified_kept_and_found_the_next_time(mirrors, cache, capsys, tmp_path):
    with serving(GOOD) as server:
        mirrors(f"{server.url}/mnist.npz")
        load_mnist()
        load_mnist()
        assert server.asked == ["/mnist.npz"]
    out = "Data: {} · 120 training and 40 test images\n"
    assert capsys.readouterr().out == out.format("downloaded") + out.format("the cache")
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


def test_the_four_idx_files_of_a_mirror_are_as_good(mirrors):
    with serving({f"/mnist/{name}": gives(body) for name, body in idx_files().items()}) as server:
        mirrors(f"{server.url}/mnist/")
        assert same(find_mnist("mnist"))


def test_progress_is_one_clean_line(mirrors, capsys, monkeypatch):
    monkeypatch.setattr(download, "EXPECTED_BYTES", len(BODY))
    with serving({"/mnist.npz": gives(BODY, piece=len(BODY) // 8, pause=0.15)}) as server:
        mirrors(f"{server.url}/mnist.npz")
        find_mnist()
    line = r"Downloading MNIST from 127\.0\.0\.1 0\.\.\.10\.\.\.20\.\.\.[0-9.]*100 done\n"
    assert re.fullmatch(line, capsys.readouterr().err)


def test_a_slow_network_is_not_given_up(mirrors, monkeypatch):
    """The patience passes twice, with twice the bytes that it asks for."""
    monkeypatch.setattr(download, "PATIENCE", 1.5)
    monkeypatch.setattr(download, "LEAST_BYTES", len(BODY) // 4)
    with serving({"/mnist.npz": gives(BODY, piece=len(BODY) // 30, pause=0.1)}) as server:
        mirrors(f"{server.url}/mnist.npz")
        assert same(find_mnist("mnist"))


# --- What goes wrong: the next mirror is asked, and nothing is left behind ---------------------------------

FAULTS = {
    "cut half-way": (gives(BODY, first=len(BODY) // 2), "it broke off"),
    "hangs at once": (is_silent, "hardly anything came for 1 seconds"),
    "hangs half-way": (gives(BODY, first=60_000, then_hangs=True), "hardly anything came for 1 seconds"),
    "drips": (gives(BODY, piece=500, pause=0.1), "hardly anything came for 1 seconds"),
    "web page": (gives(b"<!DOCTYPE html><title>Log in"), "starts with b'<!DOCTYPE html>'"),
    "endless": (gives(bytes(300_000)), "it sends more than MNIST can be"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mirror_that_fails_is_named_and_the_next_one_replaces_a_damaged_cache(
    mirrors, monkeypatch, cache, tmp_path, capsys, fault
):
    monkeypatch.setattr(download, "PATIENCE", 1.0)
    monkeypatch.setattr(download, "MOST_BYTES", 250_000)
    cache.write_bytes(b"half a file")
    answer, words = FAULTS[fault]
    with serving({"/bad/mnist.npz": answer, **GOOD}) as server:
        mirrors(f"{server.url}/bad/mnist.npz", f"{server.url}/mnist.npz")
        assert same(find_mnist("mnist"))
    assert re.search(f"127.0.0.1 .* failed: .*{re.escape(words)}", capsys.readouterr().err)
    assert same(find_mnist(cache))
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


@pytest.mark.parametrize("variable", [None, "MNIST_SOURCE"])
def test_when_every_mirror_fails_a_wish_for_mnist_is_an_error_and_else_the_sample_is_announced(
    mirrors, monkeypatch, capsys, variable
):
    with serving({}) as server:
        mirrors(f"{server.url}/mnist.npz", "http://127.0.0.1:9/")
        assert find_mnist().is_sample
        assert "You get the OFFLINE SAMPLE, not MNIST" in capsys.readouterr().err
        if variable:
            monkeypatch.setenv(variable, "mnist")
        wish = f"^{variable or 'The source'} is 'mnist', but .*HTTP status 404; .*: no connection.*MNIST_PATH"
        with pytest.raises(DataError, match=wish):
            find_mnist(None if variable else "mnist")


def test_a_name_server_that_does_not_answer_is_given_up(mirrors, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 1.0)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(20))
    mirrors("http://mnist.invalid/mnist.npz")
    start = time.monotonic()
    with pytest.raises(DataError, match="hardly anything came"):
        find_mnist("mnist")
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_is_used_and_if_it_is_of_no_use_named_without_its_password(
    mirrors, monkeypatch, capsys, scheme
):
    monkeypatch.setenv("http_proxy", f"{scheme}://student:secret@127.0.0.1:9")
    mirrors("http://mnist.invalid/mnist.npz")
    with pytest.raises(DataError, match="the proxy does not let us through") as caught:
        find_mnist("mnist")
    assert "secret" not in str(caught.value) + capsys.readouterr().err


def test_a_home_that_cannot_be_written_gives_a_cache_among_temporary_files_or_a_notice(
    mirrors, cache, capsys, tmp_path
):
    cache.parent.rmdir()
    cache.parent.write_bytes(b"no folder")
    with serving(GOOD) as server:
        mirrors(f"{server.url}/mnist.npz")
        assert find_mnist().path == tmp_path / "temporary" / "mnist-course" / "mnist.npz"
        assert find_mnist().kind == "the cache"
        shutil.rmtree(tmp_path / "temporary" / "mnist-course")
        (tmp_path / "temporary" / "mnist-course").write_bytes(b"no folder")
        found = find_mnist()
    assert same(found) and (found.kind, found.path) == ("downloaded", None)
    assert "MNIST could not be kept for the next time (~" in capsys.readouterr().err


# --- Ctrl-C, and eight at once ------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for one process alone")
def test_ctrl_c_in_mid_download_ends_at_once_and_leaves_nothing_behind(tmp_path):
    with serving({"/mnist.npz": gives(BODY, first=60_000, then_hangs=True)}) as server:
        child = load_in_a_child(f"{server.url}/mnist.npz")
        assert server.half_way.wait(30)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=10)
    assert err.rstrip().endswith("KeyboardInterrupt") and everything_in(tmp_path) == {}


def test_eight_processes_with_one_cache_leave_one_valid_file(tmp_path, cache):
    everyone = threading.Barrier(8)

    def together(request):
        everyone.wait(60)
        gives(BODY)(request)

    with serving({"/mnist.npz": together}) as server:
        children = [load_in_a_child(f"{server.url}/mnist.npz") for _ in range(8)]
        said = [child.communicate(timeout=60) for child in children]
    assert {out for out, _ in said} == {"Data: downloaded · 120 training and 40 test images\n"}, said
    assert same(find_mnist(cache))
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}
