"""Columns of a selected di-tau event: the 27 inputs of the mass models, and those under the community's names.

Plain Python floats; momenta and masses in the unit of the file. ``legs`` are two pairs (collection, index). An absent
object is 0 among the 27 inputs and NaN among the community's columns.

Decisions where the description leaves room:

- ``njets``, ``jpt_1`` and the like, ``mjj``, ``jdeta`` are those of ``j30`` whatever ``jets`` says.
- ``jdeta`` is an absolute value. ``npv`` is PV_npvsGood. ``met`` is the PUPPI one, and makes ``m_coll``, too.
- The collinear mass has no solution where the legs are parallel or back to back to the last digit (sine exactly 0).
- A negative squared mass (rounding) gives 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.oracle.ditau_objects import Jets
    from tests.oracle.ditau_settings import Settings

Event = Mapping[str, Any]
Leg = tuple[str, int]
NAN = math.nan
# GeV, Particle Data Group
ELECTRON_MASS = 0.51099895e-3
MUON_MASS = 0.1056583755
N_NEUTRINOS = {"tt": 2, "mt": 3, "et": 3, "em": 4, "mm": 4, "ee": 4}
INPUTS = (
    *("tau1_pt_reco", "tau1_eta_reco", "tau1_phi_reco", "tau2_pt_reco", "tau2_eta_reco", "tau2_phi_reco"),
    *("jet1_pt_reco", "jet1_eta_reco", "jet1_phi_reco", "jet2_pt_reco", "jet2_eta_reco", "jet2_phi_reco"),
    *("remaining_jets_pt_reco", "remaining_jets_eta_reco", "remaining_jets_phi_reco", "remaining_jets_N_reco"),
    *("PuppiMET_pt_reco", "PuppiMET_phi_reco", "MET_covXX_reco", "MET_covXY_reco", "MET_covYY_reco"),
    *("PuppimT1_reco", "PuppimT2_reco", "PuppimTtt_reco", "PuppimTtot_reco", "PU_npvsGood_reco", "N_neutrinos_reco"),
)
assert len(INPUTS) == 27


def transverse_mass(pt1: float, phi1: float, pt2: float, phi2: float) -> float:
    """Mass of two massless transverse momenta: m^2 = 2 pt1 pt2 (1 - cos dphi)."""
    if not math.isfinite(phi1 - phi2):
        return NAN
    # 1 - cos x = 2 sin^2(x / 2), without the cancellation at small x
    half = math.sin(0.5 * (phi1 - phi2))
    square = 4.0 * pt1 * pt2 * half * half
    return math.sqrt(square) if square >= 0.0 else NAN


def momentum(pt: float, eta: float, phi: float) -> tuple[float, float, float]:
    """Return px, py, pz."""
    if not all(map(math.isfinite, (pt, eta, phi))):
        return NAN, NAN, NAN
    return pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)


def mass_of(parts: Sequence[tuple[float, float, float, float]]) -> float:
    """Invariant mass of objects (pt, eta, phi, m)."""
    px = py = pz = energy = 0.0
    for pt, eta, phi, m in parts:
        x, y, z = momentum(pt, eta, phi)
        px, py, pz = px + x, py + y, pz + z
        energy += math.sqrt(x * x + y * y + z * z + m * m)
    square = energy * energy - px * px - py * py - pz * pz
    return 0.0 if square < 0.0 else math.sqrt(square)


def collinear_mass(
    m_vis: float, first: tuple[float, float], second: tuple[float, float], met: float, metphi: float
) -> float:
    """Mass if the neutrinos fly along the legs (pt, phi): m_vis / sqrt(x1 x2), x the visible fractions.

    MET = (1/x1 - 1) pT1 + (1/x2 - 1) pT2 as vectors; NaN unless both fractions are in (0, 1].
    Ellis, Hinchliffe, Soldate, van der Bij, Nucl. Phys. B 297 (1988) 221.
    """
    (pt1, phi1), (pt2, phi2) = first, second
    if not math.isfinite(phi1 - phi2) or not math.isfinite(metphi):
        return NAN
    cross = math.sin(phi2 - phi1)
    if cross == 0.0:
        return NAN
    ratio1 = met * math.sin(phi2 - metphi) / (pt1 * cross)
    ratio2 = met * math.sin(metphi - phi1) / (pt2 * cross)
    if not (ratio1 >= 0.0 and ratio2 >= 0.0):
        return NAN
    return m_vis * math.sqrt((1.0 + ratio1) * (1.0 + ratio2))


def _three(event: Event, kind: str, i: int) -> tuple[float, float, float]:
    pt, eta, phi = (float(event[f"{kind}_{what}"][i]) for what in ("pt", "eta", "phi"))
    return pt, eta, phi


def hadronic_activity(event: Event, others: Sequence[int], s: Settings) -> tuple[float, float, float]:
    """Vector sum of jets as pt, eta, phi; eta and phi are 0 where pt is below 1e-3 GeV."""
    px = py = pz = 0.0
    for j in others:
        x, y, z = momentum(*_three(event, "Jet", j))
        px, py, pz = px + x, py + y, pz + z
    pt = math.hypot(px, py)
    if pt < 1e-3 * s.gev:
        return pt, 0.0, 0.0
    if math.isnan(pt):
        return NAN, NAN, NAN
    phi = math.atan2(py, px) if s.aha_phi == "atan2" else math.asin(max(-1.0, min(1.0, py / pt)))
    return pt, math.asinh(pz / pt), phi


def inputs(event: Event, channel: str, legs: Sequence[Leg], jets: Jets, s: Settings) -> dict[str, float]:
    """Return the 27 inputs by name, in the order of the models."""
    one, two = (_three(event, kind, i) for kind, i in legs)
    listed = [*jets.j30, *jets.b] if s.jets == "j30+b" else jets.j30
    nothing = (0.0, 0.0, 0.0)
    leading = [_three(event, "Jet", listed[k]) if k < len(listed) else nothing for k in (0, 1)]
    met, metphi = float(event["PuppiMET_pt"]), float(event["PuppiMET_phi"])
    mt1 = transverse_mass(one[0], one[2], met, metphi)
    mt2 = transverse_mass(two[0], two[2], met, metphi)
    mtt = transverse_mass(one[0], one[2], two[0], two[2])
    values = (
        *(*one, *two, *leading[0], *leading[1]),
        *hadronic_activity(event, listed[2:], s),
        float(max(len(listed) - 2, 0)),
        *(met, metphi),
        *(float(event[f"MET_cov{what}"]) for what in ("XX", "XY", "YY")),
        *(mt1, mt2, mtt, math.sqrt(mt1 * mt1 + mt2 * mt2 + mtt * mtt)),
        float(event["PV_npvsGood"]),
        float(N_NEUTRINOS[channel]),
    )
    return dict(zip(INPUTS, values, strict=True))


def _leg_mass(event: Event, kind: str, i: int, s: Settings) -> float:
    if kind == "Tau":
        return float(event["Tau_mass"][i])
    return {"Electron": ELECTRON_MASS, "Muon": MUON_MASS}[kind] * s.gev


def _jet_columns(event: Event, jets: Jets) -> dict[str, float]:
    j30 = jets.j30
    columns: dict[str, float] = {"njets": len(j30), "nbtag": len(jets.b)}
    for k in (0, 1):
        three = _three(event, "Jet", j30[k]) if k < len(j30) else (NAN, NAN, NAN)
        columns |= {f"j{what}_{k + 1}": x for what, x in zip(("pt", "eta", "phi"), three, strict=True)}
    columns["jdeta"] = abs(columns["jeta_1"] - columns["jeta_2"])
    if "Jet_mass" in event:
        pair = [(*_three(event, "Jet", j), float(event["Jet_mass"][j])) for j in j30[:2]]
        columns["mjj"] = mass_of(pair) if len(pair) == 2 else NAN
    return columns


def community(event: Event, legs: Sequence[Leg], jets: Jets, s: Settings) -> dict[str, float]:
    """Return the columns under the community's names; those whose optional branch is absent are left out."""
    columns: dict[str, float] = {}
    met, metphi = float(event["PuppiMET_pt"]), float(event["PuppiMET_phi"])
    momenta = [_three(event, kind, i) for kind, i in legs]
    for number, (kind, i), (pt, eta, phi) in zip((1, 2), legs, momenta, strict=True):
        columns |= {f"pt_{number}": pt, f"eta_{number}": eta, f"phi_{number}": phi}
        columns[f"q_{number}"] = int(event[f"{kind}_charge"][i])
        columns[f"mt_{number}"] = transverse_mass(pt, phi, met, metphi)
    (pt1, _, phi1), (pt2, _, phi2) = momenta
    mtt = transverse_mass(pt1, phi1, pt2, phi2)
    columns["mt_tot"] = math.sqrt(columns["mt_1"] ** 2 + columns["mt_2"] ** 2 + mtt**2)
    (x1, y1, _), (x2, y2, _) = (momentum(*three) for three in momenta)
    columns["pt_vis"] = math.hypot(x1 + x2, y1 + y2)
    if "Tau_mass" in event or not any("t" in channel for channel in s.channels):
        masses = [_leg_mass(event, kind, i, s) for kind, i in legs]
        columns |= {"m_1": masses[0], "m_2": masses[1]}
        columns["m_vis"] = mass_of([(*three, m) for three, m in zip(momenta, masses, strict=True)])
        columns["m_coll"] = collinear_mass(columns["m_vis"], (pt1, phi1), (pt2, phi2), met, metphi)
    columns |= {"met": met, "metphi": metphi, "npv": int(event["PV_npvsGood"])}
    columns |= {f"metcov{to}": float(event[f"MET_cov{of}"]) for to, of in (("00", "XX"), ("01", "XY"), ("11", "YY"))}
    if "genMass" in event:
        columns["genMass"] = float(event["genMass"])
    return columns | _jet_columns(event, jets)
