#pragma once
// A TMVA method as numbers: transformations of its variables, then trees, a perceptron or a linear function, then the
// way back to the targets of a regression. All in double precision, from inputs that are floats; a NaN among them makes
// every output NaN. An event has the same bits whoever asks: alone, among many, from however many threads.

#include "rdfplugins/network_lanes.h"
#include "rdfplugins/tmva/perceptron.h"
#include "rdfplugins/tmva/steps.h"
#include "rdfplugins/tmva/trees.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

namespace rdfp::tmva {

// Rows of [constant, a coefficient for each variable], one for each output.
class Linear {
public:
  Linear(std::size_t inputs, std::size_t outputs, const double *coefficients)
      : inputs_(inputs), outputs_(outputs), coefficients_(coefficients, coefficients + outputs * (inputs + 1)) {}

  std::size_t variables() const { return inputs_; }
  std::size_t outputs() const { return outputs_; }

  void evaluate(const double *in, double *out) const {
    const double *row = coefficients_.data();
    for (std::size_t j = 0; j < outputs_; ++j, row += inputs_ + 1) {
      out[j] = row[0];
      for (std::size_t i = 0; i < inputs_; ++i) out[j] += row[i + 1] * in[i];
    }
  }
  void evaluate_many(const double *in, std::size_t events, double *out) const {
    for (std::size_t k = 0; k < events; ++k) evaluate(in + k * inputs_, out + k * outputs_);
  }

private:
  std::size_t inputs_, outputs_;
  std::vector<double> coefficients_;
};

// Const once all steps and targets are added.
class Method {
public:
  using Kernel = std::variant<Linear, Perceptron, trees::Forest>;

  Method(std::size_t inputs, Kernel kernel) : inputs_(inputs), kernel_(std::move(kernel)) {
    const bool fits = std::visit([&](const auto &one) { return one.variables() == inputs; }, kernel_);
    if (!fits || inputs == 0) throw std::invalid_argument("rdfp::tmva::Method: the kernel has other inputs");
    outputs_ = std::visit([](const auto &one) { return one.outputs(); }, kernel_);
  }

  // Steps are taken in the order in which they are added; numbers are copied.
  void add_scale(const int *variables, const double *low, const double *high, std::size_t size);
  void add_rotate(const int *variables, const double *mean, const double *matrix, std::size_t size);
  void add_quantile(int variable, const double *points, const double *cumulative, std::size_t size, bool gauss);
  // [outputs][2]: what stands for -1 and for 1 of each output.
  void add_targets(const double *ranges) { targets_.insert(targets_.end(), ranges, ranges + 2 * outputs_); }

  std::size_t inputs() const { return inputs_; }
  std::size_t outputs() const { return outputs_; }

  // Outputs of one event: reads inputs() floats, writes outputs() doubles.
  void evaluate(const float *in, double *out) const;

  // The same for many events, [events][inputs()] to [events][outputs()]: the same bits.
  void evaluate_many(const float *in, std::size_t events, double *out) const;

private:
  static constexpr std::size_t kTogether = 512; // events whose variables stay in a near cache

  void require(const int *variables, std::size_t size) const;
  void prepare(const float *in, double *x) const;
  void finish(const float *in, double *out) const;

  std::size_t inputs_, outputs_ = 0;
  Kernel kernel_;
  std::vector<Step> steps_;
  std::vector<double> targets_;
};

RDFP_COMPILED void Method::require(const int *variables, std::size_t size) const {
  for (std::size_t i = 0; i < size; ++i)
    if (variables[i] < 0 || static_cast<std::size_t>(variables[i]) >= inputs_)
      throw std::invalid_argument("rdfp::tmva::Method: a step takes a variable that is not there");
}

RDFP_COMPILED void Method::add_scale(const int *variables, const double *low, const double *high, std::size_t size) {
  require(variables, size);
  steps_.push_back(Scale{{variables, variables + size}, {low, low + size}, {high, high + size}});
}

RDFP_COMPILED void Method::add_rotate(const int *variables, const double *mean, const double *matrix,
                                      std::size_t size) {
  require(variables, size);
  steps_.push_back(Rotate{{variables, variables + size}, {mean, mean + size}, {matrix, matrix + size * size}});
}

RDFP_COMPILED void Method::add_quantile(int variable, const double *points, const double *cumulative, std::size_t size,
                                        bool gauss) {
  require(&variable, 1);
  if (size < 2) throw std::invalid_argument("rdfp::tmva::Method: a distribution has two points at least");
  steps_.push_back(Quantile{variable, {points, points + size}, {cumulative, cumulative + size}, gauss});
}

RDFP_COMPILED void Method::prepare(const float *in, double *x) const {
  std::copy_n(in, inputs_, x);
  for (const Step &step : steps_) std::visit([&](const auto &one) { one.apply(x); }, step);
}

RDFP_COMPILED void Method::finish(const float *in, double *out) const {
  if (std::any_of(in, in + inputs_, [](float value) { return std::isnan(value); })) {
    std::fill_n(out, outputs_, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  for (std::size_t k = 0; k < targets_.size(); k += 2) {
    const double low = targets_[k], high = targets_[k + 1];
    double &value = out[k / 2 % outputs_];
    value = low + (value + 1.0) / 2.0 * (high - low);
  }
}

RDFP_COMPILED void Method::evaluate(const float *in, double *out) const {
  Numbers x(inputs_);
  prepare(in, x.data());
  std::visit([&](const auto &one) { one.evaluate(x.data(), out); }, kernel_);
  finish(in, out);
}

RDFP_COMPILED void Method::evaluate_many(const float *in, std::size_t events, double *out) const {
  std::vector<double> x(std::min(events, kTogether) * inputs_);
  for (std::size_t first = 0, now = 0; first < events; first += now) {
    now = std::min(events - first, kTogether);
    for (std::size_t k = 0; k < now; ++k) prepare(in + (first + k) * inputs_, x.data() + k * inputs_);
    double *to = out + first * outputs_;
    std::visit([&](const auto &one) { one.evaluate_many(x.data(), now, to); }, kernel_);
    for (std::size_t k = 0; k < now; ++k) finish(in + (first + k) * inputs_, to + k * outputs_);
  }
}

// What Python makes a method of, and the method behind a pointer that may be held by a graph as long as it needs it.
inline std::shared_ptr<Method> make_method(std::size_t inputs, const Linear &kernel) {
  return std::make_shared<Method>(inputs, kernel);
}
inline std::shared_ptr<Method> make_method(std::size_t inputs, const Perceptron &kernel) {
  return std::make_shared<Method>(inputs, kernel);
}
inline std::shared_ptr<Method> make_method(std::size_t inputs, const trees::Forest &kernel) {
  return std::make_shared<Method>(inputs, kernel);
}
inline std::shared_ptr<const Method> finished(std::shared_ptr<Method> method) { return method; }

} // namespace rdfp::tmva
