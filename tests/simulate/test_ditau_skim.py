"""``skim_pt`` of the di-tau simulation: fewer events in the file, each the same, and so is all that is stated."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import uproot
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins import cpp, run
from rdfplugins.cli import cli
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError
from rdfplugins.nodes import ditau
from rdfplugins.simulate import simulate_ditau
from rdfplugins.simulate.ditau.events import generate
from rdfplugins.simulate.ditau.modes import request
from rdfplugins.simulate.jagged import order_of
from rdfplugins.simulate.streams import BLOCK

LEPTONS = ("Electron", "Muon", "Tau")


@pytest.fixture(scope="module", autouse=True)
def _fast_start():
    with cpp.optimisation(0):
        yield


def passes(columns, skim_pt):
    """Of each event: has it two leptons above; by what is written alone."""
    found = []
    for offsets, pt in ((columns[f"{name}_pt"].offsets, columns[f"{name}_pt"].values.tolist()) for name in LEPTONS):
        found.append([sum(one > skim_pt for one in pt[a:b]) for a, b in itertools.pairwise(offsets)])
    return np.sum(found, axis=0) >= 2


def rows(column, events):
    """The bytes of each of these events."""
    if column.offsets is None:
        return [column.values[event].tobytes() for event in events]
    return [column.values[column.offsets[event] : column.offsets[event + 1]].tobytes() for event in events]


def assert_rows(skimmed, whole, kept):
    assert list(skimmed) == list(whole)
    for name, column in whole.items():
        assert skimmed[name].values.dtype == column.values.dtype, name
        assert rows(skimmed[name], range(skimmed[name].events)) == rows(column, np.flatnonzero(kept)), name


@pytest.mark.parametrize(
    ("wanted", "skim_pt"),
    [
        (request("tautau", (50, 65)), 10),
        (request("tautau", 125), 25.5),
        (request("tautau", 125), 0.5),
        (request("zll"), 10.0),
        (request("wjets"), 10.0),
        (request("qcd"), 20.0),
        (request("ttbar"), 10.0),
    ],
    ids=str,
)
def test_the_events_are_those_of_the_whole_sample(wanted, skim_pt):
    first, events = BLOCK - 1500, 4000
    whole = generate(wanted, events, 6, first)
    kept = passes(whole, skim_pt)
    assert 0.02 < kept.mean() < 0.95
    assert_rows(generate(wanted, events, 6, first, skim_pt), whole, kept)


def test_the_threshold_is_compared_with_what_is_written():
    """At exactly a pt that is written the object is not above; a hair below it is."""
    wanted = request("tautau", 125)
    whole = generate(wanted, 3000, 2)
    pt, offsets = whole["Tau_pt"].values, whole["Tau_pt"].offsets
    taus, *others = (np.diff(whole[f"{name}_pt"].offsets) for name in ("Tau", "Electron", "Muon"))
    event = int(np.flatnonzero((taus == 2) & (np.sum(others, axis=0) == 0))[0])
    softer = float(pt[offsets[event] + 1])
    number = whole["event"].values[event]
    below = float(np.nextafter(softer, 0))  # the same number in 32 bits
    assert np.float32(below) == np.float32(softer)
    for skim_pt, stays in ((softer, False), (below, True)):
        kept = passes(whole, skim_pt)
        found = generate(wanted, 3000, 2, 0, skim_pt)["event"].values
        assert found.tolist() == whole["event"].values[kept].tolist()
        assert (number in found) is stays


def read(path):
    with uproot.open(path) as file:
        trees = {name: file[name].arrays(library="np") for name in ("Events", "Runs")}
        return trees, file["Events"].title, json.loads(file["provenance"])


@pytest.mark.parametrize("chunk", [700, 2999, 50_000])
def test_files_do_not_depend_on_chunks(tmp_path, chunk):
    words = {"mass": (50, 65), "events": 3000, "seed": 9}
    seen: list[int] = []
    made = simulate_ditau(tmp_path / "skim.root", skim_pt=10, chunk=chunk, progress=seen.append, **words)
    whole = simulate_ditau(tmp_path / "all.root", **words)
    assert seen[-1] == 3000
    (trees, title, provenance), (all_trees, all_title, all_provenance) = read(made.path), read(whole.path)
    leptons = [[sum(float(pt) > 10 for pt in event) for event in all_trees["Events"][f"{x}_pt"]] for x in LEPTONS]
    kept = np.flatnonzero(np.sum(leptons, axis=0) >= 2)
    assert 200 < len(kept) < 1000
    assert (made.written, whole.written) == (len(kept), None)
    assert (made.events, made.sum_of_weights, made.xsec_pb) == (3000, 3000.0, None)
    assert list(trees["Events"]) == list(all_trees["Events"])
    for name, values in all_trees["Events"].items():
        found = trees["Events"][name]
        assert len(found) == len(kept), name
        assert all(found[i].tobytes() == values[event].tobytes() for i, event in enumerate(kept)), name
    assert {key: value.tolist() for key, value in trees["Runs"].items()} == {
        "run": [1],
        "genEventCount": [3000],
        "genEventSumw": [3000.0],
        "genEventSumw2": [3000.0],
    }
    assert title == f"{all_title}, skimmed: two e, mu or tau with pt > 10 GeV"
    assert provenance == {**all_provenance, "skim_pt": 10}
    assert all_provenance["skim_pt"] is None


def test_negative_weights_of_events_that_are_left_out_count(tmp_path):
    words = {"mode": "zll", "events": 2000, "seed": 9}
    made = simulate_ditau(tmp_path / "skim.root", skim_pt=30, **words)
    whole = simulate_ditau(tmp_path / "all.root", **words)
    trees, _, _ = read(made.path)
    assert made.sum_of_weights == whole.sum_of_weights == trees["Runs"]["genEventSumw"][0]
    assert trees["Events"]["genWeight"].sum() != made.sum_of_weights


@pytest.mark.parametrize("skim_pt", [200.0, 1e5])
def test_chunks_without_an_event(tmp_path, skim_pt):
    made = simulate_ditau(tmp_path / "x.root", mass=125, events=3000, seed=3, skim_pt=skim_pt, chunk=300)
    trees, _, _ = read(made.path)
    whole = generate(request("tautau", 125), 3000, 3)
    assert trees["Events"]["event"].tolist() == whole["event"].values[passes(whole, skim_pt)].tolist()
    assert made.written == len(trees["Events"]["event"]) < 10
    assert trees["Runs"]["genEventCount"].tolist() == [3000]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"mode": "data", "skim_pt": 10}, "mode 'data' has no 'skim_pt': data are written as a whole"),
        ({"skim_pt": 0}, "skim_pt is a number above 0"),
        ({"skim_pt": -1.0}, "not -1"),
        ({"skim_pt": float("nan")}, "not nan"),
        ({"skim_pt": float("inf")}, "not inf"),
    ],
)
def test_skims_that_are_none(tmp_path, words, message):
    with pytest.raises(ConfigError, match=message):
        simulate_ditau(tmp_path / "new" / "x.root", events=10, **words)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match=message):
        generate(request(words.get("mode", "tautau")), 10, 1, 0, words["skim_pt"])


@pytest.mark.parametrize(
    ("mass", "spin", "channels"), [(125, "scalar", {0, 1, 2, 3, 4, 5}), ([60, 80], "vector", {1, 2, 3, 4, 5})]
)
def test_the_selection_finds_the_same_events(tmp_path, mass, spin, channels):
    """Default cuts ask for more than 10 GeV of each leg: what a skim at 10 GeV leaves out is never selected."""
    selected = []
    columns = [*ditau.INPUTS, "event", "channel", "genMass", "m_vis"]
    for name, skim_pt in (("all", None), ("skim", 10.0)):
        path = tmp_path / f"{name}.root"
        simulate_ditau(path, mass=mass, spin=spin, events=20_000, seed=21, skim_pt=skim_pt)
        frame = load_root().RDataFrame("Events", str(path))
        selected.append(ditau.features(ditau.select(frame)).AsNumpy(columns))
    whole, skimmed = selected
    assert set(whole["channel"].tolist()) == channels
    for name in columns:
        assert whole[name].tobytes() == skimmed[name].tobytes(), name


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from([-2.5, -1.0, 0.0, -0.0, 1.0, 3.0])), max_size=60))
def test_the_fast_order_is_that_of_lexsort(pairs):
    event = np.array([pair[0] for pair in pairs], dtype=np.int64)
    key = np.array([pair[1] for pair in pairs], dtype=np.float64)
    assert order_of(event, key).tolist() == np.lexsort((key, event)).tolist()


def test_the_fast_order_of_many():
    rng = np.random.default_rng(1)
    for events in (200, 70_000):
        event, key = rng.integers(0, events, 20_000), rng.random(20_000)
        np.testing.assert_array_equal(order_of(event, key), np.lexsort((key, event)))


# -- in configs, and from the command line


def config_of(folder, **simulate):
    path = folder / "config.yaml"
    sample = {"kind": "mc", "xsec_pb": 2.0, "simulate": {"process": "ditau", **simulate}}
    data = {
        "version": 1,
        "input": {"tree": "Events", "units": "GeV", "samples": {"a": sample}},
        "select": {
            "steps": [{"node": "ditau.weights"}, {"node": "ditau.select"}, {"node": "ditau.features"}],
            "output": {"dir": "out"},
        },
    }
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_weights_of_a_run_are_those_of_all_generated_events(tmp_path):
    found = []
    for skim in ({}, {"skim_pt": 10}):
        result = run(config_of(tmp_path, mass=125, events=3000, **skim), output=tmp_path / f"out{len(skim)}")
        with uproot.open(result.outputs["a"]) as file:
            normalisation = json.loads(file["provenance"])["normalisation"]
            found.append((file["events"].arrays(["event", "weight"], library="np"), normalisation["sum_of_weights"]))
    (whole, whole_sum), (skimmed, skimmed_sum) = found
    assert whole_sum == skimmed_sum == {"value": 3000.0, "from": "simulation"}
    assert len(whole["event"]) > 100
    for name in whole:
        assert whole[name].tolist() == skimmed[name].tolist()


def test_a_run_over_a_sample_of_which_nothing_is_left(tmp_path):
    said: list[str] = []
    path = config_of(tmp_path, mass=50, events=500, skim_pt=3000)
    result = run(path, output=tmp_path / "out", say=said.append)
    with uproot.open(result.outputs["a"]) as file:
        assert file["events"].num_entries == 0
        assert file["cutflow"].values()[0] == 0


@pytest.mark.parametrize("skim_pt", [10, 3000])
def test_a_sketch_may_have_no_event(tmp_path, skim_pt):
    path = config_of(tmp_path, mass=[50, 65], events=987_654, skim_pt=skim_pt)
    result = CliRunner().invoke(cli, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert "987654 events to be simulated" in result.output


def call(*words):
    return CliRunner().invoke(cli, ["simulate", "ditau", *map(str, words)])


def test_the_command_says_how_many_are_written(tmp_path):
    result = call("-n", 300, "-o", tmp_path, "--mass", "125", "--skim-pt", 20)
    assert result.exit_code == 0, result.output
    path = tmp_path / "ditau_tautau.root"
    with uproot.open(path) as file:
        written = file["Events"].num_entries
    assert 0 < written < 300
    stated = "SIMULATION, xsec_pb: 3.04694, sum_of_weights: 300.0"
    assert result.stdout == f"{path}: 300 events, {written} of them written, {stated}\n"


def test_the_command_skims_no_data(tmp_path):
    result = call("-n", 30, "-o", tmp_path / "new", "--mode", "data", "--skim-pt", 20)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "mode 'data' has no 'skim_pt': data are written as a whole\n"
    assert list(tmp_path.iterdir()) == []
    result = call("-n", 30, "-o", tmp_path, "--mode", "all", "--skim-pt", 20)
    assert result.exit_code == 0, result.output
    assert f"{tmp_path / 'ditau_data.root'}: 30 events, SIMULATION, as in" in result.stdout
    assert result.stdout.count("of them written") == 5
