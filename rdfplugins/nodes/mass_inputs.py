"""From the columns of an ntuple to the inputs of a mass model: what is read, renamed, derived, and in which unit.

The inputs of the published models are known by name (``mass_conventions``): their units, those that follow from others,
and how ntuples say that something is not there. Inputs of other names are taken as they are. Variables of TMVA are
another matter: see `rdfplugins.nodes.variables`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Literal

from rdfplugins.errors import ConfigError, MissingColumnError, did_you_mean
from rdfplugins.nodes import mass_conventions as conventions
from rdfplugins.nodes import variables
from rdfplugins.nodes.ditau_features import INPUTS
from rdfplugins.nodes.ditau_settings import CHANNELS
from rdfplugins.nodes.mass_plan import CHECK, CONCLUDED, Plan, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from rdfplugins.inference.description import Description, Outline

__all__ = ["CONCLUDED", "DERIVED", "NO_UNIT", "Plan", "Slot", "Units", "draft", "input_unit", "plan"]

Units = Literal["GeV", "MeV"]

DERIVED = "derived"
NO_UNIT = ("none", "1")  # as a card says so
_POWERS = {"GeV": 1, "GeV^2": 2, "GeV2": 2, "GeV**2": 2}
_MOST_HINTS = 6  # missing inputs of which a message says what may stand for them; of more it has the names


def plan(
    description: Description | Outline,
    columns: Collection[str],
    *,
    map: Mapping[str, str] | None = None,  # noqa: A002 (the name that YAML and the command line have)
    channel: str | None = None,
    channel_column: str | None = None,
    units: Units = "GeV",
    shifted: Collection[str] = (),
    is_number: Callable[[str], bool] | None = None,
) -> Plan:
    """Return how the inputs of a model are made of the columns of an ntuple.

    Parameters
    ----------
    description
        The model.
    columns
        Names of all columns of the ntuple.
    map
        Input -> column, or C++ expression over columns; ``derived`` for one that is to be computed from others.
    channel
        tt, mt, et, em, mm or ee, if all events are of one.
    channel_column
        Column with the number of the channel: ours (0 tt, 1 mt, 2 et, 3 em, 4 mm, 5 ee), or ``"NAME:0=mt,1=et"``.
    units
        Of momenta in the ntuple; covariances are in its square.
    shifted
        Inputs that variations change. What follows from them, or from those mapped, is computed though it is there.
    is_number
        Whether a column holds one number an event: others cannot stand for an input that is missing.

    Raises
    ------
    MissingColumnError
        With all inputs that are neither there nor follow from others.
    ConfigError
        For what contradicts itself, or an input or a channel that there is not.
    """
    slots, codes = draft(description, columns, map=map, channel=channel, channel_column=channel_column, shifted=shifted)
    if description.variables:
        return variables.plan(description, slots, units)
    missing = [slot.name for slot in slots if slot.how == "missing"]
    if missing:
        raise MissingColumnError(_missing_text(missing, description, columns, is_number))
    numbers = {slot.name: number for number, slot in enumerate(slots)}
    related = {**conventions.DERIVED, **conventions.BOUNDED}
    sources = {name: [numbers[of] for of in sources if of in numbers] for name, sources in related.items()}
    found = tuple(
        dataclasses.replace(slot, sources=tuple(sources[slot.name]))
        if slot.name in related and len(sources[slot.name]) == len(related[slot.name])
        else slot
        for slot in slots
    )
    scales = _scales(found, description, units)
    ranges = {numbers[name]: (low, high) for name, (low, high) in description.card.ranges.items() if name in numbers}
    return Plan(found, len(description.inputs), codes, scales, ranges)


def draft(
    description: Description | Outline,
    columns: Collection[str],
    *,
    map: Mapping[str, str] | None = None,  # noqa: A002
    channel: str | None = None,
    channel_column: str | None = None,
    shifted: Collection[str] = (),
) -> tuple[tuple[Slot, ...], dict[int, str]]:
    """Return where each input would come from, the missing ones among them, and number of a channel -> channel.

    Behind the inputs of the model, in their order, are slots that others are derived from. For the parameters, and
    ConfigError, see `plan`.
    """
    given = dict(map or {})
    if description.variables:
        return variables.draft(description, columns, given, channel or channel_column, shifted), {}
    _check_map(given, description, columns)
    codes, chosen = _channels(channel, channel_column, columns)
    by_channel = _by_channel(description, given, columns, chosen)
    slots: dict[str, Slot] = {}
    waiting = list(description.inputs)
    while waiting:
        name = waiting.pop(0)
        if name in slots:
            continue
        if name in conventions.DERIVED and (given.get(name) == DERIVED or _shifted(name, given, shifted)):
            slots[name] = Slot(name, "derived", "")
            waiting += conventions.DERIVED[name]
        elif name in given:
            slots[name] = Slot(name, "mapped", given[name])
        elif by_channel and name == conventions.NEUTRINOS:
            slots[name] = Slot(name, "channel", chosen or "")
        elif name in columns:
            slots[name] = Slot(name, "found", name)
        elif name in conventions.DERIVED:
            slots[name] = Slot(name, "derived", "")
            waiting += conventions.DERIVED[name]
        else:
            slots[name] = Slot(name, "missing", "")
    return tuple(slots.values()), codes


def _shifted(name: str, given: Mapping[str, str], shifted: Collection[str]) -> bool:
    """Return whether something that an input follows from is another number than when the ntuple was written."""
    sources = conventions.DERIVED.get(name, ())
    return not (name in given or name in shifted) and any(
        of in given or of in shifted or _shifted(of, given, shifted) for of in sources
    )


def input_unit(name: str, description: Description | Outline) -> str | None:
    """Return the unit in which a model takes an input: what its card says, or what is known of the name."""
    unit = description.card.units.get(name, None if description.variables else conventions.unit(name))
    return None if unit is None or unit.lower() in NO_UNIT else unit


def _check_map(given: Mapping[str, str], description: Description | Outline, columns: Collection[str]) -> None:
    known = [*description.inputs, *INPUTS]
    for name, expression in given.items():
        if name not in known:
            is_turned = str(expression).strip() in known and name in columns
            hint = f"; the other way round ({expression}={name})?" if is_turned else did_you_mean(name, known)
            raise ConfigError(f"map: the model {description.name} has no input '{name}'{hint}")
        if not str(expression).strip():
            raise ConfigError(f"map: a column or an expression is expected for '{name}', and this is empty")


def _channels(
    channel: str | None, channel_column: str | None, columns: Collection[str]
) -> tuple[dict[int, str], str | None]:
    """Return number -> channel, and what gives the number in C++: a column, or the number of the one channel."""
    if channel is not None and channel_column is not None:
        raise ConfigError("channel and channel_column are two ways to say the same thing: give one of them")
    ours = dict(enumerate(CHANNELS))
    if channel is not None:
        if channel not in CHANNELS:
            raise ConfigError(f"there is no channel '{channel}'; the channels are {', '.join(CHANNELS)}")
        return ours, str(CHANNELS.index(channel))
    if channel_column is None:
        return ours, None
    name, _, pairs = channel_column.partition(":")
    if name not in columns:
        raise MissingColumnError(f"the channel's column '{name}' is not there{did_you_mean(name, columns)}")
    return (_codes(pairs) if pairs else ours), name


def _codes(text: str) -> dict[int, str]:
    codes: dict[int, str] = {}
    for pair in text.split(","):
        number, _, channel = (word.strip() for word in pair.partition("="))
        if not re.fullmatch(r"[+-]?\d{1,9}", number) or channel not in CHANNELS:
            raise ConfigError(
                "channels are written as 0=mt,1=et: a number of the column and one of"
                f" {', '.join(CHANNELS)}, not '{pair}'"
            )
        if int(number) in codes:
            raise ConfigError(f"the number {number} stands for two channels in '{text}'")
        codes[int(number)] = channel
    return codes


def _by_channel(
    description: Description | Outline, given: Mapping[str, str], columns: Collection[str], chosen: str | None
) -> bool:
    """Return whether the number of neutrinos is to be taken from the channel."""
    if chosen is None:
        return False
    if conventions.NEUTRINOS not in description.inputs:
        raise ConfigError(
            f"the model {description.name} has no input {conventions.NEUTRINOS}: it does not ask for a channel"
        )
    if conventions.NEUTRINOS in given or conventions.NEUTRINOS in columns:
        where = "mapped" if conventions.NEUTRINOS in given else "a column of the tree"
        raise ConfigError(
            f"{conventions.NEUTRINOS} is {where} and would follow from the channel, too: leave one of them out"
        )
    return True


def _missing_text(
    missing: Sequence[str],
    description: Description | Outline,
    columns: Collection[str],
    is_number: Callable[[str], bool] | None,
) -> str:
    if len(missing) <= _MOST_HINTS:
        numbers = [name for name in columns if is_number is None or is_number(name)]
        texts, more = [f"'{name}'{conventions.hint(name, numbers)}" for name in missing], ""
    else:
        texts, more = list(missing), f"; what may stand for them: {CHECK}"
    if advice := conventions.advice(columns):
        more = f"; {advice}"
    return (
        f"the model {description.name} needs {len(missing)} input{'s' if len(missing) > 1 else ''} that"
        f" {'are' if len(missing) > 1 else 'is'} not there: {', '.join(texts)}{more}"
    )


def _scales(slots: Sequence[Slot], description: Description | Outline, units: Units) -> tuple[float, ...]:
    if units not in {"GeV", "MeV"}:
        raise ConfigError(f"units are GeV or MeV, not '{units}'")
    if units == "GeV":
        return (1.0,) * len(slots)
    unknown = [slot.name for slot in slots if slot.name not in INPUTS and slot.name not in description.card.units]
    if unknown:
        folder = description.path if description.path.is_dir() else description.path.parent
        card = folder / "card.yaml"
        raise ConfigError(
            f"the unit of {', '.join(unknown)} is not known, so that MeV cannot be converted: name it in {card}"
            f" (units: {{{unknown[0]}: GeV}}; of what has none: none)"
        )
    powers = [_POWERS.get(input_unit(slot.name, description) or "", 0) for slot in slots]
    # what is derived is made of what has been converted
    return tuple(1.0 if slot.how == "derived" else 1e-3**power for slot, power in zip(slots, powers, strict=True))
