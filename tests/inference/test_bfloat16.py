"""Reduced precision: measured against float32, said, and refused where it is too far off or the CPU has no units."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rdfplugins.errors import ModelError
from rdfplugins.inference import model as models
from rdfplugins.inference import precision
from rdfplugins.inference.network import Layer, Network
from tests.inference.test_backends import described, glorot


def mass_like() -> Network:
    """Return a network whose outputs are some hundreds, as masses are, and vary by a few per cent."""
    network = glorot([6, 64, 64, 64, 1], ["softplus"] * 3 + ["linear"], 8)
    last = network.layers[-1]
    return Network((*network.layers[:-1], dataclasses.replace(last, kernel=last.kernel * 20, bias=last.bias + 400)))


@pytest.fixture
def reduced(tensorflow: Any, monkeypatch: pytest.MonkeyPatch) -> models.Model:
    monkeypatch.setattr(precision, "refuse_without_units", lambda name: None)  # TensorFlow emulates what is not there
    return models.choose(described(mass_like()), precision="bfloat16")


def sample(count: int = 500) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(count, 6)).astype(np.float32)


def test_it_is_chosen_and_differs(reduced: models.Model) -> None:
    assert (reduced.backend, reduced.precision) == ("tensorflow", "bfloat16")
    found = reduced.measure_precision(sample())
    assert found is not None
    assert found.events == 500
    assert 1e-6 < found.rms <= found.largest < 1e-2
    exact = models.choose(described(mass_like()), "numpy").predict(sample())
    relative = np.abs(reduced.predict(sample()) / exact - 1)
    assert found.largest == pytest.approx(relative.max(), rel=1e-3)


def test_the_difference_is_said(reduced: models.Model) -> None:
    said: list[str] = []
    reduced.check_precision(sample(), said.append)
    assert len(said) == 1
    assert said[0].startswith("model net in bfloat16: differs from float32 by ")
    assert said[0].endswith(" rms (500 events)")


def test_too_large_a_difference_is_refused(reduced: models.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "LIMIT", 1e-7)
    said: list[str] = []
    with pytest.raises(ModelError, match="more than 1e-07 of an output is refused: use precision float32"):
        reduced.check_precision(sample(), said.append)
    assert said, "what was measured is told before it is refused"


def test_events_without_an_output_are_not_compared(reduced: models.Model) -> None:
    x = sample(10)
    x[4:, 2] = np.nan
    found = reduced.measure_precision(x)
    assert found is not None
    assert found.events == 4
    assert reduced.check_precision(x[4:], pytest.fail) is None
    assert reduced.check_precision(x[:0], pytest.fail) is None


def test_large_batches_are_sampled(reduced: models.Model) -> None:
    found = reduced.measure_precision(sample(10_000))
    assert found is not None
    assert 3000 < found.events <= precision.SAMPLE


def test_nan_of_reduced_precision_alone_is_infinitely_far() -> None:
    network = Network((Layer(np.ones((1, 1), np.float32), np.zeros(1, np.float32), "linear"),))
    found = precision.measure(network, np.ones((2, 1)), np.array([[1], [np.nan]], np.float32))
    assert found is not None
    assert found.largest == np.inf


def test_float32_is_not_compared() -> None:
    assert models.choose(described(mass_like()), "numpy").check_precision(sample(), pytest.fail) is None


def test_cpus_without_units_are_refused(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("flags : fpu avx2 avx512f avx512_bf16 amx_tile\n")
    precision.refuse_without_units("bfloat16", cpuinfo)
    cpuinfo.write_text("flags : fpu avx2 avx512f\n")
    with pytest.raises(ModelError, match="needs a CPU with avx512_bf16 or amx_bf16"):
        precision.refuse_without_units("bfloat16", cpuinfo)
    with pytest.raises(ModelError, match="which this one has not"):
        precision.refuse_without_units("bfloat16", tmp_path / "nowhere")


def test_saved_models_have_no_reduced_precision() -> None:
    description = described(mass_like(), network=None, format="saved_model", saved_model=Path("net"))
    with pytest.raises(ModelError, match="only dense networks can be evaluated in bfloat16"):
        models.choose(description, precision="bfloat16")
