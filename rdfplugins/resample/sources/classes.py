"""Classes: their order, and for each sample how the class of a row is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins.errors import did_you_mean
from rdfplugins.resample.sources.rows import ClassRule, FirstTrue, Labels, OneClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rdfplugins.config.models import Base
    from rdfplugins.resample.sources.describe import Files
    from rdfplugins.resample.sources.origins import Origin

LABEL_ID = "label_id"


def stored_maps(files: Iterable[Files]) -> dict[str, dict[str, int]]:
    """Return column -> name -> number, as all files that know of the column say it; left out where they differ."""
    found: dict[str, dict[str, int]] = {}
    differing: set[str] = set()
    for record in (record for one in files for record in one.records):
        for column, numbers in _maps(record).items():
            if found.setdefault(column, numbers) != numbers:
                differing.add(column)
    return {column: numbers for column, numbers in found.items() if column not in differing}


def _maps(record: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    said = {LABEL_ID: record.get("labels"), **_mapping(record.get("maps"))}
    splits = record.get("splits")
    said["split"] = {name: number for number, name in enumerate(splits)} if isinstance(splits, list) else splits
    return {column: numbers for column, numbers in said.items() if isinstance(numbers, dict) and numbers}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


class Classes:
    """The classes of a config for the samples that are read.

    Attributes
    ----------
    names
        The order is that of their numbers.

    Raises
    ------
    ConfigError
        For ``class_labels`` that name an unknown class or have another order than the files, and for a label column
        whose numbers nobody explains.
    """

    def __init__(self, config: Base, origins: Sequence[Origin], maps: Mapping[str, Mapping[str, int]]) -> None:
        assert config.resample is not None
        self._config = config
        self._labels = config.resample.label_column
        self._cuts = {name: spec.cut for name, spec in (config.classes or {}).items()}
        self._values = self._label_values(maps)
        known = self._known(origins)
        wanted = config.resample.class_labels
        for number, name in enumerate(wanted or ()):
            if name not in known:
                hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
                raise config.fault(f"no sample has a class '{name}'{hint}", *self._at_labels(number))
        self.names = tuple(dict.fromkeys(wanted or known))

    def _at_labels(self, *keys: int) -> tuple[str | int, ...]:
        return self._config.resample_path("class_labels", *keys)

    def _label_values(self, maps: Mapping[str, Mapping[str, int]]) -> Mapping[str, int]:
        """Return class -> value of the label column: what the config says, else the files, else 0, 1 ... in order."""
        if self._labels is None:
            return {}
        if self._labels.values is not None:
            return self._labels.values
        stored = maps.get(self._labels.column)
        if stored is not None:
            return dict(sorted(stored.items(), key=lambda item: item[1]))
        assert self._config.resample is not None
        names = self._config.resample.class_labels
        if names is None:
            raise self._config.fault(
                f"no file says what the numbers of '{self._labels.column}' mean; say"
                " 'label_column: {column: ..., values: {class: number}}', or name classes 0, 1 ... in 'class_labels'",
                *self._config.resample_path("label_column"),
            )
        return {name: number for number, name in enumerate(names)}

    def _known(self, origins: Sequence[Origin]) -> list[str]:
        """Return all classes that a row can have, in the order of the config."""
        if self._labels is not None:
            return list(self._values)
        found: dict[str, None] = {}
        if any(self._cuts.values()) and any(origin.category is None for origin in origins):
            stated = {name for origin in origins for name in (origin.label, origin.name)}
            found = dict.fromkeys(name for name, cut in self._cuts.items() if cut is not None or name in stated)
        for origin in origins:
            found |= dict.fromkeys(self._possible(origin))
        return list(found)

    def _possible(self, origin: Origin) -> list[str]:
        """Return the classes that rows of a sample can have, whichever of them are wanted."""
        if self._labels is not None:
            return list(self._values)
        if origin.category is not None:
            return [origin.category]
        if not any(self._cuts.values()):
            return [origin.label]
        own = (origin.label, origin.name)
        return [name for name, cut in self._cuts.items() if cut is not None or name in own]

    def of(self, origin: Origin) -> list[str]:
        """Return the classes, of those that are wanted, that rows of a sample can have, in their order."""
        possible = self._possible(origin)
        return [name for name in self.names if name in possible]

    def rule(self, origin: Origin) -> ClassRule:
        """Return how the class of a row of a sample is found; it has one of the classes that are wanted."""
        names = self.of(origin)
        numbers = [self.names.index(name) for name in names]
        if self._labels is not None:
            values = tuple(self._values[name] for name in names)
            return Labels(self._labels.column, values, tuple(numbers))
        if len(names) == 1 and (origin.category is not None or self._cuts.get(names[0]) is None):
            return OneClass(numbers[0])
        return FirstTrue(tuple((number, self._cuts[name]) for number, name in zip(numbers, names, strict=True)))

    def refuse_other_order(self, files: Mapping[str, Files]) -> None:
        """Raise ConfigError where a file was written with the classes in another order."""
        if self._config.resample is None or self._config.resample.class_labels is None:
            return
        for one in files.values():
            for file, record in zip(one.files, one.records, strict=True):
                stored = _stored_order(record)
                common = [name for name in stored if name in self.names]
                if common != [name for name in self.names if name in common]:
                    raise self._config.fault(
                        f"the order differs from that in {file.path}, which is [{', '.join(stored)}]: numbers of"
                        " classes would change their meaning; keep that order, or make the file again",
                        *self._at_labels(),
                    )


def _stored_order(record: Mapping[str, Any]) -> list[str]:
    stored = record.get("class_labels")
    if isinstance(stored, list):
        return [str(name) for name in stored]
    labels = _mapping(record.get("labels"))
    return [str(name) for name in sorted(labels, key=lambda name: labels[name])]
