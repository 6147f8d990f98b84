"""What can be wrong with the stages ``prepare`` and ``resample``, found without reading a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.config import Config
from rdfplugins.errors import ConfigError, ConfigErrors, InputError, InputErrors, RdfpluginsError
from rdfplugins.resample.binning import grids, refuse_too_many
from rdfplugins.resample.job import refuse_rntuples
from rdfplugins.resample.sources import ONE_CATEGORY, resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import TrainingConfig
    from rdfplugins.resample.sources import Source, Sources


def check(
    config: Config | TrainingConfig, folder: Path, say: Callable[[str], None]
) -> tuple[list[RdfpluginsError], list[str]]:
    """Open the files of all samples, and make the bins; nothing is run or written.

    What the stage ``select`` writes is not looked at: who checks a selection has not run it yet.

    Parameters
    ----------
    folder
        Base of the outputs.
    say
        Called with each line for the user.

    Returns
    -------
    All faults, none where all is well; and a line for each sample that says what was found.
    """
    faults: list[RdfpluginsError] = []
    lines: list[str] = []
    found: Sources | None = None
    try:
        if config.preparation is not None:
            from rdfplugins.resample import prepare

            lines += [f"prepare: {line}" for line in prepare.check(config, folder)]
        if config.resample is not None and not _of_selection(config):
            found = _sources(config, folder, lines)
            if found is not None:
                refuse_rntuples(found)
    except RdfpluginsError as error:
        faults += error.faults if isinstance(error, ConfigErrors | InputErrors) else [error]
    if found is not None:
        for line in found.says:
            say(f"resample: {line}")
        lines += [_described(source) for source in found.all]
    return [*faults, *_faults_of_bins(config, found)], lines


def _of_selection(config: Config | TrainingConfig) -> bool:
    """Return whether the samples are trees that the stage ``select`` writes."""
    own = config.resample is not None and config.resample.source is not None
    return isinstance(config, Config) and not own and config.preparation is None


def _sources(config: Config | TrainingConfig, folder: Path, lines: list[str]) -> Sources | None:
    """Return what is read; None, with a line that says so, for samples that are still to be prepared."""
    assert config.resample is not None
    try:
        return resolve(config, folder, "train", outdated={})
    except InputError as error:
        if config.resample.source is not None:
            raise
        first = error.faults[0] if isinstance(error, InputErrors) else error
        lines.append(f"resample: its samples are not looked at: {first}")
        return None


def _described(source: Source) -> str:
    files = f"{len(source.files)} file{'s' * (len(source.files) != 1)}"
    return f"{source.name}: {files}, {source.entries} rows, key: {source.key_is}"


def _faults_of_bins(config: Config | TrainingConfig, found: Sources | None) -> list[ConfigError]:
    spec = config.resample
    if spec is None:
        return []
    stated = spec.options.samples_of("train")
    categories = found.categories if found is not None else tuple(stated or [ONE_CATEGORY])
    try:
        refuse_too_many(grids(spec, categories), 1 if found is None else len(found.classes))
    except ConfigError as error:
        return [config.fault(error.message, *config.resample_path("options", "sampling_variables"))]
    return []
