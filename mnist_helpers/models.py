"""The networks of the course, each read from top to bottom: image in, ten probabilities out.

Every builder returns a new, uncompiled model that takes float32 `(n, 28, 28, 1)` and returns float32
`(n, 10)` whose rows sum to 1. `compile`, `fit`, `evaluate` and `predict` stay in the lessons.
"""

from pathlib import Path

import keras
import numpy as np

PRETRAINED = Path(__file__).parent / "assets" / "pretrained.weights.h5"
MEMBERS = Path(__file__).parent / "assets" / "members"


def build_dense_512():
    """Build a network with one hidden layer of 512 units.

    407,050 parameters: 784 × 512 + 512, then 512 × 10 + 10.
    The layers are those of github.com/Guru02-GiT/Number_Recognition. Built in the open in 05_dense.ipynb.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(512, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def build_dense_256_128():
    """Build a network with three dense layers: 256 and 128 hidden units, and the ten outputs.

    235,146 parameters: 784 × 256 + 256, 256 × 128 + 128, then 128 × 10 + 10.
    Three dense layers are what the "Skill Vertex" internship project states; their widths are our
    assumption. Lesson 05 shows what `course.py results` recorded of it.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def build_dense_128_64_16():
    """Build a network with hidden layers of 128, 64 and 16 units.

    109,946 parameters: 784 × 128 + 128, 128 × 64 + 64, 64 × 16 + 16, then 16 × 10 + 10.
    The layers are those of nhBasavaraj's ML_MNIST_Handwritten_Project. Lesson 05 shows what `course.py
    results` recorded of it.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def build_three_convolutions():
    """Build a CNN with three times convolution and pooling, then dense layers of 64, 32 and 32 units.

    82,122 parameters: 3 × 3 × 64 + 64, 2 × (3 × 3 × 64 × 64 + 64), 64 × 64 + 64, 64 × 32 + 32,
    32 × 32 + 32, then 32 × 10 + 10.
    The layers are those of github.com/SP85691/Digit_Recognition, except that its ten outputs are sigmoids,
    which do not sum to 1; here they are a softmax. Built in the open in 06_cnn.ipynb.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def build_keras_convnet():
    """Build the CNN of keras.io's example "Simple MNIST convnet", the course's yardstick for time.

    34,826 parameters: 3 × 3 × 32 + 32, 3 × 3 × 32 × 64 + 64, then 1600 × 10 + 10.
    Source: keras.io/examples/vision/mnist_convnet, by François Chollet. No lesson trains it: `course.py
    results` measures it beside ours.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def build_fast_cnn():
    """Build the small CNN that passes 99% after one pass over the training digits.

    215,194 parameters: 5 × 5 × 24 + 24, 3 × 3 × 24 × 32 + 32, 800 × 256 + 256, then 256 × 10 + 10.
    The layers are those of github.com/tuomaso/train_mnist_fast, which is written in PyTorch. Built in the
    open in 06_cnn.ipynb.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(24, 5, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def build_dense():
    """Build a network with one hidden layer, as wide as it takes to have the parameters of the fast CNN.

    215,455 parameters: 784 × 271 + 271, then 271 × 10 + 10.
    Lesson 06 compares it with the CNN; the page that runs in the browser has both.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(271, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def build_photo_reader():
    """Build the network of `load_pretrained`: three times two convolutions and a pooling.

    73,114 parameters: 3 × 3 × 16 + 3 × 3 × 16 × 16, 3 × 3 × 16 × 32 + 3 × 3 × 32 × 32,
    3 × 3 × 32 × 64 + 3 × 3 × 64 × 64, 4 × 2 × (16 + 32 + 64), then 64 × 10 + 10.
    Batch normalisation after each convolution makes so deep a network quick to train; averaging each of the
    last 64 channels makes it indifferent to small shifts.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    layers = [keras.Input((28, 28, 1))]
    for channels in (16, 32, 64):
        for _ in range(2):
            layers += [
                keras.layers.Conv2D(channels, 3, padding="same", use_bias=False),
                keras.layers.BatchNormalization(momentum=0.9),
                keras.layers.ReLU(),
            ]
        layers += [keras.layers.MaxPooling2D(2)]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, activation="softmax")]
    return keras.Sequential(layers)


def build_normalised(widths, *first):
    """Build a network of six 3 × 3 convolutions with batch normalisation, two of each width.

    After each pair comes pooling, at the end the mean of each map. With the widths (8, 16, 32) it has
    18,706 parameters: 9 × 8 + 9 × 8 × 8, 9 × 8 × 16 + 9 × 16 × 16, 9 × 16 × 32 + 9 × 32 × 32, 4 × 112,
    then 32 × 10 + 10.
    With (32, 64, 96) it has 205,546. Built in the open in 12_last_errors.ipynb.

    Args:
        widths: three integers, filters of each pair.
        first: layers to put in front, such as one that augments.

    Returns:
        An uncompiled `keras.Sequential`, `(n, 28, 28, 1)` → `(n, 10)`.
    """
    layers = [keras.Input((28, 28, 1)), *first]
    for width in widths:
        for _ in range(2):
            layers += [
                keras.layers.Conv2D(width, 3, padding="same", use_bias=False),
                keras.layers.BatchNormalization(),
                keras.layers.ReLU(),
            ]
        layers.append(keras.layers.MaxPooling2D(2))
    layers.append(keras.layers.GlobalAveragePooling2D())
    layers.append(keras.layers.Dense(10, activation="softmax"))
    return keras.Sequential(layers)


def load_members():
    """Load five small networks of lesson 12, which differ in their seed alone.

    They were trained on MNIST's first 50,000 training digits, bent at random, by the lesson's cells tagged
    `recipe:small`; `python3 course.py results` makes them again.

    Returns:
        A list of uncompiled `keras.Sequential`, each float32 `(n, 28, 28, 1)`, 0–1 → `(n, 10)`.
    """
    members = []
    for path in sorted(MEMBERS.glob("*.npz")):
        with np.load(path) as weights:
            members.append(build_normalised((8, 16, 32)))
            members[-1].set_weights(list(weights.values()))
    return members


def load_pretrained():
    """Load a network that was trained on MNIST to read other people's handwriting.

    It saw every training digit bent, slanted and written with other pens, digits drawn from stroke paths, and
    pictures that are no digit, for which it learned to give all ten digits about the same probability.
    pretrained.json says what it reaches and how it was made; `python3 course.py pretrain` makes it again.

    Returns:
        An uncompiled `keras.Sequential`, float32 `(n, 28, 28, 1)`, 0–1 → `(n, 10)`.
    """
    model = build_photo_reader()
    model.load_weights(PRETRAINED)
    return model
