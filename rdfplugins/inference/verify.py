"""Known inputs with known outputs: whether every backend that is installed reproduces them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import MissingDependencyError, ModelError
from rdfplugins.inference.model import choose
from rdfplugins.inference.tmva.method import Perceptron, Quantile

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rdfplugins.inference.card import Reference
    from rdfplugins.inference.description import Description

_DENSE = ("numpy", "cpp", "tensorflow")
_EVENTS, _SEED = 1000, 1
_BACKENDS_OF_TMVA = ("cpp", "tmva")


def verify(description: Description, say: Callable[[str], None]) -> bool:
    """Return whether a model gives the reference outputs of its card with every backend that is installed.

    Backends of a weight file of TMVA are compared with each other, too: numpy, cpp, and the reader of TMVA itself where
    this ROOT has it, on 1000 events within and around the ranges of the training.

    Parameters
    ----------
    description
        The model.
    say
        Receives a line for each backend, reference and output: what came out, what was expected, the difference.

    Raises
    ------
    ModelError
        If the card has no references, of what is not of TMVA.
    MissingDependencyError
        If there is no backend for this model, or none to compare with.
    """
    agree = _cross_check(description, say) if description.method is not None else True
    references = description.card.references
    if not references and description.method is not None:
        return agree
    if not references:
        raise ModelError(
            f"{description.path}: the card has no references to verify by; add inputs and outputs that are known"
        )
    good, checked = agree, 0
    missing: MissingDependencyError | None = None
    for backend in _backends(description):
        try:
            model = choose(description, backend)
        except MissingDependencyError as error:
            missing = error
            say(f"{backend:12}not checked: {error}")
            continue
        checked += 1
        for number, reference in enumerate(references, start=1):
            values = model.predict(np.array([reference.inputs]))[0]
            good &= _compare(description, f"{backend:12}reference {number}", reference, values, say)
    if not checked and missing is not None:
        raise missing
    return good


def _backends(description: Description) -> tuple[str, ...]:
    if description.method is not None:
        return ("numpy", *_BACKENDS_OF_TMVA)
    return _DENSE if description.network is not None else ("tensorflow",)


def _cross_check(description: Description, say: Callable[[str], None]) -> bool:
    """Return whether other backends give what numpy does for a weight file of TMVA, on events made for it."""
    events = _events(description)
    expected = choose(description, "numpy").predict(events)
    good, compared = True, 0
    for backend in _BACKENDS_OF_TMVA:
        tolerance = _tolerance(description, backend)
        try:
            found = choose(description, backend).predict(events)
        except (MissingDependencyError, ModelError) as error:
            say(f"{backend:12}not compared: {error}")
            continue
        compared += 1
        # relative to the spread of the outputs: single events may be anything
        with np.errstate(invalid="ignore"):
            differences = np.abs(found - expected) / max(float(np.nanmax(np.abs(expected))), 1e-30)
        # TMVA takes variables in float32 after each step, which may cross a cut of a tree
        largest = float(np.quantile(differences, 0.99 if backend == "tmva" else 1.0))
        fits = largest <= tolerance  # False for NaN
        good &= fits
        say(
            f"{backend:12}{_EVENTS} events: differs from numpy by {largest:.1e} of the largest output at most"
            + (" (99 % of the events)" if backend == "tmva" else "")
            + ("" if fits else f"  MISMATCH (tolerance {tolerance:g})")
        )
    if not compared and not description.card.references:
        raise MissingDependencyError(f"{description.path}: nothing to compare numpy with; install ROOT")
    return good


def _tolerance(description: Description, backend: str) -> float:
    """Return how far from numpy a backend may be, of the largest output.

    TMVA's reader keeps variables and weights in float32; it has a rational function for tanh in some releases, and a
    table in place of the cumulative distributions of Gauss and Uniform.
    """
    assert description.method is not None
    if backend != "tmva":
        return 1e-10
    if any(isinstance(step, Quantile) for step in description.method.steps):
        return 1e-2
    kernel = description.method.kernel
    return 1e-3 if isinstance(kernel, Perceptron) and kernel.neuron == "tanh" else 1e-5


def _events(description: Description) -> NDArray[np.float32]:
    """Return float32[events, inputs], up to a tenth of the range beyond it; from -10 to 10 where none is known."""
    ranges = [(one.low, one.high) if one.low < one.high else (-10.0, 10.0) for one in description.variables]
    low, high = np.clip(np.array(ranges), -1e30, 1e30).T
    share = np.random.default_rng(_SEED).uniform(-0.1, 1.1, (_EVENTS, len(ranges)))
    events: NDArray[np.float32] = (low + share * (high - low)).astype(np.float32)
    return events


def _compare(
    description: Description,
    where: str,
    reference: Reference,
    values: NDArray[Any],
    say: Callable[[str], None],
) -> bool:
    good = True
    for name, value, expected in zip(description.outputs, values.tolist(), reference.outputs, strict=True):
        difference = value - expected
        # relative to what is expected; where that is 0 there is only the difference itself
        fits = abs(difference) <= reference.tolerance * (abs(expected) or 1.0)  # False for NaN
        good &= fits
        unit = description.card.units.get(name, "")
        say(
            f"{where}  {name} {value:.9g}, expected {expected:.9g}, difference {difference:+.2g} {unit}".rstrip()
            + ("" if fits else f"  MISMATCH (tolerance {reference.tolerance:g})")
        )
    return good
