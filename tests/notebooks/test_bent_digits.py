"""Lesson 12's own layers, as its cells define them, against SciPy: nobody imports them."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from mnist_helpers.data import load_mnist
from mnist_helpers.preprocessing import to_model_input
from tools.lib.files import ROOT
from tools.lib.notebooks import read

NAMES = {"keras": keras, "np": np, "ops": keras.ops}
for cell in read(ROOT / "notebooks/12_last_errors.ipynb").cells:
    if cell.cell_type == "code" and cell.source.startswith("class "):
        exec(cell.source, NAMES)
Bend, Wave = NAMES["Bend"], NAMES["Wave"]
NOTHING = {"turn": 0, "stretch": 0, "lean": 0, "shift": 0}


@pytest.fixture(scope="module")
def digits():
    return to_model_input(load_mnist("sample")[0][0][:20])


@pytest.mark.parametrize(
    "layer, training", [(Bend(), False), (Wave(), False), (Bend(**NOTHING), True), (Wave(0), True)]
)
def test_in_use_and_where_nothing_is_asked_for_an_image_stays_as_it_is(layer, training, digits):
    assert np.allclose(layer(digits, training=training), digits, atol=1e-5)


@pytest.mark.parametrize("share", [1, -1])  # all the way to one side, or to the other
@pytest.mark.parametrize("change", [{"turn": 12}, {"stretch": 0.15}, {"lean": 0.2}, {"shift": 2}])
def test_each_change_is_the_affine_one_that_its_name_promises(change, share, digits, monkeypatch):
    def furthest(shape, low, high, seed):
        return keras.ops.full(shape, share * high)

    monkeypatch.setattr(keras.random, "uniform", furthest)
    image = digits[0, ..., 0]
    got = np.asarray(Bend(**(NOTHING | change))(digits[:1], training=True))[0, ..., 0]
    angle = np.radians(share * change.get("turn", 0))
    size, lean = 1 + share * change.get("stretch", 0), share * change.get("lean", 0)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])  # of row and column
    matrix = turn @ [[1, 0], [lean, 1]] / size
    start = 13.5 - matrix @ np.full(2, 13.5 + share * change.get("shift", 0))
    assert np.allclose(got, ndimage.affine_transform(image, matrix, start, order=1), atol=0.02)
    assert np.abs(got - image).max() > 0.1


def test_a_waved_digit_is_what_scipy_makes_of_the_same_moves(digits, monkeypatch):
    few = np.random.default_rng(0).normal(0, 1.5, (len(digits), 5, 5, 2)).astype("float32")
    monkeypatch.setattr(keras.random, "normal", lambda shape, stddev, seed: keras.ops.convert_to_tensor(few))
    waved = np.asarray(Wave(1.5)(digits, training=True))[..., 0]
    moves = np.asarray(keras.ops.image.resize(few, (28, 28), "bicubic"))
    rows, columns = np.mgrid[:28, :28]
    for image, got, move in zip(digits[..., 0], waved, moves, strict=True):
        places = [rows + move[..., 0], columns + move[..., 1]]
        expected = ndimage.map_coordinates(np.pad(image, 3), np.add(places, 3), order=1)
        assert np.allclose(got, expected, atol=1e-5)


def test_a_network_learns_through_both_layers_from_batches_of_any_size(digits):
    layers = [keras.Input((28, 28, 1)), Bend(), Wave(), keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(digits, np.arange(20) % 10, batch_size=8, verbose=0)  # the last batch has four
    assert model.predict(digits[:3], verbose=0).shape == (3, 10)
