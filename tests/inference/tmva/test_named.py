"""Columns by name: whatever their order and kind, the inputs are those of the weight file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.errors import ModelError
from tests.inference.tmva import weight_files

if TYPE_CHECKING:
    from pathlib import Path

    from rdfplugins.inference import Model

N = 50


@pytest.fixture
def model(tmp_path: Path) -> Model:
    path = weight_files.write(tmp_path / "m.xml", variables=3, expressions=("a+b", "log(a)"), method="LD")
    return rp.load_model(path, backend="numpy")


@pytest.fixture
def columns() -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {"x2": random.normal(size=N), "b": random.integers(0, 9, N), "a": random.uniform(1, 5, N)}


def expected(model: Model, columns: dict[str, np.ndarray]) -> np.ndarray:
    a, b, x2 = (columns[name] for name in ("a", "b", "x2"))
    return model.predict(np.stack([a + b, np.log(a), x2], axis=1))


def records(columns: dict[str, np.ndarray]) -> np.ndarray:
    table = np.zeros(N, [(name, values.dtype) for name, values in columns.items()])
    for name, values in columns.items():
        table[name] = values
    return table


class Frame:
    """What a data frame of polars looks like to us."""

    def __init__(self, columns: dict[str, np.ndarray]) -> None:
        self._of = columns
        self.columns = list(columns)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._of[name]


@pytest.mark.parametrize("kind", [dict, records, Frame])
def test_any_order_and_kind(model: Model, columns: dict[str, np.ndarray], kind: Any) -> None:
    np.testing.assert_array_equal(model.predict(kind(columns)), expected(model, columns))
    turned = dict(reversed([*columns.items(), ("other", columns["a"])]))
    np.testing.assert_array_equal(model.predict(kind(turned)), expected(model, columns))


def test_a_label_is_no_column_where_the_formula_can_be_computed(tmp_path: Path, columns: dict[str, np.ndarray]) -> None:
    """As in ``AddVariable("a := log(a)")``."""
    path = tmp_path / "label.xml"
    text = weight_files.text(variables=2, expressions=("log(a)",), method="LD")
    path.write_text(text.replace('Label="label0"', 'Label="a"'))
    model = rp.load_model(path, backend="numpy")
    assert model.description.variables[0].label == "a"
    values = np.stack([np.log(columns["a"]), columns["x2"]], axis=1)
    np.testing.assert_array_equal(model.predict({"a": columns["a"], "x1": columns["x2"]}), model.predict(values))
    # and it is one where that cannot be
    path.write_text(text.replace('Label="label0"', 'Label="logarithm"'))
    model = rp.load_model(path, backend="numpy")
    named = {"logarithm": np.log(columns["a"]), "x1": columns["x2"]}
    np.testing.assert_array_equal(model.predict(named), model.predict(values))


def test_a_formula_of_numbers_alone(tmp_path: Path, columns: dict[str, np.ndarray]) -> None:
    path = weight_files.write(tmp_path / "pi.xml", variables=2, expressions=("pi*2",), method="LD")
    model = rp.load_model(path, backend="numpy")
    values = np.stack([np.full(N, np.pi * 2), columns["a"]], axis=1)
    np.testing.assert_array_equal(model.predict({"x1": columns["a"]}), model.predict(values))
    with pytest.raises(ModelError, match="'pi' in it is a number"):
        model.predict({"x1": columns["a"], "pi": columns["a"]})


def test_masked_is_not_a_number(model: Model, columns: dict[str, np.ndarray]) -> None:
    mask = np.arange(N) == 3
    found = model.predict({**columns, "x2": np.ma.masked_array(columns["x2"], mask)})
    np.testing.assert_array_equal(np.isnan(found[:, 0]), mask)
    values = np.ma.masked_array(np.zeros((4, 3)), [[0, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(np.isnan(model.predict(values)[:, 0]), [False, True, False, False])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": None}, "there is no column 'a', which 'a+b' reads"),
        ({"x2": None}, "there is no column 'x2'"),
        ({"x2": np.ones(1)}, "the column 'x2' has 1 events, and 'a' 50"),
        ({"b": np.ones(49)}, "the column 'b' has 49 events, and 'a' 50"),
        ({"b": np.ones((N, 2))}, "the column 'b' is not one number an event"),
        ({"b": np.array(["x"] * N)}, "the column 'b' is not one number an event"),
    ],
)
def test_what_is_refused(model: Model, columns: dict[str, np.ndarray], change: dict[str, Any], message: str) -> None:
    given = {name: values for name, values in {**columns, **change}.items() if values is not None}
    with pytest.raises(ModelError) as caught:
        model.predict(given)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("model", [["m.xml"], 3, {"model": 1}, b"m.xml"])
def test_what_is_no_model(model: Any) -> None:
    with pytest.raises(ModelError, match="a model is a name or a path, not"):
        rp.load_model(model)


@pytest.mark.parametrize("kind", ["regular", "jagged", "short"])
def test_elements_of_arrays(tmp_path: Path, columns: dict[str, np.ndarray], kind: str) -> None:
    """As in the graph: an event without the element has no response."""
    path = weight_files.write(tmp_path / "e.xml", variables=3, expressions=("jet[1]", "jet[0]/a"), method="LD")
    model = rp.load_model(path, backend="numpy")
    rows = np.random.default_rng(2).normal(size=(N, 2))
    jets: Any = rows if kind == "regular" else rows[:, :1] if kind == "short" else [*rows[1:], rows[0, :1]]
    second = [row[1] if len(row) > 1 else np.nan for row in jets]
    values = np.stack([second, [row[0] for row in jets] / columns["a"], columns["x2"]], axis=1)
    found = model.predict({"jet": jets, "a": columns["a"], "x2": columns["x2"]})
    np.testing.assert_array_equal(found, model.predict(values))
    assert np.isnan(found).sum() == {"regular": 0, "jagged": 1, "short": N}[kind]


def test_formulas_of_numbers_alone_are_as_long_as_the_columns(tmp_path: Path) -> None:
    path = weight_files.write(tmp_path / "n.xml", variables=2, expressions=("pi", "2*3"), method="LD")
    assert rp.load_model(path, backend="numpy").predict({"z": [1.0, 2.0]}).shape == (2, 1)
