"""What a cutflow looks like when something is wrong: said, and no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.cutflow import Cut, Cutflow
from rdfplugins.select import suspicions
from rdfplugins.simulate import simulate_ditau, simulate_hgg
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

NANOAOD_STEPS = [{"node": "ditau.weights"}, {"node": "ditau.select"}]


def cut(name: str, events: int, weighted: float | None = None) -> Cut:
    return Cut(name, events, events if weighted is None else weighted, events)


def cutflow(*cuts: Cut, kind: str = "mc", weighted: bool = True, **channels: list[int]) -> Cutflow:
    """Return a cutflow; of each channel the events behind its two own cuts and the last one."""
    first, last = cuts[0], cuts[-1]
    ways = {
        name: (first, cut(f"{name}_pair", pair), cut("kinematics", kept), Cut(last.name, final, final, final))
        for name, (pair, kept, final) in channels.items()
    }
    return Cutflow("s", kind, cuts, 0, weighted, ways)


def lines(flow: Cutflow, *, xsec_pb: float | None = None, partial: bool = False) -> list[str]:
    return list(suspicions.found(flow, xsec_pb=xsec_pb, partial=partial))


# -- more than the cross-section

EXCESS = (
    "before any cut the weights add up to 2.96 pb, and the cross-section is 2 pb; look at sum_of_weights, the generator"
    " weight (and its alias) and the scale factors"
)


@pytest.mark.parametrize(
    ("weighted", "warned"), [(2.96, True), (2.11, True), (2.09, False), (0.1, False), (-3.0, False)]
)
def test_weights_above_the_cross_section(weighted: float, warned: bool) -> None:
    found = lines(cutflow(cut("all", 100, weighted), cut("last", 10, 0.1)), xsec_pb=2.0)
    assert found == [EXCESS.replace("2.96", f"{weighted:g}")] * warned


@pytest.mark.parametrize(
    ("changes", "arguments"),
    [({"kind": "data"}, {"xsec_pb": 2.0}), ({"weighted": False}, {"xsec_pb": 2.0}), ({}, {}), ({}, {"partial": True})],
)
def test_where_there_is_no_cross_section_to_compare_with(changes: dict[str, Any], arguments: dict[str, Any]) -> None:
    arguments = {"xsec_pb": 2.0, **arguments} if "partial" in arguments else arguments
    assert lines(cutflow(cut("all", 100), cut("last", 10), **changes), **arguments) == []


@pytest.fixture(scope="module")
def zll(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulation of which some events have the weight -1: the sum is a third below the number of events."""
    return simulate_ditau(tmp_path_factory.mktemp("zll") / "zll.root", mode="zll", events=4000, seed=5).path


def nanoaod(file: Path, **changes: Any) -> dict[str, Any]:
    sample = {"kind": "mc", "files": str(file), "xsec_pb": 2.0, "sum_of_weights": "runs"}
    data = {
        "version": 1,
        "input": {"tree": "Events", "units": "GeV", "samples": {"mc": sample}},
        "select": {"weight": "weight", "steps": NANOAOD_STEPS, "output": {"dir": "out"}},
    }
    return helpers.changed(data, changes)


def warnings(folder: Path, data: dict[str, Any], **options: Any) -> list[str]:
    said: list[str] = []
    helpers.run(folder, data, say=said.append, **options)
    return [line for line in said if "warning" in line]


def test_an_alias_that_was_left_over(tmp_path: Path, zll: Path) -> None:
    """With weights of 1, the 4000 events are normalised to the sum of weights of both signs."""
    weights = helpers.columns(zll, "Events")["genWeight"].astype(float)
    assert 2500 < weights.sum() < 3000
    assert warnings(tmp_path, nanoaod(zll), output=tmp_path / "right") == []
    excess = f"mc: warning: {EXCESS.replace('2.96', format(2.0 * 4000 / weights.sum(), '.4g'))}"
    data = nanoaod(zll, input__aliases={"genWeight": "1"})
    assert warnings(tmp_path, data, output=tmp_path / "wrong") == [excess]
    assert warnings(tmp_path, data, output=tmp_path / "part", max_events=3900) == []


@pytest.mark.parametrize(("factor", "warned"), [("1.0f", False), ("1.4f", True)])
def test_a_cross_section_of_the_files(tmp_path: Path, factor: str, warned: bool) -> None:
    file = simulate_hgg(tmp_path / "gg.root", mode="gg", events=300, seed=3).path
    data = helpers.config_data(str(file), input__aliases={"scaleFactor_PILEUP": factor})
    data["input"]["samples"]["gg"] = {"kind": "mc", "files": str(file)}
    assert any("before any cut the weights add up to" in line for line in warnings(tmp_path, data)) is warned


# -- channels that lose everything


def test_channels_that_lose_all_of_many_events_are_said_in_one_line() -> None:
    flow = cutflow(
        cut("all", 5000),
        cut("last", 9),
        tt=[1000, 0, 0],
        mt=[5000, 0, 0],
        et=[0, 0, 0],
        em=[999, 0, 0],
        ee=[3000, 9, 9],
    )
    (line,) = lines(flow)
    assert line == (
        "no event of channels tt, mt passes 'kinematics', and none of channel et passes 'et_pair' (are the parameters"
        " of the cuts right?)"
    )


def test_few_events_may_all_be_lost() -> None:
    assert lines(cutflow(cut("all", 999), cut("last", 9), tt=[0, 0, 0], mt=[999, 9, 9], et=[999, 0, 0])) == []


def test_a_cut_that_all_events_fail_is_said_once() -> None:
    flow = cutflow(cut("all", 5000), cut("last", 0), tt=[4000, 2000, 0], mt=[4000, 1500, 0])
    assert lines(flow) == ["no event passes 'last' (is input.units right?)"]


def test_a_threshold_in_mev_empties_the_channels_of_a_run(tmp_path: Path) -> None:
    file = simulate_ditau(tmp_path / "a.root", mode="tautau", events=20_000, seed=2).path
    steps = [{"node": "ditau.weights"}, {"node": "ditau.select", "with": {"tau_min_pt": 30_000.0}}]
    (warning,) = warnings(tmp_path, nanoaod(file, select__steps=steps))
    assert warning == (
        "mc: warning: no event of channels tt, mt, et passes 'tau_kinematics' (are the parameters of the cuts right?)"
    )


# -- what was said before


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        (Cutflow("s", "mc", (Cut("all", 9, 0.0, 0.0),), 0), "all weights are 0"),
        (Cutflow("s", "data", (Cut("all", 9, 9.5, 10.0),), 0), "weights of data are not 1"),
        (
            Cutflow("s", "mc", (Cut("all", 9, 8.0, 8.0),), 1),
            "1 of 9 events have a weight that is NaN or infinite; they are left out of sums of weights",
        ),
        (
            cutflow(cut("all", 9), cut("golden_json", 0)),
            "no event passes 'golden_json' (are its runs those of the list?)",
        ),
        (cutflow(cut("all", 0, 0.0), cut("last", 0)), None),
        (cutflow(cut("all", 9), cut("last", 8), kind="data"), None),
    ],
)
def test_other_suspicions(flow: Cutflow, line: str | None) -> None:
    assert lines(flow) == ([] if line is None else [line])
    assert np.isfinite(flow.cuts[0].variance)


def test_where_no_event_is_left_the_end_of_each_channel_is_said() -> None:
    flow = cutflow(cut("all", 50), cut("one_channel", 0), mt=[9, 0, 0], et=[0, 0, 0])
    assert lines(flow) == ["no event passes 'one_channel' (channels end at: mt kinematics, et et_pair)"]
    assert lines(cutflow(cut("all", 50), cut("last", 0))) == ["no event passes 'last' (is input.units right?)"]
