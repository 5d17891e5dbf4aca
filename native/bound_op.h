// An operator of a plan with its memory: what the kernels of the CPU and of a GPU are told.
#pragma once
#include "common/op_args.h"
#include "engine.h"

namespace gnnsched {

class BoundOp {
 public:
  BoundOp(const PlanOp& op, const Binding& binding) : op_(op), binding_(binding) {}

  // null where the operand is absent; whatever its storage
  float* floats(int operand) const { return reinterpret_cast<float*>(at(operand)); }
  const int32_t* ints(int operand) const { return reinterpret_cast<const int32_t*>(at(operand)); }
  int64_t ld(int operand) const { return op_.operands[operand].ld; }
  Storage storage(int operand) const { return op_.operands[operand].storage; }

  // Where the host reads the indices of a resident operand.
  IndexRange range(int operand) const {
    const PlanOperand& o = op_.operands[operand];
    const Binding::Slot& slot = binding_.slots[o.slot];
    return {slot.grant, o.offset, reinterpret_cast<const int32_t*>(slot.host + o.offset)};
  }

  GemmArgs gemm() const;
  SpmmArgs spmm() const;
  AggGemmArgs agg_gemm() const;
  GatArgs gat() const;  // of both kinds of attention
  DensifyArgs densify() const;
  RowwiseArgs rowwise() const;
  ReadoutArgs readout() const;
  GatherArgs gather() const;
  LogSoftmaxArgs log_softmax() const;
  CopyArgs copy() const;

  // Whether the operand lies in memory of the host that is no device's.
  bool on_host(int operand) const {
    const int slot = op_.operands[operand].slot;
    return slot >= 0 && binding_.slots[static_cast<size_t>(slot)].on_host();
  }

 private:
  Epilogue epilogue() const;
  uint8_t* at(int operand) const {
    const PlanOperand& o = op_.operands[operand];
    if (!o.present()) return nullptr;
    return (o.slot == words::kSlotArena ? binding_.arena : binding_.slots[o.slot].data) + o.offset;
  }
  const PlanOp& op_;
  const Binding& binding_;
};

// Whether the indices stored in the residents of every operator stay within their matrices.
Verdict check_all_indices(const NativePlan& plan, const Binding& binding, IndexChecks& checks);

// Whether all matrices are float32 and all products at its grade.
Verdict check_float32(const NativePlan& plan);

// What the operators that ran have touched.
class Touched {
 public:
  explicit Touched(const Binding& binding)
      : binding_(binding), slots_(binding.slots.size(), false) {}
  void count(const PlanOp& op);
  void count_output(const NativePlan& plan);
  // Bytes of the residents that were read, and the end of the arena's last touched byte.
  int64_t resident_bytes() const;
  int64_t arena_end() const { return arena_end_; }

 private:
  const Binding& binding_;
  int64_t arena_end_ = 0;
  std::vector<bool> slots_;
};

// Of what lies in the arena once the plan has run: the rest is where it belongs.
inline int64_t output_bytes(const NativePlan& plan) {
  return plan.output_slot == words::kSlotArena ? plan.output_rows * plan.output_cols * 4 : 0;
}

}  // namespace gnnsched
