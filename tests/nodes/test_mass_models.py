"""The column ``ml_mass`` in the graph: what it is given, what it says, under threads, filters and variations."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

import rdfplugins as rp
from rdfplugins import cpp
from rdfplugins.append import Request
from rdfplugins.errors import ConfigError, CppError, MissingColumnError, SubstitutionWarning
from rdfplugins.inference import Network
from rdfplugins.nodes import base, column_types
from rdfplugins.nodes.ditau import INPUTS
from rdfplugins.nodes.mass_models import output_titles, output_units
from tests.nodes.mass_helpers import events, network, reference, write_model
from tests.oracle.mass_inputs import prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CHANNELS = ("tt", "mt", "et", "em", "mm", "ee")
MASSES = [name for name in INPUTS if "mT" in name]


@pytest.fixture(scope="module", autouse=True)
def _compiled_in_a_hurry() -> Iterator[None]:
    """Graphs of few events are not worth the compiler's time."""
    with cpp.optimisation(0):
        yield


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_model(tmp_path_factory.mktemp("models") / "small", network()))


def frame(columns: dict[str, NDArray[Any]]) -> Any:
    return base.as_rnode(cpp.load_root().RDF.FromNumpy(columns))


def expected(columns: dict[str, NDArray[Any]], made: Any = None, **options: Any) -> NDArray[np.float64]:
    """What the oracle and the plain network say, NaN where there is no estimate."""
    n = len(next(iter(columns.values())))
    channel = options.pop("channel", None)
    result = np.full(n, np.nan)
    for row in range(n):
        event = {name: values[row] for name, values in columns.items() if name in INPUTS}
        which = channel[row] if isinstance(channel, list) else channel
        inputs = prepared(event, INPUTS, channel=which, **options)
        if inputs is not None:
            result[row] = reference(made or network(), np.array(inputs))[0]
    return result


def close(found: NDArray[Any], wanted: NDArray[np.float64]) -> None:
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    scale = np.sqrt(np.nanmean(wanted**2))
    np.testing.assert_array_less(
        np.nan_to_num(np.abs(found - wanted)), 2e-5 * np.maximum(np.nan_to_num(np.abs(wanted)), scale)
    )


def test_all_inputs_there_agree_with_the_oracle(model: str) -> None:
    columns = events(3000)
    found = rp.ml_mass(frame(columns), model=model).AsNumpy(["ml_mass"])["ml_mass"]
    assert found.dtype == np.float32
    wanted = expected(columns)
    assert 200 < np.isnan(wanted).sum() < 1500
    close(found, wanted)


@pytest.mark.parametrize("missing", [MASSES, MASSES[:1], MASSES[2:]])
def test_transverse_masses_are_computed_where_absent(model: str, missing: list[str]) -> None:
    columns = {name: values for name, values in events(500, seed=2).items() if name not in missing}
    with pytest.warns(SubstitutionWarning) as warned:
        df = rp.ml_mass(frame(columns), model=model)
    names = ", ".join(f"'{name}'" for name in missing)
    (told,) = warned
    assert str(told.message).startswith(f"ml_mass: {names} {'is' if len(missing) == 1 else 'are'} not there: computed")
    with warnings.catch_warnings():  # each by its name, for the provenance
        warnings.simplefilter("ignore")
        stored = rp.ml_mass.substitutions(frame(columns), rp.ml_mass.check({"model": model}))
    assert stored == dict.fromkeys(missing, "not there: computed from the momenta")
    close(df.AsNumpy(["ml_mass"])["ml_mass"], expected(columns))


def test_momenta_in_mev(model: str) -> None:
    columns = events(500, seed=3)
    in_mev = {
        name: values * (1e6 if "cov" in name else 1e3 if "pt" in name.split("_") or "mT" in name else 1.0)
        for name, values in columns.items()
    }
    found = rp.ml_mass(frame(in_mev), model=model, units="MeV").AsNumpy(["ml_mass"])["ml_mass"]
    close(found, expected(in_mev, units="MeV"))


@pytest.mark.parametrize("channel", CHANNELS)
def test_one_channel_gives_the_neutrinos(model: str, channel: str) -> None:
    columns = events(200, seed=4)
    del columns["N_neutrinos_reco"]
    with pytest.warns(SubstitutionWarning, match="taken from the channel"):
        df = rp.ml_mass(frame(columns), model=model, channel=channel)
    close(df.AsNumpy(["ml_mass"])["ml_mass"], expected(columns, channel=channel))


@pytest.mark.parametrize(
    ("column", "codes"),
    [("category", dict(enumerate(CHANNELS))), ("category:-1=mt, 7=tt,3=ee", {-1: "mt", 7: "tt", 3: "ee"})],
)
@pytest.mark.parametrize("dtype", [np.int32, np.float64, np.int64])
def test_channel_of_each_event(model: str, column: str, codes: dict[int, str], dtype: type) -> None:
    columns: dict[str, Any] = events(400, seed=5, odd=0)
    del columns["N_neutrinos_reco"]
    numbers = np.random.default_rng(1).integers(-2, 9, 400).astype(dtype)
    if dtype is np.float64:
        numbers[:4] = [np.nan, 0.5, np.inf, 1e18]
    with pytest.warns(SubstitutionWarning):
        df = rp.ml_mass(frame({**columns, "category": numbers}), model=model, channel_column=column)
    channel = [codes.get(number, "none") for number in numbers.tolist()]
    found = df.AsNumpy(["ml_mass"])["ml_mass"]
    close(found, expected(columns, channel=channel))
    assert 0 < np.isnan(found).sum() < 400


def test_columns_of_other_names_and_expressions(model: str) -> None:
    columns = events(300, seed=6, odd=0)
    renamed = {**columns, "pt_1": columns["tau1_pt_reco"], "pts": columns["tau2_pt_reco"] * 2}
    del renamed["tau1_pt_reco"], renamed["tau2_pt_reco"]
    with pytest.warns(SubstitutionWarning, match="mapped or varied"):
        df = rp.ml_mass(frame(renamed), model=model, map={"tau1_pt_reco": "pt_1", "tau2_pt_reco": "pts / 2"})
    close(df.AsNumpy(["ml_mass"])["ml_mass"], expected(columns))


def test_same_for_threads_filters_and_variations(model: str, tmp_path: Path) -> None:
    root = cpp.load_root()
    columns = {**events(4000, seed=7), "row": np.arange(4000)}
    frame(columns).Snapshot("events", str(tmp_path / "in.root"))
    # what follows from the varied momentum is computed anew
    given = {name: values for name, values in columns.items() if name not in {MASSES[0], MASSES[2], MASSES[3]}}
    wanted = expected(given)
    cut = float(np.float32(np.nanmedian(wanted)))
    kept = np.flatnonzero(wanted > cut)
    assert 500 < len(kept) < 2500
    results = []
    for threads in (1, 2):
        if threads > 1:
            root.EnableImplicitMT(threads)
        try:
            df = root.RDataFrame("events", str(tmp_path / "in.root"))
            df = df.Vary("tau1_pt_reco", "ROOT::RVecD{tau1_pt_reco * 1.02, tau1_pt_reco * 0.98}", ["up", "down"], "tes")
            with pytest.warns(SubstitutionWarning, match="there, but what it follows from is mapped or varied"):
                df = rp.ml_mass(df, model=model)
            found = df.Filter(f"ml_mass > {cut!r}").AsNumpy(["row", "ml_mass"])
            nominal = df.Histo1D(("m", "", 50, -20, 20), "ml_mass")
            shifted = root.RDF.Experimental.VariationsFor(nominal)
            shapes = {name: np.array(list(shifted[name])) for name in ("nominal", "tes:up", "tes:down")}
        finally:
            if threads > 1:
                root.DisableImplicitMT()
        order = np.argsort(found["row"])
        results.append((found["row"][order], found["ml_mass"][order], shapes))
    assert np.array_equal(results[0][0], results[1][0])
    assert np.array_equal(results[0][1], results[1][1])
    assert np.array_equal(results[0][0], kept)
    close(results[0][1], wanted[kept])
    for name, factor in (("nominal", 1.0), ("tes:up", 1.02), ("tes:down", 0.98)):
        varied = expected({**given, "tau1_pt_reco": columns["tau1_pt_reco"] * factor})
        counts = np.histogram(varied[np.isfinite(varied)], 50, (-20, 20))[0]
        assert counts.sum() > 1000
        for _, _, shapes in results:
            assert np.abs(shapes[name][1:-1] - counts).sum() <= 4, name  # at the edges of bins


def test_several_outputs(tmp_path: Path) -> None:
    made = network((27, 8, 3))
    folder = str(write_model(tmp_path / "three", made))
    columns = events(100, seed=8, odd=0)
    df = rp.ml_mass(frame(columns), model=folder, branch="nn")
    names = [name for name in base.column_names(df) if name.startswith("nn_")]
    assert len(names) == 3
    found = df.AsNumpy(names)
    inputs = np.array([prepared({name: columns[name][row] for name in INPUTS}, INPUTS) for row in range(100)])
    for number, name in enumerate(names):
        np.testing.assert_allclose(found[name], reference(made, inputs)[:, number], rtol=2e-5, atol=2e-5)


def test_two_models_in_one_graph(model: str, tmp_path: Path) -> None:
    other = str(write_model(tmp_path / "other", network(seed=9, activation="relu")))
    columns = events(200, seed=9)
    df = rp.ml_mass(rp.ml_mass(frame(columns), model=model), model=other, branch="second")
    found = df.AsNumpy(["ml_mass", "second"])
    close(found["ml_mass"], expected(columns))
    close(found["second"], expected(columns, network(seed=9, activation="relu")))


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        (("tau1_pt_reco", "pt_1"), {}, MissingColumnError, r"'tau1_pt_reco' \(map tau1_pt_reco=pt_1\?"),
        (("N_neutrinos_reco", "n"), {}, MissingColumnError, "give the channel"),
        (None, {"channel": "mt"}, ConfigError, "leave one of them out"),
        (("N_neutrinos_reco", "n"), {"channel": "em", "channel_column": "n"}, ConfigError, "two ways to say"),
        (("N_neutrinos_reco", "n"), {"channel": "tautau"}, ConfigError, "no channel 'tautau'"),
        (("N_neutrinos_reco", "n"), {"channel_column": "m"}, MissingColumnError, "'m' is not there"),
        (("N_neutrinos_reco", "n"), {"channel_column": "n:0=xx"}, ConfigError, "written as 0=mt,1=et"),
        (("N_neutrinos_reco", "n"), {"channel_column": "n:0=mt,0=et"}, ConfigError, "stands for two channels"),
        (None, {"map": {"tau1_pt": "x"}}, ConfigError, "no input 'tau1_pt'; did you mean 'tau1_pt_reco'"),
        (None, {"map": {"MET_covXX_reco": "x"}}, MissingColumnError, "no column 'x'"),
        (None, {"map": {"MET_covXX_reco": "MET_covXX_reco +"}}, CppError, "parameter 'map', input 'MET_covXX_reco'"),
        (None, {"map": {"MET_covXX_reco": "ROOT::RVecD{1, 2}"}}, ConfigError, "is of type"),
        (None, {"branch": "tau1_pt_reco"}, ConfigError, "is there already"),
        (None, {"units": "TeV"}, ConfigError, "units"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(model: str, change: Any, options: Any, error: type, message: str) -> None:
    columns = events(3)
    if change:
        columns[change[1]] = columns.pop(change[0])
    with pytest.raises(error, match=message) as raised:
        rp.ml_mass(frame(columns), model=model, **options)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("file", ["single.root", Path("single.root")])
def test_a_file_is_no_data_frame(file: Any, model: str) -> None:
    with pytest.raises(
        ConfigError, match=r"takes an RDataFrame or RNode, not 'single\.root'; .*append_ml_mass"
    ) as raised:
        rp.ml_mass(file, model=model)
    assert "\n" not in str(raised.value)
    with pytest.raises(ConfigError, match=r"not a list$"):
        rp.ml_mass([1], model=model)


def test_fields_of_an_rntuple(tmp_path: Path, model: str) -> None:
    columns = events(200, seed=12, odd=0)
    columns["PU_npvsGood_reco"] = columns["PU_npvsGood_reco"].astype(np.int32)
    columns["N_neutrinos_reco"] = columns["N_neutrinos_reco"].astype(np.uint8)
    columns["remaining_jets_N_reco"] = columns["remaining_jets_N_reco"].astype(np.int64)
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mkrntuple("events", columns)
    df = cpp.load_root().RDataFrame("events", str(tmp_path / "in.root"))
    assert str(df.GetColumnType("PU_npvsGood_reco")) == "std::int32_t"
    close(rp.ml_mass(df, model=model).AsNumpy(["ml_mass"])["ml_mass"], expected(columns))


def test_every_width_of_number_is_one() -> None:
    for sign in ("", "u"):
        for bits in (8, 16, 32, 64):
            assert column_types.DTYPES[f"std::{sign}int{bits}_t"] == f"{sign}int{bits}"
    df = frame({"x": np.arange(3.0)}).Define("v", "ROOT::RVecF{1, 2}")
    with pytest.raises(
        ConfigError, match=r"^what is of type ROOT::VecOps::RVec<float>, and a number once an event is needed$"
    ):
        column_types.require(df, "v", "what", column_types.NUMBERS, collection=False)
    assert column_types.is_number(df, "x")
    assert not column_types.is_number(df, "v")


@pytest.mark.parametrize(
    ("inputs", "last", "card", "said"),
    [
        (INPUTS, "linear", "", {"m_ML [GeV]": "GeV"}),
        (INPUTS[:3], "relu", "", {"m_ML [GeV]": "GeV"}),
        (INPUTS, "sigmoid", "", {"output": None}),
        (INPUTS, "linear", "units: {ml_mass: none}\n", {"output": None}),
        (INPUTS, "linear", "", {"output 0": None, "output 1": None}),
        (["a", "b"], "linear", "", {"output": None}),
        (["a", "b"], "linear", "units: {ml_mass: GeV}\n", {"m_ML [GeV]": "GeV"}),
        (["a"], "linear", "outputs: [m, p]\nunits: {m: GeV, p: none}\n", {"m [GeV]": "GeV", "p": None}),
    ],
)
def test_what_outputs_are(tmp_path: Path, inputs: Any, last: Any, card: str, said: dict[str, Any]) -> None:
    """A mass in GeV is what its card calls so, or what can be nothing else: a score is none."""
    made = network((len(inputs), 4, len(said)))
    made = Network((*made.layers[:-1], dataclasses.replace(made.layers[-1], activation=last)))
    folder = write_model(tmp_path / "some", made, inputs, card=card)
    description = rp.load_model(folder).description
    assert dict(zip(output_titles(description), output_units(description), strict=True)) == said
    parameters = rp.ml_mass.check({"model": str(folder)})
    named = dict(zip(rp.ml_mass.makes(parameters), said.values(), strict=True))
    assert rp.ml_mass.column_units(parameters) == {name: unit for name, unit in named.items() if unit}
    request = Request(rp.load_model(folder))
    assert [text.partition(", model some")[0] for text in request.branches.values()] == list(said)
