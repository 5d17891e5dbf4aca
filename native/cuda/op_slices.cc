// Slices: see op_slices.h.
#include "cuda/op_slices.h"

#include <algorithm>

#include "spmm/spmm_plan.h"

namespace gnnsched {

namespace {

using namespace words;

// Float32 operations of a product in the time in which a copy moves one byte: data sheets give 10 (A100)
// to 25 (T4) at the peak; half of the least, so that no slice of a product is longer than one of a copy.
constexpr double kFlopsPerByte = 5;

// How much longer a byte takes between host and device than within the device: 27 (T4 on PCIe 3) to 80
// (A100 on PCIe 4) by data sheets.
constexpr double kLinkCost = 80;

// Rows of one tile of the product kernels, and of one block of those that walk rows.
constexpr int64_t kProductRows = 128, kFusedRows = 64, kBlockRows = 4;

int64_t rows_in(const PlanOp& op) {
  return op.kind == kReadout || op.kind == kGather ? op.count : op.m;
}

bool is_attention(const PlanOp& op) { return op.kind == kGat || op.kind == kGatv2; }

int64_t columns_in(const PlanOp& op) {
  if (op.kind == kAggGemm) return op.k;  // those that are aggregated
  return is_attention(op) ? op.heads * op.head_width : op.n;
}

double operand_bytes(const PlanOp& op) {
  double bytes = 0;
  const Extents extents = extents_of(op);
  for (int i = 0; i < extents.count; i++) {
    bytes += static_cast<double>(
        touched_bytes(extents.list[i], op.operands[extents.list[i].operand].ld));
  }
  return bytes;
}

// What one edge of an aggregation makes a kernel move: its row of x, its column, its weight or scores.
double edge_bytes(const PlanOp& op) {
  const auto row = static_cast<double>(columns_in(op) * element_bytes(op.operands[kX].storage));
  return row + 4.0 * static_cast<double>(1 + (is_attention(op) ? op.heads : 1));
}

double work_bytes(const PlanOp& op, const BoundOp& bound) {
  const double m = static_cast<double>(op.m), k = static_cast<double>(op.k);
  double bytes = operand_bytes(op);
  if (op.kind == kGemm || op.kind == kAggGemm) {
    bytes += 2 * m * k * static_cast<double>(op.n) / kFlopsPerByte;
  }
  if (op.kind == kCopy && (bound.on_host(kX) || bound.on_host(kY))) bytes *= kLinkCost;
  if (has_work_list(op)) bytes += edge_bytes(op) * static_cast<double>(op.nnz);
  return bytes;
}

// Cuts [0, count) where the bytes before an index, which `before` tells, grow by at most `limit`; a step
// is never cut. `take(begin, end, bytes)` gets each part.
template <class Before, class Take>
void cut(int64_t count, int64_t step, double limit, const Before& before, const Take& take) {
  for (int64_t begin = 0; begin < count;) {
    const double start = before(begin);
    int64_t low = std::min(count, begin + step), high = count;
    while (low < high) {
      const int64_t middle = low + (high - low + 1) / 2;
      if (before(middle) - start <= limit) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const int64_t end = low == count ? count : begin + (low - begin) / step * step;
    take(begin, end, before(end) - start);
    begin = end;
  }
}

// The lists of an aggregation where the host reads them.
struct HostWork {
  int64_t bundles, segments, heavy;
  const gpu::RowBundle* bundle_list;
  const gpu::RowSegment* segment_list;
  const gpu::HeavyRow* heavy_list;
  const int32_t* row_offsets;

  HostWork(const PlanOp& op, const Binding& binding) {
    const BoundOp bound(op, binding);
    const gpu::RowWorkBounds bounds = gpu::row_work_bounds(op.m, op.nnz);
    const int32_t* words = bound.range(kRowWork).data;
    bundles = words[0], segments = words[1], heavy = words[2];
    segment_list = reinterpret_cast<const gpu::RowSegment*>(words + bounds.segments_at());
    heavy_list = reinterpret_cast<const gpu::HeavyRow*>(words + bounds.heavy_at());
    bundle_list = reinterpret_cast<const gpu::RowBundle*>(words + bounds.bundles_at());
    row_offsets = bound.range(kRowOffsets).data;
  }
};

class Slicer {
 public:
  Slicer(const NativePlan& plan, const Binding& binding, double limit)
      : plan_(plan), binding_(binding), limit_(limit) {}

  void add(size_t index) {
    const PlanOp& op = plan_.ops[index];
    const size_t first = out_.slices.size();
    if (op.kind == kAggGemm) {
      add_fused(index, op);
    } else if (has_work_list(op)) {
      add_aggregation(index, op);
    } else {
      add_rows(index, op);
    }
    // an operator without rows is an empty slice: it is counted when it is done
    if (out_.slices.size() == first) push(index, 0, 0, 0, 0, 0);
    out_.slices[first].begins = true;
    out_.slices.back().ends = true;
  }

  PlanSlices pieces() {
    double bytes = 0;
    for (size_t i = 0; i < out_.slices.size(); i++) {
      const OpSlice& slice = out_.slices[i];
      if (i == 0 || bytes + slice.bytes > limit_) {
        out_.pieces.push_back({i, i, slice.begins || repeats(plan_.ops[slice.op])});
        bytes = 0;
      }
      bytes += slice.bytes;
      out_.pieces.back().end = i + 1;
    }
    return std::move(out_);
  }

 private:
  void push(size_t index, int64_t begin, int64_t end, int64_t heavy_begin, int64_t heavy_end,
            double bytes) {
    out_.slices.push_back({index, false, false, begin, end, heavy_begin, heavy_end, bytes});
  }

  void add_rows(size_t index, const PlanOp& op) {
    const int64_t rows = rows_in(op);
    const int64_t step = op.kind == kGemm ? kProductRows : op.kind == kReadout ? 1 : kBlockRows;
    const double whole = work_bytes(op, BoundOp(op, binding_));
    const double row_bytes = rows == 0 ? 0 : whole / static_cast<double>(rows);
    cut(rows, step, limit_, [&](int64_t row) { return row_bytes * static_cast<double>(row); },
        [&](int64_t begin, int64_t end, double bytes) { push(index, begin, end, 0, 0, bytes); });
  }

  // Segments, then blocks of rows. The edges of heavy rows count twice: too many slices, never too few.
  void add_fused(size_t index, const PlanOp& op) {
    const HostWork work(op, binding_);
    const double total = work_bytes(op, BoundOp(op, binding_));
    if (total <= limit_) return push(index, 0, op.m, 0, work.segments, total);
    const double edge = edge_bytes(op);
    const double row = (total - edge * static_cast<double>(op.nnz)) / static_cast<double>(op.m);
    cut(work.segments, 1, limit_,
        [&](int64_t at) { return segment_bytes(op, work) * static_cast<double>(at); },
        [&](int64_t begin, int64_t end, double bytes) { push(index, 0, 0, begin, end, bytes); });
    cut(op.m, kFusedRows, limit_,
        [&](int64_t at) { return edge * work.row_offsets[at] + row * static_cast<double>(at); },
        [&](int64_t begin, int64_t end, double bytes) { push(index, begin, end, 0, 0, bytes); });
  }

  // All but the last segments of a row are equally long.
  static double segment_bytes(const PlanOp& op, const HostWork& work) {
    if (work.segments == 0) return 0;
    return edge_bytes(op) * (work.segment_list[0].end - work.segment_list[0].begin) +
           4.0 * static_cast<double>(columns_in(op));
  }

  // Segments, bundles, then the heavy rows that the segments belong to.
  void add_aggregation(size_t index, const PlanOp& op) {
    const HostWork work(op, binding_);
    const double total = work_bytes(op, BoundOp(op, binding_));
    if (total <= limit_) {
      return push(index, 0, work.segments + work.bundles, 0, work.heavy, total);
    }
    const double edge = edge_bytes(op);
    const double row = operand_bytes(op) / static_cast<double>(std::max<int64_t>(op.m, 1));
    const double partial = 4.0 * static_cast<double>(columns_in(op));
    cut(work.segments, 1, limit_,
        [&](int64_t at) { return segment_bytes(op, work) * static_cast<double>(at); },
        [&](int64_t begin, int64_t end, double bytes) { push(index, begin, end, 0, 0, bytes); });
    // heavy rows between two bundles count as if they were part of one: too many slices, never too few
    cut(work.bundles, 1, limit_,
        [&](int64_t at) {
          const int32_t r = at == work.bundles ? static_cast<int32_t>(op.m)
                                               : work.bundle_list[at].begin;
          return edge * work.row_offsets[r] + row * r;
        },
        [&](int64_t begin, int64_t end, double bytes) {
          push(index, work.segments + begin, work.segments + end, 0, 0, bytes);
        });
    const int64_t units = work.segments + work.bundles;
    cut(work.heavy, 1, limit_,
        [&](int64_t at) {
          return partial * static_cast<double>(at == work.heavy ? work.segments
                                                                : work.heavy_list[at].first_segment);
        },
        [&](int64_t begin, int64_t end, double bytes) {
          push(index, units, units, begin, end, bytes);
        });
  }

  // Whether it can be run again after a part of it ran: nothing it reads is what it writes.
  static bool repeats(const PlanOp& op) {
    const Extents extents = extents_of(op);
    const auto range = [&](const Extent& extent) {
      const PlanOperand& operand = op.operands[extent.operand];
      return std::pair(operand.offset, operand.offset + touched_bytes(extent, operand.ld));
    };
    for (int w = 0; w < extents.count; w++) {
      if (!extents.list[w].written || extents.list[w].operand == kScratch) continue;
      const int slot = op.operands[extents.list[w].operand].slot;
      const auto [begin, end] = range(extents.list[w]);
      for (int r = 0; r < extents.count; r++) {
        const PlanOperand& operand = op.operands[extents.list[r].operand];
        if (extents.list[r].written || operand.slot != slot) continue;
        const auto [from, to] = range(extents.list[r]);
        if (from < end && begin < to) return false;
      }
    }
    return true;
  }

  const NativePlan& plan_;
  const Binding& binding_;
  double limit_;
  PlanSlices out_;
};

}  // namespace

PlanSlices slice_plan(const NativePlan& plan, const Binding& binding, size_t first_op,
                      double piece_bytes) {
  Slicer slicer(plan, binding, piece_bytes);
  for (size_t i = first_op; i < plan.ops.size(); i++) slicer.add(i);
  return slicer.pieces();
}

PlanOp rows_of(const PlanOp& whole, int64_t begin, int64_t end) {
  PlanOp op = whole;
  const auto move = [&](int index) {
    PlanOperand& operand = op.operands[index];
    if (operand.present()) operand.offset += begin * operand.ld * element_bytes(operand.storage);
  };
  if (op.kind == kReadout || op.kind == kGather) {
    op.count = end - begin;
    move(kRows);
  } else {
    op.m = end - begin;
    if (op.kind == kDensify) move(kRowOffsets);
    if (op.kind != kDensify) move(kX);
    move(kAddend);
    move(kRowScale);
  }
  move(kY);
  return op;
}

}  // namespace gnnsched
