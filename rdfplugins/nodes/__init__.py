"""Nodes of the graph: the protocol and our plugins, one module each."""

from rdfplugins.nodes.base import Channel, Cuts, Node, Unit, apply, find, names, node

__all__ = ["Channel", "Cuts", "Node", "Unit", "apply", "find", "names", "node"]
