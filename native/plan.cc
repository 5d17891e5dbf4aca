// Decoding and checking of plans: see plan.h.
#include "plan.h"

#include <cinttypes>
#include <cmath>

#include "cpu/kernels.h"

namespace gnnsched {

namespace {

using namespace words;

std::string op_place(size_t index, const char* what) {
  return "ops[" + std::to_string(index) + "]." + what;
}

bool integer_between(double value, double low, double high) {
  return value >= low && value <= high && std::trunc(value) == value;  // false for NaN
}

// Copies one dimension; remembers the first that is no integer in range.
struct Reader {
  const double* base;
  size_t op;
  Verdict verdict = std::nullopt;

  int64_t integer(int word, const char* name, double low, double high) {
    const double value = base[word];
    if (integer_between(value, low, high)) return static_cast<int64_t>(value);
    if (!verdict) {
      verdict = refuse(op_place(op, name), "%.17g is not an integer in [%.17g, %.17g]", value, low,
                       high);
    }
    return 0;
  }
  int64_t dimension(int word, const char* name) { return integer(word, name, 0, kMaxDimension); }
};

Verdict decode_op(const double* base, size_t index, int slots, PlanOp& op) {
  Reader read{base, index};
  op.kind = static_cast<int>(read.integer(kOpKind, "kind", 0, kKinds - 1));
  op.m = read.dimension(kOpM, "m");
  op.k = read.dimension(kOpK, "k");
  op.n = read.dimension(kOpN, "n");
  op.nnz = read.dimension(kOpNnz, "nnz");
  op.heads = read.dimension(kOpHeads, "heads");
  op.head_width = read.dimension(kOpHeadWidth, "headWidth");
  op.count = read.dimension(kOpCount, "count");
  op.row_work_words = read.dimension(kOpRowWorkWords, "memory.rowWork.words");
  op.scratch_words = read.integer(kOpScratchWords, "memory.scratch.words", 0, kMaxInteger);
  op.flags = static_cast<int>(read.integer(kOpFlags, "flags", 0, 31));
  op.reduce = static_cast<int>(read.integer(kOpReduce, "reduce", 0, kReduces - 1));
  op.activation = static_cast<int>(read.integer(kOpActivation, "activation", 0, kActivations - 1));
  op.parameter = base[kOpParameter];
  op.self_coefficient = base[kOpSelfCoefficient];
  op.negative_slope = base[kOpNegativeSlope];
  for (int i = 0; i < kOperands; i++) {
    const int at = kOpWords - kOperands * kOperandWords + i * kOperandWords;
    PlanOperand& operand = op.operands[i];
    operand.slot = static_cast<int>(read.integer(at, "operand.slot", kSlotAbsent, slots - 1));
    if (!operand.present()) continue;
    operand.offset = read.integer(at + 1, "operand.offset", 0, kMaxInteger);
    operand.ld = read.integer(at + 2, "operand.ld", 0, kMaxDimension);
  }
  const auto precision = static_cast<int>(read.integer(kOpPrecision, "precision", 0, 255));
  op.products = precision % 4;
  int storages = precision / 4;
  for (const int i : {kX, kY, kAddend}) {
    if (storages % 4 >= kStorages && !read.verdict) {
      read.verdict = refuse(op_place(index, "precision"), "storage %d is unknown", storages % 4);
    }
    op.operands[i].storage = static_cast<Storage>(storages % 4);
    storages /= 4;
  }
  return read.verdict;
}

void add(Extents& to, int operand, const char* name, int64_t rows, int64_t cols,
         bool written = false) {
  to.list[to.count++] = {operand, name, rows, cols, false, false, written, true};
}

void add_vector(Extents& to, const PlanOp& op, int operand, const char* name, int64_t length,
                bool needed, bool indices = false) {
  if (!needed && !op.operands[operand].present()) return;
  to.list[to.count++] = {operand, name, 1, length, true, indices, false, needed};
}

void add_csr(Extents& to, const PlanOp& op) {
  add_vector(to, op, kRowOffsets, "rowOffsets", op.m + 1, true, true);
  add_vector(to, op, kColIndices, "colIndices", op.nnz, true, true);
}

void add_epilogue(Extents& to, const PlanOp& op, int64_t rows, int64_t cols) {
  add_vector(to, op, kRowScale, "epilogue.rowScale", rows, false);
  if (op.operands[kAddend].present()) add(to, kAddend, "epilogue.addend", rows, cols);
  add_vector(to, op, kBias, "epilogue.bias", cols, false);
  add_vector(to, op, kAffineScale, "epilogue.affine.scale", cols, false);
  add_vector(to, op, kAffineShift, "epilogue.affine.shift", cols, false);
}

// What a CUDA kernel needs beside the operands: absent in plans for the CPU.
void add_memory(Extents& to, const PlanOp& op) {
  add_vector(to, op, kRowWork, "memory.rowWork", op.row_work_words, false, true);
  if (!op.operands[kScratch].present()) return;
  to.list[to.count++] = {kScratch, "memory.scratch", 1, op.scratch_words, true, false, true, true};
}

// Which matrices the kernels can keep in two bytes, and of which they can make products.
Verdict check_precision(const PlanOp& op, size_t index) {
  if (op.products != kProductsFp32 && op.kind != kGemm) {
    return refuse(op_place(index, "precision"), "only a gemm has products");
  }
  const Storage in_x = op.operands[kX].storage;
  const bool all_kinds = op.kind == kGemm || op.kind == kSpmm || op.kind == kRowwise ||
                         op.kind == kReadout || op.kind == kGather;
  for (const int i : {kX, kY, kAddend}) {
    if (op.operands[i].storage != Storage::f32 && !all_kinds) {
      return refuse(op_place(index, "precision"), "an operator of kind %d takes float32 alone",
                    op.kind);
    }
  }
  if (op.kind != kGemm || in_x == Storage::f32) return std::nullopt;
  const int expected = in_x == Storage::f16 ? kProductsFp16 : kProductsBf16;
  if (op.products == expected) return std::nullopt;
  return refuse(op_place(index, "precision"), "products %d of a matrix in storage %d", op.products,
                static_cast<int>(in_x));
}

// Rules between fields that the kernels rely on.
Verdict check_rules(const PlanOp& op, size_t index) {
  if (Verdict bad = check_precision(op, index)) return bad;
  if (op.operands[kAffineScale].present() != op.operands[kAffineShift].present()) {
    return refuse(op_place(index, "epilogue.affine"), "scale and shift must come together");
  }
  if (op.kind == kGat || op.kind == kGatv2) {
    if (op.heads < 1 || op.heads > kMaxHeads) {
      return refuse(op_place(index, "heads"), "%" PRId64 " heads are not in [1, %" PRId64 "]", op.heads,
                    kMaxHeads);
    }
    if (op.heads * op.head_width > static_cast<int64_t>(kMaxDimension)) {
      return refuse(op_place(index, "headWidth"), "%" PRId64 " * %" PRId64 " columns are too many",
                    op.heads, op.head_width);
    }
  }
  if (op.kind == kAggGemm && op.k > kWidestFused) {
    return refuse(op_place(index, "k"), "%" PRId64 " columns are more than %" PRId64, op.k,
                  kWidestFused);
  }
  if (op.kind == kAggGemm && op.reduce == static_cast<int>(Reduce::max)) {
    return refuse(op_place(index, "reduce"), "a fused layer takes sums and means");
  }
  if (op.kind != kSpmm) return std::nullopt;
  const bool self = op.self_coefficient != 0;
  const bool weighted = op.operands[kValues].present() || op.operands[kColScale].present();
  if (op.reduce == static_cast<int>(Reduce::max) && (self || weighted)) {
    return refuse(op_place(index, "reduce"), "max takes neither values nor scales nor a self term");
  }
  if (self && op.m > op.k) {
    return refuse(op_place(index, "selfCoefficient"),
                  "a self term of %" PRId64 " rows needs as many columns, not %" PRId64, op.m, op.k);
  }
  return std::nullopt;
}

// Whether the operator may touch the slot at all.
Verdict check_use(const PlanOp& op, const Extent& extent, int slot, SlotUse use,
                  const std::string& place) {
  if (use == SlotUse::device) {
    if (!extent.written) return std::nullopt;
    return refuse(place, "slot %d is resident; results go to the arena", slot);
  }
  if (op.kind != kCopy) return refuse(place, "slot %d is host memory; only copies reach it", slot);
  if (!extent.written || use == SlotUse::host_write) return std::nullopt;
  return refuse(place, "slot %d of host memory is read-only", slot);
}

Verdict check_extent(const PlanOp& op, const Extent& extent, size_t index, int64_t arena_bytes,
                     const std::vector<SlotRoom>& slots) {
  const PlanOperand& operand = op.operands[extent.operand];
  const std::string place = op_place(index, extent.name);
  if (!operand.present()) return refuse(place, "the operand is missing");
  if (operand.offset % extent.element_bytes != 0) {
    return refuse(place, "offset %" PRId64 " is not a multiple of %" PRId64, operand.offset,
                  extent.element_bytes);
  }
  if (extent.vector && operand.ld != 1) {
    return refuse(place, "ld of a vector must be 1, not %" PRId64, operand.ld);
  }
  if (!extent.vector && extent.rows > 1 && operand.ld < extent.cols) {
    return refuse(place, "ld %" PRId64 " is less than the %" PRId64 " columns", operand.ld, extent.cols);
  }
  if (operand.slot != kSlotArena) {
    const SlotUse use = slots[operand.slot].use;
    if (Verdict bad = check_use(op, extent, operand.slot, use, place)) return bad;
  }
  if (extent.indices && operand.slot == kSlotArena) {
    return refuse(place, "indices must lie in a resident object, not in the arena");
  }
  const int64_t room = operand.slot == kSlotArena ? arena_bytes : slots[operand.slot].bytes;
  const int64_t touched = touched_bytes(extent, operand.ld);
  if (touched > 0 && (operand.offset > room || touched > room - operand.offset)) {
    return refuse(place,
                  "[%" PRId64 ", %" PRId64 " rows x %" PRId64 " cols, ld %" PRId64 ") needs %" PRId64
                  " bytes behind its offset, %s %d has %" PRId64,
                  operand.offset, extent.rows, extent.cols, operand.ld, touched,
                  operand.slot == kSlotArena ? "the arena, slot" : "slot", operand.slot, room);
  }
  return std::nullopt;
}

}  // namespace

int64_t touched_bytes(const Extent& extent, int64_t ld) {
  if (extent.rows == 0 || extent.cols == 0) return 0;
  // below 2^31 * 2^31 elements; in bytes it could pass 2^63, so it saturates
  const unsigned __int128 elements = static_cast<unsigned __int128>(extent.rows - 1) *
                                         static_cast<unsigned __int128>(ld) +
                                     static_cast<unsigned __int128>(extent.cols);
  const unsigned __int128 bytes = elements * static_cast<unsigned __int128>(extent.element_bytes);
  return bytes > INT64_MAX ? INT64_MAX : static_cast<int64_t>(bytes);
}

Extents extents_of(const PlanOp& op) {
  Extents to;
  switch (op.kind) {
    case kGemm:
      add(to, kX, "a", op.m, op.k);
      add(to, kB, "b", op.k, op.n);
      add(to, kY, "c", op.m, op.n, true);
      add_epilogue(to, op, op.m, op.n);
      add_memory(to, op);
      break;
    case kSpmm:
      add_csr(to, op);
      add_vector(to, op, kValues, "values", op.nnz, false);
      add_vector(to, op, kColScale, "colScale", op.k, false);
      add_vector(to, op, kSelfWeight, "selfWeight", op.m, false);
      add(to, kX, "x", op.k, op.n);
      add(to, kY, "y", op.m, op.n, true);
      add_epilogue(to, op, op.m, op.n);
      add_memory(to, op);
      break;
    case kAggGemm:
      add_csr(to, op);
      add_vector(to, op, kValues, "values", op.nnz, false);
      add_vector(to, op, kColScale, "colScale", op.m, false);
      add_vector(to, op, kSelfWeight, "selfWeight", op.m, false);
      add(to, kX, "x", op.m, op.k);
      add(to, kB, "b", op.k, op.n);
      add(to, kY, "y", op.m, op.n, true);
      add_epilogue(to, op, op.m, op.n);
      add_memory(to, op);
      break;
    case kGat: {
      const int64_t cols = op.heads * op.head_width;
      add_csr(to, op);
      add(to, kX, "x", op.m, cols);
      add(to, kScoreSrc, "scoreSrc", op.m, op.heads);
      add(to, kScoreDst, "scoreDst", op.m, op.heads);
      const int64_t out = op.has(kFlagConcat) ? cols : op.head_width;
      add(to, kY, "y", op.m, out, true);
      add_epilogue(to, op, op.m, out);
      add_memory(to, op);
      break;
    }
    case kGatv2: {
      const int64_t cols = op.heads * op.head_width;
      add_csr(to, op);
      add(to, kX, "x", op.m, cols);
      add(to, kScoreDst, "target", op.m, cols);
      add_vector(to, op, kB, "att", cols, true);
      const int64_t out = op.has(kFlagConcat) ? cols : op.head_width;
      add(to, kY, "y", op.m, out, true);
      add_epilogue(to, op, op.m, out);
      add_memory(to, op);
      break;
    }
    case kDensify:
      add_csr(to, op);
      add_vector(to, op, kValues, "values", op.nnz, true);
      add(to, kY, "y", op.m, op.k, true);
      break;
    case kRowwise:
      add(to, kX, "x", op.m, op.n);
      add(to, kY, "y", op.m, op.n, true);
      add_epilogue(to, op, op.m, op.n);
      break;
    case kReadout:
      add_vector(to, op, kRows, "graphOffsets", op.count + 1, true, true);
      add(to, kX, "x", op.m, op.n);
      add(to, kY, "y", op.count, op.n, true);
      break;
    case kGather:
      add_vector(to, op, kRows, "rows", op.count, true, true);
      add(to, kX, "x", op.m, op.n);
      add(to, kY, "y", op.count, op.n, true);
      break;
    case kCopy:
    case kLogSoftmax:
      add(to, kX, "x", op.m, op.n);
      add(to, kY, "y", op.m, op.n, true);
      break;
  }
  for (int i = 0; i < to.count; i++) {
    to.list[i].element_bytes = element_bytes(op.operands[to.list[i].operand].storage);
  }
  return to;
}

Verdict decode_plan(const double* words, size_t count, NativePlan& plan) {
  if (count < kHeaderWords) return refuse("words", "%zu words are less than a header", count);
  if (words[kHeadMagic] != kMagic) return refuse("words", "not a plan: %.17g", words[kHeadMagic]);
  if (words[kHeadVersion] != kVersion) {
    return refuse("words", "version %.17g; this addon reads %d", words[kHeadVersion], kVersion);
  }
  if (!integer_between(words[kHeadOps], 0, kMaxOps) ||
      !integer_between(words[kHeadSlots], 0, kMaxSlots)) {
    return refuse("words", "%.17g ops and %.17g slots; at most %d and %d", words[kHeadOps],
                  words[kHeadSlots], kMaxOps, kMaxSlots);
  }
  const auto ops = static_cast<size_t>(words[kHeadOps]);
  if (count != kHeaderWords + ops * kOpWords) {
    return refuse("words", "%zu words; %zu ops take %zu", count, ops, kHeaderWords + ops * kOpWords);
  }
  plan.slots = static_cast<int>(words[kHeadSlots]);
  if (!integer_between(words[kHeadOutputOffset], 0, kMaxInteger) ||
      !integer_between(words[kHeadOutputRows], 0, kMaxDimension) ||
      !integer_between(words[kHeadOutputCols], 0, kMaxDimension) ||
      !integer_between(words[kHeadOutputSlot], kSlotArena, plan.slots - 1)) {
    return refuse("output", "slot %.17g, offset %.17g, %.17g rows, %.17g cols", words[kHeadOutputSlot],
                  words[kHeadOutputOffset], words[kHeadOutputRows], words[kHeadOutputCols]);
  }
  plan.output_slot = static_cast<int>(words[kHeadOutputSlot]);
  plan.output_offset = static_cast<int64_t>(words[kHeadOutputOffset]);
  plan.output_rows = static_cast<int64_t>(words[kHeadOutputRows]);
  plan.output_cols = static_cast<int64_t>(words[kHeadOutputCols]);
  plan.ops.resize(ops);
  for (size_t i = 0; i < ops; i++) {
    const double* base = words + kHeaderWords + i * kOpWords;
    if (Verdict bad = decode_op(base, i, plan.slots, plan.ops[i])) return bad;
    if (Verdict bad = check_rules(plan.ops[i], i)) return bad;
  }
  return std::nullopt;
}

Verdict check_extents(const NativePlan& plan, int64_t arena_bytes,
                      const std::vector<SlotRoom>& slots) {
  for (size_t i = 0; i < plan.ops.size(); i++) {
    const Extents extents = extents_of(plan.ops[i]);
    for (int j = 0; j < extents.count; j++) {
      Verdict bad = check_extent(plan.ops[i], extents.list[j], i, arena_bytes, slots);
      if (bad) return bad;
    }
  }
  const Extent output{0, "output", 1, 0, true, false, false, true};
  Extent whole = output;
  whole.rows = plan.output_rows;
  whole.cols = plan.output_cols;
  const int64_t bytes = touched_bytes(whole, plan.output_cols);
  const bool in_arena = plan.output_slot == kSlotArena;
  if (!in_arena && slots[plan.output_slot].use != SlotUse::host_write) {
    return refuse("output", "slot %d is not host memory that the plan may write", plan.output_slot);
  }
  const int64_t room = in_arena ? arena_bytes : slots[plan.output_slot].bytes;
  if (plan.output_offset % 4 != 0 || plan.output_offset > room ||
      bytes > room - plan.output_offset) {
    return refuse("output", "%" PRId64 " bytes at offset %" PRId64 " leave %s of %" PRId64, bytes,
                  plan.output_offset, in_arena ? "the arena" : "host memory", room);
  }
  return std::nullopt;
}

}  // namespace gnnsched
