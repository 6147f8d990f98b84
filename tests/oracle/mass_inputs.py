"""One event at a time, from the definitions: what a mass model is given, and whether there is an estimate at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NEUTRINOS = {"tt": 2.0, "mt": 3.0, "et": 3.0, "em": 4.0, "mm": 4.0, "ee": 4.0}
MOMENTA = {
    *("tau1_pt_reco", "tau2_pt_reco", "jet1_pt_reco", "jet2_pt_reco", "remaining_jets_pt_reco", "PuppiMET_pt_reco"),
    *("PuppimT1_reco", "PuppimT2_reco", "PuppimTtt_reco", "PuppimTtot_reco"),
}
COVARIANCES = {"MET_covXX_reco", "MET_covXY_reco", "MET_covYY_reco"}
JETS = ("jet1", "jet2", "remaining_jets")


def prepared(  # noqa: C901, PLR0911, PLR0912 (one rule after the other, as they are written down)
    event: Mapping[str, float], names: Sequence[str], *, units: str = "GeV", channel: str | None = None
) -> list[float] | None:
    """Return the inputs in GeV, or None where there is no estimate.

    ``event`` holds what is in the ntuple; ``channel`` gives the neutrinos where that is not.
    """
    values = {}
    for name, value in event.items():
        number = float(value)
        if units == "MeV" and name in MOMENTA:
            number /= 1e3
        if units == "MeV" and name in COVARIANCES:
            number /= 1e6
        values[name] = number
    for jet in JETS:
        if f"{jet}_pt_reco" in values and math.isfinite(values[f"{jet}_pt_reco"]) and values[f"{jet}_pt_reco"] <= 0:
            no_sum = values[f"{jet}_pt_reco"] < 0
            for what in ("pt", "eta", "phi"):
                values[f"{jet}_{what}_reco"] = 0.0
            count = f"{jet}_N_reco"
            if count in values and (no_sum or not values[count] >= 0):
                values[count] = 0.0
    if "N_neutrinos_reco" not in values:
        if channel not in NEUTRINOS:
            return None
        values["N_neutrinos_reco"] = NEUTRINOS[channel]
    for name, value in values.items():
        if not math.isfinite(value) or abs(value) > 3.4028234e38:
            return None
        if name in MOMENTA and value < 0:
            return None
        if name in {"tau1_pt_reco", "tau2_pt_reco"} and value == 0:
            return None
        if name == "remaining_jets_eta_reco":
            if abs(value) >= 98:
                return None
        elif name.endswith(("_eta_reco", "_phi_reco")) and abs(value) >= 9.5:
            return None
        if name in {"MET_covXX_reco", "MET_covYY_reco", "PU_npvsGood_reco", "remaining_jets_N_reco"} and value < 0:
            return None
        if name == "N_neutrinos_reco" and value not in {2.0, 3.0, 4.0}:
            return None
        if name.endswith("_phi_reco"):
            while values[name] > math.pi:
                values[name] -= 2 * math.pi
            while values[name] < -math.pi:
                values[name] += 2 * math.pi
    if values["MET_covXY_reco"] ** 2 > 1.02 * values["MET_covXX_reco"] * values["MET_covYY_reco"]:
        return None
    for name, legs in {"PuppimT1_reco": ("tau1", "PuppiMET"), "PuppimT2_reco": ("tau2", "PuppiMET"),
                       "PuppimTtt_reco": ("tau1", "tau2")}.items():  # fmt: skip
        (pt_a, phi_a), (pt_b, phi_b) = ((values[f"{leg}_pt_reco"], values[f"{leg}_phi_reco"]) for leg in legs)
        mass = math.sqrt(2 * pt_a * pt_b * (1 - math.cos(phi_a - phi_b)))
        if name not in values:
            values[name] = mass
        elif abs(values[name] - mass) > 0.02 * math.sqrt(2 * pt_a * pt_b) + 0.1:
            return None
    mass = math.sqrt(sum(values[f"PuppimT{of}_reco"] ** 2 for of in ("1", "2", "tt")))
    if "PuppimTtot_reco" not in values:
        values["PuppimTtot_reco"] = mass
    elif abs(values["PuppimTtot_reco"] - mass) > 0.02 * values["PuppimTtot_reco"] + 0.1:
        return None
    return [values[name] for name in names]
