"""How much estimates follow the truth, of estimates whose slope is known."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rdfplugins.pages import ABSENT
from rdfplugins.report.response.events import Events
from rdfplugins.report.response.numbers import Estimate, estimates_of
from rdfplugins.response import MASS_EDGES

from .response_trees import columns_of, config_of, four_files, write_file
from .test_response_stage import numbers, run

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.report.response.sensitivity import Sensitivity


def found(truth: np.ndarray, spread: float = 0.15) -> dict[str, tuple[Estimate, tuple[Sensitivity, ...]]]:
    noise = np.random.default_rng(8).lognormal(0.0, spread, len(truth))
    values = {"constant": np.full(len(truth), 60.0), "shrunk": 3.0 * truth**0.7 * noise, "even": 0.5 * truth * noise}
    events = Events(values, truth, np.ones(len(truth)), {}, (len(truth),), 1, 0)
    return {one.column: (one, one.sensitivities) for one in estimates_of(events, MASS_EDGES, [None])[None]}


@pytest.mark.parametrize("masses", ["flat", "low in each bin"])
def test_of_known_slopes(masses: str) -> None:
    random = np.random.default_rng(7)
    truth = random.uniform(50.0, 1000.0, 60_000)
    if masses == "low in each bin":
        low, high = (
            np.array(ends)[np.searchsorted(MASS_EDGES, truth, side="right") - 1]
            for ends in (MASS_EDGES[:-1], MASS_EDGES[1:])
        )
        truth = low + (high - low) * 0.3 * random.random(len(truth))
    sensitivities = found(truth)
    for one in sensitivities["constant"][1]:
        assert one.slope == pytest.approx(0.0, abs=1e-3)
        assert math.isnan(one.width)  # however narrow it is
    assert all(one.width < 0.2 for one in sensitivities["constant"][0].bins)
    for column, slope in (("shrunk", 0.7), ("even", 1.0)):
        estimate, values = sensitivities[column]
        pulls = [(one.slope - slope) / one.slope_error for one in values]
        assert max(map(abs, pulls)) < 4.0
        assert np.median([one.slope for one in values]) == pytest.approx(slope, abs=0.03)
        for bin_, one in zip(estimate.bins, values, strict=True):
            assert one.width == pytest.approx(bin_.width / one.slope)
            assert one.width_error > bin_.width_error / one.slope


def test_a_bin_without_a_neighbour_has_none() -> None:
    truth = np.random.default_rng(7).uniform(50.0, 1000.0, 60_000)
    values = found(truth[(truth < 200) | (truth > 300)])["even"][1]
    gone = [not math.isfinite(one.slope) for one in values]
    assert gone == [False, False, False, True, True, True, *[False] * 5]
    single = Estimate("one", found(truth)["even"][0].bins[:1])
    assert math.isnan(single.sensitivities[0].slope)


def test_slopes_are_central_and_one_sided_at_the_ends() -> None:
    bins = found(np.random.default_rng(7).uniform(50.0, 1000.0, 60_000))["shrunk"][0].bins[:3]
    bins = tuple(
        dataclasses.replace(one, median=median, centre=centre)
        for one, median, centre in zip(bins, (1.0, 0.8, 0.7), (60.0, 80.0, 110.0), strict=True)
    )
    slopes = [one.slope for one in Estimate("one", bins).sensitivities]
    logs = [(math.log(median * centre), math.log(centre)) for median, centre in ((1.0, 60), (0.8, 80), (0.7, 110))]
    for slope, (one, other) in zip(slopes, ((0, 1), (0, 2), (1, 2)), strict=True):
        expected = (logs[other][0] - logs[one][0]) / (logs[other][1] - logs[one][1])
        assert slope == pytest.approx(expected, rel=1e-12)


def test_tables_and_json_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rdfplugins import plotting

    monkeypatch.setattr(plotting, "write", lambda make, name, folder: ())
    files = four_files(tmp_path)
    for name, mass in (("H", 120), ("Z", 100)):
        columns = columns_of(mass, 6000, seed=1)
        columns["m_vis"][:] = 60.0
        write_file(files[name], columns)
    config = config_of(tmp_path, "{edges: [90, 100, 110, 120, 130], channels: {}, estimates: [ml_mass, m_vis]}")
    folder, _ = run(config, files, tmp_path / "out")
    bins = numbers(folder)["estimates"]["m_vis"]["bins"]
    assert [one["sensitivity"] for one in bins] == pytest.approx([0.0] * 4, abs=1e-3)
    assert [one["width_over_sensitivity"] for one in bins] == [None] * 4
    bins = numbers(folder)["estimates"]["ml_mass"]["bins"]
    assert bins[1]["width_over_sensitivity"] == pytest.approx(bins[1]["width"] / bins[1]["sensitivity"])
    table = (folder / "response.md").read_text().partition("## Response: resolution over sensitivity")[2]
    rows = [line for line in table.partition("##")[0].splitlines() if " to " in line]
    assert len(rows) == 4
    assert all(row.rstrip(" |").endswith(ABSENT) for row in rows)
    assert "looks narrower than it is" in (folder / "index.html").read_text()
