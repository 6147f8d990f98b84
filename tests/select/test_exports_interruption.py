"""Exports that are killed, or find no space: the old file or the new one stays, and nothing else."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins.errors import InputError
from rdfplugins.reading import open_table
from rdfplugins.sink import open_sink
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

KINDS = ["tsv", "h5", "parquet"]
EVENTS = 30_000
# Exports in forked children, where all is loaded: kills at random moments meet all phases. A moment a line, 0: no kill.
REPEATER = """
import os, signal, sys, time
import h5py, pyarrow.parquet
import rdfplugins as rp
rp.run("config.yaml", say=lambda line: None)
print("ready", flush=True)
for line in sys.stdin:
    began, moment = time.monotonic(), float(line)
    child = os.fork()
    if child == 0:
        rp.run("config.yaml", force=False, say=lambda line: None)
        os._exit(0)
    if moment:
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), time.monotonic() - began, flush=True)
"""


def prepare(folder: Path, kinds: list[str]) -> None:
    pytest.importorskip("pyarrow")
    helpers.write_columns(folder / "in.root", helpers.small_columns(EVENTS))
    data = helpers.small_config(["in.root"], select__output__exports=kinds)
    data["select"]["output"]["columns"] = ["event", "x", "y", "w"]
    helpers.write_config(folder, data)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "out").iterdir() if path.suffix[1:] in KINDS}


def test_killed_at_any_moment(tmp_path: Path) -> None:
    prepare(tmp_path, KINDS)
    with subprocess.Popen(
        [sys.executable, "-c", REPEATER],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        whole = contents(tmp_path)
        assert set(whole) == {f"config.{kind}" for kind in KINDS}

        def run(moment: float) -> tuple[int, float]:
            child.stdin.write(f"{moment}\n")
            child.stdin.flush()
            code, seconds = child.stdout.readline().split()
            return int(code), float(seconds)

        def spoil(old: bytes) -> None:
            for name in whole:
                path = tmp_path / "out" / name
                path.write_bytes(old) if old else path.unlink(missing_ok=True)

        spoil(b"")
        code, seconds = run(0)
        assert (code, contents(tmp_path)) == (0, whole)
        chance, codes, states = random.Random(3), set(), set()
        for number in range(16):
            old = b"an older one" if number % 2 else b""
            spoil(old)
            codes.add(run(chance.uniform(0.3, 1.0) * seconds)[0])
            found = contents(tmp_path)
            for name, text in whole.items():
                assert found.get(name, b"") in {old, text}, name
            states.add(sum(found.get(name) == text for name, text in whole.items()))
            names = {path.name for path in (tmp_path / "out").iterdir()}
            sidecars = {f".{name}.provenance.json" for name in whole}
            allowed = {"one.root", ".rdfrun.lock", *whole, *sidecars}
            assert names <= allowed | {f"{name}.part" for name in allowed}
        assert -signal.SIGKILL in codes
        assert len(states) > 1
        spoil(b"")
        assert run(0)[0] == 0
        assert contents(tmp_path) == whole
        assert not list((tmp_path / "out").glob("*.part"))
        child.stdin.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [*(pytest.param(share, marks=pytest.mark.slow) for share in (0.0005, 0.5)), 0.98])
def test_full_disk(tmp_path: Path, kind: str, share: float) -> None:
    """At the head of the file, in the rows, and where the library closes it: one line, and no crash at the end."""
    prepare(tmp_path, [kind])
    rp.run(tmp_path / "config.yaml", output=tmp_path / "out")
    table = tmp_path / "out" / f"config.{kind}"
    limit = int(table.stat().st_size * share)
    table.unlink()
    found = subprocess.run(
        [sys.executable, "-m", "rdfplugins.cli", "config.yaml"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert found.returncode == 1, found
    assert found.stderr.splitlines()[0].endswith("one.root is up to date")
    assert found.stderr.splitlines()[1:] == [f"out/config.{kind}: cannot be written: File too large"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {".rdfrun.lock", "one.root", f".config.{kind}.provenance.json"}


class FullFile:
    """A file of which the first bytes fit on the disk."""

    def __init__(self, file: Any, size: int) -> None:
        self._file = file
        self._left = size

    def write(self, data: Any) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise OSError(28, "No space left on device")
        return self._file.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize("size", [0, 100, 1000, 3000, 20_000])
def test_hdf5_closes_what_could_not_be_written(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_sink(tmp_path / "whole") as sink, h5py.File(sink, "w") as file:
        file["x"] = np.arange(10_000)
    with h5py.File(tmp_path / "whole") as file:
        assert file["x"][:].tolist() == list(range(10_000))
    with pytest.raises(OSError, match="No space left"), open_sink(tmp_path / "part") as sink:  # noqa: PT012
        monkeypatch.setattr(sink, "_file", FullFile(sink._file, size))
        with h5py.File(sink, "w") as file:
            file["x"] = np.arange(10_000)


@pytest.mark.parametrize("kind", KINDS)
def test_tree_that_was_damaged_since(tmp_path: Path, kind: str) -> None:
    prepare(tmp_path, [kind])
    rp.run(tmp_path / "config.yaml", output=tmp_path / "out")
    path = tmp_path / "out" / "one.root"
    with uproot.open(path) as file:
        basket = int(file["events/x"].member("fBasketSeek")[0])
    content = bytearray(path.read_bytes())
    content[basket + 100 : basket + 400] = bytes(300)
    path.write_bytes(content)
    (tmp_path / "out" / f"config.{kind}").unlink()
    with pytest.raises(InputError, match=r"one.root: cannot be read: ") as caught:
        rp.run(tmp_path / "config.yaml", output=tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / f"config.{kind}").exists()
    assert not list((tmp_path / "out").glob("*.part"))


def test_files_without_a_tree(tmp_path: Path) -> None:
    (tmp_path / "text.root").write_text("no tree")
    for name in ("text.root", "none.root"):
        with pytest.raises(InputError, match=f"{name}: cannot be read"), open_table(tmp_path / name, "events"):
            pass
    helpers.write_columns(tmp_path / "good.root", helpers.small_columns(3))
    with pytest.raises(InputError, match=r"good.root: cannot be read"), open_table(tmp_path / "good.root", "other"):
        pass
