"""Known inputs with known outputs: whether every backend that is installed reproduces them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rdfplugins.errors import MissingDependencyError, ModelError
from rdfplugins.inference.model import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from rdfplugins.inference.card import Reference
    from rdfplugins.inference.description import Description

_DENSE = ("numpy", "cpp", "tensorflow")


def verify(description: Description, say: Callable[[str], None]) -> bool:
    """Return whether a model gives the reference outputs of its card with every backend that is installed.

    Parameters
    ----------
    description
        The model.
    say
        Receives a line for each backend, reference and output: what came out, what was expected, the difference.

    Raises
    ------
    ModelError
        If the card has no references.
    MissingDependencyError
        If there is no backend for this model.
    """
    references = description.card.references
    if not references:
        raise ModelError(
            f"{description.path}: the card has no references to verify by; add inputs and outputs that are known"
        )
    good, checked = True, 0
    missing: MissingDependencyError | None = None
    for backend in _DENSE if description.network is not None else ("tensorflow",):
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


def _compare(
    description: Description,
    where: str,
    reference: Reference,
    values: NDArray[np.float32],
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
