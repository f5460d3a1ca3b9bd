"""MNIST as NumPy arrays: found or downloaded, and verified; without a network, an honest stand-in.

Lessons call `load_mnist`. The rest is plumbing and reads from top to bottom: what MNIST is, the search,
reading and verifying, downloading, saving, and the offline sample.
"""

import contextlib
import gzip
import hashlib
import io
import os
import secrets
import struct
import sys
import tempfile
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import numpy as np


class Expected(NamedTuple):
    """One of MNIST's four arrays: its key in mnist.npz, its idx file, its shape, the SHA-256 of its bytes."""

    key: str
    idx: str
    shape: tuple[int, ...]
    sha256: str


ARRAYS = (
    Expected(
        "x_train",
        "train-images-idx3-ubyte",
        (60000, 28, 28),
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
    ),
    Expected(
        "y_train",
        "train-labels-idx1-ubyte",
        (60000,),
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
    ),
    Expected(
        "x_test",
        "t10k-images-idx3-ubyte",
        (10000, 28, 28),
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
    ),
    Expected(
        "y_test",
        "t10k-labels-idx1-ubyte",
        (10000,),
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    ),
)
NPZ = "mnist.npz"
EXPECTED_FILES = f"an .npz file, or a folder with {NPZ} or the four idx files ({ARRAYS[0].idx}[.gz], …)"

# An address that ends in a slash is a folder with the four idx files, gzipped.
MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
DOWNLOAD_BYTES = 11_490_000  # either way, for the progress bar
MOST_BYTES = 64_000_000  # an uncompressed mnist.npz has 55 million; nobody may fill our memory with more

# A mirror that sends fewer than LEAST_BYTES in any PATIENCE seconds is given up: three silent mirrors cost
# 18 seconds. The slowest modem that is still a network (3 KB/s) is never given up.
PATIENCE = 6.0
LEAST_BYTES = 16_000

CACHE_NAME = "mnist-course"
SAMPLE = "OFFLINE SAMPLE, not MNIST"


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


# --- The search ---------------------------------------------------------------------------------------


def load_mnist(
    source: str | os.PathLike | None = None,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Load the MNIST digits and print one line that says which kind of source they came from.

    Without a network you get the offline sample: other, real handwriting in MNIST's shape, about 12,000
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
        DataError: a source that you named cannot be had. Nothing else is loaded in its place.
    """
    found = find_mnist(source)
    counts = f"{len(found.train_images):,} training and {len(found.test_images):,} test images"
    warning = " · its scores say nothing about MNIST" if found.kind == SAMPLE else ""
    print(f"Data: {found.kind} · {counts}{warning}")
    return (found.train_images, found.train_labels), (found.test_images, found.test_labels)


def find_mnist(source: str | os.PathLike | None = None) -> Found:
    """Find the digits as `load_mnist` does, print nothing on stdout, and say where they were.

    The order: `source`; MNIST_SOURCE=sample; MNIST_PATH; our cache; Keras's cache, which is only read; the
    mirrors; the offline sample, unless "mnist" was asked for. What was passed over is said on stderr.
    """
    asked_by = "The source"
    if source is None and (source := os.environ.get("MNIST_SOURCE") or None):
        asked_by = "MNIST_SOURCE"
        if source not in ("sample", "mnist"):
            raise DataError(
                f"MNIST_SOURCE is {source!r}, expected sample or mnist. For a file set MNIST_PATH."
            )
    if source == "sample":
        return offline_sample()
    if source not in (None, "mnist"):
        return _named_by_the_user(asked_by, source)
    if path := os.environ.get("MNIST_PATH"):
        return _named_by_the_user("MNIST_PATH", path)

    for kind, path in _cached_copies():
        try:
            return Found(*_read(path), kind, path)
        except FileNotFoundError:
            continue
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
        return offline_sample()
    return Found(*arrays, "downloaded", _save(arrays))


def _named_by_the_user(asked_by: str, source: str | os.PathLike) -> Found:
    path = Path(os.path.expanduser(source)).absolute()
    try:
        return Found(*_read(path), "your file", path)
    except FileNotFoundError:
        raise DataError(
            f"{asked_by} is {_shown(path)}, where there is nothing. Expected {EXPECTED_FILES}."
        ) from None
    except DataError as error:
        raise DataError(f"{asked_by} cannot be used. {error}. Expected {EXPECTED_FILES}.") from None


def _cached_copies() -> list[tuple[str, Path]]:
    keras = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))
    ours = [("the cache", folder / NPZ) for folder in _cache_folders()]
    return [*ours, ("Keras's cache", keras / "datasets" / NPZ)]


def _cache_folders() -> list[Path]:
    import platformdirs

    folders = [platformdirs.user_cache_path(CACHE_NAME, appauthor=False)]
    with contextlib.suppress(OSError):  # on a full disk no directory is fit for temporary files
        # Anyone may have put a file here, and that does no harm: what is read is verified.
        folders.append(Path(tempfile.gettempdir()) / CACHE_NAME)
    return folders


def _notice(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _shown(path: Path) -> str:
    """The path as it may be shown, committed and sent to others: without the user's name."""
    try:
        return str("~" / path.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or there is no home
        return str(path)


# --- Reading and verifying ----------------------------------------------------------------------------


def _read(path: Path) -> list[np.ndarray]:
    """Return the four verified arrays from a file or folder. FileNotFoundError: there is nothing."""
    try:
        with contextlib.ExitStack() as stack:
            return _arrays([stack.enter_context(open(file, "rb")) for file in _files_at(path)])
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DataError(f"{_shown(path)} cannot be read: {error.strerror or error}") from None
    except DataError as error:
        raise DataError(f"{_shown(path)}: {error}") from None


def _files_at(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if (path / NPZ).exists():
        return [path / NPZ]
    names = [array.idx if (path / array.idx).exists() else f"{array.idx}.gz" for array in ARRAYS]
    if missing := [name for name in names if not (path / name).exists()]:
        raise DataError(f"there is no {NPZ} in it and no {', no '.join(missing)}")
    return [path / name for name in names]


def _arrays(files: Sequence[BinaryIO]) -> list[np.ndarray]:
    """Return the arrays in one npz file or in four idx files. DataError: they are not MNIST's, to the bit.

    The arrays are verified and not the files: a copy that another program packed differently is as good.
    """
    arrays = _npz(*files) if len(files) == 1 else list(map(_idx, files, ARRAYS))
    for array, expected in zip(arrays, ARRAYS, strict=True):
        if (array.dtype, array.shape) != (np.uint8, expected.shape):
            raise DataError(
                f"{expected.key}: expected uint8 {expected.shape}, got {array.dtype} {array.shape}"
            )
        if hashlib.sha256(np.ascontiguousarray(array)).hexdigest() != expected.sha256:
            raise DataError(f"{expected.key} has the right shape but is not MNIST's (other SHA-256)")
    return arrays


def _npz(file: BinaryIO) -> list[np.ndarray]:
    start = file.read(15)
    if not start.startswith(b"PK"):
        raise DataError(
            f"expected an .npz file, got one that starts with {start!r}" if start else "it is empty"
        )
    file.seek(0)
    try:
        with np.load(file, allow_pickle=False) as archive:  # a pickle could run any program
            missing = [array.key for array in ARRAYS if array.key not in archive]
            arrays = [] if missing else [archive[array.key] for array in ARRAYS]
    except Exception:  # what zipfile, zlib and NumPy raise for a damaged file fills a page
        raise DataError(
            "it is cut short or damaged, or holds pickled objects, which are never opened"
        ) from None
    if missing:
        raise DataError(f"there is no array {', no '.join(missing)} in it")
    return arrays


def _idx(file: BinaryIO, expected: Expected) -> np.ndarray:
    """Read an idx file, gzipped or not: 0, 0, 8 (bytes), the number of dimensions; each of them; the data."""
    header = struct.Struct(f">{1 + len(expected.shape)}I")
    gzipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    try:
        # No more than one byte too many: a small gz file can unpack to any size.
        size = header.size + int(np.prod(expected.shape))
        content = (gzip.GzipFile(fileobj=file) if gzipped else file).read(size + 1)
        magic, *shape = header.unpack_from(content)
    except (EOFError, zlib.error, gzip.BadGzipFile, struct.error):
        raise DataError(f"{expected.idx} is cut short or damaged") from None
    if magic != 0x800 + len(expected.shape):
        raise DataError(f"{expected.idx} is no idx file of bytes: it starts with {content[:4]!r}")
    if (tuple(shape), len(content)) != (expected.shape, size):
        raise DataError(
            f"{expected.idx}: expected uint8 {expected.shape}, got {tuple(shape)} or an incomplete file"
        )
    return np.frombuffer(content, np.uint8, offset=header.size).reshape(shape).copy()


# --- Downloading --------------------------------------------------------------------------------------


def _download() -> list[np.ndarray]:
    failures = []
    for mirror in MIRRORS:
        host = urlsplit(mirror).hostname
        urls = [f"{mirror}{array.idx}.gz" for array in ARRAYS] if mirror.endswith("/") else [mirror]
        progress = _Progress(f"Downloading MNIST from {host}")
        try:
            arrays = _arrays([io.BytesIO(body) for body in _fetch(urls, progress)])
            progress.end("done")
            return arrays
        except DataError as error:
            failures.append(f"{host}: {error}")
            progress.end(f"failed: {error}")
        finally:
            progress.end("stopped")
    raise DataError("; ".join(failures))


class _Progress:
    """A bar that only grows, 0...10...20..., and so is one clean line in terminals, notebooks and logs."""

    def __init__(self, title: str):
        self.ticks = 0
        self.ended = False
        print(title, end=" ", file=sys.stderr, flush=True)

    def show(self, done: float) -> None:
        while self.ticks <= min(done, 1) * 40:
            tick = "." if self.ticks % 4 else str(self.ticks * 100 // 40)
            print(tick, end="", file=sys.stderr, flush=True)
            self.ticks += 1

    def end(self, word: str) -> None:
        if not self.ended:
            print(f" {word}", file=sys.stderr, flush=True)
        self.ended = True


def _fetch(urls: list[str], progress: _Progress) -> list[bytearray]:
    """Read the files of one mirror into memory, or raise DataError when it fails or stalls.

    One thread reads and this one watches. A socket's timeout would not do: it covers neither a name server
    that does not answer nor a server that sends a byte a second. The thread is a daemon, so that neither
    Ctrl-C nor the end of Python waits for it.
    """
    import requests

    bodies = [bytearray() for _ in urls]
    errors: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        try:
            with requests.Session() as session:  # honours proxies and REQUESTS_CA_BUNDLE, else trusts certifi
                for url, body in zip(urls, bodies, strict=True):
                    # (the timeout ends a thread that nobody waits for any more)
                    with session.get(url, stream=True, timeout=2 * PATIENCE) as response:
                        response.raise_for_status()
                        for chunk in response.iter_content(4096):
                            body.extend(chunk)
                            if stop.is_set():
                                return
                            if sum(map(len, bodies)) > MOST_BYTES:
                                raise DataError("it sends more than MNIST can be")
        except Exception as error:
            errors.append(error)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    seen = deque([(time.monotonic(), 0)])  # (when, how many bytes by then), no further back than needed
    try:
        while reader.is_alive():
            reader.join(0.1)
            now, size = time.monotonic(), sum(map(len, bodies))
            progress.show(size / DOWNLOAD_BYTES)
            seen.append((now, size))
            while now - seen[1][0] >= PATIENCE:
                seen.popleft()
            then, size_then = seen[0]
            if reader.is_alive() and now - then >= PATIENCE and size - size_then < LEAST_BYTES:
                raise DataError(f"hardly anything came for {PATIENCE:g} seconds")
    finally:
        stop.set()
    if errors:
        raise DataError(_reason(errors[0])) from None
    return bodies


def _reason(error: Exception) -> str:
    """Say in few words why a download failed: requests' own text is long and may hold a proxy's password."""
    from requests import exceptions

    match error:
        case DataError():
            return str(error)
        case exceptions.HTTPError():
            return f"HTTP status {error.response.status_code}"
        case exceptions.SSLError():
            return "its certificate cannot be trusted (is this computer's date right?)"
        case exceptions.ProxyError():
            return "the proxy does not let us through"
        case exceptions.ChunkedEncodingError():
            return "the connection broke off"
        case exceptions.ConnectionError() | exceptions.Timeout():
            return "no connection"
        case _:
            return type(error).__name__


# --- Saving -------------------------------------------------------------------------------------------


def _save(arrays: Sequence[np.ndarray]) -> Path | None:
    """Keep a download for the next time, and say where; what cannot be kept is a notice, not a failure."""
    reasons = []
    for folder in _cache_folders():
        target = folder / NPZ
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Not compressed: 55 MB instead of 11, but loaded, as every lesson does, in a third of the time.
            write_npz(target, arrays, np.savez)
            return target
        except OSError as error:
            with contextlib.suppress(OSError, DataError):
                _read(target)  # Windows does not replace a file that another process has open: is it good?
                return target
            reasons.append(f"{_shown(folder)}: {error.strerror or error}")
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
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        with open(temporary, "xb") as file:
            save(file, **{expected.key: array for expected, array in zip(ARRAYS, arrays, strict=True)})
            file.flush()
            os.fsync(
                file.fileno()
            )  # or a stick that is pulled out would hold an empty file under a good name
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


# --- The offline sample -------------------------------------------------------------------------------

SAMPLE_TEST = 500
SAMPLE_VARIANTS = 9


def offline_sample() -> Found:
    """Return real handwriting in MNIST's shape for when MNIST cannot be had. It is not MNIST.

    The 1,797 digits (8×8 pixels) that scikit-learn ships, enlarged: scores on them say nothing about MNIST.
    The file is in the order of its 13 writers and stays so. Its last 500 digits are the test set as they
    are, mostly by other hands than the rest. Each of the first 1,297 gives nine training images: itself
    and eight small turns, reductions and shifts, all neighbours in the array. A validation set cut off the
    end, as the lessons do with the last sixth, then shares no digit with the rest.

    Returns:
        Found with uint8 images (11665, 28, 28) and (500, 28, 28), white ink in a 20×20 box, centred by mass
        up to the small shifts; uint8 labels; no path. The same each time.

    Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, https://doi.org/10.24432/C50P49 (CC BY 4.0).
    """
    # What sklearn.datasets.load_digits() reads; importing scikit-learn would take longer than all the rest.
    package = Path(find_spec("sklearn").submodule_search_locations[0])
    table = np.loadtxt(package / "datasets" / "data" / "digits.csv.gz", delimiter=",", dtype=np.uint8)
    digits, labels = table[:, :-1].reshape(-1, 8, 8), table[:, -1]

    train_digits = np.repeat(digits[:-SAMPLE_TEST], SAMPLE_VARIANTS, axis=0)
    train_labels = np.repeat(labels[:-SAMPLE_TEST], SAMPLE_VARIANTS)
    n = len(train_digits)
    rng = np.random.default_rng(seed=0)
    angles, zooms, shifts = rng.uniform(-0.2, 0.2, n), rng.uniform(0.85, 1, n), rng.uniform(-1, 1, (n, 2))
    angles[::SAMPLE_VARIANTS], zooms[::SAMPLE_VARIANTS], shifts[::SAMPLE_VARIANTS] = 0, 1, 0

    # The first digit comes once: 11,665 images, whose last sixth is exactly the last 216 digits' variants.
    once = SAMPLE_VARIANTS - 1
    train_images = _enlarge(train_digits, angles, zooms, shifts)[once:]
    as_they_are = np.zeros(SAMPLE_TEST), np.ones(SAMPLE_TEST), np.zeros((SAMPLE_TEST, 2))
    test_images = _enlarge(digits[-SAMPLE_TEST:], *as_they_are)
    return Found(train_images, train_labels[once:], test_images, labels[-SAMPLE_TEST:].copy(), SAMPLE, None)


def _enlarge(digits: np.ndarray, angles: np.ndarray, zooms: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Draw 8×8 digits into 28×28 by cubic splines: turned (radians), zoomed, shifted (pixels)."""
    from scipy import ndimage

    ink = np.pad(digits / 16, ((0, 0), (2, 2), (2, 2)))
    places = np.arange(12)
    centres = (
        np.stack([ink.sum(axis=2) @ places, ink.sum(axis=1) @ places], axis=1) / ink.sum(axis=(1, 2))[:, None]
    )
    splines = ndimage.spline_filter1d(ndimage.spline_filter1d(ink, axis=1), axis=2)
    cos, sin = np.cos(angles), np.sin(angles)
    # From a pixel of the picture back to a place on the digit: 8 pixels become 18.4, with their edges 20.
    back = np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2) / (2.3 * zooms)[:, None, None]
    offsets = centres - (back @ (14 + shifts)[:, :, None])[:, :, 0]
    pictures = np.empty((len(digits), 28, 28))
    for spline, matrix, offset, picture in zip(splines, back, offsets, pictures, strict=True):
        ndimage.affine_transform(spline, matrix, offset, (28, 28), picture, prefilter=False)
    pictures /= pictures.max(axis=(1, 2), keepdims=True)
    # The blurred edges of an enlarged picture, made as steep as those of a pen in MNIST.
    return np.rint(((pictures - 0.33) / 0.45).clip(0, 1) * 255).astype(np.uint8)
