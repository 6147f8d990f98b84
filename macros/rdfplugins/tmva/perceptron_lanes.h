#pragma once
// Eight doubles at once, and the neurons of TMVA on them: portable vectors of the compiler, which become whatever
// vector units the function has into which these are inlined. NaN gives NaN, and the limits hold for infinities.

#include "rdfplugins/network_lanes.h"

#include <cstddef>

namespace rdfp::tmva {

enum Neuron : int { kSigmoid, kTanh, kLinear, kRadial };
enum Synapses : int { kSum, kSquares, kSizes }; // of w x: the sum, of its square, of its absolute value

typedef double Doubles __attribute__((vector_size(64)));
typedef unsigned long long LongBits __attribute__((vector_size(64)));

// Doubles in memory, of one variable or neuron for as many events. Vectors are handed over by reference only: by value
// they would be another call on every CPU.
struct alignas(64) Octet {
  static constexpr std::size_t kEvents = 8;
  double values[kEvents];
};

RDFP_ALWAYS_INLINE void load(const Octet &from, Doubles &to) { __builtin_memcpy(&to, from.values, sizeof to); }
RDFP_ALWAYS_INLINE void store(const Doubles &from, Octet &to) { __builtin_memcpy(to.values, &from, sizeof from); }

// For x <= 0: exp(x) = scale (1 + tail), and exp(x) - 1 without loss near 0. x = n ln 2 + r, |r| <= ln 2 / 2; scale =
// 2^n, tail = exp(r) - 1 by its series, the rest of which is below 1e-17. Below -708 exp is 0.
RDFP_ALWAYS_INLINE void exponential(const Doubles &argument, Doubles &scale, Doubles &tail) {
  const Doubles lowest = Doubles{} - 708.0;
  const Doubles x = argument < lowest ? lowest : argument;
  const Doubles shifted = x * 1.4426950408889634 + 6755399441055744.0; // 1.5 * 2^52: leaves no bits for a fraction
  const Doubles n = shifted - 6755399441055744.0;
  scale = (Doubles)(((LongBits)shifted << 52) + 0x3ff0000000000000ULL);
  scale = argument < lowest ? Doubles{} : scale;
  const Doubles r =
      (x - n * 0.693145751953125) - n * 1.42860682030941723212e-6; // ln 2, its first part without rounding
  Doubles p = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  tail = p * (r * r) + r;
}

template <Neuron Kind> RDFP_ALWAYS_INLINE void activate(Doubles &x) {
  constexpr unsigned long long sign = 0x8000000000000000ULL;
  const Doubles zero = {};
  const Doubles down = (Doubles)((LongBits)x | sign); // -|x|
  Doubles scale, tail;
  if constexpr (Kind == kSigmoid) {
    exponential(down, scale, tail);
    const Doubles e = scale * tail + scale, one = zero + 1.0;
    x = (x < zero ? e : one) / (e + 1.0);
  }
  if constexpr (Kind == kTanh) { // m = exp(-2|x|) - 1; -m / (2 + m), with the sign of x
    exponential(down * 2.0, scale, tail);
    const Doubles m = scale * tail + (scale - 1.0);
    const Doubles size = (zero - m) / (m + 2.0);
    x = (Doubles)((LongBits)size | ((LongBits)x & sign));
  }
  if constexpr (Kind == kRadial) {
    exponential(x * x * -0.5, scale, tail);
    x = scale * tail + scale;
  }
}

// What one synapse brings.
template <Synapses Kind> RDFP_ALWAYS_INLINE void bring(Doubles &product) {
  if constexpr (Kind == kSquares) product *= product;
  if constexpr (Kind == kSizes) product = (Doubles)((LongBits)product & 0x7fffffffffffffffULL);
}

// What the synapses bring to `Together` neurons next to each other, whose sums do not wait for one another: `weights`
// has for each neuron one for each input, then the bias.
template <Synapses Brought, std::size_t Together>
RDFP_ALWAYS_INLINE void connect(const double *weights, std::size_t inputs, const Octet *in, Octet *out) {
  Doubles sums[Together];
  for (std::size_t j = 0; j < Together; ++j) {
    sums[j] = Doubles{} + weights[j * (inputs + 1) + inputs];
    bring<Brought>(sums[j]);
  }
  for (std::size_t i = 0; i < inputs; ++i) {
    Doubles value;
    load(in[i], value);
    for (std::size_t j = 0; j < Together; ++j) {
      Doubles product = value * weights[j * (inputs + 1) + i];
      bring<Brought>(product);
      sums[j] += product;
    }
  }
  for (std::size_t j = 0; j < Together; ++j) store(sums[j], out[j]);
}

// A layer of neurons.
template <Synapses Brought, Neuron Kind>
RDFP_ALWAYS_INLINE void apply(const double *weights, std::size_t inputs, std::size_t outputs, const Octet *in,
                              Octet *out) {
  constexpr std::size_t together = 4;
  std::size_t j = 0;
  for (; j + together <= outputs; j += together)
    connect<Brought, together>(weights + j * (inputs + 1), inputs, in, out + j);
  for (; j < outputs; ++j) connect<Brought, 1>(weights + j * (inputs + 1), inputs, in, out + j);
  if constexpr (Kind == kLinear) return;
  for (j = 0; j < outputs; ++j) {
    Doubles value;
    load(out[j], value);
    activate<Kind>(value);
    store(value, out[j]);
  }
}

template <Synapses Brought>
RDFP_ALWAYS_INLINE void apply(Neuron neuron, const double *weights, std::size_t inputs, std::size_t outputs,
                              const Octet *in, Octet *out) {
  switch (neuron) {
  case kSigmoid:
    return apply<Brought, kSigmoid>(weights, inputs, outputs, in, out);
  case kTanh:
    return apply<Brought, kTanh>(weights, inputs, outputs, in, out);
  case kLinear:
    return apply<Brought, kLinear>(weights, inputs, outputs, in, out);
  case kRadial:
    return apply<Brought, kRadial>(weights, inputs, outputs, in, out);
  }
}

} // namespace rdfp::tmva
