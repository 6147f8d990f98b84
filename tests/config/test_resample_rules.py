"""Options that fit a method or not, names that exist or not, and the order of stages."""

from __future__ import annotations

import random

import pytest

from rdfplugins.config import load_any
from rdfplugins.errors import ConfigErrors
from tests.config import mutations, training
from tests.config.training import COUNT


def test_both_names_of_the_section(said):
    assert said(COUNT + "sampling: {method: none}\n") == [
        "c.yaml:17: 'sampling' and 'resample' are two names of one key; keep one of them"
    ]


def test_all_faults_at_once(said):
    faults = said(
        COUNT,
        ("n_jets: 10e6", "n_jets: 0\n    subsets: 3"),
        ("0.7", "0.6"),
        ("[0, 15e5, 250]", "[1, 0, 250]"),
        ("flavour == 0", "flavour = 0"),
        ("zp_up, zp_charm]}", "zp_up, zp_charn]}"),
    )
    assert [line.split(":")[1] for line in faults] == ["2", "11", "13", "14", "16", "17"]


def test_faults_of_values_from_the_command_line(said):
    assert said(COUNT, overrides=("resample.options.n_jets=0",)) == [
        (
            "--set resample.options.n_jets=0: resample.options.n_jets: -1 (as many as possible) or a number above 0 is"
            " expected, not the number 0"
        )
    ]


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        (
            "pdf",
            "",
            "4: resample.options: the method pdf needs sampling_variables, such as `- pt: {bins: [0, 100, 11]}`",
        ),
        (
            "count",
            "",
            (
                "4: resample.options: the method count needs sampling_variables, such as `- pt: {bins: [0, 100, "
                "11]}`; random_undersampling goes by the classes alone"
            ),
        ),
        (
            "stratified",
            "allocation: neyman",
            "4: resample.options.allocation: Neyman's allocation needs the spread of an `allocation_variable`",
        ),
        (
            "stratified",
            "allocation_variable: m",
            "4: resample.options.allocation_variable: only `allocation: neyman` looks at the spread of a variable",
        ),
        (
            "stratified",
            "allocation: neyman, allocation_variable: m +",
            "4: resample.options.allocation_variable: 'm +' is not complete; something is missing at its end",
        ),
        (
            "weighting",
            "V, weighting_target_flavour: c",
            "4: resample.options.weighting_target_flavour: no class 'c'; there are a, b, and uniform",
        ),
        (
            "weighting",
            "V, weighting_target_flavour: a, target_distribution: b",
            (
                "4: resample.options.target_distribution: weighting_target_flavour and target_distribution say two "
                "things; keep one of them"
            ),
        ),
        (
            "pdf",
            "V, target_distribution: unifrom",
            "4: resample.options.target_distribution: no class 'unifrom'; did you mean 'uniform'?",
        ),
        (
            "pdf",
            "V, max_upsampling_ratio: {aa: 2}",
            "4: resample.options.max_upsampling_ratio.aa: no sample or class 'aa'; did you mean 'a'?",
        ),
        (
            "pdf",
            "V, max_upsampling_ratio: {a: 0}",
            "4: resample.options.max_upsampling_ratio.a: a number above 0 is expected, not the number 0",
        ),
        (
            "pdf",
            "V, rounding: stochastic",
            "4: resample.options.rounding: the method pdf does not take rounding; it is of importance_no_replace",
        ),
        (
            "planing",
            "V, target_distribution: a",
            (
                "4: resample.options.target_distribution: the method planing does not take target_distribution; its "
                "target is uniform"
            ),
        ),
        ("ensemble", "subsets: 1", "4: resample.options.subsets: a number not below 2 is expected, not the number 1"),
        (
            "ensemble",
            "subsets: 65",
            "4: resample.options.subsets: a number not above 64 is expected, not the number 65",
        ),
        (
            "none",
            "fractions: {a: 1}",
            "4: resample.options.fractions: fractions are of the categories in `samples`, and there are none",
        ),
    ],
)
def test_options_that_do_not_fit_the_method(said, method, options, expected):
    text = f"resample:\n  method: {method}\n  from: {{a: a.root, b: b.root}}\n  options: {{{options}}}\n"
    text = text.replace("{V,", "{sampling_variables: [{x: {bins: [0, 1, 2]}}],")
    assert "\n".join(said(text)) == f"c.yaml:{expected}"


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (
            "pdf",
            (
                "sampling_variables: [{x: {edges: [0, 1]}}], custom_n_jets_initial: {a: 3}, max_upsampling_ratio: "
                "{a: 2, b: 3}"
            ),
        ),
        ("count", "sampling_variables: [{x: {edges: [0, 1]}}], samples: {one: [a, b]}"),
        ("none", "sampling_variables: [{x: {edges: [0, 1]}}], weighting_target_flavour: a"),
        ("ensemble", "subsets: 4"),
        ("stratified", "allocation: neyman, allocation_variable: m * 2, bool_attach_sample_weights: true"),
        ("random_oversampling", "sampling_variables: [], interpolation: none, max_upsampling_ratio: {}"),
        ("weighting", "sampling_variables: [{x: {edges: [0, 1]}}], target_distribution: uniform"),
        ("random_undersampling", "samples: {s: [a], t: [b]}, fractions: {s: 1, t: 0}"),
    ],
)
def test_options_that_fit(tmp_path, method, options):
    path = tmp_path / "c.yaml"
    path.write_text(f"resample:\n  method: {method}\n  from: {{a: a.root, b: b.root}}\n  options: {{{options}}}\n")
    assert load_any(path).resample.method == method


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        (
            "pdf",
            "custom_njets_initial: {a: 3}, initial: head",
            ["4: custom_njets_initial has no effect with method pdf", "4: initial has no effect with method pdf"],
        ),
        (
            "count",
            "weighting_target_flavour: a",
            ["4: weighting_target_flavour has no effect with method count, only with weighting"],
        ),
        ("count", "n_jets_scaling: 0, bool_attach_sample_weights: false", ["4: n_jets_scaling has no effect here"]),
        ("count", "weighting_target_flavour:, custom_n_jets_initial: {a: 3}", []),
    ],
)
def test_what_has_no_effect(tmp_path, monkeypatch, method, options, expected):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("c.yaml").write_text(
        f"resample:\n  method: {method}\n  from: {{a: a.root, b: b.root}}\n"
        f"  options: {{sampling_variables: [{{x: {{edges: [0, 1]}}}}], {options}}}\n"
    )
    assert load_any("c.yaml").warnings() == [f"c.yaml:{line}" for line in expected]


def test_the_order_of_stages(faults):
    resample = "resample: {method: none}\n"
    assert faults(("input:\n", resample + "input:\n")) == [
        "hgg.yaml:3: 'resample' stands in front of 'select', whose trees it reads; move it behind"
    ]
    assert faults(
        ("  unblind: true\n  mass: m_yy\n", "  unblind: true\n" + resample.replace("resample", "sampling"))
    ) == ["hgg.yaml:55: 'sampling' stands behind 'report', which comes last; move it in front of 'report'"]


def test_samples_are_those_of_the_selection_or_the_preparation(faults):
    resample = "resample: {method: none, options: {samples: {one: [gg, dat]}}}\nreport:\n"
    assert faults(("report:\n", resample)) == [
        "hgg.yaml:53: resample.options.samples.one.1: no sample 'dat'; did you mean 'data'?"
    ]


def test_a_sample_of_umami_that_is_not_prepared(said, tmp_path):
    tmp_path.joinpath("Preprocessing-parameters.yaml").write_text(training.PARAMETERS)
    assert said(training.PREPROCESSING, ("        - training_zprime_ujets", "        - training_zprime_ujet")) == [
        (
            "c.yaml:51: sampling.options.samples.zprime.2: no sample 'training_zprime_ujet'; did you mean"
            " 'training_zprime_ujets' or 'training_zprime_cjets' or 'training_zprime_bjets'?"
        )
    ]


def test_what_stands_in_an_included_file_is_told_with_its_place(said, tmp_path):
    wrong = training.PARAMETERS.replace('operator: ">", condition', 'operator: "=>", condition')
    tmp_path.joinpath("Preprocessing-parameters.yaml").write_text(wrong)
    faults = said(training.PREPROCESSING)
    assert {line.partition(":")[0] for line in faults} == {"Preprocessing-parameters.yaml"}
    assert faults[0].startswith(
        "Preprocessing-parameters.yaml:28: preparation.samples.training_zprime_bjets.cuts.0.pt_btagJes"
    )


@pytest.mark.parametrize("seed", range(4))
def test_slips_of_the_keyboard_are_told_in_lines(tmp_path, monkeypatch, seed):
    monkeypatch.chdir(tmp_path)
    chance = random.Random(seed)
    files = {"c.yaml": training.HYBRID, "PFlow-Preprocessing.yaml": training.PREPROCESSING}
    files |= {"Preprocessing-parameters.yaml": training.PARAMETERS}
    good = 0
    for _ in range(60):
        wrong = chance.choice(list(files))
        for name, text in files.items():
            tmp_path.joinpath(name).write_bytes(mutations.of_text(text, chance) if name == wrong else text.encode())
        try:
            load_any("c.yaml")
        except ConfigErrors as error:
            for fault in error.faults:
                assert fault.file
                assert "\n" not in fault.message
        else:
            good += 1
    assert 3 < good < 57
