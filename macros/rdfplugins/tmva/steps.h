#pragma once
// Transformations of TMVA: each changes the variables of one event in place, in double precision.

#include "rdfplugins/tmva/erfinv.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <variant>
#include <vector>

namespace rdfp::tmva {

// Numbers for one event; a usual number of them needs no memory but the stack.
class Numbers {
public:
  explicit Numbers(std::size_t count) : more_(count > kFew ? count : 0) {}
  Numbers(const Numbers &) = delete;
  Numbers &operator=(const Numbers &) = delete;
  double *data() { return more_.empty() ? few_ : more_.data(); }
  double &operator[](std::size_t i) { return data()[i]; }

private:
  static constexpr std::size_t kFew = 64;
  double few_[kFew];
  std::vector<double> more_;
};

// Some of the variables to [-1, 1] where they are in [low, high].
struct Scale {
  std::vector<int> variables;
  std::vector<double> low, high;

  void apply(double *x) const {
    for (std::size_t i = 0; i < variables.size(); ++i) {
      double &value = x[variables[i]];
      value = (value - low[i]) / (high[i] - low[i]) * 2.0 - 1.0;
    }
  }
};

// matrix (x - mean), each row summed from its first to its last variable.
struct Rotate {
  std::vector<int> variables;
  std::vector<double> mean, matrix;

  void apply(double *x) const {
    const std::size_t size = variables.size();
    Numbers centred(size);
    for (std::size_t j = 0; j < size; ++j) centred[j] = x[variables[j]] - mean[j];
    const double *row = matrix.data();
    for (std::size_t i = 0; i < size; ++i, row += size) {
      double sum = 0;
      for (std::size_t j = 0; j < size; ++j) sum += row[j] * centred[j];
      x[variables[i]] = sum;
    }
  }
};

// The cumulative distribution of a variable, or the normal quantile of that. A rounding here may be 1e-9 of what comes
// out, since erf is flat far out: whoever computes the same must do it in this order.
struct Quantile {
  int variable;
  std::vector<double> points, cumulative;
  bool gauss;

  void apply(double *x) const {
    double &value = x[variable];
    // between the last point below the value, and the next; beyond the ends the line of the outermost two goes on
    const auto next = std::lower_bound(points.begin() + 1, points.end() - 1, value);
    const std::size_t k = static_cast<std::size_t>(next - points.begin()) - 1;
    const double slope = (cumulative[k + 1] - cumulative[k]) / (points[k + 1] - points[k]);
    const double line = slope == 0 ? cumulative[k] : cumulative[k] + (value - points[k]) * slope; // infinity x 0 is 0
    value = std::isnan(value) ? value : std::clamp(line, 1e-9, 1.0 - 1e-9);
    if (gauss) value = 1.414213562 * erfinv(std::clamp(2.0 * value - 1.0, -0.99999999, 0.99999999));
  }
};

using Step = std::variant<Scale, Rotate, Quantile>;

} // namespace rdfp::tmva
