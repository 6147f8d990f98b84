"""A toy simulation of di-tau events and their backgrounds in the format of CMS NanoAOD, and of data."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rdfplugins._version import __version__
from rdfplugins.errors import ConfigError
from rdfplugins.simulate.ditau import nanoaod
from rdfplugins.simulate.ditau.block import identity, make_block, weights
from rdfplugins.simulate.ditau.modes import Request, luminosity_pb, request
from rdfplugins.simulate.generated import Generated
from rdfplugins.simulate.jagged import join
from rdfplugins.simulate.streams import BLOCK, check_numbers
from rdfplugins.simulate.trees import Column, TreeWriter
from rdfplugins.simulate.turns import only_writer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rdfplugins.simulate.ditau.modes import MassLike

_MEMORY_TO_KEEP = 30 << 20


def simulate_ditau(
    path: Path,
    *,
    events: int,
    mode: str = "tautau",
    mass: MassLike | None = None,
    spin: str | None = None,
    seed: int = 1,
    replace: bool = True,
    skim_pt: float | None = None,
    chunk: int = 50_000,
    progress: Callable[[int], None] | None = None,
) -> Generated:
    """Write a simulated di-tau sample in the format of CMS NanoAOD.

    Trees ``Events`` and ``Runs`` (``genEventCount``, ``genEventSumw``, ``genEventSumw2``); titles and the text
    ``provenance`` in the file say that it is a simulation.

    Parameters
    ----------
    path
        The file to write; its folder is made where it does not exist. It appears when it is complete.
    events
        How many are generated, at least 1.
    mode
        One of `modes.MODES`: ``tautau`` (a resonance), ``zll``, ``wjets``, ``qcd``, ``ttbar``, or ``data``, a
        mixture of all with a Z and a Higgs boson of 125 GeV.
    mass
        Of the resonance, GeV: a number; lowest and highest of a uniform distribution; or a mapping of masses to their
        shares. Default 50 to 1000. A vector of given mass has the relative width of the Z.
    spin
        Of the resonance: ``scalar`` (default) or ``vector``.
    seed
        0 <= seed < 2^64; same seed, same events.
    replace
        Replace a file that is there, and wait for another run that writes it; else both are errors.
    skim_pt
        Write only events with at least two reconstructed electrons, muons and hadronic taus (of any kind, together) of
        pt above this, GeV; default all. They are the same events that a file without it holds. The tree ``Runs`` and
        all that is stated of the sample are those of all generated events. Not for data.
    chunk
        Events generated at a time; the content of the file does not depend on it.
    progress
        Called with the number of events generated so far.

    Raises
    ------
    ConfigError
        Unknown mode or spin, mass or spin of a mode without a choice, a skim of data, or a number out of range.
    OutputError
        The file cannot be written, and nothing is left of it; or it is there and must not be replaced.
    """
    wanted = request(mode, mass, spin)
    check_numbers(events, seed)
    check_skim(wanted, skim_pt)
    if chunk < 1:
        raise ConfigError(f"a chunk holds at least one event, not {chunk}")
    path = Path(path)
    if wanted.is_data:
        made = Generated(path, events, None, None, luminosity_pb(events))
    else:
        made = Generated(path, events, sum_of_weights(wanted, events, seed), wanted.xsec_pb, None)
    title = f"SIMULATION by rdfplugins {__version__}: ditau {wanted}, {events} events, seed {seed}"
    if skim_pt is not None:
        title += f", skimmed: two e, mu or tau with pt > {skim_pt:g} GeV"
    texts = {"provenance": _provenance(made, wanted, seed, skim_pt)}
    schema = nanoaod.schema(is_data=wanted.is_data)
    runs = _runs(made, wanted, seed)
    with (
        only_writer(path, replace=replace),
        TreeWriter(path, nanoaod.TREE, schema, title, texts=texts, more={"Runs": runs}) as writer,
    ):
        for first in range(0, events, chunk):
            count = min(chunk, events - first)
            writer.fill(generate(wanted, count, seed, first, skim_pt))
            if progress is not None:
                progress(first + count)
    return made if skim_pt is None else dataclasses.replace(made, written=writer.events)


def generate(
    wanted: Request, events: int, seed: int, first: int = 0, skim_pt: float | None = None
) -> dict[str, Column]:
    """Return the events ``first`` to ``first + events - 1`` of a simulated sample, of those what ``skim_pt`` leaves.

    An event is a function of the request, the seed and its number only: a sample made in pieces equals one made in one
    go, and one that is skimmed holds some of the same events.

    Raises
    ------
    ConfigError
        A number out of range, or a skim of data.
    """
    check_numbers(events, seed, first)
    check_skim(wanted, skim_pt)
    # an array of this size, once freed, makes glibc keep memory in place of asking for it anew for each block
    np.empty(_MEMORY_TO_KEEP, dtype=np.uint8)
    pieces = []
    for number in range(first // BLOCK, (first + events - 1) // BLOCK + 1):
        start = number * BLOCK
        block = make_block(wanted, seed, number, skim_pt)
        begin, end = np.searchsorted(np.flatnonzero(block.kept), (first - start, first + events - start)).tolist()
        pieces.append({name: column[begin:end] for name, column in nanoaod.branches(block).items()})
    return {name: join([piece[name] for piece in pieces]) for name in pieces[0]}


def check_skim(wanted: Request, skim_pt: float | None) -> None:
    """Raise `ConfigError` for a skim of data, which stand for a luminosity only as a whole, or by no positive pt."""
    if skim_pt is None:
        return
    if wanted.is_data:
        raise ConfigError(f"mode '{wanted.mode}' has no 'skim_pt': data are written as a whole")
    if not 0 < skim_pt < math.inf:
        raise ConfigError(f"skim_pt is a number above 0 (GeV), not {skim_pt:g}")


def sum_of_weights(wanted: Request, events: int, seed: int) -> float:
    """Return the sum of ``genWeight`` of the first ``events`` events: whole numbers, so that it is exact."""
    total = 0.0
    for start in range(0, events, BLOCK):
        total += float(weights(wanted, seed, start // BLOCK)[: events - start].sum())
    return total


def _runs(made: Generated, wanted: Request, seed: int) -> dict[str, Column]:
    """Return the tree of runs: all runs of data, which have no weights; one of simulated events."""
    if wanted.is_data:
        starts = range(0, made.events, BLOCK)
        run = np.unique(
            np.concatenate([identity(wanted, seed, start // BLOCK)[0][: made.events - start] for start in starts])
        )
        return {"run": Column(run.astype(np.uint32))}
    return {
        "run": Column(np.ones(1, dtype=np.uint32)),
        "genEventCount": Column(np.array([made.events], dtype=np.int64)),
        "genEventSumw": Column(np.array([made.sum_of_weights], dtype=np.float64)),
        "genEventSumw2": Column(np.array([float(made.events)])),
    }


def _provenance(made: Generated, wanted: Request, seed: int, skim_pt: float | None) -> str:
    text = {
        "simulation": True,
        "made_by": f"rdfplugins {__version__}",
        "process": "ditau",
        "mode": wanted.mode,
        "mass": None if wanted.masses is None else str(wanted.masses),
        "spin": wanted.spin,
        "events": made.events,
        "seed": seed,
        "skim_pt": skim_pt,
        "sum_of_weights": made.sum_of_weights,
        "xsec_pb": made.xsec_pb,
        "luminosity_pb": made.luminosity_pb,
    }
    return json.dumps(text)
