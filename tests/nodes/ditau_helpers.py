"""What the tests of the di-tau nodes share: run them over events, compare every column with the oracle."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.cpp import load_root
from rdfplugins.errors import SubstitutionWarning
from rdfplugins.nodes import ditau
from tests.oracle import ditau as oracle
from tests.oracle.ditau_events import read_events
from tests.oracle.ditau_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

KEY = ("run", "luminosityBlock", "event")
MASS_TOLERANCE = 0.02  # GeV, of transverse masses, which cancel where objects are collinear
_ANGLES = ("phi", "eta", "dr_12")


def same(column: str, got: float, want: float, scale: float) -> bool:
    """Compare a value: 1e-6, relative to ``scale`` (GeV) where it is a sum that may cancel."""
    if math.isnan(want) or math.isnan(got):
        return math.isnan(want) and math.isnan(got)
    if column.startswith(("PuppimT", "mt_")):
        return math.isclose(got, want, rel_tol=1e-6, abs_tol=MASS_TOLERANCE)
    absolute = 1e-6 * (1.0 if any(word in column for word in _ANGLES) else scale)
    return math.isclose(got, want, rel_tol=1e-6, abs_tol=absolute)


def selected(
    path: Path, select: Mapping[str, Any], features: Mapping[str, Any]
) -> dict[tuple[int, ...], dict[str, Any]]:
    """Return key -> column -> value of the selected events of a file, of nodes called as a user of PyROOT does."""
    df = load_root().RDataFrame("Events", str(path))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SubstitutionWarning)
        df = ditau.features(ditau.select(df, **select), **features)
    wanted = [name for name in (*KEY, "channel", *ditau.features.makes({})) if df.HasColumn(name)]
    columns = {name: np.asarray(values) for name, values in df.AsNumpy([*wanted, "leg_1_index", "leg_2_index"]).items()}
    rows = [{name: values[row] for name, values in columns.items()} for row in range(len(columns["run"]))]
    return {tuple(int(row[name]) for name in KEY): row for row in rows}


def steps(path: Path, select: Mapping[str, Any]) -> dict[tuple[int, ...], dict[str, int]]:
    """Return key -> channel -> number of its cuts that each event of a file passes; ``all``: of the common ones."""
    df = ditau.select.apply(load_root().RDataFrame("Events", str(path)), select)
    names = {channel.name: channel.column for channel in df.channels}
    found = df.df.AsNumpy([*KEY, *names.values(), df.column])
    keys = zip(*(found[name].tolist() for name in KEY), strict=True)
    return {
        tuple(key): {"all": int(found[df.column][row]), **{name: int(found[names[name]][row]) for name in names}}
        for row, key in enumerate(keys)
    }


def expected(
    events: Sequence[Mapping[str, Any]], settings: Settings
) -> dict[tuple[int, ...], tuple[oracle.Result, dict[str, float]]]:
    """Return key -> what the oracle finds, and all its columns."""
    table = {}
    for event in events:
        result = oracle.analyse(event, settings)
        if result is not None:
            key = tuple(int(event[name]) for name in KEY)
            assert key not in table
            table[key] = (result, {**result.inputs, **result.community})
    return table


def compare(
    path: Path, select: Mapping[str, Any] | None = None, features: Mapping[str, Any] | None = None, **own: Any
) -> int:
    """Assert that nodes and oracle agree on each event, channel, leg and column; return how many are selected.

    ``own`` are settings of the oracle that differ in form from the parameters of the nodes.
    """
    select, features = dict(select or {}), dict(features or {})
    settings = Settings(**{**select, **features, **own})
    events = read_events(path)
    want, got = expected(events, settings), selected(path, select, features)
    assert sorted(got) == sorted(want)
    faults = []
    for key, (result, columns) in want.items():
        row = got[key]
        assert int(row["channel"]) == result.code
        assert (int(row["leg_1_index"]), int(row["leg_2_index"])) == tuple(result.legs), (key, result.channel)
        scale = max(1.0, *(abs(value) for name, value in columns.items() if "pt" in name and math.isfinite(value)))
        faults += [
            f"{key} {result.channel} {name}: {row[name]} where {value} is expected"
            for name, value in columns.items()
            if not same(name, float(row[name]), float(value), scale)
        ]
    assert not faults, "\n".join(faults[:20])
    made = {*ditau.INPUTS, *columns} if want else set(ditau.INPUTS)
    assert not want or made <= set(row)
    _compare_steps(path, select, settings, events)
    return len(want)


def _compare_steps(
    path: Path, select: Mapping[str, Any], settings: Settings, events: Sequence[Mapping[str, Any]]
) -> None:
    found = steps(path, select)
    names = ditau.select.channel_cuts(ditau.select.check(select))
    for channel, cuts in names.items():
        assert list(cuts) == oracle.cut_names(channel, settings)
    for event in events:
        key = tuple(int(event[name]) for name in KEY)
        followed = oracle.follow(event, settings)
        clean = len(followed.flags) == len(settings.flags)
        assert found[key]["all"] == len(followed.flags) + (1 if followed.complete else 0)
        for channel in names:
            assert found[key][channel] == (len(followed.steps[channel]) if clean else 0), (key, channel)
