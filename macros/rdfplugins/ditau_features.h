#pragma once
// Features of a selected di-tau event: the inputs of networks that estimate the mass, and the columns that analyses of
// H -> tau tau share. Momenta and masses in GeV, azimuths in rad; NaN where there is no such object.

#include "rdfplugins/ditau.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace rdfp::ditau {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// Particle Data Group, Review of Particle Physics 2022.
constexpr double kElectronMass = 0.51099895e-3, kMuonMass = 0.1056583755, kTauMass = 1.77686;

struct Leg {
  double pt, eta, phi;
  int charge;
  double mass;
};

// Missing transverse momentum, and the covariance that goes with it in GeV^2.
struct Met {
  double pt, phi, xx, xy, yy;
};

// `unit`: 1 GeV in the unit of the file, which all arguments have.
inline Met met(double unit, double pt, double phi, double xx, double xy, double yy) {
  return {pt / unit, phi, xx / (unit * unit), xy / (unit * unit), yy / (unit * unit)};
}

inline Leg muon_leg(const Muon &muon) { return {muon.pt, muon.eta, muon.phi, muon.charge, kMuonMass}; }
inline Leg electron_leg(const Electron &electron) {
  return {electron.pt, electron.eta, electron.phi, electron.charge, kElectronMass};
}
inline Leg tau_leg(const Tau &tau, double mass) { return {tau.pt, tau.eta, tau.phi, tau.charge, mass}; }

// An element of a column; NaN where there is no such column.
template <class Values> double value_at(const Values &values, int place) { return static_cast<double>(values[place]); }
inline double value_at(const Nothing &, int) { return kNaN; }

// The two legs of a candidate. `masses`: of the taus, in the unit of the file; Nothing where they are not known.
template <class Masses>
std::array<Leg, 2> legs(const Candidate &found, double unit, const ROOT::RVec<Tau> &taus, const ROOT::RVec<Muon> &muons,
                        const ROOT::RVec<Electron> &electrons, const Masses &masses) {
  Collection{taus.size(), "Tau_pt"}.check(masses, "Tau_mass");
  const auto tau = [&](int place) { return tau_leg(taus.at(place), value_at(masses, place) / unit); };
  const int one = found.first, two = found.second;
  switch (found.channel) {
  case kTT:
    return {tau(one), tau(two)};
  case kMT:
    return {muon_leg(muons.at(one)), tau(two)};
  case kET:
    return {electron_leg(electrons.at(one)), tau(two)};
  case kEM:
    return {electron_leg(electrons.at(one)), muon_leg(muons.at(two))};
  case kMM:
    return {muon_leg(muons.at(one)), muon_leg(muons.at(two))};
  case kEE:
    return {electron_leg(electrons.at(one)), electron_leg(electrons.at(two))};
  default:
    break;
  }
  throw std::runtime_error("ditau.features looks at an event that ditau.select did not select: filter it before");
}

// Transverse mass of two massless objects: sqrt(2 pT1 pT2 (1 - cos(phi1 - phi2))).
inline double transverse_mass(double pt1, double phi1, double pt2, double phi2) {
  return std::sqrt(2.0 * pt1 * pt2 * (1.0 - std::cos(phi1 - phi2)));
}

// Transverse masses of leg 1 and MET, leg 2 and MET, of the legs, and the quadrature sum of the three.
inline std::array<double, 4> transverse_masses(const std::array<Leg, 2> &legs, const Met &met) {
  const auto &[one, two] = legs;
  const double mt1 = transverse_mass(one.pt, one.phi, met.pt, met.phi);
  const double mt2 = transverse_mass(two.pt, two.phi, met.pt, met.phi);
  const double mt12 = transverse_mass(one.pt, one.phi, two.pt, two.phi);
  return {mt1, mt2, mt12, std::sqrt(mt1 * mt1 + mt2 * mt2 + mt12 * mt12)};
}

inline int neutrinos(int channel) { return channel == kTT ? 2 : channel == kMT || channel == kET ? 3 : 4; }

// Mass of the two legs.
inline double mass_of(const Leg &one, const Leg &two) {
  const auto energy = [](const Leg &leg) { return std::hypot(leg.pt * std::cosh(leg.eta), leg.mass); };
  return pair_mass(one.pt, one.eta, one.phi, energy(one), two.pt, two.eta, two.phi, energy(two));
}

// Mass in the collinear approximation, m_vis / sqrt(x1 x2) (R. K. Ellis et al., Nucl. Phys. B297 (1988) 221): neutrinos
// fly along the visible products, whose fractions x of the tau momenta follow from the missing transverse momentum.
// NaN where a fraction would not be in (0, 1], or the legs are back to back.
inline double collinear_mass(const Leg &one, const Leg &two, const Met &met, double visible_mass) {
  const double px1 = one.pt * std::cos(one.phi), py1 = one.pt * std::sin(one.phi);
  const double px2 = two.pt * std::cos(two.phi), py2 = two.pt * std::sin(two.phi);
  const double x = met.pt * std::cos(met.phi), y = met.pt * std::sin(met.phi);
  const double determinant = px1 * py2 - px2 * py1;
  if (determinant == 0.0) return kNaN;
  const double extra1 = (x * py2 - y * px2) / determinant; // 1 / x1 - 1
  const double extra2 = (px1 * y - py1 * x) / determinant;
  if (!(extra1 >= 0.0 && extra2 >= 0.0)) return kNaN;
  return visible_mass * std::sqrt((1.0 + extra1) * (1.0 + extra2));
}

// Which of the jets enter, and how the azimuth of the sum of the remaining ones is computed.
struct Fidelity {
  bool append_b = false; // b jets once more behind the jets, in the order of the file
  bool asin_phi = false; // asin(py / pT), which is not the azimuth where px < 0
};

// The jets in the order in which networks take them: by momentum, each once, unless b jets are appended.
inline ROOT::RVec<Jet> ordered_jets(const ROOT::RVec<Jet> &all, const Fidelity &fidelity) {
  ROOT::RVec<Jet> found, tagged;
  for (const Jet &jet : all) {
    if (jet.is_jet) found.push_back(jet);
    if (jet.is_b) tagged.push_back(jet);
  }
  if (!fidelity.append_b) return found;
  std::sort(tagged.begin(), tagged.end(), [](const Jet &one, const Jet &two) { return one.place < two.place; });
  for (const Jet &jet : tagged) found.push_back(jet);
  return found;
}

// Jets that are not within `min_delta_r` of a leg, where no index tells which jet a tau is.
inline ROOT::RVec<Jet> away_from(const ROOT::RVec<Jet> &all, const std::array<Leg, 2> &legs, double min_delta_r) {
  ROOT::RVec<Jet> found;
  for (const Jet &jet : all)
    if (delta_r(jet.eta, jet.phi, legs[0].eta, legs[0].phi) > min_delta_r &&
        delta_r(jet.eta, jet.phi, legs[1].eta, legs[1].phi) > min_delta_r)
      found.push_back(jet);
  return found;
}

struct Activity {
  double pt = 0.0, eta = 0.0, phi = 0.0;
  int count = 0;
};

// Vector sum of the third and following jets: the additional hadronic activity. Where they balance to less than 1 MeV,
// direction and azimuth mean nothing and are 0.
inline Activity remaining_activity(const ROOT::RVec<Jet> &jets, const Fidelity &fidelity) {
  constexpr double balanced = 1e-3;
  Activity sum;
  double px = 0.0, py = 0.0, pz = 0.0;
  for (std::size_t i = 2; i < jets.size(); ++i) {
    px += jets[i].pt * std::cos(jets[i].phi);
    py += jets[i].pt * std::sin(jets[i].phi);
    pz += jets[i].pt * std::sinh(jets[i].eta);
    ++sum.count;
  }
  sum.pt = std::sqrt(px * px + py * py);
  if (sum.pt < balanced) return sum;
  sum.eta = std::asinh(pz / sum.pt);
  sum.phi = fidelity.asin_phi ? std::asin(std::clamp(py / sum.pt, -1.0, 1.0)) : std::atan2(py, px);
  return sum;
}

// Mass of the first two jets. `masses`: of all `count` jets of the event, in the unit of the file; Nothing where they
// are not known.
template <class Masses>
double dijet_mass(const ROOT::RVec<Jet> &jets, double unit, std::size_t count, const Masses &masses) {
  Collection{count, "Jet_pt"}.check(masses, "Jet_mass");
  if (jets.size() < 2) return kNaN;
  const auto energy = [&](const Jet &jet) {
    return std::hypot(jet.pt * std::cosh(jet.eta), value_at(masses, jet.place) / unit);
  };
  const Jet &one = jets[0], &two = jets[1];
  return pair_mass(one.pt, one.eta, one.phi, energy(one), two.pt, two.eta, two.phi, energy(two));
}

// All that describes a selected event, in the order of nodes/ditau_features.py: the 27 inputs of networks in the order
// of the models, where 0 stands for a jet that is not there; then what is no input of theirs, where NaN does. `nearby`:
// distance from the legs within which jets are dropped; 0 for none.
constexpr std::size_t kFeatures = 27 + 26 + 5;

template <class TauMasses, class JetMasses>
std::array<double, kFeatures> features(const Candidate &found, double unit, const ROOT::RVec<Tau> &taus,
                                       const ROOT::RVec<Muon> &muons, const ROOT::RVec<Electron> &electrons,
                                       const ROOT::RVec<Jet> &jets, const Met &met, double vertices,
                                       const TauMasses &tau_masses, std::size_t file_jets, const JetMasses &jet_masses,
                                       double nearby, const Fidelity &fidelity) {
  const std::array<Leg, 2> pair = legs(found, unit, taus, muons, electrons, tau_masses);
  const auto &[one, two] = pair;
  const ROOT::RVec<Jet> clean = nearby > 0.0 ? away_from(jets, pair, nearby) : jets;
  const ROOT::RVec<Jet> taken = ordered_jets(clean, fidelity), once = ordered_jets(clean, {});
  const auto jet = [](const ROOT::RVec<Jet> &list, std::size_t i, double nothing) {
    return i < list.size() ? list[i] : Jet{nothing, nothing, nothing, -1, false, false};
  };
  const Jet input1 = jet(taken, 0, 0.0), input2 = jet(taken, 1, 0.0), jet1 = jet(once, 0, kNaN),
            jet2 = jet(once, 1, kNaN);
  const Activity rest = remaining_activity(taken, fidelity);
  const auto [mt1, mt2, mt12, total] = transverse_masses(pair, met);
  const double px = one.pt * std::cos(one.phi) + two.pt * std::cos(two.phi);
  const double py = one.pt * std::sin(one.phi) + two.pt * std::sin(two.phi);
  const auto tagged = std::count_if(clean.begin(), clean.end(), [](const Jet &tag) { return tag.is_b; });
  const double visible = mass_of(one, two);
  // clang-format off
  return {one.pt, one.eta, one.phi, two.pt, two.eta, two.phi,
          input1.pt, input1.eta, input1.phi, input2.pt, input2.eta, input2.phi,
          rest.pt, rest.eta, rest.phi, double(rest.count),
          met.pt, met.phi, met.xx, met.xy, met.yy,
          mt1, mt2, mt12, total, vertices, double(neutrinos(found.channel)),
          one.pt, one.eta, one.phi, mt1, two.pt, two.eta, two.phi, mt2,
          std::sqrt(px * px + py * py), total, delta_r(one.eta, one.phi, two.eta, two.phi),
          met.pt, met.phi, met.xx, met.xy, met.yy, double(once.size()), double(tagged),
          jet1.pt, jet1.eta, jet1.phi, jet2.pt, jet2.eta, jet2.phi, std::abs(jet1.eta - jet2.eta), vertices,
          one.mass, two.mass, visible, collinear_mass(one, two, met, visible), dijet_mass(once, unit, file_jets, jet_masses)};
  // clang-format on
}

// Generated mass of the resonance (Z, h, H, A) that decays to two taus, GeV: as stored, or of the two taus where it is
// not. Where no such particle is in the record, the mass of the two taus of the hard process (bit 7 of the status
// flags) that have one mother, as in Drell-Yan. NaN where there is none, or more than one. Throws std::runtime_error
// where the lengths differ.
template <class Id, class Mother, class P, class Flags>
double generated_mass(double unit, const Id &id, const Mother &mother, const P &pt, const P &eta, const P &phi,
                      const P &mass, const Flags &flags) {
  constexpr int tau = 15, hard_process = 7;
  const Collection all{id.size(), "GenPart_pdgId"};
  all.check(mother, "GenPart_genPartIdxMother");
  all.check(pt, "GenPart_pt");
  all.check(eta, "GenPart_eta");
  all.check(phi, "GenPart_phi");
  all.check(mass, "GenPart_mass");
  all.check(flags, "GenPart_statusFlags");
  const int size = static_cast<int>(id.size());
  const auto is_resonance = [&](int i) {
    return i >= 0 && i < size && (id[i] == 23 || id[i] == 25 || id[i] == 35 || id[i] == 36);
  };
  const auto of_pair = [&](int i, int j) {
    const auto energy = [&](int k) { return std::hypot(pt[k] / unit * std::cosh(double(eta[k])), kTauMass); };
    return pair_mass(pt[i] / unit, eta[i], phi[i], energy(i), pt[j] / unit, eta[j], phi[j], energy(j));
  };
  double found = kNaN;
  int pairs = 0;
  for (int i = 0; i < size; ++i) {
    if (id[i] != tau || !is_resonance(mother[i])) continue;
    for (int j = 0; j < size; ++j) {
      if (id[j] != -tau || mother[j] != mother[i]) continue;
      found = mass[mother[i]] > 0 ? mass[mother[i]] / unit : of_pair(i, j);
      ++pairs;
    }
  }
  if (pairs > 0) return pairs == 1 ? found : kNaN;
  int plus = -1, minus = -1, count = 0;
  for (int i = 0; i < size; ++i) {
    if ((id[i] != tau && id[i] != -tau) || !(static_cast<int>(flags[i]) >> hard_process & 1)) continue;
    ++count;
    (id[i] == tau ? minus : plus) = i;
  }
  // two taus of two W bosons have two mothers
  const bool is_pair = count == 2 && plus >= 0 && minus >= 0 && mother[plus] == mother[minus];
  return is_pair ? of_pair(plus, minus) : kNaN;
}

} // namespace rdfp::ditau

// -- what the graph calls, under names that no branch has

inline rdfp::ditau::Met rdfp_ditau_met(double unit, double pt, double phi, double xx, double xy, double yy) {
  return rdfp::ditau::met(unit, pt, phi, xx, xy, yy);
}

template <class JetPt, class TauMasses, class JetMasses>
auto rdfp_ditau_features(const rdfp::ditau::Candidate &found, double unit, const ROOT::RVec<rdfp::ditau::Tau> &taus,
                         const ROOT::RVec<rdfp::ditau::Muon> &muons, const ROOT::RVec<rdfp::ditau::Electron> &electrons,
                         const ROOT::RVec<rdfp::ditau::Jet> &jets, const rdfp::ditau::Met &met, double vertices,
                         const TauMasses &tau_masses, const JetPt &jet_pt, const JetMasses &jet_masses, double nearby,
                         bool append_b, bool asin_phi) {
  return rdfp::ditau::features(found, unit, taus, muons, electrons, jets, met, vertices, tau_masses, jet_pt.size(),
                               jet_masses, nearby, {append_b, asin_phi});
}

template <class... Columns> double rdfp_ditau_generated_mass(double unit, const Columns &...columns) {
  return rdfp::ditau::generated_mass(unit, columns...);
}
