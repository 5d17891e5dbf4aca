// What nvcc knows by itself, for g++: keywords, thread indices, barriers, shuffles, intrinsics.
// Each has its exact meaning on the fibers of block.h; what CUDA leaves undefined (a shuffle from
// an absent lane, a thread that ends while others wait) is reported as a failed launch.
#pragma once
#include <cmath>
#include <cstring>

#include "async_copy.h"
#include "block.h"
#include "cuda_runtime_api.h"
#include "half.h"
#include "matrix.h"
#include "trace.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

#define threadIdx (emulator::current->index)
#define blockIdx (emulator::block_index)
#define blockDim (emulator::block_size)
#define gridDim (emulator::grid_size)

inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
inline float2 make_float2(float x, float y) { return {x, y}; }
inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

inline void __syncthreads() { emulator::block_barrier(); }
inline void __syncwarp(unsigned mask = 0xffffffffu) {
  emulator::meet(mask, 0, emulator::WarpOp::sync);
}

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
  static_assert(sizeof(T) <= sizeof(uint64_t), "a shuffle moves one register or two");
  const int lane = emulator::current->lane;
  const int from = (lane & ~(width - 1)) | (source & (width - 1));
  uint64_t shown = 0;
  std::memcpy(&shown, &value, sizeof(T));
  const uint64_t* slots = emulator::meet(mask, shown, emulator::WarpOp::shuffle);
  if ((mask >> from & 1u) == 0) emulator::fail("a shuffle reads a lane outside its mask");
  T out;
  std::memcpy(&out, &slots[from], sizeof(T));
  return out;
}

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int step, int width = 32) {
  return __shfl_sync(mask, value, (emulator::current->lane & (width - 1)) ^ step, width);
}

// Beyond the end of the group a lane gets its own value.
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned step, int width = 32) {
  const int own = emulator::current->lane & (width - 1);
  const int from = own + static_cast<int>(step);
  return __shfl_sync(mask, value, from < width ? from : own, width);
}

inline unsigned __ballot_sync(unsigned mask, bool vote) {
  const uint64_t* slots = emulator::meet(mask, vote ? 1 : 0, emulator::WarpOp::ballot);
  unsigned votes = 0;
  for (int lane = 0; lane < 32; lane++) {
    if ((mask >> lane & 1u) && slots[lane] != 0) votes |= 1u << lane;
  }
  return votes;
}

inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

// Threads of one block take turns, so a plain read and write is one step.
template <class T>
T atomicAdd(T* to, T value) {
  static_assert(std::is_integral_v<T>, "kernels add integers atomically, never floats");
  const T old = *to;
  *to = old + value;
  return old;
}
