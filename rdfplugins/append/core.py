"""Appending to one file: what is read, what the model says of it, and what is written, in one pass over the tree."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from rdfplugins import interrupts
from rdfplugins.append.branch import adding
from rdfplugins.append.columns import TreeReader
from rdfplugins.append.estimate import Estimate
from rdfplugins.append.friend import friend
from rdfplugins.append.replaced import refuse_read
from rdfplugins.append.tree import find_ttree
from rdfplugins.errors import InputError
from rdfplugins.files import make_folder
from rdfplugins.nodes import mass_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from rdfplugins.append.request import Outcome, Request
    from rdfplugins.nodes.mass_inputs import Plan

_LOG = logging.getLogger("rdfplugins")


def run_one(
    source: Path,
    target: Path,
    request: Request,
    *,
    say: Callable[[str], None] = _LOG.info,
    put: Callable[[Outcome], Mapping[str, Any]] | None = None,
    watch: Callable[[NDArray[np.float32]], None] | None = None,
) -> Outcome:
    """Append the outputs of a model to the tree of a file.

    Parameters
    ----------
    source
        The file; it stays as it is unless it is the target.
    target
        The file that is written, in one step: what was there before, or all of the new one, is there at any moment.
    request
        What is to be appended.
    say
        Called with each line for the user.
    put
        Called when all values are known; returns path in the file -> object of ROOT to be written in the same step.
    watch
        Called with the outputs, float32[n, outputs], of each batch, in the order of the file.

    Raises
    ------
    InputError, MissingColumnError, ConfigError, ModelError, OutputError
        The target is as it was then.
    """
    plan, tree = look(source, request)  # before anything is copied
    for line in plan.lines():
        say(f"{source}: {line}")
    make_folder(target.parent)
    write = friend if request.friend else adding
    with write(source, target, tree, request.branches, replace=request.force) as appender:
        # the file is held now: what was opened before may have been replaced meanwhile
        reader, plan, tree = prepare(source, request)
        estimate = Estimate(request, plan, say)

        def consume(rows: NDArray[np.float64]) -> None:
            interrupts.refuse_lost()
            outputs = estimate(rows)
            appender.fill(outputs)
            if watch is not None:
                watch(outputs)

        reader.read(plan, consume)
        outcome = estimate.outcome(target, tree)
        for path, thing in (put(outcome) if put is not None else {}).items():
            appender.put(path, thing)
        interrupts.refuse_lost()  # before the file takes its name
    return outcome


def look(source: Path, request: Request) -> tuple[Plan, str]:
    """Return where all inputs come from, and the tree; what is wrong is raised before any writing."""
    reader, plan, tree = prepare(source, request)
    for fault in reader.faults(plan.slots).values():
        raise fault
    return plan, tree


def prepare(source: Path, request: Request) -> tuple[TreeReader, Plan, str]:
    """Open a file and find all inputs; what is wrong with them is raised here, before anything is written."""
    found = find_ttree(source, request.tree)
    reader = TreeReader(source, found.name)
    replaced = [name for name in request.branches if request.force and name in reader.columns]
    try:
        if replaced:
            slots, _ = mass_inputs.draft(
                request.model.description,
                reader.columns,
                map=request.map,
                channel=request.channel,
                channel_column=request.channel_column,
            )
            refuse_read(slots, replaced)
        plan = mass_inputs.plan(
            request.model.description,
            [name for name in reader.columns if name not in replaced],
            map=request.map,
            channel=request.channel,
            channel_column=request.channel_column,
            units=request.units,
            is_number=reader.is_number,
        )
    except InputError as error:
        raise type(error)(f"{source}, tree '{found.name}': {error}") from error
    reader.refuse_half_filled(plan)
    return reader, plan, found.name
