from __future__ import annotations

import json

import numpy as np
import pytest

from rdfplugins.errors import ConfigError
from rdfplugins.simulate.hgg.events import generate, luminosity_pb, processes, total
from rdfplugins.simulate.hgg.mini import SCHEMA
from rdfplugins.simulate.hgg.modes import BACKGROUND, MODES, SIGNALS, Totals
from rdfplugins.simulate.hgg.releases import RELEASES
from rdfplugins.simulate.streams import BLOCK
from rdfplugins.simulate.trees import check_columns

LABELS = list(SIGNALS)
COLLECTIONS = ["photon", "jet", "lep", "tau", "largeRjet"]


def assert_equal(first, second):
    assert list(first) == list(second)
    for name, column in first.items():
        np.testing.assert_array_equal(column.values, second[name].values, err_msg=name)
        np.testing.assert_array_equal(column.offsets, second[name].offsets, err_msg=name)


def event_of(column):
    """Index of the event of each element of a vector."""
    return np.repeat(np.arange(column.events), np.diff(column.offsets))


def per_event(columns, name, keep):
    """Number of objects that are in the mask ``keep``, for each event."""
    return np.bincount(event_of(columns[name])[keep], minlength=columns[name].events)


def leading(columns, name, rank):
    """Value of the object of this rank in each event, NaN where there are fewer."""
    column = columns[name]
    position = column.offsets[:-1] + rank
    there = position < column.offsets[1:]
    found = np.full(column.events, np.nan)
    found[there] = column.values[position[there]]
    return found


# -- format


@pytest.mark.parametrize("mode", MODES)
def test_all_branches_are_there_with_their_types_and_finite(sample, mode):
    columns = sample(mode)
    assert list(columns) == list(SCHEMA)
    assert check_columns(columns, SCHEMA) == 20_000
    for name, column in columns.items():
        assert np.isfinite(column.values.astype(np.float64)).all(), name


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("prefix", COLLECTIONS)
def test_counters_and_lengths_agree(sample, mode, prefix):
    columns = sample(mode)
    counts = columns[f"{prefix}_n"].values
    for name in SCHEMA:
        if not (name.startswith(f"{prefix}_") and SCHEMA[name].vector):
            continue
        truth = name.endswith(("truthMatched", "trueflav"))
        expected = np.zeros_like(counts) if mode == "data" and truth else counts
        np.testing.assert_array_equal(np.diff(columns[name].offsets), expected, err_msg=name)


@pytest.mark.parametrize("mode", MODES)
def test_photon_energy_is_that_of_a_massless_particle_and_jets_are_heavier(sample, mode):
    columns = sample(mode)
    pt, eta, energy = (columns[f"photon_{name}"].values.astype(float) for name in ("pt", "eta", "E"))
    np.testing.assert_allclose(energy, pt * np.cosh(eta), rtol=2e-6)
    pt, eta, energy = (columns[f"jet_{name}"].values.astype(float) for name in ("pt", "eta", "E"))
    assert (energy > pt * np.cosh(eta)).all()


@pytest.mark.parametrize("mode", LABELS)
def test_simulated_samples_have_identity_and_normalisation(sample, mode):
    columns = sample(mode)
    assert set(columns["channelNumber"].values) == {SIGNALS[mode].dsid}
    assert len(set(columns["eventNumber"].values)) == 20_000
    assert set(columns["XSection"].values) == {np.float32(SIGNALS[mode].xsec_pb)}
    weights = columns["mcWeight"].values.sum(dtype=np.float64)
    assert total(mode, 20_000, 11).weights == weights
    assert set(columns["SumWeights"].values) == {np.float32(weights)}
    assert weights / 20_000 == pytest.approx(SIGNALS[mode].mean_weight, rel=0.03)
    for name in SCHEMA:
        if name.startswith("scaleFactor_"):
            assert 0.9 < columns[name].values.mean() < 1.1, name
            assert columns[name].values.min() > 0, name


def test_the_cross_section_of_tth_has_the_branching_ratio_once():
    assert SIGNALS["tt"].xsec_pb == 1.1645e-3


def test_sums_of_weights_are_exact_in_any_order():
    weights = generate("gg", 30_000, 5)["mcWeight"].values.astype(np.float64)
    assert weights.sum() == total("gg", 30_000, 5).weights
    assert weights[::-1].cumsum()[-1] == total("gg", 30_000, 5).weights
    assert weights[:12_345].sum() == total("gg", 12_345, 5).weights
    assert (weights**2).sum() == pytest.approx(total("gg", 30_000, 5).squares, rel=1e-12)


def test_data_has_the_conventions_of_data(sample):
    columns = sample("data")
    for name in SCHEMA:
        if name == "mcWeight" or name.startswith("scaleFactor_") or name.endswith("_syst"):
            assert not columns[name].values.any(), name
        if name.endswith(("truthMatched", "trueflav")):
            assert len(columns[name].values) == 0, name
    assert len(columns["jet_pt"].values) > 5000
    assert len(columns["jet_pt_syst"].values) == len(columns["jet_pt"].values)
    assert set(columns["XSection"].values) == set(columns["SumWeights"].values) == {1.0}
    np.testing.assert_array_equal(columns["channelNumber"].values, columns["runNumber"].values)
    assert len(set(columns["eventNumber"].values)) == 20_000
    assert (columns["eventNumber"].values < 0).any()
    assert len(set(columns["runNumber"].values)) == 16


def test_data_of_different_seeds_share_no_event():
    keys = []
    for seed in (1, 2, 799):
        columns = generate("data", 3000, seed)
        keys.append(set(zip(columns["runNumber"].values, columns["eventNumber"].values, strict=True)))
    assert len(keys[0] | keys[1] | keys[2]) == 9000


@pytest.mark.parametrize("prefix", ["photon", "jet", "lep", "tau"])
def test_systematic_shifts_are_small_absolute_momenta(sample, prefix):
    columns = sample("tt")
    pt, shift = columns[f"{prefix}_pt"].values, columns[f"{prefix}_pt_syst"].values
    assert (shift > 0).all()
    assert (shift < 0.1 * pt).all()
    assert (columns["met_et_syst"].values > 0).all()


# -- reproducibility


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("mode", ["VBF", "data"])
def test_the_events_do_not_depend_on_the_pieces(mode, release):
    whole = generate(mode, 2 * BLOCK + 300, 3, release=release)
    totals = total(mode, 2 * BLOCK + 300, 3)
    first = 0
    for events in (1, BLOCK - 2, 2, BLOCK + 250, 49):
        piece = generate(mode, events, 3, first, totals=totals, release=release)
        assert_equal(piece, {name: column[first : first + events] for name, column in whole.items()})
        first += events
    assert first == 2 * BLOCK + 300


def test_other_seeds_and_modes_give_other_events():
    first = generate("gg", 100, 1)["photon_pt"].values
    assert_equal(generate("gg", 100, 1), generate("gg", 100, 1))
    for mode, seed in (("gg", 2), ("gg", 2**64 - 1), ("Z", 1)):
        assert not np.isin(generate(mode, 100, seed)["photon_pt"].values, first).any()


def test_blocks_are_different_events():
    assert not np.isin(
        generate("gg", 100, 1, BLOCK)["photon_pt"].values, generate("gg", 100, 1)["photon_pt"].values
    ).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ggg", 1, 1), r"unknown mode 'ggg'.*did you mean 'gg'"),
        (("vbf", 1, 1), "did you mean 'VBF'"),
        (("gg", 0, 1), "at least one event, not 0"),
        (("data", -3, 1), "at least one event, not -3"),
        (("gg", 1, -1), "seed"),
        (("gg", 1, 2**64), "seed"),
        (("gg", 1, 1, -1), "do not exist"),
        (("gg", 1, 1, 2**31), "do not exist"),
    ],
)
def test_impossible_requests_are_config_errors(arguments, message):
    with pytest.raises(ConfigError, match=message):
        generate(*arguments)


def test_data_has_no_weights_to_sum():
    assert total("data", 10, 1) == Totals(10, 1.0, 1.0)


# -- physics


@pytest.mark.parametrize("mode", LABELS)
def test_the_mass_peak_stands_at_the_higgs_boson_with_the_resolution_of_the_detector(selected, mode):
    found = selected(mode)
    mass = found.mass[found.passed]
    assert 124.5 < mass.mean() < 125.5
    assert 1.4 < mass.std() < 2.2


@pytest.mark.parametrize("mode", LABELS)
def test_the_selection_keeps_a_quarter_to_a_half_of_the_signal(selected, mode):
    assert 0.25 < selected(mode).passed.mean() < 0.50


@pytest.mark.parametrize("mode", MODES)
def test_some_photons_lie_in_the_crack_and_beyond_the_acceptance(sample, mode):
    abs_eta = np.abs(sample(mode)["photon_eta"].values)
    assert 0.03 < ((abs_eta > 1.37) & (abs_eta < 1.52)).mean() < 0.08
    assert (abs_eta > 2.37).any()


@pytest.mark.parametrize("mode", MODES)
def test_identification_or_isolation_reject_a_good_part(sample, mode):
    columns = sample(mode)
    pt = columns["photon_pt"].values
    good = columns["photon_isTightID"].values.copy()
    for cone in ("ptcone30", "etcone20"):
        good &= columns[f"photon_{cone}"].values / pt < 0.065
    offsets = columns["photon_pt"].offsets
    pairs = np.flatnonzero(np.diff(offsets) >= 2)
    failed = ~(good[offsets[pairs]] & good[offsets[pairs] + 1])
    assert 0.20 < failed.mean() < 0.60


def test_photons_are_nearly_ordered_by_momentum(sample):
    columns = sample("gg")
    first, second = leading(columns, "photon_pt", 0), leading(columns, "photon_pt", 1)
    assert 0.002 < (second > first).sum() / (~np.isnan(second)).sum() < 0.05


def test_conversion_types_are_those_of_the_release(sample):
    kinds, counts = np.unique(sample("gg")["photon_convType"].values, return_counts=True)
    assert kinds.tolist() == [0, 1, 2, 3, 4, 5]
    assert 0.5 < counts[0] / counts.sum() < 0.8


@pytest.mark.parametrize("mode", MODES)
def test_only_triggered_hard_photons_match_the_trigger(sample, mode):
    columns = sample(mode)
    matched = columns["photon_trigMatched"].values
    fired = columns["trigP"].values[event_of(columns["photon_pt"])]
    assert matched.any()
    assert not matched[~fired].any()
    assert columns["photon_pt"].values[matched].min() > 25000
    assert 0.5 < columns["trigP"].values.mean() < 0.95


def test_jets_keep_away_from_the_photons_of_the_boson(sample):
    columns = sample("VBF")
    # both photons reconstructed and no other one: they are those of the boson
    clean = columns["photon_n"].values == 2
    event = event_of(columns["jet_pt"])
    for rank in (0, 1):
        eta, phi = leading(columns, "photon_eta", rank), leading(columns, "photon_phi", rank)
        delta_phi = np.abs(columns["jet_phi"].values - phi[event])
        distance = np.hypot(columns["jet_eta"].values - eta[event], np.minimum(delta_phi, 2 * np.pi - delta_phi))
        real = clean & (
            columns["photon_n"].values == per_event(columns, "photon_pt", columns["photon_truthMatched"].values)
        )
        assert distance[real[event]].min() > 0.399


def test_jets_have_the_acceptance_and_order_of_the_release(sample):
    columns = sample("tt")
    assert columns["jet_pt"].values.min() > 20000
    assert np.abs(columns["jet_eta"].values).max() < 2.5
    drops = np.diff(columns["jet_pt"].values)
    assert (drops[np.diff(event_of(columns["jet_pt"])) == 0] <= 0).all()


def test_b_tagging_separates_flavours(sample):
    columns = sample("tt")
    score, flavour = columns["jet_MV2c10"].values, columns["jet_trueflav"].values
    assert score.min() >= -1
    assert score.max() <= 1
    assert 0.6 < (score[flavour == 5] > 0.83).mean() < 0.85
    assert (score[flavour == 0] > 0.83).mean() < 0.02
    assert 0.02 < (score[flavour == 4] > 0.83).mean() < 0.25


def test_gluon_fusion_has_few_jets_and_top_pairs_most(sample):
    means = {mode: sample(mode)["jet_n"].values.mean() for mode in LABELS}
    assert 0.25 < (sample("gg")["jet_n"].values == 0).mean() < 0.60
    assert min(means, key=means.get) == "gg"
    assert means["tt"] > 1.5 + max(mean for mode, mean in means.items() if mode != "tt")
    b_like = {
        mode: per_event(sample(mode), "jet_MV2c10", sample(mode)["jet_MV2c10"].values > 0.83).mean() for mode in LABELS
    }
    assert b_like["tt"] > 4 * b_like["Z"] > 8 * b_like["VBF"]


def test_vector_boson_fusion_has_two_separated_jets(sample):
    def separated(mode):
        columns = sample(mode)
        pt, eta, phi = ([leading(columns, f"jet_{name}", rank) for rank in (0, 1)] for name in ("pt", "eta", "phi"))
        mass = np.sqrt(2 * pt[0] * pt[1] * (np.cosh(eta[0] - eta[1]) - np.cos(phi[0] - phi[1])))
        return ((mass > 400e3) & (np.abs(eta[0] - eta[1]) > 2.8)).mean()

    assert separated("VBF") > 0.1
    assert max(separated(mode) for mode in LABELS if mode != "VBF") < 0.04


def test_vector_bosons_give_leptons_and_missing_momentum(sample):
    leptons = {mode: sample(mode)["lep_n"].values for mode in LABELS}
    missing = {mode: sample(mode)["met_et"].values.mean() for mode in LABELS}
    for mode in ("Wp", "Z", "tt"):
        assert leptons[mode].mean() > 5 * leptons["gg"].mean()
        assert missing[mode] > 1.8 * missing["gg"]
    assert (leptons["Z"] >= 2).mean() > 4 * (leptons["Wp"] >= 2).mean()


def test_charges_of_leptons_follow_from_their_bosons(sample):
    columns = sample("Wp")
    prompt = columns["lep_truthMatched"].values
    assert set(columns["lep_charge"].values[prompt]) == {1}
    assert set(sample("Z")["lep_charge"].values) == {-1, 1}
    assert set(columns["lep_type"].values) == {11, 13}
    columns = sample("Z")
    pairs = np.flatnonzero(
        (columns["lep_n"].values == 2) & (per_event(columns, "lep_pt", columns["lep_truthMatched"].values) == 2)
    )
    assert len(pairs) > 200
    start = columns["lep_charge"].offsets[pairs]
    assert (columns["lep_charge"].values[start] == -columns["lep_charge"].values[start + 1]).all()


def test_lepton_pairs_of_z_bosons_have_the_mass_of_the_z(sample):
    columns = sample("Z")
    pt, eta, phi = ([leading(columns, f"lep_{name}", rank) for rank in (0, 1)] for name in ("pt", "eta", "phi"))
    mass = np.sqrt(2 * pt[0] * pt[1] * (np.cosh(eta[0] - eta[1]) - np.cos(phi[0] - phi[1]))) / 1000
    assert np.nanmedian(mass) == pytest.approx(91.2, abs=1.5)


def test_boosted_tops_and_bosons_are_large_jets_of_their_mass(sample):
    for mode, mass in (("Wp", 80.4), ("Z", 91.2), ("tt", 172.5)):
        columns = sample(mode)
        boosted = columns["largeRjet_truthMatched"].values == 1
        assert boosted.sum() > 200
        assert np.median(columns["largeRjet_m"].values[boosted]) / 1000 == pytest.approx(mass, rel=0.03)
        assert columns["largeRjet_pt"].values.min() > 200e3
        energy = np.hypot(
            columns["largeRjet_pt"].values * np.cosh(columns["largeRjet_eta"].values), columns["largeRjet_m"].values
        )
        np.testing.assert_allclose(columns["largeRjet_E"].values, energy, rtol=1e-5)


def test_the_ditau_mass_belongs_to_events_with_two_taus(sample):
    columns = sample("tt")
    two = columns["tau_n"].values >= 2
    assert two.sum() > 10
    assert (columns["ditau_m"].values[two] > 0).all()
    assert not columns["ditau_m"].values[~two].any()


@pytest.mark.parametrize("mode", LABELS)
def test_some_weights_are_negative(sample, mode):
    assert 0.01 < (sample(mode)["mcWeight"].values < 0).mean() < 0.20


def test_modes_differ_in_their_weights(sample):
    negative = {mode: (sample(mode)["mcWeight"].values < 0).mean() for mode in LABELS}
    assert max(negative, key=negative.get) == "tt"
    assert negative["Wp"] > 2 * negative["gg"] > 2 * negative["VBF"]


# -- data

DATA_EVENTS = 100_000


def test_the_mass_spectrum_of_data_falls(selected):
    found = selected("data", DATA_EVENTS)
    contents, _ = np.histogram(found.mass[found.passed], 5, (105, 160))
    assert (np.diff(contents) < 0).all()
    assert 2.5 < contents[0] / contents[-1] < 4.5


def test_half_a_percent_of_the_selected_data_is_signal(selected):
    found = selected("data", DATA_EVENTS)
    truth = np.concatenate([processes("data", 11, block) for block in range(DATA_EVENTS // BLOCK)])
    signal = found.passed & (truth != BACKGROUND)
    assert 0.003 < signal.sum() / found.passed.sum() < 0.008
    assert np.abs(found.mass[signal] - 125).mean() < 3
    # the share of a mode is that of its cross-section
    assert 0.75 < (truth[truth != BACKGROUND] == LABELS.index("gg")).mean() < 0.95


def test_the_luminosity_of_data_is_that_of_the_real_selected_events(selected):
    expected = 76394 / 10064.0 * luminosity_pb(DATA_EVENTS)
    assert selected("data", DATA_EVENTS).passed.sum() == pytest.approx(expected, rel=0.03)
    assert luminosity_pb(2000) == 2 * luminosity_pb(1000)


@pytest.mark.real_data
def test_the_mass_spectrum_of_data_has_the_shape_of_the_published_one(selected, real_data):
    histograms = json.loads(real_data("atlas_mini/df104_published_histograms.json").read_text())
    published = next(item for item in next(iter(histograms.values())) if item["name"] == "data")
    real = np.array(published["content"][1:-1])
    assert real.sum() == 76394
    found = selected("data", DATA_EVENTS)
    toy, _ = np.histogram(found.mass[found.passed], len(real), (105, 160))
    scale = toy.sum() / real.sum()
    chi2 = ((toy - scale * real) ** 2 / (toy + scale**2 * real)).sum()
    assert chi2 < 60  # 29 degrees of freedom
