"""FastMTT in the lazy graph: the di-tau mass of largest likelihood of each event."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 (the annotations are read when the node is made)
from typing import TYPE_CHECKING, Any, Final, Literal

from rdfplugins import cpp
from rdfplugins.errors import ConfigError, MissingColumnError, did_you_mean
from rdfplugins.nodes import column_types, mass_conventions, mass_models
from rdfplugins.nodes.base import RNode, as_rnode, column_names, node
from rdfplugins.nodes.ditau_settings import CHANNELS
from rdfplugins.nodes.mass_inputs import Plan, Slot, Units

if TYPE_CHECKING:
    from collections.abc import Sequence

INPUTS: Final = (
    *(f"{what}_{leg}" for leg in (1, 2) for what in ("pt", "eta", "phi", "m")),
    *("met", "metphi", "metcov00", "metcov01", "metcov11", "channel"),
)
"""What is read, in the order of ``rdfp::fastmtt::Row``."""

COLUMNS: Final = ("m_fastmtt", "fastmtt_x1", "fastmtt_x2", "fastmtt_status")
_STATES = ("found", "not_there", "no_channel", "no_covariance", "impossible", "too_soft")
STATUS: Mapping[str, int] = {name: number for number, name in enumerate(_STATES)}
"""Numbers of the column ``fastmtt_status``, as those of ``rdfp::fastmtt::Status``."""

SMALLEST_GRID: Final = 10
LARGEST_GRID: Final = 1000
_FOUND = "rdfp_fastmtt_found_"
_FEATURES = "rdfp_ditau_features_"  # where ditau.features was before: columns are GeV, whatever the file has
# the inputs of mass models that are the same, whose other names are known
_MODEL_INPUT: Mapping[str, str] = {
    **{f"{what}_{leg}": f"tau{leg}_{what}_reco" for leg in (1, 2) for what in ("pt", "eta", "phi")},
    "met": "PuppiMET_pt_reco",
    "metphi": "PuppiMET_phi_reco",
    **{f"metcov{number}": f"MET_cov{axes}_reco" for number, axes in (("00", "XX"), ("01", "XY"), ("11", "YY"))},
}
_MASSES: Mapping[str, tuple[str, ...]] = {
    f"m_{leg}": (f"mass_{leg}", f"m{leg}", f"tau{leg}_m", f"tau{leg}_mass", f"tau{leg}_mass_reco") for leg in (1, 2)
}
# what a column of the same quantity is called; of legs, not that of MET, jets or truth
_NO_LEG = r"(?i:.*(?:met|jet|gen))"
_QUANTITIES: Mapping[str, re.Pattern[str]] = {
    **{
        f"{what}_{leg}": re.compile(rf"(?!{_NO_LEG})(?:.*_)?(?:{what}|{longer})\d?(?:_.*)?|(?!{_NO_LEG}).*{longer}")
        for leg in (1, 2)
        for what, longer in (("pt", "Pt"), ("eta", "Eta"), ("phi", "Phi"), ("m", "[mM]ass"))
    },
    "met": re.compile(r"(?i:.*met_?(?:pt|et)?)"),
    "metphi": re.compile(r"(?i:.*met_?phi)"),
    **{
        f"metcov{number}": re.compile(rf"(?i:.*cov_?(?:{number}|{axes}))")
        for number, axes in (("00", "xx"), ("01", "xy"), ("11", "yy"))
    },
}
_MOST_OF_A_QUANTITY = 3  # columns that a hint names where none of them is spelt like the input


def _reads(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    given = parameters["map"] or {}
    return tuple(name for name in INPUTS if name not in given and not (name == "channel" and parameters["channel"]))


@node(
    name="ditau.fastmtt",
    makes=COLUMNS,
    reads=_reads,
    units_of=lambda _: {"m_fastmtt": "GeV"},
    maps={"fastmtt_status": STATUS},
)
def fastmtt(
    df: RNode,
    *,
    map: Mapping[str, str] | None = None,  # noqa: A002 (the name that it has in ml_mass)
    channel: Literal["tt", "mt", "et", "em", "mm", "ee"] | None = None,
    grid: int = 100,
    units: Units | None = None,
) -> RNode:
    """Define the di-tau mass of largest likelihood (FastMTT), and the visible fractions at which it is.

    ``m_fastmtt`` (GeV) is computed where it is asked for, with any number of threads and under variations. It needs no
    training: MET, its covariance and the two visible tau decays of an event are all that enters.

    Parameters
    ----------
    df
        Behind `ditau.features`, or any with numbers of these names, or those of ``map``: pt_1, eta_1, phi_1, m_1 and
        the same with _2 (visible decay products), met, metphi, metcov00, metcov01, metcov11, channel.
    map
        One of these -> column, or C++ expression, that holds it.
    channel
        If all events are of one: it says which decays are leptonic. Else the column ``channel`` does: 0 tt, 1 mt, 2
        et, 3 em, 4 mm, 5 ee.
    grid
        How many visible fractions are looked at for each leg: 1/grid, 2/grid ... 1; from 10 to 1000.
    units
        Unit of momenta and masses; behind `ditau.features` they are GeV. With MeV in place of GeV, status 5 shows it.

    Notes
    -----
    A. Kalinowski, W. Matyszkiewicz, arXiv:2509.26069. With x1, x2 the visible fractions of the tau momenta, neutrinos
    along the visible products, m^2 = m_vis^2 / (x1 x2), M = c2 m, r = (m_vis / M)^2, c1 = 6 and c2 = 1 / 1.15, the
    likelihood is ::

        2 m_vis^2 M^-c1 [ln(x2max / x2min)
                         + (leg 1 leptonic) r (1 / x2max - 1 / x2min)
                         + (leg 2 leptonic) (r ln(x2max / x2min) - (x2max - x2min))] exp(-chi2 / 2)

    with x1min = min(1, (m_1 / m_tau)^2), x2min = max((m_2 / m_tau)^2, r), x2max = min(1, r / x1min), and 0 where
    M < m_vis or x2max < x2min; chi2 is that of MET - sum of p_i (1 / x_i - 1) with the covariance of MET. x1 and x2
    are those of the grid for which it is largest, each at least (m_i / m_tau)^2; m_fastmtt is their m. Masses of
    hadronic legs enter these bounds between that of a charged pion and 1.5 GeV, as in the authors' code. No factors
    that depend on the channel are applied.

    Leg 1 is leptonic in mt and et, both in em, mm and ee. A decay into e or mu in leg 2 with a hadronic one in leg 1 is
    no channel: give the legs in the other order.

    Where there is no estimate, the first three columns are NaN and ``fastmtt_status`` says why: 1, something is not
    there (not finite, pT at or below 0, MET below 0, eta or phi of -10 or -999, a mass at or below -1); 2, of no
    channel; 3, no measurement has such a covariance (a variance at or below 0, or singular); 4, the likelihood is 0
    everywhere; 5, both legs have a pT below 1 GeV, which no selection leaves: see ``units``. It is 0 where there is
    one.
    """
    if not SMALLEST_GRID <= grid <= LARGEST_GRID:
        raise ConfigError(f"parameter 'grid' is a number from {SMALLEST_GRID} to {LARGEST_GRID}, not {grid}")
    if any(df.HasColumn(name) for name in COLUMNS):
        raise ConfigError("ditau.fastmtt is there already, or one of its columns: m_fastmtt, fastmtt_x1 ...")
    behind_features = bool(df.HasColumn(_FEATURES))
    if behind_features and units == "MeV":
        if map:
            raise ConfigError(
                "parameter 'map': columns made by ditau.features are GeV and those of the file MeV; where one is to be"
                " replaced, Redefine it in GeV"
            )
        units = "GeV"
    if behind_features and channel is not None:
        raise ConfigError("parameter 'channel': ditau.select made the column of this name; leave the parameter out")
    slots = _slots(as_rnode(df), map or {}, channel)
    df, row = mass_models.define_row(as_rnode(df), Plan(slots, len(slots), {}, (), {}), COLUMNS[0])
    cpp.include("rdfplugins/fastmtt.h", optimised=True)
    define = cpp.load_root().rdfp.fastmtt.define
    return define(df, list(COLUMNS), row, _FOUND, grid, 1000.0 if units == "MeV" else 1.0)


def _slots(df: RNode, given: Mapping[str, str], channel: str | None) -> tuple[Slot, ...]:
    """Return what is read for each of the inputs, in their order.

    Raises
    ------
    MissingColumnError
        With all columns that are not there, and what may stand for them.
    ConfigError
        For a map of something else, or of nothing.
    """
    for name, expression in given.items():
        if name not in INPUTS:
            is_turned = expression.strip() in INPUTS and df.HasColumn(name)
            turned = f"; the other way round ({expression}: {name})?" if is_turned else ""
            raise ConfigError(f"parameter 'map': there is no input '{name}'{turned or did_you_mean(name, INPUTS)}")
        if not expression.strip():
            raise ConfigError(f"parameter 'map', input '{name}': a column or an expression is expected")
    if channel is not None and "channel" in given:
        raise ConfigError("parameter 'channel': it is mapped, too; give one of the two")
    slots = tuple(
        Slot(name, "mapped", given[name].strip())
        if name in given
        else Slot(name, "channel", str(CHANNELS.index(channel)))
        if name == "channel" and channel is not None
        else Slot(name, "found", name)
        for name in INPUTS
    )
    missing = [slot for slot in slots if slot.how != "channel" and slot.is_column and not df.HasColumn(slot.expression)]
    if missing:
        raise MissingColumnError(_missing_text(df, missing))
    return slots


def _missing_text(df: RNode, missing: Sequence[Slot]) -> str:
    columns = column_names(df)
    numbers = [name for name in columns if column_types.is_number(df, name)]
    texts = [
        f"'{slot.expression}'{_hint(slot.name, numbers, behind_features=df.HasColumn(_FEATURES))}"
        if slot.how == "found"
        else f"'{slot.expression}' (of 'map', input '{slot.name}'){did_you_mean(slot.expression, numbers, most=1)}"
        for slot in missing
    ]
    advice = mass_conventions.advice(columns)
    one = len(missing) == 1
    return (
        f"ditau.fastmtt needs {len(missing)} column{'' if one else 's'} that {'is' if one else 'are'} not there:"
        f" {', '.join(texts)}{f'; {advice}' if advice else ''}"
    )


def _hint(name: str, numbers: Sequence[str], *, behind_features: bool) -> str:
    """Return what may stand for an input that is missing, to be put behind its name."""
    if name == "channel":
        return f" (if all events are of one: channel: {', '.join(CHANNELS[:-1])} or {CHANNELS[-1]})"
    if name in _MASSES and behind_features:
        return f" (made of Tau_mass, which is not there; with map: {{{name}: 0.8}} all taus have that mass)"
    others = (_MODEL_INPUT[name],) if name in _MODEL_INPUT else _MASSES[name]
    near = next((other for other in others if other in numbers), None)
    if near is None and name in _MODEL_INPUT:
        near = mass_conventions.also_called(_MODEL_INPUT[name], numbers)
    if near is not None:
        return f" (map: {{{name}: {near}}}?)"
    # a name that is spelt alike may be that of another quantity, or of the other leg
    same = [number for number in numbers if number not in INPUTS and _QUANTITIES[name].fullmatch(number)]
    near_text = did_you_mean(name, same, most=1)
    if not near_text and 0 < len(same) <= _MOST_OF_A_QUANTITY:
        near_text = f"did you mean {' or '.join(repr(one) for one in same)}?"
    return f" ({near_text.removeprefix('; ')})" if near_text else ""
