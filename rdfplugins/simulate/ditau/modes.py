"""The samples of the di-tau simulation: resonances of any mass, backgrounds, and collision data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rdfplugins.errors import ConfigError, did_you_mean

RESONANCE, ZLL, WJETS, QCD, TTBAR = range(5)
"""Numbers of the processes."""

TAUTAU, DATA = "tautau", "data"
SCALAR, VECTOR = "scalar", "vector"
SPINS = (SCALAR, VECTOR)

Z_MASS, HIGGS_MASS = 91.2, 125.0
LOWEST_MASS, HIGHEST_MASS = 20.0, 6000.0
RELATIVE_WIDTH = 2.495 / 91.19
"""Width of a vector resonance over its mass, that of the Z (PDG 2022); a scalar is narrow."""


@dataclass(frozen=True)
class Background:
    """A process without a di-tau resonance.

    Attributes
    ----------
    process
        Its number.
    xsec_pb
        Cross-section, pb; see `BACKGROUNDS`.
    negative_weights
        Fraction of events of negative ``genWeight``, as generators beyond the leading order make them.
    """

    process: int
    xsec_pb: float
    negative_weights: float


BACKGROUNDS: Mapping[str, Background] = MappingProxyType(
    {
        "zll": Background(ZLL, 4051.0, 0.16),
        "wjets": Background(WJETS, 1500.0, 0.0),
        "qcd": Background(QCD, 3000.0, 0.0),
        "ttbar": Background(TTBAR, 831.8, 0.004),
    }
)
"""Backgrounds by mode.

``zll``: Z -> ee and mu mu, m > 50 GeV, 13 TeV: two thirds of the 6077 pb that CMS uses for three flavours (NNLO);
``ttbar``: NNLO+NNLL, 13 TeV, all decays. ``wjets`` and ``qcd`` begin with a filter: a jet beside the W boson, or both
jets, are taken for tau or lepton candidates. Their cross-sections are those of the simulation behind this filter,
chosen so that the selected events look like those of an experiment; they are no measurements.
"""

Z_XSEC_PB = 2025.7
"""Z -> tau tau, 13 TeV: one third of 6077 pb (NNLO, m > 50 GeV)."""
HIGGS_XSEC_PB = 48.58 * 0.06272
"""gg -> H -> tau tau at 125 GeV, 13 TeV: cross-section and branching ratio of CERN Yellow Report 4 (1610.07922)."""

DATA_RATES: Mapping[str, float] = MappingProxyType(
    {"higgs": HIGGS_XSEC_PB, "ztt": Z_XSEC_PB, **{mode: kind.xsec_pb for mode, kind in BACKGROUNDS.items()}}
)
"""What data are made of, and the cross-section of each part in pb."""

MODES = (TAUTAU, *BACKGROUNDS, DATA)
"""What can be simulated."""

MassLike = float | Sequence[float] | Mapping[float, float] | Mapping[str, float]


@dataclass(frozen=True)
class Masses:
    """Masses of a resonance, GeV: an interval in which they are uniform, or a number of points.

    Attributes
    ----------
    interval
        Lowest and highest mass; None where there are points.
    points
        Masses and their shares of the events, which add up to 1.
    """

    interval: tuple[float, float] | None
    points: tuple[tuple[float, float], ...] = ()

    def __str__(self) -> str:
        if self.interval is not None:
            return "{:g}:{:g}".format(*self.interval)
        if len(self.points) == 1:
            return f"{self.points[0][0]:g}"
        return ",".join(f"{mass:g}={share:.6g}" for mass, share in self.points)

    @property
    def only(self) -> float | None:
        """The mass if there is one only."""
        return self.points[0][0] if len(self.points) == 1 else None


DEFAULT_MASS = (50.0, 1000.0)
_ENDS = 2  # of an interval


def masses_of(mass: MassLike) -> Masses:
    """Return the masses that a value of ``mass`` means.

    Parameters
    ----------
    mass
        A number; two numbers, lowest and highest of a uniform distribution; or mass -> share of the events, where the
        shares need not add up to 1. GeV.

    Raises
    ------
    ConfigError
        Something else, a mass out of range, or a mass that stands twice.

    Examples
    --------
    >>> [str(masses_of(mass)) for mass in (125, (50, 1000), {"90": 3, "125": 1})]
    ['125', '50:1000', '90=0.75,125=0.25']
    """
    if isinstance(mass, Mapping):
        shares = _mixture((_mass(key), float(share)) for key, share in mass.items())
        if not shares or not all(math.isfinite(share) and share > 0 for share in shares.values()):
            raise ConfigError("a mixture of masses maps each mass to its share of the events, a number above 0")
        total = sum(shares.values())
        return Masses(None, tuple((key, share / total) for key, share in sorted(shares.items())))
    if isinstance(mass, (int, float)):
        return Masses(None, ((_mass(mass), 1.0),))
    if not isinstance(mass, (list, tuple)) or len(mass) != _ENDS:
        raise ConfigError("the mass is a number, two numbers (lowest and highest), or a mapping of masses to shares")
    low, high = _mass(mass[0]), _mass(mass[1])
    if low >= high:
        raise ConfigError(f"the lowest mass, {low:g} GeV, is not below the highest, {high:g} GeV")
    return Masses((low, high))


def read_masses(text: str) -> MassLike:
    """Return what the option ``--mass`` means: ``125``, ``50:1000``, ``90,125`` (equal shares) or ``90=0.3,125=0.7``.

    Raises
    ------
    ConfigError
        The text is none of these, or masses that `masses_of` refuses; the message begins with the option.
    """
    try:
        mass = _parsed(text)
        masses_of(mass)
    except ValueError:
        message = f"'{text}' is no mass; write 125, 50:1000, 90,125 or 90=0.3,125=0.7 (GeV)"
        raise ConfigError(f"--mass: {message}") from None
    except ConfigError as error:
        raise ConfigError(f"--mass: {error}") from None
    return mass


def _parsed(text: str) -> MassLike:
    """Return the mass that a text means; ValueError if it has none of the forms."""
    if ":" in text:
        low, high = text.split(":")
        return (_number(low), _number(high))
    if "," not in text and "=" not in text:
        return _number(text)
    pairs = [part.split("=") if "=" in part else [part, "1"] for part in text.split(",")]
    return _mixture((_number(mass), _number(share)) for mass, share in pairs)


def _number(value: object) -> float:
    # 1_000 is a number to Python, but neither to YAML nor to people, who may mean a range or a list
    if isinstance(value, str) and "_" in value:
        raise ValueError(f"'{value}' has an underscore")
    return float(value)  # type: ignore[arg-type]


def _mixture(pairs: Iterable[tuple[float, float]]) -> dict[float, float]:
    """Return mass -> share; a mass that stands twice would lose one of its shares."""
    shares: dict[float, float] = {}
    for mass, share in pairs:
        if mass in shares:
            raise ConfigError(f"{mass:g} GeV stands twice in a mixture of masses")
        shares[mass] = share
    return shares


def _mass(value: object) -> float:
    try:
        mass = _number(value)
    except (TypeError, ValueError):
        raise ConfigError(f"'{value}' is no mass, a number in GeV is expected") from None
    if not LOWEST_MASS <= mass <= HIGHEST_MASS:
        raise ConfigError(f"the simulation makes resonances of {LOWEST_MASS:g} to {HIGHEST_MASS:g} GeV, not {mass:g}")
    return mass


@dataclass(frozen=True)
class Request:
    """What to simulate; events depend on this, the seed and their number only.

    Attributes
    ----------
    mode
        One of `MODES`.
    masses, spin
        Of the resonance of the mode ``tautau``; None in the others.
    """

    mode: str
    masses: Masses | None = None
    spin: str | None = None

    def __str__(self) -> str:
        return self.mode if self.masses is None else f"{self.mode} {self.spin} {self.masses}"

    @property
    def is_data(self) -> bool:
        """Whether these are collision data: nothing may be said of their truth."""
        return self.mode == DATA

    @property
    def xsec_pb(self) -> float | None:
        """Cross-section, pb, where it is known: of backgrounds, the Z and the Higgs boson."""
        if self.mode in BACKGROUNDS:
            return BACKGROUNDS[self.mode].xsec_pb
        known = {(VECTOR, Z_MASS): Z_XSEC_PB, (SCALAR, HIGGS_MASS): HIGGS_XSEC_PB}
        only = self.masses.only if self.masses is not None else None
        return known.get((self.spin or "", only or 0.0))


def request(mode: str, mass: MassLike | None = None, spin: str | None = None) -> Request:
    """Return what these words of a user ask for.

    Raises
    ------
    ConfigError
        An unknown mode or spin, an impossible mass, or mass or spin of a mode without a resonance.
    """
    if mode not in MODES:
        raise ConfigError(
            f"unknown mode '{mode}' of the ditau simulation{did_you_mean(mode, MODES)} (known: {', '.join(MODES)})"
        )
    if mode != TAUTAU:
        for name, value in (("mass", mass), ("spin", spin)):
            if value is not None:
                raise ConfigError(f"mode '{mode}' has no '{name}': only '{TAUTAU}' has a resonance to choose")
        return Request(mode)
    if spin is not None and spin not in SPINS:
        raise ConfigError(f"unknown spin '{spin}'{did_you_mean(spin, SPINS)} (known: {', '.join(SPINS)})")
    return Request(mode, masses_of(DEFAULT_MASS if mass is None else mass), spin or SCALAR)


def luminosity_pb(events: int) -> float:
    """Return the luminosity (1/pb) that ``events`` simulated data events stand for, by the rates of `DATA_RATES`."""
    return events / sum(DATA_RATES.values())
