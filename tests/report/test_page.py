"""The page: everything is on it, every link leads to a file, and nothing of a config is taken for HTML."""

from __future__ import annotations

import dataclasses
import html
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import numpy as np
import pytest

from rdfplugins import report
from rdfplugins.pages import Grid
from rdfplugins.report.gallery import Picture
from rdfplugins.report.page import Page, render

from .conftest import cut, signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rdfplugins.config import Config

_VOID = {"meta", "img", "br", "link"}
EVIL = "<script>alert('x')</script>\"&<img src=y onerror=z>"


class Reader(HTMLParser):
    """Collects tags, links and text, and checks that all that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.cells: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.links += [value for key, value in attrs if key in {"href", "src"}]
        assert not [key for key, _ in attrs if key.startswith("on")]
        if tag not in _VOID:
            self.open.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells[-1] += data


def test_every_file_is_linked_and_every_link_is_a_file(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    values = signal(1.0)
    files = {
        "gg": write_sample(
            "gg",
            {"m_yy": values},
            categories={"a+b": {"m_yy": values / 2}},
            variations={"pt_up": {"m_yy": values}},
            varied_categories={"pt_up": {"a+b": {"m_yy": values / 2}}},
        )
    }
    written = report.run(config(), files, tmp_path / "out")
    page = Reader(written[0].read_text())
    local = {unquote(link) for link in page.links if not link.startswith("#")}
    assert local == {path.name for path in written[1:]}
    anchors = [link for link in page.links if link.startswith("#")]
    assert len(anchors) == 5  # cutflow, histograms, categories, variations, the category
    assert "script" not in page.tags
    assert "Category a+b" in page.text
    assert "http" not in "".join(page.links)


def test_run_and_samples_are_described(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    values = np.full(30, 5.0)
    files = {
        "gg": write_sample("gg", {"m_yy": values / 1000}, label="ggH", simulation=True),
        "VBF": write_sample("VBF", {"m_yy": values / 1000}, more={"root": "6.40.00", "made_by": "rdfplugins 9"}),
        "data": write_sample("data", {"m_yy": values}, kind="data", partial=True),
    }
    loaded = config("report.signal=[gg]", "report.title=A & B", "report.energy=7 TeV")
    page = Reader(report.run(loaded, files, tmp_path / "out")[0].read_text())
    cells = page.cells
    for key, value in {
        "Config": "hgg.yaml",
        "Luminosity": "1/fb",
        "Energy": "7 TeV",
        "ROOT": "6.40.00",
        "Made by": "rdfplugins 9",
    }.items():
        assert cells[cells.index(key) + 1] == value
    start = cells.index("sample")
    rows = [cells[start + 5 * number : start + 5 * number + 5] for number in range(4)]
    assert rows == [
        ["sample", "label", "kind", "events", "remarks"],
        ["gg", "ggH", "signal", "20000", "simulation of ours"],
        ["VBF", "VBF", "background", "20000", "\N{EN DASH}"],
        ["data", "data", "data", "20000", "partial"],
    ]
    assert page.text.count("A & B") == 2  # the title of the window, and of the page
    assert "Simulation, not data of an experiment: gg." in page.text
    assert "Partial, only the first events were looked at: data." in page.text
    assert "Data are blinded in 120-130 GeV" in page.text


def test_what_users_write_is_text(
    config: Callable[..., Config], write_sample: Callable[..., Path], tmp_path: Path
) -> None:
    cuts = [cut("all", 10, 1.0, 0.1), cut(EVIL, 5, 0.5, 0.05)]
    files = {"gg": write_sample("gg", {"m_yy": signal(1.0)}, label=EVIL, cuts=cuts)}
    text = report.run(config(), files, tmp_path / "out")[0].read_text()
    page = Reader(text)
    assert page.tags.count("script") == 0
    assert page.cells.count(EVIL) == 3  # the label, and the cut in two tables
    assert html.escape(EVIL) in text


@pytest.mark.parametrize("field", ["title", "notes", "facts", "head", "cell", "heading", "note", "name", "section"])
def test_every_part_of_the_page_is_escaped(field: str) -> None:
    picture = Picture("name", "Histograms", "heading", {}, lambda folder: (), "chi2")
    grid = Grid("Raw events", ("cut", "gg"), (("all", "1"),))
    page = Page("title", {"Config": "x"}, ["note"], grid, [grid], [picture])
    changed = {
        "title": {"title": EVIL},
        "notes": {"notes": [EVIL]},
        "facts": {"facts": {EVIL: EVIL}},
        "head": {"tables": [dataclasses.replace(grid, title=EVIL, head=(EVIL, "gg"))]},
        "cell": {"samples": dataclasses.replace(grid, rows=((EVIL, EVIL),))},
        "heading": {"pictures": [dataclasses.replace(picture, heading=EVIL)]},
        "note": {"pictures": [dataclasses.replace(picture, note=EVIL)]},
        "name": {"pictures": [dataclasses.replace(picture, name=EVIL)]},
        "section": {"pictures": [dataclasses.replace(picture, section=EVIL)]},
    }[field]
    before, after = Reader(render(page)), Reader(render(dataclasses.replace(page, **changed)))
    assert after.tags == before.tags
    assert (EVIL in after.text) is (field != "name")
