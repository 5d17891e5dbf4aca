// Tensor-core products, sm_80 and later: of tf32 (8 exponent and 10 mantissa bits), f16 and bf16.
#pragma once
#include "common/storage.h"

namespace gnnsched::gpu {

// A float as the sum of two tf32 numbers: 22 of its 24 mantissa bits survive, so a product of two
// such sums lacks only low * low. Infinity and NaN stay what they are.
struct Tf32Pair {
  float high, low;
};

__device__ __forceinline__ float round_tf32(float v) {
#if defined(__CUDACC__)
  uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(v));
  return __uint_as_float(bits);
#else
  uint32_t bits;
  std::memcpy(&bits, &v, 4);
  // half a unit up, ties away from zero; NaN must not become infinity
  if ((bits & 0x7fffffffu) <= 0x7f800000u) bits = (bits + 0x1000u) & 0xffffe000u;
  std::memcpy(&v, &bits, 4);
  return v;
#endif
}

__device__ __forceinline__ Tf32Pair split_tf32(float v) {
  const float high = round_tf32(v);
  const float rest = v - high;
  return {high, fabsf(rest) < INFINITY ? round_tf32(rest) : 0.0f};
}

// d[16, 8] = a[16, 8] * b[8, 8] + d. With g = lane / 4 and t = lane % 4 a lane holds a[g, t],
// a[g + 8, t], a[g, t + 4], a[g + 8, t + 4]; b[t, g], b[t + 4, g]; d[g, 2 t], d[g, 2 t + 1],
// d[g + 8, 2 t], d[g + 8, 2 t + 1].
__device__ __forceinline__ void mma_m16n8k8_tf32(float (&d)[4], const float (&a)[4],
                                                 const float (&b)[2]) {
#if defined(__CUDACC__)
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])),
        "r"(__float_as_uint(a[3])), "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
#else
  emulator::mma_m16n8k8_tf32(d, a, b, d);
#endif
}

// d[16, 8] = a[16, 16] * b[16, 8] + d, sums in float32. With g and t as above a lane holds pairs of
// neighbours along k, the first in the low half: a[g, 2 t], a[g + 8, 2 t], a[g, 2 t + 8],
// a[g + 8, 2 t + 8]; b[2 t, g], b[2 t + 8, g]; of d what it holds above.
template <Storage S>
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4],
                                             const uint32_t (&b)[2]) {
  static_assert(S != Storage::f32, "operands of two bytes");
#if defined(__CUDACC__)
  if constexpr (S == Storage::f16) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  } else {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
  }
#else
  emulator::mma_m16n8k16(d, a, b, S == Storage::f16 ? emulator::from_f16 : emulator::from_bf16);
#endif
}

}  // namespace gnnsched::gpu
