"""The stage ``resample``: index, then output, then report; whole, or in the steps that batch jobs share."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from rdfplugins import provenance
from rdfplugins.errors import OutputError, did_you_mean
from rdfplugins.files import atomic, lock
from rdfplugins.formula import Formula
from rdfplugins.resample import flavours, freshness, parts
from rdfplugins.resample.index import open_index
from rdfplugins.resample.job import REPORT, TARGET, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config import Config, TrainingConfig
    from rdfplugins.resample.index import Index, Rows
    from rdfplugins.resample.job import Split
    from rdfplugins.resample.sources import Source
    from rdfplugins.resample.tally import Tally

_SHUFFLED = ("pdf", "countup", "random_oversampling")
_MADE_OF = ".made_of"
_MB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Made:
    """What a stage made, or found up to date: samples, plots and tables, and what was counted on the way."""

    outputs: tuple[Path, ...] = ()
    report: tuple[Path, ...] = ()
    tallies: tuple[Tally, ...] = ()

    def __add__(self, other: Made) -> Made:
        return Made(self.outputs + other.outputs, self.report + other.report, self.tallies + other.tallies)


def run(
    config: Config | TrainingConfig,
    folder: Path,
    *,
    outdated: Mapping[str, str],
    flavour: str | None = None,
    hybrid: bool = False,
    force: bool = False,
    say: Callable[[str], None],
) -> Made:
    """Run the stage.

    Parameters
    ----------
    folder
        Base of all outputs; those of the stage go to ``resample`` in it.
    outdated
        Sample -> why the tree of the stage ``select`` is not that of the config.
    flavour
        One step only: ``target`` counts and plans, a number chooses the rows of that class (or of the samples of that
        number in each category), ``plotting`` draws, ``combining`` writes the output. None: everything.
    hybrid
        Resample the validation split (and the testing split, where ``samples_testing`` are named) in place of the
        training split; the output is marked not to be trained on.
    force
        Make again what is up to date.
    say
        Called with each line for the user.

    Raises
    ------
    ConfigError, InputError, OutputError
        With a message for the user; what was finished stays, nothing is half-written.
    """
    assert config.resample is not None
    splits: list[Split] = ["train"]
    if hybrid:
        splits = ["val", "test"] if config.resample.options.samples_testing else ["val"]
    made = Made()
    for split in splits:
        made += _run(Job.open(config, folder, split, outdated=outdated, force=force, say=say), flavour)
    return made


def _run(job: Job, flavour: str | None) -> Made:
    """Do everything, or one step; what is odd about the sources is said once, not by each of the jobs."""
    if flavour in (None, TARGET):
        for line in job.sources.says:
            job.say(f"resample: {line}")
    if flavour is None:
        with lock(job.folder, f".{job.stem}.lock"):
            if job.force or not job.has(job.index):
                if not job.force and freshness.is_made(job.output, job.keys[1]):
                    job.say(f"resample: {job.index} is not there or of another run; it is made again")
                _choose_all(job)
            else:
                job.say(f"resample: {job.index} is up to date")
            _write(job)
            tally = _tally(job, [job.index])
            return Made((job.output,), _report(job, tally), (tally,))
    if flavour == TARGET:
        return Made((flavours.plan(job),))
    if flavour == flavours.COMBINING:
        with lock(job.folder, f".{job.stem}.lock"):
            flavours.combine(job)
            _write(job)
            tally = _tally(job, [job.index])
            return Made((job.output,), _report(job, tally), (tally,))
    if flavour == flavours.PLOTTING:
        return Made((), _report(job, _tally(job, flavours.all_parts(job))))
    return Made((flavours.choose_class(job, flavours.class_id(job, flavour)),), ())


def _choose_all(job: Job) -> None:
    choice = job.choice()
    with job.rooms(choice) as scratches:
        job.fill(choice, scratches)
        plan = job.planned(choice, scratches)
        job.store(job.index, choice, plan, scratches)


def _write(job: Job) -> None:
    from rdfplugins.resample.write import write

    if not job.spec.attaches:
        job.say("resample: bool_attach_sample_weights: false: the weights are in the index, not in the output")
    if not job.force and freshness.is_made(job.output, job.keys[1]):
        job.say(f"resample: {job.output} is up to date")
        return
    options = job.spec.options
    with open_index(job.index) as index:
        total = int(parts.to_counts(index.tables()).after.sum())

        def rows(source: Source) -> Iterator[Rows]:
            return index.verified(source.name, entries=source.entries, classes=len(job.sources.classes))

        shuffle = options.shuffle if options.shuffle is not None else job.spec.method in _SHUFFLED
        tracks = options.tracks_names if options.save_tracks else ()
        labels = {name: options.track_truth_variables for name in tracks if options.save_track_labels}
        written = write(
            job.output,
            job.sources,
            rows,
            shuffle=shuffle,
            seed=options.seed,
            attach=job.spec.attaches,
            subset=bool(index.attributes["subsets"]),
            memory=job.spec.memory_mb * _MB,
            record=_record(job, index),
            tracks=tuple(tracks),
            labels=labels,
            say=lambda line: job.say(f"resample: {line}"),
        )
    if written.rows != total:
        job.output.unlink(missing_ok=True)
        raise OutputError(f"{job.output}: {written.rows} rows were written where {total} were chosen")
    job.say(f"resample: {written.rows} rows -> {job.output}")


def _record(job: Job, index: Index) -> dict[str, Any]:
    classes = {name: number for number, name in enumerate(job.sources.classes)}
    samples = {source.name: source.number for source in job.sources.all}
    return {
        **provenance.describe(job.config.folder),
        "stages": {freshness.STAGE: job.keys[1]},
        "config": job.config.source.text,
        "config_sha256": job.config.source.sha256,
        "method": job.spec.method,
        "seed": job.spec.options.seed,
        "split": job.split,
        "training": job.split == "train",
        "class_labels": list(job.sources.classes),
        "categories": list(job.sources.categories),
        "units": _units(job),
        "maps": {**job.sources.stored_maps, "class_id": classes, "source_sample": samples},
        "samples": {name: index.described(name) for name in index.samples},
    }


def _tally(job: Job, paths: Sequence[Path]) -> Tally:
    """Return the counts of an index, or of the parts of all classes."""
    choice = job.choice()
    counts = choice.counts()
    for path in paths:
        with open_index(path) as index:
            attributes, tables = index.attributes, index.tables()
            counts.merge(parts.to_counts(tables))
    return choice.tally(parts.to_plan(choice, attributes, tables), counts)


def _report(job: Job, tally: Tally) -> tuple[Path, ...]:
    from rdfplugins.resample import report

    folder = job.folder / REPORT / ("" if job.stem == "train" else job.stem)
    options = job.spec.options
    output = job.output if freshness.is_made(job.output, job.keys[1]) else None
    key = provenance.stage_key([job.keys, output is not None, options.n_jets_to_plot, list(options.plot_variables)])
    stamp = folder / _MADE_OF
    if not job.force and stamp.is_file():
        stored = stamp.read_text(encoding="utf-8").split("\n")
        paths = tuple(folder / name for name in stored[1:] if name)
        if stored[0] == key and all(path.is_file() for path in paths):
            return paths
    classes = job.config.classes or {}
    made = report.run(
        tally,
        job.sources,
        output,
        folder,
        variables=job.choice().expressions,
        plot_variables=options.plot_variables,
        n_rows=options.n_jets_to_plot,
        colors={name: one.color for name, one in classes.items()},
        labels={name: one.label for name, one in classes.items()},
        attached=job.spec.attaches,
        units=_units(job),
        say=lambda line: job.say(f"resample: {line}"),
    )
    with atomic(stamp) as part:
        part.write_text("\n".join([key, *(str(path.relative_to(folder)) for path in made)]), encoding="utf-8")
    return made


def _units(job: Job) -> dict[str, str]:
    """Return the units of columns that the provenance of a source knows, and of variables that are such a column."""
    known: dict[str, str] = {}
    for source in job.sources.all:
        record = freshness.record_of(source.files[0].path) or {}
        known.update(record.get("units") or {})
    variables = job.choice().expressions.items()
    return {**known, **{name: known[column] for name, column in variables if column in known}}


def why_outdated(config: Config | TrainingConfig, folder: Path, outdated: Mapping[str, str]) -> str | None:
    """Return why the output for the training is not that of the config; None if it is."""
    job = Job.open(config, folder, "train", outdated=outdated, force=False, say=lambda _: None)
    if freshness.is_made(job.output, job.keys[1]):
        return None
    return f"{job.output} is not there, or was made with another config or of other samples"


def check_order(config: Config) -> None:
    """Raise ConfigError if ``class_labels`` are in another order than the labels of the samples, before any loop.

    The trees hold ``label_id``, which has the order of the samples: two numbers for a class are one too many.
    """
    spec = config.resample
    if spec is None or spec.class_labels is None or spec.source is not None or config.preparation is not None:
        return
    labels = list(dict.fromkeys(one.label or name for name, one in config.input.samples.items()))
    named = [name for name in spec.class_labels if name in labels]
    order = [name for name in labels if name in named]
    if named != order and config.classes is None and spec.label_column is None:
        raise config.fault(
            f"the order differs from that of input.samples, [{', '.join(order)}], which is that of label_id in the"
            " trees: write them in this order, or the samples in the other",
            *config.resample_path("class_labels"),
        )


def check_columns(config: Config, columns: Sequence[str], sample: str) -> None:
    """Raise ConfigError if the tree of a sample will lack a column of the sampling variables.

    Parameters
    ----------
    columns
        Those that the stage ``select`` writes; branches of the stage ``ml`` are known besides.
    """
    spec = config.resample
    if spec is None or spec.source is not None or config.preparation is not None:
        return
    if config.input.samples[sample].kind == "data":
        return
    chosen = spec.options.samples_of("train")
    if chosen is not None and not any(sample in names for names in chosen.values()):
        return
    known = [*columns, *config.ml_branches]
    for variable in spec.options.sampling_variables:
        for name in Formula(variable.expression or variable.name).columns:
            if name not in known:
                listed = "; list it in select.output.columns" if config.select.output.columns is not None else ""
                raise config.fault(
                    f"the tree of sample '{sample}' has no column '{name}'{did_you_mean(name, known)}{listed}",
                    *config.resample_path("options", "sampling_variables"),
                )
