"""Appending to one file: what is read, what the model says of it, and what is written, in one pass over the tree."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp
from rdfplugins.append.branch import adding
from rdfplugins.append.columns import TreeReader
from rdfplugins.append.request import Outcome, Request
from rdfplugins.append.tree import find_tree
from rdfplugins.errors import InputError
from rdfplugins.nodes import mass_inputs
from rdfplugins.nodes.mass_conventions import JET_GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.nodes.mass_inputs import Plan

_LOG = logging.getLogger("rdfplugins")
_MOST_SAMPLES, _OF_A_BATCH = 64, 1024  # of which the median is told


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
    reader, plan, tree = prepare(source, request)
    for line in plan.lines():
        say(f"{source}: {line}")
    estimate = _Estimate(request, plan, say)
    from rdfplugins.append.friend import friend

    write = friend if request.friend else adding
    with write(source, target, tree, request.branches, replace=request.force) as appender:

        def consume(rows: NDArray[np.float64]) -> None:
            outputs = estimate(rows)
            appender.fill(outputs)
            if watch is not None:
                watch(outputs)

        reader.read(plan, consume)
        outcome = estimate.outcome(target, tree)
        for path, thing in (put(outcome) if put is not None else {}).items():
            appender.put(path, thing)
    return outcome


def prepare(source: Path, request: Request) -> tuple[TreeReader, Plan, str]:
    """Open a file and find all inputs; what is wrong with them is raised here, before anything is written."""
    found = find_tree(source, request.tree)
    if found.kind != "TTree":
        raise InputError(
            f"{source}: '{found.name}' is an RNTuple, to which no field can be added: define the column in the graph,"
            " rdfplugins.ml_mass(ROOT.RDataFrame(...)), and Snapshot it (or the node ml_mass in a config)"
        )
    reader = TreeReader(source, found.name)
    # what replaces a branch must not read it
    columns = [name for name in reader.columns if not (request.force and name in request.branches)]
    try:
        plan = mass_inputs.plan(
            request.model.description,
            columns,
            map=request.map,
            channel=request.channel,
            channel_column=request.channel_column,
            units=request.units,
        )
    except InputError as error:
        raise type(error)(f"{source}, tree '{found.name}': {error}") from error
    reader.refuse_half_filled(plan)
    return reader, plan, found.name


class _Estimate:
    """What a model says of rows, batch by batch, and what was found in them."""

    def __init__(self, request: Request, plan: Plan, say: Callable[[str], None]) -> None:
        self._model, self._plan, self._say = request.model, plan, say
        self._preparation = plan.preparation()
        self._counts = cpp.load_root().rdfp.mass_inputs.Counts(len(plan.slots))
        self._unmeasured = self._model.precision != "float32"
        self._samples: list[NDArray[np.float32]] = []
        self._infinite = 0

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the outputs float32[n, outputs], NaN where there is no estimate."""
        rows = np.ascontiguousarray(rows)
        n = len(rows)
        inputs = np.empty((n, self._plan.n_inputs), np.float32)
        good = np.empty(n, np.bool_)
        self._preparation.prepare_all(rows.ctypes.data, n, inputs.ctypes.data, good.ctypes.data, self._counts)
        if self._unmeasured and good.any():
            self._unmeasured = self._model.check_precision(inputs[good], self._say) is None
        outputs = self._model.predict(inputs)
        outputs[~good] = np.nan
        finite = np.isfinite(outputs).all(axis=1)
        self._infinite += int(np.count_nonzero(good & ~finite))
        outputs[~finite] = np.nan
        if len(self._samples) < _MOST_SAMPLES:
            self._samples.append(outputs[finite, 0][:_OF_A_BATCH].copy())
        return outputs

    def outcome(self, path: Path, tree: str) -> Outcome:
        """Return what came of all rows."""
        entries, rejected = int(self._counts.events), int(self._counts.rejected)
        sample = np.concatenate(self._samples) if self._samples else np.empty(0)
        median = float(np.median(sample)) if len(sample) else float("nan")
        estimated = entries - rejected - self._infinite
        return Outcome(path, tree, entries, estimated, median, self._reasons(), self._plan)

    def _reasons(self) -> dict[str, int]:
        counts, slots = self._counts, self._plan.slots
        found = {"no estimate: in none of the channels": int(counts.no_channel)}
        for number, slot in enumerate(slots):
            found[f"no estimate: {slot.name} is NaN or infinite"] = int(counts.not_finite[number])
            found[f"no estimate: {slot.name} has a value that says that there is none"] = int(counts.impossible[number])
        found["no estimate: the network gives none"] = self._infinite
        for number, group in enumerate(JET_GROUPS):
            found[f"no {group.replace('_', ' ')}: its inputs are 0"] = int(counts.absent[number])
        found["azimuths brought into [-pi, pi]"] = int(counts.wrapped)
        for number, (low, high) in self._plan.ranges.items():
            if number < self._plan.n_inputs:
                reason = f"{slots[number].name} is outside of [{low:g}, {high:g}], where the model was trained"
                found[reason] = int(counts.outside[number])
        return {reason: count for reason, count in found.items() if count}
