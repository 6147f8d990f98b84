#pragma once
// Many columns from one: the elements of an array column, each under a name of its own.

#include <ROOT/RDataFrame.hxx>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace rdfp {

// Element of an array. One type serves all elements, so that the compiler, whose time is what a graph of many columns
// costs at its start, sees one definition in place of one for each column.
template <std::size_t N> struct Element {
  std::size_t index;
  double operator()(const std::array<double, N> &values) const { return values[index]; }
};

// Define the columns `names` as the elements of the column `array`, in their order; there are at most N names.
template <std::size_t N>
ROOT::RDF::RNode unpack(ROOT::RDF::RNode df, const std::string &array, const std::vector<std::string> &names) {
  for (std::size_t index = 0; index < names.size(); ++index) df = df.Define(names[index], Element<N>{index}, {array});
  return df;
}

} // namespace rdfp
