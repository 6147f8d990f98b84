"""The spread of a variable in a cell, however large the variable is."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.config import ResampleConfig
from rdfplugins.resample import ArraySample, resample_arrays
from rdfplugins.resample.scratch import opened
from rdfplugins.resample.spread import spreads


@pytest.mark.parametrize("offset", [0.0, 1e9])
def test_spreads_of_cells(offset: float) -> None:
    random = np.random.default_rng(1)
    cell = random.integers(-2, 4, 3000).astype(np.int32)
    values = offset + random.normal(0.0, 1.0 + abs(cell), 3000)
    values[::7], values[1::7] = np.nan, -np.inf
    with opened(["a"], [0], None, 1) as (room,):
        for part in (slice(0, 1000), slice(1000, 3000)):
            room.add(np.arange(3000, dtype=np.uint64)[part], cell[part], [values[part]])
        found = spreads([room], 5)
    for number in range(4):
        mine = values[(cell == number) & np.isfinite(values)]
        assert found[number] == pytest.approx(mine.std(), rel=1e-6)
    assert found[4] == 0


def test_neyman_does_not_look_at_what_is_not_finite() -> None:
    """Half of a stratum without a value changes nothing for the other."""
    random = np.random.default_rng(2)
    x = random.normal(1000.0, 1.0, 8000)
    class_id = np.repeat(np.int32([0, 1]), 4000)
    x[class_id == 1] = np.where(random.random(4000) < 0.5, np.nan, x[class_id == 1])
    sample = ArraySample("a", 0, np.arange(8000, dtype=np.uint64), class_id, {"x": x})
    options = {"n_jets": 1000, "allocation": "neyman", "allocation_variable": "x"}
    spec = ResampleConfig.model_validate({"method": "stratified", "options": options})
    rows = resample_arrays(spec, ["a", "b"], ["all"], [sample]).rows["a"]
    assert np.bincount(rows.class_id) == pytest.approx([500, 500], abs=25)
