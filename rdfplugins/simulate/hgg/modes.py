"""The samples of the diphoton simulation: production modes of the Higgs boson, and collision data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Mode:
    """A production mode of H -> gamma gamma.

    Attributes
    ----------
    dsid
        Number of the data set in the public release, the ``channelNumber`` of its events.
    xsec_pb
        Cross-section times branching ratio, pb.
    mean_weight, weight_spread, negative_weights
        Mean of ``mcWeight`` (that of the public file), relative spread of its magnitude, fraction below zero.
    pt_shape, pt_scale
        The transverse momentum of the boson follows a gamma distribution; its mean is shape x scale (GeV).
    rapidity_width
        Standard deviation of the boson's rapidity.
    soft_jets
        Mean number of jets above 20 GeV from radiation and pile-up, beside those of the process itself.
    """

    dsid: int
    xsec_pb: float
    mean_weight: float
    weight_spread: float
    negative_weights: float
    pt_shape: float
    pt_scale: float
    rapidity_width: float
    soft_jets: float


@dataclass(frozen=True)
class Totals:
    """What a whole sample adds up to, and its files state in every event.

    Attributes
    ----------
    events
        Number of generated events.
    weights, squares
        Sums of ``mcWeight`` and of its square; 1 for data.
    """

    events: int
    weights: float = 1.0
    squares: float = 1.0


# The public ttH file applies the branching ratio twice; this is the right product.
_TTH_XSEC_PB = 1.1645e-3

SIGNALS: Mapping[str, Mode] = MappingProxyType(
    {
        "gg": Mode(343981, 0.102, 28.30, 0.30, 0.03, 1.3, 28.0, 1.10, 0.55),
        "VBF": Mode(345041, 0.008518764, 3.737, 0.10, 0.015, 2.4, 42.0, 0.95, 0.40),
        "Wp": Mode(345318, 0.0019654512, 0.862, 0.25, 0.09, 1.8, 50.0, 1.10, 0.50),
        "Z": Mode(345319, 0.0017347836, 0.761, 0.25, 0.08, 1.8, 51.0, 1.05, 0.50),
        "tt": Mode(341081, _TTH_XSEC_PB, 0.523, 0.02, 0.18, 2.2, 58.0, 0.85, 0.80),
    }
)
"""The production modes by label, in the order in which processes are numbered."""

CONTINUUM = Mode(0, 0.0, 0.0, 0.0, 0.0, 1.1, 26.0, 1.20, 0.55)
"""Kinematics of the background in data: photon pairs without a resonance, and jets taken for photons."""

DATA = "data"
MODES = (*SIGNALS, DATA)
"""What can be simulated: labels of the production modes, and data."""

BACKGROUND = len(SIGNALS)
"""Number of the continuum among the processes; the signals have their positions in `SIGNALS`."""


def check_mode(mode: str) -> None:
    """Raise `ConfigError` unless ``mode`` is one of `MODES`."""
    if mode not in MODES:
        raise ConfigError(
            f"unknown mode '{mode}' of the hgg simulation{did_you_mean(mode, MODES)} (known: {', '.join(MODES)})"
        )
