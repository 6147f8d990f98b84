"""What the section ``input`` leaves to defaults and to files: the identity of events, the sum of weights."""

from __future__ import annotations

import jsonschema
import pytest

from rdfplugins.config import load_config, load_yaml
from rdfplugins.config.schema import config_schema
from rdfplugins.errors import ConfigErrors

TEXT = """version: 1
input:
  tree: Events
  units: GeV
  samples:
    mc: {{kind: {kind}, files: a.root, sum_of_weights: {value}}}
select:
  steps: []
  output: {{dir: out}}
"""
EXPECTED = "6: input.samples.mc.sum_of_weights: a number or the word 'runs' is expected, not the text "


@pytest.fixture
def write(tmp_path):
    def written(value, kind="mc"):
        path = tmp_path / "config.yaml"
        path.write_text(TEXT.format(value=value, kind=kind))
        return path

    return written


def fault(path):
    with pytest.raises(ConfigErrors) as raised:
        load_config(path)
    return str(raised.value).removeprefix(f"{path}:")


def in_schema(path):
    return jsonschema.Draft7Validator(config_schema()).is_valid(load_yaml(path).data)


def test_the_identity_of_an_event_is_that_of_nanoaod_unless_told(write):
    assert load_config(write("1.0")).input.key == ["run", "luminosityBlock", "event"]
    assert config_schema()["definitions"]["InputConfig"]["properties"]["key"]["default"] == [
        *("run", "luminosityBlock", "event"),
    ]


@pytest.mark.parametrize("value", ["runs", '"runs"', "12", "0.35", "1e9", "null"])
def test_a_sum_of_weights_is_a_number_or_is_read(write, value):
    path = write(value)
    found = load_config(path).input.samples["mc"].sum_of_weights
    assert found == {"null": None, "runs": "runs", '"runs"': "runs"}.get(value, found)
    assert found is None or isinstance(found, str) is ("runs" in value)
    assert in_schema(path)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("run", EXPECTED + "'run'; did you mean 'runs'?"),
        ("Runs", EXPECTED + "'Runs'; did you mean 'runs'?"),
        ("generated", EXPECTED + "'generated'"),
        ('"12.5"', EXPECTED + "'12.5'; write it without quotes"),
        ("true", "6: input.samples.mc.sum_of_weights: a number is expected, not true"),
        ("[runs]", "6: input.samples.mc.sum_of_weights: a number is expected, not a list"),
        ("0", "6: input.samples.mc.sum_of_weights: a number above 0 is expected, not the number 0"),
        ("-500", "6: input.samples.mc.sum_of_weights: a number above 0 is expected, not the number -500"),
    ],
)
def test_what_it_is_not(write, value, message):
    path = write(value)
    assert fault(path) == message
    assert not in_schema(path)


def test_data_have_none_to_read(write):
    path = write("runs", kind="data")
    assert fault(path).startswith("6: input.samples.mc.sum_of_weights: a sample of kind data has weight 1")
    assert not in_schema(path)
