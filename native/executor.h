// Runs one bound plan on the calling thread, operator by operator, and reports what it touched.
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>

#include "cpu/kernels.h"
#include "index_checks.h"
#include "plan.h"

namespace gnnsched {

// Memory a plan runs in: the arena and one range per resident slot.
struct Binding {
  uint8_t* arena;
  int64_t arena_bytes;
  struct Slot {
    int64_t grant;
    uint8_t* data;
    int64_t bytes;  // of the grant: a multiple of kAlign
  };
  std::vector<Slot> slots;
};

struct RunResult {
  Verdict refused = std::nullopt;
  int64_t ops_done = 0;
  bool cancelled = false;
  double run_ms = 0;
  int64_t measured_peak_bytes = 0;
  std::vector<double> op_times;  // start, end per finished op; room reserved before the run
};

struct RunOptions {
  const KernelTable* kernels;
  IndexChecks* checks;
  const std::atomic<bool>* cancel;
  // Fill the arena with NaN before, take the last touched block as its high-water mark after.
  bool paint;
};

void run_plan(const NativePlan& plan, const Binding& binding, const RunOptions& options,
              float* output, RunResult& result);

}  // namespace gnnsched
