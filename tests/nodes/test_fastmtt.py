"""FastMTT against its formulas, event by event: simulated, random, odd and real events."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import cpp
from rdfplugins.errors import SubstitutionWarning
from rdfplugins.nodes import ditau
from rdfplugins.nodes.ditau_fastmtt import COLUMNS, INPUTS
from rdfplugins.simulate import simulate_ditau
from tests.nodes import fastmtt_helpers
from tests.nodes.fastmtt_helpers import ELECTRON, MASS, PLAIN, STATE, X1, X2, arrays, found, judge, random_events
from tests.oracle import fastmtt as oracle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

NAN, INF = math.nan, math.inf


@pytest.fixture(scope="module", autouse=True)
def _compiled_in_a_hurry() -> Iterator[None]:
    """Graphs of few events are not worth the compiler's time."""
    with cpp.optimisation(0):
        yield


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fastmtt") / "in.root"
    simulate_ditau(path, events=9000, mass=(60.0, 900.0), spin="scalar", seed=5)
    return path


@pytest.fixture(scope="module")
def selected(simulated: Path) -> dict[str, NDArray[Any]]:
    df = ditau.fastmtt(ditau.features(ditau.select(cpp.load_root().RDataFrame("Events", str(simulated)))))
    return arrays(df, [*INPUTS, *COLUMNS, "m_vis", "m_coll", "genMass"])


# -- against the formulas


@pytest.mark.parametrize("channel", range(6))
def test_simulated_events_agree_with_the_oracle(selected: dict[str, NDArray[Any]], channel: int) -> None:
    rows = np.flatnonzero(selected["channel"] == channel)[:15]
    assert len(rows) == 15
    for row in rows:
        event = {name: float(selected[name][row]) for name in INPUTS}
        assert judge(event, {name: selected[name][row] for name in COLUMNS})
        assert oracle.visible_mass(event) == pytest.approx(selected["m_vis"][row], rel=1e-7)


def test_the_scale_is_about_right_and_better_than_that_of_the_visible_mass(selected: dict[str, NDArray[Any]]) -> None:
    assert set(selected[STATE]) == {0}
    ratio, visible = (selected[name] / selected["genMass"] for name in (MASS, "m_vis"))
    assert 0.85 < np.median(ratio) < 1.1
    low, middle, high = np.quantile(ratio, (0.16, 0.5, 0.84))
    assert (high - low) / 2 / middle < 0.27
    low, middle, high = np.quantile(visible, (0.16, 0.5, 0.84))
    assert (high - low) / 2 / middle > 0.30


@pytest.mark.parametrize(("points", "number", "seed"), [(25, 500, 1), (33, 250, 2), (100, 25, 3), (10, 400, 4)])
def test_random_events_agree_with_the_oracle(points: int, number: int, seed: int) -> None:
    events = list(random_events(number, seed))
    assert fastmtt_helpers.judge_all(events, points) > 0.8 * number


EDGES: dict[str, tuple[dict[str, float], int]] = {
    "no_met": ({"met": 0.0}, 0),
    "back_to_back": ({"phi_1": 0.0, "phi_2": math.pi, "eta_2": -0.3}, 0),
    "back_to_back_no_met": ({"phi_1": 0.0, "phi_2": math.pi, "met": 0.0}, 0),
    "parallel": ({"phi_2": 0.1, "eta_2": 0.3}, 0),
    "parallel_light": ({"phi_2": 0.1, "eta_2": 0.3, "m_1": 0.0, "m_2": 0.0, "channel": 5}, 4),
    "nearly_parallel_light": ({"phi_2": 0.1 + 1e-7, "eta_2": 0.3, "m_1": 0.0, "m_2": 0.0, "channel": 5}, 0),
    "met_against_both_legs": ({"phi_2": 0.5, "metphi": -2.8, "met": 150.0}, 0),
    "met_along_both_legs": ({"phi_2": 0.5, "metphi": 0.3, "met": 1500.0}, 0),
    "electrons": ({"m_1": ELECTRON, "m_2": ELECTRON, "channel": 5}, 0),
    "masses_of_0": ({"m_1": 0.0, "m_2": 0.0, "channel": 4}, 0),
    "masses_below_0": ({"m_1": -1e-3, "m_2": -0.3}, 0),
    "taus_of_0": ({"m_1": 0.0, "m_2": 0.0, "channel": 0}, 0),
    "heavy_taus": ({"m_1": 1.6, "m_2": 2.5, "channel": 0}, 0),
    "a_muon_as_heavy_as_a_tau": ({"m_1": 1.8}, 4),
    "a_muon_nearly_as_heavy": ({"m_1": 1.776, "m_2": 1.5}, 0),
    "hard": ({"pt_1": 6000.0, "pt_2": 5000.0, "met": 4000.0}, 0),
    "forward": ({"eta_1": 9.4, "eta_2": -9.4}, 0),
    "sharp_covariance": ({"metcov00": 1e-3, "metcov01": 0.0, "metcov11": 1e-3}, 0),
    "no_resolution": ({"metcov00": 1e30, "metcov01": 0.0, "metcov11": 1e30}, 0),
    "unequal_axes": ({"metcov00": 1e-4, "metcov01": 0.0, "metcov11": 1e8}, 0),
    "correlated": ({"metcov00": 400.0, "metcov01": 399.9, "metcov11": 400.0}, 0),
    "singular": ({"metcov00": 400.0, "metcov01": 400.0, "metcov11": 400.0}, 3),
    "singular_for_floats": ({"metcov00": 400.0, "metcov01": 399.9999, "metcov11": 400.0}, 3),
    "impossible_correlation": ({"metcov00": 400.0, "metcov01": -500.0, "metcov11": 400.0}, 3),
    "variance_of_0": ({"metcov00": 0.0, "metcov01": 0.0}, 3),
    "both_variances_below_0": ({"metcov00": -400.0, "metcov01": 0.0, "metcov11": -400.0}, 3),
    "azimuths_from_0_to_2_pi": ({"phi_1": 0.1, "phi_2": 2.9 + 2 * math.pi, "metphi": 2.2 + 2 * math.pi}, 0),
    **{f"nan_in_{name}": ({name: NAN}, 2 if name == "channel" else 1) for name in INPUTS},
    **{f"infinity_in_{name}": ({name: INF}, 2 if name == "channel" else 1) for name in INPUTS},
    **{f"nothing_in_{name}": ({name: -999.0}, 1) for name in ("pt_1", "eta_1", "phi_2", "m_2", "met", "metphi")},
    **{f"minus_10_in_{name}": ({name: -10.0}, 1) for name in ("pt_2", "eta_2", "phi_1", "m_1", "met", "metphi")},
    "pt_of_0": ({"pt_1": 0.0}, 1),
    "both_too_soft": ({"pt_1": 0.04, "pt_2": 0.999}, 5),
    "one_soft": ({"pt_1": 0.04}, 0),
    "soft_and_just_not": ({"pt_1": 0.5, "pt_2": 1.0}, 0),
    "both_too_soft_and_no_covariance": ({"pt_1": 0.04, "pt_2": 0.035, "metcov00": 0.0}, 3),
    "huge": ({"pt_1": 1e200, "pt_2": 1e200}, 1),
    **{f"channel_{value}": ({"channel": value}, 2) for value in (-1.0, 6.0, 1.5, 1e18)},
}


@pytest.fixture(scope="module")
def edges() -> dict[str, NDArray[Any]]:
    return found([{**PLAIN, **changes} for changes, _ in EDGES.values()])


@pytest.mark.parametrize("name", EDGES)
def test_edges_agree_with_the_oracle(edges: dict[str, NDArray[Any]], name: str) -> None:
    changes, status = EDGES[name]
    number = list(EDGES).index(name)
    got = {column: edges[column][number] for column in COLUMNS}
    assert got[STATE] == status
    with np.errstate(over="ignore"):
        assert judge({**PLAIN, **changes}, got) is (status == 0)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "events"), [("nano_dy", 5), ("nano_dimuon", 4)])
def test_real_events_agree_with_the_oracle(real_data: Path, name: str, events: int) -> None:
    df = cpp.load_root().RDataFrame("Events", str(real_data / "nanoaod" / f"{name}.root"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SubstitutionWarning)
        df = ditau.fastmtt(ditau.features(ditau.select(df)))
    got = arrays(df, [*INPUTS, *COLUMNS])
    assert len(got[MASS]) == events
    for row in range(events):
        event = {column: float(got[column][row]) for column in INPUTS}
        assert judge(event, {column: got[column][row] for column in COLUMNS})


# -- what must hold for any event


def test_a_turn_or_a_mirror_changes_nothing() -> None:
    events = list(random_events(300, 7))
    plain = found(events)
    angle = 1.234
    cos, sin = math.cos(angle), math.sin(angle)
    turned, mirrored = [], []
    for event in events:
        xx, xy, yy = (event[f"metcov{axes}"] for axes in ("00", "01", "11"))
        moved = {name: event[name] + angle for name in ("phi_1", "phi_2", "metphi")}
        moved |= {
            "metcov00": cos * cos * xx - 2 * cos * sin * xy + sin * sin * yy,
            "metcov01": cos * sin * (xx - yy) + (cos * cos - sin * sin) * xy,
            "metcov11": sin * sin * xx + 2 * cos * sin * xy + cos * cos * yy,
        }
        turned.append({**event, **moved})
        mirrored.append({**event, **{name: -event[name] for name in ("phi_1", "phi_2", "metphi", "metcov01")}})
    for others in (turned, mirrored):
        same = np.isclose(found(others)[MASS], plain[MASS], rtol=1e-9, equal_nan=True)
        assert np.count_nonzero(~same) <= 2  # cells of equal likelihood


@pytest.mark.parametrize("channel", [0, 4])
def test_legs_of_one_kind_may_be_exchanged(channel: int) -> None:
    events = [{**event, "channel": channel} for event in random_events(200, 8)]
    swap = {f"{what}_{leg}": f"{what}_{other}" for what in ("pt", "eta", "phi", "m") for leg, other in ("12", "21")}
    one, other = found(events), found({**event, **{to: event[of] for to, of in swap.items()}} for event in events)
    same = np.isclose(one[X1], other[X2], rtol=1e-12, equal_nan=True)
    assert np.count_nonzero(~same) <= 2  # cells of equal likelihood
    np.testing.assert_allclose(one[MASS][same], other[MASS][same], rtol=1e-9)


def test_the_limit_of_light_legs_is_smooth() -> None:
    masses = (0.0, 1e-300, 1e-12, 1e-6, ELECTRON, 1e-2)
    got = found({**PLAIN, "m_1": mass, "m_2": mass, "channel": 5} for mass in masses)
    assert set(got[STATE]) == {0}
    np.testing.assert_allclose(got[MASS], got[MASS][0], rtol=1e-5)


def test_no_fraction_is_below_what_the_mass_of_a_leg_allows() -> None:
    events = [{**event, "channel": 0} for event in random_events(300, 9)]
    got = found(events)
    for number, event in enumerate(events):
        if got[STATE][number] == 0:
            square1, square2 = oracle.bounds(event)
            assert got[X1][number] >= square1
            assert got[X2][number] >= square2
            assert got[MASS][number] >= 1.15 * oracle.visible_mass(event)


def test_a_sharp_measurement_finds_the_fractions() -> None:
    """Neutrinos exactly along the legs, and a MET that is known: the solution of the collinear approximation."""
    for x1, x2 in ((0.3, 0.6), (0.5, 0.5), (0.8, 0.3)):
        event = {**PLAIN, "metcov00": 0.01, "metcov01": 0.0, "metcov11": 0.01}
        p = [
            event[f"pt_{leg}"] * (1 / x - 1) * np.array([math.cos(event[f"phi_{leg}"]), math.sin(event[f"phi_{leg}"])])
            for leg, x in ((1, x1), (2, x2))
        ]
        x, y = p[0] + p[1]
        event |= {"met": math.hypot(x, y), "metphi": math.atan2(y, x)}
        got = found([event])
        assert (got[X1][0], got[X2][0]) == (pytest.approx(x1, abs=0.011), pytest.approx(x2, abs=0.011))


def test_the_collinear_mass_solves_its_equations(selected: dict[str, NDArray[Any]]) -> None:
    """MET = sum of p_i (1 / x_i - 1), m = m_vis / sqrt(x1 x2), and no mass where a fraction is not in (0, 1]."""
    vector = {
        name: np.stack([selected[pt] * np.cos(selected[phi]), selected[pt] * np.sin(selected[phi])], axis=1)
        for name, pt, phi in (("1", "pt_1", "phi_1"), ("2", "pt_2", "phi_2"), ("met", "met", "metphi"))
    }
    extra = np.linalg.solve(np.stack([vector["1"], vector["2"]], axis=2), vector["met"][:, :, None])[:, :, 0]
    is_solved = (extra >= 0).all(axis=1)
    assert 0.5 < is_solved.mean() < 0.9
    assert np.array_equal(np.isfinite(selected["m_coll"]), is_solved)
    wanted = selected["m_vis"][is_solved] * np.sqrt(np.prod(1 + extra[is_solved], axis=1))
    np.testing.assert_allclose(selected["m_coll"][is_solved], wanted, rtol=1e-8)
