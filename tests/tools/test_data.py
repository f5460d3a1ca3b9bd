"""course.py data: MNIST on a stick, verified, and nothing of the user's touched."""

import numpy as np
import pytest

from mnist_helpers.data import DataError, find_mnist
from tests.support.servers import everything_in, isolate, npz, same
from tools import data
from tools.lib.files import Problem


@pytest.fixture
def cache(monkeypatch, tmp_path):
    return isolate(monkeypatch, tmp_path)[0]


@pytest.fixture
def stick(tmp_path, cache):
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def test_the_stick_gets_a_verified_file_and_the_words_to_use_it(cache, stick, capsys, monkeypatch):
    cache.write_bytes(npz())
    assert data.main(["--to", str(stick)]) == 0
    assert f'MNIST_PATH="{stick / "mnist.npz"}"' in capsys.readouterr().out
    assert list(everything_in(stick)) == ["mnist.npz"]
    cache.unlink()
    monkeypatch.setenv("MNIST_PATH", str(stick / "mnist.npz"))
    assert same(find_mnist())


def test_a_second_copy_to_the_stick_changes_nothing(stick, capsys):
    (stick / "mnist.npz").write_bytes(npz(save=np.savez))
    before = everything_in(stick)
    assert data.main(["--to", str(stick)]) == 0
    assert "is MNIST already" in capsys.readouterr().out
    assert everything_in(stick) == before


def test_another_file_on_the_stick_is_not_overwritten(cache, stick):
    cache.write_bytes(npz())
    (stick / "mnist.npz").write_bytes(b"my homework")
    with pytest.raises(Problem, match="It stays as it is"):
        data.main(["--to", str(stick)])
    assert everything_in(stick) == {"mnist.npz": b"my homework"}


def test_the_sample_never_goes_on_a_stick(stick, monkeypatch):
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    with pytest.raises(DataError, match="could not be downloaded"):
        data.main(["--to", str(stick)])
    assert everything_in(stick) == {}


def test_a_stick_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(Problem, match="There is no folder"):
        data.main(["--to", str(tmp_path / "stick")])
    assert not (tmp_path / "stick").exists()
