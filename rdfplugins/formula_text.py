"""The text of a formula -> text that Python's parser reads, with the way back for messages."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

_MOST_CHARACTERS = 10_000
_DEEPEST = 60
_SHOWN = 60
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    rf"|(?P<number>{_NUMBER.pattern}([A-Za-z_]\w*)?)"
    r"|(?P<name>(std::|TMath::|::)?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)"
    r"|(?P<joined>\*\*|//|/\*|<<|>>|->|\+\+|--)"
    r"|(?P<operator>&&|\|\||==|!=|<=|>=|[-+*/%<>!(),])"
    r"|(?P<odd>.)",
    re.DOTALL | re.ASCII,
)
_WORDS = {"and": "&&", "or": "||", "not": "!", "not_eq": "!="}
_PYTHON = {"&&": " and ", "||": " or ", "!": "~"}
_LITERALS = frozenset({"true", "false", "M_PI"})
_ADVICE = {
    "&": "write '&&' for 'and'",
    "|": "write '||' for 'or'",
    "^": "it is no power in C++; write pow(x, 2)",
    "**": "write pow(x, 2)",
    "=": "write '==' to compare",
    "[": "a formula takes one number a row; make a column of the element in select",
    "?": "write two conditions, or make a column of it in select",
    "~": "write '!' for 'not'",
    "--": "write a space between two signs",
    "++": "write a space between two signs",
    "//": "a comment cannot stand here",
    "/*": "a comment cannot stand here",
    "'": "a formula is of numbers; text cannot stand in it",
    '"': "a formula is of numbers; text cannot stand in it",
    ";": "a formula is one expression",
}


class FormulaError(ValueError):
    """A formula that cannot be read or computed; the message is for the user, without a place."""


class Translation:
    """A formula as Python reads it.

    Attributes
    ----------
    shown
        The formula, shortened for messages.
    python
        The text for Python's parser; names are ``n0``, ``n1`` ..., so that no word of Python is among them.
    columns
        Names that are neither functions nor literals, each once.
    """

    def __init__(self, text: str) -> None:
        line = " ".join(text.split())
        self.shown = line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."
        self._text = text
        self._names: dict[str, str] = {}
        self._spans: list[tuple[int, int, int, int]] = []  # of each token: in the text, and in that for Python
        self._floats: set[int] = set()
        pieces: list[str] = []
        length = 0
        columns: dict[str, None] = {}
        tokens = list(_tokens(text, self.shown))
        for number, (kind, token, start, end) in enumerate(tokens):
            follows = tokens[number + 1][1] if number + 1 < len(tokens) else ""
            if kind == "name" and token not in _LITERALS and follows != "(":
                columns[token] = None
            piece = self._piece(kind, token, length)
            self._spans.append((start, end, length, length + len(piece)))
            pieces.append(piece)
            length += len(piece)
        self.python = "".join(pieces).rstrip()
        self.columns = tuple(columns)

    def _piece(self, kind: str, token: str, at: int) -> str:
        if kind == "name":
            known = {name: short for short, name in self._names.items()}
            short = known.get(token, f"n{len(known)}")
            self._names[short] = token
            return short + " "
        if kind == "number":
            if token[-1] in "fF":
                self._floats.add(at)
                token = token[:-1]
            return token + " "
        return _PYTHON.get(token, token)

    def name(self, short: str) -> str:
        """Return the name as it was written; a leading ``::`` says nothing."""
        return self._names[short].removeprefix("::")

    def is_float32(self, node: ast.Constant) -> bool:
        """Return whether a number has the suffix ``f``."""
        return node.col_offset in self._floats

    def of(self, node: ast.expr) -> str:
        """Return the text that a node was made of."""
        end = node.end_col_offset or 0
        inside = [span for span in self._spans if span[2] >= node.col_offset and span[2] < end]
        text = " ".join(self._text[inside[0][0] : inside[-1][1]].split()) if inside else self.shown
        return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."

    def near(self, column: int) -> str:
        """Return the token at a column of the text for Python; empty at its end."""
        return next((self._text[start:end] for start, end, low, high in self._spans if low <= column < high), "")

    @property
    def end(self) -> str:
        """The last token."""
        start, end, _, _ = self._spans[-1]
        return self._text[start:end]

    def in_brackets(self, node: ast.expr) -> bool:
        """Return whether a bracket opens right in front of a node and closes right behind it."""
        before = self.python[: node.col_offset].rstrip()
        behind = self.python[node.end_col_offset :].lstrip()
        return before.endswith("(") and behind.startswith(")")


def translated(text: str) -> Translation:
    """Return a formula as Python's parser reads it; FormulaError for what no formula holds."""
    if not text.strip():
        raise FormulaError("the formula is empty")
    if len(text) > _MOST_CHARACTERS:
        raise FormulaError(f"the formula has {len(text)} characters, and {_MOST_CHARACTERS} are the most")
    return Translation(text)


def _tokens(text: str, shown: str) -> Iterator[tuple[str, str, int, int]]:
    opened = 0
    for match in _TOKEN.finditer(text):
        kind, token = str(match.lastgroup), match[0]
        if kind == "space":
            continue
        if kind in {"odd", "joined"}:
            advice = _ADVICE.get(token, "")
            written = token if token.isprintable() else repr(token)[1:-1]
            raise FormulaError(f"'{written}' cannot stand in a formula ('{shown}')" + (f"; {advice}" if advice else ""))
        if kind == "number":
            _check_number(token)
        elif token in _WORDS:
            kind, token = "operator", _WORDS[token]
        opened += (match[0] == "(") - (match[0] == ")")
        if opened > _DEEPEST:
            raise FormulaError(f"'{shown}' is nested too deeply")
        yield kind, token, match.start(), match.end()
    if opened:
        which = "a bracket is not closed" if opened > 0 else "a bracket is closed that was not opened"
        raise FormulaError(f"'{shown}': {which}")


def _check_number(token: str) -> None:
    number = _NUMBER.match(token)
    assert number is not None
    suffix, whole = token[number.end() :], number[0].isdigit()
    if suffix and (suffix not in {"f", "F"} or whole):
        raise FormulaError(f"'{token}' is no number; write it without '{suffix}'")
    if whole and len(number[0]) > 1 and number[0][0] == "0":
        raise FormulaError(f"'{token}' is a number of base 8 in C++; write it without the 0 in front")
    if whole and int(number[0][:40]) >= 1 << 64:
        raise FormulaError(f"'{token[:40]}' does not fit into 64 bits; write it with a point")
    if not whole and math.isinf(float(number[0])):
        raise FormulaError(f"'{token[:40]}' is too large")
