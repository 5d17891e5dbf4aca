// y[r, :] = epilogue(sum over e of row r: w[e] * x[col[e], :] + self term); a is CSR.
//
// A group of lanes walks one unit of work: a bundle of whole rows, or a segment of a heavy row. The
// edges of consecutive rows lie behind one another, so the gathers of a unit form one stream: rows
// of x are fetched four at a time, whichever rows of y they belong to, so that short rows have
// several under way, too. A row end applies the epilogue and stores; a segment stores its partial
// row, and a second kernel adds the partial rows of each heavy row in their order.
#pragma once
#include "common/epilogue.h"
#include "common/lane_row.h"
#include "common/warp.h"
#include "spmm/spmm.h"
#include "spmm/spmm_partials.h"

namespace gnnsched::gpu {

namespace {

struct SpmmConfig {
  static constexpr int kThreads = 128;  // small blocks: units differ in cost, blocks end early
  // Per multiprocessor: at most 80 registers, none spilled. Eight single columns of two bytes take
  // more; they are the fallback for rows of odd length.
  static constexpr int blocks(bool wide, Storage storage) {
    return wide || storage == Storage::f32 ? 6 : 4;
  }
  static constexpr int kInFlight = 4;   // rows of x under way: 16 registers per lane
  static constexpr int kSmallestGroup = 4;
  static_assert(kSmallestGroup % kInFlight == 0,
                "a chunk of edges, one per lane, is a whole number of gather rounds");
  static_assert(kThreads % 32 == 0, "a group lies in one warp");
};

enum class Kind { unit_sum, weighted_sum, max };

// The unit a group walks; rows and edges are both consecutive.
struct Unit {
  int64_t row, row_stop;
  int64_t edge, edge_stop;
  bool segment;
};

__device__ __forceinline__ Unit unit_of(const SpmmArgs& a, const RowWork& work, int64_t number) {
  if (number < work.segment_count) {
    const int4 s = load_once(reinterpret_cast<const int4*>(work.segments + number));
    return {s.x, s.x + 1, s.y, s.z, true};
  }
  const int2 b = load_once(reinterpret_cast<const int2*>(work.bundles) + number -
                           work.segment_count);
  return {b.x, b.y, load_cached(a.row_offsets + b.x), load_cached(a.row_offsets + b.y), false};
}

// One edge per lane, read together: neighbouring lanes, neighbouring words.
struct EdgeChunk {
  int32_t col;
  float weight;
};

template <Kind K>
__device__ __forceinline__ EdgeChunk load_chunk(const SpmmArgs& a, int64_t edge, int64_t stop) {
  EdgeChunk chunk{0, 1.0f};
  if (edge >= stop) return chunk;
  chunk.col = load_once(a.col_indices + edge);
  if constexpr (K == Kind::weighted_sum) {
    if (a.values != nullptr) chunk.weight = load_once(a.values + edge);
    if (a.col_scale != nullptr) chunk.weight *= load_cached(a.col_scale + chunk.col);
  }
  return chunk;
}

template <Kind K, int Quads>
__device__ __forceinline__ void clear(float4 (&acc)[Quads]) {
  const float v = K == Kind::max ? -INFINITY : 0.0f;
#pragma unroll
  for (int q = 0; q < Quads; q++) acc[q] = make_float4(v, v, v, v);
}

template <Kind K>
__device__ __forceinline__ void take(float4& acc, float weight, float4 x) {
  if constexpr (K == Kind::max) {
    acc = make_float4(max_nan(acc.x, x.x), max_nan(acc.y, x.y), max_nan(acc.z, x.z),
                      max_nan(acc.w, x.w));
  } else if constexpr (K == Kind::unit_sum) {
    add(acc, x);
  } else {
    add_scaled(acc, weight, x);
  }
}

template <Kind K, class Row>
__device__ __forceinline__ void take(float4 (&acc)[Row::kQuads], float weight,
                                     const typename Row::Raw& raw) {
  float4 x[Row::kQuads];
  Row::widen(raw, x);
#pragma unroll
  for (int q = 0; q < Row::kQuads; q++) take<K>(acc[q], weight, x[q]);
}

// Division, self term, epilogue and store of row r.
template <Kind K, class Row>
__device__ __forceinline__ void finish_row(const SpmmArgs& a, const Row& columns, int64_t r,
                                           float4 (&acc)[Row::kQuads],
                                           const typename Row::Raw& own, int counted) {
  if constexpr (K == Kind::max) {
    if (counted == 0) clear<Kind::unit_sum>(acc);
  } else {
    if (a.reduce == Reduce::mean && counted > 1) {
      const float count = static_cast<float>(counted);
#pragma unroll
      for (int q = 0; q < Row::kQuads; q++) {
        acc[q] = make_float4(acc[q].x / count, acc[q].y / count, acc[q].z / count,
                             acc[q].w / count);
      }
    }
    if (a.self_coefficient != 0.0f) {
      float weight = a.self_coefficient;
      if (a.col_scale != nullptr) weight *= load_cached(a.col_scale + r);
      if (a.self_weight != nullptr) weight *= load_cached(a.self_weight + r);
      take<Kind::weighted_sum, Row>(acc, weight, own);
    }
  }
  finish_quads(a.epilogue, columns.quads, r, acc);
  columns.store(a.y_storage, a.y, a.ldy, r, acc);
}

template <Kind K, class Row>
__device__ __forceinline__ typename Row::Raw own_row(const SpmmArgs& a, const Row& columns,
                                                     int64_t r) {
  if (K == Kind::max || a.self_coefficient == 0.0f) return Row::none();
  return columns.load(a.x, a.ldx, r);
}

template <int Lanes, bool Wide, Kind K, Storage S>
__global__ void __launch_bounds__(SpmmConfig::kThreads, SpmmConfig::blocks(Wide, S))
    spmm_csr_bundle_kernel(SpmmArgs a, RowWork work, void* workspace) {
  constexpr int kGroups = SpmmConfig::kThreads / Lanes, kInFlight = SpmmConfig::kInFlight;
  const int64_t number =
      work.unit_begin + static_cast<int64_t>(blockIdx.x) * kGroups + threadIdx.x / Lanes;
  if (number >= work.unit_end) return;  // the whole group; no barriers
  const SubWarp<Lanes> group;
  using Row = LaneRow<Lanes, Wide, S>;
  const Row columns = Row::of(group.lane, blockIdx.y, a.n);
  const Unit unit = unit_of(a, work, number);

  int64_t row = unit.row, edge = unit.edge;
  // where each of the next Lanes rows ends, one per lane
  const auto row_ends = [&](int64_t first) {
    if (unit.segment) return static_cast<int32_t>(unit.edge_stop);
    const int64_t r = first + group.lane;
    return r < unit.row_stop ? load_cached(a.row_offsets + r + 1) : 0;
  };
  int32_t ends = row_ends(row);
  int64_t row_end = group.from(ends, 0);
  EdgeChunk chunk = load_chunk<K>(a, edge + group.lane, unit.edge_stop);
  EdgeChunk next = load_chunk<K>(a, edge + Lanes + group.lane, unit.edge_stop);
  typename Row::Raw gathered[kInFlight];
  int in_chunk = -kInFlight;  // first edge of the round under way, within the chunk
  int taken = kInFlight;      // edges of the round that are done
  float4 acc[Row::kQuads];
  clear<K>(acc);
  typename Row::Raw own = own_row<K>(a, columns, row);
  int counted = 0;

  for (;;) {
    if (edge == row_end) {
      if (unit.segment) {
        const SpmmPartials partials = spmm_partials(workspace, work.segment_count, a.n);
        columns.store(Storage::f32, partials.rows, partials.ld, number, acc);
        if (group.lane == 0 && blockIdx.y == 0) store_once(partials.counted + number, counted);
      } else {
        finish_row<K>(a, columns, row, acc, own, counted);
      }
      if (++row == unit.row_stop) return;
      const int at = static_cast<int>((row - unit.row) % Lanes);
      if (at == 0) ends = row_ends(row);
      row_end = group.from(ends, at);
      clear<K>(acc);
      own = own_row<K>(a, columns, row);
      counted = 0;
      continue;
    }
    if (taken == kInFlight) {
      in_chunk += kInFlight;
      taken = 0;
      if (in_chunk == Lanes) {
        in_chunk = 0;
        chunk = next;
        next = load_chunk<K>(a, edge + Lanes + group.lane, unit.edge_stop);
      }
#pragma unroll
      for (int u = 0; u < kInFlight; u++) {
        const int64_t col = group.from(chunk.col, in_chunk + u);
        gathered[u] = Row::none();
        if (edge + u < unit.edge_stop) gathered[u] = columns.load(a.x, a.ldx, col);
      }
      if (edge + kInFlight <= row_end && !a.skip_self) {  // the whole round belongs to this row
#pragma unroll
        for (int u = 0; u < kInFlight; u++) {
          const float weight =
              K == Kind::weighted_sum ? group.from(chunk.weight, in_chunk + u) : 1.0f;
          take<K, Row>(acc, weight, gathered[u]);
        }
        counted += kInFlight;
        edge += kInFlight;
        taken = kInFlight;
        continue;
      }
    }
    const int at = in_chunk + taken;
    if (!a.skip_self || group.from(chunk.col, at) != row) {
      const float weight = K == Kind::weighted_sum ? group.from(chunk.weight, at) : 1.0f;
      take<K, Row>(acc, weight, gathered[0]);
      counted++;
    }
    // the next row of x moves to the front: an index would put the rows into memory
#pragma unroll
    for (int u = 0; u + 1 < kInFlight; u++) gathered[u] = gathered[u + 1];
    edge++;
    taken++;
  }
}

// One group per heavy row: its partial rows in order, then what every row gets at its end.
template <int Lanes, bool Wide, Kind K, Storage S>
__global__ void __launch_bounds__(SpmmConfig::kThreads)
    spmm_csr_combine_kernel(SpmmArgs a, RowWork work, void* workspace) {
  constexpr int kGroups = SpmmConfig::kThreads / Lanes;
  const int64_t number =
      work.heavy_begin + static_cast<int64_t>(blockIdx.x) * kGroups + threadIdx.x / Lanes;
  if (number >= work.heavy_end) return;
  const SubWarp<Lanes> group;
  using Row = LaneRow<Lanes, Wide, S>;
  const Row columns = Row::of(group.lane, blockIdx.y, a.n);
  const int4 heavy = load_once(reinterpret_cast<const int4*>(work.heavy + number));
  const SpmmPartials partials = spmm_partials(workspace, work.segment_count, a.n);
  float4 acc[Row::kQuads];
  clear<K>(acc);
  int counted = 0;
  for (int64_t s = heavy.y; s < heavy.y + heavy.z; s++) {
#pragma unroll
    for (int q = 0; q < Row::kQuads; q++) {
      take<K == Kind::max ? Kind::max : Kind::unit_sum>(
          acc[q], 1.0f, columns.quads[q].load_own(partials.rows + s * partials.ld));
    }
    counted += load_own(partials.counted + s);
  }
  finish_row<K>(a, columns, heavy.x, acc, own_row<K>(a, columns, heavy.x), counted);
}

template <int Lanes, bool Wide, Kind K, Storage S>
cudaError_t launch_both(const SpmmArgs& args, const RowWork& work, void* workspace,
                        cudaStream_t stream) {
  constexpr int kGroups = SpmmConfig::kThreads / Lanes;
  const int64_t blocks = ceil_div(work.unit_end - work.unit_begin, kGroups);
  const int64_t heavy_blocks = ceil_div(work.heavy_end - work.heavy_begin, kGroups);
  const int64_t tiles = ceil_div(args.n, LaneRow<Lanes, Wide, S>::kColumns);
  if (!grid_fits(blocks, tiles)) return cudaErrorInvalidValue;
  cudaError_t started = cudaSuccess;
  if (blocks > 0) {
    started = launch(spmm_csr_bundle_kernel<Lanes, Wide, K, S>, dim3(blocks, tiles),
                     dim3(SpmmConfig::kThreads), stream, args, work, workspace);
  }
  if (started != cudaSuccess || heavy_blocks == 0) return started;
  return launch(spmm_csr_combine_kernel<Lanes, Wide, K, S>, dim3(heavy_blocks, tiles),
                dim3(SpmmConfig::kThreads), stream, args, work, workspace);
}

template <int Lanes, bool Wide, Storage S>
cudaError_t launch_kind(const SpmmArgs& args, const RowWork& work, void* workspace,
                        cudaStream_t stream) {
  if (args.reduce == Reduce::max) {
    return launch_both<Lanes, Wide, Kind::max, S>(args, work, workspace, stream);
  }
  if (args.values != nullptr || args.col_scale != nullptr) {
    return launch_both<Lanes, Wide, Kind::weighted_sum, S>(args, work, workspace, stream);
  }
  return launch_both<Lanes, Wide, Kind::unit_sum, S>(args, work, workspace, stream);
}

// The smallest group that holds a row, up to a warp.
template <bool Wide, Storage S>
cudaError_t launch_width(const SpmmArgs& args, const RowWork& work, void* workspace,
                         cudaStream_t stream) {
  if (args.n <= LaneRow<4, Wide, S>::kColumns) {
    return launch_kind<4, Wide, S>(args, work, workspace, stream);
  }
  if (args.n <= LaneRow<8, Wide, S>::kColumns) {
    return launch_kind<8, Wide, S>(args, work, workspace, stream);
  }
  if (args.n <= LaneRow<16, Wide, S>::kColumns) {
    return launch_kind<16, Wide, S>(args, work, workspace, stream);
  }
  return launch_kind<32, Wide, S>(args, work, workspace, stream);
}

template <Storage S>
cudaError_t launch_storage(const SpmmArgs& args, const RowWork& work, void* workspace,
                           cudaStream_t stream) {
  constexpr int64_t kElements = 16 / element_bytes(S);
  const int64_t in_y = args.y_storage == Storage::f32 ? 4 : kElements;
  const bool wide = args.n % kElements == 0 && rows_by(kElements, args.x, args.ldx, S) &&
                    rows_by(in_y, args.y, args.ldy, args.y_storage) && quads(args.epilogue);
  return wide ? launch_width<true, S>(args, work, workspace, stream)
              : launch_width<false, S>(args, work, workspace, stream);
}

}  // namespace

}  // namespace gnnsched::gpu
