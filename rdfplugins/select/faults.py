"""Faults of a graph: raised at the first, or collected so that all of them are told at once."""

from __future__ import annotations

import contextlib
import fnmatch
import re
from typing import TYPE_CHECKING

from rdfplugins.errors import ConfigErrors, InputErrors, RdfpluginsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_QUOTED = re.compile(r"'([\w.]+)'")
_OF_SAMPLE = re.compile(r"; sample '[^']*'$| in sample '[^']*'")


class Faults:
    """What is wrong, without what follows from it.

    Parameters
    ----------
    collect
        Keep the faults and go on; False raises each.
    """

    def __init__(self, *, collect: bool) -> None:
        self._collect = collect
        self._broken: set[str] = set()
        self._found: dict[str, RdfpluginsError] = {}

    @property
    def found(self) -> list[RdfpluginsError]:
        """The faults, each once, whichever of the samples have it."""
        return list(self._found.values())

    @contextlib.contextmanager
    def noted(self, *made: str) -> Iterator[None]:
        """Note a fault of the block; what it would have ``made`` is missed by no one afterwards."""
        try:
            yield
        except RdfpluginsError as error:
            self.note(error, *made)

    def note(self, error: RdfpluginsError, *made: str) -> None:
        """Note a fault, or raise it where they are not collected."""
        if not self._collect:
            raise error
        self._broken.update(made)
        for fault in error.faults if isinstance(error, (ConfigErrors, InputErrors)) else [error]:
            text = str(fault)
            if not set(_QUOTED.findall(text)) & (self._broken - set(made)) and not self._speaks_of_broken(text, made):
                self._found.setdefault(_OF_SAMPLE.sub("", text), fault)

    def explains(self, pattern: str) -> bool:
        """Return whether a pattern of columns matches one that is missing for a fault that has been noted."""
        return any(fnmatch.fnmatchcase(name, pattern) for name in self._broken)

    def _speaks_of_broken(self, text: str, made: tuple[str, ...]) -> bool:
        """Return whether a message names a node that failed before."""
        return any(
            "." in name and name not in made and re.search(rf"\b{re.escape(name)}\b", text) for name in self._broken
        )
