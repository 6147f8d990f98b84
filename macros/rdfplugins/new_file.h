#pragma once
// A new ROOT file in the place of one that is there and empty. No physics here.

#include <Compression.h>
#include <TMemFile.h>

#include <cstdio>
#include <string>
#include <vector>

namespace rdfp {

// Fill an empty file, which stays the one that it is (it may be locked): ROOT makes no file in the place of one that is
// there, it removes that. `name`: of the file, as it says itself.
inline bool make_file(const std::string &path, const std::string &name) {
  TMemFile empty(name.c_str(), "RECREATE", "", ROOT::RCompressionSetting::EDefaults::kUseGeneralPurpose);
  empty.Write(); // also the list of free places, which tells that it was closed
  std::vector<char> bytes(empty.GetEND());
  if (empty.CopyTo(bytes.data(), bytes.size()) < 0) return false;
  std::FILE *file = std::fopen(path.c_str(), "r+b");
  const bool good = file && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return file && std::fclose(file) == 0 && good;
}

} // namespace rdfp
