"""A model ready to be evaluated, and the choice of what evaluates it."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from rdfplugins.errors import ConfigError, CppError, MissingDependencyError, ModelError, did_you_mean
from rdfplugins.inference import precision as precisions
from rdfplugins.inference.named import by_name, has_names, without_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from rdfplugins.inference.backends.base import Engine
    from rdfplugins.inference.card import Card
    from rdfplugins.inference.description import Description
    from rdfplugins.inference.network import Network
    from rdfplugins.inference.tmva.method import Method

Backend = Literal["auto", "tensorflow", "numpy", "cpp", "tmva"]
Precision = Literal["float32", "bfloat16"]
BATCH: Final = 4096  # events that are converted to float32 at once, so that memory stays flat


@dataclasses.dataclass(frozen=True, eq=False)
class Model:
    """What `rdfplugins.load_model` returns.

    Attributes
    ----------
    description
        What was read from the model's folder or file.
    backend
        What evaluates it: tensorflow, numpy, cpp or tmva.
    precision
        float32, or bfloat16 for the products of hidden layers.
    why
        The choice in one line: "cpp: dense network, compiled by ROOT".
    """

    description: Description
    backend: str
    precision: str
    why: str
    _engine: Engine

    def __repr__(self) -> str:
        precision = self.precision if self.description.method is None else "float64"
        return f"Model({self.description.summary}, {self.backend} {precision})"

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.description.name

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs, in the order of the columns that `predict` takes."""
        return self.description.inputs

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the order of the columns that `predict` returns."""
        return self.description.outputs

    @property
    def card(self) -> Card:
        """What the model's card says of it."""
        return self.description.card

    @property
    def network(self) -> Network | None:
        """The model as a dense network; None where it is not one."""
        return self.description.network

    @property
    def digest(self) -> str:
        """SHA-256 of what decides the outputs."""
        return self.description.digest

    @property
    def dtype(self) -> type[np.float32 | np.float64]:
        """Type of the outputs: float32 of a network, float64 of a method of TMVA."""
        return np.float32 if self.description.method is None else np.float64

    def predict(self, x: ArrayLike | Mapping[str, ArrayLike]) -> NDArray[np.floating[Any]]:
        """Evaluate the model; raw: no convention about absent objects, units or ranges is applied.

        Parameters
        ----------
        x
            Numbers [n, k], k = ``len(inputs)``, any n, any layout; evaluated as float32, batch by batch. Or columns by
            name: a mapping, a data frame of pandas, a structured array; they may stand in any order, and the formulas
            that TMVA has for inputs are evaluated on them.

        Returns
        -------
        float32[n, m], m = ``len(outputs)`` (float64 for TMVA); NaN for an event with NaN in any input.

        Raises
        ------
        ModelError
            ``x`` has another shape, is not of numbers, or lacks a column.
        """
        events = by_name(self.description, x) if has_names(x) else without_mask(x)
        if events.ndim != 2 or events.shape[1] != len(self.inputs):  # noqa: PLR2004
            raise ModelError(
                f"model {self.name}: predict takes an array [events, {len(self.inputs)}]"
                f" (inputs {', '.join(self.inputs)}), not one of shape {list(events.shape)}"
            )
        if events.dtype.kind not in "fiub":
            raise ModelError(f"model {self.name}: predict takes numbers, not values of type {events.dtype}")
        out = np.empty((len(events), len(self.outputs)), dtype=self.dtype)
        for first in range(0, len(events), BATCH):
            with np.errstate(over="ignore"):  # beyond float32 is infinite
                batch = np.ascontiguousarray(events[first : first + BATCH], dtype=np.float32)
            self._engine.run(batch, out[first : first + BATCH])
        return out

    def measure_precision(self, x: ArrayLike) -> precisions.Difference | None:
        """Compare with the same network in float32 on ``x`` [n, k]; None where no event has finite outputs."""
        if self.network is None:
            raise ModelError(f"model {self.name}: it has no dense network to compare with")
        return precisions.measure(self.network, np.asarray(x), self.predict(x))

    def check_precision(self, x: ArrayLike, say: Callable[[str], None]) -> precisions.Difference | None:
        """Say how far reduced precision is from float32 on ``x`` [n, k], and refuse where that is too far.

        Returns
        -------
        What was measured; None in float32, or where ``x`` has no event to measure with: then try the next batch.

        Raises
        ------
        ModelError
            An output differs by more than 1e-2 of itself.
        """
        if self.precision == "float32":
            return None
        found = self.measure_precision(x)
        if found is not None:
            say(f"model {self.name} in {self.precision}: {found}")
            if found.largest > precisions.LIMIT:
                raise ModelError(
                    f"model {self.name} in {self.precision}: {found}; more than {precisions.LIMIT:g} of an output is"
                    " refused: use precision float32"
                )
        return found


def choose(description: Description, backend: str = "auto", precision: str = "float32") -> Model:
    """Return the model with the backend that was asked for, or with the best that is here.

    auto takes cpp for a dense network and for TMVA where ROOT is installed and numpy elsewhere, tensorflow for a
    SavedModel and for reduced precision.

    Raises
    ------
    ConfigError
        No such backend or precision, or a precision that the backend does not have.
    ModelError
        The backend cannot evaluate this model, or this CPU has no such precision.
    MissingDependencyError
        A package is not installed.
    """
    _refuse_unknown("backend", backend, get_args(Backend))
    _refuse_unknown("precision", precision, get_args(Precision))
    if precision != "float32":
        return _reduced(description, backend, precision)
    if description.method is not None:
        return _method(description, description.method, backend)
    if backend == "tmva":
        raise ModelError(f"model {description.name}: backend tmva takes weight files of TMVA, and this is none")
    network = description.network
    if network is None:
        return _saved_model(description, backend)
    if backend == "auto":
        return _automatic(description, network)
    return Model(description, backend, precision, f"{backend}: as asked for", _engine(network, backend))


def _engine(network: Network, backend: str) -> Engine:
    if backend == "cpp":
        from rdfplugins.inference.backends.compiled import CompiledEngine

        return CompiledEngine(network)
    if backend == "tensorflow":
        from rdfplugins.inference.backends.tensorflow import network_engine

        return network_engine(network)
    from rdfplugins.inference.backends.blas import BlasEngine

    return BlasEngine(network)


def _automatic(description: Description, network: Network) -> Model:
    if "ROOT" not in sys.modules and importlib.util.find_spec("ROOT") is None:
        why = "numpy: dense network, ROOT is not installed"
    else:
        from rdfplugins.inference.backends.compiled import CompiledEngine

        try:
            engine = CompiledEngine(network)
        except MissingDependencyError:
            why = "numpy: dense network, ROOT cannot be imported"
        except CppError:
            why = "numpy: dense network, this ROOT does not compile network.h"
        else:
            if engine.vectorised:
                return Model(description, "cpp", "float32", "cpp: dense network, compiled by ROOT", engine)
            why = "numpy: dense network, on a CPU without AVX2"
    return Model(description, "numpy", "float32", why, _engine(network, "numpy"))


def _method(description: Description, method: Method, backend: str) -> Model:
    if backend == "tensorflow":
        raise ModelError(f"model {description.name}: backend tensorflow takes networks, not TMVA; use cpp or numpy")
    why = f"{backend}: as asked for"
    if backend == "auto":
        backend, why = "numpy", "numpy: a method of TMVA, ROOT is not installed"
        if "ROOT" in sys.modules or importlib.util.find_spec("ROOT") is not None:
            backend, why = "cpp", "cpp: a method of TMVA, compiled by ROOT"
    return Model(description, backend, "float32", why, _method_engine(description, method, backend))


def _method_engine(description: Description, method: Method, backend: str) -> Engine:
    if backend == "cpp":
        from rdfplugins.inference.backends.compiled_method import CompiledMethod

        return CompiledMethod(method)
    if backend == "tmva":
        from rdfplugins.inference.backends.rreader import ReaderEngine

        return ReaderEngine(description.path, len(description.inputs), len(description.outputs))
    from rdfplugins.inference.backends.vectorised import VectorisedMethod

    return VectorisedMethod(method)


def _saved_model(description: Description, backend: str) -> Model:
    if backend not in ("auto", "tensorflow"):
        raise ModelError(
            f"model {description.name}: backend {backend} takes dense networks only, and {description.path} is not one"
            f" ({description.format}); use backend tensorflow, and append to files in place of the graph"
        )
    if description.saved_model is None:
        raise ModelError(f"model {description.name}: {description.path} has neither a dense network nor a SavedModel")
    from rdfplugins.inference.backends.tensorflow import saved_model_engine

    sizes = len(description.inputs), len(description.outputs)
    engine = saved_model_engine(description.saved_model, *sizes)
    return Model(description, "tensorflow", "float32", "tensorflow: a SavedModel", engine)


def _reduced(description: Description, backend: str, precision: str) -> Model:
    if backend not in ("auto", "tensorflow"):
        raise ConfigError(f"backend {backend} has no precision {precision}; use backend tensorflow, or float32")
    if description.network is None:
        raise ModelError(f"model {description.name}: only dense networks can be evaluated in {precision}; use float32")
    precisions.refuse_without_units(precision)
    from rdfplugins.inference.backends.tensorflow import network_engine

    engine = network_engine(description.network, hidden=precision)
    return Model(description, "tensorflow", precision, f"tensorflow: precision {precision}", engine)


def _refuse_unknown(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"unknown {what} '{value}', not one of {', '.join(known)}{did_you_mean(str(value), known)}")
