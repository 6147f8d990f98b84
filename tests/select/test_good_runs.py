"""Lists of good runs: reading them, and the C++ that asks them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rdfplugins import cpp
from rdfplugins.errors import ConfigError
from rdfplugins.select.graph.walk import good_runs
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

GOOD = {"7": [[1, 3], [5, 5]], "9": [[1, 100]], "11": []}


def write(path: Path, content: Any) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_ranges_are_sorted_and_joined(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", {"9": [[5, 8], [1, 2], [7, 12]], "2": [[3, 3]]})
    assert good_runs.read(path) == ((2, 3, 3), (9, 1, 2), (9, 5, 12))
    runs = good_runs.read(write(tmp_path / "b.json", [5, 3]))
    assert [run for run, _, _ in runs] == [3, 5]
    assert good_runs.of_whole_runs(runs)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("{}", "names no run"),
        ({"7": []}, "names no run"),
        ("3", "neither"),
        ({"x": [[1, 2]]}, '"x" where a run is expected'),
        ({"-7": [[1, 2]]}, '"-7" where a run'),
        ({"7": 3}, "no list of ranges"),
        ({"7": [3]}, "where a range"),
        ({"7": [[1, 2, 3]]}, "where a range"),
        ({"7": [[2, 1]]}, "ends before it begins"),
        ({"7": [[1.5, 2]]}, "1.5 where a luminosity block"),
        ({"7": [[True, 2]]}, "true where a luminosity block"),
        ('{"7": [[1, 2]], "7": [[3, 4]]}', "names run 7 twice"),
        ([1.5], "1.5 where a run"),
    ],
)
def test_what_is_no_list_of_runs(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        good_runs.read(write(tmp_path / "runs.json", content))


_RANGES = st.dictionaries(
    st.integers(1, 6), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), min_size=1, max_size=4), min_size=1
)


@settings(max_examples=25, deadline=None)
@given(runs=_RANGES)
def test_compiled_table_agrees_with_a_look_at_each_range(
    tmp_path_factory: pytest.TempPathFactory, runs: dict[int, list[tuple[int, int]]]
) -> None:
    listed = {str(run): [[first, first + length] for first, length in blocks] for run, blocks in runs.items()}
    ranges = good_runs.read(write(tmp_path_factory.mktemp("runs") / "runs.json", listed))
    cpp.include("rdfplugins/good_runs.h")
    root = cpp.load_root()
    table = root.std.vector["rdfp::GoodRange"]([root.rdfp.GoodRange(*entry) for entry in ranges])
    found = root.rdfp.GoodRuns(table)
    for run in range(8):
        assert found.contains(run) == (run in runs)
        for block in range(40):
            want = any(first <= block <= first + length for first, length in runs.get(run, []))
            assert found.contains(run, block) == want


@pytest.fixture
def lumi(tmp_path: Path) -> Path:
    """Events of four runs with luminosity blocks 1 to 6."""
    run, block = (grid.ravel() for grid in np.meshgrid([7, 8, 9, 11], np.arange(1, 7), indexing="ij"))
    return helpers.write_columns(
        tmp_path / "lumi.root",
        {
            "run": run.astype(np.uint32),
            "luminosityBlock": block.astype(np.uint32),
            "event": np.arange(len(run), dtype=np.uint64),
        },
    )


def config(file: Path, step: Any, kind: str = "data", **more: Any) -> dict[str, Any]:
    return helpers.small_config(
        [],
        input__samples={"one": {"kind": kind, "files": str(file)}},
        select__steps=[{"golden_json": step, **more}],
        select__output={"dir": "out", "columns": ["run", "luminosityBlock", "event"]},
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_good_blocks_of_data_stay(tmp_path: Path, lumi: Path, threads: int) -> None:
    write(tmp_path / "runs.json", GOOD)
    result = helpers.run(tmp_path, config(lumi, "runs.json"), threads=threads)
    found = helpers.columns(result.outputs["one"])
    got = sorted(zip(found["run"].tolist(), found["luminosityBlock"].tolist(), strict=True))
    assert got == [(7, 1), (7, 2), (7, 3), (7, 5), *((9, block) for block in range(1, 7))]
    assert [(cut.name, cut.events) for cut in result.cutflow["one"].cuts] == [("all", 24), ("golden_json", 10)]


def test_run_alone_judges_where_told_so(tmp_path: Path, lumi: Path) -> None:
    write(tmp_path / "runs.json", GOOD)
    step = {"file": "runs.json", "run": "run", "lumi_block": None}
    result = helpers.run(tmp_path, config(lumi, step))
    assert set(helpers.columns(result.outputs["one"])["run"].tolist()) == {7, 9}
    write(tmp_path / "list.json", [8, 11])
    listed = helpers.run(tmp_path, config(lumi, {"file": "list.json", "lumi_block": "nowhere"}))
    assert set(helpers.columns(listed.outputs["one"])["run"].tolist()) == {8, 11}


def test_simulation_passes_unless_asked(tmp_path: Path, lumi: Path) -> None:
    write(tmp_path / "runs.json", GOOD)
    result = helpers.run(tmp_path, config(lumi, "runs.json", kind="mc"))
    assert [cut.name for cut in result.cutflow["one"].cuts] == ["all"]
    asked = helpers.run(tmp_path, config(lumi, "runs.json", kind="mc", only="mc"))
    assert asked.cutflow["one"].cuts[-1].events == 10


def test_another_list_makes_the_output_stale(tmp_path: Path, lumi: Path) -> None:
    write(tmp_path / "runs.json", GOOD)
    helpers.run(tmp_path, config(lumi, "runs.json"))
    said: list[str] = []
    helpers.run(tmp_path, config(lumi, "runs.json"), say=said.append)
    assert any("up to date" in line for line in said)
    write(tmp_path / "runs.json", {"7": [[1, 1]]})
    result = helpers.run(tmp_path, config(lumi, "runs.json"))
    assert result.cutflow["one"].cuts[-1].events == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("nowhere.json", "nowhere.json: cannot be read"),
        ({"file": "runs.json", "run": "runn"}, "no column 'runn'.*did you mean 'run'"),
        ({"file": "runs.json", "lumi_block": "blocks"}, "'lumi_block: null' judges by the run alone"),
    ],
)
def test_faults_name_line_and_remedy(tmp_path: Path, lumi: Path, step: Any, words: str) -> None:
    write(tmp_path / "runs.json", GOOD)
    with pytest.raises(ConfigError, match=words) as caught:
        helpers.run(tmp_path, config(lumi, step))
    assert caught.value.line is not None
