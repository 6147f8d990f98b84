"""Toy simulations of public data sets: the real file formats, with fast and simple physics, for demos and tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins._version import __version__
from rdfplugins.errors import ConfigError
from rdfplugins.files import make_folder
from rdfplugins.simulate import diphoton
from rdfplugins.simulate.ditau import simulate_ditau
from rdfplugins.simulate.ditau_modes import MODES as DITAU_MODES
from rdfplugins.simulate.generated import Generated
from rdfplugins.simulate.hgg_modes import DATA, MODES, SIGNALS, check_mode
from rdfplugins.simulate.releases import RELEASES, find_release
from rdfplugins.simulate.trees import TreeWriter

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DITAU_MODES", "MODES", "RELEASES", "Generated", "simulate_ditau", "simulate_hgg"]


def simulate_hgg(
    path: Path,
    *,
    mode: str,
    events: int,
    seed: int = 1,
    release: str = "2020",
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
    chunk
        Events held in memory at a time; the content of the file does not depend on it.
    progress
        Called with the number of events written so far.

    Raises
    ------
    ConfigError
        Unknown mode or release, or a number out of range.
    OutputError
        The file cannot be written; nothing is left of it.
    """
    check_mode(mode)
    if chunk < 1:
        raise ConfigError(f"a chunk holds at least one event, not {chunk}")
    form = find_release(release)
    path = Path(path)
    totals = diphoton.total(mode, events, seed)
    if mode == DATA:
        made = Generated(path, events, None, None, diphoton.luminosity_pb(events))
    else:
        made = Generated(path, events, totals.weights, SIGNALS[mode].xsec_pb, None)
    make_folder(path.parent)
    title = f"SIMULATION by rdfplugins {__version__}: hgg {mode}, {events} events, seed {seed}"
    texts = {"provenance": _provenance(made, mode, seed, release)}
    with TreeWriter(path, form.tree, form.schema, title, texts=texts) as writer:
        for first in range(0, events, chunk):
            count = min(chunk, events - first)
            writer.fill(diphoton.generate(mode, count, seed, first, totals=totals, release=release))
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
