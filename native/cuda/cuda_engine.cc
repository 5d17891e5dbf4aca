// A GPU as an engine: see cuda_engine.h.
#include "cuda/cuda_engine.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstring>

#include "bound_op.h"
#include "cuda/cuda_error.h"
#include "cuda/copy_speed.h"
#include "cuda/cuda_lane.h"
#include "cuda/cuda_ops.h"
#include "cuda/sm_partition.h"
#include "cuda/staging.h"

namespace gnnsched {

namespace {

constexpr int64_t kAlign = 256;  // what a memory transaction of a warp and cp.async like best

// Pieces of a plan that are enqueued at once: the next one waits on the device when one ends.
constexpr size_t kAhead = 2;

// A stop waits for what is enqueued.
constexpr double kStopMs = 0.25;

// Transfers of pageable memory are not captured: their plans run operator by operator.
bool reaches_host(const Binding& binding) {
  return std::any_of(binding.slots.begin(), binding.slots.end(),
                     [](const Binding::Slot& slot) { return slot.on_host(); });
}

// One plan on one lane.
class CudaRun {
 public:
  CudaRun(const RunRequest& request, CudaLane& lane, bool tensor_cores, double piece_bytes,
          GpuCounts& counts, RunResult& result)
      : request_(request),
        lane_(lane),
        stream_(lane.stream()),
        run_{*request.plan, *request.binding, request.first_op, tensor_cores,
             slice_plan(*request.plan, *request.binding, request.first_op, piece_bytes)},
        counts_(counts),
        result_(result),
        touched_(*request.binding) {
    for (size_t i = 0; i < request.first_op; i++) done(i);
  }

  // One slice after the other, with the times of operators by events between them.
  void timed();
  void graphs();
  void paint();
  // Reads the arena back; a byte that no operator owns must still be paint.
  void check_paint();
  void copy_output();
  void finish();

 private:
  bool cancelled() {
    if (!request_.cancel->load(std::memory_order_relaxed)) return false;
    result_.cancelled = true;
    return true;
  }
  bool failed() const { return result_.failure != Failure::none; }
  // False when the call went wrong; the first failure is kept.
  bool ok(const std::string& place, cudaError_t error) {
    if (error == cudaSuccess) return true;
    if (!failed()) {
      result_.why = cuda_refusal(place, error);
      result_.failure = failure_of(error);
    }
    return false;
  }
  std::string place_of(const Piece& piece) const {
    return "ops[" + std::to_string(run_.slices.slices[piece.begin].op) + "]";
  }
  // Starts the pieces by `launch`, kAhead of them at once, until there are none or the plan is cancelled.
  template <class Launch>
  void pieces(const Launch& launch);
  cudaError_t launch_timed(const Piece& piece);
  void done(const Piece& piece) {
    for (size_t i = piece.begin; i < piece.end; i++) {
      const OpSlice& slice = run_.slices.slices[i];
      if (slice.ends) done(slice.op);
    }
  }
  void done(size_t op) {
    touched_.count(request_.plan->ops[op]);
    result_.ops_done++;
  }

  const RunRequest& request_;
  CudaLane& lane_;
  cudaStream_t stream_;
  LaneRun run_;
  GpuCounts& counts_;
  RunResult& result_;
  Touched touched_;
};

template <class Launch>
void CudaRun::pieces(const Launch& launch) {
  const auto& all = run_.slices.pieces;
  for (size_t p = 0; p < all.size(); p++) {
    const std::string place = place_of(all[p]);
    cudaEvent_t ended = lane_.event(p % kAhead);
    // not recorded yet: there is nothing to wait for
    if (p >= kAhead && !ok(place, cudaEventSynchronize(ended))) return;
    if (all[p].may_stop && cancelled()) break;
    if (!ok(place, launch(p)) || !ok(place, cudaEventRecord(ended, stream_))) return;
    counts_.pieces++;
    done(all[p]);
  }
  (void)ok("plan", cudaStreamSynchronize(stream_));
}

cudaError_t CudaRun::launch_timed(const Piece& piece) {
  for (size_t i = piece.begin; i < piece.end; i++) {
    const OpSlice& slice = run_.slices.slices[i];
    if (cudaError_t bad = lane_.launch(run_, {i, i + 1, true})) return bad;
    if (!slice.ends) continue;
    if (cudaError_t bad = cudaEventRecord(lane_.event(kAhead + 1 + slice.op), stream_)) return bad;
  }
  return cudaSuccess;
}

void CudaRun::timed() {
  if (!ok("events", lane_.reserve_events(kAhead + 1 + request_.plan->ops.size()))) return;
  if (!ok("events", cudaEventRecord(lane_.event(kAhead), stream_))) return;
  pieces([&](size_t p) { return launch_timed(run_.slices.pieces[p]); });
  if (failed()) return;
  double before = 0;
  for (size_t i = request_.first_op; i < static_cast<size_t>(result_.ops_done); i++) {
    float ms = 0;
    if (!ok("events", cudaEventElapsedTime(&ms, lane_.event(kAhead), lane_.event(kAhead + 1 + i)))) {
      return;
    }
    result_.op_times.push_back(before);
    result_.op_times.push_back(ms);
    before = ms;
  }
}

void CudaRun::graphs() {
  const CapturedPlan* captured = nullptr;
  if (!ok("events", lane_.reserve_events(kAhead))) return;
  if (!ok("capture", lane_.capture(run_, captured))) return;
  pieces([&](size_t p) { return cudaGraphLaunch(captured->graphs[p], stream_); });
}

void CudaRun::paint() {
  if (request_.first_op > 0) return;  // what has run left its results there
  const Binding& binding = *request_.binding;
  (void)ok("paint", cudaMemsetAsync(binding.arena, 0xff, static_cast<size_t>(binding.arena_bytes),
                                    stream_));
}

void CudaRun::check_paint() {
  if (failed()) return;
  const Binding& binding = *request_.binding;
  const auto bytes = static_cast<size_t>(binding.arena_bytes);
  std::vector<uint8_t> arena(bytes);
  if (bytes > 0 &&
      (!ok("paint", cudaMemcpyAsync(arena.data(), binding.arena, bytes, cudaMemcpyDeviceToHost,
                                    stream_)) ||
       !ok("paint", cudaStreamSynchronize(stream_)))) {
    return;
  }
  std::vector<bool> owned(bytes, false);
  for (const PlanOp& op : request_.plan->ops) {
    const Extents extents = extents_of(op);
    for (int i = 0; i < extents.count; i++) {
      const PlanOperand& operand = op.operands[extents.list[i].operand];
      if (operand.slot != words::kSlotArena || !extents.list[i].written) continue;
      for (int64_t row = 0; row < extents.list[i].rows; row++) {
        const int64_t from = operand.offset + row * operand.ld * extents.list[i].element_bytes;
        std::fill_n(owned.begin() + from, extents.list[i].cols * extents.list[i].element_bytes, true);
      }
    }
  }
  for (size_t at = 0; at < bytes; at++) {
    if (owned[at] || arena[at] == 0xff) continue;
    result_.failure = Failure::op;
    result_.why = refuse("arena", "byte %zu belongs to no operator and was written", at);
    return;
  }
}

void CudaRun::copy_output() {
  const NativePlan& plan = *request_.plan;
  const int64_t bytes = output_bytes(plan);
  if (failed() || result_.cancelled || bytes == 0) return;
  touched_.count_output(plan);
  if (!ok("output", cudaMemcpyAsync(request_.output, request_.binding->arena + plan.output_offset,
                                    static_cast<size_t>(bytes), cudaMemcpyDeviceToHost, stream_))) {
    return;
  }
  (void)ok("output", cudaStreamSynchronize(stream_));
}

void CudaRun::finish() {
  // whatever went wrong, nothing of this plan may still run when its memory is given away
  if (failed()) (void)cudaStreamSynchronize(stream_);
  const int64_t arena_end = (touched_.arena_end() + kAlign - 1) / kAlign * kAlign;
  result_.measured_peak_bytes = arena_end + touched_.resident_bytes();
}

class CudaEngine final : public Engine {
 public:
  explicit CudaEngine(const CudaSettings& settings) : settings_(settings) {}

  ~CudaEngine() override {
    (void)cudaSetDevice(settings_.gpu);
    lanes_.clear();
    contexts_.clear();
    if (pool_ != nullptr) (void)cudaFree(pool_);
  }

  Verdict open() {
    const GpuList list = list_gpus();
    const int count = static_cast<int>(list.gpus.size());
    if (count == 0) return refuse("cuda", "%s", list.reason.c_str());
    if (settings_.gpu < 0 || settings_.gpu >= count) {
      return refuse("cuda", "there is no GPU %d; this machine has %d", settings_.gpu, count);
    }
    const GpuInfo& gpu = list.gpus[static_cast<size_t>(settings_.gpu)];
    capability_ = gpu.compute_capability;
    tensor_cores_ = capability_[0] >= '8' || capability_.find('.') > 1;
    if (cudaError_t bad = cudaSetDevice(settings_.gpu)) return cuda_refusal("cuda", bad);
    size_t free_before = 0, free_after = 0, total = 0;
    (void)cudaMemGetInfo(&free_before, &total);
    budget_bytes_ = settings_.budget_bytes / kAlign * kAlign;
    const auto bytes = static_cast<size_t>(std::max(budget_bytes_, kAlign));
    if (cudaError_t bad = cudaMalloc(reinterpret_cast<void**>(&pool_), bytes)) {
      return refuse("pool", "%zu bytes on GPU %d, %zu are free: %s", bytes, settings_.gpu,
                    free_before, cudaGetErrorString(bad));
    }
    if (cudaError_t bad = measure_copy(pool_, static_cast<int64_t>(bytes), facts_.copy_bytes_per_second)) {
      return cuda_refusal("pool", bad);
    }
    facts_.index = settings_.gpu;
    facts_.slice_bytes = settings_.slice_bytes > 0
                             ? static_cast<double>(settings_.slice_bytes)
                             : facts_.copy_bytes_per_second * (kStopMs / 1e3) / kAhead;
    if (settings_.sm_share > 0) facts_.not_shared = partition_.open(settings_.gpu, settings_.sm_share);
    if (Verdict bad = open_lanes()) return bad;
    if (cudaError_t bad = staging_.open()) return cuda_refusal("staging", bad);
    (void)cudaMemGetInfo(&free_after, &total);
    overhead_bytes_ = static_cast<int64_t>(free_before) - static_cast<int64_t>(free_after) -
                      static_cast<int64_t>(bytes);
    return std::nullopt;
  }

  uint8_t* base() override { return pool_; }
  int64_t budget_bytes() const override { return budget_bytes_; }
  int64_t align() const override { return kAlign; }
  std::string isa() const override { return "cuda " + capability_; }
  bool pool_is_host() const override { return false; }
  bool tells_progress() const override { return false; }  // the host does not see operators end
  // Of the device, as far as its own account tells: streams, staging, what the driver rounds up.
  int64_t overhead_bytes() const override { return std::max<int64_t>(overhead_bytes_, 0); }

  const GpuFacts* gpu() const override { return &facts_; }
  const GpuCounts* gpu_counts() const override { return &counts_; }

  Outcome copy_in(uint8_t* to, const uint8_t* from, size_t bytes) override {
    cudaError_t bad = cudaSetDevice(settings_.gpu);
    if (bad == cudaSuccess) bad = staging_.copy(to, from, bytes);
    if (bad == cudaSuccess) return {};
    return {failure_of(bad), cuda_refusal("upload", bad)};
  }

  void run(const RunRequest& request, RunResult& result) override {
    const double start = steady_ms();
    if (cudaError_t bad = cudaSetDevice(settings_.gpu)) {
      result.failure = failure_of(bad);
      result.why = cuda_refusal("device", bad);
      return;
    }
    Verdict refused = check_all_indices(*request.plan, *request.binding, checks());
    if (!refused) refused = check_kernel_memory(*request.plan, *request.binding);
    if (refused) {
      result.failure = Failure::refused;
      result.why = *refused;
      return;
    }
    CudaLane& lane = *lanes_[2 * static_cast<size_t>(request.lane) + (request.priority > 0 ? 1 : 0)];
    CudaRun run(request, lane, tensor_cores_, facts_.slice_bytes, counts_, result);
    if (settings_.paint) run.paint();
    if (settings_.op_timings || reaches_host(*request.binding)) {
      run.timed();
    } else {
      run.graphs();
    }
    if (settings_.paint) run.check_paint();
    run.copy_output();
    run.finish();
    result.run_ms = steady_ms() - start;
  }

 private:
  // Two for each lane of the device: ordinary plans, urgent ones.
  Verdict open_lanes() {
    const bool shared = settings_.sm_share > 0 && facts_.not_shared.empty();
    for (int i = 0; i < 2 * settings_.lanes; i++) {
      const bool urgent = i % 2 == 1;
      const GreenContext* context = nullptr;
      if (shared) {
        std::unique_ptr<GreenContext> made;
        std::string why = partition_.make_context(urgent, made);
        if (!why.empty()) return refuse("lanes", "%s", why.c_str());
        contexts_.push_back(std::move(made));
        context = contexts_.back().get();
      }
      lanes_.push_back(std::make_unique<CudaLane>(counts_));
      if (Verdict bad = lanes_.back()->open(urgent, context)) return bad;
    }
    if (!shared) return std::nullopt;
    facts_.urgent_sms = partition_.urgent_sms();
    facts_.ordinary_sms = partition_.ordinary_sms();
    return std::nullopt;
  }

  CudaSettings settings_;
  GpuFacts facts_{};
  GpuCounts counts_;
  SmPartition partition_;
  std::vector<std::unique_ptr<GreenContext>> contexts_;  // outlive the lanes' streams
  std::string capability_;
  bool tensor_cores_ = false;
  uint8_t* pool_ = nullptr;
  int64_t budget_bytes_ = 0;
  int64_t overhead_bytes_ = 0;
  std::vector<std::unique_ptr<CudaLane>> lanes_;
  Staging staging_;
};

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

GpuList list_gpus() {
  GpuList list;
  int count = 0;
  const cudaError_t counted = cudaGetDeviceCount(&count);
  if (counted != cudaSuccess || count == 0) {
    (void)cudaGetLastError();
    list.reason = counted == cudaSuccess
                      ? "no GPU in this machine"
                      : std::string(cudaGetErrorName(counted)) + ": " + cudaGetErrorString(counted);
    return list;
  }
  int driver = 0;
  (void)cudaDriverGetVersion(&driver);
  for (int index = 0; index < count; index++) {
    cudaDeviceProp properties{};
    if (cudaError_t bad = cudaGetDeviceProperties(&properties, index)) {
      (void)cudaGetLastError();
      list.reason = "GPU " + std::to_string(index) + ": " + cudaGetErrorString(bad);
      list.gpus.clear();
      return list;
    }
    list.gpus.push_back({properties.name,
                         std::to_string(properties.major) + "." + std::to_string(properties.minor),
                         static_cast<int64_t>(properties.totalGlobalMem), version_text(driver),
                         green_contexts_missing(index)});
  }
  return list;
}

int64_t gpu_free_bytes(int gpu) {
  size_t free = 0, total = 0;
  if (cudaSetDevice(gpu) == cudaSuccess && cudaMemGetInfo(&free, &total) == cudaSuccess) {
    return static_cast<int64_t>(free);
  }
  (void)cudaGetLastError();
  return -1;
}

Verdict open_cuda(const CudaSettings& settings, std::unique_ptr<Engine>& engine) {
  auto cuda = std::make_unique<CudaEngine>(settings);
  Verdict bad = cuda->open();
  if (!bad) engine = std::move(cuda);
  return bad;
}

}  // namespace gnnsched
