"""Flat jets for the benchmarks of resampling: three classes whose spectra of pT and |eta| differ, as HDF5 and as ROOT.

usage: python -m tests.benchmarks.resample_data TARGET.h5|TARGET.root [-n ROWS]

Written in slabs, each a function of its number alone: the content does not depend on the slab's neighbours.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

ROWS = 2_000_000
SLAB = 250_000
TREE = "jets"
PT, ETA, LABEL = "pt_btagJes", "absEta_btagJes", "HadronConeExclTruthLabelID"
PT_RANGE = (20e3, 15e5)  # MeV
MORE = (*(f"{tagger}_p{flavour}" for tagger in ("DL1d", "GN2") for flavour in "bcu"), "mass", "JVT", "softness")
DTYPE = np.dtype([(PT, "f4"), (ETA, "f4"), ("eventNumber", "i8"), (LABEL, "i4"), *((name, "f4") for name in MORE)])


@dataclasses.dataclass(frozen=True)
class Flavour:
    """A class: its label, its share of the rows, slope of pT in MeV, and how much of |eta| is central."""

    name: str
    label: int
    share: float
    slope: float
    width: float


FLAVOURS = (
    Flavour("bjets", 5, 0.30, 150e3, 1.1),
    Flavour("cjets", 4, 0.25, 120e3, 1.4),
    Flavour("ujets", 0, 0.45, 90e3, 2.2),
)


def slab(number: int, rows: int) -> NDArray[np.void]:
    """Return rows of the slab of this number, compound[rows]."""
    draw = np.random.default_rng([7, number])
    jets = np.empty(rows, DTYPE)
    which = draw.choice(len(FLAVOURS), rows, p=[one.share for one in FLAVOURS])
    slope, width, label = (
        np.array([getattr(one, key) for one in FLAVOURS])[which] for key in ("slope", "width", "label")
    )
    low, high = PT_RANGE
    # an exponential between two bounds, and half a Gaussian: both by the inverse of their distribution
    jets[PT] = low - slope * np.log1p(-draw.random(rows) * -np.expm1((low - high) / slope))
    jets[ETA] = np.minimum(np.abs(draw.normal(0.0, width)) % 2.5, np.nextafter(np.float32(2.5), np.float32(0)))
    jets[PT] = np.clip(jets[PT], low, np.nextafter(np.float32(high), np.float32(0)))
    jets[LABEL] = label
    jets["eventNumber"] = np.arange(number * SLAB, number * SLAB + rows)
    for name in MORE:
        jets[name] = draw.normal(size=rows)
    return jets


def slabs(rows: int) -> Iterator[NDArray[np.void]]:
    for number, begin in enumerate(range(0, rows, SLAB)):
        yield slab(number, min(SLAB, rows - begin))


def write_hdf5(path: Path, rows: int = ROWS) -> Path:
    with h5py.File(path, "w") as file:
        jets = file.create_dataset("jets", (rows,), DTYPE, chunks=(min(rows, 50_000),))
        for number, part in enumerate(slabs(rows)):
            jets[number * SLAB : number * SLAB + len(part)] = part
    return path


def write_root(path: Path, rows: int = ROWS) -> Path:
    from rdfplugins.simulate.trees import Branch, Column, TreeWriter

    schema = {name: Branch(DTYPE[name].name) for name in DTYPE.names}
    with TreeWriter(path, TREE, schema, "jets") as writer:
        for part in slabs(rows):
            writer.fill({name: Column(np.ascontiguousarray(part[name])) for name in DTYPE.names})
    return path


def written_as(path: Path, column: str) -> NDArray[Any]:
    """Return a column of a file of jets, whatever its kind."""
    if path.suffix == ".root":
        import uproot

        with uproot.open({str(path): TREE}) as tree:
            return tree[column].array(library="np")
    with h5py.File(path) as file:
        return file["jets"].fields(column)[:]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path)
    parser.add_argument("-n", "--rows", type=int, default=ROWS)
    given = parser.parse_args(arguments)
    write = write_root if given.target.suffix == ".root" else write_hdf5
    print(write(given.target, given.rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
