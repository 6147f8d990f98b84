"""What a config without faults becomes, and that nothing but a Config or a ConfigError ever comes of a text."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rdfplugins.config import Config, DefineStep, FilterStep, NodeStep, SampleConfig, load_config
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
    assert (data.kind, data.files, data.label, data.xsec_pb, data.sum_of_weights) == ("data", ("data.root",), None, None, None)
    assert demo.files is None
    assert demo.simulate is not None
    assert demo.simulate.model_dump() == {"process": "hgg", "mode": "gg", "events": 20000, "seed": 7}
    assert demo.xsec_pb == 0.1


def test_the_selection_of_the_sample(load):
    select = load().select
    assert select.include == ["my_macros.h"]
    assert select.weight == "weight"
    assert [type(step) for step in select.steps] == [NodeStep, FilterStep, NodeStep, DefineStep, FilterStep]
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
        "tree": "t", "units": "GeV", "lumi_pb": None, "key": "entry", "aliases": {}, "on_bad_file": "fail", "on_duplicate": "fail",
    }  # fmt: skip
    assert config.select.model_dump() == {
        "include": [], "weight": None, "steps": [], "histograms": {}, "split": None,
        "output": {"dir": "out", "tree": "events", "columns": None, "format": "ttree", "exports": []},
    }  # fmt: skip
    config = load(MINIMAL + "report: {}\n", ("select.split={fractions: {train: 1}}",))
    assert config.report.model_dump() == {"unblind": False, "mass": "m_yy"}
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
    ("only", "gg", "data", "mc_sample_called_data"),
    [
        (None, True, True, True),
        ("mc", True, False, True),
        ("data", False, True, False),
        ("gg", True, False, False),
        ("[gg, data]", True, True, False),
    ],
)
def test_only(load, changed, only, gg, data, mc_sample_called_data):
    old = "    - node: diphoton.weights\n"
    step = load(changed((old, old + (f"      only: {only}\n" if only else "")))).select.steps[0]
    assert step.applies_to("gg", "mc") is gg
    assert step.applies_to("run_a", "data") is data
    assert step.applies_to("data", "mc") is mc_sample_called_data


def test_one_column_may_be_defined_for_data_and_for_mc(load, changed):
    text = changed(("    - filter: {in_window", "    - {define: {w: mcWeight}, only: mc}\n    - {define: {w: 1}, only: [data]}\n    - filter: {in_window"))
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
    assert config.input.samples["data"].files == ("/data/x/a.root", "/home/me/b.root", "@/home/me/c.txt", "x~/$RDFP_DATA")
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
    sample = SampleConfig(kind="mc", files=("a.root",), xsec_pb=1)
    assert sample.xsec_pb == 1.0
    with pytest.raises(ValidationError, match="a sample needs 'files' or 'simulate'"):
        SampleConfig(kind="mc")


def test_schema_can_be_exported():
    schema = Config.model_json_schema()
    assert list(schema["properties"]) == ["version", "input", "select", "report"]
    assert "with" in schema["$defs"]["NodeStep"]["properties"]


def test_neither_root_nor_numpy_are_loaded():
    code = (
        "import sys, rdfplugins.config; print([m for m in ('ROOT', 'numpy', 'uproot', 'tensorflow', 'matplotlib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


SNIPPETS = st.sampled_from(
    ["", " ", "\n", "\t", ":", ": ", "- ", "[", "]", "{", "}", ",", "'", '"', "#", "&a ", "*a", "<<: *a\n", "!include hgg.yaml", "!x ",
     "|", ">", "%", "@", "`", "\\", "~", "null", "true", "1", "-1", "1e999", ".nan", ".inf", "0x", "9" * 30, "\x00", "\x85", "\u2028",
     "\ufeff", "\ud7ff", "${X}", "${", "---\n", "...\n", "? ", "only: ", "filter: ", "version: 2\n", "[]", "{}", "entry", "<filter>", "[key]"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 25), SNIPPETS | st.text(max_size=4)), min_size=1, max_size=4))
def test_mutated_texts_give_a_config_or_a_config_error(load, sample, edits):
    text = sample
    for start, length, new in edits:
        at = start % (len(text) + 1)
        text = text[:at] + new + text[at + length :]
    text = text.encode("utf-8", "replace").decode()
    try:
        config = load(text)
    except ConfigErrors as error:
        lines = str(error).split("\n")
        assert len(lines) == len(error.faults)
        assert all(line.startswith("hgg.yaml:") for line in lines), lines
        assert not any(word in str(error).lower() for word in ("input should", "pydantic", "traceback", "validator")), error
    else:
        assert isinstance(config, Config)


VALUES = st.recursive(
    st.sampled_from(["x", "", "5", "on", "[key]", "<filter>", "~", "1", "-1", "0", "1.5", "1e300", ".nan", ".inf", "true", "mc", "entry", "'7'"]),
    lambda inner: st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]")
    | st.dictionaries(st.sampled_from(["node", "filter", "with", "only", "x", "kind", "files", "'[key]'", "'<node>'"]), inner, max_size=3).map(
        lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
    ),
    max_leaves=6,
)
PATHS = st.sampled_from(
    ["version", "input", "input.tree", "input.key", "input.key.0", "input.aliases", "input.lumi_pb", "input.samples", "input.samples.gg",
     "input.samples.gg.files", "input.samples.gg.files.0", "input.samples.new", 'input.samples."demo.2".simulate', "select", "select.steps",
     "select.steps.0", "select.steps.1.filter", "select.steps.1.filter.good_run", "select.steps.2.with", "select.steps.2.only",
     "select.steps.2.only.0", "select.steps.3.define", "select.histograms", "select.histograms.m_yy", "select.histograms.m_yy.range",
     "select.split", "select.split.fractions", "select.split.fractions.train", "select.output", "select.output.exports", "report", "new"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(overrides=st.lists(st.tuples(PATHS, VALUES).map("=".join), min_size=1, max_size=3))
@example(overrides=["select.steps.0={'<filter>': 1, filter: 2}"])
@example(overrides=["input.samples.gg={'[key]': 1}"])
def test_any_value_anywhere_gives_a_config_or_a_config_error(load, sample, overrides):
    try:
        config = load(sample, tuple(overrides))
    except ConfigErrors as error:
        assert str(error)
        assert not any(word in str(error).lower() for word in ("input should", "pydantic", "cannot stand here")), error
    else:
        assert isinstance(config, Config)
