"""What ``--check`` shows: where each input of a model would come from, with nothing run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.append.columns import TreeReader
from rdfplugins.append.command import command
from rdfplugins.append.request import entries
from rdfplugins.append.targets import inputs_of, pairs
from rdfplugins.append.tree import find_ttree
from rdfplugins.errors import ConfigError
from rdfplugins.inference.find import find
from rdfplugins.inference.folder import read_outline
from rdfplugins.nodes import mass_inputs
from rdfplugins.nodes.mass_conventions import DERIVED, advice, also_called, hint
from rdfplugins.nodes.mass_models import BRANCH, branch_names

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rdfplugins.inference.description import Outline
    from rdfplugins.nodes.mass_inputs import Slot

_WIDTH = 26


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
    force: bool = False,
    **others: object,
) -> Iterator[tuple[str, bool]]:
    """Yield lines for a user, and whether what they tell of is as it must be.

    The parameters are those of `append_ml_mass`. Where columns look like inputs that are missing, a command that maps
    them is at the end.
    """
    outline = read_outline(find(model))  # whose weights may not be there yet
    try:
        pairs(files, output, in_place=in_place, friend=friend, branch=branch, force=force)
    except ConfigError as error:
        yield str(error), False
    draft = partial(mass_inputs.draft, outline, map=map, channel=channel, channel_column=channel_column)
    plan = partial(mass_inputs.plan, outline, map=map, channel=channel, channel_column=channel_column, units=units)
    looks: dict[str, str | None] = {}
    for source in inputs_of(files):
        found = find_ttree(source, tree)
        reader = TreeReader(Path(source), found.name)
        yield f"{source}: tree '{found.name}', {entries(found.entries)}; model {outline.name}", True
        taken = [] if force else [name for name in branch_names(outline, branch) if name in found.branches]
        for name in taken:
            yield f"  there is a branch '{name}' already; force replaces it, or choose another name", False
        slots, _ = draft(reader.columns)
        yield from _inputs(outline, reader, slots, units)
        numbers = _numbers(reader)
        missing = {slot.name: _looks_like(slot, numbers) for slot in slots if slot.how == "missing"}
        looks |= missing
        if not missing:
            plan(reader.columns)  # raises what else contradicts itself
        elif not outline.variables and (text := advice(reader.columns)):
            yield f"  {text}", False
    given: dict[str, object] = {"tree": tree, "model": model, "output": output, "in_place": in_place, "friend": friend}
    given |= {"branch": branch, "channel": channel, "channel_column": channel_column, "units": units, "force": force}
    given |= {"map": map, **others}
    yield from _closing(command(files, given, {name: of for name, of in looks.items() if of}), looks)


def _closing(line: str, looks: Mapping[str, str | None]) -> Iterator[tuple[str, bool]]:
    """Yield the command with what columns look like, if there are any, and what it still lacks."""
    if not any(looks.values()):
        return
    yield "with the columns that look like missing inputs (do they hold that?):", True
    yield line, True
    left = [name for name, column in looks.items() if column is None]
    if left:
        yield f"and what is still missing then: {', '.join(left)}", False


def _inputs(
    outline: Outline, reader: TreeReader, slots: Sequence[Slot], units: mass_inputs.Units
) -> Iterator[tuple[str, bool]]:
    """Yield a line for each number that is read or computed."""
    faults, numbers = reader.faults(slots), _numbers(reader)
    for number, slot in enumerate(slots):
        unit = (mass_inputs.input_unit(slot.name, outline) or "").replace("GeV", units)
        text = f"WRONG: {faults[number]}" if number in faults else _text(slot, numbers)
        extra = "" if number < len(outline.inputs) else " (others are derived from it)"
        yield f"  {slot.name:{_WIDTH}}{unit:6}{text}{extra}", slot.how != "missing" and number not in faults


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
