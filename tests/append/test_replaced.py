"""A file that is replaced while it is looked at: data and estimates are of one file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.append import Request, core
from rdfplugins.errors import OutputError
from tests.append.test_append_ml_mass import masses, write
from tests.nodes.mass_helpers import network, reference, write_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def made(tmp_path: Path) -> Any:
    write_model(tmp_path / "one", network((1, 4, 1), seed=3), ["x"])
    write(tmp_path / "in.root", {"x": np.linspace(0, 5, 500, dtype=np.float32)})
    write(tmp_path / "other.root", {"x": np.linspace(5, 9, 500, dtype=np.float32)})
    return network((1, 4, 1), seed=3)


def test_before_it_is_held(tmp_path: Path, made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    adding = core.adding

    def replaced_before(source: Path, *arguments: Any, **options: Any) -> Any:
        (tmp_path / "other.root").replace(source)
        return adding(source, *arguments, **options)

    monkeypatch.setattr(core, "adding", replaced_before)
    (path,) = rp.append_ml_mass(tmp_path / "in.root", model=tmp_path / "one")
    x = np.linspace(5, 9, 500, dtype=np.float32).astype(np.float64)
    assert np.array_equal(masses(path, "x"), x.astype(np.float32))
    np.testing.assert_allclose(masses(path), reference(made, x[:, None])[:, 0], rtol=1e-5, atol=1e-5)


def test_while_it_is_read(tmp_path: Path, made: Any) -> None:
    del made

    def replace_at_the_first_batch(outputs: Any) -> None:
        del outputs
        shutil.copy(tmp_path / "other.root", tmp_path / "new.root")
        (tmp_path / "new.root").replace(tmp_path / "in.root")

    request = core_request(tmp_path)
    with pytest.raises(OutputError, match="changed while it was read"):
        core.run_one(tmp_path / "in.root", tmp_path / "out.root", request, watch=replace_at_the_first_batch)
    assert not (tmp_path / "out.root").exists()
    assert not list(tmp_path.glob("*.part"))


def core_request(folder: Path) -> Any:
    return Request(rp.load_model(folder / "one"))
