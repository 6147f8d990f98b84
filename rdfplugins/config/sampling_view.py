"""The section ``resample`` as it was read, with what the rest of the config says of samples and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rdfplugins.config.overrides import dotted
from rdfplugins.config.preparation import INCLUSIVE
from rdfplugins.config.resample import ResampleOptions
from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rdfplugins.config.loader import Document, Keys

_SAMPLES = ("samples", "samples_training", "samples_validation", "samples_testing")


def resample_path(document: Document, *keys: str | int) -> Keys:
    """Return where a key of ``resample`` stands in a config, which may call the section ``sampling``."""
    data = document.data
    name = "sampling" if "sampling" in data and data.get("resample") is None else "resample"
    return (name, *keys)


def mapping(value: object) -> dict[str, Any]:
    """Return a value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def names_in(value: object, path: Keys) -> Iterator[tuple[Keys, str]]:
    """Yield the path and the text of a name that stands alone, or of each one of a list."""
    if isinstance(value, str) and value.strip():
        yield path, value
    elif isinstance(value, list):
        yield from (((*path, index), name) for index, name in enumerate(value) if isinstance(name, str))


def samples_maps(options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return option -> its samples by category, of those options that name samples."""
    return {key: options[key] for key in _SAMPLES if isinstance(options.get(key), dict)}


@dataclass(frozen=True)
class View:
    """The section as read.

    Attributes
    ----------
    document, section
        The config, and the value of ``resample`` or ``sampling``.
    """

    document: Document
    section: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the section in this file."""
        return str(resample_path(self.document)[0])

    @property
    def options(self) -> dict[str, Any]:
        """Option -> value, by the first of its names; those that are left empty are not there."""
        given = mapping(self.section.get("options"))
        other = ResampleOptions.OTHER_NAMES
        known = {other.get(key, key): value for key, value in given.items() if value is not None}
        return {key: value for key, value in known.items() if key in ResampleOptions.model_fields}

    def written(self, key: str) -> str:
        """Return the name that an option has in this file."""
        given = mapping(self.section.get("options"))
        return next((name for name, same in ResampleOptions.OTHER_NAMES.items() if same == key and name in given), key)

    def fault(self, message: str, *keys: str | int) -> ConfigError:
        """Return an error at a key of the section."""
        if keys[:1] == ("options",) and len(keys) > 1:
            keys = ("options", self.written(str(keys[1])), *keys[2:])
        path = resample_path(self.document, *keys)
        file, line = self.document.position(path)
        return ConfigError(f"{dotted(path)}: {message}" if keys else message, file=file, line=line)

    def samples(self) -> list[str]:
        """Return the names of all samples that there are."""
        data = self.document.data
        origins = (
            self.section.get("from"),
            mapping(data.get("preparation")).get("samples"),
            mapping(data.get("input")).get("samples"),
        )
        return list(dict.fromkeys(name for origin in origins for name in mapping(origin)))

    def listed(self) -> list[str]:
        """Return the names of samples in the options, whether there are such or not."""
        maps = samples_maps(self.options).values()
        return [name for one in maps for value in one.values() for _, name in names_in(value, ())]

    def classes(self) -> list[str] | None:
        """Return the classes as far as the config tells them; None where the files do."""
        labels = [name for _, name in names_in(self.section.get("class_labels"), ())]
        if labels:
            return labels
        column = self.section.get("label_column")
        if column is not None:
            return list(mapping(mapping(column).get("values"))) or None
        data = self.document.data
        prepared = mapping(mapping(data.get("preparation")).get("samples")).values()
        found = [*mapping(data.get("classes"))]
        found += [str(mapping(one).get("category")) for one in prepared if mapping(one).get("category") != INCLUSIVE]
        for name, sample in mapping(mapping(data.get("input")).get("samples")).items():
            label = mapping(sample).get("label")
            found += [label if isinstance(label, str) else name]
        found += mapping(self.section.get("from"))
        return list(dict.fromkeys(found)) or None
