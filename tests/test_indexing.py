"""Indices of collections in expressions: which are checked, and that the code else stays as it is."""

from __future__ import annotations

import pytest

from rdfplugins.indexing import checked

COLLECTIONS = {"jet_pt", "jet_eta", "mask"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("jet_pt[1] > 30", 'rdfp::element(jet_pt, 1, "\\152et_pt") > 30'),
        ("jet_pt [ 0 ]", 'rdfp::element(jet_pt,  0 , "\\152et_pt")'),
        ("jet_pt[jet_pt > 30][0]", 'rdfp::element(jet_pt, jet_pt > 30, "\\152et_pt")[0]'),
        ("jet_pt[mask[2]]", 'rdfp::element(jet_pt, rdfp::element(mask, 2, "\\155ask"), "\\152et_pt")'),
        ('jet_pt[f("]")] + x[1]', 'rdfp::element(jet_pt, f("]"), "\\152et_pt") + x[1]'),
        ("a.jet_pt[0] + b->jet_pt[0] + n::jet_pt[0]", None),
        ('"jet_pt[0]" // jet_pt[0]', None),
        ("/* jet_pt[0] */ my_jet_pt[0] + jet_pt2[0] + 1jet_pt[0]", None),
        ("jet_pt.at(0) + Sum(jet_pt[", None),
        ('R"x(jet_pt[0])x"', None),
        ("auto f = [](int i) { return i; }; return f(jet_n);", None),
    ],
)
def test_elements_of_collections_alone_are_checked(code: str, expected: str | None) -> None:
    assert checked(code, COLLECTIONS.__contains__) == (code if expected is None else expected)
