// One open device: its engine, the grants on its memory, its lanes, its copier, and the way back to JavaScript. Everything
// but Job::run happens on the JavaScript thread that opened it; a lane only reads its own job, the
// memory bound to it, and the index checks.
//
//   submit: check, pin grants ─► lane: run ─► ThreadSafeFunction ─► JavaScript thread: unpin, event
#pragma once
#include <napi.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "engine.h"
#include "pool.h"
#include "work_thread.h"

namespace gnnsched {

struct SubmitSettings {
  int64_t ticket;
  int64_t lane;
  int64_t priority;
  int64_t arena;
  std::vector<int64_t> residents;  // a grant for each slot; kHostRead or kHostWrite for the host's
  std::vector<Napi::Uint8Array> host;  // one for each of those, in order
  int64_t first_op;
};

class Device;

// A job and, after it ran, its outcome; the JavaScript thread owns what is in `held`.
class DeviceJob : public Job {
 public:
  Device* device = nullptr;
  int64_t ticket = 0;
  std::vector<int64_t> pinned;  // grants
  std::vector<Napi::ObjectReference> held;  // the typed arrays whose memory the job reads or writes
  Outcome outcome;
};

class RunJob final : public DeviceJob {
 public:
  void run() override;
  int lane = 0;
  size_t first_op = 0;
  NativePlan plan;
  Binding binding;
  std::atomic<bool> cancel{false};
  float* output = nullptr;
  LaneProgress* progress = nullptr;
  RunResult result;
};

class CopyJob final : public DeviceJob {
 public:
  void run() override;
  const uint8_t* from = nullptr;
  uint8_t* to = nullptr;
  size_t bytes = 0;
};

class Device {
 public:
  Device(Napi::Env env, std::unique_ptr<Engine> engine, int lanes)
      : env_(env), engine_(std::move(engine)), lane_count_(lanes),
        progress_(std::make_unique<LaneProgress[]>(static_cast<size_t>(lanes))) {}
  ~Device() { close(); }
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Starts the threads; `on_event(ticket, values, failure, place, reason)`.
  Verdict open(Napi::Function on_event);
  // Stops at the next operator boundary of each lane and joins; events not yet told are dropped.
  void close();

  Verdict grant(int64_t id, int64_t offset, int64_t bytes) { return pool_.grant(id, offset, bytes); }
  Verdict revoke(int64_t id);
  Verdict upload(int64_t ticket, int64_t id, Napi::Uint8Array data);
  Verdict submit(const SubmitSettings& request, Napi::Float64Array words, Napi::Float32Array output);
  void cancel(int64_t ticket);

  const Pool& pool() const { return pool_; }
  Engine& engine() { return *engine_; }
  int lanes() const { return lane_count_; }
  // Null where there is no such lane.
  const LaneProgress* progress(int64_t lane) const {
    return lane < 0 || lane >= lane_count_ ? nullptr : &progress_[static_cast<size_t>(lane)];
  }
  // Beside the pool: the addon's mapped code and data, the stacks of its threads, its structures.
  int64_t overhead_bytes() const;

  // Called by a job's thread when it is done.
  void finished(DeviceJob* job);

 private:
  static void on_exit(void* device);
  static void deliver(napi_env env, napi_value callback, void* context, void* data);
  void settle(DeviceJob& job);
  Verdict bind(const SubmitSettings& request, RunJob& job);
  Verdict bind_host(const SubmitSettings& request, size_t index, int64_t id, RunJob& job);
  void begin(std::shared_ptr<DeviceJob> job);

  Napi::Env env_;
  std::unique_ptr<Engine> engine_;
  int lane_count_;
  std::unique_ptr<LaneProgress[]> progress_;
  Pool pool_;
  // By grant: the array it was filled from, where the host cannot read the pool.
  std::unordered_map<int64_t, Napi::ObjectReference> sources_;
  std::vector<std::unique_ptr<WorkThread>> lanes_;
  WorkThread copier_;
  std::unordered_map<int64_t, std::shared_ptr<DeviceJob>> jobs_;  // by ticket, until told
  napi_threadsafe_function events_ = nullptr;
  bool open_ = false;
};

}  // namespace gnnsched
