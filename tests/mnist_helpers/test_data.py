"""Finding and verifying MNIST on this computer: order of sources, damaged files, pipes, permissions."""

import gzip
import io
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mnist_helpers import data
from mnist_helpers.data import DataError, find_mnist, load_mnist, write_npz
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

needs_permissions = pytest.mark.skipif(
    sys.platform != "linux" and not (os.name == "posix" and os.geteuid()),
    reason="needs POSIX permissions, and as root Linux, where a process can give up root's powers",
)


@pytest.fixture(autouse=True)
def caches(monkeypatch, tmp_path):
    """Our cache, Keras's, and the one in the temporary folder, none of which exists yet."""
    ours, keras = isolate(monkeypatch, tmp_path)
    temporary = tmp_path / "temporary" / data.CACHE_NAME / data.NPZ
    temporary.parent.mkdir()
    return SimpleNamespace(ours=ours, keras=keras, temporary=temporary)


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
        {"mnist.npz": npz([*SMALL, SMALL[1]], [*KEYS, "extra"])},
        idx_files(),
        idx_files(suffix=""),
    ],
    ids=["not compressed", "Fortran order", "one more array", "idx.gz", "idx"],
)
def test_the_digits_count_and_not_how_they_are_packed(folder_of, files):
    assert same(find_mnist(folder_of(files)))


def test_importing_the_module_imports_nothing_heavy():
    heavy = "{'tensorflow', 'keras', 'sklearn', 'scipy', 'requests', 'pandas', 'matplotlib'}"
    code = f"import sys, mnist_helpers.data; print({heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "set()\n"


@pytest.mark.mnist
def test_the_real_mnist_is_the_one_in_our_table(monkeypatch):
    monkeypatch.undo()
    assert len(find_mnist(os.environ["MNIST_PATH"]).train_images) == 60000


@pytest.mark.parametrize(
    "settings",
    ["torch float32 channels_last", "tensorflow float16 channels_last", "tensorflow float32 channels_first"],
)
def test_a_keras_that_computes_otherwise_than_the_lessons_is_refused_in_one_line(monkeypatch, settings):
    backend, floatx, image_data_format = (lambda value=value: value for value in settings.split())
    config = SimpleNamespace(backend=backend, floatx=floatx, image_data_format=image_data_format)
    monkeypatch.setitem(sys.modules, "keras", SimpleNamespace(config=config))
    with pytest.raises(DataError, match="^Keras is set to .*; the lessons rely on .*restart the kernel.$"):
        load_mnist("sample")


# --- The order of sources -----------------------------------------------------------------------------


def test_a_named_path_comes_before_all_variables(folder_of, monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    monkeypatch.setenv("MNIST_PATH", "nowhere")
    assert find_mnist().is_sample
    found = find_mnist(folder_of(idx_files()))
    assert same(found) and not found.is_sample


@pytest.mark.parametrize("source", [None, "mnist"])
def test_the_variable_for_a_path_comes_before_the_caches(folder_of, monkeypatch, caches, source):
    caches.ours.write_bytes(npz())
    monkeypatch.setenv("MNIST_PATH", str(folder_of(idx_files())))
    assert find_mnist(source).kind == "your file"


def test_our_cache_comes_before_the_one_in_the_temporary_folder_and_that_before_keras(caches):
    for path, kind in [
        (caches.keras, "Keras's cache"),
        (caches.temporary, "the cache"),
        (caches.ours, "the cache"),
    ]:
        path.write_bytes(npz())
        assert find_mnist()[4:] == (kind, path)


def test_the_sample_is_announced_on_both_streams_unless_it_was_asked_for(capsys):
    load_mnist()
    out, err = capsys.readouterr()
    assert out.startswith("Data: OFFLINE SAMPLE, not MNIST · 5,185 training and 500 test images")
    assert "say nothing about MNIST" in out
    assert "MNIST could not be downloaded. You get the OFFLINE SAMPLE" in err
    load_mnist("sample")
    assert capsys.readouterr() == (out, "")


# --- A source that was named and fails is an error -------------------------------------------------------


@pytest.mark.parametrize("variable", [None, "MNIST_SOURCE"])
def test_mnist_without_mnist_is_an_error_and_not_the_sample(monkeypatch, variable):
    if variable:
        monkeypatch.setenv(variable, "mnist")
    with pytest.raises(
        DataError, match=f"^{variable or 'The source'} is 'mnist', but MNIST could not be down"
    ):
        find_mnist(None if variable else "mnist")


@pytest.mark.parametrize("variable", [None, "MNIST_PATH", "MNIST_SOURCE"])
def test_a_path_that_does_not_exist_is_an_error_in_one_line_without_the_users_name(
    tmp_path, monkeypatch, caches, variable
):
    caches.ours.write_bytes(npz())
    path = str(tmp_path / "home" / "smaple")
    if variable:
        monkeypatch.setenv(variable, path)
    with pytest.raises(DataError) as caught:
        find_mnist(None if variable else path)
    line = f"{variable or 'The source'} cannot be used. {Path('~/smaple')} cannot be read: No such file"
    assert str(caught.value).startswith(line) and "\n" not in str(caught.value)
    assert ("sample, mnist" in str(caught.value)) == (variable != "MNIST_PATH")


def replaced(key, array):
    return npz([array if key == other else small for other, small in zip(KEYS, SMALL, strict=True)])


def without_suffixes():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for key, array in zip(KEYS, SMALL, strict=True):
            archive.writestr(key, array.tobytes())
    return file.getvalue()


def idx_files_but(name, body):
    return idx_files() | {name: body}


IMAGES, LABELS = "train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"
DAMAGED = {
    "other digits": (npz(OTHER), "x_train has the right shape but is not MNIST's"),
    "other labels": (replaced("y_test", SMALL[3] ^ 1), "y_test has the right shape but is not MNIST's"),
    "missing keys": (npz(SMALL[:2], KEYS[:2]), "no array x_test, no y_test"),
    "members without .npy": (without_suffixes(), "no array x_train, no y_train"),
    "flat images": (replaced("x_test", SMALL[2].reshape(40, -1)), r"x_test: .* got uint8 \(40, 784\)"),
    "scaled images": (replaced("x_train", SMALL[0] / 255), "x_train: expected uint8 .* got float64"),
    "pickled objects": (
        replaced("x_train", np.array([{}], dtype=object)),
        "x_train: expected uint8 .* got object",
    ),
    "truncated npz": (npz()[:-5000], "cut short or damaged"),
    "a changed byte": (npz()[:5000] + b"!" + npz()[5001:], "cut short or damaged"),
    "empty file": (b"", "it is no .npz file"),
    "web page": (b"<!DOCTYPE html><title>Log in</title>", "starts with b'<!DOCTYPE html>'"),
    "truncated .gz": (idx_files_but(IMAGES, idx_files()[IMAGES][:-5000]), "train-images.* is cut short"),
    "wrong .gz checksum": (idx_files_but(IMAGES, idx_files()[IMAGES][:-8] + bytes(8)), "train-images.*dama"),
    "idx too short": (idx_files_but(LABELS, gzip.compress(idx(SMALL[3])[:-1])), "t10k-labels.*cut short"),
    "idx too long": (idx_files_but(LABELS, gzip.compress(idx(SMALL[3]) + b"!")), "t10k-labels.* damaged"),
    "labels for images": (idx_files_but(IMAGES, idx_files()[LABELS]), "train-images.* is no idx file"),
    "other idx digits": (idx_files_but(IMAGES, gzip.compress(idx(OTHER[0]))), "x_train has the right shape"),
    "three of the four files": (
        {name: body for name, body in idx_files().items() if name != LABELS},
        "no mnist.npz in it and no t10k-labels-idx1-ubyte.gz",
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_source_is_an_error_that_names_it_and_what_is_wrong(tmp_path, caches, folder_of, damage):
    caches.ours.write_bytes(npz())
    content, words = DAMAGED[damage]
    folder = folder_of(content if isinstance(content, dict) else {"mnist.npz": content})
    before = everything_in(tmp_path)
    with pytest.raises(DataError, match=words) as caught:
        find_mnist(folder)
    assert f"The source cannot be used. {Path('~/digits')}" in str(caught.value)
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize(
    "files",
    [
        {"mnist.npz": replaced("x_train", np.zeros((60_000_000, 1), np.uint8))},
        idx_files_but(IMAGES, gzip.compress(idx(SMALL[0]) + bytes(60_000_000), compresslevel=1)),
    ],
    ids=["npz", "gz"],
)
def test_a_small_file_that_unpacks_to_gigabytes_is_not_unpacked(folder_of, files):
    folder = folder_of(files)
    tracemalloc.start()
    with pytest.raises(DataError, match="expected uint8|cut short or damaged"):
        find_mnist(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_too_little_memory_is_not_taken_for_a_damaged_file(folder_of, monkeypatch):
    def allocate(*_, **__):
        raise MemoryError

    monkeypatch.setattr(np.lib.format, "read_array", allocate)
    with pytest.raises(MemoryError):
        find_mnist(folder_of({"mnist.npz": npz()}))


# --- Pipes, caches, permissions -----------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_a_pipe_is_never_waited_for(caches, folder_of, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    folder = folder_of({name: body for name, body in idx_files().items() if name != IMAGES})
    os.mkfifo(folder / IMAGES)
    for path in vars(caches).values():
        os.mkfifo(path)
    status, out, err = run_child(f"""
for path in {str(tmp_path / "pipe")!r}, {str(folder)!r}:
    try:
        data.find_mnist(path)
    except data.DataError as error:
        print(error)
data.load_mnist()
""")
    assert status == 0 and out.count("is a pipe, a folder or a device, expected a file") == 2
    assert "OFFLINE SAMPLE" in out and err.count("Passed over") == 3


def test_damaged_caches_are_passed_over_and_stay_as_they_are(tmp_path, caches, capsys):
    caches.ours.write_bytes(npz()[:-5000])
    caches.keras.write_bytes(npz(OTHER))
    before = everything_in(tmp_path)
    assert find_mnist().is_sample
    err = capsys.readouterr().err
    assert "Passed over the cache: ~" in err
    assert f"Passed over Keras's cache: {Path('~/keras/datasets/mnist.npz')}: " in err
    assert everything_in(tmp_path) == before


@needs_permissions
def test_an_unreadable_file_is_an_error_if_it_was_named_and_else_passed_over(caches, folder_of, monkeypatch):
    folder = folder_of({"mnist.npz": npz()})
    caches.ours.write_bytes(npz())
    caches.keras.write_bytes(npz())
    for path in (folder / "mnist.npz", caches.ours):
        path.chmod(0)
    status, out, err = run_child(WITHOUT_ROOT + LOAD)
    assert (status, out[:21]) == (0, "Data: Keras's cache ·"), err
    assert "Passed over the cache: ~/.cache/mnist-course/mnist.npz cannot be read: Permission denied" in err
    monkeypatch.setenv("MNIST_PATH", str(folder))
    status, out, err = run_child(WITHOUT_ROOT + LOAD)
    assert (status, out) == (1, "")
    assert "DataError: MNIST_PATH cannot be used. ~/digits cannot be read: Permission denied." in err


def test_a_writer_sweeps_away_what_killed_writers_left_and_nothing_else(folder_of):
    left, young, users = f".mnist.npz.{'0f' * 8}", f".mnist.npz.{'f0' * 8}", ".mnist.npz.backup"
    folder = folder_of(dict.fromkeys([left, young, users], b"half a file"))
    for name in (left, users):
        os.utime(folder / name, times=(time.time() - 3700,) * 2)
    write_npz(folder / "mnist.npz", SMALL)
    assert everything_in(folder).keys() == {"mnist.npz", young, users}
