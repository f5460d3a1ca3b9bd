"""Train a network of the course on several machines at once, each a worker with a share of every batch.

    python -m mnist_helpers.distributed --folder FOLDER

The same program runs on every machine. The variable TF_CONFIG, set by a scheduler, says who the workers
are and which one this is; without it there is one worker. All see FOLDER, where the chief, the first one,
keeps a checkpoint. A run that was broken off goes on from there when all workers are started again.
"""

import argparse
import faulthandler
import functools
import json
import os
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist_helpers.data import DataError, load_mnist
from mnist_helpers.preprocessing import to_model_input

CHECKPOINT = "checkpoint.npz"
EXAMPLE = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'


class Stop(Exception):
    """The training cannot start or go on; the text says why, and what to do."""


class Cluster(NamedTuple):
    """The workers' addresses, `host:port` each, the chief's first, and which of them this process is."""

    addresses: list[str]
    index: int


def read_cluster(text: str | None) -> Cluster:
    """Read TF_CONFIG.

    Args:
        text: JSON with `cluster` and `task`, or None, which stands for this process alone.

    Raises:
        Stop: it says something else, or names machines of a kind that this training does not have.
    """
    if not text:
        return Cluster([], 0)
    try:
        config = json.loads(text)
        jobs, task, index = config["cluster"], str(config["task"]["type"]), int(config["task"]["index"])
        addresses = [*jobs.get("chief", []), *jobs.get("worker", [])]
        ports = [int(address.rpartition(":")[2]) for address in addresses]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise Stop(f"TF_CONFIG cannot be read ({reason}). Expected: {EXAMPLE}") from None
    if wrong := {*jobs, task} - {"chief", "worker"}:
        raise Stop(f"TF_CONFIG names {', '.join(sorted(wrong))}; all are equal here: chief or worker.")
    if not 0 <= index < len(jobs.get(task, [])):
        there = len(jobs.get(task, []))
        raise Stop(f"TF_CONFIG says that this is {task} {index}, but lists {there} of them, counted from 0.")
    if len(set(addresses)) < len(addresses) or not all(0 < port < 65536 for port in ports):
        raise Stop(f"TF_CONFIG needs a host:port of its own for each worker, not {', '.join(addresses)}.")
    return Cluster(addresses, index + (len(jobs.get("chief", [])) if task == "worker" else 0))


def meet(cluster: Cluster, seconds: float) -> None:
    """Wait until every worker is there: TensorFlow would wait for ever, and share a port that is taken.

    Raises:
        Stop: this worker's port is taken, or somebody has not come within these seconds.
    """
    port, until = int(cluster.addresses[cluster.index].rpartition(":")[2]), time.monotonic() + seconds
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(os.name == "posix"))
        try:
            door.bind(("", port))
            door.listen()
        except OSError as error:
            reason = f"port {port} cannot be had ({error.strerror})"
            raise Stop(f"{reason}. Does an earlier run still live? If not, choose another.") from None
        missing = set(range(len(cluster.addresses)))
        while missing := {number for number in missing if not answers(cluster.addresses[number])}:
            if time.monotonic() > until:
                names = ", ".join(f"worker {number} at {cluster.addresses[number]}" for number in missing)
                raise Stop(f"no answer from {names} within {seconds:g} s.")
            time.sleep(0.2)


def answers(address: str) -> bool:
    """Return whether somebody listens at `host:port`."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
        return True
    except OSError:
        return False


def leave(text: str) -> None:
    """Say why and end the process at once: TensorFlow's own way out would wait for the other workers."""
    print(f"Stopped: {text}", file=sys.stderr, flush=True)
    os._exit(3)


def read_checkpoint(path: Path, run: str, variables: list) -> list[float]:
    """Put a checkpoint's values into the variables, if there is one; return the losses of its steps."""
    if not path.exists():
        return []
    with np.load(path) as saved:
        if str(saved["run"]) != run:
            raise Stop(f"{path} is of another run ({saved['run']}), not of {run}: choose another folder.")
        for number, variable in enumerate(variables):
            variable.assign(saved[f"value_{number}"])
        return saved["losses"].tolist()


def write_checkpoint(path: Path, run: str, variables: list, losses: list[float]) -> None:
    """Write a checkpoint, whole or not at all: whoever is killed meanwhile leaves the one before."""
    values = {f"value_{number}": np.asarray(variable) for number, variable in enumerate(variables)}
    with open(path.with_suffix(".new"), "wb") as file:
        np.savez(file, run=run, losses=losses, **values)
    os.replace(path.with_suffix(".new"), path)


def train_together(options: argparse.Namespace, cluster: Cluster) -> None:
    """Train, let the chief write a checkpoint every few steps, and let it say how it went."""
    import keras  # here, for they take longer than all that can be wrong before
    import tensorflow as tf

    from mnist_helpers import models

    if keras.backend.backend() != "tensorflow":
        raise Stop("this training needs Keras's backend TensorFlow: unset KERAS_BACKEND.")
    (images, labels), (test_images, test_labels) = load_mnist(options.source)
    x, y = to_model_input(images), labels.astype("int32")
    hurry = functools.partial(faulthandler.dump_traceback_later, options.patience, exit=True)
    hurry()  # whatever hangs, Python or not, this process ends after so many seconds without a step
    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # waits for the others
    batch, steps_per_epoch, chief = options.batch, len(x) // options.batch, cluster.index == 0
    replicas = strategy.num_replicas_in_sync
    if batch % replicas or not steps_per_epoch:
        raise Stop(f"a batch of {batch} cannot be shared by {replicas}, or is too large.")
    keras.utils.set_random_seed(options.seed)
    with strategy.scope():
        model = getattr(models, f"build_{options.network}")()
        optimizer = keras.optimizers.Adam(options.rate)
        optimizer.build(model.trainable_variables)
    spread = strategy.experimental_distribute_values_from_function
    loss_of = keras.losses.SparseCategoricalCrossentropy(reduction=None)

    def share(context, values):
        """Return a replica's share of a batch: together they have the same digits, however many they are."""
        return tf.constant(np.split(values, context.num_replicas_in_sync)[context.replica_id_in_sync_group])

    def of_a_replica(x_part, y_part):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(loss_of(y_part, model(x_part, training=True))) / batch
        slopes = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(slopes, model.trainable_variables)  # adds up the replicas' slopes first
        return loss

    @tf.function
    def step(parts):
        return strategy.reduce("SUM", strategy.run(of_a_replica, args=parts), axis=None)

    variables, path = [*model.variables, *optimizer.variables], options.folder / CHECKPOINT
    run = f"{options.network}, {len(x)} digits, batch {batch}, rate {options.rate}, seed {options.seed}"
    losses, steps = read_checkpoint(path, run, variables), options.epochs * steps_per_epoch
    found = strategy.run(lambda: tf.constant(len(losses), "float32"))
    if float(strategy.reduce("MEAN", found, axis=None)) != len(losses):
        raise Stop(f"{len(losses)} steps are done here, elsewhere not: do all see {options.folder}?")
    if chief:
        print(f"{replicas} replicas, {len(losses)} of {steps} steps done", flush=True)
    while len(losses) < steps:
        epoch, first = divmod(len(losses), steps_per_epoch)
        order = np.random.default_rng([options.seed, epoch]).permutation(len(x))
        for rows in order[: steps_per_epoch * batch].reshape(steps_per_epoch, batch)[first:]:
            mine = [spread(lambda context, a=a[rows]: share(context, a)) for a in (x, y)]
            losses.append(float(step(mine)))
            hurry()
            if chief and (len(losses) % options.every == 0 or len(losses) == steps):
                write_checkpoint(path, run, variables, losses)
                print(f"step {len(losses)} of {steps}: loss {losses[-1]:.7f}", flush=True)
    if chief:
        parts = np.array_split(to_model_input(test_images), 20)
        predicted = np.concatenate([model(part) for part in parts]).argmax(axis=1)
        print(f"{(predicted == test_labels).mean():.2%} of {len(test_labels):,} test digits")


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and TF_CONFIG, and train."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    parser = argparse.ArgumentParser(prog="mnist_helpers.distributed", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for the checkpoint; all workers see it")
    parser.add_argument("--source", help="the digits, as in load_mnist: sample, mnist or a path")
    parser.add_argument("--network", default="fast_cnn", help="a build_… of models.py (default: fast_cnn)")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch", type=int, default=256, help="of all workers together (default: 256)")
    parser.add_argument("--rate", type=float, default=0.001, help="Adam's learning rate (default: 0.001)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=50, help="steps between two checkpoints (default: 50)")
    parser.add_argument("--patience", type=float, default=50, help="seconds to wait for others (default: 50)")
    options = parser.parse_args(arguments)
    try:
        cluster = read_cluster(os.environ.get("TF_CONFIG"))
        if cluster.addresses:
            meet(cluster, options.patience)
        options.folder.mkdir(parents=True, exist_ok=True)
        train_together(options, cluster)
    except (Stop, DataError, OSError) as error:
        leave(str(error))
    except Exception as error:
        of_tensorflow = type(error).__module__.startswith("tensorflow")
        traceback.print_exc(limit=0 if of_tensorflow else None)
        gone = [f"worker {i} at {each}" for i, each in enumerate(cluster.addresses) if not answers(each)]
        lost = f"no answer from {', '.join(gone)}" if gone else "see above"
        leave(f"{lost}. Start all workers again: they go on from the last checkpoint.")


if __name__ == "__main__":
    main()
