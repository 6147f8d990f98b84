"""Every feature of a weight file against the oracle, which reads the same XML one event at a time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rdfplugins
from rdfplugins.errors import ModelError
from tests.inference.tmva import weight_files
from tests.oracle import tmva as oracle

if TYPE_CHECKING:
    from pathlib import Path

BACKENDS = ("numpy", "cpp")
REGRESSION: dict[str, Any] = {"analysis": "Regression", "steps": "N", "with_targets": True}
NETWORK: dict[str, Any] = {"method": "MLP", "steps": "N"}
CASES: dict[str, dict[str, Any]] = {
    "votes of leaves": {},
    "purity": {"yes_no": False},
    "trees without weights": {"weighted": False, "yes_no": False},
    "trees with weights": {"weighted": True},
    "a single node": {"depth": 0, "trees": 3},
    "bagging": {"boost": "Bagging", "yes_no": False},
    "gradient": {"boost": "Grad", "trees": 40},
    "linear combinations": {"fisher": True, "trees": 30},
    "linear combinations, gradient": {"fisher": True, "boost": "Grad", "depth": 6},
    "decorrelated trees": {"steps": "D", "fisher": True},
    "trees, classes": {"boost": "Grad", "analysis": "Multiclass", "classes": 3, "trees": 30},
    "trees, two classes": {"boost": "Grad", "analysis": "Multiclass", "classes": 2, "trees": 10},
    "trees, target": {"analysis": "Regression"},
    "trees, target, bagging": {"boost": "Bagging", **REGRESSION},
    "trees, target, gradient": {"boost": "Grad", **REGRESSION},
    "median": {"boost": "AdaBoostR2", **REGRESSION, "trees": 25},
    "median of few": {"boost": "AdaBoostR2", "analysis": "Regression", "trees": 3},
    "median of one": {"boost": "AdaBoostR2", "analysis": "Regression", "trees": 1},
    "fisher": {"method": "Fisher"},
    "fisher, gauss": {"method": "Fisher", "steps": "G"},
    "one variable": {"method": "Fisher", "variables": 1, "steps": "NG"},
    "linear": {"method": "LD", "steps": "P"},
    "linear, targets": {"method": "LD", "targets": 3, **REGRESSION},
    "linear, targets twice": {"method": "LD", "targets": 2, **REGRESSION, "steps": "NDN"},
    "every step": {"method": "LD", "steps": "NDPGU", "variables": 6},
    "every step, of some": {"method": "LD", "steps": "UGPDN", "variables": 6, "some": True},
    "gauss, decorrelated, gauss": {"method": "LD", "steps": "GDG", "some": True, "equidistant": True},
    "uniform": {"method": "LD", "steps": "U", "equidistant": True},
    "expressions": {"method": "LD", "expressions": ("a<b&&c>d?x:y", "a+b*2", "jet[0]"), "spectators": 3},
    "integers": {"integers": (0, 2), "variables": 3, "spectators": 2},
    "old": {"release": "4.1.3 [262403]", "method": "MLP"},
    "two hidden layers": {**NETWORK, "layers": (7, 3)},
    "targets": {**NETWORK, **REGRESSION, "targets": 2, "estimator": "MSE"},
    "targets, sigmoid": {**NETWORK, **REGRESSION, "estimator": "CE"},
    "classes": {**NETWORK, "analysis": "Multiclass", "classes": 4, "estimator": "MSE"},
    "classes, sigmoid": {**NETWORK, "analysis": "Multiclass", "classes": 3, "estimator": "CE"},
}
for _neuron in ("sigmoid", "tanh", "linear", "radial"):
    for _synapses in ("sum", "sqsum", "abssum"):
        for _estimator in ("CE", "MSE"):
            kinds = {"neuron": _neuron, "synapses": _synapses, "estimator": _estimator}
            CASES[f"{_neuron} {_synapses} {_estimator}"] = {**NETWORK, **kinds}


def compare(path: Path, backend: str, *, steps: str = "", **_what: Any) -> None:
    events = weight_files.rows(path)
    expected = np.array([oracle.respond(path, event) for event in events])
    model = rdfplugins.load_model(path, backend=backend)
    found = model.predict(np.array(events, np.float32))
    assert found.shape == (len(events), len(model.outputs))
    assert found.dtype == np.float64
    exact = 1e-9 if "G" in steps else 1e-12
    np.testing.assert_allclose(found, expected, rtol=exact, atol=exact / 100)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_a_feature(case: str, seed: int, backend: str, tmp_path: Path) -> None:
    path = weight_files.write(tmp_path / "weights.xml", seed=seed, **CASES[case])
    compare(path, backend, **CASES[case])


@pytest.mark.parametrize("backend", BACKENDS)
def test_not_a_number_gives_none(backend: str, tmp_path: Path) -> None:
    """In every input, for every method; the other events of the batch stay as they are."""
    for method in ("BDT", "MLP", "Fisher", "LD"):
        for steps in ("", "G", "P"):
            path = weight_files.write(tmp_path / f"{method}{steps}.xml", method=method, steps=steps)
            model = rdfplugins.load_model(path, backend=backend)
            events = np.array(weight_files.rows(path)[:20], np.float32)
            clean = model.predict(events)
            events[2, 0] = events[5, 3] = events[11, 1] = np.nan
            found = model.predict(events)
            bad = np.isnan(events).any(axis=1)
            assert np.isnan(found[bad]).all(), (method, steps)
            np.testing.assert_array_equal(found[~bad], clean[~bad])


STUMP = """  <Weights NTrees="1" AnalysisType="0"><BinaryTree type="DecisionTree" boostWeight="1" itree="0">
<Node pos="s" depth="0" NCoef="0" IVar="0" Cut="{cut!r}" cType="{direction}" res="0" rms="0" purity="0.5" nType="0">
<Node pos="l" depth="1" NCoef="0" IVar="-1" Cut="7" cType="1" res="0" rms="0" purity="0" nType="-1"/>
<Node pos="r" depth="1" NCoef="0" IVar="-1" Cut="7" cType="1" res="0" rms="0" purity="1" nType="1"/>
</Node></BinaryTree></Weights>
"""


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("cut", [0.0, 0.1, 1.0000001192092896, 1e-40, -3.4e38, 16777217.0])
def test_an_input_equal_to_a_cut_is_on_its_right(cut: float, backend: str, tmp_path: Path) -> None:
    """Also where the cut has no place in single precision: it is not rounded."""
    head, _ = weight_files.text(trees=1, variables=1).split("  <Weights")
    here = np.float32(cut)
    events = np.array([[np.nextafter(here, np.float32(-np.inf))], [here], [np.nextafter(here, np.float32(np.inf))]])
    for direction in (0, 1):
        path = tmp_path / f"{direction}.xml"
        path.write_text(f"{head}{STUMP.format(cut=cut, direction=direction)}</MethodSetup>\n")
        expected = [1.0 if (float(value) >= cut) == bool(direction) else -1.0 for value in events[:, 0]]
        assert rdfplugins.load_model(path, backend=backend).predict(events)[:, 0].tolist() == expected


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_order_of_the_file_is_that_of_the_index(backend: str, tmp_path: Path) -> None:
    """Variables that are written in another order keep their numbers."""
    path = weight_files.write(tmp_path / "weights.xml", method="LD", variables=3)
    lines = path.read_text().splitlines(keepends=True)
    at = [i for i, line in enumerate(lines) if "<Variable " in line]
    lines[at[0]], lines[at[2]] = lines[at[2]], lines[at[0]]
    other = tmp_path / "other.xml"
    other.write_text("".join(lines))
    events = np.array(weight_files.rows(path), np.float32)
    one, two = (rdfplugins.load_model(file, backend=backend) for file in (path, other))
    assert one.inputs == two.inputs == ("x0", "x1", "x2")
    np.testing.assert_array_equal(one.predict(events), two.predict(events))


def test_outputs_are_named(tmp_path: Path) -> None:
    def outputs(**what: Any) -> tuple[str, ...]:
        return rdfplugins.load_model(weight_files.write(tmp_path / "weights.xml", **what), backend="numpy").outputs

    assert outputs() == ("response",)
    assert outputs(method="MLP", analysis="Multiclass", classes=3) == ("c0", "c1", "c2")
    assert outputs(method="LD", analysis="Regression", targets=2) == ("t0", "t1")


def test_columns_are_taken_by_name(tmp_path: Path) -> None:
    path = weight_files.write(tmp_path / "weights.xml", method="LD", variables=3)
    model = rdfplugins.load_model(path, backend="numpy")
    events = np.array(weight_files.rows(path)[:9], np.float32)
    named = {"x2": events[:, 2], "extra": events[:, 0], "x0": events[:, 0], "x1": events[:, 1]}
    np.testing.assert_array_equal(model.predict(named), model.predict(events))


WHAT = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 10**6),
        "method": st.sampled_from(["BDT", "BDT", "MLP", "LD", "Fisher"]),
        "analysis": st.sampled_from(["Classification", "Regression", "Multiclass"]),
        "variables": st.integers(1, 9),
        "classes": st.integers(2, 5),
        "targets": st.integers(1, 3),
        "steps": st.text("NDPGU", max_size=4),
        "some": st.booleans(),
        "with_targets": st.booleans(),
        "equidistant": st.booleans(),
        "trees": st.integers(1, 40),
        "depth": st.integers(0, 7),
        "boost": st.sampled_from(["AdaBoost", "Grad", "Bagging", "AdaBoostR2"]),
        "yes_no": st.booleans(),
        "weighted": st.sampled_from([None, True, False]),
        "fisher": st.booleans(),
        "layers": st.lists(st.integers(1, 8), max_size=3).map(tuple),
        "neuron": st.sampled_from(["sigmoid", "tanh", "linear", "radial"]),
        "synapses": st.sampled_from(["sum", "sqsum", "abssum"]),
        "estimator": st.sampled_from(["CE", "MSE"]),
    }
)


def possible(what: dict[str, Any]) -> dict[str, Any]:
    """What TMVA could have written: some methods have no classes, some ways to boost no targets."""
    what = dict(what)
    if what["analysis"] == "Multiclass" and what["method"] in ("Fisher", "LD"):
        what["analysis"] = "Classification"
    if what["method"] == "Fisher":
        what["analysis"] = "Classification"
    if what["method"] == "BDT":
        what["targets"] = 1
        if what["analysis"] == "Multiclass":
            what["boost"] = "Grad"
            what["trees"] = what["classes"] * max(1, what["trees"] // what["classes"])
        if what["analysis"] != "Regression" and what["boost"] == "AdaBoostR2":
            what["boost"] = "AdaBoost"
    return what


@pytest.mark.parametrize("backend", BACKENDS)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(what=WHAT)
def test_any_file(what: dict[str, Any], backend: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "weights.xml"
    made = possible(what)
    weight_files.write(path, **made)
    compare(path, backend, steps=made["steps"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_layouts_of_older_releases(backend: str, tmp_path: Path) -> None:
    """TreeType for AnalysisType, nodes without NCoef, res and rms."""
    path = weight_files.write(tmp_path / "weights.xml", yes_no=False, trees=9)
    text = path.read_text()
    events = np.array(weight_files.rows(path), np.float32)
    expected = rdfplugins.load_model(path, backend=backend).predict(events)
    older = re.sub(r' NCoef="0"| res="[^"]*"| rms="[^"]*"', "", text)
    path.write_text(older.replace('" AnalysisType="0"', '" TreeType="0"'))
    np.testing.assert_array_equal(rdfplugins.load_model(path, backend=backend).predict(events), expected)


@pytest.mark.parametrize("yes_no", [True, False])
def test_leaves_that_count_events_instead_of_a_purity(yes_no: bool, tmp_path: Path) -> None:
    """Before TMVA 4.1: needed for purities only, and then they are of these counts, or the file is refused."""
    path = weight_files.write(tmp_path / "weights.xml", yes_no=yes_no, trees=9)
    text = re.sub(r'purity="[^"]*"', 'purity="0.75"', path.read_text())
    path.write_text(text)
    events = np.array(weight_files.rows(path), np.float32)
    expected = rdfplugins.load_model(path, backend="numpy").predict(events)
    path.write_text(text.replace('purity="0.75"', 'nS="6.0" nB="2.0" nEv="8"'))
    try:
        found = rdfplugins.load_model(path, backend="numpy").predict(events)
    except ModelError as error:
        said = str(error)
    else:
        np.testing.assert_array_equal(found, expected)
        return
    assert not yes_no
    assert "purity" in said


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_layout_of_a_converter(backend: str, tmp_path: Path) -> None:
    """One line, other sections first, none of what is not needed."""
    path = weight_files.write(tmp_path / "weights.xml", boost="Grad")
    events = np.array(weight_files.rows(path), np.float32)
    text = path.read_text()
    expected = rdfplugins.load_model(path, backend=backend).predict(events)
    weights = re.search(r"(?s)<Weights.*</Weights>", text)
    variables = re.search(r"(?s)<Variables.*</Variables>", text)
    assert weights
    assert variables
    information = '<GeneralInfo><Info value="Classification" name="AnalysisType"/></GeneralInfo>'
    options = "<Options><Option name='BoostType'>Grad</Option></Options>"
    parts = variables.group() + information + options + weights.group()
    path.write_text(f'<MethodSetup Method="BDT::a b">{parts}</MethodSetup>'.replace("\n", ""))
    np.testing.assert_array_equal(rdfplugins.load_model(path, backend=backend).predict(events), expected)


@pytest.mark.parametrize("analysis", ["classification", "CLASSIFICATION"])
def test_capitals_do_not_matter(analysis: str, tmp_path: Path) -> None:
    path = weight_files.write(tmp_path / "weights.xml")
    path.write_text(path.read_text().replace('"Classification"', f'"{analysis}"'))
    compare(path, "numpy")


def test_inputs_are_rounded_to_single_precision(tmp_path: Path) -> None:
    """As TMVA's readers do; what is beyond is infinite."""
    path = weight_files.write(tmp_path / "weights.xml", method="LD", variables=2)
    model = rdfplugins.load_model(path, backend="numpy")
    wide = np.array([[0.1, 1 / 3], [16777217.0, 1e-50], [1e300, 0.0]])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(model.predict(wide), model.predict(wide.astype(np.float32)))
    assert model.predict(wide)[0, 0] == pytest.approx(oracle.respond(path, [0.1, 1 / 3])[0], rel=1e-14)
