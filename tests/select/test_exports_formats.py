"""HDF5 and Parquet of all samples, read by h5py, pandas and pyarrow: every value is that of the trees."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import uproot

from rdfplugins.config import load_config
from rdfplugins.cpp import captured_stderr
from rdfplugins.errors import ConfigError, MissingDependencyError
from rdfplugins.select import export
from rdfplugins.select.export import hdf5, parquet, sort
from tests.select import helpers

if TYPE_CHECKING:
    from pathlib import Path

pq = pytest.importorskip("pyarrow.parquet")
pa = pytest.importorskip("pyarrow")

EVENTS = 400
LABEL = "H → μμ, «ggF»; " + "long " * 60 + "ß"
ODD = {
    "tiny": "char(event % 200 - 100)",
    "byte": "static_cast<unsigned char>(event % 256)",
    "short_one": "short(-event)",
    "whole": "(1ULL << 63) + ULong64_t(event)",
    "big": "-(1LL << 62) - Long64_t(event)",
    "flag": "event % 3 == 0",
    "third": "float(1) / float(event)",
    "wide": 'event % 7 == 0 ? std::nan("") : (event % 5 == 0 ? -1 / 0. : 1e300 / event)',
}
DTYPES = {
    "tiny": "int8", "byte": "uint8", "short_one": "int16", "whole": "uint64", "big": "int64", "flag": "bool",
    "third": "float32", "wide": "float64", "x": "float32", "event": "int64", "event_key": "uint64", "split": "int32",
    "fold": "int32", "label_id": "int32",
}  # fmt: skip
LISTS = {"numbers": "ROOT::RVecF(event % 4, x)", "bits": "ROOT::RVec<bool>{event % 2 == 0, true}"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("formats")
    return [
        str(helpers.write_columns(folder / f"{number}.root", helpers.small_columns(EVENTS, first=1 + number * EVENTS)))
        for number in range(3)
    ]


def config(
    files: list[str], *exports: str, lists: bool = False, tree: str = "events", **changes: Any
) -> dict[str, Any]:
    data = helpers.small_config([files[1], files[0]], **changes)
    data["input"]["samples"]["another"] = {"kind": "mc", "files": [files[2]], "label": LABEL}
    columns = {**ODD, **(LISTS if lists else {})}
    data["select"]["steps"] = [{"define": columns}]
    data["select"]["split"] = {"fractions": {"train": 0.5, "test": 0.5}, "folds": 3}
    data["select"]["output"] |= {"columns": ["event", "x", *columns], "exports": list(exports), "tree": tree}
    return data


def expected(result: Any, tree: str = "events") -> list[dict[str, Any]]:
    """Return the columns of each sample, sorted by key, as uproot reads them from the trees."""
    found = []
    for path in result.outputs.values():
        columns = helpers.columns(path, tree)
        order = np.argsort(columns["event_key"])
        assert len(np.unique(columns["event_key"])) == len(order)
        found.append({name: values[order] for name, values in columns.items()})
    return found


def joined(result: Any, tree: str = "events") -> dict[str, Any]:
    samples = expected(result, tree)
    return {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("tree", ["events", "deep/er/events"])
def test_every_value_of_the_hdf5_table(tmp_path: Path, files: list[str], tree: str) -> None:
    result = helpers.run(tmp_path, config(files, "h5", tree=tree))
    assert [path.name for path in result.exports] == ["config.h5"]
    trees = joined(result, tree)
    with h5py.File(result.exports[0]) as file:
        named: list[str] = []
        file.visititems(lambda name, item: named.append(name) if isinstance(item, h5py.Dataset) else None)
        assert named == [tree]
        dataset = file[tree]
        assert dataset.chunks is not None
        assert dataset.compression == "gzip"
        rows = dataset[:]
    assert {name: rows.dtype[name].name for name in rows.dtype.names} == DTYPES
    assert set(trees) == set(DTYPES)
    for name, values in trees.items():
        assert values.dtype == rows.dtype[name], name
        assert rows[name].tobytes() == values.tobytes(), name
    assert rows["wide"].tolist()[0] == trees["wide"].tolist()[0] or np.isnan(rows["wide"][0])
    assert np.isnan(rows["wide"]).sum() == sum(1 for event in trees["event"] if event % 7 == 0) > 0
    assert np.isneginf(rows["wide"]).any()


def test_pandas_reads_both(tmp_path: Path, files: list[str]) -> None:
    pd = pytest.importorskip("pandas")
    result = helpers.run(tmp_path, config(files, "h5", "parquet"))
    trees = joined(result)
    with h5py.File(result.exports[0]) as file:
        first = pd.DataFrame(file["events"][:])
    second = pd.read_parquet(result.exports[1])
    for name, values in trees.items():
        assert first[name].to_numpy().tobytes() == values.tobytes()
        assert second[name].to_numpy().tobytes() == values.tobytes()
    assert list(second.columns)[-1] == "label"
    assert [str(label) for label in second["label"]] == ["one"] * 2 * EVENTS + [LABEL] * EVENTS


def test_what_is_said_beside_the_rows(tmp_path: Path, files: list[str]) -> None:
    result = helpers.run(tmp_path, config(files, "h5", "parquet"))
    with h5py.File(result.exports[0]) as file:
        attributes = {name: json.loads(text) for name, text in file["events"].attrs.items()}
    metadata = pq.read_schema(result.exports[1]).metadata
    assert {key.decode(): json.loads(text) for key, text in metadata.items()} == attributes
    assert attributes["labels"] == {"one": 0, LABEL: 1}
    assert attributes["splits"] == {"train": 0, "val": 1, "test": 2}
    samples = attributes["samples"]
    assert {
        name: (said["kind"], said["label"], said["label_id"], said["entries"]) for name, said in samples.items()
    } == {
        "one": ("data", "one", 0, 2 * EVENTS),
        "another": ("mc", LABEL, 1, EVENTS),
    }
    said = attributes["provenance"]
    assert said["config"]["text"] == (tmp_path / "config.yaml").read_text()
    assert said["config"]["sha256"] == helpers.provenance(result.outputs["one"])["config"]["sha256"]
    assert said["made_by"].startswith("rdfplugins ")
    assert said["partial"] is False


def test_units_of_columns(tmp_path: Path) -> None:
    """Those that nodes declare, as they stand in the trees."""
    from rdfplugins.simulate import simulate_hgg

    simulate_hgg(tmp_path / "gg.root", mode="gg", events=300, seed=3)
    data = helpers.config_data("gg.root", select__output__exports=["h5", "parquet"])
    data["select"]["output"]["columns"] = ["m_yy", "h_mass", "photon_n", "weight"]
    result = helpers.run(tmp_path, data)
    stored = helpers.provenance(result.outputs["gg"])["units"]
    assert stored["m_yy"] == "GeV"
    with h5py.File(result.exports[0]) as file:
        assert json.loads(file["events"].attrs["units"]) == stored
    schema = pq.read_schema(result.exports[1])
    units = {field.name: field.metadata[b"unit"].decode() for field in schema if field.metadata}
    assert units == stored


def test_every_value_of_the_parquet_table(tmp_path: Path, files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists, too; in row groups that span samples."""
    monkeypatch.setattr(parquet, "ROWS_IN_GROUP", 300)
    monkeypatch.setattr(sort, "ROWS_AT_ONCE", 70)
    monkeypatch.setattr(sort, "_FEWEST", 1)
    result = helpers.run(tmp_path, config(files, "parquet", lists=True))
    file = pq.ParquetFile(result.exports[0])
    groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    assert groups == [300, 300, 300, 300]
    table = file.read()
    types = {field.name: field.type for field in table.schema}
    for name, dtype in DTYPES.items():
        assert types[name] == pa.from_numpy_dtype(np.dtype(dtype)), name
    assert types["numbers"] == pa.list_(pa.float32())
    assert types["bits"] == pa.list_(pa.bool_())
    assert pa.types.is_dictionary(types["label"])
    trees = joined(result)
    for name in DTYPES:
        column = table.column(name)
        assert column.null_count == 0
        assert column.to_numpy().tobytes() == trees[name].tobytes(), name
    events = trees["event"].tolist()
    assert table.column("numbers").to_pylist() == [[event + 0.25] * (event % 4) for event in events]
    assert table.column("bits").to_pylist() == [[event % 2 == 0, True] for event in events]
    assert table.column("label").to_pylist() == ["one"] * 2 * EVENTS + [LABEL] * EVENTS


@pytest.mark.parametrize("format_", ["ttree", "rntuple"])
def test_the_same_bytes_for_any_threads_order_of_files_and_memory(
    tmp_path: Path, files: list[str], format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = []
    for number, threads in enumerate((1, 2, 2)):
        data = config(files, "h5", "parquet", "tsv", lists=False)
        data["select"]["output"]["format"] = format_
        (tmp_path / str(number)).mkdir()
        if number == 2:
            monkeypatch.setattr(sort, "ROWS_AT_ONCE", 31)
            monkeypatch.setattr(sort, "_FEWEST", 1)
            time.sleep(1.1)  # for time stamps, if there were any
        result = helpers.run(tmp_path, data, threads=threads, output=tmp_path / str(number))
        hashes.append([hash_of(path) for path in result.exports])
    assert hashes[0] == hashes[1] == hashes[2]
    backwards = config([files[1], files[0], files[2]], "h5", "parquet", "tsv")
    backwards["select"]["output"]["format"] = format_
    swapped = helpers.run(tmp_path, backwards, output=tmp_path / "swapped").exports
    assert hash_of(swapped[2]) == hashes[0][2]
    with h5py.File(swapped[0]) as one, h5py.File(tmp_path / "0" / "config.h5") as other:
        assert one["events"][:].tobytes() == other["events"][:].tobytes()


def test_trees_and_rntuples_give_the_same_tables(tmp_path: Path, files: list[str]) -> None:
    tables = []
    for format_ in ("ttree", "rntuple"):
        data = config(files, "h5", "parquet", "tsv")
        data["select"]["output"]["format"] = format_
        result = helpers.run(tmp_path, data, output=tmp_path / format_)
        with uproot.open(result.outputs["one"]) as file:
            assert ("RNTuple" in str(file.classname_of("events"))) == (format_ == "rntuple")
        with h5py.File(result.exports[0]) as file:
            rows = file["events"][:]
        table = pq.read_table(result.exports[1])
        tables.append((rows.tobytes(), rows.dtype, table, result.exports[2].read_bytes()))
    assert tables[0][:2] == tables[1][:2]
    assert tables[0][2].equals(tables[1][2]) or _equal_with_nan(tables[0][2], tables[1][2])
    assert tables[0][3] == tables[1][3]


def _equal_with_nan(one: Any, other: Any) -> bool:
    return one.schema.equals(other.schema) and all(
        np.array_equal(
            one[name].to_numpy(), other[name].to_numpy(), equal_nan=one[name].type in {pa.float32(), pa.float64()}
        )
        for name in one.column_names
    )


def test_lists_of_an_rntuple(tmp_path: Path, files: list[str]) -> None:
    data = config(files, "parquet", lists=True)
    data["select"]["output"]["format"] = "rntuple"
    table = pq.read_table(helpers.run(tmp_path, data).exports[0])
    events = table.column("event").to_pylist()
    assert table.column("numbers").to_pylist() == [[event + 0.25] * (event % 4) for event in events]
    assert table.column("bits").to_pylist() == [[event % 2 == 0, True] for event in events]


@pytest.mark.parametrize("format_", ["ttree", "rntuple"])
def test_samples_without_events(tmp_path: Path, files: list[str], format_: str) -> None:
    data = config(files, "h5", "parquet", "tsv")
    data["select"]["output"]["format"] = format_
    for only, rows in (("mc", 2 * EVENTS), (["mc", "data"], 0)):
        data["select"]["steps"] = [{"filter": {"none": "event < 0"}, "only": only}, {"define": ODD}]
        result = helpers.run(tmp_path, data)
        with h5py.File(result.exports[0]) as file:
            assert file["events"].shape == (rows,)
            assert {name: file["events"].dtype[name].name for name in file["events"].dtype.names} == DTYPES
        table = pq.read_table(result.exports[1])
        assert table.num_rows == rows
        assert set(table.column_names) == {*DTYPES, "label"}
        assert len(result.exports[2].read_text().splitlines()) == rows + 1


def test_columns_that_differ_between_samples(tmp_path: Path, files: list[str]) -> None:
    """Types that one type holds exactly are joined; a column of one sample only is left out, with a message."""
    said: list[str] = []
    data = config(files, "h5", "parquet")
    steps = {"joined": ("x", "double(x) / 3"), "counted": ("short(event)", "Long64_t(event) << 40")}
    data["select"]["steps"] = [
        {"define": {name: codes[0] for name, codes in steps.items()}, "only": "data"},
        {"define": {name: codes[1] for name, codes in steps.items()} | {"truth": "1"}, "only": "mc"},
    ]
    data["select"]["output"]["columns"] = None
    result = helpers.run(tmp_path, data, say=said.append)
    assert "config.h5: left out, as not every sample has them: truth" in said
    one, another = expected(result)
    table = pq.read_table(result.exports[1])
    with h5py.File(result.exports[0]) as file:
        rows = file["events"][:]
    for name, dtype in (("joined", "float64"), ("counted", "int64")):
        wanted = np.concatenate([one[name], another[name]]).astype(dtype)
        assert rows[name].dtype == dtype
        assert rows[name].tobytes() == wanted.tobytes() == table.column(name).to_numpy().tobytes()


def test_what_only_data_lack_is_nan_there(tmp_path: Path, files: list[str]) -> None:
    """The target of a regression must be in the table; integers have no NaN, and data no monopoly on columns."""
    said: list[str] = []
    data = config(files, "h5", "parquet", "tsv")
    truth = {"true_mass": "double(x) / 3", "true_pt": "float(x) / 7", "true_id": "int(event)"}
    data["select"]["steps"] = [
        {"define": {"before": "x", **truth, "behind": "x"}, "only": "mc"},
        {"define": {"before": "x", "measured": "double(x)", "behind": "x"}, "only": "data"},
    ]
    data["select"]["output"]["columns"] = None
    result = helpers.run(tmp_path, data, say=said.append)
    for kind in ("h5", "parquet", "tsv"):
        assert f"config.{kind}: true_mass, true_pt: NaN in one, which does not have them" in said
        assert f"config.{kind}: left out, as not every sample has them: measured, true_id" in said
    one, another = expected(result)
    assert not {"true_mass", "true_pt"} & set(one)
    with h5py.File(result.exports[0]) as file:
        rows = file["events"][:]
    table = pq.read_table(result.exports[1])
    lines = [line.split("\t") for line in result.exports[2].read_text().splitlines()]
    names = [name for name in another if name != "true_id"]  # the order is that of the sample that has them all
    assert list(rows.dtype.names) == names == table.column_names[:-1]
    assert lines[0] == [*(name for name in names if name != "label_id"), "label"]
    for name, dtype in (("true_mass", "float64"), ("true_pt", "float32")):
        wanted = np.concatenate([np.full(2 * EVENTS, np.nan), another[name]]).astype(dtype)
        assert rows[name].dtype == dtype
        np.testing.assert_array_equal(rows[name], wanted)
        np.testing.assert_array_equal(table.column(name).to_numpy(), wanted)
        texts = [line[lines[0].index(name)] for line in lines[1:]]
        assert set(texts[: 2 * EVENTS]) == {"nan"}
        assert np.array(texts[2 * EVENTS :], dtype=dtype).tobytes() == another[name].tobytes()
    for name in ("before", "behind", "event_key"):
        np.testing.assert_array_equal(rows[name], np.concatenate([one[name], another[name]]))


def test_a_column_that_one_of_two_simulated_samples_lacks_is_left_out(tmp_path: Path, files: list[str]) -> None:
    said: list[str] = []
    data = config(files, "h5")
    data["input"]["samples"]["third"] = {"kind": "mc", "files": [files[2]], "label": "third"}
    data["select"]["steps"] = [{"define": {"truth": "double(x)"}, "only": ["another"]}]
    data["select"]["output"]["columns"] = None
    result = helpers.run(tmp_path, data, say=said.append)
    assert "config.h5: left out, as not every sample has them: truth" in said
    with h5py.File(result.exports[0]) as file:
        assert "truth" not in file["events"].dtype.names


def test_types_without_a_common_one_are_refused(tmp_path: Path, files: list[str]) -> None:
    data = config(files, "h5")
    data["select"]["steps"] = [
        {"define": {"odd": "Long64_t(event)"}, "only": "data"},
        {"define": {"odd": "float(event)"}, "only": "mc"},
    ]
    data["select"]["output"]["columns"] = ["odd"]
    with pytest.raises(
        ConfigError, match=r"config.yaml:\d+: column 'odd' is int64 in sample one and float32 in another"
    ):
        helpers.run(tmp_path, data)
    assert not (tmp_path / "out" / "config.h5").exists()
    data["select"]["output"]["exports"] = ["tsv"]
    assert len(helpers.run(tmp_path, data).exports[0].read_text().splitlines()) == 3 * EVENTS + 1


@pytest.mark.parametrize(
    ("kind", "code", "holder"),
    [
        ("h5", "ROOT::RVecF{x, x}", "a vector, which an HDF5 table cannot hold"),
        ("h5", 'std::string("a")', "a vector, text or object, which an HDF5 table cannot hold"),
        ("parquet", 'std::string("a")', "a vector, text or object, which a Parquet file cannot hold"),
        ("parquet", "std::vector<std::string>{}", "a vector, text or object, which a Parquet file cannot hold"),
    ],
)
def test_what_a_format_cannot_hold(tmp_path: Path, files: list[str], kind: str, code: str, holder: str) -> None:
    data = config(files, kind)
    data["select"]["steps"] = [{"define": {"odd": code}}]
    data["select"]["output"]["columns"] = ["odd", "event"]
    with pytest.raises(ConfigError) as caught, captured_stderr():
        helpers.run(tmp_path, data)
    assert f"column 'odd' is {holder}" in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'config.yaml'}:")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".rdfrun.lock"]


def test_a_vector_is_refused_in_a_tree_that_is_up_to_date(tmp_path: Path, files: list[str]) -> None:
    helpers.run(tmp_path, config(files, lists=True))
    for kind in ("h5", "tsv"):
        with pytest.raises(ConfigError, match=r"column 'numbers' is a vector, which .* or export to parquet"):
            helpers.run(tmp_path, config(files, kind, lists=True))


@pytest.mark.parametrize("kind", ["tsv", "parquet"])
def test_a_column_named_as_ours(tmp_path: Path, files: list[str], kind: str) -> None:
    data = config(files, kind)
    data["select"]["steps"] = [{"define": {"label": "7"}}]
    data["select"]["output"]["columns"] = ["label"]
    with pytest.raises(ConfigError, match="column 'label' has the name under which"):
        helpers.run(tmp_path, data)
    data["select"]["output"]["exports"] = ["h5"]
    with h5py.File(helpers.run(tmp_path, data).exports[0]) as file:
        assert set(file["events"]["label"]) == {7}


def test_more_columns_than_hdf5_describes(tmp_path: Path, files: list[str]) -> None:
    columns = {f"quite_a_long_name_of_a_column_{number}": "x" for number in range(1200)}
    assert not hdf5.holds(np.dtype([(name, "f8") for name in columns]))
    assert hdf5.holds(np.dtype([(f"photon_1lead_quantity_{number}", "f8") for number in range(500)]))

    class Frame:
        def GetColumnType(self, name: str) -> str:
            return "float"

    loaded = load_config(helpers.write_config(tmp_path, config(files, "h5")))
    with pytest.raises(ConfigError, match="1204 columns are more than an HDF5 table can describe"):
        export.check(loaded, Frame(), [*columns, "event_key", "split", "fold", "label_id"])


def test_without_pyarrow(tmp_path: Path, files: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Known before the event loop, at the line that asks for it."""
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        MissingDependencyError, match=r"config.yaml:\d+: .*pip install 'rdfplugins\[parquet\]'"
    ) as caught:
        helpers.run(tmp_path, config(files, "parquet"))
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").glob("*.root"))


def test_partial_runs_say_so(tmp_path: Path, files: list[str]) -> None:
    result = helpers.run(tmp_path, config(files, "h5", "parquet"), max_events=10)
    with h5py.File(result.exports[0]) as file:
        assert file["events"].shape == (20,)
        assert json.loads(file["events"].attrs["provenance"])["partial"] is True


def test_only_what_changed_is_made_again(tmp_path: Path, files: list[str]) -> None:
    first = helpers.run(tmp_path, config(files, "h5", "parquet")).exports
    numbers = [path.stat().st_ino for path in first]
    again = helpers.run(tmp_path, config(files, "h5", "parquet", "tsv")).exports
    assert [path.stat().st_ino for path in again[:2]] == numbers
    before = first[0].read_bytes()
    first[0].write_bytes(before[:5000])
    helpers.run(tmp_path, config(files, "h5", "parquet", "tsv"))
    assert [path.stat().st_ino for path in again[1:]] == [numbers[1], again[2].stat().st_ino]
    with h5py.File(first[0]) as file:
        assert file["events"].shape == (3 * EVENTS,)
