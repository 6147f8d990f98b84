"""YAML with line numbers -> typed models; nothing here knows ROOT."""

from __future__ import annotations

from rdfplugins.config.files import expand_files
from rdfplugins.config.input import InputConfig, SampleConfig, SimulateConfig, SimulateDitauConfig, SimulateHggConfig
from rdfplugins.config.loader import Document, load_yaml
from rdfplugins.config.ml import MlConfig
from rdfplugins.config.models import Config, load_config
from rdfplugins.config.report import FitConfig, GaussianConfig, ReportConfig
from rdfplugins.config.select import HistogramConfig, OutputConfig, SelectConfig, SplitConfig
from rdfplugins.config.steps import DefineStep, FilterStep, GoldenJsonStep, NodeStep, Step, VaryStep

__all__ = [
    "Config",
    "DefineStep",
    "Document",
    "FilterStep",
    "FitConfig",
    "GaussianConfig",
    "GoldenJsonStep",
    "HistogramConfig",
    "InputConfig",
    "MlConfig",
    "NodeStep",
    "OutputConfig",
    "ReportConfig",
    "SampleConfig",
    "SelectConfig",
    "SimulateConfig",
    "SimulateDitauConfig",
    "SimulateHggConfig",
    "SplitConfig",
    "Step",
    "VaryStep",
    "expand_files",
    "load_config",
    "load_yaml",
]
