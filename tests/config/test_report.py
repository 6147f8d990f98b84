"""The section ``report``: what it takes, and what it says of what it does not."""

from __future__ import annotations

import pytest

from rdfplugins.config import FitConfig, GaussianConfig, ReportConfig

LAST = "  mass: m_yy\n"  # line 55 of the sample


def test_everything_that_can_be_said(load, changed):
    text = """\
  mass: m_yy
  fit: {degree: 4, gaussian: {amplitude: 119.1, mean: 125.0, sigma: 2.39}}
  signal: [ggH, demo.2]
  log: m_yy
  energy: 13.6 TeV
  title: "H → bb"
"""
    report = load(changed((LAST, text))).report
    assert report == ReportConfig(
        unblind=True,
        mass="m_yy",
        fit=FitConfig(degree=4, gaussian=GaussianConfig(amplitude=119.1, mean=125.0, sigma=2.39)),
        signal=("ggH", "demo.2"),
        log=("m_yy",),
        energy="13.6 TeV",
        title="H → bb",
    )


@pytest.mark.parametrize(("written", "found"), [("null", None), ("~", None), ("mc", "mc")])
def test_gaussian_is_null_or_from_simulation(load, changed, written, found):
    report = load(changed((LAST, f"{LAST}  fit: {{gaussian: {written}}}\n"))).report
    assert report.fit.gaussian == found


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  signal: [gg, VBG]", "56: report.signal: 'VBG' is neither the name nor the label of a simulated sample"),
        ("  signal: gH", ("56: report.signal: 'gH' is neither the name nor the label of a simulated sample;"
         " did you mean 'ggH'?")),
        ("  signal: data", ("56: report.signal: 'data' is neither the name nor the label of a simulated sample;"
         " it is data")),
        ("  signal: []", "56: report.signal: the list is empty"),
        ("  log: [m_yy, m_y]", "56: report.log: no histogram 'm_y' in select.histograms; did you mean 'm_yy'?"),
        ("  energy: 13", "56: report.energy: an energy such as 13 TeV is expected, not the number 13; write its unit"),
        ("  energy: high", "56: report.energy: an energy such as 13 TeV is expected, not the text 'high'"),
        ('  title: "a\\tb"', "56: report.title: a title is one line without tabs"),
        ("  fit: {degree: 3.5}", "56: report.fit.degree: a whole number is expected, not the number 3.5"),
        ("  fit: {degree: 10}", "56: report.fit.degree: a number not above 9 is expected, not the number 10"),
        ("  fit: {degre: 2}", "56: unknown key 'degre' in report.fit; did you mean 'degree'?"),
        ("  fit: {gaussian: yes}", ("56: report.fit.gaussian: the word 'mc', null, or amplitude, mean and sigma are"
         " expected, not the text 'yes'")),
        ("  fit: {gaussian: {amplitude: 1, mean: 125}}", "56: missing key 'sigma' in report.fit.gaussian"),
        ("  fit: {gaussian: {amplitude: 1, mean: 125, sigma: 0}}",
         "56: report.fit.gaussian.sigma: a number above 0 is expected, not the number 0"),
        ("  fit: {gaussian: {amplitude: 1, mean: 125, width: 2, sigma: 2}}",
         "56: unknown key 'width' in report.fit.gaussian"),
    ],
)  # fmt: skip
def test_one_slip_is_one_fault(faults, line, expected):
    assert faults((LAST, f"{LAST}{line}\n")) == [f"hgg.yaml:{expected}"]


def test_a_misspelt_mass_would_unblind(faults, load, changed):
    found = faults((LAST, "  mass: m_y\n"))
    assert found == ["hgg.yaml:55: report.mass: no histogram 'm_y' in select.histograms; did you mean 'm_yy'?"]
    column = changed((LAST, "  mass: m4l\n"), ("column: m_yy", "column: m4l"))
    assert load(column).report.mass == "m4l"


def test_all_unknown_names_are_reported_at_their_lines(faults):
    found = faults((LAST, "  mass: m_yy\n  signal:\n    - gg\n    - x\n  log:\n    - y\n"))
    assert [line.partition(": ")[0] for line in found] == ["hgg.yaml:58", "hgg.yaml:60"]


def test_a_broken_select_is_not_blamed_on_the_report(faults):
    assert faults(overrides=("select=",)) == ["--set select=: select: a mapping is expected, not an empty value"]
