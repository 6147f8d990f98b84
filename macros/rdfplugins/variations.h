#pragma once
// Systematic variations: columns that shift, and what a loop fills for each shift.

#include <ROOT/RDFHelpers.hxx>
#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>
#include <TH1D.h>

#include <type_traits>

namespace rdfp::variations {

// A shifted value as the type of its column: a number, or a vector from one of another number type. A shift does not
// turn an integer into one with decimals, which would be cut off.
template <class T, class U> T as(const U &value) {
  if constexpr (std::is_arithmetic_v<T>) {
    static_assert(std::is_arithmetic_v<U>, "a number is shifted by an expression that gives a number");
    static_assert(std::is_floating_point_v<T> || !std::is_floating_point_v<U>,
                  "an integer is shifted by an expression that gives an integer");
    return static_cast<T>(value);
  } else {
    static_assert(!std::is_arithmetic_v<U>, "a vector is shifted by an expression that gives a vector");
    static_assert(std::is_floating_point_v<typename T::value_type> || !std::is_floating_point_v<typename U::value_type>,
                  "a vector of integers is shifted by an expression that gives integers");
    return T(value.begin(), value.end());
  }
}

// The values of a column of type T under both shifts, in the order down, up.
template <class T, class D, class U> ROOT::RVec<T> shifted(const D &down, const U &up) {
  ROOT::RVec<T> values;
  values.reserve(2);
  values.push_back(as<T>(down));
  values.push_back(as<T>(up));
  return values;
}

// Book a histogram for each variation that it depends on; the nominal one is among them.
inline ROOT::RDF::Experimental::RResultMap<TH1D> of(ROOT::RDF::RResultPtr<TH1D> nominal) {
  return ROOT::RDF::Experimental::VariationsFor(nominal);
}

} // namespace rdfp::variations
