"""The stage ``report``: cutflow tables and plots, from the files of ``select``."""

from __future__ import annotations

from rdfplugins.report.stage import run

__all__ = ["run"]
