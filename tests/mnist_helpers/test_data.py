"""Finding and verifying MNIST on this computer: order of sources, damaged files, permissions."""

import gzip
import io
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from mnist_helpers import data
from mnist_helpers.data import DataError, find_mnist, load_mnist
from tests.support.servers import (
    KEYS,
    LOAD,
    OTHER,
    SMALL,
    WITHOUT_ROOT,
    everything_in,
    idx,
    idx_files,
    isolate,
    npz,
    run_child,
    same,
)
from tools import data as verb

needs_permissions = pytest.mark.skipif(
    sys.platform != "linux" and not (os.name == "posix" and os.geteuid()),
    reason="needs POSIX permissions, and as root Linux, where a process can give up root's powers",
)


@pytest.fixture(autouse=True)
def cache_and_keras(monkeypatch, tmp_path):
    return isolate(monkeypatch, tmp_path)


@pytest.fixture
def cache(cache_and_keras):
    cache_and_keras[0].parent.mkdir(parents=True)
    return cache_and_keras[0]


@pytest.fixture
def keras(cache_and_keras):
    return cache_and_keras[1]


def folder_of(tmp_path, files):
    folder = tmp_path / "home" / "digits"
    folder.mkdir()
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


# --- What is returned and said ------------------------------------------------------------------------


def test_loading_returns_what_keras_returns_and_names_the_kind_of_source_in_one_line(tmp_path, capsys):
    folder = folder_of(tmp_path, {"mnist.npz": npz()})
    (train_images, train_labels), (test_images, test_labels) = load_mnist(folder / "mnist.npz")
    assert same([train_images, train_labels, test_images, test_labels])
    out, err = capsys.readouterr()
    assert out == "Data: your file · 120 training and 40 test images\n"
    assert err == ""


@pytest.mark.parametrize(
    "files",
    [
        {"mnist.npz": npz()},
        {"mnist.npz": npz(save=np.savez)},
        {"mnist.npz": npz([np.asfortranarray(array) for array in SMALL])},
        {"mnist.npz": npz([*SMALL, SMALL[1]], [*KEYS, "extra"])},
        idx_files(),
        idx_files(suffix=""),
    ],
    ids=["compressed", "not compressed", "Fortran order", "one more array", "idx.gz", "idx"],
)
def test_the_digits_count_and_not_how_they_are_packed(tmp_path, files):
    assert same(find_mnist(folder_of(tmp_path, files)))


def test_importing_the_module_imports_nothing_heavy():
    heavy = "{'tensorflow', 'keras', 'sklearn', 'scipy', 'requests', 'pandas', 'matplotlib'}"
    code = f"import sys, mnist_helpers.data; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.skipif(
    "MNIST_PATH" not in os.environ, reason="the real MNIST is tested where MNIST_PATH names it"
)
def test_the_real_mnist_is_the_one_in_our_table(monkeypatch):
    monkeypatch.undo()
    found = find_mnist(os.environ["MNIST_PATH"])
    assert found.train_images.shape == (60000, 28, 28)
    assert list(np.bincount(found.test_labels)) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


# --- The order of sources -----------------------------------------------------------------------------


def test_a_named_path_comes_before_all_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    monkeypatch.setenv("MNIST_PATH", str(tmp_path / "nowhere"))
    assert find_mnist(folder_of(tmp_path, idx_files())).kind == "your file"


def test_a_path_may_start_with_a_tilde(tmp_path):
    folder_of(tmp_path, idx_files())
    assert same(find_mnist("~/digits"))


def test_the_variable_for_the_sample_comes_before_the_path(monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    monkeypatch.setenv("MNIST_PATH", "nowhere")
    assert find_mnist().kind == data.SAMPLE


@pytest.mark.parametrize("source", [None, "mnist"])
def test_the_path_comes_before_the_caches(tmp_path, monkeypatch, cache, source):
    cache.write_bytes(npz())
    monkeypatch.setenv("MNIST_PATH", str(folder_of(tmp_path, idx_files())))
    assert find_mnist(source).kind == "your file"


def test_our_cache_comes_before_keras(cache, keras):
    keras.write_bytes(npz())
    assert find_mnist()[4:] == ("Keras's cache", keras)
    cache.write_bytes(npz())
    assert find_mnist()[4:] == ("the cache", cache)


def test_a_cache_in_the_temporary_directory_is_found_too(tmp_path):
    path = tmp_path / "temporary" / data.CACHE_NAME / data.NPZ
    path.parent.mkdir()
    path.write_bytes(npz())
    assert find_mnist()[4:] == ("the cache", path)


def test_without_anything_the_sample_is_announced_on_both_streams(capsys):
    load_mnist()
    out, err = capsys.readouterr()
    assert out.startswith("Data: OFFLINE SAMPLE, not MNIST · 11,665 training and 500 test images")
    assert "say nothing about MNIST" in out
    assert "MNIST could not be downloaded. You get the OFFLINE SAMPLE" in err


def test_a_sample_that_was_asked_for_is_no_warning(capsys):
    load_mnist("sample")
    assert capsys.readouterr().err == ""


# --- A source that was named and fails is an error -------------------------------------------------------


@pytest.mark.parametrize("as_variable", [False, True])
def test_mnist_without_mnist_is_an_error_and_not_the_sample(monkeypatch, as_variable):
    if as_variable:
        monkeypatch.setenv("MNIST_SOURCE", "mnist")
    with pytest.raises(
        DataError, match="MNIST_SOURCE is 'mnist'" if as_variable else "The source is 'mnist'"
    ):
        find_mnist(None if as_variable else "mnist")


def test_an_unknown_value_of_the_variable_is_an_error(monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "smaple")
    with pytest.raises(DataError, match="MNIST_SOURCE is 'smaple', expected sample or mnist"):
        find_mnist()


@pytest.mark.parametrize("as_variable", [False, True])
@pytest.mark.parametrize("path", ["nowhere.npz", "no/such/folder", "smaple"])
def test_a_path_that_does_not_exist_is_an_error(tmp_path, monkeypatch, cache, path, as_variable):
    cache.write_bytes(npz())
    path = tmp_path / "home" / path
    if as_variable:
        monkeypatch.setenv("MNIST_PATH", str(path))
    with pytest.raises(DataError, match="MNIST_PATH" if as_variable else "The source") as caught:
        find_mnist(None if as_variable else path)
    assert f"{Path('~') / path.relative_to(tmp_path / 'home')}, where there is nothing" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


class Boom:
    """Unpickling it writes a file, as it could do anything else."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def replaced(key, array):
    return npz([array if key == other else small for other, small in zip(KEYS, SMALL, strict=True)])


def gz_with_a_wrong_checksum(body):
    return body[:-8] + bytes(4) + body[-4:]


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
DAMAGED = {
    "other digits": (npz(OTHER), "x_train has the right shape but is not MNIST's"),
    "other labels": (replaced("y_test", SMALL[3] ^ 1), "y_test has the right shape but is not MNIST's"),
    "missing keys": (npz(SMALL[:2], KEYS[:2]), "no array x_test, no y_test"),
    "wrong shape": (replaced("x_train", SMALL[0][:-1]), r"x_train: expected uint8 \(120, 28, 28\)"),
    "flat images": (replaced("x_test", SMALL[2].reshape(40, -1)), r"x_test: .* got uint8 \(40, 784\)"),
    "wrong dtype": (replaced("y_train", SMALL[1].astype(np.int8)), "y_train: expected uint8 .* got int8"),
    "scaled images": (replaced("x_train", SMALL[0] / 255), "x_train: expected uint8 .* got float64"),
    "truncated npz": (npz()[:-5000], "cut short or damaged"),
    "a changed byte": (npz()[:5000] + b"!" + npz()[5001:], "cut short or damaged"),
    "empty file": (b"", "it is empty"),
    "web page": (b"<!DOCTYPE html><title>Log in</title>", "starts with b'<!DOCTYPE html>'"),
    "one array": (b"\x93NUMPY\x01\x00", r"starts with b'\\x93NUMPY"),
    "truncated .gz": (idx_files() | {IMAGES: idx_files()[IMAGES][:-5000]}, "train-images.* is cut short"),
    "wrong .gz checksum": (
        idx_files() | {IMAGES: gz_with_a_wrong_checksum(idx_files()[IMAGES])},
        "train-images.* is cut short or damaged",
    ),
    "truncated idx": (
        idx_files("") | {"train-labels-idx1-ubyte": idx(SMALL[1])[:-1]},
        "train-labels.* or an incomplete file",
    ),
    "idx too long": (
        idx_files("") | {"train-labels-idx1-ubyte": idx(SMALL[1]) + b"!"},
        "train-labels.* or an incomplete file",
    ),
    "empty idx": (idx_files("") | {"train-labels-idx1-ubyte": b""}, "train-labels.* is cut short"),
    "wrong magic number": (
        idx_files() | {LABELS: gzip.compress(b"\0\0\x0d\x01" + idx(SMALL[3])[4:])},
        r"t10k-labels.* is no idx file of bytes: it starts with b'\\x00\\x00\\r",
    ),
    "labels where images belong": (
        idx_files() | {IMAGES: idx_files()[LABELS]},
        "train-images.* is no idx file",
    ),
    "more images": (
        idx_files() | {IMAGES: gzip.compress(idx(np.zeros((500, 28, 28), np.uint8)))},
        r"train-images.*: expected uint8 \(120, 28, 28\), got \(500, 28, 28\)",
    ),
    "other idx digits": (idx_files() | {IMAGES: gzip.compress(idx(OTHER[0]))}, "x_train has the right shape"),
    "three of the four files": (
        {name: body for name, body in idx_files().items() if name != LABELS},
        "no mnist.npz in it and no t10k-labels-idx1-ubyte.gz",
    ),
    "empty folder": ({}, "no mnist.npz in it and no train-images-idx3-ubyte.gz, no "),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_source_is_an_error_that_names_it_and_what_is_wrong(tmp_path, cache, damage):
    cache.write_bytes(npz())
    content, words = DAMAGED[damage]
    folder = folder_of(tmp_path, content if isinstance(content, dict) else {"mnist.npz": content})
    before = everything_in(tmp_path)
    with pytest.raises(DataError, match=words) as caught:
        find_mnist(folder)
    assert f"The source cannot be used. {Path('~/digits')}" in str(caught.value)
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("whole_file", [False, True])
def test_pickled_objects_are_never_opened(tmp_path, whole_file):
    trap = np.array([Boom(tmp_path / "sprung")], dtype=object)
    file = io.BytesIO()
    if whole_file:
        np.save(file, trap, allow_pickle=True)
    else:
        np.savez(file, **dict(zip(KEYS, [trap, *SMALL[1:]], strict=True)))
    folder = folder_of(tmp_path, {"mnist.npz": file.getvalue()})
    with pytest.raises(DataError, match="expected an .npz" if whole_file else "never opened"):
        find_mnist(folder)
    assert not (tmp_path / "sprung").exists()


def test_a_small_gz_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path):
    bomb = gzip.compress(idx(SMALL[0]) + bytes(60_000_000), compresslevel=1)
    folder = folder_of(tmp_path, idx_files() | {IMAGES: bomb})
    tracemalloc.start()
    with pytest.raises(DataError, match="incomplete file"):
        find_mnist(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


# --- The caches ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [npz()[:-5000], npz(OTHER), b""], ids=["truncated", "other digits", "empty"]
)
def test_a_damaged_file_in_keras_cache_is_passed_over_and_stays_as_it_is(tmp_path, keras, capsys, content):
    keras.write_bytes(content)
    before = everything_in(tmp_path)
    assert find_mnist().kind == data.SAMPLE
    assert f"Passed over Keras's cache: {Path('~/keras/datasets/mnist.npz')}: " in capsys.readouterr().err
    assert everything_in(tmp_path) == before


def test_a_damaged_file_in_our_cache_stays_when_nothing_better_can_be_had(tmp_path, cache, capsys):
    cache.write_bytes(b"half a file")
    before = everything_in(tmp_path)
    assert find_mnist().kind == data.SAMPLE
    assert "Passed over the cache: ~" in capsys.readouterr().err
    assert everything_in(tmp_path) == before


def test_a_damaged_file_in_our_cache_does_not_hide_a_good_one_in_keras_cache(cache, keras):
    cache.write_bytes(b"half a file")
    keras.write_bytes(npz())
    assert find_mnist().kind == "Keras's cache"


# --- Permissions ----------------------------------------------------------------------------------------


@needs_permissions
def test_an_unreadable_file_is_an_error_that_names_it(tmp_path, monkeypatch):
    path = folder_of(tmp_path, {"mnist.npz": npz()}) / "mnist.npz"
    path.chmod(0)
    monkeypatch.setenv("MNIST_PATH", str(path))
    status, out, err = run_child(WITHOUT_ROOT + LOAD)
    assert (status, out) == (1, "")
    message = "DataError: MNIST_PATH cannot be used. ~/digits/mnist.npz cannot be read: Permission denied."
    assert message in err


@needs_permissions
@pytest.mark.parametrize("lock_folder", [False, True])
def test_an_unreadable_cache_is_passed_over(cache, keras, lock_folder):
    cache.write_bytes(npz())
    keras.write_bytes(npz())
    locked = cache.parent if lock_folder else cache
    locked.chmod(0)
    try:
        status, out, err = run_child(WITHOUT_ROOT + LOAD)
    finally:
        locked.chmod(0o700)
    assert (status, out[:21]) == (0, "Data: Keras's cache ·"), err
    assert "Passed over the cache" in err


# --- course.py data --to FOLDER ---------------------------------------------------------------------------


@pytest.fixture
def stick(tmp_path):
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def test_the_stick_gets_a_verified_file_and_the_words_to_use_it(cache, stick, capsys, monkeypatch):
    cache.write_bytes(npz())
    assert verb.main(["--to", str(stick)]) == 0
    assert f'MNIST_PATH="{stick / "mnist.npz"}"' in capsys.readouterr().out
    assert list(everything_in(stick)) == ["mnist.npz"]
    cache.unlink()
    monkeypatch.setenv("MNIST_PATH", str(stick / "mnist.npz"))
    assert same(find_mnist())


def test_a_second_copy_to_the_stick_changes_nothing(cache, stick, capsys):
    cache.write_bytes(npz())
    (stick / "mnist.npz").write_bytes(npz(save=np.savez))
    before = everything_in(stick)
    assert verb.main(["--to", str(stick)]) == 0
    assert "is MNIST already" in capsys.readouterr().out
    assert everything_in(stick) == before


def test_another_file_on_the_stick_is_not_overwritten(cache, stick, capsys):
    cache.write_bytes(npz())
    (stick / "mnist.npz").write_bytes(b"my homework")
    assert verb.main(["--to", str(stick)]) == 1
    assert "It stays as it is" in capsys.readouterr().err
    assert everything_in(stick) == {"mnist.npz": b"my homework"}


def test_the_sample_never_goes_on_a_stick(stick, capsys, monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    assert verb.main(["--to", str(stick)]) == 1
    assert "could not be downloaded" in capsys.readouterr().err
    assert everything_in(stick) == {}


def test_a_stick_that_is_not_there_is_an_error(cache, tmp_path, capsys):
    cache.write_bytes(npz())
    assert verb.main(["--to", str(tmp_path / "stick")]) == 1
    assert "There is no folder" in capsys.readouterr().err
    assert not (tmp_path / "stick").exists()


def test_a_stick_that_fails_while_it_is_written_is_an_error_and_keeps_nothing(
    cache, stick, capsys, monkeypatch
):
    cache.write_bytes(npz())

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert verb.main(["--to", str(stick)]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert everything_in(stick) == {}
