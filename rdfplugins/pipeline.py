"""From a config to its outputs: which stages run, in which order, and what they made."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.config import load_config
from rdfplugins.errors import ConfigError, ConfigErrors, RdfpluginsError, did_you_mean
from rdfplugins.files import atomic, make_folder
from rdfplugins.paths import shipped
from rdfplugins.select import check as select_check
from rdfplugins.select import freshness
from rdfplugins.select import stage as select_stage
from rdfplugins.select.options import Options

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from rdfplugins.config import Config
    from rdfplugins.cutflow import Cutflow

STAGES = ("select", "ml", "report")
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
    """

    outputs: dict[str, Path]
    exports: tuple[Path, ...]
    cutflow: dict[str, Cutflow]
    report: tuple[Path, ...]
    config: Config


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
    loaded = load_config(find_config(config, tell), overrides)
    chosen = choose_stages(loaded, stages)
    folder = Path(output if output is not None else loaded.select.output.dir)
    options = Options(
        folder=folder,
        samples=None if samples is None else tuple(samples),
        threads=threads,
        max_events=max_events,
        force=force,
        progress=progress,
        say=tell,
        columns_known=_columns_known(loaded, needed="ml" in chosen),
    )
    if max_events is not None and "ml" in chosen and "select" not in chosen:
        tell("max_events is of the selection: the stage ml takes the trees whole")
    outputs: dict[str, Path] = {}
    exports: tuple[Path, ...] = ()
    cutflows: dict[str, Cutflow] = {}
    plots: tuple[Path, ...] = ()
    last = next((stage for stage in reversed(chosen) if stage in _CHANGING_TREES), None)
    with contextlib.ExitStack() as held:
        for number, stage in enumerate(chosen):
            if stage in _CHANGING_TREES and not set(chosen[:number]) & set(_CHANGING_TREES):
                held.enter_context(select_stage.writing(loaded, options))
            if stage == "select":
                result = select_stage.run(loaded, options)
                outputs = {sample.sample: sample.path for sample in result.samples}
                cutflows = {sample.sample: sample.cutflow for sample in result.samples}
            elif stage == "ml":
                outputs = _append(loaded, options)
            else:
                from rdfplugins import report

                reasons = _outdated(loaded, folder)
                plots = report.run(loaded, freshness.up_to_date(loaded, folder, reasons, tell), folder, tell)
            if stage == last:  # exports hold what all stages have made of the trees
                exports = select_stage.write_exports(loaded, options, _outdated(loaded, folder))
                held.close()
    return RunResult(outputs, exports, cutflows, plots, loaded)


def _append(config: Config, options: Options) -> dict[str, Path]:
    """Run the stage ``ml`` on the samples that are asked for, and return their files."""
    from rdfplugins.append import stage

    names = select_stage.chosen(config, options.samples)
    reasons = freshness.outdated(config, options.folder)
    files = freshness.selected(names, options.folder, reasons, options.say, of="ml")
    stage.run(config, files, force=options.force, say=options.say)
    return files


def _outdated(config: Config, folder: Path) -> dict[str, str]:
    """Return sample -> why its file is not that of the config, whichever stage is to be run again."""
    later: dict[str, str] = {}
    if config.ml:
        from rdfplugins.append import freshness as of_ml

        later = of_ml.outdated(config, folder)
    return {**later, **freshness.outdated(config, folder)}


def _columns_known(config: Config, *, needed: bool) -> Callable[[str, Sequence[str]], None]:
    """Return what looks at the columns of a sample before its loop, with the models opened: ConfigErrors if not."""
    if not config.ml or not needed:
        return lambda sample, columns: None  # noqa: ARG005
    from rdfplugins.append.freshness import open_models
    from rdfplugins.append.stage import check_columns

    entries = open_models(config)
    return lambda sample, columns: check_columns(config, entries, columns, sample)


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
    loaded = load_config(find_config(config, say or _LOG.info), overrides)
    folder = Path(output if output is not None else loaded.select.output.dir)
    wanted = None if samples is None else tuple(samples)
    chosen = choose_stages(loaded, stages)
    last = next((stage for stage in reversed(chosen) if stage in _CHANGING_TREES), None)
    lines: list[str] = []
    for stage in chosen:
        if stage == "select":
            lines += select_stage.plan(loaded, wanted, folder)
        elif stage == "ml":
            from rdfplugins.append import stage as ml_stage

            files = {name: folder / f"{name}.root" for name in select_stage.chosen(loaded, wanted)}
            lines += ml_stage.plan(loaded, files, _outdated(loaded, folder))
        else:
            lines.append(f"report: plots and tables in {folder / 'report'}")
        if stage == last:
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
        loaded = load_config(find_config(config, tell), overrides)
        options = Options(folder=Path(), samples=None if samples is None else tuple(samples), say=tell)
        faults: list[RdfpluginsError] = []
        try:
            options = dataclasses.replace(options, columns_known=_columns_known(loaded, needed=True))
        except ConfigErrors as errors:  # the selection is looked at all the same
            faults += errors.faults
        found, lines = select_check.check(loaded, options)
    except ConfigErrors as errors:
        return list(errors.faults), []
    except RdfpluginsError as error:
        return [error], []
    return [*found, *faults], lines


def copy_config(name: str, folder: Path) -> Path:
    """Copy a shipped config into a folder and return its path there; an existing file is never replaced."""
    wanted = name if name.endswith(".yaml") else f"{name}.yaml"
    if wanted not in shipped_configs():
        raise ConfigError(f"no shipped config '{name}'{did_you_mean(wanted, shipped_configs())}")
    target = folder / wanted
    if target.exists() or target.is_symlink():
        raise ConfigError("is there already; remove it, or copy it elsewhere", file=str(target))
    make_folder(folder)
    with atomic(target) as part:
        part.write_bytes((shipped("configs") / wanted).read_bytes())
    return target


def find_config(path: str | os.PathLike[str], say: Callable[[str], None]) -> Path:
    """Return the config at ``path``, or the shipped one of that name where there is no such file."""
    given = Path(path)
    if given.exists() or given.suffix not in {".yaml", ".yml"}:
        return given
    there = shipped("configs") / given.name
    if len(given.parts) <= 2 and given.parts[0] in {"configs", given.name} and there.is_file():  # noqa: PLR2004
        say(f"{given} does not exist here; running the one that is shipped: {there}")
        return there
    raise ConfigError(f"no such file{did_you_mean(given.name, shipped_configs())}", file=str(given))


def shipped_configs() -> list[str]:
    """Return the names of the shipped configs."""
    return sorted(path.name for path in shipped("configs").glob("*.yaml"))


def choose_stages(config: Config, wanted: Sequence[str] | None) -> list[str]:
    """Return the stages that the config has, in the order of the file; ConfigError for a wanted one that it lacks."""
    there = [key for key in config.source.data if key in STAGES]
    if "ml" in there and config.position("ml")[1] is None:  # of the command line: where it belongs
        there.sort(key=STAGES.index)
    for name in wanted or ():
        if name not in there:
            raise ConfigError(f"no stage '{name}' in the config{did_you_mean(name, there)}", file=str(config.path))
    return [name for name in there if wanted is None or name in wanted]
