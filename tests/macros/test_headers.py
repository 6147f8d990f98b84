"""The headers alone: they compile by themselves, are formatted, and agree with independent references."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins import cpp
from rdfplugins.paths import shipped

FOLDER = shipped("macros") / "rdfplugins"
HEADERS = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.h"))
NAN, INF = math.nan, math.inf
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ETAS = (0.0, -0.0, 1e-7, 0.5, -0.5, 2.5, -2.5, 5.0, -5.0)
PHIS = (0.0, math.pi, -math.pi, math.pi / 2, -math.pi / 2, 3.0, -3.0, float(np.float32(math.pi)))
coordinates = st.tuples(st.floats(0.1, 1e3), st.floats(-5, 5), st.floats(-math.pi, math.pi))
particles = st.tuples(st.floats(0.1, 1e3), st.floats(-5, 5), st.floats(-math.pi, math.pi), st.floats(0, 200))


def tool(name: str) -> str:
    """Return a program, also that of the environment the tests run in; skip where there is none."""
    found = shutil.which(name) or shutil.which(str(Path(sys.executable).parent / name))
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_there_are_headers() -> None:
    assert {"hash.h", "kinematics.h", "collections.h", "diphoton.h"} <= set(HEADERS)


@pytest.mark.parametrize("name", HEADERS)
def test_header_compiles_alone_without_a_warning(tmp_path: Path, name: str) -> None:
    compiler = tool("g++")
    source = tmp_path / "alone.cxx"
    # twice: once without anything before it, once to see its guard
    source.write_text(f'#include "rdfplugins/{name}"\n#include "rdfplugins/{name}"\n')
    root = str(cpp.load_root().TROOT.GetIncludeDir())
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only"]
    command = [compiler, "-std=c++17", *warnings, f"-I{FOLDER.parent}", "-isystem", root, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", HEADERS)
def test_header_is_formatted(name: str) -> None:
    command = [tool("clang-format"), "--dry-run", "--Werror", str(FOLDER / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", HEADERS)
def test_header_says_what_it_is(name: str) -> None:
    first, second = (FOLDER / name).read_text().splitlines()[:2]
    assert (first, second[:3]) == ("#pragma once", "// ")


# -- kinematics against ROOT's GenVector


@pytest.fixture(scope="module")
def rdfp() -> Any:
    for header in ("kinematics.h", "collections.h", "diphoton.h"):
        cpp.include(f"rdfplugins/{header}")
    return cpp.load_root().rdfp


@pytest.fixture(scope="module")
def vectors() -> Any:
    return cpp.load_root().Math


@pytest.mark.parametrize("eta", ETAS)
def test_theta(rdfp: Any, vectors: Any, eta: float) -> None:
    assert rdfp.theta(eta) == pytest.approx(vectors.PtEtaPhiMVector(1.0, eta, 0.0, 0.0).Theta(), rel=1e-12)
    assert rdfp.theta(eta) + rdfp.theta(-eta) == pytest.approx(math.pi, rel=1e-15)


@given(st.floats(-15, 15))
@quick
def test_theta_gives_its_eta_back(rdfp: Any, eta: float) -> None:
    theta = rdfp.theta(eta)
    assert 0 < theta < math.pi
    if abs(eta) < 8:
        assert -math.log(math.tan(theta / 2)) == pytest.approx(eta, rel=1e-9, abs=1e-9)


def test_theta_at_the_ends(rdfp: Any) -> None:
    assert (rdfp.theta(INF), rdfp.theta(-INF)) == (0.0, math.pi)
    assert math.isnan(rdfp.theta(NAN))


@pytest.mark.parametrize("phi1", PHIS)
@pytest.mark.parametrize("phi2", PHIS)
def test_delta_phi(rdfp: Any, vectors: Any, phi1: float, phi2: float) -> None:
    found = rdfp.delta_phi(phi1, phi2)
    one, other = (vectors.PtEtaPhiMVector(1.0, 0.0, phi, 0.0) for phi in (phi1, phi2))
    reference = vectors.VectorUtil.DeltaPhi(other, one)
    assert -math.pi <= found <= math.pi
    # at half a turn the sign is a convention
    assert abs(math.remainder(found - reference, 2 * math.pi)) < 1e-12
    assert abs(found) == pytest.approx(abs(reference), abs=1e-12)


@given(st.floats(-20, 20), st.floats(-20, 20))
@quick
def test_delta_phi_is_the_same_turn(rdfp: Any, phi1: float, phi2: float) -> None:
    found = rdfp.delta_phi(phi1, phi2)
    assert abs(found) <= math.pi
    assert math.cos(found) == pytest.approx(math.cos(phi1 - phi2), abs=1e-12)
    assert math.sin(found) == pytest.approx(math.sin(phi1 - phi2), abs=1e-12)
    assert rdfp.delta_phi(phi2, phi1) == -found


@pytest.mark.parametrize("bad", [(NAN, 0.0), (0.0, NAN), (INF, 0.0), (INF, INF)])
def test_delta_phi_of_what_is_no_angle(rdfp: Any, bad: tuple[float, float]) -> None:
    assert math.isnan(rdfp.delta_phi(*bad))


def cartesian(vector: Any) -> Any:
    """Return a vector whose sums are exact; those of PtEtaPhi vectors lose digits in the eta of the sum."""
    return cpp.load_root().Math.PxPyPzEVector(vector)


def check_massless(rdfp: Any, vectors: Any, one: tuple[float, ...], other: tuple[float, ...]) -> None:
    total = cartesian(vectors.PtEtaPhiMVector(*one, 0.0)) + cartesian(vectors.PtEtaPhiMVector(*other, 0.0))
    found = rdfp.massless_pair_mass(*one, *other)
    # the reference is a small difference of large squares: its error in m^2 is about 1e-16 E^2
    assert abs(found**2 - total.M2()) <= 1e-13 * total.E() ** 2
    assert rdfp.massless_pair_mass(*other, *one) == pytest.approx(found, rel=1e-14)


@pytest.mark.parametrize("eta", ETAS)
@pytest.mark.parametrize("phi", PHIS)
def test_massless_mass_at_the_corners(rdfp: Any, vectors: Any, eta: float, phi: float) -> None:
    for other in ((30.0, 0.0, 0.0), (30.0, 5.0, math.pi), (30.0, -5.0, -math.pi), (30.0, 0.7, -2.0)):
        check_massless(rdfp, vectors, (45.0, eta, phi), other)


@given(coordinates, coordinates)
@quick
def test_massless_mass(rdfp: Any, vectors: Any, one: tuple[float, ...], other: tuple[float, ...]) -> None:
    check_massless(rdfp, vectors, one, other)


@pytest.mark.parametrize(("eta", "phi"), [(0.0, 0.0), (5.0, math.pi), (-5.0, -math.pi), (1.3, 2.0)])
def test_massless_mass_of_equal_directions(rdfp: Any, eta: float, phi: float) -> None:
    assert rdfp.massless_pair_mass(45.0, eta, phi, 30.0, eta, phi) == 0.0
    back = rdfp.massless_pair_mass(45.0, 0.0, phi, 45.0, 0.0, phi + math.pi)
    assert back == pytest.approx(90.0, rel=1e-15)


@pytest.mark.parametrize("place", range(6))
def test_mass_of_nan(rdfp: Any, place: int) -> None:
    arguments = [45.0, 0.5, 1.0, 30.0, -0.5, -1.0]
    arguments[place] = NAN
    assert math.isnan(rdfp.massless_pair_mass(*arguments))


def check_massive(rdfp: Any, vectors: Any, one: tuple[float, ...], other: tuple[float, ...]) -> None:
    """Each is pt, eta, phi, m; our function takes E in place of m."""
    first, second = vectors.PtEtaPhiMVector(*one), vectors.PtEtaPhiMVector(*other)
    arguments = (*one[:3], first.E(), *other[:3], second.E())
    by_energy = cartesian(vectors.PtEtaPhiEVector(*arguments[:4])) + cartesian(vectors.PtEtaPhiEVector(*arguments[4:]))
    found = rdfp.pair_mass(*arguments)
    tolerance = 1e-13 * by_energy.E() ** 2
    assert abs(found**2 - max(by_energy.M2(), 0.0)) <= tolerance
    assert abs(found**2 - (cartesian(first) + cartesian(second)).M2()) <= tolerance


@pytest.mark.parametrize("eta", ETAS)
@pytest.mark.parametrize("phi", PHIS)
def test_mass_at_the_corners(rdfp: Any, vectors: Any, eta: float, phi: float) -> None:
    for other in ((30.0, 0.0, 0.0, 0.0), (30.0, 5.0, math.pi, 4.2), (30.0, -5.0, -math.pi, 91.0)):
        check_massive(rdfp, vectors, (45.0, eta, phi, 10.0), other)


@given(particles, particles)
@quick
def test_mass(rdfp: Any, vectors: Any, one: tuple[float, ...], other: tuple[float, ...]) -> None:
    check_massive(rdfp, vectors, one, other)


def test_mass_of_imperfect_energies(rdfp: Any) -> None:
    """Energies below the momenta, by rounding in the file, are a mass of 0 and no NaN; what is no number is one."""
    assert rdfp.pair_mass(45.0, 0.0, 0.0, 44.9, 30.0, 0.0, 0.0, 29.9) == 0.0
    for place in range(8):
        for bad in (NAN, INF, -INF):
            arguments = [45.0, 0.5, 1.0, 60.0, 30.0, -0.5, -1.0, 40.0]
            arguments[place] = bad
            assert math.isnan(rdfp.pair_mass(*arguments)), (place, bad)


def test_two_leading(rdfp: Any) -> None:
    def two(*values: float) -> tuple[int, int]:
        found = rdfp.diphoton.two_leading(vector(values))
        return found.first, found.second

    assert two() == (-1, -1)
    assert two(5) == (0, -1)
    assert two(5, 7, 6) == (1, 2)
    assert two(5, 5, 5) == (0, 1)
    assert two(4, 5, 5) == (1, 2)
    assert two(NAN, 1, 2) == (2, 1)
    assert two(NAN, NAN, 1) == (2, 0)
    assert two(-1, -2, -INF) == (0, 1)


@given(st.lists(st.sampled_from([NAN, -1.0, 0.0, 1.0, 2.0, 3.0, INF]), max_size=7))
@quick
def test_two_leading_against_a_stable_sort(rdfp: Any, values: list[float]) -> None:
    order = sorted(
        range(len(values)), key=lambda i: (math.isnan(values[i]), 0 if math.isnan(values[i]) else -values[i])
    )
    found = rdfp.diphoton.two_leading(vector(values))
    assert (found.first, found.second) == tuple([*order, -1, -1][:2])


# -- statistics against numpy


def vector(values: Any, kind: str = "float") -> Any:
    made = cpp.load_root().VecOps.RVec[kind]()
    for value in values:
        made.push_back(value)
    return made


def summary(found: Any) -> list[float]:
    return [found.min, found.max, found.mean, found.sum, found.std]


@given(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=30))
@quick
def test_statistics_against_numpy(rdfp: Any, values: list[float]) -> None:
    x = np.array(values, dtype=np.float64)
    found = summary(rdfp.statistics(vector(values), -1.0))
    scale = 1e-14 * np.abs(x).max()
    assert found[:2] == [x.min(), x.max()]
    assert found[2] == pytest.approx(x.mean(), rel=1e-13, abs=scale)
    assert found[3] == pytest.approx(math.fsum(values), rel=1e-13, abs=scale * len(x))
    assert found[4] == pytest.approx(x.std(), rel=1e-12, abs=scale)
    assert found[4] >= 0


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=10))
@quick
def test_statistics_of_integers(rdfp: Any, values: list[int]) -> None:
    found = summary(rdfp.statistics(vector(values, "int"), -1.0))
    assert found[:4] == [min(values), max(values), pytest.approx(np.mean(values)), sum(values)]
    assert found[4] == pytest.approx(np.std(values), rel=1e-9, abs=1e-4)


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("length", [1, 4])
def test_one_element_that_is_no_number_spoils_all(rdfp: Any, bad: float, place: int, length: int) -> None:
    values = [3.0, 1.0, 2.0, 5.0][:length]
    values[place % length] = bad
    assert all(math.isnan(value) for value in summary(rdfp.statistics(vector(values), 7.0)))
    if math.isnan(bad):
        assert all(math.isnan(value) for value in summary(rdfp.theta_statistics(vector(values), 7.0)))


@pytest.mark.parametrize("empty", [NAN, -999.0, 0.0])
def test_statistics_of_nothing(rdfp: Any, empty: float) -> None:
    for found in (rdfp.statistics(vector([]), empty), rdfp.theta_statistics(vector([]), empty)):
        assert found.sum == 0.0
        others = [found.min, found.max, found.mean, found.std]
        assert np.array_equal(others, [empty] * 4, equal_nan=True)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@quick
def test_statistics_of_one(rdfp: Any, value: float) -> None:
    assert summary(rdfp.statistics(vector([value]), -1.0)) == [value, value, value, value, 0.0]


@pytest.mark.parametrize("value", [0.1, 125.09, 1e5, -3.3e-5])
def test_statistics_of_many_equal_values(rdfp: Any, value: float) -> None:
    exact = float(np.float32(value))
    low, high, mean, total, std = summary(rdfp.statistics(vector([value] * 10_000), -1.0))
    assert (low, high) == (exact, exact)
    assert mean == pytest.approx(exact, rel=1e-12)
    assert total == pytest.approx(1e4 * exact, rel=1e-12)
    assert 0 <= std <= 1e-12 * abs(exact)


def test_large_values_with_a_small_spread(rdfp: Any) -> None:
    """E[x^2] - E[x]^2 in float32 gives NaN or nonsense here."""
    values = [5e6, 5e6 + 0.5, 5e6 + 1.0]
    assert rdfp.statistics(vector(values), -1.0).std == pytest.approx(0.5 * math.sqrt(2 / 3), rel=1e-9)


def test_theta_statistics(rdfp: Any) -> None:
    etas = np.array([-2.5, 0.0, 0.5, 4.9], dtype=np.float32).astype(float)
    thetas = 2 * np.arctan(np.exp(-etas))
    found = summary(rdfp.theta_statistics(vector(etas), -1.0))
    assert found == pytest.approx([thetas.min(), thetas.max(), thetas.mean(), thetas.sum(), thetas.std()], rel=1e-14)
    assert summary(rdfp.theta_statistics(vector([INF, -INF]), -1.0))[:2] == [0.0, math.pi]
