"""Identity of events: ``event_key``, the columns made from it, and the search for events that come twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rdfplugins import cpp
from rdfplugins.config.input import DEFAULT_KEY
from rdfplugins.errors import ConfigError, InputError, did_you_mean
from rdfplugins.nodes.base import column_names
from rdfplugins.random import text_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rdfplugins.config import Config, SplitConfig
    from rdfplugins.select.samples.inputs import Inputs

SPLITS: tuple[Literal["train", "val", "test"], ...] = ("train", "val", "test")
_WORDS = ("run", "lumi", "event", "evt")
_LIKE_A_KEY = re.compile(rf"(?i)(^|_)({'|'.join(_WORDS)})")
ROWS_AT_ONCE = 2_000_000
MAX_SHOWN = 3
_INTEGERS = {
    *("Int_t", "UInt_t", "Long64_t", "ULong64_t", "Short_t", "UShort_t", "Char_t", "UChar_t", "Long_t", "ULong_t"),
    *("int", "unsigned int", "long", "unsigned long", "long long", "unsigned long long", "short", "unsigned short"),
    *("std::int64_t", "std::uint64_t", "std::int32_t", "std::uint32_t", "Bool_t", "bool", "char", "unsigned char"),
}


def define_event_key(df: Any, sample: str, key: Sequence[str] | str, inputs: Inputs) -> Any:
    """Define ``event_key`` (uint64), a hash of the sample's name and of the key columns, or of file and entry.

    Raises
    ------
    ConfigError
        For a key column that is not there or not an integer.
    """
    if not isinstance(key, str):
        return put(df, "event_key", _hash_of(df, sample, key))
    return _define_entry_key(df, sample, inputs)


def put(df: Any, name: str, code: str) -> Any:
    """Define one of our own columns, in place of a branch of that name: our outputs may be read again."""
    return (df.Redefine if df.HasColumn(name) else df.Define)(name, code)


def define_identity(df: Any, config: Config, name: str) -> Any:
    """Define a column (uint64), a hash of the key columns alone: the same for an event in whichever sample.

    ``df`` has no aliases yet; those of the key are looked up. Raises as `define_event_key`.
    """
    columns = key_columns(config)
    for alias, column in columns.items():
        if alias != column:
            file, line = config.position("input", "aliases", alias)
            with cpp.compiling(f"alias '{alias}'", file=file, line=line):
                df = df.Define(column, cpp.at_line(config.input.aliases[alias], file, line))
    return df.Define(name, _hash_of(df, "", list(columns.values())))


def key_columns(config: Config) -> dict[str, str]:
    """Return name in ``input.key`` -> column of `define_identity` that holds it."""
    key = config.input.key
    assert not isinstance(key, str)
    return {name: f"rdfp_key_{number}_" if name in config.input.aliases else name for number, name in enumerate(key)}


def _hash_of(df: Any, sample: str, key: Sequence[str]) -> str:
    for column in key:
        if not df.HasColumn(column):
            message = _no_default(df, column) if list(key) == list(DEFAULT_KEY) else _no_key(column, column_names(df))
            raise ConfigError(message)
        kind = str(df.GetColumnType(column))
        if kind not in _INTEGERS:
            raise ConfigError(f"column '{column}' of input.key is of type {kind}; an event is identified by integers")
    numbers = ", ".join(f"static_cast<std::uint64_t>({column})" for column in key)
    return f"ULong64_t(rdfp::make_event_key({text_hash(sample):#x}ULL, {{{numbers}}}))"


def _no_key(column: str, have: list[str]) -> str:
    return f"input.key names column '{column}', which is not there{did_you_mean(column, have)}"


def _no_default(df: Any, column: str) -> str:
    found = {name: _LIKE_A_KEY.search(name) for name in column_names(df) if _is_number(df, name)}
    order = {name: _WORDS.index(match[2].lower()) for name, match in found.items() if match}
    near = sorted(order, key=lambda name: order[name])[:MAX_SHOWN]
    such = f"such as [{', '.join(near)}]" if near else "by their names"
    return (
        f"no column '{column}', and input.key is [{', '.join(DEFAULT_KEY)}] unless it is set; set input.key to what"
        f" identifies an event in these files, {such}, or to 'entry'"
    )


def _is_number(df: Any, column: str) -> bool:
    kind = str(df.GetColumnType(column))
    return kind in _INTEGERS and "ool" not in kind


def _define_entry_key(df: Any, sample: str, inputs: Inputs) -> Any:
    """Identify by file and entry in it; right in one thread only, where ``rdfentry_`` counts along all files."""
    firsts, files, first = [], [], 0
    for file in inputs.files:
        firsts.append(f"{first}ULL")
        files.append(f"{text_hash(file.path.rsplit('/', 1)[-1]):#x}ULL")
        first += file.entries
    lists = f"{{{', '.join(firsts)}}}, {{{', '.join(files)}}}"
    return put(df, "event_key", f"ULong64_t(rdfp::make_entry_key({text_hash(sample):#x}ULL, rdfentry_, {lists}))")


def define_split(df: Any, split: SplitConfig) -> tuple[Any, list[str]]:
    """Define ``split`` (0 train, 1 val, 2 test) and ``fold`` from the event key; return the names, too."""
    names = ["split"]
    cumulative = np.cumsum([split.fractions.get(name, 0.0) for name in SPLITS])
    edges = ", ".join(repr(float(edge)) for edge in cumulative)
    draw = f"rdfp::uniform({split.seed}ULL, {{purpose:#x}}ULL, event_key)"
    df = put(df, "split", f"rdfp::interval({draw.format(purpose=text_hash('split'))}, {{{edges}}})")
    if split.folds is not None:
        df = put(df, "fold", f"static_cast<int>({split.folds} * {draw.format(purpose=text_hash('fold'))})")
        names.append("fold")
    return df, names


def find_duplicates(path: Path, tree: str, entries: int, *, rntuple: bool = False) -> list[int]:
    """Return up to a few event keys that a written tree holds more than once; memory is bounded for any length."""
    root = cpp.load_root()
    parts = max(1, -(-entries // ROWS_AT_ONCE))
    if rntuple:
        return [int(key) for key in root.rdfp.rntuple.repeated(tree, str(path), "event_key", parts, MAX_SHOWN)]
    file = root.TFile.Open(str(path), "READ")
    try:
        return [int(key) for key in root.rdfp.runtime.repeated(file.Get(tree), "event_key", parts, MAX_SHOWN)]
    finally:
        file.Close()


def duplicates_error(
    df: Any, sample: str, key: Sequence[str] | str, found: Sequence[int], *, is_data: bool = False
) -> InputError:
    """Return the error that shows the events with these keys; ``df`` reads the input anew and has ``event_key``.

    Of data it names the remedy for streams that overlap, which simulation does not have.
    """
    if key == "entry":
        return InputError(
            f"sample '{sample}' has files of one name, which 'key: entry' cannot tell apart: rename one, or give a key"
        )
    chosen = " || ".join(f"event_key == {value}ULL" for value in found)
    table = df.Filter(chosen).AsNumpy([*key])
    rows = sorted({tuple(int(table[column][row]) for column in key) for row in range(len(table[key[0]]))})
    shown = "; ".join(", ".join(f"{column} {value}" for column, value in zip(key, row, strict=True)) for row in rows)
    return InputError(
        f"sample '{sample}' holds events twice, e.g. {shown}: a file may be listed under two names, or"
        f" input.key [{', '.join(key)}] does not identify an event"
        + ("; of events in two streams of data, 'on_duplicate: drop_later' in 'input' keeps the first" * is_data)
    )
