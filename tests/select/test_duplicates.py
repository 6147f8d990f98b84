"""Events that come twice in data: the first in the order of the config stays, wherever the others are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.errors import ConfigError, InputError
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

# (run, event) of three files; x tells the entries apart
FILES = {
    "a1": [(7, 1), (7, 2), (7, 3), (7, 2)],
    "a2": [(7, 4), (7, 1), (8, 1)],
    "b1": [(8, 1), (8, 2), (7, 3), (9, 9), (8, 2)],
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for number, (name, rows) in enumerate(FILES.items()):
        columns = {
            "run": np.array([row[0] for row in rows], np.int32),
            "event": np.array([row[1] for row in rows], np.int64),
            "x": np.arange(1, len(rows) + 1, dtype=np.float32) + 10 * number,
        }
        made[name] = helpers.write_columns(tmp_path / f"{name}.root", columns)
    return made


def config(files: dict[str, Path], **changes: Any) -> dict[str, Any]:
    samples = {
        "b": {"kind": "data", "files": [str(files["b1"])]},
        "a": {"kind": "data", "files": [str(files["a1"]), str(files["a2"])]},
    }
    data = helpers.small_config(
        [],
        input__samples=samples,
        input__on_duplicate="drop_later",
        select__histograms={"x": {"column": "x", "bins": 40, "range": [0, 40]}},
        select__output={"dir": "out", "columns": ["run", "event", "x"]},
    )
    return helpers.changed(data, changes)


def kept() -> dict[str, list[float]]:
    """Return the x of the entries that stay, found by hand: b comes first in the config."""
    seen = set()
    found: dict[str, list[float]] = {"b": [], "a": []}
    for number, name in ((2, "b1"), (0, "a1"), (1, "a2")):
        for index, row in enumerate(FILES[name]):
            if row not in seen:
                seen.add(row)
                found[name[0]].append(index + 1 + 10.0 * number)
    return found


@pytest.mark.parametrize("threads", [1, 2])
def test_first_entry_of_an_event_stays(tmp_path: Path, files: dict[str, Path], threads: int) -> None:
    said: list[str] = []
    result = helpers.run(tmp_path, config(files), threads=threads, say=said.append)
    for name, want in kept().items():
        path = result.outputs[name]
        assert sorted(helpers.columns(path)["x"].tolist()) == want
        total = sum(len(FILES[key]) for key in FILES if key[0] == name)
        assert result.cutflow[name].cuts[0].events == len(want)
        assert helpers.provenance(path)["duplicates_dropped"] == total - len(want)
        assert f"{name}: {total - len(want)} events dropped, as earlier entries of the data hold them" in said
    assert kept() == {"b": [21, 22, 23, 24], "a": [1, 2, 11]}  # by hand, too


def test_a_sample_alone_drops_what_earlier_samples_hold(tmp_path: Path, files: dict[str, Path]) -> None:
    result = helpers.run(tmp_path, config(files), samples=["a"])
    assert sorted(helpers.columns(result.outputs["a"])["x"].tolist()) == kept()["a"]
    assert list(result.outputs) == ["a"]


def test_another_earlier_file_makes_the_output_stale(tmp_path: Path, files: dict[str, Path]) -> None:
    helpers.run(tmp_path, config(files))
    columns = {"run": np.array([7], np.int32), "event": np.array([4], np.int64), "x": np.array([5], np.float32)}
    helpers.write_columns(files["b1"], columns)
    result = helpers.run(tmp_path, config(files))
    assert sorted(helpers.columns(result.outputs["a"])["x"].tolist()) == [1, 2, 3, 13]


def test_key_of_aliases(tmp_path: Path, files: dict[str, Path]) -> None:
    data = config(files, input__key=["r", "e"], input__aliases={"r": "run", "e": "event"})
    result = helpers.run(tmp_path, data)
    assert sorted(helpers.columns(result.outputs["a"])["x"].tolist()) == kept()["a"]
    wrong = config(files, input__key=["r"], input__aliases={"r": "runn"})
    with pytest.raises(ConfigError, match=r"config.yaml:\d+: alias 'r'"):
        helpers.run(tmp_path, wrong, output=tmp_path / "other")


def test_simulation_is_not_touched(tmp_path: Path, files: dict[str, Path]) -> None:
    samples = {"m": {"kind": "mc", "files": [str(files["a1"])]}}
    with pytest.raises(InputError, match="holds events twice"):
        helpers.run(tmp_path, config(files, input__samples=samples))


def test_entry_as_key_has_nothing_to_compare(tmp_path: Path, files: dict[str, Path]) -> None:
    with pytest.raises(ConfigError, match="'drop_later' compares the columns of"):
        helpers.run(tmp_path, config(files, input__key="entry"))


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
def test_many_entries_in_many_files(tmp_path: Path, threads: int, within: bool) -> None:
    """Random repeats across samples, and within them or not, in files large enough for several clusters a thread."""
    rng = np.random.default_rng(5)
    samples, rows = {}, {}
    for name in ("first", "second"):
        paths = []
        unique = rng.permutation(100_000)
        for number in range(3):
            event = rng.integers(0, 60_000, 20_000) if within else unique[20_000 * number : 20_000 * (number + 1)]
            x = np.arange(20_000) + 20_000 * number
            columns = {
                "run": np.full(20_000, 7, np.int32),
                "event": event.astype(np.int64),
                "x": (x + 1).astype(np.float32),
            }
            paths.append(str(helpers.write_columns(tmp_path / f"{name}{number}.root", columns)))
            rows.setdefault(name, []).extend(zip(event.tolist(), (x + 1).tolist(), strict=True))
        samples[name] = {"kind": "data", "files": paths}
    data = config({"a1": tmp_path, "a2": tmp_path, "b1": tmp_path}, input__samples=samples)
    result = helpers.run(tmp_path, data, threads=threads)
    seen: set[int] = set()
    for name, entries in rows.items():
        want = []
        for event, x in entries:
            if event not in seen:
                seen.add(event)
                want.append((event, float(x)))
        found = helpers.columns(result.outputs[name])
        assert sorted(zip(found["event"].tolist(), found["x"].tolist(), strict=True)) == sorted(want)


@pytest.mark.parametrize("threads", [1, 2])
def test_samples_of_data_that_share_events_are_an_error_by_default(
    tmp_path: Path, files: dict[str, Path], threads: int
) -> None:
    data = config(files, input__on_duplicate=None)
    with pytest.raises(
        InputError, match=r"config.yaml:\d+: sample 'a' holds 2 events .* earlier .*, e\.g\. run \d+, event \d+"
    ) as caught:
        helpers.run(tmp_path, data, threads=threads)
    assert "'on_duplicate: drop_later' in 'input' keeps the first" in str(caught.value)
    assert not list((tmp_path / "out").glob("*.root*"))


def test_samples_of_data_without_shared_events_run(tmp_path: Path, good: Path, more: Path) -> None:
    samples = {"one": {"kind": "data", "files": str(good)}, "two": {"kind": "data", "files": str(more)}}
    result = helpers.run(tmp_path, helpers.small_config([], input__samples=samples))
    assert [result.cutflow[name].cuts[0].events for name in samples] == [20, 5]


def test_samples_of_data_that_ran_one_by_one_are_up_to_date(tmp_path: Path, good: Path, more: Path) -> None:
    """As batch jobs do; nothing is dropped, so no output depends on another sample."""
    samples = {"one": {"kind": "data", "files": str(good)}, "two": {"kind": "data", "files": str(more)}}
    data = helpers.small_config([], input__samples=samples)
    before = {name: helpers.run(tmp_path, data, samples=[name]).outputs[name].stat().st_ino for name in samples}
    said: list[str] = []
    result = helpers.run(tmp_path, data, say=said.append)
    assert {name: path.stat().st_ino for name, path in result.outputs.items()} == before
    assert len([line for line in said if "is up to date" in line]) == 2
