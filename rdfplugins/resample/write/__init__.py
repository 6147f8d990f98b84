"""The output of a resampling: chosen rows of all sources in one file, every column as it was, and new ones beside them.

With repeats or a shuffle the order is a bucket shuffle: rows are read in the order of the files, scattered over
temporary files by the first bits of a hash, and each of these is sorted in memory. Where a copy stands depends on seed,
key and number of the copy alone: the order of files, the number of buckets and the memory change nothing.
"""

from __future__ import annotations

from rdfplugins.resample.write.columns import EXTRA, Extra
from rdfplugins.resample.write.output import Written, copy_rows, write

__all__ = ["EXTRA", "Extra", "Written", "copy_rows", "write"]
