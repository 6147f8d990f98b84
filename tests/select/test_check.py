"""`rdfrun check`: everything that is wrong, at once, without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins import cpp, pipeline
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def check(folder: Path, data: dict[str, Any], **options: Any) -> tuple[list[str], list[str]]:
    faults, lines = pipeline.check(helpers.write_config(folder, data), **options)
    return [str(fault) for fault in faults], lines


def two_samples(good: Path, more: Path, **changes: Any) -> dict[str, Any]:
    samples = {"one": {"kind": "data", "files": str(good)}, "two": {"kind": "data", "files": str(more)}}
    return helpers.small_config([], input__samples=samples, **changes)


def test_all_is_well(tmp_path: Path, good: Path, more: Path) -> None:
    faults, lines = check(tmp_path, two_samples(good, more))
    assert faults == []
    assert lines == [
        "one (data): 20 events in 1 file, 1 cut, 3 columns",
        "two (data): 5 events in 1 file, 1 cut, 3 columns",
    ]
    assert not (tmp_path / "out").exists()


def test_all_faults_once_each_with_their_lines(tmp_path: Path, good: Path, more: Path) -> None:
    data = two_samples(
        good,
        more,
        select__steps=[
            {"filter": {"first": "xx > 0"}},
            {"define": {"y": "2 * z"}},
            {"define": {"follows": "y + 1"}},
            {"filter": {"follows too": "follows > 1"}},
            {"filter": {"vague": "x + 1"}},
            {"node": "collections.padd"},
            {"golden_json": "nowhere.json"},
        ],
        select__histograms={
            "a": {"column": "x", "bins": 3, "range": [0, 1], "after": "firstt"},
            "b": {"column": "y", "bins": 3, "range": [0, 1]},
            "c": {"column": "w_", "bins": 3, "range": [0, 1]},
        },
        select__categories={"low": "x <"},
        select__weight="ww",
    )
    faults, lines = check(tmp_path, data)
    text = "\n".join(faults)
    expected = [
        "cut 'first' uses 'xx', which is no column",
        "column 'y' uses 'z', which is no column",
        "cut 'vague': 'x + 1' is not true or false",
        "unknown node 'collections.padd'; did you mean 'collections.pad'",
        "nowhere.json: cannot be read",
        "no cut 'firstt'",
        "histogram 'c': no column 'w_'",
        "category 'low'",
        "weight uses 'ww'",
    ]
    for words in expected:
        assert text.count(words) == 1, (words, text)
    assert len(faults) == len(expected), text  # and nothing that only follows from them
    assert all("config.yaml:" in fault for fault in faults)
    assert lines == [] or all("columns" in line for line in lines)


def test_faults_of_files_of_all_samples(tmp_path: Path, good: Path) -> None:
    broken = tmp_path / "broken.root"
    broken.write_text("this is no ROOT file")
    samples = {
        "one": {"kind": "data", "files": [str(broken), str(tmp_path / "missing.root")]},
        "two": {"kind": "data", "files": [str(good)]},
        "three": {"kind": "data", "files": str(helpers.write_columns(tmp_path / "o.root", {"run": [1]}, tree="other"))},
        "four": {"kind": "data", "files": str(tmp_path / "none*.root")},
    }
    faults, _ = check(tmp_path, helpers.small_config([], input__samples=samples))
    text = "\n".join(faults)
    for words in ("broken.root", "missing.root: no such file", "has no tree 't'", "no file matches"):
        assert words in text, text
    assert len(faults) == 4


def test_schemas_of_all_files(tmp_path: Path, good: Path) -> None:
    other = helpers.small_columns(3, first=50)
    del other["x"]
    lacking = helpers.write_columns(tmp_path / "lacking.root", other)
    faults, _ = check(tmp_path, helpers.small_config([str(good), str(lacking)]))
    assert len(faults) == 1
    assert "has no branch 'x'" in faults[0]


def test_simulated_samples_are_not_generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(cache))
    sample = {"gg": {"kind": "mc", "simulate": {"process": "hgg", "mode": "gg", "events": 10_000_000}}}
    faults, lines = check(tmp_path, helpers.config_data([], input__samples=sample))
    assert faults == []
    assert "10000000 events to be simulated" in lines[0]
    assert not list(cache.rglob("*.root"))


def test_no_event_loop_is_run(tmp_path: Path, good: Path) -> None:
    cpp.load_root().gInterpreter.Declare(
        "namespace rdfp_test { inline int seen = 0; inline bool see() { ++seen; return true; } }"
    )
    steps = [{"filter": {"look": "rdfp_test::see()"}}]
    data = helpers.small_config(str(good), select__steps=steps)
    assert check(tmp_path, data)[0] == []
    assert cpp.load_root().rdfp_test.seen == 0


def test_a_faulty_config_leaves_the_process_as_it_was(tmp_path: Path, good: Path) -> None:
    steps = [{"define": {"y": "nonsense("}}, {"filter": {"f": "std::vector<int>{}"}}]
    assert len(check(tmp_path, helpers.small_config(str(good), select__steps=steps))[0]) == 2
    result = helpers.run(tmp_path, helpers.small_config(str(good)))
    assert result.cutflow["one"].cuts[-1].events == 20
