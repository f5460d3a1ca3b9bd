"""The trainings whose results the course publishes, one plain function each.

`train_NAME(x, y, x_val, y_val, seed)` builds, compiles and fits with the very calls that a lesson shows:
a test compares the syntax trees, so neither drifts from the other. Nothing here is a verb of course.py.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from mnist_helpers.models import (
    build_dense_128_64_16,
    build_dense_256_128,
    build_dense_512,
    build_fast_cnn,
    build_keras_convnet,
    build_three_convolutions,
)
from mnist_helpers.preprocessing import to_model_input

# ------------------------------------------------------------------------------ published projects


def train_dense_512(x, y, x_val, y_val, seed):
    """Guru02-GiT: 512 hidden units, RMSprop, one-hot labels, 10 epochs."""
    keras.utils.set_random_seed(seed)
    model = build_dense_512()
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x, keras.utils.to_categorical(y, num_classes=10), batch_size=128, epochs=10, verbose=0
    )
    return model, history


def train_dense_256_128(x, y, x_val, y_val, seed):
    """Skill Vertex: three dense layers on standardised digits."""
    keras.utils.set_random_seed(seed)
    model = build_dense_256_128()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, validation_data=(x_val, y_val), batch_size=1000, epochs=30, verbose=0)
    return model, history


def train_dense_128_64_16(x, y, x_val, y_val, seed):
    """nhBasavaraj: 128-64-16, Adam, batches of 1000, 100 epochs."""
    keras.utils.set_random_seed(seed)
    model = build_dense_128_64_16()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, validation_data=(x_val, y_val), batch_size=1000, epochs=100, verbose=0)
    return model, history


def train_three_convolutions(x, y, x_val, y_val, seed):
    """SP85691: three convolutions on `normalize(axis=1)`, 5 epochs, the last 30% for validation."""
    keras.utils.set_random_seed(seed)
    model = build_three_convolutions()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, validation_split=0.3, batch_size=32, epochs=5, verbose=0)
    return model, history


def train_keras_convnet(x, y, x_val, y_val, seed):
    """keras.io: the simple convnet, one-hot labels, 15 epochs, the last 10% for validation."""
    keras.utils.set_random_seed(seed)
    model = build_keras_convnet()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(
        x,
        keras.utils.to_categorical(y, num_classes=10),
        validation_split=0.1,
        batch_size=128,
        epochs=15,
        verbose=0,
    )
    return model, history


# ------------------------------------------------------------------------------------ our network


def train_one_pass(x, y, x_val, y_val, seed):
    """One pass over the digits; the learning rate warms up, then falls along a cosine."""
    keras.utils.set_random_seed(seed)
    model = build_fast_cnn()
    steps = len(x) // 128
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0004,
        warmup_target=0.01,
        warmup_steps=steps * 3 // 10,
        decay_steps=steps * 7 // 10,
    )
    optimizer = keras.optimizers.Adam(learning_rate=rate, beta_1=0.7, beta_2=0.9)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=128, epochs=1, verbose=0)
    return model, history


def train_few_passes(x, y, x_val, y_val, seed):
    """The same network and schedule, stretched over three passes."""
    keras.utils.set_random_seed(seed)
    model = build_fast_cnn()
    steps = 3 * (len(x) // 128)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0004,
        warmup_target=0.01,
        warmup_steps=steps * 3 // 10,
        decay_steps=steps * 7 // 10,
    )
    optimizer = keras.optimizers.Adam(learning_rate=rate, beta_1=0.7, beta_2=0.9)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=128, epochs=3, verbose=0)
    return model, history


def train_augmented(x, y, x_val, y_val, seed):
    """The same network on images of which about half are pulled at the corners, others in each pass."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.RandomPerspective(factor=1.0, scale=0.15),
            build_fast_cnn(),
        ]
    )
    steps = 6 * (len(x) // 256)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0004,
        warmup_target=0.01,
        warmup_steps=steps * 2 // 10,
        decay_steps=steps * 8 // 10,
    )
    optimizer = keras.optimizers.Adam(learning_rate=rate, beta_1=0.7, beta_2=0.9)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=256, epochs=6, verbose=0)
    return model, history


# ------------------------------------------------------------------------- what is said about them


class Recipe(NamedTuple):
    """A training, where it comes from, and the digits a lesson gives it.

    `split` and `scaling` name the arrays: a lesson calls them `x_train` or `x_all`, followed by the
    scaling, so that `x_all_normalized` is what `keras.utils.normalize(train_images, axis=1)` returns.
    """

    train: Callable
    lesson: str  # the notebook that teaches it, without .ipynb; empty when it is only measured
    source: str
    assumed: str  # what the source does not state and we chose; empty when there is nothing
    published_accuracy: float | None = None
    published_loss: float | None = None
    split: str = "train"  # "train": the first five sixths, the last one validates; "all": all training digits
    scaling: str = ""  # "", "standardised" or "normalized"
    held_back: float = 0.0  # the share that the recipe's own `validation_split` keeps from training

    @property
    def name(self) -> str:
        return self.train.__name__.removeprefix("train_")

    @property
    def arrays(self) -> dict[str, str]:
        """The names under which a lesson holds the recipe's arguments: "x" → "x_train" and so on."""
        suffix = f"_{self.scaling}" if self.scaling else ""
        return {
            "x": f"x_{self.split}{suffix}",
            "y": f"y_{self.split}",
            "x_val": f"x_val{suffix}",
            "y_val": "y_val",
        }


def digits(recipe, images, labels, test_images):
    """Split and scale the digits as a recipe's lesson does.

    Args:
        recipe: a `Recipe`.
        images: uint8 array `(n, 28, 28)`, 0–255, all training images.
        labels: uint8 array `(n,)`.
        test_images: uint8 array `(m, 28, 28)`.

    Returns:
        x, y, x_val, y_val and x_test. The images are float32 `(…, 28, 28, 1)`. The last sixth of the training
        digits is x_val, and x holds the others or, for a recipe whose split is "all", all of them.
    """
    n_val = len(images) // 6
    n_fit = len(images) if recipe.split == "all" else len(images) - n_val
    mean, deviation = images[:n_fit].mean(), images[:n_fit].std()
    scale = {
        "": to_model_input,
        "standardised": lambda images: (images[..., np.newaxis].astype("float32") - mean) / deviation,
        "normalized": lambda images: keras.utils.normalize(images, axis=1)[..., np.newaxis],
    }[recipe.scaling]
    x, x_val, x_test = (
        scale(part).astype("float32") for part in (images[:n_fit], images[-n_val:], test_images)
    )
    return x, labels[:n_fit], x_val, labels[-n_val:], x_test


RECIPES = (
    Recipe(
        train_dense_512,
        lesson="04_dense",
        source="github.com/Guru02-GiT/Number_Recognition",
        assumed="all 60,000 digits for training, ReLU",
        published_accuracy=0.9813,
        split="all",
    ),
    Recipe(
        train_dense_256_128,
        lesson="04_dense",
        source="Skill Vertex internship project",
        assumed="widths 256 and 128, ReLU, Adam, batch 1000, 30 epochs",
        published_accuracy=0.97979,
        scaling="standardised",
    ),
    Recipe(
        train_dense_128_64_16,
        lesson="04_dense",
        source="nhBasavaraj, ML_MNIST_Handwritten_Project",
        assumed="ReLU, the last sixth for validation",
        published_accuracy=0.9767,
    ),
    Recipe(
        train_three_convolutions,
        lesson="05_cnn",
        source="github.com/SP85691/Digit_Recognition",
        assumed="softmax in place of its sigmoid output",
        split="all",
        scaling="normalized",
        held_back=0.3,
    ),
    Recipe(
        train_keras_convnet,
        lesson="",
        source='keras.io, "Simple MNIST convnet"',
        assumed="",
        published_accuracy=0.99,
        split="all",
        held_back=0.1,
    ),
    Recipe(
        train_one_pass,
        lesson="05_cnn",
        source="ours, after github.com/tuomaso/train_mnist_fast",
        assumed="",
        split="all",
    ),
    Recipe(
        train_few_passes,
        lesson="05_cnn",
        source="Shubhvedi, Digit-Classification-Project: our network at their accuracy",
        assumed="network and training are ours",
        published_accuracy=0.992,
        published_loss=0.0241,
        split="all",
    ),
    Recipe(
        train_augmented,
        lesson="05_cnn",
        source="ours: the same network, with augmentation",
        assumed="",
        split="all",
    ),
)
