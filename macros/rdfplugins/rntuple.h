#pragma once
// What is looked up in an RNTuple after it was written.

#include <ROOT/RNTupleReader.hxx>
#include <Rtypes.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace rdfp::rntuple {

inline ULong64_t entries(const std::string &name, const std::string &file) {
  return ROOT::RNTupleReader::Open(name, file)->GetNEntries();
}

// Names of the fields at the top, in order.
inline std::vector<std::string> fields(const std::string &name, const std::string &file) {
  auto reader = ROOT::RNTupleReader::Open(name, file);
  std::vector<std::string> found;
  for (const auto &field : reader->GetDescriptor().GetTopLevelFields()) found.push_back(field.GetFieldName());
  return found;
}

// Values that a uint64 field holds more than once, at most `most` of them; see rdfp::runtime::repeated.
inline std::vector<ULong64_t> repeated(const std::string &name, const std::string &file, const std::string &field,
                                       ULong64_t parts, std::size_t most) {
  auto reader = ROOT::RNTupleReader::Open(name, file);
  auto view = reader->GetView<std::uint64_t>(field);
  std::vector<ULong64_t> found;
  for (ULong64_t part = 0; part < parts && found.size() < most; ++part) {
    std::vector<ULong64_t> values;
    values.reserve(reader->GetNEntries() / parts);
    for (const auto entry : reader->GetEntryRange()) {
      const ULong64_t value = view(entry);
      if (value % parts == part) values.push_back(value);
    }
    std::sort(values.begin(), values.end());
    for (std::size_t i = 1; i < values.size() && found.size() < most; ++i)
      if (values[i] == values[i - 1] && (found.empty() || found.back() != values[i])) found.push_back(values[i]);
  }
  return found;
}

} // namespace rdfp::rntuple
