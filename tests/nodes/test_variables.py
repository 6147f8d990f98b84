"""Variables of TMVA models: columns, formulas over columns, and what is mapped; in the graph, under variations."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins import cpp
from rdfplugins.errors import ConfigError, CppError, MissingColumnError, SubstitutionWarning
from rdfplugins.inference import load_model
from rdfplugins.nodes import base, mass_inputs
from rdfplugins.nodes.ditau import INPUTS
from rdfplugins.nodes.mass_models import output_titles, output_units
from rdfplugins.nodes.variables import columns, draft, names, split_pair
from tests.inference.tmva import weight_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TERNARY = "(Ht>=2500e3)?2500e3:Ht"
EXPRESSIONS = ("v1+v2", TERNARY, "jet[1]", "1/2*n")  # labels are label0 ... label3; then x4
THERE = ("v1", "v2", "Ht", "jet", "n", "x4")


@pytest.fixture(scope="module", autouse=True)
def _compiled_in_a_hurry() -> Iterator[None]:
    with cpp.optimisation(0):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("models")
    return str(weight_files.write(folder / "w.xml", variables=5, expressions=EXPRESSIONS))


def frame(events: int = 400) -> Any:
    # numbers that are made by C++: FromNumpy has no vectors
    df = cpp.load_root().RDataFrame(events).Define("e", "double(rdfentry_)")
    df = df.Define("v1", "float(sin(e))").Define("v2", "2 * cos(2 * e)").Define("Ht", "2500e3 + 3 * sin(3 * e)")
    df = df.Define("jet", "ROOT::RVec<float>{float(e / 100), float(sin(5 * e))}").Define("n", "int(rdfentry_) % 9 - 4")
    return base.as_rnode(df.Define("x4", 'e < 1 ? std::nan("") : 4 * sin(7 * e)'))


def wanted(model: str, events: int = 400, **other: Any) -> np.ndarray[Any, Any]:
    e = np.arange(float(events))
    v1, v2 = np.sin(e).astype(np.float32).astype(float), 2 * np.cos(2 * e)
    ht, jet = 2500e3 + 3 * np.sin(3 * e), np.sin(5 * e).astype(np.float32).astype(float)
    n, x4 = np.arange(events) % 9 - 4, np.where(e < 1, np.nan, 4 * np.sin(7 * e))
    values = {"sum": v1 + v2, "ht": np.minimum(ht, 2500e3), "jet": jet, "half": n / 2, "x4": x4} | other
    return load_model(model, backend="numpy").predict(np.stack(list(values.values()), axis=1))[:, 0]


def made(df: Any, model: str, **options: Any) -> np.ndarray[Any, Any]:
    found = rp.ml_mass(df, model=model, branch="bdt", **options).AsNumpy(["bdt"])["bdt"]
    assert found.dtype == np.float32
    return found


def same(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_formulas_are_computed_as_tmva_did(model: str) -> None:
    found = made(frame(), model)
    assert np.isnan(found).tolist() == [True] + [False] * 399
    same(found, wanted(model))
    assert len(set(found.tolist())) > 30


def test_a_column_named_as_the_expression_comes_first(model: str) -> None:
    description = load_model(model).description
    slots = draft(description, [*THERE, "v1+v2", TERNARY], {})
    assert [slot.how for slot in slots] == ["found", "found", "computed", "computed", "found"]
    assert [slot.expression for slot in slots[:2]] == ["v1+v2", TERNARY]


def test_a_label_is_the_last_that_is_tried(model: str) -> None:
    description = load_model(model).description
    assert draft(description, [*THERE, "label0"], {})[0].how == "computed"
    slot = draft(description, ["label0"], {})[0]
    assert (slot.how, slot.expression, slot.note) == ("found", "label0", "not there: read from 'label0', its label")
    df = frame().Define("label1", "5.0")
    bare = cpp.load_root().RDF.AsRNode(df)
    with pytest.warns(SubstitutionWarning, match="'v1\\+v2' is not there: read from 'label0', its label"):
        rp.ml_mass(_without_v2(), model=model, branch="bdt")
    same(made(bare, model), wanted(model))  # all that the formula reads is there


def _without_v2() -> Any:
    df = cpp.load_root().RDataFrame(3).Define("label0", "1.5").Define("Ht", "2.").Define("n", "3")
    return base.as_rnode(df.Define("jet", "ROOT::RVec<float>{1, 2}").Define("x4", "1."))


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ({"v1+v2": "x4"}, {"sum": "x4"}),
        ({"label0": "x4"}, {"sum": "x4"}),
        ({" v1 + v2 ": "x4 * 1"}, {"sum": "x4"}),
        ({TERNARY: "Ht > 0 ? 1 : 0"}, {"ht": 1.0}),
        ({"v1": "x4", "v2": "0"}, {"sum": "x4"}),
        ({"jet[1]": "x4"}, {"jet": "x4"}),
        ({"n": "2 * v2 - v2 - v2 + 3"}, {"half": 1.5}),
    ],
)
def test_mapped(model: str, given: dict[str, str], other: dict[str, Any]) -> None:
    e = np.arange(400.0)
    x4 = np.where(e < 1, np.nan, 4 * np.sin(7 * e))
    values = {name: x4 if what == "x4" else np.full(400, what) for name, what in other.items()}
    same(made(frame(), model, map=given), wanted(model, **values))


def test_an_array_is_mapped_by_its_name(model: str) -> None:
    df = frame().Define("hadrons", "ROOT::RVec<double>{0, 0.25}")
    same(made(df, model, map={"jet": "hadrons"}), wanted(model, jet=np.full(400, 0.25)))


def test_an_event_without_the_element_has_no_response(model: str) -> None:
    df = base.as_rnode(frame().Redefine("jet", "ROOT::RVec<float>(rdfentry_ % 3, 0.5F)"))
    found = made(df, model)
    few = np.arange(400) % 3 < 2
    assert np.array_equal(np.isnan(found), few | (np.arange(400) < 1))
    same(found[~few], wanted(model, jet=np.full(400, 0.5))[~few])


def test_what_is_computed_follows_variations(model: str) -> None:
    df = base.as_rnode(frame().Vary("v1", "ROOT::RVec<float>{v1 + 0.5F, v1 - 0.5F}", ["up", "down"], "scale"))
    root = cpp.load_root()
    means = root.RDF.Experimental.VariationsFor(
        base.as_rnode(rp.ml_mass(df, model=model, branch="bdt")).Filter("rdfentry_ > 0").Sum("bdt")
    )
    e = np.arange(400.0)
    v1, v2 = np.sin(e).astype(np.float32), 2 * np.cos(2 * e)
    for name, shift in {"nominal": 0.0, "scale:up": 0.5, "scale:down": -0.5}.items():
        total = wanted(model, sum=(v1 + np.float32(shift)).astype(float) + v2)[1:].astype(np.float32).sum()
        assert means[name] == pytest.approx(total, rel=1e-4)
    assert means["scale:up"] != pytest.approx(means["nominal"], rel=1e-3)


def test_a_column_of_a_formula_of_what_is_varied_is_computed_anew(model: str) -> None:
    description = load_model(model).description
    assert draft(description, [*THERE, "v1+v2"], {}, shifted={"v1"})[0].how == "computed"
    assert draft(description, [*THERE, "v1+v2"], {"v2": "x4"})[0].how == "computed"
    assert draft(description, [*THERE, "v1+v2"], {}, shifted={"Ht"})[0].how == "found"


def test_values_go_in_as_they_are(model: str) -> None:
    """No role of a mass model: -999 is a number, and so is infinity."""
    for value in (-999.0, np.inf, -np.inf, 1e300):
        text = "std::numeric_limits<double>::infinity()" if np.isinf(value) else repr(value)
        found = made(frame(), model, map={"x4": f"-{text}" if value < 0 and np.isinf(value) else text})
        same(found, wanted(model, x4=np.full(400, np.clip(value, -3.5e38, 3.5e38))))
        assert np.isfinite(found).all()


def test_units_of_the_file_change_nothing(model: str) -> None:
    same(made(frame(), model, units="MeV"), wanted(model))


def test_names_of_mass_models_have_no_meaning(tmp_path: Path) -> None:
    legs = ("tau1_pt_reco", "jet1_pt_reco", "jet1_eta_reco", "PuppimTtot_reco")
    path = str(weight_files.write(tmp_path / "w.xml", variables=4, expressions=legs))
    description = load_model(path).description
    assert set(description.inputs) <= set(INPUTS)
    assert output_units(description) == (None,)
    assert output_titles(description) == ("response",)
    assert mass_inputs.input_unit("tau1_pt_reco", description) is None
    df = cpp.load_root().RDataFrame(3)
    for name in legs:
        df = df.Define(name, "rdfentry_ - 1.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = made(df, path)
    same(found, load_model(path, backend="numpy").predict(np.repeat([[-1.0], [0.0], [1.0]], 4, axis=1))[:, 0])


def test_several_outputs_are_columns_of_their_names(tmp_path: Path) -> None:
    path = str(weight_files.write(tmp_path / "w.xml", analysis="Multiclass", classes=3, boost="Grad", variables=2))
    df = rp.ml_mass(cpp.load_root().RDataFrame(4).Define("x0", "1.").Define("x1", "2."), model=path, branch="bdt")
    found = df.AsNumpy([f"bdt_{name}" for name in load_model(path).outputs])
    assert sum(values[0] for values in found.values()) == pytest.approx(1.0)


def test_the_node_reads_what_formulas_read(model: str) -> None:
    node = base.find("ml_mass")
    read = node.reads(node.check({"model": model}))
    assert set(THERE) <= set(read)
    assert columns(load_model(model).description) == ("v1", "v2", "Ht", "jet", "n", "x4")


def faulty(model: str, there: tuple[str, ...] = THERE, **options: Any) -> str:
    with pytest.raises((MissingColumnError, ConfigError)) as caught:
        mass_inputs.plan(load_model(model).description, there, **options)
    return str(caught.value)


def test_what_is_missing(model: str, tmp_path: Path) -> None:
    assert faulty(model, ("v1", "V2", "Ht", "jet", "n", "x4")) == (
        "the model w needs 1 variable that is not there: 'v1+v2' (no v2 to compute it from; did you mean 'V2'?)"
    )
    assert faulty(model, ("x4", "Jet")).endswith(
        "'v1+v2' (no v1, v2 to compute it from), '(Ht>=2500e3)?2500e3:Ht' (no Ht to compute it from), 'jet[1]' (no jet"
        " to compute it from; did you mean 'Jet'?), '1/2*n' (no n to compute it from)"
    )
    odd = str(weight_files.write(tmp_path / "odd.xml", variables=2, expressions=("Sum$(x)", "X1")))
    assert faulty(odd, ("x", "x1")) == (
        "the model odd needs 2 variables that are not there: 'Sum$(x)' ('$' cannot stand in a formula ('Sum$(x)'); map"
        " the variable to a C++ expression), 'X1' (did you mean 'x1'?)"
    )
    found = mass_inputs.plan(load_model(odd).description, ("x", "X1"), map={"Sum$(x)": "Sum(x)"})
    assert [slot.how for slot in found.slots] == ["mapped", "found"]
    many = str(weight_files.write(tmp_path / "many.xml", variables=8))
    assert faulty(many, ("x",)).endswith("'x6', 'x7'; of each of them: rdfrun add-ml-mass --check")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"map": {"v3": "x"}}, "map: the model w has no variable 'v3', and none reads such a column"),
        ({"map": {"label9": "x"}}, "no variable 'label9', and none reads such a column; did you mean 'label3' or"),
        ({"map": {"V1": "x4"}}, "none reads such a column; did you mean 'v1'"),
        ({"map": {"x4": " "}}, "map: a column or an expression is expected for 'x4', and this is empty"),
        ({"units": "MeV"}, "units: the model w is of TMVA, where nothing says which variables have a unit; leave it"),
        ({"channel": "mt"}, "channel: the model w is of TMVA and asks for none; leave it out (on the"),
        ({"channel_column": "n"}, "channel: the model w is of TMVA and asks for none"),
    ],
)
def test_what_is_refused(model: str, options: dict[str, Any], message: str) -> None:
    assert message in faulty(model, **options)


def test_a_map_that_was_turned_round(model: str) -> None:
    turned = faulty(model, (*THERE, "x"), map={"x": "x4"})
    assert turned.endswith("none reads such a column; the other way round (x4=x)?")


def test_what_the_graph_refuses(model: str) -> None:
    with pytest.raises(MissingColumnError, match="for input 'v1\\+v2': there is no column 'v3'"):
        made(frame(), model, map={"v1": "v3"})
    with pytest.raises(ConfigError, match=r"input 'v1\+v2': 'jet' is of type .*, and a number once an event is needed"):
        made(frame(), model, map={"v1": "jet"})
    with pytest.raises(ConfigError, match="input 'jet\\[1\\]': 'n' is of type int, and numbers for each object"):
        made(frame(), model, map={"jet": "n"})
    with pytest.raises(CppError, match="input 'v1\\+v2'"):
        made(frame(), model, map={"v1": "v2 +"})


def test_ranges_are_those_of_the_training(model: str) -> None:
    found = mass_inputs.plan(load_model(model).description, THERE)
    assert found.ranges[0] == (-3, 3)
    assert found.ranges[4] == (-7, 7)
    preparation, counts = found.preparation(), cpp.load_root().rdfp.mass_inputs.Counts(5)
    rows = np.zeros((4, 5))
    rows[:, 4] = 7 * (1 + 5e-8), -7 * (1 + 5e-8), 7 * (1 + 1e-6), 8  # the first two are 7 as float32 may have it
    inputs, good = np.empty((4, 5), np.float32), np.empty(4, np.bool_)
    preparation.prepare_all(rows.ctypes.data, 4, inputs.ctypes.data, good.ctypes.data, counts)
    assert list(counts.outside) == [0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("pair", "parts"),
    [
        ("x4=y", ("x4", "y")),
        ("x4 = y == 2", ("x4", "y == 2")),
        (f"{TERNARY}=x>=2?x:y", (TERNARY, "x>=2?x:y")),
        ("(Ht >= 2500e3) ? 2500e3 : Ht = x", ("(Ht >= 2500e3) ? 2500e3 : Ht", "x")),
        ("label1=x==y", ("label1", "x==y")),
        ("v1=v2==3", ("v1", "v2==3")),
        ("other==x", ("other", "=x")),
        ("other", ("other", "")),
    ],
)
def test_pairs_begin_with_the_longest_name(model: str, pair: str, parts: tuple[str, str]) -> None:
    assert split_pair(pair, names(load_model(model).description)) == parts
