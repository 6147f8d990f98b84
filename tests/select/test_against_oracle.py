"""Whole runs against the plain-Python oracle: every event, cut and column, for one and two threads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.simulate import simulate_hgg
from tests.oracle import compare
from tests.oracle.diphoton import COLUMNS_82, EXTRA_COLUMNS, active_cuts
from tests.oracle.edge_events import edge_events
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

XSEC, TOTAL = 0.102, 1000.0
WORKING_POINTS: dict[str, dict[str, Any]] = {
    "default": {},
    "df104": {"trigger_matched": False, "order": "file"},
    "notebook": {
        "pairing": "leading_two",
        "max_abs_eta": None,
        "crack": None,
        "fraction_of": "E",
        "mass_window": [115.0, 135.0],
    },
    "only the pair": {
        "trigger": None,
        "trigger_matched": False,
        "max_track_isolation": None,
        "max_calo_isolation": None,
        "min_lead_fraction": None,
        "min_sublead_fraction": None,
        "mass_range": None,
    },
    "other thresholds": {
        "min_pt": 30.5,
        "max_abs_eta": 0.75,
        "crack": [0.25, 0.5],
        "max_track_isolation": 0.0625,
        "max_calo_isolation": 0.03125,
        "min_lead_fraction": 0.4,
        "mass_range": [110.0, 140.0],
        "order": "file",
        "pairing": "leading_two",
    },
}


@pytest.fixture(scope="module")
def edge_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("edge") / "edge.root"
    compare.write_mini(str(path), [event for _, event in edge_events()])
    return path


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("simulated")
    for mode in ("tt", "Wp", "data"):
        simulate_hgg(folder / f"{mode}.root", mode=mode, events=3000, seed=7)
    return {mode: folder / f"{mode}.root" for mode in ("tt", "Wp", "data")}


def check_run(
    tmp_path: Path, file: Path, *, kind: str, threads: int, parameters: dict[str, Any], empty: float = math.nan
) -> None:
    steps = [
        {"node": "diphoton.weights"},
        {"node": "diphoton.select", "with": parameters},
        {"node": "diphoton.features", "with": {} if math.isnan(empty) else {"empty": empty}},
    ]
    norm = {"xsec_pb": XSEC, "sum_of_weights": TOTAL} if kind == "mc" else {}
    sample = {"one": {"kind": kind, "files": str(file), **norm}}
    data = helpers.config_data([str(file)], input__samples=sample, select__steps=steps)
    result = helpers.run(tmp_path, data, threads=threads)
    events = list(compare.events_from_root(str(file)))
    tuples = {key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
    oracle: dict[str, Any] = (
        {"kind": kind, "xsec_pb": XSEC, "sum_of_weights": TOTAL} if kind == "mc" else {"kind": kind}
    )
    expected = compare.expected_table(events, **oracle, empty=empty, **tuples)
    found = helpers.columns(result.outputs["one"])
    compare.assert_same_events(found, expected)
    labels = {"label", "label_id"}
    assert set(found) >= (set(COLUMNS_82) | set(EXTRA_COLUMNS)) - labels
    cutflow = {cut.name: cut for cut in result.cutflow["one"].cuts}
    assert list(cutflow) == ["all", *active_cuts(**tuples)]
    for name, (number, weighted, variance) in compare.expected_cutflow(events, **oracle, **tuples).items():
        assert cutflow[name].events == number, name
        assert cutflow[name].weighted == pytest.approx(weighted, rel=1e-9), name
        assert cutflow[name].variance == pytest.approx(variance, rel=1e-9), name


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("point", WORKING_POINTS)
def test_edge_events(tmp_path: Path, edge_file: Path, point: str, threads: int) -> None:
    check_run(tmp_path, edge_file, kind="mc", threads=threads, parameters=WORKING_POINTS[point])


def test_empty_replaces_only_what_lacks_objects(tmp_path: Path, edge_file: Path) -> None:
    check_run(tmp_path, edge_file, kind="data", threads=1, parameters=WORKING_POINTS["only the pair"], empty=-999.0)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("mode", ["tt", "Wp", "data"])
def test_simulated_events(tmp_path: Path, simulated: dict[str, Path], mode: str, threads: int) -> None:
    kind = "data" if mode == "data" else "mc"
    check_run(tmp_path, simulated[mode], kind=kind, threads=threads, parameters={})


def test_rows_do_not_depend_on_threads_or_order_of_files(tmp_path: Path) -> None:
    files = []
    for seed in range(4):  # many small files, so that two threads really share the work
        files.append(tmp_path / f"{seed}.root")
        simulate_hgg(files[-1], mode="data", events=2000, seed=seed)
    tables = []
    for number, (order, threads) in enumerate([(files, 1), (files, 2), (files[::-1], 1)]):
        sample = {"one": {"kind": "data", "files": [str(file) for file in order]}}
        split = {"fractions": {"train": 0.6, "val": 0.2, "test": 0.2}, "folds": 5}
        data = helpers.config_data([], input__samples=sample, select__split=split)
        result = helpers.run(tmp_path, data, threads=threads, output=tmp_path / f"out{number}")
        found = helpers.columns(result.outputs["one"])
        by_key = np.argsort(found["event_key"])
        tables.append({name: values[by_key] for name, values in found.items()})
    assert len(tables[0]["event_key"]) > 500
    for table in tables[1:]:
        for name, values in tables[0].items():
            assert np.array_equal(values, table[name], equal_nan=values.dtype.kind == "f"), name


@pytest.mark.real_data
def test_real_events_have_no_photons_and_the_full_schema(tmp_path: Path, real_data: Path) -> None:
    files = sorted(str(path) for path in (real_data / "atlas_mini").glob("data_*.root"))
    sample = {"data": {"kind": "data", "files": files}}
    result = helpers.run(tmp_path, helpers.config_data([], input__samples=sample))
    found = helpers.columns(result.outputs["data"])
    assert {len(values) for values in found.values()} == {0}
    assert set(found) >= set(COLUMNS_82) - {"label"}
    assert result.cutflow["data"].cuts[0].events == 39 + 156


@pytest.mark.real_data
def test_jets_and_leptons_of_real_events_agree(tmp_path: Path, real_data: Path) -> None:
    """Real jets and leptons, with the two photons of a passing event put into each event by aliases."""
    path = real_data / "atlas_mini" / "data_B.4lep.root"
    photons = {
        "photon_n": "2u",
        **dict.fromkeys(("photon_isTightID", "photon_trigMatched"), "ROOT::RVec<bool>(2, true)"),
        "photon_pt": "ROOT::RVec<float>{80000.f, 60000.f}",
        "photon_eta": "ROOT::RVec<float>{0.5f, -0.3f}",
        "photon_phi": "ROOT::RVec<float>{0.1f, 2.4f}",
        "photon_E": "ROOT::RVec<float>{90210.f, 62720.f}",
        **dict.fromkeys(("photon_ptcone30", "photon_etcone20"), "ROOT::RVec<float>(2, 100.f)"),
        "trigP": "true",
    }
    sample = {"one": {"kind": "data", "files": str(path)}}
    result = helpers.run(tmp_path, helpers.config_data([], input__samples=sample, input__aliases=photons))
    events = []
    for event in compare.events_from_root(str(path)):
        f = np.float32
        event.update(
            photon_n=2,
            photon_isTightID=[True, True],
            photon_trigMatched=[True, True],
            photon_pt=[f(80000), f(60000)],
            photon_eta=[f(0.5), f(-0.3)],
            photon_phi=[f(0.1), f(2.4)],
            photon_E=[f(90210), f(62720)],
            photon_ptcone30=[f(100), f(100)],
            photon_etcone20=[f(100), f(100)],
            trigP=True,
        )
        events.append(event)
    expected = compare.expected_table(events, "data")
    assert len(expected) == 156
    compare.assert_same_events(helpers.columns(result.outputs["one"]), expected)
