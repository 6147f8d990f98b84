"""Compare the di-tau columns of selected events, one by one, with what the oracle expects.

Events are matched by their number, never by position: a wrong event in the place of a right one is found.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from tests.oracle.ditau import analyse, cut_names, follow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np

    from tests.oracle.ditau_settings import Settings

Row = dict[str, float]
# made by arithmetic; all other columns are copies of branches or whole numbers, and must be equal
COMPUTED = {
    *("PuppimT1_reco", "PuppimT2_reco", "PuppimTtt_reco", "PuppimTtot_reco", "mt_1", "mt_2", "mt_tot"),
    *("remaining_jets_pt_reco", "remaining_jets_eta_reco", "remaining_jets_phi_reco", "jdeta"),
    *("m_vis", "pt_vis", "m_coll", "mjj", "m_1", "m_2"),
}
RELATIVE = 1e-6


def expected_table(events: Iterable[Mapping[str, Any]], settings: Settings | None = None) -> dict[int, Row]:
    """Return ``channel``, the 27 inputs and the community's columns of the selected events, by event number."""
    table: dict[int, Row] = {}
    for event in events:
        result = analyse(event, settings)
        if result:
            number = int(event["event"])
            assert number not in table, f"event {number} occurs twice"
            table[number] = {"channel": result.code} | result.inputs | result.community
    return table


def expected_cutflow(
    events: Iterable[Mapping[str, Any]], channel: str, settings: Settings | None = None
) -> dict[str, int]:
    """Return the numbers of events left after the flags (under "flags") and after each cut of a channel."""
    counts = {"flags": 0} | dict.fromkeys(cut_names(channel, settings), 0)
    for event in events:
        followed = follow(event, settings)
        counts["flags"] += followed.flags_passed
        for name in followed.steps[channel]:
            counts[name] += 1
    return counts


def tolerance(column: str, row: Row) -> float:
    """Return the accepted absolute difference of a column.

    Computed columns may differ by `RELATIVE`. Roots of differences (masses) come out near 0 with the rounding errors
    of their terms, sqrt(1e-16) of their size: 1e-7 of the momenta is accepted besides, and 1e-6 of an angle.
    """
    if column not in COMPUTED:
        return 0.0
    largest = RELATIVE * abs(row[column])
    if column in {"remaining_jets_eta_reco", "remaining_jets_phi_reco", "jdeta"}:
        return largest + RELATIVE
    if column == "mjj":
        energy = sum(row[f"jpt_{k}"] * math.cosh(row[f"jeta_{k}"]) for k in (1, 2))
        return largest + 1e-7 * energy
    if column == "remaining_jets_pt_reco":
        return largest + 1e-9 * row["jet2_pt_reco"]
    energy = sum(row[f"tau{k}_pt_reco"] * math.cosh(row[f"tau{k}_eta_reco"]) for k in (1, 2))
    met = row["PuppiMET_pt_reco"]
    return largest + 1e-7 * (energy + (0.0 if math.isnan(met) else met))


def differs(column: str, got: float, row: Row) -> bool:
    want = row[column]
    if math.isnan(want) or math.isnan(got):
        return not (math.isnan(want) and math.isnan(got))
    return got != want and not abs(got - want) <= tolerance(column, row)


def assert_same_events(columns: Mapping[str, np.ndarray], expected: Mapping[int, Row]) -> None:
    """Assert that ``columns`` hold the expected events, each once and no other, with the expected values.

    Parameters
    ----------
    columns
        Column name -> array, one entry an event, in any order; ``event`` among them. Columns that the oracle does not
        know are ignored, all that it knows must be there.
    expected
        What `expected_table` returns.
    """
    numbers = [int(x) for x in columns["event"]]
    position = {number: i for i, number in enumerate(numbers)}
    faults = [f"event {n} is not in the tree" for n in sorted(set(expected) - set(position))]
    faults += [f"event {n} is in the tree but not expected" for n in sorted(set(position) - set(expected))]
    if len(position) != len(numbers):
        faults.append(f"{len(numbers) - len(position)} events come more than once")
    known = list(next(iter(expected.values()))) if expected else []
    faults += [f"column {name} is missing" for name in known if name not in columns]
    for name in (name for name in known if name in columns):
        values = columns[name]
        bad = [
            n for n in sorted(set(expected) & set(position)) if differs(name, float(values[position[n]]), expected[n])
        ]
        if bad:
            some = "; ".join(f"{n}: got {values[position[n]]!r}, want {expected[n][name]!r}" for n in bad[:3])
            faults.append(f"{name}: {len(bad)} of {len(expected)} events differ, {some}")
    assert not faults, "\n".join(["tree and oracle differ:", *faults[:30], f"{len(faults)} faults"])
