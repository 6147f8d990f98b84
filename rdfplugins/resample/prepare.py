"""The stage of ``preparation``: files of simulation -> one file for each sample, cut and of one class."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import provenance
from rdfplugins.config.preparation import INCLUSIVE
from rdfplugins.errors import ConfigError, ConfigErrors, InputError, InputErrors, OutputError
from rdfplugins.files import PART, lock, make_folder
from rdfplugins.resample.sources import NO_CLASS, Source, prepared
from rdfplugins.resample.sources.describe import Files, open_files
from rdfplugins.resample.sources.keys import KeyRule
from rdfplugins.resample.sources.rows import OneClass, Rules, check_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.config.models import Base

_ALL = -1
_LOCK = ".prepare.lock"
_SAID = ("labels", "splits", "maps", "units")


@dataclasses.dataclass(frozen=True)
class Job:
    """A sample that is to be written.

    Attributes
    ----------
    source
        What it is made of; rows with a class are kept.
    most
        How many of them, from the front; None: all.
    key
        Hash of all that makes it.
    said
        What the first of its files says of the numbers in its columns.
    """

    name: str
    source: Source
    target: Path
    most: int | None
    key: str
    said: dict[str, Any]

    def is_fresh(self) -> bool:
        """Return whether the target is what this would make."""
        return bool(prepared.record_of(self.target).get("stages", {}).get(prepared.STAGE) == self.key)


def run(config: Base, folder: Path, *, force: bool, say: Callable[[str], None]) -> dict[str, Path]:
    """Write the samples of the section ``preparation``.

    Each is ``<folder>/prepared/<sample>.h5`` or ``.root``, as the files are that it is made of, or what the config
    says, within ``<folder>/prepared``. It has the rows of these files, in their order, that pass the cuts of the sample
    and that of its class, up to ``n_jets`` of them: the first ones. HDF5 files keep all datasets at their top that have
    a row for each row of the table, and the attributes of the first file. A file takes its name when it is whole; what
    is up to date stays.

    Parameters
    ----------
    config
        With a section ``preparation``.
    folder
        Base of the outputs.
    force
        Make again what is up to date.
    say
        Called with each line for the user.

    Returns
    -------
    Sample -> its file.

    Raises
    ------
    ConfigErrors
        With the lines of what the config says wrong, before anything is written.
    InputError, OutputError
        For files that cannot be read or written, and for one in the way that is no prepared sample.
    """
    jobs = _jobs(config, folder)
    for line in prepared.says(config):
        say(f"prepare: {line}")
    labels = class_labels(config)
    for job in jobs:
        if not force and job.is_fresh():
            say(f"{job.name}: {job.target} is up to date")
            continue
        make_folder(job.target.parent)
        with lock(job.target.parent, _LOCK, remove=True):
            kept = _write(job, _record(config, job, labels), labels, config, say)
        told = f"{kept} of {job.source.entries} rows"
        if job.most is not None:
            enough = kept == job.most
            told += f", the first {job.most} that pass (n_jets)" if enough else f": fewer than n_jets ({job.most}) pass"
        say(f"{job.name}: {told} -> {job.target}")
        if not kept:
            say(f"{job.name}: warning: no row passes")
    return {job.name: job.target for job in jobs}


def check(config: Base, folder: Path) -> list[str]:
    """Open the files of all samples, and return a line for each; errors are those of `run`, nothing is written."""
    sources = [job.source for job in _jobs(config, folder)]
    return [f"{one.name}: {len(one.files)} file{'s' * (len(one.files) != 1)}, {one.entries} rows" for one in sources]


def class_labels(config: Base) -> list[str]:
    """Return the classes in the order in which they are numbered: stated, or that of ``classes`` and of the samples."""
    if config.resample is not None and config.resample.class_labels is not None:
        return list(config.resample.class_labels)
    categories = [spec.category for spec in prepared.section(config).samples.values() if spec.category != INCLUSIVE]
    return list(dict.fromkeys(categories))


def _write(job: Job, record: dict[str, Any], labels: list[str], config: Base, say: Callable[[str], None]) -> int:
    """Write one sample and return its rows."""
    if job.source.kind == "root":
        from rdfplugins.resample.write import copy_rows

        return copy_rows([file.path for file in job.source.files], job.source.tree, job.target, _chosen(job), record)
    from rdfplugins.resample import prepare_hdf5

    return prepare_hdf5.copy(
        job.source,
        job.target,
        most=job.most,
        rows=prepared.section(config).batchsize,
        record=record,
        class_labels=labels,
        say=say,
    )


def _chosen(job: Job) -> Iterator[tuple[int, NDArray[np.uint64]]]:
    """Yield the rows that are written: number of a file and uint64[n], ascending entries in it."""
    firsts = np.cumsum([0, *(file.entries for file in job.source.files)])
    left = job.most
    for chunk in job.source.chunks({}):
        number = int(np.searchsorted(firsts, chunk.start, side="right")) - 1
        entries = np.flatnonzero(chunk.class_id != NO_CLASS)[:left].astype(np.uint64)
        entries += np.uint64(chunk.start - firsts[number])
        if len(entries):
            yield number, entries
        if left is not None:
            left -= len(entries)
            if left == 0:
                return


# -- what is to be done


def _jobs(config: Base, folder: Path) -> list[Job]:
    """Open the files of all samples; what is wrong with any of them is told before one is written."""
    faults: list[ConfigError] = []
    bad: list[InputError] = []
    found = [_job_or_fault(config, name, folder) for name in prepared.section(config).samples]
    jobs = [one for one in found if isinstance(one, Job)]
    for one in found:
        if isinstance(one, ConfigError):
            faults += one.faults if isinstance(one, ConfigErrors) else [one]
        elif isinstance(one, InputError):
            bad += one.faults if isinstance(one, InputErrors) else [one]
    faults += _same_targets(config, jobs)
    faults += _replaced_inputs(config, jobs)
    if faults:
        raise ConfigErrors(faults)
    if bad:
        raise InputErrors(bad) if len(bad) > 1 else bad[0]
    for job in jobs:
        if prepared.is_foreign(job.target):
            raise OutputError(f"{job.target}: is there, and is no prepared sample; remove it, or choose another name")
    return jobs


def _job_or_fault(config: Base, name: str, folder: Path) -> Job | ConfigError | InputError:
    try:
        _refuse_same_rows(config, name)
        return _job(config, name, folder)
    except (ConfigError, InputError) as error:
        return error


def _job(config: Base, name: str, folder: Path) -> Job:
    section, here = prepared.section(config), ("preparation", "samples", name)
    spec = section.samples[name]
    files = open_files(prepared.inputs(config, name), section.tree, section.dataset)
    target = prepared.target(config, name, folder, files.kind)
    if target.suffix != prepared.SUFFIXES[files.kind]:
        kind = {"root": "a ROOT", "hdf5": "an HDF5"}[files.kind]
        raise config.fault(
            f"the output of '{name}' is {kind} file: let its name end in {prepared.SUFFIXES[files.kind]}", *here
        )
    _check_cuts(config, name, files)
    rules = Rules(files.columns, KeyRule(name), OneClass(0), cut=prepared.cut(config, name))
    columns = tuple(files.columns)
    source = Source(name, 0, "", files.kind, files.tree, files.files, files.entries, columns, rules.key.words, rules)
    inputs = [{**file.identity(), "path": file.nick} for file in files.files]
    key = provenance.stage_key([prepared.settings(config, name), inputs])
    said = {word: files.records[0][word] for word in _SAID if word in files.records[0]}
    return Job(name, source, target, None if spec.n_jets == _ALL else spec.n_jets, key, said)


def _check_cuts(config: Base, name: str, files: Files) -> None:
    """Refuse cuts on columns that are not there; ConfigError at the line of the cut."""
    spec = prepared.section(config).samples[name]
    cuts = [(spec.cut, ("preparation", "samples", name))]
    if spec.category != INCLUSIVE:
        cuts.append((prepared.class_cut(config, spec.category), ("classes", spec.category, "cut")))
    for text, at in cuts:
        if text is None:
            continue
        try:
            check_expression(f"sample '{name}'", text, files.columns)
        except ConfigError as error:
            raise config.fault(error.message, *at) from error
        except InputError as error:
            raise config.fault(str(error), *at) from error


def _refuse_same_rows(config: Base, name: str) -> None:
    """Raise ConfigError where samples of two classes would be the same rows, as no cut tells their classes apart."""
    samples = prepared.section(config).samples
    spec, own = samples[name], prepared.cut(config, name)
    for other, its in samples.items():
        if other == name:
            return
        same = (its.type, its.files) == (spec.type, spec.files) and prepared.cut(config, other) == own
        if same and its.category != spec.category:
            raise config.fault(
                f"samples '{other}' and '{name}' are of classes '{its.category}' and '{spec.category}', and have the"
                " same files and cuts; say 'cut' for these classes in the section 'classes'",
                *("preparation", "samples", name),
            )


def _same_targets(config: Base, jobs: Iterable[Job]) -> list[ConfigError]:
    first: dict[Path, str] = {}
    faults = []
    for job in jobs:
        other = first.setdefault(job.target.resolve(), job.name)
        if other != job.name:
            message = f"samples '{other}' and '{job.name}' would be written to the same file {job.target}"
            faults.append(config.fault(message, "preparation", "samples", job.name))
    return faults


def _replaced_inputs(config: Base, jobs: Iterable[Job]) -> list[ConfigError]:
    """Return a fault for each sample in whose place, or in that of its temporary file, an input of any sample is."""
    jobs = list(jobs)
    inputs = {_identity(file.path): (file.path, job.name) for job in jobs for file in job.source.files}
    faults = []
    for job in jobs:
        places = [path for path in (job.target, job.target.with_name(job.target.name + PART)) if path.exists()]
        taken = next((inputs[_identity(path)] for path in places if _identity(path) in inputs), None)
        if taken is not None:
            path, owner = taken
            whose = "its input" if owner == job.name else f"an input of '{owner}',"
            message = f"the output of '{job.name}' would replace {whose} {path}"
            faults.append(config.fault(message, "preparation", "samples", job.name))
    return faults


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _record(config: Base, job: Job, labels: list[str]) -> dict[str, Any]:
    """Return the provenance of a prepared sample; what its inputs say of their columns goes on to be known."""
    category = prepared.section(config).samples[job.name].category
    return {
        **job.said,
        **provenance.describe(config.folder),
        "stages": {prepared.STAGE: job.key},
        "settings": prepared.settings(config, job.name),
        "config": {"name": config.path.name, "sha256": config.source.sha256},
        "sample": {"name": job.name, "category": category},
        "class_labels": labels,
        "cut": job.source.rules.cut,
        "n_jets": job.most,
        "inputs": [file.identity() for file in job.source.files],
    }
