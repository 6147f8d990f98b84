"""Weight files of our own in TMVA's layout, made from a seed, and events that try their edges."""

from __future__ import annotations

import dataclasses
import math
import random
import re
import struct
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

NAMES = {"N": "Normalize", "D": "Decorrelation", "P": "PCA", "G": "Gauss", "U": "Gauss"}
LARGEST = 3.4028234663852886e38


@dataclasses.dataclass(frozen=True)
class What:
    """What a weight file holds; ``steps`` are letters N D P G U in order."""

    seed: int = 1
    method: str = "BDT"
    analysis: str = "Classification"
    variables: int = 4
    spectators: int = 0
    classes: int = 2
    targets: int = 1
    expressions: tuple[str, ...] = ()  # of the first variables
    integers: tuple[int, ...] = ()  # numbers of the variables of type I
    steps: str = ""
    some: bool = False  # transformations take some of the variables only, in another order
    with_targets: bool = False  # normalisations take the targets, too
    equidistant: bool = False  # bins of G and U
    release: str = "4.2.1 [262657]"
    trees: int = 12
    depth: int = 4
    boost: str = "AdaBoost"
    yes_no: bool = True
    weighted: bool | None = None  # None: no such option, as in newer files
    fisher: bool = False
    layers: tuple[int, ...] = (5,)
    neuron: str = "tanh"
    synapses: str = "sum"
    estimator: str = "CE"

    @property
    def outputs(self) -> int:
        return {"Classification": 1, "Regression": self.targets, "Multiclass": self.classes}[self.analysis]

    @property
    def names(self) -> list[str]:
        return [*self.expressions, *(f"x{i}" for i in range(len(self.expressions), self.variables))]


def write(path: Path, **what: Any) -> Path:
    """Write a weight file and return its path."""
    path.write_text(text(**what))
    return path


def text(**what: Any) -> str:
    """Return a weight file."""
    file = What(**what)
    dice = random.Random(file.seed)
    head = [f'<?xml version="1.0"?>\n<MethodSetup Method="{file.method}::{file.method}">\n', _general(file)]
    parts = [_options(file), _variables(file), _classes(file), _transformations(file, dice), "  <MVAPdfs/>\n"]
    weights = {"BDT": _trees, "MLP": _layout}.get(file.method, _coefficients)(file, dice)
    return "".join([*head, *parts, weights, "</MethodSetup>\n"])


def single(value: float) -> float:
    """Round to single precision, which is what TMVA stores."""
    return struct.unpack("f", struct.pack("f", value))[0]


def number(value: float) -> str:
    return f"{value:.16e}"


def _attributes(**values: object) -> str:
    return " ".join(f'{name}="{escape(str(value), {chr(34): "&quot;"})}"' for name, value in values.items())


def _general(file: What) -> str:
    info = {"TMVA Release": file.release, "ROOT Release": "6.26/06 [399878]", "Creator": "nobody"}
    info |= {"Training events": "1000", "AnalysisType": file.analysis}
    lines = [f"    <Info {_attributes(name=name, value=value)}/>\n" for name, value in info.items()]
    return f"  <GeneralInfo>\n{''.join(lines)}  </GeneralInfo>\n"


def _options(file: What) -> str:
    options = {"V": "False", "VarTransform": ",".join(file.steps) or "None"}
    if file.method == "BDT":
        options |= {"NTrees": str(file.trees), "BoostType": file.boost, "UseYesNoLeaf": str(file.yes_no)}
        options |= {"UseFisherCuts": str(file.fisher), "NodePurityLimit": "5.000000e-01"}
        if file.weighted is not None:
            options["UseWeightedTrees"] = str(file.weighted)
    if file.method == "MLP":
        options |= {"HiddenLayers": ",".join(map(str, file.layers)), "NeuronType": file.neuron}
        options |= {"EstimatorType": file.estimator, "NeuronInputType": file.synapses}
    lines = [f'    <Option name="{name}" modified="Yes">{value}</Option>\n' for name, value in options.items()]
    return f"  <Options>\n{''.join(lines)}  </Options>\n"


def _declared(tag: str, index: str, names: Sequence[str], integers: Iterable[int] = ()) -> str:
    lines = []
    for i, name in enumerate(names):
        label = name if name.isidentifier() else f"label{i}"
        kind = "I" if i in set(integers) else "F"
        limits = {"Type": kind, "Min": f"{-3.0 - i:.8e}", "Max": f"{3.0 + i:.8e}"}
        values = {index: i, "Expression": name, "Label": label, "Title": name, "Unit": "", "Internal": label} | limits
        lines.append(f"    <{tag} {_attributes(**values)}/>\n")
    return "".join(lines)


def _target_names(file: What) -> list[str]:
    return [f"t{i}" for i in range(file.targets if file.analysis == "Regression" else 0)]


def _variables(file: What) -> str:
    variables = _declared("Variable", "VarIndex", file.names, file.integers)
    spectators = _declared("Spectator", "SpecIndex", [f"x0*{i + 2}" for i in range(file.spectators)])
    return (
        f'  <Variables NVar="{file.variables}">\n{variables}  </Variables>\n'
        f'  <Spectators NSpec="{file.spectators}">\n{spectators}  </Spectators>\n'
    )


def _class_names(file: What) -> list[str]:
    if file.analysis == "Regression":
        return ["Regression"]
    return ["Signal", "Background"] if file.analysis == "Classification" else [f"c{i}" for i in range(file.classes)]


def _classes(file: What) -> str:
    names = _class_names(file)
    lines = [f'    <Class Name="{name}" Index="{i}"/>\n' for i, name in enumerate(names)]
    targets = _target_names(file)
    block = f'  <Classes NClass="{len(names)}">\n{"".join(lines)}  </Classes>\n'
    if targets:
        declared = _declared("Target", "TargetIndex", targets)
        block += f'  <Targets NTrgt="{len(targets)}">\n{declared}  </Targets>\n'
    return block


# Transformations


def _transformations(file: What, dice: random.Random) -> str:
    steps = "".join(_step(file, letter, dice, again=letter in file.steps[:i]) for i, letter in enumerate(file.steps))
    return f'  <Transformations NTransformations="{len(file.steps)}">\n{steps}  </Transformations>\n'


def _step(file: What, letter: str, dice: random.Random, *, again: bool) -> str:
    chosen = list(range(file.variables))
    if file.some:
        chosen = dice.sample(chosen, dice.randint(min(2, file.variables), file.variables))
    targets = _target_names(file) if letter == "N" and file.with_targets else []
    entries = [("Variable", file.names[i]) for i in chosen] + [("Target", name) for name in targets]
    selection = ""
    for side in ("Input", "Output"):
        lines = ""
        for kind, name in entries:
            label = name if name.isidentifier() else f"label{file.names.index(name)}"
            lines += f"          <{side} {_attributes(Type=kind, Label=label, Expression=name)}/>\n"
        selection += f'        <{side} N{side}s="{len(entries)}">\n{lines}        </{side}>\n'
    blocks = 1 if file.analysis == "Regression" else len(_class_names(file)) + 1
    make = {"N": _ranges, "D": _matrix, "P": _components, "G": _cumulatives, "U": _cumulatives}[letter]
    shape = {"G": ' FlatOrGauss="Gauss"', "U": ' FlatOrGauss="Flat"'}.get(letter, "")
    body = make(file, len(entries), blocks, dice)
    if targets and again:  # they are between -1 and 1 already
        for i in range(len(chosen), len(entries)):
            body = re.sub(rf'Index="{i}" Min="[^"]*" Max="[^"]*"', f'Index="{i}" Min="-1.0" Max="1.0"', body)
    inside = f"      <Selection>\n{selection}      </Selection>\n{body}"
    return f'    <Transform Name="{NAMES[letter]}"{shape}>\n{inside}    </Transform>\n'


def _ranges(_file: What, size: int, blocks: int, dice: random.Random) -> str:
    text = ""
    for block in range(blocks):
        lines = ""
        for i in range(size):
            low, high = single(dice.uniform(-4, -1)), single(dice.uniform(1, 4))
            lines += f'          <Range Index="{i}" Min="{number(low)}" Max="{number(high)}"/>\n'
        text += f'      <Class ClassIndex="{block}">\n        <Ranges>\n{lines}        </Ranges>\n      </Class>\n'
    return text


def _row(values: Iterable[float]) -> str:
    return "        " + "".join(f"{number(value)} " for value in values) + "\n"


def _square(size: int, dice: random.Random) -> list[float]:
    return [dice.gauss(1.0 if i == j else 0.0, 0.3) for i in range(size) for j in range(size)]


def _matrix(_file: What, size: int, blocks: int, dice: random.Random) -> str:
    matrices = (_row(_square(size, dice)) for _ in range(blocks))
    return "".join(f'      <Matrix Rows="{size}" Columns="{size}">\n{one}      </Matrix>\n' for one in matrices)


def _components(file: What, size: int, blocks: int, dice: random.Random) -> str:
    names = [*_class_names(file), "Combined"][:blocks]
    text = ""
    for tag, shape in (("Statistics", f'NRows="{size}"'), ("Eigenvectors", f'NRows="{size}" NCols="{size}"')):
        for i, name in enumerate(names):
            values = [dice.gauss(0, 1) for _ in range(size)] if tag == "Statistics" else _square(size, dice)
            text += f'      <{tag} Class="{name}" ClassIndex="{i}" {shape}>\n{_row(values)}      </{tag}>\n'
    return text


def _cumulatives(file: What, size: int, blocks: int, dice: random.Random) -> str:
    text = ""
    for i in range(size):
        pdfs = "".join(_pdf(file, i, block, dice) for block in range(blocks))
        text += f'      <Variable VarIndex="{i}">\n{pdfs}      </Variable>\n'
    return text


def _pdf(file: What, variable: int, block: int, dice: random.Random) -> str:
    bins = dice.randint(3, 12)
    shift = 0 if file.equidistant else 4 / bins
    edges = [single(-4 + 8 * i / bins + dice.uniform(0, shift)) for i in range(bins + 1)]
    steps = [dice.uniform(0.1, 1) for _ in range(bins)]
    contents = [single(sum(steps[: i + 1]) / sum(steps)) for i in range(bins)]
    name = f"var{variable} cls{block}"
    shape = 'MinNSmooth="0" MaxNSmooth="0" InterpolMethod="1" KDE_type="0" KDE_iter="1" KDE_border="1"'
    limits = f'XMin="{number(edges[0])}" XMax="{number(edges[-1])}" HasEquidistantBins="{int(file.equidistant)}"'
    binning = "" if file.equidistant else f'<HistogramBinning NBins="{bins}">\n{_row(edges)}</HistogramBinning>\n'
    return (
        f'        <CumulativePDF_cls{block}>\n<PDF Name="{name}" {shape} KDE_finefactor="0.0">\n'
        f'<Histogram Name="{name}" NBins="{bins}" {limits}>\n{_row(contents)}</Histogram>\n'
        f"{binning}</PDF>\n        </CumulativePDF_cls{block}>\n"
    )


# Methods


def _trees(file: What, dice: random.Random) -> str:
    regression = file.boost == "Grad" or file.analysis == "Regression"
    text = f'  <Weights NTrees="{file.trees}" AnalysisType="{int(regression)}">\n'
    for i in range(file.trees):
        weight = number(dice.uniform(0.05, 2))
        text += f'    <BinaryTree type="DecisionTree" boostWeight="{weight}" itree="{i}">\n'
        text += _node(file, "s", 0, regression, dice) + "    </BinaryTree>\n"
    return text + "  </Weights>\n"


def _node(file: What, pos: str, depth: int, regression: bool, dice: random.Random) -> str:
    leaf = depth == file.depth or (depth > 0 and dice.random() < 0.2)
    values: dict[str, object] = {"pos": pos, "depth": depth, "NCoef": 0}
    if not leaf and file.fisher and dice.random() < 0.4:
        values["NCoef"] = file.variables + 1
        values |= {f"fC{i}": number(dice.gauss(0, 1)) for i in range(file.variables + 1)}
        values["IVar"] = file.variables  # as TMVA writes it
    else:
        values["IVar"] = -1 if leaf else dice.randrange(file.variables)
    cut = dice.choice([single(dice.gauss(0, 1.5)), float(dice.randint(-2, 2))])
    values |= {"Cut": number(dice.choice([0.0, cut]) if leaf else cut), "cType": dice.randint(0, 1)}
    purity = dice.random()
    values |= {"res": number(single(dice.gauss(0, 0.5))), "rms": number(0.0), "purity": number(single(purity))}
    values["nType"] = 0 if not leaf else -99 if regression else 1 if purity > 0.5 else -1
    spaces = "      " + "  " * depth
    if leaf:
        return f"{spaces}<Node {_attributes(**values)}/>\n"
    below = "".join(_node(file, side, depth + 1, regression, dice) for side in "lr")
    return f"{spaces}<Node {_attributes(**values)}>\n{below}{spaces}</Node>\n"


def _layout(file: What, dice: random.Random) -> str:
    sizes = [file.variables, *file.layers, file.outputs]
    text = f'  <Weights>\n    <Layout NLayers="{len(sizes)}">\n'
    for i, size in enumerate(sizes):
        last = i == len(sizes) - 1
        neurons = size if last else size + 1
        synapses = 0 if last else sizes[i + 1]
        text += f'      <Layer Index="{i}" NNeurons="{neurons}">\n'
        for _ in range(neurons):
            row = _row(dice.gauss(0, 1) for _ in range(synapses))
            inside = "/>" if last else f">\n{row}        </Neuron>"
            text += f'        <Neuron NSynapses="{synapses}"{inside}\n'
        text += "      </Layer>\n"
    return text + "    </Layout>\n  </Weights>\n"


def _coefficients(file: What, dice: random.Random) -> str:
    count = file.variables + 1
    text = f'  <Weights NCoeff="{count}">\n' if file.method == "Fisher" else ""
    text = text or f'  <Weights NOut="{file.outputs}" NCoeff="{count}">\n'
    for out in range(file.outputs):
        for i in range(count):
            index = f'Index="{i}"' if file.method == "Fisher" else f'IndexOut="{out}" IndexCoeff="{i}"'
            text += f'    <Coefficient {index} Value="{number(dice.gauss(0, 1))}"/>\n'
    return text + "  </Weights>\n"


# Events


def rows(path: Path, count: int = 30, seed: int = 5) -> list[list[float]]:
    """Return events in single precision: inside, at edges, outside, far away, and with an input equal to a cut."""
    setup = ET.parse(path).getroot()
    dice = random.Random(seed)
    limits = [(float(one.attrib["Min"]), float(one.attrib["Max"])) for one in setup.findall("Variables/Variable")]
    limits = [(low, high) if low < high else (-3.0, 3.0) for low, high in limits]
    cuts = [(int(n.attrib["IVar"]), float(n.attrib["Cut"])) for n in setup.iter("Node") if n.attrib["nType"] == "0"]
    cuts = [(variable, cut) for variable, cut in cuts if 0 <= variable < len(limits)]
    events = [[dice.uniform(low, high) for low, high in limits] for _ in range(count)]
    events += [[low for low, _ in limits], [high for _, high in limits], [0.0] * len(limits), [-0.0] * len(limits)]
    wide = [(3 * low - 2 * high, 3 * high - 2 * low) for low, high in limits]
    events += [[dice.uniform(low, high) for low, high in wide] for _ in range(count // 3)]
    for value in (math.inf, -math.inf, LARGEST, -1e30, 1e-40):
        event = list(dice.choice(events))
        event[dice.randrange(len(event))] = value
        events.append(event)
    for variable, cut in dice.sample(cuts, min(count, len(cuts))):
        event = [dice.uniform(low, high) for low, high in limits]
        event[variable] = cut
        events.append(event)
    return [[single(value) for value in event] for event in events]
