#pragma once
// Statistics over the objects of a collection (jets, leptons) of one event.

#include "rdfplugins/kinematics.h"

#include <cmath>
#include <limits>

namespace rdfp {

// What is kept of a quantity of variable length; all in the quantity's own unit.
struct Statistics {
  double min, max, mean, sum, std;
};

// Minimum, maximum, mean, sum and population standard deviation (ddof 0, two passes, in double) of transform(value).
// Empty: sum 0 and the rest `empty`. A NaN or infinite element makes all five NaN, in whichever place it stands.
template <class Values, class Transform>
Statistics statistics(const Values &values, double empty, Transform transform) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return {empty, empty, empty, 0.0, empty};
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  double sum = 0.0;
  for (const auto &value : values) {
    const double x = transform(value);
    if (!std::isfinite(x)) return {nan, nan, nan, nan, nan};
    min = x < min ? x : min;
    max = x > max ? x : max;
    sum += x;
  }
  const double mean = sum / values.size();
  double squares = 0.0;
  for (const auto &value : values) {
    const double distance = transform(value) - mean;
    squares += distance * distance;
  }
  return {min, max, mean, sum, std::sqrt(squares / values.size())};
}

template <class Values> Statistics statistics(const Values &values, double empty) {
  return statistics(values, empty, [](double value) { return value; });
}

// Statistics of the polar angles of pseudorapidities, in rad.
template <class Values> Statistics theta_statistics(const Values &etas, double empty) {
  return statistics(etas, empty, [](double eta) { return theta(eta); });
}

} // namespace rdfp
