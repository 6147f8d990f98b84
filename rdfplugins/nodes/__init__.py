"""Nodes of the graph: the protocol and our plugins, one module each."""

from rdfplugins.nodes.base import Cuts, Node, Unit, apply, find, names, node

__all__ = ["Cuts", "Node", "Unit", "apply", "find", "names", "node"]
