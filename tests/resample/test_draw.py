"""Thresholds: exact numbers, the right rows, whatever the pieces; and that looking in vain once does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins import random
from rdfplugins.resample import arrivals, draw
from rdfplugins.resample.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

SEED = 7


def keys(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, n, dtype=np.uint64)


def pieces(key: np.ndarray, *others: np.ndarray, size: int = 1000):
    def look():
        for first in range(0, len(key), size):
            yield (key[first : first + size], *(one[first : first + size] for one in others))

    return look


def test_marks_are_those_of_the_package() -> None:
    key = keys(1000)
    np.testing.assert_array_equal(draw.uniforms(SEED, key, "x"), random.uniform(SEED, key, "x"))
    start = np.full(1000, draw.stream(SEED, "x"), np.uint64)
    np.testing.assert_array_equal(draw.hashes(int(start[0]), key), random.combine(start, key))


def slow_smallest(key: np.ndarray, group: np.ndarray, take: np.ndarray, purpose: str) -> np.ndarray:
    marks = random.uniform(SEED, key, purpose)
    taken = np.zeros(len(key), bool)
    for number, wanted in enumerate(take):
        rows = [row for row in range(len(key)) if group[row] == number]
        for row in sorted(rows, key=lambda row: marks[row])[:wanted]:
            taken[row] = True
    return taken


@pytest.mark.parametrize("sigmas", [6.0, 0.0])
@pytest.mark.parametrize("candidates", [1_500_000, 40])
def test_smallest_against_sorting(monkeypatch: pytest.MonkeyPatch, sigmas: float, candidates: int) -> None:
    """Also where brackets are too narrow, and where groups have to be looked at in parts."""
    monkeypatch.setattr(draw, "_SIGMAS", sigmas)
    monkeypatch.setattr(draw, "_SPARE", 8.0 if sigmas else 0.5)
    monkeypatch.setattr(draw, "CANDIDATES", candidates)
    rng = np.random.default_rng(3)
    group = rng.integers(-1, 12, 5000).astype(np.int32)
    group[group == 5] = 4
    key = keys(5000)
    n = np.bincount(group[group >= 0], minlength=12)
    take = np.array([0, 1, *(int(x) for x in rng.integers(0, n[2:10] + 1)), n[10], n[11] - 1])
    found = draw.smallest(pieces(key, group), n, take, draw.stream(SEED, "x"))
    inside = group >= 0
    taken = np.zeros(5000, bool)
    taken[inside] = found.taken(key[inside], group[inside])
    np.testing.assert_array_equal(taken, slow_smallest(key, group, take, "x"))


def test_marks_that_are_alike_in_their_leading_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sort of joined numbers is not enough then: the marks themselves decide."""
    monkeypatch.setattr(draw, "hashes", lambda start, key: key)
    group = np.zeros(64, np.int32)
    group[:32] = 1
    key = (np.uint64(1) << np.uint64(63)) + np.arange(64, dtype=np.uint64)[::-1]
    found = draw.smallest(pieces(key, group), np.array([32, 32]), np.array([5, 7]), 0)
    taken = found.taken(key, group)
    assert sorted(key[taken & (group == 0)]) == sorted(key[group == 0])[:5]
    assert sorted(key[taken & (group == 1)]) == sorted(key[group == 1])[:7]


def slow_copies(key: np.ndarray, rate: np.ndarray, draws: int, most: int | None) -> np.ndarray:
    """Let every row have its arrivals one after the other, and take the first ``draws`` of all."""
    found = []
    for row, one in enumerate(key):
        time = 0.0
        for number in range(60 if most is None else most):
            mark = draw.hashes(draw.stream(SEED, arrivals.ARRIVE, number), np.array([one], np.uint64))
            share = float(int(mark[0]) >> 11) * 2.0**-53
            time -= np.log(1 - share) / rate[row] if rate[row] > 0 else -np.inf
            found.append((time, row))
    copies = np.zeros(len(key), np.int32)
    for time, row in sorted(found)[:draws]:
        copies[row] += np.isfinite(time)
    return copies


@pytest.mark.parametrize(("draws", "most"), [(1, None), (150, None), (700, None), (150, 1), (350, 2), (399, 2)])
@pytest.mark.parametrize("sigmas", [6.0, 0.0])
def test_earliest_against_sorting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, draws: int, most: int | None, sigmas: float
) -> None:
    monkeypatch.setattr(arrivals, "_SIGMAS", sigmas)
    monkeypatch.setattr(arrivals, "_SPARE", 8.0 if sigmas else 0.5)
    rng = np.random.default_rng(5)
    key, rate = keys(230), rng.exponential(1.0, 230)
    rate[200:] = 0.0
    group = np.zeros(230, np.int32)
    group[210:220] = -1
    found = arrivals.earliest(
        pieces(key, group, rate, size=37),
        np.array([draws]),
        SEED,
        total=np.array([rate.sum()]),
        n=np.array([200]),
        most=most,
        spool=Spool(tmp_path, np.uint32),
    )
    copies = found.copies(key[:210], group[:210], rate[:210])
    assert copies.sum() == draws
    assert copies[200:].sum() == 0
    np.testing.assert_array_equal(copies, slow_copies(key[:210], rate[:210], draws, most))
    if found.kept is not None:  # what was put aside on the way is the same
        for number, first in enumerate(range(0, 230, 37)):
            part = [one[first : first + 37] for one in (key, group, rate)]
            used = np.flatnonzero(part[1] >= 0)
            counted = found.copies_of(number, part[1])
            np.testing.assert_array_equal(counted[used], found.copies(*(one[used] for one in part)))
    assert found.kept is not None or sigmas == 0 or most is not None


def test_more_than_there_may_be() -> None:
    key, rate, group = keys(20), np.ones(20), np.zeros(20, np.int32)
    found = arrivals.earliest(
        pieces(key, group, rate), np.array([100]), SEED, total=np.array([20.0]), n=np.array([20]), most=3
    )
    np.testing.assert_array_equal(found.copies(key, group, rate), np.full(20, 3))


def test_copies_are_multinomial() -> None:
    """Rows at rate 2 are drawn twice as often, and their numbers spread as independent draws do."""
    n, draws = 40_000, 60_000
    key = keys(n, 9)
    rate = np.where(np.arange(n) % 2 == 0, 2.0, 1.0)
    group = np.zeros(n, np.int32)
    found = arrivals.earliest(
        pieces(key, group, rate, size=10_000), np.array([draws]), SEED, total=np.array([rate.sum()]), n=np.array([n])
    )
    copies = found.copies(key, group, rate)
    assert copies.sum() == draws
    for part, mean in ((copies[::2], 2.0), (copies[1::2], 1.0)):
        expected = draws * mean / 3 / (n / 2)
        assert abs(part.mean() - expected) < 5 * np.sqrt(expected / (n / 2))
        assert abs(part.var() / expected - 1) < 0.05
