"""A published network that lesson 05 shows as recorded: three dense layers, 99.994% of its training digits.

A recipe as those of the lessons are: `course.py results` runs it, nobody imports it.
Source: an internship report under the name Skill Vertex, which states no widths.
"""

import keras

from mnist_helpers.data import load_mnist
from mnist_helpers.models import build_dense_256_128
from mnist_helpers.preprocessing import to_model_input

(train_images, train_labels), (test_images, test_labels) = load_mnist()
n_val = len(train_images) // 6
x_all, x_test = to_model_input(train_images), to_model_input(test_images)
mean, deviation = x_all[:-n_val].mean(), x_all[:-n_val].std()
x_train_standardised = (x_all[:-n_val] - mean) / deviation
x_test_standardised = (x_test - mean) / deviation

keras.utils.set_random_seed(0)
model = build_dense_256_128()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_train_standardised, train_labels[:-n_val], batch_size=1000, epochs=30, verbose=0)

probabilities = model.predict(x_test_standardised, verbose=0)
