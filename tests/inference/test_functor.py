"""The network as a C++ object: in a graph, from many threads, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import cpp
from rdfplugins.inference.functor import functor
from tests.inference.helpers import evaluate, random_network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rdfplugins.inference.network import Network

THREADS = """
#include <thread>
#include <vector>
// Each of `threads` threads evaluates all events, into a place of its own.
void rdfp_test_threads(const rdfp::Network &network, const float *in, float *out, std::size_t events, int threads) {
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([=, &network] {
      for (std::size_t event = 0; event < events; ++event)
        network.evaluate(in + event * network.inputs(), out + (t * events + event) * network.outputs());
    });
  for (auto &thread : running) thread.join();
}
std::shared_ptr<const rdfp::Network> rdfp_test_network;
float rdfp_test_value(unsigned long long entry) {
  const float in[2] = {0.001f * entry, 1.f};
  float out = 0;
  rdfp_test_network->evaluate(in, &out);
  return out;
}
"""


@pytest.fixture(scope="module")
def root() -> Any:
    cpp.include("rdfplugins/network.h", optimised=True)
    cpp.declare(THREADS, "test")
    return cpp.load_root()


@pytest.fixture
def four_threads(root: Any) -> Iterator[None]:
    root.EnableImplicitMT(4)
    yield
    root.DisableImplicitMT()


@pytest.fixture
def network() -> Network:
    return random_network((27, 128, 90, 20, 2))


def test_it_knows_its_sizes(network: Network) -> None:
    compiled = functor(network)
    assert (compiled.inputs(), compiled.outputs()) == (27, 2)


def test_threads_give_the_bits_of_one(root: Any, network: Network) -> None:
    x = np.random.default_rng(1).normal(size=(2000, 27)).astype(np.float32)
    one, many = np.empty((1, 2000, 2), np.float32), np.empty((8, 2000, 2), np.float32)
    root.rdfp_test_threads(functor(network), x, one, 2000, 1)
    root.rdfp_test_threads(functor(network), x, many, 2000, 8)
    np.testing.assert_array_equal(many, np.broadcast_to(one, many.shape))
    np.testing.assert_allclose(one[0], evaluate(network, x), rtol=1e-4, atol=1e-5)


def test_a_threaded_graph_gives_the_values_of_a_plain_loop(root: Any, four_threads: None) -> None:
    network = random_network((2, 64, 64, 1))
    root.rdfp_test_network = functor(network)
    columns = root.RDataFrame(20_000).Define("m", "rdfp_test_value(rdfentry_)").AsNumpy(["rdfentry_", "m"])
    order = np.argsort(columns["rdfentry_"])
    x = np.stack([np.float32(0.001) * np.arange(20_000, dtype=np.float32), np.ones(20_000, np.float32)], axis=1)
    expected = np.empty((20_000, 1), np.float32)
    functor(network).evaluate_many(x, 20_000, expected)
    np.testing.assert_array_equal(columns["m"][order], expected[:, 0])


def test_weights_are_copied(network: Network) -> None:
    x, before, after = np.ones(27, np.float32), np.empty(2, np.float32), np.empty(2, np.float32)
    compiled = functor(network)
    compiled.evaluate(x, before)
    for layer in network.layers:
        layer.kernel[:] = 0
    compiled.evaluate(x, after)
    np.testing.assert_array_equal(before, after)


def test_wider_than_the_stack(root: Any) -> None:
    network = random_network((1500, 2000, 3))
    x, out = np.random.default_rng(2).normal(size=1500).astype(np.float32), np.empty(3, np.float32)
    functor(network).evaluate(x, out)
    np.testing.assert_allclose(out, evaluate(network, x[None])[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "activations", "count"),
    [([2], [], 0), ([2, 1], [0, 0], 3), ([2, 1], [9], 3), ([2, 0], [0], 0), ([2, 1], [0], 2)],
)
def test_what_does_not_fit_is_refused(root: Any, shape: list[int], activations: list[int], count: int) -> None:
    with pytest.raises(Exception, match="rdfp::Network: "):
        root.rdfp.make_network(shape, activations, np.zeros(8, np.float32), count)
