// A GPU as an engine, and which GPUs there are. Declared for every build: one without CUDA answers
// with the reason (no_cuda.cc).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine.h"

namespace gnnsched {

struct GpuInfo {
  std::string name;
  std::string compute_capability;  // "9.0"
  int64_t memory_bytes;
  std::string driver;  // the newest CUDA it runs, "13.0"
  std::string no_sm_shares;  // why its multiprocessors cannot be shared out; empty when they can
};

struct GpuList {
  std::vector<GpuInfo> gpus;
  std::string reason;  // why there is none; empty when there is one
};

// Touches no GPU's memory: nothing is taken on those that are not opened.
GpuList list_gpus();

// What could be had of it now; takes what the driver needs for this process. -1 when it cannot be told.
int64_t gpu_free_bytes(int gpu);

struct CudaSettings {
  int gpu;
  int lanes;
  int64_t budget_bytes;
  // For tests: fill the arena with NaN before a run; afterwards whatever no operator owns must still
  // be NaN.
  bool paint;
  // Times of single operators, by events between them. Without, a plan runs as CUDA graphs.
  bool op_timings;
  // For tests: the work between two moments at which a plan can stop; 0: by the speed of a copy.
  int64_t slice_bytes;
  // Of the multiprocessors, for plans with a priority above 0 alone; 0: none are set apart.
  double sm_share;
};

Verdict open_cuda(const CudaSettings& settings, std::unique_ptr<Engine>& engine);

}  // namespace gnnsched
