"""course.py data: MNIST on a stick, verified, and nothing of the user's touched."""

import pytest

from mnist_helpers.data import DataError, find_mnist
from tests.support.servers import everything_in, isolate, npz, same
from tools import data
from tools.lib.files import Problem


@pytest.fixture
def stick(monkeypatch, tmp_path):
    """A folder to write to; MNIST is in our cache."""
    isolate(monkeypatch, tmp_path)[0].write_bytes(npz())
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def test_the_stick_gets_a_verified_file_with_the_words_to_use_it_and_it_stays(stick, capsys):
    assert data.main(["--to", str(stick)]) == 0
    assert f'MNIST_PATH="{stick / "mnist.npz"}"' in capsys.readouterr().out
    before = everything_in(stick)
    assert list(before) == ["mnist.npz"] and same(find_mnist(stick))
    assert data.main(["--to", str(stick)]) == 0
    assert "is MNIST already" in capsys.readouterr().out and everything_in(stick) == before


def test_another_file_on_the_stick_is_not_overwritten(stick):
    (stick / "mnist.npz").write_bytes(b"my homework")
    with pytest.raises(Problem, match="It stays as it is"):
        data.main(["--to", str(stick)])
    assert everything_in(stick) == {"mnist.npz": b"my homework"}


def test_the_sample_never_goes_on_a_stick(stick, monkeypatch, tmp_path):
    isolate(monkeypatch, tmp_path / "without a cache")
    monkeypatch.setenv("MNIST_SOURCE", "sample")
    with pytest.raises(DataError, match="could not be downloaded"):
        data.main(["--to", str(stick)])


def test_a_stick_that_is_not_there_is_an_error(stick):
    with pytest.raises(Problem, match="There is no folder"):
        data.main(["--to", str(stick / "elsewhere")])
