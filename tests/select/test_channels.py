"""Cutflows of channels: counted in one loop, for variations and threads, stored, merged, exported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins import pipeline
from rdfplugins.cutflow import Cutflow
from rdfplugins.errors import ConfigError, MissingColumnError, RdfpluginsError
from rdfplugins.merge import merge
from rdfplugins.nodes import base
from tests.select import helpers
from tests.select.sides import CHANNELS, NODES, SIDE_OF_MAP, reference

if TYPE_CHECKING:
    from pathlib import Path

BEFORE = {"filter": {"before": "event != 1"}}
AFTER = {"filter": {"small": "x_plus < 18"}}
STEPS: list[dict[str, Any]] = [BEFORE, {"node": "test.sides"}, AFTER, {"node": "test.bands", "with": {"below": 15.0}}]
VARY = {"vary": {"shift": {"up": {"x": "x + 2.0f"}, "down": {"x": "x - 2.0f"}}}}
EVENTS = 20


@pytest.fixture(autouse=True)
def _nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    find = base.find
    monkeypatch.setattr(base, "find", lambda name: NODES.get(name) or find(name))


def simulated(files: list[str], steps: list[dict[str, Any]] = STEPS, **changes: Any) -> dict[str, Any]:
    """Return a config of one sample of simulation with the weight ``w``."""
    sample = {"kind": "mc", "files": files, "xsec_pb": 1.0, "sum_of_weights": 1.0}
    given = {"input__samples": {"one": sample}, "select__weight": "w", "select__steps": steps, **changes}
    return helpers.small_config(files, **given)


def expected(shift: float = 0.0) -> dict[str, dict[str, tuple[int, float, float]]]:
    """Return channel -> cut -> events, sum of weights and of their squares, with the whole of STEPS."""
    columns = helpers.small_columns(EVENTS)
    event, weight = columns["event"], columns["w"]
    x = columns["x"] + np.float32(shift)
    found = {}
    for name, ways in reference(event, x).items():
        passed = list(ways.values())[-1]
        later = dict(ways)
        for cut, condition in (("small", x + 1.0 < 18), ("not_5", event != 5), ("below", x + 1.0 < 15)):
            passed = passed & condition
            later[cut] = passed
        found[name] = {
            cut: (int(mask.sum()), float(weight[mask].sum()), float((weight[mask] ** 2).sum()))
            for cut, mask in later.items()
        }
    return found


def assert_ways(flow: Cutflow, shift: float = 0.0) -> None:
    assert list(flow.channels) == ["low", "high"]
    for name, cuts in expected(shift).items():
        assert [cut.name for cut in flow.channels[name]] == list(cuts)
        for cut in flow.channels[name]:
            events, weighted, variance = cuts[cut.name]
            assert cut.events == events, (name, cut.name)
            assert (cut.weighted, cut.variance) == (pytest.approx(weighted), pytest.approx(variance))


@pytest.mark.parametrize("threads", [1, 2])
def test_counts_of_channels(tmp_path: Path, good: Path, threads: int) -> None:
    flow = helpers.run(tmp_path, simulated([str(good)]), threads=threads).cutflow["one"]
    assert_ways(flow)
    names = ["all", "before", "flag", "one_side", "small", "not_5", "below"]
    assert [cut.name for cut in flow.cuts] == names
    for name in names[3:]:  # what comes behind the node is the sum of its channels
        ways = [next((cut for cut in way if cut.name == name), way[-4]) for way in flow.channels.values()]
        total = next(cut for cut in flow.cuts if cut.name == name)
        assert sum(cut.events for cut in ways) == total.events
        assert sum(cut.weighted for cut in ways) == pytest.approx(total.weighted)


def test_file_provenance_and_a_later_run(tmp_path: Path, good: Path) -> None:
    data = simulated([str(good)], [VARY, *STEPS])
    result = helpers.run(tmp_path, data)
    flow = result.cutflow["one"]
    with uproot.open(result.outputs["one"]) as file:
        for folder, shift in (("", 0.0), ("variations/shift_up/", 2.0), ("variations/shift_down/", -2.0)):
            for name, cuts in expected(shift).items():
                raw = file[f"{folder}channels/{name}/cutflow"]
                weighted = file[f"{folder}channels/{name}/cutflow_weighted"]
                assert list(raw.axis().labels()) == list(cuts)
                assert raw.values().tolist() == [events for events, _, _ in cuts.values()]
                assert np.allclose(weighted.values(), [total for _, total, _ in cuts.values()])
                assert np.allclose(weighted.variances(), [squares for _, _, squares in cuts.values()])
                assert raw.classname == weighted.classname == "TH1D"
        assert file["cutflow"].axis().labels() == [cut.name for cut in flow.cuts]
    record = helpers.provenance(result.outputs["one"])
    assert_ways(Cutflow.from_json(record["cutflow"]))
    assert_ways(Cutflow.from_json(record["cutflow_variations"]["shift_up"]), 2.0)
    assert_ways(Cutflow.from_json(record["cutflow_variations"]["shift_down"]), -2.0)
    said: list[str] = []
    again = helpers.run(tmp_path, data, say=said.append).cutflow["one"]
    assert again == flow
    assert any("is up to date" in line for line in said)


def test_variations_differ_from_the_nominal_way() -> None:
    """Else the tests of variations above would hold for a cutflow that does not vary."""
    assert expected(2.0) != expected() != expected(-2.0)
    assert all(expected()[name][cuts[-1]][0] > 0 for name, cuts in CHANNELS.items())


def test_nothing_selected(tmp_path: Path, good: Path) -> None:
    steps = [{"filter": {"nothing": "x < 0"}}, *STEPS[1:]]
    flow = helpers.run(tmp_path, simulated([str(good)], steps)).cutflow["one"]
    for name, way in flow.channels.items():
        assert [cut.name for cut in way] == ["all", "nothing", "flag", *CHANNELS[name], "small", "not_5", "below"]
        assert [cut.events for cut in way] == [EVENTS, *[0] * (len(way) - 1)]


def test_a_single_channel(tmp_path: Path, good: Path) -> None:
    steps = [BEFORE, {"node": "test.sides", "with": {"channels": ["high"]}}]
    flow = helpers.run(tmp_path, simulated([str(good)], steps)).cutflow["one"]
    assert list(flow.channels) == ["high"]
    assert [cut.name for cut in flow.channels["high"]] == ["all", "before", "flag", *CHANNELS["high"]]
    assert flow.channels["high"][-1].events == flow.cuts[-1].events == 3


def test_events_that_no_channel_keeps_are_a_row(tmp_path: Path, good: Path) -> None:
    steps = [BEFORE, {"node": "test.sides", "with": {"lose": 4}}, AFTER]
    flow = helpers.run(tmp_path, simulated([str(good)], steps)).cutflow["one"]
    assert [(cut.name, cut.events) for cut in flow.channels["low"][-3:]] == [("even", 3), ("one_side", 2), ("small", 2)]
    assert [cut.name for cut in flow.channels["high"][-2:]] == ["one_side", "small"]
    assert sum(way[-2].events for way in flow.channels.values()) == flow.cuts[-2].events


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (0, "4 events are kept in channel low, whose cuts 3 passed"),
        (2, "7 events pass 'one_side', and 6 are in a channel"),
        (-1, "7 events pass 'one_side', and 6 are in a channel"),
    ],
)
def test_columns_that_contradict_each_other_fail_the_run(tmp_path: Path, good: Path, to: int, message: str) -> None:
    steps = [{"node": "test.sides", "with": {"stray": 10, "strays_to": to}}]
    with pytest.raises(RdfpluginsError, match=rf"node test\.sides: {message}"):
        helpers.run(tmp_path, simulated([str(good)], steps))
    assert not list((tmp_path / "out").glob("*.root*"))


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([{"filter": {"even": "x > 0"}}, {"node": "test.sides"}], "a cut named 'even' is there already"),
        ([{"node": "test.sides"}, {"filter": {"odd": "x > 0"}}], "a cut named 'odd' is there already"),
    ],
)
def test_names_of_cuts_are_unique(tmp_path: Path, good: Path, steps: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        helpers.run(tmp_path, simulated([str(good)], steps))


def test_samples_without_the_node_have_no_channels(tmp_path: Path, good: Path, more: Path) -> None:
    steps = [{"node": "test.sides", "only": "one"}, {"filter": {"last": "event > 0"}}]
    data = simulated([str(good)], steps)
    data["input"]["samples"]["two"] = {"kind": "data", "files": [str(more)]}
    data["select"].pop("weight")
    result = helpers.run(tmp_path, data)
    assert list(result.cutflow["one"].channels) == ["low", "high"]
    assert result.cutflow["two"].channels == {}
    assert "channels" not in result.cutflow["two"].to_json()


def test_files_without_channels_are_read() -> None:
    stored = {"sample": "a", "kind": "mc", "bad_weights": 0, "cuts": []}
    assert Cutflow.from_json(stored) == Cutflow("a", "mc", (), 0)


def test_merged_outputs_keep_them(tmp_path: Path, good: Path, more: Path) -> None:
    data = simulated([str(good)])
    data["input"]["samples"]["two"] = {**data["input"]["samples"]["one"], "files": [str(more)]}
    flows = {}
    for name in ("one", "two"):
        flows |= helpers.run(tmp_path, data, samples=[name], output=tmp_path / name).cutflow
    result = merge([tmp_path / "one", tmp_path / "two"], tmp_path / "all", tmp_path / "config.yaml")
    assert result.run is not None
    assert result.run.cutflow == flows
    assert_ways(result.run.cutflow["one"])
    assert [cut.events for cut in flows["two"].channels["high"]][:5] == [5, 5, 5, 5, 2]


# -- what is said of columns


def test_maps_are_stored(tmp_path: Path, good: Path) -> None:
    import h5py

    data = simulated([str(good)], select__output={"dir": "out", "exports": ["h5", "parquet"]})
    result = helpers.run(tmp_path, data)
    assert helpers.provenance(result.outputs["one"])["maps"] == {"side": SIDE_OF_MAP}
    with h5py.File(result.exports[0]) as file:
        assert json.loads(file["events"].attrs["maps"]) == {"side": SIDE_OF_MAP}
        assert set(file["events"]["side"]) <= set(SIDE_OF_MAP.values())
    parquet = pytest.importorskip("pyarrow.parquet")
    assert json.loads(parquet.read_schema(result.exports[1]).metadata[b"maps"]) == {"side": SIDE_OF_MAP}


def test_substitutions_are_told_once_and_stored(tmp_path: Path, good: Path, more: Path) -> None:
    node = {"node": "test.sides", "with": {"flags": ["Flag_a", "w", "Flag_b"], "more": ["MET"]}}
    data = simulated([str(good)], [node], input__aliases={"MET": "2 * x", "unused": "3 * x"})
    data["input"]["samples"]["two"] = {**data["input"]["samples"]["one"], "files": [str(more)]}
    said: list[str] = []
    result = helpers.run(tmp_path, data, say=said.append)
    line = "substitutions, first in sample 'one': MET is 2 * x; Flag_a, Flag_b are not there: counted as true"
    assert [text for text in said if "substitutions" in text] == [line]
    for path in result.outputs.values():
        assert helpers.provenance(path)["substitutions"] == {
            "MET": "2 * x",
            "Flag_a": "not there: counted as true",
            "Flag_b": "not there: counted as true",
        }
    faults, lines = pipeline.check(tmp_path / "config.yaml")
    assert not faults
    assert [text for text in lines if "substitutions" in text] == [line]


def test_substitutions_of_a_later_sample_are_told(tmp_path: Path, good: Path) -> None:
    columns = helpers.small_columns(5, first=100)
    columns["Flag_a"] = np.ones(5, dtype=bool)
    other = helpers.write_columns(tmp_path / "other.root", columns)
    data = simulated([str(other)], [{"node": "test.sides", "with": {"flags": ["Flag_a"]}}])
    data["input"]["samples"]["two"] = {**data["input"]["samples"]["one"], "files": [str(good)]}
    said: list[str] = []
    result = helpers.run(tmp_path, data, say=said.append)
    assert [text for text in said if "substitutions" in text] == [
        "substitutions, first in sample 'two': Flag_a is not there: counted as true"
    ]
    assert helpers.provenance(result.outputs["one"])["substitutions"] == {}


def test_a_missing_column_names_what_replaces_it(tmp_path: Path, good: Path) -> None:
    data = simulated([str(good)], [BEFORE, {"node": "test.sides", "with": {"more": ["Tau_idX"]}}])
    expected = (
        "node test.sides needs columns that are not there: 'Tau_idX' (with: {more: ...} replaces it); sample 'one'"
    )
    with pytest.raises(MissingColumnError) as caught:
        helpers.run(tmp_path, data)
    assert str(caught.value) == f"{tmp_path}/config.yaml:{_line(tmp_path, 'node: test.sides')}: {expected}"
    faults, _ = pipeline.check(tmp_path / "config.yaml")
    assert [str(fault) for fault in faults] == [str(caught.value)]


def _line(folder: Path, text: str) -> int:
    """Return the number of the line of the config that holds a text."""
    lines = (folder / "config.yaml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


# -- parameters that are mappings


def test_parameters_that_are_mappings(tmp_path: Path, good: Path) -> None:
    steps = [{"node": "test.sides", "with": {"edge": {"low": 6.5, "high": 15}, "triggers": {"high": "w > 0.056"}}}]
    flow = helpers.run(tmp_path, simulated([str(good)], steps)).cutflow["one"]
    assert [cut.events for cut in flow.channels["low"]][2:] == [5, 3]
    assert [cut.events for cut in flow.channels["high"]][2:] == [3, 2, 2]
    one = helpers.run(tmp_path, simulated([str(good)], [{"node": "test.sides", "with": {"edge": 10}}]))
    assert [cut.events for cut in one.cutflow["one"].channels["low"]][2:] == [8, 4]


def test_a_wrong_value_in_a_mapping_is_told_at_its_line(tmp_path: Path, good: Path) -> None:
    steps = [{"node": "test.sides", "with": {"edge": {"low": 6.5, "high": "x"}}}]
    with pytest.raises(ConfigError) as caught:
        helpers.run(tmp_path, simulated([str(good)], steps))
    place = f"{tmp_path}/config.yaml:{_line(tmp_path, 'high: x')}"
    assert str(caught.value) == f"{place}: parameter 'edge' of node test.sides: 'high' must be a number, not 'x'"


def test_words_in_a_mapping_are_columns_that_are_used(tmp_path: Path, good: Path) -> None:
    steps = [
        {"node": "test.sides", "with": {"triggers": {"low": "run > 0 && w > 0"}}},
        {"vary": {"late": {"up": {"run": "run + 1"}, "down": {"run": "run - 1"}}}},
    ]
    with pytest.raises(ConfigError, match=r"column 'run' is used before, .*config\.yaml:\d+, which would not shift"):
        helpers.run(tmp_path, simulated([str(good)], steps, input__key=["event"]))


# -- a call from Python


def test_a_call_warns_of_substitutions(good: Path) -> None:
    from rdfplugins.cpp import load_root

    df = load_root().RDataFrame("t", str(good))
    node = NODES["test.sides"]
    with pytest.warns(rp.SubstitutionWarning) as caught:
        kept = node(df, flags=["Flag_a", "w", "Flag_b"])
    assert [str(one.message) for one in caught] == [
        "test.sides: 'Flag_a', 'Flag_b' are not there: counted as true",
    ]
    assert all(one.filename == __file__ for one in caught)
    assert kept.AsNumpy(["event"])["event"].tolist() == [2, 4, 6, 13, 15, 17]
    assert list(kept.GetFilterNames())[-2:] == ["flag", "one_side"]
