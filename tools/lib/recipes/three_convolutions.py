"""A published network that lesson 06 shows as recorded: three convolutions on normalised columns.

A recipe as those of the lessons are: `course.py results` runs it, nobody imports it.
Source: github.com/SP85691/Digit_Recognition, with a softmax in place of its ten sigmoids.
"""

import keras
import numpy as np

from mnist_helpers.data import load_mnist
from mnist_helpers.models import build_three_convolutions

(train_images, train_labels), (test_images, test_labels) = load_mnist()
x_all = keras.utils.normalize(train_images, axis=1)[..., np.newaxis]
x_test = keras.utils.normalize(test_images, axis=1)[..., np.newaxis]

keras.utils.set_random_seed(0)
model = build_three_convolutions()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_all, train_labels, validation_split=0.3, batch_size=32, epochs=5, verbose=0)

probabilities = model.predict(x_test, verbose=0)
