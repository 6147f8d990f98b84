"""The node collections.pad against a few lines of Python, for every type, in files of vectors and of RVecs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, InputError, MissingColumnError
from rdfplugins.nodes import collections
from rdfplugins.nodes.document import document
from rdfplugins.simulate.trees import Branch, Column, TreeWriter
from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

EVENTS = 400
DTYPES = ("bool", "int32", "uint32", "int64", "uint64", "float32", "float64")
Events = dict[str, list[list[Any]]]


def make_events() -> Events:
    """Vectors of 0 to 6 objects: pt with many ties, some NaN and infinities, and a quantity of every type."""
    rng = np.random.default_rng(3)
    lengths = rng.integers(0, 7, EVENTS)
    choices = np.array([20.5, 30.0, 30.0, 45.25, -0.0, 0.0, np.nan, np.inf, -np.inf], dtype=np.float32)
    events: Events = {"pt": [rng.choice(choices, n).tolist() for n in lengths]}
    for dtype in DTYPES:
        kind = np.dtype(dtype)
        if kind.kind == "f":
            made = [rng.normal(size=n).astype(kind) for n in lengths]
        elif kind.kind == "b":
            made = [rng.random(n) < 0.5 for n in lengths]
        else:
            info = np.iinfo(kind)
            made = [rng.integers(info.min, info.max, n, dtype=kind, endpoint=True) for n in lengths]
        events[dtype] = [one.tolist() for one in made]
    return events


EXAMPLE = make_events()


def write(path: Path, events: Events, *, rvec: bool = False, prefix: str = "jet") -> Path:
    """Write events as the collection ``<prefix>_*`` of a tree ``t``, with ``run`` and ``event`` as their identity."""
    number = len(next(iter(events.values())))
    schema = {"run": Branch("int32"), "event": Branch("int64")}
    columns = {"run": Column(np.full(number, 7, dtype=np.int32)), "event": Column(np.arange(number))}
    for name, rows in events.items():
        dtype = name if name in DTYPES else "float32"
        schema[f"{prefix}_{name}"] = Branch(dtype, vector=True, rvec=rvec)
        offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
        flat = np.array([value for row in rows for value in row], dtype=dtype)
        columns[f"{prefix}_{name}"] = Column(flat, offsets)
    with TreeWriter(path, "t", schema, "test") as writer:
        writer.fill(columns)
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["vector", "rvec"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("pad") / "in.root", EXAMPLE, rvec=request.param)


@pytest.fixture
def df(file: Path) -> Any:
    return load_root().RDataFrame("t", str(file))


@pytest.fixture
def two_threads() -> Iterator[None]:
    root = load_root()
    root.EnableImplicitMT(2)
    try:
        yield
    finally:
        root.DisableImplicitMT()


def ranked(pts: Sequence[float]) -> list[int]:
    """Places by falling pt, without a sort: the next is the first of the largest that are left, NaN when none is."""
    left, order = list(range(len(pts))), []
    while left:
        numbers = [i for i in left if not math.isnan(pts[i])]
        best = next(i for i in numbers if all(pts[i] >= pts[j] for j in numbers)) if numbers else left[0]
        order.append(best)
        left.remove(best)
    return order


def expected(events: Events, name: str, rank: int, fill: Any, *, by_pt: bool) -> list[Any]:
    found = []
    for number, row in enumerate(events[name]):
        order = ranked(events["pt"][number]) if by_pt else range(len(row))
        found.append(row[list(order)[rank]] if rank < len(row) else fill)
    return found


def read(df: Any, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """Return columns in the order of the events."""
    found = df.AsNumpy(["event", *columns])
    order = np.argsort(found["event"])
    assert found["event"][order].tolist() == list(range(len(order)))
    return {name: np.asarray(found[name])[order] for name in columns}


@pytest.mark.parametrize("order_by", [None, "pt"])
def test_every_type_and_rank(df: Any, order_by: str | None) -> None:
    padded = collections.pad(df, collection="jet", quantities=["pt", *DTYPES], count=5, fill=1, order_by=order_by)
    names = [f"jet_{rank}_{name}" for rank in range(1, 6) for name in (*DTYPES, "pt", "valid")]
    found = read(padded, names)
    assert df.GetNRuns() == 1
    for rank in range(5):
        lengths = [len(row) for row in EXAMPLE["pt"]]
        assert found[f"jet_{rank + 1}_valid"].tolist() == [rank < length for length in lengths]
        for name in ("pt", *DTYPES):
            values = found[f"jet_{rank + 1}_{name}"]
            dtype = "float32" if name == "pt" else name
            assert values.dtype == np.dtype(dtype), name
            want = np.array(expected(EXAMPLE, name, rank, 1, by_pt=order_by == "pt"), dtype=dtype)
            np.testing.assert_array_equal(values, want, err_msg=f"{name} of rank {rank}")
            if values.dtype.kind == "f":  # zeros keep their sign
                np.testing.assert_array_equal(np.signbit(values), np.signbit(want))


def test_two_threads_give_the_same(two_threads: None, df: Any) -> None:
    padded = collections.pad(df, collection="jet", quantities=["float32"], count=3, fill=-99, order_by="pt")
    found = read(padded, [f"jet_{rank}_float32" for rank in (1, 2, 3)])
    for rank in range(3):
        want = np.array(expected(EXAMPLE, "float32", rank, -99.0, by_pt=True), dtype=np.float32)
        np.testing.assert_array_equal(found[f"jet_{rank + 1}_float32"], want)


def test_columns_units_and_documentation() -> None:
    given = {"collection": "jet", "quantities": ["pt", "phi", "MV2c10"], "count": 2, "order_by": "E", "units": "GeV"}
    checked = collections.pad.check(given)
    assert collections.pad.needs(checked) == ("jet_pt", "jet_phi", "jet_MV2c10", "jet_E")
    assert collections.pad.makes(checked) == tuple(
        f"jet_{rank}_{name}" for rank in (1, 2) for name in ("pt", "phi", "MV2c10", "valid")
    )
    assert collections.pad.column_units(checked) == {
        "jet_1_pt": "GeV",
        "jet_2_pt": "GeV",
        "jet_1_phi": "rad",
        "jet_2_phi": "rad",
    }
    assert collections.pad.makes({**checked, "mask": False}) == tuple(
        f"jet_{rank}_{name}" for rank in (1, 2) for name in ("pt", "phi", "MV2c10")
    )
    text = document(collections.pad)
    assert "order_by    text or null    default null" in text
    assert "Needs: <collection>_<quantities>" in text
    assert "Makes: <collection>_1_<quantities>, <collection>_1_valid, <collection>_2_<quantities>" in text


@pytest.mark.parametrize("fill", [math.nan, -math.inf, -999.0, 0.1])
def test_fill_values_of_floats(df: Any, fill: float) -> None:
    padded = collections.pad(df, collection="jet", quantities=["float32", "float64"], count=6, fill=fill)
    found = read(padded, ["jet_6_float32", "jet_6_float64"])
    missing = np.array([len(row) < 6 for row in EXAMPLE["pt"]])
    assert 0 < missing.sum() < EVENTS
    for name, dtype in (("jet_6_float32", np.float32), ("jet_6_float64", np.float64)):
        np.testing.assert_array_equal(found[name][missing], dtype(fill))


@pytest.mark.parametrize(
    ("quantity", "fill", "kind"),
    [
        ("uint32", -1, "unsigned int"),
        ("int32", 2.0**31, "int"),
        ("int32", 0.5, "int"),
        ("int64", math.nan, "Long64_t"),
        ("uint64", math.inf, "ULong64_t"),
        ("bool", 2, "bool"),
        ("bool", -999.0, "bool"),
        ("float32", 1e39, "float"),
    ],
)
def test_a_fill_value_that_the_type_cannot_hold(df: Any, quantity: str, fill: float, kind: str) -> None:
    with pytest.raises(ConfigError) as caught:
        collections.pad(df, collection="jet", quantities=[quantity], count=1, fill=fill)
    assert str(caught.value) == (
        f"parameter 'fill' of node collections.pad: {fill:g} does not fit 'jet_{quantity}', a vector of {kind}"
    )


def test_several_uses(df: Any) -> None:
    first = collections.pad(df, collection="jet", quantities=["pt"], count=2, order_by="pt")
    second = collections.pad(first, collection="jet", quantities=["int32"], count=1, fill=-1, mask=False)
    doubled = second.Define("lep_pt", "jet_pt * 2.f").Define("lep_list", "std::vector<int>(jet_pt.size(), 3)")
    third = collections.pad(doubled, collection="lep", quantities=["pt", "list"], count=3, fill=-5)
    found = read(third, ["jet_1_pt", "jet_2_valid", "jet_1_int32", "lep_3_pt", "lep_1_list", "lep_1_valid"])
    pts = expected(EXAMPLE, "pt", 2, math.nan, by_pt=False)
    there = [len(row) > 2 for row in EXAMPLE["pt"]]
    np.testing.assert_array_equal(found["lep_3_pt"], np.where(there, 2 * np.array(pts, dtype=np.float32), -5))
    np.testing.assert_array_equal(found["jet_1_pt"], np.float32(expected(EXAMPLE, "pt", 0, 0.0, by_pt=True)))
    assert found["jet_1_int32"].tolist() == expected(EXAMPLE, "int32", 0, -1, by_pt=False)
    assert found["lep_1_list"].tolist() == [3 if row else -5 for row in EXAMPLE["pt"]]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"quantities": []}, "parameter 'quantities' of node collections.pad is empty"),
        ({"quantities": ["pt", "pt"]}, "names 'pt' twice"),
        ({"count": 0}, "parameter 'count' of node collections.pad must be from 1 to 1000, not 0"),
        ({"count": 1001}, "must be from 1 to 1000, not 1001"),
        ({"count": 2.5}, "parameter 'count' of node collections.pad must be a whole number, not 2.5"),
        ({"quantities": "pt"}, "parameter 'quantities' of node collections.pad must be a list, not 'pt'"),
        ({"order": "pt"}, "has no parameter 'order'; did you mean 'order_by'"),
    ],
)
def test_impossible_parameters(df: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rp.apply("collections.pad", df, **{"collection": "jet", "quantities": ["pt"], "count": 1, **parameters})
    assert message in str(caught.value)


def test_columns_that_are_not_there_or_no_vectors(df: Any) -> None:
    with pytest.raises(MissingColumnError, match="'jet_ptt'; did you mean 'jet_pt'"):
        collections.pad(df, collection="jet", quantities=["ptt"], count=1)
    with pytest.raises(MissingColumnError, match="'jet_mass'"):
        collections.pad(df, collection="jet", quantities=["pt"], count=1, order_by="mass")
    more = df.Define("jet_n", "int(jet_pt.size())").Define("jet_pairs", "ROOT::RVec<std::pair<int, int>>{}")
    for name, kind in (("n", "int"), ("pairs", "ROOT::VecOps::RVec<pair<int,int> >")):
        with pytest.raises(ConfigError) as caught:
            collections.pad(more, collection="jet", quantities=[name], count=1)
        assert str(caught.value).startswith(f"node collections.pad: column 'jet_{name}' is a ")
        assert str(caught.value).endswith("not a vector of numbers"), kind


def test_names_of_branches_that_make_no_names_of_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "in.root", {"pt": [[1.0]]}, prefix="my.jet")
    df = load_root().RDataFrame("t", str(path))
    with pytest.raises(ConfigError, match=r"parameter 'collection' of node collections.pad: 'my.jet' is no part of"):
        collections.pad(df, collection="my.jet", quantities=["pt"], count=1)


def test_columns_that_are_there_already(df: Any) -> None:
    once = collections.pad(df, collection="jet", quantities=["pt"], count=1)
    with pytest.raises(ConfigError, match=r"would make column 'jet_1_pt', which is there already$"):
        collections.pad(once, collection="jet", quantities=["pt"], count=1)
    with pytest.raises(ConfigError, match="would make column 'jet_1_valid', which is there already; 'mask: false'"):
        collections.pad(once, collection="jet", quantities=["int32"], count=1)


def test_no_events_of_any_object(tmp_path: Path) -> None:
    path = write(tmp_path / "in.root", {"pt": [[], [], []], "bool": [[], [], []]})
    padded = collections.pad(
        load_root().RDataFrame("t", str(path)), collection="jet", quantities=["pt", "bool"], count=2, order_by="pt"
    )
    found = read(padded, ["jet_1_pt", "jet_2_bool", "jet_1_valid"])
    assert [found[name].tolist() for name in found] == [[0.0] * 3, [False] * 3, [False] * 3]


# -- in a pipeline


def config(path: Path, steps: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return helpers.small_config(str(path), select__steps=steps, **changes)


@pytest.mark.parametrize("threads", [1, 2])
def test_in_a_pipeline(tmp_path: Path, threads: int) -> None:
    events = {"pt": EXAMPLE["float32"], "bool": EXAMPLE["bool"], "uint32": EXAMPLE["uint32"]}
    path = write(tmp_path / "in.root", events)
    jets = {"collection": "jet", "quantities": ["pt", "bool"], "count": 3, "order_by": "pt"}
    steps = [
        {"node": "collections.pad", "with": jets},
        {"node": "collections.pad", "with": {**jets, "quantities": ["uint32"], "count": 1, "mask": False}},
    ]
    result = helpers.run(tmp_path, config(path, steps), threads=threads)
    found = helpers.columns(result.outputs["one"])
    keyed = np.argsort(found["event_key"])
    assert len(keyed) == EVENTS
    with uproot.open(result.outputs["one"]) as file:
        assert file["events"]["jet_2_pt"].title == "jet_2_pt/F in GeV"
    reference = collections.pad(load_root().RDataFrame("t", str(path)), **jets)
    again = helpers.run(tmp_path, config(path, steps), output=tmp_path / "again").outputs["one"]
    one_thread = helpers.columns(again)
    by_key = np.argsort(one_thread["event_key"])
    plain = reference.AsNumpy(["jet_1_pt", "jet_2_bool", "jet_3_valid"])
    for name, values in plain.items():
        np.testing.assert_array_equal(one_thread[name], np.asarray(values))
    for name, values in one_thread.items():
        assert values.dtype == found[name].dtype
        np.testing.assert_array_equal(values[by_key], found[name][keyed])
    assert found["jet_1_uint32"].dtype == np.uint32


def test_unequal_lengths_are_an_error_of_the_input(tmp_path: Path) -> None:
    path = write(tmp_path / "in.root", {"pt": [[1.0], [2.0, 3.0]], "int32": [[1], [2]]})
    parameters = {"collection": "jet", "quantities": ["pt", "int32"], "count": 1}
    with pytest.raises(InputError) as caught:
        helpers.run(tmp_path, config(path, [{"node": "collections.pad", "with": parameters}]))
    said = str(caught.value)
    assert said.endswith("sample 'one': jet_int32 has 1 elements in an event with 2 objects")
    assert "config.yaml:" in said
    assert not (tmp_path / "out" / "one.root").exists()


def test_a_fault_has_its_line(tmp_path: Path) -> None:
    path = write(tmp_path / "in.root", {"pt": [[1.0]], "bool": [[True]]})
    parameters = {"collection": "jet", "quantities": ["bool"], "count": 1, "fill": -1.0}
    data = config(path, [{"node": "collections.pad", "with": parameters}])
    with pytest.raises(ConfigError) as caught:
        helpers.run(tmp_path, data)
    lines = (tmp_path / "config.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, start=1) if "fill:" in text)
    assert str(caught.value).startswith(f"{tmp_path}/config.yaml:{line}: parameter 'fill' of node collections.pad: -1")
