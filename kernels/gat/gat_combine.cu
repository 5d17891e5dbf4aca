// y[r] = epilogue(the merged segments of heavy row r), for both kinds of attention.
#include "common/epilogue.h"
#include "gat/gat.h"
#include "gat/gat_partials.h"

namespace gnnsched::gpu {

namespace {

constexpr int kThreads = 128;  // one column each: a row of 8 heads of 16 is one block

// sum over segments of exp(largest[s] - overall) * v[s], for sums and denominators alike.
struct Merged {
  float sum, denominator;
};

__device__ __forceinline__ Merged merge(const GatArgs& a, const GatPartials& partials, int4 heavy,
                                        int64_t h, int64_t c) {
  float overall = -INFINITY;
  for (int64_t s = heavy.y; s < heavy.y + heavy.z; s++) {
    const float largest = load_own(partials.largest + s * a.heads + h);
    overall = largest > overall ? largest : overall;
  }
  const float shift = overall == -INFINITY ? 0.0f : overall;
  Merged out{0.0f, 0.0f};
  for (int64_t s = heavy.y; s < heavy.y + heavy.z; s++) {
    const float scale = expf(load_own(partials.largest + s * a.heads + h) - shift);
    // a segment without edges left no sum to scale
    const float denominator = load_own(partials.denominator + s * a.heads + h);
    if (denominator == 0.0f) continue;
    out.sum += scale * load_own(partials.sums + s * partials.ld + c);
    out.denominator += scale * denominator;
  }
  return out;
}

// One thread per column of a heavy row.
__global__ void __launch_bounds__(kThreads)
    gat_csr_combine_kernel(GatArgs a, RowWork work, void* workspace) {
  const int64_t n = a.concat ? a.heads * a.head_width : a.head_width;
  const int64_t c = static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x;
  if (c >= n) return;
  const int4 heavy = load_once(reinterpret_cast<const int4*>(work.heavy + work.heavy_begin + blockIdx.x));
  const GatPartials partials =
      gat_partials(workspace, work.segment_count, a.heads, a.heads * a.head_width);
  float v = 0.0f;
  if (a.concat) {
    const Merged merged = merge(a, partials, heavy, c / a.head_width, c);
    v = merged.sum / merged.denominator;
  } else {
    const float share = 1.0f / static_cast<float>(a.heads);
    for (int64_t h = 0; h < a.heads; h++) {
      const Merged merged = merge(a, partials, heavy, h, h * a.head_width + c);
      v += share * (merged.sum / merged.denominator);
    }
  }
  store_once(a.y + heavy.x * a.ldy + c, finish(a.epilogue, heavy.x, c, v));
}

}  // namespace

int64_t gat_workspace_bytes(int64_t segments, int64_t heads, int64_t head_width) {
  return segments * ((heads * head_width + 3) / 4 * 4 + 2 * heads) * 4;
}

cudaError_t launch_gat_combine(const GatArgs& args, const RowWork& work, void* workspace,
                               cudaStream_t stream) {
  const int64_t columns = args.concat ? args.heads * args.head_width : args.head_width;
  return launch(gat_csr_combine_kernel,
                dim3(work.heavy_end - work.heavy_begin, ceil_div(columns, kThreads)),
                dim3(kThreads), stream, args, work, workspace);
}

}  // namespace gnnsched::gpu
