// A plan as slices: launches that each end soon, so that a stop, or a kernel of an urgent plan, waits
// for one of them and not for an operator. Which slices there are depends on shapes and work lists; what
// they compute does not: an output row has the same bits in a slice as in the whole.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bound_op.h"

namespace gnnsched {

// Part of an operator: some of its output rows, or of an aggregation some units of its work list and
// some of its heavy rows.
struct OpSlice {
  size_t op;
  bool begins, ends;  // the operator
  int64_t begin, end;
  int64_t heavy_begin, heavy_end;
  double bytes;  // that a copy would move in the time it takes, predicted
};

// Slices that are started together because each is short: [begin, end) of the list.
struct Piece {
  size_t begin, end;
  // Whether a run may stop before it: not in the middle of an operator that overwrites what it reads,
  // because a stopped operator is run again from its start.
  bool may_stop;
};

struct PlanSlices {
  std::vector<OpSlice> slices;
  std::vector<Piece> pieces;
};

// Of the operators from `first_op` on; no piece has more than `piece_bytes`, where kernels can be cut.
PlanSlices slice_plan(const NativePlan& plan, const Binding& binding, size_t first_op,
                      double piece_bytes);

// The operator on rows begin .. end alone; not for aggregations, whose work lists name rows.
PlanOp rows_of(const PlanOp& op, int64_t begin, int64_t end);

inline bool has_work_list(const PlanOp& op) {
  return op.kind == words::kSpmm || op.kind == words::kAggGemm || op.kind == words::kGat ||
         op.kind == words::kGatv2;
}

}  // namespace gnnsched
