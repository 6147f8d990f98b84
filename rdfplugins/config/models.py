"""A whole config, and the door through which it is loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, PrivateAttr, ValidationError

from rdfplugins.config.base import Section, described, fault
from rdfplugins.config.classes import Classes  # noqa: TC001 (pydantic reads the annotations when the class is made)
from rdfplugins.config.files import expand_files
from rdfplugins.config.input import InputConfig  # noqa: TC001
from rdfplugins.config.loader import Document, read_document, tidied
from rdfplugins.config.messages import messages
from rdfplugins.config.ml import MlConfig, Models, check_ml, entry_path
from rdfplugins.config.preparation import PreparationConfig  # noqa: TC001
from rdfplugins.config.report import ReportConfig, check_report
from rdfplugins.config.resample import ResampleConfig  # noqa: TC001
from rdfplugins.config.rules import check_rules
from rdfplugins.config.sampling_view import resample_path
from rdfplugins.config.select import HistogramConfig, SelectConfig  # noqa: TC001
from rdfplugins.config.train import TrainConfig, check_train
from rdfplugins.config.training_rules import WITHOUT_EFFECT, check_training, ignored
from rdfplugins.errors import ConfigError, ConfigErrors, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _version_one(value: Any) -> Any:
    if value != 1 or not isinstance(value, int) or isinstance(value, bool):
        raise fault(f"this release reads configs with 'version: 1', not {described(value)}")
    return value


HIDDEN = "."  # in front of keys that hold anchors alone
TRAINING_STAGES = {"preparation": "--prepare", "resample": "--resampling", "train": "--stage train"}
SAME_STAGES = {"sampling": "resample"}


class Base(Section):
    """What every config may have.

    Attributes
    ----------
    version
        Version of the format of configs.
    classes
        Name -> what its rows have in common; None where the file has none.
    preparation, resample, train
        See the classes; None where the file has none.
    parameters, cut_parameters, general
        A place for anchors, which are known in all that comes behind; keys at the top that begin with a dot are, too.
    outfile_name, outfile_name_validation, plot_name, plot_sample_label, plot_type, legend_sample_category
        Of umami; without effect.
    var_file, dict_file, compression, precision, concat_jet_tracks, convert_to_tfrecord
        Of umami; without effect.
    """

    OTHER_NAMES: ClassVar[dict[str, str]] = SAME_STAGES

    version: Annotated[Literal[1], BeforeValidator(_version_one)] = 1
    classes: Classes | None = None
    preparation: PreparationConfig | None = None
    resample: ResampleConfig | None = None
    train: TrainConfig | None = None
    parameters: Any = None
    cut_parameters: Any = None
    general: Any = None
    outfile_name: Any = None
    outfile_name_validation: Any = None
    plot_name: Any = None
    plot_sample_label: Any = None
    plot_type: Any = None
    legend_sample_category: Any = None
    var_file: Any = None
    dict_file: Any = None
    compression: Any = None
    precision: Any = None
    concat_jet_tracks: Any = None
    convert_to_tfrecord: Any = None

    _source: Document = PrivateAttr()

    @classmethod
    def _read(cls, data: dict[Any, Any]) -> dict[Any, Any]:
        return {key: value for key, value in super()._read(data).items() if not str(key).startswith(HIDDEN)}

    @classmethod
    def offered(cls) -> list[str]:
        """Return the keys that may have been meant by an unknown one."""
        return [key for key in cls.keys() if key not in WITHOUT_EFFECT]  # noqa: SIM118 (a method, not a dict)

    @property
    def source(self) -> Document:
        """The file as read: plain values, text, hash, and lines."""
        return self._source

    @property
    def path(self) -> Path:
        """The file, as the user gave it."""
        return self._source.path

    @property
    def name(self) -> str:
        """Name of the file without its ending; exports are named after it."""
        return self.path.stem

    @property
    def folder(self) -> Path:
        """Folder of the file, to which paths of inputs are relative."""
        return self.path.parent

    def position(self, *path: str | int) -> tuple[str, int | None]:
        """Return file and line of a key, e.g. ``config.position("select", "steps", 3, "define", "x")``."""
        return self._source.position(path)

    def fault(self, message: str, *path: str | int) -> ConfigError:
        """Return an error that bears the place of a key, to be raised by who finds that its value does not fit."""
        file, line = self.position(*path)
        return ConfigError(message, file=file, line=line)

    def resample_path(self, *keys: str | int) -> tuple[str | int, ...]:
        """Return where a key of ``resample`` stands in the file, which may call the section ``sampling``."""
        return resample_path(self._source, *keys)

    def warnings(self) -> list[str]:
        """Return a line for all that stands in the file and has no effect."""
        return ignored(self._source)


class TrainingConfig(Base):
    """A config without ``input`` and ``select``: it makes training samples of files that somebody else wrote."""


class Config(Base):
    """A config that has no fault.

    Attributes
    ----------
    input, select, report
        See the classes; ``report`` is None where the file has none.
    ml
        Models, of which each makes a branch of the trees: a list, or one; none where the file has no ``ml``.
    """

    version: Annotated[Literal[1], BeforeValidator(_version_one)]
    input: InputConfig
    select: SelectConfig
    ml: Models = ()
    report: ReportConfig | None = None

    def ml_path(self, number: int) -> tuple[str | int, ...]:
        """Return where the entry of this number stands in ``ml``, which may be a list or one mapping."""
        return entry_path(self._source.data.get("ml"), number)

    @property
    def ml_branches(self) -> dict[str, MlConfig]:
        """Branch -> the entry of ``ml`` that makes it."""
        return {entry.branch: entry for entry in self.ml}

    @property
    def ml_histograms(self) -> dict[str, HistogramConfig]:
        """Those of ``select.histograms`` whose column is a branch that ``ml`` makes: it fills them, too."""
        branches = self.ml_branches
        return {name: spec for name, spec in self.select.histograms.items() if spec.column in branches}

    def model_of(self, entry: MlConfig) -> str | None:
        """Return the model of an entry of ``ml`` as `rdfplugins.load_model` takes it; by its name that of ``train``."""
        return str(self._trained) if self.is_trained(entry) else entry.where(self.folder)

    def is_trained(self, entry: MlConfig) -> bool:
        """Return whether the model of an entry is the one that ``train`` makes: of its name, or its path."""
        if self.train is None or entry.model is None:
            return False
        where = entry.where(self.folder)
        return entry.model == self.train.model or (
            where is not None and Path(where).resolve() == self._trained.resolve()
        )

    @property
    def _trained(self) -> Path:
        assert self.train is not None
        return Path(self.train.dir) / self.train.model

    def input_files(self, sample: str) -> list[str]:
        """Return the files of a sample, globs and lists expanded; none where it is simulated.

        Raises
        ------
        ConfigErrors
            With the lines of the patterns that name nothing.
        """
        patterns = self.input.samples[sample].files
        path = ("input", "samples", sample, "files")
        return (
            expand_files(patterns or (), self.folder, place=lambda index: self.position(*path, index))
            if patterns
            else []
        )


def load_config(path: str | Path, overrides: Sequence[str] = ()) -> Config:
    """Read and check a config that selects events.

    Parameters
    ----------
    path
        A YAML file; messages name it as it is given here.
    overrides
        Texts ``a.b.0.c=value``, as of ``--set``.

    Raises
    ------
    ConfigErrors
        With all faults, sorted by file and line; also where the file has no ``input`` and ``select``.
    """
    config = load_any(path, overrides)
    if isinstance(config, Config):
        return config
    stages = [name for key, name in TRAINING_STAGES.items() if getattr(config, key) is not None]
    message = (
        "this config has no 'input' and 'select', so there is no selection to look at: it serves `rdfrun CONFIG`"
        f" ({', '.join(stages)}) and `rdfrun check CONFIG`"
    )
    raise ConfigErrors([ConfigError(message, file=str(config.path))])


def load_any(path: str | Path, overrides: Sequence[str] = ()) -> Config | TrainingConfig:
    """Read and check a config of any kind; parameters and errors are those of `load_config`."""
    document, faults = read_document(Path(os.fspath(path)), overrides)
    models: dict[int, type[Section]] = {}
    kind = TrainingConfig if is_training(document.data) else Config
    config: Config | TrainingConfig | None = None
    try:
        config = kind.model_validate(document.data, context=models)
    except ValidationError as error:
        faults += messages(error, document, models)
    faults += [*check_rules(document), *check_ml(document), *check_report(document), *check_training(document)]
    faults += check_train(document)
    if faults or config is None:
        raise ConfigErrors(tidied(faults))
    config._source = document  # noqa: SLF001 (the one place where a config is made)
    return config


def is_training(data: Mapping[str, Any]) -> bool:
    """Return whether the values are those of a `TrainingConfig`."""
    if {"input", "select"} & set(data):
        return False
    there = [key for key, value in data.items() if value is not None]
    # a slip in a key, too, so that it is the only fault
    return any(key in TRAINING_STAGES or did_you_mean(key, [*TRAINING_STAGES, *SAME_STAGES]) for key in there)
