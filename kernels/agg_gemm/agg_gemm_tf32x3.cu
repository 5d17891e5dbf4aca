// c[m, n] = epilogue(aggregated rows * b) at float32 grade on tensor cores; see gemm_tf32.cu for the
// three products and why the sums of a step are added by ordinary additions.
//
// The first rows of b are on their way while the block aggregates. A block keeps its aggregated rows in
// shared memory for all columns of c; each of eight warps owns 16 rows and half of a tile's columns, and
// stores them from its registers, a sector of a row at a time.
#include "agg_gemm/agg_gemm.h"
#include "agg_gemm/agg_rows.h"
#include "common/epilogue.h"
#include "common/mma.h"

namespace gnnsched::gpu {

namespace {

template <int Columns>
struct AggTf32Config {
  static constexpr int kColumns = Columns, kDepth = 16;
  static constexpr int kStages = 3;  // two steps of b on their way while one is multiplied
  static constexpr int kWarpColumns = Columns / 2, kTilesAcross = kWarpColumns / 8;
  static constexpr int kPitch = Columns + 8;
  static_assert(AggConfig::kThreads / 32 * 16 / 2 == AggConfig::kRows,
                "two warps share the columns of 16 rows");
  static_assert(kPitch % 32 == 8 && kPitch * 4 % 16 == 0,
                "fragments of b are read without conflicts, its rows copied by 16 bytes");
};

template <int Width, class Config>
struct AggTf32Shared {
  AggTile<Width> tile;
  float b[Config::kStages][Config::kDepth][Config::kPitch];
};

// Copies rows p0 .. and columns c0 .. of b into one stage of the ring; zeros outside.
template <class Config>
__device__ __forceinline__ void copy_b(const GemmArgs& g, bool wide,
                                       float (&to)[Config::kDepth][Config::kPitch], int64_t p0,
                                       int64_t c0) {
  constexpr int kAcross = Config::kColumns / 4;
  const int row = static_cast<int>(threadIdx.x) / kAcross;
  const int column = static_cast<int>(threadIdx.x) % kAcross * 4;
  if (p0 < g.k && row < Config::kDepth) {
    const int64_t p = p0 + row, c = c0 + column, left = p < g.k ? g.n - c : 0;
    const float* from = left > 0 ? g.b + p * g.ldb + c : g.b;
    if (wide) {
      copy_async<16>(&to[row][column], from, left >= 4 ? 16 : left > 0 ? 4 * left : 0);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) {
        const bool inside = j < left;
        copy_async<4>(&to[row][column + j], inside ? from + j : g.b, inside ? 4 : 0);
      }
    }
  }
  commit_copies();  // an empty group at the end keeps the count of groups simple
}

template <class Config>
using AggSums = float[Config::kTilesAcross][4];

// sums += 16 rows of the tile * the warp's columns of b, over kDepth of k
template <class Config, int Pitch>
__device__ __forceinline__ void multiply(const float (*rows)[Pitch],
                                         const float (&b)[Config::kDepth][Config::kPitch],
                                         int64_t p0, int column, AggSums<Config>& sums) {
  const int g = static_cast<int>(threadIdx.x) % 32 / 4, t = static_cast<int>(threadIdx.x) % 4;
#pragma unroll
  for (int p = 0; p < Config::kDepth; p += 8) {
    float a_high[4], a_low[4];
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const Tf32Pair pair = split_tf32(load_shared(&rows[g + e % 2 * 8][p0 + p + t + e / 2 * 4]));
      a_high[e] = pair.high;
      a_low[e] = pair.low;
    }
#pragma unroll
    for (int j = 0; j < Config::kTilesAcross; j++) {
      float b_high[2], b_low[2];
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const Tf32Pair pair = split_tf32(load_shared(&b[p + t + 4 * i][column + 8 * j + g]));
        b_high[i] = pair.high;
        b_low[i] = pair.low;
      }
      mma_m16n8k8_tf32(sums[j], a_low, b_high);
      mma_m16n8k8_tf32(sums[j], a_high, b_low);
      mma_m16n8k8_tf32(sums[j], a_high, b_high);
    }
  }
}

// Two neighbours of row r, together where c can be written so.
__device__ __forceinline__ void store_pair(const GemmArgs& g, bool pairs, int64_t r, int64_t c,
                                           float first, float second) {
  if (r >= g.m || c >= g.n) return;
  float* to = g.c + r * g.ldc + c;
  first = finish(g.epilogue, r, c, first);
  if (c + 1 == g.n) return store_once(to, first);
  second = finish(g.epilogue, r, c + 1, second);
  if (pairs) {
    store_once(reinterpret_cast<float2*>(to), make_float2(first, second));
  } else {
    store_once(to, first);
    store_once(to + 1, second);
  }
}

template <int Lanes, bool Quads, class Config>
__global__ void __launch_bounds__(AggConfig::kThreads, AggConfig::blocks(Quads))
    agg_gemm_tf32x3_kernel(AggGemmArgs args, RowWork work, void* workspace, bool wide_b,
                           bool pairs) {
  using Shared = AggTf32Shared<4 * Lanes, Config>;
  static_assert(sizeof(Shared) <= 48 * 1024, "the tile and the ring fit static shared memory");
  GNNSCHED_SHARED(Shared, shared);
  constexpr int kDepth = Config::kDepth, kStages = Config::kStages;
  const GemmArgs& g = args.product;
  const int64_t r0 = args.row_begin + static_cast<int64_t>(blockIdx.x) * AggConfig::kRows;
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int row = warp / 2 * 16, column = warp % 2 * Config::kWarpColumns;
  const auto start_ring = [&](int64_t c0) {
#pragma unroll
    for (int stage = 0; stage < kStages - 1; stage++) {
      copy_b<Config>(g, wide_b, shared.b[stage], stage * kDepth, c0);
    }
  };

  start_ring(0);
  RowAggregator<Lanes, Quads>(args.aggregate, work, workspace).fill(shared.tile, r0);
  for (int64_t c0 = 0; c0 < g.n; c0 += Config::kColumns) {
    AggSums<Config> totals = {};
    int stage = 0;
    for (int64_t p0 = 0; p0 < g.k; p0 += kDepth) {
      wait_copies<kStages - 2>();
      __syncthreads();  // rows and this step of b are whole, everybody is done with the step before
      copy_b<Config>(g, wide_b, shared.b[(stage + kStages - 1) % kStages],
                     p0 + (kStages - 1) * kDepth, c0);
      AggSums<Config> sums = {};
      multiply<Config>(shared.tile.rows + row, shared.b[stage], p0, column, sums);
#pragma unroll
      for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
        for (int e = 0; e < 4; e++) totals[j][e] += sums[j][e];
      }
      stage = (stage + 1) % kStages;
    }
    __syncthreads();  // nobody reads the ring any more; the copies under way are empty
    if (c0 + Config::kColumns < g.n) start_ring(c0 + Config::kColumns);
#pragma unroll
    for (int j = 0; j < Config::kTilesAcross; j++) {
#pragma unroll
      for (int e = 0; e < 4; e += 2) {
        store_pair(g, pairs, r0 + row + lane / 4 + 4 * e, c0 + column + 8 * j + lane % 4 * 2,
                   totals[j][e], totals[j][e + 1]);
      }
    }
  }
}

template <int Lanes, bool Quads, class Config>
cudaError_t launch_config(const AggGemmArgs& args, const RowWork& work, void* workspace,
                          cudaStream_t stream) {
  const GemmArgs& g = args.product;
  const int64_t blocks = ceil_div(g.m - args.row_begin, AggConfig::kRows);
  if (!grid_fits(blocks, 1)) return cudaErrorInvalidValue;
  const bool pairs = aligned(g.c, 8) && g.ldc % 2 == 0;
  return launch(agg_gemm_tf32x3_kernel<Lanes, Quads, Config>, dim3(blocks),
                dim3(AggConfig::kThreads), stream, args, work, workspace, quads(g.b, g.ldb),
                pairs);
}

template <int Lanes, bool Quads>
cudaError_t launch_columns(const AggGemmArgs& args, const RowWork& work, void* workspace,
                           cudaStream_t stream) {
  return args.product.n <= 32
             ? launch_config<Lanes, Quads, AggTf32Config<32>>(args, work, workspace, stream)
             : launch_config<Lanes, Quads, AggTf32Config<64>>(args, work, workspace, stream);
}

template <bool Quads>
cudaError_t launch_width(const AggGemmArgs& args, const RowWork& work, void* workspace,
                         cudaStream_t stream) {
  if (args.product.k <= 32) return launch_columns<8, Quads>(args, work, workspace, stream);
  if (args.product.k <= 64) return launch_columns<16, Quads>(args, work, workspace, stream);
  return launch_columns<32, Quads>(args, work, workspace, stream);
}

}  // namespace

cudaError_t launch_agg_gemm_tf32x3(const AggGemmArgs& args, const RowWork& work, void* workspace,
                                   cudaStream_t stream) {
  const bool by_quads =
      args.product.k % 4 == 0 && quads(args.aggregate.x, args.aggregate.ldx);
  return by_quads ? launch_width<true>(args, work, workspace, stream)
                  : launch_width<false>(args, work, workspace, stream);
}

}  // namespace gnnsched::gpu
