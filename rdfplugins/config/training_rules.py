"""Rules of the training branch of a config: ``resample``, ``preparation``, and keys that are read for umami's sake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.config.overrides import dotted
from rdfplugins.config.resample import METHODS
from rdfplugins.config.resample_rules import check_resample, without_effect
from rdfplugins.config.sampling_view import View, mapping, resample_path
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ConfigError, did_you_mean, place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.config.loader import Document

ANCHORS = ("parameters", "cut_parameters", "general")
OF_UMAMI = (
    "outfile_name",
    "outfile_name_validation",
    "plot_name",
    "plot_sample_label",
    "plot_type",
    "legend_sample_category",
    "var_file",
    "dict_file",
    "compression",
    "precision",
    "concat_jet_tracks",
    "convert_to_tfrecord",
)
SPLIT = "n_split"  # of prepared samples
WITHOUT_EFFECT = frozenset({*ANCHORS, *OF_UMAMI})


def check_training(document: Document) -> Iterator[ConfigError]:
    """Yield the faults between parts of the training branch, which may have faults of their own."""
    yield from check_resample(document)
    yield from _check_preparation(document)


def ignored(document: Document) -> list[str]:
    """Return a line, with its place, for all that stands in a config and has no effect."""
    lines = []
    here = [key for key in OF_UMAMI if document.data.get(key) is not None]
    if here:
        verb = "has" if len(here) == 1 else "have"
        lines.append(f"{place(*document.position(here[:1]))}{', '.join(here)} {verb} no effect here")
    for sample, spec in mapping(mapping(document.data.get("preparation")).get("samples")).items():
        if mapping(spec).get(SPLIT) is not None:
            where = document.position(("preparation", "samples", sample, SPLIT))
            lines.append(f"{place(*where)}{SPLIT} has no effect here")
            break  # all samples of such a file have it
    section = document.data.get(resample_path(document)[0])
    method = mapping(section).get("method")
    if isinstance(section, dict) and method in METHODS:
        view = View(document, section)
        for key, text in without_effect(method, view.options):
            where = document.position(resample_path(document, "options", view.written(key)))
            lines.append(f"{place(*where)}{view.written(key)} {text}")
    return lines


def _check_preparation(document: Document) -> Iterator[ConfigError]:
    section = mapping(document.data.get("preparation"))
    name = "ntuples" if "ntuples" in section else "input_h5"
    types = mapping(section.get(name))
    for sample, spec in mapping(section.get("samples")).items():
        if not isinstance(spec, dict):
            continue
        path = ("preparation", "samples", sample)
        kind = spec.get("type")
        if isinstance(kind, str) and kind.strip() and kind not in types:
            hint = did_you_mean(kind, types) or (f"; there are {', '.join(types)}" if types else "; there are none")
            yield _fault(document, f"no type '{shortened(kind)}' in 'ntuples'{hint}", *path, "type")
        for one, other in (("type", "files"), ("f_output", "output_name")):
            if spec.get(one) is not None and spec.get(other) is not None:
                yield _fault(document, f"'{one}' and '{other}' exclude each other; keep one of them", *path, other)
        if spec.get("type") is None and spec.get("files") is None:
            yield _fault(document, "a sample needs a 'type', which is a key of 'ntuples', or 'files'", *path)


def _fault(document: Document, message: str, *path: str | int) -> ConfigError:
    file, line = document.position(path)
    return ConfigError(f"{dotted(path)}: {message}", file=file, line=line)
