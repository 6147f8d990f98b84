"""Problems of resampling as arrays, drawn by hypothesis or made at random, and what was taken, row by row."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from rdfplugins.config.resample import ResampleConfig
from rdfplugins.errors import RdfpluginsError
from rdfplugins.resample.arrays import ArraySample, resample_arrays
from tests.oracle import resampling as oracle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import DrawFn
    from numpy.typing import NDArray

    from rdfplugins.resample.tally import Tally

CLASSES = ("bjets", "cjets", "ujets", "taujets")
CATEGORIES = ("ttbar", "zprime")
NO_REPEATS = (
    *("none", "count", "importance_no_replace", "weighting", "stratified", "random_undersampling", "planing"),
)
REPEATS = ("pdf", "countup", "random_oversampling")
METHODS = (*NO_REPEATS, *REPEATS, "ensemble")
Row = tuple[str, int]  # sample and key


@dataclasses.dataclass(frozen=True)
class Taken:
    copies: int
    weight: float
    subsets: int
    label: int


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What was taken: row -> how; and the tally."""

    rows: dict[Row, Taken]
    tally: Tally

    def identity(self) -> dict[Row, tuple[int, float, int]]:
        return {row: (one.copies, one.weight, one.subsets) for row, one in self.rows.items()}


@dataclasses.dataclass(frozen=True)
class Problem:
    """Samples, classes, categories, and the spec as a mapping of YAML."""

    raw: dict[str, Any]
    classes: tuple[str, ...]
    categories: tuple[str, ...]
    samples: tuple[ArraySample, ...]

    def spec(self) -> oracle.Spec:
        return oracle.Spec(self.raw, self.classes, self.categories)

    def changed(self, method: str | None = None, **options: Any) -> Problem:
        """Return the problem with another method or other options; None takes an option out, but for plots."""
        merged = {**self.raw["options"], **options}
        kept = {name: value for name, value in merged.items() if value is not None or name == "n_jets_to_plot"}
        return dataclasses.replace(self, raw={**self.raw, "method": method or self.raw["method"], "options": kept})

    def events(self) -> list[oracle.Event]:
        found = []
        for sample in self.samples:
            names = list(sample.values)
            columns = zip(*(sample.values[name].tolist() for name in names), strict=True) if names else None
            rows = columns if columns is not None else itertools.repeat(())
            found += [
                oracle.Event(sample.name, sample.category, label, key, tuple(zip(names, values, strict=True)))
                for key, label, values in zip(sample.key.tolist(), sample.class_id.tolist(), rows, strict=False)
            ]
        return found

    def run(self, chunk: int = 1 << 18) -> Outcome:
        """Resample, and check what holds of any result: rows are those of the samples, in order, with sound weights."""
        config = ResampleConfig.model_validate(self.raw)
        chosen = resample_arrays(config, self.classes, self.categories, self.samples, chunk=chunk)
        found: dict[Row, Taken] = {}
        assert set(chosen.rows) <= {sample.name for sample in self.samples}
        for sample in self.samples:
            if sample.name in chosen.rows:
                found |= _taken(sample, chosen.rows[sample.name])
        return Outcome(found, chosen.tally)

    def attempt(self) -> Outcome | str:
        """Resample; return the one line that says why not, where that is what comes of it."""
        try:
            return self.run()
        except RdfpluginsError as error:
            said = str(error)
        assert said
        assert "\n" not in said
        return said


def _taken(sample: ArraySample, rows: Any) -> dict[Row, Taken]:
    position = np.asarray(rows.position)
    types = {"position": "u8", "key": "u8", "class_id": "i4", "copies": "i4", "weight": "f8"}
    for name, dtype in types.items():
        assert getattr(rows, name).dtype == np.dtype(dtype), name
        assert getattr(rows, name).shape == position.shape, name
    assert np.all(np.diff(position.astype(np.int64)) > 0), "positions do not rise"
    assert len(position) == 0 or int(position[-1]) < len(sample.key)
    np.testing.assert_array_equal(rows.key, sample.key[position])
    np.testing.assert_array_equal(rows.class_id, sample.class_id[position])
    assert np.all(rows.class_id >= 0), "a row without a class was taken"
    assert np.all(rows.copies >= 1)
    assert np.all(np.isfinite(rows.weight) & (rows.weight >= 0))
    subsets = np.zeros(len(position), np.uint64) if rows.subsets is None else rows.subsets
    assert subsets.dtype == np.uint64
    columns = (rows.key, rows.copies, rows.weight, subsets, rows.class_id)
    return {
        (sample.name, key): Taken(copies, weight, mask, label)
        for key, copies, weight, mask, label in zip(*(column.tolist() for column in columns), strict=True)
    }


# ------------------------------------------------------------------------------------------------ drawn by hypothesis


@st.composite
def axes(draw: DrawFn, name: str, *, most: int = 4, gaps: bool = True) -> dict[str, Any]:
    """Return the bins of a variable as YAML has them."""
    kind = draw(st.sampled_from(["edges", "range", "ranges", *(["gap"] if gaps else [])]))
    number = draw(st.integers(1, most))
    if kind == "edges":
        widths = draw(st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=number, max_size=number))
        return {name: {"edges": list(itertools.accumulate(widths, initial=-1.0))}}
    if kind == "range":
        return {name: {"bins": [0, 25e4, number + 1]}}  # edges, or bins: one more
    begin = 0.3 if kind == "ranges" else 0.5
    return {name: {"bins": [[0, 0.3, 2], [begin, 1.1, number + 1]]}}


def places(spec: oracle.Spec, category: int) -> list[list[list[float]]]:
    """Return values of each bin of each variable: its lower edge, its middle, its end where that is closed."""
    found = []
    for entry in spec.option("sampling_variables", ()):
        ((_, variable),) = entry.items()
        edges, gaps = oracle.edges(spec, variable, category)
        bins = []
        for number in range(len(edges) - 1):
            low, high = edges[number], edges[number + 1]
            values = [low, (low + high) / 2, float(np.nextafter(high, low))]
            if number not in gaps:
                bins.append([*values, high] if number == len(edges) - 2 else values)
        found.append(bins)
    return found


def strange(spec: oracle.Spec, category: int) -> list[list[float]]:
    """Return values of each variable that have no bin."""
    found = []
    for entry in spec.option("sampling_variables", ()):
        ((_, variable),) = entry.items()
        edges, gaps = oracle.edges(spec, variable, category)
        outside = [np.nan, np.inf, -np.inf, np.nextafter(edges[0], -np.inf), np.nextafter(edges[-1], np.inf)]
        found.append([*map(float, outside), *(edges[gap] for gap in gaps)])
    return found


@st.composite
def problems(
    draw: DrawFn,
    method: str,
    *,
    fractions: bool | None = None,
    variables: tuple[int, int] = (1, 2),
    most: int = 12,
    one_class_a_sample: bool | None = None,
) -> Problem:
    """Return a small problem for a method: few bins with 0 to ``most`` rows, and some rows of no bin or no class.

    Parameters
    ----------
    fractions
        Whether categories have fractions; None: drawn.
    variables
        The least and the largest number of variables.
    one_class_a_sample
        Whether each sample has the rows of one class, or of all and of none; None: drawn.
    """
    classes = CLASSES[: draw(st.integers(1, 4))]
    categories = CATEGORIES[: draw(st.integers(1, 2))]
    axis_count = draw(st.integers(*variables))
    options: dict[str, Any] = {"max_lost_fraction": 1.0, "n_jets_to_plot": None, "seed": draw(st.integers(0, 5))}
    if axis_count:
        single = method == "pdf" and len(categories) > 1
        options["sampling_variables"] = [
            draw(axes(name, most=3 if axis_count > 1 else 5, gaps=not single)) for name in ("pt", "eta")[:axis_count]
        ]
    raw = {"method": method, "options": options}
    if draw(st.booleans()) if fractions is None else fractions:
        share = draw(st.sampled_from([0.5, 0.7, 0.1, 0.9, 0.3333]))
        names = dict(zip(categories, (share, float(str(round(1 - share, 4)))), strict=False))
        options["fractions"] = names if len(categories) > 1 else {categories[0]: 1.0}
    spec = oracle.Spec(raw, classes, categories)
    labels = [
        label
        for category in range(len(categories))
        for label in _labels(draw, classes, method, one_class_a_sample, category)
    ]
    order = np.random.default_rng(draw(st.integers(0, 3)))
    samples = tuple(_sample(draw, spec, one, order, most) for one in labels)
    options["samples"] = {
        category: [one.name for one in samples if one.category == number] for number, category in enumerate(categories)
    }
    return Problem({**raw, "class_labels": list(classes)}, classes, categories, _keyed(samples, order))


def _labels(
    draw: DrawFn, classes: Sequence[str], method: str, one_class: bool | None, category: int
) -> list[tuple[int, str, tuple[int, ...]]]:
    """Return number of category, name, and classes of each sample of a category."""
    if draw(st.booleans()) if one_class is None else one_class:
        return [(category, f"{CATEGORIES[category]}_{name}", (label,)) for label, name in enumerate(classes)]
    return [(category, f"{CATEGORIES[category]}_all", tuple(range(-1, len(classes))))]


def _sample(
    draw: DrawFn, spec: oracle.Spec, sample: tuple[int, str, tuple[int, ...]], order: np.random.Generator, most: int
) -> ArraySample:
    category, name, labels = sample
    good, bad = places(spec, category), strange(spec, category)
    names = [name for entry in spec.option("sampling_variables", ()) for name in entry]
    rows: list[tuple[int, tuple[float, ...]]] = []
    for label in labels:
        for bins in itertools.product(*good):
            number = draw(st.one_of(st.just(0), st.integers(0, most)))
            rows += [(label, tuple(one[(i + j) % len(one)] for j, one in enumerate(bins))) for i in range(number)]
        if names:
            for odd in draw(st.lists(st.integers(0, 99), max_size=3)):
                values = [one[0][0] for one in good]
                which = odd % len(names)
                values[which] = bad[which][odd // 2 % len(bad[which])]
                rows.append((label, tuple(values)))
    turned = [rows[i] for i in order.permutation(len(rows))]
    values = {name: np.array([row[1][i] for row in turned], np.float64) for i, name in enumerate(names)}
    label_array = np.array([row[0] for row in turned], np.int32)
    return ArraySample(name, category, np.zeros(len(turned), np.uint64), label_array, values)


def _keyed(samples: Sequence[ArraySample], order: np.random.Generator) -> tuple[ArraySample, ...]:
    """Give every row a key of its own."""
    return tuple(
        dataclasses.replace(one, key=order.integers(0, 1 << 64, len(one.class_id), dtype=np.uint64)) for one in samples
    )


# ----------------------------------------------------------------------------------------------------- made at random


def spectra(
    method: str,
    rows: Mapping[tuple[int, int], int],
    *,
    classes: int = 3,
    bins: tuple[int, int] = (20, 4),
    content: int = 1,
    **options: Any,
) -> Problem:
    """Return a large problem: for each (category, class) so many rows with falling spectra of their own."""
    draw = np.random.default_rng(content)
    categories = CATEGORIES[: 1 + max(category for category, _ in rows)]
    samples = []
    for (category, label), number in rows.items():
        pt = np.minimum(draw.exponential(0.15 + 0.04 * label, number) + 0.1 * category, 0.9999)
        eta = np.abs(draw.normal(0.0, 1.0 + 0.3 * label, number)) % 2.5
        key = draw.integers(0, 1 << 64, number, dtype=np.uint64)
        name = f"{CATEGORIES[category]}_{CLASSES[label]}"
        samples.append(ArraySample(name, category, key, np.full(number, label, np.int32), {"pt": pt, "eta": eta}))
    raw = {
        "method": method,
        "class_labels": list(CLASSES[:classes]),
        "options": {
            "sampling_variables": [
                {"pt": {"bins": [0, 1, bins[0]]}},
                {"eta": {"bins": [0, 2.5, bins[1]]}},
            ],
            "bin_semantics": "bins",
            "samples": {
                category: [one.name for one in samples if one.category == number]
                for number, category in enumerate(categories)
            },
            "max_lost_fraction": 1.0,
            "n_jets_to_plot": None,
            **options,
        },
    }
    return Problem(raw, CLASSES[:classes], categories, tuple(samples))


def histogram(problem: Problem, outcome: Outcome | None = None) -> dict[tuple[int, int], NDArray[np.float64]]:
    """Return rows of each bin for (category, class), bins flat: copies of what was taken, or all there is."""
    spec = problem.spec()
    found: dict[tuple[int, int], NDArray[np.float64]] = {}
    for sample in problem.samples:
        total = np.zeros(len(sample.key), np.int64)
        size = 1
        outside = np.zeros(len(sample.key), bool)
        for name, edges, _ in oracle.axes(spec, sample.category):
            index = np.searchsorted(np.array(edges), sample.values[name], side="right") - 1
            outside |= (index < 0) | (index >= len(edges) - 1)
            total = total * (len(edges) - 1) + index
            size *= len(edges) - 1
        copies = np.ones(len(sample.key))
        if outcome is not None:
            taken = outcome.rows
            copies = np.array(
                [taken[row].copies if (row := (sample.name, k)) in taken else 0 for k in sample.key.tolist()]
            )
        for label in np.unique(sample.class_id[sample.class_id >= 0]).tolist():
            mask = (sample.class_id == label) & ~outside
            added = np.bincount(total[mask], weights=copies[mask], minlength=size)
            cell = (sample.category, label)
            found[cell] = found.get(cell, np.zeros(size)) + added
    return found
