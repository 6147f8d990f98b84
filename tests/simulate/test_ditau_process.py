"""Hard processes: conservation, spins, masses and angles."""

from __future__ import annotations

import numpy as np
import pytest

from rdfplugins.simulate.ditau import truth as record
from rdfplugins.simulate.ditau.block import make_block, processes
from rdfplugins.simulate.ditau.decay import TO_PI
from rdfplugins.simulate.ditau.modes import (
    DATA_RATES,
    QCD,
    RESONANCE,
    TTBAR,
    WJETS,
    ZLL,
    Request,
    request,
)
from rdfplugins.simulate.ditau.process import (
    COLLISION_ENERGY,
    Z_POLARISATION,
    hard_process,
    one_plus_square,
    vector_masses,
)
from rdfplugins.simulate.streams import BLOCK

EVENTS = 20_000


def truth_of(process: int, *, mass: float = 125.0, vector: bool = False, events: int = EVENTS, seed: int = 5):
    rng = np.random.default_rng(seed)
    return hard_process(np.full(events, process), np.full(events, mass), np.full(events, vector), rng)


@pytest.mark.parametrize("process", [RESONANCE, ZLL, WJETS, QCD, TTBAR])
def test_momentum_is_conserved_in_every_decay(process):
    truth = truth_of(process, vector=process == ZLL, events=3000)
    place = {(event, index): i for i, (event, index) in enumerate(zip(truth.event, truth.index, strict=True))}
    assert len(place) == len(truth), "positions are unique within an event"
    sums = np.zeros((4, len(truth)))
    has_daughters = np.zeros(len(truth), dtype=bool)
    for i in np.flatnonzero(truth.mother >= 0):
        parent = place[truth.event[i], truth.mother[i]]
        assert truth.index[parent] < truth.index[i], "mothers come first"
        sums[:, parent] += truth.p4[:, i]
        has_daughters[parent] = True
    np.testing.assert_allclose(sums[:, has_daughters], truth.p4[:, has_daughters], rtol=1e-7, atol=1e-6)
    decaying = (truth.status == record.UNSTABLE) | truth.of(15)
    assert np.array_equal(has_daughters, decaying), "all that decays, and nothing else, has daughters"


def test_masses_are_those_of_the_momenta():
    truth = truth_of(TTBAR)
    squared = truth.p4[3] ** 2 - (truth.p4[:3] ** 2).sum(axis=0)
    scale = np.maximum(truth.p4[3] ** 2, 1.0)
    assert np.abs(squared - truth.mass**2).max() / scale.max() < 1e-9
    np.testing.assert_allclose(squared[truth.of(6)], 172.5**2, rtol=1e-6)


def pion_cosines(*, vector: bool) -> tuple[np.ndarray, np.ndarray]:
    """Cosines of pions to the flight of their taus, in the frames of these, of events with two tau -> pi nu."""
    truth = truth_of(RESONANCE, vector=vector, events=400_000)
    boson = np.flatnonzero(truth.of(23, 25))
    p4, mass = truth.p4[:, boson], truth.mass[boson]
    found = []
    for charge in (-1, 1):
        pion = np.flatnonzero((truth.decay == TO_PI) & (truth.charge == charge))
        event = truth.event[pion]
        # bosons stand in the order of events; the energy in the frame of the boson is an invariant product
        product = truth.p4[:, pion] * p4[:, event]
        energy = (product[3] - product[0] - product[1] - product[2]) / mass[event]
        cosine = np.full(len(boson), np.nan)
        cosine[event] = 2 * energy / (mass[event] / 2) - 1
        found.append(cosine)
    both = ~np.isnan(found[0]) & ~np.isnan(found[1])
    return found[0][both], found[1][both]


@pytest.mark.parametrize(("vector", "sign"), [(False, -1), (True, 1)])
def test_spin_correlation(vector, sign):
    """Density 1 -+ c1 c2 for scalar and vector: the correlation of the fractions has the sign, and 1/9 the size."""
    first, second = pion_cosines(vector=vector)
    assert len(first) > 4000
    error = 1 / 3 / np.sqrt(len(first))
    polarisation = Z_POLARISATION if vector else 0.0
    assert (first * second).mean() == pytest.approx(sign / 9, abs=4 * error)
    for cosine in (first, second):
        assert cosine.mean() == pytest.approx(polarisation / 3, abs=0.01 + 4 * error)


def test_taus_of_w_bosons_are_left_handed():
    truth = truth_of(WJETS, events=200_000)
    boson = np.flatnonzero(truth.of(24))
    pion = np.flatnonzero(truth.decay == TO_PI)
    event = truth.event[pion]
    product = truth.p4[:, pion] * truth.p4[:, boson][:, event]
    mass = truth.mass[boson][event]
    fraction = (product[3] - product[0] - product[1] - product[2]) / mass / (mass / 2)
    assert fraction.mean() == pytest.approx(1 / 3, abs=0.01)


def test_angles_of_vectors():
    cosine = one_plus_square((np.arange(100_000) + 0.5) / 100_000)
    assert cosine.mean() == pytest.approx(0.0, abs=1e-6)
    assert (cosine**2).mean() == pytest.approx(0.4, abs=1e-4)  # of 3/8 (1 + c^2)
    assert np.all(np.diff(cosine) > 0)


def test_line_shape():
    mass = vector_masses(np.full(200_000, 91.2), np.random.default_rng(1))
    assert np.median(mass) == pytest.approx(91.2, abs=0.02)
    quarter, three_quarters = np.percentile(mass, [25, 75])
    # half of a Breit-Wigner lies within its width, 2.495 GeV; here the tails are cut off, which is 2.7 % of it
    assert three_quarters - quarter == pytest.approx(0.960 * 2.495, abs=0.04)
    assert mass.min() > 91.2 * 2 / 3
    assert mass.max() < 91.2 * 4 / 3


@pytest.mark.parametrize("mass", [20.0, 125.0, 6000.0])
def test_heavy_resonances_are_harder_and_still_possible(mass):
    truth = truth_of(RESONANCE, mass=mass)
    boson = truth.of(25)
    assert truth.pt[boson].mean() == pytest.approx(14 + 0.19 * mass, rel=0.03)
    assert np.median(truth.p4[3, boson]) < COLLISION_ENERGY / 2


def test_charges_add_up():
    truth = truth_of(TTBAR)
    lepton = truth.of(11, 13, 211, 213, 20213) & (truth.charge != 0)
    from_w = np.bincount(truth.event[lepton], truth.charge[lepton], minlength=EVENTS)
    number = np.bincount(truth.event[lepton], minlength=EVENTS)
    assert number.max() == 2
    assert np.all(from_w[number == 2] == 0)
    negative = truth.of(11, 13) & (truth.charge < 0)
    assert np.all(truth.pdg[negative] > 0), "a negative lepton is a particle"


def test_data_are_made_of_processes_at_their_rates():
    counts = np.zeros(5)
    higgs = 0
    for number in range(8):
        rng = np.random.default_rng(number)
        process, mass, vector = processes(request("data"), rng)
        counts += np.bincount(process, minlength=5)
        higgs += int(((process == RESONANCE) & ~vector).sum())
        assert np.all(mass[~vector] == 125.0)
    total = sum(DATA_RATES.values())
    expected = {RESONANCE: DATA_RATES["ztt"] + DATA_RATES["higgs"], ZLL: DATA_RATES["zll"], TTBAR: DATA_RATES["ttbar"]}
    for process, rate in expected.items():
        assert counts[process] / (8 * BLOCK) == pytest.approx(rate / total, abs=0.008)
    assert 5 < higgs < 50  # 21 are expected


def test_a_mixture_of_masses():
    _, mass, _ = processes(request("tautau", {90: 3, 125: 1}), np.random.default_rng(1))
    assert set(mass) == {90.0, 125.0}
    assert (mass == 90).mean() == pytest.approx(0.75, abs=0.02)
    _, mass, _ = processes(request("tautau", (60, 100), "vector"), np.random.default_rng(1))
    assert 60 <= mass.min() < 60.1
    assert 99.9 < mass.max() <= 100


@pytest.mark.parametrize("mode", ["tautau", "zll", "wjets", "qcd", "ttbar"])
def test_mass_is_that_of_resonances_of_two_taus_only(mode):
    block = make_block(request(mode), 1, 0)
    assert np.isnan(block.mass).sum() == (0 if mode == "tautau" else BLOCK)


def test_blocks_are_functions_of_their_request():
    request_ = Request("zll")
    one, again = make_block(request_, 1, 2), make_block(request_, 1, 2)
    np.testing.assert_array_equal(one.jet["pt"], again.jet["pt"])
    for other in (make_block(request_, 2, 2), make_block(request_, 1, 3), make_block(Request("ttbar"), 1, 2)):
        assert not np.array_equal(one.missing.pt, other.missing.pt)
