// The CPU as an engine: one mapping of memory, plans run by the calling thread, operator by operator.
#pragma once
#include <cstddef>

#include "cpu/kernels.h"
#include "engine.h"
#include "page_toucher.h"

namespace gnnsched {

class CpuEngine final : public Engine {
 public:
  // `paint`: fill the arena with NaN before a run, take the last touched block as its high-water mark.
  CpuEngine(const KernelTable* kernels, bool paint) : kernels_(kernels), paint_(paint) {}
  ~CpuEngine() override;

  // Reserves the address range. Pages come with their first use, those of the first `warm_bytes` until
  // the first run without one.
  Verdict open(int64_t budget_bytes, int64_t warm_bytes);

  uint8_t* base() override { return base_; }
  int64_t budget_bytes() const override { return budget_bytes_; }
  int64_t align() const override { return kAlign; }
  std::string isa() const override { return kernels_->isa; }
  bool pool_is_host() const override { return true; }
  bool tells_progress() const override { return true; }
  int64_t overhead_bytes() const override { return 0; }
  Outcome copy_in(uint8_t* to, const uint8_t* from, size_t bytes) override;
  void run(const RunRequest& request, RunResult& result) override;

 private:
  static constexpr int64_t kAlign = 64;
  void run_op(const PlanOp& op, const Binding& binding) const;
  int64_t painted_end(const Binding& binding) const;

  const KernelTable* kernels_;
  bool paint_;
  void* mapping_ = nullptr;
  size_t mapped_bytes_ = 0;
  uint8_t* base_ = nullptr;
  int64_t budget_bytes_ = 0;
  PageToucher toucher_;
};

}  // namespace gnnsched
