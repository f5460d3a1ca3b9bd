"""Measure every recipe on the real MNIST, and renew the README's table and picture.

For maintainers; it takes about 40 minutes on two cores. The recipes are the lessons' own cells, trained with
several seeds, every run in a process of its own so that none inherits memory, caches or random numbers from
another, and all recipes of one seed before the next seed, so that their times compare. Choices were made on
validation digits: the test digits are read here, once per finished network.

Runs are kept, and committed, in tools/maintain/runs/. One is made again only when its recipe, a helper that
the recipe calls, Keras or TensorFlow has changed, or when you delete it there: after an interruption the same
command continues. When all are there, it writes mnist_helpers/assets/results.json, the picture and the table.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import re
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from mnist_helpers.data import SAMPLE
from tools.lib.files import ROOT, Problem, between_markers, replace
from tools.lib.kernel import resolve_data
from tools.lib.recipes import RECIPES, Recipe, digest, train

RESULTS = ROOT / "mnist_helpers" / "assets" / "results.json"
PICTURE = ROOT / ".github" / "images" / "results.svg"
README = ROOT / "README.md"
RUNS = ROOT / "tools" / "maintain" / "runs"
SEEDS = 5
TEST_DIGITS = 10_000
BESIDES_TRAINING = 15  # seconds of a run: starting Python, reading the digits, answering them
YARDSTICK = "keras_convnet"  # the recipe whose training time is the measure of time
OURS = ("one_pass", "few_passes", "augmented")


def main(arguments: list[str]) -> int:
    """Train what has not been trained yet, then write the results; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="course.py results", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one seed, and no results are written")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many, at least {SEEDS} (default)")
    parser.add_argument("--render", action="store_true", help="only table and picture, from results.json")
    parser.add_argument("--one", nargs=2, metavar=("RECIPE", "SEED"), help="only one run, shown and not kept")
    options = parser.parse_args(arguments)
    if options.seeds < SEEDS:
        parser.error(f"--seeds: at least {SEEDS} (--quick takes one)")
    if options.one:
        print(json.dumps(measure(*options.one)))
    elif options.render:
        render(json.loads(RESULTS.read_text("utf-8")))
    elif options.quick:
        train_all(seeds=1)
        print("One seed: no results were written. Without --quick these runs are used again.")
    else:
        results = summary(train_all(options.seeds))
        replace(RESULTS, json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        render(results)
    return 0


def render(results: dict) -> None:
    """Put the table between the README's markers and draw the picture."""
    replace(README, between_markers(README.read_text("utf-8"), "results", table(results)))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    replace(PICTURE, drawing(results))
    print(f"Written: {RESULTS.name}, {PICTURE.name} and the table in README.md.")


# --------------------------------------------------------------------------------------- training


def train_all(seeds: int) -> dict[str, list[dict]]:
    """Return the runs of each recipe, by its name; those that are kept are not made again.

    Raises:
        Problem: there is no real MNIST, or a training failed.
    """
    data = resolve_data()
    if data.name == SAMPLE:
        raise Problem(
            "The results are measured on the real MNIST, and here is only the offline sample. Connect to a "
            "network, or set MNIST_PATH to a folder with MNIST (and unset MNIST_SOURCE)."
        )
    runs = {recipe.name: kept_runs(recipe) for recipe in RECIPES}
    plan = [(name, seed) for seed in range(seeds) for name in runs]
    plan = [(name, seed) for name, seed in plan if all(run["seed"] != seed for run in runs[name])]
    print(f"Runs to make: {len(plan)}. Stop whenever you like: finished ones are kept.")
    for i, (name, seed) in enumerate(plan, start=1):
        print(f"run {i} of {len(plan)}: {name}, seed {seed} ... ", end="", flush=True)
        run = trained_run(name, seed, data.environment)
        runs[name] = sorted([*runs[name], run], key=lambda run: run["seed"])
        RUNS.mkdir(exist_ok=True)
        replace(RUNS / f"{name}.json", json.dumps(runs[name], indent=1) + "\n")
        left = time_left([name for name, _ in plan[i:]], runs)
        print(f"{run['accuracy']:.2%} in {run['seconds']:.1f} s; {left}", flush=True)
    return runs


def kept_runs(recipe: Recipe) -> list[dict]:
    """Return the runs made, on whatever computer, of the recipe as it stands and with the versions here."""
    file = RUNS / f"{recipe.name}.json"
    runs = json.loads(file.read_text("utf-8")) if file.exists() else []
    code, here = digest(recipe), versions()
    return [
        run
        for run in runs
        if run["digest"] == code
        and all(run["versions"][package] == here[package] for package in ("tensorflow", "keras"))
    ]


def trained_run(name: str, seed: int, environment: dict[str, str]) -> dict:
    """Train one recipe in a process of its own; return what `measure` does."""
    process = subprocess.run(
        [sys.executable, "-m", "tools.maintain.results", "--one", name, str(seed)],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    if process.returncode:
        raise Problem(f"{process.stderr}\nThe run failed, as told above. Finished runs are kept.")
    return json.loads(process.stdout.splitlines()[-1])


def measure(name: str, seed: str) -> dict:
    """Train a recipe in this process; return what `train` does, and the conditions of the run."""
    recipes = {recipe.name: recipe for recipe in RECIPES}
    if name not in recipes or not seed.isdecimal():
        raise Problem(f"expected one of {', '.join(recipes)} and a whole number, got {name} {seed}")
    run = train(recipes[name], int(seed))
    return run | {"machine": machine(), "versions": versions(), "digest": digest(recipes[name])}


def time_left(names: list[str], runs: dict[str, list[dict]]) -> str:
    """Return how long the rest takes, judged by the finished runs of the same recipes."""
    known = {name: kept[-1]["seconds"] + BESIDES_TRAINING for name, kept in runs.items() if kept}
    seconds = sum(known.get(name, 0) for name in names)
    at_least = "about" if set(names) <= set(known) else "at least"
    return f"{at_least} {seconds / 60:.0f} min left" if names else "done"


# ---------------------------------------------------------------------------------------- summing up


def summary(runs: dict[str, list[dict]]) -> dict:
    """Return the content of results.json.

    Accuracies are those of all runs. Seconds compare within one computer only: they are those of the one on
    which the most recipes were trained with all their seeds.
    """

    def trained_completely(run: dict) -> int:
        return sum(all(other["machine"] == run["machine"] for other in kept) for kept in runs.values())

    timed = max((run for kept in runs.values() for run in kept), key=trained_completely)
    return {
        "machine": timed["machine"],
        "versions": timed["versions"],
        "recipes": [summary_of(recipe, runs[recipe.name], timed["machine"]) for recipe in RECIPES],
    }


def summary_of(recipe: Recipe, runs: list[dict], timed: dict) -> dict:
    """Return one recipe's entry of results.json: accuracies as fractions, intervals of 95%.

    `seconds` is None when no run was made on the machine `timed`.
    """
    from scipy import stats

    accuracies = [run["accuracy"] for run in runs]
    mean, error = statistics.fmean(accuracies), float(stats.sem(accuracies))
    reach = float(stats.t.ppf(0.975, len(runs) - 1)) * error  # of the mean's interval
    new_run = reach * (len(runs) + 1) ** 0.5  # a new run adds its own deviation to the mean's uncertainty
    wilson = stats.binomtest(round(mean * TEST_DIGITS), TEST_DIGITS).proportion_ci(method="wilson")
    seconds = [run["seconds"] for run in runs if run["machine"] == timed]
    return {
        **{key: value for key, value in recipe._asdict().items() if key != "place"},
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
        "seconds": statistics.median(seconds) if seconds else None,
    }


def machine() -> dict:
    """Return the processor's name and the number of cores."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8") if cpuinfo.exists() else ""
    model = re.search(r"^model name\s*: (.*)", text, re.MULTILINE)
    return {
        "cpu": model[1].strip() if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
    }


def versions() -> dict:
    packages = ("tensorflow", "keras", "numpy")
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


# ------------------------------------------------------------------------------------------- showing


def title(name: str) -> str:
    """Return a recipe's name for readers: `dense_128_64_16` → "dense 128-64-16"."""
    return re.sub(r"(?<=\d)_(?=\d)", "-", name).replace("_", " ")


def table(results: dict) -> str:
    """Return what stands between the README's markers: picture, table and what they mean."""
    on, versions = results["machine"], results["versions"]
    seconds = {recipe["name"]: recipe["seconds"] for recipe in results["recipes"] if recipe["seconds"]}
    faster = "; ".join(
        f"{title(name)} takes 1/{seconds[YARDSTICK] / seconds[name]:.1f} of it"
        for name in OURS
        if {name, YARDSTICK} <= set(seconds)
    )
    trainings = len(results["recipes"][0]["accuracies"])
    return f"""\
![{description(results)}]({PICTURE.relative_to(ROOT).as_posix()})

| Network | Source | Our choice, where the source is silent | Parameters | Passes | Training | \
Test accuracy | Published | Reached |
|---|---|---|---:|---:|---:|---|---:|---|
{"".join(map(row, results["recipes"]))}
Test accuracy is the mean of {trainings} trainings on the real MNIST with different seeds,
± half of its 95% interval. Training is the median time on {on["cores"]} cores ({on["cpu"]}, no GPU; Keras
{versions["keras"]}, TensorFlow {versions["tensorflow"]}). The yardstick is keras.io's example: {faster}. A
published accuracy counts as reached when it is at most the upper end of the 95% Wilson interval around our
mean: so much 10,000 test digits leave open. Choices were made on validation digits, and each finished network
has read the test digits once. `python3 course.py results` measures anew what has changed.
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
    time = f"{recipe['seconds']:.1f} s" if recipe["seconds"] else "on another computer"
    made_of = [title(recipe["name"]), recipe["source"], recipe["assumed"], f"{recipe['parameters']:,}"]
    return f"| {' | '.join([*made_of, str(recipe['epochs']), time, measured, stated, reached])} |\n"


def description(results: dict) -> str:
    """Return what the picture shows in a sentence with all its figures, for those who can't see it."""
    points = ", ".join(
        f"{title(recipe['name'])} {recipe['accuracy_mean']:.2%} after {recipe['seconds']:.0f} s"
        + (f" (published {100 * recipe['published_accuracy']:.5g}%)" if recipe["published_accuracy"] else "")
        for recipe in results["recipes"]
        if recipe["seconds"]
    )
    return f"Test accuracy against training time: {points}."


def drawing(results: dict) -> str:
    """Draw test accuracy against training time, a point for each recipe that was timed, and return SVG."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), layout="constrained")
    ax = figure.subplots()
    for recipe in results["recipes"]:
        seconds, mean = recipe["seconds"], 100 * recipe["accuracy_mean"]
        if seconds is None:
            continue
        ours = {"label": "ours", "fmt": "*", "color": "#c44e52", "markersize": 11}
        theirs = {"label": "a published recipe, trained here", "fmt": "o", "color": "#4c72b0"}
        reach = 100 * (recipe["run_high"] - recipe["accuracy_mean"])
        ax.errorbar(seconds, mean, reach, **(ours if recipe["name"] in OURS else theirs))
        ax.annotate(title(recipe["name"]), (seconds, mean), (7, 5), textcoords="offset points", fontsize=9)
        if published := recipe["published_accuracy"]:
            ax.plot(seconds, 100 * published, "D", label="its published accuracy", mfc="none", mec="#555555")
    handles, labels = ax.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    seconds = f"training on {results['machine']['cores']} cores without a GPU, seconds"
    ax.set(xscale="log", xlabel=seconds, ylabel="test accuracy, %")
    ticks = [5, 10, 20, 50, 100, 200]
    ax.set_xticks(ticks, map(str, ticks))
    ax.minorticks_off()
    ax.legend(once.values(), once.keys(), loc="lower left", fontsize=9)
    ax.grid(alpha=0.3)
    # The same results give the same text: no date, and no random names inside.
    with matplotlib.rc_context({"svg.hashsalt": "results"}):
        svg = io.StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Description": description(results)})
    return svg.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
