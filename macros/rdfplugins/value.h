#pragma once
// What an expression of a user must have to become a column. No physics here.

#include <type_traits>

namespace rdfp::runtime {

// What it is given. What RDataFrame takes and cannot keep does not compile: nothing, where an expression has no value,
// several, and types without a default, such as lambdas.
template <typename T, typename = std::enable_if_t<std::is_default_constructible_v<std::decay_t<T>>>>
constexpr T &&rdfp_value_(T &&given) {
  return static_cast<T &&>(given);
}

} // namespace rdfp::runtime
