"""The stage itself: for each sample find, check, book, run, verify, rename; then exports over all samples."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.config.steps import NodeStep
from rdfplugins.errors import ConfigError, ConfigErrors, InputError, did_you_mean
from rdfplugins.files import lock, make_folder
from rdfplugins.nodes import base
from rdfplugins.select import export, freshness
from rdfplugins.select.run_sample import SampleOutput, run_sample
from rdfplugins.select.samples import sources
from rdfplugins.select.samples.duplicates import Duplicates, Later
from rdfplugins.select.samples.prepare import Prepared, open_inputs, prepare
from rdfplugins.select.steps import makes, node_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.sample import Sample
    from rdfplugins.select.options import Options
    from rdfplugins.select.samples.inputs import Inputs
    from rdfplugins.select.samples.sources import Source

NOT_IN_FOLDERS = "#?*[$\n"  # parts of a URL, wildcards and variables to ROOT, of which some end the process
MANY_ENTRIES = 1_500_000


@dataclasses.dataclass(frozen=True)
class SelectResult:
    """Outputs of the stage, in the order of the config."""

    samples: tuple[SampleOutput, ...]


@contextlib.contextmanager
def writing(config: Config, options: Options) -> Iterator[None]:
    """Hold the folder of outputs for all stages that change trees; it is made if the steps have no fault.

    Raises
    ------
    ConfigErrors
        With what is wrong with the steps by themselves.
    OutputError
        If the folder cannot be written, or another run holds it.
    """
    check_steps(config, chosen(config, options.samples))
    check_folder(options.folder)
    make_folder(options.folder)
    with lock(options.folder):
        yield


def run(config: Config, options: Options) -> SelectResult:
    """Run the stage; `writing` holds the folder.

    Raises
    ------
    ConfigError, InputError, OutputError, InterruptedRunError
        Nothing is half-written then; samples that were finished before stay.
    """
    names = chosen(config, options.samples)
    threads = _threads(config, options)
    with cpp.optimisation(0):
        opened = _open(config, names, options)
        duplicates = _duplicates(config, opened)
        prepared = [
            prepare(config, name, opened=opened[name], duplicates=duplicates, options=options) for name in names
        ]
        _keep_inputs(config, prepared)
        _warn_of_inputs(config, prepared, options)
        later = _find_duplicates(config, duplicates, prepared)
    entries = sum(sample.inputs.entries for sample in prepared if not sample.fresh)
    made = []
    with cpp.optimisation(2 if entries > MANY_ENTRIES else 0):
        for sample in prepared:
            dropped = later.get(sample.name)
            with _threading(1 if dropped is not None and dropped.within else threads):
                made.append(run_sample(config, sample, dropped, options))
    return SelectResult(tuple(made))


def write_exports(config: Config, options: Options, outdated: Mapping[str, str]) -> tuple[Path, ...]:
    """Write the exports of the trees as the last stage that changes them has left them; `writing` holds the folder.

    Parameters
    ----------
    outdated
        Sample -> why its tree is not that of this config.
    """
    return export.run(config, options, freshness.label_ids(config), outdated)


def _open(config: Config, names: Sequence[str], options: Options) -> dict[str, tuple[Source, Inputs]]:
    """Open the files of samples; where events of earlier data are dropped, those of all data samples before, too."""
    wanted = list(names)
    data = [name for name, spec in config.input.samples.items() if spec.kind == "data"]
    if config.input.on_duplicate == "drop_later" and set(data) & set(names):
        last = max(data.index(name) for name in names if name in data)
        wanted = [name for name in config.input.samples if name in names or name in data[:last]]
    found = {}
    for name in wanted:
        source = sources.find(config, name, options.say)
        found[name] = (source, open_inputs(config, name, source, options))
    return found


def _duplicates(config: Config, opened: Mapping[str, tuple[Source, Inputs]]) -> Duplicates | None:
    """Return what looks for events in several samples of data; None where there is nothing to compare."""
    data = {name: found for name, (_, found) in opened.items() if config.input.samples[name].kind == "data"}
    drops = config.input.on_duplicate == "drop_later"
    return Duplicates(config, data) if drops or (len(data) > 1 and config.input.key != "entry") else None


def _find_duplicates(config: Config, duplicates: Duplicates | None, prepared: Sequence[Prepared]) -> dict[str, Later]:
    """Return the entries to be dropped, or raise InputError where they may not come twice.

    Identities are read in one thread, in the order of the files, and only where something is to be made.
    """
    data = [sample for sample in prepared if sample.sample.kind == "data"]
    if duplicates is None or all(sample.fresh for sample in data):
        return {}
    found: dict[str, Later] = {}
    with _threading(1):
        for sample in data:
            if config.input.on_duplicate == "fail":
                duplicates.refuse_shared(sample.name)
            elif not sample.fresh and (later := duplicates.later(sample.name)) is not None:
                found[sample.name] = later
    return found


def check_folder(folder: Path) -> None:
    """Raise ConfigError for a folder whose name ROOT would take for something else."""
    odd = sorted(set(NOT_IN_FOLDERS) & set(str(folder)))
    if odd:
        raise ConfigError(f"{folder}: ROOT cannot write to a folder with {odd[0]!r} in its name; choose another")


def plan(config: Config, samples: tuple[str, ...] | None, folder: Path) -> list[str]:
    """Return, a line for each sample, what `run` would read and write; configs are checked, inputs are not opened."""
    names = chosen(config, samples)
    check_steps(config, names)
    outdated = freshness.outdated(config, folder) if folder.is_dir() else {}
    lines = []
    for name in names:
        spec = config.input.samples[name]
        if spec.simulate is not None:
            what = f"{spec.simulate.events} simulated events ({spec.simulate.process} {spec.simulate.mode})"
        else:
            files = config.input_files(name)
            what = f"{len(files)} file{'s' if len(files) > 1 else ''}, {files[0]}{' ...' if len(files) > 1 else ''}"
        there = ", which is up to date" if folder.is_dir() and name not in outdated else ""
        lines.append(f"select: {name} ({spec.kind}): {what} -> {folder / f'{name}.root'}{there}")
    return lines


def plan_exports(config: Config, folder: Path) -> list[str]:
    """Return a line for each export."""
    return [f"select: export -> {folder / f'{config.name}.{kind}'}" for kind in config.select.output.exports]


def check_steps(config: Config, samples: Sequence[str]) -> None:
    """Raise ConfigErrors with all steps that name an unknown node or give it parameters that it does not take."""
    if faults := step_faults(config, samples):
        raise ConfigErrors(faults)


def step_faults(config: Config, samples: Sequence[str]) -> list[ConfigError]:
    """Return what is wrong with the nodes of the steps by itself, before any file is opened."""
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
            config.fault(fault.message, *path, *(("with", *keys) if keys[0] in step.with_ else ("node",)))
            for keys, fault in node.faults(arguments)
        ]
    if config.input.on_duplicate == "drop_later" and config.input.key == "entry":
        message = (
            "'drop_later' compares the columns of input.key, and 'entry' has none; name those that identify an event"
        )
        faults.append(config.fault(message, "input", "on_duplicate"))
    faults += _taken_by_steps(config, samples)
    return sorted(faults, key=lambda fault: fault.line or 0)


def _taken_by_steps(config: Config, samples: Sequence[str]) -> list[ConfigError]:
    """Return the branches of ``ml`` that a step makes, too."""
    if not config.ml:
        return []
    kinds = {name: config.input.samples[name].kind for name in samples}
    steps = [step for step in config.select.steps if any(step.applies_to(*item) for item in kinds.items())]
    made = {column for step in steps for column in makes(step, _any_sample(), config.input.units)}
    return [
        config.fault(
            f"the selection has a column '{entry.branch}' already; give the model another `branch:`",
            *config.ml_path(number),
            "branch",
        )
        for number, entry in enumerate(config.ml)
        if entry.branch in made
    ]


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


def chosen(config: Config, wanted: tuple[str, ...] | None) -> list[str]:
    """Return the samples to run in the order of the config; ConfigError for one that it does not have."""
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


def _keep_inputs(config: Config, prepared: Sequence[Prepared]) -> None:
    """Refuse outputs that would take the place of an input, of their own sample or of another."""
    outputs = {sample.path.resolve(): sample.path for sample in prepared}
    for sample in prepared:
        for file in sample.inputs.files:
            if "://" not in file.path and (output := outputs.get(Path(file.path).resolve())) is not None:
                message = f"{output} is an input of sample '{sample.name}' and would be overwritten"
                error = config.fault(f"{message}; choose another folder with -o", "input", "samples", sample.name)
                raise InputError(str(error))


def _warn_of_inputs(config: Config, prepared: Sequence[Prepared], options: Options) -> None:
    """Say where events would be counted twice, or simulation as if each event had the weight 1."""
    readers: dict[str, str] = {}
    for sample in prepared:
        for file in sample.inputs.files:
            other = readers.setdefault(file.uuid, sample.name)
            if other != sample.name:
                options.say(f"warning: {file.path} is read by the samples {other} and {sample.name}")
    if config.select.weight is None and any(sample.sample.kind == "mc" for sample in prepared):
        options.say("warning: without 'select.weight' events of simulation are counted, not weighted")
