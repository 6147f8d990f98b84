#pragma once
// Identity of events and draws that depend on it alone; the same functions in numpy: rdfplugins/random.py.

#include <algorithm>
#include <cstdint>
#include <initializer_list>

namespace rdfp {

// SplitMix64's finaliser (Steele, Lea and Flood, OOPSLA 2014): a bijection of 64-bit numbers that mixes every bit.
inline std::uint64_t mix(std::uint64_t z) {
  z += 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

// Hash of a pair; the order of the two matters.
inline std::uint64_t combine(std::uint64_t seed, std::uint64_t value) { return mix(mix(seed) ^ value); }

// Identity of an event: hash of its sample (FNV-1a of the name) and of the numbers that the config calls its key.
inline std::uint64_t make_event_key(std::uint64_t sample, std::initializer_list<std::uint64_t> numbers) {
  std::uint64_t key = sample;
  for (const std::uint64_t number : numbers) key = combine(key, number);
  return key;
}

// A number in [0, 1) that depends on seed, purpose (FNV-1a of its name) and event only.
inline double uniform(std::uint64_t seed, std::uint64_t purpose, std::uint64_t event_key) {
  return static_cast<double>(combine(combine(seed, purpose), event_key) >> 11) * 0x1.0p-53;
}

// Index of the first cumulative fraction above u; the last index where rounding left none.
inline int interval(double u, std::initializer_list<double> cumulative) {
  int index = 0;
  for (const double edge : cumulative) {
    if (u < edge) return index;
    ++index;
  }
  return index - 1;
}

// Identity of an event by its file and the entry in it: `entry` counts along a list of files, `firsts` are the entries
// at which they begin (ascending, the first is 0), `files` the hashes of their names.
inline std::uint64_t make_entry_key(std::uint64_t sample, std::uint64_t entry,
                                    std::initializer_list<std::uint64_t> firsts,
                                    std::initializer_list<std::uint64_t> files) {
  const auto after = std::upper_bound(firsts.begin(), firsts.end(), entry);
  const auto index = after - firsts.begin() - 1;
  return make_event_key(sample, {files.begin()[index], entry - firsts.begin()[index]});
}

} // namespace rdfp
