"""Systematic variations against the per-event oracle: cutflows and histograms of each shift, nominal ones untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uproot

from rdfplugins.errors import ConfigError, RdfpluginsError
from rdfplugins.simulate import simulate_hgg
from tests.oracle import compare
from tests.select import helpers

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

XSEC, TOTAL = 0.102, 1000.0
PHOTON = {
    "up": {
        "photon_pt": "photon_pt + photon_pt_syst",
        "photon_E": "photon_E * (photon_pt + photon_pt_syst) / photon_pt",
    },
    "down": {
        "photon_pt": "photon_pt - photon_pt_syst",
        "photon_E": "photon_E * (photon_pt - photon_pt_syst) / photon_pt",
    },
}
JET = {"up": {"jet_pt": "jet_pt + jet_pt_syst"}, "down": {"jet_pt": "jet_pt - jet_pt_syst"}}
MET = {"up": {"met_et": "met_et + met_et_syst"}, "down": {"met_et": "met_et - met_et_syst"}}
WEIGHT = {"up": {"weight": "weight * (1.05 + jet_n)"}, "down": {"weight": "weight * 0.95"}}
VARY = {"photon_pt": PHOTON, "jet_pt": JET, "met_et": MET, "pileup": WEIGHT}
HISTOGRAMS = {
    "m_yy": {"column": "m_yy", "bins": 22, "range": [105, 160]},
    "met": {"column": "met_et", "bins": 10, "range": [0, 200000]},
    "jets": {"column": "jet_pt", "bins": 10, "range": [0, 200000], "after": "two_good_photons"},
}


def shifted(event: dict[str, Any], sign: int) -> dict[str, Any]:
    """Return an event with the photons shifted, in the arithmetic of float32."""
    pt, syst, energy = (np.asarray(event[name], np.float32) for name in ("photon_pt", "photon_pt_syst", "photon_E"))
    moved = pt + syst if sign > 0 else pt - syst
    with np.errstate(all="ignore"):
        return {**event, "photon_pt": moved, "photon_E": energy * moved / pt}


def shifted_jets(event: dict[str, Any], sign: int) -> dict[str, Any]:
    pt, syst = (np.asarray(event[name], np.float32) for name in ("jet_pt", "jet_pt_syst"))
    return {**event, "jet_pt": pt + syst if sign > 0 else pt - syst}


def shifted_met(event: dict[str, Any], sign: int) -> dict[str, Any]:
    met, syst = np.float32(event["met_et"]), np.float32(event["met_et_syst"])
    return {**event, "met_et": met + syst if sign > 0 else met - syst}


SHIFTS: dict[str, Callable[[dict[str, Any], int], dict[str, Any]]] = {
    "photon_pt": shifted,
    "jet_pt": shifted_jets,
    "met_et": shifted_met,
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vary") / "tt.root"
    simulate_hgg(path, mode="tt", events=3000, seed=3)
    return path


def with_vary(file: Path, vary: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    steps = [helpers.STEPS[0], *([{"vary": vary}] if vary else []), *helpers.STEPS[1:]]
    sample = {
        "gg": {"kind": "mc", "files": str(file), "xsec_pb": XSEC, "sum_of_weights": TOTAL},
        "data": {"kind": "data", "files": str(file)},
    }
    return helpers.config_data([], input__samples=sample, select__steps=steps, select__histograms=HISTOGRAMS, **changes)


@pytest.mark.parametrize("threads", [1, 2])
def test_each_shift_agrees_with_the_oracle_on_shifted_events(tmp_path: Path, file: Path, threads: int) -> None:
    result = helpers.run(tmp_path, with_vary(file, VARY), samples=["gg"], threads=threads)
    events = list(compare.events_from_root(str(file)))
    record = helpers.provenance(result.outputs["gg"])
    assert record["variations"] == [f"{name}_{way}" for name in VARY for way in ("down", "up")]
    normalisation = {"xsec_pb": XSEC, "sum_of_weights": TOTAL}
    changed = 0
    with uproot.open(result.outputs["gg"]) as stored:
        for name, shift in SHIFTS.items():
            for way, sign in (("down", -1), ("up", 1)):
                moved = [shift(event, sign) for event in events]
                label = f"{name}_{way}"
                expected = compare.expected_cutflow(moved, "mc", **normalisation)
                found = {cut["name"]: cut for cut in record["cutflow_variations"][label]["cuts"]}
                assert list(found) == list(expected)
                for cut, (number, weighted, variance) in expected.items():
                    assert found[cut]["events"] == number, (label, cut)
                    assert found[cut]["weighted"] == pytest.approx(weighted, rel=1e-9)
                    assert found[cut]["variance"] == pytest.approx(variance, rel=1e-9)
                bins = [cut["weighted"] for cut in record["cutflow_variations"][label]["cuts"]]
                assert stored[f"variations/{label}/cutflow_weighted"].values() == pytest.approx(bins)
                table = compare.expected_table(moved, "mc", **normalisation).values()
                for histogram, column in (("m_yy", "m_yy"), ("met", "met_et")):
                    spec = HISTOGRAMS[histogram]
                    values, weights = ([row[key] for row in table] for key in (column, "weight"))
                    want = np.histogram(values, bins=spec["bins"], range=spec["range"], weights=weights)[0]
                    got = stored[f"variations/{label}/{histogram}"].values()
                    assert got == pytest.approx(want, rel=1e-9, abs=1e-15), (label, histogram)
                    changed += not np.array_equal(got, stored[histogram].values())
    assert changed >= 4  # photons move the mass, MET moves itself


def test_histogram_of_a_vector_before_the_last_cut_shifts(tmp_path: Path, file: Path) -> None:
    result = helpers.run(tmp_path, with_vary(file, {"jet_pt": JET}), samples=["gg"])
    spec = HISTOGRAMS["jets"]
    with uproot.open(result.outputs["gg"]) as stored:
        for way, sign in (("down", -1), ("up", 1)):
            values: list[float] = []
            weights: list[float] = []
            for event in compare.events_from_root(str(file)):
                row = compare.diphoton.weights(event, "mc", XSEC, TOTAL)
                if "two_good_photons" in compare.diphoton.select(event).cuts_passed:
                    pts = shifted_jets(event, sign)["jet_pt"]
                    values += [float(pt) for pt in pts]
                    weights += [row["weight"]] * len(pts)
            want = np.histogram(values, bins=spec["bins"], range=spec["range"], weights=weights)[0]
            assert stored[f"variations/jet_pt_{way}/jets"].values() == pytest.approx(want, rel=1e-9)


def test_nominal_events_are_those_of_a_run_without_variations(tmp_path: Path, file: Path) -> None:
    plain = helpers.run(tmp_path, with_vary(file, None), output=tmp_path / "plain")
    varied = helpers.run(tmp_path, with_vary(file, VARY), output=tmp_path / "varied")
    for name in ("gg", "data"):
        want, found = (helpers.columns(result.outputs[name]) for result in (plain, varied))
        assert set(found) - set(want) == {"weight_pileup_down", "weight_pileup_up"}
        assert all(np.array_equal(values, found[key], equal_nan=True) for key, values in want.items())
        assert plain.cutflow[name] == varied.cutflow[name]
        with uproot.open(plain.outputs[name]) as a, uproot.open(varied.outputs[name]) as b:
            assert all(np.array_equal(a[key].values(), b[key].values()) for key in HISTOGRAMS)
            assert ("variations" in {key.partition("/")[0] for key in b.keys(cycle=False)}) == (name == "gg")


def test_weights_that_shift_are_columns_and_fill_the_shifted_histograms(tmp_path: Path, file: Path) -> None:
    result = helpers.run(tmp_path, with_vary(file, {"pileup": WEIGHT}))
    found = helpers.columns(result.outputs["gg"])
    assert np.array_equal(found["weight_pileup_up"], found["weight"] * (1.05 + found["jet_n"]))
    assert np.array_equal(found["weight_pileup_down"], found["weight"] * 0.95)
    data = helpers.columns(result.outputs["data"])
    assert np.all(data["weight_pileup_up"] == 1.0)
    assert np.all(data["weight_pileup_down"] == 1.0)
    with uproot.open(result.outputs["gg"]) as stored:
        assert stored["events"]["weight_pileup_up"].title.endswith(" in pb")
        for way in ("up", "down"):
            weights = found[f"weight_pileup_{way}"]
            want = np.histogram(found["m_yy"], bins=22, range=(105, 160), weights=weights)[0]
            assert stored[f"variations/pileup_{way}/m_yy"].values() == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ({"a": {"up": {"photon_ptt": "1"}, "down": {"photon_ptt": "1"}}}, "no column 'photon_ptt'; did you mean"),
        ({"a": {"up": {"jet_n": "jet_n + 0.5"}, "down": {"jet_n": "jet_n"}}}, "an integer is shifted by"),
        ({"a": {"up": {"jet_pt": "1.0"}, "down": {"jet_pt": "jet_pt"}}}, "a vector is shifted by"),
        ({"a": {"up": {"jet_pt": "jet_ptt"}, "down": {"jet_pt": "jet_pt"}}}, "uses 'jet_ptt'"),
    ],
)
def test_wrong_shifts_are_told_at_their_line(tmp_path: Path, file: Path, vary: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        helpers.run(tmp_path, with_vary(file, vary), samples=["gg"])
    assert caught.value.line is not None


@pytest.mark.parametrize(
    ("changes", "user"),
    [
        ({"select__steps": [*helpers.STEPS, {"vary": {"photon_pt": PHOTON}}]}, "photon_pt"),
        (
            {
                "select__steps": [
                    helpers.STEPS[0],
                    {"filter": {"some": "jet_n >= 0"}},
                    {"vary": {"pileup": WEIGHT}},
                    *helpers.STEPS[1:],
                ]
            },
            "weight",
        ),
        (
            {"select__steps": [helpers.STEPS[0], {"define": {"x": "jet_pt.size()"}}, {"vary": {"jet_pt": JET}}]},
            "jet_pt",
        ),
    ],
)
def test_a_shift_behind_its_first_use_is_refused(
    tmp_path: Path, file: Path, changes: dict[str, Any], user: str
) -> None:
    data = with_vary(file, {"photon_pt": PHOTON})
    with pytest.raises(ConfigError, match=f"column '{user}' is used before, at .*would not shift"):
        helpers.run(tmp_path, helpers.changed(data, changes), samples=["gg"])


def test_a_shift_behind_an_alias_of_its_column_is_refused(tmp_path: Path, file: Path) -> None:
    data = with_vary(file, {"photon_pt": PHOTON}, input__aliases={"leading": "photon_pt.empty() ? 0.f : photon_pt[0]"})
    with pytest.raises(
        ConfigError, match=r"the alias 'leading' at .*:\d+ is made of column 'photon_pt'.*; vary 'leading'"
    ):
        helpers.run(tmp_path, data, samples=["gg"])


def test_shifts_of_one_sided_columns_and_twice_named_are_faults(tmp_path: Path, file: Path) -> None:
    one_sided = {"a": {"up": {"jet_pt": "jet_pt"}, "down": {"met_et": "met_et"}}}
    with pytest.raises(ConfigError, match="'jet_pt' is shifted up and not down"):
        helpers.run(tmp_path, with_vary(file, one_sided))
    data = with_vary(file, {"jet_pt": JET})
    data["select"]["steps"].insert(1, {"vary": {"jet_pt": JET}})
    with pytest.raises(ConfigError, match="variation 'jet_pt' exists already"):
        helpers.run(tmp_path, data)


def test_a_vector_of_another_length_is_an_error_not_a_crash(tmp_path: Path, file: Path) -> None:
    vary = {"a": {way: {"photon_pt": "photon_pt + jet_pt"} for way in ("up", "down")}}
    with pytest.raises(RdfpluginsError, match="sample 'gg'"):
        helpers.run(tmp_path, with_vary(file, vary), samples=["gg"])


def test_a_weight_made_of_several_columns_is_written_with_each_shift(tmp_path: Path, file: Path) -> None:
    """Also for samples that do not shift, so that all have the same columns."""
    data = with_vary(file, None, select__weight="weight * sf")
    data["input"]["samples"]["other"] = {"kind": "mc", "files": str(file), "xsec_pb": XSEC, "sum_of_weights": TOTAL}
    shifts = {
        "sf": {"up": {"sf": "sf * 1.5"}, "down": {"sf": "sf * 0.5"}},
        "both": {"up": {"sf": "sf + 1", "weight": "weight * 3"}, "down": {"sf": "sf - 1", "weight": "weight * 2"}},
    }
    data["select"]["steps"][1:1] = [{"define": {"sf": "1.25 + 0.01 * jet_n"}}, {"vary": shifts, "only": ["gg"]}]
    result = helpers.run(tmp_path, data, threads=2)
    found = helpers.columns(result.outputs["gg"])
    sf, weight = found["sf"], found["weight"]
    assert found["weight_sf_up"] == pytest.approx(weight * sf * 1.5, rel=1e-14)
    assert set(found) - set(helpers.columns(result.outputs["other"])) == set()
    assert found["weight_sf_down"] == pytest.approx(weight * sf * 0.5, rel=1e-14)
    assert found["weight_both_up"] == pytest.approx(weight * 3 * (sf + 1), rel=1e-14)
    assert found["weight_both_down"] == pytest.approx(weight * 2 * (sf - 1), rel=1e-14)
    with uproot.open(result.outputs["gg"]) as stored:
        want = np.histogram(found["m_yy"], bins=22, range=(105, 160), weights=found["weight_both_up"])[0]
        assert stored["variations/both_up/m_yy"].values() == pytest.approx(want, rel=1e-12)
    for name in ("other", "data"):
        nominal = helpers.columns(result.outputs[name])
        assert nominal["weight_both_up"] == pytest.approx(nominal["weight"] * nominal["sf"], rel=1e-14)


def test_a_shift_that_reaches_nothing_is_said(tmp_path: Path, file: Path) -> None:
    """The cross-section comes from the config: the branch is not used."""
    said: list[str] = []
    shift = {way: {"XSection": f"XSection * {factor}f"} for way, factor in (("up", 1.05), ("down", 0.95))}
    helpers.run(tmp_path, with_vary(file, {"xsec": shift, "jet_pt": JET}), samples=["gg"], say=said.append)
    (line,) = [line for line in said if "variation" in line]
    assert line.startswith("gg: warning: variation 'xsec' shifts no cut, weight or histogram: nothing that is filled")


def test_a_shift_of_a_scale_factor_shifts_the_weight_and_says_what_is_not_written(tmp_path: Path, file: Path) -> None:
    factors = {"up": 2.0, "down": 1.0}
    shift = {way: {"scaleFactor_PHOTON": f"scaleFactor_PHOTON * {factor}f"} for way, factor in factors.items()}
    data = with_vary(file, None)
    data["select"]["steps"].insert(0, {"vary": {"photon_sf": shift}})
    said: list[str] = []
    result = helpers.run(tmp_path, data, samples=["gg"], say=said.append)
    record = helpers.provenance(result.outputs["gg"])
    last, shifted_last = (
        cutflow["cuts"][-1] for cutflow in (record["cutflow"], record["cutflow_variations"]["photon_sf_up"])
    )
    assert shifted_last["weighted"] == pytest.approx(2 * last["weighted"], rel=1e-6)
    assert any("'photon_sf' shifts the weight through another column" in line for line in said)
