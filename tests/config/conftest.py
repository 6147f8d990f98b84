"""A config that uses every key, and a way to write and load changed copies of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rdfplugins.config import load_any, load_config
from rdfplugins.errors import ConfigErrors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import Config

SAMPLE = """\
# A Higgs boson that decays to two photons
version: 1
input:
  tree: mini
  units: MeV
  lumi_pb: 10064.0
  key: [runNumber, eventNumber]
  aliases: {met: "met_et * 1e-3"}
  samples:
    gg:
      kind: mc
      files: ["gg/*.root", "root://host.example//gg.root"]
      label: ggH
      xsec_pb: 0.102
      sum_of_weights: 55922617.6297
    data:
      kind: data
      files: data.root
    demo.2:
      kind: mc
      simulate: {process: hgg, mode: gg, events: 20000, seed: 7}
      xsec_pb: 1e-1
  on_bad_file: skip
  on_duplicate: fail
select:
  include: [my_macros.h]
  weight: weight
  steps:
    - node: diphoton.weights
    - filter: {good_run: "runNumber > 0"}
    - node: diphoton.select
      with:
        min_pt: 25.0
        crack: [1.37, 1.52]
      only: [mc, data]
    - define:
        y_yy: "rdfp::rapidity(photon_pt)"
        one: 1
    - filter: {in_window: "m_yy > 105"}
      only: gg
  histograms:
    m_yy: {column: m_yy, bins: 30, range: [105, 160], after: mass_105_160, title: "m [GeV]"}
  split:
    fractions: {train: 0.7, val: 0.15, test: 0.15}
    folds: 5
    seed: 2
  output:
    dir: out/hgg
    tree: events
    columns: [m_yy, weight]
    format: ttree
    exports: [tsv]
report:
  unblind: true
  mass: m_yy
"""


@pytest.fixture
def sample() -> str:
    return SAMPLE


@pytest.fixture
def changed() -> Callable[..., str]:
    """Return the sample with pieces of text replaced; each piece must stand in it exactly once."""

    def text(*changes: tuple[str, str]) -> str:
        result = SAMPLE
        for old, new in changes:
            assert result.count(old) == 1, f"{old!r} stands {result.count(old)} times in the sample"
            result = result.replace(old, new)
        return result

    return text


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Config]:
    """Load a text as ``hgg.yaml`` of an otherwise empty current folder."""
    monkeypatch.chdir(tmp_path)

    def load_text(text: str = SAMPLE, overrides: tuple[str, ...] = ()) -> Config:
        tmp_path.joinpath("hgg.yaml").write_text(text, encoding="utf-8")
        return load_config("hgg.yaml", overrides)

    return load_text


@pytest.fixture
def faults(load: Callable[..., Config], changed: Callable[..., str]) -> Callable[..., list[str]]:
    """Return the lines of what is wrong with a changed sample."""

    def lines(*changes: tuple[str, str], overrides: tuple[str, ...] = ()) -> list[str]:
        with pytest.raises(ConfigErrors) as caught:
            load(changed(*changes), overrides)
        return str(caught.value).split("\n")

    return lines


@pytest.fixture
def said(tmp_path, monkeypatch):
    """Return the lines of what is wrong with a text of which pieces are replaced; each stands in it exactly once."""
    monkeypatch.chdir(tmp_path)

    def lines(text, *changes, overrides=()):
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
            text = text.replace(old, new)
        tmp_path.joinpath("c.yaml").write_text(text)
        with pytest.raises(ConfigErrors) as caught:
            load_any("c.yaml", overrides)
        return str(caught.value).split("\n")

    return lines
