"""The awkward rivals of the di-tau benchmark select what the oracle selects, and the same as the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from tests.benchmarks import ditau_awkward, ditau_awkward_plain, ditau_contenders, ditau_speed
from tests.benchmarks.ditau_awkward_objects import CUTS, FLAGS
from tests.benchmarks.ditau_compare import compare
from tests.oracle.ditau_compare import assert_same_events, expected_cutflow, expected_table
from tests.oracle.ditau_edges import edge_cases
from tests.oracle.ditau_events import read_events, write_events
from tests.oracle.ditau_random import random_events

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 4000


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    shifted = [one | {"event": one["event"] + np.uint64(10**6)} for one in random_events(6000, seed=11)]
    return [case.event for case in edge_cases()] + shifted


@pytest.fixture(scope="module", params=[ditau_awkward, ditau_awkward_plain], ids=["flat", "plain"])
def output(request: Any, events: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ditau_rival")
    write_events(folder / "in.root", events)
    request.param.main(str(folder / "out.root"), 2.0, 4.0, [str(folder / "in.root")])
    return folder / "out.root"


def agree_with_the_oracle(events: list[dict[str, Any]], output: Path) -> Any:
    """Assert that channel and inputs are those of the oracle; return the columns."""
    with uproot.open({str(output): "events"}) as tree:
        columns = tree.arrays(library="np")
    table = {
        number: {name: x for name, x in row.items() if name == "channel" or name.endswith("_reco")}
        for number, row in expected_table(events).items()
    }
    assert_same_events(columns, table)
    return columns


def test_rival_agrees_with_the_oracle(events: list[dict[str, Any]], output: Path) -> None:
    columns = agree_with_the_oracle(events, output)
    weights = {int(one["event"]): one["genWeight"] * 0.5 for one in events}
    assert columns["weight"].tolist() == [weights[int(number)] for number in columns["event"]]


@pytest.mark.parametrize("channel", CUTS)
def test_cutflow_of_the_rival_agrees_with_the_oracle(events: list[dict[str, Any]], output: Path, channel: str) -> None:
    expected = expected_cutflow(events, channel)
    assert list(expected)[1:] == list(CUTS[channel])
    with uproot.open(output) as file:
        counts = file[f"channels/{channel}/cutflow"].values()
    assert counts[0] == len(events)
    assert counts[len(FLAGS) :].tolist() == list(expected.values())


@pytest.mark.slow
@pytest.mark.parametrize("contender", [ditau_contenders.rdfplugins, ditau_contenders.nodes])
def test_package_makes_the_same_as_the_rivals(contender: Any, tmp_path: Path) -> None:
    data = ditau_contenders.prepare(EVENTS, tmp_path)
    ours = contender(data, tmp_path)
    ours.run()
    for make in (ditau_contenders.awkward, ditau_contenders.awkward_plain):
        rival = make(data, tmp_path)
        rival.run()
        found = compare(ours.output, rival.output)
        assert not found.faults
        assert EVENTS / 5 < found.rows < EVENTS / 2


@pytest.mark.slow
def test_simulated_events_of_the_rivals_agree_with_the_oracle(tmp_path: Path) -> None:
    data = ditau_contenders.prepare(EVENTS, tmp_path)
    simulated = read_events(data.file)
    for make in (ditau_contenders.awkward, ditau_contenders.awkward_plain):
        rival = make(data, tmp_path)
        rival.run()
        agree_with_the_oracle(simulated, rival.output)


def test_chunks_add_up(events: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_events(tmp_path / "in.root", events[:900])
    outputs = []
    for chunk in (100_000, 70):
        monkeypatch.setattr(ditau_awkward_plain, "CHUNK", chunk)
        outputs.append(tmp_path / f"{chunk}.root")
        ditau_awkward_plain.main(str(outputs[-1]), 2.0, 4.0, [str(tmp_path / "in.root")])
    found = compare(*outputs)
    assert not found.faults
    assert found.rows > 100


def test_speed_takes_known_contenders_only(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ditau_speed.main(["--only", "awkward,coffea"])
    assert "the contenders are rdfplugins, nodes, awkward, awkward_plain" in capsys.readouterr().err


def test_comparison_finds_differences(output: Path, tmp_path: Path) -> None:
    assert not compare(output, output).faults
    with uproot.open(output) as file:
        columns = file["events"].arrays(library="np")
    columns["PuppimT1_reco"][7] *= 1.0 + 1e-9
    columns["jet1_pt_reco"][7] += 1e-6
    with uproot.recreate(tmp_path / "other.root") as file:
        file.mktree("events", {name: values.dtype for name, values in columns.items()}).extend(columns)
    assert [fault.split(":")[0] for fault in compare(output, tmp_path / "other.root").faults] == [
        "jet1_pt_reco",
        "PuppimT1_reco",
    ]
    columns["event"][3] += np.uint64(1)
    with uproot.recreate(tmp_path / "other.root") as file:
        file.mktree("events", {name: values.dtype for name, values in columns.items()}).extend(columns)
    assert compare(output, tmp_path / "other.root").faults[0].startswith("other events")
