// One lane of a GPU: see cuda_lane.h.
#include "cuda/cuda_lane.h"

#include <algorithm>
#include <cstring>

#include "cuda/cuda_error.h"
#include "cuda/cuda_ops.h"

namespace gnnsched {

namespace {

// Kept per lane: each costs some tens of kilobytes of host memory and a little of the device's.
constexpr size_t kMaxPlans = 64;

void add(std::vector<uint64_t>& to, int64_t value) { to.push_back(static_cast<uint64_t>(value)); }

void add(std::vector<uint64_t>& to, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  to.push_back(bits);
}

// Everything that decides which kernels run with which scalars.
std::vector<uint64_t> identity_of(const NativePlan& plan, size_t first_op) {
  std::vector<uint64_t> words{first_op};
  words.reserve(plan.ops.size() * 64);
  for (const PlanOp& op : plan.ops) {
    for (const int64_t value : {int64_t{op.kind}, op.m, op.k, op.n, op.nnz, op.heads,
                                op.head_width, op.count, int64_t{op.flags}, int64_t{op.reduce},
                                int64_t{op.activation}, op.row_work_words, op.scratch_words}) {
      add(words, value);
    }
    for (const double value : {op.parameter, op.self_coefficient, op.negative_slope}) {
      add(words, value);
    }
    for (const PlanOperand& operand : op.operands) {
      add(words, int64_t{operand.slot});
      add(words, operand.offset);
      add(words, operand.ld);
    }
  }
  return words;
}

// Addresses, and what else grids depend on: the sizes of work lists and where they are cut.
std::vector<uint64_t> memory_of(const NativePlan& plan, const Binding& binding,
                                const PlanSlices& slices) {
  std::vector<uint64_t> words{reinterpret_cast<uint64_t>(binding.arena)};
  for (const Binding::Slot& slot : binding.slots) {
    words.push_back(reinterpret_cast<uint64_t>(slot.data));
  }
  for (const PlanOp& op : plan.ops) {
    if (!op.operands[words::kRowWork].present()) continue;
    const int32_t* counts = BoundOp(op, binding).range(words::kRowWork).data;
    for (int i = 0; i < 3; i++) add(words, int64_t{counts[i]});
  }
  for (const Piece& piece : slices.pieces) words.push_back(piece.end);
  for (const OpSlice& slice : slices.slices) {
    for (const int64_t value : {slice.begin, slice.end, slice.heavy_begin, slice.heavy_end}) {
      add(words, value);
    }
  }
  return words;
}

}  // namespace

Verdict CudaLane::open(bool urgent, const GreenContext* context) {
  int least = 0, greatest = 0;
  if (cudaError_t bad = cudaDeviceGetStreamPriorityRange(&least, &greatest)) {
    return cuda_refusal("lanes", bad);
  }
  const int priority = urgent ? greatest : least;
  for (cudaStream_t* stream : {&stream_, &capture_stream_}) {
    if (context != nullptr) {
      const std::string why = context->make_stream(priority, *stream);
      if (!why.empty()) return refuse("lanes", "%s", why.c_str());
    } else if (cudaError_t bad =
                   cudaStreamCreateWithPriority(stream, cudaStreamNonBlocking, priority)) {
      return cuda_refusal("lanes", bad);
    }
  }
  return std::nullopt;
}

CudaLane::~CudaLane() {
  for (CapturedPlan& plan : plans_) release(plan, 0);
  for (cudaEvent_t event : events_) (void)cudaEventDestroy(event);
  for (cudaStream_t stream : {stream_, capture_stream_}) {
    if (stream != nullptr) (void)cudaStreamDestroy(stream);
  }
}

cudaError_t CudaLane::reserve_events(size_t count) {
  while (events_.size() < count) {
    cudaEvent_t event = nullptr;
    if (cudaError_t bad = cudaEventCreateWithFlags(&event, cudaEventDefault)) return bad;
    events_.push_back(event);
  }
  return cudaSuccess;
}

void CudaLane::release(CapturedPlan& plan, size_t from) {
  for (size_t i = from; i < plan.graphs.size(); i++) {
    if (plan.graphs[i] != nullptr) (void)cudaGraphExecDestroy(plan.graphs[i]);
  }
  plan.graphs.resize(std::min(from, plan.graphs.size()));
}

cudaError_t CudaLane::launch(const LaneRun& run, const Piece& piece, cudaStream_t stream) const {
  for (size_t i = piece.begin; i < piece.end; i++) {
    const OpSlice& slice = run.slices.slices[i];
    if (cudaError_t bad = launch_slice(run.plan.ops[slice.op], slice, run.binding,
                                       run.tensor_cores, stream)) {
      return bad;
    }
  }
  return cudaSuccess;
}

cudaError_t CudaLane::capture_piece(const LaneRun& run, const Piece& piece,
                                    cudaGraphExec_t& kept) {
  cudaError_t bad = cudaStreamBeginCapture(capture_stream_, cudaStreamCaptureModeThreadLocal);
  if (bad != cudaSuccess) return bad;
  const cudaError_t launched = launch(run, piece, capture_stream_);
  cudaGraph_t graph = nullptr;
  bad = cudaStreamEndCapture(capture_stream_, &graph);
  if (launched != cudaSuccess) bad = launched;
  if (bad == cudaSuccess && kept != nullptr) {
    cudaGraphExecUpdateResultInfo info{};
    if (cudaGraphExecUpdate(kept, graph, &info) == cudaSuccess) {
      counts_->graphs_updated++;
    } else {
      // another shape of graph than before: a work list of other lengths may launch other kernels
      (void)cudaGetLastError();
      (void)cudaGraphExecDestroy(kept);
      kept = nullptr;
    }
  }
  if (bad == cudaSuccess && kept == nullptr) {
    bad = cudaGraphInstantiate(&kept, graph, 0);
    counts_->graphs_made++;
  }
  if (graph != nullptr) (void)cudaGraphDestroy(graph);
  return bad;
}

cudaError_t CudaLane::capture(const LaneRun& run, const CapturedPlan*& captured) {
  const std::vector<uint64_t> identity = identity_of(run.plan, run.first_op);
  auto at = plans_.begin();
  while (at != plans_.end() && at->identity != identity) ++at;
  if (at == plans_.end()) {
    if (plans_.size() == kMaxPlans) {
      release(plans_.back(), 0);
      plans_.pop_back();
    }
    plans_.push_front({identity, {}, {}});
  } else {
    plans_.splice(plans_.begin(), plans_, at);
  }
  CapturedPlan& mine = plans_.front();
  captured = &mine;
  std::vector<uint64_t> memory = memory_of(run.plan, run.binding, run.slices);
  if (mine.memory == memory) return cudaSuccess;
  mine.memory.clear();  // until every piece is right
  const auto& pieces = run.slices.pieces;
  release(mine, pieces.size());
  mine.graphs.resize(pieces.size(), nullptr);
  for (size_t i = 0; i < pieces.size(); i++) {
    if (cudaError_t bad = capture_piece(run, pieces[i], mine.graphs[i])) return bad;
  }
  mine.memory = std::move(memory);
  return cudaSuccess;
}

}  // namespace gnnsched
