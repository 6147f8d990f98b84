#pragma once
// Good runs of data taking: runs, each with ranges of luminosity blocks.

#include <Rtypes.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace rdfp {

// A run with one range of its luminosity blocks, both ends included.
struct GoodRange {
  ULong64_t run, first, last;
};

class GoodRuns {
public:
  // In any order; a run may have several ranges, and ranges of one run may touch but not overlap.
  explicit GoodRuns(std::vector<GoodRange> ranges) : fRanges(std::move(ranges)) {
    std::sort(fRanges.begin(), fRanges.end(), before);
  }

  // Whether any block of the run is good.
  bool contains(ULong64_t run) const {
    const auto next = std::lower_bound(fRanges.begin(), fRanges.end(), GoodRange{run, 0, 0}, before);
    return next != fRanges.end() && next->run == run;
  }

  // Whether the block lies in a range of the run.
  bool contains(ULong64_t run, ULong64_t block) const {
    // the last range that begins at the block or below it
    auto next = std::upper_bound(fRanges.begin(), fRanges.end(), GoodRange{run, block, 0}, before);
    if (next == fRanges.begin()) return false;
    --next;
    return next->run == run && block <= next->last;
  }

private:
  static bool before(const GoodRange &a, const GoodRange &b) {
    return a.run != b.run ? a.run < b.run : a.first < b.first;
  }

  std::vector<GoodRange> fRanges;
};

} // namespace rdfp
