"""What competes in the di-tau benchmark: jobs that select the same simulated events and write the same columns."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from rdfplugins.config import load_config
from rdfplugins.select.samples import sources
from tests.benchmarks.contenders import Contender
from tests.benchmarks.ditau_awkward import COPIED
from tests.oracle.ditau_columns import INPUTS

HERE = Path(__file__).resolve().parent
SAMPLE = "tautau"
XSEC_PB = 3.0
COLUMNS = ("weight", "channel", *COPIED, *INPUTS)
_CONFIG = """\
version: 1
input:
  tree: Events
  units: GeV
  key: [run, luminosityBlock, event]
  samples:
    {sample}: {{kind: mc, simulate: {{process: ditau, events: {events}}}, xsec_pb: {xsec_pb}}}
select:
  weight: weight
  steps:
    - node: ditau.weights
    - node: ditau.select
    - node: ditau.features
  output: {{dir: out, columns: [{columns}]}}
"""
_RUN = (
    "import sys, rdfplugins;"
    "rdfplugins.run(sys.argv[1], output=sys.argv[2], threads=int(sys.argv[3]), stages=['select'], force=True)"
)
_NODES = """\
import sys
from rdfplugins import Sample, cpp
from rdfplugins.nodes import ditau
output, xsec_pb, sum_of_weights, columns, path = sys.argv[1:]
root = cpp.load_root()
df = root.RDataFrame("Events", path)
df = ditau.weights(df, sample=Sample("mc", xsec_pb=float(xsec_pb), sum_of_weights=float(sum_of_weights)))
df = ditau.features(ditau.select(df))
options = root.RDF.RSnapshotOptions()
options.fCompressionAlgorithm, options.fCompressionLevel = root.RCompressionSetting.EAlgorithm.kZSTD, 1
df.Snapshot("events", output, root.std.vector("string")(columns.split(",")), options)
"""
_COUNT = (
    "import sys, warnings; warnings.simplefilter('ignore'); import ROOT;"
    "file = ROOT.TFile.Open(sys.argv[1]); print(ROOT.RDataFrame(file.Get('Events')).Count().GetValue())"
)


@dataclasses.dataclass(frozen=True)
class Data:
    """A simulated sample, made on first use and kept in the cache, and the config that selects from it."""

    config: Path
    file: Path
    sum_of_weights: float


def prepare(events: int, folder: Path) -> Data:
    path = folder / f"ditau_{events}.yaml"
    text = _CONFIG.format(sample=SAMPLE, events=events, xsec_pb=XSEC_PB, columns=", ".join(COLUMNS))
    path.write_text(text)
    source = sources.find(load_config(path), SAMPLE, print)
    sum_of_weights = source.generated["sum_of_weights"]
    assert sum_of_weights is not None
    return Data(path, Path(source.paths[0]), sum_of_weights)


def rdfplugins(data: Data, folder: Path, threads: int = 1) -> Contender:
    """Return the whole pipeline: columns, cutflows, event keys, checks of the output, provenance."""
    output = folder / f"rdfplugins_{data.config.stem}_{threads}"
    command = (sys.executable, "-c", _RUN, str(data.config), str(output), str(threads))
    return Contender("rdfplugins", command, output / f"{SAMPLE}.root")


def nodes(data: Data, folder: Path) -> Contender:
    """Return the nodes in a PyROOT script: columns alone."""
    output = folder / f"nodes_{data.config.stem}.root"
    numbers = (repr(XSEC_PB), repr(data.sum_of_weights))
    command = (sys.executable, "-c", _NODES, str(output), *numbers, ",".join(COLUMNS), str(data.file))
    return Contender("nodes, no cutflow", command, output)


def awkward(data: Data, folder: Path) -> Contender:
    """Return the rival on flat arrays: columns and cutflows."""
    return _script("awkward", "ditau_awkward.py", data, folder)


def awkward_plain(data: Data, folder: Path) -> Contender:
    """Return the rival on whole collections: columns and cutflows."""
    return _script("awkward, plain", "ditau_awkward_plain.py", data, folder)


def _script(name: str, script: str, data: Data, folder: Path) -> Contender:
    output = folder / f"{Path(script).stem}_{data.config.stem}.root"
    numbers = (repr(XSEC_PB), repr(data.sum_of_weights))
    return Contender(name, (sys.executable, str(HERE / script), str(output), *numbers, str(data.file)), output)


def count(data: Data) -> Contender:
    """Return what every job with ROOT pays: import, open the file, count its entries."""
    return Contender("import, open, Count", (sys.executable, "-c", _COUNT, str(data.file)), data.file)
