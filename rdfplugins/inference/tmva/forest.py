"""Forests of decision trees with numpy alone, all trees of a group and all events of a block at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast, get_args

import numpy as np

from rdfplugins.inference.tmva.method import LEAF, Votes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from rdfplugins.inference.tmva.method import Doubles, Forest

    Integers = NDArray[np.integer[Any]]

BEST_CPU: Final = 2  # network::kAvx512; what the CPU does not have is not taken
EPSILON: Final = np.finfo(np.float64).eps  # weights that sum to less give 0

EVENTS: Final = 8192  # of a block
NUMBERS: Final = 1 << 21  # of a block, where there are more than that
PLACES: Final = 1 << 17  # pairs of an event and a tree that are looked at together: a megabyte for their values
TABLE: Final = 1 << 19  # bytes for one feature of a group: they stay in the cache
TABLES: Final = 1 << 27  # bytes for all features and groups: of larger forests the groups are smaller
FEATURES: Final = 64  # of a group of more than a few trees: each takes as long as another look at all of them
FEW: Final = 16
WALKS: Final = 64  # trees that are walked together

# Bits of a mask, and a number which times a mask of one bit has another number for each bit behind the shift.
WIDTHS: Final = {8: (0x17, 5), 16: (0x09AF, 12), 32: (0x077CB531, 27), 64: (0x03F79D71B4CB0A89, 58)}


def with_combinations(forest: Forest, x: Doubles) -> Doubles:
    """Return ``x`` float64[n, variables] with the linear combinations of the forest as further columns.

    Without any this is ``x`` itself.
    """
    if not len(forest.fisher):
        return x
    variables = x.shape[1]
    out = np.empty((len(x), variables + len(forest.fisher)))
    out[:, :variables] = x
    with np.errstate(all="ignore"):  # infinities and NaN are values like others here
        for number, coefficients in enumerate(forest.fisher):
            column = np.full(len(x), coefficients[variables])
            for k in range(variables):  # in this order, as compiled code: the same bits, the same side of the cut
                column += coefficients[k] * x[:, k]
            out[:, variables + number] = column
    return out


def arguments(forest: Forest, variables: int, *, cpu: int = BEST_CPU) -> tuple[Any, ...]:
    """Return the arguments of ``rdfp::trees::Forest`` (trees.h) for a forest over this many variables.

    ``cpu`` is the best level of vector units to use: 0 those of every CPU, 1 AVX2, 2 AVX-512.
    """

    def integers(array: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.ascontiguousarray(array, dtype=np.int32)

    def doubles(array: Doubles) -> Doubles:
        return np.ascontiguousarray(array, dtype=np.float64)

    fisher = doubles(forest.fisher).ravel() if len(forest.fisher) else np.zeros(1)
    return (
        *(variables, len(forest.feature), integers(forest.feature), doubles(forest.cut)),
        *(integers(forest.left), integers(forest.right), doubles(forest.value)),
        *(forest.n_trees, integers(forest.roots), doubles(forest.weights), len(forest.fisher), fisher),
        *(get_args(Votes).index(forest.votes), forest.classes, forest.offset, cpu),
    )


class ForestEngine:
    """Evaluates a forest block by block with numpy; memory does not depend on the number of events."""

    def __init__(self, forest: Forest) -> None:
        self._forest = forest
        with np.errstate(all="ignore"):  # a weight of 1e308 is one that nobody wrote, and infinite then
            trees = _prepare(forest)
        self._parts = [part for output in range(forest.classes) for part in _parts(trees, output)]
        self._norm = float(np.cumsum(forest.weights)[-1])  # one after the other, as compiled code

    def run(self, x: Doubles) -> Doubles:
        """Return the outputs float64[n, outputs] for any number of events.

        Parameters
        ----------
        x
            float64[n, variables + combinations], as from `with_combinations`; or without the combinations, which are
            then made a block at a time.
        """
        forest, median = self._forest, self._forest.votes == "median"
        combined = len(forest.fisher) > 0 and x.shape[1] == forest.fisher.shape[1] - 1
        widest = max(x.shape[1] + len(forest.fisher), forest.n_trees if median else 1)
        step = max(1, min(EVENTS, NUMBERS // widest))
        out = np.empty((len(x), forest.n_outputs))
        with np.errstate(all="ignore"):  # infinities and NaN are values like others here
            for first in range(0, len(x), step):
                block = x[first : first + step]
                columns = _columns(with_combinations(forest, block) if combined else block)
                out[first : first + step] = self._medians(columns) if median else self._sums(columns)
        return out

    def _sums(self, columns: _Columns) -> Doubles:
        sums = np.zeros((columns.values.shape[1], self._forest.n_outputs))
        for part in self._parts:
            for rows, values in part.respond(columns):
                sums[rows, part.output] += values.sum(axis=1)
        return self._finish(sums)

    def _finish(self, sums: Doubles) -> Doubles:
        votes = self._forest.votes
        if votes == "logistic":
            return np.tanh(sums)  # 2 / (1 + exp(-2 sum)) - 1, without loss near 0
        if votes == "mean":
            return sums / self._norm if self._norm > EPSILON else np.zeros_like(sums)
        if votes == "softmax":
            powers = np.exp(sums - sums.max(axis=1, keepdims=True))
            return cast("Doubles", powers / powers.sum(axis=1, keepdims=True))
        return sums + self._forest.offset

    def _medians(self, columns: _Columns) -> Doubles:
        """Return the mean of the responses around their weighted median, float64[n, 1]."""
        trees = self._forest.n_trees
        responses = np.empty((columns.values.shape[1], trees))
        for part in self._parts:
            for rows, values in part.respond(columns):
                responses[rows, part.trees] = values
        order = np.argsort(responses, axis=1, kind="stable")
        running = np.cumsum(self._forest.weights[order], axis=1)
        middle = np.minimum(np.sum(running <= self._norm / 2, axis=1) + 1, trees)
        low, high = np.maximum(0, middle - trees // 6 - 1), np.minimum(trees, middle + trees // 6)
        place = np.arange(trees)
        inside = (place >= low[:, None]) & (place < high[:, None])
        mean = np.take_along_axis(responses, order, axis=1).sum(axis=1, where=inside) / (high - low)
        return cast("Doubles", mean[:, None])


class _Columns(NamedTuple):
    """Features of a block of events: ``values`` float64[features, n], and where they are NaN, if anywhere."""

    values: Doubles
    missing: NDArray[np.bool_] | None


def _columns(x: Doubles) -> _Columns:
    values = np.ascontiguousarray(x.T)
    missing = np.isnan(values)
    return _Columns(values, missing if missing.any() else None)


class _Trees(NamedTuple):
    """Trees as numbers a node, whatever part evaluates them.

    Attributes
    ----------
    forest
        The forest.
    cut
        float64[nodes]: an event goes right from here on, for combinations, too; NaN: never.
    value
        float64[nodes]: what a leaf adds.
    leaves
        int64[nodes]: leaves at or below a node.
    first
        int64[nodes]: how many leaves of its tree are to the left of those.
    """

    forest: Forest
    cut: Doubles
    value: Doubles
    leaves: Integers
    first: Integers


def _prepare(forest: Forest) -> _Trees:
    cut, value = forest.cut, forest.value
    if len(forest.fisher):
        strict = forest.feature >= forest.fisher.shape[1] - 1
        cut = np.where(strict, np.where(cut < np.inf, np.nextafter(cut, np.inf), np.nan), cut)
    if forest.votes == "mean":
        sizes = np.diff(forest.roots, append=len(value))
        value = value * np.repeat(forest.weights, sizes)
    levels, level = [], forest.roots
    while len(level):  # all trees at once, a level at a time
        inner = level[forest.feature[level] != LEAF]
        levels.append(inner)
        level = np.concatenate([forest.left[inner], forest.right[inner]])
    leaves, first = np.ones(len(value), np.int64), np.zeros(len(value), np.int64)
    for inner in reversed(levels):
        leaves[inner] = leaves[forest.left[inner]] + leaves[forest.right[inner]]
    for inner in levels:
        first[forest.left[inner]] = first[inner]
        first[forest.right[inner]] = first[inner] + leaves[forest.left[inner]]
    return _Trees(forest, cut, value, leaves, first)


def _parts(trees: _Trees, output: int) -> Iterator[_MaskedTrees | _WalkedTrees]:
    """Yield what evaluates the trees of one output."""
    forest = trees.forest
    own = np.arange(output, forest.n_trees, forest.classes)
    leaves, most = trees.leaves[forest.roots[own]], 0
    for width in WIDTHS:
        for some in _groups(trees, own[(leaves > most) & (leaves <= width)], width):
            yield _MaskedTrees(trees, some, width, output)
        most = width
    large = own[leaves > most]
    for first in range(0, len(large), WALKS):
        yield _WalkedTrees(trees, large[first : first + WALKS], output)


def _nodes(forest: Forest, trees: Integers) -> tuple[Integers, Integers]:
    """Return the nodes of some trees, and at which place in ``trees`` their tree is."""
    ends = np.append(forest.roots[1:], len(forest.feature))
    sizes = ends[trees] - forest.roots[trees]
    place = np.repeat(np.arange(len(trees)), sizes)
    behind = np.arange(len(place)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return forest.roots[trees][place] + behind, place


def _groups(trees: _Trees, some: Integers, width: int) -> list[Integers]:
    """Return trees in groups for which there is room."""
    table = TABLE
    while True:
        groups = list(_split(trees, some, width, table))
        nodes = (int(trees.leaves[trees.forest.roots[group]].sum()) for group in groups)
        total = sum(count * len(group) * width // 8 for count, group in zip(nodes, groups, strict=True))
        if total <= TABLES // trees.forest.classes or table <= TABLE >> 8:
            return groups
        table //= 4


def _split(trees: _Trees, some: Integers, width: int, table: int) -> Iterator[Integers]:
    """Yield trees in groups such that what a feature needs is no larger than ``table`` bytes, of not many features."""
    feature = trees.forest.feature[_nodes(trees.forest, some)[0]]
    cuts = np.bincount(feature[feature != LEAF])
    large = cuts.max(initial=0) * len(some) * width // 8 > table
    if (len(some) > 1 and large) or (len(some) > FEW and np.count_nonzero(cuts) > FEATURES):
        middle = len(some) // 2
        yield from _split(trees, some[:middle], width, table)
        yield from _split(trees, some[middle:], width, table)
    elif len(some):
        yield some


class _MaskedTrees:
    """Trees of few leaves: for each, a bit mask of the leaves that are still possible after a feature is known.

    What a feature leaves possible depends only on how many of its cuts are passed: a row of its table, one mask a tree.
    The masks of all features together leave one bit, which is the leaf.
    """

    def __init__(self, trees: _Trees, some: Integers, width: int, output: int) -> None:
        self.trees, self.output = some, output
        forest, kind = trees.forest, np.dtype(f"uint{width}").type
        self._magic, self._shift = (kind(number) for number in WIDTHS[width])
        self._start = _ones(trees.leaves[forest.roots[some]]).astype(kind)
        self._offsets = (np.arange(len(some)) * width).astype(np.uint32)
        nodes, place = _nodes(forest, some)
        leaf = forest.feature[nodes] == LEAF
        codes = self._encode(kind(1) << np.arange(width).astype(kind)).astype(np.intp)
        self._values = np.zeros(len(some) * width)  # of each tree, at the codes of its leaves
        self._values[place[leaf] * width + codes[trees.first[nodes[leaf]]]] = trees.value[nodes[leaf]]
        self._tables = list(_tables(trees, nodes[~leaf], place[~leaf], np.full(len(some), ~kind(0))))

    def _encode(self, bits: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return a number below the width for each mask of one bit: no two have the same."""
        product = np.multiply(bits, self._magic, out=out)
        return cast("NDArray[Any]", np.right_shift(product, self._shift, out=product))

    def respond(self, columns: _Columns) -> Iterator[tuple[slice, Doubles]]:
        """Yield for some rows after others what the trees say, float64[rows, trees], valid until the next."""
        count, trees = columns.values.shape[1], len(self.trees)
        ranks = [self._ranks(columns, feature, cuts) for feature, cuts, _ in self._tables]
        step = min(count, max(1, PLACES // trees))
        masks = np.empty((step, trees), self._start.dtype)
        one, place, value = np.empty_like(masks), np.empty(masks.shape, np.uint32), np.empty(masks.shape)
        for first in range(0, count, step):
            rows = slice(first, min(first + step, count))
            few = slice(0, rows.stop - first)
            masks[few] = self._start
            for rank, (_, _, table) in zip(ranks, self._tables, strict=True):
                np.take(table, rank[rows], axis=0, out=one[few], mode="clip")  # "raise" would need another copy
                np.bitwise_and(masks[few], one[few], out=masks[few])
            np.add(self._encode(masks[few], out=masks[few]), self._offsets, out=place[few])
            np.take(self._values, place[few], out=value[few], mode="clip")
            yield rows, value[few]

    @staticmethod
    def _ranks(columns: _Columns, feature: int, cuts: Doubles) -> NDArray[np.intp]:
        """Return how many of the cuts each event passes, NaN none."""
        ranks = np.searchsorted(cuts, columns.values[feature], side="right")
        if columns.missing is not None:
            ranks[columns.missing[feature]] = 0
        return cast("NDArray[np.intp]", ranks)


def _tables(
    trees: _Trees, nodes: Integers, place: Integers, all_leaves: NDArray[Any]
) -> Iterator[tuple[int, Doubles, NDArray[Any]]]:
    """Yield each feature of inner nodes, its cuts, and a table [cuts + 1, trees] of the leaves that are possible then.

    ``place`` says which column of the table a node's tree has, ``all_leaves`` how a row is without cuts.
    """
    feature, first, kind = trees.forest.feature[nodes], trees.first[nodes].astype(np.uint64), all_leaves.dtype
    left, right = (trees.leaves[child[nodes]] for child in (trees.forest.left, trees.forest.right))
    if_right = (~(_ones(left) << first)).astype(kind)  # what is to the left is not possible any more
    if_left = (~(_ones(right) << (first + left.astype(np.uint64)))).astype(kind)
    for number in np.unique(feature):
        own = feature == number
        cuts, rank = np.unique(trees.cut[nodes[own]], return_inverse=True)
        passed, failed = (np.tile(all_leaves, (len(cuts) + 1, 1)) for _ in range(2))
        np.bitwise_and.at(passed, (rank + 1, place[own]), if_right[own])  # who passes a cut passed all lower ones
        np.bitwise_and.at(failed, (rank, place[own]), if_left[own])
        np.bitwise_and.accumulate(passed, out=passed)
        np.bitwise_and.accumulate(failed[::-1], out=failed[::-1])
        yield int(number), cuts, passed & failed


def _ones(count: Integers) -> NDArray[np.uint64]:
    """Return the lowest ``count`` bits, 1 to 64 of them."""
    return np.uint64(0xFFFFFFFFFFFFFFFF) >> (64 - count).astype(np.uint64)


class _WalkedTrees:
    """Trees of many leaves: all pairs of an event and a tree go down a level at a time, until they are at a leaf."""

    def __init__(self, trees: _Trees, some: Integers, output: int) -> None:
        self.trees, self.output = some, output
        self._feature, self._cut, self._value = trees.forest.feature, trees.cut, trees.value
        self._children = np.stack([trees.forest.left, trees.forest.right], axis=1).ravel()
        self._roots = trees.forest.roots[some].astype(np.intp)

    def respond(self, columns: _Columns) -> Iterator[tuple[slice, Doubles]]:
        """Yield for some rows after others what the trees say, float64[rows, trees]."""
        count, trees = columns.values.shape[1], len(self.trees)
        step = max(1, PLACES // trees)
        for first in range(0, count, step):
            rows = slice(first, min(first + step, count))
            yield rows, self._walk(columns.values[:, rows])

    def _walk(self, columns: Doubles) -> Doubles:
        count = columns.shape[1]
        values = np.empty(count * len(self._roots))
        flat, pair = np.ascontiguousarray(columns).ravel(), np.arange(len(values))
        event, node = np.repeat(np.arange(count), len(self._roots)), np.tile(self._roots, count)
        while len(node):
            feature = self._feature[node]
            leaf = feature == LEAF
            if leaf.any():
                values[pair[leaf]] = self._value[node[leaf]]
                pair, event, node, feature = (array[~leaf] for array in (pair, event, node, feature))
            right = flat[feature * np.intp(count) + event] >= self._cut[node]
            node = self._children[2 * node + right].astype(np.intp)
        return values.reshape(count, -1)


def evaluate_forest(forest: Forest) -> ForestEngine:
    """Return what evaluates the forest."""
    return ForestEngine(forest)
