// y[i, :] = x[rows[i], :]: a warp per row.
#include "common/storage.h"
#include "rows/row_shapes.h"
#include "rows/rows.h"

namespace gnnsched::gpu {

namespace {

__global__ void __launch_bounds__(RowConfig::kThreads) gather_f32_kernel(GatherArgs g) {
  const int64_t i = row_of_warp();
  if (i >= g.count) return;
  const int64_t row = load_cached(g.rows + i) * g.ldx;
  for (int64_t c = threadIdx.x % 32; c < g.n; c += 32) {
    store_element(g.y_storage, g.y, i * g.ldy + c, load_element(g.x_storage, g.x, row + c));
  }
}

}  // namespace

cudaError_t launch_gather_f32(const GatherArgs& args, cudaStream_t stream) {
  return launch_rows(gather_f32_kernel, args.count, args.n, args, stream);
}

}  // namespace gnnsched::gpu
