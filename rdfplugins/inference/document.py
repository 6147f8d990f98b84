"""Models in words: one line in a list, or all that is known of one."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import yaml

from rdfplugins.errors import RdfpluginsError
from rdfplugins.inference.architecture import Bend, Dense
from rdfplugins.inference.find import DEFAULT_MODEL
from rdfplugins.inference.folder import how_to_get, read_outline, with_weights
from rdfplugins.inference.model import choose
from rdfplugins.inference.tmva import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rdfplugins.inference.architecture import Architecture, Step
    from rdfplugins.inference.card import Card
    from rdfplugins.inference.description import Description, Outline
    from rdfplugins.inference.tmva.reader import Weights

_WIDTH = 100
_OF_RANGES = "; ranges: 99.98 % of the training events, events outside are counted"


class _Dumper(yaml.SafeDumper):
    """Writes lists of single values on one line."""


def _represent_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    single = not any(isinstance(item, (list, dict)) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=single)


_Dumper.add_representer(list, _represent_list)


def overview(models: Mapping[str, Path], width: int) -> list[str]:
    """Return a line for each model: name, shape, whether it is the default or lacks its weights, title.

    Parameters
    ----------
    models
        Name -> path.
    width
        Of the terminal; longer titles are cut, but not what is wrong with a model.
    """
    found = {name: _summary(name, path) for name, path in models.items()}
    rows = {name: (name, *cells) for name, cells in found.items() if not isinstance(cells, str)}
    lines = dict(zip(rows, (line.strip() for line in _table(list(rows.values()))), strict=True))
    return [f"{name}  {cells}" if isinstance(cells, str) else _cut(lines[name], width) for name, cells in found.items()]


def _summary(name: str, path: Path) -> tuple[str, str, str] | str:
    """Return shape, remark and title; or what is wrong."""
    try:
        outline = read_outline(path)
    except RdfpluginsError as error:
        return f"cannot be read: {str(error).splitlines()[0]}"
    if outline.tmva is not None:
        return f"TMVA {words.shape(outline.tmva)}", "", outline.card.title or ""
    shape = "SavedModel" if outline.architecture is None else _shape(outline.architecture)
    remark = "weights absent" if outline.weights is None else "default" if name == DEFAULT_MODEL else ""
    return shape, remark, outline.card.title or ""


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 3].rstrip()}..."


def document(path: Path, *, whole: bool = False) -> str:
    """Return what is known of a model, with its weights where they are there.

    Parameters
    ----------
    path
        Folder or file.
    whole
        With the layers, and all that the card says of the training.

    Raises
    ------
    ModelError
        If it cannot be read.
    """
    outline = read_outline(path)
    description = with_weights(outline) if outline.weights else None
    card = outline.card
    lines = [f"{outline.name}: {card.title}" if card.title else outline.name, ""]
    lines += _facts(outline, description)
    lines += _of_tmva(outline, outline.tmva) if outline.tmva is not None else _of_network(outline)
    if card.origin is not None:
        lines += ["", "origin", *textwrap.wrap(card.origin, _WIDTH, initial_indent="  ", subsequent_indent="  ")]
    if whole:
        lines += _details(outline)
    elif outline.tmva is not None:
        lines += [
            "",
            "-v shows the options of the training; --verify compares the backends with each other and with TMVA",
        ]
    elif card.training or outline.architecture is not None:
        lines += ["", f"-v shows the layers{' and how it was trained' if card.training else ''}"]
    return "\n".join(lines)


def _facts(outline: Outline, description: Description | None) -> list[str]:
    card = outline.card
    facts = [("path", str(outline.path)), ("format", outline.format)]
    if description is None:
        facts.append(("weights", f"not here; {how_to_get(outline)}"))
    else:
        facts += [("weights", str(outline.weights)), ("sha256", description.digest), ("backend", _backend(description))]
    if outline.tmva is not None:
        facts += words.facts(outline.tmva)
    if outline.architecture is not None:
        count = sum(_size(shape) for _, _, shape in outline.architecture.weights)
        facts.append(("network", f"{_shape(outline.architecture)}, {count} weights"))
    if card.mass_range is not None:
        facts.append(("mass range", "{:g} .. {:g} GeV".format(*card.mass_range)))
    if card.license is not None:
        facts.append(("license", card.license))
    count = len(card.references)
    if count or outline.tmva is None:
        facts.append(("references", f"{count} (--verify compares them)" if count else "none"))
    if card.citation or outline.tmva is None:
        facts.append(("citation", "there is one (--cite prints it)" if card.citation else "none"))
    indent = " " * 12
    wrapped = (
        textwrap.wrap(value, _WIDTH, initial_indent=f"{name:12}", subsequent_indent=indent, break_long_words=False)
        if name == "note"
        else [f"{name:12}{value}"]
        for name, value in facts
    )
    return [line for lines in wrapped for line in lines]


def _of_network(outline: Outline) -> list[str]:
    card = outline.card
    return [
        *("", f"inputs ({len(outline.inputs)}{_OF_RANGES if card.ranges else ''})", *_table(list(_inputs(outline)))),
        *("", f"outputs ({len(outline.outputs)})"),
        *_table([(name, _unit(card, name)) for name in outline.outputs]),
    ]


def _of_tmva(outline: Outline, weights: Weights) -> list[str]:
    known = any(variable.low < variable.high for variable in weights.variables)
    ranges = ", with the range of the training; events outside are counted" if known else ""
    lines = ["", f"inputs ({len(weights.variables)}{ranges})", *_table(words.inputs(weights.variables))]
    if needed := words.columns(weights.variables):
        lines += ["", f"columns that they are computed from ({len(needed)})", *_wrapped(needed)]
    if weights.spectators:
        spectators = [spectator.expression for spectator in weights.spectators]
        lines += ["", f"spectators ({len(spectators)}; not needed)", *_wrapped(spectators)]
    return [*lines, "", f"outputs ({len(outline.outputs)})", *_table(words.outputs(weights, outline.outputs))]


def _wrapped(names: list[str]) -> list[str]:
    return textwrap.wrap(", ".join(names), _WIDTH, initial_indent="  ", subsequent_indent="  ")


def _backend(description: Description) -> str:
    try:
        return choose(description).why
    except RdfpluginsError as error:
        return f"none: {error}"


def _shape(architecture: Architecture) -> str:
    return "-".join(str(width) for width in architecture.widths)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size


def _layer(step: Step) -> tuple[str, ...]:
    if isinstance(step, Dense):
        bias = "" if step.bias else "no bias"
        return step.name, step.kind, f"{step.inputs} -> {step.units}", step.activation, bias
    activation = step.activation if isinstance(step, Bend) else ""
    return step.name, step.kind, str(step.width), activation, ""


def _inputs(outline: Outline) -> Iterator[tuple[str, ...]]:
    for name in outline.inputs:
        interval = outline.card.ranges.get(name)
        seen = "" if interval is None else "{:g} .. {:g}".format(*interval)
        yield name, _unit(outline.card, name), seen


def _unit(card: Card, name: str) -> str:
    unit = card.units.get(name, "")
    return "" if unit == "none" else unit


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _details(outline: Outline) -> list[str]:
    lines: list[str] = []
    if outline.tmva is not None:
        lines += ["", "options of the training", *_table(words.options(outline.tmva))]
    if outline.architecture is not None:
        lines += ["", "layers", *_table([_layer(step) for step in outline.architecture.steps])]
    if outline.card.training:
        text = yaml.dump(outline.card.training, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
        lines += ["", "training", textwrap.indent(text.rstrip(), "  ")]
    return lines
