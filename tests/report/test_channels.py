"""Tables and plots of channels: which numbers they show, and that of data they hide what the cutflow hides."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rich.console import Console

from rdfplugins import report
from rdfplugins.cutflow import Cut, Cutflow
from rdfplugins.report.blinding import Blinding
from rdfplugins.report.channels import channel_grids, channel_names, channel_table, channel_values, own_rows, yield_rows
from rdfplugins.report.cutflow_plot import figure, prepare_cutflow
from rdfplugins.report.model import Remarks
from rdfplugins.report.tables import cutflow_rows

from .conftest import BACKGROUND, cut, secret_data, signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import Config

REMARKS = Remarks(simulation=False, data_simulated=False, partial=False, lumi_pb=1000.0, energy="13 TeV", title=None)


def cuts(*rows: tuple[str, int], weight: float = 1.0) -> tuple[Cut, ...]:
    return tuple(Cut(name, events, weight * events, weight**2 * events) for name, events in rows)


def flow(name: str, kind: str, weight: float = 1.0, scale: int = 1) -> Cutflow:
    """Return a cutflow with two channels."""
    start = (("all", 1000 * scale), ("flag", 900 * scale))
    ways = {
        "mt": [("muon", 77), ("veto", 33), ("mass", 22), ("late", 21)],
        "tt": [("tau", 66), ("mass", 11), ("late", 10)],
    }
    channels = {
        key: cuts(*start, *((cut, scale * events) for cut, events in way), weight=weight) for key, way in ways.items()
    }
    linear = cuts(*start, ("one_channel", 43 * scale), ("mass", 33 * scale), ("late", 31 * scale), weight=weight)
    return Cutflow(name, kind, linear, 0, channels=channels)


SIGNAL, DATA = flow("sig", "mc", 1e-4, 10), flow("data", "data")
PLAIN = Cutflow("plain", "mc", cuts(("all", 8), ("late", 4)), 0)


def numbers_of(rows: Any, sample: int) -> dict[str, int | None]:
    return {row.cut: None if row.cells[sample] is None else row.cells[sample].events for row in rows}


def test_rows_of_a_channel_begin_with_its_own_cuts() -> None:
    rows = own_rows([SIGNAL, PLAIN, DATA], 1000.0, "mt")
    assert numbers_of(rows, 0) == {"muon": 770, "veto": 330, "mass": 220, "late": 210}
    assert numbers_of(rows, 1) == dict.fromkeys(numbers_of(rows, 0))
    assert numbers_of(rows, 2) == {"muon": 77, "veto": 33, "mass": 22, "late": 21}
    assert [row.cut for row in own_rows([SIGNAL], 1000.0, "tt", before=1)] == ["flag", "tau", "mass", "late"]
    assert [row.cut for row in own_rows([SIGNAL], 1000.0, "tt", before=9)] == ["all", "flag", "tau", "mass", "late"]
    cell = own_rows([SIGNAL], 1000.0, "tt")[0].cells[0]
    assert cell is not None
    assert (cell.expected, cell.efficiency) == (pytest.approx(66.0), pytest.approx(0.066))


def test_yields_are_what_is_left_at_the_end() -> None:
    rows = yield_rows([SIGNAL, PLAIN, DATA], 1000.0)
    assert channel_names([PLAIN, SIGNAL, DATA]) == ["mt", "tt"]
    assert numbers_of(rows, 0) == {"mt": 210, "tt": 100}
    assert numbers_of(rows, 1) == {"mt": None, "tt": None}
    assert numbers_of(rows, 2) == {"mt": 21, "tt": 10}
    total = cutflow_rows([DATA], 1000.0)[-1].cells[0]
    assert total is not None
    assert sum(value or 0 for value in numbers_of(rows, 2).values()) == total.events


def test_grids() -> None:
    grids = channel_grids([SIGNAL, PLAIN, DATA], 1000.0)
    assert [grid.title for grid in grids] == [
        "Channels: raw events",
        "Channels: events expected in 1/fb",
        "Channel mt: events expected in 1/fb; raw events in brackets",
        "Channel tt: events expected in 1/fb; raw events in brackets",
    ]
    assert grids[0].rows == (("mt", "210", "\N{EN DASH}", "21"), ("tt", "100", "\N{EN DASH}", "10"))
    assert grids[1].rows[0][1] == "21.0 ± 1.4"
    assert grids[2].rows[0] == ("muon", "77.0 ± 2.8 [770]", "\N{EN DASH}", "77")
    assert channel_grids([PLAIN], 1000.0) == []
    assert channel_table([PLAIN], 1000.0) is None


def test_terminal_table_says_what_its_rows_are() -> None:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(channel_table([SIGNAL, DATA], 1000.0, width=100))
    lines = console.export_text().splitlines()
    assert " ".join(" ".join(lines).split()).startswith("Channels: events expected in 1/fb channel sig data")
    assert next(line for line in lines if line.startswith("mt")).split() == ["mt", "21.0", "±", "1.4", "21"]
    assert "relative to all events" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize(
    ("blinding", "seen_linear", "seen_mt"),
    [
        (Blinding(("late",)), 4, ["all", "flag", "muon", "veto", "mass"]),
        (Blinding(("mass",)), 3, ["all", "flag", "muon", "veto"]),
        # the last cuts of the channels add up to the hidden one
        (Blinding(("one_channel",)), 2, ["all", "flag"]),
        (Blinding(("flag",)), 1, ["all"]),
        (Blinding((), everything=True), 0, []),
        (Blinding((), harmless=frozenset({"flag"})), 2, ["all", "flag"]),
        (Blinding((), harmless=frozenset({"flag", "one_channel"})), 3, ["all", "flag", "muon", "veto"]),
        # a name that is none of all events' means the last cut
        (Blinding(("veto",)), 4, ["all", "flag", "muon", "veto", "mass"]),
    ],
)
def test_hidden_numbers_of_data(blinding: Blinding, seen_linear: int, seen_mt: list[str]) -> None:
    def seen(channel: str | None, sample: int) -> list[str]:
        rows = cutflow_rows([SIGNAL, DATA], 1000.0, blinding=blinding, channel=channel)
        return [row.cut for row in rows if row.cells[sample] is not None and not row.cells[sample].blinded]  # type: ignore[union-attr]

    assert len(seen(None, 1)) == seen_linear
    assert seen("mt", 1) == seen_mt
    assert len(seen("mt", 0)) == 6  # simulation is never hidden
    yields = yield_rows([SIGNAL, DATA], 1000.0, blinding=blinding)
    assert all(row.cells[1] is not None and row.cells[1].blinded for row in yields)
    values = channel_values(DATA, 1000.0, blinding=blinding)["mt"]
    assert [row["name"] for row in values if not row["blinded"]] == seen_mt
    assert all(row["events"] is None for row in values if row["blinded"])
    drawn = prepare_cutflow([SIGNAL, DATA], 1000.0, REMARKS, blinding=blinding, channel="mt")
    own = [name for name in seen_mt if name in drawn.cuts]
    assert [name for name, value in zip(drawn.cuts, drawn.values[1], strict=True) if np.isfinite(value)] == own


def test_a_plot_of_a_channel() -> None:
    found = prepare_cutflow([SIGNAL, PLAIN, DATA], 1000.0, REMARKS, channel="mt")
    assert found.cuts == ("flag", "muon", "veto", "mass", "late")
    assert found.values[0] == pytest.approx([900, 77, 33, 22, 21])
    assert np.isnan(found.values[1]).all()
    assert figure(found).axes[0].get_legend().get_title().get_text() == "channel mt"
    assert figure(prepare_cutflow([SIGNAL], 1.0, REMARKS)).axes[0].get_legend().get_title().get_text() == ""


# -- the stage


def ways(last: int) -> dict[str, list[dict[str, Any]]]:
    start = [cut("all", 90000, 90000.0, 90000.0)]
    return {
        "mt": [*start, cut("muon", 80000, 80000.0, 80000.0), cut("mass", last, float(last), float(last))],
        "tt": [*start, cut("tau", 70000, 70000.0, 70000.0), cut("mass", 4321, 4321.0, 4321.0)],
    }


@pytest.fixture
def files(write_sample: Callable[..., Path]) -> dict[str, Path]:
    linear = [
        cut("all", 90000, 90000.0, 90000.0),
        cut("one", 60000, 60000.0, 60000.0),
        cut("mass", 9876, 9876.0, 9876.0),
    ]
    record = {
        "sample": "data",
        "kind": "data",
        "bad_weights": 0,
        "weighted": True,
        "cuts": linear,
        "channels": ways(5555),
    }
    told = {"substitutions": {"Flag_a": "not there: counted as true", "MET": "2 * met"}}
    return {
        "data": write_sample("data", {"m_yy": secret_data()}, kind="data", more={"cutflow": record, **told}),
        "gg": write_sample("gg", {"m_yy": (signal(0.04), signal(0.04) * 1e-5)}, more=told),
        "VBF": write_sample("VBF", {"m_yy": (BACKGROUND / 1e4, BACKGROUND / 1e8)}),
    }


def test_stage_writes_tables_and_plots_of_channels(
    config: Callable[..., Config], files: dict[str, Path], tmp_path: Path
) -> None:
    written = report.run(config("report.unblind=true"), files, tmp_path)
    folder = tmp_path / "report"
    assert {"cutflow_mt.png", "cutflow_tt.pdf"} <= {path.name for path in written}
    values = json.loads((folder / "cutflow.json").read_text())["samples"]
    assert [row["events"] for row in values["data"]["channels"]["mt"]] == [90000, 80000, 5555]
    assert "channels" not in values["gg"]
    page, text = (folder / "index.html").read_text(), (folder / "cutflow.md").read_text()
    assert "| mass | \N{EN DASH} | \N{EN DASH} | 5555 |" in text
    assert page.index(">Cutflow</h2>") < page.index(">Channels</h2>") < page.index(">Histograms</h2>")
    assert 'href="cutflow_mt.pdf"' in page
    assert 'href="cutflow_mt.json"' not in page
    note = "Substitutions in gg, data: Flag_a is not there: counted as true; MET is 2 * met."
    assert note in text
    assert note in page


@pytest.mark.parametrize(
    "case",
    [(("mt", "tt"), 1.0, True), (("mt", "tt"), 0.5, False), (("mt", "other"), 1.0, False)],
)
def test_categories_that_are_channels_have_no_tables_of_their_own(
    config: Callable[..., Config],
    write_sample: Callable[..., Path],
    tmp_path: Path,
    case: tuple[tuple[str, str], float, bool],
) -> None:
    names, part, repeats = case
    shapes = {"mt": BACKGROUND, "tt": 2 * BACKGROUND}
    total = int(3 * BACKGROUND.sum())

    def way(events: int, *own: str) -> list[dict[str, Any]]:
        rows = [("all", 9 * total), *((name, events) for name in own)]
        return [cut(name, number, float(number), float(number)) for name, number in rows]

    record = {
        "sample": "gg",
        "kind": "mc",
        "bad_weights": 0,
        "cuts": way(total, "mass"),
        "channels": {name: way(int(shape.sum()), "own") for name, shape in shapes.items()},
    }
    groups = {name: {"m_yy": part * shape} for name, shape in zip(names, shapes.values(), strict=True)}
    path = write_sample(
        "gg",
        {"m_yy": 3 * BACKGROUND},
        categories=groups,
        variations={"pt_up": {"m_yy": 3 * BACKGROUND}},
        varied_categories={"pt_up": groups},
        more={"cutflow": record, "cutflow_variations": {"pt_up": record}},
    )
    report.run(config(), {"gg": path}, tmp_path)
    text = (tmp_path / "report" / "cutflow.md").read_text()
    assert ("## Categories" not in text) == ("in each category" not in text) == repeats
    assert "## Channels: raw events" in text
    assert "in each channel" in text
    values = json.loads((tmp_path / "report" / "cutflow.json").read_text())["samples"]["gg"]
    assert set(values["categories"]) > set(names)
    assert all(f"Category {name}" in (tmp_path / "report" / "index.html").read_text() for name in names)


def test_stage_reveals_no_channel_of_blinded_data(
    config: Callable[..., Config], files: dict[str, Path], tmp_path: Path
) -> None:
    report.run(config(), files, tmp_path)
    texts = [path.read_text() for path in (tmp_path / "report").iterdir() if path.suffix in {".md", ".json", ".html"}]
    assert any("80000" in text for text in texts)
    assert not any("5555" in text or "4321" in text or "9876" in text for text in texts)
