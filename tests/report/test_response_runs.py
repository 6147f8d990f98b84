"""The response of a whole run: from simulated events by selection and model to the report; and before any event."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
import yaml

import rdfplugins as rp
from rdfplugins import cpp, pipeline, plotting
from rdfplugins.errors import ConfigErrors
from rdfplugins.paths import shipped
from tests.oracle import response as oracle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _fast_to_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(plotting, "write", lambda make, name, folder: ())
    with cpp.optimisation(0):
        yield


def ditau(events: int, **response: Any) -> dict[str, Any]:
    """Return the shipped config with two of its samples and another section ``response``."""
    config: dict[str, Any] = yaml.safe_load((shipped("configs") / "ditau.yaml").read_text())
    samples = {name: config["input"]["samples"][name] for name in ("H125", "ZTT")}
    for sample in samples.values():
        sample["simulate"]["events"] = events
    config["input"]["samples"] = samples
    config["select"]["output"] = {"dir": "out"}
    config["select"]["histograms"] = {"m_vis": config["select"]["histograms"]["m_vis"]}
    config["report"]["signal"] = ["H125"]
    config["report"]["response"] |= response
    return config


def write(folder: Path, config: dict[str, Any]) -> Path:
    path = folder / "ditau.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def line_of(path: Path, key: str) -> int:
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if line.strip().startswith(key))


def test_response_of_simulated_events(tmp_path: Path) -> None:
    said: list[str] = []
    edges = [50, 110, 140]
    path = write(tmp_path, ditau(2500, edges=edges))
    made = rp.run(path, output=tmp_path / "out", say=said.append)
    folder = tmp_path / "out" / "report"
    found = json.loads((folder / "response.json").read_text())
    assert found["simulation"] is True
    assert found["samples"] == ["H125", "ZTT"]
    assert list(found["estimates"])[:2] == ["ml_mass", "m_vis"]
    parts = [uproot.open(made.outputs[name])["events"].arrays(library="np") for name in ("H125", "ZTT")]
    events = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    truth = events["genMass"].astype(float).tolist()
    for column in found["estimates"]:
        stored = found["estimates"][column]["bins"][1]
        expected = oracle.response(events[column].astype(float).tolist(), truth, 110, 140)
        for name, value in expected.items():
            assert stored[name] == pytest.approx(value, rel=1e-9), (column, name)
    assert found["estimates"]["ml_mass"]["bins"][1]["median"] == pytest.approx(1.0, abs=0.1)
    channels = [json.loads(one.read_text()) for one in folder.glob("response_*.json")]
    assert {"tt", "mt"} <= {one["channel"] for one in channels}
    for one in channels:
        number = ["tt", "mt", "et", "em", "mm", "ee"].index(one["channel"])
        total = sum(bin_["events"] for bin_ in one["estimates"]["m_vis"]["bins"])
        inside = (events["genMass"] >= 50) & (events["genMass"] < 140)
        assert total == np.count_nonzero((events["channel"] == number) & inside)
    separation = json.loads((folder / "separation.json").read_text())
    sides = [
        [(value, weight) for value, weight in zip(part["ml_mass"].tolist(), part["weight"].tolist(), strict=True)]
        for part in reversed(parts)
    ]
    stored = separation["estimates"]["ml_mass"]["own_events"]
    assert stored["area"] == pytest.approx(oracle.roc_area(*sides), abs=1e-9)
    assert separation["weight"] == "weight"
    assert any(line.startswith("response of ml_mass, m_vis") for line in said)
    again = rp.run(path, stages=["report"], output=tmp_path / "out", say=said.append)
    assert (folder / "response.json") in again.report  # always made anew


def check(path: Path) -> list[str]:
    faults, _ = pipeline.check(path)
    return [str(fault) for fault in faults]


def test_check_sees_what_the_trees_will_not_have(tmp_path: Path) -> None:
    path = write(tmp_path, ditau(100, estimates=["m_vis", "ml_mas"], channels={"low": "njet < 1"}))
    found = sorted(check(path))
    lacks = "the tree of sample 'H125' has no column"
    assert len(found) == 2
    expected = (
        f"{path}:{line_of(path, '- ml_mas')}: report.response.estimates: {lacks} 'ml_mas'; did you mean 'ml_mass'?"
    )
    assert found[0] == expected
    expected = f"{path}:{line_of(path, 'low:')}: report.response.channels: {lacks} 'njet'; did you mean 'njets'"
    assert found[1].startswith(expected)


def test_check_sees_that_no_sample_has_a_truth_and_that_there_is_no_split(tmp_path: Path) -> None:
    path = write(tmp_path, ditau(100, truth="genMas"))
    (fault,) = check(path)
    assert fault.startswith(
        f"{path}:{line_of(path, 'truth')}: report.response.truth: no tree of a simulated sample has"
    )
    config = ditau(100, split="test")
    del config["select"]["split"]
    (fault,) = check(write(tmp_path, config))
    assert fault.startswith(f"{path}:{line_of(path, 'split')}: report.response.split: the tree of sample 'H125' has no")
    assert check(write(tmp_path, ditau(100))) == []


def test_a_run_ends_before_its_loops(tmp_path: Path) -> None:
    path = write(tmp_path, ditau(100, estimates=["nothing"]))
    with pytest.raises(ConfigErrors, match=r"report.response.estimates: the tree of sample 'H125' has no column"):
        rp.run(path, output=tmp_path / "out", say=lambda line: None)
    assert not list((tmp_path / "out").glob("*.root"))
    # of stages without the report, it does not matter
    rp.run(path, stages=["select"], samples=["H125"], output=tmp_path / "out", say=lambda line: None)
