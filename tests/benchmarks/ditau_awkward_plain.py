"""The di-tau chain in the style of coffea: whole collections as lists of records, cut by masks, channel by channel.

usage: ditau_awkward_plain.py OUTPUT XSEC_PB SUM_OF_WEIGHTS INPUT...

Shares no code with the package that it is compared with. Only the branches that are needed are read, in chunks. What
the channels have in common (jets, loose leptons) is made once; then each channel masks its objects, pairs those that
are left and applies its vetoes; columns are made once, of the events of all channels. Written is the same as by
`ditau_awkward`, which is longer and faster: columns, and raw and weighted cutflows of each channel.

Compression is that of the other contenders, ZSTD level 1.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import uproot

from tests.benchmarks.ditau_awkward import MIN_DELTA_R, MOST_ELECTRONS, MOST_MUONS, NEUTRINOS, histogram
from tests.benchmarks.ditau_awkward_objects import BRANCHES, CHANNELS, COPIED, COVARIANCE, CUTS, FIELDS, FLAGS, KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 100_000  # events
LEG = ["pt", "eta", "phi", "charge", "index"]
# least pT and largest abs(eta) of the objects of a channel
ACCEPTANCE = {
    "Tau": {"tt": (40.0, 2.1), "mt": (30.0, 2.3), "et": (30.0, 2.3)},
    "Muon": {"mt": (21.0, 2.1), "em": (15.0, 2.4), "mm": (10.0, 2.4)},
    "Electron": {"et": (25.0, 2.1), "em": (15.0, 2.4), "ee": (20.0, 2.4)},
}
ELECTRON_ISOLATION = {"et": 0.15, "em": 0.15, "ee": 0.1}
TAU_VS_E = {"tt": 2, "mt": 2, "et": 32}
TAU_VS_MU = {"tt": 1, "mt": 8, "et": 1}
NEUTRINOS_OF = np.array([NEUTRINOS[channel] for channel in CHANNELS])
Array = Any


# ------------------------------------------------------------------------------------------------------------- reading


def read(paths: list[str]) -> Iterator[Array]:
    """Yield chunks of events: records with a list of records for each collection."""
    for arrays in uproot.iterate([f"{path}:Events" for path in paths], BRANCHES, step_size=CHUNK):
        collections = {
            kind: ak.zip(
                {name: _promoted(arrays[f"{kind}_{name}"]) for name in names}
                | {"index": ak.local_index(arrays[f"{kind}_pt"])}
            )
            for kind, names in FIELDS.items()
        }
        scalars = {name: arrays[name] for name in arrays.fields if name.split("_")[0] not in FIELDS}
        yield ak.zip(scalars | collections, depth_limit=1)


def _promoted(values: Array) -> Array:
    """Return float32 as double, in which bounds are meant; anything else as it is."""
    return ak.values_astype(values, np.float64) if values.type.content.content.primitive == "float32" else values


# ------------------------------------------------------------------------------------------------------------- objects


def accepted(objects: Array, kind: str, channel: str) -> Array:
    min_pt, max_abs_eta = ACCEPTANCE[kind][channel]
    if channel in {"mt", "et"}:
        return (objects.pt >= min_pt) & (abs(objects.eta) <= max_abs_eta)
    return (objects.pt > min_pt) & (abs(objects.eta) < max_abs_eta)


def at_vertex(leptons: Array) -> Array:
    return (abs(leptons.dxy) < 0.045) & (abs(leptons.dz) < 0.2)


def unconverted(electrons: Array) -> Array:
    return electrons.convVeto & (electrons.lostHits <= 1)


def muon_cuts(muons: Array, channel: str) -> Iterator[Array]:
    """Yield the masks of the cuts on muons, in the order of the cutflow."""
    yield accepted(muons, "Muon", channel)
    yield at_vertex(muons)
    yield muons.mediumId
    yield muons.pfRelIso04_all < 0.15


def electron_cuts(electrons: Array, channel: str) -> Iterator[Array]:
    yield accepted(electrons, "Electron", channel)
    yield at_vertex(electrons)
    yield electrons.mvaFall17V2noIso_WP90
    yield unconverted(electrons)
    yield electrons.pfRelIso03_all < ELECTRON_ISOLATION[channel]


def tau_cuts(taus: Array, channel: str) -> Iterator[Array]:
    yield accepted(taus, "Tau", channel)
    yield abs(taus.dz) < 0.2
    yield abs(taus.charge) == 1
    mode = taus.decayMode
    yield taus.idDecayModeNewDMs & ((mode == 0) | (mode == 1) | (mode == 2) | (mode == 10) | (mode == 11))
    yield taus.idDeepTau2017v2p1VSe >= TAU_VS_E[channel]
    yield taus.idDeepTau2017v2p1VSmu >= TAU_VS_MU[channel]
    yield taus.idDeepTau2017v2p1VSjet >= 16


OBJECT_CUTS = {"Muon": muon_cuts, "Electron": electron_cuts, "Tau": tau_cuts}


def add_common(events: Array) -> Array:
    """Add what more than one channel needs: loose leptons, jets that are no tau, these with b jets, the position."""
    muons, electrons = events.Muon, events.Electron
    common = at_vertex(muons) & (abs(muons.eta) < 2.4) & (muons.pfRelIso04_all < 0.3)
    events["entry"] = np.arange(len(events))
    events["n_third_muons"] = ak.sum(common & muons.mediumId & (muons.pt > 10.0), axis=1)
    events["loose_muons"] = muons[common & muons.looseId & (muons.pt > 15.0)][LEG]
    common = at_vertex(electrons) & (abs(electrons.eta) < 2.4) & (electrons.pfRelIso03_all < 0.3)
    common = common & unconverted(electrons)
    events["n_third_electrons"] = ak.sum(common & electrons.mvaFall17V2noIso_WP90 & (electrons.pt > 10.0), axis=1)
    events["loose_electrons"] = electrons[common & (electrons.pt > 15.0)][LEG]

    jets = events.Jet
    of_tau = ak.any(jets.index[:, :, np.newaxis] == events.Tau.jetIdx[:, np.newaxis, :], axis=2)
    jets = jets[~of_tau & (jets.jetId >= 6)]
    hard = (jets.pt > 30.0) & (abs(jets.eta) < 4.7)
    b = (jets.pt > 20.0) & (abs(jets.eta) < 2.5) & (jets.btagDeepB > 0.3033)
    events["jets"] = jets[hard][["pt", "eta", "phi"]]
    events["jets_or_b"] = jets[hard | b][["eta", "phi"]]
    return events


# --------------------------------------------------------------------------------------------------------------- pairs


def delta_r(a: Array, b: Array) -> Array:
    turn = abs(a.phi - b.phi)
    dphi = np.minimum(turn, abs(2.0 * np.pi - turn))
    return np.sqrt((a.eta - b.eta) ** 2 + dphi**2)


def away_from_jets(taus: Array, jets: Array) -> Array:
    pairs = ak.cartesian({"tau": taus, "jet": jets}, nested=True)
    return ak.all(delta_r(pairs.tau, pairs.jet) >= 0.5, axis=2)


def make_pairs(candidates: list[Array]) -> Array:
    """Return all pairs (leg1, leg2) of one kind of objects, the harder first, or of two kinds."""
    if len(candidates) == 2:
        return ak.cartesian(dict(zip(("leg1", "leg2"), candidates, strict=True)))
    first, second = ak.unzip(ak.combinations(candidates[0], 2))
    swapped = second.pt > first.pt
    return ak.zip({"leg1": ak.where(swapped, second, first), "leg2": ak.where(swapped, first, second)}, depth_limit=2)


def best_pair(pairs: Array) -> Array:
    """Return the pair with the hardest leg 1, and of those the hardest leg 2."""
    pairs = pairs[pairs.leg1.pt == ak.max(pairs.leg1.pt, axis=1)]
    return ak.firsts(pairs[ak.argmax(pairs.leg2.pt, axis=1, keepdims=True)])


def has_loose_pair(leptons: Array, leg: Array) -> Array:
    """Tell whether two loose leptons other than the leg have opposite charges and are apart."""
    pairs = ak.combinations(leptons[leptons.index != leg.index], 2, fields=["a", "b"])
    return ak.any((pairs.a.charge * pairs.b.charge < 0) & (delta_r(pairs.a, pairs.b) > 0.15), axis=1)


def vetoes(events: Array, channel: str, leg1: Array) -> Iterator[Array]:
    """Yield which events each veto lets pass, in the order of the cutflow."""
    yield events.n_third_muons <= MOST_MUONS[channel]
    yield events.n_third_electrons <= MOST_ELECTRONS[channel]
    if channel == "mt":
        yield ~has_loose_pair(events.loose_muons, leg1)
    if channel == "et":
        yield ~has_loose_pair(events.loose_electrons, leg1)


# ------------------------------------------------------------------------------------------------------------- cutflow


class Cutflow:
    """Numbers of events, sums of weights and of their squares after each cut, of all events and of each channel."""

    def __init__(self) -> None:
        self.sums = {"": {cut: np.zeros(3) for cut in ("all", *FLAGS)}}
        self.sums |= {channel: {cut: np.zeros(3) for cut in cuts} for channel, cuts in CUTS.items()}

    def add(self, channel: str, cut: str, weight: Array) -> None:
        weight = ak.to_numpy(weight)
        self.sums[channel][cut] += len(weight), np.sum(weight), np.sum(weight**2)

    def histograms(self) -> dict[str, Any]:
        found = {}
        for channel, sums in self.sums.items():
            path = f"channels/{channel}/" if channel else ""
            events, weighted, variance = np.array(list((self.sums[""] | sums).values())).T
            found[f"{path}cutflow"] = histogram("cutflow", events, events)
            found[f"{path}cutflow_weighted"] = histogram("cutflow_weighted", weighted, variance)
        return found


# ------------------------------------------------------------------------------------------------------------ channels


def select(events: Array, channel: str, cutflow: Cutflow) -> Array:
    """Return the pairs of the selected events of a channel: ``entry``, ``channel``, ``leg1``, ``leg2``."""
    names = iter(CUTS[channel])
    needed = 2 if channel[0] == channel[1] else 1
    left = np.ones(len(events), dtype=bool)
    good = {}
    for kind in dict.fromkeys(KIND[letter] for letter in channel):
        mask: Array = True
        for passed in OBJECT_CUTS[kind](events[kind], channel):
            mask = mask & passed
            left = left & (ak.sum(mask, axis=1) >= needed)
            cutflow.add(channel, next(names), events.weight[left])
        good[kind] = events[kind][LEG][mask]
    events = events[left]
    good = {kind: objects[left] for kind, objects in good.items()}

    if "Tau" in good:
        good["Tau"] = good["Tau"][away_from_jets(good["Tau"], events.jets_or_b)]
        cutflow.add(channel, next(names), events.weight[ak.num(good["Tau"]) >= needed])
    pairs = make_pairs(list(good.values()))
    pairs = pairs[pairs.leg1.charge == -pairs.leg2.charge]
    cutflow.add(channel, next(names), events.weight[ak.num(pairs) > 0])
    pairs = pairs[delta_r(pairs.leg1, pairs.leg2) > MIN_DELTA_R.get(channel, 0.5)]
    found = ak.num(pairs) > 0
    cutflow.add(channel, next(names), events.weight[found])
    events, pair = events[found], best_pair(pairs[found])

    left = np.ones(len(events), dtype=bool)
    for passed in vetoes(events, channel, pair.leg1):
        left = left & passed
        cutflow.add(channel, next(names), events.weight[left])
    return ak.zip(
        {"entry": events.entry, "channel": CHANNELS.index(channel), "leg1": pair.leg1, "leg2": pair.leg2}, depth_limit=1
    )[left]


# ------------------------------------------------------------------------------------------------------------- columns


def transverse_mass(a: Array, b: Array) -> Array:
    return np.sqrt(np.maximum(2.0 * a.pt * b.pt * (1.0 - np.cos(a.phi - b.phi)), 0.0))


def activity(jets: Array) -> dict[str, Array]:
    """Return the vector sum of the third and following jets."""
    others = jets[:, 2:]
    px = ak.sum(others.pt * np.cos(others.phi), axis=1)
    py = ak.sum(others.pt * np.sin(others.phi), axis=1)
    pz = ak.sum(others.pt * np.sinh(others.eta), axis=1)
    pt = np.hypot(px, py)
    some = ~(pt < 1e-3)
    return {
        "remaining_jets_pt_reco": pt,
        "remaining_jets_eta_reco": ak.where(some, np.arcsinh(pz / ak.where(some, pt, 1.0)), 0.0),
        "remaining_jets_phi_reco": ak.where(some, np.arctan2(py, px), 0.0),
        "remaining_jets_N_reco": ak.num(others),
    }


def features(events: Array, pairs: Array) -> dict[str, Array]:
    """Return the 27 inputs."""
    jets = events.jets[ak.argsort(events.jets.pt, axis=1, ascending=False, stable=True)]
    leading = ak.pad_none(jets, 2)
    columns = {}
    for k, leg in ((1, pairs.leg1), (2, pairs.leg2)):
        columns |= {f"tau{k}_{name}_reco": leg[name] for name in ("pt", "eta", "phi")}
        columns |= {f"jet{k}_{name}_reco": ak.fill_none(leading[:, k - 1][name], 0.0) for name in ("pt", "eta", "phi")}
    columns |= activity(jets)
    met = ak.zip({name: ak.values_astype(events[f"PuppiMET_{name}"], np.float64) for name in ("pt", "phi")})
    columns |= {"PuppiMET_pt_reco": met.pt, "PuppiMET_phi_reco": met.phi}
    columns |= {f"{name}_reco": events[name] for name in COVARIANCE}
    mt1, mt2 = transverse_mass(pairs.leg1, met), transverse_mass(pairs.leg2, met)
    mtt = transverse_mass(pairs.leg1, pairs.leg2)
    columns |= {"PuppimT1_reco": mt1, "PuppimT2_reco": mt2, "PuppimTtt_reco": mtt}
    columns["PuppimTtot_reco"] = np.sqrt(mt1**2 + mt2**2 + mtt**2)
    columns |= {"PU_npvsGood_reco": events.PV_npvsGood, "N_neutrinos_reco": NEUTRINOS_OF[ak.to_numpy(pairs.channel)]}
    return {name: ak.to_numpy(values, allow_missing=False).astype(np.float64) for name, values in columns.items()}


def process(events: Array, norm: float, cutflow: Cutflow) -> dict[str, Array]:
    """Return the columns of the selected events, in the order of the file."""
    events["weight"] = ak.values_astype(events.genWeight, np.float64) * norm
    cutflow.add("", "all", events.weight)
    clean = np.ones(len(events), dtype=bool)
    for flag in FLAGS:
        clean = clean & events[flag]
        cutflow.add("", flag, events.weight[clean])
    events = add_common(events[clean])
    pairs = ak.concatenate([select(events, channel, cutflow) for channel in CHANNELS])
    pairs = pairs[np.argsort(pairs.entry)]
    assert np.all(np.diff(pairs.entry) > 0), "an event in two channels"
    events = events[pairs.entry]
    copied = {name: ak.to_numpy(events[name]) for name in (*COPIED, "weight")}
    return copied | {"channel": ak.to_numpy(pairs.channel).astype(np.int32)} | features(events, pairs)


def main(output: str, xsec_pb: float, sum_of_weights: float, inputs: list[str]) -> None:
    tree = None
    cutflow = Cutflow()
    with uproot.recreate(output, compression=uproot.ZSTD(1)) as file:
        for events in read(inputs):
            columns = process(events, xsec_pb / sum_of_weights, cutflow)
            if tree is None:
                tree = file.mktree("events", {name: values.dtype for name, values in columns.items()})
            tree.extend(columns)
        for name, made in cutflow.histograms().items():
            file[name] = made


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
