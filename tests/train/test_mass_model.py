"""A whole training, small: what it writes, what it looks at, how it goes on after a kill, what it refuses."""

from __future__ import annotations

import csv
import re
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.errors import ConfigError, InputError, MissingColumnError, MissingDependencyError, OutputError
from rdfplugins.inference import load_model, read_model
from rdfplugins.train import train_mass_model
from rdfplugins.train.fit import duration
from tests.train.helpers import INPUTS, made_up, write_tree

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("tensorflow")

SMALL: dict[str, Any] = {"inputs": INPUTS, "widths": (16, 16), "epochs": 3, "batch": 64}
FILES = (
    *("NN_weights-small.h5", "card.yaml", "history.csv", "history.png", "inputs_for_models_in_this_dir.py"),
    "small.json",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "made_up.root", made_up(2000))


def weights(folder: Path) -> list[np.ndarray]:
    network = read_model(folder).network
    assert network is not None
    return [array for layer in network.layers for array in (layer.kernel, layer.bias)]


def same(one: Path, other: Path) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


def test_a_training_writes_a_whole_model(tree: Path, tmp_path: Path) -> None:
    said: list[str] = []
    about = {"title": "a small one", "license": "CC0-1.0", "training": {"note": "made up"}}
    folder = train_mass_model(tree, tmp_path / "out" / "small", about=about, say=said.append, **SMALL)
    assert folder == tmp_path / "out" / "small"
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["small"]  # nothing is left of the work
    description = read_model(folder)
    card = description.card
    assert description.inputs == INPUTS
    assert description.outputs == ("ml_mass",)
    assert description.network is not None
    assert description.network.shape == (5, 16, 16, 1)
    assert [layer.activation for layer in description.network.layers] == ["softplus", "softplus", "linear"]
    assert (card.title, card.license, card.mass_range) == ("a small one", "CC0-1.0", (50, 1000))
    assert card.training is not None
    assert card.training["note"] == "made up"
    assert card.training["events"]["training"] == int((made_up(2000)["split"] == 0).sum())
    assert card.units == {"ml_mass": "GeV"}
    assert set(card.ranges) == set(INPUTS) - {"always"}
    assert len(card.references) == 5
    answers = load_model(folder, backend="numpy").predict(np.array([each.inputs for each in card.references]))
    assert answers == pytest.approx(np.array([each.outputs for each in card.references]), rel=1e-4)
    assert sum(line.startswith("epoch ") for line in said) == 3
    # so few epochs are of no use, which is said; there is no other warning
    assert not [line for line in said if line.startswith("warning") and "hardly follows the true mass" not in line]
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_three_masses_are_no_range(tmp_path: Path) -> None:
    columns = made_up(600)
    columns["genMass"] = np.random.default_rng(3).choice([125.0, 300.0, 700.0], 600)
    path = write_tree(tmp_path / "points.root", columns)
    said: list[str] = []
    card = read_model(train_mass_model(path, tmp_path / "small", say=said.append, **{**SMALL, "epochs": 1})).card
    assert card.mass_range == (125, 700)
    assert card.training is not None
    assert card.training["masses"] == {"lowest": 125, "highest": 700, "points": [125, 300, 700]}
    assert "low = 50, high = 1000 GeV" in card.training["loss"]
    assert [line for line in said if line.startswith("warning: 3 true masses only (125, 300, 700 GeV)")]


def test_it_learns(tmp_path: Path) -> None:
    path = write_tree(tmp_path / "many.root", made_up(6000))
    folder = train_mass_model(path, tmp_path / "small", **{**SMALL, "epochs": 30, "learning_rate": 5e-3})
    columns = made_up(2000, seed=77)
    found = load_model(folder, backend="numpy").predict(np.column_stack([columns[name] for name in INPUTS]))[:, 0]
    inside = (columns["genMass"] > 100) & (columns["genMass"] < 900)
    ratio = (found / columns["genMass"])[inside]
    assert np.median(ratio) == pytest.approx(1, abs=0.03)
    assert np.std(ratio) < 0.15  # 0.125 from the first input alone


@pytest.mark.parametrize(
    "activation",
    ["relu", "tanh", *(pytest.param(name, marks=pytest.mark.slow) for name in ("elu", "sigmoid", "linear"))],
)
def test_activations_are_those_that_are_stored(tree: Path, tmp_path: Path, activation: str) -> None:
    folder = train_mass_model(tree, tmp_path / "small", **{**SMALL, "activation": activation})
    description = read_model(folder)
    assert description.network is not None
    assert [layer.activation for layer in description.network.layers] == [activation, activation, "linear"]
    # the figures are those of the stored network: a function that differs from that of the training would show
    assert description.card.training is not None
    with (folder / "history.csv").open() as file:
        best = min(float(row["val_loss"]) for row in csv.DictReader(file))
    assert description.card.training["validation_loss"] == pytest.approx(best)
    columns = made_up(2000)
    rows = columns["split"] == 1
    inputs = np.column_stack([columns[name] for name in INPUTS])[rows]
    assert loss_of(folder, inputs, columns["genMass"][rows]) == pytest.approx(best, rel=0.2)


def loss_of(folder: Path, inputs: np.ndarray, mass: np.ndarray) -> float:
    """Return the mean loss without weights, which the flat masses hardly need."""
    found = load_model(folder, backend="numpy").predict(inputs)[:, 0].astype(float)
    return float(np.mean(np.abs(found - mass) / np.sqrt(mass)))


def test_the_test_split_changes_nothing_and_validation_only_what_is_kept(tree: Path, tmp_path: Path) -> None:
    first = train_mass_model(tree, tmp_path / "first", **SMALL)
    assert same(first, train_mass_model(tree, tmp_path / "again", **SMALL))
    columns = made_up(2000)
    unseen = columns["split"] == 2
    for name in ("pt", "eta", "cov"):
        columns[name][unseen] = -1e6
    columns["genMass"][unseen] = 51
    nonsense = write_tree(tmp_path / "nonsense.root", columns)
    assert same(first, train_mass_model(nonsense, tmp_path / "nonsense", **SMALL))
    # validation chooses the epoch; with one epoch there is no choice
    one = {**SMALL, "epochs": 1}
    columns["pt"][columns["split"] == 1] = 7
    other = write_tree(tmp_path / "other.root", columns)
    assert same(train_mass_model(tree, tmp_path / "one", **one), train_mass_model(other, tmp_path / "two", **one))
    columns["pt"][columns["split"] == 0] += 1
    third = write_tree(tmp_path / "third.root", columns)
    assert not same(tmp_path / "one", train_mass_model(third, tmp_path / "three", **one))
    assert not same(first, train_mass_model(tree, tmp_path / "seed", **SMALL, seed=2))


def test_it_stops_when_validation_does_not_get_better_and_keeps_the_best(tmp_path: Path) -> None:
    columns = made_up(1000)
    rows = columns["split"] == 1
    columns["pt"][rows] = columns["pt"][rows][::-1]  # what is learnt in training is wrong here
    path = write_tree(tmp_path / "a.root", columns)
    settings = {**SMALL, "epochs": 60, "patience": 3, "learning_rate": 0.02}
    said: list[str] = []
    folder = train_mass_model(path, tmp_path / "small", say=said.append, **settings)
    training = read_model(folder).card.training
    assert training is not None
    assert training["epochs"] == training["best_epoch"] + 3 < 60
    assert any("has not fallen for 3 epochs" in line for line in said)
    with (folder / "history.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    assert np.argmin(losses) + 1 == training["best_epoch"]


class _StopError(Exception):
    pass


def test_a_training_that_was_stopped_goes_on_as_if_nothing_had_happened(tree: Path, tmp_path: Path) -> None:
    whole = train_mass_model(tree, tmp_path / "whole", **SMALL)

    def stop(line: str) -> None:
        if line.startswith("epoch 2"):
            raise _StopError

    with pytest.raises(_StopError):
        train_mass_model(tree, tmp_path / "parts", say=stop, **SMALL)
    assert not (tmp_path / "parts").exists()
    said: list[str] = []
    parts = train_mass_model(tree, tmp_path / "parts", say=said.append, **SMALL)
    assert any("going on after epoch 2" in line for line in said)
    assert same(whole, parts)


@pytest.mark.parametrize("epoch", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_augmented_events_are_the_same_after_a_stop(tmp_path: Path, epoch: int) -> None:
    columns = made_up(2000)
    names = {"pt": "tau1_pt_reco", "eta": "tau1_eta_reco"}
    columns = {names.get(name, name): values for name, values in columns.items()}
    columns["tau1_phi_reco"] = np.random.default_rng(8).uniform(-np.pi, np.pi, 2000)
    path = write_tree(tmp_path / "turned.root", columns)
    inputs = ("tau1_pt_reco", "tau1_eta_reco", "tau1_phi_reco", "cov")
    settings = {**SMALL, "inputs": inputs, "epochs": 4, "augment": ("rotate", "flip"), "invariant": ("cov",)}
    whole = train_mass_model(path, tmp_path / "whole", **settings)

    def stop(line: str) -> None:
        if line.startswith(f"epoch {epoch}"):
            raise _StopError

    with pytest.raises(_StopError):
        train_mass_model(path, tmp_path / "parts", say=stop, **settings)
    assert same(whole, train_mass_model(path, tmp_path / "parts", **settings))
    training = read_model(whole).card.training
    assert training is not None
    assert training["augment"] == ["rotate", "flip"]
    assert not same(whole, train_mass_model(path, tmp_path / "plain", **{**settings, "augment": (), "invariant": ()}))


@pytest.mark.slow
def test_weights_decide_what_is_learnt(tmp_path: Path) -> None:
    columns = made_up(4000)
    odd = np.arange(4000) % 2 == 1
    columns["pt"][odd] = columns["pt"][odd][::-1]  # nonsense
    columns["w"] = np.where(odd, 0.0, 3.0)
    path = write_tree(tmp_path / "a.root", columns)
    settings = {**SMALL, "epochs": 15, "learning_rate": 5e-3, "inputs": ("pt", "eta")}
    clean = write_tree(tmp_path / "clean.root", {name: values[~odd] for name, values in columns.items()})
    losses = []
    for file, weight in ((path, "w"), (clean, "w"), (clean, None), (path, None)):
        folder = train_mass_model(file, tmp_path / f"{file.stem}_{weight}", weight=weight, **settings)
        training = read_model(folder).card.training
        assert training is not None
        assert training.get("weight") == weight
        losses.append(training["validation_loss"])
    weighted, of_clean, without, with_nonsense = losses
    assert weighted == pytest.approx(of_clean, rel=0.25)  # events of weight 0 count neither here nor there
    assert of_clean == pytest.approx(without, rel=1e-3)  # one weight for all is none
    assert with_nonsense > 1.3 * weighted


def test_a_small_value_of_flat_per_has_its_own_balance(tmp_path: Path) -> None:
    columns = made_up(3000)
    columns["channel"] = (np.arange(3000) % 3 == 0).astype(np.int32) * 4
    path = write_tree(tmp_path / "a.root", columns)
    folder = train_mass_model(path, tmp_path / "small", flat_per="channel", **SMALL)
    training = read_model(folder).card.training
    assert training is not None
    assert training["flat_per"] == "channel"
    for split, number in (("validation", 1), ("test", 2)):
        found = training[f"figures_{split}"]
        assert set(found) == {"what", "mass_bins", "all", "channel 0", "channel 4"}
        rows = (columns["split"] == number) & (columns["genMass"] < 1000)
        for name, chosen in (("all", rows), ("channel 4", rows & (columns["channel"] == 4))):
            counts, _ = np.histogram(columns["genMass"][chosen].astype(np.float32), bins=found["mass_bins"])
            assert found[name]["events"] == counts.tolist()
    model = load_model(folder, backend="numpy")
    rows = (columns["split"] == 2) & (columns["genMass"] >= 500) & (columns["genMass"] < 600)
    ratio = model.predict(np.column_stack([columns[name][rows] for name in INPUTS]))[:, 0] / columns["genMass"][rows]
    place = training["figures_test"]["mass_bins"].index(500)
    assert training["figures_test"]["all"]["median"][place] == pytest.approx(np.median(ratio), abs=1e-4)


def test_validation_of_other_files(tree: Path, tmp_path: Path) -> None:
    columns = made_up(900, 4)
    other = write_tree(tmp_path / "other.root", columns)
    said: list[str] = []
    folder = train_mass_model(tree, tmp_path / "small", validation=other, say=said.append, **SMALL)
    training = read_model(folder).card.training
    assert training is not None
    counts = {number: int((columns["split"] == number).sum()) for number in (1, 2)}
    assert training["events"] == {"training": int((made_up(2000)["split"] == 0).sum()), "validation": counts[1]}
    assert sum(training["figures_test"]["all"]["events"]) == counts[2]  # of the file that was validated with
    assert [sorted(set(each) - {"sha256"}) for each in training["data"]] == [
        ["file", "training"],
        ["file", "validation"],
    ]
    del columns["split"]
    whole = write_tree(tmp_path / "whole.root", columns)
    folder = train_mass_model(tree, tmp_path / "second", validation=[whole], say=said.append, **SMALL)
    assert "whole.root: has no column for the split; all of its events validate" in said
    training = read_model(folder).card.training
    assert training is not None
    assert training["events"]["validation"] == 900
    assert "figures_test" not in training


def test_without_matplotlib_there_is_no_plot(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said: list[str] = []
    folder = train_mass_model(tree, tmp_path / "small", say=said.append, **SMALL)
    assert sorted(path.name for path in folder.iterdir()) == sorted(set(FILES) - {"history.png"})
    assert [line for line in said if line.startswith("history.png is left out: plots need matplotlib")]


def test_files_that_are_gone_at_the_end_cost_figures_only(tree: Path, tmp_path: Path) -> None:
    said: list[str] = []

    def remove(line: str) -> None:
        said.append(line)
        if line.startswith("epoch 3"):
            tree.unlink()

    folder = train_mass_model(tree, tmp_path / "small", say=remove, **SMALL)
    assert [line for line in said if line.startswith("warning: the card has no figures of the test split: ")]
    training = read_model(folder).card.training
    assert training is not None
    assert "figures_validation" in training
    assert "figures_test" not in training


def test_the_lines_of_progress(tree: Path, tmp_path: Path) -> None:
    said: list[str] = []
    train_mass_model(tree, tmp_path / "small", say=said.append, **SMALL)
    epochs = [line for line in said if line.startswith("epoch ")]
    number = r"\d+\.\d{4}"
    assert re.fullmatch(
        rf"epoch 1 of 3: loss {number}, validation {number} \(best so far\), \d+ (s|min) left", epochs[0]
    )
    assert re.fullmatch(rf"epoch 3 of 3: loss {number}, validation {number} \(best .*\)", epochs[2])
    assert max(len(line) for line in epochs) < 80


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "1 s"), (99.4, "99 s"), (100, "2 min"), (5900, "98 min"), (6000, "1 h 40 min"), (90300, "25 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_state_of_another_training_is_not_taken_up(tree: Path, tmp_path: Path) -> None:
    def stop(line: str) -> None:
        if line.startswith("epoch 1"):
            raise _StopError

    with pytest.raises(_StopError):
        train_mass_model(tree, tmp_path / "small", say=stop, **SMALL)
    said: list[str] = []
    train_mass_model(tree, tmp_path / "small", say=said.append, **SMALL, seed=5)
    assert not any("going on" in line for line in said)
    assert "starting anew: the checkpoint of an earlier run is of other settings or events" in said
    with pytest.raises(_StopError):
        train_mass_model(tree, tmp_path / "damaged", say=stop, **SMALL)
    state = tmp_path / ".damaged.training" / "state.npz"
    state.write_bytes(state.read_bytes()[:500])
    said.clear()
    train_mass_model(tree, tmp_path / "damaged", say=said.append, **SMALL)
    assert not any("going on" in line for line in said)
    assert f"starting anew: the checkpoint {state} is damaged" in said


def test_a_disk_that_is_full_in_the_end_costs_nothing_but_another_call(tree: Path, tmp_path: Path) -> None:
    whole = train_mass_model(tree, tmp_path / "whole", **SMALL)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(line: str) -> None:
        if line.startswith("epoch 3"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # the plot is larger

    try:
        with pytest.raises(OutputError, match=r"history\.png: cannot be written"):
            train_mass_model(tree, tmp_path / "full", say=fill, **SMALL)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "full").exists()
    assert [path.name for path in (tmp_path / ".full.training").iterdir()] == ["state.npz"]
    said: list[str] = []
    assert same(whole, train_mass_model(tree, tmp_path / "full", say=said.append, **SMALL))
    assert any("going on after epoch 3" in line for line in said)


KILLED_AT = """
import os, signal, sys
from rdfplugins.inference.backends.tensorflow import load_tensorflow
from rdfplugins.train import train_mass_model
load_tensorflow()
left = {number}
def hook(event, arguments):
    global left
    changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")
    if changes and {place!r} in str(arguments[0]):
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
train_mass_model({tree!r}, {folder!r}, replace=True, **{settings!r})
"""


@pytest.mark.slow
@pytest.mark.parametrize("number", [5, 13, 15])  # checkpoint, between the two renamings, tidying up
def test_kill_9_when_the_old_folder_is_replaced(tree: Path, tmp_path: Path, number: int) -> None:
    folder = tmp_path / "small"
    old = train_mass_model(tree, folder, **{**SMALL, "seed": 7})
    before, settings = weights(old), {**SMALL, "epochs": 1}
    names = {"tree": str(tree), "folder": str(folder), "place": str(tmp_path)}
    code = KILLED_AT.format(number=number, settings=settings, **names)
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert process.returncode == -signal.SIGKILL, process.stderr
    whole = train_mass_model(tree, tmp_path / "whole", **settings)
    if folder.exists():  # the old one or the new one, as a whole
        assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
        assert same(folder, whole) or np.array_equal(weights(folder)[0], before[0])
    train_mass_model(tree, folder, replace=True, **settings)
    assert same(folder, whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made_up.root", "small", "whole"]


@pytest.mark.slow
def test_kill_9_leaves_no_half_of_a_model(tree: Path, tmp_path: Path) -> None:
    settings = {**SMALL, "epochs": 6}
    whole = train_mass_model(tree, tmp_path / "whole", **settings)
    script = (
        "import sys\nfrom rdfplugins.train import train_mass_model\n"
        f"train_mass_model({str(tree)!r}, {str(tmp_path / 'killed')!r}, "
        "say=lambda line: (print(line, flush=True), sys.stdin.readline()), "
        f"**{settings!r})\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for line in process.stdout:  # it waits for an answer to each line
        if line.startswith(b"epoch 3"):
            break
        process.stdin.write(b"\n")
        process.stdin.flush()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert not (tmp_path / "killed").exists()
    said: list[str] = []
    killed = train_mass_model(tree, tmp_path / "killed", say=said.append, **settings)
    assert any("going on after epoch 3" in line for line in said)
    assert same(whole, killed)


def test_a_folder_that_is_there_is_replaced_only_on_demand(tree: Path, tmp_path: Path) -> None:
    folder = train_mass_model(tree, tmp_path / "small", **SMALL)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match=r"small: is there already; replace=True"):
        train_mass_model(tree, folder, **SMALL, seed=2)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made_up.root", "small"]
    old = weights(folder)
    train_mass_model(tree, folder, replace=True, **SMALL, seed=2)
    assert not np.array_equal(old[0], weights(folder)[0])
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made_up.root", "small"]


def test_a_kill_between_the_two_renamings_is_mended(tree: Path, tmp_path: Path) -> None:
    folder = train_mass_model(tree, tmp_path / "small", **SMALL)
    place = tmp_path / ".small.training"
    place.mkdir()
    folder.rename(place / "replaced")
    with pytest.raises(OutputError, match="is there already"):
        train_mass_model(tree, folder, **SMALL)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)


def test_two_trainings_of_one_model_at_once_are_refused(tree: Path, tmp_path: Path) -> None:
    def second(line: str) -> None:
        if not line.startswith("epoch"):
            return
        with pytest.raises(OutputError, match="another run is writing here"):
            train_mass_model(tree, tmp_path / "small", **SMALL)

    train_mass_model(tree, tmp_path / "small", say=second, **SMALL)


def test_a_loss_that_is_not_a_number_ends_the_training(tree: Path, tmp_path: Path) -> None:
    from rdfplugins.errors import ModelError

    with pytest.raises(ModelError, match="the loss is not a number in epoch 1: choose a smaller learning_rate"):
        train_mass_model(tree, tmp_path / "small", **SMALL, activation="relu", learning_rate=1e30)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"activation": "softpuls"}, "activation 'softpuls' is not known; did you mean 'softplus'"),
        ({"flat_in": "pt"}, "flat_in 'pt' is not known"),
        ({"widths": ()}, "widths"),
        ({"widths": (16, 0)}, "widths"),
        ({"epochs": 0}, "epochs is a whole number above 0, not 0"),
        ({"batch": -1}, "batch"),
        ({"patience": 0}, "patience"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"cap": 0.5}, "cap"),
        ({"mass_range": (1000.0, 50.0)}, "mass_range"),
        ({"mass_range": (0.0, 50.0)}, "mass_range"),
        ({"inputs": ("pt", "pt")}, "each once"),
        ({"seed": -1}, "seed"),
        ({"inputs": ("pt", "eta ")}, "inputs and output"),
        ({"output": ""}, "inputs and output"),
        ({"augment": ("rotat",)}, "augment: 'rotat' is not known; did you mean 'rotate'"),
        ({"augment": ("flip", "flip")}, "augment: 'flip' stands twice"),
        ({"augment": ("flip",)}, "not known what becomes of 'pt', 'eta', 'cov', 'count', 'always' when"),
        ({"invariant": ("pt",)}, "there is no augment"),
        ({"weight": ""}, "weight is the name of a column"),
        ({"threads": 0}, "threads is a whole number above 0, not 0"),
        ({"about": {"titel": "mine"}}, "'titel' is no key that you can give; did you mean 'title'"),
        ({"about": {"title": 3}}, "'title' is a text, not 3"),
        ({"about": {"training": {"mass": np.float64(3)}}}, "holds what YAML cannot"),
    ],
)
def test_settings_that_make_no_sense(tree: Path, tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        train_mass_model(tree, tmp_path / "small", **{**SMALL, **wrong})
    assert [path.name for path in tmp_path.iterdir()] == ["made_up.root"]


def test_faults_of_the_trees_leave_nothing_behind(tmp_path: Path) -> None:
    columns = made_up(100)
    del columns["eta"]
    path = write_tree(tmp_path / "a.root", columns)
    with pytest.raises(MissingColumnError, match="'eta'"):
        train_mass_model(path, tmp_path / "small", **SMALL)
    columns = made_up(100)
    columns["genMass"][:] = np.nan
    path = write_tree(tmp_path / "a.root", columns)
    with pytest.raises(InputError, match="no event has a true mass"):
        train_mass_model(path, tmp_path / "small", **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["a.root"]


def test_without_tensorflow_it_says_how_to_get_it(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'rdfplugins\[tensorflow\]'"):
        train_mass_model(tree, tmp_path / "small", **SMALL)


def test_importing_the_package_does_not_load_tensorflow() -> None:
    code = "import sys, rdfplugins.train; sys.exit('tensorflow' in sys.modules or 'ROOT' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
