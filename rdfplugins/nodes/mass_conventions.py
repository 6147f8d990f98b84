"""What is known of the inputs of the published mass models by their names: unit, meaning, what follows from what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rdfplugins.errors import did_you_mean
from rdfplugins.nodes.ditau_features import INPUTS
from rdfplugins.nodes.ditau_settings import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

NEUTRINOS: Final = "N_neutrinos_reco"
NEUTRINOS_OF: Mapping[str, int] = {"tt": 2, "mt": 3, "et": 3, "em": 4, "mm": 4, "ee": 4}
"""Neutrinos of the decays of two taus, by channel."""

JET_GROUPS: Final = ("jet1", "jet2", "remaining_jets")
"""Where the first input of a group, its pT, is 0 or below, there is no such jet."""

ROLES: Final = (
    *("other", "leg_pt", "momentum", "eta", "phi", "variance", "covariance", "neutrinos", "channel"),
    *("jet_pt", "jet_eta", "jet_phi", "jet_count", "leg_mass", "total_mass", "raw"),
)
"""In the order of ``rdfp::mass_inputs::Role``."""

_LEGS = tuple(f"tau{leg}_" for leg in (1, 2))
_MET = ("PuppiMET_pt_reco", "PuppiMET_phi_reco")
DERIVED: Mapping[str, tuple[str, ...]] = {
    **{f"PuppimT{leg}_reco": (f"tau{leg}_pt_reco", f"tau{leg}_phi_reco", *_MET) for leg in (1, 2)},
    "PuppimTtt_reco": ("tau1_pt_reco", "tau1_phi_reco", "tau2_pt_reco", "tau2_phi_reco"),
    "PuppimTtot_reco": ("PuppimT1_reco", "PuppimT2_reco", "PuppimTtt_reco"),
}
"""Inputs that follow from others, with which they must agree: transverse masses, and their quadrature sum."""

BOUNDED: Mapping[str, tuple[str, ...]] = {"MET_covXY_reco": ("MET_covXX_reco", "MET_covYY_reco")}
"""Inputs that others bound."""

_ROLE_OF: Mapping[str, str] = {
    **{f"{leg}pt_reco": "leg_pt" for leg in _LEGS},
    **dict.fromkeys(DERIVED, "leg_mass"),
    "PuppimTtot_reco": "total_mass",
    "PuppiMET_pt_reco": "momentum",
    **dict.fromkeys(BOUNDED, "covariance"),
    **{f"{leg}{what}_reco": what for leg in _LEGS for what in ("eta", "phi")},
    **{f"{jet}_{what}_reco": f"jet_{what}" for jet in JET_GROUPS for what in ("pt", "eta", "phi")},
    **dict.fromkeys(("MET_covXX_reco", "MET_covYY_reco", "PU_npvsGood_reco"), "variance"),
    "remaining_jets_N_reco": "jet_count",
    "PuppiMET_phi_reco": "phi",
    NEUTRINOS: "neutrinos",
}
# how analyses of H -> tau tau call them: for hints only, as the same name may mean another thing elsewhere
_ALSO_CALLED: Mapping[str, tuple[str, ...]] = {
    **{
        f"tau{leg}_{what}_reco": (f"{what}_{leg}", f"tau{leg}_{what}", f"{what}{leg}")
        for leg in (1, 2)
        for what in ("pt", "eta", "phi")
    },
    **{
        f"jet{rank}_{what}_reco": (f"j{what}_{rank}", f"jet{rank}_{what}", f"j{rank}{what}")
        for rank in (1, 2)
        for what in ("pt", "eta", "phi")
    },
    "PuppiMET_pt_reco": ("PuppiMET_pt", "puppimet", "met", "MET_pt", "met_pt"),
    "PuppiMET_phi_reco": ("PuppiMET_phi", "puppimetphi", "metphi", "MET_phi", "met_phi"),
    "MET_covXX_reco": ("MET_covXX", "metcov00", "PuppiMET_covXX", "cov00"),
    "MET_covXY_reco": ("MET_covXY", "metcov01", "metcov10", "PuppiMET_covXY", "cov01"),
    "MET_covYY_reco": ("MET_covYY", "metcov11", "PuppiMET_covYY", "cov11"),
    "PU_npvsGood_reco": ("PV_npvsGood", "npv", "npvs", "nPV"),
}
_NUMBERS_OF_JETS = ("njets", "nJets", "n_jets", "NJets")
_NANOAOD = ("nTau", "Tau_pt", "nMuon", "Muon_pt")


def role(name: str) -> str:
    """Return what an input is; ``other`` for one that is not known, and may have any value."""
    return _ROLE_OF.get(name, "other")


def jet_group(name: str) -> int:
    """Return the number of the group of jets that an input belongs to; -1 if to none."""
    if name not in INPUTS:
        return -1
    return next((number for number, group in enumerate(JET_GROUPS) if name.startswith(f"{group}_")), -1)


def unit(name: str) -> str | None:
    """Return the unit in which models take an input: GeV, GeV^2, rad; None where it has none or is not known."""
    if name not in INPUTS:
        return None
    if "_pt_" in name or "mT" in name:
        return "GeV"
    return "GeV^2" if "_cov" in name else "rad" if "_phi_" in name else None


def also_called(name: str, columns: Collection[str]) -> str | None:
    """Return the column that has one of the names that analyses give to an input, if there is one."""
    near = next((other for other in _ALSO_CALLED.get(name, ()) if other in columns), None)
    return near or next((other for other in columns if other.lower() == name.lower()), None)


def hint(name: str, columns: Collection[str]) -> str:
    """Return what may stand for an input that is missing, to be put behind its name."""
    if name == NEUTRINOS:
        return f" (give the channel: one of {', '.join(CHANNELS)}, or its column)"
    near = also_called(name, columns)
    if near is not None:
        return f" (map {name}={near}?)"
    if name in INPUTS and jet_group(name) == JET_GROUPS.index("remaining_jets"):
        jets = next((other for other in _NUMBERS_OF_JETS if other in columns), None)
        if jets is not None and name == "remaining_jets_N_reco":
            return f" (map '{name}={jets} > 2 ? {jets} - 2 : 0', the jets behind the second?)"
        return f" (map {name}=0, as if there were no further jets? the training had them)"
    # the first near name alone: a message may have to name several inputs
    near_text = did_you_mean(name, columns, most=1)
    return f" ({near_text.removeprefix('; ')})" if near_text else ""


def advice(columns: Collection[str]) -> str:
    """Return what to do with an ntuple that lacks inputs because it is of another kind; empty where it is not."""
    if all(name in columns for name in _NANOAOD):
        return (
            "this is NanoAOD, where taus are vectors: a pair must be selected first (node ditau.select; all of it:"
            " configs/ditau_nanoaod.yaml)"
        )
    return ""
