#pragma once
// Elements of collections, read with a check of the index.

#include <ROOT/RVec.hxx>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace rdfp {

template <class Collection>
void check_index(const Collection &values, long long index, const char *name, const char *place) {
  if (index >= 0 && index < static_cast<long long>(values.size())) return;
  throw std::runtime_error(std::string(name) + "[" + std::to_string(index) + "] (" + place +
                           ") is read in an event with " + std::to_string(values.size()) +
                           " of them; ask for the number first, as in " + name + ".size() > " +
                           std::to_string(index < 0 ? 0 : index) + " && ...");
}

// `name` and `place` of the expression are for the message.
// values[index] for an index of an integer type; throws std::runtime_error where there is no such element.
// With an RVec in place of the index (a mask), what operator[] gives.
template <class Collection, class Index>
decltype(auto) element(const Collection &values, const Index &index, const char *name, const char *place) {
  if constexpr (std::is_integral_v<Index>) {
    check_index(values, static_cast<long long>(index), name, place);
    return values[index];
  } else {
    static_assert(!std::is_arithmetic_v<Index>, "an index is a whole number");
    return values[index];
  }
}

} // namespace rdfp
