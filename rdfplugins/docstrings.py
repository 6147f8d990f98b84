"""Docstrings in numpy style, taken apart: what an editor shows of a key, and of the node or section that it is in."""

from __future__ import annotations

import inspect
import re

_SECTION = re.compile(r"^(?P<title>\S[^\n]*)\n-{3,}[ ]*$", re.MULTILINE)
_PARAGRAPHS = re.compile(r"\n\s*\n")


def prose(documented: object) -> str:
    """Return what a docstring says before its first section, one line a paragraph; empty where there is none."""
    text = _docstring(documented)
    first = _SECTION.search(text)
    return _unwrapped(text[: first.start()] if first else text)


def entries(documented: object, section: str) -> dict[str, str]:
    """Return name -> text of a section such as ``Attributes`` or ``Parameters``; ``a, b`` gives both the same text."""
    found: dict[str, str] = {}
    names: list[str] = []
    lines: list[str] = []
    for line in [*_section(_docstring(documented), section).split("\n"), "end"]:
        if line[:1].isspace() or not line:
            lines.append(line)
            continue
        found.update(dict.fromkeys(names, _unwrapped(inspect.cleandoc("\n".join(lines)))))
        names = [name.strip(" *") for name in line.partition(" : ")[0].split(",")]
        lines = [""]  # the first line of what cleandoc takes has no indentation to go by
    return found


def _docstring(documented: object) -> str:
    return inspect.cleandoc(getattr(documented, "__doc__", None) or "")


def _section(text: str, title: str) -> str:
    sections = list(_SECTION.finditer(text))
    for section, after in zip(sections, [*sections[1:], None], strict=False):
        if section["title"] == title:
            return text[section.end() : after.start() if after else None].strip("\n")
    return ""


def _unwrapped(text: str) -> str:
    """Return one line a paragraph, in Markdown: code in single backticks, and the YAML word for None."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in _PARAGRAPHS.split(text.strip()))
    return re.sub(r"\bNone\b", "null", "\n\n".join(paragraphs).replace("``", "`"))
