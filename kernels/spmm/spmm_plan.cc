// Work lists: see spmm_plan.h.
#include "spmm/spmm_plan.h"

#include <algorithm>

namespace gnnsched::gpu {

namespace {

// A row from here on is cut up. Below, one group of lanes walks it without being the last to end.
constexpr int64_t kHeavyEdges = 256;
// Long enough that a partial row is under one percent of the rows it sums, short enough that the
// rounding of a hub's sum stays near that of an ordinary row.
constexpr int64_t kSegmentEdges = 128;
// What a row costs beside its edges: offsets, epilogue and one store.
constexpr int64_t kRowCost = 2;
// A bundle's cost. Large ones keep gathers in flight across rows; small graphs get smaller ones, so
// that there is work for kWantedUnits groups: 132 multiprocessors with 16 groups each.
constexpr int64_t kLargestBundle = 64, kSmallestBundle = 16, kWantedUnits = 132 * 16;

}  // namespace

RowPlan build_row_plan(const int32_t* row_offsets, int64_t m) {
  RowPlan plan;
  if (m == 0) return plan;
  const int64_t whole = row_offsets[m] + kRowCost * m;
  const int64_t budget = std::clamp(whole / kWantedUnits, kSmallestBundle, kLargestBundle);
  RowBundle open{0, 0};
  int64_t cost = 0;
  const auto close = [&](int64_t next_begin) {
    if (open.end > open.begin) plan.bundles.push_back(open);
    open = {static_cast<int32_t>(next_begin), static_cast<int32_t>(next_begin)};
    cost = 0;
  };
  for (int64_t r = 0; r < m; r++) {
    const int64_t begin = row_offsets[r], end = row_offsets[r + 1];
    if (end - begin >= kHeavyEdges) {
      close(r + 1);
      const auto first = static_cast<int32_t>(plan.segments.size());
      for (int64_t e = begin; e < end; e += kSegmentEdges) {
        plan.segments.push_back({static_cast<int32_t>(r), static_cast<int32_t>(e),
                                 static_cast<int32_t>(std::min(end, e + kSegmentEdges)), 0});
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
