#pragma once
// Selection of di-tau candidates in six exclusive channels, after the CMS analyses of H -> tau tau with NanoAOD.
// Pairs of legs, in this order: hadronic tau (t), muon (m), electron (e). Momenta in GeV, phi in rad.
// Values of branches are promoted to double before they are compared, thresholds are double. NaN passes no cut.

#include "rdfplugins/ditau_cuts.h"
#include "rdfplugins/ditau_objects.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace rdfp::ditau {

// How many of the decisions, in their order, are true before the first that is not.
inline int leading(std::initializer_list<bool> decisions) {
  int count = 0;
  for (const bool decision : decisions) {
    if (!decision) break;
    ++count;
  }
  return count;
}

// What was found in an event: how many filters of bad events it passes, its channel (kNone where it is not selected),
// the places of the two legs in their collections, and for each channel how many of its own cuts, in their order, were
// passed.
struct Candidate {
  int flags = 0;
  int channel = kNone;
  int first = -1, second = -1;
  int charge_1 = 0, charge_2 = 0;
  std::array<double, kChannels> passed{};
};

inline bool in_acceptance(const LegCuts &cuts, double pt, double eta) {
  const double abs_eta = std::abs(eta);
  return cuts.closed ? pt >= cuts.min_pt && abs_eta <= cuts.max_abs_eta
                     : pt > cuts.min_pt && abs_eta < cuts.max_abs_eta;
}

// How many of the criteria of a leg, in their order, an object passes before the first that it does not.
inline int passed_criteria(const LegCuts &cuts, const Muon &muon) {
  if (!in_acceptance(cuts, muon.pt, muon.eta)) return 0;
  if (!muon.at_vertex) return 1;
  if (!muon.id) return 2;
  return muon.isolation < cuts.max_isolation ? 4 : 3;
}

inline int passed_criteria(const LegCuts &cuts, const Electron &electron) {
  if (!in_acceptance(cuts, electron.pt, electron.eta)) return 0;
  if (!electron.at_vertex) return 1;
  if (!electron.id) return 2;
  if (!electron.not_conversion) return 3;
  return electron.isolation < cuts.max_isolation ? 5 : 4;
}

inline int passed_criteria(const LegCuts &cuts, const Tau &tau) {
  if (!in_acceptance(cuts, tau.pt, tau.eta)) return 0;
  if (!tau.at_vertex) return 1;
  if (std::abs(tau.charge) != 1) return 2;
  if (!tau.decay_mode) return 3;
  if (!(tau.vs_e >= cuts.min_vs_e)) return 4;
  if (!(tau.vs_mu >= cuts.min_vs_mu)) return 5;
  return tau.vs_jet >= cuts.min_vs_jet ? 7 : 6;
}

// Whether a tau is far enough from all jets and b jets that are left.
inline bool far_from_jets(const Tau &tau, const ROOT::RVec<Jet> &jets, double min_delta_r) {
  for (const Jet &jet : jets)
    if (!(delta_r(tau.eta, tau.phi, jet.eta, jet.phi) >= min_delta_r)) return false;
  return true;
}

// Places of the good objects, how many of the criteria that are asked are passed by at least as many objects as are
// needed, and whether all are.
struct Good {
  ROOT::RVec<int> places;
  int passed = 0;
  bool complete = false;
};

template <class Object>
Good good_objects(const LegCuts &cuts, const std::array<bool, kMostCriteria> &asked, const ROOT::RVec<Object> &objects,
                  int criteria, int needed) {
  Good good;
  std::array<int, kMostCriteria + 1> stopped{}; // how many objects stopped at each criterion
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const int passed = passed_criteria(cuts, objects[i]);
    ++stopped[passed];
    if (passed == criteria) good.places.push_back(static_cast<int>(i));
  }
  int left = static_cast<int>(objects.size());
  for (int criterion = 0; criterion < criteria; ++criterion) {
    left -= stopped[criterion];
    if (left < needed) return good;
    good.passed += asked[criterion];
  }
  good.complete = true;
  return good;
}

// The same for taus, with the distance from jets as the last criterion: it is looked at where all others are passed.
inline Good good_taus(const Cuts &cuts, int channel, const ROOT::RVec<Tau> &taus, const ROOT::RVec<Jet> &jets,
                      int needed) {
  Good good = good_objects(cuts.tau[channel], cuts.tau_asked, taus, kTauCriteria, needed);
  if (!cuts.tau_jet_overlap) return good;
  ROOT::RVec<int> far;
  for (const int place : good.places)
    if (far_from_jets(taus[place], jets, cuts.tau_jet_min_delta_r)) far.push_back(place);
  good.places = far;
  good.complete = good.complete && static_cast<int>(far.size()) >= needed;
  good.passed += good.complete;
  return good;
}

inline bool has_charge(Charge wanted, int charge1, int charge2) {
  if (wanted == Charge::kAny) return true;
  return charge1 != 0 && charge1 == (wanted == Charge::kOpposite ? -charge2 : charge2);
}

// The best pair: of the right charge and far enough apart, the one of largest rank of leg 1, then of leg 2; the first
// in the order of the collections where they are equal. `with_charge`: whether any pair had the right charge.
struct Pair {
  int first = -1, second = -1;
  bool with_charge = false;
  int charge1 = 0, charge2 = 0;
};

template <class First, class Second>
Pair best_pair(const Cuts &cuts, int channel, const ROOT::RVec<First> &firsts, const ROOT::RVec<int> &places1,
               const ROOT::RVec<Second> &seconds, const ROOT::RVec<int> &places2) {
  Pair best;
  const bool same = channel == kTT || channel == kMM || channel == kEE; // both legs are of one collection
  for (std::size_t a = 0; a < places1.size(); ++a) {
    for (std::size_t b = same ? a + 1 : 0; b < places2.size(); ++b) {
      int i = places1[a], j = places2[b];
      if (same && seconds[j].pt > firsts[i].pt) std::swap(i, j);
      const First &one = firsts[i];
      const Second &two = seconds[j];
      if (!has_charge(cuts.charge, one.charge, two.charge)) continue;
      best.with_charge = true;
      if (!(delta_r(one.eta, one.phi, two.eta, two.phi) > cuts.min_delta_r[channel])) continue;
      const bool better =
          best.first < 0 || rank(one, same) > rank(firsts[best.first], same) ||
          (rank(one, same) == rank(firsts[best.first], same) && rank(two, same) > rank(seconds[best.second], same));
      if (better) best = {i, j, true, one.charge, two.charge};
    }
  }
  return best;
}

template <class Lepton> bool is_veto_lepton(const VetoCuts &cuts, const Lepton &lepton) {
  return lepton.pt > cuts.min_pt && std::abs(lepton.eta) < cuts.max_abs_eta && lepton.at_vertex &&
         lepton.isolation < cuts.max_isolation;
}

inline int count_muons(const VetoCuts &cuts, const ROOT::RVec<Muon> &muons) {
  int count = 0;
  for (const Muon &muon : muons) count += muon.id && is_veto_lepton(cuts, muon);
  return count;
}

inline int count_electrons(const VetoCuts &cuts, const ROOT::RVec<Electron> &electrons) {
  int count = 0;
  for (const Electron &electron : electrons)
    count += electron.id && electron.not_conversion && is_veto_lepton(cuts, electron);
  return count;
}

inline bool is_loose(const Muon &muon) { return muon.loose_id; }
inline bool is_loose(const Electron &electron) { return electron.not_conversion; }

// Whether there are two loose leptons of opposite charge, apart from each other, besides the one that was chosen.
template <class Lepton> bool has_loose_pair(const VetoCuts &cuts, const ROOT::RVec<Lepton> &leptons, int chosen) {
  for (int i = 0; i < static_cast<int>(leptons.size()); ++i) {
    if (i == chosen || !is_loose(leptons[i]) || !is_veto_lepton(cuts, leptons[i])) continue;
    for (int j = i + 1; j < static_cast<int>(leptons.size()); ++j) {
      const Lepton &one = leptons[i], &two = leptons[j];
      if (j == chosen || !is_loose(two) || !is_veto_lepton(cuts, two)) continue;
      if (one.charge * two.charge < 0 && delta_r(one.eta, one.phi, two.eta, two.phi) > cuts.min_delta_r) return true;
    }
  }
  return false;
}

// All objects of an event that the selection looks at.
struct Event {
  const ROOT::RVec<Tau> &taus;
  const ROOT::RVec<Muon> &muons;
  const ROOT::RVec<Electron> &electrons;
  const ROOT::RVec<Jet> &jets;
  int veto_muons, veto_electrons;
};

struct Legs {
  int passed = 0; // of the criteria of both legs
  bool complete = false;
  Pair pair;
};

template <class First, class Second>
Legs two_legs(const Cuts &cuts, int channel, const ROOT::RVec<First> &firsts, const Good &first,
              const ROOT::RVec<Second> &seconds, const Good &second) {
  Legs legs;
  legs.passed = first.complete ? first.passed + second.passed : first.passed;
  legs.complete = first.complete && second.complete;
  if (legs.complete) legs.pair = best_pair(cuts, channel, firsts, first.places, seconds, second.places);
  return legs;
}

template <class Object>
Legs two_of(const Cuts &cuts, int channel, const ROOT::RVec<Object> &objects, const Good &good) {
  Legs legs;
  legs.passed = good.passed;
  legs.complete = good.complete;
  if (legs.complete) legs.pair = best_pair(cuts, channel, objects, good.places, objects, good.places);
  return legs;
}

// The legs of a channel; two objects of one kind are needed in tt, mm and ee.
inline Legs find_legs(const Cuts &cuts, int channel, const Event &event) {
  const int needed = channel == kTT || channel == kMM || channel == kEE ? 2 : 1;
  const auto muons = [&] {
    return good_objects(cuts.muon[channel], cuts.muon_asked, event.muons, kMuonCriteria, needed);
  };
  const auto electrons = [&] {
    return good_objects(cuts.electron[channel], cuts.electron_asked, event.electrons, kElectronCriteria, needed);
  };
  const auto taus = [&] { return good_taus(cuts, channel, event.taus, event.jets, needed); };
  switch (channel) {
  case kTT:
    return two_of(cuts, channel, event.taus, taus());
  case kMM:
    return two_of(cuts, channel, event.muons, muons());
  case kEE:
    return two_of(cuts, channel, event.electrons, electrons());
  case kMT:
    return two_legs(cuts, channel, event.muons, muons(), event.taus, taus());
  case kET:
    return two_legs(cuts, channel, event.electrons, electrons(), event.taus, taus());
  default:
    return two_legs(cuts, channel, event.electrons, electrons(), event.muons, muons());
  }
}

// The cuts of one channel in their order, as the node lists their names; fills `passed`, returns whether all are
// passed.
inline bool passes(const Cuts &cuts, int channel, const Event &event, bool trigger, Pair &pair, double &passed) {
  if (cuts.trigger[channel]) {
    if (!trigger) return false;
    ++passed;
  }
  const Legs legs = find_legs(cuts, channel, event);
  passed += legs.passed;
  if (!legs.complete) return false;
  pair = legs.pair;
  if (cuts.charge != Charge::kAny) {
    if (!pair.with_charge) return false;
    ++passed;
  }
  if (pair.first < 0) return false;
  ++passed;
  if (cuts.max_muons[channel] >= 0) {
    if (event.veto_muons > cuts.max_muons[channel]) return false;
    ++passed;
  }
  if (cuts.max_electrons[channel] >= 0) {
    if (event.veto_electrons > cuts.max_electrons[channel]) return false;
    ++passed;
  }
  if (channel == kMT && cuts.dimuon_veto) {
    if (has_loose_pair(cuts.dimuon, event.muons, pair.first)) return false;
    ++passed;
  }
  if (channel == kET && cuts.dielectron_veto) {
    if (has_loose_pair(cuts.dielectron, event.electrons, pair.first)) return false;
    ++passed;
  }
  return true;
}

// Looks for a candidate in all channels that are on. `flags` are the filters of bad events, without which nothing is
// looked for; `triggers` holds the decision for each channel. Throws std::runtime_error for an event that is selected
// in two channels.
inline Candidate select(const Cuts &cuts, std::initializer_list<bool> flags, std::initializer_list<bool> triggers,
                        const ROOT::RVec<Tau> &taus, const ROOT::RVec<Muon> &muons,
                        const ROOT::RVec<Electron> &electrons, const ROOT::RVec<Jet> &jets) {
  Candidate found;
  found.flags = leading(flags);
  if (found.flags != static_cast<int>(flags.size())) return found;
  const Event event{taus,
                    muons,
                    electrons,
                    jets,
                    count_muons(cuts.third_muon, muons),
                    count_electrons(cuts.third_electron, electrons)};
  for (int channel = 0; channel < static_cast<int>(kChannels); ++channel) {
    if (!cuts.channel[channel]) continue;
    Pair pair;
    if (!passes(cuts, channel, event, triggers.begin()[channel], pair, found.passed[channel])) continue;
    if (found.channel != kNone)
      throw std::runtime_error(std::string("an event is selected in channel ") + kNames[found.channel] + " and in " +
                               kNames[channel] + ": vetoes of ditau.select (max_muons, max_electrons) are too loose");
    found.channel = channel;
    found.first = pair.first;
    found.second = pair.second;
    found.charge_1 = pair.charge1;
    found.charge_2 = pair.charge2;
  }
  return found;
}

// What cutflows are made of: how many of the cuts of the node as a whole were passed, the place of the channel in the
// list of those that are on (-1 for none), and for each channel, on or not, the number of its own cuts that were
// passed.
inline std::array<double, 2 + kChannels> steps(const Candidate &found, std::initializer_list<int> on) {
  std::array<double, 2 + kChannels> made{};
  made[0] = found.flags + (found.channel == kNone ? 0 : 1);
  made[1] = -1.0;
  double place = 0.0;
  for (const int channel : on) {
    if (channel == found.channel) made[1] = place;
    ++place;
  }
  for (std::size_t i = 0; i < kChannels; ++i) made[2 + i] = found.passed[i];
  return made;
}

} // namespace rdfp::ditau
