// One lane of a GPU: see cuda_lane.h.
#include "cuda/cuda_lane.h"

#include <cstring>

#include "cuda/cuda_ops.h"

namespace gnnsched {

namespace {

// Kept per lane: each costs some tens of kilobytes of host memory and a little of the device's.
constexpr size_t kMaxPlans = 64;

// Between two pieces a run can be stopped. As many bytes as a GPU moves in about 250 microseconds at
// 1 TB/s, so that a cancelled plan gives its lane back within that order of time.
constexpr int64_t kPieceBytes = int64_t{256} << 20;

void add(std::vector<uint64_t>& to, int64_t value) { to.push_back(static_cast<uint64_t>(value)); }

void add(std::vector<uint64_t>& to, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  to.push_back(bits);
}

// Everything that decides which kernels run with which scalars.
std::vector<uint64_t> identity_of(const NativePlan& plan) {
  std::vector<uint64_t> words;
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

// Addresses, and the sizes of work lists, which grids depend on.
std::vector<uint64_t> memory_of(const NativePlan& plan, const Binding& binding) {
  std::vector<uint64_t> words{reinterpret_cast<uint64_t>(binding.arena)};
  for (const Binding::Slot& slot : binding.slots) {
    words.push_back(reinterpret_cast<uint64_t>(slot.data));
  }
  for (const PlanOp& op : plan.ops) {
    if (!op.operands[words::kRowWork].present()) continue;
    const int32_t* counts = BoundOp(op, binding).range(words::kRowWork).data;
    for (int i = 0; i < 3; i++) add(words, int64_t{counts[i]});
  }
  return words;
}

int64_t bytes_of(const PlanOp& op) {
  int64_t bytes = 0;
  const Extents extents = extents_of(op);
  for (int i = 0; i < extents.count; i++) {
    bytes += touched_bytes(extents.list[i], op.operands[extents.list[i].operand].ld);
  }
  return bytes;
}

std::vector<CapturedPlan::Piece> pieces_of(const NativePlan& plan) {
  std::vector<CapturedPlan::Piece> pieces;
  int64_t bytes = 0;
  for (size_t i = 0; i < plan.ops.size(); i++) {
    const int64_t own = bytes_of(plan.ops[i]);
    if (pieces.empty() || bytes + own > kPieceBytes) {
      pieces.push_back({i, i, nullptr});
      bytes = 0;
    }
    bytes += own;
    pieces.back().end_op = i + 1;
  }
  return pieces;
}

}  // namespace

cudaError_t CudaLane::open() {
  int least = 0, greatest = 0;
  if (cudaError_t bad = cudaDeviceGetStreamPriorityRange(&least, &greatest)) return bad;
  for (const int urgent : {0, 1}) {
    const int priority = urgent == 1 ? greatest : least;
    if (cudaError_t bad =
            cudaStreamCreateWithPriority(&streams_[urgent], cudaStreamNonBlocking, priority)) {
      return bad;
    }
  }
  return cudaStreamCreateWithFlags(&capture_stream_, cudaStreamNonBlocking);
}

CudaLane::~CudaLane() {
  for (CapturedPlan& plan : plans_) release(plan);
  for (cudaEvent_t event : events_) (void)cudaEventDestroy(event);
  for (cudaStream_t stream : {streams_[0], streams_[1], capture_stream_}) {
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

void CudaLane::release(CapturedPlan& plan) {
  for (CapturedPlan::Piece& piece : plan.pieces) {
    if (piece.graph != nullptr) (void)cudaGraphExecDestroy(piece.graph);
    piece.graph = nullptr;
  }
}

cudaError_t CudaLane::capture_piece(const NativePlan& plan, const Binding& binding,
                                    bool tensor_cores, CapturedPlan::Piece& piece) {
  cudaError_t bad = cudaStreamBeginCapture(capture_stream_, cudaStreamCaptureModeThreadLocal);
  if (bad != cudaSuccess) return bad;
  cudaError_t launched = cudaSuccess;
  for (size_t i = piece.first_op; i < piece.end_op && launched == cudaSuccess; i++) {
    launched = launch_op(plan.ops[i], binding, tensor_cores, capture_stream_);
  }
  cudaGraph_t graph = nullptr;
  bad = cudaStreamEndCapture(capture_stream_, &graph);
  if (launched != cudaSuccess) bad = launched;
  if (bad == cudaSuccess && piece.graph != nullptr) {
    cudaGraphExecUpdateResultInfo info{};
    if (cudaGraphExecUpdate(piece.graph, graph, &info) != cudaSuccess) {
      // another shape of graph than before: a work list of other lengths may launch other kernels
      (void)cudaGetLastError();
      (void)cudaGraphExecDestroy(piece.graph);
      piece.graph = nullptr;
    }
  }
  if (bad == cudaSuccess && piece.graph == nullptr) {
    bad = cudaGraphInstantiate(&piece.graph, graph, 0);
  }
  if (graph != nullptr) (void)cudaGraphDestroy(graph);
  return bad;
}

cudaError_t CudaLane::capture(const NativePlan& plan, const Binding& binding, bool tensor_cores,
                              const CapturedPlan*& captured) {
  const std::vector<uint64_t> identity = identity_of(plan);
  auto at = plans_.begin();
  while (at != plans_.end() && at->identity != identity) ++at;
  if (at == plans_.end()) {
    if (plans_.size() == kMaxPlans) {
      release(plans_.back());
      plans_.pop_back();
    }
    plans_.push_front({identity, {}, pieces_of(plan)});
  } else {
    plans_.splice(plans_.begin(), plans_, at);
  }
  CapturedPlan& mine = plans_.front();
  captured = &mine;
  std::vector<uint64_t> memory = memory_of(plan, binding);
  if (mine.memory == memory) return cudaSuccess;
  mine.memory.clear();  // until every piece is right
  for (CapturedPlan::Piece& piece : mine.pieces) {
    if (cudaError_t bad = capture_piece(plan, binding, tensor_cores, piece)) return bad;
  }
  mine.memory = std::move(memory);
  return cudaSuccess;
}

}  // namespace gnnsched
