"""The progress line: alive while a model is fitted, and one clean line afterwards."""

import io
import re
from collections import Counter
from contextlib import redirect_stdout

import keras
import numpy as np
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from mnist_helpers.progress import Progress


def fit(progress=None, epochs=3, callbacks=(), **options):
    """Fit a model of two weights to 40 numbers, in 4 batches an epoch."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    x = np.linspace(0, 1, 40, dtype="float32")[:, np.newaxis]
    callbacks = [progress or Progress(), *callbacks]
    model.fit(x, x, batch_size=10, epochs=epochs, verbose=0, callbacks=callbacks, **options)


def pretend_to_fit(epochs=1, steps=2, **metrics):
    """Call a Progress as Keras does, with the metrics of one epoch."""
    progress = Progress()
    progress.set_params({"epochs": epochs, "steps": steps})
    progress.on_train_begin()
    progress.on_epoch_begin(0)
    progress.on_train_batch_end(0, metrics)
    progress.on_epoch_end(0, metrics)
    progress.on_train_end()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def lines_on_a_terminal(function, **arguments):
    """Return what one line of a terminal shows, one state after the other."""
    with redirect_stdout(Terminal()) as terminal:
        function(**arguments)
    assert terminal.getvalue().count("\n") == 1, "one line, rewritten in place"
    return terminal.getvalue().rstrip("\n").split("\r\x1b[K")[1:]


def test_a_file_gets_one_line_with_the_last_metrics(capsys):
    fit(validation_split=0.2)
    assert re.fullmatch(r"3 epochs: loss \d\.\d{3}, validation loss \d\.\d{3}\n", capsys.readouterr().out)


def test_a_terminal_shows_every_epoch():
    lines = lines_on_a_terminal(fit)
    for epoch in (1, 2, 3):
        assert any(line.startswith(f"epoch {epoch} of 3 ") for line in lines)
    assert re.fullmatch(r"3 epochs: loss \d\.\d{3}", lines[-1])


def test_the_line_moves_within_an_epoch(monkeypatch):
    monkeypatch.setattr("mnist_helpers.progress.SECONDS_BETWEEN_UPDATES", 0)
    bars = [line.split()[4] for line in lines_on_a_terminal(fit, epochs=1)[:-1]]
    assert bars == ["░" * 10, *("█" * n + "░" * (10 - n) for n in (2, 5, 8)), "█" * 10]


def test_batches_that_take_no_time_are_not_shown_each(monkeypatch):
    monkeypatch.setattr("mnist_helpers.progress.SECONDS_BETWEEN_UPDATES", 60)
    assert len(lines_on_a_terminal(fit, epochs=1)) == 2


def test_a_training_that_stops_early_says_so(capsys):
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=0, mode="max")
    fit(epochs=9, callbacks=[stop])
    assert capsys.readouterr().out.startswith("2 of 9 epochs: loss ")


def test_one_epoch_is_singular(capsys):
    pretend_to_fit(loss=1)
    assert capsys.readouterr().out == "1 epoch: loss 1.000\n"


def test_accuracies_are_percentages_and_a_learning_rate_is_no_metric(capsys):
    pretend_to_fit(val_accuracy=0.9751, loss=0.0614, accuracy=0.9807, learning_rate=0.1)
    assert capsys.readouterr().out == "1 epoch: accuracy 98.1%, loss 0.061, validation accuracy 97.5%\n"


def test_a_data_set_of_unknown_length_is_shown_too():
    assert lines_on_a_terminal(pretend_to_fit, steps=None, loss=1)[0].startswith("epoch 1 of 1 ")


def test_one_callback_serves_two_fits(capsys):
    progress = Progress()
    fit(progress, epochs=2)
    fit(progress, epochs=1)
    assert re.fullmatch(r"2 epochs: loss .*\n1 epoch: loss .*\n", capsys.readouterr().out)


class Watching(NotebookClient):
    """A client that counts what the kernel sends."""

    def process_message(self, message, cell, cell_index):
        self.seen[message["msg_type"]] += 1
        return super().process_message(message, cell, cell_index)


def test_a_notebook_shows_updates_and_saves_one_clean_line_per_fit():
    code = """
import keras, numpy as np
from mnist_helpers import progress
progress.SECONDS_BETWEEN_UPDATES = 0
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile(optimizer="sgd", loss="mse")
x = np.ones((40, 1))
for _ in range(2):
    history = model.fit(x, x, batch_size=10, epochs=3, verbose=0, callbacks=[progress.Progress()])
"""
    notebook = new_notebook(cells=[new_code_cell(code)])
    client = Watching(notebook, timeout=120, extra_arguments=["--IPKernelApp.capture_fd_output=False"])
    client.seen = Counter()
    client.execute()
    outputs = notebook.cells[0].outputs
    assert client.seen["update_display_data"] > 20
    assert [output.output_type for output in outputs] == ["display_data"] * 2
    for output in outputs:
        assert list(output.data) == ["text/plain"]
        assert re.fullmatch(r"3 epochs: loss \d\.\d{3}", output.data["text/plain"])
