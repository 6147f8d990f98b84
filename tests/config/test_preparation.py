"""The sections `preparation` and `classes`: cuts become formulas, and what is wrong is told in one line."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.config import PreparedSample, load_any
from rdfplugins.config.preparation import PreparationConfig
from rdfplugins.errors import ConfigErrors
from rdfplugins.formula import Formula
from tests.config import training
from tests.config.training import PREPARATION


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "type: ttbar",
            "type: ttbr",
            "6: preparation.samples.tt_up.type: no type 'ttbr' in 'ntuples'; did you mean 'ttbar'?",
        ),
        ("type: ttbar", "type: ww", "6: preparation.samples.tt_up.type: no type 'ww' in 'ntuples'; there are ttbar"),
        (
            "      type: ttbar\n",
            "",
            "5: preparation.samples.tt_up: a sample needs a 'type', which is a key of 'ntuples', or 'files'",
        ),
        (
            "type: ttbar",
            "type: ttbar\n      files: x.h5",
            "7: preparation.samples.tt_up.files: 'type' and 'files' exclude each other; keep one of them",
        ),
        (
            "output_name: up.h5",
            "output_name: up.h5\n      f_output: {path: a, file: b}",
            (
                "13: preparation.samples.tt_up.output_name: 'f_output' and 'output_name' exclude each other; keep "
                "one of them"
            ),
        ),
        ("      category: up\n", "", "5: missing key 'category' in preparation.samples.tt_up"),
        (
            "n_jets: 1e6",
            "n_jets: 0",
            (
                "8: preparation.samples.tt_up.n_jets: -1 (as many as possible) or a number above 0 is expected, not "
                "the number 0"
            ),
        ),
        (
            "mod_6_<=",
            "mod6_<=",
            (
                "10: preparation.samples.tt_up.cuts.0.eventNumber.operator: one of == != < <= > >=, or such a one "
                "behind mod_N_, is expected as operator, not the text 'mod6_<='; did you mean 'mod_6_<='?"
            ),
        ),
        (
            'operator: "<"',
            "operator: in",
            (
                "11: preparation.samples.tt_up.cuts.1.0.pt.operator: one of == != < <= > >=, or such a one behind "
                "mod_N_, is expected as operator, not the text 'in'"
            ),
        ),
        (
            "condition: 2.5e5",
            "condition: high",
            "11: preparation.samples.tt_up.cuts.1.0.pt.condition: a finite number is expected, not the text 'high'",
        ),
        (
            "condition: 2.5e5",
            "conditon: 1",
            "11: unknown key 'conditon' in preparation.samples.tt_up.cuts.1.0.pt; did you mean 'condition'?",
        ),
        (
            "{pt: {operator",
            "{pt-x y: {operator",
            (
                "11: preparation.samples.tt_up.cuts.1.0: 'pt-x y' cannot be the name of a column; write the cut as "
                "`cut:`, in C++"
            ),
        ),
        (
            "abs(eta) < 2.5",
            "abs(eta) < ",
            "12: preparation.samples.tt_up.cut: 'abs(eta) <' is not complete; something is missing at its end",
        ),
        (
            "file_pattern",
            "file_patern",
            "3: unknown key 'file_patern' in preparation.ntuples.ttbar; did you mean 'file_pattern'?",
        ),
        (
            "  ntuples:\n",
            "  input_h5: {}\n  ntuples:\n",
            "2: 'input_h5' and 'ntuples' in preparation are two names of one key; keep one of them",
        ),
        ("preparation:\n", "preparations:\n", "1: unknown key 'preparations'; did you mean 'preparation'?"),
    ],
)
def test_one_slip_in_the_preparation_is_one_fault(said, old, new, expected):
    assert "\n".join(said(PREPARATION, (old, new))) == f"c.yaml:{expected}"


@pytest.fixture
def prepared(tmp_path):
    """Return the sample of the config with other cuts."""

    def made(cuts, more=""):
        path = tmp_path / "c.yaml"
        path.write_text(
            "preparation: {ntuples: {t: {path: a, file_pattern: x}}, samples: {s: {type: t, category: c,"
            f" cuts: {cuts}{more}}}}}}}\n"
        )
        return load_any(path).preparation.samples["s"]

    return made


ROWS = {
    "x": [0.0, 1.0, 2.0, 3.0, -4.0, float("nan"), float("inf")],
    "n": [0, 1, 2, 8, 9, 12, 5],
}


@pytest.mark.parametrize(
    ("cut", "formula", "passes"),
    [
        ("{x: {operator: <, condition: 2}}", "(x < 2)", "1100100"),
        ("{x: {operator: <=, condition: 2.0}}", "(x <= 2.0)", "1110100"),
        ("{x: {operator: '>', condition: 1e0}}", "(x > 1.0)", "0011001"),
        ("{x: {operator: '>=', condition: 3}}", "(x >= 3)", "0001001"),
        ("{x: {operator: '==', condition: 3}}", "(x == 3)", "0001000"),
        ("{x: {operator: '!=', condition: 3}}", "(x != 3 && !isnan(x))", "1110101"),
        ("{x: {operator: '!=', condition: 3, NaNcheck: true}}", "(x != 3 || isnan(x))", "1110111"),
        ("{x: {operator: '>', condition: -5, NaNcheck: True}}", "(x > -5 || isnan(x))", "1111111"),
        ("{x: {operator: '>', condition: -5, NaNcheck: False}}", "(x > -5)", "1111101"),
        ("{n: {operator: mod_6_<=, condition: 3}}", "(n % 6 <= 3)", "1111110"),
        ("{n: {operator: mod_6_==, condition: 0}}", "(n % 6 == 0)", "1000010"),
        ("{n: {operator: 'mod_10_>', condition: 4}}", "(n % 10 > 4)", "0001101"),
        ("{n: {operator: ==, condition: true}}", "(n == 1)", "0100000"),
        ("{x: {operator: '>', condition: 0}, n: {operator: <, condition: 9}}", "(x > 0) && (n < 9)", "0111001"),
    ],
)
def test_cuts_are_formulas(prepared, cut, formula, passes):
    sample = prepared(f"[{cut}]")
    assert sample.cut == formula
    rows = {name: np.array(values) for name, values in ROWS.items()}
    assert "".join(str(int(passed)) for passed in Formula(formula).passes(rows)) == passes


def test_lists_of_cuts_are_opened_in_their_order(prepared):
    cut = "{x: {operator: <, condition: %d}}"
    assert prepared(f"[{cut % 1}, [{cut % 2}, [{cut % 3}], {cut % 4}], [], {cut % 5}]").cut == (
        "(x < 1) && (x < 2) && (x < 3) && (x < 4) && (x < 5)"
    )
    assert prepared(f"[{cut % 1}]", ", cut: a || b").cut == "(x < 1) && (a || b)"
    assert prepared("[]", ", cut: a || b").cut == "(a || b)"
    assert prepared("[]").cut is None


@pytest.mark.parametrize(
    ("cuts", "expected"),
    [
        ("3", "a list is expected, not the number 3"),
        ("[3]", "a mapping is expected, not the number 3"),
        ("[{}]", "a variable with its operator and condition is expected, and this is empty"),
        ("{x: {operator: <, condition: 1}}", "a list is expected, not a mapping"),
        ("[{x: {operator: <}}]", "missing key 'condition'"),
        ("[{x: {operator: <, condition: [1, 2]}}]", "a finite number is expected, not a list"),
        ("[{x: {operator: <, condition: .inf}}]", "a finite number is expected, not .inf"),
        ("[{x: {operator: mod_0_<, condition: 1}}]", "is expected as operator, not the text 'mod_0_<'"),
        ("[{x: {operator: <, condition: 1, NaNcheck: 1}}]", "true or false is expected, not the number 1"),
    ],
)
def test_cuts_that_are_none(prepared, cuts, expected):
    with pytest.raises(ConfigErrors) as caught:
        prepared(cuts)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_of_files(prepared):
    assert prepared("[]").file_name is None
    assert prepared("[]", ", output_name: out/x.h5").file_name == "out/x.h5"
    assert prepared("[]", ", f_output: {path: out/, file: x.h5}").file_name == "out/x.h5"


def test_it_is_made_from_python_too():
    sample = PreparedSample(files=("a.root",), category="b", cuts=("(x > 1)",), cut="y < 2")
    assert sample.cut == "(x > 1) && (y < 2)"
    spec = PreparationConfig(samples={"a": sample}, tree="mini")
    assert (spec.ntuples, spec.dataset, spec.batchsize, spec.samples["a"].n_jets) == ({}, "jets", 50_000, -1)


def test_both_names_of_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ntuples", "input_h5"):
        tmp_path.joinpath("c.yaml").write_text(training.PREPARATION.replace("ntuples", name))
        spec = load_any("c.yaml").preparation
        assert spec.ntuples["ttbar"].path == "files"
        assert spec.ntuples["ttbar"].file_pattern == ("*.h5",)
