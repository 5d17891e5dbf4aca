// A GPU as an engine: see cuda_engine.h.
#include "cuda/cuda_engine.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstring>

#include "bound_op.h"
#include "cuda/cuda_error.h"
#include "cuda/cuda_lane.h"
#include "cuda/cuda_ops.h"
#include "cuda/staging.h"

namespace gnnsched {

namespace {

constexpr int64_t kAlign = 256;  // what a memory transaction of a warp and cp.async like best

// Operators, or pieces of a plan, that are enqueued ahead of the one that runs: enough that the device
// never waits for the host, few enough that a cancelled plan stops soon.
constexpr size_t kAhead = 2;

double now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

// One plan on one lane.
class CudaRun {
 public:
  CudaRun(const RunRequest& request, CudaLane& lane, bool tensor_cores, RunResult& result)
      : request_(request),
        lane_(lane),
        stream_(lane.stream(request.priority)),
        tensor_cores_(tensor_cores),
        result_(result),
        touched_(*request.binding) {
    for (size_t i = 0; i < first(); i++) done(i);
  }

  void operators();
  void graphs();
  cudaError_t launch_piece(const CapturedPlan::Piece& piece, size_t from);
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
  std::string place_of(size_t op) const { return "ops[" + std::to_string(op) + "]"; }
  size_t first() const { return request_.first_op; }
  void done(size_t op) {
    touched_.count(request_.plan->ops[op]);
    result_.ops_done++;
  }

  const RunRequest& request_;
  CudaLane& lane_;
  cudaStream_t stream_;
  bool tensor_cores_;
  RunResult& result_;
  Touched touched_;
};

void CudaRun::operators() {
  const NativePlan& plan = *request_.plan;
  if (!ok("events", lane_.reserve_events(plan.ops.size() - first() + 1))) return;
  if (!ok("events", cudaEventRecord(lane_.event(0), stream_))) return;
  for (size_t i = first(); i < plan.ops.size(); i++) {
    if (cancelled()) break;
    const size_t nth = i - first() + 1;
    if (!ok(place_of(i), launch_op(plan.ops[i], *request_.binding, tensor_cores_, stream_))) return;
    if (!ok(place_of(i), cudaEventRecord(lane_.event(nth), stream_))) return;
    if (nth > kAhead && !ok(place_of(i - kAhead), cudaEventSynchronize(lane_.event(nth - kAhead)))) {
      return;
    }
    done(i);
  }
  if (!ok("plan", cudaStreamSynchronize(stream_))) return;
  double before = 0;
  for (size_t i = 0; i < static_cast<size_t>(result_.ops_done) - first(); i++) {
    float ms = 0;
    if (!ok("events", cudaEventElapsedTime(&ms, lane_.event(0), lane_.event(i + 1)))) return;
    result_.op_times.push_back(before);
    result_.op_times.push_back(ms);
    before = ms;
  }
}

void CudaRun::graphs() {
  const CapturedPlan* captured = nullptr;
  if (!ok("capture", lane_.capture(*request_.plan, *request_.binding, tensor_cores_, captured))) {
    return;
  }
  const auto& pieces = captured->pieces;
  if (!ok("events", lane_.reserve_events(pieces.size() + 1))) return;
  size_t launched = 0;
  for (size_t p = 0; p < pieces.size(); p++) {
    const size_t from = std::max(pieces[p].first_op, first());
    if (from >= pieces[p].end_op) continue;
    if (cancelled()) break;
    const std::string place = place_of(from);
    if (!ok(place, launch_piece(pieces[p], from))) return;
    if (!ok(place, cudaEventRecord(lane_.event(p), stream_))) return;
    if (++launched > kAhead && !ok(place, cudaEventSynchronize(lane_.event(p - kAhead)))) return;
    for (size_t i = from; i < pieces[p].end_op; i++) done(i);
  }
  (void)ok("plan", cudaStreamSynchronize(stream_));
}

// As a graph; operator by operator where the plan goes on in the middle of the piece.
cudaError_t CudaRun::launch_piece(const CapturedPlan::Piece& piece, size_t from) {
  if (from == piece.first_op) return cudaGraphLaunch(piece.graph, stream_);
  for (size_t i = from; i < piece.end_op; i++) {
    const PlanOp& op = request_.plan->ops[i];
    if (cudaError_t bad = launch_op(op, *request_.binding, tensor_cores_, stream_)) return bad;
  }
  return cudaSuccess;
}

void CudaRun::paint() {
  if (first() > 0) return;
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
        const int64_t from = operand.offset + row * operand.ld * 4;
        std::fill_n(owned.begin() + from, extents.list[i].cols * 4, true);
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
    for (int lane = 0; lane < settings_.lanes; lane++) {
      lanes_.push_back(std::make_unique<CudaLane>());
      if (cudaError_t bad = lanes_.back()->open()) return cuda_refusal("lanes", bad);
    }
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
  // Of the device, as far as its own account tells: streams, staging, what the driver rounds up.
  int64_t overhead_bytes() const override { return std::max<int64_t>(overhead_bytes_, 0); }

  Outcome copy_in(uint8_t* to, const uint8_t* from, size_t bytes) override {
    cudaError_t bad = cudaSetDevice(settings_.gpu);
    if (bad == cudaSuccess) bad = staging_.copy(to, from, bytes);
    if (bad == cudaSuccess) return {};
    return {failure_of(bad), cuda_refusal("upload", bad)};
  }

  void run(const RunRequest& request, RunResult& result) override {
    const double start = now_ms();
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
    CudaRun run(request, *lanes_[static_cast<size_t>(request.lane)], tensor_cores_, result);
    if (settings_.paint) run.paint();
    if (settings_.op_timings) {
      run.operators();
    } else {
      run.graphs();
    }
    if (settings_.paint) run.check_paint();
    run.copy_output();
    run.finish();
    result.run_ms = now_ms() - start;
  }

 private:
  CudaSettings settings_;
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
                         static_cast<int64_t>(properties.totalGlobalMem), version_text(driver)});
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
