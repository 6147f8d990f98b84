#pragma once
// The objects of a collection (jets, leptons) of one event: statistics over all, and the first of them by rank.

#include "rdfplugins/kinematics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

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

// Which objects come first: `size` objects in the event, and the places of the first ones of them in rank order.
struct Ranking {
  std::size_t size = 0;
  std::vector<std::size_t> places;
};

// The first `count` objects, fewer where there are fewer: in the order of the file or, `sorted`, by falling value,
// equal values in the order of the file, NaN after all numbers.
template <class Values> Ranking ranking(const Values &values, std::size_t count, bool sorted) {
  Ranking order;
  order.size = values.size();
  order.places.resize(values.size());
  std::iota(order.places.begin(), order.places.end(), std::size_t{0});
  if (sorted)
    std::stable_sort(order.places.begin(), order.places.end(), [&](std::size_t i, std::size_t j) {
      const auto a = values[i], b = values[j];
      return a > b || (a == a && b != b); // only NaN differs from itself
    });
  if (order.places.size() > count) order.places.resize(count);
  return order;
}

// Value of the object of this rank, from 0; `fill` where there is none. Throws std::runtime_error where the values,
// which `what` names, are not those of the ranked objects.
template <class Values, class T>
T padded(const Ranking &order, const Values &values, std::size_t rank, T fill, const std::string &what) {
  if (values.size() != order.size)
    throw std::runtime_error(what + " has " + std::to_string(values.size()) + " elements in an event with " +
                             std::to_string(order.size) + " objects");
  return rank < order.places.size() ? static_cast<T>(values[order.places[rank]]) : fill;
}

} // namespace rdfp
