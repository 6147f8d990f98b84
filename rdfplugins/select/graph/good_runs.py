"""Lists of good runs: JSON files of luminosity blocks, as CMS and others publish them, or of runs alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rdfplugins import cpp
from rdfplugins.errors import did_you_mean
from rdfplugins.nodes.base import column_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rdfplugins.config import Config
    from rdfplugins.config.steps import GoldenJsonConfig

_LARGEST = 2**64 - 1

Range = tuple[int, int, int]


def read(path: Path) -> tuple[Range, ...]:
    """Return (run, first block, last block), sorted, overlapping ranges of a run joined.

    Parameters
    ----------
    path
        JSON: ``{"run": [[first, last], ...], ...}``, or ``[run, ...]``, which stands for all blocks of the runs.

    Raises
    ------
    ValueError
        With a message for the user.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}") from error
    ranges = sorted(_ranges(found))
    if not ranges:
        raise ValueError("names no run: no event would be left")
    return tuple(_joined(ranges))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"names run {next(name for name in names if names.count(name) > 1)} twice")
    return found


def _ranges(found: object) -> Iterator[Range]:
    if isinstance(found, list):
        for run in found:
            yield _number(run, "a run"), 0, _LARGEST
        return
    if not isinstance(found, dict):
        raise ValueError('holds neither {"run": [[first, last], ...]} nor a list of runs')  # noqa: TRY004
    for name, blocks in found.items():
        run = _number(int(name) if name.isascii() and name.isdigit() else name, "a run")
        if not isinstance(blocks, list):
            raise ValueError(f"run {name} has no list of ranges [[first, last], ...]")  # noqa: TRY004
        for pair in blocks:
            if not isinstance(pair, list) or len(pair) != len(("first", "last")):
                raise ValueError(f"run {name} has {json.dumps(pair)} where a range [first, last] is expected")
            first, last = (_number(value, f"a luminosity block of run {name}") for value in pair)
            if first > last:
                raise ValueError(f"run {name} has the range [{first}, {last}], which ends before it begins")
            yield run, first, last


def _number(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise ValueError(f"has {json.dumps(value)} where {what} is expected")
    return value


def _joined(ranges: list[Range]) -> Iterator[Range]:
    run, first, last = ranges[0]
    for other, start, end in ranges[1:]:
        if other == run and start <= last:
            last = max(last, end)
        else:
            yield run, first, last
            run, first, last = other, start, end
    yield run, first, last


def of_whole_runs(ranges: tuple[Range, ...]) -> bool:
    """Return whether runs are listed without luminosity blocks."""
    return all((first, last) == (0, _LARGEST) for _, first, last in ranges)


def condition(df: Any, config: Config, path: tuple[str | int, ...], spec: GoldenJsonConfig, sample: str) -> str:
    """Return C++ statements that are true for an event of a good run.

    Parameters
    ----------
    df
        Has the columns of run and luminosity block.
    path
        Of ``spec`` in the config.

    Raises
    ------
    ConfigError
        For a file that cannot be read, or a column that is not there.
    """
    file = config.folder / spec.file
    try:
        ranges = read(file)
    except ValueError as error:
        raise config.fault(f"{file}: {error}", *path) from error
    columns = {"run": spec.run, "lumi_block": None if of_whole_runs(ranges) else spec.lumi_block}
    for key, column in columns.items():
        if column is not None and not df.HasColumn(column):
            advice = "; 'lumi_block: null' judges by the run alone" if key == "lumi_block" else ""
            hint = did_you_mean(column, column_names(df)) or advice
            message = f"golden_json: no column '{column}' in sample '{sample}' (key '{key}'){hint}"
            raise config.fault(message, *path, key)
    cpp.include("rdfplugins/good_runs.h")
    # static: made once, when the first event comes; a column of its own would be made anew for each event
    table = ", ".join("{" + ", ".join(f"{value}ULL" for value in entry) + "}" for entry in ranges)
    arguments = ", ".join(f"static_cast<ULong64_t>({column})" for column in columns.values() if column is not None)
    return f"static const rdfp::GoodRuns good({{{table}}}); return good.contains({arguments});"
