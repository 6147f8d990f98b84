"""What a model says of the rows of a tree, batch by batch, and what was found in them on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins import cpp
from rdfplugins.append.request import Outcome
from rdfplugins.nodes.mass_conventions import DERIVED, JET_GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.append.request import Request
    from rdfplugins.nodes.mass_inputs import Plan

_MOST_SAMPLES, _OF_A_BATCH = 64, 1024  # of which the median is told


class Estimate:
    """Rows of slots in, outputs of a model out; counts what has none, and why."""

    def __init__(self, request: Request, plan: Plan, say: Callable[[str], None]) -> None:
        self._model, self._plan, self._say = request.model, plan, say
        self._preparation = plan.preparation()
        self._counts = cpp.load_root().rdfp.mass_inputs.Counts(len(plan.slots))
        self._unmeasured = self._model.precision != "float32"
        self._samples: list[NDArray[np.float32]] = []
        self._infinite = self._beyond = 0

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the outputs float32[n, outputs], NaN where there is no estimate.

        Parameters
        ----------
        rows
            Shape [n, slots of the plan], in the units of the ntuple; as float32 they become inputs.

        Raises
        ------
        ModelError
            Where reduced precision is too far from float32.
        """
        rows = np.ascontiguousarray(rows)
        n = len(rows)
        inputs = np.empty((n, self._plan.n_inputs), np.float32)
        good = np.empty(n, np.bool_)
        self._preparation.prepare_all(rows.ctypes.data, n, inputs.ctypes.data, good.ctypes.data, self._counts)
        if self._unmeasured and good.any():
            self._unmeasured = self._model.check_precision(inputs[good], self._say) is None
        with np.errstate(over="ignore"):  # a method of TMVA gives doubles: beyond float32 is infinite
            outputs = self._model.predict(inputs).astype(np.float32, copy=False)
        outputs[~good] = np.nan
        finite = np.isfinite(outputs).all(axis=1)
        self._infinite += int(np.count_nonzero(good & ~finite))
        outputs[~finite] = np.nan
        self._look_at(outputs[finite, 0])
        return outputs

    def outcome(self, path: Path, tree: str) -> Outcome:
        """Return what came of all rows."""
        entries, rejected = int(self._counts.events), int(self._counts.rejected)
        sample = np.concatenate(self._samples) if self._samples else np.empty(0)
        median = float(np.median(sample)) if len(sample) else float("nan")
        counts = {reason: count for reason, count in self._reasons() if count}
        return Outcome(path, tree, entries, entries - rejected - self._infinite, median, counts, self._plan)

    def _look_at(self, masses: NDArray[np.float32]) -> None:
        if len(self._samples) < _MOST_SAMPLES:
            self._samples.append(masses[:_OF_A_BATCH].copy())
        card = self._model.card
        if card.mass_range is not None:
            low, high = card.mass_range
            self._beyond += int(np.count_nonzero((masses < low) | (masses > high)))

    def _reasons(self) -> Iterator[tuple[str, int]]:
        counts, slots = self._counts, self._plan.slots
        yield "no estimate: in none of the channels", int(counts.no_channel)
        for number, slot in enumerate(slots):
            odd = "NaN" if slot.is_raw else "NaN or infinite"
            yield f"no estimate: {slot.name} is {odd}", int(counts.not_finite[number])
            degrees = " (degrees?)" if "_phi_" in slot.name and not slot.is_raw else ""
            impossible = f"no estimate: {slot.name} has a value that says that there is none{degrees}"
            yield impossible, int(counts.impossible[number])
            if slot.sources and slot.how != "derived":
                of = ", ".join(slots[source].name for source in slot.sources)
                remedy = f" (of another MET? map {slot.name}=derived computes it)" if slot.name in DERIVED else ""
                yield f"no estimate: {slot.name} contradicts {of}{remedy}", int(counts.contradicting[number])
        what = "network" if self._model.description.method is None else "method"
        yield f"no estimate: the {what} gives none", self._infinite
        if self._beyond and self._model.card.mass_range is not None:
            low, high = self._model.card.mass_range
            yield f"the estimate is outside of {low:g} to {high:g}, for which the model was trained", self._beyond
        for number, group in enumerate(JET_GROUPS):
            yield f"no {group.replace('_', ' ')}: its inputs are 0", int(counts.absent[number])
        yield "azimuths brought into [-pi, pi]", int(counts.wrapped)
        for number, (low, high) in self._plan.ranges.items():
            if number < self._plan.n_inputs:
                what = f"{slots[number].name} is outside of [{low:g}, {high:g}], where the model was trained"
                yield what, int(counts.outside[number])
