"""The yardstick that no lesson trains: keras.io's "Simple MNIST convnet", read from top to bottom like cells.

It is a recipe as those of the lessons are: `course.py results` runs it, nobody imports it.
Source: keras.io/examples/vision/mnist_convnet, by François Chollet.
"""

import keras

from mnist_helpers.data import load_mnist
from mnist_helpers.models import build_keras_convnet
from mnist_helpers.preprocessing import to_model_input

(train_images, train_labels), (test_images, test_labels) = load_mnist()
x_all, x_test = to_model_input(train_images), to_model_input(test_images)

keras.utils.set_random_seed(0)
model = build_keras_convnet()
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
one_hot = keras.utils.to_categorical(train_labels, num_classes=10)
history = model.fit(x_all, one_hot, validation_split=0.1, batch_size=128, epochs=15, verbose=0)

probabilities = model.predict(x_test, verbose=0)
