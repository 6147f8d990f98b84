#pragma once
// A dense network, evaluated event by event: y = a(W x + b), layer after layer, in float32, with the vector units that
// this CPU has. Inputs and outputs are raw: in the units in which the network was trained, without any convention.
// NaN in any input makes every output NaN. Two levels of vector units (see Cpu) may differ in the last bits; on one CPU
// an event has the same bits whoever asks, from however many threads.
//
// The interpreter compiles what is not inline when it reads this header, with the optimisation of that moment; for
// compiled code everything is inline.

#include "rdfplugins/network_lanes.h"
#include "rdfplugins/network_tiles.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rdfp {

// One layer, its kernel stored so that it is read from its first to its last byte.
// By panels (many outputs): for each kPanel outputs, padded with zeros, what each input adds to them, input after
// input. By rows (few outputs): for each output what each input adds to it, padded with zeros.
struct DenseLayer {
  std::size_t inputs = 0, outputs = 0;
  network::Activation activation = network::kLinear;
  bool by_rows = false;
  std::vector<network::Lanes> kernel, bias;
};

class Network {
public:
  // `shape` is the number of inputs, then the width of each layer; `activations` has one entry a layer, as in
  // network::Activation; `weights` holds for each layer its kernel [inputs][outputs], then its bias, `count` floats in
  // all, and is copied. `cpu` lowers the level of vector units. Throws std::invalid_argument where they do not fit.
  Network(const std::vector<std::size_t> &shape, const std::vector<int> &activations, const float *weights,
          std::size_t count, int cpu = network::kAvx512);

  std::size_t inputs() const { return layers_.front().inputs; }
  std::size_t outputs() const { return layers_.back().outputs; }

  // Outputs of one event: reads inputs() floats, writes outputs() floats.
  void evaluate(const float *in, float *out) const;

  // The same for many events, [events][inputs()] to [events][outputs()]: the same bits, much faster, since a weight is
  // read once for many events.
  void evaluate_many(const float *in, std::size_t events, float *out) const;

private:
  void run(const float *in, std::size_t events, float *out, network::Lanes *scratch) const;

  std::vector<DenseLayer> layers_;
  std::size_t room_ = 0; // vectors for what is widest, a layer or the inputs
  int cpu_ = network::kBaseline;
};

namespace network {

RDFP_COMPILED void pack(DenseLayer &layer, const float *kernel, const float *bias) {
  const std::size_t inputs = layer.inputs, outputs = layer.outputs;
  layer.by_rows = outputs < kLanes;
  layer.bias.resize(in_lanes(outputs));
  for (std::size_t j = 0; j < outputs; ++j) layer.bias[j / kLanes].values[j % kLanes] = bias[j];
  if (layer.by_rows) {
    const std::size_t lanes = in_lanes(inputs);
    layer.kernel.resize(outputs * lanes);
    for (std::size_t i = 0; i < inputs; ++i)
      for (std::size_t j = 0; j < outputs; ++j)
        layer.kernel[j * lanes + i / kLanes].values[i % kLanes] = kernel[i * outputs + j];
    return;
  }
  layer.kernel.resize(in_panels(outputs) * inputs * kPanelLanes);
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::size_t j = 0; j < outputs; ++j) {
      const std::size_t line = (j / kPanel * inputs + i) * kPanelLanes + j % kPanel / kLanes;
      layer.kernel[line].values[j % kLanes] = kernel[i * outputs + j];
    }
}

// W x of a layer for all events of a block: panel after panel, each of which stays in the cache for all events. Every
// output is summed in the order of the inputs, however many events there are: its bits do not depend on them.
template <class Cpu>
RDFP_ALWAYS_INLINE void multiply(const DenseLayer &layer, Block in, Block out, std::size_t events) {
  const Lanes *kernel = layer.kernel.data();
  if (layer.by_rows) {
    const std::size_t lanes = in_lanes(layer.inputs);
    for (std::size_t row = 0; row < events; ++row)
      for (std::size_t j = 0; j < layer.outputs; ++j) {
        Floats sums = {}, weights, values;
        for (std::size_t i = 0; i < lanes; ++i) {
          load(kernel[j * lanes + i], weights);
          load(in.first[row * in.stride + i], values);
          sums = weights * values + sums;
        }
        out.first[row * out.stride].values[j] = total(sums);
      }
    return;
  }
  const std::size_t lanes = in_lanes(layer.outputs), tiled = events / Cpu::kRows * Cpu::kRows;
  for (std::size_t first = 0; first < lanes; first += kPanelLanes, kernel += layer.inputs * kPanelLanes) {
    const Block panel{out.first + first, out.stride};
    for (std::size_t line = 0; line < kPanelLanes && first + line < lanes; line += Cpu::kLines)
      for (std::size_t row = 0; row < tiled; row += Cpu::kRows)
        Cpu::tile(kernel + line, layer.inputs, in.at(row), {panel.at(row).first + line, out.stride});
    for (std::size_t row = tiled; row < events; ++row)
      plain_tile<1, kPanelLanes>(kernel, layer.inputs, in.at(row), panel.at(row));
  }
}

// a(x + bias) for all events of a block, in place. What is behind the last output of an event becomes 0.
template <Activation A> RDFP_ALWAYS_INLINE void activate_all(const DenseLayer &layer, Block block, std::size_t events) {
  const std::size_t lanes = in_lanes(layer.outputs), rest = lanes * kLanes - layer.outputs;
  for (std::size_t row = 0; row < events; ++row, block.first += block.stride) {
    for (std::size_t k = 0; k < lanes; ++k) {
      Floats x, bias;
      load(block.first[k], x);
      load(layer.bias[k], bias);
      x += bias;
      activate<A>(x);
      store(x, block.first[k]);
    }
    for (std::size_t k = kLanes - rest; k < kLanes; ++k) block.first[lanes - 1].values[k] = 0;
  }
}

RDFP_ALWAYS_INLINE void activate_by(const DenseLayer &layer, Block block, std::size_t events) {
  switch (layer.activation) {
  case kLinear:
    return activate_all<kLinear>(layer, block, events);
  case kRelu:
    return activate_all<kRelu>(layer, block, events);
  case kElu:
    return activate_all<kElu>(layer, block, events);
  case kSoftplus:
    return activate_all<kSoftplus>(layer, block, events);
  case kTanh:
    return activate_all<kTanh>(layer, block, events);
  case kSigmoid:
    return activate_all<kSigmoid>(layer, block, events);
  }
}

// -- compiled once for each level of vector units

RDFP_COMPILED void apply_baseline(const DenseLayer &layer, Block in, Block out, std::size_t events) {
  multiply<Baseline>(layer, in, out, events);
  activate_by(layer, out, events);
}
#ifdef RDFP_X86
RDFP_AVX2 RDFP_COMPILED void apply_avx2(const DenseLayer &layer, Block in, Block out, std::size_t events) {
  multiply<Avx2>(layer, in, out, events);
  activate_by(layer, out, events);
}
RDFP_AVX512 RDFP_COMPILED void apply_avx512(const DenseLayer &layer, Block in, Block out, std::size_t events) {
  multiply<Avx512>(layer, in, out, events);
  activate_by(layer, out, events);
}
#endif

RDFP_COMPILED void apply(int cpu, const DenseLayer &layer, Block in, Block out, std::size_t events) {
#ifdef RDFP_X86
  if (cpu == kAvx512) return apply_avx512(layer, in, out, events);
  if (cpu == kAvx2) return apply_avx2(layer, in, out, events);
#endif
  (void)cpu;
  apply_baseline(layer, in, out, events);
}

} // namespace network

RDFP_COMPILED Network::Network(const std::vector<std::size_t> &shape, const std::vector<int> &activations,
                               const float *weights, std::size_t count, int cpu)
    : cpu_(std::min(cpu, network::cpu_level())) {
  if (shape.size() < 2 || shape.size() != activations.size() + 1)
    throw std::invalid_argument("rdfp::Network: one activation a layer, one layer at least");
  std::size_t needed = 0;
  for (std::size_t k = 0; k < activations.size(); ++k) {
    if (shape[k] == 0 || shape[k + 1] == 0 || activations[k] < 0 || activations[k] > network::kSigmoid)
      throw std::invalid_argument("rdfp::Network: a layer without width, or of an unknown activation");
    needed += (shape[k] + 1) * shape[k + 1];
  }
  if (needed != count) throw std::invalid_argument("rdfp::Network: the weights do not fit the shape");
  for (std::size_t k = 0; k < activations.size(); ++k) {
    DenseLayer layer;
    layer.inputs = shape[k], layer.outputs = shape[k + 1];
    layer.activation = static_cast<network::Activation>(activations[k]);
    const std::size_t size = layer.inputs * layer.outputs;
    network::pack(layer, weights, weights + size);
    weights += size + layer.outputs;
    room_ =
        std::max({room_, network::in_lanes(layer.inputs), network::in_panels(layer.outputs) * network::kPanelLanes});
    layers_.push_back(std::move(layer));
  }
}

// Outputs for the events of one block; `scratch` has room for two blocks.
RDFP_COMPILED void Network::run(const float *in, std::size_t events, float *out, network::Lanes *scratch) const {
  network::Block now{scratch, room_}, next{scratch + events * room_, room_};
  const std::size_t last = network::in_lanes(inputs()) - 1;
  for (std::size_t row = 0; row < events; ++row) {
    now.at(row).first[last] = {}; // what is behind the last input has to be a number
    std::copy(in + row * inputs(), in + (row + 1) * inputs(), now.at(row).first->values);
  }
  for (const DenseLayer &layer : layers_) {
    network::apply(cpu_, layer, now, next, events);
    std::swap(now, next);
  }
  for (std::size_t row = 0; row < events; ++row)
    std::copy_n(now.at(row).first->values, outputs(), out + row * outputs());
}

RDFP_COMPILED void Network::evaluate(const float *in, float *out) const {
  constexpr std::size_t few = 64; // lanes: a network of 1024 or less in width needs no memory but the stack
  network::Lanes scratch[2 * few];
  if (room_ <= few) return run(in, 1, out, scratch);
  std::vector<network::Lanes> more(2 * room_);
  run(in, 1, out, more.data());
}

RDFP_COMPILED void Network::evaluate_many(const float *in, std::size_t events, float *out) const {
  std::vector<network::Lanes> scratch(2 * room_ * std::min(events, network::kBlock));
  for (std::size_t first = 0; first < events; first += network::kBlock)
    run(in + first * inputs(), std::min(events - first, network::kBlock), out + first * outputs(), scratch.data());
}

// The same behind a pointer that may be held by a graph as long as it needs it.
RDFP_COMPILED std::shared_ptr<const Network> make_network(const std::vector<std::size_t> &shape,
                                                          const std::vector<int> &activations, const float *weights,
                                                          std::size_t count, int cpu = network::kAvx512) {
  return std::make_shared<const Network>(shape, activations, weights, count, cpu);
}

} // namespace rdfp
