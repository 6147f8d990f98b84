"""From the columns of an ntuple to the variables of a TMVA model, which are columns or formulas over columns.

Nothing is known of them but what the weight file says: their values go in as they are, and only NaN is no value.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigError, MissingColumnError, did_you_mean
from rdfplugins.formula_tree import FormulaError, TreeFormula
from rdfplugins.nodes.mass_plan import CHECK, Plan, Slot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rdfplugins.inference.description import Description, Outline
    from rdfplugins.inference.tmva.variable import Variable

_ELEMENT = re.compile(r"(.+)\[(\d+)\]")
_MOST_NAMED = 6  # missing variables of which a message says why; of more it has the names


def names(description: Description | Outline) -> list[str]:
    """Return all that may be mapped: expressions and labels of variables, and the columns that expressions read."""
    found = {name: None for variable in description.variables for name in (variable.expression, variable.label)}
    return [*(found | dict.fromkeys(columns(description)))]


def columns(description: Description | Outline) -> tuple[str, ...]:
    """Return the columns that the formulas of all variables read, each once."""
    found: dict[str, None] = {}
    for variable in description.variables:
        formula = _formula(variable)
        if isinstance(formula, TreeFormula):
            found |= dict.fromkeys(_array(name) for name in formula.columns)
    return tuple(found)


def split_pair(pair: str, known: Collection[str]) -> tuple[str, str]:
    """Return the parts of ``NAME=EXPRESSION``, where names may hold ``=``, too.

    Parameters
    ----------
    known
        Names; the longest that the pair begins with is taken. Without any it is all in front of the first ``=``.
    """
    squeezed = {_squeezed(name) for name in known}
    signs = [match.start() for match in re.finditer("=", pair)]
    at = next((at for at in reversed(signs) if _squeezed(pair[:at]) in squeezed), signs[0] if signs else len(pair))
    return pair[:at].strip(), pair[at + 1 :].strip()


def draft(
    description: Description | Outline,
    there: Collection[str],
    given: Mapping[str, str],
    channel: str | None = None,
    shifted: Collection[str] = (),
) -> tuple[Slot, ...]:
    """Return where each variable would come from, the missing ones among them.

    It is what is mapped, else the column with the name of the whole expression, else computed by its formula, else the
    column with its label.

    Parameters
    ----------
    description
        A model with variables.
    there
        Names of all columns of the ntuple.
    given
        Expression or label of a variable, or a column that formulas read -> column, or C++ expression.
    channel
        What was said of a channel, which no such model asks for.
    shifted
        Columns that variations change: what is a formula of them is computed, though it is there.

    Raises
    ------
    ConfigError
        For what no variable is called and no formula reads.
    """
    if channel:
        raise ConfigError(
            f"channel: the model {description.name} is of TMVA and asks for none; leave it out (on the command line"
            " --channel or --channel-column)"
        )
    formulas = [_formula(variable) for variable in description.variables]
    mapped, renamed = _assigned(given, description, formulas, there)
    return tuple(
        Slot(variable.expression, "mapped", mapped[number], is_raw=True)
        if number in mapped
        else _slot(variable, formula, there, renamed, shifted)
        for number, (variable, formula) in enumerate(zip(description.variables, formulas, strict=True))
    )


def plan(description: Description | Outline, slots: Sequence[Slot], units: str) -> Plan:
    """Return the plan of `draft`, in which nothing may be missing.

    Raises
    ------
    MissingColumnError
        With all variables that are missing, and why.
    ConfigError
        For other units than those of the training, which nobody knows.
    """
    if units != "GeV":
        raise ConfigError(
            f"units: the model {description.name} is of TMVA, where nothing says which variables have a unit; leave it"
            f" out, and map those that differ from its training, as in '{slots[0].name}': {slots[0].name} / 1000"
        )
    missing = [slot for slot in slots if slot.how == "missing"]
    if missing:
        raise MissingColumnError(_missing_text(description, missing))
    return Plan(tuple(slots), len(slots), {}, (1.0,) * len(slots), dict(_ranges(description)))


def _ranges(description: Description | Outline) -> Iterator[tuple[int, tuple[float, float]]]:
    for number, variable in enumerate(description.variables):
        if variable.expression in description.card.ranges:
            yield number, description.card.ranges[variable.expression]
        elif variable.low < variable.high:
            yield number, (variable.low, variable.high)


def _formula(variable: Variable) -> TreeFormula | FormulaError:
    try:
        return TreeFormula(variable.expression)
    except FormulaError as error:
        return error


def _assigned(
    given: Mapping[str, str],
    description: Description | Outline,
    formulas: Sequence[TreeFormula | FormulaError],
    there: Collection[str],
) -> tuple[dict[int, str], dict[str, str]]:
    """Return number of a variable -> what it is mapped to, and column of formulas -> what is read in its place."""
    read = {name for formula in formulas if isinstance(formula, TreeFormula) for name in formula.columns}
    read |= {_array(name) for name in read}
    mapped: dict[int, str] = {}
    renamed: dict[str, str] = {}
    for key, value in given.items():
        name, text = _squeezed(key), str(value).strip()
        if not text:
            raise ConfigError(f"map: a column or an expression is expected for '{key}', and this is empty")
        numbers = _numbers(name, key, description, read)
        if not numbers and name not in read:
            known = names(description)
            turned = f"; the other way round ({text}={key})?" if text in known and key in there else ""
            raise ConfigError(
                f"map: the model {description.name} has no variable '{key}', and none reads such a column"
                f"{turned or did_you_mean(key, known)}"
            )
        mapped |= dict.fromkeys(numbers, text)
        if name in read:
            renamed[name] = text
    return mapped, renamed


def _numbers(name: str, key: str, description: Description | Outline, read: Collection[str]) -> list[int]:
    """Return the numbers of the variables that are called so: by their expression, or else one by its label.

    A label that is the name of a column which formulas read is the column: of ``met := met/1000`` it is the one that is
    divided.
    """
    called = [(_squeezed(variable.expression), _squeezed(variable.label)) for variable in description.variables]
    found = [number for number, (expression, _) in enumerate(called) if expression == name]
    labelled = [number for number, (_, label) in enumerate(called) if label == name]
    if not found and name in read:
        return []
    if not found and len(labelled) > 1:
        several = " and ".join(f"'{description.variables[number].expression}'" for number in labelled)
        raise ConfigError(f"map: '{key}' is the label of {several}; name their expressions")
    return found or labelled


def _slot(
    variable: Variable,
    formula: TreeFormula | FormulaError,
    there: Collection[str],
    renamed: Mapping[str, str],
    shifted: Collection[str],
) -> Slot:
    name = variable.expression
    read = () if isinstance(formula, FormulaError) else formula.columns
    lacking = [one for one in read if not _is_there(one, there, renamed)]
    can_be_computed = isinstance(formula, TreeFormula) and not lacking
    changed = any(({one, _array(one)} - {name}) & {*renamed, *shifted} for one in read)
    taken = next(iter(formula.constants & {*there}), None) if isinstance(formula, TreeFormula) else None
    if taken is not None and name not in there:
        note = f"'{taken}' in it is a number here, and there is a column of this name; map the variable"
        return Slot(name, "missing", "", is_raw=True, note=note)
    if name in there and not (can_be_computed and changed):
        return Slot(name, "found", name, is_raw=True)
    if isinstance(formula, TreeFormula) and can_be_computed:
        text = formula.cpp(lambda one: _read(one, renamed))
        reads = tuple(dict.fromkeys(_source(one, renamed) for one in read))
        return Slot(name, "computed", text, reads=reads, is_raw=True)
    if variable.label in there:
        note = f"not there: read from '{variable.label}', its label"
        return Slot(name, "found", variable.label, is_raw=True, note=note)
    return Slot(name, "missing", "", is_raw=True, note=_why_missing(name, formula, lacking, there))


def _why_missing(name: str, formula: TreeFormula | FormulaError, lacking: Sequence[str], there: Collection[str]) -> str:
    if isinstance(formula, FormulaError):
        return str(formula)
    near = "".join(did_you_mean(_array(one), there, most=1) for one in lacking[:1])
    if formula.is_column and _array(name) == name:
        return near.removeprefix("; ")
    which = ", ".join(dict.fromkeys(_array(one) for one in lacking))
    return f"no {which} to compute it from{near}"


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _array(name: str) -> str:
    """Return the column that an element is of; the name itself where it is none."""
    element = _ELEMENT.fullmatch(name)
    return name if element is None else element[1]


def _is_there(name: str, there: Collection[str], renamed: Mapping[str, str]) -> bool:
    return any(one in renamed or one in there for one in (name, _array(name)))


def _read(name: str, renamed: Mapping[str, str]) -> str:
    """Return what reads a column of a formula in C++."""
    if name in renamed:
        return f"({renamed[name]})"
    element = _ELEMENT.fullmatch(name)
    if element is None:
        return name
    return f"rdfp_tree_element({renamed.get(element[1], element[1])}, {element[2]})"


def _source(name: str, renamed: Mapping[str, str]) -> str:
    """Return what is read for a column of a formula: a column, with its index, or an expression of the user."""
    element = _ELEMENT.fullmatch(name)
    if name in renamed or element is None:
        column, index = renamed.get(name, name), ""
    else:
        column, index = renamed.get(element[1], element[1]), f"[{element[2]}]"
    return column + index


def _missing_text(description: Description | Outline, missing: Sequence[Slot]) -> str:
    one = len(missing) == 1
    if len(missing) <= _MOST_NAMED:
        texts, more = [f"'{slot.name}'" + (f" ({slot.note})" if slot.note else "") for slot in missing], ""
    else:
        texts, more = [f"'{slot.name}'" for slot in missing], f"; of each of them: {CHECK}"
    return (
        f"the model {description.name} needs {len(missing)} variable{'' if one else 's'} that {'is' if one else 'are'}"
        f" not there: {', '.join(texts)}{more}"
    )
