"""FastMTT of one event, as the formulas say it: every pair of visible fractions of a grid, one after the other.

A. Kalinowski, W. Matyszkiewicz, arXiv:2509.26069. The likelihood of the fractions x1, x2 of the tau momenta that are
visible is that of a mass times that of missing momentum, with neutrinos along the visible products:

- m^2 = m_vis^2 / (x1 x2) and M = c2 m, c1 = 6, c2 = 1 / 1.15; r = (m_vis / M)^2; 0 where M < m_vis.
- x1min = min(1, (m1 / m_tau)^2), x2min = max((m2 / m_tau)^2, r), x2max = min(1, r / x1min); 0 where x2max < x2min.
- L = 2 m_vis^2 M^-c1 [ln(x2max / x2min) + (leg 1 leptonic: r (1 / x2max - 1 / x2min))
  + (leg 2 leptonic: r ln(x2max / x2min) - (x2max - x2min))].
- times exp(-chi2 / 2), chi2 of MET - sum of p_i (1 / x_i - 1) with the covariance of MET.

The estimate is m at the largest likelihood. What the formulas leave open, and is decided here:

- Fractions are k / n for k from 1 to n, at least (m_i / m_tau)^2. The likelihood is compared as its logarithm, which
  has no underflow.
- Masses of hadronic legs enter the bounds between that of a charged pion and 1.5 GeV; m_vis has them as they are.
- Leptonic: leg 1 in mt and et, both in em, mm and ee, none in tt.
- Nothing is there: a number that is not finite; pT <= 0; MET < 0; eta or phi at or beyond 9.5; a mass at or below -1
  GeV (above, what is below 0 is 0).
- A covariance is none where a variance is not positive, or 1 - correlation^2 is at or below 1e-6.
- Too soft to be a selected pair: both pT below 1 GeV.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

M_TAU, M_PION, HIGHEST = 1.77686, 0.13957039, 1.5
C1, C2 = 6.0, 1.0 / 1.15
LEPTONIC = {0: (False, False), 1: (True, False), 2: (True, False), 3: (True, True), 4: (True, True), 5: (True, True)}
NAMES = (
    *(f"{what}_{leg}" for leg in (1, 2) for what in ("pt", "eta", "phi", "m")),
    *("met", "metphi", "metcov00", "metcov01", "metcov11", "channel"),
)
FOUND, NOT_THERE, NO_CHANNEL, NO_COVARIANCE, IMPOSSIBLE, TOO_SOFT = range(6)


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What is found; NaN where there is none. ``log_likelihood`` without constants of the event."""

    status: int
    mass: float = math.nan
    x1: float = math.nan
    x2: float = math.nan
    log_likelihood: float = -math.inf


def status_of(event: Mapping[str, float]) -> int:  # noqa: PLR0911 (one rule after the other, as they are written down)
    """Return why there can be no estimate, or `FOUND`."""
    numbers = {name: float(event[name]) for name in NAMES}
    for name, number in numbers.items():
        if name != "channel" and not math.isfinite(number):
            return NOT_THERE
    for leg in ("1", "2"):
        if numbers[f"pt_{leg}"] <= 0 or abs(numbers[f"eta_{leg}"]) >= 9.5 or abs(numbers[f"phi_{leg}"]) >= 9.5:
            return NOT_THERE
        if numbers[f"m_{leg}"] <= -1:
            return NOT_THERE
    if numbers["met"] < 0 or abs(numbers["metphi"]) >= 9.5:
        return NOT_THERE
    if numbers["channel"] not in LEPTONIC:
        return NO_CHANNEL
    xx, xy, yy = numbers["metcov00"], numbers["metcov01"], numbers["metcov11"]
    if not (xx > 0 and yy > 0 and 1 - xy / xx * (xy / yy) > 1e-6):
        return NO_COVARIANCE
    if max(numbers["pt_1"], numbers["pt_2"]) < 1:
        return TOO_SOFT
    return FOUND


def visible_mass(event: Mapping[str, float]) -> float:
    """Return the mass of both legs, GeV."""
    products = []
    for leg in (1, 2):
        pt, eta, phi = (float(event[f"{what}_{leg}"]) for what in ("pt", "eta", "phi"))
        mass = max(0.0, float(event[f"m_{leg}"]))
        p = (pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta))
        products.append((math.sqrt(sum(x * x for x in p) + mass * mass), p, mass))
    (e1, p1, m1), (e2, p2, m2) = products
    # e1 e2 - p1 p2, in a form in which nothing cancels where the legs are parallel
    size1, size2 = (math.sqrt(sum(x * x for x in p)) for p in (p1, p2))
    eta, phi = (float(event[f"{what}_1"]) - float(event[f"{what}_2"]) for what in ("eta", "phi"))
    opening = float(event["pt_1"]) * float(event["pt_2"]) * 2 * (math.sinh(eta / 2) ** 2 + math.sin(phi / 2) ** 2)
    boosts = (m1 * m1 * e2 * e2 + m2 * m2 * size1 * size1) / (e1 * e2 + size1 * size2)
    return math.sqrt(m1 * m1 + m2 * m2 + 2 * (boosts + opening))


def bounds(event: Mapping[str, float]) -> tuple[float, float]:
    """Return the smallest visible fractions that the masses of the legs allow."""
    found = []
    for leg, leptonic in zip((1, 2), LEPTONIC[int(event["channel"])], strict=True):
        mass = max(0.0, float(event[f"m_{leg}"]))
        if not leptonic:
            mass = min(max(mass, M_PION), HIGHEST)
        found.append((mass / M_TAU) ** 2)
    return found[0], found[1]


def log_mass_term(event: Mapping[str, float], m_vis: float, x1: float, x2: float) -> float:
    """Return ln L of a mass, without 2 m_vis^(2 - c1), which is the same for all masses of an event."""
    square1, square2 = bounds(event)
    leptonic1, leptonic2 = LEPTONIC[int(event["channel"])]
    mass = C2 * m_vis / math.sqrt(x1 * x2)
    if mass < m_vis:
        return -math.inf
    r = (m_vis / mass) ** 2
    x1min = min(1.0, square1)
    x2min = max(square2, r)
    x2max = min(1.0, r / x1min) if x1min > 0 else 1.0
    if x2max < x2min:
        return -math.inf
    integral = math.log(x2max / x2min)
    if leptonic1:
        integral += r * (1 / x2max - 1 / x2min)
    if leptonic2:
        integral += r * math.log(x2max / x2min) - (x2max - x2min)
    return -C1 * math.log(mass / m_vis) + math.log(integral) if integral > 0 else -math.inf


def chi2(event: Mapping[str, float], x1: float, x2: float) -> float:
    """Return that of the missing transverse momentum, less that of the neutrinos."""
    x = float(event["met"]) * math.cos(event["metphi"])
    y = float(event["met"]) * math.sin(event["metphi"])
    for leg, fraction in ((1, x1), (2, x2)):
        pt, phi = float(event[f"pt_{leg}"]), float(event[f"phi_{leg}"])
        x -= pt * math.cos(phi) / fraction - pt * math.cos(phi)
        y -= pt * math.sin(phi) / fraction - pt * math.sin(phi)
    xx, xy, yy = (float(event[f"metcov{axes}"]) for axes in ("00", "01", "11"))
    return (x * x * yy - 2 * x * y * xy + y * y * xx) / (xx * yy - xy * xy)


def log_likelihood(event: Mapping[str, float], x1: float, x2: float) -> float:
    """Return ln of the likelihood of two visible fractions; -inf where they cannot be."""
    square1, square2 = bounds(event)
    if x1 < square1 or x2 < square2:
        return -math.inf
    return log_mass_term(event, visible_mass(event), x1, x2) - chi2(event, x1, x2) / 2


def estimate(event: Mapping[str, float], points: int = 100) -> Estimate:
    """Return the mass of largest likelihood.

    Parameters
    ----------
    event
        `NAMES`, in GeV and rad.
    points
        Number of fractions for each leg.
    """
    status = status_of(event)
    if status != FOUND:
        return Estimate(status)
    m_vis = visible_mass(event)
    if not math.isfinite(m_vis):
        return Estimate(NOT_THERE)
    if m_vis == 0.0:
        return Estimate(IMPOSSIBLE)
    best = Estimate(IMPOSSIBLE)
    square1, square2 = bounds(event)
    for first in range(1, points + 1):
        for second in range(1, points + 1):
            x1, x2 = first / points, second / points
            if x1 < square1 or x2 < square2:
                continue
            value = log_mass_term(event, m_vis, x1, x2) - chi2(event, x1, x2) / 2
            if value > best.log_likelihood:
                best = Estimate(FOUND, m_vis / math.sqrt(x1 * x2), x1, x2, value)
    return best
