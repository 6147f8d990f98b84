"""The oracle of TMVA's weight files judged by hand, and by the answers of classes that TMVA generated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from tests.inference.tmva import responses
from tests.oracle import tmva as oracle

if TYPE_CHECKING:
    from pathlib import Path

STUMP = (
    '<Node pos="s" IVar="0" Cut="0.5" cType="{direction}" nType="0" NCoef="0" res="0" purity="0">'
    '<Node pos="r" IVar="-1" Cut="9" cType="1" nType="{right}" res="{right_res}" purity="0.9"/>'
    '<Node pos="l" IVar="-1" Cut="9" cType="1" nType="{left}" res="{left_res}" purity="0.2"/></Node>'
)


def file(folder: Path, *, method: str, weights: str, analysis: str = "Classification", **more: str) -> Path:
    """A weight file with two variables, a and b, as short as the oracle takes it."""
    options = "".join(f'<Option name="{k}">{v}</Option>' for k, v in more.items() if k != "steps")
    path = folder / "weights.xml"
    path.write_text(
        f'<MethodSetup Method="{method}::x"><GeneralInfo><Info name="AnalysisType" value="{analysis}"/></GeneralInfo>'
        f'<Options>{options}</Options><Variables><Variable VarIndex="1" Expression="b"/>'
        '<Variable VarIndex="0" Expression="a"/></Variables><Classes><Class/><Class/></Classes>'
        '<Targets><Target TargetIndex="0" Expression="t"/></Targets>'
        f"<Transformations>{more.get('steps', '')}</Transformations>{weights}</MethodSetup>"
    )
    return path


def forest(*trees: tuple[float, str]) -> str:
    inside = "".join(f'<BinaryTree boostWeight="{weight}">{tree}</BinaryTree>' for weight, tree in trees)
    return f"<Weights>{inside}</Weights>"


def stump(left: float, right: float, *, direction: int = 1) -> str:
    return STUMP.format(direction=direction, left=-1, right=1, left_res=left, right_res=right)


def test_votes_as_worked_out_by_hand(tmp_path: Path) -> None:
    """Two stumps that disagree: 3 for right at 0.5 and above, 1 for what turns its cut around."""
    weights = forest((3, stump(-2, 2)), (1, stump(-1, 4, direction=0)))

    def asked(x: float, **options: str) -> float:
        return oracle.respond(file(tmp_path, method="BDT", weights=weights, **options), [x, 0])[0]

    assert asked(0.5) == (3 - 1) / 4
    assert asked(0.25) == (-3 + 1) / 4
    assert asked(0.5, UseWeightedTrees="False") == 0
    assert asked(0.5, UseYesNoLeaf="False") == pytest.approx((3 * 0.9 + 0.2) / 4)
    assert asked(0.5, BoostType="Grad") == pytest.approx(2 / (1 + math.exp(-2)) - 1)
    assert asked(0.5, BoostType="Grad", analysis="Regression") == 2 - 1 + 3
    assert asked(0.5, BoostType="Bagging", analysis="Regression") == (3 * 2 - 1) / 4
    assert math.isnan(asked(math.nan))
    path = file(tmp_path, method="BDT", weights=weights, BoostType="Grad", analysis="Multiclass")
    assert oracle.respond(path, [0.5, 0]) == pytest.approx([1 / (1 + math.exp(-3)), 1 / (1 + math.exp(3))])


def test_the_median_is_a_mean_of_a_third_of_the_trees() -> None:
    """Half of the weight is passed at the 5th of 12: the mean goes from the 3rd to the 7th."""
    responses_of_trees = [float(11 - i) for i in range(12)]
    weights = [1.0] * 12
    weights[11 - 4] = 5.0  # the fifth smallest response
    assert oracle.near_median(responses_of_trees, weights) == sum([2, 3, 4, 5, 6]) / 5
    weights = [1.0] * 11 + [50.0]
    assert oracle.near_median(responses_of_trees, weights) == (0 + 1 + 2) / 3
    assert oracle.near_median([7.0], [0.5]) == 7


def test_neurons_as_worked_out_by_hand(tmp_path: Path) -> None:
    layers = ("1 -1", "2 0", "0.5 1"), ("3", "-1", "0.25"), ()
    layout = "".join(
        f"<Layer>{''.join(f'<Neuron>{synapses}</Neuron>' for synapses in layer)}</Layer>" for layer in layers
    )
    weights = f"<Weights><Layout>{layout}</Layout></Weights>"

    def asked(**options: str) -> float:
        return oracle.respond(file(tmp_path, method="MLP", weights=weights, **options), [1, 2])[0]

    assert asked(NeuronType="linear", EstimatorType="MSE") == 3 * 5.5 - 0 + 0.25
    assert asked(NeuronType="linear", EstimatorType="MSE", NeuronInputType="sqsum") == pytest.approx(
        (3 * (1 + 16 + 0.25)) ** 2 + (1 + 0 + 1) ** 2 + 0.0625
    )
    assert asked(NeuronType="linear", EstimatorType="MSE", NeuronInputType="abssum") == 3 * 5.5 + 2 + 0.25
    hidden = 3 * math.tanh(5.5) - math.tanh(0) + 0.25
    assert asked(NeuronType="tanh", EstimatorType="CE") == pytest.approx(1 / (1 + math.exp(-hidden)))
    radial = 3 * math.exp(-(5.5**2) / 2) - 1 + 0.25
    assert asked(NeuronType="radial", EstimatorType="MSE") == pytest.approx(radial)


def test_transformations_as_worked_out_by_hand(tmp_path: Path) -> None:
    selection = "<Selection><Input>{}</Input></Selection>"
    both = selection.format('<Input Type="Variable" Expression="b"/><Input Type="Variable" Expression="a"/>')
    target = selection.format('<Input Type="Variable" Expression="a"/><Input Type="Target" Expression="t"/>')
    ranges = (
        '<Class/><Class><Ranges><Range Index="1" Min="10" Max="14"/><Range Index="0" Min="0" Max="2"/></Ranges></Class>'
    )
    weights = "".join(f'<Coefficient Index="{i}" Value="{v}"/>' for i, v in enumerate((1, 10, 100)))

    def asked(steps: str, row: list[float], analysis: str = "Classification") -> float:
        path = file(tmp_path, method="LD", weights=f"<Weights>{weights}</Weights>", steps=steps, analysis=analysis)
        return oracle.respond(path, row)[0]

    normalise = '<Transform Name="Normalize">{}' + ranges + "</Transform>"
    assert asked(normalise.format(both), [13, 2]) == 1 + 10 * 0.5 + 100 * 1
    assert asked(normalise.format(target), [0, 0.1], "Regression") == pytest.approx(10 + (1 - 10 + 10 + 1) / 2 * 4)
    matrix = "<Matrix>9 9 9 9</Matrix><Matrix>1 2 3 4</Matrix>"
    rotate = f'<Transform Name="Decorrelation">{both}{matrix}</Transform>'
    assert asked(rotate, [1, 2]) == 1 + 10 * (6 + 4) + 100 * (2 + 2)
    vectors = "<Statistics>1 0</Statistics><Eigenvectors>1 2 3 4</Eigenvectors>"
    assert asked(f'<Transform Name="PCA">{both}{vectors}</Transform>', [1, 2]) == 1 + 10 * (2 + 4) + 100 * (1 + 3)


@pytest.mark.parametrize(
    ("value", "level"), [(1.0, 0.3), (0.5, 0.2), (1.5, 0.4), (3.5, 0.9), (0.0, 0.1), (-9, 1e-9), (math.inf, 1 - 1e-9)]
)
def test_a_cumulative_as_worked_out_by_hand(value: float, level: float, tmp_path: Path) -> None:
    """Borders 0, 1, 2, 4 and 0.2, 0.4, 0.8: centres 0.5, 1.5, 3; the outermost lines go on."""
    pdf = (
        '<PDF><Histogram NBins="3" HasEquidistantBins="0">0.2 0.4 0.8</Histogram>'
        "<HistogramBinning>0 1 2 4</HistogramBinning></PDF>"
    )
    steps = (
        '<Transform Name="Gauss" FlatOrGauss="{}"><Selection><Input><Input Type="Variable" Expression="a"/></Input>'
        f'</Selection><Variable VarIndex="0"><C>{pdf.replace("0.4", "0.3")}</C><C>{pdf}</C></Variable></Transform>'
    )
    weights = "<Weights>" + "".join(f'<Coefficient Index="{i}" Value="{v}"/>' for i, v in enumerate((0, 1, 0)))
    if value == 3.5:
        level = 0.8 + 0.5 * 0.4 / 1.5
    for kind, expected in (("Flat", level), ("Gauss", None)):
        path = file(tmp_path, method="LD", weights=f"{weights}</Weights>", steps=steps.format(kind))
        answer = oracle.respond(path, [value, 0])[0]
        if expected is not None:
            assert answer == pytest.approx(expected, rel=1e-12)
        else:
            arg = min(max(2 * level - 1, -0.99999999), 0.99999999)
            assert math.erf(answer / 1.414213562) == pytest.approx(arg, rel=1e-14)


@pytest.mark.real_data
def test_generated_classes_of_tmva_agree(real_data: Path) -> None:
    judged = 0
    for folder in responses.folders(real_data):
        if folder.name in responses.OF_ANOTHER_KIND or not (folder / "responses.csv").exists():
            continue
        known = responses.known(folder)
        for row, expected in zip(known.inputs, known.expected, strict=True):
            answer = oracle.respond(folder / "weights.xml", row)
            assert answer == pytest.approx(expected, rel=1e-12, abs=known.tolerance), (folder.name, row)
        judged += 1
    assert judged >= 10
