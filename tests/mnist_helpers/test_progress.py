"""The progress line: alive while a model is fitted, and one clean line afterwards."""

import re
import sys

import keras
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from mnist_helpers.progress import Progress


def fit(progress=None, epochs=3, callbacks=(), **options):
    """Fit a model of two weights to 40 numbers, in 4 batches an epoch."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    x = np.linspace(0, 1, 40, dtype="float32")[:, np.newaxis]
    callbacks = [progress or Progress(), *callbacks]
    model.fit(x, x, batch_size=10, epochs=epochs, verbose=0, callbacks=callbacks, **options)


def pretend_to_fit(steps=2, **metrics):
    """Call a Progress as Keras does, with the metrics of one epoch."""
    progress = Progress()
    progress.set_params({"epochs": 1, "steps": steps})
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0, metrics)
    progress.on_epoch_end(0, metrics)
    progress.on_train_end()


def test_a_file_gets_one_line_for_each_fit_with_the_last_metrics(capsys):
    progress = Progress()
    fit(progress, validation_split=0.2)
    fit(progress, epochs=2)
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"3 epochs: loss \d\.\d{3}, validation loss \d\.\d{3}", first)
    assert re.fullmatch(r"2 epochs: loss \d\.\d{3}", second)


def test_trainings_in_a_loop_share_one_line(capsys):
    progress = Progress(fits=2)
    fit(progress)
    fit(progress)
    assert capsys.readouterr().out == "2 trainings\n"


@pytest.mark.parametrize(("seconds", "bars"), [(0, [0, 2, 5, 8, 10]), (60, [0])], ids=["slow", "quick"])
def test_a_terminal_shows_each_epoch_and_as_much_of_it_as_an_eye_can_follow(
    seconds, bars, capsys, monkeypatch
):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr("mnist_helpers.progress.SECONDS_BETWEEN_UPDATES", seconds)
    fit()
    _, *running, last = capsys.readouterr().out.split("\r\x1b[K")
    assert [line.split()[1] for line in running] == [epoch for epoch in "123" for _ in bars]
    assert [line.split()[4] for line in running] == 3 * ["█" * done + "░" * (10 - done) for done in bars]
    assert re.fullmatch(r"3 epochs: loss .*\n", last) and "\n" not in "".join(running)


def test_a_training_that_stops_early_says_so(capsys):
    fit(epochs=9, callbacks=[keras.callbacks.EarlyStopping(monitor="loss", patience=0, mode="max")])
    assert capsys.readouterr().out.startswith("2 of 9 epochs: loss ")


def test_accuracies_are_percentages_and_a_learning_rate_is_no_metric(capsys):
    pretend_to_fit(val_accuracy=0.9751, loss=0.0614, accuracy=0.9807, learning_rate=0.1)
    assert capsys.readouterr().out == "1 epoch: accuracy 98.1%, loss 0.061, validation accuracy 97.5%\n"


def test_a_data_set_of_unknown_length_is_shown_too(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    pretend_to_fit(steps=None, loss=1)
    assert "epoch 1 of 1 " in capsys.readouterr().out


@pytest.fixture
def notebook(monkeypatch, tmp_path):
    """Make this process look like a notebook's kernel."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # IPython puts one of its own there
    monkeypatch.setattr(InteractiveShell, "kernel", None, raising=False)
    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()


def test_a_notebook_shows_updates_and_saves_one_clean_line(notebook):
    with capture_output() as captured:
        pretend_to_fit(loss=1)
    assert captured.stdout == "" and [output.update for output in captured.outputs] == [False, True]
    assert captured.outputs[0].data["text/plain"].startswith("epoch 1 of 1 ")
    assert captured.outputs[-1].data == {"text/plain": "1 epoch: loss 1.000"}
