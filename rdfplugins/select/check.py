"""Everything that can be wrong with a selection, found without an event loop and told at once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins import cpp
from rdfplugins.select import export, freshness
from rdfplugins.select.faults import Faults
from rdfplugins.select.graph import substitutions
from rdfplugins.select.graph.walk import Graph
from rdfplugins.select.samples import prepare, sources
from rdfplugins.select.samples.duplicates import chain_of
from rdfplugins.select.stage import chosen, step_faults
from rdfplugins.select.storable import refuse_unstorable

if TYPE_CHECKING:
    from rdfplugins.config import Config
    from rdfplugins.errors import RdfpluginsError
    from rdfplugins.select.options import Options
    from rdfplugins.select.samples.inputs import Inputs


def check(config: Config, options: Options) -> tuple[list[RdfpluginsError], list[str]]:
    """Open all inputs, compile all C++, and run nothing.

    Returns
    -------
    The faults, none where all is well; and a line of what was found for each sample.
    """
    names = chosen(config, options.samples)
    faults = Faults(collect=True)
    for fault in step_faults(config, names):
        faults.note(fault)
    lines: list[str] = []
    with tempfile.TemporaryDirectory(prefix="rdfplugins-") as folder, cpp.optimisation(0):
        for name in names:
            with faults.noted():
                lines += _check_sample(config, name, Path(folder), faults, options)
    return faults.found, lines


def _check_sample(config: Config, name: str, folder: Path, faults: Faults, options: Options) -> list[str]:
    source = sources.sketch(config, name, folder)
    found = prepare.open_inputs(config, name, source, options)
    sample, _ = prepare.resolve(config, name, source, found, options)
    graph = Graph(
        cpp.load_root().RDataFrame(chain_of(config, found)),
        config=config,
        sample_name=name,
        sample=sample,
        label_id=freshness.label_ids(config)[sample.label or name],
        inputs=found,
        faults=faults,
    )
    with faults.noted():
        refuse_unstorable(config, graph.df, graph.columns)
    with faults.noted():
        export.check(config, graph.df, graph.columns)
    with faults.noted():
        options.columns_known(name, graph.columns)
    return [
        f"{name} ({sample.kind}): {_events(config, name, found)}, {_graph_in_words(graph)}",
        *substitutions.lines(name, graph.substitutions, options.told),
    ]


def _events(config: Config, name: str, found: Inputs) -> str:
    simulate = config.input.samples[name].simulate
    if simulate is not None:
        there = found.entries == simulate.events
        return f"{simulate.events} {'simulated events' if there else 'events to be simulated'}"
    files = "1 file" if len(found.files) == 1 else f"{len(found.files)} files"
    return f"{found.entries} events in {files}"


def _graph_in_words(graph: Graph) -> str:
    cuts = len(graph.bookings.points) - 1
    words = [f"{cuts} cut{'' if cuts == 1 else 's'}", f"{len(graph.columns)} columns"]
    if graph.bookings.variations:
        words.append(f"{len(graph.bookings.variations)} variations")
    return ", ".join(words)
