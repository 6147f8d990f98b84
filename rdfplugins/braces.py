"""What is opened in C++ text and never closed: it makes cling wait for more input forever, without a word."""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\b\d(?:'?\w)*|'(?:\\.|[^'\\\n])*'"""
    r"""|^[ \t]*\#[ \t]*(?:define\b(?:[^\n\\]|\\.)*|(?P<condition>if|elif|else|endif)\w*)|(?P<brace>[{}]|<%|%>)"""
    r"""|(?P<comment>/\*.*)""",
    re.DOTALL | re.MULTILINE,
)


def unclosed(code: str) -> int | None:
    """Return the line (0: the first) of the innermost ``{`` that is never closed; None if there is none.

    Of ``#if`` and ``#else`` each branch begins with the braces that were open before.
    """
    opened = _open_at_the_end(code)["{"]
    return opened[-1] if opened else None


def unbalanced(code: str) -> tuple[str, int] | None:
    """Say what is never closed, ``{``, ``/*`` or ``#if``, or was never opened, ``}``; None if there is nothing.

    Returns
    -------
    A sentence, and the line (0: the first).
    """
    for what, lines in _open_at_the_end(code).items():
        if lines:
            return ("a '}' closes nothing", lines[0]) if what == "}" else (f"a '{what}' is never closed", lines[-1])
    return None


def _open_at_the_end(code: str) -> dict[str, list[int]]:
    """Return for each kind the lines of those that are open where the code ends; of ``}`` those that close nothing."""
    opened: list[int] = []
    closing: list[int] = []
    before: list[tuple[int, list[int]]] = []
    comments: list[int] = []
    for token in _TOKENS.finditer(code):
        line = code.count("\n", 0, token.start())
        if token["brace"] in {"{", "<%"}:
            opened.append(line)
        elif token["brace"]:
            if not opened:
                closing.append(line)
            del opened[-1:]
        elif token["comment"]:
            comments.append(line)
        elif token["condition"] == "if":
            before.append((line, opened.copy()))
        elif token["condition"] in {"else", "elif"} and before:
            opened = before[-1][1].copy()
        elif token["condition"] == "endif" and before:
            before.pop()
    return {"/*": comments, "#if": [line for line, _ in before], "{": opened, "}": closing}
