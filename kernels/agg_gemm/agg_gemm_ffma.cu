// c[m, n] = epilogue(aggregated rows * b) with float32 multiply-adds, for every architecture and the
// narrowest outputs.
//
// A block keeps its aggregated rows in shared memory for all columns of c, and walks k in steps of
// kDepth: the next rows of b are read while the present ones are multiplied. A thread owns four rows
// and four columns of a tile and stores them from its registers.
#include "agg_gemm/agg_gemm.h"
#include "agg_gemm/agg_rows.h"
#include "common/epilogue.h"

namespace gnnsched::gpu {

namespace {

struct AggFfmaConfig {
  static constexpr int kAcross = 16, kDown = 16;  // threads of a block
  static constexpr int kColumns = 4 * kAcross, kDepth = 16;
  static_assert(kAcross * kDown == AggConfig::kThreads, "one thread for each place");
  static_assert(4 * kDown == AggConfig::kRows, "a thread owns four rows");
  static_assert(kDepth * kAcross == AggConfig::kThreads, "a thread reads one quad of b a step");
};

template <int Width>
struct AggFfmaShared {
  AggTile<Width> tile;
  float b[AggFfmaConfig::kDepth][AggFfmaConfig::kColumns];
};

// A thread's four columns: a quad, or every 16th.
template <bool Quads>
using TileColumns = LaneColumns<AggFfmaConfig::kAcross, Quads>;

// Row p of b, zeros behind the last.
template <bool Quads>
__device__ __forceinline__ float4 load_b(const GemmArgs& g, const TileColumns<Quads>& columns,
                                         int64_t p) {
  if (p >= g.k) return make_float4(0.0f, 0.0f, 0.0f, 0.0f);
  return columns.load(g.b + p * g.ldb);
}

template <bool Quads>
__device__ __forceinline__ void keep_b(float (&row)[AggFfmaConfig::kColumns], int across,
                                       float4 v) {
  if constexpr (Quads) {
    store_shared(reinterpret_cast<float4*>(row + 4 * across), v);
  } else {
#pragma unroll
    for (int j = 0; j < 4; j++) store_shared(row + across + 16 * j, element(v, j));
  }
}

template <bool Quads>
__device__ __forceinline__ float4 read_b(const float (&row)[AggFfmaConfig::kColumns], int across) {
  if constexpr (Quads) {
    return load_shared(reinterpret_cast<const float4*>(row + 4 * across));
  } else {
    return make_float4(load_shared(row + across), load_shared(row + across + 16),
                       load_shared(row + across + 32), load_shared(row + across + 48));
  }
}

template <int Lanes, bool Quads>
__global__ void __launch_bounds__(AggConfig::kThreads, AggConfig::blocks(Quads))
    agg_gemm_ffma_kernel(AggGemmArgs args, RowWork work, void* workspace) {
  using Config = AggFfmaConfig;
  using Shared = AggFfmaShared<4 * Lanes>;
  static_assert(sizeof(Shared) <= 48 * 1024, "the tiles fit static shared memory");
  GNNSCHED_SHARED(Shared, shared);
  const GemmArgs& g = args.product;
  const int64_t r0 = args.row_begin + static_cast<int64_t>(blockIdx.x) * AggConfig::kRows;
  RowAggregator<Lanes, Quads>(args.aggregate, work, workspace).fill(shared.tile, r0);
  const int across = static_cast<int>(threadIdx.x) % Config::kAcross;
  const int down = static_cast<int>(threadIdx.x) / Config::kAcross;

  for (int64_t tile = 0; tile * Config::kColumns < g.n; tile++) {
    const TileColumns<Quads> columns(across, tile, g.n);
    float4 sums[4] = {};
    float4 next = load_b<Quads>(g, columns, down);
    for (int64_t p0 = 0; p0 < g.k; p0 += Config::kDepth) {
      __syncthreads();  // the rows are whole; nobody reads the step before
      keep_b<Quads>(shared.b[down], across, next);
      __syncthreads();  // b is whole
      next = load_b<Quads>(g, columns, p0 + Config::kDepth + down);
#pragma unroll 4
      for (int p = 0; p < Config::kDepth; p++) {
        const float4 b = read_b<Quads>(shared.b[p], across);
#pragma unroll
        for (int i = 0; i < 4; i++) {
          add_scaled(sums[i], load_shared(&shared.tile.rows[4 * down + i][p0 + p]), b);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
      const int64_t r = r0 + 4 * down + i;
      if (r >= g.m) continue;
      columns.store(g.c + r * g.ldc, finish_quad(g.epilogue, columns, r, sums[i]));
    }
  }
}

template <int Lanes, bool Quads>
cudaError_t launch_rows(const AggGemmArgs& args, const RowWork& work, void* workspace,
                        cudaStream_t stream) {
  const int64_t blocks = ceil_div(args.product.m - args.row_begin, AggConfig::kRows);
  if (!grid_fits(blocks, 1)) return cudaErrorInvalidValue;
  return launch(agg_gemm_ffma_kernel<Lanes, Quads>, dim3(blocks), dim3(AggConfig::kThreads),
                stream, args, work, workspace);
}

template <bool Quads>
cudaError_t launch_width(const AggGemmArgs& args, const RowWork& work, void* workspace,
                         cudaStream_t stream) {
  if (args.product.k <= 32) return launch_rows<8, Quads>(args, work, workspace, stream);
  if (args.product.k <= 64) return launch_rows<16, Quads>(args, work, workspace, stream);
  return launch_rows<32, Quads>(args, work, workspace, stream);
}

}  // namespace

cudaError_t launch_agg_gemm_ffma(const AggGemmArgs& args, const RowWork& work, void* workspace,
                                 cudaStream_t stream) {
  const GemmArgs& g = args.product;
  const bool by_quads = g.k % 4 == 0 && g.n % 4 == 0 &&
                        quads(args.aggregate.x, args.aggregate.ldx) && quads(g.b, g.ldb) &&
                        quads(g.c, g.ldc) && quads(g.epilogue);
  return by_quads ? launch_width<true>(args, work, workspace, stream)
                  : launch_width<false>(args, work, workspace, stream);
}

}  // namespace gnnsched::gpu
