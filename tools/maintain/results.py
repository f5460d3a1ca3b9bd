"""Measure every recipe on the real MNIST, and renew the README's table and picture.

For maintainers; it takes about 40 minutes on two cores. Each recipe of tools/recipes.py is trained with
several seeds, every run in a process of its own so that none inherits memory, caches or random numbers from
another, and all recipes of one seed before the next seed, so that their times compare. Choices were made on
validation digits: the test digits are read here, once per finished network.

A finished run is kept in build/results/ and used again as long as its recipe, its network, the versions and
the computer are the same: after an interruption the same command continues. When all are there, it writes
mnist_helpers/assets/results.json, the picture and the README's table.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
from scipy import stats

from mnist_helpers.data import find_mnist, load_mnist
from tools.lib.files import ROOT, replace
from tools.lib.kernel import resolve_data

RESULTS = ROOT / "mnist_helpers" / "assets" / "results.json"
PICTURE = ROOT / ".github" / "images" / "results.svg"
README = ROOT / "README.md"
MARKERS = "<!-- results -->", "<!-- /results -->"
RUNS = ROOT / "build" / "results"
SEEDS = 5
TEST_DIGITS = 10_000
YARDSTICK = "keras_convnet"  # the recipe whose training time is the measure of time
OURS = ("one_pass", "few_passes", "augmented")


def main(arguments: list[str]) -> int:
    """Train what has not been trained yet, then write the results; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py results", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed; shows the figures and writes nothing")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many, at least {SEEDS} (default)")
    parser.add_argument(
        "--render", action="store_true", help="only renew table and picture from results.json"
    )
    options = parser.parse_args(arguments)
    if options.seeds < SEEDS:
        parser.error(f"--seeds: at least {SEEDS} (--quick takes one)")
    if options.render:
        return render(json.loads(RESULTS.read_text("utf-8")))
    if "SAMPLE" in find_mnist().kind:
        print(
            "The results are measured on the real MNIST, and here is only the offline sample. Connect to a\n"
            "network, or set MNIST_PATH to a folder with MNIST (and unset MNIST_SOURCE).",
            file=sys.stderr,
        )
        return 1
    try:
        runs = train_all(1 if options.quick else options.seeds)
    except KeyboardInterrupt:
        print("\nStopped. Finished runs are kept; the same command continues.", file=sys.stderr)
        return 130
    except subprocess.CalledProcessError as error:
        print(
            f"{error.stderr}\nA run failed; the reason stands above. Finished runs are kept.", file=sys.stderr
        )
        return 1
    if options.quick:
        print("One seed: nothing was written. Without --quick these runs are used again.")
        return 0
    results = summary(runs)
    replace(RESULTS, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    return render(results)


def render(results: dict) -> int:
    """Draw the picture and put the table between the README's markers; return the exit status."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    draw(results, PICTURE)
    start, end = MARKERS
    readme = README.read_text("utf-8")
    before, found, rest = readme.partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        print(f"README.md has no lines {start} and {end}: put them where the table belongs.", file=sys.stderr)
        return 1
    replace(README, f"{before}{start}\n\n{table(results)}\n{end}{after}")
    print(f"Written: {RESULTS.name}, {PICTURE.name} and the table in README.md.")
    return 0


# --------------------------------------------------------------------------------------- training


def train_all(seeds: int) -> list[dict]:
    """Return a run for every recipe and seed; those already kept in build/results/ are not trained again."""
    from tools.lib.recipes import RECIPES

    environment = resolve_data().environment
    plan = [(recipe, seed) for seed in range(seeds) for recipe in RECIPES]
    runs = [kept_run(recipe, seed) for recipe, seed in plan]
    for i, (recipe, seed) in enumerate(plan):
        if runs[i] is None:
            print(f"run {i + 1} of {len(plan)}: {recipe.name}, seed {seed} ... ", end="", flush=True)
            started = time.monotonic()
            runs[i] = trained_run(recipe.name, seed, environment)
            runs[i] |= {"fingerprint": fingerprint(recipe), "wall": time.monotonic() - started}
            file = RUNS / recipe.name / f"{seed}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            replace(file, json.dumps(runs[i]))
            left = time_left([recipe.name for recipe, _ in plan], runs)
            print(f"{runs[i]['accuracy']:.2%} in {runs[i]['seconds']:.1f} s; {left}", flush=True)
    return runs


def kept_run(recipe, seed: int) -> dict | None:
    """Return a run made earlier, or None when there is none or what it depends on has changed."""
    try:
        run = json.loads((RUNS / recipe.name / f"{seed}.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return run if run.get("fingerprint") == fingerprint(recipe) else None


def fingerprint(recipe) -> str:
    """Return a digest of all that a run depends on: recipe, network, digits, versions and computer."""
    from mnist_helpers import models

    builders = [getattr(models, name) for name in recipe.train.__code__.co_names if name.startswith("build_")]
    sources = [inspect.getsource(function) for function in (recipe.train, *builders)]
    return hashlib.sha256(
        json.dumps([*sources, recipe.split, recipe.scaling, versions(), machine()]).encode()
    ).hexdigest()


def trained_run(name: str, seed: int, environment: dict[str, str]) -> dict:
    """Train one recipe in a process of its own; return what `measure` does."""
    code = f"import json; from tools.maintain.results import measure; print(json.dumps(measure({name!r}, {seed})))"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(process.stdout.splitlines()[-1])


def time_left(names: list[str], runs: list[dict | None]) -> str:
    """Return how long the rest takes, judged by the finished runs of the same recipes."""
    known = {run["name"]: run["wall"] for run in runs if run}
    rest = [name for name, run in zip(names, runs, strict=True) if run is None]
    seconds = sum(known.get(name, 0) for name in rest)
    at_least = "at least " if any(name not in known for name in rest) else "about "
    return f"{at_least}{seconds / 60:.0f} min left" if rest else "done"


def measure(name: str, seed: int) -> dict:
    """Train a recipe on MNIST and read the test digits with it, once.

    Returns:
        A dict: name, seed, accuracy, loss and train_accuracy (fractions; of the digits it was fitted on),
        parameters, epochs, and seconds (building, compiling and fitting).
    """
    from tools.lib.recipes import RECIPES, digits

    recipe = next(recipe for recipe in RECIPES if recipe.name == name)
    (images, labels), (test_images, test_labels) = load_mnist()
    x, y, x_val, y_val, x_test = digits(recipe, images, labels, test_images)
    started = time.perf_counter()
    model, history = recipe.train(x, y, x_val, y_val, seed)
    seconds = time.perf_counter() - started
    fitted = len(x) - round(len(x) * recipe.held_back)
    probabilities = model.predict(x_test, batch_size=1000, verbose=0)
    right = probabilities[np.arange(len(test_labels)), test_labels]
    train_predicted = model.predict(x[:fitted], batch_size=1000, verbose=0).argmax(axis=1)
    return {
        "name": name,
        "seed": seed,
        "accuracy": float((probabilities.argmax(axis=1) == test_labels).mean()),
        "loss": float(-np.log(np.maximum(right, 1e-7)).mean()),
        "train_accuracy": float((train_predicted == y[:fitted]).mean()),
        "parameters": model.count_params(),
        "epochs": len(history.epoch),
        "seconds": seconds,
    }


# ---------------------------------------------------------------------------------------- summing up


def summary(runs: list[dict]) -> dict:
    """Return the content of results.json for the runs of all recipes."""
    from tools.lib.recipes import RECIPES

    return {
        "machine": machine(),
        "versions": versions(),
        "recipes": [
            summary_of(recipe, [run for run in runs if run["name"] == recipe.name]) for recipe in RECIPES
        ],
    }


def summary_of(recipe, runs: list[dict]) -> dict:
    """Return one recipe's entry of results.json: accuracies as fractions, intervals of 95%."""
    accuracies = [run["accuracy"] for run in runs]
    mean, error = float(np.mean(accuracies)), float(stats.sem(accuracies))
    reach = float(stats.t.ppf(0.975, len(runs) - 1)) * error  # of the mean's interval
    new_run = reach * (len(runs) + 1) ** 0.5  # a new run adds its own deviation to the mean's uncertainty
    wilson = stats.binomtest(round(mean * TEST_DIGITS), TEST_DIGITS).proportion_ci(method="wilson")
    return {
        "name": recipe.name,
        "source": recipe.source,
        "assumed": recipe.assumed,
        "published_accuracy": recipe.published_accuracy,
        "published_loss": recipe.published_loss,
        "accuracies": accuracies,
        "accuracy_mean": mean,
        "accuracy_low": mean - reach,
        "accuracy_high": mean + reach,
        "run_low": mean - new_run,
        "run_high": mean + new_run,
        "wilson_low": float(wilson.low),
        "wilson_high": float(wilson.high),
        "train_accuracy_mean": statistics.mean(run["train_accuracy"] for run in runs),
        "test_loss_mean": statistics.mean(run["loss"] for run in runs),
        "parameters": runs[0]["parameters"],
        "epochs": round(statistics.median(run["epochs"] for run in runs)),
        "seconds": statistics.median(run["seconds"] for run in runs),
    }


def machine() -> dict:
    """Return the processor's name and the number of cores."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text("utf-8").splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    return {"cpu": name, "cores": os.cpu_count()}


def versions() -> dict:
    packages = ("tensorflow", "keras", "numpy")
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


# ------------------------------------------------------------------------------------------- showing


def title(name: str) -> str:
    """Return a recipe's name for readers: `dense_128_64_16` → "dense 128-64-16"."""
    return re.sub(r"(?<=\d)_(?=\d)", "-", name).replace("_", " ")


def table(results: dict) -> str:
    """Return what stands between the README's markers: picture, table and what they mean."""
    recipes, on, versions = results["recipes"], results["machine"], results["versions"]
    yardstick = next(recipe["seconds"] for recipe in recipes if recipe["name"] == YARDSTICK)
    faster = "; ".join(
        f"{title(recipe['name'])} takes 1/{yardstick / recipe['seconds']:.1f} of it"
        for recipe in recipes
        if recipe["name"] in OURS
    )
    return f"""\
![{description(results)}]({PICTURE.relative_to(ROOT).as_posix()})

| Network | Source | Our choice, where the source is silent | Parameters | Passes | Training | \
Test accuracy | Published | Reached |
|---|---|---|---:|---:|---:|---|---:|---|
{"".join(map(row, recipes))}
Test accuracy is the mean of {len(recipes[0]["accuracies"])} trainings on the real MNIST with different seeds,
± half of its 95% interval. Training is the median time on {on["cores"]} cores ({on["cpu"]}, no GPU; Keras
{versions["keras"]}, TensorFlow {versions["tensorflow"]}). The yardstick is keras.io's example: {faster}. A
published accuracy counts as reached when it is at most the upper end of the 95% Wilson interval around our
mean: so much 10,000 test digits leave open. Choices were made on validation digits, and each finished network
has read the test digits once. `python3 course.py results` measures everything anew.
"""


def row(recipe: dict) -> str:
    """Return a recipe's line of the table."""
    published = recipe["published_accuracy"]
    reached = "" if published is None else "yes" if published <= recipe["wilson_high"] else "no"
    measured = f"{recipe['accuracy_mean']:.2%} ± {(recipe['accuracy_high'] - recipe['accuracy_low']) / 2:.2%}"
    stated = "" if published is None else f"{100 * published:.5g}%"
    if recipe["published_loss"] is not None:
        measured += f", loss {recipe['test_loss_mean']:.4f}"
        stated += f", loss {recipe['published_loss']:.4f}"
    cells = [
        title(recipe["name"]),
        recipe["source"],
        recipe["assumed"],
        f"{recipe['parameters']:,}",
        recipe["epochs"],
        f"{recipe['seconds']:.1f} s",
        measured,
        stated,
        reached,
    ]
    return f"| {' | '.join(map(str, cells))} |\n"


def description(results: dict) -> str:
    """Return what the picture shows in a sentence with all its figures, for those who can't see it."""
    points = ", ".join(
        f"{title(recipe['name'])} {recipe['accuracy_mean']:.2%} after {recipe['seconds']:.0f} s"
        + (f" (published {100 * recipe['published_accuracy']:.5g}%)" if recipe["published_accuracy"] else "")
        for recipe in results["recipes"]
    )
    return f"Test accuracy against training time: {points}."


def draw(results: dict, path: Path) -> None:
    """Draw test accuracy against training time, one point for each recipe, and save it as an SVG file."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    ax = figure.subplots()
    for recipe in results["recipes"]:
        seconds, mean = recipe["seconds"], 100 * recipe["accuracy_mean"]
        color, marker = ("#c44e52", "*") if recipe["name"] in OURS else ("#4c72b0", "o")
        reach = 100 * (recipe["run_high"] - recipe["accuracy_mean"])
        ax.errorbar(seconds, mean, reach, fmt=marker, color=color, markersize=11 if marker == "*" else 7)
        ax.annotate(title(recipe["name"]), (seconds, mean), (7, 5), textcoords="offset points", fontsize=9)
        if recipe["published_accuracy"]:
            ax.plot(seconds, 100 * recipe["published_accuracy"], "D", mfc="none", mec="#555555", markersize=7)
    for label, style in {
        "ours": {"marker": "*", "color": "#c44e52", "markersize": 11},
        "a published recipe, trained here": {"marker": "o", "color": "#4c72b0"},
        "its published accuracy": {"marker": "D", "mfc": "none", "mec": "#555555"},
    }.items():
        ax.plot([], [], linestyle="", label=label, **style)
    ticks = [5, 10, 20, 50, 100, 200]
    seconds = f"training on {results['machine']['cores']} cores without a GPU, seconds"
    ax.set(xscale="log", xlabel=seconds, ylabel="test accuracy, %")
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()
    ax.legend(loc="lower left", fontsize=9)
    ax.grid(alpha=0.3)
    # The same results give the same file: no date, and no random names inside.
    with matplotlib.rc_context({"svg.hashsalt": "results"}):
        figure.savefig(path, metadata={"Date": None, "Description": description(results)})
