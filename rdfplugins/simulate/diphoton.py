"""A toy simulation of H -> gamma gamma in the format of the ATLAS Open Data of 2020 (tree ``mini``), and of the data.

Simulated samples and simulated data have the conventions of the real files: in data the weights and scale factors are
0, XSection and SumWeights 1, and the vectors that tell the truth are empty while the others are filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import ConfigError
from rdfplugins.simulate import hgg_objects as objects
from rdfplugins.simulate.hgg_modes import DATA, SIGNALS, check_mode
from rdfplugins.simulate.hgg_photons import photons
from rdfplugins.simulate.hgg_process import ELECTRON, MUON, hard_process
from rdfplugins.simulate.jagged import Objects, columns
from rdfplugins.simulate.mini import SCHEMA
from rdfplugins.simulate.streams import BLOCK, chance, stream
from rdfplugins.simulate.trees import Column

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

EVENTS_PER_PB = 48.5
"""Events of simulated data that stand for 1/pb.

Derived once from the simulation itself and checked by a test: the selection of the analysis (105-160 GeV) keeps 76394
events in 10064/pb of the real data, 7.591 per pb, and a fraction of the simulated data events, which are fewer and
better than the real ones. The number of events per pb is the ratio of the two.
"""

_MC_RUN = 284500
# runs of data: those of 2016 begin with the first; samples of different seeds have different runs, up to a limit
_FIRST_RUN = 297730
_SAMPLES_OF_DATA, _RUNS_PER_SAMPLE, _EVENTS_PER_RUN = 800, 16, 1000
_WEIGHT_STEP = 2.0**-12

_GEV_FIELDS = ("pt", "E", "m", "ptcone30", "etcone20")
_TRUTH_FIELDS = ("truthMatched", "trueflav")


def generate(
    mode: str, events: int, seed: int, first: int = 0, *, sum_of_weights: float | None = None
) -> dict[str, Column]:
    """Return the events ``first`` to ``first + events - 1`` of a simulated sample.

    An event is a function of mode, seed and its number only: a sample made in pieces equals one made in one go.

    Parameters
    ----------
    mode
        One of `hgg_modes.MODES`: ``gg``, ``VBF``, ``Wp``, ``Z``, ``tt`` or ``data``.
    events
        How many, at least 1.
    seed
        0 <= seed < 2^64. Data of seeds that differ modulo 800 have different runs.
    first
        Number of the first event.
    sum_of_weights
        Content of the branch SumWeights; None: that of the sample which ends with these events. Where a sample is
        made in pieces, all of them need the sum of the whole: `sum_of_weights`. Not used in data.

    Returns
    -------
    Columns of all branches of `mini.SCHEMA`, in its order; MeV.

    Raises
    ------
    ConfigError
        Unknown mode, or a number out of range.
    """
    check_mode(mode)
    check_numbers(events, seed, first)
    if sum_of_weights is None:
        sum_of_weights = 1.0 if mode == DATA else sum_weights(mode, first + events, seed)
    pieces = []
    for block in range(first // BLOCK, (first + events - 1) // BLOCK + 1):
        start = block * BLOCK
        wanted = slice(max(first - start, 0), min(first + events - start, BLOCK))
        pieces.append({name: column[wanted] for name, column in _block(mode, seed, block).items()})
    made = {name: _joined([piece[name] for piece in pieces]) for name in pieces[0]}
    xsec = 1.0 if mode == DATA else SIGNALS[mode].xsec_pb
    made["XSection"] = Column(np.full(events, xsec, dtype=np.float32))
    made["SumWeights"] = Column(np.full(events, sum_of_weights, dtype=np.float32))
    return {name: made[name] for name in SCHEMA}


def sum_weights(mode: str, events: int, seed: int) -> float:
    """Return the sum of ``mcWeight`` of the first ``events`` events of a sample of a production mode.

    The weights are multiples of 2^-12, so that the sum is exact, in whatever order it is formed.
    """
    check_mode(mode)
    check_numbers(events, seed)
    if mode == DATA:
        raise ConfigError("data has no sum of weights")
    total = 0.0
    for start in range(0, events, BLOCK):
        total += float(_weights(mode, seed, start // BLOCK)[: events - start].sum(dtype=np.float64))
    return total


def luminosity_pb(events: int) -> float:
    """Return the luminosity (1/pb) that ``events`` simulated data events stand for; see `EVENTS_PER_PB`.

    The selected events then match the real ones of that luminosity, and the signals in them are those of the
    cross-sections of `hgg_modes.SIGNALS`: simulated data and simulated signals can be drawn in one plot.
    """
    return events / EVENTS_PER_PB


def processes(mode: str, seed: int, block: int) -> Array:
    """Return the number of the process of each event of a block: its position in `SIGNALS`, or `BACKGROUND`.

    In data the signals have the rates of their cross-sections. No branch holds this truth; tests need it.
    """
    labels = list(SIGNALS)
    if mode != DATA:
        return np.full(BLOCK, labels.index(mode))
    rates = np.array([SIGNALS[label].xsec_pb for label in labels]) / EVENTS_PER_PB
    # one draw decides: the first intervals of [0, 1) are the signals, the rest is the background
    return np.searchsorted(np.cumsum(rates), stream(seed, f"hgg/{mode}", block, "process").random(BLOCK), side="right")


def check_numbers(events: int, seed: int, first: int = 0) -> None:
    """Raise `ConfigError` for a number of events, a seed or a first event that no sample has."""
    if events < 1:
        raise ConfigError(f"a simulation needs at least one event, not {events}")
    if not 0 <= seed < 2**64:
        raise ConfigError(f"the seed of a simulation is a number from 0 to 2^64 - 1, not {seed}")
    if first < 0 or first + events >= 2**31:
        raise ConfigError(f"events {first} to {first + events - 1} do not exist: a sample holds less than 2^31")


def _joined(pieces: list[Column]) -> Column:
    if len(pieces) == 1:
        return pieces[0]
    values = np.concatenate([piece.values for piece in pieces])
    if pieces[0].offsets is None:
        return Column(values)
    lengths = [np.diff(piece.offsets) for piece in pieces if piece.offsets is not None]
    return Column(values, np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64))


def _block(mode: str, seed: int, block: int) -> dict[str, Column]:
    """Return all branches of a block but XSection and SumWeights."""

    def rng(purpose: str) -> np.random.Generator:
        return stream(seed, f"hgg/{mode}", block, purpose)

    hard = hard_process(processes(mode, seed, block), rng("process kinematics"))
    photon, trigger = photons(hard, rng("photons"))
    jet = objects.jets(hard, rng("jets"))
    lepton = objects.leptons(hard, rng("leptons"))
    tau = objects.taus(hard, rng("taus"))
    large = objects.large_jets(hard, jet, rng("large jets"))
    met, met_phi = objects.missing_momentum(hard, jet, rng("missing momentum"))
    other = rng("other")
    electron_trigger, muon_trigger = (
        (lepton.count(BLOCK, lepton["single"] & (lepton["type"] == kind)) > 0) & chance(other, BLOCK, 0.93)
        for kind in (ELECTRON, MUON)
    )
    fired = np.where(lepton["type"] == ELECTRON, electron_trigger[lepton.event], muon_trigger[lepton.event])
    photon = photon.having(truthMatched=~photon["fake"])
    lepton = lepton.having(trigMatched=fired & lepton["single"])
    tau = tau.having(trigMatched=np.zeros(len(tau), dtype=bool))
    made: dict[str, Column] = {}
    for prefix, found in (("photon", photon), ("jet", jet), ("lep", lepton), ("tau", tau), ("largeRjet", large)):
        made.update(_object_columns(prefix, found, mode))
    scalars = {
        **_identity(mode, seed, block),
        **_scale_factors(mode, lepton, jet, tau, rng("scale factors")),
        "mcWeight": np.zeros(BLOCK) if mode == DATA else _weights(mode, seed, block),
        "trigE": electron_trigger,
        "trigM": muon_trigger,
        "trigP": trigger,
        "met_et": 1000 * met,
        "met_phi": met_phi,
        "met_et_syst": np.zeros(BLOCK) if mode == DATA else 1000 * (0.8 + 0.02 * met) * other.uniform(0.5, 1.5, BLOCK),
        "ditau_m": 1000 * objects.ditau_mass(tau, BLOCK),
    }
    made.update({name: Column(values.astype(SCHEMA[name].dtype)) for name, values in scalars.items()})
    return made


# relative uncertainty of the momentum: a constant, and a part that falls with pt (GeV)
_UNCERTAINTIES = {
    "photon": (0.006, 0.1),
    "jet": (0.012, 0.9),
    "lep": (0.004, 0.02),
    "tau": (0.02, 0.3),
    "largeRjet": (0.03, 5.0),
}


def _object_columns(prefix: str, found: Objects, mode: str) -> dict[str, Column]:
    """Return the branches of a kind of objects with the types and units of the files."""
    constant, falling = _UNCERTAINTIES[prefix]
    uncertainty = np.zeros(len(found)) if mode == DATA else constant * found["pt"] + falling
    fields = {name: 1000 * values if name in _GEV_FIELDS else values for name, values in found.fields.items()}
    fields["pt_syst"] = 1000 * uncertainty
    typed = {
        name: values.astype(SCHEMA[f"{prefix}_{name}"].dtype)
        for name, values in fields.items()
        if f"{prefix}_{name}" in SCHEMA
    }
    made = columns(prefix, Objects(found.event, typed), BLOCK)
    if mode == DATA:
        for field in _TRUTH_FIELDS:
            if field in typed:
                made[f"{prefix}_{field}"] = Column(typed[field][:0], np.zeros(BLOCK + 1, dtype=np.int64))
    return made


def _identity(mode: str, seed: int, block: int) -> dict[str, Array]:
    """Return run, event and channel numbers; an event number occurs once in a sample."""
    number = np.arange(block * BLOCK, (block + 1) * BLOCK, dtype=np.uint64)
    if mode != DATA:
        return {
            "runNumber": np.full(BLOCK, _MC_RUN),
            "eventNumber": number + np.uint64(1),
            "channelNumber": np.full(BLOCK, SIGNALS[mode].dsid),
        }
    # Weyl's sequence visits every 32-bit number once; as in the real files half of them read as negative
    event = (number * np.uint64(0x9E3779B1) + np.uint64(1)).astype(np.uint32).view(np.int32)
    first_run = _FIRST_RUN + seed % _SAMPLES_OF_DATA * _RUNS_PER_SAMPLE
    run = first_run + number // np.uint64(_EVENTS_PER_RUN) % np.uint64(_RUNS_PER_SAMPLE)
    return {"runNumber": run, "eventNumber": event, "channelNumber": run}


def _weights(mode: str, seed: int, block: int) -> NDArray[np.float32]:
    """Return ``mcWeight``: magnitudes with a log-normal spread, some negative, rounded so that sums are exact."""
    kind = SIGNALS[mode]
    rng = stream(seed, f"hgg/{mode}", block, "weights")
    sign = np.where(chance(rng, BLOCK, kind.negative_weights), -1.0, 1.0)
    spread = np.exp(kind.weight_spread * rng.standard_normal(BLOCK) - kind.weight_spread**2 / 2)
    weight = sign * spread * kind.mean_weight / (1 - 2 * kind.negative_weights)
    return (np.round(weight / _WEIGHT_STEP) * _WEIGHT_STEP).astype(np.float32)


def _scale_factors(
    mode: str, lepton: Objects, jet: Objects, tau: Objects, rng: np.random.Generator
) -> dict[str, Array]:
    """Return the eight scale factors: near 1, exactly 1 where the event has no such object, 0 in data."""
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
        factors[f"scaleFactor_{name}"] = np.zeros(BLOCK) if mode == DATA else np.where(count > 0, drawn, 1.0)
    return factors
