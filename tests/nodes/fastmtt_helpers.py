"""Events for FastMTT, what the node makes of them, and its comparison with the oracle."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import cpp
from rdfplugins.nodes import base, ditau
from rdfplugins.nodes.ditau_fastmtt import COLUMNS
from tests.oracle import fastmtt as oracle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

MASS, X1, X2, STATE = COLUMNS
# a muon and a hadronic tau at 130 GeV
PLAIN: dict[str, float] = {
    "pt_1": 40.0,
    "eta_1": 0.3,
    "phi_1": 0.1,
    "m_1": 0.1056583755,
    "channel": 1,
    "pt_2": 35.0,
    "eta_2": -0.5,
    "phi_2": 2.9,
    "m_2": 0.8,
    "met": 30.0,
    "metphi": 2.2,
    "metcov00": 400.0,
    "metcov01": 20.0,
    "metcov11": 380.0,
}
ELECTRON, MUON = 0.51099895e-3, 0.1056583755


def arrays(df: Any, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(values) for name, values in df.AsNumpy(list(names)).items()}


def frame(events: Iterable[Mapping[str, float]]) -> Any:
    rows = list(events)
    columns = {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}
    return base.as_rnode(cpp.load_root().RDF.FromNumpy(columns))


def found(events: Iterable[Mapping[str, float]], **parameters: Any) -> dict[str, NDArray[Any]]:
    return arrays(ditau.fastmtt(frame(events), **parameters), COLUMNS)


def judge(event: Mapping[str, float], got: Mapping[str, float], points: int = 100) -> bool:
    """Assert that an estimate is that of the oracle; return whether there is one.

    Where two cells are equal to the last digits, either may be taken.
    """
    want = oracle.estimate(event, points)
    assert got[STATE] == want.status, event
    if want.status != oracle.FOUND:
        assert all(math.isnan(got[name]) for name in (MASS, X1, X2)), event
        return False
    x1, x2 = float(got[X1]), float(got[X2])
    assert (x1 * points, x2 * points) == (pytest.approx(round(x1 * points)), pytest.approx(round(x2 * points)))
    reached = oracle.log_likelihood(event, x1, x2)
    assert reached == pytest.approx(want.log_likelihood, rel=1e-9, abs=1e-9), (event, (x1, x2), want)
    assert got[MASS] == pytest.approx(oracle.visible_mass(event) / math.sqrt(x1 * x2), rel=1e-9)
    return True


def judge_all(events: Iterable[Mapping[str, float]], points: int = 100, **parameters: Any) -> int:
    """Compare all events with the oracle; return of how many there is an estimate."""
    rows = list(events)
    got = found(rows, grid=points, **parameters)
    return sum(judge(row, {name: got[name][number] for name in COLUMNS}, points) for number, row in enumerate(rows))


def random_events(number: int, seed: int) -> Iterator[dict[str, float]]:
    """Events far beyond those of an analysis: soft and hard, near each other, of any mass and covariance."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        event: dict[str, float] = {"channel": float(rng.integers(6))}
        for leg in ("1", "2"):
            event |= {
                f"pt_{leg}": rng.lognormal(4, 1),
                f"eta_{leg}": rng.normal(0, 2),
                f"phi_{leg}": rng.uniform(-4, 4),
            }
            event[f"m_{leg}"] = float(rng.choice([0.0, ELECTRON, MUON, 0.1395, rng.uniform(0.1, 2.2), -1e-4]))
        if rng.random() < 0.3:
            event["phi_2"] = event["phi_1"] + float(rng.choice([0, math.pi])) + rng.normal(0, 1e-3)
        if rng.random() < 0.1:
            event["eta_2"] = event["eta_1"] + rng.normal(0, 1e-6)
        event |= {"met": rng.exponential(80) if rng.random() < 0.9 else 0.0, "metphi": rng.uniform(-4, 4)}
        x, y = rng.lognormal(5, 2, 2)
        event |= {"metcov00": x, "metcov11": y, "metcov01": math.sqrt(x * y) * math.sin(rng.uniform(-1.56, 1.56))}
        yield event
