// The device: see device.h.
#include "device.h"

#include <cinttypes>

#include "machine.h"

namespace gnnsched {

namespace {

// Plans that may wait on one lane; the caller's executors keep it at one.
constexpr size_t kMaxLaneLoad = 1024;
constexpr size_t kMaxCopies = 65536;

bool shared(const Napi::TypedArray& array) {
  // memory that JavaScript could detach under a running thread is refused
  bool plain = false;
  napi_is_arraybuffer(array.Env(), array.ArrayBuffer(), &plain);
  return !plain;
}

Napi::Value values_of(Napi::Env env, const DeviceJob& job) {
  const auto* run = dynamic_cast<const RunJob*>(&job);
  if (run == nullptr) return env.Null();
  const RunResult& result = run->result;
  Napi::Float64Array values = Napi::Float64Array::New(env, 4 + result.op_times.size());
  values[0] = static_cast<double>(result.ops_done);
  values[1] = result.cancelled ? 1 : 0;
  values[2] = result.run_ms;
  values[3] = static_cast<double>(result.measured_peak_bytes);
  for (size_t i = 0; i < result.op_times.size(); i++) values[4 + i] = result.op_times[i];
  return values;
}

}  // namespace

void RunJob::run() {
  device->engine().run({lane, priority, first_op, &plan, &binding, &cancel, output, progress}, result);
  progress->idle();
  outcome = result;
  device->finished(this);
}

void CopyJob::run() {
  outcome = device->engine().copy_in(to, from, bytes);
  device->finished(this);
}

Verdict Device::open(Napi::Function on_event) {
  pool_.open(engine_->base(), engine_->budget_bytes(), engine_->align());
  const Napi::String name = Napi::String::New(env_, "gnnsched");
  const napi_status made = napi_create_threadsafe_function(
      env_, on_event, nullptr, name, 0, 1, nullptr, nullptr, this, &Device::deliver, &events_);
  if (made != napi_ok) return refuse("events", "no thread-safe function: status %d", made);
  open_ = true;
  // It must run before Node tears the thread-safe function down: hooks run newest first.
  napi_add_env_cleanup_hook(env_, &Device::on_exit, this);
  napi_unref_threadsafe_function(env_, events_);  // an idle device keeps no process alive
  for (int i = 0; i < lane_count_; i++) {
    lanes_.push_back(std::make_unique<WorkThread>());
    if (!lanes_.back()->start()) return refuse("lanes", "no thread for lane %d", i);
  }
  if (!copier_.start()) return refuse("copier", "no thread for uploads");
  return std::nullopt;
}

void Device::on_exit(void* device) { static_cast<Device*>(device)->close(); }

void Device::close() {
  if (!open_) return;
  open_ = false;
  napi_remove_env_cleanup_hook(env_, &Device::on_exit, this);
  for (auto& [ticket, job] : jobs_) {
    if (auto* run = dynamic_cast<RunJob*>(job.get())) run->cancel = true;
  }
  for (auto& lane : lanes_) lane->stop();
  copier_.stop();
  napi_release_threadsafe_function(events_, napi_tsfn_abort);
  const Napi::HandleScope scope(env_);
  jobs_.clear();
  sources_.clear();
}

Verdict Device::revoke(int64_t id) {
  Verdict bad = pool_.revoke(id);
  if (bad) return bad;
  engine_->checks().forget(id);
  sources_.erase(id);
  return std::nullopt;
}

Verdict Device::upload(int64_t ticket, int64_t id, Napi::Uint8Array data) {
  Grant* grant = pool_.find(id);
  if (grant == nullptr) return refuse("upload", "no grant has the id %" PRId64, id);
  const auto bytes = static_cast<int64_t>(data.ByteLength());
  if (bytes > grant->bytes) {
    return refuse("upload", "%" PRId64 " bytes do not fit grant %" PRId64 " of %" PRId64, bytes, id,
                  grant->bytes);
  }
  if (grant->pins > 0 || grant->uploads > 0) {
    return refuse("upload", "grant %" PRId64 " is in use by %d plans and %d uploads", id, grant->pins,
                  grant->uploads);
  }
  if (!shared(data)) return refuse("upload", "the data is not in shared memory");
  if (jobs_.count(ticket) != 0) return refuse("upload", "ticket %" PRId64 " is in use", ticket);
  if (copier_.load() >= kMaxCopies) return refuse("upload", "%zu uploads wait", kMaxCopies);
  engine_->checks().forget(id);
  grant->uploads++;
  grant->uploaded = 0;
  if (engine_->pool_is_host()) {
    grant->host = pool_.at(*grant);
  } else {
    sources_[id] = Napi::ObjectReference::New(data, 1);
    grant->host = data.Data();
  }
  auto job = std::make_shared<CopyJob>();
  job->ticket = ticket;
  job->pinned = {id};
  job->held.push_back(Napi::ObjectReference::New(data, 1));
  job->from = data.Data();
  job->to = pool_.at(*grant);
  job->bytes = static_cast<size_t>(bytes);
  begin(job);
  copier_.push(std::move(job));
  return std::nullopt;
}

// A slot that is the host's: `index` among those.
Verdict Device::bind_host(const SubmitSettings& request, size_t index, int64_t id, RunJob& job) {
  const std::string place = "host[" + std::to_string(index) + "]";
  if (index >= request.host.size()) return refuse(place, "%zu arrays are too few", request.host.size());
  Napi::Uint8Array array = request.host[index];
  if (!shared(array)) return refuse(place, "the array is not in shared memory");
  uint8_t* data = array.Data();
  if (reinterpret_cast<uintptr_t>(data) % 4 != 0) {
    return refuse(place, "floats begin on multiples of 4 bytes");
  }
  job.binding.slots.push_back({id, data, data, 0});
  job.held.push_back(Napi::ObjectReference::New(array, 1));
  return std::nullopt;
}

Verdict Device::bind(const SubmitSettings& request, RunJob& job) {
  Grant* arena = pool_.find(request.arena);
  if (arena == nullptr) return refuse("arena", "no grant has the id %" PRId64, request.arena);
  if (arena->pins > 0 || arena->uploads > 0) {
    return refuse("arena", "grant %" PRId64 " is in use by %d plans and %d uploads", arena->id,
                  arena->pins, arena->uploads);
  }
  const auto ops = static_cast<int64_t>(job.plan.ops.size());
  if (request.first_op < 0 || request.first_op > ops || request.first_op > arena->ops_done) {
    return refuse("firstOp", "%" PRId64 " of %" PRId64 " operators, %" PRId64 " have run in this arena",
                  request.first_op, ops, arena->ops_done);
  }
  job.first_op = static_cast<size_t>(request.first_op);
  job.binding.arena = pool_.at(*arena);
  job.binding.arena_bytes = arena->bytes;
  if (request.residents.size() != static_cast<size_t>(job.plan.slots)) {
    return refuse("residents", "%zu grants for %d slots", request.residents.size(), job.plan.slots);
  }
  std::vector<SlotRoom> rooms;
  size_t hosts = 0;
  for (size_t i = 0; i < request.residents.size(); i++) {
    const std::string place = "residents[" + std::to_string(i) + "]";
    const int64_t id = request.residents[i];
    if (id == words::kHostRead || id == words::kHostWrite) {
      if (Verdict bad = bind_host(request, hosts, id, job)) return bad;
      rooms.push_back({static_cast<int64_t>(request.host[hosts++].ByteLength()),
                       id == words::kHostRead ? SlotUse::host_read : SlotUse::host_write});
      continue;
    }
    Grant* grant = pool_.find(id);
    if (grant == nullptr) return refuse(place, "no grant has the id %" PRId64, id);
    if (id == request.arena) return refuse(place, "grant %" PRId64 " is the arena", id);
    if (grant->uploads > 0) return refuse(place, "grant %" PRId64 " is being uploaded", id);
    job.binding.slots.push_back({id, pool_.at(*grant), grant->host, grant->bytes});
    rooms.push_back({grant->uploaded});
    job.pinned.push_back(id);
  }
  job.pinned.push_back(request.arena);
  return check_extents(job.plan, arena->bytes, rooms);
}

Verdict Device::submit(const SubmitSettings& request, Napi::Float64Array words,
                       Napi::Float32Array output) {
  if (request.lane < 0 || request.lane >= lane_count_) {
    return refuse("lane", "lane %" PRId64 " is not one of %d", request.lane, lane_count_);
  }
  if (jobs_.count(request.ticket) != 0) {
    return refuse("submit", "ticket %" PRId64 " is in use", request.ticket);
  }
  WorkThread& lane = *lanes_[static_cast<size_t>(request.lane)];
  if (lane.load() >= kMaxLaneLoad) return refuse("lane", "%zu plans wait", kMaxLaneLoad);
  auto job = std::make_shared<RunJob>();
  if (Verdict bad = decode_plan(words.Data(), words.ElementLength(), job->plan)) return bad;
  const int64_t floats = job->plan.output_rows * job->plan.output_cols;
  if (static_cast<int64_t>(output.ElementLength()) != floats) {
    return refuse("output", "%zu floats to receive %" PRId64 " x %" PRId64, output.ElementLength(),
                  job->plan.output_rows, job->plan.output_cols);
  }
  if (!shared(output)) return refuse("output", "the array is not in shared memory");
  if (Verdict bad = bind(request, *job)) return bad;
  for (const int64_t id : job->pinned) pool_.find(id)->pins++;
  job->ticket = request.ticket;
  job->lane = static_cast<int>(request.lane);
  job->priority = request.priority;
  job->held.push_back(Napi::ObjectReference::New(output, 1));
  job->output = output.Data();
  job->progress = &progress_[static_cast<size_t>(request.lane)];
  job->result.op_times.reserve(2 * job->plan.ops.size());
  begin(job);
  if (engine_->tells_progress()) job->progress->given(request.first_op);
  lane.push(std::move(job));
  return std::nullopt;
}

void Device::begin(std::shared_ptr<DeviceJob> job) {
  job->device = this;
  if (jobs_.empty()) napi_ref_threadsafe_function(env_, events_);
  jobs_.emplace(job->ticket, std::move(job));
}

void Device::cancel(int64_t ticket) {
  const auto found = jobs_.find(ticket);
  if (found == jobs_.end()) return;  // it has ended: its event is on the way or told
  if (auto* run = dynamic_cast<RunJob*>(found->second.get())) run->cancel = true;
}

void Device::finished(DeviceJob* job) {
  // The queue of events is unbounded, but holds no more than jobs_, which the limits above bound.
  napi_call_threadsafe_function(events_, job, napi_tsfn_nonblocking);
}

void Device::settle(DeviceJob& job) {
  const auto* copy = dynamic_cast<const CopyJob*>(&job);
  if (const auto* run = dynamic_cast<const RunJob*>(&job)) {
    // the arena was pinned last; nothing goes on from a run that failed
    const bool failed = run->outcome.failure != Failure::none;
    pool_.find(job.pinned.back())->ops_done = failed ? 0 : run->result.ops_done;
  }
  for (const int64_t id : job.pinned) {
    Grant* grant = pool_.find(id);
    if (copy != nullptr) {
      grant->uploads--;
      if (copy->outcome.failure == Failure::none) grant->uploaded = static_cast<int64_t>(copy->bytes);
    } else {
      grant->pins--;
    }
  }
}

void Device::deliver(napi_env raw, napi_value callback, void* context, void* data) {
  if (raw == nullptr) return;  // the environment is going; close() has freed the jobs
  auto* device = static_cast<Device*>(context);
  const auto ticket = static_cast<DeviceJob*>(data)->ticket;
  const auto found = device->jobs_.find(ticket);
  const std::shared_ptr<DeviceJob> job = std::move(found->second);
  device->jobs_.erase(found);
  job->held.clear();  // here, because the lane may still hold the job and be the last to let go
  device->settle(*job);
  if (device->jobs_.empty()) napi_unref_threadsafe_function(raw, device->events_);
  const Napi::Env env(raw);
  const Napi::HandleScope scope(env);
  napi_value arguments[5] = {Napi::Number::New(env, static_cast<double>(ticket)),
                             values_of(env, *job),
                             Napi::Number::New(env, static_cast<int>(job->outcome.failure)), env.Null(),
                             env.Null()};
  if (job->outcome.failure != Failure::none) {
    arguments[3] = Napi::String::New(env, job->outcome.why.place);
    arguments[4] = Napi::String::New(env, job->outcome.why.reason);
  }
  // an exception of the callback is the caller's bug: Node reports it as uncaught
  napi_call_function(raw, env.Undefined(), callback, 5, arguments, nullptr);
}

int64_t Device::overhead_bytes() const {
  const auto threads = static_cast<int64_t>(lanes_.size()) + 1;
  return engine_->overhead_bytes() + code_bytes() + threads * static_cast<int64_t>(kStackBytes + sizeof(WorkThread)) +
         static_cast<int64_t>(sizeof(Device));
}

}  // namespace gnnsched
