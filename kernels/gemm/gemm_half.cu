// c[m, n] = epilogue(a[m, k] * b[k, n]) on tensor cores with operands of two bytes and float32 sums;
// a is stored as float32 or as such operands, b as float32; any strides.
//
// Tiles of a and b go to shared memory as they are stored; floats are rounded where fragments are
// put together. A fragment is made of pairs along k. Two-byte elements lie in pairs already; of
// float32 ones a pair is (t, t + 4), not neighbours: any order of k gives the same sums if both
// operands keep it, and this one reads shared memory without conflicts.
#include "common/mma.h"
#include "gemm/gemm_split.h"
#include "gemm/gemm_tensor.h"

namespace gnnsched::gpu {

namespace {

template <Storage Stored>
struct ElementOf {
  using Type = uint16_t;
};
template <>
struct ElementOf<Storage::f32> {
  using Type = float;
};

// Operand: what is multiplied; Stored: how a lies in memory.
template <Storage Operand, Storage Stored, int TileColumns>
struct HalfConfig : TensorTile<TileColumns> {
  static constexpr Storage kOperand = Operand;
  static constexpr bool kFloats = Stored == Storage::f32;
  using Element = typename ElementOf<Stored>::Type;
  static constexpr int kDepth = 16;
  static constexpr int kStages = kFloats ? 3 : 4;  // as many as static shared memory holds
  // Fragments of a: rows g, and of each the words t; 20 g + t and 12 g + t meet each bank once. Of b:
  // columns g of rows t of floats, or of rows 2 t; 8 t + g both times.
  static constexpr int kPitchA = kFloats ? kDepth + 4 : kDepth + 8;
  static constexpr int kPitchB = TileColumns + (kFloats ? 8 : 4);
  static_assert(kPitchA * sizeof(Element) % 16 == 0 && kPitchB * 4 % 16 == 0,
                "rows in shared memory start where 16 bytes can be copied");
  // The i-th pair's j-th element along k.
  static __device__ __forceinline__ int depth_of(int t, int i, int j) {
    return kFloats ? t + 8 * i + 4 * j : 2 * t + 8 * i + j;
  }
};

template <class Config>
struct HalfTiles {
  alignas(16) typename Config::Element a[Config::kStages][Config::kTileRows][Config::kPitchA];
  alignas(16) float b[Config::kStages][Config::kDepth][Config::kPitchB];
};

// The ring, and when it is used up the tile of the result.
template <class Config>
union HalfShared {
  HalfTiles<Config> tiles;
  float sums[Config::kTileRows][Config::kPitchC];
};

// Two-byte elements one by one, through registers: asynchronous copies take no less than four bytes.
template <class Config>
__device__ __forceinline__ void copy_singly(uint16_t (&to)[Config::kTileRows][Config::kPitchA],
                                            const GemmArgs& g, int64_t r0, int64_t p0,
                                            int64_t p_stop) {
  constexpr int kRowStep = Config::kThreads / Config::kDepth;
  const int row = static_cast<int>(threadIdx.x) / Config::kDepth;
  const int column = static_cast<int>(threadIdx.x) % Config::kDepth;
  const uint16_t* from = halves(g.a) + (r0 + row) * g.lda + p0 + column;
#pragma unroll
  for (int step = 0; step < Config::kTileRows; step += kRowStep) {
    const bool inside = step < g.m - r0 - row && column < p_stop - p0;
    const uint16_t bits = inside ? load_cached(from + step * g.lda) : uint16_t{0};
    store_shared(&to[row + step][column], bits);
  }
}

template <class Config, bool Wide>
__device__ __forceinline__ void copy_stage(const GemmArgs& g, HalfTiles<Config>& tiles, int stage,
                                           int64_t r0, int64_t c0, int64_t p0, int64_t p_stop) {
  if (p0 < p_stop) {
    constexpr int kDepth = Config::kDepth;
    if constexpr (Config::kFloats) {
      copy_tile<Config::kTileRows, kDepth, Config::kPitchA, Wide ? 4 : 1, Config::kThreads>(
          tiles.a[stage], g.a, g.lda, g.m, p_stop, r0, p0);
    } else if constexpr (Wide) {
      copy_tile<Config::kTileRows, kDepth, Config::kPitchA, 8, Config::kThreads>(
          tiles.a[stage], halves(g.a), g.lda, g.m, p_stop, r0, p0);
    } else {
      copy_singly<Config>(tiles.a[stage], g, r0, p0, p_stop);
    }
    copy_tile<kDepth, Config::kTileColumns, Config::kPitchB, Wide ? 4 : 1, Config::kThreads>(
        tiles.b[stage], g.b, g.ldb, p_stop, g.n, p0, c0);
  }
  commit_copies();  // an empty group at the end keeps the count of groups simple
}

// The i-th pair of a row of tile a.
template <class Config>
__device__ __forceinline__ uint32_t pair_of(const float (&row)[Config::kPitchA], int t, int i) {
  return Pair<Config::kOperand>::narrow(load_shared(&row[Config::depth_of(t, i, 0)]),
                                        load_shared(&row[Config::depth_of(t, i, 1)]));
}
template <class Config>
__device__ __forceinline__ uint32_t pair_of(const uint16_t (&row)[Config::kPitchA], int t, int i) {
  return load_shared(reinterpret_cast<const uint32_t*>(&row[Config::depth_of(t, i, 0)]));
}

// sums += the warp's part of tile a * tile b
template <class Config>
__device__ __forceinline__ void multiply(
    const typename Config::Element (&a_tile)[Config::kTileRows][Config::kPitchA],
    const float (&b_tile)[Config::kDepth][Config::kPitchB], int row, int column,
    Sums<Config>& sums) {
  const int g = static_cast<int>(threadIdx.x) % 32 / 4, t = static_cast<int>(threadIdx.x) % 4;
  uint32_t b[Config::kTilesAcross][2];
#pragma unroll
  for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
      const int at = column + 8 * j + g;
      b[j][i] = Pair<Config::kOperand>::narrow(
          load_shared(&b_tile[Config::depth_of(t, i, 0)][at]),
          load_shared(&b_tile[Config::depth_of(t, i, 1)][at]));
    }
  }
#pragma unroll
  for (int i = 0; i < Config::kTilesDown; i++) {
    uint32_t a[4];
#pragma unroll
    for (int e = 0; e < 4; e++) {
      a[e] = pair_of<Config>(a_tile[row + 16 * i + g + e % 2 * 8], t, e / 2);
    }
#pragma unroll
    for (int j = 0; j < Config::kTilesAcross; j++) {
      mma_m16n8k16<Config::kOperand>(sums[i][j], a, b[j]);
    }
  }
}

template <class Config, bool Wide>
__global__ void __launch_bounds__(Config::kThreads, 2)
    gemm_half_kernel(GemmArgs g, int64_t depth, float* partials) {
  using Shared = HalfShared<Config>;
  static_assert(sizeof(Shared) <= 48 * 1024, "the ring fits static shared memory");
  GNNSCHED_SHARED(Shared, shared);
  HalfTiles<Config>& tiles = shared.tiles;
  const int64_t r0 = static_cast<int64_t>(blockIdx.x) * Config::kTileRows;
  const int64_t c0 = static_cast<int64_t>(blockIdx.y) * Config::kTileColumns;
  const int64_t p_begin = blockIdx.z * depth;
  const int64_t p_stop = p_begin + depth < g.k ? p_begin + depth : g.k;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int row = warp / Config::kWarpsAcross * Config::kWarpRows;
  const int column = warp % Config::kWarpsAcross * Config::kWarpColumns;

  Sums<Config> sums = {};
#pragma unroll
  for (int stage = 0; stage < Config::kStages - 1; stage++) {
    copy_stage<Config, Wide>(g, tiles, stage, r0, c0, p_begin + stage * Config::kDepth, p_stop);
  }
  int stage = 0;
  for (int64_t p0 = p_begin; p0 < p_stop; p0 += Config::kDepth) {
    wait_copies<Config::kStages - 2>();
    __syncthreads();  // this tile is whole, and everybody is done with the one before
    copy_stage<Config, Wide>(g, tiles, (stage + Config::kStages - 1) % Config::kStages, r0, c0,
                             p0 + (Config::kStages - 1) * Config::kDepth, p_stop);
    multiply<Config>(tiles.a[stage], tiles.b[stage], row, column, sums);
    stage = (stage + 1) % Config::kStages;
  }
  store_sums<Config>(shared.sums, sums, row, column);
  store_tile<Config::kTileRows, Config::kTileColumns, Config::kPitchC, Config::kThreads>(
      g, shared.sums, {r0, c0, blockIdx.z}, partials);
}

template <class Config>
cudaError_t launch_config(const GemmArgs& args, const GemmSplit& split, float* partials,
                          cudaStream_t stream) {
  const int64_t down = ceil_div(args.m, Config::kTileRows);
  const int64_t across = ceil_div(args.n, Config::kTileColumns);
  if (!grid_fits(down, across)) return cudaErrorInvalidValue;
  const int64_t in_a = Config::kFloats ? 4 : 8;
  const bool wide = rows_by(in_a, args.a, args.lda, args.a_storage) && quads(args.b, args.ldb);
  return launch(wide ? gemm_half_kernel<Config, true> : gemm_half_kernel<Config, false>,
                dim3(down, across, split.parts), dim3(Config::kThreads), stream, args, split.depth,
                partials);
}

template <Storage Operand, Storage Stored>
cudaError_t launch_columns(const GemmArgs& args, const GemmSplit& split, float* partials,
                           cudaStream_t stream) {
  return args.n <= 32
             ? launch_config<HalfConfig<Operand, Stored, 32>>(args, split, partials, stream)
             : launch_config<HalfConfig<Operand, Stored, 64>>(args, split, partials, stream);
}

template <Storage Operand>
cudaError_t launch_stored(const GemmArgs& args, const GemmSplit& split, float* partials,
                          cudaStream_t stream) {
  return args.a_storage == Storage::f32
             ? launch_columns<Operand, Storage::f32>(args, split, partials, stream)
             : launch_columns<Operand, Operand>(args, split, partials, stream);
}

}  // namespace

cudaError_t launch_gemm_half(const GemmArgs& args, const GemmSplit& split, Storage operands,
                             float* partials, cudaStream_t stream) {
  return operands == Storage::f16 ? launch_stored<Storage::f16>(args, split, partials, stream)
                                  : launch_stored<Storage::bf16>(args, split, partials, stream);
}

}  // namespace gnnsched::gpu
