"""The di-tau oracle judged by hand-made events, closed forms, switches and real files."""

from __future__ import annotations

import math
from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.oracle.ditau import LEGS, TwoChannelsError, analyse, cut_names, follow
from tests.oracle.ditau_columns import INPUTS, collinear_mass, mass_of, transverse_mass
from tests.oracle.ditau_compare import assert_same_events, expected_cutflow, expected_table
from tests.oracle.ditau_edges import MUON, MUON_PLUS, TAU, TAU_MINUS, Case, edge_cases
from tests.oracle.ditau_events import BRANCHES, electron, event, jet, muon, read_events, tau, write_events
from tests.oracle.ditau_random import random_events
from tests.oracle.ditau_settings import CHANNELS, DEFAULTS, Settings

if TYPE_CHECKING:
    from pathlib import Path

CASES = {case.name: case for case in edge_cases()}


def near(value: float) -> Any:
    return pytest.approx(value, rel=2e-6, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("name", CASES)
def test_edge_event_ends_where_worked_out_by_hand(name: str) -> None:
    case = CASES[name]
    result = analyse(case.event)
    assert (result.channel if result else None) == case.channel
    if result:
        columns = result.inputs | result.community
        assert {name: columns[name] for name in case.columns} == {k: near(v) for k, v in case.columns.items()}
        assert result.steps[result.channel] == cut_names(result.channel)


def test_edge_events_are_many_complete_and_cover_all_channels() -> None:
    assert len(CASES) >= 200
    assert all(set(case.event) == set(BRANCHES) for case in CASES.values())
    assert {case.channel for case in CASES.values()} == {*CHANNELS, None}


def test_columns_of_a_selected_event_are_all_there() -> None:
    result = analyse(CASES["mt"].event)
    assert result is not None
    assert tuple(result.inputs) == INPUTS
    legs = (f"{what}_{k}" for k in (1, 2) for what in ("pt", "eta", "phi", "m", "q", "mt"))
    jets = (f"j{what}_{k}" for k in (1, 2) for what in ("pt", "eta", "phi"))
    others = [
        "m_vis",
        "pt_vis",
        "mt_tot",
        "m_coll",
        "met",
        "metphi",
        "metcov00",
        "metcov01",
        "metcov11",
        "njets",
        "nbtag",
        "mjj",
        "jdeta",
        "npv",
    ]
    assert set(result.community) == {*legs, *jets, *others}


def test_optional_branches_may_be_absent() -> None:
    sparse = {name: x for name, x in CASES["two_jets"].event.items() if name not in {"Tau_mass", "Jet_mass"}}
    sparse |= {"genMass": np.float32(125.0)}
    result = analyse(sparse)
    assert result is not None
    assert not {"m_1", "m_2", "m_vis", "m_coll", "mjj"} & set(result.community)
    assert result.community["genMass"] == 125.0


def _shifted() -> list[tuple[str, str | None, float]]:
    """All numbers of the selection, per channel where they differ, each moved both ways by a little."""
    names = [one.name for one in fields(Settings) if "_min_" in f"_{one.name}" or "_max_" in f"_{one.name}"]
    names.remove("jet_min_delta_r")  # for taus without jet index, not used by default
    whole = {"max_muons", "max_electrons", "jet_min_id", "electron_max_lost_hits"}
    cases = []
    for name in names:
        for channel in DEFAULTS.get(name, {None: 0.0}):
            number = Settings().of(name, channel or "")
            assert number is not None
            step = 1.0 if "vs_" in name or name in whole else 1e-3 * number
            cases += [(name, channel, number + sign * step) for sign in (1.0, -1.0)]
    return cases


@pytest.mark.parametrize(("name", "channel", "number"), _shifted())
def test_edge_events_pin_every_number(name: str, channel: str | None, number: float) -> None:
    settings = Settings(**{name: number if channel is None else {channel: number}})

    def wrong(case: Case) -> bool:
        try:
            result = analyse(case.event, settings)
        except TwoChannelsError:
            return True
        if (result.channel if result else None) != case.channel:
            return True
        counted = result.community if result else {}
        return any(counted[name] != x for name, x in case.columns.items() if name in {"njets", "nbtag"})

    assert any(wrong(case) for case in CASES.values())


# --------------------------------------------------------------------------------------------------------------- steps


@pytest.mark.parametrize(
    ("name", "channel", "last"),
    [
        ("mt_dr_below", "mt", "pair_charge"),
        ("mt_same_sign", "mt", "tau_jet_overlap"),
        ("mt_third_muon", "mt", "pair_delta_r"),
        ("mt_third_electron", "mt", "third_muon_veto"),
        ("mt_two_loose", "mt", "third_electron_veto"),
        ("et_two_loose", "et", "third_electron_veto"),
        ("tau_beside_jet", "mt", "tau_vs_jet"),
        ("mt_vs_jet_below", "mt", "tau_vs_mu"),
        ("mt_vs_e_below", "mt", "tau_decay_mode"),
        ("tau_charge_2", "mt", "tau_vertex"),
        ("decay_mode_5", "mt", "tau_charge"),
        ("muon_not_medium", "mt", "muon_vertex"),
        ("mt_iso_at", "mt", "muon_id"),
        ("et_iso_at", "et", "electron_conversion"),
        ("et_electron_two_lost_hits", "et", "electron_id"),
        ("mm_pt_10_at", "mm", ""),
        ("tt_one_tau_beside_jet", "tt", "tau_vs_jet"),
    ],
)
def test_last_cut_passed(name: str, channel: str, last: str) -> None:
    steps = follow(CASES[name].event).steps[channel]
    assert steps == cut_names(channel)[: len(steps)]
    assert (steps[-1] if steps else "") == last


def test_names_of_cuts() -> None:
    lepton = ["kinematics", "vertex", "id"]
    taus = ["kinematics", "vertex", "charge", "decay_mode", "vs_e", "vs_mu", "vs_jet", "jet_overlap"]
    ends = ["pair_charge", "pair_delta_r", "third_muon_veto", "third_electron_veto"]
    expected = [f"muon_{x}" for x in (*lepton, "isolation")] + [f"tau_{x}" for x in taus] + [*ends, "dimuon_veto"]
    assert cut_names("mt") == expected
    electrons = [f"electron_{x}" for x in (*lepton, "conversion", "isolation")]
    assert cut_names("em") == [*electrons, *(f"muon_{x}" for x in (*lepton, "isolation")), *ends]
    assert cut_names("ee") == [*electrons, *ends]
    everything = Settings(triggers={"et": "HLT"}, charge="any", max_muons=None, dielectron_veto=False, max_dz=None)
    assert cut_names("et", everything)[0] == "trigger"
    off = {"pair_charge", "third_muon_veto", "dielectron_veto", "tau_vertex"}
    assert not off & set(cut_names("et", everything))
    assert "electron_vertex" in cut_names("et", everything)


def test_a_flag_that_fails_stops_all_channels() -> None:
    made = event([TAU], [MUON], Flag_HBHENoiseFilter=False)
    followed = follow(made)
    assert followed.flags == ["Flag_goodVertices", "Flag_globalSuperTightHalo2016Filter"]
    assert not any(followed.steps.values())
    del made["Flag_HBHENoiseFilter"]
    assert analyse(made) is not None


# ------------------------------------------------------------------------------------------------------------ switches


def channel_of(made: dict[str, Any], **settings: Any) -> str | None:
    result = analyse(made, Settings(**settings))
    return result.channel if result else None


def test_charge() -> None:
    same, opposite = CASES["mt_same_sign"].event, CASES["mt"].event
    assert [channel_of(same, charge=what) for what in ("opposite", "same", "any")] == [None, "mt", "mt"]
    assert [channel_of(opposite, charge=what) for what in ("opposite", "same", "any")] == ["mt", None, "mt"]


def test_aha_phi_asin_folds_the_back_hemisphere() -> None:
    result = analyse(CASES["aha_phi_beyond_half_pi"].event, Settings(aha_phi="asin"))
    assert result is not None
    assert result.inputs["remaining_jets_phi_reco"] == near(math.pi - 2.0)


def test_b_jets_are_appended_with_duplicates() -> None:
    hard, b, soft = jet(pt=80.0, eta=2.0), jet(pt=45.0, btagDeepB=0.9, eta=1.0), jet(pt=25.0, btagDeepB=0.9, eta=-1.0)
    made = event([TAU], [MUON], [], [soft, b, hard])
    result = analyse(made, Settings(jets="j30+b"))
    assert result is not None
    # the list is hard, b, soft, b: pT 80, 45 | 25, 45 at one phi
    assert (result.inputs["jet1_pt_reco"], result.inputs["jet2_pt_reco"]) == (80.0, 45.0)
    assert result.inputs["remaining_jets_N_reco"] == 2
    assert result.inputs["remaining_jets_pt_reco"] == near(70.0)
    assert (result.community["njets"], result.community["nbtag"]) == (2, 2)
    only = analyse(event([TAU], [MUON], [], [soft, b]), Settings(jets="j30+b"))
    assert only is not None
    assert (only.inputs["jet1_pt_reco"], only.inputs["jet2_pt_reco"]) == (45.0, 25.0)
    assert only.inputs["remaining_jets_pt_reco"] == near(45.0)


def test_numbers_may_be_given_in_part() -> None:
    made = event([tau(pt=28.0)], [muon(pt=18.0)])
    assert channel_of(made) is None
    assert channel_of(made, tau_min_pt={"mt": 25.0}, muon_min_pt={"mt": 18.0}) == "mt"
    assert channel_of(made, tau_min_pt=25.0, muon_min_pt=None) == "mt"
    assert channel_of(event([TAU, TAU_MINUS | {"pt": 35.0}]), tau_min_pt={"mt": 25.0}) is None
    assert Settings(tau_min_pt={"mt": 25.0}).of("tau_min_pt", "tt") == 40.0


def test_megaelectronvolts() -> None:
    momenta = ("pt", "mass")
    made = {
        name: x * np.float32(1000.0) if name.endswith(momenta) else x
        for name, x in CASES["three_jets_mixed"].event.items()
    }
    result, reference = analyse(made, Settings(units="MeV")), analyse(CASES["three_jets_mixed"].event)
    assert result is not None
    assert reference is not None
    for name in ("m_vis", "m_coll", "mjj", "m_1", "mt_tot", "pt_vis"):
        assert result.community[name] == near(1000.0 * reference.community[name])
    assert result.inputs["remaining_jets_eta_reco"] == near(-2.0)


def test_ids_by_another_branch_an_expression_or_not_at_all() -> None:
    made = dict(CASES["mt_vs_jet_below"].event)
    made["Tau_idIsoTight"] = np.array([True])
    assert channel_of(made, tau_vs_jet="Tau_idIsoTight") == "mt"
    assert channel_of(made, tau_vs_jet=lambda e: e["Tau_idDeepTau2017v2p1VSjet"] >= 15) == "mt"
    assert channel_of(made, tau_vs_jet=None) == "mt"
    assert channel_of(made, tau_vs_jet=lambda e: ~e["Tau_idIsoTight"]) is None


def test_jets_without_indices_are_cleaned_of_the_legs() -> None:
    at_tau, at_muon, away = jet(eta=-0.75, phi=2.25), jet(eta=0.25, phi=0.5, pt=70.0), jet(pt=40.0)
    made = event([TAU], [MUON], [], [at_tau, at_muon, away])
    assert channel_of(made) is None
    result = analyse(made, Settings(tau_jet_index=None))
    assert result is not None
    assert result.community["njets"] == 1
    assert result.inputs["jet1_pt_reco"] == 40.0


def test_order_of_taus_by_another_column() -> None:
    made = event([tau(pt=80.0), tau(pt=40.0, eta=1.0)], [MUON])
    made["Tau_raw"] = np.array([0.2, 0.9], np.float32)
    result = analyse(made, Settings(tau_order="Tau_raw"))
    assert result is not None
    assert result.inputs["tau2_pt_reco"] == 40.0
    pair = event([TAU, tau(pt=44.0, charge=-1, phi=0.0), tau(pt=42.0, charge=-1, phi=-1.0)])
    pair["Tau_raw"] = np.array([0.2, 0.1, 0.9], np.float32)
    chosen = analyse(pair, Settings(tau_order="Tau_raw"))
    assert chosen is not None
    assert chosen.community["pt_2"] == 44.0, "the order is that of mt and et only"


def test_trigger_of_a_channel() -> None:
    made = CASES["mt"].event | {"HLT_IsoMu24": np.False_}
    assert channel_of(made, triggers={"mt": "HLT_IsoMu24"}) is None
    assert channel_of(made, triggers={"et": "HLT_IsoMu24"}) == "mt"
    assert follow(made, Settings(triggers={"mt": "HLT_IsoMu24"})).steps["mt"] == []


def test_two_channels_are_an_error() -> None:
    made = event([TAU], [MUON, MUON_PLUS])
    assert channel_of(made) == "mm"
    assert channel_of(made, channels=["mt"]) is None
    with pytest.raises(TwoChannelsError, match="mt and mm"):
        channel_of(made, max_muons=None)


# ---------------------------------------------------------------------------------------------------------- formulas


def test_formulas() -> None:
    assert transverse_mass(50.0, 0.0, 30.0, math.pi) == near(2.0 * math.sqrt(1500.0))
    assert transverse_mass(50.0, 3.0, 30.0, 3.0 - 2.0 * math.pi) == pytest.approx(0.0, abs=1e-12)
    assert mass_of([(60.0, 0.0, 0.0, 0.0), (60.0, 0.0, math.pi, 0.0)]) == near(120.0)
    assert mass_of([(30.0, 1.0, 2.0, 5.0)]) == near(5.0)
    # MET (10, 0) of legs (20, 0) and (0, 20): x1 = 2/3, x2 = 1
    assert collinear_mass(90.0, (20.0, 0.0), (20.0, math.pi / 2), 10.0, 0.0) == near(90.0 * math.sqrt(1.5))
    assert math.isnan(collinear_mass(90.0, (20.0, 1.0), (20.0, 1.0), 10.0, 0.0))


def test_electron_leads_em() -> None:
    result = analyse(event([], [muon(pt=60.0)], [electron(pt=20.0, charge=1)]))
    assert result is not None
    assert (LEGS[result.channel][0], result.legs, result.inputs["tau1_pt_reco"]) == ("electron", (0, 0), 20.0)


# ------------------------------------------------------------------------------------------------------ random events


def test_random_events_populate_all_channels_and_each_cut_rejects_some() -> None:
    events = list(random_events(6000, seed=3))
    found = [row["channel"] for row in expected_table(events).values()]
    assert all(found.count(code) > 60 for code in range(6))
    for channel in CHANNELS:
        counts = list(expected_cutflow(events, channel).values())
        assert all(after < before for before, after in pairwise(counts)), (channel, counts)


def test_random_events_are_those_of_the_seed() -> None:
    first, again, other = (list(random_events(50, seed=seed)) for seed in (7, 7, 8))
    assert all(np.array_equal(a[k], b[k], equal_nan=True) for a, b in zip(first, again, strict=True) for k in a)
    assert [e["PuppiMET_pt"] for e in first] != [e["PuppiMET_pt"] for e in other]


# --------------------------------------------------------------------------------------------------------- comparison


def table_and_columns() -> tuple[dict[int, dict[str, float]], dict[str, np.ndarray]]:
    table = expected_table(random_events(300, seed=5))
    columns = {name: np.array([row[name] for row in table.values()]) for name in next(iter(table.values()))}
    return table, columns | {"event": np.array(list(table))}


def test_comparison_accepts_the_same_in_another_order() -> None:
    table, columns = table_and_columns()
    order = np.argsort(columns["PuppiMET_pt_reco"])
    assert_same_events({name: values[order] for name, values in columns.items()}, table)


@pytest.mark.parametrize(
    ("column", "change", "fault"),
    [
        ("jet1_pt_reco", lambda x: np.nextafter(x, 1e9), "jet1_pt_reco: 1 of"),
        ("m_vis", lambda x: x * (1 + 1e-4), "m_vis: 1 of"),
        ("channel", lambda x: x + 1, "channel: 1 of"),
        ("njets", lambda x: math.nan, "njets: 1 of"),
        ("event", lambda x: x + 100000, "not in the tree"),
    ],
)
def test_comparison_finds_a_difference(column: str, change: Any, fault: str) -> None:
    table, columns = table_and_columns()
    columns[column] = columns[column].astype(np.float64)
    columns[column][2] = change(columns[column][2])
    with pytest.raises(AssertionError, match=fault):
        assert_same_events(columns, table)


# -------------------------------------------------------------------------------------------------------------- files


def test_events_survive_a_file(tmp_path: Path) -> None:
    cases: list[Case] = list(CASES.values())
    path = tmp_path / "edges.root"
    write_events(path, [case.event for case in cases])
    for case, read in zip(cases, read_events(path), strict=True):
        assert set(read) == set(case.event)
        for name, value in case.event.items():
            assert read[name].dtype == value.dtype, name
            assert np.array_equal(read[name], value, equal_nan=value.dtype.kind == "f"), (case.name, name)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "selected"),
    [
        ("nano_dy", {4: "mm", 21: "ee", 23: "mm", 24: "mm", 26: "mm"}),
        ("nano_dimuon", dict.fromkeys((1, 2, 7, 8), "mm")),
        ("pfnano", {}),
    ],
)
def test_real_files(real_data: Path, name: str, selected: dict[int, str]) -> None:
    results = [analyse(one) for one in read_events(real_data / "nanoaod" / f"{name}.root")]
    assert {k: result.channel for k, result in enumerate(results) if result} == selected
