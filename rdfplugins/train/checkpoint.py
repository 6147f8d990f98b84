"""The state of a training on disk, so that one that was killed goes on."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.files import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAME = "state.npz"
_GROUPS = ("weights", "first_moments", "second_moments", "best")


@dataclasses.dataclass
class State:
    """All that a training is after an epoch.

    Attributes
    ----------
    weights
        Kernel and bias of each layer in turn, float32.
    first_moments, second_moments
        Those of Adam, of the same shapes.
    best
        Weights of the epoch with the smallest validation loss.
    history
        For each epoch that is done: epoch, loss, val_loss, learning_rate, seconds.
    """

    weights: list[NDArray[np.float32]]
    first_moments: list[NDArray[np.float32]]
    second_moments: list[NDArray[np.float32]]
    best: list[NDArray[np.float32]]
    history: list[dict[str, float]]

    @classmethod
    def start(cls, weights: list[NDArray[np.float32]]) -> State:
        """Return the state before the first epoch."""
        return cls(weights, [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights], weights, [])

    @property
    def best_epoch(self) -> int:
        """Number of the epoch with the smallest validation loss, from 1; 0 before the first."""
        if not self.history:
            return 0
        return int(min(self.history, key=lambda row: row["val_loss"])["epoch"])


def save(path: Path, state: State, key: str) -> None:
    """Write the state; the file of before stays until this one is whole.

    Parameters
    ----------
    key
        Says what the training is of: settings and data.
    """
    arrays: dict[str, Any] = {"key": np.array(key), "history": np.array(json.dumps(state.history))}
    for group in _GROUPS:
        arrays.update({f"{group}_{number}": array for number, array in enumerate(getattr(state, group))})
    with atomic(path) as part, part.open("wb") as file:
        np.savez(file, **arrays)


def load(path: Path, key: str, count: int) -> State | None:
    """Return the state of an earlier run; None if there is none, or of another training.

    Parameters
    ----------
    key
        As when it was saved.
    count
        How many arrays of weights there are.
    """
    try:
        # opened here: numpy does not close a damaged one
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            if str(found["key"]) != key:
                return None
            groups = [[found[f"{group}_{number}"] for number in range(count)] for group in _GROUPS]
            history = json.loads(str(found["history"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # it is not there, or damaged
        return None
    arrays, first, second, best = groups
    return State(arrays, first, second, best, history)
