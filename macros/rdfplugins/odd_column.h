#pragma once
// Columns whose names no expression can hold, such as `x+y`, under a name that one can.

#include <ROOT/RDataFrame.hxx>

#include <string>

namespace rdfp {

// Define a column with the numbers of another, of type T, as doubles. An alias would not do: RDataFrame puts the other
// name into expressions.
template <class T>
ROOT::RDF::RNode define_number(ROOT::RDF::RNode df, const std::string &name, const std::string &column) {
  return df.Define(name, [](const T &value) { return static_cast<double>(value); }, {column});
}

} // namespace rdfp
