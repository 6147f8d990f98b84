"""A sample is refused where its numbers would make a wrong weight."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import rdfplugins as rp
from rdfplugins.errors import ConfigError


def test_defaults_leave_the_normalisation_open() -> None:
    sample = rp.Sample("mc")
    assert dataclasses.asdict(sample) == dict.fromkeys(["label", "xsec_pb", "sum_of_weights", "lumi_pb"]) | {
        "kind": "mc"
    }


def test_a_sample_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        rp.Sample("mc").xsec_pb = 1.0  # type: ignore[misc]


@pytest.mark.parametrize("kind", ["MC", "signal", "", None, 1])
def test_kind(kind: object) -> None:
    with pytest.raises(ConfigError, match="of kind 'mc' or 'data'"):
        rp.Sample(kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["xsec_pb", "sum_of_weights", "lumi_pb"])
@pytest.mark.parametrize("value", [0, 0.0, -0.0, -3.5, -500, math.nan, math.inf, -math.inf])
def test_numbers_that_make_no_weight(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} of a sample is a finite number above zero"):
        rp.Sample("mc", **{name: value})


@pytest.mark.parametrize("name", ["xsec_pb", "sum_of_weights", "lumi_pb"])
@pytest.mark.parametrize("value", [True, "0.1", [0.1]])
def test_what_is_no_number(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{name} of a sample is a number, not"):
        rp.Sample("mc", **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1, 0.102, np.float64(2.5), 5e-324])
def test_numbers_that_do(value: float) -> None:
    assert rp.Sample("mc", xsec_pb=value, sum_of_weights=value).xsec_pb == value


def test_a_sum_that_is_read_later_is_kept_and_refused_by_a_node() -> None:
    sample = rp.Sample("mc", xsec_pb=1.0, sum_of_weights="runs")
    assert sample.sum_of_weights == "runs"
    with pytest.raises(ConfigError, match=r"^my\.node does not see the files .*=rp\.sum_of_gen_weights\(files\)"):
        sample.refuse_unread("my.node")
    rp.Sample("mc", sum_of_weights=2.0).refuse_unread("my.node")
    for name in ("xsec_pb", "lumi_pb"):
        with pytest.raises(ConfigError, match="is a number, not 'runs'"):
            rp.Sample("mc", **{name: "runs"})  # type: ignore[arg-type]


@pytest.mark.parametrize("norm", [{"xsec_pb": 1.0}, {"sum_of_weights": 1.0}, {"sum_of_weights": "runs"}])
def test_data_has_no_normalisation(norm: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="its weight is 1"):
        rp.Sample("data", **norm)


def test_data_has_a_luminosity() -> None:
    assert rp.Sample("data", lumi_pb=10064.0).lumi_pb == 10064.0
