#pragma once
// What stands between the columns of an ntuple and a mass model: units, the inputs that follow from others, and the
// ways in which ntuples say that something is not there. A model is trained on GeV, rad and zeros for absent jets.

#include <ROOT/RVec.hxx>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <vector>

namespace rdfp::mass_inputs {

// What a slot of a row is; rdfplugins/nodes/mass_inputs.py gives the numbers.
enum class Role : int {
  other,      // must be finite
  leg_pt,     // at 0 or below there is none (-10, -999)
  momentum,   // of MET: not below 0
  eta,        // beyond kSentinel there is none
  phi,        // brought into [-pi, pi]; beyond kSentinel there is none
  variance,   // diagonal of a covariance, or a number of vertices: not below 0
  covariance, // not above what the variances allow, which are its sources
  neutrinos,  // 2, 3 or 4
  channel,    // number of a channel, which becomes that of its neutrinos
  jet_pt,     // 0 or below: there is no such jet, and all of its group is 0
  jet_eta,    //
  jet_phi,    //
  jet_count,  //
  leg_mass,   // transverse mass of two momenta; sources: pt and phi of one, pt and phi of the other
  total_mass, // quadrature sum of three transverse masses, its sources
  raw,        // any number but NaN, infinity among them
};

// Values of eta and phi that no detector gives: -10, -99, -999. Azimuths in [0, 2 pi) are below. A sum of jets may be
// farther forward than any of them.
constexpr double kSentinel = 9.5, kSentinelOfSum = 98.0;

// How far a transverse mass, and a covariance, may be from what its sources say: NanoAOD keeps 10 bits of some numbers.
constexpr double kPrecision = 0.02, kSmallestMass = 0.1;

struct Slot {
  Role role = Role::other;
  bool computed = false;    // from its sources; else it is in the ntuple, and must agree with them
  double unit = 1.0;        // factor from the ntuple's unit to that of the model
  int group = -1;           // of jets
  std::vector<int> sources; // other slots; empty: nothing to compare with
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity(); // what the model was trained on
};

// How often what was found. A slot is counted where the event has no estimate because of it, or where it is outside of
// the range of training; an event in `rejected` has at least one such slot.
struct Counts {
  std::vector<std::uint64_t> not_finite, impossible, contradicting, outside;
  std::uint64_t events = 0, rejected = 0, no_channel = 0, wrapped = 0, events_outside = 0;
  std::vector<std::uint64_t> absent = std::vector<std::uint64_t>(8, 0); // by group of jets
  explicit Counts(std::size_t slots)
      : not_finite(slots, 0), impossible(slots, 0), contradicting(slots, 0), outside(slots, 0) {}
};

// Transverse mass of two momenta without masses, sqrt(2 pA pB (1 - cos dphi)).
inline double transverse_mass(double pt_a, double phi_a, double pt_b, double phi_b) {
  return std::sqrt(std::max(0.0, 2.0 * pt_a * pt_b * (1.0 - std::cos(phi_a - phi_b))));
}

// From a row of slots (double, in the ntuple's units; what is computed has any value) to the inputs of a model (float):
// the first `inputs` slots of a row. Const once all slots are added.
class Preparation {
public:
  explicit Preparation(std::size_t inputs) : inputs_(inputs) {}

  void add(int role, bool computed, double unit, int group, const std::vector<int> &sources, double low, double high) {
    slots_.push_back({static_cast<Role>(role), computed, unit, group, sources, low, high});
    if (group >= kGroups) throw std::invalid_argument("too many groups of jets");
  }
  void add_channel(std::int64_t number, int neutrinos) { neutrinos_[number] = neutrinos; }

  std::size_t slots() const { return slots_.size(); }
  std::size_t inputs() const { return inputs_; }

  // Fill `x` for one event; false, with zeros in `x`, where there is no estimate for it.
  bool prepare(const double *row, float *x) const { return prepare(row, x, nullptr); }

  // Fill n rows of `x` and, for each, whether there is an estimate.
  void prepare_all(std::uintptr_t rows, std::size_t n, std::uintptr_t x, std::uintptr_t good, Counts &counts) const {
    const auto *from = reinterpret_cast<const double *>(rows);
    auto *to = reinterpret_cast<float *>(x);
    auto *is_good = reinterpret_cast<bool *>(good);
    for (std::size_t i = 0; i < n; ++i) is_good[i] = prepare(from + i * slots(), to + i * inputs_, &counts);
  }

private:
  static constexpr int kGroups = 8, kSums = 2; // the group of the remaining jets

  std::size_t inputs_;
  std::vector<Slot> slots_;
  std::map<std::int64_t, int> neutrinos_;

  bool prepare(const double *row, float *x, Counts *counts) const;
  bool convert(std::size_t i, double &value, bool &wrapped, Counts *counts) const;
  bool agrees(const Slot &slot, const double *values) const;
  double derived(const Slot &slot, const double *values) const;
  void clear_absent_jets(double *values, Counts *counts) const;
};

// Whether the slot, in the unit of the model, is something; `value` may be changed into another form of the same.
bool Preparation::convert(std::size_t i, double &value, bool &wrapped, Counts *counts) const {
  const Slot &slot = slots_[i];
  if (slot.role == Role::channel) {
    const bool whole = std::abs(value) < 1e9 && value == std::floor(value);
    const auto found = whole ? neutrinos_.find(static_cast<std::int64_t>(value)) : neutrinos_.end();
    const bool known = found != neutrinos_.end();
    if (counts) counts->no_channel += !known;
    value = known ? found->second : 0.0;
    return known;
  }
  if (slot.role == Role::raw) {
    if (counts) counts->not_finite[i] += std::isnan(value);
    return !std::isnan(value);
  }
  if (!std::isfinite(value) || std::abs(value) > std::numeric_limits<float>::max()) {
    if (counts) ++counts->not_finite[i];
    return false;
  }
  bool possible = true;
  switch (slot.role) {
  case Role::leg_pt:
    possible = value > 0.0;
    break;
  case Role::momentum:
  case Role::variance:
  case Role::jet_count:
  case Role::leg_mass:
  case Role::total_mass:
    possible = value >= 0.0;
    break;
  case Role::eta:
  case Role::phi:
  case Role::jet_phi:
    possible = std::abs(value) < kSentinel;
    break;
  case Role::jet_eta:
    possible = std::abs(value) < (slot.group == kSums ? kSentinelOfSum : kSentinel);
    break;
  case Role::neutrinos:
    possible = value == 2.0 || value == 3.0 || value == 4.0;
    break;
  default:
    break;
  }
  if (!possible && counts) ++counts->impossible[i];
  if (possible && (slot.role == Role::phi || slot.role == Role::jet_phi) && std::abs(value) > M_PI) {
    // a float may be pi and a bit: that is no other convention, and not counted
    wrapped |= std::abs(value) > M_PI + 1e-5;
    value = std::remainder(value, 2.0 * M_PI);
  }
  return possible;
}

// Whether a slot that is in the ntuple is what its sources say.
bool Preparation::agrees(const Slot &slot, const double *values) const {
  const double value = values[&slot - slots_.data()];
  if (slot.role == Role::covariance) {
    const double most = values[slot.sources[0]] * values[slot.sources[1]];
    return value * value <= most * (1.0 + kPrecision);
  }
  // of two momenta in the same direction little is left but their rounding
  double scale = value;
  if (slot.role == Role::leg_mass) scale = std::sqrt(2.0 * values[slot.sources[0]] * values[slot.sources[2]]);
  return std::abs(value - derived(slot, values)) <= kPrecision * scale + kSmallestMass;
}

double Preparation::derived(const Slot &slot, const double *values) const {
  const auto of = [&](int which) { return values[slot.sources[which]]; };
  if (slot.role == Role::leg_mass) return transverse_mass(of(0), of(1), of(2), of(3));
  return std::sqrt(of(0) * of(0) + of(1) * of(1) + of(2) * of(2));
}

void Preparation::clear_absent_jets(double *values, Counts *counts) const {
  bool absent[kGroups] = {}, none[kGroups] = {}, told[kGroups] = {};
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].role != Role::jet_pt) continue;
    none[slots_[i].group] = values[i] < 0.0;
    absent[slots_[i].group] = values[i] <= 0.0 && std::isfinite(values[i]);
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot &slot = slots_[i];
    if (slot.group < 0 || !absent[slot.group]) continue;
    // the vector sum of jets may be 0, though there are some
    if (slot.role == Role::jet_count && !none[slot.group] && values[i] >= 0.0) continue;
    told[slot.group] |= values[i] != 0.0;
    values[i] = 0.0;
  }
  if (!counts) return;
  for (int group = 0; group < kGroups; ++group) counts->absent[group] += told[group];
}

bool Preparation::prepare(const double *row, float *x, Counts *counts) const {
  constexpr std::size_t kOnStack = 64;
  double on_stack[kOnStack];
  std::vector<double> on_heap(slots_.size() > kOnStack ? slots_.size() : 0);
  double *values = on_heap.empty() ? on_stack : on_heap.data();
  for (std::size_t i = 0; i < slots_.size(); ++i) values[i] = row[i] * slots_[i].unit;
  clear_absent_jets(values, counts);
  bool good = true, wrapped = false;
  for (std::size_t i = 0; i < slots_.size(); ++i)
    if (!slots_[i].computed) good &= convert(i, values[i], wrapped, counts);
  for (const Role role : {Role::leg_mass, Role::total_mass}) // the second is made of the first
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].role == role && slots_[i].computed) values[i] = good ? derived(slots_[i], values) : 0.0;
  bool contradicts = false;
  for (std::size_t i = 0; good && i < slots_.size(); ++i) {
    if (slots_[i].computed || slots_[i].sources.empty() || agrees(slots_[i], values)) continue;
    contradicts = true;
    if (counts) ++counts->contradicting[i];
  }
  good &= !contradicts;
  bool outside = false;
  for (std::size_t i = 0; i < inputs_; ++i) {
    x[i] = good ? static_cast<float>(values[i]) : 0.0F;
    const bool beyond = good && !(values[i] >= slots_[i].low && values[i] <= slots_[i].high);
    if (counts) counts->outside[i] += beyond;
    outside |= beyond;
  }
  if (counts) {
    ++counts->events;
    counts->rejected += !good;
    counts->wrapped += wrapped;
    counts->events_outside += outside;
  }
  return good;
}

} // namespace rdfp::mass_inputs

// What expressions of the graph name, under names that no branch has.
using rdfp_mass_row = ROOT::RVec<double>;
template <class T> double rdfp_mass_number(const T &value) { return static_cast<double>(value); }
