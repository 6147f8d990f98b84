"""Small files in the form in which the stage select writes them, and configs that go with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot
from uproot.writing.identify import to_TAxis, to_TH1x

from rdfplugins.config import load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rdfplugins.config import Config

LUMI = 1000.0
EDGES = np.linspace(105.0, 160.0, 31)
CENTRES = (EDGES[:-1] + EDGES[1:]) / 2
HIDDEN = slice(8, 14)  # the bins of 55/30 GeV that share something with 120-130 GeV
BACKGROUND = np.array([round(900 * np.exp(-(m - 105) / 30)) for m in CENTRES], dtype=float)
# no other number of a report looks like these: a digit of them anywhere is a leak
SECRET = np.array([7711, 7722, 7733, 7744, 7755, 7766], dtype=float)


def secret_data() -> np.ndarray:
    values = BACKGROUND.copy()
    values[HIDDEN] = SECRET
    return values


def signal(yield_pb: float) -> np.ndarray:
    shape = np.exp(-0.5 * ((CENTRES - 125) / 2) ** 2)
    return yield_pb * shape / shape.sum()


def cut(name: str, events: int, weighted: float, variance: float) -> dict[str, Any]:
    return {"name": name, "events": events, "weighted": weighted, "variance": variance}


@pytest.fixture
def write_sample(tmp_path: Path) -> Callable[..., Path]:
    """Write the file of a sample: histograms as name -> values (or values and variances), cutflow, provenance.

    ``variations`` is label -> histograms, ``categories`` category -> histograms, and ``varied_categories`` label ->
    category -> histograms. Yields are the sums of the first histogram; those of ``none`` are what is left.
    """

    def write(
        name: str,
        histograms: dict[str, Any],
        *,
        kind: str = "mc",
        label: str | None = None,
        simulation: bool = False,
        partial: bool = False,
        weighted: bool = True,
        cuts: list[dict[str, Any]] | None = None,
        edges: tuple[float, float] = (105.0, 160.0),
        variations: dict[str, dict[str, Any]] | None = None,
        categories: dict[str, dict[str, Any]] | None = None,
        varied_categories: dict[str, dict[str, dict[str, Any]]] | None = None,
        more: dict[str, Any] | None = None,
    ) -> Path:
        path = tmp_path / f"{name}.root"
        total = total_of(histograms)

        def flow(last: float, given: list[dict[str, Any]] | None = None) -> dict[str, Any]:
            steps = given or [cut("all", 20000, 2 * total, 4 * abs(total)), cut("mass", 10000, last, abs(last))]
            return {"sample": name, "kind": kind, "bad_weights": 0, "weighted": weighted, "cuts": steps}

        record = {
            "sample": {"name": name, "kind": kind, "label": label or name, "simulation": simulation},
            "partial": partial,
            "cutflow": flow(total, cuts),
            "variations": list(variations or ()),
            "cutflow_variations": {key: flow(total_of(one)) for key, one in (variations or {}).items()},
            **(more or {}),
        }
        if categories is not None:
            record["categories"] = {
                "names": list(categories),
                "yields": yields_of(categories, total),
                "variations": {
                    key: yields_of(varied, total_of((variations or {})[key]))
                    for key, varied in (varied_categories or {}).items()
                },
            }
        with uproot.recreate(path) as file:
            for folder, group in folders(histograms, variations, categories, varied_categories):
                for key, values in group.items():
                    pair = values if isinstance(values, tuple) else (values, np.abs(values))
                    file[f"{folder}{key}"] = th1(key, *pair, *edges)
            file["provenance"] = json.dumps(record)
        return path

    return write


def folders(
    histograms: dict[str, Any],
    variations: dict[str, dict[str, Any]] | None,
    categories: dict[str, dict[str, Any]] | None,
    varied_categories: dict[str, dict[str, dict[str, Any]]] | None,
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "", histograms
    for key, group in (variations or {}).items():
        yield f"variations/{key}/", group
    for key, group in (categories or {}).items():
        yield f"categories/{key}/", group
    for label, varied in (varied_categories or {}).items():
        for key, group in varied.items():
            yield f"variations/{label}/categories/{key}/", group


def total_of(histograms: dict[str, Any]) -> float:
    first = next(iter(histograms.values()), np.zeros(1))
    return float(np.sum(first[0] if isinstance(first, tuple) else first))


def yields_of(categories: dict[str, dict[str, Any]], total: float) -> dict[str, dict[str, Any]]:
    sums = {key: total_of(group) for key, group in categories.items()}
    sums["none"] = total - sum(sums.values())
    return {
        key: {"events": max(round(value), 0), "weighted": value, "variance": abs(value)} for key, value in sums.items()
    }


def th1(
    name: str, values: np.ndarray, variances: np.ndarray, low: float, high: float, *, beyond: Sequence[float] = (0, 0)
) -> Any:
    """Return a histogram; ``beyond`` is the sum of weights above its range, and that of their squares."""
    pairs = zip((values, variances), beyond, strict=True)
    flow = [np.concatenate([[0.0], array, [last]]) for array, last in pairs]
    axis = to_TAxis("xaxis", "", len(values), low, high)
    return to_TH1x(name, name, flow[0], values.sum(), values.sum(), variances.sum(), 0.0, 0.0, flow[1], axis)


@pytest.fixture
def config(tmp_path: Path) -> Callable[..., Config]:
    """Return a config; keyword arguments are put into it as they would be by ``--set``."""

    def make(*overrides: str, lumi: float | None = LUMI, histograms: str | None = None, tree: str = "mini") -> Config:
        shown = histograms or "{m_yy: {column: m_yy, bins: 30, range: [105, 160], after: mass}}"
        text = f"""\
version: 1
input:
  tree: {tree}
  units: MeV
  {f"lumi_pb: {lumi}" if lumi else ""}
  key: [eventNumber]
  samples:
    gg: {{kind: mc, files: gg.root}}
    VBF: {{kind: mc, files: VBF.root}}
    data: {{kind: data, files: data.root}}
    more: {{kind: data, files: more.root}}
select:
  weight: weight
  steps: []
  histograms: {shown}
  output: {{dir: out}}
"""
        path = tmp_path / "hgg.yaml"
        path.write_text(text, encoding="utf-8")
        return load_config(path, overrides)

    return make


@pytest.fixture
def three(write_sample: Callable[..., Path]) -> dict[str, Path]:
    """Return files of two signals and of data that hold secrets in the signal window."""
    data = secret_data()
    total = int(data.sum())
    return {
        "data": write_sample(
            "data",
            {"m_yy": data},
            kind="data",
            cuts=[cut("all", 99999, 99999.0, 99999.0), cut("mass", total, float(total), float(total))],
        ),
        "gg": write_sample("gg", {"m_yy": (signal(0.04), signal(0.04) * 1e-5)}),
        "VBF": write_sample("VBF", {"m_yy": (signal(0.004), signal(0.004) * 1e-6)}),
    }
