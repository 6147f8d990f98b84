"""Tables of a resampling, in words: for Markdown, for the page, and for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from rdfplugins.pages import ABSENT, Grid
from rdfplugins.resample.report.numbers import numbers_of, without_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rdfplugins.resample.report.numbers import Agreement, Category, Numbers, Part, Whole
    from rdfplugins.resample.tally import Tally

_SINGLE = 12  # numbers of copies that have a row of their own
_SHORTEST, _FOLDED = 20, 8  # names of more letters are folded to make room for numbers; to how many at most
_GAP = 2
RATIO = "taken / in range"


def grids(tally: Tally, numbers: Numbers) -> list[Grid]:
    """Return all tables."""
    found = [_classes(tally, numbers)]
    if len(tally.categories) > 1:
        found += [
            Grid(f"Category {name}", _part_head(tally, numbers), _part_rows(tally, numbers, category.parts))
            for name, category in zip(tally.categories, numbers.categories, strict=True)
        ]
    elif tally.target is not None:
        parts = [whole.part for whole in numbers.wholes]
        found.append(Grid("Agreement with the target", _part_head(tally, numbers), _part_rows(tally, numbers, parts)))
    found.append(_bins(tally, numbers))
    if any(category.lost for category in numbers.categories):
        found.append(_lost(tally, numbers))
    found.append(_copies(tally, numbers))
    unused = _unused(tally, numbers)
    return found if unused is None else [*found, unused]


def _classes(tally: Tally, numbers: Numbers) -> Grid:
    head = ["class", "rows before", "in range", "taken", "different rows", RATIO]
    head += ["mean copies", "most copies", "n_eff of copies"]
    outside = any(whole.written != whole.part.taken for whole in numbers.wholes)
    head += ["taken in range"] if outside else []
    head += ["sum of weights", "n_eff of weights"] if numbers.weighted else []
    rows = []
    for name, whole in zip(tally.classes, numbers.wholes, strict=True):
        part = whole.part
        row = [name, str(whole.rows), str(part.in_range), str(whole.written), str(whole.different)]
        row += [number(part.ratio), number(whole.mean_copies), str(whole.largest), number(whole.effective_copies)]
        row += [str(part.taken)] if outside else []
        row += [number(part.weights), number(part.effective)] if numbers.weighted else []
        rows.append(tuple(row))
    sums = ((one.rows, one.part.in_range, one.written, one.different) for one in numbers.wholes)
    total = ["all", *(str(sum(column)) for column in zip(*sums, strict=True))]
    rows.append((*total, *[ABSENT] * (len(head) - len(total))))
    return Grid("Rows", tuple(head), tuple(rows))


def _part_head(tally: Tally, numbers: Numbers) -> tuple[str, ...]:
    weights = ("sum of weights", "n_eff of weights") if numbers.weighted else ()
    agreements = ("chi2/ndf before", "chi2/ndf after", "bins without the class") if tally.target is not None else ()
    return ("class", "in range", "taken", "different rows", RATIO, "mean copies", *weights, *agreements)


def _part_rows(tally: Tally, numbers: Numbers, parts: Sequence[Part]) -> tuple[tuple[str, ...], ...]:
    rows = []
    for place, (name, part) in enumerate(zip(tally.classes, parts, strict=True)):
        cells = [f"{name} (target)" if place == numbers.target_class else name, str(part.in_range)]
        cells += [str(part.taken), str(part.different), number(part.ratio), number(part.mean_copies)]
        cells += [number(part.weights), number(part.effective)] if numbers.weighted else []
        if tally.target is not None:
            cells += [agreement_text(part.before), agreement_text(part.after), _missing_text(part.after)]
        rows.append(tuple(cells))
    return tuple(rows)


def agreement_text(found: Agreement | None) -> str:
    """Return chi2 and degrees of freedom with their ratio."""
    if found is None or not math.isfinite(found.chi2):
        return ABSENT
    ratio = f" = {number(found.per_ndf)}" if found.ndf else ""
    return f"{number(found.chi2)}/{found.ndf}{ratio}"


def _missing_text(found: Agreement | None) -> str:
    if found is None:
        return ABSENT
    return f"{found.missing_bins} ({percent(found.missing_share)} of the target)" if found.missing_bins else "0"


def _bins(tally: Tally, numbers: Numbers) -> Grid:
    rows = []
    for name, one in zip(tally.categories, numbers.categories, strict=True):
        lost = f"{one.lost_rows} ({percent(one.lost_fraction)})"
        apart = number(one.difference_before), number(one.difference_after)
        rows.append((name or "all", str(one.bins), str(one.filled), str(one.lost), lost, *apart))
    what = "sums of weights" if numbers.weighted else "rows"
    word = lost_word(numbers)
    head = (
        "category",
        "bins",
        "with rows",
        word,
        f"rows in {word} bins",
        "largest difference before",
        f"after, {what}",
    )
    return Grid("Bins, and the largest difference between two classes in one", head, tuple(rows))


def _lost(tally: Tally, numbers: Numbers) -> Grid:
    head = ("class", *(name or "all" for name in tally.categories))
    rows = tuple(
        (name, *(_lost_text(category, place, kept=numbers.incomplete) for category in numbers.categories))
        for place, name in enumerate(tally.classes)
    )
    taken = ", and rows of the output there" if numbers.incomplete else ""
    return Grid(f"Rows in {lost_word(numbers)} bins{taken}", head, rows)


def _lost_text(category: Category, place: int, *, kept: bool) -> str:
    part = category.parts[place]
    text = f"{part.lost} ({percent(part.lost / part.in_range)})" if part.in_range else "0"
    return f"{text}, {part.kept}" if kept else text


def lost_word(numbers: Numbers) -> str:
    """Return what bins are called in which a class has no rows: lost for all, or incomplete."""
    return "incomplete" if numbers.incomplete else "lost"


def _copies(tally: Tally, numbers: Numbers) -> Grid:
    most = max((whole.largest for whole in numbers.wholes), default=0)
    rows = [
        (str(times), *(str(_between(whole, times, times)) for whole in numbers.wholes))
        for times in range(min(most, _SINGLE) + 1)
    ]
    first = _SINGLE + 1
    while first <= most:
        last = min(2 * first - 1, most)
        words = str(first) if first == last else f"{first} to {last}"
        rows.append((words, *(str(_between(whole, first, last)) for whole in numbers.wholes)))
        first = last + 1
    return Grid("Rows that were taken so many times", ("copies", *tally.classes), tuple(rows))


def _between(whole: Whole, first: int, last: int) -> int:
    return int(whole.copies[first : last + 1].sum())


def _unused(tally: Tally, numbers: Numbers) -> Grid | None:
    reasons = list(dict.fromkeys(reason for whole in numbers.wholes for reason in whole.unused))
    if not reasons:
        return None
    rows = tuple(
        (name, *(str(whole.unused.get(reason, 0)) for reason in reasons))
        for name, whole in zip(tally.classes, numbers.wholes, strict=True)
    )
    return Grid("Rows that cannot be used", ("class", *reasons), rows)


def number(value: float) -> str:
    """Return a number with four digits, a whole one with all of them; a dash for NaN.

    Examples
    --------
    >>> number(2.0), number(1234.567), number(0.123456), number(1e12)
    ('2', '1235', '0.1235', '1e+12')
    """
    if not math.isfinite(value):
        return ABSENT
    if value == round(value) and abs(value) < 1e9:  # noqa: PLR2004 (what is still easily read)
        return f"{value:.0f}"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"  # noqa: PLR2004


def percent(fraction: float) -> str:
    """Return a fraction in per cent.

    Examples
    --------
    >>> percent(0.5), percent(0.00123), percent(0.9999), percent(0.0)
    ('50 %', '0.12 %', '99.99 %', '0 %')
    """
    value = 100.0 * fraction
    return f"{value:.4g} %" if value > 99 else f"{value:.2g} %"  # noqa: PLR2004 (100 % is all of them)


def terminal_table(tally: Tally, width: int, *, attached: bool = True) -> Table:
    """Return the numbers of each class as a table for a terminal.

    Parameters
    ----------
    width
        Columns of the terminal. Where they do not suffice, columns of less importance are left out; names may be
        folded, numbers are not.
    attached
        Whether the output has the weights of its rows; else they are left out of the numbers, too.
    """
    tally = tally if attached else without_weights(tally)
    numbers = numbers_of(tally)
    names, columns = _columns(tally, numbers)
    longest = max(map(cell_len, ("class", *names)))

    def needed(chosen: list[tuple[str, list[str]]]) -> int:
        return sum(_GAP + max(cell_len(cell) for cell in (*head.splitlines(), *cells)) for head, cells in chosen)

    shown = list(columns)
    while len(shown) > 1 and min(longest, _SHORTEST) + needed([columns[head] for head in shown]) > width:
        shown.remove(min(shown, key=_IMPORTANT.index))
    room = max(_FOLDED, width - needed([columns[head] for head in shown]) - 1)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False, title=None)
    table.add_column("class", style="bold", overflow="fold", max_width=min(room, longest))
    for head in shown:
        table.add_column(columns[head][0], justify="right", no_wrap=True)
    for place, name in enumerate(names):
        table.add_row(Text(name), *(Text(columns[head][1][place]) for head in shown))
    return table


# from what is left out first to what always stays
_IMPORTANT = (
    "lost",
    "before",
    "ratio",
    "largest",
    "effective",
    "unused",
    "mean",
    "different",
    "range",
    "after",
    "taken",
)


def _columns(tally: Tally, numbers: Numbers) -> tuple[list[str], dict[str, tuple[str, list[str]]]]:
    """Return the names of the rows, and the columns with their heads in the order in which they are read."""
    several = len(tally.categories) > 1
    names: list[str] = []
    parts: list[Part] = []
    wholes: list[Whole | None] = []
    for category, found in zip(tally.categories, numbers.categories, strict=True) if several else ():
        names += [f"{category} {name}" for name in tally.classes]
        parts += found.parts
        wholes += [None] * len(found.parts)
    names += [f"all {name}" if several else name for name in tally.classes]
    parts += [whole.part for whole in numbers.wholes]
    wholes += numbers.wholes
    pairs = list(zip(parts, wholes, strict=True))
    columns = {
        "range": ("in range", [str(part.in_range) for part in parts]),
        "unused": (_unused_head(numbers), [ABSENT if one is None else str(sum(one.unused.values())) for one in wholes]),
        "taken": ("taken", [str(_taken(*one)[0]) for one in pairs]),
        "different": ("different\nrows", [str(_taken(*one)[1]) for one in pairs]),
        "ratio": ("taken /\nin range", [number(part.ratio) for part in parts]),
        "mean": ("mean\ncopies", [number((one[1] or one[0]).mean_copies) for one in pairs]),
        "largest": ("most\ncopies", [ABSENT if whole is None else str(whole.largest) for whole in wholes]),
        "effective": (
            "n_eff",
            [_effective(part, whole, weighted=numbers.weighted) for part, whole in zip(parts, wholes, strict=True)],
        ),
        "lost": (
            lost_word(numbers),
            [percent(part.lost / part.in_range) if part.in_range else ABSENT for part in parts],
        ),
    }
    if tally.target is not None:
        columns["before"] = ("chi2/ndf\nbefore", [_ratio(part.before) for part in parts])
        columns["after"] = ("chi2/ndf\nafter", [_ratio(part.after) for part in parts])
    if not any(part.lost for part in parts):
        del columns["lost"]
    if not any(sum(whole.unused.values()) for whole in numbers.wholes):
        del columns["unused"]
    return names, columns


def _unused_head(numbers: Numbers) -> str:
    reasons = {reason for whole in numbers.wholes for reason, rows in whole.unused.items() if rows}
    return "out of\nrange" if reasons <= {"out of range"} else "cannot\nbe used"


def _taken(part: Part, whole: Whole | None) -> tuple[int, int]:
    """Return the rows that were taken and the different ones; those of classes may be out of range too."""
    return (part.taken, part.different) if whole is None else (whole.written, whole.different)


def _effective(part: Part, whole: Whole | None, *, weighted: bool) -> str:
    """Return the effective size that a method has: that of weights, else that of copies, which is known of classes."""
    if weighted:
        return number(part.effective)
    return ABSENT if whole is None else number(whole.effective_copies)


def _ratio(found: Agreement | None) -> str:
    return ABSENT if found is None else number(found.per_ndf)
