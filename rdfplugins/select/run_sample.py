"""One sample: its graph, one event loop, and the file that comes of it, checked before it takes its name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp, provenance
from rdfplugins.cutflow import Cutflow
from rdfplugins.errors import InputError, RdfpluginsError
from rdfplugins.files import atomic
from rdfplugins.nodes import base
from rdfplugins.select import export, keys, loop, output, suspicions
from rdfplugins.select.graph import substitutions
from rdfplugins.select.graph.cutflow import to_histograms
from rdfplugins.select.graph.walk import Graph
from rdfplugins.select.samples import duplicates
from rdfplugins.select.samples.placed import at_line_of
from rdfplugins.select.storable import refuse_unstorable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.select.options import Options
    from rdfplugins.select.samples.prepare import Prepared


@dataclasses.dataclass(frozen=True)
class SampleOutput:
    """What the stage made, or found up to date, for one sample."""

    sample: str
    path: Path
    cutflow: Cutflow
    made: bool


def run_sample(config: Config, prepared: Prepared, later: duplicates.Later | None, options: Options) -> SampleOutput:
    """Make the output of a sample, unless it is up to date.

    Parameters
    ----------
    later
        Entries to be dropped, as earlier ones hold their events already; None: none.
    """
    name, path = prepared.name, prepared.path
    if prepared.fresh:
        options.say(f"{name}: {path} is up to date")
        return SampleOutput(name, path, Cutflow.from_json((provenance.read(path) or {})["cutflow"]), made=False)
    root = cpp.load_root()
    chain = duplicates.chain_of(config, prepared.inputs)
    frame = root.RDataFrame(chain)
    start, entries, dropped = frame, prepared.inputs.entries, 0
    if options.max_events is not None and options.max_events < entries:  # Range takes 32 bits and keeps the last ones
        start, entries = frame.Range(options.max_events), options.max_events
    if later is not None:
        dropped = int(np.count_nonzero(later.entries < entries))
        start, entries = later.drop(start, config), entries - dropped
        options.say(f"{name}: {dropped} events dropped, as earlier entries of the data hold them")
    crash = f"sample '{name}': ROOT crashed when it built the graph; C++ code of the config is at fault, or an input"
    with cpp.ending_cleanly(crash, code=RdfpluginsError.exit_code):
        graph = _graph(config, prepared, start, options)
    rntuple = config.select.output.format == "rntuple"
    if rntuple:
        cpp.include("rdfplugins/rntuple.h")
    tree = config.select.output.tree
    with atomic(path) as part:
        with cpp.compiling(f"the output of sample '{name}'", file=str(config.path)):
            snapshot = root.rdfp.runtime.snapshot(base.as_rnode(graph.df), tree, str(part), graph.columns, rntuple)
        source = loop.Source(chain, prepared.inputs)
        with at_line_of(config, name):
            loop.run(start, entries, name, source=source, unfinished=part, progress=options.progress)
        del snapshot  # an RNTuple is complete when the last one who holds it lets go
        if frame.GetNRuns() != 1:
            raise RdfpluginsError(f"sample '{name}': {frame.GetNRuns()} event loops were run where one is meant")
        cutflow = graph.cutflow()
        for line in suspicions.found(cutflow, xsec_pb=_cross_section(prepared), partial=prepared.record["partial"]):
            options.say(f"{name}: warning: {line}")
        _refuse_duplicates(config, graph, name, part, cutflow, rntuple=rntuple)
        record = {
            **provenance.describe(config.folder),
            "root": str(root.gROOT.GetVersion()),
            **prepared.record,
            **_results(graph, cutflow),
            "duplicates_dropped": dropped,
        }
        output.complete(
            part,
            tree=tree,
            rntuple=rntuple,
            entries=cutflow.cuts[-1].events,
            histograms=_histograms(graph, root),
            record=record,
            unit_of=graph.unit_of,
        )
    return SampleOutput(name, path, cutflow, made=True)


def _graph(config: Config, prepared: Prepared, df: Any, options: Options) -> Graph:
    graph = Graph(
        df,
        config=config,
        sample_name=prepared.name,
        sample=prepared.sample,
        label_id=prepared.record["labels"][prepared.sample.label],
        inputs=prepared.inputs,
    )
    if graph.replaced:
        options.say(f"{prepared.name}: {', '.join(graph.replaced)} of the input are replaced by those of this run")
    for column in graph.left_out:
        options.say(f"{prepared.name}: column '{column}' is left out: its inputs are not there")
    for line in substitutions.lines(prepared.name, graph.substitutions, options.told):
        options.say(line)
    refuse_unstorable(config, graph.df, graph.columns)
    options.columns_known(prepared.name, graph.columns)
    _warn_of_variations(graph, prepared.name, options)
    if config.select.output.exports:
        export.check(config, graph.df, graph.columns)
    return graph


def _warn_of_variations(graph: Graph, name: str, options: Options) -> None:
    """Say which variations shift nothing that is filled, or a weight that is not written with its shift."""
    names = dict.fromkeys(label.rpartition("_")[0] for label in graph.bookings.variations)
    reached, of_weight = graph.bookings.reached(), graph.bookings.shifting_the_weight()
    written = {column.rpartition("_")[0] for column in graph.shifted_weights}
    for variation in names:
        if variation not in reached:
            options.say(
                f"{name}: warning: variation '{variation}' shifts no cut, weight or histogram: nothing that is filled"
                " depends on its columns"
            )
        elif variation in of_weight and not any(column.endswith(f"_{variation}") for column in written):
            options.say(
                f"{name}: variation '{variation}' shifts the weight through another column; its weights are not written"
                " to the tree (vary the weight itself to have them)"
            )


def _results(graph: Graph, cutflow: Cutflow) -> dict[str, Any]:
    """Return what the provenance tells of the loop."""
    variations = graph.bookings.variations
    yields = {label: _as_json(graph.bookings.categories(label)) for label in (None, *variations)}
    names = [name for name in yields[None] if name != "none"]
    return {
        "cutflow": cutflow.to_json(),
        "columns": graph.columns,
        "maps": {column: numbers for column, numbers in graph.maps.items() if column in graph.columns},
        "substitutions": graph.substitutions,
        "units": {column: unit for column, unit in graph.unit_of.items() if column in graph.columns},
        "variations": list(variations),
        "cutflow_variations": {label: graph.cutflow(label).to_json() for label in variations},
        "categories": {
            "names": names,
            "yields": yields[None],
            "variations": {label: yields[label] for label in variations},
        }
        if names
        else None,
    }


def _as_json(yields: Any) -> dict[str, Any]:
    return {name: dataclasses.asdict(found) for name, found in yields.items()}


def _histograms(graph: Graph, root: Any) -> Iterator[tuple[str, Any]]:
    for variation in (None, *graph.bookings.variations):
        prefix = f"variations/{variation}/" if variation else ""
        for path, histogram in to_histograms(graph.cutflow(variation), root):
            yield f"{prefix}{path}", histogram
    yield from graph.bookings.histograms()


def _cross_section(prepared: Prepared) -> float | None:
    """Return the cross-section of a sample in pb: of the config, or what all of its files state; None: several."""
    if prepared.sample.xsec_pb is not None:
        return prepared.sample.xsec_pb
    stated = set(prepared.record["normalisation"].get("xsec_pb", {}).get("first_values", ()))
    return float(stated.pop()) if len(stated) == 1 else None


def _refuse_duplicates(config: Config, graph: Graph, name: str, path: Path, cutflow: Cutflow, *, rntuple: bool) -> None:
    twice = keys.find_duplicates(path, config.select.output.tree, cutflow.cuts[-1].events, rntuple=rntuple)
    if twice:
        is_data = config.input.samples[name].kind == "data"
        error = keys.duplicates_error(graph.keyed, name, config.input.key, twice, is_data=is_data)
        raise InputError(str(config.fault(str(error), "input", "samples", name)))
