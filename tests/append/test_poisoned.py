"""Expressions that do not compile, one after the other in one process: what comes after is right, or is refused."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.append import branch
from rdfplugins.errors import CppError, OutputError
from tests.append.test_append_ml_mass import masses, write
from tests.nodes.mass_helpers import network, reference, write_model

if TYPE_CHECKING:
    from pathlib import Path

BAD = ["throw 3", "void()", "x, x", 'x; system("touch executed")', "x +", "[] { return 1; }"]


def test_in_place_after_expressions_without_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = network((1, 4, 1), seed=3)
    folder = write_model(tmp_path / "one", made, ["x"])
    column = np.linspace(0, 5, 3000, dtype=np.float32)
    first = write(tmp_path / "first.root", {"x": column})
    path = tmp_path / "in.root"
    shutil.copy(first, path)
    for expression in BAD * 2:
        with pytest.raises(CppError) as raised:
            rp.append_ml_mass(path, model=folder, map={"x": expression}, in_place=True, force=True)
        assert "\n" not in str(raised.value)
        assert path.read_bytes() == first.read_bytes()
    for factor in (2, 3):
        rp.append_ml_mass(path, model=folder, map={"x": f"{factor} * x"}, in_place=True, force=True)
        wanted = reference(made, factor * column.astype(np.float64)[:, None])[:, 0]
        np.testing.assert_allclose(masses(path), wanted, rtol=1e-5, atol=1e-5)
    assert not (tmp_path / "executed").exists()


def test_what_the_interpreter_could_not_compile_is_no_success() -> None:
    """A call of such a function does nothing and returns nothing."""
    assert branch.attempt(lambda: "done") == ""
    with pytest.raises(OutputError, match="start a new process"):
        branch.refuse("out.root", branch.attempt(lambda: ""))
