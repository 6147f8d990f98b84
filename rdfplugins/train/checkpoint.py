"""The state of a training on disk, so that one that was killed goes on."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.errors import RdfpluginsError
from rdfplugins.files import atomic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

NAME = "state.npz"
_GROUPS = ("weights", "first_moments", "second_moments", "best")


class UnusableError(Exception):
    """There is a state that cannot be taken up; the text says why."""


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


def load(path: Path, key: str, shape: Sequence[int]) -> State | None:
    """Return the state of an earlier run; None if there is none.

    Parameters
    ----------
    key
        As when it was saved.
    shape
        Numbers of inputs, of nodes of each layer, of outputs.

    Raises
    ------
    UnusableError
        It is of another training, or damaged.
    """
    layers = list(itertools.pairwise(shape))
    expected = [size for fan_in, fan_out in layers for size in ((fan_in, fan_out), (fan_out,))]
    try:
        # opened here: numpy does not close a damaged one
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            found_key = str(found["key"])
            if found_key == key:
                groups = [[found[f"{group}_{number}"] for number in range(len(expected))] for group in _GROUPS]
                history = json.loads(str(found["history"]))
    except FileNotFoundError:
        return None
    except RdfpluginsError:  # SIGTERM raises one, wherever it comes
        raise
    except Exception as error:  # of many types; single bytes that were changed show in the checksums of the file
        raise UnusableError(f"the checkpoint {path} is damaged") from error
    if found_key != key:
        raise UnusableError("the checkpoint of an earlier run is of other settings or events")
    if not history or any([array.shape for array in group] != expected for group in groups):
        raise UnusableError(f"the checkpoint {path} is damaged")
    arrays, first, second, best = groups
    return State(arrays, first, second, best, history)
