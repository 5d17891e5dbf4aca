// The four columns of a tile that one lane of a group owns: four neighbours where rows can be read
// by 16 bytes, else every Lanes-th column, so that neighbouring lanes still read neighbouring
// floats.
#pragma once
#include "common/storage.h"

namespace gnnsched::gpu {

// j is known when the loop around it is unrolled: no memory is needed to pick the element.
__device__ __forceinline__ float& element(float4& v, int j) {
  return j == 0 ? v.x : j == 1 ? v.y : j == 2 ? v.z : v.w;
}

// Columns of one tile for a group of `Lanes` lanes.
template <int Lanes>
constexpr int kTileColumns = 4 * Lanes;

template <int Lanes, bool Quads>
struct LaneColumns {
  int64_t first;  // column of element 0
  int64_t n;      // columns of the matrix

  __device__ __forceinline__ LaneColumns(int lane, int64_t tile, int64_t columns)
      : first(tile * kTileColumns<Lanes> + (Quads ? 4 * lane : lane)), n(columns) {}
  __device__ __forceinline__ LaneColumns(int64_t first_column, int64_t columns)
      : first(first_column), n(columns) {}

  __device__ __forceinline__ int64_t at(int j) const { return first + (Quads ? j : j * Lanes); }
  __device__ __forceinline__ bool has(int j) const { return (Quads ? first : at(j)) < n; }

  // Zeros where the matrix has no column.
  __device__ __forceinline__ float4 load(const float* row GNNSCHED_SITE) const {
    float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if constexpr (Quads) {
      GNNSCHED_NOTE(load, row + first, has(0) ? 16 : 0);
      if (has(0)) v = __ldg(reinterpret_cast<const float4*>(row + first));
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        GNNSCHED_NOTE(load, row + at(j), has(j) ? 4 : 0);
        if (has(j)) element(v, j) = __ldg(row + at(j));
      }
    }
    return v;
  }

  // As load, from memory this thread may write afterwards.
  __device__ __forceinline__ float4 load_own(const float* row GNNSCHED_SITE) const {
    float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if constexpr (Quads) {
      GNNSCHED_NOTE(load, row + first, has(0) ? 16 : 0);
      if (has(0)) v = *reinterpret_cast<const float4*>(row + first);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        GNNSCHED_NOTE(load, row + at(j), has(j) ? 4 : 0);
        if (has(j)) element(v, j) = row[at(j)];
      }
    }
    return v;
  }

  // As load_own, row `r` of a matrix in any storage.
  __device__ __forceinline__ float4 load_own(Storage storage, const float* matrix, int64_t ld,
                                             int64_t r GNNSCHED_SITE) const {
    if (storage == Storage::f32) return load_own(matrix + r * ld GNNSCHED_SAME_SITE);
    const uint16_t* row = halves(matrix) + r * ld;
    float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if constexpr (Quads) {
      GNNSCHED_NOTE(load, row + first, has(0) ? 8 : 0);
      if (has(0)) v = widen_quad(storage, *reinterpret_cast<const uint2*>(row + first));
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        GNNSCHED_NOTE(load, row + at(j), has(j) ? 2 : 0);
        if (has(j)) element(v, j) = widen(storage, row[at(j)]);
      }
    }
    return v;
  }

  // As store, row `r` of a matrix in any storage.
  __device__ __forceinline__ void store(Storage storage, float* matrix, int64_t ld, int64_t r,
                                        float4 v GNNSCHED_SITE) const {
    if (storage == Storage::f32) return store(matrix + r * ld, v GNNSCHED_SAME_SITE);
    uint16_t* row = halves(matrix) + r * ld;
    if constexpr (Quads) {
      GNNSCHED_NOTE(store, row + first, has(0) ? 8 : 0);
      if (has(0)) __stcs(reinterpret_cast<uint2*>(row + first), narrow_quad(storage, v));
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        GNNSCHED_NOTE(store, row + at(j), has(j) ? 2 : 0);
        if (has(j)) __stcs(row + at(j), narrow(storage, element(v, j)));
      }
    }
  }

  __device__ __forceinline__ void store(float* row, float4 v GNNSCHED_SITE) const {
    if constexpr (Quads) {
      GNNSCHED_NOTE(store, row + first, has(0) ? 16 : 0);
      if (has(0)) __stcs(reinterpret_cast<float4*>(row + first), v);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        GNNSCHED_NOTE(store, row + at(j), has(j) ? 4 : 0);
        if (has(j)) __stcs(row + at(j), element(v, j));
      }
    }
  }
};

// v += weight * x, elementwise
__device__ __forceinline__ void add_scaled(float4& v, float weight, float4 x) {
  v.x += weight * x.x;
  v.y += weight * x.y;
  v.z += weight * x.z;
  v.w += weight * x.w;
}

__device__ __forceinline__ void add(float4& v, float4 x) {
  v.x += x.x;
  v.y += x.y;
  v.z += x.z;
  v.w += x.w;
}

__device__ __forceinline__ float4 scaled(float4 v, float by) {
  return make_float4(v.x * by, v.y * by, v.z * by, v.w * by);
}

}  // namespace gnnsched::gpu
