// What one lane of a group owns of the rows of a matrix: 16 bytes, so that as many are under way
// whatever the storage. They are a quad of float32 columns or two quads of two-byte ones.
#pragma once
#include "common/columns.h"

namespace gnnsched::gpu {

// As loaded: widened where it is used, which keeps registers few while rows are on their way.
template <Storage S>
struct RawRow {
  uint4 bits;
};
template <>
struct RawRow<Storage::f32> {
  float4 quad;
};

template <int Lanes, bool Wide, Storage S>
struct LaneRow {
  using Columns = LaneColumns<Lanes, Wide>;
  using Raw = RawRow<S>;
  static constexpr int kQuads = S == Storage::f32 ? 1 : 2;
  static constexpr int64_t kColumns = 4 * kQuads * Lanes;  // of a group's tile

  Columns quads[kQuads];

  static __device__ __forceinline__ LaneRow of(int lane, int64_t tile, int64_t columns) {
    const int64_t first = tile * kColumns + (Wide ? 4 * kQuads * lane : lane);
    if constexpr (S == Storage::f32) {
      return {{Columns(first, columns)}};
    } else {
      return {{Columns(first, columns), Columns(first + (Wide ? 4 : 4 * Lanes), columns)}};
    }
  }

  static __device__ __forceinline__ Raw none() { return {}; }

  // Row r; zeros where the matrix has no column.
  __device__ __forceinline__ Raw load(const float* matrix, int64_t ld, int64_t r GNNSCHED_SITE) const {
    if constexpr (S == Storage::f32) {
      return {quads[0].load(matrix + r * ld GNNSCHED_SAME_SITE)};
    } else {
      const uint16_t* row = halves(matrix) + r * ld;
      Raw raw = none();
      if constexpr (Wide) {
        GNNSCHED_NOTE(load, row + quads[0].first, quads[0].has(0) ? 16 : 0);
        if (quads[0].has(0)) raw.bits = __ldg(reinterpret_cast<const uint4*>(row + quads[0].first));
      } else {
        raw.bits.x = load_pair(row, 0 GNNSCHED_SAME_SITE);
        raw.bits.y = load_pair(row, 1 GNNSCHED_SAME_SITE);
        raw.bits.z = load_pair(row, 2 GNNSCHED_SAME_SITE);
        raw.bits.w = load_pair(row, 3 GNNSCHED_SAME_SITE);
      }
      return raw;
    }
  }

  static __device__ __forceinline__ void widen(const Raw& raw, float4 (&to)[kQuads]) {
    if constexpr (S == Storage::f32) {
      to[0] = raw.quad;
    } else {
      to[0] = widen_quad<S>(make_uint2(raw.bits.x, raw.bits.y));
      to[1] = widen_quad<S>(make_uint2(raw.bits.z, raw.bits.w));
    }
  }

  // Row r of a matrix in its own storage.
  __device__ __forceinline__ void store(Storage storage, float* matrix, int64_t ld, int64_t r,
                                        const float4 (&v)[kQuads] GNNSCHED_SITE) const {
    if constexpr (Wide && kQuads == 2) {
      if (storage != Storage::f32) {
        uint16_t* to = halves(matrix) + r * ld + quads[0].first;
        GNNSCHED_NOTE(store, to, quads[0].has(0) ? 16 : 0);
        if (!quads[0].has(0)) return;
        const uint2 low = narrow_quad(storage, v[0]), high = narrow_quad(storage, v[1]);
        __stcs(reinterpret_cast<uint4*>(to), make_uint4(low.x, low.y, high.x, high.y));
        return;
      }
    }
#pragma unroll
    for (int q = 0; q < kQuads; q++) {
      quads[q].store(storage, matrix, ld, r, v[q] GNNSCHED_SAME_SITE);
    }
  }

 private:
  // Columns 2 i and 2 i + 1 of the lane.
  __device__ __forceinline__ uint32_t load_pair(const uint16_t* row, int i GNNSCHED_SITE) const {
    const Columns& columns = quads[i / 2];
    uint32_t bits = 0;
#pragma unroll
    for (int j = 0; j < 2; j++) {
      const int at = i % 2 * 2 + j;
      GNNSCHED_NOTE(load, row + columns.at(at), columns.has(at) ? 2 : 0);
      if (columns.has(at)) bits |= static_cast<uint32_t>(__ldg(row + columns.at(at))) << 16 * j;
    }
    return bits;
  }
};

}  // namespace gnnsched::gpu
