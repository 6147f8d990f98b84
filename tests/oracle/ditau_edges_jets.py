"""Hostile jets, missing momenta and their expected columns: the part of `ditau_edges` behind the selection.

Expected values were worked out by hand. The event is mt unless said otherwise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.oracle.ditau_edges import MUON, MUON_PLUS, NAN, TAU, TAU_MINUS, Case, Cases, down, scan, single, up
from tests.oracle.ditau_events import event, jet, tau

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_JETS = {f"jet{k}_{what}_reco": 0.0 for k in (1, 2) for what in ("pt", "eta", "phi")}
NO_AHA = {f"remaining_jets_{what}_reco": 0.0 for what in ("pt", "eta", "phi", "N")}


def mt(*jets: Mapping[str, Any], **scalars: Any) -> dict[str, Any]:
    return event([TAU], [MUON], [], jets, **scalars)


def jet_cases() -> Cases:
    """Return the cases of all groups."""
    for group in (_numbers, _thresholds, _indices, _overlaps, _activity, _missing_momentum):
        yield from group()


def _numbers() -> Cases:
    a, b, c = jet(pt=80.0, phi=-1.0), jet(pt=60.0, phi=-2.0), jet(pt=40.0, eta=-2.0, phi=0.5)
    absent = {"jpt_1": NAN, "jeta_1": NAN, "jphi_2": NAN, "mjj": NAN, "jdeta": NAN, "njets": 0, "nbtag": 0}
    yield Case("no_jets", "mt", mt(), NO_JETS | NO_AHA | absent)
    one = {"jet1_pt_reco": 80.0, "jet2_pt_reco": 0.0, "jet2_eta_reco": 0.0, "jpt_2": NAN, "mjj": NAN, "njets": 1}
    yield Case("one_jet", "mt", mt(a), one | NO_AHA)
    two = {"jet1_pt_reco": 80.0, "jet2_pt_reco": 60.0, "jet2_phi_reco": -2.0, "jdeta": 0.0, "njets": 2}
    yield Case("two_jets", "mt", mt(a, b), two | NO_AHA)
    yield Case("two_jets_softer_first", "mt", mt(b, a), two | NO_AHA)
    three = {"remaining_jets_pt_reco": 40.0, "remaining_jets_eta_reco": -2.0, "remaining_jets_phi_reco": 0.5}
    for name, jets in (("falling", (a, b, c)), ("rising", (c, b, a)), ("mixed", (b, c, a))):
        yield Case(f"three_jets_{name}", "mt", mt(*jets), two | three | {"remaining_jets_N_reco": 1, "njets": 3})
    even = [jet(pt=50.0, eta=eta) for eta in (1.0, 2.0, 3.0, 4.0)]
    columns = {"jet1_eta_reco": 1.0, "jet2_eta_reco": 2.0, "remaining_jets_N_reco": 2, "jdeta": 1.0}
    yield Case("equal_pt_in_order_of_file", "mt", mt(*even), columns)
    turned = {"jet1_eta_reco": 4.0, "jet2_eta_reco": 3.0, "remaining_jets_N_reco": 2, "jdeta": 1.0}
    yield Case("equal_pt_turned", "mt", mt(*reversed(even)), turned)
    many = [jet(pt=31.0 + (7 * k) % 20, eta=0.25 * k - 2.5, phi=-0.5 - 0.125 * k) for k in range(20)]
    yield Case("twenty_jets", "mt", mt(*many), {"remaining_jets_N_reco": 18, "njets": 20, "jet1_pt_reco": 50.0})
    massless = [jet(pt=50.0, eta=0.0, phi=0.0, mass=0.0), jet(pt=50.0, eta=0.0, phi=-1.5, mass=0.0)]
    yield Case("mjj", "mt", mt(*(j | {"eta": 2.0} for j in massless)), {"mjj": 100.0 * math.sin(0.75)})


def _thresholds() -> Cases:
    jets = [("mt", {"njets": number}) for number in (0, 1)]
    btags = [("mt", {"nbtag": number}) for number in (0, 1)]
    no, yes = jets
    # float32 of 4.7 and 0.3033 lie below the doubles, 2.5 is exact
    yield from scan("jet_pt_30", 30.0, (no, no, yes), lambda x: mt(jet(pt=x)))
    yield from scan("jet_eta_4.7", 4.7, (yes, yes, no), lambda x: mt(jet(eta=x)))
    yield from scan("jet_eta_minus_4.7", 4.7, (yes, yes, no), lambda x: mt(jet(eta=-x)))
    no, yes = btags
    b = {"btagDeepB": 0.9, "eta": 1.0}
    yield from scan("bjet_pt_20", 20.0, (no, no, yes), lambda x: mt(jet(**b | {"pt": x})))
    yield from scan("bjet_eta_2.5", 2.5, (yes, no, no), lambda x: mt(jet(**b | {"eta": -x})))
    yield from scan("btag_0.3033", 0.3033, (no, no, yes), lambda x: mt(jet(**b | {"btagDeepB": x})))
    for number, kept in ((6, 1), (7, 1), (5, 0), (2, 0), (0, 0)):
        yield Case(f"jet_id_{number}", "mt", mt(jet(jetId=number)), {"njets": kept})
        yield Case(f"bjet_id_{number}", "mt", mt(jet(jetId=number, **b)), {"nbtag": kept})
    soft = jet(pt=25.0, **b)
    yield Case("bjet_below_30", "mt", mt(soft), {"nbtag": 1, "njets": 0, "jet1_pt_reco": 0.0})
    yield Case("bjet_is_also_a_jet", "mt", mt(jet(**b), soft), {"nbtag": 2, "njets": 1, "jet2_pt_reco": 0.0})
    yield Case("btag_minus_2", "mt", mt(jet(btagDeepB=-2.0)), {"nbtag": 0, "njets": 1})


def _indices() -> Cases:
    hard, soft = jet(pt=80.0, phi=-1.0), jet(pt=40.0)
    columns = {"jet1_pt_reco": 40.0, "njets": 1}
    yield Case("jet_of_the_leg", "mt", event([tau(jetIdx=0)], [MUON], [], [hard, soft]), columns)
    other = tau(pt=5.0, jetIdx=0, idDecayModeNewDMs=False)
    yield Case("jet_of_an_unselected_tau", "mt", event([TAU, other], [MUON], [], [hard, soft]), columns)
    yield Case("jet_of_a_tau_without_tau_leg", "mm", event([other], [MUON, MUON_PLUS], [], [hard, soft]), columns)
    yield Case("jet_index_minus_1", "mt", mt(hard, soft), {"njets": 2})
    yield Case("jet_index_beyond", "mt", event([tau(jetIdx=2)], [MUON], [], [hard, soft]), {"njets": 2})
    same = [tau(jetIdx=1), tau(pt=4.0, jetIdx=1)]
    yield Case("two_taus_of_one_jet", "mt", event(same, [MUON], [], [hard, soft]), {"njets": 1, "jpt_1": 80.0})
    at_tau = jet(eta=-0.75, phi=2.5)
    yield Case("own_jet_does_not_overlap", "mt", event([tau(jetIdx=0)], [MUON], [], [at_tau]), {"njets": 0})
    yield Case("jet_on_the_muon_stays", "mt", mt(jet(eta=0.25, phi=0.25)), {"njets": 1, "jet1_eta_reco": 0.25})


def _overlaps() -> Cases:
    # the default tau is at eta -0.75, phi 2.5; dR of exactly 0.5 is enough
    place = {"phi": 2.5, "btagDeepB": 0.05}
    for side, eta, channel in (("at", -0.25, "mt"), ("above", up(-0.25), "mt"), ("below", down(-0.25), None)):
        yield Case(f"tau_jet_dr_0.5_{side}", channel, mt(jet(eta=eta, **place)))
    near = {"eta": -0.75, "phi": 2.25}
    yield Case("tau_beside_jet", None, mt(jet(**near)))
    yield Case("tau_beside_soft_jet", "mt", mt(jet(pt=25.0, **near)))
    yield Case("tau_beside_soft_bjet", None, mt(jet(pt=25.0, btagDeepB=0.9, **near)))
    yield Case("tau_beside_jet_of_bad_id", "mt", mt(jet(jetId=2, **near)))
    other = tau(pt=35.0, eta=1.0, phi=-1.5)
    made = event([TAU, other], [MUON], [], [jet(**near)])
    yield Case("tau_beside_jet_other_tau_serves", "mt", made, {"tau2_pt_reco": 35.0})
    made = event([TAU, other], [MUON], [], [jet(eta=1.0, phi=-1.5)])
    yield Case("softer_tau_beside_jet", "mt", made, {"tau2_pt_reco": 50.0})
    yield Case("tt_one_tau_beside_jet", None, event([TAU, TAU_MINUS], [], [], [jet(eta=0.25, phi=-0.5)]))
    across = event([tau(phi=3.1)], [MUON], [], [jet(eta=-0.75, phi=-3.1)])
    yield Case("tau_beside_jet_across_pi", None, across)
    yield Case("mm_with_tau_beside_jet", "mm", event([TAU], [MUON, MUON_PLUS], [], [jet(**near)]), {"njets": 1})


def _activity() -> Cases:
    lead = [jet(pt=100.0, phi=-1.0), jet(pt=90.0, phi=-2.0)]
    opposite = [jet(pt=40.0, eta=1.0, phi=0.5), jet(pt=40.0, eta=1.0, phi=single(0.5 - math.pi))]
    nothing = {"remaining_jets_eta_reco": 0.0, "remaining_jets_phi_reco": 0.0, "remaining_jets_N_reco": 2}
    yield Case("aha_cancels", "mt", mt(*lead, *opposite), nothing)
    # pT 2 x 40 sin(x / 2) of two jets at phi = pi - x: 0.0008 GeV is nothing, 0.0012 GeV is something
    for side, angle in (("below", 2e-5), ("above", 3e-5)):
        pair = [jet(pt=40.0, eta=2.0, phi=0.0), jet(pt=40.0, eta=2.0, phi=single(math.pi - angle))]
        pz = 80.0 * math.sinh(2.0)
        pt = 80.0 * math.sin(0.5 * (math.pi - single(math.pi - angle)))
        columns = {"remaining_jets_eta_reco": 0.0 if side == "below" else math.asinh(pz / pt)}
        yield Case(f"aha_pt_{side}_1e-3", "mt", mt(*lead, *pair), columns | {"remaining_jets_N_reco": 2})
    behind = jet(pt=50.0, eta=-1.5, phi=2.0)
    columns = {"remaining_jets_pt_reco": 50.0, "remaining_jets_phi_reco": 2.0, "remaining_jets_eta_reco": -1.5}
    yield Case("aha_phi_beyond_half_pi", "mt", mt(*lead, behind), columns)
    square = [jet(pt=40.0, eta=2.0, phi=0.0), jet(pt=31.0, eta=-2.0, phi=single(math.pi / 2))]
    columns = {"remaining_jets_pt_reco": math.hypot(40.0, 31.0), "remaining_jets_phi_reco": math.atan2(31.0, 40.0)}
    yield Case("aha_of_two", "mt", mt(*lead, *square), columns | {"remaining_jets_N_reco": 2})
    soft_b = jet(pt=25.0, btagDeepB=0.9, eta=2.0)
    yield Case("aha_without_soft_bjets", "mt", mt(*lead, soft_b), NO_AHA | {"nbtag": 1, "njets": 2})


def _missing_momentum() -> Cases:
    yield Case("met_zero", "mt", mt(PuppiMET_pt=0.0), {"PuppimT1_reco": 0.0, "mt_2": 0.0, "met": 0.0})
    # legs along x (50 GeV) and y (40 GeV); MET (50, 40): half of each tau is visible, m_coll = 2 m_vis
    legs = [tau(pt=40.0, eta=0.0, phi=single(math.pi / 2), mass=0.0)], [MUON | {"eta": 0.0, "phi": 0.0}]
    m_vis = math.sqrt(2.0 * 40.0 * (math.hypot(50.0, 0.1056583755)) + 0.1056583755**2)

    def with_met(x: float, y: float) -> dict[str, Any]:
        return event(*legs, PuppiMET_pt=math.hypot(x, y), PuppiMET_phi=math.atan2(y, x))

    yield Case("collinear_halves", "mt", with_met(50.0, 40.0), {"m_vis": m_vis, "m_coll": 2.0 * m_vis})
    yield Case("collinear_quarter", "mt", with_met(150.0, 120.0), {"m_coll": 4.0 * m_vis})
    yield Case("collinear_behind_leg_1", "mt", with_met(-20.0, 40.0), {"m_coll": NAN})
    yield Case("collinear_behind_both", "mt", with_met(-50.0, -40.0), {"m_coll": NAN})
    parallel = event([tau(eta=-0.75, phi=0.25)], [MUON])
    yield Case("collinear_parallel_legs", "mt", parallel, {"m_coll": NAN, "PuppimTtt_reco": 0.0})
    columns = {"PuppimT1_reco": math.sqrt(2.0 * 50.0 * 80.0 * (1.0 - math.cos(0.75))), "PuppimTtt_reco": 63.2455532}
    yield Case("transverse_masses", "mt", event(*legs, PuppiMET_pt=80.0, PuppiMET_phi=0.75), columns)
    yield Case("tt_met_along_leg_1", "tt", event([TAU, TAU_MINUS], PuppiMET_phi=2.5), {"PuppimT1_reco": 0.0})
