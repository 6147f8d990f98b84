"""The rivals of the benchmark do the same work: same events, same values, same cutflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import uproot

from tests.benchmarks import contenders
from tests.benchmarks.compare import compare, only_in_one

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 4000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rivals")


@pytest.fixture(scope="module")
def data(folder: Path) -> contenders.Data:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RDFPLUGINS_CACHE", str(folder / "cache"))
        return contenders.prepare(EVENTS, folder)


@pytest.fixture(scope="module")
def ours(folder: Path, data: contenders.Data) -> Path:
    contender = contenders.rdfplugins(data, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RDFPLUGINS_CACHE", str(folder / "cache"))
        contender.run()
    return contender.output


def test_awkward_rival_makes_the_same(folder: Path, data: contenders.Data, ours: Path) -> None:
    rival = contenders.awkward(data, folder)
    rival.run()
    found = compare(ours, rival.output)
    assert not found.faults
    assert EVENTS / 4 < found.rows < EVENTS / 2
    assert only_in_one(ours, rival.output) == {"event_key"}


@pytest.mark.slow
@pytest.mark.skipif(contenders.compiler() is None, reason="no C++ compiler to build the compiled rival with")
def test_compiled_rival_makes_the_same(folder: Path, data: contenders.Data, ours: Path) -> None:
    rival = contenders.compiled(data, folder)
    rival.run()
    found = compare(ours, rival.output)
    assert not found.faults
    assert EVENTS / 4 < found.rows < EVENTS / 2
    assert only_in_one(ours, rival.output) == {"event_key"}


def _write(path: Path, columns: dict[str, np.ndarray], counts: list[float]) -> Path:
    with uproot.recreate(path) as file:
        file.mktree("events", {name: values.dtype for name, values in columns.items()}).extend(columns)
        for name in ("cutflow", "cutflow_weighted"):
            file[name] = (np.array(counts), np.arange(len(counts) + 1.0))
    return path


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("x", 2.0 * (1 + 1e-11), "x: differs by"),
        ("x", np.nan, "x: differs by inf"),
        ("f", np.nextafter(np.float32(2), np.float32(3)), "f: differs by inf"),
        ("eventNumber", 9, "other events"),
    ],
)
def test_comparison_finds_a_difference(tmp_path: Path, column: str, value: float, fault: str) -> None:
    columns = {"eventNumber": np.array([3, 1, 2]), "x": np.array([1.0, 2.0, np.nan]), "f": np.ones(3, np.float32)}
    columns["f"][1] = 2.0
    one = _write(tmp_path / "one.root", columns, [3.0, 2.0])
    assert not compare(one, one).faults
    columns[column] = columns[column].copy()
    columns[column][1] = value
    other = _write(tmp_path / "other.root", columns, [3.0, 2.0])
    (found,) = compare(one, other).faults
    assert found.startswith(fault)


def test_comparison_matches_events_and_finds_another_cutflow(tmp_path: Path) -> None:
    columns = {"eventNumber": np.array([3, 1, 2]), "x": np.array([1.0, 2.0, 3.0])}
    one = _write(tmp_path / "one.root", columns, [3.0, 2.0])
    turned = {name: values[::-1] for name, values in columns.items()}
    assert not compare(one, _write(tmp_path / "turned.root", turned, [3.0, 2.0])).faults
    assert compare(one, _write(tmp_path / "other.root", columns, [3.0, 1.0])).faults
