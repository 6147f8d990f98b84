"""The weight of an event of NanoAOD."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdfplugins.errors import ConfigError
from rdfplugins.nodes import column_types
from rdfplugins.nodes.base import RNode, node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdfplugins.sample import Sample


def _weight_needs(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    sample: Sample | None = parameters.get("sample")
    if sample is None or sample.kind == "data":
        return ()
    named = (parameters["generator_weight"], *parameters["scale_factors"])
    return tuple(name for name in named if name.isidentifier())  # others are refused


@node(
    name="ditau.weights",
    needs=_weight_needs,
    makes=("weight",),
    units_of=lambda parameters: {} if getattr(parameters.get("sample"), "kind", "data") == "data" else {"weight": "pb"},
    hints=lambda parameters: {
        parameters["generator_weight"]: f'input.aliases: {{{parameters["generator_weight"]}: "1"}} where all generated'
        " events count the same"
    },
)
def weights(
    df: RNode, *, sample: Sample | None = None, generator_weight: str = "genWeight", scale_factors: tuple[str, ...] = ()
) -> RNode:
    """Define the weight of an event in pb; put it before the first cut.

    ``weight`` = generator weight x scale factors x cross-section / sum of weights, float64; data: 1. Multiply by the
    luminosity in 1/pb for a number of events.

    Parameters
    ----------
    df
        Data frame of the tree ``Events``.
    sample
        Kind and normalisation.
    generator_weight
        Column of the weight that the generator gave.
    scale_factors
        Columns with corrections of simulation, all multiplied.

    Raises
    ------
    ConfigError
        Without a sample, and for simulation without cross-section or sum of weights: it is never given weight 1.
    MissingColumnError
        For simulation whose generator weight or scale factors are not there.
    """
    if sample is None:
        raise ConfigError("ditau.weights needs to know what the events are: sample=rp.Sample('mc', ...) or ('data')")
    for column in (generator_weight, *scale_factors):
        if not column.isidentifier():
            raise ConfigError(
                f"ditau.weights: 'generator_weight' and 'scale_factors' are names of columns, not '{column}';"
                " input.aliases and define steps make columns"
            )
    if sample.kind == "data":
        return df.Define("weight", "1.0")
    if sample.xsec_pb is None:
        raise ConfigError("ditau.weights: a simulated sample has no cross-section: set 'xsec_pb' of the sample")
    if sample.sum_of_weights is None:
        raise ConfigError(
            "ditau.weights: a simulated sample has no sum of weights: set 'sum_of_weights' of the sample to the sum"
            " over all generated events, or to 'runs' where the files have the tree Runs of NanoAOD"
        )
    for column in (generator_weight, *scale_factors):
        column_types.require(df, column, f"column '{column}'", column_types.NUMBERS, collection=False)
    product = " * ".join(f"double({column})" for column in (generator_weight, *scale_factors))
    norm = f"{float(sample.xsec_pb)!r} / {float(sample.sum_of_weights)!r}"
    return df.Define("weight", f"{product} * ({norm})")
