"""Simulation that is taken as signal although it has no peak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins import report
from rdfplugins.report import contents
from rdfplugins.report.assumed_signal import no_peak

from .conftest import BACKGROUND, signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import Config


def doubt(config: Config, files: dict[str, Path]) -> str:
    return no_peak(config, [contents.read(config, name, path) for name, path in files.items()])


def test_a_sample_without_a_peak_is_named(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    files = {
        "gg": write_sample("gg", {"m_yy": signal(1.0)}),
        "VBF": write_sample("VBF", {"m_yy": BACKGROUND}),
        "data": write_sample("data", {"m_yy": BACKGROUND}, kind="data"),
    }
    said: list[str] = []
    report.run(config(), files, tmp_path / "out", said.append)
    text = "VBF is taken as signal, without a peak in m_yy; name the signal with report.signal"
    assert said == [f"warning: {text}"]
    for name in ("cutflow.md", "index.html"):
        assert text in (tmp_path / "out" / "report" / name).read_text(encoding="utf-8")
    assert doubt(config("report.signal=[gg]"), files) == ""
    assert doubt(config(), {name: path for name, path in files.items() if name != "VBF"}) == ""


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        (np.ones(30), True),
        (signal(1.0) + 0.01, False),  # a peak on tails of a quarter
        (signal(1.0) + 0.2, True),
        (np.zeros(30), False),
        (-signal(1.0), False),
    ],
)
def test_what_counts_as_a_peak(
    config: Callable[..., Config], write_sample: Callable[..., Path], values: np.ndarray, *, flat: bool
) -> None:
    assert bool(doubt(config(), {"gg": write_sample("gg", {"m_yy": values})})) is flat


@pytest.mark.parametrize(("span", "flat"), [((115.0, 135.0), True), ((120.0, 130.0), False)])
def test_narrow_ranges(
    config: Callable[..., Config], write_sample: Callable[..., Path], span: tuple[float, float], *, flat: bool
) -> None:
    """Half of a flat spectrum in 115-135 GeV lies in the window, and all of one that covers no more than it."""
    shown = f"{{m_yy: {{column: m_yy, bins: 30, range: {list(span)}}}}}"
    files = {"gg": write_sample("gg", {"m_yy": np.ones(30)}, edges=span)}
    assert bool(doubt(config(histograms=shown), files)) is flat


def test_without_a_histogram_of_the_mass(config: Callable[..., Config], write_sample: Callable[..., Path]) -> None:
    shown = "{pt: {column: pt, bins: 30, range: [105, 160]}}"
    assert doubt(config(histograms=shown), {"gg": write_sample("gg", {"pt": np.ones(30)})}) == ""
