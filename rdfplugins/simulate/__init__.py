"""Toy simulations of public data sets: the real file formats, with fast and simple physics, for demos and tests."""

from rdfplugins.simulate.ditau.events import simulate_ditau
from rdfplugins.simulate.ditau.modes import MODES as DITAU_MODES
from rdfplugins.simulate.generated import Generated
from rdfplugins.simulate.hgg.events import simulate_hgg
from rdfplugins.simulate.hgg.modes import MODES
from rdfplugins.simulate.hgg.releases import RELEASES

__all__ = ["DITAU_MODES", "MODES", "RELEASES", "Generated", "simulate_ditau", "simulate_hgg"]
