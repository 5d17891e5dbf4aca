// y[r, h, :] = sum over edges of softmax_e(leakyRelu(src[col, h] + dst[r, h])) * x[col, h, :]
//
// A group of lanes walks a row's edges in chunks. The chunk's logits, one per edge and head, lie in
// shared memory; largest logit and denominator of each head are kept up to date and the sums are
// rescaled when a chunk raises the largest: one exponential per edge and head, and nothing of size
// edges x heads anywhere. The first rows of x of a chunk are under way while its softmax is worked
// out. Averaged heads are walked one after another, because each has its own denominator.
//
// Heavy rows: a group per segment leaves unscaled sums, largest logits and denominators; a second
// kernel merges the segments of a row in their order.
#include "common/epilogue.h"
#include "gat/gat.h"
#include "gat/gat_softmax.h"

namespace gnnsched::gpu {

namespace {

// Segments leave rows of heads * head_width sums, then the state of each head.
struct GatPartials {
  float* sums;
  float* largest;
  float* denominator;
  int64_t ld;
};

__host__ __device__ GatPartials gat_partials(void* workspace, int64_t segments, int64_t heads,
                                             int64_t columns) {
  const int64_t ld = (columns + 3) / 4 * 4;
  auto* sums = static_cast<float*>(workspace);
  float* largest = sums + segments * ld;
  return {sums, largest, largest + segments * heads, ld};
}

// Rows of bundles: softmax, sums, epilogue. Heads side by side.
template <int Lanes, bool Quads>
__global__ void __launch_bounds__(GatConfig::kThreads, GatConfig::kBlocks)
    gat_csr_concat_kernel(GatArgs a, RowWork work) {
  using Groups = GatShared<Lanes>;
  GNNSCHED_SHARED(Groups, shared);
  constexpr int kGroups = GatConfig::kThreads / Lanes;
  const int64_t number = work.unit_begin - work.segment_count +
                         static_cast<int64_t>(blockIdx.x) * kGroups + threadIdx.x / Lanes;
  if (number >= work.unit_end - work.segment_count) return;  // the whole group; barriers are the group's own
  const int64_t n = a.heads * a.head_width;
  Attention<Lanes, Quads> attention(a, shared.groups[threadIdx.x / Lanes], blockIdx.y, n);
  attention.take_tile_heads(blockIdx.y);
  const int2 rows = load_once(reinterpret_cast<const int2*>(work.bundles) + number);
  for (int64_t r = rows.x; r < rows.y; r++) {
    const int64_t edge = load_cached(a.row_offsets + r);
    const int64_t stop = load_cached(a.row_offsets + r + 1);
    const float4 v = attention.normalised(attention.walk(r, edge, stop, a.self_loops));
    attention.columns.store(a.y + r * a.ldy, finish_quad(a.epilogue, attention.columns, r, v));
  }
}

// The same with heads averaged: each head in turn onto the same columns.
template <int Lanes, bool Quads>
__global__ void __launch_bounds__(GatConfig::kThreads, GatConfig::kBlocks)
    gat_csr_mean_kernel(GatArgs a, RowWork work) {
  using Groups = GatShared<Lanes>;
  GNNSCHED_SHARED(Groups, shared);
  constexpr int kGroups = GatConfig::kThreads / Lanes;
  const int64_t number = work.unit_begin - work.segment_count +
                         static_cast<int64_t>(blockIdx.x) * kGroups + threadIdx.x / Lanes;
  if (number >= work.unit_end - work.segment_count) return;
  Attention<Lanes, Quads> attention(a, shared.groups[threadIdx.x / Lanes], blockIdx.y,
                                    a.head_width);
  const float share = 1.0f / static_cast<float>(a.heads);
  const int2 rows = load_once(reinterpret_cast<const int2*>(work.bundles) + number);
  for (int64_t r = rows.x; r < rows.y; r++) {
    const int64_t edge = load_cached(a.row_offsets + r);
    const int64_t stop = load_cached(a.row_offsets + r + 1);
    float4 total = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    for (int64_t h = 0; h < a.heads; h++) {
      attention.take_head(h);
      add_scaled(total, share,
                 attention.normalised(attention.walk(r, edge, stop, a.self_loops)));
    }
    attention.columns.store(a.y + r * a.ldy, finish_quad(a.epilogue, attention.columns, r, total));
  }
}

// One segment of a heavy row; heads side by side whatever the output. The self loop belongs to the
// last segment.
template <int Lanes, bool Quads>
__global__ void __launch_bounds__(GatConfig::kThreads, GatConfig::kBlocks)
    gat_csr_segment_kernel(GatArgs a, RowWork work, void* workspace) {
  using Groups = GatShared<Lanes>;
  GNNSCHED_SHARED(Groups, shared);
  constexpr int kGroups = GatConfig::kThreads / Lanes;
  const int64_t number =
      work.unit_begin + static_cast<int64_t>(blockIdx.x) * kGroups + threadIdx.x / Lanes;
  if (number >= work.unit_end) return;
  const int64_t n = a.heads * a.head_width;
  Attention<Lanes, Quads> attention(a, shared.groups[threadIdx.x / Lanes], blockIdx.y, n);
  attention.take_tile_heads(blockIdx.y);
  const int4 segment = load_once(reinterpret_cast<const int4*>(work.segments + number));
  const bool last = load_cached(a.row_offsets + segment.x + 1) == segment.z;
  const float4 v = attention.walk(segment.x, segment.y, segment.z, a.self_loops && last);
  const GatPartials partials = gat_partials(workspace, work.segment_count, a.heads, n);
  attention.columns.store(partials.sums + number * partials.ld, v);
  attention.store_state(blockIdx.y, partials.largest + number * a.heads,
                        partials.denominator + number * a.heads);
}

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
__global__ void __launch_bounds__(GatConfig::kThreads)
    gat_csr_combine_kernel(GatArgs a, RowWork work, void* workspace) {
  const int64_t n = a.concat ? a.heads * a.head_width : a.head_width;
  const int64_t c = static_cast<int64_t>(blockIdx.y) * GatConfig::kThreads + threadIdx.x;
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

template <int Lanes, bool Quads>
cudaError_t launch_light(const GatArgs& args, const RowWork& work, cudaStream_t stream) {
  const int64_t n = args.concat ? args.heads * args.head_width : args.head_width;
  const int64_t blocks = ceil_div(work.unit_end - work.unit_begin, GatConfig::kThreads / Lanes);
  const int64_t tiles = ceil_div(n, kTileColumns<Lanes>);
  if (!grid_fits(blocks, tiles)) return cudaErrorInvalidValue;
  return launch(args.concat ? gat_csr_concat_kernel<Lanes, Quads>
                            : gat_csr_mean_kernel<Lanes, Quads>,
                dim3(blocks, tiles), dim3(GatConfig::kThreads), stream, args, work);
}

template <bool Quads>
cudaError_t launch_light_width(const GatArgs& args, const RowWork& work, cudaStream_t stream) {
  const int64_t n = args.concat ? args.heads * args.head_width : args.head_width;
  if (n <= 32) return launch_light<8, Quads>(args, work, stream);
  if (n <= 64) return launch_light<16, Quads>(args, work, stream);
  return launch_light<32, Quads>(args, work, stream);
}

template <bool Quads>
cudaError_t launch_segments(const GatArgs& args, const RowWork& work, void* workspace,
                            cudaStream_t stream) {
  constexpr int kLanes = 32;  // segments are long: a whole warp each, whatever the width
  const int64_t blocks = ceil_div(work.unit_end - work.unit_begin, GatConfig::kThreads / kLanes);
  const int64_t tiles = ceil_div(args.heads * args.head_width, kTileColumns<kLanes>);
  if (!grid_fits(blocks, tiles)) return cudaErrorInvalidValue;
  return launch(gat_csr_segment_kernel<kLanes, Quads>, dim3(blocks, tiles),
                dim3(GatConfig::kThreads), stream, args, work, workspace);
}

cudaError_t launch_combine(const GatArgs& args, const RowWork& work, void* workspace,
                           cudaStream_t stream) {
  const int64_t columns = args.concat ? args.heads * args.head_width : args.head_width;
  return launch(gat_csr_combine_kernel,
                dim3(work.heavy_end - work.heavy_begin, ceil_div(columns, GatConfig::kThreads)),
                dim3(GatConfig::kThreads), stream, args, work, workspace);
}

}  // namespace

int64_t gat_workspace_bytes(int64_t segments, int64_t heads, int64_t head_width) {
  return segments * ((heads * head_width + 3) / 4 * 4 + 2 * heads) * 4;
}

cudaError_t launch_gat_csr(const GatArgs& args, const RowWork& work, void* workspace,
                           cudaStream_t stream) {
  if (args.m == 0 || args.heads == 0 || args.head_width == 0) return cudaSuccess;
  if (args.heads > kMaxHeads) return cudaErrorInvalidValue;
  const bool by_quads = args.head_width % 4 == 0 && quads(args.x, args.ldx) &&
                        quads(args.y, args.ldy) && quads(args.epilogue);
  RowWork segments = work, bundles = work;
  segments.unit_end = work.unit_end < work.segment_count ? work.unit_end : work.segment_count;
  bundles.unit_begin = work.unit_begin > work.segment_count ? work.unit_begin : work.segment_count;
  cudaError_t started = cudaSuccess;
  if (segments.unit_begin < segments.unit_end) {
    started = by_quads ? launch_segments<true>(args, segments, workspace, stream)
                       : launch_segments<false>(args, segments, workspace, stream);
  }
  if (started == cudaSuccess && work.heavy_begin < work.heavy_end) {
    started = launch_combine(args, work, workspace, stream);
  }
  if (started != cudaSuccess || bundles.unit_begin >= bundles.unit_end) return started;
  return by_quads ? launch_light_width<true>(args, bundles, stream)
                  : launch_light_width<false>(args, bundles, stream);
}

}  // namespace gnnsched::gpu
