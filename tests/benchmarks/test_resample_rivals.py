"""The benchmarks of resampling: their data, and that both sides write as much of the same."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

import h5py
import numpy as np
import pytest

from tests.benchmarks import resample_ours as ours
from tests.benchmarks import resample_rival as rival
from tests.benchmarks.resample_data import DTYPE, ETA, FLAVOURS, LABEL, PT, PT_RANGE, write_hdf5, write_root, written_as

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ROWS = 40_000
needs_rival = pytest.mark.skipif(importlib.util.find_spec("upp") is None, reason="umami-preprocessing is not installed")


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hdf5(tmp_path_factory.mktemp("jets") / "jets.h5", ROWS)


def test_classes_have_spectra_of_their_own(flat: Path) -> None:
    with h5py.File(flat) as file:
        jets = file["jets"][:]
    assert np.all((jets[PT] >= PT_RANGE[0]) & (jets[PT] < PT_RANGE[1]) & (jets[ETA] >= 0) & (jets[ETA] < 2.5))
    means = np.array([[jets[name][jets[LABEL] == one.label].mean() for one in FLAVOURS] for name in (PT, ETA)])
    assert np.all(np.diff(means[0]) < -15e3)
    assert np.all(np.diff(means[1]) > 0.05)
    np.testing.assert_array_equal(jets["eventNumber"], np.arange(ROWS))


def test_root_and_hdf5_hold_the_same(flat: Path, tmp_path: Path) -> None:
    path = write_root(tmp_path / "jets.root", ROWS)
    for name in DTYPE.names:
        np.testing.assert_array_equal(written_as(path, name), written_as(flat, name))


@pytest.mark.parametrize("method", ["pdf", "countup"])
def test_our_stage_writes_rows_of_the_file(flat: Path, tmp_path: Path, method: str) -> None:
    """Every row of the output is the row of this key in the input, in every column."""
    report = ours.stage(method, flat, tmp_path, 4000)
    assert report["rows"] == {one.name: 4000 for one in FLAVOURS}
    with h5py.File(flat) as file, h5py.File(tmp_path / "resample" / "train.h5") as made:
        source, output = file["jets"][:], made["jets"][:]
    assert set(DTYPE.names) < set(output.dtype.names)
    for name in DTYPE.names:
        np.testing.assert_array_equal(output[name], source[name][output["eventNumber"]])
    label = np.array([one.label for one in FLAVOURS])
    np.testing.assert_array_equal(output[LABEL], label[output["class_id"]])
    assert np.mean(np.diff(output["class_id"]) != 0) > 0.5, "the classes are not mixed"


@needs_rival
@pytest.mark.parametrize("method", ["pdf", "countup"])
def test_both_choose_the_shape_of_the_target(flat: Path, tmp_path: Path, method: str) -> None:
    made = rival.stage(method, flat, tmp_path, 4000)
    assert made["rows"] == {one.name: 4000 for one in FLAVOURS}
    ours.stage(method, flat, tmp_path, 4000)
    shapes: dict[str, list[NDArray[np.float64]]] = {}
    for one in FLAVOURS:
        theirs = tmp_path / "components" / "train" / f"all_jets_{one.name}.h5"
        mine = tmp_path / "resample" / "train.h5"
        pts = [written_as(theirs, PT), written_as(mine, PT)[written_as(mine, LABEL) == one.label]]
        # the tail of the target has bins in which the other classes have no rows
        shapes[one.name] = [np.quantile(pt, [0.1, 0.25, 0.5]) for pt in pts]
    for found in shapes.values():
        for quantiles in found:
            np.testing.assert_allclose(quantiles, shapes["bjets"][0], rtol=0.1)
