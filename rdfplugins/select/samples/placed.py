"""Errors of files, put at the line of their sample in the config."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rdfplugins.errors import DamagedFileError, InputError, InputErrors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.config import Config

_OF_CACHE = "; it is the simulation of this sample in the cache: delete the file, and the next run makes it again"


@contextlib.contextmanager
def at_line_of(config: Config, name: str) -> Iterator[None]:
    """Put errors of files at the line of their sample."""
    try:
        yield
    except InputError as error:
        raise at_sample(config, name, error) from error


def at_sample(config: Config, name: str, error: InputError) -> InputError:
    """Return an error of a file, at the line of its sample."""
    if isinstance(error, InputErrors):
        return InputErrors([at_sample(config, name, fault) for fault in error.faults])
    kept = isinstance(error, DamagedFileError) and config.input.samples[name].simulate is not None
    return InputError(str(config.fault(f"{error}{_OF_CACHE if kept else ''}", "input", "samples", name)))
