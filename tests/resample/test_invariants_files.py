"""The stage from files to a file takes what the arrays give: any method, order of rows and files, class by class."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

import rdfplugins
from tests.oracle.resampling import CLASS_ONLY
from tests.resample.problems import METHODS, Problem, spectra

if TYPE_CHECKING:
    from pathlib import Path

ROWS = {(category, label): 240 + 60 * label - 40 * category for category in (0, 1) for label in range(3)}
OPTIONS: dict[str, dict[str, Any]] = {
    **{method: {"n_jets": 300} for method in ("none", "weighting", "planing", "stratified")},
    **{method: {"target_distribution": "cjets"} for method in ("pdf", "countup", "importance_no_replace")},
    "count": {"fractions": {"ttbar": 0.5, "zprime": 0.5}},
    "ensemble": {"subsets": 3},
}
LOSING = ("count", "pdf", "importance_no_replace", "countup", "ensemble")  # methods that may lose bins
LABELS = {"bjets": 5, "cjets": 4, "ujets": 0}
Copy = tuple[int, int]  # key and number of the copy


def example(method: str) -> Problem:
    made = spectra(method, ROWS, bins=(5, 2), **OPTIONS.get(method, {}))
    for sample in made.samples:
        sample.values["pt"][:4] = [np.nan, np.inf, -1.0, 2.0]
    if method in LOSING:
        return made
    # options that a method does not take are refused in a file
    without = {"max_lost_fraction": None}
    if method in CLASS_ONLY:
        without |= {"sampling_variables": None, "bin_semantics": None}
    return made.changed(**without)


def write(problem: Problem, folder: Path, pieces: int, order: int) -> dict[str, list[str]]:
    """Write each sample in so many files, its rows in another order for each ``order``; return them by sample."""
    draw = np.random.default_rng(order)
    files: dict[str, list[str]] = {}
    for sample in problem.samples:
        rows = np.arange(len(sample.key)) if order == 0 else draw.permutation(len(sample.key))
        for number, part in enumerate(np.array_split(rows, pieces)):
            table = {"event_key": sample.key[part], **{name: column[part] for name, column in sample.values.items()}}
            table["label"] = np.array(list(LABELS.values()), np.int32)[sample.class_id[part]]
            path = folder / f"{sample.name}_{pieces}_{order}_{number}.h5"
            with h5py.File(path, "w") as file:
                compound = np.empty(len(part), [(name, column.dtype) for name, column in table.items()])
                for name, column in table.items():
                    compound[name] = column
                file["jets"] = compound
            files.setdefault(sample.name, []).append(str(path))
    return {name: paths[::-1] if order else paths for name, paths in files.items()}


def configured(problem: Problem, files: dict[str, list[str]], folder: Path) -> Path:
    section = {**problem.raw, "from": files, "label_column": {"column": "label", "values": LABELS}}
    folder.mkdir(exist_ok=True)
    path = folder / "train.yaml"
    path.write_text(json.dumps({"version": 1, "resample": section}))
    return path


def taken(folder: Path) -> tuple[list[Copy], dict[Copy, tuple[int, float, int]]]:
    """Return the copies in the order of the output; and class, weight and subset of each."""
    with h5py.File(folder / "resample" / "train.h5") as file:
        rows = file["jets"][:]
    names = rows.dtype.names
    weight = rows["sample_weight"] if "sample_weight" in names else np.ones(len(rows))
    subset = rows["subset"] if "subset" in names else np.zeros(len(rows), np.int32)
    order = list(zip(rows["event_key"].tolist(), rows["copy_number"].tolist(), strict=True))
    values = zip(rows["class_id"].tolist(), weight.tolist(), subset.tolist(), strict=True)
    assert len(set(order)) == len(order)
    return order, dict(zip(order, values, strict=True))


def run(problem: Problem, files: dict[str, list[str]], folder: Path, **arguments: Any) -> None:
    rdfplugins.run(configured(problem, files, folder), output=folder, stages=["resample"], **arguments)


def expected(problem: Problem) -> dict[Copy, tuple[int, float, int]]:
    found = {}
    for (_, key), one in problem.run().rows.items():
        subsets = [bit for bit in range(64) if one.subsets >> bit & 1] or [0] * one.copies
        for copy, subset in enumerate(subsets):
            found[key, copy] = (one.label, one.weight, subset)
    return found


@pytest.mark.parametrize("method", METHODS)
def test_the_stage_takes_what_arrays_give(tmp_path: Path, method: str) -> None:
    """And the same in another order of files and rows, in the same order where the output is shuffled."""
    problem = example(method)
    wanted = expected(problem)
    orders = []
    for number, (pieces, order) in enumerate(((1, 0), (3, 1))):
        folder = tmp_path / str(number)
        run(problem, write(problem, tmp_path, pieces, order), folder)
        found, values = taken(folder)
        assert values.keys() == wanted.keys()
        for copy, value in values.items():
            assert value == (wanted[copy][0], pytest.approx(wanted[copy][1], rel=1e-12, abs=0.0), wanted[copy][2])
        orders.append(found)
    if method in ("pdf", "countup", "random_oversampling"):
        assert orders[0] == orders[1]
        assert orders[0] != sorted(orders[0])


@pytest.mark.parametrize("method", ["count", "pdf", "importance_no_replace", "stratified", "ensemble"])
def test_class_by_class_gives_the_same(tmp_path: Path, method: str) -> None:
    problem = example(method)
    files = write(problem, tmp_path, 2, 0)
    folder = tmp_path / "apart"
    for flavour in ("target", "2", "0", "1", "combining"):
        run(problem, files, folder, flavour=flavour)
    _, values = taken(folder)
    assert values.keys() == expected(problem).keys()
    run(problem, files, tmp_path / "whole")
    assert taken(tmp_path / "whole") == taken(folder)
