// One lane of a GPU for one class of plans, ordinary or urgent: a stream, and the events and graphs that
// its plans use again and again. Used by the lane's thread alone.
#pragma once
#include <cuda_runtime_api.h>

#include <list>
#include <vector>

#include "cuda/op_slices.h"
#include "cuda/sm_partition.h"
#include "engine.h"

namespace gnnsched {

// What a lane is to run.
struct LaneRun {
  const NativePlan& plan;
  const Binding& binding;
  size_t first_op;
  bool tensor_cores;
  PlanSlices slices;
};

// A plan that was captured: a graph per piece, with the memory they were captured for.
struct CapturedPlan {
  std::vector<uint64_t> identity;  // of the plan without its memory
  std::vector<uint64_t> memory;    // the addresses and ranges that the graphs hold
  std::vector<cudaGraphExec_t> graphs;
};

class CudaLane {
 public:
  explicit CudaLane(GpuCounts& counts) : counts_(&counts) {}
  ~CudaLane();
  CudaLane(const CudaLane&) = delete;
  CudaLane& operator=(const CudaLane&) = delete;

  // In a context of its own where the multiprocessors are shared out.
  Verdict open(bool urgent, const GreenContext* context);

  cudaStream_t stream() const { return stream_; }

  // Events that can be timed; there are at least `count` from now on.
  cudaError_t reserve_events(size_t count);
  cudaEvent_t event(size_t index) const { return events_[index]; }

  cudaError_t launch(const LaneRun& run, const Piece& piece) const {
    return launch(run, piece, stream_);
  }

  // The plan as graphs for this memory: kept ones where plan and memory are the same, kept ones with
  // new addresses where the plan is, new ones else.
  cudaError_t capture(const LaneRun& run, const CapturedPlan*& captured);

 private:
  cudaError_t launch(const LaneRun& run, const Piece& piece, cudaStream_t stream) const;
  cudaError_t capture_piece(const LaneRun& run, const Piece& piece, cudaGraphExec_t& kept);
  // The graphs from this piece on.
  static void release(CapturedPlan& plan, size_t from);

  GpuCounts* counts_;
  cudaStream_t stream_ = nullptr;
  cudaStream_t capture_stream_ = nullptr;
  std::vector<cudaEvent_t> events_;
  std::list<CapturedPlan> plans_;  // the most recently used first
};

}  // namespace gnnsched
