"""The diphoton chain as an uproot and awkward user would write it: arrays of many events, no loop over events.

usage: awkward_rival.py OUTPUT XSEC_PB SUM_OF_WEIGHTS INPUT...

Shares no code with the package that it is compared with. Only the branches that are needed are read; events that fail a
cut are dropped before the next; photons are plain two-column arrays as soon as there are exactly two of them.

Compression is that of the other contenders, ZSTD level 1.
"""

from __future__ import annotations

import sys
from typing import Any

import awkward as ak
import numpy as np
import uproot
from uproot.writing.identify import to_TAxis, to_TH1x

STEP_SIZE = "100 MB"
CUTS = (
    *("all", "photon_trigger", "two_good_photons", "trigger_matched", "track_isolation", "calo_isolation"),
    *("lead_pt_over_mass", "sublead_pt_over_mass", "mass_105_160"),
)
COPIED = ("photon_n", "jet_n", "lep_n", "met_et", "met_phi", "eventNumber", "runNumber", "channelNumber")
FACTORS = tuple(
    f"scaleFactor_{name}" for name in ("PILEUP", "ELE", "MUON", "PHOTON", "TAU", "BTAG", "LepTRIGGER", "PhotonTRIGGER")
)
DF104_FACTORS = ("scaleFactor_PILEUP", "scaleFactor_PHOTON", "scaleFactor_PhotonTRIGGER")
PHOTON = ("pt", "eta", "phi", "E", "etcone20", "ptcone30")
JET = ("pt", "eta", "phi", "E", "MV2c10")
LEPTON = ("pt", "eta", "phi", "E", "charge", "z0", "ptcone30", "etcone20")
BRANCHES = (
    *COPIED,
    *("trigP", "mcWeight", *FACTORS, "photon_isTightID", "photon_trigMatched"),
    *(f"photon_{name}" for name in PHOTON),
    *(f"jet_{name}" for name in JET),
    *(f"lep_{name}" for name in LEPTON),
)


class Cutflow:
    """Numbers of events and sums of weights after each cut."""

    def __init__(self) -> None:
        self.sums = {name: np.zeros(3) for name in CUTS}

    def count(self, name: str, weight: Any) -> None:
        self.sums[name] += len(weight), np.sum(weight), np.sum(weight * weight)

    def histograms(self) -> dict[str, Any]:
        events, weighted, variance = np.array(list(self.sums.values())).T
        return {
            "cutflow": _histogram("cutflow", events, events),
            "cutflow_weighted": _histogram("cutflow_weighted", weighted, variance),
        }


def _histogram(name: str, contents: Any, variances: Any) -> Any:
    bins = len(contents)
    axis = to_TAxis("xaxis", "", bins, 0.0, float(bins))
    flow = [np.concatenate([[0.0], values, [0.0]]) for values in (contents, variances)]
    return to_TH1x(name, "", flow[0], float(contents[0]), float(np.sum(contents)), 0.0, 0.0, 0.0, flow[1], axis)


def select(events: Any, weight: Any, cutflow: Cutflow) -> tuple[Any, Any, dict[str, Any]]:
    """Return selected events, their weights and their photons: float32 arrays of shape (events, 2) and the mass."""

    def keep(cut: str, passed: Any) -> None:
        nonlocal events, weight, photons
        events, weight = events[passed], weight[passed]
        photons = {name: values[passed] for name, values in photons.items()}
        cutflow.count(cut, weight)

    photons: dict[str, Any] = {}
    cutflow.count("all", weight)
    keep("photon_trigger", events.trigP)
    abs_eta = ak.values_astype(abs(events.photon_eta), np.float64)
    central = (abs_eta < 2.37) & ((abs_eta < 1.37) | (abs_eta > 1.52))
    good = events.photon_isTightID & (events.photon_pt > 25000.0) & central
    two = ak.sum(good, axis=1) == 2
    good = good[two]
    keep("two_good_photons", two)
    photons = {name: _pair(events[f"photon_{name}"][good]) for name in (*PHOTON, "trigMatched")}
    swapped = photons["pt"][:, 1] > photons["pt"][:, 0]
    for values in photons.values():
        values[swapped] = values[swapped, ::-1]
    photons["mass"] = _mass(photons)
    keep("trigger_matched", photons["trigMatched"].all(axis=1))
    for cut, cone in (("track_isolation", "ptcone30"), ("calo_isolation", "etcone20")):
        ratio = (photons[cone] / photons["pt"]).astype(np.float64)
        keep(cut, (ratio < 0.065).all(axis=1))
    keep("lead_pt_over_mass", photons["pt"][:, 0] / photons["mass"] > 0.35)
    keep("sublead_pt_over_mass", photons["pt"][:, 1] / photons["mass"] > 0.25)
    keep("mass_105_160", (photons["mass"] > 105000.0) & (photons["mass"] < 160000.0))
    return events, weight, photons


def _pair(values: Any) -> Any:
    return ak.to_numpy(ak.flatten(values)).reshape(-1, 2).copy()


def _double(pairs: Any) -> tuple[Any, Any]:
    return pairs[:, 0].astype(np.float64), pairs[:, 1].astype(np.float64)


def _mass(photons: dict[str, Any]) -> Any:
    (pt1, pt2), (eta1, eta2), (phi1, phi2) = (_double(photons[name]) for name in ("pt", "eta", "phi"))
    return np.sqrt(2.0 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2)))


def photon_features(photons: dict[str, Any]) -> dict[str, Any]:
    columns = {f"photon_{k + 1}lead_{name}": photons[name][:, k] for k in (0, 1) for name in PHOTON}
    mass = photons["mass"]
    (pt1, pt2), (eta1, eta2), (phi1, phi2) = (_double(photons[name]) for name in ("pt", "eta", "phi"))
    x1, y1, x2, y2 = pt1 * np.cos(phi1), pt1 * np.sin(phi1), pt2 * np.cos(phi2), pt2 * np.sin(phi2)
    pt = np.hypot(x1 + x2, y1 + y2)
    up = pt1 * np.exp(eta1) + pt2 * np.exp(eta2)
    down = pt1 * np.exp(-eta1) + pt2 * np.exp(-eta2)
    star = np.abs(np.sinh(eta1 - eta2)) / np.sqrt(1.0 + (pt / mass) ** 2) * 2.0 * pt1 * pt2 / (mass * mass)
    turn = np.abs(phi1 - phi2)
    return columns | {
        "h_mass": mass,
        "m_yy": mass / 1000.0,
        "pt_yy": pt,
        "y_yy": 0.5 * np.log(up / down),
        "ptt_yy": 2.0 * np.abs(x1 * y2 - x2 * y1) / np.hypot(x1 - x2, y1 - y2),
        "cos_theta_star": star,
        "deta_yy": np.abs(eta1 - eta2),
        "dphi_yy": np.minimum(turn, 2.0 * np.pi - turn),
    }


def statistics(name: str, values: Any) -> dict[str, Any]:
    """Return min, max, mean, sum and std of each list in double; NaN for an empty one, but for its sum."""
    values = ak.values_astype(values, np.float64)
    number = ak.to_numpy(ak.num(values)).astype(np.float64)
    total = ak.to_numpy(ak.sum(values, axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / number
        variance = ak.to_numpy(ak.sum((values - mean) ** 2, axis=1)) / number
    finite = np.isfinite(total)
    found = {
        "min": ak.to_numpy(ak.fill_none(ak.min(values, axis=1), np.nan)),
        "max": ak.to_numpy(ak.fill_none(ak.max(values, axis=1), np.nan)),
        "mean": mean,
        "sum": total,
        "std": np.sqrt(variance),
    }
    return {f"{name}_{key}": np.where(finite, column, np.nan) for key, column in found.items()}


def collection_features(events: Any, prefix: str, names: tuple[str, ...]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in names:
        values = events[f"{prefix}_{name}"]
        if name == "eta":
            theta = 2.0 * np.arctan(np.exp(-ak.values_astype(values, np.float64)))
            columns |= statistics(f"{prefix}_theta", theta)
        else:
            columns |= statistics(f"{prefix}_{name}", values)
    return columns


def dijet_features(events: Any) -> dict[str, Any]:
    mass, deta = (np.full(len(events), np.nan) for _ in range(2))
    two = ak.to_numpy(ak.num(events.jet_pt) >= 2)
    chosen = events[two]
    order = ak.argsort(chosen.jet_pt, axis=1, ascending=False, stable=True)[:, :2]
    leading = {name: _pair(chosen[f"jet_{name}"][order]) for name in ("pt", "eta", "phi", "E")}
    pt, eta, phi, energy = (values.astype(np.float64) for values in leading.values())
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    square = energy.sum(axis=1) ** 2 - (px.sum(axis=1) ** 2 + py.sum(axis=1) ** 2 + pz.sum(axis=1) ** 2)
    mass[two] = np.sqrt(np.maximum(square, 0.0))
    deta[two] = np.abs(eta[:, 0] - eta[:, 1])
    return {"m_jj": mass, "deta_jj": deta}


def weights(events: Any, norm: float) -> tuple[Any, Any]:
    made = []
    for factors in (FACTORS, DF104_FACTORS):
        product = ak.to_numpy(events.mcWeight).astype(np.float64)
        for factor in factors:
            product *= ak.to_numpy(events[factor])
        made.append(product * norm)
    return made[0], made[1]


def process(events: Any, norm: float, cutflow: Cutflow) -> dict[str, Any]:
    """Return the columns of the selected events."""
    weight, weight_df104 = weights(events, norm)
    events = ak.with_field(events, weight_df104, "weight_df104")
    events, weight, photons = select(events, weight, cutflow)
    columns = {"weight": weight, "weight_df104": ak.to_numpy(events.weight_df104)}
    columns |= {name: ak.to_numpy(events[name]) for name in COPIED}
    columns |= photon_features(photons)
    columns |= collection_features(events, "jet", JET) | collection_features(events, "lep", LEPTON)
    columns |= dijet_features(events)
    return columns | {"label_id": np.zeros(len(weight), dtype=np.int32)}


def main(output: str, xsec_pb: float, sum_of_weights: float, inputs: list[str]) -> None:
    cutflow = Cutflow()
    tree = None
    with uproot.recreate(output, compression=uproot.ZSTD(1)) as file:
        for events in uproot.iterate([f"{path}:mini" for path in inputs], BRANCHES, step_size=STEP_SIZE):
            columns = process(events, xsec_pb / sum_of_weights, cutflow)
            if tree is None:
                tree = file.mktree("events", {name: values.dtype for name, values in columns.items()})
            tree.extend(columns)
        for name, histogram in cutflow.histograms().items():
            file[name] = histogram


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
