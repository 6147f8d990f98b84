#pragma once
// The first objects of a collection as columns of fixed number: the glue to RDataFrame; what is done to an event stands
// in collections.h. Functors, no strings: the compiler sees one definition for all columns of a type.

#include "rdfplugins/collections.h"

#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>

#include <cstddef>
#include <string>
#include <vector>

namespace rdfp {

// Value of one rank, `fill` where an event has fewer objects.
template <typename T> struct PaddedValue {
  std::size_t rank;
  T fill;
  std::string what;
  T operator()(const Ranking &order, const ROOT::RVec<T> &values) const {
    return padded(order, values, rank, fill, what);
  }
};

// Define one column of the type of `column` for each name: its values by rank. Messages call it `what`.
template <typename T>
ROOT::RDF::RNode pad(ROOT::RDF::RNode df, const std::string &order, const std::string &column, const std::string &what,
                     T fill, const std::vector<std::string> &names) {
  for (std::size_t rank = 0; rank < names.size(); ++rank)
    df = df.Define(names[rank], PaddedValue<T>{rank, fill, what}, {order, column});
  return df;
}

// Whether an event has an object of this rank.
struct HasRank {
  std::size_t rank;
  bool operator()(const Ranking &order) const { return rank < order.size; }
};

// Define one column of bool for each name: whether there is an object of this rank.
inline ROOT::RDF::RNode mask(ROOT::RDF::RNode df, const std::string &order, const std::vector<std::string> &names) {
  for (std::size_t rank = 0; rank < names.size(); ++rank) df = df.Define(names[rank], HasRank{rank}, {order});
  return df;
}

} // namespace rdfp
