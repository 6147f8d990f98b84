"""The tree ``Events`` of simulated di-tau samples: names, types and indices of NanoAOD."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rdfplugins.cpp import include, load_root
from rdfplugins.simulate import simulate_ditau
from rdfplugins.simulate.ditau.block import FLAGS
from rdfplugins.simulate.ditau.nanoaod import SCHEMA, TRUTH, schema

EVENTS = 4000
OWN = {"genMass", "HLT_DoubleMediumChargedIsoPFTau35_Trk1_eta2p1_Reg"}
NEEDED = [
    "run",
    "luminosityBlock",
    "event",
    "genWeight",
    "PV_npvsGood",
    "PuppiMET_pt",
    "PuppiMET_phi",
    "MET_covXX",
    "MET_covXY",
    "MET_covYY",
    "MET_pt",
    "MET_phi",
    "Tau_pt",
    "Tau_eta",
    "Tau_phi",
    "Tau_mass",
    "Tau_charge",
    "Tau_dz",
    "Tau_decayMode",
    "Tau_jetIdx",
    "Tau_idDecayModeNewDMs",
    "Tau_idDeepTau2017v2p1VSe",
    "Tau_idDeepTau2017v2p1VSmu",
    "Tau_idDeepTau2017v2p1VSjet",
    "Tau_genPartFlav",
    "Muon_pt",
    "Muon_eta",
    "Muon_phi",
    "Muon_mass",
    "Muon_charge",
    "Muon_dxy",
    "Muon_dz",
    "Muon_mediumId",
    "Muon_looseId",
    "Muon_pfRelIso04_all",
    "Muon_genPartFlav",
    "Electron_pt",
    "Electron_eta",
    "Electron_phi",
    "Electron_mass",
    "Electron_charge",
    "Electron_dxy",
    "Electron_dz",
    "Electron_mvaFall17V2noIso_WP90",
    "Electron_convVeto",
    "Electron_lostHits",
    "Electron_pfRelIso03_all",
    "Electron_genPartFlav",
    "Jet_pt",
    "Jet_eta",
    "Jet_phi",
    "Jet_mass",
    "Jet_jetId",
    "Jet_btagDeepB",
    "Jet_hadronFlavour",
    "GenPart_pdgId",
    "GenPart_genPartIdxMother",
]


def leaves(path) -> dict[str, tuple[str, str]]:
    """Name of each branch -> title and type of its leaf."""
    file = load_root().TFile(str(path))
    found = {}
    for branch in file.Get("Events").GetListOfBranches():
        leaf = branch.GetListOfLeaves()[0]
        found[branch.GetName()] = (leaf.GetTitle(), leaf.GetTypeName())
    file.Close()
    return found


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("nanoaod") / "x.root"
    simulate_ditau(path, mode="ttbar", events=EVENTS, seed=6)
    return path


@pytest.fixture(scope="module")
def events(path):
    with uproot.open(path) as file:
        return file["Events"].arrays()


@pytest.fixture(scope="module")
def ditau_events(tmp_path_factory):
    path = tmp_path_factory.mktemp("nanoaod") / "signal.root"
    simulate_ditau(path, mass=125.0, events=EVENTS, seed=6)
    with uproot.open(path) as file:
        return file["Events"].arrays()


def test_names_and_types_are_those_of_real_files(path, real_data):
    real, made = leaves(real_data("nanoaod/nano_dy.root")), leaves(path)
    assert set(made) - set(real) == OWN
    different = {name: (real[name], made[name]) for name in set(made) - OWN if real[name] != made[name]}
    assert different == {}


def test_rdataframe_sees_the_types_of_real_files(path, real_data):
    root = load_root()
    real = root.RDataFrame("Events", str(real_data("nanoaod/nano_dy.root")))
    made = root.RDataFrame("Events", str(path))
    for name in set(SCHEMA) - OWN:
        assert str(made.GetColumnType(name)) == str(real.GetColumnType(name)), name


def test_branches_are_those_of_the_schema(path, events):
    assert list(leaves(path)) == list(SCHEMA) == events.fields
    assert set(NEEDED) | {f"Flag_{name}" for name in FLAGS} <= set(SCHEMA)


def test_data_have_no_truth(tmp_path):
    simulate_ditau(tmp_path / "data.root", mode="data", events=50)
    found = leaves(tmp_path / "data.root")
    assert list(found) == list(schema(is_data=True))
    assert not TRUTH & set(found)
    assert not [name for name in found if "gen" in name.lower() or "Flavour" in name]
    with uproot.open(tmp_path / "data.root") as file:
        assert file["Runs"].keys() == ["run"]
        assert set(np.unique(file["Events"]["run"].array())) == set(file["Runs"]["run"].array().tolist())


def test_numbers_are_finite_and_in_range(events):
    for name in events.fields:
        values = np.asarray(ak.flatten(events[name], axis=None))
        if values.dtype.kind == "f" and name != "genMass":
            assert np.isfinite(values).all(), name
        if name.endswith("_phi"):
            assert np.abs(values).max() <= np.float32(np.pi), name
        if name.endswith("_pt") and not name.startswith("Gen"):
            assert values.min() > 0, name
    assert np.isnan(np.asarray(events.genMass)).all()
    assert ak.min(events.PV_npvsGood) >= 1
    assert ak.all(events.PV_npvsGood <= events.PV_npvs)
    determinant = events.MET_covXX * events.MET_covYY - events.MET_covXY**2
    assert ak.all(determinant > 0)
    for name in ("Tau", "Muon", "Electron"):
        assert set(np.unique(ak.flatten(events[f"{name}_charge"]))) == {-1, 1}


@pytest.mark.parametrize("prefix", ["Tau", "Muon", "Electron", "Jet"])
def test_objects_stand_by_falling_pt(events, prefix):
    pt = events[f"{prefix}_pt"]
    assert ak.all(pt[:, :-1] >= pt[:, 1:])
    assert ak.all(ak.num(pt) == events[f"n{prefix}"])


def delta_r(events, prefix, index, other):
    """Distance of each object to the one it points to; masked where it points nowhere."""
    partner_eta, partner_phi = (
        ak.mask(events[f"{other}_{axis}"][ak.mask(index, index >= 0)], index >= 0) for axis in ("eta", "phi")
    )
    phi = (events[f"{prefix}_phi"] - partner_phi + np.pi) % (2 * np.pi) - np.pi
    return np.hypot(events[f"{prefix}_eta"] - partner_eta, phi)


@pytest.mark.parametrize("prefix", ["Tau", "Muon", "Electron"])
def test_objects_lie_in_the_jet_they_point_to(ditau_events, events, prefix):
    for sample in (ditau_events, events):
        index = sample[f"{prefix}_jetIdx"]
        assert ak.all(index < sample.nJet)
        assert ak.all(index >= -1)
        assert ak.mean(index >= 0) > 0.3
        assert ak.max(delta_r(sample, prefix, index, "Jet")) < 0.15


@pytest.mark.parametrize(("field", "prefix"), [("electronIdx1", "Electron"), ("muonIdx1", "Muon")])
def test_jets_point_back(events, field, prefix):
    index = events[f"Jet_{field}"]
    back = events[f"{prefix}_jetIdx"][ak.mask(index, index >= 0)]
    assert ak.sum(index >= 0) > 100
    assert ak.all(back == ak.local_index(index))


@pytest.mark.parametrize(
    ("prefix", "flavour", "pdg"),
    [
        ("Electron", 1, {11}),
        ("Electron", 15, {11}),
        ("Muon", 1, {13}),
        ("Muon", 15, {13}),
        ("Tau", 1, {11}),
        ("Tau", 4, {13}),
        ("Tau", 5, {211, 213, 20213}),
    ],
)
def test_matches_to_the_truth(events, ditau_events, prefix, flavour, pdg):
    found = 0
    for sample in (events, ditau_events):
        index = sample[f"{prefix}_genPartIdx"]
        chosen = (sample[f"{prefix}_genPartFlav"] == flavour) & (index >= 0)
        particles = abs(sample.GenPart_pdgId)[ak.mask(index, chosen)]
        assert set(np.unique(ak.drop_none(ak.flatten(particles)))) <= pdg
        distance = delta_r(sample, prefix, ak.where(chosen, index, -1), "GenPart")
        assert ak.max(ak.fill_none(ak.flatten(distance), 0.0)) < 0.05
        found += ak.sum(chosen)
    assert found > 20


def test_what_matches_nothing_points_nowhere(events):
    for prefix in ("Electron", "Muon", "Tau"):
        real = np.isin(ak.flatten(events[f"{prefix}_genPartFlav"]), [1, 2, 15] if prefix != "Tau" else [1, 2, 3, 4, 5])
        pointing = np.asarray(ak.flatten(events[f"{prefix}_genPartIdx"])) >= 0
        np.testing.assert_array_equal(pointing, real)


def test_mothers(ditau_events):
    pdg, mother = ditau_events.GenPart_pdgId, ditau_events.GenPart_genPartIdxMother
    assert ak.all(mother < ak.local_index(mother)), "mothers stand before their daughters"
    of = pdg[ak.mask(mother, mother >= 0)]
    assert ak.all(of[abs(pdg) == 15] == 25)
    assert ak.all(abs(of[abs(pdg) == 16]) == 15)
    assert ak.all(ak.sum(abs(pdg) == 15, axis=1) == 2)
    boson = ditau_events.GenPart_mass[pdg == 25][:, 0]
    np.testing.assert_allclose(boson, ditau_events.genMass, rtol=1e-6)


@pytest.mark.parametrize("mode", ["tautau", "zll", "ttbar"])
def test_the_mass_is_what_the_particles_say(tmp_path, mode):
    """``genMass`` agrees with what `ditau.features` finds in ``GenPart`` where a file has no such branch."""
    simulate_ditau(tmp_path / "x.root", mode=mode, events=1000, seed=6)
    include("rdfplugins/ditau_features.h")
    names = ("pdgId", "genPartIdxMother", "pt", "eta", "phi", "mass", "statusFlags")
    call = f"rdfp::ditau::generated_mass(1.0, {', '.join(f'GenPart_{name}' for name in names)})"
    frame = load_root().RDataFrame("Events", str(tmp_path / "x.root")).Define("found", f"double({call})")
    found = frame.AsNumpy(["found", "genMass"])
    assert np.isnan(found["found"]).sum() == (0 if mode == "tautau" else 1000)
    np.testing.assert_allclose(found["genMass"], found["found"], rtol=1e-6)


def test_pile_up_is_drawn_around_its_mean(ditau_events):
    mean, drawn = (np.asarray(ditau_events[f"Pileup_{name}"], dtype=np.float64) for name in ("nTrueInt", "nPU"))
    assert not np.array_equal(mean, np.round(mean)), "the mean is no whole number"
    assert 4.0 <= mean.min() < mean.max() <= 75.0
    pull = (drawn - mean) / np.sqrt(mean)
    assert pull.mean() == pytest.approx(0.0, abs=4 / np.sqrt(EVENTS))
    assert pull.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * EVENTS))


def test_working_points_are_bits(events):
    for name, bits in (("VSjet", 8), ("VSe", 8), ("VSmu", 4)):
        values = set(np.unique(ak.flatten(events[f"Tau_idDeepTau2017v2p1{name}"])).tolist())
        assert values <= {2**n - 1 for n in range(bits + 1)}
        assert len(values) > bits / 2


def test_identifications_are_nested(events):
    for tight, loose in (
        ("Muon_tightId", "Muon_mediumId"),
        ("Muon_mediumId", "Muon_looseId"),
        ("Electron_mvaFall17V2noIso_WP80", "Electron_mvaFall17V2noIso_WP90"),
        ("Tau_idDecayMode", "Tau_idDecayModeNewDMs"),
    ):
        assert ak.all(~events[tight] | events[loose])
        assert ak.sum(events[loose]) > ak.sum(events[tight])


def test_b_tag_efficiencies(events):
    flavour, tag = (np.asarray(ak.flatten(events[name])) for name in ("Jet_hadronFlavour", "Jet_btagDeepB"))
    for value, efficiency, margin in ((5, 0.72, 0.025), (4, 0.15, 0.03), (0, 0.015, 0.004)):
        assert (tag[flavour == value] > 0.3033).mean() == pytest.approx(efficiency, abs=margin)
