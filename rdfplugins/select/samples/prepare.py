"""What is settled for a sample before any event loop runs: its files, its normalisation, whether it is up to date."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.errors import ConfigError, InputError
from rdfplugins.select import freshness, keys
from rdfplugins.select.samples import inputs, normalise
from rdfplugins.select.samples.placed import at_sample
from rdfplugins.select.steps import node_facts, used_columns

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.sample import Sample
    from rdfplugins.select.options import Options
    from rdfplugins.select.samples.duplicates import Duplicates
    from rdfplugins.select.samples.sources import Source

STAGE = "select"
_TOLERANCE = 1e-2  # simulated data come in whole events
_NORMALISATION = {
    "mc": "a sum_of_weights of the config must be that of the files that are left",
    "data": "lumi_pb must be that of the files that are left",
}


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A sample whose inputs have been looked at.

    Attributes
    ----------
    path
        Its output.
    fresh
        Whether the output is up to date.
    record
        What the provenance of the output says of inputs and config.
    """

    name: str
    path: Path
    inputs: inputs.Inputs
    sample: Sample
    fresh: bool
    record: dict[str, Any]


def open_inputs(config: Config, name: str, source: Source, options: Options) -> inputs.Inputs:
    """Open all files of a sample; InputError at its line in the config."""
    try:
        found = inputs.inspect(
            source.paths,
            config.input.tree,
            skip_bad=config.input.on_bad_file == "skip",
            constants=normalise.constants(config, name),
            runs=normalise.reading_of_runs(config, name),
        )
    except InputError as error:
        raise at_sample(config, name, error) from error
    for skipped, reason in found.skipped:
        kind = config.input.samples[name].kind
        advice = "" if normalise.reads_runs(config, name) else f"; {_NORMALISATION[kind]}"
        options.say(f"{name}: warning: skipped {skipped}: {reason}{advice}")
    return found


def resolve(
    config: Config, name: str, source: Source, found: inputs.Inputs, options: Options
) -> tuple[Sample, dict[str, object]]:
    """Return the sample with its normalisation, and what is said of it; faults of its schema are raised here, too."""
    sample, origin = normalise.resolve(config, name, found, generated=source.generated, say=options.say)
    try:
        found.check(used_columns(config, name, sample))
    except InputError as error:
        raise at_sample(config, name, error) from error
    return sample, origin


def _warn_of_luminosity(config: Config, name: str, source: Source, options: Options) -> None:
    """Say where simulated data stand for another luminosity than the config: signal is drawn for the latter."""
    stated, lumi = source.generated.get("luminosity_pb"), config.input.lumi_pb
    if config.input.samples[name].kind == "data" and stated and lumi and not abs(stated / lumi - 1) <= _TOLERANCE:
        options.say(
            f"{name}: warning: the simulated data stand for {stated:.4g} /pb, and input.lumi_pb, to which simulation is"
            f" scaled, is {lumi:.4g}"
        )


def _generated(file: inputs.InputFile) -> dict[str, Any]:
    """Return what the provenance says of how our generators made a file; nothing of other files."""
    return {} if file.generated is None else {"generated": dict(file.generated)}


def prepare(
    config: Config,
    name: str,
    *,
    opened: tuple[Source, inputs.Inputs],
    duplicates: Duplicates | None,
    options: Options,
) -> Prepared:
    """Resolve the normalisation of a sample whose files are opened, and see whether its output is up to date."""
    source, found = opened
    path = options.folder / f"{name}.root"
    sample, origin = resolve(config, name, source, found, options)
    partial = options.max_events is not None and options.max_events < found.entries
    drops = duplicates is not None and config.input.on_duplicate == "drop_later"
    earlier = duplicates.earlier(name) if duplicates is not None and drops else []
    stored = provenance.read(path)
    if partial and stored is not None and stored.get("partial") is False and not options.force:
        raise ConfigError(
            f"{path} holds all events, and --max-events would replace it; choose another folder with -o, or say --force"
        )
    _warn_of_luminosity(config, name, source, options)
    key = freshness.key(config, name, found, max_events=options.max_events if partial else None, earlier=earlier)
    simulated = source.simulated or any(file.simulation for file in found.files)
    record = {
        "stages": {STAGE: key},
        "settings": freshness.sample_settings(config, name),
        "common_settings": freshness.settings(config),
        "config": {"name": config.path.name, "sha256": config.source.sha256, "text": config.source.text},
        "sample": {"name": name, "kind": sample.kind, "label": sample.label, "simulation": simulated},
        "samples": list(config.input.samples),
        "exports": list(config.select.output.exports),
        "labels": freshness.label_ids(config),
        "splits": list(keys.SPLITS),
        "inputs": [{**file.identity(), **_generated(file)} for file in found.files],
        "skipped": [{"path": skipped, "reason": reason} for skipped, reason in found.skipped],
        "normalisation": origin,
        "lumi_pb": config.input.lumi_pb,
        "file_units": config.input.units,
        "node_facts": node_facts(config),
        "partial": partial,
    }
    fresh = not options.force and provenance.is_fresh(path, STAGE, key)
    if fresh and (names := freshness.left_behind(config, stored or {})):
        options.say(f"{name}: is made again without '{names[0]}', which the section ml does not make any more")
        fresh = False
    return Prepared(name, path, found, sample, fresh, record)
