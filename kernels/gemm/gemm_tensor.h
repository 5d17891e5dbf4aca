// What the tensor-core products share: the shape of a block's tile, its copies to shared memory and
// the way of its sums back through it.
#pragma once
#include "gemm/gemm_store.h"

namespace gnnsched::gpu {

// 256 threads; a warp owns 32 columns of the output tile.
template <int TileColumns>
struct TensorTile {
  static constexpr int kTileRows = 128, kTileColumns = TileColumns;
  static constexpr int kThreads = 256, kWarps = 8;
  static constexpr int kWarpColumns = 32;
  static constexpr int kWarpsAcross = TileColumns / kWarpColumns;
  static constexpr int kWarpRows = kTileRows * kWarpsAcross / kWarps;
  static constexpr int kTilesDown = kWarpRows / 16, kTilesAcross = kWarpColumns / 8;
  static constexpr int kPitchC = TileColumns + 8;  // sums are stored without conflicts
  static_assert(kWarpRows % 16 == 0, "a warp's rows are whole tensor-core tiles");
};

// Copies the tile of rows r0 .. and columns c0 .. of a matrix of `rows` x `columns`, `Width`
// elements at a time; zeros outside.
template <int Rows, int Columns, int Pitch, int Width, int Threads, class Element>
__device__ __forceinline__ void copy_tile(Element (&to)[Rows][Pitch], const Element* from,
                                          int64_t ld, int64_t rows, int64_t columns, int64_t r0,
                                          int64_t c0) {
  constexpr int kBytes = sizeof(Element);
  constexpr int kAcross = Columns / Width, kRowStep = Threads / kAcross;
  static_assert(Columns % Width == 0 && Threads % kAcross == 0,
                "a thread copies one run of columns of every kRowStep-th row");
  const int row = static_cast<int>(threadIdx.x) / kAcross;
  const int column = static_cast<int>(threadIdx.x) % kAcross * Width;
  const int64_t r = r0 + row, c = c0 + column, left = columns - c;
  const int inside =
      left >= Width ? kBytes * Width : left > 0 ? static_cast<int>(left) * kBytes : 0;
  const Element* source = from + r * ld + c;
#pragma unroll
  for (int step = 0; step < Rows; step += kRowStep) {
    if (kRowStep > Rows && row >= Rows) continue;  // fewer copies than threads
    const int valid = step < rows - r ? inside : 0;
    copy_async<kBytes * Width>(&to[row + step][column], valid > 0 ? source + step * ld : from,
                               valid);
  }
}

// A warp's share of the tile, in fragments of 16 x 8.
template <class Config>
using Sums = float[Config::kTilesDown][Config::kTilesAcross][4];

template <class Config>
__device__ __forceinline__ void add_sums(Sums<Config>& totals, const Sums<Config>& sums) {
#pragma unroll
  for (int i = 0; i < Config::kTilesDown; i++) {
#pragma unroll
    for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
      for (int e = 0; e < 4; e++) totals[i][j][e] += sums[i][j][e];
    }
  }
}

// Puts all warps' sums into `tile`, which may lie where the operands' tiles lay.
template <class Config>
__device__ __forceinline__ void store_sums(float (&tile)[Config::kTileRows][Config::kPitchC],
                                           const Sums<Config>& sums, int row, int column) {
  __syncthreads();  // nobody reads the ring any more; the copies under way are empty
  const int lane_row = row + static_cast<int>(threadIdx.x) % 32 / 4;
  const int lane_column = column + static_cast<int>(threadIdx.x) % 4 * 2;
#pragma unroll
  for (int i = 0; i < Config::kTilesDown; i++) {
#pragma unroll
    for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
      for (int e = 0; e < 4; e += 2) {
        store_shared(
            reinterpret_cast<float2*>(&tile[lane_row + 16 * i + 4 * e][lane_column + 8 * j]),
            make_float2(sums[i][j][e], sums[i][j][e + 1]));
      }
    }
  }
  __syncthreads();  // the result is whole
}

}  // namespace gnnsched::gpu
