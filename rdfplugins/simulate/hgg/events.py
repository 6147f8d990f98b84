"""A toy simulation of H -> gamma gamma in the formats of the ATLAS Open Data, and of the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins._version import __version__
from rdfplugins.errors import ConfigError
from rdfplugins.simulate.generated import Generated
from rdfplugins.simulate.hgg.block import make_block, weights
from rdfplugins.simulate.hgg.modes import DATA, SIGNALS, Totals, check_mode
from rdfplugins.simulate.hgg.releases import find_release
from rdfplugins.simulate.jagged import join
from rdfplugins.simulate.streams import BLOCK, check_numbers, stream
from rdfplugins.simulate.trees import Column, TreeWriter
from rdfplugins.simulate.turns import only_writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

EVENTS_PER_PB = 48.5
"""Events of simulated data that stand for 1/pb.

Derived once from the simulation itself and checked by a test: the selection of the analysis (105-160 GeV) keeps 76394
events in 10064/pb of the real data, 7.591 per pb, and a fraction of the simulated data events, which are fewer and
better than the real ones. The number of events per pb is the ratio of the two.
"""


def generate(
    mode: str, events: int, seed: int, first: int = 0, *, totals: Totals | None = None, release: str = "2020"
) -> dict[str, Column]:
    """Return the events ``first`` to ``first + events - 1`` of a simulated sample.

    An event is a function of mode, seed and its number only: a sample made in pieces equals one made in one go, and
    the releases hold the same events.

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
    totals
        Of the whole sample, for the branches that state them; None: those of the sample which ends with these events.
        Where a sample is made in pieces, all of them need those of the whole: `total`.
    release
        ``2020`` (MeV) or ``2025`` (GeV).

    Returns
    -------
    Columns of all branches of the release's schema, in its order.

    Raises
    ------
    ConfigError
        Unknown mode or release, or a number out of range.
    """
    check_mode(mode)
    check_numbers(events, seed, first)
    form = find_release(release)
    if totals is None:
        totals = total(mode, first + events, seed)
    pieces = []
    for number in range(first // BLOCK, (first + events - 1) // BLOCK + 1):
        start = number * BLOCK
        wanted = slice(max(first - start, 0), min(first + events - start, BLOCK))
        block = make_block(mode, seed, number, processes(mode, seed, number))
        pieces.append({name: column[wanted] for name, column in form.branches(block).items()})
    made = {name: join([piece[name] for piece in pieces]) for name in pieces[0]}
    for name, value in form.constants(mode, totals).items():
        made[name] = Column(np.full(events, value, dtype=form.schema[name].dtype))
    return {name: made[name] for name in form.schema}


def total(mode: str, events: int, seed: int) -> Totals:
    """Return what the first ``events`` events of a sample add up to.

    The weights are multiples of 2^-12, so that their sum is exact, in whatever order it is formed.
    """
    check_mode(mode)
    check_numbers(events, seed)
    if mode == DATA:
        return Totals(events)
    sums = np.zeros(2)
    for start in range(0, events, BLOCK):
        weight = weights(mode, seed, start // BLOCK)[: events - start].astype(np.float64)
        sums += (weight.sum(), (weight**2).sum())
    return Totals(events, float(sums[0]), float(sums[1]))


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


def simulate_hgg(
    path: Path,
    *,
    mode: str,
    events: int,
    seed: int = 1,
    release: str = "2020",
    replace: bool = True,
    chunk: int = 50_000,
    progress: Callable[[int], None] | None = None,
) -> Generated:
    """Write a simulated H -> gamma gamma sample in the format of the ATLAS Open Data.

    Title and the text ``provenance`` in the file say that it is a simulation.

    Parameters
    ----------
    path
        The file to write; its folder is made where it does not exist. It appears when it is complete.
    mode
        One of `MODES`: ``gg``, ``VBF``, ``Wp``, ``Z``, ``tt`` (the label of a production mode) or ``data``.
    events
        How many, at least 1.
    seed
        0 <= seed < 2^64; same seed, same events.
    release
        ``2020`` (tree ``mini``, MeV, ``std::vector``) or ``2025`` (tree ``analysis``, GeV, ``ROOT::RVec``): the same
        events in another format.
    replace
        Replace a file that is there, and wait for another run that writes it; else both are errors.
    chunk
        Events held in memory at a time; the content of the file does not depend on it.
    progress
        Called with the number of events written so far.

    Raises
    ------
    ConfigError
        Unknown mode or release, or a number out of range.
    OutputError
        The file cannot be written, and nothing is left of it; or it is there and must not be replaced.
    """
    check_mode(mode)
    if chunk < 1:
        raise ConfigError(f"a chunk holds at least one event, not {chunk}")
    form = find_release(release)
    path = Path(path)
    totals = total(mode, events, seed)
    if mode == DATA:
        made = Generated(path, events, None, None, luminosity_pb(events))
    else:
        made = Generated(path, events, totals.weights, SIGNALS[mode].xsec_pb, None)
    title = f"SIMULATION by rdfplugins {__version__}: hgg {mode}, {events} events, seed {seed}"
    texts = {"provenance": _provenance(made, mode, seed, release)}
    with (
        only_writer(path, replace=replace),
        TreeWriter(path, form.tree, form.schema, title, texts=texts) as writer,
    ):
        for first in range(0, events, chunk):
            count = min(chunk, events - first)
            writer.fill(generate(mode, count, seed, first, totals=totals, release=release))
            if progress is not None:
                progress(first + count)
    return made


def _provenance(made: Generated, mode: str, seed: int, release: str) -> str:
    text = {
        "simulation": True,
        "made_by": f"rdfplugins {__version__}",
        "process": "hgg",
        "mode": mode,
        "release": release,
        "events": made.events,
        "seed": seed,
        "sum_of_weights": made.sum_of_weights,
        "xsec_pb": made.xsec_pb,
        "luminosity_pb": made.luminosity_pb,
    }
    return json.dumps(text)
