"""Whole runs of the di-tau nodes: outputs and cutflows of each channel against the oracle, event by event."""

from __future__ import annotations

import copy
import json
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins.errors import RdfpluginsError
from rdfplugins.nodes import ditau
from rdfplugins.simulate import simulate_ditau
from tests.oracle import ditau as oracle
from tests.oracle.ditau_compare import assert_same_events, expected_table
from tests.oracle.ditau_edges import edge_cases
from tests.oracle.ditau_events import read_events, write_events
from tests.oracle.ditau_random import random_events
from tests.oracle.ditau_settings import Settings
from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import rdfplugins as rp

XSEC, SUM = 3.0, 500.0
STEPS: list[dict[str, Any]] = [{"node": "ditau.weights"}, {"node": "ditau.select"}, {"node": "ditau.features"}]
EVENTS = 3000


def config(files: Any, **changes: Any) -> dict[str, Any]:
    """Return a config of one simulated sample ``mc``."""
    data: dict[str, Any] = {
        "version": 1,
        "input": {
            "tree": "Events",
            "units": "GeV",
            "samples": {"mc": {"kind": "mc", "files": str(files), "xsec_pb": XSEC, "sum_of_weights": SUM}},
        },
        "select": {"weight": "weight", "steps": copy.deepcopy(STEPS), "output": {"dir": "out"}},
    }
    return helpers.changed(data, changes)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random events around all thresholds, with weights of both signs, and the edge cases behind them."""
    path = tmp_path_factory.mktemp("ditau") / "random.root"
    events = list(random_events(EVENTS, seed=11))
    for case in edge_cases():
        one = dict(case.event)
        one["event"] = np.uint64(int(one["event"]) + 1_000_000)
        events.append(one)
    for number, one in enumerate(events):
        one["genWeight"] = np.float32((-1.0 if number % 7 == 0 else 1.0) * (1 + number % 3) / 2)
    write_events(path, events)
    return path


@pytest.fixture(scope="module")
def events(file: Path) -> list[dict[str, Any]]:
    found = read_events(file)
    with uproot.open({str(file): "Events"}) as tree:
        weights = tree["genWeight"].array(library="np")
    return [{**one, "genWeight": weight} for one, weight in zip(found, weights, strict=True)]


def ways(events: Iterable[Mapping[str, Any]], settings: Settings) -> dict[str, list[tuple[str, int, float, float]]]:
    """Return channel -> rows (name, events, sum of weights, sum of squares) behind the flags, of the oracle."""
    table: dict[str, list[tuple[str, int, float, float]]] = {}
    followed = [(oracle.follow(one, settings), float(one["genWeight"]) * XSEC / SUM) for one in events]
    clean = [(one, weight) for one, weight in followed if len(one.flags) == len(settings.flags)]
    for channel in settings.channels:
        names = oracle.cut_names(channel, settings)
        rows = []
        for number, name in enumerate(names, start=1):
            passed = [weight for one, weight in clean if len(one.steps[channel]) >= number]
            rows.append((name, len(passed), math.fsum(passed), math.fsum(weight**2 for weight in passed)))
        table[channel] = rows
    return table


def check(result: rp.RunResult, events: list[dict[str, Any]], settings: Settings) -> None:
    """Compare the tree and the cutflow of each channel with the oracle."""
    assert_same_events(helpers.columns(result.outputs["mc"]), expected_table(events, settings))
    cutflow = result.cutflow["mc"]
    for channel, rows in ways(events, settings).items():
        got = cutflow.channels[channel][-len(rows) :]
        assert [(cut.name, cut.events) for cut in got] == [(name, number) for name, number, *_ in rows]
        for cut, (_, _, total, squares) in zip(got, rows, strict=True):
            assert math.isclose(cut.weighted, total, rel_tol=1e-9, abs_tol=1e-12)
            assert math.isclose(cut.variance, squares, rel_tol=1e-9, abs_tol=1e-15)
    kept = sum(cuts[-1].events for cuts in cutflow.channels.values())
    assert kept == cutflow.cuts[-1].events


def test_a_run_is_what_the_oracle_says(tmp_path: Path, file: Path, events: list[dict[str, Any]]) -> None:
    check(helpers.run(tmp_path, config(file)), events, Settings())


def test_the_control_region_and_the_form_of_the_published_models(
    tmp_path: Path, file: Path, events: list[dict[str, Any]]
) -> None:
    data = config(file)
    data["select"]["steps"][1]["with"] = {"charge": "same", "tau_min_pt": {"mt": 25}}
    data["select"]["steps"][2]["with"] = {"jets": "j30+b", "aha_phi": "asin"}
    settings = Settings(
        charge="same",
        jets="j30+b",
        aha_phi="asin",
        tau_min_pt={**Settings().tau_min_pt, "mt": 25.0},  # type: ignore[dict-item]
    )
    check(helpers.run(tmp_path, data), events, settings)


def test_threads_make_the_same_rows(tmp_path: Path) -> None:
    simulate_ditau(tmp_path / "many.root", mode="tautau", events=25_000, seed=3)
    data = config(tmp_path / "many.root")
    one, two = (helpers.run(tmp_path, data, threads=threads, output=tmp_path / f"out{threads}") for threads in (1, 2))
    for channel in ditau.CHANNELS:
        pairs = zip(one.cutflow["mc"].channels[channel], two.cutflow["mc"].channels[channel], strict=True)
        for first, second in pairs:
            assert (first.name, first.events) == (second.name, second.events)
            assert math.isclose(first.weighted, second.weighted, rel_tol=1e-12)  # sums of doubles in another order
    single, double = (helpers.columns(result.outputs["mc"]) for result in (one, two))
    assert set(single) == set(double)
    orders = [np.argsort(columns["event_key"]) for columns in (single, double)]
    for name in single:
        assert np.array_equal(single[name][orders[0]], double[name][orders[1]], equal_nan=True), name


def test_the_numbers_of_channels_are_stored(tmp_path: Path, file: Path) -> None:
    result = helpers.run(tmp_path, config(file, select__output={"dir": "out", "exports": ["h5"]}))
    record = helpers.provenance(result.outputs["mc"])
    assert record["maps"]["channel"] == {name: number for number, name in enumerate(ditau.CHANNELS)}
    columns = helpers.columns(result.outputs["mc"])
    assert columns["channel"].dtype.kind == "i"
    assert set(ditau.INPUTS) <= set(columns)
    assert record["units"]["m_vis"] == "GeV"
    with uproot.open(result.outputs["mc"]) as opened:
        named = opened["channels/mt/cutflow"]
        assert "tau_jet_overlap" in list(named.axis().labels())


def test_a_varied_tau_momentum_reaches_channels_and_inputs(
    tmp_path: Path, file: Path, events: list[dict[str, Any]]
) -> None:
    data = config(file)
    shift = {"up": {"Tau_pt": "Tau_pt * 1.05f"}, "down": {"Tau_pt": "Tau_pt * 0.95f"}}
    data["select"]["steps"].insert(1, {"vary": {"tes": shift}})
    data["select"]["histograms"] = {"pt_2": {"column": "pt_2", "bins": 2000, "range": [0, 2000]}}
    result = helpers.run(tmp_path, data)
    record = helpers.provenance(result.outputs["mc"])
    for direction, factor in (("up", 1.05), ("down", 0.95)):
        shifted = [{**one, "Tau_pt": one["Tau_pt"] * np.float32(factor)} for one in events]
        want = ways(shifted, Settings())
        got = record["cutflow_variations"][f"tes_{direction}"]["channels"]
        for channel, rows in want.items():
            cuts = got[channel][-len(rows) :]
            assert [(cut["name"], cut["events"]) for cut in cuts] == [(name, number) for name, number, *_ in rows]
        with uproot.open(result.outputs["mc"]) as opened:
            filled = opened[f"variations/tes_{direction}/pt_2"].values(flow=True).sum()
        total = math.fsum(
            float(one["genWeight"]) * XSEC / SUM for one in shifted if oracle.analyse(one, Settings()) is not None
        )
        assert math.isclose(filled, total, rel_tol=1e-9)


def test_a_golden_json_and_a_trigger_of_one_channel(tmp_path: Path, file: Path, events: list[dict[str, Any]]) -> None:
    (tmp_path / "good.json").write_text(json.dumps({"1": [[1, 1]]}))
    data = config(file)
    data["input"]["samples"] = {"data": {"kind": "data", "files": str(file)}}
    data["select"]["steps"][1]["with"] = {"triggers": {"mm": "event % 2 == 0"}}
    data["select"]["steps"].insert(1, {"golden_json": "good.json"})
    result = helpers.run(tmp_path, data)
    settings = Settings(triggers={"mm": lambda one: int(one["event"]) % 2 == 0})
    good = [one for one in events if int(one["run"]) == 1 and int(one["luminosityBlock"]) == 1]
    assert good
    assert_same_events(helpers.columns(result.outputs["data"]), expected_table(good, settings))
    assert set(helpers.columns(result.outputs["data"])["weight"]) == {1.0}


def test_events_of_two_streams_count_once(tmp_path: Path, file: Path, events: list[dict[str, Any]]) -> None:
    data = config(file, input__on_duplicate="drop_later")
    copies = tmp_path / "second.root"
    write_events(copies, [*events[:400], *({**one, "run": np.uint32(7)} for one in events[400:500])])
    data["input"]["samples"] = {
        "first": {"kind": "data", "files": str(file)},
        "second": {"kind": "data", "files": str(copies)},
    }
    result = helpers.run(tmp_path, data)
    assert helpers.provenance(result.outputs["second"])["duplicates_dropped"] == 400
    assert set(helpers.columns(result.outputs["second"])["run"]) <= {7}


def test_an_event_in_two_channels_ends_the_run(tmp_path: Path, file: Path) -> None:
    data = config(file)
    data["select"]["steps"][1]["with"] = {"max_muons": None, "max_electrons": None}
    with pytest.raises(RdfpluginsError, match=r"selected in channel \w\w and in \w\w"):
        helpers.run(tmp_path, data)
    assert not list((tmp_path / "out").glob("*.root*"))


def test_later_cuts_and_scale_factors_count_by_channel(tmp_path: Path, file: Path) -> None:
    data = config(file)
    data["input"]["aliases"] = {"sf_tau": "0.9", "sf_mu": "1.1f"}
    data["select"]["steps"][0]["with"] = {"scale_factors": ["sf_tau", "sf_mu"]}
    data["select"]["steps"].append({"filter": {"low_mt": "channel != 1 || mt_1 < 40"}})
    result = helpers.run(tmp_path, data)
    columns = helpers.columns(result.outputs["mc"])
    cutflow = result.cutflow["mc"]
    for number, channel in enumerate(ditau.CHANNELS):
        last = cutflow.channels[channel][-1]
        assert last.name == "low_mt"
        chosen = columns["channel"] == number
        assert last.events == np.count_nonzero(chosen)
        assert math.isclose(last.weighted, math.fsum(columns["weight"][chosen]), rel_tol=1e-9, abs_tol=1e-12)
    assert cutflow.channels["mt"][-1].events < cutflow.channels["mt"][-2].events


def test_an_absent_id_is_said_at_the_line_of_the_node(tmp_path: Path, file: Path) -> None:
    data = config(file)
    data["select"]["steps"][1]["with"] = {"tau_vs_jet": "Tau_idOther"}
    with pytest.raises(RdfpluginsError, match=r"config\.yaml:\d+: .*'Tau_idOther'.*with: \{tau_vs_jet: \.\.\.\}"):
        helpers.run(tmp_path, data)


@pytest.mark.parametrize(
    ("parameters", "key", "said"),
    [
        ({"muon_id": "Muon_mediumIdd && true"}, "muon_id", "'muon_id' of node ditau.select uses 'Muon_mediumIdd'"),
        ({"triggers": {"et": "true", "mt": "HLT_Nothing > 0"}}, "mt", "channel 'mt' uses 'HLT_Nothing'"),
        ({"channels": ["tm"]}, "channels", "there is no channel 'tm'"),
        ({"channels": []}, "channels", "'channels' is empty"),
        ({"tau_vs_jet": "Tau_mass"}, "tau_vs_jet", "'Tau_mass' is of type"),
    ],
)
def test_faults_of_parameters_stand_at_their_line(
    tmp_path: Path, file: Path, parameters: dict[str, Any], key: str, said: str
) -> None:
    data = config(file)
    data["select"]["steps"][1]["with"] = parameters
    path = helpers.write_config(tmp_path, data)
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if f"{key}:" in text)
    with pytest.raises(RdfpluginsError, match=re.escape(said)) as raised:
        helpers.run(tmp_path, data)
    assert f"config.yaml:{line}: " in str(raised.value)
