"""Chosen rows of HDF5 files: every row of the output is its row of the source, in every dataset that goes along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from rdfplugins.errors import InputError
from rdfplugins.resample.write import hdf5, output
from rdfplugins.resample.write.spill import Spill
from tests.resample import write_cases as cases

if TYPE_CHECKING:
    from pathlib import Path

JETS = [("event_key", "<u8"), ("pt", "<f4"), ("eta", ">f8"), ("small", "i1"), ("half", "<f2"), ("flag", "?"),
        ("name", "S5"), ("vector", "<f4", (3,)), ("label", "<i4")]  # fmt: skip
TRACKS = [("d0", "<f4"), ("truth", "i1"), ("valid", "?"), ("origin", "<u2")]


def table(path: Path, number: int, rows: int, *, fields: Any = None, tracks: Any = None, **options: Any) -> Path:
    """Write ``jets`` with a dataset ``tracks`` and a plain one ``image`` beside it; names of fields in any order."""
    rng = np.random.default_rng(number)

    def filled(kinds: Any, shape: tuple[int, ...]) -> Any:
        made = np.zeros(shape, np.dtype(kinds))
        made.view(np.uint8)[:] = rng.integers(1, 60, made.view(np.uint8).shape)
        for name in made.dtype.names or ():
            if made.dtype[name].kind == "b":
                made[name] = rng.random(shape) < 0.5
        return made

    made = filled(fields or JETS, (rows,))
    made["event_key"] = cases.keys(number, rows)
    with h5py.File(path, "w") as file:
        jets = file.create_dataset("jets", data=made, chunks=(min(rows, 64),) if rows else None, **options)
        jets.attrs["unit"] = "GeV"
        file.attrs["made"] = "by a test"
        file.create_dataset(
            "tracks", data=filled(tracks or TRACKS, (rows, 5)), chunks=(min(rows, 10), 5) if rows else None, **options
        )
        file["image"] = rng.random((rows, 2, 3))
        file["other"] = np.arange(3)
    return path


class Case:
    def __init__(self, folder: Path, **options: Any) -> None:
        self.files = {k: (folder / f"{k}.h5", rows) for k, rows in {1: 500, 2: 0, 3: 1, 4: 431}.items()}
        for number, (path, rows) in self.files.items():
            shuffled = np.random.default_rng(number).permutation
            fields = [JETS[k] for k in shuffled(len(JETS))] if number > 1 else JETS
            table(path, number, rows, fields=fields, tracks=TRACKS[::-1] if number == 4 else TRACKS, **options)
        kind = {"kind": "hdf5", "table": "jets"}
        one = cases.sample("one", 0, [self.files[k] for k in (1, 2, 3)], **kind)
        two = cases.sample("two", 1, [self.files[4]], **kind)
        self.sources = cases.sources(one, two)
        self.rows = cases.chosen((one, (1, 2, 3)), (two, (4,)), chunk=77)

    def check(self, path: Path, *, shuffle: bool) -> None:
        want = cases.expected(self.sources, self.rows, shuffle=shuffle)
        with h5py.File(path) as file:
            found = {name: file[name][:] for name in ("jets", "tracks", "image", "Y_tracks_train")}
        assert {len(values) for values in found.values()} == {len(want["event_key"])}
        assert found["jets"].dtype.names == (*(name for name, *_ in JETS), *cases.NEW)
        for name in (*cases.NEW, "event_key"):
            np.testing.assert_array_equal(found["jets"][name], want[name])
            assert found["jets"].dtype[name] == {"event_key": "u8", "sample_weight": "f8"}.get(name, "i4")
        for number, (source, _) in self.files.items():
            mine = cases.file_of(want["event_key"]) == number
            row = cases.row_of(want["event_key"])[mine]
            with h5py.File(source) as file:
                stored = {name: file[name][:] for name in ("jets", "tracks", "image")}
            for name in [name for name, *_ in JETS]:
                assert found["jets"][name][mine].tobytes() == stored["jets"][name][row].tobytes(), name
            for name, _ in TRACKS:
                assert found["tracks"][name][mine].tobytes() == stored["tracks"][name][row].tobytes(), name
            for name in ("truth", "origin"):
                assert found["Y_tracks_train"][name][mine].tobytes() == stored["tracks"][name][row].tobytes(), name
            np.testing.assert_array_equal(found["image"][mine], stored["image"][row])

    def run(self, path: Path, **more: Any) -> Any:
        beside: dict[str, Any] = {"tracks": ("tracks", "image"), "labels": {"tracks": ("origin", "truth")}}
        return cases.run(path, self.sources, self.rows, **{**beside, **more})


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("case"), compression="gzip")


@pytest.mark.parametrize("shuffle", [False, True])
def test_every_row_is_its_source(case: Case, tmp_path: Path, shuffle: bool) -> None:
    written, said = case.run(tmp_path / "out.h5", shuffle=shuffle)
    case.check(tmp_path / "out.h5", shuffle=shuffle)
    assert (written.left_out, said) == ((), [])
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5"]


@pytest.mark.parametrize(("memory", "rounds"), [(1 << 22, 0), (1 << 18, 1), (1 << 13, 30)])
def test_memory_changes_nothing(
    case: Case, tmp_path: Path, memory: int, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Spill] = []
    close = Spill.close
    monkeypatch.setattr(output, "LEAST", 0)
    monkeypatch.setattr(hdf5, "_SLAB", memory)

    def closed(self: Spill) -> None:
        made.append(self)
        close(self)

    monkeypatch.setattr(Spill, "close", closed)
    case.run(tmp_path / "out.h5", shuffle=True, memory=memory)
    case.check(tmp_path / "out.h5", shuffle=True)
    assert made[0].rounds == rounds if rounds < 30 else made[0].rounds > 30


def test_the_table_alone(case: Case, tmp_path: Path) -> None:
    case.run(tmp_path / "out.h5", tracks=(), labels={}, attach=False, subset=True)
    want = cases.expected(case.sources, case.rows, shuffle=False)
    with h5py.File(tmp_path / "out.h5") as file:
        assert list(file) == ["jets"]
        assert file["jets"].dtype.names[-4:] == ("class_id", "source_sample", "copy_number", "subset")
        np.testing.assert_array_equal(file["jets"]["subset"], want["subset"])


def test_what_the_file_says(case: Case, tmp_path: Path) -> None:
    case.run(tmp_path / "out.h5", record={"stages": {"resample": "k"}, "text": "µ"})
    with h5py.File(tmp_path / "out.h5") as file:
        assert json.loads(file.attrs["provenance"])["text"] == "µ"
        assert list(file.attrs["class_labels"]) == ["signal", "other"]
        assert (file.attrs["made"], file["jets"].attrs["unit"]) == ("by a test", "GeV")
        assert {file[name].compression for name in ("jets", "tracks")} == {"gzip"}
        assert file["image"].compression is None


@pytest.mark.parametrize("compression", [None, "lzf"])
def test_compression_is_that_of_the_input(tmp_path: Path, compression: str | None) -> None:
    case = Case(tmp_path, compression=compression)
    case.run(tmp_path / "out.h5", shuffle=True)
    case.check(tmp_path / "out.h5", shuffle=True)
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["jets"].compression == compression


def test_the_same_rows_and_order_as_of_trees(tmp_path: Path) -> None:
    import uproot

    for path in (cases.tree(tmp_path / "a.root", 1, 900), table(tmp_path / "a.h5", 1, 900)):
        kind = {"kind": "hdf5", "table": "jets"} if path.suffix == ".h5" else {}
        one = cases.sample("one", 0, [(path, 900)], **kind)
        cases.run(tmp_path / f"out{path.suffix}", cases.sources(one), cases.chosen((one, (1,))), shuffle=True)
    with uproot.open(tmp_path / "out.root") as root, h5py.File(tmp_path / "out.h5") as file:
        for name in ("event_key", *cases.NEW):
            np.testing.assert_array_equal(root["events"][name].array(library="np"), file["jets"][name])


def test_rows_with_one_key_have_one_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "LEAST", 0)
    paths = [table(tmp_path / f"{k}.h5", 1, 300) for k in "ab"]
    found = []
    for memory in (1 << 24, 1 << 14):
        one, two = (cases.sample(f"s{k}", k, [(path, 300)], kind="hdf5", table="jets") for k, path in enumerate(paths))
        rows = cases.chosen((one, (1,)), (two, (1,)))
        cases.run(tmp_path / "out.h5", cases.sources(one, two), rows, shuffle=True, memory=memory)
        with h5py.File(tmp_path / "out.h5") as file:
            found.append(file["jets"][:])
    np.testing.assert_array_equal(found[0], found[1])
    same = np.all([np.diff(found[0][name].astype(int)) == 0 for name in ("event_key", "copy_number")], axis=0)
    assert same.sum() == len(found[0]) / 2
    assert set(np.diff(found[0]["source_sample"])[same]) == {1}


# -- what is refused


def refused(tmp_path: Path, *paths: Path, match: str, rows: int = 20, **more: Any) -> None:
    samples = [cases.sample(f"s{k}", k, [(path, rows)], kind="hdf5", table="jets") for k, path in enumerate(paths)]
    chosen = cases.chosen(*((one, (k + 1,)) for k, one in enumerate(samples)))
    with pytest.raises(InputError, match=match) as caught:
        cases.run(tmp_path / "out.h5", cases.sources(*samples), chosen, **more)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("out*"))


def test_faults(tmp_path: Path) -> None:
    a = table(tmp_path / "a.h5", 1, 20)
    b = table(tmp_path / "b.h5", 2, 20, fields=[*JETS[:1], ("pt", "<f8"), *JETS[2:]], tracks=TRACKS[:2])
    c = table(tmp_path / "c.h5", 3, 20, fields=[*JETS, ("class_id", "i4")])
    refused(tmp_path, a, b, match=r"b.h5: column 'pt' is float64, but float32 in .*a.h5")
    refused(tmp_path, c, match=r"c.h5: has a column 'class_id', which is the name of a new one")
    refused(tmp_path, a, match=r"a.h5: there is no dataset 'trakcs'; did you mean 'tracks'", tracks=("trakcs",))
    refused(
        tmp_path, a, match=r"a.h5: dataset 'other' has shape \[3\], and no row for each of the 20", tracks=("other",)
    )
    labels = {"tracks": ("truht",)}
    refused(tmp_path, a, match="has no field 'truht'; did you mean 'truth'", tracks=("tracks",), labels=labels)
    fields = [JETS[0], *JETS[2:]]
    d = table(tmp_path / "d.h5", 2, 20, fields=fields, tracks=TRACKS[:2])
    refused(
        tmp_path, a, d, match=r"d.h5: dataset 'tracks' holds columns d0, truth, \[5\] a row, but", tracks=("tracks",)
    )
    refused(tmp_path, d, match="another event_key than when it was chosen")
    refused(tmp_path, a, match="a.h5: has 20 rows, and had 21", rows=21)
    with h5py.File(a, "a") as file:
        del file["jets"]
        file.create_dataset("jets", (20,), [("event_key", "u8"), ("text", h5py.string_dtype())])
    refused(tmp_path, a, match="column 'text' has variable length, which is not copied")


def test_a_damaged_file(tmp_path: Path) -> None:
    path = table(tmp_path / "a.h5", 1, 5000, compression="gzip")
    with h5py.File(path) as file:
        place = file["jets"].id.get_chunk_info(20).byte_offset
    content = bytearray(path.read_bytes())
    content[place : place + 40] = b"\x55" * 40
    path.write_bytes(content)
    for shuffle in (False, True):
        refused(tmp_path, path, match="a.h5: cannot be read", rows=5000, shuffle=shuffle)


def test_trees_and_tables_do_not_mix(tmp_path: Path) -> None:
    one = cases.sample("one", 0, [(cases.tree(tmp_path / "a.root", 1, 10), 10)])
    two = cases.sample("two", 1, [(table(tmp_path / "b.h5", 2, 10), 10)], kind="hdf5", table="jets")
    with pytest.raises(InputError, match=r"b.h5: is of another format than the files of sample 'one'"):
        cases.run(tmp_path / "out.root", cases.sources(one, two), cases.chosen((one, (1,)), (two, (2,))))
