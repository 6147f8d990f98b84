"""The hard process of the diphoton simulation: bosons, their decays, and the partons and leptons beside them.

Kinematics are exact, distributions are chosen to look like those of the real modes: no matrix element is computed.
All momenta are GeV.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rdfplugins.simulate.hgg.modes import BACKGROUND, CONTINUUM, SIGNALS
from rdfplugins.simulate.jagged import Objects, merge
from rdfplugins.simulate.kinematics import decay, four_momentum, pt_eta_phi, wrapped
from rdfplugins.simulate.streams import chance, one_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

ELECTRON, MUON, TAU = 11, 13, 15
HIGGS_MASS, W_MASS, Z_MASS, TOP_MASS = 125.0, 80.4, 91.2, 172.5
LIGHT, CHARM, BOTTOM = 0, 4, 5

_LABELS = list(SIGNALS)
_GG, _VBF, _WP, _Z, _TT = (_LABELS.index(label) for label in ("gg", "VBF", "Wp", "Z", "tt"))
_KINEMATICS = [*SIGNALS.values(), CONTINUUM]

# continuum: mass spectrum m^-power from the lowest mass on; pairs with two, one and no real photons
_CONTINUUM_POWER = 4.45
_CONTINUUM_LOWEST = 95.0
_CONTINUUM_MAX_COSINE = 0.85
_NUMBER_OF_FAKES = {0: 0.55, 1: 0.30, 2: 0.15}

_LEPTONS = {ELECTRON: 1 / 3, MUON: 1 / 3, TAU: 1 / 3}


@dataclass
class Hard:
    """What leaves the hard process.

    Attributes
    ----------
    process
        Number of the process of each event, int64[n] (`SIGNALS`, then `BACKGROUND`).
    boson
        The Higgs boson, or the pair of the continuum, float64[4, n].
    photons
        The two photons, float64[4, n] each.
    fake
        True where a photon is a jet in truth, bool[2, n].
    partons
        Quarks and gluons: pt, eta, phi, flavour.
    leptons
        Electrons and muons: pt, eta, phi, type (11 or 13), charge.
    taus
        Hadronically decaying taus, the visible part: pt, eta, phi, charge.
    neutrinos
        pt, eta, phi.
    heavy
        Bosons and top quarks that decay to quarks only: pt, eta, phi, mass.
    """

    process: Array
    boson: Array
    photons: tuple[Array, Array]
    fake: Array
    partons: Objects
    leptons: Objects
    taus: Objects
    neutrinos: Objects
    heavy: Objects


@dataclass
class _Products:
    """Decay products, collected part by part."""

    partons: list[Objects] = field(default_factory=list)
    leptons: list[Objects] = field(default_factory=list)
    taus: list[Objects] = field(default_factory=list)
    neutrinos: list[Objects] = field(default_factory=list)
    heavy: list[Objects] = field(default_factory=list)

    def quark(self, event: Array, p4: Array, flavour: Array) -> None:
        self.partons.append(_particles(event, p4).having(flavour=flavour))

    def neutrino(self, event: Array, p4: Array) -> None:
        self.neutrinos.append(_particles(event, p4))

    def lepton(self, event: Array, p4: Array, kind: Array, charge: Array, rng: np.random.Generator) -> None:
        """Add leptons of type 11, 13 or 15; taus decay, with all products along their direction."""
        light = kind != TAU
        self.leptons.append(_particles(event, p4).having(type=kind, charge=charge).where(light))
        event, p4, charge = event[~light], p4[:, ~light], charge[~light]
        leptonic = chance(rng, len(event), 0.352)
        visible = np.where(leptonic, rng.beta(1.5, 2.5, len(event)), rng.beta(3.0, 2.0, len(event)))
        seen = _particles(event, visible * p4).having(charge=charge)
        kinds = one_of(rng, len(event), {ELECTRON: 0.5, MUON: 0.5})
        self.leptons.append(seen.having(type=kinds, charge=charge).where(leptonic))
        self.taus.append(seen.where(~leptonic))
        self.neutrino(event, (1 - visible) * p4)


def hard_process(process: Array, rng: np.random.Generator) -> Hard:
    """Draw the hard process of each event.

    Parameters
    ----------
    process
        Numbers of the processes, int64[n].
    rng
        Where the random numbers come from.
    """
    events = len(process)
    background = process == BACKGROUND
    shape, scale, width = (
        np.array([getattr(mode, name) for mode in _KINEMATICS])[process]
        for name in ("pt_shape", "pt_scale", "rapidity_width")
    )
    pt = rng.standard_gamma(shape) * scale
    rapidity = rng.standard_normal(events) * width
    phi = rng.uniform(-np.pi, np.pi, events)
    mass = np.full(events, HIGGS_MASS)
    # the inverse of the cumulative distribution of a power law
    falling = _CONTINUUM_LOWEST * (1 - rng.random(events)) ** (-1 / (_CONTINUUM_POWER - 1))
    mass[background] = falling[background]
    boson = four_momentum(pt, rapidity, phi, mass)
    photons = decay(boson, mass, (0.0, 0.0), _photon_cosine(background, rng), rng.uniform(-np.pi, np.pi, events))
    products = _Products()
    _radiate(products, process, pt, rapidity, phi, rng=rng)
    for number, associate in ((_VBF, _vector_boson_fusion), (_WP, _with_w), (_Z, _with_z), (_TT, _with_tops)):
        chosen = np.flatnonzero(process == number)
        if len(chosen):
            associate(products, chosen, pt[chosen], phi[chosen], rng)
    return Hard(
        process,
        boson,
        photons,
        _fakes(background, rng),
        merge(products.partons),
        merge([_no_particles(type=np.int64, charge=np.int64), *products.leptons]),
        merge([_no_particles(charge=np.int64), *products.taus]),
        merge([_no_particles(), *products.neutrinos]),
        merge([_no_particles(mass=np.float64), *products.heavy]),
    )


def _photon_cosine(background: Array, rng: np.random.Generator) -> Array:
    """Draw the angle: a scalar decays isotropically, an exchanged quark gives 1 / (1 - cos^2), here within a limit."""
    uniform = rng.uniform(-1.0, 1.0, len(background))
    return np.where(background, np.tanh(np.arctanh(_CONTINUUM_MAX_COSINE) * uniform), uniform)


def _fakes(background: Array, rng: np.random.Generator) -> Array:
    """Return which photons are jets: of the pairs of the continuum, some have one (either), some two."""
    count = len(background)
    number = np.where(background, one_of(rng, count, _NUMBER_OF_FAKES), 0)
    first = chance(rng, count, 0.5)
    return np.stack([(number + first) > 1, (number + ~first) > 1])


def _radiate(
    products: _Products, process: Array, pt: Array, rapidity: Array, phi: Array, *, rng: np.random.Generator
) -> None:
    """Add a jet that balances the boson where nothing else does."""
    recoiling = np.flatnonzero((process == _GG) | (process == BACKGROUND))
    count = len(recoiling)
    jet_pt = pt[recoiling] * rng.uniform(0.55, 1.05, count)
    eta = rapidity[recoiling] + 1.3 * rng.standard_normal(count)
    jet_phi = phi[recoiling] + np.pi + 0.3 * rng.standard_normal(count)
    flavour = one_of(rng, count, {BOTTOM: 0.03, CHARM: 0.06, LIGHT: 0.91})
    products.partons.append(_at(recoiling, jet_pt, eta, jet_phi).having(flavour=flavour))


def _vector_boson_fusion(products: _Products, event: Array, pt: Array, phi: Array, rng: np.random.Generator) -> None:
    """Add two quarks that fly forward and backward and share the recoil of the boson."""
    count = len(event)
    side = one_of(rng, count, {1: 0.5, -1: 0.5})
    for sign, share, least, angle in ((side, 0.65, 18.0, 0.5), (-side, 0.30, 14.0, 1.2)):
        jet_pt = share * pt + least + 18.0 * rng.standard_exponential(count)
        eta = sign * (1.9 + 0.9 * rng.standard_normal(count))
        jet_phi = phi + np.pi + angle * rng.standard_normal(count)
        products.partons.append(_at(event, jet_pt, eta, jet_phi).having(flavour=np.zeros(count, dtype=np.int64)))


def _with_w(products: _Products, event: Array, pt: Array, phi: Array, rng: np.random.Generator) -> None:
    """Add a W+ opposite to the boson."""
    w = _opposite(pt, phi, W_MASS, rng)
    hadronic = _w_decay(products, event, w, np.ones(len(event), dtype=np.int64), rng)
    products.heavy.append(_particles(event, w).having(mass=np.full(len(event), W_MASS)).where(hadronic))


def _with_z(products: _Products, event: Array, pt: Array, phi: Array, rng: np.random.Generator) -> None:
    """Add a Z opposite to the boson; it decays to quarks, neutrinos or a pair of leptons."""
    z = _opposite(pt, phi, Z_MASS, rng)
    first, second = _isotropic(z, Z_MASS, 0.0, 0.0, rng)
    count = len(event)
    quarks = chance(rng, count, 0.699)
    invisible = ~quarks & chance(rng, count, 0.664)
    flavour = one_of(rng, count, {BOTTOM: 0.216, CHARM: 0.172, LIGHT: 0.612})
    for daughter in (first, second):
        products.quark(event[quarks], daughter[:, quarks], flavour[quarks])
        products.neutrino(event[invisible], daughter[:, invisible])
    charged = ~quarks & ~invisible
    kind = one_of(rng, count, _LEPTONS)[charged]
    for daughter, charge in ((first, 1), (second, -1)):
        products.lepton(event[charged], daughter[:, charged], kind, np.full(len(kind), charge), rng)
    products.heavy.append(_particles(event, z).having(mass=np.full(count, Z_MASS)).where(quarks))


def _with_tops(products: _Products, event: Array, pt: Array, phi: Array, rng: np.random.Generator) -> None:
    """Add a top and an antitop; the second balances the first and the boson."""
    count = len(event)
    top_pt = 52.0 * rng.standard_gamma(2.3, count)
    top = four_momentum(top_pt, rng.standard_normal(count), rng.uniform(-np.pi, np.pi, count), TOP_MASS)
    px, py = -top[0] - pt * np.cos(phi), -top[1] - pt * np.sin(phi)
    antitop = four_momentum(np.hypot(px, py), rng.standard_normal(count), np.arctan2(py, px), TOP_MASS)
    for quark, charge in ((top, 1), (antitop, -1)):
        bottom, w = _isotropic(quark, TOP_MASS, 4.7, W_MASS, rng)
        products.quark(event, bottom, np.full(count, BOTTOM))
        hadronic = _w_decay(products, event, w, np.full(count, charge), rng)
        products.heavy.append(_particles(event, quark).having(mass=np.full(count, TOP_MASS)).where(hadronic))


def _w_decay(products: _Products, event: Array, w: Array, charge: Array, rng: np.random.Generator) -> Array:
    """Decay W bosons to two quarks, or a lepton and a neutrino; return the mask of the former."""
    first, second = _isotropic(w, W_MASS, 0.0, 0.0, rng)
    hadronic = chance(rng, len(event), 0.674)
    # half of the quark pairs hold a charm quark
    charmed = one_of(rng, len(event), {CHARM: 0.5, LIGHT: 0.5})
    products.quark(event[hadronic], first[:, hadronic], charmed[hadronic])
    products.quark(event[hadronic], second[:, hadronic], np.zeros(int(hadronic.sum()), dtype=np.int64))
    leptonic = ~hadronic
    kind = one_of(rng, int(leptonic.sum()), _LEPTONS)
    products.lepton(event[leptonic], first[:, leptonic], kind, charge[leptonic], rng)
    products.neutrino(event[leptonic], second[:, leptonic])
    return hadronic


def _opposite(pt: Array, phi: Array, mass: float, rng: np.random.Generator) -> Array:
    return four_momentum(pt, 1.1 * rng.standard_normal(len(pt)), phi + np.pi, mass)


def _isotropic(
    parent: Array, mass: float, mass_1: float, mass_2: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    count = int(parent.shape[1])
    cos_theta = rng.uniform(-1.0, 1.0, size=count)
    return decay(parent, mass, (mass_1, mass_2), cos_theta, rng.uniform(-np.pi, np.pi, size=count))


def _particles(event: Array, p4: Array) -> Objects:
    pt, eta, phi = pt_eta_phi(p4)
    return Objects(event, {"pt": pt, "eta": eta, "phi": phi})


def _at(event: Array, pt: Array, eta: Array, phi: Array) -> Objects:
    return Objects(event, {"pt": pt, "eta": eta, "phi": wrapped(phi)})


def _no_particles(**fields: type) -> Objects:
    more: dict[str, Array] = {name: np.empty(0, dtype=kind) for name, kind in fields.items()}
    return _at(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), np.empty(0)).having(**more)
