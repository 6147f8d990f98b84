"""Candidates for hadronic tau decays: real ones, and jets, electrons and muons that are taken for them. All in GeV.

Efficiencies for real taus are the targets of the working points of DeepTau, those for others are close to what CMS
finds (CMS-TAU-20-001, arXiv:2201.08458).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.ditau.decay import PION_MASS, TO_3PI, TO_3PI_PI0, TO_A1, TO_PI, TO_RHO
from rdfplugins.simulate.ditau.leptons import true_leptons
from rdfplugins.simulate.ditau.truth import ELECTRON, FAKE_TAU, FROM_TAU, MUON
from rdfplugins.simulate.jagged import Objects, merge, sort
from rdfplugins.simulate.kinematics import wrapped
from rdfplugins.simulate.streams import chance, one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.simulate.ditau.truth import Truth

    Array = NDArray[Any]

MIN_PT, MAX_ABS_ETA = 18.0, 2.5

REAL, JET, FROM_ELECTRON, FROM_MUON, NARROW_JET = range(5)
_CANDIDATE = {REAL: 0.93, JET: 0.11, FROM_ELECTRON: 0.45, FROM_MUON: 0.05}

# efficiency of each working point, loosest first, by what the candidate is, `REAL` to `NARROW_JET`; the last are
# jets that the filter of a process takes for taus
_VS_JET = np.array(
    [
        [0.98, 0.95, 0.90, 0.80, 0.70, 0.60, 0.50, 0.40],
        [0.60, 0.40, 0.21, 0.120, 0.070, 0.044, 0.029, 0.019],
        [0.92, 0.85, 0.76, 0.66, 0.57, 0.48, 0.39, 0.30],
        [0.85, 0.75, 0.64, 0.54, 0.45, 0.37, 0.30, 0.23],
        [0.85, 0.65, 0.42, 0.26, 0.16, 0.105, 0.070, 0.046],
    ]
)
_VS_ELECTRON = np.array(
    [
        [0.995, 0.99, 0.98, 0.95, 0.90, 0.80, 0.70, 0.60],
        [0.97, 0.95, 0.92, 0.88, 0.82, 0.72, 0.62, 0.52],
        [0.20, 0.09, 0.045, 0.018, 0.008, 0.0035, 0.0017, 0.0008],
        [0.97, 0.93, 0.88, 0.82, 0.75, 0.65, 0.55, 0.45],
        [0.97, 0.95, 0.92, 0.88, 0.82, 0.72, 0.62, 0.52],
    ]
)
_VS_MUON = np.array(
    [
        [0.9995, 0.999, 0.998, 0.995],
        [0.999, 0.997, 0.994, 0.985],
        [0.998, 0.995, 0.990, 0.98],
        [0.10, 0.045, 0.022, 0.012],
        [0.999, 0.997, 0.994, 0.985],
    ]
)

# decay modes as they are reconstructed, by the true decay or the kind of fake
_MODES = {
    TO_PI: {0: 0.885, 1: 0.090, 2: 0.005, 10: 0.003, 5: 0.017},
    TO_RHO: {0: 0.085, 1: 0.825, 2: 0.050, 10: 0.010, 5: 0.020, 6: 0.010},
    TO_A1: {0: 0.035, 1: 0.660, 2: 0.265, 10: 0.010, 6: 0.030},
    TO_3PI: {0: 0.010, 1: 0.020, 10: 0.830, 11: 0.050, 5: 0.070, 6: 0.020},
    TO_3PI_PI0: {1: 0.015, 2: 0.005, 10: 0.250, 11: 0.640, 6: 0.090},
}
_MODES_OF_JETS = {0: 0.17, 1: 0.33, 2: 0.08, 10: 0.16, 11: 0.10, 5: 0.09, 6: 0.07}
_MODES_OF_FAKES = {
    JET: _MODES_OF_JETS,
    NARROW_JET: _MODES_OF_JETS,
    FROM_ELECTRON: {0: 0.62, 1: 0.37, 10: 0.01},
    FROM_MUON: {0: 0.95, 1: 0.05},
}
_GEN_HADRONIC, _GEN_NONE = 5, 0
_GEN_LEPTON = {(ELECTRON, False): 1, (MUON, False): 2, (ELECTRON, True): 3, (MUON, True): 4}


def visible_taus(truth: Truth) -> Objects:
    """Return the visible products of hadronic tau decays: seed, pt, eta, phi, charge, decay, kind, gen."""
    chosen = np.flatnonzero(truth.decay >= TO_PI)
    return _objects(
        truth,
        chosen,
        {
            "charge": truth.charge[chosen],
            "decay": truth.decay[chosen],
            "kind": np.full(len(chosen), REAL),
            "gen": np.full(len(chosen), _GEN_HADRONIC),
        },
    )


def taus(truth: Truth, jets: Objects, rng: np.random.Generator) -> Objects:
    """Return the candidates of each event with pt > 18 GeV and |eta| < 2.5 by falling pt.

    Parameters
    ----------
    truth
        What happened.
    jets
        Jets of partons and pile-up (seed, pt, eta, phi, fake, charge), some of which are taken for taus.

    Returns
    -------
    seed, true_pt, pt, eta, phi, mass, charge, decayMode, new_modes (bool), vs_e, vs_mu, vs_jet (bits), dxy, dz (cm),
    gen (NanoAOD's genPartFlav).
    """
    fakes = jets.where((jets["fake"] == FAKE_TAU) | chance(rng, len(jets), _CANDIDATE[JET]))
    count = len(fakes)
    narrow = fakes["fake"] == FAKE_TAU
    share = np.where(narrow, rng.uniform(0.75, 1.05, count), rng.uniform(0.5, 1.0, count))
    random_charge = one_of(rng, count, {1: 0.5, -1: 0.5})
    fakes = Objects(
        fakes.event,
        {
            **{name: fakes[name] for name in ("seed", "eta", "phi")},
            "pt": share * fakes["pt"],
            "charge": np.where(narrow, fakes["charge"], random_charge),
            "decay": np.full(count, -1),
            "kind": np.where(narrow, NARROW_JET, JET),
            "gen": np.full(count, _GEN_NONE),
        },
    )
    real = visible_taus(truth)
    parts = [real.where(chance(rng, len(real), _CANDIDATE[REAL])), fakes]
    parts += [_of_leptons(truth, kind, rng) for kind in (ELECTRON, MUON)]
    found = merge([part.having(true_pt=part["pt"]) for part in parts])
    jet = _is_jet(found["kind"])
    smear = np.select([found["kind"] == REAL, jet], [0.055, 0.0], 0.03)
    tail = chance(rng, len(found), np.where(found["kind"] == REAL, 0.08, 0.0))
    response = 1 + np.where(tail, 2.5, 1.0) * smear * rng.standard_normal(len(found))
    found = found.having(pt=found["pt"] * np.maximum(response, 0.2))
    found = found.where((found["pt"] > MIN_PT) & (np.abs(found["eta"]) < MAX_ABS_ETA))
    return _identified(sort(found, found["pt"]), rng)


def _is_jet(kind: Array) -> Array:
    return np.asarray((kind == JET) | (kind == NARROW_JET))


def _objects(truth: Truth, chosen: Array, fields: dict[str, Array]) -> Objects:
    kinematics = {"seed": chosen, "pt": truth.pt[chosen], "eta": truth.eta[chosen], "phi": truth.phi[chosen]}
    return Objects(truth.event[chosen], {**kinematics, **fields})


def _of_leptons(truth: Truth, kind: int, rng: np.random.Generator) -> Objects:
    found = true_leptons(truth, kind)
    what = FROM_ELECTRON if kind == ELECTRON else FROM_MUON
    found = found.where(chance(rng, len(found), _CANDIDATE[what]))
    count = len(found)
    by_tau = found["flavour"] == FROM_TAU
    return Objects(
        found.event,
        {
            **{name: found[name] for name in ("seed", "pt", "eta", "phi", "charge")},
            "decay": np.full(count, -1),
            "kind": np.full(count, what),
            "gen": np.where(by_tau, _GEN_LEPTON[kind, True], _GEN_LEPTON[kind, False]),
        },
    )


def _identified(found: Objects, rng: np.random.Generator) -> Objects:
    count, kind = len(found), found["kind"]
    mode = np.zeros(count, dtype=np.int64)
    for field, tables in (("decay", _MODES), ("kind", _MODES_OF_FAKES)):
        for value, choices in tables.items():
            chosen = np.flatnonzero(found[field] == value)
            total = sum(choices.values())
            mode[chosen] = one_of(rng, len(chosen), {key: share / total for key, share in choices.items()})
    # the longer the flight, the larger the distance
    jet = _is_jet(kind)
    displaced = np.select([kind == REAL, jet], [0.006, 0.010], 0.0025)
    other_vertex = chance(rng, count, np.where(jet, 0.04, 0.003))
    fields = {name: found[name] for name in ("seed", "true_pt", "pt", "charge", "gen", "kind", "decay")}
    return Objects(
        found.event,
        {
            **fields,
            "eta": found["eta"] + 0.003 * rng.standard_normal(count),
            "phi": wrapped(found["phi"] + 0.003 * rng.standard_normal(count)),
            "mass": _mass(mode, rng),
            "decayMode": mode,
            "new_modes": chance(rng, count, 0.997),
            "vs_jet": _bits(_VS_JET, kind, rng),
            "vs_e": _bits(_VS_ELECTRON, kind, rng),
            "vs_mu": _bits(_VS_MUON, kind, rng),
            "dxy": displaced * rng.standard_normal(count),
            "dz": np.where(other_vertex, 2.0, 0.02) * rng.standard_normal(count),
        },
    )


def _mass(mode: Array, rng: np.random.Generator) -> Array:
    """Draw visible masses: a charged pion alone, or the window of the rho, a1 or three-prong modes."""
    count = len(mode)
    wide = 0.78 + 0.17 * rng.standard_normal(count)
    several = 1.08 + 0.14 * rng.standard_normal(count)
    mass = np.select([mode == 0, mode == 1], [PION_MASS, np.clip(wide, 0.31, 1.25)], np.clip(several, 0.62, 1.48))
    return np.asarray(mass)


def _bits(efficiency: Array, kind: Array, rng: np.random.Generator) -> Array:
    """Draw the working points passed, as bits: who passes one passes all looser ones."""
    uniform = rng.random(len(kind))
    passed = np.zeros(len(kind), dtype=np.int64)
    for point in range(efficiency.shape[1]):
        passed += (uniform < efficiency[kind, point]).astype(np.int64) << point
    return passed
