"""The computation graph of a config as a picture, from the config and the nodes' declarations alone: no ROOT, no files.

``to_dot`` gives the text for Graphviz, ``render`` the picture.
"""

from __future__ import annotations

from rdfplugins.flowchart.images import render
from rdfplugins.flowchart.text import to_dot

__all__ = ["render", "to_dot"]
