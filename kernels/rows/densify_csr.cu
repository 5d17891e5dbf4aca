// y[m, k] = the CSR matrix as a dense one; duplicates add up. A warp clears its row and then adds
// 32 entries at a time: those of one column are first summed in the lane that holds the first of
// them.
#include "common/access.h"
#include "common/warp.h"
#include "rows/row_shapes.h"
#include "rows/rows.h"

namespace gnnsched::gpu {

namespace {

__global__ void __launch_bounds__(RowConfig::kThreads) densify_csr_kernel(DensifyArgs d) {
  const int64_t r = row_of_warp();
  if (r >= d.m) return;
  const SubWarp<32> warp;
  float* y = d.y + r * d.ldy;
  for (int64_t c = warp.lane; c < d.k; c += 32) store_once(y + c, 0.0f);
  const int64_t stop = load_cached(d.row_offsets + r + 1);
  for (int64_t first = load_cached(d.row_offsets + r); first < stop; first += 32) {
    warp.sync();  // what was stored before is seen by the lane that adds to it
    const int64_t e = first + warp.lane;
    const int32_t col = e < stop ? load_once(d.col_indices + e) : -1;
    const float value = e < stop ? load_once(d.values + e) : 0.0f;
    bool leads = e < stop;
    float sum = 0.0f;
    for (int other = 0; other < 32; other++) {
      const int32_t its_col = warp.from(col, other);
      const float its_value = warp.from(value, other);
      if (its_col != col) continue;
      sum += its_value;
      leads = leads && other >= warp.lane;
    }
    if (leads) store_once(y + col, load_own(y + col) + sum);
  }
}

}  // namespace

cudaError_t launch_densify_csr(const DensifyArgs& args, cudaStream_t stream) {
  return launch_rows(densify_csr_kernel, args.m, args.k, args, stream);
}

}  // namespace gnnsched::gpu
