"""The numbers of plots, ready to be drawn and stored: what is not in here cannot be seen anywhere."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rdfplugins.report.fits import GaussianFit, MassFit


@dataclasses.dataclass(frozen=True)
class Points:
    """Data points; all are float64[n], in events, and NaN in blinded bins.

    Attributes
    ----------
    values, down, up
        Contents, and the lengths of the error bars.
    errors
        Root of the sum of squared weights, which fits use; 0 in empty bins.
    """

    values: NDArray[np.float64]
    down: NDArray[np.float64]
    up: NDArray[np.float64]
    errors: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Component:
    """Simulated samples of one label.

    Attributes
    ----------
    label, shown
        As in the config, and as physicists call it.
    samples
        Names of the samples.
    signal
        Whether they are signal.
    number
        Of the label among those of all simulation in the config: it has one colour in all plots.
    values, variances
        float64[n], in the quantity of the plot, and its square.
    """

    label: str
    shown: str
    samples: tuple[str, ...]
    signal: bool
    number: int
    values: NDArray[np.float64]
    variances: NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Shift:
    """What one systematic variation changes.

    Attributes
    ----------
    name
        Of the variation, without direction.
    up, down
        float64[n]: contents with the variation less those without, summed over samples with their signs; a sample that
        does not have the variation adds nothing. None where no sample has this direction.
    """

    name: str
    up: NDArray[np.float64] | None
    down: NDArray[np.float64] | None


@dataclasses.dataclass(frozen=True)
class Band:
    """Uncertainty of a sum of components.

    Attributes
    ----------
    total
        float64[n], the sum itself.
    statistical
        float64[n], root of the sum of variances.
    up, down
        float64[n], lengths: shifts of all variations, added in quadrature. A variation whose two directions shift a bin
        to the same side counts with the larger one, on that side. 0 where there are no variations.
    """

    total: NDArray[np.float64]
    statistical: NDArray[np.float64]
    up: NDArray[np.float64]
    down: NDArray[np.float64]

    @property
    def all_up(self) -> NDArray[np.float64]:
        """Statistical and systematic uncertainty upwards, in quadrature, float64[n]."""
        return np.hypot(self.statistical, self.up)

    @property
    def all_down(self) -> NDArray[np.float64]:
        """Statistical and systematic uncertainty downwards, in quadrature, float64[n]."""
        return np.hypot(self.statistical, self.down)


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Data over simulation, float64[n]; NaN where data are hidden or nothing is simulated.

    Attributes
    ----------
    values, down, up
        The ratio, and the lengths of the error bars, which are those of data alone.
    band
        Uncertainty of the simulation relative to itself; its total is 1.
    """

    values: NDArray[np.float64]
    down: NDArray[np.float64]
    up: NDArray[np.float64]
    band: Band


@dataclasses.dataclass(frozen=True)
class Fit:
    """The fit of a mass.

    Attributes
    ----------
    result
        Parameters and quality.
    hidden
        What was left out, in the unit of the axis; None: the full range was fitted.
    source
        Where the Gaussian is from: ``config`` or ``simulation``; None where there is none.
    signal
        The fit to simulation that gave the Gaussian.
    """

    result: MassFit
    hidden: tuple[float, float] | None
    source: str | None
    signal: GaussianFit | None


@dataclasses.dataclass(frozen=True)
class Remarks:
    """What has to be said about the events and stands on every plot.

    Attributes
    ----------
    simulation, data_simulated, partial
        Whether any of them, and those of data, come from our own simulation, and whether only the first of them were
        looked at.
    lumi_pb, energy, title
        Integrated luminosity in 1/pb, energy of the collisions, the user's own words.
    """

    simulation: bool
    data_simulated: bool
    partial: bool
    lumi_pb: float | None
    energy: str
    title: str | None


@dataclasses.dataclass(frozen=True)
class NotANumber:
    """Events that a histogram does not have, as their value is NaN.

    Attributes
    ----------
    of
        ``data``, ``simulation``, ``signal`` or ``background``.
    missing, total
        Sum of the weights of these events, and of all, in the quantity of the plot.
    """

    of: str
    missing: float
    total: float


@dataclasses.dataclass(frozen=True)
class PlotNumbers:
    """One plot.

    Attributes
    ----------
    name
        Of its files.
    histogram, category
        What is shown: the histogram, and of which category; None: of all events.
    column, title
        Of the histogram; the title is None where the config gives none.
    edges, unit
        float64[n + 1], and the unit of the axis (may be empty).
    quantity
        Of the contents: ``events``, ``pb`` for want of a luminosity, ``unweighted events`` for want of a weight.
    is_mass, log
        Whether this is the mass, whose smooth background is fitted; whether its contents need a logarithmic axis.
    data
        None where there are no data events to be shown.
    stack
        Components that are stacked, lowest first.
    lines
        Signal that is drawn as lines.
    factor
        What lines are multiplied with; where there are none, the line of the summed stack; None without such a line.
        What is no mass shows that line in place of a stack too low to be seen.
    band
        Uncertainty of the stack; None without one.
    shifts
        Of the stack, one for each variation.
    blinded
        Window in which data are hidden, in the unit of the axis.
    data_hidden
        Whether there are data of which nothing may be shown: with the sidebands of the mass, they would tell the events
        in the window.
    fit
        None unless this is the mass and there are data.
    residual
        Data less the polynomial of the fit, with the errors of the data; None without a fit.
    ratio
        None where there is nothing to compare.
    remarks
        See the class.
    not_a_number
        Events that are not shown, where there are any.
    """

    name: str
    histogram: str
    category: str | None
    column: str
    title: str | None
    edges: NDArray[np.float64]
    unit: str
    quantity: str
    is_mass: bool
    log: bool
    data: Points | None
    stack: tuple[Component, ...]
    lines: tuple[Component, ...]
    factor: int | None
    band: Band | None
    shifts: tuple[Shift, ...]
    blinded: tuple[float, float] | None
    data_hidden: bool
    fit: Fit | None
    residual: Points | None
    ratio: Ratio | None
    remarks: Remarks
    not_a_number: tuple[NotANumber, ...] = ()

    @property
    def centres(self) -> NDArray[np.float64]:
        """Centres of the bins, float64[n]."""
        return np.asarray((self.edges[:-1] + self.edges[1:]) / 2.0)

    @property
    def total(self) -> NDArray[np.float64]:
        """Sum of the stack, float64[n]."""
        return summed(self.stack, len(self.edges) - 1)

    @property
    def is_all_signal(self) -> bool:
        """Whether all that is stacked is signal."""
        return all(part.signal for part in self.stack)

    @property
    def stack_is_seen(self) -> bool:
        """Whether the stack is drawn: signal that a line lifts is, only where a pad without background shows it."""
        return self.factor is None or bool(self.lines) or self.residual is not None

    @property
    def signal(self) -> NDArray[np.float64]:
        """Sum of all that is signal, float64[n]."""
        return summed([part for part in (*self.stack, *self.lines) if part.signal], len(self.edges) - 1)


def summed(components: Sequence[Component], bins: int) -> NDArray[np.float64]:
    """Return the sum of components, float64[bins]."""
    return np.asarray(sum((component.values for component in components), np.zeros(bins)))


@dataclasses.dataclass(frozen=True)
class VariationNumbers:
    """One systematic variation of a histogram, summed over all simulated samples.

    Attributes
    ----------
    name, histogram, variation
        Of the files, of what is varied, and of the variation.
    nominal, errors
        float64[n], and its statistical errors.
    up, down
        float64[n] with the variation; None where no sample has this direction.
    column, title, edges, unit, quantity, remarks
        As in `PlotNumbers`.
    """

    name: str
    histogram: str
    variation: str
    column: str
    title: str | None
    edges: NDArray[np.float64]
    unit: str
    quantity: str
    nominal: NDArray[np.float64]
    errors: NDArray[np.float64]
    up: NDArray[np.float64] | None
    down: NDArray[np.float64] | None
    remarks: Remarks
