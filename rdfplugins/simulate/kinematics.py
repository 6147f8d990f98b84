"""Four-momenta as arrays float64[4, n] of (px, py, pz, E), in GeV; angles in radians."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def four_momentum(pt: Array, rapidity: Array, phi: Array, mass: Array | float) -> Array:
    """Return the four-momenta of particles with these transverse momenta, rapidities, azimuths and masses."""
    transverse_mass = np.hypot(pt, mass)
    return np.stack(
        [pt * np.cos(phi), pt * np.sin(phi), transverse_mass * np.sinh(rapidity), transverse_mass * np.cosh(rapidity)]
    )


def pt_eta_phi(p4: Array) -> tuple[Array, Array, Array]:
    """Return transverse momentum, pseudorapidity and azimuth in (-pi, pi]."""
    px, py, pz, _ = p4
    pt = np.hypot(px, py)
    return pt, np.arcsinh(pz / np.maximum(pt, 1e-9)), np.arctan2(py, px)


def wrapped(phi: Array) -> Array:
    """Return the azimuth in [-pi, pi)."""
    return (phi + np.pi) % (2 * np.pi) - np.pi


def decay(
    parent: Array, mass: Array | float, masses: tuple[float, float], cos_theta: Array, phi: Array
) -> tuple[Array, Array]:
    """Return the two daughters of each parent.

    Parameters
    ----------
    parent
        float64[4, n].
    mass, masses
        Those of the parent and of the two daughters, GeV.
    cos_theta, phi
        Direction of the first daughter in the rest frame of the parent, the axis being that of the beam.
    """
    mass_1, mass_2 = masses
    mass_sum, mass_difference = mass_1 + mass_2, mass_1 - mass_2
    square = np.asarray(mass) ** 2
    momentum = np.sqrt(np.maximum((square - mass_sum**2) * (square - mass_difference**2), 0.0)) / (2 * np.asarray(mass))
    sin_theta = np.sqrt(1 - cos_theta**2)
    direction = np.stack([sin_theta * np.cos(phi), sin_theta * np.sin(phi), cos_theta])
    return (
        boosted(momentum * direction, np.hypot(momentum, mass_1), parent, mass),
        boosted(-momentum * direction, np.hypot(momentum, mass_2), parent, mass),
    )


def boosted(momentum: Array, energy: Array, frame: Array, mass: Array | float) -> Array:
    """Return float64[4, n] of momenta float64[3, n] and energies in the rest frame of ``frame``, in its own frame.

    ``frame`` holds the four-momenta of the particles at rest there, float64[4, n], and ``mass`` is theirs.
    """
    projection = np.einsum("in,in->n", frame[:3], momentum)
    along = (projection / (frame[3] + mass) + energy) / mass
    return np.concatenate([momentum + along * frame[:3], [(frame[3] * energy + projection) / mass]])


def delta_r(eta_1: Array, phi_1: Array, eta_2: Array, phi_2: Array) -> Array:
    """Return the distance in pseudorapidity and azimuth."""
    return np.asarray(np.hypot(eta_1 - eta_2, wrapped(phi_1 - phi_2)))
