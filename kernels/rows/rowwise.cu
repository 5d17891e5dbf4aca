// y[r, :] = epilogue(l2 ? x[r, :] / max(|x[r, :]|, 1e-12) : x[r, :]); y may be x. A warp per row; a
// lane writes only columns that it alone reads.
#include "common/epilogue.h"
#include "common/warp.h"
#include "rows/row_shapes.h"
#include "rows/rows.h"

namespace gnnsched::gpu {

namespace {

__global__ void __launch_bounds__(RowConfig::kThreads) rowwise_f32_kernel(RowwiseArgs w) {
  const int64_t r = row_of_warp();
  if (r >= w.m) return;
  const SubWarp<32> warp;
  float norm = 1.0f;
  if (w.l2) {
    float squares = 0.0f;
    for (int64_t c = warp.lane; c < w.n; c += 32) {
      const float v = load_element(w.x_storage, w.x, r * w.ldx + c);
      squares += v * v;
    }
    norm = sqrtf(warp.sum(squares));
    norm = norm < 1e-12f ? 1e-12f : norm;  // NaN stays NaN
  }
  for (int64_t c = warp.lane; c < w.n; c += 32) {
    const float v = load_element(w.x_storage, w.x, r * w.ldx + c);
    store_element(w.y_storage, w.y, r * w.ldy + c,
                  finish(w.epilogue, r, c, w.l2 ? v / norm : v));
  }
}

}  // namespace

cudaError_t launch_rowwise_f32(const RowwiseArgs& args, cudaStream_t stream) {
  return launch_rows(rowwise_f32_kernel, args.m, args.n, args, stream);
}

}  // namespace gnnsched::gpu
