"""The published figures: how they are summed up, shown and compared with a student's."""

import json
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest
from scipy import stats

from mnist_helpers import results as helper
from mnist_helpers.data import ARRAYS
from mnist_helpers.results import compare
from tools.lib.files import ROOT
from tools.lib.recipes import RECIPES
from tools.maintain import results as tool

NAMES = [recipe.name for recipe in RECIPES]
KEYS = ["name", "source", "assumed", "published_accuracy", "published_loss", "accuracies", "accuracy_mean"]
KEYS += ["accuracy_low", "accuracy_high", "run_low", "run_high", "wilson_low", "wilson_high"]
KEYS += ["train_accuracy_mean", "test_loss_mean", "parameters", "epochs", "seconds"]

# ------------------------------------------------------------------------------ the committed figures


@pytest.fixture
def committed():
    return json.loads(tool.RESULTS.read_text("utf-8"))


def test_the_results_have_exactly_the_agreed_keys(committed):
    assert list(committed) == ["machine", "versions", "recipes"]
    assert list(committed["machine"]) == ["cpu", "cores"]
    assert all(list(recipe) == KEYS for recipe in committed["recipes"])


def test_every_recipe_has_its_figures_from_at_least_five_trainings(committed):
    stated = [(r.name, r.source, r.assumed, r.published_accuracy, r.published_loss) for r in RECIPES]
    assert [tuple(recipe[key] for key in KEYS[:5]) for recipe in committed["recipes"]] == stated
    assert all(len(recipe["accuracies"]) >= 5 for recipe in committed["recipes"])


def test_our_network_keeps_its_promises(committed):
    measured = {recipe["name"]: recipe for recipe in committed["recipes"]}
    yardstick = measured[tool.YARDSTICK]["seconds"]
    assert measured["one_pass"]["accuracy_mean"] >= 0.99
    assert measured["one_pass"]["seconds"] <= yardstick / 15
    assert measured["augmented"]["accuracy_mean"] >= 0.994
    assert measured["augmented"]["seconds"] <= yardstick / 3


def test_the_readme_shows_the_results(committed):
    start, end = tool.MARKERS
    shown = tool.README.read_text("utf-8").partition(start)[2].partition(end)[0]
    assert shown == f"\n\n{tool.table(committed)}\n", "python3 course.py results --render renews the table"


def test_the_picture_shows_the_results(committed):
    text = tool.PICTURE.read_text("utf-8")
    assert tool.description(committed) in text, "python3 course.py results --render renews the picture"


# ------------------------------------------------------------------------------------------ summing up

Named = namedtuple("Named", "name source assumed published_accuracy published_loss")
NET = Named("net", "a page", "width", 0.98, None)


def run(accuracy, **changes):
    figures = {"name": "net", "accuracy": accuracy, "train_accuracy": 0.99, "loss": 0.05, "parameters": 10}
    return {**figures, "epochs": 3, "seconds": 2.0, **changes}


def test_intervals_are_those_of_the_textbook():
    accuracies = [0.970, 0.972, 0.974, 0.971, 0.973]
    entry = tool.summary_of(NET, [run(accuracy) for accuracy in accuracies])
    mean, deviation, t = np.mean(accuracies), np.std(accuracies, ddof=1), 2.7764451  # t with 4 degrees
    assert list(entry) == KEYS
    assert entry["accuracies"] == accuracies and entry["accuracy_mean"] == pytest.approx(0.972)
    assert entry["accuracy_high"] == pytest.approx(mean + t * deviation / 5**0.5)
    assert entry["accuracy_low"] == pytest.approx(mean - t * deviation / 5**0.5)
    assert entry["run_high"] == pytest.approx(mean + t * deviation * (1 + 1 / 5) ** 0.5)
    assert entry["run_low"] == pytest.approx(mean - t * deviation * (1 + 1 / 5) ** 0.5)
    z, n = 1.959964, 10_000
    centre = (mean + z**2 / 2 / n) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (mean * (1 - mean) / n + z**2 / 4 / n**2) ** 0.5
    assert entry["wilson_low"] == pytest.approx(centre - half, abs=1e-6)
    assert entry["wilson_high"] == pytest.approx(centre + half, abs=1e-6)


def test_nineteen_of_twenty_new_runs_fall_into_the_band():
    random, inside = np.random.default_rng(0), 0
    for _ in range(2000):
        *accuracies, new = random.normal(0.98, 0.001, 6)
        entry = tool.summary_of(NET, [run(accuracy) for accuracy in accuracies])
        inside += entry["run_low"] <= new <= entry["run_high"]
    assert 0.935 < inside / 2000 < 0.965


def test_seconds_are_a_median_and_loss_and_training_accuracy_are_means():
    runs = [run(0.9, seconds=seconds, loss=loss) for seconds, loss in ((1, 0.1), (2, 0.2), (60, 0.6))]
    entry = tool.summary_of(NET, runs)
    assert entry["seconds"] == 2 and entry["test_loss_mean"] == pytest.approx(0.3)
    assert entry["train_accuracy_mean"] == 0.99


# -------------------------------------------------------------------------------------------- showing


@pytest.fixture
def figures():
    """Results of two recipes, one of which reaches what was published."""
    entries = [
        tool.summary_of(NET._replace(name="keras_convnet"), [run(0.990, seconds=60), run(0.992, seconds=60)]),
        tool.summary_of(NET._replace(name="one_pass", published_accuracy=None), [run(0.99), run(0.99)]),
        tool.summary_of(NET._replace(name="dense_128_64"), [run(0.970), run(0.972)]),
    ]
    on = {"cpu": "a processor", "cores": 2}
    return {"machine": on, "versions": {"keras": "3", "tensorflow": "2"}, "recipes": entries}


def test_the_table_says_what_was_reached_and_how_long_it_took(figures):
    table = tool.table(figures)
    assert "| keras convnet | a page | width | 10 | 3 | 60.0 s | 99.10% ± 1.27% | 98% | yes |" in table
    assert "| one pass | a page | width | 10 | 3 | 2.0 s | 99.00% ± 0.00% |  |  |" in table
    assert "| dense 128-64 | a page | width | 10 | 3 | 2.0 s | 97.10% ± 1.27% | 98% | no |" in table
    assert "one pass takes 1/30.0 of it" in table


def test_a_published_loss_stands_beside_ours():
    entry = tool.summary_of(NET._replace(published_loss=0.06), [run(0.97), run(0.97)])
    assert "| 97.00% ± 0.00%, loss 0.0500 | 98%, loss 0.0600 | no |" in tool.row(entry)


def test_the_same_results_give_the_same_picture(figures, tmp_path):
    for name in ("first.svg", "second.svg"):
        tool.draw(figures, tmp_path / name)
    first, second = (tmp_path / "first.svg").read_bytes(), (tmp_path / "second.svg").read_bytes()
    assert first == second
    assert "dense 128-64 97.10% after 2 s (published 98%)" in first.decode()


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Let the tool read and write in a temporary folder."""
    (tmp_path / "README.md").write_text("before\n<!-- results -->\nold\n<!-- /results -->\nafter\n")
    monkeypatch.setattr(tool, "README", tmp_path / "README.md")
    monkeypatch.setattr(tool, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(tool, "PICTURE", tmp_path / "images" / "results.svg")
    monkeypatch.setattr(tool, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    return tmp_path


def test_only_what_is_between_the_markers_is_replaced(elsewhere, figures):
    for _ in range(2):
        assert tool.render(figures) == 0
        text = (elsewhere / "README.md").read_text("utf-8")
        assert text == f"before\n<!-- results -->\n\n{tool.table(figures)}\n<!-- /results -->\nafter\n"
    assert (elsewhere / "images" / "results.svg").exists()


@pytest.mark.parametrize("readme", ["no markers\n", "<!-- results -->\nopen\n"])
def test_a_readme_without_markers_stays_as_it_is_and_is_named(elsewhere, figures, capsys, readme):
    (elsewhere / "README.md").write_text(readme)
    assert tool.render(figures) == 1
    assert (elsewhere / "README.md").read_text() == readme
    assert "<!-- /results -->" in capsys.readouterr().err


# -------------------------------------------------------------------------------------------- running


@pytest.fixture
def trained(elsewhere, monkeypatch):
    """Replace training, which takes minutes; return the list of what is trained."""
    done, random = [], np.random.default_rng(0)

    def pretend(name, seed, environment):
        done.append((name, seed))
        return run(random.normal(0.98, 0.001), name=name, seed=seed)

    monkeypatch.setattr(tool, "trained_run", pretend)
    monkeypatch.setattr(tool, "find_mnist", lambda: namedtuple("Found", "kind")("the cache"))
    monkeypatch.setattr(tool, "resolve_data", lambda: namedtuple("Data", "environment")({}))
    return done


def test_all_recipes_of_a_seed_are_trained_before_the_next_seed(trained, elsewhere, capsys):
    assert tool.main([]) == 0
    assert trained == [(name, seed) for seed in range(5) for name in NAMES]
    written = json.loads((elsewhere / "results.json").read_text("utf-8"))
    assert [recipe["name"] for recipe in written["recipes"]] == NAMES
    assert all(list(recipe) == KEYS for recipe in written["recipes"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"run 1 of {5 * len(NAMES)}: {NAMES[0]}, seed 0 ... 98.")
    assert lines[0].endswith(" left") and lines[-2].endswith("; done")


def test_after_an_interruption_no_finished_run_is_lost_or_repeated(trained, elsewhere, monkeypatch, capsys):
    pretend, calls = tool.trained_run, []

    def interrupted(*arguments):
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return pretend(*arguments)

    monkeypatch.setattr(tool, "trained_run", interrupted)
    assert tool.main([]) == 130
    assert len(trained) == 3 and not (elsewhere / "results.json").exists()
    assert "same command continues" in capsys.readouterr().err
    assert tool.main([]) == 0
    assert trained == [(name, seed) for seed in range(5) for name in NAMES]


def test_a_run_that_fails_shows_why_and_keeps_the_others(trained, elsewhere, monkeypatch, capsys):
    def failing(name, seed, environment):
        raise subprocess.CalledProcessError(1, "python", stderr="MemoryError: too many digits")

    assert tool.main(["--quick"]) == 0
    monkeypatch.setattr(tool, "trained_run", failing)
    assert tool.main([]) == 1
    assert "too many digits" in capsys.readouterr().err
    assert len(list((elsewhere / "runs").rglob("*.json"))) == len(NAMES)
    assert not (elsewhere / "results.json").exists()


def test_quick_trains_one_seed_and_leaves_the_results_alone(trained, elsewhere):
    assert tool.main(["--quick"]) == 0
    assert trained == [(name, 0) for name in NAMES]
    assert not (elsewhere / "results.json").exists() and "old" in (elsewhere / "README.md").read_text()


@pytest.mark.parametrize(
    "changed",
    ["digits", "training", "network", "versions", "machine"],
    ids=lambda changed: f"other {changed}",
)
def test_a_run_made_under_other_conditions_is_made_anew(trained, monkeypatch, changed):
    from mnist_helpers import models
    from tools import recipes

    tool.main(["--quick"])
    trained.clear()
    first = recipes.RECIPES[0]
    if changed == "digits":
        monkeypatch.setattr(recipes, "RECIPES", (first._replace(split="none"), *recipes.RECIPES[1:]))
    elif changed in ("training", "network"):
        other = {"training": first.train, "network": models.build_dense_512}[changed]
        source = tool.inspect.getsource
        monkeypatch.setattr(
            tool.inspect, "getsource", lambda of: source(of) + ("# changed" if of is other else "")
        )
    else:
        monkeypatch.setattr(tool, changed, lambda: {"other": 1})
    tool.main(["--quick"])
    assert trained == [(name, 0) for name in (NAMES if changed in ("versions", "machine") else NAMES[:1])]


def test_the_sample_is_refused(trained, elsewhere, monkeypatch, capsys):
    monkeypatch.setattr(tool, "find_mnist", lambda: namedtuple("Found", "kind")("OFFLINE SAMPLE, not MNIST"))
    assert tool.main(["--quick"]) == 1
    assert "real MNIST" in capsys.readouterr().err and trained == []


def test_fewer_than_five_seeds_are_refused(trained, capsys):
    with pytest.raises(SystemExit):
        tool.main(["--seeds", "4"])
    assert "at least 5" in capsys.readouterr().err


def test_the_time_left_counts_what_is_known():
    runs = [{"name": "a", "wall": 60}, {"name": "b", "wall": 120}, None, None]
    assert tool.time_left(["a", "b", "a", "b"], runs) == "about 3 min left"
    assert tool.time_left(["a", "b", "a", "c"], runs) == "at least 1 min left"
    assert tool.time_left(["a", "b"], runs[:2]) == "done"


# ------------------------------------------------------------------------------------------ comparing


@pytest.fixture(autouse=True)
def measured(tmp_path_factory, monkeypatch):
    """Let `compare` read the figures of a recipe called "net"; return them."""
    measured = tool.summary_of(NET, [run(accuracy) for accuracy in (0.978, 0.979, 0.980)])
    file = tmp_path_factory.mktemp("measured") / "results.json"
    file.write_text(json.dumps({"recipes": [measured]}))
    monkeypatch.setattr(helper, "FILE", file)
    return measured


@pytest.fixture
def mnist_labels(monkeypatch):
    """Take 10,000 labels for MNIST's, which a test can't download."""
    labels = np.arange(10_000, dtype="uint8") % 10
    monkeypatch.setattr(helper, "MNIST_TEST_LABELS", helper.hashlib.sha256(labels.tobytes()).hexdigest())
    return labels


def test_the_labels_by_which_mnist_is_known_are_those_of_the_loader():
    (expected,) = [array.sha256 for array in ARRAYS if array.key == "y_test"]
    assert expected == helper.MNIST_TEST_LABELS


@pytest.mark.parametrize("place", ["below", "inside", "above"])
@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_on_mnist_the_sentence_says_where_the_figure_lies(measured, mnist_labels, place, dtype):
    recipe = measured
    right = round(10_000 * {"below": 0.9, "inside": recipe["accuracy_mean"], "above": 1.0}[place])
    predicted = np.where(np.arange(10_000) < right, mnist_labels, (mnist_labels + 1) % 10)
    sentence = compare(recipe["name"], mnist_labels.astype(dtype), predicted.astype("int64"))
    assert sentence.startswith(f"{right / 100:.2f}% of 10,000 test digits: {place} the band from ")
    assert f"from {recipe['run_low']:.2%} to {min(recipe['run_high'], 1):.2%}" in sentence


def test_on_other_digits_the_sentence_gives_the_wilson_interval_and_no_band():
    labels = np.arange(500) % 10
    sentence = compare("net", labels, np.where(np.arange(500) < 460, labels, -1))
    low, high = stats.binomtest(460, 500).proportion_ci(method="wilson")
    assert sentence.startswith("92.00% of 500 test digits; ")
    assert f"from {low:.1%} to {high:.1%}" in sentence and "belongs to MNIST" in sentence


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("dense", [1], [1]), r"unknown recipe 'dense'; results\.json has net"),
        (("net", [1, 2], [1]), r"got \(2,\) and \(1,\)"),
        (("net", [], []), r"n ≥ 1"),
        (("net", [1, 2], [[0.1, 0.9], [1, 0]]), r"argmax\(axis=1\)"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments)


def test_importing_the_helper_needs_numpy_alone():
    code = "import sys, mnist_helpers.results; print(*{name.partition('.')[0] for name in sys.modules})"
    modules = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"scipy", "keras", "tensorflow", "matplotlib"} & set(modules.stdout.split())
