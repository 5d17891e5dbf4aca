// y[g, :] = reduce of x[offsets[g] .. offsets[g + 1], :]; an empty graph gives 0.
//
// A block per graph and tile of 32 columns: its warps take every kWarps-th row, their sums are
// added in the order of the warps. Rows are read by whole warps, 128 bytes at a time.
#include "common/storage.h"
#include "common/warp.h"
#include "rows/rows.h"

namespace gnnsched::gpu {

namespace {

struct ReadoutConfig {
  static constexpr int kWarps = 8;
  static constexpr int kThreads = 32 * kWarps;
  static constexpr int64_t kSumRows = 64;  // a warp's sum is cut here, so that rounding is bounded
};

struct ReadoutSums {
  float of[ReadoutConfig::kWarps][32];
};

__device__ __forceinline__ float take(Reduce reduce, float total, float v) {
  return reduce == Reduce::max ? max_nan(total, v) : total + v;
}

// Every kWarps-th row from `first`, one column.
__device__ __forceinline__ float walk_column(const ReadoutArgs& o, int64_t first, int64_t stop,
                                             int64_t c) {
  const float none = o.reduce == Reduce::max ? -INFINITY : 0.0f;
  constexpr int64_t kPart = ReadoutConfig::kSumRows * ReadoutConfig::kWarps;
  float total = none;
  for (int64_t part = first; part < stop; part += kPart) {
    const int64_t part_stop = part + kPart < stop ? part + kPart : stop;
    float sum = none;
    for (int64_t r = part; r < part_stop; r += ReadoutConfig::kWarps) {
      sum = take(o.reduce, sum, load_element(o.x_storage, o.x, r * o.ldx + c));
    }
    total = take(o.reduce, total, sum);
  }
  return total;
}

__global__ void __launch_bounds__(ReadoutConfig::kThreads) readout_f32_kernel(ReadoutArgs o) {
  GNNSCHED_SHARED(ReadoutSums, sums);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int64_t c = static_cast<int64_t>(blockIdx.y) * 32 + lane;
  const int64_t begin = load_cached(o.offsets + blockIdx.x);
  const int64_t stop = load_cached(o.offsets + blockIdx.x + 1);
  const float none = o.reduce == Reduce::max ? -INFINITY : 0.0f;
  sums.of[warp][lane] = c < o.n ? walk_column(o, begin + warp, stop, c) : none;
  __syncthreads();  // every warp's sum is there
  if (warp != 0 || c >= o.n) return;
  float total = sums.of[0][lane];
  for (int other = 1; other < ReadoutConfig::kWarps; other++) {
    total = take(o.reduce, total, sums.of[other][lane]);
  }
  if (begin == stop) total = 0.0f;
  if (o.reduce == Reduce::mean && stop > begin) total /= static_cast<float>(stop - begin);
  store_element(o.y_storage, o.y, blockIdx.x * o.ldy + c, total);
}

}  // namespace

cudaError_t launch_readout_f32(const ReadoutArgs& args, cudaStream_t stream) {
  if (args.graphs == 0 || args.n == 0) return cudaSuccess;
  const int64_t tiles = ceil_div(args.n, 32);
  if (!grid_fits(args.graphs, tiles)) return cudaErrorInvalidValue;
  return launch(readout_f32_kernel, dim3(args.graphs, tiles), dim3(ReadoutConfig::kThreads), stream,
                args);
}

}  // namespace gnnsched::gpu
