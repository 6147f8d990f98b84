"""Ways to evaluate one forest: our two backends, batch by batch, one event at a time, and a walk along pointers."""

from __future__ import annotations

import ctypes
import dataclasses
import shutil
import subprocess
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp
from rdfplugins.inference.tmva.forest import arguments, evaluate_forest
from rdfplugins.inference.tmva.method import LEAF, Forest

if TYPE_CHECKING:
    from collections.abc import Callable

    Predict = Callable[[np.ndarray], np.ndarray]

RIVAL = Path(__file__).with_name("trees_rival.cxx")
BATCH = 4096
LOOP = """
void rdfp_benchmark_trees(const rdfp::trees::Forest &forest, const double *x, double *out, std::size_t events) {
  for (std::size_t k = 0; k < events; ++k) forest.evaluate(x + k * forest.variables(), out + k);
}
"""


@dataclasses.dataclass(frozen=True)
class Contender:
    """A way to evaluate the forest; ``share``: which part of the events it gets. The rival is not ours."""

    name: str
    predict: Predict
    rival: bool = False
    share: float = 1.0


def make_forest(trees: int, depth: int, variables: int, seed: int = 1) -> Forest:
    """Return full trees with random cuts; values and weights have few bits, so that their sums are exact."""
    random = np.random.default_rng(seed)
    inner, nodes = 2**depth - 1, 2 ** (depth + 1) - 1
    place = np.arange(nodes)
    leaf = np.broadcast_to(place >= inner, (trees, nodes))
    first = np.arange(trees)[:, None] * nodes
    child = 2 * place + 1

    return Forest(
        feature=np.where(leaf, LEAF, random.integers(variables, size=leaf.shape)).astype(np.int32).ravel(),
        cut=np.where(leaf, 0, random.normal(size=leaf.shape)).ravel(),
        left=(first + np.where(leaf, place, child)).astype(np.int32).ravel(),
        right=(first + np.where(leaf, place, child + 1)).astype(np.int32).ravel(),
        value=np.where(leaf, random.integers(-1024, 1024, leaf.shape) / 1024, 0).ravel(),
        roots=first.astype(np.int32).ravel(),
        weights=random.integers(1, 1024, trees) / 1024,
        fisher=np.zeros((0, variables + 1)),
        votes="mean",
    )


def make_events(count: int, variables: int) -> np.ndarray:
    """Return values that are float32, as the inputs of weight files are."""
    return np.random.default_rng(2).normal(size=(count, variables)).astype(np.float32).astype(np.float64)


def _in_batches(run: Predict) -> Predict:
    def predict(x: np.ndarray) -> np.ndarray:
        out = np.empty((len(x), 1))
        for first in range(0, len(x), BATCH):
            out[first : first + BATCH] = run(x[first : first + BATCH])
        return out

    return predict


def _compiled(forest: Forest, variables: int) -> tuple[Predict, Predict]:
    """Return how trees.h evaluates many events, and one after the other."""
    cpp.include("rdfplugins/tmva/trees.h", optimised=True)
    root = cpp.load_root()
    if not hasattr(root, "rdfp_benchmark_trees"):
        cpp.declare(LOOP, "benchmark")
    built = root.rdfp.trees.Forest(*arguments(forest, variables))

    def many(x: np.ndarray) -> np.ndarray:
        out = np.empty((len(x), 1))
        built.evaluate_many(x, len(x), out)
        return out

    def one_by_one(x: np.ndarray) -> np.ndarray:
        out = np.empty((len(x), 1))
        root.rdfp_benchmark_trees(built, x, out, len(x))
        return out

    return many, one_by_one


class Rival:
    """The walk along pointers, by g++ -O2, or by the interpreter where there is no g++."""

    def __init__(self, forest: Forest, folder: Path) -> None:
        library, self.compiler = _library(folder)
        arrays = [forest.feature, forest.cut, forest.left, forest.right, forest.value, forest.roots, forest.weights]
        self._run = library.rival_run
        self._bdt = library.rival_make(*arrays, forest.n_trees)
        weakref.finalize(self, library.rival_delete, self._bdt)

    def predict(self, x: np.ndarray) -> np.ndarray:
        out = np.empty((len(x), 1))
        self._run(self._bdt, x, x.shape[1], len(x), out)
        return out


def _library(folder: Path) -> tuple[Any, str]:
    """Return something with the functions of the rival, and what compiled it."""
    compiler = shutil.which("g++")
    if compiler is None:
        with cpp.optimisation(2):
            cpp.declare(RIVAL.read_text(), "rival")
        return cpp.load_root(), "the interpreter"
    path = folder / "trees_rival.so"
    subprocess.run([compiler, "-O2", "-std=c++17", "-shared", "-fPIC", RIVAL, "-o", path], check=True)
    library = ctypes.CDLL(str(path))
    integers, doubles = (np.ctypeslib.ndpointer(kind, flags="C_CONTIGUOUS") for kind in (np.int32, np.float64))
    library.rival_make.restype = ctypes.c_void_p
    library.rival_make.argtypes = [
        *(integers, doubles, integers, integers, doubles, integers, doubles),
        ctypes.c_size_t,
    ]
    library.rival_run.restype = library.rival_delete.restype = None
    library.rival_run.argtypes = [ctypes.c_void_p, doubles, ctypes.c_size_t, ctypes.c_size_t, doubles]
    library.rival_delete.argtypes = [ctypes.c_void_p]
    return library, "g++ -O2"


def competing(forest: Forest, variables: int, folder: Path) -> list[Contender]:
    """Return all contenders; the rival is compiled in ``folder``."""
    rival = Rival(forest, folder)
    many, one_by_one = _compiled(forest, variables)
    return [
        Contender(f"walk along pointers, {rival.compiler}", rival.predict, rival=True, share=0.25),
        Contender("numpy, batched", _in_batches(evaluate_forest(forest).run)),
        Contender("cpp, batched", _in_batches(many)),
        Contender("cpp, one event at a time", one_by_one, share=0.5),
    ]
