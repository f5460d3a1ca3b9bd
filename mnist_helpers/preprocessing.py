"""From uint8 images to the arrays a network reads: the only place in the course that scales pixels."""

import numpy as np


def to_model_input(images):
    """Scale digit images for a network: bytes 0–255 become floats 0–1, with a channel axis.

    Every network of the course reads what this function returns. Training digits, test digits and
    your own photographs all take this road, so none of them can be scaled differently.
    Built step by step in 02_normalization.ipynb.

    Args:
        images: uint8 array `(n, 28, 28)`, 0–255, white ink on black.

    Returns:
        float32 array `(n, 28, 28, 1)`, 0–1.

    Raises:
        TypeError: `images` is not a NumPy array.
        ValueError: another dtype or shape, images that are already scaled above all.
    """
    check_images(images)
    return images[..., np.newaxis].astype("float32") / 255


def check_images(images):
    """Refuse anything that is not a stack of unscaled digit images.

    Args:
        images: what ought to be a uint8 array `(n, 28, 28)`.

    Raises:
        TypeError: `images` is not a NumPy array.
        ValueError: another dtype or shape. The message says what came and what to do.
    """
    if not isinstance(images, np.ndarray):
        kind = type(images).__name__
        raise TypeError(f"expected a NumPy array of images, got {kind}: wrap it in np.array(...)")
    if images.dtype == np.uint8 and images.ndim == 3 and images.shape[1:] == (28, 28):
        return
    got = f"expected uint8 (n, 28, 28), got {images.dtype} {images.shape}"
    if images.shape == (28, 28):
        raise ValueError(f"{got}: that is one image; write image[np.newaxis] for a stack of one")
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        raise ValueError(f"{got}: pass the images as load_mnist returned them, before any reshape")
    if images.dtype.kind == "f" and images.size and images.min() >= 0 and images.max() <= 1:
        raise ValueError(f"{got}: these images are already scaled; pass them as load_mnist returned them")
    raise ValueError(f"{got}: pass the uint8 images as load_mnist returned them (not scaled, not converted)")
