"""Keys of stages, what is read back from a file, and files that are not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins import provenance
from rdfplugins._version import __version__
from rdfplugins.cpp import load_root
from rdfplugins.paths import shipped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def write(path: Path, kind: str, text: str, name: str = provenance.NAME) -> Path:
    root = load_root()
    file = root.TFile(str(path), "RECREATE")
    thing = root.TObjString(text) if kind == "TObjString" else root.TNamed(name, text)
    file.WriteTObject(thing, name)
    file.Close()
    return path


# -- keys


@given(JSON)
def test_key_is_a_function_of_the_content(parts: Any) -> None:
    key = provenance.stage_key(parts)
    assert key == provenance.stage_key(json.loads(json.dumps(parts)))
    assert len(key) == 64
    assert key != provenance.stage_key([parts])


def test_key_does_not_depend_on_the_order_of_a_mapping() -> None:
    assert provenance.stage_key({"a": 1, "b": 2}) == provenance.stage_key({"b": 2, "a": 1})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ([1, 2], [2, 1]),
        ("1", 1),
        (None, "null"),
        (True, 1),
        ([["a"], "b"], [["a", "b"]]),
        (Path("a"), Path("b")),
    ],
)
def test_key_changes_with_the_content(one: Any, other: Any) -> None:
    assert provenance.stage_key(one) != provenance.stage_key(other)


@pytest.fixture
def headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of headers that stands for the shipped one."""
    shutil.copytree(shipped("macros"), tmp_path / "macros")
    monkeypatch.setattr(provenance, "shipped", lambda kind: tmp_path / kind)
    return tmp_path / "macros" / "rdfplugins"


def test_key_changes_with_the_headers(headers: Path) -> None:
    before = provenance.stage_key({})
    with (headers / "hash.h").open("a") as file:
        file.write("// changed\n")
    changed = provenance.stage_key({})
    (headers / "new.h").write_text("#pragma once\n")
    assert len({before, changed, provenance.stage_key({})}) == 3
    (headers / "notes.txt").write_text("not a header")
    assert provenance.stage_key({}) not in {before, changed}


def test_key_changes_with_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    before = provenance.stage_key({})
    monkeypatch.setattr(provenance, "__version__", "0.0.0")
    assert provenance.stage_key({}) != before


def test_hash_of_user_headers(tmp_path: Path) -> None:
    header = tmp_path / "mine.h"
    header.write_text("int x;")
    first = provenance.files_hash([header])
    header.write_text("int y;")
    assert provenance.files_hash([header]) != first


def test_hash_follows_includes(tmp_path: Path) -> None:
    header, inner = tmp_path / "mine.h", tmp_path / "inner.h"
    header.write_text('#pragma once\n#include "inner.h"\n#include <vector>\n#include "nowhere.h"\n')
    inner.write_text('#include "mine.h"\nint x;')
    first = provenance.files_hash([header])
    inner.write_text('#include "mine.h"\nint y;')
    assert provenance.files_hash([header]) != first


# -- reading


def test_what_is_written_is_read(tmp_path: Path) -> None:
    text = json.dumps({"stages": {"select": "k"}, "text": 'é \n " \\'})
    path = write(tmp_path / "a.root", "TObjString", text)
    assert provenance.read(path) == json.loads(text)


def truncated(path: Path) -> Path:
    write(path, "TObjString", "{}")
    path.write_bytes(path.read_bytes()[:200])
    return path


def made_of(content: bytes) -> Any:
    return lambda path: (path.write_bytes(content), path)[1]


FOREIGN = {
    "missing": lambda path: path,
    "a folder": lambda path: path.mkdir() or path,
    "text": made_of(b"hello\n" * 100),
    "empty": made_of(b""),
    "magic only": made_of(b"root"),
    "truncated": truncated,
    "no provenance": lambda path: write(path, "TObjString", "{}", name="other"),
    "another class": lambda path: write(path, "TNamed", "{}"),
    "no JSON": lambda path: write(path, "TObjString", "made by hand"),
    "no mapping": lambda path: write(path, "TObjString", '["select"]'),
    "nothing": lambda path: write(path, "TObjString", ""),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_ours_is_none_and_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str) -> None:
    path = FOREIGN[kind](tmp_path / "a.root")
    capfd.readouterr()
    assert provenance.read(path) is None
    assert provenance.is_fresh(path, "select", "k") is False
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize(
    ("content", "fresh"),
    [
        ({"stages": {"select": "k"}}, True),
        ({"stages": {"select": "other"}}, False),
        ({"stages": {"resample": "k"}}, False),
        ({"stages": {}}, False),
        ({"stages": ["select"]}, False),
        ({"stages": None}, False),
        ({}, False),
        ({"simulation": True}, False),
    ],
)
def test_freshness(tmp_path: Path, content: dict[str, Any], fresh: bool) -> None:
    path = write(tmp_path / "a.root", "TObjString", json.dumps(content))
    assert provenance.is_fresh(path, "select", "k") is fresh


def test_the_current_file_of_root_stays(tmp_path: Path) -> None:
    path = write(tmp_path / "a.root", "TObjString", "{}")
    before = load_root().gDirectory.GetPath()
    provenance.read(path)
    assert load_root().gDirectory.GetPath() == before
    assert not [file for file in load_root().gROOT.GetListOfFiles() if file.GetName() == str(path)]


# -- the description


def git(folder: Path, *arguments: str) -> str:
    own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", "-C", str(folder), *own, *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_description(tmp_path: Path) -> None:
    found = provenance.describe(tmp_path)
    assert found["made_by"] == f"rdfplugins {__version__}"
    created = datetime.fromisoformat(found["created"])
    assert abs(datetime.now(timezone.utc) - created) < timedelta(minutes=1)
    assert json.loads(json.dumps(found)) == found


@pytest.fixture
def outside_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder above which git does not look for a repository."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_commit_of_a_repository(outside_git: Path) -> None:
    git(outside_git, "init", "-q")
    assert provenance.describe(outside_git)["git_commit"] is None  # no commit yet
    (outside_git / "a").write_text("a")
    git(outside_git, "add", "a")
    git(outside_git, "commit", "-qm", "a")
    git(outside_git, "tag", "-a", "v1", "-m", "v1")
    commit = git(outside_git, "rev-parse", "HEAD")
    assert provenance.describe(outside_git)["git_commit"] == commit
    (outside_git / "a").write_text("b")
    assert provenance.describe(outside_git)["git_commit"] == f"{commit}-dirty"


def test_no_repository_has_no_commit(outside_git: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert provenance.describe(outside_git)["git_commit"] is None
    assert provenance.describe(outside_git / "no")["git_commit"] is None
    assert capfd.readouterr().err == ""


def test_without_git_there_is_no_commit(outside_git: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(outside_git))
    assert provenance.describe(outside_git)["git_commit"] is None


def test_a_changed_number_is_noticed(tmp_path: Path) -> None:
    """ROOT's compression has no checksum: a flipped bit would be another cutflow."""
    record = {"stages": {"select": "k"}, "events": 12345, "share": 0.1}
    path = tmp_path / "out.root"
    for text, expected in [
        (provenance.to_text(record), record),
        (provenance.to_text(record).replace("12345", "12344"), None),
        ('{"from": "another"}', {"from": "another"}),
        ("[]", None),
    ]:
        file = load_root().TFile.Open(str(path), "RECREATE")
        file.WriteObject(load_root().TObjString(text), provenance.NAME)
        file.Close()
        assert provenance.read(path) == expected
