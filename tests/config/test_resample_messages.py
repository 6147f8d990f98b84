"""What is wrong with a section `resample` or `classes` is told in one line, with its place."""

from __future__ import annotations

import pytest

from rdfplugins.config import load_any
from rdfplugins.config.resample import METHODS
from tests.config import training
from tests.config.training import COUNT

METHOD, OPTIONS = "  method: count\n", "    n_jets: 10e6\n"
BINS = "[low, high, number] or a list of such lists is expected, not"
AS_COUNT = "the method count does not take"
ALL_METHODS = ", ".join(f"'{name}'" for name in METHODS[:-1]) + f" or '{METHODS[-1]}'"
PT = "resample.options.sampling_variables.0.pt"


def test_the_configs_themselves_are_right(tmp_path):
    for text in (COUNT, training.PREPARATION):
        tmp_path.joinpath("c.yaml").write_text(text)
        load_any(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "bins: [0, 15",
            "bins: bins: [0, 15",
            "11: 'bins: bins:' is one key too many; write it once: `bins: [0, 15e5, 250]`",
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: {bins: [0, 1, 2]}",
            (
                "11: resample.options.sampling_variables.0.pt.bins: [low, high, number] or a list of such lists is "
                "expected, not a mapping; the key stands twice here: write `bins: [0, 100, 11]`"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: {low: 0}",
            (
                "11: resample.options.sampling_variables.0.pt.bins: [low, high, number] or a list of such lists is "
                "expected, not a mapping: write `bins: [0, 100, 11]`"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: 250",
            (
                "11: resample.options.sampling_variables.0.pt.bins: [low, high, number] or a list of such lists is "
                "expected, not the number 250"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: []",
            "11: resample.options.sampling_variables.0.pt.bins: the list is empty; [low, high, number] is expected",
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [0, 15e5]",
            "11: resample.options.sampling_variables.0.pt.bins: [low, high, number] has three numbers, and this has 2",
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [[0, 1, 2], [3]]",
            "11: resample.options.sampling_variables.0.pt.bins: [low, high, number] has three numbers, and this has 1",
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [[0, 1, 2], 3]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: this mixes numbers and lists; write [low, high, "
                "number], or [[low, high, number], [low, high, number]]"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [[[0, 1, 2]]]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: the lists are nested too deeply; write [low, "
                "high, number] or [[low, high, number], [low, high, number]]"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [15e5, 0, 250]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: the first number must be below the second, and "
                "1.5e+06 is not below 0"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [5, 5, 250]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: the first number must be below the second, and 5 "
                "is not below 5"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [0, 15e5, 2.5]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: the third number of [low, high, number] is a "
                "whole number from 1 to 2000000, not 2.5"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [-1e308, 1e308, 250]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: from -1e+308 to 1e+308 is further than numbers go; "
                "take narrower bins"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "edges: [-1e308, 1e308]",
            (
                "11: resample.options.sampling_variables.0.pt.edges: from -1e+308 to 1e+308 is further than numbers "
                "go; take narrower bins"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [0, 15e5, 0]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: the third number of [low, high, number] is a "
                "whole number from 1 to 2000000, not 0"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [0, '15e5', 250]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: a finite number is expected in [low, high, "
                "number], not the text '15e5'; write it without quotes"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bins: [0, .inf, 250]",
            (
                "11: resample.options.sampling_variables.0.pt.bins: a finite number is expected in [low, high, "
                "number], not .inf"
            ),
        ),
        (
            "bins: [0, 15e5, 250]",
            "bin: [0, 1, 2]",
            "11: unknown key 'bin' in resample.options.sampling_variables.0.pt; did you mean 'bins'?",
        ),
        (
            "          bins: [0, 15e5, 250]",
            "        bins: [0, 15e5, 250]",
            (
                "11: resample.options.sampling_variables.0: 'bins' stands beside the name of its variable; indent it "
                "more than the name"
            ),
        ),
        (
            "          bins: [0, 15e5, 250]",
            "          expression: pt",
            (
                "10: resample.options.sampling_variables.0.pt: a variable has neither 'bins' nor 'edges'; write "
                "`bins: [0, 100, 11]`"
            ),
        ),
        (
            "      - pt:\n          bins: [0, 15e5, 250]",
            "      - pt",
            (
                "10: resample.options.sampling_variables.0: a variable and its bins are expected, such as `pt: "
                "{bins: [0, 100, 11]}`, not the text 'pt'"
            ),
        ),
        (
            "      - abs_eta:",
            "        abs_eta:",
            (
                "10: resample.options.sampling_variables.0: a variable is one key, and this has 2; begin each "
                "variable with '- '"
            ),
        ),
        (
            "abs_eta: {expression",
            "pt: {expression",
            "12: resample.options.sampling_variables: the variable 'pt' stands twice",
        ),
        (
            "abs_eta: {expression: abs(eta)",
            "abs-eta: {expression: ",
            (
                "12: resample.options.sampling_variables: 'abs-eta' cannot be the name of a column; say what it is: "
                "`expression: abs(eta)`"
            ),
        ),
        (
            "edges: [0, 1, 2.5]",
            "edges: [0, 1, 1]",
            "12: resample.options.sampling_variables.1.abs_eta.edges: edges ascend, and 1 is not below 1",
        ),
        (
            "edges: [0, 1, 2.5]",
            "edges: [0]",
            (
                "12: resample.options.sampling_variables.1.abs_eta.edges: at least two edges are expected: those of "
                "one bin"
            ),
        ),
        (
            "edges: [0, 1, 2.5]",
            "edges: [0, 1], bins: [0, 1, 2]",
            "12: resample.options.sampling_variables.1.abs_eta: a variable has 'bins' and 'edges'; keep one of them",
        ),
        (
            "abs(eta)",
            "abs(eta",
            "12: resample.options.sampling_variables.1.abs_eta.expression: 'abs(eta': a bracket is not closed",
        ),
        (
            "abs(eta)",
            "absolute(eta)",
            "12: resample.options.sampling_variables.1.abs_eta.expression: no function 'absolute'",
        ),
        (
            "n_jets: 10e6",
            "n_jets: 0",
            "16: resample.options.n_jets: -1 (as many as possible) or a number above 0 is expected, not the number 0",
        ),
        (
            "n_jets: 10e6",
            "n_jets: -2",
            "16: resample.options.n_jets: -1 (as many as possible) or a number above 0 is expected, not the number -2",
        ),
        (
            "n_jets: 10e6",
            "njets: -2",
            "16: resample.options.njets: -1 (as many as possible) or a number above 0 is expected, not the number -2",
        ),
        ("n_jets: 10e6", "n_jets: 2.5", "16: resample.options.n_jets: a whole number is expected, not the number 2.5"),
        (
            "n_jets: 10e6",
            "n_jets: '10e6'",
            "16: resample.options.n_jets: a whole number is expected, not the text '10e6'; write it without quotes",
        ),
        (
            "5.5e6",
            "0.5",
            "15: resample.options.custom_n_jets_initial.tt_up: a whole number is expected, not the number 0.5",
        ),
        (
            "5.5e6",
            "0",
            "15: resample.options.custom_n_jets_initial.tt_up: a number not below 1 is expected, not the number 0",
        ),
        (
            "    n_jets: 10e6\n",
            "    min_bin_count: -1\n",
            "16: resample.options.min_bin_count: a number not below 0 is expected, not the number -1",
        ),
        (
            "    n_jets: 10e6\n",
            "    max_lost_fraction: 1.5\n",
            "16: resample.options.max_lost_fraction: a number not above 1 is expected, not the number 1.5",
        ),
        (
            "  method: count\n",
            "  method: counts\n",
            (
                "5: resample.method: 'none', 'count', 'pdf', 'importance_no_replace', 'weighting', 'countup', "
                "'ensemble', 'stratified', 'random_undersampling', 'random_oversampling' or 'planing' is expected, "
                "not the text 'counts'; did you mean 'count'?"
            ),
        ),
        ("  method: count\n", "", "4: missing key 'method' in resample"),
        (
            "  method: count\n",
            "  method: count\n  option: {}\n",
            "6: unknown key 'option' in resample; did you mean 'options'?",
        ),
        (
            "    n_jets: 10e6\n",
            "    n_jet: 3\n",
            "16: unknown key 'n_jet' in resample.options; did you mean 'n_jets' or 'njets'?",
        ),
        (
            "    n_jets: 10e6\n",
            "    n_jets: 10e6\n    njets: 3\n",
            "17: 'njets' and 'n_jets' in resample.options are two names of one key; keep one of them",
        ),
        (
            "    n_jets: 10e6\n",
            "    initial: tail\n",
            "16: resample.options.initial: 'hash' or 'head' is expected, not the text 'tail'",
        ),
        (
            "    n_jets: 10e6\n",
            "    shuffle: yes\n",
            "16: resample.options.shuffle: true or false is expected, not the text 'yes'; write true",
        ),
        (
            "    n_jets: 10e6\n",
            "    interpolation: spline\n",
            "16: resample.options.interpolation: the method count does not take interpolation; it is of pdf",
        ),
        (
            "    n_jets: 10e6\n",
            "    max_upsampling_ratio: {tt_up: 2}\n",
            (
                "16: resample.options.max_upsampling_ratio: the method count does not take max_upsampling_ratio; it "
                "is of pdf and countup"
            ),
        ),
        (
            "    n_jets: 10e6\n",
            "    subsets: 3\n",
            "16: resample.options.subsets: the method count does not take subsets; it is of ensemble",
        ),
        (
            "    n_jets: 10e6\n",
            "    target_distribution: up\n",
            (
                "16: resample.options.target_distribution: the method count does not take target_distribution; "
                "importance_no_replace is like it and has a target"
            ),
        ),
        (
            "    n_jets: 10e6\n",
            "    max_duplicates: 2\n",
            (
                "16: resample.options.max_duplicates: the method count does not take max_duplicates; it is of pdf "
                "and countup and random_oversampling"
            ),
        ),
        (
            "    n_jets: 10e6\n",
            "    out_of_range: one\n",
            (
                "16: resample.options.out_of_range: the method count does not take out_of_range; it is of weighting "
                "and planing"
            ),
        ),
        (
            "    n_jets: 10e6\n",
            "    bool_attach_sample_weights: true\n",
            (
                "16: resample.options.bool_attach_sample_weights: the method count makes no weights to attach; "
                "weighting, planing, stratified do. Say false, or leave it out"
            ),
        ),
        (
            "  method: count\n",
            "  method: random_undersampling\n",
            (
                "9: resample.options.sampling_variables: the method random_undersampling does not take "
                "sampling_variables; count is like it and makes them alike, in their bins"
            ),
        ),
        (
            "  method: count\n",
            "  method: random_oversampling\n",
            (
                "9: resample.options.sampling_variables: the method random_oversampling does not take "
                "sampling_variables; countup is like it and makes them alike, in their bins"
            ),
        ),
        ("0.7", "0.6", "14: resample.options.fractions: the fractions must add up to 1, and they make 0.9"),
        (
            "ttbar: 0.7, zprime: 0.3",
            "ttbar: 1",
            "14: resample.options.fractions: the fraction of 'zprime' is missing; 0 leaves a category out",
        ),
        (
            "zprime: 0.3",
            "zprim: 0.3",
            "14: resample.options.fractions.zprim: no category 'zprim'; did you mean 'zprime'?",
        ),
        (
            "zprime: 0.3",
            "zprime: 0.3, ww: 0",
            "14: resample.options.fractions.ww: no category 'ww'; there are ttbar, zprime",
        ),
        (
            "zprime: 0.3",
            "zprime: -0.3",
            "14: resample.options.fractions.zprime: a number not below 0 is expected, not the number -0.3",
        ),
        (
            "    fractions: {ttbar: 0.7, zprime: 0.3}\n",
            "",
            (
                "13: resample.options.samples: count needs the `fractions` of the categories, such as {ttbar: 0.5, "
                "zprime: 0.5}"
            ),
        ),
        (
            "    samples: {ttbar: [tt_up, tt_charm], zprime: [zp_up, zp_charm]}\n",
            "",
            "13: resample.options.fractions: fractions are of the categories in `samples`, and there are none",
        ),
        ("[up, charm]", "[up, charm, up]", "6: resample.class_labels.2: the class 'up' stands twice"),
        (
            "[zp_up, zp_charm]",
            "[zp_up, zp_charm, tt_up]",
            "13: resample.options.samples.zprime.2: the sample 'tt_up' stands twice, first in 'ttbar'",
        ),
        (
            "[zp_up, zp_charm]",
            "[zp_up, zp_up]",
            "13: resample.options.samples.zprime.1: the sample 'zp_up' stands twice",
        ),
        (
            "[zp_up, zp_charm]",
            "[zp_up, zp_charms]",
            "13: resample.options.samples.zprime.1: no sample 'zp_charms'; did you mean 'zp_charm' or 'tt_charm'?",
        ),
        (
            "[zp_up, zp_charm]",
            "[zp_up, qcd]",
            "13: resample.options.samples.zprime.1: no sample 'qcd'; there are tt_up, tt_charm, zp_up, zp_charm",
        ),
        ("[zp_up, zp_charm]", "[]", "13: resample.options.samples.zprime: the list is empty"),
        (
            "{tt_up: 5.5e6}",
            "{tt_upp: 5.5e6}",
            "15: resample.options.custom_n_jets_initial.tt_upp: no sample 'tt_upp'; did you mean 'tt_up'?",
        ),
        (
            "    samples: {",
            "    samples_training: {ttbar: tt_up, zprime: zp_up}\n    samples: {",
            (
                "13: resample.options.samples_training: samples and samples_training are two names of one thing; "
                "keep one of them"
            ),
        ),
        (
            "flavour == 4",
            "flavour = 4",
            "3: classes.charm.cut: '=' cannot stand in a formula ('flavour = 4'); write '==' to compare",
        ),
        (
            '"#1f77b4"',
            "'#1f'",
            "2: classes.up.color: a color such as tab:blue or '#1f77b4' is expected, not the text '#1f'",
        ),
        ("cut: flavour == 4", "cuts: flavour == 4", "3: unknown key 'cuts' in classes.charm; did you mean 'cut'?"),
        (
            "  from: {tt_up: a.root, tt_charm: b.root, zp_up: c.root, zp_charm: d.root}\n",
            "",
            (
                "4: nothing says which files 'resample' reads: it needs 'from: {SAMPLE: FILES}', 'preparation', or "
                "'input' and 'select'"
            ),
        ),
        ("a.root", "[]", "7: resample.from.tt_up: the list is empty"),
        ("classes:\n", "class:\n", "1: unknown key 'class'; did you mean 'classes'?"),
        (
            METHOD,
            f"{METHOD}  njets: 5\n",
            "6: unknown key 'njets' in resample; it belongs to resample.options, one level below",
        ),
        (
            OPTIONS,
            f"{OPTIONS}    label_column: flavour\n",
            "17: unknown key 'label_column' in resample.options; it belongs to resample, one level above",
        ),
        (
            "classes:\n",
            "version: 2\nclasses:\n",
            "1: version: this release reads configs with 'version: 1', not the number 2",
        ),
    ],
)
def test_one_slip_is_one_fault(said, old, new, expected):
    assert "\n".join(said(COUNT, (old, new))) == f"c.yaml:{expected}"
