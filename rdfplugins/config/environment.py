"""``${NAME}`` and a leading ``~`` in paths of a config."""

from __future__ import annotations

import os
import re

from rdfplugins.errors import did_you_mean

_REFERENCE = re.compile(r"\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def expand_environment(path: str) -> str:
    """Return ``path`` with environment variables and the home folder put in; ``$NAME`` without braces stays as it is.

    An ``@`` in front of the path stays there.

    Raises
    ------
    ValueError
        With a message for the user, if a variable is not set or a reference is not well formed.
    """

    def value(match: re.Match[str]) -> str:
        name, closed = match.groups()
        if not closed or not _NAME.fullmatch(name):
            raise ValueError(f"'{match[0]}' is not a reference to an environment variable such as ${{NAME}}")
        if name not in os.environ:
            raise ValueError(f"the environment variable {name} is not set{did_you_mean(name, os.environ)}")
        return os.environ[name]

    list_mark = "@" if path.startswith("@") else ""  # of a list of files
    path = path.removeprefix("@")
    if path == "~" or path.startswith("~/"):
        path = os.path.expanduser("~") + path[1:]  # noqa: PTH111 (a Path would drop what a URL needs)
    return list_mark + _REFERENCE.sub(value, path)
