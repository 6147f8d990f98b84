"""YAML with line numbers -> typed models; nothing here knows ROOT."""

from __future__ import annotations

from rdfplugins.config.files import expand_files
from rdfplugins.config.input import InputConfig, SampleConfig, SimulateConfig
from rdfplugins.config.loader import Document, load_yaml
from rdfplugins.config.models import Config, load_config
from rdfplugins.config.select import HistogramConfig, OutputConfig, ReportConfig, SelectConfig, SplitConfig
from rdfplugins.config.steps import DefineStep, FilterStep, NodeStep, Step

__all__ = [
    "Config",
    "DefineStep",
    "Document",
    "FilterStep",
    "HistogramConfig",
    "InputConfig",
    "NodeStep",
    "OutputConfig",
    "ReportConfig",
    "SampleConfig",
    "SelectConfig",
    "SimulateConfig",
    "SplitConfig",
    "Step",
    "expand_files",
    "load_config",
    "load_yaml",
]
