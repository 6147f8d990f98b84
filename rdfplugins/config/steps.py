"""The steps of a selection: one key says what a step does, ``only`` for which samples."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag

from rdfplugins.config.base import Expression, Identifier, Section, Text, described, fault, near_key, one_or_more
from rdfplugins.config.scalars import shortened

KINDS = ("mc", "data")

Only = Annotated[tuple[Text, ...], BeforeValidator(one_or_more("mc, data, the name of a sample"))]


class _Step(Section):
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
    """``node: NAME``: a registered function, called with the keyword parameters ``with_`` (in YAML ``with:``)."""

    node: Text
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")


class FilterStep(_Step):
    """``filter: {NAME: EXPRESSION}``: cuts, in this order; an event stays where the expression is true."""

    filter: dict[Text, Expression] = Field(min_length=1)


class DefineStep(_Step):
    """``define: {NAME: EXPRESSION}``: new columns, in this order."""

    define: dict[Identifier, Expression] = Field(min_length=1)


STEPS: dict[str, type[_Step]] = {"node": NodeStep, "filter": FilterStep, "define": DefineStep}


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
    | Annotated[DefineStep, Tag("<define>")],
    Discriminator(_kind_of_step),
    BeforeValidator(_one_kind),
]
