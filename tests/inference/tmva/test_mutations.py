"""Some hundred random edits of weight files: a model that answers as the oracle does, or one line, and nothing else."""

from __future__ import annotations

import math
import random
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.inference.tmva import weight_files
from tests.inference.tmva.hostile import model_or_fault
from tests.oracle import tmva as oracle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.inference.model import Model

pytestmark = pytest.mark.timeout(300)

FILES: dict[str, dict[str, Any]] = {
    "trees": {"trees": 4, "depth": 3, "fisher": True, "steps": "D", "spectators": 1},
    "classes": {"trees": 6, "depth": 2, "boost": "Grad", "analysis": "Multiclass", "classes": 3},
    "median": {"trees": 7, "depth": 2, "boost": "AdaBoostR2", "analysis": "Regression", "steps": "N"},
    "neurons": {"method": "MLP", "steps": "NG", "variables": 2, "estimator": "MSE"},
    "targets": {"method": "LD", "analysis": "Regression", "targets": 2, "steps": "NP", "with_targets": True},
}
ODD = ("0", "1", "-1", "2", "99", "1e308", "-1e308", "1e-320", "nan", "x", "", "False", "Signal", "x1", "\u0661", "é")
SIGNS = (*"\0\t\n<>&\"'=/\u2028\ufffd", *map(chr, range(32, 127)))


def flip(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text))
    return text[:at] + dice.choice(SIGNS) + text[at + 1 :]


def cut_out(text: str, dice: random.Random) -> str:
    at = dice.randrange(len(text))
    return text[:at] + text[at + dice.choice([1, 2, 5, 30, 300]) :]


def copy_within(text: str, dice: random.Random) -> str:
    at, to = dice.randrange(len(text)), dice.randrange(len(text))
    return text[:to] + text[at : at + dice.choice([1, 10, 100, 1000])] + text[to:]


def lines(text: str, dice: random.Random) -> str:
    """Leave out, repeat or exchange lines: often still XML."""
    rows = text.splitlines(keepends=True)
    i, j = dice.randrange(len(rows)), dice.randrange(len(rows))
    how = dice.randrange(3)
    if how == 0:
        del rows[i]
    elif how == 1:
        rows.insert(j, rows[i])
    else:
        rows[i], rows[j] = rows[j], rows[i]
    return "".join(rows)


def value(text: str, dice: random.Random) -> str:
    """Give an attribute another value: that of another one, or an odd one."""
    spots = list(re.finditer(r'="([^"]*)"', text))
    spot, other = dice.choice(spots), dice.choice(spots)
    new = dice.choice([other.group(1), dice.choice(ODD)])
    return text[: spot.start(1)] + new + text[spot.end(1) :]


def word(text: str, dice: random.Random) -> str:
    """Give a number or a name between elements another value."""
    spots = list(re.finditer(r"(?<=[\s>])[^\s<>\"=]+(?=[\s<])", text))
    spot, other = dice.choice(spots), dice.choice(spots)
    new = dice.choice([other.group(), dice.choice(ODD)])
    return text[: spot.start()] + new + text[spot.end() :]


def attribute(text: str, dice: random.Random) -> str:
    """Take an attribute away, or call it something else."""
    spot = dice.choice(list(re.finditer(r' (\w+)="[^"]*"', text)))
    if dice.random() < 0.5:
        return text[: spot.start()] + text[spot.end() :]
    return text[: spot.start(1)] + dice.choice(["Index", "Cut", "x", "NCoef"]) + text[spot.end(1) :]


EDITS: list[Callable[[str, random.Random], str]] = [flip, cut_out, copy_within, lines, value, value, word, attribute]


def judge(model: Model, path: Path) -> bool:
    """Compare with the oracle where it can read the file, too; say whether it could."""
    text = path.read_text(encoding="utf-8")
    if 'boostWeight="-' in text:
        return False  # TMVA writes none
    events = np.random.default_rng(1).normal(size=(6, len(model.inputs)), scale=2).astype(np.float32)
    try:
        expected = [oracle.respond(path, event.tolist()) for event in events]
    except (ValueError, KeyError, IndexError, AssertionError, StopIteration, ZeroDivisionError, OverflowError):
        return False
    if not all(math.isfinite(one) and abs(one) < 1e100 for row in expected for one in row):
        return False
    found = model.predict(events)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    return True


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize(("backend", "count"), [("numpy", 240), ("cpp", 60)])
def test_a_model_or_one_line(kind: str, backend: str, count: int, tmp_path: Path) -> None:
    dice = random.Random(f"{kind} {backend}")
    text = weight_files.text(**FILES[kind])
    path = tmp_path / "weights.xml"
    refused = agreed = 0
    for _ in range(count):
        edited = dice.choice(EDITS)(text, dice)
        if dice.random() < 0.2:
            edited = dice.choice(EDITS)(edited, dice)
        path.write_text(edited, encoding="utf-8")
        model = model_or_fault(path, backend)
        refused += model is None
        agreed += model is not None and judge(model, path)
    assert refused > count / 4
    assert agreed > count / 20
