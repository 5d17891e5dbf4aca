// y[r, :] = x[r, :] - log(sum(exp(x[r, :]))); y may be x. A warp per row, three passes over it:
// rows of class scores are short and stay in the nearest cache.
#include "common/access.h"
#include "common/warp.h"
#include "rows/row_shapes.h"
#include "rows/rows.h"

namespace gnnsched::gpu {

namespace {

__global__ void __launch_bounds__(RowConfig::kThreads) log_softmax_f32_kernel(LogSoftmaxArgs l) {
  const int64_t r = row_of_warp();
  if (r >= l.m) return;
  const SubWarp<32> warp;
  const float* x = l.x + r * l.ldx;
  float largest = -INFINITY;
  for (int64_t c = warp.lane; c < l.n; c += 32) {
    const float v = load_own(x + c);
    largest = v > largest ? v : largest;
  }
  largest = warp.max(largest);
  float sum = 0.0f;
  for (int64_t c = warp.lane; c < l.n; c += 32) sum += expf(load_own(x + c) - largest);
  const float log_total = logf(warp.sum(sum));
  for (int64_t c = warp.lane; c < l.n; c += 32) {
    store_once(l.y + r * l.ldy + c, (load_own(x + c) - largest) - log_total);
  }
}

}  // namespace

cudaError_t launch_log_softmax_f32(const LogSoftmaxArgs& args, cudaStream_t stream) {
  return launch_rows(log_softmax_f32_kernel, args.m, args.n, args, stream);
}

}  // namespace gnnsched::gpu
