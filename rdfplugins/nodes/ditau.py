"""Di-tau nodes for NanoAOD: weights, selection in six exclusive channels, features, inputs of mass models, FastMTT.

Selection after the CMS analyses of H -> tau tau, in the form in which the public mass models of DL_for_HTT_mass
(L. Torterotot, thesis, Lyon 2021) were trained. Thresholds and all columns that are made are in GeV.
"""

from rdfplugins.nodes.ditau_fastmtt import fastmtt
from rdfplugins.nodes.ditau_features import INPUTS, features
from rdfplugins.nodes.ditau_select import select
from rdfplugins.nodes.ditau_settings import CHANNELS
from rdfplugins.nodes.ditau_weights import weights

__all__ = ["CHANNELS", "INPUTS", "fastmtt", "features", "select", "weights"]
