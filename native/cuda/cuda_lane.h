// One lane of a GPU: a stream for ordinary and one for urgent plans, and the events and graphs that
// its plans use again and again. Used by the lane's thread alone.
#pragma once
#include <cuda_runtime_api.h>

#include <list>
#include <vector>

#include "bound_op.h"

namespace gnnsched {

// A plan that was captured: graphs of consecutive operators with the memory they were captured for.
struct CapturedPlan {
  std::vector<uint64_t> identity;  // of the plan without its memory
  std::vector<uint64_t> memory;    // the addresses that the graphs hold
  struct Piece {
    size_t first_op, end_op;
    cudaGraphExec_t graph;
  };
  std::vector<Piece> pieces;
};

class CudaLane {
 public:
  CudaLane() = default;
  ~CudaLane();
  CudaLane(const CudaLane&) = delete;
  CudaLane& operator=(const CudaLane&) = delete;

  cudaError_t open();

  cudaStream_t stream(int64_t priority) const { return streams_[priority > 0 ? 1 : 0]; }

  // Events that can be timed; there are at least `count` from now on.
  cudaError_t reserve_events(size_t count);
  cudaEvent_t event(size_t index) const { return events_[index]; }

  // The plan as graphs for this memory: kept ones where plan and memory are the same, kept ones with
  // new addresses where the plan is, new ones else.
  cudaError_t capture(const NativePlan& plan, const Binding& binding, bool tensor_cores,
                      const CapturedPlan*& captured);

 private:
  cudaError_t capture_piece(const NativePlan& plan, const Binding& binding, bool tensor_cores,
                            CapturedPlan::Piece& piece);
  static void release(CapturedPlan& plan);

  cudaStream_t streams_[2] = {nullptr, nullptr};
  cudaStream_t capture_stream_ = nullptr;
  std::vector<cudaEvent_t> events_;
  std::list<CapturedPlan> plans_;  // the most recently used first
};

}  // namespace gnnsched
