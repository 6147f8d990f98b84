"""The section ``report``: what is shown, what is fitted, and what is called signal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from rdfplugins.config.base import Number, PositiveNumber, Section, Text, described, fault, in_schema, one_or_more
from rdfplugins.config.overrides import dotted
from rdfplugins.config.response import ResponseConfig, check_response, not_empty
from rdfplugins.config.scalars import shortened
from rdfplugins.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.config.loader import Document

_FROM_MC = "mc"
_ENERGY = re.compile(r"\d+(\.\d+)? ?[GT]eV")
_HIGHEST_DEGREE = 9


class GaussianConfig(Section):
    """A Gaussian that stands for the signal in the fit of the mass; none of the three is fitted.

    Attributes
    ----------
    amplitude
        Height at ``mean``, in events per bin of the histogram.
    mean, sigma
        In GeV.
    """

    amplitude: PositiveNumber
    mean: Number
    sigma: PositiveNumber


def _word_or_numbers(value: Any) -> Any:
    if isinstance(value, (dict, GaussianConfig)) or value is None or value == _FROM_MC:
        return value
    raise fault(f"the word '{_FROM_MC}', null, or amplitude, mean and sigma are expected, not {described(value)}")


def _kind_of_gaussian(value: Any) -> str:
    return "<mc>" if isinstance(value, str) else "<numbers>"


Gaussian = Annotated[
    Annotated[
        Annotated[Literal["mc"], Tag("<mc>")] | Annotated[GaussianConfig, Tag("<numbers>")],
        Discriminator(_kind_of_gaussian),
    ]
    | None,
    BeforeValidator(_word_or_numbers),
]


class FitConfig(Section):
    """The fit of the mass: a polynomial, with a fixed Gaussian for the signal where the data are unblinded.

    Attributes
    ----------
    degree
        Of the polynomial.
    gaussian
        ``mc``: from a fit to the simulated signal, scaled to the luminosity. Numbers hold for the histogram of all
        events; those of categories then take theirs from the simulation. None: no Gaussian. Without one, as for
        blinded data, the polynomial is fitted to the sidebands alone.
    """

    degree: int = Field(default=3, ge=0, le=_HIGHEST_DEGREE)
    gaussian: Gaussian = "mc"


@in_schema(lambda text: {**text, "pattern": f"^{_ENERGY.pattern}$"})
def _energy(text: str) -> str:
    if not _ENERGY.fullmatch(text):
        raise fault(f"an energy such as 13 TeV is expected, not {described(text)}")
    return text


def _as_energy(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise fault(f"an energy such as 13 TeV is expected, not {described(value)}; write its unit")
    return value


@in_schema(lambda text: {**text, "pattern": r"^(?=.*\S)[^\x00-\x1f\x7f]*$"})
def _one_line(text: str) -> str:
    if any(not char.isprintable() for char in text):
        raise fault("a title is one line without tabs")
    return text


class ReportConfig(Section):
    """The stage ``report``.

    Attributes
    ----------
    unblind
        Show the data in the signal region.
    mass
        Name of the histogram of the mass, which is fitted and blinded; all that is made from its column is, too.
    fit
        How it is fitted.
    signal
        Labels or names of simulated samples that are signal: drawn as lines over the others, which are stacked. None:
        all simulation is signal where there is a histogram of the mass, and none where there is not.
    log
        Names of histograms whose contents are drawn on a logarithmic axis.
    energy
        Of the collisions in their centre of mass, as plots name it.
    title
        Text above the plots and the page.
    response
        See the class. None: neither plots nor tables of it.
    """

    unblind: bool = False
    mass: Text = "m_yy"
    fit: FitConfig = Field(default_factory=FitConfig)
    signal: Annotated[tuple[Text, ...], BeforeValidator(one_or_more("the label or name of a sample"))] | None = None
    log: Annotated[tuple[Text, ...], BeforeValidator(one_or_more("the name of a histogram"))] = ()
    energy: Annotated[Text, AfterValidator(_energy), BeforeValidator(_as_energy)] = "13 TeV"
    title: Annotated[Text, AfterValidator(_one_line)] | None = None
    response: Annotated[ResponseConfig | None, BeforeValidator(not_empty)] = None


def check_report(document: Document) -> Iterator[ConfigError]:
    """Yield a fault for each name in ``report`` that is none of a sample or a histogram of the config."""
    yield from check_response(document)
    report, select = document.data.get("report"), document.data.get("select")
    if not isinstance(report, dict) or not isinstance(select, dict):
        return
    simulated, data = _names_of_samples(document.data.get("input"))
    histograms = select.get("histograms", {})
    known = list(histograms) if isinstance(histograms, dict) else []
    columns = [spec.get("column") for spec in _mapping(histograms).values() if isinstance(spec, dict)]
    for key in ("signal", "log", "mass"):
        for path, name in _names(key, report.get(key)):
            message = ""
            if key == "signal" and simulated and name not in simulated:
                hint = "; it is data" if name in data else did_you_mean(name, simulated)
                message = f"'{shortened(name)}' is neither the name nor the label of a simulated sample{hint}"
            # the column of a histogram is enough to blind it
            elif key != "signal" and name not in known and not (key == "mass" and name in columns):
                message = f"no histogram '{shortened(name)}' in select.histograms{did_you_mean(name, known)}"
            if message:
                file, line = document.position(path)
                yield ConfigError(f"{dotted(path[:2])}: {message}", file=file, line=line)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names_of_samples(section: object) -> tuple[list[str], list[str]]:
    """Return names and labels of simulated samples, and those of data."""
    found: tuple[list[str], list[str]] = ([], [])
    for name, sample in _mapping(_mapping(section).get("samples")).items():
        label = _mapping(sample).get("label")
        found[_mapping(sample).get("kind") == "data"].extend([name, *([label] if isinstance(label, str) else [])])
    return found


def _names(key: str, value: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path and the text of a name that stands alone, or of each one of a list."""
    if isinstance(value, str) and value.strip():
        yield ("report", key), value
    elif isinstance(value, list):
        yield from (
            (("report", key, index), name) for index, name in enumerate(value) if isinstance(name, str) and name.strip()
        )
