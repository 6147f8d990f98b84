"""How good a trained network is, in the numbers of a card: of the validation split, and of the test split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins.inference.backends.blas import BlasEngine
from rdfplugins.response import MASS_EDGES, responses
from rdfplugins.train.events import read_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rdfplugins.inference.network import Network
    from rdfplugins.train.events import Columns, Data, Events

WHAT: Final = (
    "median of estimate / true mass, and half its central 68 % over the median, in bins of the true mass (GeV)"
)
_GROUPS: Final = ("channel", "N_neutrinos_reco")  # inputs that are of interest one by one
_FEW, _ONE_MASS = 20, 0.1  # events, spread of ln(mass): with less there is no slope to speak of
_MOST: Final = 10  # groups of which there are figures


def columns_of_groups(columns: Columns) -> str | None:
    """Return the column whose values have figures of their own; None where there is none."""
    return columns.group or next((name for name in _GROUPS if name in columns.inputs), None)


def validation_figures(network: Network, events: Events, columns: Columns) -> dict[str, Any]:
    """Return the figures of the validation split, as YAML values."""
    by = columns_of_groups(columns)
    group = None
    if by is not None:
        group = events.group if columns.group is not None else events.inputs[:, columns.inputs.index(by)]
    return figures(_estimates(network, events.inputs), events.mass, group, by)


def test_figures(network: Network, data: Data, columns: Columns) -> dict[str, Any] | None:
    """Return the figures of the test split, which is read now for the first time; None where there is none.

    Raises
    ------
    InputError
        If a file cannot be read any more.
    """
    by = columns_of_groups(columns)
    parts = [(_estimates(network, inputs), mass, group) for inputs, mass, group in read_test(data.sources, columns, by)]
    if not parts:
        return None
    estimate, mass, group = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return figures(estimate, mass, None if by is None else group, by)


def sensitivity(network: Network, events: Events) -> float | None:
    """Return by how much ln(estimate) rises with ln(true mass), of a straight line; None if there is about one mass.

    1 is right; an estimate that is the same for all events has 0, however narrow it is.
    """
    estimate = _estimates(network, events.inputs).astype(np.float64)
    usable = np.isfinite(estimate) & (estimate > 0)
    truth = np.log(events.mass[usable].astype(np.float64))
    if len(truth) < _FEW or truth.std() < _ONE_MASS:
        return None
    return float(np.cov(truth, np.log(estimate[usable]))[0, 1] / truth.var(ddof=1))


def figures(
    estimate: NDArray[Any], mass: NDArray[Any], group: NDArray[Any] | None = None, by: str | None = None
) -> dict[str, Any]:
    """Return events, median and width in bins of the true mass, as YAML values.

    Parameters
    ----------
    estimate, mass
        [events], GeV.
    group
        [events], values each of which has figures of its own, if they are few; None: all events together alone.
    by
        What they are.
    """
    made: dict[str, Any] = {"what": WHAT, "mass_bins": list(MASS_EDGES), "all": _rows(estimate, mass)}
    values = [] if group is None else np.unique(group).tolist()
    if group is not None and 1 < len(values) <= _MOST:
        made.update({f"{by} {value:g}": _rows(estimate[group == value], mass[group == value]) for value in values})
    return made


def _rows(estimate: NDArray[Any], mass: NDArray[Any]) -> dict[str, list[Any]]:
    found = responses(estimate, mass)
    return {
        "events": [one.events for one in found],
        "median": [round(one.median, 4) if one.defined else None for one in found],
        "width": [round(one.width, 4) if one.defined else None for one in found],
    }


def _estimates(network: Network, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    made = np.empty((len(inputs), network.n_outputs), dtype=np.float32)
    if len(inputs):
        BlasEngine(network).run(np.ascontiguousarray(inputs), made)
    return made[:, 0]
