"""Reports of resamplings: tables, numbers and plots of each class before and after."""

from __future__ import annotations

from rdfplugins.resample.report.stage import run
from rdfplugins.resample.report.tables import terminal_table

__all__ = ["run", "terminal_table"]
