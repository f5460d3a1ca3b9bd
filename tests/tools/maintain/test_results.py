"""The published figures: which runs they come from, how they are summed up and shown."""

import json
from collections import namedtuple

import numpy as np
import pytest

from tools.lib.files import Problem
from tools.lib.recipes import RECIPES, Recipe, digest
from tools.maintain import results as tool

NAMES = [recipe.name for recipe in RECIPES]
KEYS = ["name", "source", "assumed", "published_accuracy", "published_loss", "accuracies", "accuracy_mean"]
KEYS += ["accuracy_low", "accuracy_high", "run_low", "run_high", "wilson_low", "wilson_high"]
KEYS += ["train_accuracy_mean", "test_loss_mean", "parameters", "epochs", "seconds"]

# ------------------------------------------------------------------------------ the committed figures


@pytest.fixture
def committed():
    return json.loads(tool.RESULTS.read_text("utf-8"))


def test_the_results_sum_up_the_committed_runs_of_the_recipes_as_they_stand_in_the_lessons(committed):
    # This fails until tools/maintain/runs/ is complete: `python3 course.py results` makes what is missing.
    runs = {name: json.loads((tool.RUNS / f"{name}.json").read_text("utf-8")) for name in NAMES}
    stale = [
        recipe.name for recipe in RECIPES for run in runs[recipe.name] if run["digest"] != digest(recipe)
    ]
    assert not stale, "python3 course.py results trains them again"
    rounded = (
        json.loads(json.dumps(it), parse_float="{:.9}".format) for it in (committed, tool.summary(runs))
    )
    assert next(rounded) == next(rounded)


def test_every_recipe_has_its_agreed_figures_from_at_least_five_trainings(committed):
    assert list(committed) == ["machine", "versions", "recipes"]
    assert [recipe["name"] for recipe in committed["recipes"]] == NAMES
    assert all(list(recipe) == KEYS for recipe in committed["recipes"])
    assert all(len(recipe["accuracies"]) >= 5 for recipe in committed["recipes"])


def test_our_network_keeps_its_promises(committed):
    measured = {recipe["name"]: recipe for recipe in committed["recipes"]}
    yardstick = measured[tool.YARDSTICK]["seconds"]
    assert measured["one_pass"]["accuracy_mean"] >= 0.99
    assert measured["one_pass"]["seconds"] <= yardstick / 15
    assert measured["augmented"]["accuracy_mean"] >= 0.994
    assert measured["augmented"]["seconds"] <= yardstick / 3


def test_the_readme_and_the_picture_show_the_results(committed):
    assert tool.table(committed) in tool.README.read_text("utf-8"), "course.py results --render renews it"
    assert tool.description(committed) in tool.PICTURE.read_text("utf-8")


# ------------------------------------------------------------------------------------------ summing up

HERE, THERE = {"cpu": "a processor", "cores": 2}, {"cpu": "another", "cores": 8}
NET = Recipe("net", "a place", "a page", "width", 0.98)


def run(accuracy, seed=0, **changes):
    figures = {"seed": seed, "accuracy": accuracy, "loss": 0.05, "train_accuracy": 0.99, "parameters": 10}
    figures |= {"epochs": 3, "seconds": 2.0, "machine": HERE, "versions": tool.versions(), "digest": "code"}
    return figures | changes


def entry(accuracies=(0.97, 0.972), recipe=NET, **changes):
    return tool.summary_of(recipe, [run(accuracy, **changes) for accuracy in accuracies], HERE)


def test_intervals_are_those_of_the_textbook():
    accuracies = [0.970, 0.972, 0.974, 0.971, 0.973]
    found = entry(accuracies)
    mean, deviation, t = np.mean(accuracies), np.std(accuracies, ddof=1), 2.7764451  # t with 4 degrees
    assert found["accuracies"] == accuracies and found["accuracy_mean"] == pytest.approx(0.972)
    assert found["accuracy_high"] == pytest.approx(mean + t * deviation / 5**0.5)
    assert found["accuracy_low"] == pytest.approx(mean - t * deviation / 5**0.5)
    assert found["run_high"] == pytest.approx(mean + t * deviation * (1 + 1 / 5) ** 0.5)
    assert found["run_low"] == pytest.approx(mean - t * deviation * (1 + 1 / 5) ** 0.5)
    z, n = 1.959964, 10_000
    centre = (mean + z**2 / 2 / n) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (mean * (1 - mean) / n + z**2 / 4 / n**2) ** 0.5
    assert found["wilson_low"] == pytest.approx(centre - half, abs=1e-6)
    assert found["wilson_high"] == pytest.approx(centre + half, abs=1e-6)


def test_seconds_are_the_median_on_the_computer_that_made_all_runs_of_most_recipes():
    runs = {name: [run(0.9, seconds=seconds) for seconds in (1, 2, 60)] for name in NAMES}
    runs["one_pass"][2]["machine"] = THERE  # one run of three
    runs["few_passes"] = [run(0.9, machine=THERE)] * 3
    results = tool.summary(runs)
    seconds = {recipe["name"]: recipe["seconds"] for recipe in results["recipes"]}
    assert results["machine"] == HERE
    assert (seconds["dense_512"], seconds["one_pass"], seconds["few_passes"]) == (2, 1.5, None)
    assert "| 3 | on another computer | 90.00%" in tool.table(
        results
    ) and "few passes takes" not in tool.table(results)
    assert "few passes" not in tool.drawing(results)


# -------------------------------------------------------------------------------------------- showing


@pytest.fixture
def figures():
    """Results of three recipes, one of which reaches what was published."""
    entries = [
        entry((0.990, 0.992), NET._replace(name="keras_convnet"), seconds=60),
        entry((0.99, 0.99), NET._replace(name="one_pass", published_accuracy=None)),
        entry((0.970, 0.972), NET._replace(name="dense_128_64", published_loss=0.06)),
    ]
    return {"machine": HERE, "versions": tool.versions(), "recipes": entries}


def test_the_table_says_what_was_reached_and_how_long_it_took(figures):
    table = tool.table(figures)
    assert "| keras convnet | a page | width | 10 | 3 | 60.0 s | 99.10% ± 1.27% | 98% | yes |" in table
    assert "| one pass | a page | width | 10 | 3 | 2.0 s | 99.00% ± 0.00% |  |  |" in table
    assert "| dense 128-64 | a page | width | 10 | 3 | 2.0 s | 97.10% ± 1.27%, loss 0.0500 " in table
    assert "| 98%, loss 0.0600 | no |" in table and "one pass takes 1/30.0 of it" in table


def test_the_same_results_give_the_same_picture(figures):
    assert tool.drawing(figures) == tool.drawing(figures)
    assert "dense 128-64 97.10% after 2 s (published 98%)" in tool.drawing(figures)


# -------------------------------------------------------------------------------------------- running


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Let the tool read and write in a temporary folder."""
    (tmp_path / "README.md").write_text("before\n<!-- results -->\nold\n<!-- /results -->\nafter\n")
    places = {"README": "README.md", "RESULTS": "results.json", "PICTURE": "results.svg", "RUNS": "runs"}
    for name, place in {**places, "ROOT": "."}.items():
        monkeypatch.setattr(tool, name, tmp_path / place)
    return tmp_path


@pytest.fixture
def trained(elsewhere, monkeypatch):
    """Replace training, which takes minutes; return the list of what is trained."""
    done, random = [], np.random.default_rng(0)

    def pretend(name, seed, environment):
        done.append((name, seed))
        return run(random.normal(0.98, 0.001), seed, digest=tool.digest(name))

    monkeypatch.setattr(tool, "trained_run", pretend)
    monkeypatch.setattr(tool, "digest", lambda recipe: f"code of {getattr(recipe, 'name', recipe)}")
    monkeypatch.setattr(tool, "resolve_data", lambda: namedtuple("Data", "name environment")("MNIST", {}))
    return done


def test_all_recipes_of_a_seed_are_trained_before_the_next_seed(trained, elsewhere, capsys):
    assert tool.main([]) == 0
    assert trained == [(name, seed) for seed in range(5) for name in NAMES]
    results = json.loads((elsewhere / "results.json").read_text("utf-8"))
    assert [list(recipe) for recipe in results["recipes"]] == [KEYS] * len(NAMES)
    readme = (elsewhere / "README.md").read_text("utf-8")
    assert readme == f"before\n<!-- results -->\n\n{tool.table(results)}\n<!-- /results -->\nafter\n"
    assert tool.description(results) in (elsewhere / "results.svg").read_text("utf-8")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(f"run 1 of {5 * len(NAMES)}: {NAMES[0]}, seed 0 ... 9")
    assert lines[1].endswith("at least 1 min left") and lines[-2].endswith("; done")


def test_a_readme_without_markers_is_named_and_stays_as_it_is(elsewhere, figures):
    (elsewhere / "README.md").write_text("no markers\n")
    with pytest.raises(Problem, match="<!-- /results -->"):
        tool.render(figures)
    assert (elsewhere / "README.md").read_text() == "no markers\n"


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, Problem("MemoryError: too many digits")])
def test_after_an_interruption_no_finished_run_is_lost_or_repeated(trained, elsewhere, monkeypatch, stopped):
    pretend = tool.trained_run

    def interrupted(*arguments):
        if len(trained) == 3:
            raise stopped
        return pretend(*arguments)

    with monkeypatch.context() as patch, pytest.raises((KeyboardInterrupt, Problem)):
        patch.setattr(tool, "trained_run", interrupted)
        tool.main([])
    assert len(trained) == 3 and not (elsewhere / "results.json").exists()
    assert tool.main([]) == 0
    assert trained == [(name, seed) for seed in range(5) for name in NAMES]


def test_quick_trains_one_seed_and_leaves_the_results_alone(trained, elsewhere):
    assert tool.main(["--quick"]) == 0
    assert trained == [(name, 0) for name in NAMES]
    assert not (elsewhere / "results.json").exists() and "old" in (elsewhere / "README.md").read_text()


@pytest.mark.parametrize(
    "change, again",
    [
        ({"digest": "other code"}, NAMES[:1]),
        ({"versions": {"tensorflow": "1", "keras": "1"}}, NAMES[:1]),
        ({"machine": THERE}, []),
    ],
)
def test_a_run_is_made_again_when_its_code_or_the_versions_changed_not_the_computer(
    trained, elsewhere, change, again
):
    tool.main(["--quick"])
    trained.clear()
    file = elsewhere / "runs" / f"{NAMES[0]}.json"
    file.write_text(json.dumps([json.loads(file.read_text("utf-8"))[0] | change]), "utf-8")
    tool.main(["--quick"])
    assert [name for name, _ in trained] == again


def test_the_sample_is_refused(trained, monkeypatch):
    monkeypatch.setattr(tool, "resolve_data", lambda: namedtuple("Data", "name")(tool.SAMPLE))
    with pytest.raises(Problem, match="measured on the real MNIST"):
        tool.main(["--quick"])
    assert trained == []


def test_fewer_than_five_seeds_are_refused(trained, capsys):
    with pytest.raises(SystemExit):
        tool.main(["--seeds", "4"])
    assert "at least 5" in capsys.readouterr().err


def test_a_run_in_its_own_process_that_fails_says_why():
    with pytest.raises(Problem, match="expected one of dense_512, .*, got dense 0"):
        tool.trained_run("dense", 0, {})
