"""Elements of collections in C++ expressions: checked, as ``jet_pt[1]`` of an event with one jet is no number.

An index beyond the end reads whatever lies there, and an event would be kept or lost by chance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKENS = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
    r"""|(?P<foreign>(?:\.|->|::)\s*[A-Za-z_]\w*)|(?P<name>(?<!\w)[A-Za-z_]\w*)(?P<space>\s*)(?P<open>\[)|\w+""",
    re.DOTALL,
)


def checked(code: str, is_collection: Callable[[str], bool], place: str) -> str:
    """Return C++ code in which ``name[index]`` of a collection is ``rdfp::element(name, index, "name", "place")``.

    Parameters
    ----------
    code
        An expression, or statements.
    is_collection
        Whether a name is a column that holds a vector; members and names behind ``::`` are not asked for.
    place
        What the code is and where it stands, for the message.
    """
    parts: list[str] = []
    done = 0
    for token in _TOKENS.finditer(code):
        if token.start() < done or token["open"] is None or not is_collection(token["name"]):
            continue
        end = _closing(code, token.end())
        if end is None:
            break
        inner = checked(code[token.end() : end], is_collection, place)
        name = token["name"]
        texts = f"{as_numbers(name)}, {as_numbers(place)}"
        parts += [code[done : token.start()], f"rdfp::element({name}, {inner}, {texts})"]
        done = end + 1
    return "".join([*parts, code[done:]])


def as_numbers(text: str) -> str:
    """Return a C++ string without a letter in it: RDataFrame replaces names of columns within strings, too."""
    return '"' + "".join(f"\\{byte:03o}" for byte in text.encode()) + '"'


def _closing(code: str, start: int) -> int | None:
    """Return where the bracket closes whose content begins at ``start``; None if nowhere."""
    depth = 1
    for token in re.finditer(
        r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|//[^\n]*|/\*.*?\*/|[][]""", code[start:], re.DOTALL
    ):
        depth += {"[": 1, "]": -1}.get(token[0], 0)
        if depth == 0:
            return start + token.start()
    return None
