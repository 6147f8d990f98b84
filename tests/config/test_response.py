"""The part ``response`` of the section ``report``: what it takes, and what it says of what it does not."""

from __future__ import annotations

import pytest

from rdfplugins.config import ResponseConfig, SeparationConfig

LAST = "  mass: m_yy\n"  # line 55 of the sample


def test_everything_that_can_be_said(load, changed):
    text = """\
  response:
    estimates: [ml_mass, m_vis]
    truth: m_true
    edges: [0, 50.5, 100]
    channels: {central: "abs(eta) < 1", any: true}
    samples: ggH
    split: val
    separation: {background: [demo.2], signal: gg}
    weighted: true
"""
    assert load(changed((LAST, f"{LAST}{text}"))).report.response == ResponseConfig(
        estimates=("ml_mass", "m_vis"),
        truth="m_true",
        edges=(0, 50.5, 100),
        channels={"central": "abs(eta) < 1", "any": "true"},
        samples=("ggH",),
        split="val",
        separation=SeparationConfig(background=("demo.2",), signal=("gg",)),
        weighted=True,
    )


def test_without_it_there_is_none_and_an_empty_mapping_takes_defaults(load, changed):
    assert load(changed((LAST, LAST))).report.response is None
    found = load(changed((LAST, f"{LAST}  response: {{}}\n"))).report.response
    assert found == ResponseConfig()
    assert (found.truth, found.edges, found.split, found.weighted) == ("genMass", None, None, False)
    assert load(changed((LAST, f"{LAST}  response: {{channels: {{}}}}\n"))).report.response.channels == {}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", "report.response: a mapping is expected, not an empty value; `response: {}` takes all defaults"),
        ("{estimate: m}", "unknown key 'estimate' in report.response; did you mean 'estimates'?"),
        ("{estimates: []}", "report.response.estimates: the list is empty"),
        ("{estimates: [a, b, a]}", "report.response.estimates: 'a' stands here twice"),
        ("{truth: 3}", ("report.response.truth: text is expected, not the number 3; put it in quotes if it is meant as"
         " text")),
        ("{edges: 50}", "report.response.edges: a list of edges such as [50, 100, 200] is expected, not the number 50"),
        ("{edges: [50]}", "report.response.edges: 2 to 101 edges are expected, not 1"),
        ("{edges: [50, 40]}", "report.response.edges: each edge must be above the one before, and 40 is not above 50"),
        ("{edges: [50, 50]}", "report.response.edges: each edge must be above the one before, and 50 is not above 50"),
        ("{edges: [-1, 50]}", ("report.response.edges: estimates are divided by the truth, whose bins begin at 0 or"
         " above, not at -1")),
        ("{edges: [1, .inf]}", "report.response.edges.1: a finite number is expected, not .inf"),
        ("{channels: {a: 1 <}}", "report.response.channels.a: '1 <' is not complete; something is missing at its end"),
        ("{channels: {a/b: 1}}", ("report.response.channels: 'a/b' cannot be a name here, it becomes the name of a"
         " file; use letters, digits and _ . + -, and no dot first")),
        ("{samples: [gg, ggg]}", ("report.response.samples: 'ggg' is neither the name nor the label of a simulated"
         " sample; did you mean 'gg' or 'ggH'?")),
        ("{samples: data}", ("report.response.samples: 'data' is neither the name nor the label of a simulated sample;"
         " it is data")),
        ("{split: tests}", ("report.response.split: 'train', 'val', 'test' or 'all' is expected, not the text 'tests';"
         " did you mean 'test'?")),
        ("{weighted: yes}", "report.response.weighted: true or false is expected, not the text 'yes'; write true"),
        ("{separation: {signal: gg}}", "missing key 'background' in report.response.separation"),
        ("{separation: {signal: gg, background: Z}}", ("report.response.separation.background: 'Z' is neither the name"
         " nor the label of a simulated sample")),
        ("{separation: {signal: gg, background: [demo.2, ggH]}}",
         "report.response.separation: the sample 'gg' is background and signal"),
    ],
)  # fmt: skip
def test_one_slip_is_one_fault(faults, written, expected):
    assert faults((LAST, f"{LAST}  response: {written}\n")) == [f"hgg.yaml:56: {expected}"]


def test_names_that_are_wrong_are_told_at_their_lines(faults):
    text = "  response:\n    separation:\n      background: demo.2\n      signal:\n        - gg\n        - VBG\n"
    assert [line.partition(": ")[0] for line in faults((LAST, f"{LAST}{text}"))] == ["hgg.yaml:61"]


def test_a_split_without_events_and_weights_that_are_not_there(load, faults, changed):
    found = faults((LAST, f"{LAST}  response: {{split: test}}\n"), overrides=["select.split.fractions={train: 1}"])
    assert found == ["hgg.yaml:56: report.response.split: no event is in the split 'test': see select.split.fractions"]
    found = faults((LAST, f"{LAST}  response: {{weighted: true}}\n"), overrides=["select.weight=null"])
    assert found == ["hgg.yaml:56: report.response.weighted: there is no select.weight to weight events with"]
    assert load(changed((LAST, f"{LAST}  response: {{split: all}}\n"))).report.response.split == "all"
