"""The release of 2025: its schema, and that it holds the events of 2020."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import uproot

from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError
from rdfplugins.simulate import MODES, simulate_hgg
from rdfplugins.simulate.hgg.analysis import SCHEMA, TREE, quantile
from rdfplugins.simulate.hgg.events import generate
from rdfplugins.simulate.hgg.modes import SIGNALS
from rdfplugins.simulate.trees import check_columns

EVENTS = 12_000
COLLECTIONS = {"photon": "photon", "jet": "jet", "lep": "lep", "tau": "tau", "largeRJet": "largeRjet"}
# name in 2025 -> name in 2020, and what the number of 2020 is divided by
RENAMED = {
    **{f"{new}_{name}": (f"{old}_{name}", 1000.0) for new, old in COLLECTIONS.items() for name in ("pt",)},
    **{f"{new}_e": (f"{old}_E", 1000.0) for new, old in COLLECTIONS.items()},
    **{f"{new}_{name}": (f"{old}_{name}", 1.0) for new, old in COLLECTIONS.items() for name in ("n", "eta", "phi")},
    "largeRJet_m": ("largeRjet_m", 1000.0),
    "largeRJet_D2": ("largeRjet_D2", 1.0),
    "photon_ptcone20": ("photon_ptcone30", 1000.0),
    "photon_topoetcone40": ("photon_etcone20", 1000.0),
    "photon_isTightID": ("photon_isTightID", 1.0),
    "lep_ptvarcone30": ("lep_ptcone30", 1000.0),
    "lep_topoetcone20": ("lep_etcone20", 1000.0),
    "lep_d0": ("lep_trackd0pvunbiased", 1.0),
    "lep_d0sig": ("lep_tracksigd0pvunbiased", 1.0),
    "lep_isTrigMatched": ("lep_trigMatched", 1.0),
    **{f"lep_{name}": (f"lep_{name}", 1.0) for name in ("type", "charge", "z0", "isTightID")},
    "tau_isTight": ("tau_isTightID", 1.0),
    "tau_RNNJetScore": ("tau_BDTid", 1.0),
    **{f"tau_{name}": (f"tau_{name}", 1.0) for name in ("nTracks", "charge")},
    "met": ("met_et", 1000.0),
    **{name: (name, 1.0) for name in ("met_phi", "mcWeight", "runNumber", "trigE", "trigM", "trigP")},
    **{
        f"ScaleFactor_{name}": (f"scaleFactor_{name}", 1.0)
        for name in ("PILEUP", "ELE", "MUON", "PHOTON", "TAU", "BTAG", "LepTRIGGER")
    },
    "ScaleFactor_FTAG": ("scaleFactor_BTAG", 1.0),
}


@pytest.fixture(scope="module", params=MODES)
def both(request):
    """A mode, and its events in the releases of 2020 and 2025."""
    mode = request.param
    return mode, generate(mode, EVENTS, 11), generate(mode, EVENTS, 11, release="2025")


def flag_fraction(columns, name):
    return columns[name].values.mean()


def test_the_schema_is_that_of_the_documentation():
    assert len(SCHEMA) == 116
    assert list(SCHEMA)[:3] == ["num_events", "sum_of_weights", "sum_of_weights_squared"]
    assert list(SCHEMA)[-4:] == ["met", "met_phi", "met_mpx", "met_mpy"]
    assert {name: SCHEMA[name].leaf for name in ("eventNumber", "runNumber", "channelNumber", "photon_n", "xsec")} == {
        "eventNumber": "ULong64_t",
        "runNumber": "unsigned int",
        "channelNumber": "unsigned int",
        "photon_n": "int",
        "xsec": "double",
    }
    for name in ("photon_trigMatched", "photon_convType", "photon_pt_syst", "jet_pt_syst", "ScaleFactor_PhotonTRIGGER"):
        assert name not in SCHEMA
    assert {branch.rvec for branch in SCHEMA.values() if branch.vector} == {True}


def test_all_branches_are_there_with_their_types_and_finite(both):
    _, _, columns = both
    assert list(columns) == list(SCHEMA)
    assert check_columns(columns, SCHEMA) == EVENTS
    for name, column in columns.items():
        assert np.isfinite(column.values.astype(np.float64)).all(), name


def test_the_events_are_those_of_2020(both):
    _, old, new = both
    for name, (before, scale) in RENAMED.items():
        np.testing.assert_array_equal(new[name].offsets, old[before].offsets, err_msg=name)
        values = old[before].values.astype(np.float64) / scale
        np.testing.assert_allclose(new[name].values, values, rtol=2e-7, atol=0, err_msg=name)
    np.testing.assert_array_equal(new["eventNumber"].values, old["eventNumber"].values.astype(np.uint32))
    met, phi = (new[name].values.astype(np.float64) for name in ("met", "met_phi"))
    np.testing.assert_allclose(new["met_mpx"].values, met * np.cos(phi), rtol=1e-5, atol=2e-4)
    np.testing.assert_allclose(new["met_mpy"].values, met * np.sin(phi), rtol=1e-5, atol=2e-4)


def test_counters_and_lengths_agree(both):
    _, _, columns = both
    prefixes = [*COLLECTIONS, *(f"truth_{name}" for name in ("jet", "elec", "muon", "tau", "photon"))]
    for prefix in prefixes:
        names = [name for name in SCHEMA if name.startswith(f"{prefix}_") and SCHEMA[name].vector]
        assert len(names) > 2
        for name in names:
            np.testing.assert_array_equal(np.diff(columns[name].offsets), columns[f"{prefix}_n"].values, err_msg=name)


def test_normalisation(both):
    mode, _, columns = both
    values = {name: set(columns[name].values) for name in ("xsec", "kfac", "filteff", "sum_of_weights", "num_events")}
    assert {len(found) for found in values.values()} == {1}
    xsec, kfac, filteff, total, events = (next(iter(found)) for found in values.values())
    assert events == EVENTS
    if mode == "data":
        assert (xsec, kfac, filteff, total) == (1, 1, 1, 1)
        return
    assert xsec * kfac * filteff == pytest.approx(SIGNALS[mode].xsec_pb, rel=1e-15)
    weights = columns["mcWeight"].values.astype(np.float64)
    assert weights.sum() == total
    assert columns["sum_of_weights_squared"].values[0] == pytest.approx((weights**2).sum(), rel=1e-12)


def test_data_says_nothing_of_truth_and_weights(both):
    mode, _, columns = both
    factors = [name for name in SCHEMA if name.startswith("ScaleFactor_")]
    truth = [name for name in SCHEMA if name.startswith("truth_") and SCHEMA[name].vector]
    if mode == "data":
        assert not any(columns[name].values.any() for name in ("mcWeight", "truth_met", *factors))
        assert not any(len(columns[name].values) for name in truth)
    else:
        assert all(columns[name].values.min() > 0 for name in factors)
        assert all(len(columns[name].values) for name in ("truth_photon_pt", "truth_jet_pt"))


def test_identification_and_isolation_are_nested_as_they_should_be(both):
    mode, _, columns = both
    for prefix in ("photon", "lep"):
        chain = [
            columns[f"{prefix}_is{name}ID"].values
            for name in ("Tight", "Medium", "Loose")
            if f"{prefix}_is{name}ID" in SCHEMA
        ]
        for tighter, looser in itertools.pairwise(chain):
            assert not (tighter & ~looser).any()
            assert tighter.mean() < looser.mean()
    pt, track = columns["photon_pt"].values, columns["photon_ptcone20"].values
    few = track / pt < 0.05
    assert not (columns["photon_isTightIso"].values & ~few).any()
    assert not (columns["photon_isLooseIso"].values & ~few).any()
    assert (0.3 if mode == "data" else 0.6) < flag_fraction(columns, "photon_isTightIso") < 0.98


def test_quantiles_have_the_efficiencies_of_their_working_points():
    columns, old = generate("tt", 30_000, 2, release="2025"), generate("tt", 30_000, 2)
    found, flavour = columns["jet_btag_quantile"].values, old["jet_trueflav"].values
    assert set(found) == {1, 2, 3, 4, 5}
    bottom = found[flavour == 5]
    assert len(bottom) > 10_000
    for lowest, efficiency in ((2, 0.85), (3, 0.77), (4, 0.70), (5, 0.60)):
        assert (bottom >= lowest).mean() == pytest.approx(efficiency, abs=0.015)
    assert (found[flavour == 0] >= 4).mean() < 0.05
    np.testing.assert_array_equal(quantile(np.array([-1.0, 1.0, -1.0 + 1e-12])), [1, 5, 1])


def test_smeared_jets_stand_around_their_momenta():
    columns = generate("tt", 20_000, 2, release="2025")
    for name, width in (("jet_pt_jer1", 0.03), ("jet_pt_jer2", 0.015)):
        ratio = columns[name].values / columns["jet_pt"].values - 1
        assert abs(ratio.mean()) < 0.001
        assert ratio.std() == pytest.approx(width, rel=0.05)


def test_truth_photons_make_the_higgs_boson():
    columns = generate("gg", 3000, 2, release="2025")
    offsets = columns["truth_photon_pt"].offsets
    assert set(np.diff(offsets)) == {2}
    pt, eta, phi = (
        columns[f"truth_photon_{name}"].values.astype(float).reshape(-1, 2) for name in ("pt", "eta", "phi")
    )
    mass = np.sqrt(2 * pt[:, 0] * pt[:, 1] * (np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])))
    np.testing.assert_allclose(mass, 125.0, rtol=1e-4)
    assert (pt[:, 0] >= pt[:, 1]).all()


# -- files


def test_a_file_has_rvecs_and_says_its_release(tmp_path):
    made = simulate_hgg(tmp_path / "gg.root", mode="gg", events=50, seed=2, release="2025")
    file = load_root().TFile(str(made.path))
    tree = file.Get(TREE)
    found = [(branch.GetName(), str(branch.GetClassName())) for branch in tree.GetListOfBranches()]
    titles = {branch.GetName(): branch.GetTitle() for branch in tree.GetListOfBranches() if not branch.GetClassName()}
    file.Close()
    assert found == [(name, branch.leaf if branch.vector else "") for name, branch in SCHEMA.items()]
    assert titles["eventNumber"] == "eventNumber/l"
    assert titles["xsec"] == "xsec/D"
    assert titles["photon_n"] == "photon_n/I"
    with uproot.open(made.path) as opened:
        assert json.loads(opened["provenance"])["release"] == "2025"
        array = opened[TREE].arrays()
    columns = generate("gg", 50, 2, release="2025")
    for name, column in columns.items():
        if column.offsets is None:
            assert array[name].tolist() == column.values.tolist(), name
        else:
            rows = [column.values[a:b].tolist() for a, b in zip(column.offsets, column.offsets[1:], strict=False)]
            assert array[name].tolist() == rows, name


def test_a_release_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match=r"unknown release '2026' of the hgg simulation; did you mean '202"):
        simulate_hgg(tmp_path / "new" / "x.root", mode="gg", events=1, release="2026")
    assert list(tmp_path.iterdir()) == []
