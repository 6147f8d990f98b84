"""A whole config, and the door through which it is loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, PrivateAttr, ValidationError

from rdfplugins.config.base import Section, described, fault
from rdfplugins.config.files import expand_files
from rdfplugins.config.input import InputConfig  # noqa: TC001 (pydantic reads the annotations when the class is made)
from rdfplugins.config.loader import Document, read_document, tidied
from rdfplugins.config.messages import messages
from rdfplugins.config.ml import MlConfig, Models, check_ml, entry_path
from rdfplugins.config.report import ReportConfig, check_report
from rdfplugins.config.rules import check_rules
from rdfplugins.config.select import HistogramConfig, SelectConfig  # noqa: TC001
from rdfplugins.errors import ConfigError, ConfigErrors

if TYPE_CHECKING:
    from collections.abc import Sequence


def _version_one(value: Any) -> Any:
    if value != 1 or not isinstance(value, int) or isinstance(value, bool):
        raise fault(f"this release reads configs with 'version: 1', not {described(value)}")
    return value


class Config(Section):
    """A config that has no fault.

    Attributes
    ----------
    version
        Version of the format of configs.
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

    _source: Document = PrivateAttr()

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
    """Read and check a config.

    Parameters
    ----------
    path
        A YAML file; messages name it as it is given here.
    overrides
        Texts ``a.b.0.c=value``, as of ``--set``.

    Raises
    ------
    ConfigErrors
        With all faults, sorted by file and line.
    """
    document, faults = read_document(Path(os.fspath(path)), overrides)
    models: dict[int, type[Section]] = {}
    config = None
    try:
        config = Config.model_validate(document.data, context=models)
    except ValidationError as error:
        faults += messages(error, document, models)
    faults += [*check_rules(document), *check_ml(document), *check_report(document)]
    if faults or config is None:
        raise ConfigErrors(tidied(faults))
    config._source = document  # noqa: SLF001 (the one place where a config is made)
    return config
