"""Hand-written events as columns."""

from __future__ import annotations

import pytest

from rdfplugins.simulate.by_hand import columns_from_events
from rdfplugins.simulate.trees import Branch, check_columns

SCHEMA = {"x": Branch("float32"), "v": Branch("float32", vector=True)}


def test_hand_written_events_fill_what_they_do_not_name():
    columns = columns_from_events([{"v": [1.5, 2]}, {"x": 3}, {}], SCHEMA)
    assert list(columns) == ["x", "v"]
    assert columns["x"].values.tolist() == [0, 3, 0]
    assert columns["v"].values.tolist() == [1.5, 2]
    assert columns["v"].offsets is not None
    assert columns["v"].offsets.tolist() == [0, 2, 2, 2]
    assert check_columns(columns, SCHEMA) == 3


def test_no_hand_written_events_are_no_events():
    assert check_columns(columns_from_events([], SCHEMA), SCHEMA) == 0


@pytest.mark.parametrize(
    ("dtype", "vector", "value"),
    [
        ("int32", False, 2**31),
        ("uint32", False, -1),
        ("uint64", True, [2**64]),
        ("int32", False, 1.5),
        ("bool", True, [2]),
        ("float32", False, "1"),
        ("float32", False, [1.0]),
        ("float32", True, 1.0),
        ("float32", True, [[1.0]]),
        ("float32", True, [1e300]),
    ],
)
def test_hand_written_values_that_the_type_cannot_hold_are_refused(dtype, vector, value):
    with pytest.raises(ValueError, match=r"branch 'b' \("):
        columns_from_events([{"b": value}], {"b": Branch(dtype, vector=vector)})


@pytest.mark.parametrize(("dtype", "value"), [("uint64", 2**64 - 1), ("bool", 1), ("int64", -(2**63)), ("float64", 3)])
def test_hand_written_values_at_the_edge_are_kept(dtype, value):
    columns = columns_from_events([{"b": value}, {}], {"b": Branch(dtype)})
    assert columns["b"].values.tolist() == [value, 0]


def test_a_misspelt_branch_of_a_hand_written_event_gets_a_hint():
    with pytest.raises(ValueError, match=r"event 1 has 'photon_ptt'.*did you mean 'photon_pt'"):
        columns_from_events([{}, {"photon_ptt": []}], {"photon_pt": Branch("float32", vector=True)})
