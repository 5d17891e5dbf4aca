// How the elements of a matrix lie in memory: as float32, or in two bytes that widen to float32 as
// they are read and are rounded to nearest, ties to even, as they are written.
#pragma once
#include "common/access.h"
#include "common/op_args.h"
#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

namespace gnnsched::gpu {

// Two elements of 16 bits, the first in the low half, as floats and back. What is too large for
// f16 becomes infinity; NaN becomes the one NaN 0x7fff.
template <Storage S>
struct Pair;

template <>
struct Pair<Storage::f16> {
  static __device__ __forceinline__ float2 widen(uint32_t bits) {
#if defined(__CUDACC__)
    return __half22float2(*reinterpret_cast<const __half2*>(&bits));
#else
    return make_float2(emulator::from_f16(bits & 0xffffu), emulator::from_f16(bits >> 16));
#endif
  }
  static __device__ __forceinline__ uint32_t narrow(float low, float high) {
#if defined(__CUDACC__)
    const __half2 pair = __floats2half2_rn(low, high);
    return *reinterpret_cast<const uint32_t*>(&pair);
#else
    return static_cast<uint32_t>(emulator::to_f16(high)) << 16 | emulator::to_f16(low);
#endif
  }
};

template <>
struct Pair<Storage::bf16> {
  static __device__ __forceinline__ float2 widen(uint32_t bits) {
#if defined(__CUDACC__)
    return make_float2(__uint_as_float(bits << 16), __uint_as_float(bits & 0xffff0000u));
#else
    return make_float2(emulator::from_bf16(bits & 0xffffu), emulator::from_bf16(bits >> 16));
#endif
  }
  static __device__ __forceinline__ uint32_t narrow(float low, float high) {
#if defined(__CUDACC__)
    const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const uint32_t*>(&pair);
#else
    return static_cast<uint32_t>(emulator::to_bf16(high)) << 16 | emulator::to_bf16(low);
#endif
  }
};

// Four neighbours.
template <Storage S>
__device__ __forceinline__ float4 widen_quad(uint2 bits) {
  const float2 low = Pair<S>::widen(bits.x), high = Pair<S>::widen(bits.y);
  return make_float4(low.x, low.y, high.x, high.y);
}

template <Storage S>
__device__ __forceinline__ uint2 narrow_quad(float4 v) {
  return make_uint2(Pair<S>::narrow(v.x, v.y), Pair<S>::narrow(v.z, v.w));
}

__device__ __forceinline__ float4 widen_quad(Storage storage, uint2 bits) {
  return storage == Storage::f16 ? widen_quad<Storage::f16>(bits) : widen_quad<Storage::bf16>(bits);
}

__device__ __forceinline__ uint2 narrow_quad(Storage storage, float4 v) {
  return storage == Storage::f16 ? narrow_quad<Storage::f16>(v) : narrow_quad<Storage::bf16>(v);
}

__device__ __forceinline__ float widen(Storage storage, uint16_t bits) {
  return storage == Storage::f16 ? Pair<Storage::f16>::widen(bits).x
                                 : Pair<Storage::bf16>::widen(bits).x;
}

__device__ __forceinline__ uint16_t narrow(Storage storage, float v) {
  return static_cast<uint16_t>(storage == Storage::f16 ? Pair<Storage::f16>::narrow(v, 0.0f)
                                                       : Pair<Storage::bf16>::narrow(v, 0.0f));
}

// A matrix of 16-bit elements travels as the address of floats that its storage belies.
__device__ __forceinline__ const uint16_t* halves(const float* matrix) {
  return reinterpret_cast<const uint16_t*>(matrix);
}
__device__ __forceinline__ uint16_t* halves(float* matrix) {
  return reinterpret_cast<uint16_t*>(matrix);
}

// Element `at` of a matrix, for kernels whose lanes own single elements. Read once, and maybe the
// place that is written afterwards.
__device__ __forceinline__ float load_element(Storage storage, const float* matrix,
                                              int64_t at GNNSCHED_SITE) {
  if (storage != Storage::f32) {
    GNNSCHED_NOTE(load, halves(matrix) + at, 2);
    return widen(storage, __ldcs(halves(matrix) + at));
  }
  GNNSCHED_NOTE(load, matrix + at, 4);
  return __ldcs(matrix + at);
}

__device__ __forceinline__ void store_element(Storage storage, float* matrix, int64_t at,
                                              float v GNNSCHED_SITE) {
  if (storage != Storage::f32) {
    GNNSCHED_NOTE(store, halves(matrix) + at, 2);
    __stcs(halves(matrix) + at, narrow(storage, v));
    return;
  }
  GNNSCHED_NOTE(store, matrix + at, 4);
  __stcs(matrix + at, v);
}

// Whether rows can be read by `elements` at a time; a matrix that is absent can.
inline bool rows_by(int64_t elements, const float* matrix, int64_t ld, Storage storage) {
  const int64_t bytes = elements * element_bytes(storage);
  return matrix == nullptr || (aligned(matrix, bytes) && ld % elements == 0);
}

}  // namespace gnnsched::gpu
