"""What ``rdfrun nodes NAME`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import pytest

from rdfplugins.nodes import Unit, base, diphoton, node
from rdfplugins.nodes.document import document, summary

if TYPE_CHECKING:
    from rdfplugins.nodes.base import RNode


@node(name="third.one", needs=lambda p: [p["column"], "other"], makes=("made",))
def one(df: RNode, *, column: str, width: Annotated[float, Unit("mm")] = 1.0, on: bool = True) -> RNode:
    """Do one thing.

    In more words.
    """
    return df.Define("made", f"{column} * {width if on else 1}")


@node(name="third.bare")
def bare(df: RNode) -> RNode:
    return df


@node(name="third.optional", reads=("x", "y"))
def optional(df: RNode) -> RNode:
    return df


def test_whole_text() -> None:
    assert document(one).splitlines() == [
        "third.one",
        "",
        "Do one thing.",
        "",
        "In more words.",
        "",
        "Parameters in `with:`",
        "  column  text           required",
        "  width   a number, mm   default 1.0",
        "  on      true or false  default true",
        "",
        "Needs: <column>, other",
        "",
        "Makes: made",
        "",
        "Keeps: nothing",
    ]


def test_node_without_anything() -> None:
    lines = document(bare).splitlines()
    assert lines[0] == "third.bare"
    assert "  none" in lines
    assert lines[-5:] == ["Needs: nothing", "", "Makes: nothing", "", "Keeps: nothing"]
    assert summary(bare) == ""


@node(
    name="third.channels",
    cuts=("flag", "one_channel"),
    channel_cuts=lambda p: {
        name: tuple(f"cut_{name}_{number}" for number in range(p["count"])) for name in ("tt", "mt")
    },
)
def several(
    df: RNode,
    *,
    min_pt: float | dict[str, float] = {"tt": 40.0, "mt": 30.0},  # noqa: B006
    flags: tuple[str, ...] = tuple(f"Flag_number_{number}" for number in range(12)),
    count: int = 12,
) -> RNode:
    """Cut by channel."""
    return df


def test_channels_mappings_and_long_defaults() -> None:
    lines, flags = document(several).splitlines(), list(several.parameters["flags"].default)
    rows = [line for line in lines if line.startswith("  ")]
    assert rows[0] == "  min_pt  a number, or a mapping of names to numbers  default {tt: 40.0, mt: 30.0}"
    assert rows[1:3] == ["  flags   a list", f"            default [{', '.join(flags[:6])},"]
    assert [word.strip("[],") for word in " ".join(rows).split() if "Flag" in word] == flags
    place = lines.index("Cuts: flag, one_channel; before the last of them, in each channel:")
    text = " ".join(" ".join(lines[place + 1 :]).split())
    assert text.startswith(f"tt: {', '.join(f'cut_tt_{number}' for number in range(12))} mt: cut_mt_0, cut_mt_1, ")
    assert max(map(len, lines)) <= 110


def test_summary() -> None:
    assert summary(one) == "Do one thing."


def test_diphoton_select() -> None:
    lines = document(diphoton.select).splitlines()
    for row in (
        ("min_pt", "a number, GeV", "default 25.0"),
        ("crack", "a list of 2 numbers or null", "default [1.37, 1.52]"),
        ("pairing", "'exactly_two' or 'leading_two'", "default exactly_two"),
        ("mass_range", "a list of 2 numbers or null, GeV", "default [105.0, 160.0]"),
        ("mass_window", "a list of 2 numbers or null, GeV", "default null"),
        ("trigger", "text or null", "default trigP"),
    ):
        assert any(line.split() == " ".join(row).split() for line in lines), row
    assert "  (given by the pipeline: units)" in lines


def test_weights_are_documented_for_simulation() -> None:
    text = document(diphoton.weights)
    assert "Needs: mcWeight, scaleFactor_PILEUP" in text
    assert "XSection, SumWeights" in " ".join(text.split())
    assert "  (given by the pipeline: sample)" in text


def test_columns_that_a_node_reads_where_they_are_there_are_listed() -> None:
    assert document(optional).splitlines()[-7:-4] == ["Needs: nothing", "", "Reads, where they are there: x, y"]


@pytest.mark.parametrize(("name", "columns"), [("ml_mass", "tau1_pt_reco, tau1_eta_reco,"), ("ditau.fastmtt", "pt_1,")])
def test_columns_that_may_be_mapped_are_needed(name: str, columns: str) -> None:
    text = " ".join(document(base.find(name)).split())
    assert f"Needs, unless mapped, computed or given by a parameter: {columns}" in text
    assert "Needs: nothing" not in text
    assert "Reads, where" not in text


@pytest.mark.parametrize("name", base.names())
def test_every_installed_node_is_documented(name: str) -> None:
    found = base.find(name)
    text = document(found)
    assert summary(found).endswith((".", ":", ";")) or "." in summary(found)
    for key in found.parameters:
        assert key in text
    # the columns are wrapped by us; docstrings are not
    assert max(map(len, text.splitlines())) <= 120
