// A warp cut into groups of `Lanes` lanes that work on different rows and may part ways: every
// shuffle and barrier names the lanes of its own group only.
#pragma once
#include "common/launch.h"

namespace gnnsched::gpu {

template <int Lanes>
struct SubWarp {
  static_assert(Lanes >= 1 && Lanes <= 32 && (Lanes & (Lanes - 1)) == 0,
                "a group is a power of two of lanes of one warp");
  int lane;
  unsigned mask;

  __device__ __forceinline__ SubWarp() {
    const int in_warp = static_cast<int>(threadIdx.x % 32);
    lane = in_warp % Lanes;
    mask = (Lanes == 32 ? 0xffffffffu : (1u << (Lanes % 32)) - 1u) << (in_warp - lane);
  }

  template <class T>
  __device__ __forceinline__ T from(T value, int source) const {
    return __shfl_sync(mask, value, source, Lanes);
  }

  __device__ __forceinline__ void sync() const { __syncwarp(mask); }

  // Which lanes of the group say yes; bit 0 is its first lane.
  __device__ __forceinline__ unsigned ballot(bool vote) const {
    const unsigned votes = __ballot_sync(mask, vote);
    return votes >> (threadIdx.x % 32 - lane) & (0xffffffffu >> (32 - Lanes));
  }

  // The same bits in every lane: always the same pairs in the same order.
  __device__ __forceinline__ float sum(float value) const {
#pragma unroll
    for (int step = Lanes / 2; step > 0; step /= 2) {
      value += __shfl_xor_sync(mask, value, step, Lanes);
    }
    return value;
  }

  // NaN lanes lose.
  __device__ __forceinline__ float max(float value) const {
#pragma unroll
    for (int step = Lanes / 2; step > 0; step /= 2) {
      const float other = __shfl_xor_sync(mask, value, step, Lanes);
      value = other > value || value != value ? other : value;
    }
    return value;
  }
};

// torch's maximum: NaN if either is NaN.
__device__ __forceinline__ float max_nan(float best, float v) {
  return v > best || v != v ? v : best;
}

}  // namespace gnnsched::gpu
