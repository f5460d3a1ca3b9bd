"""Helpers for the lessons, imported by name: `from mnist_helpers.data import load_mnist`."""
