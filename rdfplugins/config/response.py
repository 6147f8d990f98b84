"""The part ``response`` of the section ``report``: how good estimates of a true value are, and what they tell apart."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from rdfplugins.config.base import FileName, Number, Section, Text, described, fault, in_schema, one_or_more
from rdfplugins.config.classes import CutFormula  # noqa: TC001 (pydantic reads the annotations)
from rdfplugins.config.overrides import dotted
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rdfplugins.config.loader import Document

ESTIMATES = ("ml_mass", "m_vis", "mt_tot", "m_coll", "m_fastmtt")
"""Columns that are compared where the config names none and the trees have them."""
_MOST_BINS = 100
_AT = ("report", "response")


@in_schema(lambda names: {**names, "uniqueItems": True})
def _different(names: tuple[str, ...]) -> tuple[str, ...]:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise fault(f"'{shortened(name)}' stands here twice", number)
    return names


@in_schema(lambda edges: {"type": "array", "items": edges["items"], "minItems": 2, "maxItems": _MOST_BINS + 1})
def _as_edges(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise fault(f"a list of edges such as [50, 100, 200] is expected, not {described(value)}")
    if not 2 <= len(value) <= _MOST_BINS + 1:  # noqa: PLR2004 (one bin)
        raise fault(f"2 to {_MOST_BINS + 1} edges are expected, not {len(value)}")
    return tuple(value)


@in_schema(lambda edges: {**edges, "items": {**edges["items"], "minimum": 0}})
def _rising(edges: tuple[float, ...]) -> tuple[float, ...]:
    if edges[0] < 0:
        raise fault(f"estimates are divided by the truth, whose bins begin at 0 or above, not at {edges[0]:g}", 0)
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        if not low < high:
            raise fault(f"each edge must be above the one before, and {high:g} is not above {low:g}", number + 1)
    return edges


class SeparationConfig(Section):
    """Two kinds of events that the estimates are to tell apart.

    Attributes
    ----------
    background, signal
        Labels or names of simulated samples.
    """

    background: Annotated[tuple[Text, ...], BeforeValidator(one_or_more("the label or name of a sample"))]
    signal: Annotated[tuple[Text, ...], BeforeValidator(one_or_more("the label or name of a sample"))]


class ResponseConfig(Section):
    """Plots and tables of estimate over truth, in bins of the truth, of simulated events.

    Attributes
    ----------
    estimates
        Columns of the trees, of the stages select and ml, in the unit of the truth. None: those of ml_mass, the
        branches of ``ml``, m_vis, mt_tot, m_coll, m_fastmtt that the trees have.
    truth
        Column with the true value; events without one are left out.
    edges
        Of the bins of the truth, in its unit. None: those of mass models, from 50 to 1000 GeV.
    channels
        Name -> condition, for plots of their own. None: the six channels of the column ``channel``, where the trees
        have it.
    samples
        Labels or names of simulated samples. None: all that have a truth.
    split
        Only events of this split. None: test where there is one; else val behind a training, and all without.
    separation
        See the class. None: no such plot.
    weighted
        Weight events by ``select.weight`` in the response, too, in place of counting each of them once.
    """

    estimates: (
        Annotated[tuple[Text, ...], AfterValidator(_different), BeforeValidator(one_or_more("the name of a column"))]
        | None
    ) = None
    truth: Text = "genMass"
    edges: Annotated[tuple[Number, ...], AfterValidator(_rising), BeforeValidator(_as_edges)] | None = None
    channels: dict[FileName, CutFormula] | None = None
    samples: Annotated[tuple[Text, ...], BeforeValidator(one_or_more("the label or name of a sample"))] | None = None
    split: Literal["train", "val", "test", "all"] | None = None
    separation: SeparationConfig | None = None
    weighted: bool = False


@in_schema(lambda response: next(one for one in response["anyOf"] if one != {"type": "null"}))
def not_empty(value: Any) -> Any:
    """Refuse an empty value, which would turn off what its reader means to turn on."""
    if value is None:
        raise fault("a mapping is expected, not an empty value; `response: {}` takes all defaults")
    return value


def is_of(sample: str, label: str | None, names: Sequence[str]) -> bool:
    """Return whether a sample is one of those that are named, by their names or by their labels."""
    return sample in names or (label or sample) in names


def check_response(document: Document) -> Iterator[ConfigError]:
    """Yield a fault for each name in ``report.response`` that is no simulated sample, and for an empty split."""
    response = _mapping(_mapping(document.data.get("report")).get("response"))
    samples = _mapping(_mapping(document.data.get("input")).get("samples"))
    separation = _mapping(response.get("separation"))
    sides = {key: _named(separation.get(key)) for key in ("background", "signal")}
    yield from _unknown(document, samples, (*_AT, "samples"), response.get("samples"))
    for key in sides:
        yield from _unknown(document, samples, (*_AT, "separation", key), separation.get(key))
    for name, label in _simulated(samples).items():
        if all(is_of(name, label, names) for names in sides.values()):
            yield _fault(document, f"the sample '{name}' is background and signal", *_AT, "separation")
    select = _mapping(document.data.get("select"))
    if response.get("weighted") is True and select and select.get("weight") is None:
        yield _fault(document, "there is no select.weight to weight events with", *_AT, "weighted")
    shares = _mapping(_mapping(select.get("split")).get("fractions"))
    split = response.get("split")
    if shares and split in ("train", "val", "test") and not shares.get(split):
        yield _fault(document, f"no event is in the split '{split}': see select.split.fractions", *_AT, "split")


def _unknown(
    document: Document, samples: Mapping[str, Any], path: tuple[str, ...], value: object
) -> Iterator[ConfigError]:
    simulated = _simulated(samples)
    known = list(dict.fromkeys([*simulated, *filter(None, simulated.values())]))
    if not known:
        return
    for number, name in enumerate(_named(value)):
        if name in known:
            continue
        data = name in samples or name in [_mapping(sample).get("label") for sample in samples.values()]
        hint = "; it is data" if data else did_you_mean(name, known)
        at: tuple[str | int, ...] = (*path, number) if isinstance(value, list) else path
        message = f"'{shortened(name)}' is neither the name nor the label of a simulated sample{hint}"
        yield _fault(document, message, *at, shown=path)


def _simulated(samples: Mapping[str, Any]) -> dict[str, str | None]:
    """Return name -> label of simulated samples; the label is None where there is none."""
    return {
        name: label if isinstance(label := _mapping(sample).get("label"), str) else None
        for name, sample in samples.items()
        if _mapping(sample).get("kind") != "data"
    }


def _named(value: object) -> list[str]:
    several = value if isinstance(value, list) else [value]
    return [name for name in several if isinstance(name, str) and name.strip()]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _fault(document: Document, message: str, *path: str | int, shown: tuple[str, ...] | None = None) -> ConfigError:
    file, line = document.position(path)
    return ConfigError(f"{dotted(shown or path)}: {message}", file=file, line=line)
