"""From rows to chosen rows: read and binned once, counted, planned, drawn."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import numpy as np

from rdfplugins.resample.arrivals import Earliest, earliest
from rdfplugins.resample.binning import OUTSIDE, grids
from rdfplugins.resample.cells import Cells, families, left_out
from rdfplugins.resample.draw import TAKE, Smallest, smallest, stream
from rdfplugins.resample.index import Rows
from rdfplugins.resample.interpolation import Splines
from rdfplugins.resample.methods import METHODS, Facts, Plan
from rdfplugins.resample.spool import Spool
from rdfplugins.resample.spread import spreads
from rdfplugins.resample.tally import Counts, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from rdfplugins.config.resample import ResampleConfig
    from rdfplugins.resample.binning import Axis
    from rdfplugins.resample.scratch import Scratch

NOT_A_NUMBER, OUT_OF_RANGE = "NaN or infinite", "out of range"
BEYOND_INITIAL = "beyond custom_n_jets_initial"
ROWS = 1 << 17


class Piece(Protocol):
    """Some rows of a sample as they are read; a `rdfplugins.resample.sources.Chunk` is one."""

    @property
    def key(self) -> NDArray[np.uint64]:
        """Identities, uint64[n]."""

    @property
    def class_id(self) -> NDArray[np.int32]:
        """Classes, int32[n]; negative: none."""

    @property
    def values(self) -> Mapping[str, NDArray[np.float64]]:
        """Name of a variable -> float64[n]."""


@dataclasses.dataclass(frozen=True, eq=False)
class Draws:
    """A plan with its thresholds: what says of any row how often it is taken."""

    plan: Plan
    smallest: tuple[Smallest, ...]  # one for each subset, or one
    earliest: Earliest
    splines: Splines | None
    looks: dict[tuple[str, int], int]  # sample, first row -> number of the look in which copies were kept


class Choice:
    """One resampling, step by step; the steps of classes may be done by different processes."""

    def __init__(self, spec: ResampleConfig, classes: tuple[str, ...], categories: tuple[str, ...]) -> None:
        self.spec = spec
        self.classes = classes
        self.categories = categories
        groups = families(spec, len(categories))
        every = grids(spec, categories)
        self.cells = Cells(groups, len(classes), tuple(every[family[0]] for family in groups))
        self.unused: dict[str, dict[str, int]] = {}
        self._without_class: dict[str, int] = {}
        self._reach: dict[str, tuple[float, float]] = {}  # of the variables, in all rows
        self._splines = spec.options.interpolation == "spline"
        self._class_of = self.cells.classes_of()

    # -- what is read

    @property
    def expressions(self) -> dict[str, str]:
        """Name -> formula of what is to be read of each row."""
        found = {axis.name: axis.expression for grid in self.cells.grids for axis in grid.axes}
        name = self.spec.options.allocation_variable
        return found if name is None else {**found, name: found.get(name, name)}

    @property
    def _extras(self) -> list[str]:
        """Names of what is kept of each row besides its key and cell."""
        if self._splines:
            return [axis.name for axis in self.cells.grids[0].axes]
        return [self.spec.options.allocation_variable] if self.spec.options.allocation_variable else []

    @property
    def extra_columns(self) -> int:
        """Number of columns that a scratch must have besides key and cell."""
        return len(self._extras)

    def fill(self, scratch: Scratch, pieces: Iterable[Piece]) -> None:
        """Bin the rows of a sample, and take notes of those that have no bin."""
        options = self.spec.options
        family = self.cells.family_of(scratch.category)
        most = None if self.spec.method == "pdf" else options.custom_n_jets_initial.get(scratch.name)
        left = most if options.initial == "head" else None
        for piece in pieces:
            bins = self.cells.grids[family].index(piece.values, len(piece.key))
            cell = self.cells.number(family, piece.class_id, bins, self._finite(piece, bins))
            self._note_reach(piece)
            if left is not None:
                used = np.flatnonzero(cell >= 0)
                cell[used[left:]] = left_out(cell[used[left:]])
                left = max(0, left - len(used))
            scratch.add(piece.key, cell, [piece.values[name] for name in self._extras])
            for reason, number in getattr(piece, "unused", {}).items():
                without = self._without_class
                without[reason] = without.get(reason, 0) + number
        if most is not None and options.initial == "hash":
            scratch.keep_smallest(most, options.seed)

    def _note_reach(self, piece: Piece) -> None:
        for axis in self.cells.grids[0].axes:
            values = piece.values[axis.name]
            if len(values):
                low, high = self._reach.get(axis.name, (np.inf, -np.inf))
                # of numbers, whatever else is among them
                self._reach[axis.name] = (
                    min(low, float(np.fmin.reduce(values))),
                    max(high, float(np.fmax.reduce(values))),
                )

    def remarks(self) -> list[str]:
        """Return what looks like a mistake in the bins: most rows out of range, or all of them in one bin."""
        found = []
        inside = sum(int(table.sum()) for table in self.cells.tables(self.n))
        outside = int(self.cells.outside(self.n).sum())
        if outside > inside:
            reach = "; ".join(self._reached(axis) for axis in self.cells.grids[0].axes)
            found.append(f"{outside} of {inside + outside} rows lie in no bin ({reach}); are the units right?")
        for place, axis in enumerate(self.cells.grids[0].axes):
            filled = np.zeros(axis.bins, bool)
            for table, grid in zip(self.cells.tables(self.n), self.cells.grids, strict=True):
                others = tuple(k for k in range(len(grid.shape) + 1) if k != place + 1)
                if grid.shape[place] == axis.bins:
                    filled |= table.reshape(-1, *grid.shape).sum(axis=others) > 0
            if axis.bins > 1 and filled.sum() == 1:
                found.append(f"all rows lie in one of {axis.bins} bins ({self._reached(axis)}); are the units right?")
        return found

    def _reached(self, axis: Axis) -> str:
        low, high = self._reach.get(axis.name, (np.nan, np.nan))
        ends = axis.edges[[0, -1]]
        return f"{axis.name}: values from {low:.4g} to {high:.4g}, bins from {ends[0]:.4g} to {ends[1]:.4g}"

    def _finite(self, piece: Piece, bins: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return whether all variables of a row are finite, where it has no bin; others are not looked at."""
        found = np.ones(len(bins), bool)
        outside = np.flatnonzero(bins == OUTSIDE)
        for axis in self.cells.grids[0].axes:
            found[outside] &= np.isfinite(piece.values[axis.name][outside])
        return found

    # -- what is decided

    def plan(self, scratches: Sequence[Scratch]) -> Plan:
        """Count the rows, and decide how many are taken of each cell; all samples must be there.

        Raises
        ------
        MisfitError
            If the options do not fit the rows.
        """
        total = self.cells.total
        n = np.zeros(total, np.int64)
        held: dict[str, tuple[int, tuple[int, ...]]] = {}
        firsts = [-1] * len(self.cells.families)
        beyond = np.zeros(total, np.int64)
        for scratch in scratches:
            own = np.zeros(total, np.int64)
            for look in scratch.looks():
                beyond += np.bincount(left_out(look.cell[look.cell < -1]), minlength=total)
                used = look.cell[look.cell >= 0]
                own += np.bincount(used, minlength=total)
            family = self.cells.family_of(scratch.category)
            classes = np.bincount(self._class_of, own, minlength=len(self.classes))
            held[scratch.name] = (family, tuple(int(c) for c in np.flatnonzero(classes)))
            if firsts[family] < 0 and classes.any():
                firsts[family] = held[scratch.name][1][0] if np.count_nonzero(classes) == 1 else 0
            n += own
        self.n, self.held = n, held
        self.unused = self._reasons(n, beyond)
        neyman = self.spec.options.allocation == "neyman" and bool(self._extras)
        spread = spreads(scratches, total) if neyman else None
        facts = Facts(
            self.spec, self.cells, self.classes, self.categories, n, held,
            tuple(max(0, first) for first in firsts), spread,
        )  # fmt: skip
        return METHODS[self.spec.method](facts)

    def _reasons(self, n: NDArray[np.int64], beyond: NDArray[np.int64]) -> dict[str, dict[str, int]]:
        """Return class -> why rows have no bin or do not take part -> how many."""
        out_of_range, no_number = self.cells.outside(n).sum(axis=1)
        left = np.bincount(self._class_of, beyond, minlength=len(self.classes)).astype(np.int64)
        found: dict[str, dict[str, int]] = {}
        for c, name in enumerate(self.classes):
            said = {NOT_A_NUMBER: no_number[c], OUT_OF_RANGE: out_of_range[c], BEYOND_INITIAL: left[c]}
            found[name] = {reason: int(number) for reason, number in said.items() if number}
        return {**found, "": dict(self._without_class)} if self._without_class else found

    def only(self, plan: Plan, class_id: int) -> Plan:
        """Return the part of a plan that is about one class."""
        other = self._class_of != class_id
        draws = plan.draws.copy()
        draws[plan.group[other & (plan.group >= 0)]] = 0
        return dataclasses.replace(
            plan,
            base=np.where(other, 0, plan.base).astype(np.int32),
            take=np.where(other, 0, plan.take),
            rate=np.where(other, 0.0, plan.rate),
            group=np.where(other, -1, plan.group).astype(np.int32),
            draws=draws,
        )

    # -- what is drawn

    def draw(self, plan: Plan, scratches: Sequence[Scratch]) -> Draws:
        """Find the thresholds of a plan; the scratches must hold all rows of its classes."""
        seed = self.spec.options.seed

        def rows() -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int32]]]:
            for scratch in scratches:
                for look in scratch.looks():
                    yield look.key, np.maximum(look.cell, np.int32(-1))

        streams = [stream(seed, TAKE, k) for k in range(plan.subsets)] if plan.subsets else [stream(seed, TAKE)]
        marks = tuple(smallest(rows, self.n, plan.take, start) for start in streams)
        splines = Splines(self.cells, plan.rate) if self._splines else None
        looks: dict[tuple[str, int], int] = {}
        return Draws(plan, marks, self._earliest(plan, scratches, splines, looks), splines, looks)

    def _earliest(
        self,
        plan: Plan,
        scratches: Sequence[Scratch],
        splines: Splines | None,
        looks: dict[tuple[str, int], int],
    ) -> Earliest:
        groups = np.append(plan.group, np.int32(-1))  # the last one is that of rows without a cell

        def rated() -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int32], NDArray[np.float64]]]:
            for scratch in scratches:
                for look in scratch.looks():
                    looks.setdefault((scratch.name, look.start), len(looks))
                    group = groups[np.maximum(look.cell, -1)]
                    used = np.flatnonzero(group >= 0)
                    cell = look.cell[used]
                    rate = plan.rate[cell] if splines is None else splines.rates(cell, look.extra[:, used])
                    yield look.key[used], group[used], rate

        total, number = np.zeros(len(plan.draws)), np.zeros(len(plan.draws), np.int64)
        if plan.draws.any():
            if splines is None:
                there = plan.group >= 0
                np.add.at(total, plan.group[there], (self.n * plan.rate)[there])
                np.add.at(number, plan.group[there], np.where(plan.rate > 0, self.n, 0)[there])
            else:
                for _, group, rate in rated():
                    total += np.bincount(group, rate, minlength=len(total))
                    number += np.bincount(group[rate > 0], minlength=len(total))
        most = self._most_arrivals
        spool = Spool(scratches[0].folder if scratches else None, np.uint32)
        seed = self.spec.options.seed
        return earliest(rated, plan.draws, seed, total=total, n=number, most=most, spool=spool)

    @property
    def _most_arrivals(self) -> int | None:
        """Return how often a row may be drawn with replacement; random oversampling has taken each once already."""
        most = self.spec.options.max_duplicates
        return most - 1 if most is not None and self.spec.method == "random_oversampling" else most

    # -- what comes of it

    def counts(self) -> Counts:
        """Return counts, all 0, of what `rows` chooses."""
        return Counts.zero(self.cells.total, len(self.classes))

    def rows(self, draws: Draws, scratch: Scratch, counts: Counts, *, only: int | None = None) -> Iterator[Rows]:
        """Yield the chosen rows of a sample in their order, and count them; ``only``: those of one class."""
        plan = draws.plan
        for look in scratch.looks():
            used = np.flatnonzero(look.cell >= 0)
            if only is not None:
                used = used[self._class_of[look.cell[used]] == only]
            whole = len(used) == len(look.cell)
            key, cell = (look.key, look.cell) if whole else (look.key[used], look.cell[used])
            copies = plan.base[cell]
            subsets = None
            if plan.subsets:
                subsets = np.zeros(len(used), np.uint64)
                for number, marks in enumerate(draws.smallest):
                    taken = marks.taken(key, cell)
                    copies += taken
                    subsets |= taken.astype(np.uint64) << np.uint64(number)
            else:
                copies += draws.smallest[0].taken(key, cell)
            if draws.earliest.limit.max(initial=-1.0) >= 0:
                extra = look.extra[:, used] if draws.splines is not None else None
                copies += self._drawn(draws, draws.looks.get((scratch.name, look.start)), key, cell, extra)
            counts.add(cell, self._class_of[cell], copies)
            chosen = np.flatnonzero(copies > 0)
            if len(chosen):
                at = cell[chosen]
                yield Rows(
                    (used[chosen] + look.start).astype(np.uint64),
                    key[chosen],
                    self._class_of[at],
                    copies[chosen],
                    plan.weight[at],
                    None if subsets is None else subsets[chosen],
                )

    def _drawn(
        self,
        draws: Draws,
        look: int | None,
        key: NDArray[np.uint64],
        cell: NDArray[np.int32],
        extra: NDArray[np.float64] | None,
    ) -> NDArray[np.int32]:
        group = draws.plan.group[cell]
        which = np.flatnonzero(group >= 0)
        kept = None if look is None else draws.earliest.copies_of(look, group[which])
        if kept is not None:
            if len(which) == len(key):
                return kept
            found = np.zeros(len(key), np.int32)
            found[which] = kept
            return found
        at = cell[which]
        rate = (
            draws.plan.rate[at] if draws.splines is None or extra is None else draws.splines.rates(at, extra[:, which])
        )
        found = np.zeros(len(key), np.int32)
        found[which] = draws.earliest.copies(key[which], group[which], rate)
        return found

    def tally(self, plan: Plan, counts: Counts) -> Tally:
        """Return the counts as tables of families."""
        cells = self.cells
        return Tally(
            method=self.spec.method,
            classes=self.classes,
            categories=tuple(" + ".join(self.categories[k] for k in family) for family in cells.families),
            grids=cells.grids,
            before=cells.tables(self.n),
            after=cells.tables(counts.after),
            distinct=cells.tables(counts.distinct),
            weights=cells.tables(counts.after * plan.weight),
            squares=cells.tables(counts.after * plan.weight**2),
            variances=cells.tables(counts.pairs * plan.weight**2),
            target=plan.target,
            lost=plan.lost,
            copies=counts.copies_of_classes(),
            unused={name: dict(reasons) for name, reasons in self.unused.items()},
            subsets=plan.subsets,
        )
