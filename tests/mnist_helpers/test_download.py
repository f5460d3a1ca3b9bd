"""Downloading MNIST from real servers on 127.0.0.1, with everything that networks do to students."""

import datetime
import re
import signal
import socket
import sys
import threading
import time

import pytest
import trustme
from tests.test_data import needs_permissions

from mnist_helpers import data
from mnist_helpers.data import DataError, find_mnist, load_mnist
from tests.support.servers import (
    LOAD,
    OTHER,
    WITHOUT_ROOT,
    cuts,
    drips,
    everything_in,
    gives,
    hangs,
    idx_files,
    isolate,
    npz,
    run_child,
    same,
    serving,
    start_child,
)

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and limits")
BODY = npz()
REAL_PATIENCE = data.PATIENCE
GOOD = {"/mnist.npz": gives(BODY)}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Where a download is kept (the folder does not exist yet)."""
    path, _ = isolate(monkeypatch, tmp_path)
    monkeypatch.setattr(data, "PATIENCE", 30.0)  # a busy computer is no silent network
    return path


@pytest.fixture
def impatient(monkeypatch):
    """Give up after one second, not six."""
    monkeypatch.setattr(data, "PATIENCE", 1.0)
    monkeypatch.setattr(data, "LEAST_BYTES", 20_000)


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
        out, err = capsys.readouterr()
        assert out == "Data: downloaded · 120 training and 40 test images\n"
        load_mnist()
        assert capsys.readouterr().out == "Data: the cache · 120 training and 40 test images\n"
        assert server.asked == ["/mnist.npz"]
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


def test_the_four_idx_files_of_a_mirror_are_as_good(mirrors, cache):
    files = {f"/mnist/{name}": gives(body) for name, body in idx_files().items()}
    with serving(files) as server:
        mirrors(f"{server.url}/mnist/")
        found = find_mnist()
    assert same(found) and found.kind == "downloaded" and found.path == cache
    assert same(find_mnist(cache))


def test_a_mirror_that_unpacks_its_files_is_as_good(mirrors):
    def says_it_is_packed(body):
        def answer(request):
            request.send_response(200)
            request.send_header("Content-Encoding", "gzip")
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        return answer

    with serving({f"/{name}": says_it_is_packed(body) for name, body in idx_files().items()}) as server:
        mirrors(f"{server.url}/")
        assert same(find_mnist("mnist"))


def test_progress_is_one_clean_line(mirrors, capsys, monkeypatch):
    monkeypatch.setattr(data, "DOWNLOAD_BYTES", len(BODY))
    with serving({"/mnist.npz": drips(BODY, len(BODY) // 8, 0.15)}) as server:
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
    """The patience passes twice, with five times the bytes that it asks for."""
    monkeypatch.setattr(data, "PATIENCE", 1.5)
    monkeypatch.setattr(data, "LEAST_BYTES", len(BODY) // 10)
    with serving({"/mnist.npz": drips(BODY, len(BODY) // 30, 0.1)}) as server:
        mirrors(f"{server.url}/mnist.npz")
        assert same(find_mnist("mnist"))


# --- What goes wrong: the next mirror is asked, and nothing is left behind ---------------------------------

FAULTS = {
    "404": (gives(b"not found", 404), "HTTP status 404"),
    "403": (gives(b"forbidden", 403), "HTTP status 403"),
    "503": (gives(b"busy", 503), "HTTP status 503"),
    "cut half-way": (cuts(BODY), "the connection broke off"),
    "hangs at once": (hangs(), "hardly anything came for 1 seconds"),
    "hangs half-way": (hangs(BODY, after=60_000), "hardly anything came for 1 seconds"),
    "drips": (drips(BODY, 1000, 0.1), "hardly anything came for 1 seconds"),
    "web page with status 200": (
        gives(b"<!DOCTYPE html><title>Log in", 200, "text/html"),
        "starts with b'<!DOCTYPE html>'",
    ),
    "other digits": (gives(npz(OTHER)), "is not MNIST's"),
    "another error page for all": (gives(b""), "it is empty"),
    "endless": (gives(bytes(300_000)), "it sends more than MNIST can be"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mirror_that_fails_is_named_and_the_next_one_is_asked(
    mirrors, impatient, monkeypatch, cache, tmp_path, capsys, fault
):
    monkeypatch.setattr(data, "MOST_BYTES", 250_000)
    answer, words = FAULTS[fault]
    with serving({"/bad/mnist.npz": answer, **GOOD}) as server:
        mirrors(f"{server.url}/bad/mnist.npz", f"{server.url}/mnist.npz")
        assert same(find_mnist("mnist"))
        assert server.asked == ["/bad/mnist.npz", "/mnist.npz"]
    assert re.search(f"127.0.0.1 .* failed: .*{re.escape(words)}", capsys.readouterr().err)
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


@pytest.mark.parametrize("fault", FAULTS)
def test_when_every_mirror_fails_a_wish_for_mnist_is_an_error_and_a_damaged_cache_stays(
    mirrors, impatient, monkeypatch, cache, tmp_path, fault
):
    monkeypatch.setattr(data, "MOST_BYTES", 250_000)
    answer, words = FAULTS[fault]
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"half a file")
    before = everything_in(tmp_path)
    with serving({"/mnist.npz": answer}) as server:
        mirrors(f"{server.url}/mnist.npz")
        with pytest.raises(DataError, match=f"The source is 'mnist'.*{re.escape(words)}.*Set MNIST_PATH"):
            find_mnist("mnist")
    assert everything_in(tmp_path) == before


def test_no_network_is_announced_and_gives_the_sample(mirrors, capsys):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    mirrors(address)
    assert find_mnist().kind == data.SAMPLE
    err = capsys.readouterr().err
    assert "failed: no connection" in err
    assert "You get the OFFLINE SAMPLE, not MNIST" in err


def test_one_of_four_files_that_hangs_is_given_up_too(mirrors, impatient):
    files = {f"/{name}": gives(body) for name, body in idx_files().items()}
    with serving(files | {"/t10k-images-idx3-ubyte.gz": hangs()}) as server:
        mirrors(f"{server.url}/")
        with pytest.raises(DataError, match="hardly anything came"):
            find_mnist("mnist")


def test_a_name_server_that_does_not_answer_is_given_up_and_python_ends_without_it(monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "mnist")
    no_answer = """
import socket, time
socket.getaddrinfo = lambda *_, **__: time.sleep(50)
data.PATIENCE = 1.0
"""
    start = time.monotonic()
    status, out, err = run_child(no_answer + LOAD, "http://mnist.invalid/mnist.npz")
    assert time.monotonic() - start < 40
    assert (status, out) == (1, "")
    assert "DataError: MNIST_SOURCE is 'mnist'" in err and "hardly anything came" in err


def test_a_good_download_replaces_a_damaged_file_in_our_cache(mirrors, cache, tmp_path):
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"half a file")
    with serving(GOOD) as server:
        mirrors(f"{server.url}/mnist.npz")
        assert find_mnist().path == cache
    assert same(find_mnist(cache))
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


def test_a_proxys_password_is_not_shown(mirrors, monkeypatch, capsys):
    monkeypatch.setenv("http_proxy", "http://student:secret@127.0.0.1:9")
    mirrors("http://mnist.invalid/mnist.npz")
    with pytest.raises(DataError, match="the proxy does not let us through") as caught:
        find_mnist("mnist")
    assert "secret" not in str(caught.value) + capsys.readouterr().err


# --- Certificates ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("expired", [True, False])
def test_only_a_valid_certificate_of_a_trusted_authority_is_accepted(
    mirrors, monkeypatch, tmp_path, authority, trusted, expired
):
    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    certificate = authority.issue_cert(
        "127.0.0.1", not_before=now - 30 * day, not_after=now - day if expired else now + day
    )
    with serving(GOOD, certificate) as server:
        mirrors(f"{server.url}/mnist.npz")
        if trusted and not expired:
            assert same(find_mnist("mnist"))
        else:
            with pytest.raises(DataError, match="its certificate cannot be trusted"):
                find_mnist("mnist")
            assert server.asked == []


# --- Where the download cannot be kept ------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path):
    """Folders that nobody may write, until the test is over."""
    folders = []

    def lock(*paths):
        for path in paths:
            path.chmod(0o500)
            folders.append(path)

    yield lock
    for path in folders:
        path.chmod(0o700)


@needs_permissions
def test_a_read_only_home_gives_a_cache_in_the_temporary_directory(tmp_path, locked):
    locked(tmp_path / "home" / ".cache", tmp_path / "home")
    with serving(GOOD) as server:
        status, out, err = run_child(WITHOUT_ROOT + LOAD + LOAD, f"{server.url}/mnist.npz")
        assert server.asked == ["/mnist.npz"]
    assert status == 0, err
    assert [line.split(" · ")[0] for line in out.splitlines()] == ["Data: downloaded", "Data: the cache"]
    assert everything_in(tmp_path).keys() == {"temporary/mnist-course/mnist.npz"}


@needs_permissions
def test_a_cache_that_is_read_only_everywhere_is_a_notice_and_no_failure(tmp_path, locked):
    locked(tmp_path / "home" / ".cache", tmp_path / "home", tmp_path / "temporary")
    only_this_one = "import os, tempfile; tempfile.tempdir = os.environ['TMPDIR']  # and not the next best"
    with serving(GOOD) as server:
        status, out, err = run_child(WITHOUT_ROOT + only_this_one + LOAD, f"{server.url}/mnist.npz")
    assert (status, out) == (0, "Data: downloaded · 120 training and 40 test images\n"), err
    assert "MNIST could not be kept for the next time (~/.cache/mnist-course: Permission denied" in err
    assert everything_in(tmp_path) == {}


@needs_posix
@pytest.mark.parametrize("free_bytes", [0, 10_000])
def test_a_full_disk_is_a_notice_and_leaves_no_half_file(tmp_path, cache, free_bytes):
    """A limit on the size of files is the part of a full disk that needs no root: writing fails half-way."""
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"half a file")
    before = everything_in(tmp_path)
    full = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({free_bytes}, {free_bytes}))\n"
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


# --- Ctrl-C, and eight at once ----------------------------------------------------------------------------


@needs_posix
def test_ctrl_c_in_mid_download_leaves_nothing_behind(tmp_path, cache):
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"half a file")
    before = everything_in(tmp_path)
    with serving({"/mnist.npz": hangs(BODY, after=60_000)}) as server:
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
    interrupt = """
import os, signal
real = os.fsync
def fsync(file):
    real(file)
    assert any(data._cache_folders()[0].iterdir())  # the temporary file is there
    os.kill(os.getpid(), signal.SIGINT)
os.fsync = fsync
"""
    with serving(GOOD) as server:
        status, out, err = run_child(interrupt + LOAD, f"{server.url}/mnist.npz")
    assert status == -signal.SIGINT, err
    assert everything_in(tmp_path) == {}


def test_eight_processes_with_one_cache_leave_one_valid_file(tmp_path, cache):
    everyone = threading.Barrier(8)

    def all_at_once(request):
        everyone.wait(timeout=50)
        gives(BODY)(request)

    slow_disk = """
import os, time
real = os.fsync
os.fsync = lambda file: (real(file), time.sleep(0.5))
"""
    with serving({"/mnist.npz": all_at_once}) as server:
        children = [start_child(slow_disk + LOAD, f"{server.url}/mnist.npz") for _ in range(8)]
        results = [(*child.communicate(timeout=60), child.returncode) for child in children]
    for out, err, status in results:
        assert (status, out) == (0, "Data: downloaded · 120 training and 40 test images\n"), err
        assert err == "Downloading MNIST from 127.0.0.1 0 done\n"
    assert same(find_mnist(cache))
    assert everything_in(tmp_path).keys() == {str(cache.relative_to(tmp_path))}


# --- The bound --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["silent", "hangs half-way", "drips"])
def test_three_mirrors_that_do_not_answer_are_given_up_within_20_seconds(mirrors, monkeypatch, kind):
    monkeypatch.setattr(data, "PATIENCE", REAL_PATIENCE)
    answer = {"silent": hangs(), "hangs half-way": hangs(BODY, after=60_000), "drips": drips(BODY, 200, 0.1)}
    with serving({"/mnist.npz": answer[kind]}) as server:
        mirrors(*[f"{server.url}/mnist.npz"] * 3)
        start = time.monotonic()
        with pytest.raises(DataError, match="hardly anything came"):
            find_mnist("mnist")
        seconds = time.monotonic() - start
        assert len(server.asked) == 3
    assert seconds < 20
