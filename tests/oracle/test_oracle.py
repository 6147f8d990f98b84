"""The oracle judged by hand: closed forms, identities, and the faults of the original notebook."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.oracle import compare, diphoton
from tests.oracle.edge_events import (
    SCHEMA,
    A,
    B,
    complete,
    edge_events,
    edge_outcomes,
    event,
    jet,
    lep,
    photon,
)

NOTEBOOK = {
    "pairing": "leading_two",
    "max_abs_eta": None,
    "crack": None,
    "fraction_of": "E",
    "mass_window": (115.0, 135.0),
}
ALL_OFF = {
    **dict.fromkeys(("trigger", "min_pt", "max_abs_eta", "crack", "max_track_isolation", "max_calo_isolation")),
    **dict.fromkeys(("min_lead_fraction", "min_sublead_fraction", "mass_range")),
    "trigger_matched": False,
}


def first_failure(selected: diphoton.Selected, **parameters: object) -> str:
    return "" if selected.passed else diphoton.active_cuts(**parameters)[len(selected.cuts_passed)]


def named(name: str) -> dict:
    return dict(edge_events())[name]


# ------------------------------------------------------------------------------------------------------- edge events


@pytest.mark.parametrize("name", edge_outcomes())
def test_edge_event_fails_where_worked_out_by_hand(name: str) -> None:
    assert first_failure(diphoton.select(named(name))) == edge_outcomes()[name]


def test_edge_events_are_many_complete_and_distinct() -> None:
    events = [e for _, e in edge_events()]
    assert len(events) >= 100
    assert len({int(e["eventNumber"]) for e in events}) == len(events)
    assert all(list(e) == list(SCHEMA) for e in events)


@pytest.mark.parametrize("empty", [math.nan, -999.0])
def test_every_selected_event_has_all_columns_and_no_computed_infinity(empty: float) -> None:
    table = compare.expected_table((e for _, e in edge_events()), "mc", empty=empty)
    copies = set(compare.EXACT_COLUMNS)
    for row in table.values():
        assert set(row) == set(diphoton.COLUMNS_82) | set(diphoton.EXTRA_COLUMNS)
        assert not any(math.isinf(x) for name, x in row.items() if name not in copies)


def test_mass_of_the_threshold_events_is_the_threshold_to_the_bit() -> None:
    for gev in (105, 115, 135, 160):
        event_at = named(f"mass_exactly_{gev}")
        assert diphoton.select(event_at).mass == gev * 1000.0
        inside = diphoton.select(named(f"mass_just_inside_{gev}")).mass
        outside = diphoton.select(named(f"mass_just_outside_{gev}")).mass
        assert min(inside, outside) < gev * 1000.0 < max(inside, outside)
        assert abs(inside - outside) < 0.02
    assert diphoton.select(named("lead_fraction_exactly_0.35")).mass == 125000.0


def test_window_is_closed_and_range_is_open() -> None:
    for gev, inside in ((115, True), (135, True)):
        assert diphoton.select(named(f"mass_exactly_{gev}"), mass_window=(115, 135)).passed is inside
        assert not diphoton.select(named(f"mass_just_outside_{gev}"), mass_window=(115, 135)).passed
    assert diphoton.select(named("mass_exactly_105"), mass_range=None, mass_window=(105, 160)).passed
    assert not diphoton.select(named("mass_exactly_105"), mass_window=(105, 160)).passed


# --------------------------------------------------------------------------------------------------- closed forms


def test_back_to_back_pair_by_hand() -> None:
    # eta = +-asinh(3/4): cosh eta = 5/4, sinh eta = +-3/4; E = 62.5 GeV each, back to back: m = 125, theta* = theta.
    eta = math.asinh(0.75)
    e = complete(event([photon(50000.0, eta, 0.0), photon(50000.0, -eta, math.pi)]))
    selected = diphoton.select(e)
    row = diphoton.features(e, selected)
    assert row["h_mass"] == pytest.approx(125000.0, rel=1e-7)
    assert row["m_yy"] == pytest.approx(125.0, rel=1e-7)
    assert row["pt_yy"] == pytest.approx(0.0, abs=0.01)
    assert row["ptt_yy"] == pytest.approx(0.0, abs=0.01)
    assert row["y_yy"] == pytest.approx(0.0, abs=1e-7)
    assert row["cos_theta_star"] == pytest.approx(0.6, rel=1e-6)
    assert row["deta_yy"] == pytest.approx(2 * math.log(2.0), rel=1e-7)
    assert row["dphi_yy"] == pytest.approx(math.pi, rel=1e-7)


def test_right_angle_pair_by_hand() -> None:
    # pT vectors (80, 0) and (0, 60) GeV at the same eta 0.5: pT = 100, pTt = 2*80*60/100 = 96, m^2 = 2*80*60, y = 0.5
    e = complete(event([photon(60000.0, 0.5, math.pi / 2), photon(80000.0, 0.5, 0.0)]))
    selected = diphoton.select(e, mass_range=None)
    assert (selected.passed, selected.lead, selected.sublead) == (True, 1, 0)
    row = diphoton.features(e, selected)
    assert row["pt_yy"] == pytest.approx(100000.0, rel=1e-6)
    assert row["ptt_yy"] == pytest.approx(96000.0, rel=1e-6)
    assert row["h_mass"] == pytest.approx(math.sqrt(9600.0) * 1000.0, rel=1e-6)
    assert row["y_yy"] == pytest.approx(0.5, rel=1e-6)
    assert row["cos_theta_star"] == 0.0
    assert (row["photon_1lead_pt"], row["photon_2lead_pt"]) == (80000.0, 60000.0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_system_against_sum_of_four_vectors(sign: float) -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        pts, etas, phis = rng.uniform(30e3, 90e3, 2), sign * rng.uniform(0.05, 2.3, 2), rng.uniform(-3.1, 3.1, 2)
        e = complete(event([photon(*x) for x in zip(pts, etas, phis, strict=True)]))
        selected = diphoton.select(e, **ALL_OFF | {"order": "file"})
        row = diphoton.features(e, selected)
        vectors = []
        for pt, eta, phi in zip(
            e["photon_pt"].tolist(), e["photon_eta"].tolist(), e["photon_phi"].tolist(), strict=True
        ):
            angle = 2.0 * math.atan(math.exp(-eta))
            p = pt / math.sin(angle)
            vectors.append((p, pt * math.cos(phi), pt * math.sin(phi), p * math.cos(angle)))
        energy, px, py, pz = (sum(c) for c in zip(*vectors, strict=True))
        assert row["h_mass"] == pytest.approx(math.sqrt(energy**2 - px**2 - py**2 - pz**2), rel=1e-7)
        assert row["pt_yy"] == pytest.approx(math.hypot(px, py), rel=1e-9, abs=1e-6)
        assert row["y_yy"] == pytest.approx(math.atanh(pz / energy), rel=1e-9, abs=1e-12)
        (e1, x1, y1, z1), (e2, x2, y2, z2) = vectors
        # Collins-Soper angle by light-cone components
        plus_minus = abs((e1 + z1) * (e2 - z2) - (e1 - z1) * (e2 + z2))
        q2 = row["h_mass"] ** 2
        assert row["cos_theta_star"] == pytest.approx(
            plus_minus / math.sqrt(q2 * (q2 + px**2 + py**2)), rel=1e-6, abs=1e-9
        )
        thrust = math.hypot(x1 - x2, y1 - y2)
        along = ((x1 + x2) * (x1 - x2) + (y1 + y2) * (y1 - y2)) / thrust
        across = math.sqrt(max(0.0, px**2 + py**2 - along**2))
        assert row["ptt_yy"] == pytest.approx(across, rel=1e-5, abs=0.1)
        deta = math.asinh(z1 / math.hypot(x1, y1)) - math.asinh(z2 / math.hypot(x2, y2))
        assert row["deta_yy"] == pytest.approx(abs(deta), abs=1e-9)
        assert 0.0 <= row["dphi_yy"] <= math.pi
        assert math.cos(row["dphi_yy"]) == pytest.approx((x1 * x2 + y1 * y2) / math.hypot(x1, y1) / math.hypot(x2, y2))


@pytest.mark.parametrize("eta", [-4.5, -2.0, -1.0, -1e-6, 0.0, 1e-6, 0.3, 1.0, 2.0, 4.5])
def test_theta_is_the_polar_angle(eta: float) -> None:
    theta = diphoton.theta(eta)
    assert theta == pytest.approx(math.atan2(1.0, math.sinh(eta)), rel=1e-12)
    assert 0.0 < theta < math.pi
    assert theta + diphoton.theta(-eta) == pytest.approx(math.pi, rel=1e-12)
    assert math.cos(theta) == pytest.approx(math.tanh(eta), rel=1e-9, abs=1e-12)


def test_statistics_by_hand() -> None:
    stats = diphoton.statistics([1.0, 2.0, 3.0, 6.0])
    assert stats == {"min": 1.0, "max": 6.0, "mean": 3.0, "sum": 12.0, "std": pytest.approx(math.sqrt(3.5))}
    assert diphoton.statistics([0.1])["std"] == 0.0
    assert diphoton.statistics([], empty=-1.0) == {"min": -1.0, "max": -1.0, "mean": -1.0, "sum": 0.0, "std": -1.0}
    for bad in (math.nan, math.inf, -math.inf):
        assert all(math.isnan(x) for x in diphoton.statistics([1.0, bad, 2.0], empty=-1.0).values())


def test_dijet_by_hand() -> None:
    # Massless, eta = 0, at right angles: m^2 = 2 * 40 * 30; a softer third jet does not matter, nor does the order.
    hard, middle = jet(40000.0, 0.0, 0.0, E=40000.0), jet(30000.0, 0.0, math.pi / 2, E=30000.0)
    e = complete(event([A, B], [jet(20000.0, 3.0, 0.0), middle, hard]))
    row = diphoton.features(e, diphoton.select(e))
    assert row["m_jj"] == pytest.approx(math.sqrt(2400.0) * 1000.0, rel=1e-6)
    assert row["deta_jj"] == 0.0
    one = complete(event([A, B], [hard]))
    assert math.isnan(diphoton.features(one, diphoton.select(one))["m_jj"])
    assert diphoton.features(one, diphoton.select(one), empty=-9.0)["deta_jj"] == -9.0
    spacelike = named("jets_energy_below_momentum")
    assert diphoton.features(spacelike, diphoton.select(spacelike))["m_jj"] == 0.0
    forward = named("jets_forward_both_sides")
    assert diphoton.features(forward, diphoton.select(forward))["deta_jj"] == pytest.approx(8.8, rel=1e-6)


def test_weights_by_hand() -> None:
    factors = {name: 1.0 for name in SCHEMA if name.startswith("scaleFactor_")}
    factors |= {"scaleFactor_PILEUP": 0.5, "scaleFactor_PHOTON": 2.0, "scaleFactor_PhotonTRIGGER": 2.0}
    factors["scaleFactor_BTAG"] = 3.0
    e = complete(event([A, B], mcWeight=-2.0, XSection=0.25, SumWeights=8.0, **factors))
    assert diphoton.weights(e, "mc") == {"weight": -12.0 * 0.25 / 8.0, "weight_df104": -4.0 * 0.25 / 8.0}
    assert diphoton.weights(e, "mc", xsec_pb=2.0, sum_of_weights=4.0)["weight"] == -6.0
    assert diphoton.weights(named("weight_scaleFactor_TAU_zero"), "mc")["weight"] == 0.0
    assert diphoton.weights(named("as_in_data"), "data") == {"weight": 1.0, "weight_df104": 1.0}
    with pytest.raises(ValueError, match="sum of weights"):
        diphoton.weights(e, "mc", sum_of_weights=0.0)


def test_counts_are_the_branches() -> None:
    photons, jets = named("photon_n_disagrees_with_vector"), named("jet_n_disagrees_with_vector")
    assert diphoton.features(photons, diphoton.select(photons))["photon_n"] == 7
    assert diphoton.features(jets, diphoton.select(jets))["jet_n"] == 5


# --------------------------------------------------------------------------------------------- options of the selection


def test_pairing_and_order() -> None:
    harder_loose = named("third_loose_harder_first")
    assert diphoton.select(harder_loose).passed
    assert (
        first_failure(diphoton.select(harder_loose, pairing="leading_two"), pairing="leading_two") == "two_good_photons"
    )
    three = named("three_tight")
    assert diphoton.select(three, pairing="leading_two").passed
    swapped = named("softer_first_in_file")
    assert (diphoton.select(swapped).lead, diphoton.select(swapped).sublead) == (1, 0)
    assert (diphoton.select(swapped, order="file").lead, diphoton.select(swapped, order="file").sublead) == (0, 1)
    for name in ("pt_tie_two", "pt_tie_two_swapped"):
        assert diphoton.select(named(name)).lead == 0
    tie = diphoton.select(named("pt_tie_three_tight"), pairing="leading_two")
    assert (tie.lead, tie.sublead) == (0, 1)
    nan_first = diphoton.select(named("third_loose_pt_nan_first"), pairing="leading_two")
    assert (nan_first.lead, nan_first.sublead) == (1, 2)


def test_each_cut_can_be_switched_off_and_leaves_the_cutflow() -> None:
    cuts = diphoton.active_cuts()
    assert len(cuts) == 8
    switches = ["trigger", None, "trigger_matched", "max_track_isolation", "max_calo_isolation"]
    switches += ["min_lead_fraction", "min_sublead_fraction", "mass_range"]
    for cut, switch in zip(cuts, switches, strict=True):
        if switch is not None:
            assert diphoton.active_cuts(**{switch: None}) == [name for name in cuts if name != cut]
    assert diphoton.active_cuts(**ALL_OFF) == ["two_good_photons"]
    assert diphoton.select(named("mass_zero_identical_photons"), **ALL_OFF).passed
    assert diphoton.active_cuts(mass_window=(115, 135)) == [*cuts, "mass_window"]


def test_cuts_are_strict_where_the_threshold_is_a_float() -> None:
    # 1.37, 2.37 and 0.065 are no floats, so only other thresholds can be met exactly.
    e = complete(event([A | {"pt": 65536.0, "eta": -0.75, "ptcone30": 4096.0, "etcone20": 8192.0}, B]))
    assert diphoton.select(e, max_calo_isolation=0.126).passed
    isolation = {"max_track_isolation": 0.0625, "max_calo_isolation": 0.126}
    assert first_failure(diphoton.select(e, **isolation), **isolation) == "track_isolation"
    assert diphoton.select(e, max_calo_isolation=0.125).cuts_passed[-1] == "track_isolation"
    for acceptance in ({"max_abs_eta": 0.75}, {"crack": (0.75, 1.0)}, {"crack": (0.5, 0.75)}):
        assert diphoton.select(e, **acceptance).cuts_passed == ["photon_trigger"]


def test_gev_files() -> None:
    scaled = dict(named("base"))
    for branch in ("photon_pt", "photon_E", "photon_ptcone30", "photon_etcone20"):
        scaled[branch] = (scaled[branch] / np.float32(1000)).astype(np.float32)
    selected = diphoton.select(scaled, units="GeV")
    row = diphoton.features(scaled, selected, units="GeV")
    assert selected.passed
    assert row["m_yy"] == row["h_mass"] == pytest.approx(diphoton.select(named("base")).mass / 1000.0, rel=1e-6)
    assert not diphoton.select(scaled).passed


# ------------------------------------------------------------------------------------------- faults of the notebook


def notebook_mass(e: dict, i: int, j: int) -> float:
    """Angle formula of the notebook, to show that the events below tell it from the right one."""
    tangents = []
    for k in (i, j):
        q = math.exp(-float(e["photon_eta"][k]))
        tangents.append(2 * q**2 / (1 - q**2))
    cosine = math.cos(float(e["photon_phi"][j]) - float(e["photon_phi"][i])) + tangents[0] * tangents[1]
    cosine /= math.sqrt((tangents[0] ** 2 + 1) * (tangents[1] ** 2 + 1))
    return math.sqrt(2.0 * float(e["photon_E"][i]) * float(e["photon_E"][j]) * (1.0 - cosine))


@pytest.mark.parametrize("name", ["base", "both_eta_positive", "both_eta_negative", "phi_across_pi"])
def test_notebook_mass_was_wrong(name: str) -> None:
    e = named(name)
    selected = diphoton.select(e)
    assert selected.lead is not None
    assert abs(notebook_mass(e, selected.lead, selected.sublead) / selected.mass - 1.0) > 0.01


@pytest.mark.parametrize("eta", [1.5, -1.5])
def test_notebook_theta_was_wrong(eta: float) -> None:
    e = complete(event([A, B], [jet(40000.0, eta, 0.0)], [lep(20000.0, -eta, 0.0)]))
    row = diphoton.features(e, diphoton.select(e))
    q = math.exp(-eta)
    assert row["jet_theta_mean"] == pytest.approx(2 * math.atan(q), rel=1e-12)
    assert row["lep_theta_mean"] == pytest.approx(math.pi - row["jet_theta_mean"], rel=1e-12)
    assert abs(math.atan(2 * q**2 / (1 - q**2)) - row["jet_theta_mean"]) > 0.1


def test_notebook_cut_isolation_in_mev() -> None:
    for branch in ("ptcone30", "etcone20"):
        assert diphoton.select(named(f"lead_{branch}_large_in_mev"), **NOTEBOOK).passed


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_notebook_cut_energy_over_mass_and_had_no_acceptance(sign: float) -> None:
    e = dict(named("lead_fraction_by_E_only"))
    e["photon_eta"] = (sign * e["photon_eta"]).astype(np.float32)
    assert first_failure(diphoton.select(e)) == "lead_pt_over_mass"
    assert diphoton.select(e, fraction_of="E").passed
    for eta in (1.45, 2.45):
        e = complete(event([A | {"eta": sign * eta}, B | {"eta": sign * (eta - 0.5)}]))
        assert first_failure(diphoton.select(e)) == "two_good_photons"
        assert diphoton.select(e, **NOTEBOOK).passed


def test_notebook_lost_the_jets() -> None:
    e = named("jets_three_softest_first")
    row = diphoton.features(e, diphoton.select(e))
    assert (row["jet_n"], row["jet_pt_min"], row["jet_pt_max"]) == (3, 30000.0, 90000.0)
    assert row["jet_pt_mean"] == 60000.0
    assert row["jet_pt_std"] == pytest.approx(math.sqrt(6e8), rel=1e-12)
    assert (row["lep_n"], row["lep_pt_sum"]) == (0, 0.0)
    assert math.isnan(row["lep_pt_min"])


def test_notebook_std_failed_by_cancellation() -> None:
    e = named("jets_large_pt_small_spread")
    x = e["jet_pt"]
    step = 0.5  # distance of neighbouring floats at 5e6
    assert diphoton.features(e, diphoton.select(e))["jet_pt_std"] == pytest.approx(step * math.sqrt(2 / 3), rel=1e-9)
    naive = np.float32(np.mean(x * x, dtype=np.float32)) - np.float32(np.mean(x, dtype=np.float32)) ** 2
    assert naive != pytest.approx(step * step * 2 / 3, rel=0.5)


# ------------------------------------------------------------------------------------------------------- comparison


def as_columns(table: dict) -> dict[str, np.ndarray]:
    rows = list(table.values())[::-1]  # another order than the table's
    floats = set(compare.EXACT_COLUMNS)
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {n: c.astype(np.float32) if n in floats and c.dtype.kind == "f" else c for n, c in columns.items()}


@pytest.fixture
def table() -> dict:
    return compare.expected_table((e for _, e in edge_events()), "mc")


def test_comparison_accepts_the_same_events_in_any_order(table: dict) -> None:
    compare.assert_same_events(as_columns(table) | {"label_id": np.zeros(len(table))}, table)


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("h_mass", lambda x: x * (1 + 1e-5)),
        ("jet_pt_min", np.nan_to_num),
        ("jet_phi_mean", lambda x: x + 1e-3),
        ("photon_1lead_pt", lambda x: np.nextafter(x, np.float32(0))),
        ("met_phi", abs),
        ("weight", lambda x: x * 1.00001),
        ("jet_pt_std", lambda x: x * 1.00001),
        ("eventNumber", lambda x: x + 1),
        ("lep_n", lambda x: x + 1),
    ],
)
def test_comparison_finds_a_changed_column(table: dict, column: str, change: object) -> None:
    columns = as_columns(table)
    columns[column] = change(columns[column])
    with pytest.raises(AssertionError, match="tree and oracle differ"):
        compare.assert_same_events(columns, table)


def test_comparison_names_missing_extra_and_duplicate_events(table: dict) -> None:
    columns = as_columns(table)
    keys = columns["eventNumber"].tolist()
    columns["eventNumber"] = np.array([4242, *keys[1:-1], keys[1]])
    with pytest.raises(AssertionError) as failure:
        compare.assert_same_events(columns, table)
    text = str(failure.value)
    assert f"2 events missing from the tree: {keys[-1]}, {keys[0]}" in text
    assert "1 events in the tree but not expected: 4242" in text
    assert f"1 events more than once in the tree: {keys[1]}" in text
    del columns["m_yy"]
    with pytest.raises(AssertionError, match="1 columns missing: m_yy"):
        compare.assert_same_events(columns, table)


def test_cutflow_counts() -> None:
    chosen = ["base", "no_photon", "weight_nan", "weight_negative", "mass_above_range", "trigger_off"]
    flow = compare.expected_cutflow([named(n) for n in chosen], "mc", xsec_pb=1.0, sum_of_weights=1.0)
    assert [n for n, _, _ in flow.values()] == [6, 5, 4, 4, 4, 4, 4, 4, 3]
    base, negative = (diphoton.weights(named(n), "mc", 1.0, 1.0)["weight"] for n in ("base", "weight_negative"))
    assert flow["mass_105_160"] == (3, pytest.approx(base + negative), pytest.approx(base**2 + negative**2))


def test_root_file_gives_back_the_same_events(tmp_path) -> None:
    path = str(tmp_path / "edge.root")
    events = [e for _, e in edge_events()]
    compare.write_mini(path, events)
    read = list(compare.events_from_root(path))
    assert len(read) == len(events)
    for got, want in zip(read, events, strict=True):
        assert list(got) == list(want)
        for branch, x in want.items():
            assert np.asarray(got[branch]).dtype == x.dtype, branch
            assert np.asarray(got[branch]).tobytes() == x.tobytes(), branch
