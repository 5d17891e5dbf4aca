// The walk over a row's edges shared by the attention kernels: chunks of edges, their softmax in
// shared memory, the weighted sum of rows of x.
#pragma once
#include <cuda_runtime_api.h>

#include "common/op_args.h"
#include "common/columns.h"
#include "common/warp.h"

namespace gnnsched::gpu {

struct GatConfig {
  static constexpr int kThreads = 128;
  static constexpr int kBlocks = 4;  // per multiprocessor: at most 128 registers, none spilled
  static constexpr int kInFlight = 4;      // rows of x under way, as in spmm
  static constexpr int kChunkEdges = 32;   // at most, and
  static constexpr int kChunkWeights = 256;  // edges x heads at most: 1 KiB a group
  static_assert(kChunkWeights / kMaxHeads >= kInFlight,
                "with the most heads a chunk still fills a round of gathers");
};

// One group's memory. The tail puts the groups of a warp on different banks.
template <int Lanes>
struct GatGroup {
  float weights[GatConfig::kChunkWeights];  // [edge, head]: logits, then exponentials
  float largest[kMaxHeads], denominator[kMaxHeads], rescale[kMaxHeads];
  int32_t cols[GatConfig::kChunkEdges];
  float tail[Lanes];
  static_assert((GatConfig::kChunkWeights + 3 * kMaxHeads + GatConfig::kChunkEdges) % 32 == 0,
                "without the tail every group would start on bank 0");
};

template <int Lanes>
struct GatShared {
  GatGroup<Lanes> groups[GatConfig::kThreads / Lanes];
};

template <int Lanes, bool Quads>
struct Attention {
  const GatArgs& a;
  GatGroup<Lanes>& shared;
  const SubWarp<Lanes> group;
  const LaneColumns<Lanes, Quads> columns;
  int64_t head_begin = 0;  // first head under way
  int heads = 1;           // how many
  int64_t x_offset = 0;    // of the columns, in a row of x
  int heads_of[Quads ? 1 : 4] = {};  // of this lane's columns, from head_begin; a quad has one
  int counted = 0;         // edges of the last row or segment walked

  __device__ __forceinline__ Attention(const GatArgs& args, GatGroup<Lanes>& memory, int64_t tile,
                                       int64_t n)
      : a(args), shared(memory), columns(group.lane, tile, n) {
    share_out();
  }

  // Heads side by side: those that have columns in this tile.
  __device__ __forceinline__ void take_tile_heads(int64_t tile) {
    const int64_t begin = tile * kTileColumns<Lanes>;
    const int64_t end = begin + kTileColumns<Lanes> < columns.n ? begin + kTileColumns<Lanes>
                                                                : columns.n;
    head_begin = begin / a.head_width;
    heads = static_cast<int>((end - 1) / a.head_width - head_begin + 1);
#pragma unroll
    for (int j = 0; j < (Quads ? 1 : 4); j++) {
      const int64_t c = columns.at(j) < end ? columns.at(j) : end - 1;
      heads_of[j] = static_cast<int>(c / a.head_width - head_begin);
    }
    share_out();
  }

  // One head whose columns are all there are.
  __device__ __forceinline__ void take_head(int64_t h) {
    head_begin = h;
    x_offset = h * a.head_width;
  }

  // Sums of weight * x over the edges; the weights are not divided by the denominators yet.
  __device__ __forceinline__ float4 walk(int64_t r, int64_t edge, int64_t stop, bool loop) {
    group.sync();  // nobody reads the state of the row before
    for (int h = group.lane; h < heads; h += Lanes) {
      shared.largest[h] = -INFINITY;
      shared.denominator[h] = 0.0f;
    }
    float4 acc = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    counted = 0;
    for (;;) {
      const int count = collect(r, edge, stop, loop);
      if (count == 0) return acc;
      counted += count;
      absorb(r, count, acc);
    }
  }

  // The sums over their denominators: what attention gives. A row without edges gives 0.
  __device__ __forceinline__ float4 normalised(float4 v) const {
    if (counted == 0) return v;
    const float4 by = of_columns(shared.denominator);
    return make_float4(v.x / by.x, v.y / by.y, v.z / by.z, v.w / by.w);
  }

  // Of each head, for a later merge. A head that begins in another tile is stored there.
  __device__ __forceinline__ void store_state(int64_t tile, float* largest,
                                              float* denominator) const {
    for (int h = group.lane; h < heads; h += Lanes) {
      if ((head_begin + h) * a.head_width < tile * kTileColumns<Lanes>) continue;
      store_once(largest + head_begin + h, shared.largest[h]);
      store_once(denominator + head_begin + h, shared.denominator[h]);
    }
  }

 private:
  int chunk_edges = 0;
  // Lanes that work on logits: head_lanes heads by `stripes` edges at a time.
  int head_lanes = 0, stripes = 0, head = 0, stripe = 0;

  __device__ __forceinline__ void share_out() {
    const int fitting = GatConfig::kChunkWeights / heads;
    chunk_edges = fitting < GatConfig::kChunkEdges ? fitting : GatConfig::kChunkEdges;
    head_lanes = heads < Lanes ? heads : Lanes;
    stripes = Lanes / head_lanes;
    head = group.lane % head_lanes;
    stripe = group.lane / head_lanes;
  }

  // The next chunk's columns: stored loops left out, the one self loop behind the last edge.
  __device__ __forceinline__ int collect(int64_t r, int64_t& edge, int64_t stop, bool& loop) {
    group.sync();  // the chunk before has been used up
    int count = 0;
    while (edge < stop && count < chunk_edges) {
      const int take = chunk_edges - count < Lanes ? chunk_edges - count : Lanes;
      const bool inside = group.lane < take && edge + group.lane < stop;
      const int32_t col = inside ? load_once(a.col_indices + edge + group.lane) : 0;
      const unsigned kept = group.ballot(inside && !(a.self_loops && col == r));
      if (kept >> group.lane & 1u) {
        shared.cols[count + __popc(kept & ((1u << group.lane) - 1u))] = col;
      }
      count += __popc(kept);
      edge += take;
    }
    if (edge >= stop && loop && count < chunk_edges) {
      if (group.lane == 0) shared.cols[count] = static_cast<int32_t>(r);
      count++;
      loop = false;
    }
    group.sync();  // the columns are there
    return count;
  }

  // One number per head in shared memory, for each of the lane's columns.
  __device__ __forceinline__ float4 of_columns(const float* per_head) const {
    const float v = load_shared(per_head + heads_of[0]);
    if constexpr (Quads) {
      return make_float4(v, v, v, v);
    } else {
      return make_float4(v, load_shared(per_head + heads_of[1]),
                         load_shared(per_head + heads_of[2]),
                         load_shared(per_head + heads_of[3]));
    }
  }

  __device__ __forceinline__ void gather(int first, int count,
                                         float4 (&rows)[GatConfig::kInFlight]) const {
#pragma unroll
    for (int u = 0; u < GatConfig::kInFlight; u++) {
      rows[u] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
      if (first + u >= count) continue;
      const int64_t col = load_shared(&shared.cols[first + u]);
      rows[u] = columns.load(a.x + col * a.ldx + x_offset);
    }
  }

  // Takes a chunk into the softmax and the sums.
  __device__ __forceinline__ void absorb(int64_t r, int count, float4& acc) {
    float4 rows[GatConfig::kInFlight];
    gather(0, count, rows);
    for (int h = head; h - head < heads; h += head_lanes) update_head(r, h, count);
    group.sync();  // weights and scales are there
    const float4 by = of_columns(shared.rescale);
    acc = make_float4(acc.x * by.x, acc.y * by.y, acc.z * by.z, acc.w * by.w);
    for (int first = 0;;) {
#pragma unroll
      for (int u = 0; u < GatConfig::kInFlight; u++) {
        if (first + u >= count) continue;
        const float4 weight = of_columns(shared.weights + (first + u) * heads);
        acc.x += weight.x * rows[u].x;
        acc.y += weight.y * rows[u].y;
        acc.z += weight.z * rows[u].z;
        acc.w += weight.w * rows[u].w;
      }
      first += GatConfig::kInFlight;
      if (first >= count) return;
      gather(first, count, rows);
    }
  }

  // One step of the online softmax of the head this lane works on; lanes beyond the last head or
  // stripe take part in the shuffles alone.
  __device__ __forceinline__ void update_head(int64_t r, int h, int count) {
    const bool active = h < heads && stripe < stripes;
    float best = -INFINITY, old = -INFINITY;
    if (active) {
      old = shared.largest[h];
      const float own = load_cached(a.score_dst + r * a.ld_dst + head_begin + h);
      for (int e = stripe; e < count; e += stripes) {
        const int64_t col = load_shared(&shared.cols[e]);
        const float v = load_cached(a.score_src + col * a.ld_src + head_begin + h) + own;
        const float logit = v > 0.0f ? v : v * a.negative_slope;
        store_shared(&shared.weights[e * heads + h], logit);
        best = logit > best ? logit : best;
      }
    }
    best = over_stripes(best, [](float x, float y) { return y > x ? y : x; });
    const float largest = best > old ? best : old;
    // where all logits so far are -infinity, weights are 0, not exp(-infinity + infinity)
    const float shift = largest == -INFINITY ? 0.0f : largest;
    float sum = 0.0f;
    if (active) {
      for (int e = stripe; e < count; e += stripes) {
        float* weight = &shared.weights[e * heads + h];
        const float v = expf(load_shared(weight) - shift);
        store_shared(weight, v);
        sum += v;
      }
    }
    sum = over_stripes(sum, [](float x, float y) { return x + y; });
    group.sync();  // every stripe has read the old state
    if (active && stripe == 0) {
      const float rescale = old == largest ? 1.0f : expf(old - largest);
      shared.rescale[h] = rescale;
      shared.largest[h] = largest;
      shared.denominator[h] = shared.denominator[h] * rescale + sum;
    }
  }

  // Combines the stripes of each head in a fixed order of pairs; every lane gets its head's result.
  template <class Combine>
  __device__ __forceinline__ float over_stripes(float v, Combine combine) const {
#pragma unroll
    for (int step = Lanes / 2; step > 0; step /= 2) {
      if (step >= stripes) continue;
      const float other = group.from(v, (group.lane + step * head_lanes) % Lanes);
      if (stripe < step && stripe + step < stripes) v = combine(v, other);
    }
    return group.from(v, head);
  }
};

}  // namespace gnnsched::gpu
