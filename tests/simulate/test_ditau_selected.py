"""Simulated di-tau events behind the selection, and what is measured in them."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rdfplugins.cpp import load_root
from rdfplugins.nodes import ditau
from rdfplugins.simulate import simulate_ditau
from rdfplugins.simulate.ditau.modes import DATA_RATES

EVENTS = 30_000
TT, MT, ET, EM, MM, EE = range(6)
COLUMNS = ["channel", "m_vis", "mt_1", "pt_1", "pt_2", "nbtag"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """File of a sample, and the columns of its selected events."""
    folder = tmp_path_factory.mktemp("ditau")
    samples: dict = {}

    def get(**words):
        name = "_".join(f"{key}{value}" for key, value in words.items()).replace(".", "p")
        if name not in samples:
            path = folder / f"{name}.root"
            simulate_ditau(path, events=EVENTS, seed=12, **words)
            frame = load_root().RDataFrame("Events", str(path))
            charge = {"charge": "any"} if words.get("mode") == "qcd" else {}
            columns = [*COLUMNS, "q_1", "q_2"]
            samples[name] = path, ditau.features(ditau.select(frame, **charge)).AsNumpy(columns)
        return samples[name]

    return get


def higgs(made):
    return made(mass=125.0)


def test_there_is_signal_in_all_six_channels(made):
    counts = np.bincount(higgs(made)[1]["channel"], minlength=6) / EVENTS
    for channel, (low, high) in {
        TT: (0.008, 0.025),
        MT: (0.015, 0.035),
        ET: (0.008, 0.025),
        EM: (0.006, 0.020),
        MM: (0.004, 0.015),
        EE: (0.001, 0.010),
    }.items():
        assert low < counts[channel] < high, channel


def test_heavy_resonances_are_kept_more_often(made):
    _, flat = made()
    assert 0.2 < len(flat["channel"]) / EVENTS < 0.4
    assert np.bincount(flat["channel"], minlength=6).min() > 200


@pytest.mark.parametrize(("channel", "mean"), [(TT, 0.82), (MT, 0.66)])
def test_visible_mass(made, channel, mean):
    _, selected = higgs(made)
    fraction = selected["m_vis"][selected["channel"] == channel] / 125.0
    assert len(fraction) > 300
    assert fraction.mean() == pytest.approx(mean, abs=0.02)


def test_most_events_have_a_jet(made):
    path, _ = higgs(made)
    jets = uproot.open(path)["Events"].arrays(["Jet_pt", "Jet_eta", "Jet_jetId", "Tau_jetIdx"])
    pairs = ak.cartesian({"jet": ak.local_index(jets.Jet_pt), "tau": jets.Tau_jetIdx}, nested=True)
    of_tau = ak.any(pairs.jet == pairs.tau, axis=-1)
    good = (jets.Jet_pt > 30) & (abs(jets.Jet_eta) < 4.7) & (jets.Jet_jetId >= 6) & ~of_tau
    assert 0.46 < ak.mean(ak.any(good, axis=1)) < 0.54


def test_covariance_and_resolution(made):
    path, _ = higgs(made)
    names = ["MET_covXX", "MET_covXY", "MET_covYY", "PV_npvs"]
    names += [f"{kind}_{part}" for kind in ("MET", "PuppiMET", "GenMET") for part in ("pt", "phi")]
    events = uproot.open(path)["Events"].arrays(names, library="np")
    assert events["MET_covXX"].mean() == pytest.approx(420, abs=15)
    assert np.percentile(events["MET_covXX"], 5) > 300
    assert np.percentile(events["MET_covXX"], 95) < 590
    x, y = np.cos, np.sin
    true, found, puppi = (
        np.stack([events[f"{kind}_pt"] * part(events[f"{kind}_phi"]) for part in (x, y)])
        for kind in ("GenMET", "MET", "PuppiMET")
    )
    residual, of_puppi = found - true, puppi - true
    for i, name in enumerate(("MET_covXX", "MET_covYY")):
        pull = residual[i] / np.sqrt(events[name])
        assert pull.mean() == pytest.approx(0.0, abs=0.03)
        width = (np.percentile(pull, 84) - np.percentile(pull, 16)) / 2
        assert width == pytest.approx(1.0, abs=0.08), "the covariance describes the errors"
    assert of_puppi.std() < 0.8 * residual.std(), "mitigated pile-up resolves better"
    assert 0.6 < np.corrcoef(residual[0], of_puppi[0])[0, 1] < 0.95
    assert np.corrcoef(events["PV_npvs"], events["MET_covXX"])[0, 1] > 0.4
    assert events["PV_npvs"].mean() == pytest.approx(24, abs=3)


def test_the_missing_momentum_follows_the_neutrinos(made):
    path, _ = made()
    names = ["PuppiMET_pt", "GenMET_pt"]
    events = uproot.open(path)["Events"].arrays(names, library="np")
    hard = events["GenMET_pt"] > 150
    assert hard.sum() > 1000
    assert np.median(events["PuppiMET_pt"][hard] / events["GenMET_pt"][hard]) == pytest.approx(1.0, abs=0.03)


def test_z_bosons_make_a_peak(made):
    _, selected = made(mode="zll")
    pairs = np.isin(selected["channel"], (MM, EE))
    assert 0.4 < pairs.mean() * len(pairs) / EVENTS < 0.7
    assert np.median(selected["m_vis"][pairs]) == pytest.approx(91.2, abs=0.3)
    assert 0 < (~pairs).sum() < 100, "few are taken for taus"


def test_w_bosons_have_a_high_transverse_mass(made):
    _, w = made(mode="wjets")
    _, z = made(mass=91.2, spin="vector")
    for selected, low, high in ((w, 0.5, 0.9), (z, 0.0, 0.2)):
        chosen = np.isin(selected["channel"], (MT, ET))
        assert chosen.sum() > 100
        assert low < (selected["mt_1"][chosen] > 50).mean() < high


def test_tops_have_b_jets(made):
    _, top = made(mode="ttbar")
    assert 0.7 < (top["nbtag"] > 0).mean() < 0.95
    assert (higgs(made)[1]["nbtag"] > 0).mean() < 0.1


def test_jets_have_no_preferred_charge(made):
    _, qcd = made(mode="qcd")
    same = qcd["q_1"] == qcd["q_2"]
    assert len(same) > 80
    assert abs(same.mean() - 0.5) < 3 * 0.5 / np.sqrt(len(same))


def test_data_are_the_sum_of_the_samples(tmp_path, made):
    """As many events in each channel as the simulations of the parts, scaled to the luminosity of the data."""
    path = tmp_path / "data.root"
    data = simulate_ditau(path, mode="data", events=3 * EVENTS, seed=8)
    frame = load_root().RDataFrame("Events", str(path))
    found = np.bincount(ditau.features(ditau.select(frame)).AsNumpy(["channel"])["channel"], minlength=6)
    expected, variance = np.zeros(6), np.zeros(6)
    for name, xsec in DATA_RATES.items():
        words = {"higgs": {"mass": 125.0}, "ztt": {"mass": 91.2, "spin": "vector"}}.get(name, {"mode": name})
        _, selected = made(**words)
        opposite = selected["q_1"] * selected["q_2"] < 0
        counts = np.bincount(selected["channel"][opposite], minlength=6)
        weight = xsec * data.luminosity_pb / EVENTS
        expected += weight * counts
        variance += weight**2 * (counts + 1)
    assert np.all(np.abs(found - expected) < 4 * np.sqrt(expected + variance))
    assert found[MM] > 3000
