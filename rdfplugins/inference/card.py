"""The card of a model, ``card.yaml``: where it comes from, what it takes and makes, and numbers to check it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, ValidationError

from rdfplugins.config.base import Number, PositiveNumber, Section, Text, fault
from rdfplugins.config.loader import Document, load_yaml, tidied
from rdfplugins.config.messages import messages
from rdfplugins.config.syntax import read_text
from rdfplugins.errors import ConfigError, ModelError, did_you_mean
from rdfplugins.inference.inputs_file import fault_of_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "card.yaml"


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _rising(value: Any) -> Any:
    pair = _as_tuple(value)
    if not isinstance(pair, tuple) or len(pair) != 2:  # noqa: PLR2004
        raise fault("two numbers are expected: [lowest, highest]")
    return pair


def _in_order(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] >= pair[1]:
        raise fault(f"the first number must be below the second, not {pair[0]:g} and {pair[1]:g}")
    return pair


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        wrong = fault_of_name(name) or (f"'{name}' stands twice; leave one" if name in names[:index] else None)
        if wrong:
            raise fault(wrong, index)
    if not names:
        raise fault("at least one name is expected, and this is empty")
    return names


def _identifiers(names: tuple[str, ...]) -> tuple[str, ...]:
    for index, name in enumerate(names):
        if not name.isidentifier() or not name.isascii():
            raise fault(f"'{name}' becomes part of the name of a branch: letters, digits and _ only", index)
    return names


def _one_line(text: str) -> str:
    if not text.isprintable() or len(text) > _LONGEST_UNIT:
        raise fault(f"a unit is a short text on one line, such as GeV, of at most {_LONGEST_UNIT} letters")
    return text


_LONGEST_UNIT = 30
Interval = Annotated[tuple[Number, Number], AfterValidator(_in_order), BeforeValidator(_rising)]
Names = Annotated[tuple[str, ...], AfterValidator(_names), BeforeValidator(_as_tuple)]
Outputs = Annotated[tuple[str, ...], AfterValidator(_identifiers), AfterValidator(_names), BeforeValidator(_as_tuple)]
Unit = Annotated[Text, AfterValidator(_one_line)]
Numbers = Annotated[tuple[Number, ...], BeforeValidator(_as_tuple)]


class Reference(Section):
    """Inputs for which the outputs are known: ``rdfrun models NAME --verify`` compares them.

    Attributes
    ----------
    inputs, outputs
        One number for each, in the order of the model.
    tolerance
        Greatest difference, relative to the output.
    """

    inputs: Numbers
    outputs: Numbers
    tolerance: PositiveNumber = 1e-4


class Card(Section):
    """What people should know of a model; every key may be absent.

    Attributes
    ----------
    title
        One line.
    origin
        Who made it, and how it came here.
    training
        Anything that tells how it was trained.
    mass_range
        Lowest and highest true mass of the training, GeV.
    inputs
        Names of the inputs, in order; those of the inputs file, where there is one.
    outputs
        Names of the outputs; without them ``ml_mass``, or ``ml_mass_0``, ``ml_mass_1`` and so on.
    units
        Name of an input or output -> its unit, such as GeV, GeV^2, rad; ``none`` for what has none.
    citation
        What to cite, in BibTeX.
    license
        Of the weights.
    ranges
        Name of an input -> lowest and highest value, between which 99.98 % of the training events are. Events outside
        are counted.
    weights_from
        Where the weights can be got, if they are not shipped.
    references
        Inputs with known outputs.
    """

    title: Text | None = None
    origin: Text | None = None
    training: dict[str, Any] | None = None
    mass_range: Interval | None = None
    inputs: Names | None = None
    outputs: Outputs | None = None
    units: dict[str, Unit] = Field(default_factory=dict)
    citation: Text | None = None
    license: Text | None = None
    ranges: dict[str, Interval] = Field(default_factory=dict)
    weights_from: Text | None = None
    references: Annotated[tuple[Reference, ...], BeforeValidator(_as_tuple)] = ()

    _source: Document | None = PrivateAttr(default=None)

    def fault(self, message: str, *path: str | int) -> ModelError:
        """Return an error that bears the place of a key, to be raised by who finds that its value does not fit."""
        if self._source is None:
            return ModelError(message)
        file, line = self._source.position(path)
        return ModelError(str(ConfigError(message, file=file, line=line)))

    def check(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Raise ModelError where the card does not fit a model with these inputs and outputs."""
        for name in self.ranges:
            if name not in inputs:
                raise self.fault(f"no input is called '{name}'{did_you_mean(name, inputs)}", "ranges", name)
        for name in self.units:
            if name not in (*inputs, *outputs):
                hint = did_you_mean(name, [*inputs, *outputs])
                raise self.fault(f"no input or output is called '{name}'{hint}", "units", name)
        for index, reference in enumerate(self.references):
            for key, given, known in (
                ("inputs", reference.inputs, inputs),
                ("outputs", reference.outputs, outputs),
            ):
                if len(given) != len(known):
                    message = f"{len(given)} numbers, and the model has {len(known)} {key}"
                    raise self.fault(message, "references", index, key)


def read_card(path: Path) -> Card:
    """Read and check a card.

    Raises
    ------
    ModelError
        With file and line of every fault.
    """
    try:
        document = load_yaml(path)
    except ConfigError as error:
        raise ModelError(str(error)) from error
    if document.text != read_text(str(path)):
        raise ModelError(f"{path}: a card includes no other files; copy the text into it")
    models: dict[int, type[Section]] = {}
    try:
        card = Card.model_validate(document.data, context=models)
    except ValidationError as error:
        raise ModelError("\n".join(map(str, tidied(messages(error, document, models))))) from error
    card._source = document  # noqa: SLF001 (the one place where a card is made of a file)
    return card
