"""``!include FILE``: files within files, which share their anchors.

Anchors of an included file are known in all that stands behind it, and those in front of it are known in the file. What
a file defines itself goes before what comes from others.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from yaml.nodes import Node, ScalarNode

from rdfplugins.config.environment import expand_environment
from rdfplugins.config.scalars import NULL, STR, scalar, shortened
from rdfplugins.config.syntax import INCLUDE, compose, read_text
from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_FILES = 1000
_MOST_CHARACTERS = 8_000_000


@dataclass
class Includes:
    """The files of one config.

    Attributes
    ----------
    texts
        Of the config, then of each included file under a comment line, once.
    roots
        ``id`` of each node ``!include`` -> root of the file, or what is wrong with it.
    """

    texts: list[str] = field(default_factory=list)
    roots: dict[int, Node | ConfigError] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _read: dict[str, str] = field(default_factory=dict)
    _files: int = 0
    _characters: int = 0

    def config(self, file: str) -> Node | None:
        """Return the root of the config itself, None if it is empty; ConfigError if it cannot be read."""
        text = read_text(file)
        self.texts.append(text)
        self._open.append(os.path.realpath(file))
        return compose(text, file, self.include)[0]

    def include(self, node: ScalarNode, known: Mapping[str, Node], depth: int) -> dict[str, Node]:
        """Read the file that a node names, and return its anchors.

        Parameters
        ----------
        node
            Tagged ``!include``.
        known
            Anchors in front of it.
        depth
            How deeply it is nested.

        Raises
        ------
        ConfigError
            If there is no such file, or it cannot be read; `roots` tells, too.
        """
        try:
            root, anchors = self._composed(node, known, depth)
        except ConfigError as error:
            self.roots[id(node)] = error
            raise
        self.roots[id(node)] = root
        return anchors

    def _composed(self, node: ScalarNode, known: Mapping[str, Node], depth: int) -> tuple[Node, dict[str, Node]]:
        file = self._name(node)
        real, name = os.path.realpath(file), shortened(node.value)
        if real in self._open:
            raise _error(f"{INCLUDE}: '{name}' includes itself, directly or through others", node)
        text = self._text(file, real, node)
        self._open.append(real)
        try:
            root, anchors = compose(text, file, self.include, known, depth)
        finally:
            self._open.pop()
        if root is None or (isinstance(root, ScalarNode) and root.tag == NULL):
            raise _error(f"{INCLUDE}: '{name}': the file is empty", node)
        return root, anchors

    def _name(self, node: ScalarNode) -> str:
        if not node.value.strip():
            raise _error(f"{INCLUDE} takes the name of a file", node)
        try:
            name = expand_environment(str(scalar(STR, node.value)))
        except ValueError as error:
            raise _error(f"{INCLUDE}: {error}", node) from error
        return str(Path(node.start_mark.name).parent / name)

    def _text(self, file: str, real: str, node: ScalarNode) -> str:
        name = shortened(node.value)
        if real not in self._read:
            try:
                self._read[real] = read_text(file)
            except ConfigError as error:
                raise (
                    error if error.line is not None else _error(f"{INCLUDE}: '{name}': {error.message}", node)
                ) from error
            self.texts.append(f"# included file: {name}\n{self._read[real]}")
        # a file is read again at each place, where other anchors may be known; a few small ones can include without end
        self._files += 1
        self._characters += len(self._read[real])
        if self._files > _MOST_FILES or self._characters > _MOST_CHARACTERS:
            raise _error(f"more than {_MOST_FILES} files, or {_MOST_CHARACTERS // 1_000_000} MB, are included", node)
        return self._read[real]


def _error(message: str, node: Node) -> ConfigError:
    return ConfigError(message, file=node.start_mark.name, line=int(node.start_mark.line) + 1)
