"""What a resampling reads: trees of ROOT or tables of HDF5, and their rows with key, class and values."""

from __future__ import annotations

from rdfplugins.resample.sources.base import Source, Sources
from rdfplugins.resample.sources.contents import NO_CLASS, ROWS, Chunk, Column, SourceFile
from rdfplugins.resample.sources.resolve import ONE_CATEGORY, resolve

__all__ = ["NO_CLASS", "ONE_CATEGORY", "ROWS", "Chunk", "Column", "Source", "SourceFile", "Sources", "resolve"]
