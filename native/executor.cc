// Executor: see executor.h.
#include "executor.h"

#include <chrono>
#include <cstring>

#include "pool.h"

namespace gnnsched {

namespace {

using namespace words;

double now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

// An op with its memory: typed pointers where operands are present, null where not.
class BoundOp {
 public:
  BoundOp(const PlanOp& op, const Binding& binding) : op_(op), binding_(binding) {}

  float* floats(int operand) const { return reinterpret_cast<float*>(at(operand)); }
  const int32_t* ints(int operand) const { return reinterpret_cast<const int32_t*>(at(operand)); }
  int64_t ld(int operand) const { return op_.operands[operand].ld; }

  IndexRange range(int operand) const {
    const PlanOperand& o = op_.operands[operand];
    return {binding_.slots[o.slot].grant, o.offset, ints(operand)};
  }

  Epilogue epilogue() const {
    return {floats(kRowScale),
            floats(kAddend),
            ld(kAddend),
            floats(kBias),
            floats(kAffineScale),
            floats(kAffineShift),
            op_.has(kFlagAffineAfter),
            static_cast<Activation>(op_.activation),
            static_cast<float>(op_.parameter)};
  }

 private:
  uint8_t* at(int operand) const {
    const PlanOperand& o = op_.operands[operand];
    if (!o.present()) return nullptr;
    return (o.slot == kSlotArena ? binding_.arena : binding_.slots[o.slot].data) + o.offset;
  }
  const PlanOp& op_;
  const Binding& binding_;
};

Verdict check_indices(const PlanOp& op, const BoundOp& bound, IndexChecks& checks) {
  switch (op.kind) {
    case kSpmm:
    case kDensify:
      return checks.csr(bound.range(kRowOffsets), bound.range(kColIndices), op.m, op.nnz, op.k);
    case kGat:
      return checks.csr(bound.range(kRowOffsets), bound.range(kColIndices), op.m, op.nnz, op.m);
    case kReadout: return checks.segments(bound.range(kRows), op.count, op.m);
    case kGather: return checks.rows(bound.range(kRows), op.count, op.m);
    default: return std::nullopt;
  }
}

void run_spmm(const PlanOp& op, const BoundOp& b, const KernelTable& kernels) {
  kernels.spmm({op.m,
                op.k,
                op.n,
                op.nnz,
                static_cast<Reduce>(op.reduce),
                op.has(kFlagSkipSelf),
                static_cast<float>(op.self_coefficient),
                b.ints(kRowOffsets),
                b.ints(kColIndices),
                b.floats(kValues),
                b.floats(kColScale),
                b.floats(kSelfWeight),
                b.floats(kX),
                b.ld(kX),
                b.floats(kY),
                b.ld(kY),
                b.epilogue()});
}

void run_gat(const PlanOp& op, const BoundOp& b, const KernelTable& kernels) {
  kernels.gat({op.m,
               op.nnz,
               op.heads,
               op.head_width,
               op.has(kFlagConcat),
               op.has(kFlagSelfLoops),
               static_cast<float>(op.negative_slope),
               b.ints(kRowOffsets),
               b.ints(kColIndices),
               b.floats(kX),
               b.ld(kX),
               b.floats(kScoreSrc),
               b.ld(kScoreSrc),
               b.floats(kScoreDst),
               b.ld(kScoreDst),
               b.floats(kY),
               b.ld(kY),
               b.epilogue()});
}

void run_op(const PlanOp& op, const BoundOp& b, const KernelTable& kernels) {
  float* y = b.floats(kY);
  const float* x = b.floats(kX);
  const int64_t ldx = b.ld(kX), ldy = b.ld(kY);
  const auto reduce = static_cast<Reduce>(op.reduce);
  switch (op.kind) {
    case kGemm:
      kernels.gemm({op.m, op.k, op.n, x, ldx, b.floats(kB), b.ld(kB), y, ldy, b.epilogue()});
      break;
    case kSpmm: run_spmm(op, b, kernels); break;
    case kGat: run_gat(op, b, kernels); break;
    case kDensify:
      kernels.densify(
          {op.m, op.k, b.ints(kRowOffsets), b.ints(kColIndices), b.floats(kValues), y, ldy});
      break;
    case kRowwise:
      kernels.rowwise({op.m, op.n, op.has(kFlagL2), x, ldx, y, ldy, b.epilogue()});
      break;
    case kReadout:
      kernels.readout({op.count, op.n, reduce, b.ints(kRows), x, ldx, y, ldy});
      break;
    case kGather: kernels.gather({op.count, op.n, b.ints(kRows), x, ldx, y, ldy}); break;
    case kLogSoftmax: kernels.log_softmax({op.m, op.n, x, ldx, y, ldy}); break;
  }
}

// What the ops that ran have touched: the end of the arena's last byte, and which slots.
struct Touched {
  int64_t arena_end = 0;
  std::vector<bool> slots;

  void count(const PlanOp& op) {
    const Extents extents = extents_of(op);
    for (int i = 0; i < extents.count; i++) {
      const PlanOperand& operand = op.operands[extents.list[i].operand];
      if (operand.slot != kSlotArena) {
        slots[operand.slot] = true;
        continue;
      }
      const int64_t bytes = touched_bytes(extents.list[i], operand.ld);
      if (bytes > 0 && operand.offset + bytes > arena_end) arena_end = operand.offset + bytes;
    }
  }
};

// End of the last block of kAlign bytes that is not all paint.
int64_t painted_end(const Binding& binding) {
  uint8_t paint[kAlign];
  std::memset(paint, 0xff, sizeof paint);
  int64_t end = binding.arena_bytes;
  while (end > 0 && std::memcmp(binding.arena + end - kAlign, paint, sizeof paint) == 0) {
    end -= kAlign;
  }
  return end;
}

Verdict check_all_indices(const NativePlan& plan, const Binding& binding, IndexChecks& checks) {
  for (size_t i = 0; i < plan.ops.size(); i++) {
    Verdict bad = check_indices(plan.ops[i], BoundOp(plan.ops[i], binding), checks);
    if (bad) {
      bad->place = "ops[" + std::to_string(i) + "]." + bad->place;
      return bad;
    }
  }
  return std::nullopt;
}

}  // namespace

void run_plan(const NativePlan& plan, const Binding& binding, const RunOptions& options,
              float* output, RunResult& result) {
  if (options.paint) std::memset(binding.arena, 0xff, static_cast<size_t>(binding.arena_bytes));
  const double start = now_ms();
  result.refused = check_all_indices(plan, binding, *options.checks);
  if (result.refused) return;
  Touched touched;
  touched.slots.assign(binding.slots.size(), false);
  for (const PlanOp& op : plan.ops) {
    if (options.cancel->load(std::memory_order_relaxed)) {
      result.cancelled = true;
      break;
    }
    result.op_times.push_back(now_ms() - start);
    run_op(op, BoundOp(op, binding), *options.kernels);
    result.op_times.push_back(now_ms() - start);
    touched.count(op);
    result.ops_done++;
  }
  const int64_t output_bytes = plan.output_rows * plan.output_cols * 4;
  if (!result.cancelled && output_bytes > 0) {
    std::memcpy(output, binding.arena + plan.output_offset, static_cast<size_t>(output_bytes));
    if (plan.output_offset + output_bytes > touched.arena_end) {
      touched.arena_end = plan.output_offset + output_bytes;
    }
  }
  const int64_t arena_end =
      options.paint ? painted_end(binding) : (touched.arena_end + kAlign - 1) / kAlign * kAlign;
  result.measured_peak_bytes = arena_end;
  for (size_t i = 0; i < binding.slots.size(); i++) {
    if (touched.slots[i]) result.measured_peak_bytes += binding.slots[i].bytes;
  }
  result.run_ms = now_ms() - start;
}

}  // namespace gnnsched
