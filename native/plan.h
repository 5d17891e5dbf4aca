// A plan as the native side sees it: decoded from words, every extent checked against the memory
// it is bound to. What passes here can be run without touching a byte outside its grants; that the
// column and row indices stored in that memory are in range is checked by index_checks.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/op_args.h"
#include "plan_words.h"
#include "refusal.h"

namespace gnnsched {

struct PlanOperand {
  int slot = words::kSlotAbsent;
  int64_t offset = 0;
  int64_t ld = 0;
  Storage storage = Storage::f32;
  bool present() const { return slot != words::kSlotAbsent; }
};

struct PlanOp {
  int kind;
  int64_t m, k, n, nnz, heads, head_width, count;
  int64_t row_work_words, scratch_words;
  int flags;
  int reduce;
  int activation;
  int products;
  double parameter, self_coefficient, negative_slope;
  PlanOperand operands[words::kOperands];
  bool has(int flag) const { return (flags & flag) != 0; }
};

struct NativePlan {
  std::vector<PlanOp> ops;
  int slots = 0;
  int output_slot = words::kSlotArena;
  int64_t output_offset = 0, output_rows = 0, output_cols = 0;
};

// The rows and columns of an operand that an operator touches.
struct Extent {
  int operand;
  const char* name;
  int64_t rows, cols;
  bool vector;   // contiguous: rows == 1
  bool indices;  // int32; must lie in a resident object
  bool written;  // must lie in the arena, or in host memory that is the task's own
  bool needed;
  int64_t element_bytes = 4;
};

constexpr int kMaxExtents = words::kOperands;
struct Extents {
  Extent list[kMaxExtents];
  int count = 0;
};

// Bytes from the operand's offset to the end of what is touched; 0 if nothing is.
int64_t touched_bytes(const Extent& extent, int64_t ld);

// Every operand of an op that its kernel may touch.
Extents extents_of(const PlanOp& op);

Verdict decode_plan(const double* words, size_t count, NativePlan& plan);

// Who may touch a slot: device memory is read by every operator, host memory by copies alone.
enum class SlotUse { device, host_read, host_write };

// What a slot is bound to: bytes that were uploaded to a grant, or an array of the host.
struct SlotRoom {
  int64_t bytes;
  SlotUse use = SlotUse::device;
};

Verdict check_extents(const NativePlan& plan, int64_t arena_bytes,
                      const std::vector<SlotRoom>& slots);

}  // namespace gnnsched
