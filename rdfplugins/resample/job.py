"""One resampling: where its files are, and the steps from rows to an index of those that are chosen."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rdfplugins import provenance
from rdfplugins.errors import ConfigError, InputError
from rdfplugins.files import PART, claimed, make_folder
from rdfplugins.resample import freshness, parts
from rdfplugins.resample.binning import grids, refuse_too_many
from rdfplugins.resample.choose import Choice
from rdfplugins.resample.index import create, open_index, refuse_foreign
from rdfplugins.resample.methods import MisfitError
from rdfplugins.resample.scratch import opened, refuse_twice
from rdfplugins.resample.sources import resolve
from rdfplugins.resample.sources.root import is_rntuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rdfplugins.config import Config, ResampleConfig, TrainingConfig
    from rdfplugins.resample.methods import Plan
    from rdfplugins.resample.scratch import Scratch
    from rdfplugins.resample.sources import Source, Sources

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
FOLDER, PARTS, TARGET, REPORT = "resample", "parts", "target", "report"


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """The resampling of one split.

    Attributes
    ----------
    spec
        The section of the config, with what is said of this split.
    folder, stem
        Where its files are, and how their names begin.
    keys
        Hashes of what makes the index, and of what makes the output.
    """

    config: Config | TrainingConfig
    spec: ResampleConfig
    sources: Sources
    split: Split
    folder: Path
    stem: str
    keys: tuple[str, str]
    force: bool
    say: Callable[[str], None]

    @classmethod
    def open(
        cls,
        config: Config | TrainingConfig,
        base: Path,
        split: Split,
        *,
        outdated: Mapping[str, str],
        force: bool,
        say: Callable[[str], None],
    ) -> Job:
        """Find the sources, and the names of what is made of them; ``outdated``: sample -> why its tree is."""
        assert config.resample is not None
        spec, folder, stem = config.resample, base / FOLDER, _stem(config.resample, split)
        if split != "train" and spec.options.n_jets_validation is not None:
            options = spec.options.model_copy(update={"n_jets": spec.options.n_jets_validation})
            spec = spec.model_copy(update={"options": options})
        sources = resolve(config, base, split, outdated=outdated)
        refuse_rntuples(sources)
        keys = freshness.keys(config, spec, sources, split)
        job = cls(config, spec, sources, split, folder, stem, keys, force, say)
        job._refuse_taken()
        make_folder(folder)
        return job

    # -- names

    @property
    def output(self) -> Path:
        """The file with the chosen rows."""
        return self.folder / f"{self.stem}.{'root' if self.sources.all[0].kind == 'root' else 'h5'}"

    @property
    def index(self) -> Path:
        """The file that says which rows are chosen."""
        given = _stated_index(self.spec, self.split)
        return self.folder / f"{self.stem}.index.h5" if given is None else given

    def part(self, name: str) -> Path:
        """Return the file that a step leaves for the others."""
        return self.folder / PARTS / f"{self.stem}.{name}.h5"

    def _refuse_taken(self) -> None:
        """Refuse an index in the place of something else that is read or written; ConfigError at its line."""
        if _stated_index(self.spec, self.split) is None:
            return
        taken = {
            file.path: f"an input of sample '{source.name}'" for source in self.sources.all for file in source.files
        }
        taken[self.config.path] = "this config"
        for split in SPLITS:
            stem = _stem(self.spec, split)
            for output in (self.folder / f"{stem}.root", self.folder / f"{stem}.h5"):
                taken[output] = "an output of this stage"
                taken[output.with_name(output.name + PART)] = "an output of this stage while it is written"
            taken[self.folder / f".{stem}.lock"] = "a lock of this stage"
            other = _stated_index(self.spec, split)
            if split != self.split and other is not None:
                taken[other] = f"the index of the split {split}"
        what = next((what for path, what in taken.items() if _same(self.index, path)), None)
        for name in (REPORT, PARTS):
            if self.index.resolve().is_relative_to((self.folder / name).resolve()):
                what = f"in the folder {self.folder / name}, whose files this stage makes"
        if what is not None:
            key = _index_key(self.split)
            raise self.placed(ConfigError(f"{key}: {self.index} is {what}; choose another name"), "options", key)

    # -- from rows to an index

    def choice(self) -> Choice:
        """Return what bins, counts, plans and draws; ConfigError at the line of bins that make no sense."""
        try:
            refuse_too_many(grids(self.spec, self.sources.categories), len(self.sources.classes))
            return Choice(self.spec, self.sources.classes, self.sources.categories)
        except ConfigError as error:
            raise self.placed(error, "options", "sampling_variables") from error

    def has(self, path: Path) -> bool:
        """Return whether an index or part is there and belongs to this config and its inputs."""
        if not path.is_file():
            return False
        with contextlib.suppress(InputError), open_index(path) as index:
            return bool(index.attributes.get("key") == self.keys[0])
        return False

    def fill(self, choice: Choice, scratches: Sequence[Scratch]) -> None:
        """Read all sources; InputError for rows with the same key."""
        for scratch, source in zip(scratches, self.sources.all, strict=True):
            choice.fill(scratch, source.chunks(choice.expressions))
        if any(source.key_is != "file and row" for source in self.sources.all):
            refuse_twice(scratches)

    def rooms(self, choice: Choice) -> contextlib.AbstractContextManager[list[Scratch]]:
        """Return scratches for all sources, in the folder of outputs, as a context."""
        categories = [self.sources.categories.index(source.category) for source in self.sources.all]
        return opened([source.name for source in self.sources.all], categories, self.folder, choice.extra_columns)

    def planned(self, choice: Choice, scratches: Sequence[Scratch]) -> Plan:
        """Return what is to be drawn; ConfigError at the line of options that do not fit the rows."""
        try:
            plan = choice.plan(scratches)
        except MisfitError as error:
            for line in choice.remarks():
                self.say(f"resample: {line}")
            raise self.placed(error, *error.at) from error
        for line in (*choice.remarks(), *plan.says):
            self.say(f"resample: {line}")
        return plan

    def store(
        self, path: Path, choice: Choice, plan: Plan, scratches: Sequence[Scratch], *, only: int | None = None
    ) -> None:
        """Draw, and write the chosen rows with what is known of them."""
        refuse_foreign(path)
        draws = choice.draw(plan if only is None else choice.only(plan, only), scratches)
        counts = choice.counts()
        make_folder(path.parent)
        with claimed(path) as part, create(part, subsets=bool(plan.subsets)) as writer:
            for source, scratch in zip(self.sources.all, scratches, strict=True):
                writer.start(source.name, self.described(source))
                for rows in choice.rows(draws, scratch, counts, only=only):
                    writer.add(source.name, rows)
            attributes, tables = parts.of_plan(choice, plan)
            writer.finish(self.attributes(attributes), {**tables, **parts.of_counts(counts)})

    def described(self, source: Source) -> dict[str, Any]:
        """Return what an index says of a source."""
        return {
            "number": source.number,
            "category": source.category,
            "tree": source.tree,
            "entries": source.entries,
            "key": source.key_is,
            "files": [file.identity() for file in source.files],
        }

    def attributes(self, of_plan: dict[str, Any]) -> dict[str, Any]:
        """Return what an index says of itself."""
        return {
            **of_plan,
            "key": self.keys[0],
            "config_sha256": self.config.source.sha256,
            "made_by": provenance.describe(self.config.folder)["made_by"],
            "method": self.spec.method,
            "seed": self.spec.options.seed,
            "split": self.split,
            "class_labels": list(self.sources.classes),
            "categories": list(self.sources.categories),
        }

    def need(self, names: Sequence[str]) -> None:
        """Raise InputError for parts that are not there, or of another config or other inputs."""
        lacking = [name for name in names if not self.has(self.part(name))]
        if lacking:
            todo = ", ".join(f"--flavour {name}" for name in lacking)
            names_of = ", ".join(str(self.part(name)) for name in lacking)
            are = "is" if len(lacking) == 1 else "are"
            raise InputError(
                f"{names_of} {are} not there, or of another config or other inputs: run with"
                f" --resampling and {todo} first"
            )

    def placed(self, error: ConfigError, *at: str) -> ConfigError:
        """Return an error with the line of what it is about."""
        return self.config.fault(error.message, *self.config.resample_path(*at))


def _stem(spec: ResampleConfig, split: Split) -> str:
    """Return how the names of the files of a split begin."""
    if split == "train":
        return spec.output or "train"
    return f"hybrid_{split}" if spec.output is None else f"{spec.output}_hybrid_{split}"


def _index_key(split: Split) -> str:
    return "intermediate_index_file" if split == "train" else "intermediate_index_file_validation"


def _stated_index(spec: ResampleConfig, split: Split) -> Path | None:
    """Return where the config wants the index of a split; None if it does not say."""
    given = getattr(spec.options, _index_key(split))
    if given is None:
        return None
    path = Path(given)
    # both hybrid samples have one option, and an index of its own each
    return path.with_name(f"{path.stem}.test{path.suffix}") if split == "test" else path


def _same(one: Path, other: Path) -> bool:
    """Return whether two paths are one file, or will be."""
    with contextlib.suppress(OSError):
        if one.samefile(other):
            return True
    return one.resolve() == other.resolve()


def refuse_rntuples(sources: Sources) -> None:
    """Raise InputError for sources that can be read, but not written from, before any of them is read."""
    for source in sources.all:
        for file in source.files if source.kind == "root" else ():
            if is_rntuple(file.path, source.tree):
                raise InputError(
                    f"{file.path}: '{source.tree}' is an RNTuple, whose rows are not copied; write it as a TTree (for"
                    " `select`: output.format: ttree)"
                )
