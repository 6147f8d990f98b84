"""Real events of NanoAOD: which ones the di-tau selection keeps, in which channel, and what had to be replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import uproot
import yaml

import rdfplugins as rp
from rdfplugins.nodes import ditau
from rdfplugins.paths import shipped
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real_data

TEXT = (shipped("configs") / "ditau_nanoaod.yaml").read_text()
DY, DIMUON, PFNANO, OLD = "nano_dy", "nano_dimuon", "pfnano", "nanoAOD_2015_CMS_Open_Data_ttbar"
ENTRIES = {DY: 40, DIMUON: 40, PFNANO: 10, OLD: 200}
KEPT = {  # file -> entry -> channel
    DY: {4: "mm", 21: "ee", 23: "mm", 24: "mm", 26: "mm"},
    DIMUON: dict.fromkeys((1, 2, 7, 8), "mm"),
    PFNANO: {},
    OLD: {},
}
SIMULATED = {"kind": "mc", "xsec_pb": 6077.2, "sum_of_weights": "runs"}
# in place of DeepTau, which the files of 2015 lack: bits of the older discriminators, tight against jets
OLD_IDS = {
    "tau_vs_e": "(Tau_idAntiEle & 2) > 0",
    "tau_vs_mu": "(Tau_idAntiMu & 1) > 0",
    "tau_vs_jet": "(Tau_idMVAoldDM & 16) > 0",
}
ABSENT_FLAGS = ["globalSuperTightHalo2016Filter", "BadPFMuonFilter", "ecalBadCalibFilter"]


@pytest.fixture
def folder(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NANOAOD_DIR", str(real_data / "nanoaod"))
    return real_data / "nanoaod"


def config_data(sample: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    """Return the shipped config with one sample in place of its own, and parameters of the selection."""
    data: dict[str, Any] = yaml.safe_load(TEXT)
    data["input"]["samples"] = {"one": sample}
    (step,) = [step for step in data["select"]["steps"] if step.get("node") == "ditau.select"]
    step["with"] |= parameters
    return data


def keys_of(path: Path, entries: list[int]) -> list[tuple[int, int, int]]:
    with uproot.open({path: "Events"}) as tree:
        columns = [tree[name].array(library="np") for name in ("run", "luminosityBlock", "event")]
    assert len(columns[0]) == ENTRIES[path.stem]
    return [tuple(int(column[entry]) for column in columns) for entry in entries]


def kept(path: Path) -> dict[tuple[int, int, int], str]:
    """Return the identity of each event of an output -> its channel."""
    columns = helpers.columns(path)
    keys = zip(*(columns[name].tolist() for name in ("run", "luminosityBlock", "event")), strict=True)
    return {key: ditau.CHANNELS[channel] for key, channel in zip(keys, columns["channel"].tolist(), strict=True)}


@pytest.mark.parametrize(("name", "sample"), [(DY, SIMULATED), (DIMUON, {"kind": "data"}), (PFNANO, SIMULATED)])
def test_the_events_that_are_kept(tmp_path: Path, folder: Path, name: str, sample: dict[str, Any]) -> None:
    file = folder / f"{name}.root"
    result = helpers.run(tmp_path, config_data({**sample, "files": str(file)}), stages=["select"])
    wanted = dict(zip(keys_of(file, list(KEPT[name])), KEPT[name].values(), strict=True))
    assert kept(result.outputs["one"]) == wanted
    assert result.cutflow["one"].cuts[0].events == ENTRIES[name]
    assert result.cutflow["one"].cuts[-1].events == len(wanted)
    columns = helpers.columns(result.outputs["one"])
    assert set(ditau.INPUTS) <= set(columns)
    assert ("genMass" in columns) is (sample["kind"] == "mc")


@pytest.mark.slow
def test_the_shipped_config_runs_as_it_stands(tmp_path: Path, folder: Path) -> None:
    result = rp.run(shipped("configs") / "ditau_nanoaod.yaml", output=tmp_path)
    assert {name: len(kept(path)) for name, path in result.outputs.items()} == {"DY": 5, "data": 4}
    record = helpers.provenance(result.outputs["DY"])
    total = record["normalisation"]["sum_of_weights"]
    assert total == {"value": rp.sum_of_gen_weights(folder / f"{DY}.root"), "from": "Runs.genEventSumw"}
    with uproot.open(folder / f"{DY}.root") as file:
        generated = float(file["Events"]["genWeight"].array(library="np").astype(float).sum())
    assert result.cutflow["DY"].cuts[0].weighted == pytest.approx(generated * 6077.2 / total["value"], rel=1e-12)
    assert (tmp_path / "report" / "m_vis.png").stat().st_size > 5000


def test_triggers_and_good_runs_of_the_comments(tmp_path: Path, folder: Path) -> None:
    """What the config only shows: lines that become real when their mark is taken away."""
    lines = TEXT.splitlines()
    first = lines.index("        # triggers:")
    for number in range(first, first + 7):
        lines[number] = lines[number].replace("# ", "", 1)
    text = "\n".join(lines).replace("    # - golden_json: Cert", "    - golden_json: Cert")
    data = yaml.safe_load(text)
    (step,) = [step["with"] for step in data["select"]["steps"] if step.get("node") == "ditau.select"]
    assert list(step["triggers"]) == list(ditau.CHANNELS)
    (name,) = [step["golden_json"] for step in data["select"]["steps"] if "golden_json" in step]
    (tmp_path / name).write_text(json.dumps({"315267": [[1, 205]]}))
    result = helpers.run(tmp_path, data, stages=["select"])
    with uproot.open({folder / f"{DIMUON}.root": "Events"}) as tree:
        columns = ("HLT_IsoMu24", "HLT_IsoMu27", "luminosityBlock")
        fired = {name: tree[name].array(library="np") for name in columns}
    entries = [
        entry
        for entry in KEPT[DIMUON]
        if (fired["HLT_IsoMu24"][entry] or fired["HLT_IsoMu27"][entry]) and fired["luminosityBlock"][entry] <= 205
    ]
    assert entries
    assert sorted(kept(result.outputs["data"])) == sorted(keys_of(folder / f"{DIMUON}.root", entries))
    assert [cut.name for cut in result.cutflow["data"].cuts][1] == "golden_json"


def test_events_of_2015_lack_ids(tmp_path: Path, folder: Path) -> None:
    """The error names each branch that is not there, and the parameter that replaces it."""
    sample = {"kind": "mc", "files": str(folder / f"{OLD}.root"), "xsec_pb": 831.8, "sum_of_weights": 200.0}
    faults, _ = rp.pipeline.check(helpers.write_config(tmp_path, config_data(sample)))
    for against, parameter in (("e", "tau_vs_e"), ("mu", "tau_vs_mu"), ("jet", "tau_vs_jet")):
        branch = f"Tau_idDeepTau2017v2p1VS{against}"
        assert any(f"'{branch}'" in str(fault) and f"{{{parameter}: ...}}" in str(fault) for fault in faults), branch


def test_events_of_2015_with_other_ids(tmp_path: Path, folder: Path) -> None:
    """Nothing is selected: their muons pass no id, and their taus are few. What was replaced is on record."""
    sample = {"kind": "mc", "files": str(folder / f"{OLD}.root"), "xsec_pb": 831.8, "sum_of_weights": 200.0}
    said: list[str] = []
    result = helpers.run(tmp_path, config_data(sample, **OLD_IDS), say=said.append, stages=["select"])
    assert kept(result.outputs["one"]) == {}
    assert result.cutflow["one"].cuts[0].events == ENTRIES[OLD]
    assert set(ditau.INPUTS) <= set(helpers.columns(result.outputs["one"]))
    record = json.dumps(helpers.provenance(result.outputs["one"])["substitutions"])
    told = " ".join(said)
    for flag in ABSENT_FLAGS:
        assert f"Flag_{flag}" in record
        assert f"Flag_{flag}" in told
    for parameter, expression in OLD_IDS.items():
        assert expression in record, parameter
        assert expression in told, parameter


def test_a_sum_of_weights_cannot_be_read_from_2015(tmp_path: Path, folder: Path) -> None:
    sample = {**SIMULATED, "files": str(folder / f"{OLD}.root")}
    faults, _ = rp.pipeline.check(helpers.write_config(tmp_path, config_data(sample, **OLD_IDS)))
    assert any("has no tree 'Runs'" in str(fault) and f"{OLD}.root" in str(fault) for fault in faults)
