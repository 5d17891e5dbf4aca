// Work lists: see spmm_plan.h.
#include "spmm/spmm_plan.h"

#include <algorithm>

namespace gnnsched::gpu {

namespace {

// More segments than this fill no device better, and each takes scratch: large graphs get longer
// ones, so that 1.5 times this many are the most.
constexpr int64_t kWantedSegments = 16384;
// What a row costs beside its edges: offsets, epilogue and one store.
constexpr int64_t kRowCost = 2;
// A bundle's cost. Large ones keep gathers in flight across rows; small graphs get smaller ones, so
// that there is work for kWantedUnits groups: 132 multiprocessors with 16 groups each.
constexpr int64_t kLargestBundle = 64, kSmallestBundle = 16, kWantedUnits = 132 * 16;

int64_t segment_edges(int64_t nnz) {
  return std::max(kShortestSegment, (nnz + kWantedSegments - 1) / kWantedSegments);
}

int64_t bundle_budget(int64_t m, int64_t nnz) {
  return std::clamp((nnz + kRowCost * m) / kWantedUnits, kSmallestBundle, kLargestBundle);
}

}  // namespace

RowWorkBounds row_work_bounds(int64_t m, int64_t nnz) {
  const int64_t edges = segment_edges(nnz);
  const int64_t heavy = nnz / (2 * edges), segments = 3 * nnz / (2 * edges);
  // two bundles side by side cost more than one may
  const int64_t pairs = 2 * (nnz + kRowCost * m) / bundle_budget(m, nnz);
  return {std::min(m, pairs + heavy + 2), segments, heavy};
}

RowPlan build_row_plan(const int32_t* row_offsets, int64_t m) {
  RowPlan plan;
  if (m == 0) return plan;
  const int64_t nnz = row_offsets[m];
  const int64_t edges = segment_edges(nnz), budget = bundle_budget(m, nnz);
  RowBundle open{0, 0};
  int64_t cost = 0;
  const auto close = [&](int64_t next_begin) {
    if (open.end > open.begin) plan.bundles.push_back(open);
    open = {static_cast<int32_t>(next_begin), static_cast<int32_t>(next_begin)};
    cost = 0;
  };
  for (int64_t r = 0; r < m; r++) {
    const int64_t begin = row_offsets[r], end = row_offsets[r + 1];
    // below, one group of lanes walks the row without being the last to end
    if (end - begin >= 2 * edges) {
      close(r + 1);
      const auto first = static_cast<int32_t>(plan.segments.size());
      for (int64_t e = begin; e < end; e += edges) {
        plan.segments.push_back({static_cast<int32_t>(r), static_cast<int32_t>(e),
                                 static_cast<int32_t>(std::min(end, e + edges)), 0});
      }
      const auto count = static_cast<int32_t>(plan.segments.size()) - first;
      plan.heavy.push_back({static_cast<int32_t>(r), first, count, 0});
      continue;
    }
    const int64_t row_cost = end - begin + kRowCost;
    if (cost > 0 && cost + row_cost > budget) close(r);
    open.end = static_cast<int32_t>(r + 1);
    cost += row_cost;
  }
  close(m);
  return plan;
}

}  // namespace gnnsched::gpu
