"""The networks: what their docstrings promise, and that each of them can learn."""

import re

import keras
import numpy as np
import pytest

from mnist_helpers import models
from mnist_helpers.data import load_mnist
from mnist_helpers.preprocessing import to_model_input

BUILDERS = [build for name, build in vars(models).items() if name.startswith("build_")]
by_name = pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)


@pytest.fixture(scope="module")
def few_digits():
    (images, labels), _ = load_mnist("sample")
    chosen = np.concatenate([np.flatnonzero(labels == digit)[:70:10] for digit in range(10)])[:64]
    return to_model_input(images[chosen]), labels[chosen]


@by_name
def test_a_model_has_as_many_parameters_as_its_docstring_says(build):
    (stated,) = re.findall(r"([\d,]+) parameters", build.__doc__)
    assert build().count_params() == int(stated.replace(",", ""))


@by_name
def test_the_terms_in_a_docstring_add_up_to_its_parameters(build):
    stated, terms = re.search(r"([\d,]+) parameters: (.+?)\.\n", build.__doc__, re.DOTALL).groups()
    terms = [term.removeprefix("then ") for term in " ".join(terms.split()).split(", ")]
    assert sum(eval(term.replace("×", "*")) for term in terms) == int(stated.replace(",", ""))


@by_name
def test_a_model_turns_images_into_ten_probabilities(build, few_digits):
    model = build()
    assert not model.compiled
    probabilities = np.asarray(model(few_digits[0][:5]))
    assert model.input_shape == (None, 28, 28, 1)
    assert probabilities.shape == (5, 10) and probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5) and (probabilities >= 0).all()


@by_name
def test_a_builder_returns_a_new_model_each_time(build):
    first, second = build(), build()
    assert first is not second
    assert not np.array_equal(first.get_weights()[0], second.get_weights()[0])


@by_name
def test_a_model_learns_64_images_by_heart(build, few_digits):
    x, y = few_digits
    keras.utils.set_random_seed(0)
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=64, epochs=80, verbose=0)
    assert (np.asarray(model(x, training=False)).argmax(axis=1) == y).all()
