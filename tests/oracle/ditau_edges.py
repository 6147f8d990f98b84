"""Hostile di-tau events, each built around one that passes, each with the channel it must end in.

The channel beside each event (None: not selected) and the columns that go with it were worked out by hand, not taken
from the oracle; ``test_ditau_oracle.py`` compares the two. All settings are the default ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from tests.oracle.ditau_events import electron, event, jet, muon, tau
from tests.oracle.ditau_settings import FLAGS

NAN, INF = math.nan, math.inf
DEEP = "idDeepTau2017v2p1VS"


@dataclass
class Case:
    """An event, the channel it must end in, and some of its columns (inputs or community's)."""

    name: str
    channel: str | None
    event: dict[str, Any]
    columns: dict[str, float] = field(default_factory=dict)


Cases = Iterable[Case]
# a plus (minus) of the default object of each kind
TAU, TAU_MINUS = tau(), tau(charge=-1, eta=0.25, phi=-0.5, pt=45.0)
MUON, MUON_PLUS = muon(), muon(charge=1, eta=-1.25, phi=-2.75, pt=30.0)
ELECTRON, ELECTRON_PLUS = electron(), electron(charge=1, eta=-1.25, phi=-2.75, pt=30.0)


def up(x: float) -> float:
    """Neighbouring float32 on the side of +inf."""
    return float(np.nextafter(np.float32(x), np.float32(INF)))


def down(x: float) -> float:
    """Neighbouring float32 on the side of -inf."""
    return float(np.nextafter(np.float32(x), np.float32(-INF)))


def single(x: float) -> float:
    """Return the float32 nearest to x as a double."""
    return float(np.float32(x))


def scan(name: str, literal: float, outcomes: Iterable[Any], make: Callable[[float], dict[str, Any]]) -> Cases:
    """Put a value below, at and above the float32 of a literal; outcomes are channels, or column and value."""
    values = (down(literal), single(literal), up(literal))
    for side, x, outcome in zip(("below", "at", "above"), values, outcomes, strict=True):
        channel, columns = outcome if isinstance(outcome, tuple) else (outcome, {})
        yield Case(f"{name}_{side}", channel, make(x), columns)


def _plain() -> Cases:
    yield Case("empty", None, event())
    yield Case("jets_only", None, event(jets=[jet(), jet(phi=0.0)]))
    yield Case("tt", "tt", event([TAU, TAU_MINUS]), {"N_neutrinos_reco": 2, "tau1_pt_reco": 50.0, "tau2_pt_reco": 45.0})
    yield Case("tt_softer_first", "tt", event([TAU_MINUS, TAU]), {"tau1_pt_reco": 50.0, "q_1": 1, "q_2": -1})
    yield Case("mt", "mt", event([TAU], [MUON]), {"N_neutrinos_reco": 3, "q_1": -1, "eta_1": 0.25})
    yield Case("mt_harder_tau", "mt", event([tau(pt=90.0)], [MUON]), {"tau1_pt_reco": 50.0, "tau2_pt_reco": 90.0})
    yield Case("et", "et", event([TAU], [], [ELECTRON]), {"N_neutrinos_reco": 3, "eta_1": 0.5, "eta_2": -0.75})
    yield Case("em", "em", event([], [MUON_PLUS], [ELECTRON]), {"N_neutrinos_reco": 4, "pt_1": 50.0, "pt_2": 30.0})
    yield Case("em_softer_electron", "em", event([], [muon(pt=60.0)], [ELECTRON_PLUS]), {"pt_1": 30.0, "pt_2": 60.0})
    yield Case("mm", "mm", event([], [MUON, MUON_PLUS]), {"N_neutrinos_reco": 4, "pt_1": 50.0, "m_1": 0.1056583755})
    yield Case("mm_softer_first", "mm", event([], [MUON_PLUS, MUON]), {"pt_1": 50.0, "q_1": -1})
    yield Case("ee", "ee", event([], [], [ELECTRON, ELECTRON_PLUS]), {"N_neutrinos_reco": 4, "m_1": 0.51099895e-3})
    yield Case("ee_softer_first", "ee", event([], [], [ELECTRON_PLUS, ELECTRON]), {"pt_1": 50.0, "q_1": -1})
    yield Case("one_tau", None, event([TAU]))
    yield Case("one_muon", None, event([], [MUON]))
    for flag in FLAGS:
        yield Case(f"{flag}_false", None, event([TAU], [MUON], **{flag: False}))


def _kinematics() -> Cases:
    def tt(**x: Any) -> dict[str, Any]:
        return event([TAU, TAU_MINUS | x])

    def mt(**x: Any) -> dict[str, Any]:
        return event([TAU | x], [MUON])

    def et(**x: Any) -> dict[str, Any]:
        return event([TAU | x], [], [ELECTRON])

    # float32 of 2.1, 2.3 lie below the doubles, that of 2.4 above: 2.4 fails everywhere
    yield from scan("tt_pt_40", 40.0, (None, None, "tt"), lambda x: tt(pt=x))
    yield from scan("tt_eta_2.1", 2.1, ("tt", "tt", None), lambda x: tt(eta=x))
    yield from scan("tt_eta_minus_2.1", 2.1, ("tt", "tt", None), lambda x: tt(eta=-x))
    yield from scan("mt_tau_pt_30", 30.0, (None, "mt", "mt"), lambda x: mt(pt=x))
    yield from scan("mt_tau_eta_2.3", 2.3, ("mt", "mt", None), lambda x: mt(eta=-x))
    yield from scan("et_tau_pt_30", 30.0, (None, "et", "et"), lambda x: et(pt=x))
    yield from scan("et_tau_eta_2.3", 2.3, ("et", "et", None), lambda x: et(eta=-x))
    yield from scan("mt_pt_21", 21.0, (None, "mt", "mt"), lambda x: event([TAU], [muon(pt=x)]))
    yield from scan("mt_eta_2.1", 2.1, ("mt", "mt", None), lambda x: event([TAU], [muon(eta=x)]))
    yield from scan("et_pt_25", 25.0, (None, "et", "et"), lambda x: event([TAU], [], [electron(pt=x)]))
    yield from scan("et_eta_2.1", 2.1, ("et", "et", None), lambda x: event([TAU], [], [electron(eta=x)]))
    one = ("em", None, None)
    yield from scan("em_muon_pt_15", 15.0, (None, None, "em"), lambda x: event([], [MUON_PLUS | {"pt": x}], [ELECTRON]))
    yield from scan("em_muon_eta_2.4", 2.4, one, lambda x: event([], [MUON_PLUS | {"eta": -x}], [ELECTRON]))
    yield from scan("em_electron_pt_15", 15.0, (None, None, "em"), lambda x: event([], [MUON_PLUS], [electron(pt=x)]))
    yield from scan("em_electron_eta_2.4", 2.4, one, lambda x: event([], [MUON_PLUS], [electron(eta=x)]))
    yield from scan("mm_pt_10", 10.0, (None, None, "mm"), lambda x: event([], [MUON, MUON_PLUS | {"pt": x}]))
    yield from scan("mm_eta_2.4", 2.4, ("mm", None, None), lambda x: event([], [MUON, MUON_PLUS | {"eta": x}]))
    second = ELECTRON_PLUS
    yield from scan("ee_pt_20", 20.0, (None, None, "ee"), lambda x: event([], [], [ELECTRON, second | {"pt": x}]))
    yield from scan("ee_eta_2.4", 2.4, ("ee", None, None), lambda x: event([], [], [ELECTRON, second | {"eta": x}]))


def _vertex_and_isolation() -> Cases:
    # float32 of 0.045, 0.2, 0.15 and 0.1 lie above the doubles
    for sign, name in ((1.0, "plus"), (-1.0, "minus")):
        mt, et = ("mt", None, None), ("et", None, None)
        yield from scan(f"muon_dxy_{name}", 0.045, mt, lambda x, s=sign: event([TAU], [muon(dxy=s * x)]))
        yield from scan(f"muon_dz_{name}", 0.2, mt, lambda x, s=sign: event([TAU], [muon(dz=s * x)]))
        yield from scan(f"electron_dxy_{name}", 0.045, et, lambda x, s=sign: event([TAU], [], [electron(dxy=s * x)]))
        yield from scan(f"electron_dz_{name}", 0.2, et, lambda x, s=sign: event([TAU], [], [electron(dz=s * x)]))
        yield from scan(f"tau_dz_{name}", 0.2, mt, lambda x, s=sign: event([tau(dz=s * x)], [MUON]))
    iso3, iso4 = "pfRelIso03_all", "pfRelIso04_all"
    yield from scan("mt_iso", 0.15, ("mt", None, None), lambda x: event([TAU], [muon(**{iso4: x})]))
    yield from scan("et_iso", 0.15, ("et", None, None), lambda x: event([TAU], [], [electron(**{iso3: x})]))
    yield from scan("mm_iso", 0.15, ("mm", None, None), lambda x: event([], [muon(**{iso4: x}), MUON_PLUS]))
    yield from scan("em_muon_iso", 0.15, ("em", None, None), lambda x: event([], [MUON_PLUS | {iso4: x}], [ELECTRON]))
    em = ("em", None, None)
    yield from scan("em_electron_iso", 0.15, em, lambda x: event([], [MUON_PLUS], [electron(**{iso3: x})]))
    yield from scan("ee_iso", 0.1, ("ee", None, None), lambda x: event([], [], [electron(**{iso3: x}), ELECTRON_PLUS]))


def _identification() -> Cases:
    for name, tt, mt, et in (("e", 2, 2, 32), ("mu", 1, 8, 1), ("jet", 16, 16, 16)):
        for channel, least in (("tt", tt), ("mt", mt), ("et", et)):
            for side, number in (("at", least), ("below", least - 1)):
                taus = [TAU | {DEEP + name: number}] + ([TAU_MINUS] if channel == "tt" else [])
                made = event(taus, [MUON] if channel == "mt" else [], [ELECTRON] if channel == "et" else [])
                yield Case(f"{channel}_vs_{name}_{side}", channel if side == "at" else None, made)
    for mode in (0, 1, 2, 5, 6, 7, 10, 11, 15, -1):
        channel = "mt" if mode in {0, 1, 2, 10, 11} else None
        yield Case(f"decay_mode_{mode}", channel, event([tau(decayMode=mode)], [MUON]))
    yield Case("tau_without_new_dms", None, event([tau(idDecayModeNewDMs=False)], [MUON]))
    for charge in (0, 2, -2):
        yield Case(f"tau_charge_{charge}", None, event([tau(charge=charge)], [MUON]))
    yield Case("muon_not_medium", None, event([TAU], [muon(mediumId=False)]))
    yield Case("muon_medium_but_not_loose", "mt", event([TAU], [muon(looseId=False)]))
    for name, ok, change in (
        ("no_wp90", False, {"mvaFall17V2noIso_WP90": False}),
        ("converted", False, {"convVeto": False}),
        ("one_lost_hit", True, {"lostHits": 1}),
        ("two_lost_hits", False, {"lostHits": 2}),
        ("255_lost_hits", False, {"lostHits": 255}),
    ):
        for channel, made in (
            ("et", event([TAU], [], [ELECTRON | change])),
            ("em", event([], [MUON_PLUS], [ELECTRON | change])),
            ("ee", event([], [], [ELECTRON, ELECTRON_PLUS | change])),
        ):
            yield Case(f"{channel}_electron_{name}", channel if ok else None, made)


def _across_pi(minimum: float, start: float) -> tuple[float, float]:
    """Return two neighbouring float32 phi whose distance from ``start`` across pi is just below and just above."""
    phi = np.float32(start + minimum - 2.0 * math.pi)
    while float(phi) - start + 2.0 * math.pi > minimum:
        phi = np.nextafter(phi, np.float32(-INF))
    while float(phi) - start + 2.0 * math.pi < minimum:
        last, phi = phi, np.nextafter(phi, np.float32(INF))
    return float(last), float(phi)


def _pairs() -> Cases:
    yield Case("mt_same_sign", None, event([tau(charge=-1)], [MUON]))
    yield Case("et_same_sign", None, event([tau(charge=-1)], [], [ELECTRON]))
    yield Case("em_same_sign", None, event([], [MUON], [ELECTRON]))
    yield Case("tt_same_sign", None, event([TAU, TAU_MINUS | {"charge": 1}]))
    yield Case("mm_same_sign", None, event([], [MUON, muon(phi=3.0)]))
    yield Case("ee_same_sign", None, event([], [], [ELECTRON, electron(phi=3.0)]))
    # float32 of 0.5 is exact; that of 0.3 lies above the double, so that it is enough
    at0 = {"eta": 0.0, "phi": 1.0}
    tt, mt, et = (None, None, "tt"), (None, None, "mt"), (None, None, "et")
    yield from scan("tt_dr", 0.5, tt, lambda x: event([TAU | at0, TAU_MINUS | at0 | {"eta": x}]))
    yield from scan("mt_dr", 0.5, mt, lambda x: event([TAU | at0 | {"eta": -x}], [MUON | at0]))
    yield from scan("et_dr", 0.5, et, lambda x: event([TAU | at0 | {"eta": x}], [], [ELECTRON | at0]))
    ee, far = (None, None, "ee"), ELECTRON_PLUS | at0
    yield from scan("ee_dr", 0.5, ee, lambda x: event([], [], [ELECTRON | at0 | {"eta": x}, far]))
    em, mm = (None, "em", "em"), (None, "mm", "mm")
    yield from scan("em_dr", 0.3, em, lambda x: event([], [MUON_PLUS | at0 | {"eta": x}], [ELECTRON | at0]))
    yield from scan("mm_dr", 0.3, mm, lambda x: event([], [MUON | at0, MUON_PLUS | at0 | {"eta": x}]))
    for channel, minimum, start in (("mt", 0.5, 3.0), ("mm", 0.3, 2.9), ("mt", 0.5, single(math.pi))):
        for side, phi in zip(("below", "above"), _across_pi(minimum, single(start)), strict=True):
            here, there = {"eta": 0.25, "phi": start}, {"eta": 0.25, "phi": phi}
            made = event([TAU | there], [MUON | here])
            if channel == "mm":
                made = event([], [MUON | here, MUON_PLUS | there])
            yield Case(f"{channel}_dr_across_pi_from_{start:.2f}_{side}", channel if side == "above" else None, made)
    yield Case("mt_at_pi_and_minus_pi", None, event([tau(eta=0.25, phi=-math.pi)], [muon(phi=math.pi)]))
    yield Case("mt_back_to_back", "mt", event([tau(eta=0.25, phi=0.0)], [muon(phi=math.pi)]))


def _choice() -> Cases:
    a, b = tau(pt=45.0, eta=1.0), tau(pt=45.0, eta=-1.0)
    yield Case("mt_equal_taus_first_of_file", "mt", event([a, b], [MUON]), {"tau2_eta_reco": 1.0})
    yield Case("mt_equal_taus_turned", "mt", event([b, a], [MUON]), {"tau2_eta_reco": -1.0})
    yield Case("mt_hardest_tau_last", "mt", event([a, b, tau(pt=up(45.0))], [MUON]), {"tau2_eta_reco": -0.75})
    yield Case("mt_hardest_tau_same_sign", "mt", event([tau(pt=80.0, charge=-1), b], [MUON]), {"tau2_pt_reco": 45.0})
    yield Case("mt_hardest_tau_too_near", "mt", event([tau(pt=80.0, eta=0.5, phi=0.5), b], [MUON]), {"pt_2": 45.0})
    yield Case("mt_hardest_tau_bad_id", "mt", event([tau(pt=80.0, **{DEEP + "jet": 1}), b], [MUON]), {"pt_2": 45.0})
    yield Case(
        "mt_isolation_does_not_rank", "mt", event([tau(pt=80.0, **{DEEP + "jet": 16}), b], [MUON]), {"pt_2": 80.0}
    )
    even = TAU_MINUS | {"pt": 50.0}
    yield Case("tt_equal_pt_first_of_file", "tt", event([TAU, even]), {"q_1": 1, "q_2": -1})
    yield Case("tt_equal_pt_turned", "tt", event([even, TAU]), {"q_1": -1, "q_2": 1})
    p, q = tau(pt=100.0, eta=1.5, phi=1.0), tau(pt=60.0, eta=-1.5, phi=0.0)
    columns = {"pt_1": 100.0, "pt_2": 45.0}
    yield Case("tt_three_one_negative", "tt", event([q, TAU_MINUS, p]), columns)
    yield Case(
        "tt_best_pair_too_near", "tt", event([p, q | {"charge": -1, "eta": 1.25, "phi": 1.0}, TAU_MINUS]), columns
    )
    minus = {"charge": -1}
    yield Case("tt_hardest_two", "tt", event([TAU_MINUS, q | minus, p]), {"pt_1": 100.0, "pt_2": 60.0})
    triple = [tau(pt=50.0, eta=0.0), tau(pt=50.0, eta=1.0, charge=-1), tau(pt=50.0, eta=2.0, charge=-1)]
    yield Case("tt_three_equal", "tt", event(triple), {"eta_1": 0.0, "eta_2": 1.0})
    yield Case(
        "tt_second_leg_decides", "tt", event([p, tau(pt=41.0, **minus), q | minus]), {"pt_1": 100.0, "pt_2": 60.0}
    )
    yield Case("tt_one_of_mt_quality", None, event([TAU, TAU_MINUS | {"pt": 35.0}]))
    yield Case("mm_equal_pt", "mm", event([], [MUON_PLUS, MUON | {"pt": 30.0}]), {"q_1": 1, "q_2": -1})
    yield Case("ee_equal_pt", "ee", event([], [], [ELECTRON, ELECTRON_PLUS | {"pt": 50.0}]), {"q_1": -1})
    hidden = muon(pt=80.0, pfRelIso04_all=0.5, charge=1)
    yield Case("mt_harder_muon_not_isolated", "mt", event([TAU], [hidden, MUON]), {"pt_1": 50.0})


def _third_leptons() -> Cases:
    iso3, iso4 = "pfRelIso03_all", "pfRelIso04_all"
    soft = muon(pt=12.0, eta=-1.5, phi=-1.0, **{iso4: 0.2})
    loose = electron(pt=12.0, eta=-1.5, phi=-2.0, **{iso3: 0.2})
    kept = {
        "tt": ([TAU, TAU_MINUS], [], []),
        "mt": ([TAU], [MUON], []),
        "et": ([TAU], [], [ELECTRON]),
        "em": ([], [MUON_PLUS], [ELECTRON]),
        "mm": ([], [MUON, MUON_PLUS], []),
        "ee": ([], [], [ELECTRON, ELECTRON_PLUS]),
    }
    for channel, (taus, muons, electrons) in kept.items():
        yield Case(f"{channel}_third_muon", None, event(taus, [*muons, soft], electrons))
        yield Case(f"{channel}_third_muon_first", None, event(taus, [soft, *muons], electrons))
        yield Case(f"{channel}_third_electron", None, event(taus, muons, [*electrons, loose]))
        yield Case(
            f"{channel}_third_muon_not_medium", channel, event(taus, [*muons, soft | {"mediumId": False}], electrons)
        )
        for name, change in (("converted", {"convVeto": False}), ("no_wp90", {"mvaFall17V2noIso_WP90": False})):
            yield Case(f"{channel}_third_electron_{name}", channel, event(taus, muons, [*electrons, loose | change]))

    def muons_with(**x: Any) -> dict[str, Any]:
        return event([TAU], [MUON, soft | x])

    def electrons_with(**x: Any) -> dict[str, Any]:
        return event([TAU], [], [ELECTRON, loose | x])

    for channel, make, iso in (("mt", muons_with, iso4), ("et", electrons_with, iso3)):
        first, last = (channel, channel, None), (None, channel, channel)
        yield from scan(f"{channel}_third_pt_10", 10.0, first, lambda x, m=make: m(pt=x))
        yield from scan(f"{channel}_third_eta_2.4", 2.4, last, lambda x, m=make: m(eta=-x))
        yield from scan(f"{channel}_third_iso_0.3", 0.3, last, lambda x, m=make, i=iso: m(**{i: x}))
        yield from scan(f"{channel}_third_dxy_0.045", 0.045, last, lambda x, m=make: m(dxy=-x))
        yield from scan(f"{channel}_third_dz_0.2", 0.2, last, lambda x, m=make: m(dz=-x))
        yield Case(f"{channel}_third_iso_nan", channel, make(**{iso: NAN}))
        yield Case(f"{channel}_third_phi_nan", None, make(phi=NAN))
    yield Case("et_third_electron_two_lost_hits", "et", electrons_with(lostHits=2))
    yield Case("emt_opposite_em", "em", event([TAU], [MUON_PLUS], [ELECTRON]))
    yield Case("emt_same_sign_em", None, event([TAU], [MUON], [ELECTRON]))
    yield Case("ttm", "mt", event([TAU, TAU_MINUS], [MUON]), {"q_1": -1, "pt_2": 50.0})
    yield Case("mmt", "mm", event([TAU], [MUON, MUON_PLUS]))
    yield Case("eet", "ee", event([TAU], [], [ELECTRON, ELECTRON_PLUS]))
    yield Case("mm_ee", None, event([], [MUON, MUON_PLUS], [ELECTRON, ELECTRON_PLUS]))


def _dilepton_vetoes() -> Cases:
    a = {"pt": 20.0, "eta": -1.5, "phi": -1.0, "charge": 1}
    b = {"pt": 18.0, "eta": 1.5, "phi": -2.0, "charge": -1}
    iso3, iso4 = "pfRelIso03_all", "pfRelIso04_all"

    def mt(*two: dict[str, Any]) -> dict[str, Any]:
        return event([TAU], [MUON, *(muon(mediumId=False) | one for one in two)])

    def et(*two: dict[str, Any]) -> dict[str, Any]:
        return event([TAU], [], [ELECTRON, *(electron(mvaFall17V2noIso_WP90=False) | one for one in two)])

    for channel, make, iso in (("mt", mt, iso4), ("et", et, iso3)):
        first, last = (channel, channel, None), (None, channel, channel)
        yield Case(f"{channel}_two_loose", None, make(a, b))
        yield Case(f"{channel}_two_loose_same_sign", channel, make(a, b | {"charge": 1}))
        yield Case(f"{channel}_one_loose_opposite_to_the_leg", channel, make(a))
        yield Case(f"{channel}_one_loose_same_sign_as_the_leg", channel, make(b))
        yield Case(f"{channel}_three_loose", None, make(a, a | {"phi": 2.0}, b))
        yield from scan(f"{channel}_loose_pt_15", 15.0, first, lambda x, m=make: m(a, b | {"pt": x}))
        yield from scan(f"{channel}_loose_eta_2.4", 2.4, last, lambda x, m=make: m(a, b | {"eta": x}))
        yield from scan(f"{channel}_loose_iso_0.3", 0.3, last, lambda x, m=make, i=iso: m(a | {i: x}, b))
        yield from scan(f"{channel}_loose_dxy", 0.045, last, lambda x, m=make: m(a | {"dxy": x}, b))
        yield from scan(f"{channel}_loose_dz", 0.2, last, lambda x, m=make: m(a | {"dz": x}, b))
        # float32 of 0.15 lies above the double: far enough apart to count as a pair
        here = {"eta": 0.0, "phi": -1.0}
        outcomes = (channel, None, None)
        yield from scan(
            f"{channel}_loose_dr_0.15", 0.15, outcomes, lambda x, m=make, h=here: m(a | h, b | h | {"eta": x})
        )
        for side, phi in zip(("below", "above"), _across_pi(0.15, single(3.1)), strict=True):
            made = make(a | {"eta": 1.5, "phi": 3.1}, b | {"eta": 1.5, "phi": phi})
            yield Case(f"{channel}_loose_dr_across_pi_{side}", channel if side == "below" else None, made)
        yield Case(f"{channel}_loose_phi_nan", channel, make(a | {"phi": NAN}, b))
    yield Case("mt_not_even_loose", "mt", mt(a | {"looseId": False}, b))
    yield Case("et_loose_converted", "et", et(a, b | {"convVeto": False}))
    yield Case("et_loose_two_lost_hits", "et", et(a, b | {"lostHits": 2}))
    two = [muon(mediumId=False) | a, muon(mediumId=False) | b]
    yield Case("et_two_loose_muons", "et", event([TAU], two, [ELECTRON]))
    yield Case("tt_two_loose_muons", "tt", event([TAU, TAU_MINUS], two))


def _not_numbers() -> Cases:
    for name in ("pt", "eta", "phi", "dxy", "dz", "pfRelIso04_all"):
        yield Case(f"mt_muon_{name}_nan", None, event([TAU], [muon(**{name: NAN})]))
    for name in ("pt", "eta", "phi", "dz"):
        yield Case(f"tt_tau_{name}_nan", None, event([tau(**{name: NAN}), TAU_MINUS]))
    for name in ("pt", "eta", "phi", "dxy", "dz", "pfRelIso03_all"):
        yield Case(f"em_electron_{name}_nan", None, event([], [MUON_PLUS], [electron(**{name: NAN})]))
    yield Case("mt_first_tau_nan", "mt", event([tau(pt=NAN), tau(phi=NAN), TAU], [MUON]), {"tau2_pt_reco": 50.0})
    yield Case("mt_tau_mass_nan", "mt", event([tau(mass=NAN)], [MUON]), {"m_2": NAN, "m_vis": NAN, "m_coll": NAN})
    yield Case("met_nan", "mt", event([TAU], [MUON], PuppiMET_pt=NAN), {"PuppimT1_reco": NAN, "m_coll": NAN})
    yield Case("met_phi_nan", "mt", event([TAU], [MUON], PuppiMET_phi=NAN), {"PuppimTtot_reco": NAN})
    yield Case("covariance_nan", "mt", event([TAU], [MUON], MET_covXY=NAN), {"MET_covXY_reco": NAN, "metcov01": NAN})
    for name in ("pt", "eta"):
        yield Case(f"jet_{name}_nan", "mt", event([TAU], [MUON], [], [jet(**{name: NAN})]), {"njets": 0})
    yield Case("jet_phi_nan_and_tau", None, event([TAU], [MUON], [], [jet(phi=NAN)]))
    yield Case(
        "jet_phi_nan_without_tau", "mm", event([], [MUON, MUON_PLUS], [], [jet(phi=NAN)]), {"jet1_phi_reco": NAN}
    )
    yield Case("btag_nan", "mt", event([TAU], [MUON], [], [jet(btagDeepB=NAN)]), {"nbtag": 0, "njets": 1})


@cache
def edge_cases() -> list[Case]:
    """Return all cases; their ``event`` numbers are distinct, from 1000 on."""
    from tests.oracle.ditau_edges_jets import jet_cases

    groups = (_plain, _kinematics, _vertex_and_isolation, _identification, _pairs, _choice)
    later = (_third_leptons, _dilepton_vetoes, _not_numbers, jet_cases)
    cases = [case for group in groups + later for case in group()]
    assert len({case.name for case in cases}) == len(cases)
    for number, case in enumerate(cases):
        case.event["event"] = np.uint64(1000 + number)
    return cases
