"""Exports: one table of all samples, in the order of the config and sorted by event key, the same for any threads.

Rows are sorted outside of memory: sorted runs of bounded length go to temporary files, which are then merged.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from rdfplugins import cpp, provenance
from rdfplugins.files import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rdfplugins.config import Config
    from rdfplugins.errors import ConfigError
    from rdfplugins.select.options import Options

ROWS_AT_ONCE = 100_000
MOST_RUNS = 100  # all are open when they are merged
_KEY_DIGITS = 16
_FORMATS = {"f4": "%.9g", "f8": "%.17g"}


def run(config: Config, options: Options, labels: dict[str, int], outdated: Mapping[str, str]) -> tuple[Path, ...]:
    """Write the exports that the config asks for, once the trees of all samples are there and belong together.

    Parameters
    ----------
    outdated
        Sample -> why its tree does not belong to this config.

    Raises
    ------
    ConfigError
        For a column that the format cannot hold.
    """
    made: list[Path] = []
    for kind in dict.fromkeys(config.select.output.exports):
        path = options.folder / f"{config.name}.{kind}"
        files = [options.folder / f"{name}.root" for name in config.input.samples]
        records = [provenance.read(file) or {} for file in files]
        partial = {bool(record.get("partial")) for record in records}
        if outdated or len(partial) > 1:
            reason = "; ".join(outdated.values()) or "some trees hold the first events only"
            left = ", the one there is of an earlier run" if path.exists() else ""
            options.say(f"{path} is not written{left}: {reason}")
            continue
        key = provenance.stage_key([kind, [record["stages"] for record in records]])
        if not options.force and _is_fresh(path, key):
            options.say(f"{path} is up to date")
        else:
            _write_tsv(config, path, files, labels, options)
            _write_sidecar(config, path, key, partial=partial.pop())
        made.append(path)
    return tuple(made)


def _write_sidecar(config: Config, path: Path, key: str, *, partial: bool) -> None:
    record = {
        **provenance.describe(config.folder),
        "stages": {"export": key},
        "size": path.stat().st_size,
        "partial": partial,
    }
    with atomic(_sidecar(path)) as part:
        part.write_text(json.dumps(record, indent=1))


def check(config: Config, df: Any, columns: Sequence[str]) -> None:
    """Raise ConfigError for a column that a table cannot hold, before the event loop is run."""
    known_class = cpp.load_root().TClass.GetClass
    for name in columns:
        if known_class(str(df.GetColumnType(name)), True, True):  # noqa: FBT003 (load, silent)
            raise _no_number(config, name)


def _no_number(config: Config, name: str) -> ConfigError:
    return config.fault(
        f"column '{name}' is a vector, text or object, which a TSV file cannot hold: list the columns without it under"
        " select.output.columns",
        *("select", "output", "exports"),
    )


def _write_tsv(config: Config, path: Path, files: Sequence[Path], labels: dict[str, int], options: Options) -> None:
    import uproot

    names = {number: label for label, number in labels.items()}
    columns = _columns(config, files, options)
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="\n") as out:
        out.write("\t".join([*columns, "label"]) + "\n")
        for file in files:
            with (
                uproot.open({str(file): config.select.output.tree}) as tree,
                tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder,
            ):
                out.writelines(_sorted_rows(tree, columns, names, Path(folder)))


def _columns(config: Config, files: Sequence[Path], options: Options) -> list[str]:
    """Return the columns that every sample has, in the order of the first; vectors are refused."""
    import uproot

    schemas = []
    for file in files:
        with uproot.open({str(file): config.select.output.tree}) as tree:
            schemas.append({name: branch.interpretation for name, branch in tree.items()})
    common = [name for name in schemas[0] if all(name in schema for schema in schemas)]
    dropped = sorted({name for schema in schemas for name in schema} - set(common))
    if dropped:
        options.say(f"{config.name}.tsv: left out, as not every sample has them: {', '.join(dropped)}")
    for name in common:
        if not all(_is_scalar(schema[name]) for schema in schemas):
            raise _no_number(config, name)
    return [name for name in common if name != "label_id"]


def _is_scalar(interpretation: Any) -> bool:
    """Return whether a branch holds one number an event: neither a vector nor an array of fixed length."""
    import uproot

    return isinstance(interpretation, uproot.interpretation.numerical.AsDtype) and interpretation.inner_shape == ()


def _sorted_rows(tree: Any, columns: Sequence[str], names: dict[int, str], folder: Path) -> Iterator[str]:
    """Yield the lines of one tree in the order of their event keys."""
    runs = []
    wanted = list(dict.fromkeys([*columns, "event_key", "label_id"]))
    for number, arrays in enumerate(
        tree.iterate(wanted, library="np", step_size=max(ROWS_AT_ONCE, tree.num_entries // MOST_RUNS))
    ):
        runs.append(folder / str(number))
        order = np.argsort(arrays["event_key"], kind="stable")
        with runs[-1].open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_lines({name: values[order] for name, values in arrays.items()}, columns, names))
    with contextlib.ExitStack() as stack:
        files: list[TextIO] = [stack.enter_context(run.open(encoding="utf-8", newline="\n")) for run in runs]
        for line in heapq.merge(*files):  # each line begins with its key in hexadecimal digits
            yield line[_KEY_DIGITS:]


def _lines(arrays: dict[str, Any], columns: Sequence[str], names: dict[int, str]) -> Iterable[str]:
    template = "%016x" + "\t".join(_FORMATS.get(arrays[name].dtype.str[1:], "%d") for name in columns) + "\t%s\n"
    labels = [names[int(number)] for number in arrays["label_id"]]
    rows = zip(arrays["event_key"].tolist(), *(arrays[name].tolist() for name in columns), labels, strict=True)
    return (template % row for row in rows)


def _sidecar(path: Path) -> Path:
    return path.with_name(f".{path.name}.provenance.json")


def _is_fresh(path: Path, key: str) -> bool:
    if not path.is_file():
        return False
    try:
        stored = json.loads(_sidecar(path).read_text())
    except (OSError, ValueError):
        return False
    return bool(stored.get("stages", {}).get("export") == key and stored.get("size") == path.stat().st_size)
