"""Forests, with numpy and compiled, against a walk from node to node that is written down from the definition."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins import cpp
from rdfplugins.inference.tmva.forest import arguments, evaluate_forest, with_combinations
from rdfplugins.inference.tmva.method import LEAF, Forest
from tests.inference.tmva.forests import expected, make_events, random_forest

VOTES = ("mean", "logistic", "softmax", "sum", "median")
SETTINGS = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def agree(forest: Forest, found: np.ndarray, wanted: np.ndarray) -> None:
    """Assert equality to 1e-12 of the value, or of what the terms are whose sum it is."""
    scale = max(1.0, np.abs(forest.value).max()) * (forest.n_trees if forest.votes == "sum" else 1)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-13 * scale)


def batched(forest: Forest, x: np.ndarray) -> np.ndarray:
    return evaluate_forest(forest).run(with_combinations(forest, x))


def make(forest: Forest, variables: int, cpu: int = 2) -> Any:
    return cpp.load_root().rdfp.trees.Forest(*arguments(forest, variables, cpu=cpu))


def compiled(forest: Forest, x: np.ndarray, cpu: int = 2) -> np.ndarray:
    out = np.full((len(x), forest.n_outputs), -7.0)
    make(forest, x.shape[1], cpu).evaluate_many(np.ascontiguousarray(x), len(x), out)
    return out


def one_by_one(forest: Forest, x: np.ndarray) -> np.ndarray:
    out = np.full((len(x), forest.n_outputs), -7.0)
    built = make(forest, x.shape[1])
    for row, event in enumerate(np.ascontiguousarray(x)):
        built.evaluate(event, out[row])
    return out


@pytest.fixture(scope="module", autouse=True)
def _root() -> None:
    cpp.include("rdfplugins/tmva/trees.h", optimised=True)


# -- shapes and votes


@st.composite
def forests(draw: st.DrawFn) -> tuple[Forest, np.ndarray]:
    depth = draw(st.integers(0, 12))
    trees = draw(st.integers(1, 300 if depth < 4 else 30))
    variables, values = draw(st.integers(1, 6)), draw(st.sampled_from([1, 5, 40, 2000]))
    seed = draw(st.integers(0, 2**32 - 1))
    forest = random_forest(
        seed,
        trees=trees,
        depth=depth,
        variables=variables,
        values=values,
        votes=draw(st.sampled_from(VOTES)),
        combinations=draw(st.booleans()),
        full=depth < 7 and draw(st.booleans()),
    )
    return forest, make_events(seed + 1, variables, draw(st.sampled_from([1, 2, 63, 64, 65, 150])), values)


@SETTINGS
@given(forests())
def test_all_ways_give_what_the_definition_gives(case: tuple[Forest, np.ndarray]) -> None:
    check(*case)


def check(forest: Forest, x: np.ndarray) -> None:
    """Assert that all ways agree with the definition, and compiled ones with each other in every bit."""
    wanted, fast = expected(forest, x), compiled(forest, x)
    agree(forest, batched(forest, x), wanted)
    agree(forest, fast, wanted)
    np.testing.assert_array_equal(one_by_one(forest, x), fast)
    for cpu in (0, 1):
        np.testing.assert_array_equal(compiled(forest, x, cpu), fast)


def joined(forests: list[Forest], votes: Any = "sum") -> Forest:
    """Return one forest of the trees of several over the same variables."""
    starts = np.cumsum([0] + [len(forest.feature) for forest in forests]).astype(np.int32)

    def together(name: str, shift: bool = False) -> np.ndarray:
        return np.concatenate([getattr(f, name) + (s if shift else 0) for f, s in zip(forests, starts, strict=False)])

    return Forest(
        *(together("feature"), together("cut"), together("left", True), together("right", True), together("value")),
        *(together("roots", True), together("weights"), forests[0].fisher, votes),
    )


@pytest.mark.parametrize("leaves", [2, 8, 9, 16, 17, 32, 33, 64, 65, 254, 255, 256, 257, 400])
def test_chains_of_any_number_of_leaves(leaves: int) -> None:
    """One cut after the other on one variable, as deep as it has leaves; with cuts of its own for every node."""
    inner = np.arange(leaves - 1)
    cut = np.random.default_rng(leaves).permutation(leaves - 1) / 3
    turn = inner % 2 == 0  # the leaf is to the left, or to the right
    child, leaf = np.where(inner < leaves - 2, inner + 1, 2 * leaves - 2), inner + leaves - 1
    ends = np.arange(leaves - 1, 2 * leaves - 1)
    forest = Forest(
        np.append(np.zeros(leaves - 1), np.full(leaves, LEAF)).astype(np.int32),
        np.append(cut, np.zeros(leaves)),
        np.append(np.where(turn, leaf, child), ends).astype(np.int32),
        np.append(np.where(turn, child, leaf), ends).astype(np.int32),
        np.append(np.zeros(leaves - 1), np.random.default_rng(1).normal(size=leaves)),
        *(np.zeros(1, np.int32), np.ones(1), np.zeros((0, 2)), "sum"),
    )
    check(forest, np.concatenate([cut, np.nextafter(cut, -1), [np.inf, -np.inf]])[:, None])


@pytest.mark.parametrize("votes", VOTES)
def test_small_and_large_trees_in_one_forest(votes: Any) -> None:
    sizes = [(5, 3), (2, 12), (1, 0), (3, 9), (30, 4), (1, 12), (9, 1)]
    parts = [
        random_forest(seed, trees=trees, depth=depth, values=500, full=depth < 10)
        for seed, (trees, depth) in enumerate(sizes)
    ]
    check(joined(parts, votes), make_events(3, 4, 100, values=500))


@pytest.mark.parametrize(("depth", "votes"), [(3, "mean"), (4, "logistic"), (5, "softmax"), (6, "sum"), (8, "median")])
def test_many_trees(depth: int, votes: Any) -> None:
    forest = random_forest(depth, trees=100, depth=depth, variables=12, votes=votes, full=True, values=900)
    check(forest, make_events(depth, 12, 90, values=900))


def test_many_combinations() -> None:
    forest = random_forest(8, trees=90, depth=4, combinations=True, full=True)
    assert len(forest.fisher) > 300
    x = make_events(9, 4, 120)
    check(forest, x)
    np.testing.assert_array_equal(evaluate_forest(forest).run(x), batched(forest, x))


def test_more_cuts_than_a_byte_counts() -> None:
    forest = random_forest(5, trees=400, depth=3, variables=2, values=5000, full=True)
    assert len(np.unique(forest.cut)) > 1000
    check(forest, make_events(6, 2, 600, values=5000))


def test_small_blocks_of_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("EVENTS", 7), ("PLACES", 40), ("TABLE", 200), ("WALKS", 2), ("NUMBERS", 90)):
        monkeypatch.setattr(f"rdfplugins.inference.tmva.forest.{name}", value)
    for votes in VOTES:
        parts = [random_forest(seed, trees=9, depth=depth, full=True) for seed, depth in enumerate((2, 8, 3))]
        forest, x = joined(parts, votes), make_events(1, 4)
        agree(forest, batched(forest, x), expected(forest, x))


def test_groups_shrink_where_tables_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    forest, x = random_forest(5, trees=200, depth=3, full=True), make_events(1, 4)
    wide = evaluate_forest(forest)._parts
    monkeypatch.setattr("rdfplugins.inference.tmva.forest.TABLES", 1 << 14)
    assert len(evaluate_forest(forest)._parts) > len(wide)
    agree(forest, batched(forest, x), expected(forest, x))


# -- comparisons


def stump(cut: float, feature: int = 0, fisher: np.ndarray | None = None) -> Forest:
    """Return a tree of one cut: 1 to the left, 2 to the right."""
    return Forest(
        *(np.array([feature, LEAF, LEAF], np.int32), np.array([cut, 0, 0]), np.array([1, 1, 2], np.int32)),
        *(np.array([2, 1, 2], np.int32), np.array([0.0, 1, 2]), np.zeros(1, np.int32), np.ones(1)),
        *(np.zeros((0, 2)) if fisher is None else fisher, "sum"),
    )


@pytest.mark.parametrize("cut", [1 / 3, 0.0, -0.0, 5e-324, 1e300, np.inf, -np.inf])
def test_a_value_on_the_cut_goes_right(cut: float) -> None:
    values = [cut, np.nextafter(cut, -np.inf), np.nextafter(cut, np.inf), float(np.float32(1 / 3)), np.inf, -np.inf]
    x = np.repeat(values, 20)[:, None]
    wanted = np.where(x >= cut, 2.0, 1.0)
    for found in (batched(stump(cut), x), compiled(stump(cut), x), one_by_one(stump(cut), x)):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("cut", [1 / 3, 0.0, -0.0, 5e-324, np.inf, -np.inf])
def test_a_combination_on_the_cut_goes_left(cut: float) -> None:
    forest = stump(cut, 1, np.array([[1.0, 0.0]]))
    x = np.repeat([cut, np.nextafter(cut, -np.inf), np.nextafter(cut, np.inf), np.inf, -np.inf], 20)[:, None]
    wanted = np.where(x > cut, 2.0, 1.0)
    for found in (batched(forest, x), compiled(forest, x), one_by_one(forest, x)):
        np.testing.assert_array_equal(found, wanted)


def test_nan_goes_left_and_stays_among_its_own() -> None:
    forest = joined([random_forest(1, trees=30, values=9), random_forest(2, trees=3, depth=9, full=True)])
    x = make_events(1, 4, 200)
    clean = batched(forest, x)
    x[::3, 1] = np.nan
    check(forest, x)
    rest = np.arange(len(x)) % 3 != 0
    np.testing.assert_array_equal(batched(forest, x)[rest], clean[rest])


def test_infinities_of_both_signs_in_a_combination() -> None:
    forest = stump(0.0, 2, np.array([[1.0, 1.0, 0.0]]))
    x = np.tile([np.inf, -np.inf], (40, 1))
    for found in (batched(forest, x), compiled(forest, x), one_by_one(forest, x)):
        np.testing.assert_array_equal(found, np.ones((40, 1)))


# -- votes


def leaves(values: list[float], weights: list[float], votes: Any, classes: int = 1) -> Forest:
    """Return trees that are one leaf each."""
    count = len(values)
    numbers = np.arange(count, dtype=np.int32)
    return Forest(
        *(np.full(count, LEAF, np.int32), np.zeros(count), numbers, numbers, np.array(values), numbers),
        *(np.array(weights), np.zeros((0, 2)), votes, classes),
    )


@pytest.mark.parametrize(
    ("forest", "wanted"),
    [
        (leaves([1.0, 3.0], [1, 3], "mean"), [2.5]),
        (leaves([1.0, 3.0], [0, 0], "mean"), [0]),
        (leaves([1e4], [1], "logistic"), [1]),
        (leaves([-1e4], [1], "logistic"), [-1]),
        (leaves([1e4, 0.0, 1e4], [1] * 3, "softmax", 3), [0.5, 0, 0.5]),
        (leaves([1.0, 2.0, 3.0], [1] * 3, "sum"), [6]),
        # of [0 .. 5], one on each side (a sixth of the trees) of the one at which more than half is reached
        (leaves([5.0, 0, 4, 1, 3, 2], [1] * 6, "median"), [3]),  # the fourth: 2, 3, 4
        (leaves([5.0, 0, 4, 1, 3, 2], [1, 9, 1, 1, 1, 1], "median"), [0.5]),  # the first: 0, 1
        (leaves([7.0], [0], "median"), [7]),
    ],
)
def test_votes_by_hand(forest: Forest, wanted: list[float]) -> None:
    x = np.zeros((20, 1))
    for found in (batched(forest, x), compiled(forest, x), one_by_one(forest, x)):
        np.testing.assert_allclose(found, np.tile(wanted, (20, 1)), rtol=1e-15)


def test_more_classes_and_variables_than_the_stack_has_room_for() -> None:
    made = random_forest(3, trees=200, variables=70, combinations=True)
    forest = dataclasses.replace(made, votes="softmax", classes=66, offset=0.0)
    check(forest, make_events(1, 70))


# -- how it is called


def test_no_events() -> None:
    for votes in VOTES:
        forest, out = random_forest(1, votes=votes), np.full(3, -7.0)
        assert batched(forest, np.zeros((0, 4))).shape == (0, forest.n_outputs)
        make(forest, 4).evaluate_many(np.zeros(4), 0, out)
        np.testing.assert_array_equal(out, -7)


@pytest.mark.parametrize("votes", VOTES)
def test_bits_do_not_depend_on_who_else_is_there(votes: Any) -> None:
    forest = joined([random_forest(1, trees=100, full=True), random_forest(2, trees=3, depth=9, full=True)], votes)
    x = make_events(1, 4, 700)
    for run in (batched, compiled):
        whole = run(forest, x)
        for few in (slice(0, 1), slice(3, 10), slice(100, 165), slice(511, 700)):
            np.testing.assert_array_equal(run(forest, x[few]), whole[few])


def test_memory_does_not_grow_with_events() -> None:
    engine = evaluate_forest(random_forest(1, trees=300, full=True))
    peaks = []
    for count in (10_000, 40_000):
        x = np.broadcast_to(np.linspace(-1, 1, 4), (count, 4))
        tracemalloc.start()
        size = engine.run(x).nbytes
        peaks.append(tracemalloc.get_traced_memory()[1] - size)
        tracemalloc.stop()
    assert 1e5 < peaks[0] < 2e7
    assert peaks[1] < 1.1 * peaks[0]


def test_threads_share_a_forest() -> None:
    cpp.declare(THREADS, "test")
    forest, x = joined([random_forest(1, trees=100), random_forest(2, depth=9)]), make_events(1, 4, 500)
    out = np.empty((8, 500))
    cpp.load_root().rdfp_test_forest_threads(make(forest, 4), x, out, 500, 8)
    np.testing.assert_array_equal(out, np.tile(compiled(forest, x)[:, 0], (8, 1)))


THREADS = """
#include <thread>
#include <vector>
// Half of the threads evaluate event by event, the others all events at once.
void rdfp_test_forest_threads(const rdfp::trees::Forest &forest, const double *x, double *out, std::size_t events,
                              int threads) {
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([=, &forest] {
      if (t % 2 == 0) return forest.evaluate_many(x, events, out + t * events);
      for (std::size_t k = 0; k < events; ++k) forest.evaluate(x + k * forest.variables(), out + t * events + k);
    });
  for (auto &thread : running) thread.join();
}
"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"roots": [1]}, "the first root is node 0"),
        ({"roots": [0, 0]}, "roots rise"),
        ({"roots": [0, 9]}, "roots rise"),
        ({"roots": [0, -1]}, "roots rise"),
        ({"feature": [4, LEAF, LEAF]}, "no such feature"),
        ({"left": [0, 1, 2]}, "children are behind"),
        ({"left": [-1, 1, 2]}, "children are behind"),
        ({"right": [3, 1, 2]}, "children are behind"),
        ({"feature": [0, 0, 0], "left": [1, 2, 2], "right": [2, 2, 2]}, "children are behind"),
        ({"classes": 2}, "one output, or softmax"),
        ({"classes": 0}, "one output, or softmax"),
    ],
)
def test_what_is_no_forest_is_refused(change: dict[str, Any], message: str) -> None:
    arrays = {key: np.array(value, np.int32) if isinstance(value, list) else value for key, value in change.items()}
    if "roots" in arrays:
        arrays["weights"] = np.ones(len(arrays["roots"]))
    with pytest.raises(Exception, match=f"rdfp::trees::Forest: {message}"):
        make(dataclasses.replace(stump(0.0), **arrays), 1)


def test_unknown_votes_are_refused() -> None:
    given = [*arguments(stump(0.0), 1)]
    given[12] = 5
    with pytest.raises(Exception, match="rdfp::trees::Forest: unknown votes"):
        cpp.load_root().rdfp.trees.Forest(*given)
