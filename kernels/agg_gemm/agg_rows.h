// The first half of a fused block's work: its rows of the aggregated matrix, in shared memory.
//
// Each group of lanes takes a few consecutive rows. Their edges lie behind one another, so columns are
// read for several rows at a time; up to four rows of x are under way. Heavy rows come from the
// workspace, where their segments left partial rows, added in their order.
#pragma once
#include "common/columns.h"
#include "common/op_args.h"
#include "common/warp.h"
#include "spmm/spmm_partials.h"
#include "spmm/spmm_plan.h"

namespace gnnsched::gpu {

struct AggConfig {
  static constexpr int kRows = 64;  // of a block: 34 KiB at the widest, several blocks fit
  static constexpr int kThreads = 256;
  // Per multiprocessor: at most 80 registers by quads, and 128 without; none spilled.
  static constexpr int blocks(bool quads) { return quads ? 3 : 2; }
  static constexpr int kInFlight = 4;  // rows of x under way, as in spmm
};

// Rows of at most `Width` aggregated floats, zeros behind the last column and the last row. The pitch
// lets eight rows and four columns, a fragment of tf32, meet each bank once.
template <int Width>
struct AggTile {
  static constexpr int kPitch = Width + 4;
  float rows[AggConfig::kRows][kPitch];
  static_assert(kPitch % 32 == 4, "fragments are read without conflicts");
};

template <int Lanes, bool Quads>
class RowAggregator {
 public:
  __device__ __forceinline__ RowAggregator(const SpmmArgs& args, const RowWork& row_work,
                                           void* workspace)
      : a(args),
        work(row_work),
        partials(spmm_partials(workspace, row_work.segment_count, args.n)),
        columns(group.lane, 0, args.n),
        weighted(args.values != nullptr || args.col_scale != nullptr) {}

  // Fills the tile of the block's rows r0 ...
  __device__ __forceinline__ void fill(AggTile<4 * Lanes>& tile, int64_t r0) {
    constexpr int kRowsEach = AggConfig::kRows * Lanes / AggConfig::kThreads;
    const int first = static_cast<int>(threadIdx.x) / Lanes * kRowsEach;
#pragma unroll 1
    for (int i = first; i < first + kRowsEach; i++) {
      float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
      if (r0 + i < a.m) v = row(r0 + i);
      keep(tile.rows[i], v);
    }
  }

 private:
  static constexpr int kInFlight = AggConfig::kInFlight;
  const SpmmArgs& a;
  const RowWork& work;
  const SpmmPartials partials;
  const SubWarp<Lanes> group;
  const LaneColumns<Lanes, Quads> columns;
  const bool weighted;
  int64_t chunk = 0, chunk_stop = 0;  // edges that lanes hold, one each
  int32_t chunk_col = 0;
  float chunk_weight = 1.0f;

  __device__ __forceinline__ void keep(float* to, float4 v) const {
    if constexpr (Quads) {
      store_shared(reinterpret_cast<float4*>(to + columns.first), v);
    } else {
#pragma unroll
      for (int j = 0; j < 4; j++) store_shared(to + columns.at(j), element(v, j));
    }
  }

  // One row: sum or mean, and the self term.
  __device__ __forceinline__ float4 row(int64_t r) {
    const int64_t edge = load_cached(a.row_offsets + r);
    const int64_t stop = load_cached(a.row_offsets + r + 1);
    float4 own = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (a.self_coefficient != 0.0f) own = columns.load(a.x + r * a.ldx);
    float4 acc = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    int counted = 0;
    const int64_t heavy = stop - edge < 2 * kShortestSegment ? -1 : find_heavy(r);
    if (heavy >= 0) {
      take_segments(heavy, acc, counted);
    } else {
      for (int64_t e = edge; e < stop; e += kInFlight) take_round(r, e, stop, acc, counted);
    }
    if (a.reduce == Reduce::mean && counted > 1) {
      const float count = static_cast<float>(counted);
      acc = make_float4(acc.x / count, acc.y / count, acc.z / count, acc.w / count);
    }
    if (a.self_coefficient == 0.0f) return acc;
    float weight = a.self_coefficient;
    if (a.col_scale != nullptr) weight *= load_cached(a.col_scale + r);
    if (a.self_weight != nullptr) weight *= load_cached(a.self_weight + r);
    add_scaled(acc, weight, own);
    return acc;
  }

  // Where row r stands in the list of heavy rows, which ascends; -1 if it is none.
  __device__ __forceinline__ int64_t find_heavy(int64_t r) const {
    int64_t low = 0, high = work.heavy_count;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (load_cached(&work.heavy[middle].row) < r) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < work.heavy_count && load_cached(&work.heavy[low].row) == r ? low : -1;
  }

  __device__ __forceinline__ void take_segments(int64_t number, float4& acc, int& counted) const {
    const int4 heavy = load_cached(reinterpret_cast<const int4*>(work.heavy + number));
    for (int64_t s = heavy.y; s < heavy.y + heavy.z; s++) {
      add(acc, columns.load_own(partials.rows + s * partials.ld));
      counted += load_own(partials.counted + s);
    }
  }

  // The next edges, one per lane, whichever rows they belong to.
  __device__ __forceinline__ void load_chunk(int64_t edge) {
    chunk = edge;
    chunk_stop = edge + Lanes;
    const int64_t mine = edge + group.lane;
    if (mine >= a.nnz) return;
    chunk_col = load_once(a.col_indices + mine);
    chunk_weight = 1.0f;
    if (a.values != nullptr) chunk_weight = load_once(a.values + mine);
    if (a.col_scale != nullptr) chunk_weight *= load_cached(a.col_scale + chunk_col);
  }

  // Up to kInFlight edges of row r.
  __device__ __forceinline__ void take_round(int64_t r, int64_t edge, int64_t stop, float4& acc,
                                             int& counted) {
    const int64_t needed = stop - edge < kInFlight ? stop : edge + kInFlight;
    if (edge < chunk || needed > chunk_stop) load_chunk(edge);
    float4 rows[kInFlight];
    bool counts[kInFlight];
    const int at = static_cast<int>(edge - chunk);
#pragma unroll
    for (int u = 0; u < kInFlight; u++) {
      const int64_t col = group.from(chunk_col, (at + u) % Lanes);
      counts[u] = edge + u < stop && !(a.skip_self && col == r);
      rows[u] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
      if (counts[u]) rows[u] = columns.load(a.x + col * a.ldx);
    }
#pragma unroll
    for (int u = 0; u < kInFlight; u++) {
      const float weight = weighted ? group.from(chunk_weight, (at + u) % Lanes) : 1.0f;
      if (!counts[u]) continue;
      add_scaled(acc, weight, rows[u]);
      counted++;
    }
  }
};

}  // namespace gnnsched::gpu
