"""``input.key`` is that of NanoAOD unless it is set; other files get a message that says what to set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.errors import ConfigError
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

NANO = {"run": np.uint32, "luminosityBlock": np.uint32, "event": np.uint64}
MESSAGE = (
    "no column '{}', and input.key is [run, luminosityBlock, event] unless it is set; set input.key to what identifies"
    " an event in these files, {}, or to 'entry'"
)


def write(path: Path, kinds: dict[str, Any], events: int = 5) -> Path:
    return helpers.write_columns(path, {name: np.arange(1, events + 1).astype(kind) for name, kind in kinds.items()})


def config_data(file: Path) -> dict[str, Any]:
    return helpers.small_config(str(file), input__key=None, select__steps=[{"define": {"y": "1"}}])


def fault(folder: Path, file: Path) -> str:
    data = config_data(file)
    with pytest.raises(ConfigError) as raised:
        helpers.run(folder, data)
    faults, _ = rp.pipeline.check(helpers.write_config(folder, data))
    assert [str(fault) for fault in faults] == [str(raised.value)]
    return str(raised.value).replace(str(folder), "T")


def test_events_are_those_of_the_key_written_out(tmp_path: Path) -> None:
    file = write(tmp_path / "nano.root", NANO)
    keys = []
    for key in (None, ["run", "luminosityBlock", "event"], ["event"]):
        data = helpers.changed(config_data(file), {} if key is None else {"input__key": key})
        result = helpers.run(tmp_path, data, output=tmp_path / f"out{len(keys)}")
        keys.append(helpers.columns(result.outputs["one"])["event_key"].tolist())
    assert keys[0] == keys[1] != keys[2]
    assert len(set(keys[0])) == 5


@pytest.mark.parametrize(
    ("kinds", "column", "near"),
    [
        (
            {"eventNumber": np.int32, "runNumber": np.int32, "x": np.float32},
            "run",
            "such as [runNumber, eventNumber]",
        ),
        ({"run": np.int32, "event": np.int64}, "luminosityBlock", "such as [run, event]"),
        ({"run": np.int32, "lumi": np.int32, "evt": np.int64}, "luminosityBlock", "such as [run, lumi, evt]"),
        ({"x": np.float32, "event_weight": np.float32, "trunk": np.int32}, "run", "by their names"),
    ],
)
def test_other_files_are_told_what_to_set(tmp_path: Path, kinds: dict[str, Any], column: str, near: str) -> None:
    found = fault(tmp_path, write(tmp_path / "other.root", kinds))
    assert found == f"T/config.yaml:2: {MESSAGE.format(column, near)}"


def test_a_key_of_ones_own_is_answered_as_before(tmp_path: Path) -> None:
    file = write(tmp_path / "nano.root", NANO)
    data = helpers.changed(config_data(file), {"input__key": ["run", "evnt"]})
    with pytest.raises(
        ConfigError, match=r"input\.key names column 'evnt', which is not there; did you mean 'event'\?"
    ):
        helpers.run(tmp_path, data)
