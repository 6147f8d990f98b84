# os.path answers for names that no file can have, where Path raises
# ruff: noqa: PTH112, PTH113, PTH123
"""Text of a config -> PyYAML's node graph, whose marks bear file and line; syntax errors in the words of a user."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import yaml
from yaml.composer import Composer, ComposerError
from yaml.events import AliasEvent
from yaml.nodes import Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from rdfplugins.config.scalars import plain_tag, shortened
from rdfplugins.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from yaml.error import Mark

    Include = Callable[[ScalarNode, dict[str, Node], int], dict[str, Node]]


INCLUDE = "!include"
MAX_DEPTH = 60
_TWICE = re.compile(r"(?<![\w.])(?P<key>[\w.]+):\s+(?P=key):(?=\s|$)(?P<value>[^#}]*)")
_MAX_BYTES = 8_000_000

_QUOTE = "text that begins with '{0}' must stand in quotes"
_AFTER_QUOTE = "text cannot stand here; check the indentation and the quotes (a ' within single quotes is written '')"
_FLOW = "a ',' or a closing bracket is expected here; text that holds brackets, commas or quotes must stand in quotes"
_COLON = "a ':' cannot stand here; check the indentation, and quote text that holds ': '"
_BLOCK_TEXT = "after '|' or '>' the text begins on the next line; text that begins with them must stand in quotes"
_ALIAS = "'*{0}' refers to an anchor '&{0}' that is not defined above; if it is meant as text, put it in quotes"

# what PyYAML says (context and problem) -> what we say; the first that fits
_WORDS: tuple[tuple[str, str], ...] = (
    (r"found character '\\t'", "a tab cannot stand here; indent with spaces"),
    (r"found character '(.)' that cannot start any token", _QUOTE),
    (r"while scanning an? (alias|anchor)", "text that begins with '*' or '&' must stand in quotes"),
    (r"while (scanning|parsing) a tag", _QUOTE.format("!")),
    (r"while scanning a directive", "a line cannot begin with '%'"),
    (r"expected escape sequence", "an escape in double quotes is not complete; single quotes take backslashes as text"),
    (r"found undefined alias '(.*)'", _ALIAS),
    (r"found duplicate anchor '(.*)'", "the anchor '&{0}' is defined twice"),
    (r"quoted scalar[\s\S]*unexpected end of stream", "the quote that opens here is not closed"),
    (r"while parsing a flow (sequence|mapping)[\s\S]*got '<stream end>'", "the bracket that opens here is not closed"),
    (r"while parsing a flow (sequence|mapping)", _FLOW),
    (r"while scanning a block scalar", _BLOCK_TEXT),
    (r"mapping values are not allowed", _COLON),
    (r"mapping keys are not allowed", _QUOTE.format("? ")),
    (r"sequence entries are not allowed", "a list item cannot stand here; begin it on a new line, or quote the text"),
    (r"could not find expected ':'", "a ':' after a key is missing here or in the line above"),
    (r"expected the node content, but found '(.*)'", "a value is expected here, not '{0}'"),
    (r"expected <block end>, but found '<scalar>'", _AFTER_QUOTE),
    (r"while parsing a block (mapping|collection)", "the indentation does not fit the lines above"),
    (r"expected '<document start>'", "this stands outside of the config; check the indentation and the brackets"),
    (
        r"found unknown escape character (.*)",
        "unknown escape {0} in double quotes; single quotes take backslashes as text",
    ),
    (r"expected a single document", "a second document ('---') begins here; a config is one document"),
    (r"nested too deeply", f"nested more than {MAX_DEPTH} levels deep"),
    (r"incompatible YAML document", "this version of YAML is not supported; remove the %YAML line"),
)


class AliasNode(Node):
    """A place where ``*anchor`` stands; PyYAML itself forgets where that was."""

    id = "alias"


class _CoreResolver(BaseResolver):
    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0]:
            return plain_tag(value)
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


class _Composer(Reader, Scanner, Parser, Composer, _CoreResolver):
    def __init__(self, text: str, include: Include | None, known: Mapping[str, Node], depth: int) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        _CoreResolver.__init__(self)
        self._depth = depth
        self._include = include
        self._known = dict(known)  # anchors of other files
        self._failed: list[ConfigError] = []

    def compose_document(self) -> Node | None:
        # PyYAML's own forgets the anchors at the end
        self.get_event()  # type: ignore[no-untyped-call]
        node: Node | None = self.compose_node(None, None)
        self.get_event()  # type: ignore[no-untyped-call]
        return node

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        if self.check_event(AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            return AliasNode("alias", self._anchored(event), event.start_mark, event.end_mark)
        if self._depth >= MAX_DEPTH:
            raise ComposerError(None, None, "nested too deeply", self._mark_here())
        self._depth += 1
        node = super().compose_node(parent, index)
        if isinstance(node, ScalarNode) and node.tag == INCLUDE and self._include is not None:
            try:
                self._known |= self._include(node, {**self._known, **self.anchors}, self._depth)
            except ConfigError as error:  # reported where the value is read, unless an anchor of it is asked for
                self._failed.append(error)
        self._depth -= 1
        return node

    def _anchored(self, event: Any) -> Node:
        for anchors in (self.anchors, self._known):
            if event.anchor in anchors:
                found: Node = anchors[event.anchor]
                return found
        if self._failed:
            raise self._failed[0]
        raise ComposerError(None, None, f"found undefined alias {event.anchor!r}", event.start_mark)

    def brought(self, known: Mapping[str, Node]) -> dict[str, Node]:
        """Return the anchors that this file adds to those that were known in front of it."""
        added = {name: node for name, node in self._known.items() if known.get(name) is not node}
        return {**added, **self.anchors}

    def _mark_here(self) -> Mark:
        mark: Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        return mark


def read_text(path: str) -> str:
    """Return the text of a config file, with line feeds only.

    Raises
    ------
    ConfigError
        If there is no such file, it cannot be read, or it is not UTF-8 text without a byte order mark.
    """
    if os.path.isdir(path):
        raise ConfigError("this is a folder, not a config file", file=path)
    if not os.path.isfile(path):
        raise ConfigError("there is no such file", file=path)
    try:
        with open(path, "rb") as stream:
            raw = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror}", file=path) from error
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError("the file is UTF-16; save it as UTF-8", file=path, line=1)
    if raw.startswith(b"\xef\xbb\xbf"):
        raise ConfigError("the file begins with a byte order mark; save it as UTF-8 without one", file=path, line=1)
    if len(raw) > _MAX_BYTES:
        raise ConfigError(f"the file is larger than {_MAX_BYTES // 1_000_000} MB, which no config is", file=path)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError("the file is not UTF-8 text", file=path, line=line) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def compose(
    text: str,
    file: str,
    include: Include | None = None,
    known: Mapping[str, Node] | None = None,
    depth: int = 0,
) -> tuple[Node | None, dict[str, Node]]:
    """Return the root of the node graph, None for an empty text, and the anchors that the text brings.

    Parameters
    ----------
    text, file
        What is read; the marks of all nodes bear ``file`` as name.
    include
        What reads an included file and returns its anchors; None: it is left alone.
    known, depth
        Anchors of files that include this one, and how deeply it is nested in them.

    Raises
    ------
    ConfigError
        At the line of the first syntax error: what follows it cannot be understood.
    """
    try:
        composer = _Composer(text, include, known or {}, depth)
        composer.name = file
        root: Node | None = composer.get_single_node()
        return root, composer.brought(known or {})
    except yaml.YAMLError as error:
        raise _in_plain_words(error, text, file) from error
    except (ValueError, OverflowError) as error:  # escapes and versions that PyYAML converts without looking at them
        message = "an escape such as \\U00110000, or the number in the %YAML line, is too large"
        raise ConfigError(message, file=file) from error


def _in_plain_words(error: yaml.YAMLError, text: str, file: str) -> ConfigError:
    if isinstance(error, ReaderError):
        return ConfigError(
            f"the character {_code_point(error.character)} cannot stand in a config",
            file=file,
            line=text.count("\n", 0, error.position) + 1,
        )
    context, problem = getattr(error, "context", None) or "", getattr(error, "problem", None) or str(error)
    marks: list[Mark | None] = [getattr(error, "problem_mark", None), getattr(error, "context_mark", None)]
    said = f"{context}: {problem}"
    if "unexpected end of stream" in problem or "<stream end>" in problem:
        marks.reverse()  # the end of the file says nothing; where it was opened does
    line_of = [mark.line + 1 for mark in marks if mark is not None]
    line = line_of[0] if line_of else None
    twice = None if line is None else _TWICE.search(text.split("\n")[line - 1])
    if twice and ("mapping values are not allowed" in said or "got ':'" in said):
        key, value = twice["key"], shortened(twice["value"].strip()) or "VALUE"
        message = f"'{key}: {key}:' is one key too many; write it once: `{key}: {value}`"
        return ConfigError(message, file=file, line=line)
    for pattern, words in _WORDS:
        match = re.search(pattern, said)
        if match:
            hint = f"; the bracket opens in line {line_of[-1]}" if words is _FLOW and line_of[-1] != line else ""
            return ConfigError(words.format(*match.groups()) + hint, file=file, line=line)
    return ConfigError(f"this is not valid YAML: {problem}", file=file, line=line)


def _code_point(character: object) -> str:
    return f"U+{character:04X}" if isinstance(character, int) else repr(character)
