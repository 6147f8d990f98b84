"""``rdfrun simulate hgg``: releases, numbers as people write them, and files that are there already."""

from __future__ import annotations

import pytest
import uproot
from click.testing import CliRunner

from rdfplugins.cli import cli


def call(*words):
    return CliRunner().invoke(cli, ["simulate", "hgg", *map(str, words)])


@pytest.mark.parametrize(
    ("words", "tree"), [([], "mini"), (["--release", "2020"], "mini"), (["--release", "2025"], "analysis")]
)
def test_releases(tmp_path, words, tree):
    result = call("--mode", "tt", "-n", 12, "-o", tmp_path, *words)
    assert result.exit_code == 0, result.output
    with uproot.open(tmp_path / "hgg_tt.root") as file:
        assert file[tree].num_entries == 12


def test_an_unknown_release(tmp_path):
    result = call("--release", "2024", "-o", tmp_path / "new")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "unknown release '2024' of the hgg simulation; did you mean '2025' or '2020'? (known: 2020, 2025)\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_is_replaced_by_force_only(tmp_path):
    path = tmp_path / "hgg_gg.root"
    assert call("--mode", "gg", "-n", 7, "-o", tmp_path).exit_code == 0
    before = path.read_bytes()
    for words in (["--mode", "gg"], []):  # of all modes one is there: none is begun
        result = call("-n", 9, "-o", tmp_path, *words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"{path}: already there; --force replaces it, -o DIR writes elsewhere\n"
        assert path.read_bytes() == before
        assert [file.name for file in tmp_path.iterdir()] == ["hgg_gg.root"]
    assert call("--mode", "gg", "-n", 9, "-o", tmp_path, "--force").exit_code == 0
    with uproot.open(path) as file:
        assert file["mini"].num_entries == 9
    result = call("-n", 9, "-o", tmp_path, "--mode", "VBF")
    assert result.exit_code == 0, "another file is no obstacle"


@pytest.mark.parametrize("command", ["hgg", "ditau"])
def test_the_output_is_a_folder(tmp_path, command):
    path = tmp_path / "x.root"
    words = ["simulate", command, "-n", "5", "-o", str(path)]
    words += ["--mode", "tt" if command == "hgg" else "zll"]
    for _ in range(2):
        result = CliRunner().invoke(cli, words)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"-o {path}: -o is the folder into which files are written, one for each mode; give -o {tmp_path}\n"
        )
        if not path.exists():
            assert list(tmp_path.iterdir()) == []
            path.touch()  # a file of that name is no folder either
    path.unlink()
    path.mkdir()
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert len(list(path.glob("*.root"))) == 1


@pytest.mark.parametrize(("text", "number"), [("1e2", 100), ("1.5E1", 15), ("1_0", 10), ("+3", 3), ("12.0", 12)])
def test_large_numbers_as_people_write_them(tmp_path, text, number):
    result = call("--mode", "gg", "-n", text, "--seed", text, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    assert f"{number} events, SIMULATION" in result.stdout
    with uproot.open(tmp_path / "hgg_gg.root") as file:
        assert file["mini"].title.endswith(f"{number} events, seed {number}")


@pytest.mark.parametrize("option", ["-n", "--seed"])
@pytest.mark.parametrize("text", ["1.5", "1k", "nan", "inf", "1e400", "ten", "", "0x10"])
def test_what_is_no_whole_number(tmp_path, option, text):
    result = call(option, text, "-o", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"'{text}' is not a whole number such as 100000, 100_000 or 1e5" in result.stderr
    assert list(tmp_path.iterdir()) == []
