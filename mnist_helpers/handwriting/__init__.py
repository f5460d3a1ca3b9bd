"""Reading your own handwriting: from a photo to images like MNIST's, and from probabilities to an answer."""

from mnist_helpers.handwriting.errors import NoDigitFound, NotAPhoto
from mnist_helpers.handwriting.files import read_photo
from mnist_helpers.handwriting.number import rows_of
from mnist_helpers.handwriting.reader import load_reader
from mnist_helpers.handwriting.road import find_digits, preparation_steps, to_mnist_style
from mnist_helpers.handwriting.verdict import answer, answer_digit

__all__ = [
    "NoDigitFound",
    "NotAPhoto",
    "answer",
    "answer_digit",
    "find_digits",
    "load_reader",
    "preparation_steps",
    "read_photo",
    "rows_of",
    "to_mnist_style",
]
