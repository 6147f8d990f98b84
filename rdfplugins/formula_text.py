"""The text of a formula -> text that Python's parser reads, with the way back for messages."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator, Mapping

_MOST_CHARACTERS = 10_000
_DEEPEST = 60
_SHOWN = 60
_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_WORDS = {"and": "&&", "or": "||", "not": "!", "not_eq": "!="}
# the middle of a ternary stands in brackets, as it may be one itself
_PYTHON = {"&&": " and ", "||": " or ", "!": "~", "?": " if (", ":": ") else ", "^": "**"}
_ADVICE = {
    "&": "write '&&' for 'and'",
    "|": "write '||' for 'or'",
    "^": "it is no power in C++; write pow(x, 2)",
    "**": "write pow(x, 2)",
    "=": "write '==' to compare",
    "[": "a formula takes one number a row; make a column of the element in select",
    "~": "write '!' for 'not'",
    "--": "write a space between two signs",
    "++": "write a space between two signs",
    "//": "a comment cannot stand here",
    "/*": "a comment cannot stand here",
    "'": "a formula is of numbers; text cannot stand in it",
    '"': "a formula is of numbers; text cannot stand in it",
    ";": "a formula is one expression",
}


def _tokens_of(name: str, joined: str, operators: str) -> re.Pattern[str]:
    return re.compile(
        r"(?P<space>\s+)"
        rf"|(?P<number>{_NUMBER.pattern}([A-Za-z_]\w*)?)"
        rf"|(?P<name>{name})"
        rf"|(?P<joined>{joined})"
        rf"|(?P<operator>{operators}|&&|\|\||==|!=|<=|>=|[-+*/%<>!(),?]|:(?![:=]))"
        r"|(?P<odd>.)",
        re.DOTALL | re.ASCII,
    )


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What differs between the languages of formulas.

    Attributes
    ----------
    token
        One token, in a group of its kind.
    words
        Operators that are words -> their signs.
    literals
        Names that are neither columns nor functions.
    advice
        Sign that cannot stand in a formula -> what to write in its place.
    suffixes
        Letters that numbers may end in.
    octal
        Whether a whole number with a 0 in front is one of base 8.
    """

    token: re.Pattern[str]
    words: Mapping[str, str]
    literals: frozenset[str]
    advice: Mapping[str, str]
    suffixes: str
    octal: bool


_NAME = r"(std::|TMath::|::)?[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"
CPP = Dialect(
    token=_tokens_of(_NAME, r"\*\*|//|/\*|<<|>>|->|\+\+|--", r"&&"),
    words=_WORDS,
    literals=frozenset({"true", "false", "M_PI"}),
    advice=_ADVICE,
    suffixes="fF",
    octal=True,
)
TREE = Dialect(  # of TTree::Draw; an element of an array is a name
    token=_tokens_of(rf"{_NAME}(\s*\[\s*(0|[1-9]\d{{0,8}})\s*\])?", r"//|/\*|<<|>>|->", r"\*\*|\^"),
    words={},
    literals=frozenset({"pi"}),
    advice={},
    suffixes="",
    octal=False,
)


class FormulaError(ValueError):
    """A formula that cannot be read or computed; the message is for the user, without a place.

    Parameters
    ----------
    what
        What is wrong.
    advice
        What to do with the formula, for who can change it.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(f"{what}; {advice}" if advice else what)
        self.what = what


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

    def __init__(self, text: str, dialect: Dialect) -> None:
        line = " ".join(text.split())
        self.shown = line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."
        self._text, self._dialect = text, dialect
        self._names: dict[str, str] = {}
        self._spans: list[tuple[int, int, int, int]] = []  # of each token: in the text, and in that for Python
        self._floats: set[int] = set()
        pieces: list[str] = []
        length = 0
        columns: dict[str, None] = {}
        tokens = list(_tokens(text, self.shown, dialect))
        for number, (kind, token, start, end) in enumerate(tokens):
            follows = tokens[number + 1][1] if number + 1 < len(tokens) else ""
            if kind == "name" and token not in dialect.literals and follows != "(":
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
            if not self._dialect.octal and token.isdigit():
                token = token.lstrip("0") or "0"
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
        # the middle of a ternary is in brackets for Python, which are signs of the ternary here
        text = " ".join(self._text[inside[0][0] : inside[-1][1]].split()).strip(" ?:") if inside else ""
        text = text or self.shown
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


def translated(text: str, dialect: Dialect = CPP) -> Translation:
    """Return a formula as Python's parser reads it; FormulaError for what no formula holds."""
    if not text.strip():
        raise FormulaError("the formula is empty")
    if len(text) > _MOST_CHARACTERS:
        raise FormulaError(f"the formula has {len(text)} characters, and {_MOST_CHARACTERS} are the most")
    return Translation(text, dialect)


def _tokens(text: str, shown: str, dialect: Dialect) -> Iterator[tuple[str, str, int, int]]:
    opened = asked = 0  # brackets and questions that wait for their ends
    for match in dialect.token.finditer(text):
        kind, token = str(match.lastgroup), match[0]
        if kind == "space":
            continue
        if kind in {"odd", "joined"}:
            advice = dialect.advice.get(token, "")
            written = token if token.isprintable() else repr(token)[1:-1]
            raise FormulaError(f"'{written}' cannot stand in a formula ('{shown}')", advice)
        if kind == "number":
            _check_number(token, dialect)
        elif kind == "name":
            kind, token = (
                ("operator", dialect.words[token]) if token in dialect.words else (kind, _without_space(token))
            )
        opened += (match[0] == "(") - (match[0] == ")")
        asked += (match[0] == "?") - (match[0] == ":")
        if opened + asked > _DEEPEST:
            raise FormulaError(f"'{shown}' is nested too deeply")
        yield kind, token, match.start(), match.end()
    if opened:
        which = "a bracket is not closed" if opened > 0 else "a bracket is closed that was not opened"
        raise FormulaError(f"'{shown}': {which}")
    if asked:
        raise FormulaError(f"'{shown}': every ? has a : behind it, as in a > b ? a : b")


def _without_space(name: str) -> str:
    return "".join(name.split())


def _check_number(token: str, dialect: Dialect) -> None:
    number = _NUMBER.match(token)
    assert number is not None
    suffix, whole = token[number.end() :], number[0].isdigit()
    if suffix and (suffix not in tuple(dialect.suffixes) or whole):
        raise FormulaError(f"'{token}' is no number", f"write it without '{suffix}'")
    if dialect.octal and whole and len(number[0]) > 1 and number[0][0] == "0":
        raise FormulaError(f"'{token}' is a number of base 8 in C++", "write it without the 0 in front")
    if whole and int(number[0][:40]) >= 1 << 64:
        raise FormulaError(f"'{token[:40]}' does not fit into 64 bits", "write it with a point")
    if not whole and math.isinf(float(number[0])):
        raise FormulaError(f"'{token[:40]}' is too large")
