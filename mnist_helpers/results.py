"""What was measured once on the real MNIST, several trainings of each recipe, to compare your own with.

`python3 course.py results` makes results.json; the recipes are the lessons' cells tagged `recipe:NAME`.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "assets" / "results.json"
MNIST_TEST_LABELS = "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5"  # SHA-256 of the bytes


def compare(recipe, labels, predicted):
    """Say how your accuracy compares with the one measured for a recipe, in a sentence.

    On MNIST's test digits you read whether your figure lies in the recipe's band, a prediction interval
    from several trainings that differ in their seed: of many such bands, each with a new training, 95 in 100
    catch it. (A single band may catch more or fewer.) On other digits the band says nothing; there you read
    how far the figure could be off because the digits are few (a 95% Wilson interval).

    Args:
        recipe: name of a recipe in results.json, such as "dense_512".
        labels: integer array `(n,)`, the true digits 0–9.
        predicted: integer array `(n,)`, the answers 0–9.

    Returns:
        The sentence, a string.

    Raises:
        ValueError: an unknown recipe, no digits, or arrays that do not belong together.
    """
    measured = _measured(recipe)
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.ndim != 1 or labels.shape != predicted.shape or not len(labels):
        raise ValueError(
            f"expected labels (n,) and predicted (n,) with n ≥ 1, got {labels.shape} and {predicted.shape}; "
            "probabilities (n, 10) become predicted by probabilities.argmax(axis=1)"
        )
    right, n = int((labels == predicted).sum()), len(labels)
    yours = f"{right / n:.2%} of {n:,} test digits"
    if hashlib.sha256(labels.astype("uint8").tobytes()).hexdigest() != MNIST_TEST_LABELS:
        from scipy.stats import binomtest  # here, because importing it takes longer than all the rest

        low, high = binomtest(right, n).proportion_ci(method="wilson")
        return (
            f"{yours}; with so many digits the true figure may lie anywhere from {low:.1%} to {high:.1%}. "
            "The band measured for this recipe belongs to MNIST and says nothing about these digits."
        )
    low, high = measured["run_low"], min(measured["run_high"], 1)
    place = "inside" if low <= right / n <= high else "above" if right / n > high else "below"
    return (
        f"{yours}: {place} the band from {low:.2%} to {high:.2%} (mean {measured['accuracy_mean']:.2%}). "
        f"Bands made so from {len(measured['accuracies'])} trainings catch the next one 95 times in 100."
    )


def recorded(recipe):
    """Return the test accuracies recorded for a recipe on MNIST, one for each training, as a list of floats.

    Args:
        recipe: name of a recipe in results.json, such as "dense_512".

    Raises:
        ValueError: an unknown recipe.
    """
    return _measured(recipe)["accuracies"]


def _measured(recipe):
    recipes = {measured["name"]: measured for measured in json.loads(FILE.read_text("utf-8"))["recipes"]}
    if recipe not in recipes:
        raise ValueError(f"unknown recipe {recipe!r}; results.json has {', '.join(recipes)}")
    return recipes[recipe]
