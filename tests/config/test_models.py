"""What a config without faults becomes."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import rdfplugins.config as config_package
from rdfplugins.config import (
    Config,
    DefineStep,
    FilterStep,
    NodeStep,
    OutputConfig,
    SampleConfig,
    SelectConfig,
    load_config,
)
from rdfplugins.errors import ConfigError, ConfigErrors


def test_the_sample_as_models(load):
    config = load()
    assert config.version == 1
    assert (config.input.tree, config.input.units, config.input.lumi_pb) == ("mini", "MeV", 10064.0)
    assert config.input.key == ["runNumber", "eventNumber"]
    assert config.input.aliases == {"met": "met_et * 1e-3"}
    assert (config.input.on_bad_file, config.input.on_duplicate) == ("skip", "fail")
    assert list(config.input.samples) == ["gg", "data", "demo.2"]
    gg, data, demo = config.input.samples.values()
    assert gg.files == ("gg/*.root", "root://host.example//gg.root")
    assert (gg.kind, gg.label, gg.xsec_pb, gg.sum_of_weights, gg.simulate) == ("mc", "ggH", 0.102, 55922617.6297, None)
    assert (data.kind, data.files, data.label, data.xsec_pb, data.sum_of_weights) == (
        "data",
        ("data.root",),
        None,
        None,
        None,
    )
    assert demo.files is None
    assert demo.simulate is not None
    assert demo.simulate.model_dump() == {"process": "hgg", "mode": "gg", "events": 20000, "seed": 7, "release": 2020}
    assert demo.xsec_pb == 0.1


def test_the_selection_of_the_sample(load):
    select = load().select
    assert select.include == ["my_macros.h"]
    assert select.weight == "weight"
    assert [type(step) for step in select.steps] == [NodeStep, FilterStep, NodeStep, DefineStep, FilterStep]
    assert [step.index for step in select.steps] == [0, 1, 2, 3, 4]
    weights, good, node, define, window = select.steps
    assert (weights.node, weights.with_, weights.only) == ("diphoton.weights", {}, None)
    assert good.filter == {"good_run": "runNumber > 0"}
    assert node.with_ == {"min_pt": 25.0, "crack": [1.37, 1.52]}
    assert node.only == ("mc", "data")
    assert define.define == {"y_yy": "rdfp::rapidity(photon_pt)", "one": "1"}
    assert window.only == ("gg",)
    histogram = select.histograms["m_yy"]
    assert histogram.model_dump() == {
        "column": "m_yy", "bins": 30, "range": (105.0, 160.0), "after": "mass_105_160", "title": "m [GeV]",
    }  # fmt: skip
    assert select.split.model_dump() == {"fractions": {"train": 0.7, "val": 0.15, "test": 0.15}, "folds": 5, "seed": 2}
    assert select.output.model_dump() == {
        "dir": "out/hgg", "tree": "events", "columns": ["m_yy", "weight"], "format": "ttree", "exports": ["tsv"],
    }  # fmt: skip


MINIMAL = """\
version: 1
input: {tree: t, units: GeV, key: entry, samples: {a: {kind: data, files: a.root}}}
select: {steps: [], output: {dir: out}}
"""


def test_defaults(load):
    config = load(MINIMAL)
    assert config.report is None
    assert config.input.model_dump(exclude={"samples"}) == {
        "tree": "t", "units": "GeV", "lumi_pb": None, "key": "entry", "aliases": {},
        "on_bad_file": "fail", "on_duplicate": "fail",
    }  # fmt: skip
    assert config.select.model_dump() == {
        "include": [], "weight": None, "steps": [], "histograms": {}, "categories": {}, "split": None,
        "output": {"dir": "out", "tree": "events", "columns": None, "format": "ttree", "exports": []},
    }  # fmt: skip
    config = load(MINIMAL + "report: {}\n", ("select.split={fractions: {train: 1}}",))
    assert config.report.model_dump() == {
        "unblind": False,
        "mass": "m_yy",
        "fit": {"degree": 3, "gaussian": "mc"},
        "signal": None,
        "log": (),
        "energy": "13 TeV",
        "title": None,
        "response": None,
    }
    assert config.select.split.model_dump() == {"fractions": {"train": 1.0}, "folds": None, "seed": 1}


def test_an_empty_optional_section_is_none(load):
    assert load(MINIMAL + "report:\n").report is None


def test_path_name_and_folder(load, tmp_path, monkeypatch, sample):
    tmp_path.joinpath("sub").mkdir()
    tmp_path.joinpath("sub/my.hgg.yaml").write_text(sample)
    monkeypatch.chdir(tmp_path)
    config = load_config("sub/my.hgg.yaml")
    assert (str(config.path), config.name, str(config.folder)) == ("sub/my.hgg.yaml", "my.hgg", "sub")
    assert config.source.text == sample
    assert config.source.data["input"]["tree"] == "mini"


def test_positions_and_faults_of_a_config(load):
    config = load(overrides=("select.steps.2.with.min_pt=30",))
    assert config.select.steps[2].with_["min_pt"] == 30
    assert config.position("select", "steps", 3, "define", "y_yy") == ("hgg.yaml", 37)
    assert config.position("select", "steps", 3) == ("hgg.yaml", 36)
    error = config.fault("no such column", "select", "steps", 3, "define", "one")
    assert isinstance(error, ConfigError)
    assert (error.message, error.file, error.line) == ("no such column", "hgg.yaml", 38)
    assert str(config.fault("too hard", "select", "steps", 2, "with", "min_pt")) == (
        "--set select.steps.2.with.min_pt=30: too hard"
    )
    assert str(config.fault("x", "nowhere")) == "hgg.yaml:1: x"


def test_a_config_does_not_change(load):
    config = load()
    with pytest.raises(ValidationError):
        config.version = 2
    with pytest.raises(ValidationError):
        config.input.samples["gg"].xsec_pb = 3.0
    with pytest.raises(ValidationError):
        config.select.steps[0].node = "x"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("1", "1"),
        ("2.50", "2.5"),
        ("1e-3", "0.001"),
        ("0x1F", "31"),
        ("017", "17"),
        ("0o17", "15"),
        ("1.0", "1.0"),
        ("1e22", "1e+22"),
        ("-3", "-3"),
        ("true", "true"),
        ("False", "false"),
        ("'x > 1'", "x > 1"),
        ("on", "on"),
    ],
)
def test_expressions_may_be_numbers_and_booleans(load, changed, written, text):
    config = load(changed(("one: 1", f"one: {written}"), ("weight: weight", f"weight: {written}")))
    assert config.select.steps[3].define["one"] == text
    assert config.select.weight == text


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (None, {"gg", "run_a", "data"}),
        ("mc", {"gg", "data"}),
        ("data", {"run_a"}),
        ("gg", {"gg"}),
        ("[gg, data]", {"gg", "run_a"}),
    ],
)
def test_only(load, changed, only, expected):
    old = "    - node: diphoton.weights\n"
    step = load(changed((old, old + (f"      only: {only}\n" if only else "")))).select.steps[0]
    kinds = {"gg": "mc", "run_a": "data", "data": "mc"}  # `data` means the kind, even beside a sample of this name
    assert {name for name, kind in kinds.items() if step.applies_to(name, kind)} == expected


def test_one_column_may_be_defined_for_data_and_for_mc(load, changed):
    text = changed(
        (
            "    - filter: {in_window",
            "    - {define: {w: mcWeight}, only: mc}\n    - {define: {w: 1}, only: [data]}\n    - filter: {in_window",
        )
    )
    assert [step.define for step in load(text).select.steps[4:6]] == [{"w": "mcWeight"}, {"w": "1"}]


def test_environment_and_home_in_paths(load, changed, monkeypatch):
    monkeypatch.setenv("RDFP_DATA", "/data/x")
    monkeypatch.setenv("HOME", "/home/me")
    config = load(
        changed(
            ("files: data.root", 'files: ["${RDFP_DATA}/a.root", ~/b.root, "@~/c.txt", "x~/$RDFP_DATA"]'),
            ("dir: out/hgg", "dir: ~/${RDFP_DATA}/out"),
            ("[my_macros.h]", '["${RDFP_DATA}.h"]'),
        )
    )
    assert config.input.samples["data"].files == (
        "/data/x/a.root",
        "/home/me/b.root",
        "@/home/me/c.txt",
        "x~/$RDFP_DATA",
    )
    assert config.select.output.dir == "/home/me//data/x/out"
    assert config.select.include == ["/data/x.h"]


def test_environment_is_not_put_into_expressions(load, changed):
    config = load(changed(("runNumber > 0", "x == ${NOT_SET_ANYWHERE}")))
    assert config.select.steps[1].filter["good_run"] == "x == ${NOT_SET_ANYWHERE}"


def test_input_files(load, tmp_path):
    tmp_path.joinpath("gg").mkdir()
    for name in ("b.root", "a.root"):
        tmp_path.joinpath("gg", name).touch()
    config = load()
    assert config.input_files("gg") == ["gg/a.root", "gg/b.root", "root://host.example//gg.root"]
    assert config.input_files("data") == ["data.root"]
    assert config.input_files("demo.2") == []


def test_input_files_that_fail_bear_their_lines(load):
    with pytest.raises(ConfigErrors) as caught:
        load().input_files("gg")
    assert str(caught.value) == "hgg.yaml:12: no file matches gg/*.root"


def test_models_can_be_made_without_a_file():
    steps = [NodeStep(node="a"), DefineStep(define={"x": "1"}), FilterStep(filter={"c": "x > 0"}, only=("mc",))]
    select = SelectConfig(steps=steps, output=OutputConfig(dir="out"))
    assert [step.index for step in select.steps] == [0, 1, 2]
    assert [type(step) for step in select.steps] == [NodeStep, DefineStep, FilterStep]
    sample = SampleConfig(kind="mc", files=("a.root",), xsec_pb=1)
    assert sample.xsec_pb == 1.0
    with pytest.raises(ValidationError, match="a sample needs 'files' or 'simulate'"):
        SampleConfig(kind="mc")


def test_schema_can_be_exported():
    schema = Config.model_json_schema()
    assert {"version", "input", "select", "resample", "ml", "report"} <= set(schema["properties"])
    assert "with" in schema["$defs"]["NodeStep"]["properties"]


def test_the_config_stands_on_errors_alone():
    """Nothing here knows ROOT or arrays, so that a config is checked at once and anywhere."""
    imported = set()
    for path in Path(config_package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    ours = {name for name in imported if name.startswith("rdfplugins") and not name.startswith("rdfplugins.config")}
    foreign = {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names)
    assert ours == {"rdfplugins.errors", "rdfplugins.docstrings", "rdfplugins.draft07", "rdfplugins.formula"}
    assert foreign == {"rdfplugins", "yaml", "pydantic", "pydantic_core"}
