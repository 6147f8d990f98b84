#pragma once
// Sixty-four events in one small tree at once. What is compared is not a value but its rank, how many cuts of its
// feature it passes, which fits into a byte: x >= cut k of the sorted cuts is rank > k, exactly. In assembly where it
// counts, since ROOT's interpreter allots registers too simply for vectors.

#include "rdfplugins/network_lanes.h"

#include <cstddef>

#if defined(RDFP_X86)
#define RDFP_AVX512_BYTES __attribute__((target("avx512f,avx512bw,avx2,fma")))
#endif

namespace rdfp::trees {

constexpr std::size_t kLanes = 64;

typedef unsigned char Bytes __attribute__((vector_size(16)));

struct alignas(64) Lanes {
  unsigned char values[kLanes];
};

// A node, in front of its descendants: events whose leftmost possible leaf is `first`, the leftmost one below the node,
// and whose rank is `rank` or higher go to the right, where the leftmost leaf is `right`.
struct Step {
  unsigned feature; // which of the Lanes of ranks
  unsigned char rank, first, right, unused;
};

// The best level for bytes: there are CPUs that have AVX-512 for larger numbers only.
RDFP_COMPILED int byte_level() {
  const int level = network::cpu_level();
#ifdef RDFP_X86
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (level == network::kAvx512 && (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0 || (b >> 30 & 1) == 0))
    return network::kAvx2;
#endif
  return level;
}

// Number of the leaf, from the left, in which each event ends.
RDFP_ALWAYS_INLINE void plain_leaves(const Step *steps, std::size_t count, const Lanes *ranks, Lanes &leaves) {
  for (std::size_t part = 0; part < kLanes; part += sizeof(Bytes)) {
    Bytes leaf = {};
    for (std::size_t k = 0; k < count; ++k) {
      Bytes rank;
      __builtin_memcpy(&rank, ranks[steps[k].feature].values + part, sizeof rank);
      const Bytes goes = (Bytes)(rank >= steps[k].rank) & (Bytes)(leaf == steps[k].first);
      leaf = (goes & steps[k].right) | (~goes & leaf);
    }
    __builtin_memcpy(leaves.values + part, &leaf, sizeof leaf);
  }
}

RDFP_ALWAYS_INLINE void plain_add(const double *values, const Lanes &leaves, double *sums) {
  for (std::size_t k = 0; k < kLanes; ++k) sums[k] += values[leaves.values[k]];
}

// -- compiled once for each level of vector units

RDFP_COMPILED void leaves_baseline(const Step *steps, std::size_t count, const Lanes *ranks, Lanes &leaves) {
  plain_leaves(steps, count, ranks, leaves);
}
RDFP_COMPILED void add_baseline(const double *values, const Lanes &leaves, double *sums) {
  plain_add(values, leaves, sums);
}

#ifdef RDFP_X86
// clang-format off

// Thirty-two bytes; there is no comparison of bytes without sign but by the larger of two.
#define RDFP_HALF(rank, leaf) \
  "vpmaxub " rank ", %%ymm2, %%ymm5\n\t" \
  "vpcmpeqb " rank ", %%ymm5, %%ymm5\n\t" \
  "vpcmpeqb %%ymm3, %%" leaf ", %%ymm6\n\t" \
  "vpand %%ymm6, %%ymm5, %%ymm5\n\t" \
  "vpblendvb %%ymm5, %%ymm4, %%" leaf ", %%" leaf "\n\t"

RDFP_AVX2 RDFP_COMPILED void leaves_avx2(const Step *steps, std::size_t count, const Lanes *ranks, Lanes &leaves) {
  std::size_t at = 0;
  __asm__ volatile(
      "vpxor %%ymm0, %%ymm0, %%ymm0\n\t"
      "vpxor %%ymm1, %%ymm1, %%ymm1\n\t"
      "test %[n], %[n]\n\t"
      "jz 2f\n\t"
      ".p2align 4\n"
      "1:\n\t"
      "mov (%[s]), %k[a]\n\t"
      "shl $6, %[a]\n\t"
      "vpbroadcastb 4(%[s]), %%ymm2\n\t"
      "vpbroadcastb 5(%[s]), %%ymm3\n\t"
      "vpbroadcastb 6(%[s]), %%ymm4\n\t"
      RDFP_HALF("(%[r],%[a])", "ymm0")
      RDFP_HALF("32(%[r],%[a])", "ymm1")
      "add $8, %[s]\n\t"
      "dec %[n]\n\t"
      "jnz 1b\n"
      "2:\n\t"
      "vmovdqu %%ymm0, (%[l])\n\t"
      "vmovdqu %%ymm1, 32(%[l])\n\t"
      "vzeroupper\n\t"
      : [s] "+r"(steps), [n] "+r"(count), [a] "+r"(at)
      : [r] "r"(ranks), [l] "r"(leaves.values)
      : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6");
}
#undef RDFP_HALF

RDFP_AVX512_BYTES RDFP_COMPILED void leaves_avx512(const Step *steps, std::size_t count, const Lanes *ranks,
                                                   Lanes &leaves) {
  std::size_t at = 0;
  __asm__ volatile(
      "vpxord %%zmm0, %%zmm0, %%zmm0\n\t"
      "test %[n], %[n]\n\t"
      "jz 2f\n\t"
      ".p2align 4\n"
      "1:\n\t"
      "mov (%[s]), %k[a]\n\t"
      "shl $6, %[a]\n\t"
      "vpbroadcastb 4(%[s]), %%zmm2\n\t"
      "vpbroadcastb 5(%[s]), %%zmm3\n\t"
      "vpbroadcastb 6(%[s]), %%zmm4\n\t"
      "vpcmpub $2, (%[r],%[a]), %%zmm2, %%k1\n\t" // the cut's rank <= that of the event
      "vpcmpub $0, %%zmm3, %%zmm0, %%k1%{%%k1%}\n\t"
      "vmovdqu8 %%zmm4, %%zmm0%{%%k1%}\n\t"
      "add $8, %[s]\n\t"
      "dec %[n]\n\t"
      "jnz 1b\n"
      "2:\n\t"
      "vmovdqu64 %%zmm0, (%[l])\n\t"
      "vzeroupper\n\t"
      : [s] "+r"(steps), [n] "+r"(count), [a] "+r"(at)
      : [r] "r"(ranks), [l] "r"(leaves.values)
      : "cc", "memory", "zmm0", "zmm2", "zmm3", "zmm4", "k1");
}

// Values of eight and of sixteen leaves are in one register and in two: no event has to fetch its own from memory.
#define RDFP_ADD(lanes, at, look_up) \
  "vpmovzxbq " lanes "(%[l]), %%zmm2\n\t" look_up \
  "vaddpd " at "(%[s]), %%zmm2, %%zmm2\n\t" \
  "vmovupd %%zmm2, " at "(%[s])\n\t"
#define RDFP_ADD_ALL(look_up) \
  RDFP_ADD("0", "0", look_up) RDFP_ADD("8", "64", look_up) RDFP_ADD("16", "128", look_up) \
  RDFP_ADD("24", "192", look_up) RDFP_ADD("32", "256", look_up) RDFP_ADD("40", "320", look_up) \
  RDFP_ADD("48", "384", look_up) RDFP_ADD("56", "448", look_up)

RDFP_AVX512_BYTES RDFP_COMPILED void add_8(const double *values, const Lanes &leaves, double *sums) {
  __asm__ volatile(
      "vmovupd (%[v]), %%zmm0\n\t"
      RDFP_ADD_ALL("vpermpd %%zmm0, %%zmm2, %%zmm2\n\t")
      "vzeroupper\n\t"
      :: [v] "r"(values), [l] "r"(leaves.values), [s] "r"(sums) : "memory", "zmm0", "zmm2");
}
RDFP_AVX512_BYTES RDFP_COMPILED void add_16(const double *values, const Lanes &leaves, double *sums) {
  __asm__ volatile(
      "vmovupd (%[v]), %%zmm0\n\t"
      "vmovupd 64(%[v]), %%zmm1\n\t"
      RDFP_ADD_ALL("vpermi2pd %%zmm1, %%zmm0, %%zmm2\n\t")
      "vzeroupper\n\t"
      :: [v] "r"(values), [l] "r"(leaves.values), [s] "r"(sums) : "memory", "zmm0", "zmm1", "zmm2");
}
#undef RDFP_ADD
#undef RDFP_ADD_ALL
// clang-format on
#endif

// Adds to 64 sums what a tree of `steps` says of 64 events; `values` has room for 16 leaves at least.
RDFP_COMPILED void add_tree_to(int cpu, const Step *steps, std::size_t count, const double *values, const Lanes *ranks,
                               double *sums) {
  Lanes leaves;
#ifdef RDFP_X86
  if (cpu == network::kAvx512) {
    leaves_avx512(steps, count, ranks, leaves);
    if (count < 8) return add_8(values, leaves, sums);
    if (count < 16) return add_16(values, leaves, sums);
    return add_baseline(values, leaves, sums);
  }
  if (cpu == network::kAvx2) {
    leaves_avx2(steps, count, ranks, leaves);
    return add_baseline(values, leaves, sums);
  }
#endif
  (void)cpu;
  leaves_baseline(steps, count, ranks, leaves);
  add_baseline(values, leaves, sums);
}

} // namespace rdfp::trees
