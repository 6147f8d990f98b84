"""Jets and leptons of the real files, event by event, against sums over them in plain Python."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins.cpp import include, load_root
from rdfplugins.errors import InputError
from rdfplugins.nodes import collections, diphoton
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data

FILES = {"data_A.4lep.root": 39, "data_B.4lep.root": 156}
QUANTITIES = {"jet": diphoton.JET_QUANTITIES, "lep": diphoton.LEPTON_QUANTITIES}
# two photons that pass every cut stand in each event, as the real ones hold none
PHOTONS = {
    "photon_n": "2u",
    **dict.fromkeys(("photon_isTightID", "photon_trigMatched"), "ROOT::RVec<bool>(2, true)"),
    "photon_pt": "ROOT::RVec<float>{70000.f, 55000.f}",
    "photon_eta": "ROOT::RVec<float>{-0.7f, 0.4f}",
    "photon_phi": "ROOT::RVec<float>{-1.5f, 1.2f}",
    "photon_E": "ROOT::RVec<float>{87862.f, 59459.f}",
    **dict.fromkeys(("photon_ptcone30", "photon_etcone20"), "ROOT::RVec<float>(2, 0.f)"),
    "trigP": "true",
}

Event = dict[str, Any]


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, real_data: Path) -> Path:
    return real_data / "atlas_mini" / request.param


def events_of(path: Path) -> list[Event]:
    """Read a file as lists of Python numbers: floats hold what float32 holds, exactly."""
    with uproot.open(path) as opened:
        rows: list[Event] = opened["mini"].arrays().tolist()
    assert len(rows) == FILES[path.name]
    return rows


def quantity(event: Event, prefix: str, name: str) -> list[float]:
    if name == "theta":
        return [2.0 * math.atan(math.exp(-eta)) for eta in event[f"{prefix}_eta"]]
    return event[f"{prefix}_{name}"]


def statistics(values: list[float]) -> dict[str, float]:
    if not values:
        return {**dict.fromkeys(("min", "max", "mean", "std"), math.nan), "sum": 0.0}
    total, mean = math.fsum(values), math.fsum(values) / len(values)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
    return {"min": min(values), "max": max(values), "mean": mean, "sum": total, "std": spread}


def leading_two(event: Event) -> tuple[float, float]:
    """Mass and difference in pseudorapidity of the two hardest jets, from their four-momenta."""
    order = sorted(range(len(event["jet_pt"])), key=lambda i: -event["jet_pt"][i])[:2]
    if len(order) < 2:
        return math.nan, math.nan
    energy = px = py = pz = 0.0
    for i in order:
        pt, eta, phi = (event[f"jet_{name}"][i] for name in ("pt", "eta", "phi"))
        energy += event["jet_E"][i]
        px, py, pz = px + pt * math.cos(phi), py + pt * math.sin(phi), pz + pt * math.sinh(eta)
    first, second = (event["jet_eta"][i] for i in order)
    return math.sqrt(energy**2 - px**2 - py**2 - pz**2), abs(first - second)


def close(found: float, expected: float, scale: float) -> bool:
    """Return whether two numbers agree up to rounding of doubles of size ``scale``; NaN agrees with NaN."""
    if math.isnan(expected):
        return math.isnan(found)
    return abs(found - expected) <= 1e-12 * max(scale, abs(expected))


def test_what_the_files_are(file: Path) -> None:
    events = events_of(file)
    assert all(event["photon_n"] == 0 for event in events)
    assert sum(event["jet_n"] for event in events) > 20
    assert sum(event["lep_n"] for event in events) > 100
    for name in ("lep_truthMatched", "jet_truthMatched", "jet_trueflav"):
        assert not any(event[name] for event in events)
    assert {event["jet_n"] > 0 for event in events} == {True, False}


@pytest.mark.parametrize("threads", [1, 2])
def test_all_statistics_of_every_event(tmp_path: Path, file: Path, threads: int) -> None:
    sample = {"one": {"kind": "data", "files": str(file)}}
    data = helpers.config_data([], input__samples=sample, input__aliases=PHOTONS)
    found = helpers.columns(helpers.run(tmp_path, data, threads=threads).outputs["one"])
    place = {key: row for row, key in enumerate(zip(found["runNumber"], found["eventNumber"], strict=True))}
    events = events_of(file)
    assert len(place) == len(events) == len(found["event_key"])
    checked = 0
    for event in events:
        row = place[event["runNumber"], event["eventNumber"]]
        for prefix, names in QUANTITIES.items():
            assert found[f"{prefix}_n"][row] == len(event[f"{prefix}_pt"]) == event[f"{prefix}_n"]
            for name in names:
                values = quantity(event, prefix, name)
                scale = max((abs(value) for value in values), default=0.0) * max(len(values), 1)
                for statistic, expected in statistics(values).items():
                    column = f"{prefix}_{name}_{statistic}"
                    assert close(float(found[column][row]), expected, scale), (column, event["eventNumber"])
                    checked += 1
        mass, deta = leading_two(event)
        assert close(float(found["m_jj"][row]), mass, 1e3 * sum(event["jet_E"])), event["eventNumber"]
        assert close(float(found["deta_jj"][row]), deta, 1.0)
    assert checked == len(events) * 5 * (5 + 8)


def test_the_functions_alone(file: Path) -> None:
    """The C++ functions of every jet and lepton, without photons and without the node around them."""
    include("rdfplugins/collections.h")
    frame = load_root().RDataFrame("mini", str(file))
    branches = {
        f"{prefix}_{name}": ("theta_statistics", f"{prefix}_eta")
        if name == "theta"
        else ("statistics", f"{prefix}_{name}")
        for prefix, names in QUANTITIES.items()
        for name in names
    }
    for name, (function, branch) in branches.items():
        frame = frame.Define(f"s_{name}", f"rdfp::{function}({branch}, -7.0)")
        for statistic in diphoton.STATISTICS:
            frame = frame.Define(f"{name}_{statistic}", f"s_{name}.{statistic}")
    found = frame.AsNumpy([f"{name}_{statistic}" for name in branches for statistic in diphoton.STATISTICS])
    for row, event in enumerate(events_of(file)):
        for name in branches:
            prefix, _, short = name.partition("_")
            values = quantity(event, prefix, short)
            scale = max((abs(value) for value in values), default=0.0) * max(len(values), 1)
            for statistic, expected in statistics(values).items():
                want = -7.0 if math.isnan(expected) else expected
                assert close(float(found[f"{name}_{statistic}"][row]), want, scale), (name, statistic, row)


def test_padded_leptons_and_jets(file: Path) -> None:
    frame = load_root().RDataFrame("mini", str(file))
    names = {"lep": ["pt", "charge", "type", "isTightID"], "jet": ["pt", "MV2c10"]}
    for prefix, wanted in names.items():
        frame = collections.pad(frame, collection=prefix, quantities=wanted, count=5, fill=0, order_by="pt")
    columns = [f"{prefix}_{rank}_{name}" for prefix, wanted in names.items() for rank in range(1, 6) for name in wanted]
    found = frame.AsNumpy([*columns, "lep_5_valid", "jet_1_valid"])
    for row, event in enumerate(events_of(file)):
        for prefix, wanted in names.items():
            order = sorted(range(event[f"{prefix}_n"]), key=lambda i: -event[f"{prefix}_pt"][i])
            for name in wanted:
                values = [event[f"{prefix}_{name}"][i] for i in order]
                padded = [*values, *[0] * 5][:5]
                assert [found[f"{prefix}_{rank}_{name}"][row] for rank in range(1, 6)] == padded
        assert (found["lep_5_valid"][row], found["jet_1_valid"][row]) == (event["lep_n"] > 4, event["jet_n"] > 0)
    assert {name: np.asarray(found[f"lep_1_{name}"]).dtype.name for name in names["lep"]} == {
        "pt": "float32",
        "charge": "int32",
        "type": "uint32",
        "isTightID": "bool",
    }


def test_an_empty_truth_vector_beside_full_ones_is_no_padding(tmp_path: Path, file: Path) -> None:
    """What is empty although there are jets says nothing of them: an error, and no column of fill values."""
    parameters = {"collection": "jet", "quantities": ["pt", "trueflav"], "count": 1}
    sample = {"one": {"kind": "data", "files": str(file)}}
    steps = [{"node": "collections.pad", "with": parameters}]
    data = helpers.config_data([], input__samples=sample, select__steps=steps, select__weight=None)
    with pytest.raises(InputError, match=r"jet_trueflav has 0 elements in an event with [1-9]"):
        helpers.run(tmp_path, data)
