"""What ``--check`` shows: where each input of a model would come from, with nothing run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rdfplugins.append.columns import TreeReader
from rdfplugins.append.targets import inputs_of
from rdfplugins.append.tree import find_tree
from rdfplugins.inference.find import find
from rdfplugins.inference.folder import read_outline
from rdfplugins.nodes import mass_conventions, mass_inputs

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

_WIDTH = 26


def listing(
    files: Sequence[str | os.PathLike[str]],
    *,
    tree: str | None = None,
    model: str | os.PathLike[str] | None = None,
    map: Mapping[str, str] | None = None,  # noqa: A002
    channel: str | None = None,
    channel_column: str | None = None,
    units: str = "GeV",
    **others: object,
) -> Iterator[tuple[str, bool]]:
    """Yield lines for a user, and whether what they tell of is there.

    The parameters are those of `append_ml_mass`; ``others`` do not matter here.
    """
    del others
    description = read_outline(find(model))  # whose weights may not be there yet
    for source in inputs_of(files):
        found = find_tree(source, tree)
        reader = TreeReader(Path(source), found.name)
        slots, _ = mass_inputs.draft(
            description, reader.columns, map=map, channel=channel, channel_column=channel_column
        )
        yield f"{source}: tree '{found.name}', {found.entries} entries; model {description.name}", True
        for number, slot in enumerate(slots):
            unit = mass_inputs.input_unit(slot.name, description) or ""
            if unit.startswith("GeV"):
                unit = unit.replace("GeV", units)
            text = {
                "found": "found",
                "mapped": f"mapped: {slot.expression}",
                "derived": f"derived from {', '.join(mass_conventions.DERIVED.get(slot.name, ()))}",
                "channel": "follows from the channel",
                "missing": f"MISSING{mass_conventions.hint(slot.name, reader.columns)}",
            }[slot.how]
            extra = "" if number < len(description.inputs) else " (others are derived from it)"
            yield f"  {slot.name:{_WIDTH}}{unit:6}{text}{extra}", slot.how != "missing"
