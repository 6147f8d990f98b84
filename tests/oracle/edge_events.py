"""Hostile events of the tree ``mini``, each built around one that passes, each with the cut it must fail at.

The outcome beside each event ("" where it passes all default cuts) was worked out by hand, not taken from the oracle;
``test_oracle.py`` compares the two. Values that sit on a threshold are floats next to it: `up` and `down` give the
neighbouring float32. Energies and momenta in MeV.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

NAN, INF = math.nan, math.inf
# Branches in the order of the file, a line for each run of equal types; "v" marks a std::vector.
_LAYOUT = """
int   runNumber eventNumber channelNumber
float mcWeight scaleFactor_PILEUP scaleFactor_ELE scaleFactor_MUON scaleFactor_PHOTON scaleFactor_TAU
float scaleFactor_BTAG scaleFactor_LepTRIGGER scaleFactor_PhotonTRIGGER
bool  trigE trigM trigP
uint  lep_n
vbool lep_truthMatched lep_trigMatched
vfloat lep_pt lep_eta lep_phi lep_E lep_z0
vint  lep_charge
vuint lep_type
vbool lep_isTightID
vfloat lep_ptcone30 lep_etcone20 lep_trackd0pvunbiased lep_tracksigd0pvunbiased
float met_et met_phi
uint  jet_n
vfloat jet_pt jet_eta jet_phi jet_E jet_jvt
vint  jet_trueflav
vbool jet_truthMatched
vfloat jet_MV2c10
uint  photon_n
vbool photon_truthMatched photon_trigMatched
vfloat photon_pt photon_eta photon_phi photon_E
vbool photon_isTightID
vfloat photon_ptcone30 photon_etcone20
vint  photon_convType
uint  tau_n
vfloat tau_pt tau_eta tau_phi tau_E
vbool tau_isTightID tau_truthMatched tau_trigMatched
vint  tau_nTracks
vfloat tau_BDTid
float ditau_m
vfloat lep_pt_syst
float met_et_syst
vfloat jet_pt_syst photon_pt_syst tau_pt_syst
float XSection SumWeights
uint  largeRjet_n
vfloat largeRjet_pt largeRjet_eta largeRjet_phi largeRjet_E largeRjet_m largeRjet_truthMatched
vfloat largeRjet_D2 largeRjet_tau32 largeRjet_pt_syst
vint  tau_charge
"""
SCHEMA = {name: line.split()[0] for line in _LAYOUT.strip().splitlines() for name in line.split()[1:]}
assert len(SCHEMA) == 81
DTYPES: dict[str, type] = {"float": np.float32, "int": np.int32, "uint": np.uint32, "bool": np.bool_}


def complete(sparse: dict[str, Any]) -> dict[str, Any]:
    """Fill in what an event leaves out: 0, empty vectors, and the ``*_n`` from the length of ``*_pt``."""
    assert set(sparse) <= set(SCHEMA), set(sparse) - set(SCHEMA)
    event: dict[str, Any] = {}
    for branch, kind in SCHEMA.items():
        if kind.startswith("v"):
            event[branch] = np.array(sparse.get(branch, []), dtype=DTYPES[kind[1:]])
        else:
            default = len(sparse.get(f"{branch[:-1]}pt", [])) if branch.endswith("_n") else 0
            event[branch] = DTYPES[kind](sparse.get(branch, default))
    return event


def up(x: float, steps: int = 1) -> float:
    """Neighbouring float32 on the side of +inf."""
    for _ in range(steps):
        x = float(np.nextafter(np.float32(x), np.float32(INF)))
    return x


def down(x: float) -> float:
    """Neighbouring float32 on the side of -inf."""
    return float(np.nextafter(np.float32(x), np.float32(-INF)))


def _energy(pt: float, eta: float) -> float:
    try:
        return min(abs(pt) * math.cosh(eta), 3e38)
    except OverflowError:
        return 3e38


def photon(pt: float, eta: float, phi: float, **changes: Any) -> dict[str, Any]:
    """Make a tight, isolated, trigger-matched photon."""
    base = {"pt": pt, "eta": eta, "phi": phi, "E": _energy(pt, eta), "isTightID": True, "trigMatched": True}
    return base | {"ptcone30": 500.0, "etcone20": -250.0, "convType": 0} | changes


def jet(pt: float, eta: float, phi: float, **changes: Any) -> dict[str, Any]:
    """Make a jet of about 8 GeV mass."""
    energy = _energy(math.hypot(pt, 8000.0 / math.cosh(min(abs(eta), 50.0))), eta)
    return {"pt": pt, "eta": eta, "phi": phi, "E": energy, "jvt": 0.9, "MV2c10": -0.5} | changes


def lep(pt: float, eta: float, phi: float, charge: int = 1, **changes: Any) -> dict[str, Any]:
    """Make an isolated muon."""
    base = {"pt": pt, "eta": eta, "phi": phi, "E": _energy(pt, eta), "charge": charge, "type": 13, "z0": 0.02}
    return base | {"trigMatched": False, "isTightID": True, "ptcone30": 100.0, "etcone20": 200.0} | changes


A = photon(70000.0, 0.5, 0.1)
B = photon(50000.0, -0.3, 3.0)
SOFT = photon(30000.0, 1.0, -1.5)
SCALARS: dict[str, Any] = {name: 0.9 + 0.02 * k for k, name in enumerate(SCHEMA) if name.startswith("scaleFactor_")}
SCALARS |= {"runNumber": 284500, "channelNumber": 343981, "mcWeight": 1.25, "XSection": 0.102, "SumWeights": 5.5e7}
SCALARS |= {"trigP": True, "met_et": 23456.789, "met_phi": -2.5}


def event(photons: Iterable[dict[str, Any]], jets: Any = (), leps: Any = (), **scalars: Any) -> dict[str, Any]:
    """Lay out objects as branches; simulated by default, with empty truth vectors."""
    sparse = dict(SCALARS)
    for prefix, objects in (("photon", photons), ("jet", jets), ("lep", leps)):
        for thing in objects:
            for key, x in thing.items():
                sparse.setdefault(f"{prefix}_{key}", []).append(x)
    return sparse | scalars


Cases = Iterable[tuple[str, str, dict[str, Any]]]


def _counting() -> Cases:
    loose = {"isTightID": False}
    two = "two_good_photons"
    yield "base", "", event([A, B])
    yield "no_photon", two, event([])
    yield "no_photon_no_trigger", "photon_trigger", event([], trigP=False)
    yield "one_photon", two, event([A])
    yield "trigger_off", "photon_trigger", event([A, B], trigP=False)
    yield "other_triggers_on", "photon_trigger", event([A, B], trigP=False, trigE=True, trigM=True)
    yield "lead_loose", two, event([A | loose, B])
    yield "sublead_loose", two, event([A, B | loose])
    yield "three_tight", two, event([A, B, SOFT])
    yield "three_tight_third_below_25", "", event([A, B, SOFT | {"pt": 24000.0}])
    yield "three_tight_third_exactly_25", "", event([A, B, SOFT | {"pt": 25000.0}])
    yield "three_tight_third_just_above_25", two, event([A, B, SOFT | {"pt": up(25000.0)}])
    yield "three_tight_third_in_crack", "", event([A, B, SOFT | {"eta": 1.4}])
    yield "three_tight_third_forward", "", event([A, B, SOFT | {"eta": -2.4}])
    yield "third_loose_softer", "", event([A, B, SOFT | loose])
    yield "third_loose_harder_first", "", event([SOFT | loose | {"pt": 90000.0}, A, B])
    yield "third_loose_between", "", event([A, SOFT | loose | {"pt": 60000.0}, B])
    yield "second_loose_third_good", "", event([A, photon(60000.0, 0.1, 1.0, **loose), B])
    yield "second_in_crack_third_good", "", event([A, photon(60000.0, -1.45, 1.0), B])
    yield "five_photons_two_good", "", event([SOFT | loose, B, SOFT | {"pt": 20000.0}, A, SOFT | {"eta": 3.0}])
    yield "lead_not_matched", "trigger_matched", event([A | {"trigMatched": False}, B])
    yield "sublead_not_matched", "trigger_matched", event([A, B | {"trigMatched": False}])
    yield "none_matched", "trigger_matched", event([A | {"trigMatched": False}, B | {"trigMatched": False}])
    yield "only_third_not_matched", "", event([SOFT | loose | {"trigMatched": False}, A, B])
    yield "photon_n_disagrees_with_vector", "", event([A, B], photon_n=7)
    yield "softer_first_in_file", "", event([B, A])
    yield "pt_tie_two", "", event([A | {"pt": 60000.0}, B | {"pt": 60000.0}])
    yield "pt_tie_two_swapped", "", event([B | {"pt": 60000.0}, A | {"pt": 60000.0}])
    yield "pt_one_float_apart_harder_second", "", event([A | {"pt": 60000.0}, B | {"pt": up(60000.0)}])
    yield "pt_tie_three_first_loose", "", event([photon(60000.0, 0.2, -2.0, **loose), A | {"pt": 6e4}, B | {"pt": 6e4}])
    yield "pt_tie_three_middle_loose", "", event([B | {"pt": 6e4}, SOFT | loose | {"pt": 6e4}, A | {"pt": 6e4}])
    yield "pt_tie_three_tight", two, event([A | {"pt": 6e4}, B | {"pt": 6e4}, SOFT | {"pt": 6e4}])


def _momenta() -> Cases:
    two, lead, sublead = "two_good_photons", "lead_pt_over_mass", "sublead_pt_over_mass"
    yield "sublead_pt_exactly_25", two, event([A, B | {"pt": 25000.0}])
    yield "sublead_pt_below_25", two, event([A, B | {"pt": down(25000.0)}])
    yield "sublead_pt_above_25_small_mass", "mass_105_160", event([A, B | {"pt": up(25000.0)}])
    yield "both_pt_exactly_25", two, event([A | {"pt": 25000.0}, B | {"pt": 25000.0}])
    yield "pt_zero", two, event([A, B | {"pt": 0.0}])
    yield "pt_negative", two, event([A, B | {"pt": -50000.0}])
    # m = 125000 exactly: cosh(8.74e-8) - cos(float(pi)) is 2.0 in double, hence m = 2 sqrt(pt1 pt2)
    far = {"eta": 8.74e-8, "phi": math.pi}
    still = {"eta": 0.0, "phi": 0.0}
    wide = photon(125000.0, **far)
    yield "sublead_fraction_exactly_quarter", sublead, event([wide, photon(31250.0, **still)])
    yield "sublead_fraction_just_below", sublead, event([wide, photon(down(31250.0), **still)])
    yield "sublead_fraction_just_above", "", event([wide, photon(up(31250.0), **still)])
    # 43750 / 125000 is the double 0.35: these three floats, found by a search, give m = 125000 to the last bit
    eta, phi, pt2 = 2.118997097015381, 2.802783489227295, 34575.90625
    other = photon(pt2, 0.0, 0.0)
    yield "lead_fraction_exactly_0.35", lead, event([photon(43750.0, eta, phi), other])
    yield "lead_fraction_just_below", lead, event([photon(down(43750.0), eta, phi), other])
    yield "lead_fraction_just_above", "", event([photon(up(43750.0), eta, phi), other])
    yield "lead_fraction_by_E_only", lead, event([photon(43000.0, 1.2, 0.0), photon(40000.0, -0.9, 3.1)])
    for mass, inside in ((105000.0, up), (115000.0, up), (135000.0, down), (160000.0, down)):
        outer = down if inside is up else up
        passes_default = 105000.0 < mass < 160000.0
        for name, pt, ok in (
            ("exactly", mass / 2, passes_default),
            ("just_inside", inside(mass / 2), True),
            ("just_outside", outer(mass / 2), passes_default),
        ):
            pair = [photon(pt, **far), photon(mass / 2, **still)]
            yield f"mass_{name}_{mass / 1000:.0f}", "" if ok else "mass_105_160", event(pair)
    yield "mass_zero_same_direction", "mass_105_160", event([A, A | {"pt": 50000.0}])
    yield "mass_zero_identical_photons", "mass_105_160", event([A, A])
    yield "opposite_directions", "", event([photon(62500.0, 0.0, 0.0), photon(62500.0, -0.0, math.pi)])
    yield "opposite_three_vectors", "", event([photon(50000.0, 0.7, -1.0), photon(50000.0, -0.7, -1.0 + math.pi)])
    yield "same_eta", "", event([A, B | {"eta": 0.5}])
    yield "same_phi_in_range", "", event([photon(70000.0, 1.1, 1.0), photon(50000.0, -1.1, 1.0)])
    yield "same_phi_tiny_deta", "mass_105_160", event([A, photon(50000.0, up(0.5), 0.1)])
    yield "phi_across_pi", "", event([photon(70000.0, 1.0, 3.1), photon(50000.0, -1.0, -3.1)])
    yield "phi_both_pi_signs", "", event([photon(70000.0, -1.0, math.pi), photon(50000.0, 1.0, -math.pi)])
    yield "phi_across_pi_small_mass", "mass_105_160", event([A | {"phi": 3.1}, B | {"phi": -3.1}])
    yield "phi_beyond_pi", "", event([A | {"phi": 0.1 + 2 * math.pi}, B])
    yield "phi_difference_slightly_above_pi", "", event([A | {"phi": -0.5}, B | {"phi": 2.75}])
    yield "mass_above_range", "mass_105_160", event([A | {"pt": 170000.0}, B])
    yield "mass_below_range", "mass_105_160", event([A | {"pt": 40000.0}, B | {"pt": 40000.0}])


def _acceptance() -> Cases:
    """Lead or sublead photon on every float next to 1.37, 1.52 and 2.37, on both sides of the detector."""
    # 1.37 as a float lies above the double, 1.52 and 2.37 below theirs; floats are promoted, so only 2.37 passes.
    floats = {
        "1.37": ("two_good_photons", [("down", down(1.37), True), ("at", 1.37, False), ("up", up(1.37), False)]),
        "1.52": ("two_good_photons", [("down", down(1.52), False), ("at", 1.52, False), ("up", up(1.52), True)]),
        "2.37": ("two_good_photons", [("down", down(2.37), True), ("at", 2.37, True), ("up", up(2.37), False)]),
    }
    for which in ("lead", "sublead"):
        for sign in (1.0, -1.0):
            for threshold, (cut, values) in floats.items():
                for side, eta, ok in values:
                    partner = sign * (float(threshold) - 0.5)
                    etas = (sign * eta, partner) if which == "lead" else (partner, sign * eta)
                    name = f"{which}_eta_{'plus' if sign > 0 else 'minus'}_{threshold}_{side}"
                    yield name, "" if ok else cut, event([A | {"eta": etas[0]}, B | {"eta": etas[1]}])
    yield "eta_zero", "", event([A | {"eta": 0.0}, B | {"eta": 0.0}])
    yield "eta_minus_zero", "", event([A | {"eta": -0.0}, B])
    yield "both_eta_negative", "", event([A | {"eta": -0.5}, B | {"eta": -1.2}])
    yield "both_eta_positive", "", event([A | {"eta": 0.5}, B | {"eta": 1.2}])
    yield "both_endcap_minus", "", event([A | {"eta": -2.1}, B | {"eta": -1.7}])
    yield "both_endcap_plus", "", event([A | {"eta": 2.1}, B | {"eta": 1.7}])
    for eta in (2.4, -2.4, 20.0, -20.0, 100.0, 1e30, INF, -INF):
        yield f"lead_eta_{eta}", "two_good_photons", event([A | {"eta": eta}, B])
    yield "both_eta_6", "two_good_photons", event([A | {"eta": 6.0}, B | {"eta": 6.5}])
    yield "both_eta_20", "two_good_photons", event([A | {"eta": 20.0}, B | {"eta": 20.5}])


def _isolation() -> Cases:
    # 0.065 as a float lies below the double: it passes, its upper neighbour does not. pT is a power of two or such
    # that pT times the float is a float again, so that the ratio is that float exactly.
    at = float(np.float32(0.065))
    ratios = [("down", down(at), True), ("at", at, True), ("up", up(at), False)]
    for branch, cut in (("ptcone30", "track_isolation"), ("etcone20", "calo_isolation")):
        for side, ratio, ok in ratios:
            outcome = "" if ok else cut
            yield f"lead_{branch}_{side}", outcome, event([A | {"pt": 65536.0, branch: ratio * 65536.0}, B])
            soft = B | {"pt": 32768.0, branch: ratio * 32768.0}
            yield f"sublead_{branch}_{side}", outcome, event([A | {"pt": 90000.0}, soft])
        # quotient 0.0650000012 in double, rounded to the float below 0.065
        rounding = A | {"pt": 65536.1015625, branch: 4259.8466796875}
        yield f"lead_{branch}_passes_as_float_ratio", "", event([rounding, B])
        yield f"lead_{branch}_large_in_mev", "", event([A | {branch: 4500.0}, B | {branch: 3200.0}])
        yield f"lead_{branch}_negative", "", event([A | {branch: -20000.0}, B])
        yield f"sublead_{branch}_zero", "", event([A, B | {branch: 0.0}])
        yield f"lead_{branch}_nan", cut, event([A | {branch: NAN}, B])
        yield f"sublead_{branch}_nan", cut, event([A, B | {branch: NAN}])
        yield f"lead_{branch}_inf", cut, event([A | {branch: INF}, B])
        yield f"third_{branch}_nan", "", event([A, B, SOFT | {"isTightID": False, branch: NAN}])
    yield "etcone20_minus_inf_is_copied", "", event([A | {"etcone20": -INF}, B])


def _not_numbers() -> Cases:
    two, lead = "two_good_photons", "lead_pt_over_mass"
    loose = {"isTightID": False}
    yield "lead_pt_nan", two, event([A | {"pt": NAN, "E": 80000.0}, B])
    yield "sublead_pt_nan", two, event([A, B | {"pt": NAN, "E": 80000.0}])
    yield "third_loose_pt_nan_first", "", event([SOFT | loose | {"pt": NAN}, A, B])
    yield "third_loose_pt_nan_middle", "", event([B, SOFT | loose | {"pt": NAN}, A])
    yield "third_tight_pt_nan_first", "", event([SOFT | {"pt": NAN}, B, A])
    yield "third_tight_pt_nan_last", "", event([B, A, SOFT | {"pt": NAN}])
    yield "third_tight_eta_nan", "", event([A, B, SOFT | {"eta": NAN}])
    yield "third_tight_phi_nan", two, event([A, B, SOFT | {"phi": NAN}])
    yield "lead_eta_nan", two, event([A | {"eta": NAN}, B])
    yield "sublead_phi_nan", lead, event([A, B | {"phi": NAN}])
    yield "lead_phi_inf", lead, event([A | {"phi": INF}, B])
    yield "lead_pt_inf", lead, event([A | {"pt": INF}, B])
    yield "lead_pt_minus_inf", two, event([A | {"pt": -INF}, B])
    yield "lead_E_nan_is_copied", "", event([A | {"E": NAN}, B])
    yield "lead_E_zero", "", event([A | {"E": 0.0}, B])
    yield "met_nan", "", event([A, B], met_et=NAN, met_phi=NAN)
    yield "met_zero", "", event([A, B], met_et=0.0, met_phi=-0.0)
    yield "taus_and_large_jets_nan", "", event([A, B], tau_pt=[NAN], largeRjet_pt=[NAN, INF], ditau_m=NAN)
    yield "syst_branches_nan", "", event([A, B], photon_pt_syst=[NAN, NAN], jet_pt_syst=[NAN], met_et_syst=NAN)


def _jets() -> Cases:
    j1, j2, j3 = jet(90000.0, 1.1, 0.4), jet(60000.0, -2.3, -2.9), jet(30000.0, -0.2, 1.7)
    lists = {
        "one": [j1],
        "one_negative_eta": [j2],
        "two": [j1, j2],
        "two_softer_first": [j2, j1],
        "three": [j1, j2, j3],
        "three_softest_first": [j3, j2, j1],
        "pt_tie_three": [j1 | {"pt": 5e4}, j2 | {"pt": 5e4}, j3 | {"pt": 5e4}],
        "forward_both_sides": [jet(80000.0, 4.4, 0.0), jet(70000.0, -4.4, 3.1)],
        "same_eta_phi": [jet(80000.0, -1.5, 1.0), jet(70000.0, -1.5, 1.0)],
        "identical": [j2, j2, j2],
        "back_to_back": [jet(50000.0, 0.0, 0.0), jet(50000.0, 0.0, math.pi)],
        "energy_below_momentum": [j1 | {"E": 1000.0}, j1 | {"E": 1000.0}],
        "pt_zero": [j1 | {"pt": 0.0}, j2 | {"pt": 0.0}],
        "phi_across_pi": [j1 | {"phi": math.pi}, j2 | {"phi": -math.pi}],
        "phi_sum_cancels": [j1 | {"phi": 3.0}, j2 | {"phi": down(-3.0)}],
        "eta_zero": [j1 | {"eta": 0.0}, j2 | {"eta": -0.0}],
        "eta_50": [jet(30000.0, 50.0, 0.0), jet(30000.0, -50.0, 1.0)],
        "eta_1000": [j1 | {"eta": 1000.0}, j2 | {"eta": -1000.0}],
        "eta_inf": [j1 | {"eta": INF}, j2],
        "twenty": [
            jet(25000.0 + 977.0 * ((7 * k) % 20), 0.45 * k - 4.3, 0.31 * k - 3.0, MV2c10=0.1 * k - 1) for k in range(20)
        ],
        "large_pt_small_spread": [j1 | {"pt": 5e6}, j1 | {"pt": up(5e6)}, j1 | {"pt": up(5e6, 2)}],
        "pt_1e30": [j1 | {"pt": 1e30, "E": 2e30}, j2],
        "third_pt_nan": [j1, j2, j3 | {"pt": NAN}],
    }
    for variable in ("pt", "eta", "phi", "E", "MV2c10"):
        lists |= {
            f"{variable}_nan_first": [j1 | {variable: NAN}, j2, j3],
            f"{variable}_nan_last": [j1, j2, j3 | {variable: NAN}],
        }
        lists[f"{variable}_nan_alone"] = [j1 | {variable: NAN}]
    for variable in ("pt", "E", "MV2c10"):
        lists |= {f"{variable}_inf": [j2, j1 | {variable: INF}], f"{variable}_minus_inf": [j1, j2 | {variable: -INF}]}
    for name, jets in lists.items():
        yield f"jets_{name}", "", event([A, B], jets)
    full = {"jet_trueflav": [5, 0], "jet_truthMatched": [True, False]}
    yield "jets_with_truth", "", event([A, B], [j1, j2], photon_truthMatched=[True, True], **full)
    yield "jet_n_disagrees_with_vector", "", event([A, B], [j1, j2], jet_n=5)
    yield "jets_and_leptons_in_failing_event", "two_good_photons", event([A], [j1, j2], [lep(40000.0, 0.3, 1.0)])


def _leptons() -> Cases:
    m1, m2, m3 = lep(45000.0, -1.3, 2.2), lep(30000.0, 0.8, -0.7, -1), lep(12000.0, 2.4, 1.0, -1)
    lists = {
        "one": [m1],
        "one_negative_charge": [m2],
        "opposite_charge": [m1, m2],
        "same_charge": [m2, m3],
        "three": [m1, m2, m3],
        "electron_and_muon": [m1 | {"type": 11}, m2],
        "negative_isolation": [m1 | {"etcone20": -3000.0, "ptcone30": -1.0}, m2],
        "tiny_z0": [m1 | {"z0": 1e-30}, m2 | {"z0": -1e-30}],
        "denormal_z0": [m1 | {"z0": 1e-45}, m2 | {"z0": 0.0}],
        "inf_ptcone30": [m1 | {"ptcone30": INF}, m2],
        "nan_pt_alone": [m1 | {"pt": NAN}],
        "nan_z0_first": [m1 | {"z0": NAN}, m2],
        "nan_z0_last": [m1, m2 | {"z0": NAN}],
        "nan_eta": [m1, m2 | {"eta": NAN}, m3],
    }
    for name, leptons in lists.items():
        yield f"leps_{name}", "", event([A, B], (), leptons)
    yield "leps_and_jets", "", event([A, B], [jet(50000.0, -1.0, 0.0)], [m1, m2])
    yield "lep_truth_filled", "", event([A, B], (), [m1], lep_truthMatched=[True])


def _weights() -> Cases:
    factors = [n for n in SCHEMA if n.startswith("scaleFactor_")]
    yield "weight_negative", "", event([A, B], mcWeight=-0.75)
    yield "weight_zero", "", event([A, B], mcWeight=0.0)
    yield "weight_nan", "", event([A, B], mcWeight=NAN)
    yield "weight_large", "", event([A, B], mcWeight=1e20)
    for name in factors:
        yield f"weight_{name}_zero", "", event([A, B], **{name: 0.0})
    yield "weight_pileup_negative", "", event([A, B], scaleFactor_PILEUP=-1.0)
    yield "weight_pileup_nan", "", event([A, B], scaleFactor_PILEUP=NAN)
    yield "weight_btag_nan", "", event([A, B], scaleFactor_BTAG=NAN)
    data = dict.fromkeys(factors, 0.0) | {"mcWeight": 0.0, "XSection": 1.0, "SumWeights": 1.0}
    yield "as_in_data", "", event([A, B], **data, channelNumber=284500)
    yield "largest_event_number", "", event([A, B], eventNumber=2**31 - 1)
    yield "weight_nan_failing_event", "mass_105_160", event([A | {"pt": 170000.0}, B], mcWeight=NAN)


@cache
def _cases() -> list[tuple[str, str, dict[str, Any]]]:
    groups = (_counting, _momenta, _acceptance, _isolation, _not_numbers, _jets, _leptons, _weights)
    cases = [case for group in groups for case in group()]
    assert len({name for name, _, _ in cases}) == len(cases)
    return [(name, cut, complete({"eventNumber": 1000 + k} | sparse)) for k, (name, cut, sparse) in enumerate(cases)]


def edge_events() -> list[tuple[str, dict[str, Any]]]:
    """Return named events with all 81 branches and distinct event numbers."""
    return [(name, complete_event) for name, _, complete_event in _cases()]


def edge_outcomes() -> dict[str, str]:
    """Return the first cut that each event fails with default parameters, "" where it passes: worked out by hand."""
    return {name: cut for name, cut, _ in _cases()}
