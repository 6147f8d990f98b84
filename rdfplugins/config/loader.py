"""YAML with includes, merge keys and overrides -> plain values that remember the file and the line they came from."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rdfplugins.config.includes import Includes
from rdfplugins.config.overrides import apply_overrides, dotted
from rdfplugins.config.scalars import BOOL, FLOAT, INT, MAP, MERGE, NULL, SEQ, STR, scalar, shortened
from rdfplugins.config.syntax import INCLUDE, MAX_DEPTH, AliasNode
from rdfplugins.errors import ConfigError, ConfigErrors, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from rdfplugins.config.overrides import Place

    Keys = tuple[str | int, ...]

JOIN = "!join"
_JOINED = f"{JOIN} takes a list of texts, such as {JOIN} [*folder, /file.h5]"
_MAX_VALUES = 100_000
_SCALARS = frozenset({STR, INT, FLOAT, BOOL, NULL, MERGE})


@dataclass(frozen=True)
class Document:
    """A config as read: plain values, and where each of them stands.

    Attributes
    ----------
    path
        The file, as the user gave it.
    data
        Dicts (keys are always text), lists, str, int, float, bool and None.
    text
        The text of the file, followed by those of included files and by the overrides, each under a comment line.
    places
        Path of keys and list indices -> (file, line); the line of an override is None.
    broken
        Paths whose value could not be read; a fault has been reported there already.
    """

    path: Path
    data: Any
    text: str
    places: Mapping[Keys, Place]
    broken: frozenset[Keys] = frozenset()

    def position(self, path: Sequence[str | int]) -> Place:
        """Return file and line of a key or list item, or of the nearest parent that stands in a file.

        Parameters
        ----------
        path
            Keys and list indices from the top, e.g. ``("select", "steps", 3, "define")``.
        """
        keys = tuple(path)
        while keys:
            if keys in self.places:
                return self.places[keys]
            keys = keys[:-1]
        return str(self.path), 1

    @property
    def sha256(self) -> str:
        """Hash of `text`: the same on every machine, whatever the folder; changes with includes and overrides."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def load_yaml(path: Path, overrides: Sequence[str] = ()) -> Document:
    """Read a YAML 1.2 file whose top is a mapping.

    Parameters
    ----------
    path
        The file.
    overrides
        Texts ``a.b.0.c=value`` that set single values after reading.

    Raises
    ------
    ConfigErrors
        With every fault that does not hide the rest of the file.
    """
    document, faults = read_document(path, overrides)
    if faults:
        raise ConfigErrors(tidied(faults))
    return document


def read_document(path: Path, overrides: Sequence[str] = ()) -> tuple[Document, list[ConfigError]]:
    """Return what could be read, with the faults found on the way; `ConfigErrors` if nothing could be."""
    reader = _Reader()
    try:
        data = reader.read(str(path))
        data = apply_overrides(data, reader.places, overrides, reader.faults)
    except ConfigError as error:
        raise ConfigErrors(tidied([*reader.faults, error])) from error
    notes = [f"# --set {override}\n" for override in overrides]
    text = "\n".join([*reader.texts, *notes])
    return Document(path, data, text, reader.places, frozenset(reader.broken)), reader.faults


def tidied(faults: Sequence[ConfigError]) -> list[ConfigError]:
    """Return each fault once, sorted by file and line."""
    once = {str(fault): fault for fault in faults}
    return sorted(once.values(), key=lambda fault: (fault.file or "", fault.line or 0))


@dataclass
class _Reader:
    """Walks the node graph of one config and of the files it includes."""

    places: dict[Keys, Place] = field(default_factory=dict)
    faults: list[ConfigError] = field(default_factory=list)
    broken: set[Keys] = field(default_factory=set)
    _includes: Includes = field(default_factory=Includes)
    _open: list[int] = field(default_factory=list)  # ids of the nodes that surround the present one
    _values: int = 0

    @property
    def texts(self) -> list[str]:
        """Texts of all files."""
        return self._includes.texts

    def read(self, file: str) -> dict[str, Any]:
        root = self._includes.config(file)
        if root is None or (isinstance(root, ScalarNode) and root.tag == NULL):
            raise ConfigError("the file is empty", file=file)
        with self._opened(root, ()) as found:
            if isinstance(found, MappingNode):
                return self._mapping(found, ())
            if found is not None:
                kind = "a list" if isinstance(found, SequenceNode) else "a single value"
                self._fault(f"a config is a mapping of keys to values, not {kind}", found, ())
        return {}

    def _fault(self, message: str, node: Node, path: Keys) -> None:
        self.faults.append(_error(message, node))
        self.broken.add(path)

    @contextmanager
    def _opened(self, node: Node, path: Keys) -> Iterator[Node | None]:
        """Follow aliases and includes to a node with a value of its own; None if that fails, which is then reported."""
        depth = len(self._open)
        yield self._follow(node, node, path)
        del self._open[depth:]

    def _follow(self, node: Node, place: Node, path: Keys) -> Node | None:
        # both are bounded because aliases and includes can make a small file grow without end
        self._values += 1
        if self._values > _MAX_VALUES:
            raise _error(f"aliases and includes make more than {_MAX_VALUES} values of this file", place)
        if len(self._open) > 2 * MAX_DEPTH:
            raise _error("aliases and includes are nested too deeply here", place)
        if isinstance(node, AliasNode):
            return self._follow(node.value, place, path)
        if node.tag == INCLUDE:
            root = self._include(node, path)
            return None if root is None else self._follow(root, root, path)
        if id(node) in self._open:
            self._fault("this alias stands within the value it stands for", place, path)
            return None
        self._open.append(id(node))
        return node

    def _include(self, node: Node, path: Keys) -> Node | None:
        """Return the root of an included file."""
        if not isinstance(node, ScalarNode):
            self._fault(f"{INCLUDE} takes the name of a file", node, path)
            return None
        root = self._includes.roots[id(node)]
        if isinstance(root, ConfigError):
            self.faults.append(root)
            self.broken.add(path)
            return None
        return root

    def _joined(self, node: SequenceNode, path: Keys) -> str:
        """Return the texts of a list, one behind the other: ``!join [*folder, /file.h5]``."""
        parts: list[str] = []
        for item in node.value:
            with self._opened(item, path) as found:
                if isinstance(found, SequenceNode) and found.tag == JOIN:
                    parts.append(self._joined(found, path))
                elif isinstance(found, ScalarNode) and found.tag in _SCALARS:
                    parts.append(found.value)
                elif found is not None:
                    self._fault(_JOINED, item, path)
        return "".join(parts)

    def _value(self, node: Node, path: Keys) -> Any:
        """Return the plain value of a node; the places of all it holds are noted."""
        with self._opened(node, path) as found:
            if isinstance(found, MappingNode):
                return self._mapping(found, path)
            if isinstance(found, SequenceNode) and found.tag == JOIN:
                return self._joined(found, path)
            if isinstance(found, SequenceNode) and self._known_tag(found, {SEQ}, path):
                return [self._entry(item, item, (*path, index)) for index, item in enumerate(found.value)]
            if isinstance(found, ScalarNode) and self._known_tag(found, _SCALARS, path):
                try:
                    return scalar(found.tag, found.value)
                except ValueError as error:
                    self._fault(str(error), found, path)
            return None

    def _entry(self, key: Node, value: Node, path: Keys) -> Any:
        self.places[path] = (key.start_mark.name, _line(key))
        return self._value(value, path)

    def _mapping(self, node: MappingNode, path: Keys) -> dict[str, Any]:
        entries = self._entries(node, path)
        return {name: self._entry(key, value, (*path, name)) for name, (key, value) in entries.items()}

    def _entries(self, node: MappingNode, path: Keys) -> dict[str, tuple[Node, Node]]:
        """Return name -> (key, value): those merged with ``<<`` first, then the mapping's own, which win."""
        own: dict[str, tuple[Node, Node]] = {}
        merges: dict[str, tuple[Node, Node]] = {}
        self._known_tag(node, {MAP}, path)
        for key, value in node.value:
            target = key.value if isinstance(key, AliasNode) else key
            if not isinstance(target, ScalarNode):
                self._fault("a key is a single word or text, not a list or mapping", key, path)
                continue
            if not self._known_tag(target, _SCALARS, path):
                continue
            kind = merges if target.tag == MERGE else own
            name = target.value
            if name in kind:
                self._report_twice(name, kind[name][0], key, path)
            else:
                kind[name] = (key, value)
        merged: dict[str, tuple[Node, Node]] = {}
        for _, value in merges.values():
            merged.update(self._merged(value, path))
        return {**merged, **own}

    def _report_twice(self, name: str, first: Node, second: Node, path: Keys) -> None:
        where = f"in {dotted(path)}" if path else "at the top of the file"
        self.faults.append(
            _error(f"key '{shortened(name)}' stands twice {where}; first in line {_line(first)}", second)
        )

    def _merged(self, node: Node, path: Keys) -> dict[str, tuple[Node, Node]]:
        """Return the entries that ``<<: node`` brings: of a mapping, or of a list of them, of which the first wins."""
        with self._opened(node, path) as found:
            if isinstance(found, MappingNode):
                return self._entries(found, path)
            if isinstance(found, SequenceNode):
                result: dict[str, tuple[Node, Node]] = {}
                for item in reversed(found.value):
                    result.update(self._merged(item, path))
                return result
            if found is not None:
                self._fault("'<<' takes a mapping, or a list of mappings, to merge", node, path)
            return {}

    def _known_tag(self, node: Node, tags: set[str] | frozenset[str], path: Keys) -> bool:
        if node.tag in tags:
            return True
        if node.tag == JOIN:
            self._fault(_JOINED, node, path)
            return False
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        own = tag.startswith("!") and not tag.startswith("!!")
        hint = "text that begins with '!' must stand in quotes" if own else "remove it"
        self._fault(f"unknown tag {shortened(tag)}; {hint}{did_you_mean(tag, [INCLUDE, JOIN])}", node, path)
        return False


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _error(message: str, node: Node) -> ConfigError:
    return ConfigError(message, file=node.start_mark.name, line=_line(node))
