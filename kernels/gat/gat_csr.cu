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
#include "gat/gat_partials.h"
#include "gat/gat_softmax.h"
#include "gat/gatv2.h"

namespace gnnsched::gpu {

namespace {

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

}  // namespace

cudaError_t launch_gat_csr(const GatArgs& args, const RowWork& work, void* workspace,
                           cudaStream_t stream) {
  if (args.m == 0 || args.heads == 0 || args.head_width == 0) return cudaSuccess;
  if (args.heads > kMaxHeads) return cudaErrorInvalidValue;
  if (args.att != nullptr) return launch_gatv2_csr(args, work, workspace, stream);
  const bool by_quads = args.head_width % 4 == 0 && quads(args.x, args.ldx) &&
                        quads(args.y, args.ldy) && quads(args.epilogue);
  const RowWork segments = segments_of(work), bundles = bundles_of(work);
  cudaError_t started = cudaSuccess;
  if (segments.unit_begin < segments.unit_end) {
    started = by_quads ? launch_segments<true>(args, segments, workspace, stream)
                       : launch_segments<false>(args, segments, workspace, stream);
  }
  if (started == cudaSuccess && work.heavy_begin < work.heavy_end) {
    started = launch_gat_combine(args, work, workspace, stream);
  }
  if (started != cudaSuccess || bundles.unit_begin >= bundles.unit_end) return started;
  return by_quads ? launch_light_width<true>(args, bundles, stream)
                  : launch_light_width<false>(args, bundles, stream);
}

}  // namespace gnnsched::gpu
