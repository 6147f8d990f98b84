"""TMVA's own reader as an engine.

No ROOT of the tests has TMVA, so that TMVA::Reader is a small stand-in here: what is tested is that our part compiles
against the signatures of TMVA, binds each variable to its place, and turns what TMVA says into one line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdfplugins.errors import MissingDependencyError
from rdfplugins.inference.backends import rreader

STAND_IN = """
#pragma once
#include <TString.h>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>
namespace TMVA {
class Reader { // answers with sums of digits: variable k counts 10^k, spectators 1000 each
public:
  explicit Reader(const TString &, Bool_t = false) {}
  void AddVariable(const TString &expression, Float_t *value) {
    if (expression == "refused") fatal("Reader", "no such variable");
    variables_.push_back(value);
  }
  void AddSpectator(const TString &, Float_t *value) { spectators_.push_back(value); }
  void *BookMVA(const TString &, const TString &path) {
    if (path.Contains("unknown")) fatal("", "Trying to read non-existing attribute 'Color'");
    std::cout << "chatter of TMVA" << std::endl;
    return this;
  }
  Double_t EvaluateMVA(const TString &, Double_t = 0) {
    double sum = 1000. * spectators_.size(), factor = 1;
    for (const Float_t *value : variables_) sum += factor * *value, factor *= 10;
    if (sum == 666.) fatal("MethodBDT", "it fails now");
    return sum;
  }
  const std::vector<Float_t> &EvaluateRegression(const TString &tag, Double_t = 0) {
    return found_ = {static_cast<float>(EvaluateMVA(tag)), 2.f};
  }
  const std::vector<Float_t> &EvaluateMulticlass(const TString &tag, Double_t = 0) {
    return found_ = {static_cast<float>(EvaluateMVA(tag)), 2.f, 3.f};
  }

private:
  static void fatal(const std::string &source, const std::string &line) {
    std::cout << "\\033[37;41;1m<FATAL> " << source << "   : " << line << "\\033[0m" << std::endl;
    throw std::runtime_error("FATAL error");
  }
  std::vector<Float_t *> variables_, spectators_;
  std::vector<Float_t> found_;
};
} // namespace TMVA
"""

FILE = """<?xml version="1.0"?>
<MethodSetup Method="BDT::BDT">
  <GeneralInfo>
    <Info name="Creator" value="someone"/>
    <Info name="AnalysisType" value="{analysis}"/>
  </GeneralInfo>
  <Variables NVar="2">
    <Variable VarIndex="1" Expression="second" Title="a"/>
    <Variable VarIndex="{index}" Expression="{first}" Title="b"/>
  </Variables>
  <Spectators NSpec="{spectators}">{spectator}</Spectators>
</MethodSetup>
"""

RUN = """
import json, sys
import numpy as np
from rdfplugins import cpp
from rdfplugins.errors import ModelError
from rdfplugins.inference.backends import rreader

rreader.has_tmva = lambda: True
cpp.load_root().gInterpreter.AddIncludePath(sys.argv[1])
found = {}
for path, outputs, rows in json.loads(sys.argv[2]):
    x = np.array(rows, np.float32)
    out = np.empty((len(x), outputs))
    try:
        rreader.ReaderEngine(path, 2, outputs).run(x, out)
        found[path] = out.tolist()
    except ModelError as error:
        found[path] = str(error)
print(json.dumps(found))
"""

ROWS = [[1.0, 2.0], [5.0, 0.5], [3.0, float("nan")]]


def weights(folder: Path, name: str, **words: Any) -> Path:
    words = {"analysis": "Classification", "index": 0, "first": "var1+var2", "spectators": 0, "spectator": ""} | words
    path = folder / name
    path.write_text(FILE.format(**words))
    return path


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one process with the stand-in says of all files, by their names."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "TMVA").mkdir()
    (folder / "TMVA" / "Reader.h").write_text(STAND_IN)
    one = '<Spectator SpecIndex="0" Expression="weight" Title="w"/>'
    jobs = [
        (weights(folder, "plain.xml"), 1, ROWS),
        (weights(folder, "spectator.xml", spectators=1, spectator=one), 1, ROWS),
        (weights(folder, "regression.xml", analysis="Regression"), 2, ROWS),
        (weights(folder, "multiclass.xml", analysis="Multiclass"), 3, ROWS),
        (weights(folder, "empty.xml"), 1, np.empty((0, 2)).tolist()),
        (weights(folder, "refused.xml", first="refused"), 1, ROWS),
        (weights(folder, "unknown.xml"), 1, ROWS),
        (weights(folder, "later.xml"), 1, [[6.0, 66.0]]),
        (weights(folder, "outputs.xml", analysis="Regression"), 1, ROWS),
        (weights(folder, "index.xml", index=7), 1, ROWS),
        (folder / "absent.xml", 1, ROWS),
    ]
    command = [sys.executable, "-c", RUN, str(folder), json.dumps([(str(path), *rest) for path, *rest in jobs])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()  # without the chatter of TMVA
    return {Path(path).name: found for path, found in json.loads(line).items()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.xml", [[21.0], [10.0]]),
        ("spectator.xml", [[1021.0], [1010.0]]),
        ("regression.xml", [[21.0, 2.0], [10.0, 2.0]]),
        ("multiclass.xml", [[21.0, 2.0, 3.0], [10.0, 2.0, 3.0]]),
    ],
)
def test_variables_are_bound_by_their_index(answers: dict[str, Any], name: str, expected: list[list[float]]) -> None:
    assert answers[name][:2] == expected
    assert np.isnan(answers[name][2]).all()


def test_no_events(answers: dict[str, Any]) -> None:
    assert answers["empty.xml"] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("refused.xml", "TMVA of this ROOT cannot read it: no such variable"),
        ("unknown.xml", "TMVA of this ROOT cannot read it: Trying to read non-existing attribute 'Color'"),
        ("later.xml", "TMVA of this ROOT fails to evaluate it: it fails now"),
        ("outputs.xml", "TMVA finds 2 variables and 2 responses, where 2 and 1 were read; compare with another"),
        ("index.xml", "TMVA of this ROOT cannot read it: a variable has an index that is not below their number"),
        ("absent.xml", "TMVA of this ROOT cannot read it: ROOT cannot parse it"),
    ],
)
def test_what_fails_is_told_in_one_line(answers: dict[str, Any], name: str, expected: str) -> None:
    assert isinstance(answers[name], str)
    assert f"{name}: {expected}" in answers[name]
    assert "\n" not in answers[name]


def test_a_root_without_tmva_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rreader, "has_tmva", lambda: False)
    with pytest.raises(MissingDependencyError, match=r"this ROOT \(6\..*\) has no TMVA; take ROOT from conda-forge"):
        rreader.ReaderEngine(tmp_path / "model.xml", 2, 1)


def test_it_knows_whether_there_is_tmva() -> None:
    from rdfplugins.cpp import load_root

    library = load_root().gSystem.DynamicPathName("libTMVA", True)
    assert rreader.has_tmva() == bool(str(library or ""))
