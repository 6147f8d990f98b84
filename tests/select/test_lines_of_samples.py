"""What goes wrong with a sample in the event loop, or with its simulation in the cache, stands at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins.errors import ConfigError, InputError
from rdfplugins.paths import cache_dir
from tests.select import damage, helpers

if TYPE_CHECKING:
    from pathlib import Path

SIMULATE = {"process": "ditau", "mode": "zll", "events": 300, "seed": 77}


def line_of(path: Path, sample: str) -> int:
    return next(n for n, text in enumerate(path.read_text().splitlines(), 1) if text.strip() == f"{sample}:")


def fault(folder: Path, data: dict[str, Any], sample: str, **options: Any) -> str:
    """Return the one line of a run that fails, behind its place."""
    with pytest.raises((ConfigError, InputError)) as raised:
        helpers.run(folder, data, **options)
    start = f"{folder / 'config.yaml'}:{line_of(folder / 'config.yaml', sample)}: "
    text = str(raised.value)
    assert "\n" not in text
    assert raised.value.exit_code == 2
    assert text.startswith(start)
    assert start not in text[len(start) :]
    return text[len(start) :]


# -- in the event loop


@pytest.mark.parametrize("threads", [1, 2])
def test_an_exception_of_the_loop(tmp_path: Path, good: Path, more: Path, threads: int) -> None:
    samples = {"one": {"kind": "data", "files": str(more)}, "two": {"kind": "data", "files": str(good)}}
    values = "ROOT::RVecF(event < 50 ? 2 : 3)"
    steps = [{"define": {"values": values}}, {"define": {"third": "values[2]"}}]
    data = helpers.small_config([], input__samples=samples, select__steps=steps)
    message = fault(tmp_path, data, "two", threads=threads)
    assert message.startswith("sample 'two': ")
    assert "is read in an event with 2 of them" in message
    assert (tmp_path / "out" / "one.root").exists()
    assert not (tmp_path / "out" / "two.root").exists()


def spoil_basket(path: Path) -> None:
    first, behind = damage.parts(path).baskets[1]
    path.write_bytes(path.read_bytes()[:first] + bytes(behind - first) + path.read_bytes()[behind:])


@pytest.mark.parametrize("on_duplicate", ["fail", "drop_later"])
def test_damage_that_the_loop_meets(tmp_path: Path, good: Path, on_duplicate: str) -> None:
    """Whether it is met when identities are compared, or in the loop of the sample."""
    bad = helpers.write_columns(tmp_path / "bad.root", helpers.small_columns(500, first=1000))
    spoil_basket(bad)
    samples = {"one": {"kind": "data", "files": str(good)}, "two": {"kind": "data", "files": str(bad)}}
    data = helpers.small_config([], input__samples=samples, input__on_duplicate=on_duplicate)
    message = fault(tmp_path, data, "two")
    assert message.startswith(f"sample 'two': {bad} is damaged, or changed while it was read: ")


def test_events_that_two_samples_share_have_one_place(tmp_path: Path, good: Path) -> None:
    copy = helpers.write_columns(tmp_path / "copy.root", helpers.small_columns(5))
    samples = {"one": {"kind": "data", "files": str(good)}, "two": {"kind": "data", "files": str(copy)}}
    message = fault(tmp_path, helpers.small_config([], input__samples=samples), "two")
    assert message.startswith("sample 'two' holds 5 events that an earlier sample of data holds, too")


# -- simulation


def simulated(**changes: Any) -> dict[str, Any]:
    sample = {"kind": "mc", "xsec_pb": 1.0, "simulate": {**SIMULATE, **changes}}
    return {
        "version": 1,
        "input": {"tree": "Events", "units": "GeV", "samples": {"zll": sample}},
        "select": {"weight": "weight", "steps": [{"node": "ditau.weights"}], "output": {"dir": "out"}},
    }


def cached(data: dict[str, Any]) -> Path:
    spec = data["input"]["samples"]["zll"]["simulate"]
    (path,) = (cache_dir() / "simulated").glob(f"ditau_zll_{spec['events']}_seed{spec['seed']}_*.root")
    return path


@pytest.mark.parametrize("on_bad_file", ["fail", "skip"])
def test_a_truncated_simulation_may_be_deleted(tmp_path: Path, on_bad_file: str) -> None:
    data = simulated(seed=1234 + len(on_bad_file) + (on_bad_file == "skip"))
    data["input"]["on_bad_file"] = on_bad_file
    helpers.run(tmp_path, data)
    path = cached(data)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    message = fault(tmp_path, data, "zll")
    assert message.startswith(f"{path}: ")
    assert message.endswith(
        "; it is the simulation of this sample in the cache: delete the file, and the next run makes it again"
    )
    path.unlink()
    helpers.run(tmp_path, data)
    assert cached(data) == path
    assert path.stat().st_size > len(whole) // 2


def test_only_damage_is_mended_by_a_new_simulation(tmp_path: Path) -> None:
    """The wrong tree is a fault of the config, and a file of the user is not ours to delete."""
    data = simulated()
    data["input"]["tree"] = "events"
    assert "in the cache" not in fault(tmp_path, data, "zll")
    (tmp_path / "bad.root").write_bytes(b"root")
    data["input"]["samples"]["zll"] = {"kind": "mc", "xsec_pb": 1.0, "sum_of_weights": 1.0, "files": "bad.root"}
    assert "in the cache" not in fault(tmp_path, data, "zll")


def test_a_simulated_sum_below_zero(tmp_path: Path) -> None:
    """One event, whose weight is negative."""
    for seed in range(1, 60):
        data = simulated(events=1, seed=seed)
        result = None
        try:
            result = helpers.run(tmp_path, data)
        except ConfigError:
            break
        assert np.all(helpers.columns(result.outputs["zll"])["weight"] > 0)
    assert result is None
    assert fault(tmp_path, data, "zll") == (
        "sample 'zll': its sum of weights as simulated is -1; simulate more events, or set 'sum_of_weights' here"
    )
