"""Indices of collections in expressions: which are checked, and that the code else stays as it is."""

from __future__ import annotations

import re

import pytest

from rdfplugins.indexing import checked

PLACE = "cut f, a.yaml:7"
COLLECTIONS = {"jet_pt", "jet_eta", "mask"}


def readable(code: str) -> str:
    """Return code with its strings of octal numbers as letters."""
    return re.sub(r"\\(\d{3})", lambda number: chr(int(number[1], 8)), code)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("jet_pt[1] > 30", 'rdfp::element(jet_pt, 1, "jet_pt", "PLACE") > 30'),
        ("jet_pt [ 0 ]", 'rdfp::element(jet_pt,  0 , "jet_pt", "PLACE")'),
        ("jet_pt[jet_pt > 30][0]", 'rdfp::element(jet_pt, jet_pt > 30, "jet_pt", "PLACE")[0]'),
        (
            "jet_pt[mask[2]]",
            'rdfp::element(jet_pt, rdfp::element(mask, 2, "mask", "PLACE"), "jet_pt", "PLACE")',
        ),
        ('jet_pt[f("]")] + x[1]', 'rdfp::element(jet_pt, f("]"), "jet_pt", "PLACE") + x[1]'),
        ("a.jet_pt[0] + b->jet_pt[0] + n::jet_pt[0]", None),
        ('"jet_pt[0]" // jet_pt[0]', None),
        ("/* jet_pt[0] */ my_jet_pt[0] + jet_pt2[0] + 1jet_pt[0]", None),
        ("jet_pt.at(0) + Sum(jet_pt[", None),
        ('R"x(jet_pt[0])x"', None),
        ("auto f = [](int i) { return i; }; return f(jet_n);", None),
    ],
)
def test_elements_of_collections_alone_are_checked(code: str, expected: str | None) -> None:
    found = readable(checked(code, COLLECTIONS.__contains__, PLACE))
    assert found == (code if expected is None else expected.replace("PLACE", PLACE))


def test_names_of_columns_are_not_spelt_in_strings() -> None:
    """RDataFrame would replace them there."""
    assert "jet_pt" not in checked("jet_pt[1]", COLLECTIONS.__contains__, "jet_pt").partition(",")[2]
