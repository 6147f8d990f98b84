"""The notebook for newcomers: it runs from its first cell to its last, and says what is true."""

from __future__ import annotations

import ast
import base64
import io
import re
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from rdfplugins.simulate import Generated, simulate_hgg
from tests.oracle import compare

PATH = Path(__file__).resolve().parent.parent / "docs" / "hgg.ipynb"
EVENTS = {"gg": 5000, "VBF": 3000, "data": 20000}


def read() -> Any:
    return nbformat.read(PATH, as_version=4)


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


class Executed:
    """The cells after a run, by their id, and the folders that the run could have left something in."""

    def __init__(self, notebook: Any, folders: dict[str, Path]) -> None:
        self.cells = {cell.id: cell for cell in code_cells(notebook)}
        self.folders = folders

    def printed(self, cell: str, stream: str = "stdout") -> str:
        outputs = self.cells[cell].outputs
        return "".join(out.text for out in outputs if out.output_type == "stream" and out.name == stream)

    def image(self, cell: str) -> bytes:
        found = [out.data["image/png"] for out in self.cells[cell].outputs if "image/png" in out.get("data", {})]
        assert len(found) == 1, f"cell {cell} shows {len(found)} images"
        return base64.b64decode(found[0])

    def number(self, cell: str, pattern: str) -> float:
        found = re.search(pattern, self.printed(cell))
        assert found, f"cell {cell} does not print {pattern}, but: {self.printed(cell)}"
        return float(found[1])


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Executed:
    """Run all cells in a kernel of their own, which knows no folder of the user but that of matplotlib's fonts."""
    base = tmp_path_factory.mktemp("notebook")
    folders = {name: base / name for name in ("cwd", "tmp", "cache", "jupyter")}
    for name in ("cwd", "tmp", "jupyter"):
        folders[name].mkdir()
    own = dict.fromkeys(
        ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"), folders["jupyter"]
    )
    notebook = read()
    with pytest.MonkeyPatch.context() as patch:
        for variable, folder in {**own, "TMPDIR": folders["tmp"], "RDFPLUGINS_CACHE": folders["cache"]}.items():
            patch.setenv(variable, str(folder))
        resources = {"metadata": {"path": str(folders["cwd"])}}
        # raises with the traceback of the cell that fails; the kernel is gone when it returns
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    return Executed(notebook, folders)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Generated]:
    """The samples of the notebook, made again."""
    folder = tmp_path_factory.mktemp("samples")
    return {mode: simulate_hgg(folder / f"{mode}.root", mode=mode, events=n) for mode, n in EVENTS.items()}


@pytest.fixture(scope="module")
def expected(samples: dict[str, Generated]) -> dict[str, dict[str, tuple[int, float, float]]]:
    """Cutflows by the slow Python version of the selection: events, sum of weights (pb), sum of their squares."""
    return {
        mode: compare.expected_cutflow(
            compare.events_from_root(str(sample.path)),
            "data" if mode == "data" else "mc",
            xsec_pb=sample.xsec_pb,
            sum_of_weights=sample.sum_of_weights,
        )
        for mode, sample in samples.items()
    }


def test_stored_without_outputs_and_without_traces_of_a_machine() -> None:
    notebook = read()
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        assert cell.metadata == {}, cell.id
    for cell in code_cells(notebook):
        assert cell.outputs == [], cell.id
        assert cell.execution_count is None, cell.id
    assert not re.search(r"/(home|tmp|work|root|Users|cvmfs)/", PATH.read_text())


def test_everything_it_imports_is_a_requirement() -> None:
    imported: set[str] = set()
    for cell in code_cells(read()):
        if cell.source.startswith("%%"):
            continue  # the cell is a file
        for statement in ast.walk(ast.parse(cell.source)):
            if isinstance(statement, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in statement.names}
            elif isinstance(statement, ast.ImportFrom):
                imported.add(statement.module.partition(".")[0])
    foreign = imported - sys.stdlib_module_names - {"rdfplugins"}
    assert {"ROOT", "matplotlib", "uproot"} <= foreign
    # what the notebook tells to install: the package with two extras; and IPython comes with every kernel
    required = distributions(requires("rdfplugins"), extras=("root", "plot")) | distributions(requires("ipykernel"))
    for module in foreign:
        assert {plain(name) for name in packages_distributions()[module]} & required, module
    assert "pip install -e '.[root,plot]'" in PATH.read_text()


def distributions(lines: list[str] | None, extras: tuple[str, ...] = ()) -> set[str]:
    """Return the distributions that ``Requires-Dist`` lines name, those of other extras left out."""
    found = set()
    for line in lines or ():
        extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
        if extra is None or extra[1] in extras:
            found.add(plain(re.match(r"[\w.-]+", line)[0]))
    return found


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_cell_fails_and_only_the_wheel_of_root_warns(executed: Executed) -> None:
    for name, cell in executed.cells.items():
        assert cell.execution_count is not None, name
        assert [out.output_type for out in cell.outputs if out.output_type == "error"] == [], name
        warned = executed.printed(name, "stderr")
        assert not warned or (name == "imports" and "This distribution of ROOT" in warned), warned
        assert warned.count("Warning") <= 1, warned


def test_cutflow_by_hand_is_that_of_the_oracle(executed: Executed, expected: dict[str, Any]) -> None:
    lines = [line.split() for line in executed.printed("cutflow").splitlines() if "_" in line]
    names = [name for name in expected["gg"] if name != "all"]
    assert lines == [[name, str(expected["gg"][name][0]), str(expected["data"][name][0])] for name in names]
    assert executed.number("cutflow", r"selected signal: (\d+), event loops: 1\n") == expected["gg"][names[-1]][0]


def test_cutflow_of_the_config_is_that_of_the_oracle(
    executed: Executed, expected: dict[str, Any], samples: dict[str, Generated]
) -> None:
    lumi = samples["data"].luminosity_pb
    table = {line.split()[0]: line.split()[1:] for line in executed.printed("result").splitlines() if "+-" in line}
    assert list(table) == list(expected["gg"])
    for name, (gg, _, gg_error, vbf, _, vbf_error, data) in table.items():
        for mode, value, error in (("gg", gg, gg_error), ("VBF", vbf, vbf_error)):
            _, weighted, squares = expected[mode][name]
            assert float(value) == pytest.approx(weighted * lumi, abs=0.0051), (mode, name)
            assert float(error) == pytest.approx(squares**0.5 * lumi, abs=0.0051), (mode, name)
        assert int(data) == expected["data"][name][0]
    selected = expected["gg"]["mass_105_160"][0]
    assert executed.printed("result").endswith(f"selected gg: {selected}, by hand: {selected}\n")
    assert f"{selected} events, different keys: {selected}\n" in executed.printed("tree")


def test_numbers_make_sense(executed: Executed, expected: dict[str, Any], samples: dict[str, Generated]) -> None:
    assert executed.number("samples", r"data stand for ([\d.]+) /pb") == pytest.approx(
        samples["data"].luminosity_pb, abs=0.051
    )
    assert executed.number("own", r"largest difference to m_yy: (\S+) GeV") < 1e-9
    width, barrel = (executed.number("own", rf"{text}: ([\d.]+) GeV") for text in ("of the peak", "in the barrel"))
    assert 1.4 < barrel < width < 2.2
    assert f"({expected['gg']['mass_105_160'][0]}, 7)" in executed.printed("pad")
    assert executed.number("pad", r"at least one jet: (\d+)%") > executed.number("pad", r"two: (\d+)%") > 0


def test_luminosity_of_the_config_is_that_of_the_data(executed: Executed, samples: dict[str, Generated]) -> None:
    stated = re.search(r"lumi_pb: ([\d.]+)", executed.cells["config"].source)
    assert float(stated[1]) == pytest.approx(samples["data"].luminosity_pb, rel=1e-3)


def test_variation_moves_the_peak(executed: Executed) -> None:
    down, nominal, up = (executed.number("varied", rf"{name} +([\d.]+) GeV") for name in ("down", "nominal", "up"))
    assert 124.5 < nominal < 125.5
    assert 0.3 < nominal - down < 2.0
    assert 0.3 < up - nominal < 2.0
    parts = re.findall(r"^(\w+) +([\d.]+) expected", executed.printed("tree"), re.MULTILINE)
    assert [name for name, _ in parts] == ["central", "rest"]
    central, rest = (float(value) for _, value in parts)
    share = executed.number("varied", r"in the category central: (\d+)%")
    assert share / 100 == pytest.approx(central / (central + rest), abs=0.006)


def test_mistakes_are_told_in_one_line_each(executed: Executed) -> None:
    by_hand = executed.printed("wrong").splitlines()
    assert len(by_hand) == executed.cells["wrong"].source.count("\nattempt(")
    assert by_hand[0] == "node diphoton.select has no parameter 'min_ptt'; did you mean 'min_pt'?"
    config = executed.cells["config"].source.splitlines()[1:]  # the first line is the magic
    faults = [line for line in executed.printed("faults").splitlines() if line.startswith("bad.yaml:")]
    places = [int(fault.split(":")[1]) for fault in faults]
    assert "min_pt:" in config[places[0] - 1]
    assert "diphoton.features" in config[places[1] - 1]
    assert len(faults) == 2


def test_second_run_has_nothing_to_do(executed: Executed) -> None:
    assert executed.printed("faults").count("is up to date") == len(EVENTS)
    assert "is up to date" not in executed.printed("run")


@pytest.mark.parametrize("cell", ["plot", "varied", "report"])
def test_images_show_something(executed: Executed, cell: str) -> None:
    pixels = pytest.importorskip("matplotlib.image").imread(io.BytesIO(executed.image(cell)), format="png")
    assert min(pixels.shape[:2]) > 300
    dark = (pixels[..., :3].min(axis=2) < 0.7).mean()
    assert 0.01 < dark < 0.5, f"{dark:.1%} of the picture is drawn on"
    if cell == "plot":
        signal = (pixels[..., 2] - pixels[..., 0] > 0.3).mean()  # blue; its patch in the legend is 0.2 %
        assert 0.005 < signal < 0.1, f"the signal fills {signal:.1%} of the picture"


def test_nothing_is_left_behind(executed: Executed) -> None:
    assert not executed.folders["cache"].exists()
    for name in ("cwd", "tmp"):
        assert list(executed.folders[name].iterdir()) == [], name
