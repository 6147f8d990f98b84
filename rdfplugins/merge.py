"""Join the outputs of runs that did one sample each, as a batch system makes them, into one folder."""

from __future__ import annotations

import dataclasses
import logging
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rdfplugins import pipeline, provenance
from rdfplugins.append import freshness as of_ml
from rdfplugins.config import load_config
from rdfplugins.errors import InputError, OutputError, RdfpluginsError, did_you_mean
from rdfplugins.files import atomic, lock, make_folder
from rdfplugins.reading import open_table
from rdfplugins.select import freshness
from rdfplugins.select.samples.prepare import STAGE
from rdfplugins.select.stage import check_folder
from rdfplugins.shipped import find_config

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.pipeline import RunResult

_LOG = logging.getLogger("rdfplugins")
_TREES = ("TTree", "ROOT::RNTuple")
_NEEDED = ("sample", "samples", "settings", "common_settings", "inputs", "cutflow", "config")


@dataclasses.dataclass(frozen=True)
class MergeResult:
    """What is in the folder after a merge.

    Attributes
    ----------
    outputs
        Sample -> its file, in the order of the config.
    missing
        Samples of the config of which there is no file.
    run
        What the stages of the config made of it; None where no config was given.
    """

    outputs: dict[str, Path]
    missing: tuple[str, ...]
    run: RunResult | None


@dataclasses.dataclass(frozen=True)
class _Output:
    """A file that the stage select has written, looked at and found whole."""

    path: Path
    record: dict[str, Any]

    @property
    def sample(self) -> str:
        return str(self.record["sample"]["name"])

    @property
    def partial(self) -> bool:
        return bool(self.record.get("partial"))


def merge(
    folders: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    config: str | os.PathLike[str] | None = None,
    *,
    overrides: Sequence[str] = (),
    say: Callable[[str], None] | None = None,
) -> MergeResult:
    """Join outputs of runs of one config, of which each did some of the samples, as ``rdfrun merge`` does.

    All is checked before anything is written. The files are copied, and the originals are only read.

    Parameters
    ----------
    folders
        Folders of outputs (``-o`` of the runs); every ROOT file in them is taken.
    output
        Folder that is to hold all of them.
    config
        The config of the runs: its stages are then run on the folder, where all samples are up to date, so that exports
        and report are made.
    overrides
        Texts ``a.b=c`` that replaced values of the config in the runs.
    say
        Called with each line for the user; None: to the logger ``rdfplugins``.

    Raises
    ------
    InputError
        For a folder without outputs, a file that is damaged or no output of a selection, outputs of different configs,
        of whole and of shortened runs, or two different ones of a sample.
    OutputError
        If the folder cannot be written, or another run writes there.

    Examples
    --------
    >>> from rdfplugins.merge import merge
    >>> merge(["jobs/gg", "jobs/data"], "out/all", "hgg.yaml").missing  # doctest: +SKIP
    ()
    """
    tell = say or _LOG.info
    target = Path(output)
    check_folder(target)
    found = _one_of_each(_read_all([Path(folder) for folder in folders]), tell)
    there = _there_already(target, found)
    _check_same_run([*found.values(), *there.values()])
    loaded = None
    if config is not None:
        loaded = load_config(find_config(config, tell), overrides)
        _check_config(loaded, found, there)
    _copy_all(found, target, tell)
    names = next(iter(found.values())).record["samples"]
    outputs = {name: target / f"{name}.root" for name in names if name in found or name in there}
    missing = tuple(name for name in names if name not in outputs)
    tell(f"{target}: {len(outputs)} of {len(names)} samples{'; missing: ' if missing else ''}{', '.join(missing)}")
    if loaded is None:
        _say_what_is_next(next(iter(found.values())), target, tell)
        return MergeResult(outputs, missing, None)
    result = pipeline.run(
        loaded.path, samples=list(outputs) if missing else None, output=target, overrides=overrides, say=tell
    )
    return MergeResult(outputs, missing, result)


# -- what is there


def _read_all(folders: Iterable[Path]) -> list[_Output]:
    outputs: dict[Path, _Output] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: is {'no folder' if folder.exists() else 'not there'}; name folders of outputs")
        files = sorted(folder.glob("*.root"))
        if not files:
            raise InputError(f"{folder}: holds no output (*.root) of a run; is the run finished?")
        for path in files:
            if path.resolve() not in outputs:
                outputs[path.resolve()] = _read(path)
    if not outputs:
        raise InputError("no folder of outputs is named")
    return list(outputs.values())


def _read(path: Path) -> _Output:
    """Open a file; InputError if it is damaged, or no output of ours."""
    tree = _tree_of(path)
    record = provenance.read(path)
    if tree is None or record is None or STAGE not in dict(record.get("stages") or {}):
        raise InputError(f"{path}: is no output of a selection; move it to another folder")
    if any(key not in record for key in _NEEDED):
        raise InputError(f"{path}: was made by an older release ({record.get('made_by')}); run the selection again")
    expected = record["cutflow"]["cuts"][-1]["events"]
    with open_table(path, tree) as table:
        if table.entries != expected:
            raise InputError(f"{path}: is damaged: its tree has {table.entries} entries of {expected}")
    return _Output(path, record)


def _tree_of(path: Path) -> str | None:
    """Return the name of the only tree of a file; InputError if the file cannot be read."""
    import uproot

    try:
        with uproot.open(path) as file:
            whole = file.file.fEND <= path.stat().st_size
            names = [name for name, kind in file.classnames(cycle=False).items() if kind in _TREES]
    except RdfpluginsError:
        raise
    except Exception as error:  # of many types
        raise InputError(f"{path}: is damaged, or no ROOT file; run its sample again") from error
    if not whole:
        raise InputError(f"{path}: is damaged: its end is not there; run its sample again")
    return names[0] if len(names) == 1 else None


def _there_already(folder: Path, found: Mapping[str, _Output]) -> dict[str, _Output]:
    """Return outputs of the same config that an earlier merge has left in the folder, of other samples than these."""
    first = next(iter(found.values()))
    outputs = {}
    for name in first.record["samples"]:
        path = folder / f"{name}.root"
        record = None if name in found else provenance.read(path)
        if record is not None and record.get("common_settings") == first.record["common_settings"]:
            outputs[name] = _read(path)
    return outputs


# -- do they belong together


def _one_of_each(outputs: Sequence[_Output], say: Callable[[str], None]) -> dict[str, _Output]:
    """Return the output of each sample; InputError where two of one sample differ."""
    found: dict[str, _Output] = {}
    for output in outputs:
        first = found.setdefault(output.sample, output)
        if first is output:
            continue
        if first.record["stages"] != output.record["stages"]:
            raise InputError(
                f"{first.path} and {output.path} are different outputs of the sample '{output.sample}'; merge only one"
            )
        say(f"{output.path} is the same as {first.path}")
    return found


def _check_same_run(outputs: Sequence[_Output]) -> None:
    first = outputs[0]
    for other in outputs[1:]:
        same = all(first.record[key] == other.record[key] for key in ("common_settings", "samples"))
        if not same:
            raise InputError(
                f"{first.path} and {other.path} are of different configs: {_difference(first.record, other.record)}"
            )
        if _models(first) != _models(other):
            raise InputError(
                f"{first.path} and {other.path} hold branches of different models or settings"
                f" ({_models_text(first)}; {_models_text(other)}): run the stage ml of one config on both"
            )
        if first.partial != other.partial:
            part, whole = (first, other) if first.partial else (other, first)
            raise InputError(
                f"{part.path} holds the first events only, {whole.path} all; run it again without --max-events"
            )


def _models(output: _Output) -> list[tuple[str, ...]]:
    """Return what makes the branches of the stage ml, whatever the selection."""
    return [(one["branch"], one["digest"], one["settings"]) for one in output.record.get("models") or ()]


def _models_text(output: _Output) -> str:
    models = [f"{one['branch']} of {one['name']}" for one in output.record.get("models") or ()]
    return ", ".join(models) or "none"


def _difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    if one.get("made_by") != other.get("made_by"):
        return f"made by {one.get('made_by')} and by {other.get('made_by')}"
    if one["config"]["name"] != other["config"]["name"]:
        return f"{one['config']['name']} and {other['config']['name']}"
    if one["config"]["sha256"] != other["config"]["sha256"]:
        return f"{one['config']['name']} was changed between the runs, or values were set"
    return "headers, nodes or the package were changed between the runs"


def _check_config(config: Config, found: Mapping[str, _Output], there: Mapping[str, _Output]) -> None:
    """Refuse outputs that the config would make again: that is not what a merge is for."""
    entries = of_ml.open_models(config, needed=False)
    for name, output in {**found, **there}.items():
        if name not in config.input.samples:
            raise InputError(
                f"{output.path}: no sample '{name}' in {config.path}{did_you_mean(name, config.input.samples)}"
            )
        if output.partial:
            raise InputError(
                f"{output.path}: holds the first events only, and {config.path} would make all; merge without --config"
            )
        reason = freshness.why_outdated(config, name, output.path)
        if reason is not None:
            raise InputError(f"{reason}; give the config of the runs, with the same --set")
        later = of_ml.why_outdated(entries, output.record, output.path)
        if later is not None:
            raise InputError(f"{later} in each folder, or merge without --config and run it on the merged one")


# -- copying


def _copy_all(found: Mapping[str, _Output], folder: Path, say: Callable[[str], None]) -> None:
    make_folder(folder)
    with lock(folder):
        inputs = {Path(file["path"]).resolve() for output in found.values() for file in output.record["inputs"]}
        waiting = []
        for name, output in found.items():
            target = folder / f"{name}.root"
            if _is_same(target, output):
                say(f"{target} is there already")
                continue
            if target.resolve() in inputs:
                raise OutputError(f"{target}: is an input of the runs and would be overwritten; choose another folder")
            if target.exists() and STAGE not in dict((provenance.read(target) or {}).get("stages") or {}):
                raise OutputError(f"{target}: is no output of a selection and would be overwritten; move it away")
            waiting.append((output, target))
        for output, target in waiting:
            _copy(output, target)
            say(f"{output.path} -> {target}")


def _is_same(target: Path, output: _Output) -> bool:
    return target.is_file() and (target.samefile(output.path) or provenance.read(target) == output.record)


def _copy(output: _Output, target: Path) -> None:
    """Copy a file: with a link, who adds to one of the two would change the other."""
    with atomic(target) as part:
        shutil.copyfile(output.path, part)
        if provenance.read(part) != output.record:
            raise InputError(f"{output.path}: was changed while it was copied; merge again")


def _say_what_is_next(output: _Output, folder: Path, say: Callable[[str], None]) -> None:
    if output.partial:
        say("these hold the first events only: there are no exports and reports of them")
        return
    command = f"rdfrun {shlex.quote(output.record['config']['name'])} -o {shlex.quote(str(folder))}"
    say(f"exports and report: {command}")
