// What the kernels that give each row a warp have in common.
#pragma once
#include "common/launch.h"

namespace gnnsched::gpu {

struct RowConfig {
  static constexpr int kThreads = 128;
  static constexpr int kWarps = kThreads / 32;
  static_assert(kThreads % 32 == 0, "a row has a whole warp");
};

// The row of the calling warp; beyond the last one the warp has nothing to do.
__device__ __forceinline__ int64_t row_of_warp() {
  return static_cast<int64_t>(blockIdx.x) * RowConfig::kWarps + threadIdx.x / 32;
}

template <class Kernel, class Args>
cudaError_t launch_rows(Kernel kernel, int64_t rows, int64_t columns, const Args& args,
                        cudaStream_t stream) {
  if (rows == 0 || columns == 0) return cudaSuccess;
  const int64_t blocks = ceil_div(rows, RowConfig::kWarps);
  if (!grid_fits(blocks, 1)) return cudaErrorInvalidValue;
  return launch(kernel, dim3(blocks), dim3(RowConfig::kThreads), stream, args);
}

}  // namespace gnnsched::gpu
