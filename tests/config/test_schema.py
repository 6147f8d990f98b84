"""The JSON Schema of configs takes what the loader takes, refuses what the loader refuses, and documents all keys."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rdfplugins.config import Config, load_any, load_yaml
from rdfplugins.config.base import Section
from rdfplugins.config.schema import _sections, config_schema, schema_text
from rdfplugins.errors import ConfigErrors
from rdfplugins.nodes.with_schema import installed
from rdfplugins.paths import shipped
from rdfplugins.select.stage import check_steps

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = sorted(shipped("configs").glob("*.yaml"))
EVERY_STEP = [
    {"golden_json": "runs.json"},
    {"golden_json": {"file": "runs.json", "run": "runNumber", "lumi_block": None}, "only": ["data"]},
    {"vary": {"scale": {"up": {"photon_pt": "photon_pt * 1.01f"}, "down": {"photon_pt": "photon_pt * 0.99f"}}}},
    {"filter": {'any name < & "': True, "two": 2}, "only": "gg"},
]


TRAINING = {
    "classes": {"up": {"cut": "flavour == 0", "color": "tab:blue", "label": "$u$"}, "charm": {}},
    "preparation": {
        "ntuples": {"ttbar": {"path": "files", "file_pattern": ["a*.h5", "b.h5"]}},
        "samples": {
            "tt": {
                "type": "ttbar",
                "category": "up",
                "n_jets": 1e6,
                "cuts": [
                    {"n": {"operator": "mod_6_<=", "condition": 3}},
                    [{"x": {"operator": "<", "condition": True}}],
                ],
                "cut": "abs(eta) < 2.5",
                "output_name": "up.h5",
            },
            "zp": {"files": "z.h5", "category": "inclusive", "f_output": {"path": "out", "file": "zp.h5"}},
        },
        "tree": None,
        "dataset": "jets",
        "batchsize": 5e4,
    },
    "resample": {
        "method": "stratified",
        "class_labels": ["up", "charm"],
        "from": {"a": ["a.root"], "b": "b.root"},
        "tree": "mini",
        "key": ["run", "event"],
        "label_column": {"column": "label_id", "values": {"up": 0, "charm": 4}},
        "output": "train",
        "memory_mb": 64,
        "options": {
            "sampling_variables": [
                {"pt": {"bins": [[0, 15e5, 250], [16e5, 17e5, 3]]}},
                {"eta": {"bins": [0, 2.5, 10]}},
                {"abs_y": {"expression": "abs(y)", "edges": [0, 1, 2.5]}},
            ],
            "samples": {"one": ["a"], "two": "b"},
            "custom_n_jets_initial": {"a": 3e3},
            "fractions": {"one": 0.7, "two": 0.3},
            "n_jets": 10e6,
            "max_upsampling_ratio": None,
            "bool_attach_sample_weights": True,
            "tracks_names": ["tracks"],
            "n_jets_to_plot": None,
            "plot_variables": "m_*",
            "allocation": "neyman",
            "allocation_variable": "m * 2",
            "weighting_target_flavour": "up",
        },
    },
}


@pytest.fixture(autouse=True)
def _folder_of_a_shipped_config(monkeypatch):
    monkeypatch.setenv("NANOAOD_DIR", "somewhere")


@pytest.fixture(scope="module")
def schema():
    return config_schema(installed(pytest.fail))


@pytest.fixture(scope="module")
def validator(schema):
    return jsonschema.Draft7Validator(schema)


@pytest.fixture
def full(tmp_path, sample):
    """The values of a config that uses every key."""
    path = tmp_path / "full.yaml"
    path.write_text(sample, encoding="utf-8")
    data = load_yaml(path).data
    data["select"]["steps"] += copy.deepcopy(EVERY_STEP)
    data["select"]["categories"] = {"central": "y_yy < 1", "rest": True}
    data["select"]["output"]["exports"] = ["tsv", "h5", "parquet"]
    gaussian = {"amplitude": 119.1, "mean": 125, "sigma": 2.39}
    data["report"] |= {"fit": {"degree": 3, "gaussian": gaussian}, "signal": ["gg"], "log": "m_yy", "energy": "13 TeV"}
    data["report"]["title"] = "A title"
    data["report"]["response"] = {
        "estimates": ["m_yy"],
        "truth": "m_true",
        "edges": [0, 50.5, 100],
        "channels": {"central": "y_yy < 1", "all": True},
        "samples": "gg",
        "split": "all",
        "separation": {"background": ["demo.2"], "signal": "gg"},
        "weighted": False,
    }
    report = data.pop("report")
    return {**data, **copy.deepcopy(TRAINING), "report": report}


@pytest.fixture
def training_alone():
    """The values of a config that has the training branch alone."""
    data = copy.deepcopy(TRAINING)
    del data["resample"]["options"]["samples"]["two"]
    data["resample"]["options"] |= {"fractions": {"one": 1}}
    return {"sampling": data.pop("resample"), **data, "parameters": {"a": [1]}, ".anchors": 3, "compression": None}


def accepts(folder: Path, data: object) -> str | None:
    """Return what loader and nodes say against a config; None where they take it."""
    path = folder / "mutant.yaml"
    path.write_text(json.dumps(data).replace(": Infinity", ": .inf"), encoding="utf-8")  # as YAML has it
    try:
        config = load_any(path)
        if isinstance(config, Config):
            check_steps(config, list(config.input.samples))
    except ConfigErrors as error:
        return str(error)
    return None


def at(data, path):
    for key in path:
        data = data[key]
    return data


def paths_of(value, path=()):
    """Yield the path of everything in a config."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths_of(item, (*path, key))


def sections_of(model):
    """Yield a section and all that stand in it."""
    yield model
    for field in model.model_fields.values():
        for annotation in (field.annotation, *field.metadata):
            for inner in _sections(annotation):
                yield from sections_of(inner)


# -- what it is


def test_it_is_a_schema_of_draft_07(schema):
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(schema)
    text = json.dumps(schema)
    for newer in ("$defs", "prefixItems", "$dynamicRef", "unevaluatedProperties", "dependentRequired"):
        assert f'"{newer}"' not in text


def test_every_reference_leads_somewhere_and_no_definition_is_lost(schema):
    used = set(re.findall(r'"#/definitions/([^"]+)"', json.dumps(schema)))
    assert used == set(schema["definitions"])


def test_every_key_of_every_section_is_there_with_its_documentation(schema):
    models = set(sections_of(Config))
    assert len(models) > 10
    for model in models:
        described = schema if model is Config else schema["definitions"][model.__name__]
        assert list(described["properties"]) == model.keys(), model
        assert described["additionalProperties"] is False
        # without input and select a config may make training samples, of files that are there
        required = described["else"]["required"] if model is Config else described.get("required", [])
        assert sorted(required) == sorted(
            spec.alias or name for name, spec in model.model_fields.items() if spec.is_required()
        )
        for key, value in described["properties"].items():
            assert len(value.get("description", "")) > 3, f"{model.__name__}.{key} has no documentation"
            assert value["markdownDescription"] == value["description"]
            assert "``" not in value["description"]
            assert "None" not in value["description"]


def test_all_mappings_are_closed(schema):
    open_ones = []

    def look(value, path):
        if isinstance(value, list):
            for number, item in enumerate(value):
                look(item, (*path, number))
        elif isinstance(value, dict):
            kinds = value.get("type", [])
            if ("object" in kinds and len(value) > 1) and value.get("additionalProperties", True) is True:
                open_ones.append(path)
            for key, item in value.items():
                look(item, (*path, key))

    look(schema, ())
    # what a node takes under `with:` is said by the name of the node
    assert open_ones == [("definitions", "NodeStep", "properties", "with")]


def test_units_types_choices_and_defaults_of_a_node(schema):
    select = schema["definitions"]["with_diphoton.select"]
    parameters = select["properties"]
    assert "sample" not in parameters
    assert parameters["min_pt"]["type"] == "number"
    assert parameters["min_pt"]["default"] == 25.0
    assert "GeV" in parameters["min_pt"]["description"]
    assert "good photon" in parameters["min_pt"]["description"]
    assert parameters["pairing"]["enum"] == ["exactly_two", "leading_two"]
    assert parameters["crack"]["default"] == [1.37, 1.52]
    assert parameters["crack"]["type"] == ["array", "null", "string"]
    name = schema["definitions"]["NodeStep"]["properties"]["node"]
    assert name["enum"] == sorted(name["enum"])
    assert len(name["enum"]) == len(name["enumDescriptions"])
    assert name["enumDescriptions"][name["enum"].index("diphoton.select")] == select["description"]


def test_without_nodes_any_name_and_any_parameter_is_taken(full):
    full["select"]["steps"][0] = {"node": "somebody.else", "with": {"x": 1}}
    assert jsonschema.Draft7Validator(config_schema()).is_valid(full)


def test_the_text_is_the_schema_and_the_same_each_time(schema):
    nodes = installed(pytest.fail)
    assert json.loads(schema_text(nodes)) == schema
    assert schema_text(nodes) == schema_text(dict(nodes))


def test_a_parameter_that_a_node_needs_is_asked_for(full):
    node = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
    }
    validator = jsonschema.Draft7Validator(config_schema({"odd/na~me%": node}))
    for step, valid in [
        ({"node": "odd/na~me%", "with": {"n": 1}}, True),
        ({"node": "odd/na~me%"}, False),
        ({"node": "odd/na~me%", "with": {}}, False),
        ({"node": "odd/na~me%", "with": {"n": "1"}}, False),
    ]:
        full["select"]["steps"] = [step]
        assert validator.is_valid(full) == valid, step


# -- what it takes


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_configs_are_valid(validator, path):
    assert [error.message for error in validator.iter_errors(load_yaml(path).data)] == []


def test_a_config_of_the_training_branch_alone_is_valid(validator, training_alone, tmp_path):
    for name in ("sampling", "resample"):
        data = {name if key == "sampling" else key: value for key, value in training_alone.items()}
        assert accepts(tmp_path, data) is None
        assert [error.message for error in validator.iter_errors(data)] == []
    del training_alone["preparation"], training_alone["classes"]
    for change in ({"ml": {}}, {"report": {}}, {"input": {}}, {"version": 2}, {"resample": training_alone["sampling"]}):
        assert accepts(tmp_path, {**training_alone, **change}) is not None
        assert not validator.is_valid({**training_alone, **change}), change
    assert not validator.is_valid({"classes": {"a": {}}})


def test_a_config_with_every_key_is_valid(validator, full, tmp_path):
    assert accepts(tmp_path, full) is None
    assert [error.message for error in validator.iter_errors(full)] == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("select", "steps", 1, "filter", "good_run"), 1),
        (("select", "steps", 1, "filter", "good_run"), 1.5),
        (("select", "steps", 1, "filter", "good_run"), False),
        (("select", "weight"), 2),
        (("select", "weight"), None),
        (("select", "steps", 2, "only"), "gg"),
        (("select", "steps", 2, "only"), None),
        (("select", "steps", 2, "with", "crack"), None),
        (("select", "steps", 2, "with", "min_pt"), 25),
        (("select", "steps", 2, "with", "units"), "MeV"),
        (("input", "key"), "entry"),
        (("input", "lumi_pb"), None),
        (("input", "samples", "gg", "files"), "one.root"),
        (("input", "samples", "gg", "simulate"), None),
        (("input", "samples", "data", "xsec_pb"), None),
        (("select", "split"), None),
        (("select", "output", "columns"), None),
        (("report",), None),
        (("input", "aliases"), {}),
        (("resample",), None),
        (("classes",), None),
        (("resample", "options"), {}),
        (("resample", "options", "sampling_variables"), None),
        (("resample", "options", "sampling_variables", 0, "pt", "bins"), [0, 1, 2]),
        (("resample", "options", "n_jets"), -1),
        (("resample", "options", "njets"), None),
        (("resample", "label_column"), "label_id"),
        (("preparation", "samples", "tt", "cuts"), []),
        (("preparation", "samples", "tt", "cut"), None),
    ],
)
def test_other_ways_to_write_it(validator, full, tmp_path, path, value):
    at(full, path[:-1])[path[-1]] = value
    assert accepts(tmp_path, full) is None
    assert [error.message for error in validator.iter_errors(full)] == []


INCLUDABLE = [
    ("report",),
    ("input",),
    ("input", "samples"),
    ("input", "samples", "gg"),
    ("input", "aliases"),
    ("select", "steps"),
    ("select", "steps", 1),
    ("select", "steps", 1, "filter"),
    ("select", "steps", 2, "with"),
    ("select", "histograms"),
    ("select", "histograms", "m_yy"),
    ("select", "histograms", "m_yy", "range"),
    ("select", "split"),
    ("select", "output"),
    ("select", "categories"),
]


@pytest.mark.parametrize("path", INCLUDABLE, ids=lambda path: ".".join(map(str, path)))
def test_what_an_editor_makes_of_an_include(validator, full, path):
    at(full, path[:-1])[path[-1]] = "other.yaml"
    assert [error.message for error in validator.iter_errors(full)] == []
    at(full, path[:-1])[path[-1]] = "other"
    assert not validator.is_valid(full)


# -- what it refuses


WRONG = [
    (("version",), 2),
    (("version",), "1"),
    (("input", "tree"), ""),
    (("input", "tree"), 5),
    (("input", "units"), "TeV"),
    (("input", "lumi_pb"), 0),
    (("input", "lumi_pb"), "10"),
    (("input", "key"), "runNumber"),
    (("input", "key"), []),
    (("input", "aliases"), {"1x": "y"}),
    (("input", "aliases"), {"rdfp_x": "y"}),
    (("input", "aliases"), {"split": "y"}),
    (("input", "aliases"), {"double": "y"}),
    (("input", "aliases"), {"x": []}),
    (("input", "aliases"), {"x": None}),
    (("input", "aliases"), {"x": " "}),
    (("input", "samples"), {}),
    (("input", "samples", "a/b"), {"kind": "data", "files": "x"}),
    (("input", "samples", "gg", "kind"), "signal"),
    (("input", "samples", "gg", "files"), []),
    (("input", "samples", "gg", "files"), None),
    (("input", "samples", "gg", "simulate"), {"process": "hgg"}),
    (("input", "samples", "data", "xsec_pb"), 1.0),
    (("input", "samples", "gg", "sum_of_weights"), 0),
    (("input", "samples", "gg", "sum_of_weights"), -500.0),
    (("input", "samples", "gg", "xsec_pb"), -1),
    (("input", "samples", "gg", "label"), "two\nlines"),
    (("input", "samples", "gg", "label"), " "),
    (("input", "on_bad_file"), "ignore"),
    (("input", "samples", "demo.2", "simulate", "events"), 0),
    (("input", "samples", "demo.2", "simulate", "seed"), -1),
    (("select", "steps"), {}),
    (("select", "steps", 0), {}),
    (("select", "steps", 0), "diphoton.weights"),
    (("select", "steps", 0), {"only": "mc"}),
    (("select", "steps", 0, "filter"), {"x": "y"}),
    (("select", "steps", 0, "node"), "diphoton.weight"),
    (("select", "steps", 0, "with"), {"x": 1}),
    (("select", "steps", 1, "with"), {}),
    (("select", "steps", 1, "filter"), {}),
    (("select", "steps", 1, "only"), []),
    (("select", "steps", 2, "with", "min_ptt"), 1),
    (("select", "steps", 2, "with", "min_pt"), "25"),
    (("select", "steps", 2, "with", "min_pt"), None),
    (("select", "steps", 2, "with", "pairing"), "two"),
    (("select", "steps", 2, "with", "crack"), [1.37]),
    (("select", "steps", 2, "with", "crack"), [1, 2, 3]),
    (("select", "steps", 2, "with", "trigger_matched"), 1),
    (("select", "steps", 2, "with", "sample"), "gg"),
    (("select", "steps", 5, "golden_json"), {"run": "x"}),
    (("select", "steps", 7, "vary", "scale"), {"up": {"x": "y"}}),
    (("select", "histograms", "m_yy", "bins"), 0),
    (("select", "histograms", "m_yy", "bins"), 1.5),
    (("select", "histograms", "m_yy", "range"), [1]),
    (("select", "histograms", "m_yy", "range"), "1, 2"),
    (("select", "histograms", "cutflow"), {"column": "x", "bins": 1, "range": [0, 1]}),
    (("select", "categories"), {"none": "x > 1"}),
    (("select", "categories"), {"a b": "x > 1"}),
    (("select", "split", "fractions"), {"val": 1.0}),
    (("select", "split", "fractions", "tests"), 0.0),
    (("select", "split", "folds"), 1),
    (("select", "output", "tree"), "a b"),
    (("select", "output", "tree"), "cutflow"),
    (("select", "output", "columns"), []),
    (("select", "output", "format"), "root"),
    (("select", "output", "exports"), ["csv"]),
    (("report", "response"), None),
    (("report", "response", "estimates"), ["a", "a"]),
    (("report", "response", "edges"), [5]),
    (("report", "response", "edges"), [-1, 5]),
    (("report", "response", "channels", "a/b"), "x"),
    (("report", "response", "split"), "tests"),
    (("report", "response", "separation"), {"signal": "gg"}),
    (("report", "unblind"), "yes"),
    (("report", "energy"), "13"),
    (("classes",), {}),
    (("classes", "up", "color"), "#12"),
    (("classes", "up", "cut"), " "),
    (("preparation", "samples"), {}),
    (("preparation", "samples", "tt", "n_jets"), 0),
    (("preparation", "samples", "tt", "n_jets"), 1.5),
    (("preparation", "samples", "tt", "files"), "x.h5"),
    (("preparation", "samples", "tt", "type"), None),
    (("preparation", "samples", "tt", "f_output"), {"path": "a", "file": "b"}),
    (("preparation", "samples", "tt", "cuts", 0), {}),
    (("preparation", "samples", "tt", "cuts", 0), 3),
    (("preparation", "samples", "tt", "cuts", 0, "n", "operator"), "mod_6"),
    (("preparation", "samples", "tt", "cuts", 0, "n", "condition"), "3"),
    (("preparation", "samples", "tt", "cuts", 1, 0, "x", "condition"), None),
    (("preparation", "batchsize"), 0),
    (("preparation", "input_h5"), {}),
    (("resample", "method"), "counts"),
    (("resample", "class_labels"), []),
    (("resample", "from"), {}),
    (("resample", "from", "a"), []),
    (("resample", "label_column"), {}),
    (("resample", "label_column", "values"), {}),
    (("resample", "label_column", "values", "up"), "0"),
    (("resample", "options"), None),
    (("resample", "options", "sampling_variables"), {}),
    (("resample", "options", "sampling_variables", 0), {}),
    (("resample", "options", "sampling_variables", 0), {"a": {"bins": [0, 1, 2]}, "b": {"bins": [0, 1, 2]}}),
    (("resample", "options", "sampling_variables", 0, "pt", "bins"), []),
    (("resample", "options", "sampling_variables", 0, "pt", "bins"), [0, 1]),
    (("resample", "options", "sampling_variables", 0, "pt", "bins"), [[0, 1, 2], 3]),
    (("resample", "options", "sampling_variables", 0, "pt", "edges"), [0, 1]),
    (("resample", "options", "sampling_variables", 2, "abs_y", "edges"), [0]),
    (("resample", "options", "samples"), {"one": []}),
    (("resample", "options", "custom_n_jets_initial", "a"), 0),
    (("resample", "options", "custom_n_jets_initial", "a"), 0.5),
    (("resample", "options", "fractions", "one"), 1.7),
    (("resample", "options", "n_jets"), 0),
    (("resample", "options", "n_jets"), -2),
    (("resample", "options", "njets"), 5),
    (("resample", "options", "subsets"), 65),
    (("resample", "options", "seed"), -1),
    (("resample", "options", "initial"), "tail"),
    (("sampling",), {"method": "none"}),
]


@pytest.mark.parametrize(("path", "value"), WRONG, ids=str)
def test_faults_of_structure(validator, full, tmp_path, path, value):
    at(full, path[:-1])[path[-1]] = value
    assert accepts(tmp_path, full) is not None
    assert not validator.is_valid(full)


def test_unknown_keys_are_refused_everywhere(validator, full, tmp_path):
    free = {
        ("input", "aliases"),
        ("input", "samples"),
        ("select", "histograms"),
        ("select", "categories"),
        ("classes",),
        ("report", "response", "channels"),
    }
    free |= {("preparation", "ntuples"), ("preparation", "samples"), ("resample", "from")}
    free |= {("resample", "label_column", "values")}
    named = {"filter", "define", "up", "down", "vary", "samples", "custom_n_jets_initial", "fractions"}
    tried = 0
    for path in paths_of(full):
        of_any_key = path in free or path[-1:] in {(name,) for name in named}
        a_variable = isinstance(path[-1] if path else "", int) and {"sampling_variables", "cuts"} & set(path)
        if not isinstance(at(full, path), dict) or of_any_key or a_variable:
            continue
        wrong = copy.deepcopy(full)
        at(wrong, path)["nonsense"] = "x"
        assert "nonsense" in (accepts(tmp_path, wrong) or ""), path
        assert not validator.is_valid(wrong), path
        tried += 1
    assert tried > 20


def test_missing_keys_are_refused_everywhere(validator, full, tmp_path):
    refused = 0
    for path in list(paths_of(full))[1:]:
        if not isinstance(path[-1], str):
            continue
        wrong = copy.deepcopy(full)
        del at(wrong, path[:-1])[path[-1]]
        said = accepts(tmp_path, wrong)
        if said is None:
            assert validator.is_valid(wrong), path
        elif not INEXPRESSIBLE.search(said):
            assert not validator.is_valid(wrong), (path, said)
            refused += 1
    assert refused > 15


# -- any structural change


# what only the loader can say: names that must exist or differ elsewhere in the file, sums, order, whole numbers
INEXPRESSIBLE = re.compile(
    r"neither mc, nor data, nor a sample|exists already|add up to 1|must be below the second|a whole number is expected"
    r"|is shifted (up|down) and not|contradicts input.units|(no|of a) (simulated sample|histogram)"
    r"|must be a whole number"
    r"|stands (twice|in front of|behind)|does not take|needs (sampling_variables|the `fractions`)"
    r"|no (sample|class|category|type) |is missing; 0 leaves|of the categories in|makes no weights|say two things"
    r"|nothing says which files|[Nn]eyman|have the same value|edges ascend|the third number"
    r"|cannot be the name of a column|in a formula|is not complete|cannot be read at|two names of one thing"
    r"|no function|no number|is a function"
)
VALUES = st.sampled_from(
    [
        None,
        True,
        False,
        0,
        1,
        -1,
        2.5,
        1e9,
        "",
        " ",
        "x",
        "1x",
        "mc",
        "entry",
        "a b",
        "double",
        "none",
        [],
        {},
        ["x"],
        [1, 2],
        [2, 1],
        [None],
        {"x": "y"},
        {"x": 1},
        {"file": "x"},
        {"kind": "mc"},
        {"node": "diphoton.weights"},
        {"only": "mc"},
        {"amplitude": 1, "mean": 125, "sigma": 2},
        "tsv",
        "13 TeV",
        "m_yy",
        ["gg"],
        "\t",
        "\u00e9",
        "a\nb",
    ]
)
KEYS = st.sampled_from(
    ["x", "nonsense", "only", "with", "node", "filter", "kind", "label", "range", "split", "1x", "mean"]
)


@st.composite
def changes(draw):
    return (
        draw(st.sampled_from(["set", "delete", "rename", "add"])),
        draw(st.integers(0, 10**6)),
        draw(VALUES),
        draw(KEYS),
    )


def changed(data, change):
    how, number, value, key = change
    data = copy.deepcopy(data)
    paths = list(paths_of(data))[1:]
    path = paths[number % len(paths)]
    parent = at(data, path[:-1])
    if how == "set":
        parent[path[-1]] = copy.deepcopy(value)
    elif how == "delete":
        del parent[path[-1]]
    elif isinstance(parent, list):
        parent.append(copy.deepcopy(value))
    else:
        parent[key] = parent.pop(path[-1]) if how == "rename" else copy.deepcopy(value)
    return data


@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(several=st.lists(changes(), min_size=1, max_size=2), which=st.integers(0, len(SHIPPED)))
def test_schema_and_loader_agree(validator, full, tmp_path, several, which):
    data = full if which == len(SHIPPED) else load_yaml(SHIPPED[which]).data
    for change in several:
        data = changed(data, change)
    said = accepts(tmp_path, data)
    errors = [f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(data)]
    if said is None:
        assert errors == [], several
    elif not all(INEXPRESSIBLE.search(line) for line in said.split("\n")):
        assert errors, (several, said)


def test_a_new_field_appears_by_itself():
    """What a model says, and no list of keys, makes the schema."""

    class Later(Section):
        """A section of tomorrow.

        Attributes
        ----------
        depth
            How deep; None: as deep as it is.
        """

        depth: int | None = None

    from rdfplugins.config.schema import _Generator

    made = Later.model_json_schema(schema_generator=_Generator)
    assert made["properties"]["depth"]["description"] == "How deep; null: as deep as it is."
    assert made["description"] == "A section of tomorrow."
    assert made["additionalProperties"] is False
