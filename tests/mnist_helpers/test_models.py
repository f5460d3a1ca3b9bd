"""The networks: what their docstrings promise, and that each of them can learn."""

import re

import keras
import numpy as np
import pytest

from mnist_helpers import models
from mnist_helpers.data import load_mnist
from mnist_helpers.preprocessing import to_model_input

SMALL = (8, 16, 32)
BUILDERS = [build for name, build in vars(models).items() if name.startswith("build_")]
BUILDERS.remove(models.build_normalised)  # its running means need more than sixty steps, and it takes widths
by_name = pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)


@pytest.mark.parametrize("build", [*BUILDERS, models.build_normalised], ids=lambda build: build.__name__)
def test_the_terms_in_a_docstring_add_up_to_the_parameters_of_the_model(build):
    stated, terms = re.search(r"([\d,]+) parameters: (.+?)\.\n", build.__doc__, re.DOTALL).groups()
    terms = [term.removeprefix("then ") for term in " ".join(terms.split()).split(", ")]
    assert sum(eval(term.replace("×", "*")) for term in terms) == int(stated.replace(",", ""))
    model = build() if build in BUILDERS else build(SMALL)
    assert model.count_params() == int(stated.replace(",", ""))


@pytest.fixture(scope="module")
def few_digits():
    (images, labels), _ = load_mnist("sample")
    return to_model_input(images[:30]), labels[:30]


@by_name
def test_a_model_gives_probabilities_and_learns_30_images_by_heart(build, few_digits):
    x, y = few_digits
    keras.utils.set_random_seed(0)
    model = build()
    assert not model.compiled and model.input_shape == (None, 28, 28, 1)
    model.compile(optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy")
    sixty_times = np.tile(np.arange(30), 60)  # in one pass, which is quicker than sixty passes
    model.fit(x[sixty_times], y[sixty_times], batch_size=30, shuffle=False, verbose=0)
    probabilities = np.asarray(model(x, training=False))
    assert probabilities.shape == (30, 10) and probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5) and (probabilities >= 0).all()
    assert (probabilities.argmax(axis=1) == y).all()


def test_the_five_small_networks_read_other_handwriting_too_and_differ():
    _, (images, labels) = load_mnist("sample")
    x = to_model_input(images)
    answers = np.array([np.asarray(member(x, training=False)) for member in models.load_members()])
    assert answers.shape == (5, len(labels), 10) and np.allclose(answers.sum(axis=2), 1, atol=1e-5)
    assert ((answers.argmax(axis=2) == labels).mean(axis=1) > 0.9).all()
    assert all(np.abs(answers[0] - other).max() > 0.1 for other in answers[1:])
