#pragma once
// Rows of a data frame for somebody who takes them in batches, in the order of the entries.

#include <ROOT/RDataFrame.hxx>
#include <ROOT/RVec.hxx>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace rdfp {

// Calls back for every `rows` rows of a column of vectors of doubles, all of one length, in the order of the entries;
// not to be booked under implicit multi-threading. The callback returns 0 to go on.
void rows_of_graph(ROOT::RDF::RNode df, const std::string &column, std::size_t rows, std::uintptr_t callback) {
  const auto consume = reinterpret_cast<int (*)(const double *, std::int64_t)>(callback);
  std::vector<double> buffer;
  std::size_t filled = 0;
  const auto flush = [&] {
    if (filled && consume(buffer.data(), filled) != 0) throw std::runtime_error("stopped by the one who reads");
    filled = 0;
    buffer.clear();
  };
  df.Foreach(
      [&](const ROOT::RVec<double> &row) {
        buffer.insert(buffer.end(), row.begin(), row.end());
        if (++filled == rows) flush();
      },
      {column});
  flush();
}

} // namespace rdfp
