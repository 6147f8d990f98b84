"""Nodes as other packages write them: declarations, parameters, messages, cuts, the registry."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.cpp import load_root
from rdfplugins.errors import ConfigError, MissingColumnError
from rdfplugins.nodes import Channel, Cuts, Node, Unit, base, diphoton, node

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.nodes.base import RNode
    from rdfplugins.sample import Sample


@node(
    name="third.scale",
    needs=lambda parameters: [parameters["column"]],
    makes=lambda parameters: (f"{parameters['column']}_scaled",),
    keeps=("x",),
    units_of=lambda parameters: {f"{parameters['column']}_scaled": parameters["unit"]},
)
def scale(
    df: RNode,
    *,
    column: str,
    factor: float = 2.0,
    unit: Literal["MeV", "GeV"] = "GeV",
    power: int = 1,
    negative: bool = False,
    limit: float | None = None,
    interval: tuple[float, float] | None = (0.0, 1.0),
    width: Annotated[float, Unit("mm")] = 1.0,
    names: list[str] | None = None,
) -> RNode:
    """Scale a column.

    It is an example.
    """
    sign = "-" if negative else ""
    return df.Define(f"{column}_scaled", f"{sign}std::pow({column}, {power}) * {factor}")


@node(name="third.between", needs=("x",))
def between(df: RNode, *, low: float = 1.0, high: float | None = None) -> Cuts:
    """Cut on x."""
    names = ("above",) if high is None else ("above", "below")
    upper = "" if high is None else f" + (x > {low} && x < {high})"
    return Cuts(df.Define("rdfp_between_", f"int(x > {low}){upper}"), "rdfp_between_", names)


@node(name="third.given")
def given_node(df: RNode, *, sample: Sample | None = None, units: Literal["MeV", "GeV"] = "MeV") -> RNode:
    """Tell what the pipeline gave."""
    return df.Define("given", f'std::string("{sample.kind if sample else "none"} {units}")')


@pytest.fixture
def df() -> Any:
    return load_root().RDF.FromNumpy({"x": np.arange(6.0), "y_value": np.arange(6.0) * 10})


def values(df: Any, column: str) -> list[float]:
    return df.AsNumpy([column])[column].tolist()


# -- declarations


def test_columns_from_functions_and_tuples() -> None:
    checked = scale.check({"column": "x"})
    assert scale.needs(checked) == ("x",)
    assert scale.makes(checked) == ("x_scaled",)
    assert scale.keeps(checked) == ("x",)
    assert scale.column_units(checked) == {"x_scaled": "GeV"}
    assert between.needs(between.check({})) == ("x",)
    assert (between.makes({}), between.keeps({}), between.column_units({})) == ((), (), {})
    assert scale.normalisation == {}


def test_a_node_looks_like_its_function() -> None:
    assert (scale.name, scale.__name__) == ("third.scale", "scale")
    assert inspect.getdoc(scale) == "Scale a column.\n\nIt is an example."
    assert list(inspect.signature(scale).parameters) == ["df", *scale.parameters]
    assert list(scale.parameters)[:2] == ["column", "factor"]
    assert isinstance(scale, Node)


# -- parameters


def test_defaults_are_filled_in() -> None:
    assert scale.check({"column": "x"}) == {
        "column": "x",
        "factor": 2.0,
        "unit": "GeV",
        "power": 1,
        "negative": False,
        "limit": None,
        "interval": (0.0, 1.0),
        "width": 1.0,
        "names": None,
    }


@pytest.mark.parametrize(
    ("key", "given", "checked"),
    [
        ("factor", 3, 3.0),
        ("factor", float("inf"), float("inf")),
        ("factor", np.float64(2.5), 2.5),
        ("unit", "MeV", "MeV"),
        ("power", -2, -2),
        ("negative", True, True),
        ("limit", None, None),
        ("limit", 1, 1.0),
        ("interval", None, None),
        ("interval", [1, 2.5], (1.0, 2.5)),
        ("interval", (1, 2), (1.0, 2.0)),
        ("width", 4, 4.0),
        ("names", ["a"], ["a"]),
    ],
)
def test_accepted_values(key: str, given: Any, checked: Any) -> None:
    found = scale.check({"column": "x", key: given})[key]
    assert (found, type(found)) == (checked, type(checked))


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("column", 3, "text"),
        ("column", None, "text"),
        ("factor", True, "a number"),
        ("factor", "2.0", "a number"),
        ("factor", None, "a number"),
        ("factor", [2.0], "a number"),
        ("unit", "TeV", "'MeV' or 'GeV'"),
        ("unit", None, "'MeV' or 'GeV'"),
        ("power", 2.0, "a whole number"),
        ("power", True, "a whole number"),
        ("negative", 1, "true or false"),
        ("negative", "true", "true or false"),
        ("limit", False, "a number or null"),
        ("interval", [1.0], "a list of 2 numbers or null"),
        ("interval", [1.0, 2.0, 3.0], "a list of 2 numbers or null"),
        ("interval", [True, 2.0], "a list of 2 numbers or null"),
        ("interval", "12", "a list of 2 numbers or null"),
        ("interval", 1.0, "a list of 2 numbers or null"),
        ("width", "wide", "a number"),
        ("names", "a", "a list or null"),
    ],
)
def test_refused_values(df: Any, key: str, value: Any, kind: str) -> None:
    arguments = {"column": "x", key: value}
    with pytest.raises(ConfigError) as raised:
        scale.check(arguments)
    start, _, shown = str(raised.value).partition(", not ")
    assert start == f"parameter '{key}' of node third.scale must be {kind}"
    assert shown.strip("()[], ").startswith(repr(value).strip("()[], ")[:3])
    with pytest.raises(ConfigError, match=f"parameter '{key}'"):
        scale(df, **arguments)


def test_required_parameter() -> None:
    with pytest.raises(ConfigError, match=r"^node third\.scale needs the parameter 'column'$"):
        scale.check({"factor": 2.0})


@pytest.mark.parametrize(
    ("key", "hint"), [("faktor", "; did you mean 'factor'?"), ("FACTOR", "; did you mean 'factor'?"), ("zzz", "")]
)
def test_unknown_parameter(df: Any, key: str, hint: str) -> None:
    text = f"node third.scale has no parameter '{key}'{hint}"
    for call in (lambda: scale.check({"column": "x", key: 1}), lambda: scale(df, column="x", **{key: 1})):
        with pytest.raises(ConfigError) as raised:
            call()
        assert str(raised.value) == text


def test_what_the_pipeline_gives_is_checked_too(df: Any) -> None:
    """``units="gev"`` was once taken for MeV: all thresholds were off by a thousand without a word."""
    assert values(given_node(df), "given")[0] == "none MeV"
    assert values(given_node(df, sample=rp.Sample("data"), units="GeV"), "given")[0] == "data GeV"
    for wrong in ({"units": "gev"}, {"units": None}, {"sample": "mc"}):
        with pytest.raises(ConfigError, match=f"parameter '{next(iter(wrong))}' of node third.given must be"):
            given_node(df, **wrong)
    sample = rp.Sample("mc")
    assert given_node.check({"sample": sample})["sample"] is sample
    assert given_node.check({}) == {}


def test_units_of_parameters() -> None:
    assert base.unit_text(scale.types["width"]) == "mm"
    assert base.unit_text(scale.types["factor"]) == ""
    assert {key: base.unit_text(diphoton.select.types[key]) for key in ("min_pt", "mass_range", "mass_window")} == {
        "min_pt": "GeV",
        "mass_range": "GeV",
        "mass_window": "GeV",
    }
    assert base.unit_text(diphoton.select.types["crack"]) == ""


def test_a_signature_of_named_types_is_understood() -> None:
    assert base.type_text(tuple[float, ...]) == "a list"
    assert base.type_text(str | None) == "text or null"
    assert base.type_text(Literal["a", 2]) == "'a' or 2"
    assert base.type_text(Annotated[float | None, Unit("GeV")]) == "a number or null"


# -- application


def test_application(df: Any) -> None:
    assert values(scale(df, column="x", factor=3, negative=True), "x_scaled") == [-3.0 * x for x in range(6)]
    assert values(scale(df.Filter("x > 3"), column="x"), "x_scaled") == [8.0, 10.0]
    twice = scale(scale(df, column="x"), column="x_scaled")
    assert values(twice, "x_scaled_scaled") == [4.0 * x for x in range(6)]


def test_all_missing_columns_are_named_with_near_names(df: Any) -> None:
    @node(name="third.needy", needs=("x", "y_valu", "absent_altogether"))
    def needy(df: RNode) -> RNode:
        raise AssertionError("must not be called")

    with pytest.raises(MissingColumnError) as raised:
        needy(df)
    assert str(raised.value) == (
        "node third.needy needs columns that are not there: 'y_valu'; did you mean 'y_value', 'absent_altogether'"
    )


@node(
    name="third.many",
    needs=lambda parameters: [f"branch_{number}" for number in range(parameters["count"])],
    hints=lambda parameters: {"branch_0": "with: {zero: ...} replaces it", "x": "never told"},
)
def many(df: RNode, *, count: int = 14) -> RNode:
    """Need much."""
    raise AssertionError("must not be called")


@pytest.mark.parametrize(("count", "end"), [(12, "'branch_11'"), (13, "'branch_12'"), (14, "'branch_11' and 2 more")])
def test_a_dozen_missing_columns_are_named_with_what_replaces_them(df: Any, count: int, end: str) -> None:
    with pytest.raises(MissingColumnError) as raised:
        many(df, count=count)
    text = str(raised.value)
    start = "node third.many needs columns that are not there: "
    assert text.startswith(f"{start}'branch_0' (with: {{zero: ...}} replaces it), 'branch_1', ")
    assert text.endswith(f", {end}")
    assert "\n" not in text


def test_substitutions_are_warned_of_where_the_call_stands(df: Any) -> None:
    @node(
        name="third.lenient",
        needs=("x",),
        substitutions=lambda df, parameters: (
            {} if df.HasColumn(parameters["flag"]) else {parameters["flag"]: "not there"}
        ),
    )
    def lenient(df: RNode, *, flag: str = "Flag_a") -> RNode:
        return df.Define("made", "x + 1")

    with pytest.warns(rp.SubstitutionWarning, match="third.lenient: 'Flag_a' is not there") as caught:
        assert values(lenient(df), "made")[0] == 1.0
    assert [one.filename for one in caught] == [__file__]
    assert values(lenient(df, flag="y_value"), "made")[0] == 1.0  # a warning would be an error
    assert lenient.substitutions(df, {"flag": "y_value"}) == {}
    with pytest.raises(MissingColumnError):  # and no warning before it
        lenient(load_root().RDataFrame(1))


def test_declarations_of_channels_maps_and_hints() -> None:
    assert (scale.channel_cuts({}), scale.maps, scale.hints({})) == ({}, {}, {})
    assert many.hints(many.check({}))["branch_0"] == "with: {zero: ...} replaces it"

    @node(name="third.maps", maps={"channel": {"tt": 0}}, channel_cuts=lambda parameters: {"tt": ["a", "b"]})
    def mapped(df: RNode) -> RNode:
        return df

    assert mapped.maps == {"channel": {"tt": 0}}
    assert mapped.channel_cuts({}) == {"tt": ("a", "b")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": ()}, "a last cut"),
        ({"channel": ""}, "a column 'channel'"),
        ({"channels": (Channel("tt", "a", ()),)}, "cuts of each channel"),
        ({"channels": (Channel("tt", "a", ("x",)), Channel("tt", "b", ("y",)))}, "each another: tt, tt"),
        ({"channels": (Channel("t/t", "a", ("x",)),)}, "are words"),
    ],
)
def test_channels_are_whole(df: Any, changes: dict[str, Any], message: str) -> None:
    given = {"names": ("one",), "channels": (Channel("tt", "a", ("x",)),), "channel": "which"}
    assert Cuts(df, "passed", **given).channels[0].name == "tt"  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        Cuts(df, "passed", **{**given, **changes})  # type: ignore[arg-type]


@node(name="third.mappings")
def mappings(
    df: RNode,
    *,
    low: float | dict[str, float] | None = None,
    number: dict[Literal["tt", "mt"], int] = {},  # noqa: B006
    window: dict[str, tuple[float, float]] = {},  # noqa: B006
) -> RNode:
    """Take mappings."""
    return df


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [
        ({"low": 2, "number": {"tt": 3}, "window": {"a": [1, 2]}}, {}),
        ({"low": {"tt": 2, "mt": 3.5}}, {}),
        ({"low": {"tt": "x", "mt": 3, "et": []}}, {
            ("low", "tt"): "parameter 'low' of node third.mappings: 'tt' must be a number, not 'x'",
            ("low", "et"): "parameter 'low' of node third.mappings: 'et' must be a number, not []",
        }),
        ({"low": "x"}, {
            ("low",): "parameter 'low' of node third.mappings must be a number, a mapping of names to numbers, or null,"
            " not 'x'",
        }),
        ({"low": {1: 2.0}}, {("low", "1"): "parameter 'low' of node third.mappings: the key 1 is no text"}),
        ({"number": {"em": 1.5}, "lo": 1}, {
            ("lo",): "node third.mappings has no parameter 'lo'; did you mean 'low'?",
            ("number", "em"): "parameter 'number' of node third.mappings has no 'em'; it may have: tt, mt",
        }),
        ({"number": {"ttt": 1}}, {
            ("number", "ttt"): "parameter 'number' of node third.mappings has no 'ttt'; did you mean 'tt'?",
        }),
        ({"window": {"a": [1, 2, 3]}}, {
            ("window", "a"): "parameter 'window' of node third.mappings: 'a' must be a list of 2 numbers, not"
            " (1, 2, 3)",
        }),
    ],
)  # fmt: skip
def test_parameters_that_are_mappings(arguments: dict[str, Any], faults: dict[tuple[str, ...], str]) -> None:
    assert {path: str(error) for path, error in mappings.faults(arguments)} == faults
    if not faults:
        checked = mappings.check(arguments)
        assert checked["low"] == arguments["low"]
        assert checked["window"] == {key: tuple(value) for key, value in arguments.get("window", {}).items()}
        return
    with pytest.raises(ConfigError) as raised:
        mappings.check(arguments)
    assert str(raised.value) == next(iter(faults.values()))


def test_defaults_that_are_mappings_are_not_shared() -> None:
    mappings.check({})["number"]["tt"] = 5
    assert mappings.check({})["number"] == {}


def test_defined_columns_count(df: Any) -> None:
    assert values(scale(df.Define("z", "x + 1"), column="z"), "z_scaled")[0] == 2.0
    with pytest.raises(MissingColumnError, match="'z'"):
        scale(df, column="z")


# -- cuts


@pytest.mark.parametrize(("high", "kept"), [(None, [2.0, 3.0, 4.0, 5.0]), (4.0, [2.0, 3.0])])
def test_both_ways_to_cut_keep_the_same_events(df: Any, high: float | None, kept: list[float]) -> None:
    cuts = between.apply(base.as_rnode(df), {"high": high})
    assert isinstance(cuts, Cuts)
    for way in (cuts.kept(), cuts.kept_by_name(), between(df, high=high)):
        assert values(way, "x") == kept


def test_report_has_the_names(df: Any) -> None:
    found = [(str(cut.GetName()), cut.GetAll(), cut.GetPass()) for cut in between(df, high=4.0).Report().GetValue()]
    assert found == [("above", 6, 4), ("below", 4, 2)]


def test_no_cuts_keep_all(df: Any) -> None:
    cuts = Cuts(base.as_rnode(df), "x", ())
    assert values(cuts.kept(), "x") == values(cuts.kept_by_name(), "x") == values(df, "x")


def test_a_call_makes_filters_and_apply_does_not(df: Any) -> None:
    assert not isinstance(between(df), Cuts)
    with pytest.raises(ConfigError, match="parameter 'low'"):
        between.apply(base.as_rnode(df), {"low": "1"})


# -- unpack


def test_unpack() -> None:
    frame = load_root().RDataFrame(3).Define("base", "int(rdfentry_)")
    frame = frame.Define("first", "std::array<double, 3>{base + 0.5, base * 2.0, -1.0}")
    frame = frame.Define("second", "std::array<double, 2>{double(base), 7.0}")
    frame = base.unpack(frame, "first", ["a", "b", "c"])
    frame = base.unpack(frame.Filter("base > 0"), "second", ["d", "e"])
    assert not any(name.startswith("rdfp_") for name in base.column_names(frame))
    got = frame.AsNumpy(["a", "b", "c", "d", "e"])
    assert {name: column.tolist() for name, column in got.items()} == {
        "a": [1.5, 2.5],
        "b": [2.0, 4.0],
        "c": [-1.0] * 2,
        "d": [1.0, 2.0],
        "e": [7.0] * 2,
    }
    assert {column.dtype for column in got.values()} == {np.dtype(np.float64)}


def test_unpack_of_one_array_length_twice() -> None:
    """What was made for the first array of a length serves the second."""
    frame = load_root().RDataFrame(1).Define("v", "std::array<double, 2>{1., 2.}")
    frame = frame.Define("w", "std::array<double, 2>{3., 4.}")
    frame = base.unpack(base.unpack(frame, "v", ["a", "b"]), "w", ["c", "d"])
    assert [values(frame, name) for name in "abcd"] == [[1.0], [2.0], [3.0], [4.0]]


# -- registry


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Return a function that installs a package with one entry point (name, object)."""

    def install(name: str, value: str) -> None:
        folder = tmp_path / name / "third-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: third\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[{base.GROUP}]\n{name} = {value}\n")
        monkeypatch.syspath_prepend(tmp_path / name)

    return install


def test_ours_are_registered() -> None:
    assert {"diphoton.weights", "diphoton.select", "diphoton.features"} <= set(base.names())
    assert base.names() == sorted(base.names())
    for name in base.names():
        assert base.find(name).name == name


def test_node_of_another_package(
    register: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch, df: Any
) -> None:
    monkeypatch.setattr(diphoton, "scale", scale, raising=False)
    before = base.names()
    register("third.scale", "rdfplugins.nodes.diphoton:scale")
    assert base.names() == sorted([*before, "third.scale"])
    assert base.find("third.scale") is scale
    assert values(rp.apply("third.scale", df, column="x", factor=5), "x_scaled")[1] == 5.0
    with pytest.raises(ConfigError, match="has no parameter 'colum'; did you mean 'column'"):
        rp.apply("third.scale", df, colum="x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("no_such_package.nodes:x", "cannot be imported: No module named 'no_such_package'"),
        ("rdfplugins.nodes.diphoton:no_such", "cannot be imported: .*has no attribute 'no_such'"),
        ("rdfplugins.nodes.diphoton:to_file_unit", r"is not made with @rdfplugins\.nodes\.node"),
    ],
)
def test_broken_entry_point(register: Callable[[str, str], None], value: str, text: str) -> None:
    register("third.broken", value)
    assert "third.broken" in base.names()
    with pytest.raises(ConfigError, match=f"node 'third.broken'.*{value}.*{text}"):
        base.find("third.broken")


def test_module_that_fails_on_import(register: Callable[[str, str], None], tmp_path: Path) -> None:
    register("third.broken", "rdfp_test_broken:x")
    (tmp_path / "third.broken" / "rdfp_test_broken.py").write_text("raise RuntimeError('a bad day')\n")
    with pytest.raises(ConfigError, match=r"node 'third\.broken' of rdfp_test_broken:x cannot be imported: a bad day"):
        base.find("third.broken")


def test_unknown_node() -> None:
    with pytest.raises(ConfigError) as raised:
        base.find("diphoton.selct")
    assert str(raised.value).startswith("unknown node 'diphoton.selct'; did you mean 'diphoton.select'")
    assert str(raised.value).endswith("(all of them: rdfrun nodes)")
