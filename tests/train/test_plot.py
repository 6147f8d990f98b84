"""The plot of a training: there, whatever the training was, and the same for the same numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rdfplugins.train.plot import write_history_plot

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("mplhep")


def history(epochs: int) -> list[dict[str, float]]:
    return [
        {
            "epoch": n,
            "loss": 2 + 1 / n,
            "val_loss": 2.1 + 1 / n + 0.1 * (n % 3),
            "learning_rate": 1e-3 / n,
            "seconds": 1.0,
        }
        for n in range(1, epochs + 1)
    ]


@pytest.mark.parametrize("epochs", [1, 2, 10, 200])
def test_a_plot_of_any_number_of_epochs(tmp_path: Path, epochs: int) -> None:
    path = write_history_plot(history(epochs), "a model with_a $name", tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["history.png"]
    first = path.read_bytes()
    assert first.startswith(b"\x89PNG")
    assert write_history_plot(history(epochs), "a model with_a $name", tmp_path).read_bytes() == first


def test_equal_losses_need_an_axis_too(tmp_path: Path) -> None:
    rows = [{**row, "loss": 2.0, "val_loss": 2.0} for row in history(5)]
    assert write_history_plot(rows, "flat", tmp_path).is_file()


def test_the_best_epoch_is_where_it_is_said(tmp_path: Path) -> None:
    rows = history(30)
    rows[11]["val_loss"] = 1.9
    plain = write_history_plot(history(30), "x", tmp_path).read_bytes()
    assert write_history_plot(rows, "x", tmp_path).read_bytes() != plain
