"""Tables in terminals of any width: every number whole, in the row and below the sample where it belongs."""

from __future__ import annotations

import dataclasses
import io
import re
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from rdfplugins.cutflow import Cut, Cutflow
from rdfplugins.report.channels import channel_table
from rdfplugins.report.tables import cutflow_rows, expected_text, format_percent
from rdfplugins.report.terminal import cutflow_table

from .test_tables import BLIND, DATA, SIGNAL

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rdfplugins.report.blinding import Blinding

LUMI = 17.5
FLAGS = ("EcalDeadCellTriggerPrimitiveFilter", "HBHENoiseFilter")
SIZES = {"H125": 0.31, "H300": 2.0, "H700": 0.5, "ZTT": 2026.0, "ZLL": 4051.0, "W": 1500.0, "QCD": 3000.0, "TT": 832.0}


def printed(table: RenderableType | None, width: int) -> list[str]:
    assert table is not None
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table)
    return [line.rstrip() for line in console.export_text().splitlines()]


def nine() -> list[Cutflow]:
    """Return samples of very different sizes, each with two channels."""
    found = []
    for number, (name, size) in enumerate({**SIZES, "data": 200001.0}.items()):
        events = 200001 if name == "data" else 60002 + 7 * number
        weight = size / events

        def cut(label: str, count: int, each: float = weight) -> Cut:
            return Cut(label, count, each * count, each**2 * count)

        flags = [cut(label, events - 83 * place) for place, label in enumerate(FLAGS, start=1)]
        start = (cut("all", events), *flags)
        ways = {name: (*start, cut("one_channel", 12345 // part + number)) for name, part in (("mt", 1), ("tt", 7))}
        kept = (*start, cut("one_channel", sum(way[-1].events for way in ways.values())))
        found.append(Cutflow(name, "data" if name == "data" else "mc", kept, 0, channels=ways))
    return found


def read(lines: list[str], head: str) -> dict[tuple[str, str], list[str]]:
    """Return (row, sample) -> words of its cell, from tables one below the other; cells are right-aligned."""
    found: dict[tuple[str, str], list[str]] = {}
    names: list[tuple[str, int]] = []
    row, before = "", 0
    for line in lines:
        if line.startswith(f"{head} "):
            names = [(match[0], match.end()) for match in re.finditer(r"\S+", line)][1:]
            before = 0
        elif not names or not line or line.startswith(("\N{BOX DRAWINGS LIGHT HORIZONTAL}", "below")):
            continue
        else:
            row = row if line.startswith(" ") else line.split()[0]
            before = max(before, 0 if line.startswith(" ") else len(row))
            start = before
            for name, end in names:
                found.setdefault((row, name), []).extend(line[start:end].split())
                start = end
    return found


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160])
def test_no_number_is_folded(width: int) -> None:
    flows = nine()
    tables = {
        "cut": (cutflow_table(flows, LUMI, width=width), cutflow_rows(flows, LUMI)),
        "channel": (channel_table(flows, LUMI, width=width), []),
    }
    for head, (table, rows) in tables.items():
        lines = printed(table, width)
        assert max(map(len, lines)) <= width
        cells = read(lines, head)
        heads = [name for line in lines if line.startswith(f"{head} ") for name in line.split()[1:]]
        assert heads == [flow.sample for flow in flows]
        for row in rows:
            for flow, cell in zip(flows, row.cells, strict=True):
                assert cell is not None
                wanted = expected_text(cell) + f"{cell.events}" + format_percent(cell.efficiency)
                assert "".join(cells[row.cut, flow.sample]) == wanted.replace(" ", "")
    for flow in flows:
        for channel, way in flow.channels.items():
            assert str(way[-1].events) in cells[channel, flow.sample]


def test_parts_stand_below_one_title_and_above_one_caption() -> None:
    lines = printed(cutflow_table(nine(), LUMI, width=80), 80)
    assert lines[0] == "Cutflow: events expected in 17.5/pb"
    assert sum(line.startswith("cut ") for line in lines) == 3
    assert sum("Cutflow" in line for line in lines) == 1
    assert [line for line in lines if "raw events" in line] == [lines[-1]]
    assert all(sum(line.startswith(f"{name} ") for line in lines) == 3 for name in ("all", *FLAGS, "one_channel"))


@pytest.mark.parametrize("width", [40, 60, 80])
def test_long_names_are_folded_and_numbers_are_not(width: int) -> None:
    name = "GluGluHToTauTau_M125_13TeV_powheg_pythia8_and_so_on"
    cuts = (Cut("a_filter_that_says_all_about_itself" * 3, 123456, 9.87654, 1e-4),)
    flows = [Cutflow(name, "mc", cuts, 0), Cutflow("data", "data", (Cut(cuts[0].name, 654321, 654321.0, 654321.0),), 0)]
    lines = printed(cutflow_table(flows, 1000.0, width=width), width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    assert {"9877", "123456", "654321"} <= set(words)
    text = "".join(words)
    assert text.count("100%") == 2
    first = [line.split()[-1] for line in lines[1 : lines.index(next(line for line in lines if "\u2500" in line))]]
    assert name in "".join(first)


def test_names_are_no_markup() -> None:
    flow = dataclasses.replace(SIGNAL, sample="[red]gg", cuts=(Cut("[bold]all", 9, 1.0, 0.1),))
    text = "\n".join(printed(cutflow_table([flow], 1.0, width=80), 80))
    assert "[red]gg" in text
    assert "[bold]all" in text


def test_efficiency_is_called_weighted_where_it_is() -> None:
    assert printed(cutflow_table([SIGNAL, DATA], 1.0), 100)[-1] == (
        "below: raw events, and weighted efficiency relative to the first row"
    )
    plain = [dataclasses.replace(flow, weighted=False) for flow in (SIGNAL, DATA)]
    assert printed(cutflow_table(plain, 1.0), 100)[-1] == "below: raw events, and efficiency relative to the first row"
    assert "weighted efficiency relative to all events" in printed(channel_table(nine(), LUMI, width=160), 160)[-1]


# -- six samples


def six(*, blinding: Blinding | None = None, width: int) -> list[str]:
    others = [dataclasses.replace(SIGNAL, sample=name) for name in ("tt", "gg", "VBF", "Wp", "Z")]
    return printed(cutflow_table([*others, DATA], 10064.0, blinding=blinding, width=width), width)


def test_table_of_a_wide_terminal() -> None:
    lines = six(width=120)
    assert lines[0] == "Cutflow: events expected in 10.06/fb"
    assert lines[1].split() == ["cut", "tt", "gg", "VBF", "Wp", "Z", "data"]
    assert lines[3].split("  ")[-1].strip() == "60000"
    assert lines[3].startswith("all ")
    assert "1006.4 ± 8.0" in lines[3]
    assert "20000  100 %" in lines[4]


@pytest.mark.parametrize("width", [100, 72])
def test_one_table_as_long_as_it_fits(width: int) -> None:
    lines = six(width=width)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= width
    assert "…" not in text
    assert sum(line.startswith("cut ") for line in lines) == 1
    words = re.sub(r"±\s+", "±", text).split()
    for word in ("20000", "8719", "9339"):
        assert word in words
    assert text.count("440.3") == 5
    assert text.count("43.7") == 5


def test_table_says_what_is_blinded() -> None:
    text = "\n".join(six(width=120, blinding=BLIND))
    assert "9339" not in text
    assert text.count("blinded") == 1
    assert "50000" in text


def test_table_without_luminosity_is_in_pb() -> None:
    assert printed(cutflow_table([SIGNAL], None), 100)[0] == "Cutflow: sums of weights in pb (data: events)"
