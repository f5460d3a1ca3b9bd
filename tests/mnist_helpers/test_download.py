"""Downloading MNIST from real servers on 127.0.0.1, with everything that networks do to students."""

import re
import signal
import socket
import sys
import threading
import time

import pytest
import trustme

from mnist_helpers import data, download
from mnist_helpers.data import DataError, find_mnist, load_mnist
from tests.support.servers import (
    LOAD,
    OTHER,
    WITHOUT_ROOT,
    everything_in,
    gives,
    idx_files,
    is_silent,
    isolate,
    npz,
    run_child,
    same,
    serving,
    start_child,
)

needs_posix = pytest.mark.skipif(
    sys.platform == "win32", reason="needs POSIX signals, limits and permissions"
)
BODY = npz()
REAL_PATIENCE = download.PATIENCE
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


@pytest.mark.parametrize("headers", [(), [("Content-Encoding", "gzip")]], ids=["packed", "unpacks them"])
def test_the_four_idx_files_of_a_mirror_are_as_good(mirrors, cache, headers):
    files = {f"/mnist/{name}": gives(body, headers=headers) for name, body in idx_files().items()}
    with serving(files) as server:
        mirrors(f"{server.url}/mnist/")
        found = find_mnist()
    assert same(found) and found.path == cache
    assert same(find_mnist(cache))


def test_progress_is_one_clean_line(mirrors, capsys, monkeypatch):
    monkeypatch.setattr(download, "EXPECTED_BYTES", len(BODY))
    with serving({"/mnist.npz": gives(BODY, piece=len(BODY) // 8, pause=0.15)}) as server:
        mirrors(f"{server.url}/mnist.npz")
        find_mnist()
    err = capsys.readouterr().err
    assert re.fullmatch(r"Downloading MNIST from 127\.0\.0\.1 0\.\.\.10\.\.\.20\.\.\..*100 done\n", err)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", err)


def test_a_proxy_is_used(mirrors, monkeypatch):
    address = "http://mnist.invalid/mnist.npz"
    with serving({address: gives(BODY)}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        mirrors(address)
        assert same(find_mnist("mnist"))
        assert proxy.asked == [address]


def test_a_slow_network_is_not_given_up(mirrors, monkeypatch):
    """The patience passes twice, with twice the bytes that it asks for."""
    monkeypatch.setattr(download, "PATIENCE", 1.5)
    monkeypatch.setattr(download, "LEAST_BYTES", len(BODY) // 4)
    with serving({"/mnist.npz": gives(BODY, piece=len(BODY) // 30, pause=0.1)}) as server:
        mirrors(f"{server.url}/mnist.npz")
        assert same(find_mnist("mnist"))


# --- What goes wrong: the next mirror is asked, and nothing is left behind ---------------------------------

FAULTS = {
    "cut half-way": (gives(BODY, first=len(BODY) // 2), "the connection broke off"),
    "hangs at once": (is_silent, "hardly anything came for 1 seconds"),
    "hangs half-way": (gives(BODY, first=60_000, then_hangs=True), "hardly anything came for 1 seconds"),
    "drips": (gives(BODY, piece=500, pause=0.1), "hardly anything came for 1 seconds"),
    "web page": (gives(b"<!DOCTYPE html><title>Log in"), "starts with b'<!DOCTYPE html>'"),
    "other digits": (gives(npz(OTHER)), "is not MNIST's"),
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
        assert server.asked == ["/bad/mnist.npz", "/mnist.npz"]
    assert re.search(f"127.0.0.1 .* failed: .*{re.escape(words)}", capsys.readouterr().err)
    assert same(find_mnist(cache))
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


def test_when_every_mirror_fails_the_sample_is_announced_and_a_wish_for_mnist_is_an_error(
    mirrors, cache, tmp_path, capsys
):
    cache.write_bytes(b"half a file")
    before = everything_in(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with serving({}) as server:
        mirrors(f"{server.url}/mnist.npz", nobody)
        assert find_mnist().is_sample
        assert "You get the OFFLINE SAMPLE, not MNIST" in capsys.readouterr().err
        with pytest.raises(DataError, match="HTTP status 404; .*: no connection.* Set MNIST_PATH"):
            find_mnist("mnist")
    assert everything_in(tmp_path) == before


def test_a_name_server_that_does_not_answer_is_given_up_and_python_ends_without_it(monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "mnist")
    no_answer = """
import socket, time
socket.getaddrinfo = lambda *_, **__: time.sleep(50)
download.PATIENCE = 1.0
"""
    start = time.monotonic()
    status, out, err = run_child(no_answer + LOAD, "http://mnist.invalid/mnist.npz")
    assert time.monotonic() - start < 40
    assert (status, out) == (1, "")
    assert "DataError: MNIST_SOURCE is 'mnist'" in err and "hardly anything came" in err


@pytest.mark.parametrize("scheme, words", [("http", "the proxy does not let"), ("socks5", "a SOCKS proxy")])
def test_a_proxy_of_no_use_is_named_without_its_password(mirrors, monkeypatch, capsys, scheme, words):
    monkeypatch.setenv("http_proxy", f"{scheme}://student:secret@127.0.0.1:9")
    mirrors("http://mnist.invalid/mnist.npz")
    with pytest.raises(DataError, match=words) as caught:
        find_mnist("mnist")
    assert "secret" not in str(caught.value) + capsys.readouterr().err


@pytest.mark.parametrize("trusted", [True, False])
def test_only_a_certificate_of_a_trusted_authority_is_accepted(mirrors, monkeypatch, tmp_path, trusted):
    authority = trustme.CA()
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    with serving(GOOD, authority.issue_cert("127.0.0.1")) as server:
        mirrors(f"{server.url}/mnist.npz")
        if trusted:
            assert same(find_mnist("mnist"))
        else:
            with pytest.raises(DataError, match="its certificate cannot be trusted"):
                find_mnist("mnist")
            assert server.asked == []


# --- Where the download cannot be kept ------------------------------------------------------------------


@needs_posix
@pytest.mark.parametrize("locked", [["home"], ["home", "temporary"]])
def test_a_read_only_home_gives_a_cache_in_the_temporary_folder_and_if_that_fails_a_notice(
    tmp_path, cache, locked
):
    cache.parent.rmdir()
    locked = [tmp_path / name for name in locked] + [cache.parent.parent]
    for path in locked:
        path.chmod(0o500)
    only_this_one = "import os, tempfile; tempfile.tempdir = os.environ['TMPDIR']  # and not the next best"
    try:
        with serving(GOOD) as server:
            status, out, err = run_child(WITHOUT_ROOT + only_this_one + LOAD, f"{server.url}/mnist.npz")
    finally:
        for path in locked:
            path.chmod(0o700)
    assert (status, out) == (0, "Data: downloaded · 120 training and 40 test images\n"), err
    if len(locked) == 2:
        assert everything_in(tmp_path).keys() == {"temporary/mnist-course/mnist.npz"}
    else:
        assert "MNIST could not be kept for the next time (~/.cache/mnist-course: Permission denied" in err
        assert everything_in(tmp_path) == {}


@needs_posix
def test_a_full_disk_is_a_notice_and_leaves_no_half_file(tmp_path, cache):
    """A limit on the size of files is the part of a full disk that needs no root: writing fails half-way."""
    cache.write_bytes(b"half a file")
    before = everything_in(tmp_path)
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
    with serving(GOOD) as server:
        status, out, err = run_child(full + LOAD, f"{server.url}/mnist.npz")
    assert (status, out) == (0, "Data: downloaded · 120 training and 40 test images\n"), err
    assert err.count("\n") == 3  # the cache was damaged, the progress, the notice
    assert "MNIST could not be kept for the next time (~/.cache/mnist-course: File too large" in err
    assert everything_in(tmp_path) == before


def test_a_file_that_another_process_holds_open_on_windows_is_no_failure_if_it_is_good(
    mirrors, monkeypatch, cache, tmp_path, capsys
):
    def another_was_first(temporary, target):
        cache.write_bytes(BODY)
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(data.os, "replace", another_was_first)
    with serving(GOOD) as server:
        mirrors(f"{server.url}/mnist.npz")
        assert find_mnist().path == cache
    assert "could not be kept" not in capsys.readouterr().err
    assert everything_in(tmp_path) == {str(cache.relative_to(tmp_path)): BODY}


# --- Ctrl-C, eight at once, and the bound -------------------------------------------------------------------


@needs_posix
def test_ctrl_c_in_mid_download_ends_at_once_and_leaves_nothing_behind(tmp_path, cache):
    cache.write_bytes(b"half a file")
    before = everything_in(tmp_path)
    with serving({"/mnist.npz": gives(BODY, first=60_000, then_hangs=True)}) as server:
        child = start_child(LOAD, f"{server.url}/mnist.npz")
        assert server.half_way.wait(30)
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=20)
        assert time.monotonic() - start < 10
    assert child.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt") and "stopped\n" in err
    assert everything_in(tmp_path) == before


@needs_posix
def test_ctrl_c_while_the_file_is_written_leaves_nothing_behind(tmp_path, cache):
    interrupt = f"""
import os, pathlib, signal
def fsync(file):
    assert any(pathlib.Path({str(cache.parent)!r}).iterdir())  # the temporary file is there
    os.kill(os.getpid(), signal.SIGINT)
os.fsync = fsync
"""
    with serving(GOOD) as server:
        status, out, err = run_child(interrupt + LOAD, f"{server.url}/mnist.npz")
    assert status == -signal.SIGINT, err
    assert everything_in(tmp_path) == {}


def test_eight_processes_with_one_cache_leave_one_valid_file(tmp_path, cache):
    everyone = threading.Barrier(8)

    def together(request):
        everyone.wait(60)
        gives(BODY)(request)

    slow_disk = "import os, time; os.fsync = lambda file: time.sleep(0.5)"
    with serving({"/mnist.npz": together}) as server:
        children = [start_child(slow_disk + LOAD, f"{server.url}/mnist.npz") for _ in range(8)]
        results = [(*child.communicate(timeout=60), child.returncode) for child in children]
    for out, err, status in results:
        assert (status, out) == (0, "Data: downloaded · 120 training and 40 test images\n"), err
        assert err == "Downloading MNIST from 127.0.0.1 0 done\n"
    assert same(find_mnist(cache))
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [is_silent, gives(BODY, first=60_000, then_hangs=True), gives(BODY, piece=100, pause=0.1)],
    ids=["silent", "hangs half-way", "drips"],
)
def test_three_mirrors_that_do_not_answer_are_given_up_within_20_seconds(mirrors, monkeypatch, answer):
    monkeypatch.setattr(download, "PATIENCE", REAL_PATIENCE)
    with serving({"/mnist.npz": answer}) as server:
        mirrors(*[f"{server.url}/mnist.npz"] * 3)
        start = time.monotonic()
        with pytest.raises(DataError, match="hardly anything came"):
            find_mnist("mnist")
        seconds = time.monotonic() - start
        assert len(server.asked) == 3
    assert seconds < 20
