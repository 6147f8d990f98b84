"""Formulas over branches give what TTreeFormula gives, in numpy and in C++; what would differ is refused."""

from __future__ import annotations

import array
import math
import random
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins import cpp
from rdfplugins.formula_tree import HEADER, FormulaError, TreeFormula
from rdfplugins.formula_tree_functions import FUNCTIONS

# branch -> type, values; fewer than one element of `a` is written as [0]
BRANCHES = {
    "x": ("d", "D", [2.5, -3.7, 800.0, 0.3, -0.5, 0.0, 1.0, -800.0]),
    "y": ("f", "F", [-1.5, 2.25, -800.0, 0.0, 3.5, 0.0, -1.0, 0.1]),
    "n": ("i", "I", [3, -2, 0, 7, -7, 1, 100000, 5]),
    "l": ("q", "L", [7, -9007199254740993, 2, -5, 3, 0, 1 << 40, -1]),
    "u": ("I", "i", [5, 3, 4000000000, 2, 1, 0, 7, 9]),
    "b": ("b", "O", [1, 0, 1, 1, 0, 0, 1, 1]),
}
ELEMENTS = np.random.default_rng(5).normal(size=(8, 3)).round(2)
VALUES = {name: np.array(values, kind) for name, (kind, _, values) in BRANCHES.items()}
VALUES |= {f"a[{index}]": ELEMENTS[:, index] for index in range(3)}
C_TYPES = {"x": "double", "y": "float", "n": "int", "l": "Long64_t", "u": "unsigned int", "b": "bool"}
ROWS = 8

ARITHMETIC = [
    *("1/2*n", "n/2", "1/2", "x/y", "x/0", "n/y", "x/y*n", "x/y/n", "x-y-n", "x-y+n", "x*y/n", "-x*y", "x--y", "x-+y"),
    *("x^2", "-x^2", "(-x)^2", "2^-1", "x^-n", "x^0.5", "2*x^2", "x^2*3", "n^3", "x**2", "2^x*y", "x/y^2", "-2^2"),
    *("n%3", "x%2", "l%3", "2*n%3", "n/2%3", "n%3+1", "1+n%3", "-n%3", "(n%2)*3", "n%(2*3)", "u-6", "u*u", "l", "l*1"),
    *("n*1000000000", "2147483648+n", "010*x", "1e3*x", "1e-3*x", "1E3*x", ".5*x", "5.*x", "pi*x", "(((x)))"),
    *("a[0]", "a[1]+a[2]", "a [ 2 ]*2", "a[0]>a[1]"),
]
CONDITIONS = [
    *("!x", "!b", "!!x", "-!x", "!(x>y)", "!x&&y", "!(x&&y)", "x&&y", "x||y", "x>y&&n>0||b", "b||x>y&&n>0", "x>y+n"),
    *("-x>y", "x<-1", "x==-3.7", "x!=n", "x<=-y", "(x>0)-(y>0)", "-(x>0)", "(x<0)==(y<0)", "x-1&&y-1", "1-n==2"),
    *("(x>700e3)?700e3:x", "(u>2500e3)?2500e3:u", "x>0?1:n>0?2:3", "x>0?x:y+1", "1+(x>0?x:y)", "n?x:y", "x>0?-x:x"),
    *("x>0&&y>0?x:y", "1+x>0?x:y", "x>0?x:y>1", "min(x>0?1:2,3)", "(x>0)?1:(y>0)?2:3", "x ? y : n ? 1 : 2"),
]
WRITTEN = [
    "exp(-0.5*((x-1)/2)^2)",
    "sqrt(x^2+y^2)/n",
    "log(x)/log(10)",
    "abs(n)+abs(x)",
    "int(x)",
    "cos(x)^2",
    "log(n)",
]
CALLS = [
    f"{name}({arguments})"
    for name, function in FUNCTIONS.items()
    for arguments in {0: [""], 1: ["x", "n", "y/10"], 2: ["x,y", "n,2", "y,n"]}[function.arguments]
]


@pytest.fixture(scope="module")
def tree():
    root = cpp.load_root()
    made = root.TTree("tree", "")
    made.SetDirectory(root.nullptr)
    buffers = {name: array.array(kind, [0]) for name, (kind, _, _) in BRANCHES.items()}
    for name, (_, letter, _) in BRANCHES.items():
        made.Branch(name, buffers[name], f"{name}/{letter}")
    elements = array.array("d", [0.0] * 3)
    made.Branch("a", elements, "a[3]/D")
    for row in range(ROWS):
        for name, (_, _, values) in BRANCHES.items():
            buffers[name][0] = values[row]
        elements[:] = array.array("d", ELEMENTS[row])
        made.Fill()
    made.ResetBranchAddresses()
    return made


def by_root(tree, text):
    """Return TTreeFormula's values of a formula, or None where it does not take it."""
    root = cpp.load_root()
    level, root.gErrorIgnoreLevel = root.gErrorIgnoreLevel, root.kFatal
    try:
        formula = root.TTreeFormula("formula", text, tree)
        if not formula.GetNdim():
            return None
        found = []
        for row in range(ROWS):
            tree.GetEntry(row)  # else what stands first in a part that is skipped keeps its value of another entry
            formula.GetNdata()
            found.append(formula.EvalInstance(0))
        return np.array(found)
    finally:
        root.gErrorIgnoreLevel = level


def same(found, wanted):
    return np.allclose(found, wanted, rtol=1e-13, atol=0, equal_nan=True)


def read_by_cpp(name):
    return f"rdfp_tree_element(a, {name[2:-1]})" if name.startswith("a[") else name


def by_cpp(texts):
    """Return the values of what formulas are written as, compiled by ROOT, float64[formulas, rows]."""
    root = cpp.load_root()
    cpp.include(HEADER)
    name = f"rdfp_test_tree_formula_{abs(hash(tuple(texts)))}"
    arguments = ", ".join([*(f"{kind} {column}" for column, kind in C_TYPES.items()), "std::vector<double> a"])
    lines = "\n".join(f"out.push_back({TreeFormula(text).cpp(read_by_cpp)});" for text in texts)
    source = f"namespace {name} {{ std::vector<double> out; void row({arguments}) {{\n{lines}\n}} }}"
    assert root.gInterpreter.Declare(source), source
    for row in range(ROWS):
        given = [f"({C_TYPES[column]}){VALUES[column][row]!s}" for column in C_TYPES]
        elements = ", ".join(str(value) for value in ELEMENTS[row])
        root.gInterpreter.ProcessLine(f"{name}::row({', '.join(given)}, {{{elements}}});")
    return np.array(list(getattr(root, name).out)).reshape(ROWS, len(texts)).T


@pytest.mark.parametrize("text", [*ARITHMETIC, *CONDITIONS, *WRITTEN])
def test_formulas_are_those_of_ttreeformula(tree, text):
    wanted = by_root(tree, text)
    assert wanted is not None
    assert same(TreeFormula(text).evaluate(VALUES), wanted)


def test_functions_are_those_of_ttreeformula(tree):
    for text in CALLS:
        wanted = by_root(tree, text)
        assert wanted is not None, text
        assert same(TreeFormula(text).evaluate(VALUES), wanted), (text, wanted)


def random_formula(chance, depth):
    def atom():
        kind = chance.random() if depth else 1.0
        if kind < 0.25:
            return f"({random_formula(chance, depth - 1)})"
        if kind < 0.35:
            function = chance.choice(["sqrt", "log", "exp", "abs", "sq", "sign", "TMath::Abs", "sin", "floor"])
            return f"{function}({random_formula(chance, depth - 1)})"
        if kind < 0.4:
            pair = f"{random_formula(chance, depth - 1)},{random_formula(chance, depth - 1)}"
            return f"{chance.choice(['min', 'max', 'pow'])}({pair})"
        return chance.choice(["x", "y", "n", "l", "b", "u", "a[0]", "a[2]", "2", "3", "0.5", "1e-1", "7", "pi"])

    operators = [*"+-*/^%<>", "==", "!=", "<=", ">=", "&&", "||", *"+-*/"]
    text = "".join(
        (chance.choice(operators) if number else "") + chance.choice(["", "", "", "", "", "-", "!"]) + atom()
        for number in range(chance.choice([1, 1, 2, 2, 3, 4]))
    )
    if depth and chance.random() < 0.12:
        text += f"?{random_formula(chance, depth - 1)}:{random_formula(chance, depth - 1)}"
    return text


def random_formulas(seed, count):
    """Return formulas that are taken, without a remainder of a division by what may be 0: ROOT stops at that."""
    chance = random.Random(seed)
    found = []
    while len(found) < count:
        text = random_formula(chance, 2)
        if re.search(r"%(?![237](?![\w.*/^%?]))", text):
            continue
        try:
            TreeFormula(text)
        except FormulaError:
            continue
        found.append(text)
    return found


def test_what_is_taken_is_read_as_by_ttreeformula(tree):
    known = 0
    for text in random_formulas(7, 600):
        wanted = by_root(tree, text)
        if wanted is not None:
            known += 1
            assert same(TreeFormula(text).evaluate(VALUES), wanted), (text, wanted)
    assert known > 550


def test_cpp_gives_the_same_numbers():
    texts = [*ARITHMETIC, *CONDITIONS, *WRITTEN, *CALLS, *random_formulas(8, 150)]
    for text, found in zip(texts, by_cpp(texts), strict=True):
        assert same(TreeFormula(text).evaluate(VALUES), found), (text, found)


def test_cpp_is_for_data_frames():
    root = cpp.load_root()
    cpp.include(HEADER)
    df = root.RDataFrame(20).Define("std", "int(rdfentry_) - 10").Define("x", "float(std * 0.5)")
    df = df.Define("made", TreeFormula("std/4 + log(x) + (x>2?2:x)").cpp(lambda name: name))
    found = df.AsNumpy(["std", "x", "made"])
    x = found["x"].astype(np.float64)
    wanted = found["std"] / 4 + np.log(np.where(x > 0, x, 1.0)) + np.minimum(x, 2)
    assert found["made"].dtype == np.float64
    assert np.allclose(found["made"], wanted, rtol=1e-14)


def test_nan_stays_nan():
    x = np.array([np.nan, 1.0])
    for text in (
        "log(x)",
        "log10(x)",
        "int(x)",
        "sign(x)",
        "x/0",
        "x%0",
        "x+1",
        "exp(x)",
        "sqrt(x)",
        "asin(x)",
        "acosh(x)",
    ):
        assert np.isnan(TreeFormula(text).evaluate({"x": x})[0]), text
    cpp.include(HEADER)
    root = cpp.load_root()
    for name in ("log", "log10", "int", "sign", "exp", "sqrt", "asin", "acos", "acosh", "atanh"):
        assert math.isnan(getattr(root, f"rdfp_tree_{name}")(math.nan)), name
    assert math.isnan(root.rdfp_tree_divide(math.nan, 0.0))
    assert math.isnan(root.rdfp_tree_modulo(7.0, 0.0))


def test_an_element_that_is_not_there_is_nan():
    cpp.include(HEADER)
    root = cpp.load_root()
    values = root.std.vector["float"]([1.5, 2.5])
    assert root.rdfp_tree_element(values, 1) == 2.5
    assert math.isnan(root.rdfp_tree_element(values, 2))


@pytest.mark.parametrize(
    ("text", "columns", "is_column"),
    [
        ("x", ("x",), True),
        (" (x) ", ("x",), True),
        ("jet.pt[0]", ("jet.pt[0]",), True),
        ("a [1] + a[ 1] - a[0]", ("a[1]", "a[0]"), False),
        ("pi", (), False),
        ("2*pi", (), False),
        ("TMath::Pi()*x", ("x",), False),
        ("true + lambda", ("true", "lambda"), False),
        ("x ? y : x", ("x", "y"), False),
    ],
)
def test_columns(text, columns, is_column):
    formula = TreeFormula(text)
    assert formula.columns == columns
    assert formula.is_column is is_column


def test_constants_have_the_length_of_the_columns():
    assert TreeFormula("1/2").evaluate({"x": np.zeros(3)}).tolist() == [0.5] * 3
    assert TreeFormula("x").evaluate({"x": np.zeros(0)}).shape == (0,)
    original = np.array([1.0, 2.0])
    TreeFormula("x+0").evaluate({"x": original})[:] = 5
    assert original.tolist() == [1.0, 2.0]


MAP = "; map the variable to a C++ expression"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the formula is empty"),
        ("2^3^2", "'2^3^2' has no brackets to say what is computed first"),
        ("n%2*3", "'n%2*3' has no brackets to say what is computed first"),
        ("n%5%3", "'n%5%3' has no brackets to say what is computed first"),
        ("1<x<3", "'1<x<3' has no brackets to say what is compared first"),
        ("x<0==y<0", "'x<0==y<0' has no brackets to say what is compared first"),
        ("!x>y", "'!x>y' has no brackets to say what is negated"),
        ("!x+1", "'!x+1' has no brackets to say what is negated"),
        ("n&1", "'&' cannot stand in a formula ('n&1')"),
        ("n<<1", "'<<' cannot stand in a formula ('n<<1')"),
        ("Sum$(a)", "'$' cannot stand in a formula ('Sum$(a)')"),
        ("Length$(a)", "'$' cannot stand in a formula ('Length$(a)')"),
        ("Entry$", "'$' cannot stand in a formula ('Entry$')"),
        ("@jets.size()", "'@' cannot stand in a formula ('@jets.size()')"),
        ("jets.size()", "there is no function 'jets.size' here"),
        ("a[n]", "'[' cannot stand in a formula ('a[n]')"),
        ("a[0][1]", "'[' cannot stand in a formula ('a[0][1]')"),
        ("a[-1]", "'[' cannot stand in a formula ('a[-1]')"),
        ("a[]", "'[' cannot stand in a formula ('a[]')"),
        ('x=="a"', "'\"' cannot stand in a formula ('x==\"a\"')"),
        ("x and y", "'x and y' cannot be read at 'and'"),
        ("x = 2", "'=' cannot stand in a formula ('x = 2')"),
        ("erf(x)", "there is no function 'erf' here"),
        ("TMath::Landau(x)", "there is no function 'TMath::Landau' here"),
        ("std::abs(x)", "there is no function 'std::abs' here"),
        ("__import__(x)", "there is no function '__import__' here"),
        ("x(2)", "there is no function 'x' here"),
        ("sqrt", "'sqrt' is a function and has nothing in brackets"),
        ("min(x)", "min takes 2 arguments, and has 1"),
        ("x, y", "'x, y' is not known here"),
        ("1.5f*x", "'1.5f' is no number"),
        ("0x10", "'0x10' is no number"),
        ("(x", "'(x': a bracket is not closed"),
        ("x?1", "'x?1': every ? has a : behind it, as in a > b ? a : b"),
        ("x +", "'x +' is not complete"),
        ("x;gSystem", "';' cannot stand in a formula ('x;gSystem')"),
        ("x//y", "'//' cannot stand in a formula ('x//y')"),
        ("+".join(["x"] * 400), "'" + ("x+" * 60)[:57] + "...' is nested too deeply, or has too many terms"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(FormulaError) as caught:
        TreeFormula(text)
    assert str(caught.value) == message + MAP


@pytest.mark.parametrize("text", ["2^3^2", "n%2*3", "x<y<n", "x<0==y<0"])
def test_it_is_refused_as_ttreeformula_reads_it_otherwise(tree, text):
    steps = {"2^3^2": "2^(3^2)", "n%2*3": "(n%2)*3", "x<y<n": "(x<y)&&(y<n)", "x<0==y<0": "(x<0)==(y<0)"}
    assert not same(by_root(tree, text), by_root(tree, steps[text]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"xx": [1.0]}, "no column 'x'; did you mean 'xx'?"),
        ({"x": ["a"]}, "the column 'x' holds no numbers"),
    ],
)
def test_what_cannot_be_computed(values, message):
    with pytest.raises(FormulaError) as caught:
        TreeFormula("x+1").evaluate(values)
    assert str(caught.value) == message


@given(st.text(st.sampled_from("xy1.5e+-*/%<>=!&|?()[] ,:\n'\"#\\abs~^$@{};"), max_size=25))
def test_any_text_is_a_formula_or_refused(text):
    said = ""
    try:
        formula = TreeFormula(text)
        formula.evaluate(dict.fromkeys(formula.columns, np.array([1.0, -2.0])))
        written = formula.cpp(lambda name: "v")
        assert re.fullmatch(r"[\w\s.+\-*/<>=!&|?:(),]*", written)
    except FormulaError as error:
        said = str(error)
    assert "\n" not in said
