"""Events of data that come twice: the streams of an experiment overlap, and the first of two is the one to keep."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins import cpp
from rdfplugins.errors import InputError
from rdfplugins.nodes import base
from rdfplugins.select import keys, loop
from rdfplugins.select.samples.placed import at_line_of, at_sample

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rdfplugins.config import Config
    from rdfplugins.select.samples.inputs import Inputs

IDENTITY = "rdfp_identity_"


@dataclasses.dataclass(frozen=True)
class Later:
    """The entries of a sample whose event has come before.

    Attributes
    ----------
    entries
        int64, ascending, counted along all files of the sample.
    identities
        uint64, ascending: of their events.
    shared
        uint64, ascending: those of ``identities`` that an earlier sample has.
    within
        Whether some of these events have their first entry in the same sample. Such a sample runs in one thread: its
        entries can be told apart by their order alone.
    """

    entries: NDArray[np.int64]
    identities: NDArray[np.uint64]
    shared: NDArray[np.uint64]
    within: bool

    def drop(self, df: Any, config: Config) -> Any:
        """Return the events of a data frame of the sample's files without these entries."""
        cpp.include("rdfplugins/duplicates.h")
        # not by a list of entries of the chain: with one, ROOT 6.40 writes garbage into branches that are passed on
        root = cpp.load_root()
        if not root.IsImplicitMTEnabled():
            return root.rdfp.drop(base.as_rnode(df), "rdfentry_", self.entries.tolist())
        df = keys.define_identity(base.as_rnode(df), config, IDENTITY)
        return root.rdfp.drop(base.as_rnode(df), IDENTITY, self.identities.tolist())


class Duplicates:
    """Finds events of data that an earlier entry holds already.

    The identities of the events of all data are held in memory, 8 bytes an event. An identity is a hash of 64 bits: of
    10 million events, one is taken for another with a probability of 3e-6.

    Parameters
    ----------
    inputs
        Files of all samples of data, in the order of the config.
    """

    def __init__(self, config: Config, inputs: Mapping[str, Inputs]) -> None:
        self._config = config
        self._inputs = dict(inputs)
        self._waiting = list(inputs)
        self._seen: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self._later: dict[str, Later] = {}

    def earlier(self, sample: str) -> list[Any]:
        """Return what tells the files of the samples before one from others: its output depends on them."""
        names = list(self._inputs)
        before = names[: names.index(sample)] if sample in names else []
        return [[file.identity() for file in self._inputs[name].files] for name in before]

    def later(self, sample: str) -> Later | None:
        """Return the entries of a sample to be dropped; None where there are none, or for simulation.

        Reads what has not been read yet, in the order of the files: no threads may be enabled then.
        """
        while sample in self._waiting:
            name = self._waiting.pop(0)
            found = self._read(name)
            first = np.zeros(len(found), dtype=bool)
            first[np.unique(found, return_index=True)[1]] = True
            known = np.isin(found, self._seen)
            dropped = ~first | known
            if dropped.any():
                identities = np.unique(found[dropped])
                within = bool(np.isin(identities, found[~dropped]).any())
                self._later[name] = Later(np.flatnonzero(dropped), identities, np.unique(found[known]), within)
            self._seen = np.union1d(self._seen, found)
        return self._later.get(sample)

    def refuse_shared(self, sample: str) -> None:
        """Raise InputError if the sample has an event that an earlier sample of data has, too; shows one."""
        later = self.later(sample)
        if later is None or not len(later.shared):
            return
        df = base.as_rnode(cpp.load_root().RDataFrame(chain_of(self._config, self._inputs[sample])))
        df = keys.define_identity(df, self._config, IDENTITY)
        columns = keys.key_columns(self._config)
        row = df.Filter(f"{IDENTITY} == {later.shared[0]}ULL").AsNumpy([*columns.values()])
        shown = ", ".join(f"{name} {int(row[column][0])}" for name, column in columns.items())
        error = InputError(
            f"sample '{sample}' holds {len(later.shared)} events that an earlier sample of data holds, too, e.g."
            f" {shown}; 'on_duplicate: drop_later' in 'input' keeps the first of them"
        )
        raise at_sample(self._config, sample, error)

    def _read(self, name: str) -> NDArray[np.uint64]:
        """Return the identity of each event of a sample, in the order of its files."""
        cpp.include("rdfplugins/hash.h")
        cpp.include("rdfplugins/runtime.h", optimised=True)
        chain = chain_of(self._config, self._inputs[name])
        with at_line_of(self._config, name), loop.reading(name, loop.Source(chain, self._inputs[name])):
            df = keys.define_identity(base.as_rnode(cpp.load_root().RDataFrame(chain)), self._config, IDENTITY)
            return np.asarray(df.AsNumpy([IDENTITY])[IDENTITY], dtype=np.uint64)


def chain_of(config: Config, inputs: Inputs) -> Any:
    """Return the TChain of the files of a sample."""
    chain = cpp.load_root().TChain(config.input.tree)
    for file in inputs.files:
        chain.AddFile(file.path)  # not Add: brackets and stars of a name are no wildcards
    return chain
