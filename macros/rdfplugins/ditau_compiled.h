#pragma once
// What the selection of di-tau candidates runs for every event, for ROOT's interpreter: functions that are compiled
// when this header is read, with the optimisation of that moment, and not with each graph. Branches in the types of
// NanoAOD find them; other types take the templates. Not for compiled code, where `ditau.h` is all that is needed.

#include "rdfplugins/ditau.h"

namespace rdfp::ditau::compiled {

using Floats = ROOT::RVec<float>;
using Ints = ROOT::RVec<int>;
using Bools = ROOT::RVec<bool>;
using Bytes = ROOT::RVec<unsigned char>;

template <class... Arguments> auto muons(const Arguments &...arguments) { return ditau::muons(arguments...); }
template <class... Arguments> auto electrons(const Arguments &...arguments) { return ditau::electrons(arguments...); }
template <class... Arguments> auto taus(const Arguments &...arguments) { return ditau::taus(arguments...); }
template <class... Arguments> auto jets(const Arguments &...arguments) { return ditau::jets(arguments...); }

ROOT::RVec<Muon> muons(const double &unit, const Vertex &vertex, const Floats &pt, const Floats &eta, const Floats &phi,
                       const Ints &charge, const Floats &dxy, const Floats &dz, const Bools &id, const Bools &loose,
                       const Floats &isolation) {
  return ditau::muons(unit, vertex, pt, eta, phi, charge, dxy, dz, id, loose, isolation);
}

ROOT::RVec<Electron> electrons(const double &unit, const Vertex &vertex, const double &max_lost_hits, const Floats &pt,
                               const Floats &eta, const Floats &phi, const Ints &charge, const Floats &dxy,
                               const Floats &dz, const Bools &id, const Bools &conversion_veto, const Bytes &lost_hits,
                               const Floats &isolation) {
  return ditau::electrons(unit, vertex, max_lost_hits, pt, eta, phi, charge, dxy, dz, id, conversion_veto, lost_hits,
                          isolation);
}

ROOT::RVec<Tau> taus(const double &unit, const double &max_dz, const DecayModes &modes, const Floats &pt,
                     const Floats &eta, const Floats &phi, const Ints &charge, const Floats &dz, const Bools &id,
                     const Ints &mode, const Bytes &vs_e, const Bytes &vs_mu, const Bytes &vs_jet,
                     const Floats &order) {
  return ditau::taus(unit, max_dz, modes, pt, eta, phi, charge, dz, id, mode, vs_e, vs_mu, vs_jet, order);
}

ROOT::RVec<Jet> jets(const double &unit, const JetCuts &cuts, const Floats &pt, const Floats &eta, const Floats &phi,
                     const Ints &id, const Floats &btag, const Ints &of_taus) {
  return ditau::jets(unit, cuts, pt, eta, phi, id, btag, of_taus);
}

Candidate select(const Cuts &cuts, std::initializer_list<bool> flags, std::initializer_list<bool> triggers,
                 const ROOT::RVec<Tau> &taus, const ROOT::RVec<Muon> &muons, const ROOT::RVec<Electron> &electrons,
                 const ROOT::RVec<Jet> &jets) {
  return ditau::select(cuts, flags, triggers, taus, muons, electrons, jets);
}

std::array<double, 2 + kChannels> steps(const Candidate &found, std::initializer_list<int> on) {
  return ditau::steps(found, on);
}

} // namespace rdfp::ditau::compiled
