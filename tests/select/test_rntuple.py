"""Output as RNTuple: the same values as the TTree, checked, exported, up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rdfplugins.errors import InputError
from rdfplugins.simulate import simulate_hgg
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ["*lead*", "weight*", "jet_*", "photon_*", "lep_charge", "lep_type", "trigP", "eventNumber", "m_yy"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rntuple") / "tt.root"
    simulate_hgg(path, mode="tt", events=2000, seed=4)
    return path


def config(file: Path, form: str, **changes: Any) -> dict[str, Any]:
    output = {"dir": "out", "format": form, "columns": COLUMNS}
    histograms = {"m_yy": {"column": "m_yy", "bins": 5, "range": [105, 160]}}
    return helpers.config_data([str(file)], select__output=output, select__histograms=histograms, **changes)


def in_order(path: Path) -> Any:
    with uproot.open(path) as stored:
        arrays = stored["events"].arrays()
    return arrays[np.argsort(arrays["event_key"].to_numpy())]


@pytest.mark.parametrize("threads", [1, 2])
def test_same_values_as_the_tree(tmp_path: Path, file: Path, threads: int) -> None:
    tree = helpers.run(tmp_path, config(file, "ttree"), output=tmp_path / "tree").outputs["gg"]
    written = helpers.run(tmp_path, config(file, "rntuple"), output=tmp_path / "nt", threads=threads).outputs["gg"]
    with uproot.open(written) as stored:
        assert "RNTuple" in type(stored["events"]).__name__
        assert stored["m_yy"].values().sum() > 0
    want, found = in_order(tree), in_order(written)
    assert set(want.fields) == set(found.fields)
    assert len(want) > 500
    for name in want.fields:
        assert ak.array_equal(want[name], found[name], equal_nan=True, dtype_exact=True), name
    record = helpers.provenance(written)
    assert (record["units"]["m_yy"], record["units"]["weight"]) == ("GeV", "pb")


def test_second_run_finds_it_up_to_date_and_the_report_reads_it(tmp_path: Path, file: Path) -> None:
    data = {**config(file, "rntuple"), "report": {}}
    helpers.run(tmp_path, data)
    said: list[str] = []
    result = helpers.run(tmp_path, data, say=said.append)
    assert any("up to date" in line for line in said)
    assert any(path.name == "m_yy.png" for path in result.report)


def test_events_that_come_twice_are_found(tmp_path: Path) -> None:
    columns = helpers.small_columns(8)
    columns["event"][5] = columns["event"][2]
    path = helpers.write_columns(tmp_path / "twice.root", columns)
    data = helpers.small_config(str(path), select__output={"dir": "out", "format": "rntuple"})
    with pytest.raises(InputError, match=r"holds events twice, e\.g\. run 7, event 3"):
        helpers.run(tmp_path, data)
    assert not list((tmp_path / "out").glob("*.root*"))


def test_empty_selection_keeps_the_schema(tmp_path: Path, good: Path) -> None:
    steps = [{"filter": {"none": "x < 0"}}, {"define": {"y": "2 * x"}}]
    data = helpers.small_config(
        str(good), select__steps=steps, select__output={"dir": "out", "format": "rntuple", "columns": ["x", "y"]}
    )
    path = helpers.run(tmp_path, data).outputs["one"]
    with uproot.open(path) as stored:
        assert stored["events"].num_entries == 0
        assert set(stored["events"].keys()) >= {"x", "y", "event_key"}
