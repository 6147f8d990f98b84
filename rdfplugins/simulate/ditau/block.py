"""Blocks of simulated di-tau events as physics, before names and types of files. All in GeV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.ditau import jets as jet_objects
from rdfplugins.simulate.ditau.leptons import leptons
from rdfplugins.simulate.ditau.modes import BACKGROUNDS, DATA_RATES, HIGGS_MASS, RESONANCE, VECTOR, Z_MASS
from rdfplugins.simulate.ditau.process import hard_process, vector_masses
from rdfplugins.simulate.ditau.taus import REAL, taus
from rdfplugins.simulate.ditau.truth import ELECTRON, MUON
from rdfplugins.simulate.streams import BLOCK, chance, stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from rdfplugins.simulate.ditau.jets import Missing, PileUp
    from rdfplugins.simulate.ditau.modes import Request
    from rdfplugins.simulate.ditau.truth import Truth
    from rdfplugins.simulate.jagged import Objects

    Array = NDArray[Any]

FLAGS = (
    "goodVertices",
    "globalSuperTightHalo2016Filter",
    "HBHENoiseFilter",
    "HBHENoiseIsoFilter",
    "EcalDeadCellTriggerPrimitiveFilter",
    "BadPFMuonFilter",
    "eeBadScFilter",
    "ecalBadCalibFilter",
)
"""Filters against noise, beam halo and dead cells; nearly all events pass."""

SKIM_OBJECTS = 2
"""Electrons, muons and hadronic taus, of any kind and together, that an event of a skim has at least."""

_PASSES_FLAG = 0.9995
_TRIGGER_EFFICIENCY = {"muon": 0.92, "electron": 0.88, "taus": 0.80}
# thresholds of the triggers (GeV), and what they ask beside
_MUON_PT, _MUON_ISOLATION = 24.0, 0.2
_ELECTRON_PT, _ELECTRON_ISOLATION = 32.0, 0.15
_TAU_PT, _TAU_ABS_ETA, _LOOSE_TAU = 35.0, 2.1, 8
_EVENTS_PER_LUMINOSITY_BLOCK = 1000
# runs of data: those of 2018 begin with the first; samples of different seeds have different runs, up to a limit
_FIRST_RUN, _SAMPLES_OF_DATA, _RUNS_PER_SAMPLE, _BLOCKS_PER_RUN = 315252, 800, 12, 5


@dataclass(frozen=True, eq=False)
class Block:
    """`streams.BLOCK` events.

    Attributes
    ----------
    request, seed, number
        Of which sample, and which of its blocks.
    process
        Number of the process of each event (`modes`).
    mass
        Mass of the resonance, or Z or Higgs boson, that decays to two taus; NaN in events without one.
    truth, pile_up
        What happened.
    electron, muon, tau, jet
        Reconstructed objects, sorted by event and falling pt.
    missing
        Missing transverse momentum.
    run, luminosity_block, event
        Numbers of the event; the three together occur once in a sample.
    weight
        ``genWeight``; 1 in data.
    flags, triggers
        Decisions by name.
    kept
        Which events go on, bool[BLOCK]. Of the others there are no objects, and what else is said of them means
        nothing.
    """

    request: Request
    seed: int
    number: int
    process: Array
    mass: Array
    truth: Truth
    pile_up: PileUp
    electron: Objects
    muon: Objects
    tau: Objects
    jet: Objects
    missing: Missing
    run: Array
    luminosity_block: Array
    event: Array
    weight: Array
    flags: dict[str, Array]
    triggers: dict[str, Array]
    kept: Array


def make_block(request: Request, seed: int, number: int, skim_pt: float | None = None) -> Block:
    """Return the events of a block.

    Parameters
    ----------
    request, seed, number
        Of which sample, and which of its blocks.
    skim_pt
        Keep only events with at least `SKIM_OBJECTS` electrons, muons and hadronic taus of pt, as it is written, above
        this (GeV); None: all. An event that is kept is the same with any value.
    """

    def rng(purpose: str) -> np.random.Generator:
        return _stream(request, seed, number, purpose)

    process, mass, vector = processes(request, rng("process"))
    truth = hard_process(process, mass, vector, rng("hard process"))
    around = jet_objects.pile_up(BLOCK, rng("pile-up"))
    hadronic = jet_objects.hadronic_jets(truth, around, BLOCK, rng("jets"))
    electron = leptons(truth, ELECTRON, BLOCK, rng("electrons"))
    muon = leptons(truth, MUON, BLOCK, rng("muons"))
    tau = taus(truth, hadronic, rng("taus"))
    kept = _kept((electron, muon, tau), skim_pt)
    # random numbers are drawn for all events, so that the others stay what they are; work is done for those kept
    triggers = _triggers(electron, muon, tau, rng("triggers"))
    electron, muon, tau = (found.of(kept) for found in (electron, muon, tau))
    measured = [electron.where(electron["true"]), muon.where(muon["true"]), tau.where(tau["kind"] == REAL)]
    run, luminosity_block, event = identity(request, seed, number)
    passed = rng("flags").random((len(FLAGS), BLOCK)) < _PASSES_FLAG
    return Block(
        request,
        seed,
        number,
        process,
        np.where(process == RESONANCE, mass, np.nan),
        truth,
        around,
        electron,
        muon,
        tau,
        jet_objects.jets(truth, hadronic, kept, rng("other jets")),
        jet_objects.missing(truth, [hadronic.of(kept), *measured], around, kept, rng("missing momentum")),
        run,
        luminosity_block,
        event,
        weights(request, seed, number),
        dict(zip(FLAGS, passed, strict=True)),
        triggers,
        kept,
    )


def _kept(collections: Iterable[Objects], skim_pt: float | None) -> Array:
    """Return which events of a block have enough objects above ``skim_pt``; all where it is None."""
    if skim_pt is None:
        return np.ones(BLOCK, dtype=bool)
    # files hold numbers of 32 bits, and selections compare them as 64
    above = [found.count(BLOCK, found["pt"].astype(np.float32).astype(np.float64) > skim_pt) for found in collections]
    return np.asarray(np.sum(above, axis=0) >= SKIM_OBJECTS)


def weights(request: Request, seed: int, number: int) -> Array:
    """Return ``genWeight`` of a block: 1, or -1 in a part of the events beyond the leading order."""
    negative = BACKGROUNDS[request.mode].negative_weights if request.mode in BACKGROUNDS else 0.0
    if negative == 0.0:
        return np.ones(BLOCK)
    return np.where(chance(_stream(request, seed, number, "weights"), BLOCK, negative), -1.0, 1.0)


def processes(request: Request, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return of each event of a block the process, the mass of its resonance, and whether that is a vector."""
    if request.masses is not None:
        if request.masses.interval is not None:
            mass = rng.uniform(*request.masses.interval, BLOCK)
        else:
            poles, shares = np.array(request.masses.points).T
            mass = poles[np.searchsorted(np.cumsum(shares)[:-1], rng.random(BLOCK), side="right")]
            if request.spin == VECTOR:
                mass = vector_masses(mass, rng)
        return np.full(BLOCK, RESONANCE), mass, np.full(BLOCK, request.spin == VECTOR)
    names = list(DATA_RATES)
    if request.is_data:
        rates = np.cumsum(list(DATA_RATES.values()))
        part = np.searchsorted(rates / rates[-1], rng.random(BLOCK), side="right")
    else:
        part = np.full(BLOCK, names.index(request.mode))
    numbers = np.array([BACKGROUNDS[name].process if name in BACKGROUNDS else RESONANCE for name in names])
    vector = part != names.index("higgs")
    mass = vector_masses(np.full(BLOCK, Z_MASS), rng)
    return numbers[part], np.where(vector, mass, HIGGS_MASS), vector


def _stream(request: Request, seed: int, number: int, purpose: str) -> np.random.Generator:
    return stream(seed, f"ditau/{request}", number, purpose)


def identity(request: Request, seed: int, number: int) -> tuple[Array, Array, Array]:
    """Return run, luminosity block and number of each event of a block, uint64[BLOCK]."""
    position = np.arange(number * BLOCK, (number + 1) * BLOCK, dtype=np.uint64)
    block = position // np.uint64(_EVENTS_PER_LUMINOSITY_BLOCK) + np.uint64(1)
    if not request.is_data:
        return np.ones(BLOCK, dtype=np.uint64), block, position + np.uint64(1)
    first_run = _FIRST_RUN + seed % _SAMPLES_OF_DATA * _RUNS_PER_SAMPLE
    run = first_run + block // np.uint64(_BLOCKS_PER_RUN) % np.uint64(_RUNS_PER_SAMPLE)
    return run, block, position * np.uint64(7919) + np.uint64(1)


def _triggers(electron: Objects, muon: Objects, tau: Objects, rng: np.random.Generator) -> dict[str, Array]:
    """Return the decisions of the triggers: thresholds on good objects, with an efficiency."""

    def fires(found: Objects, good: Array, number: int, what: str) -> Array:
        passed = good & chance(rng, len(found), _TRIGGER_EFFICIENCY[what])
        return np.asarray(found.count(BLOCK, passed) >= number)

    one_muon = muon["tight"] & (muon["pt"] > _MUON_PT) & (muon["iso04"] < _MUON_ISOLATION)
    one_electron = electron["tight"] & (electron["pt"] > _ELECTRON_PT) & (electron["iso03"] < _ELECTRON_ISOLATION)
    two_taus = (tau["vs_jet"] >= _LOOSE_TAU) & (tau["pt"] > _TAU_PT) & (np.abs(tau["eta"]) < _TAU_ABS_ETA)
    return {
        "IsoMu24": fires(muon, one_muon, 1, "muon"),
        "Ele32_WPTight_Gsf": fires(electron, one_electron, 1, "electron"),
        "DoubleMediumChargedIsoPFTau35_Trk1_eta2p1_Reg": fires(tau, two_taus, 2, "taus"),
    }
