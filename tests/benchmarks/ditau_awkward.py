"""The di-tau chain as an uproot and awkward user would write it: arrays of many events, no loop over events.

usage: ditau_awkward.py OUTPUT XSEC_PB SUM_OF_WEIGHTS INPUT...

Shares no code with the package that it is compared with. Only the branches that are needed are read. Cuts on objects
are made on flat arrays; pairs, jets and columns only of the events in which some channel has its objects. Written are
the 27 inputs, the channel, the weight and the event's numbers, and raw and weighted cutflows of each channel.

Compression is that of the other contenders, ZSTD level 1.
"""

from __future__ import annotations

import sys
from typing import Any

import awkward as ak
import numpy as np
import uproot
from uproot.writing.identify import to_TAxis, to_TH1x

from tests.benchmarks.ditau_awkward_objects import (
    BRANCHES,
    CHANNELS,
    COPIED,
    COVARIANCE,
    CUTS,
    FIELDS,
    FLAGS,
    KIND,
    Array,
    Objects,
    depth,
    gt,
    lt,
)

STEP_SIZE = "100 MB"
NEUTRINOS = {"tt": 2.0, "mt": 3.0, "et": 3.0, "em": 4.0, "mm": 4.0, "ee": 4.0}
MIN_DELTA_R = {"em": 0.3, "mm": 0.3}
MOST_MUONS = {"tt": 0, "mt": 1, "et": 0, "em": 1, "mm": 2, "ee": 0}
MOST_ELECTRONS = {"tt": 0, "mt": 0, "et": 1, "em": 1, "mm": 0, "ee": 2}


# ---------------------------------------------------------------------------------------------------------------- jets


def find_jets(e: Array) -> tuple[Array, Array]:
    """Return the jets30 and the b jets, in the order of the file; jets of taus are left out."""
    jets = ak.zip({name: e[f"Jet_{name}"] for name in FIELDS["Jet"]})
    number = ak.num(jets)
    # a scatter into the flat array of all jets: position = start of the event + index
    starts = np.cumsum(number) - number
    inside = (e.Tau_jetIdx >= 0) & (e.Tau_jetIdx < number)
    taken = np.zeros(ak.sum(number), dtype=bool)
    taken[ak.to_numpy(ak.flatten((e.Tau_jetIdx + starts)[inside]))] = True
    jets = jets[~ak.unflatten(taken, number) & (jets.jetId >= 6) & gt(jets.pt, 20.0)]
    eta = abs(jets.eta)
    hard = gt(jets.pt, 30.0) & lt(eta, 4.7)
    b = lt(eta, 2.5) & gt(jets.btagDeepB, 0.3033)
    return jets[hard], jets[hard | b]


def delta_r(a: Array, b: Array) -> Array:
    """Distance in eta and phi of two arrays of objects, in double."""
    deta, turn = _double(a.eta) - _double(b.eta), abs(_double(a.phi) - _double(b.phi))
    dphi = np.minimum(turn, abs(2.0 * np.pi - turn))
    return np.sqrt(deta * deta + dphi * dphi)


def _double(values: Array) -> Array:
    return ak.values_astype(values, np.float64)


# --------------------------------------------------------------------------------------------------------------- pairs


def objects(e: Array, kind: str, mask: Array) -> Array:
    """Return objects of one kind under a mask; ``index`` is their place in the collection."""
    fields = {name: e[f"{kind}_{name}"] for name in ("pt", "eta", "phi", "charge")}
    return ak.zip(fields | {"index": ak.local_index(mask)})[mask]


def pairs_of(e: Array, channel: str, good: dict[str, Array]) -> tuple[Array, Array, Array, Array]:
    """Return which events have a pair, how many cuts on taus and pairs each event passes, and the legs of the best."""
    first, second = (KIND[letter] for letter in channel)
    one = objects(e, first, good[first])
    needed = 2 if first == second else 1
    if first == second:
        pairs = ak.combinations(one, 2, fields=["a", "b"])
        swapped = pairs.b.pt > pairs.a.pt
        pairs = ak.zip({"a": ak.where(swapped, pairs.b, pairs.a), "b": ak.where(swapped, pairs.a, pairs.b)})
    else:
        pairs = ak.cartesian({"a": one, "b": objects(e, second, good[second])})
    cuts = [ak.to_numpy(ak.sum(good["Tau"], axis=1)) >= needed] if "Tau" in good else []
    pairs = pairs[pairs.a.charge == -pairs.b.charge]
    cuts.append(ak.to_numpy(ak.num(pairs)) > 0)
    pairs = pairs[delta_r(pairs.a, pairs.b) > MIN_DELTA_R.get(channel, 0.5)]
    left = ak.to_numpy(ak.num(pairs)) > 0
    cuts.append(left)
    pairs = pairs[left]
    pairs = pairs[pairs.a.pt == ak.max(pairs.a.pt, axis=1)]
    pairs = pairs[ak.argmax(pairs.b.pt, axis=1, keepdims=True)][:, 0]
    return left, depth(cuts), pairs.a, pairs.b


def has_loose_pair(e: Array, kind: str, mask: Array, leg: Array) -> Array:
    """Tell for each event whether two loose leptons other than the leg have opposite charges and are apart."""
    found = np.zeros(len(leg), dtype=bool)
    several = ak.to_numpy(ak.sum(mask, axis=1) >= 2)
    leptons = objects(e[several], kind, mask[several])
    leptons = leptons[leptons.index != leg.index[several]]
    pairs = ak.combinations(leptons, 2, fields=["a", "b"])
    apart = (pairs.a.charge * pairs.b.charge < 0) & (delta_r(pairs.a, pairs.b) > 0.15)
    found[several] = ak.to_numpy(ak.any(apart, axis=1))
    return found


# ------------------------------------------------------------------------------------------------------------- columns


def transverse_mass(pt1: Array, phi1: Array, pt2: Array, phi2: Array) -> Array:
    return np.sqrt(np.maximum(2.0 * pt1 * pt2 * (1.0 - np.cos(phi1 - phi2)), 0.0))


def leading_jets(jets: Array) -> tuple[Array, dict[str, Array]]:
    """Return jets by falling pT and the columns of the first two."""
    # most events have none or one: only the others are sorted
    order = ak.argsort(jets.pt, axis=1, ascending=False, stable=True)
    jets = jets[order]
    columns = {}
    for k in (0, 1):
        there = ak.to_numpy(ak.num(jets) > k)
        for name in ("pt", "eta", "phi"):
            column = np.zeros(len(jets))
            column[there] = ak.to_numpy(jets[there, k][name])
            columns[f"jet{k + 1}_{name}_reco"] = column
    return jets, columns


def activity(jets: Array) -> dict[str, Array]:
    """Return the vector sum of the third and following jets."""
    number = np.maximum(ak.to_numpy(ak.num(jets)).astype(np.float64) - 2.0, 0.0)
    columns = {name: np.zeros(len(jets)) for name in ("pt", "eta", "phi")}
    more = number > 0
    others = jets[more][:, 2:]
    pt, eta, phi = (_double(others[name]) for name in ("pt", "eta", "phi"))
    parts = (pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta))
    px, py, pz = (ak.to_numpy(ak.sum(part, axis=1)) for part in parts)
    total = np.hypot(px, py)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns["eta"][more] = np.where(total < 1e-3, 0.0, np.arcsinh(pz / total))
    columns["phi"][more] = np.where(total < 1e-3, 0.0, np.arctan2(py, px))
    columns["pt"][more] = total
    return {f"remaining_jets_{name}_reco": column for name, column in columns.items()} | {
        "remaining_jets_N_reco": number
    }


def features(e: Array, legs: dict[str, Array], neutrinos: Array, jets: Array) -> dict[str, Array]:
    """Return the 27 inputs of the selected events."""
    columns = {f"tau{k}_{name}_reco": legs[f"{name}{k}"] for k in (1, 2) for name in ("pt", "eta", "phi")}
    jets, leading = leading_jets(jets)
    columns |= leading | activity(jets)
    met, metphi = (ak.to_numpy(e[f"PuppiMET_{name}"]).astype(np.float64) for name in ("pt", "phi"))
    columns |= {"PuppiMET_pt_reco": met, "PuppiMET_phi_reco": metphi}
    columns |= {f"{name}_reco": ak.to_numpy(e[name]).astype(np.float64) for name in COVARIANCE}
    mt1 = transverse_mass(legs["pt1"], legs["phi1"], met, metphi)
    mt2 = transverse_mass(legs["pt2"], legs["phi2"], met, metphi)
    mtt = transverse_mass(legs["pt1"], legs["phi1"], legs["pt2"], legs["phi2"])
    columns |= {"PuppimT1_reco": mt1, "PuppimT2_reco": mt2, "PuppimTtt_reco": mtt}
    columns["PuppimTtot_reco"] = np.sqrt(mt1 * mt1 + mt2 * mt2 + mtt * mtt)
    columns["PU_npvsGood_reco"] = ak.to_numpy(e.PV_npvsGood).astype(np.float64)
    return columns | {"N_neutrinos_reco": neutrinos}


# --------------------------------------------------------------------------------------------------------------- chain


class Cutflow:
    """Numbers of events and sums of weights after each cut: of all events, and of each channel behind the flags."""

    def __init__(self) -> None:
        self.sums = {name: np.zeros((3, len(cuts) + 1)) for name, cuts in {"": FLAGS, **CUTS}.items()}

    def fill(self, name: str, steps: Array, weight: Array) -> None:
        """Count events that passed so many cuts."""
        sums = self.sums[name]
        last = sums.shape[1]
        made = [np.bincount(steps, weights, last) for weights in (None, weight, weight * weight)]
        sums += np.cumsum(np.array(made)[:, ::-1], axis=1)[:, ::-1]

    def histograms(self) -> dict[str, Any]:
        """Return by name: the cutflow of the flags, and of each channel from the first flag to its last cut."""
        flags = self.sums[""]
        whole = {"": flags} | {f"channels/{c}/": np.hstack([flags, self.sums[c][:, 1:]]) for c in CHANNELS}
        found = {}
        for path, (events, weighted, variance) in whole.items():
            found[f"{path}cutflow"] = histogram("cutflow", events, events)
            found[f"{path}cutflow_weighted"] = histogram("cutflow_weighted", weighted, variance)
        return found


def histogram(name: str, contents: Array, variances: Array) -> Any:
    bins = len(contents)
    axis = to_TAxis("xaxis", "", bins, 0.0, float(bins))
    flow = [np.concatenate([[0.0], values, [0.0]]) for values in (contents, variances)]
    return to_TH1x(name, "", flow[0], float(contents[0]), float(np.sum(contents)), 0.0, 0.0, 0.0, flow[1], axis)


def flags_passed(e: Array) -> Array:
    """Return how many flags each event passes before one fails."""
    return depth([ak.to_numpy(e[flag]) for flag in FLAGS])


def process(e: Array, norm: float, cutflow: Cutflow) -> dict[str, Array]:
    """Return the columns of the selected events, in the order of the file."""
    passed = flags_passed(e)
    clean = passed == len(FLAGS)
    weight = ak.to_numpy(e.genWeight).astype(np.float64) * norm
    cutflow.fill("", passed, weight)
    found = Objects(e)
    some = clean & np.logical_or.reduce(list(found.complete.values()))
    numbers = np.flatnonzero(some)
    inside = e[[name for name in e.fields if name not in FLAGS]][some]
    hard, near = find_jets(inside)
    free = without_jets_nearby(inside, near, [found.good[channel]["Tau"][some] for channel in ("tt", "mt", "et")])

    chosen = np.full(len(inside), -1)
    legs = {f"{name}{k}": np.zeros(len(inside)) for k in (1, 2) for name in ("pt", "eta", "phi")}
    for code, channel in enumerate(CHANNELS):
        here = np.flatnonzero(found.complete[channel][some])
        good = {kind: mask[some][here] for kind, mask in found.good[channel].items()}
        if "Tau" in good:
            good["Tau"] = good["Tau"] & free[here]
        left, more, one, two = pairs_of(inside[here], channel, good)
        steps = found.steps[channel]
        steps[numbers[here]] += more
        here = here[left]
        kept = veto(inside[here], channel, found, numbers[here], one)
        steps[numbers[here]] += kept
        cutflow.fill(channel, steps[clean], weight[clean])
        whole = kept == (3 if channel in found.loose else 2)
        here, one, two = here[whole], one[whole], two[whole]
        assert np.all(chosen[here] < 0), "an event in two channels"
        chosen[here] = code
        for k, leg in ((1, one), (2, two)):
            for name in ("pt", "eta", "phi"):
                legs[f"{name}{k}"][here] = ak.to_numpy(leg[name])

    kept = chosen >= 0
    legs = {name: column[kept] for name, column in legs.items()}
    neutrinos = np.array(list(NEUTRINOS.values()))[chosen[kept]]
    inside = inside[kept]
    columns = features(inside, legs, neutrinos, hard[kept])
    copied = {name: ak.to_numpy(inside[name]) for name in COPIED} | {"weight": weight[numbers][kept]}
    return copied | {"channel": chosen[kept].astype(np.int32)} | columns


def without_jets_nearby(e: Array, near: Array, good: list[Array]) -> Array:
    """Return which taus have no jet nearby; only those that are good in some channel are looked at."""
    number = ak.to_numpy(ak.num(e.Tau_eta))
    wanted = good[0] | good[1] | good[2]
    both = ak.to_numpy(ak.any(wanted, axis=1)) & ak.to_numpy(ak.num(near) > 0)
    taus = ak.zip({"eta": e.Tau_eta, "phi": e.Tau_phi})[both]
    pairs = ak.cartesian({"tau": taus, "jet": near[both]}, nested=True)
    free = np.ones(number.sum(), dtype=bool)
    free[np.repeat(both, number)] = ak.to_numpy(ak.flatten(ak.all(delta_r(pairs.tau, pairs.jet) >= 0.5, axis=2)))
    return ak.unflatten(free, number)


def veto(e: Array, channel: str, found: Objects, numbers: Array, leg: Array) -> Array:
    """Return how many vetoes each event passes before one rejects it."""
    cuts = [found.third_muons[numbers] <= MOST_MUONS[channel]]
    cuts.append(found.third_electrons[numbers] <= MOST_ELECTRONS[channel])
    if channel in found.loose:
        cuts.append(~has_loose_pair(e, KIND[channel[0]], found.loose[channel][numbers], leg))
    return depth(cuts)


def main(output: str, xsec_pb: float, sum_of_weights: float, inputs: list[str]) -> None:
    tree = None
    cutflow = Cutflow()
    with uproot.recreate(output, compression=uproot.ZSTD(1)) as file:
        for events in uproot.iterate([f"{path}:Events" for path in inputs], BRANCHES, step_size=STEP_SIZE):
            columns = process(events, xsec_pb / sum_of_weights, cutflow)
            if tree is None:
                tree = file.mktree("events", {name: values.dtype for name, values in columns.items()})
            tree.extend(columns)
        for name, histogram in cutflow.histograms().items():
            file[name] = histogram


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
