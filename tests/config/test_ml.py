"""The section ``ml``: what is taken, what is refused and where, and what else in a config it touches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from rdfplugins.config import Config, MlConfig, load_config
from rdfplugins.config.schema import config_schema
from rdfplugins.errors import ConfigError, ConfigErrors
from rdfplugins.nodes.ditau import CHANNELS
from rdfplugins.stages import choose_stages

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """version: 1
input:
  tree: t
  units: GeV
  samples: {one: {kind: data, files: x.root}}
select:
  steps: [{define: {y: 2 * x}}]
  histograms:
    mass: {column: ml_mass, bins: 3, range: [0, 1]}
    other: {column: y, bins: 3, range: [0, 1]}
  output: {dir: out}
"""
LINES = HEAD.count("\n")


def load(folder: Path, tail: str, head: str = HEAD, overrides: tuple[str, ...] = ()) -> Config:
    path = folder / "c.yaml"
    path.write_text(head + tail)
    return load_config(path, overrides)


def faults(folder: Path, tail: str, head: str = HEAD) -> list[tuple[int | None, str]]:
    with pytest.raises(ConfigErrors) as caught:
        load(folder, tail, head)
    return [(fault.line and fault.line - LINES, fault.message) for fault in caught.value.faults]


def test_nothing_is_the_default_model_in_its_branch(tmp_path: Path) -> None:
    (entry,) = load(tmp_path, "ml: {}\n").ml
    assert entry == MlConfig()
    assert entry.where(tmp_path) is None
    assert (entry.branch, entry.units, entry.backend, entry.precision) == ("ml_mass", "GeV", "auto", "float32")


def test_without_the_section_there_are_no_models(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert config.ml == ()
    assert config.ml_histograms == {}
    assert choose_stages(config, None) == ["select"]


def test_one_mapping_is_a_list_of_one(tmp_path: Path) -> None:
    one = load(tmp_path, "ml: {model: DNN1, map: {tau1_pt_reco: pt_1}, channel: mt}\n")
    several = load(tmp_path, "ml:\n  - {model: DNN1, map: {tau1_pt_reco: pt_1}, channel: mt}\n")
    assert one.ml == several.ml
    assert (one.ml_path(0), several.ml_path(0)) == (("ml",), ("ml", 0))


def test_channels_are_those_of_the_nodes() -> None:
    schema = config_schema()["definitions"]["MlConfig"]["properties"]["channel"]
    named = next(part["enum"] for part in [schema, *schema.get("anyOf", [])] if "enum" in part)
    assert set(named) - {None} == set(CHANNELS)


@pytest.mark.parametrize(
    ("model", "where"),
    [
        ("DNN1", "DNN1"),
        ("nets/mine", "{folder}/nets/mine"),
        ("mine.h5", "{folder}/mine.h5"),
        ("mine.keras", "{folder}/mine.keras"),
        ("beside", "{folder}/beside"),
        ("/some/where", "/some/where"),
    ],
)
def test_paths_are_relative_to_the_config(tmp_path: Path, model: str, where: str) -> None:
    (tmp_path / "beside").mkdir()
    assert MlConfig(model=model).where(tmp_path) == where.format(folder=tmp_path)


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("ml:\n", [(1, "an empty value")]),
        ("ml: 5\n", [(1, "a mapping is expected, not the number 5")]),
        ("ml: []\n", [(1, "the list is empty")]),
        ("ml:\n  - {}\n  - 5\n", [(3, "a mapping is expected")]),
        ("ml:\n  modle: x\n", [(2, "unknown key 'modle' in ml; did you mean 'model'?")]),
        (
            "ml:\n  - branch: a\n  - branch: b\n    modle: x\n",
            [(4, "unknown key 'modle' in ml.1; did you mean 'model'?")],
        ),
        ("ml:\n  branch: class\n", [(2, "a word of C++")]),
        ("ml:\n  branch: category\n", [(2, "is reserved")]),
        ("ml:\n  backend: tmvaa\n", [(2, "'auto', 'tensorflow', 'numpy', 'cpp' or 'tmva' is expected")]),
        ("ml:\n  units: TeV\n", [(2, "'GeV' or 'MeV' is expected")]),
        ("ml:\n  channel: mu\n", [(2, "is expected, not the text 'mu'")]),
        ("ml:\n  channel: mt\n  channel_column: c\n", [(3, "exclude each other")]),
        ("ml:\n  map:\n    a:\n", [(3, "a C++ expression is expected")]),
        ("ml:\n  - model: a\n  - model: b\n", [(3, "a branch 'ml_mass' is made already, see line 13")]),
        ("ml:\n  - branch: a\n  - model: x\n    branch: a\n", [(4, "a branch 'a' is made already, see line 13")]),
        ("report: {}\nml: {}\n", [(2, "'ml' stands behind 'report'")]),
    ],
)
def test_what_is_refused_and_where(tmp_path: Path, tail: str, expected: list[tuple[int, str]]) -> None:
    found = faults(tmp_path, tail)
    assert [line for line, _ in found] == [line for line, _ in expected]
    for (_, message), (_, words) in zip(found, expected, strict=True):
        assert words in message


def test_an_rntuple_takes_no_new_field_and_the_node_is_named(tmp_path: Path) -> None:
    ((line, message),) = faults(tmp_path, "ml: {}\n", HEAD.replace("dir: out", "dir: out, format: rntuple"))
    assert line == 1
    assert "node 'ml_mass'" in message


def test_a_histogram_of_its_branch_has_no_cut_to_be_filled_after(tmp_path: Path) -> None:
    head = HEAD.replace("column: ml_mass,", "column: ml_mass, after: all,")
    ((line, message),) = faults(tmp_path, "ml: {}\n", head)
    assert line + LINES == 9
    assert "node 'ml_mass'" in message


def test_in_front_of_the_selection_there_are_no_trees(tmp_path: Path) -> None:
    head, _, rest = HEAD.partition("select:")
    ((_, message),) = faults(tmp_path, "", f"{head}ml: {{}}\nselect:{rest}")
    assert "in front of 'select'" in message


def test_a_value_from_the_command_line_runs_where_it_belongs(tmp_path: Path) -> None:
    config = load(tmp_path, "report: {}\n", overrides=("ml.branch=ml_mass",))
    assert choose_stages(config, None) == ["select", "ml", "report"]


def test_histograms_that_it_fills(tmp_path: Path) -> None:
    assert list(load(tmp_path, "ml: {}\n").ml_histograms) == ["mass"]
    assert list(load(tmp_path, "ml: {branch: y2}\n").ml_histograms) == []


@pytest.mark.parametrize(
    ("section", "good"),
    [
        ({}, True),
        ([{}, {"branch": "b", "model": "x", "map": {"a": "b"}, "channel_column": "c"}], True),
        ({"channel": "mt"}, True),
        ([], False),
        (None, False),
        ({"modle": "x"}, False),
        ({"branch": "category"}, False),
        ({"channel": "mt", "channel_column": "c"}, False),
        ({"precision": "float16"}, False),
    ],
)
def test_schema_and_loader_agree(tmp_path: Path, section: Any, good: bool) -> None:
    data = {**yaml.safe_load(HEAD), "ml": section}
    valid = jsonschema.Draft7Validator(json.loads(json.dumps(config_schema()))).is_valid(data)
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    try:
        load_config(path)
    except ConfigError:
        loaded = False
    else:
        loaded = True
    assert (valid, loaded) == (good, good)
