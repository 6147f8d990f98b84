"""Features of a selected di-tau event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rdfplugins import cpp
from rdfplugins.errors import ConfigError
from rdfplugins.nodes import column_types
from rdfplugins.nodes.base import RNode, node, unpack
from rdfplugins.nodes.ditau_select import FOUND, IN_MEV, JET_DISTANCE, JETS, NEARBY, NO_TAUS, OBJECTS, Units

if TYPE_CHECKING:
    from collections.abc import Mapping

INPUTS = (
    *(f"tau{leg}_{name}_reco" for leg in (1, 2) for name in ("pt", "eta", "phi")),
    *(f"jet{rank}_{name}_reco" for rank in (1, 2) for name in ("pt", "eta", "phi")),
    *(f"remaining_jets_{name}_reco" for name in ("pt", "eta", "phi", "N")),
    "PuppiMET_pt_reco",
    "PuppiMET_phi_reco",
    *(f"MET_cov{name}_reco" for name in ("XX", "XY", "YY")),
    *(f"PuppimT{name}_reco" for name in ("1", "2", "tt", "tot")),
    "PU_npvsGood_reco",
    "N_neutrinos_reco",
)
"""The 27 inputs of the published mass models, in their order."""

# in the order of rdfp::ditau::features, between inputs and masses
_SHARED = (
    *("pt_1", "eta_1", "phi_1", "mt_1", "pt_2", "eta_2", "phi_2", "mt_2", "pt_vis", "mt_tot", "dr_12"),
    *("met", "metphi", "metcov00", "metcov01", "metcov11", "njets", "nbtag"),
    *("jpt_1", "jeta_1", "jphi_1", "jpt_2", "jeta_2", "jphi_2", "jdeta", "npv"),
)
_MASSES = ("m_1", "m_2", "m_vis", "m_coll")
_MET = ("PuppiMET_pt", "PuppiMET_phi", "MET_covXX", "MET_covXY", "MET_covYY")
_GEN_PART = tuple(
    f"GenPart_{name}" for name in ("pdgId", "genPartIdxMother", "pt", "eta", "phi", "mass", "statusFlags")
)


def _feature_units(parameters: Mapping[str, Any]) -> dict[str, str]:
    del parameters
    names = [*INPUTS, *_SHARED]
    masses = [*_MASSES, "mt_1", "mt_2", "mt_tot", "met", "mjj", "genMass"]
    found = {name: "rad" for name in names if "phi" in name}
    found.update({name: "GeV^2" for name in names if "cov" in name})
    momenta = [name for name in names if "pt" in name.split("_") or "jpt" in name or "mT" in name]
    return {**found, **dict.fromkeys([*momenta, *masses], "GeV")}


@node(
    name="ditau.features",
    needs=(*_MET, "PV_npvsGood"),
    makes=(*INPUTS, *_SHARED, "q_1", "q_2", *_MASSES, "mjj", "genMass"),
    keeps=("run", "luminosityBlock", "event"),
    units_of=_feature_units,
    hints=lambda _: {
        name: f"input.aliases: {{{name}: ...}} can give it, e.g. of {other}"
        for name, other in {
            "PuppiMET_pt": "MET_pt",
            "PuppiMET_phi": "MET_phi",
            "PV_npvsGood": "PV_npvs",
            **{f"MET_cov{axes}": f"MET_Cov{axes}" for axes in ("XX", "XY", "YY")},
        }.items()
    },
)
def features(
    df: RNode,
    *,
    units: Units | None = None,
    jets: Literal["j30", "j30+b"] = "j30",
    aha_phi: Literal["atan2", "asin"] = "atan2",
) -> RNode:
    """Define the 27 inputs of the mass models, and the columns that analyses of H -> tau tau share.

    The inputs are those of `DL_for_HTT_mass` under their names, all float64, in GeV and rad; jets that are not there
    are 0. The other columns are NaN where there is no such object.

    Parameters
    ----------
    df
        What `ditau.select` returned.
    units
        Unit of momenta in the file; what `ditau.select` was told.
    jets
        ``j30``: each jet once, by pT. ``j30+b``: the b jets follow once more, in the order of the file, as in the
        training of the published models.
    aha_phi
        Azimuth of the additional hadronic activity: ``atan2(py, px)``, or ``asin(py / pT)``, as in that training.

    Notes
    -----
    ``remaining_jets_*`` is the vector sum of the third and following jets. ``PuppimT*`` and ``mt_*`` are transverse
    masses sqrt(2 pA pB (1 - cos dphi)) with PUPPI MET, ``mt_tot`` the quadrature sum of the three. ``m_vis`` is the
    mass of the legs, with Particle Data Group masses of e and mu and ``Tau_mass``; ``m_coll`` that of the collinear
    approximation (Nucl. Phys. B297 (1988) 221), NaN where it has no physical solution. ``jdeta`` is absolute.
    ``genMass`` is the branch of that name, or found in ``GenPart``: the Z or Higgs boson that decays to two taus.
    Columns whose branches are not there are left out: ``m_1``, ``m_2``, ``m_vis``, ``m_coll`` (``Tau_mass``), ``mjj``
    (``Jet_mass``), ``genMass``.
    """
    if not df.HasColumn(FOUND):
        raise ConfigError("ditau.features describes the pair that ditau.select found: put that node before it")
    if df.HasColumn(INPUTS[0]):
        raise ConfigError("ditau.features is there already")
    told = "MeV" if df.HasColumn(IN_MEV) else "GeV"
    if units not in {None, told}:
        raise ConfigError(f"units='{units}' contradicts ditau.select, which was told {told}")
    cpp.include("rdfplugins/ditau_features.h")
    for name in (*_MET, "PV_npvsGood"):
        column_types.require(df, name, f"column '{name}'", ("whole", "real"), collection=False)
    unit = "1000.0" if told == "MeV" else "1.0"
    nothing = "rdfp_ditau_nothing()"
    has_taus, has_jet_mass = not df.HasColumn(NO_TAUS), df.HasColumn("Jet_mass")
    has_tau_mass = has_taus and df.HasColumn("Tau_mass")
    nearby = df.HasColumn(NEARBY)
    arguments = [
        *(FOUND, unit, *OBJECTS, NEARBY if nearby else JETS),
        *(f"rdfp_ditau_met({unit}, {', '.join(_MET)})", "PV_npvsGood"),
        *("Tau_mass" if has_tau_mass else nothing, "Jet_pt", "Jet_mass" if has_jet_mass else nothing),
        *(JET_DISTANCE if nearby else "0.0", str(jets == "j30+b").lower(), str(aha_phi == "asin").lower()),
    ]
    df = df.Define("rdfp_ditau_features_", f"rdfp_ditau_features({', '.join(arguments)})")
    there = {**dict.fromkeys(_MASSES, has_tau_mass or not has_taus), "mjj": has_jet_mass}
    names = (*INPUTS, *_SHARED, *_MASSES, "mjj")
    df = unpack(
        df, "rdfp_ditau_features_", [name if there.get(name, True) else f"rdfp_ditau_no_{name}_" for name in names]
    )
    df = df.Define("q_1", f"{FOUND}.charge_1").Define("q_2", f"{FOUND}.charge_2")
    if df.HasColumn("genMass"):
        return df.Redefine("genMass", "genMass / 1000") if told == "MeV" else df
    if all(df.HasColumn(column) for column in _GEN_PART):
        return df.Define("genMass", f"rdfp_ditau_generated_mass({unit}, {', '.join(_GEN_PART)})")
    return df
