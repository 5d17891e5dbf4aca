// c[m, n] = epilogue(a[m, k] * b[k, n]) on tensor cores; a and b float32, any strides.
//
// With three products, at float32 grade: every float is the sum of two tf32 numbers, every product
// three tensor-core products (the two small ones first), and the sums of one tile of k are kept apart
// and added to the total by ordinary additions: a tensor core may cut low bits where its sum grows,
// and a short sum is small. With one product, every float is rounded to tf32.
// A ring of three tiles of a and b is filled by asynchronous copies.
#include "common/mma.h"
#include "gemm/gemm_split.h"
#include "gemm/gemm_tensor.h"

namespace gnnsched::gpu {

namespace {

template <int TileColumns>
struct Tf32Config : TensorTile<TileColumns> {
  static constexpr int kDepth = 16;
  static constexpr int kStages = 3;  // two tiles on their way while one is multiplied
  // A fragment of a is read from rows g and columns t at once: 20 g + t meets each bank once; a
  // fragment of b from rows t and columns g: so does 8 t + g.
  static constexpr int kPitchA = kDepth + 4, kPitchB = TileColumns + 8;
  static_assert(kPitchA * 4 % 16 == 0 && kPitchB * 4 % 16 == 0,
                "rows in shared memory start where 16 bytes can be copied");
  static_assert(kPitchA % 32 == 20 && kPitchB % 32 == 8, "fragments are read without conflicts");
};

template <class Config>
struct Tf32Tiles {
  float a[Config::kStages][Config::kTileRows][Config::kPitchA];
  float b[Config::kStages][Config::kDepth][Config::kPitchB];
};

// The ring, and when it is used up the tile of the result.
template <class Config>
union Tf32Shared {
  Tf32Tiles<Config> tiles;
  float sums[Config::kTileRows][Config::kPitchC];
};

template <class Config, int WidthA, int WidthB>
__device__ __forceinline__ void copy_stage(const GemmArgs& g, Tf32Tiles<Config>& tiles, int stage,
                                           int64_t r0, int64_t c0, int64_t p0, int64_t p_stop) {
  if (p0 < p_stop) {
    copy_tile<Config::kTileRows, Config::kDepth, Config::kPitchA, WidthA, Config::kThreads>(
        tiles.a[stage], g.a, g.lda, g.m, p_stop, r0, p0);
    copy_tile<Config::kDepth, Config::kTileColumns, Config::kPitchB, WidthB, Config::kThreads>(
        tiles.b[stage], g.b, g.ldb, p_stop, g.n, p0, c0);
  }
  commit_copies();  // an empty group at the end keeps the count of groups simple
}

// sums += the warp's part of tile a * tile b
template <class Config>
__device__ __forceinline__ void multiply_x3(const float (&a_tile)[Config::kTileRows][Config::kPitchA],
                                         const float (&b_tile)[Config::kDepth][Config::kPitchB],
                                         int row, int column, Sums<Config>& sums) {
  const int g = static_cast<int>(threadIdx.x) % 32 / 4, t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll 1  // unrolled, the fragments of both steps need more registers than there are
  for (int p = 0; p < Config::kDepth; p += 8) {
    float b_high[Config::kTilesAcross][2], b_low[Config::kTilesAcross][2];
#pragma unroll
    for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const Tf32Pair pair =
            split_tf32(load_shared(&b_tile[p + t + 4 * i][column + 8 * j + g]));
        b_high[j][i] = pair.high;
        b_low[j][i] = pair.low;
      }
    }
#pragma unroll
    for (int i = 0; i < Config::kTilesDown; i++) {
      float a_high[4], a_low[4];
#pragma unroll
      for (int e = 0; e < 4; e++) {
        const Tf32Pair pair = split_tf32(
            load_shared(&a_tile[row + 16 * i + g + e % 2 * 8][p + t + e / 2 * 4]));
        a_high[e] = pair.high;
        a_low[e] = pair.low;
      }
#pragma unroll
      for (int j = 0; j < Config::kTilesAcross; j++) {
        mma_m16n8k8_tf32(sums[i][j], a_low, b_high[j]);
        mma_m16n8k8_tf32(sums[i][j], a_high, b_low[j]);
        mma_m16n8k8_tf32(sums[i][j], a_high, b_high[j]);
      }
    }
  }
}

// The same with every float rounded once.
template <class Config>
__device__ __forceinline__ void multiply_x1(
    const float (&a_tile)[Config::kTileRows][Config::kPitchA],
    const float (&b_tile)[Config::kDepth][Config::kPitchB], int row, int column,
    Sums<Config>& sums) {
  const int g = static_cast<int>(threadIdx.x) % 32 / 4, t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
  for (int p = 0; p < Config::kDepth; p += 8) {
    float b[Config::kTilesAcross][2];
#pragma unroll
    for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
      for (int i = 0; i < 2; i++) {
        b[j][i] = round_tf32(load_shared(&b_tile[p + t + 4 * i][column + 8 * j + g]));
      }
    }
#pragma unroll
    for (int i = 0; i < Config::kTilesDown; i++) {
      float a[4];
#pragma unroll
      for (int e = 0; e < 4; e++) {
        a[e] = round_tf32(
            load_shared(&a_tile[row + 16 * i + g + e % 2 * 8][p + t + e / 2 * 4]));
      }
#pragma unroll
      for (int j = 0; j < Config::kTilesAcross; j++) mma_m16n8k8_tf32(sums[i][j], a, b[j]);
    }
  }
}

template <class Config, int Products, int WidthA, int WidthB>
__global__ void __launch_bounds__(Config::kThreads, 2)
    gemm_tf32_kernel(GemmArgs g, int64_t depth, float* partials) {
  using Shared = Tf32Shared<Config>;
  static_assert(sizeof(Shared) <= 48 * 1024, "the ring fits static shared memory");
  GNNSCHED_SHARED(Shared, shared);
  Tf32Tiles<Config>& tiles = shared.tiles;
  const int64_t r0 = static_cast<int64_t>(blockIdx.x) * Config::kTileRows;
  const int64_t c0 = static_cast<int64_t>(blockIdx.y) * Config::kTileColumns;
  const int64_t p_begin = blockIdx.z * depth;
  const int64_t p_stop = p_begin + depth < g.k ? p_begin + depth : g.k;
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const int row = warp / Config::kWarpsAcross * Config::kWarpRows;
  const int column = warp % Config::kWarpsAcross * Config::kWarpColumns;

  Sums<Config> totals = {};
#pragma unroll
  for (int stage = 0; stage < Config::kStages - 1; stage++) {
    copy_stage<Config, WidthA, WidthB>(g, tiles, stage, r0, c0,
                                       p_begin + stage * Config::kDepth, p_stop);
  }
  int stage = 0;
  for (int64_t p0 = p_begin; p0 < p_stop; p0 += Config::kDepth) {
    wait_copies<Config::kStages - 2>();
    __syncthreads();  // this tile is whole, and everybody is done with the one before
    copy_stage<Config, WidthA, WidthB>(g, tiles, (stage + Config::kStages - 1) % Config::kStages,
                                       r0, c0, p0 + (Config::kStages - 1) * Config::kDepth, p_stop);
    if constexpr (Products == 3) {
      Sums<Config> sums = {};
      multiply_x3<Config>(tiles.a[stage], tiles.b[stage], row, column, sums);
      add_sums<Config>(totals, sums);
    } else {
      multiply_x1<Config>(tiles.a[stage], tiles.b[stage], row, column, totals);
    }
    stage = (stage + 1) % Config::kStages;
  }

  store_sums<Config>(shared.sums, totals, row, column);
  store_tile<Config::kTileRows, Config::kTileColumns, Config::kPitchC, Config::kThreads>(
      g, shared.sums, {r0, c0, blockIdx.z}, partials);
}

template <class Config, int Products, int WidthA, int WidthB>
cudaError_t launch_config(const GemmArgs& args, const GemmSplit& split, float* partials,
                          cudaStream_t stream) {
  const int64_t down = ceil_div(args.m, Config::kTileRows);
  const int64_t across = ceil_div(args.n, Config::kTileColumns);
  if (!grid_fits(down, across)) return cudaErrorInvalidValue;
  return launch(gemm_tf32_kernel<Config, Products, WidthA, WidthB>,
                dim3(down, across, split.parts), dim3(Config::kThreads), stream, args, split.depth,
                partials);
}

template <class Config, int Products>
cudaError_t launch_widths(const GemmArgs& args, const GemmSplit& split, float* partials,
                          cudaStream_t stream) {
  const bool wide_a = quads(args.a, args.lda), wide_b = quads(args.b, args.ldb);
  if (wide_a && wide_b) return launch_config<Config, Products, 4, 4>(args, split, partials, stream);
  if (wide_a) return launch_config<Config, Products, 4, 1>(args, split, partials, stream);
  if (wide_b) return launch_config<Config, Products, 1, 4>(args, split, partials, stream);
  return launch_config<Config, Products, 1, 1>(args, split, partials, stream);
}

template <int Products>
cudaError_t launch_products(const GemmArgs& args, const GemmSplit& split, float* partials,
                            cudaStream_t stream) {
  return args.n <= 32 ? launch_widths<Tf32Config<32>, Products>(args, split, partials, stream)
                      : launch_widths<Tf32Config<64>, Products>(args, split, partials, stream);
}

}  // namespace

cudaError_t launch_gemm_tf32(const GemmArgs& args, const GemmSplit& split, int products,
                             float* partials, cudaStream_t stream) {
  return products == 3 ? launch_products<3>(args, split, partials, stream)
                       : launch_products<1>(args, split, partials, stream);
}

}  // namespace gnnsched::gpu
