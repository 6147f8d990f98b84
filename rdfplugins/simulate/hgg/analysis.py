"""The tree ``analysis`` of the ATLAS Open Data education release of 2025 (13 TeV, GeV), collections as ``ROOT::RVec``.

Names and types are those of the release's list of variables (opendata.atlas.cern, "13 TeV 2025 Data - Beta"), in the
order in which its files hold them. Where ATLAS's own programs read a branch as another type than the list says, they
are followed: ``xsec``, ``kfac`` and ``filteff`` are double, ``jet_jvt`` is a bool, ``tau_charge`` a float. The branch
``category``, which the list does not describe, is not written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.hgg.modes import SIGNALS
from rdfplugins.simulate.hgg.process import ELECTRON, MUON
from rdfplugins.simulate.hgg.truth import truth
from rdfplugins.simulate.jagged import Objects, columns
from rdfplugins.simulate.layout import read_layout
from rdfplugins.simulate.streams import BLOCK, chance
from rdfplugins.simulate.trees import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rdfplugins.simulate.hgg.block import Block
    from rdfplugins.simulate.hgg.modes import Totals
    from rdfplugins.simulate.trees import Branch

    Array = NDArray[Any]

TREE = "analysis"

_LAYOUT = """
double num_events sum_of_weights sum_of_weights_squared
float  TriggerMatch_DILEPTON ScaleFactor_MLTRIGGER ScaleFactor_PILEUP ScaleFactor_FTAG mcWeight
double xsec filteff kfac
uint   channelNumber
ulong  eventNumber
uint   runNumber
bool   trigML trigP trigDT trigT trigE trigDM trigDE trigM trigMET
float  ScaleFactor_BTAG ScaleFactor_JVT
int    jet_n
floats jet_pt jet_eta jet_phi jet_e
ints   jet_btag_quantile
bools  jet_jvt
int    largeRJet_n
floats largeRJet_pt largeRJet_eta largeRJet_phi largeRJet_e largeRJet_m largeRJet_D2
floats jet_pt_jer1 jet_pt_jer2
float  ScaleFactor_ELE ScaleFactor_MUON ScaleFactor_LepTRIGGER ScaleFactor_MuTRIGGER ScaleFactor_ElTRIGGER
int    lep_n
ints   lep_type
floats lep_pt lep_eta lep_phi lep_e
ints   lep_charge
floats lep_ptvarcone30 lep_topoetcone20 lep_z0 lep_d0 lep_d0sig
bools  lep_isTightID lep_isMediumID lep_isLooseID lep_isTightIso lep_isLooseIso lep_isTrigMatched
float  ScaleFactor_PHOTON
int    photon_n
floats photon_pt photon_eta photon_phi photon_e photon_ptcone20 photon_topoetcone40
bools  photon_isLooseID photon_isTightID photon_isLooseIso photon_isTightIso
float  ScaleFactor_TAU ScaleFactor_TauTRIGGER ScaleFactor_DiTauTRIGGER
int    tau_n
floats tau_pt tau_eta tau_phi tau_e tau_charge
ints   tau_nTracks
bools  tau_isTight
floats tau_RNNJetScore tau_RNNEleScore
int    truth_jet_n
floats truth_jet_pt truth_jet_eta truth_jet_phi truth_jet_m
int    truth_elec_n
floats truth_elec_pt truth_elec_eta truth_elec_phi
int    truth_muon_n
floats truth_muon_pt truth_muon_eta truth_muon_phi
int    truth_tau_n
floats truth_tau_pt truth_tau_eta truth_tau_phi
int    truth_photon_n
floats truth_photon_pt truth_photon_eta truth_photon_phi
float  truth_met truth_met_phi
float  met met_phi met_mpx met_mpy
"""

SCHEMA: Mapping[str, Branch] = read_layout(_LAYOUT, rvec=True)
"""Names and types of the branches, in the order of the files. Energies, momenta and masses are GeV."""

# data set, k-factor and filter efficiency (here: the branching ratio) of each mode in the release
_NORMALISATION = {
    "gg": (343981, 1.717, 0.00227),
    "VBF": (346214, 1.0, 0.00227),
    "Wp": (345318, 1.0, 0.00227),
    "Z": (345319, 1.0, 0.00227),
    "tt": (346525, 1.0, 0.00227),
}

# efficiencies for bottom quarks at which the quantiles of the b-tagging discriminant begin
_WORKING_POINTS = (0.85, 0.77, 0.70, 0.60)
_JVT_PT, _JVT_ETA, _JVT = 60.0, 2.4, 0.59
# lowest pt of each object of the triggers without a draw of their own, GeV
_TWO_ELECTRONS, _TWO_MUONS, _THREE_LEPTONS, _ONE_TAU, _TWO_TAUS, _MET = 18.0, 15.0, 10.0, 160.0, 40.0, 110.0
_RESOLUTION = {"jet_pt_jer1": 0.03, "jet_pt_jer2": 0.015}


def branches(block: Block) -> dict[str, Column]:
    """Return all branches of a block but those of `constants`; in data weights are 0 and there is no truth."""
    made: dict[str, Column] = {}
    collections = {
        "jet": _jets(block),
        "largeRJet": _renamed(block.large, e="E"),
        "lep": _leptons(block),
        "photon": _photons(block),
        "tau": _taus(block),
        **{f"truth_{name}": found for name, found in truth(block).items()},
    }
    for prefix, found in collections.items():
        fields = {name: f"{prefix}_{name}" for name in found.fields if f"{prefix}_{name}" in SCHEMA}
        typed = {name: found[name].astype(SCHEMA[branch].dtype) for name, branch in fields.items()}
        made.update(columns(prefix, Objects(found.event, typed), BLOCK))
        made[f"{prefix}_n"] = Column(made[f"{prefix}_n"].values.astype(np.int32))
    scalars = {
        "runNumber": block.run,
        "eventNumber": block.event,
        "channelNumber": block.run if block.is_data else np.full(BLOCK, _NORMALISATION[block.mode][0]),
        "mcWeight": block.weight,
        **_factors(block),
        **_triggers(block),
        **_missing_momentum(block),
    }
    made.update({name: Column(values.astype(SCHEMA[name].dtype)) for name, values in scalars.items()})
    return made


def constants(mode: str, totals: Totals) -> dict[str, float]:
    """Return the branches that are the same in all events: the normalisation, cross-section in pb; 1 in data.

    The product ``xsec * kfac * filteff`` is the cross-section of the mode in the simulation of any release.
    """
    made = {
        "num_events": float(totals.events),
        "sum_of_weights": totals.weights,
        "sum_of_weights_squared": totals.squares,
    }
    if mode not in SIGNALS:
        return {**made, "xsec": 1.0, "kfac": 1.0, "filteff": 1.0}
    _, kfac, filteff = _NORMALISATION[mode]
    return {**made, "xsec": SIGNALS[mode].xsec_pb / (kfac * filteff), "kfac": kfac, "filteff": filteff}


def _renamed(found: Objects, **names: str) -> Objects:
    """Return the objects with fields of other names beside their own: ``e="E"``."""
    return found.having(**{new: found[old] for new, old in names.items()})


def _photons(block: Block) -> Objects:
    """Photons; the simulation knows one track and one calorimeter isolation, whatever the size of the cone.

    Isolation decisions: fixed cuts of ATLAS, arXiv:1908.00005.
    """
    photon = _renamed(block.photon, e="E", ptcone20="ptcone30", topoetcone40="etcone20")
    few_tracks = photon["ptcone20"] < 0.05 * photon["pt"]
    loose = chance(block.rng("2025 photons"), len(photon), np.where(photon["fake"], 0.8, 0.99))
    return photon.having(
        isLooseID=photon["isTightID"] | loose,
        isLooseIso=few_tracks & (photon["topoetcone40"] < 0.065 * photon["pt"]),
        isTightIso=few_tracks & (photon["topoetcone40"] < 0.022 * photon["pt"] + 2.45),
    )


def _jets(block: Block) -> Objects:
    rng = block.rng("2025 jets")
    jet = _renamed(block.jet, e="E")
    central = (jet["pt"] < _JVT_PT) & (np.abs(jet["eta"]) < _JVT_ETA)
    smeared = {
        name.removeprefix("jet_"): jet["pt"] * (1 + width * rng.standard_normal(len(jet)))
        for name, width in _RESOLUTION.items()
    }
    return jet.having(btag_quantile=quantile(jet["MV2c10"]), jvt=~central | (jet["jvt"] > _JVT), **smeared)


def quantile(discriminant: Array) -> Array:
    """Return the quantile of the b-tagging discriminant, 1 to 5: it passes 100, 85, 77, 70, 60 % of bottom quarks.

    The discriminant of bottom quarks is 1 - 2 x with x distributed as Beta(0.3, 2), see `objects`; the efficiency
    of a cut at x is its cumulative distribution, 1.3 x^0.3 - 0.3 x^1.3.
    """
    x = (1 - discriminant) / 2
    efficiency = 1.3 * x**0.3 - 0.3 * x**1.3
    return np.asarray(1 + np.sum([efficiency < point for point in _WORKING_POINTS], axis=0))


def _leptons(block: Block) -> Objects:
    rng = block.rng("2025 leptons")
    lepton = _renamed(
        block.lepton,
        e="E",
        ptvarcone30="ptcone30",
        topoetcone20="etcone20",
        d0="trackd0pvunbiased",
        d0sig="tracksigd0pvunbiased",
        isTrigMatched="trigMatched",
    )
    medium = lepton["isTightID"] | chance(rng, len(lepton), 0.6)
    return lepton.having(
        isMediumID=medium,
        isLooseID=medium | chance(rng, len(lepton), 0.8),
        isLooseIso=(lepton["ptvarcone30"] < 0.15 * lepton["pt"]) & (lepton["topoetcone20"] < 0.20 * lepton["pt"]),
        isTightIso=(lepton["ptvarcone30"] < 0.06 * lepton["pt"]) & (lepton["topoetcone20"] < 0.06 * lepton["pt"]),
    )


def _taus(block: Block) -> Objects:
    found = _renamed(block.tau, e="E", isTight="isTightID", RNNJetScore="BDTid")
    return found.having(RNNEleScore=block.rng("2025 taus").beta(3.0, 1.5, len(found)))


def _factors(block: Block) -> dict[str, Array]:
    """Return the scale factors: those of 2020 but for the photon trigger, and one for jets; the rest are exactly 1."""
    same = ("PILEUP", "ELE", "MUON", "PHOTON", "TAU", "BTAG", "LepTRIGGER")
    made = {f"ScaleFactor_{name}": block.factors[name] for name in same}
    made["ScaleFactor_FTAG"] = block.factors["BTAG"]
    nothing = np.zeros(BLOCK) if block.is_data else np.ones(BLOCK)
    for name in ("MLTRIGGER", "MuTRIGGER", "ElTRIGGER", "TauTRIGGER", "DiTauTRIGGER"):
        made[f"ScaleFactor_{name}"] = nothing
    drawn = np.clip(0.99 + 0.01 * block.rng("2025 scale factors").standard_normal(BLOCK), 0.3, 1.7)
    made["ScaleFactor_JVT"] = nothing if block.is_data else np.where(block.jet.count(BLOCK) > 0, drawn, 1.0)
    return made


def _triggers(block: Block) -> dict[str, Array]:
    """Return the decisions of the triggers; those of two and more leptons, taus and MET are plain thresholds."""

    def at_least(number: int, found: Objects, keep: Array) -> Array:
        return np.asarray(found.count(BLOCK, keep) >= number)

    lepton, tau = block.lepton, block.tau
    electron, muon = (lepton["type"] == kind for kind in (ELECTRON, MUON))
    two = {
        "trigDE": at_least(2, lepton, electron & (lepton["pt"] > _TWO_ELECTRONS)),
        "trigDM": at_least(2, lepton, muon & (lepton["pt"] > _TWO_MUONS)),
    }
    return {
        **{f"trig{name}": fired for name, fired in block.trigger.items()},
        **two,
        "trigML": at_least(3, lepton, lepton["pt"] > _THREE_LEPTONS),
        "trigT": at_least(1, tau, tau["isTightID"] & (tau["pt"] > _ONE_TAU)),
        "trigDT": at_least(2, tau, tau["isTightID"] & (tau["pt"] > _TWO_TAUS)),
        "trigMET": block.met > _MET,
        "TriggerMatch_DILEPTON": two["trigDE"] | two["trigDM"],
    }


def _missing_momentum(block: Block) -> dict[str, Array]:
    neutrinos = block.hard.neutrinos
    px, py = (
        neutrinos.total(BLOCK, neutrinos["pt"] * function(neutrinos["phi"])) * (not block.is_data)
        for function in (np.cos, np.sin)
    )
    return {
        "met": block.met,
        "met_phi": block.met_phi,
        "met_mpx": block.met * np.cos(block.met_phi),
        "met_mpy": block.met * np.sin(block.met_phi),
        "truth_met": np.hypot(px, py),
        "truth_met_phi": np.arctan2(py, px),
    }
