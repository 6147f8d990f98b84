#pragma once
// Where the cuts of the di-tau selection stand, channel by channel. Momenta in GeV.

#include <array>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>

namespace rdfp::ditau {

constexpr std::size_t kChannels = 6;
enum Channel { kTT, kMT, kET, kEM, kMM, kEE, kNone = -1 };
constexpr const char *kNames[kChannels] = {"tt", "mt", "et", "em", "mm", "ee"};

enum class Charge { kOpposite, kSame, kAny };

// Acceptance of a leg. In mt and et, bounds of momentum and pseudorapidity belong to the accepted range.
struct LegCuts {
  double min_pt = 0.0, max_abs_eta = 0.0;
  bool closed = false;
  double max_isolation = 0.0;                               // of electrons and muons
  double min_vs_e = 0.0, min_vs_mu = 0.0, min_vs_jet = 0.0; // of hadronic taus: working points
};

struct VetoCuts {
  double min_pt = 0.0, max_abs_eta = 0.0, max_isolation = 0.0;
  double min_delta_r = 0.0; // of the two leptons of a pair
};

// The number of criteria of a leg, see passed_criteria.
constexpr int kMuonCriteria = 4, kElectronCriteria = 5, kTauCriteria = 7, kMostCriteria = 7;

// Where the cuts stand. What belongs to a channel is indexed by it; a negative number of leptons switches a veto off.
struct Cuts {
  std::array<bool, kChannels> channel{};
  std::array<bool, kChannels> trigger{};
  Charge charge = Charge::kOpposite;
  std::array<LegCuts, kChannels> tau, muon, electron;
  std::array<bool, kMostCriteria> tau_asked{}, muon_asked{}, electron_asked{}; // criteria that are cuts of the cutflow
  std::array<double, kChannels> min_delta_r{};
  std::array<int, kChannels> max_muons{}, max_electrons{};
  VetoCuts third_muon, third_electron, dimuon, dielectron;
  bool dimuon_veto = true, dielectron_veto = true;
  bool tau_jet_overlap = true;
  double tau_jet_min_delta_r = 0.0;
};

// Cuts from a list of numbers, in the order in which nodes/ditau_settings.py writes them: whatever columns an analysis
// has, none of them is named here.
inline Cuts make_cuts(std::initializer_list<double> numbers) {
  auto number = numbers.begin();
  const auto next = [&] {
    if (number == numbers.end()) throw std::runtime_error("ditau::make_cuts: too few numbers");
    return *number++;
  };
  Cuts cuts;
  for (std::size_t i = 0; i < kChannels; ++i) {
    cuts.channel[i] = next() != 0.0;
    cuts.trigger[i] = next() != 0.0;
    LegCuts &tau = cuts.tau[i], &muon = cuts.muon[i], &electron = cuts.electron[i];
    for (LegCuts *leg : {&tau, &muon, &electron}) {
      leg->closed = i == kMT || i == kET;
      leg->min_pt = next();
      leg->max_abs_eta = next();
    }
    tau.min_vs_e = next();
    tau.min_vs_mu = next();
    tau.min_vs_jet = next();
    muon.max_isolation = next();
    electron.max_isolation = next();
    cuts.min_delta_r[i] = next();
    cuts.max_muons[i] = static_cast<int>(next());
    cuts.max_electrons[i] = static_cast<int>(next());
  }
  for (VetoCuts *veto : {&cuts.third_muon, &cuts.third_electron, &cuts.dimuon, &cuts.dielectron}) {
    veto->min_pt = next();
    veto->max_abs_eta = next();
    veto->max_isolation = next();
    veto->min_delta_r = next();
  }
  cuts.dimuon_veto = next() != 0.0;
  cuts.dielectron_veto = next() != 0.0;
  cuts.tau_jet_overlap = next() != 0.0;
  cuts.tau_jet_min_delta_r = next();
  cuts.charge = static_cast<Charge>(static_cast<int>(next()));
  for (auto *asked : {&cuts.muon_asked, &cuts.electron_asked, &cuts.tau_asked})
    for (bool &criterion : *asked) criterion = next() != 0.0;
  if (number != numbers.end()) throw std::runtime_error("ditau::make_cuts: too many numbers");
  return cuts;
}

} // namespace rdfp::ditau
