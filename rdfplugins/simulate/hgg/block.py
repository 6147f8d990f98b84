"""Blocks of simulated diphoton events as physics, before any release's names, units and types. All in GeV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.hgg import objects
from rdfplugins.simulate.hgg.modes import DATA, SIGNALS
from rdfplugins.simulate.hgg.photons import photons
from rdfplugins.simulate.hgg.process import ELECTRON, MUON, Hard, hard_process
from rdfplugins.simulate.streams import BLOCK, chance, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.simulate.jagged import Objects

    Array = NDArray[Any]

_MC_RUN = 284500
# runs of data: those of 2016 begin with the first; samples of different seeds have different runs, up to a limit
_FIRST_RUN = 297730
_SAMPLES_OF_DATA, _RUNS_PER_SAMPLE, _EVENTS_PER_RUN = 800, 16, 1000
_WEIGHT_STEP = 2.0**-12


@dataclass(frozen=True, eq=False)
class Block:
    """`streams.BLOCK` events.

    Attributes
    ----------
    mode, seed, number
        Of which sample, and which of its blocks.
    hard
        The truth.
    photon, jet, lepton, tau, large
        Reconstructed objects, sorted by event; ``large`` are jets of large radius.
    run, event
        Run number, and event number below 2^32, uint64[events]; the two together occur once in a sample.
    weight
        ``mcWeight``; 0 in data.
    factors
        Scale factors by name; 0 in data.
    trigger
        Decisions of the electron (E), muon (M) and photon (P) trigger.
    met, met_phi, met_uncertainty
        Missing transverse momentum; the uncertainty is 0 in data.
    """

    mode: str
    seed: int
    number: int
    hard: Hard
    photon: Objects
    jet: Objects
    lepton: Objects
    tau: Objects
    large: Objects
    run: Array
    event: Array
    weight: Array
    factors: dict[str, Array]
    trigger: dict[str, Array]
    met: Array
    met_phi: Array
    met_uncertainty: Array

    @property
    def is_data(self) -> bool:
        """Whether these are collision data: nothing may be said of their truth."""
        return self.mode == DATA

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the random numbers of this block for a purpose of its own, e.g. what one release holds alone."""
        return stream(self.seed, f"hgg/{self.mode}", self.number, purpose)


def make_block(mode: str, seed: int, number: int, process: Array) -> Block:
    """Return the events of a block.

    Parameters
    ----------
    mode, seed, number
        One of `modes.MODES`, the user's seed, and the number of the block in its sample.
    process
        Number of the process of each event, int64[BLOCK].
    """

    def rng(purpose: str) -> np.random.Generator:
        return stream(seed, f"hgg/{mode}", number, purpose)

    hard = hard_process(process, rng("process kinematics"))
    photon, fired = photons(hard, rng("photons"))
    jet = objects.jets(hard, rng("jets"))
    lepton = objects.leptons(hard, rng("leptons"))
    tau = objects.taus(hard, rng("taus"))
    large = objects.large_jets(hard, jet, rng("large jets"))
    met, met_phi = objects.missing_momentum(hard, jet, rng("missing momentum"))
    other = rng("other")
    by_electron, by_muon = (
        (lepton.count(BLOCK, lepton["single"] & (lepton["type"] == kind)) > 0) & chance(other, BLOCK, 0.93)
        for kind in (ELECTRON, MUON)
    )
    by_lepton = np.where(lepton["type"] == ELECTRON, by_electron[lepton.event], by_muon[lepton.event])
    run, event = _identity(mode, seed, number)
    return Block(
        mode,
        seed,
        number,
        hard,
        photon=photon.having(truthMatched=~photon["fake"]),
        jet=jet,
        lepton=lepton.having(trigMatched=by_lepton & lepton["single"]),
        tau=tau.having(trigMatched=np.zeros(len(tau), dtype=bool)),
        large=large,
        run=run,
        event=event,
        weight=np.zeros(BLOCK, dtype=np.float32) if mode == DATA else weights(mode, seed, number),
        factors=_scale_factors(mode, lepton, jet, tau, rng("scale factors")),
        trigger={"E": by_electron, "M": by_muon, "P": fired},
        met=met,
        met_phi=met_phi,
        met_uncertainty=np.zeros(BLOCK) if mode == DATA else (0.8 + 0.02 * met) * other.uniform(0.5, 1.5, BLOCK),
    )


def weights(mode: str, seed: int, number: int) -> NDArray[np.float32]:
    """Return ``mcWeight`` of a block: log-normal magnitudes, some negative, rounded so that sums are exact."""
    kind = SIGNALS[mode]
    rng = stream(seed, f"hgg/{mode}", number, "weights")
    sign = np.where(chance(rng, BLOCK, kind.negative_weights), -1.0, 1.0)
    spread = np.exp(kind.weight_spread * rng.standard_normal(BLOCK) - kind.weight_spread**2 / 2)
    weight = sign * spread * kind.mean_weight / (1 - 2 * kind.negative_weights)
    return (np.round(weight / _WEIGHT_STEP) * _WEIGHT_STEP).astype(np.float32)


def _identity(mode: str, seed: int, number: int) -> tuple[Array, Array]:
    """Return run and event numbers."""
    position = np.arange(number * BLOCK, (number + 1) * BLOCK, dtype=np.uint64)
    if mode != DATA:
        return np.full(BLOCK, _MC_RUN, dtype=np.uint64), position + np.uint64(1)
    # Weyl's sequence visits every 32-bit number once
    event = (position * np.uint64(0x9E3779B1) + np.uint64(1)) & np.uint64(0xFFFFFFFF)
    first_run = _FIRST_RUN + seed % _SAMPLES_OF_DATA * _RUNS_PER_SAMPLE
    return first_run + position // np.uint64(_EVENTS_PER_RUN) % np.uint64(_RUNS_PER_SAMPLE), event


def _scale_factors(
    mode: str, lepton: Objects, jet: Objects, tau: Objects, rng: np.random.Generator
) -> dict[str, Array]:
    """Return the scale factors: near 1, exactly 1 where the event has no such object, 0 in data."""
    electrons, muons = (lepton.count(BLOCK, lepton["type"] == kind) for kind in (ELECTRON, MUON))
    everywhere = np.ones(BLOCK)
    table = {
        "PILEUP": (everywhere, 1.0, 0.12),
        "ELE": (electrons, 0.985, 0.012),
        "MUON": (muons, 0.990, 0.008),
        "PHOTON": (everywhere, 0.990, 0.012),
        "TAU": (tau.count(BLOCK), 0.97, 0.02),
        "BTAG": (jet.count(BLOCK), 1.0, 0.02),
        "LepTRIGGER": (electrons + muons, 0.98, 0.015),
        "PhotonTRIGGER": (everywhere, 0.992, 0.006),
    }
    factors = {}
    for name, (count, mean, width) in table.items():
        drawn = np.clip(mean + width * rng.standard_normal(BLOCK), 0.3, 1.7)
        factors[name] = np.zeros(BLOCK) if mode == DATA else np.where(count > 0, drawn, 1.0)
    return factors
