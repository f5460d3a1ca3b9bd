"""The exercises of lesson 06."""

import numpy as np

from mnist_helpers.checks.declare import Between, exercise


@exercise(
    "06.1",
    hints=("How deep is a filter?", "3 × 3 weights for each of 24 channels, and one bias for the filter."),
    notice="A filter is as deep as its input, and adds all its products to one number.",
)
def parameters_of_a_convolution():
    """the number of parameters of the second convolution: a whole number"""
    return 32 * (3 * 3 * 24 + 1), {
        "depth forgotten": (32 * (3 * 3 + 1), "How many channels come in, and does each get the same table?"),
        "depth and bias forgotten": (32 * 3 * 3, "How many channels come in? And what is added at the end?"),
        "no bias": (32 * 3 * 3 * 24, "These are the weights. What is added to each sum besides?"),
        "a bias for each channel": (32 * 24 * (3 * 3 + 1), "How many sums leave one filter at one place?"),
        "a table for each place": (
            32 * (3 * 3 * 24 + 1) * 100,
            "One table for each place? What do places share?",
        ),
        "one filter": (3 * 3 * 24 + 1, "That is one filter. How many are there?"),
    }


@exercise(
    "06.2",
    measured=53.0,
    near=0.3,
    hints=(
        "A dense layer has weights for each pixel.",
        "How far do strokes lie apart that are 2 pixels wide?",
    ),
    notice="Weights for pixels know nothing of what stands three pixels on.",
)
def misread_when_moved(measured):
    """how many of 100 moved digits the dense networks misread: a number from 0 to 100"""
    return measured, {
        "a share": (Between(0.2, 0.9), "Is that a share, or a number of 100 digits?"),
        "hardly more": (
            Between(1, 12),
            "You would hardly notice the move. Which weights meet the strokes now?",
        ),
        "next to all": (
            Between(88, 100),
            "Guessing reads 10 of 100. Do a moved stroke and its old place overlap?",
        ),
    }


@exercise(
    "06.3",
    28,
    56,
    hints=(
        "Which of the two layers knows how large the image is?",
        "Follow the size: (n − 5 + 1) // 2, then (n − 3 + 1) // 2.",
        "56 → 52 → 26 → 24 → 12. How many numbers does Flatten put out, and before it was 800?",
    ),
    notice="A filter does not ask how large the image is; all that grows sits in the dense layer.",
)
def factors(small, large):
    """a pair of factors, of the first convolution and of Dense(256), to two decimals"""

    def inputs(n):
        return ((n - 4) // 2 - 2) // 2

    old, new = 32 * inputs(small) ** 2, 32 * inputs(large) ** 2
    dense = round((new * 256 + 256) / (old * 256 + 256), 2)
    return (1.0, dense), {
        "both by four": ((4.0, 4.0), "Four times as many pixels. Has a filter a weight for each pixel?"),
        "weights by place": ((4.0, dense), "Which places share the weights of a filter?"),
        "as the pixels": ((1.0, 4.0), "Right for the first. Is what `Flatten` puts out four times as much?"),
        "bias forgotten": ((1.0, round(new / old, 2)), "Very near. Does the bias grow, too?"),
        "doubled": ((1.0, 2.0), "The side is twice as long. And the number of places?"),
        "turned round": ((dense, 1.0), "Which of the two sees every pixel by a weight of its own?"),
        "no change": ((1.0, 1.0), "Right for the first. How many numbers come to the dense layer?"),
    }


FIRST, SECOND = np.array([[1, 0, 2], [0, 1, 0], [1, 2, 0]]), np.array([[0, 1, 0], [2, 0, 1], [1, 0, 0]])
FOR_FIRST, FOR_SECOND = np.array([[1, 2], [0, -1]]), np.array([[0, 1], [3, 0]])


def _slide(image, table):
    places = range(image.shape[0] - 1)
    return np.array([[(image[i : i + 2, j : j + 2] * table).sum() for j in places] for i in places])


@exercise(
    "06.4",
    hints=(
        "One channel at a time: its own table, four places.",
        "How many numbers does one filter put out at one place?",
        "The first channel gives 0 and 4 in its upper row. Now add what the second gives there.",
    ),
    notice="One filter, one map, however many channels come in.",
)
def two_channels():
    """the feature map `both` as an array of its shape"""
    first, second = _slide(FIRST, FOR_FIRST), _slide(SECOND, FOR_SECOND)
    flipped = _slide(FIRST, FOR_FIRST[::-1, ::-1]) + _slide(SECOND, FOR_SECOND[::-1, ::-1])
    padded = _slide(np.pad(FIRST, 1), FOR_FIRST) + _slide(np.pad(SECOND, 1), FOR_SECOND)
    one_table = _slide(FIRST + SECOND, FOR_FIRST)
    crossed = _slide(FIRST, FOR_SECOND) + _slide(SECOND, FOR_FIRST)
    return first + second, {
        "two maps": (np.stack([first, second]), "Two maps. How many come from one filter?"),
        "two maps, channels last": (
            np.stack([first, second], -1),
            "Two numbers at each place. What does a filter do with the products of all its channels?",
        ),
        "turned filter": (flipped, "Did you turn the tables round? Mathematicians do, networks do not."),
        "sign overlooked": (
            _slide(FIRST, np.abs(FOR_FIRST)) + second,
            "One number in the tables has a minus. Is its product added, or taken away?",
        ),
        "padded": (padded, "At how many places does a window of 2 fit into 3 pixels without a border?"),
        "the first alone": (first, "That is what the first channel gives. Where is the second?"),
        "one table for both": (one_table, "Has each channel a table of its own, or do they share one?"),
        "tables exchanged": (crossed, "Which table belongs to which channel?"),
        "multiplied": (
            first * second,
            "What is done with the products of all channels: multiplied, or added?",
        ),
        "a list": (
            (first + second).ravel(),
            "The numbers are right. In which rows and columns do they stand?",
        ),
    }
