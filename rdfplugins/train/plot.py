"""The history of a training as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rdfplugins import plotting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

NAME: Final = "history.png"
_START: Final = 0.05  # of the epochs, in which the loss falls so far that nothing else would be seen beside it
_MOST_POINTS: Final = 25  # epochs that are marked one by one


def write_history_plot(
    history: Sequence[Mapping[str, float]], title: str, folder: Path, *, taught: bool = False
) -> Path:
    """Draw losses and learning rate of each epoch into ``history.png``.

    Parameters
    ----------
    history
        A row an epoch, at least one: epoch, loss, val_loss, learning_rate.
    title
        Stands above the plot.
    folder
        Where the file goes.
    taught
        The loss of the training compares with the estimates of a teacher, that of the validation with true masses.

    Raises
    ------
    MissingDependencyError
        Without matplotlib or mplhep.
    OutputError
        If the file cannot be written.
    """
    stem, _, ending = NAME.partition(".")
    (path,) = plotting.write(lambda: _draw(history, title, taught=taught), stem, folder, endings=(f".{ending}",))
    return path


def _draw(history: Sequence[Mapping[str, float]], title: str, *, taught: bool) -> Any:
    drawn, upper, lower = plotting.new_figure(lower=True)
    epoch, training, validation, rate = (
        np.array([row[name] for row in history], dtype=np.float64)
        for name in ("epoch", "loss", "val_loss", "learning_rate")
    )
    marker = "o" if len(history) <= _MOST_POINTS else ""
    best = int(np.argmin(validation))
    colours = plotting.COLOURS
    seen = slice(min(int(_START * len(history)), len(history) - 1), None)
    losses = np.maximum(training, validation)
    lowest, highest = min(training[seen].min(), validation[seen].min()), losses[seen].max()
    floor = lowest - max(0.05 * (highest - lowest), 1e-3 * highest)
    line = {"color": plotting.LINE_COLOUR, "linewidth": 1.3, "linestyle": "--"}
    upper.plot([epoch[best]] * 2, [floor, validation[best]], **line)  # not further: there is the legend
    lower.axvline(epoch[best], **line)
    handles = [
        *upper.plot(epoch, training, color=colours[0], linewidth=1.8, marker=marker, markersize=4),
        *upper.plot(epoch, validation, color=colours[1], linewidth=1.8, marker=marker, markersize=4),
        *upper.plot(epoch[best], validation[best], color=plotting.LINE_COLOUR, marker="D", markersize=7, linestyle=""),
    ]
    lower.plot(epoch, rate, color=colours[3], linewidth=1.8, marker=marker, markersize=4)
    lower.set_yscale("log")
    lower.set_ylim(rate.min() / 3, rate.max() * 3)
    lower.set_xlim(epoch[0] - 0.5, epoch[-1] + 0.5)
    lower.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    if marker:
        lower.xaxis.set_minor_locator(plotting.no_ticks())  # there are no halves of an epoch
    lower.set_xlabel("Epoch")
    lower.set_ylabel("Learning rate")
    upper.set_ylabel("Loss [GeV$^{1/2}$]")
    names = ["training, to the teacher", "validation, to the true mass"] if taught else ["training", "validation"]
    plotting.make_room(
        *(drawn, upper, handles, [*names, f"best epoch: {epoch[best]:.0f} ({validation[best]:.4f})"]),
        highest=lambda low, high: _highest(epoch[seen], losses[seen], low, high),
        floor=floor,
    )
    plotting.put_titles(drawn, upper, plotting.shortened(title), "")
    return drawn


def _highest(epoch: Any, losses: Any, low: float, high: float) -> float:
    """Return the highest loss between two x, or of the nearest epochs where there is none."""
    inside = losses[(epoch >= low - 1) & (epoch <= high + 1)]
    return float(inside.max() if len(inside) else losses[-1])
