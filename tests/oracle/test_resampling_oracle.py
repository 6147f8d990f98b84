"""The oracle of resampling judged by hand."""

from __future__ import annotations

import math
from fractions import Fraction

from tests.oracle import resampling as oracle


def test_rounding_sharing_and_binning_as_worked_out_by_hand() -> None:
    assert oracle.largest_remainder({"a": Fraction(5, 2), "b": Fraction(5, 2), "c": Fraction(0)}, 5) == {
        "a": 3,
        "b": 2,
        "c": 0,
    }
    assert oracle.thinned({0: 10, 1: 5, 2: 0}, 4) == {0: 3, 1: 1, 2: 0}
    shares = oracle.neyman({0: 10, 1: 100}, {0: Fraction(9), 1: Fraction(1)}, 40)
    assert shares == {0: 10, 1: 30}  # 90 to 100 asks for 18.9 of ten rows
    assert [oracle.bin_of(x, [0.0, 1.0, 2.0], ()) for x in (0.0, 1.0, 2.0, math.nan, math.inf, -0.1)] == [
        *(0, 1, 1, None, None, None)
    ]
    spec = oracle.Spec({"method": "count", "options": {"bin_semantics": "edges"}}, (), ())
    assert oracle.edges(spec, {"bins": [[0, 0.3, 4], [0.3, 1, 2], [2, 3, 2]]}, 0)[0][3:] == [0.3, 1.0, 2.0, 3.0]
    assert oracle.edges(spec, {"bins": [[0, 0.3, 4], [0.3, 1, 2], [2, 3, 2]]}, 0)[1] == {4}


def test_count_and_importance_as_worked_out_by_hand() -> None:
    """Two bins; 6 and 4 rows of a, 3 and 8 of b: count takes 3 and 4, importance with target a half of a's: 3 and 2."""
    spec = oracle.Spec(
        {"method": "count", "options": {"sampling_variables": [{"x": {"edges": [0, 1, 2]}}]}}, ("a", "b"), ("one",)
    )
    numbers = {(0, 0.5): 6, (0, 1.5): 4, (1, 0.5): 3, (1, 2.0): 8, (1, math.nan): 5, (-1, 0.5): 7}
    events = [
        oracle.Event("s", 0, label, 100 * number + i, (("x", x),))
        for number, ((label, x), size) in enumerate(numbers.items())
        for i in range(size)
    ]
    content = oracle.content(spec, events)
    assert len(content.outside[1, "NaN or infinite"]) == 5
    assert oracle.count(content) == {(None, c, b): k for c in (0, 1) for b, k in (((0,), 3), ((1,), 4))}
    assert oracle.importance(content) == {(None, c, b): k for c in (0, 1) for b, k in (((0,), 3), ((1,), 2))}
    assert oracle.weighting(content) == {
        (None, 0, (0,)): 1, (None, 0, (1,)): 1, (None, 1, (0,)): 2, (None, 1, (1,)): Fraction(1, 2)
    }  # fmt: skip
