"""The config for the outreach files of CMS, on toy events in their format, against the published selection."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import uproot
import yaml
from click.testing import CliRunner

import rdfplugins as rp
from rdfplugins.cli import cli
from rdfplugins.paths import shipped
from tests.select import helpers, outreach

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (shipped("configs") / "ditau_outreach.yaml").read_text()
FOLDER = "root://eospublic.cern.ch//eos/opendata/cms/derived-data/AOD2NanoAODOutreachTool/"
CONFIG = yaml.safe_load(TEXT)
SAMPLES = CONFIG["input"]["samples"]
EVENTS = 400
# as published with the analysis: cross-section in pb, and generated events
PUBLISHED = {
    "GluGluToHToTauTau": (19.6, 476963),
    "VBF_HToTauTau": (1.55, 491653),
    "DYJetsToLL": (3503.7, 30458871),
    "TTbar": (225.2, 6423106),
    "W1JetsToLNu": (6381.2, 29784800),
    "W2JetsToLNu": (2039.8, 30693853),
    "W3JetsToLNu": (612.5, 15241144),
}
DATA = ("Run2012B_TauPlusX", "Run2012C_TauPlusX")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped config beside toy files that bear the names of the real ones."""
    made = tmp_path_factory.mktemp("outreach")
    for seed, name in enumerate((*PUBLISHED, *DATA)):
        events = EVENTS if name in {"GluGluToHToTauTau", "DYJetsToLL", *DATA} else 60
        run = 193000 + seed if name in DATA else 1
        outreach.write(made / f"{name}.root", events, seed=seed, run=run, data=name in DATA)
    assert TEXT.count(FOLDER) == len(PUBLISHED) + len(DATA)
    (made / "ditau_outreach.yaml").write_text(TEXT.replace(FOLDER, ""))
    return made


@pytest.fixture(scope="module")
def result(folder: Path) -> rp.RunResult:
    return rp.run(folder / "ditau_outreach.yaml", output=folder / "out", stages=["select"])


def events_of(folder: Path, *names: str) -> dict[tuple[int, int], outreach.Event]:
    found = {}
    for name in names:
        with uproot.open(folder / f"{name}.root") as file:
            found.update({(event["run"], event["event"]): event for event in file["Events"].arrays().tolist()})
    return found


def expected(folder: Path, *names: str, sign: int = -1) -> dict[tuple[int, int], tuple[outreach.Event, int, int]]:
    """Return the events that pass all cuts, and the places of their legs."""
    found = {}
    for key, event in events_of(folder, *names).items():
        pair = outreach.selected(event)
        if pair is None or not outreach.in_signal_region(event, *pair):
            continue
        if event["Muon_charge"][pair[0]] * event["Tau_charge"][pair[1]] == sign:
            found[key] = (event, *pair)
    return found


def rows_of(path: Path) -> dict[tuple[int, int], dict[str, Any]]:
    columns = helpers.columns(path)
    return {
        (int(columns["run"][row]), int(columns["event"][row])): {name: values[row] for name, values in columns.items()}
        for row in range(len(columns["run"]))
    }


def test_the_toy_files_are_laid_out_as_the_real_ones(folder: Path) -> None:
    with uproot.open(folder / "DYJetsToLL.root") as file:
        kinds = {branch.name: branch.typename for branch in file["Events"].branches}
        titles = {branch.name: branch.title for branch in file["Events"].branches}
    assert kinds["run"] == "int32_t"
    assert kinds["nMuon"] == "uint32_t"
    assert (kinds["Muon_pt"], titles["Muon_pt"]) == ("float[]", "Muon_pt[nMuon]/F")
    assert (kinds["Tau_idIsoTight"], kinds["Jet_puId"]) == ("bool[]", "bool[]")
    assert list(kinds) == list(outreach.LAYOUT)


@pytest.mark.parametrize("name", ["GluGluToHToTauTau", "DYJetsToLL", "data"])
def test_the_published_selection_event_by_event(folder: Path, result: rp.RunResult, name: str) -> None:
    wanted = expected(folder, *(DATA if name == "data" else [name]))
    found = rows_of(result.outputs[name])
    assert sorted(found) == sorted(wanted)
    assert len(wanted) > 10
    for key, (event, muon, tau) in wanted.items():
        row, jets = found[key], outreach.jets(event, muon, tau)
        exact = {
            **{f"{quantity}_1": event[f"Muon_{quantity}"][muon] for quantity in ("pt", "eta", "phi")},
            **{f"{quantity}_2": event[f"Tau_{quantity}"][tau] for quantity in ("pt", "eta", "phi")},
            "iso_1": event["Muon_pfRelIso03_all"][muon],
            "iso_2": event["Tau_relIso_all"][tau],
            "dm_2": event["Tau_decayMode"][tau],
            "met": event["MET_pt"],
            "metcov00": event["MET_CovXX"],
            "metcov01": event["MET_CovXY"],
            "metcov11": event["MET_CovYY"],
            "npv": event["PV_npvs"],
            "njets": len(jets),
            "channel": 1,
            "jet1_pt_reco": event["Jet_pt"][jets[0]] if jets else 0.0,
            "PU_npvsGood_reco": event["PV_npvs"],
            "N_neutrinos_reco": 3,
        }
        assert {column: row[column] for column in exact} == exact, key
        assert row["mt_1"] == pytest.approx(outreach.transverse_mass(event, muon), rel=1e-9, abs=1e-6)
        assert row["m_vis"] == pytest.approx(outreach.visible_mass(event, muon, tau), rel=1e-9)


def test_both_legs_are_taus(folder: Path, result: rp.RunResult) -> None:
    """Simulation knows what a leg is; one that nothing generated is near to is none."""
    found = rows_of(result.outputs["DYJetsToLL"])
    seen = set()
    for key, (event, muon, tau) in expected(folder, "DYJetsToLL").items():
        places = event["Muon_genPartIdx"][muon], event["Tau_genPartIdx"][tau]
        particles = [abs(event["GenPart_pdgId"][place]) if place >= 0 else 0 for place in places]
        assert bool(found[key]["genuine"]) is (particles == [15, 15])
        seen.add((particles == [15, 15], -1 in places))
    assert {(True, False), (False, True), (False, False)} <= seen
    assert "genuine" not in helpers.columns(result.outputs["data"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_weights_are_the_published_ones(result: rp.RunResult, name: str) -> None:
    """Each event stands for cross-section times luminosity over generated events."""
    xsec, generated = PUBLISHED[name]
    first = result.cutflow[name].cuts[0]
    assert first.weighted == pytest.approx(first.events * xsec / generated, rel=1e-12)
    assert set(helpers.columns(result.outputs[name])["weight"]) <= {xsec / generated}
    record = helpers.provenance(result.outputs[name])
    assert record["lumi_pb"] == 11467
    assert record["normalisation"] == {
        "xsec_pb": {"value": xsec, "from": "config"},
        "sum_of_weights": {"value": float(generated), "from": "config"},
    }


def test_data_count_as_they_are(result: rp.RunResult) -> None:
    assert set(helpers.columns(result.outputs["data"])["weight"]) == {1.0}


def test_cuts_behind_the_node_stand_in_the_order_of_the_publication(result: rp.RunResult) -> None:
    cuts = [cut.name for cut in result.cutflow["data"].cuts]
    assert cuts == ["all", "one_channel", "low_mt", "isolated_muon", "pair_charge"]


@pytest.mark.slow
def test_the_report_has_all_plots_of_all_categories(folder: Path, result: rp.RunResult) -> None:
    plots = rp.run(folder / "ditau_outreach.yaml", output=folder / "out", stages=["report"]).report
    made = {path.name for path in plots}
    histograms, categories = CONFIG["select"]["histograms"], CONFIG["select"]["categories"]
    ends = [name for name, spec in histograms.items() if "after" not in spec]  # filled where categories are known
    wanted = {*histograms, *(f"{name}_{category}" for name in ends for category in categories)}
    assert {f"{name}.png" for name in wanted} | {"cutflow.md", "cutflow_mt.png", "index.html"} <= made


def test_the_region_of_equal_charges(folder: Path) -> None:
    """The command that the config gives for it."""
    (command,) = re.findall(r"^# +(rdfrun configs/ditau_outreach\.yaml -o .*)$", TEXT, re.MULTILINE)
    words = shlex.split(command)[2:]
    words[words.index("-o") + 1] = str(folder / "same")
    words += ["--sample", "data", "--stage", "select"]
    called = CliRunner().invoke(cli, [str(folder / "ditau_outreach.yaml"), *words])
    assert called.exit_code == 0, called.output
    wanted = expected(folder, *DATA, sign=1)
    assert sorted(rows_of(folder / "same" / "data.root")) == sorted(wanted)
    assert len(wanted) > 10


def test_check_finds_no_fault(folder: Path) -> None:
    faults, lines = rp.pipeline.check(folder / "ditau_outreach.yaml")
    assert faults == []
    assert [line.partition(" (")[0] for line in lines if " events in " in line] == list(SAMPLES)


def test_an_absent_weight_is_an_error_that_names_the_alias(folder: Path) -> None:
    data = yaml.safe_load(TEXT.replace(FOLDER, f"{folder}/"))
    del data["input"]["aliases"]["genWeight"]
    path = helpers.write_config(folder, data, "without_weight.yaml")
    faults, _ = rp.pipeline.check(path, samples=["TTbar"])
    assert any("'genWeight'" in str(fault) and 'input.aliases: {genWeight: "1"}' in str(fault) for fault in faults)
