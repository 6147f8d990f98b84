"""Cuts on leptons and taus of the awkward rival: branches, bounds, and flat arrays with one entry for each object."""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np

CHANNELS = ("tt", "mt", "et", "em", "mm", "ee")
KIND = {"t": "Tau", "m": "Muon", "e": "Electron"}
FLAGS = (
    *("Flag_goodVertices", "Flag_globalSuperTightHalo2016Filter", "Flag_HBHENoiseFilter", "Flag_HBHENoiseIsoFilter"),
    *("Flag_EcalDeadCellTriggerPrimitiveFilter", "Flag_BadPFMuonFilter", "Flag_eeBadScFilter"),
    "Flag_ecalBadCalibFilter",
)
COPIED = ("run", "luminosityBlock", "event")
COVARIANCE = ("MET_covXX", "MET_covXY", "MET_covYY")
_TAU_IDS = ("idDecayModeNewDMs", *(f"idDeepTau2017v2p1VS{what}" for what in ("e", "mu", "jet")))
_ELECTRON_IDS = ("mvaFall17V2noIso_WP90", "convVeto", "lostHits", "pfRelIso03_all")
FIELDS = {
    "Tau": ("pt", "eta", "phi", "charge", "dz", "decayMode", "jetIdx", *_TAU_IDS),
    "Muon": ("pt", "eta", "phi", "charge", "dxy", "dz", "mediumId", "looseId", "pfRelIso04_all"),
    "Electron": ("pt", "eta", "phi", "charge", "dxy", "dz", *_ELECTRON_IDS),
    "Jet": ("pt", "eta", "phi", "jetId", "btagDeepB"),
}
BRANCHES = (
    *(*COPIED, "genWeight", *FLAGS, *COVARIANCE, "PuppiMET_pt", "PuppiMET_phi", "PV_npvsGood"),
    *(f"{kind}_{name}" for kind, names in FIELDS.items() for name in names),
)
_OBJECTS = {
    "t": tuple(f"tau_{x}" for x in ("kinematics", "vertex", "charge", "decay_mode", "vs_e", "vs_mu", "vs_jet")),
    "m": ("muon_kinematics", "muon_vertex", "muon_id", "muon_isolation"),
    "e": tuple(f"electron_{x}" for x in ("kinematics", "vertex", "id", "conversion", "isolation")),
}
_VETOES = {"mt": ("dimuon_veto",), "et": ("dielectron_veto",)}
CUTS = {
    channel: (
        *(name for letter in dict.fromkeys(channel) for name in _OBJECTS[letter]),
        *(("tau_jet_overlap",) if "t" in channel else ()),
        *("pair_charge", "pair_delta_r", "third_muon_veto", "third_electron_veto", *_VETOES.get(channel, ())),
    )
    for channel in CHANNELS
}
Array = Any


def _bound(x: float, *, above: bool) -> np.float32:
    """Return the least float32 not below x (``above``), or the largest not above.

    A float32 compared with it falls on the same side as when it is promoted and compared with the double x.
    """
    single = np.float32(x)
    if above and single < np.float64(x):
        return np.nextafter(single, np.float32(np.inf))
    if not above and single > np.float64(x):
        return np.nextafter(single, np.float32(-np.inf))
    return single


def lt(values: Array, x: float) -> Array:
    return values < _bound(x, above=True)


def le(values: Array, x: float) -> Array:
    return values <= _bound(x, above=False)


def gt(values: Array, x: float) -> Array:
    return values > _bound(x, above=False)


def ge(values: Array, x: float) -> Array:
    return values >= _bound(x, above=True)


class Kind:
    """Objects of one kind: flat arrays of all events, and where the list of each event begins."""

    def __init__(self, e: Array, kind: str) -> None:
        self.flat = {name: ak.to_numpy(ak.flatten(e[f"{kind}_{name}"])) for name in FIELDS[kind]}
        self.number = ak.to_numpy(ak.num(e[f"{kind}_pt"]))
        self.filled = np.flatnonzero(self.number)
        self.starts = (np.cumsum(self.number) - self.number)[self.filled]

    def reduce(self, how: Any, values: Array) -> Array:
        """Reduce the values of each event's objects by a ufunc, 0 where there are none."""
        found = np.zeros(len(self.number), dtype=values.dtype)
        if len(values):
            found[self.filled] = how.reduceat(values, self.starts)
        return found

    def largest(self, values: Array) -> Array:
        return self.reduce(np.maximum, values)

    def second_largest(self, values: Array) -> Array:
        """Return the second largest of each event, 0 where there are less than two objects."""
        highest = values == np.repeat(self.largest(values), self.number)
        first = self.reduce(np.minimum, np.where(highest, np.arange(len(values)), len(values)))
        others = values.copy()
        others[first[self.filled]] = 0
        return self.largest(others)

    def count(self, mask: Array) -> Array:
        return self.reduce(np.add, mask.astype(np.int32))

    def lists(self, values: Array) -> Array:
        return ak.unflatten(values, self.number)


def depth(cuts: list[Array]) -> Array:
    """Return how many cuts each object passes before it fails one."""
    alive = cuts[0]
    passed = alive.astype(np.int8)
    for cut in cuts[1:]:
        alive = alive & cut
        passed += alive
    return passed


def muons(kind: Kind) -> tuple[dict[str, list[Array]], Array, Array]:
    """Return the cuts per channel, what the veto of a third muon counts, and what the di-muon veto sees."""
    m = kind.flat
    pt, eta, iso, medium = m["pt"], abs(m["eta"]), m["pfRelIso04_all"], m["mediumId"]
    vertex = lt(abs(m["dxy"]), 0.045) & lt(abs(m["dz"]), 0.2)
    rest = [vertex, medium, lt(iso, 0.15)]
    wide = lt(eta, 2.4)
    cuts = {
        "mt": [ge(pt, 21.0) & le(eta, 2.1), *rest],
        "em": [gt(pt, 15.0) & wide, *rest],
        "mm": [gt(pt, 10.0) & wide, *rest],
    }
    common = vertex & wide & lt(iso, 0.3)
    return cuts, common & medium & gt(pt, 10.0), common & m["looseId"] & gt(pt, 15.0)


def electrons(kind: Kind) -> tuple[dict[str, list[Array]], Array, Array]:
    """Return the cuts per channel, what the veto of a third electron counts, and what the di-electron veto sees."""
    m = kind.flat
    pt, eta, iso, known = m["pt"], abs(m["eta"]), m["pfRelIso03_all"], m["mvaFall17V2noIso_WP90"]
    vertex = lt(abs(m["dxy"]), 0.045) & lt(abs(m["dz"]), 0.2)
    clean = m["convVeto"] & (m["lostHits"] <= 1)
    rest = [vertex, known, clean]
    wide = lt(eta, 2.4)
    cuts = {
        "et": [ge(pt, 25.0) & le(eta, 2.1), *rest, lt(iso, 0.15)],
        "em": [gt(pt, 15.0) & wide, *rest, lt(iso, 0.15)],
        "ee": [gt(pt, 20.0) & wide, *rest, lt(iso, 0.1)],
    }
    common = vertex & clean & wide & lt(iso, 0.3)
    return cuts, common & known & gt(pt, 10.0), common & gt(pt, 15.0)


def taus(kind: Kind) -> dict[str, list[Array]]:
    """Return the cuts per channel, but for that on jets nearby."""
    m = kind.flat
    pt, eta, mode = m["pt"], abs(m["eta"]), m["decayMode"]
    vs_e, vs_mu = m["idDeepTau2017v2p1VSe"], m["idDeepTau2017v2p1VSmu"]
    vertex, charge = lt(abs(m["dz"]), 0.2), abs(m["charge"]) == 1
    known = m["idDecayModeNewDMs"] & (((mode >= 0) & (mode <= 2)) | (mode == 10) | (mode == 11))
    vs_jet = m["idDeepTau2017v2p1VSjet"] >= 16
    soft = ge(pt, 30.0) & le(eta, 2.3)
    return {
        "tt": [gt(pt, 40.0) & lt(eta, 2.1), vertex, charge, known, vs_e >= 2, vs_mu >= 1, vs_jet],
        "mt": [soft, vertex, charge, known, vs_e >= 2, vs_mu >= 8, vs_jet],
        "et": [soft, vertex, charge, known, vs_e >= 32, vs_mu >= 1, vs_jet],
    }


class Objects:
    """What the cuts on objects leave of all events, per channel: good objects, and how many cuts an event passed."""

    def __init__(self, e: Array) -> None:
        kinds = {name: Kind(e, name) for name in ("Muon", "Electron", "Tau")}
        cuts: dict[str, dict[str, list[Array]]] = {"Tau": taus(kinds["Tau"])}
        cuts["Muon"], third_muon, loose_muon = muons(kinds["Muon"])
        cuts["Electron"], third_electron, loose_electron = electrons(kinds["Electron"])
        self.third_muons = kinds["Muon"].count(third_muon)
        self.third_electrons = kinds["Electron"].count(third_electron)
        self.loose = {"mt": kinds["Muon"].lists(loose_muon), "et": kinds["Electron"].lists(loose_electron)}
        self.good: dict[str, dict[str, Array]] = {channel: {} for channel in CHANNELS}
        self.steps: dict[str, Array] = {}
        self.complete: dict[str, Array] = {}
        for channel in CHANNELS:
            first, second = (KIND[letter] for letter in channel)
            steps = np.zeros(len(e), dtype=np.int8)
            complete = np.ones(len(e), dtype=bool)
            for name in dict.fromkeys((first, second)):
                of_channel = cuts[name][channel]
                passed = depth(of_channel)
                reached = kinds[name].second_largest(passed) if first == second else kinds[name].largest(passed)
                steps += np.where(complete, reached, np.int8(0))
                complete &= reached == len(of_channel)
                self.good[channel][name] = kinds[name].lists(passed == len(of_channel))
            self.steps[channel], self.complete[channel] = steps, complete
