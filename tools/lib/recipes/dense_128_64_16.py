"""A published network that lesson 05 shows as recorded: four dense layers, a hundred passes.

A recipe as those of the lessons are: `course.py results` runs it, nobody imports it.
Source: github.com/nhBasavaraj, ML_MNIST_Handwritten_Project.
"""

import keras

from mnist_helpers.data import load_mnist
from mnist_helpers.models import build_dense_128_64_16
from mnist_helpers.preprocessing import to_model_input

(train_images, train_labels), (test_images, test_labels) = load_mnist()
n_val = len(train_images) // 6
x_all, x_test = to_model_input(train_images), to_model_input(test_images)

keras.utils.set_random_seed(0)
model = build_dense_128_64_16()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(x_all[:-n_val], train_labels[:-n_val], batch_size=1000, epochs=100, verbose=0)

probabilities = model.predict(x_test, verbose=0)
