"""TSV: one line a row, numbers with all their digits, the label as text in the last column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.select.export.contents import LABEL_ID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rdfplugins.select.export.blocks import Block
    from rdfplugins.select.export.contents import Contents

LABEL = "label"
_LINES_AT_ONCE = 10_000  # numbers of Python take many times the memory of numpy's
_FORMATS = {"f4": "%.9g", "f8": "%.17g"}


def write(path: Path, contents: Contents) -> int:
    """Write the table and return the number of its rows; ``label_id`` is left out, its label stands for it."""
    columns = [name for name in contents.columns if name != LABEL_ID]
    labels = {number: label for label, number in contents.labels.items()}
    rows = 0
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write("\t".join([*columns, LABEL]) + "\n")
        for block in contents.blocks(contents.of_each()):  # the digits of each sample's own type
            out.writelines(lines(block, columns, labels))
            rows += len(block)
    return rows


def lines(block: Block, columns: Sequence[str], labels: dict[int, str]) -> Iterator[str]:
    """Yield the lines of a block."""
    formats = [_FORMATS.get(block.rows.dtype[name].str[1:], "%d") for name in columns]
    template = "\t".join([*formats, "%s"]) + "\n"
    for first in range(0, len(block), _LINES_AT_ONCE):
        rows = block.rows[first : first + _LINES_AT_ONCE]
        texts = [labels[number] for number in rows[LABEL_ID].tolist()]
        for row in zip(*(rows[name].tolist() for name in columns), texts, strict=True):
            yield template % row
