#pragma once
// Taus, muons, electrons and jets of one event as objects, with decisions in place of the numbers behind them.
// Momenta in GeV, phi in rad, everything in double.

#include "rdfplugins/kinematics.h"

#include <ROOT/RVec.hxx>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace rdfp::ditau {

struct Muon {
  double pt, eta, phi, isolation;
  int charge;
  bool at_vertex, id, loose_id;
};

struct Electron {
  double pt, eta, phi, isolation;
  int charge;
  bool at_vertex, id, not_conversion;
};

struct Tau {
  double pt, eta, phi, order; // pairs of a lepton and a tau are ranked by `order`
  int charge;
  bool at_vertex, decay_mode;
  double vs_e, vs_mu, vs_jet; // working points; infinite where a decision without threshold is passed, NaN where not
};

struct Jet {
  double pt, eta, phi;
  int place; // in the collection of the file
  bool is_jet, is_b;
};

// By what pairs are ranked: in pairs of one collection all by momentum.
inline double rank(const Muon &muon, bool) { return muon.pt; }
inline double rank(const Electron &electron, bool) { return electron.pt; }
inline double rank(const Tau &tau, bool same) { return same ? tau.pt : tau.order; }

// Distance in pseudorapidity and azimuth. NaN gives NaN.
inline double delta_r(double eta1, double phi1, double eta2, double phi2) {
  const double deta = eta1 - eta2, dphi = delta_phi(phi1, phi2);
  return std::sqrt(deta * deta + dphi * dphi);
}

// Stand for a column that is not asked for: true, or false, for every object.
struct All {
  bool operator[](std::size_t) const { return true; }
};
struct Nothing {
  bool operator[](std::size_t) const { return false; }
};

// A collection whose branches have this many elements; what is of another length is refused, as an index would read
// another object's value, or none's.
struct Collection {
  std::size_t size;
  const char *name;

  template <class Values> void check(const Values &values, const char *what) const {
    if (values.size() != size)
      throw std::runtime_error(std::string(what) + " has " + std::to_string(values.size()) +
                               " elements in an event with " + std::to_string(size) + " in " + name);
  }
  void check(const All &, const char *) const {}
  void check(const Nothing &, const char *) const {}
};

// A decision or number of any type as true or false; NaN is false.
template <class T> bool is_true(T value) { return value == value && static_cast<bool>(value); }

// What an expression of the user, or a column of whole numbers, decides for each object: 0 or 1. Throws
// std::runtime_error for another number, which is no decision; `what` names it.
template <class Values> ROOT::RVec<bool> decisions(const Values &values, const char *what) {
  ROOT::RVec<bool> found(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = static_cast<double>(values[i]);
    if (value != 0.0 && value != 1.0)
      throw std::runtime_error(std::string(what) + " is to decide for each object, with 0 or 1, and says " +
                               std::to_string(values[i]) + "; write a comparison such as X >= 2");
    found[i] = value == 1.0;
  }
  return found;
}

// A working point as number; a decision is above all thresholds or, as NaN, above none.
template <class T> double working_point(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    return static_cast<double>(value);
  }
}

template <class T> bool at_most(T value, double bound) {
  if constexpr (std::is_same_v<T, bool>) {
    return value;
  } else {
    return static_cast<double>(value) <= bound;
  }
}

template <class T> bool at_least(T value, double bound) { return working_point(value) >= bound; }

// Tracks that come from the primary vertex, cm.
struct Vertex {
  double max_dxy, max_dz;

  bool holds(double dxy, double dz) const { return std::abs(dxy) < max_dxy && std::abs(dz) < max_dz; }
};

// `unit`: 1 GeV in the unit of the file.
template <class P, class Q, class D, class Id, class Loose, class I>
ROOT::RVec<Muon> muons(double unit, const Vertex &vertex, const P &pt, const P &eta, const P &phi, const Q &charge,
                       const D &dxy, const D &dz, const Id &id, const Loose &loose, const I &isolation) {
  const Collection all{pt.size(), "Muon_pt"};
  all.check(eta, "Muon_eta");
  all.check(phi, "Muon_phi");
  all.check(charge, "Muon_charge");
  all.check(dxy, "Muon_dxy");
  all.check(dz, "Muon_dz");
  all.check(id, "muon_id");
  all.check(loose, "muon_loose_id");
  all.check(isolation, "muon_isolation");
  ROOT::RVec<Muon> found;
  found.reserve(all.size);
  for (std::size_t i = 0; i < all.size; ++i)
    found.push_back({pt[i] / unit, eta[i], phi[i], static_cast<double>(isolation[i]), static_cast<int>(charge[i]),
                     vertex.holds(dxy[i], dz[i]), is_true(id[i]), is_true(loose[i])});
  return found;
}

template <class P, class Q, class D, class Id, class Veto, class Hits, class I>
ROOT::RVec<Electron> electrons(double unit, const Vertex &vertex, double max_lost_hits, const P &pt, const P &eta,
                               const P &phi, const Q &charge, const D &dxy, const D &dz, const Id &id,
                               const Veto &conversion_veto, const Hits &lost_hits, const I &isolation) {
  const Collection all{pt.size(), "Electron_pt"};
  all.check(eta, "Electron_eta");
  all.check(phi, "Electron_phi");
  all.check(charge, "Electron_charge");
  all.check(dxy, "Electron_dxy");
  all.check(dz, "Electron_dz");
  all.check(id, "electron_id");
  all.check(conversion_veto, "electron_conversion_veto");
  all.check(lost_hits, "electron_lost_hits");
  all.check(isolation, "electron_isolation");
  ROOT::RVec<Electron> found;
  found.reserve(all.size);
  for (std::size_t i = 0; i < all.size; ++i)
    found.push_back({pt[i] / unit, eta[i], phi[i], static_cast<double>(isolation[i]), static_cast<int>(charge[i]),
                     vertex.holds(dxy[i], dz[i]), is_true(id[i]),
                     is_true(conversion_veto[i]) && at_most(lost_hits[i], max_lost_hits)});
  return found;
}

// By what a tau is ranked; NaN after all numbers.
template <class T> double order_of(T value) {
  const double order = static_cast<double>(value);
  return std::isnan(order) ? -std::numeric_limits<double>::infinity() : order;
}

// Accepted decay modes: bit n is set where mode n is.
struct DecayModes {
  unsigned long long bits;

  template <class T> bool hold(T mode) const { return mode >= 0 && mode < 64 && (bits >> static_cast<int>(mode) & 1); }
  bool hold(bool decision) const { return decision; } // not a decay mode
};

template <class P, class Q, class D, class Id, class Mode, class E, class M, class J, class Order>
ROOT::RVec<Tau> taus(double unit, double max_dz, const DecayModes &modes, const P &pt, const P &eta, const P &phi,
                     const Q &charge, const D &dz, const Id &id, const Mode &mode, const E &vs_e, const M &vs_mu,
                     const J &vs_jet, const Order &order) {
  const Collection all{pt.size(), "Tau_pt"};
  all.check(eta, "Tau_eta");
  all.check(phi, "Tau_phi");
  all.check(charge, "Tau_charge");
  all.check(dz, "Tau_dz");
  all.check(id, "tau_id");
  all.check(mode, "tau_decay_mode");
  all.check(vs_e, "tau_vs_e");
  all.check(vs_mu, "tau_vs_mu");
  all.check(vs_jet, "tau_vs_jet");
  all.check(order, "tau_order");
  ROOT::RVec<Tau> found;
  found.reserve(all.size);
  for (std::size_t i = 0; i < all.size; ++i)
    found.push_back({pt[i] / unit, eta[i], phi[i], order_of(order[i]), static_cast<int>(charge[i]),
                     std::abs(static_cast<double>(dz[i])) < max_dz, is_true(id[i]) && modes.hold(mode[i]),
                     working_point(vs_e[i]), working_point(vs_mu[i]), working_point(vs_jet[i])});
  return found;
}

// Acceptance of jets and of b jets, and the smallest id number of both.
struct JetCuts {
  double min_pt, max_abs_eta, min_id;
  double b_min_pt, b_max_abs_eta, b_min_btag;
};

// The jets and b jets of the event: those of largest momentum first (equal ones in the order of the file), without
// those that are the jet of a tau, by the index that each entry of the tau collection, selected or not, names. `taus`:
// anything of the length of that collection.
template <class P, class Id, class B, class Taus, class Index>
ROOT::RVec<Jet> jets(double unit, const JetCuts &cuts, const P &pt, const P &eta, const P &phi, const Id &id,
                     const B &btag, const Taus &taus, const Index &of_taus) {
  Collection{taus.size(), "Tau_pt"}.check(of_taus, "tau_jet_index");
  const Collection all{pt.size(), "Jet_pt"};
  all.check(eta, "Jet_eta");
  all.check(phi, "Jet_phi");
  all.check(id, "jet_id");
  all.check(btag, "jet_btag");
  ROOT::RVec<Jet> found;
  for (std::size_t i = 0; i < all.size; ++i) {
    const double momentum = pt[i] / unit, abs_eta = std::abs(static_cast<double>(eta[i]));
    const bool is_jet = momentum > cuts.min_pt && abs_eta < cuts.max_abs_eta;
    const bool maybe_b = momentum > cuts.b_min_pt && abs_eta < cuts.b_max_abs_eta;
    if ((!is_jet && !maybe_b) || !at_least(id[i], cuts.min_id)) continue;
    const double discriminant = working_point(btag[i]);
    const bool is_b = maybe_b && discriminant > cuts.b_min_btag;
    if (!is_jet && !is_b) continue;
    bool is_tau = false;
    for (const auto &index : of_taus) is_tau = is_tau || static_cast<long long>(index) == static_cast<long long>(i);
    if (!is_tau) found.push_back({momentum, eta[i], phi[i], static_cast<int>(i), is_jet, is_b});
  }
  std::stable_sort(found.begin(), found.end(), [](const Jet &one, const Jet &two) { return one.pt > two.pt; });
  return found;
}

} // namespace rdfp::ditau
