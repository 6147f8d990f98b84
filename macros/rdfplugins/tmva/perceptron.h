#pragma once
// A small multilayer perceptron of TMVA in double precision. The neurons of eight events are side by side in vectors of
// the compiler, of the widest that this CPU has; an event has the same bits alone and among others.

#include "rdfplugins/network_lanes.h"
#include "rdfplugins/tmva/perceptron_lanes.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

namespace rdfp::tmva {

class Perceptron {
public:
  // `shape` is the number of inputs, then the width of each layer; `weights` has for each layer [inputs + 1][outputs],
  // the last row of the bias, `count` in all, and is copied. `cpu` lowers the level of vector units. Throws
  // std::invalid_argument where they do not fit.
  Perceptron(const std::vector<std::size_t> &shape, const double *weights, std::size_t count, int neuron, int synapses,
             int output, bool softmax, int cpu = network::kAvx512);

  std::size_t variables() const { return shape_.front(); }
  std::size_t outputs() const { return shape_.back(); }

  // Outputs of one event: reads variables() doubles, writes outputs() doubles.
  void evaluate(const double *in, double *out) const { evaluate_many(in, 1, out); }

  // The same for many events, [events][variables()] to [events][outputs()].
  void evaluate_many(const double *in, std::size_t events, double *out) const;

private:
  void run(const double *in, std::size_t events, double *out, Octet *now, Octet *next) const;
  void normalise(double *values) const;

  std::vector<std::size_t> shape_;
  std::vector<double> weights_; // layer after layer, neuron after neuron: one for each input, then the bias
  std::size_t widest_ = 0;
  Neuron neuron_, output_;
  Synapses synapses_;
  bool softmax_;
  int cpu_;
};

RDFP_COMPILED Perceptron::Perceptron(const std::vector<std::size_t> &shape, const double *weights, std::size_t count,
                                     int neuron, int synapses, int output, bool softmax, int cpu)
    : shape_(shape), neuron_(static_cast<Neuron>(neuron)), output_(static_cast<Neuron>(output)),
      synapses_(static_cast<Synapses>(synapses)), softmax_(softmax), cpu_(std::min(cpu, network::cpu_level())) {
  if (std::min(neuron, output) < kSigmoid || std::max(neuron, output) > kRadial || synapses < kSum || synapses > kSizes)
    throw std::invalid_argument("rdfp::tmva::Perceptron: an unknown kind of neurons or synapses");
  if (shape.size() < 2 || std::count(shape.begin(), shape.end(), std::size_t{0}) > 0)
    throw std::invalid_argument("rdfp::tmva::Perceptron: one layer at least, and none without width");
  std::size_t needed = 0;
  for (std::size_t k = 1; k < shape.size(); ++k) needed += (shape[k - 1] + 1) * shape[k];
  if (needed != count) throw std::invalid_argument("rdfp::tmva::Perceptron: the weights do not fit the shape");
  widest_ = *std::max_element(shape.begin(), shape.end());
  weights_.reserve(count);
  for (std::size_t k = 1; k < shape.size(); ++k) {
    for (std::size_t j = 0; j < shape[k]; ++j)
      for (std::size_t i = 0; i <= shape[k - 1]; ++i) weights_.push_back(weights[i * shape[k] + j]);
    weights += (shape[k - 1] + 1) * shape[k];
  }
}

namespace perceptron {

// A layer of neurons, for Octet::kEvents events.
struct Layer {
  Synapses synapses;
  Neuron neuron;
  const double *weights;
  std::size_t inputs, outputs;
};

RDFP_ALWAYS_INLINE void apply_any(const Layer &a, const Octet *in, Octet *out) {
  switch (a.synapses) {
  case kSum:
    return apply<kSum>(a.neuron, a.weights, a.inputs, a.outputs, in, out);
  case kSquares:
    return apply<kSquares>(a.neuron, a.weights, a.inputs, a.outputs, in, out);
  case kSizes:
    return apply<kSizes>(a.neuron, a.weights, a.inputs, a.outputs, in, out);
  }
}

// -- compiled once for each level of vector units

RDFP_COMPILED void apply_baseline(const Layer &layer, const Octet *in, Octet *out) { apply_any(layer, in, out); }
#ifdef RDFP_X86
RDFP_AVX2 RDFP_COMPILED void apply_avx2(const Layer &layer, const Octet *in, Octet *out) { apply_any(layer, in, out); }
RDFP_AVX512 RDFP_COMPILED void apply_avx512(const Layer &layer, const Octet *in, Octet *out) {
  apply_any(layer, in, out);
}
#endif

RDFP_COMPILED void apply_layer(int cpu, const Layer &layer, const Octet *in, Octet *out) {
#ifdef RDFP_X86
  if (cpu == network::kAvx512) return apply_avx512(layer, in, out);
  if (cpu == network::kAvx2) return apply_avx2(layer, in, out);
#endif
  (void)cpu;
  apply_baseline(layer, in, out);
}

} // namespace perceptron

// Softmax; the largest is taken from all, so that none overflows.
RDFP_COMPILED void Perceptron::normalise(double *values) const {
  const double largest = *std::max_element(values, values + outputs());
  double sum = 0;
  for (std::size_t j = 0; j < outputs(); ++j) sum += values[j] = std::exp(values[j] - largest);
  for (std::size_t j = 0; j < outputs(); ++j) values[j] /= sum;
}

// Outputs of Octet::kEvents events or less; `now` and `next` have room for a layer each.
RDFP_COMPILED void Perceptron::run(const double *in, std::size_t events, double *out, Octet *now, Octet *next) const {
  for (std::size_t i = 0; i < variables(); ++i)
    for (std::size_t k = 0; k < Octet::kEvents; ++k) now[i].values[k] = k < events ? in[k * variables() + i] : 0.0;
  const double *weights = weights_.data();
  for (std::size_t k = 1; k < shape_.size(); ++k) {
    const Neuron neuron = k + 1 < shape_.size() ? neuron_ : output_;
    perceptron::apply_layer(cpu_, {synapses_, neuron, weights, shape_[k - 1], shape_[k]}, now, next);
    weights += (shape_[k - 1] + 1) * shape_[k];
    std::swap(now, next);
  }
  for (std::size_t k = 0; k < events; ++k, out += outputs()) {
    for (std::size_t j = 0; j < outputs(); ++j) out[j] = now[j].values[k];
    if (softmax_) normalise(out);
  }
}

RDFP_COMPILED void Perceptron::evaluate_many(const double *in, std::size_t events, double *out) const {
  constexpr std::size_t few = 64; // neurons: a perceptron of this width or less needs no memory but the stack
  Octet near[2 * few];
  std::vector<Octet> more(widest_ > few ? 2 * widest_ : 0);
  Octet *now = more.empty() ? near : more.data();
  for (std::size_t k = 0; k < events; k += Octet::kEvents)
    run(in + k * variables(), std::min(events - k, Octet::kEvents), out + k * outputs(), now, now + widest_);
}

} // namespace rdfp::tmva
