"""A config -> the sources of a resampling, with all that can be wrong in them found before a row is read."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Literal

from rdfplugins.errors import ConfigError, ConfigErrors, InputError, InputErrors, did_you_mean
from rdfplugins.resample.sources import origins as origins_of
from rdfplugins.resample.sources import overlaps
from rdfplugins.resample.sources.base import Source, Sources
from rdfplugins.resample.sources.classes import Classes, stored_maps
from rdfplugins.resample.sources.describe import open_files
from rdfplugins.resample.sources.keys import EVENT_KEY, FILE_AND_ROW, KeyRule, key_rule
from rdfplugins.resample.sources.rows import SPLITS, OneClass, Rules, check_columns, check_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config.models import Base
    from rdfplugins.config.resample import ResampleConfig
    from rdfplugins.resample.sources.describe import Files
    from rdfplugins.resample.sources.origins import Origin
    from rdfplugins.resample.sources.overlaps import Ancestry

Split = Literal["train", "val", "test"]
ONE_CATEGORY = "all"
"""Name of the only category where the config has none."""
_KEY_OF = {"train": ("samples", "samples_training"), "val": ("samples_validation",), "test": ("samples_testing",)}


def resolve(config: Base, folder: Path, split: Split, *, outdated: Mapping[str, str]) -> Sources:
    """Find what a resampling reads.

    Samples are those of ``resample.from``, else those of ``preparation``, else those of ``select``. The class of a row
    comes from the label column; else from the category of a prepared sample; else from the cuts of ``classes``; else it
    is the label or the name of the sample. Rows of other splits are not used; without a column of splits all rows are
    of the training split.

    Parameters
    ----------
    config
        With a section ``resample``.
    folder
        Base of the outputs, where ``select`` and ``prepare`` write.
    split
        Which rows are used; all but ``train`` are for hybrid samples.
    outdated
        Sample -> why the tree of the selection is not that of the config.

    Raises
    ------
    ConfigErrors
        With the lines of what the config says wrong: samples, classes, columns.
    InputError
        For files that cannot be read, or are not of this config.
    """
    try:
        return _Resolution(config, folder, split, outdated).sources()
    except ConfigErrors:
        raise
    except ConfigError as error:
        raise ConfigErrors([error]) from error


@dataclasses.dataclass(frozen=True)
class _Chosen:
    """A sample that is read: category, where it comes from, its files."""

    category: str
    origin: Origin
    files: Files


class _Resolution:
    def __init__(self, config: Base, folder: Path, split: Split, outdated: Mapping[str, str]) -> None:
        assert config.resample is not None
        self._config = config
        self._spec: ResampleConfig = config.resample
        self._split: Split = split
        self._all = origins_of.all_of(config, folder, outdated)
        self._said: list[str] = []

    def sources(self) -> Sources:
        categories = self._categories()
        opened = self._open(categories)
        files = {one.origin.name: one.files for one in opened}
        self._refuse_two_formats(opened)
        maps = stored_maps(files.values())
        classes = Classes(self._config, [one.origin for one in opened], maps)
        classes.refuse_other_order(files)
        used = self._of_wanted_classes(opened, classes)
        self._refuse_without_class(categories, used, classes)
        self._check_columns(used, classes)
        made = [self._source(number, one, classes) for number, one in enumerate(used)]
        ancestries = {
            one.origin.name: overlaps.ancestry([file.path for file in one.files.files], one.files.records)
            for one in used
        }
        self._refuse_shared(made)
        self._refuse_shared_inputs(made, ancestries)
        self._say_of_splits(made)
        self._refuse_leaks(made, ancestries, classes)
        self._say_of_keys(made)
        self._say_of_partial(used)
        names = tuple(name for name in categories if any(source.category == name for source in made))
        return Sources(classes.names, names, tuple(made), maps, tuple(self._said))

    # -- which samples

    def _categories(self) -> dict[str, tuple[str, ...]]:
        """Return category -> names of its samples."""
        options = self._spec.options
        stated = options.samples_of(self._split)
        if stated is None:  # the samples of the training, of which other rows may be used
            stated = options.samples_of("train")
        if stated is None:
            names = [name for name, origin in self._all.items() if origin.wanted]
            left_out = [name for name in self._all if name not in names]
            if left_out:
                self._said.append(
                    f"left out, as they are data: {', '.join(left_out)} (to use them, name them in 'samples')"
                )
            return {ONE_CATEGORY: tuple(names)}
        return dict(stated)  # that there are such samples, each once, was seen when the config was read

    def _stated_key(self, split: str) -> str:
        options = self._spec.options
        return next((key for key in _KEY_OF[split] if getattr(options, key) is not None), _KEY_OF[split][0])

    def _at_option(self, *keys: str | int) -> tuple[str | int, ...]:
        return self._config.resample_path("options", *keys)

    def _open(self, categories: Mapping[str, Sequence[str]]) -> list[_Chosen]:
        """Open the files of all samples, in the order of the config; all that cannot be read is told at once."""
        category_of = {name: category for category, names in categories.items() for name in names}
        opened: list[_Chosen] = []
        bad: list[InputError] = []
        for name, origin in self._all.items():
            if name not in category_of:
                continue
            try:
                opened.append(
                    _Chosen(category_of[name], origin, open_files(origin.files(), origin.tree, origin.dataset))
                )
            except InputErrors as errors:
                bad += errors.faults
            except InputError as error:
                bad.append(error)
        if bad:
            raise InputErrors(bad) if len(bad) > 1 else bad[0]
        if not opened:
            raise self._config.fault("there is no sample to read", *self._config.resample_path())
        return opened

    def _refuse_two_formats(self, opened: Sequence[_Chosen]) -> None:
        first = opened[0]
        for one in opened:
            if one.files.kind != first.files.kind:
                raise InputError(
                    f"{one.files.files[0].path} (sample '{one.origin.name}') is of another format than"
                    f" {first.files.files[0].path} (sample '{first.origin.name}'); one output is made of one format"
                )

    # -- which classes

    def _of_wanted_classes(self, opened: Sequence[_Chosen], classes: Classes) -> list[_Chosen]:
        """Return the samples that can have rows of a wanted class; one that is named and has none is an error."""
        used = [one for one in opened if classes.of(one.origin)]
        left_out = [one.origin for one in opened if not classes.of(one.origin)]
        stated = self._spec.options.samples_of(self._split)
        if left_out and stated is not None:
            origin = left_out[0]
            raise self._config.fault(
                f"sample '{origin.name}' is named in 'samples', and its class '{origin.category or origin.label}' is"
                " not in 'class_labels'; name the class, or leave the sample out",
                *self._config.resample_path("class_labels"),
            )
        if left_out:
            names = ", ".join(origin.name for origin in left_out)
            self._said.append(f"left out, as their classes are not in 'class_labels': {names}")
        return used

    def _refuse_without_class(self, categories: Iterable[str], used: Sequence[_Chosen], classes: Classes) -> None:
        """Refuse a category in which no sample can have rows of some class: no method can make it alike in all."""
        if self._spec.method == "none":
            return
        fractions = self._spec.options.fractions or {}
        for category in categories:
            if fractions.get(category) == 0:  # left out
                continue
            there = {name for one in used if one.category == category for name in classes.of(one.origin)}
            lacking = [name for name in classes.names if name not in there]
            if lacking:
                key = self._stated_key(self._split)
                stated = self._spec.options.samples_of(self._split) is not None
                at = self._at_option(key, category) if stated else self._config.resample_path()
                raise self._config.fault(f"category '{category}' has no sample of class {', '.join(lacking)}", *at)

    # -- which columns

    def _check_columns(self, used: Sequence[_Chosen], classes: Classes) -> None:
        """Refuse columns of the config that a sample does not have, each at its line; all are told at once."""
        found = (self._fault_of(*one) for one in self._expressions(used, classes))
        faults = [fault for fault in found if fault is not None]
        if faults:
            raise ConfigErrors(faults)

    def _fault_of(self, text: str, at: tuple[str | int, ...], samples: Sequence[_Chosen]) -> ConfigError | None:
        """Return what is wrong with an expression in the first sample for which it is; None if nothing is."""
        try:
            for one in samples:
                check_expression(f"sample '{one.origin.name}'", text, one.files.columns)
        except ConfigError as error:
            return self._config.fault(error.message, *at)
        except InputError as error:
            return self._config.fault(str(error), *at)
        return None

    def _expressions(
        self, used: Sequence[_Chosen], classes: Classes
    ) -> Iterator[tuple[str, tuple[str | int, ...], list[_Chosen]]]:
        """Yield columns and formulas of the config, where each stands, and the samples that need it."""
        every = list(used)
        options, config = self._spec.options, self._config
        for number, variable in enumerate(options.sampling_variables):
            at = self._at_option("sampling_variables", number, variable.name)
            yield variable.expression or variable.name, at, every
        if options.allocation_variable is not None:
            yield options.allocation_variable, self._at_option("allocation_variable"), every
        if self._spec.label_column is not None:
            yield self._spec.label_column.column, config.resample_path("label_column"), every
            return
        for name in classes.names:
            cut = (config.classes or {})[name].cut if name in (config.classes or {}) else None
            if cut is not None:
                cutting = [one for one in every if one.origin.category is None and name in classes.of(one.origin)]
                yield cut, ("classes", name, "cut"), cutting

    # -- what is made of it

    def _source(self, number: int, one: _Chosen, classes: Classes) -> Source:
        files, name = one.files, one.origin.name
        key = self._key_rule(name, files)
        column = self._spec.split_column
        split = (column, SPLITS.index(self._split)) if column in files.columns else None
        if split is not None:
            check_columns(f"sample '{name}'", [column], files.columns)
        rules = Rules(files.columns, key, classes.rule(one.origin), split)
        return Source(
            name,
            number,
            one.category,
            files.kind,
            files.tree,
            files.files,
            files.entries,
            tuple(files.columns),
            key.words,
            rules,
        )

    def _key_rule(self, name: str, files: Files) -> KeyRule:
        try:
            return key_rule(name, self._spec.key, files.columns)
        except ConfigError as error:
            raise self._config.fault(error.message, *self._config.resample_path("key")) from error

    def _refuse_shared(self, made: Sequence[Source]) -> None:
        """Refuse a file whose rows would be of two classes, and say where they come twice."""
        first: dict[Path, Source] = {}
        for source in made:
            for file in source.files:
                path = file.path.resolve()
                other = first.setdefault(path, source)
                if other is source:
                    continue
                mine, its = source.rules.classes, other.rules.classes
                if isinstance(mine, OneClass) and isinstance(its, OneClass) and mine != its:
                    raise InputError(
                        f"{file.path}: is in samples '{other.name}' and '{source.name}', which are of different"
                        " classes; its rows would be of both (cuts of 'classes' or a label column tell rows apart)"
                    )
                line = (
                    f"warning: the same files are in samples '{other.name}' and '{source.name}': their rows come twice"
                )
                if line not in self._said:
                    self._said.append(line)

    def _refuse_shared_inputs(self, made: Sequence[Source], ancestries: Mapping[str, Ancestry]) -> None:
        """Do the same for what a selection made, where one event has two keys, and none tells that it comes twice."""
        for one, other in itertools.combinations(made, 2):
            path = overlaps.shared(ancestries[other.name].read, ancestries[one.name].read)
            if path is None:
                continue
            mine, its = one.rules.classes, other.rules.classes
            different = isinstance(mine, OneClass) and isinstance(its, OneClass) and mine != its
            if different and not overlaps.told_apart(self._config, one.name, other.name):
                raise InputError(
                    f"{path}: samples '{one.name}' and '{other.name}' are both selected from it, and are of different"
                    " classes; its events would be of both ('only' of a step, cuts of 'classes' or a label column tell"
                    " events apart)"
                )
            self._said.append(
                f"warning: samples '{one.name}' and '{other.name}' are both selected from {path}: events may come twice"
            )

    def _refuse_leaks(self, made: Sequence[Source], ancestries: Mapping[str, Ancestry], classes: Classes) -> None:
        """Refuse hybrid samples with events that are in the training, under another name of a sample."""
        if self._split == "train":
            return
        stated_classes = self._spec.class_labels is not None  # those of other samples are known then
        for name in self._in_training():
            if stated_classes and not classes.of(self._all[name]):  # left out
                continue
            found = ancestries[name] if name in ancestries else self._ancestry_of(name)
            for source in made:
                if found is None or source.name == name:
                    continue
                mine = ancestries[source.name]
                path = overlaps.shared(mine.own, found.own) if source.rules.split is None else None
                if path is None and not overlaps.told_apart(self._config, source.name, name):
                    # a split goes by sample and event: that of the one says nothing of the other
                    path = overlaps.shared(mine.read, found.read)
                if path is not None:
                    stated = self._spec.options.samples_of(self._split) is not None
                    raise self._config.fault(
                        f"sample '{source.name}' is made of {path}, as is '{name}', which is for training: its events"
                        " would be in both",
                        *(self._at_option(_KEY_OF[self._split][0]) if stated else self._config.resample_path()),
                    )

    def _ancestry_of(self, name: str) -> Ancestry | None:
        """Return where a sample that is not read comes from; None, which is said, if it is not there."""
        try:
            return overlaps.ancestry(self._all[name].files())
        except (InputError, OSError) as error:
            self._said.append(f"warning: whether these samples have events of '{name}' in training is unknown: {error}")
            return None

    def _say_of_splits(self, made: Sequence[Source]) -> None:
        column, without = self._spec.split_column, [source.name for source in made if source.rules.split is None]
        if not without:
            return
        names = ", ".join(without)
        if self._split == "train":
            hint = did_you_mean(column, made[0].columns) if column != "split" else ""
            self._said.append(f"no column '{column}' in {names}{hint}: all of their rows are for training")
            return
        key = _KEY_OF[self._split][0]
        if self._spec.options.samples_of(self._split) is None:
            raise self._config.fault(
                f"sample{'s' * (len(without) > 1)} {names}: no column '{column}', so which rows are not for training is"
                f" unknown; name other samples in 'options: {key}'",
                *self._config.resample_path(),
            )
        training = self._in_training()
        shared = [name for name in without if name in training]
        if shared:
            raise self._config.fault(
                f"sample '{shared[0]}' is for training, too, and has no column '{column}' that tells its rows apart",
                *self._at_option(key),
            )
        self._said.append(f"no column '{column}' in {names}: all of their rows are used")

    def _in_training(self) -> list[str]:
        stated = self._spec.options.samples_of("train")
        if stated is None:
            return [name for name, origin in self._all.items() if origin.wanted]
        return [name for names in stated.values() for name in names]

    def _say_of_keys(self, made: Sequence[Source]) -> None:
        names = [source.name for source in made if source.key_is == FILE_AND_ROW]
        if names:
            self._said.append(
                f"{', '.join(names)}: rows are identified by file and row, so the draw depends on names of files and"
                " the order of rows in them ('key' names columns that identify a row)"
            )

        stored = [source.name for source in made if source.key_is == EVENT_KEY]
        if stored and self._spec.key is not None and self._spec.key != (EVENT_KEY,):
            self._said.append(f"{', '.join(stored)}: 'key' is not looked at, as there is a column '{EVENT_KEY}'")

    def _say_of_partial(self, used: Sequence[_Chosen]) -> None:
        partial = [one.origin.name for one in used if any(record.get("partial") for record in one.files.records)]
        if partial:
            self._said.append(f"warning: {', '.join(partial)}: made of the first events only (--max-events)")
