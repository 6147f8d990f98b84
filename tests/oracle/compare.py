"""Compare the events of a tree, one by one, with what the oracle expects of them.

Events are matched by identity, never by position or by number: a wrong event in the place of a right one is found.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import uproot

from tests.oracle import diphoton
from tests.oracle.edge_events import DTYPES, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Key = int | tuple[int, ...]
Row = dict[str, float]

# Copied from the input: the same bits are demanded. All other columns are computed: 1e-6 is allowed.
EXACT_COLUMNS = (
    *("eventNumber", "runNumber", "channelNumber", "photon_n", "jet_n", "lep_n", "met_et", "met_phi"),
    *(f"photon_{n}lead_{v}" for n in (1, 2) for v in ("pt", "eta", "phi", "E", "etcone20", "ptcone30")),
)
_ANGLES = {"y_yy", "cos_theta_star", "deta_yy", "dphi_yy", "deta_jj"}


def expected_table(
    events: Iterable[Mapping[str, Any]],
    kind: str,
    *,
    xsec_pb: float | None = None,
    sum_of_weights: float | None = None,
    empty: float = math.nan,
    **parameters: Any,
) -> dict[int, Row]:
    """Return all output columns of the selected events, by eventNumber.

    ``kind`` is "mc" or "data"; ``parameters`` are those of `diphoton.Parameters`.
    """
    units = parameters.get("units", "MeV")
    table: dict[int, Row] = {}
    for event in events:
        selected = diphoton.select(event, **parameters)
        if not selected.passed:
            continue
        number = int(event["eventNumber"])
        assert number not in table, f"eventNumber {number} occurs twice among the expected events"
        row = diphoton.features(event, selected, empty=empty, units=units)
        table[number] = row | diphoton.weights(event, kind, xsec_pb, sum_of_weights)
    return table


def expected_cutflow(
    events: Iterable[Mapping[str, Any]],
    kind: str,
    *,
    xsec_pb: float | None = None,
    sum_of_weights: float | None = None,
    **parameters: Any,
) -> dict[str, tuple[int, float, float]]:
    """Return for "all" and for each active cut: events left, sum of weights, sum of squared weights.

    Events with a NaN weight count as events and are left out of the sums.
    """
    names = ["all", *diphoton.active_cuts(**parameters)]
    counts = dict.fromkeys(names, 0)
    passing: dict[str, list[float]] = {name: [] for name in names}
    for event in events:
        weight = diphoton.weights(event, kind, xsec_pb, sum_of_weights)["weight"]
        for name in ["all", *diphoton.select(event, **parameters).cuts_passed]:
            counts[name] += 1
            if not math.isnan(weight):
                passing[name].append(weight)
    return {name: (counts[name], math.fsum(w), math.fsum(x * x for x in w)) for name, w in passing.items()}


def events_from_root(path: str, tree: str = "mini") -> Iterator[dict[str, Any]]:
    """Read a file event by event: scalars as numpy scalars, vectors as arrays, in the types of the branches."""
    with uproot.open(path) as file:
        for chunk in file[tree].iterate(library="np", step_size=2000):
            for i in range(len(next(iter(chunk.values())))):
                yield {branch: values[i] for branch, values in chunk.items()}


def write_mini(path: str, events: Iterable[dict[str, Any]], tree: str = "mini") -> None:
    """Write complete events as a tree with real std::vector branches, as the public files have them."""
    from rdfplugins.cpp import load_root

    root = load_root()
    file = root.TFile.Open(path, "RECREATE")
    out = root.TTree(tree, tree)
    codes = {"float": "F", "int": "I", "uint": "i", "bool": "O"}
    buffers: dict[str, Any] = {}
    for branch, kind in SCHEMA.items():
        if kind.startswith("v"):
            buffers[branch] = root.std.vector[kind[1:].replace("uint", "unsigned int")]()
            out.Branch(branch, buffers[branch])
        else:
            buffers[branch] = np.zeros(1, dtype=DTYPES[kind])
            out.Branch(branch, buffers[branch], f"{branch}/{codes[kind]}")
    for one in events:
        for branch, kind in SCHEMA.items():
            if kind.startswith("v"):
                buffers[branch].clear()
                for x in one[branch]:
                    buffers[branch].push_back(x.item())
            else:
                buffers[branch][0] = one[branch]
        out.Fill()
    file.Write()
    file.Close()


def natural_scale(column: str, row: Row) -> float:
    """Size of the numbers that a computed column is made of; the tolerance is relative to it.

    A sum or a difference of large numbers can come out near zero by cancellation (the mean of two opposite phi, the pT
    of a balanced photon pair, the standard deviation of equal thetas). Its rounding error is set by the terms, so
    the tolerance is ``rtol`` times the larger of the value itself and:

    - mean, std: the largest element, sum: that times the number of elements, each times 1e-6: statistics are made in
      double, in two passes, so that only rounding of doubles is forgiven (a float32 sum is not);
    - pt_yy, ptt_yy: pT of the leading photon; h_mass likewise, m_yy in GeV;
    - m_jj: the summed jet energy;
    - pseudorapidity and angle columns: 1;
    - all else (minimum, maximum, weights): nothing.
    """
    stem, _, statistic = column.rpartition("_")
    if f"{stem}_min" in row and statistic in {"mean", "std", "sum"}:
        largest = max(abs(row[f"{stem}_min"]), abs(row[f"{stem}_max"]))
        number = row[f"{stem.split('_')[0]}_n"] if statistic == "sum" else 1
        return _or_zero(1e-6 * largest * number)
    if column in {"pt_yy", "ptt_yy", "h_mass"}:
        return _or_zero(row["photon_1lead_pt"])
    if column == "m_yy" and row["h_mass"]:
        return _or_zero(row["photon_1lead_pt"] * row["m_yy"] / row["h_mass"])
    if column == "m_jj":
        return _or_zero(abs(row["jet_E_sum"]))
    return 1.0 if column in _ANGLES else 0.0


def _or_zero(x: float) -> float:
    return x if math.isfinite(x) else 0.0


def _deviation(column: str, got: Any, row: Row, exact: bool, rtol: float) -> float:
    """Return 0 where the value is accepted, else its deviation in units of the tolerance (inf: not comparable)."""
    want = row[column]
    if math.isnan(want) or np.isnan(got):
        return 0.0 if math.isnan(want) and np.isnan(got) else math.inf
    if exact:
        same = float(got) == want and math.copysign(1.0, float(got)) == math.copysign(1.0, want)
        return 0.0 if same else math.inf
    if math.isinf(want) or np.isinf(got):
        return 0.0 if float(got) == want else math.inf
    difference = abs(float(got) - want)
    tolerance = rtol * max(abs(want), natural_scale(column, row))
    if difference <= tolerance:
        return 0.0
    return difference / tolerance if tolerance > 0 else math.inf


def _keys_of_tree(columns: Mapping[str, np.ndarray], key_columns: Sequence[str]) -> list[Key]:
    lists = [[int(x) for x in columns[name]] for name in key_columns]
    return list(lists[0]) if len(lists) == 1 else list(zip(*lists, strict=True))


def assert_same_events(
    tree_columns: Mapping[str, np.ndarray],
    expected: Mapping[Any, Row],
    key_columns: Sequence[str] = ("eventNumber",),
    exact: Iterable[str] = EXACT_COLUMNS,
    rtol: float = 1e-6,
) -> None:
    """Assert that the tree holds the expected events, all of them, no other, once each, with the expected values.

    Parameters
    ----------
    tree_columns
        Column name -> array, one entry an event, in any order. Columns that the oracle does not know are ignored.
    expected
        Key -> column -> value; the key is an integer for one key column, else a tuple of integers. All rows have the
        same columns.
    exact
        Columns that must agree to the bit (sign of zero included; NaN agrees with NaN).
    rtol
        Relative tolerance of all other columns, see `natural_scale`.
    """
    keys = _keys_of_tree(tree_columns, key_columns)
    faults: list[str] = []
    position = {key: i for i, key in enumerate(keys)}
    duplicates = sorted({key for i, key in enumerate(keys) if position[key] != i})
    for what, found in (
        ("missing from the tree", sorted(set(expected) - set(position))),
        ("in the tree but not expected", sorted(set(position) - set(expected))),
        ("more than once in the tree", duplicates),
    ):
        if found:
            faults.append(f"{len(found)} events {what}: {_some(found)}")
    wanted = list(next(iter(expected.values()))) if expected else []
    absent = [name for name in wanted if name not in tree_columns]
    if absent:
        faults.append(f"{len(absent)} columns missing: {_some(absent)}")
    common = sorted(set(expected) & set(position))
    exact = frozenset(exact)
    bad_columns = []
    for column in wanted:
        if column in absent:
            continue
        values = tree_columns[column]
        bad = [(_deviation(column, values[position[k]], expected[k], column in exact, rtol), k) for k in common]
        bad = sorted((x for x in bad if x[0] > 0), key=lambda x: -x[0])
        if bad:
            details = "; ".join(f"{k}: got {values[position[k]]!r}, want {expected[k][column]!r}" for _, k in bad[:3])
            limit = "exact" if column in exact else f"worst {bad[0][0]:.3g} tolerances"
            bad_columns.append((len(bad), f"{column} ({limit}): {len(bad)} of {len(common)} events, {details}"))
    bad_columns.sort(key=lambda x: -x[0])
    faults += [text for _, text in bad_columns[:15]]
    if len(bad_columns) > 15:
        faults.append(f"... and {len(bad_columns) - 15} more columns")
    assert not faults, "\n".join(["tree and oracle differ:", *faults])


def _some(things: Sequence[Any]) -> str:
    return ", ".join(str(x) for x in things[:8]) + (", ..." if len(things) > 8 else "")
