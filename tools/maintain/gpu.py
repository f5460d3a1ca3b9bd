"""Measure what one compiled call saves on a GPU: a pass of the fast network by `fit`, and as one scan.

For maintainers; under four minutes on a GPU, on Keras with JAX, which is no requirement of the course:
`.venv/bin/python -m pip install "jax[cuda12]"`. It prints the table of lesson 13, section 3. Without a GPU it
measures the processor, where JAX's convolutions are slow: then give `--digits 1280` or fewer.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import time
from types import ModuleType

import numpy as np

from mnist_helpers.data import load_mnist
from mnist_helpers.preprocessing import to_model_input
from tools.lib.files import Problem

BATCH = 128


def main(arguments: list[str]) -> int:
    """Train by both ways and print the table; return 0."""
    parser = argparse.ArgumentParser(prog="course.py gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--digits", type=int, help="how many training digits (default: all)")
    parser.add_argument("--seeds", type=int, default=6, help="trainings by each way (default: 6)")
    options = parser.parse_args(arguments)
    if (options.digits or BATCH) < BATCH or options.seeds < 1:
        parser.error(f"it takes at least {BATCH} digits, a batch, and one seed")
    os.environ["KERAS_BACKEND"] = "jax"
    try:
        jax = importlib.import_module("jax")
    except ImportError:
        raise Problem("JAX is not here. --help says how to install it.") from None
    import keras

    (images, labels), (test_images, test_labels) = load_mnist()
    x, y = to_model_input(images[: options.digits]), labels[: options.digits].astype("int32")
    x_test = to_model_input(test_images)

    def right(model: keras.Model) -> float:
        predicted = model.predict(x_test, batch_size=1000, verbose=0).argmax(axis=1)
        return float((predicted == test_labels).mean())

    device = jax.devices()[0]
    versions = f"Keras {keras.__version__} on JAX {jax.__version__}, {datetime.date.today()}"
    print(f"\n| {device.device_kind}, {versions} | seconds for the pass | compiling | test accuracy |")
    print("|---|---:|---:|---|")
    for name, way in (("`fit`", by_fit), ("one compiled scan", by_scan)):
        runs = [way(jax, seed, x, y) for seed in range(options.seeds)]
        seconds, compiling = np.median([run[1:] for run in runs], axis=0)
        accuracies = " ".join(f"{100 * right(run[0]):.2f}" for run in runs)
        print(f"| {name} | {seconds:.2f} | {compiling:.1f} | {accuracies} |", flush=True)
    return 0


def new_model(seed: int, steps: int):
    """Return the network of lesson 07 with its optimiser and schedule, compiled for Keras and not for XLA."""
    import keras

    from mnist_helpers.models import build_fast_cnn

    keras.utils.set_random_seed(seed)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0004, warmup_target=0.01, warmup_steps=steps * 3 // 10, decay_steps=max(steps * 7 // 10, 1)
    )
    model = build_fast_cnn()
    model.compile(keras.optimizers.Adam(rate, beta_1=0.7, beta_2=0.9), "sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    return model


def by_fit(jax: ModuleType, seed: int, x: np.ndarray, y: np.ndarray) -> tuple:
    """Train by `fit`; return the network, and the seconds of the pass and of what came before."""
    model = new_model(seed, len(x) // BATCH)
    variables = [*model.variables, *model.optimizer.variables]
    untrained, begun = [np.array(variable) for variable in variables], time.perf_counter()
    model.fit(x[:BATCH], y[:BATCH], batch_size=BATCH, verbose=0)  # compiles the step
    compiling = time.perf_counter() - begun
    for variable, value in zip(variables, untrained, strict=True):
        variable.assign(value)
    n, begun = len(x) // BATCH * BATCH, time.perf_counter()
    model.fit(x[:n], y[:n], batch_size=BATCH, verbose=0)
    jax.block_until_ready([variable.value for variable in model.trainable_variables])
    return model, time.perf_counter() - begun, compiling


def by_scan(jax: ModuleType, seed: int, x: np.ndarray, y: np.ndarray) -> tuple:
    """Train in one compiled call, the digits lying on the device; return the same as `by_fit`."""
    from keras.losses import sparse_categorical_crossentropy

    n_steps = len(x) // BATCH
    model = new_model(seed, n_steps)

    def loss_of(trainable, others, digits, answers):
        probabilities, others = model.stateless_call(trainable, others, digits, training=True)
        return sparse_categorical_crossentropy(answers, probabilities).mean(), others

    def one_pass(state, order, digits, answers):
        def step(state, rows):
            trainable, others, moments = state
            slopes, others = jax.grad(loss_of, has_aux=True)(trainable, others, digits[rows], answers[rows])
            trainable, moments = model.optimizer.stateless_apply(moments, slopes, trainable)
            return (trainable, others, moments), None

        return jax.lax.scan(step, state, order)[0]

    parts = model.trainable_variables, model.non_trainable_variables, model.optimizer.variables
    order = np.random.default_rng(seed).permutation(len(x))[: n_steps * BATCH].reshape(n_steps, BATCH)
    state = tuple([variable.value for variable in part] for part in parts)
    given = jax.device_put((state, order, x, y))
    begun = time.perf_counter()
    compiled = jax.jit(one_pass).lower(*given).compile()
    compiling, begun = time.perf_counter() - begun, time.perf_counter()
    trained = jax.block_until_ready(compiled(*given))
    seconds = time.perf_counter() - begun
    for part, values in zip(parts, trained, strict=True):
        for variable, value in zip(part, values, strict=True):
            variable.assign(value)
    return model, seconds, compiling
