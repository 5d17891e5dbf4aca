// The work list of a graph: rows cut into units of similar cost, built once per graph on the host.
// Light rows go into bundles of consecutive rows; a heavy row is cut into segments whose partial
// results are added in their order, so that a hub neither stalls the device nor changes its bits.
#pragma once
#include <stdint.h>

#include <vector>

namespace gnnsched::gpu {

// Rows begin .. end of one bundle.
struct RowBundle {
  int32_t begin, end;
};

// Edges begin .. end of one heavy row.
struct RowSegment {
  int32_t row, begin, end, unused;
};

// A heavy row and its segments.
struct HeavyRow {
  int32_t row, first_segment, segments, unused;
};

struct RowPlan {
  std::vector<RowBundle> bundles;
  std::vector<RowSegment> segments;
  std::vector<HeavyRow> heavy;
};

// The same lists on the device, as the launchers take them, and the part of them that a launch does:
// units (all segments, then all bundles) and heavy rows, which must come after their last segment.
struct RowWork {
  const RowBundle* bundles;
  const RowSegment* segments;
  const HeavyRow* heavy;
  int64_t bundle_count, segment_count, heavy_count;
  int64_t unit_begin = 0, unit_end = segment_count + bundle_count;
  int64_t heavy_begin = 0, heavy_end = heavy_count;
};

// Edges of the shortest segment: long enough that a partial row is under one percent of the rows it
// sums, short enough that the rounding of a hub's sum stays near that of an ordinary row.
constexpr int64_t kShortestSegment = 128;

// Of a launch's units those that are segments, and those that are bundles.
inline RowWork segments_of(RowWork work) {
  if (work.unit_end > work.segment_count) work.unit_end = work.segment_count;
  return work;
}
inline RowWork bundles_of(RowWork work) {
  if (work.unit_begin < work.segment_count) work.unit_begin = work.segment_count;
  return work;
}

RowPlan build_row_plan(const int32_t* row_offsets, int64_t m);

// How long the lists of a matrix can become at most, from shapes alone; and where they lie when they
// lie in one block of int32 words, as src/model/rowWork.ts makes it (the same numbers, a test compares
// what is made of them):
//   bundle, segment and heavy counts, 0 | segments | heavy rows | bundles
struct RowWorkBounds {
  int64_t bundles, segments, heavy;
  int64_t segments_at() const { return 4; }
  int64_t heavy_at() const { return segments_at() + 4 * segments; }
  int64_t bundles_at() const { return heavy_at() + 4 * heavy; }
  int64_t words() const { return bundles_at() + 2 * bundles; }
};
RowWorkBounds row_work_bounds(int64_t m, int64_t nnz);

}  // namespace gnnsched::gpu
