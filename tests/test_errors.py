"""Messages, places, exit codes and near misses."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rdfplugins import errors
from rdfplugins.errors import ConfigError, ConfigErrors, did_you_mean, place

EXIT_CODES = {
    "RdfpluginsError": 1,
    "ConfigError": 2,
    "ConfigErrors": 2,
    "InputError": 2,
    "DamagedFileError": 2,
    "InputErrors": 2,
    "MissingColumnError": 2,
    "CppError": 2,
    "ModelError": 2,
    "MissingDependencyError": 2,
    "OutputError": 1,
    "InterruptedRunError": 130,
}


def test_exit_code_of_every_error() -> None:
    found = {
        name: value.exit_code
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.RdfpluginsError)
    }
    assert found == EXIT_CODES


@pytest.mark.parametrize(
    ("file", "line", "text"),
    [
        ("a.yaml", 3, "a.yaml:3: wrong"),
        ("a.yaml", None, "a.yaml: wrong"),
        (None, None, "wrong"),
        (None, 3, "wrong"),
        ("a.yaml", 0, "a.yaml:0: wrong"),
    ],
)
def test_config_error_says_where(file: str | None, line: int | None, text: str) -> None:
    error = ConfigError("wrong", file=file, line=line)
    assert str(error) == text == place(file, line) + "wrong"
    assert (error.message, error.file, error.line) == ("wrong", file, line)


def test_several_faults_are_one_line_each() -> None:
    faults = [ConfigError("one", file="a.yaml", line=1), ConfigError("two", file="a.yaml", line=9)]
    error = ConfigErrors(faults)
    assert str(error) == "a.yaml:1: one\na.yaml:9: two"
    assert error.faults == faults


def test_several_faults_can_be_handled_as_one() -> None:
    """Whoever catches ConfigError reads its three attributes."""
    error: ConfigError = ConfigErrors([ConfigError("one", file="a.yaml", line=1)])
    assert (error.message, error.file, error.line) == ("a.yaml:1: one", None, None)


def test_an_error_survives_another_process() -> None:
    error = pickle.loads(pickle.dumps(ConfigError("wrong", file="a.yaml", line=3)))
    assert (str(error), error.message, error.file, error.line) == ("a.yaml:3: wrong", "wrong", "a.yaml", 3)


@pytest.mark.parametrize(
    ("word", "candidates", "text"),
    [
        ("filtre", ["filter", "define", "node"], "; did you mean 'filter'?"),
        ("PHOTON_PT", ["photon_pt", "jet_n"], "; did you mean 'photon_pt'?"),
        ("zzz", ["filter", "define"], ""),
        ("x", [], ""),
        ("min_pts", iter(["min_pt", "max_pt"]), "; did you mean 'min_pt' or 'max_pt'?"),
        ("aaaa", ["aaab", "aaac", "aaad", "aaae"], "; did you mean 'aaae' or 'aaad' or 'aaac'?"),
    ],
)
def test_near_misses(word: str, candidates: list[str], text: str) -> None:
    assert did_you_mean(word, candidates) == text


def test_most_limits_the_near_misses() -> None:
    assert did_you_mean("aaaa", ["aaab", "aaac", "aaad"], most=1).count("'") == 2


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=8))
def test_only_candidates_are_suggested(word: str, candidates: list[str]) -> None:
    text = did_you_mean(word, candidates)
    if text:
        inside = text.removeprefix("; did you mean ").removesuffix("?")
        assert set(inside[1:-1].split("' or '")) <= set(candidates) or any("' or '" in name for name in candidates)
    if word in candidates and word.lower() == word and sum(name.lower() == word for name in candidates) == 1:
        assert f"'{word}'" in text
