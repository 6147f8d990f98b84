"""The public weight files with the responses of the classes that TMVA generated for them, and what may differ."""

from __future__ import annotations

import csv
import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TREES = 1e-6  # the generated class has 6 digits of a cut
EXACT = 1e-10  # and 12 and more of the rest
GAUSS = 2e-8  # and inverts the error function to 1e-10 only
OF_ANOTHER_KIND = ("likelihood_pca_r624", "likelihood_r624")
FAST_TANH = ("mlpbnn_fasttanh_r624",)  # the generated class has an approximation of tanh in single precision


@dataclasses.dataclass(frozen=True)
class Known:
    """Events and what is known of each."""

    inputs: list[list[float]]
    expected: list[list[float]]
    tolerance: float


def folders(real_data: Path) -> list[Path]:
    """Return the folders of models, whether there are responses or not."""
    return sorted(file.parent for file in (real_data / "tmva").glob("*/weights.xml"))


def known(folder: Path) -> Known:
    """Return the events of a folder; where the generated class takes another path, the answer of the XML."""
    with (folder / "responses.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = list(csv.reader(file))
    answer = next(i for i, name in enumerate(header) if name.startswith("response"))
    columns = [i for i, name in enumerate(header) if name.startswith("response")]
    softmax = [i for i, name in enumerate(header) if name.startswith("reader_softmax")]  # of the raw outputs
    columns = softmax or columns
    better = "xml_exacttanh" if "xml_exacttanh" in header else "xml_double"
    exact = [i for i, name in enumerate(header) if name.startswith(better)]
    near = header.index("near_cut") if "near_cut" in header else None
    inputs, expected = [], []
    for line in lines:
        taken = exact if folder.name in FAST_TANH or (near is not None and line[near] == "1") else columns
        inputs.append([float(value) for value in line[:answer]])
        expected.append([float(line[i]) for i in taken])
    if near is not None or folder.name.startswith("bdt"):
        tolerance = TREES
    else:
        tolerance = GAUSS if "gauss" in folder.name else EXACT
    return Known(inputs, expected, tolerance)
