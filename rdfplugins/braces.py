"""Braces of C++ text: one that is never closed makes cling wait for more input forever, without a word."""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\b\d(?:'?\w)*|'(?:\\.|[^'\\\n])*'"""
    r"""|^[ \t]*\#[ \t]*(?:define\b(?:[^\n\\]|\\.)*|(?P<condition>if|elif|else|endif)\w*)|(?P<brace>[{}])""",
    re.DOTALL | re.MULTILINE,
)


def unclosed(code: str) -> int | None:
    """Return the line (0: the first) of the innermost ``{`` that is never closed; None if there is none.

    Of ``#if`` and ``#else`` each branch begins with the braces that were open before.
    """
    opened: list[int] = []
    before: list[list[int]] = []
    for token in _TOKENS.finditer(code):
        if token["brace"] == "{":
            opened.append(code.count("\n", 0, token.start()))
        elif token["brace"] == "}":
            del opened[-1:]
        elif token["condition"] == "if":
            before.append(opened.copy())
        elif token["condition"] in {"else", "elif"} and before:
            opened = before[-1].copy()
        elif token["condition"] == "endif" and before:
            before.pop()
    return opened[-1] if opened else None
