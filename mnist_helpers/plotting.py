"""Drawing: arrays in, Axes out. Nothing here fits a model or calls `show()`, nor computes a result, but for
the ranges that a reliability diagram draws.

Digits are drawn as ink on paper (`gray_r`), so 0 is white and 255 is black.
seaborn draws distributions and heat maps. Pictures, diagrams and curves are Matplotlib's: a curve here has
one value at each place, and no spread for seaborn to estimate.
"""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
from matplotlib.ticker import PercentFormatter

from mnist_helpers.evaluation import wilson

BLUE = "#4c72b0"
# A heat map ends at this share of "Blues", where black still has a contrast of 4.5 (WCAG 2, level AA).
DARKEST = 0.7


def show_digits(images, titles=None, columns=10, ax=None):
    """Draw digit images in a grid, one small title above each.

    Args:
        images: array `(n, 28, 28)`, 0–255 (uint8, or float such as a mean digit).
        titles: n strings or numbers, one per image; None draws no titles.
        columns: images per row.
        ax: the Axes to draw in; a new one, wide enough for the grid, when None.

    Returns:
        The Axes. Its text artists are the titles.

    Raises:
        ValueError: no images, another shape, or a number of titles that differs from the number of images.
    """
    images = np.asarray(images)
    if images.ndim != 3 or len(images) == 0:
        raise ValueError(f"expected images of shape (n, 28, 28) with n ≥ 1, got {images.shape}")
    _check_titles(titles, images)
    n, height, width = images.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    gap = 2 if titles is None else 10  # pixels between images: room for a title
    sheet = np.zeros((rows * (height + gap), columns * (width + 2)))
    inches = 0.8 if columns > 5 else 1.5
    ax = _axes(ax, (columns * inches, rows * inches * (1 if titles is None else 1.3)))
    for i, image in enumerate(images):
        top, left = (i // columns) * (height + gap) + gap, (i % columns) * (width + 2) + 1
        sheet[top : top + height, left : left + width] = image
        if titles is not None:
            ax.text(left + width / 2, top - 1, str(titles[i]), ha="center", va="bottom", fontsize=9)
    ax.imshow(sheet, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
    ax.axis("off")
    return ax


def show_photos(photos, titles=None, columns=6, ax=None):
    """Draw grey pictures of any size in a grid as the camera saw them: 0 is black, 255 white.

    Args:
        photos: n uint8 arrays `(h, w)`; they may differ in size. Each is scaled to the same longer side.
        titles: n strings or numbers, one per picture; None draws no titles.
        columns: pictures per row.
        ax: the Axes to draw in; a new one, wide enough for the grid, when None.

    Returns:
        The Axes. Its images are the pictures, its text artists the titles.

    Raises:
        ValueError: no pictures, another shape, or another number of titles than of pictures.
    """
    photos = [np.asarray(photo) for photo in photos]
    if not photos or any(photo.ndim != 2 for photo in photos):
        raise ValueError(f"expected pictures of shape (h, w), got {[photo.shape for photo in photos]}")
    _check_titles(titles, photos)
    columns = min(columns, len(photos))
    rows = -(-len(photos) // columns)
    height = 1.05 if titles is None else 1.25  # of a row, where a picture is at most 1
    ax = _axes(ax, (1.3 * columns, 1.3 * height * rows))
    for i, photo in enumerate(photos):
        high, wide = np.array(photo.shape) / max(photo.shape)
        left, bottom = 1.05 * (i % columns) + (1 - wide) / 2, height * (i // columns + 1)
        extent = (left, left + wide, bottom, bottom - high)
        ax.imshow(photo, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="antialiased")
        if titles is not None:
            ax.text(left + wide / 2, bottom - high - 0.03, str(titles[i]), ha="center", fontsize=9)
    ax.set(xlim=(0, 1.05 * columns), ylim=(height * rows, 0), aspect="equal")
    ax.axis("off")
    return ax


def class_balance(labels, ax=None):
    """Draw how often each digit occurs, with the count written on each bar.

    Args:
        labels: integer array `(n,)`, 0–9.
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes, with ten bars.
    """
    ax = _axes(ax, (7, 2.8))
    counts = np.bincount(labels, minlength=10)
    sns.barplot(x=np.arange(10), y=counts, color=BLUE, saturation=1, ax=ax)
    ax.bar_label(ax.containers[0], fontsize=8)
    ax.set(xlabel="digit", ylabel="images", ylim=(0, 1.12 * max(counts.max(), 1)))
    return ax


def pixel_histogram(images, ax=None):
    """Draw how often each pixel value occurs, on a logarithmic axis because most pixels are paper.

    Args:
        images: uint8 array of any shape, 0–255.
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes, with one area of 256 steps.
    """
    ax = _axes(ax, (7, 2.8))
    counts = np.bincount(np.ravel(images), minlength=256)  # 256 numbers for seaborn instead of 47 million
    steps = {"discrete": True, "element": "step", "linewidth": 0, "alpha": 1}
    sns.histplot(x=np.arange(256), weights=counts, color=BLUE, **steps, ax=ax)
    ax.set(xlabel="pixel value (0 = paper, 255 = ink)", ylabel="pixels", yscale="log", xlim=(-4, 259))
    return ax


def learning_curves(histories, metric="val_accuracy", ax=None):
    """Draw one metric over the epochs for several trainings, each with its own colour and mark.

    Args:
        histories: dict of name → `History.history` of Keras (a dict of metric → list, one value per epoch).
        metric: the metric to draw, such as "val_accuracy", "accuracy", "val_loss" or "loss".
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes, with one line per training.

    Raises:
        KeyError: a history without the metric; the message lists the ones it has.
    """
    ax = _axes(ax, (7, 3.4))
    curves = {}
    for name, history in histories.items():
        if metric not in history:
            raise KeyError(f"{name!r} has no {metric!r}; it has {', '.join(history)}")
        curves[name] = range(1, len(history[metric]) + 1), history[metric]
    _draw_curves(ax, curves, markersize=5)
    ax.set(xlabel="epoch", ylabel=metric.replace("val_", "validation "))
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def training_curves(history, best_epoch=None, metric="loss", ax=None):
    """Draw one training: a metric on the training and the validation digits, and where it was best.

    Args:
        history: `History.history` of Keras, fitted with validation data.
        best_epoch: the epoch to mark, counted from 1; None marks none.
        metric: "loss" or "accuracy".
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes: a line for training, one for validation, and an upright one at the best epoch.

    Raises:
        KeyError: a history without the metric or its `val_` twin; the message lists the ones it has.
    """
    ax = _axes(ax, (5, 3.2))
    for key, name, style in ((metric, "training", "o-"), (f"val_{metric}", "validation", "s--")):
        if key not in history:
            raise KeyError(f"the history has no {key!r}; it has {', '.join(history)}")
        ax.plot(range(1, len(history[key]) + 1), history[key], style, markersize=4, label=name)
    if best_epoch is not None:
        ax.axvline(best_epoch, color="0.3", linestyle=":", label=f"best epoch: {best_epoch}")
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(fontsize=8)
    ax.grid(alpha=0.3)
    return ax


def confusion_heat_map(matrix, errors_only=False, ax=None):
    """Draw a confusion matrix, darker for more, with the number in each cell that is not zero.

    Args:
        matrix: array `(10, 10)`, rows are true digits: integers are written as counts, floats in [0, 1] as
            percent, NaN (a row without images) as a dash.
        errors_only: hatch the diagonal and spread the shades over the mistakes.
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes. Its texts are the numbers.

    Raises:
        ValueError: another shape.
    """
    matrix = np.asarray(matrix)
    if matrix.shape != (10, 10):
        raise ValueError(f"expected a confusion matrix of shape (10, 10), got {matrix.shape}")
    counts = matrix.dtype.kind in "iu"
    hidden = np.eye(10, dtype=bool) & errors_only
    shown = np.where(hidden | np.isnan(matrix), 0, matrix)
    texts = np.where(shown > 0, shown.astype(str) if counts else np.char.mod("%.1f", 100 * shown), "")
    texts = np.where(np.isnan(matrix) & ~hidden, "–", texts)
    ax = _axes(ax, (6.2, 5.2))
    shades = {"cmap": "Blues", "vmin": 0, "vmax": shown.max() / DARKEST, "cbar": False}
    letters = {"annot": texts, "fmt": "", "annot_kws": {"color": "black", "fontsize": 8}}
    sns.heatmap(shown, **shades, **letters, square=True, linewidths=0.5, ax=ax)
    for digit in np.flatnonzero(hidden.any(axis=1)):
        ax.add_patch(plt.Rectangle((digit, digit), 1, 1, facecolor="0.9", edgecolor="0.6", hatch="///"))
    ax.set(xlabel="answer" if counts else "answer (cells: percent)", ylabel="true digit")
    ax.tick_params(rotation=0)
    return ax


def reliability_diagram(results, ax=None):
    """Draw how often networks are right against how sure they are; on the dashed line the two agree.

    Args:
        results: dict of name → `Calibration` of `evaluation.calibration`. One network alone gets an upright
            bar at each point, Wilson's 95% range of its share, and the number of images beside it.
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes: the dashed line first, then one line per network, with a mark for each bin that has images.
        The more images, the larger the mark (its area grows with the root of their number).
    """
    ax = _axes(ax, (5, 4.6))
    ax.plot([0, 1], [0, 1], "--", color="0.5", label="as sure as right")
    points = {name: np.array(result[:3])[:, result.count > 0] for name, result in results.items()}
    _draw_curves(ax, {name: (x, y) for name, (x, y, _) in points.items()}, markersize=4, linewidth=1)
    for line, (x, y, n) in zip(ax.lines[1:], points.values(), strict=True):
        look = {"color": line.get_color(), "marker": line.get_marker(), "alpha": 0.6, "linewidth": 0}
        ax.scatter(x, y, 6 * np.sqrt(n), **look)
    if len(points) == 1:
        for x, y, n in next(iter(points.values())).T:
            ax.plot([x, x], wilson(round(y * n), int(n)), color="0.3", linewidth=1.5, zorder=1)
            place = {"ha": "right", "xytext": (-9, 5)} if x > 0.9 else {"xytext": (6, -10 if y > 0.1 else 4)}
            ax.annotate(f"{n:,.0f}", (x, y), textcoords="offset points", fontsize=7, **place)
    ax.text(0.97, 0.04, "too sure", ha="right", color="0.35")
    ax.text(0.03, 0.93, "not sure enough", color="0.35")
    ax.set(xlabel="confidence", ylabel="share of right answers", xlim=(0, 1.02), ylim=(0, 1.06))
    ax.legend(fontsize=8, loc="lower right", bbox_to_anchor=(0.99, 0.1))
    return ax


def mistake_gallery(images, labels, probabilities, columns=4, ax=None):
    """Draw digits beside the ten probabilities a network gave them.

    The bar of the answer is orange, that of the true digit blue, hatched and ticked; both carry their
    percent.

    Args:
        images: uint8 array `(n, 28, 28)`; n may be 0, for a network without mistakes.
        labels: integer array `(n,)`, the true digits.
        probabilities: float array `(n, 10)`.
        columns: images per row.
        ax: the Axes to draw in; a new one, large enough for the gallery, when None.

    Returns:
        The Axes. For each image it has a title and ten bars.

    Raises:
        ValueError: arrays of different lengths.
    """
    if not len(images) == len(labels) == len(probabilities):
        raise ValueError(
            "expected one label and one row of probabilities per image, "
            f"got {len(images)} images, {len(labels)} labels, {len(probabilities)} rows"
        )
    rows = max(1, -(-len(images) // columns))
    width, height, left, longest = 68, 38, 35, 20  # of a tile, in pixels; start and length of its bars
    ax = _axes(ax, (columns * 2.4, rows * 1.35))
    for i, (image, label, row) in enumerate(zip(images, labels, probabilities, strict=True)):
        x, y = (i % columns) * width, (i // columns) * height
        box = (x, x + 28, y + 28, y)
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest", extent=box)
        answer = row.argmax()
        ax.text(x, y - 1.5, f"{label}, read as {answer}", fontsize=9, va="bottom")
        middles = y + 1.4 + 2.8 * np.arange(10)
        bars = ax.barh(middles, row * longest, 2.2, x + left, color="0.6", edgecolor="white", linewidth=0)
        bars[answer].set(facecolor="#de8f05")
        bars[label].set(facecolor="#0173b2", hatch="////")
        for digit, (middle, share) in enumerate(zip(middles, row, strict=True)):
            told = digit in (answer, label)
            weight = "bold" if told else "normal"
            ax.text(x + left - 1, middle, str(digit), fontsize=6, ha="right", va="center", weight=weight)
            if told:
                text = f"{share:.0%}" + (" ✓" if digit == label else "")
                ax.text(x + left + share * longest + 1, middle, text, fontsize=7, va="center")
    if len(images) == 0:
        ax.text(columns * width / 2, height / 2, "no mistakes to show", ha="center", va="center")
    ax.set(xlim=(-1, columns * width), ylim=(rows * height - 8, -9), aspect="equal")
    ax.axis("off")
    return ax


def run_dots(groups, mine=None, xlabel="accuracy", percent=True, ax=None):
    """Draw every run of several ways of training as a dot, one row a way, and the mean as an upright line.

    Args:
        groups: dict of name → sequence of scores, one for each run.
        mine: dict of name → one score of your own, drawn as a large blue dot in front of the grey ones;
            None draws none.
        xlabel: what the score is, with its unit.
        percent: whether scores are shares, to be shown as percentages.
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes. Its rows run from top to bottom in the order of `groups`.

    Raises:
        ValueError: a group without a run, or a name in `mine` that is no group.
    """
    mine = mine or {}
    if empty := [name for name, scores in groups.items() if len(scores) == 0]:
        raise ValueError(f"expected at least one run in each group, got none for {', '.join(empty)}")
    if unknown := set(mine) - set(groups):
        raise ValueError(f"no group is called {', '.join(unknown)}; there are {', '.join(groups)}")
    ax = _axes(ax, (6.5, 0.9 + 0.45 * len(groups)))
    for row, (name, scores) in enumerate(groups.items()):
        ax.plot(scores, [row] * len(scores), "o", color="0.45", alpha=0.7, markersize=7)
        ax.plot([np.mean(scores)] * 2, [row - 0.3, row + 0.3], color="0.2", linewidth=1.2)
        if name in mine:
            ax.plot(mine[name], row, "D", color=BLUE, markersize=8)
    ax.set(xlabel=xlabel, yticks=range(len(groups)), yticklabels=groups, ylim=(len(groups) - 0.5, -0.5))
    ax.locator_params(axis="x", nbins=6)  # with more, the labels of a narrow range touch
    if percent:
        ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.grid(alpha=0.3)
    return ax


def weight_images(weights, titles=None, columns=10, limit=None, ax=None):
    """Draw sets of weights as images: blue where ink speaks for a unit, red where it speaks against it.

    Args:
        weights: array `(n, height, width)`, one image per unit (or per filter), positive or negative.
        titles: n strings or numbers, one per image; None draws no titles.
        columns: images per row.
        limit: the size of a weight that gets the full colour; the largest one when None.
        ax: the Axes to draw in; a new one, wide enough for the grid, when None.

    Returns:
        The Axes. White is 0; the scale beside it says which colour speaks for and which against.

    Raises:
        ValueError: no images, another shape, or a number of titles that differs from the number of images.
    """
    weights = np.asarray(weights)
    if weights.ndim != 3 or len(weights) == 0:
        raise ValueError(f"expected weights of shape (n, height, width) with n ≥ 1, got {weights.shape}")
    _check_titles(titles, weights)
    n, height, width = weights.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    space = max(1, width // 14)  # between images, in weights
    above = space if titles is None else max(2, height // 3)
    ax = _axes(ax, (columns * 0.8 + 1.2, rows * (0.8 if titles is None else 1.05) + 0.1))
    sheet = np.full((rows * (height + above), columns * (width + space)), np.nan)
    for i, image in enumerate(weights):
        top, left = (i // columns) * (height + above) + above, (i % columns) * (width + space)
        sheet[top : top + height, left : left + width] = image
        ax.add_patch(plt.Rectangle((left - 0.5, top - 0.5), width, height, fill=False, lw=0.5, ec="0.6"))
        if titles is not None:
            ax.text(left + width / 2, top - 1, str(titles[i]), ha="center", va="bottom", fontsize=9)
    limit = limit or np.abs(weights).max() or 1
    drawn = ax.imshow(sheet, cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    scale = ax.figure.colorbar(drawn, ax=ax, ticks=[-limit, 0, limit], aspect=8, shrink=0.9, pad=0.01)
    scale.ax.set_yticklabels([f"−{limit:.2g} against", "0", f"{limit:.2g} for"], fontsize=8)
    ax.axis("off")
    return ax


def network_diagram(units, weights, ax=None):
    """Draw a small network: circles for units, left to right, and a line with its number for each weight.

    Args:
        units: list of layers, each a list of texts to write into its circles, top to bottom.
        weights: list of arrays, one fewer than layers; `(units in, units out)` as in `x @ weights`.
            A weight of 0 gets a dotted line.
        ax: the Axes to draw in; a new one when None.

    Returns:
        The Axes. Its text artists are the weights' numbers, then the units' texts.

    Raises:
        ValueError: weights whose shape does not fit the layers on both sides.
    """
    shapes = [np.shape(matrix) for matrix in weights]
    expected = [(len(left), len(right)) for left, right in zip(units, units[1:], strict=False)]
    if shapes != expected:
        raise ValueError(f"expected weights of shapes {expected} for these layers, got {shapes}")
    tallest = max(len(layer) for layer in units)
    ax = _axes(ax, (2.3 * len(units), 0.8 * tallest))
    places = [
        [(2.6 * i, tallest * (0.5 - (j + 0.5) / len(layer))) for j in range(len(layer))]
        for i, layer in enumerate(units)
    ]
    for matrix, left, right in zip(weights, places, places[1:], strict=False):
        for (row, column), weight in np.ndenumerate(matrix):
            (x0, y0), (x1, y1) = left[row], right[column]
            ax.plot([x0, x1], [y0, y1], color="0.6", ls="-" if weight else ":", lw=1.2, zorder=1)
            ax.text(  # beside the left end, where lines are farthest apart
                *(x0 + 0.48, y0 + 0.48 / (x1 - x0) * (y1 - y0)),
                f"{weight + 0.0:g}".replace("-", "−"),
                **{"ha": "left", "va": "center", "fontsize": 9, "zorder": 2},
                bbox={"fc": "white", "ec": "none", "pad": 1},
            )
    for layer, spots in zip(units, places, strict=True):
        for text, (x, y) in zip(layer, spots, strict=True):
            ax.add_patch(plt.Circle((x, y), 0.43, fc="#dbe5f1", ec="0.3", zorder=3))
            ax.text(x, y, str(text), ha="center", va="center", fontsize=9, zorder=4)
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def _check_titles(titles, images):
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"expected one title per image, got {len(titles)} titles for {len(images)} images")


def _draw_curves(ax, curves, markersize, linewidth=None):
    for (name, (x, y)), marker in zip(curves.items(), itertools.cycle("osD^vPX*<>"), strict=False):
        ax.plot(x, y, marker=marker, markersize=markersize, linewidth=linewidth, label=name)
    ax.grid(alpha=0.3)


def _axes(ax, size):
    return plt.subplots(figsize=size, layout="constrained")[1] if ax is None else ax
