"""Analysis plugins for ROOT's RDataFrame; importing the package loads neither ROOT nor TensorFlow."""

from __future__ import annotations

from rdfplugins._version import __version__
from rdfplugins.append import append_ml_mass
from rdfplugins.cpp import register_cpp
from rdfplugins.errors import SubstitutionWarning
from rdfplugins.inference import Model, load_model
from rdfplugins.nodes.base import apply
from rdfplugins.nodes.mass_models import ml_mass
from rdfplugins.pipeline import RunResult, run
from rdfplugins.sample import Sample
from rdfplugins.select.samples.normalise import sum_of_gen_weights

__all__ = [
    "Model",
    "RunResult",
    "Sample",
    "SubstitutionWarning",
    "__version__",
    "append_ml_mass",
    "apply",
    "load_model",
    "ml_mass",
    "register_cpp",
    "run",
    "sum_of_gen_weights",
]
