"""Damaged inputs: one line that names the file, or the values of the whole file; no crash, no wait, no other values."""

from __future__ import annotations

import collections
import os
import random
import shutil
import stat
import threading
import time
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rdfplugins.cpp import load_root
from rdfplugins.errors import InputError
from rdfplugins.simulate import simulate_hgg
from tests.select import damage, helpers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EVENTS = 300
ALL = {"dir": "out", "columns": ["*"]}


def simulated(path: Path, seed: int) -> dict[str, Any]:
    simulate_hgg(path, mode="gg", events=EVENTS, seed=seed)
    return helpers.config_data(["bad.root"])


def vectors(path: Path, seed: int, compression: int = 101) -> dict[str, Any]:
    """Write numbers, and vectors of float, int and bool."""
    chance = np.random.default_rng(seed)
    lengths = chance.integers(0, 5, EVENTS)
    rows: Callable[[Any], Any] = lambda make: [make(length).tolist() for length in lengths]  # noqa: E731
    columns = helpers.small_columns(EVENTS)
    columns["floats"] = (np.float32, rows(chance.random))
    columns["ints"] = (np.int32, rows(lambda length: chance.integers(-9, 9, length)))
    columns["bools"] = (np.bool_, rows(lambda length: chance.integers(0, 2, length) > 0))
    helpers.write_columns(path, columns)
    if compression != 101:
        _recompress(path, compression)
    return helpers.small_config(["bad.root"], select__output=ALL)


def real(path: Path, seed: int) -> dict[str, Any]:
    source = f"{os.environ['RDFPLUGINS_REAL_DATA']}/atlas_mini/data_{'AB'[seed - 1]}.4lep.root"
    shutil.copyfile(source, path)
    steps = [{"filter": {"leptons": "lep_n > -1"}}]
    key = ["runNumber", "eventNumber"]
    changes = {"input__tree": "mini", "input__units": "MeV", "input__key": key}
    return helpers.small_config(["bad.root"], select__steps=steps, select__output=ALL, **changes)


def _recompress(path: Path, setting: int) -> None:
    root = load_root()
    source = root.TFile.Open(str(path))
    copy = root.TFile(f"{path}.new", "RECREATE", "", setting)
    tree = source.Get("t").CloneTree(-1)
    tree.Write()
    copy.Close()
    source.Close()
    shutil.move(f"{path}.new", path)


class Trials:
    """Runs on copies of one file, of which each has another damage."""

    def __init__(self, folder: Path, make: Callable[..., dict[str, Any]], **options: Any) -> None:
        self._folder = folder
        good, other = folder / "good.root", folder / "other.root"
        self.config = helpers.write_config(folder, make(good, 1, **options))
        make(other, 2, **options)
        self.whole, self.other, self.parts = good.read_bytes(), other.read_bytes(), damage.parts(good)
        self.server = damage.Server(folder)
        (folder / "bad.root").write_bytes(self.whole)
        assert self.server.run(self.config, folder / "reference", here=True) == (0, "")
        self._reference = self._values(folder / "reference")

    def _values(self, folder: Path) -> dict[str, Any]:
        path = next(folder.glob("*.root"))
        with uproot.open(path) as file:
            events = file["events"].arrays()
            values = {name: ak.to_list(events[name]) for name in events.fields}
            cutflow = {name: file[name].values().tolist() for name in ("cutflow", "cutflow_weighted")}
        return {name: repr(value) for name, value in (values | cutflow).items()}  # of NaN, too, the text is equal

    def outcome(self, content: bytes, *, threads: int = 1) -> str:
        """Return ``error``, ``same`` or ``different`` for a run that must end in an orderly way."""
        bad, output = self._folder / "bad.root", self._folder / "out"
        shutil.rmtree(output, ignore_errors=True)
        bad.write_bytes(content)
        code, text = self.server.run(self.config, output, threads=threads)
        if code == 0:
            return "same" if self._values(output) == self._reference else "different"
        assert code in {1, 2}, (code, text)
        assert text.count("\n") == 1, text
        assert "bad.root" in text or "holds events twice" in text, text
        assert [path.name for path in output.iterdir()] == [".rdfrun.lock"]
        return "error"

    def outcomes(self, number: int, seed: int, *, threads: int = 1) -> dict[str, int]:
        chance = random.Random(seed)
        made = (damage.damaged(self.whole, self.other, self.parts, chance) for _ in range(number))
        return dict(collections.Counter(self.outcome(content, threads=threads) for content in made))


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[Callable[..., Trials]]:
    made: list[Trials] = []

    def make(source: Callable[..., dict[str, Any]], **options: Any) -> Trials:
        made.append(Trials(tmp_path, source, **options))
        return made[-1]

    yield make
    for one in made:
        one.server.close()


@pytest.mark.parametrize(
    ("source", "number", "threads"),
    [
        (simulated, 20, 1),
        pytest.param(vectors, 25, 1, marks=pytest.mark.slow),
        pytest.param(simulated, 400, 1, marks=pytest.mark.slow),
        pytest.param(simulated, 100, 2, marks=pytest.mark.slow),
        pytest.param(vectors, 300, 1, marks=pytest.mark.slow),
    ],
)
def test_damage(trials: Callable[..., Trials], source: Any, number: int, threads: int) -> None:
    """Where the damage hits nothing that is read (names of the folder, other branches), the values are the same."""
    found = trials(source).outcomes(number, seed=number, threads=threads)
    assert set(found) == {"error", "same"}
    assert found["error"] > number / 2


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_damage_of_real_data(trials: Callable[..., Trials]) -> None:
    assert set(trials(real).outcomes(100, seed=3)) == {"error", "same"}


@pytest.mark.parametrize(
    ("setting", "safe"),
    [pytest.param(*other, marks=pytest.mark.slow) for other in ((101, True), (207, True), (0, False))],
)
def test_bits_of_values(trials: Callable[..., Trials], setting: int, safe: bool) -> None:
    """zlib and LZMA carry checksums: no flipped bit passes. Nothing protects what is not compressed."""
    one, chance = trials(vectors, compression=setting), random.Random(5)
    found = collections.Counter(
        one.outcome(damage.flipped(one.whole, chance.choice(one.parts.baskets), chance.choice([1, 2, 16]), chance))
        for _ in range(20 if safe else 8)
    )
    assert set(found) == {"error"} if safe else "different" in found


# -- files that are none


def run_with(tmp_path: Path, *names: str) -> str:
    """Return the message of a run with these inputs."""
    with pytest.raises(InputError) as caught:
        helpers.run(tmp_path, helpers.small_config(list(names)))
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(str(tmp_path), "T")


def test_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.root")
    assert stat.S_ISFIFO((tmp_path / "pipe.root").stat().st_mode)
    assert run_with(tmp_path, "pipe.root").endswith("T/pipe.root: is a pipe or a device, not a file")


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.root").symlink_to("b.root")
    (tmp_path / "b.root").symlink_to("a.root")
    assert run_with(tmp_path, "a.root").endswith("T/a.root: cannot be opened: Too many levels of symbolic links")


@pytest.mark.parametrize("content", [b"", b"root", b"these are no events\n" * 40, bytes(5000)])
def test_no_root_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "no.root").write_bytes(content)
    assert "T/no.root: cannot be read as a ROOT file: " in run_with(tmp_path, "no.root")


@pytest.mark.parametrize("name", ["with space.root", "ümlaut_π.root", "new\nline.root", "tab\t.root", "'quoted\".root"])
def test_unusual_names(tmp_path: Path, good: Path, name: str) -> None:
    shutil.copy(good, tmp_path / name)
    result = helpers.run(tmp_path, helpers.small_config([name]))
    assert len(helpers.columns(result.outputs["one"])["event_key"]) == 20
    (tmp_path / name).write_bytes(good.read_bytes()[:3000])
    assert "cannot be read as a ROOT file" in run_with(tmp_path, name)


def test_damaged_file_among_others(tmp_path: Path, good: Path, more: Path) -> None:
    """The file is named in which the damage was met; what can be seen when it is opened can be skipped."""
    basket = helpers.write_columns(tmp_path / "basket.root", helpers.small_columns(500, first=1000))  # is compressed
    first, behind = damage.parts(basket).baskets[1]
    basket.write_bytes(basket.read_bytes()[:first] + bytes(behind - first) + basket.read_bytes()[behind:])
    message = run_with(tmp_path, str(good), "basket.root")
    assert "T/basket.root is damaged, or changed while it was read: " in message
    (tmp_path / "short.root").write_bytes(more.read_bytes()[:700])
    said: list[str] = []
    data = helpers.small_config([str(good), "short.root"], input__on_bad_file="skip")
    helpers.run(tmp_path, data, say=said.append)
    assert "short.root" in said[0]


def test_damaged_key_in_the_search_for_duplicates(tmp_path: Path, good: Path) -> None:
    path = helpers.write_columns(tmp_path / "bad.root", helpers.small_columns(500, first=1000))
    first, behind = damage.parts(path).baskets[1]
    path.write_bytes(path.read_bytes()[:first] + bytes(behind - first) + path.read_bytes()[behind:])
    data = helpers.small_config([str(good)], input__on_duplicate="drop_later")
    data["input"]["samples"]["two"] = {"kind": "data", "files": [str(path)]}
    with pytest.raises(InputError, match=r"yaml:\d+: sample 'two': \S*bad\.root is damaged, or changed") as caught:
        helpers.run(tmp_path, data)
    assert "\n" not in str(caught.value)


def test_damaged_output_is_made_again(tmp_path: Path, good: Path) -> None:
    """Where its provenance can still be read, it counts as up to date, whatever became of the rest."""
    output = helpers.run(tmp_path, helpers.small_config([str(good)])).outputs["one"]
    whole, chance = output.read_bytes(), random.Random(1)
    remade = 0
    for trial in range(30):
        length = 2000 if trial % 2 else len(whole)
        output.write_bytes(damage.flipped(whole, (0, len(whole)), 20, chance)[:length])
        said: list[str] = []
        helpers.run(tmp_path, helpers.small_config([str(good)]), say=said.append)
        if not any("up to date" in line for line in said):
            assert len(helpers.columns(output)["event_key"]) == 20
            remade += 1
    assert remade >= 15


# -- files that change

SLOW = """\
#pragma once
#include <chrono>
#include <thread>
inline float slowly(float x) {
  std::this_thread::sleep_for(std::chrono::microseconds(300));
  return x;
}
"""
CRASH = """\
#pragma once
inline int fall(int x) { return x > 0 ? 1 + fall(x + 1) : 0; }
inline int from_nowhere(float x) { return *reinterpret_cast<volatile int *>(static_cast<long>(x)); }
"""


@pytest.mark.parametrize(
    "how", ["cut", *(pytest.param(how, marks=pytest.mark.slow) for how in ("replaced", "grown", "removed"))]
)
def test_changed_while_it_is_read(tmp_path: Path, how: str) -> None:
    """Also what the loop did not notice, as all of it was in memory, is no result that belongs to a file."""
    source = helpers.write_columns(tmp_path / "in.root", helpers.small_columns(4000))
    (tmp_path / "slow.h").write_text(SLOW)
    steps = [{"define": {"y": "slowly(x)"}}]
    data = helpers.small_config(["in.root"], select__steps=steps, select__include=["slow.h"])
    server = damage.Server(tmp_path)

    def change() -> None:
        part = tmp_path / "out" / "one.root.part"
        while not (part.exists() and part.stat().st_size > 0):
            time.sleep(0.01)
        if how == "cut":
            os.truncate(source, 2000)
        elif how == "grown":
            with source.open("ab") as file:
                file.write(b"more")
        elif how == "replaced":
            shutil.copy(source, tmp_path / "new.root")
            (tmp_path / "new.root").replace(source)
        else:
            source.unlink()

    thread = threading.Thread(target=change)
    thread.start()
    code, text = server.run(helpers.write_config(tmp_path, data), tmp_path / "out")
    thread.join()
    server.close()
    assert code == 2, text
    assert text.count("\n") == 1, text
    assert "in.root" in text
    assert "changed while it was read" in text
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".rdfrun.lock"]


@pytest.mark.parametrize(("code", "threads"), [("fall(1)", 1), ("from_nowhere(x)", 1), ("from_nowhere(x)", 2)])
def test_crash_of_the_users_code(tmp_path: Path, good: Path, code: str, threads: int) -> None:
    (tmp_path / "crash.h").write_text(CRASH)
    steps = [{"define": {"y": code}}]
    data = helpers.small_config([str(good)], select__steps=steps, select__include=["crash.h"])
    server = damage.Server(tmp_path)
    began = time.monotonic()
    ended, text = server.run(helpers.write_config(tmp_path, data), tmp_path / "out", threads=threads)
    server.close()
    assert time.monotonic() - began < 30
    assert (ended, text.count("\n")) == (1, 1), text
    line = "sample 'one': a damaged input, or C++ code of the config, crashed the event loop while it read "
    assert text == f"{line}{good} (SIGSEGV)\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".rdfrun.lock"]
