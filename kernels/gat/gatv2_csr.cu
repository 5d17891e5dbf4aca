// y[r, h, :] = sum over edges of softmax_e(att[h] . leakyRelu(x[col, h] + target[r, h])) * x[col, h, :]
//
// The logit needs the gathered row, so one gather serves both: a lane holds its columns of four rows of
// x, the lanes of a head add up their parts of the logits by shuffles, and the online softmax takes the
// rows from the same registers. Nothing of size edges x heads, and nothing in shared memory.
//
// Heads whose width is a power of two of quads lie side by side in one group of lanes. Any other width
// has a group to itself; a head wider than a tile is read once more per tile for its logits.
#include "common/epilogue.h"
#include "common/warp.h"
#include "gat/gat_partials.h"
#include "gat/gatv2.h"

namespace gnnsched::gpu {

namespace {

struct GatV2Config {
  static constexpr int kThreads = 128;
  static constexpr int kBlocks = 4;    // per multiprocessor: at most 128 registers, none spilled
  static constexpr int kInFlight = 4;  // rows of x under way, as in spmm
  static constexpr int kSmallestGroup = 8;
  static_assert(kSmallestGroup % kInFlight == 0, "a chunk of edges is a whole number of rounds");
};

// How heads lie over groups.
struct HeadTiles {
  bool packed;    // whole heads side by side; else a head per group
  int64_t tiles;  // of columns of one head, 1 when packed
  int span;       // lanes of a head
};

template <int Lanes, bool Quads>
struct AttentionV2 {
  const GatArgs& a;
  const SubWarp<Lanes> group;
  const HeadTiles heads;
  LaneColumns<Lanes, Quads> columns;
  int64_t tile;  // within the head
  float4 att;
  float4 target;
  float largest, denominator;
  int counted;  // edges of the last row or segment walked

  // `number` counts tiles of columns, heads in order.
  __device__ __forceinline__ AttentionV2(const GatArgs& args, HeadTiles layout, int64_t number)
      : a(args),
        heads(layout),
        columns(group.lane, layout.packed ? number : number % layout.tiles,
                layout.packed ? args.heads * args.head_width : args.head_width),
        tile(layout.packed ? 0 : number % layout.tiles) {
    if (!heads.packed) take_head(number / heads.tiles);
    att = columns.load(a.att);
  }

  // Moves the group's columns to the same place within another head.
  __device__ __forceinline__ void take_head(int64_t h) {
    columns.first += h * a.head_width - (columns.n - a.head_width);
    columns.n = (h + 1) * a.head_width;
    att = columns.load(a.att);
  }

  // Sums of weight * x over the edges; the weights are not divided by the denominator yet.
  __device__ __forceinline__ float4 walk(int64_t r, int64_t edge, int64_t stop, bool loop) {
    target = columns.load(a.score_dst + r * a.ld_dst);
    largest = -INFINITY;
    denominator = 0.0f;
    counted = 0;
    float4 acc = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    const int64_t stored = stop - edge, count = stored + (loop ? 1 : 0);
    for (int64_t base = 0; base < count; base += Lanes) {
      const int64_t i = base + group.lane;
      int32_t col = kSkip;  // one edge per lane; the self loop comes behind the last
      if (i < stored) {
        col = load_once(a.col_indices + edge + i);
        if (a.self_loops && col == r) col = kSkip;
      } else if (i < count) {
        col = static_cast<int32_t>(r);
      }
      for (int first = 0; first < Lanes && base + first < count; first += kInFlight) {
        absorb(r, col, first, acc);
      }
    }
    return acc;
  }

  // What attention gives. A row without edges gives 0.
  __device__ __forceinline__ float4 normalised(float4 v) const {
    if (counted == 0) return v;
    return make_float4(v.x / denominator, v.y / denominator, v.z / denominator, v.w / denominator);
  }

  // The head's state, by the first of its lanes, for a later merge.
  __device__ __forceinline__ void store_state(float* to_largest, float* to_denominator) const {
    if (tile != 0 || group.lane % heads.span != 0 || !columns.has(0)) return;
    const int64_t h = columns.at(0) / a.head_width;
    store_once(to_largest + h, largest);
    store_once(to_denominator + h, denominator);
  }

 private:
  static constexpr int32_t kSkip = -1;
  static constexpr int kInFlight = GatV2Config::kInFlight;

  __device__ __forceinline__ float term(float weight, float v) const {
    return weight * (v > 0.0f ? v : v * a.negative_slope);
  }

  __device__ __forceinline__ float part(float4 weight, float4 x, float4 to) const {
    return (term(weight.x, x.x + to.x) + term(weight.y, x.y + to.y)) +
           (term(weight.z, x.z + to.z) + term(weight.w, x.w + to.w));
  }

  // The parts of a logit that lie in the other tiles of a wide head.
  __device__ __forceinline__ float other_parts(int64_t r, const float* x) const {
    float sum = 0.0f;
    LaneColumns<Lanes, Quads> other = columns;
    other.first -= tile * kTileColumns<Lanes>;
    for (int64_t t = 0; t < heads.tiles; t++, other.first += kTileColumns<Lanes>) {
      if (t == tile) continue;
      sum += part(other.load(a.att), other.load(x), other.load(a.score_dst + r * a.ld_dst));
    }
    return sum;
  }

  // Takes the edges that lanes first .. first + kInFlight hold into the softmax and the sums.
  __device__ __forceinline__ void absorb(int64_t r, int32_t col, int first, float4& acc) {
    float4 rows[kInFlight];
    bool counts[kInFlight];
    float logits[kInFlight];
#pragma unroll
    for (int u = 0; u < kInFlight; u++) {
      const int64_t from = group.from(col, first + u);
      counts[u] = from != kSkip;
      rows[u] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
      logits[u] = 0.0f;
      if (!counts[u]) continue;
      const float* x = a.x + from * a.ldx;
      rows[u] = columns.load(x);
      if (heads.tiles > 1) logits[u] = other_parts(r, x);
    }
    float best = largest;
#pragma unroll
    for (int u = 0; u < kInFlight; u++) {
      float logit = logits[u] + part(att, rows[u], target);
      for (int step = heads.span / 2; step > 0; step /= 2) {
        logit += __shfl_xor_sync(group.mask, logit, step, Lanes);
      }
      logits[u] = counts[u] ? logit : -INFINITY;
      best = logits[u] > best ? logits[u] : best;
    }
    // where all logits so far are -infinity, weights are 0, not exp(-infinity + infinity)
    const float shift = best == -INFINITY ? 0.0f : best;
    const float rescale = largest == best ? 1.0f : expf(largest - best);
    largest = best;
    denominator *= rescale;
    acc = scaled(acc, rescale);
#pragma unroll
    for (int u = 0; u < kInFlight; u++) {
      if (!counts[u]) continue;
      const float weight = expf(logits[u] - shift);
      denominator += weight;
      add_scaled(acc, weight, rows[u]);
      counted++;
    }
  }
};

// The group's unit of work, or one beyond the launch's last.
template <int Lanes>
__device__ __forceinline__ int64_t unit_number(const RowWork& work) {
  return work.unit_begin +
         static_cast<int64_t>(blockIdx.x) * (GatV2Config::kThreads / Lanes) + threadIdx.x / Lanes;
}

// First row of a bundle and the one after its last; bundles are numbered behind the segments.
__device__ __forceinline__ int2 bundle_rows(const RowWork& work, int64_t number) {
  return load_once(reinterpret_cast<const int2*>(work.bundles) + number - work.segment_count);
}

// Rows of bundles, heads side by side in the output.
template <int Lanes, bool Quads>
__global__ void __launch_bounds__(GatV2Config::kThreads, GatV2Config::kBlocks)
    gatv2_csr_concat_kernel(GatArgs a, RowWork work, HeadTiles heads) {
  const int64_t number = unit_number<Lanes>(work);
  if (number >= work.unit_end) return;  // the whole group; no barriers
  AttentionV2<Lanes, Quads> attention(a, heads, blockIdx.y);
  const int2 rows = bundle_rows(work, number);
  for (int64_t r = rows.x; r < rows.y; r++) {
    const int64_t edge = load_cached(a.row_offsets + r);
    const int64_t stop = load_cached(a.row_offsets + r + 1);
    const float4 v = attention.normalised(attention.walk(r, edge, stop, a.self_loops));
    attention.columns.store(a.y + r * a.ldy, finish_quad(a.epilogue, attention.columns, r, v));
  }
}

// The same with heads averaged: each head in turn onto the same columns.
template <int Lanes, bool Quads>
__global__ void __launch_bounds__(GatV2Config::kThreads, GatV2Config::kBlocks)
    gatv2_csr_mean_kernel(GatArgs a, RowWork work, HeadTiles heads) {
  const int64_t number = unit_number<Lanes>(work);
  if (number >= work.unit_end) return;
  AttentionV2<Lanes, Quads> attention(a, heads, blockIdx.y);
  const LaneColumns<Lanes, Quads> out(attention.group.lane, blockIdx.y, a.head_width);
  const float share = 1.0f / static_cast<float>(a.heads);
  const int2 rows = bundle_rows(work, number);
  for (int64_t r = rows.x; r < rows.y; r++) {
    const int64_t edge = load_cached(a.row_offsets + r);
    const int64_t stop = load_cached(a.row_offsets + r + 1);
    float4 total = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    for (int64_t h = 0; h < a.heads; h++) {
      attention.take_head(h);
      add_scaled(total, share,
                 attention.normalised(attention.walk(r, edge, stop, a.self_loops)));
    }
    out.store(a.y + r * a.ldy, finish_quad(a.epilogue, out, r, total));
  }
}

// One segment of a heavy row; heads side by side whatever the output. The self loop belongs to the
// last segment.
template <int Lanes, bool Quads>
__global__ void __launch_bounds__(GatV2Config::kThreads, GatV2Config::kBlocks)
    gatv2_csr_segment_kernel(GatArgs a, RowWork work, HeadTiles heads, void* workspace) {
  const int64_t number = unit_number<Lanes>(work);
  if (number >= work.unit_end) return;
  AttentionV2<Lanes, Quads> attention(a, heads, blockIdx.y);
  const int4 segment = load_once(reinterpret_cast<const int4*>(work.segments + number));
  const bool last = load_cached(a.row_offsets + segment.x + 1) == segment.z;
  const float4 v = attention.walk(segment.x, segment.y, segment.z, a.self_loops && last);
  const GatPartials partials =
      gat_partials(workspace, work.segment_count, a.heads, a.heads * a.head_width);
  attention.columns.store(partials.sums + number * partials.ld, v);
  attention.store_state(partials.largest + number * a.heads,
                        partials.denominator + number * a.heads);
}

template <int Lanes>
HeadTiles head_tiles(const GatArgs& a, bool quads) {
  const int64_t lanes = a.head_width / 4;
  const bool packed = quads && lanes <= Lanes && (lanes & (lanes - 1)) == 0;
  if (packed) return {true, 1, static_cast<int>(lanes)};
  return {false, ceil_div(a.head_width, kTileColumns<Lanes>), Lanes};
}

template <int Lanes, bool Quads, class Kernel, class... More>
cudaError_t launch_units(Kernel kernel, const GatArgs& args, const RowWork& work, HeadTiles heads,
                         int64_t tiles, cudaStream_t stream, More... more) {
  const int64_t blocks = ceil_div(work.unit_end - work.unit_begin, GatV2Config::kThreads / Lanes);
  if (!grid_fits(blocks, tiles)) return cudaErrorInvalidValue;
  return launch(kernel, dim3(blocks, tiles), dim3(GatV2Config::kThreads), stream, args, work, heads,
                more...);
}

template <int Lanes>
int64_t all_tiles(const GatArgs& args, HeadTiles heads) {
  return heads.packed ? ceil_div(args.heads * args.head_width, kTileColumns<Lanes>)
                      : args.heads * heads.tiles;
}

template <int Lanes, bool Quads>
cudaError_t launch_light(const GatArgs& args, const RowWork& work, cudaStream_t stream) {
  if (args.concat) {
    const HeadTiles heads = head_tiles<Lanes>(args, Quads);
    return launch_units<Lanes, Quads>(gatv2_csr_concat_kernel<Lanes, Quads>, args, work, heads,
                                      all_tiles<Lanes>(args, heads), stream);
  }
  const int64_t tiles = ceil_div(args.head_width, kTileColumns<Lanes>);
  const HeadTiles heads{false, tiles, Lanes};
  return launch_units<Lanes, Quads>(gatv2_csr_mean_kernel<Lanes, Quads>, args, work, heads, tiles,
                                    stream);
}

template <bool Quads>
cudaError_t launch_width(const GatArgs& args, const RowWork& work, cudaStream_t stream) {
  const bool packed = args.concat && head_tiles<32>(args, Quads).packed;
  const int64_t columns = packed ? args.heads * args.head_width : args.head_width;
  if (columns <= 32) return launch_light<8, Quads>(args, work, stream);
  if (columns <= 64) return launch_light<16, Quads>(args, work, stream);
  return launch_light<32, Quads>(args, work, stream);
}

template <bool Quads>
cudaError_t launch_segments(const GatArgs& args, const RowWork& work, void* workspace,
                            cudaStream_t stream) {
  constexpr int kLanes = 32;  // segments are long: a whole warp each, whatever the width
  const HeadTiles heads = head_tiles<kLanes>(args, Quads);
  return launch_units<kLanes, Quads>(gatv2_csr_segment_kernel<kLanes, Quads>, args, work, heads,
                                     all_tiles<kLanes>(args, heads), stream, workspace);
}

}  // namespace

cudaError_t launch_gatv2_csr(const GatArgs& args, const RowWork& work, void* workspace,
                             cudaStream_t stream) {
  const bool by_quads = args.head_width % 4 == 0 && quads(args.x, args.ldx) &&
                        quads(args.score_dst, args.ld_dst) && quads(args.att, 0) &&
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
  return by_quads ? launch_width<true>(args, bundles, stream)
                  : launch_width<false>(args, bundles, stream);
}

}  // namespace gnnsched::gpu
