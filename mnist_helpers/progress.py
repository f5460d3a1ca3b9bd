"""Show a training while it runs, and leave one line behind: plumbing, for `fit(..., callbacks=[Progress()])`.

Keras's own bar fills a saved notebook with control characters and timings that differ at every run.
"""

import sys
import time

import keras

SECONDS_BETWEEN_UPDATES = 0.2  # an eye needs no more, and each update takes time from the training


class Progress(keras.callbacks.Callback):
    """Show how far a `fit` is, in one line that is rewritten in place.

    Pass `verbose=0` beside it. What stays, in a saved notebook above all, is a single line of plain text
    with the last value of each metric and no timings. In a notebook the line is an output that is updated;
    in a terminal it is overwritten; where the output goes to a file, only the last line is written.

    The numbers of the running line are Keras's averages over the current epoch so far.

    Args:
        fits: how many calls of `fit` share this object, and with it one line, as in a loop over seeds.
    """

    def __init__(self, fits=1):
        super().__init__()
        self._write = None
        self._fits, self._fit = fits, 0

    def on_train_begin(self, logs=None):
        if self._fit % self._fits == 0:
            self._write = _writer()
        self._fit += 1
        self._epochs = self.params["epochs"]
        self._steps = self.params["steps"]
        self._epoch, self._logs, self._shown = 0, {}, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch
        self._show(0, {})

    def on_train_batch_end(self, batch, logs=None):
        if time.monotonic() - self._shown >= SECONDS_BETWEEN_UPDATES:
            self._show(batch + 1, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._epoch, self._logs = epoch + 1, logs or {}

    def on_train_end(self, logs=None):
        if self._fits > 1:
            if self._fit % self._fits == 0:
                self._write(f"{self._fits} trainings", last=True)
            return
        stopped = f" of {self._epochs}" if self._epoch < self._epochs else ""
        epochs = "1 epoch" if self._epochs == 1 else f"{self._epoch}{stopped} epochs"
        self._write(": ".join([epochs, _metrics(self._logs)]).removesuffix(": "), last=True)

    def _show(self, batches, logs):
        self._shown = time.monotonic()
        done = batches / self._steps if self._steps else 0
        bar = "█" * round(10 * done) + "░" * (10 - round(10 * done))
        which = f"training {(self._fit - 1) % self._fits + 1} of {self._fits}, " if self._fits > 1 else ""
        metrics = _metrics({**self._logs, **(logs or {})})
        line = f"{which}epoch {self._epoch + 1} of {self._epochs} {bar} {metrics}"
        self._write(line.rstrip(), last=False)


def _metrics(logs):
    """Return e.g. `accuracy 98.1%, loss 0.061, validation accuracy 97.5%, validation loss 0.083`."""
    parts = []
    for name, value in sorted(logs.items(), key=lambda item: (item[0].startswith("val_"), item[0])):
        if "accuracy" in name:
            parts.append(f"{name.replace('val_', 'validation ')} {value:.1%}")
        elif name.endswith("loss"):
            parts.append(f"{name.replace('val_', 'validation ')} {value:.3f}")
    return ", ".join(parts)


def _writer():
    """Return `write(line, last)` for where the output goes: a notebook, a terminal or a file."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        return _in_notebook()
    if sys.stdout.isatty():
        return _in_terminal
    return lambda line, last: print(line) if last else None


def _in_notebook():
    from IPython.display import display

    handle = None

    def write(line, last):
        nonlocal handle
        if handle is None:
            handle = display({"text/plain": line}, raw=True, display_id=True)
        else:
            handle.update({"text/plain": line}, raw=True)

    return write


def _in_terminal(line, last):
    print(f"\r\x1b[K{line}", end="\n" if last else "", flush=True)
