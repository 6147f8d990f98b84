"""Whether an output is that of this config and of its inputs as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.config.steps import GoldenJsonStep, NodeStep
from rdfplugins.errors import InputError
from rdfplugins.nodes import base

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.select.samples.inputs import Inputs


def label_ids(config: Config) -> dict[str, int]:
    """Return label -> number, in the order in which labels first appear among all configured samples."""
    labels = [spec.label or name for name, spec in config.input.samples.items()]
    return {label: number for number, label in enumerate(dict.fromkeys(labels))}


def settings(config: Config) -> str:
    """Return the hash of what all samples have in common: sections of the config, files they name, code of nodes."""
    data = config.source.data
    output = data["select"]["output"]
    headers = [config.folder / header for header in config.select.include]
    lists = [step.golden_json.file for step in config.select.steps if isinstance(step, GoldenJsonStep)]
    headers += [config.folder / name for name in lists]
    names = dict.fromkeys(step.node for step in config.select.steps if isinstance(step, NodeStep))
    nodes = sorted({path for name in names for path in base.find(name).source_files()})
    return provenance.stage_key(
        [
            {key: value for key, value in data["input"].items() if key != "samples"},
            {key: value for key, value in data["select"].items() if key != "output"},
            {key: value for key, value in output.items() if key in {"tree", "columns", "format"}},
            label_ids(config),
            provenance.files_hash([*headers, *nodes]),
        ]
    )


def sample_settings(config: Config, name: str) -> str:
    """Return the hash of all that the config says of a sample."""
    return provenance.stage_key([settings(config), name, config.source.data["input"]["samples"][name]])


def key(config: Config, name: str, found: Inputs, *, max_events: int | None, earlier: Sequence[Any] = ()) -> str:
    """Return the hash of what makes the output of a sample.

    Parameters
    ----------
    found
        Its files.
    max_events
        How many events are looked at; None: all.
    earlier
        What tells files of other samples from others, if events that are in them are dropped.
    """
    files = [_wherever(file.identity()) for file in found.files]
    before = [[_wherever(file) for file in files] for files in earlier]
    return provenance.stage_key([sample_settings(config, name), files, max_events, before])


def _wherever(file: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells a file from others without its folder: batch jobs name a config by other paths."""
    return {**file, "path": str(file["path"]).rpartition("/")[2]}


def outdated(config: Config, folder: Path) -> dict[str, str]:
    """Return sample -> why its output is not that of this config and of its inputs as they are now."""
    reasons: dict[str, str] = {}
    for name in config.input.samples:
        reason = why_outdated(config, name, folder / f"{name}.root")
        if reason is not None:
            reasons[name] = reason
    return reasons


def why_outdated(config: Config, name: str, path: Path) -> str | None:
    """Return why a file is not the output of a sample; None if it is."""
    record = provenance.read(path)
    if record is None:
        return f"{path} is not there" if not path.exists() else f"{path} is no output of ours"
    if record.get("settings") != sample_settings(config, name):
        return f"{path} was made with another config"
    changed = [file["path"] for file in record["inputs"] if _has_changed(file)]
    return f"{path} was made from another {changed[0]}" if changed else None


def _has_changed(file: Mapping[str, Any]) -> bool:
    """Return whether a local input is not as it was; remote ones, and those taken away, are not looked at."""
    path = Path(file["path"])
    if "://" in file["path"] or not path.is_file():
        return False
    now = path.stat()
    return bool(now.st_size != file["size"] or now.st_mtime != file["mtime"])


def up_to_date(config: Config, folder: Path, say: Callable[[str], None]) -> dict[str, Path]:
    """Return the outputs that belong to this config, and say which samples are left out of plots and tables.

    Raises
    ------
    InputError
        If there is none, or if some hold all events and others the first ones only.
    """
    reasons = outdated(config, folder)
    found = {name: folder / f"{name}.root" for name in config.input.samples if name not in reasons}
    absent = [name for name in reasons if not (folder / f"{name}.root").exists()]
    if absent:
        say(f"{', '.join(absent)}: not in {folder}, left out of plots and tables")
    for name in [name for name in reasons if name not in absent]:
        say(f"{name} is left out of plots and tables: {reasons[name]}")
    if not found:
        raise InputError(f"{folder}: no output of this config; run the stage 'select' first")
    if len({(provenance.read(path) or {}).get("partial") for path in found.values()}) > 1:
        raise InputError(f"{folder}: some outputs hold the first events only; run again without --max-events")
    return found
