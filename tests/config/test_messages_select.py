"""Every fault of the sections ``select`` and ``report``, word by word."""

from __future__ import annotations

import pytest

NAME = "use letters, digits and _, and no digit first"
FILE_NAME = "it becomes the name of a file; use letters, digits and _ . + -, and no dot first"
OURS = "is the name of an object that each output file has; choose another"
RESERVED = "is reserved: rdfplugins makes a column of this name itself"
NUMBER = "put it in quotes if it is meant as text"

GOOD = '{good_run: "runNumber > 0"}'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # steps
        ("- filter: {good_run", "- filtre: {good_run", "30: unknown key 'filtre' in a step; did you mean 'filter'?"),
        (
            "- filter: {good_run",
            "- good_runs: {good_run",
            (
                "30: unknown key 'good_runs' in a step; a step has one of the keys 'node', 'filter', 'define', 'vary',"
                " 'golden_json'"
            ),
        ),
        ("      only: gg", "      onyl: gg", "40: unknown key 'onyl' in a step; did you mean 'only'?"),
        (
            "      only: gg",
            "      node: gg",
            "40: select.steps.4: a step has only one of the keys 'filter', 'node'; make two steps of this",
        ),
        ("      only: gg", "      with: {}", "40: unknown key 'with' in a step"),
        (
            "- node: diphoton.weights",
            "- diphoton.weights",
            "29: select.steps.0: a step is a mapping such as 'node: NAME', not the text 'diphoton.weights'",
        ),
        (
            "- node: diphoton.weights",
            "- only: mc",
            "29: select.steps.0: a step needs one of the keys 'node', 'filter', 'define', 'vary', 'golden_json'",
        ),
        (
            "- node: diphoton.weights",
            "- ",
            "29: select.steps.0: a step is a mapping such as 'node: NAME', not an empty value",
        ),
        (
            "- node: diphoton.weights",
            "- node: 3",
            f"29: select.steps.0.node: text is expected, not the number 3; {NUMBER}",
        ),
        (
            "- node: diphoton.weights",
            "- {node: x, with: [3]}",
            "29: select.steps.0.with: a mapping is expected, not a list",
        ),
        (
            "- node: diphoton.weights",
            "- {node:x, with: {}}",
            "29: unknown key 'node:x' in a step; a space is missing after the ':'",
        ),
        (GOOD, "{}", "30: select.steps.1.filter: at least one entry is expected, and this is empty"),
        (GOOD, "x > 3", "30: select.steps.1.filter: a mapping is expected, not the text 'x > 3'"),
        (GOOD, "{a: [x]}", "30: select.steps.1.filter.a: a C++ expression is expected, not a list"),
        (GOOD, "{a: {b: c}}", "30: select.steps.1.filter.a: a C++ expression is expected, not a mapping"),
        (GOOD, "{a: .inf}", "30: select.steps.1.filter.a: a C++ expression is expected, not .inf"),
        (GOOD, "{a: ''}", "30: select.steps.1.filter.a: text is expected, and this is empty"),
        (GOOD, '{"": x}', "30: select.steps.1.filter: text is expected, and this is empty"),
        ("in_window", "good_run", "39: cut 'good_run' exists already, see line 30"),
        ("one: 1", "met: 1", "38: column 'met' exists already, see line 8"),
        ("one: 1", "x.y: 1", f"38: select.steps.3.define: 'x.y' cannot be the name of a column; {NAME}"),
        (
            "one: 1",
            "rdfp_x: 1",
            f"38: select.steps.3.define: 'rdfp_x' {RESERVED}",
        ),
        (
            "one: 1",
            "event_key: 1",
            f"38: select.steps.3.define: 'event_key' {RESERVED}",
        ),
        (
            "one: 1",
            "split: 1",
            f"38: select.steps.3.define: 'split' {RESERVED}",
        ),
        (
            "one: 1",
            "label_id: 1",
            f"38: select.steps.3.define: 'label_id' {RESERVED}",
        ),
        (
            "only: gg",
            "only: hgg",
            "40: select.steps.4.only: 'hgg' is neither mc, nor data, nor a sample; did you mean 'gg'?",
        ),
        (
            "only: gg",
            "only: dtaa",
            "40: select.steps.4.only: 'dtaa' is neither mc, nor data, nor a sample; did you mean 'data'?",
        ),
        (
            "only: gg",
            "only:\n        - mc\n        - x",
            "42: select.steps.4.only: 'x' is neither mc, nor data, nor a sample",
        ),
        ("only: gg", "only: []", "40: select.steps.4.only: the list is empty"),
        (
            "only: gg",
            "only: 1",
            "40: select.steps.4.only: mc, data, the name of a sample or a list of them is expected, not the number 1",
        ),
        # what is made of the events
        ("bins: 30", "bins: 30.5", "42: select.histograms.m_yy.bins: a whole number is expected, not the number 30.5"),
        ("bins: 30", "bins: 0", "42: select.histograms.m_yy.bins: a number not below 1 is expected, not the number 0"),
        (
            "bins: 30",
            "bins: 100001",
            "42: select.histograms.m_yy.bins: a number not above 100000 is expected, not the number 100001",
        ),
        ("bins: 30, ", "", "42: missing key 'bins' in select.histograms.m_yy"),
        (
            "[105, 160]",
            "[160, 105]",
            "42: select.histograms.m_yy.range: the first number must be below the second, and 160 is not below 105",
        ),
        ("[105, 160]", "[105]", "42: select.histograms.m_yy.range: two numbers such as [105, 160] are expected, not 1"),
        (
            "[105, 160]",
            "105",
            "42: select.histograms.m_yy.range: two numbers such as [105, 160] are expected, not the number 105",
        ),
        (
            "[105, 160]",
            "[105, .inf]",
            "42: select.histograms.m_yy.range.1: a finite number is expected, not .inf",
        ),
        (
            "[105, 160]",
            "[a, 160]",
            "42: select.histograms.m_yy.range.0: a number is expected, not the text 'a'",
        ),
        (
            "  histograms:\n    m_yy: ",
            "  histograms:\n    m/yy: ",
            f"42: select.histograms: 'm/yy' cannot be a name here, {FILE_NAME}",
        ),
        (
            "  histograms:\n    m_yy: ",
            "  histograms:\n    cutflow: ",
            f"42: select.histograms: 'cutflow' {OURS}",
        ),
        ("train: 0.7", "train: 0.8", "44: select.split.fractions: the fractions must add up to 1, and they make 1.1"),
        (
            "train: 0.7",
            "train: -0.7",
            "44: select.split.fractions.train: a number not below 0 is expected, not the number -0.7",
        ),
        ("train: 0.7", "trian: 0.7", "44: unknown key 'trian' in select.split.fractions; did you mean 'train'?"),
        (
            "train: 0.7",
            "sum: 0.7",
            "44: unknown key 'sum' in select.split.fractions; 'train', 'val' or 'test' is expected",
        ),
        (
            "{train: 0.7, val: 0.15, test: 0.15}",
            "{val: 0.5, test: 0.5}",
            "44: select.split.fractions: a fraction for 'train' is needed",
        ),
        ("folds: 5", "folds: 1", "45: select.split.folds: a number not below 2 is expected, not the number 1"),
        ("    dir: out/hgg\n", "", "47: missing key 'dir' in select.output"),
        ("dir: out/hgg", "dir: '${RDFP_NO}'", "48: select.output.dir: the environment variable RDFP_NO is not set"),
        (
            "tree: events",
            "tree: provenance",
            f"49: select.output.tree: 'provenance' {OURS}",
        ),
        (
            "columns: [m_yy, weight]",
            "columns: []",
            "50: select.output.columns: at least one entry is expected, and this is empty",
        ),
        (
            "columns: [m_yy, weight]",
            "columns: m_yy",
            "50: select.output.columns: a list is expected, not the text 'm_yy'",
        ),
        (
            "format: ttree",
            "format: ntuple",
            (
                "51: select.output.format: 'ttree' or 'rntuple' is expected, not the text 'ntuple'; did you mean"
                " 'rntuple'?"
            ),
        ),
        (
            "exports: [tsv]",
            "exports: [tsv, hdf]",
            "52: select.output.exports.1: 'tsv', 'h5' or 'parquet' is expected, not the text 'hdf'",
        ),
        ("[my_macros.h]", "my_macros.h", "26: select.include: a list is expected, not the text 'my_macros.h'"),
        (
            "unblind: true",
            "unblind: yes",
            "54: report.unblind: true or false is expected, not the text 'yes'; write true",
        ),
        (
            "unblind: true",
            "unblind: off",
            "54: report.unblind: true or false is expected, not the text 'off'; write false",
        ),
        (
            "unblind: true",
            "unblind: 'true'",
            "54: report.unblind: true or false is expected, not the text 'true'; write it without quotes",
        ),
        ("unblind: true", "unblind: 1", "54: report.unblind: true or false is expected, not the number 1"),
    ],
)
def test_one_slip_is_one_fault(faults, old, new, expected):
    assert "\n".join(faults((old, new))) == f"hgg.yaml:{expected}"
