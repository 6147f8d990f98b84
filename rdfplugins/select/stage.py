"""The stage itself: for each sample find, check, book, run, verify, rename; then exports over all samples."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, provenance
from rdfplugins.config.steps import NodeStep
from rdfplugins.cutflow import Cutflow
from rdfplugins.errors import ConfigError, ConfigErrors, InputError, RdfpluginsError, did_you_mean
from rdfplugins.files import atomic, lock, make_folder
from rdfplugins.nodes import base
from rdfplugins.select import export, freshness, inputs, keys, loop, normalise, output, sources
from rdfplugins.select.graph import Graph
from rdfplugins.select.steps import node_arguments, used_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.config import Config
    from rdfplugins.sample import Sample
    from rdfplugins.select.options import Options

STAGE = "select"
_NORMALISATION = {
    "mc": "a sum_of_weights of the config must be that of the files that are left",
    "data": "lumi_pb must be that of the files that are left",
}
NOT_IN_FOLDERS = "#?*[$\n"  # parts of a URL, wildcards and variables to ROOT, of which some end the process
MANY_ENTRIES = 1_500_000


@dataclasses.dataclass(frozen=True)
class SampleOutput:
    """What the stage made, or found up to date, for one sample."""

    sample: str
    path: Path
    cutflow: Cutflow
    made: bool


@dataclasses.dataclass(frozen=True)
class SelectResult:
    """Outputs of the stage, in the order of the config."""

    samples: tuple[SampleOutput, ...]
    exports: tuple[Path, ...]
    labels: dict[str, int]


def run(config: Config, options: Options) -> SelectResult:
    """Run the stage.

    Raises
    ------
    ConfigError, InputError, OutputError, InterruptedRunError
        Nothing is half-written then; samples that were finished before stay.
    """
    names = _chosen(config, options.samples)
    check_steps(config, names)
    odd = sorted(set(NOT_IN_FOLDERS) & set(str(options.folder)))
    if odd:
        raise ConfigError(
            f"{options.folder}: ROOT cannot write to a folder with {odd[0]!r} in its name; choose another"
        )
    make_folder(options.folder)
    with lock(options.folder):
        threads = _threads(config, options)
        labels = freshness.label_ids(config)
        with cpp.optimisation(0):
            prepared = [_prepare(config, name, labels, options) for name in names]
        _keep_inputs(config, prepared)
        _warn_of_inputs(config, prepared, options)
        entries = sum(sample.inputs.entries for sample in prepared if not sample.fresh)
        with cpp.optimisation(2 if entries > MANY_ENTRIES else 0), _threading(threads):
            made = tuple(_run_sample(config, sample, options) for sample in prepared)
        exports = export.run(config, options, labels, freshness.outdated(config, options.folder))
    return SelectResult(made, exports, labels)


def plan(config: Config, samples: tuple[str, ...] | None, folder: Path) -> list[str]:
    """Return, a line for each sample, what `run` would read and write; configs are checked, files are not opened."""
    names = _chosen(config, samples)
    check_steps(config, names)
    lines = []
    for name in names:
        spec = config.input.samples[name]
        if spec.simulate is not None:
            what = f"{spec.simulate.events} simulated events ({spec.simulate.process} {spec.simulate.mode})"
        else:
            files = config.input_files(name)
            what = f"{len(files)} file{'s' if len(files) > 1 else ''}, {files[0]}{' ...' if len(files) > 1 else ''}"
        lines.append(f"select: {name} ({spec.kind}): {what} -> {folder / f'{name}.root'}")
    lines += [f"select: export -> {folder / f'{config.name}.{kind}'}" for kind in config.select.output.exports]
    return lines


def check_steps(config: Config, samples: Sequence[str]) -> None:
    """Raise ConfigErrors with all steps that name an unknown node or give it parameters that it does not take."""
    faults: list[ConfigError] = []
    for index, step in enumerate(config.select.steps):
        path = ("select", "steps", index)
        used = any(step.applies_to(name, config.input.samples[name].kind) for name in samples)
        if not isinstance(step, NodeStep) or not used:
            continue
        try:
            node = base.find(step.node)
        except ConfigError as error:
            faults.append(config.fault(error.message, *path, "node"))
            continue
        own = [key for key in ("sample", "units") if key in step.with_]
        faults += [fault for key in own if (fault := _clash(config, node, step, path, key)) is not None]
        plain = step.model_copy(update={"with_": {key: value for key, value in step.with_.items() if key not in own}})
        arguments = node_arguments(node, plain, _any_sample(), config.input.units)
        faults += [
            config.fault(fault.message, *path, *(("with", key) if key in step.with_ else ("node",)))
            for key, fault in node.faults(arguments)
        ]
    if faults:
        raise ConfigErrors(sorted(faults, key=lambda fault: fault.line or 0))


def _clash(
    config: Config, node: base.Node[Any], step: NodeStep, path: tuple[str | int, ...], key: str
) -> ConfigError | None:
    """Return the fault of a parameter that contradicts what the pipeline gives."""
    alone = step.model_copy(update={"with_": {key: step.with_[key]}})
    try:
        node_arguments(node, alone, _any_sample(), config.input.units)
    except ConfigError as error:
        return config.fault(error.message, *path, "with", key)
    return None


def _any_sample() -> Sample:
    from rdfplugins.sample import Sample

    return Sample("mc", xsec_pb=1.0, sum_of_weights=1.0)


def _chosen(config: Config, wanted: tuple[str, ...] | None) -> list[str]:
    known = list(config.input.samples)
    if wanted is None:
        return known
    for name in wanted:
        if name not in known:
            listed = did_you_mean(name, known) or f" (it has: {', '.join(known)})"
            raise ConfigError(f"no sample '{name}' in {config.path}{listed}")
    return [name for name in known if name in wanted]


def _threads(config: Config, options: Options) -> int:
    if options.max_events is not None:
        options.say(
            f"only the first {options.max_events} events of each sample, in one thread: outputs are marked as partial,"
            " sums of weights are too small"
        )
        return 1
    if options.threads > 1 and config.input.key == "entry":
        options.say("input.key is 'entry', which needs the order of the file: running with 1 thread")
        return 1
    return options.threads


class _threading:  # noqa: N801 (reads as the context that it is)
    """Implicit multi-threading of ROOT for the block, and as it was after it."""

    def __init__(self, threads: int) -> None:
        self._threads = threads

    def __enter__(self) -> None:
        root = cpp.load_root()
        self._before = int(root.GetThreadPoolSize()) if root.IsImplicitMTEnabled() else 1
        _set_threads(root, self._threads)

    def __exit__(self, *_: object) -> None:
        _set_threads(cpp.load_root(), self._before)


def _set_threads(root: Any, threads: int) -> None:
    if root.IsImplicitMTEnabled():
        root.DisableImplicitMT()
    if threads > 1:
        root.EnableImplicitMT(threads)


@dataclasses.dataclass(frozen=True)
class _Prepared:
    """A sample whose inputs have been looked at, before any event loop is run."""

    name: str
    path: Path
    inputs: inputs.Inputs
    sample: Sample
    key: str
    fresh: bool
    record: dict[str, Any]


def _prepare(config: Config, name: str, labels: dict[str, int], options: Options) -> _Prepared:
    """Find and open the inputs of a sample, resolve its normalisation, and see whether its output is up to date."""
    path = options.folder / f"{name}.root"
    source = sources.find(config, name, options.say)
    try:
        found = inputs.inspect(
            source.paths,
            config.input.tree,
            skip_bad=config.input.on_bad_file == "skip",
            constants=normalise.branches(config, name).values(),
        )
        for skipped, reason in found.skipped:
            advice = _NORMALISATION[config.input.samples[name].kind]
            options.say(f"{name}: warning: skipped {skipped}: {reason}; {advice}")
        sample, origin = normalise.resolve(config, name, found, generated=source.generated, say=options.say)
        found.check(used_columns(config, name, sample))
    except InputError as error:
        raise InputError(f"{config.fault(str(error), 'input', 'samples', name)}") from error
    partial = options.max_events is not None and options.max_events < found.entries
    key = freshness.key(config, name, found, max_events=options.max_events if partial else None)
    simulated = source.simulated or any(file.simulation for file in found.files)
    record = {
        "stages": {STAGE: key},
        "settings": freshness.sample_settings(config, name),
        "config": {"name": config.path.name, "sha256": config.source.sha256, "text": config.source.text},
        "sample": {"name": name, "kind": sample.kind, "label": sample.label, "simulation": simulated},
        "labels": labels,
        "splits": list(keys.SPLITS),
        "inputs": [file.identity() for file in found.files],
        "skipped": [{"path": skipped, "reason": reason} for skipped, reason in found.skipped],
        "normalisation": origin,
        "lumi_pb": config.input.lumi_pb,
        "units": config.input.units,
        "partial": partial,
    }
    fresh = not options.force and provenance.is_fresh(path, STAGE, key)
    return _Prepared(name, path, found, sample, key, fresh, record)


def _keep_inputs(config: Config, prepared: Sequence[_Prepared]) -> None:
    """Refuse outputs that would take the place of an input, of their own sample or of another."""
    outputs = {sample.path.resolve(): sample.path for sample in prepared}
    for sample in prepared:
        for file in sample.inputs.files:
            if "://" not in file.path and (output := outputs.get(Path(file.path).resolve())) is not None:
                message = f"{output} is an input of sample '{sample.name}' and would be overwritten"
                error = config.fault(f"{message}; choose another folder with -o", "input", "samples", sample.name)
                raise InputError(str(error))


def _warn_of_inputs(config: Config, prepared: Sequence[_Prepared], options: Options) -> None:
    """Say where events would be counted twice, or simulation as if each event had the weight 1."""
    readers: dict[str, str] = {}
    for sample in prepared:
        for file in sample.inputs.files:
            other = readers.setdefault(file.uuid, sample.name)
            if other != sample.name:
                options.say(f"warning: {file.path} is read by the samples {other} and {sample.name}")
    if config.select.weight is None and any(sample.sample.kind == "mc" for sample in prepared):
        options.say("warning: without 'select.weight' events of simulation are counted, not weighted")


def _run_sample(config: Config, prepared: _Prepared, options: Options) -> SampleOutput:
    name, path = prepared.name, prepared.path
    if prepared.fresh:
        options.say(f"{name}: {path} is up to date")
        return SampleOutput(name, path, Cutflow.from_json((provenance.read(path) or {})["cutflow"]), made=False)
    root = cpp.load_root()
    chain = root.TChain(config.input.tree)
    for file in prepared.inputs.files:
        chain.AddFile(file.path)  # not Add: brackets and stars of a name are no wildcards
    frame = root.RDataFrame(chain)
    entries = prepared.inputs.entries
    start = frame
    if options.max_events is not None and options.max_events < entries:  # Range takes 32 bits and keeps the last ones
        start, entries = frame.Range(options.max_events), min(entries, options.max_events)
    graph = Graph(
        start,
        config=config,
        sample_name=name,
        sample=prepared.sample,
        label_id=prepared.record["labels"][prepared.sample.label],
        inputs=prepared.inputs,
    )
    for column in graph.left_out:
        options.say(f"{name}: column '{column}' is left out: its inputs are not there")
    if config.select.output.exports:
        export.check(config, graph.df, graph.columns)
    tree = config.select.output.tree
    with atomic(path) as part:
        snapshot = root.rdfp.runtime.snapshot(base.as_rnode(graph.df), tree, str(part), graph.columns)
        loop.run(start, entries, name, unfinished=part, progress=options.progress)
        del snapshot
        if frame.GetNRuns() != 1:
            raise RdfpluginsError(f"sample '{name}': {frame.GetNRuns()} event loops were run where one is meant")
        cutflow = graph.cutflow()
        _warn(cutflow, options)
        _refuse_duplicates(config, graph, name, part, cutflow)
        record = {
            **provenance.describe(config.folder),
            "root": str(root.gROOT.GetVersion()),
            **prepared.record,
            "cutflow": cutflow.to_json(),
            "columns": graph.columns,
        }
        output.complete(
            part, tree=tree, cutflow=cutflow, histograms=graph.histograms, record=record, unit_of=graph.unit_of
        )
    return SampleOutput(name, path, cutflow, made=True)


def _warn(cutflow: Cutflow, options: Options) -> None:
    """Say what is likely to be a mistake: weights that are no numbers or all 0, data with weights, no events left."""
    name, first = cutflow.sample, cutflow.cuts[0]
    if cutflow.bad_weights:
        options.say(
            f"{name}: warning: {cutflow.bad_weights} of {first.events} events have a weight that is NaN or infinite;"
            " they are left out of sums of weights"
        )
    elif first.events and first.variance == 0:
        options.say(f"{name}: warning: all weights are 0")
    elif cutflow.kind == "data" and not math.isclose(first.variance, first.events, rel_tol=1e-9):
        options.say(f"{name}: warning: weights of data are not 1")
    empty = next((cut.name for cut in cutflow.cuts if not cut.events), None)
    if empty is not None and first.events:
        options.say(f"{name}: warning: no event passes '{empty}' (is input.units right?)")


def _refuse_duplicates(config: Config, graph: Graph, name: str, path: Path, cutflow: Cutflow) -> None:
    twice = keys.find_duplicates(path, config.select.output.tree, cutflow.cuts[-1].events)
    if twice:
        error = keys.duplicates_error(graph.keyed, name, config.input.key, twice)
        raise InputError(str(config.fault(str(error), "input", "samples", name)))
