// c[m, n] = epilogue(a[m, k] * b[k, n]) at float32 grade on tensor cores; any strides.
//
// Every float is the sum of two tf32 numbers, every product three tensor-core products (the two
// small ones first). A ring of three tiles of a and b is filled by asynchronous copies; a warp owns
// 32 columns of the output tile. The sums of one tile of k are kept apart and added to the total by
// ordinary additions: a tensor core may cut low bits where its sum grows, and a short sum is small.
#include "common/mma.h"
#include "gemm/gemm_split.h"
#include "gemm/gemm_store.h"

namespace gnnsched::gpu {

namespace {

template <int TileColumns>
struct Tf32Config {
  static constexpr int kTileRows = 128, kTileColumns = TileColumns, kDepth = 16;
  static constexpr int kThreads = 256, kWarps = 8;
  static constexpr int kStages = 3;  // two tiles on their way while one is multiplied
  static constexpr int kWarpColumns = 32;
  static constexpr int kWarpsAcross = TileColumns / kWarpColumns;
  static constexpr int kWarpRows = kTileRows * kWarpsAcross / kWarps;
  static constexpr int kTilesDown = kWarpRows / 16, kTilesAcross = kWarpColumns / 8;
  // A fragment of a is read from rows g and columns t at once: 20 g + t meets each bank once; a
  // fragment of b from rows t and columns g: so does 8 t + g.
  static constexpr int kPitchA = kDepth + 4, kPitchB = TileColumns + 8;
  static_assert(kWarpRows % 16 == 0, "a warp's rows are whole tensor-core tiles");
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
  float sums[Config::kTileRows][Config::kPitchB];
};

// Copies the tile of rows r0 .. and columns c0 .. of a matrix of `rows` x `columns`, `Width` floats
// at a time; zeros outside.
template <int Rows, int Columns, int Pitch, int Width, int Threads>
__device__ __forceinline__ void copy_tile(float (&to)[Rows][Pitch], const float* from, int64_t ld,
                                          int64_t rows, int64_t columns, int64_t r0, int64_t c0) {
  constexpr int kAcross = Columns / Width, kRowStep = Threads / kAcross;
  static_assert(Columns % Width == 0 && Threads % kAcross == 0,
                "a thread copies one run of columns of every kRowStep-th row");
  const int row = static_cast<int>(threadIdx.x) / kAcross;
  const int column = static_cast<int>(threadIdx.x) % kAcross * Width;
  const int64_t r = r0 + row, c = c0 + column, left = columns - c;
  const int inside = left >= Width ? 4 * Width : left > 0 ? static_cast<int>(left) * 4 : 0;
  const float* source = from + r * ld + c;
#pragma unroll
  for (int step = 0; step < Rows; step += kRowStep) {
    if (kRowStep > Rows && row >= Rows) continue;  // fewer copies than threads
    const int valid = step < rows - r ? inside : 0;
    copy_async<4 * Width>(&to[row + step][column], valid > 0 ? source + step * ld : from, valid);
  }
}

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

template <class Config>
using Sums = float[Config::kTilesDown][Config::kTilesAcross][4];

// sums += the warp's part of tile a * tile b
template <class Config>
__device__ __forceinline__ void multiply(const float (&a_tile)[Config::kTileRows][Config::kPitchA],
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

template <class Config, int WidthA, int WidthB>
__global__ void __launch_bounds__(Config::kThreads, 2)
    gemm_tf32x3_kernel(GemmArgs g, int64_t depth, float* partials) {
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
    Sums<Config> sums = {};
    multiply<Config>(tiles.a[stage], tiles.b[stage], row, column, sums);
#pragma unroll
    for (int i = 0; i < Config::kTilesDown; i++) {
#pragma unroll
      for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
        for (int e = 0; e < 4; e++) totals[i][j][e] += sums[i][j][e];
      }
    }
    stage = (stage + 1) % Config::kStages;
  }

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
            reinterpret_cast<float2*>(&shared.sums[lane_row + 16 * i + 4 * e][lane_column + 8 * j]),
            make_float2(totals[i][j][e], totals[i][j][e + 1]));
      }
    }
  }
  __syncthreads();  // the result is whole
  store_tile<Config::kTileRows, Config::kTileColumns, Config::kPitchB, Config::kThreads>(
      g, shared.sums, {r0, c0, blockIdx.z}, partials);
}

template <class Config, int WidthA, int WidthB>
cudaError_t launch_config(const GemmArgs& args, const GemmSplit& split, float* partials,
                          cudaStream_t stream) {
  const int64_t down = ceil_div(args.m, Config::kTileRows);
  const int64_t across = ceil_div(args.n, Config::kTileColumns);
  if (!grid_fits(down, across)) return cudaErrorInvalidValue;
  return launch(gemm_tf32x3_kernel<Config, WidthA, WidthB>, dim3(down, across, split.parts),
                dim3(Config::kThreads), stream, args, split.depth, partials);
}

template <class Config>
cudaError_t launch_widths(const GemmArgs& args, const GemmSplit& split, float* partials,
                          cudaStream_t stream) {
  const bool wide_a = quads(args.a, args.lda), wide_b = quads(args.b, args.ldb);
  if (wide_a && wide_b) return launch_config<Config, 4, 4>(args, split, partials, stream);
  if (wide_a) return launch_config<Config, 4, 1>(args, split, partials, stream);
  if (wide_b) return launch_config<Config, 1, 4>(args, split, partials, stream);
  return launch_config<Config, 1, 1>(args, split, partials, stream);
}

}  // namespace

cudaError_t launch_gemm_tf32x3(const GemmArgs& args, const GemmSplit& split, float* partials,
                               cudaStream_t stream) {
  return args.n <= 32 ? launch_widths<Tf32Config<32>>(args, split, partials, stream)
                      : launch_widths<Tf32Config<64>>(args, split, partials, stream);
}

}  // namespace gnnsched::gpu
