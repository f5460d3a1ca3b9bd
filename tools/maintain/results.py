"""Measure every recipe on the real MNIST, and renew the README's table and picture.

For maintainers; it takes about an hour on two cores. The recipes are the lessons' own cells, trained with
five seeds, every run in a process of its own so that none inherits memory, caches or random numbers from
another. Choices were made on validation digits: the test digits are read here, once per finished network.
Times are measured apart from that, in a quarter of an hour that should be a quiet one: the start and a few
steps of each recipe, three times, each time between two starts of the yardstick, keras.io's example.

Runs and times are kept, and committed, in tools/maintain/runs/. One is made again only when its recipe, a
helper that the recipe calls, Keras or TensorFlow has changed, or when you delete it there: after an
interruption the same command continues; only the times are taken in one go. When all are there, it writes
mnist_helpers/assets/results.json, the picture and the table.
"""

import argparse
import io
import json
import multiprocessing
import os
import platform
import re
import statistics
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

from tools.lib.cells import RECIPES, Recipe, digest, pace, train
from tools.lib.files import ROOT, between_markers, replace
from tools.lib.kernel import resolve_data

RESULTS = ROOT / "mnist_helpers" / "assets" / "results.json"
PICTURE = ROOT / ".github" / "images" / "results.svg"
README = ROOT / "README.md"
RUNS = ROOT / "tools" / "maintain" / "runs"
TIMES = RUNS / "times.json"
MEMBERS = ROOT / "mnist_helpers" / "assets" / "members"
SEEDS = 5
TEST_DIGITS = 10_000
YARDSTICK = "keras_convnet"  # the recipe whose training time is the measure of time
ROUNDS = 3  # in which each recipe is timed between two trainings of the yardstick
OURS = ("one_pass", "few_passes", "augmented", "small")
PUBLIC = ("name", "source", "assumed", "published_accuracy", "published_loss")  # of a recipe, in results.json


def main(arguments: list[str]) -> int:
    """Train what has not been trained yet, then write the results; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py results", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--render", action="store_true", help="only table and picture, from results.json")
    if not parser.parse_args(arguments).render:
        replace(RESULTS, json.dumps(summary(train_all(), times()), indent=1, ensure_ascii=False) + "\n")
    results = json.loads(RESULTS.read_text("utf-8"))
    replace(README, between_markers(README.read_text("utf-8"), "results", table(results)))
    replace(PICTURE, drawing(results))
    print(f"Written: {PICTURE.name} and the table in README.md, from {RESULTS.name}.")
    return 0


def train_all() -> dict[str, list[dict]]:
    """Return the runs of each recipe, by its name; those that are kept are not made again.

    Raises:
        DataError: there is no real MNIST.
    """
    data = resolve_data("mnist")  # never the sample
    runs = {recipe.name: kept_runs(recipe) for recipe in RECIPES}
    plan = [(recipe, seed) for seed in range(SEEDS) for recipe in RECIPES]
    plan = [(recipe, seed) for recipe, seed in plan if all(run["seed"] != seed for run in runs[recipe.name])]
    print(f"Runs to make: {len(plan)}. Stop whenever you like: finished ones are kept.")
    RUNS.mkdir(exist_ok=True)
    with patch.dict(os.environ, data.environment, clear=True):
        for i, (recipe, seed) in enumerate(plan, start=1):
            print(f"run {i} of {len(plan)}: {recipe.name}, seed {seed} ... ", end="", flush=True)
            run = apart(measure, recipe, seed)
            runs[recipe.name].append(run)
            replace(RUNS / f"{recipe.name}.json", json.dumps(runs[recipe.name], indent=1) + "\n")
            print(f"{run['accuracy']:.2%} in {run['seconds']:.1f} s", flush=True)
    return runs


def times() -> dict:
    """Return how long each recipe trains as a share of the yardstick's time beside it, measured or kept.

    Returns:
        A dict: machine, versions, the yardstick's seconds, one of each start, shares by the recipes' names,
        one of each round, and the digests of what was timed.
    """
    digests = {recipe.name: digest(recipe) for recipe in RECIPES}
    known = json.loads(TIMES.read_text("utf-8")) if TIMES.exists() else {}
    if known.get("digests") == digests and made_with_these_versions(known):
        return known
    by_name = {recipe.name: recipe for recipe in RECIPES}
    yardstick = by_name.pop(YARDSTICK)
    seconds, shares = [], {name: [] for name in by_name}
    with patch.dict(os.environ, resolve_data("mnist").environment, clear=True):
        for number in range(ROUNDS):
            print(f"timing, round {number + 1} of {ROUNDS} ...", flush=True)
            seconds.append(apart(pace, yardstick))
            for name, recipe in by_name.items():
                took = apart(pace, recipe)
                seconds.append(apart(pace, yardstick))
                shares[name].append(took / statistics.fmean(seconds[-2:]))
    conditions = {"machine": machine(), "versions": versions(), "digests": digests}
    found = conditions | {"seconds": seconds, "shares": shares}
    replace(TIMES, json.dumps(found, indent=1) + "\n")
    return found


def apart(work: Callable, *arguments):
    """Do some work in a process of its own, and return what it returns."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), silence) as process:
        return process.submit(work, *arguments).result()


def kept_runs(recipe: Recipe) -> list[dict]:
    """Return the runs made, on whatever computer, of the recipe as it stands and with the versions here."""
    file = RUNS / f"{recipe.name}.json"
    runs = json.loads(file.read_text("utf-8")) if file.exists() else []
    code = digest(recipe)
    return [run for run in runs if run["digest"] == code and made_with_these_versions(run)]


def made_with_these_versions(found: dict) -> bool:
    """Return whether a run, or the times, were made with the Keras and TensorFlow that are here."""
    return all(found["versions"][package] == version(package) for package in ("tensorflow", "keras"))


def silence() -> None:
    """Drop what this process prints, TensorFlow's remarks above all; what it raises is told all the same."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)


def measure(recipe: Recipe, seed: int) -> dict:
    """Train a recipe; return what `train` does, and the conditions of the run."""
    keep = MEMBERS / f"{seed}.npz" if recipe.members else None
    return train(recipe, seed, keep) | {
        "machine": machine(),
        "versions": versions(),
        "digest": digest(recipe),
    }


def machine() -> dict:
    """Return the processor's name and the number of cores."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8") if cpuinfo.exists() else ""
    model = re.search(r"^model name\s*: (.*)", text, re.MULTILINE)
    cpu = model[1].strip() if model else platform.processor() or platform.machine()
    return {"cpu": cpu, "cores": os.cpu_count()}


def versions() -> dict:
    packages = ("tensorflow", "keras", "numpy")
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


def summary(runs: dict[str, list[dict]], timed: dict) -> dict:
    """Return the content of results.json: what came of the runs, and of the times measured beside them."""
    recipes = [summary_of(recipe, runs[recipe.name], timed) for recipe in RECIPES]
    return {"machine": timed["machine"], "versions": timed["versions"], "recipes": recipes}


def summary_of(recipe: Recipe, runs: list[dict], timed: dict) -> dict:
    """Return one recipe's entry of results.json: accuracies as fractions, intervals of 95%.

    `shares` are of the yardstick's training time, the median, the smallest and the largest.
    """
    from scipy import stats

    accuracies = [run["accuracy"] for run in runs]
    mean, error = statistics.fmean(accuracies), float(stats.sem(accuracies))
    reach = float(stats.t.ppf(0.975, len(runs) - 1)) * error  # of the mean's interval
    new_run = reach * (len(runs) + 1) ** 0.5  # a new run adds its own deviation to the mean's uncertainty
    wilson = stats.binomtest(round(mean * TEST_DIGITS), TEST_DIGITS).proportion_ci(method="wilson")
    shares = timed["shares"].get(recipe.name, [1.0])
    return {
        **{key: value for key, value in recipe._asdict().items() if key in PUBLIC},
        "accuracies": accuracies,
        "accuracy_mean": mean,
        "accuracy_low": mean - reach,
        "accuracy_high": mean + reach,
        "run_low": mean - new_run,
        "run_high": mean + new_run,
        "wilson_low": float(wilson.low),
        "wilson_high": float(wilson.high),
        "train_accuracy_mean": statistics.fmean(run["train_accuracy"] for run in runs),
        "test_loss_mean": statistics.fmean(run["loss"] for run in runs),
        "parameters": runs[0]["parameters"],
        "epochs": round(statistics.median(run["epochs"] for run in runs)),
        "seconds": statistics.median(timed["seconds"]) * statistics.median(shares),
        "shares": [statistics.median(shares), min(shares), max(shares)],
    }


def title(name: str) -> str:
    """Return a recipe's name for readers: `dense_128_64_16` → "dense 128-64-16"."""
    return re.sub(r"(?<=\d)_(?=\d)", "-", name).replace("_", " ")


def table(results: dict) -> str:
    """Return what stands between the README's markers: picture, table and what they mean."""
    on, versions = results["machine"], results["versions"]
    return f"""\
![Test accuracy against training time: the table's figures]({PICTURE.relative_to(ROOT).as_posix()})

| Network | Source | Our choice, where the source is silent | Parameters | Passes | Training | \
Of keras.io's time | Test accuracy | Published | Reached |
|---|---|---|---:|---:|---:|---|---|---:|---|
{"".join(map(row, results["recipes"]))}
Test accuracy: mean of {len(results["recipes"][0]["accuracies"])} trainings with different seeds on the real
MNIST, ± half of its 95% interval; each finished network has read the test digits once, choices were made on
validation digits. Training: on {on["cores"]} cores ({on["cpu"]}, no GPU; Keras {versions["keras"]},
TensorFlow {versions["tensorflow"]}), worked out from the start and a few steps, and as a part of what
keras.io's example takes: the median of {ROUNDS} measurements, each between two of that example, with the
shortest and the longest. Reached: the published accuracy is at most the upper end of the 95% Wilson interval
around our mean, since so much 10,000 test digits leave open. `python3 course.py results` measures anew what
has changed.
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
    middle, low, high = [f"{share:.1f}" if share >= 1 else f"1/{1 / share:.1f}" for share in recipe["shares"]]
    time = [f"{recipe['seconds']:.0f} s", "1" if recipe["name"] == YARDSTICK else f"{middle} ({low}–{high})"]
    made_of = [title(recipe["name"]), recipe["source"], recipe["assumed"], f"{recipe['parameters']:,}"]
    return f"| {' | '.join([*made_of, str(recipe['epochs']), *time, measured, stated, reached])} |\n"


def drawing(results: dict) -> str:
    """Draw test accuracy against training time, a point for each recipe that was timed, and return SVG."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    ax = figure.subplots()
    ax.set_title("★ ours   ● a published recipe, trained here   ◇ its published accuracy", fontsize="medium")
    ax.set(xlabel="training without a GPU, seconds", ylabel="test accuracy, %")
    for i, recipe in enumerate(results["recipes"]):
        mean, highest = 100 * recipe["accuracy_mean"], 100 * recipe["run_high"]
        look = {"fmt": "*" if recipe["name"] in OURS else "o", "color": f"C{i}"}
        ax.errorbar(recipe["seconds"], mean, highest - mean, label=title(recipe["name"]), **look)
        if recipe["published_accuracy"]:
            ax.plot(recipe["seconds"], 100 * recipe["published_accuracy"], "D", color=f"C{i}", mfc="none")
    figure.legend(loc="outside right upper")
    svg = io.StringIO()
    about = {"Date": None, "Description": "".join(map(row, results["recipes"]))}
    with rc_context({"svg.hashsalt": "results"}):  # the same results give the same text
        figure.savefig(svg, format="svg", metadata=about)
    return svg.getvalue()
