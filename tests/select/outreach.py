"""Files in the format of the CMS Open Data of 2012 for outreach, with toy events, and the published selection on them.

Names, types and order of the branches are those that AOD2NanoAODOutreachTool declares; the selection is that of
HiggsTauTauNanoAODOutreachAnalysis, event by event in plain Python.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate import trees
from rdfplugins.simulate.layout import read_counted_layout

if TYPE_CHECKING:
    from pathlib import Path

Event = dict[str, Any]

LAYOUT = read_counted_layout("""
int run
uint luminosityBlock
ulong event
bool HLT_IsoMu24_eta2p1 HLT_IsoMu24 HLT_IsoMu17_eta2p1_LooseIsoPFTau20
int PV_npvs
float PV_x PV_y PV_z
floats Muon_pt Muon_eta Muon_phi Muon_mass
ints Muon_charge
floats Muon_pfRelIso03_all Muon_pfRelIso04_all
bools Muon_tightId Muon_softId
floats Muon_dxy Muon_dxyErr Muon_dz Muon_dzErr
ints Muon_jetIdx Muon_genPartIdx
floats Electron_pt Electron_eta Electron_phi Electron_mass
ints Electron_charge
floats Electron_pfRelIso03_all Electron_dxy Electron_dxyErr Electron_dz Electron_dzErr
bools Electron_cutBasedId Electron_pfId
ints Electron_jetIdx Electron_genPartIdx
floats Tau_pt Tau_eta Tau_phi Tau_mass
ints Tau_charge Tau_decayMode
floats Tau_relIso_all
ints Tau_jetIdx Tau_genPartIdx
bools Tau_idDecayMode
floats Tau_idIsoRaw
bools Tau_idIsoVLoose Tau_idIsoLoose Tau_idIsoMedium Tau_idIsoTight
bools Tau_idAntiEleLoose Tau_idAntiEleMedium Tau_idAntiEleTight
bools Tau_idAntiMuLoose Tau_idAntiMuMedium Tau_idAntiMuTight
float MET_pt MET_phi MET_sumet MET_significance MET_CovXX MET_CovXY MET_CovYY
floats Jet_pt Jet_eta Jet_phi Jet_mass
bools Jet_puId
floats Jet_btag
floats GenPart_pt GenPart_eta GenPart_phi GenPart_mass
ints GenPart_pdgId GenPart_status
""")
TRIGGER = "HLT_IsoMu17_eta2p1_LooseIsoPFTau20"

_SCALE = {"Muon_pt": 12.0, "Electron_pt": 12.0, "Tau_pt": 15.0, "Jet_pt": 25.0, "GenPart_pt": 20.0, "MET_pt": 12.0}
_FROM = {"Muon_pt": 10.0, "Electron_pt": 5.0, "Tau_pt": 15.0, "Jet_pt": 15.0}
_SHARE = {TRIGGER: 0.9, "Muon_tightId": 0.8, "Jet_puId": 0.8}
_CHOICES = {"pdgId": [-15, -13, 11, 13, 15], "charge": [-1, 1]}
_WIDEST = {"eta": 2.6, "phi": math.pi}
_MEAN = {"Muon": 1.2, "Electron": 0.3, "Tau": 1.8, "Jet": 2.0, "GenPart": 1.5}


def write(path: Path, events: int, *, seed: int, run: int = 1, data: bool = False) -> Path:
    """Write a file of toy events, of which about a sixth pass the published selection."""
    chance = np.random.default_rng(seed)
    layout = {name: branch for name, branch in LAYOUT.items() if not (data and "GenPart" in name.partition("_")[0])}
    counts = {name: chance.poisson(mean, events) for name, mean in _MEAN.items()}
    columns = {name: _column(name, branch, counts, chance) for name, branch in layout.items()}
    for name, values in {
        "run": run,
        "luminosityBlock": 1 + np.arange(events) // 10,
        "event": np.arange(events),
    }.items():
        columns[name] = trees.Column(np.full(events, values, dtype=layout[name].dtype))
    with trees.TreeWriter(path, "Events", layout, "toy events in the format of the outreach files") as writer:
        writer.fill(columns)
    return path


def _column(name: str, branch: trees.Branch, counts: dict[str, Any], chance: np.random.Generator) -> trees.Column:
    collection = name.partition("_")[0]
    events = len(counts["Muon"])
    if branch.counter is None:
        many = counts.get(name[1:])
        values = _values(name, branch.dtype, events, None, chance) if many is None else many
        return trees.Column(values.astype(branch.dtype))
    offsets = np.cumsum([0, *counts[collection]], dtype=np.int64)
    places = np.repeat(counts["GenPart"], counts[collection])
    values = _values(name, branch.dtype, int(offsets[-1]), places, chance)
    return trees.Column(values.astype(branch.dtype), offsets)


def _values(name: str, dtype: str, size: int, generated: Any, chance: np.random.Generator) -> Any:
    quantity = name.partition("_")[2]
    if dtype == "bool":
        found = chance.random(size) < _SHARE.get(name, 0.85)
    elif quantity == "genPartIdx":  # any of the event, or -1
        found = np.floor(chance.random(size) * (generated + 1)) - 1
    elif quantity in _CHOICES:
        found = chance.choice(_CHOICES[quantity], size)
    elif dtype != "float32":
        found = chance.integers(0, 11, size)
    elif quantity in _WIDEST:
        found = chance.uniform(-_WIDEST[quantity], _WIDEST[quantity], size)
    else:
        found = _FROM.get(name, 0.0) + chance.exponential(_SCALE.get(name, 0.12), size)
    return found


# -- the published selection


def selected(event: Event) -> tuple[int, int] | None:
    """Return the places of the muon and of the tau; None where the skim drops the event."""
    if not event[TRIGGER]:
        return None
    muons = [
        i
        for i in range(event["nMuon"])
        if abs(event["Muon_eta"][i]) < 2.1 and event["Muon_pt"][i] > 17 and event["Muon_tightId"][i]
    ]
    ids = ("Tau_idDecayMode", "Tau_idIsoTight", "Tau_idAntiEleTight", "Tau_idAntiMuTight")
    taus = [
        i
        for i in range(event["nTau"])
        if event["Tau_charge"][i] != 0 and abs(event["Tau_eta"][i]) < 2.3 and event["Tau_pt"][i] > 20
        and all(event[name][i] for name in ids)
    ]  # fmt: skip
    pairs = [(i, j) for i in muons for j in taus if _distance(event, i, j) > 0.5]
    if not pairs:
        return None
    best = max(pairs, key=lambda pair: event["Muon_pt"][pair[0]])[0]
    return best, min((j for i, j in pairs if i == best), key=lambda j: event["Tau_relIso_all"][j])


def in_signal_region(event: Event, muon: int, tau: int) -> bool:
    """Return whether a pair passes the cuts on mT and isolation, whatever its charges."""
    return transverse_mass(event, muon) < 30 and event["Muon_pfRelIso03_all"][muon] < 0.1 and tau >= 0


def transverse_mass(event: Event, muon: int) -> float:
    dphi = event["Muon_phi"][muon] - event["MET_phi"]
    return math.sqrt(2 * event["Muon_pt"][muon] * event["MET_pt"] * (1 - math.cos(dphi)))


def visible_mass(event: Event, muon: int, tau: int) -> float:
    total = [0.0] * 4
    for name, i, mass in (("Muon", muon, 0.1056583755), ("Tau", tau, event["Tau_mass"][tau])):
        pt, eta, phi = (event[f"{name}_{quantity}"][i] for quantity in ("pt", "eta", "phi"))
        p = (pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta))
        total = [a + b for a, b in zip(total, (math.hypot(*p, mass), *p), strict=True)]
    return math.sqrt(total[0] ** 2 - total[1] ** 2 - total[2] ** 2 - total[3] ** 2)


def jets(event: Event, muon: int, tau: int) -> list[int]:
    """Return the places of jets that are not one of the legs, by falling pT."""
    legs = [(event["Muon_eta"][muon], event["Muon_phi"][muon]), (event["Tau_eta"][tau], event["Tau_phi"][tau])]
    good = [
        i
        for i in range(event["nJet"])
        if event["Jet_puId"][i] and abs(event["Jet_eta"][i]) < 4.7 and event["Jet_pt"][i] > 30
        and all(_delta_r(event["Jet_eta"][i], event["Jet_phi"][i], *leg) > 0.5 for leg in legs)
    ]  # fmt: skip
    return sorted(good, key=lambda i: -event["Jet_pt"][i])


def _distance(event: Event, muon: int, tau: int) -> float:
    places = (event["Muon_eta"][muon], event["Muon_phi"][muon], event["Tau_eta"][tau], event["Tau_phi"][tau])
    return _delta_r(*places)


def _delta_r(eta1: float, phi1: float, eta2: float, phi2: float) -> float:
    dphi = abs(phi1 - phi2)
    return math.hypot(eta1 - eta2, min(dphi, 2 * math.pi - dphi))
