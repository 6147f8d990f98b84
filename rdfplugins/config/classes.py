"""The section ``classes``: what the events of a training sample are told apart by."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from rdfplugins.config.base import Expression, FileName, Section, Text, fault, in_schema
from rdfplugins.config.scalars import shortened
from rdfplugins.formula import Formula, FormulaError

_COLOR = re.compile(r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?|C[0-9]|(tab:|xkcd:)?[A-Za-z][A-Za-z ]*")


def as_formula(text: str) -> str:
    """Return the text of a formula over columns; see `rdfplugins.formula`, which also says what is wrong with it."""
    try:
        Formula(text)
    except FormulaError as error:
        raise fault(str(error)) from error
    return text


def is_column(name: str) -> bool:
    """Return whether a formula can read a column of this name."""
    try:
        return Formula(name).columns == (name,)
    except FormulaError:
        return False


@in_schema(lambda text: {**text, "pattern": r"^(?=.*\S)[^\x00-\x1f\x7f]*$"})
def _one_line(text: str) -> str:
    if any(not char.isprintable() for char in text):
        raise fault(f"'{shortened(text)}' cannot stand in a legend; write it on one line, without tabs")
    return text


@in_schema(lambda text: {**text, "pattern": f"^({_COLOR.pattern})$"})
def _color(text: str) -> str:
    if not _COLOR.fullmatch(text):
        raise fault(f"a color such as tab:blue or '#1f77b4' is expected, not the text '{shortened(text)}'")
    return text


CutFormula = Annotated[Expression, AfterValidator(as_formula)]
"""A condition that is evaluated without C++, on the values of flat columns."""


class ClassConfig(Section):
    """A class; its name is the key under which it stands.

    Attributes
    ----------
    cut
        Condition over columns: a row belongs to the first class whose cut is true. None: the rows whose sample, or
        whose label, bears the name of the class.
    color
        In plots: a name such as ``tab:blue``, or ``#1f77b4``.
    label
        In plots and tables; LaTeX between two ``$`` works in plots. None: the name.
    """

    cut: CutFormula | None = None
    color: Annotated[Text, AfterValidator(_color)] | None = None
    label: Annotated[Text, AfterValidator(_one_line)] | None = None


Classes = Annotated[dict[FileName, ClassConfig], Field(min_length=1)]
