// c[m, n] = epilogue(a[m, k] * b[k, n]) with float32 multiply-adds; a, b, c row-major, any strides.
//
// A block owns a tile of c and walks k in steps of kDepth: both operands' tiles go through
// registers into shared memory (a transposed and widened to float32), every thread keeps kRows x kColumns sums. The next
// tiles are read while the present ones are multiplied. Elements outside the matrices are zeros.
#include "gemm/gemm_split.h"
#include "gemm/gemm_store.h"

namespace gnnsched::gpu {

namespace {

// A thread owns rows and columns in runs of kRun that lie a whole stripe of threads apart, so that
// a warp's reads of shared memory touch every bank once.
template <int TileRows, int TileColumns, int Rows, int Columns>
struct FfmaConfig {
  static constexpr int kTileRows = TileRows, kTileColumns = TileColumns, kDepth = 16;
  static constexpr int kRows = Rows, kColumns = Columns;
  static constexpr int kRun = 4;
  static constexpr int kAcross = TileColumns / Columns;  // threads side by side
  static constexpr int kThreads = TileRows / Rows * kAcross;
  static constexpr int kPitch = TileRows + 4;  // rows of the transposed tile start 4 banks apart
  static constexpr int kPitchC = TileColumns + 4;
  static constexpr int kLoadsA = TileRows * kDepth / kThreads;
  static constexpr int kLoadsB = TileColumns * kDepth / kThreads;
  static_assert(Rows % kRun == 0 && Columns % kRun == 0, "sums come in runs of four");
  static_assert(kThreads % 32 == 0, "warps are whole: loads are laid out by warps");
  static_assert(TileRows * kDepth % kThreads == 0 && TileColumns * kDepth % kThreads == 0,
                "every thread loads the same number of elements");
  static_assert(kDepth == 16, "the load of a covers 8 of 16 columns at a time");
};
using Wide = FfmaConfig<128, 64, 8, 4>;    // 256 threads: two blocks fit a multiprocessor
using Narrow = FfmaConfig<128, 16, 4, 4>;  // 128 threads, for at most 16 columns

template <class Config>
struct FfmaTiles {
  float a[Config::kDepth][Config::kPitch];
  float b[Config::kDepth][Config::kTileColumns];
};

// The tiles of the operands, and when they are used up that of the result.
template <class Config>
union FfmaShared {
  FfmaTiles<Config> tiles;
  float sums[Config::kTileRows][Config::kPitchC];
};

// The thread's share of the a tile is one column, every kRowStep-th row: a warp reads 8 neighbours
// of each of 4 rows, whole sectors of 32 bytes, and stores them to 32 different banks.
template <class Config>
struct ShareOfA {
  static constexpr int kRowStep = Config::kThreads / 16;
  int row, depth;
  __device__ __forceinline__ ShareOfA() {
    const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
    depth = warp % 2 * 8 + lane % 8;
    row = warp / 2 * 4 + lane / 8;
  }
};

// Its share of the b tile, too.
template <class Config>
struct ShareOfB {
  static constexpr int kRowStep = Config::kThreads / Config::kTileColumns;
  int depth, column;
  __device__ __forceinline__ ShareOfB() {
    depth = static_cast<int>(threadIdx.x) / Config::kTileColumns;
    column = static_cast<int>(threadIdx.x) % Config::kTileColumns;
  }
};

template <Storage Stored>
__device__ __forceinline__ float load_a(const GemmArgs& g, int64_t at) {
  if constexpr (Stored == Storage::f32) return load_cached(g.a + at);
  return widen(Stored, load_cached(halves(g.a) + at));
}

template <class Config, Storage Stored>
__device__ __forceinline__ void load_tiles(const GemmArgs& g, int64_t r0, int64_t c0, int64_t p0,
                                           int64_t p_stop, float (&a)[Config::kLoadsA],
                                           float (&b)[Config::kLoadsB]) {
  const ShareOfA<Config> in_a;
  const int64_t r = r0 + in_a.row, p = p0 + in_a.depth;
  const int64_t at = r * g.lda + p;
#pragma unroll
  for (int i = 0; i < Config::kLoadsA; i++) {
    const int step = i * ShareOfA<Config>::kRowStep;
    a[i] = p < p_stop && step < g.m - r ? load_a<Stored>(g, at + step * g.lda) : 0.0f;
  }
  const ShareOfB<Config> in_b;
  const int64_t q = p0 + in_b.depth, c = c0 + in_b.column;
  const float* from = g.b + q * g.ldb + c;
#pragma unroll
  for (int i = 0; i < Config::kLoadsB; i++) {
    const int step = i * ShareOfB<Config>::kRowStep;
    b[i] = c < g.n && step < p_stop - q ? load_cached(from + step * g.ldb) : 0.0f;
  }
}

template <class Config>
__device__ __forceinline__ void store_tiles(FfmaTiles<Config>& tiles,
                                            const float (&a)[Config::kLoadsA],
                                            const float (&b)[Config::kLoadsB]) {
  const ShareOfA<Config> in_a;
#pragma unroll
  for (int i = 0; i < Config::kLoadsA; i++) {
    store_shared(&tiles.a[in_a.depth][in_a.row + i * ShareOfA<Config>::kRowStep], a[i]);
  }
  const ShareOfB<Config> in_b;
#pragma unroll
  for (int i = 0; i < Config::kLoadsB; i++) {
    store_shared(&tiles.b[in_b.depth + i * ShareOfB<Config>::kRowStep][in_b.column], b[i]);
  }
}

// The thread's i-th row or column of the tile, in runs of four.
template <int Threads>
__device__ __forceinline__ int place_of(int thread, int i) {
  return i / 4 * (4 * Threads) + thread * 4 + i % 4;
}

template <int Count, int Threads>
__device__ __forceinline__ void read_runs(const float* from, int thread, float (&to)[Count]) {
#pragma unroll
  for (int i = 0; i < Count; i += 4) {
    const float4 run =
        load_shared(reinterpret_cast<const float4*>(from + place_of<Threads>(thread, i)));
    to[i] = run.x;
    to[i + 1] = run.y;
    to[i + 2] = run.z;
    to[i + 3] = run.w;
  }
}

template <class Config, Storage Stored>
__global__ void __launch_bounds__(Config::kThreads)
    gemm_ffma_kernel(GemmArgs g, int64_t depth, float* partials) {
  using Shared = FfmaShared<Config>;
  GNNSCHED_SHARED(Shared, shared);
  FfmaTiles<Config>& tiles = shared.tiles;
  constexpr int kDown = Config::kThreads / Config::kAcross;
  const int across = static_cast<int>(threadIdx.x) % Config::kAcross;
  const int down = static_cast<int>(threadIdx.x) / Config::kAcross;
  const int64_t r0 = static_cast<int64_t>(blockIdx.x) * Config::kTileRows;
  const int64_t c0 = static_cast<int64_t>(blockIdx.y) * Config::kTileColumns;
  const int64_t p_begin = blockIdx.z * depth;
  const int64_t p_stop = p_begin + depth < g.k ? p_begin + depth : g.k;

  float sums[Config::kRows][Config::kColumns] = {};
  float next_a[Config::kLoadsA], next_b[Config::kLoadsB];
  load_tiles<Config, Stored>(g, r0, c0, p_begin, p_stop, next_a, next_b);
  for (int64_t p0 = p_begin; p0 < p_stop; p0 += Config::kDepth) {
    store_tiles<Config>(tiles, next_a, next_b);
    __syncthreads();  // the tiles are whole
    load_tiles<Config, Stored>(g, r0, c0, p0 + Config::kDepth, p_stop, next_a, next_b);
#pragma unroll 4
    for (int p = 0; p < Config::kDepth; p++) {
      float a[Config::kRows], b[Config::kColumns];
      read_runs<Config::kRows, kDown>(tiles.a[p], down, a);
      read_runs<Config::kColumns, Config::kAcross>(tiles.b[p], across, b);
#pragma unroll
      for (int i = 0; i < Config::kRows; i++) {
#pragma unroll
        for (int j = 0; j < Config::kColumns; j++) sums[i][j] += a[i] * b[j];
      }
    }
    __syncthreads();  // nobody reads them any more
  }

#pragma unroll
  for (int i = 0; i < Config::kRows; i++) {
    const int r = place_of<kDown>(down, i);
#pragma unroll
    for (int j = 0; j < Config::kColumns; j += 4) {
      store_shared(
          reinterpret_cast<float4*>(&shared.sums[r][place_of<Config::kAcross>(across, j)]),
          make_float4(sums[i][j], sums[i][j + 1], sums[i][j + 2], sums[i][j + 3]));
    }
  }
  __syncthreads();  // the result is whole
  store_tile<Config::kTileRows, Config::kTileColumns, Config::kPitchC, Config::kThreads>(
      g, shared.sums, {r0, c0, blockIdx.z}, partials);
}

template <class Config, Storage Stored>
cudaError_t launch_config(const GemmArgs& args, const GemmSplit& split, float* partials,
                          cudaStream_t stream) {
  const int64_t down = ceil_div(args.m, Config::kTileRows);
  const int64_t across = ceil_div(args.n, Config::kTileColumns);
  if (!grid_fits(down, across)) return cudaErrorInvalidValue;
  return launch(gemm_ffma_kernel<Config, Stored>, dim3(down, across, split.parts),
                dim3(Config::kThreads), stream, args, split.depth, partials);
}

template <Storage Stored>
cudaError_t launch_columns(const GemmArgs& args, const GemmSplit& split, float* partials,
                           cudaStream_t stream) {
  return args.n <= Narrow::kTileColumns
             ? launch_config<Narrow, Stored>(args, split, partials, stream)
             : launch_config<Wide, Stored>(args, split, partials, stream);
}

}  // namespace

cudaError_t launch_gemm_ffma(const GemmArgs& args, const GemmSplit& split, float* partials,
                             cudaStream_t stream) {
  switch (args.a_storage) {
    case Storage::f32: return launch_columns<Storage::f32>(args, split, partials, stream);
    case Storage::f16: return launch_columns<Storage::f16>(args, split, partials, stream);
    case Storage::bf16: return launch_columns<Storage::bf16>(args, split, partials, stream);
  }
  return cudaErrorInvalidValue;
}

}  // namespace gnnsched::gpu
