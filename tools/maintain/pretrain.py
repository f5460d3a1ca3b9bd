"""Train the network of mnist_helpers/assets/pretrained.weights.h5 again (about ten minutes on two cores).

Every epoch sees each training digit in another shape: bent, slanted, turned, written with another pen, then
prepared as `to_mnist_style` prepares a photo. Among them are digits drawn from stroke paths, for ways of
writing that MNIST has few of, and pictures that are no digit, for which all ten answers are equally wrong.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_helpers.data import load_mnist
from mnist_helpers.handwriting.digit import centre, fit_box
from mnist_helpers.handwriting.pen import even_pen
from mnist_helpers.preprocessing import to_model_input
from tools.lib.files import ROOT, replace
from tools.lib.strokes import draw_strokes, write_digit

WEIGHTS = ROOT / "mnist_helpers" / "assets" / "pretrained.weights.h5"
PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless")  # what the result depends on
BATCH = 128
SCALE = 2  # digits are bent at twice MNIST's resolution, so that their edges stay smooth
SIDE = 28 * SCALE
GRID = (np.indices((SIDE, SIDE)) - (SIDE - 1) / 2).astype(np.float32)

# Letters and signs that nobody takes for a digit, even when bent, and matplotlib's fonts that have them.
LETTERS = "ACEFHKMNPRTUVWXYadefhkmnprtvwxααγθκλμπφψωχΔΣΨ+×÷=?&%#@"
SIGNS = "✓✗★→♥€$∞"
FONTS = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralItalic")


def bend(image, rng):
    """Return a digit image as another hand might have written it: turned, slanted, stretched and bent."""
    large = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    turn, slant, stretch = np.radians(rng.normal(0, 8)), rng.normal(0, 0.15), np.exp(rng.normal(0, 0.15))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = rotation @ np.array([[1, 0], [slant, 1]]) @ np.diag([1, stretch])
    corners = rng.normal(0, rng.uniform(0, 1.3 * SCALE), size=(5, 5, 2)).astype(np.float32)
    waves = cv2.resize(corners, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    moved = np.tensordot(matrix.astype(np.float32), GRID, 1) + (SIDE - 1) / 2
    return cv2.remap(large, moved[1] + waves[..., 1], moved[0] + waves[..., 0], cv2.INTER_LINEAR)


def prepare(drawing, rng):
    """Threshold a drawing and prepare it as a photo, with a pen, place and focus that vary a little."""
    mask = 255 * (drawing > rng.uniform(0.35, 0.6) * drawing.max()).astype(np.uint8)
    if rng.random() < 0.7:
        pen = rng.uniform(1.8, 3.6)
        mask = even_pen(mask, pen - 0.3, pen + 0.3)
    image = centre(fit_box(mask))
    if rng.random() < 0.6:
        size = rng.uniform(0.88, 1.1)
        shift = rng.normal(0, 0.8, size=2) + 14 * (1 - size)
        image = cv2.warpAffine(image, np.array([[size, 0, shift[0]], [0, size, shift[1]]]), (28, 28))
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.7))
    if rng.random() < 0.25:
        image = np.clip(image * rng.uniform(0.7, 1.5), 0, 255).astype(np.uint8)
    return image


def square(picture, side=28):
    """Fit a drawing of any shape into a square, with a margin in which it can be bent."""
    scale = (side - 8) / max(picture.shape)
    size = [max(1, round(edge * scale)) for edge in reversed(picture.shape)]
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    spare = side - np.array(small.shape)
    return np.pad(small, np.stack([spare // 2, spare - spare // 2], axis=1))


def drawn_digit(digit, rng):
    wobble = rng.choice([0.01, 0.03, 0.045])
    return square(draw_strokes(write_digit(digit, rng, wobble), 100, rng.uniform(5, 20)), SIDE)


def no_digit(images, labels, rng):
    """Return a picture that is not one upright digit, as bytes 0–255: a letter, text, a scribble."""
    kind = rng.choice(["letter", "text", "digits", "scribble", "turned"], p=[0.4, 0.1, 0.25, 0.15, 0.1])
    if kind == "letter":
        return square(_text(rng.choice(list(LETTERS + SIGNS)), rng), SIDE)
    if kind == "text":
        lines = ["".join(rng.choice(list(LETTERS), rng.integers(2, 7))) for _ in range(rng.integers(1, 4))]
        return square(_text("\n".join(lines), rng), SIDE)
    if kind == "digits":
        picked = images[rng.integers(len(images), size=rng.integers(2, 5))]
        step = rng.integers(11, 21)  # from overlapping to apart
        row = np.zeros((28, 28 + step * (len(picked) - 1)), np.uint8)
        for place, image in enumerate(picked):
            part = row[:, place * step : place * step + 28]
            np.maximum(part, image, out=part)
        return square(row, SIDE)
    if kind == "scribble":
        strokes = [rng.uniform(0, 1, size=(rng.integers(3, 7), 2)) for _ in range(rng.integers(2, 5))]
        return square(draw_strokes(strokes, 100, rng.uniform(5, 20)), SIDE)
    image = images[rng.choice(np.flatnonzero(np.isin(labels, [3, 4, 7])))]
    turned = np.rot90(image, rng.choice([-1, 1])) if rng.random() < 0.6 else np.fliplr(image)
    return np.ascontiguousarray(turned)


def _text(text, rng):
    name = FONTS[0] if text in SIGNS else rng.choice(FONTS)
    font = ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf"), 60)
    canvas = Image.new("L", (60 * max(map(len, text.split("\n"))) + 20, 80 * (text.count("\n") + 1) + 20))
    ImageDraw.Draw(canvas).multiline_text((10, 5), text, fill=255, font=font)
    return np.array(canvas.crop(canvas.getbbox()))


def lesson(images, labels, seed):
    """Make one epoch: each digit once (one in seven as it is), drawn digits and pictures without a digit.

    Returns:
        uint8 `(m, 28, 28)` and float32 `(m, 10)`; a picture without a digit has 0.1 in each place.
    """
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    pictures = [image if rng.random() < 0.15 else prepare(bend(image, rng), rng) for image in images]
    drawn = [k % 10 for k in range(len(images) // 4)]
    pictures += [prepare(bend(drawn_digit(digit, rng), rng), rng) for digit in drawn]
    targets = np.eye(10, dtype="float32")[[*labels, *drawn]]
    doubt = np.full((len(images) // 6, 10), 0.1, "float32")
    pictures += [prepare(bend(no_digit(images, labels, rng), rng), rng) for _ in doubt]
    return np.stack(pictures), np.concatenate([targets, doubt])


def main(arguments: list[str]) -> int:
    """Train, measure on MNIST's test digits, write weights and claim; or only check the claim."""
    parser = argparse.ArgumentParser(
        prog="course.py pretrain", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="only measure the weights that are there")
    parser.add_argument("--output", type=Path, default=WEIGHTS, help="where to write the weights")
    options = parser.parse_args(arguments)
    if not options.output.name.endswith(".weights.h5"):
        parser.error(f"the name must end in .weights.h5, got {options.output.name}")
    from mnist_helpers.models import build_photo_reader  # Keras, which the processes that draw do not need

    (train_images, train_labels), (test_images, test_labels) = load_mnist("mnist")  # never the sample
    claim_file = options.output.with_name(options.output.name.replace(".weights.h5", ".json"))
    model = build_photo_reader()
    if options.check:
        claim = json.loads(claim_file.read_text(encoding="utf-8"))
        model.load_weights(options.output)
        measured = accuracy(model, test_images, test_labels)
        print(f"{measured:.2%} of the test digits; the claim is {claim['test_accuracy']:.2%}")
        return 0 if abs(measured - claim["test_accuracy"]) < 0.0005 else 1
    started = time.monotonic()
    train(model, train_images, train_labels, options.epochs, options.seed)
    claim = {
        "test_accuracy": accuracy(model, test_images, test_labels),
        "test_digits": len(test_labels),
        "parameters": model.count_params(),
        "seed": options.seed,
        "epochs": options.epochs,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "versions": {name: version(name) for name in PACKAGES},
        "made_by": "python3 course.py pretrain",
    }
    trained, model = model, build_photo_reader()  # a model that was never compiled has no optimiser to save
    model.set_weights(trained.get_weights())
    with tempfile.TemporaryDirectory(dir=options.output.parent) as beside:  # whole or not at all
        model.save_weights(Path(beside, options.output.name))
        Path(beside, options.output.name).replace(options.output)
    replace(claim_file, json.dumps(claim, indent=2) + "\n")
    print(f"{claim['test_accuracy']:.2%} of the test digits; {options.output} and {claim_file.name} written")
    return 0


def train(model, images, labels, epochs, seed):
    """Train for some epochs, the second half of them on the lessons of the first, shifted by a pixel."""
    import keras

    keras.utils.set_random_seed(seed)
    different = -(-epochs // 2)
    with concurrent.futures.ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        made = [
            [pool.submit(lesson, images[k::6], labels[k::6], (seed, epoch, k)) for k in range(6)]
            for epoch in range(different)
        ]
        parts = [[part.result() for part in row] for row in made]
    lessons = [[np.concatenate(column) for column in zip(*row, strict=True)] for row in parts]
    rate = keras.optimizers.schedules.CosineDecay(3e-3, epochs * (len(lessons[0][0]) // BATCH))
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    for epoch in range(epochs):
        pictures, targets = lessons[epoch % different]
        if epoch >= different:
            shifts = np.random.default_rng((seed, epoch)).integers(-1, 2, size=(len(pictures), 2))
            pictures = np.stack([np.roll(p, s, (0, 1)) for p, s in zip(pictures, shifts, strict=True)])
        history = model.fit(to_model_input(pictures), targets, batch_size=BATCH, verbose=0).history
        print(f"epoch {epoch + 1} of {epochs}: loss {history['loss'][0]:.3f}", flush=True)


def accuracy(model, images, labels):
    predicted = model.predict(to_model_input(images), batch_size=500, verbose=0).argmax(axis=1)
    return float(np.mean(predicted == labels))
