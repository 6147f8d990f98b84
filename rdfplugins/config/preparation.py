"""The section ``preparation``: files of simulation -> one file for each class, with the cuts of umami's configs."""

from __future__ import annotations

import math
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, RootModel, Tag, WrapValidator

from rdfplugins.config.base import FileName, PathText, Section, Text, described, fault, in_schema, one_or_more
from rdfplugins.config.classes import CutFormula, is_column
from rdfplugins.config.scalars import shortened
from rdfplugins.config.values import AllOrSome, Count, PerName, Whole  # noqa: TC001 (pydantic reads the annotations)
from rdfplugins.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INCLUSIVE = "inclusive"
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_MODULO = re.compile(r"mod_(?P<modulus>[1-9][0-9]{0,8})_(?P<comparison>\S+)")


_OPERATORS = f"^(mod_[1-9][0-9]{{0,8}}_)?({'|'.join(_COMPARISONS)})$"


class NtupleConfig(Section):
    """Files of one type.

    Attributes
    ----------
    path
        Their folder, relative to the config.
    file_pattern
        Their names within it; ``*`` and ``?`` stand for any text and character.
    """

    path: PathText
    file_pattern: Annotated[tuple[PathText, ...], BeforeValidator(one_or_more("a pattern"))]


@in_schema(lambda text: {**text, "pattern": _OPERATORS})
def _operator(text: Any) -> Any:
    found = _MODULO.fullmatch(text) if isinstance(text, str) else None
    if (found["comparison"] if found else text) not in _COMPARISONS:
        known = [*_COMPARISONS, "mod_6_<="]
        hint = did_you_mean(text, known) if isinstance(text, str) and text.startswith("mod") else ""
        allowed = f"one of {' '.join(_COMPARISONS)}, or such a one behind mod_N_,"
        raise fault(f"{allowed} is expected as operator, not {described(text)}{hint}")
    return text


@in_schema(lambda _: {"type": ["number", "boolean"]})
def _condition(value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise fault(f"a finite number is expected, not {described(value)}")
    return value


if TYPE_CHECKING:
    Operator = str
    Condition = int | float
else:
    Operator = Annotated[str, BeforeValidator(_operator)]
    Condition = Annotated[Any, BeforeValidator(_condition)]


class CutConfig(Section):
    """A cut on one variable, whose name is the key under which it stands.

    Attributes
    ----------
    operator
        How the variable is compared with ``condition``: ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``; ``mod_6_<=``
        compares its remainder when divided by 6.
    condition
        A number.
    nan_check
        Keep rows where the variable is NaN; they are cut away else.
    """

    operator: Operator
    condition: Condition
    nan_check: bool = Field(default=False, alias="NaNcheck")

    def formula(self, variable: str) -> str:
        """Return the cut on a variable as the text of a formula."""
        found = _MODULO.fullmatch(self.operator)
        comparison = found["comparison"] if found else self.operator
        compared = f"{variable} % {found['modulus']}" if found else variable
        text = f"{compared} {comparison} {self.condition!r}"
        if self.nan_check:
            return f"({text} || isnan({variable}))"
        # NaN differs from every number, and NaN never passes a cut
        return f"({text} && !isnan({variable}))" if comparison == "!=" else f"({text})"


def _kind_of_cut(value: Any) -> str:
    return "<cuts>" if isinstance(value, list) else "<cut>"


@in_schema(lambda cut: {**cut, "minProperties": 1})
def _formulas(cut: dict[str, CutConfig]) -> dict[str, CutConfig]:
    if not cut:
        raise fault("a variable with its operator and condition is expected, and this is empty")
    for variable in cut:
        if not is_column(variable):
            raise fault(
                f"'{shortened(variable)}' cannot be the name of a column; write the cut as `cut:`, in C++", variable
            )
    return cut


_Cut = Annotated[dict[Text, CutConfig], AfterValidator(_formulas)]


class CutList(RootModel[Any]):
    """Cuts, and lists of them: anchors bring lists within lists."""

    root: list[
        Annotated[
            Annotated[CutList, Tag("<cuts>")] | Annotated[_Cut, Tag("<cut>")],
            Discriminator(_kind_of_cut),
        ]
    ]


def _flat(cuts: CutList) -> Iterator[tuple[str, CutConfig]]:
    for item in cuts.root:
        yield from _flat(item) if isinstance(item, CutList) else item.items()


def _made_already(value: Any, handler: Callable[[Any], Any]) -> tuple[str, ...]:
    made: tuple[str, ...] = value if isinstance(value, tuple) else handler(value)
    return made


def _as_formulas(cuts: CutList) -> tuple[str, ...]:
    return tuple(spec.formula(variable) for variable, spec in _flat(cuts))


if TYPE_CHECKING:
    Cuts = tuple[str, ...]
else:
    Cuts = Annotated[CutList, AfterValidator(_as_formulas), WrapValidator(_made_already)]


class OutputFileConfig(Section):
    """Where a prepared sample is written.

    Attributes
    ----------
    path
        Folder.
    file
        Name of the file.
    """

    path: PathText
    file: PathText


_RULES: dict[str, Any] = {
    "oneOf": [{"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in ("type", "files")],
    "not": {"required": ["f_output", "output_name"]},
}


class PreparedSample(Section):
    """A sample that ``--prepare`` writes; its name is the key under which it stands.

    Attributes
    ----------
    type
        Key of ``ntuples``: the files it is made of.
    files
        In place of ``type``: paths, globs or folders, relative to the config.
    category
        The class of all its rows, or ``inclusive``: those of all classes.
    n_jets
        Rows to take, from the front of the files; -1: all.
    cuts
        A list of ``variable: {operator: "<=", condition: 2.5e5}``, all of which must hold; lists in it are opened.
    own_cut
        A formula over columns that must hold, too.
    f_output
        Where it is written. None: in the folder of outputs.
    output_name
        The same as one path.
    n_split
        Of umami; without effect.
    """

    model_config = ConfigDict(json_schema_extra=_RULES)

    type: Text | None = None
    files: Annotated[tuple[PathText, ...], BeforeValidator(one_or_more("a path"))] | None = None
    category: FileName
    n_jets: AllOrSome = -1
    cuts: Cuts = ()
    own_cut: CutFormula | None = Field(default=None, alias="cut")
    f_output: OutputFileConfig | None = None
    output_name: PathText | None = None
    n_split: Whole | None = None

    @property
    def cut(self) -> str | None:
        """All cuts as one formula over columns; None where there are none."""
        parts = [*self.cuts, *(() if self.own_cut is None else (f"({self.own_cut})",))]
        return " && ".join(parts) if parts else None

    @property
    def file_name(self) -> str | None:
        """Where it is written, as the config says; None where it says nothing."""
        if self.f_output is not None:
            return str(PurePath(self.f_output.path) / self.f_output.file)
        return self.output_name


class PreparationConfig(Section):
    """The stage ``prepare``: files of simulation are cut and split into samples.

    Attributes
    ----------
    ntuples
        Type -> its files.
    samples
        Name -> what it is made of.
    tree
        Name of the tree in ROOT files; None: the only one.
    dataset
        Name of the table in HDF5 files.
    batchsize
        Rows that are read at a time.
    """

    OTHER_NAMES: ClassVar[dict[str, str]] = {"input_h5": "ntuples"}

    ntuples: PerName[NtupleConfig] = Field(default_factory=dict)
    samples: Annotated[dict[FileName, PreparedSample], Field(min_length=1)]
    tree: Text | None = None
    dataset: Text = "jets"
    batchsize: Count = 50_000
