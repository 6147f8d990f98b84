"""Shipped files are found in a checkout and in an installed package; the cache can be moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rdfplugins import paths

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("kind", "file"), [("macros", "rdfplugins/hash.h"), ("configs", "hgg.yaml"), ("models", "README.md")]
)
def test_what_is_shipped_is_there(kind: str, file: str) -> None:
    assert (paths.shipped(kind) / file).is_file()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of an empty package."""
    folder = tmp_path / "rdfplugins"
    folder.mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", folder)
    return folder


def test_a_wheel_has_them_inside_the_package(package: Path) -> None:
    assert paths.shipped("macros") == package / "macros"
    (package.parent / "macros").mkdir()  # a folder of that name in site-packages is somebody else's
    assert paths.shipped("macros") == package / "macros"


def test_a_checkout_has_them_beside_the_package(package: Path) -> None:
    (package.parent / "pyproject.toml").touch()
    (package.parent / "macros").mkdir()
    assert paths.shipped("macros") == package.parent / "macros"
    assert paths.shipped("configs") == package / "configs"


def test_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RDFPLUGINS_CACHE", str(tmp_path))
    assert paths.cache_dir() == tmp_path
    monkeypatch.setenv("RDFPLUGINS_CACHE", "~/somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert paths.cache_dir() == tmp_path / "somewhere"


@pytest.mark.parametrize("value", [None, ""])
def test_default_cache_is_that_of_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, value: str | None
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    if value is None:
        monkeypatch.delenv("RDFPLUGINS_CACHE", raising=False)
    else:
        monkeypatch.setenv("RDFPLUGINS_CACHE", value)
    found = paths.cache_dir()
    assert found.name == "rdfplugins"
    assert tmp_path in found.parents
