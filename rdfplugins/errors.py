"""What can go wrong, as a user is told of it: one line that says where, what is wrong and what to do."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class RdfpluginsError(Exception):
    """Base of every error that the package raises on purpose; ``str(error)`` is a message for the user.

    ``exit_code`` is what ``rdfrun`` ends with: 2 where the config or the input is wrong, 1 where the run failed.
    """

    exit_code = 1


class ConfigError(RdfpluginsError):
    """A fault in a config file or in the parameters of a call.

    Parameters
    ----------
    message
        What is wrong and what to do, without the place.
    file, line
        Where it stands; both None for a call from Python.
    """

    exit_code = 2

    def __init__(self, message: str, *, file: str | None = None, line: int | None = None) -> None:
        self.message = message
        self.file = file
        self.line = line
        super().__init__(f"{place(file, line)}{message}")


class ConfigErrors(ConfigError):  # noqa: N818 (a plural)
    """Several faults of one config, all found in one go; ``str`` gives one line for each."""

    def __init__(self, faults: Sequence[ConfigError]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class InputError(RdfpluginsError):
    """An input file that is missing, damaged, or not what the config says."""

    exit_code = 2


class DamagedFileError(InputError):
    """An input file that ROOT cannot read, or not to its end."""


class InputErrors(InputError):  # noqa: N818 (a plural)
    """Several faults of inputs, all found in one go; ``str`` gives one line for each."""

    def __init__(self, faults: Sequence[InputError]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class MissingColumnError(InputError):
    """Columns that a step needs and the tree does not have."""


class CppError(ConfigError):
    """A C++ expression or header that does not compile; ``file`` and ``line`` are those of its source."""


class ModelError(RdfpluginsError):
    """A model that is not there, lacks its weights, does not fit its description, or holds what is not taken."""

    exit_code = 2


class MissingDependencyError(RdfpluginsError):
    """An optional package that is not installed; the message is the command that installs it."""

    exit_code = 2


class OutputError(RdfpluginsError):
    """An output that cannot be written: no permission, no space, or another run that writes it now."""


class InterruptedRunError(RdfpluginsError):
    """The run was stopped by the user (Ctrl-C) or by the batch system (SIGTERM); nothing was half-written."""

    exit_code = 130


class SubstitutionWarning(UserWarning):
    """Something else stands in the place of a column that is not there: a call from Python warns of it."""


def place(file: str | None, line: int | None) -> str:
    """Return ``file:line: ``, as compilers and editors write it, or what of it is known."""
    if file is None:
        return ""
    return f"{file}: " if line is None else f"{file}:{line}: "


def did_you_mean(word: str, candidates: Iterable[str], *, most: int = 3) -> str:
    """Return ``; did you mean 'x' or 'y'?`` for the near misses of ``word``, or an empty string."""
    names = list(dict.fromkeys(candidates))
    folded = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), folded, n=most, cutoff=0.6)
    if not near:
        return ""
    return "; did you mean " + " or ".join(f"'{folded[name]}'" for name in near) + "?"
