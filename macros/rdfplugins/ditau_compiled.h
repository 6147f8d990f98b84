#pragma once
// What the graph of the di-tau nodes calls, under names that no branch has: RDataFrame puts columns in the place of any
// word of an expression, behind `::`, too. What runs for every event is compiled when ROOT's interpreter reads this
// header, with the optimisation of that moment, and not with each graph: branches in the types of NanoAOD find these
// functions, others take the templates. Not for compiled code, where `ditau.h` is all that is needed.

#include "rdfplugins/ditau.h"

#include <cstddef>

using rdfp_ditau_floats = ROOT::RVec<float>;
using rdfp_ditau_ints = ROOT::RVec<int>;
using rdfp_ditau_bools = ROOT::RVec<bool>;
using rdfp_ditau_bytes = ROOT::RVec<unsigned char>;

// -- templates, for branches of any type

template <class... Columns>
auto rdfp_ditau_muons(double unit, double max_dxy, double max_dz, const Columns &...columns) {
  return rdfp::ditau::muons(unit, {max_dxy, max_dz}, columns...);
}

template <class... Columns>
auto rdfp_ditau_electrons(double unit, double max_dxy, double max_dz, double max_lost_hits, const Columns &...columns) {
  return rdfp::ditau::electrons(unit, {max_dxy, max_dz}, max_lost_hits, columns...);
}

template <class... Columns>
auto rdfp_ditau_taus(double unit, double max_dz, unsigned long long modes, const Columns &...columns) {
  return rdfp::ditau::taus(unit, max_dz, {modes}, columns...);
}

template <class... Columns>
auto rdfp_ditau_jets(double unit, double min_pt, double max_abs_eta, double min_id, double b_min_pt,
                     double b_max_abs_eta, double b_min_btag, const Columns &...columns) {
  return rdfp::ditau::jets(unit, {min_pt, max_abs_eta, min_id, b_min_pt, b_max_abs_eta, b_min_btag}, columns...);
}

template <class Values> ROOT::RVec<bool> rdfp_ditau_decisions(const Values &values, const char *what) {
  return rdfp::ditau::decisions(values, what);
}

template <class T> bool rdfp_ditau_true(T value) { return rdfp::ditau::is_true(value); }

inline rdfp::ditau::All rdfp_ditau_all() { return {}; }
inline rdfp::ditau::Nothing rdfp_ditau_nothing() { return {}; }
inline ROOT::RVec<rdfp::ditau::Tau> rdfp_ditau_no_tau() { return {}; }
inline ROOT::RVec<rdfp::ditau::Muon> rdfp_ditau_no_muon() { return {}; }
inline ROOT::RVec<rdfp::ditau::Electron> rdfp_ditau_no_electron() { return {}; }

// -- compiled here

ROOT::RVec<rdfp::ditau::Muon> rdfp_ditau_muons(double unit, double max_dxy, double max_dz, const rdfp_ditau_floats &pt,
                                               const rdfp_ditau_floats &eta, const rdfp_ditau_floats &phi,
                                               const rdfp_ditau_ints &charge, const rdfp_ditau_floats &dxy,
                                               const rdfp_ditau_floats &dz, const rdfp_ditau_bools &id,
                                               const rdfp_ditau_bools &loose, const rdfp_ditau_floats &isolation) {
  return rdfp::ditau::muons(unit, {max_dxy, max_dz}, pt, eta, phi, charge, dxy, dz, id, loose, isolation);
}

ROOT::RVec<rdfp::ditau::Electron>
rdfp_ditau_electrons(double unit, double max_dxy, double max_dz, double max_lost_hits, const rdfp_ditau_floats &pt,
                     const rdfp_ditau_floats &eta, const rdfp_ditau_floats &phi, const rdfp_ditau_ints &charge,
                     const rdfp_ditau_floats &dxy, const rdfp_ditau_floats &dz, const rdfp_ditau_bools &id,
                     const rdfp_ditau_bools &conversion_veto, const rdfp_ditau_bytes &lost_hits,
                     const rdfp_ditau_floats &isolation) {
  return rdfp::ditau::electrons(unit, {max_dxy, max_dz}, max_lost_hits, pt, eta, phi, charge, dxy, dz, id,
                                conversion_veto, lost_hits, isolation);
}

ROOT::RVec<rdfp::ditau::Tau> rdfp_ditau_taus(double unit, double max_dz, unsigned long long modes,
                                             const rdfp_ditau_floats &pt, const rdfp_ditau_floats &eta,
                                             const rdfp_ditau_floats &phi, const rdfp_ditau_ints &charge,
                                             const rdfp_ditau_floats &dz, const rdfp_ditau_bools &id,
                                             const rdfp_ditau_ints &mode, const rdfp_ditau_bytes &vs_e,
                                             const rdfp_ditau_bytes &vs_mu, const rdfp_ditau_bytes &vs_jet,
                                             const rdfp_ditau_floats &order) {
  return rdfp::ditau::taus(unit, max_dz, {modes}, pt, eta, phi, charge, dz, id, mode, vs_e, vs_mu, vs_jet, order);
}

ROOT::RVec<rdfp::ditau::Jet> rdfp_ditau_jets(double unit, double min_pt, double max_abs_eta, double min_id,
                                             double b_min_pt, double b_max_abs_eta, double b_min_btag,
                                             const rdfp_ditau_floats &pt, const rdfp_ditau_floats &eta,
                                             const rdfp_ditau_floats &phi, const rdfp_ditau_ints &id,
                                             const rdfp_ditau_floats &btag, const rdfp_ditau_floats &taus,
                                             const rdfp_ditau_ints &of_taus) {
  return rdfp::ditau::jets(unit, {min_pt, max_abs_eta, min_id, b_min_pt, b_max_abs_eta, b_min_btag}, pt, eta, phi, id,
                           btag, taus, of_taus);
}

rdfp::ditau::Cuts rdfp_ditau_cuts(std::initializer_list<double> numbers) { return rdfp::ditau::make_cuts(numbers); }

rdfp::ditau::Candidate rdfp_ditau_select(const rdfp::ditau::Cuts &cuts, std::initializer_list<bool> flags,
                                         std::initializer_list<bool> triggers, const ROOT::RVec<rdfp::ditau::Tau> &taus,
                                         const ROOT::RVec<rdfp::ditau::Muon> &muons,
                                         const ROOT::RVec<rdfp::ditau::Electron> &electrons,
                                         const ROOT::RVec<rdfp::ditau::Jet> &jets) {
  return rdfp::ditau::select(cuts, flags, triggers, taus, muons, electrons, jets);
}

std::array<double, 2 + rdfp::ditau::kChannels> rdfp_ditau_steps(const rdfp::ditau::Candidate &found,
                                                                std::initializer_list<int> on) {
  return rdfp::ditau::steps(found, on);
}
