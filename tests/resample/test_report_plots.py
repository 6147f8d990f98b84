"""Plots: their contents against loops over rows; odd resamplings are drawn; nothing stands upon anything else."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import plotting
from rdfplugins.resample.report import bars, draw, gallery, maps
from rdfplugins.resample.report.looks import Scene, looks_of
from rdfplugins.resample.report.numbers import numbers_of
from rdfplugins.resample.report.spectra import ALL, Spectrum, spectra_of

from .report_cases import CLASSES, Row, grid, some_rows, tally_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.resample.tally import Tally

PT, ETA = [0, 1, 2, 3, 4], [0, 1, 2.5]


def spectra(tally: Tally) -> list[Spectrum]:
    return spectra_of(tally, numbers_of(tally))


def scene_of(tally: Tally, **more: Any) -> Scene:
    looks = looks_of(tally.classes, more.get("colours", {}), more.get("labels", {}), more.get("say", pytest.fail))
    return Scene(looks, tally.method, numbers_of(tally).target_class)


def test_contents_of_each_variable() -> None:
    rows = some_rows(500, (4, 2), weighted=True)
    found = spectra(tally_of(rows, [grid(PT, ETA)], target=0))
    assert [(one.variable, one.category) for one in found] == [("pt", ALL), ("eta", ALL)]
    for place, one in enumerate(found):
        before, after = one.panels
        for class_id, number in itertools.product(range(3), range(len(one.edges) - 1)):
            mine = [row for row in rows if row.class_id == class_id and row.bins[place] == number]
            assert before.values[class_id, number] == len(mine)
            assert after.values[class_id, number] == pytest.approx(sum(row.copies * row.weight for row in mine))
            variance = sum((row.copies * row.weight) ** 2 for row in mine)  # copies of a row are not independent
            assert after.errors[class_id, number] == pytest.approx(variance**0.5)
        assert before.target is not None
        assert before.target == pytest.approx(before.values[0])
        assert (before.title, after.title) == ("Before", "After (weighted)")
        assert before.rows == tuple(sum(row.class_id == class_id for row in rows) for class_id in range(3))


def test_copies_of_a_row_are_one_event() -> None:
    four = [Row(0, 0, (0,), 4)] * 25  # of which 100 rows are made: they are 25 events, and not 100
    once = [Row(1, 0, (0,), 1)] * 100
    tally = tally_of([*four, *once], [grid([0, 1])], classes=("a", "b"))
    (one,) = spectra(tally)
    before, after = one.panels
    assert after.values.tolist() == [[100.0], [100.0]]
    assert after.errors.tolist() == [[pytest.approx(20.0)], [pytest.approx(10.0)]]
    assert (after.errors / after.values)[0, 0] == pytest.approx((before.errors / before.values)[0, 0])


def test_a_target_that_is_no_class_has_the_mean_size_of_classes_that_have_rows() -> None:
    rows = [Row(0, 0, (0,), 1)] * 30 + [Row(1, 0, (1,), 1)] * 10
    (found,) = spectra(tally_of(rows, [grid([0, 1, 2])], target=[[1.0, 3.0]]))
    assert found.panels[0].target is not None
    assert found.panels[0].target.tolist() == [5.0, 15.0]


@pytest.mark.parametrize("apart", [False, True])
def test_ranges_of_categories_beside_each_other(apart: bool) -> None:
    second = [3, 5, 7] if apart else [2, 4, 6]
    rows = some_rows(400, (2,), categories=2)
    found = spectra(tally_of(rows, [grid([0, 1, 2]), grid(second)], categories=("z", "t"), target=1))
    assert [one.category for one in found] == [ALL, "z", "t"]
    whole, first, last = found
    assert whole.edges.tolist() == [0, 1, 2, *second[0 if apart else 1 :]]
    assert whole.gaps == ((2,) if apart else ())
    middle = np.zeros((3, 1 if apart else 0))
    for number in range(2):
        parts = [first.panels[number].values, middle, last.panels[number].values]
        assert np.array_equal(whole.panels[number].values, np.concatenate(parts, axis=1))


def test_categories_of_the_same_bins_are_added_and_others_stand_alone() -> None:
    rows = some_rows(400, (2,), categories=2)
    same = spectra(tally_of(rows, [grid([0, 1, 2])] * 2, categories=("z", "t")))
    assert np.array_equal(same[0].panels[1].values, same[1].panels[1].values + same[2].panels[1].values)
    overlapping = spectra(tally_of(rows, [grid([0, 1, 2]), grid([1, 2, 3])], categories=("z", "t")))
    assert [one.category for one in overlapping] == ["z", "t"]


def test_many_bins_are_merged_for_plots() -> None:
    edges = np.linspace(0, 10, 4502)
    rows = some_rows(300, (4501, 2), weighted=True)
    tally = tally_of(rows, [grid(edges, ETA, gaps=(3, 4, 5))], target=1)
    one = spectra(tally)[0]
    assert len(one.edges) == 1502  # 1500 of three bins and one of one
    assert one.gaps == (1,)
    for panel, contents in zip(one.panels, (tally.before[0], tally.weights[0]), strict=True):
        assert panel.values.sum(axis=1) == pytest.approx(contents.sum(axis=1))
        assert panel.values[0, 0] == pytest.approx(contents.reshape(3, 4501, 2)[0, :3].sum())
    assert one.panels[1].errors[1] ** 2 == pytest.approx(
        [tally.variances[0].reshape(3, 4501, 2)[1, first : first + 3].sum() for first in range(0, 4501, 3)]
    )
    assert "3 bins are drawn as one" in one.note
    (pair,) = maps.maps_of(tally, numbers_of(tally))
    assert pair.values.shape == (2, 3, 451, 2)
    assert pair.lost.shape == (451, 2)
    assert pair.axes[0].edges[-1] == 10
    assert pair.values[0].sum() == pytest.approx(3.0)


def cases() -> dict[str, tuple[Tally, dict[str, Any]]]:
    """Return tallies, and how their classes are called."""
    fine = grid(np.linspace(0, 15e5, 251), np.linspace(0, 2.5, 10))
    wide = [grid(np.linspace(0, 25e4, 11), ETA), grid(np.linspace(25e4, 6e6, 11), ETA)]
    twelve = [f"a class with a long name, of the number {number}" for number in range(12)]
    odd = {"labels": {"ujets": "_x", "cjets": "$broken", "bjets": "$b$"}, "colours": {"bjets": "tab:green"}}
    return {
        "fine": (tally_of(some_rows(4000, (250, 9)), [fine], target=2), {}),
        "twelve": (tally_of(some_rows(3000, (4, 2), classes=12), [grid(PT, ETA)], classes=twelve, target=3), {}),
        "wide": (tally_of(some_rows(2000, (10, 2), categories=2), wide, categories=("z", "t" * 60), target=0), odd),
        "nothing": (tally_of([], [grid([0.0, 1.0])]), {}),
        "one": (tally_of([Row(0, 0, (0, 0), 7)], [grid([1e-6, 2e-6], [0, 1])], classes=("a",), target=0), {}),
        "gap": (tally_of(some_rows(100, (2, 2)), [grid([-3, 0, 1, 9], ETA, gaps=(2,))], target=[[1.0] * 6]), {}),
        "logarithmic": (tally_of(some_rows(900, (4, 2)), [grid([20, 30, 60, 200, 5e6], ETA)]), {}),
    }


@pytest.mark.parametrize("name", cases())
def test_nothing_stands_upon_anything_else(name: str) -> None:
    tally, more = cases()[name]
    scene = scene_of(tally, **more)
    one = spectra(tally)[0]
    with plotting.styled():
        found = draw.figure(one, scene, counts=True, log=one.steep)
        _check_words(found)
    labels = [text.get_text() for text in found.legends[0].get_texts()]
    assert len(set(labels)) == len(labels) >= len(tally.classes)
    assert sum("(target)" in label for label in labels) == (scene.target is not None)
    assert ("Out of range" in labels) == bool(one.gaps)
    for pad, panel in zip(found.axes[:2], one.panels, strict=True):
        top = np.nanmax(panel.values / (1.0 if one.uniform else one.widths), initial=0.0)
        assert pad.get_ylim()[1] >= top
        assert pad.get_xlim() == (one.edges[0], one.edges[-1])


def _check_words(figure: Any) -> None:
    """Fail where words leave the figure, numbers of an axis touch, or the legend lies on a pad or a title."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    page = figure.bbox
    words = [*figure.texts, *itertools.chain(*(legend.get_texts() for legend in figure.legends))]
    for pad in figure.axes:
        words += [pad.xaxis.label, pad.yaxis.label, pad.title, pad._left_title]
        for axis, way in ((pad.xaxis, 0), (pad.yaxis, 1)):
            shown = [text for text in axis.get_ticklabels() if text.get_visible() and text.get_text()]
            boxes = sorted((text.get_window_extent(renderer) for text in shown), key=lambda box: box.min[way])
            for left, right in itertools.pairwise(box for box in boxes if box.width):
                assert left.max[way] <= right.min[way] + 1
    for text in words:
        box = text.get_window_extent(renderer)
        if text.get_text():
            assert box.x0 >= page.x0 - 1, text.get_text()
            assert box.x1 <= page.x1 + 1, text.get_text()
            assert box.y0 >= page.y0 - 1, text.get_text()
            assert box.y1 <= page.y1 + 1, text.get_text()
    for legend in figure.legends:
        box = legend.get_window_extent(renderer)
        for pad in figure.axes:
            assert not box.overlaps(pad.get_window_extent(renderer))
            assert not box.overlaps(pad._left_title.get_window_extent(renderer)) or not pad._left_title.get_text()


def test_shares_and_ratios() -> None:
    rows = [Row(0, 0, (0,), 1)] * 3 + [Row(0, 0, (1,), 1)] + [Row(1, 0, (0,), 2)] * 10 + [Row(1, 0, (1,), 2)] * 10
    tally = tally_of(rows, [grid([0, 1, 3])], classes=("a", "b"), target=0)
    (one,) = spectra(tally)
    with plotting.styled():
        found = draw.figure(one, scene_of(tally), counts=False, log=False)
    upper, lower = [_stairs(found.axes[number]) for number in (0, 2)]
    assert upper[0] == pytest.approx([0.75, 0.125])  # per width
    assert upper[1] == pytest.approx([0.5, 0.25])
    assert lower[1] == pytest.approx([2 / 3, 2.0])  # to the target
    assert "target" in found.axes[2].get_ylabel()
    free = tally_of(rows, [grid([0, 1, 3])], classes=("a", "b"))
    with plotting.styled():
        found = draw.figure(spectra(free)[0], scene_of(free), counts=False, log=False)
    assert _stairs(found.axes[2])[0] == pytest.approx([0.75 / 0.625, 0.125 / 0.1875])  # to the mean of both
    assert "mean" in found.axes[2].get_ylabel()


@pytest.mark.parametrize(
    ("edges", "unit", "automatic", "name", "content"),
    [
        (np.linspace(0, 4e5, 41), "MeV", False, "pt [GeV]", "Fraction of rows / 10 GeV"),
        (np.linspace(0, 4e5, 41), "GeV", False, "pt [TeV]", "Fraction of rows / 10 TeV"),
        (np.linspace(0, 15e5, 250), "MeV", False, "pt [TeV]", "Fraction of rows / bin"),
        (np.linspace(0, 4e5, 41), "mm", False, r"pt [$\mathdefault{10^{3}}$ mm]", "Fraction of rows / bin"),
        (np.linspace(0, 400, 41), "", False, "pt", "Fraction of rows / 10"),
        (np.linspace(0, 400, 41), "GeV", True, "pt [GeV]", "Fraction of rows / bin"),
        (np.arange(5) - 0.5, "", True, "pt", "Fraction of rows"),
    ],
)
def test_units_of_axes(edges: Any, unit: str, automatic: bool, name: str, content: str) -> None:
    tally = tally_of([Row(0, 0, (0,), 1), Row(1, 0, (1,), 1)], [grid(edges)])
    one = dataclasses.replace(spectra(tally)[0], automatic=automatic)
    scene = dataclasses.replace(scene_of(tally), units={"pt": unit})
    with plotting.styled():
        found = draw.figure(one, scene, counts=False, log=False)
    assert found.axes[2].get_xlabel() == name
    assert found.axes[0].get_ylabel() == content


@pytest.mark.parametrize("log", [False, True])
def test_curves_that_coincide_are_told(log: bool) -> None:
    rows = [Row(c, 0, (n,), 1 + c * (n == 0)) for c in range(2) for n in range(4)]  # alike before, and not after
    tally = tally_of(rows, [grid(PT)], classes=("a", "b"))
    with plotting.styled():
        found = draw.figure(spectra(tally)[0], scene_of(tally), counts=True, log=log)
        _check_words(found)
    assert [[text.get_text() for text in pad.texts] for pad in found.axes[:2]] == [[draw.COINCIDE], []]
    alone = tally_of([Row(0, 0, (1,), 1)], [grid(PT)], classes=("a", "b"))
    with plotting.styled():
        found = draw.figure(spectra(alone)[0], scene_of(alone), counts=True, log=log)
    assert not found.axes[0].texts


def _stairs(pad: Any) -> list[np.ndarray]:
    return [patch.get_data().values for patch in pad.patches if hasattr(patch, "get_data") and not patch.get_fill()]


@pytest.mark.parametrize("classes", [1, 5])
def test_maps(classes: int) -> None:
    names = [f"class {number}" for number in range(classes)]
    rows = [row for row in some_rows(400, (4, 2), classes=classes) if row.class_id != 1]
    tally = tally_of(rows, [grid(PT, ETA)], classes=names)
    (one,) = maps.maps_of(tally, numbers_of(tally))
    mine = [row for row in rows if row.class_id == 0]
    assert one.values[0, 0, 1, 1] == pytest.approx(sum(row.bins == (1, 1) for row in mine) / len(mine))
    copies = sum(row.copies for row in mine)
    assert one.values[1, 0, 1, 1] == pytest.approx(sum(row.copies for row in mine if row.bins == (1, 1)) / copies)
    with plotting.styled():
        found = maps.figure(one, scene_of(tally))
        _check_words(found)
    titles = [pad.get_title(loc="left") for pad in found.axes if pad.get_title(loc="left")]
    assert titles == [f"{name}: {way}" for name in names for way in ("before", "after")]


def test_only_two_variables_make_maps() -> None:
    for edges in ([], [PT], [PT, ETA, [0, 1]]):
        rows = some_rows(10, [len(one) - 1 for one in edges])
        tally = tally_of(rows, [grid(*edges)]) if edges else tally_of([Row(0, 0, (), 1)], [grid()])
        assert maps.maps_of(tally, numbers_of(tally)) == []


@pytest.mark.parametrize("copies", [(1, 1), (0, 0), (1, 40_000)])
def test_bars(copies: tuple[int, int]) -> None:
    tally = tally_of([Row(0, 0, (), copies[0]), Row(1, 0, (), copies[1])], [grid()])
    numbers, scene = numbers_of(tally), scene_of(tally)
    with plotting.styled():
        for figure in (bars.classes_figure(numbers, scene), bars.copies_figure(numbers, scene)):
            _check_words(figure)
        figure = bars.classes_figure(numbers, scene)
    said = [text.get_text() for text in figure.axes[0].texts]
    assert said == [str(one) for n in (*copies, None) for one in ((0, 0, 0) if n is None else (1, n, int(n > 0)))]


def test_looks() -> None:
    said: list[str] = []
    colours = {"ujets": "red", "cjets": "#ff0000", "bjets": "no colour"}
    labels = {"ujets": None, "cjets": "$c$-jets"}
    looks = looks_of(CLASSES, colours, labels, said.append)
    assert [look.colour for look in looks] == ["#ff0000", "#ff0000", plotting.COLOURS[2]]
    assert looks[0].style != looks[1].style  # of one colour
    assert [look.label for look in looks] == ["ujets", "$c$-jets", "bjets"]
    assert said == [f"warning: class bjets: matplotlib knows no colour 'no colour'; plots use {plotting.COLOURS[2]}"]
    assert looks[0].width > looks[1].width > looks[2].width


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("pt", "pt"),
        ("../pt/x y", "pt_x_y"),
        (".hidden", "hidden"),
        ("", "plot"),
        ("x" * 500, "x" * 80),
        ("a:b*c", "a_b_c"),
    ],
)
def test_names_of_files(wanted: str, expected: str) -> None:
    taken: set[str] = set()
    assert gallery.file_name(wanted, taken).lstrip("_") == expected
    assert gallery.file_name(wanted.upper(), taken).casefold() != gallery.file_name(wanted, taken).casefold()


def _variants(tally: Tally) -> Sequence[str]:
    numbers = numbers_of(tally)
    drawn = gallery.Drawn(spectra_of(tally, numbers), maps.maps_of(tally, numbers), [])
    return [one.name for one in gallery.pictures(numbers, drawn, scene_of(tally))]


def test_which_plots_there_are() -> None:
    flat = [Row(0, 0, (n % 4, n % 2), 1) for n in range(40)]
    both = ["classes", "copies", "pt", "pt_counts", "eta", "eta_counts", "map_pt_eta"]
    assert _variants(tally_of(flat, [grid(PT, ETA)])) == both
    steep = [*flat, *[Row(0, 0, (0, 0), 1)] * 4000]
    found = _variants(tally_of(steep, [grid(PT, ETA)]))
    assert {"pt_log", "pt_counts_log"} <= set(found)
    categories = [Row(0, n % 2, (n % 4, n % 2), 1) for n in range(40)]
    found = _variants(tally_of(categories, [grid(PT, ETA)] * 2, categories=("z", "t")))
    assert {"pt", "pt_counts", "pt_z", "pt_t", "map_pt_eta_z", "map_pt_eta_t"} <= set(found)
