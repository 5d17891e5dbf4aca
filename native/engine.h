// What a device is made of beneath its grants: memory, a way to fill it, and something that runs
// plans. The CPU and each GPU are engines; Device does for both what has to do with JavaScript.
#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "index_checks.h"
#include "plan.h"

namespace gnnsched {

// Memory a plan runs in: the arena and one range per resident slot.
struct Binding {
  uint8_t* arena;
  int64_t arena_bytes;
  struct Slot {
    int64_t grant;        // or kHostRead, kHostWrite
    uint8_t* data;        // where kernels read it; where copies reach it when it is the host's
    const uint8_t* host;  // where index checks read it
    int64_t bytes;        // of the grant: a multiple of the alignment; of host memory 0
    bool on_host() const { return grant < 0; }
  };
  std::vector<Slot> slots;
};

// Why a run did not complete: refused before it began, an operator that failed, a device that is gone.
enum class Failure { none, refused, op, device };

struct Outcome {
  Failure failure = Failure::none;
  Refusal why;
};

struct RunResult : Outcome {
  int64_t ops_done = 0;  // those before the request's first included
  bool cancelled = false;
  double run_ms = 0;
  int64_t measured_peak_bytes = 0;
  std::vector<double> op_times;  // start, end per finished op; room reserved before the run
};

inline double steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

// How far a lane has come with its plan; told by whoever gives it one and then by its thread, read by any.
class LaneProgress {
 public:
  struct View {
    int64_t ops_done;
    double since_ms;
  };

  // Of its plan so many operators are done, the last of them just now.
  void tell(int64_t ops_done) {
    at_ms_.store(steady_ms(), std::memory_order_relaxed);
    ops_done_.store(ops_done, std::memory_order_release);
  }
  void idle() { ops_done_.store(-1, std::memory_order_release); }
  // A plan is given to the lane: where it runs none, this is what it has come to until its thread tells.
  void given(int64_t first_op) {
    if (ops_done_.load(std::memory_order_acquire) >= 0) return;
    tell(first_op);
  }

  // ops_done is negative where nothing was told. Of a moment between two operators the time may be
  // that of the next.
  View view() const {
    const int64_t ops_done = ops_done_.load(std::memory_order_acquire);
    return {ops_done, std::max(0.0, steady_ms() - at_ms_.load(std::memory_order_relaxed))};
  }

 private:
  std::atomic<int64_t> ops_done_{-1};
  std::atomic<double> at_ms_{0};
};

struct RunRequest {
  int lane;
  int64_t priority;
  // Those before it have run in this arena, which holds what they wrote.
  size_t first_op;
  const NativePlan* plan;
  const Binding* binding;
  const std::atomic<bool>* cancel;
  float* output;
  // To be told by an engine that tells it.
  LaneProgress* progress;
};

// What an engine that is a GPU says of itself; fixed once it is open.
struct GpuFacts {
  int index;
  double copy_bytes_per_second;
  double slice_bytes;  // of work between two moments at which a plan can stop
  // Multiprocessors of urgent and of ordinary plans; 0 where they are not shared out, and why not.
  unsigned urgent_sms = 0, ordinary_sms = 0;
  std::string not_shared;
};

// What a GPU has done; counted by its lanes.
struct GpuCounts {
  std::atomic<int64_t> pieces{0};  // launched, each of slices that end soon
  std::atomic<int64_t> graphs_made{0}, graphs_updated{0};
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual uint8_t* base() = 0;
  virtual int64_t budget_bytes() const = 0;
  virtual int64_t align() const = 0;
  // Instruction set or compute capability.
  virtual std::string isa() const = 0;
  // Whether the host reads the pool as it is; else it reads the arrays that were uploaded.
  virtual bool pool_is_host() const = 0;
  // Whether it sees operators end, and tells.
  virtual bool tells_progress() const = 0;
  // Beside the pool, in bytes.
  virtual int64_t overhead_bytes() const = 0;
  // Null where it is none.
  virtual const GpuFacts* gpu() const { return nullptr; }
  virtual const GpuCounts* gpu_counts() const { return nullptr; }
  // On the copier's thread.
  virtual Outcome copy_in(uint8_t* to, const uint8_t* from, size_t bytes) = 0;
  // On the lane's thread.
  virtual void run(const RunRequest& request, RunResult& result) = 0;

  IndexChecks& checks() { return checks_; }

 private:
  IndexChecks checks_;
};

}  // namespace gnnsched
