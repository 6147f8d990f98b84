"""TMVA's own reader, where this ROOT has TMVA: to compare with, an event at a time (tmva/reader.h).

ROOT from PyPI has no TMVA; conda-forge's and LCG's have it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from rdfplugins import cpp
from rdfplugins.errors import MissingDependencyError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

HEADER: Final = "rdfplugins/tmva/reader.h"
_COLOURS: Final = re.compile(r"\x1b\[[\d;]*m")
_FATAL: Final = re.compile(r"<FATAL>[\s:]*(?:\S+\s*:)?\s*(.*)")
_THROWN: Final = re.compile(r"(?:runtime_error|exception|logic_error|bad_alloc): ?(.*)")


def has_tmva() -> bool:
    """Return whether this ROOT was built with TMVA.

    Raises
    ------
    MissingDependencyError
        ROOT is not installed.
    """
    return "tmva" in str(cpp.load_root().gROOT.GetConfigFeatures()).split()


class ReaderEngine:
    """Evaluates a weight file with TMVA itself; slow, and not for several threads at once.

    Parameters
    ----------
    path
        The weight file.
    n_inputs, n_outputs
        What it is known to have.

    Raises
    ------
    MissingDependencyError
        ROOT is not installed, or has no TMVA.
    ModelError
        TMVA cannot read the file, or finds other numbers of variables or responses in it.
    """

    def __init__(self, path: Path, n_inputs: int, n_outputs: int) -> None:
        self._path = path
        if not has_tmva():
            version = cpp.load_root().gROOT.GetVersion()
            raise MissingDependencyError(
                f"this ROOT ({version}) has no TMVA; take ROOT from conda-forge or LCG to compare with it, or evaluate"
                f" {path} with the backend cpp or numpy, which need none"
            )
        cpp.include(HEADER)
        with self._told("cannot read it"):
            self._reader = cpp.load_root().rdfp.tmva.make_reader(str(path))
        found = self._reader.inputs(), self._reader.outputs()
        if found != (n_inputs, n_outputs):
            raise ModelError(
                f"{path}: TMVA finds {found[0]} variables and {found[1]} responses, where {n_inputs} and {n_outputs}"
                " were read; compare with another release of ROOT"
            )

    def run(self, x: NDArray[np.float32], out: NDArray[np.float64]) -> None:
        """Write the outputs for ``x`` float32[n, k], C order, into ``out`` float64[n, m], C order; any n.

        TMVA gives classifications in float64, all else in float32. NaN in any input makes all outputs of an event NaN.
        """
        if len(x):
            with self._told("fails to evaluate it"):
                self._reader.evaluate_many(x, len(x), out)

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Raise what TMVA prints, or throws, as one line; what it prints otherwise is nobody's concern."""
        failure: Exception | None = None
        with cpp.captured_stderr() as errors, _captured_stdout() as printed:
            try:
                yield
            except Exception as error:  # cppyy raises many types
                failure = error
        if failure is not None:
            reason = _reason(printed[0] + errors[0], failure)
            raise ModelError(f"{self._path}: TMVA of this ROOT {what}: {reason}") from failure


def _reason(printed: str, failure: Exception) -> str:
    fatal = _FATAL.search(_COLOURS.sub("", printed))
    thrown = fatal or _THROWN.search(str(failure))
    return thrown[1].strip() if thrown else str(failure).strip().rpartition("\n")[2]


@contextlib.contextmanager
def _captured_stdout() -> Iterator[list[Any]]:
    """Collect what is written to file descriptor 1, where TMVA says everything; one text once the block has ended."""
    captured: list[Any] = []
    sys.stdout.flush()
    saved = os.dup(1)
    with os.fdopen(os.memfd_create("stdout"), "w+b") as sink:
        os.dup2(sink.fileno(), 1)
        try:
            yield captured
        finally:
            cpp.load_root().std.cout.flush()
            os.dup2(saved, 1)
            os.close(saved)
            sink.seek(0)
            captured.append(sink.read().decode(errors="replace"))
