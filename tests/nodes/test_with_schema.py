"""Parameters of nodes as JSON Schema: it says of ``with:`` what the node's own check says."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Annotated, Literal

import jsonschema
import pytest

from rdfplugins.errors import ConfigError
from rdfplugins.nodes import base
from rdfplugins.nodes.base import GeV, Unit, node
from rdfplugins.nodes.with_schema import installed, with_schema

if TYPE_CHECKING:
    from rdfplugins.sample import Sample


class Odd:
    """A class that has no form in JSON."""


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0


@node(name="test.everything")
def everything(
    df,
    *,
    need: int,
    low: GeV = 25.0,
    high: Annotated[float, Unit("GeV")] | None = None,
    window: tuple[float, float] = (1.0, 2.0),
    names: list[str] = [],  # noqa: B006 (a default that a node may well have)
    mode: Literal["up", "down"] = "up",
    switch: bool = False,
    far: float = math.inf,
    odd: Odd | None = None,
    point: Point = Point(1.0),  # noqa: B008
    undocumented: str = "x",
    by_channel: float | dict[str, float] = {"tt": 40.0},  # noqa: B006
    choices: dict[Literal["tt", "mt"], int | None] = {},  # noqa: B006
    units: Literal["MeV", "GeV"] = "MeV",
    sample: Sample | None = None,
):
    """Do ``everything``.

    More of it.

    Parameters
    ----------
    df
        A data frame.
    need
        Must be given.
    low, high
        Thresholds.
    mode
        Which way.
    """
    return df


@pytest.fixture
def schema():
    made = with_schema(everything)
    jsonschema.Draft7Validator.check_schema(made)
    return made


def test_documentation_units_and_defaults(schema):
    keys = schema["properties"]
    assert schema["description"] == "Do `everything`.\n\nMore of it."
    assert schema["required"] == ["need"]
    assert "sample" not in keys
    assert "df" not in keys
    assert keys["low"]["description"] == "Thresholds.\n\nA number, GeV."
    assert keys["high"]["description"] == "Thresholds.\n\nA number or null, GeV."
    assert keys["undocumented"]["description"] == "Text."
    assert keys["mode"]["enum"] == ["up", "down"]
    defaults = {key: value["default"] for key, value in keys.items() if "default" in value}
    # what JSON cannot say, null, and what the input says are left out
    assert defaults == {
        "low": 25.0, "window": [1.0, 2.0], "names": [], "mode": "up", "switch": False, "undocumented": "x",
        "by_channel": {"tt": 40.0}, "choices": {},
    }  # fmt: skip
    json.dumps(schema, allow_nan=False)


@pytest.mark.parametrize(
    "arguments",
    [
        {}, {"low": 3}, {"low": 3.5}, {"low": "3"}, {"low": None}, {"low": True}, {"high": None}, {"high": 1},
        {"window": [1, 2]}, {"window": [1]}, {"window": [1, 2, 3]}, {"window": "1, 2"}, {"names": ["a"]},
        {"names": "a"}, {"mode": "down"}, {"mode": "left"}, {"mode": None}, {"switch": True}, {"switch": 1},
        {"switch": "true"}, {"undocumented": 1}, {"units": "GeV"}, {"units": "TeV"}, {"nonsense": 1}, {"lowe": 1},
        {"by_channel": 2}, {"by_channel": {"mt": 2}}, {"by_channel": {"mt": "2"}}, {"by_channel": [2]},
        {"by_channel": None}, {"choices": {"tt": 1, "mt": None}}, {"choices": {"em": 1}}, {"choices": {"tt": 1.5}},
        {"choices": 1}, {"need": 1.5}, {"need": "1"}, {"need": None},
    ],
    ids=str,
)  # fmt: skip
def test_it_says_what_the_check_of_the_node_says(schema, arguments):
    given = {"need": 1, **arguments}
    assert jsonschema.Draft7Validator(schema).is_valid(given) == (not everything.faults(given))


def test_what_must_be_given(schema):
    assert everything.faults({})
    assert not jsonschema.Draft7Validator(schema).is_valid({})


def test_types_without_a_schema_take_anything(schema):
    valid = jsonschema.Draft7Validator(schema).is_valid
    assert valid({"need": 1, "odd": {"any": ["thing"]}})
    assert valid({"need": 1, "point": {"x": 1.0}})
    assert not valid({"need": 1, "point": {"x": "1"}})
    assert "$ref" not in json.dumps(schema)


def test_a_node_that_cannot_be_imported_is_told_of_and_left_out(monkeypatch):
    names = base.names()

    def find(name, found=base.find):
        if name == "test.broken":
            raise ConfigError("node 'test.broken' of x:y cannot be imported: no module x")
        return found(name)

    monkeypatch.setattr(base, "names", lambda: [*names, "test.broken"])
    monkeypatch.setattr(base, "find", find)
    said = []
    assert list(installed(said.append)) == names
    assert said == ["left out: node 'test.broken' of x:y cannot be imported: no module x"]


@pytest.mark.parametrize("name", base.names())
def test_every_parameter_of_our_nodes_is_documented(name):
    for key, value in with_schema(base.find(name))["properties"].items():
        assert "\n\n" in value["description"], key
