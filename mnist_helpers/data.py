"""MNIST as NumPy arrays: found or downloaded, and verified; without a network, an honest stand-in.

Lessons call `load_mnist`. The rest is plumbing, in the order in which it is needed.
"""

import contextlib
import gzip
import hashlib
import io
import math
import os
import secrets
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
import platformdirs

from mnist_helpers.download import MOST_BYTES, fetch
from mnist_helpers.sample import offline_sample


class Expected(NamedTuple):
    """One of MNIST's four arrays: its key in mnist.npz, its idx file, its shape."""

    key: str
    idx: str
    shape: tuple[int, ...]


ARRAYS = (
    Expected("x_train", "train-images-idx3-ubyte", (60000, 28, 28)),
    Expected("y_train", "train-labels-idx1-ubyte", (60000,)),
    Expected("x_test", "t10k-images-idx3-ubyte", (10000, 28, 28)),
    Expected("y_test", "t10k-labels-idx1-ubyte", (10000,)),
)
SHA256 = {  # of each array's bytes
    "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    "y_train": "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    "y_test": "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
}
NPZ = "mnist.npz"
EXPECTED_FILES = f"an .npz file, or a folder with {NPZ} or the four idx files ({ARRAYS[0].idx}[.gz], …)"

# An address that ends in a slash is a folder with the four idx files, gzipped.
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
KERAS_SETTINGS = ("tensorflow", "float32", "channels_last")  # what the lessons rely on

# The kinds of source, as people read them; the others are "your file" and "Keras's cache".
CACHE, DOWNLOADED, SAMPLE = "the cache", "downloaded", "OFFLINE SAMPLE, not MNIST"
LOADED = []  # the kind of source of the latest `load_mnist`, for checks that only MNIST allows


class DataError(Exception):
    """The digits could not be had. Says what was expected, what came and what to do."""


class Found(NamedTuple):
    """The four arrays, the kind of their source, and the file or folder they came from, if there is one."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    kind: str
    path: Path | None

    @property
    def is_sample(self) -> bool:
        """Whether these are the offline sample's digits, and not MNIST's."""
        return self.kind == SAMPLE


# --- The search ---------------------------------------------------------------------------------------


def load_mnist(
    source: str | os.PathLike | None = None,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Load the MNIST digits and print one line that says which kind of source they came from.

    Without a network you get the offline sample: other, real handwriting in MNIST's shape, about 5,000
    training and 500 test digits. It is not MNIST, and its scores say nothing about MNIST.

    Args:
        source: "sample", "mnist" (never the sample), or the path of an .npz file or of a folder. Without it
            the environment variables MNIST_SOURCE (sample or mnist) and MNIST_PATH are asked, then the
            caches, then the network.

    Returns:
        (train_images, train_labels), (test_images, test_labels), as `keras.datasets.mnist.load_data()`
        returns them: uint8 (60000, 28, 28) in 0–255, white ink on black; uint8 (60000,) in 0–9; and
        10,000 of each for the test.

    Raises:
        DataError: a source that you named cannot be had, and nothing else is loaded in its place; or Keras
            is imported and would compute otherwise than the lessons rely on.
    """
    _check_keras()
    found = find_mnist(source)
    LOADED[:] = [found.kind]
    counts = f"{len(found.train_images):,} training and {len(found.test_images):,} test images"
    warning = " · its scores say nothing about MNIST" if found.is_sample else ""
    print(f"Data: {found.kind} · {counts}{warning}")
    return (found.train_images, found.train_labels), (found.test_images, found.test_labels)


def _check_keras() -> None:
    """Refuse a Keras with other settings, under which some lessons stop and some go wrong in silence."""
    if keras := sys.modules.get("keras"):
        settings = keras.config.backend(), keras.config.floatx(), keras.config.image_data_format()
        if settings == ("jax", *KERAS_SETTINGS[1:]):
            _notice(
                "Keras computes with jax: the helpers work, but cells that use TensorFlow itself will stop."
            )
        elif settings != KERAS_SETTINGS:
            raise DataError(
                f"Keras is set to {', '.join(settings)}; the lessons rely on {', '.join(KERAS_SETTINGS)}. "
                f"Unset KERAS_BACKEND, rename {_shown(_keras_home() / 'keras.json')} and restart the kernel."
            )


def find_mnist(source: str | os.PathLike | None = None) -> Found:
    """Find the digits as `load_mnist` does, print nothing on stdout, and say where they were.

    The order: `source`; MNIST_SOURCE=sample; MNIST_PATH; our cache; Keras's cache, which is only read; the
    mirrors; the offline sample, unless "mnist" was asked for. What was passed over is said on stderr.
    """
    asked_by = "The source"
    if source is None:
        asked_by, source = "MNIST_SOURCE", os.environ.get("MNIST_SOURCE") or None
    if source == "sample":
        return Found(*offline_sample(), SAMPLE, None)
    if source in (None, "mnist") and (path := os.environ.get("MNIST_PATH")):
        asked_by, source = "MNIST_PATH", Path(path)
    if source not in (None, "mnist"):
        path = Path(os.path.expanduser(source)).absolute()
        try:
            return Found(*_read(path), "your file", path)
        except DataError as error:
            expected = EXPECTED_FILES if asked_by == "MNIST_PATH" else f"sample, mnist, {EXPECTED_FILES}"
            raise DataError(f"{asked_by} cannot be used. {error}. Expected {expected}.") from None

    ours = [(CACHE, path) for path in _our_caches()]
    for kind, path in (*ours, ("Keras's cache", _keras_home() / "datasets" / NPZ)):
        try:
            if os.path.exists(path):
                return Found(*_read(path), kind, path)
        except DataError as error:
            _notice(f"Passed over {kind}: {error}")
    try:
        arrays = _download()
    except DataError as error:
        if source == "mnist":
            raise DataError(
                f"{asked_by} is 'mnist', but MNIST could not be downloaded ({error}). Set MNIST_PATH to "
                f"{EXPECTED_FILES}, or ask for the offline sample with 'sample'."
            ) from None
        _notice(f"MNIST could not be downloaded. You get the {SAMPLE}: its scores say nothing about MNIST.")
        return Found(*offline_sample(), SAMPLE, None)
    return Found(*arrays, DOWNLOADED, _save(arrays))


def _our_caches() -> list[Path]:
    """Our cache and, for a home that cannot be written, one among the temporary files: all is verified."""
    home = platformdirs.user_cache_path("mnist-course", appauthor=False)
    return [home / NPZ, Path(tempfile.gettempdir(), "mnist-course", NPZ)]


def _keras_home() -> Path:
    return Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))


def _notice(text: str, end: str = "\n") -> None:
    print(text, end=end, file=sys.stderr, flush=True)


def _shown(path: Path) -> str:
    """The path as it may be shown, committed and sent to others: without the user's name."""
    try:
        return str("~" / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or there is no home
        return str(path)


# --- Reading and verifying ----------------------------------------------------------------------------


def _read(path: Path) -> list[np.ndarray]:
    """Return the four verified arrays from a file or folder."""
    try:
        return _arrays([_content(file) for file in _files_at(path)])
    except (OSError, DataError) as error:
        raise DataError(f"{_shown(path)}: {getattr(error, 'strerror', None) or error}") from None


def _files_at(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if (path / NPZ).exists():
        return [path / NPZ]
    names = [array.idx if (path / array.idx).exists() else f"{array.idx}.gz" for array in ARRAYS]
    if missing := [name for name in names if not (path / name).exists()]:
        raise DataError(f"there is no {NPZ} in it and no {', no '.join(missing)}")
    return [path / name for name in names]


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise DataError(f"{path.name} is a pipe, a folder or a device, expected a file")
    if path.exists() and path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path.name} is larger than MNIST can be")
    return path.read_bytes()


def _arrays(files: Sequence[bytes]) -> list[np.ndarray]:
    """Return the arrays in one npz file or in four idx files. DataError: they are not MNIST's, to the bit.

    The arrays are verified and not the files: a copy that another program packed differently is as good.
    """
    arrays = _npz(*files) if len(files) == 1 else list(map(_idx, files, ARRAYS))
    for array, expected in zip(arrays, ARRAYS, strict=True):
        if hashlib.sha256(np.ascontiguousarray(array)).hexdigest() != SHA256[expected.key]:
            raise DataError(f"{expected.key} has the right shape but is not MNIST's (other SHA-256)")
    return arrays


def _npz(content: bytes) -> list[np.ndarray]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return [_npy(archive, expected) for expected in ARRAYS]
    except (DataError, MemoryError):
        raise
    except KeyError as error:
        raise DataError(error.args[0]) from None
    except Exception:  # what zipfile, zlib and NumPy raise for a damaged file fills a page
        raise DataError(f"it is no .npz file, or damaged; it starts with {bytes(content[:15])}") from None


def _npy(archive: zipfile.ZipFile, expected: Expected) -> np.ndarray:
    """Read an array if its header says what is expected: a small file can unpack to any size."""
    with archive.open(f"{expected.key}.npy") as file:
        np.lib.format.read_magic(file)
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        if (dtype, shape) != (np.uint8, expected.shape):
            raise DataError(f"{expected.key}: expected uint8 {expected.shape}, got {dtype} {shape}")
        file.seek(0)
        return np.lib.format.read_array(file, allow_pickle=False)  # a pickle could run any program


def _idx(content: bytes, expected: Expected) -> np.ndarray:
    """Read an idx file, gzipped or not: 0, 0, 8 (bytes), the number of dimensions; each of them; the data."""
    header = struct.pack(f">{1 + len(expected.shape)}I", 0x800 + len(expected.shape), *expected.shape)
    size = len(header) + math.prod(expected.shape)
    if content.startswith(b"\x1f\x8b"):
        with contextlib.suppress(EOFError, zlib.error, gzip.BadGzipFile):
            # No more than one byte too many: a small gz file can unpack to any size.
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(size + 1)
    if len(content) != size or not content.startswith(header):
        raise DataError(f"{expected.idx} is no idx file of uint8 {expected.shape}, or damaged")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(expected.shape).copy()


# --- Downloading and saving ---------------------------------------------------------------------------


def _download() -> list[np.ndarray]:
    failures = []
    for mirror in MIRRORS:
        host = urlsplit(mirror).hostname
        urls = [f"{mirror}{array.idx}.gz" for array in ARRAYS] if mirror.endswith("/") else [mirror]
        _notice(f"Downloading MNIST from {host}", end=" ")
        try:
            arrays = _arrays(fetch(urls))
            _notice(" done")
            return arrays
        except (DataError, ConnectionError) as error:
            _notice(f" failed: {error}")
            failures.append(f"{host}: {error}")
    raise DataError("; ".join(failures))


def _save(arrays: Sequence[np.ndarray]) -> Path | None:
    """Keep a download for the next time, and say where; what cannot be kept is a notice, not a failure."""
    reasons = []
    for target in _our_caches():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Not compressed: 55 MB instead of 11, but loaded, as every lesson does, in a third of the time.
            write_npz(target, arrays, np.savez)
            return target
        except OSError as error:
            reasons.append(f"{_shown(target.parent)}: {error.strerror}")
    _notice(f"MNIST could not be kept for the next time ({'; '.join(reasons)}).")
    return None


def write_npz(target: Path, arrays: Sequence[np.ndarray], save: Callable = np.savez_compressed) -> None:
    """Write the four arrays to target, whole or not at all, whatever happens meanwhile.

    Args:
        target: the file, replaced if it exists.
        arrays: train images, train labels, test images, test labels.
        save: `np.savez_compressed` (11 MB) or `np.savez` (55 MB, quicker to write and to read).

    Raises:
        OSError: it cannot be written. What was there is unchanged, and nothing is left over.
    """
    for left in target.parent.glob(f".{target.name}.{'[0-9a-f]' * 16}"):
        with contextlib.suppress(OSError):  # by a writer that was killed: none takes an hour
            if time.time() - left.lstat().st_mtime > 3600:
                left.unlink()
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            save(file, **{expected.key: array for expected, array in zip(ARRAYS, arrays, strict=True)})
            file.flush()
            # Or a stick that is pulled out would hold an empty file under a good name.
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
