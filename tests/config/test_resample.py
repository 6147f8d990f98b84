"""The section `resample`: umami's files are read as they are, and options have the right values."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rdfplugins.config import (
    Config,
    LabelColumn,
    ResampleConfig,
    ResampleOptions,
    TrainingConfig,
    VariableConfig,
    load_any,
    load_config,
)
from rdfplugins.config.resample import METHODS
from rdfplugins.errors import ConfigErrors
from tests.config import training


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write umami's files, and others by name, into an otherwise empty current folder."""
    monkeypatch.chdir(tmp_path)

    def put(**texts):
        named = {
            "Preprocessing-parameters": training.PARAMETERS,
            "PFlow-Preprocessing": training.PREPROCESSING,
            **texts,
        }
        for name, text in named.items():
            tmp_path.joinpath(f"{name}.yaml").write_text(text)

    put()
    return put


@pytest.fixture
def loaded(write):
    def load(text, overrides=()):
        write(config=text)
        return load_any("config.yaml", overrides)

    return load


def test_a_whole_config_of_umami(write):
    config = load_any("PFlow-Preprocessing.yaml")
    assert type(config) is TrainingConfig
    assert config.version == 1
    spec, options = config.resample, config.resample.options
    assert (spec.method, spec.class_labels) == ("count", ("ujets", "cjets", "bjets"))
    assert options.sampling_variables == (
        VariableConfig(name="pt_btagJes", bins=((0.0, 600000.0, 351), (650000.0, 6000000.0, 84))),
        VariableConfig(name="absEta_btagJes", bins=((0.0, 2.5, 10),)),
    )
    assert list(options.samples) == ["ttbar", "zprime"]
    assert options.samples["zprime"][1] == "training_zprime_cjets"
    assert options.samples_of("train") is options.samples
    assert options.samples_of("val") is None
    assert options.custom_n_jets_initial["training_ttbar_bjets"] == 5_500_000
    assert options.fractions == {"ttbar": 0.7, "zprime": 0.3}
    assert (options.n_jets, options.n_jets_to_plot) == (25_000_000, 30_000)
    assert all(type(number) is int for number in (options.n_jets, *options.custom_n_jets_initial.values()))
    assert options.tracks_names == ("tracks",)
    assert options.track_truth_variables == ("truthOriginLabel", "truthVertexIndex")
    assert options.save_tracks is options.save_track_labels is True
    assert options.intermediate_index_file == "out/indices.h5"
    assert options.bool_attach_sample_weights is False
    assert config.outfile_name == "out/PFlow-hybrid.h5"
    assert config.resample_path("options", "n_jets") == ("sampling", "options", "n_jets")
    assert config.position(*config.resample_path("options", "n_jets")) == ("PFlow-Preprocessing.yaml", 59)
    assert str(config.fault("no", *config.resample_path("method"))) == "PFlow-Preprocessing.yaml:35: no"


def test_what_has_no_effect_is_said(write):
    config = load_any("PFlow-Preprocessing.yaml")
    keys = "outfile_name, plot_name, var_file, dict_file, precision, convert_to_tfrecord"
    assert config.warnings() == [
        f"PFlow-Preprocessing.yaml:69: {keys} have no effect here",
        "PFlow-Preprocessing.yaml:65: weighting_target_flavour has no effect with method count, only with weighting",
    ]


def test_a_hybrid_config_of_umami_takes_another_file_and_its_anchors(write):
    write(hybrid=training.HYBRID)
    config = load_any("hybrid.yaml")
    samples = config.preparation.samples
    assert list(samples) == ["validation_ttbar_bjets", "validation_ttbar_cjets"]
    assert samples["validation_ttbar_bjets"].cut.startswith("(eventNumber % 6 <= 3) && (pt_btagJes <= 250000.0)")
    assert config.preparation.ntuples["ttbar"].file_pattern == ("tt/*.h5", "more/*.h5")
    assert config.preparation.batchsize == 50_000
    options = config.resample.options
    assert options.custom_n_jets_initial == {}
    assert options.tracks_names == ("tracks",)
    assert options.track_truth_variables == ("truthOriginLabel",)
    assert options.fractions is None
    assert config.warnings()[0].startswith("PFlow-Preprocessing.yaml:69: outfile_name")


def test_pdf_of_umami(loaded):
    config = loaded(training.PDF)
    options = config.resample.options
    assert options.sampling_variables[0].bins == ((0.0, 250000.0, 100), (250000.0, 6e6, 100))
    assert options.sampling_variables[1].bins == ((0.0, 2.5, 10), (0.0, 2.5, 10))
    assert options.custom_n_jets_initial == {}
    assert options.max_upsampling_ratio == {"training_ttbar_cjets": 5.0, "training_zprime_cjets": 5.0}
    assert options.sampling_fraction == {"training_ttbar_cjets": 1.0}
    assert config.resample.source["training_ttbar_bjets"] == ("tb/*.h5",)
    assert config.warnings() == []


def test_importance_of_umami(loaded):
    options = loaded(training.IMPORTANCE).resample.options
    assert options.target_distribution == "bjets"
    assert options.sampling_variables[0].bins == ((0.0, 1_500_000.0, 250),)
    assert options.n_jets == -1


def test_weighting_of_umami(loaded):
    options = loaded(training.WEIGHTING).resample.options
    assert options.weighting_target_flavour == "bjets"
    assert options.bool_attach_sample_weights is True


def test_older_names_of_options(loaded):
    text = training.WEIGHTING + "    njets: 4e6\n    custom_njets_initial: {training_ttbar_bjets: 1e3}\n"
    options = loaded(text).resample.options
    assert (options.n_jets, options.custom_n_jets_initial) == (4_000_000, {"training_ttbar_bjets": 1000})
    assert loaded(text, ["sampling.options.njets=3e6"]).resample.options.n_jets == 3_000_000


def test_empty_options_are_as_if_they_were_not_there(loaded):
    names = [name for name in ResampleOptions.keys() if name not in {"n_jets_to_plot", "sampling_variables"}]  # noqa: SIM118
    text = "".join(f"    {name}:\n" for name in names if f"    {name}:" not in training.WEIGHTING)
    assert text.count("\n") > 20
    assert loaded(training.WEIGHTING + text).resample == loaded(training.WEIGHTING).resample
    assert loaded(training.WEIGHTING + "    n_jets_to_plot:\n").resample.options.n_jets_to_plot is None
    assert loaded(training.WEIGHTING).resample.options.n_jets_to_plot == 100_000


def test_defaults():
    spec = ResampleConfig(method="none")
    assert spec.options == ResampleOptions()
    assert (spec.dataset, spec.split_column, spec.memory_mb) == ("jets", "split", 512)
    assert spec.class_labels is spec.source is spec.tree is spec.key is spec.label_column is spec.output is None
    options = spec.options
    assert (options.initial, options.n_jets, options.seed, options.shuffle) == ("hash", -1, 42, None)
    assert (options.max_lost_fraction, options.min_bin_count, options.rounding) == (0.1, 0, "floor")
    assert (options.bin_semantics, options.gap_bins, options.interpolation) == (None, False, "none")
    assert (options.out_of_range, options.allocation, options.subsets) == ("zero", "proportional", None)
    assert options.samples_of("train") is options.samples_of("val") is options.samples_of("test") is None


def test_it_is_made_from_python_too():
    variable = VariableConfig(name="x", expression="abs(y)", edges=(0, 1.5, 3))
    options = ResampleOptions(sampling_variables=(variable,), n_jets=1e3, samples={"a": ("x",)})
    spec = ResampleConfig(method="count", class_labels=("a", "b"), options=options)
    assert spec.options.sampling_variables == (variable,)
    assert (variable.formula, VariableConfig(name="x", bins=((0, 1, 2),)).formula) == ("abs(y)", "x")
    with pytest.raises(ValidationError, match="frozen"):
        spec.method = "pdf"
    assert len(METHODS) == 11
    for method in METHODS:
        ResampleConfig(method=method)


def test_variables_have_bins_or_edges(loaded):
    text = training.IMPORTANCE.replace(
        "      - absEta_btagJes:\n          bins: [0, 2.5, 9]\n",
        "      - abs_y: {expression: abs(y_yy), edges: [0, 1, 2.4]}\n      - n.jets: {bins: [[0, 4, 5], [6, 10, 3]]}\n",
    )
    _, second, third = loaded(text).resample.options.sampling_variables
    assert second == VariableConfig(name="abs_y", expression="abs(y_yy)", edges=(0.0, 1.0, 2.4))
    assert third.bins == ((0.0, 4.0, 5), (6.0, 10.0, 3))


def test_other_keys(loaded):
    head = "version: 1\nclasses:\n  ggH: {cut: mode == 1, color: tab:blue, label: $ggH$}\n  VBF: {}\n"
    text = head + (
        "resample:\n  method: random_undersampling\n  from: {a: [x/*.root, y.root], b: '@list.txt'}\n  tree: mini\n"
        "  key: [run, event]\n  label_column: {column: label_id, values: {ggH: 0, VBF: 1e0}}\n  output: balanced\n"
        "  memory_mb: 64\n  options: {shuffle: true, plot_variables: m_*, seed: 7, fractions:, n_jets: 10}\n"
    )
    config = loaded(text)
    spec = config.resample
    assert spec.source == {"a": ("x/*.root", "y.root"), "b": ("@list.txt",)}
    assert spec.label_column == LabelColumn(column="label_id", values={"ggH": 0, "VBF": 1})
    assert (spec.tree, spec.key, spec.output, spec.memory_mb) == ("mini", ("run", "event"), "balanced", 64)
    assert spec.options.plot_variables == ("m_*",)
    assert config.classes["ggH"].cut == "mode == 1"
    assert config.classes["VBF"].cut is None
    assert config.resample_path() == ("resample",)
    alone = text.replace("{column: label_id, values: {ggH: 0, VBF: 1e0}}", "label_id")
    assert loaded(alone).resample.label_column == LabelColumn(column="label_id")


def test_a_config_that_selects_may_resample(load, changed):
    resample = "resample:\n  method: random_oversampling\n  options: {max_duplicates: 3}\n"
    config = load(changed(("report:\n", resample + "report:\n")))
    assert type(config) is Config
    assert config.resample.options.max_duplicates == 3
    assert list(config.source.data) == ["version", "input", "select", "resample", "report"]
    assert config.warnings() == []
    assert load().resample is None


@pytest.mark.parametrize("behind", [True, False])
def test_it_stands_in_front_of_ml_or_behind(load, changed, behind):
    stages = ["resample:\n  method: none\n", "ml: {}\n"]
    config = load(changed(("report:\n", "".join(stages[:: -1 if behind else 1]) + "report:\n")))
    assert config.resample is not None
    assert len(config.ml) == 1


def test_a_training_config_selects_nothing(write, load):
    write(config=training.PDF)
    with pytest.raises(ConfigErrors) as caught:
        load_config("config.yaml")
    assert (
        str(caught.value)
        == "config.yaml: this config has no 'input' and 'select', so there is no selection to look at: it serves"
        " `rdfrun CONFIG` (--resampling) and `rdfrun check CONFIG`"
    )
    with pytest.raises(ConfigErrors, match=r"\(--prepare, --resampling\)"):
        load_config("PFlow-Preprocessing.yaml")
    load()
    assert type(load_any("hgg.yaml")) is Config


def test_set_makes_a_config_resample(load):
    config = load(overrides=("resample.method=none", "resample.options.seed=3"))
    assert config.resample.options.seed == 3
    assert config.position("resample") == ("--set resample.method=none", None)


@pytest.mark.parametrize(
    "options",
    [
        {"n_jets": (1 << 40) + 1},
        {"n_jets_validation": 1e13},
        {"sampling_fraction": {"b": 1.1e6}},
        {"max_upsampling_ratio": {"b": 1e300}},
    ],
)
def test_numbers_that_no_sample_has(options):
    with pytest.raises(ValidationError, match="less than or equal to"):
        ResampleOptions(**options)


@pytest.mark.parametrize("value", [1 << 64, -(1 << 63) - 1])
def test_values_of_labels_have_64_bits(value):
    with pytest.raises(ValidationError):
        LabelColumn(column="label", values={"b": value})
    assert LabelColumn(column="label", values={"b": (1 << 64) - 1}).values == {"b": (1 << 64) - 1}
