"""The steps of a selection: one key says what a step does, ``only`` for which samples."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, PrivateAttr, Tag

from rdfplugins.config.base import (
    Expression,
    Identifier,
    PathText,
    Section,
    Text,
    described,
    fault,
    in_schema,
    near_key,
    one_or_more,
)
from rdfplugins.config.scalars import shortened

KINDS = ("mc", "data")

Only = Annotated[tuple[Text, ...], BeforeValidator(one_or_more("mc, data, the name of a sample"))]


class _Step(Section):
    """One step.

    Attributes
    ----------
    only
        Samples for which it is made: ``mc``, ``data``, names of samples, or a list of these. None: all.
    """

    only: Only | None = None
    _index: int = PrivateAttr(default=-1)

    @property
    def index(self) -> int:
        """Number of the step within its selection, from 0, as in ``select.steps.0``; -1 for a step that is in none."""
        return self._index

    def applies_to(self, sample: str, kind: str) -> bool:
        """Return whether the step is made for a sample of this name and kind (``mc`` or ``data``)."""
        return self.only is None or kind in self.only or (sample in self.only and sample not in KINDS)


class NodeStep(_Step):
    """``node: NAME``: a registered function, called with the keyword parameters that stand under ``with:``.

    Attributes
    ----------
    node
        Its name, as ``rdfrun nodes`` lists it.
    with_
        Its parameters; ``rdfrun nodes NAME`` explains them.
    """

    node: Text
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")


class FilterStep(_Step):
    """``filter: {NAME: EXPRESSION}``: cuts, in this order; an event stays where the expression is true."""

    filter: dict[Text, Expression] = Field(min_length=1)


class DefineStep(_Step):
    """``define: {NAME: EXPRESSION}``: new columns, in this order."""

    define: dict[Identifier, Expression] = Field(min_length=1)


class VariationConfig(Section):
    """A systematic uncertainty: what becomes of columns when it is shifted up and when it is shifted down.

    Attributes
    ----------
    up, down
        Column -> expression over the nominal columns; both hold the same columns, which shift together.
    """

    up: dict[Identifier, Expression] = Field(min_length=1)
    down: dict[Identifier, Expression] = Field(min_length=1)

    @property
    def columns(self) -> list[str]:
        """The columns that shift."""
        return list(self.up)


def _both_ways(variations: dict[str, VariationConfig]) -> dict[str, VariationConfig]:
    for name, variation in variations.items():
        odd = sorted(set(variation.up) ^ set(variation.down))
        if odd:
            there, lacking = ("up", "down") if odd[0] in variation.up else ("down", "up")
            message = f"'{odd[0]}' is shifted {there} and not {lacking}; a column that stays is named with itself"
            raise fault(message, name, there, odd[0])
    return variations


class VaryStep(_Step):
    """``vary: {NAME: {up: {COLUMN: EXPRESSION}, down: {...}}}``: systematic uncertainties of simulated samples.

    What comes after this step is made for the nominal columns and for each shift; trees hold the nominal events.
    """

    vary: Annotated[dict[Identifier, VariationConfig], Field(min_length=1), AfterValidator(_both_ways)]


class GoldenJsonConfig(Section):
    """A list of good runs, for samples of data.

    Attributes
    ----------
    file
        JSON: ``{"run": [[first, last], ...]}`` with ranges of luminosity blocks, as CMS and others publish, or a list
        of runs. Relative to the config.
    run
        Column that holds the run.
    lumi_block
        Column that holds the luminosity block; None judges by the run alone.
    """

    file: PathText
    run: Text = "run"
    lumi_block: Text | None = "luminosityBlock"


@in_schema(lambda mapping: {"anyOf": [{"type": "string", "pattern": r"\S"}, mapping]})
def _file_alone(value: Any) -> Any:
    return {"file": value} if isinstance(value, str) else value


class GoldenJsonStep(_Step):
    """``golden_json: FILE``: keep the good runs and luminosity blocks of data; simulation passes."""

    golden_json: Annotated[GoldenJsonConfig, BeforeValidator(_file_alone)]

    def applies_to(self, sample: str, kind: str) -> bool:
        """Return whether the step is made for a sample: simulation has no bad runs, unless ``only`` says so."""
        return kind == "data" if self.only is None else super().applies_to(sample, kind)


STEPS: dict[str, type[_Step]] = {
    "node": NodeStep,
    "filter": FilterStep,
    "define": DefineStep,
    "vary": VaryStep,
    "golden_json": GoldenJsonStep,
}


def _one_kind(value: Any) -> Any:
    """Refuse a step that is not of exactly one kind, so that a typo is one fault and not one for each kind."""
    if isinstance(value, _Step):
        return value
    if not isinstance(value, dict):
        raise fault(f"a step is a mapping such as 'node: NAME', not {described(value)}")
    kinds = [key for key in value if key in STEPS]
    if len(kinds) > 1:
        raise fault(f"a step has only one of the keys {_listed(kinds)}; make two steps of this", kinds[1])
    if not kinds:
        allowed = [key for step in STEPS.values() for key in step.keys()]  # noqa: SIM118 (a method, not a dict)
        unknown = [key for key in value if key not in allowed]
        if unknown:
            hint = near_key(unknown[0], [*STEPS, *allowed]) or f"; a step has one of the keys {_listed(STEPS)}"
            raise fault(f"unknown key '{shortened(unknown[0])}' in a step{hint}", unknown[0])
        raise fault(f"a step needs one of the keys {_listed(STEPS)}")
    return value


def numbered(steps: list[_Step]) -> list[_Step]:
    """Tell each step its number."""
    for index, step in enumerate(steps):
        step._index = index  # noqa: SLF001
    return steps


def _listed(keys: Any) -> str:
    return ", ".join(f"'{key}'" for key in keys)


def _kind_of_step(value: Any) -> str:
    if isinstance(value, dict):
        return next(f"<{key}>" for key in STEPS if key in value)
    return next(f"<{key}>" for key, step in STEPS.items() if isinstance(value, step))


Step = Annotated[
    Annotated[NodeStep, Tag("<node>")]
    | Annotated[FilterStep, Tag("<filter>")]
    | Annotated[DefineStep, Tag("<define>")]
    | Annotated[VaryStep, Tag("<vary>")]
    | Annotated[GoldenJsonStep, Tag("<golden_json>")],
    Discriminator(_kind_of_step),
    BeforeValidator(_one_kind),
]
