"""Formulas give what ROOT's interpreter gives, and refuse what would surprise."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins.formula import Formula, FormulaError
from rdfplugins.formula_functions import FUNCTIONS

# column -> type in C++, values
COLUMNS = {
    "s": ("short", np.array([0, 1, -7, 300, 5, 2, -1, 12], np.int16)),
    "b": ("bool", np.array([0, 1, 1, 0, 1, 0, 1, 1], bool)),
    "i": ("int", np.array([3, -2, 7, 0, 5, -9, 1, 4], np.int32)),
    "u": ("unsigned int", np.array([1, 2, 9, 4, 5, 6, 7, 8], np.uint32)),
    "l": ("long", np.array([11, -2, 5, 0, 5, 1 << 40, -6, 4], np.int64)),
    "m": ("unsigned long", np.array([1, 2, 3, 5, 5, 1 << 63, 7, (1 << 64) - 1], np.uint64)),
    "f": ("float", np.array([0.1, -2.5, np.nan, 3.0, np.inf, 0.0, 5.0, 1e-3], np.float32)),
    "d": ("double", np.array([0.1, 2.5, 3.0, np.nan, -np.inf, 0.0, 5.0, 1e-3], np.float64)),
}
VALUES = {name: values for name, (_, values) in COLUMNS.items()}
ROWS = 8
TYPES = {
    "b": np.bool_, "s": np.int16, "i": np.int32, "j": np.uint32, "l": np.int64, "m": np.uint64, "f": np.float32,
    "d": np.float64,
}  # fmt: skip


def evaluated(text, **columns):
    return Formula(text).evaluate({name: np.asarray(values) for name, values in columns.items()})


def by_root(texts):
    """Return (value as float64 or uint64 bits, letter of the type) for each formula and row, of ROOT's interpreter."""
    from rdfplugins.cpp import load_root

    root = load_root()
    arguments = ", ".join(f"{kind} {name}" for name, (kind, _) in COLUMNS.items())
    name = f"rdfp_test_formula_{abs(hash(tuple(texts)))}"
    bodies = "\n".join(
        f"  out({number}, [&]() {{ using namespace std; return {text}; }}());" for number, text in enumerate(texts)
    )
    source = f"""
    namespace {name} {{
      std::vector<long double> values; std::vector<std::string> types;
      template <class T> void out(int, T value) {{ values.push_back(value); types.push_back(typeid(T).name()); }}
      void row({arguments}) {{\n{bodies}\n  }}
    }}"""
    assert root.gInterpreter.Declare(source), source
    there = getattr(root, name)
    # one call a row from C++: cppyy would convert some arguments
    literal = {"f": "float", "d": "double"}
    for row in range(ROWS):
        given = []
        for column, (kind, values) in COLUMNS.items():
            value = values[row]
            if column in literal:
                text = "NAN" if np.isnan(value) else ("-" * bool(value < 0) + "INFINITY") if np.isinf(value) else ""
                given.append(f"({kind}){text or float(value).hex()}")
            else:
                given.append(f"({kind}){int(value)}{'UL' if column == 'm' else ''}")
        root.gInterpreter.ProcessLine(f"{name}::row({', '.join(given)});")
    kinds = [str(kind) for kind in there.types]
    root.gInterpreter.ProcessLine(
        f"std::vector<std::string> {name}_texts; for (auto v : {name}::values) {{ char t[64];"
        f' snprintf(t, 64, "%.21Lg", v); {name}_texts.push_back(t); }}'
    )
    texts_of = [str(text) for text in getattr(root, f"{name}_texts")]
    count = len(texts)
    return {
        text: ([np.longdouble(texts_of[row * count + k]) for row in range(ROWS)], kinds[k])
        for k, text in enumerate(texts)
    }


def compared(texts, tolerance=None):
    for text, (wanted, letter) in by_root(texts).items():
        found = Formula(text).evaluate(VALUES)
        assert found.dtype == TYPES[letter], (text, found.dtype, letter)
        assert found.shape == (ROWS,)
        for row, value in enumerate(wanted):
            mine = np.longdouble(found[row])
            same = mine == value or (np.isnan(mine) and np.isnan(value))
            if tolerance and not same:
                same = abs(mine - value) <= tolerance[letter] * abs(value)
            assert same, (text, row, mine, value)


INTEGERS, ALL = "sbiulm", "sbiulmfd"


def written(chance, depth, columns):
    """Return a random formula; with integer columns alone, one that C++ takes `%` of."""
    if depth == 0 or chance.random() < 0.15:
        numbers = ["2", "3", "7"] if columns == INTEGERS else ["2", "0.5", "1.5f", "3", "1e2"]
        return chance.choice([*columns, *columns, *numbers])
    left, right = written(chance, depth - 1, columns), written(chance, depth - 1, columns)
    operators = [*"+-*+-*", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "and", "or"]
    remainders = [f"({left} % {number})" for number in "357"] if columns == INTEGERS else []
    binary = [f"({left} {operator} {right})" for operator in operators]
    return chance.choice([*binary, f"(!{left})", f"(-{left})", *remainders])


def test_numbers_and_their_types_are_those_of_root():
    chance = random.Random(11)
    texts = [written(chance, 3, INTEGERS) for _ in range(150)] + [written(chance, 3, ALL) for _ in range(250)]
    # C++ leaves open what a signed product too large for its type is
    texts = [text for text in dict.fromkeys(texts) if text.count("*") * ("l" in text) < 2]
    assert len(texts) > 250
    compared(texts)


def test_precedence_is_that_of_root():
    compared(
        [
            "i + u * 2 - l % 3",
            "-i * 2",
            "i - -2",
            "i < 2 && u > 3 || d > 0.2",
            "i < 2 || u > 3 && d > 0.2",
            "!b && i > 0",
            "not b or i > 0",
            "!!b",
            "!(i > 0)",
            "i - l - u",
            "d / 2 / f",
            "d / f * 3",
            "l % 4 * 2",
            "i * l % 5",
            "-l % 4",
            "+s",
            "-b",
            "-s",
            "-u",
            "true + i",
            "i not_eq 3",
            "(i < 3) == b",
            "(!b) + 1",
            "u > -1",
            "m - u",
            "2147483648 + i",
            "i > 0 ? u : l",
            "i > 0 ? i + 1 : d > 0 ? 2 : 3",
            "i > 0 ? b ? 1 : 2 : 3",
            "1 + (b ? f : i)",
            "b || i > 0 ? f : 2 * f",
        ]
    )


def test_a_ternary_has_the_type_of_both_sides():
    texts = [f"(i > 0 ? {left} : {right})" for left in ALL for right in ALL]
    compared([*texts, "d ? 1 : 2", "d ? 1 : 2.5f", "u ? i > 2 : b", "f > 1 ? s : -s", "!b ? 1 : 0"])


def test_functions_are_those_of_root():
    arguments = {0: [""], 1: ["i", "u", "l", "f", "d", "f * d"], 2: ["f, f", "d, d", "f, d", "d, f"]}
    texts = []
    for name, function in FUNCTIONS.items():
        of = arguments[function.arguments]
        if name.lower().endswith(("min", "max")):
            of = ["f, f", "d, d", "f, 1.0f", "1.0, d", "i, i", "d, 3.0"]  # C++ wants two of one type
        elif name.lower().endswith("::abs") or name == "abs":
            of = ["i", "l", "f", "d"]
        elif name.startswith("TMath"):
            of = arguments[function.arguments]
        elif function.arguments == 2:
            of = [*of, "i, d", "i, 2"]
        if name.lower().endswith(("nan", "finite")):
            of = ["f", "d", "f * d"]  # of integers they are ambiguous
        texts += [f"{name}({one})" for one in of]
    compared(texts, {**dict.fromkeys("bijlm", 0.0), "f": 3e-7, "d": 3e-15})


@pytest.mark.parametrize("name", ["isnan", "std::isfinite"])
def test_integers_are_finite(name):
    assert evaluated(f"{name}(x)", x=[1, 2]).tolist() == [name != "isnan"] * 2


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("pt > 20 && abs(eta) < 2.4", ("pt", "eta")),
        ("x + x * y", ("x", "y")),
        ("1 + 2", ()),
        ("TMath::Pi() * M_PI", ()),
        ("lambda + is + None", ("lambda", "is", "None")),
        ("jet.pt > 3", ("jet.pt",)),
        ("::abs(x)", ("x",)),
    ],
)
def test_columns(text, columns):
    assert Formula(text).columns == columns


def test_words_of_python_are_names():
    assert evaluated("lambda * yield", **{"lambda": [2], "yield": [3]}).tolist() == [6]
    assert evaluated("jet.pt", **{"jet.pt": [2.5]}).tolist() == [2.5]


def test_nan_passes_no_cut():
    x = np.array([1.0, np.nan, 0.0])
    assert evaluated("x == x", x=x).tolist() == [True, False, True]
    assert Formula("x").passes({"x": x}).tolist() == [True, False, False]
    assert Formula("x > 0").passes({"x": x}).tolist() == [True, False, False]
    assert Formula("!(x > 0)").passes({"x": x}).tolist() == [False, True, True]


def test_a_constant_has_the_length_of_the_columns():
    assert evaluated("1", x=[1, 2, 3]).tolist() == [1, 1, 1]
    assert evaluated("1").shape == ()
    assert Formula("true").passes({"x": np.zeros(2)}).tolist() == [True, True]
    assert evaluated("x", x=np.zeros(0)).shape == (0,)


def test_division_by_zero_is_infinite_and_remainders_by_zero_are_nan():
    assert evaluated("1.0 / x", x=[0.0, -0.0]).tolist() == [np.inf, -np.inf]
    assert np.isnan(evaluated("x % y", x=[7, 7], y=[0, 2])).tolist() == [True, False]
    assert evaluated("x % 2.5", x=[-6.0]).tolist() == [-1.0]


def test_arrays_of_files_are_taken_as_they_are():
    assert evaluated("x + 1", x=np.array([1.5], ">f4")).tolist() == [2.5]
    assert evaluated("x + 1", x=np.array([1.5], ">f4")).dtype == np.float32
    assert evaluated("x * 2", x=np.array([1.5], np.float16)).dtype == np.float32
    original = np.array([1.0, 2.0])
    evaluated("x", x=original)[:] = 5
    evaluated("-x", x=original)
    assert original.tolist() in ([1.0, 2.0], [5.0, 5.0])


def test_two_formulas_of_the_same_text_are_equal():
    assert Formula("x > 1") == Formula("x > 1") != Formula("x >1")
    assert len({Formula("x"), Formula("x")}) == 1
    assert repr(Formula("x")) == "Formula('x')"


BRACKETS = "is taken before what stands beside it in C++; put what is to be negated in brackets: !(a > b)"
NO_NUMBERS = "the column 'x' holds no numbers; a formula takes one number a row"
WHOLE = "divides whole numbers, which C++ does without a remainder; write"
ELEMENT = "a formula takes one number a row; make a column of the element in select"
PAIRS = "every ? has a : behind it, as in a > b ? a : b"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the formula is empty"),
        (" \n", "the formula is empty"),
        ("x >", "'x >' is not complete; something is missing at its end"),
        ("x &&", "'x &&' is not complete; something is missing at its end"),
        ("x y", "'x y' cannot be read at 'y'; check operators and brackets"),
        ("x > 5 5", "'x > 5 5' cannot be read at '5'; check operators and brackets"),
        ("x > * 5", "'x > * 5' cannot be read at '*'; check operators and brackets"),
        ("(x", "'(x': a bracket is not closed"),
        ("x)", "'x)': a bracket is closed that was not opened"),
        ("1/2", f"'1/2' {WHOLE} '1.0 * 1/2'"),
        ("a < b < c", "'a < b < c' compares the outcome of a comparison in C++; write 'a < b && b < c'"),
        ("1 <= x == y", "'1 <= x == y' compares the outcome of a comparison in C++; write '1 <= x && x == y'"),
        ("!x > 1", f"'!x' {BRACKETS}"),
        ("not x == 1", f"'not x' {BRACKETS}"),
        ("2 * !x", f"'!x' {BRACKETS}"),
        ("a & b", "'&' cannot stand in a formula ('a & b'); write '&&' for 'and'"),
        ("a | b", "'|' cannot stand in a formula ('a | b'); write '||' for 'or'"),
        ("x ^ 2", "'^' cannot stand in a formula ('x ^ 2'); it is no power in C++; write pow(x, 2)"),
        ("x ** 2", "'**' cannot stand in a formula ('x ** 2'); write pow(x, 2)"),
        ("x = 2", "'=' cannot stand in a formula ('x = 2'); write '==' to compare"),
        ("pt[0] > 2", f"'[' cannot stand in a formula ('pt[0] > 2'); {ELEMENT}"),
        ("a ? b", f"'a ? b': {PAIRS}"),
        ("a : b", f"'a : b': {PAIRS}"),
        ("a ? b :", "'a ? b :' is not complete; something is missing at its end"),
        ("a ? : b", "'a ? : b' cannot stand in a formula; it has numbers, columns, operators, functions"),
        ("(a ? b) : c", "'(a ? b) : c' cannot be read at 'a'; check operators and brackets"),
        ("a ? b, c : d", "'b, c' cannot stand in a formula; it has numbers, columns, operators, functions"),
        ("a ?" * 61 + "a" + ": a" * 61, f"'{'a ?' * 19}...' is nested too deeply"),
        ("x // 2", "'//' cannot stand in a formula ('x // 2'); a comment cannot stand here"),
        ("x--1", "'--' cannot stand in a formula ('x--1'); write a space between two signs"),
        ('x == "a"', "'\"' cannot stand in a formula ('x == \"a\"'); a formula is of numbers; text cannot stand in it"),
        ("x\u00b2", "'\u00b2' cannot stand in a formula ('x\u00b2')"),
        ("x > 0; y", "';' cannot stand in a formula ('x > 0; y'); a formula is one expression"),
        ("x := 3", "':' cannot stand in a formula ('x := 3')"),
        ("sqr(x)", "no function 'sqr'; did you mean 'sqrt'?"),
        ("TMath::sqrt(x)", "no function 'TMath::sqrt'; did you mean 'TMath::Sqrt' or 'TMath::Tan' or 'TMath::Sin'?"),
        ("__import__(x)", "no function '__import__'"),
        ("x(2)", "no function 'x'"),
        ("abs(x)(2)", "no function 'abs(x)'; did you mean 'abs' or 'fabs'?"),
        ("2(x)", "no function '2'"),
        ("abs > 1", "'abs' is a function; write it with what it takes in brackets"),
        ("abs(x, y)", "abs takes 1 argument, and has 2"),
        ("pow(x)", "pow takes 2 arguments, and has 1"),
        ("TMath::Pi(1)", "TMath::Pi takes 0 arguments, and has 1"),
        ("x, y", "'x, y' cannot stand in a formula; it has numbers, columns, operators, functions"),
        ("()", "'()' cannot stand in a formula; it has numbers, columns, operators, functions"),
        ("abs(*x)", "'abs(*x)' cannot stand in a formula"),
        ("1.5L", "'1.5L' is no number; write it without 'L'"),
        ("2f", "'2f' is no number; write it without 'f'"),
        ("0x1F", "'0x1F' is no number; write it without 'x1F'"),
        ("010", "'010' is a number of base 8 in C++; write it without the 0 in front"),
        ("1e999", "'1e999' is too large"),
        ("18446744073709551616", "'18446744073709551616' does not fit into 64 bits; write it with a point"),
        ("(" * 61 + "x" + ")" * 61, f"'{'(' * 57}...' is nested too deeply"),
        ("x" * 10_001, "the formula has 10001 characters, and 10000 are the most"),
        *(
            (text, f"'{text[:57]}...' is nested too deeply, or has too many terms; make a column of a part of it")
            for text in ("+".join(["x"] * 400), "!" * 300 + "x")
        ),
        ("+".join(["x"] * 1000), "'" + ("x+" * 60)[:57] + "...' is too long; make a column of it"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(FormulaError) as caught:
        Formula(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("ptt > 1", {"pt": [1.0]}, "no column 'ptt'; did you mean 'pt'?"),
        ("x / 2", {"x": [1]}, f"'x / 2' {WHOLE} '1.0 * x / 2'"),
        ("b / x", {"x": [1], "b": [True]}, f"'b / x' {WHOLE} '1.0 * b / x'"),
        ("x > 1", {"x": ["a"]}, NO_NUMBERS),
        ("x > 1", {"x": np.array([[1], [2, 3]], object)}, NO_NUMBERS),
    ],
)
def test_what_cannot_be_computed(text, columns, message):
    with pytest.raises(FormulaError) as caught:
        evaluated(text, **columns)
    assert str(caught.value) == message


@given(st.text(st.sampled_from("xy1.5e+-*/%<>=!&|?()[] ,:\n'\"#\\abs~^"), max_size=25))
def test_any_text_is_a_formula_or_refused(text):
    said = ""
    try:
        formula = Formula(text)
        formula.evaluate(dict.fromkeys(formula.columns, np.array([1.0, -2.0])))
    except FormulaError as error:
        said = str(error)
    assert "\n" not in said


def test_many_terms_are_few_levels():
    assert Formula(" || ".join(f"x == {number}" for number in range(300))).evaluate(
        {"x": np.array([299, 300])}
    ).tolist() == [True, False]
    assert Formula("+".join(["x"] * 190)).evaluate({"x": np.array([2])}).tolist() == [380]
