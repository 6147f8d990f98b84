"""The rivals of the inference benchmark compute the same network; how fast is printed by `inference_speed`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.benchmarks import inference_contenders as contenders

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def _tensorflow() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow and Keras warn of their own dependencies
        pytest.importorskip("tensorflow")
        yield


@pytest.mark.usefixtures("_tensorflow")
def test_rivals_agree() -> None:
    network = contenders.make_network(32)
    x = contenders.make_events(5000)
    expected = None
    for contender in [*contenders.batched(network), *contenders.per_event(network)]:
        part = x[: max(3, int(len(x) * contender.share))]
        found = contender.predict(part)
        expected = found if expected is None else expected
        assert found.shape == (len(part), 1)
        np.testing.assert_allclose(found, expected[: len(part)], rtol=1e-5 if contender.exact else 1e-2)
    assert expected is not None
    assert 200 < np.median(expected) < 400, "values like masses, of which bfloat16 may lose 1e-2"
    assert np.std(expected) > 1, "an output that does not depend on the event proves nothing"


def test_a_rival_that_differs_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    from tests.benchmarks.inference_speed import compete

    network = contenders.make_network(16)
    ours = contenders.batched(network, tensorflow=False)[0]
    wrong = contenders.Contender("wrong", lambda x: ours.predict(x) * np.float32(1.001))
    assert compete(network, [ours, ours], 50, 1) == []
    assert compete(network, [ours, wrong], 50, 1) == ["wrong: outputs differ by 1.0e-03"]
