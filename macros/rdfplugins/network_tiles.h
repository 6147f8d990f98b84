#pragma once
// The innermost loop of a matrix product: W x for a few events and a few outputs whose sums stay in registers, so that
// each weight is read once for all of these events. In assembly for x86-64, since ROOT's interpreter allots registers
// too simply for it: what it makes of the same loop in C++ takes five times longer.

#include "rdfplugins/network_lanes.h"

namespace rdfp::network {

// Sums of `Rows` events and `Lines` vectors of outputs of a panel.
template <std::size_t Rows, std::size_t Lines>
RDFP_ALWAYS_INLINE void plain_tile(const Lanes *kernel, std::size_t inputs, Block in, Block out) {
  Floats sums[Rows][Lines] = {};
  for (std::size_t i = 0; i < inputs; ++i, kernel += kPanelLanes) {
    for (std::size_t line = 0; line < Lines; ++line) {
      Floats weights;
      load(kernel[line], weights);
      for (std::size_t row = 0; row < Rows; ++row)
        sums[row][line] = weights * in.first[row * in.stride].values[i] + sums[row][line];
    }
  }
  for (std::size_t row = 0; row < Rows; ++row)
    for (std::size_t line = 0; line < Lines; ++line) store(sums[row][line], out.first[row * out.stride + line]);
}

struct Baseline {
  static constexpr std::size_t kRows = 3, kLines = 1;
  static void tile(const Lanes *kernel, std::size_t inputs, Block in, Block out) {
    plain_tile<kRows, kLines>(kernel, inputs, in, out);
  }
};

#ifdef RDFP_X86

static_assert(kPanelLanes * sizeof(Lanes) == 256, "the assembly below knows it");

// Events 0, 1, 2 are at x, x + s, x + 2 s, events 3, 4, 5 likewise behind y; their sums are written to p, p + t, p + 2
// t and likewise behind q; w goes through the weights, n counts the inputs. Steps are in bytes.
// clang-format off

// Sixty-four outputs: sums in zmm0 to zmm23, weights of one input in zmm24 to zmm27.
struct Avx512 {
  static constexpr std::size_t kRows = 6, kLines = 4;

#define RDFP_CLEAR(a) "vpxord %%zmm" #a ", %%zmm" #a ", %%zmm" #a "\n\t"
#define RDFP_ADD(address, a, b, c, d) \
  "vbroadcastss " address ", %%zmm28\n\t" \
  "vfmadd231ps %%zmm28, %%zmm24, %%zmm" #a "\n\t" \
  "vfmadd231ps %%zmm28, %%zmm25, %%zmm" #b "\n\t" \
  "vfmadd231ps %%zmm28, %%zmm26, %%zmm" #c "\n\t" \
  "vfmadd231ps %%zmm28, %%zmm27, %%zmm" #d "\n\t"
#define RDFP_WRITE(address, a, b, c, d) \
  "vmovups %%zmm" #a ", " address "\n\t" \
  "vmovups %%zmm" #b ", 64" address "\n\t" \
  "vmovups %%zmm" #c ", 128" address "\n\t" \
  "vmovups %%zmm" #d ", 192" address "\n\t"

  RDFP_AVX512 static void tile(const Lanes *kernel, std::size_t inputs, Block in, Block out) {
    const float *weights = kernel->values, *in_0 = in.first->values, *in_3 = in.at(3).first->values;
    float *out_0 = out.first->values, *out_3 = out.at(3).first->values;
    const std::size_t in_step = in.stride * sizeof(Lanes), out_step = out.stride * sizeof(Lanes);
    __asm__ volatile(
        RDFP_CLEAR(0) RDFP_CLEAR(1) RDFP_CLEAR(2) RDFP_CLEAR(3) RDFP_CLEAR(4) RDFP_CLEAR(5) RDFP_CLEAR(6) RDFP_CLEAR(7)
        RDFP_CLEAR(8) RDFP_CLEAR(9) RDFP_CLEAR(10) RDFP_CLEAR(11) RDFP_CLEAR(12) RDFP_CLEAR(13) RDFP_CLEAR(14) RDFP_CLEAR(15)
        RDFP_CLEAR(16) RDFP_CLEAR(17) RDFP_CLEAR(18) RDFP_CLEAR(19) RDFP_CLEAR(20) RDFP_CLEAR(21) RDFP_CLEAR(22) RDFP_CLEAR(23)
        ".p2align 4\n"
        "1:\n\t"
        "vmovups (%[w]), %%zmm24\n\t"
        "vmovups 64(%[w]), %%zmm25\n\t"
        "vmovups 128(%[w]), %%zmm26\n\t"
        "vmovups 192(%[w]), %%zmm27\n\t"
        "add $256, %[w]\n\t" // to the next input of the panel
        RDFP_ADD("(%[x])", 0, 1, 2, 3)
        RDFP_ADD("(%[x],%[s])", 4, 5, 6, 7)
        RDFP_ADD("(%[x],%[s],2)", 8, 9, 10, 11)
        RDFP_ADD("(%[y])", 12, 13, 14, 15)
        RDFP_ADD("(%[y],%[s])", 16, 17, 18, 19)
        RDFP_ADD("(%[y],%[s],2)", 20, 21, 22, 23)
        "add $4, %[x]\n\t"
        "add $4, %[y]\n\t"
        "dec %[n]\n\t"
        "jnz 1b\n\t"
        RDFP_WRITE("(%[p])", 0, 1, 2, 3)
        RDFP_WRITE("(%[p],%[t])", 4, 5, 6, 7)
        RDFP_WRITE("(%[p],%[t],2)", 8, 9, 10, 11)
        RDFP_WRITE("(%[q])", 12, 13, 14, 15)
        RDFP_WRITE("(%[q],%[t])", 16, 17, 18, 19)
        RDFP_WRITE("(%[q],%[t],2)", 20, 21, 22, 23)
        "vzeroupper\n\t"
        : [w] "+r"(weights), [x] "+r"(in_0), [y] "+r"(in_3), [n] "+r"(inputs)
        : [s] "r"(in_step), [p] "r"(out_0), [q] "r"(out_3), [t] "r"(out_step)
        : "cc", "memory", "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7", "zmm8", "zmm9", "zmm10",
          "zmm11", "zmm12", "zmm13", "zmm14", "zmm15", "zmm16", "zmm17", "zmm18", "zmm19", "zmm20", "zmm21", "zmm22",
          "zmm23", "zmm24", "zmm25", "zmm26", "zmm27", "zmm28");
  }
#undef RDFP_CLEAR
#undef RDFP_ADD
#undef RDFP_WRITE
};

// Sixteen outputs: sums in ymm0 to ymm11, weights of one input in ymm12 and ymm13.
struct Avx2 {
  static constexpr std::size_t kRows = 6, kLines = 1;

#define RDFP_CLEAR(a) "vpxor %%ymm" #a ", %%ymm" #a ", %%ymm" #a "\n\t"
#define RDFP_ADD(address, a, b) \
  "vbroadcastss " address ", %%ymm14\n\t" \
  "vfmadd231ps %%ymm14, %%ymm12, %%ymm" #a "\n\t" \
  "vfmadd231ps %%ymm14, %%ymm13, %%ymm" #b "\n\t"
#define RDFP_WRITE(address, a, b) \
  "vmovups %%ymm" #a ", " address "\n\t" \
  "vmovups %%ymm" #b ", 32" address "\n\t"

  RDFP_AVX2 static void tile(const Lanes *kernel, std::size_t inputs, Block in, Block out) {
    const float *weights = kernel->values, *in_0 = in.first->values, *in_3 = in.at(3).first->values;
    float *out_0 = out.first->values, *out_3 = out.at(3).first->values;
    const std::size_t in_step = in.stride * sizeof(Lanes), out_step = out.stride * sizeof(Lanes);
    __asm__ volatile(
        RDFP_CLEAR(0) RDFP_CLEAR(1) RDFP_CLEAR(2) RDFP_CLEAR(3) RDFP_CLEAR(4) RDFP_CLEAR(5) RDFP_CLEAR(6) RDFP_CLEAR(7)
        RDFP_CLEAR(8) RDFP_CLEAR(9) RDFP_CLEAR(10) RDFP_CLEAR(11)
        ".p2align 4\n"
        "1:\n\t"
        "vmovups (%[w]), %%ymm12\n\t"
        "vmovups 32(%[w]), %%ymm13\n\t"
        "add $256, %[w]\n\t" // to the next input of the panel
        RDFP_ADD("(%[x])", 0, 1)
        RDFP_ADD("(%[x],%[s])", 2, 3)
        RDFP_ADD("(%[x],%[s],2)", 4, 5)
        RDFP_ADD("(%[y])", 6, 7)
        RDFP_ADD("(%[y],%[s])", 8, 9)
        RDFP_ADD("(%[y],%[s],2)", 10, 11)
        "add $4, %[x]\n\t"
        "add $4, %[y]\n\t"
        "dec %[n]\n\t"
        "jnz 1b\n\t"
        RDFP_WRITE("(%[p])", 0, 1)
        RDFP_WRITE("(%[p],%[t])", 2, 3)
        RDFP_WRITE("(%[p],%[t],2)", 4, 5)
        RDFP_WRITE("(%[q])", 6, 7)
        RDFP_WRITE("(%[q],%[t])", 8, 9)
        RDFP_WRITE("(%[q],%[t],2)", 10, 11)
        "vzeroupper\n\t"
        : [w] "+r"(weights), [x] "+r"(in_0), [y] "+r"(in_3), [n] "+r"(inputs)
        : [s] "r"(in_step), [p] "r"(out_0), [q] "r"(out_3), [t] "r"(out_step)
        : "cc", "memory", "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7", "ymm8", "ymm9", "ymm10",
          "ymm11", "ymm12", "ymm13", "ymm14");
  }
#undef RDFP_CLEAR
#undef RDFP_ADD
#undef RDFP_WRITE
};

// clang-format on
#endif

} // namespace rdfp::network
