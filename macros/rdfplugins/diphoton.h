#pragma once
// Selection of H -> gamma gamma candidates after ATLAS, arXiv:1802.04146, as ROOT's tutorial df104 has it, and
// features. Momenta and energies in the unit of the file; so are the thresholds of Cuts.

#include "rdfplugins/collections.h"
#include "rdfplugins/kinematics.h"

#include <ROOT/RVec.hxx>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace rdfp::diphoton {

// Which cuts are on and where they stand. A cut that is off is not counted in Pair::passed.
// Thresholds are double: a float32 branch is promoted, never the threshold rounded.
struct Cuts {
  bool trigger = true;
  double min_pt = 0.0;
  double max_abs_eta = std::numeric_limits<double>::infinity();
  bool use_max_abs_eta = false;
  double crack_low = 0.0, crack_high = 0.0; // photons with crack_low <= abs(eta) <= crack_high are refused
  bool use_crack = false;
  bool leading_two = false; // the two leading of all photons must be good; else exactly two good ones are asked for
  bool order_by_pt = true;  // else lead and sublead as in the file
  bool trigger_matched = true;
  bool track_isolation = true;
  double max_track_isolation = 0.0;
  bool calo_isolation = true;
  double max_calo_isolation = 0.0;
  bool lead_fraction = true;
  double min_lead_fraction = 0.0;
  bool sublead_fraction = true;
  double min_sublead_fraction = 0.0;
  bool fraction_of_energy = false; // E / m in place of pT / m
  bool mass_range = true;
  double mass_range_low = 0.0, mass_range_high = 0.0; // open
  bool mass_window = false;
  double mass_window_low = 0.0, mass_window_high = 0.0; // closed
};

// The pair of an event: indices in the photon collection (-1 where there is none), mass, and how many cuts in their
// order were passed before the first that was not.
struct Pair {
  int passed = 0;
  int lead = -1;
  int sublead = -1;
  double mass = std::numeric_limits<double>::quiet_NaN();
};

// Whether a flag or number of any type counts as true; NaN does not.
template <class T> bool is_true(T value) { return value == value && static_cast<bool>(value); }

// Collections of one object must have one length: an index would otherwise read another object's value, or none's.
inline void check_length(std::size_t length, std::size_t expected, const char *name) {
  if (length == expected) return;
  throw std::runtime_error(std::string(name) + " has " + std::to_string(length) + " elements where photon_pt has " +
                           std::to_string(expected));
}

// Identification and acceptance of one photon. NaN passes none of the cuts that are on.
template <class T> bool is_good(const Cuts &cuts, bool tight, T pt, T eta) {
  const double abs_eta = std::abs(static_cast<double>(eta));
  if (!tight || !(pt > cuts.min_pt)) return false;
  if (cuts.use_max_abs_eta && !(abs_eta < cuts.max_abs_eta)) return false;
  return !cuts.use_crack || abs_eta < cuts.crack_low || abs_eta > cuts.crack_high;
}

// Exactly two good photons, in the order of the file; {-1, -1} for any other number.
template <class T>
std::pair<int, int> two_good(const Cuts &cuts, const ROOT::RVec<bool> &tight, const ROOT::RVec<T> &pt,
                             const ROOT::RVec<T> &eta) {
  std::pair<int, int> pair{-1, -1};
  int found = 0;
  for (std::size_t i = 0; i < pt.size(); ++i) {
    if (!is_good(cuts, tight[i], pt[i], eta[i])) continue;
    if (++found > 2) return {-1, -1};
    (found == 1 ? pair.first : pair.second) = static_cast<int>(i);
  }
  return found == 2 ? pair : std::pair<int, int>{-1, -1};
}

// The indices of the two largest values, the earlier first where two are equal; -1 where there are fewer. NaN is last.
template <class T> std::pair<int, int> two_leading(const ROOT::RVec<T> &pt) {
  std::pair<int, int> pair{-1, -1};
  const auto above = [&pt](std::size_t i, int other) {
    return other < 0 || pt[i] > pt[other] || (std::isnan(pt[other]) && !std::isnan(pt[i]));
  };
  for (std::size_t i = 0; i < pt.size(); ++i) {
    if (above(i, pair.first)) {
      pair = {static_cast<int>(i), pair.first};
    } else if (above(i, pair.second)) {
      pair.second = static_cast<int>(i);
    }
  }
  return pair;
}

template <class T>
std::pair<int, int> find_pair(const Cuts &cuts, const ROOT::RVec<bool> &tight, const ROOT::RVec<T> &pt,
                              const ROOT::RVec<T> &eta) {
  std::pair<int, int> pair{-1, -1};
  if (cuts.leading_two) {
    pair = two_leading(pt);
    const auto [i, j] = pair;
    if (j < 0 || !is_good(cuts, tight[i], pt[i], eta[i]) || !is_good(cuts, tight[j], pt[j], eta[j])) return {-1, -1};
  } else {
    pair = two_good(cuts, tight, pt, eta);
    if (pair.first < 0) return pair;
  }
  const bool swapped = cuts.order_by_pt ? pt[pair.second] > pt[pair.first] : pair.second < pair.first;
  return swapped ? std::pair<int, int>{pair.second, pair.first} : pair;
}

// value / pt of a photon below the bound; the ratio of two floats stays a float, as in C++.
template <class T> bool is_isolated(T cone, T pt, double bound) { return static_cast<T>(cone / pt) < bound; }

// All cuts in their order, stopping at the first that fails. No NaN passes a cut.
// Vectors of cuts that are off may be empty. Throws std::runtime_error where lengths of used vectors differ.
template <class T>
Pair select(const Cuts &cuts, bool trigger, const ROOT::RVec<bool> &tight, const ROOT::RVec<bool> &matched,
            const ROOT::RVec<T> &pt, const ROOT::RVec<T> &eta, const ROOT::RVec<T> &phi, const ROOT::RVec<T> &energy,
            const ROOT::RVec<T> &ptcone, const ROOT::RVec<T> &etcone) {
  Pair result;
  const std::size_t n = pt.size();
  if (cuts.trigger) {
    if (!trigger) return result;
    ++result.passed;
  }
  check_length(tight.size(), n, "photon_isTightID");
  check_length(eta.size(), n, "photon_eta");
  const auto [i, j] = find_pair(cuts, tight, pt, eta);
  if (i < 0) return result;
  check_length(phi.size(), n, "photon_phi");
  result.lead = i;
  result.sublead = j;
  result.mass = massless_pair_mass(pt[i], eta[i], phi[i], pt[j], eta[j], phi[j]);
  ++result.passed;
  if (cuts.trigger_matched) {
    check_length(matched.size(), n, "photon_trigMatched");
    if (!matched[i] || !matched[j]) return result;
    ++result.passed;
  }
  if (cuts.track_isolation) {
    check_length(ptcone.size(), n, "photon_ptcone30");
    for (const int k : {i, j})
      if (!is_isolated(ptcone[k], pt[k], cuts.max_track_isolation)) return result;
    ++result.passed;
  }
  if (cuts.calo_isolation) {
    check_length(etcone.size(), n, "photon_etcone20");
    for (const int k : {i, j})
      if (!is_isolated(etcone[k], pt[k], cuts.max_calo_isolation)) return result;
    ++result.passed;
  }
  const ROOT::RVec<T> &numerator = cuts.fraction_of_energy ? energy : pt;
  if (cuts.lead_fraction || cuts.sublead_fraction) check_length(numerator.size(), n, "photon_E");
  if (cuts.lead_fraction) {
    if (!(numerator[i] / result.mass > cuts.min_lead_fraction)) return result;
    ++result.passed;
  }
  if (cuts.sublead_fraction) {
    if (!(numerator[j] / result.mass > cuts.min_sublead_fraction)) return result;
    ++result.passed;
  }
  if (cuts.mass_range) {
    if (!(cuts.mass_range_low < result.mass && result.mass < cuts.mass_range_high)) return result;
    ++result.passed;
  }
  if (cuts.mass_window) {
    if (!(cuts.mass_window_low <= result.mass && result.mass <= cuts.mass_window_high)) return result;
    ++result.passed;
  }
  return result;
}

// Kinematics of the pair. y: rapidity. ptt: momentum transverse to the thrust axis, 2 |p1 x p2| / |p1 - p2| in the
// transverse plane (Ackerstaff et al., Eur. Phys. J. C4 (1998) 47). cos_theta_star: |cos theta*| in the Collins-Soper
// frame, |sinh deta| / sqrt(1 + (pt/m)^2) * 2 pt1 pt2 / m^2 (ATLAS, arXiv:1407.4222). deta, dphi: absolute values.
// Photons are massless: E = pt cosh(eta).
struct System {
  double pt, y, ptt, cos_theta_star, deta, dphi;
};

template <class T>
System system(const Pair &pair, const ROOT::RVec<T> &pts, const ROOT::RVec<T> &etas, const ROOT::RVec<T> &phis) {
  const double pt1 = pts[pair.lead], eta1 = etas[pair.lead], phi1 = phis[pair.lead];
  const double pt2 = pts[pair.sublead], eta2 = etas[pair.sublead], phi2 = phis[pair.sublead];
  const double px1 = pt1 * std::cos(phi1), py1 = pt1 * std::sin(phi1);
  const double px2 = pt2 * std::cos(phi2), py2 = pt2 * std::sin(phi2);
  const double pt = std::hypot(px1 + px2, py1 + py2);
  const double plus = pt1 * std::exp(eta1) + pt2 * std::exp(eta2);    // E + pz
  const double minus = pt1 * std::exp(-eta1) + pt2 * std::exp(-eta2); // E - pz
  const double ptt = 2.0 * std::abs(px1 * py2 - px2 * py1) / std::hypot(px1 - px2, py1 - py2);
  const double ratio = pt / pair.mass;
  const double cos_theta_star =
      std::abs(std::sinh(eta1 - eta2)) / std::sqrt(1.0 + ratio * ratio) * 2.0 * pt1 * pt2 / (pair.mass * pair.mass);
  return {
      pt, 0.5 * std::log(plus / minus), ptt, cos_theta_star, std::abs(eta1 - eta2), std::abs(delta_phi(phi1, phi2))};
}

// Mass and absolute difference in pseudorapidity of the two jets of largest pT; `empty` below two jets. A jet whose
// pT is NaN counts as the softest. Throws std::runtime_error where the lengths differ.
struct JetPair {
  double mass, deta;
};

template <class T>
JetPair leading_jets(const ROOT::RVec<T> &pt, const ROOT::RVec<T> &eta, const ROOT::RVec<T> &phi,
                     const ROOT::RVec<T> &energy, double empty) {
  if (eta.size() != pt.size() || phi.size() != pt.size() || energy.size() != pt.size())
    throw std::runtime_error("jet_pt, jet_eta, jet_phi and jet_E differ in length");
  if (pt.size() < 2) return {empty, empty};
  const auto [i, j] = two_leading(pt);
  return {pair_mass(pt[i], eta[i], phi[i], energy[i], pt[j], eta[j], phi[j], energy[j]),
          std::abs(static_cast<double>(eta[i]) - static_cast<double>(eta[j]))};
}

// Fills an array from its beginning, so that the order of the features stands in one place.
template <std::size_t N> struct Packer {
  std::array<double, N> values{};
  std::size_t used = 0;

  // No feature is infinite: what overflows, or comes from an infinite input, is NaN.
  void add(double value) {
    values.at(used++) = std::isfinite(value) ? value : std::numeric_limits<double>::quiet_NaN();
  }
  void add(const Statistics &s) {
    for (const double value : {s.min, s.max, s.mean, s.sum, s.std}) add(value);
  }
};

constexpr std::size_t kFeatures = 2 + 6 + 2 + 5 * (5 + 8);

// All computed features of a selected event, in this order: mass, mass in GeV (`gev`: 1 GeV in the unit of the file),
// the six of System, the two of JetPair, then minimum, maximum, mean, sum and standard deviation of pT, phi, E, theta
// and MV2c10 (the b-tagging weight) of all jets and of pT, phi, E, theta, charge (e), z0 (mm), ptcone30 and etcone20 of
// all electrons and muons. `empty` stands for what an event without the objects does not have.
template <class T, class Charge>
std::array<double, kFeatures>
features(const Pair &pair, const ROOT::RVec<T> &photon_pt, const ROOT::RVec<T> &photon_eta,
         const ROOT::RVec<T> &photon_phi, const ROOT::RVec<T> &jet_pt, const ROOT::RVec<T> &jet_eta,
         const ROOT::RVec<T> &jet_phi, const ROOT::RVec<T> &jet_e, const ROOT::RVec<T> &jet_mv2c10,
         const ROOT::RVec<T> &lep_pt, const ROOT::RVec<T> &lep_eta, const ROOT::RVec<T> &lep_phi,
         const ROOT::RVec<T> &lep_e, const ROOT::RVec<Charge> &lep_charge, const ROOT::RVec<T> &lep_z0,
         const ROOT::RVec<T> &lep_ptcone, const ROOT::RVec<T> &lep_etcone, double gev, double empty) {
  Packer<kFeatures> out;
  out.add(pair.mass);
  out.add(pair.mass / gev);
  const System yy = system(pair, photon_pt, photon_eta, photon_phi);
  for (const double value : {yy.pt, yy.y, yy.ptt, yy.cos_theta_star, yy.deta, yy.dphi}) out.add(value);
  const JetPair jj = leading_jets(jet_pt, jet_eta, jet_phi, jet_e, empty);
  out.add(jj.mass);
  out.add(jj.deta);
  for (const auto *values : {&jet_pt, &jet_phi, &jet_e}) out.add(statistics(*values, empty));
  out.add(theta_statistics(jet_eta, empty));
  out.add(statistics(jet_mv2c10, empty));
  for (const auto *values : {&lep_pt, &lep_phi, &lep_e}) out.add(statistics(*values, empty));
  out.add(theta_statistics(lep_eta, empty));
  out.add(statistics(lep_charge, empty));
  for (const auto *values : {&lep_z0, &lep_ptcone, &lep_etcone}) out.add(statistics(*values, empty));
  return out.values;
}

} // namespace rdfp::diphoton
