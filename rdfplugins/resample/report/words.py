"""What a report says beside its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdfplugins.pages import Grid
from rdfplugins.resample.report.numbers import AGREEMENT_TEXT
from rdfplugins.resample.report.tables import percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rdfplugins.resample.report.numbers import Numbers
    from rdfplugins.resample.sources import Sources
    from rdfplugins.resample.tally import Tally

TITLE = "Resampling"
FILE_AND_ROW = "file and row"
NOT_ATTACHED = (
    "The weights of the rows are in the index only, not in the output ('bool_attach_sample_weights: false'): all that"
    " is said and drawn of rows after is without weights, and classes are not alike before the weights are used."
)

METHODS = {
    "none": "All rows are kept as they are.",
    "count": "In each bin as many rows of each class are drawn, without replacement, as the rarest class has there.",
    "pdf": (
        "Rows of each class are drawn with replacement, with probabilities that give each class the distribution of the"
        " target."
    ),
    "countup": (
        "Rows of each class are repeated so that each class has the distribution of the target; within a bin the copies"
        " of two rows differ by one at most."
    ),
    "importance_no_replace": (
        "Rows are drawn without replacement, n_target / n_class of them in each bin, scaled down until no row is needed"
        " twice: all classes get the distribution of the target and the same number of rows."
    ),
    "weighting": "No row is repeated; each has the weight n_target / n_class of its bin.",
    "ensemble": "Several subsets are drawn in which the classes are balanced; they share the rows of the rarest class.",
    "stratified": "Each bin gets its share of the rows of its class; a row weighs the inverse of the fraction drawn.",
    "random_undersampling": "Of each class as many rows are drawn, whatever their bins, as the rarest class has.",
    "random_oversampling": "Rows of each class are repeated, whatever their bins, until all classes are of one size.",
    "planing": "No row is repeated; each has a weight that makes the distribution of its class uniform.",
}

DEFINITIONS = (
    "In range: rows whose sampling variables lie in a bin, but for those that 'custom_n_jets_initial' leaves out.",
    "Taken: rows of the output, each copy counted; different rows: without their copies; mean copies: their ratio.",
    "Taken / in range: rows of the output in range for each row in range, the upsampling ratio.",
    "n_eff of copies: (rows)^2 / (sum over different rows of copies^2), the effective size if copies count as one row.",
    "n_eff of weights: (sum w)^2 / (sum w^2), the effective sample size of weighted rows.",
    "Largest difference: the most by which two classes differ in a bin; 0 where the classes are balanced exactly.",
    AGREEMENT_TEXT[0].upper() + AGREEMENT_TEXT[1:],
    "Bins without the class: those in which the target has content and the class has no rows. They are not in chi2.",
    "Statistical uncertainties of rows after: copies of a row count as one event.",
)
LOST = "Lost bin: one that has rows before, and of which nothing can be taken."
INCOMPLETE = (
    "Incomplete bin: one in which a class has no rows in the output, and another has: whoever sees such a row knows"
    " that it is not of that class."
)


def definitions(numbers: Numbers) -> list[str]:
    """Return what the words of the tables mean."""
    return [*DEFINITIONS, INCOMPLETE if numbers.incomplete else LOST]


def facts(tally: Tally, numbers: Numbers, output: Path | None, *, attached: bool) -> dict[str, str]:
    """Return what was done, name -> value; ``attached``: the output has the weights of its rows."""
    parts = [whole.part for whole in numbers.wholes]
    axes = {axis.name: None for grid in tally.grids for axis in grid.axes}
    bins = ", ".join(dict.fromkeys(" x ".join(map(str, grid.shape)) or "1" for grid in tally.grids))
    found = {"Method": tally.method, "Classes": ", ".join(tally.classes)}
    if len(tally.categories) > 1:
        found["Categories"] = ", ".join(tally.categories)
    found["Sampling variables"] = ", ".join(axes) or "none: whole classes are sampled"
    found["Bins"] = bins
    found["Target"] = _target(tally, numbers)
    found["Rows in range"] = str(sum(part.in_range for part in parts))
    found["Rows taken"] = str(sum(whole.written for whole in numbers.wholes))
    if not attached:
        found["Weights"] = "in the index only"
    if tally.subsets:
        found["Subsets"] = f"{tally.subsets}; numbers of rows are those of all together"
    if output is not None:
        found["Output"] = output.name
    return found


def _target(tally: Tally, numbers: Numbers) -> str:
    if tally.target is None:
        return "none; ratios are to the mean of all classes"
    if numbers.target_class is not None:
        return f"the distribution of {tally.classes[numbers.target_class]}"
    return "a distribution that is not exactly that of one class"


def notes(tally: Tally, numbers: Numbers, sources: Sources, *, attached: bool) -> list[str]:
    """Return what a reader must know before the numbers."""
    found = [] if attached else [NOT_ATTACHED]
    rows = sum(category.rows for category in numbers.categories)
    lost = sum(category.lost_rows for category in numbers.categories)
    if lost:
        bins = sum(category.lost for category in numbers.categories)
        share = f"{lost} rows ({percent(lost / rows)} of those in range)"
        kept = sum(whole.part.kept for whole in numbers.wholes)
        why = f": a class has no rows in the output there, and others have {kept}, which tells them apart"
        found.append(
            f"{bins} bins are incomplete, with {share}{why}."
            if numbers.incomplete
            else f"{bins} bins are lost, with {share}."
        )
    empty = [name for name, whole in zip(tally.classes, numbers.wholes, strict=True) if not whole.part.in_range]
    if empty:
        found.append(f"No rows in range: {', '.join(empty)}.")
    nothing = [
        name
        for name, whole in zip(tally.classes, numbers.wholes, strict=True)
        if whole.part.in_range and not whole.written
    ]
    if nothing:
        found.append(f"Nothing was taken of: {', '.join(nothing)}.")
    unkeyed = [source.name for source in sources.all if source.key_is == FILE_AND_ROW]
    if unkeyed:
        found.append(
            f"Rows are known by the name of their file and their place in it, as no key was named: the choice depends"
            f" on both ({', '.join(unkeyed)})."
        )
    return [*found, *(_sentence(line) for line in sources.says)]


def _sentence(line: str) -> str:
    text = line.removeprefix("warning: ").strip()
    return text if text.endswith(".") or not text else f"{text[0].upper()}{text[1:]}."


def samples(sources: Sources) -> Grid:
    """Return a table of what was read."""
    rows = tuple(
        (source.name, source.category, source.kind, str(len(source.files)), str(source.entries), source.key_is)
        for source in sources.all
    )
    return Grid("Samples", ("sample", "category", "format", "files", "rows", "a row is known by"), rows)


def paragraphs(lines: Sequence[str]) -> str:
    """Return definitions as a list in Markdown."""
    return "\n".join(f"- {line}" for line in lines)
