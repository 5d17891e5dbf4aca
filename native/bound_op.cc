// Operators with their memory: see bound_op.h.
#include "bound_op.h"

#include <algorithm>

namespace gnnsched {

using namespace words;

Epilogue BoundOp::epilogue() const {
  return {floats(kRowScale),
          floats(kAddend),
          ld(kAddend),
          floats(kBias),
          floats(kAffineScale),
          floats(kAffineShift),
          op_.has(kFlagAffineAfter),
          static_cast<Activation>(op_.activation),
          static_cast<float>(op_.parameter),
          storage(kAddend)};
}

GemmArgs BoundOp::gemm() const {
  return {op_.m,      op_.k,  op_.n,      floats(kX), ld(kX),      floats(kB),
          ld(kB),     floats(kY), ld(kY), epilogue(), storage(kX), storage(kY)};
}

SpmmArgs BoundOp::spmm() const {
  return {op_.m,
          op_.k,
          op_.n,
          op_.nnz,
          static_cast<Reduce>(op_.reduce),
          op_.has(kFlagSkipSelf),
          static_cast<float>(op_.self_coefficient),
          ints(kRowOffsets),
          ints(kColIndices),
          floats(kValues),
          floats(kColScale),
          floats(kSelfWeight),
          floats(kX),
          ld(kX),
          floats(kY),
          ld(kY),
          epilogue(),
          storage(kX),
          storage(kY)};
}

AggGemmArgs BoundOp::agg_gemm() const {
  AggGemmArgs args{spmm(), gemm()};
  args.aggregate.k = op_.m;
  args.aggregate.n = op_.k;
  args.aggregate.y = nullptr;
  args.aggregate.ldy = 0;
  args.aggregate.epilogue = Epilogue{};
  args.product.a = nullptr;
  args.product.lda = 0;
  return args;
}

GatArgs BoundOp::gat() const {
  return {op_.m,
          op_.nnz,
          op_.heads,
          op_.head_width,
          op_.has(kFlagConcat),
          op_.has(kFlagSelfLoops),
          static_cast<float>(op_.negative_slope),
          ints(kRowOffsets),
          ints(kColIndices),
          floats(kX),
          ld(kX),
          floats(kScoreSrc),
          ld(kScoreSrc),
          floats(kScoreDst),
          ld(kScoreDst),
          op_.kind == kGatv2 ? floats(kB) : nullptr,
          floats(kY),
          ld(kY),
          epilogue()};
}

DensifyArgs BoundOp::densify() const {
  return {op_.m, op_.k, ints(kRowOffsets), ints(kColIndices), floats(kValues), floats(kY), ld(kY)};
}

RowwiseArgs BoundOp::rowwise() const {
  return {op_.m,  op_.n,      op_.has(kFlagL2), floats(kX), ld(kX), floats(kY),
          ld(kY), epilogue(), storage(kX),      storage(kY)};
}

ReadoutArgs BoundOp::readout() const {
  return {op_.count, op_.n,  static_cast<Reduce>(op_.reduce), ints(kRows), floats(kX), ld(kX),
          floats(kY), ld(kY), storage(kX), storage(kY)};
}

GatherArgs BoundOp::gather() const {
  return {op_.count,  op_.n,  ints(kRows), floats(kX), ld(kX),
          floats(kY), ld(kY), storage(kX), storage(kY)};
}

LogSoftmaxArgs BoundOp::log_softmax() const {
  return {op_.m, op_.n, floats(kX), ld(kX), floats(kY), ld(kY)};
}

CopyArgs BoundOp::copy() const {
  return {op_.m, op_.n, floats(kX), ld(kX), floats(kY), ld(kY)};
}

namespace {

Verdict check_row_work(const PlanOp& op, const BoundOp& bound, IndexChecks& checks) {
  if (!op.operands[kRowWork].present()) return std::nullopt;
  return checks.row_work(bound.range(kRowWork), op.row_work_words, bound.range(kRowOffsets), op.m,
                         op.nnz);
}

Verdict check_indices(const PlanOp& op, const BoundOp& bound, IndexChecks& checks) {
  switch (op.kind) {
    case kSpmm:
    case kAggGemm:
    case kGat:
    case kGatv2: {
      const int64_t columns = op.kind == kSpmm ? op.k : op.m;
      Verdict bad =
          checks.csr(bound.range(kRowOffsets), bound.range(kColIndices), op.m, op.nnz, columns);
      return bad ? bad : check_row_work(op, bound, checks);
    }
    case kDensify:
      return checks.csr(bound.range(kRowOffsets), bound.range(kColIndices), op.m, op.nnz, op.k);
    case kReadout: return checks.segments(bound.range(kRows), op.count, op.m);
    case kGather: return checks.rows(bound.range(kRows), op.count, op.m);
    default: return std::nullopt;
  }
}

}  // namespace

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

Verdict check_float32(const NativePlan& plan) {
  for (size_t i = 0; i < plan.ops.size(); i++) {
    const PlanOp& op = plan.ops[i];
    const bool two_bytes = op.operands[kX].storage != Storage::f32 ||
                           op.operands[kY].storage != Storage::f32 ||
                           op.operands[kAddend].storage != Storage::f32;
    if (!two_bytes && op.products == kProductsFp32) continue;
    return refuse("ops[" + std::to_string(i) + "].precision", "this device computes in float32");
  }
  return std::nullopt;
}

void Touched::count(const PlanOp& op) {
  const Extents extents = extents_of(op);
  for (int i = 0; i < extents.count; i++) {
    const PlanOperand& operand = op.operands[extents.list[i].operand];
    if (operand.slot != kSlotArena) {
      slots_[operand.slot] = true;
      continue;
    }
    const int64_t bytes = touched_bytes(extents.list[i], operand.ld);
    if (bytes > 0) arena_end_ = std::max(arena_end_, operand.offset + bytes);
  }
}

void Touched::count_output(const NativePlan& plan) {
  const int64_t bytes = output_bytes(plan);
  if (bytes > 0) arena_end_ = std::max(arena_end_, plan.output_offset + bytes);
}

int64_t Touched::resident_bytes() const {
  int64_t bytes = 0;
  for (size_t i = 0; i < slots_.size(); i++) {
    if (slots_[i]) bytes += binding_.slots[i].bytes;
  }
  return bytes;
}

}  // namespace gnnsched
