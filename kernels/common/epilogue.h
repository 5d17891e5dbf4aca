// What happens to an accumulated value before it is stored: see Epilogue in src/model/Op.ts.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"
#include "common/columns.h"

namespace gnnsched::gpu {

__device__ __forceinline__ float activate(Activation kind, float parameter, float v) {
  switch (kind) {
    case Activation::identity: return v;
    case Activation::relu: return v < 0.0f ? 0.0f : v;  // NaN stays NaN
    case Activation::elu: return v > 0.0f ? v : parameter * expm1f(v);
    case Activation::leaky_relu: return v > 0.0f ? v : parameter * v;
    case Activation::tanh: return tanhf(v);
    case Activation::sigmoid: return 1.0f / (1.0f + expf(-v));
    case Activation::silu: return v / (1.0f + expf(-v));
    // x/2 * erfc(-x / sqrt 2): no cancellation on the negative side
    case Activation::gelu: return 0.5f * v * erfcf(v * -0.70710678118654752f);
  }
  return v;
}

// One element, for kernels whose lanes own no quads.
__device__ __forceinline__ float finish(const Epilogue& e, int64_t r, int64_t c, float v) {
  if (e.row_scale != nullptr) v *= load_cached(e.row_scale + r);
  if (e.addend != nullptr) v += load_element(e.addend_storage, e.addend, r * e.ld_addend + c);
  if (e.bias != nullptr) v += load_cached(e.bias + c);
  const bool affine = e.scale != nullptr;
  const float scale = affine ? load_cached(e.scale + c) : 1.0f;
  const float shift = affine ? load_cached(e.shift + c) : 0.0f;
  if (affine && !e.affine_after) v = v * scale + shift;
  v = activate(e.activation, e.parameter, v);
  if (affine && e.affine_after) v = v * scale + shift;
  return v;
}

__device__ __forceinline__ void affine_quad(float4& v, float4 scale, float4 shift) {
  v.x = v.x * scale.x + shift.x;
  v.y = v.y * scale.y + shift.y;
  v.z = v.z * scale.z + shift.z;
  v.w = v.w * scale.w + shift.w;
}

// A lane's quads of columns of row r. The elements take turns in one copy of the activation's code:
// four copies would not fit the instruction cache beside the loop that gathers.
template <class Columns, int Quads>
__device__ __forceinline__ void finish_quads(const Epilogue& e, const Columns (&columns)[Quads],
                                             int64_t r, float4 (&v)[Quads]) {
  const float row_scale = e.row_scale != nullptr ? load_cached(e.row_scale + r) : 1.0f;
#pragma unroll
  for (int q = 0; q < Quads; q++) {
    if (e.row_scale != nullptr) v[q] = scaled(v[q], row_scale);
    if (e.addend != nullptr) {
      add(v[q], columns[q].load_own(e.addend_storage, e.addend, e.ld_addend, r));
    }
    if (e.bias != nullptr) add(v[q], columns[q].load(e.bias));
    if (e.scale != nullptr && !e.affine_after) {
      affine_quad(v[q], columns[q].load(e.scale), columns[q].load(e.shift));
    }
  }
  if (e.activation != Activation::identity) {
#pragma unroll 1
    for (int turn = 0; turn < 4 * Quads; turn++) {
      const float active = activate(e.activation, e.parameter, v[0].x);
#pragma unroll
      for (int q = 0; q < Quads; q++) {
        v[q] = make_float4(v[q].y, v[q].z, v[q].w, q + 1 < Quads ? v[(q + 1) % Quads].x : active);
      }
    }
  }
  if (e.scale == nullptr || !e.affine_after) return;
#pragma unroll
  for (int q = 0; q < Quads; q++) {
    affine_quad(v[q], columns[q].load(e.scale), columns[q].load(e.shift));
  }
}

template <class Columns>
__device__ __forceinline__ float4 finish_quad(const Epilogue& e, const Columns& columns, int64_t r,
                                              float4 v) {
  const Columns quads[1] = {columns};
  float4 of[1] = {v};
  finish_quads(e, quads, r, of);
  return of[0];
}

// Whether all the epilogue reads can be read by four elements.
inline bool quads(const Epilogue& e) {
  return rows_by(4, e.addend, e.ld_addend, e.addend_storage) && quads(e.bias, 0) && quads(e.scale, 0) &&
         quads(e.shift, 0);
}

}  // namespace gnnsched::gpu
