"""From a config to its outputs: which stages run, in which order, and what they made."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.config import Config, TrainingConfig, load_any
from rdfplugins.errors import ConfigError, ConfigErrors, RdfpluginsError
from rdfplugins.resample import check as resample_check
from rdfplugins.resample import stage as resample_stage
from rdfplugins.resample.stage import Made
from rdfplugins.select import check as select_check
from rdfplugins.select import freshness
from rdfplugins.select import stage as select_stage
from rdfplugins.select.options import Options
from rdfplugins.shipped import find_config
from rdfplugins.stages import STAGES, base_folder, choose_stages
from rdfplugins.training import Training, faults_of_training, outdated_before, outdated_by_any

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from rdfplugins.cutflow import Cutflow
    from rdfplugins.resample.tally import Tally

_CHANGING_TREES = ("select", "ml")
_LOG = logging.getLogger("rdfplugins")


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run made, or found up to date.

    Attributes
    ----------
    outputs
        Sample -> ROOT file with its tree, cutflow, histograms and provenance.
    exports
        Files that hold all samples.
    cutflow
        Sample -> cutflow; weighted numbers in pb for simulation.
    report
        Plots and tables.
    config
        The config that was run.
    training
        Prepared and resampled samples.
    resampled
        Counts of each resampling that was made whole.
    models
        Folders of models that were trained.
    """

    outputs: dict[str, Path]
    exports: tuple[Path, ...]
    cutflow: dict[str, Cutflow]
    report: tuple[Path, ...]
    config: Config | TrainingConfig
    training: tuple[Path, ...] = ()
    resampled: tuple[Tally, ...] = ()
    models: tuple[Path, ...] = ()


def run(
    config: str | os.PathLike[str],
    *,
    samples: Sequence[str] | None = None,
    stages: Sequence[str] | None = None,
    threads: int = 1,
    output: str | os.PathLike[str] | None = None,
    max_events: int | None = None,
    overrides: Sequence[str] = (),
    force: bool = False,
    progress: bool = False,
    flavour: str | None = None,
    hybrid_validation: bool = False,
    say: Callable[[str], None] | None = None,
) -> RunResult:
    """Run a config, as ``rdfrun CONFIG`` does.

    Parameters
    ----------
    config
        Path of a YAML file, or of a shipped one (``configs/hgg.yaml``) where there is no such file.
    samples, stages
        Names of those to run; None: all.
    threads
        Threads of the event loop. The rows do not depend on it; with more than one their order does.
    output
        Folder in place of ``select.output.dir``.
    max_events
        Look at the first events of each sample only (one thread); outputs say that they are partial.
    overrides
        Texts ``a.b=c`` that replace values of the config.
    force
        Make again what is up to date.
    progress
        Draw a progress bar on the terminal.
    flavour
        One step of the stage ``resample``: ``target``, the number or name of a class, ``plotting`` or ``combining``.
    hybrid_validation
        Resample the validation events in place of those for training.
    say
        Called with each line for the user; None: to the logger ``rdfplugins``.

    Raises
    ------
    ConfigError, InputError, OutputError, InterruptedRunError
        With a message for the user; what was finished stays, nothing is half-written.

    Examples
    --------
    >>> import rdfplugins as rp
    >>> result = rp.run("configs/hgg.yaml", samples=["gg"], threads=2)  # doctest: +SKIP
    >>> result.cutflow["gg"].cuts[-1].events  # doctest: +SKIP
    """
    tell = say or _LOG.info
    if threads < 1:
        raise ConfigError(f"threads must be at least 1, not {threads}")
    if max_events is not None and max_events < 1:
        raise ConfigError(f"max_events must be at least 1, not {max_events}")
    loaded = load_any(find_config(config, tell), overrides)
    chosen = choose_stages(loaded, stages)
    folder = base_folder(loaded, output)
    training = Training(folder, force, flavour, hybrid_validation, threads, tell)
    for line in loaded.warnings():
        tell(line)
    if (flavour is not None or hybrid_validation) and "resample" not in chosen:
        raise ConfigError("--flavour and --hybrid_validation are of the stage resample, which is not run here")
    if not isinstance(loaded, Config):
        if samples is not None or max_events is not None:
            raise ConfigError(
                "--sample and --max-events are of the selection, which this config has not", file=str(loaded.path)
            )
        return _run_training(loaded, chosen, training)
    training.leave_out(chosen, stages, samples=samples, max_events=max_events)
    if max_events is not None and "ml" in chosen and "select" not in chosen:
        tell("max_events is of the selection: the stage ml takes the trees whole")
    if "train" in chosen:
        training.refuse(loaded)
    options = Options(
        folder=folder,
        samples=None if samples is None else tuple(samples),
        threads=threads,
        max_events=max_events,
        force=force,
        progress=progress,
        say=tell,
        columns_known=_columns_known(loaded, chosen),
    )
    return _run_all(loaded, chosen, options, training)


def _run_all(config: Config, chosen: Sequence[str], options: Options, training: Training) -> RunResult:
    """Run stages in their order; those that change trees hold the folder until the last of them is done."""
    folder, say = options.folder, options.say
    outputs: dict[str, Path] = {}
    exports: tuple[Path, ...] = ()
    cutflows: dict[str, Cutflow] = {}
    plots: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()
    made = Made()
    last = next((stage for stage in reversed(chosen) if stage in _CHANGING_TREES), None)
    with contextlib.ExitStack() as held:
        for number, stage in enumerate(chosen):
            if stage in _CHANGING_TREES and not set(chosen[:number]) & set(_CHANGING_TREES):
                held.enter_context(select_stage.writing(config, options))
            if stage == "select":
                result = select_stage.run(config, options)
                outputs = {sample.sample: sample.path for sample in result.samples}
                cutflows = {sample.sample: sample.cutflow for sample in result.samples}
            elif stage == "train":
                models = (training.train(config),)
            elif stage == "ml":
                outputs = _append(config, options)
            elif stage == "report":
                from rdfplugins import report

                reasons = outdated_by_any(config, folder)
                plots = report.run(config, freshness.up_to_date(config, folder, reasons, say), folder, say)
            else:
                made += training.run(config, stage)
            if stage == last:  # exports hold what all stages have made of the trees
                exports = select_stage.write_exports(config, options, outdated_by_any(config, folder))
                held.close()
    return RunResult(outputs, exports, cutflows, plots + made.report, config, made.outputs, made.tallies, models)


def _run_training(config: TrainingConfig, chosen: Sequence[str], training: Training) -> RunResult:
    """Run the stages of a config that selects nothing."""
    made = Made()
    models: tuple[Path, ...] = ()
    for stage in chosen:
        if stage == "train":
            models = (training.train(config),)
        else:
            made += training.run(config, stage)
    return RunResult({}, (), {}, made.report, config, made.outputs, made.tallies, models)


def _append(config: Config, options: Options) -> dict[str, Path]:
    """Run the stage ``ml`` on the samples that are asked for, and return their files."""
    from rdfplugins.append import stage

    names = select_stage.chosen(config, options.samples)
    reasons = freshness.outdated(config, options.folder)
    files = freshness.selected(names, options.folder, reasons, options.say, of="ml")
    stage.run(config, files, force=options.force, say=options.say)
    return files


def _columns_known(config: Config, stages: Sequence[str]) -> Callable[[str, Sequence[str]], None]:
    """Return what looks at the columns of a sample before its loop, for later stages: ConfigErrors if one lacks some.

    Models are opened now.
    """
    checks: list[Callable[[str, Sequence[str]], None]] = []
    if config.ml and "ml" in stages:
        from rdfplugins.append.freshness import open_models
        from rdfplugins.append.stage import check_columns

        entries = open_models(config, trained="train" not in stages)
        checks.append(lambda sample, columns: check_columns(config, entries, columns, sample))
    if config.train is not None and "train" in stages:
        from rdfplugins.train import stage as train_stage

        checks.append(lambda sample, columns: train_stage.check_columns(config, columns, sample))
    if config.resample is not None and "resample" in stages:
        resample_stage.check_order(config)
        checks.append(lambda sample, columns: resample_stage.check_columns(config, columns, sample))

    if config.report is not None and config.report.response is not None and "report" in stages:
        from rdfplugins.report.response.plan import ColumnCheck

        checks.append(ColumnCheck(config))

    def check_all(sample: str, columns: Sequence[str]) -> None:
        for one in checks:
            one(sample, columns)

    return check_all


def plan(
    config: str | os.PathLike[str],
    *,
    samples: Sequence[str] | None = None,
    stages: Sequence[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    overrides: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> list[str]:
    """Return, a line each, what `run` would do with the same arguments; nothing is opened, run or written."""
    loaded = load_any(find_config(config, say or _LOG.info), overrides)
    folder = base_folder(loaded, output)
    wanted = None if samples is None else tuple(samples)
    chosen = choose_stages(loaded, stages)
    last = next((stage for stage in reversed(chosen) if stage in _CHANGING_TREES), None)
    lines: list[str] = []
    for stage in chosen:
        if stage == "resample" and loaded.resample is not None:
            lines.append(f"resample: {loaded.resample.method} -> {folder / 'resample'}")
        elif stage == "preparation" and loaded.preparation is not None:
            lines.append(f"preparation: {len(loaded.preparation.samples)} samples -> {folder / 'prepared'}")
        elif stage == "train":
            from rdfplugins.train import stage as train_stage

            stale = outdated_before(loaded, folder, stage) if isinstance(loaded, Config) else {}
            lines += train_stage.plan(loaded, folder, stale)
        elif not isinstance(loaded, Config):
            continue
        elif stage == "select":
            lines += select_stage.plan(loaded, wanted, folder)
        elif stage == "ml":
            from rdfplugins.append import stage as ml_stage

            files = {name: folder / f"{name}.root" for name in select_stage.chosen(loaded, wanted)}
            lines += ml_stage.plan(loaded, files, outdated_by_any(loaded, folder))
        else:
            lines.append(f"report: plots and tables in {folder / 'report'}")
        if stage == last and isinstance(loaded, Config):
            lines += select_stage.plan_exports(loaded, folder)
    return lines


def check(
    config: str | os.PathLike[str],
    *,
    samples: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> tuple[list[RdfpluginsError], list[str]]:
    """Look for everything that can be wrong: opens all inputs, compiles all C++, runs no event loop, writes nothing.

    Of a config without a selection, what is prepared and resampled is opened, and the bins are made.

    Parameters
    ----------
    config, samples, overrides, say
        As for `run`.

    Returns
    -------
    All faults, none where all is well; and a line for each sample that says what was found.
    """
    tell = say or _LOG.info
    try:
        loaded = load_any(find_config(config, tell), overrides)
        for line in loaded.warnings():
            tell(line)
        of_training, known = resample_check.check(loaded, base_folder(loaded, None), tell)
        of_training += faults_of_training(loaded)
        if not isinstance(loaded, Config):
            return _without_samples(loaded, samples) or of_training, known
        options = Options(folder=Path(), samples=None if samples is None else tuple(samples), say=tell)
        faults: list[RdfpluginsError] = []
        try:
            options = dataclasses.replace(options, columns_known=_columns_known(loaded, STAGES))
        except ConfigErrors as errors:  # the selection is looked at all the same
            faults += errors.faults
        found, lines = select_check.check(loaded, options)
    except ConfigErrors as errors:
        return list(errors.faults), []
    except RdfpluginsError as error:
        return [error], []
    return [*found, *faults, *of_training], [*lines, *known]


def _without_samples(config: TrainingConfig, samples: Sequence[str] | None) -> list[RdfpluginsError]:
    return [] if samples is None else [config.fault("--sample is of the selection, which this config has not")]
