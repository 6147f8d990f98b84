"""Whether an output is that of this config and of its inputs as they are now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.config.steps import GoldenJsonStep, NodeStep
from rdfplugins.errors import InputError
from rdfplugins.nodes import base
from rdfplugins.select import steps

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
            _of_the_loop(config),
            {key: value for key, value in output.items() if key in {"tree", "columns", "format"}},
            label_ids(config),
            provenance.files_hash([*headers, *nodes]),
            steps.node_facts(config),
        ]
    )


def _of_the_loop(config: Config) -> dict[str, Any]:
    """Return the section without what is written, and without histograms that the stage ``ml`` fills."""
    later = config.ml_histograms
    section = {key: value for key, value in config.source.data["select"].items() if key != "output"}
    if later:
        section["histograms"] = {name: spec for name, spec in section["histograms"].items() if name not in later}
    return section


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
    if names := left_behind(config, record):
        return f"{path} holds '{names[0]}', which the section ml of the config does not make any more"
    changed = [file["path"] for file in record["inputs"] if _has_changed(file)]
    return f"{path} was made from another {changed[0]}" if changed else None


def left_behind(config: Config, record: Mapping[str, Any]) -> list[str]:
    """Return branches and histograms of an earlier ``ml`` section that the config does not name any more.

    A branch can be replaced in place, and to take one out means to write the tree again: the selection does.
    """
    branches, histograms = config.ml_branches, config.ml_histograms
    found = []
    for model in record.get("models") or ():
        found += [name for name in [model["branch"]] if name not in branches]
        found += [name for name in model["histograms"] if name not in histograms]
    return found


def _has_changed(file: Mapping[str, Any]) -> bool:
    """Return whether a local input is not as it was; remote ones, and those taken away, are not looked at."""
    path = Path(file["path"])
    if "://" in file["path"] or not path.is_file():
        return False
    now = path.stat()
    return bool(now.st_size != file["size"] or now.st_mtime != file["mtime"])


def selected(
    names: Sequence[str],
    folder: Path,
    reasons: Mapping[str, str],
    say: Callable[[str], None],
    *,
    of: str,
    stages: str = " 'select'",
) -> dict[str, Path]:
    """Return the outputs of samples that are not outdated, and say which are left out.

    Parameters
    ----------
    reasons
        Sample -> why its output is outdated.
    of
        What they are left out of, for messages.
    stages
        What makes them, likewise.

    Raises
    ------
    InputError
        If there is none.
    """
    found = {name: folder / f"{name}.root" for name in names if name not in reasons}
    left_out = [name for name in names if name in reasons]
    absent = [name for name in left_out if not (folder / f"{name}.root").exists()]
    if absent:
        say(f"{', '.join(absent)}: not in {folder}, left out of {of}")
    for name in [name for name in left_out if name not in absent]:
        say(f"{name} is left out of {of}: {reasons[name]}")
    if not found:
        raise InputError(f"{folder}: no output of this config; run the stage{stages} first")
    return found


def up_to_date(config: Config, folder: Path, reasons: Mapping[str, str], say: Callable[[str], None]) -> dict[str, Path]:
    """Return the outputs that belong to this config, and say which samples are left out of plots and tables.

    Parameters
    ----------
    reasons
        Sample -> why its output is outdated, by any of the stages.

    Raises
    ------
    InputError
        If there is none, or if some hold all events and others the first ones only.
    """
    stages = "s 'select' and 'ml'" if config.ml else " 'select'"
    found = selected(list(config.input.samples), folder, reasons, say, of="plots and tables", stages=stages)
    if len({(provenance.read(path) or {}).get("partial") for path in found.values()}) > 1:
        raise InputError(f"{folder}: some outputs hold the first events only; run again without --max-events")
    return found
