"""Print the peak memory of the resampling stage as the sample grows: it should not.

usage: python -m tests.benchmarks.resample_memory [-n ROWS]... [--method METHOD]... [--root]

Each run is a process of its own; a fifth of the rows of each class is written. By default 1, 5 and 20 million rows.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.resample_data import write_hdf5, write_root
from tests.benchmarks.resample_speed import OURS, SHARE_TAKEN, run

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = (1_000_000, 5_000_000, 20_000_000)
METHODS = ("pdf", "count")
PER_CLASS = ("pdf", "countup")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rows", type=int, action="append")
    parser.add_argument("--method", action="append")
    parser.add_argument("--root", action="store_true", help="ROOT instead of HDF5")
    given = parser.parse_args(arguments)
    print(f"{'rows':>12}{'method':>24}{'file MB':>10}{'CPU s':>10}{'peak MB':>10}")
    for rows in given.rows or ROWS:
        with tempfile.TemporaryDirectory(prefix="resample_memory_") as folder:
            write = write_root if given.root else write_hdf5
            jets = write(Path(folder) / f"jets.{'root' if given.root else 'h5'}", rows)
            for method in given.method or METHODS:
                number = int(rows * SHARE_TAKEN * (1 if method in PER_CLASS else 3))
                used, _ = run(OURS, "stage", method, jets, str(number))
                size = jets.stat().st_size / 1e6
                print(f"{rows:12}{method:>24}{size:10.0f}{used.cpu:10.2f}{used.memory_mb:10.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
