#pragma once
// Events that are left out, because they come twice.

#include <ROOT/RDataFrame.hxx>
#include <Rtypes.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace rdfp {

// The events whose value of a column of type uint64 is not among the `dropped`, which are ascending.
// A functor and no string: there may be millions of values.
inline ROOT::RDF::RNode drop(ROOT::RDF::RNode df, const std::string &column, std::vector<ULong64_t> dropped) {
  return df.Filter([dropped = std::move(dropped)](
                       ULong64_t value) { return !std::binary_search(dropped.begin(), dropped.end(), value); },
                   {column});
}

} // namespace rdfp
