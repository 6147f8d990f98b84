"""Parquet: columns as they are, vectors as lists, the label as a dictionary of texts beside its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import MissingDependencyError
from rdfplugins.select.export.blocks import of_length
from rdfplugins.select.export.contents import LABEL_ID
from rdfplugins.sink import open_sink

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from rdfplugins.reading import Kind
    from rdfplugins.select.export.blocks import Block
    from rdfplugins.select.export.contents import Contents

LABEL = "label"
ROWS_IN_GROUP = 100_000


def load() -> Any:
    """Import pyarrow with its Parquet part, and return it."""
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise MissingDependencyError(
            f"exports to Parquet need pyarrow ({error}); install it with: pip install 'rdfplugins[parquet]'"
        ) from error
    return pa


def write(path: Path, contents: Contents) -> int:
    """Write the table and return the number of its rows."""
    arrow = load()
    kinds = contents.kinds()
    labels = sorted(contents.labels, key=contents.labels.__getitem__)  # a label's number is its place
    schema = _schema(arrow, kinds, contents)
    done = 0
    with open_sink(path) as sink:
        with arrow.parquet.ParquetWriter(
            sink, schema, compression="zstd", compression_level=1, use_dictionary=[LABEL]
        ) as writer:
            for block in of_length(contents.blocks(kinds), ROWS_IN_GROUP):
                arrays = [_array(arrow, block, name, schema.field(name).type) for name in kinds]
                numbers = arrow.array(block.rows[LABEL_ID].astype(np.int32))
                arrays.append(arrow.DictionaryArray.from_arrays(numbers, arrow.array(labels, arrow.string())))
                writer.write_table(arrow.Table.from_arrays(arrays, schema=schema), row_group_size=ROWS_IN_GROUP)
                done += len(block)
                sink.check()
        sink.check()
    return done


def _schema(arrow: Any, kinds: Mapping[str, Kind], contents: Contents) -> Any:
    fields = []
    for name, kind in kinds.items():
        plain = arrow.from_numpy_dtype(kind.dtype)
        unit = contents.units.get(name)
        fields.append(
            arrow.field(
                name,
                arrow.list_(plain) if kind.vector else plain,
                nullable=False,
                metadata={"unit": unit} if unit else None,
            )
        )
    fields.append(arrow.field(LABEL, arrow.dictionary(arrow.int32(), arrow.string()), nullable=False))
    return arrow.schema(fields, metadata=contents.about)


def _array(arrow: Any, block: Block, name: str, wanted: Any) -> Any:
    column: NDArray[Any] = block.rows[name]
    if name not in block.vectors:
        return arrow.array(np.ascontiguousarray(column), wanted)
    offsets = np.concatenate([[0], np.cumsum(column)]).astype(np.int32)
    values = arrow.array(block.vectors[name], wanted.value_type)
    return arrow.ListArray.from_arrays(arrow.array(offsets), values)
