"""YAML with line numbers -> typed models; nothing here knows ROOT."""

from __future__ import annotations

from rdfplugins.config.classes import ClassConfig
from rdfplugins.config.files import expand_files
from rdfplugins.config.input import InputConfig, SampleConfig, SimulateConfig, SimulateDitauConfig, SimulateHggConfig
from rdfplugins.config.loader import Document, load_yaml
from rdfplugins.config.ml import MlConfig
from rdfplugins.config.models import Base, Config, TrainingConfig, load_any, load_config
from rdfplugins.config.preparation import PreparationConfig, PreparedSample
from rdfplugins.config.report import FitConfig, GaussianConfig, ReportConfig
from rdfplugins.config.resample import LabelColumn, ResampleConfig, ResampleOptions, VariableConfig
from rdfplugins.config.response import ResponseConfig, SeparationConfig
from rdfplugins.config.select import HistogramConfig, OutputConfig, SelectConfig, SplitConfig
from rdfplugins.config.steps import DefineStep, FilterStep, GoldenJsonStep, NodeStep, Step, VaryStep
from rdfplugins.config.train import AboutConfig, TeacherConfig, TrainConfig

__all__ = [
    "AboutConfig",
    "Base",
    "ClassConfig",
    "Config",
    "DefineStep",
    "Document",
    "FilterStep",
    "FitConfig",
    "GaussianConfig",
    "GoldenJsonStep",
    "HistogramConfig",
    "InputConfig",
    "LabelColumn",
    "MlConfig",
    "NodeStep",
    "OutputConfig",
    "PreparationConfig",
    "PreparedSample",
    "ReportConfig",
    "ResampleConfig",
    "ResampleOptions",
    "ResponseConfig",
    "SampleConfig",
    "SelectConfig",
    "SeparationConfig",
    "SimulateConfig",
    "SimulateDitauConfig",
    "SimulateHggConfig",
    "SplitConfig",
    "Step",
    "TeacherConfig",
    "TrainConfig",
    "TrainingConfig",
    "VariableConfig",
    "VaryStep",
    "expand_files",
    "load_any",
    "load_config",
    "load_yaml",
]
