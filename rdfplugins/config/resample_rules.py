"""Rules that tie the options of ``resample`` to its method, to each other, and to other parts of a config.

They look at the values as read, so that they find everything although some part has a fault of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rdfplugins.config.resample import METHODS, WITH_WEIGHTS, ResampleOptions
from rdfplugins.config.sampling_view import View, mapping, names_in, resample_path, samples_maps
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rdfplugins.config.loader import Document
    from rdfplugins.errors import ConfigError

UNIFORM = "uniform"
_TOLERANCE = 1e-6
_REPLACED_BY = {"random_undersampling": "count", "random_oversampling": "countup"}
_NEED_VARIABLES = ("count", "pdf", "importance_no_replace", "weighting", "countup", "planing")
_BINNED = tuple(method for method in METHODS if method not in _REPLACED_BY)

# which methods take an option; those that are not here are taken by all
_TAKEN_BY: dict[str, tuple[str, ...]] = {
    "sampling_variables": _BINNED,
    "bin_semantics": _BINNED,
    "gap_bins": _BINNED,
    "target_distribution": ("pdf", "importance_no_replace", "countup", "weighting"),
    "max_upsampling_ratio": ("pdf", "countup"),
    "sampling_fraction": ("pdf", "countup"),
    "max_duplicates": ("pdf", "countup", "random_oversampling"),
    "max_lost_fraction": ("count", "ensemble", "importance_no_replace", "pdf", "countup", "weighting", "planing"),
    "min_bin_count": ("count", "ensemble", "importance_no_replace"),
    "clip_quantile": ("importance_no_replace",),
    "rounding": ("importance_no_replace",),
    "interpolation": ("pdf",),
    "out_of_range": ("weighting", "planing"),
    "subsets": ("ensemble",),
    "allocation": ("stratified",),
    "allocation_variable": ("stratified",),
}
# umami's files carry these whatever the method
_OFTEN_THERE: dict[str, tuple[str, ...]] = {
    "weighting_target_flavour": ("weighting",),
    "custom_n_jets_initial": tuple(method for method in METHODS if method != "pdf"),
    "initial": tuple(method for method in METHODS if method != "pdf"),
    "n_jets_scaling": (),
}
_ADVICE = {
    ("target_distribution", "count"): "; importance_no_replace is like it and has a target",
    ("target_distribution", "planing"): "; its target is uniform",
    ("sampling_variables", "random_undersampling"): "; count is like it and makes them alike, in their bins",
    ("sampling_variables", "random_oversampling"): "; countup is like it and makes them alike, in their bins",
}


def without_effect(method: str, given: Collection[str]) -> list[tuple[str, str]]:
    """Return (option, text) for each option that stands in the config and has no effect with a method."""
    found = []
    for key, methods in _OFTEN_THERE.items():
        if key in given and method not in methods:
            text = f"has no effect with method {method}" if methods else "has no effect here"
            found.append((key, text + (f", only with {methods[0]}" if len(methods) == 1 else "")))
    return found


def check_resample(document: Document) -> Iterator[ConfigError]:
    """Yield the faults between options of ``resample`` and what they refer to; parts may have faults of their own."""
    section = document.data.get(resample_path(document)[0])
    if not isinstance(section, dict):
        return
    view = View(document, section)
    yield from _check_order(view)
    yield from _check_origin(view)
    method = section.get("method")
    if isinstance(method, str) and method in METHODS:
        yield from _check_taken(view, method)
        yield from _check_weights(view, method)
        yield from _check_target(view, method)
        yield from _check_allocation(view, method)
        yield from _check_fractions(view, method)
    yield from _check_class_labels(view)
    yield from _check_samples(view)
    yield from _check_names(view)


def _check_order(view: View) -> Iterator[ConfigError]:
    """Stages run in the order of the file: `resample` reads what `select` writes, and `report` comes last."""
    order, name = list(view.document.data), view.name
    if view.document.position((name,))[1] is None:  # of the command line, where nothing stands in front of anything
        return
    here = order.index(name)
    if "select" in order and here < order.index("select"):
        yield view.fault(f"'{name}' stands in front of 'select', whose trees it reads; move it behind")
    if "report" in order and order.index("report") < here:
        yield view.fault(f"'{name}' stands behind 'report', which comes last; move it in front of 'report'")


def _check_origin(view: View) -> Iterator[ConfigError]:
    data = view.document.data
    if not {"input", "select", "preparation"} & set(data) and view.section.get("from") is None:
        yield view.fault(
            f"nothing says which files '{view.name}' reads: it needs 'from: {{SAMPLE: FILES}}', 'preparation', or"
            " 'input' and 'select'"
        )


def _check_taken(view: View, method: str) -> Iterator[ConfigError]:
    for key in view.options:
        methods = _TAKEN_BY.get(key)
        if methods is not None and method not in methods and not _says_nothing(key, view.options[key]):
            advice = _ADVICE.get((key, method), f"; it is of {' and '.join(methods)}" if len(methods) < 4 else "")  # noqa: PLR2004
            yield view.fault(f"the method {method} does not take {view.written(key)}{advice}", "options", key)
    if method in _NEED_VARIABLES and not view.options.get("sampling_variables"):
        other = {"count": "random_undersampling", "countup": "random_oversampling"}.get(method)
        without = f"; {other} goes by the classes alone" if other else ""
        yield view.fault(
            f"the method {method} needs sampling_variables, such as `- pt: {{bins: [0, 100, 11]}}`{without}", "options"
        )


def _says_nothing(key: str, value: object) -> bool:
    """Return whether a value is the same as none: a file may say what holds anyway."""
    field = ResampleOptions.model_fields[key]
    default = field.get_default(call_default_factory=True)
    return bool(value == default or (value in ([], {}) and not default))


def _check_weights(view: View, method: str) -> Iterator[ConfigError]:
    if view.options.get("bool_attach_sample_weights") is True and method not in WITH_WEIGHTS:
        yield view.fault(
            f"the method {method} makes no weights to attach; {', '.join(WITH_WEIGHTS)} do. Say false, or leave it out",
            *("options", "bool_attach_sample_weights"),
        )


def _check_target(view: View, method: str) -> Iterator[ConfigError]:
    known = view.classes()
    keys = ["target_distribution", *(["weighting_target_flavour"] if method == "weighting" else [])]
    given = {key: view.options[key] for key in keys if isinstance(view.options.get(key), str)}
    for key, name in given.items():
        if known is not None and name.strip() and name not in [*known, UNIFORM]:
            hint = did_you_mean(name, [*known, UNIFORM]) or f"; there are {', '.join(known)}, and {UNIFORM}"
            yield view.fault(f"no class '{shortened(name)}'{hint}", "options", key)
    if len(given) > 1 and len(set(given.values())) > 1:
        message = "weighting_target_flavour and target_distribution say two things; keep one of them"
        yield view.fault(message, "options", "target_distribution")


def _check_allocation(view: View, method: str) -> Iterator[ConfigError]:
    if method != "stratified":
        return
    neyman = view.options.get("allocation") == "neyman"
    if neyman and "allocation_variable" not in view.options:
        yield view.fault("Neyman's allocation needs the spread of an `allocation_variable`", "options", "allocation")
    if not neyman and "allocation_variable" in view.options:
        message = "only `allocation: neyman` looks at the spread of a variable"
        yield view.fault(message, "options", "allocation_variable")


def _check_fractions(view: View, method: str) -> Iterator[ConfigError]:
    maps = samples_maps(view.options)
    categories = list(dict.fromkeys(category for one in maps.values() for category in one))
    fractions = view.options.get("fractions")
    if fractions is None:
        several = next((key for key, one in maps.items() if len(one) > 1), None)
        if method == "count" and several is not None:
            names = ", ".join(f"{name}: {1 / len(maps[several]):.2g}" for name in maps[several])
            yield view.fault(f"count needs the `fractions` of the categories, such as {{{names}}}", "options", several)
        return
    if not isinstance(fractions, dict):
        return
    if not categories:
        yield view.fault("fractions are of the categories in `samples`, and there are none", "options", "fractions")
        return
    unknown = [name for name in fractions if name not in categories]
    for name in unknown:
        hint = did_you_mean(name, categories) or f"; there are {', '.join(categories)}"
        yield view.fault(f"no category '{shortened(name)}'{hint}", "options", "fractions", name)
    missing = [name for name in categories if name not in fractions]
    if missing and not unknown:
        message = f"the fraction of '{missing[0]}' is missing; 0 leaves a category out"
        yield view.fault(message, "options", "fractions")
    values = [value for value in fractions.values() if isinstance(value, (int, float)) and 0 <= value <= 1]
    if len(values) == len(fractions) and not unknown and not missing and abs(math.fsum(values) - 1) > _TOLERANCE:
        message = f"the fractions must add up to 1, and they make {math.fsum(values):.6g}"
        yield view.fault(message, "options", "fractions")


def _check_class_labels(view: View) -> Iterator[ConfigError]:
    seen: set[str] = set()
    for keys, name in names_in(view.section.get("class_labels"), ("class_labels",)):
        if name in seen:
            yield view.fault(f"the class '{shortened(name)}' stands twice", *keys)
        seen.add(name)


def _check_samples(view: View) -> Iterator[ConfigError]:
    """Yield a fault for each sample that does not exist, or stands in two categories."""
    if {"samples", "samples_training"} <= set(view.options):
        message = "samples and samples_training are two names of one thing; keep one of them"
        yield view.fault(message, "options", "samples_training")
    known = view.samples()
    for key, one in samples_maps(view.options).items():
        first: dict[str, str] = {}
        for category, value in one.items():
            for keys, name in names_in(value, ("options", key, category)):
                if name in first:
                    other = f", first in '{first[name]}'" if first[name] != category else ""
                    yield view.fault(f"the sample '{shortened(name)}' stands twice{other}", *keys)
                first.setdefault(name, category)
                if known and name not in known:
                    yield view.fault(f"no sample '{shortened(name)}'{_among(name, known)}", *keys)


def _check_names(view: View) -> Iterator[ConfigError]:
    """Yield a fault for each unknown name in options that have a value for each sample or class."""
    samples = [*view.samples(), *view.listed()]
    classes = view.classes()
    for key in ("custom_n_jets_initial", "max_upsampling_ratio", "sampling_fraction"):
        known = samples if key == "custom_n_jets_initial" else [*samples, *(classes or ())]
        if not known or (classes is None and key != "custom_n_jets_initial"):
            continue
        what = "sample" if key == "custom_n_jets_initial" else "sample or class"
        for name in mapping(view.options.get(key)):
            if name not in known:
                yield view.fault(f"no {what} '{shortened(name)}'{_among(name, known)}", "options", key, name)


def _among(name: str, known: Collection[str]) -> str:
    names = list(dict.fromkeys(known))
    few = 8
    listed = ", ".join(names[:few]) + (" ..." if len(names) > few else "")
    return did_you_mean(name, names) or f"; there are {listed}"
