"""Digits as other hands might have written them, for training, and several views of one for its answer."""

import keras
import numpy as np
from keras import ops


class Bend(keras.layers.Layer):
    """A layer that turns, scales, slants and shifts each image at random in training, and nothing in use.

    Built in the open in 12_last_errors.ipynb, after the affine changes in use since Simard, Steinkraus and
    Platt, "Best practices for convolutional neural networks", 2003.

    Args:
        turn: greatest turn to either side, in degrees.
        stretch: greatest change of the size, as a share of it.
        lean: greatest slant, pixels to the side for each pixel upwards.
        shift: greatest shift to each side, in pixels.

    Takes and returns floats `(n, 28, 28, 1)`; what moves in from outside is 0.
    """

    def __init__(self, turn=12, stretch=0.15, lean=0.2, shift=2):
        super().__init__()
        self.turn, self.stretch, self.lean, self.shift = turn, stretch, lean, shift
        self.random = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images

        def between(reach):  # one number an image
            shape = (ops.shape(images)[0],)
            return keras.random.uniform(shape, -reach, reach, seed=self.random)

        angle, size = between(self.turn * np.pi / 180), 1 + between(self.stretch)
        lean, right, down = between(self.lean), between(self.shift), between(self.shift)
        a, d = ops.cos(angle) / size, ops.sin(angle) / size
        b, e = lean * a - d, lean * d + a
        c = 13.5 - a * (13.5 + right) - b * (13.5 + down)
        f = 13.5 - d * (13.5 + right) - e * (13.5 + down)
        zero = ops.zeros_like(a)
        eight = ops.stack([a, b, c, d, e, f, zero, zero], axis=1)
        return ops.image.affine_transform(images, eight)


class Wave(keras.layers.Layer):
    """A layer that moves each place of an image by a random amount in training, and nothing in use.

    The amounts are drawn on a grid of 5 × 5 and enlarged, so that neighbours move alike: an elastic change,
    after Simard, Steinkraus and Platt, 2003. Built in the open in 12_last_errors.ipynb.

    Args:
        reach: standard deviation of the moves on the grid, in pixels; 0.5 is mild.

    Takes and returns floats `(n, 28, 28, 1)`; what moves in from outside is 0.
    """

    def __init__(self, reach=0.5):
        super().__init__()
        self.reach = reach
        self.random = keras.random.SeedGenerator()

    def call(self, images, training=False):
        if not training:
            return images
        grid = (ops.shape(images)[0], 5, 5, 2)
        moves = keras.random.normal(grid, stddev=self.reach, seed=self.random)
        moves = ops.image.resize(moves, (28, 28), "bicubic")
        pixels = ops.arange(28, dtype="float32")
        row, column = pixels[:, np.newaxis] + moves[..., 0], pixels + moves[..., 1]
        rows = ops.relu(1 - ops.abs(row[..., np.newaxis] - pixels))
        columns = ops.relu(1 - ops.abs(column[..., np.newaxis] - pixels))
        ink = ops.einsum("nyxr,nrc->nyxc", rows, images[..., 0])
        return ops.sum(ink * columns, axis=-1, keepdims=True)


def views(images):
    """Return five views of each image: as it is, and moved by a pixel to each side.

    Built in the open in 12_last_errors.ipynb.

    Args:
        images: array `(n, height, width, ...)`; the outermost pixels, which come in again on the other side,
            should be blank.

    Returns:
        A list of five arrays of the shape and dtype of `images`.
    """
    sides = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
    return [np.roll(images, side, axis=(1, 2)) for side in sides]


def by_all(networks, images):
    """Let all networks look at all views, and return the mean of their answers.

    Built in the open in 12_last_errors.ipynb.

    Args:
        networks: a list of models, float32 `(n, 28, 28, 1)` → `(n, 10)`.
        images: float32 array `(n, 28, 28, 1)`, 0–1.

    Returns:
        A float32 array `(n, 10)` of probabilities.
    """
    seen = views(images)
    return np.mean([net.predict(one, 1000, verbose=0) for net in networks for one in seen], axis=0)
