"""Checkpoints that are not whole, or of something else: refused with a reason, whatever is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins.train import checkpoint
from rdfplugins.train.checkpoint import State, UnusableError
from rdfplugins.train.fit import initial_weights

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (5, 8, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    state = State.start(initial_weights(SHAPE, 1))
    state.history = [{"epoch": n, "loss": 1.0, "val_loss": 2.0 - n, "learning_rate": 1e-3} for n in (1, 2)]
    checkpoint.save(tmp_path / "state.npz", state, "key")
    return tmp_path / "state.npz"


def test_what_is_saved_is_loaded(path: Path) -> None:
    state = checkpoint.load(path, "key", SHAPE)
    assert state is not None
    assert state.best_epoch == 2
    for found, expected in zip(state.weights, initial_weights(SHAPE, 1), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert checkpoint.load(path.with_name("none.npz"), "key", SHAPE) is None


def test_another_training_or_another_network(path: Path) -> None:
    with pytest.raises(UnusableError, match="of other settings or events"):
        checkpoint.load(path, "other", SHAPE)
    with pytest.raises(UnusableError, match=r"state\.npz is damaged"):
        checkpoint.load(path, "key", (5, 9, 1))
    with pytest.raises(UnusableError, match="damaged"):
        checkpoint.load(path.parent, "key", SHAPE)


@pytest.mark.parametrize("kind", ["bit", "cut", "noise"])
def test_no_damage_gives_other_numbers(path: Path, kind: str) -> None:
    whole, random = path.read_bytes(), np.random.default_rng(1)
    expected = checkpoint.load(path, "key", SHAPE)
    assert expected is not None
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        place = int(random.integers(len(whole)))
        if kind == "bit":
            damaged[place] ^= 1 << int(random.integers(8))
        elif kind == "cut":
            del damaged[place:]
        else:
            damaged[place : place + 50] = random.bytes(min(50, len(whole) - place))
        path.write_bytes(damaged)
        try:
            found = checkpoint.load(path, "key", SHAPE)
        except UnusableError:
            refused += 1
            continue
        assert found is not None
        assert found.history == expected.history
        for one, other in zip(found.weights + found.best, expected.weights + expected.best, strict=True):
            np.testing.assert_array_equal(one, other)
    assert refused > 200
