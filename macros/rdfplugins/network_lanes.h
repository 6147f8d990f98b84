#pragma once
// Sixteen floats at once, and the activations of networks on them: portable vectors of the compiler, which become
// whatever vector units the function has into which these are inlined. exp and log1p are polynomials fitted for
// float32: relative error below 2e-7. All arguments are plain numbers; NaN gives NaN, and the limits hold for
// infinities.

#include <cstddef>

#ifdef __CLING__
#define RDFP_COMPILED // by the interpreter, when it reads the header
#else
#define RDFP_COMPILED inline
#endif
#define RDFP_ALWAYS_INLINE inline __attribute__((always_inline))
#if defined(__x86_64__)
#include <cpuid.h>
#define RDFP_X86
#define RDFP_AVX2 __attribute__((target("avx2,fma")))
#define RDFP_AVX512 __attribute__((target("avx512f,avx2,fma")))
#endif

namespace rdfp::network {

enum Activation : int { kLinear, kRelu, kElu, kSoftplus, kTanh, kSigmoid };
enum Cpu : int { kBaseline, kAvx2, kAvx512 };

constexpr std::size_t kLanes = 16;
constexpr std::size_t kPanelLanes = 4, kPanel = kPanelLanes * kLanes;
constexpr std::size_t kBlock = 240; // events: a multiple of the rows of every tile

typedef float Floats __attribute__((vector_size(64)));
typedef unsigned Bits __attribute__((vector_size(64)));

// Floats in memory. Vectors are handed over by reference only: by value they would be another call on every CPU.
struct alignas(64) Lanes {
  float values[kLanes];
};

// Events one behind the other, `stride` vectors apart.
struct Block {
  Lanes *first = nullptr;
  std::size_t stride = 0;
  Block at(std::size_t row) const { return {first + row * stride, stride}; }
};

constexpr std::size_t in_lanes(std::size_t count) { return (count + kLanes - 1) / kLanes; }
constexpr std::size_t in_panels(std::size_t count) { return (count + kPanel - 1) / kPanel; }

RDFP_ALWAYS_INLINE void load(const Lanes &from, Floats &to) { __builtin_memcpy(&to, from.values, sizeof to); }
RDFP_ALWAYS_INLINE void store(const Floats &from, Lanes &to) { __builtin_memcpy(to.values, &from, sizeof from); }

RDFP_ALWAYS_INLINE float total(const Floats &x) {
  float sum = 0;
  for (std::size_t k = 0; k < kLanes; ++k) sum += x[k];
  return sum;
}

// The best level that CPU and operating system have.
RDFP_COMPILED int cpu_level() {
#ifdef RDFP_X86
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return kBaseline;
  const bool fma = (c >> 12 & 1) != 0, saves = (c >> 27 & 1) != 0;
  if (!fma || !saves || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return kBaseline;
  unsigned low = 0, high = 0; // which registers the operating system keeps for each thread
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((b >> 5 & 1) == 0 || (low & 0x06) != 0x06) return kBaseline;
  return (b >> 16 & 1) != 0 && (low & 0xe6) == 0xe6 ? kAvx512 : kAvx2;
#else
  return kBaseline;
#endif
}

// For x <= 0: exp(x) = scale (1 + tail), and exp(x) - 1 without loss near 0. x = n ln 2 + r, |r| <= ln 2 / 2;
// scale = 2^n, tail = exp(r) - 1. Below -87 the result stays at exp(-87).
RDFP_ALWAYS_INLINE void exponential(const Floats &argument, Floats &scale, Floats &tail) {
  const Floats lowest = Floats{} - 87.0f;
  const Floats x = argument < lowest ? lowest : argument;
  const Floats shifted = x * 1.44269504f + 12582912.0f; // 1.5 * 2^23: leaves no bits for a fraction
  const Floats n = shifted - 12582912.0f;
  scale = (Floats)(((Bits)shifted << 23) + 0x3f800000u);
  const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f; // ln 2 in two parts, the first without rounding
  Floats p = r * 1.98577971e-4f + 1.39335976e-3f;
  p = p * r + 8.33336072e-3f;
  p = p * r + 4.16664655e-2f;
  p = p * r + 0.166666665f;
  p = p * r + 0.5f;
  tail = p * (r * r) + r;
}

// log(1 + x) for 0 <= x <= 1: x times a polynomial in x - 1/2.
RDFP_ALWAYS_INLINE void log_1_plus(Floats &x) {
  const Floats t = x - 0.5f;
  Floats p = t * -3.24400014e-3f + 5.25334889e-3f;
  p = p * t - 6.74992549e-3f;
  p = p * t + 1.15761512e-2f;
  p = p * t - 2.05702932e-2f;
  p = p * t + 3.66354727e-2f;
  p = p * t - 6.76876989e-2f;
  p = p * t + 0.132609004f;
  p = p * t - 0.288527110f;
  p = p * t + 0.810930220f;
  x *= p;
}

RDFP_ALWAYS_INLINE void minus_absolute(const Floats &x, Floats &result) { result = (Floats)((Bits)x | 0x80000000u); }

template <Activation A> RDFP_ALWAYS_INLINE void activate(Floats &x) {
  const Floats zero = {};
  Floats scale, tail, down;
  if constexpr (A == kRelu) x = x < zero ? zero : x; // in this order NaN stays
  if constexpr (A == kElu) {
    down = x < zero ? x : zero;
    exponential(down, scale, tail);
    const Floats below = scale * tail + (scale - 1.0f);
    x = x < zero ? below : x;
  }
  if constexpr (A == kSoftplus) { // max(x, 0) + log(1 + exp(-|x|))
    minus_absolute(x, down);
    exponential(down, scale, tail);
    Floats e = scale * tail + scale;
    log_1_plus(e);
    x = (x < zero ? zero : x) + e;
  }
  if constexpr (A == kTanh) { // m = exp(-2|x|) - 1; -m / (2 + m), with the sign of x
    minus_absolute(x, down);
    exponential(down * 2.0f, scale, tail);
    const Floats m = scale * tail + (scale - 1.0f);
    const Floats size = (zero - m) / (m + 2.0f);
    x = (Floats)((Bits)size | ((Bits)x & 0x80000000u));
  }
  if constexpr (A == kSigmoid) {
    minus_absolute(x, down);
    exponential(down, scale, tail);
    const Floats e = scale * tail + scale, one = zero + 1.0f;
    x = (x < zero ? e : one) / (e + 1.0f);
  }
}

} // namespace rdfp::network
