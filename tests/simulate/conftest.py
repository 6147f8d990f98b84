"""Samples that several tests look at, and a slow selection that shares no code with the package."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from rdfplugins.simulate.hgg.events import generate
from rdfplugins.simulate.trees import Column

Columns = Mapping[str, Column]


@dataclass(frozen=True)
class Selected:
    """Of each event: does it pass all cuts; mass (GeV) of the chosen pair, NaN where there is none."""

    passed: np.ndarray
    mass: np.ndarray


@cache
def _sample(mode: str, events: int, seed: int) -> Columns:
    return generate(mode, events, seed)


@pytest.fixture(scope="session")
def sample() -> Callable[..., Columns]:
    def get(mode: str, events: int = 20_000, seed: int = 11) -> Columns:
        return _sample(mode, events, seed)

    return get


@cache
def _selected(mode: str, events: int, seed: int) -> Selected:
    columns = _sample(mode, events, seed)
    passed = np.zeros(events, dtype=bool)
    mass = np.full(events, math.nan)
    offsets = columns["photon_pt"].offsets
    names = ("pt", "eta", "phi", "isTightID", "trigMatched", "ptcone30", "etcone20")
    photon = {name: columns[f"photon_{name}"].values for name in names}
    for event in np.flatnonzero(columns["trigP"].values):
        good = [i for i in range(offsets[event], offsets[event + 1]) if _is_good(photon, i)]
        if len(good) != 2:
            continue
        first, second = sorted(good, key=lambda i: -photon["pt"][i])
        mass[event] = _pair_mass(photon, first, second) / 1000
        passed[event] = _is_diphoton(photon, first, second, 1000 * mass[event])
    return Selected(passed, mass)


def _is_good(photon: dict[str, np.ndarray], i: int) -> bool:
    abs_eta = abs(float(photon["eta"][i]))
    in_detector = abs_eta < 2.37 and (abs_eta < 1.37 or abs_eta > 1.52)
    return bool(photon["isTightID"][i]) and photon["pt"][i] > 25000 and in_detector


def _pair_mass(photon: dict[str, np.ndarray], i: int, j: int) -> float:
    pt_i, pt_j, eta_i, eta_j, phi_i, phi_j = (float(photon[name][k]) for name in ("pt", "eta", "phi") for k in (i, j))
    return math.sqrt(2 * pt_i * pt_j * (math.cosh(eta_i - eta_j) - math.cos(phi_i - phi_j)))


def _is_diphoton(photon: dict[str, np.ndarray], first: int, second: int, mass: float) -> bool:
    for i, fraction in ((first, 0.35), (second, 0.25)):
        pt = photon["pt"][i]
        isolated = photon["ptcone30"][i] / pt < 0.065 and photon["etcone20"][i] / pt < 0.065
        if not (photon["trigMatched"][i] and isolated and pt / mass > fraction):
            return False
    return 105000 < mass < 160000


@pytest.fixture(scope="session")
def selected() -> Callable[..., Selected]:
    def get(mode: str, events: int = 20_000, seed: int = 11) -> Selected:
        return _selected(mode, events, seed)

    return get


def _real_data(name: str) -> Path:
    folder = os.environ.get("RDFPLUGINS_REAL_DATA")
    path = Path(folder or ".") / name
    if folder is None or not path.is_file():
        pytest.skip(f"set RDFPLUGINS_REAL_DATA to a folder that holds {name}")
    return path


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """Path of a file below the folder of real data, or a skip."""
    return _real_data
