"""TMVA methods as C++ objects: against their definition, alone and in a graph, and what they refuse."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rdfplugins import cpp
from rdfplugins.inference.backends.compiled_method import CompiledMethod
from rdfplugins.inference.backends.vectorised import VectorisedMethod
from rdfplugins.inference.functor import functor as network_functor
from rdfplugins.inference.tmva.functor import functor
from rdfplugins.inference.tmva.method import Linear, Method, Quantile, Scale
from tests.inference.helpers import random_network
from tests.inference.tmva import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

KERNELS = tuple(plain.make_kernels(np.random.default_rng(1), 5))
STEPS = tuple(plain.make_steps(np.random.default_rng(1), 5))
CLOSE = {"rtol": 1e-12, "atol": 1e-13}


def method_of(kernel: str, steps: str = "none", *, seed: int = 1, n: int = 5) -> Method:
    random = np.random.default_rng(seed)
    made = plain.make_kernels(random, n)[kernel]
    ranges = [(-1.0, 1.0), (-3.0, 8.0), (0.0, 1e3)][: made.n_outputs]
    back = plain.targets(ranges, outputs=made.n_outputs) if steps == "all" else plain.targets(outputs=made.n_outputs)
    return Method(n, plain.make_steps(random, n)[steps], made, back)


def run(method: Method, x: np.ndarray) -> np.ndarray:
    out = np.full((len(x), method.n_outputs), -7.0)
    CompiledMethod(method).run(x, out)
    return out


def one_by_one(compiled: Any, x: np.ndarray) -> np.ndarray:
    out = np.full((len(x), compiled.outputs()), -7.0)
    for event, answer in zip(x, out, strict=True):
        compiled.evaluate(event, answer)
    return out


# -- against the definition


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_it_is_what_the_definition_says(kernel: str, steps: str) -> None:
    for seed in (1, 2):
        method = method_of(kernel, steps, seed=seed)
        x = plain.make_events(np.random.default_rng(seed), 5)
        np.testing.assert_allclose(run(method, x), plain.evaluate(method, x), **CLOSE)


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("kernel", KERNELS)
def test_numpy_says_the_same(kernel: str, steps: str) -> None:
    method = method_of(kernel, steps, seed=3)
    x = plain.make_events(np.random.default_rng(3), 5, 400)
    expected = np.empty((len(x), method.n_outputs))
    VectorisedMethod(method).run(x, expected)
    np.testing.assert_allclose(run(method, x), expected, **CLOSE)


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("kernel", KERNELS)
def test_nan_in_any_input_is_nan_in_all_outputs(kernel: str, place: int) -> None:
    method = method_of(kernel, "all")
    x = np.ones((3, 5), np.float32)
    x[1, place] = np.nan
    found = run(method, x)
    assert np.isnan(found[1]).all()
    assert not np.isnan(found[[0, 2]]).any()


def test_a_value_at_a_point_or_beyond_the_points() -> None:
    """Points with a flat piece, at which cumulatives are cut, and values on the points."""
    step = Quantile(0, np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 0.5, 0.5, 1.0]), gauss=True)
    method = Method(1, (step,), Linear(np.array([[0.0, 1.0]])), plain.targets())
    x = np.array([-np.inf, -5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 9, np.inf], np.float32)[:, None]
    found = run(method, x)[:, 0]
    np.testing.assert_allclose(found, plain.evaluate(method, x)[:, 0], rtol=1e-14, atol=1e-15)
    assert found[0] == found[1] == -found[-1]
    assert found[0] == pytest.approx(statistics.NormalDist().inv_cdf(0.5e-8), rel=1e-8)
    assert (found[4:7] == 0).all()


# -- the same bits


@pytest.mark.parametrize("cpu", [0, 1, 2])
@pytest.mark.parametrize("kernel", KERNELS)
def test_an_event_alone_has_the_bits_that_it_has_among_others(kernel: str, cpu: int) -> None:
    method = method_of(kernel, "all", seed=cpu)
    x = plain.make_events(np.random.default_rng(cpu), 5, 600)
    compiled = functor(method, cpu=cpu)
    for count in (1, 7, 8, 9, 511, 512, 513, 600):  # of blocks, and of what is left
        many = np.empty((count, method.n_outputs))
        compiled.evaluate_many(x, count, many)
        np.testing.assert_array_equal(many, one_by_one(compiled, x[:count]))


@pytest.mark.parametrize("kernel", ["forest mean", "perceptron tanh sum", "linear of two"])
def test_more_than_the_stack_holds(kernel: str) -> None:
    method = method_of(kernel, "all", n=150)
    x = plain.make_events(np.random.default_rng(1), 150, 40, infinite=False)
    found = run(method, x)
    np.testing.assert_allclose(found, plain.evaluate(method, x), rtol=1e-11, atol=1e-11)
    np.testing.assert_array_equal(found, one_by_one(functor(method), x))


def test_a_wide_perceptron() -> None:
    kernel = plain.make_perceptron(np.random.default_rng(1), (3, 200, 100, 2), "sigmoid")
    method = Method(3, (), kernel, plain.targets(outputs=2))
    x = plain.make_events(np.random.default_rng(1), 3, 20)
    np.testing.assert_allclose(run(method, x), plain.evaluate(method, x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("neuron", ["sigmoid", "tanh", "radial"])
@pytest.mark.parametrize("cpu", [0, 1, 2])
def test_neurons_are_right_to_the_last_digits(neuron: str, cpu: int) -> None:
    """From arguments so small that a difference would be lost to such as leave nothing."""
    random = np.random.default_rng(1)
    size = np.concatenate([10 ** random.uniform(-30, 3, 3000), random.uniform(0, 40, 3000), [0, np.inf]])
    x = np.concatenate([size, -size]).astype(np.float32)[:, None]
    kernel = plain.make_perceptron(random, (1, 1, 1), neuron)
    kernel.kernels[0][:], kernel.kernels[1][:] = [[1.0], [0.0]], [[1.0], [0.0]]
    found = np.empty((len(x), 1))
    functor(Method(1, (), kernel, plain.targets()), cpu=cpu).evaluate_many(x, len(x), found)
    with np.errstate(over="ignore", under="ignore"):
        expected = plain.NEURONS[neuron](x.astype(np.float64))
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-305)


def test_numbers_are_copied() -> None:
    method = method_of("perceptron tanh sum", "scale")
    x = np.ones((1, 5), np.float32)
    compiled, before, after = functor(method), np.empty((1, 1)), np.empty((1, 1))
    compiled.evaluate_many(x, 1, before)
    (scale,) = method.steps
    assert isinstance(scale, Scale)
    scale.low[:], method.kernel.kernels[0][:] = -99, 0
    compiled.evaluate_many(x, 1, after)
    np.testing.assert_array_equal(before, after)


def test_no_events() -> None:
    CompiledMethod(method_of("linear")).run(np.empty((0, 5), np.float32), np.empty((0, 1)))


# -- in a graph


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    root = cpp.load_root()
    if request.param > 1:
        root.EnableImplicitMT(request.param)
    yield request.param
    if request.param > 1:
        root.DisableImplicitMT()


def graph(n: int, count: int) -> Any:
    """Return a frame with columns x0, x1, ... that follow from the number of the entry, and ``row`` with all."""
    cpp.include("rdfplugins/mass_inputs.h", optimised=True)
    df = cpp.load_root().RDataFrame(count)
    for k in range(n):
        df = df.Define(f"x{k}", f"rdfentry_ % 997 == {k} ? NAN : float(0.001 * (rdfentry_ % {1000 + k}) - 0.1 * {k})")
    return df.Define("row", f"rdfp_mass_row{{{', '.join(f'rdfp_mass_number(x{k})' for k in range(n))}}}")


def preparation(n: int) -> Any:
    """Return what lets everything pass but NaN and infinities."""
    made = cpp.load_root().std.make_shared["rdfp::mass_inputs::Preparation"](n)
    for _ in range(n):
        made.add(0, False, 1.0, -1, [], -np.inf, np.inf)
    return made


@pytest.mark.parametrize("kernel", ["forest logistic", "perceptron softmax", "linear"])
def test_a_column_has_the_bits_of_the_batch(kernel: str, threads: int) -> None:
    cpp.include("rdfplugins/tmva/graph.h", optimised=True)
    method = method_of(kernel, "all")
    names = [f"y{k}" for k in range(method.n_outputs)]
    define = cpp.load_root().rdfp.tmva.graph.define
    df = define(cpp.load_root().RDF.AsRNode(graph(5, 20_000)), names, "row", "all", functor(method), preparation(5))
    columns = df.AsNumpy([*(f"x{k}" for k in range(5)), *names])
    x = np.stack([columns[f"x{k}"] for k in range(5)], axis=1).astype(np.float32)
    found = np.stack([columns[name] for name in names], axis=1)
    assert found.dtype == np.float32
    assert np.isnan(x).any(axis=1).sum() == np.isnan(found).all(axis=1).sum() > 50
    np.testing.assert_array_equal(found, run(method, x).astype(np.float32))


def test_a_network_and_a_method_in_one_graph() -> None:
    cpp.include("rdfplugins/ml_mass.h", optimised=True)
    cpp.include("rdfplugins/tmva/graph.h", optimised=True)
    rdfp = cpp.load_root().rdfp
    method, network = method_of("forest sum"), random_network((5, 8, 1))
    df = cpp.load_root().RDF.AsRNode(graph(5, 500))
    df = rdfp.tmva.graph.define(df, ["bdt"], "row", "all_bdt", functor(method), preparation(5))
    df = rdfp.ml_mass.define(df, ["mass"], "row", "all_mass", network_functor(network), preparation(5))
    columns = df.AsNumpy(["bdt", "mass", *(f"x{k}" for k in range(5))])
    x = np.stack([columns[f"x{k}"] for k in range(5)], axis=1).astype(np.float32)
    mass = np.empty((len(x), 1), np.float32)
    network_functor(network).evaluate_many(x, len(x), mass)
    good = ~np.isnan(x).any(axis=1)
    np.testing.assert_array_equal(columns["bdt"], run(method, x)[:, 0].astype(np.float32))
    np.testing.assert_array_equal(columns["mass"][good], mass[good, 0])


# -- what does not fit


def test_what_does_not_fit_is_refused() -> None:
    cpp.include("rdfplugins/tmva/method.h", optimised=True)
    tmva = cpp.load_root().rdfp.tmva
    numbers, one = np.zeros(8), np.array([5], np.int32)
    with pytest.raises(Exception, match="rdfp::tmva::Method: the kernel has other inputs"):
        tmva.make_method(3, tmva.Linear(2, 1, numbers))
    method = tmva.make_method(2, tmva.Linear(2, 1, numbers))
    for add in (method.add_scale, method.add_rotate):
        with pytest.raises(Exception, match="rdfp::tmva::Method: a step takes a variable that is not there"):
            add(one, numbers, numbers, 1)
    with pytest.raises(Exception, match="rdfp::tmva::Method: a distribution has two points at least"):
        method.add_quantile(0, numbers, numbers, 1, True)


@pytest.mark.parametrize(
    ("shape", "count", "kinds"),
    [
        ([2], 0, (0, 0, 0)),
        ([2, 0], 0, (0, 0, 0)),
        ([2, 1], 2, (0, 0, 0)),
        ([2, 1], 3, (4, 0, 0)),
        ([2, 1], 3, (0, 3, 0)),
    ],
)
def test_a_perceptron_that_does_not_fit_is_refused(shape: list[int], count: int, kinds: tuple[int, int, int]) -> None:
    cpp.include("rdfplugins/tmva/method.h", optimised=True)
    with pytest.raises(Exception, match="rdfp::tmva::Perceptron: "):
        cpp.load_root().rdfp.tmva.Perceptron(shape, np.zeros(8), count, *kinds, False)
