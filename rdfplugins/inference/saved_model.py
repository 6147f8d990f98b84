"""SavedModel folders of TensorFlow: what identifies them, and that they do nothing but compute.

A SavedModel is a program, and TensorFlow runs it as it is. Its graph is read here first, and refused where any
operation is not on the list of `saved_model_ops`.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from rdfplugins.config.scalars import shortened
from rdfplugins.errors import MissingDependencyError, ModelError
from rdfplugins.inference.saved_model_ops import CHECKPOINTS, COMPUTING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME = "saved_model.pb"
_MAX_BYTES = 512_000_000
_BLOCK = 1 << 20
_OTHERS = ("saved_model.cpb", "saved_model.pbtxt")
_AGAIN = "save a model of ordinary layers"


def digest(folder: Path) -> str:
    """Return the SHA-256 of the graph and of the variables of a SavedModel."""
    total = hashlib.sha256()
    try:
        for path in [folder / NAME, *sorted((folder / "variables").glob("variables.*"))]:
            own = hashlib.sha256()
            with path.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    own.update(block)
            total.update(f"{path.name} {own.hexdigest()}\n".encode())
    except OSError as error:
        raise ModelError(f"{folder}: cannot be read: {error.strerror}") from error
    return total.hexdigest()


def refuse_unsafe_ops(folder: Path) -> None:
    """Raise ModelError where a SavedModel could do more than compute; to be called before TensorFlow loads it.

    Parameters
    ----------
    folder
        The folder with ``saved_model.pb``.

    Raises
    ------
    ModelError
        If an operation is not known as harmless, the variables are saved or restored by what also predicts, files
        come with the model as assets, or the graph cannot be read.
    MissingDependencyError
        If TensorFlow, which has the format, is not installed.
    """
    for name in _OTHERS:
        if (folder / name).exists():
            raise ModelError(f"{folder / name}: a second graph beside {NAME}; remove the one that is not meant")
    for graph in _parsed(folder / NAME).meta_graphs:
        if graph.asset_file_def:
            asset = shortened(graph.asset_file_def[0].filename)
            raise ModelError(f"{folder}: the graph reads a file of its own ('{asset}'), which is not allowed; {_AGAIN}")
        fault = _Graph(graph).fault()
        if fault is not None:
            raise ModelError(f"{folder / NAME}: {fault}; {_AGAIN}")


def _parsed(path: Path) -> Any:
    try:
        from google.protobuf.message import DecodeError
        from tensorflow.core.protobuf import saved_model_pb2
    except ImportError as error:
        raise MissingDependencyError(
            f"{path}: a SavedModel needs TensorFlow: pip install 'rdfplugins[tensorflow]'"
        ) from error
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > _MAX_BYTES:
        raise ModelError(f"{path}: larger than {_MAX_BYTES // 1_000_000} MB, which no graph of a network is")
    parsed = saved_model_pb2.SavedModel()
    try:
        parsed.ParseFromString(raw)
    except DecodeError as error:
        raise ModelError(f"{path}: this is no SavedModel, or it is damaged; copy it again") from error
    if not parsed.meta_graphs:
        raise ModelError(f"{path}: there is no graph in this SavedModel; copy it again")
    return parsed


class _Graph:
    """Nodes and functions of one graph, and which of them only the saving of variables uses."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.nodes = {node.name: node for node in graph.graph_def.node}
        self.functions = {
            function.signature.name: list(function.node_def) for function in graph.graph_def.library.function
        }

    def fault(self) -> str | None:
        """Return what is not allowed, None if nothing."""
        saving = self._before(self._saver_ends()) - self._before(self._live_ends())
        others = [node for name, node in self.nodes.items() if name not in saving]
        live = self._called(others) | self._closed(self.graph.object_graph_def.concrete_functions)
        bodies: list[tuple[bool, Iterable[Any]]] = [
            (True, [self.nodes[name] for name in saving]),
            (False, others),
            *((name not in live, body) for name, body in self.functions.items()),
        ]
        for only_saves, body in bodies:
            for node in body:
                known = node.op in COMPUTING or node.op in self.functions
                if not known and not (only_saves and node.op in CHECKPOINTS):
                    return f"the operation '{shortened(node.op)}' ({shortened(node.name)}) is not among those allowed"
        return None

    def _saver_ends(self) -> list[str]:
        saver = self.graph.saver_def
        return [saver.save_tensor_name, saver.restore_op_name]

    def _live_ends(self) -> list[str]:
        """Return what runs when the model is loaded or predicts."""
        ends = [info.name for signature in self.graph.signature_def.values() for info in signature.outputs.values()]
        for key, values in self.graph.collection_def.items():
            if "op" in key:  # saved_model_main_op, legacy_init_op
                ends += values.node_list.value
        return ends

    def _before(self, ends: Iterable[str]) -> set[str]:
        """Return the nodes that these tensors or nodes depend on, themselves among them."""
        found: set[str] = set()
        left = list(ends)
        while left:
            name = left.pop().removeprefix("^").partition(":")[0]
            if name in self.nodes and name not in found:
                found.add(name)
                left += self.nodes[name].input
        return found

    def _called(self, nodes: Iterable[Any]) -> set[str]:
        """Return the functions that run with these nodes."""
        return self._closed(name for node in nodes for name in _functions_of(node))

    def _closed(self, names: Iterable[str]) -> set[str]:
        """Return these functions and all that they call."""
        found: set[str] = set()
        left = list(names)
        while left:
            name = left.pop()
            if name in self.functions and name not in found:
                found.add(name)
                left += [other for node in self.functions[name] for other in _functions_of(node)]
        return found


def _functions_of(node: Any) -> list[str]:
    """Return the functions that a node may call: as its operation, or as a branch, body or condition."""
    names = [node.op]
    for value in node.attr.values():
        names.append(value.func.name)
        names += [function.name for function in value.list.func]
    return names
