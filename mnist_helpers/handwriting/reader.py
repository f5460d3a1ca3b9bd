"""The network that reads prepared images on the live page and in the tools, loaded once."""

import functools

import numpy as np


@functools.cache
def load_reader():
    """Load the network of `load_pretrained` as a function from images to probabilities.

    Returns:
        function from uint8 `(n, 28, 28)`, as `to_mnist_style` returns each image, to float32 `(n, 10)`.
    """
    import keras  # only where it is needed: it takes seconds

    from mnist_helpers.models import load_pretrained
    from mnist_helpers.preprocessing import to_model_input

    network = load_pretrained()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # A model called as it is runs layer by layer in Python; as a graph it takes a fifth of the time.
        any_number = tf.TensorSpec((None, 28, 28, 1), tf.float32)
        network = tf.function(network, input_signature=[any_number], autograph=False)
    return lambda images: np.asarray(network(to_model_input(images)))
