"""Finding and verifying MNIST on this computer: the order of sources, damaged files, pipes, leftovers."""

import gzip
import os
import sys
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_helpers.data import DataError, find_mnist, load_mnist, write_npz
from tests.support.servers import OTHER, SMALL, everything_in, idx_files, isolate, npz, same


@pytest.fixture(autouse=True)
def caches(monkeypatch, tmp_path):
    """Our cache and Keras's, neither of which exists yet; and no Keras, whose settings would be looked at."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    return isolate(monkeypatch, tmp_path)


@pytest.fixture
def folder_of(tmp_path):
    """Return a function that writes files into ~/digits and returns that folder."""

    def write(files):
        folder = tmp_path / "home" / "digits"
        folder.mkdir()
        for name, body in files.items():
            (folder / name).write_bytes(body)
        return folder

    return write


def test_loading_returns_what_keras_returns_and_names_the_kind_of_source_in_one_line(folder_of, capsys):
    folder_of({"mnist.npz": npz()})
    (train_images, train_labels), (test_images, test_labels) = load_mnist("~/digits/mnist.npz")
    assert same([train_images, train_labels, test_images, test_labels])
    assert capsys.readouterr() == ("Data: your file · 120 training and 40 test images\n", "")


@pytest.mark.parametrize(
    "files",
    [
        {"mnist.npz": npz(save=np.savez)},
        {"mnist.npz": npz([np.asfortranarray(array) for array in SMALL])},
        idx_files(),
        idx_files(pack=bytes, suffix=""),
    ],
    ids=["not compressed", "Fortran order", "idx.gz", "idx"],
)
def test_the_digits_count_and_not_how_they_are_packed(folder_of, files):
    assert same(find_mnist(folder_of(files)))


@pytest.mark.mnist
def test_the_real_mnist_is_the_one_in_our_table(monkeypatch):
    monkeypatch.undo()
    assert len(find_mnist(os.environ["MNIST_PATH"]).train_images) == 60000


def set_keras(monkeypatch, backend, floatx):
    settings = {"backend": backend, "floatx": floatx, "image_data_format": "channels_last"}
    config = SimpleNamespace(**{name: lambda value=value: value for name, value in settings.items()})
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config))


@pytest.mark.parametrize("settings", [("tensorflow", "float16"), ("jax", "float16"), ("torch", "float32")])
def test_a_keras_that_computes_otherwise_than_the_lessons_is_refused_in_one_line(settings, monkeypatch):
    set_keras(monkeypatch, *settings)
    with pytest.raises(DataError, match="^Keras is set to .*; the lessons rely on .*restart the kernel.$"):
        load_mnist("sample")


def test_keras_on_jax_is_allowed_and_told(monkeypatch, capsys):
    set_keras(monkeypatch, "jax", "float32")
    load_mnist("sample")
    assert capsys.readouterr().err.startswith("Keras computes with jax: the helpers work, but")


def test_each_source_comes_before_the_next(monkeypatch, caches, folder_of):
    """From the last to the first: each that is added takes the place of those before."""
    ours, keras = caches
    folder = folder_of(idx_files())
    assert find_mnist().is_sample
    keras.write_bytes(npz())
    assert find_mnist()[4:] == ("Keras's cache", keras)
    ours.write_bytes(npz())
    assert find_mnist()[4:] == ("the cache", ours)
    monkeypatch.setenv("MNIST_PATH", str(folder))
    assert find_mnist()[4:] == find_mnist("mnist")[4:] == ("your file", folder)
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    assert find_mnist().is_sample
    assert find_mnist(ours)[4:] == ("your file", ours)


def test_the_sample_is_announced_on_both_streams_unless_it_was_asked_for(capsys):
    load_mnist()
    out, err = capsys.readouterr()
    assert out.startswith("Data: OFFLINE SAMPLE, not MNIST · 5,185 training and 500 test images")
    assert "say nothing about MNIST" in out
    assert "MNIST could not be downloaded. You get the OFFLINE SAMPLE" in err
    load_mnist("sample")
    assert capsys.readouterr() == (out, "")


# --- What cannot be used ------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", [None, "MNIST_PATH", "MNIST_SOURCE"])
def test_a_path_that_does_not_exist_is_an_error_in_one_line_without_the_users_name(
    tmp_path, monkeypatch, caches, variable
):
    caches[0].write_bytes(npz())
    path = str(tmp_path / "home" / "smaple")
    if variable:
        monkeypatch.setenv(variable, path)
    with pytest.raises(DataError) as caught:
        find_mnist(None if variable else path)
    line = f"{variable or 'The source'} cannot be used. {Path('~/smaple')}: No such file"
    assert str(caught.value).startswith(line) and "\n" not in str(caught.value)
    assert ("sample, mnist" in str(caught.value)) == (variable != "MNIST_PATH")


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
IDX, NPZ = idx_files(), npz()
BOMB = npz([np.zeros((60_000_000, 1), np.uint8), *SMALL[1:]])
GZ_BOMB = gzip.compress(gzip.decompress(IDX[IMAGES]) + bytes(60_000_000), compresslevel=1)
OBJECTS = npz([np.array([{}], dtype=object), *SMALL[1:]])
UNUSABLE = {
    "other digits": ({"mnist.npz": npz(OTHER)}, "x_train has the right shape but is not MNIST's"),
    "members without .npy": (
        {"mnist.npz": NPZ.replace(b"x_train.npy", b"x_train.raw")},
        "no item named 'x_train.npy'",
    ),
    "pickled objects": ({"mnist.npz": OBJECTS}, "x_train: expected uint8 .* got object"),
    "truncated": ({"mnist.npz": NPZ[:-5000]}, "it is no .npz file, or damaged"),
    "web page": ({"mnist.npz": b"<!DOCTYPE html><title>Log in"}, "starts with b'<!DOCTYPE html>'"),
    "bomb": ({"mnist.npz": BOMB}, "x_train: expected uint8 .* got uint8 "),
    "truncated .gz": (IDX | {IMAGES: IDX[IMAGES][:-5000]}, "train-images.* is no idx file .* or damaged"),
    "labels for images": (IDX | {IMAGES: IDX[LABELS]}, "train-images.* is no idx file"),
    ".gz bomb": (IDX | {IMAGES: GZ_BOMB}, "train-images.* is no idx file"),
    "three of the four": (
        {name: IDX[name] for name in IDX if name != LABELS},
        f"no mnist.npz .* no {LABELS}",
    ),
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_an_unusable_source_is_named_with_what_is_wrong_and_neither_unpacked_nor_changed(
    tmp_path, caches, folder_of, fault
):
    caches[0].write_bytes(NPZ)
    files, words = UNUSABLE[fault]
    folder = folder_of(files)
    before = everything_in(tmp_path)
    tracemalloc.start()
    with pytest.raises(DataError, match=words) as caught:
        find_mnist(folder)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert f"The source cannot be used. {Path('~/digits')}: " in str(caught.value)
    assert everything_in(tmp_path) == before


def test_too_little_memory_is_not_taken_for_a_damaged_file(folder_of, monkeypatch):
    def allocate(*_, **__):
        raise MemoryError

    monkeypatch.setattr(np.lib.format, "read_array", allocate)
    with pytest.raises(MemoryError):
        find_mnist(folder_of({"mnist.npz": npz()}))


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_a_pipe_is_never_waited_for(caches, folder_of, capsys):
    folder = folder_of({name: IDX[name] for name in IDX if name != IMAGES})
    for path in [*caches, folder / IMAGES]:
        os.mkfifo(path)
        with pytest.raises(DataError, match="is a pipe, a folder or a device, expected a file"):
            find_mnist(folder if path.parent == folder else path)
    assert find_mnist().is_sample and capsys.readouterr().err.count("Passed over") == 2


def test_damaged_caches_are_passed_over_and_stay_as_they_are(tmp_path, caches, capsys):
    caches[0].write_bytes(npz()[:-5000])
    caches[1].write_bytes(npz(OTHER))
    before = everything_in(tmp_path)
    assert find_mnist().is_sample
    err = capsys.readouterr().err
    assert "Passed over the cache: ~" in err
    assert f"Passed over Keras's cache: {Path('~/keras/datasets/mnist.npz')}: " in err
    assert everything_in(tmp_path) == before


# --- Writing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [OSError("No space left on device"), KeyboardInterrupt()])
def test_a_writer_that_is_stopped_half_way_leaves_what_was_there_and_nothing_else(folder_of, reason):
    def save(file, **arrays):
        file.write(b"half a file")
        raise reason

    folder = folder_of({"mnist.npz": b"before"})
    with pytest.raises(type(reason)):
        write_npz(folder / "mnist.npz", SMALL, save)
    assert everything_in(folder) == {"mnist.npz": b"before"}


def test_a_writer_sweeps_away_what_killed_writers_left_and_nothing_else(folder_of):
    left, young, users = f".mnist.npz.{'0f' * 8}", f".mnist.npz.{'f0' * 8}", ".mnist.npz.backup"
    folder = folder_of(dict.fromkeys([left, young, users], b"half a file"))
    for name in (left, users):
        os.utime(folder / name, times=(time.time() - 3700,) * 2)
    write_npz(folder / "mnist.npz", SMALL)
    assert everything_in(folder).keys() == {"mnist.npz", young, users}
