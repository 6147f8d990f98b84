"""Quantities of a di-tau event that do not change when it is turned around the beam, mirrored, or seen from behind.

A network that is given the 27 inputs of mass models must learn that only differences of azimuths matter, and that they
are periodic. One that is given these quantities need not, and estimates the mass better with as many nodes. It serves
as a teacher (`rdfplugins.train.teacher`); models that are written take the 27 inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.errors import ConfigError
from rdfplugins.nodes.ditau_features import INPUTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_GEV: Final = 50.0  # the momenta of most objects are of this size
_SOFT: Final = 10.0  # GeV, added to momenta that may be 0 in front of a logarithm
_CHUNK: Final = 200_000  # events at once: bounded memory
_FARTHEST: Final = 20.0  # difference of pseudorapidities: nothing is beyond
_FEWEST_SINE: Final = 1e-3  # of the angle between the legs, below which the collinear approximation has no solution
_FACTORS: Final = (0.1, 21.0)  # between which 1 / visible fraction is taken: beyond is no physical solution
_MASSES: Final = (20.0, 3000.0)  # GeV, limits of the mass in the collinear approximation


def invariants(inputs: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
    """Return the quantities of each event.

    The frame has leg 1 at azimuth 0 and eta >= 0, and leg 2 at an azimuth >= 0: momenta of legs, jets and MET in it,
    their logarithms, angles, transverse masses, the covariance of MET, the visible mass, the collinear approximation
    (R. K. Ellis et al., Nucl. Phys. B297 (1988) 221) without its limits, number of vertices, and which of 2, 3, 4
    neutrinos there are.

    Parameters
    ----------
    inputs
        float32[events, inputs], GeV and rad; finite.
    names
        Of the inputs: all of `ditau.INPUTS` must be among them.

    Returns
    -------
    float32[events, quantities], finite.

    Raises
    ------
    ConfigError
        If one of the 27 inputs is not there.
    """
    missing = [name for name in INPUTS if name not in names]
    if missing:
        raise ConfigError(f"a teacher needs the 27 inputs of the mass models; '{missing[0]}' is not among the inputs")
    place = {name: names.index(name) for name in INPUTS}
    parts = [
        _quantities({name: inputs[start : start + _CHUNK, at].astype(np.float64) for name, at in place.items()})
        for start in range(0, max(len(inputs), 1), _CHUNK)
    ]
    return np.concatenate(parts)


def _quantities(x: Mapping[str, Array]) -> NDArray[np.float32]:
    turn = x["tau1_phi_reco"]
    side = np.where(x["tau1_eta_reco"] < 0, -1.0, 1.0)
    mirror = np.where(np.sin(x["tau2_phi_reco"] - turn) < 0, -1.0, 1.0)

    def angle(name: str) -> Array:
        """Return an azimuth in the frame of the event, in [-pi, pi]."""
        return np.asarray(mirror * ((x[name] - turn + np.pi) % (2 * np.pi) - np.pi))

    pt1, pt2, met = x["tau1_pt_reco"], x["tau2_pt_reco"], x["PuppiMET_pt_reco"]
    eta1, eta2 = side * x["tau1_eta_reco"], side * x["tau2_eta_reco"]
    phi2, phi_met = angle("tau2_phi_reco"), angle("PuppiMET_phi_reco")
    x2, y2 = pt2 * np.cos(phi2), pt2 * np.sin(phi2)
    x_met, y_met = met * np.cos(phi_met), met * np.sin(phi_met)
    visible = np.sqrt(
        2 * pt1 * pt2 * np.maximum(np.cosh(np.clip(eta1 - eta2, -_FARTHEST, _FARTHEST)) - np.cos(phi2), 1e-6)
    )
    found = [
        *(np.log(pt1 + 1), np.log(pt2 + 1), np.log(met + _SOFT), np.log(visible + 1)),
        *(pt1 / _GEV, pt2 / _GEV, x2 / _GEV, y2 / _GEV, x_met / _GEV, y_met / _GEV),
        *((pt1 + x2 + x_met) / _GEV, (y2 + y_met) / _GEV),
        *(eta1, eta2, eta1 - eta2, phi2, np.cos(phi2), np.sin(phi2), np.cos(phi_met), np.sin(phi_met)),
        *(np.log(x[f"PuppimT{name}_reco"] + 1) for name in ("1", "2", "tt", "tot")),
        *(x["remaining_jets_N_reco"], x["PU_npvsGood_reco"]),
        *(1.0 * (x["N_neutrinos_reco"] == number) for number in (2, 3)),
    ]
    for jet in ("jet1", "jet2", "remaining_jets"):
        pt, phi = x[f"{jet}_pt_reco"], angle(f"{jet}_phi_reco")
        eta = np.where(pt > 0, side * x[f"{jet}_eta_reco"], 0.0)
        found += [pt * np.cos(phi) / _GEV, pt * np.sin(phi) / _GEV, np.log(pt + _SOFT), eta]
    found += _covariance(x, turn, mirror)
    found += _collinear((pt1, pt2), phi2, (x_met, y_met), visible)
    return np.stack(found, axis=1).astype(np.float32)


def _covariance(x: Mapping[str, Array], turn: Array, mirror: Array) -> list[Array]:
    """Return logarithms of the variances of MET along and across leg 1, and their correlation."""
    cos, sin = np.cos(turn), np.sin(turn)
    xx, xy, yy = (x[f"MET_cov{axes}_reco"] for axes in ("XX", "XY", "YY"))
    along = np.maximum(cos * cos * xx + 2 * cos * sin * xy + sin * sin * yy, 1e-3)
    across = np.maximum(sin * sin * xx - 2 * cos * sin * xy + cos * cos * yy, 1e-3)
    mixed = mirror * (cos * sin * (yy - xx) + (cos * cos - sin * sin) * xy)
    return [np.log(along), np.log(across), np.clip(mixed / np.sqrt(along * across), -1.0, 1.0)]


def _collinear(pt: tuple[Array, Array], phi2: Array, met: tuple[Array, Array], visible: Array) -> list[Any]:
    """Return angles that stand for neutrino over visible momentum of both legs, and the logarithm of the mass."""
    sine = np.where(np.abs(np.sin(phi2)) < _FEWEST_SINE, _FEWEST_SINE, np.sin(phi2))
    second = met[1] / sine / np.maximum(pt[1], 1.0)
    first = (met[0] - met[1] * np.cos(phi2) / sine) / np.maximum(pt[0], 1.0)
    factors = (np.clip(1 + first, *_FACTORS), np.clip(1 + second, *_FACTORS))
    mass = np.clip(visible * np.sqrt(factors[0] * factors[1]), *_MASSES)
    return [np.arctan(first), np.arctan(second), np.log(mass)]
