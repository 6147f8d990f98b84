"""Training of models on the trees that ``rdfrun`` writes; TensorFlow is loaded when a training starts."""

from rdfplugins.train.mass_model import train_mass_model

__all__ = ["train_mass_model"]
