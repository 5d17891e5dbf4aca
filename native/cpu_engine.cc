// The CPU as an engine: see cpu_engine.h.
#include "cpu_engine.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "bound_op.h"

namespace gnnsched {

namespace {

using namespace words;

constexpr size_t kHugePage = size_t{2} << 20;

void copy_rows(const CopyArgs& c) {
  const auto row = static_cast<size_t>(c.n) * sizeof(float);
  if (c.ldx == c.n && c.ldy == c.n) {
    std::memcpy(c.y, c.x, static_cast<size_t>(c.m) * row);
    return;
  }
  for (int64_t r = 0; r < c.m; r++) std::memcpy(c.y + r * c.ldy, c.x + r * c.ldx, row);
}

// A fused layer is a kernel of GPUs.
Verdict check_kinds(const NativePlan& plan) {
  for (size_t i = 0; i < plan.ops.size(); i++) {
    if (plan.ops[i].kind == kAggGemm) {
      return refuse("ops[" + std::to_string(i) + "].kind",
                    "aggGemm: the plan was made for another device");
    }
  }
  return std::nullopt;
}

}  // namespace

Verdict CpuEngine::open(int64_t budget_bytes, int64_t warm_bytes) {
  budget_bytes_ = budget_bytes / kAlign * kAlign;
  mapped_bytes_ = static_cast<size_t>(budget_bytes_) + kHugePage;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#ifdef MAP_NORESERVE
  flags |= MAP_NORESERVE;
#endif
  void* mapping = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (mapping == MAP_FAILED) {
    return refuse("pool", "mmap of %zu bytes failed: %s", mapped_bytes_, std::strerror(errno));
  }
  mapping_ = mapping;
  const auto address = reinterpret_cast<uintptr_t>(mapping);
  base_ = reinterpret_cast<uint8_t*>((address + kHugePage - 1) / kHugePage * kHugePage);
#ifdef MADV_HUGEPAGE
  // fewer page faults and TLB misses; a kernel without huge pages says no, and nothing is lost
  (void)madvise(base_, static_cast<size_t>(budget_bytes_), MADV_HUGEPAGE);
#endif
  toucher_.start(base_, static_cast<size_t>(std::min(warm_bytes, budget_bytes_)));
  return std::nullopt;
}

CpuEngine::~CpuEngine() {
  toucher_.end();  // before its memory is gone
  if (mapping_ != nullptr) munmap(mapping_, mapped_bytes_);
}

Outcome CpuEngine::copy_in(uint8_t* to, const uint8_t* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
  return {};
}

void CpuEngine::run_op(const PlanOp& op, const Binding& binding) const {
  const BoundOp bound(op, binding);
  switch (op.kind) {
    case kGemm: kernels_->gemm(bound.gemm()); break;
    case kSpmm: kernels_->spmm(bound.spmm()); break;
    case kAggGemm: break;  // refused before anything runs
    case kGat:
    case kGatv2: kernels_->gat(bound.gat()); break;
    case kDensify: kernels_->densify(bound.densify()); break;
    case kRowwise: kernels_->rowwise(bound.rowwise()); break;
    case kReadout: kernels_->readout(bound.readout()); break;
    case kGather: kernels_->gather(bound.gather()); break;
    case kLogSoftmax: kernels_->log_softmax(bound.log_softmax()); break;
    case kCopy: copy_rows(bound.copy()); break;
  }
}

// End of the last block of kAlign bytes that is not all paint.
int64_t CpuEngine::painted_end(const Binding& binding) const {
  uint8_t paint[kAlign];
  std::memset(paint, 0xff, sizeof paint);
  int64_t end = binding.arena_bytes;
  while (end > 0 && std::memcmp(binding.arena + end - kAlign, paint, sizeof paint) == 0) {
    end -= kAlign;
  }
  return end;
}

void CpuEngine::run(const RunRequest& request, RunResult& result) {
  toucher_.stop();  // the cores are for the lanes now
  const NativePlan& plan = *request.plan;
  const Binding& binding = *request.binding;
  if (paint_ && request.first_op == 0) std::memset(binding.arena, 0xff, static_cast<size_t>(binding.arena_bytes));
  const double start = steady_ms();
  Verdict bad = check_kinds(plan);
  if (!bad) bad = check_float32(plan);
  if (!bad) bad = check_all_indices(plan, binding, checks());
  if (bad) {
    result.failure = Failure::refused;
    result.why = *bad;
    return;
  }
  Touched touched(binding);
  for (size_t i = 0; i < request.first_op; i++) touched.count(plan.ops[i]);
  result.ops_done = static_cast<int64_t>(request.first_op);
  request.progress->tell(result.ops_done);
  for (size_t i = request.first_op; i < plan.ops.size(); i++) {
    if (request.cancel->load(std::memory_order_relaxed)) {
      result.cancelled = true;
      break;
    }
    result.op_times.push_back(steady_ms() - start);
    run_op(plan.ops[i], binding);
    result.op_times.push_back(steady_ms() - start);
    touched.count(plan.ops[i]);
    request.progress->tell(++result.ops_done);
  }
  if (!result.cancelled && output_bytes(plan) > 0) {
    std::memcpy(request.output, binding.arena + plan.output_offset,
                static_cast<size_t>(output_bytes(plan)));
    touched.count_output(plan);
  }
  const int64_t arena_end =
      paint_ ? painted_end(binding) : (touched.arena_end() + kAlign - 1) / kAlign * kAlign;
  result.measured_peak_bytes = arena_end + touched.resident_bytes();
  result.run_ms = steady_ms() - start;
}

}  // namespace gnnsched
