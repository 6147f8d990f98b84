"""What ``--check`` shows: where each input of a model would come from, with nothing run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.append.columns import TreeReader
from rdfplugins.append.command import command
from rdfplugins.append.replaced import faults as read_and_replaced
from rdfplugins.append.request import entries
from rdfplugins.append.targets import inputs_of, pairs
from rdfplugins.append.tree import find_ttree
from rdfplugins.errors import ConfigError, RdfpluginsError
from rdfplugins.inference.find import find
from rdfplugins.inference.folder import read_outline
from rdfplugins.nodes import mass_inputs
from rdfplugins.nodes.mass_conventions import DERIVED, NEUTRINOS, advice, also_called, hint
from rdfplugins.nodes.mass_models import BRANCH, branch_names

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rdfplugins.inference import Backend, Precision
    from rdfplugins.inference.description import Outline
    from rdfplugins.nodes.mass_inputs import Slot

_WIDTH = 26

# what is to be done where something is not as it must be
NOTHING = ""
MAP = "name what holds what is missing with --map"
CHANNEL = "give the channel (--channel, --channel-column)"
OTHER = "see to what is told above"


def listing(
    files: Sequence[str | os.PathLike[str]],
    *,
    tree: str | None = None,
    model: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    in_place: bool = False,
    friend: bool = False,
    branch: str = BRANCH,
    map: Mapping[str, str] | None = None,  # noqa: A002
    channel: str | None = None,
    channel_column: str | None = None,
    units: mass_inputs.Units = "GeV",
    backend: Backend = "auto",
    precision: Precision = "float32",
    force: bool = False,
) -> Iterator[tuple[str, str]]:
    """Yield lines for a user, and what is to be done where they tell of something that is not as it must be.

    The parameters are those of `append_ml_mass`. Where columns look like inputs that are missing, a command that maps
    them is at the end.
    """
    outline = read_outline(find(model))  # whose weights may not be there yet
    try:
        pairs(files, output, in_place=in_place, friend=friend, branch=branch, force=force)
    except ConfigError as error:
        yield str(error), OTHER
    yield from _loaded(model, backend, precision)
    draft = partial(mass_inputs.draft, outline, map=map, channel=channel, channel_column=channel_column)
    plan = partial(mass_inputs.plan, outline, map=map, channel=channel, channel_column=channel_column, units=units)
    looks: dict[str, str | None] = {}
    for source in inputs_of(files):
        found = find_ttree(source, tree)
        reader = TreeReader(Path(source), found.name)
        yield f"{source}: tree '{found.name}', {entries(found.entries)}; model {outline.name}", NOTHING
        taken = [name for name in branch_names(outline, branch) if name in found.branches]
        for name in () if force else taken:
            what = "force=True (--force) replaces it, or choose another name"
            yield f"  there is a branch '{name}' already; {what}", OTHER
        slots, _ = draft(reader.columns)
        for fault in read_and_replaced(slots, taken) if force else ():
            yield f"  {fault}", OTHER
        yield from _inputs(outline, reader, slots, units)
        numbers = _numbers(reader)
        missing = {slot.name: _looks_like(slot, numbers) for slot in slots if slot.how == "missing"}
        looks |= missing
        if not missing:
            plan(reader.columns)  # raises what else contradicts itself
        elif not outline.variables and (text := advice(reader.columns)):
            yield f"  {text}", OTHER
    given: dict[str, object] = {"tree": tree, "model": model, "output": output, "in_place": in_place, "friend": friend}
    given |= {"branch": branch, "channel": channel, "channel_column": channel_column, "units": units, "force": force}
    given |= {"map": map, "backend": backend, "precision": precision}
    yield from _closing(command(files, given, {name: of for name, of in looks.items() if of}), looks)


def _loaded(model: str | os.PathLike[str] | None, backend: Backend, precision: Precision) -> Iterator[tuple[str, str]]:
    """Yield why a model cannot be evaluated as it was asked for, if so; what is chosen by itself is there."""
    if (backend, precision) == ("auto", "float32"):
        return
    from rdfplugins.inference import load_model

    try:
        load_model(model, backend=backend, precision=precision)
    except RdfpluginsError as error:
        yield str(error), OTHER


def _closing(line: str, looks: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield the command with what columns look like, if there are any, and what it still lacks."""
    if not any(looks.values()):
        return
    yield "with the columns that look like missing inputs (do they hold that?):", NOTHING
    yield line, NOTHING
    left = [name for name, column in looks.items() if column is None]
    if left:
        yield f"and what is still missing then: {', '.join(left)}", MAP


def _inputs(
    outline: Outline, reader: TreeReader, slots: Sequence[Slot], units: mass_inputs.Units
) -> Iterator[tuple[str, str]]:
    """Yield a line for each number that is read or computed."""
    faults, numbers = reader.faults(slots), _numbers(reader)
    for number, slot in enumerate(slots):
        unit = (mass_inputs.input_unit(slot.name, outline) or "").replace("GeV", units)
        text = f"WRONG: {faults[number]}" if number in faults else _text(slot, numbers)
        extra = "" if number < len(outline.inputs) else " (others are derived from it)"
        yield f"  {slot.name:{_WIDTH}}{unit:6}{text}{extra}", _to_do(slot, is_wrong=number in faults)


def _to_do(slot: Slot, *, is_wrong: bool) -> str:
    if slot.how == "missing":
        return CHANNEL if slot.name == NEUTRINOS and not slot.is_raw else MAP
    return OTHER if is_wrong else NOTHING


def _text(slot: Slot, numbers: Collection[str]) -> str:
    missing = (f" ({slot.note})" if slot.note else "") if slot.is_raw else hint(slot.name, numbers)
    return {
        "found": slot.note or "found",
        "mapped": f"mapped: {slot.expression}",
        "derived": f"derived from {', '.join(DERIVED.get(slot.name, ()))}",
        "computed": f"computed from {', '.join(slot.reads)}" if slot.reads else "computed",
        "channel": "follows from the channel",
        "missing": f"MISSING{missing}",
    }[slot.how]


def _looks_like(slot: Slot, numbers: Collection[str]) -> str | None:
    """Return the column that an input that is missing may be; of TMVA its name in other letters."""
    if slot.is_raw:
        return next((name for name in numbers if name.lower() == slot.name.lower()), None)
    return also_called(slot.name, numbers)


def _numbers(reader: TreeReader) -> list[str]:
    return [name for name in reader.columns if reader.is_number(name)]
